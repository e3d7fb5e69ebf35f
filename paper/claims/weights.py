"""Checks of how the strategy moves with the weight beta on the mean (Figures 4.4).

The coefficients k1, k2 do not depend on alpha and k3 is proportional to it, so that the sign of a
derivative of pi in beta compares the wealths with alpha times a number free of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import sympy as sp

from eqsolve.arithmetic.number import precision
from eqsolve.claims.claim import Context, Counterexample, Finding, Test
from eqsolve.claims.search import NOISE, STEP, Array, Range, counted, signs
from eqsolve.derivation.closed_form import ClosedForm, run
from eqsolve.derivation.limits import at_infinity, derivative
from eqsolve.derivation.reductions import specialize
from eqsolve.derivations.mean_variance.vocabulary import symbol
from eqsolve.paper.claims.domain import draw
from eqsolve.paper.claims.exact import S1, alpha, beta, exact, identity, p1, q3, r, theta
from eqsolve.paper.claims.sensitivity import moved
from eqsolve.parameters import parameters
from eqsolve.registry import model
from eqsolve.solve.closed_form.point import PointSolver
from eqsolve.status import Status

#: pi falls with beta, everybody at wealth 1.
FALLING = {
    "r": "0.03294",
    "b": "0.22931",
    "nu": "0.1818",
    "sigma": "0.29918",
    "theta": "0.48362",
    "gamma": "1.33154",
    "alpha": "1.85647",
    "beta": "0.50884",
    "lambda": "1.40066",
    "n": "50",
}
#: pi is convex in beta, everybody at wealth 1.
CONVEX = {
    "r": "0.042",
    "b": "0.34",
    "nu": "0.304",
    "sigma": "0.153",
    "theta": "0.304",
    "gamma": "3.907",
    "alpha": "0.409",
    "beta": "0.595",
    "lambda": "0.093",
    "n": "21",
}
#: One agent without interest, B = .09 and s2 = .08.
SIMPLE = {**S1, "r": "0", "b": "0.09", "theta": "0", "gamma": "2", "alpha": "1", "beta": "0.5"}
#: Ranges of a positive excess drift and of a negative one.
RISES: Range = (0.02, 0.3, False)
FALLS: Range = (-0.3, -0.02, False)
#: Nothing is at the noise if the strategy's second difference is above this fraction of it.
BEND_NOISE = 1e-10


@dataclass(frozen=True)
class Parts:
    """The strategy at three values of beta: k1, k2 and k3/alpha; state and weights."""

    own: tuple[Array, ...]
    others: tuple[Array, ...]
    constant: tuple[Array, ...]
    x: Array
    y: Array
    alpha: Array
    beta: Array
    where: str

    @property
    def position(self) -> tuple[Array, ...]:
        """The strategy itself."""
        return tuple(
            k1 * self.x + k2 * self.y + self.alpha * k3
            for k1, k2, k3 in zip(self.own, self.others, self.constant)
        )

    @property
    def _scale(self) -> Array:
        terms = (self.own[1] * self.x, self.others[1] * self.y, self.alpha * self.constant[1])
        return np.array([sum(abs(term) for term in terms)])

    @property
    def rises(self) -> Array:
        """Sign of the slope in beta."""
        values = self.position
        return signs(values[2] - values[0], self._scale, NOISE)

    @property
    def bends(self) -> Array:
        """Sign of the second difference in beta."""
        return signs(_bend(self.position), self._scale, BEND_NOISE)


def _bend(values: tuple[Array, ...]) -> Array:
    return values[0] - 2 * values[1] + values[2]


def parts_of(context: Context, label: str, **ranges: Range) -> Parts:
    points, where = draw(context, label, **ranges)
    outputs = ("status", "k_x", "k_y", "k_1")
    rows = [
        context.kernel(model("n-agent")).evaluate(
            {**points, "beta": points["beta"] * factor}, outputs=outputs
        )
        for factor in (1 - STEP, 1.0, 1 + STEP)
    ]
    fine = (rows[0]["status"] == Status.OK) & (rows[1]["status"] == Status.OK)
    fine &= rows[2]["status"] == Status.OK
    x, y, share, weight = (points[name][fine] for name in ("x", "y", "alpha", "beta"))
    own, others, constant = (
        tuple(row[name][fine] for row in rows) for name in ("k_x", "k_y", "k_1")
    )
    return Parts(own, others, tuple(v / share for v in constant), x, y, share, weight, where)


def _threshold(context: Context) -> tuple[Test, ...]:
    """At r = theta = 0 the threshold in closed form."""
    form = specialize(context.form(model("best-response")), {r: 0, theta: 0})
    slopes = _all_solutions(derivative(form, (p1, q3), beta, {}))
    dp1, dq3 = symbol("dp1"), symbol("dq3")
    ratio = (dp1 * beta - p1) / beta**2
    return (
        identity(
            "At r = theta = 0 pi = (p1/beta)(alpha + beta x), as beta q3 = alpha p1.",
            form,
            beta * q3 - alpha * p1,
            scope="condition",
        ),
        identity(
            "There dpi/dbeta = p1' x + alpha (p1/beta)' by implicit differentiation of the cubic, "
            "positive if and only if x/alpha > -(p1/beta)'/p1' (p1' > 0).",
            slopes,
            dq3 - alpha * ratio,
            scope="condition",
        ),
        _threshold_number(context),
    )


def _all_solutions(form: ClosedForm) -> ClosedForm:
    """The form with abbreviations as solutions: derivatives of some contain derivatives of others.

    Solutions are replaced one by one, the latest first, abbreviations only after all of them.
    """
    definitions = (d if d.is_root else replace(d, is_solution=True) for d in form.definitions)
    return ClosedForm(tuple(definitions), form.nonzero)


def threshold(context: Context, given: Mapping[str, str]) -> float:
    """``-(p1/beta)'/p1'`` at a point with r = theta = 0, from the root in ball arithmetic."""
    game, dp1 = model("mean-field"), symbol("dp1")
    slopes = derivative(context.form(model("mean-field")), (p1,), beta, {})
    exact_given = parameters(given, game.parameters, game=game.name)
    with precision(256):
        solver = PointSolver(game, exact_given)
        root = max((z for z in solver.roots() if z.admissible), key=lambda z: float(z.p1))
        values = solver.values | {p1: root.p1}
        run(slopes.needed((dp1,)), values)
        weight = values[beta]
        return float((root.p1 / weight - values[dp1]) / weight / values[dp1])


def _threshold_number(context: Context) -> Test:
    """The threshold at one set, and the sign of the slope on both sides of it."""
    found, sharp = [], True
    for hazard in ("0.1", "0.6", "3", "30"):
        given = {**SIMPLE, "lambda": hazard}
        number = threshold(context, given)
        found.append(f"{number:.4g} (lambda = {hazard})")
        for factor, sign in ((0.99, -1), (1.01, 1)):
            moving = {k: float(v) for k, v in given.items()} | {"x": factor * number}
            rows = [
                context.kernel(model("mean-field")).evaluate(
                    {**moving, "beta": b}, outputs=("pi",)
                )["pi"]
                for b in (0.4999, 0.5001)
            ]
            sharp &= bool((rows[1] - rows[0]) * sign > 0)
    return Test(
        "point",
        f"At B = .09, s2 = .08, gamma = 2, beta = .5 the threshold of x/alpha is "
        f"{', '.join(found)}; the slope changes sign within 1 % of it.",
        sharp,
        "condition",
    )


def _rising(parts: Parts, direction: int, says: tuple[str, str], sign: int = 1) -> tuple[Test, ...]:
    """How the coefficients move with beta, and the bound of own wealth beyond which pi rises.

    With ``sign`` -1 everything is that of the mirror image.
    """
    rises = parts.rises * direction * sign
    own, others, constant = (v[2] - v[0] for v in (parts.own, parts.others, parts.constant))
    beyond = parts.x > -(others * parts.y + parts.alpha * constant) / own
    signed = direction * sign
    bad = (own * signed <= 0) | (constant * signed >= 0)
    return (
        counted(says[0], bad, parts.where, "condition"),
        counted(says[1], ((rises > 0) != beyond)[rises != 0], parts.where, "condition"),
    )


def beta_increasing(context: Context, direction: int = 1, drift: Range = RISES) -> Finding:
    """The strategies increase with beta (first Figure 4.4), ``drift`` the range of B."""
    parts = parts_of(context, "beta", B=drift)
    mirrored = parts_of(context, "beta mirrored", B=FALLS)
    return Finding(
        (
            counted("pi increases with beta", parts.rises * direction <= 0, parts.where),
            *_rising(
                parts,
                direction,
                (
                    "k1 increases with beta and k3 decreases",
                    "pi increases if and only if x > -(k2' y + k3')/k1'",
                ),
            ),
            *_rising(
                mirrored,
                direction,
                (
                    "For B < 0 k1 decreases with beta and k3 increases",
                    "For B < 0 pi decreases if and only if x > -(k2' y + k3')/k1'",
                ),
                -1,
            ),
            *_threshold(context),
        ),
        "For B > 0 if and only if x > -(k2' y + k3')/k1', ' = d/dbeta: own wealth must exceed a "
        "bound linear in alpha and y, as k1' > 0 > k3' (by search). For B < 0 beyond this bound pi "
        "decreases (the mirror image), for B = 0 it is 0. At r = theta = 0 the bound reads "
        "x/alpha > -(p1/beta)'/p1', a number free of wealth and alpha.",
        Counterexample.of(
            moved(FALLING, "beta", ("1/2", "3/2")),
            "As beta rises from 0.25442 to 0.76326, everybody at wealth 1, pi falls from {:.6g} to "
            "{:.6g}.",
            lambda low, high: direction * (high - low) < 0,
        ),
    )


def _bending(
    parts: Parts, direction: int, says: tuple[str, str], sign: int = 1
) -> tuple[Test, ...]:
    """How k1 bends in beta, and the bound of own wealth beyond which pi bends likewise."""
    bends = parts.bends * direction * sign
    own, others, constant = (_bend(v) for v in (parts.own, parts.others, parts.constant))
    beyond = parts.x > -(others * parts.y + parts.alpha * constant) / own
    return (
        counted(says[0], own * direction * sign >= 0, parts.where, "condition"),
        counted(says[1], ((bends < 0) != beyond)[bends != 0], parts.where, "condition"),
    )


def beta_concave(context: Context, direction: int = 1, drift: Range = RISES) -> Finding:
    """The strategies are concave in beta (first Figure 4.4), ``drift`` the range of B."""
    parts = parts_of(context, "beta concave", B=drift)
    mirrored = parts_of(context, "beta convex", B=FALLS)
    return Finding(
        (
            counted("pi is concave in beta", parts.bends * direction > 0, parts.where),
            *_bending(
                parts,
                direction,
                (
                    "k1 is concave in beta",
                    "pi is concave if and only if x > -(k2'' y + k3'')/k1''",
                ),
            ),
            *_bending(
                mirrored,
                direction,
                (
                    "For B < 0 k1 is convex in beta",
                    "For B < 0 pi is convex if and only if x > -(k2'' y + k3'')/k1''",
                ),
                -1,
            ),
            exact(
                "As lambda tends to infinity p1 and q3 become affine in beta.",
                lambda: all(sp.diff(e, beta, 2) == 0 for e in _limits(context)),
                "condition",
            ),
        ),
        "For B > 0 if and only if x > -(k2'' y + k3'')/k1'', '' the second derivative in beta and "
        "k1'' < 0 (by search): own wealth large against alpha and y. For B < 0 pi is convex there "
        "(the mirror image), for B = 0 it is 0. Affine in the limit lambda = infinity.",
        Counterexample.of(
            moved(CONVEX, "beta", ("95/100", "1", "105/100")),
            "At 0.95, 1 and 1.05 times beta = 0.595, everybody at wealth 1, pi = {:.8g}, {:.8g}, "
            "{:.8g}: the middle value lies below the mean of the others.",
            lambda low, middle, high: direction * (low + high - 2 * middle) > 0,
        ),
    )


def _limits(context: Context) -> tuple[sp.Expr, sp.Expr]:
    """Limits of p1 and q3 as lambda tends to infinity."""
    found = at_infinity(context.form(model("best-response")), (p1, q3), symbol("lambda"))
    return found[p1][0], found[q3][0]
