"""Merton's problem with a Poisson clock: dX = (r X + B pi) dt + s pi dW + J pi dN, intensity
lam.

The jump is not compensated. Marks: J is one size or a list of (probability, size). CRRA at T, V
= A x^{1-g}/(1-g), pi = f x: the growth rate r + B f - g s^2 f^2/2 + lam E[(1 + J f)^{1-g} -
1]/(1-g) (logarithms at g = 1) is strictly concave on {1 + f J > 0}; its derivative B - g s^2 f
+ lam E[J (1 + J f)^{-g}] has one zero, found by bisection; where the domain is a half line on
whose open end the slope stays positive (s = 0 and all drift and jumps upward) there is no
maximum: "no-solution". Mean-variance (gamma given in place of g): pi = (B + lam E J)/(gamma
(s^2 + lam E J^2)) e^{-r(T-t)}.

Route 2 (`by_counting`): E U(X_T) of a constant fraction summed over the number of jumps (one
size), conditionally lognormal; f must maximize it and V be its value.
"""

from __future__ import annotations

from typing import Any

from ..precision import ctx, number


def _marks(J: Any) -> list[tuple[Any, Any]]:
    if isinstance(J, (list, tuple)):
        return [(number(p), number(u)) for p, u in J]
    return [(ctx.one, number(J))]


def slope(f: Any, B: Any, s: Any, g: Any, lam: Any, marks: list[tuple[Any, Any]]) -> Any:
    """Derivative of the growth rate at the fraction f."""
    jumps = sum(p * u * (1 + u * f) ** -g for p, u in marks)
    return B - g * s**2 * f + lam * jumps


def fraction(B: Any, s: Any, g: Any, lam: Any, marks: list[tuple[Any, Any]]) -> Any:
    """The zero of the slope on {1 + f J > 0 for every J}, or None."""
    active = [u for p, u in marks if p > 0 and u != 0]
    low = max([-1 / u for u in active if u > 0], default=-ctx.inf)
    high = min([-1 / u for u in active if u < 0], default=ctx.inf)

    def inside(sign: int, end: Any) -> Any:
        """A point near an end with a slope of the right sign."""
        other = low if sign > 0 else high
        gap = ctx.one if ctx.isinf(other) or ctx.isinf(end) else abs(end - other) / 2
        start = (other + sign * gap) if not ctx.isinf(other) else ctx.zero
        if ctx.isinf(other) and not ctx.isinf(end):
            start = end - sign * gap
        for k in range(400):
            point = start + sign * ctx.mpf(2) ** k if ctx.isinf(end) else end - sign * gap / 2**k
            if sign * slope(point, B, s, g, lam, marks) <= 0:
                return point
        return None

    bottom, top = inside(-1, low), inside(1, high)
    if bottom is None or top is None:
        return None
    for _ in range(260):
        middle = (bottom + top) / 2
        if slope(middle, B, s, g, lam, marks) > 0:
            bottom = middle
        else:
            top = middle
    return (bottom + top) / 2


def solve(
    r: Any,
    B: Any,
    s: Any,
    lam: Any,
    J: Any,
    T: Any,
    g: Any = None,
    gamma: Any = None,
    t: Any = 0,
    x: Any = 1,
) -> dict[str, Any]:
    """CRRA (g): pi = f x, coefficient A, V. Mean-variance (gamma): amount pi, E, Var, V."""
    r, B, s, lam, x = (number(u) for u in (r, B, s, lam, x))
    tau, marks = number(T) - number(t), _marks(J) if lam else []
    out: dict[str, Any] = {"status": "ok", "explosion": None}
    if gamma is not None:
        gamma = number(gamma)
        mean = B + lam * sum(p * u for p, u in marks)
        square = s**2 + lam * sum(p * u**2 for p, u in marks)
        pi = mean / (gamma * square) * ctx.exp(-r * tau)
        out["strategy"] = {"pi": {"x": ctx.zero, "1": pi}}
        out["E"] = x * ctx.exp(r * tau) + mean**2 / square * tau / gamma
        out["Var"] = mean**2 / square * tau / gamma**2
        return {**out, "V": out["E"] - gamma * out["Var"] / 2}
    g = number(g)
    f = fraction(B, s, g, lam, marks)
    if f is None:
        return {"status": "no-solution"}
    out["strategy"] = {"pi": {"x": f}}
    rate = r + B * f - g * s**2 * f**2 / 2
    if g == 1:
        rate += lam * sum(p * ctx.log(1 + u * f) for p, u in marks)
        return {**out, "coefficients": {"c": rate * tau}, "V": ctx.log(x) + rate * tau}
    jumps = lam * sum(p * ((1 + u * f) ** (1 - g) - 1) for p, u in marks)
    A = ctx.exp(((1 - g) * rate + jumps) * tau)
    return {**out, "coefficients": {"A": A}, "V": A * x ** (1 - g) / (1 - g)}


def by_counting(
    f: Any, r: Any, B: Any, s: Any, g: Any, lam: Any, J: Any, T: Any, x: Any = 1
) -> Any:
    """E U(X_T) of the fraction f, one size of jumps: Poisson weights, lognormal between jumps."""
    r, B, s, g, lam, J, T, x, f = (number(u) for u in (r, B, s, g, lam, J, T, x, f))
    mean = ctx.log(x) + (r + B * f - s**2 * f**2 / 2) * T
    total, weight, count = ctx.zero, ctx.exp(-lam * T), 0
    while count <= lam * T or weight > ctx.mpf(10) ** -55:
        log_wealth = mean + count * ctx.log(1 + J * f)
        if g == 1:
            total += weight * log_wealth
        else:
            power = (1 - g) * log_wealth + (1 - g) ** 2 * s**2 * f**2 * T / 2
            total += weight * ctx.exp(power) / (1 - g)
        count += 1
        weight *= lam * T / count
    return total
