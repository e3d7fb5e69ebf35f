"""The smallest edit that turns an author's formula into the display's.

Every single edit of the syntax tree (a sign, a factor, an exponent, an index, a symbol, a term) is
evaluated modulo a prime at random points that respect the abbreviations; what agrees with the
display there is rewritten, read again and compared exactly by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from hashlib import blake2b

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.latex.checking.reader import Reader
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

_PRIME = (1 << 61) - 1
_POINTS = (1, 2)
_MAX_CANDIDATES = 20_000
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
class _Held(Number):
    """A term of the display, to be put into an author's sum."""

    term: sp.Expr = field(default=sp.S.Zero)


class _Undefined(Exception):
    """A denominator vanishes at the point."""


@dataclass(frozen=True)
class Point:
    """Values modulo a prime: random for free names, consistent with the abbreviations."""

    seed: int
    table: Mapping[sp.Symbol, sp.Expr]
    known: dict[str, int] = field(default_factory=dict)
    held: dict[sp.Expr, int] = field(default_factory=dict)
    nodes: dict[int, int] = field(default_factory=dict)

    def remember(self, node: Node, reader: Reader) -> None:
        """Keep the values of a tree that lives longer than the search."""
        for child in _children(node):
            self.remember(child, reader)
        self.nodes[id(node)] = self.node(node, reader)

    def name(self, name: str) -> int:
        """The value of a name."""
        if name not in self.known:
            meaning = self.table.get(sp.Symbol(name))
            self.known[name] = self._random(name) if meaning is None else self.expression(meaning)
        return self.known[name]

    def _random(self, text: str) -> int:
        digest = blake2b(f"{self.seed}:{text}".encode(), digest_size=16).digest()
        return int.from_bytes(digest) % _PRIME

    def function(self, name: str, arguments: Iterable[int]) -> int:
        """The value of a function: random, but the same for the same arguments."""
        return self._random(f"{name}({','.join(map(str, arguments))})")

    def inverse(self, value: int) -> int:
        """One over a value."""
        if value % _PRIME == 0:
            raise _Undefined
        return pow(value, -1, _PRIME)

    def expression(self, e: sp.Expr) -> int:
        """The value of an expression in names."""
        if isinstance(e, sp.Symbol):
            return self.name(e.name)
        if isinstance(e, sp.Rational):
            return int(e.p) * self.inverse(int(e.q)) % _PRIME
        if isinstance(e, sp.Add):
            return sum(map(self.expression, e.args)) % _PRIME
        if isinstance(e, sp.Mul):
            product = 1
            for factor in e.args:
                product = product * self.expression(factor) % _PRIME
            return product
        if isinstance(e, sp.Pow) and isinstance(e.exp, sp.Integer):
            base = self.expression(e.base)
            return pow(base if e.exp > 0 else self.inverse(base), abs(int(e.exp)), _PRIME)
        if isinstance(e, AppliedUndef):
            return self.function(e.func.__name__, map(self.expression, e.args))
        raise _Undefined

    def node(self, node: Node, reader: Reader) -> int:
        """The value of a syntax tree."""
        if id(node) in self.nodes:
            return self.nodes[id(node)]
        if isinstance(node, _Held):
            if node.term not in self.held:
                self.held[node.term] = self.expression(node.term)
            return self.held[node.term]
        if isinstance(node, Number):
            return node.value.numerator * self.inverse(node.value.denominator) % _PRIME
        if isinstance(node, Atom):
            return self.name(reader.name(node))
        if isinstance(node, Sum):
            return sum(s * self.node(t, reader) for s, t, _ in node.terms) % _PRIME
        if isinstance(node, Product):
            product = 1
            for factor in node.factors:
                product = product * self.node(factor, reader) % _PRIME
            return product
        if isinstance(node, Quotient):
            bottom = self.inverse(self.node(node.bottom, reader))
            return self.node(node.top, reader) * bottom % _PRIME
        if isinstance(node, Power):
            base = self.node(node.base, reader)
            base = base if node.exponent > 0 else self.inverse(base)
            return pow(base, abs(node.exponent), _PRIME)
        arguments = (self.node(a, reader) for a in node.arguments)
        return self.function(reader.function(node), arguments)


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
                    yield Number(value), Edit(
                        2, f"replace {shown} by {value}", start, end, str(value)
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
                held = _Held(Fraction(0), (place, place), term)
                words = f"add the term {character} {bare}"
                text = f" {character} {bare}"
                changed = Sum((*terms, (sign, held, (place, place))), node.span)
                yield changed, Edit(6, words, place, place, text)


def _with_term(node: Sum, k: int, term: tuple[int, Node, tuple[int, int]]) -> Sum:
    return replace(node, terms=(*node.terms[:k], term, *node.terms[k + 1 :]))


def _atoms(node: Node) -> Iterator[Atom]:
    if isinstance(node, Atom):
        yield node
    for child in _children(node):
        yield from _atoms(child)


def _children(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Sum):
        return tuple(t for _, t, _ in node.terms)
    if isinstance(node, Product):
        return node.factors
    if isinstance(node, Quotient):
        return node.top, node.bottom
    if isinstance(node, Power):
        return (node.base,)
    return node.arguments if isinstance(node, Call) else ()


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


def repaired(
    relation: Relation,
    reader: Reader,
    target: sp.Expr,
    table: Mapping[sp.Symbol, sp.Expr],
    neighborhood: Neighborhood,
    confirm: Callable[[str], bool],
) -> Edit | None:
    """Find the smallest edit after which left minus right is plus or minus ``target``.

    ``confirm`` decides exactly whether the changed text is right.
    """
    points = [Point(seed, table) for seed in _POINTS]
    try:
        wanted = [p.expression(target) for p in points]
        for point in points:
            point.remember(relation.left, reader)
            point.remember(relation.right, reader)
    except _Undefined:
        return None
    matches: list[Edit] = []
    for count, (left, right, edit) in enumerate(neighborhood.of(relation)):
        if count > _MAX_CANDIDATES:
            break
        if _agrees(left, right, reader, points, wanted):
            matches.append(edit)
    for edit in sorted(matches, key=lambda e: (e.rank, e.end - e.start, len(e.words))):
        if confirm(edit.applied(relation.tex)):
            return edit
    return None


def _agrees(
    left: Node, right: Node, reader: Reader, points: Sequence[Point], wanted: Sequence[int]
) -> bool:
    signs = {1, _PRIME - 1}
    for point, value in zip(points, wanted):
        try:
            found = (point.node(left, reader) - point.node(right, reader)) % _PRIME
        except _Undefined:
            return False
        signs = {s for s in signs if (s * found - value) % _PRIME == 0}
        if not signs:
            return False
    return True
