"""Values of formulas modulo a prime, at random points that respect the abbreviations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.latex.checking.reader import Reader
from eqsolve.latex.grammar.tree import (
    Atom,
    Call,
    Node,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
)

PRIME = (1 << 61) - 1


@dataclass(frozen=True)
class Held(Number):
    """A term of the display, to be put into an author's sum."""

    term: sp.Expr = field(default=sp.S.Zero)


class Undefined(Exception):
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
        for child in children(node):
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
        return int.from_bytes(digest) % PRIME

    def function(self, name: str, arguments: Iterable[int]) -> int:
        """The value of a function: random, but the same for the same arguments."""
        return self._random(f"{name}({','.join(map(str, arguments))})")

    def inverse(self, value: int) -> int:
        """One over a value."""
        if value % PRIME == 0:
            raise Undefined
        return pow(value, -1, PRIME)

    def expression(self, e: sp.Expr) -> int:
        """The value of an expression in names."""
        if isinstance(e, sp.Symbol):
            return self.name(e.name)
        if isinstance(e, sp.Rational):
            return int(e.p) * self.inverse(int(e.q)) % PRIME
        if isinstance(e, sp.Add):
            return sum(map(self.expression, e.args)) % PRIME
        if isinstance(e, sp.Mul):
            product = 1
            for factor in e.args:
                product = product * self.expression(factor) % PRIME
            return product
        if isinstance(e, sp.Pow) and isinstance(e.exp, sp.Integer):
            base = self.expression(e.base)
            return pow(base if e.exp > 0 else self.inverse(base), abs(int(e.exp)), PRIME)
        if isinstance(e, AppliedUndef):
            return self.function(e.func.__name__, map(self.expression, e.args))
        raise Undefined

    def node(self, node: Node, reader: Reader) -> int:
        """The value of a syntax tree."""
        if id(node) in self.nodes:
            return self.nodes[id(node)]
        if isinstance(node, Held):
            if node.term not in self.held:
                self.held[node.term] = self.expression(node.term)
            return self.held[node.term]
        if isinstance(node, Number):
            return node.value.numerator * self.inverse(node.value.denominator) % PRIME
        if isinstance(node, Atom):
            return self.name(reader.name(node))
        if isinstance(node, Sum):
            return sum(s * self.node(t, reader) for s, t, _ in node.terms) % PRIME
        if isinstance(node, Product):
            product = 1
            for factor in node.factors:
                product = product * self.node(factor, reader) % PRIME
            return product
        if isinstance(node, Quotient):
            bottom = self.inverse(self.node(node.bottom, reader))
            return self.node(node.top, reader) * bottom % PRIME
        if isinstance(node, Power):
            base = self.node(node.base, reader)
            base = base if node.exponent > 0 else self.inverse(base)
            return pow(base, abs(node.exponent), PRIME)
        arguments = (self.node(a, reader) for a in node.arguments)
        return self.function(reader.function(node), arguments)


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a tree, in order."""
    if isinstance(node, Sum):
        return tuple(t for _, t, _ in node.terms)
    if isinstance(node, Product):
        return node.factors
    if isinstance(node, Quotient):
        return node.top, node.bottom
    if isinstance(node, Power):
        return (node.base,)
    return node.arguments if isinstance(node, Call) else ()
