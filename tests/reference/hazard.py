"""Response to given aggregates under any hazard rate, with or without a last date T.

With l(t) the hazard rate and pi = p1 x + p2 y + p3, the moments of z = kappa X - theta Y at
min(tau, T), G = a x + c y + d and H = h20 x^2 + ... + h00, solve linear equations backward from
z and z^2 at T (their rates below are the generator of (X, Y) plus l (z - G), l (z^2 - H), by
powers of x and y); a spike gives p1, p2, p3 from a, c, d and h20, h11, h10 at each t. A fixed
horizon is l = 0. Without T the integration starts where the survival probability is e^{-DECAY};
the answer must not move when that exponent grows (`drift_of_truncation`).

Route 2 (`forward`): for min(tau, T) the moments of (X, Y) forward from (x, y) under the
strategy and the integral of the payoff against the density of tau. Arithmetic: extrapolation,
1e-22 a step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .games.ode import integrate
from .precision import ctx, number
from .response import Values, prepare

NAMES = ("a", "c", "d", "h20", "h11", "h02", "h10", "h01", "h00")
DECAY = ctx.mpf(50)


class Hazard:
    """A hazard rate: rate(t), its integral from 0, and the dates where it jumps."""

    def __init__(
        self,
        rate: Callable[[Any], Any],
        cumulative: Callable[[Any], Any],
        breaks: Sequence[Any] = (),
    ) -> None:
        self.rate, self.cumulative, self.breaks = rate, cumulative, sorted(map(number, breaks))


def constant(level: Any) -> Hazard:
    """l."""
    level = number(level)
    return Hazard(lambda t: level, lambda t: level * t)


def weibull(shape: Any, scale: Any) -> Hazard:
    """(k/s) (t/s)^{k-1}."""
    k, s = number(shape), number(scale)
    return Hazard(lambda t: k / s * (t / s) ** (k - 1), lambda t: (t / s) ** k)


def makeham(base: Any, level: Any, growth: Any) -> Hazard:
    """base + level e^{growth t}; Gompertz with base 0."""
    a, b, c = number(base), number(level), number(growth)
    return Hazard(
        lambda t: a + b * ctx.exp(c * t),
        lambda t: a * t + (b * ctx.expm1(c * t) / c if c != 0 else b * t),
    )


def piecewise(steps: Mapping[Any, Any]) -> Hazard:
    """{start of a piece: rate}, the first start 0, the last piece without an end."""
    pieces = sorted((number(start), number(level)) for start, level in steps.items())

    def rate(t: Any) -> Any:
        return [level for start, level in pieces if start <= t][-1]

    def cumulative(t: Any) -> Any:
        ends = [*(start for start, _ in pieces[1:]), ctx.inf]
        return sum(
            (
                level * (min(t, end) - start)
                for (start, level), end in zip(pieces, ends)
                if t > start
            ),
            ctx.zero,
        )

    return Hazard(rate, cumulative, [start for start, _ in pieces[1:]])


def strategy(p: Values, v: Sequence[Any]) -> tuple[Any, Any, Any]:
    """p1, p2, p3 from the coefficients of G and H."""
    a, c, d, h20, h11, _, h10, _, _ = v
    gamma, B = p["gamma"], p["B"]
    scale = gamma * p["s2"] * h20
    return (
        B * (p["beta"] * a + gamma * (a**2 - h20)) / scale,
        B * gamma * (a * c - h11 / 2) / scale,
        (B * (p["alpha"] * a + gamma * (a * d - h10 / 2)) - gamma * p["sigma"] * p["m_s"] * h11 / 2)
        / scale,
    )


def _rates(p: Values, level: Any, v: Sequence[Any]) -> list[Any]:
    """Derivatives in t."""
    a, c, d, h20, h11, h02, h10, h01, h00 = v
    p1, p2, p3 = strategy(p, v)
    r, B, s2, cross = p["r"], p["B"], p["s2"], p["sigma"] * p["m_s"]
    kappa, theta, m_b = p["kappa"], p["theta"], p["m_b"]
    # Generator of G and H by monomials: drift of x, drift of y, squared noise, cross, of y.
    gen = [
        (r + B * p1) * a,
        B * p2 * a + r * c,
        B * p3 * a + m_b * c,
        2 * (r + B * p1) * h20 + s2 * p1**2 * h20,
        2 * B * p2 * h20 + (r + B * p1) * h11 + r * h11 + 2 * s2 * p1 * p2 * h20,
        B * p2 * h11 + 2 * r * h02 + s2 * p2**2 * h20,
        (r + B * p1) * h10
        + 2 * B * p3 * h20
        + m_b * h11
        + 2 * s2 * p1 * p3 * h20
        + cross * p1 * h11,
        B * p2 * h10
        + B * p3 * h11
        + r * h01
        + 2 * m_b * h02
        + 2 * s2 * p2 * p3 * h20
        + cross * p2 * h11,
        B * p3 * h10
        + m_b * h01
        + s2 * p3**2 * h20
        + cross * p3 * h11
        + (p["m_2"] + p["m_s"] ** 2) * h02,
    ]
    return [level * (u - end) - g for u, end, g in zip(v, _payoff(kappa, theta), gen)]


def _payoff(kappa: Any, theta: Any) -> list[Any]:
    squares = [kappa**2, -2 * kappa * theta, theta**2]
    return [kappa, -theta, ctx.zero, *squares, *[ctx.zero] * 3]


def _across(
    rates: Callable[[Any, Any, list[Any]], list[Any]], hazard: Hazard, v: Any, t0: Any, t1: Any
) -> Any:
    """Integrate from t0 to t1, piece by piece of the hazard; `rates` gets (t, hazard rate, v)."""
    low, high = min(t0, t1), max(t0, t1)
    dates = [low, *(u for u in hazard.breaks if low < u < high), high]
    if t1 < t0:
        dates.reverse()
    for start, end in zip(dates, dates[1:]):
        middle = (start + end) / 2
        inside = hazard.rate(middle) if hazard.breaks else None

        def rhs(t: Any, u: list[Any], inside: Any = inside) -> list[Any]:
            return rates(t, hazard.rate(t) if inside is None else inside, u)

        v = integrate(rhs, v, start, end)
    return v


def _last(hazard: Hazard, t: Any, decay: Any) -> Any:
    """Date at which the survival probability from t on is e^{-decay}."""
    low, high = t, t + 1
    while hazard.cumulative(high) - hazard.cumulative(t) < decay:
        low, high = high, t + 2 * (high - t)
        if high > 10**9:
            raise ArithmeticError("the horizon may be infinite")
    for _ in range(60):
        middle = (low + high) / 2
        short = hazard.cumulative(middle) - hazard.cumulative(t) < decay
        low, high = (middle, high) if short else (low, middle)
    return high


def response(
    params: Mapping[str, Any],
    hazard: Hazard,
    T: Any = None,
    t: Any = 0,
    x: Any = None,
    y: Any = None,
    decay: Any = DECAY,
) -> Values:
    """p1, p2, p3, the coefficients of G and H and, at (x, y), V; "lam" of params is not read.

    Piecewise hazards must be constant on each piece.
    """
    p, t = prepare({**params, "lam": 0}), number(t)
    end = _last(hazard, t, decay) if T is None else number(T)
    v = _payoff(p["kappa"], p["theta"])
    if end > t:
        v = _across(lambda _, level, u: _rates(p, level, u), hazard, v, end, t)
    out: Values = dict(zip(("p1", "p2", "p3"), strategy(p, v)))
    out.update(zip(NAMES, v))
    if x is not None:
        x, y = number(x), number(y)
        G = out["a"] * x + out["c"] * y + out["d"]
        H = out["h20"] * x**2 + out["h11"] * x * y + out["h02"] * y**2
        H += out["h10"] * x + out["h01"] * y + out["h00"]
        weight = p["alpha"] + p["beta"] * x
        out.update({"G": G, "H": H, "V": weight * G - p["gamma"] / 2 * (H - G**2)})
    return out


def drift_of_truncation(params: Mapping[str, Any], hazard: Hazard) -> Any:
    """Largest change of p1, p2, p3 when the integration starts later."""
    near, far = (response(params, hazard, decay=DECAY * u) for u in (1, ctx.mpf("1.3")))
    return max(abs(near[name] - far[name]) for name in ("p1", "p2", "p3"))


def linear_response(params: Mapping[str, Any], hazard: Hazard, T: Any = None, t: Any = 0) -> Values:
    """p1, p2, q3, Qb, Qs at t: p3 = q3 + Qb m_b + Qs m_s, from three right sides."""
    unit = {"alpha": params["alpha"], "m_b": 0, "m_s": 0, "m_2": 0}
    base = response({**params, **unit}, hazard, T, t)
    out = {"p1": base["p1"], "p2": base["p2"], "q3": base["p3"]}
    for name, key in (("m_b", "Qb"), ("m_s", "Qs")):
        out[key] = response({**params, **unit, "alpha": 0, name: 1}, hazard, T, t)["p3"]
    return out


def joint_strategy(
    params: Mapping[str, Any], n: int | None, hazard: Hazard, T: Any = None, t: Any = 0
) -> tuple[Any, Any, Any]:
    """k1, k2, k3 at t of the homogeneous game of n agents or the mean field (None).

    All others play k; with own wealth x and y = (1/n) sum of the others', the others' aggregates
    are affine in (x, y): matched here coefficient by coefficient instead of by the closed form.
    """
    share = ctx.zero if n is None else ctx.one / n
    v = linear_response({**params, "kappa": 1 - number(params["theta"]) * share}, hazard, T, t)
    p = prepare({**params, "lam": 0})
    Q = p["B"] * v["Qb"] + p["sigma"] * v["Qs"]
    # m = (1/n) sum_{k != i} pi_k = (1-N) k3 + (k1 + (1-2N) k2) y + N (1-N) k2 x, k = P + Q m.
    k2_x, k2_y = Q * share * (1 - share), Q * (1 - 2 * share)
    # k1 = p1 + k2_x k2, k2 = p2 + Q k1 + k2_y k2, k3 = q3 + Q (1-N) k3
    k2 = (v["p2"] + Q * v["p1"]) / (1 - k2_y - Q * k2_x)
    return v["p1"] + k2_x * k2, k2, v["q3"] / (1 - Q * (1 - share))


def forward(params: Mapping[str, Any], hazard: Hazard, T: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """(E z, E z^2) at min(tau, T) by forward moments, aggregates constant.

    The coefficients ride along forward in time, which magnifies their error by the inverse of the
    survival probability: for moderate T.
    """
    p = prepare({**params, "lam": 0})
    r, B, s2, cross = p["r"], p["B"], p["s2"], p["sigma"] * p["m_s"]
    kappa, theta, T, x, y = p["kappa"], p["theta"], number(T), number(x), number(y)
    start = response(params, hazard, T)
    noise = p["m_2"] + p["m_s"] ** 2

    def payoff(m: Sequence[Any]) -> tuple[Any, Any]:
        square = kappa**2 * m[2] - 2 * kappa * theta * m[3] + theta**2 * m[4]
        return kappa * m[0] - theta * m[1], square

    def rates(t: Any, level: Any, u: list[Any]) -> list[Any]:
        v, m = u[:9], u[9:14]
        p1, p2, p3 = strategy(p, v)
        mx, my, xx, xy, yy = m
        pi = p1 * mx + p2 * my + p3
        pi_x, pi_y = p1 * xx + p2 * xy + p3 * mx, p1 * xy + p2 * yy + p3 * my
        pi_pi = p1 * pi_x + p2 * pi_y + p3 * pi
        alive = ctx.exp(-hazard.cumulative(t))
        mean, square = payoff(m)
        return [
            *_rates(p, level, v),
            r * mx + B * pi,
            r * my + p["m_b"],
            2 * (r * xx + B * pi_x) + s2 * pi_pi,
            2 * r * xy + B * pi_y + p["m_b"] * mx + cross * pi,
            2 * r * yy + 2 * p["m_b"] * my + noise,
            level * alive * mean,
            level * alive * square,
        ]

    state = [*(start[name] for name in NAMES), x, y, x**2, x * y, y**2, ctx.zero, ctx.zero]
    state = _across(rates, hazard, state, ctx.zero, T)
    alive, (mean, square) = ctx.exp(-hazard.cumulative(T)), payoff(state[9:14])
    return state[14] + alive * mean, state[15] + alive * square
