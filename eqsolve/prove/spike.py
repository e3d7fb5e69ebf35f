"""The loss by a spike to first order in its length, as a theorem.

A letter of the display is a function of the time at which the spike ends: it is defined by what is
expected then and up to then, and moves by Dynkin's formula.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import sympy as sp

from eqsolve import operators as op
from eqsolve.ledger import Display
from eqsolve.ledger import Line as Shown
from eqsolve.notated.derivation import Derivation
from eqsolve.prove.along import EXPECTED, START, TIME, Along, moves
from eqsolve.prove.coq import NotStatedError
from eqsolve.prove.statement import (
    Approaches,
    ForAll,
    Has,
    Hypothesis,
    Line,
    Relation,
    Theorem,
    identifier,
)


@dataclass(frozen=True)
class Expectancy:
    """A letter for what is expected at the end of a spike and up to it.

    Attributes
    ----------
    letter : of the display.
    along : the expectations that define it.
    value : its definition, with tokens.
    function, rate : what is expected at the end, and the generator applied to it.
    """

    letter: sp.Symbol
    along: Along
    value: sp.Expr
    function: sp.Expr
    rate: sp.Expr

    @property
    def contents(self) -> list[sp.Expr]:
        """What is expected at the start: the function, its rate, and what is paid."""
        return [self.function, self.rate, *self.along.integrals]


@dataclass(frozen=True)
class Spike:
    """A line of a display: a limit of a difference quotient in the length of a spike."""

    name: str
    line: Shown
    display: Display
    derivation: Derivation

    def theorem(self) -> Theorem:
        """The theorem.

        Raises
        ------
        NotStatedError
            If something in the line has no statement.
        """
        if sp.expand(self.line.residual) != 0:
            raise NotStatedError(f"{self.name} does not hold.", stage="proofs")
        along, hjb = self._along(""), self.derivation.hjb
        length, value = self._quotient()
        if any(one.along.end != START + length for one in self.parts):
            raise NotStatedError(f"{self.name} is not stated.", stage="proofs")
        function = along.lettered(hjb.function("V"))
        objective = self.display.values[value]
        ends = {e.letter: sp.Function(e.letter.name)(TIME) for e in self.parts}
        spiked = sp.Function(value.name)(TIME)
        hypotheses = [
            Hypothesis("linear", Has("expects", EXPECTED)),
            *along.begins(),
            Hypothesis(
                f"H_{function.func.__name__}", Relation(function, "=", along.lettered(hjb.value))
            ),
            *(h for one in self.parts for h in self._assumed(one, ends[one.letter])),
            Hypothesis(
                f"H_{value}", ForAll((TIME,), Relation(spiked, "=", objective.xreplace(ends)))
            ),
        ]
        right = along.lettered(op.plain(self.line.right))
        lost = (function - spiked) / (TIME - START)
        made = Theorem(
            self.name,
            self.display.title,
            tuple(hypotheses),
            Approaches(lost, TIME, START, right),
            tuple(self._script(value, objective, function)),
            source=self.display.tag,
            types=along.types,
        )
        return replace(made, witness=self._witness(made))

    def _quotient(self) -> tuple[sp.Symbol, sp.Symbol]:
        """The length of the spike, which tends to 0, and the letter of the value under it."""
        limit, _ = self.line.left.args
        quotient, length, point = limit.args
        loss = op.plain(quotient * length)
        letters = loss.free_symbols & self.display.values.keys()
        if point != 0 or loss - self.derivation.hjb.function("V") not in {-s for s in letters}:
            raise NotStatedError(f"{self.name} is not stated.", stage="proofs")
        (value,) = letters
        return length, value

    def _along(self, name: str) -> Along:
        hjb = self.derivation.hjb
        return Along(hjb.game.state_symbols, hjb.control, False, name=name)

    @cached_property
    def parts(self) -> tuple[Expectancy, ...]:
        """The letters that are defined by expectations."""
        hjb, found = self.derivation.hjb, []
        (spike,) = self._controls
        for letter, e in self.display.values.items():
            if not e.has(op.Expectation):
                continue
            along = self._along(f"integral_{letter}")
            value = along.said(e)
            if along.content is None:
                raise NotStatedError(f"{letter} is not stated.", stage="proofs")
            content = along.content[0]
            rate = hjb.applied(content).doit().xreplace({hjb.control: spike})
            found.append(
                Expectancy(letter, along, value, along.lettered(content), along.lettered(rate))
            )
        return tuple(found)

    @property
    def _controls(self) -> list[sp.Symbol]:
        """What is held during the spike: an indeterminate of the display that its rates have."""
        free = [s for s, e in self.display.values.items() if isinstance(e, sp.Dummy)]
        return [s for s in free if s in op.plain(self.line.right).free_symbols]

    def _assumed(self, one: Expectancy, end: sp.Expr) -> Iterator[Hypothesis]:
        along, name = one.along, one.function.func.__name__
        value, rate = (along.expected(e, TIME) for e in (one.function, one.rate))
        yield Hypothesis(f"dynkin_{name}", moves(value, rate))
        yield from along.accumulated()
        claim = Relation(end, "=", along.shown(one.value, TIME))
        yield Hypothesis(f"H_{one.letter}", ForAll((TIME,), claim))

    def _script(self, value: sp.Symbol, objective: sp.Expr, function: sp.Expr) -> Iterator[Line]:
        shown = {e.letter: e.along.shown(e.value, TIME) for e in self.parts}
        body = sp.Lambda(TIME, objective.xreplace(shown))
        names = ", ".join(f"?H_{identifier(e.letter.name)}" for e in self.parts)
        yield Line("intros.")
        count = 0
        for one in self.parts:
            for content in one.contents:
                count += 1
                claim = Relation(one.along.expected(content, START), "=", content)
                begins = ", ".join(f"?begins_{p.__name__}" for p in one.along.paths.values())
                yield Line(f"assert (at_start_{count} : {{}}).", (claim,))
                yield Line("{{ apply (expected_constant expectation); [exact linear | intro].")
                yield Line(f"  rewrite {begins}. ring. }}}}")
        known = ", ".join(f"?at_start_{k}" for k in range(1, count + 1))
        integrals = [f.__name__ for e in self.parts for f in e.along.letters.values()]
        zero = ", ".join(f"?begins_{identifier(name)}" for name in integrals)
        yield Line("apply approaches_slope.")
        yield Line("- apply (from_agreeing _ _ {});", (body,))
        spelled = f"rewrite H_{identifier(value.name)}, {names}; reflexivity"
        yield Line(f"    [lra | intros; {spelled} |].")
        moving = [f"dynkin_{e.function.func.__name__}" for e in self.parts]
        for name in (*moving, *(f"slope_{name}" for name in integrals)):
            yield Line(f"  specialize ({identifier(name)} {{}} (Rle_refl {{}})).", (START, START))
        yield Line("  eapply from_equal; [slope_from |]. cbv beta; cbn [INR pred].")
        yield Line(f"  rewrite {known}, {zero}. at_zero. field.")
        yield Line(f"- rewrite H_{identifier(value.name)}, {names}, {known}, {zero}. at_zero.")
        yield Line(f"  rewrite H_{identifier(function.func.__name__)}. field.")

    def _witness(self, theorem: Theorem) -> dict[Any, Any]:
        """Nothing moves: the states begin and stay at 0."""
        zero = {*self.derivation.hjb.game.state_symbols, START}
        chosen: dict[Any, Any] = {s: sp.S.Zero if s in zero else sp.S.One for s in theorem.letters}
        for f, count in theorem.functions.items():
            chosen[f] = sp.Lambda(sp.symbols(f"x1:{count + 1}"), sp.S.Zero)
        return {**chosen, EXPECTED: "fun f => f tt"}
