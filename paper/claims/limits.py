"""Checks of the limits: large hazard rate, short horizon, and the mean field's special cases."""

from __future__ import annotations

import sympy as sp

from eqsolve.arithmetic.algebra import collect, is_zero
from eqsolve.claims.claim import Command, Context, Counterexample, Finding, Test
from eqsolve.derivation.limits import at_infinity, growing_roots, leading
from eqsolve.derivation.reductions import explicit, specialize
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.paper.claims.corollaries import CONSTANT, scale
from eqsolve.paper.claims.exact import (
    S1,
    B,
    Q,
    Qb,
    Qs,
    alpha,
    beta,
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
    s2,
    sigma,
    theta,
)
from eqsolve.registry import model


def large_hazard(context: Context) -> Finding:
    """Corollary 2.3: the limit of a large hazard rate."""
    form = context.form(model("best-response"))
    rho = symbol("rho")
    limits = {
        p1: beta * B / (gamma * kappa * s2),
        p2: sp.S.Zero,
        Qb: sp.S.Zero,
        Qs: theta * sigma / (kappa * s2),
        q3: alpha * B / (gamma * kappa * s2),
    }

    def others() -> bool:
        rate = growing_roots(form, p1, lam, rho)
        moment = explicit(form, symbol("D2")).xreplace({p1: rho * lam})
        top, power = leading(moment, lam, infinity=True)
        return rate.has(rho) and power == 2 and is_zero(top + s2 * rho**2)

    def converges() -> bool:
        found = at_infinity(form, limits, lam, order=1)
        return all(is_zero(found[s][0] - e) for s, e in limits.items())

    own = (q3 + p1 * symbol("x")) / (1 + symbol("w") * sigma * Qs)
    at_limit = own.subs(limits).subs(kappa, 1 - theta * symbol("w")).subs(s2, nu**2 + sigma**2)
    demand = (alpha + beta * symbol("x")) * B / (gamma * scale(1 - theta * symbol("w")))
    return Finding(
        (
            exact(
                "One root stays bounded, and p1, p2, Qb, Qs, q3 tend to beta B/(gamma kappa s2), "
                "0, 0, theta sigma/(kappa s2), alpha B/(gamma kappa s2), errors O(1/lambda).",
                converges,
            ),
            exact(
                "The limits in (2.100), (2.101) give the numerators of (2.116), (2.117).",
                lambda: is_zero(at_limit - demand),
            ),
            exact("The other roots grow like lambda and violate D2 > 0.", others),
        ),
        "psi != 1; at psi = 1 the limit system (1 - psi) M_s = phi-hat has no solution, or "
        "infinitely many when phi-hat = 0.",
    )


def short_horizon(context: Context) -> Finding:
    """Remark 2.6: state-independent risk aversion and a short horizon."""
    system = model("best-response").derivation.system
    states = model("best-response").game.state_symbols
    payoff = {m.name: m.payoff for m in model("best-response").game.preference.moments}
    terminal: dict[sp.Symbol, sp.Expr] = {}
    for name, polynomial in system.ansatz.functions.items():
        given = collect(sp.expand(payoff[name]), states)
        terminal |= {u: given.get(m, sp.S.Zero) for m, u in collect(polynomial, states).items()}
    own = {e.unknown: e.expression.xreplace(terminal) for e in system.equations}
    feedback = {s: own[s] for s in symbols("p1 p2 p3")}
    found = {s: sp.cancel(sp.solve_linear(feedback[s], symbols=[s])[1]) for s in feedback}
    limit = at_infinity(context.form(model("best-response")), (p1, p2, q3, Qs, Qb), lam)
    constant_part = limit[q3][0] + limit[Qs][0] * m_s + limit[Qb][0] * symbol("m_b")
    return Finding(
        (
            exact(
                "The feedback just before a fixed horizon (moments equal to their payoffs) is the "
                "limit lambda = infinity of Corollary 2.3.",
                lambda: (
                    is_zero(found[symbol("p1")] - limit[p1][0])
                    and is_zero(found[symbol("p2")])
                    and is_zero(found[symbol("p3")] - constant_part)
                ),
            ),
            exact(
                "At beta = 0 it is the constant strategy of Corollary 2.1.",
                lambda: (
                    is_zero(found[symbol("p1")].subs(beta, 0))
                    and is_zero(
                        constant_part
                        - explicit(specialize(context.form(model("best-response")), CONSTANT), q3)
                        - explicit(specialize(context.form(model("best-response")), CONSTANT), Qs)
                        * m_s
                    )
                ),
            ),
        ),
        "Compared with the fixed-horizon problem; the formulas of the reference were not at hand.",
    )


def no_equilibrium(context: Context, signs: tuple[int, ...] = (1, 1)) -> Finding:
    """Corollary 3.1: Lacker and Zariphopoulou's equilibrium, and none if psi = 1.

    ``signs`` are those of the sigmas of several types for which phi != 0 is to be shown.
    """
    form = specialize(context.form(model("mean-field")), CONSTANT)
    total = {s2: nu**2 + sigma**2}
    psi, phi = theta * sigma**2 / s2, alpha * sigma * B / (gamma * s2)
    expected = (alpha * B / gamma + theta * sigma * phi / (1 - psi)) / s2
    slope, intercept = explicit(form, Q), explicit(form, q3)

    def one_signed(directions: tuple[int, ...]) -> bool:
        size = sp.Dummy("size", positive=True)
        at_one = {theta: 1, nu: 0, s2: sigma**2, alpha: 1, gamma: 1, B: 1}
        if sp.cancel(psi.subs(at_one)) != 1:
            return False
        terms = [sp.cancel(phi.subs(at_one)).subs(sigma, d * size) for d in directions]
        return bool(sp.Add(*terms) != 0)

    params = {"r": "0", "b": "0", "nu": "0", "sigma": "0.2", "theta": "1", "gamma": "2"}
    params |= {"alpha": "1", "beta": "0", "lambda": "0.6", "n": "1000000000000"}
    commands = tuple(
        Command(
            model("best-response"),
            {**params, "m_b": "0", "m_s": m, "m_2": "0"},
            "at.pi",
        )
        for m in ("0.2", "0.4")
    )
    return Finding(
        (
            exact(
                "For psi != 1 the equilibrium is (3.41).",
                lambda: is_zero((explicit(form, k3) - expected).subs(total)),
                "condition",
            ),
            exact(
                "The response to the common constant c is psi c + phi/sigma: at psi = 1 no c "
                "solves c = psi c + phi/sigma if phi != 0.",
                lambda: (
                    is_zero((slope - psi).subs(total))
                    and is_zero((intercept * sigma - phi).subs(total))
                ),
                "condition",
            ),
            exact(
                "Types with nu = 0, theta = 1 and B > 0 have psi = 1 and phi > 0 (or < 0), an "
                "average of terms alpha B/(gamma sigma), if their sigmas have one sign.",
                lambda: one_signed(signs),
                "condition",
            ),
            exact(
                "With sigmas of both signs phi can be 0 though b > r: two types that differ in "
                "the sign of sigma only.",
                lambda: not one_signed((1, -1)),
                "condition",
            ),
            exact(
                "At psi = 1 no constant c solves c = psi c + phi/sigma, whatever the parameters.",
                lambda: not is_zero(phi.subs(B, 0)),
            ),
        ),
        "phi != 0. With theta <= 1, psi = 1 means theta = 1 and nu = 0 for all, and then b > r "
        "implies phi != 0 if the sigmas of all types have one sign; with both signs phi can be 0. "
        "If psi = 1 and phi = 0 there is a line of equilibria, for identical agents every "
        "constant.",
        Counterexample.of(
            commands,
            "With theta = 1, nu = 0, b = r (psi = 1, phi = 0, n so large that kappa = 1) the "
            "response to everybody's 1 (m_s = 0.2) is {:.6g} and to 2 (m_s = 0.4) it is {:.6g}.",
            lambda one, two: abs(one - 1) < 1e-9 and abs(two - 2) < 1e-9,
        ),
    )


def markovian(context: Context) -> Finding:
    """Remark 3.1: the equilibrium as feedback of own wealth and the conditional mean."""
    form = context.form(model("mean-field"))
    other = {**S1, "gamma": "4"}
    commands = tuple(Command(model("mean-field"), row, "response.p1") for row in (S1, other))
    return Finding(
        (
            identity(
                "For identical agents the average of k1 x + k2 xbar + k3 is affine in xbar, and "
                "the feedback is the response to it: k1 = p1, (1 - Q) k2 = p2 + Q p1, "
                "(1 - Q) k3 = q3.",
                form,
                k1 - p1,
                (1 - Q) * k2 - p2 - Q * p1,
                (1 - Q) * k3 - q3,
                scope="condition",
            ),
            Test(
                "point",
                "For two types the averages of the responses are functions of xbar: B p1 is the "
                "same for both.",
                commands[0].value() == commands[1].value(),
            ),
        ),
        "Identical agents. For different types E[B pi | F^B] contains E[B p1 x | F^B], which is "
        "not a function of xbar: the state needs the conditional mean of every type.",
        Counterexample.of(
            commands,
            "Types that differ in gamma (2 and 4) respond to own wealth with p1 = {:.6g} and "
            "{:.6g} at the same B: moving wealth between them leaves xbar but changes E[B pi].",
            lambda one, two: one != two,
        ),
    )
