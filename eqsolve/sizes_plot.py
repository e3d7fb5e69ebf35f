"""The figure of players of different sizes: share of own risk, over their number and over time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import sympy as sp

from eqsolve.plots import Page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from eqsolve.studies.sizes import Granularity


def plot_sizes(found: Sequence[Granularity], path: str | Path | None) -> Figure:
    """Draw shares of own noises, and the first control of the largest player, by their number.

    Where later times were asked for there is a panel of the shares of the most players over time.

    Parameters
    ----------
    found : what ``eqsolve.sizes`` returns.
    path : file to write: ``.pdf``, ``.png`` or ``.svg``.

    Raises
    ------
    InputError
        If the file has another suffix or cannot be written.
    """
    from matplotlib import colormaps

    later = any(one.rows[-1].course for one in found)
    page = Page(path, panels=2 + later)
    with page as (left, right, *over):
        control = next(iter(found[0].limit))
        for k, one in enumerate(found):
            color = colormaps["viridis"](0.9 * k / max(1, len(found) - 1))
            counts = [row.n for row in one.rows]
            left.plot(counts, [row.share for row in one.rows], "-", color=color, label=one.law.text)
            theory = [(row.n, _theory(one, row.theory)) for row in one.rows if row.theory]
            if theory and one.ratio is not None:
                left.plot(*zip(*theory), ":", color=color, linewidth=0.9)
            drawn = [(row.n, *row.simulated) for row in one.rows if row.simulated]
            if drawn:
                n, share, error = zip(*drawn)
                left.errorbar(n, share, [2 * e for e in error], fmt=".", color=color, markersize=4)
            right.plot(counts, [row.largest[control] for row in one.rows], color=color)
            for axes in over:
                course = one.rows[-1].course
                shares = [one.rows[-1].share, *(spread.share for spread in course)]
                axes.plot([0, *(spread.t for spread in course)], shares, color=color)
                axes.set(yscale="log", xlabel="time", ylabel=f"share, {one.rows[-1].n:,} players")
        right.axhline(found[0].limit[control], color="black", linestyle="--", linewidth=0.8)
        left.set(xscale="log", yscale="log", xlabel="number of players")
        left.set_ylabel("share of own risk in the average")
        right.set(xscale="log", xlabel="number of players")
        right.set_ylabel(f"${sp.latex(sp.Symbol(control))}$ of the largest (dashed: limit)")
        page.figure.legend(loc="outside lower center", ncols=5)
    return page.figure


def _theory(one: Granularity, index: float) -> float:
    """The share if all players did what players of no size do."""
    assert one.ratio is not None
    return one.ratio * index / (1 + one.ratio * index)
