"""How wide a formula is, and where to break it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import sympy as sp

from eqsolve.latex.printer import BREAK, marked
from eqsolve.ledger import Line

#: Width available to a display, in em, its number and some safety deducted.
LINE_WIDTH = 39.5

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_]|.", re.DOTALL)
_NARROW, _OPERATOR = 0.34, 1.3
_SILENT = frozenset(
    r"\bigl \bigr \Bigl \Bigr \big \Big \left \right \, \! \frac \mathbb \mathcal \operatorname"
    r" \overline \widehat \text".split()
)
_WIDTHS = {
    r"\quad": 1.0,
    r"\qquad": 2.0,
    r"\sup": 1.3,
    r"\lim": 1.3,
    r"\liminf": 2.6,
    r"\inf": 1.2,
    r"\infty": 1.0,
    r"\int": 0.9,
    r"\Delta": 0.85,
    r"\sum": 1.5,
    r"\arccos": 3.2,
    r"\cos": 1.7,
}
_BINARY = frozenset("+-=<>") | {r"\neq", r"\geq", r"\leq", r"\mid", r"\to", r"\wedge"}
_SCRIPT = 0.72
#: Width of a relation with its spaces; what a line shows that goes on with a relation.
_RELATION, _NOTHING = 1.8, "{}"


def width(tex: str) -> float:
    """Estimate the width of a formula in display style, in em; a few percent too large."""
    tokens = [t for t in _TOKEN.findall(tex.replace(BREAK, "")) if not t.isspace()]
    total, position = _sequence(tokens, 0)
    return total


def _sequence(tokens: list[str], position: int) -> tuple[float, int]:
    """The width up to the end of the group, and the position after it."""
    total = 0.0
    while position < len(tokens):
        token = tokens[position]
        if token == "}":
            return total, position + 1
        if token in "^_":
            upper, position = _argument(tokens, position + 1)
            if position < len(tokens) and tokens[position] in "^_":
                lower, position = _argument(tokens, position + 1)
                upper = max(upper, lower)
            total += _SCRIPT * upper
        elif token == r"\frac":
            above, position = _argument(tokens, position + 1)
            below, position = _argument(tokens, position)
            total += max(above, below) + 0.25
        else:
            size, position = _argument(tokens, position)
            total += size
    return total, position


def _argument(tokens: list[str], position: int) -> tuple[float, int]:
    token = tokens[position]
    if token == "{":
        return _sequence(tokens, position + 1)
    if token in _BINARY:
        return _OPERATOR, position + 1
    if token in _SILENT:
        return 0.0, position + 1
    if token in "()[].,|" or token in (r"\lbrace", r"\rbrace"):
        return _NARROW + 0.06, position + 1
    if token in _WIDTHS:
        return _WIDTHS[token], position + 1
    if token.isdecimal():
        return 0.5, position + 1
    return (0.75 if token.isupper() else 0.62), position + 1


def _pieces(tex: str) -> list[tuple[int, str]]:
    """Split at every mark outside of TeX groups: the bracket depth there, and the piece."""
    pieces: list[tuple[int, str]] = []
    depth = group = 0
    start, level = 0, 0
    for match in re.finditer(rf"{BREAK}|\\lbrace|\\rbrace|\\.|[{{}}()\[\]]", tex):
        token = match.group()
        if token == BREAK:
            if not group:
                pieces.append((level, tex[start : match.start()]))
                start, level = match.end(), depth
        elif token in "{}":
            group += 1 if token == "{" else -1
        elif not group:
            depth += (token in ("(", "[", r"\lbrace")) - (token in (")", "]", r"\rbrace"))
    pieces.append((level, tex[start:]))
    return [(level, piece.replace(BREAK, "").strip()) for level, piece in pieces]


def widest(tex: str) -> float:
    """The width of the widest part between two signs at which a formula may be broken."""
    return max(width(piece) for _, piece in _pieces(tex))


def broken(tex: str, room: float, first: float | None = None) -> list[str]:
    """Break a formula into lines of at most ``room`` em, at signs as far outside as possible.

    ``first`` is the room on the first line. Continuation lines inside brackets are indented.
    """
    return [row for _, row in _wrapped(_pieces(tex), room, room if first is None else first)]


def _wrapped(pieces: list[tuple[int, str]], room: float, first: float) -> list[tuple[int, str]]:
    text = " ".join(piece for _, piece in pieces)
    if len(pieces) == 1 or width(text) <= first:
        return [(pieces[0][0], text)]
    outermost = min(level for level, _ in pieces[1:])
    groups: list[list[tuple[int, str]]] = [[pieces[0]]]
    for level, piece in pieces[1:]:
        if level == outermost:
            groups.append([])
        groups[-1].append((level, piece))
    rows: list[tuple[int, str]] = []
    for group in groups:
        joined = " ".join(piece for _, piece in group)
        limit = first if len(rows) <= 1 else room
        if rows and width(f"{rows[-1][1]} {joined}") <= limit:
            rows[-1] = (rows[-1][0], f"{rows[-1][1]} {joined}")
            continue
        inner = _wrapped(group, room - 2.0, first if not rows else room)
        head, *rest = inner
        rows.append((outermost, head[1]))
        rows += [(level, rf"\quad {row}") for level, row in rest]
    return rows


@dataclass(frozen=True)
class Row:
    """One aligned row of a display: what stands left and right of the alignment."""

    left: str
    right: str


def display_rows(
    lines: Sequence[Line],
    names: Mapping[sp.Symbol, str] | None = None,
    room: float = LINE_WIDTH,
    write: Callable[[sp.Expr], str] | None = None,
) -> tuple[Row, ...]:
    """Lay out lines: long ones are broken at signs, as far outside as possible.

    ``write`` prints an expression with the mark ``BREAK`` at these signs; without it the author's
    printer does, with ``names``.
    """
    shown = write or partial(marked, names=names)
    written = [(line, shown(line.left), shown(line.right)) for line in lines]
    short = [width(right) < room / 6 for _, _, right in written]
    # where a long expression is compared with a short one, alignment at the relation is ugly
    flush = all(short) and any(width(left) > room / 3 for _, left, _ in written)
    if written and not flush and _hangs(written, room):
        return tuple(_hanging(written, room))
    rows: list[Row] = []
    for line, left, right in written:
        plain_left = left.replace(BREAK, "")
        if flush:
            first, *rest = broken(left, room - 2 * _RELATION)
            ending = f" {line.relation} {right}"
            rows.append(Row("", first if rest else first + ending))
            rows += [Row("", rf"\quad {r}") for r in rest[:-1]]
            rows += [Row("", rf"\quad {r}{ending}") for r in rest[-1:]]
            continue
        space = room - width(plain_left) - _RELATION
        first, *rest = broken(right, space - 1.0, space)
        rows.append(Row(plain_left, f"{line.relation} {first}"))
        rows += [Row("", rf"\quad {r}") for r in rest]
    return tuple(rows)


def _hangs(written: Sequence[tuple[Line, str, str]], room: float) -> bool:
    """Whether a chain of relations fits better below its left side than beside it."""
    first, *others = written
    if first[1] == _NOTHING or any(left != _NOTHING for _, left, _ in others):
        return False
    space = room - width(first[1]) - _RELATION
    beside = [len(broken(right, space - 1.0, space)) for _, _, right in written]
    below = [len(broken(right, room - 2 * _RELATION)) for _, _, right in written]
    return max(beside) > 1 and sum(below) < sum(beside)


def _hanging(written: Sequence[tuple[Line, str, str]], room: float) -> Iterable[Row]:
    yield Row("", written[0][1].replace(BREAK, ""))
    for line, _, right in written:
        first, *rest = broken(right, room - 2 * _RELATION)
        yield Row("", rf"\quad {line.relation} {first}")
        yield from (Row("", rf"\qquad {row}") for row in rest)
