"""Any number of agents who differ: against the key, reductions, many equilibria, planted errors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas
import pytest
import sympy as sp
from click.testing import CliRunner

import eqsolve
from by_name import solve, solve_agents
from eqsolve.cli import cli
from eqsolve.columns import Columns
from eqsolve.errors import InputError
from eqsolve.notated.agents import GENERIC
from eqsolve.paper.planted import _in_form
from eqsolve.registry import model
from eqsolve.solve import joint
from eqsolve.verify.any_number import any_number_checks
from eqsolve.words import agents as balls
from eqsolve.words.many import BLOCK, Sums
from reference import cases
from reference.heterogeneous import constant_equilibrium, heterogeneous
from reference.precision import number
from reference.response import limit_root, linear_response, prepare, root_table

OWN = ("b", "nu", "sigma", "theta", "gamma", "alpha", "beta", "lam")
Rows = Sequence[Mapping[str, Any]]


#: Ranges of agents who have an equilibrium.
RANGES = {
    **{"b": (0.05, 0.12), "nu": (0.15, 0.3), "sigma": (-0.2, 0.3), "theta": (0, 0.9)},
    **{"gamma": (1, 4), "alpha": (0.3, 1.5), "beta": (0.1, 0.5), "lam": (0.5, 1)},
    "wealth": (0.5, 2),
}


def rows_of(count: int, seed: int) -> list[dict[str, Any]]:
    """Agents drawn one by one."""
    generator = Random(seed)
    return [
        {name: str(round(generator.uniform(*ends), 4)) for name, ends in RANGES.items()}
        for _ in range(count)
    ]


def close(found: float, expected: Any) -> bool:
    return abs(found - float(expected)) <= 4e-16 * max(abs(float(expected)), 1e-300)


# -- the closed form ----------------------------------------------------------------------------


def test_the_closed_form_has_sums_over_any_number() -> None:
    game = model("heterogeneous")
    agents, form = game.types, game.derivation.form
    for average in agents.averages.values():
        for name in average.products.values():
            (summed,) = form[name].atoms(sp.Sum)
            assert form[name] == summed and summed.limits[0][2] == agents.roles.size
    # an agent's answer to the others goes through the averages alone: rank two beside a diagonal
    position = form[agents.of(GENERIC, agents.position)]
    totals = [a.total for a in agents.averages.values()]
    assert sp.Poly(position, *totals).total_degree() == 1 and len(totals) == 2


def test_every_planted_error_in_it_is_seen() -> None:
    game = model("heterogeneous")
    assert all(c.error == 0 for c in any_number_checks(game, game.types, game.derivation.form))
    errors = [*_in_form(game, skip=False)]
    assert len(errors) >= 8
    for error in errors:
        assert any(check.error != 0 for check in error.run()), error.what


# -- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "seed"), [(2, 3), (3, 4), (5, 8)])
def test_agents_agree_with_the_key(count: int, seed: int) -> None:
    rows = rows_of(count, seed)
    total = sum(range(1, count + 1))
    for k, row in enumerate(rows, 1):
        row["weight"] = Fraction(k, total)
    answer, key = (
        solve_agents("heterogeneous", {"r": "0.02", "agent": rows}),
        heterogeneous(rows, "0.02"),
    )
    assert answer.ok and key["status"] == "ok", answer.message
    document = answer.to_dict()
    for i in range(count):
        assert close(document["pi"][i], key["pi"][i]) and close(document["V"][i], key["V"][i])
        for j in range(count):
            assert close(document["feedback"]["wealth"][i][j], key["K"][i][j])
    assert close(document["aggregates"]["M_s"], key["M_s"])
    wrong = heterogeneous(
        [{**rows[0], "gamma": Fraction(rows[0]["gamma"]) * Fraction(1000001, 10**6)}, *rows[1:]],
        "0.02",
    )
    assert not close(document["pi"][0], wrong["pi"][0])


def test_two_of_them_are_the_game_of_two() -> None:
    rows = rows_of(2, 3)
    first, second = (
        solve_agents(game, {"r": "0.02", "agent": rows}).to_dict()
        for game in ("two-agent", "heterogeneous")
    )
    assert {**first, "game": ""} == {**second, "game": ""}


def test_equal_agents_are_the_homogeneous_game() -> None:
    twin = {k: v for k, v in cases.S1.items() if k != "r"}
    answer = solve_agents("heterogeneous", {"r": ".03", "agent": [twin] * 4}).to_dict()
    alike = solve("n-agent", n=4, **cases.S1).to_dict()
    assert close(answer["pi"][0], alike["at"]["pi"])
    own = alike["strategy"]["x"]
    assert answer["feedback"]["wealth"][0][0] == pytest.approx(own, rel=1e-15)


def test_without_interest_and_wealth_the_equilibrium_is_the_constant_one() -> None:
    rows = rows_of(4, 8)
    rows = [{**row, "beta": "0"} for row in rows]
    answer = solve_agents("heterogeneous", {"r": "0", "agent": rows})
    assert answer.ok, answer.message
    for found, expected in zip(answer.pi, constant_equilibrium([{**row, "r": 0} for row in rows])):
        assert close(found, expected)


# -- several equilibria -------------------------------------------------------------------------

NINE = (
    dict(zip(OWN, ".35 .15 .1 .5 2 1 .1 .06".split())),
    dict(zip(OWN, ".32 .14 .1 .4 3 .8 .1 .05".split())),
)


def test_all_joint_equilibria_are_listed() -> None:
    answer = solve_agents("heterogeneous", {"r": ".02", "agent": NINE}).to_dict()
    found = answer["equilibria"]
    assert len(found) == 9 and sum(one["status"] == "ok" for one in found) == 4
    assert sum(one["selected"] for one in found) == 1
    for one in found:
        choice = [k - 1 for k in one["roots"]]
        key = heterogeneous([{**row, "wealth": 1} for row in NINE], ".02", choice)
        assert (one["status"] == "ok") == (key["status"] == "ok")
        for i in range(2):
            assert one["pi"][i] == pytest.approx(float(key["pi"][i]), rel=1e-13)


def test_more_of_them_are_counted() -> None:
    answer = solve_agents("heterogeneous", {"r": ".02", "agent": [*NINE, *NINE, NINE[0]]})
    assert "243 joint choices" in answer.message and "equilibria" not in answer.numbers


def test_agents_are_given_one_by_one_and_none_is_left_out() -> None:
    first, second = NINE
    names = {"r": ".02"} | {f"{k}_1": v for k, v in first.items()}
    with pytest.raises(InputError, match="nothing is given of agent 2"):
        solve_agents("heterogeneous", names | {f"{k}_3": v for k, v in second.items()})


# -- tables -------------------------------------------------------------------------------------


def columns_of(rows: Rows) -> dict[str, list[Any]]:
    """Agents as columns."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_a_data_frame_and_arrays_are_tables_of_agents() -> None:
    rows = rows_of(3, 4)
    expected = eqsolve.solve("heterogeneous", r="0.02", agent=rows).to_dict()["pi"]
    frame = pandas.DataFrame(columns_of(rows))
    assert eqsolve.solve("heterogeneous", r="0.02", agent=frame).to_dict()["pi"] == expected
    arrays = {name: np.array(v, float) for name, v in columns_of(rows).items()}
    found = eqsolve.solve("heterogeneous", {"r": 0.02, **arrays}).to_dict()["pi"]
    assert found == pytest.approx(expected, rel=1e-14)
    with pytest.raises(InputError, match="in two ways"):
        eqsolve.solve("heterogeneous", {"r": 0.02, **arrays}, agent=rows)


def write_csv(path: Path, rows: Rows, units: Mapping[str, str]) -> str:
    """Agents with units in the header."""
    head = [f"{name} [{units[name]}]" if name in units else name for name in rows[0]]
    lines = [",".join(head), *(",".join(map(str, row.values())) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_a_file_of_agents_has_units_in_its_header(tmp_path: Path) -> None:
    rows, units = rows_of(3, 4), {"b": "1/time", "nu": "1/sqrt(time)", "wealth": "wealth"}
    expected = eqsolve.solve("heterogeneous", r="0.02", agent=rows).to_dict()["pi"]

    def run(path: str) -> Any:
        words = ["solve", "heterogeneous", "--params", path, "-p", "r=0.02", "--json"]
        return CliRunner().invoke(cli, words)

    done = run(write_csv(tmp_path / "a.csv", rows, units))
    assert done.exit_code == 0 and json.loads(done.stdout)["pi"] == expected
    done = run(write_csv(tmp_path / "b.csv", rows, {"b": "1/sqrt(time)"}))
    assert done.exit_code == 2 and "the unit of b is 1/time" in done.stderr
    frame = pandas.DataFrame({k: list(map(float, v)) for k, v in columns_of(rows).items()})
    frame.rename(columns={"b": "b [1/time]"}).to_parquet(tmp_path / "c.parquet")
    done = run(str(tmp_path / "c.parquet"))
    assert json.loads(done.stdout)["pi"] == pytest.approx(expected, rel=1e-14)
    (tmp_path / "d.csv").write_text("b,nu\n1\n")
    assert "row 1 of" in run(str(tmp_path / "d.csv")).stderr


def test_the_page_about_agents_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[1] / "docs" / "agents.md").read_text()
    (table,) = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    (command,) = re.findall(r"\$ eqsolve (.*)", page)
    (tmp_path / "agents.csv").write_text(table)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, command.split())
    assert done.exit_code == 0 and "heterogeneous, given-aggregate equilibrium: ok" in done.stdout
    assert f"Up to {balls.BALLS} agents" in page


def key_of_many(rows: Rows, r: str) -> list[float]:
    """Positions by SPEC section 5, in O(N), with 50 digits."""
    weights = [number(row["weight"]) for row in rows]
    wealth = [number(row["wealth"]) for row in rows]
    mean = sum(w * x for w, x in zip(weights, wealth))
    parts = []
    for row, w, x in zip(rows, weights, wealth):
        p = prepare({**row, "r": r}, 1 - number(row["theta"]) * w)
        table = root_table(p)
        choice = limit_root(p, table)
        assert choice is not None
        v = linear_response(p, table[choice]["p1"])
        u = 1 / (1 + w * (p["B"] * v["Qb"] + p["sigma"] * v["Qs"]))
        at_zero = v["p1"] * x + v["p2"] * (mean - w * x) + v["q3"]
        parts.append((u, at_zero, v["Qb"], v["Qs"], w * p["B"], w * p["sigma"]))

    def pair(load: int, f: int) -> Any:
        return sum(part[0] * part[load] * part[f] for part in parts)

    a, b, c, d = 1 - pair(4, 2), -pair(4, 3), -pair(5, 2), 1 - pair(5, 3)
    first, second, det = pair(4, 1), pair(5, 1), a * d - b * c
    M_b, M_s = (d * first - b * second) / det, (a * second - c * first) / det
    return [float(u * (P + Qb * M_b + Qs * M_s)) for u, P, Qb, Qs, *_ in parts]


@pytest.mark.full
def test_many_agents_agree_with_the_key(tmp_path: Path) -> None:
    rows = rows_of(130, 5)
    total = 130 * 131 // 2
    rows = [{**row, "weight": Fraction(k, total)} for k, row in enumerate(rows, 1)]
    answer = eqsolve.solve("heterogeneous", r="0.02", agent=Columns.of(columns_of(rows)))
    assert answer.ok and answer.to_dict()["provenance"]["arithmetic"] == "double"
    expected = key_of_many(rows, "0.02")
    assert answer.pi == pytest.approx(expected, rel=1e-12)
    # another agent's risk aversion moves everybody
    wrong = key_of_many([{**rows[0], "gamma": "1.0001"}, *rows[1:]], "0.02")
    assert answer.pi[1:] != pytest.approx(wrong[1:], rel=1e-12)
    answer.write(tmp_path / "out.parquet")
    written = pandas.read_parquet(tmp_path / "out.parquet")
    assert list(written["pi"]) == list(answer.pi) and set(written["status"]) == {"ok"}


@pytest.mark.full
def test_many_agents_are_those_of_balls(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of(6, 4)
    exactly = eqsolve.solve("heterogeneous", r="0.02", agent=Columns.of(columns_of(rows)))
    monkeypatch.setattr(balls, "BALLS", 5)
    doubles = eqsolve.solve("heterogeneous", r="0.02", agent=Columns.of(columns_of(rows)))
    document = doubles.to_dict()
    assert document["pi"] == pytest.approx(exactly.to_dict()["pi"], rel=1e-13)
    assert document["statuses"] == {"ok": 6}
    for one, other in zip(document["response"], exactly.to_dict()["response"]):
        assert {k: one[k] for k in other} == pytest.approx(other, rel=1e-11)


@pytest.mark.full
def test_every_agent_has_a_status_and_a_singular_system_a_line() -> None:
    rows = rows_of(120, 6)
    rows[16] = {**rows[16], "lam": "0.03", "b": "0.3"}
    answer = eqsolve.solve("heterogeneous", r="0.02", agent=Columns.of(columns_of(rows)))
    assert not answer.ok and answer.message.startswith("Agent 17 has no response")
    assert answer.to_dict()["statuses"]["ok"] == 119
    # beta = r = 0 with theta = 1 and no noise of their own: psi = 1
    same = dict(b=0.0, nu=0.0, sigma=0.2, theta=1.0, gamma=2.0, alpha=1.0, beta=0.0, lam=0.6)
    every = {name: np.full(150, value) for name, value in same.items()}
    answer = eqsolve.solve("heterogeneous", {"r": 0.0, **every})
    assert answer.status == "degenerate" and "a line of equilibria" in answer.message
    assert abs(answer.line["M_s"]) == pytest.approx(1)
    answer = eqsolve.solve("heterogeneous", {"r": 0.0, **every, "b": np.full(150, 0.1)})
    assert answer.status == "degenerate" and "no equilibrium" in answer.message and not answer.line


def test_sums_keep_what_additions_lose() -> None:
    sums = Sums(1)
    for start, value in ((0, 1e16), (BLOCK, 1.0), (2 * BLOCK, -1e16)):
        sums.add(slice(start, start + BLOCK), [np.full(BLOCK, value)])
    assert sums.totals() == [float(BLOCK)]


# -- the growth of second moments ---------------------------------------------------------------


def test_growth_without_the_full_matrix_is_that_of_the_full_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for count, seed in ((2, 3), (3, 4), (5, 8)):
        rows = rows_of(count, seed)
        exactly = solve_agents("heterogeneous", {"r": "0.02", "agent": rows}).to_dict()
        rate = exactly["admissibility"]["abscissa"]
        with monkeypatch.context() as patch:
            patch.setattr(joint, "JOINT", 1)
            many = solve_agents("heterogeneous", {"r": "0.02", "agent": rows}).to_dict()
        low, high = many["admissibility"]["bounds"]
        assert low <= rate <= high and high - low < 1e-8
        assert many["admissibility"]["hazard"] == min(float(row["lam"]) for row in rows)
        # another agent's noise moves the rate out of the bounds
        rows[0]["nu"] = str(float(rows[0]["nu"]) + 0.01)
        other = solve_agents("heterogeneous", {"r": "0.02", "agent": rows}).to_dict()
        assert not low <= other["admissibility"]["abscissa"] <= high


def test_a_dozen_agents_may_have_no_finite_variance() -> None:
    rows = rows_of(12, 9)
    answer = solve_agents("heterogeneous", {"r": "0.02", "agent": rows})
    assert answer.ok and answer.admissibility["finite"]
    rows[3] = {**rows[3], "theta": "0.9", "lam": "0.07", "b": "0.02", "beta": "0"}
    answer = solve_agents("heterogeneous", {"r": "0.02", "agent": rows})
    assert answer.status == "infinite-variance", answer.message
    # who does not look at the others is not paid for their growth
    rows[3]["theta"] = "0"
    assert solve_agents("heterogeneous", {"r": "0.02", "agent": rows}).ok


def test_a_dozen_agents_may_have_a_line_of_equilibria() -> None:
    """beta = r = 0 with theta = 1 and no noise of their own: psi = 1."""
    same = dict(zip(OWN, "0 0 .2 1 2 1 0 .6".split()))
    answer = solve_agents("heterogeneous", {"r": "0", "agent": [same] * 12})
    assert answer.status == "degenerate" and "there is a line of equilibria" in answer.message
    (along,) = answer.numbers["solutions"]["directions"]
    assert sum(v != 0 for v in along) == 1
    drifting = {**same, "b": ".1"}
    answer = solve_agents("heterogeneous", {"r": "0", "agent": [drifting] * 12})
    assert answer.status == "degenerate" and "there is no equilibrium" in answer.message
    assert "solutions" not in answer.numbers


def test_a_sweep_varies_parameters_of_single_agents(tmp_path: Path) -> None:
    rows = rows_of(3, 5)
    gammas, rates = ["1.5", "3"], [rows[2]["lam"], "0.01"]
    table = tmp_path / "agents.csv"
    pandas.DataFrame(rows).to_csv(table, index=False)
    out = tmp_path / "found.csv"
    axes = [f"--vary=gamma_2=list:{','.join(gammas)}", f"--vary=lambda_3=list:{','.join(rates)}"]
    command = ["sweep", "heterogeneous", "--params", str(table), "-p", "r=.03", *axes]
    ran = CliRunner().invoke(cli, [*command, "--out", str(out)])
    assert ran.exit_code == 0, ran.output
    found = pandas.read_csv(out)
    assert found["status"].tolist() == ["ok", "no-admissible-root"] * 2
    assert found["pi_1"][[1, 3]].isna().all()
    for row, gamma in zip((0, 2), gammas):
        changed = [rows[0], {**rows[1], "gamma": gamma}, rows[2]]
        point = solve_agents("heterogeneous", {"r": ".03", "agent": changed})
        assert [found[f"pi_{k}"][row] for k in (1, 2, 3)] == pytest.approx(point.pi, rel=1e-12)
        assert [found[f"V_{k}"][row] for k in (1, 2, 3)] == pytest.approx(point.V, rel=1e-12)
    # what is given by a name of its own overrides the table
    both = CliRunner().invoke(cli, [*command, "-p", "b_1=.1", "--out", str(out)])
    assert both.exit_code == 0 and (pandas.read_csv(out)["pi_1"] != found["pi_1"])[0]
    for vary, sentence in (("b_5=0:1:3", "agent 4"), ("b_0=0:1:3", "no agents are given")):
        given = ["-p", "r=.03"] if "0=" in vary else command[2:6]
        refused = CliRunner().invoke(
            cli, ["sweep", "heterogeneous", *given, "--vary", vary, "--out", str(out)]
        )
        assert refused.exit_code == 2 and sentence in refused.output
