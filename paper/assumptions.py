"""What the paper's assumption on second moments accepts and rejects, against the sharp conditions.

Assumption 2.1 bounds the growth of squared wealth by Gronwall's inequality; its constant (2.76) is
reconstructed as ``2 r + 2 |B p1| + 2 s2 p1^2``. Other bounds are ``D2 > 0``, which is sharp for one
agent, and the same with ``lambda > 2 r``, which is sharp for a response to given averages. An
equilibrium exists where everybody's second moments are finite when everybody plays it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqsolve.derivation.derivation import derived
from eqsolve.paper.claims.domain import RANGES
from eqsolve.registry import model
from eqsolve.status import Status
from eqsolve.studies.roots.branching import Array, Branching
from eqsolve.verbs import kernel

Flags = NDArray[np.bool_]
#: Games with one closed form, in the order of the table.
GAMES = ("best-response", "n-agent", "mean-field")
#: What the averages are drawn from, where they are given.
AVERAGES = {"m_b": (-0.15, 0.15), "m_s": (-0.3, 0.3), "m_2": (0.0, 0.05)}


@dataclass(frozen=True)
class Judged:
    """How often a condition is wrong.

    Attributes
    ----------
    game, condition : of which, and what it says.
    points : how many were drawn, of which ``exist`` have a solution.
    accepted, rejected : where it holds though there is none, and fails though there is one.
    """

    game: str
    condition: str
    points: int
    exist: int
    accepted: int
    rejected: int


def drawn(game: str, size: int, seed: int) -> dict[str, Array]:
    """Parameters from the domain in which the paper's statements are searched for exceptions."""
    rng = np.random.default_rng(seed)
    table = {
        name: (
            np.exp(rng.uniform(np.log(low), np.log(high), size))
            if log
            else rng.uniform(low, high, size)
        )
        for name, (low, high, log) in RANGES.items()
    }
    table["b"] = table["r"] + table.pop("B") * rng.choice([-1.0, 1.0], size)
    table["n"] = np.floor(table["n"])
    table |= {name: rng.uniform(*ends, size) for name, ends in AVERAGES.items()}
    return {name: table[name] for name in model(game).parameters}


def conditions(game: str, points: Mapping[str, Array]) -> dict[str, Flags]:
    """Where each condition holds at the selected root; nowhere where there is none."""
    restated = model(game).restated
    assert restated is not None and restated.own is not None, "all of the table restate one"
    branching = Branching(derived(restated.own()))
    known = {p.name for p in branching.program.inputs.parameters}
    found = branching.at({k: v for k, v in points.items() if k in known}, ("p1", "D2"))
    # without an admissible root every condition is asked of the root with the largest B p1
    order = (points["b"] - points["r"])[:, None] * found.quantities["p1"]
    place = np.where(np.isnan(order), -np.inf, order).argmax(axis=-1)
    place = np.where(found.reached >= 0, found.reached, place)[:, None]
    p1, d2 = (np.take_along_axis(found.quantities[k], place, -1)[:, 0] for k in ("p1", "D2"))
    excess, rate = points["b"] - points["r"], points["lambda"]
    total = points["nu"] ** 2 + points["sigma"] ** 2
    bound = 2 * points["r"] + 2 * np.abs(excess * p1) + 2 * total * p1**2
    return {
        "Gronwall's bound": rate > bound,
        "D2 > 0": d2 > 0,
        "D2 > 0 and lambda > 2 r": (d2 > 0) & (rate > 2 * points["r"]),
    }


def judged(size: int, seed: int = 2024) -> Iterator[Judged]:
    """Count for every game and condition over draws from the domain."""
    for game in GAMES:
        points = drawn(game, size, seed)
        status = kernel(game).evaluate(points, outputs=["status"])["status"]
        exists = (status == Status.OK) | (status == Status.NEAR_FOLD)
        for name, holds in conditions(game, points).items():
            accepted, rejected = int((holds & ~exists).sum()), int((~holds & exists).sum())
            yield Judged(game, name, size, int(exists.sum()), accepted, rejected)
