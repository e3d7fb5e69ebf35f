"""What the formulas of an author are compared with: one display of a derivation, in names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.errors import DerivationError, EqsolveError
from eqsolve.latex import grammar
from eqsolve.latex.grammar import Relation
from eqsolve.latex.neutral import Flattener, Notation, Reader
from eqsolve.latex.printer import latex
from eqsolve.ledger import Checker, Display, Line
from eqsolve.model import Model
from eqsolve.symbolic.algebra import Ratio, Ring
from eqsolve.symbols import symbol, symbols

_PASSES = 10
_DISPLAYED = {"=": "=", ":=": "=", r"\overset{!}{=}": "="}
_MIRRORED = {"<": ">", r"\leq": r"\geq"}
#: Definitions of the game that hold for every agent's own symbols, too.
_PER_AGENT = frozenset(symbols("B s2"))
_OWN = frozenset(symbols("b nu sigma B s2"))
_LONG = 12


@dataclass(frozen=True)
class Agreement:
    """An author's statement says what a line says, up to a factor; ``how`` it was decided."""

    factor: sp.Expr
    how: str

    @property
    def is_exact(self) -> bool:
        """Whether the factor is plus or minus one."""
        return self.factor in (1, -1)


@dataclass(frozen=True)
class Side:
    """A relation in names: what is greater, or left, first."""

    left: sp.Expr
    relation: str
    right: sp.Expr

    @staticmethod
    def of(left: sp.Expr, relation: str, right: sp.Expr) -> Side:
        """Turn ``<`` around."""
        if relation in _MIRRORED:
            return Side(right, _MIRRORED[relation], left)
        return Side(left, relation, right)


class Reference:
    """One display, ready to be compared with.

    Parameters
    ----------
    model : the game it is from.
    display : the display.
    before : the displays before it, whose abbreviations are known here.
    checker : decides what follows from the derivation.
    """

    def __init__(
        self, model: Model, display: Display, before: tuple[Display, ...], checker: Checker
    ) -> None:
        self.model, self.display = model, display
        self._before, self._checker = before, checker
        self.notation = Notation(display)
        self.flattener = Flattener()

    def line(self, line: Line) -> Side:
        """A line in names."""
        relation = _DISPLAYED.get(line.relation, grammar.RELATIONS.get(line.relation, ""))
        if not relation:
            raise grammar.Unreadable(f"the relation {line.relation} of the display")
        left, right = self.notation.convert(line.left), self.notation.convert(line.right)
        return Side.of(left, relation, right)

    def statement(self, relation: Relation, reader: Reader) -> Side:
        """An author's statement in names."""
        left, right = reader.expression(relation.left), reader.expression(relation.right)
        return Side.of(left, relation.relation, right)

    @cached_property
    def table(self) -> dict[sp.Symbol, sp.Expr]:
        """The abbreviations and special values that are known at this display."""
        known: dict[sp.Symbol, sp.Expr] = {}
        game = self.model.derivation.game
        pairs = [(symbol("N"), 1 / symbol("n")), *game.definitions.items()]
        for own in self._agents_symbols():
            stem, _, index = own.name.rpartition("_")
            value = game.definitions[symbol(stem)]
            names = {s: symbol(f"{s.name}_{index}") for s in value.free_symbols & _OWN}
            pairs.append((own, value.xreplace(names)))
        for display in (*self._before, self.display):
            pairs += [(x.left, x.right) for x in display.let if isinstance(x.left, sp.Symbol)]
        pairs += self.display.given.items()
        for left, right in pairs:
            try:
                name, value = self.notation.convert(left), self.notation.convert(right)
            except grammar.Unreadable:
                continue
            if isinstance(name, sp.Symbol) and not value.has(name):
                known[name] = value
        return known

    def _agents_symbols(self) -> set[sp.Symbol]:
        found = set()
        for line in self.display.let + self.display.lines:
            for name in line.left.free_symbols | line.right.free_symbols:
                stem, _, index = name.name.rpartition("_")
                if stem in {s.name for s in _PER_AGENT} and (index.isdigit() or index in "ik"):
                    for own in _PER_AGENT:
                        found.add(symbol(f"{own.name}_{index}"))
        return found

    def table_for(
        self, line: Line, extra: Mapping[sp.Symbol, sp.Expr] | None = None
    ) -> dict[sp.Symbol, sp.Expr]:
        """The abbreviations that may be inserted in a line: not what it defines."""
        subject = self.notation.convert(line.left)
        return {k: v for k, v in {**self.table, **(extra or {})}.items() if k != subject}

    # ------------------------------------------------------------ comparing

    def agreement(
        self, found: Side, line: Line, extra: Mapping[sp.Symbol, sp.Expr]
    ) -> Agreement | None:
        """Decide exactly whether an author's statement says what a line says."""
        wanted = self.line(line)
        if found.relation != wanted.relation:
            return None
        first, second = found.left - found.right, wanted.left - wanted.right
        factor = self._proportional(first, second, found.relation)
        if factor is not None:
            return Agreement(factor, "identity")
        if not self._flat(first) or self._flat(first).is_zero():
            return None
        table = self.table_for(line, extra)
        factor = self._proportional(
            inserted(first, table), inserted(second, table), found.relation
        )
        if factor is not None:
            return Agreement(factor, "abbreviations")
        if self._follows(found, wanted, line, table):
            return Agreement(sp.S.One, "derivation")
        return None

    def _flat(self, expression: sp.Expr) -> Ratio:
        flat = self.flattener.flat(expression)
        try:
            return Ring.of(flat).ratio(flat)
        except DerivationError as error:
            raise grammar.Unreadable(error.message) from error

    def _proportional(self, first: sp.Expr, second: sp.Expr, relation: str) -> sp.Expr | None:
        """The quotient, if the two vanish (or are positive) together; else None."""
        first, second = self.flattener.flat(first), self.flattener.flat(second)
        ring = Ring.of(first, second)
        try:
            a, b = ring.ratio(first), ring.ratio(second)
        except DerivationError as error:
            raise grammar.Unreadable(error.message) from error
        if a.is_zero() or b.is_zero():
            return None
        common = a.numerator.gcd(b.numerator)
        above, below = a.numerator / common, b.numerator / common
        for polynomial in (above, below):
            if not all(self._nonzero(f) for f, _ in ring.factors(polynomial)[1]):
                return None
        quotient = Ratio.reduced(ring, above * b.denominator, below * a.denominator)
        content, top = ring.factors(quotient.numerator)
        scale, bottom = ring.factors(quotient.denominator)
        if relation not in ("=", r"\neq"):
            odd = [f for f, power in (*top, *bottom) if power % 2]
            if content / scale < 0 or not all(self._positive(f) for f in odd):
                return None
            if relation == r"\to" and (top or bottom):
                return None
        result: sp.Expr = content / scale
        return result * sp.Mul(*(f**k for f, k in top)) / sp.Mul(*(f**k for f, k in bottom))

    def _positive(self, factor: sp.Expr) -> bool:
        own = self.notation.symbols.get(factor) if isinstance(factor, sp.Symbol) else None
        return own is not None and bool(own.is_positive)

    def _nonzero(self, factor: sp.Expr) -> bool:
        """Whether a factor is known not to vanish."""
        if not isinstance(factor, sp.Symbol):
            return False
        own = self.notation.symbols.get(factor)
        return self._positive(factor) or own in self.model.derivation.form.nonzero

    def _follows(
        self, found: Side, wanted: Side, line: Line, table: Mapping[sp.Symbol, sp.Expr]
    ) -> bool:
        """Whether the same left side equals something that the derivation proves equal."""
        subject = wanted.left
        proved = self.display.kind in ("solution", "identity") and self.display.proof == "exact"
        if not proved or found.relation != "=" or not isinstance(subject, sp.Symbol):
            return False
        value = found.right if found.left == subject else found.left
        if subject not in (found.left, found.right) or value.has(subject, AppliedUndef):
            return False
        back = {name: self.notation.symbols.get(name) for name in value.free_symbols}
        if None in back.values() or self._checker.introduces(line, self.display):
            return False
        claim = Line(line.left, value.xreplace(back))
        try:
            return self._checker.holds(claim, self.display)
        except EqsolveError:
            return False

    # -------------------------------------------------------------- showing

    def shown(self, expression: sp.Expr, names: Mapping[sp.Symbol, str]) -> str:
        """The LaTeX of an expression in names, factored or, if that is shorter, expanded."""
        flat = self.flattener.flat(expression)
        ring = Ring.of(flat)
        ratio = ring.ratio(flat)
        content, factors = ring.factors(ratio.numerator)
        below = ring.expression(ratio.denominator)
        factored = content * sp.Mul(*(f**k for f, k in factors)) / below
        if ratio.is_zero():
            factored = sp.S.Zero
        back = {n: s for n, s in self.notation.symbols.items() if n in factored.free_symbols}
        texts = {s: names.get(n, n.name) for n, s in back.items()}
        for name in factored.free_symbols - back.keys():
            shown = self.flattener.shown.get(name)
            texts[name] = names.get(name, name.name) if shown is None else self._call(shown, names)
        return latex(factored.xreplace(back), texts)

    def _call(self, applied: sp.Expr, names: Mapping[sp.Symbol, str]) -> str:
        name, bar, condition = applied.func.__name__.partition("|")
        inner = ", ".join(self.shown(argument, names) for argument in applied.args)
        if name == "d":
            return f"d{inner}"
        if name == r"\langle":
            return rf"\langle {inner} \rangle"
        if name.startswith(r"\sqrt"):
            return f"{name}{{{inner}}}".replace("[2]", "")
        if bar:
            inner += rf" \mid {condition}"
        shown = {"E": r"\mathbb{E}", "Var": r"\operatorname{Var}"}.get(name, name)
        return f"{shown}[ {inner} ]" if shown != name else rf"{shown}({inner})"


def inserted(expression: sp.Expr, table: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """Insert abbreviations until none is left."""
    for _ in range(_PASSES):
        if not expression.free_symbols & table.keys():
            break
        expression = expression.xreplace(table)
    return expression
