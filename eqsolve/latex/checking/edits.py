"""Single edits of a formula: a sign, a factor, an exponent, an index, a symbol, a term."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import sympy as sp

from eqsolve.latex.checking.residues import Held, children
from eqsolve.latex.grammar.scripts import MAX_EXPONENT
from eqsolve.latex.grammar.tree import (
    Atom,
    Call,
    Node,
    Number,
    Power,
    Product,
    Quotient,
    Relation,
    Sum,
)

#: What closes the bracket around a sum.
_CLOSING = re.compile(r"\s*(?:\\(?:right|[Bb]igg?r?)\s*)?(?:[)\]]|\\\}|\\rbrace(?![A-Za-z]))")


@dataclass(frozen=True)
class Edit:
    """A change of the text, in words and as a replacement of ``tex[start:end]``."""

    rank: int
    words: str
    start: int
    end: int
    text: str

    def applied(self, tex: str) -> str:
        """The text after the change."""
        return tex[: self.start] + self.text + tex[self.end :]


@dataclass(frozen=True)
class Neighborhood:
    """All single edits of a relation.

    Attributes
    ----------
    names : atoms that may replace one another, in the author's notation.
    terms : terms of the display that may be missing, and their LaTeX.
    """

    names: Sequence[Atom]
    terms: Sequence[tuple[sp.Expr, str]]

    def of(self, relation: Relation) -> Iterator[tuple[Node, Node, Edit]]:
        """Changed left and right sides with the edit."""
        for side, edit in self._edits(relation.left, relation.tex, True):
            yield side, relation.right, edit
        for side, edit in self._edits(relation.right, relation.tex, True):
            yield relation.left, side, edit
        atoms = {a.name: a for side in (relation.left, relation.right) for a in _atoms(side)}
        for first in atoms.values():
            for second in atoms.values():
                if first.name < second.name and first.base == second.base:
                    swap = {first.name: second, second.name: first}
                    words = f"exchange {first.tex} and {second.tex} everywhere"
                    tex = _swapped(relation, swap)
                    yield (
                        _renamed(relation.left, swap),
                        _renamed(relation.right, swap),
                        Edit(5, words, 0, len(relation.tex), tex),
                    )

    def _edits(self, node: Node, tex: str, whole: bool = False) -> Iterator[tuple[Node, Edit]]:
        yield from self._here(node, tex)
        if whole or isinstance(node, Sum):
            yield from self._missing(node, tex)
        if isinstance(node, Sum):
            for k, (sign, term, place) in enumerate(node.terms):
                for changed, edit in self._edits(term, tex):
                    yield _with_term(node, k, (sign, changed, place)), edit
        elif isinstance(node, Product):
            for k, factor in enumerate(node.factors):
                for changed, edit in self._edits(factor, tex):
                    rest = (*node.factors[:k], changed, *node.factors[k + 1 :])
                    yield replace(node, factors=rest), edit
        elif isinstance(node, Quotient):
            for changed, edit in self._edits(node.top, tex, True):
                yield replace(node, top=changed), edit
            for changed, edit in self._edits(node.bottom, tex, True):
                yield replace(node, bottom=changed), edit
        elif isinstance(node, Power):
            for changed, edit in self._edits(node.base, tex):
                if not isinstance(changed, Power):
                    yield replace(node, base=changed), edit
        elif isinstance(node, Call):
            for k, argument in enumerate(node.arguments):
                for changed, edit in self._edits(argument, tex):
                    rest = (*node.arguments[:k], changed, *node.arguments[k + 1 :])
                    yield replace(node, arguments=rest), edit

    def _here(self, node: Node, tex: str) -> Iterator[tuple[Node, Edit]]:
        """Edits of the node itself."""
        start, end = node.span
        shown = tex[start:end]
        if isinstance(node, Sum):
            for k, (sign, term, place) in enumerate(node.terms):
                flipped = "-" if sign > 0 else "+"
                near = tex[term.span[0] : term.span[1]]
                words = f"change the sign before {near}"
                yield _with_term(node, k, (-sign, term, place)), Edit(0, words, *place, flipped)
                if len(node.terms) > 1:
                    rest = (*node.terms[:k], *node.terms[k + 1 :])
                    words = f"drop the term {near}"
                    # the text before a term without a sign ends where the term begins
                    yield replace(node, terms=rest), Edit(6, words, place[0], term.span[1], "")
            bracket = _CLOSING.match(tex, end)
            if bracket is not None:
                words = f"raise the bracket around {shown} to the power 2"
                yield Power(node, 2, node.span), Edit(1, words, bracket.end(), bracket.end(), "^2")
            return
        negated = Sum(((-1, node, node.span),), node.span)
        yield negated, Edit(0, f"change the sign before {shown}", start, start, "-")
        if isinstance(node, Number):
            for value in (node.value * 2, node.value / 2, node.value + 1, node.value - 1):
                if value > 0:
                    yield (
                        Number(value),
                        Edit(2, f"replace {shown} by {value}", start, end, str(value)),
                    )
            yield Number(Fraction(1)), Edit(2, f"drop the factor {shown}", start, end, "")
            return
        yield from self._scaled(node, shown)
        if isinstance(node, Power):
            bare = tex[start:end].rpartition("^")[0]
            for e in (node.exponent - 1, node.exponent + 1):
                if e and abs(e) <= MAX_EXPONENT:
                    changed = replace(node, exponent=e) if e != 1 else node.base
                    text = f"{bare}^{{{e}}}" if e != 1 else bare
                    words = f"replace the exponent {node.exponent} of {bare} by {e}"
                    yield changed, Edit(1, words, start, end, text)
        elif isinstance(node, Atom):
            for e in (2, 3):
                words = f"raise {shown} to the power {e}"
                text = f"{{{shown}}}^{e}" if "^" in shown else f"{shown}^{e}"
                yield Power(node, e, node.span), Edit(1, words, start, end, text)
            for other in self.names:
                if other.name != node.name:
                    rank = 3 if other.base == node.base else 4
                    words = f"replace {shown} by {other.tex}"
                    yield other, Edit(rank, words, start, end, other.tex)

    def _scaled(self, node: Node, shown: str) -> Iterator[tuple[Node, Edit]]:
        start = node.span[0]
        two, half = Number(Fraction(2)), Number(Fraction(1, 2))
        yield Product((two, node)), Edit(2, f"put a factor 2 before {shown}", start, start, "2 ")
        words = f"put a factor 1/2 before {shown}"
        yield Product((half, node)), Edit(2, words, start, start, r"\frac{1}{2} ")
        if isinstance(node, Product):
            for k, factor in enumerate(node.factors):
                rest = (*node.factors[:k], *node.factors[k + 1 :])
                words = "drop a factor"
                yield Product(rest, node.span), Edit(5, words, *factor.span, "")
        for other in self.names:
            words = f"put a factor {other.tex} before {shown}"
            yield Product((other, node)), Edit(7, words, start, start, f"{other.tex} ")

    def _missing(self, node: Node, tex: str) -> Iterator[tuple[Node, Edit]]:
        place = node.span[1]
        terms = node.terms if isinstance(node, Sum) else ((1, node, node.span),)
        for term, written in self.terms:
            # two signs do not follow one another
            bare = written.removeprefix("-").lstrip()
            signs = "+-" if bare == written else "-+"
            for sign, character in zip((1, -1), signs):
                held = Held(Fraction(0), (place, place), term)
                words = f"add the term {character} {bare}"
                text = f" {character} {bare}"
                changed = Sum((*terms, (sign, held, (place, place))), node.span)
                yield changed, Edit(6, words, place, place, text)


def _with_term(node: Sum, k: int, term: tuple[int, Node, tuple[int, int]]) -> Sum:
    return replace(node, terms=(*node.terms[:k], term, *node.terms[k + 1 :]))


def _atoms(node: Node) -> Iterator[Atom]:
    if isinstance(node, Atom):
        yield node
    for child in children(node):
        yield from _atoms(child)


def _renamed(node: Node, table: Mapping[str, Atom]) -> Node:
    def go(n: Node) -> Node:
        return _renamed(n, table)

    if isinstance(node, Atom):
        return table.get(node.name, node)
    if isinstance(node, Sum):
        return replace(node, terms=tuple((s, go(t), p) for s, t, p in node.terms))
    if isinstance(node, Product):
        return replace(node, factors=tuple(map(go, node.factors)))
    if isinstance(node, Quotient):
        return replace(node, top=go(node.top), bottom=go(node.bottom))
    if isinstance(node, Power):
        return replace(node, base=go(node.base))
    if isinstance(node, Call):
        return replace(node, arguments=tuple(map(go, node.arguments)))
    return node


def _swapped(relation: Relation, table: Mapping[str, Atom]) -> str:
    places = [a for side in (relation.left, relation.right) for a in _atoms(side)]
    tex = relation.tex
    for atom in sorted(places, key=lambda a: -a.span[0]):
        if atom.name in table:
            tex = tex[: atom.span[0]] + table[atom.name].tex + tex[atom.span[1] :]
    return tex
