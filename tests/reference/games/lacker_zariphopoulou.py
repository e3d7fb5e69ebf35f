"""Relative performance, r = 0: dX_i = pi_i (mu_i dt + nu_i dW^i + sigma_i dB), own types.

CARA: -exp(-(X_i - theta_i Xbar)/delta_i) at T, Xbar over all n. CRRA: dX_i/X_i = pi_i (...),
utility U(X_i/G^theta_i), U(x) = x^p/p with p = 1 - 1/delta (ln x at delta = 1), G the geometric
mean.

Constant strategies. Let kappa = 1 - theta/n, sums over the others. CARA: X_i - theta Xbar is
normal with drift kappa mu pi - theta mean(mu pi) and variance kappa^2 nu^2 pi^2 + theta^2/n^2
sum nu^2 pi^2 + (kappa sigma pi - theta mean(sigma pi))^2; V_i = -exp(-z/delta - R T), R =
drift/delta - variance/(2 delta^2), whose maximum over pi is linear in the common aggregate
mean(sigma pi) over all. CRRA: the same for ln X_i - theta ln G with drifts mu pi - (nu^2 +
sigma^2) pi^2/2, rate of growth p drift + p^2 variance/2 = R, V_i = U(z) exp(+R T): the opposite
sign of R as in CARA, which is how the published numbers are to be read. Mean field: kappa = 1
and averages over the law of types; nu of the others drops out.

Route 1: the formulas. Route 2 (`response_gap`): each agent's objective by its exact normal law,
maximized by the vertex of its own parabola through three points; a continuous law by quadrature
(`continuous`) against means of products (`uniform_moments`) and against a fine finite law.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..precision import ctx, number
from .ode import gauss_nodes

NAMES = ("mu", "nu", "sigma", "theta", "delta")
Agent = dict[str, Any]


def agents_from(mu: Any, nu: Any, sigma: Any, theta: Any, delta: Any) -> list[Agent]:
    """One dictionary per agent from five lists."""
    return [dict(zip(NAMES, map(number, row))) for row in zip(mu, nu, sigma, theta, delta)]


def cara_rate(agent: Agent, pi: Any, share: Any, others: Sequence[Any]) -> Any:
    """R of an agent at pi; share = 1/n or 0; others = averages of mu pi, sigma pi and
    (share times) nu^2 pi^2 over the others."""
    kappa, theta, delta = 1 - agent["theta"] * share, agent["theta"], agent["delta"]
    drift = kappa * agent["mu"] * pi - theta * others[0]
    variance = (kappa * agent["nu"] * pi) ** 2 + theta**2 * others[2]
    variance += (kappa * agent["sigma"] * pi - theta * others[1]) ** 2
    return drift / delta - variance / (2 * delta**2)


def crra_rate(agent: Agent, pi: Any, share: Any, others: Sequence[Any]) -> Any:
    """Certainty-equivalent growth rate at pi; others[0] averages mu pi less half the variance."""
    kappa, theta, p = 1 - agent["theta"] * share, agent["theta"], 1 - 1 / agent["delta"]
    square = agent["nu"] ** 2 + agent["sigma"] ** 2
    drift = kappa * (agent["mu"] * pi - square * pi**2 / 2) - theta * others[0]
    variance = (kappa * agent["nu"] * pi) ** 2 + theta**2 * others[2]
    variance += (kappa * agent["sigma"] * pi - theta * others[1]) ** 2
    return drift + p * variance / 2


def _drift(agent: Agent, pi: Any, power: bool) -> Any:
    square = agent["nu"] ** 2 + agent["sigma"] ** 2
    return agent["mu"] * pi - (square * pi**2 / 2 if power else 0)


def _slopes(agent: Agent, share: Any, power: bool) -> tuple[Any, Any]:
    """(level, slope) of pi in the aggregate mean(sigma pi) over all."""
    mu, nu, sigma, theta, delta = (agent[name] for name in NAMES)
    if power:
        scale = sigma**2 + nu**2 * (1 + (delta - 1) * theta * share)
        return delta * mu / scale, -theta * (delta - 1) * sigma / scale
    scale = sigma**2 + nu**2 * (1 - theta * share)
    return delta * mu / scale, theta * sigma / scale


def _equilibrium(agents: list[Agent], weights: list[Any], share: Any, power: bool) -> Any:
    lines = [_slopes(agent, share, power) for agent in agents]
    phi = sum(w * a["sigma"] * line[0] for w, a, line in zip(weights, agents, lines))
    psi = sum(w * a["sigma"] * line[1] for w, a, line in zip(weights, agents, lines))
    if psi == 1:
        return phi, psi, None
    common = phi / (1 - psi)
    return phi, psi, [level + slope * common for level, slope in lines]


def _seen(
    agents: list[Agent], weights: list[Any], pi: list[Any], share: Any, power: bool
) -> list[list[Any]]:
    """Aggregates that each agent sees: of the others; of all types in the mean field, where the
    idiosyncratic noise of the others is averaged out."""
    terms = [
        [
            w * _drift(a, u, power),
            w * a["sigma"] * u,
            share * w * (a["nu"] * u) ** 2,
        ]
        for a, w, u in zip(agents, weights, pi)
    ]
    total = [sum(column) for column in zip(*terms)]
    if share == 0:
        return [total] * len(agents)
    return [[a - b for a, b in zip(total, own)] for own in terms]


def _solve(agents: list[Agent], weights: list[Any] | None, power: bool) -> dict[str, Any]:
    n = len(agents)
    share = ctx.one / n if weights is None else ctx.zero
    w = [share] * n if weights is None else weights
    if any(a["nu"] == 0 and a["sigma"] == 0 for a in agents):
        return {"status": "degenerate"}
    phi, psi, pi = _equilibrium(agents, w, share, power)
    out: dict[str, Any] = {"status": "ok", "phi": phi, "psi": psi, "explosion": None}
    if pi is None:
        return {**out, "status": "no-solution"}
    rate = crra_rate if power else cara_rate
    seen = _seen(agents, w, pi, share, power)
    rates = [rate(a, u, share, o) for a, u, o in zip(agents, pi, seen)]
    out["pi"], out["aggregates"] = pi, seen
    out["strategy"] = {f"pi_{i + 1}": {"1": u} for i, u in enumerate(pi)}
    if not power:
        return {**out, "R": rates}
    out["growth"] = rates
    # V = U(z) exp(p growth T); at delta = 1, V = ln z + growth T.
    out["R"] = [g if a["delta"] == 1 else (1 - 1 / a["delta"]) * g for a, g in zip(agents, rates)]
    return out


def cara(
    mu: Any, nu: Any, sigma: Any, theta: Any, delta: Any, weights: Any = None, T: Any = None
) -> dict[str, Any]:
    """n agents, or with weights (sum 1) the mean field with a finite law of types.

    pi, phi, psi, R: V_i = -exp(-(x_i - theta_i xbar)/delta_i - R_i T).
    """
    w = None if weights is None else [number(u) for u in weights]
    return _solve(agents_from(mu, nu, sigma, theta, delta), w, power=False)


def crra(
    mu: Any, nu: Any, sigma: Any, theta: Any, delta: Any, weights: Any = None, T: Any = None
) -> dict[str, Any]:
    """The same for CRRA: V_i = U(x_i/G^theta_i) exp(R_i T), at delta = 1 V = ln(...) + R_i T.

    psi is minus the constant of the publication: here aggregate = phi/(1 - psi).
    """
    w = None if weights is None else [number(u) for u in weights]
    return _solve(agents_from(mu, nu, sigma, theta, delta), w, power=True)


def continuous(power: bool, laws: dict[str, Any], nodes: int = 40) -> dict[str, Any]:
    """Mean field where each letter is a number or ("uniform", low, high), independent.

    phi, psi, aggregates and two functions of a type, pi(agent) and R(agent). Gauss quadrature in
    each uniform letter.
    """
    agents: list[Agent] = [{}]
    weights = [ctx.one]
    for name in NAMES:
        law = laws[name]
        if isinstance(law, (tuple, list)):
            low, high = number(law[1]), number(law[2])
            points = [(low + (high - low) * u, w) for u, w in gauss_nodes(nodes)]
        else:
            points = [(number(law), ctx.one)]
        weights = [w * v for w in weights for _, v in points]
        agents = [{**a, name: u} for a in agents for u, _ in points]
    phi, psi, pi = _equilibrium(agents, weights, ctx.zero, power)
    if pi is None:
        return {"status": "no-solution", "phi": phi, "psi": psi}
    common = phi / (1 - psi)
    seen = _seen(agents, weights, pi, ctx.zero, power)[0]

    def strategy(agent: Agent) -> Any:
        level, slope = _slopes({k: number(v) for k, v in agent.items()}, ctx.zero, power)
        return level + slope * common

    def rate(agent: Agent) -> Any:
        exact = {k: number(v) for k, v in agent.items()}
        if not power:
            return cara_rate(exact, strategy(exact), ctx.zero, seen)
        growth = crra_rate(exact, strategy(exact), ctx.zero, seen)
        return growth if exact["delta"] == 1 else (1 - 1 / exact["delta"]) * growth

    return {"status": "ok", "phi": phi, "psi": psi, "pi": strategy, "R": rate, "aggregates": seen}


def uniform_moments(laws: dict[str, Any]) -> tuple[Any, Any]:
    """(phi, psi) of CARA with fixed nu and sigma: products of the means of the other letters."""

    def mean(law: Any) -> Any:
        if isinstance(law, (tuple, list)):
            return (number(law[1]) + number(law[2])) / 2
        return number(law)

    nu, sigma = number(laws["nu"]), number(laws["sigma"])
    total = nu**2 + sigma**2
    phi = mean(laws["delta"]) * mean(laws["mu"]) * sigma / total
    return phi, mean(laws["theta"]) * sigma**2 / total


def response_gap(solution: dict[str, Any], agents: list[Agent], share: Any, power: bool) -> Any:
    """Largest distance of pi_i from the vertex of agent i's objective, others fixed.

    Both rates are exact parabolas in pi; a vertex that is a minimum raises.
    """
    rate: Callable[..., Any] = crra_rate if power else cara_rate
    gap = ctx.zero
    for agent, pi, seen in zip(agents, solution["pi"], solution["aggregates"]):
        left, here, right = (rate(agent, pi + step, share, seen) for step in (-1, 0, 1))
        bend = left + right - 2 * here
        if bend >= 0:
            raise ArithmeticError("the first-order condition is not a maximum")
        gap = max(gap, abs((left - right) / (2 * bend)))
    return gap
