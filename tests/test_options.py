"""Options that some games do not take are refused as ``eqsolve list`` says, never dropped."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import eqsolve
from eqsolve.cli import cli
from eqsolve.errors import InputError

GIVEN = ["systemic-risk", "--set", "default"]
#: What an option of a verb is tried with.
WORDS = {
    "converge --paths": ["converge", *GIVEN, "--n", "3,5", "--paths", "10"],
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
