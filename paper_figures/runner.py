"""Draws all figures of the paper into a folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from eqsolve.output import staged
from eqsolve.paper_figures import (
    figure_alpha,
    figure_beta,
    figure_convergence,
    figure_gamma,
    figure_theta,
)
from eqsolve.paper_figures.baseline import baseline
from eqsolve.paper_figures.figure import Drawn
from eqsolve.paper_figures.figure import write as write_one

#: In the order of the paper.
FIGURES = tuple(
    module.FIGURE
    for module in (figure_theta, figure_gamma, figure_beta, figure_alpha, figure_convergence)
)


def draw(folder: Path) -> list[Drawn]:
    """Write every figure's files, and the parameters behind them, into an existing folder."""
    (folder / "baseline.toml").write_text(baseline().toml(), encoding="utf-8")
    return [write_one(figure, folder) for figure in FIGURES]


def write(directory: Path) -> list[Drawn]:
    """Draw all figures; the files appear in ``directory`` together, when all are complete.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    with staged(directory) as stage:
        drawn = draw(stage)
    return [replace(one, files=tuple(directory / path.name for path in one.files)) for one in drawn]
