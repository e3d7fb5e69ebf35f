"""Simulation of a finite population under an affine feedback, against the exact moments.

The dynamics, the payoffs and the horizon are read off the declaration of the game; the feedback is
the equilibrium's or the user's. The exact moments come from the closed moment system of the same
feedback, which the simulation does not use.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from eqsolve.answers import Tabled, by_errors
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.game import Game
from eqsolve.notated.published import Published
from eqsolve.parameters import exact, parameters, require
from eqsolve.schemas import SCHEMA
from eqsolve.solve.closed_form.point import joint_conditions
from eqsolve.studies.simulation.bands import (
    Band,
    average_payoffs,
    bands_of,
    exact_moments,
    payoffs,
)
from eqsolve.studies.simulation.normals import MOST_PATHS
from eqsolve.studies.simulation.population import Population
from eqsolve.studies.simulation.wealth import Feedback, Market, simulate_paths
from eqsolve.values import exact_values
from eqsolve.words.equilibrium import solve as solve_point

Array = NDArray[np.float64]

#: Longest step times the largest rate of the problem.
STEP = 0.1
#: Paths handed to a thread at a time.
PART = 64
#: Largest number of agents.
MOST_AGENTS = 10**8
#: Largest number of agents times paths times expected steps: some hours.
MOST_WORK = 1e13

_STAGE = "simulation"


@dataclass(frozen=True)
class Simulation(Tabled):
    """A simulated population.

    Attributes
    ----------
    game, params : the game of the feedback and its parameters.
    agents, paths, seed, step : what was simulated; ``step`` is the longest time step.
    feedback : coefficients of own wealth, of the others' aggregate and of 1.
    state : wealth ``x`` of the first agent and aggregate ``y`` of the others at the start.
    confidence : probability that all intervals cover, if the estimates are normal; their variance
        is exact where all agents start alike, and estimated otherwise.
    finite_fourth_moments : whether fourth moments at the horizon are finite (if agents start with
        different wealth, in the limit of many agents); if not, estimates have no intervals.
    agent_steps : number of agents times time steps.
    bands : mean and variance of relative wealth at the horizon, and the objective ``J``.
    samples : (paths, 4): horizon, wealth of the first agent, average wealth, average square.
    """

    game: str
    params: Mapping[str, float]
    agents: int
    paths: int
    seed: int
    step: float
    feedback: Mapping[str, float]
    state: Mapping[str, float]
    confidence: float
    finite_fourth_moments: bool
    agent_steps: int
    bands: Mapping[str, Band]
    samples: Array

    @property
    def heading(self) -> str:
        """What was simulated, in a line."""
        return f"{self.game}: {self.agents} agents on {self.paths} paths, seed {self.seed}"

    def table(self) -> dict[str, dict[str, Any]]:
        """Estimates with their intervals and exact values, a row for each moment."""
        return dict(self.to_dict()["moments"])

    def bars(self) -> tuple[str, dict[str, float]]:
        """How far estimates are from exact values, in standard errors."""
        return by_errors(self.table())

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "schema": SCHEMA,
            "game": self.game,
            "params": dict(self.params),
            "agents": self.agents,
            "paths": self.paths,
            "seed": self.seed,
            "step": self.step,
            "feedback": dict(self.feedback),
            "at": dict(self.state),
            "confidence": self.confidence,
            "finite_fourth_moments": self.finite_fourth_moments,
            "agent_steps": self.agent_steps,
            "moments": {name: band.to_dict() for name, band in self.bands.items()},
        }


def market(game: Game, values: Mapping[sp.Symbol, sp.Rational]) -> Market:
    """Return ``(r, B, nu, sigma, e)`` of own wealth as the game declares it.

    Raises
    ------
    InputError
        If the drift of own wealth is not affine in wealth and control, or a loading is not
        proportional to the control.
    """
    own, control = game.states[0], game.control
    shared = {noise for state in game.states[1:] for noise in state.loadings}
    drift = sp.Poly(own.drift.xreplace(dict(values)), own.symbol, control)
    loads = {"own": 0.0, "common": 0.0}
    good = drift.total_degree() <= 1
    for noise, loading in own.loadings.items():
        part = sp.Poly(loading.xreplace(dict(values)), control)
        good &= part.degree() <= 1 and part.coeff_monomial(1) == 0
        kind = "common" if noise in shared else "own"
        good &= loads[kind] == 0
        loads[kind] = float(part.coeff_monomial(control))
    require(
        good and not drift.free_symbols_in_domain,
        "only wealth with a drift affine in wealth and control and noise proportional to the "
        "control can be simulated.",
        game=game.name,
    )
    r, B, constant = (float(drift.coeff_monomial(m)) for m in (own.symbol, control, 1))
    return r, B, loads["own"], loads["common"], constant


def finite_feedback(k: tuple[float, float, float], agents: int) -> Feedback:
    """The slopes of a position in deviation, mean and own wealth, for ``agents`` agents."""
    share = 1.0 / agents
    return k[0] - share * k[1], k[0] + (1.0 - share) * k[1], k[0], k[2], 1.0


def limit_feedback(k: tuple[float, float, float]) -> Feedback:
    """The same for a continuum: own noises do not move the mean."""
    return k[0], k[0] + k[1], k[0], k[2], 0.0


def longest_step(hazard: float, world: Market, feedback: Feedback) -> float:
    """The time step for which the largest rate of the problem moves little."""
    r, B, nu, sigma, _ = world
    slopes = feedback[:3]
    rates = [hazard, *(abs(r + B * s) for s in slopes)]
    rates += [v * v * s * s for v in (nu, sigma) for s in slopes]
    return STEP / max(rates)


def fourth_moment_growth(world: Market, feedback: Feedback) -> float:
    """Growth rate of fourth moments of own wealth in the limit of many agents."""
    r, B, nu, sigma, _ = world
    slope, mean_slope, own, _, _ = feedback
    rates = []
    for a in range(5):
        b = 4 - a
        load = a * slope + b * mean_slope
        common = load * load - a * slope**2 - b * mean_slope**2
        rates.append(4 * r + B * load + sigma**2 * common / 2 + (nu * own) ** 2 * (a * a - a) / 2)
    return max(rates)


def in_parts(
    run: Callable[[slice, NDArray[np.uint8]], int], paths: int, threads: int | None
) -> int:
    """Call ``run`` for all parts of the paths and return the sum of its results.

    It is given a flag, too: once that is set, as by an interruption, it shall return.
    """
    parts = [slice(k, min(k + PART, paths)) for k in range(0, paths, PART)]
    halt = np.zeros(1, np.uint8)
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        try:
            return sum(pool.map(lambda part: run(part, halt), parts))
        except BaseException:
            halt[0] = 1
            raise


def require_bounded(agents: int, paths: int, hazard: float, longest: float, *, game: str) -> None:
    """Refuse work that nobody can wait for, and numbers of steps that no integer holds.

    Raises
    ------
    InputError
        If the expected number of agents times paths times steps exceeds :data:`MOST_WORK`.
    """
    steps = max(1.0, 1 / hazard / longest if hazard * longest else math.inf)
    work = agents * paths * steps
    require(
        work <= MOST_WORK,
        f"{agents} agents on {paths} paths of about {steps:.3g} steps are {work:.3g} agent-steps, "
        f"more than {MOST_WORK:.0e}: choose fewer, or longer steps.",
        game=game,
    )


def simulate(
    model: Published,
    finite: Published | None,
    *,
    agents: int,
    paths: int,
    seed: int,
    equilibrium: str = "given-aggregate",
    feedback: Mapping[str, object] | None = None,
    at: Mapping[str, object] | None = None,
    step: float | None = None,
    confidence: float = 0.99,
    threads: int | None = None,
    **given: object,
) -> Simulation:
    """Simulate a population of agents who all use one affine feedback of own and others' wealth.

    Parameters
    ----------
    model : a game of finitely many agents, or one of a continuum, whose feedback they then use.
    finite : the same game of finitely many agents.
    agents, paths : numbers of agents and of independent paths.
    seed : nonnegative integer; a path depends on the seed, its number and ``step``, and on
        nothing else.
    equilibrium : notion whose feedback is used.
    feedback : instead, the coefficients of ``x``, ``y`` and ``1``; absent ones are 0.
    at : wealth ``x`` of the first agent and aggregate ``y = (1/n) sum of the others' wealth``,
        who share it equally; by default everybody has wealth ``x = 1``.
    step : longest time step; by default a tenth of the shortest time scale.
    confidence : of all intervals together.
    threads : number of threads (default: all); the result does not depend on it.
    given : the parameters, without ``n``.

    Raises
    ------
    InputError
        For anything wrong with the input.
    NoSolutionError
        If there is no equilibrium, or second moments at the horizon are infinite.
    """
    game = model.name
    if finite is None:
        raise InputError("it has no number of agents to simulate.", game=game, stage="input")
    whole: tuple[tuple[str, object, int, int], ...] = (
        ("number of agents", agents, 1, MOST_AGENTS),
        ("number of paths", paths, 2, MOST_PATHS),
        ("seed", seed, 0, 2**64 - 1),
    )
    for name, number, least, most in whole:
        good = isinstance(number, int) and least <= number <= most
        require(good, f"the {name} must be from {least} to {most}.", game=game)
    require(0 < confidence < 1, "the confidence must lie between 0 and 1.", game=game)
    require(step is None or 0 < step < math.inf, "the step must be positive.", game=game)
    require(threads is None or threads >= 1, "the number of threads must be positive.", game=game)
    count, rate = finite.parts.size.name, finite.parts.hazard.name
    if exact(count, given.pop(count, agents), game=game) != agents:
        raise InputError(
            f"{count} is the number of agents: give one of the two.", game=game, stage="input"
        )
    params = parameters({**given, count: agents}, finite.parameters, game=game)
    joint_conditions(finite, params, game=game)
    k = _feedback(model, params, equilibrium, feedback)
    values = exact_values(finite, params)
    start, (own, others, _) = _start(agents, at or {}, model), model.monomials
    world, slopes = market(finite.game, values), finite_feedback(k, agents)
    truth = exact_moments(finite, params, k, start)
    hazard = float(params[rate])
    longest = longest_step(hazard, world, slopes) if step is None else step
    require_bounded(agents, paths, hazard, longest, game=game)
    begin = np.full(agents, float(start[others] / (1 - Fraction(1, agents))) if agents > 1 else 0.0)
    begin[0] = float(start[own])
    samples = np.empty((paths, 4))

    def run(part: slice, halt: NDArray[np.uint8]) -> int:
        return simulate_paths(
            np.uint64(seed), part.start, hazard, longest, world, slopes, begin, samples[part], halt
        )

    work = in_parts(run, paths, threads)
    alike = bool((begin == begin[0]).all())
    drawn = payoffs(finite.game, values, samples, agents, alike)
    finite_fourth, spread = fourth_moment_growth(world, slopes) < hazard, None
    if alike:
        rule = (k[0] - k[1] / agents, k[1], k[2])
        population = Population(world, rule, agents, hazard, float(begin[0]))
        finite_fourth = population.finite
        if finite_fourth:
            spread = population.covariance(average_payoffs(finite.game, values, agents))
    bands = bands_of(finite.game, values, start, drawn, truth, confidence, spread)
    if not finite_fourth:
        bands = {name: band.without_interval() for name, band in bands.items()}
    if not np.isfinite(samples).all():
        raise NoSolutionError("a path left the range of double precision.", game=game, stage=_STAGE)
    return Simulation(
        game,
        {name: float(v) for name, v in params.items()},
        agents,
        paths,
        seed,
        longest,
        dict(zip(model.monomials, k)),
        {name: float(v) for name, v in start.items()},
        confidence,
        finite_fourth,
        work,
        bands,
        samples,
    )


def _feedback(
    model: Published,
    params: Mapping[str, Fraction],
    equilibrium: str,
    chosen: Mapping[str, object] | None,
) -> tuple[float, float, float]:
    game = model.name
    if chosen is not None:
        known = ", ".join(model.monomials)
        strange = set(chosen) - set(model.monomials)
        require(not strange, f"a feedback has coefficients of {known}.", game=game)
        x, y, one = (float(exact(m, chosen.get(m, 0), game=game)) for m in model.monomials)
        return x, y, one
    own: dict[str, Any] = {name: params[name] for name in model.parameters}
    answer = solve_point(model, equilibrium=equilibrium, **own)
    if not answer.ok:
        raise NoSolutionError(answer.message, game=game, stage=answer.status)
    strategy = answer.numbers["strategy"]
    of_own, of_others, constant = (strategy[name] for name in model.monomials)
    return of_own, of_others, constant


def _start(agents: int, at: Mapping[str, object], model: Published) -> dict[str, Fraction]:
    game, (own, others, _) = model.name, model.monomials
    require(set(at) <= {own, others}, f"a state has {own} and {others}.", game=game)
    x = exact(own, at.get(own, 1), game=game)
    y = exact(others, at.get(others, x * (1 - Fraction(1, agents))), game=game)
    require(agents != 1 or y == 0, f"a single agent has no competitors: {others} is 0.", game=game)
    return {own: x, others: y}
