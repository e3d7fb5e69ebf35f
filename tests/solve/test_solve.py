"""Numbers of models against values computed by other means, and every status."""

from __future__ import annotations

import math
import subprocess
import sys
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

import declared
import eqsolve
from eqsolve.arithmetic.algebra import Ring
from eqsolve.derivation.linear import solve_linear
from eqsolve.errors import DerivationError, InputError
from eqsolve.registry import resolve
from eqsolve.solve.solve import solve
from eqsolve.status import Status


def test_the_stabilizing_root_of_a_quadratic() -> None:
    answer = solve(declared.TRACKER, {"q": "1", "s": "1/2", "rho": "1/10"}, at={"x": 2})
    root = (-0.1 + math.sqrt(0.01 + 4)) / 2
    assert answer.ok and answer.strategy == {"a": {"x": pytest.approx(-root, rel=1e-15)}}
    assert answer.coefficients["B"] == pytest.approx(root * 0.25 / 2 / 0.1, rel=1e-14)
    assert answer.at["V"] == pytest.approx(2 * root + answer.coefficients["B"], rel=1e-14)
    assert [r["admissible"] for r in answer.roots].count(True) == 1
    rejected = next(r for r in answer.roots if not r["admissible"])
    assert rejected["A"] == pytest.approx((-0.1 - math.sqrt(4.01)) / 2, rel=1e-14)
    assert "grow" in rejected["rejected"]


def test_a_crowd_against_integration_of_its_riccati_equations() -> None:
    """dA = A^2 - q, d(A + B) = (A + B)^2 - w (A + B) - q in calendar time (GAMES section 2)."""
    answer = solve(declared.crowd, declared.CROWD)

    def backward(s: float, y: np.ndarray) -> list[float]:
        return [2 - y[0] ** 2, 2 - y[1] ** 2 + 1.5 * y[1]]

    run = solve_ivp(backward, (0, 1), [0.4, 0.4], rtol=1e-12, atol=1e-13)
    eta, both = run.y[:, -1]
    assert answer.coefficients["A"] == pytest.approx(eta, rel=1e-10)
    assert answer.coefficients["B"] == pytest.approx(both - eta, rel=1e-10)
    assert answer.certificate["largest_relative_radius"] < 1e-15


def test_values_over_the_initial_law_are_integrals_along_the_mean_and_variance() -> None:
    """J of a crowd from the paths of mean and variance alone, at the strategy found."""
    nodes, weights = np.polynomial.legendre.leggauss(10)
    total = 0.0
    for node, weight in zip(nodes, weights):
        answer = solve(declared.crowd, declared.CROWD, at={"t": Fraction((1 + float(node)) / 2)})
        mean, variance = answer.laws["mean x"], answer.laws["variance x"]
        slope, level = answer.strategy["a"]["x"], answer.strategy["a"]["m"]
        average = (slope + level) * mean
        square = slope**2 * variance + average**2
        total += weight / 2 * (square / 2 + mean**2 + variance - 1.5 * mean * average)
    last = solve(declared.crowd, declared.CROWD, at={"t": 1})
    total += 0.2 * (last.laws["mean x"] ** 2 + last.laws["variance x"])
    first = solve(declared.crowd, declared.CROWD)
    assert first.at["J"] == pytest.approx(total, rel=1e-12)
    assert first.laws["m"] == pytest.approx(0.5, rel=1e-14)


def test_a_mean_that_stays_at_zero_has_a_variance() -> None:
    """Around zero, powers of enclosures are products; the motion is affine: no start changes it."""
    variances = [
        solve(declared.crowd, declared.CROWD, at={"x": x, "m": x, "t": "1/2"}).laws["variance x"]
        for x in (0, 1)
    ]
    assert variances[0] == pytest.approx(variances[1], rel=1e-14) and variances[0] > 0


def test_the_planner_explodes_where_its_riccati_equation_does() -> None:
    """dA/ds = q - (A - w)^2 from k - w < -sqrt(q): the coth solution ends at artanh(..)/sqrt(q)."""
    values = {**declared.CROWD, "k": "0.05", "w": "1.75", "T": "9"}
    answer = solve(declared.crowd, values, notion="planner")
    expected = math.atanh(math.sqrt(2) / 1.7) / math.sqrt(2)
    assert answer.status is Status.EXPLODES and not answer.strategy
    assert answer.explosion == pytest.approx(expected, rel=1e-12)
    assert solve(declared.crowd, {**values, "T": "0.8"}, notion="planner").ok is (0.8 < expected)


def test_a_jump_satisfies_its_first_order_condition() -> None:
    answer = solve(declared.JUMPER, declared.JUMPER.cases["default"], at={"x": 1})

    def slope(f: float) -> float:
        return 0.09 - 2 * 0.09 * f - 0.03 * (1 - 0.3 * f) ** -2.0

    assert answer.strategy["u"]["1"] == pytest.approx(brentq(slope, -3, 3, xtol=1e-15), rel=1e-13)


def test_all_roots_of_coupled_equations_are_listed() -> None:
    answer = solve(declared.DUOPOLY, declared.DUOPOLY.cases["default"], at={"x": 1})
    assert answer.ok and len(answer.roots) == 4
    assert sum(r["admissible"] for r in answer.roots) == 1
    assert answer.certificate["complete"] is True
    slopes = [answer.strategy[u]["x"] for u in ("u1", "u2")]
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-14), "costs do not change the slopes"
    assert answer.strategy["u1"]["1"] < answer.strategy["u2"]["1"]


def test_types_of_their_own_solve_their_linear_system() -> None:
    values = {
        "mu": [".08", ".05"],
        "nu": [".2", ".15"],
        "sigma": [".15", ".25"],
        "theta": [".5", ".8"],
        "delta": ["1", "2"],
        "T": "1.5",
    }
    answer = solve(declared.managers, values, size=2)
    assert answer.strategy["a_1"]["1"] == pytest.approx(2.23, rel=1e-14)
    assert answer.strategy["a_2"]["1"] == pytest.approx(2.61666666666667, rel=1e-14)


def test_a_continuous_law_of_types_is_an_integral() -> None:
    """With equal stocks pi = (delta mu + theta sigma phi)/(nu^2 + sigma^2), phi from the mean."""
    values = {"mu": ".08", "nu": ".2", "sigma": ".15", "theta": ".5", "T": "1"}
    answer = solve(declared.managers, {**values, "delta": "uniform:1,2"})
    square = 0.2**2 + 0.15**2
    mean = 0.08 * 1.5 / (square - 0.5 * 0.15**2)
    assert answer.laws["E[a*sigma]"] == pytest.approx(0.15 * mean, rel=1e-13)


def test_a_line_of_equilibria_and_none() -> None:
    values = {"mu": "0", "nu": "0", "sigma": ".2", "theta": "1", "delta": "1", "T": "1"}
    assert solve(declared.managers, values).status is Status.DEGENERATE
    assert solve(declared.managers, {**values, "mu": ".1"}).status is Status.NO_SOLUTION


@pytest.mark.parametrize("rho", ["-1", "1"])
def test_two_risks_that_are_one_determine_no_feedback(rho: str) -> None:
    game = resolve("reinsurance")
    values = dict(game.model.cases["default"])
    answer = solve(game.exported, values | {"rho": rho})
    assert answer.status is Status.DEGENERATE and "the feedback is not determined" in answer.message
    assert solve(game.exported, values | {"rho": "0.999"}).ok


def test_a_wrong_sense_is_not_called_an_optimum() -> None:
    from dataclasses import replace

    player = declared.TRACKER.game.players[0]
    wrong = replace(player, preference=replace(player.preference, sense="maximize"))
    model = replace(declared.TRACKER, game=replace(declared.TRACKER.game, players=(wrong,)))
    with pytest.raises(DerivationError, match="does not maximize"):
        solve(model, declared.TRACKER.cases["default"])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"q": "1", "s": "1"}, "missing parameter rho"),
        ({"q": "1", "s": "1", "rho": "-1"}, "must be in"),
        ({"q": "1", "s": "1", "rho": "1", "z": "1"}, "'z' is not a parameter"),
        ({"q": "one", "s": "1", "rho": "1"}, "must be a finite number"),
    ],
)
def test_wrong_input_names_game_stage_and_remedy(values: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        solve(declared.TRACKER, values)
    assert caught.value.game == "tracker" and caught.value.stage == "input"


def test_more_digits_than_doubles_are_behind_the_numbers() -> None:
    """The radii are proved: the value of A at 60 digits lies in the printed double's rounding."""
    answer = solve(declared.crowd, declared.CROWD)
    with mpmath.workdps(40):
        root = mpmath.sqrt(2)
        start = mpmath.mpf("0.4")
        exact = root * mpmath.tanh(root + mpmath.atanh(start / root))
    assert answer.coefficients["A"] == pytest.approx(float(exact), rel=3e-16)


def _pair(drifts: tuple[str, str], loads: tuple[str, str]) -> dict[str, object]:
    own = {"nu": "0", "theta": "1", "delta": "1/2"}
    return {"T": 1, "player": [{**own, "mu": m, "sigma": s} for m, s in zip(drifts, loads)]}


@pytest.mark.parametrize(
    ("drifts", "loads"),
    [((".1", "-.1"), (".2", ".2")), ((".1", ".1"), (".2", "-.2")), ((".1", ".05"), (".2", "-.1"))],
)
def test_averages_that_are_not_determined_come_with_their_line(
    drifts: tuple[str, str], loads: tuple[str, str]
) -> None:
    """Without own noise and with full competition: psi = 1, and phi = 0 or not."""
    answer = eqsolve.solve("lacker-zariphopoulou-cara", **_pair(drifts, loads))
    assert answer.status is Status.DEGENERATE and "a line of solutions" in answer.message
    text = answer.message.rpartition("an equilibrium for each, ")[2].rstrip(".")
    lines = dict(part.split(" = ") for part in text.split(", "))
    step = sp.Symbol("s")
    # each responds to the other: sigma_i pi_i = delta mu_i / sigma_i + (average of sigma pi)
    for value in (-3, 0, 2):
        first, second = (sp.sympify(v).subs(step, value) for v in lines.values())
        loaded = [sp.Rational(s) * p for s, p in zip(loads, (first, second))]
        for mu, sigma, own in zip(drifts, loads, loaded):
            demand = sp.Rational(1, 2) * sp.Rational(mu) / sp.Rational(sigma)
            assert own == demand + sum(loaded) / 2


def test_averages_without_a_solution() -> None:
    answer = eqsolve.solve("lacker-zariphopoulou-cara", **_pair((".1", ".1"), (".2", ".2")))
    assert answer.status is Status.NO_SOLUTION and "no solution" in answer.message


def test_linear_systems_with_free_unknowns() -> None:
    a, b, c = sp.symbols("a b c")
    ring = Ring((a, b, c))
    equations = [a + 2 * b - 1, 2 * a + 4 * b - 2, c - a]
    found = solve_linear(ring, [ring.polynomial(e) for e in equations], (a, b, c))
    assert len(found.free) == 1 and not found.residuals and not found.values
    line = found.solutions((a, b, c))
    assert all(sp.expand(e.xreplace(line)) == 0 for e in equations)
    assert set().union(*(v.free_symbols for v in line.values())) == {sp.Symbol("s", real=True)}
    assert found.described((a, b, c)).startswith("a line of solutions, a = ")
    # contradicting equations have no line
    bad = [ring.polynomial(e) for e in (a + 2 * b - 1, 2 * a + 4 * b - 3)]
    assert solve_linear(ring, bad, (a, b)).residuals


def test_the_command_imports_nothing_of_the_family_and_no_scipy() -> None:
    code = (
        "import sys; from eqsolve.cli import cli;"
        "cli.main(['solve', 'regulator', '--set', 'default'], standalone_mode=False);"
        "print([m for m in ('scipy', 'numba', 'pandas', 'eqsolve.words.dispatch')"
        " if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
