"""Very many agents who differ: responses by the kernel of one agent, averages by exact sums."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.answers import Shown
from eqsolve.columns import Columns, array
from eqsolve.distribution import VERSION
from eqsolve.kernels.cubic.kernel import kernel_of_one
from eqsolve.output import replacing
from eqsolve.parameters import exact, require
from eqsolve.program.words import Apart, Together
from eqsolve.schemas import SCHEMA
from eqsolve.status import Status
from eqsolve.words.growth import at_arrays, judged
from eqsolve.words.own_words import Named

if TYPE_CHECKING:
    import pandas

#: Most agents whose positions and responses are part of the JSON form.
TOLD = 10_000
#: How far the sum of the weights may be from 1.
WEIGHTS = 1e-9
#: A system is singular where it cannot be told from one that is, by this relative distance.
SINGULAR = 1e-13
#: Agents that are computed at a time, so that what is computed stays near the processor.
BLOCK = 1 << 14
Array = NDArray[np.float64]


@dataclass(frozen=True)
class ManyAgents(Shown):
    """The equilibrium of many agents, or why there is none.

    Attributes
    ----------
    game, status, message : of the answer.
    shared : parameters that all agents have in common.
    table : by name an array with an entry for every agent: ``status`` (codes of ``Status``), the
        root, the response and the position. What an agent does not have is NaN.
    aggregates : the averages over all agents.
    line : where the averages are not determined, what may be added to them.
    admissibility : the growth rate of second moments when everybody plays, where it is examined.
    """

    game: str
    status: str
    message: str
    shared: Mapping[str, float]
    table: Mapping[str, NDArray[Any]]
    aggregates: Mapping[str, float] = field(default_factory=dict)
    line: Mapping[str, float] = field(default_factory=dict)
    admissibility: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether an equilibrium was found."""
        return self.status == Status.OK.label

    def __getattr__(self, name: str) -> Any:
        """A column of the table."""
        table = self.__dict__.get("table", {})
        if name in table:
            return table[name]
        raise AttributeError(f"the answer has no {name!r}; it has {', '.join(table)}")

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: the agents one by one if they are not too many, and what they sum to."""
        codes = self.table["status"]
        found, counts = np.unique(codes, return_counts=True)
        columns = {name: values for name, values in self.table.items() if name != "status"}
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "game": self.game,
            "equilibrium": "given-aggregate",
            "selection": "limit",
            "params": dict(self.shared),
            "status": self.status,
            "message": self.message,
            "agents": int(codes.size),
            "statuses": {Status(int(c)).label: int(n) for c, n in zip(found, counts)},
            "aggregates": dict(self.aggregates),
        }
        if self.admissibility:
            document["admissibility"] = dict(self.admissibility)
        if self.line:
            document["solutions"] = {"directions": [dict(self.line)]}
        if self.ok:
            document["summary"] = {
                name: {"least": float(v.min()), "mean": float(v.mean()), "most": float(v.max())}
                for name, v in columns.items()
            }
            *response, control = columns
            if codes.size <= TOLD:
                document[control] = columns[control].tolist()
                rows = zip(*(columns[name].tolist() for name in response))
                document["response"] = [dict(zip(response, row)) for row in rows]
        return document | {"provenance": {"eqsolve": VERSION, "arithmetic": "double"}}

    def to_frame(self) -> pandas.DataFrame:
        """A row for every agent; the status in words."""
        import pandas

        labels = np.array([status.label for status in Status])
        codes = self.table["status"]
        return pandas.DataFrame({**self.table, "status": labels[codes]})

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the table of agents as CSV or Parquet.

        Raises
        ------
        InputError
            For another suffix, or a file that cannot be written.
        """
        suffix = Path(path).suffix.lower()
        require(
            suffix in (".csv", ".parquet"),
            f"agents are written as .csv or .parquet, not {suffix!r}.",
            game=self.game,
        )
        with replacing(Path(path)) as temporary:
            frame = self.to_frame()
            if suffix == ".csv":
                frame.to_csv(temporary, index=False)
            else:
                frame.to_parquet(temporary, index=False)


def solve_many(
    game: Named, apart: Apart, rate: object, table: Columns, threads: int | None = None
) -> ManyAgents:
    """Solve a game of many agents in doubles.

    Parameters
    ----------
    game : the game.
    apart : what it is solved by.
    rate : the interest rate.
    table : the parameters of the agents, and their ``wealth`` and ``weight``.
    threads : of the kernel.

    Raises
    ------
    InputError
        If a column is missing or strange, or the weights do not sum to 1. What is wrong with one
        agent's numbers is its status.
    """
    own, size = apart.together, len(table)
    shared = {apart.rate: float(exact(apart.rate, rate, game=game.name))}
    given = {name: array(column) for name, column in table.columns.items()}
    missing = [name for name in apart.own if name not in given]
    require(not missing, f"the table of agents has no {', '.join(missing)}.", game=game.name)
    weight = given.pop("weight", 1 / size)
    wealth = given.pop("wealth", 1.0)
    stray = sorted(set(given) - {*apart.own})
    require(not stray, f"{', '.join(stray)} is not a parameter of an agent.", game=game.name)
    weights, wealths = np.full(size, weight), np.full(size, wealth)
    total = math.fsum(weights) if np.ndim(weight) else weight * size
    require(
        abs(total - 1) <= WEIGHTS and float(weights.min()) > 0,
        f"the weights are to be > 0 and to sum to 1, not to {total:.12g}.",
        game=game.name,
    )
    kernel = kernel_of_one(game)
    names = kernel.results
    alone = dict.fromkeys(own.environment, 0.0)
    inputs = {**given, **shared, own.weight: weights}
    wanted = [names.root.name, names.own.name, names.others.name, names.constant.name]
    found = kernel.evaluate({**inputs, **alone}, outputs=["status", *wanted], threads=threads)
    root, first, second, constant = (np.full(size, found[name]) for name in wanted)
    status = np.full(size, found["status"])
    values: dict[str, Any] = {own.affine[0]: first, own.affine[1]: second}
    for name, letter in own.parts:
        moved = constant
        if name:
            # responses are affine in the averages: their slope is a difference
            one = {**alone, name: 1.0}
            outputs = [names.constant.name]
            moved = kernel.evaluate({**inputs, **one}, outputs=outputs, threads=threads)[outputs[0]]
            moved = moved - constant
        values[letter] = moved
    response = {name: values[name] for name in (*own.affine, *(letter for _, letter in own.parts))}
    totalled = Sums(1)
    for part in _blocks(size):
        totalled.add(part, [weights[part] * wealths[part]])
    (mean,) = totalled.totals()
    values |= {**inputs, own.state: wealths, own.others: mean - weights * wealths}
    told = {apart.root: root, **response, own.control: np.full(size, np.nan)}
    answer = ManyAgents(game.name, "", "", shared, {"status": status, **told})
    with np.errstate(all="ignore"):
        sums = _sums(own, values, status)
    bad = np.flatnonzero(status != Status.OK)
    if bad.size:
        return _without(answer, bad)
    width = len(own.totals)
    rows = np.array(sums).reshape(width, width + 1)
    matrix, right = np.eye(width) - rows[:, 1:], rows[:, 0]
    left, scales, across = np.linalg.svd(matrix)
    if scales[-1] <= SINGULAR * (1 + np.abs(rows[:, 1:]).max()):
        return _singular(answer, own.totals, left, across, right)
    averages = np.linalg.solve(matrix, right)
    totals = dict(zip(own.totals, map(float, averages)))
    position = told[own.control]
    for part in _blocks(size):
        here = {name: _part(v, part) for name, v in {**values, **totals}.items()}
        here |= zip((own.at_zero, own.reaction), at_arrays(own.own, here))
        (position[part],) = at_arrays(own.position, here)
    selected = f"Every agent's admissible root with the largest {apart.slope} {apart.root}"
    verdict, sentence, finite = judged(apart, values, size)
    message = f"{selected} is selected. Numbers are doubles. {sentence}"
    table_of = {"status": status, **told, own.control: position}
    return ManyAgents(
        game.name, verdict.label, message, shared, table_of, totals, admissibility=finite
    )


def _blocks(size: int) -> Iterator[slice]:
    return (slice(start, min(start + BLOCK, size)) for start in range(0, size, BLOCK))


def _part(values: Any, part: slice) -> Any:
    return values[part] if np.ndim(values) else values


def _sums(own: Together, values: Mapping[str, Any], status: NDArray[np.int8]) -> list[float]:
    """What all agents add to the averages; who divides by zero is marked."""
    width = len(own.totals)
    sums = Sums(width * (width + 1))
    for part in _blocks(status.size):
        here = {name: _part(v, part) for name, v in values.items()}
        start = at_arrays(own.own, here)
        finite = np.isfinite(start[0]) & np.isfinite(start[1])
        status[part][(status[part] == Status.OK) & ~finite] = Status.DEGENERATE
        here |= zip((own.at_zero, own.reaction), start)
        sums.add(part, at_arrays(own.terms, here))
    return sums.totals()


class Sums:
    """Sums of columns that come block by block, with the rounding errors of all additions."""

    def __init__(self, count: int) -> None:
        self._sums, self._errors = np.zeros((count, BLOCK)), np.zeros((count, BLOCK))

    def add(self, part: slice, columns: Sequence[Any]) -> None:
        """Add a block of every column."""
        size = part.stop - part.start
        for total, error, column in zip(self._sums, self._errors, columns):
            old = total[:size].copy()
            new = old + column
            moved = new - old
            error[:size] += (old - (new - moved)) + (column - moved)
            total[:size] = new

    def totals(self) -> list[float]:
        """The sum of every column."""
        both = zip(self._sums, self._errors)
        return [math.fsum([*total, *error]) for total, error in both]


def _without(answer: ManyAgents, bad: NDArray[np.intp]) -> ManyAgents:
    """The answer where agents have no response."""
    status = Status(int(answer.table["status"][bad[0]]))
    others = f" ({bad.size} agents have none)" if bad.size > 1 else ""
    message = f"Agent {bad[0] + 1} has no response: {status.label}{others}."
    return ManyAgents(answer.game, status.label, message, answer.shared, answer.table)


def _singular(
    answer: ManyAgents, totals: tuple[str, ...], left: Array, across: Array, right: Array
) -> ManyAgents:
    """The answer where the averages do not follow from the responses."""
    along = {name: float(v) for name, v in zip(totals, across[-1])}
    gap = abs(float(left[:, -1] @ right))
    line = gap <= SINGULAR * (1 + float(np.abs(right).max()))
    told = "there is a line of equilibria" if line else "there is no equilibrium"
    message = f"The system of the averages is singular, as far as doubles tell: {told}."
    label, table = Status.DEGENERATE.label, answer.table
    return ManyAgents(answer.game, label, message, answer.shared, table, line=along if line else {})
