"""One linear differential equation whose coefficients are known functions of time.

``u' = p u + q`` has the solution ``m (u_T + int q / m)`` with ``m = exp(int p)``: exponentials
where ``p`` is constant, and the closed forms of the table of integrals otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.block import Block, Found, Known
from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.derivation.solve.integrate import antiderivative
from eqsolve.derivation.solve.linear import divided
from eqsolve.derivation.solve.step import Explicit, Integral, running, to_go


@dataclass(frozen=True)
class _Linear:
    """The parts of the solution: ``u = factor (start + int forcing)``."""

    unknown: sp.Symbol
    start: sp.Expr
    factor: sp.Expr
    forcing: sp.Expr


def _parts(block: Block, known: Known) -> _Linear | None:
    if block.single is None:
        return None
    unknown, rate, start = block.single
    parts = algebra.powers(rate, [unknown])
    if parts is None or max(parts, default=(0,)) > (1,):
        return None
    slope, forcing = (known.layered(parts.get((k,), sp.S.Zero)) for k in (1, 0))
    if not known.is_closed(slope) or not known.is_closed(forcing):
        return None
    integrated = antiderivative(slope, known.functions())
    if integrated is None:
        return None
    factor = sp.S.One
    for function, weight in integrated.items():
        weight = algebra.canonical(weight)
        if isinstance(function, sp.log):
            factor *= function.args[0] ** weight
        else:
            factor *= sp.exp(algebra.exponential(weight * function))
    return _Linear(unknown, start, factor, forcing)


def recognize(block: Block, known: Known) -> Found | None:
    """Solve the equation by the table of integrals."""
    linear = _parts(block, known)
    if linear is None:
        return None
    integrated = antiderivative(linear.forcing / linear.factor, known.functions())
    if integrated is None:
        return None
    times = [to_go, *known.denominators]
    total = sp.Add(*(weight * function for function, weight in integrated.items()))
    begins = total.xreplace(dict.fromkeys(known.denominators, sp.S.One)).subs(to_go, 0)
    powers = sp.Mul(*(f for f in sp.Mul.make_args(linear.factor) if f.has(*known.denominators)))
    inner = linear.factor / powers * (linear.start + total - begins)
    value = known.named(powers * algebra.collected(inner, times))
    conditions = divided(value, f"the closed form of {linear.unknown} divides by it", tuple(times))
    kind = "integral" if value.has(RootCosh, RootSinh, sp.log) else "exponential"
    return Found((Explicit(linear.unknown, value, kind, conditions),))


def recognize_open(block: Block, known: Known) -> Found | None:
    """Give the solution as an integral that is not in the table."""
    linear = _parts(block, known)
    if linear is None:
        return None
    # denominators are functions of the time to go: under the integral they are spelled out
    integrand = known.spelled(linear.forcing / linear.factor).xreplace({to_go: running})
    return Found((Integral(linear.unknown, linear.factor, linear.start, integrand),))
