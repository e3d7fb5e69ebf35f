"""Monte Carlo of a game under a strategy: what the players' moments and objectives are.

All states of all copies move by the declared drifts, loadings and jumps, in steps of Euler and
Maruyama of length h, 2h and 4h along the same noises. The three give an estimate free of the terms
of order h, and one of what is left (Talay and Tubaro 1990; Richardson's extrapolation).

Two devices reduce the variance; both have expectation zero whatever the claimed functions are, so
that they cannot hide a wrong value: stochastic integrals of the functions' gradients against the
noises, and at a random horizon the functions' compensated last values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from eqsolve.arithmetic.function import Function
from eqsolve.errors import DerivationError, InputError, NoSolutionError
from eqsolve.game import Moment, Player, t
from eqsolve.game.world import Dynamics
from eqsolve.studies.coordinates import coordinates
from eqsolve.studies.curves import Curves, interpolated
from eqsolve.studies.equilibrium import Equilibrium
from eqsolve.studies.estimates import Band, Simulation
from eqsolve.studies.moments import Moments

Array = NDArray[np.float64]

#: Paths that are simulated together: arrays of this length stay in a processor's cache.
CHUNK = 1 << 12
#: Bounds on paths, and on paths times steps times states.
MOST_PATHS, MOST_WORK = 10**7, 2 * 10**10
#: Seeds are words of the generator's key.
_LAST_SEED = 2**64 - 1
#: Groups of paths of similar length at a random horizon.
_GROUPS = 8
#: Least number of the longest steps: with fewer the extrapolation means nothing.
_LEAST = 4
#: Lengths of steps of the levels.
_WIDTHS = (1, 2, 4)
_STAGE = "simulation"


def simulate(
    claim: Equilibrium,
    *,
    paths: int = 20_000,
    seed: int = 1,
    step: float | None = None,
) -> Simulation:
    """Simulate a game under a strategy from its start.

    Parameters
    ----------
    claim : game, parameters, strategy and start. For a planner of the law the first player's state
        is drawn from a Gaussian law with the means and variances that the start gives.
    paths : number of paths.
    seed : of the random numbers.
    step : longest step in units of time; by default 1/48 of the expected horizon, or less where the
        drift is fast.

    Raises
    ------
    InputError
        If a number makes no sense or the work exceeds ``MOST_WORK``.
    NoSolutionError
        If a path leaves the range of double precision, or variances are infinite.
    DerivationError
        If the game cannot be simulated: the error names what.
    """
    return Simulator(claim).run(paths=paths, seed=seed, step=step)


def _refused(claim: Equilibrium, text: str) -> InputError:
    return InputError(text, game=claim.game.name, stage=_STAGE)


@dataclass(frozen=True)
class _Row:
    """One moment of one player in the letters of all copies."""

    player: Player
    moment: Moment
    running: sp.Expr
    payoff: sp.Expr
    excess: sp.Expr
    function: sp.Expr


class Simulator:
    """What simulations of one equilibrium have in common: programs of its steps."""

    def __init__(self, claim: Equilibrium) -> None:
        self.claim = claim
        self.sources = [Moments(claim, player) for player in claim.game.players]
        self.dynamics: Dynamics = self.sources[0].closed
        self.least = min(self._constant(source.rates[1]) for source in self.sources)
        self.kill = 0.0 if claim.end is not None else float(self.least)
        letters = [s for s in claim.derivation.system.unknowns if s not in claim.letters]
        self.curves: list[tuple[list[sp.Symbol], Curves]] = [
            ([*claim.letters, *letters], claim.curves([*claim.letters, *letters])),
            ([*claim.moving], claim.moved),
        ]
        self.rows = [row for source in self.sources for row in self._rows(source)]
        self.starts = self._starts()
        self._compile()

    @cached_property
    def longest(self) -> float:
        """A step that is short against the horizon and against the drift's fastest rate."""
        return self._longest()

    def run(self, *, paths: int, seed: int = 1, step: float | None = None) -> Simulation:
        """Simulate; see :func:`simulate`."""
        if not 2 <= paths <= MOST_PATHS:
            raise _refused(self.claim, f"the number of paths must be from 2 to {MOST_PATHS}.")
        if not 0 <= seed <= _LAST_SEED:
            raise _refused(self.claim, f"the seed must be from 0 to {_LAST_SEED}.")
        if step is not None and not (0 < step < math.inf):
            raise _refused(self.claim, "the step must be a positive number.")
        return _Run(self, max(paths, 2 * len(self.starts)), seed, step or self.longest).simulation()

    def _constant(self, rate: sp.Expr) -> sp.Expr:
        if rate.free_symbols:
            if self.claim.end is None:
                raise self.claim.game.error(
                    "an infinite horizon with a rate that depends on time is not simulated.",
                    stage=_STAGE,
                )
            return sp.S.Zero
        return rate

    def _rows(self, source: Moments) -> list[_Row]:
        """The player's moments, with functions for the variance reduction."""
        hazard, rate = source.rates
        functions = self._functions(source)
        return [
            _Row(
                source.player,
                moment,
                running.xreplace(source.played) + hazard * payoff,
                payoff,
                rate - self.least if self.kill else rate,
                functions.get(moment.name, sp.S.Zero),
            )
            for moment, payoff, running in source.rows
        ]

    def _functions(self, source: Moments) -> dict[str, sp.Expr]:
        """Any functions do; the claimed ones make the variance small."""
        claim, world = self.claim, self.claim.world
        notion = claim.game.notion
        if notion == "feedback":
            return {
                m.name: world.functional(claim.model.ansatz.functions[m.name])(
                    world.first.states, world.places
                ).xreplace(claim.numbers)
                for m in source.player.preference.moments
            }
        try:
            names = [[sp.Dummy() for _ in source.basis] for _ in source.rows]
        except DerivationError:
            return {}
        flat = [name for row in names for name in row]
        self.curves.append(
            (
                flat,
                interpolated(
                    lambda times: source.values(times).reshape(len(times), -1),
                    claim.end,
                    1e-13,
                    claim.stretches,
                ),
            )
        )
        monomials = [source.monomial(e) for e in source.basis]
        return {
            m.name: sp.Add(*(n * f for n, f in zip(row, monomials, strict=True)))
            for (m, *_), row in zip(source.rows, names, strict=True)
        }

    def _starts(self) -> list[tuple[float, Array]]:
        """Weighted starting points of all states."""
        claim = self.claim
        states = [s for s in self.dynamics.states if s in claim.begin]
        copies = len(self.dynamics.states) // len(states)
        begin = np.tile([float(claim.begin[s]) for s in states], copies)
        return claim.spread(begin) if claim.derivation.rewritten else [(1.0, begin)]

    def _longest(self) -> float:
        """A step that is short against the horizon and against the drift's fastest rate."""
        claim, states = self.claim, self.dynamics.states
        letters, curves = self.curves[0]
        drift = Function(self.dynamics.drift.values(), [*states, *letters, t])
        end = 1 / self.kill if claim.end is None else float(claim.end)
        if claim.hazard is not None:
            # most have been struck long before a late end
            end = min(end, claim.hazard.reached(1.0) or end)
        shortest = end / 48
        begin = [float(claim.begin.get(s, 1)) for s in states]
        for time in (0.0, end / 2, end):
            here = [*begin, *map(float, curves(np.array([time]))[:, 0]), time]
            _, rows = drift.jacobian(here)
            matrix = np.array([[row.get(k, 0.0) for k in range(len(states))] for row in rows])
            if np.all(np.isfinite(matrix)):
                fastest = float(np.abs(np.linalg.eigvals(matrix)).max(initial=0.0))
                shortest = min(shortest, 0.2 / fastest) if fastest > 0 else shortest
        return shortest

    def _compile(self) -> None:
        """One program for everything that a step needs."""
        states = self.dynamics.states
        self.letters = [name for names, _ in self.curves for name in names]
        self.chart = coordinates(self.claim.model, self.dynamics)
        parts = self.chart.dynamics
        outputs: list[sp.Expr] = list(parts.drift.values())
        self.loads = [(k, states.index(s)) for k, n in enumerate(parts.noises) for s in n]
        outputs += [e for n in parts.noises for e in n.values()]
        self.sizes = [(k, states.index(s)) for k, (_, n) in enumerate(parts.jumps) for s in n]
        outputs += [rate for rate, _ in parts.jumps]
        outputs += [e for _, n in parts.jumps for e in n.values()]
        for row in self.rows:
            self._defined(row)
            outputs += [row.running, row.payoff, row.excess, row.function]
            outputs += [
                sp.Add(*(e * sp.diff(row.function, s) for s, e in noise.items()))
                for noise in self.dynamics.noises
            ]
            outputs += [
                row.function.xreplace({s: s + e for s, e in sizes.items()}) - row.function
                for _, sizes in self.dynamics.jumps
            ]
        self.program = Function(outputs, [*states, *self.letters, t])

    def _defined(self, row: _Row) -> None:
        """Refuse an objective that divides by zero, as a power utility in its logarithmic case."""
        parts = (row.running, row.payoff, row.excess, row.function)
        if any(part.has(sp.nan, sp.zoo, sp.oo, -sp.oo) for part in parts):
            raise InputError(
                f"the objective of {row.player.name} divides by zero at these parameters.",
                game=self.claim.game.name,
                stage=_STAGE,
                remedy="Give others: power utility x**(1 - 1/delta)/(1 - 1/delta), for instance, "
                "needs a delta other than 1.",
            )

    @cached_property
    def growth(self) -> float | None:
        """At a random horizon, the fastest growth of expected squares of payoffs, where known."""
        if self.claim.end is not None:
            return None
        found = [source.growth(2) for source in self.sources]
        return max((rate for rate in found if rate is not None), default=None)

    def intensities(self, times: Array) -> list[Array]:
        """The rates of the clocks at an array of times."""
        return self._clocks([times])

    @cached_property
    def _clocks(self) -> Function:
        return Function([rate for rate, _ in self.dynamics.jumps], [t])


class _Run:
    """One simulation."""

    def __init__(self, of: Simulator, paths: int, seed: int, step: float) -> None:
        self.of, self.paths, self.seed, self.step = of, paths, seed, step

    def simulation(self) -> Simulation:
        """Simulate all paths and estimate."""
        of, claim, paths = self.of, self.of.claim, self.paths
        end = 1 / of.kill if claim.end is None else float(claim.end)
        work = paths * 4 * math.ceil(end / (4 * self.step)) * len(of.dynamics.states)
        if not work <= MOST_WORK:
            raise _refused(
                claim, f"{work:.3g} steps of states would be made, at most {MOST_WORK:.3g} are."
            )
        self._require_variance()
        parts = []
        chunk = CHUNK if claim.end is not None else CHUNK * _GROUPS
        for first in range(0, paths, chunk):
            rng = np.random.Generator(np.random.Philox(key=[self.seed, first]))
            parts.append(self._chunk(np.arange(first, min(first + chunk, paths)), rng))
        totals = np.concatenate(parts, axis=-1)
        if not np.all(np.isfinite(totals)):
            raise NoSolutionError(
                "a path left the range of double precision or a function its domain.",
                game=claim.game.name,
                stage=_STAGE,
                remedy="Make the step shorter.",
            )
        strata = [totals[:, :, k :: len(self.of.starts)] for k in range(len(self.of.starts))]
        return self._estimates(strata, work)

    def _chunk(self, numbers: NDArray[np.int64], rng: np.random.Generator) -> Array:
        """(levels, rows, paths): the players' moments, path by path."""
        points = np.array([point for _, point in self.of.starts])
        begin = points[numbers % len(points)].T
        if self.of.claim.end is not None:
            return self._paths(begin, np.full(1, float(self.of.claim.end)), rng)
        ends = rng.exponential(1 / self.of.kill, len(numbers))
        found = np.empty((3, len(self.of.rows), len(numbers)))
        for group in np.array_split(np.argsort(ends), min(_GROUPS, len(ends))):
            found[:, :, group] = self._paths(begin[:, group], ends[group], rng)
        return found

    def _paths(self, begin: Array, ends: Array, rng: np.random.Generator) -> Array:
        levels = [_Level(self.of, begin) for _ in _WIDTHS]
        with np.errstate(all="ignore"):
            if len(self.of.claim.stretches) < 2:
                self._stretch(levels, np.zeros_like(ends), ends, rng)
            else:
                for first, last in self.of.claim.stretches:
                    self._stretch(levels, np.full(1, first), np.full(1, last), rng)
            return np.array([level.totals(ends) for level in levels])

    def _stretch(
        self, levels: Sequence[_Level], begin: Array, ends: Array, rng: np.random.Generator
    ) -> None:
        """Make the steps of a stretch of time, on all levels along the same noises."""
        paths = levels[0].places.shape[1]
        steps = 4 * max(_LEAST, math.ceil(float((ends - begin).max()) / (4 * self.step)))
        length = (ends - begin) / steps
        root = np.sqrt(length)
        noises, jumps = len(self.of.dynamics.noises), len(self.of.dynamics.jumps)
        for block in range(0, steps, 4):
            shocks = [rng.standard_normal((noises, paths)) * root for _ in range(4)]
            strikes = []
            for k in range(4):
                rates = self.of.intensities(begin + length * (block + k)) if jumps else []
                strikes.append([rng.poisson(r * length, paths) for r in rates])
            for level, width in zip(levels, _WIDTHS, strict=True):
                for k in range(0, 4, width):
                    struck = [sum(x) for x in zip(*strikes[k : k + width])]
                    level.advance(
                        begin + length * (block + k),
                        length * width,
                        np.sum(shocks[k : k + width], axis=0),
                        struck,
                    )

    def _require_variance(self) -> None:
        """At a random horizon, payoffs have variances where their squares' growth is slow."""
        of = self.of
        if of.growth is not None and of.growth >= of.kill:
            raise NoSolutionError(
                f"squares of payoffs grow at rate {of.growth:.6g}, not below {of.kill:.6g}: "
                "their averages have no standard error.",
                game=of.claim.game.name,
                stage=_STAGE,
            )

    def _estimates(self, totals: Sequence[Array], work: int) -> Simulation:
        weights = [weight for weight, _ in self.of.starts]
        moments: dict[str, Band] = {}
        objectives: dict[str, Band] = {}
        for player in self.of.claim.game.players:
            picked = [k for k, row in enumerate(self.of.rows) if row.player is player]
            means = [
                sum(w * part[level, picked].mean(axis=-1) for w, part in zip(weights, totals))
                for level in range(3)
            ]
            for k, row in zip(range(len(picked)), picked):
                moments[self.of.rows[row].moment.name] = self._band(
                    totals, picked, np.eye(len(picked))[k], [m[k] for m in means]
                )
            names = [m.symbol for m in player.preference.moments]
            world = self.of.claim.world
            aggregate = world.of_copy(player.preference.aggregate, world.first)
            aggregate = aggregate.xreplace(self.of.claim.numbers).xreplace(self.of.claim.begin)
            value = Function([aggregate], names)
            reached = [value([float(v) for v in m])[0] for m in means]
            _, (slopes,) = value.jacobian([float(v) for v in 2 * means[0] - means[1]])
            slope = np.array([slopes.get(k, 0.0) for k in range(len(names))])
            objectives[player.name] = self._band(totals, picked, slope, reached)
        return Simulation(
            self.of.claim.game.name, self.paths, self.seed, self.step, work, moments, objectives
        )

    def _band(
        self, totals: Sequence[Array], picked: list[int], slope: Array, reached: Sequence[Any]
    ) -> Band:
        """Extrapolate a function of the moments, its errors by the delta method."""
        variance, share = 0.0, 0.0
        for (weight, _), part in zip(self.of.starts, totals):
            drawn = np.tensordot(slope, 2 * part[0, picked] - part[1, picked], axes=(0, 0))
            squares = (drawn - drawn.mean()) ** 2
            variance += weight**2 * squares.sum() / (len(drawn) - 1) / len(drawn)
            if squares.sum() > 0:
                share = max(share, float(squares.max() / squares.sum()))
        fine, middle, coarse = map(float, reached)
        estimate, longer = 2 * fine - middle, 2 * middle - coarse
        scale = 64 * np.finfo(float).eps * abs(estimate)
        share = share if math.sqrt(variance) > scale else 0.0
        bias = abs(estimate - longer) + scale
        return Band(float(estimate), math.sqrt(variance), float(bias), share)


class _Level:
    """Paths with steps of one length, and what they have collected.

    Collected are running parts and payoffs at the hazard rate, worth ``worth``, less stochastic
    integrals of the functions' gradients.
    """

    def __init__(self, run: Simulator, begin: Array) -> None:
        self.run = run
        self.places = run.chart.inside(begin)
        self.worth = np.ones((len(run.rows), begin.shape[1]))
        self.collected = np.zeros((len(run.rows), begin.shape[1]))

    def _evaluated(self, times: Array) -> list[Array]:
        letters = [row for _, curves in self.run.curves for row in curves(times)]
        states = self.run.chart.outside(self.places)
        return self.run.program([*states, *letters, np.asarray(times)])

    def advance(self, times: Array, h: Array, shocks: Array, strikes: Sequence[Array]) -> None:
        """Make one step of length ``h``."""
        run = self.run
        found = iter(self._evaluated(times))
        moved = self.places + h * np.array(
            [np.broadcast_to(next(found), self.places.shape[1:]) for _ in self.places]
        )
        for noise, place in run.loads:
            moved[place] += next(found) * shocks[noise]
        rates = [next(found) for _ in strikes]
        for clock, place in run.sizes:
            moved[place] += next(found) * strikes[clock]
        for k in range(len(run.rows)):
            running, _, excess, function = (next(found) for _ in range(4))
            change = (running - run.kill * function) * h
            for shock in shocks:
                change = change - next(found) * shock
            for rate, strike in zip(rates, strikes, strict=True):
                change = change - next(found) * (strike - rate * h)
            self.collected[k] += self.worth[k] * change
            self.worth[k] *= np.exp(-excess * h)
        self.places = moved

    def totals(self, ends: Array) -> Array:
        """(rows, paths) when the horizon ends."""
        run = self.run
        found = self._evaluated(ends)[-self._width * len(run.rows) :]
        for k in range(len(run.rows)):
            _, payoff, _, function = found[k * self._width : k * self._width + 4]
            last = function if run.kill else payoff
            self.collected[k] += self.worth[k] * last
        return self.collected

    @property
    def _width(self) -> int:
        """Outputs of the program that belong to one row."""
        return 4 + len(self.run.dynamics.noises) + len(self.run.dynamics.jumps)
