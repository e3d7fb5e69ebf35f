"""Columns of numbers behind the figures, and the statements that they support or refute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.paper_figures.baseline import AGENTS, GAME, at, baseline

Column = NDArray[Any]
Columns = Mapping[str, Column]

#: Differences below this share of the largest value are rounding, not a trend.
ROUNDING = 1e-13

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Statement:
    """A qualitative statement of the paper, and whether the data of a figure bear it out.

    ``detail`` says where it fails, or what was measured.
    """

    text: str
    holds: bool
    detail: str = ""

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "does not hold"
        return f"{self.text}: {verdict}{f' ({self.detail})' if self.detail else ''}."


@cache
def sweep(name: str, values: tuple[Fraction, ...]) -> Columns:
    """Vary one parameter of the baseline, everything else fixed.

    Returns
    -------
    Columns ``name``, ``status``, ``admissible_roots``, ``pi``, ``pi_noncompetitive``. Where the
    status is not ``"ok"`` the point is inadmissible: its positions are NaN and are discarded.
    """
    base = baseline()
    state = {"x": base.own, "y": base.aggregate(AGENTS)}
    found = [at(GAME, {**base.parameters, name: value}, state).to_dict() for value in values]
    return {name: np.array([float(v) for v in values])} | columns(found)


def columns(found: list[dict[str, Any]]) -> dict[str, Column]:
    """The columns common to all figures, from the answers of the solver."""

    def position(answer: dict[str, Any], name: str) -> float:
        return float(answer["at"][name]) if answer["status"] == "ok" else np.nan

    return {
        "status": np.array([answer["status"] for answer in found]),
        "admissible_roots": np.array(
            [sum(root["admissible"] for root in answer["roots"]) for answer in found]
        ),
        "pi": np.array([position(answer, "pi") for answer in found]),
        "pi_noncompetitive": np.array([position(answer, "pi_noncompetitive") for answer in found]),
    }


def admissible(data: Columns) -> Columns:
    """The rows that are plotted: those whose status is ``"ok"``."""
    kept = data["status"] == "ok"
    return {name: column[kept] for name, column in data.items()}


def monotone(x: Column, y: Column, sign: int) -> tuple[bool, str]:
    """Whether ``y`` strictly increases (``sign=1``) or decreases (``-1``); if not, where."""
    steps = sign * np.diff(y)
    return _everywhere(steps > _tolerance(y), x[:-1], x[1:])


def curved(x: Column, y: Column, sign: int) -> tuple[bool, str]:
    """Whether ``y`` is strictly convex (``sign=1``) or concave (``-1``) in ``x``."""
    bends = sign * _bends(x, y)
    return _everywhere(bends > 4 * _tolerance(y), x[:-2], x[2:])


def linear(x: Column, y: Column) -> tuple[bool, str]:
    """Whether ``y`` is affine in ``x`` up to rounding."""
    return _everywhere(np.abs(_bends(x, y)) <= 4 * _tolerance(y), x[:-2], x[2:])


def constant(x: Column, y: Column) -> tuple[bool, str]:
    """Whether ``y`` does not change beyond rounding."""
    return _everywhere(np.abs(np.diff(y)) <= _tolerance(y), x[:-1], x[1:])


def above(x: Column, upper: Column, lower: Column) -> tuple[bool, str]:
    """Whether one curve lies strictly above another at every point."""
    return _everywhere(upper - lower > _tolerance(upper), x, x)


def slope(x: Column, y: Column, point: float) -> float:
    """Slope of the chord through the two neighbors of ``point`` on the grid."""
    k = int(np.clip(np.searchsorted(x, point), 1, len(x) - 2))
    return float((y[k + 1] - y[k - 1]) / (x[k + 1] - x[k - 1]))


def judge(
    text: str,
    test: Callable[..., tuple[bool, str]],
    x: Column,
    curves: Mapping[str, Column],
    *arguments: int,
) -> Statement:
    """Test a statement about several curves at once; the detail names the curve that fails."""
    details, holds = [], True
    for label, curve in curves.items():
        good, detail = test(x, curve, *arguments)
        holds &= good
        if detail:
            details.append(f"{label} {detail}" if len(curves) > 1 else detail)
    return Statement(text, holds, "; ".join(details))


def scientific(value: float) -> str:
    """Two digits and a power of ten, as ``3.2 × 10⁻⁵``, never broken."""
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}\u00a0×\u00a010{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def _tolerance(y: Column) -> float:
    return ROUNDING * float(np.max(np.abs(y), initial=0.0))


def _bends(x: Column, y: Column) -> Column:
    """Second differences at the inner points of any grid, in the unit of ``y``."""
    left, right = np.diff(x)[:-1], np.diff(x)[1:]
    weight = 2 * left * right / (left + right)
    bends: Column = weight * (np.diff(y)[1:] / right - np.diff(y)[:-1] / left)
    return bends


def _everywhere(good: Column, start: Column, end: Column) -> tuple[bool, str]:
    if good.size == 0:
        return False, "too few points"
    bad = np.flatnonzero(~good)
    if bad.size == 0:
        return True, ""
    first, last = start[bad[0]], end[bad[-1]]
    where = f"at {first:g}" if first == last else f"between {first:g} and {last:g}"
    return False, f"fails at {bad.size} of {good.size} places, {where}"
