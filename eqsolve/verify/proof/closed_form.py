"""The closed form of the coefficients in their equations, as identities in the ring.

A coefficient without a closed form is a generator that moves at the rate which defines it; that
its numbers enclose it is a matter of the steps that integrate it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from functools import cache, cached_property

import sympy as sp

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.solve.solution import solve
from eqsolve.derivation.solve.step import (
    Explicit,
    Flow,
    Integral,
    Linearization,
    Root,
    Roots,
    Solution,
    running,
    to_go,
)
from eqsolve.game import t
from eqsolve.verify import exact
from eqsolve.verify.check import Check
from eqsolve.verify.exact import Point
from eqsolve.verify.proof.evidence import Evidence
from eqsolve.verify.proof.ring import Field
from eqsolve.verify.proof.subject import Subject

#: Of the random points.
SEED = 7


def closed_form(
    derivation: Derivation, solution: Solution | None = None, ring: bool = True
) -> list[Check]:
    """Put the closed form into the equations of the coefficients.

    Parameters
    ----------
    derivation : whose system is solved.
    solution : the closed form; by default the derivation's.
    ring : whether identities are decided in the ring, or random points are all there is.

    Returns
    -------
    One check for all motions, one for all initial values, and one a linearization.
    """
    return list(_ClosedForm(derivation, solution or solve(derivation), ring).checks())


class _ClosedForm:
    """A solution as values, relations and slopes in the time to go."""

    def __init__(self, derivation: Derivation, solution: Solution, ring: bool) -> None:
        self.ring = ring
        self.subject, self.derivation, self.solution = Subject(derivation), derivation, solution
        self.values: dict[sp.Symbol, sp.Expr] = {}
        self.relations: dict[sp.Symbol, sp.Expr] = {}
        #: values when nothing is left to go
        self.starts: dict[sp.Symbol, sp.Expr] = {to_go: sp.S.Zero}
        self.slopes: dict[sp.Symbol, sp.Expr] = {to_go: sp.S.One}
        self.defined: list[sp.Symbol] = []
        for step in solution.steps:
            self._add(step)

    def _add(self, step: Explicit | Root | Roots | Flow | Integral) -> None:
        if isinstance(step, Explicit):
            self.values[step.symbol] = self.starts[step.symbol] = step.expression
            self.slopes[step.symbol] = self._slope(step.expression)
        elif isinstance(step, Root):
            self._algebraic((step.symbol,), (step.equation,))
        elif isinstance(step, Roots):
            self._algebraic(step.symbols, step.equations)
        elif isinstance(step, Integral):
            u, factor = step.symbol, step.factor
            self.slopes[u] = self._slope(factor) / factor * u + factor * step.integrand.xreplace(
                {running: to_go}
            )
            self.starts[u] = factor * step.initial
            self.defined.append(u)
        else:
            moving = step.symbols[: len(step.rates)]
            self.slopes |= dict(zip(moving, step.rates, strict=True))
            self.starts |= dict(zip(moving, step.initial))
            self.defined += moving
            self._algebraic(step.symbols[len(moving) :], step.constraints)

    def _algebraic(self, symbols: tuple[sp.Symbol, ...], equations: tuple[sp.Expr, ...]) -> None:
        """Letters that equations determine move as these say."""
        self.relations |= dict(zip(symbols, equations, strict=True))
        moves = [self._slope(e) for e in equations]
        if all(move == 0 for move in moves):
            self.slopes |= dict.fromkeys(symbols, sp.S.Zero)
        elif len(symbols) == 1:
            self.slopes[symbols[0]] = -moves[0] / sp.diff(equations[0], symbols[0])
        else:
            jacobian = sp.Matrix([[sp.diff(e, s) for s in symbols] for e in equations])
            adjugate, below = jacobian.adjugate(), jacobian.det(method="berkowitz")
            for k, symbol in enumerate(symbols):
                terms = (adjugate[k, j] * move for j, move in enumerate(moves))
                self.slopes[symbol] = -sp.Add(*terms) / below

    def _slope(self, expression: sp.Expr) -> sp.Expr:
        """The derivative in the time to go, by the chain rule."""
        free = expression.free_symbols & self.slopes.keys()
        return sp.Add(*(sp.diff(expression, s) * self.slopes[s] for s in sorted(free, key=str)))

    @cached_property
    def _calendar(self) -> dict[sp.Symbol, sp.Expr]:
        end = self.derivation.model.game.horizon.end
        return {t: (sp.S.Zero if end is None else end) - to_go}

    @cached_property
    def motion(self) -> dict[sp.Symbol, sp.Expr]:
        """What vanishes if every coefficient moves at its rate and solves its equation."""
        system = self.derivation.system
        still = self.derivation.stationary
        rates = {c: rate.xreplace(self._calendar) for c, rate in system.rates.items()}
        moved = rates if still else {c: self.slopes[c] + rate for c, rate in rates.items()}
        moved |= {own: left for own, (_, left) in self._played.items()}
        return moved | {c: e.xreplace(self._calendar) for c, e in system.implicit.items()}

    @cached_property
    def _played(self) -> dict[sp.Symbol, tuple[sp.Symbol, sp.Expr]]:
        """By coefficient of the feedback with a step of its own, what vanishes if it is right.

        With it comes a coefficient of the functions in which this is linear.
        """
        found: dict[sp.Symbol, tuple[sp.Symbol, sp.Expr]] = {}
        system = self.derivation.system
        for own in (s for s in self.slopes if s in system.feedback):
            above, below = sp.fraction(system.feedback[own])
            left = own * below - above
            used = {letter for letter, _ in found.values()}
            for letter in (s for s in system.unknowns if s in left.free_symbols - used):
                if sp.expand(sp.diff(left, letter, 2)) == 0:
                    found[own] = letter, left
                    break
        return found

    @cached_property
    def beginning(self) -> dict[sp.Symbol, sp.Expr]:
        """What vanishes if every coefficient has its terminal value when nothing is left to go."""
        if self.derivation.stationary:
            return {}
        terminal = self.derivation.system.terminal
        return {c: c - value.xreplace({to_go: sp.S.Zero}) for c, value in terminal.items()}

    def checks(self) -> Iterator[Check]:
        system = self.derivation.system
        missing = [c for c in (*system.rates, *system.implicit) if c not in self.slopes]
        if missing:
            words = f"{', '.join(map(str, missing))} has no solution"
            yield self.subject.check("every coefficient is solved", False, words)
            return
        yield self._all("the closed form moves at the rates", self.motion, self.values)
        if self.beginning:
            label = "the closed form ends at the payoffs"
            yield self._all(label, self.beginning, self.starts)
        for step in self.solution.steps:
            if isinstance(step, (Flow, Roots)) and step.linearization is not None:
                yield self._linear(step.linearization)

    def _linear(self, claim: Linearization) -> Check:
        """``P' = M21 + M22 P - P M11 - P M12 P`` for ``P = Y X^-1``."""
        unknown, size = claim.unknown, claim.unknown.rows
        top, below = claim.matrix[:size, :], claim.matrix[size:, :]
        moved = below[:, :size] + below[:, size:] * unknown
        moved -= unknown * (top[:, :size] + top[:, size:] * unknown)
        slopes = unknown.applyfunc(self._slope)
        left = {
            sp.Symbol(f"P_{i + 1}_{j + 1}"): slopes[i, j] - moved[i, j]
            for i in range(size)
            for j in range(size)
        }
        return self._all("the linear system is that of the matrix", left, self.values)

    def _all(
        self, label: str, left: Mapping[sp.Symbol, sp.Expr], values: Mapping[sp.Symbol, sp.Expr]
    ) -> Check:
        """Whether everything on the left vanishes."""
        more = ""
        if self.defined:
            names = ", ".join(map(str, self.defined))
            more = f"By definition for {names}: their numbers are enclosed."

        @cache
        def point(k: int) -> Point:
            return self._point(values, random.Random(SEED + k))

        def identity(expression: sp.Expr) -> bool:
            return self.identity(expression, values)

        return Evidence(self.subject, point, identity if self.ring else None).vanishes(
            label, left, more
        )

    def identity(self, expression: sp.Expr, values: Mapping[sp.Symbol, sp.Expr]) -> bool:
        """Whether an expression vanishes.

        Where coefficients of the feedback have steps of their own, that they are right is an
        identity by itself, by which other equations are shorter.
        """
        first = [e for _, e in self._played.values()]
        first += [self.motion[letter] for letter, _ in self._played.values()]
        if self._played and expression not in first:
            known = dict(self._played.values())
            fewer = {s: e for s, e in values.items() if s not in known}
            if self._vanishes(expression, fewer, known):
                return True
        return self._vanishes(expression, values, self.relations)

    def _vanishes(
        self,
        expression: sp.Expr,
        values: Mapping[sp.Symbol, sp.Expr],
        relations: Mapping[sp.Symbol, sp.Expr],
    ) -> bool:
        """Whether an expression vanishes, the last steps that enter it inserted first.

        A step solves its equation whatever earlier steps say, so that few of them are needed.
        """
        order = [s for step in self.solution.steps for s in step.symbols]
        inserted = {to_go: values[to_go]} if to_go in values else {}
        while True:
            entering = expression.free_symbols.union(*(e.free_symbols for e in inserted.values()))
            left = [s for s in order if s in entering and s not in inserted]
            first = len(inserted) == (to_go in inserted)
            if not (first and left and left[-1] in values):
                if Field(inserted, relations).vanishes(expression):
                    return True
                left = [s for s in left if s in values]
                if not left:
                    return False
            last = next(s for s in reversed(left) if s in values)
            inserted[last] = values[last]

    def _point(self, values: Mapping[sp.Symbol, sp.Expr], rng: random.Random) -> Point:
        """Random parameters and coefficients without a closed form, and the values of the rest.

        Raises
        ------
        DerivationError
            If none is found at which everything is finite.
        """
        for _ in range(40):
            try:
                return self._drawn(values, rng)
            except (ZeroDivisionError, ArithmeticError):
                continue
        raise self.subject.game.error("the closed form has no values.", stage="checks")

    def _drawn(self, values: Mapping[sp.Symbol, sp.Expr], rng: random.Random) -> Point:
        point: Point = {}
        for letter in self.subject.model.vocabulary.parameters:
            point[letter.symbol] = exact.draw(letter.domain, rng)
        for name, expression in self.subject.game.definitions.items():
            point[name] = exact.evaluate(expression, point)
        positive = sp.Interval.open(0, sp.oo)
        for name in self.subject.aggregates:
            point[name] = exact.draw(positive, rng)
        point[to_go] = exact.evaluate(values.get(to_go, sp.Rational(7, 13)), point)
        for step in self.solution.steps:
            unsolved = {s: self.relations[s] for s in step.symbols if s in self.relations}
            for symbol in step.symbols:
                if symbol in values:
                    point[symbol] = exact.evaluate(values[symbol], point)
                elif symbol not in unsolved:
                    point[symbol] = exact.draw(positive, rng)
            if unsolved:
                found = exact.solved(unsolved, {**point}, rng)
                if found is None:
                    raise ArithmeticError("no solution was found.")
                point |= found
            if not all(exact.finite(point[s]) for s in step.symbols):
                raise ArithmeticError("a value is not finite.")
        return point
