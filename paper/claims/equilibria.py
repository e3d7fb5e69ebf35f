"""Checks of what kind of equilibrium the fixed point is, and of how many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from eqsolve.arithmetic.algebra import is_zero
from eqsolve.claims.claim import Command, Context, Counterexample, Finding, Test
from eqsolve.claims.search import counted, plural
from eqsolve.derivations.mean_variance.vocabulary import symbol
from eqsolve.paper.cases import drawn
from eqsolve.paper.claims.domain import draw
from eqsolve.paper.claims.exact import S1, exact, p1
from eqsolve.paper.claims.joint import feedback, finite, fixed_point, responses
from eqsolve.paper.sets import SETS
from eqsolve.registry import model
from eqsolve.status import Status
from eqsolve.words.dispatch import solve

#: Number of drawn points solved in ball arithmetic, by scale of the search.
_EXACT_POINTS = 10
#: Above it, a gain (of 77 digits) or a difference of doubles is none of rounding.
_ABOVE = {"exploitability": 1e-30, "V": 1e-14}

#: The root with the largest value changes with own wealth.
SWITCHING = {
    "r": "0.002",
    "b": "0.342",
    "nu": "0.293",
    "sigma": "-0.235",
    "theta": "0.8",
    "gamma": "2.472",
    "alpha": "1.234",
    "beta": "0.332",
    "lambda": "0.104",
    "n": "6",
}
#: Three admissible roots.
FOLDED = {
    "r": "0.02",
    "b": "0.35",
    "nu": "0.15",
    "sigma": "0.1",
    "theta": "0.5",
    "gamma": "2",
    "alpha": "1",
    "beta": "0.1",
    "lambda": "0.06",
    "n": "3",
}
#: Two agents, each with three admissible roots.
PAIR = (
    {**FOLDED, "n": "2"},
    {
        "r": "0.02",
        "b": "0.32",
        "nu": "0.14",
        "sigma": "0.1",
        "theta": "0.4",
        "gamma": "3",
        "alpha": "0.8",
        "beta": "0.1",
        "lambda": "0.05",
        "n": "2",
    },
)
THREE = {**S1, "n": "3"}


def _points(seed: int, game: str, **changes: str) -> list[dict[str, str]]:
    """The sets of reference and drawn ones, with some parameters fixed."""
    rows: list[Mapping[str, str]] = [{**row, "n": "3"} for row in SETS.values()]
    rows += drawn(seed, _EXACT_POINTS)
    return [{k: {**row, **changes}[k] for k in model(game).parameters} for row in rows]


@cache
def _solved(seed: int, game: str, **changes: str) -> Sequence[Mapping[str, float]]:
    """J, V and the exploitability at every point that has an equilibrium."""
    found = []
    for row in _points(seed, game, **changes):
        given: dict[str, Any] = dict(row)
        answer = solve(model(game), **given)
        if answer.ok:
            found.append(answer.to_dict()["at"])
    return found


#: Where competitors' positions do not move with the own wealth, or there is none of them.
FLAT: Mapping[str, Mapping[str, str]] = {
    "at beta = r = 0": {"r": "0", "beta": "0"},
    "at beta = nu = 0": {"nu": "0", "beta": "0"},
    "at theta = 0": {"theta": "0"},
    "at B = 0, where nobody invests": {"r": "1/50", "b": "1/50"},
    "for n = 1, without competitors": {"n": "1"},
}


def _compared(
    context: Context, says: str, entry: str, flat: Mapping[str, Mapping[str, str]]
) -> tuple[Test, ...]:
    """Tests that a gap of an equilibrium (exploitability, or V - J) is zero.

    ``flat`` has the changes of parameters with which it must be, by what to say of them.
    """

    def gaps(game: str, **changes: str) -> list[float]:
        rows = _solved(context.seed, game, **changes)
        if entry == "exploitability":
            return [abs(row[entry]) for row in rows]
        return [abs(row["V"] - row["J"]) / (1 + abs(row["J"])) for row in rows]

    every = [gap for game in ("n-agent", "mean-field") for gap in gaps(game)]
    bad = sum(gap > _ABOVE[entry] for gap in every)
    zero = {
        text: [
            gap
            for game in (("n-agent",) if "n" in changes else ("n-agent", "mean-field"))
            for gap in gaps(game, **changes)
        ]
        for text, changes in flat.items()
    }
    where = f"S1 to S3 and sets drawn with seed {context.seed}, n-agent and mean-field"
    return (
        Test(
            "ball",
            f"{says} is zero: {plural(bad, 'exception')} in {len(every)} equilibria.",
            bad == 0,
            domain=where,
        ),
        *(
            Test(
                "ball",
                f"It is zero {text}: largest {max(values):.2g} in {len(values)} equilibria.",
                bool(values) and max(values) <= _ABOVE[entry],
                "exception",
            )
            for text, values in zero.items()
        ),
    )


def nash(context: Context, flat: Mapping[str, Mapping[str, str]] = FLAT) -> Finding:
    """The fixed point is called a Nash equilibrium."""
    command = Command(model("n-agent"), THREE, "at.exploitability")
    return Finding(
        _compared(
            context,
            "The exploitability (best gain rate of a short deviation)",
            "exploitability",
            flat,
        ),
        "Only if beta = r = 0, beta = nu = 0, theta = 0, B = 0 or n = 1: otherwise the fixed point "
        "neglects that competitors' positions move with wealth.",
        Counterexample.of(
            (command,),
            "At S1 with n = 3, everybody at wealth 1, a short deviation gains at the rate "
            "{:.6g} > 0.",
            lambda gain: gain > _ABOVE["exploitability"],
        ),
    )


def value(context: Context, flat: Mapping[str, Mapping[str, str]] = FLAT) -> Finding:
    """V of (2.77) as the value of the homogeneous game."""
    commands = (Command(model("n-agent"), THREE, "at.V"), Command(model("n-agent"), THREE, "at.J"))
    return Finding(
        _compared(context, "V - J, J what agents obtain when all play the strategy,", "V", flat),
        "Only if beta = r = 0, beta = nu = 0, theta = 0, B = 0 or n = 1.",
        Counterexample.of(
            commands,
            "At S1 with n = 3 the value (2.77) is {:.6g}, the objective obtained {:.6g}.",
            lambda V, J: abs(V - J) > _ABOVE["V"],
        ),
    )


def at_most_three(context: Context, pair: tuple[Mapping[str, str], ...] = PAIR) -> Finding:
    """Remark 2.5: more than one but at most three linear equilibria."""
    agents = tuple(responses(given) for given in pair)
    choices = list(product(*(range(len(agent.responses)) for agent in agents)))
    solved = [feedback(agents, chosen) for chosen in choices]
    worst = max(residual for _, residual in solved)
    distances = [
        float(np.abs(a - b).max()) for k, (a, _) in enumerate(solved) for b, _ in solved[:k]
    ]
    apart = f", smallest distance {min(distances):.2g}" if distances else ""
    distinct = worst < 1e-10 and all(distance > 1e-6 for distance in distances)
    count = len(choices) if distinct else 0
    good = sum(finite(agents, positions) for positions, _ in solved)
    cubic = sp.Poly(context.form(model("best-response"))[p1], p1).degree()
    commands = tuple(Command(model("n-agent"), row, "roots") for row in pair)

    def roots(answer: object) -> int:
        assert isinstance(answer, list)
        return sum(bool(root["admissible"]) for root in answer)

    found = Counterexample.of(
        commands,
        f"Each agent alone has three admissible roots; the two-agent game has {count} different "
        "feedbacks that solve (2.73).",
        lambda one, other: min(count, roots(one) * roots(other)) > 3,
    )
    return Finding(
        (
            Test("exact", "The equation of p1 is a cubic: at most three responses.", cubic == 3),
            Test(
                "point",
                f"Two agents have at most three joint equilibria: found {count}, residual of "
                f"(2.73) up to {worst:.1g}{apart}; {good} of them with finite second moments.",
                count <= 3,
            ),
        ),
        "At most three per agent given the averages, and if all agents must use the same root; "
        "jointly up to 3^N.",
        found,
    )


def selection(context: Context) -> Finding:
    """Remark 2.5: the largest objective value selects one equilibrium."""
    points, where = draw(
        context,
        "selection",
        B=(0.15, 0.5, False),
        beta=(0.05, 0.4, False),
        **{"lambda": (0.05, 0.2, True)},
    )
    kernel = context.kernel(model("n-agent"))
    chosen = []
    for x, y in ((0.05, 10.0), (1.0, 1.0), (20.0, 0.5)):
        at = {**points, "x": np.full(context.samples, x), "y": y * (1 - 1 / points["n"])}
        chosen.append(kernel.evaluate(at, selection="value", outputs=("status", "p1")))
    fine = np.all([row["status"] == Status.OK for row in chosen], axis=0)
    roots = np.array([row["p1"][fine] for row in chosen])
    differ = (roots != roots[0]).any(axis=0)
    commands = tuple(
        Command(model("n-agent"), SWITCHING, "selected", at={"x": x, "y": "5/6"}, selection="value")
        for x in ("0.5", "1")
    )
    return Finding(
        (
            counted(
                "The root with the largest value is the same at three states, the wealths "
                "(own, others) being (.05, 10), (1, 1), (20, .5)",
                differ,
                where,
            ),
        ),
        "The rule gives one feedback only where one root is admissible; otherwise the root can "
        "change with the state. The root with the largest B p1 does not depend on the state.",
        Counterexample.of(
            commands,
            "The others at wealth 1, the largest value selects p1 = {:.6g} at own wealth 0.5 and "
            "p1 = {:.6g} at own wealth 1.",
            lambda one, other: one != other,
        ),
    )


def degenerate(context: Context) -> Finding:
    """Remark 2.5: infinitely many equilibria in the degenerate case."""
    point = fixed_point()
    factor, free = symbol("rho"), symbol("xi")
    first, right = point.matrix[0, :], point.right[0]
    matrix = sp.Matrix([list(first), [factor * e for e in first]])
    line = sp.Matrix([(right - first[1] * free) / first[0], free])

    def many() -> bool:
        residual = matrix * line - sp.Matrix([right, factor * right])
        return all(is_zero(e) for e in residual) and sp.diff(line[0], free) != sp.S.One

    row = {"r": "0", "nu": "0", "sigma": "0.2", "theta": "1", "gamma": "2", "alpha": "1"}
    row |= {"beta": "0", "lambda": "0.6", "n": "2"}
    pair = [responses({**row, "b": b}).responses[0] for b in ("0.1", "-0.1")]
    worst = 0.0
    for constant in (-1.0, 0.0, 2.5):
        # M_s = xi; the position is the response to the other's, sigma_j pi_j / 2
        mean = constant
        positions = [(a["q3"] + a["Qs"] * mean) / (1 + 0.1 * a["Qs"]) for a in pair]
        for i, j in ((0, 1), (1, 0)):
            gap = positions[i] - pair[i]["q3"] - pair[i]["Qs"] * 0.2 * positions[j] / 2
            worst = max(worst, abs(gap))
    return Finding(
        (
            exact(
                "If the second equation of the averages is rho times the first, a line of averages "
                "solves both, and each gives positions.",
                many,
            ),
            Test(
                "point",
                "Two agents with nu = r = beta = 0, theta = 1 and opposite excess drifts have the "
                f"equilibria of M_s = -1, 0, 2.5, too: residuals up to {worst:.1g}.",
                worst < 1e-12,
            ),
        ),
        "Determinant 0 and (2.113), (2.114); then a line of equilibria, otherwise none.",
    )
