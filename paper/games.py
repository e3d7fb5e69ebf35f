"""What the paper adds to each of its games, as fields of the game's model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from eqsolve.ledger import Display
from eqsolve.notated.derivation import Derivation
from eqsolve.paper.cases import ABOUT, further, refereed
from eqsolve.paper.published import published
from eqsolve.paper.sets import GIVEN, MEAN_FIELD, N_AGENT, SETS, SIZED

if TYPE_CHECKING:
    from eqsolve.prove.statement import Chapter


def _displays(game: str) -> Callable[[Derivation], tuple[Display, ...]]:
    """The displays of a game; their modules are imported when the displays are asked for."""

    def made(derivation: Derivation) -> tuple[Display, ...]:
        from eqsolve.paper import displays
        from eqsolve.prove.level import raised

        found: tuple[Display, ...] = getattr(displays, game)(derivation)
        return raised(found, record()["displays"].get(game.replace("_", "-"), {}))

    return made


@cache
def record() -> dict[str, Any]:
    """The equations that Coq accepted, written by ``eqsolve prove --check --record``."""
    text = files("eqsolve.paper").joinpath("formal.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _theorems(game: str) -> Callable[[Derivation], Iterable[Chapter]]:
    """The theorems of a game; their modules are imported when the theorems are asked for."""

    def made(derivation: Derivation) -> Iterable[Chapter]:
        from eqsolve.paper import proofs

        found: Iterable[Chapter] = getattr(proofs, game)(derivation)
        return found

    return made


_EVERY = {"further": further, "refereed": refereed, "about": ABOUT}

FIELDS: Mapping[str, Mapping[str, Any]] = {
    "best_response": {
        **_EVERY,
        "displays": _displays("best_response"),
        "theorems": _theorems("best_response"),
        "published": published(),
        "cases": {name: {**row, **GIVEN} for name, row in SIZED.items()},
    },
    "n_agent": {
        **_EVERY,
        "displays": _displays("n_agent"),
        "theorems": _theorems("n_agent"),
        "cases": SIZED,
        "reference": N_AGENT,
    },
    "two_agent": {**_EVERY, "displays": _displays("two_agent")},
    "mean_field": {
        **_EVERY,
        "displays": _displays("mean_field"),
        "theorems": _theorems("mean_field"),
        "cases": SETS,
        "reference": MEAN_FIELD,
    },
}
