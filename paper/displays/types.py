"""Objectives, types and limits of measures: displays of the paper that belong to no derivation.

(2.4), (2.5), (2.81), (3.1)-(3.3), (3.42) and the strategy that appendix E recalls.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance.vocabulary import symbol
from eqsolve.ledger import Display, Line
from eqsolve.notated.alike import average_position
from eqsolve.operators import (
    Against,
    Expectation,
    InOrder,
    Kept,
    Named,
    Supremum,
    Variance,
    Vector,
)
from eqsolve.paper.displays.lines import shown
from eqsolve.paper.displays.model import of_agent
from eqsolve.paper.displays.population import NAMES, strategy

_OBJECTIVE, _FUNCTION = sp.symbols("objective function")
_TODAY = sp.Symbol("x_0", real=True)
_TYPE, _EMPIRICAL, _MEASURE, _POINT = sp.symbols("type empirical measure point")
_AVERAGE = sp.Symbol("Xbar", real=True)


def returns() -> tuple[Display, ...]:
    """The displays (2.4) and (2.5): mean and variance of the return."""
    wealth = mv.x
    by_return = InOrder(Expectation(wealth / _TODAY), -mv.gamma / 2 * Variance(wealth / _TODAY))
    by_wealth = InOrder(Expectation(wealth), -sp.Mul(mv.gamma, 1 / (2 * _TODAY)) * Variance(wealth))
    names = {wealth: "X_T", _TODAY: "x", _OBJECTIVE: "J"}
    return (
        shown(
            "2.4",
            "objective of the return",
            Line(_OBJECTIVE, by_return),
            kind="definition",
            proof="definition",
            names=names,
            prose="An agent who values mean and variance of the return on the present wealth $x$ "
            "maximizes",
        ),
        shown(
            "2.5",
            "objective of the return in terms of wealth",
            Line(Named(by_return, "J"), 1 / _TODAY * Kept(by_wealth)),
            kind="identity",
            names=names,
            depends="2.4",
            prose="that is, the risk aversion to wealth decreases in wealth,",
        ),
    )


def exponential(number: str, depends: str, names: Mapping[sp.Symbol, str]) -> Display:
    """The value of an agent with constant absolute risk aversion: (2.81) or (3.42)."""
    gap = Kept(InOrder(mv.x, -mv.theta * _AVERAGE))
    utility = -sp.exp(-mv.gamma / mv.alpha * gap)
    return shown(
        number,
        "value with constant absolute risk aversion",
        Line(sp.Symbol("value"), Supremum(Expectation(utility), mv.p)),
        kind="definition",
        proof="definition",
        names={sp.Symbol("value"): "V", **names},
        depends=depends,
        prose="The same constant strategy is the equilibrium of agents with exponential utility "
        "and values",
    )


def exponential_agents() -> Display:
    """The display (2.81), for agent i."""
    names = of_agent() | {
        mv.x: r"X^i_\tau",
        _AVERAGE: r"\overline{X}_\tau",
        sp.Symbol("value"): "V_i",
    }
    return exponential("2.81", "2.80", names)


def exponential_continuum() -> Display:
    """The display (3.42), for the representative agent."""
    names = {mv.x: r"X_\tau", _AVERAGE: r"\overline{X}_\tau", mv.p: r"\pi"}
    return exponential("3.42", "3.41", names)


def types() -> tuple[Display, ...]:
    """The displays (3.1)-(3.3): types of agents, their empirical measure and its limit."""
    index = sp.Symbol("i", integer=True)
    parameters = (mv.x, mv.b, mv.nu, mv.sigma, mv.theta, mv.gamma, mv.alpha, mv.beta)
    letters = {_EMPIRICAL: "m_n", _MEASURE: "m", _FUNCTION: "f"}
    average = sp.Mul(1 / mv.n, sp.Sum(_POINT, (index, 1, mv.n)), evaluate=False)
    return (
        shown(
            "3.1",
            "type of an agent",
            Line(_TYPE, Vector(*parameters)),
            kind="definition",
            proof="definition",
            names=of_agent() | {_TYPE: r"\zeta_i"},
            prose="The type of an agent collects wealth and parameters,",
        ),
        shown(
            "3.2",
            "empirical measure of the types",
            Line(_EMPIRICAL, average),
            kind="definition",
            proof="definition",
            names=letters | {_POINT: r"\delta_{\zeta_i}"},
            depends="3.1",
            prose="The empirical measure of the types is",
        ),
        shown(
            "3.3",
            "weak limit of the empirical measures",
            Line(Against(_FUNCTION, _EMPIRICAL), Against(_FUNCTION, _MEASURE), r"\to"),
            kind="limit",
            proof="definition",
            names=letters,
            depends="3.2",
            prose="For independent types with the same law it converges weakly by the law of "
            "large numbers: for bounded continuous functions, almost surely,",
        ),
    )


def recalled() -> Display:
    """The display that appendix E numbers (D.1) a second time."""
    response = mv.p1 * mv.x + mv.p2 * mv.y + mv.q3 + symbol("Q") * average_position(mv.OF_MANY)
    return shown(
        "E.D.1",
        "equilibrium strategy of agent i",
        Line(Named(response, r"\pi_i"), strategy()),
        names=NAMES,
        depends="2.99",
        prose="The proof of convergence recalls, under a number that the paper gives twice, "
        "the strategy",
    )
