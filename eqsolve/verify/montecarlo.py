"""Monte Carlo: moments of the payoffs at an exponential time, by simulation of the dynamics.

Under an affine feedback the states X of affine dynamics solve a linear equation. With Z = (X, 1),

    dZ = A Z dt + sum_k C_k Z dW^k,    Z_tau = Phi_tau Z_0,    payoff(X_tau) = Z_0' Phi' P Phi Z_0,

so one path of the flow Phi gives a sample of every coefficient of the expected payoff as a
polynomial of the initial state. The method uses the dynamics, the preference, the horizon and the
feedback, and nothing that was derived from them.

* Time steps: the simplified Taylor scheme of weak order two (Kloeden and Platen 1992, section
  14.2), with a step of at most 0.2/hazard that divides the horizon of the path, and with twice
  that step on the same noise. The estimate is extrapolated from both; the correction, an estimate
  of the error that the extrapolation removes, is added to what is allowed.
* Horizon: stratified, drawn at half the hazard rate and weighted by the ratio of the densities,
  which is below two. Long horizons, which dominate the variance, are drawn more often, and the
  variance is finite for every fourth moment that grows at less than 1.5 times the hazard rate.
* Noise: antithetic pairs.
* Confidence: paths come in independent batches with their own random streams, so the result does
  not depend on the number of threads; standard errors are those of the batch means, intervals
  are Student's, at a family-wise level by Bonferroni's inequality.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import sympy as sp
from scipy.special import stdtrit

from eqsolve.errors import InputError
from eqsolve.game import Game
from eqsolve.verify.check import Check
from eqsolve.verify.flow import STAGE, Array, batch, linear_of, require_finite
from eqsolve.verify.spike import (
    Exact,
    Number,
    affine_feedback,
    exact,
    parameters,
    require_exponential,
)

Statistic: TypeAlias = Callable[[Array], float]

BATCHES = 64
#: Relative size of the rounding errors of a mean, far above them and far below any effect.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Estimate:
    """A Monte Carlo estimate with its standard error and an allowance for the time steps."""

    value: float
    standard_error: float
    time_step: float


@dataclass(frozen=True)
class Sample:
    """Simulated flows: batch means of Phi' P Phi, arrays (batches, moments, D, D).

    ``fine`` and ``coarse`` differ in the time step and share the noise.
    """

    game: Game
    numbers: Exact
    fine: Array
    coarse: Array
    paths: int
    seed: int

    def estimate(self, function: Statistic) -> Estimate:
        """Jackknife estimate of a function of the expectations of Phi' P Phi, (moments, D, D)."""
        count = len(self.fine)
        # A scheme of order two leaves a third of the difference in the fine result.
        samples = self.fine + (self.fine - self.coarse) / 3
        mean = samples.mean(axis=0)
        left_out = np.array([function((count * mean - row) / (count - 1)) for row in samples])
        whole, average = function(mean), float(left_out.mean())
        error = math.sqrt((count - 1) / count * float(((left_out - average) ** 2).sum()))
        correction = abs(whole - function(self.fine.mean(axis=0)))
        return Estimate(count * whole - (count - 1) * average, error, correction)

    def checks(
        self,
        claimed: Mapping[str, Mapping[sp.Expr, Number]],
        objective: Mapping[tuple[Any, ...], Number],
        *,
        name: str,
        false_alarm: float,
    ) -> list[Check]:
        """Compare claims with the sample; see :func:`monte_carlo_checks`."""
        claims = [*self._coefficients(claimed), *self._objectives(objective)]
        found = [(label, value, self.estimate(function)) for label, value, function in claims]
        # A coefficient that vanishes on every path and in the claim is nothing to test.
        found = [row for row in found if row[1] != 0 or row[2].value != 0]
        level = 0.5 * false_alarm / max(len(found), 1)
        quantile = -float(stdtrit(len(self.fine) - 1, level))
        return [
            Check(
                name=f"{name}: {label}",
                game=self.game.name,
                kind="monte-carlo",
                value=value,
                reference=estimate.value,
                error=abs(value - estimate.value),
                allowed=quantile * estimate.standard_error
                + estimate.time_step
                + ROUNDING * max(abs(value), abs(estimate.value)),
                note=f"{self.paths} antithetic pairs of paths, seed {self.seed}: standard error"
                f" {estimate.standard_error:.2g}, allowance for time steps"
                f" {estimate.time_step:.2g}; false alarm of the family {false_alarm:g}.",
            )
            for label, value, estimate in found
        ]

    def _coefficients(
        self, claimed: Mapping[str, Mapping[sp.Expr, Number]]
    ) -> Iterator[tuple[str, float, Statistic]]:
        """Label, claim and statistic of every coefficient of the claimed moments."""
        names = [moment.name for moment in self.game.preference.moments]
        factors = [*self.game.state_symbols, sp.S.One]
        for moment, coefficients in claimed.items():
            if moment not in names:
                raise InputError(
                    f"the game has no moment {moment}.", game=self.game.name, stage=STAGE
                )
            rest = {
                sp.S.Zero + key: float(exact(value, f"coefficient of {key}"))
                for key, value in coefficients.items()
            }
            k = names.index(moment)
            for i, j in itertools.combinations_with_replacement(range(len(factors)), 2):
                monomial = factors[i] * factors[j]
                yield (
                    f"coefficient of {monomial} in {moment}",
                    rest.pop(monomial, 0.0),
                    partial(_coefficient, at=(k, i, j)),
                )
            if rest:
                raise InputError(
                    f"{next(iter(rest))} is not a monomial of degree two in the states.",
                    game=self.game.name,
                    stage=STAGE,
                )

    def _objectives(
        self, objective: Mapping[tuple[Any, ...], Number]
    ) -> Iterator[tuple[str, float, Statistic]]:
        """Label, claim and statistic of the objective at each state, frozen in the preference."""
        preference, symbols = self.game.preference, self.game.state_symbols
        for state, value in objective.items():
            if len(state) != len(symbols):
                raise InputError("a state has the wrong length.", game=self.game.name, stage=STAGE)
            point = {s: exact(v, str(s)) for s, v in zip(symbols, state, strict=True)}
            aggregate = preference.aggregate.xreplace({**self.numbers, **point})
            yield (
                f"objective at {', '.join(f'{s}={float(v):g}' for s, v in point.items())}",
                float(exact(value, "an objective")),
                partial(
                    _objective,
                    aggregate=sp.lambdify([m.symbol for m in preference.moments], aggregate),
                    start=np.array([*map(float, point.values()), 1.0]),
                ),
            )


def _coefficient(matrices: Array, at: tuple[int, int, int]) -> float:
    """Coefficient of a product of two different factors or of a square."""
    return float(matrices[at]) * (1 if at[1] == at[2] else 2)


def _objective(matrices: Array, aggregate: Callable[..., float], start: Array) -> float:
    """Preference at the moments of a start (X, 1)."""
    return float(aggregate(*(start @ matrix @ start for matrix in matrices)))


def simulate(
    game: Game,
    feedback: Mapping[sp.Expr, Number],
    values: Mapping[sp.Symbol, Number],
    *,
    paths: int,
    seed: int,
    threads: int = 1,
) -> Sample:
    """Simulate the flow of a game under a feedback; see :func:`monte_carlo_checks`."""
    require_exponential(game, STAGE)
    if paths < BATCHES or threads < 1:
        raise InputError(
            f"paths must be at least {BATCHES} and threads at least 1.",
            game=game.name,
            stage=STAGE,
        )
    numbers = parameters(game, values)
    linear = linear_of(game, affine_feedback(game, feedback), numbers)
    require_finite(game, linear)
    system = linear.system()
    fine = np.zeros((BATCHES, *linear.payoffs.shape))
    coarse = np.zeros_like(fine)
    each = paths // BATCHES
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(BATCHES)]

    def run(k: int) -> None:
        batch(streams[k], each, linear.hazard, system, linear.payoffs, fine[k], coarse[k])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, range(BATCHES)))
    return Sample(game, numbers, fine, coarse, each * BATCHES, seed)


def monte_carlo_checks(
    game: Game,
    feedback: Mapping[sp.Expr, Number],
    values: Mapping[sp.Symbol, Number],
    claimed: Mapping[str, Mapping[sp.Expr, Number]],
    *,
    paths: int,
    seed: int,
    name: str,
    objective: Mapping[tuple[Any, ...], Number] | None = None,
    false_alarm: float = 1e-6,
    threads: int = 1,
) -> list[Check]:
    """Compare claimed moments of the payoffs and claimed objectives with a simulation.

    Parameters
    ----------
    game : affine drifts and loadings, payoffs of degree two, exponential horizon.
    feedback : coefficients of the states and of 1, keyed by the monomial.
    values : parameters by symbol; abbreviations of the game that are absent are computed.
    claimed : for moments by name, the coefficients by monomial of the states. Monomials that are
        absent are claimed to be zero.
    paths : number of antithetic pairs of paths, rounded down to a multiple of 64.
    seed : seed of the random streams; equal seeds give equal results for any ``threads``.
    name : what is checked, the start of the names of the checks.
    objective : claimed values of the aggregate, keyed by the tuple of the states.
    false_alarm : probability that any check of this call fails although every claim is true.
    threads : threads that simulate.

    Returns
    -------
    One check for each coefficient and each objective: ``error`` is the distance of claim and
    estimate, ``allowed`` the half-width of the interval plus the allowance for the time steps.

    Raises
    ------
    InputError
        If a number is missing or not finite, if a claim concerns no moment or monomial of the
        game, or if there are fewer paths than batches.
    NoSolutionError
        If the second moments at the horizon or the variance of the estimates are infinite.
    DerivationError
        If the game is outside the scope of the method.
    """
    sample = simulate(game, feedback, values, paths=paths, seed=seed, threads=threads)
    return sample.checks(claimed, objective or {}, name=name, false_alarm=false_alarm)
