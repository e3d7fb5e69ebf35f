"""A restricted grammar of formulas: LaTeX to a syntax tree, or a reason why not.

The grammar is described in ``docs/grammar.md``. Nothing is evaluated, guessed or skipped: what is
outside of the grammar, or could be read in two ways, raises ``Unreadable``.
"""

from __future__ import annotations

from eqsolve.latex.grammar.statements import has_relation
from eqsolve.latex.grammar.terms import Terms
from eqsolve.latex.grammar.tokens import (
    CONDITIONS,
    QUANTIFIERS,
    RELATIONS,
    WORDS,
    NoRelation,
    Unreadable,
    joined,
    tokenize,
    words,
)
from eqsolve.latex.grammar.tree import Call, Context, Node, Relation

#: What stands over an equality sign that says that it defines or is required.
_STRESSES = frozenset(("!", "def", r"\text{def}", r"\mathrm{def}", r"\triangle", r"\Delta"))


def expression(tex: str, context: Context = Context()) -> Node:
    """Parse one expression without a relation.

    Raises
    ------
    Unreadable
        If it is outside of the grammar.
    """
    parser = _Parser(tokenize(tex), context)
    result = parser.sum()
    parser.expect_end()
    return result


def relations(tex: str, context: Context = Context()) -> tuple[Relation, ...]:
    """Parse one statement; ``a = b = c`` gives ``a = b`` and ``a = c``, ``a < b < c`` likewise.

    Raises
    ------
    Unreadable
        If it is outside of the grammar or has no relation.
    """
    parser = _Parser(tokenize(tex), context)
    sides = [parser.sum()]
    signs: list[tuple[str, tuple[int, int]]] = []
    while (relation := parser.relation()) is not None:
        signs.append(relation)
        sides.append(parser.side())
    condition = " ".join(filter(None, (parser.condition(), *parser.notes)))
    parser.expect_end()
    if not signs and _states(condition):
        raise Unreadable("text in the formula")
    if not signs:
        raise NoRelation("no relation")
    result = []
    for k, (name, span) in enumerate(signs):
        linked = all(former in ("=", name) for former, _ in signs[:k])
        left = sides[0] if linked else sides[k]
        result.append(Relation(left, name, sides[k + 1], span, tex, condition))
    return tuple(result)


def _states(condition: str) -> bool:
    """Whether what was taken for a condition is a statement with words before it."""
    tokens = tokenize(condition)
    first = words(tokens, 0).partition(" ")[0].lower() if tokens else ""
    return has_relation(condition) and first not in CONDITIONS | {"s.t"}


class _Parser(Terms):
    """Relations between expressions, and the words behind them."""

    def relation(self) -> tuple[str, tuple[int, int]] | None:
        """Consume a relation, if one comes."""
        start = self._at
        if self.peek() in (r"\overset", r"\stackrel"):
            self.next()
            label = joined(self._group_texts())
            base = joined(self._group_texts())
            if base not in RELATIONS:
                raise Unreadable(r"\overset only over a relation")
            stressed = label in _STRESSES or label.startswith(("(", r"\text{(", r"\eqref"))
            name = RELATIONS[base]
            return name if stressed else f"{name}^{{{label}}}", self._span(start)
        if self.peek() == r"\xrightarrow":
            self.next()
            return f"\\to^{{{joined(self._group_texts())}}}", self._span(start)
        if self.peek() == "\\not" and self.peek(1) in RELATIONS:
            self._at += 2
            name = RELATIONS[self._tokens[self._at - 1].text]
            return r"\neq" if name == "=" else f"\\not{name}", self._span(start)
        if self.peek() == ":":
            self.next()
            return ":", self._span(start)
        if self.peek() in RELATIONS:
            name = RELATIONS[self.next().text]
            while self.peek() in ("_", "^"):
                # in which sense it holds, as of convergence
                name += f"{self.next().text}{{{joined(self._group_texts())}}}"
            return name, self._span(start)
        return None

    def side(self) -> Node:
        """A side of a relation: an expression, or a list of them."""
        start = self._at
        found = [self.sum()]
        while self.peek() == ",":
            self.next()
            found.append(self.sum())
        return found[0] if len(found) == 1 else Call("list ,", tuple(found), self._span(start))

    def condition(self) -> str:
        """The words at the end of a statement with what they are about, as they were written."""
        start = self._at
        if self.peek() == "," and (self.peek(1) in WORDS or self.peek(1) in QUANTIFIERS):
            start += 1
        elif self.peek() not in WORDS and self.peek() not in QUANTIFIERS:
            return ""
        texts = [t.text for t in self._tokens[start:]]
        self._at = len(self._tokens)
        return joined(texts)
