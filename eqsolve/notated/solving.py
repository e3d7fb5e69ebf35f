"""Solving a coefficient system: what is introduced on the way has the author's names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sympy as sp

from eqsolve.arithmetic.algebra import Ring, collect
from eqsolve.derivation.closed_form import ClosedForm, Definition
from eqsolve.errors import DerivationError
from eqsolve.notated.matching import CoefficientSystem
from eqsolve.notated.notation import Notation, Writer


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
