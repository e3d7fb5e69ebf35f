"""Monte Carlo against the answer key, and against errors planted in the claims.

False alarms: a call fails with probability 1e-6 although all its claims are true. Power: with
480,000 antithetic pairs a coefficient off by 5 % is at least 10 standard errors off, and escapes
the interval of about 6.2 standard errors with a probability above 0.9999. Seeds are fixed.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
from numpy.typing import NDArray
from scipy.linalg import expm

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.errors import DerivationError, InputError, NoSolutionError
from eqsolve.game import Game, Horizon, Moment, Player, Preference, State
from eqsolve.verify import flow, montecarlo
from eqsolve.verify.check import Check
from eqsolve.verify.montecarlo import Sample, monte_carlo_checks, simulate
from reference import cases, spec

Array = NDArray[np.float64]
Claims = dict[str, dict[sp.Expr, float]]

AGGREGATES = {"m_b": ".05", "m_s": ".1", "m_2": ".01"}
STATES = [(1.0, 1.0), (2.0, -1.0)]
SYMBOLS = {
    **{str(s): s for s in (mv.r, mv.B, mv.nu, mv.sigma, mv.theta, mv.gamma, mv.alpha, mv.beta)},
    **{str(s): s for s in (mv.kappa, mv.m_b, mv.m_s, mv.m_2)},
    "lam": mv.lam,
}
MONOMIALS = {
    "G": {"a": mv.x, "c": mv.y, "d": sp.S.One},
    "H": {
        **{"h20": mv.x**2, "h11": mv.x * mv.y, "h02": mv.y**2},
        **{"h10": mv.x, "h01": mv.y, "h00": sp.S.One},
    },
}
PLACES = [(moment, key) for moment, names in MONOMIALS.items() for key in names]
CASES = [
    pytest.param("S1", 3, id="S1-3"),
    pytest.param("S1", None, id="S1-mean-field"),
    # the same kind as the first
    pytest.param("S2", 3, id="S2-3", marks=pytest.mark.full),
    pytest.param("S3", 3, id="S3-3", marks=pytest.mark.full),
]
PATHS, FALSE_ALARM = 480_000, 1e-6


@cache
def setting(name: str, n: int | None) -> tuple[Game, dict[sp.Symbol, Any], dict[str, Any]]:
    """Game, parameters and solution; the aggregate of a mean field has no noise of its own."""
    params = {**cases.SETS[name], **AGGREGATES, **({"m_2": "0"} if n is None else {"n": str(n)})}
    game = mv.OF_ALL.game("mean-field")
    if n is not None:
        game = mv.OF_MANY.game("best-response")
        # the own weight is a number here
        game = replace(game, definitions={**game.definitions, mv.kappa: mv.kappa})
    numbers = spec.prepare(params)
    values = {symbol: numbers[key] for key, symbol in SYMBOLS.items()}
    return game, values, spec.best_response(params)


def strategy(solution: Mapping[str, Any]) -> dict[sp.Expr, Any]:
    return {mv.x: solution["p1"], mv.y: solution["p2"], sp.S.One: solution["p3"]}


def claims(solution: Mapping[str, Any]) -> Claims:
    return {
        moment: {monomial: float(solution[key]) for key, monomial in names.items()}
        for moment, names in MONOMIALS.items()
    }


def objectives(solution: dict[str, Any]) -> dict[tuple[float, float], float]:
    return {(x, y): float(spec.value(solution, x, y)) for x, y in STATES}


@cache
def sample(name: str, n: int | None, paths: int = PATHS, seed: int = 20240607) -> Sample:
    game, values, solution = setting(name, n)
    return simulate(game, strategy(solution), values, paths=paths, seed=seed)


def compare(drawn: Sample, claimed: Claims, objective: Mapping[Any, float]) -> list[Check]:
    return drawn.checks(claimed, objective, name="case", false_alarm=FALSE_ALARM)


def failures(checks: list[Check]) -> list[str]:
    return [check.name.removeprefix("case: ") for check in checks if check.verdict == "fail"]


@pytest.mark.parametrize(("name", "n"), CASES)
def test_true_claims_pass(name: str, n: int | None) -> None:
    solution = setting(name, n)[2]
    checks = compare(sample(name, n), claims(solution), objectives(solution))
    assert len(checks) == 11
    assert not failures(checks)
    # What is allowed is 3 % at most: 5 % is another 4 standard errors away from the interval.
    assert max(check.allowed / abs(check.value) for check in checks) < 0.03


@pytest.mark.parametrize("factor", [0.95, 1.05])
@pytest.mark.parametrize(("moment", "key"), PLACES, ids=[key for _, key in PLACES])
@pytest.mark.parametrize(("name", "n"), CASES)
def test_planted_coefficient_is_seen(
    name: str, n: int | None, moment: str, key: str, factor: float
) -> None:
    monomial = MONOMIALS[moment][key]
    claimed = claims(setting(name, n)[2])
    claimed[moment][monomial] *= factor
    found = failures(compare(sample(name, n), claimed, {}))
    assert found == [f"coefficient of {monomial} in {moment}"]


@pytest.mark.parametrize(("name", "n"), CASES)
def test_planted_objective_is_seen(name: str, n: int | None) -> None:
    objective = {state: 1.05 * v for state, v in objectives(setting(name, n)[2]).items()}
    assert len(failures(compare(sample(name, n), {}, objective))) == len(STATES)


def test_absent_coefficient_is_a_claim_of_zero() -> None:
    claimed = claims(setting("S1", 3)[2])
    del claimed["H"][mv.x * mv.y]
    found = failures(compare(sample("S1", 3), claimed, {}))
    assert found == ["coefficient of x*y in H"]


@pytest.mark.parametrize(
    ("changed", "factor"), [("p1", 1.2), ("sigma", 1.2), ("lam", 1.2), ("m_s", -1), ("m_2", 2)]
)
def test_other_dynamics_are_seen(changed: str, factor: float) -> None:
    """Claims for one game fail under another strategy, loading, noise or hazard rate."""
    game, values, solution = setting("S1", 3)
    values, feedback = dict(values), strategy(solution)
    if changed == "p1":
        feedback[mv.x] *= factor
    else:
        values[SYMBOLS[changed]] *= factor
    drawn = simulate(game, feedback, values, paths=64_000, seed=1)
    assert failures(compare(drawn, claims(solution), {}))


def test_rate_of_false_alarms() -> None:
    """At a family-wise level of 10 %, at most 22 of 100 runs may fail.

    More than 22 have a probability below 1e-4 if the level holds.
    """
    solution = setting("S1", 3)[2]
    claimed, objective = claims(solution), objectives(solution)
    failed = 0
    for seed in range(100):
        drawn = sample("S1", 3, 1280, seed)
        failed += bool(failures(drawn.checks(claimed, objective, name="case", false_alarm=0.1)))
    assert failed <= 22


def test_standard_errors_shrink_like_the_root_of_the_number_of_paths() -> None:
    """16 times the paths: a quarter of the error, up to the 9 % noise of an estimate of it."""
    solution = setting("S1", 3)[2]
    half_width = [
        compare(drawn, {}, objectives(solution))[0].allowed
        for drawn in (sample("S1", 3, PATHS // 16, 3), sample("S1", 3))
    ]
    assert 2.6 < half_width[0] / half_width[1] < 6


def test_results_depend_on_the_seed_and_not_on_threads() -> None:
    game, values, solution = setting("S2", 3)
    first, again, other = (
        simulate(game, strategy(solution), values, paths=6400, seed=seed, threads=threads)
        for seed, threads in ((5, 1), (5, 2), (6, 1))
    )
    assert np.array_equal(first.fine, again.fine)
    assert np.array_equal(first.coarse, again.coarse)
    assert not np.array_equal(first.fine, other.fine)


def second_moments(system: flow.System, h: float) -> Array:
    """Mean of S x S over one step, exact: Gauss-Hermite for the noise, both signs of the areas."""
    noises, size = system[2].shape[0], system[0].shape[0]
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    weights = weights / weights.sum()
    pairs = [(k, m) for k in range(noises) for m in range(k)]
    even, odd, area = np.zeros((size, size)), np.zeros((size, size)), np.zeros((noises, noises))
    mean = np.zeros((size**2, size**2))
    for index in itertools.product(range(5), repeat=noises):
        dw = np.sqrt(h) * nodes[list(index)]
        for signs in itertools.product((-1.0, 1.0), repeat=len(pairs)):
            for pair, sign in zip(pairs, signs, strict=True):
                area[pair] = sign
            flow.step_matrices(system, h, dw, area, even, odd)
            step = even + odd
            mean += weights[list(index)].prod() / 2 ** len(pairs) * np.kron(step, step)
    return mean


def test_scheme_has_weak_order_two() -> None:
    """The second moments of one step are those of the equation up to O(h^3)."""
    rng = np.random.default_rng(7)
    drift, load = rng.normal(size=(3, 3)), 0.5 * rng.normal(size=(2, 3, 3))
    eye = np.eye(3)
    generator = np.kron(drift, eye) + np.kron(eye, drift) + sum(np.kron(c, c) for c in load)
    system = flow.Linear(drift, load, np.zeros((0, 3, 3)), hazard=1.0).system()
    errors = [
        np.abs(second_moments(system, h) - expm(h * generator)).max() for h in (0.02, 0.01, 0.005)
    ]
    assert errors[0] < 1e-3
    assert all(7 < left / right < 9 for left, right in itertools.pairwise(errors))


def test_noiseless_game_and_running_reward() -> None:
    """Discounted regulator, dx = p dt + dW/2, p = -x/2, hazard 1: R = -(x^2 + 1/4)/2.

    The expected running reward -(3 x^2/4 + p^2) up to tau has a closed form. Without noise only
    the horizon is random, and the error shrinks to that of the time steps.
    """
    x, p = sp.symbols("x p", real=True)
    reward = Moment("R", payoff=sp.S.Zero, running=-(3 * x**2 / 4 + p**2))
    for load, constant in ((sp.Rational(1, 2), -0.125), (sp.S.Zero, 0.0)):
        game = Game(
            name="regulator",
            states=(State(x, drift=p, loadings={"noise": load}),),
            players=(Player("one", (p,), Preference((reward,), reward.symbol)),),
            horizon=Horizon(sp.S.One),
        )
        claimed: Claims = {"R": {x**2: -0.5, sp.S.One: constant}}
        drawn = simulate(game, {x: -0.5}, {}, paths=64_000, seed=2)
        objective = {(2.0,): -2.0 + constant}
        assert not failures(compare(drawn, claimed, objective))
        claimed["R"][x**2] *= 1.02
        assert failures(compare(drawn, claimed, objective)) == ["coefficient of x**2 in R"]


def test_infinite_moments_and_infinite_variance() -> None:
    game, values, solution = setting("S1", 3)
    claimed = claims(solution)
    for p1, message in ((1.8, "second moments at the horizon"), (1.25, "infinite variance")):
        with pytest.raises(NoSolutionError, match=message):
            monte_carlo_checks(game, {mv.x: p1}, values, claimed, paths=640, seed=1, name="case")
    # Without competition the growth of the competitors' wealth does not matter.
    high = {**values, mv.r: 0.24}
    with pytest.raises(NoSolutionError, match="infinite variance"):
        simulate(game, {mv.x: -0.375}, high, paths=640, seed=1)
    alone = simulate(game, {mv.x: -0.375}, {**high, mv.theta: 0}, paths=640, seed=1)
    assert np.isfinite(alone.fine).all()


def test_bad_input() -> None:
    game, values, solution = setting("S1", 3)
    feedback = strategy(solution)

    def run(claimed: Any = None, objective: Any = None, paths: int = 640, **changes: Any) -> None:
        monte_carlo_checks(
            game,
            changes.get("feedback", feedback),
            changes.get("values", values),
            claimed or {},
            objective=objective,
            paths=paths,
            seed=1,
            name="case",
        )

    with pytest.raises(InputError, match="no moment K"):
        run({"K": {mv.x: 1.0}})
    with pytest.raises(InputError, match="not a monomial"):
        run({"G": {mv.x**3: 1.0}})
    with pytest.raises(InputError, match="finite real number"):
        run({"G": {mv.x: float("nan")}})
    with pytest.raises(InputError, match="wrong length"):
        run(objective={(1.0,): 1.0})
    with pytest.raises(InputError, match="paths must be at least"):
        run(paths=10)
    with pytest.raises(InputError, match="no value is given for sigma"):
        run(values={symbol: value for symbol, value in values.items() if symbol != mv.sigma})
    with pytest.raises(InputError, match="finite real number"):
        run(feedback={mv.x: float("inf")})


def test_out_of_scope() -> None:
    x, p = sp.symbols("x p", real=True)
    exponential, fixed = Horizon(sp.S.One), Horizon(end=sp.S.One)
    for drift, payoff, horizon in (
        (x**2 + p, x, exponential),
        (p, x**3, exponential),
        (p, x, fixed),
    ):
        moment = Moment("G", payoff)
        game = Game(
            name="other",
            states=(State(x, drift=drift),),
            players=(Player("one", (p,), Preference((moment,), moment.symbol)),),
            horizon=horizon,
        )
        with pytest.raises(DerivationError):
            monte_carlo_checks(game, {x: -1}, {}, {}, paths=640, seed=1, name="case")


def test_independence() -> None:
    """The verifier imports the declaration of games and nothing that is derived from it."""
    modules = {
        node.module
        for part in (flow, montecarlo)
        for node in ast.walk(ast.parse(Path(part.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
    }
    assert {module for module in modules if module and module.startswith("eqsolve")} == {
        "eqsolve.errors",
        "eqsolve.game",
        "eqsolve.verify.check",
        "eqsolve.verify.flow",
        "eqsolve.verify.spike",
    }
