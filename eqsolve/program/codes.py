"""What every part of a program is written with: names of letters, and expressions as operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sympy as sp

from eqsolve.arithmetic.code import Code
from eqsolve.arithmetic.function import Function
from eqsolve.derivation.conditions import Condition
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.units import Units
from eqsolve.errors import DerivationError
from eqsolve.program.letters import Names
from eqsolve.program.program import Claim, Form, Quantity, Table, monomial


class Codes:
    """Writes expressions of one derivation.

    Hidden letters of the same name are told apart by a stroke; ``letters`` are those that were
    named.
    """

    def __init__(self, derivation: Derivation) -> None:
        self.derivation, self.model = derivation, derivation.model
        laws = (law.symbol for law in self.model.game.laws)
        self.places = (*self.model.game.state_symbols, *laws)
        self.spelled: dict[sp.Symbol, sp.Expr] = {}
        for name, value in derivation.solved.game.definitions.items():
            self.spelled[name] = value.xreplace(self.spelled)
        self.letters: dict[str, sp.Symbol] = {}
        fixed = derivation.fixed
        self.typed = fixed is not None and bool(fixed.totals)
        self.frozen = derivation.averages

    def name(self, symbol: sp.Symbol) -> str:
        """The name of a letter."""
        name = symbol.name
        while self.letters.setdefault(name, symbol) != symbol:
            if not isinstance(symbol, sp.Dummy) and not isinstance(self.letters[name], sp.Dummy):
                raise DerivationError(
                    f"there are two different symbols called {name}.",
                    game=self.model.name,
                    stage="program",
                    remedy="Use one symbol for one name, with the same assumptions everywhere.",
                )
            name += "'"
        return str(name)

    def names(self, symbols: Iterable[sp.Symbol]) -> Names:
        """The names of letters."""
        return tuple(map(self.name, symbols))

    def code(self, expressions: Iterable[sp.Expr]) -> Code:
        """Expressions as one program of what they need, by name."""
        inserted = [(sp.S.Zero + e).xreplace(self.spelled) for e in expressions]
        free = sorted(set().union(*(e.free_symbols for e in inserted)), key=str)
        function = Function(inserted, free)
        return Code(self.names(free), function.constants, function.steps, function.outputs)

    def quantity(self, expression: sp.Expr) -> Quantity:
        """A number that the parameters give."""
        return Quantity(str(expression), self.code([expression]))

    def table(self, expressions: Mapping[sp.Symbol, sp.Expr]) -> Table:
        """Expressions by name."""
        return Table(self.names(expressions), self.code(expressions.values()))

    def claims(self, conditions: Sequence[Condition]) -> tuple[Claim, ...]:
        """Conditions as programs of the coefficients of the functions."""
        explicit = self.derivation.spelled
        return tuple(
            Claim(c.sentence, self.code([c.expression.xreplace(explicit)])) for c in conditions
        )

    def by_monomial(self, expression: sp.Expr, states: Sequence[sp.Symbol]) -> Table:
        """The coefficients of a polynomial in the states; none if it is not one."""
        letters = self.model.written(states)
        found = coefficients(expression.xreplace(dict(self.model.coordinates)), letters)
        names = tuple(monomial(e, self.names(letters)) for e in found)
        return Table(names, self.code(found.values()))

    def forms(
        self, forms: Mapping[sp.Symbol, sp.Expr], letters: Sequence[sp.Symbol]
    ) -> tuple[Form, ...]:
        """Functions of letters, by monomial and as they are."""
        found = []
        for control, form in forms.items():
            rows = self.by_monomial(form, letters)
            if not rows.names:
                rows = self.by_unit(form, letters)
            found.append(Form(self.name(control), rows, self.code([form])))
        return tuple(found)

    def by_unit(self, expression: sp.Expr, states: Sequence[sp.Symbol]) -> Table:
        """The coefficients by products of powers, exponentials and logarithms of the states."""
        found = by_unit(expression, states, self.derivation)
        return Table(tuple(found), self.code(found.values()))


def coefficients(
    expression: sp.Expr, states: Sequence[sp.Symbol], every: bool = False
) -> dict[tuple[int, ...], sp.Expr]:
    """The coefficients of a polynomial in the states by exponents; none if it is not one."""
    expanded = sp.expand(expression)
    present = list(states) if every else [s for s in states if expanded.has(s)]
    if not expanded.is_polynomial(*present):
        return {}
    if not present:
        return {(0,) * len(states): expanded}
    found = {}
    for exponents, coefficient in sp.Poly(expanded, *present).terms():
        powers = dict(zip(present, map(int, exponents)))
        found[tuple(powers.get(s, 0) for s in states)] = coefficient
    return found


def by_unit(
    expression: sp.Expr, states: Sequence[sp.Symbol], derivation: Derivation
) -> dict[str, sp.Expr]:
    """The coefficients of a sum of products of units of the states, as ``f*sqrt(1 - x)``, by how
    these products are written; none if it is no such sum, or a coefficient stands in a unit."""
    units = Units.of([expression])
    ratio = units.ratio(expression)
    system = derivation.system
    unknown = {*system.unknowns, *system.implicit, *derivation.explicit}
    inside = [units.ring.symbols[k] for k in units.depending(states)]
    hidden = set().union(*(units.meaning.get(s, s).free_symbols for s in inside)) & unknown
    below, *others = units.parts(ratio.denominator, states).items()
    if hidden or others:
        return {}
    found = {}
    for key, part in units.parts(ratio.numerator, states).items():
        powers = tuple(a - b for a, b in zip(key, below[0]))
        unit = sp.Mul(*(units.meaning.get(s, s) ** k for s, k in zip(units.ring.symbols, powers)))
        found[str(sp.powsimp(unit))] = units.expression(part) / units.expression(below[1])
    return found
