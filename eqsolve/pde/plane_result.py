"""The solution of a mean-field game in two dimensions as labeled arrays with its evidence."""

from __future__ import annotations

from collections.abc import Iterator

from eqsolve.pde.plane_solution import PlaneSolution
from eqsolve.pde.result import Result, conclusion


def of_plane(name: str, solution: PlaneSolution) -> Result:
    """Label the solution of a mean-field game in two dimensions."""
    fields = ("u", "m", "control_x", "control_y")
    laws = {
        "mean_x": solution.mean[:, 0],
        "mean_y": solution.mean[:, 1],
        "variance_x": solution.covariance[:, 0, 0],
        "variance_y": solution.covariance[:, 1, 1],
        "covariance": solution.covariance[:, 0, 1],
    }
    return Result(
        name,
        "mfg",
        solution.status,
        solution.ok,
        solution.message,
        tuple(_sentences(solution)),
        dict(solution.diagnostics),
        {"t": solution.t, "x": solution.x, "y": solution.y},
        {key: (("t", "x", "y"), getattr(solution, key)) for key in fields}
        | {key: (("t",), values) for key, values in laws.items()},
    )


def _sentences(solution: PlaneSolution) -> Iterator[str]:
    known = solution.diagnostics
    size = f"{solution.x.size} x {solution.y.size} nodes and {solution.t.size - 1} steps"
    yield f"Mean-field game on {size}: {solution.message}."
    if known["discretization_error"] is not None:
        error = known["discretization_error"]
        yield f"The estimated error of the grid is {error:.1e}, relative."
    yield f"The mass of the law changes by {known['mass_error']:.1e}."
    yield f"The smallest density is {known['minimum_density']:.1e}."
    x, y = solution.mean[-1]
    yield f"The law ends with means {x:.6g} along x and {y:.6g} along y."
    yield conclusion(solution.ok, solution.status)
