"""Signs of derivatives of declared games over a region."""

from __future__ import annotations

import json
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from click.testing import CliRunner

from eqsolve.cli import cli
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.registry import resolve
from eqsolve.studies import signs
from eqsolve.studies.derivatives import Derivatives
from eqsolve.studies.signs import model_signs

MERTON = {"r": "0.02", "B": "0.1", "s": "0.2", "T": "1"}


def test_a_change_of_sign_is_where_the_formula_has_it() -> None:
    """At wealth 1 ``log V = (1 - g) (r + B^2/(2 g s^2)) T - log(1 - g)``."""

    def slope(g: mp.mpf) -> mp.mpf:
        return -mp.mpf("0.02") - mp.mpf("0.125") / g**2 + 1 / (1 - g)

    truth = float(mp.findroot(slope, (0.2, 0.5), solver="anderson"))
    axis = np.array([0.2, 0.5])
    exported = resolve("merton").exported
    found = model_signs(exported, {"g": axis}, MERTON, at={"x": 1}, outputs=["V"], parameters=["g"])
    (change,) = found.locus
    assert (change.kind, found.signs["V"]["g"].verdict) == ("zero", "+-")
    assert change.at["g"] == pytest.approx(truth, rel=1e-12)
    assert change.low <= truth * (1 + 1e-12) and truth * (1 - 1e-12) <= change.high


def test_what_does_not_depend_has_no_sign_and_an_exact_zero_ends_the_search() -> None:
    words = "sensitivity regulator --set default --vary x=-1:1:2 --vary sigma=0.5:1:2 --of p"
    result = CliRunner().invoke(cli, words.split())
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "points: 4 ok"
    assert lines[2].split() == ["sigma", "0"] and lines[3].split() == ["lambda", "+-"]
    assert [line.split(" at ")[1] for line in lines[4:]] == [
        "x = 0, sigma = 0.5",
        "x = 0, sigma = 1",
    ]
    found = json.loads(CliRunner().invoke(cli, [*words.split(), "--json"]).stdout)
    assert found["signs"]["p"]["lambda"] == {
        "positive": 2,
        "negative": 2,
        "zero": 0,
        "verdict": "+-",
    }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--vary g=0.2:0.5:2 -p g=1", "g is given and varied"),
        ("--vary g=0.5:0.2:2", "ascending"),
        ("--vary g=0.2:0.5:100000", "vary 1 to 10000 points"),
        ("--vary k=0.2:0.5:2 -p g=2", "'k'"),
    ],
)
def test_regions_that_make_no_sense(words: str, told: str) -> None:
    given = [part for pair in MERTON.items() for part in ("-p", "=".join(pair))]
    result = CliRunner().invoke(cli, ["sensitivity", "merton", *given, *words.split()])
    assert result.exit_code == 2 and told in result.stderr, result.output


def _curve(kind: str, g: float) -> Derivatives:
    """A derivative with a pole at .3; without a value from .25 to .3; none at all."""
    there = {"pole": g != 0.3, "gap": g < 0.25 or g > 0.3, "none": False}[kind]
    row = {"V": {"g": 1 / (g - 0.3) if kind == "pole" else g - 0.27}} if there else {}
    return Derivatives("merton", "ok" if there else "explodes", "", {}, row, {})


@pytest.mark.parametrize(("kind", "place", "told"), [("pole", 0.3, "jump"), ("gap", 0.25, "gap")])
def test_changes_that_are_no_zeros(
    kind: str, place: float, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signs, "model_sensitivity", lambda s, v, **how: _curve(kind, v["g"]))
    exported = resolve("merton").exported
    (change,) = model_signs(exported, {"g": np.array([0.2, 0.5])}, MERTON).locus
    assert change.kind == told and change.at["g"] == pytest.approx(place, rel=1e-12)


def test_a_region_without_solutions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signs, "model_sensitivity", lambda s, v, **how: _curve("none", v["g"]))
    exported = resolve("merton").exported
    with pytest.raises(NoSolutionError, match="no point has derivatives: explodes"):
        model_signs(exported, {"g": np.array([0.2, 0.5])}, MERTON)


@pytest.mark.parametrize(
    "axis",
    [
        np.ma.array([0.2, 0.5], mask=[False, True]),
        np.array([0.2 + 1j, 0.5]),
        np.array(["2020-01-01", "2020-01-02"], "datetime64[D]"),
        np.array([False, True]),
        np.array(["0.2", "0.5"]),
    ],
    ids=["masked", "complex", "dates", "booleans", "texts"],
)
def test_axes_that_are_no_real_numbers_are_refused(axis: Any) -> None:
    with pytest.raises(InputError, match="the axis of g holds"):
        model_signs(resolve("merton").exported, {"g": axis}, MERTON)
