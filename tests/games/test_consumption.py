"""Consumption in the form that an author writes first: the value has a factor, no power of one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp

from eqsolve import solve
from eqsolve.derivation.derivation import derive
from eqsolve.derivation.solve.solution import solve as formulas
from eqsolve.derivation.solve.step import Root
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
    parameter,
    positive,
)
from eqsolve.kernels.steps.monotone import slopes
from eqsolve.verify.proof.proof import prove

x, c, cbar, pi = sp.symbols("x c cbar pi")
r, g, rho, s, n, mu, h, A, f, k = sp.symbols("r g rho s n mu h A f k")
T, z, m = sp.symbols("T z m")
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


def needs_until(
    bequest: sp.Expr = x ** (1 - g) / (1 - g), feedback: dict[sp.Symbol, sp.Expr] | None = None
) -> Model:
    """The same up to a time T: what wealth must be above moves in time."""
    spare, endless = x + z, needs()
    (player,) = endless.game.players
    preference = expected((c - h) ** (1 - g) / (1 - g), bequest)
    game = replace(
        endless.game,
        name="needs-until",
        players=(replace(player, preference=preference),),
        horizon=Horizon(end=T),
    )
    forms = feedback or {pi: k * spare, c: h + f * spare}
    letters = Vocabulary(*endless.vocabulary, parameter(T, "end", positive))
    return Model(game, Ansatz({"J": A * spare ** (1 - g) / (1 - g)}, forms), letters)


UNTIL = {"r": "0.03", "mu": "0.08", "s": "0.2", "g": 2, "rho": "0.05", "h": "0.01", "T": 10}


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


def test_a_shift_of_wealth_moves_in_time() -> None:
    answer = solve(needs_until(), UNTIL, x=1)
    # z' = r z + h, z(T) = 0; with g = 2, B = sqrt(A) solves B' = -1 + B M/2, B(T) = 1
    assert answer.coefficients["z"] == pytest.approx(math.expm1(-0.3) / 3, rel=1e-14)
    M = 0.05 + 0.03 + 0.05**2 / (2 * 2 * 0.04)
    B = 2 / M + (1 - 2 / M) * math.exp(-M / 2 * 10)
    assert answer.coefficients["A"] == pytest.approx(B**2, rel=1e-13)
    spare = 1 + math.expm1(-0.3) / 3
    assert answer.at["c"] == pytest.approx(0.01 + spare / B, rel=1e-13)
    assert {check.verdict for check in prove(derive(needs_until()))} == {"pass"}


def test_a_bequest_above_another_floor_ends_the_shift() -> None:
    floor = needs_until((2 * x - h) ** (1 - g) / (1 - g))
    terminal = derive(floor).system.terminal
    assert sp.expand(terminal[z] + h / 2) == 0
    assert sp.log(terminal[A]).subs({g: 3, h: 1}).equals(-2 * sp.log(2))


def test_wealth_below_what_needs_take_is_told_from_a_minimum() -> None:
    for model, given in (
        (needs(), {k: v for k, v in UNTIL.items() if k != "T"}),
        (needs_until(), UNTIL),
    ):
        answer = solve(model, {**given, "x": "0.05"})
        assert answer.status.label == "unresolved"
        assert "at this state a power, a root or a logarithm" in answer.message.lower()


def test_a_form_that_cannot_end_at_the_bequest_names_the_terms() -> None:
    with pytest.raises(DerivationError, match="g - 2 = 0 would be needed for the terms in log"):
        derive(needs_until(x ** (2 - g) / (1 - g)))


def test_the_remedy_for_two_bases_is_one_that_helps() -> None:
    with pytest.raises(DerivationError) as refused:
        derive(needs_until(feedback={pi: k * x + m, c: f * x + n}))
    assert "so that f*x - h + n is a coefficient times x + z" in str(refused.value)
    derive(needs_until(feedback={pi: k * x + m, c: h + f * (x + z)}))
