"""Check of whether the strategy is more sensitive to beta than to alpha (Figures 4.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from eqsolve.claims.claim import Command, Context, Counterexample, Finding, Test
from eqsolve.claims.search import STEP, Range, counted
from eqsolve.derivation.limits import at_infinity
from eqsolve.derivations.mean_variance.vocabulary import symbol
from eqsolve.paper.claims.domain import draw
from eqsolve.paper.claims.exact import S1, N, Q, alpha, beta, exact, k1, k2, k3, p1, p2, q3
from eqsolve.paper.claims.weights import parts_of
from eqsolve.registry import model
from eqsolve.status import Status

#: The set S1 with three agents.
TWIN = {**S1, "n": "3"}
#: Hazard rates that are infinite to three digits.
SUDDEN: Range = (1e5, 1e6, True)


def weighed(x: Any, mean: Any, share: Any, Q: Any) -> Any:
    """The wealth that dpi/dbeta : dpi/dalpha tends to with lambda; ``mean`` includes the own one.

    ``share`` is 1/n. In the mean field it exceeds 1 where x + w mean > 1 + w, w = Q/(1 - Q).
    """
    return ((1 - (1 - share) * Q) * x + Q * mean) / (1 + share * Q)


def _unequal(context: Context, rule: Callable[..., Any]) -> Test:
    """A search over wealths that differ, at large hazard rates."""
    points, where = draw(context, "relative unequal", **{"lambda": SUDDEN})
    outputs = ("status", "k_1", "pi")
    low, middle, high = (
        context.kernel(model("n-agent")).evaluate(
            {**points, "beta": points["beta"] * factor}, outputs=outputs
        )
        for factor in (1 - STEP, 1.0, 1 + STEP)
    )
    per_beta = np.abs(high["pi"] - low["pi"]) / (2 * STEP * points["beta"])
    more = per_beta > np.abs(middle["k_1"]) / points["alpha"]
    share, common = 1 / points["n"], points["theta"] * points["sigma"] ** 2
    variance = points["nu"] ** 2 + points["sigma"] ** 2
    mean = points["y"] + share * points["x"]
    wealth = rule(points["x"], mean, share, common / variance / (1 - points["theta"] * share))
    fine = np.all([row["status"] == Status.OK for row in (low, middle, high)], axis=0)
    fine &= np.abs(np.abs(wealth) - 1) > 1e-2
    return counted(
        "For lambda above 1e5 and wealths that differ, abs(dpi/dbeta) > abs(dpi/dalpha) if and "
        "only if abs((1 - (1 - 1/n) Q) x + Q xbar) > 1 + Q/n (not within 1 % of equality)",
        (more != (np.abs(wealth) > 1))[fine],
        where,
        "condition",
    )


def relative(context: Context, rule: Callable[..., Any] = weighed) -> Finding:
    """The strategies are more sensitive to beta than to alpha (Figures 4.4)."""
    tests = []
    for label, wealth in (("poor", 0.1), ("equal", 1.0), ("rich", 100.0)):
        same = (wealth, wealth, False)
        parts = parts_of(context, f"relative {label}", x=same, mean=same)
        position = parts.position
        per_beta = abs(position[2] - position[0]) / (2 * STEP * parts.beta)
        tests.append(
            counted(
                f"Everybody at wealth {wealth:g}: abs(dpi/dbeta) > abs(dpi/dalpha)",
                per_beta <= abs(parts.constant[1]),
                parts.where,
                "claim",
            )
        )

    def tends(game: str) -> bool:
        x, mean = sp.symbols("x mean", real=True)
        kept, (slope, others, constant) = _strategy_at_infinity(context, game)
        share = N if game == "n-agent" else sp.S.Zero
        position = slope * x + others * (mean - share * x) + constant
        ratio = sp.diff(position, beta) / sp.diff(position, alpha)
        return bool(sp.cancel(ratio - rule(x, mean, share, kept)) == 0)

    base, step = "0.5", "0.55"
    commands = tuple(
        Command(model("n-agent"), {**TWIN, "alpha": a, "beta": b}, "at.pi")
        for a, b in ((base, base), (step, base), (base, step))
    )
    return Finding(
        (
            *tests,
            exact(
                "As lambda tends to infinity dpi/dbeta : dpi/dalpha tends to (x + w xbar)/(1 + w) "
                "in the mean field, w = theta sigma^2/(nu^2 + sigma^2 - theta sigma^2), and to "
                "((1 - (1 - 1/n) Q) x + Q xbar)/(1 + Q/n) for n agents, xbar the average of all "
                "and Q = theta sigma^2/(kappa (nu^2 + sigma^2)).",
                lambda: tends("mean-field") and tends("n-agent"),
                "condition",
            ),
            _unequal(context, rule),
        ),
        "It depends on the wealths (and their unit: alpha is an amount of money, beta a number). "
        "For B != 0 and lambda large, in the mean field if and only if abs(x + w xbar) > abs(1 + "
        "w), w = theta sigma^2/(nu^2 + sigma^2 - theta sigma^2), that is x + w xbar > 1 + w for "
        "positive wealths and w > -1; x > 1 if all wealths are equal. In general if and only if "
        "abs(k1' x + k2' y + k3') > abs(k3)/alpha, ' = d/dbeta.",
        Counterexample.of(
            commands,
            "At alpha = beta = 0.5 and wealth 1 pi = {:.6g}; with alpha = 0.55 pi = {:.6g}, with "
            "beta = 0.55 pi = {:.6g}.",
            lambda at, by_alpha, by_beta: abs(by_alpha - at) > abs(by_beta - at),
        ),
    )


def _strategy_at_infinity(
    context: Context, game: str
) -> tuple[sp.Expr, tuple[sp.Expr, sp.Expr, sp.Expr]]:
    """Limits of Q and of the feedback as lambda tends to infinity."""
    form, outputs = context.form(model(game)), (p1, p2, Q, q3)
    found = at_infinity(form, outputs, symbol("lambda"))
    known = {name: values[0] for name, values in found.items()}
    later: list[sp.Expr] = []
    for name in (k1, k2, k3):
        expression = form[name]
        while inner := [s for s in expression.free_symbols if s in form.table and s not in known]:
            expression = expression.xreplace({s: form[s] for s in inner})
        later.append(expression.xreplace(known))
    return known[Q], (later[0], later[1], later[2])
