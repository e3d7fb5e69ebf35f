"""Where a number comes from: the display that has its letter alone on the left, and its theorem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from eqsolve.notated.published import Published
from eqsolve.site.sections import anchors

#: The pages of a report that hold the displays and the theorems.
DISPLAYS, THEOREMS = "index.html", "theorems.html"


@dataclass(frozen=True)
class Origin:
    """The display of a letter, and the address of its theorems; empty if there are none."""

    number: str
    equation: str
    theorem: str


def origins(model: Published, *, theorems: bool) -> dict[str, Origin]:
    """By letter the first display that has it alone on the left; a formal one comes before others.

    Later ones may be of a special case. What is in the limit of many players counts as its value.

    Parameters
    ----------
    theorems : whether there is a page of theorems.
    """
    found: dict[str, tuple[bool, Origin]] = {}
    for display in model.shown:
        formal = display.proof == "formal"
        place = f"{DISPLAYS}#{anchors(model.name, display)[0]}"
        theorem = f"{THEOREMS}#{model.name}-{display.number}" if formal and theorems else ""
        origin = Origin(display.tag, place, theorem)
        for line in display.lines:
            if line.relation in ("=", r"\to") and isinstance(line.left, sp.Symbol):
                before, _ = found.get(line.left.name, (None, origin))
                if before is None or (formal and not before):
                    found[line.left.name] = formal, origin
    return {letter: origin for letter, (_, origin) in found.items()}


def of_strategy(model: Published, *, theorems: bool) -> dict[str, Origin]:
    """The same for the coefficients of the strategy, by the monomial of the states."""
    parts = model.parts
    played = parts.affine if model.alike is None else parts.strategy
    names = (*(state.name for state in parts.states), "1")
    known = origins(model, theorems=theorems)
    return {name: known[s.name] for name, s in zip(names, played) if s.name in known}


def of_columns(model: Published) -> Mapping[str, Origin]:
    """The same for what the page with sliders shows, by its columns."""
    assert model.restated is not None
    known = origins(model, theorems=True)
    if model.types is not None:
        # averages over all, and what each player plays
        averages = {column: own for own, column in model.restated.averages.items()}
        position = model.types.position.name
        positions = {f"{position}_{k}": f"{position}_{k}" for k in model.types.indices}
        return {c: known[own] for c, own in (averages | positions).items() if own in known}
    assert model.restated.own is not None
    (control,) = (c.name for c in model.restated.own().game.controls)
    played = of_strategy(model, theorems=True).items()
    response = model.restated.response.items()
    return {f"{control}_{monomial}": origin for monomial, origin in played} | {
        column: known[letter] for letter, column in response if letter in known
    }
