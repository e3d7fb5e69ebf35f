"""Tokens one after another, with what every part of the grammar asks of the others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from eqsolve.latex.grammar.tokens import CLOSERS, RELATIONS, SILENT, Token, Unreadable
from eqsolve.latex.grammar.tree import Context, Node

MAX_DEPTH = 40


_BARS = {"|": (r"\lvert", r"\rvert"), r"\vert": (r"\lvert", r"\rvert")} | dict.fromkeys(
    (r"\|", r"\Vert"), (r"\lVert", r"\rVert")
)

_OPENING_SIZES = frozenset((r"\left", r"\bigl", r"\Bigl", r"\biggl", r"\Biggl"))

_CLOSING_SIZES = frozenset((r"\right", r"\bigr", r"\Bigr", r"\biggr", r"\Biggr"))
#: How deep factors are nested in one another.
MAX_NESTING = 120


class Cursor(ABC):
    """A place in a formula; what is parsed from there is defined in the classes below this one."""

    def __init__(self, tokens: Sequence[Token], context: Context) -> None:
        self._tokens = _prepared(tokens)
        self._context = context
        self._at = 0
        self._depth = self._nesting = 0
        self._bars: list[str] = []
        self._brackets: dict[int, tuple[Node, int]] = {}

    def peek(self, ahead: int = 0) -> str:
        """The text of the next token, or an empty string at the end."""
        place = self._at + ahead
        return self._tokens[place].text if place < len(self._tokens) else ""

    def next(self) -> Token:
        """Consume a token."""
        if self._at >= len(self._tokens):
            raise Unreadable("the formula ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def accept(self, text: str) -> bool:
        """Consume the token if it is the next one."""
        if self.peek() != text:
            return False
        self._at += 1
        return True

    def expect(self, text: str) -> None:
        """Consume a token that must come."""
        if not self.accept(text):
            raise Unreadable(f"{text!r} expected before {self.peek() or 'the end'!r}")

    def expect_end(self) -> None:
        """There must be nothing left."""
        if self.peek():
            raise Unreadable(f"{self.peek()!r} is not in the grammar here")

    def _span(self, start: int) -> tuple[int, int]:
        first = self._tokens[min(start, len(self._tokens) - 1)].start
        return first, self._tokens[self._at - 1].end

    @abstractmethod
    def relation(self) -> tuple[str, tuple[int, int]] | None:
        """Consume a relation, if one comes."""

    @abstractmethod
    def sum(self) -> Node:
        """Terms with signs."""

    @abstractmethod
    def term(self) -> Node:
        """Products, or the smaller or larger of products."""

    @abstractmethod
    def factor(self) -> Node:
        """A number, a name, a bracket, a fraction, a root, a function or a large operator."""

    @abstractmethod
    def _argument(self, digits: bool = False) -> Node:
        """The argument of a command."""

    @abstractmethod
    def _starts_factor(self, token: str) -> bool:
        """Whether a factor begins with a token."""

    @abstractmethod
    def _evaluated(self, inner: Node, start: int) -> Node:
        """A bracket, at several arguments if a list of them follows."""


def _prepared(tokens: Sequence[Token]) -> list[Token]:
    """Tokens without what does not show; bars beside sizes are brackets."""
    found: list[Token] = []
    depth, size = 0, ""
    for token in tokens:
        text = token.text
        if text == r"\begin":
            depth += 1
        elif text == r"\end":
            depth -= 1
        if text in "<>" and size in _OPENING_SIZES | _CLOSING_SIZES:
            name = r"\langle" if size in _OPENING_SIZES else r"\rangle"
            found.append(Token(name, token.start, token.end))
        elif text == "}" and _is_empty(found):
            # an empty group keeps a sign apart
            found.pop()
        elif size and text == ".":
            if size == r"\right":
                found.append(Token(r"\right.", token.start, token.end))
        elif text in _BARS and size in _OPENING_SIZES | _CLOSING_SIZES:
            name = _BARS[text][size in _CLOSING_SIZES]
            found.append(Token(name, token.start, token.end))
        elif text not in SILENT or (text == "&" and depth > 0):
            found.append(token)
        size = text if text in _OPENING_SIZES | _CLOSING_SIZES else ""
    return found


def _is_empty(found: Sequence[Token]) -> bool:
    if not found or found[-1].text != "{":
        return False
    before = found[-2].text if len(found) > 1 else ""
    return before in RELATIONS or before in CLOSERS or before in ("", "+", "-", "&", "{", ",")
