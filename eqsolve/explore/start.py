"""Where a page starts: a game in one structure, at numbers, with its named sets."""

from __future__ import annotations

from collections.abc import Container, Mapping
from fractions import Fraction
from typing import Any, cast

from eqsolve.derivation.derivation import derived
from eqsolve.errors import InputError
from eqsolve.explore.page import POINTS, Explored
from eqsolve.game import Model
from eqsolve.game.structure import build
from eqsolve.inputs import flattened
from eqsolve.numbers import exact as exactly
from eqsolve.places import Found
from eqsolve.program.make import program
from eqsolve.program.program import Program
from eqsolve.rows import Types, of_types, read_types
from eqsolve.solve.everybody import JOINT
from eqsolve.solve.solve import renamed
from eqsolve.solve.types import counted, numbers_of
from eqsolve.verify.models import FEW


def explored(
    found: Found,
    values: Mapping[str, object],
    *,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
    points: int = POINTS,
) -> Explored:
    """The page of a game in one structure.

    Parameters
    ----------
    found : the game.
    values : where it starts; the game's first named set, if there are none.
    notion, size, continuum : structure, where the game offers it.
    points : of a certified curve; none for 0.

    Raises
    ------
    InputError
        If a value is not acceptable or missing, or the game does not offer the structure.
    DerivationError
        If the game cannot be derived, or its solution has no code.
    """
    model: Any = found.model
    start = {**dict(next(iter(model.cases.values()), {})), **values}
    if isinstance(model, Model):
        own = build(cast(Any, found.exported), start, notion=notion, size=size, continuum=continuum)
        cases = own.cases
    else:
        restated = model.restated
        own = restated.own() if restated.own is not None else restated.source()
        cases = model.cases
    if own.game.crowd is not None and own.game.crowd.own:
        # as many players as are asked for, not as many as a set has
        count = str(own.game.crowd.size)
        start = start if count in values else _without(start, count)
        fixed = None if isinstance(model, Model) else model.types.count or None
        return _of_types(model, own, start, cases, size or fixed, points)
    crowd = own.game.crowd
    if crowd is not None and crowd.size is not None and crowd.size.is_Symbol:
        start.setdefault(crowd.size.name, size or FEW)
    letters = (letter.name for letter in own.vocabulary)
    known = list(dict.fromkeys((*letters, *(s.name for s in own.game.state_symbols))))
    strange = [name for name, _ in flattened(values, known=known) if name not in known]
    if strange:
        raise InputError(
            f"{strange[0]!r} is no parameter.",
            game=model.name,
            stage="explore",
            remedy=f"Give some of {', '.join(known)}.",
        )
    return Explored(
        model.title or model.name,
        model.source,
        derived(own),
        {name: exact(case, known) for name, case in cases.items()},
        exact(start, known),
        points,
    )


def _of_types(
    found: Any,
    own: Model,
    start: Mapping[str, object],
    cases: Mapping[str, Mapping[str, object]],
    size: int | None,
    points: int,
) -> Explored:
    """The page of players with types of their own, as many as the numbers speak of."""
    derivation = derived(own)
    made = renamed(program(derivation, own), found.name)
    types = _types(made, start, size)
    values = _wide(made, types)
    number = len(types.rows) if all(types.shares) else None
    others = {
        name: _types(made, _without(case, made.count), number) for name, case in cases.items()
    }
    sets = {name: _wide(made, each) for name, each in others.items()}
    # a set that gives for all what each has here, or the other way round, is another page
    sets = {name: each for name, each in sets.items() if each.keys() == values.keys()}
    if types.drawn:
        raise InputError(
            "a continuous law of types has no sliders.",
            game=found.name,
            stage="explore",
            remedy="Give a table of types.",
        )
    return Explored(
        found.title or found.name, found.source, derivation, sets, values, points, types
    )


def _types(made: Program, values: Mapping[str, object], size: int | None) -> Types:
    """The types that numbers speak of, checked.

    Raises
    ------
    InputError
        If they are not acceptable, or too many for a page.
    """
    if size is None and made.count and not of_types(made.inputs, values):
        size = None if made.count in values else FEW
    given = counted(made, values, size)
    if made.count in given:
        size = int(exactly(made.count, given[made.count]))
    types = read_types(made.inputs, given, size)
    if len(types.rows) > JOINT:
        raise InputError(
            f"{len(types.rows)} players with parameters of their own are too many for a page.",
            game=made.game,
            stage="explore",
            remedy=f"Give at most {JOINT}.",
        )
    numbers_of(made, types)
    return types


def _without(values: Mapping[str, object], name: str) -> dict[str, object]:
    return {n: v for n, v in values.items() if n != name}


def _wide(made: Program, types: Types) -> dict[str, str]:
    """A table of types as one text for each number, by the names of the page."""
    found = _without(types.common, made.count)
    for k, row in enumerate(types.rows, 1):
        found |= {f"{n}_{k}": v for n, v in row.items() if n != made.inputs.share}
    return {name: written(exactly(name, v)) for name, v in found.items()}


def exact(case: Mapping[str, object], known: Container[str]) -> dict[str, str]:
    """A named set as texts, matrices entry by entry, without what the model does not have."""
    return {k: written(v) for k, v in flattened(case, known=known) if k in known}


def written(value: Fraction) -> str:
    """An exact number as a decimal where it is one, else as a ratio."""
    for places in range(13):
        if (value * 10**places).denominator == 1:
            return f"{float(value):.{places}f}"
    return f"{value.numerator}/{value.denominator}"
