"""How fast the equilibrium of n agents approaches the mean-field equilibrium."""

from __future__ import annotations

import csv
import math
import re
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from eqsolve.answers import Tabled, by_size
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.kernels.cubic.kernel import kernel
from eqsolve.notated.published import Published
from eqsolve.output import replacing
from eqsolve.parameters import parameters
from eqsolve.schemas import SCHEMA
from eqsolve.status import Status
from eqsolve.studies.mean_field_limit.epsilon import NOTIONS, Epsilon, epsilon
from eqsolve.studies.mean_field_limit.expansion import (
    Expansion,
    Pair,
    coefficients,
    quantities,
)
from eqsolve.studies.mean_field_limit.pathwise import Pathwise, pathwise
from eqsolve.studies.sweep.axes import parse_axis
from eqsolve.symbols import entry

#: Above this number of agents 1/n falls below the resolution of the differences.
MOST_AGENTS = 10**12

#: Most numbers of agents in one study.
MOST_ROWS = 10**5


@dataclass(frozen=True)
class Convergence(Tabled):
    """A convergence study.

    Attributes
    ----------
    game, limit_game : the finite game and its limit.
    limit : coefficients of the limit's strategy by monomial, and ``pi``.
    rate_constants : limits ``c1`` of ``n (k_n - k)``, from the exact derivative of the closed form
        in ``1/n`` (Proposition 3.4 of the paper made quantitative).
    second_order_constants : limits of ``n^2 (k_n - k - c1/n)``, from the second derivative.
    order : observed order, minus the slope of the regression of ``log max |k_n - k|`` on
        ``log n``; None if there are not two rows that differ from the limit.
    orders : the same for every coefficient and for ``pi``.
    directions : where many more agents move every coefficient and ``pi``: ``"rises"``,
        ``"falls"`` or ``"unchanged"``, by the sign of ``c1`` (of ``c2`` where it is 0).
    exploitability : of the limit, everybody at wealth 1. It is positive where agents would gain by
        taking into account that others' positions move with wealth, also in the limit.
    rows : per ``n`` the coefficients, ``pi``, the distances to the limit, the remainders
        ``n^2 (k_n - k - c1/n)``, free of cancellation, and the exploitability.
    pathwise : distance along simulated paths, if asked for.
    epsilons : what an agent gains while all play the mean-field strategy, by its notion, if asked
        for.
    skipped : number of agents and status where there is no equilibrium.
    letters : LaTeX of every coefficient and of the position.
    """

    game: str
    limit_game: str
    limit: Mapping[str, float]
    rate_constants: Mapping[str, float]
    second_order_constants: Mapping[str, float]
    order: float | None
    orders: Mapping[str, float | None]
    directions: Mapping[str, str]
    exploitability: float
    rows: tuple[Mapping[str, float], ...]
    skipped: tuple[tuple[int, Status], ...] = ()
    pathwise: Pathwise | None = None
    letters: Mapping[str, str] = field(default_factory=dict)
    epsilons: Mapping[str, Epsilon] = field(default_factory=dict)

    @property
    def heading(self) -> str:
        """What was studied, and how fast it converges, in a line."""
        found = "no order" if self.order is None else f"order {self.order:.4f}"
        return f"{self.game}: n players and their limit, {found} observed"

    def table(self) -> dict[str, dict[str, float]]:
        """Strategies for every n, the limit's, and limits of ``n (k_n - k)``."""
        return by_size({int(row["n"]): row for row in self.rows}, self.limit, self.rate_constants)

    def bars(self) -> tuple[str, Mapping[str, float]]:
        """Limits of ``n (k_n - k)``."""
        return "limit of n (k_n - k)", self.rate_constants

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; what is optional is absent if there is nothing."""
        result: dict[str, Any] = {
            "schema": SCHEMA,
            "game": self.game,
            "limit": dict(self.limit),
            "rate_constants": dict(self.rate_constants),
            "second_order_constants": dict(self.second_order_constants),
            "order": self.order,
            "orders": dict(self.orders),
            "directions": dict(self.directions),
            "exploitability": self.exploitability,
            "rows": [dict(row) for row in self.rows],
        }
        if self.skipped:
            result["skipped"] = [{"n": n, "status": s.label} for n, s in self.skipped]
        if self.pathwise is not None:
            result["pathwise"] = self.pathwise.to_dict()
        if self.epsilons:
            result["epsilon"] = {name: e.to_dict() for name, e in self.epsilons.items()}
        return result

    def write(self, path: str | Path) -> None:
        """Write the rows as CSV; the file appears when it is complete.

        Raises
        ------
        InputError
            If the file has another suffix than ``.csv`` or cannot be written.
        """
        if Path(path).suffix != ".csv":
            raise InputError(
                f"the rows are written as CSV, not to {str(path)!r}.",
                stage="convergence",
                remedy="Use a name that ends in .csv.",
            )
        with replacing(Path(path)) as temporary:
            with temporary.open("w", newline="", encoding="utf-8") as stream:
                writer = csv.DictWriter(stream, list(self.rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(self.rows)


def parse_counts(text: str) -> tuple[int, ...]:
    """Return the numbers of agents in ``10,100,1000`` or ``2:1000000:40:log``, ascending.

    Values of a range are rounded to integers; duplicates are dropped.

    Raises
    ------
    InputError
        If the text has another form a number is no positive integer, or there are too many.
    """
    if ":" in text:
        return read_counts(int(round(v)) for v in parse_axis("n", text, True).tolist())
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"[0-9]{1,15}", part) for part in parts):
        raise InputError(
            f"the numbers of agents are {reprlib.repr(text)}.",
            stage="input",
            remedy="Write 10,100,1000 or START:STOP:COUNT:log.",
        )
    return read_counts(int(part) for part in parts)


def read_counts(given: Any) -> tuple[int, ...]:
    """Return numbers of agents, ascending: of a text, see ``parse_counts``, or of numbers.

    Raises
    ------
    InputError
        As ``parse_counts``.
    """
    if isinstance(given, str):
        return parse_counts(given)
    numbers: set[int] = set()
    if not isinstance(given, Iterable):
        given = (given,)
    for value in given:
        real = isinstance(value, (int, float, np.integer, np.floating)) and value is not True
        if not (real and 1 <= value <= MOST_AGENTS and value == math.floor(value)):
            raise InputError(
                f"the numbers of agents must be integers from 1 to {MOST_AGENTS}.", stage="input"
            )
        numbers.add(int(value))
        if len(numbers) > MOST_ROWS:
            raise InputError(
                f"more than {MOST_ROWS} numbers of agents are given.",
                stage="input",
                remedy="Use 10,100,1000 or START:STOP:COUNT:log.",
            )
    if not numbers:
        raise InputError("no number of agents is given.", stage="input", remedy="Use 10,100,1000.")
    return tuple(sorted(numbers))


def converge(
    finite: Published,
    limit: Published | None,
    n: Iterable[object] = (10, 100, 1000, 10000),
    *,
    paths: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    with_epsilon: bool = False,
    at: Mapping[str, object] | None = None,
    **given: object,
) -> Convergence:
    """Compare the equilibrium of n agents with its limit.

    Parameters
    ----------
    finite : a game of finitely many agents.
    limit : the same of a continuum, if it is declared.
    n : numbers of agents.
    paths, seed : simulate so many paths for every number of agents up to 100,000, and measure how
        far the positions along them are from the limit's.
    threads : number of threads of the simulation; the result does not depend on it.
    with_epsilon : derive what an agent gains while all play the mean-field strategy, too.
    at : where: own wealth and the average over all agents, by the names of the states.
    given : the other parameters (``lam`` for lambda), as numbers or decimal strings.

    Raises
    ------
    InputError
        For anything wrong with the input.
    NoSolutionError
        If the limit, or every finite game, has no equilibrium.
    """
    game = finite.name
    if limit is None:
        raise InputError(
            "no mean-field limit is known.",
            game=game,
            stage="convergence",
            remedy="Take a game of finitely many agents that is also declared for a continuum.",
        )
    if at and not with_epsilon:
        raise InputError(
            "a state is for the gain of leaving the mean-field strategy.",
            game=game,
            stage="convergence",
            remedy="Ask for it with --epsilon (epsilon=True), or leave the state out.",
        )
    counts = read_counts(n)
    exact = parameters(given, limit.parameters, game=game)
    params = {name: float(value) for name, value in exact.items()}
    status = Status(int(kernel(limit).evaluate(params, outputs=("status",))["status"]))
    if status is not Status.OK:
        error = InputError if status is Status.INVALID_INPUT else NoSolutionError
        raise error(f"{status.label}. {status.meaning}", game=limit.name, stage="convergence")
    sizes: dict[str, Any] = {**params, finite.parts.size.name: np.array(counts, float)}
    codes = kernel(finite).evaluate(sizes, outputs=("status",))["status"]
    found = {count: Status(int(code)) for count, code in zip(counts, codes)}
    skipped = tuple((count, s) for count, s in found.items() if s is not Status.OK)
    if len(skipped) == len(counts):
        raise NoSolutionError(
            f"no finite game has an equilibrium: {skipped[0][1].meaning}",
            game=game,
            stage="convergence",
        )
    pair = Pair(finite, limit)
    expansion = Expansion(pair, exact)
    good = [count for count, s in found.items() if s is Status.OK]
    rows = tuple({"n": count, **expansion.row(count)} for count in good)
    along = None
    if paths is not None:
        along = pathwise(pair, exact, good, paths=paths, seed=seed, threads=threads)
    return Convergence(
        game,
        limit.name,
        expansion.limit,
        expansion.first,
        expansion.second,
        _order(rows, coefficients(finite)),
        {key: _order(rows, (key,)) for key in expansion.keys},
        expansion.directions,
        expansion.exploitability,
        rows,
        skipped,
        along,
        {key: entry(letter.name).latex for key, letter in quantities(finite).items()},
        {n: epsilon(pair, exact, good, n, at) for n in NOTIONS} if with_epsilon else {},
    )


def _order(rows: Iterable[Mapping[str, float]], keys: Iterable[str]) -> float | None:
    """Minus the slope of the logarithm of the largest distance on log n."""
    names = [f"distance_{key}" for key in keys]
    pairs = [(row["n"], max(row[name] for name in names)) for row in rows]
    used = np.log([pair for pair in pairs if pair[1] > 0])
    if len(used) < 2:
        return None
    slope, _ = np.polyfit(used[:, 0], used[:, 1], 1)
    return float(-slope)
