"""What the formulas of an author are compared with: one display of a derivation, in names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.arithmetic.algebra import Ratio, Ring
from eqsolve.errors import DerivationError
from eqsolve.latex.checking.budget import Budget
from eqsolve.latex.checking.flattener import Flattener
from eqsolve.latex.checking.reader import Reader
from eqsolve.latex.grammar.tokens import RELATIONS, Unreadable
from eqsolve.latex.grammar.tree import Relation
from eqsolve.latex.printer import latex
from eqsolve.ledger import EQUATED, Display, Line

_PASSES = 10
_DISPLAYED = {"=": "=", ":=": "=", r"\overset{!}{=}": "="}
_MIRRORED = {"<": ">", r"\leq": r"\geq"}
_LONG = 12
#: Terms of the longest difference that is shown.
_SHOWN = 300


class Naming(Protocol):
    """Leads from the expressions of a display to names, and back."""

    @property
    def reader(self) -> Reader:
        """Reads formulas in the displays' own notation."""

    @property
    def symbols(self) -> dict[sp.Symbol, sp.Symbol]:
        """The derivation's symbols by the symbols of their names."""

    def convert(self, expression: sp.Expr) -> sp.Expr:
        """An expression of the derivation in names; raises ``Unreadable``."""


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


class Reference(ABC):
    """One display, ready to be compared with.

    Comparisons raise ``Unreadable`` where they would cost too much.

    Parameters
    ----------
    display : the display.
    notation : leads from its expressions to names.
    """

    def __init__(self, display: Display, notation: Naming) -> None:
        self.display, self.notation = display, notation
        self.flattener = Flattener()
        #: Lines that are known not to be identities of any two sides, such as 0 = 0.
        self.solid: AbstractSet[Line] = frozenset()

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines."""
        return self.display.lines

    @cached_property
    @abstractmethod
    def table(self) -> dict[sp.Symbol, sp.Expr]:
        """The abbreviations and special values that are known at this display."""

    @cached_property
    @abstractmethod
    def game_symbols(self) -> set[sp.Symbol]:
        """The derivation's symbols that any display of the game shows."""

    @abstractmethod
    def _positive(self, factor: sp.Expr) -> bool:
        """Whether a factor is known to be positive."""

    @abstractmethod
    def _nonzero(self, factor: sp.Expr) -> bool:
        """Whether a factor is known not to vanish."""

    def _follows(
        self, found: Side, wanted: Side, line: Line, table: Mapping[sp.Symbol, sp.Expr]
    ) -> bool:
        """Whether the same left side equals something that the derivation proves equal."""
        return False

    def proves(self, found: Side) -> bool:
        """Whether an equation that is in no line follows from the derivation all the same."""
        return False

    def line(self, line: Line) -> Side:
        """A line in names."""
        relation = _DISPLAYED.get(line.relation, RELATIONS.get(line.relation, ""))
        if not relation:
            raise Unreadable(f"the relation {line.relation} of the display")
        left, right = self.notation.convert(line.left), self.notation.convert(line.right)
        return Side.of(left, relation, right)

    def statement(self, relation: Relation, reader: Reader) -> Side:
        """An author's statement in names."""
        left, right = reader.expression(relation.left), reader.expression(relation.right)
        return Side.of(left, relation.relation, right)

    def table_for(
        self, line: Line, extra: Mapping[sp.Symbol, sp.Expr] | None = None
    ) -> dict[sp.Symbol, sp.Expr]:
        """The abbreviations that may be inserted in a line: not what it defines."""
        known = {**self.table, **(extra or {})}
        if line.relation not in EQUATED:
            # a condition on something that another line of the display defines
            return {**known, **self.defined}
        subject = self.notation.convert(line.left)
        return {k: v for k, v in known.items() if k != subject}

    @cached_property
    def names(self) -> set[sp.Symbol]:
        """Every name that the display shows."""
        found: set[sp.Symbol] = set()
        for line in self.display.let + self.lines:
            try:
                found |= self.notation.convert(line.left).free_symbols
                found |= self.notation.convert(line.right).free_symbols
            except Unreadable:
                continue
        return found

    def vanishes(self, expression: sp.Expr) -> bool:
        """Whether an expression in names is identically zero."""
        return self._is_zero(expression)

    @cached_property
    def defined(self) -> dict[sp.Symbol, sp.Expr]:
        """What the lines of the display define."""
        lines = (x for x in self.lines if x.relation == "=" and isinstance(x.left, sp.Symbol))
        found = {self.notation.convert(x.left): self.notation.convert(x.right) for x in lines}
        return {name: value for name, value in found.items() if not value.has(name)}

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
        if self._is_zero(first):
            return None
        table = self.table_for(line, extra)
        factor = self._proportional(inserted(first, table), inserted(second, table), found.relation)
        if factor is not None:
            return Agreement(factor, "abbreviations")
        if self._follows(found, wanted, line, table):
            return Agreement(sp.S.One, "derivation")
        return None

    def repeats(self, found: Side, line: Line) -> bool:
        """Whether a statement is a line as it is written, so that nothing is to be computed."""
        if line not in self.solid:
            return False
        wanted = self.line(line)
        return found.relation == wanted.relation and (
            found.left - found.right == wanted.left - wanted.right
        )

    def states(self, line: Line) -> bool:
        """Whether a line is not the identity of two sides."""
        try:
            wanted = self.line(line)
            return not self._is_zero(wanted.left - wanted.right)
        except Unreadable:
            return False

    def _is_zero(self, expression: sp.Expr) -> bool:
        try:
            flat = self.flattener.flat(expression)
            Budget().check(flat)
            return Ring.of(flat).ratio(flat).is_zero()
        except DerivationError:
            return False

    def _proportional(self, first: sp.Expr, second: sp.Expr, relation: str) -> sp.Expr | None:
        """The quotient, if the two vanish (or are positive) together; else None."""
        try:
            first, second = self.flattener.flat(first), self.flattener.flat(second)
            for side in (first, second):
                Budget().check(side)
            ring = Ring.of(first, second)
            a, b = ring.ratio(first), ring.ratio(second)
        except DerivationError:
            # a denominator is zero, for example at the special values of the display
            return None
        if a.is_zero() or b.is_zero():
            return None
        common = a.numerator.gcd(b.numerator)
        above, below = a.numerator / common, b.numerator / common
        parts = (above, below)
        if common.is_constant() and not all(part.is_constant() for part in parts):
            return None  # nothing in common: that a factor does not vanish would be the statement
        for polynomial in parts:
            # what is known not to vanish are symbols, and their products have one term
            if len(polynomial) != 1:
                return None
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

    # -------------------------------------------------------------- showing

    def written(self, line: Line, texts: Mapping[sp.Symbol, str]) -> str:
        """The LaTeX of a line."""
        return f"{latex(line.left, texts)} {line.relation} {latex(line.right, texts)}"

    def shown(self, expression: sp.Expr, names: Mapping[sp.Symbol, str]) -> str:
        """The LaTeX of an expression in names, factored or, if that is shorter, expanded."""
        flat = self.flattener.flat(expression)
        Budget().check(flat)
        ring = Ring.of(flat)
        ratio = ring.ratio(flat)
        if len(ratio.numerator) > _SHOWN:
            raise Unreadable(f"too large to show: {len(ratio.numerator)} terms")
        content, factors = ring.factors(ratio.numerator)
        below = ring.expression(ratio.denominator)
        factored = content * sp.Mul(*(f**k for f, k in factors)) / below
        if ratio.is_zero():
            factored = sp.S.Zero
        used = factored.free_symbols
        back = {n: self.notation.symbols[n] for n in used if n in self.notation.symbols}
        texts = {s: names.get(n, n.name) for n, s in back.items()}
        for name in used - back.keys():
            shown = self.flattener.shown.get(name)
            texts[name] = names.get(name, name.name) if shown is None else self._call(shown, names)
        return latex(factored.xreplace(back), texts)

    def inside(self, found: sp.Expr, wanted: sp.Expr) -> tuple[str, sp.Expr]:
        """Follow a difference into the only function that differs: its name, the difference.

        The name is empty if the difference is not inside a function.
        """
        first = found.atoms(AppliedUndef) - wanted.atoms(AppliedUndef)
        second = wanted.atoms(AppliedUndef) - found.atoms(AppliedUndef)
        outer = [max(s, key=sp.count_ops) for s in (first, second) if s]
        if len(outer) == 2 and outer[0].func == outer[1].func and len(outer[0].args) == 1:
            one, other = outer
            rest = self.flattener.flat(
                found.xreplace({one: sp.S.Zero}) - wanted.xreplace({other: 0})
            )
            if Ring.of(rest).ratio(rest).is_zero():
                name, difference = self.inside(one.args[0], other.args[0])
                own = one.func.__name__.partition("|")[0]
                return f"{own} {name}".strip(), difference
        return "", found - wanted

    def _call(self, applied: sp.Expr, names: Mapping[sp.Symbol, str]) -> str:
        name, bar, condition = applied.func.__name__.partition("|")
        inner = ", ".join(self.shown(argument, names) for argument in applied.args)
        if name == "d":
            return f"d{inner}"
        if name == "at":
            function, _, inner = inner.partition(", ")
            return f"{function}({inner})"
        if name == "list":
            return f"({inner})"
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
