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

from flint import arb, fmpq

from eqsolve.arithmetic.code import Code
from eqsolve.arithmetic.rational import Rational, coefficients, value
from eqsolve.program.program import TIME, Claim, Program
from eqsolve.solve.path import Backward, middle

#: Intervals of time that are looked at before a condition is left undecided.
INTERVALS = 2048


@dataclass(frozen=True)
class Intervals:
    """Conditions over intervals of time.

    Attributes
    ----------
    path : the solution.
    fixed : what does not move in time: parameters, states, coefficients that are constant.
    """

    path: Backward
    fixed: Mapping[str, arb]

    def holds(self, claim: Claim) -> tuple[bool | None, Fraction]:
        """Whether ``code > 0`` at all times, None if undecided; and where it is not so."""
        moving = {*self.path.unknowns, TIME}
        pending = deque((p.begin, p.end) for p in self.path.trajectory.pieces)
        if not moving & set(claim.code.arguments):
            pending = deque([(fmpq(0), fmpq(0))])
        for _ in range(INTERVALS):
            if not pending:
                return True, self.path.end
            # wide intervals first: a sign change would be halved for ever
            first, last = pending.popleft()
            found = dict(zip(self.path.unknowns, self.path.trajectory.over(first, last)))
            found[TIME] = self.path.calendar(first, last)
            holds = claim.holds({**self.fixed, **found})
            between = (first + last) / 2
            if holds is False:
                return False, self._at(between)
            if holds is None:
                pending += [(first, between), (between, last)]
        return (None, self._at(pending[0][0])) if pending else (True, self.path.end)

    def _at(self, elapsed: fmpq) -> Fraction:
        """The calendar time with so much to go."""
        return _fraction(middle(self.path.calendar(elapsed, elapsed)))


def _fraction(number: fmpq) -> Fraction:
    return Fraction(int(number.p), int(number.q))


def longest_horizon(
    program: Program, parameters: Mapping[str, fmpq], path: Backward
) -> tuple[float | None, str]:
    """The horizon from which on a solution that exists up to ``path.end`` does not, and a sentence.

    Linear equations, driven by what is finite, do not explode. None if there is no such horizon,
    or it is not known; the sentence tells which.
    """
    system = program.system
    rates = system.rates.at(parameters)
    here = f"{float(path.end):g}"
    if TIME in rates.only(range(len(system.unknowns))).arguments or program.ending:
        return None, f"none up to {here}; longer horizons have other rates or payoffs"
    start = dict(zip(system.unknowns, path.trajectory.start))
    best = arb("inf")
    for block in system.blocks:
        moving = [u for u in block if u in system.unknowns]
        own = [rates.only([system.unknowns.index(u)]) for u in moving]
        if all(_is_linear(rate, moving) for rate in own):
            continue
        time = None
        if len(moving) == 1:
            time = explosion(own[0], moving[0], path.constants, start[moving[0]])
        if time is None:
            return None, f"none up to {here}; not looked for beyond, for {', '.join(moving)}"
        best = arb.min(best, time)
    if not best.is_finite():
        return None, "none on any horizon"
    return float(best.mid()), "exact"


def _powers(rate: Code, block: Sequence[str]) -> tuple[Rational, list[tuple[int, ...]]] | None:
    """The exponents of some arguments in a rate; None if it is no polynomial in them."""
    places = [k for k, name in enumerate(rate.arguments) if name in block]
    found = Rational(rate)
    fraction = found.functions[0]
    inner = [fraction.below, *(p for _, f in found.elementary if f for p in (f.above, f.below))]
    if any(any(map(any, coefficients(polynomial, places))) for polynomial in inner):
        return None
    return found, list(coefficients(fraction.above, places))


def _is_linear(rate: Code, block: Sequence[str]) -> bool:
    powers = _powers(rate, block)
    return powers is not None and all(sum(exponents) <= 1 for exponents in powers[1])


def explosion(rate: Code, unknown: str, constants: Mapping[str, arb], start: arb) -> arb | None:
    """When a scalar Riccati equation with constant coefficients explodes, infinite if never.

    With ``u' = a u^2 + b u + c`` in the time to go, ``D^2 = b^2 - 4 a c`` and ``z = b + 2 a u(0)``
    it is the first zero of ``cosh(D s/2) - z sinh(D s/2)/D``. None for other equations.
    """
    powers = _powers(rate, [unknown])
    if powers is None or max(map(sum, powers[1])) != 2:
        return None
    if set(rate.arguments) - {unknown, *constants}:
        return None
    function, place = powers[0], rate.arguments.index(unknown)
    numbers = function.balls([constants.get(name, arb(0)) for name in rate.arguments])
    parts = coefficients(function.functions[0].above, [place])
    below = value(function.functions[0].below, numbers)
    a, b, c = (value(parts.get((k,), {}), numbers) / below for k in (2, 1, 0))
    square, slope = b * b - 4 * a * c, b + 2 * a * start
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
