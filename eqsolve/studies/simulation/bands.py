"""Moments of a simulated population: exact values, estimates and confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy.special import ndtri

from eqsolve.arithmetic.ball import evaluate
from eqsolve.arithmetic.number import ball, precision, sign
from eqsolve.errors import NoSolutionError
from eqsolve.game import Game
from eqsolve.notated.published import Published
from eqsolve.solve.closed_form.loop import ClosedLoop
from eqsolve.solve.closed_form.point import PointSolver
from eqsolve.studies.simulation.population import M1, M2
from eqsolve.symbols import symbol

Array = NDArray[np.float64]

#: Working precision of the exact moments in bits.
BITS = 256


@dataclass(frozen=True)
class Band:
    """An estimate with its confidence interval and the exact value.

    Where fourth moments are infinite, the error of an estimate has no finite variance: standard
    error and interval are None.
    """

    estimate: float
    standard_error: float | None
    low: float | None
    high: float | None
    exact: float

    @property
    def inside(self) -> bool | None:
        """Whether the exact value lies in the interval; None without an interval."""
        if self.low is None or self.high is None:
            return None
        return self.low <= self.exact <= self.high

    def without_interval(self) -> Band:
        """The estimate and the exact value alone."""
        return Band(self.estimate, None, None, None, self.exact)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {**self.__dict__, "inside": self.inside}


def exact_moments(
    finite: Published,
    params: Mapping[str, Fraction],
    k: tuple[float, float, float],
    state: Mapping[str, Fraction],
) -> dict[str, float]:
    """Mean and variance of relative wealth at the horizon and the objective, in ball arithmetic.

    Raises
    ------
    NoSolutionError
        If second moments grow at least as fast as the hazard rate.
    """
    with precision(BITS):
        solver = PointSolver(finite, params)
        loop = ClosedLoop(finite, solver.values, solver.exact)
        rule = [ball(Fraction(value)) for value in k]
        abscissa, hazard = loop.abscissa(rule), solver.values[finite.parts.hazard]
        if sign(hazard - abscissa) <= 0:
            raise NoSolutionError(
                f"second moments grow at rate {float(abscissa):.6g}, not below the hazard rate "
                f"{float(hazard):.6g}: mean and variance at the horizon are not finite.",
                game=finite.name,
                stage="simulation",
                remedy="Use a feedback with finite second moments.",
            )
        moments = loop.moments(rule)
        point = {symbol(name): ball(value) for name, value in state.items()}
        others = finite.game.state_symbols[1]
        point[finite.parts.square] = loop.second_moment(point[others])
        values = solver.values | moments | point
        forms = loop.system.ansatz.functions.values()
        mean, square = (evaluate(form, values) for form in forms)
        return {
            "mean": float(mean),
            "variance": float(square - mean * mean),
            "J": float(loop.objective(moments, point)),
        }


def payoffs(
    game: Game,
    values: Mapping[sp.Symbol, sp.Rational],
    samples: Array,
    agents: int,
    alike: bool,
) -> Array:
    """(paths, moments): payoffs of the first agent, averaged over the agents if all are alike."""
    _, first, mean, square = samples.T
    rest = mean - first / agents
    if alike:
        products = _averages(mean, square, 1.0 / agents)
    else:
        products = {(2, 0): first * first, (1, 1): first * rest, (0, 2): rest * rest}
        products |= {(1, 0): first, (0, 1): rest, (0, 0): np.ones_like(first)}
    return np.stack(_payoffs(game, values, products), axis=1)


def average_payoffs(
    game: Game, values: Mapping[sp.Symbol, sp.Rational], agents: int
) -> list[sp.Expr]:
    """The payoffs averaged over agents, in the averages ``M1`` and ``M2`` of ``population``."""
    return _payoffs(game, values, _averages(M1, M2, 1.0 / agents))


def _averages(mean: Any, square: Any, share: float) -> dict[tuple[int, int], Any]:
    """Averages over agents of the powers of own wealth and of the others' aggregate."""
    flat = mean * mean
    return {
        (2, 0): square,
        (1, 1): flat - share * square,
        (0, 2): flat - 2 * share * flat + share * share * square,
        (1, 0): mean,
        (0, 1): mean - share * mean,
        (0, 0): 0 * mean + 1,
    }


def _payoffs(
    game: Game,
    values: Mapping[sp.Symbol, sp.Rational],
    products: Mapping[tuple[int, int], Any],
) -> list[Any]:
    x, y = game.state_symbols
    found = []
    for moment in game.preference.moments:
        terms = sp.Poly(moment.payoff.xreplace(dict(values)), x, y).terms()
        found.append(sum(float(c) * products[powers] for powers, c in terms))
    return found


def bands_of(
    game: Game,
    values: Mapping[sp.Symbol, sp.Rational],
    state: Mapping[str, Fraction],
    drawn: Array,
    truth: Mapping[str, float],
    confidence: float,
    spread: Array | None = None,
) -> dict[str, Band]:
    """Intervals by the delta method; estimates are corrected for their bias of order 1/paths.

    ``spread`` is the exact covariance matrix of the payoffs of one path, if it is known; that of
    the sample is too small as long as the rare paths of a heavy tail are missing.
    """
    mean, square = (moment.symbol for moment in game.preference.moments)
    point = {symbol(name): sp.Rational(v.numerator, v.denominator) for name, v in state.items()}
    aggregate = game.preference.aggregate.xreplace({**values, **point})
    functions = {"mean": mean, "variance": square - mean**2, "J": aggregate}
    paths = len(drawn)
    average = drawn.mean(axis=0)
    covariance = (np.cov(drawn.T) if spread is None else spread) / paths
    quantile = -float(ndtri((1 - confidence) / (2 * len(functions))))
    bands = {}
    for name, function in functions.items():
        evaluate = sp.lambdify((mean, square), function)
        slopes = sp.lambdify((mean, square), [sp.diff(function, m) for m in (mean, square)])
        slope = np.array(slopes(*average), float)
        bend = float(sp.diff(function, mean, 2))
        estimate = float(evaluate(*average)) - 0.5 * bend * float(covariance[0, 0])
        error = math.sqrt(float(slope @ covariance @ slope))
        low, high = estimate - quantile * error, estimate + quantile * error
        bands[name] = Band(estimate, error, low, high, truth[name])
    return bands
