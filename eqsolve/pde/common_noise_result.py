"""The solution of a mean-field game with a common noise as labeled arrays with its evidence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from eqsolve.pde.common_noise import CommonNoiseSolution
from eqsolve.pde.result import Result, conclusion


def of_common_noise(name: str, solution: CommonNoiseSolution) -> Result:
    """Label the solution: value, control and law at time 0, conditional means at the end."""
    first = solution.parts[0].solution
    means, probability = solution.final_means
    diagnostics = {
        "parts": [
            {
                "before": part.before,
                "probability": part.probability,
                "shift": part.shift,
                **part.solution.diagnostics,
            }
            for part in solution.parts
        ]
    }
    return Result(
        name,
        "mfg",
        solution.status,
        solution.ok,
        solution.message,
        tuple(_sentences(solution)),
        diagnostics,
        {"x": first.x, "path": np.arange(means.size, dtype=float)},
        {
            **{key: (("x",), getattr(first, key)[0]) for key in ("u", "m", "control")},
            "final_mean": (("path",), means),
            "probability": (("path",), probability),
        },
    )


def _sentences(solution: CommonNoiseSolution) -> Iterator[str]:
    means, probability = solution.final_means
    yield f"Mean-field game with a common noise on {means.size} paths: {solution.message}."
    known = [part.solution.diagnostics for part in solution.parts]
    errors = [found.get("discretization_error") for found in known]
    told = [error for error in errors if error is not None]
    if told:
        yield (
            f"The estimated error of the grid is at most {max(told):.1e}, relative. That of the "
            "tree is not in it: solve with more shocks and points, too."
        )
    changed = max(found["mass_error"] for found in known)
    yield f"The mass of the law changes by {changed:.1e} on any part of the tree."
    center = float(means @ probability)
    spread = float(np.sqrt((means - center) ** 2 @ probability))
    yield f"The conditional mean at the end has mean {center:.6g} and deviation {spread:.6g}."
    yield conclusion(solution.ok, solution.status)
