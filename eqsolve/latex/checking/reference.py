"""What the formulas of an author are compared with: one display of a derivation, in names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.errors import DerivationError, EqsolveError
from eqsolve.latex.checking.budget import Budget
from eqsolve.latex.checking.flattener import Flattener
from eqsolve.latex.checking.notation import Notation
from eqsolve.latex.checking.reader import Reader
from eqsolve.latex.grammar.tokens import RELATIONS, Unreadable
from eqsolve.latex.grammar.tree import Relation
from eqsolve.latex.printer import latex
from eqsolve.ledger import EQUATED, Checker, Display, Line
from eqsolve.model import Model
from eqsolve.symbolic.algebra import Ratio, Ring
from eqsolve.symbols import symbol

_PASSES = 10
_DISPLAYED = {"=": "=", ":=": "=", r"\overset{!}{=}": "="}
_MIRRORED = {"<": ">", r"\leq": r"\geq"}
_LONG = 12
#: Terms of the longest difference that is shown.
_SHOWN = 300


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

    Comparisons raise ``Unreadable`` where they would cost too much.

    Parameters
    ----------
    model : the game it is from.
    display : the display.
    others : all displays of the game, whose abbreviations are known here, too.
    checker : decides what follows from the derivation.
    """

    def __init__(
        self, model: Model, display: Display, others: tuple[Display, ...], checker: Checker
    ) -> None:
        self.model, self.display = model, display
        self._others, self._checker = others, checker
        self.notation = Notation(display)
        self.flattener = Flattener()

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines; where the left side is left out, it is that of the line before."""
        result: list[Line] = []
        for line in self.display.lines:
            if result and latex(line.left, dict(self.display.names)).strip() in ("", "{}"):
                line = replace(line, left=result[-1].left)
            result.append(line)
        return tuple(result)

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

    @cached_property
    def table(self) -> dict[sp.Symbol, sp.Expr]:
        """The abbreviations and special values that are known at this display."""
        known: dict[sp.Symbol, sp.Expr] = {}
        game = self.model.derivation.game
        roles = self.model.roles
        pairs = [] if roles is None else [(roles.reciprocal, 1 / roles.size)]
        pairs += game.definitions.items()
        parameters = frozenset(() if roles is None else roles.own)
        for own in self._agents_symbols():
            stem, _, index = own.name.rpartition("_")
            value = game.definitions[symbol(stem)]
            names = {s: symbol(f"{s.name}_{index}") for s in value.free_symbols & parameters}
            pairs.append((own, value.xreplace(names)))
        # a name may mean something else further away: what was introduced last counts
        place = self._others.index(self.display)
        general = [d for d in self._others[place + 1 :] if not d.given]
        for display in (*reversed(general), *self._others[: place + 1]):
            pairs += [(x.left, x.right) for x in display.let if isinstance(x.left, sp.Symbol)]
        pairs += self.display.given.items()
        for left, right in pairs:
            try:
                name, value = self.notation.convert(left), self.notation.convert(right)
            except Unreadable:
                continue
            if isinstance(name, sp.Symbol) and not value.has(name):
                known[name] = value
        return known

    def _agents_symbols(self) -> set[sp.Symbol]:
        roles = self.model.roles
        own_names = frozenset(() if roles is None else roles.own)
        definitions = own_names & set(self.model.derivation.game.definitions)
        found = set()
        for line in self.display.let + self.display.lines:
            for name in line.left.free_symbols | line.right.free_symbols:
                stem, _, index = name.name.rpartition("_")
                if stem in {s.name for s in definitions} and (index.isdecimal() or index in "ik"):
                    for own in definitions:
                        found.add(symbol(f"{own.name}_{index}"))
        return found

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
    def game_symbols(self) -> set[sp.Symbol]:
        """The derivation's symbols that any display of the game shows."""
        lines = (x for display in self._others for x in (*display.let, *display.lines))
        return set().union(*(x.left.free_symbols | x.right.free_symbols for x in lines))

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

    def proves(self, found: Side) -> bool:
        """Whether an equation that is in no line follows from the derivation all the same."""
        names = found.left.free_symbols | found.right.free_symbols
        back = {name: self.notation.symbols.get(name) for name in names}
        gap = found.left - found.right
        if found.relation != "=" or None in back.values() or gap.has(AppliedUndef):
            return False
        claim = Line(found.left.xreplace(back), found.right.xreplace(back))
        if self._is_zero(gap) or not self._checker.states(claim, self.display):
            return False
        try:
            return self._checker.holds(claim, self.display)
        except EqsolveError:
            return False

    # -------------------------------------------------------------- showing

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
