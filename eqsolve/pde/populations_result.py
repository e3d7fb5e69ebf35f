"""The solution of several populations as labeled arrays with its evidence."""

from __future__ import annotations

from eqsolve.pde.populations import PopulationsSolution
from eqsolve.pde.result import Result, conclusion, of_mean_field


def of_populations(name: str, solution: PopulationsSolution) -> Result:
    """Label the solution of several populations: names of arrays end with their number."""
    parts = [of_mean_field(name, one) for one in solution.solutions]
    sentences = [
        f"Population {i}: {sentence}"
        for i, part in enumerate(parts, start=1)
        for sentence in part.sentences[:-1]
    ]
    return Result(
        name,
        "mfg",
        solution.status,
        solution.ok,
        solution.message,
        (*sentences, conclusion(solution.ok, solution.status)),
        {"populations": [dict(part.diagnostics) for part in parts]},
        parts[0].axes,
        {
            f"{key}_{i}": labelled
            for i, part in enumerate(parts, start=1)
            for key, labelled in part.arrays.items()
        },
    )
