"""Checks of the convergence to the mean field, and of what is difficult for many agents."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from eqsolve.claims.claim import Command, Context, Counterexample, Finding, Test
from eqsolve.claims.search import Array, Range, counted, plural
from eqsolve.derivation.reductions import explicit, specialize
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.paper.cases import drawn
from eqsolve.paper.claims.corollaries import CONSTANT
from eqsolve.paper.claims.domain import draw
from eqsolve.paper.claims.exact import (
    S1,
    B,
    N,
    combined,
    exact,
    k1,
    k2,
    k3,
    kappa,
    p1,
    theta,
)
from eqsolve.paper.claims.joint import feedback, fixed_point, generic_fixed_point, responses
from eqsolve.paper.sets import SETS
from eqsolve.registry import model
from eqsolve.status import Status
from eqsolve.verbs import converge
from eqsolve.verify.symbolic import limit_checks
from eqsolve.words.dispatch import solve

#: Numbers of agents in the simulation, paths, steps, and the time simulated.
_COUNTS, _PATHS, _STEPS, _TIME = (25, 100, 400), 1000, 20, 1.0
#: Standard errors that the slope may be off.
_ERRORS = 5


def coefficients(context: Context) -> Finding:
    """Proposition 3.4, for the coefficients."""
    checks = limit_checks(model("n-agent"), model("mean-field"), context.forms.get("n-agent"))
    gaps, orders = [], []
    for row in SETS.values():
        study = converge("n-agent", (1000, 10000, 100000), **dict[str, Any](row))
        last = study.rows[-1]
        for key, constant in study.rate_constants.items():
            scaled = last["n"] * (last[key] - study.limit[key])
            gaps.append(abs(scaled - constant) / abs(constant))
        orders.append(study.order if study.order is not None else np.nan)
    return Finding(
        (
            combined("At 1/n = 0 the closed form is the mean-field one; {} check.", checks),
            Test(
                "point",
                "n (k_n - k) tends to the derivative of the closed form in 1/n at S1, S2, S3: "
                f"within {max(gaps):.1g} at n = 1e5, observed orders "
                f"{', '.join(f'{order:.4f}' for order in orders)}.",
                max(gaps) < 1e-3 and all(abs(order - 1) < 1e-2 for order in orders),
            ),
        ),
        "Q != 1 and the selected root simple; the rate is exactly 1/n. The limit is the "
        "given-aggregate equilibrium of the mean field, not its closed-loop Nash equilibrium.",
    )


#: Where the strategies of n agents and of the mean field are the same, by what to say of them.
EQUAL: Mapping[str, Mapping[sp.Symbol, int]] = {
    "theta = 0": {theta: 0, kappa: 1},
    "B = 0": {B: 0, p1: 0},
}


def pathwise(context: Context, equal: Mapping[str, Mapping[sp.Symbol, int]] = EQUAL) -> Finding:
    """Proposition 3.4 along paths: the strategies at the agents' own wealth converge."""
    form = context.form(model("n-agent"))

    def same(changes: Mapping[sp.Symbol, int]) -> bool:
        special = specialize(form, changes)
        feedback = [explicit(special, name) for name in (k1, k2, k3)]
        return feedback[1] == 0 and not any(e.has(N) or e.has(kappa) for e in feedback)

    crowd = model("n-agent").crowd
    assert crowd is not None
    nu, g2 = symbols("nu g2")
    noise = crowd.aggregates[symbol("m_2")]
    common = converge("n-agent", (2, 3, 1000), **dict[str, Any]({**S1, "beta": "0", "nu": "0"}))
    deviations, slope, error = _simulated(context)
    listed = ", ".join(f"{d:.3g} (n = {n})" for n, d in zip(_COUNTS, deviations))
    return Finding(
        (
            exact(
                "Given the common noise the average wealth has variance rate (1/n) nu^2 times the "
                "mean square position.",
                lambda: sp.expand(noise - N * nu**2 * g2) == 0,
            ),
            Test(
                "simulation",
                "Standard deviation of the average wealth given the common noise at S1, time "
                f"{_TIME:g}, {_PATHS} paths, seed {context.seed}: {listed}; slope {slope:.3f} "
                f"+- {error:.3f} in log n, -1/2 expected.",
                abs(slope + 0.5) < _ERRORS * error,
            ),
            *(
                exact(
                    f"At {text} k2 = 0, and k1, k3 do not depend on n: the strategies are the "
                    "same for every n.",
                    partial(same, changes),
                )
                for text, changes in equal.items()
            ),
            Test(
                "ball",
                "At beta = nu = 0, the rest as in S1, the strategy is the same for n = 2, 3, 1000 "
                "and in the mean field.",
                all(row[f"distance_{k}"] == 0 for row in common.rows for k in ("x", "y", "1")),
            ),
            exact(
                "At beta = r = 0 k1 = k2 = 0: the strategy does not depend on wealth.",
                lambda: all(explicit(specialize(form, CONSTANT), k) == 0 for k in (k1, k2)),
            ),
        ),
        "The strategy at the agents' own wealth converges at the rate n^(-1/2) only, where nu != 0 "
        "and k2 != 0. Not so at theta = 0, B = 0 or beta = nu = 0, where it is the same for every "
        "n, nor at beta = r = 0 or nu = 0, where the rate is 1/n.",
    )


def _simulated(context: Context) -> tuple[list[float], float, float]:
    """Idiosyncratic fluctuation of the average wealth, by number of agents.

    Paths come in pairs with the same common noise; their difference is idiosyncratic.
    """
    generator = context.generator("pathwise")
    row = {k: float(v) for k, v in S1.items()}
    load, step = row["b"] - row["r"], _TIME / _STEPS
    deviations = []
    for n in _COUNTS:
        given: dict[str, Any] = {**S1, "n": n}
        own, others, constant = solve(model("n-agent"), **given).to_dict()["strategy"].values()
        averages = []
        common = generator.standard_normal((_STEPS, _PATHS)) * np.sqrt(step)
        for _ in range(2):
            total = np.ones((n, _PATHS), np.float32)
            for shock in common:
                mean = total.mean(axis=0)
                position = own * total + others * (mean - total / n) + constant
                noise = generator.standard_normal(total.shape, np.float32) * np.sqrt(step)
                total += (row["r"] * total + load * position) * step
                total += position * (row["nu"] * noise + row["sigma"] * shock)
            averages.append(total.mean(axis=0, dtype=float))
        deviations.append(float(np.std(averages[0] - averages[1]) / np.sqrt(2)))
    logs = np.log(np.array(_COUNTS, float))
    slope = float(np.polyfit(logs, np.log(deviations), 1)[0])
    error = float(1 / np.sqrt(2 * _PATHS) / np.sqrt(((logs - logs.mean()) ** 2).sum()))
    return deviations, slope, error


def independent(context: Context) -> Finding:
    """Appendix E: given the common noise the agents' wealths are independent for finite n."""
    command = Command(model("n-agent"), {**S1, "n": "3"}, "strategy.y")
    game = model("n-agent").game
    own, p = game.states[0], game.control
    drift = own.drift.xreplace({p: symbol("k1") * symbol("x") + symbol("k2") * symbol("y")})
    influence = sp.diff(sp.expand(drift), symbol("y"))
    points, _ = draw(context, "independent")
    found = context.kernel(model("n-agent")).evaluate(points)
    slopes = found["k_y"][found["status"] == Status.OK]
    coupled = int(np.count_nonzero(slopes))
    return Finding(
        (
            Test(
                "search",
                "The drift of one agent's wealth, which moves with the others' idiosyncratic noise "
                f"through {influence} y, does not contain y: {plural(coupled, 'exception')} in "
                f"{slopes.size:,} equilibria, seed {context.seed}.",
                coupled == 0 or influence == 0,
            ),
        ),
        "Only where k2 = 0 (theta = 0, B = 0, beta = r = 0 or beta = nu = 0), nu = 0 or n = 1. In "
        "general the agents are exchangeable, and independence holds in the limit (propagation of "
        "chaos); the result survives.",
        Counterexample.of(
            (command,),
            "At S1 with n = 3 the coefficient of the others' wealth is {:.6g}: their idiosyncratic "
            "noises enter one's own wealth.",
            lambda slope: slope != 0,
        ),
    )


def monotone(context: Context) -> Finding:
    """Figure 4.5: the strategy approaches the mean field from above as n grows."""
    study = converge("n-agent", [2**k for k in range(1, 21)], **dict[str, Any](S1))
    falls = [a["pi"] > b["pi"] for a, b in zip(study.rows, study.rows[1:])]
    above = study.rows[-1]["pi"] > study.limit["pi"]
    values, where = _sizes(context, "figure 4.5")
    common, alone = _sizes(context, "figure 4.5, common noise", nu=(0.0, 0.0, False))
    rising = int(np.count_nonzero(values[2] >= values[0]))
    turning = int(np.count_nonzero((values[1] - values[0]) * (values[2] - values[1]) < 0))
    constants = ", ".join(f"{v:.6g}" for v in study.rate_constants.values())
    return Finding(
        (
            Test(
                "point",
                "At S1, everybody at wealth 1, pi falls from n = 2 to 2^20 and stays above the "
                f"limit; the constants of 1/n are {constants}.",
                all(falls) and above and min(study.rate_constants.values()) > 0,
            ),
            counted(
                "With nu = 0 (and B, beta > 0) pi rises from n = 10 over 20 to 40: with common "
                "noise alone more agents invest more",
                (common[1] <= common[0]) | (common[2] <= common[1]),
                alone,
                "exception",
            ),
            Test(
                "search",
                f"Elsewhere pi can rise: from n = 10 over 20 to 40 it does in {rising:,} of "
                f"{values.shape[1]:,} equilibria, and turns in {turning:,}, wealths equal.",
                rising > 0,
                "exception",
                where,
            ),
        ),
        "At the reference set. In general the direction is the sign of the constants of 1/n; with "
        "nu = 0 and beta > 0 more agents invest more (by search).",
    )


def _sizes(context: Context, label: str, **ranges: Range) -> tuple[Array, str]:
    """Positions for three numbers of agents with equal wealths, and where they were drawn."""
    points, where = draw(context, label, **ranges)
    rows, fine = [], np.ones(context.samples, bool)
    for n in (10.0, 20.0, 40.0):
        size = np.full(context.samples, n)
        moved = {**points, "n": size, "y": points["x"] * (1 - 1 / size)}
        found = context.kernel(model("n-agent")).evaluate(moved, outputs=("status", "pi"))
        fine &= found["status"] == Status.OK
        rows.append(found["pi"])
    return np.array([row[fine] for row in rows]), where


def any_number(context: Context, agents: int = 12) -> Finding:
    """Section 2.2: it remains difficult to solve (2.73) for an arbitrary number of agents."""
    point = fixed_point()
    rows = drawn(context.seed, agents)
    keep = set(model("n-agent").parameters)
    group = tuple(
        responses({k: v for k, v in row.items() if k in keep} | {"n": str(agents), "r": "0.02"})
        for row in rows
    )
    group = tuple(agent for agent in group if agent.responses)
    residual = feedback(group, (0,) * len(group))[1] if len(group) == agents else np.inf
    solved = generic_fixed_point(point)
    command = Command(model("n-agent"), {**S1, "n": "1000000"}, "at.pi")
    return Finding(
        (
            Test(
                "exact",
                "For agents who differ, any number with any weights, (2.73) does not come down to "
                "a 2 x 2 linear system in the averages with sums over the agents as coefficients.",
                not solved,
            ),
            Test(
                "point",
                f"The positions of {agents} drawn agents (seed {context.seed}) from that system "
                f"miss (2.73): largest residual {residual:.1g}, all wealths.",
                residual > 1e-10,
            ),
        ),
        "",
        Counterexample.of(
            (command,),
            "A million agents are solved by the same formula: pi = {:.6g} (identical ones in the "
            "command; the 2 x 2 system is for agents who differ).",
            lambda pi: solved and residual < 1e-10 and bool(np.isfinite(pi)),
        ),
    )
