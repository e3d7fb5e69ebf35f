"""What expressions tend to as a parameter grows, as theorems.

Names that move with the parameter are functions of it; of some of them the limits are assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

import sympy as sp

from eqsolve.prove.algebraic import divisors
from eqsolve.prove.need import follows, needed
from eqsolve.prove.statement import (
    ForAll,
    Hypothesis,
    Line,
    Relation,
    Tends,
    Theorem,
    identifier,
)
from eqsolve.prove.witness import witness

Table = Mapping[sp.Symbol, sp.Expr]


@dataclass(frozen=True)
class Growing:
    """A parameter that grows, and what moves with it.

    Attributes
    ----------
    variable : the parameter.
    definitions : what names are, in order, those that do not move among them.
    limits : what names tend to.
    """

    variable: sp.Symbol
    definitions: Table
    limits: Table

    @property
    def moving(self) -> set[sp.Symbol]:
        """The names that move."""
        found = {*self.limits}
        for letter, e in self.definitions.items():
            if e.free_symbols & {*found, self.variable}:
                found.add(letter)
        return found

    @property
    def fixed(self) -> dict[sp.Symbol, sp.Expr]:
        """The definitions of what stands still."""
        return {s: e for s, e in self.definitions.items() if s not in self.moving}

    def shown(self, expression: sp.Expr) -> sp.Expr:
        """An expression with functions of the parameter."""
        return expression.xreplace({s: sp.Function(s.name)(self.variable) for s in self.moving})

    def inserted(self, expression: sp.Expr) -> sp.Expr:
        """An expression in names of which the limit is known, and in what stands still."""
        for letter in reversed(self.definitions):
            if letter in self.moving and letter not in self.limits:
                expression = expression.xreplace({letter: self.definitions[letter]})
        return expression

    def used(self, *expressions: sp.Expr) -> set[sp.Symbol]:
        """The moving names that expressions are made of."""
        found = set().union(*(e.free_symbols for e in expressions)) & self.moving
        for letter in reversed(self.definitions):
            if letter in found and letter not in self.limits:
                found |= self.definitions[letter].free_symbols & self.moving
        return found

    def hypotheses(self, used: set[sp.Symbol]) -> Iterator[Hypothesis]:
        """What the moving names are, and what they tend to."""
        for letter, e in self.definitions.items():
            if letter in used and letter not in self.limits:
                claim = Relation(self.shown(letter), "=", self.shown(e))
                yield Hypothesis(f"H_{letter.name}", ForAll((self.variable,), claim))
        for letter, e in self.limits.items():
            if letter in used:
                yield Hypothesis(f"limit_{letter.name}", self.tends(letter, e))

    def tends(self, expression: sp.Expr, limit: sp.Expr) -> Tends:
        """The statement that an expression tends to a limit."""
        return Tends(self.shown(expression), self.variable, limit)

    def rewriting(self, used: set[sp.Symbol]) -> str:
        """Put in what the moving names are."""
        names = [s for s in reversed(self.definitions) if s in used and s not in self.limits]
        listed = ", ".join(f"?H_{identifier(s.name)}" for s in names)
        return f"rewrite {listed}. " if listed else ""

    def function(self, expression: sp.Expr) -> sp.Lambda:
        """An expression as a function of the parameter."""
        return sp.Lambda(self.variable, self.shown(expression))


def by_limits(
    name: str, title: str, source: str, left: sp.Expr, right: sp.Expr, known: Growing
) -> Theorem | None:
    """What an expression tends to, from what the names in it tend to; None if it does not."""
    inserted = known.inserted(left)
    end = inserted.xreplace(dict(known.limits))
    kept = needed(end - right, known.fixed)
    if kept is None:
        return None
    used = known.used(left)
    values = [e for s, e in known.limits.items() if s in used]
    factors = list(divisors([right, *values, *kept.values()]))
    proof, every = list[tuple[int, sp.Expr, sp.Expr]](), dict(kept)
    below = {p.base for p in inserted.atoms(sp.Pow) if p.exp.is_Integer and p.exp < 0}
    for k, base in enumerate(sorted(below, key=str), 1):
        at_end = base.xreplace(dict(known.limits))
        form = _as_product(at_end, factors, known.fixed)
        if form is None:
            factors += [e for e in divisors([1 / at_end]) if e not in factors]
            continue
        every |= needed(at_end - form, known.fixed) or {}
        proof.append((k, at_end, form))
    fixed = {s: e for s, e in known.fixed.items() if s in every}
    hypotheses = [
        *(Hypothesis(f"H_{s.name}", Relation(s, "=", e)) for s, e in fixed.items()),
        *known.hypotheses(used),
        *(Hypothesis(f"nonzero_{k}", Relation(e, "<>")) for k, e in enumerate(factors, 1)),
    ]
    script = [Line("intros."), *(Line("subst {}.", (s,)) for s in fixed)]

    def spelled(e: sp.Expr) -> sp.Expr:
        for letter in reversed(fixed):
            e = e.xreplace({letter: fixed[letter]})
        return e

    for k, at_end, form in proof:
        at_end, form = spelled(at_end), spelled(form)
        script.append(Line(f"assert (N_{k} : {{}}).", (Relation(at_end, "<>"),)))
        script.append(Line("{{ replace {} with {} by (field; side). side. }}", (at_end, form)))
    names = known.rewriting(used)
    if names:
        body = known.function(spelled(inserted))
        script.append(Line("apply (tends_extended _ {}).", (body,)))
        script.append(Line(f"{{{{ intro. {names}unfold Rdiv. ring. }}}}"))
    script.append(Line("eapply tends_equal; [limit | field; side]."))
    return stated(name, title, source, hypotheses, known.tends(left, right), script, known, {})


def _as_product(e: sp.Expr, factors: Iterable[sp.Expr], fixed: Table) -> sp.Expr | None:
    """An expression as a product of powers of factors, by definitions; None if none was found."""
    factors = tuple(factors)
    for exponents in sorted(
        product((0, 1, -1), repeat=len(factors)), key=lambda some: sum(map(abs, some))
    ):
        form = sp.Mul(*(f**k for f, k in zip(factors, exponents, strict=True)))
        if follows(e - form, fixed):
            return form
    return None


def stated(
    name: str,
    title: str,
    source: str,
    hypotheses: Iterable[Hypothesis],
    conclusion: Tends,
    script: Iterable[Line],
    known: Growing,
    chosen: Mapping[sp.Symbol, sp.Expr],
) -> Theorem:
    """A theorem with numbers and functions that satisfy what it assumes.

    Parameters
    ----------
    chosen : of moving names, what they are; by default what they tend to, at all times.

    Raises
    ------
    VacuousError
        If no numbers are found.
    """
    made = Theorem(name, title, tuple(hypotheses), conclusion, tuple(script), source=source)
    plain = tuple(h for h in made.hypotheses if isinstance(h.statement, Relation))
    given = {s: e for s, e in chosen.items() if s in made.letters}
    numbers = {s: sp.S.One for s in made.letters} | given
    numbers |= witness(replace(made, hypotheses=plain), given)
    values = {**known.limits, **{s: e for s, e in chosen.items() if s in known.moving}}
    functions = {
        sp.Function(s.name): sp.Lambda(known.variable, values[s] if s in values else known.shown(e))
        for s, e in {**known.limits, **known.definitions}.items()
        if s in known.moving
    }
    return replace(made, witness={**numbers, **functions})
