"""Where the searches for counterexamples draw parameters and states."""

from __future__ import annotations

from collections.abc import Mapping

from eqsolve.claims import search
from eqsolve.claims.claim import Context
from eqsolve.claims.search import Points, Range, Stencil
from eqsolve.registry import model

#: Ranges of the searches; a logarithmic one draws the logarithm uniformly. ``B`` is the excess
#: drift and ``mean`` the average wealth of the others.
RANGES: Mapping[str, Range] = {
    "r": (0, 0.05, False),
    "B": (0.02, 0.3, False),
    "nu": (0.1, 0.4, False),
    "sigma": (-0.4, 0.4, False),
    "theta": (0.05, 0.99, False),
    "gamma": (0.4, 5, True),
    "alpha": (0.2, 3, False),
    "beta": (0.05, 2, False),
    "lambda": (0.05, 3, True),
    "n": (2, 50, False),
    "x": (0.1, 10, True),
    "mean": (0.1, 10, True),
}


def draw(context: Context, label: str, **ranges: Range) -> tuple[Points, str]:
    """Draw parameters and states; return them with a description of domain and seed."""
    chosen = {**RANGES, **ranges}
    points = search.draw(context, label, chosen, counts=("n",))
    parts = []
    for name, (low, high, _) in chosen.items():
        text = "others' mean wealth" if name == "mean" else name
        parts.append(f"{text} {low:g}..{high:g}" if low != high else f"{text} = {low:g}")
    points["b"] = points["r"] + points.pop("B")
    points["y"] = points.pop("mean") * (1 - 1 / points["n"])
    return points, f"{context.samples:,} drawn, seed {context.seed}, {', '.join(parts)}"


def stencil(
    context: Context,
    vary: str,
    label: str,
    *,
    output: str = "pi",
    game: str = "n-agent",
    **ranges: Range,
) -> Stencil:
    """Evaluate a game at three values of a parameter of random points."""
    points, where = draw(context, label, **ranges)
    return search.stencil(context, model(game), output, vary, points, where)
