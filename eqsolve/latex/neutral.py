"""Formulas as rational expressions in names: where an author's formula and a display meet.

A name is a SymPy symbol called like its canonical LaTeX. What is not rational (expectations, sums
over an index, roots, differentials) is a function of such expressions; ``flat`` replaces it by a
symbol that stands for it and its arguments in canonical form, so that equality is an identity of
polynomials.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.errors import DerivationError
from eqsolve.latex import grammar
from eqsolve.latex.grammar import Atom, Call, Context, Node, Number, Power, Product, Quotient, Sum
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
from eqsolve.symbolic.algebra import Ring
from eqsolve.symbols import latex_names

#: More terms than this after expansion are not compared.
MAX_TERMS = 50_000
_INDICES = frozenset("i j k l m n t s 0 1 2 3 * ,".split()) | {r"\tau"}


def atom(name: str) -> sp.Symbol:
    """The symbol of a canonical name."""
    return sp.Symbol(name)


def call(name: str, *arguments: sp.Expr) -> sp.Expr:
    """A function by its canonical name."""
    return sp.Function(name)(*arguments)


@dataclass(frozen=True)
class SymbolMap:
    """An author's notation: names of the author's, in canonical LaTeX, to those of the displays.

    An entry for a plain name also covers it with an agent's or a time index; an entry for the
    whole name comes first.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _inverse(self) -> dict[str, str]:
        return {ours: theirs for theirs, ours in self.names.items()}

    def translated(self, name: Atom, functions: frozenset[str]) -> str:
        """The name in the notation of the displays."""
        return _renamed(name, self.names, functions)

    def written(self, name: str) -> str:
        """A name of the displays in the author's notation."""
        node = _atom_of(name)
        return name if node is None else _renamed(node, self._inverse, frozenset())


def _atom_of(name: str) -> Atom | None:
    try:
        node = grammar.expression(name)
    except grammar.Unreadable:
        return None
    return node if isinstance(node, Atom) else None


def _renamed(name: Atom, table: Mapping[str, str], functions: frozenset[str]) -> str:
    if name.name in table:
        return table[name.name]
    base, sub, sup = name.base, name.sub, name.sup
    if base in functions:
        sub = tuple(sorted(table.get(part, part) for part in sub))
    if sup in table:
        sup = table[sup]
    indexed = set(sub) | ({sup} if sup else set()) <= _INDICES
    indexed = indexed and (len(sub) < 2 or "," in sub)
    if base in table and indexed:
        changed = _atom_of(table[base])
        if changed is not None and not (changed.sub and sub) and not (changed.sup and sup):
            base = changed.base
            sub, sup = sub or changed.sub, sup or changed.sup
        elif changed is not None and changed.sub and sub and not sup:
            base, sub = changed.base, (*changed.sub, ",", *sub)
    accent = re.fullmatch(r"(\\[a-z]+)\{(.*)\}", base)
    if accent and accent.group(2) in table:
        base = f"{accent.group(1)}{{{table[accent.group(2)]}}}"
    return Atom(base, sub, sup).name


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
        """Parse and convert; raises ``grammar.Unreadable``."""
        return self.expression(grammar.expression(tex, self.context))

    def name(self, node: Atom) -> str:
        """The canonical name in the notation of the displays."""
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
            head = re.sub(r"\{(.*?)\}", lambda m: f"{{{_mapped(m.group(1), names)}}}", head, count=1)
        return f"{head}{bar}{_mapped(condition, names)}"

    def expression(self, node: Node) -> sp.Expr:
        """Convert a syntax tree."""
        if _terms(node) > MAX_TERMS:
            raise grammar.Unreadable("too large to compare")
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
                raise grammar.Unreadable("division by zero")
            return self._converted(node.top) / bottom
        if isinstance(node, Power):
            base = self._converted(node.base)
            if base == 0 and node.exponent < 0:
                raise grammar.Unreadable("division by zero")
            return base**node.exponent
        return call(self.function(node), *map(self._converted, node.arguments))


def _mapped(text: str, names: Mapping[str, str]) -> str:
    """Rename the whole, or the tokens, of an index or a condition."""
    if text in names:
        return names[text]
    return grammar.joined([names.get(t.text, t.text) for t in grammar.tokenize(text)])


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
        ring = Ring.of(arguments)
        written = []
        for argument in arguments:
            ratio = ring.ratio(argument)
            parts = (ring.expression(ratio.numerator), ring.expression(ratio.denominator))
            written.append("/".join(sp.srepr(part) for part in parts))
        symbol = atom(f"{name}({';'.join(written)})")
        self.shown[symbol] = call(name, *arguments)
        return outside * symbol


def _outside(argument: sp.Expr, index: str) -> tuple[sp.Expr, list[sp.Expr]]:
    """Take the factors of a summand that do not carry the index out of the sum."""
    ring = Ring.of(argument)
    ratio = ring.ratio(argument)
    kept = taken = sp.S.One
    for part, power in ((ratio.numerator, 1), (ratio.denominator, -1)):
        if part.is_zero():
            return sp.S.One, [sp.S.Zero]
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
        names = [*self._differential_names()]
        functions = {
            grammar_name
            for line in self._all_lines()
            for side in (line.left, line.right)
            for grammar_name in _function_names(side)
        }
        indexed = frozenset(
            node.name for tex in self._superscripted() if (node := _atom_of(tex)) is not None
        )
        context = Context(differentials=bool(names), indexed=indexed)
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
        for symbol in known:
            try:
                name = self.convert(symbol)
            except grammar.Unreadable:
                continue
            if isinstance(name, sp.Symbol) and (name not in result or symbol in self._own):
                result[name] = symbol
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
        grammar.Unreadable
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
        for kind, convert in self._operators.items():
            if isinstance(e, kind):
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
        node = _atom_of(latex(applied))
        if node is not None:
            found.add(node.base)
    return found


def rational(expression: sp.Expr) -> sp.Expr:
    """Check that an expression can be compared; returns it."""
    try:
        Ring.of(expression).ratio(expression)
    except DerivationError as error:
        raise grammar.Unreadable(error.message) from error
    return expression
