"""Figure 4.5: the strategy against the number of agents, and its mean-field limit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from matplotlib.axes import Axes

from eqsolve.paper_figures.baseline import GAME, at, baseline
from eqsolve.paper_figures.figure import BLUE, Figure
from eqsolve.paper_figures.series import Columns, Statement, columns, monotone, scientific

#: About twelve numbers of agents a decade.
_DECADE = (10, 12, 15, 18, 22, 26, 32, 38, 46, 56, 68, 82)
AGENTS = (*range(2, 10), *_DECADE, *(10 * n for n in _DECADE), 1000)


def data() -> Columns:
    """n from 2 to 1000; the column ``limit`` repeats the strategy of the mean-field game.

    Own wealth and the competitors' mean wealth are the baseline's for every n.
    """
    base = baseline()
    shared = {name: value for name, value in base.parameters.items() if name != "n"}
    found = [
        at(
            GAME,
            {**shared, "n": Fraction(n)},
            {"x": base.own, "y": base.aggregate(n)},
        ).to_dict()
        for n in AGENTS
    ]
    limit = columns([at("mean-field", shared, {"x": base.own, "y": base.others}).to_dict()])
    result = {"n": np.array(AGENTS)} | columns(found)
    result["limit"] = np.repeat(limit["pi"], len(AGENTS))
    del result["pi_noncompetitive"]
    return result


def draw(columns: Columns, axes: Axes) -> None:
    """The strategy against n on a logarithmic axis, and the limit as a horizontal line."""
    axes.plot(columns["n"], columns["pi"], "o-", color=BLUE, label=r"$n$ agents")
    axes.axhline(
        columns["limit"][0], linestyle="--", color="black", linewidth=0.9, label="mean-field limit"
    )
    axes.set_xscale("log")
    axes.locator_params(axis="y", nbins=5)
    axes.set_xlabel(r"number of agents $n$")
    axes.set_ylabel(r"amount in the stock $\pi$")
    axes.legend(loc="best")


def statements(columns: Columns) -> list[Statement]:
    """What the paper says of this figure in section 4.3, and the rate seen in the data."""
    n, gap = columns["n"].astype(float), columns["pi"] - columns["limit"]
    closer, where = monotone(n, np.abs(gap), -1)
    last = f"at n = {n[-1]:g} the distance is {scientific(abs(gap[-1]))}"
    order = float(np.log(np.abs(gap[-2] / gap[-1])) / np.log(n[-1] / n[-2]))
    return [
        Statement(
            "The strategy approaches the mean-field limit with every further agent",
            closer,
            where or last,
        ),
        Statement(
            "The distance vanishes in proportion to 1/n",
            abs(order - 1) < 0.02,
            f"order {order:.3f} at the largest n",
        ),
    ]


FIGURE = Figure(
    "figure_convergence",
    "4.5",
    "Equilibrium strategy against the number n of agents, and its mean-field limit",
    data,
    draw,
    statements,
)
