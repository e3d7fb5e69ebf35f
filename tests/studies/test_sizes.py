"""Players of different sizes, against the key, which works with 50 digits and shares nothing."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import eqsolve
from documents import hold
from eqsolve.cli import cli
from eqsolve.derivations.granular import MODEL
from eqsolve.derivations.mean_variance import wealth
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.studies import size_players
from eqsolve.studies.size_course import Crowd, nodes
from eqsolve.studies.size_players import Players
from eqsolve.studies.sizes import Granularity, granularity, law
from reference import cases, sizes_over_time, spec
from reference.games import granular

KEY: dict[str, Any] = {**cases.S1}
S1 = {{"lam": "lambda"}.get(k, k): v for k, v in KEY.items()}


@cache
def found(text: str, n: int, draws: int = 0) -> Granularity:
    return granularity(MODEL, law(text), [n], S1, {"x": "1.3"}, draws=draws)


@pytest.mark.parametrize(("text", "zeta"), [("equal", None), ("zipf:1", "1"), ("zipf:0.5", "1/2")])
def test_controls_and_variances_are_the_key_s(text: str, zeta: str | None) -> None:
    (row,) = found(text, 25).rows
    key = granular.solve(size=25, zeta=zeta, x="1.3", **KEY)
    assert row.herfindahl == pytest.approx(float(key["herfindahl"]), rel=1e-13)
    assert row.largest["pi"] == pytest.approx(float(key["pi"][0]), rel=1e-10)
    assert row.smallest["pi"] == pytest.approx(float(key["pi"][-1]), rel=1e-10)
    assert row.own == pytest.approx(float(key["idiosyncratic"]), rel=1e-10)
    assert row.share == pytest.approx(float(key["share"]), rel=1e-10)


def test_a_response_that_leaves_out_the_own_size_is_not_the_key_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A planted error: everybody takes the whole average for given, the own part of it, too."""
    honest = Players._solved

    def wrong(self: Any, env: Any, weights: Any, masses: Any) -> Any:
        return honest(self, env, 0 * weights, masses)

    key = granular.solve(size=25, zeta="1/2", x="1.3", **KEY)
    monkeypatch.setattr(Players, "_solved", wrong)
    (row,) = granularity(MODEL, law("zipf:0.5"), [25], S1, {"x": "1.3"}).rows
    assert abs(row.largest["pi"] / float(key["pi"][0]) - 1) > 1e-3


def test_the_limit_is_the_mean_field() -> None:
    limit = found("equal", 25).limit["pi"]
    assert limit == pytest.approx(float(spec.mean_field(KEY, "1.3", "1.3")["pi"]), rel=1e-12)


def test_a_million_players() -> None:
    """Equal sizes: one over their number. Zipf's law: the key's figures of the index."""
    (equal,) = found("equal", 10**6).rows
    assert equal.herfindahl == pytest.approx(1e-6, rel=1e-9)
    weights = law("zipf:1").sizes(10**6)
    index = math.fsum((weights / weights.sum()) ** 2)
    assert index == pytest.approx(0.00794, abs=5e-6)
    assert law("zipf:1").index(10**6) == pytest.approx(index, rel=1e-5)  # type: ignore[misc]


@pytest.mark.full
def test_a_million_different_sizes() -> None:
    (row,) = found("zipf:1", 10**6).rows
    whole = found("zipf:1", 10**6)
    assert whole.ratio is not None
    assert row.share / (1 - row.share) / row.herfindahl == pytest.approx(whole.ratio, rel=0.03)


@pytest.mark.parametrize("text", ["equal", "zipf:3", "zipf:2", "zipf:1", "zipf:0.7", "pareto:1"])
def test_squares_of_weights_decay_as_the_law_says(text: str) -> None:
    """The quotient of the leading terms is that of the sums, better and better."""
    one = law(text)
    assert one.index is not None
    gaps = []
    for n in (10**3, 10**6):
        sizes = one.sizes(n)
        gaps.append(abs(one.index(n) / math.fsum((sizes / sizes.sum()) ** 2) - 1))
    assert gaps[1] < max(0.3 * gaps[0], 1e-9) or gaps[1] < 5e-2 and gaps[1] < gaps[0]
    small = one.index(10**12) < 0.1 * one.index(100)
    assert one.vanishes is (small or text.endswith("1"))


def test_own_risk_over_common_risk_is_the_index_where_that_is_small() -> None:
    whole = found("zipf:1", 3000)
    (row,) = whole.rows
    assert whole.ratio is not None
    assert row.share / (1 - row.share) / row.herfindahl == pytest.approx(whole.ratio, rel=0.03)
    # not where the largest weight stays
    (heavy,) = found("zipf:0.5", 3000).rows
    assert abs(heavy.share / (1 - heavy.share) / heavy.herfindahl / whole.ratio - 1) > 0.05


def test_drawn_noises_have_the_share() -> None:
    """Seed 0, 2000 draws: within four standard errors, but for one in 16,000."""
    (row,) = found("zipf:1", 400, 2000).rows
    assert row.simulated is not None
    share, error = row.simulated
    assert abs(share - row.share) < 4 * error < 0.02
    # the share of equal sizes is told apart
    assert abs(share - found("equal", 400).rows[0].share) > 4 * error


def test_the_largest_moves_away_from_the_limit_where_its_weight_stays() -> None:
    gaps = {}
    for text in ("equal", "zipf:1", "zipf:0.5"):
        whole = found(text, 3000)
        gaps[text] = abs(whole.rows[0].largest["pi"] / whole.limit["pi"] - 1)
    assert gaps["equal"] < 1e-4 < gaps["zipf:1"] < 0.05 < gaps["zipf:0.5"]


def test_zipf_s_law_in_place_of_weights() -> None:
    answer = eqsolve.solve("granular", S1, size=4, at={"x": "1.3"}, zeta="1/2")
    key = granular.solve(size=4, zeta="1/2", x="1.3", **KEY)
    played = [answer.to_dict()["at"][f"pi_{k}"] for k in range(1, 5)]
    assert played == pytest.approx([float(v) for v in key["pi"]], rel=1e-12)
    with pytest.raises(InputError, match="gives the weights"):
        eqsolve.solve("granular", S1, zeta="1", weight=["0.7", "0.3"], size=2)
    with pytest.raises(InputError, match="is positive"):
        eqsolve.solve("granular", S1, zeta="-1", size=2)


def test_refusals() -> None:
    for text in ("uniform:1", "zipf:0", "equal:2"):
        with pytest.raises(InputError, match="law of sizes|not positive"):
            law(text)
    with pytest.raises(InputError, match="no weights"):
        granularity(wealth.crowd("given"), law("equal"), [3], S1, {"x": 1})
    with pytest.raises(InputError, match="x is missing"):
        granularity(MODEL, law("equal"), [3], S1, {})
    with pytest.raises(InputError, match="author's letters"):
        eqsolve.sizes("heterogeneous", S1)
    assert replace(found("equal", 25), law=law("zipf:1")).heading.endswith("sizes zipf:1")


def test_the_command_prints_draws_and_writes(tmp_path: Path) -> None:
    table = tmp_path / "sizes.csv"
    np.savetxt(table, [5, 1, 3, 2], header="size", comments="")
    files = [str(tmp_path / name) for name in ("sizes.png", "rows.csv")]
    command = ["sizes", "granular", "--set", "S1", "--law", f"table:{table}", "--law", "equal"]
    command += ["--n", "4", "--draws", "100"]
    done = CliRunner().invoke(cli, [*command, "--plot", files[0], "--out", files[1], "--json"])
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    hold("sizes", document)
    assert document[0]["rows"][0]["herfindahl"] == pytest.approx((25 + 9 + 4 + 1) / 121)
    assert Path(files[0]).read_bytes().startswith(b"\x89PNG")
    assert len(Path(files[1]).read_text().splitlines()) == 3
    told = CliRunner().invoke(cli, command)
    assert told.exit_code == 0 and "infinitely many players of no size" in told.stdout
    refused = CliRunner().invoke(cli, [*command, "--n", "9"])
    assert refused.exit_code == 2 and "4 sizes, not 9" in refused.stderr


def test_what_doubles_do_not_decide_is_not_called_inadmissible() -> None:
    """Without an excess return a formula divides by 0 where there is one response: none."""
    with pytest.raises(NoSolutionError, match="doubles do not decide") as raised:
        granularity(MODEL, law("equal"), [4], {**S1, "b": S1["r"]}, {"x": "1"})
    assert raised.value.stage == "unresolved"


@pytest.mark.parametrize("how", [{"draws": -3}, {"draws": 1}, {"draws": 200, "seed": -3}])
def test_few_draws_are_refused(how: dict[str, int]) -> None:
    with pytest.raises(InputError, match="100 draws or more"):
        granularity(MODEL, law("equal"), [4], S1, {"x": "1"}, **how)


def test_a_table_has_as_many_rows_as_players(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("size\n3\n2\n1\n", encoding="utf-8")
    with pytest.raises(InputError, match="3 sizes, not 2. Give --n 3"):
        granularity(MODEL, law(f"table:{tmp_path / 't.csv'}"), [2], S1, {"x": "1"})
    with pytest.raises(InputError, match="at most of 20"):
        law("lognormal:40")


# -- over time ----------------------------------------------------------------------------------

TIMES = (0.5, 4.0, 20.0)
#: A crowd whose own noises and rivalry differ from those of S1.
OTHER = dict(r=0.02, b=0.1, nu=0.3, sigma=0.15, theta=0.8, gamma=1.5, alpha=0.7, beta=0.3, lam=0.5)


def over_time(text: str, n: int, values: dict[str, Any], times: Any = TIMES) -> Granularity:
    given = {{"lam": "lambda"}.get(k, k): str(v) for k, v in values.items()}
    return granularity(MODEL, law(text), [n], given, {"x": "1.3"}, times=times)


def weights_of(text: str, n: int) -> Any:
    sizes = law(text).sizes(n)
    return sizes / sizes.sum()


@pytest.mark.parametrize(("text", "n"), [("equal", 7), ("zipf:1", 9), ("zipf:0.5", 30)])
def test_variances_over_time_are_those_of_full_matrices(text: str, n: int) -> None:
    (row,) = over_time(text, n, OTHER).rows
    key = sizes_over_time.variances(weights_of(text, n), 1.3, TIMES, **OTHER)
    for one, (own, common) in zip(row.course, key, strict=True):
        assert one.own == pytest.approx(own, rel=1e-8)
        assert one.common == pytest.approx(common, rel=1e-8)


def test_who_forgets_that_players_see_each_other_is_not_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A planted error: the sums that all see do not move with a player's own deviation."""
    honest = Crowd.spread

    def wrong(self: Crowd, *how: Any) -> Any:
        return honest(replace(self, right=0.999 * self.right), *how)

    key = sizes_over_time.variances(weights_of("zipf:1", 9), 1.3, TIMES, **OTHER)
    monkeypatch.setattr(Crowd, "spread", wrong)
    (row,) = over_time("zipf:1", 9, OTHER).rows
    assert abs(row.course[-1].own / key[-1][0] - 1) > 1e-6


@pytest.mark.parametrize("text", ["zipf:1", "lognormal:2"])
def test_nodes_stand_for_many_weights(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (exact,) = over_time(text, 40, OTHER).rows
    monkeypatch.setattr(size_players, "EXACT", 4)
    (found,) = over_time(text, 40, OTHER).rows
    for one, two in zip(exact.course, found.course):
        assert two.own == pytest.approx(one.own, rel=1e-9)
        assert two.common == pytest.approx(one.common, rel=1e-9)
    # few of them do not, and are refused
    monkeypatch.setattr(size_players, "NODES", 3)
    monkeypatch.setattr(size_players, "FEWER", 2)
    with pytest.raises(NoSolutionError, match="3 weights do not stand for 40"):
        over_time(text, 40, OTHER)


def test_nodes_integrate_polynomials() -> None:
    weights = weights_of("zipf:0.8", 500)
    found, counts = nodes(weights, np.ones(500), 6)
    for power in range(1, 13):
        assert (counts * found**power).sum() == pytest.approx((weights**power).sum(), rel=1e-12)
    assert abs((counts * found**13).sum() / (weights**13).sum() - 1) > 1e-12


def test_the_share_starts_from_that_over_an_instant_and_follows_the_index() -> None:
    whole = over_time("zipf:2", 20_000, OTHER, (1e-5, 10.0))
    (row,) = whole.rows
    assert row.course[0].share == pytest.approx(row.share, rel=1e-6)
    for one in row.course:
        scale = whole.ratios[one.t] * row.herfindahl
        assert one.own / one.common == pytest.approx(scale, rel=0.01)
    # where the largest weight stays, the share does
    shares = [over_time("zipf:0.5", n, OTHER, (10.0,)).rows[0].course[0].share for n in (50, 5000)]
    assert shares[1] == pytest.approx(shares[0], rel=0.02) and shares[1] > 0.3


@pytest.mark.full
@pytest.mark.parametrize("text", ["equal", "zipf:1"])
def test_drawn_paths_of_100_000_players_have_the_share(text: str) -> None:
    """Seed 3, 400 pairs: own variance is half the mean squared difference of a pair."""
    n, end, pairs = 100_000, 2.0, 400
    (row,) = over_time(text, n, OTHER, (end,)).rows
    paths = sizes_over_time.drawn(weights_of(text, n), 1.3, end, 20, pairs, 3, **OTHER)
    own = float(((paths[:, 0] - paths[:, 1]) ** 2).mean() / 2)
    # 400 squares of normal numbers: 7 % for one standard error, and 1 % for steps of 0.1
    assert own == pytest.approx(row.course[0].own, rel=0.3)
    common = float(np.cov(paths.T)[0, 1])
    assert common == pytest.approx(row.course[0].common, rel=0.3)


@pytest.mark.parametrize("times", [(0.0, 1.0), (2.0, 1.0), (math.inf,)])
def test_times_ascend_after_0(times: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="times are ascending, after 0"):
        over_time("equal", 4, OTHER, times)


def test_times_too_late_for_doubles_are_refused() -> None:
    with pytest.raises(NoSolutionError, match="not followed to the time 1e.07 in doubles"):
        over_time("equal", 4, OTHER, (1.0, 1e7))


def test_who_holds_nothing_has_no_share_at_any_time() -> None:
    whole = granularity(
        MODEL, law("equal"), [4], {**S1, "alpha": "0"}, {"x": "0"}, times=(1.0,)
    ).to_dict()
    hold("sizes", [whole])
    assert whole["rows"][0]["share"] is whole["rows"][0]["course"][0]["share"] is None


def test_the_command_tells_later_times(tmp_path: Path) -> None:
    picture = str(tmp_path / "sizes.png")
    command = ["sizes", "granular", "--set", "S1", "--n", "4,9", "--times", "1:3:2"]
    done = CliRunner().invoke(cli, [*command, "--json", "--plot", picture])
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    hold("sizes", document)
    assert [one["t"] for one in document[0]["rows"][1]["course"]] == [1, 3]
    assert "share at 3" in CliRunner().invoke(cli, command).stdout
    refused = CliRunner().invoke(cli, [*command, "--times", "0:3:2"])
    assert refused.exit_code == 2 and "after 0" in refused.stderr
