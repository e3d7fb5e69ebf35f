"""Functions of time between the times at which they were evaluated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from eqsolve.errors import DerivationError

Array = NDArray[np.float64]
Curves: TypeAlias = Callable[[Array], Array]

#: Nodes of a panel of the interpolation in time, most panels, and the accuracy that is asked for.
_NODES, _PANELS, _ACCURACY = 24, 64, 1e-12


def interpolated(
    values: Curves,
    end: Fraction | None,
    noise: float = 0.0,
    stretches: Sequence[tuple[float, float]] = (),
) -> Curves:
    """Chebyshev interpolation of curves on as many equal panels as the accuracy needs.

    Parameters
    ----------
    values : (times, curves) at an array of times.
    end : of the interval from 0, None for constants.
    noise : rounding errors of the curves, relative to the largest of them.
    stretches : of the interval, where the curves have kinks between them.

    Returns
    -------
    (curves, times) at an array of times.
    """
    if end is None:
        constants = values(np.zeros(1)).T
        return lambda times: np.broadcast_to(constants, (len(constants), len(times)))
    if len(stretches) < 2:
        return _smooth(values, 0.0, float(end), noise)
    parts = [_smooth(values, first, last, noise) for first, last in stretches]
    inner = [first for first, _ in stretches[1:]]

    def at(times: Array) -> Array:
        places = np.searchsorted(inner, times, side="right")
        chosen = [places == place for place in range(len(parts))]
        rows = [part(times[here]) for part, here in zip(parts, chosen)]
        return np.concatenate(rows, axis=1)[:, np.argsort(places, kind="stable").argsort()]

    return at


def _smooth(values: Curves, first: float, last: float, noise: float) -> Curves:
    """The same where the curves are smooth."""
    nodes = np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)
    panels = 1
    while panels <= _PANELS:
        width = (last - first) / panels
        times = first + width * (np.arange(panels)[:, None] + (1 + nodes) / 2)
        found = values(np.minimum(times, last).ravel())
        parts = np.split(found, panels)
        # (panels, degree, curves)
        series = np.array([chebyshev.chebfit(nodes, part, _NODES - 1) for part in parts])
        size = np.abs(series).max(axis=(0, 1))
        tail = np.abs(series[:, -2:]).max(axis=(0, 1))
        if np.all(tail <= np.maximum(_ACCURACY * size, noise * size.max())):
            break
        panels *= 2
    else:
        raise DerivationError("the coefficients vary too quickly in time.", stage="interpolation")

    def at(times: Array) -> Array:
        gone = (times - first) / width
        place = np.clip(gone.astype(int), 0, panels - 1)
        basis = chebyshev.chebvander(2 * (gone - place) - 1, _NODES - 1)
        return np.array(np.einsum("td,tdl->lt", basis, series[place]))

    return at
