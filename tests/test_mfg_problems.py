"""Mean-field games: drift, discount, H(t, x, p, m), stationary problems, stopping."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import trapezoid
from scipy.special import i0

from eqsolve.errors import InputError
from eqsolve.pde import (
    Choice,
    Compiled,
    Coupling,
    Lagrangian,
    MFGSolution,
    Quadratic,
    Uncontrolled,
    gaussian,
    solve_mfg,
)

Array = np.ndarray[Any, np.dtype[np.float64]]

t, x, p, m = sp.symbols("t x p m", real=True)
PI = sp.pi
#: Discount rate of the manufactured problems.
RATE = sp.Rational(7, 10)
#: Congestion: moving where many are costs more.
CONGESTION = (1 + sp.sin(2 * PI * x) * sp.cos(t) / 3) * p**2 / (2 * (1 + m)) + p / 5


def orders(errors: list[float]) -> list[float]:
    return [float(np.log2(a / b)) for a, b in zip(errors, errors[1:], strict=False)]


def normal(y: Array, mean: float, variance: float) -> Array:
    density: Array = np.exp(-0.5 * (y - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance)
    return density


@lru_cache
def compiled(value: sp.Expr) -> Compiled:
    """A Hamiltonian of (x, p, t, m)."""
    parts = (value, sp.diff(value, p))
    return Compiled(*(sp.lambdify((x, p, t, m), part, "math") for part in parts))


# --- manufactured solutions --------------------------------------------------------------------

#: value, density, drift; at reflecting ends b - H' = 1/5 = 2 nu, and no mass flows
MANUFACTURED = {
    "periodic": (
        sp.sin(2 * PI * x + t) / 3,
        1 + sp.Rational(3, 10) * sp.sin(2 * PI * x - t),
        sp.cos(2 * PI * x) * (1 + t) / 2,
    ),
    "reflecting": (
        sp.exp(-t) * sp.cos(PI * x),
        2 * sp.exp(2 * x) * (1 + sp.cos(2 * PI * x) * sp.sin(t) / 3) / (sp.exp(2) - 1),
        sp.Rational(1, 5) + sp.Rational(2, 10) * (1 + t * sp.sin(PI * x)),
    ),
}


def errors(boundary: str, nodes: int, **change: Any) -> list[float]:
    """Largest errors of u and m in a problem whose solution was chosen."""
    u, density, b = MANUFACTURED[boundary]
    hamiltonian, nu = CONGESTION, sp.Rational(1, 10)
    slope = sp.diff(u, x)
    at = {p: slope, m: density}
    h, speed = hamiltonian.xreplace(at), sp.diff(hamiltonian, p).xreplace(at)
    f = -sp.diff(u, t) + RATE * u - nu * sp.diff(u, x, 2) - b * slope + h - density
    source = sp.diff(density, t) + sp.diff((b - speed) * density - sp.diff(nu * density, x), x)
    call = {
        name: sp.lambdify((t, x), part, "numpy")
        for name, part in (("u", u), ("m", density), ("f", f), ("s", source), ("b", b))
    }
    given: dict[str, Any] = {
        "drift": lambda s, y: call["b"](s, y) + 0 * y,
        "discount": float(RATE),
        "hamiltonian": compiled(hamiltonian),
    }
    found = solve_mfg(
        domain=(0, 1),
        nodes=nodes,
        steps=nodes // 4,
        horizon=0.5,
        viscosity=float(nu),
        initial=lambda y: call["m"](0.0, y),
        running=Coupling(forcing=call["f"], density=1.0),
        terminal=lambda y: call["u"](0.5, y),
        boundary=boundary,
        mass_source=call["s"],
        check=False,
        **given | change,
    )
    assert found.ok, found.message
    assert found.diagnostics["mass_error"] < 1e-13
    grid = np.meshgrid(found.t, found.x, indexing="ij")
    return [
        float(abs(found.u - call["u"](*grid)).max()),
        float(abs(found.m - call["m"](*grid)).max()),
    ]


@pytest.mark.parametrize("boundary", sorted(MANUFACTURED))
def test_drift_discount_and_congestion_are_of_second_order(boundary: str) -> None:
    extra = int(boundary == "reflecting")
    found = [errors(boundary, n + extra) for n in (40, 80, 160)]
    for part, allowed in ((0, 2e-2), (1, 5e-2)):
        sizes = [e[part] for e in found]
        assert sizes[0] < allowed
        assert orders(sizes) == pytest.approx([2.0, 2.0], abs=0.15), sizes


@pytest.mark.parametrize(
    "change",
    [
        {"discount": 0.72},
        {"drift": lambda s, y: 0.51 * np.cos(2 * np.pi * y) * (1 + s)},
        {"hamiltonian": compiled(CONGESTION.xreplace({m: 0.97 * m}))},
    ],
    ids=["discount", "drift", "congestion"],
)
def test_planted_errors_in_the_problem_are_seen(change: dict[str, Any]) -> None:
    right, wrong = errors("periodic", 160), errors("periodic", 160, **change)
    assert max(w / r for w, r in zip(wrong, right, strict=True)) > 2


# --- closed forms ------------------------------------------------------------------------------


def ornstein_uhlenbeck(nodes: int, **change: Any) -> MFGSolution:
    options: dict[str, Any] = {
        "drift": lambda s, y: -0.8 * y,
        "discount": 0.3,
        "hamiltonian": Uncontrolled(),
    }
    return solve_mfg(
        domain=(-3.5, 4.0),
        nodes=nodes,
        steps=nodes // 4,
        viscosity=0.2,
        initial=gaussian(0.7, 0.4),
        terminal=lambda y: y * y,
        boundary="open",
        **options | change,
    )


def ornstein_uhlenbeck_errors(found: MFGSolution) -> tuple[float, float]:
    """Of the expected discounted square, relative, and of the law at the end."""
    fade = np.exp(-2 * 0.8)
    variance = 0.2 / 0.8 * (1 - fade)
    u = np.exp(-0.3) * (found.x**2 * fade + variance)
    law = normal(found.x, 0.7 * np.exp(-0.8), 0.16 * fade + variance)
    inner = abs(found.x) < 2
    return float(abs(found.u[0] - u)[inner].max()), float(abs(found.m[-1] - law).max())


def test_both_linear_equations_alone_have_their_closed_form() -> None:
    found = [ornstein_uhlenbeck(nodes) for nodes in (121, 241)]
    assert all(f.ok for f in found), found[0].message
    sizes = [ornstein_uhlenbeck_errors(f) for f in found]
    assert max(sizes[1]) < 6e-4
    for part in (0, 1):
        assert orders([s[part] for s in sizes]) == pytest.approx([2.0], abs=0.1), sizes
    assert abs(found[1].control).max() == 0
    wrong = ornstein_uhlenbeck(241, drift=lambda s, y: -0.81 * y)
    assert max(ornstein_uhlenbeck_errors(wrong)) > 3 * max(sizes[1])


def test_a_drift_towards_the_mean_of_all_keeps_the_mean() -> None:
    found = solve_mfg(
        domain=(-2.5, 3.5),
        nodes=241,
        steps=60,
        viscosity=0.1,
        initial=gaussian(0.5, 0.5),
        hamiltonian=Compiled(
            lambda x, p, t, m, mean, variance: -0.9 * (mean - x) * p,
            lambda x, p, t, m, mean, variance: -0.9 * (mean - x),
        ),
    )
    assert found.ok, found.message
    fade = np.exp(-1.8)
    assert found.mean[-1] == pytest.approx(0.5, abs=1e-6)
    assert found.variance[-1] == pytest.approx(0.25 * fade + (1 - fade) / 9, rel=1e-3)


def spectral(n: int, steps: int, rate: float, congestion: float) -> tuple[Array, Array]:
    """The game of the next test by Fourier series and Runge-Kutta steps: u(0) and m(1).

    H = p^2/(2 (1 + congestion m)).
    """
    y = np.arange(n) / n
    wave = 2j * np.pi * np.fft.fftfreq(n, 1 / n)
    wave[n // 2] = 0

    def d(v: Array, order: int = 1) -> Array:
        return np.fft.ifft(wave**order * np.fft.fft(v)).real

    b, nu, h = 0.4 * np.sin(2 * np.pi * y), 0.06, 1 / steps

    def march(rhs: Any, start: Array) -> list[Array]:
        rows = [start]
        for k in range(steps):
            v = rows[-1]
            one = rhs(k, v)
            two = rhs(k + 0.5, v + h / 2 * one)
            three = rhs(k + 0.5, v + h / 2 * two)
            rows.append(v + h / 6 * (one + 2 * two + 2 * three + rhs(k + 1, v + h * three)))
        return rows

    def between(rows: list[Array], k: float) -> Array:
        low = int(k)
        return rows[low] if low == k else 0.5 * (rows[low] + rows[low + 1])

    believed = [1 + 0.5 * np.cos(2 * np.pi * y)] * (steps + 1)
    for _ in range(40):

        def backward(k: float, v: Array) -> Array:
            law = between(believed, steps - k)
            cost = 0.5 * law + np.cos(2 * np.pi * y)
            slow = 2 * (1 + congestion * law)
            return nu * d(v, 2) + b * d(v) - d(v) ** 2 / slow + cost - rate * v

        value = march(backward, 0 * y)[::-1]

        def forward(k: float, v: Array) -> Array:
            slow = 1 + congestion * between(believed, k)
            return nu * d(v, 2) - d(v * (b - d(between(value, k)) / slow))

        law = march(forward, believed[0])
        gap = max(abs(a - b).max() for a, b in zip(law, believed, strict=True))
        believed = [b + 0.4 * (a - b) for a, b in zip(law, believed, strict=True)]
        if gap < 1e-5:
            break
    assert gap < 1e-5
    return value[0], law[-1]


@pytest.mark.parametrize("congestion", [0.0, 1.0])
def test_a_spectral_scheme_agrees_on_the_circle(congestion: float) -> None:
    """Aversion to a crowd, and with it a cost of moving that grows with the local density."""
    value, law = spectral(24, 120, 0.5, congestion)
    options: dict[str, Any] = {
        "domain": (0, 1),
        "nodes": 192,
        "steps": 100,
        "viscosity": 0.06,
        "drift": lambda s, y: 0.4 * np.sin(2 * np.pi * y),
        "initial": lambda y: 1 + 0.5 * np.cos(2 * np.pi * y),
        "running": Coupling(potential=lambda y: np.cos(2 * np.pi * y), density=0.5),
        "boundary": "periodic",
    }
    crowded = {"hamiltonian": compiled(p**2 / (2 * (1 + m)))} if congestion else {}
    found = solve_mfg(discount=0.5, **options, **crowded)
    assert found.ok, found.message
    assert abs(found.u[0, ::8] - value).max() < 1e-3
    assert abs(found.m[-1, ::8] - law).max() < 3e-3
    other = solve_mfg(check=False, discount=0.5 if congestion else 0.55, **options)
    assert abs(other.u[0, ::8] - value).max() > 3e-3


# --- without time ------------------------------------------------------------------------------


def crowd(nodes: int, **change: Any) -> MFGSolution:
    """Aversion to the logarithm of the density on the circle, with u = cos(2 pi x)/4."""
    nu, size = 0.2, 0.25
    wave = 2 * np.pi

    def potential(y: Array) -> Array:
        u = size * np.cos(wave * y)
        return nu * wave**2 * u + (size * wave * np.sin(wave * y)) ** 2 / 2 + u / nu

    options: dict[str, Any] = {"viscosity": nu}
    return solve_mfg(
        domain=(0, 1),
        nodes=nodes,
        stationary=True,
        running=Coupling(potential=potential, function=_logarithm),
        boundary="periodic",
        **options | change,
    )


def _logarithm(
    t: float, x: float, mean: float, variance: float, density: float, c: float, a: float
) -> float:
    return float(np.log(density))


def crowd_errors(found: MFGSolution) -> list[float]:
    u = 0.25 * np.cos(2 * np.pi * found.x)
    total = i0(0.25 / 0.2)
    law = np.exp(-u / 0.2) / total
    constant = found.diagnostics["ergodic_constant"]
    gaps = (constant + np.log(total), found.u[0] - u, found.m[0] - law)
    return [float(np.max(np.abs(gap))) for gap in gaps]


def test_crowd_aversion_on_the_circle_has_its_ergodic_constant() -> None:
    found = [crowd(nodes) for nodes in (50, 100, 200)]
    assert all(f.ok for f in found), [f.message for f in found]
    sizes = [crowd_errors(f) for f in found]
    assert max(sizes[2]) < 2e-3
    for part in range(3):
        assert orders([s[part] for s in sizes]) == pytest.approx([2.0, 2.0], abs=0.1), sizes
    assert found[2].u.shape == (1, 200) and found[2].t.shape == (1,)
    assert found[2].diagnostics["mass_error"] < 1e-13
    assert abs(found[2].diagnostics["exploitability"]) < 1e-9
    assert 0 < found[2].diagnostics["discretization_error"] < 1e-2
    newton = crowd(200, method="newton", check=False)
    assert newton.ok and abs(newton.m - found[2].m).max() < 1e-9
    wrong = crowd(200, viscosity=0.202, check=False)
    assert max(crowd_errors(wrong)) > 5 * max(sizes[2])


def test_the_error_of_the_ergodic_constant_is_estimated() -> None:
    total = np.log(i0(0.25 / 0.2))
    for nodes, ok in ((20, False), (50, True)):
        found = crowd(nodes)
        error = abs(found.diagnostics["ergodic_constant"] / total + 1)
        assert found.ok is ok and bool(error < 1e-2) is ok
        assert 0.8 * error < found.diagnostics["discretization_error"] < 1.5 * error


@pytest.mark.parametrize("rate", [0.0, 0.4])
def test_a_linear_quadratic_problem_at_rest(rate: float) -> None:
    found = solve_mfg(
        domain=(-3, 3),
        nodes=241,
        stationary=True,
        discount=rate,
        viscosity=0.15,
        running=lambda y: 0.5 * y * y,
        boundary="open",
    )
    assert found.ok, found.message
    a = (np.sqrt(rate**2 + 4) - rate) / 2
    control = found.control[0]
    assert abs(control + a * found.x).max() < 1e-9
    if rate:
        assert found.u[0, 120] == pytest.approx(0.15 * a / rate, rel=1e-9)
    else:
        assert found.diagnostics["ergodic_constant"] == pytest.approx(0.15, rel=1e-9)
    assert abs(found.m[0] - normal(found.x, 0.0, 0.15 / a)).max() < 2e-3
    assert found.diagnostics["cost"] == pytest.approx(found.diagnostics["best_cost"], rel=1e-10)


def test_a_manufactured_law_at_rest_is_of_second_order() -> None:
    u, density, b = sp.sin(2 * PI * x) / 3, 1 + sp.cos(2 * PI * x) / 4, sp.cos(2 * PI * x) / 2
    nu, constant = sp.Rational(1, 10), sp.Rational(3, 10)
    h = (1 + sp.sin(2 * PI * x) / 3) * p**2 / (2 * (1 + m))
    at = {p: sp.diff(u, x), m: density}
    f = constant - nu * sp.diff(u, x, 2) - b * at[p] + h.xreplace(at) - density
    speed = b - sp.diff(h, p).xreplace(at)
    source = sp.diff(speed * density - sp.diff(nu * density, x), x)
    call = [sp.lambdify((t, x), part, "numpy") for part in (f, source, u, density, b)]
    sizes = []
    for nodes in (40, 80, 160):
        found = solve_mfg(
            domain=(0, 1),
            nodes=nodes,
            stationary=True,
            viscosity=float(nu),
            drift=call[4],
            running=Coupling(forcing=call[0], density=1.0),
            hamiltonian=compiled(h),
            mass_source=call[1],
            boundary="periodic",
            check=False,
        )
        assert found.ok, found.message
        gaps = (found.u[0] - call[2](0, found.x), found.m[0] - call[3](0, found.x))
        gap = abs(found.diagnostics["ergodic_constant"] - 0.3)
        sizes.append([float(gap), *(float(abs(g).max()) for g in gaps)])
    for part in range(3):
        assert orders([s[part] for s in sizes]) == pytest.approx([2.0, 2.0], abs=0.15), sizes


# --- stopping ----------------------------------------------------------------------------------


def put(nodes: int, rate: float = 0.05, **change: Any) -> MFGSolution:
    """Minus the value of an American put in the logarithm of the price; the strike is 1."""
    volatility = 0.3
    options: dict[str, Any] = {"stationary": True, "domain": (-3.0, 9.0)}
    return solve_mfg(
        nodes=nodes,
        viscosity=volatility**2 / 2,
        drift=rate - volatility**2 / 2,
        discount=rate,
        initial=gaussian(0.0, 0.1),
        hamiltonian=Uncontrolled(),
        stopping=lambda y: -np.maximum(1 - np.exp(y), 0.0),
        **options | change,
    )


def test_a_perpetual_put_is_exercised_at_its_boundary() -> None:
    power = 2 * 0.05 / 0.09
    boundary = power / (1 + power)
    sizes = []
    for nodes in (151, 301, 601):
        found = put(nodes, check=False)
        assert found.ok, found.message
        price = np.exp(found.x)
        exact = np.where(price > boundary, (1 - boundary) * (price / boundary) ** -power, 1 - price)
        sizes.append(float(abs(found.u[0] + exact)[found.x < 2].max()))
        stops = found.u[0] >= -np.maximum(1 - price, 0.0)
        last = price[stops & (price < 1)].max()
        width = found.x[1] - found.x[0]
        assert abs(np.log(last / boundary)) <= 2 * width
        assert found.diagnostics["mass_error"] < 1e-11
    assert sizes[2] < 1e-4 and orders(sizes)[-1] > 1.5, sizes
    found = put(1201)
    assert found.ok, found.message
    # the discount factor at the time when those who start at the strike stop, if ever
    assert found.diagnostics["stopped_mass"] == pytest.approx(boundary**power, rel=2e-2)


def tree(price: float, steps: int = 2000) -> float:
    """An American put by a binomial tree: strike 1, rate .05, volatility .3, one year."""
    up = np.exp(0.3 / np.sqrt(steps))
    fade = np.exp(-0.05 / steps)
    share = (1 / fade - 1 / up) / (up - 1 / up)
    at = price * up ** np.arange(-steps, steps + 1, 2.0)
    value = np.maximum(1 - at, 0)
    for k in range(steps - 1, -1, -1):
        at = price * up ** np.arange(-k, k + 1, 2.0)
        value = np.maximum(fade * (share * value[1:] + (1 - share) * value[:-1]), 1 - at)
    return float(value[0])


def test_a_put_with_an_end_agrees_with_a_tree() -> None:
    ends: dict[str, Any] = {"stationary": False, "domain": (-1.5, 1.5)}
    ends["terminal"] = lambda y: -np.maximum(1 - np.exp(y), 0)
    found = put(601, steps=300, check=False, **ends)
    assert found.ok, found.message
    for price in (0.85, 1.0, 1.2):
        value = np.interp(np.log(price), found.x, -found.u[0])
        assert value == pytest.approx(tree(price), abs=3e-4)
    assert found.diagnostics["mass_error"] < 1e-12
    left = trapezoid(found.m[-1], found.x)
    assert left + found.diagnostics["stopped_mass"] == pytest.approx(1.0, abs=1e-9)
    wrong = put(401, 0.055, steps=100, check=False, **ends)
    assert abs(np.interp(0.0, wrong.x, -wrong.u[0]) - tree(1.0)) > 1e-3


# --- Hamiltonians by the control -----------------------------------------------------------------


def test_a_list_of_controls_is_a_markov_decision_problem() -> None:
    speeds, costs = np.array([-1.0, 0.0, 2.0]), np.array([0.3, 0.0, 0.5])
    found = solve_mfg(
        domain=(0, 1),
        nodes=101,
        steps=400,
        viscosity=0.05,
        initial=lambda y: np.exp(-50 * (y - 0.8) ** 2),
        terminal=lambda y: 4 * (y - 0.5) ** 2,
        hamiltonian=Choice(speeds, costs),
        check=False,
    )
    assert found.ok and found.diagnostics["scheme"] == "monotone", found.message
    # explicit steps of a Markov chain that is reflected at its ends
    h, steps = 0.01, 4000
    u = 4 * (found.x - 0.5) ** 2
    for _ in range(steps):
        wide = np.concatenate([u[1:2], u, u[-2:-1]])
        right, left = wide[2:] - u, wide[:-2] - u
        moves = [
            (max(a, 0) * right + max(-a, 0) * left) / h + c
            for a, c in zip(speeds, costs, strict=True)
        ]
        u = u + (np.min(moves, axis=0) + 0.05 * (right + left) / h**2) / steps
    assert abs(found.u[0] - u)[1:-1].max() < 6e-3
    assert set(np.round(found.control[:, 1:-1].ravel(), 9)) <= {-1.0, 0.0, 1.0, 2.0}


def test_the_cost_of_the_control_gives_its_transform() -> None:
    def solved(hamiltonian: Any) -> MFGSolution:
        return solve_mfg(
            domain=(-1, 1),
            nodes=81,
            steps=20,
            viscosity=0.1,
            initial=gaussian(0.0, 0.3),
            terminal=lambda y: np.cos(3 * y),
            hamiltonian=hamiltonian,
            check=False,
        )

    def square(low: float, high: float) -> Lagrangian:
        return Lagrangian(lambda a: a * a / 2, lambda a: a, low, high)

    found, exact = solved(square(-6, 6)), solved(Quadratic())
    assert found.ok and abs(found.u - exact.u).max() < 1e-10
    bound = solved(square(-0.5, 0.5))
    assert bound.ok and abs(bound.control).max() == pytest.approx(0.5)
    assert abs(bound.u - exact.u).max() > 1e-2
    with pytest.raises(InputError, match="convex"):
        solved(Lagrangian(lambda a: -a * a, lambda a: -2 * a, -1, 1))


# --- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"discount": -0.1}, "discount is -0.1"),
        ({"discount": float("nan")}, "discount is nan"),
        ({"drift": np.zeros((3, 4))}, "drift"),
        ({"drift": lambda s, y: np.full_like(y, np.inf)}, "drift"),
        ({"stationary": True, "terminal": 1.0}, "terminal is given"),
        ({"stationary": True, "stopping": 0.0}, "positive rate"),
        ({"stationary": True, "boundary": "absorbing"}, "positive rate"),
        ({"stationary": "yes"}, "stationary is 'yes'"),
        ({"stationary": True, "richardson": True}, "not offered for stationary"),
        ({"stopping": np.nan}, "stopping"),
        ({"hamiltonian": Choice([1.0, 2.0], [0.0, 0.0])}, "both sides"),
        ({"hamiltonian": Choice([1.0, -2.0], [0.0])}, "2 controls, 1 costs"),
        ({"hamiltonian": Compiled(lambda p: p, lambda p: 1.0)}, "1 arguments"),
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, Any], words: str) -> None:
    options: dict[str, Any] = {"domain": (-1, 1), "nodes": 21, "steps": 4, "viscosity": 0.1}
    with pytest.raises(InputError, match=words):
        solve_mfg(**options | change)
