"""Solutions of the declared models: classes, numbers, and an independent integration."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp
from scipy.linalg import solve_continuous_are

from eqsolve.derivation.derivation import Derivation, derive
from eqsolve.derivation.solve.functions import RootCosh, RootSinh, elementary
from eqsolve.derivation.solve.solution import solve
from eqsolve.derivation.solve.step import Explicit, Integral, Root, Roots, Solution, to_go
from eqsolve.game import (
    Ansatz,
    Game,
    Horizon,
    Model,
    Player,
    State,
    Vocabulary,
    expected,
    parameter,
    t,
)

Structure = tuple[tuple[str, Any], ...]
PLANNER: Structure = (("notion", "planner"),)
OPEN_LOOP: Structure = (("notion", "open-loop"),)


@cache
def _solved(name: str, structure: Structure = ()) -> tuple[Derivation, Solution]:
    module = importlib.import_module(f"eqsolve.derivations.{name}")
    model = module.model(**dict(structure)) if hasattr(module, "model") else module.MODEL
    derivation = derive(model)
    return derivation, solve(derivation)


def _kinds(solution: Solution) -> dict[str, str]:
    return {str(s): step.kind for step in solution.steps for s in step.symbols}


def _numbers(derivation: Derivation, values: Mapping[str, str]) -> dict[sp.Symbol, sp.Expr]:
    letters = {p.name: p.symbol for p in derivation.model.vocabulary.parameters}
    return {letters[name]: sp.Rational(value) for name, value in values.items() if name in letters}


def _value(
    solution: Solution, symbol: sp.Symbol, numbers: Mapping[sp.Symbol, sp.Expr], time: float
) -> float:
    moved = solution.spelled(symbol).xreplace(dict(numbers))
    moved = moved.xreplace({to_go: sp.Rational(str(time))})
    for function in moved.atoms(RootCosh, RootSinh):
        moved = moved.xreplace({function: elementary(function, bool(function.args[0] > 0))})
    result = complex(sp.N(moved, 30))
    assert abs(result.imag) < 1e-18
    return result.real


EXECUTION = {"cX": "2", "cA": "1", "cg": "0.3", "g": "1.75", "sig": "0.5", "T": "1"}
LENDING = {"a": "1", "q": "0.5", "eps": "2", "c": "0.3", "s": "0.4", "rho": "0.2", "T": "1"}
OWN = {
    "kim_omberg": "r=0.02 s=0.16 g=5 k=0.27 ybar=0.3 nu=0.06 rho=-0.93 T=10",
    "heston": "r=0.02 L=2.1 g=4 k=1.5 ybar=0.04 nu=0.3 rho=-0.6 T=3",
    "basak_chabakauri": "r=0.03 s=0.2 gamma=2 T=2 k=0.3 ybar=0.4 nu=0.2 rho=-0.5",
    "lq_mfg": "nu=0.1 c=1 g0=0.5 T=1",
    "lq_target": "nu=0.05 c=1 xT=0.5 T=1",
    "merton": "r=0.03 B=0.09 s=0.3 g=2 T=1.5",
    "merton_consumption": "r=0.03 B=0.09 s=0.3 g=2 rho=0.06 K=1.5 T=2",
    "reinsurance": "r=0.03 B=0.06 s=0.25 e=0.4 v=1.2 rho=-0.2 w=0.1 gamma=2 T=3",
}
CLOSED: list[tuple[str, Structure, dict[str, str]]] = [
    ("execution", (), EXECUTION),
    ("execution", PLANNER, EXECUTION),
    ("execution", PLANNER, {**EXECUTION, "cX": "1", "cA": "0.5", "cg": "1", "g": "0.6"}),
    ("execution", (), {**EXECUTION, "cX": "-0.7", "cg": "0.6"}),
    ("systemic_risk", (), LENDING),
    ("systemic_risk", (("size", 3),), {**LENDING, "n": "3"}),
    ("systemic_risk", (("notion", "open-loop"), ("size", 3)), {**LENDING, "n": "3"}),
    ("merton_consumption", (("horizon", True),), {}),
    *((name, (), {}) for name in OWN if name != "merton_consumption"),
]


@pytest.mark.parametrize(("name", "structure", "values"), CLOSED)
def test_every_closed_form_is_the_integrated_solution(
    name: str, structure: Structure, values: dict[str, str]
) -> None:
    values = values or dict(pair.split("=") for pair in OWN[name].split())
    derivation, solution = _solved(name, structure)
    assert all(isinstance(step, Explicit) for step in solution.steps)
    numbers, system = _numbers(derivation, values), derivation.system
    end = float(values["T"])
    rates = [-system.rates[u].xreplace(numbers) for u in system.unknowns]
    start = [float(sp.N(system.terminal[u].xreplace(numbers), 20)) for u in system.unknowns]
    slope = sp.lambdify([to_go, list(system.unknowns)], rates)
    for time in (0.3 * end, end):
        done = solve_ivp(slope, (0, time), start, "DOP853", rtol=1e-12, atol=1e-13)
        assert done.success
        found = [_value(solution, u, numbers, time) for u in system.unknowns]
        assert found == pytest.approx(list(done.y[:, -1]), rel=1e-9, abs=1e-10)


@pytest.mark.parametrize(
    ("name", "structure", "values", "known"),
    [
        ("execution", (), EXECUTION, {"eta": 1.309571554706, "etab": 2.309085512991}),
        ("execution", PLANNER, EXECUTION, {"etab": -0.422382155765}),
        ("systemic_risk", (), LENDING, {"eta": 0.49614778948115}),
        (
            "kim_omberg",
            (),
            dict(pair.split("=") for pair in OWN["kim_omberg"].split()),
            {"A": -1.7484301111038, "b": -0.506673565334679, "c": -1.04276384918078},
        ),
    ],
)
def test_closed_forms_reach_the_answer_keys(
    name: str, structure: Structure, values: dict[str, str], known: dict[str, float]
) -> None:
    derivation, solution = _solved(name, structure)
    numbers = _numbers(derivation, values)
    for symbol, value in known.items():
        found = _value(solution, sp.Symbol(symbol), numbers, float(values["T"]))
        assert found == pytest.approx(value, rel=1e-12)


def test_the_classes_of_the_models() -> None:
    expected_kinds = {
        ("execution", ()): {"eta": "Riccati", "etab": "Riccati", "L": "combination"},
        ("execution", PLANNER): {"eta": "Riccati", "etab": "Riccati"},
        ("lq_mfg", ()): {"P": "Riccati", "S": "combination"},
        ("kim_omberg", ()): {"A": "Riccati", "b": "integral", "c": "integral"},
        ("heston", ()): {"b": "Riccati", "c": "integral"},
        ("basak_chabakauri", ()): {"a": "exponential", "h_4": "zero", "h_3": "zero"},
        ("bjork_murgoci_zhou", ()): {"a": "trajectory", "h": "trajectory"},
        ("sticky_prices", ()): {"K_1": "polynomials", "K_2": "polynomials", "E_1": "linear"},
        ("lq_regulator", ()): {"P_1_1": "matrix Riccati", "P_1_2": "matrix Riccati"},
        ("lq_regulator", (("horizon", True),)): {"P_1_1": "matrix Riccati", "c": "linear"},
        ("merton_jump", ()): {"f": "equation", "A": "exponential"},
        ("one_agent", ()): {"a": "polynomial", "h20": "linear"},
    }
    for (name, structure), kinds in expected_kinds.items():
        found = _kinds(_solved(name, structure)[1])
        assert {symbol: found[symbol] for symbol in kinds} == kinds, name


@pytest.mark.parametrize("seed", range(4))
def test_the_explosion_of_the_planner_is_the_published_one(seed: int) -> None:
    derivation, solution = _solved("execution", PLANNER)
    (explosion,) = [e for e in solution.explosions if sp.Symbol("etab") in e.symbols]
    draw = np.random.default_rng(seed)
    values = {name: f"{draw.uniform(0.2, 2):.3f}" for name in ("cX", "cA", "cg")}
    size = math.sqrt(float(values["cX"]) * float(values["cA"]))
    values["g"] = f"{float(values['cg']) + size * draw.uniform(1.1, 3):.3f}"
    cX, cA, cg, g = (float(values[name]) for name in ("cX", "cA", "cg", "g"))
    published = math.sqrt(cA / cX) * math.atanh(-math.sqrt(cX * cA) / (cg - g))
    assert explosion.at(_numbers(derivation, values)) == pytest.approx(published, rel=1e-12)
    values["g"] = f"{float(values['cg']) - 0.1:.3f}"
    assert explosion.at(_numbers(derivation, values)) == math.inf


def test_both_roots_of_the_exit_game_are_found() -> None:
    derivation, solution = _solved("exit_externality")
    numbers = _numbers(
        derivation,
        {
            "k": "1",
            "l": "0.3",
            "g": "0.4",
            "h": "0.5",
            "s": "0.2",
            "c": "1",
            "q": "1.5",
            "rho": "0.1",
        },
    )
    roots = [step for step in solution.steps if isinstance(step, Root)]
    assert len(roots) == 2 and all(len(step.radicals) == 2 for step in roots)
    own, joint = roots
    values = sorted(float(sp.N(r.xreplace(numbers), 20)) for r in own.radicals)
    assert values[1] == pytest.approx(0.563226580490168, rel=1e-12)
    # the second step is for the sum, so that the known pair is (root - alpha)
    sums = sorted(float(sp.N(r.xreplace(numbers), 20)) for r in joint.radicals)
    betas = [value - values[1] for value in sums]
    assert betas[1] == pytest.approx(0.163705639412152, rel=1e-12)
    assert betas[0] == pytest.approx(-4.690, abs=5e-4)


def test_the_linearization_of_the_regulator_has_the_stabilizing_solution() -> None:
    derivation, solution = _solved("lq_regulator")
    case = derivation.model.cases["default"]
    (step,) = [step for step in solution.steps if isinstance(step, Roots)]
    assert step.linearization is not None
    numbers = _numbers(derivation, case)
    matrix = np.array(step.linearization.matrix.xreplace(numbers).tolist(), dtype=float)
    eigenvalues, vectors = np.linalg.eig(matrix)
    # in the time to go the stabilizing subspace is the one that grows
    chosen = vectors[:, eigenvalues.real > 0]
    solved = np.real(chosen[2:] @ np.linalg.inv(chosen[:2]))
    known = derivation.model.reference["default"]
    assert solved[0, 0] == pytest.approx(float(known["P_1_1"]), rel=1e-12)
    assert solved[0, 1] == pytest.approx(float(known["P_1_2"]), rel=1e-12)
    slopes, gain, loss = -matrix[:2, :2], matrix[:2, 2:], matrix[2:, :2]
    assert solved == pytest.approx(
        solve_continuous_are(slopes, np.linalg.cholesky(gain), loss, np.eye(2)), rel=1e-9
    )


def test_adjoints_that_are_equal_are_found_so() -> None:
    _, solution = _solved("systemic_risk", (("notion", "open-loop"), ("size", 3)))
    assert solution.is_closed


def _moving(hazard: sp.Expr, end: sp.Expr | None) -> Solution:
    x, a, k, lam, T, A = sp.symbols("x a k lam T A")
    game = Game(
        "moving",
        (State(x, a, {"W": sp.S.One}),),
        (Player("one", (a,), expected(a**2 / 2, x, "minimize")),),
        Horizon(hazard.xreplace({sp.Symbol("h"): lam}), end),
    )
    value = Ansatz({"J": A * x + k}, {a: sp.Symbol("u")})
    letters = Vocabulary(parameter(lam), parameter(T))
    return solve(derive(Model(game, value, letters)))


def test_horizons_that_end_early_and_hazards_that_move() -> None:
    h, T = sp.symbols("h T")
    steady = _kinds(_moving(h, T))
    assert steady == {"A": "exponential", "k": "exponential"}
    moving = _moving(h * t, T)
    assert isinstance(moving.step(sp.Symbol("k")), Integral)
    endless = _moving(h * t, None)
    assert set(_kinds(endless).values()) == {"linear"} and not endless.is_closed
