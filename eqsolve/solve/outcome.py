"""What a player obtains when everybody plays a strategy, and what a brief deviation gains.

With the notion given this is not the value of the player's problem: the averages that the player
took as frozen follow the states.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, arb_mat

from eqsolve.numerics.status import Status
from eqsolve.program.program import Environment, Given, Outcome
from eqsolve.solve.decide import abscissa


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


def unplayable(given: Given, values: Environment) -> tuple[Status, str] | None:
    """Why the response of a solution is nobody's strategy, if it is not.

    Parameters
    ----------
    values : parameters and coefficients.
    """
    if any(value.contains(0) for value in given.nonzero.within(values)):
        return (
            Status.DEGENERATE,
            "The response does not determine a strategy: the fixed point of the averages over the "
            "others is singular.",
        )
    grown = None if given.play is None else abscissa(given.play, values)
    if grown is not None and not grown < 0:
        return (
            Status.INFINITE_VARIANCE if grown > 0 else Status.UNRESOLVED,
            "When everybody plays the strategy, expectations grow at least as fast as they are "
            "discounted.",
        )
    return None


def obtained(given: Given, values: Environment) -> Obtained | None:
    """What the first player obtains when everybody plays the strategy, of a stationary problem.

    Parameters
    ----------
    values : parameters, coefficients and states. All others are taken to be where their mean is.

    Returns
    -------
    None if the expectations do not follow from finitely many functions of the states.
    """
    growth, outcome = given.play, given.outcome
    if growth is None or growth.matrix is None or outcome is None:
        return None
    size = growth.size
    rates = arb_mat(size, size, growth.matrix.within(values)).transpose()
    identity = arb_mat(size, size, [arb(int(i == j)) for i in range(size) for j in range(size)])
    (rate,), (hazard,) = growth.rate.within(values), outcome.hazard.within(values)
    matrix = identity * rate - rates
    numbers = {**values, **outcome.seconds.within(values)}
    for expectation in outcome.expectations:
        parts = zip(expectation.payoff.within(values), expectation.running.within(values))
        right = [hazard * payoff + running for payoff, running in parts]
        try:
            solved = matrix.solve(arb_mat(size, 1, right))
        except ZeroDivisionError:
            return None
        numbers |= {letter: solved[i, 0] for i, letter in enumerate(expectation.letters)}
    (objective,) = outcome.objective.within(numbers)
    return Obtained(objective, _exploitability(outcome, numbers))


def _exploitability(outcome: Outcome, values: Environment) -> arb | None:
    slopes, size = outcome.slopes.within(values), outcome.controls
    matrix = arb_mat(size, size, outcome.bends.within(values))
    try:
        shift = matrix.solve(arb_mat(size, 1, slopes))
    except ZeroDivisionError:
        return None
    return sum((s * shift[i, 0] for i, s in enumerate(slopes)), arb(0)) / 2
