"""The system of the coefficients is the extended HJB system at the ansatz.

A theorem speaks of the functions of the ansatz and of whatever their derivatives are; the
generator is written out with these, from drifts and loadings as declared. So nothing has to be
believed of how a derivative was computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.arithmetic.algebra import is_zero
from eqsolve.game import t
from eqsolve.prove.algebraic import divisors
from eqsolve.prove.need import follows
from eqsolve.prove.powers import Powers
from eqsolve.prove.problem import Expectation, Faced
from eqsolve.prove.statement import (
    ForAll,
    Hypothesis,
    Line,
    Maker,
    Relation,
    Slope,
    Theorem,
    identifier,
)
from eqsolve.prove.witness import numbers

#: By which letters a function is differentiated; none for the function itself.
By = tuple[sp.Symbol, ...]


@dataclass(frozen=True)
class Function:
    """One expectation as a function of states (and time), with its derivatives by structure.

    Attributes
    ----------
    used : the derivatives of which a statement needs to know what they are; all by default.
    """

    moment: Expectation
    problem: Faced
    used: frozenset[By] | None = field(default=None, kw_only=True)

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

    def number(self, *by: sp.Symbol) -> sp.Symbol:
        """A derivative that enters at one point only: in time, or the second in states."""
        return sp.Symbol(label(self.name, by))

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
        found |= {self.number(*pair): e for pair, e in self.second.items()}
        if self.problem.moving:
            found[self.number(t)] = self.in_time
        return found

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
            if len(by) == 1 and last in self.first:
                claim = ForAll(all_of, Slope(inside, last, last, self.symbol(last)), guarded)
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
        if len(by) == 1 and by != (t,):
            # of any point: the letters of the theorem are those of one
            claim = ForAll(self.arguments, Relation(self.symbol(*by), "=", value), guarded)
            begin = "; ".join([*("clear dependent {}" for _ in self.arguments), "intros"])
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


def theorems(problem: Faced) -> Iterator[Maker]:
    """Each moment's equation is that of its coefficients, and the first-order conditions hold."""
    functions = [Function(m, problem) for m in problem.moments]
    of_player = f" of {problem.player}" if problem.player else ""
    for function in functions:
        yield partial(
            about,
            f"hjb_{identifier(function.name)}",
            f"The equation of {function.name}{of_player} at the feedback is that of its "
            "coefficients",
            problem,
            [function],
            Relation(function.equation, "=", function.residual),
        )
    for control, form in problem.feedback.items():
        conditions = sp.Add(*(m * e for m, e in problem.conditions.items()))
        yield partial(
            about,
            f"first_order_{identifier(control.name)}",
            f"The gain rate of a deviation is stationary in {control} at the feedback",
            problem,
            functions,
            Slope(gain(functions), control, problem.moved(form), problem.moved(conditions)),
        )


def gain(functions: Sequence[Function]) -> sp.Expr:
    """The gain rate of a deviation for any control, written with the letters."""
    problem = functions[0].problem
    values = {f.moment.symbol: f.symbol() for f in functions}
    return sp.Add(
        *(
            problem.moved(sp.diff(problem.aggregate, f.moment.symbol).xreplace(values)) * f.equation
            for f in functions
        )
    )


def about(
    name: str,
    title: str,
    problem: Faced,
    functions: Sequence[Function],
    conclusion: Relation | Slope,
) -> Theorem | str:
    """A theorem about functions of an ansatz, with no more assumed than it needs.

    Parameters
    ----------
    functions : what the statement speaks of.

    Raises
    ------
    EqsolveError
        If no point satisfies what is assumed.
    """
    meaning: dict[Any, sp.Expr] = {}
    for function in functions:
        meaning |= function.meaning
    if isinstance(conclusion, Relation):
        left = meant(conclusion.left - conclusion.right, meaning)
    else:
        rate = sp.diff(meant(conclusion.function, meaning), conclusion.variable)
        left = rate.xreplace({conclusion.variable: conclusion.at}) - conclusion.value
        left = meant(left, meaning)
        # what does not move with the control may be anything
        moving = sp.diff(conclusion.function, conclusion.variable)
        functions = [f.narrowed(moving) for f in functions]
    controls = {c: problem.moved(e) for c, e in problem.feedback.items() if c in left.free_symbols}
    left = left.xreplace(controls)
    own = {c: problem.moved(e) for c, e in problem.own.items() if c in left.free_symbols}
    left = left.xreplace(own)
    needed, powers, roots = _needed(left, problem.definitions), None, {}
    if needed is None:
        needed, powers = {}, Powers(left)
        roots = {} if powers.vanishes() else _roots(powers, problem)
        if not roots and not powers.vanishes():
            return f"{title}: no identity was found that holds whatever its powers are."
    letters = {**needed, **own, **controls}
    defined = [Hypothesis(f"H_{s.name}", Relation(s, "=", e)) for s, e in letters.items()]
    moves = [
        Hypothesis(f"slope_{c.name}", Slope(sp.Function(c.name)(t), t, t, dot))
        for c, dot in problem.moves.items()
        if any(c in f.moving for f in functions)
    ]
    below = divisors(
        [
            *sorted(left.atoms(sp.Pow), key=sp.default_sort_key),
            *own.values(),
            *(f.form for f in functions),
            *needed.values(),
        ]
    )
    # also where it cancels
    stated = (e for e in divisors(conclusion.expressions) if not e.has(AppliedUndef, *letters))
    positive = dict.fromkeys((*problem.positive, *(powers.positive if powers else ())))
    below = tuple(e for e in dict.fromkeys((*below, *stated)) if e not in positive)
    nonzero = [Hypothesis(f"nonzero_{k}", Relation(e, "<>")) for k, e in enumerate(below, 1)]
    nonzero += [Hypothesis(f"root_{s.name}", Relation(problem.implicit[s], "=")) for s in roots]
    guards = [
        Hypothesis(f"positive_{e if e.is_Symbol else k}", Relation(e, ">"))
        for k, e in enumerate(positive, 1)
    ]
    hypotheses = (*defined, *moves, *(h for f in functions for h in f.hypotheses()), *nonzero)
    hypotheses = (*hypotheses, *guards)
    rewriting = [line for f in functions for line in f.rewriting()]
    replacing = [Line(f"rewrite ?H_{identifier(s.name)}.") for s in reversed(letters)]
    closing = [Line("multiply_out.")]
    if powers:
        closing = [*powers.script(), *closing]
    for symbol, cofactor in roots.items():
        root = (cofactor, problem.implicit[symbol])
        closing = [
            Line("apply Rminus_diag_uniq."),
            Line("replace (_ - _) with ({} * {});", root),
            Line(f"  [rewrite root_{identifier(symbol.name)}; ring | symmetry]."),
            *closing,
        ]
    if isinstance(conclusion, Slope):
        rewriting = [*_spelled(conclusion, meaning), *rewriting]
        closing = [*(powers.bases() if powers else ()), *_sloping(closing)]
    script = (Line("intros."), *(line for f in functions for line in f.script()), *rewriting)
    made = Theorem(name, title, hypotheses, conclusion, (*script, *replacing, *closing))
    chosen = {letter: e for f in functions for letter, e in f.chosen.items()}
    return replace(made, witness=numbers(made, letters, chosen, problem))


def _roots(powers: Powers, problem: Faced) -> dict[sp.Symbol, sp.Expr]:
    """The first-order condition of which an expression is a multiple, with the cofactor."""
    for symbol, equation in problem.implicit.items():
        cofactor = powers.multiple(equation)
        if cofactor is not None:
            return {symbol: problem.moved(cofactor)}
    return {}


def _spelled(conclusion: Slope, meaning: Mapping[Any, sp.Expr]) -> Iterator[Line]:
    """The functions put in where they are taken at what is differentiated for."""
    inside = {
        f: meaning[f.func](*f.args)
        for f in conclusion.function.atoms(AppliedUndef)
        if f.func in meaning and f.has(conclusion.variable)
    }
    if inside:
        body = sp.Lambda(conclusion.variable, conclusion.function.xreplace(inside))
        names = ", ".join(f"?H_{identifier(f.func.__name__)}" for f in inside)
        yield Line("eapply (slope_extended _ {});", (body,))
        yield Line(f"  [intro; rewrite {names}; reflexivity |].")


def _sloping(closing: Sequence[Line]) -> Iterator[Line]:
    """The derivative by structure, and that it is the one of the statement."""
    if len(closing) == 1:
        yield Line("eapply slope_equal; [slope | multiply_out].")
    else:
        yield Line("eapply slope_equal; [slope |]. cbv beta; cbn [INR pred].")
        yield from closing


def meant(expression: sp.Expr, meaning: Mapping[Any, sp.Expr]) -> sp.Expr:
    """An expression with what its functions and letters are."""
    applied = {
        f: meaning[f.func](*f.args) for f in expression.atoms(AppliedUndef) if f.func in meaning
    }
    return expression.xreplace(applied).xreplace(
        {letter: e for letter, e in meaning.items() if isinstance(letter, sp.Symbol)}
    )


def _needed(
    left: sp.Expr, definitions: Mapping[sp.Symbol, sp.Expr]
) -> dict[sp.Symbol, sp.Expr] | None:
    """The definitions without which an expression does not vanish; None if it never does."""

    units = {e: sp.Dummy() for e in (*left.atoms(AppliedUndef), *units_in(left))}
    plain = left.xreplace(units)

    def vanishes(known: Mapping[sp.Symbol, sp.Expr]) -> bool:
        # numbers decide where all is rational; what they say is proved by Coq
        if follows(plain, known):
            return True
        e = left
        for letter in reversed(known):
            e = e.xreplace({letter: known[letter]})
        if all(e.is_rational_function() for e in (plain, *known.values())):
            return False
        e = e.xreplace({f: sp.Dummy() for f in e.atoms(AppliedUndef)})
        e = e.xreplace({unit: sp.Dummy() for unit in units_in(e)})
        return is_zero(e)

    kept = dict(definitions)
    if not vanishes(kept):
        return None
    for letter in definitions:
        fewer = {s: e for s, e in kept.items() if s != letter}
        if vanishes(fewer):
            kept = fewer
    return kept
