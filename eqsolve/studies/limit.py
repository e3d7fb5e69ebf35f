"""From finitely many players to a continuum: distances, order and constants of any crowd."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eqsolve.errors import InputError
from eqsolve.game import Model
from eqsolve.game.structure import Builder, structure
from eqsolve.output import replacing
from eqsolve.solve.answer import Answer
from eqsolve.solve.solve import solve

#: Beyond this number of players a difference of doubles says nothing.
MOST = 10**12


@dataclass(frozen=True)
class Convergence:
    """The strategies of n players against those of a continuum.

    Attributes
    ----------
    game : the game's name.
    limit : the continuum's strategy, coefficients by ``CONTROL.MONOMIAL``.
    rows : for each n, the number of players and their strategy.
    rate_constants : limits of ``n (k_n - k)``, extrapolated from the two largest n.
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

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "schema": 1,
            "game": self.game,
            "limit": dict(self.limit),
            "rate_constants": dict(self.rate_constants),
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
) -> Convergence:
    """Solve a crowd of each size and the continuum, and compare their strategies.

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
    plain = {k: v for k, v in values.items() if k != "n"}
    limit = solve(source, plain, at=at, notion=notion, continuum=True)
    limit.raise_for_status()
    reference = _strategy(limit)
    rows: list[tuple[int, dict[str, float]]] = []
    skipped: list[tuple[int, str]] = []
    for n in sorted(set(counts)):
        answer = solve(source, plain, at=at, notion=notion, size=n)
        if answer.ok:
            rows.append((n, _strategy(answer)))
        else:
            skipped.append((n, answer.status.label))
    return Convergence(
        limit.game,
        reference,
        tuple(rows),
        _constants(rows, reference),
        _order(rows, reference),
        tuple(skipped),
    )


def _strategy(answer: Answer) -> dict[str, float]:
    return {f"{c}.{m}": v for c, table in answer.strategy.items() for m, v in table.items()}


def _distance(row: Mapping[str, float], reference: Mapping[str, float]) -> float:
    names = {*row, *reference}
    return max((abs(row.get(k, 0.0) - reference.get(k, 0.0)) for k in names), default=0.0)


def _order(
    rows: Sequence[tuple[int, Mapping[str, float]]], reference: Mapping[str, float]
) -> float | None:
    """The slope over the rows that differ from the limit by more than rounding."""
    scale = max((abs(v) for v in reference.values()), default=1.0)
    points = [
        (math.log(n), math.log(d))
        for n, row in rows
        if (d := _distance(row, reference)) > 1e-12 * (1 + scale)
    ]
    if len(points) < 2:
        return None
    x, y = np.array(points).T
    return float(-np.polyfit(x, y, 1)[0])


def _constants(
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
