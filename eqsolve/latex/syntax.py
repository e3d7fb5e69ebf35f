"""Tokens and trees of the restricted grammar, and how rows make statements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

MAX_LENGTH = 20_000
MAX_TOKENS = 6_000
#: Relations by what they say.
RELATIONS = {
    "=": "=",
    ":=": "=",
    r"\coloneqq": "=",
    r"\equiv": "=",
    "<": "<",
    r"\lt": "<",
    ">": ">",
    r"\gt": ">",
    r"\le": r"\leq",
    r"\leq": r"\leq",
    r"\leqslant": r"\leq",
    r"\ge": r"\geq",
    r"\geq": r"\geq",
    r"\geqslant": r"\geq",
    r"\ne": r"\neq",
    r"\neq": r"\neq",
    r"\to": r"\to",
    r"\rightarrow": r"\to",
    r"\longrightarrow": r"\to",
    r"\approx": r"\approx",
    r"\sim": r"\sim",
}
SILENT = frozenset(
    r"\, \; \: \! \> \quad \qquad ~ \displaystyle \textstyle \left \right \big \Big \bigg \Bigg"
    r" \bigl \bigr \Bigl \Bigr \biggl \biggr \Biggl \Biggr \limits \nolimits \allowbreak & \ "
    r" \middle".split()
) | {"\\ ", "\\\n"}
CLOSING = {
    "(": ")",
    "[": "]",
    r"\{": r"\}",
    r"\lbrace": r"\rbrace",
    r"\lbrack": r"\rbrack",
    r"\langle": r"\rangle",
}
CLOSERS = frozenset(CLOSING.values())
TIMES = frozenset((r"\cdot", r"\times"))
_TOKEN = re.compile(
    r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|:=|[^\s]|\s+",
    re.DOTALL,
)


class Unreadable(Exception):
    """A formula is outside of the grammar; the message is the reason."""


@dataclass(frozen=True)
class Token:
    """A piece of LaTeX and where it stands."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Number:
    """A rational number."""

    value: Fraction
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Atom:
    """A name with accents, subscript and index in the superscript, in canonical LaTeX."""

    base: str
    sub: tuple[str, ...] = ()
    sup: str = ""
    span: tuple[int, int] = field(default=(0, 0), compare=False)

    @property
    def name(self) -> str:
        """The canonical LaTeX."""
        text = self.base
        if self.sup:
            text += f"^{{{self.sup}}}"
        return f"{text}_{{{joined(self.sub)}}}" if self.sub else text

    @property
    def tex(self) -> str:
        """The name without the braces that LaTeX does not need."""
        return tidy(self.name)


@dataclass(frozen=True)
class Sum:
    """Terms with their signs; the last of each triple is where the sign stands."""

    terms: tuple[tuple[int, Node, tuple[int, int]], ...]
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Product:
    """Factors."""

    factors: tuple[Node, ...]
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Quotient:
    """A fraction."""

    top: Node
    bottom: Node
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Power:
    """An integer power."""

    base: Node
    exponent: int
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Call:
    """A function, expectation, sum over an index, limit, ... applied to arguments."""

    name: str
    arguments: tuple[Node, ...]
    span: tuple[int, int] = field(default=(0, 0), compare=False)


Node = Number | Atom | Sum | Product | Quotient | Power | Call


@dataclass(frozen=True)
class Relation:
    """``left relation right``; ``sign`` is where the relation stands.

    ``condition`` is text that belongs to it and is not read, such as ``if x > 0``.
    """

    left: Node
    relation: str
    right: Node
    sign: tuple[int, int]
    tex: str
    condition: str = ""


@dataclass(frozen=True)
class Context:
    """What decides readings that depend on the display.

    Attributes
    ----------
    differentials : whether ``d`` before a name is a differential.
    indexed : canonical names in which a number in the superscript is an index.
    """

    differentials: bool = False
    indexed: frozenset[str] = frozenset()


def tidy(name: str) -> str:
    """A canonical name without the braces that LaTeX does not need."""
    return re.sub(r"([_^])\{(\w|\*)\}", r"\1\2", name)


def tokenize(tex: str) -> tuple[Token, ...]:
    """Split LaTeX into tokens without blanks.

    Raises
    ------
    Unreadable
        If it is too long.
    """
    if len(tex) > MAX_LENGTH:
        raise Unreadable(f"longer than {MAX_LENGTH} characters")
    found = [Token(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(tex)]
    tokens = tuple(t for t in found if not t.text.isspace())
    if len(tokens) > MAX_TOKENS:
        raise Unreadable(f"more than {MAX_TOKENS} tokens")
    return tokens


def statements(rows: Iterable[str]) -> tuple[str, ...]:
    """Join the rows of a display that continue a statement, and split at outer commas.

    A row starts a statement if the one before is complete (its brackets are closed and it has a
    relation) and the row does not begin with a relation or, left of the alignment, is not empty.
    """
    joined: list[str] = []
    for row in rows:
        # an empty group stands where a side is left out
        row = re.sub(r"(^|&|\s|\\q?quad|\\[,;:!])\{\}", r"\1", row)
        tokens = [t.text for t in tokenize(row) if t.text not in SILENT]
        if not tokens:
            continue
        first_cell = [t.text for t in tokenize(row.partition("&")[0]) if t.text not in SILENT]
        aligned = "&" in row and bool(first_cell)
        continues = bool(joined) and (
            _depth(joined[-1]) != 0
            or not _has_relation(joined[-1])
            or tokens[0] in RELATIONS
            or tokens[0] in TIMES
            or (tokens[0] in "+-" and not (aligned and _has_relation(row)))
        )
        if continues:
            joined[-1] += f" {row}"
        else:
            joined.append(row)
    return tuple(part for text in joined for part in _split(text))


def _split(text: str) -> list[str]:
    """Split at commas and semicolons outside of brackets; drop the final punctuation."""
    pieces, start, depth = [], 0, 0
    for token in tokenize(text):
        depth += step(token.text)
        if token.text in ",;" and depth == 0:
            pieces.append(text[start : token.start])
            start = token.end
    pieces.append(text[start:])
    pieces = [re.sub(r"(?:\\[,;:! ]|\\qquad|\\quad|[\s.~&])+$", "", p) for p in pieces]
    return [p for p in pieces if p.strip()]


def step(token: str) -> int:
    if token in CLOSING or token == "{":
        return 1
    return -1 if token in CLOSERS or token == "}" else 0


def _depth(text: str) -> int:
    return sum(step(t.text) for t in tokenize(text))


def _has_relation(text: str) -> bool:
    depth = 0
    for token in tokenize(text):
        depth += step(token.text)
        if depth == 0 and (token.text in RELATIONS or token.text == r"\overset"):
            return True
    return False


def joined(texts: Sequence[str]) -> str:
    """Concatenate canonical tokens; a command needs a blank before a letter."""
    result = ""
    for text in texts:
        if re.search(r"\\[A-Za-z]+$", result) and text[:1].isalpha():
            result += " "
        result += text
    return result
