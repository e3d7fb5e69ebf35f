"""Checks of how the strategy moves with competition and risk aversion (section 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp

from eqsolve.claims.claim import Command, Context, Counterexample, Finding, Scope, Test
from eqsolve.claims.search import counted
from eqsolve.derivation.limits import derivative, leading
from eqsolve.derivation.reductions import explicit
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.paper.claims.domain import draw, stencil
from eqsolve.paper.claims.exact import B, alpha, beta, exact, gamma, identity, k1, k2, k3, p1, q3
from eqsolve.paper.claims.positivity import competition
from eqsolve.registry import model
from eqsolve.status import Status

#: pi rises with gamma: little own wealth, rich competitors, small gamma and lambda.
RISING = {
    "r": "0.01436",
    "b": "0.23283",
    "nu": "0.21225",
    "sigma": "0.16384",
    "theta": "0.53384",
    "gamma": "0.49188",
    "alpha": "2.9604",
    "beta": "1.6209",
    "lambda": "0.05622",
    "n": "10",
}
RISING_AT = {"x": "0.1", "y": "2.99"}
#: pi is concave in gamma, everybody at wealth 1: competition is strong and Q near 1.
BENT = {
    "r": "0.002",
    "b": "0.155",
    "nu": "0.168",
    "sigma": "0.353",
    "theta": "0.921",
    "gamma": "1.231",
    "alpha": "2.924",
    "beta": "1.56",
    "lambda": "0.901",
    "n": "17",
}
#: Moderate parameters, wealths alike: a domain in which the figure's statements hold.
MODERATE: Mapping[str, Any] = {
    "gamma": (2.0, 5.0, True),
    "beta": (0.05, 1.0, False),
    "lambda": (0.5, 3.0, True),
    "B": (0.02, 0.15, False),
    "nu": (0.2, 0.4, False),
    "r": (0.0, 0.03, False),
    "x": (0.5, 2.0, True),
    "mean": (0.5, 2.0, True),
}
ALONE: Mapping[str, Any] = {"theta": (0.0, 0.0, False)}
DOMAIN = "B > 0, theta <= 1, wealths positive, finite second moments"
PROVED = (
    "Proved in the mean field for B, p1, r, y > 0, Q < 1 and D2 > 0. Elsewhere found by search, "
    f"not proved: {DOMAIN}"
)


def moved(
    params: Mapping[str, str],
    vary: str,
    factors: tuple[str, ...],
    at: Mapping[str, str] | None = None,
) -> tuple[Command, ...]:
    """Commands for the position at multiples of one parameter, its decimals exact."""
    values = [sp.Rational(params[vary]) * sp.Rational(f) for f in factors]
    texts = [f"{float(v):.12g}" for v in values]
    return tuple(
        Command(model("n-agent"), {**params, vary: v}, "at.pi", at=at or {}) for v in texts
    )


def theta_increasing(context: Context, direction: int = 1) -> Finding:
    """The strategy increases with theta (first Figure 4.2)."""
    found = stencil(context, "theta", "theta")
    other = stencil(context, "theta", "theta mirrored", B=(-0.3, -0.02, False))
    return Finding(
        (
            counted(
                "pi increases with theta, values 1 % apart",
                found.rises * direction <= 0,
                found.where,
            ),
            counted("pi is convex in theta", found.bends * direction < 0, found.where, "condition"),
            counted(
                "For B < 0 it decreases (mirror image)",
                other.rises * direction >= 0,
                other.where,
                "condition",
            ),
            *competition(context, direction),
        ),
        f"{PROVED}. For B < 0 the position is the mirror image.",
    )


def above(context: Context, direction: int = 1) -> Finding:
    """The competitive strategy lies above the non-competitive one (Figures 4.2 to 4.4)."""
    tests = []
    positive: Scope = "claim"
    mirrored: Scope = "condition"
    for text, scope, low, high, sign in (
        ("pi > pi at theta = 0", positive, 0.02, 0.3, 1),
        ("For B < 0 it lies below (mirror image)", mirrored, -0.3, -0.02, -1),
    ):
        points, where = draw(context, f"above {sign}", B=(low, high, False))
        names = ("status", "pi", "pi_noncompetitive")
        found = context.kernel(model("n-agent")).evaluate(points, outputs=names)
        fine = (found["status"] == Status.OK) & np.isfinite(found["pi_noncompetitive"])
        gap = (found["pi"] - found["pi_noncompetitive"])[fine]
        tests.append(counted(text, gap * sign * direction <= 0, where, scope))
    return Finding((*tests, *competition(context, direction)), f"{PROVED}.")


def gamma_decreasing(context: Context, direction: int = 1) -> Finding:
    """The strategies decrease with gamma (second Figure 4.2)."""
    found = stencil(context, "gamma", "gamma")
    alone = stencil(context, "gamma", "gamma alone", **ALONE)
    moderate = stencil(context, "gamma", "gamma moderate", **MODERATE)
    return Finding(
        (
            counted("pi decreases with gamma", found.rises * direction >= 0, found.where),
            counted(
                "Without competition pi decreases",
                alone.rises * direction >= 0,
                alone.where,
                "condition",
            ),
            counted(
                "In a moderate domain pi decreases",
                moderate.rises * direction >= 0,
                moderate.where,
                "condition",
            ),
            _own_slope(context),
        ),
        "Sufficient by search, not proved: theta = 0 (the non-competitive strategy), or the "
        "moderate domain stated in the evidence. It fails for beta/gamma large, lambda small "
        "and own wealth low against the others'.",
        Counterexample.of(
            moved(RISING, "gamma", ("9/10", "11/10"), RISING_AT),
            "As gamma rises from 0.9 to 1.1 times 0.49188, pi rises from {:.8g} to {:.8g}.",
            lambda low, high: direction * (high - low) > 0,
        ),
    )


def _own_slope(context: Context) -> Test:
    """The slope of the coefficient of own wealth, by implicit differentiation."""
    form = context.form(model("best-response"))
    slope = derivative(form, (p1,), gamma, {})
    D1, D2, dp1 = symbols("D1 D2 dp1")
    return identity(
        "gamma C'(p1) dp1/dgamma = beta B D1 D2: as C falls through its largest admissible root, "
        "B p1 decreases with gamma, always.",
        slope,
        gamma * sp.diff(form[p1], p1) * dp1 - beta * B * D1 * D2 * _scale(context),
        scope="condition",
    )


def _scale(context: Context) -> sp.Expr:
    """The factor between the engine's cubic and the normal form with c3 = B^2 s2 (beta - ...)."""
    form = context.form(model("best-response"))
    kappa, s2 = symbols("kappa s2")
    return sp.cancel(explicit(form, symbol("C3")) / (B**2 * s2 * (beta - gamma * kappa)))


def gamma_convex(context: Context, direction: int = 1) -> Finding:
    """The strategies are convex in gamma (second Figure 4.2)."""
    found = stencil(context, "gamma", "gamma convex")
    alone = stencil(context, "gamma", "gamma convex alone", **ALONE)
    moderate = stencil(context, "gamma", "gamma convex moderate", **MODERATE)
    return Finding(
        (
            counted("pi is convex in gamma", found.bends * direction < 0, found.where),
            counted(
                "Without competition pi is convex",
                alone.bends * direction < 0,
                alone.where,
                "condition",
            ),
            counted(
                "In a moderate domain pi is convex",
                moderate.bends * direction < 0,
                moderate.where,
                "condition",
            ),
        ),
        "Sufficient by search, not proved: theta = 0 (the non-competitive strategy), or the "
        "moderate domain stated in the evidence. It fails where second moments are nearly "
        "infinite (D2 near 0, or Q large).",
        Counterexample.of(
            moved(BENT, "gamma", ("95/100", "1", "105/100")),
            "At 0.95, 1 and 1.05 times gamma = 1.231, pi = {:.10g}, {:.10g}, {:.10g}: the middle "
            "value lies above the mean of the others.",
            lambda low, middle, high: direction * (2 * middle - low - high) > 0,
        ),
    )


def gamma_bounded(context: Context) -> Finding:
    """A highly conservative investor's strategy is bounded."""
    form = context.form(model("best-response"))

    def leading_part() -> bool:
        for name in symbols("C3 C2 C1 C0"):
            value = explicit(form, name)
            top, power = leading(value, gamma, infinity=True)
            if power != 1 or sp.cancel(top * gamma - value.subs(beta, 0)) != 0:
                return False
        return True

    points, where = draw(context, "gamma bounded", gamma=(1e6, 1e6, False))
    large = context.kernel(model("n-agent")).evaluate(points)
    none = context.kernel(model("n-agent")).evaluate({**points, "beta": 0 * points["beta"]})
    fine = (large["status"] == Status.OK) & (none["status"] == Status.OK)
    distance = np.abs(large["pi"] - none["pi"])[fine]
    scale = (1 + points["x"] + points["y"])[fine]
    return Finding(
        (
            exact(
                "The cubic is affine in gamma; its leading part is the cubic at beta = 0, so that "
                "p1 tends to the root without wealth-dependent weight.",
                leading_part,
            ),
            exact(
                "gamma q3 depends on gamma through p1 only: q3 tends to 0.",
                lambda: sp.cancel(sp.diff(explicit(form, q3) * gamma, gamma)) == 0,
            ),
            counted(
                "At gamma = 1e6 pi is within 1e-3 (1 + x + y) of pi at beta = 0",
                distance > 1e-3 * scale,
                where,
            ),
        ),
        "The bound is the strategy at beta = 0, p1 ~ -B r^2/(s2 (lambda - r)^2) for small r; the "
        "limit is 0 only for r = 0.",
    )


def alpha_linear(context: Context, direction: int = 1) -> Finding:
    """The strategies increase linearly with alpha (Figure 4.4)."""
    form = context.form(model("n-agent"))
    needed = set().union(*(d.expression.free_symbols for d in form.needed((k1, k2))))
    found = stencil(context, "alpha", "alpha")
    return Finding(
        (
            Test("exact", "k1 and k2 do not contain alpha.", alpha not in needed),
            identity(
                "k3 = q3 / S, where q3 is proportional to alpha and S free of it.",
                form,
                k3 * symbol("S") - q3,
                sp.diff(form[q3], alpha) * alpha - q3,
            ),
            counted("pi increases with alpha", found.rises * direction <= 0, found.where),
            counted("pi is affine in alpha, to the noise", found.bends != 0, found.where),
            competition(context, direction)[-1],
        ),
        "Exactly affine; increasing if and only if q3/S > 0. That q3 > 0 is proved in the mean "
        f"field for B, p1, r, D2 > 0; elsewhere found by search: {DOMAIN}.",
    )
