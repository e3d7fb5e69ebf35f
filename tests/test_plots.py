"""Figures of sweeps and of convergence: what is drawn, and where nothing is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import eqsolve
from eqsolve import plots
from eqsolve.convergence_plot import plot_convergence, plot_players
from eqsolve.errors import InputError
from eqsolve.new_game import write_game
from eqsolve.plots import plot_sweep
from eqsolve.registry import model
from eqsolve.studies.sensitivity.folds import discriminant
from reference import cases, spec

S1 = {k: v for k, v in cases.S1.items() if k != "lam"} | {"lambda": cases.S1["lam"], "n": "3"}


def plot(data: Any, path: Path, output: str | None = None) -> None:
    plot_sweep(data, path, output, model=model(data.attrs["game"]))


def sweep(vary: dict[str, Any], **change: str) -> Any:
    fixed = {k: v for k, v in {**S1, **change}.items() if k not in vary}
    return eqsolve.sweep("n-agent", vary, fixed)


@pytest.fixture
def panels(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The axes of every figure drawn."""
    found: list[Any] = []
    true = plots.Page.__enter__

    def enter(page: Any) -> Any:
        found.append(true(page))
        return found[-1]

    monkeypatch.setattr(plots.Page, "__enter__", enter)
    return found


def texts(panel: Any) -> list[str]:
    legends = [panel.get_legend(), *panel.figure.legends]
    return [text.get_text() for legend in legends if legend for text in legend.get_texts()]


def test_curve(tmp_path: Path, panels: list[Any]) -> None:
    data = sweep({"theta": np.linspace(0, 1, 21)})
    plot(data, tmp_path / "curve.png")
    (panel,) = panels
    line = panel.get_lines()[0]
    assert np.array_equal(line.get_ydata(), data["pi"].values)
    assert panel.get_xlabel() == r"competition weight $\theta$"
    assert texts(panel) == ["with competition", r"without competition ($\theta = 0$)"]
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_inadmissible_points_are_hatched(tmp_path: Path, panels: list[Any]) -> None:
    data = sweep({"lambda": np.linspace(0.02, 0.5, 40)}, theta="0.9")
    bad = data["status"].values != 0
    assert bad.any() and not bad.all()
    plot(data, tmp_path / "curve.pdf")
    line = panels[0].get_lines()[0].get_ydata()
    assert np.array_equal(np.isnan(line), bad)
    assert "no equilibrium" in texts(panels[0])


def test_family(tmp_path: Path, panels: list[Any]) -> None:
    data = sweep({"theta": [0.0, 0.5, 1.0], "gamma": np.geomspace(0.5, 8, 20)})
    plot(data, tmp_path / "family.svg", "k_x")
    assert texts(panels[0]) == [rf"$\theta = {v}$" for v in ("0", "0.5", "1")]
    assert panels[0].get_xscale() == "log"
    again = tmp_path / "again.svg"
    plot(data, again, "k_x")
    assert again.read_bytes() == (tmp_path / "family.svg").read_bytes()


def fold_data() -> Any:
    """Around the fold of the near-double case, at its parameters."""
    given = {k: v for k, v in cases.FOLD.items() if k != "lam"}
    low, high = 0.8 * float(cases.FOLD_HAZARD), 1.2 * float(cases.FOLD_HAZARD)
    nu = float(given.pop("nu"))
    vary = {"lambda": np.linspace(low, high, 41), "nu": np.linspace(0.9 * nu, 1.1 * nu, 21)}
    return eqsolve.sweep("n-agent", vary, given)


def test_map_with_its_fold(tmp_path: Path, panels: list[Any]) -> None:
    plot(fold_data(), tmp_path / "map.png")
    assert plots.FOLD in texts(panels[0])


def test_folds_are_where_the_key_has_double_roots() -> None:
    hazard, offset = float(cases.FOLD_HAZARD), 1e-9
    params: dict[str, Any] = {k: float(v) for k, v in cases.FOLD.items() if k != "lam"}
    found = discriminant(model("n-agent"), {**params, "lambda": [hazard - offset, hazard + offset]})
    assert found[0] * found[1] < 0
    # The sign counts real roots, as the answer key does.
    for value, expected in zip(found, (3, 1)):
        assert (value > 0) == (expected == 3)
    table = spec.n_agent({**cases.FOLD, "lam": str(hazard - 1e-6)}, int(cases.FOLD["n"]))["roots"]
    assert sum(entry["admissible"] for entry in table) == 3


def test_roots_that_merge_far_away_are_no_fold() -> None:
    """Around gamma = beta two roots leave through infinity and return as a pair, far from any
    equilibrium; the only fold of this map lies at large drifts."""
    fixed = {"r": 0.03, "nu": 0.2, "sigma": 0.2, "theta": 0.5, "alpha": 1, "beta": 0.5, "lam": 0.6}
    drift, aversion = np.linspace(0.02, 0.6, 120), np.geomspace(0.1, 4, 120)
    map_ = {**fixed, "b": drift[:, None], "gamma": aversion[None, :]}
    sign = np.sign(discriminant(model("mean-field"), map_))
    corners = np.stack([sign[:-1, :-1], sign[1:, :-1], sign[:-1, 1:], sign[1:, 1:]])
    # A contour is also drawn through cells of three corners.
    drawn = np.isnan(corners).sum(axis=0) <= 1
    both = (np.nanmin(corners, axis=0, initial=1) < 0) & (
        np.nanmax(corners, axis=0, initial=-1) > 0
    )
    where = np.argwhere(drawn & both)
    assert where.size and drift[where[:, 0]].min() > 0.5 and aversion[where[:, 1]].min() > 3


def test_convergence(tmp_path: Path, panels: list[Any]) -> None:
    given = {k: v for k, v in S1.items() if k != "n"}
    study = eqsolve.converge("n-agent", (10, 100, 1000, 10**9), paths=200, seed=1, **given)
    plot_convergence(study, tmp_path / "rate.pdf")
    panel = panels[0]
    assert r"slope $-1$" in texts(panel) and r"slope $-1/2$" in texts(panel)
    assert panel.get_xscale() == panel.get_yscale() == "log"
    slope = next(line for line in panel.get_lines() if line.get_label() == r"slope $-1$")
    x, y = (np.log(v) for v in slope.get_data())
    assert np.allclose(np.diff(y) / np.diff(x), -1)
    flat = eqsolve.converge("n-agent", (10, 100), **{**given, "theta": "0"})
    with pytest.raises(InputError):
        plot_convergence(flat, tmp_path / "none.pdf")
    assert not (tmp_path / "none.pdf").exists()


def test_convergence_of_a_declared_game(tmp_path: Path, panels: list[Any]) -> None:
    """Each coefficient beside its constant; a slope that is not proved is the observed one."""
    given = {"c": 1, "q": 1, "s": "0.4", "T": 1, "m0": "0.5", "v0": "0.09"}
    game = write_game("crowd", tmp_path)
    study = eqsolve.converge(game, (10, 100, 1000), **given)
    plot_players(study, tmp_path / "rate.pdf")
    (panel,) = panels
    assert {"u.x", "u.m", "slope -1"} <= set(texts(panel))
    x, y = (line.get_data() for line in panel.get_lines()[:2])
    constant = abs(study.rate_constants["u.x"])
    assert np.allclose(y[1], constant / y[0]) and np.allclose(x[1], y[1], rtol=0.1)
    with pytest.raises(InputError, match="no distance"):
        plot_players(eqsolve.converge(game, (10, 100), **{**given, "c": 0, "q": 0}), "none.pdf")


def test_a_game_of_different_agents_is_drawn(tmp_path: Path, panels: list[Any]) -> None:
    """Its columns are named by agent; a long label has several lines."""
    given = {f"{name}_{k}": v for k in (1, 2) for name, v in cases.S1.items() if name != "r"}
    given = {k.replace("lam_", "lambda_"): v for k, v in given.items()} | {"r": cases.S1["r"]}
    given.pop("theta_1")
    data = eqsolve.sweep("two-agent", {"theta_1": [0.0, 0.5]}, given)
    plot_sweep(data, tmp_path / "two.png")
    assert panels[0].get_ylabel() == "amount invested in the stock of\nagent 1 $\\pi_{1}$"
    assert panels[0].get_xlabel() == "competition weight of agent 1 $\\theta_{1}$"


@pytest.mark.parametrize("name", ["curve", "curve.doc", "missing/curve.png"])
def test_bad_files(tmp_path: Path, name: str) -> None:
    data = sweep({"theta": [0.0, 1.0]})
    with pytest.raises(InputError):
        plot(data, tmp_path / name)


def test_bad_data(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        plot(sweep({"theta": [0.0, 1.0]}), tmp_path / "a.png", "status")
    with pytest.raises(InputError):
        plot(sweep({"theta": [0.5]}), tmp_path / "a.png")
    three = sweep({"theta": [0.0, 1.0], "gamma": [1.0, 2.0], "alpha": [1.0, 2.0]})
    with pytest.raises(InputError):
        plot(three, tmp_path / "a.png")
