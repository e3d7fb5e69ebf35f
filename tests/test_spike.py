"""Spike variation against the answer key, and against errors planted in it.

The method is exact up to rounding in 60 digits and the length of the deviation, 1e-18: there are
no false alarms, and errors of 1e-8 relative and larger are seen with certainty.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.errors import DerivationError, InputError, NoSolutionError
from eqsolve.game import Game, Horizon, Moment, Player, Preference, State
from eqsolve.verify import spike
from eqsolve.verify.check import Check
from eqsolve.verify.spike import spike_checks
from reference import cases, spec

AGGREGATES = {"m_b": ".05", "m_s": ".1", "m_2": ".01"}
STATES = [(1, 1), (2, -1), (-1, 3), (Fraction(1, 2), Fraction(1, 4))]
SYMBOLS = {
    **{str(s): s for s in (mv.r, mv.B, mv.nu, mv.sigma, mv.theta, mv.gamma, mv.alpha, mv.beta)},
    **{str(s): s for s in (mv.kappa, mv.m_b, mv.m_s, mv.m_2)},
    "lam": mv.lam,
}
CASES = [(name, n) for name in cases.SETS for n in (3, None)]
IDS = [f"{name}-{n or 'mean-field'}" for name, n in CASES]


def setting(name: str, n: int | None, **changes: str) -> dict[str, str]:
    size = {} if n is None else {"n": str(n)}
    return {**cases.SETS[name], **AGGREGATES, **size, **changes}


def strategy(solution: Mapping[str, Any]) -> dict[sp.Expr, Any]:
    return {mv.x: solution["p1"], mv.y: solution["p2"], sp.S.One: solution["p3"]}


def weighing(own_weight: sp.Expr) -> Game:
    """The problem of one agent with another definition of the own weight."""
    game = mv.OF_MANY.game("best-response")
    return replace(game, definitions={**game.definitions, mv.kappa: own_weight})


def run(
    params: Mapping[str, str], feedback: Mapping[sp.Expr, Any], sign: int = 1, **changes: Any
) -> list[Check]:
    """Checks of a feedback; ``sign`` multiplies the preference, ``changes`` replace numbers."""
    game = weighing(mv.kappa) if "n" in params else mv.OF_ALL.game("mean-field")
    numbers = {**spec.prepare(params), **changes}
    for key in ("alpha", "beta", "gamma"):
        numbers[key] *= sign
    values = {symbol: numbers[key] for key, symbol in SYMBOLS.items()}
    return spike_checks(game, feedback, values, STATES, name="case")


def failures(checks: list[Check]) -> list[str]:
    return [check.name.removeprefix("case: ") for check in checks if check.verdict == "fail"]


@pytest.mark.parametrize(("name", "n"), CASES, ids=IDS)
def test_equilibrium_passes(name: str, n: int | None) -> None:
    params = setting(name, n)
    checks = run(params, strategy(spec.best_response(params)))
    assert len(checks) == 5
    assert not failures(checks)
    assert max(check.error for check in checks) < 1e-16
    assert checks[-1].reference < 0


@pytest.mark.parametrize(("name", "n"), CASES, ids=IDS)
def test_equilibrium_in_double_precision_passes(name: str, n: int | None) -> None:
    params = setting(name, n)
    feedback = {key: float(f) for key, f in strategy(spec.best_response(params)).items()}
    checks = run(params, feedback)
    assert not failures(checks)
    assert max(check.error for check in checks) < 1e-14


@pytest.mark.parametrize("part", ["p1", "p2", "q3", "Qb", "Qs"])
@pytest.mark.parametrize(("name", "n"), CASES, ids=IDS)
def test_planted_error_is_seen(name: str, n: int | None, part: str) -> None:
    """An error of 1e-3 in a part of the strategy shows in its coefficient, of order 1e-3."""
    params = setting(name, n)
    solution = spec.best_response(params)
    feedback = strategy(solution)
    weight = {"q3": 1, "Qb": spec.number(params["m_b"]), "Qs": spec.number(params["m_s"])}
    key = {"p1": mv.x, "p2": mv.y}.get(part, sp.S.One)
    shift = solution[part] * weight.get(part, 1) / 1000
    feedback[key] += shift
    checks = run(params, feedback)
    assert f"coefficient of {key} in the strategy" in failures(checks)
    assert "strategy at 4 states" in failures(checks)
    own = next(c for c in checks if f"of {key} in" in c.name)
    assert own.error > 0.3 * abs(shift / feedback[key])


@pytest.mark.parametrize("key", [mv.x, mv.y, sp.S.One], ids=str)
def test_small_error_is_seen(key: sp.Expr) -> None:
    params = setting("S1", 3)
    feedback = strategy(spec.best_response(params))
    feedback[key] *= 1 + spec.number("1e-8")
    assert f"coefficient of {key} in the strategy" in failures(run(params, feedback))


@pytest.mark.parametrize("symbol", [key for key in SYMBOLS if key != "m_2"])
def test_other_game_is_seen(symbol: str) -> None:
    """The strategy of one game is not the equilibrium of a game with one number off by 1e-6.

    The strategy does not depend on m_2.
    """
    params = setting("S1", 3)
    feedback = strategy(spec.best_response(params))
    wrong = spec.prepare(params)[symbol] * (1 + spec.number("1e-6"))
    assert "strategy at 4 states" in failures(run(params, feedback, **{symbol: wrong}))
    assert not failures(run(params, feedback, m_2=spec.number("1")))


def test_minimum_fails_the_second_order_condition_only() -> None:
    params = setting("S2", 3)
    feedback = strategy(spec.best_response(params))
    assert failures(run(params, feedback, sign=-1)) == ["second-order condition at 4 states"]


def test_indifferent_agent_fails() -> None:
    """Without a preference every deviation is as good: nothing is confirmed."""
    params = setting("S2", 3)
    assert len(failures(run(params, strategy(spec.best_response(params)), sign=0))) == 5


def test_every_admissible_root_is_an_equilibrium() -> None:
    params = {**cases.ROOTS["three admissible"][0], **AGGREGATES}
    for root in range(3):
        solution = spec.best_response(params, root=root)
        assert not failures(run(params, strategy(solution)))


def test_no_interest() -> None:
    """With r = 0 the response ignores y, and a coefficient that should be zero is seen."""
    params = setting("S1", 3, r="0")
    feedback = strategy(spec.best_response(params))
    assert feedback[mv.y] == 0
    assert not failures(run(params, feedback))
    feedback[mv.y] = 1e-4
    assert "coefficient of y in the strategy" in failures(run(params, feedback))


def test_infinite_moments() -> None:
    params = setting("S1", 3)
    with pytest.raises(NoSolutionError, match="second moments at the horizon are infinite"):
        run(params, {mv.x: 2, mv.y: 0, sp.S.One: 0})
    high = setting("S1", 3, r=".05", lam=".09", b=".20")
    feedback = strategy(spec.best_response(high))
    with pytest.raises(NoSolutionError, match="0.1 is not below the hazard rate 0.09"):
        run(high, feedback)
    # Without competition the competitors' wealth may have infinite moments.
    alone = {**high, "theta": "0"}
    assert not failures(run(alone, strategy(spec.best_response(alone))))


def test_running_reward() -> None:
    """Discounted linear-quadratic regulator: maximal is -k x with k^2 + lambda k = weight."""
    x, p = sp.symbols("x p", real=True)
    cost = Moment("R", payoff=sp.S.Zero, running=-(3 * x**2 / 4 + p**2))
    game = Game(
        name="regulator",
        states=(State(x, drift=p, loadings={"noise": sp.Rational(1, 2)}),),
        players=(Player("one", (p,), Preference((cost,), cost.symbol)),),
        horizon=Horizon(sp.S.One),
    )
    right = spike_checks(game, {x: Fraction(-1, 2)}, {}, [(1,), (2,), (-1,)], name="case")
    wrong = spike_checks(game, {x: Fraction(-501, 1000)}, {}, [(1,), (2,)], name="case")
    assert not failures(right)
    assert failures(wrong) == ["coefficient of x in the strategy", "strategy at 2 states"]


def test_abbreviations_are_computed() -> None:
    params = setting("S1", 3)
    feedback = strategy(spec.best_response(params))
    numbers = {**spec.prepare(params), "n": 3}
    game = weighing(1 - mv.theta / mv.n)
    values = {s: numbers[k] for k, s in SYMBOLS.items() if k not in ("B", "kappa")}
    values |= {mv.b: numbers["b"], mv.n: 3}
    assert not failures(spike_checks(game, feedback, values, STATES, name="case"))
    del values[mv.n]
    with pytest.raises(InputError, match="no value is given for kappa"):
        spike_checks(game, feedback, values, STATES, name="case")


def test_bad_input() -> None:
    params = setting("S1", 3)
    feedback = strategy(spec.best_response(params))
    with pytest.raises(InputError, match="coefficient of x must be a finite real number"):
        run(params, {**feedback, mv.x: float("nan")})
    with pytest.raises(InputError, match="gamma must be a finite real number"):
        run(params, feedback, gamma=float("inf"))
    with pytest.raises(InputError, match="coefficient of x\\*\\*2"):
        run(params, {**feedback, mv.x**2: 1})
    game = weighing(mv.kappa)
    values = {symbol: spec.prepare(params)[key] for key, symbol in SYMBOLS.items()}
    with pytest.raises(InputError, match="do not determine"):
        spike_checks(game, feedback, values, [(1, 1), (2, 2), (3, 3)], name="case")


def test_out_of_scope() -> None:
    x, p = sp.symbols("x p", real=True)
    square = Moment("H", x**2)
    exponential, fixed = Horizon(sp.S.One), Horizon(end=sp.S.One)
    for drift, horizon in ((x**2 + p, exponential), (p, fixed)):
        game = Game(
            name="other",
            states=(State(x, drift=drift),),
            players=(Player("one", (p,), Preference((square,), -square.symbol)),),
            horizon=horizon,
        )
        with pytest.raises(DerivationError):
            spike_checks(game, {x: -1}, {}, [(1,), (2,)], name="case")


def test_independence() -> None:
    """The verifier imports the declaration of games and nothing that is derived from it."""
    tree = ast.parse(Path(spike.__file__).read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {module for module in modules if module and module.startswith("eqsolve")} == {
        "eqsolve.errors",
        "eqsolve.game",
        "eqsolve.verify.check",
    }
