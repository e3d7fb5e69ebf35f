"""Agents who differ, with any choice of their roots: responses, joint feedback, growth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from eqsolve.claims.claim import Context, Finding, Test
from eqsolve.claims.search import Array
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.numerics.arithmetic.ball import precision, run
from eqsolve.numerics.equilibria.dispatch import solve
from eqsolve.numerics.equilibria.point import PointSolver
from eqsolve.numerics.parameters import parameters
from eqsolve.paper.claims.exact import exact, p1
from eqsolve.paper.sets import SETS
from eqsolve.registry import model
from eqsolve.symbolic.algebra import is_zero
from eqsolve.symbolic.heterogeneous import Agents, FixedPoint


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
    """Whether second moments of all wealths grow more slowly than every hazard rate."""
    count = len(agents)
    K, one = positions[:, :count], np.eye(count)
    column = {k: np.array([a.given[k] for a in agents]) for k in ("r", "B", "nu", "sigma")}
    drift = np.diag(column["r"]) + column["B"][:, None] * K
    common = column["sigma"][:, None] * K
    growth = np.kron(one, drift) + np.kron(drift, one) + np.kron(common, common)
    for j in range(count):
        single = np.zeros((count, count))
        single[j] = column["nu"][j] * K[j]
        growth += np.kron(single, single)
    return bool(np.linalg.eigvals(growth).real.max() < min(a.given["lambda"] for a in agents))


def fixed_point() -> FixedPoint:
    """The equations of the averages for agents who differ, in the symbols of a generic one."""
    two = model("two-agent")
    assert isinstance(two.population, Agents)
    return two.population.fixed_point(next(iter(two.notation.split.values())))


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


def two_agents(context: Context) -> Finding:
    """Theorem 2.4."""
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
    given: dict[str, Any] = {
        "r": "0.03",
        "agent": [{k: v for k, v in row.items() if k not in ("r", "n")} for row in pair],
    }
    found = solve("two-agent", **given).to_dict()["feedback"]
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
        ),
        "As a fixed point of responses to given aggregates; determinant nonzero, each agent's "
        "D2 > 0, lambda > 2 r, and second moments of the pair finite.",
    )
