"""Statements about all solutions, attacked with many draws and with a search for the worst point.

Points that doubles do not decide are counted apart; no statement is tested there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import InputError
from eqsolve.output import replacing
from eqsolve.studies.roots.branching import Array, Branches, Branching, Flags, Values
from eqsolve.studies.roots.truncation import follow

#: Points of a chunk: after each the state can be kept.
CHUNK = 1 << 18
#: Of every so many chunks one has points whose finite horizons are followed: at most so many with
#: several admissible solutions, and so many others.
EVERY, SEVERAL, SINGLE = 16, 1 << 14, 1 << 12
#: Points that are solved at a time, so that what is computed stays near the processor.
BLOCK = 1 << 14
#: Exceptions that are kept with their parameters.
KEPT = 20
#: From draws in [0, 1) to parameters.
Domain = Callable[[Array], Values]


@dataclass
class Tally:
    """What was seen so far.

    Attributes
    ----------
    seed, chunks, points : of the draws.
    admissible : points by the number of admissible solutions.
    near : points that doubles do not decide, as next to a fold; no statement is tested there.
    followed : points whose finite horizons were followed.
    unrested : of these, those that did not come to rest.
    attracting : points by how many admissible solutions attract.
    exceptions : points at which a statement fails, by its name; ``kept`` has the first of them.
    """

    seed: int
    chunks: int = 0
    points: int = 0
    near: int = 0
    followed: int = 0
    unrested: int = 0
    admissible: dict[str, int] = field(default_factory=dict)
    attracting: dict[str, int] = field(default_factory=dict)
    exceptions: dict[str, int] = field(default_factory=dict)
    kept: list[dict[str, Any]] = field(default_factory=list)

    @staticmethod
    def read(path: Path, seed: int) -> Tally:
        """What was kept, or nothing yet.

        Raises
        ------
        InputError
            If the file is of other draws, or is none of these.
        """
        if not path.exists():
            return Tally(seed)
        try:
            found = Tally(**json.loads(path.read_text(encoding="utf-8")))
        except (TypeError, ValueError):
            raise InputError(f"{path} holds no tally of draws.", stage="roots") from None
        if found.seed != seed:
            raise InputError(f"{path} is of seed {found.seed}.", stage="roots")
        return found

    def write(self, path: Path) -> None:
        """Keep it."""
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(self.__dict__, indent=1), encoding="utf-8")


def attack(
    branching: Branching,
    domain: Domain,
    width: int,
    size: int,
    tally: Tally,
    *,
    unique: str,
    keep: Callable[[Tally], object] = lambda tally: None,
) -> Tally:
    """Draw points until so many have been seen, and count those at which a statement fails.

    Statements: the number of admissible solutions is odd (``odd``); one of them, and no other, has
    a positive result ``unique`` (``unique``), which is the selected one (``selected``); that one
    attracts (``attracts``) and is what finite horizons reach (``limit``).

    Parameters
    ----------
    domain : from rows of draws in [0, 1) to parameters.
    width : length of a row.
    size : number of points.
    tally : what was seen before; the draws go on where they ended.
    keep : called after every chunk.
    """
    while tally.points < size:
        count = min(CHUNK, size - tally.points)
        generator = np.random.Generator(
            np.random.Philox(key=tally.seed, counter=tally.chunks << 64)
        )
        values = domain(generator.random((count, width)))
        _count(branching, values, tally, unique)
        tally.chunks += 1
        tally.points += count
        keep(tally)
    return tally


def _count(branching: Branching, values: Values, tally: Tally, unique: str) -> None:
    wanted = (unique, *branching.coupled)
    size = len(next(iter(values.values())))
    parts = [np.arange(k, min(k + BLOCK, size)) for k in range(0, size, BLOCK)]
    found = _joined([branching.at(_part(values, part), wanted) for part in parts])
    sure = ~found.near
    tally.near += int((~sure).sum())
    for told, numbers in (
        (tally.admissible, found.count),
        (tally.attracting, (found.admissible & found.attracting).sum(axis=-1)),
    ):
        for number, many in zip(*np.unique(numbers[sure], return_counts=True)):
            told[str(number)] = told.get(str(number), 0) + int(many)
    many, one = np.flatnonzero(sure & (found.count > 1)), np.flatnonzero(sure & (found.count == 1))
    for name, wrong in statements(found, unique).items():
        _except(tally, name, values, np.flatnonzero(sure & wrong))
    if tally.chunks % EVERY:
        return
    some = np.concatenate([many[:SEVERAL], one[:SINGLE]])
    way = follow(branching, _part(values, some), _branches(found, some))
    tally.followed += some.size
    tally.unrested += int((~way.rest).sum())
    lost = way.rest & (way.reached != found.reached[some])
    _except(tally, "limit", values, some[lost])


def statements(found: Branches, unique: str) -> dict[str, Flags]:
    """Where each statement fails, as far as doubles tell."""
    outstanding = found.admissible & (found.quantities[unique] > 0)
    alone = outstanding.sum(axis=-1) == 1
    place = np.maximum(found.reached, 0)[:, None].astype(int)
    chosen = np.take_along_axis(outstanding, place, axis=-1)[:, 0] & (found.reached >= 0)
    attracts = np.take_along_axis(found.attracting, place, axis=-1)[:, 0]
    return {
        "odd": found.count % 2 == 0,
        "unique": ~alone,
        "selected": ~chosen,
        "attracts": ~attracts & (found.reached >= 0),
    }


def _except(tally: Tally, name: str, values: Values, points: NDArray[np.intp]) -> None:
    tally.exceptions[name] = tally.exceptions.get(name, 0) + points.size
    for k in points[: max(0, KEPT - len(tally.kept))]:
        row = {key: float(v[k]) for key, v in values.items()}
        tally.kept.append({"statement": name, "params": row})


def _part(values: Values, points: NDArray[np.intp]) -> dict[str, Array]:
    return {k: v[points] for k, v in values.items()}


def _joined(parts: Sequence[Branches]) -> Branches:
    return Branches(
        np.concatenate([p.roots for p in parts]),
        {k: np.concatenate([p.quantities[k] for p in parts]) for k in parts[0].quantities},
        np.concatenate([p.admissible for p in parts]),
        np.concatenate([p.attracting for p in parts]),
        np.concatenate([p.reached for p in parts]),
        np.concatenate([p.near for p in parts]),
    )


def _branches(found: Branches, points: NDArray[np.intp]) -> Branches:
    return Branches(
        found.roots[points],
        _part(found.quantities, points),
        found.admissible[points],
        found.attracting[points],
        found.reached[points],
        found.near[points],
    )


@dataclass(frozen=True)
class Worst:
    """The point that comes nearest to violating a statement.

    Attributes
    ----------
    statement : its name.
    margin : what is positive as long as it holds there, relative to the numbers it compares.
    params : the point.
    evaluations : how many points were tried.
    """

    statement: str
    margin: float
    params: Mapping[str, float]
    evaluations: int


def search(
    branching: Branching,
    domain: Domain,
    width: int,
    *,
    unique: str,
    seed: int,
    rounds: int = 100,
    population: int = 400,
) -> tuple[Worst, ...]:
    """Look for the worst points by differential evolution, statement by statement.

    Of ``unique``: the least result at the selected solution, relative to the largest of all, and
    how far every other admissible one is below 0. Of ``limit``: how near finite horizons come, on
    their way from the payoffs, to an admissible solution that is not selected.
    """
    from scipy.optimize import differential_evolution

    found = []
    for name, margin in (("unique", _apart), ("limit", _way)):
        seen = [0]

        def objective(rows: Array, margin: Any = margin, seen: list[int] = seen) -> Array:
            points = np.atleast_2d(rows.T)
            seen[0] += len(points)
            with np.errstate(all="ignore"):
                result: Array = margin(branching, domain(points), unique)
            return np.nan_to_num(result, nan=1e3, posinf=1e3)

        run = differential_evolution(
            objective,
            [(0.0, np.nextafter(1.0, 0.0))] * width,
            maxiter=rounds,
            popsize=-(-population // width),
            seed=seed,
            vectorized=True,
            updating="deferred",
            polish=False,
            tol=0,
            atol=0,
        )
        values = domain(np.atleast_2d(run.x))
        params = {k: float(v[0]) for k, v in values.items()}
        found.append(Worst(name, float(run.fun), params, seen[0]))
    return tuple(found)


def _apart(branching: Branching, values: Values, unique: str) -> Array:
    """How clearly the sign of the result tells the selected solution from the others."""
    found = branching.at(values, [unique])
    result = np.where(found.admissible, found.quantities[unique], np.nan)
    scale = np.fmax.reduce(np.abs(result), axis=-1)
    own = np.arange(result.shape[-1]) == found.reached[:, None]
    chosen = np.where(own, result, -np.inf).max(axis=-1)
    others = np.fmax.reduce(np.where(own, -np.inf, result), axis=-1)
    margin = np.fmin(chosen, -others) / scale
    # next to a fold both tend to 0: only the sign is asked for there
    return np.where(found.near | (found.reached < 0), np.nan, margin)


def _way(branching: Branching, values: Values, unique: str) -> Array:
    """How near finite horizons come to another admissible solution; negative if they stay."""
    found = branching.at(values, branching.coupled)
    size = len(found.reached)
    margin = np.full(size, np.nan)
    several = np.flatnonzero((found.count > 1) & ~found.near)
    if several.size:
        part = _branches(found, several)
        way = follow(branching, _part(values, several), part)
        stray = way.rest & (way.reached != part.reached)
        margin[several] = np.where(stray, -1.0, np.where(way.rest, way.nearest, np.nan))
    return margin


def spread(ranges: Mapping[str, tuple[float, float, bool]]) -> tuple[Domain, int]:
    """A domain of independent draws: lower and upper ends, and whether logarithms are uniform.

    Returns
    -------
    Domain and int
        The length of a row is the number of ranges.
    """

    def domain(rows: Array) -> Values:
        return {
            name: low * (high / low) ** column if log else low + (high - low) * column
            for (name, (low, high, log)), column in zip(ranges.items(), rows.T)
        }

    return domain, len(ranges)


def lines(tally: Tally, worst: Iterable[Worst]) -> Iterable[str]:
    """The outcome, a line each."""
    yield f"{tally.points:,} points of seed {tally.seed}, {tally.near:,} of them not decided"
    for title, table in (("admissible", tally.admissible), ("attracting", tally.attracting)):
        yield f"{title}: " + ", ".join(f"{k} at {v:,}" for k, v in sorted(table.items()))
    yield f"{tally.followed:,} followed, {tally.unrested:,} of them not to rest"
    for name, number in tally.exceptions.items():
        yield f"exceptions to {name}: {number:,}"
    for one in worst:
        found = f"{one.margin:.3g} at {dict(one.params)}"
        yield f"worst of {one.evaluations:,} for {one.statement}: {found}"
