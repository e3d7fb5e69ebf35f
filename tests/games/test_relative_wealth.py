"""The mean-variance family by the engine of all games, against the answer key of its own.

The key (``tests/reference``) is written from the published formulas; it works with 60 digits and
shares nothing with the package. The engine that was written for the family is compared, too, where
it says more than the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import ctx

from by_name import solve_any as by_the_family
from eqsolve.derivation.derivation import Derivation, derive
from eqsolve.derivations.mean_variance.relative_wealth import model
from eqsolve.game.parameters import read
from eqsolve.handle import Handle
from eqsolve.solve.answer import Answer
from eqsolve.solve.derived import DerivedPoint
from eqsolve.solve.point import BITS
from eqsolve.studies.sweep import design, write_sweep
from hard_families import plain, wide
from reference import cases
from reference.closed_loop import closed_loop_mfg, closed_loop_n
from reference.homogeneous import mean_field, n_agent
from reference.test_every_closed_loop import SEVERAL

#: Relative accuracy of what is compared.
TOLERANCE = 1e-12
DRAWS = 4


@cache
def derivation(notion: str, finite: bool) -> Derivation:
    """The model of any number of agents, or of a continuum."""
    with ctx.workprec(BITS):
        return derive(model(notion, 2 if finite else None))  # type: ignore[arg-type]


def solved(
    given: Mapping[str, Any], n: int | None, x: Any, y: Any, notion: str = "given"
) -> Answer:
    """The answer at own wealth x and the others' wealth y."""
    found = derivation(notion, n is not None)
    values: dict[str, Any] = {{"lam": "lambda"}.get(k, k): v for k, v in given.items()}
    mean = Fraction(y) if n is None else Fraction(y) + Fraction(x) / n
    if n is not None:
        values["n"] = n
    with ctx.workprec(BITS):
        return DerivedPoint(found, read(found.model, values, {"x": x, "m": mean}), "limit").answer()


def strategy(answer: Answer, n: int | None) -> tuple[float, float, float]:
    """The coefficients of own wealth, of the others' and 1."""
    row = answer.strategy["pi"]
    others = row.get("m", 0.0)
    return row.get("x", 0.0) + (0.0 if n is None else others / n), others, row.get("1", 0.0)


def close(value: float, key: Any, scale: float = 0.0) -> bool:
    return abs(value - float(key)) <= TOLERANCE * max(abs(float(key)), scale, 1e-300)


def rows() -> list[Any]:
    """The sets of reference, and draws from ordinary and from wide families."""
    found = [
        pytest.param(dict(row), n, "1.1", "0.9", id=f"{name}-{n}")
        for name, row in cases.SETS.items()
        for n in (None, 3, 10)
    ]
    for family in (plain, wide):
        drawn = family(np.random.default_rng(20), DRAWS)
        for k in range(DRAWS):
            row = {name: Fraction(float(values[k])) for name, values in drawn.items()}
            n, x, y = int(row.pop("n")), row.pop("x"), row.pop("y")
            found.append(pytest.param(row, n if k % 2 else None, x, y, id=f"{family.__name__}-{k}"))
    return found


@pytest.mark.parametrize(("row", "n", "x", "y"), rows())
def test_given_averages_against_the_key(
    row: Mapping[str, Any], n: int | None, x: Any, y: Any
) -> None:
    key = mean_field(row, x, y) if n is None else n_agent(row, n, x, y)
    answer = solved(row, n, x, y)
    assert answer.ok == (key["status"] == "ok")
    if not answer.ok:
        return
    parts = {"p1": "p1", "p2": "p2", "p3": "q3", "p3[B*pi]": "Qb", "p3[pi*sigma]": "Qs"}
    for ours, theirs in parts.items():
        assert close(answer.coefficients[ours], key[theirs]), ours
    for ours, name in zip(strategy(answer, n), ("k1", "k2", "k3")):
        assert close(ours, key[name], abs(answer.strategy["pi"].get("m", 0.0))), name
    for name in ("a", "c", "h20", "h11", "h02"):
        assert close(answer.coefficients[name], key[name]), name
    big = max(abs(float(key[name])) for name in ("h20", "h11", "h02", "h10", "h01", "h00"))
    assert close(answer.at["V"], key["V"], big)
    assert close(answer.at["pi"], key["pi"])


@pytest.mark.parametrize("n", [None, 3])
def test_what_is_obtained_is_what_the_family_s_engine_says(n: int | None) -> None:
    row = {{"lam": "lambda"}.get(k, k): v for k, v in cases.S1.items()}
    old = by_the_family(
        "mean-field" if n is None else "n-agent",
        at={"x": "1.1", "y": "0.9"},
        **row,
        **({} if n is None else {"n": n}),
    ).to_dict()
    answer = solved(cases.S1, n, "1.1", "0.9")
    for name in ("pi", "V", "J", "exploitability"):
        assert answer.at[name] == pytest.approx(old["at"][name], rel=TOLERANCE)


@pytest.mark.parametrize("name", [name for name, case in cases.ROOTS.items() if "n" in case[0]])
def test_every_root_is_found_and_the_limit_selected(name: str) -> None:
    row, status, roots = cases.ROOTS[name]
    n = int(row["n"])
    given = {k: v for k, v in row.items() if k != "n"}
    answer = solved(given, n, "1", "1/2")
    key = n_agent(given, n, 1, Fraction(1, 2))
    assert answer.ok == (status == "ok" and key["status"] == "ok")
    assert [r["admissible"] for r in answer.roots].count(True) == sum(ok for _, ok in roots)
    if answer.ok:
        assert close(answer.coefficients["p1"], key["p1"])


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"lam": ".15", "r": ".1", "b": ".12", "beta": ".5"}, "no-admissible-root"),
        ({}, "infinite-variance"),
        ({"theta": "0"}, "ok"),
    ],
)
def test_statuses_are_those_of_the_family(changes: Mapping[str, Any], status: str) -> None:
    """With lambda < 2 r the others' wealth has no second moment, which counts if one competes."""
    words = "b nu sigma theta gamma alpha beta lam r".split()
    row = {**dict(zip(words, ".3 .2 .2 .5 2 1 .1 .155 .08".split())), **changes}
    answer = solved(row, None, "1", "1")
    old = by_the_family("mean-field", **row)
    assert answer.status.label == old.status == status


def test_second_moments_that_explode_in_play_only() -> None:
    row = {k: v for k, v in cases.INFINITE_VARIANCE.items() if k != "n"}
    answer = solved(row, 2, "1", "1/2")
    assert answer.status.label == "infinite-variance"
    assert any(root["admissible"] for root in answer.roots)


@pytest.mark.parametrize("name", ["S1", "S2", "S3"])
def test_closed_loop_of_the_continuum_against_the_key(name: str) -> None:
    key = closed_loop_mfg(cases.SETS[name])
    answer = solved(cases.SETS[name], None, "1", "1", "feedback")
    assert answer.ok and key["status"] == "ok" and answer.certificate["complete"]
    for ours, theirs in zip(strategy(answer, None), ("p1", "p2", "p3")):
        assert close(ours, key[theirs]), theirs


def test_two_cubics_decide_whether_there_is_a_closed_loop_of_the_continuum() -> None:
    """With the given averages there is an equilibrium here, with those that follow wealth none."""
    answer = solved({**cases.NO_CLOSED_LOOP, "alpha": "1"}, None, "1", "1", "feedback")
    assert not answer.ok
    assert answer.status.label == "infinite-variance", "decided: all roots are known"
    key = closed_loop_mfg({**cases.NO_CLOSED_LOOP, "alpha": "1"})
    assert key["status"] == "no-solution" and len(key["means"]) == 3
    means = sorted(_means(cases.NO_CLOSED_LOOP, answer))
    assert means == pytest.approx(sorted(map(float, key["means"])), rel=1e-9)


def _means(row: Mapping[str, Any], answer: Answer) -> list[float]:
    """The coefficients p1 + p2 of the mean, from c = (B p2 a - lam theta)/F1, where D2 > 0."""
    r, lam, theta = (float(Fraction(row[k])) for k in ("r", "lam", "theta"))
    drift = float(Fraction(row["b"])) - r
    found = []
    for root in [r for r in answer.roots if r["h20"] > 0]:
        a, c = root["a"], root["c"]
        p1 = (lam - r - lam / a) / drift
        p2 = (c * (lam - r - drift * p1) + lam * theta) / (drift * (a + c))
        found.append(p1 + p2)
    return found


#: Newton's method from the strategy at given averages goes astray here.
ASTRAY = {
    "r": "0.03046",
    "b": "0.1598",
    "nu": "0.15362",
    "sigma": "-0.2934",
    "theta": "0.94464",
    "gamma": "4.45548",
    "alpha": "1.59244",
    "beta": "4.20293",
    "lam": "0.26866",
}


@pytest.mark.parametrize("name", ["S1", "S2"])
def test_closed_loop_of_finitely_many_against_the_key(name: str) -> None:
    key = closed_loop_n(cases.SETS[name], 3)
    answer = solved(cases.SETS[name], 3, "1.1", "0.9", "feedback")
    assert answer.ok and answer.certificate["complete"]
    for ours, theirs in zip(strategy(answer, 3), ("p1", "p2", "p3")):
        assert close(ours, key[theirs]), theirs


def test_a_closed_loop_of_two_where_newton_goes_astray() -> None:
    answer = solved(ASTRAY, 2, "1", "1/2", "feedback")
    assert answer.ok and answer.certificate["complete"]
    found = strategy(answer, 2)
    assert found == pytest.approx((0.470746863844, 0.265105662937, 0.257597270489), abs=1e-12)
    (root,) = [root for root in answer.roots if root["selected"]]
    assert root["growth"][0] + float(ASTRAY["lam"]) == pytest.approx(0.25267, abs=1e-5)
    assert answer.at["m.xx"] == pytest.approx(1.0)


def test_all_closed_loops_of_two_are_found_and_the_limit_is_selected() -> None:
    row = {k: v for k, v in SEVERAL.items() if k != "n"}
    answer = solved(row, 2, "1", "1/2", "feedback")
    assert answer.certificate["complete"]
    assert [root["admissible"] for root in answer.roots].count(True) == 5
    old = by_the_family(
        "n-agent",
        equilibrium="closed-loop",
        at={"x": "1", "y": "1/2"},
        **{{"lam": "lambda"}.get(k, k): v for k, v in row.items()},
        n=2,
    ).to_dict()
    keys = [old["strategy"][name] for name in ("x", "y", "1")]
    assert strategy(answer, 2) == pytest.approx(keys, rel=1e-9)


def test_the_limit_does_not_depend_on_the_unit_of_time() -> None:
    """Rates of 1e-12 were followed for 60,000 units of time only."""
    row = {k: Fraction(v) for k, v in SEVERAL.items() if k != "n"}
    slow = {k: v / 2**40 if k in ("r", "b", "lam") else v for k, v in row.items()}
    slow |= {k: row[k] / 2**20 for k in ("nu", "sigma")}
    expected, found = (solved(given, 2, "1", "1/2", "feedback") for given in (row, slow))
    assert found.ok and [r["selected"] for r in found.roots] == [
        r["selected"] for r in expected.roots
    ]
    assert strategy(found, 2) == pytest.approx(strategy(expected, 2), rel=1e-12)


def test_what_is_surely_infinite_can_be_left_out() -> None:
    row = {{"lam": "lambda"}.get(k, k): v for k, v in SEVERAL.items()} | {"n": "2"}
    found = derivation("feedback", True)
    with ctx.workprec(BITS):
        point = DerivedPoint(found, read(found.model, row), "limit").point
        whole, part = point.choice.candidates, replace(point, finite=True).choice.candidates
        assert point.solutions.complete and len(part) < len(whole)
        kept = [c.values["p1"] for c in part]
        for candidate in whole:
            (margin,) = candidate.abscissa
            assert margin is not None
            assert any(candidate.values["p1"].overlaps(p) for p in kept) == (margin < 0)


def test_columns_of_frozen_averages_are_names_in_every_format(tmp_path: Path) -> None:
    case = "r=.03 b=.12 nu=.2 sigma=.2 theta=.5 gamma=2 alpha=1 beta=.5 lambda=.6 n=3 x=1 m=1"
    fixed = dict(part.split("=") for part in case.split())
    plan = design(Handle("relative-wealth"), {"t": [0.0, 0.1]}, fixed, structure=(("size", 3),))
    named = [name for name in plan.columns if "[" in name]
    assert named and not any("/" in name for name in named)
    for suffix in (".csv", ".nc", ".zarr"):
        write_sweep(plan, tmp_path / f"table{suffix}")
        assert (tmp_path / f"table{suffix}").exists()
