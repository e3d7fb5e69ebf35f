"""Nodes of tensor grids."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from eqsolve.pde.coefficients import Array, refuse
from eqsolve.pde.edge import count, interval, reals, two

#: Most nodes a side; what fits into the memory is less.
MOST = 2000


def nodes_of(
    name: str,
    box: Sequence[Sequence[float]],
    nodes: int | Sequence[int],
    grid: tuple[ArrayLike, ArrayLike] | None,
    argument: str = "nodes",
) -> tuple[Array, Array]:
    """Nodes along x and y, equally spaced unless they are given; ``argument`` names the counts.

    Raises
    ------
    InputError
        For too few or too many nodes, or a box that is none.
    """
    if grid is not None:
        parts = []
        for label, given in zip("xy", two(name, "grid", grid, "arrays of nodes (x, y)")):
            part = reals(name, f"grid ({label})", given)
            if part.ndim != 1:
                shape = f"an array of shape {part.shape}"
                refuse(name, f"grid ({label})", shape, "a one-dimensional array is needed")
            parts.append(part.astype(float))
        return parts[0], parts[1]
    if isinstance(nodes, (int, np.integer)):
        nodes = (nodes, nodes)
    counts = [count(name, argument, n, 5, MOST) for n in two(name, argument, nodes, "integers")]
    sides = [interval(name, "box", side) for side in two(name, "box", box, "intervals")]
    x, y = (np.linspace(low, high, n) for (low, high), n in zip(sides, counts, strict=True))
    return x, y
