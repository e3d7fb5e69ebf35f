"""Checks of the corollaries and remarks: special cases, exact in the closed form."""

from __future__ import annotations

import sympy as sp

from eqsolve.arithmetic.algebra import is_zero
from eqsolve.claims.claim import Command, Context, Counterexample, Finding, Test
from eqsolve.claims.search import counted
from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.derivation.limits import derivative
from eqsolve.derivation.reductions import explicit, specialize
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.paper.claims.domain import draw
from eqsolve.paper.claims.exact import (
    S1,
    B,
    N,
    Q,
    Qb,
    Qs,
    alpha,
    beta,
    combined,
    exact,
    gamma,
    identity,
    k1,
    k2,
    k3,
    kappa,
    lam,
    m_s,
    nu,
    p1,
    p2,
    q3,
    r,
    s2,
    sigma,
    theta,
    vanishes,
)
from eqsolve.paper.claims.theorems import spikes
from eqsolve.paper.sets import SETS
from eqsolve.registry import model
from eqsolve.status import Status
from eqsolve.verify.check import Check

#: beta = r = 0 and the root that belongs to constant strategies.
CONSTANT: dict[sp.Symbol, sp.Expr | int] = {beta: 0, r: 0, p1: 0}
THREE = {**S1, "n": "3"}


def proportional(context: Context) -> Finding:
    """Remark 2.1: the split of the strategy by theta."""
    form, mean_field = context.form(model("best-response")), context.form(model("mean-field"))
    own_part = mean_field.needed((p1, q3))
    slope = derivative(context.form(model("n-agent")), (p1,), theta, {kappa: 1 - theta * N})

    def linear() -> bool:
        for name in symbols("p2 c h11 Qb Qs"):
            top, bottom = sp.fraction(explicit(form, name))
            polynomial = sp.Poly(top, theta)
            if bottom.has(theta) or polynomial.degree() != 1 or polynomial.nth(0) != 0:
                return False
        return not explicit(form, q3).has(theta)

    commands = tuple(
        Command(model("n-agent"), {**THREE, "theta": t}, "response.p1") for t in ("0", "0.5")
    )
    return Finding(
        (
            Test(
                "exact",
                "p1 does not depend on theta for finite n.",
                vanishes(slope, symbol("dp1")),
            ),
            exact(
                "With the own weight kappa held fixed p2, c, h11, Qb, Qs are theta times something "
                "free of theta, and q3 is free of it.",
                linear,
                "condition",
            ),
            Test(
                "exact",
                "In the mean-field game, where kappa = 1, p1 and q3 do not contain theta.",
                not any(d.expression.has(theta) for d in own_part),
                "condition",
            ),
        ),
        "In the mean-field game, or as n tends to infinity; for finite n only with kappa = 1 - "
        "theta/n held fixed, for p1 and q3 (at beta = 0 q3 ~ 1/kappa) depend on theta through it.",
        Counterexample.of(
            commands,
            "At S1 with n = 3, p1 = {:.6g} for theta = 0 and {:.6g} for theta = 0.5.",
            lambda none, half: none != half,
        ),
    )


def scale(own: sp.Expr = kappa) -> sp.Expr:
    return sigma**2 + own * nu**2


def constant(context: Context, wrong: int = 1) -> Finding:
    """Corollary 2.1: constant strategies, those of agents with CARA preferences."""
    form = specialize(context.form(model("best-response")), CONSTANT)
    common = specialize(context.form(model("n-agent")), CONSTANT)
    u = 1 / (1 + N * sigma * Qs)
    total = {s2: nu**2 + sigma**2}
    weight = {kappa: 1 - theta * N}

    def agrees(expression: sp.Expr) -> bool:
        return is_zero(explicit(form, expression).subs(weight).subs(total))

    def homogeneous() -> bool:
        phi, psi = sigma * alpha * B / (gamma * scale()), theta * sigma**2 / scale()
        expected = (alpha * B / gamma + wrong * theta * sigma * phi / (1 - psi)) / scale()
        found = explicit(common, k3)
        return not found.has(lam) and is_zero((found - expected).subs(weight).subs(total))

    def others() -> bool:
        general = specialize(context.form(model("best-response")), {beta: 0, r: 0})
        cubic = sp.numer(sp.cancel(explicit(general, general[p1]) / p1))
        quotient, rest = sp.div(cubic, explicit(general, symbol("Delta")), p1)
        return sp.expand(rest) == 0 and quotient != 0 and not quotient.has(p1)

    return Finding(
        (
            exact(
                "p1 = 0 solves the cubic, and then p2 = Qb = 0: constant responses, free of "
                "lambda.",
                lambda: all(explicit(form, s) == 0 for s in (p2, Qb)),
            ),
            exact(
                "For any number of agents who differ: u q3 = alpha B/(gamma (sigma^2 + kappa nu^2))"
                " and u Qs = theta sigma/(sigma^2 + kappa nu^2), the terms of (2.78)-(2.80).",
                lambda: (
                    agrees(u * q3 - alpha * B / (gamma * scale()))
                    and agrees(u * Qs - wrong * theta * sigma / scale())
                ),
            ),
            exact("For identical agents k1 = k2 = 0 and k3 is (2.80).", homogeneous),
            exact(
                "Delta vanishes at the other roots of the cubic: the linear equilibrium is unique.",
                others,
            ),
        ),
        "beta = r = 0, psi != 1; at psi = 1 the averages' system is degenerate.",
    )


def cara(context: Context, tolerance: sp.Expr = alpha / gamma) -> Finding:
    """Remarks 2.2 and 3.2: the same strategy under CARA preferences."""
    p = symbol("p")
    game = model("best-response").game
    moves = [state.loadings for state in game.states]
    weights = (kappa, -theta)
    drift = sum((w * s.drift for w, s in zip(weights, game.states)), sp.S.Zero)
    noises = {noise for loadings in moves for noise in loadings}
    variance = sum(
        (
            sum((w * load.get(noise, sp.S.Zero) for w, load in zip(weights, moves)), sp.S.Zero) ** 2
            for noise in noises
        ),
        sp.S.Zero,
    )
    # the exponent of E[-exp(-z/tolerance)] grows at the rate of minus this certainty equivalent
    slope = sp.diff((drift - variance / (2 * tolerance)).subs(r, 0), p)
    form = specialize(context.form(model("best-response")), CONSTANT)
    position = explicit(form, q3) + explicit(form, Qb) * symbol("m_b") + explicit(form, Qs) * m_s
    residual = slope.subs(p, position).subs(s2, nu**2 + sigma**2)
    return Finding(
        (
            exact(
                "The response at beta = r = 0 solves the first-order condition of the CARA "
                "problem, max_p drift(z) - var(z)/(2 delta), with risk tolerance delta = "
                "alpha/gamma; in the mean field with kappa = 1.",
                lambda: is_zero(residual) and is_zero(residual.subs(kappa, 1)),
            ),
            exact(
                "It is a maximum: the second derivative is -kappa^2 s2/delta.",
                lambda: is_zero(
                    (sp.diff(slope, p) + kappa**2 * s2 / tolerance).subs(s2, nu**2 + sigma**2)
                ),
            ),
        ),
        "r = 0, beta = 0, constant strategies of the others, risk tolerance alpha/gamma.",
    )


def alone(context: Context) -> Finding:
    """Corollary 2.2: no competition; and no constant weight."""
    form = specialize(context.form(model("best-response")), {theta: 0})
    expected = {alpha: 0}
    none = specialize(context.form(model("best-response")), expected)
    return Finding(
        (
            exact(
                "theta = 0: p2 = Qb = Qs = c = h11 = 0, so that pi = p1 x + q3 (2.82).",
                lambda: all(vanishes(form, form[s]) for s in symbols("p2 Qb Qs c h11")),
            ),
            exact(
                "alpha = 0: q3 = 0, so that pi = p1 x at theta = 0 (2.88).", lambda: none[q3] == 0
            ),
        ),
        "theta = 0.",
    )


def single(context: Context) -> Finding:
    """Remark 2.3: one agent."""
    form = specialize(context.form(model("n-agent")), {N: 1, theta: 0, kappa: 1})
    checks: list[Check] = []
    for row in SETS.values():
        checks += spikes(
            context, "best-response", {**row, "theta": "0", "n": "1"} | _NOTHING, "one agent"
        )
    return Finding(
        (
            identity(
                "With n = 1 and theta = 0 the equilibrium is the response p1 x + q3 of one agent.",
                form,
                k1 - p1,
                k3 - q3,
                k2,
            ),
            combined(
                "No short deviation is a gain at S1, S2, S3 with theta = 0; {} checks.",
                checks,
                "spike",
            ),
        ),
        "Checked against the problem of one agent; the formulas of the reference were not at hand.",
    )


_NOTHING = {"m_b": "0", "m_s": "0", "m_2": "0"}


def state_independent(context: Context) -> Finding:
    """Remark 2.4: state-independent risk aversion makes all strategies constant."""
    form = context.form(model("best-response"))
    special = specialize(form, {beta: 0})
    zero = specialize(context.form(model("n-agent")), CONSTANT)
    points, where = draw(context, "remark 2.4", beta=(0.0, 0.0, False), r=(0.005, 0.05, False))
    found = context.kernel(model("n-agent")).evaluate(points)
    slopes = found["k_x"][found["status"] == Status.OK]
    command = Command(model("n-agent"), {**_REMARK, "r": "0.02", "b": "0.1"}, "strategy.x")
    return Finding(
        (
            counted("At beta = 0, r > 0 the coefficient of own wealth is 0", slopes != 0, where),
            exact(
                "At beta = 0 the constant coefficient of the cubic is -gamma kappa B r^2 (up to "
                "the sign of the cubic): p1 = 0 is a root if and only if r = 0 (B != 0).",
                lambda: (
                    sp.cancel((explicit(special, symbol("C0")) / (gamma * kappa * B * r**2)) ** 2)
                    == 1
                ),
                "condition",
            ),
            exact(
                "At beta = r = 0, p1 = 0 gives k1 = k2 = 0.",
                lambda: explicit(zero, k1) == 0 and explicit(zero, k2) == 0,
                "condition",
            ),
        ),
        "If and only if r = 0 (or B = 0). For r > 0, p1 ~ -B r^2/(s2 (lambda - r)^2).",
        Counterexample.of(
            (command,),
            "With beta = 0 and r = 0.02 the coefficient of own wealth is {:.6g}, not 0.",
            lambda slope: slope != 0,
        ),
    )


_REMARK = {
    "nu": "0.2",
    "sigma": "0.15",
    "theta": "0.5",
    "gamma": "2",
    "alpha": "1",
    "beta": "0",
    "lambda": "0.4",
    "n": "5",
}


def _multiple(form: ClosedForm, expression: sp.Expr) -> bool:
    """Whether the numerator of an expression is divisible by the polynomial of the root."""
    numerator = sp.numer(sp.cancel(explicit(form, expression)))
    return bool(sp.rem(numerator, sp.numer(sp.cancel(explicit(form, form[p1]))), p1) == 0)


def competitors_wealth(context: Context) -> Finding:
    """The abstract: strategies depend on the wealth of competitors."""
    form = context.form(model("n-agent"))
    alone_form = specialize(form, {theta: 0, kappa: 1})
    flat, idle = specialize(form, CONSTANT), specialize(form, {B: 0, p1: 0})
    points, where = draw(context, "abstract")
    found = context.kernel(model("n-agent")).evaluate(points)
    slopes = found["k_y"][found["status"] == Status.OK]
    command = Command(model("n-agent"), {**THREE, "r": "0", "b": "0.09", "beta": "0"}, "strategy.y")
    return Finding(
        (
            Test(
                "exact",
                "k2 != 0 for every parameter, beta = r = 0, theta = 0 and B = 0 included.",
                not vanishes(alone_form, k2)
                and all(explicit(form, k2) != 0 for form in (flat, idle)),
            ),
            counted("k2 > 0 with theta, beta > 0", slopes <= 0, where, "condition"),
            exact(
                "At beta = nu = 0 p2 + Q p1 is a multiple of the cubic: k2 = 0, too.",
                lambda: _multiple(specialize(form, {beta: 0, nu: 0, s2: sigma**2}), p2 + Q * p1),
                "condition",
            ),
            identity(
                "k2 S W = p2 + Q p1.",
                form,
                k2 * symbol("S") * symbol("W") - p2 - Q * p1,
                scope="condition",
            ),
        ),
        "n > 1, theta != 0, B != 0, and beta > 0 or r nu != 0.",
        Counterexample.of(
            (command,),
            "At beta = r = 0 the coefficient of the competitors' wealth is exactly {:.0f}.",
            lambda slope: slope == 0,
        ),
    )
