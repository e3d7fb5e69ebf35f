"""What displays say of expectations along paths of the states, in letters of theorems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction

from eqsolve import operators as op
from eqsolve.prove.coq import OUTCOMES, NotStatedError
from eqsolve.prove.statement import ForAll, Hypothesis, Joined, Relation, Slope, Statement
from eqsolve.symbols import letters

(START,) = letters("t")
OUTCOME, TIME = sp.symbols("omega s")
EXPECTED = sp.Function("expectation")


def after(claim: Statement) -> ForAll:
    """A statement for all times from the start on."""
    return ForAll((TIME,), Joined("->", (Relation(START, "<=", TIME), claim)))


def discount(rate: sp.Expr, end: sp.Expr) -> sp.Expr:
    """The discount factor from the start to an end."""
    return sp.exp(-rate * (end - START)) if rate != 0 else sp.S.One


@dataclass
class Along:
    """The expectations in a line of a display: tokens stand for them, until an end is put in.

    Attributes
    ----------
    states, control : of the game; the control is a function of the states.
    moving : whether functions depend on time, too.
    content : what is expected at the end, and how it is shown.
    token : for its discounted expectation.
    integrals : tokens for expected integrals up to the end, by integrand.
    rate : of discounting.
    end : the later time.
    name : of the integrals.
    """

    states: tuple[sp.Symbol, ...]
    control: sp.Symbol
    moving: bool
    content: tuple[sp.Expr, str] | None = None
    token: sp.Dummy = field(default_factory=sp.Dummy)
    integrals: dict[sp.Expr, sp.Dummy] = field(default_factory=dict)
    rate: sp.Expr = sp.S.Zero
    end: sp.Expr | None = None
    name: str = "integral"

    @cached_property
    def paths(self) -> dict[sp.Symbol, UndefinedFunction]:
        """The path of every state, a function of time and outcome."""
        return {s: sp.Function(str(s.name).upper()) for s in self.states}

    @property
    def letters(self) -> dict[sp.Dummy, UndefinedFunction]:
        """The integrals as functions of their end, by token."""
        names = [self.name, *(f"{self.name}_{k}" for k in range(2, len(self.integrals) + 1))]
        return dict(zip(self.integrals.values(), map(sp.Function, names)))

    @property
    def arguments(self) -> tuple[sp.Symbol, ...]:
        """Of the functions."""
        return (START, *self.states) if self.moving else self.states

    @property
    def types(self) -> dict[UndefinedFunction, str]:
        """What kind of functions paths and the expectation are."""
        kinds = {path: f"R -> {OUTCOMES} -> R" for path in self.paths.values()}
        return {**kinds, EXPECTED: f"({OUTCOMES} -> R) -> R"}

    def lettered(self, e: sp.Expr) -> sp.Expr:
        """An expression with a function for every derivative, and for the control."""
        named = {
            d: sp.Function(f"{d.expr.func.__name__}_{''.join(map(str, d.variables))}")(*d.expr.args)
            for d in e.atoms(sp.Derivative)
        }
        named |= {f: sp.Function(f.func.__name__)(*f.args) for f in e.atoms(AppliedUndef)}
        played = {self.control: sp.Function(self.control.name)(*self.arguments)}
        return e.xreplace(named).xreplace(played)

    def on_paths(self, e: sp.Expr, time: sp.Expr) -> sp.Expr:
        """A function of the states on their paths."""
        there = {s: path(time, OUTCOME) for s, path in self.paths.items()}
        return e.xreplace({**there, START: time})

    def expected(self, e: sp.Expr, time: sp.Expr) -> sp.Expr:
        """The expectation of a function of the states at a time."""
        return EXPECTED(sp.Lambda(OUTCOME, self.on_paths(e, time)))

    def discounted(self, e: sp.Expr, time: sp.Expr) -> sp.Expr:
        """The discounted expectation of a function of the states at a time."""
        return discount(self.rate, time) * self.expected(e, time)

    def shown(self, e: sp.Expr, end: sp.Expr) -> sp.Expr:
        """An expression with what its tokens stand for, up to an end."""
        meant = {token: letter(end) for token, letter in self.letters.items()}
        if self.content is not None:
            value = self.lettered(self.content[0])
            meant[self.token] = self.discounted(value, end)
        return e.xreplace(meant)

    def accumulated(self) -> Iterator[Hypothesis]:
        """What the integrals are."""
        for e, token in self.integrals.items():
            integral = self.letters[token]
            yield Hypothesis(f"begins_{integral.__name__}", Relation(integral(START), "="))
            slope = Slope(integral(TIME), TIME, TIME, self.discounted(e, TIME))
            yield Hypothesis(f"slope_{integral.__name__}", after(slope))

    def said(self, e: sp.Expr) -> sp.Expr:
        """What an expression of a display says, with tokens.

        Raises
        ------
        NotStatedError
            If there is no statement for it.
        """
        if isinstance(e, (op.Named, op.Kept)):
            return self.said(e.args[0])
        if isinstance(e, op.Meant):
            return self.said(e.args[1])
        if isinstance(e, op.Expectation) and not isinstance(e, op.Variance):
            return self._expectation(e.args[0])
        if isinstance(e, op.InOrder) or (e.has(op.Inert) and (e.is_Add or e.is_Mul)):
            parts = [self.said(part) for part in e.args]
            return sp.Mul(*parts) if e.is_Mul else sp.Add(*parts)
        if e.has(op.Inert):
            raise NotStatedError(f"{e} is not stated.", stage="proofs")
        return self.lettered(e)

    def _expectation(self, inside: sp.Expr) -> sp.Expr:
        inner = self._discounted(inside)
        if isinstance(inner, op.TimeIntegral):
            integrand, _, _, end = inner.args
            inner = self._discounted(integrand)
            self._ends(end)
            if isinstance(inner, op.Along):
                content = self.lettered(op.plain(inner.args[0]))
                return self.integrals.setdefault(content, sp.Dummy())
        elif isinstance(inner, op.Along):
            shown, end = inner.args
            self._ends(end)
            named = isinstance(shown, op.Named)
            self.content = op.plain(shown), str(shown.args[1]) if named else ""
            return self.token
        raise NotStatedError(f"{inside} is not stated.", stage="proofs")

    def _discounted(self, inside: sp.Expr) -> sp.Expr:
        """What is multiplied by a discount factor, whose rate is noted."""
        factors = sp.Mul.make_args(inside)
        for factor in factors:
            if isinstance(factor, op.Discount):
                self.rate = factor.args[0]
        return sp.Mul(*(f for f in factors if not isinstance(f, op.Discount)))

    def _ends(self, end: sp.Expr) -> None:
        if self.end not in (None, end):
            raise NotStatedError("several ends are not stated.", stage="proofs")
        self.end = end
