"""What holds on all of a finite horizon, and on how long horizons there is a solution.

Conditions are proved by enclosures over intervals of time, which are halved where an enclosure
does not decide. The longest horizon is exact where everything that can explode solves a scalar
Riccati equation with constant coefficients; other equations are not followed beyond the horizon.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp
from flint import arb, fmpq

from eqsolve.arithmetic.function import Function
from eqsolve.derivation.derivation import Derivation
from eqsolve.game import t
from eqsolve.solve.conditions import Condition, evaluate
from eqsolve.solve.path import Backward, rational

#: Intervals of time that are looked at before a condition is left undecided.
INTERVALS = 2048


@dataclass(frozen=True)
class Intervals:
    """Conditions over intervals of time.

    Attributes
    ----------
    derivation, path : the solution.
    fixed : what does not move in time: parameters, states, coefficients that are constant.
    """

    derivation: Derivation
    path: Backward
    fixed: Mapping[sp.Symbol, arb]

    def holds(self, condition: Condition) -> tuple[bool | None, Fraction]:
        """Whether ``expression > 0`` at all times, None if undecided; and where it is not so."""
        expression = condition.expression.xreplace(dict(self.derivation.system.feedback))
        moving = {*self.path.unknowns, t}
        names = sorted(expression.free_symbols, key=lambda s: s.name)
        function = Function([expression], names)
        end = rational(self.path.end)
        pending = deque((p.begin, p.end) for p in self.path.trajectory.pieces)
        if not expression.free_symbols & moving:
            pending = deque([(fmpq(0), fmpq(0))])
        for _ in range(INTERVALS):
            if not pending:
                return True, self.path.end
            # wide intervals first: a sign change would be halved for ever
            first, last = pending.popleft()
            found = dict(zip(self.path.unknowns, self.path.trajectory.over(first, last)))
            found[t] = arb(end - last).union(arb(end - first))
            value = function([found[n] if n in moving else self.fixed[n] for n in names])[0]
            middle = (first + last) / 2
            if _sign(value) is False:
                return False, _fraction(end - middle)
            if _sign(value) is None:
                pending += [(first, middle), (middle, last)]
        return (None, _fraction(end - pending[0][0])) if pending else (True, self.path.end)


def _fraction(value: fmpq) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def _sign(value: arb) -> bool | None:
    if not value.is_finite():
        return None
    return True if value > 0 else False if value <= 0 else None


def longest_horizon(
    derivation: Derivation,
    parameters: Mapping[sp.Symbol, sp.Rational],
    path: Backward,
) -> tuple[float | None, str]:
    """The horizon from which on a solution that exists up to ``path.end`` does not, and a sentence.

    Linear equations, driven by what is finite, do not explode. None if there is no such horizon,
    or it is not known; the sentence tells which.
    """
    system = derivation.system
    rates = {u: -system.rates[u].xreplace(dict(parameters)) for u in system.unknowns}
    end = derivation.model.game.horizon.end
    ends = set() if end is None else end.free_symbols
    here = f"{float(path.end):g}"
    clocked = any(t in r.free_symbols for r in rates.values())
    if clocked or any(system.terminal[u].free_symbols & ends for u in system.unknowns):
        return None, f"none up to {here}; longer horizons have other rates or payoffs"
    start = dict(zip(system.unknowns, path.trajectory.start))
    best = arb("inf")
    for block in derivation.blocks:
        moving = [u for u in block if u in rates]
        if all(_is_linear(rates[u], moving) for u in moving):
            continue
        time = _riccati(moving, rates, path.constants, start)
        if time is None:
            names = ", ".join(map(str, moving))
            return None, f"none up to {here}; not looked for beyond, for {names}"
        best = arb.min(best, time)
    if not best.is_finite():
        return None, "none on any horizon"
    return float(best.mid()), "exact"


def _is_linear(rate: sp.Expr, block: Sequence[sp.Symbol]) -> bool:
    slopes = [sp.diff(rate, u) for u in block]
    return not any(sp.expand(slope).free_symbols & set(block) for slope in slopes)


def _riccati(
    block: Sequence[sp.Symbol],
    rates: Mapping[sp.Symbol, sp.Expr],
    constants: Mapping[sp.Symbol, arb],
    start: Mapping[sp.Symbol, arb],
) -> arb | None:
    """When a scalar Riccati equation with constant coefficients explodes, infinite if never.

    With ``u' = a u^2 + b u + c`` in the time to go, ``D^2 = b^2 - 4 a c`` and ``z = b + 2 a u(0)``
    it is the first zero of ``cosh(D s/2) - z sinh(D s/2)/D``.
    """
    unknown, *others = block
    rate = sp.expand(rates[unknown])
    if others or not rate.is_polynomial(unknown) or sp.degree(rate, unknown) != 2:
        return None
    parts = sp.Poly(rate, unknown).all_coeffs()
    if any(part.free_symbols - set(constants) for part in parts):
        return None
    a, b, c = (evaluate(part, constants) for part in parts)
    square, slope = b * b - 4 * a * c, b + 2 * a * start[unknown]
    if square > 0:
        root = square.sqrt()
        if slope > root:
            return 2 / root * (root / slope).atanh()
        return arb("inf") if slope <= root else None
    if square < 0:
        root = (-square).sqrt()
        return (arb.pi() / 2 - (slope / root).atan()) * 2 / root
    if square == 0:
        return 2 / slope if slope > 0 else arb("inf") if slope <= 0 else None
    return None
