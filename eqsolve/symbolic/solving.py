"""The triangular solution of a coefficient system, as a list of definitions in order of use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

import sympy as sp
from flint import arb, fmpq, fmpq_mpoly

from eqsolve.arithmetic.algebra import Ratio, Ring, collect
from eqsolve.arithmetic.ball import Values, evaluate, real_roots_of_balls
from eqsolve.arithmetic.number import precision
from eqsolve.errors import DerivationError, EqsolveError
from eqsolve.symbolic.display import notebook, text
from eqsolve.symbolic.matching import CoefficientSystem
from eqsolve.symbolic.notation import Notation, Writer


@dataclass(frozen=True)
class Definition:
    """``symbol = expression`` in symbols defined earlier, or a root of a polynomial.

    For a root, ``polynomial`` names the coefficients (leading one first) and ``expression`` is the
    polynomial itself, which vanishes at ``symbol``. ``is_solution`` tells an unknown of the problem
    from an abbreviation.
    """

    symbol: sp.Symbol
    expression: sp.Expr
    polynomial: tuple[sp.Symbol, ...] = ()
    is_solution: bool = False

    @property
    def is_root(self) -> bool:
        """Whether the symbol is defined implicitly, as a root."""
        return bool(self.polynomial)


@dataclass(frozen=True)
class ClosedForm:
    """A solution as a straight-line program.

    Attributes
    ----------
    definitions : every symbol in terms of parameters and earlier symbols.
    nonzero : expressions that were assumed nonzero on the way.
    """

    definitions: tuple[Definition, ...]
    nonzero: tuple[sp.Expr, ...]

    @cached_property
    def table(self) -> dict[sp.Symbol, Definition]:
        """The definitions by symbol."""
        return {d.symbol: d for d in self.definitions}

    def __getitem__(self, symbol: sp.Symbol) -> sp.Expr:
        return self.table[symbol].expression

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """The symbols that nothing defines, in order of name."""
        free = set().union(*(d.expression.free_symbols for d in self.definitions))
        return tuple(sorted(free - set(self.table), key=lambda s: s.name))

    def needed(self, outputs: Iterable[sp.Symbol]) -> tuple[Definition, ...]:
        """The definitions that the outputs depend on, in order."""
        wanted = set(outputs)
        chosen: list[Definition] = []
        for definition in reversed(self.definitions):
            if definition.symbol in wanted:
                chosen.append(definition)
                wanted |= definition.expression.free_symbols
        return tuple(reversed(chosen))

    def vanishes(self, expression: sp.Expr) -> bool:
        """Decide exactly whether an expression is zero by the definitions.

        Solutions are replaced by their definitions, the latest first, until the numerator is the
        zero polynomial once the abbreviations in it are spelled out; an implicit root enters as
        the remainder of a division by its polynomial. Both steps are exact. An expression that is
        not zero is mostly refuted beforehand by an enclosure at one point that excludes zero.
        """
        if self._refuted(expression):
            return False
        symbols = [d.symbol for d in self.definitions]
        ring = Ring.of(expression, symbols, *(d.expression for d in self.definitions))
        values = {d.symbol: ring.ratio(d.expression) for d in self.definitions}
        numerator = ring.ratio(expression).numerator
        if self._spelled_out(ring, numerator, values).is_zero():
            return True
        for definition in reversed(self.definitions):
            occurs = numerator.degrees()[ring.symbols.index(definition.symbol)] > 0
            if not definition.is_solution or not occurs:
                continue
            value = values[definition.symbol]
            if definition.is_root:
                numerator = self._spelled_out(ring, numerator, values)
                numerator = ring.remainder(numerator, value.numerator, definition.symbol)
            else:
                numerator = ring.substituted(numerator, definition.symbol, value)
            if self._spelled_out(ring, numerator, values).is_zero():
                return True
        return False

    def _refuted(self, expression: sp.Expr) -> bool:
        """Whether a ball that encloses the expression at a sample point excludes zero."""
        with precision(256):
            values = dict(self._sample)
            for unknown in expression.free_symbols - values.keys():
                values[unknown] = _draw(unknown, 0)
            try:
                return not evaluate(expression, values).contains(0)
            except EqsolveError:
                return False

    @cached_property
    def _sample(self) -> dict[sp.Symbol, arb]:
        """Values of all symbols at random parameters, consistent with the definitions."""
        for attempt in range(100):
            values = {s: _draw(s, attempt) for s in self.parameters}
            try:
                for definition in self.definitions:
                    if definition.is_root:
                        names = reversed(definition.polynomial)
                        root = real_roots_of_balls([values[name] for name in names])[0]
                        values[definition.symbol] = root
                    else:
                        values[definition.symbol] = evaluate(definition.expression, values)
            except (EqsolveError, IndexError):
                continue
            return values
        raise DerivationError("no sample point has a real root.", stage="solving")

    def _spelled_out(
        self, ring: Ring, numerator: fmpq_mpoly, values: Mapping[sp.Symbol, Ratio]
    ) -> fmpq_mpoly:
        for definition in reversed(self.definitions):
            if not definition.is_solution:
                numerator = ring.substituted(
                    numerator, definition.symbol, values[definition.symbol]
                )
        return numerator

    def extended(self, extra: Sequence[Definition], nonzero: Sequence[sp.Expr] = ()) -> ClosedForm:
        """Return a longer program."""
        return ClosedForm(self.definitions + tuple(extra), self.nonzero + tuple(nonzero))

    @property
    def lines(self) -> list[tuple[sp.Basic, sp.Basic]]:
        """The definitions; a root by the equation it solves."""
        return [
            (d.expression, sp.S.Zero) if d.is_root else (d.symbol, d.expression)
            for d in self.definitions
        ]

    def __str__(self) -> str:
        return text(self.lines)

    def _repr_latex_(self) -> str:
        return notebook(self.lines)


def run(program: Iterable[Definition], values: Values) -> None:
    """Evaluate definitions in order into ``values``, skipping those already there."""
    for definition in program:
        if definition.symbol not in values:
            values[definition.symbol] = evaluate(definition.expression, values)


def _draw(unknown: sp.Symbol, attempt: int) -> arb:
    """A reproducible random rational between 1/2 and 3/2 for a symbol."""
    return arb(fmpq(Random(f"{unknown.name}{attempt}").randrange(500, 1500), 1000))


class Solver:
    """Solves linear and triangular polynomial systems in the notation of an author."""

    def __init__(self, notation: Notation, atoms: Iterable[sp.Symbol] = ()) -> None:
        self.notation = notation
        self.writer = Writer(notation)
        self.definitions: list[Definition] = [
            Definition(name, value) for name, value in notation.abbreviations.items()
        ]
        self.nonzero: list[sp.Expr] = []
        self._fractions: dict[sp.Symbol, sp.Expr] = {}
        names = {name for parts in notation.split.values() for name in parts.values()}
        self._atoms = set(atoms) | names

    def closed_form(self) -> ClosedForm:
        """The program so far, sorted by dependency."""
        table = {d.symbol: d for d in self.definitions}
        ordered: dict[sp.Symbol, Definition] = {}

        def visit(symbol: sp.Symbol) -> None:
            definition = table.get(symbol)
            if definition is None or symbol in ordered:
                return
            needs = definition.expression.free_symbols - {symbol}
            for need in sorted(needs, key=lambda s: list(table).index(s) if s in table else -1):
                visit(need)
            ordered[symbol] = definition

        for symbol in table:
            visit(symbol)
        unique = list(dict.fromkeys(self.nonzero))
        return ClosedForm(tuple(ordered.values()), tuple(unique))

    def fraction(self, equation: sp.Expr, unknown: sp.Symbol) -> sp.Expr:
        """Solve an equation linear in ``unknown``; names its denominators; does not record it."""
        ring = Ring.of(equation, (unknown,))
        coefficients = ring.coefficients(ring.ratio(equation).numerator, unknown)
        if len(coefficients) != 2:
            raise DerivationError(f"the equation is not linear in {unknown}.", stage="solving")
        quotient = ring.ratio(-ring.expression(coefficients[0]) / ring.expression(coefficients[1]))
        top, bottom = ring.expression(quotient.numerator), ring.expression(quotient.denominator)
        content, factors = ring.factors(ring.polynomial(bottom))
        below = sp.S.One
        for factor, multiplicity in factors:
            named, sign = self._named(factor, unknown)
            below *= named**multiplicity
            content *= sign**multiplicity
            self.nonzero.append(named)
        return self.quotient(top / content, below, unknown)

    def quotient(self, top: sp.Expr, below: sp.Expr, unknown: sp.Symbol) -> sp.Expr:
        """Write a numerator, split along the environment where the notation asks for it."""
        split = self.notation.split.get(unknown)
        if not split:
            return self.writer.product(top) / below if top != 0 else sp.S.Zero
        total = sp.S.Zero
        parts = collect(top, [s for s in split if isinstance(s, sp.Symbol)])
        for monomial, name in split.items():
            part = parts.get(monomial, sp.S.Zero)
            value = self.writer.product(part) / below if part != 0 else sp.S.Zero
            self.definitions.append(Definition(name, value, is_solution=True))
            total += name * monomial
        return total

    def _named(self, factor: sp.Expr, unknown: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
        """Return the name of a denominator's factor and the sign taken out of it."""
        if not factor.is_Add:
            return factor, sp.S.One
        known = self.writer.recognize(factor)
        if known is not None:
            return (known, sp.S.One) if known.is_Symbol else (-known, -sp.S.One)
        normal = self.writer.normal_sign(factor)
        sign = sp.S.One if normal == factor else -sp.S.One
        names = [
            n for n in self.notation.denominators.get(unknown, ()) if n not in self.writer.known
        ]
        if not names:
            return self.writer.product(normal), sign
        written = self.writer.product(normal)
        self.writer.known[names[0]] = written
        self.definitions.append(Definition(names[0], written))
        return names[0], sign

    def define(self, unknown: sp.Symbol, value: sp.Expr) -> None:
        """Record a solution; values free of other unknowns are inserted in later equations."""
        simple = not value.free_symbols & self._atoms
        self.definitions.append(Definition(unknown, value, is_solution=not simple))
        if simple:
            self._fractions[unknown] = value

    def inserted(self, expression: sp.Expr) -> sp.Expr:
        """Insert the simple solutions found so far."""
        return expression.subs(self._fractions)

    def block(self, equations: Mapping[sp.Symbol, sp.Expr], pivot: sp.Symbol | None) -> None:
        """Solve one irreducible block: eliminate all unknowns but the pivot, then the pivot."""
        local: dict[sp.Symbol, sp.Expr] = {}
        pending = {u: e for u, e in equations.items() if u != pivot}
        while pending:
            ready = [u for u, e in pending.items() if not any(e.has(v) for v in pending if v != u)]
            if not ready:
                raise DerivationError(
                    f"the equations of {', '.join(map(str, pending))} are not triangular.",
                    stage="solving",
                )
            for unknown in ready:
                local[unknown] = self.fraction(pending.pop(unknown), unknown)
        if pivot is not None:
            self._pivot(equations[pivot], pivot, local)
        for unknown, value in local.items():
            self.define(unknown, value)

    def linear(self, equations: Mapping[sp.Symbol, sp.Expr]) -> None:
        """Solve a linear system by elimination, unknowns that need no other first."""
        pending = dict(equations)
        while pending:
            alone = [u for u, e in pending.items() if not any(e.has(v) for v in pending if v != u)]
            unknown = alone[0] if alone else next(reversed(pending))
            equation = pending.pop(unknown)
            if not alone:
                (value,) = sp.solve_linear(equation, symbols=[unknown])[1:]
                others = {v: e.subs(unknown, value) for v, e in pending.items()}
                self.linear(others)
                solved = {d.symbol: d.expression for d in self.definitions if d.symbol in others}
                equation = equation.subs(solved).subs(self.writer.known)
                pending = {}
            self.define(unknown, self.fraction(equation, unknown))

    def _pivot(self, equation: sp.Expr, pivot: sp.Symbol, local: dict[sp.Symbol, sp.Expr]) -> None:
        reduced = self.inserted(equation)
        for unknown in reversed(local):
            reduced = reduced.subs(unknown, local[unknown])
        reduced = self.inserted(reduced)
        ring = Ring.of(reduced, (pivot,))
        numerator = ring.ratio(reduced).numerator
        _, factors = ring.factors(numerator)
        carrying = [f for f, _ in factors if self.writer.spell_out(f).has(pivot)]
        self.nonzero += [f for f, _ in factors if f not in carrying]
        denominators = [n for n in self.writer.known if self.writer.spell_out(n).has(pivot)]
        carrying = [f for f in carrying if f not in denominators]
        if len(carrying) != 1:
            raise DerivationError(f"the equation of {pivot} splits: {carrying}.", stage="solving")
        polynomial = self._resolved(carrying[0], denominators)
        degree = sp.Poly(polynomial, pivot).degree()
        if degree == 1:
            self.define(pivot, self.fraction(polynomial, pivot))
        else:
            self._root(polynomial, pivot)

    def _resolved(self, factor: sp.Expr, names: Sequence[sp.Symbol]) -> sp.Expr:
        """Spell out the abbreviations that contain the pivot, and only those."""
        for name in reversed(names):
            factor = factor.subs(name, self.writer.known[name])
        return sp.expand(factor)

    def _root(self, polynomial: sp.Expr, pivot: sp.Symbol) -> None:
        ring = Ring.of(self.writer.spell_out(polynomial))
        _, ((polynomial, _),) = ring.factors(ring.polynomial(self.writer.spell_out(polynomial)))
        names = self.notation.polynomial[pivot]
        coefficients = sp.Poly(polynomial, pivot).all_coeffs()
        for name, coefficient in zip(names, coefficients, strict=True):
            self.definitions.append(Definition(name, self.writer.product(coefficient)))
        degree = len(names) - 1
        total = sp.Add(*(n * pivot ** (degree - k) for k, n in enumerate(names)))
        self.definitions.append(Definition(pivot, total, tuple(names), is_solution=True))


def solve(system: CoefficientSystem, notation: Notation) -> ClosedForm:
    """Solve a coefficient system block by block.

    Raises
    ------
    DerivationError
        If a block is neither linear nor reducible to one polynomial in one feedback coefficient.
    """
    solver = Solver(notation, atoms=system.unknowns)
    for block in system.blocks:
        pivots = [u for u in block if u in system.feedback_unknowns]
        if len(pivots) > 1:
            raise DerivationError(
                f"the unknowns {', '.join(map(str, pivots))} are coupled.",
                game=system.hjb.game.name,
                stage="solving",
                remedy="Solve this system numerically.",
            )
        equations = {u: system.equation(u).expression for u in block}
        solver.block(equations, pivots[0] if pivots else None)
    form = solver.closed_form()
    for equation in system.equations:
        if not form.vanishes(equation.expression):
            raise DerivationError(
                f"the solution leaves a residual in the equation of {equation.unknown}.",
                game=system.hjb.game.name,
                stage="solving",
            )
    return form
