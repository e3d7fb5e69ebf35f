"""Figure 4.4: the strategy against alpha, the constant part of the weight on the mean."""

from __future__ import annotations

from fractions import Fraction

from matplotlib.axes import Axes

from eqsolve.paper_figures import figure_beta
from eqsolve.paper_figures.baseline import baseline
from eqsolve.paper_figures.figure import Figure, compare
from eqsolve.paper_figures.series import (
    Columns,
    Statement,
    above,
    admissible,
    judge,
    linear,
    monotone,
    slope,
    sweep,
)


def data() -> Columns:
    """alpha from 0 to 2 in steps of 0.05."""
    return sweep("alpha", tuple(Fraction(k, 20) for k in range(41)))


def draw(columns: Columns, axes: Axes) -> None:
    """Both strategies against alpha."""
    compare(columns, axes, "alpha", r"constant weight $\alpha$", loc="upper left")


def statements(columns: Columns) -> list[Statement]:
    """What the paper says of this figure in section 4.2."""
    x, pi, alone = columns["alpha"], columns["pi"], columns["pi_noncompetitive"]
    curves = {"with competition": pi, "without": alone}
    return [
        judge("Both strategies increase with α", monotone, x, curves, 1),
        judge("Both are linear in α", linear, x, curves),
        Statement("The competitive strategy lies above the other", *above(x, pi, alone)),
        more_sensitive(columns, admissible(figure_beta.data())),
    ]


def more_sensitive(alpha: Columns, beta: Columns) -> Statement:
    """Compare the slopes at the baseline of the competitive strategy in the two weights."""
    given = baseline().parameters
    slopes = {
        name: slope(columns[name], columns["pi"], float(given[name]))
        for name, columns in (("alpha", alpha), ("beta", beta))
    }
    return Statement(
        "At the baseline the strategy is more sensitive to β than to α",
        abs(slopes["beta"]) > abs(slopes["alpha"]),
        f"slopes {slopes['beta']:.3f} and {slopes['alpha']:.3f}",
    )


FIGURE = Figure(
    "figure_alpha",
    "4.4",
    "Equilibrium strategy against α, the constant part of the weight on the mean",
    data,
    draw,
    statements,
)
