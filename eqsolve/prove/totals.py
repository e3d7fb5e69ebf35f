"""The equilibrium of any number of agents who differ.

What an agent has is a function of its number, how many there are is a letter, and a sum over them
is one in Coq.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.arithmetic.algebra import collect
from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.notated.agents import BOUND, GENERIC, Agents
from eqsolve.notated.published import Published
from eqsolve.prove.algebraic import Known, argue, script, theorem
from eqsolve.prove.coq import NATURAL
from eqsolve.prove.points import FEW
from eqsolve.prove.statement import (
    ForAll,
    Hypothesis,
    Line,
    Maker,
    Relation,
    Statement,
    Theorem,
    identifier,
)
from eqsolve.prove.witness import witness

#: The number of an agent.
INDEX = sp.Symbol(BOUND, integer=True)


def theorems(model: Published) -> Iterator[Maker]:
    """That averages are what positions add up to, and positions the responses to them."""
    assert model.types is not None
    stated = Totals(model.derivation.form, model.types, model.notation.parts)
    for average in model.types.averages.values():
        yield partial(stated.average, average.total, average.load)
    yield stated.position


@dataclass(frozen=True)
class Totals:
    """What is stated of agents whose number is open.

    Attributes
    ----------
    form : the closed form, in the letters of a generic agent, and in sums of all agents.
    types : the agents.
    parts : the parts of the response's constant by letter of the environment.
    """

    form: ClosedForm
    types: Agents
    parts: Mapping[sp.Expr, sp.Symbol]

    def _generic(self, e: sp.Expr) -> sp.Expr:
        return self.types.of(GENERIC, e)

    @cached_property
    def _totals(self) -> list[sp.Symbol]:
        return [average.total for average in self.types.averages.values()]

    @cached_property
    def _played(self) -> sp.Symbol:
        return self._generic(self.types.position)

    def average(self, total: sp.Symbol, load: sp.Expr) -> Theorem | str:
        """An average is the sum of all positions, each with its weight and load."""
        title = f"{total} is what the positions of all agents add up to"
        whole = self._generic(self.types.weight * load) * self._played
        spelled = sp.expand(whole.xreplace({self._played: self.form[self._played]}))
        found = collect(spelled, self._totals)
        sums = {
            sp.expand(_of_agent(d.expression.function)): d.symbol
            for d in self.form.definitions
            if isinstance(d.expression, sp.Sum)
        }
        pieces = [(t, sp.expand(_of_agent(e))) for t, e in found.items()]
        pieces.sort(key=lambda pair: bool(pair[0] == 1))
        if any(piece not in sums for _, piece in pieces) or pieces[-1][0] != 1:
            return f"{title}: nothing in the closed form is such a sum."
        linear = sp.Add(*(t * sums[piece] for t, piece in pieces))
        shared = [d for d in self.form.needed(self._totals) if not _is_of_agent(d.symbol)]
        known = Known(
            {d.symbol: d.expression for d in shared if not isinstance(d.expression, sp.Sum)}
        )
        argument = argue(total - linear, known)
        if argument is None:
            return f"{title}: no reason was found that Coq could follow."
        used = {*argument.inserted, *argument.spelled}
        position = Relation(_of_agent(self._played), "=", _of_agent(self.form[self._played]))
        hypotheses = (
            Hypothesis("H_position", ForAll((INDEX,), position, kind=NATURAL)),
            *(
                Hypothesis(f"H_{d.symbol.name}", Relation(d.symbol, "=", _of_agent(d.expression)))
                for d in shared
                if d.symbol in used or d.symbol in linear.free_symbols - {*self._totals}
            ),
            *(
                Hypothesis(f"nonzero_{k}", Relation(e, "<>"))
                for k, e in enumerate(argument.nonzero, 1)
            ),
        )
        conclusion = Relation(total, "=", _summed(_of_agent(whole), self.types.roles.size))
        lines = [Line("intros."), *_adding(self.types.roles.size, _of_agent(whole), pieces, sums)]
        lines += script(Relation(total, "=", linear), argument, known)
        made = Theorem(
            f"fixed_point_{identifier(total.name)}",
            title,
            hypotheses,
            conclusion,
            tuple(lines),
            types=_types(*(h.statement for h in hypotheses), conclusion),
        )
        return replace(made, witness=_alike(made))

    def position(self) -> Theorem | str:
        """What an agent plays is the response to the averages without its own part."""
        states = zip(self.types.roles.affine, self.types.roles.states)
        response = sp.Add(*(self._generic(u * s) for u, s in states))
        response += self._generic(self.parts[sp.S.One])
        for environment, average in self.types.averages.items():
            own = self._generic(self.types.weight * average.load) * self._played
            response += self._generic(self.parts[environment]) * (average.total - own)
        title = f"{self._played} is the response to the averages without the own part"
        own_letters = (self._played, self.types.reaction, self.types.at_zero)
        letters = {s for letter in own_letters for s in (letter, self._generic(letter))}
        known = {d.symbol: d.expression for d in self.form.definitions if d.symbol in letters}
        name = f"fixed_point_{identifier(self.types.position.name)}"
        return theorem(name, title, Relation(self._played, "=", response), Known(known))


def _is_of_agent(letter: sp.Symbol) -> bool:
    stem, _, tail = str(letter.name).rpartition("_")
    return bool(stem) and tail in (GENERIC, BOUND)


def _of_agent(e: sp.Expr) -> sp.Expr:
    """An expression with what one agent has as functions of its number."""
    return e.xreplace(
        {
            s: sp.Function(s.name.rpartition("_")[0])(INDEX)
            for s in e.atoms(sp.Symbol)
            if _is_of_agent(s)
        }
    )


def _summed(e: sp.Expr, count: sp.Symbol) -> sp.Expr:
    return sp.Sum(e, (INDEX, 1, count))


def _adding(
    count: sp.Symbol,
    whole: sp.Expr,
    pieces: list[tuple[sp.Expr, sp.Expr]],
    sums: Mapping[sp.Expr, sp.Symbol],
) -> Iterator[Line]:
    """A sum over the agents by those of its terms, one after the other."""
    yield Line("assert (add : forall a f g h, (forall i, f i = a * g i + h i) ->")
    yield Line("  sum_f 1 {0} f = a * sum_f 1 {0} g + sum_f 1 {0} h).", (count,))
    yield Line("{{ intros a f g h E; unfold sum_f; rewrite scal_sum, <- plus_sum; apply sum_eq;")
    yield Line("  intros; rewrite E; ring. }}")
    for k, (factor, piece) in enumerate(pieces[:-1]):
        rest = sp.Add(*(t * other for t, other in pieces[k + 1 :]))
        functions = tuple(sp.Lambda(INDEX, e) for e in (whole, piece, rest))
        yield Line("rewrite (add {} {} {} {});", (factor, *functions))
        yield Line("  [| intro; rewrite ?H_position; ring].")
        whole = rest
    names = ", ".join(f"<- H_{identifier(sums[piece].name)}" for _, piece in pieces)
    yield Line(f"rewrite {names}.")


def _types(*statements: Statement) -> dict[Any, str]:
    """Of what an agent has, and of how many there are."""
    expressions = [e for one in statements for e in one.expressions]
    functions = {f.func for e in expressions for f in e.atoms(AppliedUndef)}
    counts = {s.limits[0][2] for e in expressions for s in e.atoms(sp.Sum)}
    return {**dict.fromkeys(functions, f"{NATURAL} -> R"), **dict.fromkeys(counts, NATURAL)}


def _alike(stated: Theorem) -> dict[Any, sp.Expr | sp.Lambda]:
    """Few agents who are alike, and satisfy what is assumed."""
    alike = {f: sp.Symbol(f.__name__) for f in stated.functions}

    def plain(e: sp.Expr) -> sp.Expr:
        added = {s: FEW * s.function for s in e.atoms(sp.Sum)}
        applied = {f: alike[f.func] for f in e.atoms(AppliedUndef)}
        return e.xreplace(added).xreplace(applied)

    hypotheses = []
    for one in stated.hypotheses:
        inner = one.statement.statement if isinstance(one.statement, ForAll) else one.statement
        assert isinstance(inner, Relation)
        said = Relation(plain(inner.left), inner.relation, plain(inner.right))
        hypotheses.append(Hypothesis(one.name, said))
    end = Relation(sp.S.Zero, "=")
    found = witness(Theorem(stated.name, stated.title, tuple(hypotheses), end, ()))
    functions = {f: sp.Lambda(INDEX, found.pop(letter)) for f, letter in alike.items()}
    counts = {s: sp.Integer(FEW) for s, kind in stated.types.items() if kind == NATURAL}
    return {**found, **functions, **counts}
