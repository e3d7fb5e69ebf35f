"""Formulas as rational expressions in names: where an author's formula and a display meet.

A name is a SymPy symbol called like its canonical LaTeX. What is not rational (expectations, sums
over an index, roots, differentials) is a function of such expressions; ``flat`` replaces it by a
symbol that stands for it and its arguments in canonical form, so that equality is an identity of
polynomials.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.latex import grammar
from eqsolve.latex.budget import Budget
from eqsolve.latex.printer import latex
from eqsolve.latex.symbol_map import SymbolMap, atom_of, mapped
from eqsolve.latex.syntax import (
    Atom,
    Call,
    Context,
    Node,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Unreadable,
)
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
from eqsolve.symbolic.algebra import Ring
from eqsolve.symbols import latex_names, symbol

#: More terms than this after expansion are not compared.
MAX_TERMS = 50_000
#: A larger number, or degree, is not.
MAX_BITS = 10_000
#: Terms of the largest summand whose factors are sought.
_FACTORED = 300
#: Functions that a positive number may be taken out of.
_HOMOGENEOUS = ("E|", r"\lim", r"\sup", r"\inf", r"\int")
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
        return self.expression(grammar.expression(tex, self.context))

    def name(self, node: Atom) -> str:
        """The canonical name in the notation of the displays."""
        if node.base == r"\ldots":
            raise Unreadable("dots stand for what is not written")
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


class Flattener:
    """Replaces functions by symbols, one per function and canonical arguments."""

    def __init__(self) -> None:
        self.shown: dict[sp.Symbol, sp.Expr] = {}

    def flat(self, expression: sp.Expr) -> sp.Expr:
        """Return the expression without functions."""
        if not expression.has(AppliedUndef):
            return expression
        if isinstance(expression, AppliedUndef):
            arguments = [self.flat(a) for a in expression.args]
            return self._function(expression.func.__name__, arguments)
        return expression.func(*map(self.flat, expression.args))

    def _function(self, name: str, arguments: list[sp.Expr]) -> sp.Expr:
        outside = sp.S.One
        if name.startswith(r"\sum") and (index := re.match(r"\\sum_\{(\w)", name)):
            outside, arguments = _outside(arguments[0], index.group(1))
        elif len(arguments) == 1 and f"{name}|".startswith(_HOMOGENEOUS):
            linear = not name.startswith((r"\liminf", r"\limsup", r"\sup", r"\inf"))
            outside, arguments = _number_outside(arguments[0], linear)
        for argument in arguments:
            Budget().check(argument)
        ring = Ring.of(arguments)
        written = []
        for argument in arguments:
            ratio = ring.ratio(argument)
            parts = (ring.expression(ratio.numerator), ring.expression(ratio.denominator))
            written.append("/".join(sp.srepr(part) for part in parts))
        stands = atom(f"{name}({';'.join(written)})")
        self.shown[stands] = call(name, *arguments)
        return outside * stands


def _number_outside(argument: sp.Expr, linear: bool) -> tuple[sp.Expr, list[sp.Expr]]:
    """Take a number out of a linear function, its size out of a limit or a supremum."""
    Budget().check(argument)
    ring = Ring.of(argument)
    ratio = ring.ratio(argument)
    if ratio.is_zero():
        return sp.S.One, [argument]
    number = ring.factors(ratio.numerator)[0] / ring.factors(ratio.denominator)[0]
    number = number if linear else abs(number)
    return number, [argument / number]


def _outside(argument: sp.Expr, index: str) -> tuple[sp.Expr, list[sp.Expr]]:
    """Take the factors of a summand that do not carry the index out of the sum."""
    Budget().check(argument)
    ring = Ring.of(argument)
    ratio = ring.ratio(argument)
    kept = taken = sp.S.One
    for part, power in ((ratio.numerator, 1), (ratio.denominator, -1)):
        if part.is_zero():
            return sp.S.One, [sp.S.Zero]
        if len(part) > _FACTORED:
            raise Unreadable(f"too large: a sum over {len(part)} terms")
        content, factors = ring.factors(part)
        taken *= content**power
        for factor, multiplicity in factors:
            carries = any(_carries(s.name, index) for s in factor.free_symbols)
            if carries:
                kept *= factor ** (power * multiplicity)
            else:
                taken *= factor ** (power * multiplicity)
    return taken, [kept]


def _carries(name: str, index: str) -> bool:
    return bool(re.search(rf"[_^]\{{(?:[^{{}}]*,)?{index}\}}", name)) or "(" in name


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
            integral and symbol("d") not in self._own
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

    def _converted(self, e: sp.Expr) -> sp.Expr:
        if isinstance(e, sp.Symbol):
            return self.reader.read(self._texts.get(e) or latex(e))
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
            OverOthers: lambda e: atom("n") ** -e.args[1]
            * call(r"\sum_{k\neq i}", self.convert(e.args[0])),
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
