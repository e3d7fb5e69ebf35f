"""Special cases of the games, proved exactly, and planted errors that must be seen."""

from __future__ import annotations

import pytest
import sympy as sp

from eqsolve.arithmetic.algebra import is_zero
from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.derivation.reductions import explicit, factored, specialize
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.errors import DerivationError
from eqsolve.registry import model

r, B, b, nu, sigma, s2 = symbols("r B b nu sigma s2")
theta, gamma, alpha, beta, lam, kappa, N = symbols("theta gamma alpha beta lambda kappa N")
p1, p2, p3, q3, Qb, Qs, Q = symbols("p1 p2 p3 q3 Qb Qs Q")
c, h11, k1, k2, k3, m_2 = symbols("c h11 k1 k2 k3 m_2")
D1, D2, Delta = symbols("D1 D2 Delta")
CONSTANT = {beta: 0, r: 0, p1: 0}
OWN = {kappa: 1 - theta * N, s2: nu**2 + sigma**2}


@pytest.fixture(scope="module")
def single() -> ClosedForm:
    return model("best-response").derivation.form


@pytest.fixture(scope="module", params=["n-agent", "mean-field"])
def game(request: pytest.FixtureRequest) -> tuple[ClosedForm, dict[sp.Symbol, sp.Expr]]:
    own = OWN if request.param == "n-agent" else {**OWN, kappa: sp.S.One}
    return model(request.param).derivation.form, own


def homogeneous_constant(own: sp.Expr, sign: int = 1) -> sp.Expr:
    """Lacker-Zariphopoulou's equilibrium with risk tolerance alpha / gamma, identical agents."""
    scale = sigma**2 + own * nu**2
    phi = sigma * alpha * B / (gamma * scale)
    psi = sign * theta * sigma**2 / scale
    return (alpha * B / gamma + theta * sigma * phi / (1 - psi)) / scale


def test_constant_equilibrium(game: tuple[ClosedForm, dict[sp.Symbol, sp.Expr]]) -> None:
    form, own = game
    special = specialize(form, CONSTANT)
    assert explicit(special, k1) == explicit(special, k2) == 0
    found = explicit(special, k3)
    assert not found.has(lam)
    assert is_zero((found - homogeneous_constant(own[kappa])).subs(own))
    assert not is_zero((found - homogeneous_constant(own[kappa], sign=-1)).subs(own))
    assert not is_zero((found + homogeneous_constant(own[kappa])).subs(own))


def test_constant_response(single: ClosedForm) -> None:
    special = specialize(single, CONSTANT)
    expected = {
        p2: sp.S.Zero,
        Qb: sp.S.Zero,
        Qs: theta * sigma / (kappa * s2),
        q3: alpha * B / (gamma * kappa * s2),
    }
    for name, value in expected.items():
        assert is_zero(explicit(special, name) - value)
    assert not is_zero(explicit(special, q3) - alpha * B / (gamma * s2))


def test_other_roots_of_the_constant_case_have_no_constant(single: ClosedForm) -> None:
    """At beta = r = 0 the determinant Delta vanishes at every root but zero."""
    special = specialize(single, {beta: 0, r: 0})
    cubic = factored(explicit(special, special[p1]))
    quotient, rest = sp.div(sp.numer(sp.cancel(cubic / p1)), explicit(special, Delta), p1)
    assert sp.expand(rest) == 0
    assert not quotient.has(p1) and quotient != 0


def test_a_value_that_is_no_root_is_refused(single: ClosedForm) -> None:
    with pytest.raises(DerivationError, match="not a root"):
        specialize(single, {beta: 0, r: 0, p1: B / s2})
    with pytest.raises(DerivationError, match="not a root"):
        specialize(single, {beta: 0, p1: 0})
    with pytest.raises(DerivationError, match="not free to choose"):
        specialize(single, {p2: 0})


def test_a_broken_assumption_is_refused(single: ClosedForm) -> None:
    with pytest.raises(DerivationError, match="divides by zero|assumed nonzero"):
        specialize(single, {kappa: 0})
    with pytest.raises(DerivationError, match="divides by zero|assumed nonzero"):
        specialize(single, {lam: r})


def test_no_competition(game: tuple[ClosedForm, dict[sp.Symbol, sp.Expr]]) -> None:
    form, own = game
    weight = own[kappa].subs(theta, 0)
    special = specialize(
        form, {theta: 0, kappa: weight} if form.parameters.count(kappa) else {theta: 0}
    )
    assert all(special[s] == 0 for s in (p2, Qb, Qs, c, h11, Q, k2))
    expected = alpha * B * D1 * D2 / (gamma * Delta)
    assert special.vanishes(q3 - expected)
    assert not special.vanishes(special[q3] - expected * 2)
    assert special.vanishes(special[k1] - p1)
    assert special.vanishes(special[k3] - q3)
    assert is_zero(explicit(special, q3) - explicit(special, expected))


def test_competition_is_proportional_to_theta(single: ClosedForm) -> None:
    """With own weight held fixed, p2, c, h11, Qb, Qs carry the factor theta."""
    for name in (p2, c, h11, Qb, Qs):
        top, bottom = sp.fraction(explicit(single, name))
        assert not bottom.has(theta)
        polynomial = sp.Poly(top, theta)
        assert polynomial.degree() == 1 and polynomial.coeff_monomial(1) == 0
    assert not explicit(single, q3).has(theta)


def test_no_constant_weight(game: tuple[ClosedForm, dict[sp.Symbol, sp.Expr]]) -> None:
    form, _ = game
    special = specialize(form, {alpha: 0})
    assert special[q3] == 0 and special[k3] == 0
    assert special[k2] != 0


def test_one_agent() -> None:
    """With n = 1 the competitors' aggregate is empty and the feedback is the response."""
    special = specialize(model("n-agent").derivation.form, {N: 1})
    assert special[symbol("S")] == 1
    assert special.vanishes(special[k1] - p1)
    assert special.vanishes(special[k3] - q3)


def test_no_interest() -> None:
    """r = 0: no reaction to the competitors' wealth, and beta q3 = alpha p1."""
    special = specialize(model("best-response").derivation.form, {r: 0})
    assert special[p2] == 0
    assert special.vanishes(beta * q3 - alpha * p1)
    assert not special.vanishes(beta * q3 + alpha * p1)
