"""Different agents: the fixed point, its degenerate case, reductions, limits and displays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sympy as sp

from eqsolve.arithmetic.algebra import is_zero
from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.derivation.reductions import explicit, specialize
from eqsolve.derivations.mean_variance.agents import TWO as AGENTS
from eqsolve.derivations.mean_variance.agents import M_b, M_s
from eqsolve.derivations.mean_variance.two_agent import MODEL
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.errors import DerivationError
from eqsolve.ledger import Checker
from eqsolve.notated.derivation import Derivation
from eqsolve.paper.displays import constant, large_hazard, many, pair
from eqsolve.registry import model
from reference import spec
from reference.heterogeneous import two_agent
from test_limits import evaluated

BQb, BQs, BP, sQb, sQs, sP, Omega = symbols("BQb BQs BP sQb sQs sP Omega")
psi, phi, xi, N, w = symbols("psi phi xi N w")
COLUMNS = ("1", "2", "0")


@pytest.fixture(scope="module")
def derivation() -> Derivation:
    return MODEL.derivation


def equilibrium_part(form: ClosedForm) -> ClosedForm:
    """The part of the program after the responses, which become parameters."""
    start = [d.symbol.name for d in form.definitions].index("u_1")
    return ClosedForm(form.definitions[start:], ())


# The fixed point


def test_assumptions_are_listed(derivation: Derivation) -> None:
    assert Omega in derivation.form.nonzero
    assert {symbol("D2_1"), symbol("D2_2"), symbol("Delta_1")} <= set(derivation.form.nonzero)
    reactions = [1 / derivation.form[symbol(f"u_{k}")] for k in (1, 2)]
    assert set(reactions) <= set(derivation.form.nonzero)


def test_system_is_the_published_one() -> None:
    point = AGENTS.fixed_point(constant.PARTS)
    assert point.matrix == sp.Matrix([[1 - BQb, -BQs], [-sQb, 1 - sQs]])
    assert list(point.right) == [BP, sP]
    k = {name: symbol(f"{name}_k") for name in ("u", "w", "B", "sigma", "Qb", "Qs", "P")}
    reaction = 1 / (1 + k["w"] * (k["B"] * k["Qb"] + k["sigma"] * k["Qs"]))
    assert is_zero(point.reaction.expression - reaction)
    position = k["u"] * (k["P"] + k["Qb"] * M_b + k["Qs"] * M_s)
    assert is_zero(point.position - position)
    assert is_zero(point.summands[BQs] - k["w"] * k["u"] * k["B"] * k["Qs"])


def test_residual_of_every_agent_is_zero(derivation: Derivation) -> None:
    """pi_i = p1 x_i + p2 y_i + q3 + Qb m_b + Qs m_s at the others' positions."""
    form = equilibrium_part(derivation.form)
    for i, j in ((1, 2), (2, 1)):
        for column, wealth in zip(COLUMNS, (symbol("x_1"), symbol("x_2"), sp.S.One)):
            theirs = symbol(f"w_{j}") * symbol(f"k_{j}{column}")
            own = {str(i): symbol(f"p1_{i}"), "0": symbol(f"q3_{i}")}
            at_zero = own.get(column, symbol(f"p2_{i}") * symbol(f"w_{j}"))
            reaction = symbol(f"Qb_{i}") * symbol(f"B_{j}")
            reaction += symbol(f"Qs_{i}") * symbol(f"sigma_{j}")
            left = symbol(f"k_{i}{column}") - at_zero
            assert form.vanishes(left - reaction * theirs), (i, wealth)
            assert not form.vanishes(left + reaction * theirs), (i, wealth)


@pytest.mark.parametrize("name", ["u_1", "BQs", "Omega", "M_s_1", "k_12"])
def test_a_planted_error_leaves_a_residual(derivation: Derivation, name: str) -> None:
    form = equilibrium_part(derivation.form)
    wrong = ClosedForm(
        tuple(
            (
                replace(d, expression=d.expression * sp.Rational(1000001, 1000000))
                if d.symbol.name == name
                else d
            )
            for d in form.definitions
        ),
        (),
    )
    AGENTS._prove_equilibrium(form, constant.PARTS)
    with pytest.raises(DerivationError, match="residual|differs"):
        AGENTS._prove_equilibrium(wrong, constant.PARTS)


# The degenerate case


def test_degenerate_system() -> None:
    """Rows proportional with one factor: determinant and minors vanish, and conversely."""
    point = AGENTS.fixed_point(constant.PARTS)
    pairs = point.proportional(xi)
    proportional = {sQb: -pairs[0][1], sP: pairs[2][1]}
    proportional[sQs] = 1 - pairs[1][1]
    determinant = point.determinant.expression
    assert is_zero(determinant.subs(proportional))
    assert all(is_zero(minor.subs(proportional)) for minor in point.minors())
    only_rows = {s: v for s, v in proportional.items() if s != sP}
    assert not any(is_zero(minor.subs(only_rows)) for minor in point.minors())
    # conversely, where the first row is not zero: subtract a multiple of it from the second
    factor = -sQb / (1 - BQb)
    left = point.matrix.row(1) - factor * point.matrix.row(0)
    assert left[0] == 0
    assert is_zero(left[1] - determinant / (1 - BQb))
    assert is_zero(sP - factor * BP - point.minors()[1] / (1 - BQb))


def test_infinitely_many_solutions_of_the_degenerate_system() -> None:
    point = AGENTS.fixed_point(constant.PARTS)
    null = sp.Matrix([BQs, 1 - BQb])
    particular = sp.Matrix([BP / (1 - BQb), 0])
    degenerate = {sQs: 1 - BQs * sQb / (1 - BQb), sP: -sQb * BP / (1 - BQb)}
    residual = point.matrix * (particular + xi * null) - point.right
    assert all(is_zero(e.subs(degenerate)) for e in residual)
    assert not all(is_zero(e) for e in residual)


# Reductions


@pytest.mark.parametrize("count", [2, 3])
def test_equal_agents_are_the_homogeneous_game(count: int) -> None:
    closed = model("best-response").derivation.form
    homogeneous = model("n-agent").derivation.form
    agents = replace(AGENTS, count=count)
    point = agents.fixed_point(constant.PARTS)
    extra, _ = agents._feedback(point)
    same = agents.identical(ClosedForm(extra, ()), closed)
    names = symbols("Q S W k1 k2 k3")
    common = [d for d in homogeneous.definitions if d.symbol in names]
    share = {N: sp.Rational(1, count), w: sp.Rational(1, count)}
    program = ClosedForm(
        tuple(
            replace(d, expression=d.expression.subs(share)) for d in (*common, *same.definitions)
        ),
        (),
    )
    k1, k2, k3 = symbols("k1 k2 k3")
    for i in agents.indices:
        assert program.vanishes(symbol(f"k_{i}0") - k3)
        for j in agents.indices:
            expected = k1 if i == j else k2 / count
            assert program.vanishes(symbol(f"k_{i}{j}") - expected)
    assert not program.vanishes(symbol("k_12") - k2)


def constant_equilibrium(i: int, sign: int = 1) -> sp.Expr:
    """Lacker-Zariphopoulou's equilibrium of two agents, n = 2, with r = 0."""
    half = sp.Rational(1, 2)
    total = {"psi": sp.S.Zero, "phi": sp.S.Zero}
    for k in (1, 2):
        nu, sigma, theta, alpha, gamma, drift, kappa = (
            symbol(f"{s}_{k}") for s in ("nu", "sigma", "theta", "alpha", "gamma", "B", "kappa")
        )
        scale = sigma**2 + kappa * nu**2
        total["psi"] += half * theta * sigma**2 / scale
        total["phi"] += half * sigma * alpha * drift / (gamma * scale)
        if k == i:
            own = alpha * drift / gamma, theta * sigma, scale
    return (own[0] + sign * own[1] * total["phi"] / (1 - total["psi"])) / own[2]


def test_constant_equilibrium_of_two_agents(derivation: Derivation) -> None:
    values: dict[sp.Symbol, Any] = {symbol("r"): 0, **pair.HALVES}
    values |= {symbol(f"{s}_{k}"): 0 for s in ("beta", "p1") for k in (1, 2)}
    special = specialize(derivation.form, values)
    own = {}
    for k in (1, 2):
        own[symbol(f"s2_{k}")] = symbol(f"nu_{k}") ** 2 + symbol(f"sigma_{k}") ** 2
        own[symbol(f"kappa_{k}")] = 1 - symbol(f"theta_{k}") / 2
    for i in (1, 2):
        assert explicit(special, symbol(f"k_{i}1")) == explicit(special, symbol(f"k_{i}2")) == 0
        found = explicit(special, symbol(f"k_{i}0"))
        assert is_zero((found - constant_equilibrium(i)).subs(own))
        assert not is_zero((found - constant_equilibrium(i, sign=-1)).subs(own))


def test_no_competition_decouples_two_agents(derivation: Derivation) -> None:
    zero = {symbol(f"theta_{k}"): 0 for k in (1, 2)}
    special = specialize(derivation.form, {**zero, symbol("kappa_1"): 1, symbol("kappa_2"): 1})
    assert special[symbol("k_12")] == special[symbol("k_21")] == 0
    assert special.vanishes(special[symbol("k_11")] - symbol("p1_1"))
    assert special.vanishes(special[symbol("k_20")] - symbol("q3_2"))


# A large hazard rate


def test_large_hazard_rate_for_any_number_of_agents() -> None:
    case = constant.large_hazard(model("best-response").derivation.form)
    nu, sigma, theta, alpha, beta, gamma, drift, kappa, x, weight = (
        symbol(f"{s}_k")
        for s in ("nu", "sigma", "theta", "alpha", "beta", "gamma", "B", "kappa", "x", "w")
    )
    scale = sigma**2 + kappa * nu**2
    demand = (alpha + beta * x) * drift / gamma
    assert is_zero(case.position(M_s) - (demand + theta * sigma * M_s) / scale)
    assert is_zero(case.psi - weight * theta * sigma**2 / scale)
    assert is_zero(case.phi - weight * sigma * demand / scale)
    assert is_zero(case.reaction - kappa * (nu**2 + sigma**2) / scale)
    assert not is_zero(case.position(M_s) - (demand - theta * sigma * M_s) / scale)


def test_a_response_to_drifts_is_not_constant() -> None:
    values = {s: s for s in constant.RESPONSE}
    with pytest.raises(DerivationError, match="does not vanish"):
        constant.constant_response(values)


@pytest.mark.parametrize(("common", "solvable"), [(0, True), (1, False)])
def test_limiting_equation_at_full_competition(common: int, solvable: bool) -> None:
    """psi = 1: with phi = 0 every M_s solves the limiting equation, otherwise none does."""
    row = large_hazard.limiting_row().subs(psi, 1) * M_s - common
    assert (row == 0) is solvable
    assert solvable or not row.has(M_s)


# Numbers against the independent reference

FIRST = dict(zip("b nu sigma theta gamma alpha beta lam".split(), ".12 .2 .2 .5 2 1 .5 .6".split()))
SECOND = dict(
    zip("b nu sigma theta gamma alpha beta lam".split(), ".10 .25 .15 .3 1.5 1 .2 .4".split())
)


@pytest.mark.parametrize("weights", [("1/2", "1/2"), ("1/4", "3/4")])
def test_numbers(derivation: Derivation, weights: tuple[str, str]) -> None:
    agents = [
        {**agent, "wealth": wealth, "weight": weight}
        for agent, wealth, weight in zip((FIRST, SECOND), ("1", "2"), weights)
    ]
    expected = two_agent(agents, ".03")
    assert expected["status"] == "ok"
    known: dict[str, Any] = {"r": spec.ctx.mpf(3) / 100}
    for k, (agent, found) in enumerate(zip(agents, expected["response"]), start=1):
        number = {
            name: spec.ctx.mpf(sp.Rational(v).p) / sp.Rational(v).q for name, v in agent.items()
        }
        known |= {f"{n}_{k}": number[n] for n in ("nu", "sigma", "theta", "gamma", "alpha", "beta")}
        known[f"lambda_{k}"], known[f"B_{k}"] = number["lam"], number["b"] - known["r"]
        known[f"s2_{k}"] = number["nu"] ** 2 + number["sigma"] ** 2
        known[f"kappa_{k}"] = 1 - number["theta"] * number["weight"]
        known |= {f"w_{k}": number["weight"], f"x_{k}": number["wealth"], f"p1_{k}": found["p1"]}
    outputs = [symbol(f"{s}_{k}") for s in ("pi", "k") for k in (1, 2) if s == "pi"]
    outputs += [symbol(f"k_{i}{j}") for i in (1, 2) for j in COLUMNS] + [M_b, M_s]
    values = evaluated(ClosedForm(derivation.form.needed(outputs), ()), known)
    tiny = spec.ctx.mpf(10) ** -40
    for i in (1, 2):
        assert abs(values[f"pi_{i}"] - expected["pi"][i - 1]) < tiny
        assert abs(values[f"k_{i}0"] - expected["const"][i - 1]) < tiny
        for j in (1, 2):
            assert abs(values[f"k_{i}{j}"] - expected["K"][i - 1][j - 1]) < tiny
    assert abs(values["M_b"] - expected["M_b"]) < tiny
    assert abs(values["M_s"] - expected["M_s"]) < tiny


# Displays


def test_displays_hold(derivation: Derivation) -> None:
    checker = Checker(derivation)
    shown = pair.displays(derivation)
    numbers = [display.number for display in shown]
    assert len(set(numbers)) == len(numbers) == 26
    for display in shown:
        assert checker.failures(display) == ()


def test_a_wrong_display_is_seen(derivation: Derivation) -> None:
    form = equilibrium_part(derivation.form)
    (display,) = (d for d in pair.displays(derivation) if d.number == "2.109-2.110")
    (line,) = display.lines
    assert form.vanishes(line.left - line.right)
    assert not form.vanishes(line.left + line.right)


def test_mean_field_displays() -> None:
    (_, found), (limiting,) = many.displays()
    (strategy,) = found.lines
    alpha, b, gamma, theta, sigma, nu = symbols("alpha b gamma theta sigma nu")
    expected = (alpha * b / gamma + theta * sigma * phi / (1 - psi)) / (sigma**2 + nu**2)
    assert is_zero(strategy.right - expected)
    limit = model("mean-field").derivation.form
    assert [line.relation for line in limiting.lines] == [r"\to"] * 3
    assert all(limit.vanishes(line.right - limit[line.left]) for line in limiting.lines)
