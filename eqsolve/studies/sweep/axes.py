"""The varied parameters of a sweep, as a user writes them: axes and ranges."""

from __future__ import annotations

import math
import re
import reprlib
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import InputError
from eqsolve.parameters import exact

#: Most points of an axis, which is kept in memory.
LONGEST_AXIS = 10**7

#: Most equal steps of a logarithmic axis that may have a rational ratio: 1e-30 to 1e30 by halves.
MOST_PARTS = 200

_COUNT = r"([0-9]{1,20})(?:\^([0-9]{1,2}))?"
_AXIS = re.compile(rf"([^:]+):([^:]+):{_COUNT}(:log)?")
_RANGE = re.compile(r"([^:]+):([^:]+?)(:log)?")
_SAMPLE = re.compile(rf"(random|sobol):{_COUNT}")


@dataclass(frozen=True)
class Range:
    """An interval from which samples are drawn, evenly or evenly in the logarithm."""

    low: float
    high: float
    log: bool = False

    def __str__(self) -> str:
        return f"{self.low!r}:{self.high!r}{':log' if self.log else ''}"


def bad_sweep(message: str, remedy: str = "", game: str = "") -> InputError:
    """An error of the stage ``sweep``."""
    return InputError(message, game=game, stage="sweep", remedy=remedy)


def parse_axis(name: str, text: str, counted: bool = False) -> NDArray[np.float64]:
    """Return the values of ``START:STOP:COUNT``, of ``START:STOP:COUNT:log`` or of ``list:A,B,C``.

    Both ends are included; ``log`` spaces the values evenly in the logarithm. The values of a
    parameter that counts something are rounded to whole numbers, each taken once, unless they are
    listed. A count may be a power such as ``2^20``.

    Raises
    ------
    InputError
        If the text has another form, the count is zero or too large, or an end is not finite (or,
        on a logarithmic axis, not positive).
    """
    if text.strip().startswith("list:"):
        items = text.strip().removeprefix("list:").split(",")
        return np.array([float(exact(name, item)) for item in items])
    found = _AXIS.fullmatch(text.strip())
    if found is None:
        raise bad_sweep(
            f"the axis of {name} is {reprlib.repr(text)}.",
            "Write START:STOP:COUNT, START:STOP:COUNT:log or list:A,B,C.",
        )
    start, stop = (exact(name, end) for end in found.group(1, 2))
    count = _count(found.group(3), found.group(4))
    if not 1 <= count <= LONGEST_AXIS:
        raise bad_sweep(
            f"the axis of {name} has {count} points.", f"Choose from 1 to {LONGEST_AXIS}."
        )
    if count == 1 and start != stop:
        raise bad_sweep(
            f"the axis of {name} has one point and two ends.",
            "Write list:A for one value, or give the number of values.",
        )
    if found.group(5) is None:
        values = _even(start, stop, count)
    elif start > 0 and stop > 0:
        values = _geometric(start, stop, count)
    else:
        raise bad_sweep(f"the logarithmic axis of {name} reaches zero.", "Use positive ends.")
    if counted:
        whole = np.unique(np.round(values))
        values = whole if start <= stop else whole[::-1]
    return values


def _even(start: Fraction, stop: Fraction, count: int) -> NDArray[np.float64]:
    """The doubles next to ``start + k (stop - start)/(count - 1)``: .3 where .3 is meant."""
    scale = math.lcm(start.denominator, stop.denominator)
    first, last, steps = int(start * scale), int(stop * scale), max(count - 1, 1)
    # The quotient of two whole numbers of Python is rounded once.
    points = ((first * (steps - k) + last * k) / (scale * steps) for k in range(count))
    return np.fromiter(points, np.float64, count)


def _geometric(start: Fraction, stop: Fraction, count: int) -> NDArray[np.float64]:
    """Points evenly spaced in the logarithm; those that are rational are the next doubles."""
    values = np.geomspace(float(start), float(stop), count)
    ratio, steps = stop / start, max(count - 1, 1)
    for parts in range(min(steps, MOST_PARTS), 0, -1):
        root = Fraction(
            round(ratio.numerator ** (1 / parts)), round(ratio.denominator ** (1 / parts))
        )
        if steps % parts == 0 and root**parts == ratio:
            values[:: steps // parts] = [float(start * root**k) for k in range(parts + 1)][:count]
            break
    return values


def parse_varied(name: str, text: str, counted: bool = False) -> NDArray[np.float64] | Range:
    """Return an axis, or the range ``LOW:HIGH`` or ``LOW:HIGH:log`` of a sampled parameter.

    Raises
    ------
    InputError
        As ``parse_axis``, or if the range is empty.
    """
    found = _RANGE.fullmatch(text.strip())
    if found is None or text.strip().startswith("list:"):
        return parse_axis(name, text, counted)
    low, high = (float(exact(name, end)) for end in found.group(1, 2))
    log = found.group(3) is not None
    if not low < high or (log and low <= 0):
        raise bad_sweep(
            f"the range of {name} is {reprlib.repr(text)}.",
            f"Write LOW:HIGH{':log with 0 < LOW' if log else ' with LOW'} < HIGH.",
        )
    return Range(low, high, log)


def parse_sample(text: str) -> tuple[str, int]:
    """Return kind and number of points of ``random:COUNT`` or ``sobol:COUNT``.

    Raises
    ------
    InputError
        If the text has another form.
    """
    found = _SAMPLE.fullmatch(text.strip())
    if found is None:
        raise bad_sweep(
            f"the sample is {reprlib.repr(text)}.", "Write random:COUNT or sobol:COUNT."
        )
    return found.group(1), _count(found.group(2), found.group(3))


def _count(base: str, power: str | None) -> int:
    return math.prod([int(base)] * int(power or 1))
