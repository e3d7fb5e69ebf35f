"""How fast the equilibrium of n agents approaches the mean-field equilibrium."""

from __future__ import annotations

import csv
import math
import re
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from eqsolve.codegen.kernel import kernel
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.numerics.ball import (
    DivisionByZero,
    UndecidedError,
    ball,
    evaluate,
    number,
    precision,
    run,
)
from eqsolve.numerics.equilibrium import PointSolver
from eqsolve.numerics.grid import parse_axis
from eqsolve.numerics.parameters import parameters
from eqsolve.numerics.status import Status
from eqsolve.numerics.tables import replacing
from eqsolve.registry import model
from eqsolve.symbolic.limits import derivative
from eqsolve.symbols import symbol, symbols

#: The game that each finite game tends to.
LIMITS = {"n-agent": "mean-field"}

#: Above this number of agents 1/n falls below the resolution of the differences.
MOST_AGENTS = 10**12

#: Most numbers of agents in one study.
MOST_ROWS = 10**5

#: The strategy's coefficients by monomial of the state: symbol and name in a kernel.
_COEFFICIENTS = {"x": ("k1", "k_x"), "y": ("k2", "k_y"), "1": ("k3", "k_1")}


@dataclass(frozen=True)
class Convergence:
    """A convergence study.

    Attributes
    ----------
    game, limit_game : the finite game and its limit.
    limit : coefficients of the limit's strategy by monomial, and ``pi``.
    rate_constants : limits of ``n (k_n - k)``, from the exact derivative of the closed form in
        ``1/n`` (Proposition 3.4 of the paper made quantitative).
    order : observed order, minus the slope of the regression of ``log max |k_n - k|`` on
        ``log n``; None if there are not two rows that differ from the limit.
    rows : per ``n`` the coefficients, ``pi`` and the distances to the limit.
    skipped : number of agents and status where there is no equilibrium.
    """

    game: str
    limit_game: str
    limit: Mapping[str, float]
    rate_constants: Mapping[str, float]
    order: float | None
    rows: tuple[Mapping[str, float], ...]
    skipped: tuple[tuple[int, Status], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; ``skipped`` is absent if nothing was."""
        result: dict[str, Any] = {
            "game": self.game,
            "limit": dict(self.limit),
            "rate_constants": dict(self.rate_constants),
            "order": self.order,
            "rows": [dict(row) for row in self.rows],
        }
        if self.skipped:
            result["skipped"] = [{"n": n, "status": s.label} for n, s in self.skipped]
        return result

    def write(self, path: str | Path) -> None:
        """Write the rows as CSV; the file appears when it is complete.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
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
        return _counts(int(round(v)) for v in parse_axis("n", text).tolist())
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"[0-9]{1,15}", part) for part in parts):
        raise InputError(
            f"the numbers of agents are {reprlib.repr(text)}.",
            stage="input",
            remedy="Write 10,100,1000 or START:STOP:COUNT:log.",
        )
    return _counts(int(part) for part in parts)


def _counts(given: Iterable[Any]) -> tuple[int, ...]:
    numbers: set[int] = set()
    for value in given:
        real = isinstance(value, (int, float, np.integer, np.floating))
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


def rate_constants(game: str, given: Mapping[str, Fraction]) -> dict[str, float]:
    """Limits of ``n (k_n - k)`` by monomial of the strategy, to double precision.

    The closed form is differentiated in ``N = 1/n`` symbolically, the root of the cubic
    implicitly, and evaluated at ``N = 0`` in ball arithmetic.

    Parameters
    ----------
    game : the finite game.
    given : exact parameters of the limit.

    Raises
    ------
    NoSolutionError
        If there is no admissible root in the limit or the closed form is singular there.
    """
    finite, share = model(game), symbol("N")
    inner = {s: e for s, e in finite.game.definitions.items() if e.has(share)}
    names = symbols(" ".join(name for name, _ in _COEFFICIENTS.values()))
    form = derivative(finite.derivation.form, names, share, inner)
    slopes = [symbol(f"d{name}") for name in names]
    for bits in (256, 1024, 4096):
        with precision(bits):
            try:
                solver = PointSolver(model(LIMITS[game]), given)
                candidates = [root.p1 for root in solver.roots() if root.admissible]
                values = dict(solver.values)
                if not candidates:
                    break
                direction = values[symbol("B")]
                values[symbol("p1")] = max(candidates, key=lambda p: float(direction * p))
                values[share] = ball(Fraction(0))
                values |= {s: evaluate(e, values) for s, e in inner.items()}
                run(form.needed(slopes), values)
                return {key: number(values[s]) for key, s in zip(_COEFFICIENTS, slopes)}
            except UndecidedError:
                continue
            except DivisionByZero:
                break
    raise NoSolutionError(
        "the expansion in 1/n is singular at these parameters.", game=game, stage="convergence"
    )


def converge(
    game: str = "n-agent", n: Iterable[object] = (10, 100, 1000, 10000), **given: object
) -> Convergence:
    """Compare the equilibrium of n agents with its limit.

    Parameters
    ----------
    game : a finite game with a mean-field limit.
    n : numbers of agents.
    given : the other parameters (``lam`` for lambda), as numbers or decimal strings.

    Raises
    ------
    InputError
        For anything wrong with the input.
    NoSolutionError
        If the limit, or every finite game, has no equilibrium.
    """
    model(game)  # an unknown game is named as such
    if game not in LIMITS:
        raise InputError(
            "no mean-field limit is known.",
            game=game,
            stage="convergence",
            remedy=f"Use {', '.join(LIMITS)}.",
        )
    counts, limit_game = _counts(n), LIMITS[game]
    exact = parameters(given, model(limit_game).parameters, game=game)
    params = {name: float(value) for name, value in exact.items()}
    names = {key: output for key, (_, output) in _COEFFICIENTS.items()} | {"pi": "pi"}
    wanted = ("status", *names.values())
    mean_field = kernel(limit_game).evaluate(params, outputs=wanted)
    status = Status(int(mean_field["status"]))
    if status is not Status.OK:
        error = InputError if status is Status.INVALID_INPUT else NoSolutionError
        raise error(f"{status.label}. {status.meaning}", game=limit_game, stage="convergence")
    limit = {key: float(mean_field[output]) for key, output in names.items()}
    finite = kernel(game).evaluate({**params, "n": np.array(counts, float)}, outputs=wanted)
    rows, skipped = [], []
    for index, count in enumerate(counts):
        status = Status(int(finite["status"][index]))
        if status is not Status.OK:
            skipped.append((count, status))
            continue
        row: dict[str, float] = {"n": count}
        row |= {key: float(finite[output][index]) for key, output in names.items()}
        row |= {f"distance_{key}": abs(row[key] - limit[key]) for key in names}
        rows.append(row)
    if not rows:
        raise NoSolutionError(
            f"no finite game has an equilibrium: {skipped[0][1].meaning}",
            game=game,
            stage="convergence",
        )
    constants = rate_constants(game, exact)
    return Convergence(
        game, limit_game, limit, constants, _order(rows), tuple(rows), tuple(skipped)
    )


def _order(rows: list[dict[str, float]]) -> float | None:
    distance = np.array([max(row[f"distance_{key}"] for key in _COEFFICIENTS) for row in rows])
    n = np.array([row["n"] for row in rows])
    used = distance > 0
    if used.sum() < 2:
        return None
    slope, _ = np.polyfit(np.log(n[used]), np.log(distance[used]), 1)
    return float(-slope)
