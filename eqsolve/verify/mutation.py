"""Can the checks fail? Errors of every kind are planted and must be seen by the same functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp
from tqdm import tqdm

from eqsolve.derivation.closed_form import ClosedForm, Definition
from eqsolve.papers import papers
from eqsolve.verify.check import Check
from eqsolve.verify.report import failed

Run = Callable[[], Iterable[Check]]


@dataclass(frozen=True)
class Planted:
    """One planted error: ``clean`` are the same checks without it, which must pass."""

    kind: str
    game: str
    what: str
    run: Run
    clean: Run


@dataclass(frozen=True)
class Outcome:
    """What the checks said: ``seen_by`` is the first check that fails, empty if none does."""

    kind: str
    game: str
    what: str
    seen_by: str

    @property
    def caught(self) -> bool:
        """Whether a check failed because of the error."""
        return bool(self.seen_by)


@dataclass(frozen=True)
class SelfTest:
    """Outcome of all planted errors."""

    outcomes: tuple[Outcome, ...]

    @property
    def ok(self) -> bool:
        """Whether there were errors and all were caught."""
        return bool(self.outcomes) and all(outcome.caught for outcome in self.outcomes)

    def to_dict(self) -> dict[str, Any]:
        """Return numbers planted and caught, in total and by kind, and what was missed."""
        kinds = dict.fromkeys(outcome.kind for outcome in self.outcomes)
        return {
            "planted": len(self.outcomes),
            "caught": sum(outcome.caught for outcome in self.outcomes),
            "kinds": {
                kind: {
                    "planted": sum(o.kind == kind for o in self.outcomes),
                    "caught": sum(o.kind == kind and o.caught for o in self.outcomes),
                }
                for kind in kinds
            },
            "missed": [f"{o.kind}, {o.game}: {o.what}" for o in self.outcomes if not o.caught],
        }


def self_test(progress: bool | None = None) -> SelfTest:
    """Plant errors of every kind and run the checks on them.

    An error counts as caught if a check fails with it and all of the same checks pass without it.

    Raises
    ------
    MissingPartError
        If the compiled grid solver is not installed.
    """
    sound: dict[tuple[str, str], bool] = {}
    outcomes = []
    for error in tqdm(list(planted()), desc="plant", disable=not progress, leave=False):
        key = error.kind, error.game
        if key not in sound:
            sound[key] = not _first_failure(error.clean)
        seen = _first_failure(error.run) if sound[key] else ""
        outcomes.append(Outcome(error.kind, error.game, error.what, seen))
    return SelfTest(tuple(outcomes))


def _first_failure(run: Run) -> str:
    return next((check.name for check in run() if failed(check)), "")


def planted() -> Iterator[Planted]:
    """Yield every error to plant: those of each installed paper."""
    for paper in papers():
        yield from paper.planted()


def tampered(form: ClosedForm, name: sp.Symbol, change: Callable[[sp.Expr], sp.Expr]) -> ClosedForm:
    """Return a closed form with one definition changed."""

    def changed(definition: Definition) -> Definition:
        if definition.symbol != name:
            return definition
        return replace(definition, expression=change(definition.expression))

    return ClosedForm(tuple(map(changed, form.definitions)), form.nonzero)
