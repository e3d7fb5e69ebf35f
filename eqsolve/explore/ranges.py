"""How far a slider of a parameter goes: from its domain and its value."""

from __future__ import annotations

import math
from dataclasses import dataclass

import sympy as sp

#: Digits of the ends of a range, and its parts.
DIGITS, PARTS = 2, 200
#: A slider goes down to this part of a value, and up to this multiple.
DOWN, UP = 0.25, 3.0


@dataclass(frozen=True)
class Range:
    """The ends of a slider and its step; ``whole`` if only whole numbers make sense."""

    low: float
    high: float
    step: float
    whole: bool = False


def around(domain: sp.Set, value: float) -> Range:
    """A range around a value inside a domain; all of a bounded interval of length two at most."""
    whole = bool(domain.is_subset(sp.S.Integers)) if domain.is_subset is not None else False
    least, most = (_number(e, s) for e, s in ((domain.inf, -math.inf), (domain.sup, math.inf)))
    if whole:
        high = min(most, max(10.0, 3 * value))
        return Range(max(least, 1.0 if least == -math.inf else least), high, 1.0, True)
    if math.isfinite(least) and math.isfinite(most) and most - least <= 2:
        low, high = least, most
    elif value == 0:
        low, high = max(least, -1.0), min(most, 1.0)
    else:
        ends = sorted((DOWN * value, UP * value))
        low, high = max(least, ends[0]), min(most, ends[1])
    low, high = _rounded(low, math.floor), _rounded(high, math.ceil)
    step = 10.0 ** math.floor(math.log10((high - low) / PARTS))
    # an open end is no value
    if not domain.contains(sp.Rational(repr(low))) and low == least:
        low = float(f"{low + step:.10g}")
    if not domain.contains(sp.Rational(repr(high))) and high == most:
        high = float(f"{high - step:.10g}")
    return Range(low, high, step)


def _number(value: sp.Expr, otherwise: float) -> float:
    return float(value) if value.is_finite else otherwise


def _rounded(value: float, how: object) -> float:
    """A number of few digits."""
    if value == 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - DIGITS + 1)
    assert callable(how)
    return float(f"{how(round(value / unit, 9)) * unit:.10g}")
