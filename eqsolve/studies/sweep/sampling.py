"""Samples of a box of parameters whose points can be computed in any order.

A block of a sweep is computed anywhere and at any time, so that point i must depend on the seed
and on i alone. Random points take the draws of a PCG64 stream by advancing it. A scrambled Sobol
sequence is affine over the field of two elements: point i is the exclusive or of point 0 with one
direction per bit of the Gray code of i (Antonov and Saleev, 1979); the directions are read off the
generator of ``scipy.stats.qmc`` once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.studies.sweep.axes import Range, bad_sweep

#: Binary digits of a Sobol coordinate; SciPy 1.17 cannot skip points with more than 32.
BITS = 32

#: Points in the table of the low digits of the index.
LOW = 16

#: Most points of a sample by kind, and most parameters. Reading the directions of a Sobol sequence
#: takes about 3 ns a point.
LARGEST = {"sobol": 2**BITS, "random": 10**13}
MOST_SAMPLED = 100

Integers = NDArray[np.uint64]


@dataclass(frozen=True)
class Sample:
    """Points drawn from a box.

    Attributes
    ----------
    kind : ``"random"`` or ``"sobol"`` (scrambled).
    size : number of points.
    seed : determines the points, together with the kind and the order of the parameters.
    box : the range of every sampled parameter.
    whole : the parameters that take whole numbers only.
    """

    kind: str
    size: int
    seed: int
    box: Mapping[str, Range]
    whole: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not 1 <= self.size <= LARGEST[self.kind]:
            raise bad_sweep(
                f"the sample has {self.size} points.", f"Choose from 1 to {LARGEST[self.kind]}."
            )
        if not 0 <= self.seed < 2**64:
            raise bad_sweep(f"the seed is {self.seed}.", "Choose from 0 to 2^64 - 1.")
        if not 1 <= len(self.box) <= MOST_SAMPLED:
            raise bad_sweep(
                f"the sample has {len(self.box)} parameters.",
                "Vary 1 to 100 of them over a range, as in --vary theta=0:1.",
            )
        for name, box in self.box.items():
            if name in self.whole and (box.low % 1 or box.high % 1):
                raise bad_sweep(f"the range of {name} is {box}.", "Use whole numbers.")

    @property
    def dimension(self) -> str:
        """Name of the dimension in labelled results."""
        return "sample"

    @property
    def names(self) -> tuple[str, ...]:
        """The sampled parameters."""
        return tuple(self.box)

    def describe(self) -> dict[str, str]:
        """What the points depend on."""
        own = {"sample": f"{self.kind}:{self.size}", "seed": str(self.seed)}
        return own | {name: str(box) for name, box in self.box.items()}

    def values(self, start: int, stop: int) -> dict[str, NDArray[np.float64]]:
        """Coordinates of the points from ``start`` to before ``stop``, by parameter."""
        unit = (self._random if self.kind == "random" else self._sobol)(start, stop)
        return {
            name: _scaled(np.ascontiguousarray(unit[:, k]), box, name in self.whole)
            for k, (name, box) in enumerate(self.box.items())
        }

    def _random(self, start: int, stop: int) -> NDArray[np.float64]:
        stream = np.random.PCG64(self.seed)
        stream.advance(start * len(self.box))
        points = np.random.Generator(stream).random((stop - start, len(self.box)))
        return points

    def _sobol(self, start: int, stop: int) -> NDArray[np.float64]:
        low, high = self._tables
        index = np.arange(start, stop)
        # Above the low digits, the Gray code also flips their highest one.
        points = low[index & ((1 << LOW) - 1)] ^ high[index >> LOW]
        unit: NDArray[np.float64] = points * 2.0**-BITS
        return unit

    @cached_property
    def _tables(self) -> tuple[Integers, Integers]:
        """Point i is ``low[i % 2^LOW] ^ high[i // 2^LOW]``."""
        origin, directions = self._directions
        zero = np.zeros_like(origin)
        low = _span(directions[:LOW], zero, min(self.size, 1 << LOW))
        blocks = -(-self.size // (1 << LOW))
        high = _span(directions[LOW:], origin, blocks)
        # An odd block flips the highest of the low digits of the Gray code.
        if blocks > 1:
            high[1::2] ^= directions[LOW - 1]
        return low, high

    @cached_property
    def _directions(self) -> tuple[Integers, Integers]:
        """Point 0 and the direction of each bit of the Gray code, as integers."""
        from scipy.stats import qmc

        engine: Any = qmc.Sobol(len(self.box), scramble=True, bits=BITS, rng=self.seed)
        origin = _integers(engine.random(1))
        directions: list[Integers] = []
        position = 1
        for bit in range((self.size - 1).bit_length()):
            engine.fast_forward((1 << bit) - position)
            # The Gray code of 2^k has the bits k and k - 1.
            found = _integers(engine.random(1)) ^ origin
            directions.append(found ^ directions[-1] if directions else found)
            position = (1 << bit) + 1
        return origin, np.array(directions, np.uint64).reshape(-1, len(self.box))


def _integers(points: NDArray[np.float64]) -> Integers:
    found: Integers = (points[0] * 2.0**BITS).astype(np.uint64)
    return found


def _span(directions: Integers, origin: Integers, count: int) -> Integers:
    """The origin plus the combination of directions in the Gray code of 0 to count - 1."""
    index = np.arange(count)
    code = index ^ (index >> 1)
    points = np.broadcast_to(origin, (count, origin.size)).copy()
    for bit in range(max(count - 1, 0).bit_length()):
        points[(code >> bit) & 1 == 1] ^= directions[bit]
    return points


def _scaled(unit: NDArray[np.float64], box: Range, whole: bool) -> NDArray[np.float64]:
    """Map numbers of [0, 1) to a range; whole numbers are equally likely, both ends included."""
    low, high = box.low, box.high + whole
    if box.log:
        values = np.exp(np.log(low) + (np.log(high) - np.log(low)) * unit)
    else:
        values = low + (high - low) * unit
    result: NDArray[np.float64] = np.clip(np.floor(values) if whole else values, low, box.high)
    return result
