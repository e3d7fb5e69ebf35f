"""Mean-field games: what must not be called a solution, and the equations left over by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
import sympy as sp

from eqsolve.cli.pde import names
from eqsolve.errors import InputError
from eqsolve.pde import (
    Absolute,
    Compiled,
    Coupling,
    MFGSolution,
    Quadratic,
    Tabulated,
    gaussian,
    solve_mfg,
)
from eqsolve.pde.problem import read

Array = np.ndarray[Any, np.dtype[np.float64]]

#: An uncoupled problem in a box, which takes a millisecond.
BOX: dict[str, Any] = {
    "domain": (0, 1),
    "nodes": 41,
    "steps": 40,
    "viscosity": 0.2,
    "initial": lambda x: 1 + 0 * x,
    "terminal": lambda x: np.cos(np.pi * x),
}


def half_square(x: float, p: float) -> float:
    return 0.5 * p * p


def identity(x: float, p: float) -> float:
    return p


# --- Hamiltonians that are none ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "slope"),
    [
        (half_square, lambda x, p: 1.001 * p),
        (half_square, lambda x, p: p + 0.001),
        (lambda x, p: p * p, identity),
        (lambda x, p: -0.5 * p * p, lambda x, p: -p),
        (lambda x, p: np.cos(p), lambda x, p: -np.sin(p)),
    ],
    ids=["factor", "shift", "value", "concave", "neither"],
)
def test_a_slope_that_is_none_of_a_convex_function_is_refused(value: Any, slope: Any) -> None:
    """The costs and their difference do not depend on the slope: they cannot tell."""
    with pytest.raises(InputError, match="hamiltonian slope is .* Give a convex value"):
        solve_mfg(**BOX, hamiltonian=Compiled(value, slope))


def test_kinks_and_flat_pieces_are_convex() -> None:
    kinked = Compiled(lambda x, p: abs(p), lambda x, p: np.sign(p))
    flat = Compiled(lambda x, p: max(abs(p) - 0.3, 0.0), lambda x, p: np.sign(p) * (abs(p) > 0.3))
    for hamiltonian in (kinked, flat):
        assert solve_mfg(**BOX, hamiltonian=hamiltonian, scheme="monotone", check=False).ok
    plain = solve_mfg(**BOX, hamiltonian=Absolute())
    compiled = solve_mfg(**BOX, hamiltonian=kinked, scheme="monotone")
    np.testing.assert_allclose(compiled.m, plain.m, atol=1e-12)


@pytest.mark.parametrize("change", [{"scheme": "monotone"}, {"boundary": "open"}])
def test_a_wrong_minimizer_is_refused_where_it_matters(change: dict[str, Any]) -> None:
    shifted = (lambda x, p: 0.5 * (p - 1) ** 2, lambda x, p: p - 1)
    with pytest.raises(InputError, match="minimizer is 0, where at x = 0 .* smallest"):
        solve_mfg(**BOX | change, hamiltonian=Compiled(*shifted))
    middle = BOX | change | {"nodes": 201, "initial": gaussian(0.5, 0.04), "horizon": 0.04}
    middle |= {"viscosity": 0.01, "check": False}
    assert solve_mfg(**middle, hamiltonian=Compiled(*shifted, minimizer=1.0)).ok
    assert solve_mfg(**BOX | {"nodes": 81, "steps": 80}, hamiltonian=Compiled(*shifted)).ok


def test_the_gradient_across_a_periodic_end_is_in_the_table() -> None:
    """The terminal cost jumps there by 40 times its steepest rise elsewhere, for a short time.

    No grid resolves a jump, so the grids are not compared.
    """
    saw = BOX | {"boundary": "periodic", "terminal": lambda x: x, "scheme": "monotone"}
    saw |= {"viscosity": 0.0, "horizon": 1e-5, "steps": 2, "check": False}
    for size, status in ((4.0, "outside_table"), (64.0, "ok")):
        p = np.linspace(-size, size, 33)
        found = solve_mfg(**saw, hamiltonian=Tabulated(p, 0.5 * p * p, p))
        assert found.status == status
        assert abs(np.diff(found.u)).max() * 40 < 2.0


def test_a_hamiltonian_need_not_vanish_at_its_minimum() -> None:
    raised = Compiled(lambda x, p: 0.5 * (p - 1) ** 2 + 0.7, lambda x, p: p - 1, minimizer=1.0)
    fine = BOX | {"nodes": 81, "steps": 80}
    one = solve_mfg(**fine, hamiltonian=raised)
    two = solve_mfg(**fine, hamiltonian=raised, scheme="monotone", check=False)
    assert one.ok and two.ok
    np.testing.assert_allclose(two.u, one.u, atol=0.1)
    middle = slice(10, -10)
    assert one.control[0, middle].min() > 0.9
    np.testing.assert_allclose(two.control[0, middle], one.control[0, middle], atol=0.1)
    assert two.control_mean[0] == pytest.approx(one.control_mean[0], abs=0.1)


def test_a_table_is_interpolated_with_its_slopes() -> None:
    p = np.linspace(-4, 4, 17)
    table = solve_mfg(**BOX, check=False, hamiltonian=Tabulated(p, np.cosh(p), np.sinh(p)))
    exact = solve_mfg(
        **BOX, check=False, hamiltonian=Compiled(lambda x, p: np.cosh(p), lambda x, p: np.sinh(p))
    )
    assert table.ok and exact.ok
    np.testing.assert_allclose(table.u, exact.u, atol=2e-4)
    np.testing.assert_allclose(table.m, exact.m, atol=2e-3)


def test_the_monotone_scheme_at_open_ends_is_of_first_order() -> None:
    errors = []
    for nodes in (101, 201, 401):
        found = solve_mfg(
            domain=(-3, 3),
            nodes=nodes,
            steps=nodes - 1,
            viscosity=0.2,
            initial=gaussian(-0.5, 0.4),
            terminal=lambda x: 0.5 * (x - 0.5) ** 2,
            boundary="open",
            scheme="monotone",
            check=False,
        )
        assert found.ok and found.m.min() > -1e-13
        exact = 0.25 * (found.x - 0.5) ** 2 + 0.2 * np.log(2)
        errors.append(float(abs(found.u[0] - exact).max()))
    assert errors[0] < 0.05
    assert np.log2(np.array(errors[:-1]) / errors[1:]) == pytest.approx([1, 1], abs=0.15), errors


# --- functions that raise ------------------------------------------------------------------------


def raising(x: float, p: float) -> float:
    if x > 0.7:
        raise ValueError("no cost there")
    return 0.5 * p * p


@pytest.mark.parametrize(
    "change",
    [
        {"hamiltonian": Compiled(raising, identity)},
        {"hamiltonian": Compiled(half_square, lambda x, p: p / (1 - (x == 0.5)))},
        {"running": Coupling(function=lambda t, x, mean, v, m, c, a: mean / (x - x))},
        {"running": Coupling(function=lambda t, x, mean, v, m, c, a: 1 / (x - x) * mean)},
        {"terminal": Coupling(function=lambda t, x, mean, v, m, c, a: a * x)},
    ],
    ids=["raises", "slope", "division", "infinite", "no control at the end"],
)
def test_compiled_functions_that_fail_give_no_solution(
    change: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    """An exception inside a callback of C would be printed and its result taken for zero."""
    found = solve_mfg(**BOX | change)
    assert found.status == "not_finite" and "NaN" in found.message
    assert not capfd.readouterr().err


def test_functions_compiled_by_the_caller_are_guarded_too() -> None:
    signature = "float64(float64, float64)"
    good = Compiled(numba.cfunc(signature)(half_square), numba.njit(identity))
    assert solve_mfg(**BOX, hamiltonian=good).ok
    bad = Compiled(numba.cfunc(signature)(raising), identity)
    assert solve_mfg(**BOX, hamiltonian=bad).status == "not_finite"


def boom(*arguments: Any) -> Any:
    raise KeyError("none")


def spoil(x: Array) -> Array:
    x *= 0.0
    return x + 0.1


class Unhashable:
    """Callable, but no function."""

    __hash__ = None

    def __call__(self, x: float, p: float) -> float:
        return p


@pytest.mark.parametrize(
    ("change", "argument", "remedy"),
    [
        ({"viscosity": boom}, "viscosity is a function that raises KeyError", "nodes"),
        ({"viscosity": spoil}, "viscosity is a function that raises ValueError", "not change"),
        ({"initial": boom}, "initial is a function", "nodes"),
        ({"terminal": boom}, "potential is a function", "nodes"),
        ({"running": Coupling(forcing=boom)}, "forcing is a function", "nodes"),
        ({"running": Coupling(kernel=boom)}, "kernel is a function", "nodes"),
        ({"mass_source": boom}, "mass_source is a function", "nodes"),
        ({"running": Coupling(density_power=np.ones(2))}, "density_power is array", "real number"),
        ({"running": Coupling(control=np.ones(2))}, "control is array", "real number"),
        ({"running": Coupling(mean=False)}, "mean is False", "real number"),
        ({"hamiltonian": Compiled(Unhashable(), identity)}, "hamiltonian value", "function"),
        ({"hamiltonian": Compiled(len, identity)}, "hamiltonian value", "function"),
        ({"hamiltonian": Compiled(lambda p: p, identity)}, "value", "a function of 1 arguments"),
        (
            {"nodes": 100_000, "steps": 100_000, "running": Coupling(forcing=boom)},
            "nodes times steps is 10000000000",
            "8388608",
        ),
        ({"nodes": 5_000, "running": Coupling(kernel=boom)}, "nodes is 5000", "4096"),
        ({"domain": (-1e300, 1.0)}, "domain is (-1", "too far apart"),
        ({"domain": (0.0, 1e-300)}, "domain is (0, 0.0", "too close"),
        (
            {"steps": 1, "richardson": True, "mass_source": lambda t, x: 0 * x},
            "steps is 1",
            "even number",
        ),
    ],
    ids=lambda value: "" if isinstance(value, dict) else str(value)[:30],
)
def test_bad_input_is_named(change: dict[str, Any], argument: str, remedy: str) -> None:
    with pytest.raises(InputError) as caught:
        solve_mfg(**BOX | change)
    text = str(caught.value)
    assert argument in text and remedy.lower() in text.lower(), text


def test_a_strength_is_a_number() -> None:
    strong: Any = "strong"
    with pytest.raises(InputError, match="strength"):
        Coupling.attraction(strong)


def test_a_terminal_cost_of_a_problem_file_has_no_control() -> None:
    table = {
        "kind": "mfg",
        "domain": [0.0, 1.0],
        "viscosity": 0.1,
        "initial": "1",
        "terminal": "x * control_mean",
    }
    with pytest.raises(InputError, match="'control_mean' is not known"):
        read(table, "game", names())


@pytest.mark.parametrize(
    ("running", "reason"),
    [
        ("2 * convolution + x", "convolution is used without a kernel"),
        ({"cost": "mean * x", "kernel": "exp(-d*d)"}, "the kernel is not used"),
        ({"kernel": 1.0}, "the kernel is not used"),
    ],
)
def test_a_kernel_and_the_convolution_belong_together(running: Any, reason: str) -> None:
    table = {"kind": "mfg", "domain": [0.0, 1.0], "viscosity": 0.1, "initial": "1"}
    with pytest.raises(InputError, match=reason):
        read(table | {"running": running}, "game", names())
    both = {"cost": "convolution - 0.3 * cos(pi*x)", "kernel": 0.5}
    found = read(table | {"running": both, "nodes": 21, "steps": 10}, "game", names()).solve()
    level = read(
        table | {"running": "0.5 - 0.3 * cos(pi*x)", "nodes": 21, "steps": 10}, "game", names()
    )
    plain = level.solve()
    assert found.ok and plain.ok
    for name, (_, values) in plain.arrays.items():
        np.testing.assert_allclose(found.arrays[name][1], values, atol=1e-9)


@pytest.mark.parametrize(
    "cost",
    [
        "(t + x + mean + variance + density + control_mean)**50",
        "sin(mean + x) * (1 + mean)**20 * (1 + variance)**20 * (1 + density)**20 * (x + 1)**20",
        "sin((1 + mean + x + variance + density + t)**40)",
    ],
)
def test_long_formulas_are_not_expanded(cost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No sum that is built on the way has more terms than the formula has letters."""
    longest = [0]

    def watch(name: str) -> None:
        build = getattr(sp.Add, name)

        def watched(terms: Any, *more: Any, **options: Any) -> Any:
            terms = list(terms)
            longest.append(len(terms))
            return build(terms, *more, **options)

        monkeypatch.setattr(sp.Add, name, staticmethod(watched))

    watch("flatten")
    watch("_from_args")
    table = {"kind": "mfg", "domain": [0.0, 1.0], "viscosity": 0.1, "initial": "1"}
    table |= {"running": cost, "nodes": 11, "steps": 2, "max_iterations": 3}
    assert read(table, "game", names()).solve().status
    assert 1 < max(longest) < 20
    sp.expand((sp.Dummy() + sp.Dummy() + 1) ** 20)  # new letters: no cache knows them
    assert max(longest) > 100


# --- units ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [1e-14, 1e-8, 1e-5, 1e6])
def test_the_unit_of_costs_does_not_matter(unit: float) -> None:
    """Newton's iteration in a step ends when the control is right, whatever the unit of u."""
    cost = {"terminal": lambda x: 2 * np.cos(np.pi * x), "check": False}
    plain = solve_mfg(**BOX | cost)
    scaled = {"terminal": lambda x: 2 * unit * np.cos(np.pi * x), "check": False}
    found = solve_mfg(**BOX | scaled, hamiltonian=Quadratic(1 / unit))
    assert plain.ok and found.ok
    np.testing.assert_allclose(found.u / unit, plain.u, atol=1e-11)
    np.testing.assert_allclose(found.m, plain.m, atol=1e-11)


def test_the_level_of_costs_does_not_matter() -> None:
    plain = solve_mfg(**BOX)
    raised = solve_mfg(**BOX | {"terminal": lambda x: 1e8 + np.cos(np.pi * x)})
    assert raised.ok
    np.testing.assert_allclose(raised.m, plain.m, atol=1e-5)


# --- the equations, by other differences ---------------------------------------------------------


def residuals(
    found: MFGSolution, cost: Callable[..., Array], hamiltonian: Any, nu: Array
) -> tuple[float, float]:
    """What is left of both equations on a circle (root of the mean square), with differences of
    second order in time and of fourth in space."""
    h = found.x[1] - found.x[0]

    def d(v: Array) -> Array:
        near, far = (np.roll(v, -k, axis=1) - np.roll(v, k, axis=1) for k in (1, 2))
        result: Array = (8 * near - far) / (12 * h)
        return result

    def dd(v: Array) -> Array:
        near, far = (np.roll(v, -k, axis=1) + np.roll(v, k, axis=1) for k in (1, 2))
        result: Array = (16 * near - far - 30 * v) / (12 * h * h)
        return result

    value, slope = hamiltonian
    time = np.diff(found.t)[0]
    u_t, m_t = ((v[2:] - v[:-2]) / (2 * time) for v in (found.u, found.m))
    gradient = d(found.u)
    drift, h_p, f = cost(found, gradient, value, slope)
    backward = -u_t - (nu * dd(found.u))[1:-1] + (h_p - f)[1:-1]
    forward = m_t - dd(nu * found.m)[1:-1] - d(found.m * drift)[1:-1]
    return float(np.sqrt((backward**2).mean())), float(np.sqrt((forward**2).mean()))


def on_circle(m: Array, x: Array, power: int) -> Array:
    """Moments by the trapezoidal rule on the unit circle, both ends of which are the first node."""
    result: Array = ((m @ x**power + 0.5 * m[:, 0]) / x.size)[:, None]
    return result


def everything(nodes: int, **options: Any) -> tuple[float, float]:
    """A game with every kind of coupling on a circle: residuals of its equations."""
    x = np.arange(nodes) / nodes
    kernel = 0.5 * np.sin(2 * np.pi * np.subtract.outer(x, 2 * x)) + 0.3
    own = 0.4  # coefficient of own control times mean

    def cost(found: MFGSolution, gradient: Array, value: Any, slope: Any) -> tuple[Array, ...]:
        weight = 1 / nodes
        mean = on_circle(found.m, x, 1)
        variance = on_circle(found.m, x, 2) - mean**2
        drift = slope(gradient + own * mean)
        control = -(found.m * drift).sum(axis=1, keepdims=True) * weight
        t = found.t[:, None]
        f = (
            np.cos(2 * np.pi * x)
            + np.sin(3 * t) * np.sin(2 * np.pi * x)
            + 0.6 * np.sin(2 * np.pi * x) * mean
            + 0.7 * np.cos(4 * np.pi * x) * mean**2
            + 2.0 * np.cos(2 * np.pi * x) * variance
            + 0.9 * np.sin(2 * np.pi * x) * control
            + 0.3 * found.m**2
            + found.m @ kernel.T * weight
        )
        return drift, value(gradient + own * mean), f

    nu = 0.1 * (1 + 0.4 * np.sin(2 * np.pi * x))
    found = solve_mfg(
        domain=(0, 1),
        nodes=nodes,
        steps=4 * nodes,
        horizon=0.6,
        viscosity=nu,
        initial=lambda y: 1 + 0.8 * np.cos(2 * np.pi * (y - 0.3)),
        running=Coupling(
            potential=lambda y: np.cos(2 * np.pi * y),
            forcing=lambda t, y: np.sin(3 * t) * np.sin(2 * np.pi * y),
            mean=lambda y: 0.6 * np.sin(2 * np.pi * y),
            mean_squared=lambda y: 0.7 * np.cos(4 * np.pi * y),
            variance=lambda y: 2.0 * np.cos(2 * np.pi * y),
            control_mean=lambda y: 0.9 * np.sin(2 * np.pi * y),
            density=0.3,
            density_power=2.0,
            kernel=kernel,
            control=own,
        ),
        terminal=Coupling(potential=lambda y: 0.2 * np.sin(2 * np.pi * y), density=0.1),
        hamiltonian=Quadratic(1.3),
        boundary="periodic",
        check=False,
        **options,
    )
    assert found.ok, found.message
    assert found.diagnostics["mass_error"] < 1e-13
    assert abs(found.diagnostics["exploitability"]) < 1e-12
    end = 0.2 * np.sin(2 * np.pi * x) + 0.1 * found.m[-1]
    np.testing.assert_allclose(found.u[-1], end, atol=1e-9)
    difference = (np.roll(found.u, -1, axis=1) - np.roll(found.u, 1, axis=1)) * nodes / 2
    mean = on_circle(found.m, x, 1)
    np.testing.assert_allclose(found.control, -1.3 * (difference + own * mean), atol=1e-10)
    hamiltonian = (lambda p: 0.65 * p * p, lambda p: 1.3 * p)
    return residuals(found, cost, hamiltonian, nu)


def test_every_coupling_is_the_one_described() -> None:
    coarse, fine = everything(50), everything(100)
    assert max(fine) < 0.02, fine
    for a, b in zip(coarse, fine, strict=True):
        assert np.log2(a / b) == pytest.approx(2.0, abs=0.15), (coarse, fine)


def test_the_time_of_a_compiled_cost_is_the_middle_of_the_step() -> None:
    given = Coupling(forcing=lambda t, x: np.exp(2 * t) * np.cos(np.pi * x))
    compiled = Coupling(function=lambda t, x, mean, v, m, c, a: np.exp(2 * t) * np.cos(np.pi * x))
    one, two = (solve_mfg(**BOX, running=cost) for cost in (given, compiled))
    np.testing.assert_allclose(one.u, two.u, atol=1e-13)


def test_averages_are_those_of_who_is_left() -> None:
    few = BOX | {"boundary": "absorbing", "initial": lambda x: x * (1 - x), "terminal": 0.0}
    found = solve_mfg(**few, running=Coupling(mean=lambda x: x))
    masses = found.m.sum(axis=1)
    assert found.ok and masses[-1] < 0.5 * masses[0]
    mean = found.m @ found.x / masses
    np.testing.assert_allclose(found.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(found.variance, found.m @ found.x**2 / masses - mean**2, rtol=1e-9)
    control = (found.m * found.control).sum(axis=1) / masses
    np.testing.assert_allclose(found.control_mean, control, atol=1e-12)
    given = Coupling(forcing=lambda t, x: x * np.interp(t, found.t, mean))
    np.testing.assert_allclose(solve_mfg(**few, running=given).u, found.u, atol=1e-5)


def test_those_who_have_left_are_in_no_kernel() -> None:
    """With a constant kernel the cost is the mass that is left."""
    few = BOX | {"nodes": 81, "steps": 80, "boundary": "absorbing", "starts": 1}
    few["initial"] = lambda x: np.sin(np.pi * x)
    few["terminal"] = 0.0
    found = solve_mfg(**few, running=Coupling(kernel=lambda d: 1 + 0 * d))
    inside = found.m[:, 1:-1].sum(axis=1) / 80
    left, right = found.diagnostics["exit_mass"]
    assert found.ok and inside[-1] < 0.2
    assert inside[-1] + left + right == pytest.approx(1.0, abs=1e-13)
    given = Coupling(forcing=lambda t, x: np.interp(t, found.t, inside) + 0 * x)
    np.testing.assert_allclose(found.u, solve_mfg(**few, running=given).u, atol=1e-10)
    density = Coupling(function=lambda t, x, mean, v, m, c, a: 1e9 * m * (x < 1e-9))
    assert abs(solve_mfg(**few, running=density).u).max() < 1e-9


def test_only_a_small_residual_is_convergence() -> None:
    """The exploitability is of second order in the distance, and small much earlier."""
    harmless = 0
    for method in ("anderson", "newton", "picard"):
        for iterations in range(1, 12):
            found = solve_mfg(
                domain=(-3, 3),
                nodes=61,
                steps=30,
                viscosity=0.1,
                initial=gaussian(0.5, 0.4),
                running=Coupling(potential=lambda x: 0.5 * x * x, mean=lambda x: -x, density=0.2),
                boundary="open",
                method=method,
                max_iterations=iterations,
                starts=1,
            )
            small = found.diagnostics["residual"] <= 1e-10
            assert found.ok == small and (found.status == "ok" or not small), found.message
            harmless += not small and abs(found.diagnostics["exploitability"]) < 1e-6
    assert harmless > 3


@pytest.mark.parametrize("control", [-0.8, 0.8])
@pytest.mark.parametrize("middle", [-0.7, 0.7])
def test_a_best_response_is_never_worse(control: float, middle: float) -> None:
    """Also where the law of all enters by the price of the own control, before convergence."""
    gaps = []
    for iterations in (1, 2, 3, 50):
        found = solve_mfg(
            domain=(-3, 3),
            nodes=81,
            steps=40,
            viscosity=0.1,
            initial=gaussian(middle, 0.3),
            running=Coupling(potential=lambda x: 0.5 * x * x, control=control),
            terminal=lambda x: 0.5 * (x - 0.5) ** 2,
            boundary="open",
            max_iterations=iterations,
            starts=1,
        )
        gaps.append(found.diagnostics["exploitability"])
    assert found.ok and abs(gaps[-1]) < 1e-12
    assert min(gaps) > -1e-12 and gaps[0] > 1e-4 and gaps[0] > 5 * gaps[1] > 10 * gaps[2], gaps


# --- several equilibria --------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["anderson", "newton"])
@pytest.mark.parametrize("strength", [2.5, 3.0])
def test_a_further_start_plays_before_it_accelerates(strength: float, method: str) -> None:
    """Newton's method and the acceleration lead from all starts to the unstable equilibrium."""
    found = solve_mfg(
        domain=(-3, 3),
        nodes=121,
        steps=60,
        viscosity=0.1,
        initial=gaussian(0.05, 0.3),
        terminal=Coupling(potential=lambda y: 0.5 * y * y, mean=lambda y: -strength * y),
        method=method,
    )
    assert found.status == "multiple_found" and found.alternative is not None
    assert abs(found.mean[-1]) < 0.2 and found.alternative.mean[-1] > 2.8
    assert abs(found.alternative.diagnostics["exploitability"]) < 1e-9


def test_a_start_that_leads_nowhere_is_no_evidence() -> None:
    found = solve_mfg(
        domain=(0, 1),
        nodes=51,
        steps=50,
        viscosity=0.05,
        initial=lambda x: 1 + 0.1 * np.cos(np.pi * x),
        running=Coupling(density=-0.5),
        method="newton",
        max_iterations=40,
    )
    status, _ = found.diagnostics["other_starts"][0]
    assert found.ok and status != "ok"
    assert any(w.startswith("other_start: start 2 ended as " + status) for w in found.warnings)


def test_an_extrapolated_density_is_examined_itself() -> None:
    found = solve_mfg(
        domain=(-3, 3),
        nodes=201,
        steps=100,
        viscosity=0.005,
        initial=gaussian(-0.5, 0.2),
        terminal=lambda x: 0.5 * (x - 0.5) ** 2,
        boundary="open",
        richardson=True,
    )
    negative = -float(np.minimum(found.m, 0.0).sum(axis=1).min()) * (found.x[1] - found.x[0])
    assert found.diagnostics["minimum_density"] == found.m.min() < 0.0
    assert found.diagnostics["negative_mass"] == pytest.approx(negative, rel=1e-12)
    assert sum("negative_density" in w for w in found.warnings) == 1


def test_extrapolated_solutions_show_other_equilibria_too() -> None:
    found = solve_mfg(
        domain=(-2, 2),
        nodes=101,
        steps=50,
        viscosity=0.1,
        initial=gaussian(0.0, 0.3),
        terminal=Coupling(potential=lambda y: 0.5 * y * y, mean=lambda y: -3.0 * y),
        richardson=True,
    )
    assert found.status == "multiple_found" and found.alternative is not None
