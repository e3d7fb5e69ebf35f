"""Figure 4.2: the strategy against the risk aversion gamma."""

from __future__ import annotations

from fractions import Fraction

from matplotlib.axes import Axes

from eqsolve.paper_figures.figure import Figure, compare
from eqsolve.paper_figures.series import Columns, Statement, above, curved, judge, monotone, sweep


def data() -> Columns:
    """gamma from 0.5 to 5 in steps of 0.1."""
    return sweep("gamma", tuple(Fraction(k, 10) for k in range(5, 51)))


def draw(columns: Columns, axes: Axes) -> None:
    """Both strategies against gamma."""
    compare(columns, axes, "gamma", r"risk aversion $\gamma$", loc="upper right")


def statements(columns: Columns) -> list[Statement]:
    """What the paper says of this figure in section 4.2."""
    x, pi, alone = columns["gamma"], columns["pi"], columns["pi_noncompetitive"]
    curves = {"with competition": pi, "without": alone}
    return [
        judge("Both strategies strictly decrease with γ", monotone, x, curves, -1),
        judge("Both are convex in γ", curved, x, curves, 1),
        Statement("The competitive strategy lies above the other", *above(x, pi, alone)),
    ]


FIGURE = Figure(
    "figure_gamma",
    "4.2",
    "Equilibrium strategy against the risk aversion γ",
    data,
    draw,
    statements,
)
