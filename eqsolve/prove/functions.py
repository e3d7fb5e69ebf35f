"""Lines of displays with unknown functions of the states and their derivatives.

A line is stated for the functions of the ansatz and for whatever their derivatives are; what holds
for any functions is stated with a letter for each derivative.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.notated.derivation import Derivation
from eqsolve.prove.expectation import By, Function, slope
from eqsolve.prove.problem import Expectation, of_family
from eqsolve.prove.statement import Hypothesis, Line, Relation, Slope, Theorem


@dataclass(frozen=True)
class Shown(Function):
    """A function with those of its derivatives that a line shows."""

    @cached_property
    def first(self) -> dict[sp.Symbol, sp.Expr]:
        """First derivatives that are shown, or of which one is shown."""
        wanted = {by[0] for by in self.used or () if by}
        return {s: slope(self.form, s) for s in self.problem.states if s in wanted}

    @cached_property
    def second(self) -> dict[By, sp.Expr]:
        """Second derivatives that are shown."""
        pairs = sorted((by for by in self.used or () if len(by) == 2), key=str)
        return {by: slope(self.first[by[0]], by[1]) for by in pairs}


@dataclass(frozen=True)
class Functions:
    """The unknown functions of a derivation at its ansatz."""

    derivation: Derivation

    @cached_property
    def _forms(self) -> dict[sp.Expr, Expectation]:
        hjb, ansatz = self.derivation.hjb, self.derivation.system.ansatz
        forms = {**ansatz.functions, "V": ansatz.value}
        return {
            hjb.function(name): Expectation(name, sp.Symbol(name), sp.S.Zero, sp.S.Zero, form)
            for name, form in forms.items()
        }

    def at_ansatz(self, relation: Relation) -> Relation:
        """A line with the ansatz inserted."""
        forms = {f: e.function for f, e in self._forms.items()}
        left, right = (e.subs(forms).doit() for e in relation.expressions)
        return replace(relation, left=left, right=right)

    def known(self, relation: Relation) -> bool:
        """Whether all functions of a line have an ansatz."""
        return _applied(relation) <= self._forms.keys()

    def lifted(self, relation: Relation, made: Theorem, point: Mapping[Any, sp.Expr]) -> Theorem:
        """A theorem about a line at the ansatz as one about the functions.

        Parameters
        ----------
        made : the theorem about the line with the ansatz inserted.
        point : numbers for letters that it does not have.
        """
        problem = of_family(self.derivation)
        functions, replaced = [], {}
        for f, moment in self._forms.items():
            shown = [e for e in _derivatives(relation) if e.expr == f]
            if f not in _applied(relation):
                continue
            used = frozenset([(), *(tuple(e.variables) for e in shown)])
            function = Shown(moment, problem, used=used)
            functions.append(function)
            replaced[f] = function.symbol()
            for e in shown:
                by = tuple(e.variables)
                replaced[e] = function.symbol(*by) if len(by) == 1 else function.number(*by)
        left, right = (_replaced(e, replaced) for e in relation.expressions)
        hypotheses = (*(h for f in functions for h in f.hypotheses()), *made.hypotheses)
        script = [
            Line("intros."),
            *(line for f in functions for line in f.script()),
            *(line for f in functions for line in f.rewriting()),
            *made.script[1:],
        ]
        lifted = replace(
            made,
            hypotheses=hypotheses,
            conclusion=replace(relation, left=left, right=right),
            script=tuple(script),
        )
        meaning: dict[Any, sp.Expr] = {}
        for f in functions:
            meaning |= f.meaning
        numbers = {
            s: made.witness.get(s, point.get(s, sp.S.One))
            for s in lifted.letters
            if s not in meaning
        }
        return replace(lifted, witness={**numbers, **meaning})


def with_letters(relation: Relation) -> Relation:
    """A line with a letter for every function and derivative in it."""
    replaced: dict[sp.Expr, sp.Expr] = {e: _letter(e) for e in _derivatives(relation)}
    replaced |= {f: sp.Symbol(f.func.__name__) for f in _applied(relation)}
    left, right = (_replaced(e, replaced) for e in relation.expressions)
    return replace(relation, left=left, right=right)


def as_declared(relation: Relation, derivation: Derivation) -> Relation:
    """A line whose left side is the generator of a function, written with the loadings declared."""
    hjb = derivation.hjb
    for f in _applied(relation):
        time = next((s for s in f.args if s not in hjb.game.state_symbols), None)
        moved = [sp.diff(f, time)] if time is not None else []
        if relation.left == sp.Add(*moved, hjb.problem.generator(f)):
            problem, terms = of_family(derivation), moved
            terms += [drift * sp.diff(f, s) for s, drift in problem.drift.items()]
            for (one, two), covariance in problem.covariance.items():
                weight = sp.Rational(1, 2) if one == two else sp.S.One
                terms.append(weight * covariance * sp.diff(f, one, two))
            return replace(relation, left=sp.Add(*terms))
    return relation


def chain_rule(
    name: str, title: str, source: str, relation: Relation, derivation: Derivation
) -> Theorem | None:
    """That the right side of a line is the derivative of the preference at the moments.

    None if the left side is no such derivative, or not equal to the right side.
    """
    if sp.expand(relation.left - relation.right) != 0:
        return None
    functions = {f.func.__name__: f for f in sorted(_applied(relation), key=str)}
    moments = derivation.hjb.moments
    if not all(m.name in functions for m in moments):
        return None
    value = derivation.game.preference.aggregate.xreplace(
        {m.symbol: functions[m.name] for m in moments}
    )
    for state in derivation.game.state_symbols:
        if sp.expand(relation.left - sp.diff(value, state)) != 0:
            continue
        plain = {f: sp.Function(f.func.__name__)(*f.args) for f in functions.values()}
        letters = {sp.diff(f, state): _letter(sp.diff(f, state)) for f in functions.values()}
        slopes = [
            Slope(plain[f], state, state, letters[sp.diff(f, state)]) for f in functions.values()
        ]
        hypotheses = tuple(Hypothesis(f"slope_{s.value}", s) for s in slopes)
        right = relation.right.xreplace(letters).xreplace(plain)
        made = Theorem(
            name,
            title,
            hypotheses,
            Slope(value.xreplace(plain), state, state, right),
            (Line("intros."), Line("eapply slope_equal; [slope | multiply_out].")),
            source=source,
        )
        zero = {plain[f].func: sp.Lambda(f.args, sp.S.Zero) for f in functions.values()}
        numbers = {s: sp.S.Zero for s in made.letters}
        return replace(made, witness={**numbers, **zero})
    return None


def _letter(derivative: sp.Derivative) -> sp.Symbol:
    by = "".join(str(s) for s in derivative.variables)
    return sp.Symbol(f"{derivative.expr.func.__name__}_{by}")


def _applied(relation: Relation) -> set[sp.Expr]:
    return set().union(*(e.atoms(AppliedUndef) for e in relation.expressions))


def _derivatives(relation: Relation) -> list[sp.Derivative]:
    found: Iterable[sp.Derivative] = set().union(
        *(e.atoms(sp.Derivative) for e in relation.expressions)
    )
    return sorted(found, key=str)


def _replaced(e: sp.Expr, by: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    derivatives = {old: new for old, new in by.items() if isinstance(old, sp.Derivative)}
    return e.xreplace(derivatives).xreplace(dict(by))
