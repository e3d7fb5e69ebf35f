"""The first-order condition of a planner who cannot commit: everybody deviates at once.

An expectation over the players is a letter: linear, and that of a constant is the constant. The
average gain rate is written out with the averages over the others moving with the deviation, so
that nothing has to be believed of how the influence on the others was averaged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import sympy as sp

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.laws import law_monomials
from eqsolve.prove.algebraic import divisors
from eqsolve.prove.along import EXPECTED
from eqsolve.prove.coq import OUTCOMES
from eqsolve.prove.expectation import Function
from eqsolve.prove.generator import equations, gain, meant, needed_in
from eqsolve.prove.problem import faced
from eqsolve.prove.statement import (
    ForAll,
    Has,
    Hypothesis,
    Line,
    Maker,
    Relation,
    Slope,
    Theorem,
    identifier,
)
from eqsolve.prove.witness import numbers

#: A player, how far everybody deviates, and the average deviation.
OUTCOME, SIZE, MEAN = sp.Dummy("omega"), sp.Dummy("epsilon"), sp.Dummy("mean")


def theorems(derivation: Derivation) -> Iterator[Maker]:
    """Each moment's equation, and that no deviation by all gains in the first order."""
    for problem in faced(derivation):
        yield from equations(problem)
    yield partial(stationary, derivation)


def stationary(derivation: Derivation) -> Theorem | str:
    """The average gain rate is stationary along any deviation by all players at once.

    Every player has an outcome; the state and the deviation are functions of it. Players are a
    set on which all functions have an expectation, for instance finitely many.

    Raises
    ------
    EqsolveError
        If no point satisfies what is assumed.
    """
    (problem,), (system,) = faced(derivation), derivation.systems
    title = "The average gain rate of a deviation by all players at once is stationary"
    game, others = derivation.solved.game, system.problem.others
    laws = {symbol: of for of, symbol in law_monomials(game).items()}
    own = [s for s in problem.states if s not in laws]
    if len(own) != 1 or len(problem.feedback) != 1 or {*laws.values()} != {*own}:
        return f"{title}: not proved formally, except of one control, one state and its mean."
    if problem.moving or problem.jumps or problem.positive:
        return f"{title}: not proved formally, except with constant coefficients and no jumps."
    ((control, form),), (state,), (mean,) = problem.feedback.items(), own, laws
    # what the others do as letters
    open_problem = replace(
        problem,
        drift=system.problem.drift,
        covariance=system.problem.covariance,
        moments=tuple(
            replace(e, running=m.running, payoff=m.payoff)
            for e, m in zip(problem.moments, system.problem.moments, strict=True)
        ),
    )
    functions = [Function(m, open_problem, everywhere=True) for m in open_problem.moments]
    meaning: dict[Any, sp.Expr] = {}
    for function in functions:
        meaning |= function.meaning

    deviation = sp.Dummy("deviation")
    deviating = {control: form + SIZE * deviation}
    path = sp.Function(f"own_{state.name}")
    moved = sp.Function(f"deviation_{control.name}")
    expected = EXPECTED(sp.Lambda(OUTCOME, moved(OUTCOME)))
    letters = {name: sp.Function(name.name) for name in others}

    def among(e: sp.Expr) -> sp.Expr:
        """What an expression is for the player of an outcome."""
        there = {state: path(OUTCOME), deviation: moved(OUTCOME), MEAN: expected}
        return e.xreplace({name: letter(SIZE) for name, letter in letters.items()}).xreplace(there)

    def function_of(e: sp.Expr) -> sp.Lambda:
        return sp.Lambda(OUTCOME, among(e))

    def parts(e: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
        """Of 1, the state and the deviation."""
        poly = sp.Poly(e, state, deviation)
        return tuple(poly.coeff_monomial(monomial) for monomial in (1, state, deviation))

    def averaged(e: sp.Expr) -> sp.Expr:
        constant, slope, last = parts(e)
        return constant + slope * mean + last * MEAN

    def summed(e: sp.Expr, called: str, before: str) -> Iterator[Line]:
        """The expectation of an affine function, ``called`` so, by those of its terms."""
        functions = [*map(function_of, (sp.S.One, state, deviation))]
        yield Line(
            f"rewrite (expected_sum expectation {{}} {{}} {{}} {called} {{}} {{}} {{}} linear);",
            (*map(among, parts(e)), *functions),
        )
        yield Line(f"  [rewrite (proj1 linear), mean; {before}multiply_out |")
        unfolded = "" if called == "_" else f"unfold {called}; "
        yield Line(f"  intro {{}}; {unfolded}{before}multiply_out]. }}}}", (OUTCOME,))

    inner = {name: sp.expand(one.expression.xreplace(deviating)) for name, one in others.items()}
    if not all(e.is_polynomial(state, deviation) for e in inner.values()):
        return f"{title}: not proved formally, except of polynomials in the state."
    values = {name: averaged(e) for name, e in inner.items()}
    rate = gain(functions).xreplace(deviating)
    whole = sp.expand(meant(gain(functions), meaning).xreplace({**deviating, **values}))
    if not whole.is_polynomial(state, deviation, SIZE):
        return f"{title}: not proved formally, except of polynomials in the state."
    orders = [whole.coeff(SIZE, k) for k in range(3)]
    first = orders[1]
    outside = [e - sp.Add(*map(sp.Mul, parts(e), (1, state, deviation))) for e in inner.values()]
    rest = sp.expand(first - sp.Add(*map(sp.Mul, parts(first), (1, state, deviation))))
    if any(map(sp.expand, outside)) or sp.expand(
        whole - sp.Add(*(e * SIZE**k for k, e in enumerate(orders)))
    ):
        return f"{title}: not proved formally, as it needs more than the mean of the law."
    left = rest + sp.Dummy() * averaged(first)
    known = {**problem.definitions, **problem.own}
    needed = needed_in(left, known)
    if needed is None:
        return f"{title}: no identity was found."
    below = divisors([*needed.values(), *inner.values(), whole])
    hypotheses = (
        Hypothesis("linear", Has("expects", EXPECTED)),
        Hypothesis("mean", Relation(EXPECTED(sp.Lambda(OUTCOME, path(OUTCOME))), "=", mean)),
        *(Hypothesis(f"H_{s.name}", Relation(s, "=", e)) for s, e in needed.items()),
        *(
            Hypothesis(
                f"H_{name.name}",
                ForAll((SIZE,), Relation(letters[name](SIZE), "=", EXPECTED(function_of(e)))),
            )
            for name, e in inner.items()
        ),
        *(h for f in functions for h in f.hypotheses()),
        *(Hypothesis(f"nonzero_{k}", Relation(e, "<>")) for k, e in enumerate(below, 1)),
    )
    replacing = "".join(f"rewrite ?H_{identifier(s.name)}; " for s in reversed(needed))
    script = [Line("intros."), *(line for f in functions for line in f.script())]
    for name, e in inner.items():
        word = identifier(name.name)
        claim = ForAll((SIZE,), Relation(letters[name](SIZE), "=", among(values[name])))
        script += [
            Line(f"assert (value_{word} : {{}}).", (claim,)),
            Line(f"{{{{ intro {{}}; rewrite H_{word}.", (SIZE,)),
            *summed(e, "_", ""),
        ]
    script += [Line(f"pose (order_{k} := {{}}).", (function_of(e),)) for k, e in enumerate(orders)]
    total = "expectation order_0 + {0} * expectation order_1 + {0} ^ 2 * expectation order_2"
    script += [
        Line("assert (vanishes : expectation order_1 = 0)."),
        Line("{{"),
        *summed(first, "order_1", replacing),
        Line(f"eapply (slope_extended _ (fun {{0}} => {total})).", (SIZE,)),
        Line("{{ intro {0}.", (SIZE,)),
        Line(
            "rewrite (expected_sum expectation 1 {0} ({0} ^ 2) _ order_0 order_1 order_2 linear);",
            (SIZE,),
        ),
        Line("  [ring |]."),
        Line("intro {}; unfold order_0, order_1, order_2.", (OUTCOME,)),
        *(Line(f"rewrite ?value_{identifier(name.name)}.") for name in inner),
        *(line for f in functions for line in f.rewriting()),
        Line("multiply_out. }}"),
        Line("rewrite vanishes."),
        Line("eapply slope_equal; [slope | multiply_out]."),
    ]
    types = {EXPECTED: f"({OUTCOMES} -> R) -> R"}
    types |= dict.fromkeys((path, moved), f"{OUTCOMES} -> R")
    conclusion = Slope(EXPECTED(function_of(rate)), SIZE, sp.S.Zero, sp.S.Zero)
    name = f"first_order_{identifier(control.name)}"
    made = Theorem(name, title, hypotheses, conclusion, tuple(script), types=types)
    relations = tuple(h for h in hypotheses if h.name != "mean")
    found = numbers(replace(made, hypotheses=relations), needed, meaning, problem)
    # one player, who is the mean
    found |= {path: sp.Lambda(OUTCOME, mean), moved: sp.Lambda(OUTCOME, sp.S.One)}
    found |= {letters[n]: sp.Lambda(SIZE, e.xreplace({MEAN: sp.S.One})) for n, e in values.items()}
    return replace(made, witness={**found, EXPECTED: "fun f => f tt"})
