"""What a figure is, how its files are written, and its caption, computed from its numbers."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import matplotlib
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from eqsolve.paper_figures.series import Columns, Statement, admissible

BLUE, RED = "#1f4e9c", "#c0272d"

#: No file may depend on the time it was written.
METADATA: dict[str, dict[str, str | None]] = {
    "pdf": {"CreationDate": None, "Creator": "eqsolve", "Producer": None},
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": "eqsolve"},
}


@dataclass(frozen=True)
class Figure:
    """One figure of the paper.

    Attributes
    ----------
    name : stem of the files.
    number : as in the paper.
    title : first sentence of the caption.
    data : computes the columns; the first one is the horizontal axis.
    draw : plots columns into axes; receives admissible rows only.
    statements : the paper's statements, judged on admissible rows.
    """

    name: str
    number: str
    title: str
    data: Callable[[], Columns]
    draw: Callable[[Columns, Axes], None]
    statements: Callable[[Columns], list[Statement]]

    def caption(self, data: Columns) -> tuple[str, list[Statement]]:
        """Return the caption's text and the judged statements."""
        shown = admissible(data)
        judged = self.statements(shown) if len(shown["status"]) else []
        return " ".join([f"{self.title}.", *map(str, judged), notes(data)]), judged


@dataclass(frozen=True)
class Drawn:
    """A figure on disk: its caption, judged statements, columns and files."""

    figure: Figure
    caption: str
    statements: tuple[Statement, ...]
    columns: Columns
    files: tuple[Path, ...]

    @property
    def notes(self) -> str:
        """The part of the caption after the statements."""
        return notes(self.columns)

    def path(self, suffix: str) -> Path:
        """The file with the given suffix, such as ``".svg"``."""
        return next(path for path in self.files if path.suffix == suffix)


def notes(data: Columns) -> str:
    """What a reader must know of the points: how many, which discarded, how selected."""
    shown = admissible(data)
    return f"{counted(data)} {selection(shown)}" if len(shown["status"]) else counted(data)


def counted(data: Columns) -> str:
    """How many points were computed, and how many discarded and why."""
    status = data["status"]
    reasons = [
        f"{int(np.sum(status == why))} {why}" for why in sorted(set(status.tolist()) - {"ok"})
    ]
    if not reasons:
        return f"All {len(status)} points are admissible."
    discarded = int(np.sum(status != "ok"))
    return (
        f"Of {len(status)} points {discarded} "
        f"{'is' if discarded == 1 else 'are'} inadmissible and discarded ({', '.join(reasons)})."
    )


def selection(data: Columns) -> str:
    """Whether the choice among the roots of the cubic matters at any plotted point."""
    several = int(np.sum(data["admissible_roots"] > 1))
    if several == 0:
        return "The cubic has one admissible root at every point, so no selection rule matters."
    return f"At {several} points the cubic has several admissible roots; the largest B p1 is taken."


def write(figure: Figure, folder: Path) -> Drawn:
    """Compute and draw one figure; write PDF, PNG, SVG, CSV and the caption into ``folder``."""
    data = figure.data()
    caption, judged = figure.caption(data)
    table, text = folder / f"{figure.name}.csv", folder / f"{figure.name}.txt"
    write_table(data, table)
    text.write_text(f"Figure {figure.number}. {caption}\n", encoding="utf-8")
    pictures = render(figure, admissible(data), folder)
    return Drawn(figure, caption, tuple(judged), data, (*pictures, table, text))


def render(figure: Figure, shown: Columns, folder: Path) -> list[Path]:
    """Draw into PDF, PNG and SVG files; equal columns give equal bytes."""
    paths = []
    with matplotlib.rc_context(), matplotlib.style.context("eqsolve.style"):
        canvas = Canvas()
        FigureCanvasAgg(canvas)
        figure.draw(shown, canvas.add_subplot())
        for kind, metadata in METADATA.items():
            path = folder / f"{figure.name}.{kind}"
            canvas.savefig(path, format=kind, metadata=metadata)
            paths.append(path)
    return paths


def write_table(data: Columns, path: Path) -> None:
    """Write columns with full precision; a discarded point has empty positions and its status."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(data)
        for row in zip(*(column.tolist() for column in data.values()), strict=True):
            writer.writerow("" if value != value else value for value in row)


Corner = Literal["upper left", "upper right"]


def compare(data: Columns, axes: Axes, name: str, label: str, *, loc: Corner) -> None:
    """Plot the position with competition (solid blue) and without (dashed red)."""
    axes.plot(data[name], data["pi"], "-", color=BLUE, label="with competition")
    axes.plot(
        data[name],
        data["pi_noncompetitive"],
        "--",
        color=RED,
        label=r"without competition ($\theta = 0$)",
    )
    axes.set_xlabel(label)
    axes.set_ylabel(r"amount in the stock $\pi$")
    axes.legend(loc=loc)
