"""Parameter sets at which the numerical checks of the paper's games are made."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.notated.agents import Agents
from eqsolve.notated.published import Case, Level, Published
from eqsolve.paper.sets import GIVEN, SETS, SIZES

#: Seed of the drawn sets.
SEED = 20240229

#: Corners of S1 in which a coefficient vanishes or changes sign. Not among them: nu = 0, where
#: wealth and aggregate share all noise, the diffusion degenerates and the grid cannot judge.
SPECIAL: Mapping[str, Mapping[str, str]] = {
    "S1 with r = 0": {**SETS["S1"], "r": "0", "b": ".09"},
    "S1 with theta = 0": {**SETS["S1"], "theta": "0"},
    "S1 with alpha = 0": {**SETS["S1"], "alpha": "0"},
    "S1 with sigma = 0": {**SETS["S1"], "nu": ".28", "sigma": "0"},
    "S1 mirrored": {**SETS["S1"], "b": "-.06", "sigma": "-.2"},
}

#: Further sets for the grid: two more of reference, three admissible roots (short waves grow), and
#: one where the mean field has no closed-loop equilibrium; then edges of the theory.
ROOTS: Mapping[str, Mapping[str, str]] = {
    name: dict(zip((*mv.PARAMETERS, "n"), row.split(), strict=True))
    for name, row in {
        "S4": "0 .14 .2 .25 .9 1 1 .3 .5 3",
        "S5": ".05 .2 .25 .3 .95 1.2 .7 .9 .35 3",
        "three real roots": ".08972 .23983 .4699 -.32975 .00527 .52244 1 3.92657 2.42028 5",
        "three admissible roots": ".02 .35 .15 .1 .5 2 1 .1 .06 3",
        "near a fold": "0 .46673 .10726 -.14298 .73685 .70009 1 .07364 .80638679 2",
        "beta = gamma kappa": ".03 .12 .2 .2 .5 2 1 1.8 .6 5",
        "no real root": ".191089 .007478 .108264 .487962 1 5.6874767 1 4.5499816 .1038365 5",
        "no admissible root": ".1 .12 .3 .3 .5 2 1 .5 .15 5",
        "infinite variance of all": "0 .03195 .1373 .3159 .94403 1.13038 1 1.69103 .30892 2",
        "no closed loop": ".03271 .23577 .21622 .22313 .86808 .52598 1 1.02736 .14659 3",
        "agent 1 of nine equilibria": ".02 .35 .15 .1 .5 2 1 .1 .06 2",
        "hazard just above 2 r": ".03 .12 .2 .2 .5 2 1 .5 .061 3",
        "hazard below 2 r": ".03 .12 .2 .2 .5 2 1 .5 .055 3",
        "large hazard": ".03 .12 .2 .2 .5 2 1 .5 50 3",
        "small idiosyncratic volatility": ".03 .12 .02 .2 .5 2 1 .5 .6 3",
    }.items()
}

#: Domain of the sets drawn for the grid. The excess drift and the common volatility have either
#: sign; the hazard rate is 2 r plus the number drawn.
DOMAIN: Mapping[str, tuple[float, float]] = {
    "r": (0.0, 0.08),
    "excess": (0.02, 0.3),
    "nu": (0.05, 0.5),
    "sigma": (0.05, 0.5),
    "theta": (0.0, 1.0),
    "gamma": (0.5, 6.0),
    "alpha": (0.0, 2.0),
    "beta": (0.0, 1.5),
    "hazard": (0.05, 2.0),
    "m_b": (-0.15, 0.15),
    "m_s": (-0.3, 0.3),
    "m_2": (0.0, 0.05),
}
#: What a table of the grid's verdicts says of them.
ABOUT = (
    f"Drawn sets: seed {SEED}, uniform on the domain below; the excess drift b - r and the "
    "common volatility have either sign, and the hazard rate is 2 r plus the number drawn.",
    ", ".join(f"{name} in [{low:g}, {high:g}]" for name, (low, high) in DOMAIN.items()) + ".",
)
#: How many are drawn for the grid, by game.
REFEREED: Mapping[Level, Mapping[str, int]] = {
    "quick": {"best-response": 3, "n-agent": 1, "mean-field": 1},
    "full": {"best-response": 140, "n-agent": 30, "mean-field": 30},
}

#: How many sets are drawn for the other checks.
DRAWN: Mapping[Level, int] = {"quick": 3, "full": 30}


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


def further(model: Published, level: Level) -> Iterator[Case]:
    """Yield the points beside a game's named ones: pairs of sets, special and drawn sets."""
    if model.types is not None:
        yield from _pairs(model, model.types, level)
        return
    needed = model.parameters
    for name, row in SPECIAL.items() if level == "full" else ():
        for size in SIZES if "n" in needed else ("",):
            everything = {**row, **GIVEN, "n": size}
            label = f"{name}, n = {size}" if size else name
            yield Case(label, {key: everything[key] for key in needed})
    for k, row in enumerate(drawn(SEED, DRAWN[level]), 1):
        yield Case(f"drawn set {k} of seed {SEED}", {key: row[key] for key in needed})


def refereed(model: Published, level: Level) -> Iterator[Case]:
    """Yield the parameter sets at which the grid judges a game: chosen ones, then drawn ones."""
    if model.name not in REFEREED[level]:
        return
    needed = model.parameters
    chosen = dict(ROOTS) | {f"{name}, n = 3": {**row, "n": "3"} for name, row in SETS.items()}
    if level == "full":
        chosen |= {name: {**row, "n": "3"} for name, row in SPECIAL.items()}
        chosen |= {f"S1, n = {n}": {**SETS["S1"], "n": n} for n in ("2", "1000000")}
        chosen["S1 with b = 0.18"] = {**SETS["S1"], "b": ".18", "n": "3"}
    else:
        chosen = {name: chosen[name] for name in ("S4", "S5")}
    for name, row in chosen.items():
        yield Case(name, {key: {**GIVEN, **row}[key] for key in needed})
    count = REFEREED[level][model.name]
    for k, row in enumerate(drawn_widely(SEED, count), 1):
        given = {key: row[key] for key in needed}
        yield Case(f"wide set {k} of seed {SEED}", given, drawn=True)


def drawn_widely(seed: int, count: int) -> list[dict[str, str]]:
    """Draw sets from :data:`DOMAIN`, with at most four decimals; see :func:`drawn`."""
    generator = random.Random(f"wide {seed}")
    sets = []
    for _ in range(count):
        row = {name: round(generator.uniform(*ends), 4) for name, ends in DOMAIN.items()}
        row["b"] = round(row["r"] + row.pop("excess") * generator.choice((-1, 1)), 4)
        row["sigma"] *= generator.choice((-1, 1))
        row["lambda"] = round(2 * row["r"] + row.pop("hazard"), 4)
        sets.append(
            {name: str(value) for name, value in row.items()} | {"n": str(generator.randint(2, 50))}
        )
    return sets


def _pairs(model: Published, agents: Agents, level: Level) -> Iterator[Case]:
    """Neighbors in the lists of sets, in a circle, with the shared parameters of the first."""
    numbered = [
        (f"drawn set {k} of seed {SEED}", row)
        for k, row in enumerate(drawn(SEED, DRAWN[level] // 2), 1)
    ]
    for rows in (list(SETS.items()), numbered):
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
            if label not in model.cases:
                yield Case(label, {key: everything[key] for key in model.parameters})
