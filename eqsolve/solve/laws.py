"""Means and variances of the states in equilibrium, exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import sympy as sp
from flint import arb, arb_mat

from eqsolve.arithmetic.function import Function
from eqsolve.arithmetic.taylor import integrate
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.fixed_point import second_moments
from eqsolve.solve.growth import GrowthSystem, follow
from eqsolve.solve.path import Backward, Constant, rational, time_to_go


@dataclass(frozen=True)
class InitialLaw:
    """Means and covariances of the states at time 0.

    Copies of a crowd start independently: the average over ``n`` of them has the variance of one
    over n, which is also its covariance with each.
    """

    means: Mapping[sp.Symbol, Fraction]
    covariances: Mapping[frozenset[sp.Symbol], Fraction]

    def expectation(self, function: sp.Expr, states: Sequence[sp.Symbol]) -> arb:
        """The expectation of a monomial of degree at most two in the states."""
        if function == 1:
            return arb(1)
        (exponents,) = sp.Poly(function, *states).monoms()
        factors = [s for s, e in zip(states, exponents) for _ in range(e)]
        value = Fraction(1)
        for state in factors:
            value *= self.means[state]
        if len(factors) == 2:
            value += self.covariances.get(frozenset(factors), Fraction(0))
        return arb(rational(value))


def _states(derivation: Derivation) -> tuple[sp.Symbol, ...]:
    """All but averages of products: their variances are of the fourth degree."""
    products = second_moments(derivation.solved.game)
    return tuple(s for s in derivation.states if s not in products)


def _basis(derivation: Derivation) -> GrowthSystem:
    """Monomials up to degree two of every state; no matrix if they lead to other functions."""
    states = _states(derivation)

    def quadratic(function: sp.Expr) -> bool:
        inside = function.free_symbols <= {*states} and function.is_polynomial(*states)
        return bool(inside and (function == 1 or sp.Poly(function, *states).total_degree() <= 2))

    played = derivation.played
    start = [*states, *(s**2 for s in states)]
    found = follow(played, played.systems[0], start, quadratic)
    if found.matrix is None:
        return found
    # coefficients of the strategy in those that move at known rates
    spelled = derivation.spelled
    rows = tuple(tuple(e.xreplace(spelled) for e in row) for row in found.matrix)
    return replace(found, matrix=rows)


@dataclass(frozen=True)
class Laws:
    """The first two moments of the states under the equilibrium feedback.

    A moment at time ``t1`` is a function of the state at time 0 that solves the backward equation
    of the closed-loop generator; it is integrated together with the coefficients.

    Attributes
    ----------
    derivation, parameters, path : the solution.
    initial : the law of the states at time 0.
    """

    derivation: Derivation
    parameters: Mapping[sp.Symbol, sp.Rational]
    path: Constant | Backward
    initial: InitialLaw

    @cached_property
    def states(self) -> tuple[sp.Symbol, ...]:
        """Those whose moments are wanted."""
        return _states(self.derivation)

    @property
    def basis(self) -> GrowthSystem:
        """Monomials up to degree two of every state, closed under the generator."""
        return self.derivation.once(_basis)

    @property
    def available(self) -> bool:
        """Whether all initial values are known and the moments close."""
        known = all(s in self.initial.means for s in self.states)
        return known and self.basis.matrix is not None

    def moments(self, time: Fraction) -> dict[sp.Symbol, tuple[arb, arb]]:
        """Mean and variance of every state at a time."""
        functions = self.basis.functions
        first = [functions.index(s) for s in self.states]
        second = [functions.index(s**2) for s in self.states]
        weights = self._weights(time, [*first, *second])
        initial = [self.initial.expectation(f, self.states) for f in functions]
        expected = [sum((w * z for w, z in zip(row, initial)), arb(0)) for row in weights]
        size = len(self.states)
        return {
            s: (expected[i], expected[size + i] - expected[i] * expected[i])
            for i, s in enumerate(self.states)
        }

    def _weights(self, time: Fraction, wanted: list[int]) -> list[list[arb]]:
        """Of each wanted function at ``time``, its coefficients as a function of time 0."""
        matrix = self.basis.matrix
        assert matrix is not None
        size = len(matrix)
        if isinstance(self.path, Constant):
            values = self.path.coefficients(Fraction(0))
            names = sorted(
                set().union(*(e.free_symbols for row in matrix for e in row))
                - set(self.parameters),
                key=lambda s: s.name,
            )
            entries = [e.xreplace(dict(self.parameters)) for row in matrix for e in row]
            balls = Function(entries, names)([values[n] for n in names])
            power = (arb_mat(size, size, balls) * arb(rational(time))).exp()
            return [[power[i, j] for j in range(size)] for i in wanted]
        path = self.path
        unknowns = path.unknowns
        start = path.coefficients(time)
        rates = dict(self.derivation.system.rates)
        moving: list[sp.Symbol] = list(unknowns)
        balls = [start[u] for u in unknowns]
        for i in wanted:
            row = [sp.Dummy(f"w{i}_{j}") for j in range(size)]
            for j in range(size):
                # -w' = M^T w
                rates[row[j]] = -sp.Add(*(matrix[k][j] * row[k] for k in range(size)))
            moving += row
            balls += [arb(int(j == i)) for j in range(size)]
        # time runs backward from ``time``: the trajectory starts there
        function = time_to_go(rates, moving, self.parameters, path.constants, time)
        trajectory = integrate(function, [*balls, *path.constants.values()], rational(time))
        end = trajectory.at(rational(time))[len(unknowns) :]
        return [end[k * size : (k + 1) * size] for k in range(len(wanted))]
