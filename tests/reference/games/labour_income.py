"""One agent of the paper with a constant labour income w: dX = (r X + w + (b - r) pi) dt + ...

The cubic of p1 does not see w; the constant of the strategy does, unless beta = 0 = r: see
random_horizon (derivation, spike as second route).
"""

from __future__ import annotations

from typing import Any

from . import one_agent


def solve(w: Any, x: Any = None, **params: Any) -> dict[str, Any]:
    """As one_agent.solve, with the income w."""
    return one_agent.solve(x, w, **params)


def gap(w: Any, x: Any, **params: Any) -> Any:
    """As one_agent.gap, with the income w."""
    return one_agent.gap(x, w, **params)
