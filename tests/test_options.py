"""Options that some games do not take are refused as ``eqsolve list`` says, never dropped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import eqsolve
from eqsolve.cli import cli
from eqsolve.errors import InputError

GIVEN = ["systemic-risk", "--set", "default"]
#: What an option of a verb is tried with.
WORDS = {
    "converge --paths": ["converge", *GIVEN, "--n", "3,5", "--paths", "10"],
    "converge --epsilon": ["converge", *GIVEN, "--n", "3,5", "--epsilon"],
    "simulate --feedback": [
        *["simulate", *GIVEN, "--size", "3", "--paths", "10", "--seed", "1"],
        *["--feedback", "x=1"],
    ],
    "simulate --threads": [
        *["simulate", *GIVEN, "--size", "3", "--paths", "10", "--seed", "1"],
        *["--threads", "2"],
    ],
    "sweep --certify": [
        *["sweep", *GIVEN, "--size", "3", "--vary", "a=1:2:3", "--certify", "--out", "no.csv"],
    ],
}


@pytest.fixture(scope="module")
def listed() -> dict[str, dict[str, str]]:
    games = json.loads(CliRunner().invoke(cli, ["list", "--json"]).stdout)
    return {game["name"]: game["options"] for game in games}


def test_the_listing_names_these_options(listed: dict[str, dict[str, str]]) -> None:
    assert set(listed["systemic-risk"]) == set(WORDS)
    assert "converge --paths" not in listed["merton"] and listed["n-agent"] == {}
    text = CliRunner().invoke(cli, ["list"]).stdout
    assert f"no converge --paths: {listed['systemic-risk']['converge --paths']}" in text


@pytest.mark.parametrize("option", WORDS)
def test_the_refusal_is_the_listed_one(option: str, listed: dict[str, dict[str, str]]) -> None:
    result = CliRunner().invoke(cli, WORDS[option])
    assert result.exit_code == 2 and result.stdout == ""
    assert listed["systemic-risk"][option] in result.stderr


def test_python_refuses_them_too() -> None:
    with pytest.raises(InputError, match="not coupled"):
        eqsolve.converge("systemic-risk", (3, 5), paths=10)
    with pytest.raises(InputError, match="equilibrium strategy only"):
        eqsolve.simulate("systemic-risk", size=3, paths=10, seed=1, feedback={"x": 1})
    with pytest.raises(InputError, match="one thread"):
        eqsolve.simulate("systemic-risk", size=3, paths=10, seed=1, threads=2)


@pytest.mark.parametrize("game", ["relative-wealth", "n-agent"])
def test_two_words_for_the_notion_must_agree(game: str) -> None:
    """The equilibrium of another notion than the one asked for was answered without a word."""
    how = {"n": 3, "r": ".03", "b": ".12", "nu": ".2", "sigma": ".2", "theta": ".5"}
    how |= {"gamma": 2, "alpha": 1, "beta": ".5", "lambda": ".6"}
    with pytest.raises(InputError, match="two different ones"):
        eqsolve.solve(game, how, notion="feedback", equilibrium="given-aggregate")
    words = [part for pair in how.items() for part in ("-p", "{}={}".format(*pair))]
    both = ["--notion", "given", "--equilibrium", "closed-loop"]
    result = CliRunner().invoke(cli, ["solve", game, *words, *both])
    assert result.exit_code == 2 and "two different ones" in result.stderr
    given = eqsolve.solve(game, how, equilibrium="given-aggregate").to_dict()
    assert given["response"]


SET = {"r": 0.03, "b": 0.12, "nu": 0.2, "sigma": 0.2, "gamma": 2, "alpha": 1, "beta": 0.5}
SET |= {"theta": 0.5, "lam": 0.6}
SET_WITHOUT_R = {k: v for k, v in SET.items() if k != "r"}
ONE_NOTION: dict[str, Any] = {
    "kernel": lambda **how: eqsolve.kernel("n-agent", **how),
    "sweep": lambda **how: eqsolve.sweep("n-agent", {"n": [2, 3]}, SET, **how),
    "sensitivity": lambda **how: eqsolve.sensitivity("n-agent", SET, n=3, **how),
    "converge": lambda **how: eqsolve.converge("n-agent", (10,), SET, **how),
    "derive": lambda **how: eqsolve.derive("n-agent", **how),
}


@pytest.mark.parametrize("verb", ONE_NOTION)
def test_a_notion_is_taken_or_refused(verb: str) -> None:
    """The closed loop of agents who are alike has points and simulations only."""
    with pytest.raises(InputError, match="against given aggregates only"):
        ONE_NOTION[verb](notion="feedback")
    with pytest.raises(InputError, match="not declared"):
        ONE_NOTION[verb](notion="planner")
    ONE_NOTION[verb](notion="given")


@pytest.mark.parametrize(
    "words",
    [
        ["sweep", "n-agent", "--set", "S1", "--vary", "n=2:3:2", "--notion", "feedback"],
        ["derive", "n-agent", "--notion", "feedback"],
        ["derive", "n-agent", "--size", "3"],
        ["latex", "n-agent", "--notion", "feedback", "--out", "no"],
        ["converge", "systemic-risk", "--set", "default", "--n", "3", "--size", "4"],
    ],
)
def test_commands_drop_no_structure(words: list[str]) -> None:
    given = [*words, "--out", "no.csv"] if words[0] == "sweep" else words
    result = CliRunner().invoke(cli, given)
    assert result.exit_code == 2 and result.stdout == ""
    assert "Leave out" in result.stderr or "Leave the notion out" in result.stderr


@pytest.mark.parametrize("option", ["--notion", "--size", "--horizon"])
def test_a_structure_belongs_to_one_game(option: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    refused = CliRunner().invoke(cli, ["latex", "--out", str(out), option, "3"])
    assert refused.exit_code == 2 and "belong to one game" in refused.stderr
    assert not out.exists()


@pytest.mark.parametrize("verb", ["solve", "anarchy"])
def test_a_continuum_and_a_number_are_two_sizes(verb: str) -> None:
    words = [verb, "execution", "--set", "default", "--size", "continuum"]
    assert CliRunner().invoke(cli, words).exit_code == 0
    refused = CliRunner().invoke(cli, [*words, "-p", "n=4"])
    assert refused.exit_code == 2 and "both given" in refused.stderr


def test_the_size_is_the_number_of_agents() -> None:
    three = eqsolve.solve("n-agent", SET, n=3).strategy.x
    assert eqsolve.solve("n-agent", SET, size=3).strategy.x == three
    assert eqsolve.sweep("n-agent", {"r": [0.03]}, SET_WITHOUT_R, size=3)["k_x"] == three
    for twice in (
        lambda: eqsolve.solve("n-agent", SET, n=3, size=4),
        lambda: eqsolve.simulate("n-agent", SET, agents=3, size=4, paths=10, seed=1),
        lambda: eqsolve.simulate("systemic-risk", SET, agents=3, size=4, paths=10, seed=1),
    ):
        with pytest.raises(InputError, match="both given|differ"):
            twice()


def test_a_kernel_takes_what_changes_its_equations() -> None:
    for strange in ({"nope": 1}, {"size": 3}, {"types": 2}):
        with pytest.raises(InputError, match="does not change the equations"):
            eqsolve.kernel("n-agent", **strange)


@pytest.mark.parametrize("game", ["n-agent", "relative-wealth"])
def test_numbers_of_players_are_whole(game: str) -> None:
    for wrong in (["a"], [2.5], [], [0], 2.5, "a,b", [True], [None]):
        with pytest.raises(InputError, match="number of agents|numbers of agents"):
            eqsolve.converge(game, wrong, SET)


def test_python_refuses_a_verb_with_the_listed_reason() -> None:
    for work in (
        lambda: eqsolve.simulate("two-agent", SET, agents=2, paths=10, seed=1),
        lambda: eqsolve.kernel("two-agent"),
    ):
        with pytest.raises(InputError, match="its agents differ"):
            work()


def test_types_against_given_averages_are_refused_in_a_sweep() -> None:
    with pytest.raises(InputError, match="have no kernel where averages are given"):
        eqsolve.sweep("relative-wealth", {"b_1": [0.1, 0.2]}, {"b_2": 0.12})


MERTON = {"r": 0.02, "B": 0.05, "s": 0.2, "g": 2, "T": 1}
#: Options with values of another kind.
OTHERWISE: dict[str, Any] = {
    "solve at": lambda: eqsolve.solve("merton", MERTON, at=2.5),
    "solve at a text": lambda: eqsolve.solve("n-agent", SET, n=3, at="x=1"),
    "kernel types": lambda: eqsolve.kernel("lacker-zariphopoulou-cara", types="3"),
    "simulate step": lambda: eqsolve.simulate("merton", MERTON, paths=9, seed=1, step="0.1"),
    "simulate paths": lambda: eqsolve.simulate("merton", MERTON, paths=2.5, seed=1),
    "simulate seed": lambda: eqsolve.simulate("n-agent", SET, agents=3, paths=9, seed="1"),
    "simulate feedback": lambda: eqsolve.simulate(
        "n-agent", SET, agents=3, paths=9, seed=1, feedback=3
    ),
    "converge paths": lambda: eqsolve.converge("n-agent", (10,), SET, paths=True),
    "sensitivity outputs": lambda: eqsolve.sensitivity("merton", MERTON, outputs=3),
    "sweep vary": lambda: eqsolve.sweep("n-agent", 2.5, SET),
    "sweep out": lambda: eqsolve.sweep("n-agent", {"n": [2, 3]}, SET, out=3),
    "sweep sample": lambda: eqsolve.sweep("n-agent", {"n": [2, 3]}, SET, sample=8),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_options_of_another_kind_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"{name.split()[1]} must be a"):
        OTHERWISE[name]()
