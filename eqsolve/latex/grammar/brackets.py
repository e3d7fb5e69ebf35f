"""Brackets: around an expression, a list, a set, a norm, an interval."""

from __future__ import annotations

from collections.abc import Sequence

from eqsolve.latex.grammar.names import Names
from eqsolve.latex.grammar.tokens import CLOSERS, CLOSING, MID, WORDS, Unreadable, joined, step
from eqsolve.latex.grammar.tree import Call, Node

_KETS = frozenset((r"\langle", r"\rangle", r"\lvert", r"\rvert"))

_NAMED_BRACKETS = {r"\lvert": "|", r"\lVert": r"\|", r"\lfloor": "floor", r"\lceil": "ceiling"}


class Brackets(Names):
    """Brackets of every kind."""

    def _bracket(self, start: int) -> Node:
        if self._at in self._brackets:
            known, self._at = self._brackets[self._at]
            return self._evaluated(known, start)
        opening = self.next().text
        self._bars.append(self._bars_inside())
        if opening in (r"\{", r"\lbrace"):
            return self._set(start)
        inner, marks = [self.sum()], ""
        while (mark := self.peek()) and mark not in CLOSERS:
            relation = None if mark in (",", ";") or mark in MID else self.relation()
            if relation is not None and opening == "[":
                marks += f" {relation[0]}"
            elif mark in (",", ";") or (mark in MID and opening == r"\langle"):
                self.next()
                marks += " |" if mark in MID else ""
            else:
                break
            inner.append(self.sum())
        self._bars.pop()
        closing = self.peek()
        two = len(inner) == 2 and {opening, closing} <= set("()[]")
        if closing != CLOSING[opening] and (two or {opening, closing} <= _KETS):
            # an interval that is half open, a state
            self.next()
            name = f"{opening}{closing}{marks}"
            return self._raised(Call(name, tuple(inner), self._span(start)), start)
        self.expect(CLOSING[opening])
        if opening == r"\langle" or marks:
            return self._subscripted(f"{opening}{marks}", inner, start)
        if opening in _NAMED_BRACKETS:
            return self._subscripted(_NAMED_BRACKETS[opening], inner, start)
        if len(inner) > 1:
            name = "list" if opening == "(" else "list ["
            return self._raised(Call(name, tuple(inner), self._span(start)), start)
        return self._evaluated(inner[0], start)

    def _evaluated(self, inner: Node, start: int) -> Node:
        """A bracket, at several arguments if a list of them follows."""
        if self.peek() == "(" and self._has_list():
            arguments = self._list()
            return self._raised(Call("at", (inner, *arguments), self._span(start)), start)
        return self._raised(inner, start)

    def _subscripted(self, name: str, inner: Sequence[Node], start: int) -> Node:
        """A norm and the like, with an index that belongs to it."""
        self._put_index_first()
        if self.accept("_"):
            name += f"_{{{joined(self._group_texts())}}}"
        return self._raised(Call(name, tuple(inner), self._span(start)), start)

    def _set(self, start: int) -> Node:
        """Braces: around an expression, or a set such as ``{ s >= t : condition }``."""
        place = self._at
        if place not in self._sets:
            self._sets[place] = self._read_set(start)
            # a set inside of others that are read again is read once
            self._ends[place] = self._at
        found = self._sets[place]
        if isinstance(found, Unreadable):
            raise found
        self._at = self._ends[place]
        del self._bars[-1:]
        return found

    def _read_set(self, start: int) -> Node | Unreadable:
        state = self._at, list(self._bars), self._depth, self._nesting
        found: Node | Unreadable
        for way in (self._structured_set, self._set_with_words):
            try:
                found = way(start)
            except Unreadable as error:
                found = error
            end = self._at
            self._at, bars, self._depth, self._nesting = state
            self._bars = list(bars)
            if not isinstance(found, Unreadable):
                self._at = end
                break
        return found

    def _set_with_words(self, start: int) -> Node:
        """A set whose condition is taken as it is written."""
        inner, text = self.sum(), ""
        relation = self.relation() if self.peek() == r"\in" else None
        if relation is not None:
            # of which elements
            inner = Call(relation[0], (inner, self.sum()), self._span(start))
        if self.peek() not in MID and self.peek() not in (":", ",") and self.peek() not in WORDS:
            raise Unreadable(f"{self.peek()!r} is not in the grammar here")
        depth = 0
        while depth or self.peek() not in (r"\}", r"\rbrace"):
            depth += 0 if self.peek() == "{" else step(self.peek())
            text += joined([text[-1:], *self._canonical()])[len(text[-1:]) :]
        self.next()
        return self._subscripted(f"set {text}", [inner], start)

    def _structured_set(self, start: int) -> Node:
        name, parts = "set", [self.sum()]
        while (mark := self.peek()) not in (r"\}", r"\rbrace"):
            if mark == r"\right." and len(parts) == 1 and name == "set":
                break
            if mark in (",", ";") or mark in MID:
                self.next()
                name += f" {mark if mark in ',;' else '|'}"
            else:
                relation = self.relation()
                if relation is None:
                    raise Unreadable(rf"'\\}}' expected before {mark or 'the end'!r}")
                name += f" {relation[0]}"
            parts.append(self.sum())
        self.next()
        if len(parts) == 1:
            return self._raised(parts[0], start)
        return self._subscripted(name, parts, start)
