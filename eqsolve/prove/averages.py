"""Lines of displays with expectations and variances of the states at one time, as theorems.

An expectation is a letter: linear, and that of a constant is the constant. A variance is that of
the square less the square of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import sympy as sp
from sympy.core.function import UndefinedFunction

from eqsolve import operators as op
from eqsolve.ledger import Display
from eqsolve.prove.algebraic import divisors
from eqsolve.prove.along import EXPECTED, OUTCOME, said
from eqsolve.prove.coq import OUTCOMES, NotStatedError
from eqsolve.prove.need import needed
from eqsolve.prove.statement import Has, Hypothesis, Line, Relation, Theorem, identifier

Table = Mapping[sp.Symbol, sp.Expr]


@dataclass(frozen=True)
class Averaged:
    """A line of a display that has expectations of polynomials in the states.

    Attributes
    ----------
    name : of the theorem.
    left, right : of the line.
    display : of which the line is one.
    states : the letters of random variables.
    known : definitions.
    tokens : for expectations, by what is expected.
    condition : of all expectations, once one has said it.
    """

    name: str
    left: sp.Expr
    right: sp.Expr
    display: Display
    states: tuple[sp.Symbol, ...]
    known: Table
    tokens: dict[sp.Expr, sp.Dummy] = field(default_factory=dict)
    condition: list[sp.Basic] = field(default_factory=list)

    def theorem(self) -> Theorem | None:
        """The theorem; None if the line does not follow.

        Raises
        ------
        NotStatedError
            If something in the line has no statement.
        """
        left, right = self._said(self.left), self._said(self.right)
        own = {s: self._said(e) for s, e in self.display.values.items()}
        means = {e: sp.Dummy() for content in self.tokens for e, _ in self._terms(content)}
        sums = {
            token: sp.Add(*(k * means[e] for e, k in self._terms(content)))
            for content, token in self.tokens.items()
        }
        definitions = {s: e.xreplace(sums) for s, e in {**self.known, **own}.items()}
        kept = needed((left - right).xreplace(sums), definitions)
        if kept is None:
            return None
        used = {s: own.get(s, e) for s, e in kept.items()}
        shown = {token: self._expected(content) for content, token in self.tokens.items()}
        stated = {s: e.xreplace(shown) for s, e in used.items()}
        relation = Relation(left.xreplace(shown), "=", right.xreplace(shown))
        below = divisors([left, right, *used.values()])
        hypotheses = (
            Hypothesis("linear", Has("expects", EXPECTED)),
            *(Hypothesis(f"H_{s.name}", Relation(s, "=", e)) for s, e in stated.items()),
            *(Hypothesis(f"nonzero_{k}", Relation(e, "<>")) for k, e in enumerate(below, 1)),
        )
        script = [
            Line("intros."),
            *(Line(f"rewrite ?H_{identifier(s.name)}.") for s in own if s in used),
        ]
        for content in self.tokens:
            script += self._sum(content)
        script += [Line(f"rewrite ?H_{identifier(s.name)}.") for s in used if s not in own]
        script.append(Line("field; side."))
        kinds = {path: f"{OUTCOMES} -> R" for path in self._variables.values()}
        kinds[EXPECTED] = f"({OUTCOMES} -> R) -> R"
        title, source = self.display.title, self.display.tag
        made = Theorem(
            self.name, title, hypotheses, relation, tuple(script), {}, source, types=kinds
        )
        return replace(made, witness=self._witness(made, used))

    def _said(self, e: sp.Expr) -> sp.Expr:
        """What an expression of a display says, with tokens for expectations."""
        return said(e, self._expectation)

    def _expectation(self, expected: op.Expectation) -> sp.Expr:
        inside, condition = expected.args
        if self.condition and self.condition[0] != condition:
            raise NotStatedError("several conditions are not stated.", stage="proofs")
        self.condition[:] = [condition]
        content = op.plain(inside)
        if isinstance(expected, op.Variance):
            return self._token(content**2) - self._token(content) ** 2
        return self._token(content)

    def _token(self, content: sp.Expr) -> sp.Dummy:
        if not content.is_polynomial(*self.states):
            raise NotStatedError(f"{content} is not stated.", stage="proofs")
        return self.tokens.setdefault(content, sp.Dummy())

    @cached_property
    def _variables(self) -> dict[sp.Symbol, UndefinedFunction]:
        """The states as functions of the outcome."""
        return {s: sp.Function(str(s.name).upper()) for s in self.states}

    def _function(self, e: sp.Expr) -> sp.Lambda:
        there = {s: variable(OUTCOME) for s, variable in self._variables.items()}
        return sp.Lambda(OUTCOME, e.xreplace(there))

    def _expected(self, e: sp.Expr) -> sp.Expr:
        return EXPECTED(self._function(e))

    def _terms(self, content: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
        """The monomials in the states with their coefficients."""
        terms = sp.Poly(content, *self.states).terms()
        return [(sp.Mul(*map(sp.Pow, self.states, powers)), sp.factor(k)) for powers, k in terms]

    def _sum(self, content: sp.Expr) -> Iterator[Line]:
        """An expectation by those of monomials."""
        terms = self._terms(content)
        if terms == [(content, 1)]:
            return
        if len(terms) > 3:
            raise NotStatedError(f"{content} is not stated.", stage="proofs")
        total = sp.Add(*(k * self._expected(e) for e, k in terms))
        claim = Relation(self._expected(content), "=", total)
        terms += [(content, sp.S.Zero)] * (3 - len(terms))
        parts = [k for _, k in terms] + [
            self._function(e) for e in (content, *(e for e, _ in terms))
        ]
        places = " ".join("{}" for _ in parts)
        yield Line("assert (sum : {}).", (claim,))
        yield Line(f"{{{{ rewrite (expected_sum expectation {places} linear).", tuple(parts))
        yield Line("  - field; side.")
        yield Line("  - intro. field; side. }}")
        yield Line("rewrite sum. clear sum.")

    def _witness(self, theorem: Theorem, used: Table) -> dict[Any, Any]:
        """All states are 0, and numbers follow from definitions."""
        chosen: dict[Any, Any] = {s: sp.S.One for s in theorem.letters if s not in used}
        for s, e in used.items():
            chosen[s] = e.xreplace(dict.fromkeys(self.tokens.values(), sp.S.Zero)).xreplace(chosen)
        zero = {f: sp.Lambda(OUTCOME, sp.S.Zero) for f in self._variables.values()}
        return {**chosen, **zero, EXPECTED: "fun f => f tt"}
