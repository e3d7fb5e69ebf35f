"""Antiderivatives in the time to go, by undetermined coefficients.

The integrands are sums of products of powers of the time to go, exponentials, pairs of hyperbolic
functions and powers of denominators ``w`` of Riccati solutions. The derivative of such a product
is a sum of its neighbours: with every product, candidates for the antiderivative are those of no
higher degree with the power of the denominator lowered by one, and ``log w``. Their coefficients
solve a linear system; when it has no solution, the integral is not in the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import sympy as sp

from eqsolve.derivation.linear import solve_linear
from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.derivation.solve.step import to_go

#: Of the linear system that is solved.
_LARGEST = 80


def antiderivative(
    integrand: sp.Expr, denominators: Mapping[sp.Symbol, sp.Expr]
) -> dict[sp.Expr, sp.Expr] | None:
    """A sum whose derivative in ``to_go`` is the integrand, or None if the table has none.

    ``denominators`` gives every symbol ``w`` that may occur as its function of the time to go.
    The result gives the coefficient of each function of the time to go.
    """
    if not integrand.has(to_go, *denominators):
        return {to_go: integrand} if integrand != 0 else {}
    monomials = algebra.monomials(integrand, [to_go, *denominators])
    if monomials is None:
        return None
    candidates = _candidates(monomials, denominators)
    if len(candidates) > _LARGEST:
        return None
    slopes = {w: sp.diff(value, to_go) for w, value in denominators.items()}
    weights = [sp.Dummy(f"weight{k}") for k in range(len(candidates))]
    residual = -integrand
    for weight, candidate in zip(weights, candidates):
        slope = sp.diff(candidate, to_go)
        slope += sp.Add(*(sp.diff(candidate, w) * slopes[w] for w in denominators))
        residual += weight * slope
    units, lines = algebra.equations(residual.xreplace(dict(denominators)))
    solution = solve_linear(units.ring, lines, weights)
    if solution.residuals:
        return None
    # some candidates differ by a constant only: those that the equations leave free are not needed
    unneeded = dict.fromkeys(solution.free, sp.S.Zero)
    needed = [w for w in weights if w not in unneeded]
    solution = solve_linear(units.ring, lines, needed) if unneeded else solution
    values = {
        w: units.expression(r.numerator).xreplace(unneeded) / units.expression(r.denominator)
        for w, r in solution.values.items()
    }
    found = {c: values[w] for w, c in zip(weights, candidates) if w in values}
    return {candidate: value for candidate, value in found.items() if value != 0}


def _candidates(
    monomials: list[dict[sp.Expr, int]], denominators: Mapping[sp.Symbol, sp.Expr]
) -> list[sp.Expr]:
    """Functions among whose combinations the antiderivative is sought."""
    found: dict[sp.Expr, None] = {}
    for monomial in monomials:
        power, others = 0, sp.S.One
        degrees: dict[tuple[sp.Expr, ...], int] = {}
        below: dict[sp.Symbol, int] = {}
        for function, exponent in monomial.items():
            if function in denominators:
                inner = denominators[function].atoms(RootCosh, RootSinh)
                for args in {f.args for f in inner}:
                    least = max(degrees.get(args, 0), -exponent - 1)
                    degrees[args] = least + max(exponent, 0)
                if exponent < 0:
                    below[function] = -exponent
                elif not inner:
                    power += exponent
            elif function == to_go:
                power += exponent
            elif isinstance(function, (RootCosh, RootSinh)):
                degrees[function.args] = degrees.get(function.args, 0) + exponent
            else:
                others *= function**exponent
        hyperbolic = _hyperbolic(degrees)
        for powers in product(*(range(k) for k in below.values())):
            divisor = others * sp.Mul(*(w**-k for w, k in zip(below, powers)))
            for function, i in product(hyperbolic, range(power + 2)):
                found[divisor * function * to_go**i] = None
        if others == 1:
            found.update({sp.log(w): None for w in below})
    found.pop(sp.S.One, None)
    return list(found)


def _hyperbolic(degrees: Mapping[tuple[sp.Expr, ...], int]) -> list[sp.Expr]:
    """All products of pairs up to the given degrees, modulo the pairs' relation."""
    result = [sp.S.One]
    for args, degree in degrees.items():
        cosh, sinh = RootCosh(*args), RootSinh(*args)
        powers = [sinh**k for k in range(degree + 1)]
        powers += [cosh * sinh**k for k in range(degree)]
        result = [first * second for first, second in product(result, powers)]
    return result
