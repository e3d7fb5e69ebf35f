"""Optimal quantization of a law on the line: the K points that are nearest to it on average.

The points minimize ``E min_k |X - x_k|^2``; each is then the conditional mean of its cell (a
stationary quantizer). Lloyd's method moves every point there; Newton's solves the equations with
their tridiagonal derivative (Pages, Introduction to vector quantization and its applications for
numerics, ESAIM: Proceedings and Surveys 48, 2015). The distortion falls as K^-2 and so does the
error of the expectation of a smooth function, where that of N draws falls as N^-1/2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_banded

from eqsolve.errors import NoSolutionError
from eqsolve.laws.line import STAGE, Atoms, Line, refused

Array = NDArray[np.float64]
Method = Literal["newton", "lloyd"]

#: Most points, most steps, and the slope of the distortion that is taken for zero, relative to the
#: deviation: masses of cells are differences and have an error of about 1e-16.
MOST_POINTS, MOST_STEPS, STATIONARY = 10_000, 20_000, 1e-13
#: Nodes of the density's cube root, and the mass beyond them.
_NODES, _BEYOND = 4001, 1e-12
#: Halvings of a step of Newton's method.
_HALVINGS = 6


@dataclass(frozen=True)
class Quantizer:
    """A law on finitely many points.

    Attributes
    ----------
    points, weights : (K,), increasing, and the masses of their cells.
    distortion : ``E |X - x_k(X)|^2``; its root is the W_2 distance from the law.
    stationarity : largest ``|E[X - x_k; X in the cell of x_k]|``.
    steps : of the method.
    """

    points: Array
    weights: Array
    distortion: float
    stationarity: float
    steps: int
    method: Method

    @property
    def law(self) -> Atoms:
        """The law of the points."""
        return Atoms(self.points, self.weights)

    def expectation(self, function: Callable[[Array], ArrayLike]) -> float:
        """The expectation of a function of an array of points."""
        return float(np.asarray(function(self.points), float) @ self.weights)


def quantize(law: Line | ArrayLike, points: int, method: Method | None = None) -> Quantizer:
    """Quantize a law on the line.

    Parameters
    ----------
    law : the law, or a sample (n,).
    points : their number K.
    method : ``newton`` where the law has a density (by default), or ``lloyd``. Where the density is
        log-concave there is one stationary quantizer, the best; elsewhere one of them is found.

    Raises
    ------
    InputError
        If the number makes no sense, or Newton's method is asked for without a density.
    NoSolutionError
        If the method does not reach a stationary quantizer.
    """
    law = law if isinstance(law, Line) else Atoms(law)
    method = method or ("newton" if law.smooth else "lloyd")
    if method not in ("newton", "lloyd"):
        raise refused(f"there is no method {method!r}.", "Take newton or lloyd.")
    if not 1 <= points <= MOST_POINTS or points != int(points):
        raise refused(f"the number of points is a whole number between 1 and {MOST_POINTS}.")
    points = int(points)
    if method == "newton" and not law.smooth:
        law.density(law.mean)  # says why not
    if isinstance(law, Atoms) and np.unique(law.points).size < points:
        raise refused("there are fewer different atoms than points.", "Take fewer points.")
    place = _start(law, points)
    scale = law.deviation
    for step in range(1, MOST_STEPS + 1):
        cells = _Cells(law, place)
        # points far from zero have fewer digits behind the point
        if cells.gap <= STATIONARY * scale + 2 * float(np.spacing(np.abs(place).max())):
            return _found(place, cells, step, method)
        place = cells.means if method == "lloyd" else _newton(law, cells)
    raise NoSolutionError(
        f"after {MOST_STEPS} steps the distortion's slope is {cells.gap:.3g}, not zero.",
        stage=STAGE,
        remedy="Take Newton's method, or fewer points.",
    )


class _Cells:
    """The points, the cells nearest to them, their masses and means."""

    def __init__(self, law: Line, place: Array) -> None:
        self.place = place
        self.edges = (place[1:] + place[:-1]) / 2
        ends = np.concatenate([[-np.inf], self.edges, [np.inf]])
        # moments about the own point
        moments = law.partial(ends[1:], place) - law.partial(ends[:-1], place)
        self.mass, self.first, self.second = moments
        # an empty cell keeps its point
        away = np.divide(self.first, self.mass, out=np.zeros_like(place), where=self.mass > 1e-300)
        self.means: Array = place + away
        self.slope = -self.first
        self.gap = float(np.abs(self.slope).max())
        self.far = float(np.abs(away).max())


def _start(law: Line, points: int) -> Array:
    """Quantiles of the law whose density is the cube root, which good quantizers approach; of
    atoms their quantiles."""
    levels = (np.arange(points) + 0.5) / points
    if not law.smooth:
        place = law.quantile(levels)
        if np.any(np.diff(place) <= 0):
            own = np.unique(law.quantile(np.linspace(0, 1, 50 * points)))
            place = own[np.round(levels * own.size - 0.5).astype(int)]
        return place
    low, high = law.quantile([_BEYOND, 1 - _BEYOND]).tolist()
    nodes = np.linspace(low, high, _NODES)
    sums = np.cumsum(np.cbrt(law.density(nodes)))
    levels = np.arange(1, points + 1) / (points + 1)  # the outer cells are large
    return np.asarray(np.interp(levels, (sums - sums[0]) / (sums[-1] - sums[0]), nodes), float)


def _newton(law: Line, cells: _Cells) -> Array:
    """A step of Newton's method, halved until points are nearer to the means of their cells;
    one of Lloyd's otherwise."""
    slope = law.density(cells.edges) * np.diff(cells.place) / 4
    bands = np.zeros((3, cells.place.size))
    bands[0, 1:] = bands[2, :-1] = -slope
    bands[1] = cells.mass
    bands[1, 1:] -= slope
    bands[1, :-1] -= slope
    try:
        step = solve_banded((1, 1), bands, cells.slope, check_finite=False)
    except np.linalg.LinAlgError:
        return cells.means
    for _ in range(_HALVINGS):
        place = cells.place - step
        if np.all(np.isfinite(place)) and np.all(np.diff(place) > 0):
            if _Cells(law, place).far < cells.far:
                return np.asarray(place, float)
        step = step / 2
    return cells.means


def _found(place: Array, cells: _Cells, steps: int, method: Method) -> Quantizer:
    distortion = float(np.sum(cells.second))
    weights = cells.mass / cells.mass.sum()
    return Quantizer(place, weights, max(distortion, 0.0), cells.gap, steps, method)
