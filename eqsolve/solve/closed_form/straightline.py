"""Closed forms as plain Python functions over any field of numbers.

The definitions of a game are translated once to a list of sums, differences, products and
quotients. The same list then runs on balls (rigorous enclosures), on exact rational numbers, on
residues modulo a polynomial (exact algebraic numbers) and on truncated power series (derivatives).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import add, mul, sub, truediv
from typing import Any

import sympy as sp
from flint import fmpq

from eqsolve.derivation.closed_form import Definition
from eqsolve.kernels.cubic.program import (
    VALUE,
    Program,
    coupling,
    divides,
    program,
    weights,
    without,
)
from eqsolve.notated.published import Published
from eqsolve.symbols import symbol

#: A function of the set of absent parameters and of values of symbols, to values of symbols.
Code = Callable[..., tuple[Any, ...]]

#: An operation and the places of its operands; the result takes the next place.
Step = tuple[Callable[[Any, Any], Any], int, int]


class _Tape:
    """Operations under construction; equal expressions are computed once."""

    def __init__(self, inputs: Iterable[sp.Symbol], constants: Iterable[sp.Rational]) -> None:
        self.constants = tuple(constants)
        symbols: list[sp.Expr] = [*inputs, *self.constants]
        self.place: dict[sp.Expr, int] = {s: k for k, s in enumerate(symbols)}
        self.size = len(symbols)
        self.steps: list[Step] = []

    def emit(self, operation: Callable[[Any, Any], Any], a: int, b: int) -> int:
        """Append an operation; return the place of its result."""
        self.steps.append((operation, a, b))
        self.size += 1
        return self.size - 1

    def value(self, expression: sp.Expr) -> int:
        """The place of an expression, computed unless it is known."""
        if expression not in self.place:
            if expression.is_Add:
                self.place[expression] = self._sum(expression)
            elif expression.is_Mul or expression.is_Pow:
                self.place[expression] = self._product(expression)
            else:
                raise TypeError(f"{expression} is not rational")
        return self.place[expression]

    def _sum(self, expression: sp.Expr) -> int:
        terms = sorted(expression.args, key=lambda term: term.could_extract_minus_sign())
        total = self.value(terms[0])
        for term in terms[1:]:
            if term.could_extract_minus_sign():
                total = self.emit(sub, total, self.value(-term))
            else:
                total = self.emit(add, total, self.value(term))
        return total

    def _product(self, expression: sp.Expr) -> int:
        above, below = expression.as_numer_denom()
        if below != 1:
            return self.emit(truediv, self.value(above), self.value(below))
        factors: list[sp.Expr] = []
        for factor in sp.Mul.make_args(expression):
            base, exponent = factor.as_base_exp()
            if not exponent.is_Integer:
                raise TypeError(f"{factor} is not rational")
            factors += [base] * int(exponent)
        total = self.value(factors[0])
        for factor in factors[1:]:
            total = self.emit(mul, total, self.value(factor))
        return total


def _compiled(
    definitions: Sequence[Definition],
    inputs: Iterable[sp.Symbol],
    outputs: Iterable[sp.Symbol],
    zero_without: Mapping[sp.Symbol, sp.Symbol],
) -> Code:
    """A function of the set of parameters that are zero and of the inputs."""
    numbers = {sp.S.Zero, sp.S.One, sp.S.NegativeOne}
    for definition in definitions:
        numbers |= _constants(definition.expression)
    tape = _Tape(inputs, sorted(numbers))
    parts: list[tuple[str | None, tuple[Step, ...]]] = []
    for definition in definitions:
        switch = zero_without.get(definition.symbol)
        if switch is None:
            place = tape.value(definition.expression)
        else:
            known = dict(tape.place)
            place = tape.emit(mul, tape.value(definition.expression), tape.place[sp.S.One])
            # what is skipped when the switch is off must not be used elsewhere
            tape.place = known
        tape.place[definition.symbol] = place
        parts.append((None if switch is None else switch.name, tuple(tape.steps)))
        tape.steps = []
    constants = [fmpq(int(c.p), int(c.q)) if c.q != 1 else int(c) for c in tape.constants]
    results = [tape.place[s] for s in outputs]

    def code(absent: Container[str], *given: Any) -> tuple[Any, ...]:
        values = [*given, *constants]
        for switch, steps in parts:
            if switch is not None and switch in absent:
                values += [0] * len(steps)
            else:
                for operation, a, b in steps:
                    values.append(operation(values[a], values[b]))
        return tuple([values[k] for k in results])

    return code


def _constants(expression: sp.Expr) -> set[sp.Rational]:
    """The numbers in an expression that become operands, and their negatives."""
    found: set[sp.Rational] = expression.atoms(sp.Rational)
    found |= {sp.Integer(part) for number in found for part in (number.p, number.q)}
    return found | {-number for number in found}


@dataclass(frozen=True, eq=False)
class StraightLine:
    """The parts of a game's program as functions.

    ``head`` maps the parameters to ``carried``: everything that does not depend on the root or the
    state. ``margin`` maps ``carried`` and the root to the quantity that is positive at admissible
    roots. ``code(outputs, states)`` maps
    ``carried``, the root and the state to ``outputs``.
    """

    source: Program

    @cached_property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """The parameters, in the order of the game."""
        return tuple(symbol(name) for name in self.source.model.parameters)

    @cached_property
    def states(self) -> tuple[sp.Symbol, ...]:
        """The own wealth and the competitors' aggregate."""
        own, aggregate = self.source.model.game.state_symbols
        return own, aggregate

    @cached_property
    def _early(self) -> list[Definition]:
        late = {self.source.root.symbol, *self.states}
        early = []
        for definition in self.source.form.definitions:
            if definition.is_root or definition.expression.free_symbols & late:
                late.add(definition.symbol)
            else:
                early.append(definition)
        return early

    @cached_property
    def carried(self) -> tuple[sp.Symbol, ...]:
        """The parameters and what follows from them alone."""
        return (*self.parameters, *(d.symbol for d in self._early))

    @cached_property
    def place(self) -> dict[sp.Symbol, int]:
        """The positions in ``carried``."""
        return {s: k for k, s in enumerate(self.carried)}

    @cached_property
    def polynomial(self) -> tuple[sp.Symbol, ...]:
        """The coefficients of the root's polynomial, leading one first."""
        return self.source.root.polynomial

    @cached_property
    def direction(self) -> sp.Symbol:
        """The excess drift, which orders the admissible roots."""
        game = self.source.model.game
        (found,) = sp.diff(game.states[0].drift, game.control).free_symbols
        return found

    @cached_property
    def weights(self) -> tuple[tuple[sp.Symbol, ...], ...]:
        """Parameters of the preference that must not all be zero, moment by moment."""
        return weights(self.source.model.game)

    @cached_property
    def switches(self) -> frozenset[sp.Symbol]:
        """The quantities without which others vanish, or conditions are void."""
        void = {s for _, group in self.source.finite for s in group}
        return frozenset(void | set(self.source.zero_without.values()))

    @cached_property
    def conditions(self) -> tuple[tuple[tuple[sp.Symbol, ...], tuple[sp.Symbol, ...]], ...]:
        """What must be positive for finite second moments, and what voids it when it is zero."""
        return self.source.finite

    @cached_property
    def divisors(self) -> tuple[tuple[sp.Symbol, sp.Symbol | None], ...]:
        """What must not vanish, and the parameter without which it may."""
        table, zero_without = self.source.form.table, self.source.zero_without
        result = []
        for name in self.source.divisors:
            if name in table:
                users = [d.symbol for d in table.values() if divides(name, d.expression)]
                switches = {zero_without.get(user) for user in users}
                only = switches.pop() if len(switches) == 1 else None
                result.append((name, only))
        return tuple(result)

    @cached_property
    def head(self) -> Code:
        """From the parameters to ``carried``."""
        return _compiled(self._early, self.parameters, self.carried, self.source.zero_without)

    @cached_property
    def margin(self) -> Code:
        """From ``carried`` and the root to the margin of admissibility."""
        return self.code((self.source.admissible,), ())

    @lru_cache
    def wanted(self, outputs: tuple[sp.Symbol, ...]) -> tuple[tuple[sp.Symbol, ...], Code]:
        """Outputs, divisors and conditions, and how to get from the root and state to them."""
        closed = self.conditions[self.source.response_conditions :]
        tested = [*(s for s, _ in self.divisors), *(s for group, _ in closed for s in group)]
        names = tuple(dict.fromkeys([*outputs, *tested]))
        return names, self.code(names, self.states)

    @lru_cache
    def code(self, outputs: tuple[sp.Symbol, ...], states: tuple[sp.Symbol, ...]) -> Code:
        """From ``carried``, the root and given states to the outputs."""
        root = self.source.root.symbol
        known = (*self.carried, root, *states)
        definitions = self.source.between(outputs, known)
        return _compiled(definitions, known, outputs, self.source.zero_without)


@lru_cache
def straight_line(model: Published) -> StraightLine:
    """The functions of a game.

    Raises
    ------
    InputError
        If the game's closed form is not built on one cubic.
    """
    return StraightLine(program(model))


@lru_cache
def alone(model: Published) -> StraightLine | None:
    """The functions of the game without competition, if there is competition."""
    source, lever = straight_line(model).source, coupling(model.game)
    if lever is None:
        return None
    return StraightLine(without(source, (lever, *model.game.environment)))


def output_symbols(model: Published) -> dict[str, sp.Symbol]:
    """The symbols of a kernel's outputs by their names, but for the one without competition."""
    source, outputs = straight_line(model).source, model.parts.outputs
    names = [output.name for output in outputs if output is not outputs.alone]
    symbols = (source.root.symbol, *source.feedback, model.game.control, VALUE)
    return dict(zip(names, symbols))
