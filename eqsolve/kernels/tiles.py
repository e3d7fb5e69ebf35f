"""Loops over the points of a tile: what they hand to each other, and where it lies.

Every quantity that outlives a loop has a row of a working array, one place a point. Straight-line
code is cut into short loops: an iteration of a long one is a chain of dependent operations longer
than a processor looks ahead, while of short ones many iterations are under way at once. What takes
one operation is computed again instead of handed on: a processor that stores one vector multiplies
two meanwhile.

The row ``sure`` is 1 where all conditions hold, 0 where one does not, and minus a status where that
has been decided; whatever is found later does not change a decision.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

#: A variable of generated code: no attribute and no module.
NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?![\w.])")
#: Operations of a loop, about.
LENGTH = 40
_FINITE = re.compile(r"math\.isfinite\((\w+)\)")
#: A sum, a product, both in one operation, or a magnitude.
_ONE = re.compile(
    r"-?[\w.]+( [-+*] -?[\w.]+)?|lanes\.fma\(-?[\w.]+, -?[\w.]+, -?[\w.]+\)|math\.fabs\(\w+\)"
)


@dataclass(frozen=True)
class Line:
    """``name = text``, about how many operations that takes, and the names that it needs.

    Several results of one call are one name with commas; a formula is told before the line.
    """

    name: str
    text: str
    cost: int
    needs: frozenset[str]
    formula: str = ""

    @property
    def gives(self) -> list[str]:
        """The names that it assigns."""
        return self.name.split(", ")

    def __str__(self) -> str:
        return f"{self.name} = {self.text}"


def line(name: str, text: str, cost: int = 0, formula: str = "") -> Line:
    """A line from its text; every operation costs 1 and a division 4, besides ``cost``."""
    operations = text.count("*") + text.count("+") + text.count("fma") + 4 * text.count("/")
    return Line(name, text, cost + operations, frozenset(names(text)), formula)


def written(code: Iterable[str]) -> list[Line]:
    """Assignments, each of them after a comment or none, as lines."""
    found, formula = [], ""
    for entry in code:
        if entry.startswith("# "):
            formula = entry[2:]
        else:
            name, _, text = entry.partition(" = ")
            found.append(line(name, text, formula=formula))
            formula = ""
    return found


@dataclass
class Straight:
    """Straight-line code of one point.

    Attributes
    ----------
    conditions : under which it is to be trusted.
    outcomes : conditions that decide a status where all is trusted, with these statuses.
    """

    lines: list[Line] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    outcomes: list[tuple[str, int]] = field(default_factory=list)

    @property
    def gives(self) -> set[str]:
        """The names that it assigns."""
        return {name for entry in self.lines for name in entry.gives}

    @property
    def uses(self) -> set[str]:
        """The names that it needs from outside."""
        tests = [*self.conditions, *(condition for condition, _ in self.outcomes)]
        inside = set().union(*(entry.needs for entry in self.lines), *map(names, tests))
        return inside - self.gives

    def source(self, rows: dict[str, int]) -> list[str]:
        body = [f"{name} = {place(rows, name)}" for name in sorted(self.uses & rows.keys())]
        for entry in self.lines:
            body += [f"# {entry.formula}"] * bool(entry.formula) + [str(entry)]
        body += [f"{place(rows, n)} = {n}" for n in sorted(self.gives & rows.keys())]
        if self.conditions:
            body.append(least(rows, joint(self.conditions), "1.0", "0.0"))
        for condition, status in self.outcomes:
            decided = f"({condition}) & ({place(rows, 'sure')} > 0.5)"
            body.append(least(rows, decided, f"-{status}.0", "1.0"))
        return ["for i in range(TILE):", *("    " + entry for entry in body)]


@dataclass
class Sum:
    """``name``, the sum over the nodes ``x`` of a rule of ``term`` times a weight and ``length``.

    The lines give the term; ``length`` is that of the interval.
    """

    name: str
    lines: list[Line]
    length: str

    @property
    def gives(self) -> set[str]:
        """The names that it assigns."""
        return {self.name}

    @property
    def uses(self) -> set[str]:
        """The names that it needs from outside."""
        inside = set().union({self.length}, *(entry.needs for entry in self.lines))
        return inside - {entry.name for entry in self.lines} - {"x"}

    def source(self, rows: dict[str, int]) -> list[str]:
        total = place(rows, self.name)
        body = [f"{name} = {place(rows, name)}" for name in sorted(self.uses & rows.keys())]
        body += [f"x = NODES[node] * {self.length}", *map(str, self.lines)]
        body.append(f"{total} = lanes.fma(WEIGHTS[node] * {self.length}, term, {total})")
        return [
            "for i in range(TILE):",
            f"    {total} = 0.0",
            "for node in range(NODES.size):",
            "    for i in range(TILE):",
            *("        " + entry for entry in body),
        ]


class Own(Protocol):
    """Loops that carry quantities of their own from one to the next, in rows of their own.

    Under no name they find the first of ``height`` rows that nobody else uses.
    """

    @property
    def own(self) -> list[str]: ...

    @property
    def height(self) -> int: ...

    @property
    def gives(self) -> set[str]: ...

    @property
    def uses(self) -> set[str]: ...

    def source(self, rows: dict[str, int]) -> list[str]: ...


Loop = Straight | Sum | Own


def names(text: str) -> set[str]:
    """The names in a text."""
    return set(NAME.findall(text))


def place(rows: dict[str, int], name: str) -> str:
    """Where a quantity of a point lies."""
    return f"work[{rows[name]} * TILE + i]"


def least(rows: dict[str, int], condition: str, a: str, b: str) -> str:
    """Lower the row ``sure`` to a where a condition holds, else to b.

    A minimum is one instruction, while a choice of the old value is a masked store.
    """
    sure = place(rows, "sure")
    return f"{sure} = lanes.smaller({sure}, lanes.select({condition}, {a}, {b}))"


def joint(conditions: Iterable[str]) -> str:
    """Conditions as one without branches.

    That numbers are finite is one comparison: 0 times another one is not a number.
    """
    finite, others = [], []
    for condition in dict.fromkeys(conditions):
        match = _FINITE.fullmatch(condition)
        if match:
            finite.append(match[1])
            continue
        apart = condition.replace(" and ", ") & (").replace(" or ", ") | (")
        plain = _FINITE.sub(r"(math.fabs(\1) < math.inf)", apart)
        others.append(f"(({plain}))")
    if finite:
        text = "0.0"
        for name in finite:
            text = f"lanes.fma({name}, 0.0, {text})"
        others.append(f"({text} == 0.0)")
    return " & ".join(others)


def cut(code: Straight, later: set[str], length: int = LENGTH) -> list[Straight]:
    """Short loops of about equal length that hand as little as possible to the next.

    ``later`` are names that are needed after the last. Every condition is in the first that can
    decide it.
    """
    lines = code.lines
    total = sum(entry.cost for entry in lines)
    parts = max(1, round(total / length))
    done, spent = [], 0
    for entry in lines:
        spent += entry.cost
        done.append(spent)
    borders = [0]
    for part in range(1, parts):
        ideal = part * total / parts
        near = [
            at
            for at in range(borders[-1] + 1, len(lines))
            if abs(done[at - 1] - ideal) <= length / 3
        ]
        if near:
            borders.append(min(near, key=lambda at: len(_alive(code, at, later))))
    borders.append(len(lines))
    found = [Straight(lines[a:b]) for a, b in zip(borders, borders[1:])]
    home = {name: k for k, part in enumerate(found) for name in part.gives}
    for condition in code.conditions:
        found[max((home.get(n, 0) for n in names(condition)), default=0)].conditions.append(
            condition
        )
    found[-1].outcomes = code.outcomes
    return found


def repeat(loops: Sequence[Loop], known: Collection[str]) -> None:
    """Let loops compute again what takes one operation, from what has a row anyway.

    The operation is the same, and so is its result. ``known`` are names with rows of their own.
    """
    front = [0] * len(loops)
    for number, loop in enumerate(loops):
        for entry in loop.lines[front[number] :] if isinstance(loop, Straight) else ():
            users = [
                (k, other)
                for k, other in enumerate(loops[number + 1 :], start=number + 1)
                if entry.name in other.uses
            ]
            if entry.name in known or not _ONE.fullmatch(entry.text):
                continue
            if not all(_within(entry, other, known, loops[k:]) for k, other in users):
                continue
            for k, other in users:
                assert isinstance(other, Straight)
                other.lines.insert(front[k], replace(entry, formula=""))
                front[k] += 1


def _within(entry: Line, loop: Loop, known: Collection[str], after: Iterable[Loop]) -> bool:
    """Whether a loop can compute a line: what that needs is there, or handed on that far."""
    if not isinstance(loop, Straight):
        return False
    return entry.needs <= loop.gives.union(known, *(other.uses for other in after))


def renamed(code: Straight, new: Mapping[str, str]) -> Straight:
    """Code with other names."""

    def text(old: str) -> str:
        return NAME.sub(lambda match: new.get(match[0], match[0]), old)

    return Straight(
        [
            Line(text(e.name), text(e.text), e.cost, frozenset(names(text(e.text))), e.formula)
            for e in code.lines
        ],
        [text(condition) for condition in code.conditions],
        [(text(condition), status) for condition, status in code.outcomes],
    )


def _alive(code: Straight, at: int, later: set[str]) -> set[str]:
    """The names that are assigned before a border and needed after it."""
    before = {name for entry in code.lines[:at] for name in entry.gives}
    return before & (later | set().union(*(entry.needs for entry in code.lines[at:])))


def rows_of(
    loops: Sequence[Loop], fixed: Sequence[str], kept: Iterable[str]
) -> tuple[dict[int, dict[str, int]], int]:
    """The rows of every loop's names, and how many there are.

    Parameters
    ----------
    fixed : names with rows of their own, in order.
    kept : further names whose rows are not used again.
    """
    rows = {name: row for row, name in enumerate(fixed)}
    height, free = len(rows), list[int]()
    last: dict[str, int] = {}
    for number, loop in enumerate(loops):
        last |= dict.fromkeys(loop.uses, number)
    last |= dict.fromkeys(kept, len(loops))
    found: dict[int, dict[str, int]] = {}
    for number, loop in enumerate(loops):
        ended = [n for n in sorted(loop.uses) if last[n] == number and n in rows]
        ended = [n for n in ended if n not in fixed]
        if isinstance(loop, Straight):
            free += [rows[name] for name in ended]
        read = {name: rows[name] for name in loop.uses if name in rows}
        for name in sorted(loop.gives):
            if last.get(name, -1) > number and name not in rows:
                if not free:
                    free, height = [height], height + 1
                rows[name] = free.pop()
        found[number] = {**read, **{n: rows[n] for n in loop.gives if n in rows}}
        found[number] |= {"sure": rows["sure"]} if "sure" in rows else {}
        if not isinstance(loop, (Straight, Sum)):
            for name in loop.own:
                if name not in rows:
                    rows[name], height = height, height + 1
                found[number][name] = rows[name]
            found[number][""], height = height, height + loop.height
        if not isinstance(loop, Straight):
            free += [rows[name] for name in ended]
    return found, height


def arranged(
    groups: Sequence[Sequence[Loop]],
    fixed: Sequence[str],
    results: Iterable[str],
    length: int = LENGTH,
) -> tuple[list[list[list[str]]], int]:
    """The code of the loops of every group, with straight ones cut, and the number of rows.

    Parameters
    ----------
    groups : loops that are run one after the other; a group whose results nobody needs may be
        left out.
    fixed : names with rows of their own, in order; ``sure`` is one of them.
    results : names that are needed at the end.
    length : operations of a loop, about.
    """
    results = set(results)
    whole = [loop for group in groups for loop in group]
    pieces, ends = list[Loop](), []
    for group in groups:
        for loop in group:
            later = results.union(*(other.uses for other in whole if other is not loop))
            pieces += cut(loop, later, length) if isinstance(loop, Straight) else [loop]
        ends.append(len(pieces))
    repeat(pieces, {*fixed, *results})
    rows, height = rows_of(pieces, fixed, results)
    code = [piece.source(rows[number]) for number, piece in enumerate(pieces)]
    return [code[a:b] for a, b in zip([0, *ends], ends)], height
