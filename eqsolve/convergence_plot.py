"""Figures of convergence studies, in the style of the paper's figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from eqsolve.answer_plot import BLUE
from eqsolve.errors import InputError
from eqsolve.plots import RED, Array, Page
from eqsolve.studies import limit
from eqsolve.studies.mean_field_limit.convergence import Convergence

#: Colors and markers of the strategy's coefficients and of the position.
_STYLES = ((BLUE, "o"), (RED, "s"), ("#2e7d32", "^"), ("black", "v"))


def plot_convergence(study: Convergence, path: str | Path) -> None:
    """Draw the distances to the mean-field limit against n, with the slopes of reference.

    The lines behind the markers are the leading terms ``abs(c1)/n``. Distances along simulated
    paths are drawn with their intervals, beside a line of slope -1/2.

    Parameters
    ----------
    study : what ``eqsolve.converge`` returns.
    path : file to write: ``.pdf``, ``.png`` or ``.svg``.

    Raises
    ------
    InputError
        If the file has another suffix or cannot be written, or no distance differs from 0.
    """
    n = np.array([row["n"] for row in study.rows], float)
    span = np.geomspace(n.min(), n.max(), 50) if n.size > 1 else n
    with Page(path) as panel:
        drawn = False
        for (key, letter), (color, marker) in zip(study.letters.items(), _STYLES):
            distance = np.array([row[f"distance_{key}"] for row in study.rows])
            used = distance > 0
            if not used.any():
                continue
            drawn = True
            dots = {"color": color, "marker": marker, "markersize": 3, "linestyle": "none"}
            panel.plot(
                n[used], distance[used], label=f"${letter}$", markerfacecolor="white", **dots
            )
            constant = abs(study.rate_constants[key])
            panel.plot(span, constant / span, color=color, linewidth=0.6, zorder=1)
        if not drawn:
            raise InputError("no distance differs from 0: there is no rate.", stage="plot")
        top = max(row[f"distance_{key}"] for row in study.rows[:1] for key in study.letters)
        _slope(panel, span, top, -1.0, r"slope $-1$")
        if study.pathwise is not None:
            rows = study.pathwise.rows
            size, middle, low, high = (
                np.array([row[k] for row in rows]) for k in ("n", "distance", "low", "high")
            )
            panel.errorbar(
                size,
                middle,
                yerr=[middle - low, high - middle],
                fmt="D",
                color="#7b3f99",
                markersize=3,
                elinewidth=0.8,
                capsize=2,
                label=f"${letter}$ along paths",
            )
            late = size[size.size // 2 :]
            start = middle[-1] * np.sqrt(late[-1] / late[0])
            _slope(panel, late, start, -0.5, r"slope $-1/2$")
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_xlabel(r"number of agents $n$")
        panel.set_ylabel("distance to the mean field")
        panel.legend(loc="lower left", ncols=2, columnspacing=1.0, handletextpad=0.4)


def plot_players(study: limit.Convergence, path: str | Path) -> None:
    """Draw the distances of n players' strategies to the continuum's against n.

    A coefficient is drawn where its distance is more than rounding; the lines behind the markers
    are the leading terms.

    Parameters
    ----------
    study : what ``eqsolve.converge`` returns of a declared game.
    path : file to write: ``.pdf``, ``.png`` or ``.svg``.

    Raises
    ------
    InputError
        If the file has another suffix or cannot be written, or no distance differs from 0.
    """
    n = np.array([count for count, _ in study.rows], float)
    slope = -(study.leading_order or study.order or 1.0)
    top = 0.0
    with Page(path) as panel:
        for k, (name, value) in enumerate(study.limit.items()):
            distance = np.array([abs(row.get(name, 0.0) - value) for _, row in study.rows])
            used = distance > limit.ROUNDING * (1 + abs(value))
            if not used.any():
                continue
            style = {"color": f"C{k % 10}", "zorder": 1}
            # open and of growing size: coefficients whose sum is fixed have one distance
            dots = {"marker": "os^vD"[k % 5], "markersize": 3 + 2 * (k % 5), "fillstyle": "none"}
            panel.plot(n[used], distance[used], linestyle="none", label=name, **dots, **style)
            if constant := abs(study.rate_constants.get(name, 0.0)):
                panel.plot(n, constant * n**slope, linewidth=0.6, **style)
            top = max(top, float(distance[used][0]))
        if not top:
            raise InputError("no distance differs from 0: there is no rate.", stage="plot")
        _slope(panel, n, top, slope, f"slope {slope:.3g}")
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_xlabel("number of players")
        panel.set_ylabel("distance to the continuum")
        panel.legend(loc="lower left", ncols=2, columnspacing=1.0, handletextpad=0.4)


def _slope(panel: Any, n: Array, start: float, order: float, label: str) -> None:
    """A line of reference through ``start`` at the first n, shifted up by a factor of two."""
    style = {"color": "0.45", "linewidth": 0.8, "linestyle": "--" if order == -1 else ":"}
    panel.plot(n, 2.0 * start * (n / n[0]) ** order, label=label, zorder=1, **style)
