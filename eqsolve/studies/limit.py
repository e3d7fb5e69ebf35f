"""From finitely many players to a continuum: distances, order and constants of any crowd."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from eqsolve.answers import Tabled, by_size
from eqsolve.errors import InputError
from eqsolve.game import Model
from eqsolve.game.structure import COUNT, Builder, build, structure
from eqsolve.game.types import read_types
from eqsolve.inputs import WEIGHT
from eqsolve.output import replacing
from eqsolve.rows import TABLES, Types
from eqsolve.schemas import SCHEMA
from eqsolve.solve.answer import Answer
from eqsolve.solve.solve import solve
from eqsolve.studies.expansion import expand, spread

#: Beyond this number of players a difference of doubles says nothing.
MOST = 10**12

#: A distance below this, relative to the strategy, is rounding.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Convergence(Tabled):
    """The strategies of n players against those of a continuum.

    Attributes
    ----------
    game : the game's name.
    limit : the continuum's strategy, coefficients by ``CONTROL.MONOMIAL``.
    rows : for each n, the number of players and their strategy.
    rate_constants : limits of ``n (k_n - k)``; of drawn types standard deviations of
        ``sqrt(n) (k_n - k)`` in the limit.
    constants : where these are from: ``derived`` from the equations at 1/n = 0, or
        ``extrapolated`` from the two largest n.
    why : the reason, where they are not derived.
    leading_order : the order of convergence, where it is proved; None where it is not.
    order : observed order, minus the slope of the regression of ``log max |k_n - k|`` on ``log n``;
        None where there are not two rows that differ from the limit.
    skipped : n and status where there is no equilibrium.
    """

    game: str
    limit: Mapping[str, float]
    rows: tuple[tuple[int, Mapping[str, float]], ...]
    rate_constants: Mapping[str, float]
    order: float | None
    skipped: tuple[tuple[int, str], ...]
    constants: str = "extrapolated"
    why: str = ""
    leading_order: float | None = None

    @property
    def directions(self) -> dict[str, str]:
        """Where many more players move a coefficient: ``rises`` or ``falls``, by the constants.

        Absent where the constant is 0, and where the constants are not derived ones of 1/n.
        """
        if self.constants != "derived" or self.leading_order != 1:
            return {}
        moves = {name: value for name, value in self.rate_constants.items() if value != 0}
        return {name: "falls" if value > 0 else "rises" for name, value in moves.items()}

    @property
    def heading(self) -> str:
        """What was studied, and how fast it converges, in a line."""
        found = "no order" if self.order is None else f"order {self.order:.4f}"
        return f"{self.game}: n players and their limit, {found} observed"

    def table(self) -> dict[str, dict[str, float]]:
        """Strategies for every n, the limit's, and limits of ``n (k_n - k)``."""
        return by_size(dict(self.rows), self.limit, self.rate_constants)

    def bars(self) -> tuple[str, Mapping[str, float]]:
        """Limits of ``n (k_n - k)``."""
        return "limit of n (k_n - k)", self.rate_constants

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "schema": SCHEMA,
            "game": self.game,
            "limit": dict(self.limit),
            "rate_constants": dict(self.rate_constants),
            "directions": self.directions,
            "constants": self.constants,
            **({"why": self.why} if self.why else {}),
            "leading_order": self.leading_order,
            "order": self.order,
            "rows": [{"n": n, **row} for n, row in self.rows],
            "skipped": [{"n": n, "status": status} for n, status in self.skipped],
        }

    def write(self, path: Path) -> None:
        """Write the rows as CSV; the file appears when it is complete.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        names = list(self.limit)
        with replacing(path) as temporary, temporary.open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["n", *names])
            table.writerows(_row(n, row, names) for n, row in self.rows)


def _row(n: int, row: Mapping[str, float], names: Sequence[str]) -> list[object]:
    return [n, *(repr(row.get(name, 0.0)) for name in names)]


def converge_model(
    source: Model | Builder,
    values: Mapping[str, object],
    counts: Sequence[int],
    *,
    notion: str | None = None,
    at: Mapping[str, object] | None = None,
    drawn: bool = False,
    seed: int = 0,
) -> Convergence:
    """Solve a crowd of each size and the continuum, and compare their strategies.

    Parameters
    ----------
    source, values, notion, at : see ``solve``.
    counts : numbers of players.
    drawn : draw the types of n players from the continuum's, where players have types of their
        own; by default the n players are divided in the continuum's shares.
    seed : of the draws.

    Raises
    ------
    InputError
        If the game has no crowd of any size, or a size is not acceptable.
    NoSolutionError
        If the continuum has no equilibrium.
    """
    if "size" not in structure(source):
        name = source.name if isinstance(source, Model) else source().name
        raise InputError(
            "the game has no crowd whose size can vary.",
            game=name,
            stage="converge",
            remedy="Give its file a function model(size=None).",
        )
    if not counts or min(counts) < 1 or max(counts) > MOST:
        raise InputError(f"numbers of players lie between 1 and {MOST:.0e}.", stage="converge")
    plain = {k: v for k, v in values.items() if k != COUNT}
    sizes = sorted(set(counts))
    model = build(source, plain, notion=notion, continuum=True)
    shares: Shares | None = None
    if model.game.crowd is not None and model.game.crowd.own:
        shares = Shares.of(model, plain, sizes, drawn, seed)
    elif drawn:
        raise InputError("the players are all alike.", game=model.name, stage="converge")
    limit = solve(source, plain, at=at, notion=notion, continuum=True)
    limit.raise_for_status()
    reference = _strategy(limit)
    rows: list[tuple[int, dict[str, float]]] = []
    skipped: list[tuple[int, str]] = []
    for n in sizes:
        given = plain if shares is None else shares.table(n)
        if given is None:
            skipped.append((n, "a type was not drawn"))
            continue
        answer = solve(source, given, at=at, notion=notion, size=n)
        if answer.ok:
            rows.append((n, _strategy(answer)))
        else:
            skipped.append((n, answer.status.label))
    constants: Mapping[str, float] = extrapolated(rows, reference)
    how, why, proved = "extrapolated", "", None
    if drawn:
        assert shares is not None
        constants, how, proved = spread(model, shares.types), "derived", 0.5
        proved = proved if any(constants.values()) else None
    else:
        finite = build(source, plain, notion=notion, size=sizes[-1])
        types = None if shares is None else shares.types
        found = expand(finite, plain, reference, types)
        if isinstance(found, str):
            why = found
        else:
            constants, how = found.constants, "derived"
            proved = 1.0 if found.first else None
    return Convergence(
        limit.game,
        reference,
        tuple(rows),
        constants,
        observed_order(rows, reference),
        tuple(skipped),
        how,
        why,
        proved,
    )


@dataclass(frozen=True)
class Shares:
    """How n players are divided among types: in the continuum's shares, or by a draw."""

    types: Types
    drawn: bool
    seed: int

    @staticmethod
    def of(
        model: Model, values: Mapping[str, object], sizes: Sequence[int], drawn: bool, seed: int
    ) -> Shares:
        """Read the types.

        Raises
        ------
        InputError
            If the types have a continuous law, or do not divide a number of players.
        """
        types = read_types(model, values, None)
        if types.drawn:
            raise InputError(
                "players of a continuous law of types are all different.",
                game=model.name,
                stage="converge",
                remedy="Give a table of types with their weights.",
            )
        step = math.lcm(*(w.denominator for w in types.weights))
        odd = [n for n in sizes if n % step]
        if odd and not drawn:
            raise InputError(
                f"{odd[0]} players cannot be divided in the shares of the types.",
                game=model.name,
                stage="converge",
                remedy=f"Use multiples of {step}, or draw the types (--drawn).",
            )
        return Shares(types, drawn, seed)

    def table(self, n: int) -> dict[str, object] | None:
        """The numbers of n players; None if a type is not among them."""
        weights = list(self.types.weights)
        if self.drawn:
            rng = np.random.default_rng([self.seed, n])
            parts = rng.multinomial(n, [float(w) for w in weights])
            weights = [Fraction(int(k), n) for k in parts]
        if not all(weights):
            return None
        rows = [{**row, WEIGHT: w} for row, w in zip(self.types.rows, weights)]
        return {**self.types.common, TABLES[-1]: rows}


def _strategy(answer: Answer) -> dict[str, float]:
    return {f"{c}.{m}": v for c, table in answer.strategy.items() for m, v in table.items()}


def _distance(row: Mapping[str, float], reference: Mapping[str, float]) -> float:
    names = {*row, *reference}
    return max((abs(row.get(k, 0.0) - reference.get(k, 0.0)) for k in names), default=0.0)


def observed_order(
    rows: Sequence[tuple[int, Mapping[str, float]]], reference: Mapping[str, float]
) -> float | None:
    """The slope over the rows that differ from the limit by more than rounding."""
    scale = max((abs(v) for v in reference.values()), default=1.0)
    points = [
        (math.log(n), math.log(d))
        for n, row in rows
        if (d := _distance(row, reference)) > ROUNDING * (1 + scale)
    ]
    if len(points) < 2:
        return None
    x, y = np.array(points).T
    return float(-np.polyfit(x, y, 1)[0])


def extrapolated(
    rows: Sequence[tuple[int, Mapping[str, float]]], reference: Mapping[str, float]
) -> dict[str, float]:
    """``n (k_n - k)`` at the largest n below rounding, its 1/n term removed by the one before."""
    usable = [(n, row) for n, row in rows if n <= 10**6]
    if not usable:
        return {}
    scaled = [
        (n, {k: n * (row.get(k, 0.0) - v) for k, v in reference.items()}) for n, row in usable
    ]
    if len(scaled) == 1:
        return scaled[0][1]
    (m, before), (n, last) = scaled[-2:]
    return {k: (n * last[k] - m * before[k]) / (n - m) for k in reference}
