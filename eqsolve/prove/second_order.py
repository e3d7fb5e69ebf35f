"""The second derivatives of the gain rate of a deviation in the controls, and their signs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import combinations_with_replacement
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.derivation.solve import algebra
from eqsolve.game import t
from eqsolve.prove.algebraic import divisors
from eqsolve.prove.expectation import Function, slope, units_in
from eqsolve.prove.generator import gain, meant
from eqsolve.prove.problem import Faced
from eqsolve.prove.signs import Signed, assumptions, equivalent, signed
from eqsolve.prove.statement import (
    ForAll,
    Hypothesis,
    Joined,
    Line,
    Maker,
    Relation,
    Slope,
    Statement,
    Theorem,
    identifier,
)
from eqsolve.prove.witness import numbers, witness


def theorems(problem: Faced, definitions: Mapping[sp.Symbol, sp.Expr]) -> Iterator[Maker]:
    """When the feedback is a maximum (or minimum) of the gain rate.

    Parameters
    ----------
    definitions : closed forms of coefficients: on what their signs hang.
    """
    yield partial(_theorem, problem)
    for letter in _conditions(problem) & definitions.keys():
        yield partial(_condition, problem, letter, definitions[letter])


class _Gain:
    """The gain rate of a deviation and its derivatives in the controls."""

    def __init__(self, problem: Faced) -> None:
        functions = [Function(m, problem) for m in problem.moments]
        self.meaning: dict[Any, sp.Expr] = {}
        for function in functions:
            self.meaning |= function.meaning
        self.rate = gain(functions)
        inner = meant(self.rate, self.meaning)
        self.controls = tuple(problem.feedback)
        # what does not move with the controls may be anything
        moving = sp.Add(*(sp.Dummy() * sp.diff(self.rate, u) for u in self.controls))
        self.functions = [f.narrowed(moving) for f in functions]
        self.first = {u: _factored(slope(inner, u)) for u in self.controls}
        pairs = combinations_with_replacement(self.controls, 2)
        self.second = {(u, v): _factored(slope(self.first[u], v)) for u, v in pairs}
        raised = [e.base if e.is_Pow else e.args[0] for e in units_in(inner)]
        #: controls of which powers or logarithms are taken: they are positive
        self.positive = tuple(u for u in self.controls if u in raised)
        entering = set().union(*(e.free_symbols for e in self.second.values()))
        self.moves = bool(entering & {*self.controls} - {*self.positive})
        self.sign = 1 if problem.minimized else -1
        self.problem = problem

    def minors(self) -> list[tuple[sp.Expr, Signed]]:
        """Leading minors, the first with its own sign, with the signs of their factors."""
        size = len(self.controls)
        matrix = sp.zeros(size, size)
        for (u, v), e in self.second.items():
            i, j = self.controls.index(u), self.controls.index(v)
            matrix[i, j] = matrix[j, i] = e
        positive = (*self.problem.above, *self.problem.positive, *self.positive)
        found = [matrix[0, 0]]
        found += [
            _factored((self.sign * matrix[:k, :k]).det(method="berkowitz"))
            for k in range(2, size + 1)
        ]
        return [(e, signed(e, positive, self.problem.definitions)) for e in found]


def _factored(expression: sp.Expr) -> sp.Expr:
    """A quotient of products, its exponentials and powers as they are."""
    stand_in = {unit: sp.Dummy() for unit in units_in(expression)}
    stand_in |= {f: sp.Dummy() for f in expression.atoms(AppliedUndef)}
    plain = algebra.factored(expression.xreplace(stand_in))
    return plain.xreplace({letter: unit for unit, letter in stand_in.items()})


def _conditions(problem: Faced) -> set[sp.Symbol]:
    """Letters on whose signs a minor hangs."""
    rate = _Gain(problem)
    return set() if rate.moves else set().union(*(f.rest.free_symbols for _, f in rate.minors()))


def _theorem(problem: Faced) -> Theorem | str:
    of_player = f" of {problem.player}" if problem.player else ""
    kind = "minimum" if problem.minimized else "maximum"
    title = f"Second-order condition{of_player}: the gain rate of a deviation has a {kind}"
    controls = {*problem.feedback}
    if any(e.free_symbols & controls for _, sizes in problem.jumps for e in sizes.values()):
        return f"{title}: not proved formally, as jumps depend on the control."
    rate = _Gain(problem)
    if rate.moves:
        return f"{title}: not proved formally, as second derivatives depend on the control."
    parts: list[Statement] = []
    proof: list[Line] = []
    for u, e in rate.first.items():
        parts.append(ForAll(rate.controls, Slope(rate.rate, u, u, e), rate.positive))
    for (u, v), e in rate.second.items():
        parts.append(ForAll(rate.controls, Slope(rate.first[u], v, v, e), rate.positive))
    proof += [Line("split; [intros; eapply slope_equal; [slope | multiply_out] |].")] * len(parts)
    minors = rate.minors()
    entering = set().union(*(f.magnitude.free_symbols | f.rest.free_symbols for _, f in minors))
    entering -= set().union(*(e.free_symbols for e, _ in minors))
    folded = {s: e for s, e in problem.definitions.items() if s in entering}
    inserting = "".join(f"rewrite ?H_{identifier(s.name)}; " for s in folded)
    last = []
    for minor, found in minors:
        if found.rest != 1 and minor in (found.rest, -found.rest):
            return f"{title}: nothing to prove, the condition is {found.rest} > 0 itself."
        statement, lines = equivalent(minor, found, inserting)
        if bound := tuple(u for u in rate.positive if u in minor.free_symbols):
            statement, lines = ForAll(bound, statement, bound), [Line("intros."), *lines]
        last.append((statement, lines))
    for k, (statement, lines) in enumerate(last):
        parts.append(statement)
        if k < len(last) - 1:
            proof.append(Line("split."))
        proof += [
            replace(line, text=f"{'' if i else '{{ '}{line.text}{'' if lines[i + 1 :] else ' }}'}")
            for i, line in enumerate(lines)
        ]
    hypotheses = [Hypothesis(f"H_{s.name}", Relation(s, "=", e)) for s, e in folded.items()]
    hypotheses += [h for f in rate.functions for h in f.hypotheses()]
    hypotheses += [
        Hypothesis(f"slope_{c.name}", Slope(sp.Function(c.name)(t), t, t, dot))
        for c, dot in problem.moves.items()
        if any(c in f.moving for f in rate.functions)
    ]
    signs = [
        h
        for h in assumptions([found for _, found in minors])
        if not h.statement.expressions[0].free_symbols & controls
    ]
    guards = [Hypothesis(f"positive_{s.name}", Relation(s, ">")) for s in problem.positive]
    stated = {h.statement.expressions[0] for h in (*signs, *guards)}
    # also where it cancels
    moving = [e for e in sp.Add.make_args(rate.rate) if e.free_symbols & {*rate.controls}]
    written = [e for e in divisors(moving) if not e.has(AppliedUndef)]
    below = (*divisors([*(f.form for f in rate.functions), *rate.first.values()]), *written)
    free = (e for e in dict.fromkeys(below) if e not in stated and not e.free_symbols & controls)
    divided = [Hypothesis(f"divisor_{k}", Relation(e, "<>")) for k, e in enumerate(free, 1)]
    hypotheses += dict.fromkeys((*signs, *guards, *divided))
    script = (
        Line("intros."),
        *(line for f in rate.functions for line in f.script()),
        *(line for f in rate.functions for line in f.rewriting()),
        *proof,
    )
    name = f"second_order{'_' + identifier(problem.player) if problem.player else ''}"
    made = Theorem(name, title, tuple(hypotheses), Joined("/\\", tuple(parts)), script)
    chosen = {letter: e for f in rate.functions for letter, e in f.chosen.items()}
    return replace(made, witness=numbers(made, folded, chosen, problem))


def _condition(problem: Faced, letter: sp.Symbol, value: sp.Expr) -> Theorem | str:
    """When a coefficient is positive that the second-order condition asks to be so."""
    found = signed(value, problem.above).oriented
    title = f"{letter} is positive under one condition on its closed form"
    if found.sign < 0 or found.rest == letter:
        return f"{title}: not proved formally."
    statement, lines = equivalent(letter, found, f"rewrite H_{identifier(letter.name)}; ")
    hypotheses = [
        Hypothesis(f"H_{letter.name}", Relation(letter, "=", value)),
        *assumptions([found]),
    ]
    name = f"sign_of_{identifier(letter.name)}"
    made = Theorem(name, title, tuple(hypotheses), statement, (Line("intros."), *lines))
    return replace(made, witness=witness(made))
