"""A point by the symbols of its derivation, for what needs expressions besides numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import sympy as sp
from flint import arb, fmpq

from eqsolve.derivation.conditions import balls, evaluate
from eqsolve.derivation.derivation import Derivation
from eqsolve.game import Model, t
from eqsolve.game.parameters import Numbers
from eqsolve.inputs import Values
from eqsolve.program.make import made
from eqsolve.program.program import TIME
from eqsolve.solve.answer import Answer
from eqsolve.solve.choice import Solved
from eqsolve.solve.path import Path, middle, rational
from eqsolve.solve.point import Point

Averages = dict[sp.Symbol, sp.Rational]


@dataclass
class DerivedPoint:
    """One derivation at one set of numbers; every part is computed when it is asked for."""

    derivation: Derivation
    numbers: Numbers
    selection: str
    averages: Averages = field(default_factory=dict)

    @property
    def model(self) -> Model:
        """What was declared."""
        return self.derivation.model

    @cached_property
    def point(self) -> Point:
        """The same by name."""
        maker, program = self.derivation.once(made)
        values = Values(
            {s.name: v for s, v in self.numbers.parameters.items()},
            {s.name: v for s, v in self.numbers.states.items()},
            self.numbers.time,
        )
        averages = {maker.name(s): fmpq(int(v.p), int(v.q)) for s, v in self.averages.items()}
        return Point(program, values, self.selection, averages)

    def by_symbol(self, values: Mapping[str, Any]) -> dict[sp.Symbol, Any]:
        """Values by the symbols that have these names."""
        maker, _ = self.derivation.once(made)
        letters = {s.name: s for s in self.numbers.parameters} | {TIME: t} | maker.letters
        return {letters[name]: v for name, v in values.items() if name in letters}

    @cached_property
    def parameters(self) -> dict[sp.Symbol, sp.Rational]:
        """Exact values of parameters, of the game's abbreviations and of averages over types."""
        found = {
            s: sp.Rational(v.numerator, v.denominator) for s, v in self.numbers.parameters.items()
        }
        for name, definition in self.derivation.solved.game.definitions.items():
            found[name] = definition.xreplace(found)
        return {**found, **self.averages}

    @cached_property
    def balls(self) -> dict[sp.Symbol, arb]:
        """The same as balls."""
        return {s: evaluate(v, {}) for s, v in self.parameters.items()}

    @property
    def time(self) -> arb:
        """The time of the question."""
        return arb(rational(self.numbers.time))

    @property
    def end(self) -> Fraction | None:
        """The end of the horizon, where there is one."""
        return self.point.end

    @property
    def model_states(self) -> tuple[sp.Symbol, ...]:
        """The states that the declared feedback is written in."""
        laws = [law.symbol for law in self.model.game.laws]
        return (*self.model.game.state_symbols, *laws)

    @cached_property
    def initial(self) -> dict[sp.Symbol, Fraction]:
        """Means of the states at time 0, where they are declared or given."""
        return self.by_symbol(self.point.initial.means)

    @cached_property
    def place(self) -> dict[sp.Symbol, arb]:
        """States that were given, and means of initial laws in place of others."""
        return self.by_symbol(self.point.place)

    @cached_property
    def solutions(self) -> list[dict[sp.Symbol, arb]]:
        """All solutions of a stationary system."""
        found = self.point.solutions.points
        return [self.by_symbol({name: arb(v) for name, v in point.items()}) for point in found]

    def environment(self, coefficients: Mapping[str, arb]) -> dict[sp.Symbol, arb]:
        """Balls for parameters, coefficients of functions and feedback, states and the time."""
        values = self.point.environment(coefficients, self.numbers.time)
        return {**self.balls, **self.by_symbol(values)}

    # -- the answer -----------------------------------------------------------------------------

    def answer(self) -> Answer:
        """Solve, decide and report."""
        return self.point.answer()

    def solved(self) -> Solved | Answer:
        """Solve and decide; an answer says why there is no solution."""
        return self.point.solved()

    def found(self, solved: Solved) -> Answer:
        """Everything that follows from a solution."""
        return self.point.found(solved)

    @property
    def frozen(self) -> dict[sp.Symbol, arb]:
        """Averages over the others, which follow from the responses of all types."""
        return self.by_symbol(self.point.frozen)

    def constants(self) -> dict[sp.Symbol, arb]:
        """Coefficients of the feedback that solve equations of their own, once and for all."""
        found = self.point.constants()
        assert isinstance(found, dict), "an answer without an error has them"
        return self.by_symbol(found)

    @property
    def path(self) -> Path | None:
        """The coefficients by time, once an answer has been found."""
        return self.point.path

    def coefficients(self, time: Fraction) -> dict[sp.Symbol, arb]:
        """The same by symbol, with those of feedback and strategy."""
        path, explicit = self.point.path, self.derivation.spelled
        assert path is not None, "an answer without an error has a path"
        found = self.by_symbol(path.coefficients(time))
        now = {**self.balls, **found, t: arb(rational(time))}
        return {**found, **dict(zip(explicit, balls(explicit.values(), now)))}


def exact_middle(ball: arb) -> sp.Rational:
    """The middle of a ball as a number of an expression."""
    value = middle(ball)
    return sp.Rational(int(value.p), int(value.q))
