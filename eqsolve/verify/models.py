"""The checks of every structure of a declared game at its named sets of parameters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, cast, get_args

from eqsolve.derivation.derivation import derive
from eqsolve.errors import EqsolveError, InputError
from eqsolve.game import Model
from eqsolve.game.game import Notion
from eqsolve.game.structure import build, structure
from eqsolve.places import Found
from eqsolve.solve.solve import solve
from eqsolve.verify.check import Check
from eqsolve.verify.model import verify
from eqsolve.verify.proof import prove

#: The number of players of a crowd that is checked beside the continuum.
FEW = 3


@dataclass(frozen=True)
class Variant:
    """A model of one structure, with the words that tell it from the others."""

    model: Model
    words: str

    def values(self, case: str) -> dict[str, object]:
        """A named set of parameters, with the number of players."""
        found: dict[str, object] = dict(self.model.cases[case])
        crowd = self.model.game.crowd
        if crowd is None or crowd.size is None or crowd.own:  # types of their own are counted
            return found
        if crowd.size.free_symbols:
            found.setdefault(str(crowd.size), FEW)
        return found


def variants(found: Found) -> Iterator[Variant]:
    """The models that a game's file can build: every notion, a continuum and a few players.

    Raises
    ------
    EqsolveError
        If the model that the file builds unasked is refused; it need not offer the others.
    """
    exported: Any = found.exported
    arguments = structure(exported)
    notions: tuple[str | None, ...] = get_args(Notion) if "notion" in arguments else (None,)
    sizes: tuple[int | None, ...] = (None, FEW) if "size" in arguments else (None,)
    unasked = cast(Model, found.model).game.notion
    seen: list[Model] = []
    for notion in notions:
        for size in sizes:
            if notion == "planner" and size is not None:
                # of few it is written out copy by copy, which takes minutes: the tests do it
                continue
            for case in _cases(found):
                try:
                    model = build(exported, case, notion=notion, size=size)
                    # its form of the solution may close for other structures only
                    derive(model)
                except EqsolveError:
                    if size is None and notion in (None, unasked):
                        raise
                    continue
                if model not in seen and notion in (None, model.game.notion):
                    seen.append(model)
                    words = [model.game.notion, *(["n"] if size is not None else [])]
                    yield Variant(model, ", ".join(words))


def _cases(found: Found) -> list[dict[str, Any]]:
    model = found.model
    assert isinstance(model, Model)
    return [dict(case) for case in model.cases.values()] or [{}]


def model_checks(variant: Variant, paths: int) -> list[Check]:
    """Prove a model, and check its numbers at its named sets."""
    model = variant.model
    found: list[Check] = []
    for name, results in model.reference.items():
        rows = reference_checks(model, name, results)
        found += [_named(row, f"{variant.words}, {name}") for row in rows]
    if model.game.crowd is not None and model.game.crowd.own:
        return found + prove(derive(model))
    for name in model.cases:
        values = variant.values(name)
        known = {letter.name for letter in model.vocabulary.parameters}
        rows = verify(model, {k: v for k, v in values.items() if k in known}, paths=paths)
        found += [_named(row, f"{variant.words}, {name}") for row in rows]
    return found or prove(derive(model))


def reference_checks(model: Model, case: str, results: Mapping[str, str]) -> list[Check]:
    """Compare results with those that a model's file knows, to the digits that it gives."""
    size = model.game.crowd.size if model.game.crowd is not None else None
    if size is not None and not {s.name for s in size.free_symbols} <= model.cases[case].keys():
        return []  # the set says nothing of the number of players
    answer = solve(model, model.cases[case])
    found: dict[str, Any] = {**answer.coefficients, **answer.at, **answer.outputs}
    rows = []
    for name, printed in results.items():
        value = found.get(name, math.nan)
        known, allowed = _printed(model, name, printed)
        rows.append(
            Check(
                name=f"{name} is as the file says",
                game=model.name,
                kind="reference",
                value=value,
                reference=known,
                error=abs(value - known),
                allowed=allowed,
                note="" if name in found else f"The results are {', '.join(found)}.",
            )
        )
    return rows


def _printed(model: Model, name: str, text: object) -> tuple[float, float]:
    """A decimal and one unit of its last digit; a whole number is meant exactly."""
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite():
        raise InputError(
            f"the reference of {name} is {text!r}, no decimal.",
            game=model.name,
            stage="reference",
            remedy="Write the digits that are known, as in 0.1234 or 1.234e-5.",
        )
    last = 10.0 ** int(value.as_tuple().exponent)
    exact = 1e-12 * max(1.0, abs(float(value)))
    return float(value), 1.01 * last if "." in str(text) else exact


def _named(check: Check, words: str) -> Check:
    return Check(**{**vars(check), "name": f"{words}: {check.name}"})
