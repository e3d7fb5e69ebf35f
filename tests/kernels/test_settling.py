"""Where coupled coefficients come to rest: followed coarsely, precisely where that is unsafe."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import njit

from eqsolve.kernels.runtime import settler


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
