"""What displays say of expectations along paths of the states, in letters of theorems."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction

from eqsolve import operators as op
from eqsolve.prove.coq import OUTCOMES, NotStatedError
from eqsolve.prove.statement import ForAll, Hypothesis, Joined, Relation, Slope
from eqsolve.symbols import letters

(START,) = letters("t")
OUTCOME, TIME = sp.symbols("omega s")
EXPECTED = sp.Function("expectation")


def moves(value: sp.Expr, rate: sp.Expr) -> ForAll:
    """How something moves with time from the start on; nothing is said of it before."""
    slope = Slope(value, TIME, TIME, rate, since=START)
    return ForAll((TIME,), Joined("->", (Relation(START, "<=", TIME), slope)))


def discount(rate: sp.Expr, end: sp.Expr) -> sp.Expr:
    """The discount factor from the start to an end."""
    return sp.exp(-rate * (end - START)) if rate != 0 else sp.S.One


def said(e: sp.Expr, expectation: Callable[[op.Expectation], sp.Expr]) -> sp.Expr:
    """What an expression of a display says.

    Parameters
    ----------
    expectation : what an expectation in it says.

    Raises
    ------
    NotStatedError
        If there is no statement for it.
    """
    if isinstance(e, (op.Named, op.Kept)):
        return said(e.args[0], expectation)
    if isinstance(e, op.Meant):
        shown, meaning = e.args
        if shown.has(op.Expectation):
            # at a random time: what is seen then is what is seen at the times that are meant
            seen = shown.args[0] if type(shown) is op.Expectation else shown
            contents = {node.args[0] for node in meaning.atoms(op.Along)}
            if not isinstance(seen, op.Along) or contents != {seen.args[0]}:
                raise NotStatedError(f"{shown} is not stated.", stage="proofs")
        return said(meaning, expectation)
    if isinstance(e, op.Expectation):
        return expectation(e)
    if isinstance(e, op.InOrder) or (e.has(op.Inert) and (e.is_Add or e.is_Mul)):
        parts = [said(part, expectation) for part in e.args]
        return sp.Mul(*parts) if e.is_Mul else sp.Add(*parts)
    if e.has(op.Inert):
        raise NotStatedError(f"{e} is not stated.", stage="proofs")
    return e


@dataclass
class Along:
    """The expectations in a line of a display: tokens stand for them, until an end is put in.

    Attributes
    ----------
    states, control : of the game; the control is a function of the states.
    moving : whether functions depend on time, too.
    token : for the discounted expectation at the end.
    integrals : tokens for expected integrals up to the end, by integrand.
    noted : what all expectations have in common, once one has said it.
    name : of the integrals.
    """

    states: tuple[sp.Symbol, ...]
    control: sp.Symbol
    moving: bool
    token: sp.Dummy = field(default_factory=sp.Dummy)
    integrals: dict[sp.Expr, sp.Dummy] = field(default_factory=dict)
    noted: dict[str, Any] = field(default_factory=dict)
    name: str = "integral"

    @property
    def content(self) -> tuple[sp.Expr, str] | None:
        """What is expected at the end, and how it is shown."""
        content: tuple[sp.Expr, str] | None = self.noted.get("content")
        return content

    @property
    def rate(self) -> sp.Expr:
        """Of discounting."""
        rate: sp.Expr = self.noted.get("rate", sp.S.Zero)
        return rate

    @property
    def end(self) -> sp.Expr | None:
        """The later time."""
        end: sp.Expr | None = self.noted.get("end")
        return end

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
            motion = moves(integral(TIME), self.discounted(e, TIME))
            yield Hypothesis(f"slope_{integral.__name__}", motion)

    def begins(self) -> Iterator[Hypothesis]:
        """Where the paths begin."""
        for state, path in self.paths.items():
            begins = Relation(path(START, OUTCOME), "=", state)
            yield Hypothesis(f"begins_{path.__name__}", ForAll((OUTCOME,), begins, kind=OUTCOMES))

    def said(self, e: sp.Expr) -> sp.Expr:
        """What an expression of a display says, with tokens.

        Raises
        ------
        NotStatedError
            If there is no statement for it.
        """
        return self.lettered(said(e, self._expectation))

    def _expectation(self, expected: op.Expectation) -> sp.Expr:
        inside, condition = expected.args
        if isinstance(expected, op.Variance) or str(condition):
            raise NotStatedError(f"{expected} is not stated.", stage="proofs")
        if isinstance(inside, op.TimeIntegral):
            integrand, variable, start, end = inside.args
            content = self._discounted(integrand, variable)
            inner = variable.is_Symbol and variable not in (START, *self.states)
            if start != START or not inner or content.has(variable):
                raise NotStatedError(f"{inside} is not stated.", stage="proofs")
            self._note("end", end)
            return self.integrals.setdefault(self.lettered(op.plain(content)), sp.Dummy())
        end = next((e.args[1] for e in sp.Mul.make_args(inside) if isinstance(e, op.Along)), sp.oo)
        content = self._discounted(inside, end)
        if end == sp.oo:
            raise NotStatedError(f"{inside} is not stated.", stage="proofs")
        self._note("end", end)
        shown = str(content.args[1]) if isinstance(content, op.Named) else ""
        self._note("content", (op.plain(content), shown))
        return self.token

    def _discounted(self, inside: sp.Expr, time: sp.Expr) -> sp.Expr:
        """What is seen along the paths at a time, discounted from the start to then."""
        factors = sp.Mul.make_args(inside)
        discounts = [e for e in factors if isinstance(e, op.Discount)]
        seen = [e for e in factors if e not in discounts]
        rate = sp.Add(*(e.args[0] for e in discounts))
        if (
            [type(e) for e in seen] != [op.Along]
            or seen[0].args[1] != time
            or any(e.args[1:] != (START, time) for e in discounts)
            or seen[0].args[0].has(op.Along, op.Discount, op.Expectation, op.TimeIntegral)
            or TIME in seen[0].args[0].free_symbols | rate.free_symbols
        ):
            raise NotStatedError(f"{inside} is not stated.", stage="proofs")
        self._note("rate", rate)
        return seen[0].args[0]

    def _note(self, what: str, value: Any) -> None:
        """Note what all expectations have in common."""
        if self.noted.setdefault(what, value) != value:
            raise NotStatedError(f"more than one {what} is not stated.", stage="proofs")
