"""The figures: their numbers, their captions (computed, never typed), and their files."""

import csv
import math
import time
import tomllib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from by_name import solve
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.paper_figures import write as write_files
from eqsolve.paper_figures.baseline import Baseline, baseline, search
from eqsolve.paper_figures.figure import Drawn, Figure, render, write_table
from eqsolve.paper_figures.runner import FIGURES, write
from eqsolve.paper_figures.series import (
    above,
    admissible,
    constant,
    curved,
    linear,
    monotone,
    slope,
)

Columns = dict[str, NDArray[Any]]
SUFFIXES = {".pdf", ".png", ".svg", ".csv", ".txt"}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Drawn]:
    """All figures, written once."""
    return write(tmp_path_factory.mktemp("figures") / "new" / "folder")


def by_name(drawn: list[Drawn], name: str) -> Drawn:
    """One figure."""
    return next(one for one in drawn if one.figure.name == name)


# ------------------------------------------------------------------ baseline


def test_baseline_is_frozen() -> None:
    """The draw and the search give these numbers on every machine."""
    base = baseline()
    assert {k: str(v) for k, v in base.parameters.items()} == {
        "r": "3/100",
        "b": "9/100",
        "nu": "27/100",
        "sigma": "1/4",
        "theta": "7/20",
        "gamma": "249/100",
        "alpha": "19/20",
        "beta": "18/25",
        "n": "10",
        "lambda": "1/10",
    }
    assert [float(w) for w in base.wealth] == [
        2.58, 1.19, 1.06, 2.67, 1.87, 2.52, 1.0, 1.89, 2.44, 1.46
    ]  # fmt: skip
    assert base.rejected == {Fraction(1, 20): "infinite-variance"}
    assert base.aggregate(10) == sum(base.wealth[1:]) / 10


def test_search_skips_what_is_inadmissible() -> None:
    """The smallest admissible candidate wins, and the others are listed with their reasons."""
    base = baseline()
    state = {"x": base.own, "y": base.aggregate(10)}
    grid = [Fraction(k, 100) for k in (4, 6, 7, 8)]
    hazard, rejected = search(base.parameters, state, grid)
    assert hazard == Fraction(7, 100)
    assert list(rejected) == grid[:2]
    assert set(rejected.values()) <= {"infinite-variance", "no-admissible-root"}
    with pytest.raises(NoSolutionError, match="no hazard rate of the grid"):
        search(base.parameters, state, grid[:2])


def test_parameter_file_gives_the_baseline_back() -> None:
    """baseline.toml can be read and holds exact decimals; ratios are quoted."""
    base = baseline()
    read = tomllib.loads(base.toml())
    assert {k: Fraction(str(v)) for k, v in read.items()} == dict(base.parameters)
    third = Baseline({"r": Fraction(1, 3), "n": Fraction(10)}, base.wealth, {})
    assert tomllib.loads(third.toml()) == {"r": "1/3", "n": 10}


# ------------------------------------------------------------------- numbers


def test_columns_are_what_the_solver_gives(drawn: list[Drawn]) -> None:
    """A point of each figure, solved again through the public interface."""
    base = baseline()
    y = base.aggregate(10)
    for name in ("theta", "gamma", "beta", "alpha"):
        columns = by_name(drawn, f"figure_{name}").columns
        k = len(columns[name]) // 3
        given: dict[str, Any] = {**base.parameters, name: float(columns[name][k])}
        answer = solve("n-agent", at={"x": base.own, "y": y}, **given).to_dict()
        assert columns["status"][k] == "ok"
        assert columns["pi"][k] == pytest.approx(answer["at"]["pi"], rel=1e-14)
        without = solve("n-agent", at={"x": base.own, "y": y}, **{**given, "theta": 0}).to_dict()
        assert columns["pi_noncompetitive"][k] == pytest.approx(without["at"]["pi"], rel=1e-14)


def test_figure_of_convergence_has_the_mean_field_limit(drawn: list[Drawn]) -> None:
    """The horizontal line is the mean-field game at the same wealth."""
    base = baseline()
    columns = by_name(drawn, "figure_convergence").columns
    given: dict[str, Any] = {k: v for k, v in base.parameters.items() if k != "n"}
    answer = solve("mean-field", at={"x": base.own, "y": base.others}, **given).to_dict()
    assert set(columns["limit"]) == {answer["at"]["pi"]}
    gap = columns["n"] * (columns["pi"] - columns["limit"])
    # n times the distance tends to a constant, with a correction of order 1/n
    assert abs(gap[-1] / gap[-2] - 1) < 1e-3
    assert abs(gap[-1] / gap[columns["n"].tolist().index(10)] - 1) < 0.2


def test_theta_zero_is_the_case_without_competition(drawn: list[Drawn]) -> None:
    """Both curves start at the same point."""
    columns = by_name(drawn, "figure_theta").columns
    assert columns["theta"][0] == 0
    assert columns["pi"][0] == columns["pi_noncompetitive"][0]


# -------------------------------------------------------------------- trends


GRID = np.linspace(0.0, 1.0, 21)


@pytest.mark.parametrize(
    ("test", "good", "bad"),
    [
        (lambda y: monotone(GRID, y, 1), GRID + GRID**2, GRID - GRID**2),
        (lambda y: monotone(GRID, y, -1), -GRID, GRID),
        (lambda y: curved(GRID, y, 1), GRID**2, GRID),
        (lambda y: curved(GRID, y, -1), np.sqrt(1 + GRID), np.sin(7 * GRID)),
        (lambda y: linear(GRID, y), 3 - 2 * GRID, GRID + 1e-9 * GRID**2),
        (lambda y: constant(GRID, y), np.full(21, 0.3), 0.3 + 1e-9 * GRID),
        (lambda y: above(GRID, 1 + y, np.ones(21)), 1 + GRID, GRID),
    ],
)
def test_trends_are_recognized(
    test: Callable[[NDArray[Any]], tuple[bool, str]], good: NDArray[Any], bad: NDArray[Any]
) -> None:
    """Each test accepts a curve with the property and locates the failure of one without."""
    assert test(good) == (True, "")
    holds, where = test(bad)
    assert not holds
    assert "fails at" in where


def test_one_bad_point_is_seen_and_located() -> None:
    """A dip of one part in 10^9 breaks monotonicity, convexity and linearity where it is."""
    dipped = np.where(np.arange(21) == 10, GRID * (1 - 1e-9), GRID)
    assert monotone(GRID, dipped, 1) == (True, "")
    assert linear(GRID, dipped) == (False, "fails at 3 of 19 places, between 0.4 and 0.6")
    flat = np.where(np.arange(21) == 10, GRID - 0.06, GRID)
    assert monotone(GRID, flat, 1) == (False, "fails at 1 of 20 places, between 0.45 and 0.5")


def test_gaps_of_discarded_points_do_not_fake_curvature() -> None:
    """Second differences account for uneven spacing."""
    uneven = np.array([0.0, 0.1, 0.2, 0.7, 0.8, 1.0])
    assert linear(uneven, 2 * uneven + 1) == (True, "")
    assert curved(uneven, uneven**2, 1) == (True, "")
    assert not curved(uneven, uneven**2, -1)[0]


def test_too_few_points_prove_nothing() -> None:
    """A statement about a curve needs a curve."""
    assert monotone(GRID[:1], GRID[:1], 1) == (False, "too few points")
    assert curved(GRID[:2], GRID[:2], 1) == (False, "too few points")


def test_slope_is_centered() -> None:
    """The chord around a grid point is exact for a parabola, at the ends too."""
    assert slope(GRID, GRID**2, 0.5) == pytest.approx(1.0)
    assert math.isfinite(slope(GRID, GRID**2, 0.0)) and math.isfinite(slope(GRID, GRID, 2.0))


# ------------------------------------------------------------------ captions


def test_every_caption_judges_every_statement(drawn: list[Drawn]) -> None:
    """At the baseline all statements of the paper about its figures hold."""
    assert [one.figure.number for one in drawn] == ["4.1", "4.2", "4.3", "4.4", "4.5"]
    for one in drawn:
        assert len(one.statements) >= 2
        for statement in one.statements:
            assert statement.holds, statement
            assert str(statement) in one.caption
        assert "points are admissible" in one.caption
        assert one.path(".txt").read_text() == f"Figure {one.figure.number}. {one.caption}\n"


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: str(f.name))
def test_a_planted_curve_changes_the_caption(figure: Figure, drawn: list[Drawn]) -> None:
    """A wave added to the strategy makes every statement about its shape fail, in words."""
    data = dict(by_name(drawn, figure.name).columns)
    before, _ = figure.caption(data)
    wave = np.sin(np.arange(len(data["pi"])) * 1.3)
    data["pi"] = data["pi"] + 2 * np.ptp(data["pi"]) * wave
    after, judged = figure.caption(data)
    assert "does not hold" not in before
    assert not judged[0].holds
    assert "does not hold (" in after


def test_a_planted_gap_between_the_curves_changes_the_caption(drawn: list[Drawn]) -> None:
    """Where the curves are exchanged, competition no longer raises the strategy."""
    figure = by_name(drawn, "figure_gamma")
    data = dict(figure.columns)
    data["pi"], data["pi_noncompetitive"] = data["pi_noncompetitive"], data["pi"]
    caption, judged = figure.figure.caption(data)
    assert [s.holds for s in judged] == [True, True, False]
    assert "lies above the other: does not hold (fails at 46 of 46 places" in caption


def test_sensitivity_is_measured(drawn: list[Drawn]) -> None:
    """A steeper line in alpha reverses the comparison of the two weights."""
    figure = by_name(drawn, "figure_alpha")
    data = dict(figure.columns)
    for name in ("pi", "pi_noncompetitive"):
        data[name] = 2 * data[name]
    _, judged = figure.figure.caption(data)
    assert [s.holds for s in judged] == [True, True, True, False]


def test_discarded_points_are_counted_and_not_drawn(drawn: list[Drawn], tmp_path: Path) -> None:
    """Inadmissible points leave a gap, an empty cell and a sentence."""
    one = by_name(drawn, "figure_theta")
    data = {name: column.copy() for name, column in one.columns.items()}
    data["status"] = data["status"].astype("<U20")
    data["status"][-3:] = ["infinite-variance", "infinite-variance", "no-admissible-root"]
    for name in ("pi", "pi_noncompetitive"):
        data[name][-3:] = np.nan
    caption, judged = one.figure.caption(data)
    assert (
        "Of 41 points 3 are inadmissible and discarded (2 infinite-variance, "
        "1 no-admissible-root)." in caption
    )
    assert all(statement.holds for statement in judged)
    assert len(admissible(data)["pi"]) == 38
    write_table(data, tmp_path / "table.csv")
    last = (tmp_path / "table.csv").read_text().splitlines()[-1]
    assert last == "1.0,no-admissible-root,1,,"


def test_several_admissible_roots_are_reported(drawn: list[Drawn]) -> None:
    """The caption says where a selection rule was needed."""
    one = by_name(drawn, "figure_beta")
    data = {name: column.copy() for name, column in one.columns.items()}
    data["admissible_roots"][:5] = 3
    assert "At 5 points the cubic has several admissible roots" in one.figure.caption(data)[0]


def test_nothing_admissible_is_said(drawn: list[Drawn]) -> None:
    """Without admissible points there is no statement to judge."""
    data = dict(by_name(drawn, "figure_gamma").columns)
    data["status"] = np.full(len(data["pi"]), "infinite-variance")
    caption, judged = by_name(drawn, "figure_gamma").figure.caption(data)
    assert judged == []
    assert "Of 46 points 46 are inadmissible and discarded" in caption


# --------------------------------------------------------------------- files


def test_every_figure_has_its_files(drawn: list[Drawn]) -> None:
    """PDF, PNG, SVG, CSV and caption of five figures, and the parameters behind them."""
    folder = drawn[0].files[0].parent
    names = {path.name for one in drawn for path in one.files}
    assert names == {f.name + suffix for f in FIGURES for suffix in SUFFIXES}
    assert {path.name for path in folder.iterdir()} == names | {"baseline.toml"}
    for one in drawn:
        assert one.path(".pdf").read_bytes().startswith(b"%PDF")
        assert one.path(".png").read_bytes().startswith(b"\x89PNG")
        assert b"<svg" in one.path(".svg").read_bytes()


def test_tables_hold_the_plotted_numbers(drawn: list[Drawn]) -> None:
    """Reading a CSV back gives the columns bit for bit."""
    for one in drawn:
        with one.path(".csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == list(one.columns)
        for name, column in one.columns.items():
            read = [row[name] for row in rows]
            if column.dtype.kind == "U":
                assert read == column.tolist()
            else:
                assert [float(value) for value in read] == column.tolist()


def test_bytes_do_not_depend_on_the_time(drawn: list[Drawn], tmp_path: Path) -> None:
    """Drawing the same columns a second later gives the same files."""
    time.sleep(1.1)
    for one in drawn:
        for path in render(one.figure, admissible(one.columns), tmp_path):
            assert path.read_bytes() == one.path(path.suffix).read_bytes(), path.name
            assert b"CreationDate" not in path.read_bytes()


def test_plotted_curves_are_the_columns(drawn: list[Drawn]) -> None:
    """What the axes hold is what the CSV holds; colors and dashes are those of the paper."""
    from matplotlib.figure import Figure as Canvas

    for one in drawn:
        axes = Canvas().add_subplot()
        one.figure.draw(admissible(one.columns), axes)
        x = next(iter(one.columns))
        first, second = axes.get_lines()
        assert np.array_equal(first.get_xdata(), one.columns[x])
        assert np.array_equal(first.get_ydata(), one.columns["pi"])
        assert first.get_linestyle() == "-" and second.get_linestyle() == "--"
        if "limit" in one.columns:
            assert set(second.get_ydata()) == set(one.columns["limit"])
        else:
            assert np.array_equal(second.get_ydata(), one.columns["pi_noncompetitive"])


def test_unwritable_folder_is_refused(tmp_path: Path) -> None:
    """A file in the way is a user's mistake, and nothing appears."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_files(blocked / "figures")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
