"""Figure 4.3: the strategy against beta, the weight on the mean proportional to own wealth."""

from __future__ import annotations

from fractions import Fraction

from matplotlib.axes import Axes

from eqsolve.paper_figures.figure import Figure, compare
from eqsolve.paper_figures.series import Columns, Statement, above, curved, judge, monotone, sweep


def data() -> Columns:
    """beta from 0 to 2 in steps of 0.05."""
    return sweep("beta", tuple(Fraction(k, 20) for k in range(41)))


def draw(columns: Columns, axes: Axes) -> None:
    """Both strategies against beta."""
    compare(columns, axes, "beta", r"weight proportional to wealth $\beta$", loc="upper left")


def statements(columns: Columns) -> list[Statement]:
    """What the paper says of this figure in section 4.2."""
    x, pi, alone = columns["beta"], columns["pi"], columns["pi_noncompetitive"]
    curves = {"with competition": pi, "without": alone}
    return [
        judge("Both strategies increase with β", monotone, x, curves, 1),
        judge("Both are concave in β", curved, x, curves, -1),
        Statement("The competitive strategy lies above the other", *above(x, pi, alone)),
    ]


FIGURE = Figure(
    "figure_beta",
    "4.3",
    "Equilibrium strategy against β, the part of the weight on the mean proportional to own wealth",
    data,
    draw,
    statements,
)
