"""Tokens one after another, with what every part of the grammar asks of the others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from eqsolve.latex.grammar.preparation import prepared
from eqsolve.latex.grammar.tokens import Token, Unreadable, step
from eqsolve.latex.grammar.tree import Context, Node

MAX_DEPTH = 40


#: How deep factors are nested in one another.
MAX_NESTING = 120


class Cursor(ABC):
    """A place in a formula; what is parsed from there is defined in the classes below this one."""

    def __init__(self, tokens: Sequence[Token], context: Context) -> None:
        self._tokens = prepared(tokens)
        self._context = context
        self._at = 0
        self._depth = self._nesting = 0
        self._bars: list[str] = []
        self._brackets: dict[int, tuple[Node, int]] = {}
        #: What notes at braces state.
        self.notes: list[str] = []
        #: Sets that were read, by their places, and where they end.
        self._sets: dict[int, Node | Unreadable] = {}
        self._ends: dict[int, int] = {}

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

    def _bars_inside(self) -> str:
        """What a bar is in the bracket that was opened: a condition if one has no partner."""
        depth = bars = ahead = 0
        while token := self.peek(ahead):
            depth += step(token)
            if depth < 0:
                break
            if depth == 0 and token in (r"\mid", r"\vert"):
                return ""
            bars += depth == 0 and token == "|"
            ahead += 1
        return "condition" if bars % 2 else ""

    def _opens_bars(self) -> bool:
        """Whether a bar that comes next begins an absolute value."""
        if self.peek() != "|" or self._bars[-1:] in (["|"], ["condition"]):
            return False
        depth, ahead = 0, 1
        while token := self.peek(ahead):
            if depth == 0 and token == "|":
                return ahead > 1
            depth += step(token)
            if depth < 0:
                break
            ahead += 1
        return False

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
