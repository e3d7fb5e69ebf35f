"""The figure of what competition costs, in the style of the paper's figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from eqsolve.answer_plot import BLUE
from eqsolve.errors import InputError
from eqsolve.plots import RED, Page

if TYPE_CHECKING:
    from eqsolve.studies.anarchy import AnarchyCurve


def plot_anarchy(curve: AnarchyCurve, path: str | Path) -> None:
    """Draw what the average player obtains in equilibrium and with the planner, and the gap.

    Parameters
    ----------
    curve : what ``eqsolve.anarchy`` with ``vary`` returns.
    path : file to write: ``.pdf``, ``.png`` or ``.svg``.

    Raises
    ------
    InputError
        If the file has another suffix or cannot be written, or fewer than two points have both.
    """
    values = np.array([value for value, _ in curve.rows])
    names = ("nash", "planner")
    lines = {
        name: np.array([found.welfare[name] for _, found in curve.rows], float) for name in names
    }
    if np.isfinite(lines["nash"] + lines["planner"]).sum() < 2:
        raise InputError(
            "fewer than two points have an equilibrium, a planner and their states.",
            game=curve.rows[0][1].game,
            stage="plot",
            remedy="Give other values, and the states by --at.",
        )
    first = curve.rows[0][1]
    with Page(path) as panel:
        styles = {"nash": (RED, "equilibrium"), "planner": (BLUE, "planner")}
        for name, (color, words) in styles.items():
            panel.plot(values, lines[name], color=color, label=words)
        panel.fill_between(values, lines["nash"], lines["planner"], color="#dddddd", linewidth=0)
        panel.set_xlabel(f"${sp.latex(sp.Symbol(curve.name))}$")
        panel.set_ylabel("cost of a player" if first.minimized else "what a player obtains")
        if np.all(values > 0) and values.max() > 50 * values.min():
            panel.set_xscale("log")
        panel.legend()
