"""Parsed formulas as rational expressions in names.

A name is a SymPy symbol called like its canonical LaTeX. What is not rational (expectations, sums
over an index, roots, differentials) is a function of such expressions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import sympy as sp

from eqsolve.latex.checking.symbol_map import SymbolMap, mapped
from eqsolve.latex.grammar import parser
from eqsolve.latex.grammar.tokens import Unreadable
from eqsolve.latex.grammar.tree import (
    Atom,
    Call,
    Context,
    Node,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
)

#: More terms than this after expansion are not compared.
MAX_TERMS = 50_000
#: A larger number, or degree, is not.
MAX_BITS = 10_000
_PARTIAL = re.compile(r"\\partial_\{([^{}]*)\}")
_GROUP = re.compile(r"(?<=[_^])\{((?:[^{}]|\{[^{}]*\})*)\}")


def atom(name: str) -> sp.Symbol:
    """The symbol of a canonical name."""
    return sp.Symbol(name)


def call(name: str, *arguments: sp.Expr) -> sp.Expr:
    """A function by its canonical name."""
    return sp.Function(name)(*arguments)


@dataclass(frozen=True)
class Reader:
    """Parsed formulas to expressions.

    Attributes
    ----------
    context : what decides readings.
    functions : names whose subscripts are derivatives, in any order.
    symbols : the author's notation.
    """

    context: Context = Context()
    functions: frozenset[str] = frozenset()
    symbols: SymbolMap = SymbolMap()

    def read(self, tex: str) -> sp.Expr:
        """Parse and convert; raises ``Unreadable``."""
        return self.expression(parser.expression(tex, self.context))

    def name(self, node: Atom) -> str:
        """The canonical name in the notation of the displays."""
        if node.base == r"\ldots":
            raise Unreadable("dots stand for what is not written")
        if node.base.startswith(r"\text{") and " " in node.base:
            raise Unreadable(f"words stand for a part of the formula: {node.base}")
        if node.base in self.functions and not self.symbols.names:
            return Atom(node.base, tuple(sorted(node.sub)), node.sup).name
        return self.symbols.translated(node, self.functions)

    def function(self, node: Call) -> str:
        """The canonical name of a function, its index and condition in the displays' notation."""
        names = self.symbols.names
        if not names:
            return node.name
        head, bar, condition = node.name.partition("|")
        if head.startswith("\\"):
            head = _GROUP.sub(lambda m: f"{{{mapped(m.group(1), names)}}}", head)
        return f"{head}{bar}{mapped(condition, names)}"

    def expression(self, node: Node) -> sp.Expr:
        """Convert a syntax tree."""
        if _terms(node) > MAX_TERMS or _bits(node) > MAX_BITS:
            raise Unreadable("too large to compare")
        return self._converted(node)

    def _converted(self, node: Node) -> sp.Expr:
        if isinstance(node, Number):
            return sp.Rational(node.value.numerator, node.value.denominator)
        if isinstance(node, Atom):
            return atom(self.name(node))
        if isinstance(node, Sum):
            return sp.Add(*(sign * self._converted(term) for sign, term, _ in node.terms))
        if isinstance(node, Product):
            return sp.Mul(*map(self._converted, node.factors))
        if isinstance(node, Quotient):
            bottom = self._converted(node.bottom)
            if bottom == 0:
                raise Unreadable("division by zero")
            return self._converted(node.top) / bottom
        if isinstance(node, Power):
            base = self._converted(node.base)
            if base == 0 and node.exponent < 0:
                raise Unreadable("division by zero")
            return base**node.exponent
        derived = self._derivative(node)
        if derived is not None:
            return derived
        return call(self.function(node), *map(self._converted, node.arguments))

    def _derivative(self, node: Call) -> sp.Expr | None:
        """A partial derivative of a function whose derivatives are indices."""
        match = _PARTIAL.fullmatch(node.name)
        inner = node.arguments[0] if match else None
        if match is None or not isinstance(inner, Atom) or inner.sub:
            return None
        base = self.symbols.translated(inner, self.functions)
        if base not in self.functions:
            return None
        variables = tuple(v.strip() for v in match.group(1).split(","))
        return atom(self.name(Atom(inner.base, variables, inner.sup)))


def _terms(node: Node) -> int:
    """A bound on the number of terms after expansion."""
    if isinstance(node, Sum):
        return sum(_terms(term) for _, term, _ in node.terms)
    if isinstance(node, Product):
        total = 1
        for factor in node.factors:
            total = min(total * _terms(factor), MAX_TERMS + 1)
        return total
    if isinstance(node, Quotient):
        return min(_terms(node.top) * _terms(node.bottom), MAX_TERMS + 1)
    if isinstance(node, Power):
        return int(min(_terms(node.base) ** abs(node.exponent), MAX_TERMS + 1))
    if isinstance(node, Call):
        return max(map(_terms, node.arguments)) if max(map(_terms, node.arguments)) > 999 else 1
    return 1


def _bits(node: Node) -> int:
    """A bound on the bits of a number, or on the degree, after expansion."""
    if isinstance(node, Number):
        return max(node.value.numerator.bit_length(), node.value.denominator.bit_length())
    if isinstance(node, Sum):
        return max((_bits(term) for _, term, _ in node.terms), default=1) + len(node.terms)
    if isinstance(node, Product):
        return sum(map(_bits, node.factors))
    if isinstance(node, Quotient):
        return _bits(node.top) + _bits(node.bottom)
    if isinstance(node, Power):
        return min(_bits(node.base) * abs(node.exponent), MAX_BITS + 1)
    if isinstance(node, Call):
        return max(map(_bits, node.arguments), default=1)
    return 1
