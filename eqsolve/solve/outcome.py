"""What a player obtains when everybody plays a strategy, and what a brief deviation gains.

With the notion given this is not the value of the player's problem: the averages that the player
took as frozen follow the states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import arb, arb_mat

from eqsolve.program.letters import Environment
from eqsolve.program.program import EDGE, Given, Outcome
from eqsolve.solve.growth import Followed, Rise
from eqsolve.status import Status

#: Of every moment, the coefficients of its expectation.
Expected = Sequence[Sequence[arb]]


@dataclass(frozen=True)
class Obtained:
    """What a player obtains.

    Attributes
    ----------
    objective : the preference at the state.
    exploitability : the largest rate of gain from a brief deviation; None if it is not bounded.
    """

    objective: arb
    exploitability: arb | None


@dataclass(frozen=True)
class Play:
    """The strategy of a solution when everybody plays it.

    Attributes
    ----------
    given : of the program.
    values : parameters and coefficients.
    single : whether there is one player only.
    """

    given: Given
    values: Environment
    single: bool = False

    @property
    def _same(self) -> Sequence[int]:
        return self.given.alone if self.single else ()

    def refused(self, finite: bool = False) -> tuple[Status, str] | None:
        """Why the response is nobody's strategy, if it is not; up to an end nothing is infinite."""
        if self._singular:
            if any(not v.is_finite() or float(v.rad()) >= EDGE for v in self._singular):
                return Status.UNRESOLVED, "Whether the fixed point is singular is not decided."
            return (
                Status.DEGENERATE,
                "The response does not determine a strategy: the fixed point of the averages over "
                "the others is singular.",
            )
        grown = None if finite else self.rise
        if grown is not None and grown.finite is not True:
            status = Status.UNRESOLVED if grown.finite is None else Status.INFINITE_VARIANCE
            return status, f"When everybody plays the strategy, {grown}."
        return None

    @cached_property
    def _singular(self) -> list[arb]:
        return [v for v in self.given.nonzero.within(self.values) if v.contains(0)]

    @property
    def undecided(self) -> bool:
        """Whether a decision rests on a ball around zero."""
        return bool(self._singular) or (self.rise is not None and self.rise.margin.contains(0))

    @cached_property
    def _followed(self) -> Followed | None:
        growth = self.given.play
        if growth is None or growth.matrix is None:
            return None
        return Followed(growth, self.values, self._same)

    @cached_property
    def rise(self) -> Rise | None:
        """How fast the first player's expectations grow; None if it is not known."""
        return None if self._followed is None else self._followed.rise(self.values)

    @property
    def second(self) -> arb | None:
        """The growth rate of second moments of the states, where it is known."""
        return None if self._followed is None else self._followed.second()

    def obtained(self, expected: Expected | None = None) -> Obtained | None:
        """What the first player obtains at the states; all others are where their mean is.

        Parameters
        ----------
        expected : of every moment, the coefficients of its expectation in the functions that are
            followed; None in a stationary problem, where they follow.

        Returns
        -------
        None if the expectations do not follow from finitely many functions of the states.
        """
        followed, outcome = self._followed, self.given.outcome
        if followed is None or outcome is None:
            return None
        expected = self.expected() if expected is None else expected
        if expected is None:
            return None
        averaged = outcome.products if self.single else outcome.seconds
        numbers = {**self.values, **averaged.within(self.values)}
        for expectation, weights in zip(outcome.expectations, expected):
            numbers |= dict.fromkeys(expectation.letters, arb(0))
            numbers |= {expectation.letters[k]: w for k, w in zip(followed.kept, weights)}
        (objective,) = outcome.objective.within(numbers)
        return Obtained(objective, _exploitability(outcome, numbers))

    def expected(self) -> Expected | None:
        """The expectations where nothing moves; None if they are not known to be finite."""
        followed, outcome = self._followed, self.given.outcome
        if followed is None or outcome is None:
            return None
        size = len(followed.kept)
        rates = arb_mat(size, size, [e for row in followed.rows for e in row]).transpose()
        identity = [arb(int(i == j)) for i in range(size) for j in range(size)]
        matrix = arb_mat(size, size, identity) * followed.discount - rates
        (hazard,) = outcome.hazard.within(self.values)
        found = []
        for expectation in outcome.expectations:
            parts = zip(
                expectation.payoff.within(self.values), expectation.running.within(self.values)
            )
            right = followed.merged([hazard * payoff + running for payoff, running in parts])
            try:
                solved = matrix.solve(arb_mat(size, 1, right))
            except ZeroDivisionError:
                return None
            found.append([solved[i, 0] for i in range(size)])
        return found


def _exploitability(outcome: Outcome, values: Environment) -> arb | None:
    slopes, size = outcome.slopes.within(values), outcome.controls
    matrix = arb_mat(size, size, outcome.bends.within(values))
    try:
        shift = matrix.solve(arb_mat(size, 1, slopes))
    except ZeroDivisionError:
        return None
    return sum((s * shift[i, 0] for i, s in enumerate(slopes)), arb(0)) / 2
