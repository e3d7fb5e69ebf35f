"""Mean-field games in two dimensions: closed forms, orders, adjointness, refusals."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

from eqsolve.errors import InputError
from eqsolve.pde import Compiled, PlaneCost, PlaneSolution, Quadratic, solve_mfg_plane
from eqsolve.pde.hamiltonians import Uncontrolled

Array = np.ndarray[Any, np.dtype[np.float64]]


def orders(errors: list[float]) -> list[float]:
    return [float(np.log2(a / b)) for a, b in zip(errors, errors[1:], strict=False)]


#: Coefficients of the linear-quadratic game along x and y, and the discount rate.
AXES = (
    {"nu": 0.1, "scale": 1.0, "pull": 0.8, "goal": 0.5, "mean": 0.4, "var": 0.09, "drift": 0.3},
    {"nu": 0.06, "scale": 1.5, "pull": 0.8, "goal": 0.9, "mean": -0.3, "var": 0.16, "drift": -0.2},
)
RATE = 0.4


def riccati(nu: float, scale: float, pull: float, goal: float, **law: float) -> tuple[float, ...]:
    """u(0) = P z^2/2 + Q z + R and the law at the end, along one axis.

    H = scale p^2/2, f = (pull/2)(z - M)^2, g = (goal/2) z^2, drift b = drift z. The equations for
    (P, Q, mean) are solved as a boundary value problem by shooting on the end of the mean.
    """
    b = law["drift"]

    def values(t: float, y: Array, mean: Any) -> list[float]:
        P, Q, R = y
        M = mean(t)
        return [
            RATE * P - 2 * b * P + scale * P * P - pull,
            RATE * Q - b * Q + scale * P * Q + pull * M,
            RATE * R - nu * P + scale * Q * Q / 2 - pull * M * M / 2,
        ]

    def laws(t: float, y: Array, value: Any) -> list[float]:
        P, Q, _ = value(t)
        return [(b - scale * P) * y[0] - scale * Q, 2 * (b - scale * P) * y[1] + 2 * nu]

    exact: dict[str, Any] = {"rtol": 1e-8, "atol": 1e-10, "dense_output": True}
    mean: Any = lambda t: law["mean"]  # noqa: E731
    for _ in range(12):
        value = solve_ivp(values, (1, 0), [goal, 0, 0], args=(mean,), **exact).sol
        found = solve_ivp(laws, (0, 1), [law["mean"], law["var"]], args=(value,), **exact).sol
        mean = lambda t, f=found: f(t)[0]  # noqa: E731
    return (*value(0.0), *found(1.0))


def linear_quadratic(nodes: int, steps: int, **change: Any) -> PlaneSolution:
    x, y = AXES

    def initial(a: Array, b: Array) -> Array:
        far = (a - x["mean"]) ** 2 / x["var"] + (b - y["mean"]) ** 2 / y["var"]
        density: Array = np.exp(-far / 2)
        return density

    options: dict[str, Any] = {"drift": tuple(_linear(i) for i in (0, 1)), "discount": RATE}
    return solve_mfg_plane(
        domain=((-2.4, 3.0), (-3.0, 2.4)),
        nodes=(nodes, nodes),
        steps=steps,
        viscosity=(x["nu"], y["nu"]),
        initial=initial,
        running=PlaneCost.attraction(0.8),
        terminal=lambda a, b: x["goal"] * a * a / 2 + y["goal"] * b * b / 2,
        hamiltonian=(Quadratic(x["scale"]), Quadratic(y["scale"])),
        boundary=("open", "open"),
        **options | change,
    )


def _linear(axis: int) -> Any:
    rate = AXES[axis]["drift"]
    return lambda a, b: rate * (a, b)[axis]


@lru_cache
def exact_axes() -> list[tuple[float, ...]]:
    return [riccati(**axis) for axis in AXES]


def lq_errors(found: PlaneSolution) -> list[float]:
    (P, Q, R, mx, vx), (p, q, r, my, vy) = exact_axes()
    a, b = np.meshgrid(found.x, found.y, indexing="ij")
    exact = P * a * a / 2 + Q * a + R + p * b * b / 2 + q * b + r
    inner = (abs(a) < 1.2) & (abs(b) < 1.2)
    return [
        float(abs(found.u[0] - exact)[inner].max()),
        float(abs(found.mean[-1] - [mx, my]).max()),
        float(abs(found.covariance[-1] - np.diag([vx, vy])).max()),
    ]


def test_the_linear_quadratic_game_is_of_second_order() -> None:
    sizes = []
    for nodes in (25, 49, 97):
        found = linear_quadratic(nodes, (nodes - 1) // 3, check=False)
        assert found.ok, found.message
        assert found.diagnostics["mass_error"] < 1e-13
        assert abs(found.diagnostics["exploitability"]) < 1e-9
        sizes.append(lq_errors(found))
    assert max(sizes[2]) < 3e-3, sizes
    for part in range(3):
        assert orders([s[part] for s in sizes])[-1] == pytest.approx(2.0, abs=0.25), sizes
    wrong = linear_quadratic(97, 32, discount=0.5, check=False)
    assert max(lq_errors(wrong)) > 4 * max(sizes[2])


def test_the_error_is_estimated() -> None:
    found = linear_quadratic(65, 32)
    assert found.ok, found.message
    assert 1e-4 < found.diagnostics["discretization_error"] < 1e-2
    assert linear_quadratic(17, 4).status == "unresolved"
    newton = linear_quadratic(65, 32, method="newton", check=False)
    assert abs(newton.u - found.u).max() < 1e-9


t, x, y = sp.symbols("t x y", real=True)
PI = sp.pi
#: Periodic along x, reflecting along y.
VALUE = sp.sin(2 * PI * x + t) * sp.cos(PI * y) / 3
DENSITY = 1 + sp.sin(2 * PI * x - t) * sp.cos(2 * PI * y) / 4


def manufactured(nodes: int, scheme: str = "central") -> list[float]:
    """Errors of u and m where the Hamiltonian is H_1(t, x, u_x) + u_y^2/2, f has the density."""
    nu = (sp.Rational(1, 10), (1 + sp.cos(PI * y) / 3) / 10)
    b = (sp.cos(2 * PI * x) * sp.sin(PI * y) / 2, sp.sin(PI * y) * (1 + x * 0) / 3)
    rate, p = sp.Rational(1, 2), sp.Symbol("p", real=True)
    h = ((1 + sp.cos(2 * PI * x) * sp.sin(t) / 3) * p**2 / 2, p**2 / 2)
    axes = (x, y)
    f = -sp.diff(VALUE, t) + rate * VALUE - DENSITY
    source = sp.diff(DENSITY, t)
    for nu_i, b_i, h_i, z in zip(nu, b, h, axes, strict=True):
        slope = sp.diff(VALUE, z)
        speed = b_i - sp.diff(h_i, p).xreplace({p: slope})
        f += -nu_i * sp.diff(VALUE, z, 2) - b_i * slope + h_i.xreplace({p: slope})
        source += sp.diff(speed * DENSITY - sp.diff(nu_i * DENSITY, z), z)
    call = {
        name: sp.lambdify((t, x, y), part, "numpy")
        for name, part in (("u", VALUE), ("m", DENSITY), ("f", f), ("s", source))
    }
    at = [[sp.lambdify((x, y), part, "numpy") for part in pair] for pair in (nu, b)]
    own = [sp.lambdify((x, p, t), part, "math") for part in (h[0], sp.diff(h[0], p))]
    found = solve_mfg_plane(
        domain=((0, 1), (0, 1)),
        nodes=(nodes, nodes + 1),
        steps=nodes // 2,
        horizon=0.5,
        viscosity=(at[0][0](0, 0), at[0][1]),
        drift=(at[1][0], at[1][1]),
        discount=0.5,
        initial=lambda a, c: call["m"](0.0, a, c),
        running=PlaneCost(forcing=call["f"], density=1.0),
        terminal=lambda a, c: call["u"](0.5, a, c),
        hamiltonian=(Compiled(*own), Quadratic()),
        boundary=("periodic", "reflecting"),
        mass_source=call["s"],
        scheme=scheme,
        check=False,
    )
    assert found.ok, found.message
    assert found.diagnostics["mass_error"] < 1e-13
    grid = np.meshgrid(found.t, found.x, found.y, indexing="ij")
    return [
        float(abs(found.u - call["u"](*grid)).max()),
        float(abs(found.m - call["m"](*grid)).max()),
    ]


def test_a_manufactured_solution_is_of_second_order() -> None:
    sizes = [manufactured(nodes) for nodes in (16, 32, 64)]
    for part in (0, 1):
        assert orders([s[part] for s in sizes])[-1] == pytest.approx(2.0, abs=0.2), sizes
    assert max(sizes[2]) < 2e-2


def test_the_monotone_scheme_keeps_densities_positive() -> None:
    found = linear_quadratic(33, 16, scheme="monotone", check=False)
    assert found.ok and found.diagnostics["minimum_density"] >= 0
    assert found.diagnostics["mass_error"] < 1e-13


def test_the_mixed_moment_of_a_diffusion_alone() -> None:
    """Without control and with a law that is not a product: the mixed moment decays alone."""

    def tilted(a: Array, b: Array) -> Array:
        density: Array = np.exp(-(a * a + b * b - 1.2 * a * b) / (2 * 0.64 * 0.2))
        return density

    found = solve_mfg_plane(
        domain=((-3, 3), (-3, 3)),
        nodes=(97, 97),
        viscosity=(0.1, 0.1),
        drift=(lambda a, b: -0.5 * a, lambda a, b: -0.7 * b),
        initial=tilted,
        hamiltonian=(Uncontrolled(), Uncontrolled()),
        check=False,
    )
    assert found.ok, found.message
    start = found.covariance[0]
    assert found.covariance[-1, 0, 1] == pytest.approx(start[0, 1] * np.exp(-1.2), rel=2e-3)
    exact = start[0, 0] * np.exp(-1.0) + 0.2 * (1 - np.exp(-1.0))
    assert found.covariance[-1, 0, 0] == pytest.approx(exact, rel=2e-3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"nodes": (20, 21)}, "nodes is 20"),
        ({"steps": 5}, "steps is 5"),
        ({"domain": (0, 1)}, "domain"),
        ({"viscosity": (0.1, -0.1)}, "viscosity is not positive"),
        ({"initial": -1.0}, "initial is a density"),
        ({"running": lambda x, y: x / 0 * np.inf}, "running|potential"),
        ({"drift": (np.zeros(3), 0.0)}, "drift is an array of shape"),
        ({"discount": -1}, "discount is -1"),
        ({"boundary": ("absorbing", "open")}, "boundary is 'absorbing'"),
        ({"hamiltonian": (Quadratic(), 3)}, "hamiltonian is 3"),
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, Any], words: str) -> None:
    good: dict[str, Any] = {"domain": ((0, 1), (0, 1)), "nodes": (9, 9), "steps": 4}
    good |= {"viscosity": (0.1, 0.1), "initial": 1.0}
    with np.errstate(all="ignore"), pytest.raises(InputError, match=words):
        solve_mfg_plane(**good | change)
