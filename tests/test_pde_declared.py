"""Declared games on grids: the strategy agrees with `solve`, and what no grid takes is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner

from eqsolve.cli import cli
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.game import (
    Ansatz,
    Crowd,
    Game,
    Horizon,
    Law,
    Model,
    Notion,
    Player,
    State,
    Vocabulary,
    expected,
    parameter,
)
from eqsolve.game.parameters import read
from eqsolve.pde import declared_ends
from eqsolve.pde.declared import represented
from eqsolve.pde.declared_law import MeanField
from eqsolve.pde.declared_part import NotRepresentedError, OnGrid
from eqsolve.registry import resolve
from eqsolve.studies.equilibrium import Equilibrium, equilibrium
from eqsolve.verify import declared as level
from eqsolve.verify.model import checks
from eqsolve.verify.models import Variant, variants

MARKET = {"r": "0.03", "B": "0.05", "s": "0.2", "g": "3", "T": "1"}
#: Games that a grid represents, and how closely it must give the strategy.
TAKEN = {
    "lq-mfg": 1e-4,
    "lq-target": 1e-4,
    "execution": 1e-3,
    "merton": 1e-9,
    "one-agent": 1e-9,
    "labour-income": 1e-9,
    "bjork-murgoci-zhou": 1e-6,
    "regulator": 1e-4,
    "exit-externality": 2e-3,
    "lq-regulator": 2e-3,
}
#: Those that take seconds.
LONG = ("exit-externality", "lq-regulator")
REFUSED = {
    "heston": "must be constants",
    "kim-omberg": "must be constants",
    "merton-jump": "jump",
    "merton-consumption": "several controls",
    "reinsurance": "several controls",
    "sticky-prices": "several players",
    "systemic-risk": "share a noise",
    "lacker-zariphopoulou-cara": "types of their own",
}


def taken(name: str) -> list[tuple[Variant, Mapping[str, object]]]:
    """Every structure of a game that a grid takes, at its named sets."""
    found = []
    for variant in variants(resolve(name)):
        try:
            represented(variant.model)
        except NotRepresentedError:
            continue
        cases = [variant.values(case) for case in variant.model.cases] or [MARKET]
        found += [(variant, case) for case in cases]
    return found


def claim_of(model: Model, values: Mapping[str, object]) -> Equilibrium:
    return equilibrium(model, values)


def solved(model: Model, values: Mapping[str, object]) -> OnGrid:
    return represented(model).solve(read(model, values), None)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.full] * (n in LONG)) for n in TAKEN],
)
def test_the_grid_agrees_and_sees_an_error(name: str) -> None:
    """The strategy within a stated distance; a strategy off by 3 % fails."""
    rows = taken(name)
    assert rows and (name != "execution" or len(rows) == 6)
    for variant, values in rows:
        claim = claim_of(variant.model, values)
        for check in level.grid_checks(claim):
            assert check.verdict == "pass" and check.error < TAKEN[name], check
        wrong = level.grid_checks(
            replace(
                claim,
                coefficients=lambda time: {
                    s: v * Fraction(103, 100).numerator / 100
                    for s, v in claim.coefficients(time).items()
                },
            )
        )
        assert {check.verdict for check in wrong} == {"fail"}, wrong


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_say_why(name: str) -> None:
    """By the function, by the listing and by the command, before anything is computed."""
    found = resolve(name)
    with pytest.raises(NotRepresentedError, match=REFUSED[name]):
        represented(found.model)  # type: ignore[arg-type]
    done = CliRunner().invoke(cli, ["pde", name, *(["--size", "3"] if "lacker" in name else [])])
    assert done.exit_code == 2 and done.exception is not None, done.output
    assert REFUSED[name] in done.stderr


def test_the_listing_says_which_games_no_grid_takes() -> None:
    done = CliRunner().invoke(cli, ["list", "--json"])
    verbs = {row["name"]: row["verbs"] for row in json.loads(done.stdout)}
    assert all(verbs[name]["pde"] is True for name in TAKEN)
    assert all(REFUSED[name] in verbs[name]["pde"] for name in REFUSED)
    without = {name for name, row in verbs.items() if row["report"] is not True}
    assert without == {"heterogeneous"}  # a page of any number of agents has no numbers to show


@pytest.mark.parametrize("name", ["lq-mfg", "merton", "labour-income"])
def test_the_form_of_the_solution_is_not_read(name: str) -> None:
    """With another ansatz the grid gives the same numbers, bit by bit."""
    (variant, values), *_ = taken(name)
    other = replace(
        variant.model,
        ansatz=Ansatz(
            {m.name: sp.Symbol("nothing") for m in variant.model.game.moments},
            {c: sp.Symbol("nothing") for c in variant.model.game.controls},
        ),
    )
    one, two = solved(variant.model, values), solved(other, values)
    assert all(np.array_equal(one.controls[u], two.controls[u]) for u in one.controls)


def test_a_grid_that_may_not_be_relied_on_judges_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not verified, whatever is claimed; the note says why."""
    ((variant, values),) = taken("basak-chabakauri")
    (check,) = level.grid_checks(claim_of(variant.model, values))
    assert check.verdict == "not verified" and "second-order condition fails" in check.note


def test_verify_has_the_grid_among_its_checks() -> None:
    ((variant, values),) = taken("lq-mfg")
    kinds = [check.kind for check in checks(claim_of(variant.model, values), paths=100)]
    assert kinds.count("grid") == 1


# ------------------------------------------------------------- the planner


@pytest.mark.parametrize("horizon", ["1.6", "2.5"])
def test_the_planner_is_refused_beyond_the_explosion_horizon(horizon: str) -> None:
    """T* = 1.549441 of CONTRACT, from the second variation alone; the game itself is solved."""
    found = resolve("execution")
    for variant in variants(found):
        if variant.model.game.crowd.size is not None or variant.model.game.notion == "given":
            continue
        values = {**variant.values("default"), "T": horizon}
        if variant.model.game.notion == "planner":
            with pytest.raises(NoSolutionError, match="1.549441 or more"):
                solved(variant.model, values)
        else:
            assert solved(variant.model, values).result.ok


x, a, m, abar = sp.symbols("x a m abar")
k, q, l, g, s, T, m0, v0 = sp.symbols("k q l g s T m0 v0")
P, Q, R, S, U, V, f, h, c = sp.symbols("P Q R S U V f h c")


def own(
    notion: Notion = "feedback", crowd: bool = True, sense: int = 1, pushed: bool = False
) -> Model:
    """Linear drift, a cost of ``x a``, and the mean of the control in the cost.

    Where the crowd pushes, its means are in the drift, too, and the player discounts.
    """
    push = g * m - l * abar if pushed else sp.S.Zero
    laws = (Law(m, x), Law(abar, a)) if crowd else ()
    coupled = -g * x * abar if crowd else sp.S.Zero
    value = P * x**2 / 2 + S * x * m + U * m**2 / 2 + R if crowd else P * x**2 / 2 + R
    form = f * x + h * m if crowd else f * x
    return Model(
        Game(
            "own",
            states=(State(x, -k * x + 2 * a + push, {"W": s}),),
            players=(
                Player(
                    "player",
                    (a,),
                    expected(
                        sense * (a**2 + q * x**2 / 2 + l * x * a + coupled),
                        sense * x**2 / 4,
                        "minimize" if sense > 0 else "maximize",
                    ),
                    discount=q if pushed else sp.S.Zero,
                ),
            ),
            horizon=Horizon(end=T),
            laws=laws,
            crowd=Crowd("player") if crowd else None,
            notion=notion,
        ),
        Ansatz({"J": value}, feedback={a: form}),
        Vocabulary(*(parameter(p) for p in (k, q, l, g, s, T, m0, v0))),
        initial={x: (m0, v0)},
    )


VALUES = {
    "k": "0.7",
    "q": "1.5",
    "l": "0.4",
    "g": "0.3",
    "s": "0.4",
    "T": "1",
    "m0": "0.6",
    "v0": "0.05",
}


@pytest.mark.parametrize(
    ("crowd", "sense", "pushed"),
    [(True, 1, False), (True, -1, True), (False, 1, False), (False, -1, False)],
)
def test_drift_and_costs_of_the_control_with_the_state(
    crowd: bool, sense: int, pushed: bool
) -> None:
    """A drift b(x), a cost l x a, and what all push the player; costs and rewards alike."""
    model = own(crowd=crowd, sense=sense, pushed=pushed)
    (check,) = level.grid_checks(claim_of(model, VALUES))
    assert check.verdict == "pass" and check.error < 2e-3, check


def test_the_second_variation_is_that_of_the_discrete_cost() -> None:
    """The limit is where the smallest eigenvalue of the discretized quadratic form changes sign."""
    planner = MeanField(own("planner"))
    numbers = {**VALUES, "g": "5", "T": "4"}
    exact = {sp.Symbol(n): sp.Rational(v) for n, v in numbers.items()}
    limit = planner.bounded(exact)
    assert limit is not None and 0.05 < limit < 4

    def smallest(horizon: float, steps: int = 160) -> float:
        width = horizon / steps
        moved = np.zeros((steps + 1, steps))  # shift of the state by that of the control
        decay = np.exp(-0.7 * width)
        for step in range(steps):
            moved[step + 1] = decay * moved[step]
            moved[step + 1, step] += 2 * (1 - decay) / 0.7
        middle, eye = (moved[1:] + moved[:-1]) / 2, np.eye(steps)
        # E[a^2 + q x^2/2 + l x a - g x abar]: second derivatives 2, q and l - g, all shifted
        form = 2 * eye + 1.5 * middle.T @ middle + (0.4 - 5) * (middle.T + middle)
        form = form * width + np.outer(moved[-1], moved[-1]) / 2
        return float(np.linalg.eigvalsh(form)[0])

    assert smallest(0.98 * limit) > 0 > smallest(1.02 * limit)


def test_what_enters_another_way_is_refused() -> None:
    """Each of these changes one thing of a game that a grid takes."""
    game = own().game
    player = game.players[0]

    def reason(**changes: object) -> str:
        with pytest.raises(NotRepresentedError) as caught:
            represented(replace(own(), game=replace(game, **changes)))  # type: ignore[arg-type]
        return caught.value.reason

    assert "as means times" in reason(states=(State(x, m * x + a, {"W": s}),))
    assert "affine" in reason(states=(State(x, a**2, {"W": s}),))
    assert "constant factor" in reason(states=(State(x, x * a, {"W": s}),))
    assert "control or law" in reason(states=(State(x, a, {"W": m}),))
    assert "quadratic" in reason(players=(replace(player, preference=expected(a**4)),))
    bent = expected(a**2 + abar**2 * a)
    assert "as means times a" in reason(players=(replace(player, preference=bent),))
    assert "random horizon" in reason(horizon=Horizon(s, T))
    assert "given" in reason(notion="given")
    assert "no mean" in reason(laws=(Law(m, x), Law(abar, x + a)))
    assert "finitely many" in reason(crowd=Crowd("player", sp.Integer(3)))
    alone = own(crowd=False)
    with pytest.raises(NotRepresentedError, match="hazard rate depends"):
        represented(replace(alone, game=replace(alone.game, horizon=Horizon(x**2, T))))
    with pytest.raises(NotRepresentedError, match="initial law"):
        represented(replace(own(), initial={}))


def test_an_initial_law_without_density_is_refused() -> None:
    with pytest.raises(InputError, match="variance of the initial law is 0"):
        solved(own(), {**VALUES, "v0": "0"})


def test_what_no_time_ends_must_fade() -> None:
    """And a crowd whose means cancel what its players do is no problem of a speed."""
    endless = own(pushed=True)
    endless = replace(endless, game=replace(endless.game, horizon=Horizon()))
    with pytest.raises(InputError, match="discount is not positive"):
        solved(endless, {**VALUES, "q": "0"})
    with pytest.raises(InputError, match="do not move their mean"):
        solved(own(pushed=True), {**VALUES, "l": "2"})


def test_a_start_that_does_not_settle_is_not_ok(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declared_ends, "SETTLED", 1e-15)
    monkeypatch.setattr(declared_ends, "TRIES", 2)
    ((variant, values),) = taken("regulator")
    found = solved(variant.model, values)
    assert found.result.status == "unresolved" and not found.result.ok
    assert found.result.message.startswith("putting off the end from 4 to 8 moves the strategy")


# -------------------------------------------------------------- the command


def test_the_command_solves_a_game(tmp_path: Path) -> None:
    """Files, plot and JSON as for a problem file; the strategy is among the arrays."""
    arguments = ["pde", "lq-mfg", "--set", "default", "--json", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["status"] == "ok" and found["problem"] == "lq-mfg"
    assert np.shape(found["strategy"]) == (len(found["t"]), len(found["x"]))
    assert {"result.json", "plots.png"} <= {p.name for p in (tmp_path / "out").iterdir()}


def test_the_command_refuses_parameters_beside_a_file_and_missing_ones() -> None:
    run = CliRunner().invoke
    done = run(cli, ["pde", "docs/pde/lq1.toml", "-p", "a=1"])
    assert done.exit_code == 2 and "holds its numbers" in done.stderr
    done = run(cli, ["pde", "lq-mfg", "-p", "nu=0.1"])
    assert done.exit_code == 2 and "missing parameters" in done.stderr
    done = run(cli, ["pde", "nothing"])
    assert done.exit_code == 2 and "Traceback" not in done.output
