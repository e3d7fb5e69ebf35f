"""Solve a crowd whose copies have types of their own."""

from __future__ import annotations

from collections.abc import Mapping

from flint import ctx

from eqsolve.derivation.derivation import derived
from eqsolve.errors import InputError
from eqsolve.game import Model
from eqsolve.game.structure import counted
from eqsolve.game.types import read_types
from eqsolve.numbers import exact
from eqsolve.numerics.status import Status
from eqsolve.solve.answer import Answer
from eqsolve.solve.crowd import averages, merged, numbers_of_types
from eqsolve.solve.derived import DerivedPoint
from eqsolve.solve.joint import joint
from eqsolve.solve.point import BITS

#: Those tried where the averages over types seem not to be determined.
PRECISIONS = (BITS, 1024, 4096)


def solve_types(
    model: Model,
    values: Mapping[str, object],
    *,
    at: Mapping[str, object] | None = None,
    size: int | None = None,
    selection: str | None = None,
) -> Answer:
    """Solve at one point: see ``eqsolve.solve.solve.solve``.

    Raises
    ------
    InputError
        If a name or value is not acceptable.
    DerivationError
        If the model cannot be derived, or averages over types do not solve a linear system.
    """
    values = counted(model, values, size)
    crowd, chosen = model.game.crowd, selection or model.selection
    if size is None and crowd is not None and str(crowd.size) in values:
        size = int(exact(str(crowd.size), values[str(crowd.size)]))
    with ctx.workprec(BITS):
        derivation = derived(model)
        types = read_types(derivation.model, values, size, at=at)
        numbers = numbers_of_types(derivation, types)
        if derivation.fixed is None:
            found = averages(derivation, numbers, types)
            if isinstance(found, tuple):
                return DerivedPoint(derivation, numbers[0], chosen).point.refused(*found)
            points = [DerivedPoint(derivation, number, chosen, found) for number in numbers]
            return merged([point.answer() for point in points], types, found)
    if chosen == "value":
        raise InputError(
            "solutions of a type have no values before the averages over all types are known.",
            game=model.name,
            stage="selection",
            remedy="Select the limit of finite horizons; every joint solution is listed.",
        )
    for bits in PRECISIONS:
        with ctx.workprec(bits):
            answer = joint([DerivedPoint(derivation, n, chosen) for n in numbers], types)
        if answer.status is not Status.DEGENERATE:
            break
    return answer
