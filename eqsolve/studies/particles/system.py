"""McKean-Vlasov dynamics: particles whose drift and volatility depend on the law of all.

    dX = b(t, X, law) dt + s(t, X, law) dW + s_0(t, X, law) dW^0

The law enters through moments ``E[f(X)]`` (one sum, O(N)), through kernels ``E[k(x, Y)]`` with Y an
independent copy (O(N^2), in blocks), and through its density at the own state (O(N), binned). The
coefficients are SymPy expressions. Noises W are a particle's own, W^0 are common to all.

Where drift and moments are affine and loadings are free of states, a step is exact whatever its
length; see :mod:`eqsolve.studies.particles.gaussian`. Elsewhere it is that of Euler and Maruyama,
with the law of the particles at its beginning (Sznitman, Topics in propagation of chaos, 1991).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d

from eqsolve.errors import InputError, NoSolutionError
from eqsolve.game import Law, State, t
from eqsolve.laws import Atoms
from eqsolve.studies.curves import Curves
from eqsolve.studies.particles.gaussian import Gaussian, Linear, linear

Array = NDArray[np.float64]
#: Draws (states, particles) at the start.
Start: TypeAlias = Callable[[np.random.Generator, int], ArrayLike]

STAGE = "particles"
#: Bounds on particles, on particles times steps, and on pairs of a kernel in a step.
MOST, MOST_WORK, MOST_PAIRS = 10**7, 2 * 10**9, 10**9
#: Pairs of a kernel that are evaluated together, and cells of the density's grid.
_BLOCK, _CELLS = 2 * 10**6, 2048


@dataclass(frozen=True)
class Interaction:
    """``symbol = E[ of(x, Y) ]``, Y an independent copy of X with states ``other``."""

    symbol: sp.Symbol
    of: sp.Expr
    other: Mapping[sp.Symbol, sp.Symbol]


@dataclass(frozen=True)
class Nearby:
    """``symbol``: the density of a state's law at the particle's own state.

    It is estimated with a normal kernel of standard deviation ``bandwidth``, by default that of
    Silverman for the particles at hand.
    """

    symbol: sp.Symbol
    state: sp.Symbol
    bandwidth: float | None = None


@dataclass(frozen=True)
class Cloud:
    """Particles at some times.

    Attributes
    ----------
    times : (n,).
    states : (n, states, particles).
    laws : values of the declared moments at these times, by symbol, (n,).
    exact : whether steps were exact.
    """

    names: tuple[sp.Symbol, ...]
    times: Array
    states: Array
    laws: Mapping[sp.Symbol, Array]
    exact: bool

    def law(self, state: sp.Symbol | None = None, date: int = -1) -> Atoms:
        """The empirical law of a state, by default of the first at the last time."""
        return Atoms(self.states[date, 0 if state is None else self.names.index(state)])


@dataclass(frozen=True)
class Particles:
    """A system of particles.

    Parameters
    ----------
    states : drift and loadings in states, laws, kernels, densities, ``curves`` and the time t.
    laws : moments in their order, each written in states, t and moments before it; what a moment
        is ``given`` names the common noises.
    kernels, densities : further letters of the coefficients.
    mean, covariance : of the normal law at the start, by state and (states, states).
    start : draws another law at the start.
    end : of the horizon, None if there is none.
    curves : letters that are functions of time, and their values (letters, times) at times.
    """

    states: tuple[State, ...]
    laws: tuple[Law, ...] = ()
    kernels: tuple[Interaction, ...] = ()
    densities: tuple[Nearby, ...] = ()
    mean: ArrayLike = 0.0
    covariance: ArrayLike = 0.0
    start: Start | None = None
    end: float | None = None
    curves: tuple[tuple[sp.Symbol, ...], Curves] | None = None
    name: str = "particles"
    parameters: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = {*self.symbols, t, *self.letters, *(law.symbol for law in self.laws)}
        known |= {part.symbol for part in self.kernels} | {part.symbol for part in self.densities}
        for row in (*self._drift, *(e for _, e in self._loads)):
            missing = sorted(str(s) for s in row.free_symbols - known)
            if missing:
                raise self.refused(f"no value is given for {', '.join(missing)}.")

    def refused(self, text: str, remedy: str = "") -> InputError:
        """An error that names the system."""
        return InputError(text, game=self.name, stage=STAGE, remedy=remedy)

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The states."""
        return tuple(state.symbol for state in self.states)

    @property
    def letters(self) -> tuple[sp.Symbol, ...]:
        """The functions of time."""
        return () if self.curves is None else self.curves[0]

    @cached_property
    def common(self) -> tuple[str, ...]:
        """The noises that all particles share."""
        return tuple(sorted({noise for law in self.laws for noise in law.given} & {*self._noises}))

    @cached_property
    def own(self) -> tuple[str, ...]:
        """The noises that every particle has of its own."""
        return tuple(noise for noise in self._noises if noise not in self.common)

    @cached_property
    def _noises(self) -> tuple[str, ...]:
        return tuple(sorted({noise for state in self.states for noise in state.loadings}))

    def closed(self, expression: sp.Expr) -> sp.Expr:
        """An expression with numbers for parameters."""
        return expression.xreplace(dict(self.parameters))

    @cached_property
    def _drift(self) -> list[sp.Expr]:
        return [self.closed(state.drift) for state in self.states]

    @cached_property
    def _loads(self) -> list[tuple[tuple[int, str], sp.Expr]]:
        return [
            ((k, noise), self.closed(load))
            for k, state in enumerate(self.states)
            for noise, load in state.loadings.items()
        ]

    @cached_property
    def gaussian(self) -> Gaussian:
        """The exact steps and the exact law.

        Raises
        ------
        InputError
            If the system is not linear.
        """
        found = self.linear
        if found is None:
            raise self.refused(
                "drift and moments are not affine, or loadings move with the state.",
                "Take steps of Euler and Maruyama.",
            )
        return Gaussian(found, self.mean_vector, self.covariance_matrix, self.curves)

    @cached_property
    def linear(self) -> Linear | None:
        """The matrices of a linear system, None of another."""
        if self.kernels or self.densities:
            return None
        loads = {place: load for place, load in self._loads}
        laws = {law.symbol: self.closed(law.of) for law in self.laws}
        return linear(self.symbols, self._drift, loads, laws, (self.own, self.common))

    @cached_property
    def mean_vector(self) -> Array:
        """(states,): the mean at the start."""
        return np.array(np.broadcast_to(np.asarray(self.mean, float), (len(self.states),)))

    @cached_property
    def covariance_matrix(self) -> Array:
        """(states, states): the covariance at the start; a number or vector is its diagonal."""
        found = np.asarray(self.covariance, float)
        size = len(self.states)
        return found if found.ndim == 2 else np.diag(np.broadcast_to(found, (size,)))

    def draw(self, rng: np.random.Generator, agents: int) -> Array:
        """(states, particles) at the start."""
        if self.start is not None:
            found = np.array(self.start(rng, agents), float).reshape(len(self.states), agents)
        else:
            noise = rng.standard_normal((len(self.states), agents))
            values, vectors = np.linalg.eigh(self.covariance_matrix)
            root = vectors * np.sqrt(np.maximum(values, 0.0))
            found = self.mean_vector[:, None] + root @ noise
        return found

    def run(
        self,
        agents: int,
        times: Sequence[float] | Array | None = None,
        *,
        seed: int,
        step: float | None = None,
        common: Mapping[str, ArrayLike] | None = None,
        exact: bool | None = None,
    ) -> Cloud:
        """Simulate.

        Parameters
        ----------
        agents : number of particles.
        times : at which the particles are wanted, increasing from 0; by default 0 and the end.
        seed : of the random numbers.
        step : longest step of Euler and Maruyama; by default 1/200 of the last time.
        common : increments (steps,) of common noises over the steps between ``times`` (as many for
            each interval as steps are made there), drawn by default. Exact steps draw theirs.
        exact : take exact steps; by default where the system is linear.

        Raises
        ------
        InputError
            If numbers make no sense, or exact steps do not exist.
        NoSolutionError
            If a particle leaves the range of double precision.
        """
        dates = self.dates(times)
        if not 1 <= agents <= MOST:
            raise self.refused(f"the number of particles lies between 1 and {MOST}.")
        if self.kernels and agents**2 > MOST_PAIRS:
            raise self.refused(f"a kernel takes at most {MOST_PAIRS**0.5:.0f} particles.")
        rng = np.random.default_rng(seed)
        places = self.draw(rng, agents)
        if exact is None:
            exact = self.linear is not None and common is None
        if exact:
            states = self.gaussian.paths(places, dates, rng)
            found = [self.moments(float(now), x) for now, x in zip(dates, states)]
            return self._cloud(dates, states, found, True)
        flow = self.flow(dates, step, agents)
        kept, values = [places], [self.moments(0.0, places)]
        for interval, (grid, shock) in enumerate(flow.parts(rng, common)):
            for k, now in enumerate(grid[:-1]):
                span = float(grid[k + 1] - now)
                places = flow.advance(float(now), span, places, rng, shock[:, k])
            if not np.all(np.isfinite(places)):
                raise NoSolutionError(
                    f"a particle left the range of doubles before {dates[interval + 1]:g}.",
                    game=self.name,
                    stage=STAGE,
                    remedy="Make the step shorter.",
                )
            kept.append(places)
            values.append(self.moments(float(grid[-1]), places))
        return self._cloud(dates, np.array(kept), values, False)

    def _cloud(
        self, dates: Array, states: Array, values: Sequence[Mapping[sp.Symbol, float]], exact: bool
    ) -> Cloud:
        laws = {law.symbol: np.array([v[law.symbol] for v in values]) for law in self.laws}
        return Cloud(self.symbols, dates, states, laws, exact)

    def dates(self, times: Sequence[float] | Array | None) -> Array:
        """The times that are wanted.

        Raises
        ------
        InputError
            If they make no sense.
        """
        if times is None:
            if self.end is None:
                raise self.refused("the horizon is infinite.", "Say at which times.")
            times = (0.0, self.end)
        found = np.array(times, float)
        if found.ndim != 1 or found.size < 2 or found[0] != 0 or not np.all(np.diff(found) > 0):
            raise self.refused("times increase from 0, and there are two or more.")
        if self.end is not None and found[-1] > self.end:
            raise self.refused(f"the horizon ends at {self.end:g}.")
        return found

    def flow(self, dates: Array, step: float | None, agents: int) -> Flow:
        """Steps of Euler and Maruyama between dates."""
        longest = float(dates[-1]) / 200 if step is None else step
        if not longest > 0:
            raise self.refused("the step must be positive.")
        counts = np.ceil(np.diff(dates) / longest - 1e-9).astype(int)
        if not counts.sum() * agents <= MOST_WORK:
            raise self.refused(
                f"{counts.sum() * agents:.2g} steps of particles are more than {MOST_WORK:.0e}."
            )
        return Flow(self, [np.linspace(a, b, n + 1) for a, b, n in zip(dates, dates[1:], counts)])

    def at_time(self, now: float) -> dict[sp.Symbol, float]:
        """The time and the functions of time."""
        found = {t: now}
        if self.curves is not None:
            found |= zip(self.letters, self.curves[1](np.array([now]))[:, 0].tolist())
        return found

    def moments(self, now: float, places: Array) -> dict[sp.Symbol, float]:
        """The moments of particles (states, particles)."""
        known: dict[sp.Symbol, Any] = {**self.at_time(now), **dict(zip(self.symbols, places))}
        values = {}
        for law, function in self._moments:
            values[law] = known[law] = float(np.mean(function(known)))
        return values

    @cached_property
    def _moments(self) -> list[tuple[sp.Symbol, Evaluated]]:
        found, known = [], [*self.symbols, t, *self.letters]
        for law in self.laws:
            found.append((law.symbol, Evaluated([self.closed(law.of)], known)))
            known.append(law.symbol)
        return found

    @cached_property
    def coefficients(self) -> Evaluated:
        """Drift and loadings."""
        parts = [law.symbol for law in self.laws]
        parts += [*(k.symbol for k in self.kernels), *(d.symbol for d in self.densities)]
        outputs = [*self._drift, *(load for _, load in self._loads)]
        return Evaluated(outputs, [*self.symbols, t, *self.letters, *parts])


class Evaluated:
    """Expressions as a function of a table of values."""

    def __init__(self, expressions: Iterable[sp.Expr], letters: Sequence[sp.Symbol]) -> None:
        self.letters = tuple(letters)
        self.function = sp.lambdify(self.letters, list(expressions), "numpy", cse=True)

    def __call__(self, known: Mapping[sp.Symbol, Any]) -> list[Any]:
        with np.errstate(all="ignore"):  # what is not finite is refused where a step ends
            found: list[Any] = self.function(*(known[s] for s in self.letters))
        return found


@dataclass(frozen=True)
class Flow:
    """Steps of Euler and Maruyama on grids between dates."""

    of: Particles
    grids: list[Array]

    def parts(
        self, rng: np.random.Generator, common: Mapping[str, ArrayLike] | None
    ) -> list[tuple[Array, Array]]:
        """For every interval its grid and the increments of the common noises (noises, steps)."""
        of, spans = self.of, np.concatenate([np.diff(grid) for grid in self.grids])
        drawn = rng.standard_normal((len(of.common), spans.size)) * np.sqrt(spans)
        for k, noise in enumerate(of.common):
            if common is not None and noise in common:
                given = np.asarray(common[noise], float)
                if given.shape != spans.shape:
                    raise of.refused(f"{noise} needs {spans.size} increments, one for each step.")
                drawn[k] = given
        ends = np.cumsum([grid.size - 1 for grid in self.grids])[:-1]
        return list(zip(self.grids, np.split(drawn, ends, axis=1)))

    def advance(
        self,
        now: float,
        span: float,
        places: Array,
        rng: np.random.Generator,
        shock: Array,
        laws: Mapping[sp.Symbol, float] | None = None,
        own: Array | None = None,
    ) -> Array:
        """Make one step; ``laws`` replaces the particles' moments, ``own`` their noises."""
        of = self.of
        known: dict[sp.Symbol, Any] = {**of.at_time(now), **dict(zip(of.symbols, places))}
        known |= of.moments(now, places) if laws is None else laws
        for kernel in of.kernels:
            known[kernel.symbol] = self._convolved(kernel, known, places)
        for part in of.densities:
            known[part.symbol] = near(places[of.symbols.index(part.state)], part.bandwidth)
        values = of.coefficients(known)
        moved = places + span * np.array(
            [np.broadcast_to(v, places.shape[1:]) for v in values[: len(places)]]
        )
        if own is None:
            own = rng.standard_normal((len(of.own), places.shape[1])) * np.sqrt(span)
        for ((k, noise), _), load in zip(of._loads, values[len(places) :], strict=True):
            if noise in of.common:
                moved[k] += load * shock[of.common.index(noise)]
            else:
                moved[k] += load * own[of.own.index(noise)]
        return moved

    def _convolved(
        self, kernel: Interaction, known: Mapping[sp.Symbol, Any], places: Array
    ) -> Array:
        """The average of a kernel over all particles, at every particle."""
        of = self.of
        others = [kernel.other[s] for s in of.symbols if s in kernel.other]
        letters = [s for s in known if s not in of.symbols]
        function = Evaluated([of.closed(kernel.of)], [*of.symbols, *others, *letters])
        rows = {kernel.other[s]: x for s, x in zip(of.symbols, places) if s in kernel.other}
        size, total = places.shape[1], np.empty(places.shape[1])
        block = max(1, _BLOCK // size)
        for first in range(0, size, block):
            part = places[:, first : first + block, None]
            (value,) = function({**known, **dict(zip(of.symbols, part)), **rows})
            total[first : first + block] = np.broadcast_to(value, (part.shape[1], size)).mean(
                axis=1
            )
        return total


def near(places: Array, bandwidth: float | None = None) -> Array:
    """The density of particles at every particle: cells shared linearly, smoothed, interpolated."""
    spread = float(places.std())
    width = 1.06 * spread * places.size**-0.2 if bandwidth is None else bandwidth
    if not width > 0:
        raise InputError(
            "the particles are all in one place: their law has no density.",
            stage=STAGE,
            remedy="Give the density a bandwidth.",
        )
    low, high = float(places.min()) - 5 * width, float(places.max()) + 5 * width
    cells = int(max(_CELLS, min(8 * (high - low) / width, 10**6)))
    size = (high - low) / (cells - 1)
    position = (places - low) / size
    left = np.minimum(position.astype(int), cells - 2)
    share = position - left
    mass = np.bincount(left, 1 - share, cells) + np.bincount(left + 1, share, cells)
    smooth = gaussian_filter1d(mass, width / size, mode="constant", truncate=6.0)
    nodes = low + size * np.arange(cells)
    return np.asarray(np.interp(places, nodes, smooth / (places.size * size)), float)
