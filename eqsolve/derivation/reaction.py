"""The strategy of a player of a type of its own, where averages over the others are given.

The averages over all players contain the player's own part: the response to the others is solved
for the control, which makes the strategy affine in the averages over all, whatever the types are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from eqsolve.derivation.closure import total_of
from eqsolve.derivation.fixed_point import FixedPoint, by_monomial, monomial_name
from eqsolve.derivation.given import Parts
from eqsolve.derivation.linear import is_linear, solve_linear
from eqsolve.derivation.problem import Others
from eqsolve.derivation.units import Units
from eqsolve.game import Game


def reaction(
    game: Game,
    averages: Mapping[sp.Symbol, Others],
    response: Mapping[sp.Symbol, sp.Expr],
    states: Sequence[sp.Symbol],
    parts: Parts,
) -> FixedPoint:
    """Solve the response to the others for the own control.

    The averages over all players are symbols of the strategy: they are found with the numbers of
    all types.

    Raises
    ------
    DerivationError
        If the response needs an average that is not linear in the controls.
    """
    crowd = game.crowd
    assert crowd is not None, "types belong to a crowd"
    controls = list(response)
    totals = {name: total_of(atom) for name, atom in averages.items()}
    entering = [a for a in averages if any(a in form.free_symbols for form in response.values())]
    others = {
        a: totals[a] - crowd.share ** averages[a].power * averages[a].expression for a in entering
    }
    equations = [c - form.xreplace(others) for c, form in response.items()]
    units = Units.of(equations)
    polynomials = [units.ratio(e).numerator for e in equations]
    squared = [a for a in entering if averages[a].power != 1]
    if squared or not all(is_linear(units.ring, p, controls) for p in polynomials):
        raise game.error(
            "the response to the averages over the others is not linear in what they play.",
            stage="given",
            remedy="Use the notion feedback.",
        )
    solution = solve_linear(units.ring, polynomials, controls)
    if solution.residuals or solution.free:
        raise game.error(
            "no strategy, or no single one, is the response to itself.",
            stage="given",
            remedy="Use the notion feedback.",
        )
    inner = [totals[a] for a in entering]
    strategy, coefficients, nonzero = {}, {}, []
    for control in controls:
        ratio = solution.values[control]
        below = units.expression(ratio.denominator)
        form = sp.S.Zero
        above = units.expression(ratio.numerator)
        for monomial, value in by_monomial(game, above, (*states, *inner), ()).items():
            letter = sp.Symbol(f"{control.name}.{monomial_name(monomial, (*states, *inner))}")
            coefficients[letter] = value / below
            form += letter * monomial
        strategy[control] = form
        nonzero.append(below)
    return FixedPoint(
        averages,
        dict(response),
        strategy,
        coefficients,
        {},
        tuple(dict.fromkeys(e for e in nonzero if not e.is_number)),
        (),
        parts,
        {totals[name]: atom for name, atom in averages.items()},
    )
