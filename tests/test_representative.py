"""One player's problem is derived from the crowd's declaration as the paper writes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sympy as sp

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance import wealth
from eqsolve.errors import DerivationError
from eqsolve.game import Game, Horizon, Model, Moment, Player, Preference, State
from eqsolve.handle import Handle
from eqsolve.notated.representative import Representative
from eqsolve.registry import model
from eqsolve.words.equilibrium import solve

r, b, B, nu, sigma, theta, lam = mv.r, mv.b, mv.B, mv.nu, mv.sigma, mv.theta, mv.lam
x, y, p, m_b, m_s, m_2 = mv.x, mv.y, mv.p, mv.m_b, mv.m_s, mv.m_2


def by_hand(name: str, own_weight: sp.Expr, continuum: bool = False) -> Game:
    """(2.3), (2.6)-(2.9): the problem of one agent as the paper writes it."""
    weight = sp.S.One if own_weight == 1 else mv.kappa
    z = weight * x - theta * y
    mean, square = Moment("G", z), Moment("H", z**2)
    preference = Preference(
        (mean, square),
        (mv.alpha + mv.beta * x) * mean.symbol - mv.gamma / 2 * (square.symbol - mean.symbol**2),
    )
    noise = {} if continuum else {"others": sp.sqrt(m_2)}
    return Game(
        name,
        (
            State(x, drift=r * x + B * p, loadings={"W": nu * p, "W_0": sigma * p}),
            State(y, drift=r * y + m_b, loadings={"W_0": m_s} | noise),
        ),
        (Player("agent", (p,), preference),),
        Horizon(lam),
        definitions=({mv.N: 1 / mv.n} if own_weight.has(mv.N) else {})
        | {B: b - r, mv.s2: nu**2 + sigma**2}
        | ({} if weight == 1 else {mv.kappa: own_weight}),
    )


@pytest.mark.parametrize(
    ("of", "own_weight", "continuum"),
    [
        (mv.OF_MANY, 1 - theta * mv.N, False),
        (mv.OF_ALL, sp.S.One, True),
        (mv.OF_DIFFERENT, 1 - theta * mv.w, False),
    ],
)
def test_the_agents_problem_is_the_papers(
    of: Representative, own_weight: sp.Expr, continuum: bool
) -> None:
    found, expected = of.game("name"), by_hand("name", own_weight, continuum)
    assert found == expected
    assert found.environment == ((m_b, m_s) if continuum else (m_b, m_s, m_2))
    # the order counts: it is that of what is printed
    assert [*found.definitions] == [*expected.definitions]
    assert [[*s.loadings] for s in found.states] == [[*s.loadings] for s in expected.states]


def test_aggregates_and_forms_are_the_papers() -> None:
    assert mv.OF_MANY.aggregates == {
        m_b: B * mv.g,
        m_s: sigma * mv.g,
        m_2: mv.N * nu**2 * mv.g2,
    }
    assert mv.OF_MANY.moments["G"] == mv.a * x + mv.c * y + mv.d
    assert mv.OF_MANY.moments == mv.OF_ALL.moments == mv.OF_DIFFERENT.moments
    assert mv.OF_MANY.feedback == mv.p1 * x + mv.p2 * y + mv.p3
    assert mv.OF_MANY.parameters == (*mv.OF_ALL.played, "n", "m_b", "m_s", "m_2")


def _of(declared: Model) -> Representative:
    return replace(mv.OF_MANY, declared=declared)


def _market(change: Callable[[sp.Expr], sp.Expr]) -> Model:
    """The crowd with another drift of wealth."""
    found = wealth.response()
    (own,) = found.game.states
    return replace(found, game=replace(found.game, states=(replace(own, drift=change(own.drift)),)))


def test_another_crowd_is_another_problem() -> None:
    """Planted: a drift off by a factor, and a law that is conditioned on no noise."""
    doubled = _of(_market(lambda drift: drift + wealth.r * wealth.x)).game("name")
    assert [s.drift for s in doubled.states] == [2 * r * x + B * p, 2 * r * y + m_b]
    found = wealth.response()
    (law,) = found.game.laws
    apart = replace(found, game=replace(found.game, laws=(replace(law, given=()),)))
    with pytest.raises(DerivationError, match="no parameter is the average"):
        _of(apart).game("name")


def test_a_declaration_is_solved_like_the_game_of_its_name() -> None:
    """Also one that no file exports: the response that other games use."""
    given: dict[str, Any] = dict(model("best-response").cases["S1, n = 3"])
    named, handed = solve(Handle("best-response"), **given), solve(mv.RESPONSE, **given)
    assert handed.ok and handed.to_dict() == named.to_dict()


def test_what_cannot_be_represented_is_refused() -> None:
    found = wealth.response()
    with pytest.raises(DerivationError, match="no crowd"):
        _of(wealth.alone())
    lacking = {m: e for m, e in found.frozen.items() if m != wealth.m_s}
    with pytest.raises(DerivationError, match="no parameter is the average over the others of pi"):
        _of(replace(found, frozen=lacking)).game("name")
