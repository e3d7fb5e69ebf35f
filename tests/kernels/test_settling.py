"""Where coupled coefficients come to rest: followed coarsely, precisely where that is unsafe."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sympy as sp
from numba import njit

from eqsolve.kernels.steps import lanes
from eqsolve.kernels.steps.fused import Fused
from eqsolve.kernels.steps.settling import settler
from eqsolve.kernels.steps.settling_tiles import STEPS, Settled
from eqsolve.kernels.tiles import rows_of


@njit(error_model="numpy")
def rates(s: float, u: Any, p: Any, out: Any) -> None:
    """Two attracting points u = -1 and u = 1 at v = u, a saddle between them, in a unit of time."""
    out[0] = p[1] * (u[0] - u[0] ** 3)
    out[1] = p[1] * p[0] * (u[0] - u[1])


@njit(error_model="numpy")
def jacobian(u: Any, p: Any, out: Any) -> None:
    out[0, 0], out[0, 1] = p[1] * (1.0 - 3.0 * u[0] ** 2), 0.0
    out[1, 0], out[1, 1] = p[1] * p[0], -p[1] * p[0]


@njit(error_model="numpy")
def exploding(s: float, u: Any, p: Any, out: Any) -> None:
    """u explodes from 2; beyond the pole it would come from below, and end at -1."""
    out[0] = p[0] * (u[0] ** 2 - 1.0)
    out[1] = -u[1]


@njit(error_model="numpy")
def slope(u: Any, p: Any, out: Any) -> None:
    out[0, 0], out[0, 1] = 2.0 * p[0] * u[0], 0.0
    out[1, 0], out[1, 1] = 0.0, -1.0


follow, explode = settler(rates, jacobian), settler(exploding, slope)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e6])
@pytest.mark.parametrize("rate", [0.01, 1.0, 1e3])
@pytest.mark.parametrize("start", [1e-7, 0.3, 5.0, -1e-6, -40.0])
def test_the_point_in_the_direction_of_the_flow(start: float, rate: float, unit: float) -> None:
    u = np.array([start, 7.0])
    assert follow(u, np.array([rate, unit]))
    assert u == pytest.approx([np.sign(start)] * 2, rel=1e-13)


def test_a_saddle_is_reached_only_from_its_own_line() -> None:
    u = np.array([0.0, 7.0])
    assert follow(u, np.array([1.0, 1.0]))
    assert u == pytest.approx([0.0, 0.0], abs=1e-13)


@pytest.mark.parametrize("start", [1e-12, -1e-13])
def test_past_a_saddle_by_less_than_rounding_nothing_is_decided(start: float) -> None:
    assert not follow(np.array([start, 7.0]), np.array([1e3, 1.0]))


@pytest.mark.parametrize("rate", [0.1, 1.0, 30.0])
def test_no_step_leads_over_a_pole(rate: float) -> None:
    assert not explode(np.array([2.0, 1.0]), np.array([rate]))


# -- for the points of a tile at once --------------------------------------------------------------

U, V, P, Q = sp.symbols("u v p q")


def settle_tile(forms: list[sp.Expr], starts: Any, p: float, q: float) -> tuple[Any, Any]:
    """Where starts come to rest, and which of them are trusted; interpreted."""
    names = {P: "p", Q: "q", U: "u", V: "v"}
    loop = Settled((U, V), forms, ["first", "7.0"], Fused(names))
    rows, height = rows_of([loop], ["first", "p", "q", "sure"], ["u", "v"])
    work = np.ones((height, len(starts)))
    work[0], work[1], work[2] = starts, p, q
    plain = SimpleNamespace(
        select=lambda condition, a, b: a if condition else b,
        fma=lambda a, b, c: a * b + c,
        smaller=np.minimum,
        growth_of_step=lanes.growth_of_step,
        some=lambda _, row: bool(np.any(work[row] > 0.5)),
    )
    numbers = SimpleNamespace(fabs=np.abs)
    known = {"lanes": plain, "math": numbers, "TILE": len(starts), "work": work.reshape(-1)}
    source = "\n".join(loop.source(rows[0])).replace(f"range({STEPS})", "range(400)")
    with np.errstate(all="ignore"):
        exec(source, known)
    return work[[rows[0]["u"], rows[0]["v"]]], work[3] > 0.5


@pytest.mark.parametrize("unit", [1e-9, 1e6])
def test_points_of_a_tile_go_where_the_flow_does(unit: float) -> None:
    """Of starts next to the saddle, on it and of what is not a number nothing is said."""
    forms = [Q * (U - U**3), Q * P * (U - V)]
    starts = np.array([1e-7, 0.3, 5.0, -1e-6, -40.0, 0.0, math.nan])
    found, sure = settle_tile(forms, starts, 1.0, unit)
    assert sure.tolist() == [False, True, True, True, True, False, False]
    for k in (1, 2, 3, 4):
        assert found[:, k] == pytest.approx([np.sign(starts[k])] * 2, rel=1e-13)


def test_no_point_of_a_tile_is_led_over_a_pole() -> None:
    starts = np.array([2.0, 1.01, 0.9, -3.0])
    found, sure = settle_tile([P * (U**2 - 1), -Q * V], starts, 3.0, 1.0)
    assert sure.tolist() == [False, False, True, True]
    assert found[0, 2:] == pytest.approx([-1.0, -1.0], rel=1e-13)
