"""What competition costs: published ratios, closed forms, and taxes that are tried out."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
from click.testing import CliRunner

import eqsolve
from documents import hold
from eqsolve.cli import cli
from eqsolve.derivations.mean_variance import wealth
from eqsolve.errors import InputError
from eqsolve.game import Ansatz, Model, Moment, Preference
from eqsolve.game.structure import build
from eqsolve.registry import resolve
from eqsolve.solve.solve import solve
from eqsolve.studies.anarchy import Anarchy, anarchy
from reference.planner import residuals

S1 = wealth.SETS["S1"]


def exported(game: str) -> Any:
    return resolve(game).exported


def of(game: str, **how: Any) -> Anarchy:
    source = exported(game)
    model = source if isinstance(source, Model) else source()
    return anarchy(source, model.cases["default"], **how)


def test_the_published_ratios() -> None:
    """Of optimal execution 4.5614, and the welfare gap of the exit from a fund."""
    assert of("execution").price == pytest.approx(0.570300269858 / 0.125026134678, rel=1e-11)
    assert of("exit-externality").gap == pytest.approx(0.0169555434101601, rel=1e-11)


def drawn(seed: int) -> dict[str, str]:
    rng = random.Random(seed)
    bounds = {"b": (0.05, 0.2), "nu": (0.1, 0.4), "sigma": (0.1, 0.4), "theta": (0.1, 0.8)}
    bounds |= {"gamma": (0.5, 4.0), "alpha": (0.5, 2.0), "lambda": (0.3, 2.0)}
    found = {k: f"{rng.uniform(*limits):.6f}" for k, limits in bounds.items()}
    return found | {"r": "0", "beta": "0", "x": "0", "m": "0"}


@pytest.mark.parametrize("seed", range(4))
def test_without_interest_and_weight_of_wealth(seed: int) -> None:
    """Both positions are constants, and so are their mean and variance at a random time."""
    given = drawn(seed)
    n = {k: float(v) for k, v in given.items()}
    left, common = 1 - n["theta"], n["sigma"] ** 2
    share = {
        "nash": n["alpha"] / (n["nu"] ** 2 + common * left),
        "planner": n["alpha"] * left / (n["nu"] ** 2 + common * left**2),
    }
    found = anarchy(wealth.crowd, given, continuum=True)
    rates = {}
    for name, answer in (("nash", found.nash), ("planner", found.planner)):
        amount = share[name] * n["b"] / n["gamma"]
        assert answer.strategy["pi"]["1"] == pytest.approx(amount, rel=1e-13)
        mean = n["b"] * amount * left / n["lambda"]
        variance = amount**2 * (n["nu"] ** 2 + common * left**2)
        rates[name] = n["alpha"] * n["b"] * left * amount - n["gamma"] / 2 * variance
        obtained = n["alpha"] * mean - n["gamma"] / 2 * (variance / n["lambda"] + mean**2)
        assert found.welfare[name] == pytest.approx(obtained, rel=1e-12)
    loss = n["theta"] * n["nu"] ** 2 / (left * (n["nu"] ** 2 + common * left))
    assert rates["nash"] / rates["planner"] == pytest.approx(1 - loss**2, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_with_interest_and_weight_of_wealth_by_other_means(seed: int) -> None:
    """Both strategies solve conditions from moments that are matched in doubles."""
    rng = random.Random(seed)
    text = drawn(seed) | {"x": "1", "m": "1", "r": f"{rng.uniform(0, 0.04):.6f}"}
    text["beta"] = f"{rng.uniform(0.1, 1):.6f}"
    given = {name: float(value) for name, value in text.items()}
    found = anarchy(wealth.crowd, text, continuum=True)
    for answer, external in ((found.nash, False), (found.planner, True)):
        played = answer.strategy["pi"]
        p1, p2, p3 = (played[name] for name in ("x", "m", "1"))
        assert residuals(given, (p1, p2, p3), external) == pytest.approx([0] * 3, abs=1e-13)
        # neither of both is the other one, and a small error is seen
        assert max(map(abs, residuals(given, (p1, p2, p3), not external))) > 1e-4
        assert max(map(abs, residuals(given, (p1, p2 + 1e-6, p3), external))) > 1e-9


@pytest.mark.parametrize("size", [2, 5])
def test_finitely_many_without_interest(size: int) -> None:
    """The variance of relative wealth when all hold the same amount."""
    given = drawn(size) | {"n": str(size)}
    n = {k: float(v) for k, v in given.items()}
    left = 1 - n["theta"]
    own = 1 - 2 * n["theta"] / size + n["theta"] ** 2 / size
    amount = n["alpha"] * left * n["b"] / n["gamma"]
    amount /= n["nu"] ** 2 * own + n["sigma"] ** 2 * left**2
    found = solve(wealth.crowd("planner", size), given)
    assert found.strategy["pi"]["1"] == pytest.approx(amount, rel=1e-13)


def test_many_are_a_continuum() -> None:
    limit = solve(wealth.crowd("planner"), S1).strategy["pi"]
    gaps = []
    for size in (100, 1000):
        near = solve(wealth.crowd("planner", size), S1 | {"n": str(size)}).strategy["pi"]
        gaps.append(max(abs(near[k] - limit[k]) for k in limit))
    assert gaps[0] / gaps[1] == pytest.approx(10, rel=0.02)


def taxed(model: Model, found: Anarchy, times: int) -> Model:
    """The game in which a player pays the tax, and gets back what the planner's strategy pays."""
    assert found.tax is not None
    (player,) = model.game.players
    (control,) = player.controls
    symbols = [*model.game.state_symbols, *(law.symbol for law in model.game.laws)]
    letters = {s.name: s for s in symbols}

    def form(table: Any) -> sp.Expr:
        monomials = {k: sp.Mul(*(letters[c] for c in k if k != "1")) for k in table}
        return sp.Add(*(sp.Rational(Fraction(v)) * monomials[k] for k, v in table.items()))

    rate = times * form(found.tax.rate[control.name])
    paid = rate * (control - form(found.planner.strategy[control.name]))
    paid *= 1 if found.minimized else -1
    tax = Moment("tax", sp.S.Zero, paid)
    preference = player.preference
    new = Preference((*preference.moments, tax), preference.aggregate + tax.symbol)
    new = replace(new, sense=preference.sense)
    x, m, *_ = symbols
    k = sp.symbols("k_1:7")
    function = k[0] * x**2 + k[1] * x * m + k[2] * m**2 + k[3] * x + k[4] * m + k[5]
    functions = {**model.ansatz.functions, "tax": function}
    return replace(
        model,
        game=replace(model.game, players=(replace(player, preference=new),)),
        ansatz=Ansatz(functions, feedback=model.ansatz.feedback),
    )


@pytest.mark.parametrize("game", ["relative-wealth", "exit-externality"])
@pytest.mark.parametrize("times", [1, 2])
def test_with_the_tax_the_planners_strategy_is_an_equilibrium(game: str, times: int) -> None:
    """And with twice the tax it is not."""
    source = exported(game)
    case = S1 if game == "relative-wealth" else source().cases["default"]
    found = anarchy(source, case, continuum=game == "relative-wealth")
    assert found.tax is not None and found.tax.maximal
    model = taxed(build(source, {}, notion="feedback"), found, times)
    nash = solve(model, case)
    assert nash.ok
    ((control, wanted),) = found.planner.strategy.items()
    gap = max(abs(nash.strategy[control][k] - v) for k, v in wanted.items())
    assert (gap < 1e-13) if times == 1 else (gap > 1e-2)


def test_what_a_player_alone_gains_is_the_spike_of_that_size() -> None:
    """The gain rate is quadratic: slope**2 over twice its curvature."""
    found = anarchy(wealth.crowd, S1, continuum=True)
    assert found.tax is not None and found.tax.gain is not None
    curvature = float(S1["gamma"]) * 0.08 * found.planner.coefficients["h20"]
    assert found.tax.gain == pytest.approx(found.tax.at["pi"] ** 2 / (2 * curvature), rel=1e-12)


def test_nothing_is_lost_where_nobody_sees_the_others() -> None:
    found = of("lq-mfg")
    assert found.price == 1 and found.gap == 0
    assert found.tax is not None and found.tax.at == {"b": 0.0}
    alone = anarchy(wealth.crowd, S1 | {"theta": "0"}, continuum=True)
    assert alone.gap == pytest.approx(0, abs=1e-15)


@pytest.mark.full
def test_games_in_their_authors_letters_and_their_notions() -> None:
    numbers = {k: v for k, v in S1.items() if k not in ("x", "m")}
    many = eqsolve.anarchy("mean-field", numbers)
    given = eqsolve.anarchy("mean-field", numbers, notion="given")
    assert many.welfare["planner"] == given.welfare["planner"]
    assert given.nash.notion == "given" and many.gap != given.gap
    three = eqsolve.anarchy("n-agent", numbers, n=3)
    assert three.planner.ok and three.planner.strategy != many.planner.strategy


def test_without_states_there_is_a_strategy_and_no_welfare() -> None:
    found = of("systemic-risk")
    assert found.ok and found.price is None and "--at" in found.message
    assert found.to_dict()["gap"] is None
    hold("anarchy", json.loads(json.dumps(found.to_dict(), allow_nan=False)))


@pytest.mark.parametrize(
    ("game", "reason"),
    [
        ("merton", "no crowd"),
        ("lacker-zariphopoulou-cara", "types of their own"),
        ("two-agent", "its agents differ"),
        ("best-response", "problem of one agent"),
    ],
)
def test_what_has_no_planner_is_refused(game: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        eqsolve.anarchy(game)


@pytest.mark.parametrize("notion", ["planner", "open-loop"])
def test_a_planner_is_not_compared_with_itself(notion: str) -> None:
    with pytest.raises(InputError, match="Choose one of feedback, given"):
        of("execution", notion=notion)


def test_the_command_takes_a_continuum_where_there_are_both() -> None:
    words = ["anarchy", "execution", "--set", "default", "--size"]
    rows = {}
    for size in ("continuum", "4"):
        done = CliRunner().invoke(cli, [*words, size, "--json"])
        assert done.exit_code == 0, done.output
        rows[size] = json.loads(done.stdout)
    assert rows["continuum"]["size"] is None and rows["4"]["size"] == 4
    assert rows["continuum"]["price"] == pytest.approx(4.56144846, rel=1e-8)
    assert rows["4"]["price"] > rows["continuum"]["price"]


def test_a_negative_gap_of_who_cannot_commit_is_told() -> None:
    found = anarchy(wealth.crowd, S1, continuum=True)
    assert not found.commits and found.message == ""
    swapped = replace(found, nash=found.planner, planner=found.nash)
    assert swapped.gap < 0 and "cannot commit" in swapped.message
    assert replace(swapped, commits=True).message == ""
    assert of("lq-mfg").commits


def test_the_command_along_a_parameter_with_a_figure(tmp_path: Path) -> None:
    figure = tmp_path / "figure.svg"
    words = ["anarchy", "n-agent", "--set", "S1", "--vary", "n=2:3:2"]
    done = CliRunner().invoke(cli, [*words, "--plot", str(figure), "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    hold("anarchy", document)
    assert [row["at"] for row in document["rows"]] == [2, 3]
    assert document["rows"][1]["found"]["price"] == pytest.approx(1.02898209, rel=1e-8)
    assert "<svg" in figure.read_text()
    refused = CliRunner().invoke(cli, ["anarchy", "n-agent", "--set", "S1", "--plot", str(figure)])
    assert refused.exit_code == 2 and "Add --vary" in refused.output
