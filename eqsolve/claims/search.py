"""Searches over random parameters with the compiled closed form, and finite differences on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.claims.claim import Context, Scope, Test
from eqsolve.notated.published import Published
from eqsolve.status import Status

Array = NDArray[np.float64]
Points = dict[str, Array]
#: Lower and upper end, and whether the logarithm is uniform.
Range = tuple[float, float, bool]

#: A second difference below this fraction of the values is not told from zero.
NOISE = 1e-11
#: Relative step of the differences.
STEP = 0.01


def plural(count: int, noun: str) -> str:
    """``no exception``, ``1 exception``, ``2 exceptions``."""
    return f"{'no' if count == 0 else f'{count:,}'} {noun}{'' if count == 1 else 's'}"


def draw(
    context: Context, label: str, ranges: Mapping[str, Range], counts: Collection[str] = ()
) -> Points:
    """Draw from ranges, in their order; the names in ``counts`` become whole numbers."""
    generator, size = context.generator(label), context.samples
    points: Points = {}
    for name, (low, high, logarithmic) in ranges.items():
        if logarithmic:
            points[name] = np.exp(generator.uniform(np.log(low), np.log(high), size))
        elif name in counts:
            points[name] = generator.integers(int(low), int(high) + 1, size).astype(float)
        else:
            points[name] = generator.uniform(low, high, size)
    return points


@dataclass(frozen=True)
class Stencil:
    """Positions at three values of a parameter, at the points where all three exist.

    ``values`` has shape (3, points); ``given`` are the parameters at the middle.
    """

    values: Array
    given: Points
    where: str

    @property
    def size(self) -> int:
        """Number of points."""
        return int(self.values.shape[1])

    @property
    def rises(self) -> Array:
        """Signs of the change from the first to the last value."""
        return signs(self.values[2] - self.values[0], self.values, NOISE)

    @property
    def bends(self) -> Array:
        """Signs of the second difference: +1 convex, -1 concave, 0 undecided."""
        first, middle, last = self.values
        return signs(first - 2 * middle + last, self.values, NOISE)


def signs(differences: Array, values: Array, noise: float) -> Array:
    """Signs of differences, 0 where they are below the noise of the values."""
    scale = np.abs(values).max(axis=0)
    return np.where(np.abs(differences) > noise * scale, np.sign(differences), 0.0)


def stencil(
    context: Context, model: Published, output: str, vary: str, points: Points, where: str
) -> Stencil:
    """Evaluate a game at ``(1 - STEP, 1, 1 + STEP)`` times a parameter of the points."""
    rows = []
    fine = np.ones(context.samples, bool)
    for factor in (1 - STEP, 1.0, 1 + STEP):
        moved = {**points, vary: points[vary] * factor}
        found = context.kernel(model).evaluate(moved, outputs=("status", output))
        fine &= found["status"] == Status.OK
        rows.append(found[output])
    values = np.array([row[fine] for row in rows])
    return Stencil(values, {k: v[fine] for k, v in points.items()}, where)


def counted(says: str, bad: NDArray[Any], where: str, scope: Scope = "claim") -> Test:
    """Make a test that no point violates a statement."""
    violations = int(np.count_nonzero(bad))
    size = int(bad.size)
    return Test(
        "search",
        f"{says}: {plural(violations, 'violation')} in {size:,} equilibria.",
        violations == 0 and size > 0,
        scope,
        where,
    )
