"""Closed-loop Nash equilibria of identical agents at one parameter point."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from eqsolve.model import Model
from eqsolve.numerics.arithmetic.ball import UndecidedError, precision
from eqsolve.numerics.closed_form.point import joint_conditions
from eqsolve.numerics.parameters import exact, require
from eqsolve.registry import model as find_model
from eqsolve.words.equilibrium import Equilibrium
from eqsolve.words.nash import nash, nash_numbers
from eqsolve.words.reporting import loop_certificate

#: Working precisions in bits, tried until every sign is decided.
PRECISIONS = (256, 1024, 4096)


def solve_loop(
    game: str,
    values: Mapping[str, Fraction],
    at: Mapping[str, object],
    selection: str,
    certify: bool,
) -> Equilibrium:
    """Solve at growing precision until every sign is decided."""
    model = find_model(game)
    require(
        model.population is not None, "there is no population to close the loop.", game=model.name
    )
    joint_conditions(model.parts, values, game=model.name)
    state = _state(model, values, at)
    message = ""
    for bits in PRECISIONS:
        with precision(bits):
            try:
                return _solve_loop(model, values, state, selection, certify, bits)
            except UndecidedError as error:
                message = error.message
    return Equilibrium(
        game=model.name,
        notion="closed-loop",
        selection=selection,
        parameters=values,
        status="degenerate",
        message=message,
    )


def _state(
    model: Model, values: Mapping[str, Fraction], at: Mapping[str, object]
) -> dict[str, Fraction]:
    n = values.get(model.parts.size.name)
    for name in at:
        require(name in ("x", "y"), f"a state has x and y, not {name!r}.", game=model.name)
    x = exact("x", at.get("x", 1), game=model.name)
    default = x if n is None else x * (1 - 1 / n)
    y = exact("y", at.get("y", default), game=model.name)
    require(n != 1 or y == 0, "a single agent has no competitors: y must be 0.", game=model.name)
    return {"x": x, "y": y}


def _solve_loop(
    model: Model,
    given: Mapping[str, Fraction],
    state: Mapping[str, Fraction],
    selection: str,
    certify: bool,
    bits: int,
) -> Equilibrium:
    """All closed-loop Nash equilibria."""
    found = nash(model, given, state, selection)
    numbers: dict[str, Any] = {"complete": found.complete}
    certificate: Mapping[str, Any] = {}
    if found.selected is not None:
        root = found.roots[found.selected]
        numbers["admissibility"] = {
            "abscissa": float(root.abscissa),
            "hazard": float(given[model.parts.hazard.name]),
            "finite": True,
        }
        numbers |= nash_numbers(found, state)
        if certify:
            certificate = loop_certificate(found.complete, root.feedback, root.abscissa, bits)
    return Equilibrium(
        game=model.name,
        notion="closed-loop",
        selection=selection,
        parameters=given,
        status=found.status,
        message=found.message,
        roots=found.roots,
        selected=found.selected,
        numbers=numbers,
        certificate=certificate,
    )
