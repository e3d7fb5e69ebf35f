"""Whether a policy has finite moments: the same expectation on ever larger boxes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from eqsolve.pde.coefficients import Array, Source, refuse
from eqsolve.pde.edge import Progress, reals, shown
from eqsolve.pde.solution import GridSolution

#: Nodes a side of the graded boxes.
NODES = 61
#: Spacing at the center, relative to half the box of the solution.
CENTER = 0.1
#: Increments smaller than this, relative to the moment, count as nothing.
NEGLIGIBLE = 1e-6


def payoff_box_moments(
    problem: Source,
    solution: GridSolution,
    boxes: Sequence[float],
    progress: Progress | None = None,
) -> GridSolution:
    """Add the check with payoff boxes to a solution.

    The policy, continued as the affine function fitted to it on the inner window, is held fixed.
    On a box of half width L with payoff values on its boundary, H at the center is the second
    moment of the payoff at the horizon or at the exit from the box, whichever is first. As L grows
    it converges when the second moment at the horizon is finite, and its increments shrink; when
    they do not, the moment is infinite.

    Parameters
    ----------
    problem : coefficients by functions of the states; arrays do not extend to larger boxes.
    solution : the solution whose policy is examined.
    boxes : increasing half widths, at least three, larger than that of the solution.
    progress : told the boxes that are done.

    Returns
    -------
    The solution with ``payoff_boxes`` and ``payoff_box_moments`` among its diagnostics, and with
    the status ``moment_explosion`` if it was usable and the increments do not shrink.
    """
    center = tuple(0.5 * float(part[0] + part[-1]) for part in (solution.x, solution.y))
    half = max(0.5 * float(part[-1] - part[0]) for part in (solution.x, solution.y))
    given = reals(problem.name, "payoff_boxes", boxes)
    rising = given.ndim == 1 and all(np.diff([half, *given]) > 0) and np.isfinite(given).all()
    if given.size < 3 or not rising:
        needed = f"at least three increasing numbers above {half:g} are needed"
        refuse(problem.name, "payoff_boxes", shown(boxes), needed)
    widths = [float(width) for width in given]
    slopes, offset = _affine(solution)
    found = []
    for width in widths:
        x, y = (_graded(middle, width, CENTER * half) for middle in center)
        sampled = problem.sample(x, y)
        policy = slopes[0] * x[:, None] + slopes[1] * y[None, :] + offset
        options: dict[str, object] = {"closure": "dirichlet"}
        if sampled.source is not None:
            options["source"] = sampled.source
        _, H = sampled.call("evaluate_policy", sampled.hazard, policy, options)
        found.append(float(H[NODES // 2, NODES // 2]))
        if progress is not None:
            progress("payoff boxes", len(found), len(widths), None)
    steps = abs(np.diff(found))
    shrinks = bool(np.isfinite(found).all()) and all(
        later < 0.5 * sooner or later <= NEGLIGIBLE * abs(found[-1])
        for sooner, later in zip(steps, steps[1:])
    )
    diagnostics = {
        **solution.diagnostics,
        "payoff_boxes": widths,
        "payoff_box_moments": found,
    }
    if shrinks or not solution.ok:
        return dataclasses.replace(solution, diagnostics=diagnostics)
    return dataclasses.replace(
        solution,
        diagnostics=diagnostics,
        status="moment_explosion",
        message=(
            f"{solution.message}; but on boxes of half width {', '.join(f'{w:g}' for w in widths)}"
            f" the second moment is {', '.join(f'{m:.6g}' for m in found)}: it does not converge"
        ),
    )


def _affine(solution: GridSolution) -> tuple[Array, float]:
    """Slopes and offset of the affine function closest to the policy on the inner window."""
    window = solution.inner
    x, y = np.meshgrid(solution.x[window[0]], solution.y[window[1]], indexing="ij")
    columns = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], axis=1)
    found = np.linalg.lstsq(columns, solution.policy[window].ravel(), rcond=None)[0]
    return np.asarray(found[:2], dtype=float), float(found[2])


def _graded(center: float, width: float, spacing: float) -> Array:
    """Nodes ``center + width sinh(s u) / sinh(s)``, u equally spaced, that start with a spacing."""
    u = np.linspace(-1.0, 1.0, NODES)
    first = float(u[NODES // 2 + 1])
    low, high = 1e-6, 50.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if width * np.sinh(middle * first) / np.sinh(middle) > spacing:
            low = middle
        else:
            high = middle
    nodes = center + width * np.sinh(high * u) / np.sinh(high)
    nodes[NODES // 2] = center
    return np.asarray(nodes)
