"""Parameter sets at which the numerical checks are made."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from eqsolve.derivations import _mean_variance as mv
from eqsolve.model import Model
from eqsolve.symbolic.heterogeneous import Agents

Level = Literal["quick", "full"]

#: The sets of reference, and aggregates where the game takes them as parameters.
NAMED: Mapping[str, Mapping[str, str]] = mv.SETS
AGGREGATES: Mapping[str, str] = mv.GIVEN

#: Corners of S1 in which a coefficient vanishes or changes sign. Not among them: nu = 0, where
#: wealth and aggregate share all noise, the diffusion degenerates and the grid cannot judge.
SPECIAL: Mapping[str, Mapping[str, str]] = {
    "S1 with r = 0": {**NAMED["S1"], "r": "0", "b": ".09"},
    "S1 with theta = 0": {**NAMED["S1"], "theta": "0"},
    "S1 with alpha = 0": {**NAMED["S1"], "alpha": "0"},
    "S1 with sigma = 0": {**NAMED["S1"], "nu": ".28", "sigma": "0"},
    "S1 mirrored": {**NAMED["S1"], "b": "-.06", "sigma": "-.2"},
}

#: Seed of the drawn sets, and how many there are.
SEED = 20240229
DRAWN: Mapping[Level, int] = {"quick": 3, "full": 30}


@dataclass(frozen=True)
class Case:
    """One parameter point of one game: ``given`` as a user would write it."""

    name: str
    given: Mapping[str, object]


def drawn(seed: int, count: int) -> list[dict[str, str]]:
    """Draw plausible parameter sets, both signs of the excess drift and of the common volatility.

    Numbers have at most three decimals, so that a set can be copied from a report. ``n`` and the
    aggregates are part of every set.
    """
    generator = random.Random(seed)

    def uniform(low: float, high: float) -> float:
        return round(generator.uniform(low, high), 3)

    sets = []
    for _ in range(count):
        r, excess = uniform(0, 0.05), uniform(0.03, 0.15) * generator.choice((-1, 1))
        row = {
            "r": r,
            "b": round(r + excess, 3),
            "nu": uniform(0.1, 0.35),
            "sigma": uniform(0.05, 0.3) * generator.choice((-1, 1)),
            "theta": uniform(0, 0.9),
            "gamma": uniform(1, 4),
            "alpha": uniform(0.3, 1.5),
            "beta": uniform(0.1, 1),
            "lambda": uniform(0.3, 1),
            "n": generator.randint(2, 20),
            "m_b": uniform(-0.1, 0.1),
            "m_s": uniform(-0.2, 0.2),
            "m_2": uniform(0, 0.02),
        }
        sets.append({name: str(value) for name, value in row.items()})
    return sets


def cases(model: Model, level: Level) -> Iterator[Case]:
    """Yield the parameter points of a game: its own cases, then special and drawn ones.

    Special and drawn points are those of the mean-variance family; other games have their own only.
    """
    if isinstance(model.population, Agents):
        yield from _pairs(model, model.population, level)
        return
    needed = model.parameters
    yield from (Case(name, row) for name, row in model.cases.items())
    if not set(mv.PARAMETERS) <= set(needed):
        return
    for name, row in SPECIAL.items() if level == "full" else ():
        for size in mv.SIZES if "n" in needed else ("",):
            everything = {**row, **AGGREGATES, "n": size}
            label = f"{name}, n = {size}" if size else name
            yield Case(label, {key: everything[key] for key in needed})
    for k, row in enumerate(drawn(SEED, DRAWN[level]), 1):
        yield Case(f"drawn set {k} of seed {SEED}", {key: row[key] for key in needed})


def _pairs(model: Model, agents: Agents, level: Level) -> Iterator[Case]:
    """Neighbors in the lists of sets, in a circle, with the shared parameters of the first."""
    numbered = [
        (f"drawn set {k} of seed {SEED}", row)
        for k, row in enumerate(drawn(SEED, DRAWN[level] // 2), 1)
    ]
    for rows in (list(NAMED.items()), numbered):
        for k in range(len(rows) if len(rows) > 1 else 0):
            chosen = [rows[(k + j) % len(rows)] for j in range(agents.count)]
            shared = {s.name: chosen[0][1][s.name] for s in agents.shared}
            own = {
                f"{key}_{i}": value
                for i, (_, row) in zip(agents.indices, chosen, strict=True)
                for key, value in row.items()
            }
            everything = own | shared
            label = " and ".join(name for name, _ in chosen)
            yield Case(label, {key: everything[key] for key in model.parameters})
