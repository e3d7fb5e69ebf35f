"""A display of a derivation in names: where an author's formula and a display meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.latex.checking.reader import Reader, atom, call
from eqsolve.latex.checking.symbol_map import atom_of
from eqsolve.latex.grammar.tokens import Unreadable
from eqsolve.latex.grammar.tree import Atom, Context
from eqsolve.latex.printer import latex
from eqsolve.ledger import Display, Line
from eqsolve.operators import (
    Differential,
    Expectation,
    InOrder,
    Kept,
    LimitOf,
    Named,
    Noise,
    OverOthers,
    Supremum,
    Variance,
)
from eqsolve.symbols import latex_names

#: Names that were read, by their LaTeX and by what decides how they are read.
_NAMES: dict[tuple[str, frozenset[str], Context], sp.Expr] = {}


@dataclass(frozen=True)
class Notation:
    """A display's expressions in names.

    ``reader`` reads its names; ``symbols`` leads back from names to the derivation's symbols.
    """

    display: Display

    @cached_property
    def reader(self) -> Reader:
        """How formulas of this display are read, in the displays' own notation."""
        lines = self._all_lines()
        integral = any(r"\int" in latex(s) for x in lines for s in (x.left, x.right))
        differentials = any(self._differential_names()) or (
            integral and "d" not in {own.name for own in self._own}
        )
        functions = {
            base
            for line in lines
            for side in (line.left, line.right)
            for base in _function_names(side)
        }
        indexed = frozenset(
            node.name for tex in self._superscripted() if (node := atom_of(tex)) is not None
        )
        context = Context(differentials=differentials, indexed=indexed)
        return Reader(context, frozenset(functions))

    def _all_lines(self) -> tuple[Line, ...]:
        return self.display.let + self.display.lines

    def _differential_names(self) -> Iterable[sp.Basic]:
        for line in self._all_lines():
            for side in (line.left, line.right):
                yield from side.atoms(Differential, Noise)

    def _superscripted(self) -> Iterable[str]:
        return (tex for tex in self.display.names.values() if "^" in tex)

    @cached_property
    def symbols(self) -> dict[sp.Symbol, sp.Symbol]:
        """The derivation's symbols by the symbols of their names."""
        known = latex_names() | dict(self.display.names)
        result: dict[sp.Symbol, sp.Symbol] = {}
        for own in known:
            try:
                name = self.convert(own)
            except Unreadable:
                continue
            if isinstance(name, sp.Symbol) and (name not in result or own in self._own):
                result[name] = own
        return result

    @cached_property
    def _own(self) -> set[sp.Symbol]:
        sides = (s for line in self._all_lines() for s in (line.left, line.right))
        return set().union(*(side.free_symbols for side in sides), self.display.names)

    @cached_property
    def _texts(self) -> dict[sp.Symbol, str]:
        return latex_names() | dict(self.display.names)

    @cached_property
    def _cache(self) -> dict[sp.Expr, sp.Expr]:
        return {}

    def convert(self, expression: sp.Expr) -> sp.Expr:
        """An expression of the derivation in names.

        Raises
        ------
        Unreadable
            If it contains something whose LaTeX is outside of the grammar.
        """
        if expression not in self._cache:
            self._cache[expression] = self._converted(expression)
        return self._cache[expression]

    def _read(self, tex: str) -> sp.Expr:
        """A name; the displays of a source share most of them."""
        reader = self.reader
        key = tex, reader.functions, reader.context
        if key not in _NAMES:
            _NAMES[key] = reader.read(tex)
        return _NAMES[key]

    def _converted(self, e: sp.Expr) -> sp.Expr:
        if isinstance(e, sp.Symbol):
            return self._read(self._texts.get(e) or latex(e))
        if isinstance(e, sp.Rational):
            return e
        if isinstance(e, (sp.Add, InOrder)):
            return sp.Add(*map(self.convert, e.args))
        if isinstance(e, sp.Mul):
            return sp.Mul(*map(self.convert, e.args))
        if isinstance(e, sp.Pow) and isinstance(e.exp, sp.Integer):
            return self.convert(e.base) ** e.exp
        convert = self._operators.get(type(e))
        if convert is not None:
            return convert(e)
        # what is not listed is read like an author's formula
        return self.reader.read(latex(e, self.display.names))

    @cached_property
    def _operators(self) -> dict[type, Callable[[sp.Expr], sp.Expr]]:
        return {
            Named: lambda e: self.reader.read(str(e.args[1])),
            Kept: lambda e: self.convert(e.args[0]),
            Supremum: lambda e: call(
                rf"\sup_{{{self.convert(e.args[1]).name}}}", self.convert(e.args[0])
            ),
            Differential: lambda e: call("d", self.convert(e.args[0])),
            Noise: lambda e: call("d", self.reader.read(str(e.args[0]))),
            Variance: lambda e: self._moment("Var", e),
            Expectation: lambda e: self._moment("E", e),
            OverOthers: lambda e: (
                atom("n") ** -e.args[1] * call(r"\sum_{k\neq i}", self.convert(e.args[0]))
            ),
            LimitOf: lambda e: call(
                rf"\lim_{{{self.convert(e.args[1]).name}\to{latex(e.args[2])}}}",
                self.convert(e.args[0]),
            ),
            sp.exp: lambda e: call(r"\exp", self.convert(e.args[0])),
            sp.Derivative: self._derivative,
        }

    def _moment(self, name: str, e: sp.Expr) -> sp.Expr:
        if not str(e.args[1]):
            return call(name, self.convert(e.args[0]))
        # the condition goes through the parser, for its canonical form
        moment = self.reader.read(rf"\mathbb{{E}}[x|{e.args[1]}]")
        shown = moment.func.__name__.partition("|")[2]
        return call(f"{name}|{shown}", self.convert(e.args[0]))

    def _derivative(self, e: sp.Derivative) -> sp.Expr:
        inner = self.convert(e.expr)
        variables = [self.convert(v).name for v, count in e.variable_count for _ in range(count)]
        return atom(Atom(inner.name, tuple(sorted(variables))).name)


def _function_names(expression: sp.Expr) -> set[str]:
    """Canonical names of the functions of an expression whose arguments are suppressed."""
    found = set()
    for applied in expression.atoms(AppliedUndef):
        node = atom_of(latex(applied))
        if node is not None:
            found.add(node.base)
    return found
