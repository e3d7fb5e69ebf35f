"""Searches over random parameters with the compiled closed form, and finite differences on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.claims.claim import Context, Scope, Test
from eqsolve.numerics.status import Status

Array = NDArray[np.float64]
Points = dict[str, Array]
#: Lower and upper end, and whether the logarithm is uniform.
Range = tuple[float, float, bool]

#: Ranges of the searches; a logarithmic one draws the logarithm uniformly. ``B`` is the excess
#: drift and ``mean`` the average wealth of the others.
RANGES: Mapping[str, Range] = {
    "r": (0, 0.05, False),
    "B": (0.02, 0.3, False),
    "nu": (0.1, 0.4, False),
    "sigma": (-0.4, 0.4, False),
    "theta": (0.05, 0.99, False),
    "gamma": (0.4, 5, True),
    "alpha": (0.2, 3, False),
    "beta": (0.05, 2, False),
    "lambda": (0.05, 3, True),
    "n": (2, 50, False),
    "x": (0.1, 10, True),
    "mean": (0.1, 10, True),
}

#: A second difference below this fraction of the values is not told from zero.
NOISE = 1e-11
#: Relative step of the differences.
STEP = 0.01


def plural(count: int, noun: str) -> str:
    """``no exception``, ``1 exception``, ``2 exceptions``."""
    return f"{'no' if count == 0 else f'{count:,}'} {noun}{'' if count == 1 else 's'}"


def draw(context: Context, label: str, **ranges: Range) -> tuple[Points, str]:
    """Draw parameters and states; return them with a description of domain and seed."""
    generator, size = context.generator(label), context.samples
    points: Points = {}
    parts = []
    for name, (low, high, logarithmic) in {**RANGES, **ranges}.items():
        if logarithmic:
            points[name] = np.exp(generator.uniform(np.log(low), np.log(high), size))
        elif name == "n":
            points[name] = generator.integers(int(low), int(high) + 1, size).astype(float)
        else:
            points[name] = generator.uniform(low, high, size)
        text = "others' mean wealth" if name == "mean" else name
        parts.append(f"{text} {low:g}..{high:g}" if low != high else f"{text} = {low:g}")
    points["b"] = points["r"] + points.pop("B")
    points["y"] = points.pop("mean") * (1 - 1 / points["n"])
    return points, f"{size:,} drawn, seed {context.seed}, {', '.join(parts)}"


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
    context: Context,
    vary: str,
    label: str,
    *,
    output: str = "pi",
    game: str = "n-agent",
    **ranges: Range,
) -> Stencil:
    """Evaluate a game at ``(1 - STEP, 1, 1 + STEP)`` times a parameter of random points."""
    points, where = draw(context, label, **ranges)
    rows = []
    fine = np.ones(context.samples, bool)
    for factor in (1 - STEP, 1.0, 1 + STEP):
        moved = {**points, vary: points[vary] * factor}
        found = context.kernel(game).evaluate(moved, outputs=("status", output))
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
