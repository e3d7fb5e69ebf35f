"""Consumption in the form that an author writes first: the value has a factor, no power of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp

from eqsolve import solve
from eqsolve.derivation.derivation import derive
from eqsolve.derivation.solve.solution import solve as formulas
from eqsolve.derivation.solve.step import Root
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
    parameter,
    positive,
)
from eqsolve.kernels.monotone import slopes
from eqsolve.verify.proof.proof import prove

x, c, cbar, pi = sp.symbols("x c cbar pi")
r, g, rho, s, n, mu, h, A, f, k = sp.symbols("r g rho s n mu h A f k")
AVERSION = parameter(g, "risk aversion", positive - sp.FiniteSet(1))


def pool() -> Model:
    """Fishers of one stock: dX = (r X - n cbar) dt + s X dW, power utility of the catch."""
    return Model(
        Game(
            "pool",
            states=(State(x, r * x - n * cbar, {"W": s * x}),),
            players=(Player("fisher", (c,), expected(c ** (1 - g) / (1 - g)), discount=rho),),
            horizon=Horizon(),
            laws=(Law(cbar, c, given=("W",)),),
            crowd=Crowd("fisher", n),
        ),
        Ansatz({"J": A * x ** (1 - g) / (1 - g)}, feedback={c: f * x}),
        Vocabulary(
            parameter(r, "growth"),
            AVERSION,
            parameter(rho, "discount rate", positive),
            parameter(s, "volatility", nonnegative),
            parameter(n, "number", sp.Range(1, sp.oo)),
        ),
    )


def needs() -> Model:
    """Merton's problem with a need h that consumption may not fall below."""
    spare = x - h / r
    return Model(
        Game(
            "needs",
            states=(State(x, r * x + (mu - r) * pi - c, {"W": s * pi}),),
            players=(
                Player("saver", (pi, c), expected((c - h) ** (1 - g) / (1 - g)), discount=rho),
            ),
            horizon=Horizon(),
        ),
        Ansatz({"J": A * spare ** (1 - g) / (1 - g)}, feedback={pi: k * spare, c: h + f * spare}),
        Vocabulary(
            parameter(r, "rate", positive),
            parameter(mu, "drift"),
            parameter(s, "volatility", positive),
            AVERSION,
            parameter(rho, "discount rate", positive),
            parameter(h, "need", nonnegative),
        ),
    )


@pytest.mark.parametrize("aversion", ["0.8", "2", "7/3"])
def test_the_rate_of_a_common_pool_is_found(aversion: str) -> None:
    # f (1/(1-g) - n) = rho/(1-g) - r + g s^2/2, by hand from c^(-g) = A x^(-g)
    b, count = Fraction(aversion), 2
    rate = (Fraction("0.1") / (1 - b) - Fraction("0.05") + b * Fraction("0.02")) / (
        1 / (1 - b) - count
    )
    answer = solve(pool(), r="0.05", rho="0.1", s="0.2", g=aversion, n=count)
    assert answer.status.label == "ok"
    assert answer.coefficients["f"] == pytest.approx(float(rate), rel=1e-14)
    assert answer.coefficients["A"] == pytest.approx(float(rate) ** -float(b), rel=1e-14)


def test_needs_shift_wealth() -> None:
    answer = solve(needs(), r="0.03", mu="0.08", s="0.2", g=2, rho="0.05", h="0.01", x=1)
    # k = (mu - r)/(g s^2); f = (rho - (1 - g)(r + (mu - r)^2/(2 g s^2)))/g
    assert answer.coefficients["k"] == pytest.approx(0.625, rel=1e-14)
    assert answer.coefficients["f"] == pytest.approx(0.0478125, rel=1e-14)
    assert answer.at["c"] == pytest.approx(0.01 + 0.0478125 * 2 / 3, rel=1e-14)
    assert answer.message == "The only admissible solution is selected."


@pytest.mark.parametrize("build", [pool, needs])
def test_the_equation_of_the_factor_is_monotone_and_proved(build: Callable[[], Model]) -> None:
    derivation = derive(build())
    (root,) = (step for step in formulas(derivation).steps if isinstance(step, Root))
    # without its solution at zero, where powers have no value
    assert root.symbol == A and not root.equation.subs(A, 0).is_zero
    assert slopes(root.equation, A)
    checks = prove(derivation)
    assert not [check for check in checks if check.verdict == "fail"]


def test_a_doubled_rate_is_seen() -> None:
    derivation = derive(needs())
    system = replace(
        derivation.system, feedback={**derivation.system.feedback, f: 2 * A ** (-1 / g)}
    )
    wrong = replace(derivation, system=system)
    assert any(check.verdict == "fail" for check in prove(wrong))
