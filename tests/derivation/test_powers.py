"""Feedback with the logarithm of a coefficient: consumption relative to the others' average.

The logarithm z of wealth follows dz = (mu pi - (nu^2 + sigma^2) pi^2/2 - e^k) dt + ..., with pi the
part in a stock of one's own and e^k the rate of consumption; a continuum of investors has the
utility e^(g (k + z - theta (kbar + m)))/g of consumption and at the end of wealth, relative to the
geometric averages of the others (compare Lacker and Soret, Mathematics and Financial Economics 14,
2020).
"""

from __future__ import annotations

import mpmath
import pytest
import sympy as sp

from eqsolve import solve
from eqsolve.derivation.derivation import derive
from eqsolve.derivation.units import Units
from eqsolve.errors import DerivationError
from eqsolve.game import (
    Ansatz,
    Crowd,
    Game,
    Horizon,
    Law,
    Model,
    Player,
    State,
    Vocabulary,
    expected,
    nonnegative,
    nonzero,
    parameter,
    positive,
)
from eqsolve.verify.proof.proof import prove
from eqsolve.verify.signs import sign

z, pi, k, m, kbar = sp.symbols("z pi k m kbar")
mu, nu, sigma, theta, g, T, A, f = sp.symbols("mu nu sigma theta g T A f")
NUMBERS = {"mu": ".08", "nu": ".2", "sigma": ".15", "theta": ".5", "g": "-1", "T": "2"}


def _consumers(value: sp.Expr, consumption: sp.Expr) -> Model:
    relative = sp.exp(g * (z - theta * m))
    drift = mu * pi - (nu**2 + sigma**2) * pi**2 / 2 - sp.exp(k)
    preference = expected(relative * sp.exp(g * (k - theta * kbar)) / g, relative / g)
    return Model(
        Game(
            "consumers",
            (State(z, drift, {"W": nu * pi, "B": sigma * pi}),),
            (Player("investor", (pi, k), preference),),
            Horizon(end=T),
            laws=(Law(m, z, given=("B",)), Law(kbar, k, given=("B",))),
            crowd=Crowd("investor"),
        ),
        Ansatz({"J": value * relative / g}, {pi: f, k: consumption}),
        Vocabulary(
            parameter(mu),
            parameter(nu, domain=nonnegative),
            parameter(sigma, domain=nonnegative),
            parameter(theta, domain=sp.Interval(0, 1)),
            parameter(g, domain=sp.Interval.open(-sp.oo, 1) - sp.FiniteSet(0)),
            parameter(T, domain=positive),
        ),
    )


CONSUMERS = _consumers(A ** (1 - g * (1 - theta)), -sp.log(A))


def _key() -> tuple[mpmath.mpf, mpmath.mpf]:
    """The part in the stock, and A to the power 3/2 (1 - g (1 - theta) at these numbers)."""
    drift, own, common, weight, power, end = map(mpmath.mpf, NUMBERS.values())
    risk = own**2 + common**2
    part = drift / (risk - power * (own**2 + common**2 * (1 - weight)))

    def slope(_: object, value: list[mpmath.mpf]) -> list[mpmath.mpf]:
        spent = mpmath.log(value[0]) / (power * (1 - weight) - 1)
        growth = drift * part - risk * part**2 / 2 - mpmath.exp(spent)
        spread = (own * part) ** 2 + (common * part * (1 - weight)) ** 2
        flow = mpmath.exp(power * (1 - weight) * spent)
        return [value[0] * (power * (1 - weight) * growth + power**2 * spread / 2) + flow]

    return part, mpmath.odefun(slope, 0, [mpmath.mpf(1)])(end)[0]


def test_the_logarithm_of_a_coefficient_in_the_feedback() -> None:
    answer = solve(CONSUMERS, NUMBERS)
    part, value = _key()
    assert answer.coefficients["f"] == pytest.approx(float(part), rel=1e-12)
    assert answer.coefficients["A"] ** 1.5 == pytest.approx(float(value), rel=1e-10)
    checks = prove(derive(CONSUMERS))
    assert {check.verdict for check in checks} == {"pass"}


def test_another_logarithm_is_refused() -> None:
    with pytest.raises(DerivationError, match="does not satisfy its first-order condition"):
        derive(_consumers(A ** (1 - g * (1 - theta)), -sp.log(A) / 2))


def test_a_relation_that_is_not_seen_is_not_called_an_error() -> None:
    with pytest.raises(DerivationError, match="satisfies its .* relation of powers"):
        derive(_consumers(A, sp.log(A) / (g * (1 - theta) - 1)))


@pytest.mark.parametrize(
    ("expression", "expected_sign"),
    [
        (g - 1, -1),
        ((g - 1) ** 2, 1),
        ((g - 1) ** 3 / (2 - g), -1),
        (g + 1, None),
        (1 - theta, None),
        ((g - 1) * (g * sp.exp(-g * sp.log(A)) - A ** (-g)), 1),
        ((g + 1) * (g * sp.exp(-g * sp.log(A)) - A ** (-g)), None),
    ],
)
def test_signs_of_lines_and_of_powers(expression: sp.Expr, expected_sign: int | None) -> None:
    domains = {letter.symbol: letter.domain for letter in CONSUMERS.vocabulary}
    found = sign(expression, domains, (A,))
    assert (found.sign if found.proved else None) == expected_sign


a, b, c, e, wave = sp.symbols("a b c e wave")
ANY = {a: nonzero, b: sp.S.Reals, c: sp.Interval.open(-1, 1), e: sp.Interval(0, sp.oo)}


@pytest.mark.parametrize(
    ("expression", "expected_sign", "where"),
    [
        (a**2 + b**2, 1, ()),
        (-(a**2) * b**2, None, ("-1 > 0", "b is not 0")),
        (b**2 + (b - 1) ** 2, 1, ()),
        (b**2 + (b - a) ** 2, 1, ()),
        (b**2 + e, None, ("b**2 + e > 0",)),
        (a**2 - 2 * a * b * c + b**2, 1, ()),
        (a**2 * (1 - c**2) + b**2, 1, ()),
        (-(b**4) + b**2 - 1, -1, ()),
        (b**4 - 2 * b**2 + 1, None, ("b + 1 is not 0", "b - 1 is not 0")),
        (b**2 - 3 * b + 2, None, ("(b - 2)*(b - 1) > 0",)),
        (1 + b**-2, 1, ()),
        (3 + 2 * sp.sin(wave) + sp.cos(b) / 2, 1, ()),
        (2 + 2 * sp.sin(wave) + sp.cos(b) / 2, None, ("4*sin(wave) + cos(b) + 4 > 0",)),
        (3 + 2 * sp.sin(wave), 1, ()),
        (2 + c * sp.sin(wave), 1, ()),
        (1 + c - c * e, None, ("-c*e + c + 1 > 0",)),
        (1 + e * (1 - c), 1, ()),
        (1 + sp.sin(wave), None, ("sin(wave) + 1 > 0",)),
        (sp.sqrt(e), None, ("e > 0",)),
        ((e * (1 - c)) ** sp.Rational(2, 3), None, ("e > 0",)),
        (sp.sqrt(b + wave) * (b + wave), 1, ()),
    ],
)
def test_signs_of_squares(
    expression: sp.Expr, expected_sign: int | None, where: tuple[str, ...]
) -> None:
    found = sign(expression, ANY)
    assert (found.sign if found.proved else None) == expected_sign
    assert found.proved or sorted(found.positive_where) == sorted(where)
    assert found.never == (expression in (-(a**2) * b**2, -(b**4) + b**2 - 1))


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ((nu * (1 - z**2)) ** g, nu**g * (1 - z**2) ** g),
        (sp.sqrt(nu * (z - z**2)), sp.sqrt(nu) * sp.sqrt(z) * sp.sqrt(1 - z)),
        (sp.log(nu * (1 - z**2)), sp.log(nu) + sp.log(1 - z**2)),
        ((1 - z) ** g, (1 - z) ** g),
    ],
)
def test_the_sign_of_a_sum_stays_with_it(written: sp.Expr, spelled: sp.Expr) -> None:
    units = Units.of([written, spelled, nu])
    assert units.ratio(written - spelled).is_zero()
    assert not units.ratio(written - nu * spelled).is_zero()


def test_terms_with_an_unknown_inside_a_power_lack_none() -> None:
    expression = A * k ** (-g) * z - z + z**2
    units = Units.of([expression])
    assert units.unmatched([units.monomials(expression, (z,))], (k,)) == " for the terms in z**2"
