"""The figure of an atlas of solutions: regions by their number, and the solutions along a line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from eqsolve.answer_plot import BLUE
from eqsolve.plots import RED, Page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from eqsolve.studies.roots.atlas import Atlas
    from eqsolve.studies.roots.branching import Flags

#: Colors of regions by the number of admissible solutions.
SHADES = ("#bbbbbb", "#f4f4f4", "#d9e6f2", "#9dbfe0", "#5c93c4")


def plot_atlas(atlas: Atlas, path: str | Path | None) -> Figure:
    """Draw where how many solutions are admissible, and all solutions along a line.

    The line has points with several admissible solutions and points with one, if there is such.

    Parameters
    ----------
    atlas : what ``eqsolve.roots`` returns.
    path : file to write: ``.pdf``, ``.png`` or ``.svg``.

    Raises
    ------
    InputError
        If the file has another suffix or cannot be written.
    """
    page = Page(path, panels=2)
    with page as (left, right):
        _regions(left, atlas)
        _line(right, atlas, left)
        page.figure.legend(loc="outside lower center", ncols=4)
    return page.figure


def _letter(name: str) -> str:
    return f"${sp.latex(sp.Symbol(name))}$"


def _regions(panel: Any, atlas: Atlas) -> None:
    from matplotlib.colors import BoundaryNorm, ListedColormap

    (name, xs), (other, ys) = atlas.axes.items()
    found = atlas.branches.count
    # without a color where doubles do not decide
    count = np.ma.masked_less(np.minimum(found, len(SHADES) - 1), 0)
    norm = BoundaryNorm(np.arange(-0.5, len(SHADES)), len(SHADES))
    panel.pcolormesh(xs, ys, count.T, cmap=ListedColormap(SHADES), norm=norm, rasterized=True)
    for number in np.unique(count.compressed()):
        word = "solution" if number == 1 else "solutions"
        label = f"{number} admissible {word}"
        panel.bar(0, 0, color=SHADES[number], edgecolor="gray", linewidth=0.4, label=label)
    _folds(panel, atlas, xs, ys)
    told: str | None = "three merge"
    for cusp in atlas.locus.cusps:
        x, y = cusp.at[name], cusp.at[other]
        if xs[0] <= x <= xs[-1] and ys[0] <= y <= ys[-1]:
            panel.plot(x, y, "o", color=RED, markersize=4, label=told)
            told = None
    for scale, values in ((panel.set_xscale, xs), (panel.set_yscale, ys)):
        if values[0] > 0 and values[-1] > 30 * values[0]:
            scale("log")
    panel.set(xlim=(xs[0], xs[-1]), ylim=(ys[0], ys[-1]))
    panel.set_xlabel(_letter(name))
    panel.set_ylabel(_letter(other))


def _folds(panel: Any, atlas: Atlas, xs: Any, ys: Any) -> None:
    """The discriminant's zeros next to where the number of admissible solutions changes."""
    x, y = atlas.locus.coordinates
    value = sp.lambdify((x, y), atlas.locus.discriminant, "numpy")
    found = np.broadcast_to(value(xs[:, None], ys[None]), (xs.size, ys.size)).astype(float)
    scale = np.abs(found).max() or 1.0
    near = _changes(atlas.branches.count)
    shown = np.where(near, found / scale, np.nan)
    if np.nanmin(shown, initial=0) < 0 < np.nanmax(shown, initial=0):
        panel.contour(xs, ys, shown.T, [0.0], colors=RED, linewidths=1.1)
        panel.plot([], [], color=RED, linewidth=1.1, label="two merge (discriminant 0)")


def _changes(count: Any) -> Flags:
    """Points within two of which the number changes."""
    found = np.zeros(count.shape, bool)
    for axis in (0, 1):
        for shift in (1, 2):
            moved = np.roll(count, shift, axis) != count
            index: list[Any] = [slice(None)] * 2
            index[axis] = slice(0, shift)
            moved[tuple(index)] = False
            found |= moved | np.roll(moved, -shift, axis)
    for axis in (0, 1):
        found |= np.roll(found, 1, axis) | np.roll(found, -1, axis)
    return found


def _line(panel: Any, atlas: Atlas, beside: Any) -> None:
    (name, xs), (other, ys) = atlas.axes.items()
    branches = atlas.branches
    several = np.flatnonzero((branches.count > 1).any(axis=0) & (branches.count == 1).any(axis=0))
    row = int(several[several.size // 2]) if several.size else ys.size // 2
    values = branches.quantities[atlas.shown][:, row]
    admissible, attracting = branches.admissible[:, row], branches.attracting[:, row]
    reached = branches.of_reached(atlas.shown)[:, row]
    dots = {"linestyle": "none", "markersize": 2.2}
    for flags, style, label in (
        (~admissible, {"marker": ".", "color": "#bbbbbb"}, "not admissible"),
        (admissible & ~attracting, {"marker": ".", "color": RED}, "admissible, repelling"),
        (admissible & attracting, {"marker": ".", "color": BLUE}, "admissible, attracting"),
    ):
        points, numbers = np.nonzero(flags & np.isfinite(values))
        if points.size:
            panel.plot(xs[points], values[points, numbers], label=label, **style, **dots)
    panel.plot(xs, reached, color="black", linewidth=0.9, label="limit of finite horizons")
    inside = values[admissible & np.isfinite(values)]
    if inside.size:
        low, high = np.percentile(inside, [2, 98])
        room = 0.15 * max(high - low, abs(high), 1e-12)
        panel.set_ylim(low - room, high + room)
    panel.set_xlabel(_letter(name))
    panel.set_ylabel(_letter(atlas.shown))
    panel.set_title(f"{_letter(other)} = {ys[row]:.4g}", fontsize="medium")
    beside.axhline(ys[row], color="gray", linestyle=":", linewidth=0.8)
