"""Means and variances of the states in equilibrium, exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, arb_mat, fmpq

from eqsolve.program.program import Program, Quantity, Start
from eqsolve.solve.path import Backward, Constant, rational, time_to_go


@dataclass(frozen=True)
class InitialLaw:
    """Means and covariances of the states at time 0.

    Copies of a crowd start independently: the average over ``n`` of them has the variance of one
    over n, which is also its covariance with each.
    """

    means: Mapping[str, Fraction]
    covariances: Mapping[frozenset[str], Fraction]

    def expectation(self, exponents: Sequence[int], states: Sequence[str]) -> arb:
        """The expectation of a monomial of degree at most two in the states."""
        factors = [s for s, e in zip(states, exponents) for _ in range(e)]
        value = Fraction(1)
        for state in factors:
            value *= self.means[state]
        if len(factors) == 2:
            value += self.covariances.get(frozenset(factors), Fraction(0))
        return arb(rational(value))


def initial_law(
    start: Start, given: Mapping[str, Fraction], number: Callable[[Quantity], Fraction]
) -> InitialLaw:
    """The law of the states at time 0: as declared, or concentrated at what was given."""
    means = dict(zip(start.states, map(number, start.means)))
    covariances = {
        frozenset([state]): number(variance)
        for state, variance in zip(start.states, start.variances)
    }
    share = number(start.share)
    for law, state in start.averages:
        means[law] = means[state]
        variance = covariances[frozenset([state])] * share
        covariances[frozenset([law])] = variance
        covariances[frozenset([law, state])] = variance
    for law, state in start.spreads:
        means[law] = covariances[frozenset([state])]
    for state, value in given.items():
        means[state] = value
        covariances = {k: v for k, v in covariances.items() if state not in k}
    return InitialLaw(means, covariances)


@dataclass(frozen=True)
class Laws:
    """The first two moments of the states under the equilibrium feedback.

    A moment at time ``t1`` is a function of the state at time 0 that solves the backward equation
    of the closed-loop generator; it is integrated together with the coefficients.

    Attributes
    ----------
    program, parameters, path : the solution.
    initial : the law of the states at time 0.
    """

    program: Program
    parameters: Mapping[str, fmpq]
    path: Constant | Backward
    initial: InitialLaw

    @property
    def available(self) -> bool:
        """Whether the moments close and all initial values are known."""
        moments = self.program.moments
        return (
            moments is not None
            and moments.matrix is not None
            and all(s in self.initial.means for s in moments.states)
        )

    def moments(self, time: Fraction) -> dict[str, tuple[arb, arb]]:
        """Mean and variance of every state at a time."""
        moments = self.program.moments
        assert moments is not None
        states, size = moments.states, len(moments.states)
        once = [tuple(int(i == k) for i in range(size)) for k in range(size)]
        wanted = [moments.exponents.index(e) for e in once]
        wanted += [moments.exponents.index(tuple(2 * i for i in e)) for e in once]
        weights = self._weights(time, wanted)
        initial = [self.initial.expectation(e, states) for e in moments.exponents]
        expected = [sum((w * z for w, z in zip(row, initial)), arb(0)) for row in weights]
        return {
            s: (expected[i], expected[size + i] - expected[i] * expected[i])
            for i, s in enumerate(states)
        }

    def _weights(self, time: Fraction, wanted: list[int]) -> list[list[arb]]:
        """Of each wanted monomial at ``time``, its coefficients as a function of time 0."""
        moments, path = self.program.moments, self.path
        assert moments is not None and moments.matrix is not None
        size = len(moments.exponents)
        if isinstance(path, Constant):
            balls = moments.matrix.at(self.parameters).within(path.coefficients(Fraction(0)))
            power = (arb_mat(size, size, balls) * arb(rational(time))).exp()
            return [[power[i, j] for j in range(size)] for i in wanted]
        from eqsolve.arithmetic.taylor import integrate  # which needs NumPy

        start = path.coefficients(time)
        names = [f"w {i} {j}" for i in wanted for j in range(size)]
        balls = [start[u] for u in path.unknowns]
        balls += [arb(int(j == i)) for i in wanted for j in range(size)]
        # time runs backward from ``time``: the trajectory starts there
        moved = (moments.matrix, names)
        function = time_to_go(self.program, self.parameters, list(path.constants), time, moved)
        trajectory = integrate(function, [*balls, *path.constants.values()], rational(time))
        end = trajectory.at(rational(time))[len(path.unknowns) :]
        return [end[k * size : (k + 1) * size] for k in range(len(wanted))]
