"""Distance of n agents to the mean field along paths, by simulation with the same noises."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from eqsolve.errors import NoSolutionError
from eqsolve.parameters import require
from eqsolve.studies.mean_field_limit.expansion import Expansion, Pair, coefficients
from eqsolve.studies.simulation.normals import MOST_PATHS
from eqsolve.studies.simulation.simulate import (
    finite_feedback,
    in_parts,
    limit_feedback,
    longest_step,
    market,
    require_bounded,
)
from eqsolve.studies.simulation.wealth import path_distances
from eqsolve.values import exact_values

#: Numbers of agents above this one are not simulated.
MOST_SIMULATED = 10**5
#: Simulated when fewer than three of the numbers asked for can be.
DEFAULT = (10, 30, 100, 300, 1000)
#: Relative error that rounding may leave.
ROUNDING = 1e-9
#: Probability with which all intervals cover.
CONFIDENCE = 0.99


@dataclass(frozen=True)
class Pathwise:
    """The root mean square of ``p_i - p_i(mean field)`` at the horizon, over agents and paths.

    Attributes
    ----------
    paths, seed : what was simulated; every number of agents has streams of its own.
    rows : per ``n`` the distance and its confidence interval, ascending in ``n``.
    order : ``value``, ``low`` and ``high`` of the order observed between the last two rows.
    constant : the same for the limit of ``sqrt(n) distance``, the root of ``A`` in the weighted
        fit of ``A/n + B/n^2`` to the squares; positive where the order is exactly one half.
    """

    paths: int
    seed: int
    rows: tuple[Mapping[str, float], ...]
    order: Mapping[str, float]
    constant: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            **self.__dict__,
            "rows": [dict(row) for row in self.rows],
            "order": dict(self.order),
            "constant": dict(self.constant),
            "confidence": CONFIDENCE,
        }


def pathwise(
    pair: Pair,
    given: Mapping[str, Fraction],
    counts: Sequence[int],
    *,
    paths: int,
    seed: int,
    threads: int | None = None,
) -> Pathwise:
    """Simulate populations of several sizes together with their mean-field limit.

    Every agent starts with wealth 1 and has the same noise and the same horizon in both; the
    limit's conditional mean is driven by the common noise alone.

    Parameters
    ----------
    pair : the finite game and its limit.
    given : exact parameters of the limit.
    counts : numbers of agents; those from 2 to 100,000 are simulated.
    paths, seed : number of paths per number of agents, seed of the streams.
    threads : number of threads; the result does not depend on it.

    Raises
    ------
    InputError
        For a number of paths or a seed out of range.
    NoSolutionError
        If a strategy does not exist.
    """
    many, game = pair.finite, pair.finite.name
    require(100 <= paths <= MOST_PATHS, f"paths must be from 100 to {MOST_PATHS}.", game=game)
    require(0 <= seed < 2**63, "the seed must be from 0 to 2^63 - 1.", game=game)
    sizes = [n for n in counts if 2 <= n <= MOST_SIMULATED]
    sizes = sizes if len(sizes) > 2 else list(DEFAULT)
    expansion, keys = Expansion(pair, given), tuple(coefficients(many))
    limit = expansion.limit
    world = market(many.game, exact_values(pair.limit, given))
    own, others, constant = (limit[key] for key in keys)
    continuum = limit_feedback((own, others, constant))
    hazard, size = float(given[many.parts.hazard.name]), sum(map(abs, limit.values()))
    quantile = -float(ndtri((1 - CONFIDENCE) / (2 * (len(sizes) + 2))))
    rows, errors = [], []
    for n in sizes:
        row = expansion.row(n)
        own, others, constant = (row[key] for key in keys)
        finite = finite_feedback((own, others, constant), n)
        step = min(longest_step(hazard, world, rule) for rule in (finite, continuum))
        squares, begin = np.empty(paths), np.ones(n)
        stream = np.uint64((seed + (n << 20)) % 2**64)

        require_bounded(n, paths, hazard, step, game=game)

        def run(part: slice, halt: NDArray[np.uint8]) -> int:
            rules = (finite, continuum)
            path_distances(
                stream, part.start, hazard, step, world, *rules, begin, squares[part], halt
            )
            return 0

        in_parts(run, paths, threads)
        mean = float(squares.mean())
        if not (math.isfinite(mean) and mean > (ROUNDING * size) ** 2):
            raise NoSolutionError(
                f"the distance at n = {n} is {mean}: without competition there is none, and with "
                "infinite fourth moments it may overflow.",
                game=game,
                stage="convergence",
            )
        # Relative error of the root: half of that of the mean square.
        relative = max(float(squares.std(ddof=1)) / math.sqrt(paths) / mean / 2, ROUNDING)
        distance = math.sqrt(mean)
        band = math.exp(quantile * relative)
        rows.append({"n": n, "distance": distance, "low": distance / band, "high": distance * band})
        errors.append(relative)
    return Pathwise(
        paths,
        seed,
        tuple(rows),
        _order(rows[-2:], errors[-2:], quantile),
        _constant(rows, errors, quantile),
    )


def _order(
    rows: Sequence[Mapping[str, float]], errors: Sequence[float], quantile: float
) -> dict[str, float]:
    """Minus the slope of log distance on log n between two rows."""
    first, last = rows
    span = math.log(last["n"] / first["n"])
    order = math.log(first["distance"] / last["distance"]) / span
    spread = quantile * math.hypot(*errors) / span
    return {"value": order, "low": order - spread, "high": order + spread}


def _constant(
    rows: Sequence[Mapping[str, float]], errors: Sequence[float], quantile: float
) -> dict[str, float]:
    """Root of the intercept of the weighted regression of ``n distance^2`` on ``1/n``."""
    n = np.array([row["n"] for row in rows], float)
    scaled = n * np.square([row["distance"] for row in rows])
    # One relative error for all rows: under heavy tails a row without the rare paths has too
    # small a distance and too small an error, and would get too large a weight.
    pooled = math.sqrt(float(np.square(errors).mean()))
    weight = 1 / np.square(2 * pooled * scaled)
    design = np.stack([np.ones_like(n), 1 / n], axis=1)
    covariance = np.linalg.inv(design.T @ (weight[:, None] * design))
    level = float((covariance @ (design.T @ (weight * scaled)))[0])
    spread = quantile * math.sqrt(float(covariance[0, 0]))
    ends = {"value": level, "low": level - spread, "high": level + spread}
    return {name: math.sqrt(max(end, 0.0)) for name, end in ends.items()}
