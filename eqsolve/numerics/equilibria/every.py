"""Every stationary feedback of the closed loop at one exact parameter point."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import sympy as sp
from flint import fmpq_mpoly
from scipy.integrate import solve_ivp

from eqsolve.arithmetic.plane import plane_solutions
from eqsolve.arithmetic.systems import Box, Solutions
from eqsolve.errors import DerivationError
from eqsolve.symbolic.algebra import Ratio, Ring
from eqsolve.symbolic.matching import CoefficientSystem

#: Mean horizons over which finite horizons are followed, and the accuracy of doing so.
HORIZONS, TOLERANCE = 400.0, 1e-10
#: Relative distance at which a finite horizon has reached a stationary feedback.
REACHED = 1e-5


def all_feedbacks(
    system: CoefficientSystem,
    exact: Mapping[sp.Symbol, sp.Rational],
    unknowns: tuple[sp.Symbol, sp.Symbol],
    *,
    within: Callable[[Box], bool],
    bits: int,
) -> Solutions:
    """Find all real values of two feedback coefficients that solve a coefficient system.

    The moments' coefficients are linear unknowns and eliminated; equations of other coefficients
    of the feedback are not used. ``within`` is False for a box outside of the region wanted.

    Raises
    ------
    DerivationError
        If the moments are not determined at a generic feedback.
    """
    moments, conditions = _reduced(system, exact, unknowns)
    used = sorted(set().union(*(e.free_symbols for e in conditions)), key=lambda s: s.name)
    ring = Ring((*unknowns, *(s for s in used if s not in unknowns)))
    plane = Ring(unknowns)
    numerators = [ring.polynomial(sp.expand(e)) for e in conditions]
    without = plane.context.constant(1)
    for block in moments:
        for unknown, value in _linear(block, plane).items():
            without *= value.denominator
            if unknown not in ring.symbols:
                continue
            lifted = Ratio(ring, _lifted(value.numerator, ring), _lifted(value.denominator, ring))
            numerators = [ring.substituted(p, unknown, lifted) for p in numerators]
    first, second = (_lowered(p, plane) for p in numerators)
    return plane_solutions(first, second, without, within=within, bits=bits)


def _reduced(
    system: CoefficientSystem,
    exact: Mapping[sp.Symbol, sp.Rational],
    unknowns: tuple[sp.Symbol, sp.Symbol],
) -> tuple[list[dict[sp.Symbol, sp.Expr]], list[sp.Expr]]:
    """Blocks of moment equations by their unknowns, and the conditions, with exact numbers."""
    at = {e.unknown: sp.expand(e.expression.xreplace(dict(exact))) for e in system.equations}
    needed = set().union(*(at[u].free_symbols for u in unknowns)) - set(unknowns)
    size = -1
    while size < len(needed):
        size = len(needed)
        needed |= set().union(*(at[u].free_symbols for u in needed)) - set(unknowns)
    sources = {e.source for e in system.equations if e.source != "feedback"}
    blocks = [
        {
            e.unknown: at[e.unknown]
            for e in system.equations
            if e.source == s and e.unknown in needed
        }
        for s in sorted(sources)
    ]
    return [b for b in blocks if b], [at[u] for u in unknowns]


def _linear(block: Mapping[sp.Symbol, sp.Expr], ring: Ring) -> dict[sp.Symbol, Ratio]:
    """Solve linear equations whose coefficients are polynomials, by Gauss's elimination."""
    names = list(block)
    rows = []
    for equation in block.values():
        constant = equation.xreplace(dict.fromkeys(names, sp.S.Zero))
        rows.append([ring.ratio(sp.diff(equation, u)) for u in names] + [ring.ratio(-constant)])
    count, minus = len(names), ring.ratio(sp.S.NegativeOne)
    for k in range(count):
        pivot = next((i for i in range(k, count) if not rows[i][k].is_zero()), None)
        if pivot is None:
            raise DerivationError("the moments are not determined.", stage="loop")
        rows[k], rows[pivot] = rows[pivot], rows[k]
        inverse = rows[k][k] ** -1
        rows[k] = [v * inverse for v in rows[k]]
        for i in range(count):
            if i != k and not rows[i][k].is_zero():
                factor = rows[i][k] * minus
                rows[i] = [v + factor * w for v, w in zip(rows[i], rows[k])]
    return {u: rows[k][-1] for k, u in enumerate(names)}


def _lifted(polynomial: fmpq_mpoly, ring: Ring) -> fmpq_mpoly:
    rest = (0,) * (len(ring.symbols) - 2)
    return ring.context.from_dict({(*m, *rest): c for m, c in polynomial.to_dict().items()})


def _lowered(polynomial: fmpq_mpoly, ring: Ring) -> fmpq_mpoly:
    return ring.context.from_dict({m[:2]: c for m, c in polynomial.to_dict().items()})


def reached(
    system: CoefficientSystem,
    exact: Mapping[sp.Symbol, sp.Rational],
    unknowns: tuple[sp.Symbol, sp.Symbol],
    payoffs: Mapping[str, sp.Expr],
    hazard: float,
    feedbacks: Sequence[tuple[float, float]],
) -> int | None:
    """Follow the feedback of finite horizons as the horizon grows; which one does it reach?

    The moments' coefficients start from the payoffs, and the feedback is what is optimal at every
    time. The integration is one in double precision.

    Parameters
    ----------
    payoffs : the payoff of each moment, by its name.
    hazard : sets the unit of time.
    feedbacks : the stationary values of ``unknowns``.

    Returns
    -------
    int or None
        The number of the stationary feedback, if the last tenth of the horizons stays next to it.
    """
    blocks, conditions = _reduced(system, exact, unknowns)
    equations = {u: e for block in blocks for u, e in block.items()}
    names = list(equations)
    at_zero = dict.fromkeys(unknowns, sp.S.Zero)
    matrix = [[sp.diff(c, u) for u in unknowns] for c in conditions]
    right = [-c.xreplace(at_zero) for c in conditions]
    linear = sp.lambdify(names, [*matrix[0], *matrix[1], *right], "math")
    speeds = sp.lambdify([*unknowns, *names], list(equations.values()), "math")

    def control(moments: Sequence[float] | np.ndarray) -> tuple[float, float]:
        a, b, c, d, f, g = linear(*moments)
        determinant = a * d - b * c
        return (f * d - b * g) / determinant, (a * g - f * c) / determinant

    def rates(_: float, moments: np.ndarray) -> list[float]:
        return [speed / hazard for speed in speeds(*control(moments), *moments)]

    start = [float(v.xreplace(dict(exact))) for v in _terminal(system, names, payoffs)]
    try:
        solution = solve_ivp(
            rates,
            (0.0, HORIZONS),
            start,
            method="LSODA",
            rtol=TOLERANCE,
            atol=TOLERANCE * 1e-3,
            t_eval=[0.9 * HORIZONS, HORIZONS],
        )
    except (ZeroDivisionError, OverflowError):
        return None
    if not solution.success:
        return None
    ends = [control(column) for column in solution.y.T]
    for k, feedback in enumerate(feedbacks):
        size = max(map(abs, feedback)) or 1.0
        if all(max(abs(p - q) for p, q in zip(end, feedback)) < REACHED * size for end in ends):
            return k
    return None


def _terminal(
    system: CoefficientSystem, names: Sequence[sp.Symbol], payoffs: Mapping[str, sp.Expr]
) -> list[sp.Expr]:
    """The moments' coefficients when the horizon strikes."""
    states = system.hjb.game.state_symbols
    values: dict[sp.Symbol, sp.Expr] = {}
    for name, payoff in payoffs.items():
        polynomial = sp.Poly(payoff, *states)
        for monomial, unknown in sp.Poly(system.ansatz.moments[name], *states).as_dict().items():
            values[unknown] = polynomial.coeff_monomial(monomial)
    return [values[u] for u in names]
