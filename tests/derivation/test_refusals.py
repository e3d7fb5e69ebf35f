"""Declarations that are easily got wrong are right, or refused with game, stage and remedy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import sympy as sp

from eqsolve.derivation.derivation import derive
from eqsolve.errors import DerivationError
from eqsolve.game import (
    Ansatz,
    Clock,
    Crowd,
    Game,
    Horizon,
    Law,
    Model,
    Moment,
    Player,
    Preference,
    State,
    Vocabulary,
    expected,
    parameter,
    positive,
    t,
)

x, u, y = sp.symbols("x u y")
s, q, T, rho, w = sp.symbols("s q T rho w")
lam = sp.Symbol("lambda")
P, c, k, z = sp.symbols("P c k z")
m, v, ubar, mark = sp.symbols("m v ubar mark")
half = sp.Rational(1, 2)
COST = half * (x**2 + u**2)
G, H = Moment("G", x), Moment("H", x**2)


def regulator(
    drift: Any = u,
    cost: Any = COST,
    payoff: Any = 0,
    *,
    sense: Any = "minimize",
    preference: Preference | None = None,
    states: Any = None,
    horizon: Any = None,
    discount: Any = 0,
    functions: Mapping[str, Any] | None = None,
    feedback: Mapping[Any, Any] | None = None,
    vocabulary: Vocabulary | None = None,
    loading: Any = s,
    jumps: Mapping[str, Any] | None = None,
    **game: Any,
) -> Model:
    """A regulator, dX = u dt + s dW with cost (X^2 + u^2)/2 up to a random time, with a change."""
    wanted = preference or expected(cost, payoff, sense)
    return Model(
        Game(
            "toy",
            states or (State(x, drift, {"W": loading}, jumps or {}),),
            (Player("one", (u,), wanted, discount),),
            horizon or Horizon(lam),
            **game,
        ),
        Ansatz(functions or {"J": P * x**2 / 2 + c}, feedback or {u: -k * x}),
        vocabulary
        or Vocabulary(
            *(parameter(symbol) for symbol in (s, q, rho, w)),
            *(parameter(symbol, "", positive) for symbol in (lam, T)),
        ),
    )


def crowd(running: Any = half * ((x - m) ** 2 + u**2), **changes: Any) -> Model:
    """The same for a continuum that keeps together."""
    functions = {"J": P * x**2 / 2 + q * x * m + w * m**2 + c}
    defaults = {
        "laws": (Law(m, x),),
        "crowd": Crowd("one"),
        "functions": functions,
        "feedback": {u: -k * x - z * m},
        "vocabulary": Vocabulary(parameter(s), parameter(lam, "", positive)),
    }
    return regulator(cost=running, **(defaults | changes))


def test_the_unchanged_declarations_are_derived() -> None:
    system = derive(regulator()).system
    assert system.feedback == {k: P}
    assert sp.expand(system.rates[P] - (P**2 + lam * P - 1)) == 0
    assert sp.expand(system.rates[c] - (lam * c - P * s**2 / 2)) == 0
    closed = derive(crowd()).system.feedback
    assert closed == {k: P, z: q}


# -- right: what used to be answered wrongly -----------------------------------------------------


def test_a_terminal_cost_at_a_fixed_time_gives_terminal_values() -> None:
    derivation = derive(regulator(payoff=q * x**2 / 2, horizon=Horizon(end=T)))
    assert not derivation.stationary
    assert derivation.system.terminal == {P: q, c: 0}
    assert sp.expand(derivation.system.rates[P] - (P**2 - 1)) == 0


def test_the_earlier_of_two_horizons_has_the_hazard_rate_and_the_terminal_values() -> None:
    derivation = derive(regulator(payoff=q * x**2 / 2, horizon=Horizon(lam, T)))
    assert derivation.system.terminal == {P: q, c: 0}
    assert sp.expand(derivation.system.rates[P] - (P**2 + lam * (P - q) - 1)) == 0


@pytest.mark.parametrize(
    ("change", "rate"),
    [
        ({"horizon": Horizon(lam * t)}, P**2 + lam * t * P - 1),
        ({"drift": u - t * x}, P**2 + (lam + 2 * t) * P - 1),
        ({"cost": half * (t * x**2 + u**2)}, P**2 + lam * P - t),
        ({"discount": rho * t}, P**2 + (lam + rho * t) * P - 1),
    ],
    ids=["hazard rate", "drift", "cost", "discount rate"],
)
def test_what_moves_in_time_is_not_stationary(change: dict[str, Any], rate: sp.Expr) -> None:
    derivation = derive(regulator(**change))
    assert not derivation.stationary
    assert sp.expand(derivation.system.rates[P] - rate) == 0


def test_a_coefficient_shared_with_the_feedback_is_right_or_refused() -> None:
    assert sp.expand(derive(regulator(feedback={u: -P * x})).system.rates[P]) == (
        P**2 + lam * P - 1
    )
    with pytest.raises(DerivationError, match="does not satisfy its first-order condition"):
        derive(regulator(feedback={u: -2 * P * x}))


def test_a_needless_coefficient_of_the_feedback_is_zero() -> None:
    assert derive(regulator(feedback={u: -k * x + z})).system.feedback == {k: P, z: 0}


# -- refused --------------------------------------------------------------------------------------

MEAN_VARIANCE = Preference((G, H), G.symbol - w * (H.symbol - G.symbol**2))

#: What is declared, the stage that refuses it and words of the error.
REFUSED: dict[str, tuple[Callable[[], Model], str, str]] = {
    "horizon of a kind": (lambda: regulator(horizon=Horizon("fixed", T)), "game", "fixed"),
    "text for a horizon": (lambda: regulator(horizon="random"), "game", "must be a Horizon"),
    "maximum for minimum": (
        lambda: regulator(sense="maximize"),
        "second-order condition",
        'Did you mean the sense "minimize"',
    ),
    "minimum for maximum": (
        lambda: regulator(cost=-COST),
        "second-order condition",
        'Did you mean the sense "maximize"',
    ),
    "misspelt sense": (lambda: regulator(sense="minimise"), "game", "minimise"),
    "undeclared aggregate": (lambda: regulator(drift=u + ubar), "game", "drift of x has ubar"),
    "another aggregate": (
        lambda: crowd(half * ((x - y) ** 2 + u**2)),
        "game",
        "running part of J has y",
    ),
    "undeclared moment": (
        lambda: regulator(
            preference=Preference((G,), G.symbol - w * H.symbol), functions={"G": P * x + c}
        ),
        "game",
        "preference of one has H",
    ),
    "law without a crowd": (
        lambda: regulator(drift=u + ubar, laws=(Law(ubar, u),)),
        "game",
        "a law needs a crowd",
    ),
    "law of a noise that is none": (
        lambda: crowd(laws=(Law(m, x, given=("Z",)),)),
        "game",
        "given Z",
    ),
    "mean over all noises beside one given a common noise": (
        lambda: crowd(laws=(Law(m, x, given=("W",)), Law(ubar, u))),
        "laws",
        "ubar is not given W",
    ),
    "one law twice": (lambda: crowd(laws=(Law(m, x), Law(ubar, x))), "laws", "are the same law"),
    "law of no state in the ansatz": (
        lambda: crowd(laws=(Law(m, 2 * x + 1),)),
        "ansatz",
        "the law of no state",
    ),
    "clock that strikes all": (
        lambda: crowd(
            laws=(Law(m, x, given=("N",)),),
            states=(State(x, u, {"W": s}, {"N": s}),),
            clocks=(Clock("N", lam),),
        ),
        "laws",
        "strike all players at once",
    ),
    "moments that share a coefficient": (
        lambda: regulator(
            rho * x + u,
            preference=Preference((G, H), G.symbol - w / x * (H.symbol - G.symbol**2)),
            functions={"G": P * x, "H": P * x**2},
            loading=s * u,
            horizon=Horizon(end=T),
        ),
        "matching",
        "does not close",
    ),
    "coefficient named like a parameter": (
        lambda: regulator(functions={"J": lam * x**2 / 2 + c}),
        "matching",
        "does not close",
    ),
    "coefficient named like a control": (
        lambda: regulator(functions={"J": P * x**2 / 2 + u}),
        "ansatz",
        "another letter",
    ),
    "parameter named like a state": (
        lambda: regulator(vocabulary=Vocabulary(parameter(s), parameter(lam), parameter(x))),
        "game",
        "declared as state and as parameter",
    ),
    "time as a parameter": (
        lambda: regulator(vocabulary=Vocabulary(parameter(s), parameter(lam), parameter(t))),
        "game",
        "declared as time and as parameter",
    ),
    "time with assumptions": (
        lambda: regulator(drift=u - sp.Symbol("t", real=True) * x),
        "game",
        "called t",
    ),
    "two symbols of a name": (
        lambda: regulator(feedback={u: -k * sp.Symbol("x", real=True)}),
        "game",
        "two different symbols are called x",
    ),
    "floating-point number": (lambda: regulator(drift=u - 0.1 * x), "game", "floating-point"),
    "floating-point ansatz": (
        lambda: regulator(functions={"J": 0.5 * P * x**2 + c}),
        "game",
        "floating-point",
    ),
    "imaginary drift": (lambda: regulator(drift=u + sp.I * x), "game", "finite real"),
    "infinite cost": (lambda: regulator(cost=COST + sp.oo), "game", "finite real"),
    "function without definition": (
        lambda: regulator(drift=u + sp.Function("f")(x)),
        "game",
        "without a definition",
    ),
    "text for a drift": (lambda: regulator(drift="u"), "game", "not an expression of SymPy"),
    "text for a control": (
        lambda: regulator(feedback={"u": -k * x}),
        "ansatz",
        "feedback for u",
    ),
    "state without comma": (
        lambda: regulator(states=(State(x, u, {"W": s}))),
        "game",
        "must be a tuple of State",
    ),
    "abbreviation of a state": (
        lambda: regulator(drift=u - w * x, definitions={w: x}, vocabulary=Vocabulary()),
        "game",
        "definition of w has x",
    ),
    "abbreviation before its parts": (
        lambda: regulator(
            drift=u - w * x,
            definitions={w: z, z: s},
            vocabulary=Vocabulary(parameter(s), parameter(lam)),
        ),
        "game",
        "definition of w has z",
    ),
    "misspelt function": (
        lambda: regulator(functions={"V": P * x**2 / 2 + c}),
        "ansatz",
        "one for each of J",
    ),
    "misspelt control": (lambda: regulator(feedback={z: -k * x}), "ansatz", "one for each of u"),
    "misspelt notion": (lambda: regulator(notion="nash"), "notion", "Choose one of"),
    "misspelt player": (lambda: crowd(crowd=Crowd("on")), "game", "The players are one"),
    "half a player": (lambda: crowd(crowd=Crowd("one", half)), "game", "integer from 2"),
    "crowd with weights": (
        lambda: crowd(
            crowd=Crowd("one", 3, weights=rho),
            vocabulary=Vocabulary(parameter(s), parameter(lam), parameter(rho)),
        ),
        "game",
        "weights",
    ),
    "feedback that is too small": (
        lambda: regulator(cost=COST + x),
        "matching",
        "Enlarge the ansatz",
    ),
    "ansatz that does not close": (
        lambda: regulator(drift=u - x**3),
        "matching",
        "Enlarge the ansatz",
    ),
    "ansatz without its constant": (
        lambda: regulator(functions={"J": P * x**2 / 2}),
        "matching",
        "Enlarge the ansatz",
    ),
    "freed coefficient": (
        lambda: regulator(functions={"J": (P + z) * x**2 / 2 + c}),
        "matching",
        "no equation determines P, z",
    ),
    "payoff that the ansatz cannot equal": (
        lambda: regulator(payoff=x**4, horizon=Horizon(end=T)),
        "terminal values",
        "cannot equal the payoff",
    ),
    "linear payoff for an even ansatz": (
        lambda: regulator(payoff=x, horizon=Horizon(end=T)),
        "terminal values",
        "cannot equal the payoff",
    ),
    "payoff of a control": (
        lambda: regulator(payoff=u**2),
        "game",
        "running part of a moment",
    ),
    "payoff of the law of a control": (
        lambda: crowd(payoff=ubar**2, laws=(Law(m, x), Law(ubar, u))),
        "game",
        "payoff of J depends on a control",
    ),
    "no discount": (lambda: regulator(horizon=Horizon()), "horizon", "does not discount"),
    "payoff that never falls due": (
        lambda: regulator(payoff=x**2, horizon=Horizon(), discount=rho),
        "horizon",
        "never falls due",
    ),
    "nothing is paid": (
        lambda: regulator(cost=0, horizon=Horizon(end=T)),
        "horizon",
        "nothing is ever paid",
    ),
    "horizon that ends at once": (
        lambda: regulator(horizon=Horizon(end=0)),
        "horizon",
        "ends before it begins",
    ),
    "hazard rate of the state": (
        lambda: regulator(horizon=Horizon(x)),
        "game",
        "depends on a state",
    ),
    "negative hazard rate": (lambda: regulator(horizon=Horizon(-1)), "horizon", "negative"),
    "discount rate of the state": (
        lambda: regulator(discount=x),
        "game",
        "depends on a state",
    ),
    "control without a cost": (
        lambda: regulator(cost=half * x**2),
        "second-order condition",
        "a cost or a risk",
    ),
    "control in the aggregate": (
        lambda: regulator(preference=Preference((G,), G.symbol - u**2), functions={"G": P * x + c}),
        "game",
        "outside its moments",
    ),
    "moment that is not used": (
        lambda: regulator(preference=Preference((G, H), G.symbol), functions={"G": P, "H": c}),
        "game",
        "does not use its moment H",
    ),
    "factor that follows the states of a copy": (
        lambda: crowd(
            states=(State(x, u, {"W": s}), State(y, x - y)),
            functions={"J": P * x**2 / 2 + q * x * m + w * m**2 + rho * x * y + c},
            feedback={u: -k * x - z * m - v * y},
        ),
        "laws",
        "needs the mean of y",
    ),
    "second moment of the crowd": (
        lambda: crowd(half * ((x - m) ** 2 + v + u**2), laws=(Law(m, x), Law(v, (x - m) ** 2))),
        "laws",
        "the mean of x**2",
    ),
    "planner without variance": (
        lambda: crowd(
            notion="planner", functions={"J": P * m**2 + c}, feedback={u: -k * x - z * m}
        ),
        "planner",
        "covariance of x",
    ),
    "planner of one": (lambda: regulator(notion="planner"), "planner", "continuum"),
    "planner of finitely many who are not alike": (
        lambda: crowd(notion="planner", crowd=Crowd("one", 3, own=(s,))),
        "planner",
        "alike",
    ),
    "planner whose gain is curved by the state": (
        lambda: crowd(
            states=(State(x, u, {"W": s * x * u}),),
            preference=MEAN_VARIANCE,
            notion="planner",
            functions={"G": P * x + z * m + c, "H": q * x**2 + y * x * m + v * m**2},
            feedback={u: -k * x - rho * m},
            vocabulary=Vocabulary(parameter(s), parameter(lam), parameter(w)),
        ),
        "planner",
        "depend on the state",
    ),
    "open loop with a loading of the state": (
        lambda: regulator(notion="open-loop", loading=s * x, functions={"J.x": P * x}),
        "open-loop",
        "depends on a state",
    ),
    "jump without a clock": (lambda: regulator(jumps={"N": 1}), "game", "is no clock"),
    "mark without a clock": (
        lambda: regulator(jumps={"N": mark}, clocks=(Clock("N", lam),)),
        "game",
        "jump of x at N has mark",
    ),
    "marks without probabilities": (
        lambda: regulator(clocks=(Clock("N", lam, mark, (half, mark)),)),
        "game",
        "Write ((probability, size), ...)",
    ),
    "marks in the place of their letter": (
        lambda: regulator(clocks=(Clock("N", lam, ((half, {mark: 1}),)),)),
        "game",
        "mark of Clock must be a Symbol",
    ),
    "probabilities that do not sum to 1": (
        lambda: regulator(
            jumps={"N": mark}, clocks=(Clock("N", lam, mark, ((half, 1), (half / 2, 2))),)
        ),
        "game",
        "sum to 3/4",
    ),
    "a cost with a kink": (
        lambda: regulator(cost=half * x**2 + sp.Abs(u)),
        "game",
        "Abs(u), which has no derivative everywhere. Write what is smooth",
    ),
    "a preference of nothing": (
        lambda: regulator(preference=Preference((), sp.Integer(0))),
        "game",
        "has no moment. Write expected(running, payoff)",
    ),
    "LaTeX that is cut off": (
        lambda: regulator(vocabulary=Vocabulary(parameter(s, latex=r"\frac{"))),
        "game",
        "is no part of a formula",
    ),
    "an ansatz without a term": (
        lambda: regulator(drift=u + q, functions={"J": P * x**2 + c}),
        "matching",
        "for the terms in x. Enlarge the ansatz",
    ),
    "negative probability": (
        lambda: regulator(
            jumps={"N": mark}, clocks=(Clock("N", lam, mark, ((1 + half, 1), (-half, 2))),)
        ),
        "game",
        "negative",
    ),
}

#: Errors that arise while a field is written, before the game has a name.
NAMELESS = {
    "horizon of a kind",
    "text for a drift",
    "LaTeX that is cut off",
    "marks without probabilities",
    "marks in the place of their letter",
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_game_stage_and_remedy(case: str) -> None:
    declare, stage, words = REFUSED[case]
    with pytest.raises(DerivationError) as refusal:
        derive(declare())
    assert words in str(refusal.value)
    assert stage in str(refusal.value).split(":")[0]
    assert case in NAMELESS or "toy" in str(refusal.value)
