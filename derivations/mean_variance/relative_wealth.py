"""Mean-variance investment with relative wealth over a random horizon, n agents or a continuum.

The wealth dX = (r X + (b - r) pi) dt + nu pi dW + sigma pi dW_0 of an agent is judged against the
average wealth Xbar of all: at wealth x, and while the horizon tau of hazard rate lambda has not
struck, by (alpha + beta x) E Z - gamma/2 Var Z with Z = X - theta Xbar at tau. Nobody can commit to
a strategy.

The games ``n-agent`` and ``mean-field`` are the same problem by the engine that was written for
it; the paper's displays, claims and figures are attached to them. This is its declaration for the
engine of all other games, which replaces that one step by step. With the notion given, averages of
the others' positions are frozen (the paper's notion); with feedback they follow wealth (closed-loop
Nash equilibrium; that of finitely many agents depends on the mean of their squared wealth, too).
Agents are alike, or each has parameters of its own (the interest rate is common to all) and, of
finitely many, a weight in the average.

In the ansatz y is the others' wealth over n, or the average of a continuum, so that coefficients
have the paper's meaning; strategies are printed in x and the average m.
"""

from __future__ import annotations

from eqsolve.derivations.mean_variance import wealth
from eqsolve.game import Model, Notion


def model(notion: Notion = "given", size: int | None = None, types: bool = False) -> Model:
    """The game of ``size`` agents or of a continuum of them, alike or of types of their own."""
    return wealth.crowd(notion, size, types)
