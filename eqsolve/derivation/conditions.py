"""What a solution must satisfy besides its equations: conditions of the derivation as numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp
from flint import arb

from eqsolve.arithmetic.function import Function
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.planner import standard_covariance
from eqsolve.derivation.units import Units
from eqsolve.game import t

Environment = Mapping[sp.Symbol, arb]


#: Below this radius an enclosure of zero is taken for zero: roots are 1e-70 wide.
EDGE = 1e-40


@dataclass(frozen=True)
class Condition:
    """``expression > 0``, with the sentence that says what it means."""

    expression: sp.Expr
    sentence: str

    def holds(self, values: Environment) -> bool | None:
        """Whether it holds; None where the balls do not decide."""
        value = evaluate(self.expression, values)
        if not value.is_finite():
            return None
        return True if value > 0 else False if value <= 0 else None

    def at_edge(self, values: Environment) -> bool:
        """Whether the expression cannot be told from zero, although it is narrowly enclosed."""
        value = evaluate(self.expression, values)
        return bool(value.contains(0)) and float(value.rad()) < EDGE


def evaluate(expression: sp.Expr, values: Environment) -> arb:
    """A ball around an expression at balls for its symbols."""
    return balls((expression,), values)[0]


def balls(expressions: Iterable[sp.Expr], values: Environment) -> list[arb]:
    """Balls around expressions at balls for their symbols."""
    function, names = _compiled(tuple(expressions))
    found: list[arb] = function([values[name] for name in names])
    return found


@lru_cache(maxsize=1000)
def _compiled(expressions: tuple[sp.Expr, ...]) -> tuple[Function, tuple[sp.Symbol, ...]]:
    """Expressions as a function of their symbols: the same ones are evaluated for every type."""
    free = set().union(*(e.free_symbols for e in expressions))
    names = tuple(sorted(free, key=lambda s: s.name))
    return Function(expressions, names), names


def second_order(derivation: Derivation) -> tuple[Condition, ...]:
    """The second-order conditions of every player: leading minors of the Hessian.

    For a preference that is maximized the minors of the negative Hessian are positive, for one
    that is minimized those of the Hessian (Sylvester's criterion). A planner's Hessian in the
    slopes of the feedback is a multiple of the covariance of the states: it is judged at the unit
    matrix, whatever the covariance is at a time.
    """
    spelled = derivation.solved.game.abbreviations
    if derivation.model.game.notion == "planner":
        spelled |= standard_covariance(derivation.model.game)
    conditions = []
    for system in derivation.systems:
        player = system.problem.player
        sign = -1 if player.preference.sense == "maximize" else 1
        kind = "maximum" if sign < 0 else "minimum"
        matrix = system.hessian.applyfunc(
            lambda e, s=sign: (
                s
                * derivation.closure(e).xreplace(dict(derivation.system.feedback)).xreplace(spelled)
            )
        )
        for size in range(1, matrix.rows + 1):
            conditions.append(
                Condition(
                    matrix[:size, :size].det(method="berkowitz"),
                    f"the feedback of {player.name} is no {kind} of the gain rate",
                )
            )
    return tuple(conditions)


def judged_at(derivation: Derivation) -> tuple[sp.Symbol, ...]:
    """States on which the sign of a second-order condition may depend.

    Powers, and what stands under one or under a logarithm, are positive, and even powers of a state
    are, but at 0; a sum, another function or an odd power may change its sign from state to state.
    """
    states, found = derivation.systems[0].problem.states, set()
    for condition in derivation.once(second_order):
        if condition.expression.free_symbols & {*states}:
            found |= _deciding(condition.expression, states)
    return tuple(s for s in states if s in found)


def _deciding(expression: sp.Expr, states: tuple[sp.Symbol, ...]) -> set[sp.Symbol]:
    """States on which the sign of an expression may depend."""
    units = Units.of([expression])
    ratio = units.ratio(expression)
    meanings = units.meaning.values()
    positive = [m.base for m in meanings if isinstance(m, sp.Pow)]
    positive += [m.args[0] for m in meanings if isinstance(m, sp.log)]
    powers = [m for m in meanings if isinstance(m, (sp.Pow, sp.exp))]
    found: set[sp.Symbol] = set()
    for factor, power in (*ratio.numerator.factor()[1], *ratio.denominator.factor()[1]):
        shown = units.expression(factor)
        here = shown.free_symbols & {*states}
        # up to a factor of parameters, which has one sign
        signed = any(not sp.cancel(shown / b).free_symbols & here for b in (*powers, *positive))
        even = power % 2 == 0 and shown.is_Symbol
        if not signed and not even:
            found |= here
    return found


def rates(derivation: Derivation) -> tuple[tuple[str, sp.Expr], ...]:
    """Hazard rates, intensities and probabilities of the game, which may not be negative."""
    game = derivation.model.game
    named = [("the hazard rate", game.horizon.hazard)]
    for clock in game.clocks:
        named.append((f"the intensity of {clock.name}", clock.intensity))
        named += [(f"a probability of {clock.name}", p) for p, _ in clock.marks]
    states = {*derivation.systems[0].problem.states, *game.controls}
    return tuple((name, e) for name, e in named if not e.free_symbols & states)


def domains(derivation: Derivation) -> tuple[Condition, ...]:
    """What stands under a power, a root or a logarithm of coefficients must be positive."""
    system = derivation.system
    unknowns = {*system.unknowns, *system.implicit}
    states = {*derivation.systems[0].problem.states, t}
    expressions = [*derivation.solved.ansatz.functions.values()]
    expressions += [*system.written.values(), *system.implicit.values()]
    found: dict[sp.Expr, None] = {}
    for base, _ in Units.of(expressions).generators:
        inner = base.args[0] if isinstance(base, sp.log) else base
        if inner.free_symbols & unknowns and not inner.free_symbols & states:
            found[inner] = None
    return tuple(Condition(e, f"{e} is not positive") for e in found)
