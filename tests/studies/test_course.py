"""An equilibrium as a function of time."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb
from numpy.polynomial.chebyshev import Chebyshev, chebpts1
from scipy.integrate import solve_ivp

import eqsolve
from eqsolve.course_plot import plot_course
from eqsolve.derivations.mean_variance import wealth
from eqsolve.errors import InputError
from eqsolve.solve.play import Play
from eqsolve.studies.course import Course

S1 = dict(zip("r b nu sigma theta gamma".split(), ".03 .12 .2 .2 .5 2".split()))
S1 |= {"alpha": "1", "beta": ".5", "n": "3"}
TABLE = "piecewise:0=.2,3=.6"


def _course(times: Any, **how: Any) -> Course:
    given: dict[str, Any] = {"hazard": TABLE, "at": {"x": 1}, **how}
    found: Course = eqsolve.course("n-agent", S1, times=times, **given)
    return found


def test_all_times_of_a_course_are_those_of_single_answers(tmp_path: Path) -> None:
    from by_name import solve_hazard

    found = _course([0, "3/2", 3, 5])
    assert found.ok
    frame = found.to_frame()
    for k, time in enumerate(("0", "1.5", "3", "5")):
        alone = solve_hazard("n-agent", TABLE, S1, at={"x": "1", "t": time}).to_dict()
        for name, value in alone["at"].items():
            assert frame[name][k] == pytest.approx(value, rel=1e-14, abs=1e-18)
        for name, value in alone["strategy"].items():
            assert frame[f"k_{name}"][k] == pytest.approx(value, rel=1e-14)
    assert frame["J"][2] == pytest.approx(frame["J"][3], rel=1e-14)
    assert abs(frame["J"][0] - frame["J"][1]) > 1e-3
    plot_course(found, tmp_path / "course.svg")
    assert (tmp_path / "course.svg").stat().st_size > 5000


def test_a_time_near_the_box_is_found_from_a_later_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the enclosure is wide at a later time, as it is just before the box."""
    from dataclasses import replace

    from eqsolve.solve import moving

    model = wealth.crowd("feedback", None)
    given = {k: v for k, v in S1.items() if k != "n"}
    problem = moving.moving_problem(model, "gompertz:.6,.4", given)
    assert isinstance(problem, moving.Moving)
    first = problem.until(Fraction(1), {"x": 1, "m": 1})
    for width, serves in ((1e-18, True), (0.03, False)):

        def reported(self: Any, answer: Any, width: float = width) -> Any:
            return replace(answer, certificate={"largest_relative_radius": width})

        monkeypatch.setattr(moving.Moving, "_reported", reported)
        proved = replace(first, certificate={"convergence": "proved"})
        assert (problem.again(proved, Fraction(1, 2)) is not None) is serves


@pytest.mark.full
def test_a_proved_course_has_at_late_times_what_they_have_alone() -> None:
    """Just before the box the enclosure that serves time 0 is wide: .5625 instead of .5622."""
    found = _course([0, "12.14"], hazard="gompertz:.3,.4").answers[1]
    (alone,) = _course(["12.14"], hazard="gompertz:.3,.4").answers
    assert found.enclosure["convergence"] == alone.enclosure["convergence"] == "proved"
    for name, value in alone.to_dict()["at"].items():
        assert found.to_dict()["at"][name] == pytest.approx(value, rel=1e-12, abs=1e-15)


def test_a_time_that_is_too_late_has_its_own_status() -> None:
    found = _course([20, 30], hazard="gompertz:.3,.4").answers
    assert [answer.status for answer in found] == ["unresolved"] * 2
    assert "t = 20 is after" in found[0].message and "--horizon" in found[0].message
    assert found[0].game == "n-agent"


def test_where_a_limit_is_only_seen_it_is_seen_at_every_time() -> None:
    """Next to the last end that was compared the answer would be that of the end."""
    early, late = _course([4, 120], hazard="expr:.5+.1*exp(-t)").answers
    assert early.ok
    assert late.status == "unresolved" and "At t = 120 the solution still moves" in late.message


@pytest.mark.parametrize(
    "option",
    [
        ["--selection", "value"],
        ["--equilibrium", "closed-loop"],
        ["--certify"],
        ["--json"],
        ["--at", "x=1,t=3"],
    ],
)
def test_options_that_are_not_for_many_times_are_refused(option: list[str]) -> None:
    from click.testing import CliRunner

    from eqsolve.cli import cli

    words = ["solve", "n-agent", "--hazard", "gompertz:.05,.09", "--times", "0:1:2", *option]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 2 and "does not go with --times" in result.stderr


def test_times_are_a_list() -> None:
    import eqsolve

    with pytest.raises(InputError, match="5 are no times"):
        eqsolve.course("n-agent", S1, hazard="gompertz:.05,.09", times=5)  # type: ignore[arg-type]


def test_courses_end_with_the_horizon() -> None:
    found = _course([0, 4], horizon=4)
    last = found.rows[-1]
    # at the end payoffs are due: the position is that of a moment before
    assert last["V"] == pytest.approx((1 + 0.5) * 0.5, rel=1e-12)
    assert last["J"] == pytest.approx(last["V"], rel=1e-12)
    with pytest.raises(InputError, match="after the horizon"):
        _course([0, 5], horizon=4)
    with pytest.raises(InputError, match="times"):
        _course([])
    with pytest.raises(InputError, match="no state"):
        _course([0], at={"z": 1})


def test_the_command_writes_tables_and_figures(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from eqsolve.cli import cli

    given = [text for name, value in S1.items() for text in ("-p", f"{name}={value}")]
    words = ["solve", "n-agent", *given, "--hazard", TABLE, "--at", "x=1", "--times", "0:4:3"]
    table = tmp_path / "course.csv"
    result = CliRunner().invoke(cli, [*words, "--out", str(table)])
    assert result.exit_code == 0, result.output
    head, *rows = table.read_text().splitlines()
    assert head.startswith("t,status,k_x") and [row.split(",")[0] for row in rows] == [
        "0.0",
        "2.0",
        "4.0",
    ]
    figure = tmp_path / "course.png"
    assert CliRunner().invoke(cli, [*words, "--out", str(figure)]).exit_code == 0
    assert figure.stat().st_size > 5000
    for wrong in (["--times", "0:4"], ["--times", "0:4:0"]):
        refused = CliRunner().invoke(cli, [*words, *wrong])
        assert refused.exit_code == 2 and "START:STOP:COUNT" in refused.output


@pytest.mark.parametrize(
    ("game", "case", "control"), [("n-agent", "S1", "k_x"), ("labour-income", "example", "pi_x")]
)
def test_a_rate_takes_the_place_of_the_one_in_a_named_set(
    game: str, case: str, control: str
) -> None:
    from click.testing import CliRunner

    from eqsolve.cli import cli

    size = ["--size", "3"] if game == "n-agent" else []
    words = ["solve", game, "--set", case, *size, "--hazard", "none", "--horizon", "2"]
    alone = CliRunner().invoke(cli, [*words, "--json"])
    assert alone.exit_code == 0, alone.output
    answer = json.loads(alone.stdout)
    assert answer["status"] == "ok" and "lambda" not in answer["params"]
    table = CliRunner().invoke(cli, [*words, "--times", "0:2:2"])
    assert table.exit_code == 0, table.output
    head, first, _ = (line.split() for line in table.stdout.splitlines())
    strategy = answer["strategy"]
    slope = strategy.get("pi", strategy)["x"]
    assert float(first[head.index(control)]) == pytest.approx(slope, abs=1e-6)
    for more in ([], ["--times", "0:2:2"]):
        both = CliRunner().invoke(cli, [*words, *more, "-p", "lambda=.1"])
        assert both.exit_code == 2 and "lambda is given, and a hazard rate besides" in both.stderr


def test_other_games_have_courses_too() -> None:
    model = wealth.crowd("feedback", None)
    given = {k: v for k, v in S1.items() if k != "n"}
    found = eqsolve.course(
        model, given, hazard="constant:.6", horizon=3, times=[0, 1], at={"x": 1, "m": 1}
    )
    assert found.ok and found.rows[0]["pi_x"] != found.rows[1]["pi_x"]
    refused = eqsolve.course(model, given, hazard="piecewise:0=.6,2=0", times=[0, 1])
    assert not refused.ok and refused.rows[0]["status"] != "ok"


def _pair(times: list[Any], **how: Any) -> Course:
    """The course of two agents with the same numbers."""
    own = {k: v for k, v in S1.items() if k not in ("r", "n")}
    given = {"r": S1["r"]} | {f"{k}_{agent}": v for agent in (1, 2) for k, v in own.items()}
    found: Course = eqsolve.course("two-agent", given, hazard=TABLE, horizon=5, times=times, **how)
    return found


def _off_alike(found: Course) -> float:
    """How far agents who differ in name only are from agents who are alike."""
    alike = eqsolve.course("n-agent", {**S1, "n": "2"}, hazard=TABLE, horizon=5, times=[0, 2, 4])
    worst = 0.0
    for row, other in zip(found.rows, alike.rows, strict=True):
        assert row["status"] == other["status"] == "ok" and row["t"] == other["t"]
        # y is half of the other's wealth
        pairs = [("pi_1_x_1", other["k_x"]), ("pi_1_1", other["k_1"])]
        pairs += [("pi_1_x_2", other["k_y"] / 2), ("pi_2_x_1", other["k_y"] / 2)]
        worst = max(worst, *(abs(row[name] - value) for name, value in pairs))
    return worst


@pytest.fixture
def unexpected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of what is obtained, which takes longest."""
    from eqsolve.solve import moving_types

    def unknown(*_: Any) -> Any:
        raise moving_types.NotFollowed("Nothing is expected.")

    monkeypatch.setattr(moving_types, "expectations", unknown)


@pytest.mark.usefixtures("unexpected")
def test_agents_who_differ_have_courses(tmp_path: Path) -> None:
    found = _pair([0, 2, 4])
    assert found.ok and _off_alike(found) < 1e-14
    assert all(row["V_1"] == row["V_2"] and row["pi_1"] == row["pi_2"] for row in found.rows)
    assert found.answers[0].message.endswith("Nothing is expected.") and "J_1" not in found.rows[0]
    plot_course(found, tmp_path / "course.svg")
    assert (tmp_path / "course.svg").stat().st_size > 5000
    with pytest.raises(InputError, match="after the horizon"):
        _pair([6])


@pytest.mark.usefixtures("unexpected")
def test_agents_who_differ_at_a_wrong_time_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: everybody stays at the first time."""
    from eqsolve.solve import moving_types

    right = moving_types._answers

    def stays(points: Any, types: Any, times: Any) -> Any:
        return right(points, types, [times[0]] * len(times))

    monkeypatch.setattr(moving_types, "_answers", stays)
    assert _off_alike(_pair([0, 2, 4])) > 1e-3


def _obtained(game: str, given: dict[str, Any], **how: Any) -> Course:
    found: Course = eqsolve.course(
        game, given, hazard="gompertz:.3,.4", horizon=1, times=[0, "1/2"], **how
    )
    return found


def test_agents_who_differ_obtain_what_those_who_are_alike_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    alike = _obtained("n-agent", {**S1, "n": "2"}, at={"x": 1}).rows
    own = {k: v for k, v in S1.items() if k not in ("r", "n")}
    given = {"r": S1["r"], "agent": [own, own]}
    found = _obtained("two-agent", given)
    for row, other in zip(found.rows, alike, strict=True):
        for name in ("J", "exploitability"):
            for agent in (1, 2):
                assert row[f"{name}_{agent}"] == pytest.approx(other[name], rel=1e-12)
    assert found.answers[0].enclosure["largest_relative_radius"] < 1e-17
    plot_course(found, tmp_path / "course.svg")
    assert (tmp_path / "course.svg").read_text().count("stroke-dasharray") >= 2

    # planted: nothing is due at the end
    def nothing(self: Play, k: int, basis: Any) -> Any:
        return [[arb(0)] * len(basis) for _ in self.motion.moments]

    monkeypatch.setattr(Play, "due", nothing)
    assert abs(_obtained("two-agent", given).rows[0]["J_1"] - alike[0]["J"]) > 0.1


@pytest.mark.full
def test_agents_who_differ_obtain_what_moments_of_wealth_give() -> None:
    """Moments are integrated forward, under the feedback at 24 times and a polynomial between."""
    rate, end, start = (0.15, 0.2), 4.0, np.array([1.2, 0.7])
    agents: list[dict[str, float]] = [
        {"b": 0.12, "nu": 0.2, "sigma": 0.2, "theta": 0.5, "gamma": 2.0, "alpha": 1.0, "beta": 0.5},
        {"b": 0.1, "nu": 0.25, "sigma": 0.15, "theta": 0.3, "gamma": 1.5, "alpha": 1, "beta": 0.2},
    ]
    rows = [{**agent, "wealth": x} for agent, x in zip(agents, start)]
    times = [0.0, *(chebpts1(24) + 1) / 2 * end]
    given: dict[str, Any] = {"r": "0.03", "agent": rows}
    course = eqsolve.course("two-agent", given, hazard="gompertz:.15,.2", horizon=4, times=times)
    table = course.to_frame()
    names = [f"pi_{k}_{letter}" for k in (1, 2) for letter in ("x_1", "x_2", "1")]
    values = table[names].to_numpy(float)[1:]
    fits = [Chebyshev.fit(times[1:], column, 23, domain=[0, end]) for column in values.T]
    excess = np.array([agent["b"] - 0.03 for agent in agents])
    noise = np.outer(*[[a["sigma"] for a in agents]] * 2) + np.diag([a["nu"] ** 2 for a in agents])
    payoffs = [np.eye(2)[k] - a["theta"] / 2 for k, a in enumerate(agents)]

    def paid(mean: Any, square: Any) -> Any:
        return [f(w) for w in payoffs for f in (lambda w: w @ mean, lambda w: w @ square @ w)]

    def speed(t: float, y: Any) -> Any:
        mean, square, alive = y[:2], y[2:6].reshape(2, 2), np.exp(-y[6])
        play = np.array([fit(t) for fit in fits]).reshape(2, 3)
        slope, level = play[:, :2], play[:, 2]
        drift, more = np.diag(excess) @ slope + 0.03 * np.eye(2), excess * level
        mixed = np.outer(slope @ mean, level)
        positions = slope @ square @ slope.T + mixed + mixed.T + np.outer(level, level)
        moved = drift @ square + np.outer(more, mean)
        hazard = rate[0] * np.exp(rate[1] * t)
        gained = np.array(paid(mean, square)) * hazard * alive
        return [*(drift @ mean + more), *(moved + moved.T + noise * positions).ravel(), hazard] + [
            *gained
        ]

    y = [*start, *np.outer(start, start).ravel(), 0, 0, 0, 0, 0]
    last = solve_ivp(speed, (0, end), y, method="DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
    due = np.array(paid(last[:2], last[2:6].reshape(2, 2))) * np.exp(-last[6])
    expected = (last[7:] + due).reshape(2, 2)
    for k, (agent, (mean, square)) in enumerate(zip(agents, expected)):
        weight = agent["alpha"] + agent["beta"] * start[k]
        objective = mean * weight - agent["gamma"] / 2 * (square - mean**2)
        assert table[f"J_{k + 1}"][0] == pytest.approx(objective, rel=1e-11)
