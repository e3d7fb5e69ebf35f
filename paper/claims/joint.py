"""Agents who differ, with any choice of their roots: responses, joint feedback, growth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from eqsolve.arithmetic.algebra import is_zero
from eqsolve.arithmetic.number import precision
from eqsolve.claims.claim import Context, Finding, Test
from eqsolve.claims.search import Array, plural
from eqsolve.derivation.closed_form import run
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.notated.averages import FixedPoint
from eqsolve.paper.cases import drawn
from eqsolve.paper.claims.exact import exact, p1
from eqsolve.paper.sets import SETS
from eqsolve.parameters import parameters
from eqsolve.registry import model
from eqsolve.solve.closed_form.point import PointSolver
from eqsolve.words.dispatch import solve


@dataclass(frozen=True)
class Agent:
    """One agent's parameters and its responses, one for each admissible root."""

    given: Mapping[str, float]
    responses: tuple[Mapping[str, float], ...]


def responses(given: Mapping[str, str]) -> Agent:
    """All admissible responses of one agent, by ball arithmetic."""
    game = model("n-agent")
    exact_given = parameters(given, game.parameters, game=game.name)
    names = symbols("p1 p2 q3 Qb Qs")
    found = []
    with precision(256):
        solver = PointSolver(game, exact_given)
        for root in solver.roots():
            if root.admissible:
                values = solver.values | {p1: root.p1}
                run(solver.form.needed(names), values)
                found.append({s.name: float(values[s]) for s in names})
    own = {k: float(v) for k, v in exact_given.items()}
    return Agent({**own, "B": own["b"] - own["r"]}, tuple(found))


def feedback(agents: tuple[Agent, ...], chosen: tuple[int, ...]) -> tuple[Array, float]:
    """Joint feedback of agents with equal weights, and its largest residual in (2.73).

    Columns are the wealths and a constant. The 2 x 2 system of the averages gives the positions;
    the residual is that of every agent's response to the others, written out.
    """
    count = len(agents)
    weight = 1 / count
    own = [agent.responses[k] for agent, k in zip(agents, chosen, strict=True)]
    load = np.array([[a.given["B"], a.given["sigma"]] for a in agents])
    react = np.array([[row["Qb"], row["Qs"]] for row in own])
    at_zero = np.zeros((count, count + 1))
    for i, row in enumerate(own):
        at_zero[i, :count] = weight * row["p2"]
        at_zero[i, i] = row["p1"]
        at_zero[i, count] = row["q3"]
    u = 1 / (1 + weight * (load * react).sum(axis=1))
    matrix = np.eye(2) - weight * load.T @ (u[:, None] * react)
    averages = np.linalg.solve(matrix, weight * load.T @ (u[:, None] * at_zero))
    positions = u[:, None] * (at_zero + react @ averages)
    residual = 0.0
    for i in range(count):
        others = [j for j in range(count) if j != i]
        environment = weight * load[others].T @ positions[others]
        gap = positions[i] - at_zero[i] - react[i] @ environment
        residual = max(residual, float(np.abs(gap).max()))
    return positions, residual / (1 + float(np.abs(positions).max()))


def finite(agents: tuple[Agent, ...], positions: Array) -> bool:
    """Whether for every agent what its payoff reaches grows more slowly than its hazard rate."""
    return all(_growth(agents, positions, k) < a.given["lambda"] for k, a in enumerate(agents))


def jointly_finite(agents: tuple[Agent, ...], positions: Array) -> bool:
    """Whether all wealths together grow more slowly than every hazard rate; blunter than need."""
    growth = _rate(agents, positions, list(range(len(agents))))
    return growth < min(a.given["lambda"] for a in agents)


def _growth(agents: tuple[Agent, ...], positions: Array, index: int) -> float:
    """Growth rate of the second moments of the wealths that one agent's payoff reaches."""
    count = len(agents)
    reached = {index} if agents[index].given["theta"] == 0 else set(range(count))
    for _ in range(count):
        reached |= {j for k in reached for j in range(count) if positions[k, j] != 0}
    return _rate(agents, positions, sorted(reached))


def _rate(agents: tuple[Agent, ...], positions: Array, chosen: list[int]) -> float:
    count = len(chosen)
    K, one = positions[np.ix_(chosen, chosen)], np.eye(count)
    rows = [agents[k].given for k in chosen]
    column = {k: np.array([row[k] for row in rows]) for k in ("r", "B", "nu", "sigma")}
    drift = np.diag(column["r"]) + column["B"][:, None] * K
    common = column["sigma"][:, None] * K
    growth = np.kron(one, drift) + np.kron(drift, one) + np.kron(common, common)
    for j in range(count):
        single = np.zeros((count, count))
        single[j] = column["nu"][j] * K[j]
        growth += np.kron(single, single)
    return float(np.linalg.eigvals(growth).real.max())


def fixed_point() -> FixedPoint:
    """The equations of the averages for agents who differ, in the symbols of a generic one."""
    two = model("two-agent")
    assert two.types is not None
    return two.types.fixed_point(two.notation.parts)


def generic_fixed_point(point: FixedPoint) -> bool:
    """Whether the positions solve (2.73) for any number of agents with any weights.

    Each agent's position is the response to the averages less the own contribution; the averages
    solve the 2 x 2 system; and the sums that define the system are those of the positions.
    """
    P, Qb, Qs, w, load, sigma, pi = symbols("P_k Qb_k Qs_k w_k B_k sigma_k pi_k")
    M_b, M_s = symbols("M_b M_s")
    response = P + Qb * (M_b - w * load * pi) + Qs * (M_s - w * sigma * pi)
    u = {point.reaction.symbol: point.reaction.expression}
    own = sp.expand(response - pi).subs(pi, point.position).subs(u)
    residuals = point.matrix * sp.Matrix(list(point.solution.values())) - point.right
    solved = [e.subs(point.determinant.symbol, point.determinant.expression) for e in residuals]
    sums = []
    for total, weight, row in zip((M_b, M_s), (load, sigma), range(2)):
        unknowns = (M_b, M_s)
        linear = sum(
            (
                (sp.Integer(unknowns[j] == total) - point.matrix[row, j]) * unknowns[j]
                for j in range(2)
            ),
            point.right[row],
        )
        contribution = linear.subs({s: e for s, e in point.summands.items()})
        expected = w * weight * point.position.subs(P, point.own.symbol)
        sums.append(contribution - expected)
    return all(is_zero(e) for e in (own, *solved, *sums))


#: Each on its own: the first one's wealth grows faster than the second one's hazard rate.
APART = (
    {"r": "0", "b": "0.6", "nu": "0.2", "sigma": "0.1", "theta": "0", "gamma": "1"}
    | {"alpha": "1", "beta": "0.9", "lambda": "2", "n": "2"},
    {"r": "0", "b": "0.05", "nu": "0.2", "sigma": "0.1", "theta": "0", "gamma": "5"}
    | {"alpha": "1", "beta": "0.1", "lambda": "0.05", "n": "2"},
)
#: Drawn pairs whose status is compared.
_PAIRS = 12


def _table(pair: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """What the solver is given of two agents."""
    rows = [{k: v for k, v in row.items() if k not in ("r", "n")} for row in pair]
    return {"r": pair[0]["r"], "agent": rows}


def _existence(
    context: Context, rule: Callable[[tuple[Agent, ...], Array], bool]
) -> tuple[Test, ...]:
    """Whether a rule for finite second moments agrees with the solver's status."""
    drawn_rows = drawn(context.seed, 2 * _PAIRS)
    names = model("n-agent").parameters
    pairs: list[tuple[dict[str, str], ...]] = [APART]
    for first, second in zip(drawn_rows[::2], drawn_rows[1::2]):
        same = {"r": first["r"], "n": "2"}
        pairs.append(tuple({k: ({**row, **same})[k] for k in names} for row in (first, second)))
    wrong, counts = 0, [0, 0]
    for pair in pairs:
        agents = tuple(responses(row) for row in pair)
        enough = all(
            a.responses and (a.given["theta"] == 0 or a.given["lambda"] > 2 * a.given["r"])
            for a in agents
        )
        outermost = tuple(
            max(range(len(a.responses)), key=lambda k: a.given["B"] * a.responses[k]["p1"])
            for a in agents
            if a.responses
        )
        exists = enough and rule(agents, feedback(agents, outermost)[0])
        wrong += exists != solve(model("two-agent"), **_table(pair)).ok
        counts[exists] += 1
    given = tuple(solve(model("two-agent"), **_table(APART)).to_dict()["pi"])
    return (
        Test(
            "point",
            "The pair exists if and only if each agent has D2 > 0, lambda > 2 r or theta = 0, and "
            "what its own payoff reaches grows more slowly than its own hazard rate: "
            f"{plural(wrong, 'exception')} in {len(pairs)} pairs, {counts[1]} of which exist.",
            wrong == 0,
        ),
        Test(
            "point",
            "Two agents with theta = 0 are each on their own: they exist although the first one's "
            f"wealth grows faster than the second one's hazard rate, at {given[0]:.6g} and "
            f"{given[1]:.6g}.",
            not jointly_finite(tuple(map(responses, APART)), _alone_feedback()),
        ),
    )


def _alone_feedback() -> Array:
    return feedback(tuple(map(responses, APART)), (0, 0))[0]


def two_agents(
    context: Context, rule: Callable[[tuple[Agent, ...], Array], bool] = finite
) -> Finding:
    """Theorem 2.4; ``rule`` decides on finite second moments."""
    point = fixed_point()
    factor, M = symbol("rho"), sp.Matrix(symbols("M_b M_s"))

    def degenerate() -> bool:
        rows = dict(point.proportional(factor))
        matrix, right = point.matrix.copy(), point.right.copy()
        proportional = list(rows.values())
        matrix[1, :] = sp.Matrix([proportional[:2]])
        right[1] = proportional[2]
        gap = (matrix * M - right)[1] - factor * (matrix * M - right)[0]
        return is_zero(gap) and is_zero(matrix.det(method="berkowitz"))

    pair = tuple({**SETS[name], "r": "0.03", "n": "2"} for name in ("S1", "S2"))
    expected, residual = feedback(tuple(responses(row) for row in pair), (0, 0))
    found = solve(model("two-agent"), **_table(pair)).to_dict()["feedback"]
    distance = max(
        float(np.abs(np.array(found["wealth"]) - expected[:, :2]).max()),
        float(np.abs(np.array(found["constant"]) - expected[:, 2]).max()),
    )
    return Finding(
        (
            Test(
                "point",
                "For agents S1 and S2 (r = 0.03) the feedback solves (2.100), (2.101) written out: "
                f"residual {residual:.1g}; distance from the solver's {distance:.1g}.",
                max(residual, distance) < 1e-12,
            ),
            exact(
                "The averages solve the 2 x 2 system and every position is the response to the "
                "others' (polynomial identities; the engine proves each feedback again).",
                lambda: generic_fixed_point(point) and bool(model("two-agent").derivation),
            ),
            exact(
                "With the second row and right side rho times the first the system has determinant "
                "0 and its second equation is rho times the first.",
                degenerate,
            ),
            *_existence(context, rule),
        ),
        "As a fixed point of responses to given aggregates; determinant nonzero, and for each "
        "agent D2 > 0, lambda > 2 r or theta = 0, and what its own payoff reaches (both wealths, "
        "or its own one if theta = 0) grows more slowly than its own lambda.",
    )
