"""Propagation of chaos, measured: how the distance from the limit falls with the particles.

For every number N of particles independent clouds are drawn, and the Wasserstein distance of their
empirical law from that of the limit, given the common noise, is averaged with a confidence band. A
second distance is along paths: every particle beside a copy of the limit that has the same noises,
the coupling by which the theorem is proved (Sznitman 1991). Both fall as N^-1/2 in the root mean
square, the first one on the line where the law's tails are light (Bobkov and Ledoux, Memoirs of the
American Mathematical Society 1259, 2019; a normal law's W_2 with a factor of sqrt(log log N)).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy.special import stdtrit

from eqsolve.answers import Tabled
from eqsolve.laws import Atoms, Line, Normal, wasserstein
from eqsolve.schemas import SCHEMA
from eqsolve.studies.particles.gaussian import Coupled
from eqsolve.studies.particles.system import Particles

Array = NDArray[np.float64]

#: Particles of the cloud that stands for the limit, where it is not known, times the largest N.
REFERENCE = 32
#: Least number of clouds of a band.
_LEAST = 4


@dataclass(frozen=True)
class Row:
    """A distance at one number of particles: root mean square, or mean, with its band."""

    agents: int
    distance: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """Half the band, relative."""
        return (self.high - self.low) / 2 / self.distance if self.distance > 0 else math.inf


@dataclass(frozen=True)
class Rate:
    """The exponent r of ``distance = C N^-r`` with its band, by weighted least squares."""

    value: float
    low: float
    high: float

    @property
    def band(self) -> tuple[float, float]:
        """The band."""
        return self.low, self.high


@dataclass(frozen=True)
class Chaos(Tabled):
    """Distances from the limit by the number of particles.

    Attributes
    ----------
    order : of the Wasserstein distance; of order 2 root mean squares are given, of order 1 means.
    laws, paths : rows of the distances between laws and along paths; the latter are empty where
        particles and limit cannot be coupled.
    rate, path_rate : their exponents.
    exact : whether the limit's law is known exactly, otherwise a cloud of ``reference`` particles.
    """

    name: str
    time: float
    order: int
    repeats: int
    seed: int
    confidence: float
    laws: tuple[Row, ...]
    paths: tuple[Row, ...]
    rate: Rate
    path_rate: Rate | None
    exact: bool
    reference: int | None

    @property
    def heading(self) -> str:
        """What was measured, in a line."""
        low, high = self.rate.band
        return (
            f"{self.name}: W_{self.order} from the limit at {self.time:g} falls as "
            f"N^-{self.rate.value:.3f} ({low:.3f} to {high:.3f})"
        )

    def table(self) -> dict[str, dict[str, Any]]:
        """Distances with their bands, a row for each number of particles."""
        found: dict[str, dict[str, Any]] = {}
        for title, rows in (("law", self.laws), ("paths", self.paths)):
            for row in rows:
                cells = {title: row.distance, f"{title} low": row.low, f"{title} high": row.high}
                found.setdefault(str(row.agents), {}).update(cells)
        return found

    def bars(self) -> tuple[str, dict[str, float]]:
        """The distances between laws."""
        return "distance from the limit", {str(row.agents): row.distance for row in self.laws}

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        rates = {"law": self.rate, "paths": self.path_rate}
        return {
            "schema": SCHEMA,
            "game": self.name,
            "time": self.time,
            "order": self.order,
            "repeats": self.repeats,
            "seed": self.seed,
            "confidence": self.confidence,
            "exact": self.exact,
            "reference": self.reference,
            "rates": {k: r.__dict__ for k, r in rates.items() if r is not None},
            "laws": [row.__dict__ for row in self.laws],
            "paths": [row.__dict__ for row in self.paths],
        }


def chaos(
    system: Particles,
    counts: Sequence[int],
    *,
    time: float | None = None,
    repeats: int = 32,
    seed: int = 1,
    order: int = 2,
    state: sp.Symbol | None = None,
    step: float | None = None,
    confidence: float = 0.95,
) -> Chaos:
    """Measure distances from the limit.

    Parameters
    ----------
    counts : two or more numbers of particles.
    time : when; by default at the end of the horizon.
    repeats : independent clouds for each number.
    order : of the distance, 1 or 2.
    state : whose law is compared, by default the first.
    step : longest step of Euler and Maruyama where the system is not linear.
    confidence : of every band by itself.

    Raises
    ------
    InputError
        If a number makes no sense.
    """
    numbers = sorted(set(counts))
    if len(numbers) < 2 or numbers[0] < 2:
        raise system.refused("a rate needs two or more numbers of particles, each at least 2.")
    if repeats < _LEAST:
        raise system.refused(f"a band needs {_LEAST} or more repeats.")
    if order not in (1, 2) or not 0 < confidence < 1:
        raise system.refused("the order is 1 or 2, and the confidence lies between 0 and 1.")
    place = 0 if state is None else system.symbols.index(state)
    dates = system.dates(None if time is None else (0.0, time))
    exact = system.linear is not None and system.start is None
    measure = _Exact(system, dates, place) if exact else _Sampled(system, dates, place, step)
    measure.prepare(numbers[-1], repeats, seed)
    laws, paths = [], []
    for n in numbers:
        found = np.array([measure.distances(n, r, (seed, n, r), order) for r in range(repeats)])
        laws.append(_row(n, found[:, 0], order, confidence))
        if np.all(np.isfinite(found[:, 1])):
            paths.append(_row(n, found[:, 1], order, confidence))
    return Chaos(
        system.name,
        float(dates[-1]),
        order,
        repeats,
        seed,
        confidence,
        tuple(laws),
        tuple(paths),
        _rate(laws, repeats, confidence),
        _rate(paths, repeats, confidence) if paths else None,
        exact,
        measure.reference,
    )


class _Exact:
    """Against the limit's normal law, in exact steps."""

    reference: int | None = None

    def __init__(self, system: Particles, dates: Array, place: int) -> None:
        self.system, self.place = system, place
        self.step = system.gaussian.step(float(dates[0]), float(dates[-1]))
        covariance = system.gaussian.limit(dates).covariances[-1]
        self.deviation = math.sqrt(max(float(covariance[place, place]), 0.0))

    def prepare(self, most: int, repeats: int, seed: int) -> None:
        """Nothing: the limit is known."""

    def distances(self, agents: int, repeat: int, seed: tuple[int, ...], order: int) -> list[float]:
        """Between the laws, and along the paths."""
        rng = np.random.default_rng(seed)
        begin = self.system.draw(rng, agents)
        run = Coupled.begin(begin, self.system.mean_vector).moved(self.step, rng)
        center = float(run.center[self.place])
        limit: Line = Normal(center, self.deviation) if self.deviation else Atoms([center])
        gaps = np.abs(run.particles[self.place] - run.copies[self.place])
        own = Atoms(run.particles[self.place])
        return [wasserstein(own, limit, order), float(np.mean(gaps**order) ** (1 / order))]


class _Sampled:
    """Against a large cloud with the same common noise, in steps of Euler and Maruyama."""

    def __init__(self, system: Particles, dates: Array, place: int, step: float | None) -> None:
        self.system, self.dates, self.place, self.step = system, dates, place, step
        self.reference: int | None = None
        self.clouds: list[tuple[Atoms, list[dict[sp.Symbol, float]]]] = []

    def prepare(self, most: int, repeats: int, seed: int) -> None:
        """Draw the clouds that stand for the limit: one, or one for each common noise."""
        pairs = 10**4 if self.system.kernels else 10**7
        self.reference = min(REFERENCE * most, pairs)
        if self.reference < 4 * most:
            raise self.system.refused("with a kernel the largest number of particles is 2500.")
        for repeat in range(repeats if self.system.common else 1):
            rng = np.random.default_rng((seed, repeat))
            places, laws = self._run(self.reference, rng, self._shocks(seed, repeat))[:2]
            self.clouds.append((Atoms(places[self.place]), laws))

    def _shocks(self, seed: int, repeat: int) -> np.random.Generator:
        return np.random.default_rng((seed, repeat, 1))

    def _run(
        self,
        agents: int,
        rng: np.random.Generator,
        shocks: np.random.Generator,
        limit: list[dict[sp.Symbol, float]] | None = None,
    ) -> tuple[Array, list[dict[sp.Symbol, float]], Array]:
        """Places, the moments step by step, and copies that are given the limit's moments."""
        system = self.system
        flow = system.flow(self.dates, self.step, agents)
        places = system.draw(rng, agents)
        copies, kept = places, []
        ((grid, common),) = flow.parts(shocks, None)
        for k, now in enumerate(grid[:-1]):
            span = float(grid[k + 1] - now)
            own = rng.standard_normal((len(system.own), agents)) * math.sqrt(span)
            laws = system.moments(float(now), places)
            kept.append(laws)
            shock = common[:, k]
            if limit is not None:
                copies = flow.advance(float(now), span, copies, rng, shock, limit[k], own)
            places = flow.advance(float(now), span, places, rng, shock, laws, own)
        return places, kept, copies

    def distances(self, agents: int, repeat: int, seed: tuple[int, ...], order: int) -> list[float]:
        """Between the laws, and along the paths where only moments interact."""
        cloud, laws = self.clouds[repeat if self.system.common else 0]
        rng = np.random.default_rng(seed)
        moments = not (self.system.kernels or self.system.densities)
        shocks = self._shocks(seed[0], repeat)
        places, _, copies = self._run(agents, rng, shocks, laws if moments else None)
        gap = float("nan")
        if moments:
            gap = float(np.mean(np.abs(places - copies)[self.place] ** order) ** (1 / order))
        return [wasserstein(Atoms(places[self.place]), cloud, order), gap]


def _row(agents: int, found: Array, order: int, confidence: float) -> Row:
    """The mean of the distances' powers, its band by Student's law, and the roots."""
    powers = found**order
    mean = float(powers.mean())
    spread = float(powers.std(ddof=1)) / math.sqrt(powers.size)
    half = float(stdtrit(powers.size - 1, (1 + confidence) / 2)) * spread
    low, high = max(mean - half, 0.0), mean + half
    return Row(agents, mean ** (1 / order), low ** (1 / order), high ** (1 / order))


def _rate(rows: Sequence[Row], repeats: int, confidence: float) -> Rate:
    """Weighted least squares in logarithms; the weights are those of the bands."""
    x = np.log([row.agents for row in rows])
    distances = np.array([row.distance for row in rows])
    if not np.all(distances > 0):
        return Rate(math.nan, math.nan, math.nan)
    quantile = float(stdtrit(repeats - 1, (1 + confidence) / 2))
    weights = (np.array([row.error for row in rows]) / quantile) ** -2.0
    center = (weights @ x) / weights.sum()
    spread = float(weights @ (x - center) ** 2)
    slope = -float(weights @ ((x - center) * np.log(distances))) / spread
    half = quantile / math.sqrt(spread)
    return Rate(slope, slope - half, slope + half)
