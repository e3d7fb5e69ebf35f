"""Wasserstein distances between laws.

On the line the optimal plan is monotone: the distance of order p is the norm in L^p(0, 1) of the
difference of the quantile functions (Villani, Topics in Optimal Transportation, 2003, theorem
2.18). Between atoms this is a finite sum. Between atoms and a law with partial moments every atom
takes a slab of the law, whose cost is a difference of partial moments. Both are exact. In more
dimensions the linear program is solved by POT.

Every function returns the distance itself, never its power.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from eqsolve.distribution import extra
from eqsolve.errors import MissingPartError, NoSolutionError
from eqsolve.laws.line import STAGE, Atoms, Line, refused, require_mass

Array = NDArray[np.float64]

#: Between laws with densities levels are Phi(z): the range of z, its first panels, halvings of a
#: panel, nodes of Gauss in a panel, and the distance's error relative to the scale.
_FAR, _PANELS, _HALVINGS, _NODES, _ERROR = 7.5, 64, 60, 10, 1e-7
#: On a panel no quantile function rises by more than this part of its range, unless its jump there
#: has no weight.
_RISE = 1 / 256
#: A mass that differences of sums of weights leave by rounding; none is moved for it.
_ROUNDING = 1e-12
#: Most pairs of points of the linear program.
MOST_PAIRS = 10**8


def wasserstein(
    one: Line | ArrayLike,
    other: Line | ArrayLike,
    order: float = 1.0,
    *,
    weights: tuple[ArrayLike | None, ArrayLike | None] = (None, None),
) -> float:
    """The Wasserstein distance of two laws.

    Parameters
    ----------
    one, other : laws on the line; samples (n,) on the line; or samples (n, d).
    order : p of the p-th moment of the distances: at least 1, and 1 or 2 where a law is not atomic.
        Between atoms on the line it may be infinite: the largest distance that a mass is moved.
    weights : of samples; equal by default.

    Returns
    -------
    The distance ``W_p`` (not its p-th power). Exact where a law is atomic and both are on the line;
    between two laws with densities an adaptive quadrature over levels, which is refined where
    quantile functions jump, to about 1e-6 of the scale (the larger of the distance and the two
    standard deviations).

    Raises
    ------
    InputError
        If shapes, weights or the order make no sense.
    MissingPartError
        In more than one dimension without POT.
    NoSolutionError
        Where the quadrature does not reach its accuracy.
    """
    if np.asarray(order).dtype.kind not in "iuf" or not order >= 1:
        raise refused(f"the order of a distance is a number of at least 1, not {order!r}.")
    first, second = (_law(law, w) for law, w in zip((one, other), weights))
    if isinstance(first, tuple) or isinstance(second, tuple):
        if not (isinstance(first, tuple) and isinstance(second, tuple)):
            raise refused("laws on the line and in space are not compared.")
        return _transported(first, second, order)
    if isinstance(first, Atoms) and isinstance(second, Atoms):
        return _between_atoms(first, second, order)
    if order not in (1, 2):
        raise refused(
            "between laws that are no atoms the orders are 1 and 2.", "Take a sample of the law."
        )
    if isinstance(first, Atoms):
        first, second = second, first
    if isinstance(second, Atoms):
        return float(max(_slabs(first, second, order), 0.0) ** (1 / order))
    return _between_densities(first, second, order)


def gaussian_distance(mean: ArrayLike, cov: ArrayLike, other: ArrayLike, cov2: ArrayLike) -> float:
    """``W_2`` between two normal laws in d dimensions (Dowson and Landau 1982).

    Parameters
    ----------
    mean, other : (d,).
    cov, cov2 : (d, d), symmetric and not negative.
    """
    m, n = (np.atleast_1d(np.asarray(v, float)) for v in (mean, other))
    a, b = (np.atleast_2d(np.asarray(v, float)) for v in (cov, cov2))
    if m.shape != n.shape or a.shape != b.shape or a.shape != (m.size, m.size):
        raise refused("two means (d,) and two covariances (d, d) are needed.")
    root = _root(a)
    gap = ((m - n) ** 2).sum() + np.trace(a) + np.trace(b) - 2 * np.trace(_root(root @ b @ root))
    return float(np.sqrt(max(gap, 0.0)))


def _root(matrix: Array) -> Array:
    """The root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    if values.min() < -1e-9 * max(values.max(), 1.0):
        raise refused("a covariance has no negative eigenvalues.")
    found: Array = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return found


def _law(law: Line | ArrayLike, weights: ArrayLike | None) -> Line | tuple[Array, Array]:
    """A law on the line, or points (n, d) with their weights."""
    if isinstance(law, Line):
        return law
    points = np.asarray(law, float)
    if points.ndim == 2 and points.shape[1] == 1:
        points = points[:, 0]
    if points.ndim == 1:
        return Atoms(points, weights)
    if points.ndim != 2 or not points.size or not np.all(np.isfinite(points)):
        raise refused("a sample has the shape (n,) or (n, d) and finite numbers.")
    share = np.full(len(points), 1 / len(points)) if weights is None else np.asarray(weights, float)
    if share.shape != (len(points),) or np.any(share < 0):
        raise refused("every point needs a weight that is not negative.")
    require_mass(share)
    return points, share


def _between_atoms(one: Atoms, other: Atoms, order: float) -> float:
    """The distance of two atomic laws."""
    a, b = one.points, other.points
    if a.size == b.size and np.ptp(one.weights) == np.ptp(other.weights) == 0:
        return _norm(np.abs(a - b), one.weights, order)
    u, v = np.cumsum(one.weights), np.cumsum(other.weights)
    u, v = u / u[-1], v / v[-1]
    levels = np.union1d(u, v)
    mass = np.diff(levels, prepend=0.0)
    middles = levels - mass / 2
    gaps = np.abs(a[np.searchsorted(u, middles)] - b[np.searchsorted(v, middles)])
    return _norm(gaps, mass, order)


def _norm(gaps: Array, mass: Array, order: float) -> float:
    """The norm in L^p of distances, relative to the largest lest powers overflow."""
    gaps, mass = gaps[mass > _ROUNDING], mass[mass > _ROUNDING]
    most = float(gaps.max())
    if most == 0 or np.isinf(order):
        return most
    return float(most * ((gaps / most) ** order @ mass) ** (1 / order))


def _between_densities(one: Line, other: Line, order: float) -> float:
    """The distance of two laws by quadrature over levels, both sides of every jump apart."""

    def both(z: Array) -> Array:
        level = ndtr(z)
        return np.stack([one.quantile(level), other.quantile(level)])

    def integral(low: Array, high: Array) -> Array:
        z = (low + high)[:, None] / 2 + (high - low)[:, None] / 2 * nodes
        x = both(z)
        weight = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
        panels: Array = (np.abs(x[0] - x[1]) ** order * weight) @ weights * (high - low) / 2
        return panels

    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    scale = max(one.deviation, other.deviation, abs(one.mean - other.mean))
    goal = (_ERROR * scale) ** order
    edges = np.linspace(-_FAR, _FAR, _PANELS + 1)
    for _ in range(_HALVINGS):
        rise = np.diff(both(edges), axis=1)
        weight = np.diff(ndtr(edges)) * rise.max(axis=0) ** order
        steep = np.any(rise > _RISE * rise.sum(axis=1)[:, None], axis=0) & (weight > goal / _PANELS)
        if not steep.any():
            break
        edges = np.sort(np.concatenate([edges, ((edges[1:] + edges[:-1]) / 2)[steep]]))
    low, high = edges[:-1], edges[1:]
    coarse, total = integral(low, high), 0.0
    # where the distance is large its power need not be so exact
    allowed = max(goal, _ERROR * float(coarse.sum())) / (8 * low.size)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        fine = np.stack([integral(low, middle), integral(middle, high)])
        rough = np.abs(fine.sum(axis=0) - coarse) > allowed
        total += float(fine[:, ~rough].sum())
        if not rough.any():
            return float(total ** (1 / order))
        low = np.concatenate([low[rough], middle[rough]])
        high = np.concatenate([middle[rough], high[rough]])
        coarse = fine[:, rough].ravel()
    raise NoSolutionError(
        f"the quadrature of a distance leaves {low.size} panels after {_HALVINGS} halvings.",
        stage=STAGE,
        remedy="Compare one law with quantiles of the other.",
    )


def _slabs(law: Line, atoms: Atoms, order: float) -> float:
    """The p-th power of the distance of a law from atoms: every atom takes its slab."""
    levels = np.concatenate([[0.0], np.cumsum(atoms.weights)])
    edges = law.quantile(np.minimum(levels / levels[-1], 1.0))
    edges[0], edges[-1] = -np.inf, np.inf
    x, low, high = atoms.points, edges[:-1], edges[1:]
    before, after = law.partial(low, x), law.partial(high, x)
    if order == 2:
        return float(np.sum(after[2] - before[2]))
    middle = law.partial(np.clip(x, low, high), x)
    return float(np.sum(after[1] + before[1] - 2 * middle[1]))


def _transported(one: tuple[Array, Array], other: tuple[Array, Array], order: float) -> float:
    """The distance in space by the linear program."""
    (x, a), (y, b) = one, other
    if x.shape[1] != y.shape[1]:
        raise refused("the two samples have different dimensions.")
    if len(x) * len(y) > MOST_PAIRS:
        raise refused(f"at most {MOST_PAIRS:.0e} pairs of points are transported.")
    if np.isinf(order):
        raise refused("in space the order of a distance is finite.", "Take a large order.")
    ot = _pot()
    distances = np.sqrt(np.maximum(ot.dist(x, y, metric="sqeuclidean"), 0.0))
    most = float(distances.max())
    if most == 0:
        return 0.0
    costs = (distances / most) ** order
    power = float(ot.emd2(a / a.sum(), b / b.sum(), costs, numItermax=10**7))
    return float(most * max(power, 0.0) ** (1 / order))


def _pot() -> Any:
    try:
        import ot
    except ImportError:
        raise MissingPartError(
            "transport in more than one dimension needs the package POT.",
            stage=STAGE,
            remedy=f"Install {extra('transport')}.",
        ) from None
    return ot
