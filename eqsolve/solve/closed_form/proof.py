"""One point of a game at one precision: signs, roots and outputs with proof.

Signs are read off balls. One that they leave open at high precision is decided exactly, in the
number field of the root: it is zero there, or still more bits decide it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from functools import cached_property
from typing import Any

import sympy as sp
from flint import arb, fmpq, fmpq_poly

from eqsolve.arithmetic.algebraic import (
    Ascending,
    Residue,
    rational,
    real_roots_with_factors,
)
from eqsolve.arithmetic.ball import real_roots_of_balls
from eqsolve.arithmetic.number import UndecidedError
from eqsolve.kernels.cubic.growth import OTHERS
from eqsolve.kernels.cubic.program import VALUE
from eqsolve.solve.closed_form.straightline import StraightLine
from eqsolve.symbols import entry

Number = float | Fraction

#: Relative accuracy of an enclosure in bits, unless the value is exactly zero.
SHARP = 60

#: Largest coefficient, in bits, for which exact arithmetic is tried.
LARGEST = 3 << 10


class Degenerate(Exception):
    """A divisor of the closed form is exactly zero."""


class Point:
    """One point of a game at the working precision.

    Parameters
    ----------
    program : the game.
    numbers : exact parameters, in the order of the game.
    state : exact own wealth and competitors' aggregate; None for the latter gives everybody the
        same wealth.
    exact : whether signs that balls leave open are decided in exact arithmetic.
    """

    def __init__(
        self,
        program: StraightLine,
        numbers: Sequence[Number],
        state: tuple[Number, Number | None],
        exact: bool,
    ) -> None:
        self.program, self.exact, self.boundary = program, exact, False
        switches = program.switches
        given = zip(program.parameters, numbers)
        self.absent = {s.name for s, v in given if s in switches and v == 0}
        self.head, self.state = self._start(numbers, state, _ball)
        place = program.place
        self.absent |= {s.name for s in switches if s in place and self.head[place[s]].is_zero()}
        self.polynomial: list[arb] = [self.head[place[s]] for s in program.polynomial]
        if exact:
            self._head, self._state = self._start(numbers, state, rational)
            self._coefficients: list[fmpq] = [self._head[place[s]] for s in program.polynomial]
            self.polynomial = [arb(c) for c in self._coefficients]
        self.roots: list[arb] = []
        self.multiplicities: list[int] = []

    def _start(
        self, numbers: Sequence[Number], state: tuple[Number, Number | None], convert: Any
    ) -> tuple[tuple[Any, ...], tuple[Any, Any]]:
        head = self.program.head(self.absent, *map(convert, numbers))
        own = convert(state[0])
        if state[1] is not None:
            return head, (own, convert(state[1]))
        share = self.program.place.get(OTHERS)
        return head, (own, own if share is None else own * head[share])

    def sign(self, value: arb, name: sp.Symbol, root: int | None = None) -> int:
        """The sign of a symbol whose ball is ``value``; zero only if it is exactly zero."""
        if value > 0:
            return 1
        if value < 0:
            return -1
        if value.is_zero() or self._vanishes(name, root):
            return 0
        raise UndecidedError(f"the sign of {name} is not decided.")

    def _vanishes(self, name: sp.Symbol, root: int | None) -> bool:
        if not self.exact:
            return False
        place = self.program.place
        if name in place:
            return bool(self._head[place[name]] == 0)
        if root is None:
            return False
        factor = self._factor(root)
        if factor is None:
            return False
        variable = Residue(fmpq_poly([0, 1]) % factor, factor)
        code = self.program.code((name,), self.program.states)
        (found,) = code(self.absent, *self._head, variable, *self._state)
        return found.vanishes if isinstance(found, Residue) else bool(found == 0)

    @cached_property
    def _factored(self) -> list[tuple[arb, int, fmpq_poly]]:
        """Real roots with multiplicities and irreducible factors; raises for huge numbers."""
        sizes = [c.p.bit_length() + c.q.bit_length() for c in self._coefficients]
        if max(sizes) > LARGEST:
            raise UndecidedError("the parameters are too many orders of magnitude apart.")
        return real_roots_with_factors(self._coefficients)

    def _factor(self, root: int) -> fmpq_poly | None:
        """The irreducible factor that a root belongs to, if only one is possible."""
        near = [factor for ball, _, factor in self._factored if ball.overlaps(self.roots[root])]
        return near[0] if len(near) == 1 else None

    def sharp(self, value: arb | int, name: sp.Symbol, root: int) -> arb:
        """The enclosure, which is relatively sharp or exactly zero."""
        ball = arb(value)
        if ball.is_zero() or ball.rel_accuracy_bits() >= SHARP:
            return ball
        if self.sign(ball, name, root) == 0:
            return arb(0)
        raise UndecidedError(f"{name} is not known to double precision.")

    def valid(self) -> bool:
        """Whether abbreviations lie in their domains and can be divided by."""
        source, place = self.program.source, self.program.place
        positive = [s for s in source.model.game.definitions if entry(s.name).domain.strict]
        return all(self.sign(self.head[place[s]], s) > 0 for s in positive) and all(
            self.sign(self.head[place[s]], s) != 0 for s in source.dependent
        )

    def find_roots(self) -> bool:
        """Isolate all real roots; False if every number is one."""
        names, coefficients = self.program.polynomial, list(self.polynomial)
        while coefficients and self.sign(coefficients[0], names[-len(coefficients)]) == 0:
            del coefficients[0]
        if not coefficients:
            return False
        try:
            self.roots = _simple_roots(coefficients)
            self.multiplicities = [1] * len(self.roots)
        except UndecidedError:
            if not self.exact:
                raise
            self.roots = [root for root, _, _ in self._factored]
            self.multiplicities = [multiplicity for _, multiplicity, _ in self._factored]
        return True

    def positive(self, value: arb, name: sp.Symbol, root: int | None = None) -> bool:
        """Whether a symbol is positive; remembers when it is exactly zero."""
        found = self.sign(value, name, root)
        self.boundary = self.boundary or found == 0
        return found > 0

    def admissible(self) -> list[int]:
        """The roots at which own squared wealth grows more slowly than the hazard rate."""
        name = self.program.source.admissible
        margins = [self.program.margin(self.absent, *self.head, root)[0] for root in self.roots]
        return [k for k, value in enumerate(margins) if self.positive(value, name, k)]

    def finite_response(self) -> bool:
        """Whether the competitors' wealth has finite second moments at given aggregates."""
        groups = self.program.conditions[: self.program.source.response_conditions]
        place = self.program.place
        values = {s: self.head[place[s]] for group, _ in groups for s in group}
        return self._all_positive(groups, values, None)

    def _all_positive(self, groups: Any, values: dict[sp.Symbol, arb], root: int | None) -> bool:
        result = True
        for group, void in groups:
            if not any(s.name in self.absent for s in void):
                result = all(self.positive(values[s], s, root) for s in group) and result
        return result

    def at_root(self, root: int, outputs: tuple[sp.Symbol, ...]) -> dict[sp.Symbol, arb]:
        """Outputs, divisors and conditions at a root; raises where a divisor is zero."""
        names, code = self.program.wanted(outputs)
        found = code(self.absent, *self.head, self.roots[root], *self.state)
        values = dict(zip(names, found))
        for name, switch in self.program.divisors:
            if switch is None or switch.name not in self.absent:
                if self.sign(arb(values[name]), name, root) == 0:
                    raise Degenerate
        # the outputs come first
        sharp = {name: self.sharp(values[name], name, root) for name in names[: len(outputs)]}
        return {name: arb(value) for name, value in values.items()} | sharp

    def finite(self, values: dict[sp.Symbol, arb], root: int) -> bool:
        """Whether second moments are finite when everybody plays the equilibrium."""
        groups = self.program.conditions[self.program.source.response_conditions :]
        return self._all_positive(groups, values, root)

    def outermost(self, admissible: Sequence[int]) -> int:
        """The admissible root that is the largest in the direction of the excess drift."""
        direction = self.program.direction
        rises = self.sign(self.head[self.program.place[direction]], direction) > 0
        return admissible[-1 if rises else 0]

    def most_valuable(
        self, admissible: Sequence[int], outputs: tuple[sp.Symbol, ...]
    ) -> tuple[int, dict[sp.Symbol, arb]]:
        """The equilibrium with the largest value at the state, and the outputs there.

        Roots with finite second moments come first; one at which the closed form is singular
        belongs to no equilibrium.
        """
        found: dict[int, dict[sp.Symbol, arb]] = {}
        for k in admissible:
            with suppress(Degenerate):
                found[k] = self.at_root(k, (*outputs, VALUE))
        if not found:
            raise Degenerate
        exist = [k for k in found if self.finite(found[k], k)]
        best, *others = exist or found
        for k in others:
            if found[k][VALUE] > found[best][VALUE]:
                best = k
            elif not found[k][VALUE] < found[best][VALUE]:
                raise UndecidedError("two roots have values that cannot be told apart.")
        return best, found[best]


def _ball(value: Number) -> arb:
    return arb(value) if isinstance(value, float) else arb(rational(value))


def _simple_roots(coefficients: Sequence[arb]) -> list[arb]:
    """All real roots, ascending; raises unless it is decided how many there are."""
    roots = real_roots_of_balls(list(coefficients[::-1]))
    if len(roots) != _number_of_roots(coefficients):
        raise UndecidedError("the number of real roots is not decided.")
    return sorted(roots, key=Ascending)


def _number_of_roots(coefficients: Sequence[arb]) -> int:
    """Number of real roots by the sign of the discriminant, for degree 0 to 3."""
    if len(coefficients) < 3:
        return len(coefficients) - 1
    if len(coefficients) == 3:
        a, b, c = coefficients
        discriminant, several, few = b * b - 4 * a * c, 2, 0
    else:
        a, b, c, d = coefficients
        discriminant = b * c * (18 * a * d + b * c) - 4 * (b * b * b * d + a * c * c * c)
        discriminant, several, few = discriminant - 27 * a * a * d * d, 3, 1
    if discriminant > 0:
        return several
    if discriminant < 0:
        return few
    raise UndecidedError("the sign of the discriminant is not decided.")
