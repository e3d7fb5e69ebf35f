"""Mean-field games: exact solutions, orders, conservation, evidence, and refusals."""

from __future__ import annotations

import signal
import threading
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from eqsolve.errors import InputError
from eqsolve.pde import (
    Absolute,
    Compiled,
    Coupling,
    MFGSolution,
    Power,
    Quadratic,
    Tabulated,
    gaussian,
    solve_mfg,
)

Array = np.ndarray[Any, np.dtype[np.float64]]


def normal(x: Array, mean: float, variance: float) -> Array:
    density: Array = np.exp(-0.5 * (x - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance)
    return density


def relative(found: Array, exact: Array) -> float:
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))


def orders(errors: list[float]) -> list[float]:
    return [float(np.log2(a / b)) for a, b in zip(errors, errors[1:], strict=False)]


# --- exact solutions ---------------------------------------------------------------------------


def lq1(nodes: int, nu: float, viscosity: float | None = None, **options: Any) -> tuple[float, ...]:
    """Largest error of u(0) and relative error of m(T) in the problem without coupling."""
    found = solve_mfg(
        domain=(-3, 3),
        nodes=nodes,
        steps=(nodes - 1) // 2,
        viscosity=nu if viscosity is None else viscosity,
        initial=gaussian(-0.5, 0.4),
        terminal=lambda x: 0.5 * (x - 0.5) ** 2,
        boundary="open",
        **options,
    )
    assert found.ok, found.message
    assert found.diagnostics["mass_error"] < 1e-13
    u = 0.25 * (found.x - 0.5) ** 2 + nu * np.log(2)
    m = normal(found.x, 0.0, 0.04 + nu)
    return float(abs(found.u[0] - u).max()), relative(found.m[-1], m)


@pytest.mark.parametrize(
    ("nu", "value", "density"), [(0.05, 7.7e-5, 6.8e-3), (0.005, 7.8e-5, 2.0e-2)]
)
def test_lq1_is_of_second_order(nu: float, value: float, density: float) -> None:
    errors = [lq1(nodes, nu) for nodes in (101, 201, 401)]
    assert 0.9 * value < errors[0][0] < value
    assert 0.9 * density < errors[0][1] < density
    for part in (0, 1):
        assert orders([e[part] for e in errors]) == pytest.approx([2.0, 2.0], abs=0.1)


def lq2(nodes: int, **options: Any) -> MFGSolution:
    settings: dict[str, Any] = {"viscosity": 0.1, "domain": (-3.5, 4.5), "steps": (nodes - 1) // 4}
    settings |= {"boundary": "open", "running": Coupling.attraction()}
    return solve_mfg(
        nodes=nodes,
        initial=gaussian(0.5, 0.3),
        terminal=lambda x: 0.25 * x * x,
        **settings | options,
    )


def lq2_errors(found: MFGSolution) -> tuple[float, float]:
    x = found.x
    u = 0.91367093 / 2 * x * x - 0.2901688 * x + 0.14818638
    window = abs(x) <= 2
    m = normal(x, 1 / 3, 0.1301369)
    return float(abs(found.u[0] - u)[window].max()), relative(found.m[-1], m)


def test_lq2_is_of_second_order() -> None:
    errors = []
    for nodes in (81, 161, 321):
        found = lq2(nodes)
        assert found.ok and found.diagnostics["iterations"] <= 6, found.message
        errors.append(lq2_errors(found))
        assert abs(found.mean[-1] - 1 / 3) < 3e-2 / nodes
        # the Gaussian is known to seven digits only
    for part, size in ((0, 2.7e-4), (1, 4.3e-3)):
        assert 0.8 * size < errors[0][part] < size
        assert orders([e[part] for e in errors]) == pytest.approx([2.0, 2.0], abs=0.1)


def test_lq2_on_a_small_grid_and_extrapolated() -> None:
    plain = lq2(81, steps=10, domain=(-1.3, 2.2), boundary="reflecting")
    assert plain.ok and lq2_errors(plain)[1] < 1e-3
    better = lq2(61, steps=14, domain=(-1.3, 2.2), boundary="reflecting", richardson=True)
    assert better.ok and lq2_errors(better)[1] < 1e-4
    assert better.x.shape == (31,) and better.t.shape == (8,)
    value, density = better.diagnostics["error_estimate"]
    assert 1e-4 < density < 1e-2 and 0 < value < 1e-2


@pytest.mark.parametrize("change", [{"viscosity": 0.2}, {"hamiltonian": Quadratic(1.02)}])
def test_planted_errors_in_lq2_are_seen(change: dict[str, Any]) -> None:
    assert max(lq2_errors(lq2(161, **change))) > 1e-2 > 2 * max(lq2_errors(lq2(161)))


def test_lq_game_with_other_data_against_its_riccati_equations() -> None:
    c, goal, nu, horizon, scale = 1.7, 0.8, 0.07, 1.4, 0.6
    mean0, variance0 = -0.4, 0.05

    # u = P x^2/2 + Q x + R with H = scale p^2/2 and f = (c/2)(x - M)^2
    def backward(t: float, y: Array, law: Any) -> list[float]:
        p, q, _ = y
        average = law(t)[0]
        return [
            scale * p * p - c,
            scale * p * q + c * average,
            0.5 * scale * q * q - nu * p - 0.5 * c * average**2,
        ]

    def forward(t: float, y: Array, value: Any) -> list[float]:
        p, q, _ = value(t)
        return [-scale * (p * y[0] + q), -2 * scale * p * y[1] + 2 * nu]

    exactly: dict[str, Any] = {"rtol": 1e-11, "atol": 1e-12, "dense_output": True}

    def law(t: float) -> Any:
        return mean0, variance0

    value: Any = None
    for _ in range(40):
        end = [goal, -goal * 0.3, 0.5 * goal * 0.09]
        value = solve_ivp(backward, (horizon, 0), end, args=(law,), **exactly).sol
        law = solve_ivp(forward, (0, horizon), [mean0, variance0], args=(value,), **exactly).sol
    errors = []
    for nodes in (101, 201):
        found = solve_mfg(
            domain=(-2.5, 2.0),
            nodes=nodes,
            steps=(nodes - 1) // 2,
            horizon=horizon,
            viscosity=nu,
            initial=gaussian(mean0, variance0**0.5),
            running=Coupling.attraction(c),
            terminal=lambda x: 0.5 * goal * (x - 0.3) ** 2,
            hamiltonian=Quadratic(scale),
            boundary="open",
        )
        p, q, r = value(0.0)
        exact = 0.5 * p * found.x**2 + q * found.x + r
        density = normal(found.x, *law(horizon))
        errors.append((abs(found.u[0] - exact).max(), relative(found.m[-1], density)))
    assert errors[1][0] < 4e-5 and errors[1][1] < 2e-3
    for part in (0, 1):
        assert orders([e[part] for e in errors]) == pytest.approx([2.0], abs=0.1)


#: Mean and variance at T/2 and T, and the cost J, of optimal execution.
EXECUTION = {
    "game": (0.181915234204, 0.112471694613, 0.570300269858),
    "planner": (1.219794431417, 2.575325804956, 0.125026134678),
}


@pytest.mark.parametrize("kind", ["game", "planner"])
def test_optimal_execution_where_the_law_of_the_control_enters(kind: str) -> None:
    g, planner = 1.75, kind == "planner"
    domain = (-3.0, 5.5) if planner else (-2.0, 3.0)
    trade = Coupling(
        potential=lambda x: x * x,
        control_mean=lambda x: -g * x,
        control=-g if planner else 0.0,
    )
    errors = []
    for nodes in (101, 201):
        found = solve_mfg(
            domain=domain,
            nodes=nodes,
            steps=(nodes - 1) // 2,
            viscosity=0.125,
            initial=gaussian(0.5, 0.3),
            running=trade,
            terminal=lambda x: 0.15 * x * x,
            boundary="open",
            check=False,
        )
        assert found.ok, found.message
        half, end, cost = EXECUTION[kind]
        value = found.diagnostics["cost"]
        if planner:
            # the representative pays for the externality too
            value += g * (found.mean[-1] ** 2 - found.mean[0] ** 2) / 2
        middle = len(found.t) // 2
        errors.append(
            [
                abs(found.mean[middle] - half),
                abs(found.mean[-1] - end),
                abs(found.variance[middle] - 0.101816279945),
                abs(found.variance[-1] - 0.145573245841),
                abs(value - cost),
            ]
        )
        # the control is affine with the slope of the Riccati equation
        slope = np.polyfit(found.x, found.control[0], 1)[0]
        assert slope == pytest.approx(-1.309571554706, rel=1e-3)
    assert max(errors[1]) < 5e-4
    for coarse, fine in zip(*errors, strict=True):
        assert orders([coarse, fine]) == pytest.approx([2.0], abs=0.1)


# --- manufactured solutions --------------------------------------------------------------------

t, x = sp.symbols("t x", real=True)
PI = sp.pi
#: value, density, viscosity, coefficient of the local density
MANUFACTURED = {
    "reflecting": (
        sp.exp(-t) * sp.cos(PI * x),
        1 + sp.Rational(3, 10) * sp.cos(2 * PI * x) * sp.cos(t),
        sp.Rational(1, 10) * (1 + sp.cos(2 * PI * x) / 4),
        1,
    ),
    "periodic": (
        sp.sin(2 * PI * x + t) / 3,
        1 + sp.Rational(3, 10) * sp.sin(2 * PI * x - t),
        sp.Rational(1, 10) * (1 + sp.sin(2 * PI * x) / 4),
        -sp.Rational(1, 2),
    ),
    "absorbing": (
        x / 5 + (1 + t) * sp.sin(PI * x) / 3,
        PI / 2 * sp.sin(PI * x) * sp.exp(-t),
        sp.Rational(1, 8) * (1 + x / 3),
        0,
    ),
}
#: With H = |p| and u_x < 0 the flux nu m_x - m has to vanish at reflecting ends.
UNIT = sp.exp(2 * x) * (1 + sp.Rational(3, 10) * sp.cos(2 * PI * x) * sp.cos(t))
MANUFACTURED["unit speed"] = (
    sp.exp(-t) * sp.cos(PI * x),
    UNIT / sp.integrate(sp.expand(UNIT.subs(t, 0)), (x, 0, 1)),
    sp.Rational(1, 2),
    1,
)


def manufactured(
    name: str, nodes: int, steps: int, hamiltonian: Any, value: Any, **options: Any
) -> tuple[float, float]:
    """Errors of u and m in a problem whose solution was chosen."""
    u, m, nu, c = MANUFACTURED[name]
    p = sp.symbols("p", positive=True)
    h = value(p)
    gradient = sp.diff(u, x)
    drift = sp.diff(h, p).subs(p, gradient)
    forcing = -sp.diff(u, t) - nu * sp.diff(u, x, 2) + h.subs(p, gradient) - c * m
    source = sp.diff(m, t) - sp.diff(nu * m, x, 2) - sp.diff(m * drift, x)
    call = {
        name: sp.lambdify((t, x), e, "numpy")
        for name, e in (("u", u), ("m", m), ("f", forcing), ("s", source), ("nu", nu))
    }
    found = solve_mfg(
        domain=(0, 1),
        nodes=nodes,
        steps=steps,
        horizon=0.5,
        viscosity=lambda y: call["nu"](0.0, y) + 0.0 * y,
        initial=lambda y: np.maximum(call["m"](0.0, y), 0.0),
        running=Coupling(forcing=call["f"], density=float(c)),
        terminal=lambda y: call["u"](0.5, y),
        hamiltonian=hamiltonian,
        boundary="reflecting" if name == "unit speed" else name,
        exit_costs=(0.0, 0.2 if name == "absorbing" else 0.0),
        mass_source=call["s"],
        check=False,
        **options,
    )
    assert found.ok, found.message
    assert found.diagnostics["mass_error"] < 1e-13
    grid = np.meshgrid(found.t, found.x, indexing="ij")
    return (
        float(abs(found.u - call["u"](*grid)).max()),
        float(abs(found.m - call["m"](*grid)).max()),
    )


SIZES = {
    "reflecting": (2e-3, 8e-3),
    "periodic": (8e-3, 5e-2),
    "absorbing": (5e-3, 2e-2),
}


@pytest.mark.parametrize("boundary", sorted(SIZES))
def test_second_order_at_every_boundary(boundary: str) -> None:
    extra = 0 if boundary == "periodic" else 1
    errors = [
        manufactured(boundary, n + extra, n // 2, Quadratic(), lambda p: p**2 / 2)
        for n in (40, 80, 160)
    ]
    for part in (0, 1):
        assert errors[0][part] < SIZES[boundary][part], errors
        assert orders([e[part] for e in errors]) == pytest.approx([2.0, 2.0], abs=0.1), errors


def test_extrapolation_is_of_fourth_order() -> None:
    errors = [
        manufactured("periodic", n, n // 2, Quadratic(), lambda p: p**2 / 2, richardson=True)
        for n in (80, 160)
    ]
    for part in (0, 1):
        assert orders([e[part] for e in errors]) == pytest.approx([4.0], abs=0.25), errors


def test_a_power_above_two_is_of_second_order() -> None:
    errors = [  # |p|^3/3, since u_x < 0 here
        manufactured("reflecting", n + 1, n // 2, Power(3.0), lambda p: -(p**3) / 3)
        for n in (40, 80, 160)
    ]
    for part in (0, 1):
        assert orders([e[part] for e in errors]) == pytest.approx([2.0, 2.0], abs=0.15), errors


def test_the_monotone_scheme_is_of_first_order() -> None:
    errors = [
        manufactured("unit speed", n + 1, n, Absolute(), lambda p: -p) for n in (80, 160, 320)
    ]
    for part, size in ((0, 5e-2), (1, 2e-1)):
        assert errors[0][part] < size, errors
        assert orders([e[part] for e in errors]) == pytest.approx([1.0, 1.0], abs=0.15), errors


def test_unit_speed_without_noise() -> None:
    """H = |p|, nu = 0: u(0, x) = (|x| - 1)_+^2/2, and every agent walks to the origin."""
    errors = []
    for nodes in (201, 401, 801):
        found = solve_mfg(
            domain=(-2, 2),
            nodes=nodes,
            steps=nodes - 1,
            viscosity=0.0,
            initial=gaussian(1.2, 0.1),
            terminal=lambda y: 0.5 * y * y,
            hamiltonian=Absolute(),
            check=False,
        )
        assert found.ok and found.diagnostics["scheme"] == "monotone"
        assert found.diagnostics["minimum_density"] >= 0.0
        exact = 0.5 * np.maximum(abs(found.x) - 1, 0.0) ** 2
        errors.append(float(abs(found.u[0] - exact).max()))
        assert found.mean[-1] == pytest.approx(0.2, abs=5.0 / nodes)
    assert errors[0] < 2.5e-2
    assert all(0.8 < order < 1.2 for order in orders(errors)), errors


# --- the parts ---------------------------------------------------------------------------------


def test_hamiltonians_that_are_equal_give_equal_solutions() -> None:
    p = np.linspace(-8, 8, 161)
    plain = lq2(81)
    for other in (
        Power(2.0),
        Tabulated(p, 0.5 * p * p, p),
        Compiled(lambda y, q: 0.5 * q * q, lambda y, q: q),
    ):
        found = lq2(81, hamiltonian=other)
        assert found.ok
        np.testing.assert_allclose(found.u, plain.u, atol=1e-11)
        np.testing.assert_allclose(found.m, plain.m, atol=1e-11)


def test_a_compiled_coupling_is_the_declared_one() -> None:
    declared = Coupling(
        potential=lambda y: 0.5 * y * y,
        mean=lambda y: -y,
        variance=0.3,
        control_mean=lambda y: 0.2 * y,
        density=0.4,
        kernel=lambda d: np.exp(-d * d),
    )
    compiled = Coupling(
        function=lambda s, y, mean, variance, density, convolved, control: (
            0.5 * y * y - y * mean + 0.3 * variance + 0.2 * y * control + 0.4 * density + convolved
        ),
        kernel=lambda d: np.exp(-d * d),
    )
    one, two = (lq2(61, steps=10, running=coupling) for coupling in (declared, compiled))
    assert one.ok and two.ok
    np.testing.assert_allclose(one.u, two.u, atol=1e-9)
    np.testing.assert_allclose(one.m, two.m, atol=1e-9)


def test_a_narrow_kernel_is_the_local_density() -> None:
    def game(coupling: Coupling) -> MFGSolution:
        return solve_mfg(
            domain=(0, 1),
            nodes=100,
            steps=20,
            viscosity=0.1,
            initial=lambda y: 1 + 0.5 * np.cos(2 * np.pi * y),
            running=coupling,
            boundary="periodic",
        )

    identity = np.eye(100) * 100  # weights 1/100
    one, two = game(Coupling(density=1.0)), game(Coupling(kernel=identity))
    assert one.ok
    np.testing.assert_allclose(one.m, two.m, atol=1e-9)
    assert one.m[-1].max() < 1.45  # the crowd is avoided


def test_times_may_be_given_and_damped() -> None:
    even = lq2(81, steps=40)
    given_times = lq2(81, times=np.linspace(0, 1, 41))
    np.testing.assert_array_equal(even.u, given_times.u)
    graded = lq2(81, times=np.linspace(0, 1, 41) ** 1.5)
    assert graded.ok and lq2_errors(graded)[1] < 6e-3
    damped = lq2(81, steps=40, damped_steps=2)
    assert damped.ok and abs(damped.m - even.m).max() < 5e-3
    assert damped.diagnostics["mass_error"] < 1e-13

    rough = {"initial": lambda y: (abs(y - 0.5) < 0.3) * 1.0, "terminal": abs}
    common: dict[str, Any] = {
        "domain": (-2, 3),
        "nodes": 401,
        "steps": 20,
        "viscosity": 0.1,
        "boundary": "open",
    }
    ringing = solve_mfg(**common, **rough)
    calm = solve_mfg(**common, **rough, damped_steps=2)
    assert any("negative_density" in w for w in ringing.warnings)
    assert calm.diagnostics["negative_mass"] < 0.05 * ringing.diagnostics["negative_mass"]


def test_large_grids_keep_their_mass() -> None:
    for boundary in ("open", "reflecting"):
        found = lq2(1201, steps=300, boundary=boundary, starts=1)
        assert found.ok and found.diagnostics["mass_error"] < 1e-13


def test_those_who_leave_are_counted() -> None:
    found = solve_mfg(
        domain=(-1, 1),
        nodes=201,
        steps=100,
        viscosity=0.1,
        initial=lambda y: np.maximum(0.0, 1 - 4 * y * y),
        running=1.0,
        boundary="absorbing",
        exit_costs=(0.0, 0.1),
    )
    left, right = found.diagnostics["exit_mass"]
    inside = float(np.trapezoid(found.m[-1], found.x))
    assert found.ok and left > right > 0.05
    assert inside + left + right == pytest.approx(1.0, abs=1e-13)
    assert (found.u[:, 0] == 0.0).all() and (found.u[:, -1] == 0.1).all()


# --- evidence ----------------------------------------------------------------------------------


def herding(strength: float) -> MFGSolution:
    """Everybody wants to end on the side of the mean."""
    return solve_mfg(
        domain=(-2, 2),
        nodes=101,
        steps=50,
        viscosity=0.1,
        initial=gaussian(0.0, 0.3),
        terminal=Coupling(potential=lambda y: 0.5 * y * y, mean=lambda y: -strength * y),
    )


def test_several_equilibria_are_found() -> None:
    found = herding(3.0)
    assert found.status == "multiple_found" and not found.ok
    assert found.alternative is not None and found.alternative.ok
    assert abs(found.mean[-1]) < 1e-9 and found.alternative.mean[-1] > 0.5
    assert "another equilibrium" in found.message
    assert found.alternative.diagnostics["exploitability"] < 1e-9
    assert herding(0.2).ok


def test_an_iteration_cut_short_is_exploitable() -> None:
    found = lq2(81, max_iterations=1, starts=1)
    assert found.status == "not_converged" and not found.ok
    assert found.diagnostics["exploitability"] > 1e-6
    assert abs(lq2(81).diagnostics["exploitability"]) < 1e-12


def test_the_cost_is_the_value_of_the_best_response() -> None:
    found = lq2(161)
    weights = np.full(161, found.x[1] - found.x[0])
    weights[[0, -1]] *= 0.5
    value = float(np.sum(weights * found.u[0] * found.m[0]))
    assert value == pytest.approx(found.diagnostics["cost"], rel=1e-9)


def test_a_slope_of_the_wrong_sign_is_seen() -> None:
    """The planted error turns the drift of the density uphill."""
    wrong = Compiled(lambda y, q: 0.5 * q * q, lambda y, q: -q)
    with pytest.raises(InputError, match="minimizer"):
        lq2(81, hamiltonian=wrong)


def test_statuses_of_failure() -> None:
    p = np.linspace(-0.5, 0.5, 11)
    assert lq2(41, hamiltonian=Tabulated(p, 0.5 * p * p, p)).status == "outside_table"
    nan = lq2(41, running=Coupling(function=lambda s, y, a, b, c, d, e: np.sqrt(a - 10.0)))
    assert nan.status == "not_finite" and "NaN" in nan.message
    # agents who flee from the mean, with more force than the horizon bears
    runaway = lq2(41, running=Coupling.attraction(-40.0), max_iterations=30)
    assert runaway.status != "ok" and runaway.message
    full = solve_mfg(
        domain=(0, 1), nodes=41, steps=20, viscosity=0.1, initial=np.ones(41), boundary="open"
    )
    assert any("boundary_mass" in w for w in full.warnings)


def test_a_solution_is_plain_data() -> None:
    result = lq2(21, steps=4, check=False).to_dict()
    assert result["status"] == "ok" and isinstance(result["u"][0][0], float)
    assert isinstance(result["other_starts"], list)


# --- bad input ---------------------------------------------------------------------------------

GOOD: dict[str, Any] = {
    "domain": (0.0, 1.0),
    "nodes": 21,
    "steps": 4,
    "viscosity": 0.1,
    "initial": np.ones(21),
}


def ones(**changes: float) -> Array:
    values = np.ones(21)
    for place, value in changes.items():
        values[int(place[1:])] = value
    return values


@pytest.mark.parametrize(
    ("change", "argument", "remedy"),
    [
        ({"nodes": 4}, "nodes is 4", "5"),
        ({"nodes": 21.0}, "nodes", "integer"),
        ({"nodes": True}, "nodes", "integer"),
        ({"steps": 0}, "steps is 0", "1"),
        ({"horizon": 0.0}, "horizon is 0.0", "positive"),
        ({"horizon": -1.0}, "horizon is -1.0", "positive"),
        ({"horizon": np.nan}, "horizon", "finite"),
        ({"horizon": "1"}, "horizon", "real number"),
        ({"times": [0.0, 0.5, 0.5]}, "times is 0.5 after 0.5 at index 2", "positive"),
        ({"times": [0.0, np.inf]}, "times is inf", "finite"),
        ({"times": [0.0]}, "times", "2"),
        ({"times": "soon"}, "times is 'soon'", "real numbers"),
        ({"domain": (1.0, 0.0)}, "domain", "smaller"),
        ({"domain": (0.0, np.inf)}, "domain", "finite"),
        ({"domain": 1.0}, "domain is 1.0", "two numbers"),
        ({"viscosity": -0.1}, "viscosity is -0.1", "negative"),
        ({"viscosity": np.nan}, "viscosity is NaN", "finite"),
        ({"viscosity": 0.0, "scheme": "central"}, "viscosity is 0", "monotone"),
        ({"viscosity": np.ones(20)}, "viscosity is an array of shape [20]", "21"),
        ({"viscosity": 1j}, "viscosity", "real numbers"),
        ({"initial": ones(i3=-0.1)}, "initial is -0.1 at index 3", "negative"),
        ({"initial": ones(i3=np.nan)}, "initial is NaN at index 3", "finite"),
        ({"initial": ones() * 1.01}, "initial is an array of mass 1.01", "mass must be 1"),
        ({"initial": np.ones((21, 1))}, "initial is an array of shape [21, 1]", "21"),
        ({"initial": ["a"] * 21}, "initial", "real numbers"),
        ({"initial": lambda y: 0.0 * y}, "initial is an array of mass 0", "mass"),
        ({"running": ones(i0=np.inf)}, "running potential is inf", "finite"),
        ({"running": Coupling(kernel=np.ones((3, 3)))}, "running kernel", "21, 21"),
        ({"running": Coupling(kernel=np.full((21, 21), np.nan))}, "running kernel", "finite"),
        ({"running": Coupling(forcing=np.ones((5, 21)))}, "running forcing", "4, 21"),
        ({"running": Coupling(function=12345)}, "function is 12345", "numba.cfunc"),
        ({"terminal": Coupling(control=1.0)}, "terminal control", "running cost"),
        ({"hamiltonian": "quadratic"}, "hamiltonian", "classes"),
        ({"hamiltonian": Quadratic(0.0)}, "scale is 0.0", "positive"),
        ({"hamiltonian": Power(1.0)}, "exponent is 1.0", "Absolute"),
        ({"hamiltonian": Absolute(), "scheme": "central"}, "scheme", "monotone"),
        ({"hamiltonian": Tabulated([0, 1], [0, 1], [0, 1])}, "hamiltonian table", "3"),
        (
            {"hamiltonian": Tabulated([-1, 0, 1], [1, 2, 1], [-1, 0, 1])},
            "hamiltonian table",
            "convex",
        ),
        ({"boundary": "soft"}, "boundary is 'soft'", "periodic"),
        ({"boundary": "absorbing"}, "initial", "vanish"),
        ({"boundary": "absorbing", "exit_costs": (0.0,)}, "exit_costs", "two numbers"),
        ({"exit_costs": (0.0, 1.0)}, "exit_costs", "absorbing"),
        ({"exit_costs": "free"}, "exit_costs", "two numbers"),
        ({"boundary": np.ones(3)}, "boundary is array", "periodic"),
        ({"richardson": np.ones(3)}, "richardson is array", "True or False"),
        ({"initial": np.ma.masked_array(np.ones(21), np.arange(21) == 3)}, "initial", "masked"),
        ({"viscosity": np.ma.masked_array(np.ones(21), True)}, "viscosity", "masked"),
        ({"mass_source": lambda t, x: np.ones(3)}, "mass_source", "21 numbers"),
        ({"scheme": "fast"}, "scheme is 'fast'", "central"),
        ({"method": "guess"}, "method is 'guess'", "anderson"),
        ({"tolerance": 0.0}, "tolerance is 0", "up to 0.001"),
        ({"tolerance": 0.5}, "tolerance is 0.5", "up to 0.001"),
        ({"relaxation": 2.0}, "relaxation is 2", "at most 1"),
        ({"starts": 4}, "starts is 4", "1 to 3"),
        ({"richardson": True, "steps": 5}, "steps is 5", "even"),
        ({"richardson": True, "nodes": 20, "initial": np.ones(20)}, "nodes is 20", "odd"),
        (
            {"richardson": True, "initial": np.arange(21) % 2 * 2.0},
            "every second node",
            "more nodes",
        ),
        ({"nodes": 100_000, "steps": 100_000}, "nodes times steps", "memory"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else str(value),
)
def test_bad_input_is_named(change: dict[str, Any], argument: str, remedy: str) -> None:
    if change.get("nodes") == 100_000:
        change = change | {"initial": lambda y: 1.0 + 0.0 * y}
    with pytest.raises(InputError) as caught:
        solve_mfg(**GOOD | change)
    text = str(caught.value)
    assert argument in text and remedy.lower() in text.lower(), text


def test_functions_of_another_signature_are_refused() -> None:
    import numba

    unary = numba.cfunc("float64(float64)")(lambda y: y)
    with pytest.raises(InputError, match="1 arguments"):
        solve_mfg(**GOOD, hamiltonian=Compiled(unary, unary))
    with pytest.raises(InputError, match="cannot compile"):
        solve_mfg(**GOOD, running=Coupling(function=lambda a, b, c, d, e, f, g: open("x")))


def test_arrays_of_any_layout_give_the_same() -> None:
    rng = np.random.default_rng(5)
    potential = rng.integers(-3, 4, 21).astype(float)
    plain = solve_mfg(**GOOD, running=potential)
    wide = np.repeat(potential, 3)
    frozen = potential.copy()
    frozen.setflags(write=False)
    for other in (
        wide[::3],
        potential[::-1].copy()[::-1],
        frozen,
        potential.astype(np.float32),
        potential.astype(np.int16),
        potential.astype(">f8"),
        list(potential),
    ):
        found = solve_mfg(**GOOD, running=other)
        np.testing.assert_array_equal(found.u, plain.u)
        np.testing.assert_array_equal(found.m, plain.m)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    nodes=st.integers(5, 24),
    steps=st.integers(1, 8),
    viscosity=st.sampled_from([0.0, 1e-3, 0.1, 10.0]),
    boundary=st.sampled_from(["open", "reflecting", "absorbing", "periodic"]),
    hamiltonian=st.sampled_from([Quadratic(), Absolute(), Power(1.3), Power(4.0)]),
    strength=st.floats(-3, 3),
    seed=st.integers(0, 1000),
)
def test_every_answer_keeps_its_mass_and_says_what_it_is_worth(
    nodes: int,
    steps: int,
    viscosity: float,
    boundary: str,
    hamiltonian: Any,
    strength: float,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    density = rng.random(nodes)
    found = solve_mfg(
        domain=(-1, 1),
        nodes=nodes,
        steps=steps,
        viscosity=viscosity,
        initial=lambda y: density,
        running=Coupling(mean=strength, density=0.5, potential=rng.normal(size=nodes)),
        terminal=rng.normal(size=nodes),
        hamiltonian=hamiltonian,
        boundary=boundary,
        max_iterations=40,
        starts=1,
    )
    assert found.message
    if found.ok:
        assert found.diagnostics["mass_error"] < 1e-13
        assert all(np.isfinite(a).all() for a in (found.u, found.m, found.control))
        assert abs(found.diagnostics["exploitability"]) < 1e-4
    if found.diagnostics["scheme"] == "monotone":
        assert found.diagnostics["minimum_density"] >= 0.0


# --- being a good guest ------------------------------------------------------------------------

LONG: dict[str, Any] = {
    "domain": (0.0, 1.0),
    "nodes": 1000,
    "steps": 2000,
    "viscosity": 0.1,
    "initial": np.ones(1000),
    "running": Coupling(density=-30.0, potential=lambda y: y),
    "max_iterations": 100_000,
    "tolerance": 1e-15,
}


def test_an_interrupt_is_honored() -> None:
    def handler(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):  # by itself it would run for hours
            solve_mfg(**LONG)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def test_the_interpreter_lock_is_released() -> None:
    ticks = []
    stop, solving = threading.Event(), threading.Event()

    def count() -> None:
        while not stop.wait(0.002):
            ticks.append(solving.is_set())

    thread = threading.Thread(target=count)
    thread.start()
    solving.set()
    lq2(1201, steps=300, starts=1)
    solving.clear()
    stop.set()
    thread.join()
    assert sum(ticks) >= 10


def test_a_density_of_few_survivors_is_judged_by_their_mass() -> None:
    """Steps far too long for the diffusion: what is left oscillates, though it is little."""
    few: dict[str, Any] = {
        "domain": (0, 1),
        "nodes": 41,
        "viscosity": 1.0,
        "initial": gaussian(0.5, 0.1),
        "boundary": "absorbing",
    }
    found = solve_mfg(steps=26, **few)
    assert found.status == "unresolved" and not found.ok and "share" in found.message
    assert found.diagnostics["negative_mass"] < 0.01
    assert solve_mfg(steps=400, damped_steps=4, **few).ok
