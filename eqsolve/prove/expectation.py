"""An expectation as a function of states and time, with its derivatives by structure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.game import t
from eqsolve.prove.problem import Expectation, Faced
from eqsolve.prove.statement import ForAll, Hypothesis, Line, Relation, Slope, identifier

#: By which letters a function is differentiated; none for the function itself.
By = tuple[sp.Symbol, ...]


@dataclass(frozen=True)
class Function:
    """One expectation as a function of states (and time), with its derivatives by structure.

    Attributes
    ----------
    used : the derivatives of which a statement needs to know what they are; all by default.
    everywhere : whether a statement speaks of all derivatives at all points.
    """

    moment: Expectation
    problem: Faced
    used: frozenset[By] | None = field(default=None, kw_only=True)
    everywhere: bool = field(default=False, kw_only=True)

    @property
    def name(self) -> str:
        """The moment's name."""
        return self.moment.name

    @property
    def arguments(self) -> tuple[sp.Symbol, ...]:
        """Time, where coefficients move, and the states."""
        return (t, *self.problem.states) if self.problem.moving else self.problem.states

    def symbol(self, *by: sp.Symbol) -> sp.Expr:
        """The function, or its first derivative in a state, at its arguments."""
        return sp.Function(label(self.name, by))(*self.arguments)

    def number(self, *by: sp.Symbol) -> sp.Expr:
        """A derivative that mostly enters at one point only: in time, or the second in states."""
        return self.symbol(*by) if self.everywhere else sp.Symbol(label(self.name, by))

    def _is_function(self, *by: sp.Symbol) -> bool:
        """Whether a derivative enters at all points."""
        return self.everywhere or (len(by) == 1 and by != (t,))

    @cached_property
    def form(self) -> sp.Expr:
        """The ansatz, its coefficients functions of time where they move."""
        return self.problem.moved(self.moment.function)

    @cached_property
    def first(self) -> dict[sp.Symbol, sp.Expr]:
        """First derivatives in the states that the generator has."""
        pairs = {s for pair, e in self.problem.covariance.items() if e != 0 for s in pair}
        wanted = [s for s, e in self.problem.drift.items() if e != 0 or s in pairs]
        return {s: slope(self.form, s) for s in wanted}

    @cached_property
    def second(self) -> dict[tuple[sp.Symbol, sp.Symbol], sp.Expr]:
        """Second derivatives in the states that the generator has."""
        pairs = [pair for pair, e in self.problem.covariance.items() if e != 0]
        return {(one, two): slope(self.first[one], two) for one, two in pairs}

    @cached_property
    def in_time(self) -> sp.Expr:
        """The derivative in time."""
        moves = self.problem.moves
        return self.problem.moved(
            sp.Add(*(slope(self.moment.function, c) * dot for c, dot in moves.items()))
        )

    @property
    def moving(self) -> set[sp.Symbol]:
        """The coefficients whose motion enters."""
        if not self.problem.moving or not self.needs(t):
            return set()
        return {c for c in self.problem.moves if c in self.moment.function.free_symbols}

    @property
    def derivatives(self) -> list[By]:
        """The derivatives of the equation, a first one before those of it."""
        return [*((s,) for s in self.first), *self.second, *([(t,)] if self.problem.moving else [])]

    def needs(self, *by: sp.Symbol) -> bool:
        """Whether a statement needs to know what a derivative, or the function, is."""
        return self.used is None or any(one[: len(by)] == by for one in self.used)

    def narrowed(self, expression: sp.Expr) -> Function:
        """The function with those of its derivatives that an expression has."""
        names = {f.func.__name__ for f in expression.atoms(AppliedUndef)}
        names |= {s.name for s in expression.free_symbols}
        found = [by for by in ((), *self.derivatives) if label(self.name, by) in names]
        return replace(self, used=frozenset(found))

    @cached_property
    def equation(self) -> sp.Expr:
        """The left side of the function's equation for any control, written with the letters."""
        problem, own = self.problem, self.symbol()
        terms = [self.number(t)] if problem.moving else []
        terms += [problem.drift[s] * self.symbol(s) for s in self.first if problem.drift[s] != 0]
        for one, two in self.second:
            weight = sp.Rational(1, 2) if one == two else sp.S.One
            terms.append(weight * problem.covariance[one, two] * self.number(one, two))
        for clock, sizes in problem.jumps:
            for probability, mark in clock.marks:
                moved = {
                    s: s + (e.xreplace({clock.mark: mark}) if clock.mark else e)
                    for s, e in sizes.items()
                }
                terms.append(clock.intensity * probability * (own.xreplace(moved) - own))
        terms.append(self.moment.running)
        terms.append(-problem.hazard * (own - self.moment.payoff))
        terms.append(-problem.discount * own)
        return problem.moved(sp.Add(*terms))

    @cached_property
    def residual(self) -> sp.Expr:
        """What that is at the feedback: the equations of the coefficients."""
        function, moves = self.moment.function, self.problem.moves
        terms = [
            (moves.get(c, sp.S.Zero) - rate) * slope(function, c)
            for c, rate in self.problem.rates.items()
            if c in function.free_symbols
        ]
        return self.problem.moved(sp.Add(*terms))

    @cached_property
    def meaning(self) -> dict[Any, sp.Expr]:
        """What every letter and function of these statements is, by structure."""
        found: dict[Any, sp.Expr] = {self.symbol().func: sp.Lambda(self.arguments, self.form)}
        found |= {self.symbol(s).func: sp.Lambda(self.arguments, e) for s, e in self.first.items()}
        at_point = {self.number(*pair): e for pair, e in self.second.items()}
        if self.problem.moving:
            at_point[self.number(t)] = self.in_time
        if self.everywhere:
            return found | {d.func: sp.Lambda(self.arguments, e) for d, e in at_point.items()}
        return found | at_point

    @property
    def chosen(self) -> dict[Any, sp.Expr]:
        """What its letters are in a witness: 0 where a statement does not need to know."""
        found = dict(self.meaning)
        for by in ((), *self.derivatives):
            if not self.needs(*by):
                function = self.symbol(*by).func
                if function in found:
                    found[function] = sp.Lambda(self.arguments, sp.S.Zero)
                else:
                    found[self.number(*by)] = sp.S.Zero
        return found

    def hypotheses(self) -> Iterator[Hypothesis]:
        """What the letters of the function and of its derivatives mean."""
        name, guarded, all_of = self.name, self.problem.positive, self.arguments
        if self.needs():
            yield Hypothesis(f"H_{name}", ForAll(all_of, Relation(self.symbol(), "=", self.form)))
        for by in filter(lambda by: self.needs(*by), self.derivatives):
            inside, last = self.symbol(*by[:-1]), by[-1]
            if self._is_function(*by):
                claim = ForAll(all_of, Slope(inside, last, last, self.symbol(*by)), guarded)
                yield Hypothesis(f"slope_{label(name, by)}", claim)
            else:
                at_point = Slope(inside, last, last, self.number(*by))
                yield Hypothesis(f"slope_{label(name, by)}", at_point)

    def script(self) -> Iterator[Line]:
        """That the derivatives are those by structure."""
        for s, value in self.first.items():
            if self.needs(s):
                yield from self._step((s,), value, self.symbol(), self.form, f"H_{self.name}")
        for (one, two), value in self.second.items():
            if self.needs(one, two):
                known = f"value_{label(self.name, (one,))}"
                yield from self._step((one, two), value, self.symbol(one), self.first[one], known)
        if self.problem.moving and self.needs(t):
            yield from self._step((t,), self.in_time, self.symbol(), self.form, f"H_{self.name}")

    def _step(
        self,
        by: tuple[sp.Symbol, ...],
        value: sp.Expr,
        function: sp.Expr,
        form: sp.Expr,
        known: str,
    ) -> Iterator[Line]:
        name, guarded = identifier(label(self.name, by)), self.problem.positive
        begin, stated = "intros", Relation(self.number(*by), "=", value)
        claim: ForAll | Relation = stated
        if self._is_function(*by):
            # of any point: the letters of the theorem are those of one
            claim = ForAll(self.arguments, Relation(self.symbol(*by), "=", value), guarded)
            clear = "try clear dependent {}" if self.everywhere else "clear dependent {}"
            begin = "; ".join([*(clear for _ in self.arguments), "intros"])
        rule = "slope_unique_positive" if by[-1] in guarded else "slope_unique"
        functions = (sp.Lambda(by[-1], function), sp.Lambda(by[-1], form), by[-1])
        yield Line(f"assert (value_{name} : {{}}).", (claim,))
        yield Line(f"{{{{ {begin}.", self.arguments if "{" in begin else ())
        yield Line(
            f"    apply ({rule} {{}} {{}} {{}}); slope_by {identifier(known)} slope_{name}. }}}}",
            functions,
        )

    def rewriting(self) -> Iterator[Line]:
        """Put in what the derivatives are."""
        labels: list[By] = [*self.second, *([(t,)] if self.problem.moving else [])]
        labels += [(s,) for s in self.first]
        for by in labels:
            if self.needs(*by):
                name = identifier(label(self.name, by))
                yield Line(f"rewrite ?value_{name} by assumption.")
        if self.needs():
            yield Line(f"rewrite ?H_{identifier(self.name)}.")


def label(name: str, by: tuple[sp.Symbol, ...]) -> str:
    """The name of a derivative."""
    return f"{name}_{''.join(s.name for s in by)}" if by else name


def units_in(expression: sp.Expr) -> list[sp.Expr]:
    """Exponentials, logarithms and powers that are no rational functions."""
    return [
        e
        for e in expression.atoms(sp.Pow, sp.exp, sp.log)
        if isinstance(e, (sp.exp, sp.log)) or not e.exp.is_Integer
    ]


def slope(expression: sp.Expr, variable: sp.Symbol) -> sp.Expr:
    """The derivative, with the powers and exponentials that the expression has."""
    stand_in = {unit: sp.Dummy() for unit in units_in(expression)}
    plain = expression.xreplace(stand_in)
    total = sp.diff(plain, variable)
    for unit, letter in stand_in.items():
        if isinstance(unit, sp.log):
            total += sp.diff(plain, letter) * sp.diff(unit, variable)
        elif isinstance(unit, sp.exp):
            total += sp.diff(plain, letter) * letter * sp.diff(unit.exp, variable)
        else:
            rate = unit.exp * sp.diff(unit.base, variable) / unit.base
            total += sp.diff(plain, letter) * letter * rate
    return total.xreplace({letter: unit for unit, letter in stand_in.items()})
