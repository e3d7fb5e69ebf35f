"""Limits: many agents (with the rate 1/n) and a large hazard rate."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import sympy as sp

from eqsolve.derivation.closed_form import ClosedForm, Definition
from eqsolve.derivation.limits import at_infinity, derivative, growing_roots, leading, limit, series
from eqsolve.derivation.reductions import explicit, prove_equal, specialize
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.errors import DerivationError
from eqsolve.registry import model
from reference import cases, homogeneous, spec
from reference.response import prepare, root_table

r, B, sigma, s2, theta, gamma, alpha, beta, lam = symbols(
    "r B sigma s2 theta gamma alpha beta lambda"
)
N, kappa, m_2, rho = symbols("N kappa m_2 rho")
p1, p2, q3, Qb, Qs, Q, k1, k2, k3 = symbols("p1 p2 q3 Qb Qs Q k1 k2 k3")
MANY = {N: 0, kappa: 1, m_2: 0}


@pytest.fixture(scope="module")
def single() -> ClosedForm:
    return model("best-response").derivation.form


@pytest.fixture(scope="module")
def finite() -> ClosedForm:
    return model("n-agent").derivation.form


@pytest.fixture(scope="module")
def infinite() -> ClosedForm:
    return model("mean-field").derivation.form


@pytest.fixture(scope="module")
def rates(finite: ClosedForm) -> ClosedForm:
    whole = derivative(finite, (k1, k2, k3), N, {kappa: 1 - theta * N})
    return specialize(whole, MANY)


def replaced(form: ClosedForm, name: sp.Symbol, change: sp.Expr) -> ClosedForm:
    """Plant an error: multiply one definition."""
    return ClosedForm(
        tuple(
            replace(d, expression=sp.expand(d.expression * change)) if d.symbol == name else d
            for d in form.definitions
        ),
        form.nonzero,
    )


# Rational functions


def test_leading_terms() -> None:
    expression = (3 * lam**2 - r * lam) / (r * lam**3 + B * lam)
    assert leading(expression, lam, infinity=True) == (3 / r, -1)
    assert leading(expression, lam, infinity=False) == (-r / B, 0)
    assert limit(expression, lam, infinity=True) == 0
    assert limit(expression, lam, infinity=False) == -r / B
    with pytest.raises(DerivationError, match="diverges"):
        limit(1 / expression, lam, infinity=True)
    with pytest.raises(DerivationError, match="no leading term"):
        leading(lam - lam, lam, infinity=True)


def test_series_of_a_quotient() -> None:
    # 1 / (1 - N theta) and N / (1 + N + N^2)
    assert series(1 / (1 - N * theta), N, 3) == (1, theta, theta**2, theta**3)
    assert series(N / (1 + N + N**2), N, 5) == (0, 1, -1, 0, 1, -1)
    with pytest.raises(DerivationError, match="pole"):
        series(1 / N, N, 1)


# n -> infinity


def test_many_agents_are_the_mean_field(finite: ClosedForm, infinite: ClosedForm) -> None:
    proved = prove_equal(specialize(finite, MANY), infinite)
    assert set(proved) == set(infinite.table)


@pytest.mark.parametrize("name", ["C2", "D2", "p2", "h11", "Qs", "h00", "A6", "k2", "p1"])
def test_a_wrong_limit_is_seen(finite: ClosedForm, infinite: ClosedForm, name: str) -> None:
    wrong = replaced(infinite, symbol(name), 1 + beta if name == "p1" else sp.Integer(-1))
    if name == "p1":
        # a multiple of the polynomial has the same roots, another polynomial has not
        old = infinite[p1]
        wrong = ClosedForm(
            tuple(
                replace(d, expression=old + p1) if d.symbol == p1 else d
                for d in infinite.definitions
            ),
            infinite.nonzero,
        )
    with pytest.raises(DerivationError, match=f"differ in {name}"):
        prove_equal(specialize(finite, MANY), wrong)


def test_keeping_own_weight_is_not_the_mean_field(finite: ClosedForm, infinite: ClosedForm) -> None:
    with pytest.raises(DerivationError, match="differ"):
        prove_equal(specialize(finite, {N: 0, m_2: 0}), infinite)


# The 1/n expansion


def expected_rates() -> dict[sp.Symbol, sp.Expr]:
    """The published constants, with d = -theta d/dkappa."""
    dp1, dp2, dQ, dq3 = symbols("dp1 dp2 dQ dq3")
    K2, K3 = (p2 + Q * p1) / (1 - Q), q3 / (1 - Q)
    return {
        symbol("dk1"): dp1 + Q * (p2 + Q * p1) / (1 - Q),
        symbol("dk2"): (dp2 + dQ * p1 + Q * dp1 + dQ * K2) / (1 - Q) - K2 * Q * (2 - Q) / (1 - Q),
        symbol("dk3"): (dq3 + dQ * K3) / (1 - Q) - K3 * Q / (1 - Q),
    }


def root_slope() -> sp.Expr:
    """dp1 = -theta p1', p1' = -C_kappa / C_p, from the cubic as published, kappa = 1."""
    D1 = lam - r - B * p1
    D2 = lam - 2 * r - 2 * B * p1 - s2 * p1**2
    inner = lam * B * D2 - D1**2 * (B + s2 * p1)
    cubic = beta * B * D1 * D2 + gamma * inner
    return theta * gamma * inner / sp.diff(cubic, p1)


def test_rate_constants_are_the_published_ones(rates: ClosedForm) -> None:
    for name, value in expected_rates().items():
        assert rates.vanishes(rates[name] - value)
    assert rates.vanishes(symbol("dp1") - root_slope())


def test_wrong_rate_constants_are_seen(rates: ClosedForm) -> None:
    for name, value in expected_rates().items():
        assert not rates_in_atoms(rates).vanishes(rates[name] + value)
    assert not rates.vanishes(symbol("dp1") + root_slope())


def rates_in_atoms(rates: ClosedForm) -> ClosedForm:
    """The rates with the responses and their changes as parameters."""
    return ClosedForm(tuple(d for d in rates.definitions if d.symbol.name in ("S", "dS", "dW")), ())


def number(expression: sp.Expr, values: dict[sp.Symbol, Any]) -> Any:
    """Evaluate a rational expression in the reference's precision."""
    if isinstance(expression, sp.Symbol):
        return values[expression]
    if isinstance(expression, sp.Rational):
        return spec.ctx.mpf(int(expression.p)) / int(expression.q)
    if isinstance(expression, sp.Pow):
        return number(expression.base, values) ** int(expression.exp)
    parts = [number(argument, values) for argument in expression.args]
    return sum(parts) if isinstance(expression, sp.Add) else math.prod(parts)


def evaluated(form: ClosedForm, known: dict[str, Any]) -> dict[str, Any]:
    """Run a program; roots must be known."""
    values = {symbol(name): value for name, value in known.items()}
    for definition in form.definitions:
        if definition.symbol not in values:
            values[definition.symbol] = number(definition.expression, values)
    return {s.name: v for s, v in values.items()}


def inputs(name: str) -> dict[str, Any]:
    p = prepare(cases.SETS[name], spec.ctx.one)
    renamed = {"lam": "lambda"}
    return {renamed.get(k, k): v for k, v in p.items() if k in PARAMETERS} | {"m_b": 0, "m_s": 0}


PARAMETERS = "r B nu sigma s2 theta gamma alpha beta lam".split()


@pytest.mark.parametrize("name", ["S1", "S2", "S3"])
def test_rate_constants_numerically(rates: ClosedForm, name: str) -> None:
    root = spec.mean_field(cases.SETS[name])["p1"]
    found = evaluated(
        ClosedForm(rates.needed(symbols("dk1 dk2 dk3")), ()), inputs(name) | {"p1": root}
    )
    expected = homogeneous.rate_constants(cases.SETS[name])
    for constant, value in zip(("dk1", "dk2", "dk3"), expected, strict=True):
        assert abs(found[constant] - value) < spec.ctx.mpf(10) ** -30
    if name == "S1":
        pairs = zip(("dk1", "dk2", "dk3"), cases.RATE_CONSTANTS)
        assert all(cases.agrees(found[k], printed) for k, printed in pairs)


def test_second_order_of_the_expansion(finite: ClosedForm) -> None:
    """n^2 (k_n - k_inf - k'/n) tends to half the second derivative."""
    inner = {kappa: 1 - theta * N}
    first = derivative(finite, (k1, k2, k3), N, inner)
    second = derivative(first, symbols("dk1 dk2 dk3"), N, inner)
    form = specialize(second, MANY)
    names = symbols("dk1 ddk1 ddk2 ddk3")
    root = spec.mean_field(cases.S1)["p1"]
    found = evaluated(ClosedForm(form.needed(names), ()), inputs("S1") | {"p1": root})
    n = spec.ctx.mpf(10) ** 12
    near, far = spec.n_agent(cases.S1, 10**12), spec.mean_field(cases.S1)
    rates = homogeneous.rate_constants(cases.S1)
    for name, rate in zip(("k1", "k2", "k3"), rates, strict=True):
        gap = n**2 * (near[name] - far[name] - rate / n)
        assert abs(gap - found[f"dd{name}"] / 2) < spec.ctx.mpf(10) ** -9


# lambda -> infinity

LIMITS = {
    p1: beta * B / (gamma * kappa * s2),
    p2: sp.S.Zero,
    Qb: sp.S.Zero,
    Qs: theta * sigma / (kappa * s2),
    q3: alpha * B / (gamma * kappa * s2),
}


def test_large_hazard_rate(single: ClosedForm) -> None:
    found = at_infinity(single, LIMITS, lam, order=1)
    for name, value in LIMITS.items():
        assert sp.cancel(found[name][0] - value) == 0
    assert sp.cancel(found[p1][0] + LIMITS[p1]) != 0


@pytest.mark.parametrize("name", ["p1", "p2", "q3", "Qb", "Qs"])
def test_corrections_of_order_one_over_hazard(single: ClosedForm, name: str) -> None:
    """lambda (value - limit - first/lambda) halves when lambda doubles."""
    coefficients = at_infinity(single, [symbol(name)], lam, order=2)[symbol(name)]
    given = inputs("S1") | {"kappa": spec.ctx.mpf("0.9")}
    point = {symbol(k): v for k, v in given.items()}
    limit_value, first, second = (number(c, point) for c in coefficients)
    hazard = spec.ctx.mpf(10) ** 8
    p = prepare({**cases.S1, "lam": str(10**8)}, spec.ctx.mpf("0.9"))
    roots = [row["p1"] for row in root_table(p)]
    root = min(roots, key=abs)
    known = given | {"lambda": hazard, "p1": root}
    value = evaluated(ClosedForm(single.needed([symbol(name)]), ()), known)[name]
    rest = value - limit_value - first / hazard - second / hazard**2
    assert abs(rest) < 100 / hazard**3


def test_other_roots_grow_and_are_inadmissible(single: ClosedForm) -> None:
    weight = beta - gamma * kappa
    found = growing_roots(single, p1, lam, rho)
    assert sp.expand(found - (B**2 * weight * rho**2 - B * weight * rho - gamma * kappa)) == 0
    second_moment = explicit(single, symbol("D2")).xreplace({p1: rho * lam})
    coefficient, power = leading(second_moment, lam, infinity=True)
    assert (coefficient, power) == (-s2 * rho**2, 2)  # negative for every real growth rate


def test_a_root_that_is_not_unique_is_refused() -> None:
    parts = (
        Definition(symbol("C0"), lam),
        Definition(p1, lam * p1**2 - symbol("C0"), (lam, symbol("C0")), is_solution=True),
    )
    with pytest.raises(DerivationError, match="not exactly one"):
        at_infinity(ClosedForm(parts, ()), [p1], lam)
