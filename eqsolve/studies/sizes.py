"""Players of different sizes: how much of the risk of their average is their own.

Players are alike but for their weight in the averages. Over an instant the average of their states
has an idiosyncratic variance, from noises of their own, and one from noises common to all: the
share of the first tells whether players are granular (Gabaix, The granular origins of aggregate
fluctuations, Econometrica 79, 2011). Sizes are equal, follow a law, or are given.

Every weight has a response of its own, from the same closed form; the averages over all solve a
linear system of their own size, whatever the number of players.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, psi, zeta

from eqsolve.answers import Tabled
from eqsolve.columns import read_columns
from eqsolve.derivation.derivation import derived
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.game import Model
from eqsolve.game.parameters import inputs
from eqsolve.numbers import exact
from eqsolve.program.responses import Polynomials
from eqsolve.schemas import SCHEMA
from eqsolve.studies.roots.branching import Branching, arrays

Array = NDArray[np.float64]
STAGE = "sizes"
#: Most players.
LARGEST = 10**7
#: Fewest draws: the error of a share is that of many.
FEWEST = 100
#: The largest deviation of a logarithm of sizes, so that squares stay numbers.
WIDEST = 20.0
#: Players that are computed at a time, so that what is computed stays near the processor.
BLOCK = 1 << 14


@dataclass(frozen=True)
class Law:
    """Sizes by rank, up to a factor.

    Attributes
    ----------
    text : as it was given.
    sizes : of so many players, the largest first.
    index : the leading term of the sum of squared weights of so many players; None if unknown.
    vanishes : whether the sum of squared weights tends to 0; None if unknown.
    """

    text: str
    sizes: Callable[[int], Array]
    index: Callable[[int], float] | None
    vanishes: bool | None


def law(text: str) -> Law:
    """Read ``equal``, ``zipf:1``, ``pareto:1.5``, ``lognormal:2`` or ``table:FILE.csv``.

    Zipf's sizes are ``k**(-1/zeta)``; of Pareto's law and the lognormal one (with the standard
    deviation of the logarithm) they are the quantiles at ``(k - 1/2)/n``. A table has a column
    ``size``, and as many rows as there are players.

    Raises
    ------
    InputError
        If the text is none of these.
    """
    word, _, number = text.partition(":")
    if word == "table":
        table = read_columns(number)
        if "size" not in table.columns:
            raise _error(f"the table {number} has no column size.")
        given = np.sort(np.array([float(exact("size", v)) for v in table.columns["size"]]))[::-1]
        if not (given > 0).all():
            raise _error("a size is not positive.")
        return Law(text, lambda n: given, None, None)
    if word == "equal" and not number:
        return Law(text, np.ones, lambda n: 1 / n, True)
    if word not in ("zipf", "pareto", "lognormal"):
        raise _error(f"{text!r} is no law of sizes.")
    parameter = float(exact(word, number))
    if parameter <= 0:
        raise _error(f"the parameter of {word} is {number}, not positive.")
    if word == "lognormal" and parameter > WIDEST:
        raise _error(f"lognormal sizes are at most of {WIDEST:g}.")
    if word == "lognormal":

        def quantiles(n: int) -> Array:
            found: Array = np.exp(parameter * -ndtri((np.arange(n) + 0.5) / n))
            return found

        return Law(text, quantiles, lambda n: math.exp(parameter**2) / n, True)
    first, power = (1.0 if word == "zipf" else 0.5), 1 / parameter
    return Law(
        text,
        lambda n: np.asarray((np.arange(n) + first) ** -power, float),
        lambda n: _power_sum(2 * power, first, n) / _power_sum(power, first, n) ** 2,
        parameter >= 1,
    )


def _power_sum(power: float, first: float, n: int) -> float:
    """The leading term of ``sum (k + first)**-power`` over ``k = 0, ..., n - 1``."""
    if power > 1:
        return float(zeta(power, first))
    if power == 1:
        return math.log(n) - float(psi(first))
    return float(n ** (1 - power) / (1 - power))


def _error(message: str) -> InputError:
    known = "equal, zipf:1, pareto:1.5, lognormal:2 or table:FILE.csv"
    return InputError(message, stage=STAGE, remedy=f"Give {known}.")


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
    """

    n: int
    herfindahl: float
    theory: float | None
    own: float
    common: float
    simulated: tuple[float, float] | None
    largest: Mapping[str, float]
    smallest: Mapping[str, float]

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
    """

    game: str
    law: Law
    params: Mapping[str, str]
    rows: tuple[Sizes, ...]
    limit: Mapping[str, float]
    ratio: float | None

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
            "rows": [
                {
                    "n": row.n,
                    "herfindahl": row.herfindahl,
                    "theory": row.theory,
                    "own": row.own,
                    "common": row.common,
                    "share": None if math.isnan(row.share) else row.share,
                    "simulated": None if row.simulated is None else [*row.simulated],
                    "largest": dict(row.largest),
                    "smallest": dict(row.smallest),
                }
                for row in self.rows
            ],
        }


def granularity(
    model: Model,
    sizes: Law,
    counts: Iterable[int],
    values: Mapping[str, object],
    at: Mapping[str, object],
    *,
    draws: int = 0,
    seed: int = 0,
) -> Granularity:
    """Solve a game for players of sizes by a law, for each of several numbers of players.

    Parameters
    ----------
    model : players with weights in the average, whose averages are given to each.
    counts : numbers of players.
    values : parameters, common to all.
    at : the state that all start at.
    draws : of all noises over an instant, for an estimate of the share.

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
    players = _Players(model, values, at)
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
        rows.append(players.row(found / math.fsum(found), sizes, draws, seed))
    nobody, loads = players.played(np.zeros(1), np.ones(1))
    own, common = players.variances(loads, np.ones(1))
    params = {k: str(v) for k, v in values.items()}
    ratio = own / common if common else None
    return Granularity(game, sizes, params, tuple(rows), players.named(nobody[0]), ratio)


class _Players:
    """A game's players at numbers, by their weight."""

    def __init__(
        self, model: Model, values: Mapping[str, object], at: Mapping[str, object]
    ) -> None:
        self.branching = Branching(derived(model))
        program = self.branching.program
        assert program.given is not None and program.given.responses is not None
        self.model, self.own = model, program.given.responses
        if self.own.motion is None:
            raise InputError(self.own.unfollowed, game=model.name, stage=STAGE)
        self.motion = self.own.motion
        taken = inputs(model)
        self.weight = taken.share
        parameters = {p.name for p in taken.parameters}
        (count,) = parameters & {program.count} or {""}
        given = {**values, self.weight: "1/2", **({count: 2} if count else {})}
        numbers = taken.read(given, at)
        self.numbers = {k: float(v) for k, v in numbers.parameters.items()}
        self.states = {s: float(v) for s, v in numbers.states.items()}
        missing = [s for s in self.own.states if s not in self.states]
        if missing:
            raise InputError(
                f"the players' {missing[0]} is missing.",
                game=model.name,
                stage=STAGE,
                remedy=f"Give it by --at {missing[0]}=1.",
            )

    def row(self, weights: Array, sizes: Law, draws: int, seed: int) -> Sizes:
        """The equilibrium of players of these weights, the largest first."""
        distinct, inverse = np.unique(weights, return_inverse=True)
        counts = np.bincount(inverse.reshape(-1)).astype(float)
        controls, loads = self.played(distinct, counts * distinct)
        whole = {k: v[inverse.reshape(-1)] for k, v in loads.items()}
        own, common = self.variances(whole, weights)
        drawn = self.drawn(whole, weights, draws, seed) if draws else None
        n = len(weights)
        return Sizes(
            n,
            math.fsum(weights * weights),
            None if sizes.index is None or n < 2 else sizes.index(n),
            own,
            common,
            drawn,
            self.named(controls[-1]),
            self.named(controls[0]),
        )

    def named(self, row: Array) -> dict[str, float]:
        """Controls by name."""
        return dict(zip(self.own.controls, map(float, row)))

    def played(self, weights: Array, masses: Array) -> tuple[Array, dict[tuple[int, str], Array]]:
        """Controls of players by weight, and how their states load on noises.

        Parameters
        ----------
        weights : of one player, by row.
        masses : of all players of a row together.
        """
        size = len(weights)
        blocks = [self._responses(weights[k : k + BLOCK]) for k in range(0, size, BLOCK)]
        env = {name: np.concatenate([b[name] for b in blocks]) for name in blocks[0]}
        for average in self.own.laws:
            env[average.name] = np.full(size, masses @ arrays(average.code, env, size)[0])
        controls = self._solved(env, weights, masses)
        env |= {name: controls[:, c] for c, name in enumerate(self.own.controls)}
        loads = _evaluated(self.motion.loadings, env, size)
        return controls, dict(zip(self.motion.places, loads))

    def _responses(self, weights: Array) -> dict[str, Array]:
        """What responses and loadings need of every weight: parameters, coefficients, states."""
        size = len(weights)
        values = {k: np.full(size, v) for k, v in self.numbers.items()}
        values[self.weight] = weights
        found = self.branching.at(values, ())
        if (found.reached < 0).any():
            k = int(np.argmax(found.reached < 0))
            if found.near[k]:
                raise NoSolutionError(
                    f"doubles do not decide the response of a player of weight {weights[k]:.6g}.",
                    game=self.model.name,
                    stage="unresolved",
                )
            raise NoSolutionError(
                f"a player of weight {weights[k]:.6g} has no admissible response.",
                game=self.model.name,
                stage="no-admissible-root",
            )
        place = found.reached[:, None].astype(int)
        roots = np.take_along_axis(found.roots, place, axis=-1)[:, 0]
        wanted = [*self.own.table.arguments, *self.own.terms.arguments]
        env = self.branching.environment(values, roots, wanted)
        env |= {s: np.full(size, v) for s, v in self.states.items()}
        wanted += self.motion.loadings.code.arguments
        wanted += [a for average in self.own.laws for a in average.code.arguments]
        kept = {*wanted, *values, *self.states} & {*env}
        return {name: np.broadcast_to(env[name], size) for name in kept}

    def _solved(self, env: Mapping[str, Array], weights: Array, masses: Array) -> Array:
        """Controls by row: responses to averages that they make themselves."""
        width, many, size = len(self.own.controls), self.own.entering, len(weights)
        table = np.stack(arrays(self.own.table, env, size), axis=-1)
        still, slopes, zero, load = np.split(table, np.cumsum([width, width * many, many]), axis=-1)
        slopes, load = slopes.reshape(size, width, many), load.reshape(size, many, width)
        # who moves an average answers the own part of it, too
        part = weights[:, None, None]
        inner = np.eye(width) + part * slopes @ load
        right = still[..., None] - part * slopes @ zero[..., None]
        try:
            alone = np.linalg.solve(inner, right)[..., 0]
            moved = np.linalg.solve(inner, slopes)
            matrix = np.eye(many) - np.einsum("k,kij->ij", masses, load @ moved)
            level = masses @ (zero + (load @ alone[..., None])[..., 0])
            averages = np.linalg.solve(matrix, level) if many else level
        except np.linalg.LinAlgError:
            raise NoSolutionError(
                "the averages do not follow from the responses.",
                game=self.model.name,
                stage="degenerate",
            ) from None
        found: Array = np.asarray(alone + moved @ averages, float)
        return found

    def variances(
        self, loads: Mapping[tuple[int, str], Array], weights: Array
    ) -> tuple[float, float]:
        """Of the average of the first state: from own noises, and from common ones."""
        own = common = 0.0
        for (state, noise), load in loads.items():
            if state == 0:
                if noise in self.motion.given:
                    common += math.fsum(weights * load) ** 2
                else:
                    own += math.fsum((weights * load) ** 2)
        return own, common

    def drawn(
        self, loads: Mapping[tuple[int, str], Array], weights: Array, draws: int, seed: int
    ) -> tuple[float, float]:
        """The share of own noises from draws of every player's, with its standard error."""
        rng = np.random.default_rng(seed)
        own, common = np.zeros(draws), np.zeros(draws)
        for (state, noise), load in loads.items():
            if state != 0:
                continue
            if noise in self.motion.given:
                common += math.fsum(weights * load) * rng.standard_normal(draws)
            else:
                part = weights * load
                own += np.array([part @ rng.standard_normal(part.size) for _ in range(draws)])
        first, second = float((own**2).mean()), float((common**2).mean())
        share = first / (first + second)
        # both are estimated from so many squares of normal numbers
        return share, 2 * share * (1 - share) / math.sqrt(draws)


def _evaluated(polynomials: Polynomials, env: Mapping[str, Array], size: int) -> list[Array]:
    """Polynomials in letters at points."""
    coefficients = iter(arrays(polynomials.code, env, size))
    found = []
    for terms in polynomials.exponents:
        total: Array = np.zeros(size)
        for powers in terms:
            term = next(coefficients)
            for letter, power in zip(polynomials.letters, powers):
                if power:
                    term = np.asarray(term * env[letter] ** power, float)
            total = np.asarray(total + term, float)
        found.append(total)
    return found


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
