"""Players of different sizes: how much of the risk of their average is their own.

Players are alike but for their weight in the averages. Over an instant the average of their states
has an idiosyncratic variance, from noises of their own, and one from noises common to all: the
share of the first tells whether players are granular (Gabaix, The granular origins of aggregate
fluctuations, Econometrica 79, 2011). Sizes are equal, follow a law, or are given.

Every weight has a response of its own, from the same closed form; the averages over all solve a
linear system of their own size, whatever the number of players. Over longer times the same shares
follow from the moments of all states.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.answers import Tabled
from eqsolve.errors import InputError
from eqsolve.game import Model
from eqsolve.schemas import SCHEMA
from eqsolve.studies.size_course import Spread
from eqsolve.studies.size_laws import STAGE, Law, law
from eqsolve.studies.size_players import Players

Array = NDArray[np.float64]
#: Most players.
LARGEST = 10**7
#: Fewest draws: the error of a share is that of many.
FEWEST = 100


@dataclass(frozen=True)
class Sizes:
    """The equilibrium of so many players.

    Attributes
    ----------
    n : how many.
    herfindahl : the sum of squared weights.
    theory : its leading term by the law, where that is known.
    own, common : variances of the average state over an instant, by time.
    simulated : the part of the first in their sum from drawn noises, with its standard error; None
        where nothing was drawn.
    largest, smallest : controls of the largest and the smallest player, by name.
    course : variances of the average at later times.
    """

    n: int
    herfindahl: float
    theory: float | None
    own: float
    common: float
    simulated: tuple[float, float] | None
    largest: Mapping[str, float]
    smallest: Mapping[str, float]
    course: tuple[Spread, ...] = ()

    @property
    def share(self) -> float:
        """The part of the players' own noises in the variance of the average."""
        return self.own / (self.own + self.common) if self.own + self.common else math.nan


@dataclass(frozen=True)
class Granularity(Tabled):
    """Players of sizes by a law, by their number.

    Attributes
    ----------
    game : the game's name.
    law : of sizes.
    params : parameters that all have in common.
    rows : by number of players.
    limit : controls where nobody has weight: infinitely many, each of no size.
    ratio : what the variance from own noises over that from common ones is of the sum of squared
        weights where it vanishes; None without common noise.
    ratios : the same at later times.
    """

    game: str
    law: Law
    params: Mapping[str, str]
    rows: tuple[Sizes, ...]
    limit: Mapping[str, float]
    ratio: float | None
    ratios: Mapping[float, float]

    @property
    def heading(self) -> str:
        """What was looked at, in a line."""
        return f"{self.game}: share of players' own noises in the average, sizes {self.law.text}"

    def table(self) -> dict[str, dict[str, float | None]]:
        """A row for every number of players."""
        found: dict[str, dict[str, float | None]] = {}
        for row in self.rows:
            found[str(row.n)] = {"herfindahl": row.herfindahl, "leading term": row.theory}
            found[str(row.n)] |= {"share": row.share}
            if row.simulated is not None:
                found[str(row.n)] |= dict(zip(("simulated", "error"), row.simulated))
            found[str(row.n)] |= {f"share at {one.t:g}": one.share for one in row.course}
            found[str(row.n)] |= {f"largest {c}": v for c, v in row.largest.items()}
            found[str(row.n)] |= {f"smallest {c}": v for c, v in row.smallest.items()}
        return found

    def bars(self) -> tuple[str, dict[str, float]]:
        """The share by the number of players."""
        return "share of own noises", {f"n = {row.n}": row.share for row in self.rows}

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "schema": SCHEMA,
            "game": self.game,
            "law": self.law.text,
            "vanishes": self.law.vanishes,
            "params": dict(self.params),
            "limit": dict(self.limit),
            "ratio": self.ratio,
            "ratios": [{"t": t, "ratio": ratio} for t, ratio in self.ratios.items()],
            "rows": [
                {
                    "n": row.n,
                    "herfindahl": row.herfindahl,
                    "theory": row.theory,
                    "own": row.own,
                    "common": row.common,
                    "share": _or_none(row.share),
                    "simulated": None if row.simulated is None else [*row.simulated],
                    "largest": dict(row.largest),
                    "smallest": dict(row.smallest),
                    "course": [
                        {
                            "t": one.t,
                            "own": one.own,
                            "common": one.common,
                            "share": _or_none(one.share),
                        }
                        for one in row.course
                    ],
                }
                for row in self.rows
            ],
        }


def _or_none(share: float) -> float | None:
    """A share where there is variance."""
    return None if math.isnan(share) else share


def granularity(
    model: Model,
    sizes: Law,
    counts: Iterable[int],
    values: Mapping[str, object],
    at: Mapping[str, object],
    *,
    draws: int = 0,
    seed: int = 0,
    times: Sequence[float] = (),
) -> Granularity:
    """Solve a game for players of sizes by a law, for each of several numbers of players.

    Parameters
    ----------
    model : players with weights in the average, whose averages are given to each.
    counts : numbers of players.
    values : parameters, common to all.
    at : the state that all start at.
    draws : of all noises over an instant, for an estimate of the share.
    times : ascending, at which the variance of the average is wanted, too.

    Raises
    ------
    InputError
        If the game has no weights, or a name or value is not acceptable.
    NoSolutionError
        If a player has no admissible response, or the averages are not determined.
    """
    crowd, game = model.game.crowd, model.name
    if crowd is None or crowd.weights is None:
        raise InputError("its players have no weights.", game=game, stage=STAGE)
    if draws and draws < FEWEST or seed < 0:
        raise InputError(
            f"choose {FEWEST} draws or more, and a seed that is not negative.",
            game=game,
            stage=STAGE,
        )
    if [*times] != sorted({*times}) or not all(0 < t < math.inf for t in times):
        raise InputError(
            "times are ascending, after 0; the share over an instant is told in any case.",
            game=game,
            stage=STAGE,
        )
    players = Players(model, values, at)
    rows = []
    for n in counts:
        if not 1 <= n <= LARGEST:
            raise InputError(f"{n} players: choose up to {LARGEST}.", game=game, stage=STAGE)
        found = sizes.sizes(n)
        if len(found) != n:
            raise InputError(
                f"the table has {len(found)} sizes, not {n}.",
                game=game,
                stage=STAGE,
                remedy=f"Give --n {len(found)}.",
            )
        rows.append(_row(players, found / math.fsum(found), sizes, draws, seed, times))
    nobody, loads = players.played(np.zeros(1), np.ones(1))
    own, common = players.variances(loads, np.ones(1))
    params = {k: str(v) for k, v in values.items()}
    ratio = own / common if common else None
    many = float(LARGEST)
    alike = players.course(np.array([1 / many]), np.array([many]), times)
    ratios = {one.t: many * one.own / one.common for one in alike if one.common}
    return Granularity(game, sizes, params, tuple(rows), players.named(nobody[0]), ratio, ratios)


def _row(
    players: Players, weights: Array, sizes: Law, draws: int, seed: int, times: Sequence[float]
) -> Sizes:
    """The equilibrium of players of these weights, the largest first."""
    distinct, inverse = np.unique(weights, return_inverse=True)
    counts = np.bincount(inverse.reshape(-1)).astype(float)
    controls, loads = players.played(distinct, counts * distinct)
    whole = {k: v[inverse.reshape(-1)] for k, v in loads.items()}
    own, common = players.variances(whole, weights)
    n = len(weights)
    return Sizes(
        n,
        math.fsum(weights * weights),
        None if sizes.index is None or n < 2 else sizes.index(n),
        own,
        common,
        players.drawn(whole, weights, draws, seed) if draws else None,
        players.named(controls[-1]),
        players.named(controls[0]),
        tuple(players.course(distinct, counts, times)),
    )


def along(
    model: Model,
    laws: Sequence[str],
    counts: Iterable[int],
    values: Mapping[str, object],
    at: Mapping[str, object],
    **how: Any,
) -> tuple[Granularity, ...]:
    """The same for several laws of sizes."""
    numbers = [*counts]
    return tuple(granularity(model, law(text), numbers, values, at, **how) for text in laws)


def written(found: Iterable[Granularity], path: Path) -> None:
    """Write all rows as CSV."""
    import pandas

    frames = [one.to_frame().rename_axis("n").assign(law=one.law.text) for one in found]
    pandas.concat(frames).to_csv(path)
