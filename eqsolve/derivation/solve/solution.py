"""From the coefficient system to its solution, block by block."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

import sympy as sp

from eqsolve.derivation.blocks import triangular
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.solve import (
    algebra,
    combination,
    exponential,
    integral,
    linear,
    matrix_riccati,
    riccati,
    root,
    roots,
    trajectory,
    zero,
)
from eqsolve.derivation.solve.block import Block, Found, Known, Recognizer
from eqsolve.derivation.solve.equal import merged
from eqsolve.derivation.solve.step import (
    Condition,
    Explicit,
    Explosion,
    Flow,
    Integral,
    Solution,
    Step,
    to_go,
)
from eqsolve.derivation.units import Units
from eqsolve.game import t

#: What gives formulas; the first that recognizes a block solves it.
CLOSED: tuple[Recognizer, ...] = (
    zero.recognize,
    linear.recognize,
    integral.recognize,
    exponential.recognize,
    riccati.recognize,
)
#: What names the class of the rest.
NAMED: tuple[Recognizer, ...] = (
    root.recognize,
    matrix_riccati.recognize,
    roots.recognize,
    integral.recognize_open,
    trajectory.recognize,
)


def solve(derivation: Derivation, *, formulas: bool = True) -> Solution:
    """Solve the coefficient system in formulas as far as there are any.

    Without ``formulas``, as where a parameter moves in time, what is zero at all times is told, and
    the rest named as trajectories.

    Explicit solutions of differential equations are proved before they are returned: their
    derivative is the rate, and they start at the payoff's coefficients, as identities.
    """
    return _Solver(derivation, formulas).solution()


class _Solver:
    """Solves one system."""

    def __init__(self, derivation: Derivation, formulas: bool = True) -> None:
        self.formulas = formulas
        system, game = derivation.system, derivation.model.game
        end = game.horizon.end
        calendar = {t: (end if end is not None else sp.S.Zero) - to_go}
        self.moving = not derivation.stationary
        self.rates = {u: -rate.xreplace(calendar) for u, rate in system.written.items()}
        # rates too long to be multiplied out are solved together with the feedback
        beside = system.conditions if system.nested else {}
        self.constraints, assumed = _constraints({**system.implicit, **beside})
        self.terminal = dict(system.terminal)
        self.steps: list[Step] = []
        self.explosions: list[Explosion] = []
        self.assumed = assumed + [
            Condition(factor, "!=", "the coefficients have equations")
            for denominator in system.nonzero
            for factor in algebra.divisors(1 / denominator)
        ]
        letters = {letter.name for letter in derivation.model.vocabulary}
        symbols = chain(system.unknowns, system.feedback, system.implicit)
        states = derivation.systems[0].problem.states
        self.known = Known(
            letters | {s.name for s in chain(symbols, states, game.controls)},
            nonzero=system.nonzero,
            hessians=tuple(
                sp.hessian(function, states)
                for one in derivation.systems
                for function in one.functions.values()
            ),
        )

    def solution(self) -> Solution:
        """Solve all blocks in order."""
        equations = {**self.rates, **self.constraints}
        needs = {u: [s for s in equations if s in e.free_symbols] for u, e in equations.items()}
        for symbols in triangular(needs):
            self.add(symbols)
        return Solution(tuple(self.steps), tuple(self.explosions), tuple(self.assumed))

    def add(self, symbols: tuple[sp.Symbol, ...]) -> None:
        """Solve one block."""
        gone = {s: value for s, value in self.known.values.items() if value == 0}
        block = Block(
            {s: self.rates[s].xreplace(gone) for s in symbols if s in self.rates},
            {s: self.constraints[s] for s in symbols if s in self.constraints},
            {s: self.terminal[s] for s in symbols if s in self.terminal} if self.moving else None,
        )
        block, same = merged(block, self.known)
        if self.formulas:
            found = closed(block, self.known) or _combined(block, self.known)
        else:
            found = zero.recognize(block, self.known) or trajectory.recognize(block, self.known)
        if found is None:
            found = next(f for f in (r(block, self.known) for r in NAMED) if f is not None)
        self.steps += found.steps
        self.explosions += found.explosions
        self.known = self.known.with_steps(found.steps)
        for step in found.steps:
            if isinstance(step, (Flow, Integral)):
                self.known.moving |= set(step.symbols)
        for second, first in same.items():
            equal = Explicit(second, first, "equal")
            self.steps.append(equal)
            self.known = self.known.with_steps((equal,))
        self.known.rates |= {s: self.rates[s] for s in symbols if s in self.rates}
        self.known.starts |= {s: self.terminal[s] for s in symbols if s in self.terminal}


def closed(block: Block, known: Known) -> Found | None:
    """The first solution in formulas that is proved."""
    for recognizer in CLOSED:
        found = recognizer(block, known)
        if found is not None and (block.algebraic or known.proves(found.steps, block)):
            return found
    return None


def _combined(block: Block, known: Known) -> Found | None:
    """A solution by the sum or the difference with an earlier coefficient."""

    def inner(simpler: Block, known: Known) -> Found | None:
        found = closed(simpler, known)
        return root.recognize(simpler, known) if found is None else found

    found = combination.recognize_by(inner, block, known)
    if found is None or block.algebraic or known.proves(found.steps, block):
        return found
    return None


def _constraints(
    implicit: Mapping[sp.Symbol, sp.Expr],
) -> tuple[dict[sp.Symbol, sp.Expr], list[Condition]]:
    """Implicit equations without factors that their unknowns do not enter."""
    equations, conditions = {}, []
    for symbol, equation in implicit.items():
        units = Units.of([equation])
        places = units.depending(implicit)
        kept = units.ring.context.constant(1)
        for factor, power in units.ratio(equation).numerator.factor()[1]:
            if any(e[k] for e in factor.to_dict() for k in places):
                kept = kept * factor**power
            else:
                shown = units.expression(factor)
                conditions.append(Condition(shown, "!=", f"an equation determines {symbol}"))
        equations[symbol] = units.expression(kept)
    return equations, conditions
