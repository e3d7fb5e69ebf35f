"""Figure 4.1: the strategy against the competition weight theta."""

from __future__ import annotations

from fractions import Fraction

from matplotlib.axes import Axes

from eqsolve.paper_figures.figure import Figure, compare
from eqsolve.paper_figures.series import Columns, Statement, constant, judge, monotone, sweep


def data() -> Columns:
    """theta from 0 to 1 in steps of 0.025."""
    return sweep("theta", tuple(Fraction(k, 40) for k in range(41)))


def draw(columns: Columns, axes: Axes) -> None:
    """Both strategies against theta."""
    compare(columns, axes, "theta", r"competition weight $\theta$", loc="upper left")


def statements(columns: Columns) -> list[Statement]:
    """What the paper says of this figure in section 4.2."""
    x = columns["theta"]
    return [
        judge("The strategy increases with θ", monotone, x, {"it": columns["pi"]}, 1),
        judge(
            "Without competition it does not depend on θ",
            constant,
            x,
            {"it": columns["pi_noncompetitive"]},
        ),
    ]


FIGURE = Figure(
    "figure_theta",
    "4.1",
    "Equilibrium strategy against the competition weight θ",
    data,
    draw,
    statements,
)
