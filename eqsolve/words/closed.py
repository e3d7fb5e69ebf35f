"""Closed-loop Nash equilibria of identical agents at one parameter point."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from eqsolve.model import Model
from eqsolve.numerics.arithmetic.ball import UndecidedError, precision
from eqsolve.numerics.closed_form.point import joint_conditions
from eqsolve.numerics.parameters import require
from eqsolve.registry import model as find_model
from eqsolve.words.answer import PRECISIONS
from eqsolve.words.equilibrium import Equilibrium
from eqsolve.words.nash import nash, nash_numbers
from eqsolve.words.reporting import loop_certificate


def solve_loop(
    game: str,
    values: Mapping[str, Fraction],
    state: Mapping[str, Fraction],
    selection: str,
    certify: bool,
) -> Equilibrium:
    """Solve at growing precision until every sign is decided."""
    model = find_model(game)
    require(
        model.population is not None, "there is no population to close the loop.", game=model.name
    )
    joint_conditions(model.parts, values, game=model.name)
    _, others = state
    require(
        values.get(model.parts.size.name) != 1 or state[others] == 0,
        f"a single agent has no competitors: {others} must be 0.",
        game=model.name,
    )
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
