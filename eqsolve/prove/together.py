"""The conditions of a planner who cannot commit: everybody deviates at once.

An expectation over the players is a letter: linear, and that of a constant is the constant. The
average gain rate is written out with the averages over the others moving with the deviation, so
that nothing has to be believed of how the influence on the others was averaged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import sympy as sp

from eqsolve.derivation.cooperation import Cooperation
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.laws import law_monomials
from eqsolve.derivation.solve import algebra
from eqsolve.derivation.tax import tax
from eqsolve.prove.algebraic import divisors
from eqsolve.prove.along import EXPECTED
from eqsolve.prove.coq import OUTCOMES, NotStatedError
from eqsolve.prove.expectation import Function
from eqsolve.prove.generator import about, equations, gain, meant, needed_in
from eqsolve.prove.problem import faced
from eqsolve.prove.statement import (
    ForAll,
    Has,
    Hypothesis,
    Line,
    Maker,
    Relation,
    Slope,
    Statement,
    Theorem,
    identifier,
)
from eqsolve.prove.witness import numbers

TITLE = "The average gain rate of a deviation by all players at once"
#: A player, how far everybody deviates, and the average deviation.
OUTCOME, SIZE, MEAN = sp.Dummy("omega"), sp.Dummy("epsilon"), sp.Dummy("mean")
#: The average gain rate by the size of the deviation.
AVERAGE = sp.Function("average")
#: Adding what is negative makes nothing larger.
WEIGHED = """assert (weighed : forall p q v w s e : R,
    p < 0 -> q < 0 -> 0 <= v -> 0 <= w -> 0 <= s -> e + s * (p / 2 * v + q / 2 * w) <= e)
  by (intros p q v w s e; intros; assert (p * v <= 0) by nra; assert (q * w <= 0) by nra; nra)."""


def theorems(derivation: Derivation) -> Iterator[Maker]:
    """Each moment's equation, and that no deviation by all gains in the first order."""
    for problem in faced(derivation):
        yield from equations(problem)
    yield lambda: Together(derivation).stationary()
    yield from taxed(derivation)


def taxed(derivation: Derivation) -> Iterator[Maker]:
    """A player alone who pays the tax finds the planner's feedback stationary."""
    (problem,), owed = faced(derivation), tax(derivation)
    assert owed is not None, "everybody deviates"
    functions = [Function(m, problem) for m in problem.moments]
    sign = -1 if problem.minimized else 1
    for control, rate in zip(owed.controls, owed.rates):
        form = problem.moved(problem.feedback[control])
        paid = problem.moved(rate.xreplace(problem.feedback)) * (control - form)
        yield partial(
            about,
            f"taxed_{identifier(control.name)}",
            f"With the tax the own gain rate is stationary in {control} at the planner's feedback",
            problem,
            functions,
            Slope(gain(functions) - sign * paid, control, form, sp.S.Zero),
        )


def signs(derivation: Derivation) -> Iterator[Maker]:
    """That no deviation by all gains where both second derivatives have the right sign."""
    yield lambda: Together(derivation).maximal()


class Together:
    """What is stated of a deviation by all players at once.

    Every player has an outcome; the state and the deviation are functions of it. Players are a
    set on which all functions have an expectation, for instance finitely many.

    Raises
    ------
    NotStatedError
        If a game is none of one control, one state and its mean, or something is no polynomial.
    """

    def __init__(self, derivation: Derivation) -> None:
        (self.problem,), (system,) = faced(derivation), derivation.systems
        assert isinstance(system, Cooperation)
        if system.share != 0:
            raise _not_stated("except of a continuum")
        problem, others = self.problem, system.problem.others
        laws = {symbol: of for of, symbol in law_monomials(derivation.solved.game).items()}
        own = [s for s in problem.states if s not in laws]
        if len(own) != 1 or len(problem.feedback) != 1 or {*laws.values()} != {*own}:
            raise _not_stated("except of one control, one state and its mean")
        if problem.moving or problem.jumps or problem.positive:
            raise _not_stated("except with constant coefficients and no jumps")
        ((self.control, form),), (self.state,), (self.mean,) = problem.feedback.items(), own, laws
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
        self.functions = [Function(m, open_problem, everywhere=True) for m in open_problem.moments]
        self.meaning: dict[Any, sp.Expr] = {}
        for function in self.functions:
            self.meaning |= function.meaning
        self.deviation = sp.Dummy("deviation")
        self.path = sp.Function(f"own_{self.state.name}")
        self.moved = sp.Function(f"deviation_{self.control.name}")
        self.letters = {name: sp.Function(name.name) for name in others}
        deviating = {self.control: form + SIZE * self.deviation}
        self.inner = {n: sp.expand(e.expression.xreplace(deviating)) for n, e in others.items()}
        self.values = {name: self.averaged(e) for name, e in self.inner.items()}
        self.rate = gain(self.functions).xreplace(deviating)
        known = {**deviating, **self.values}
        self.whole = sp.expand(meant(gain(self.functions), self.meaning).xreplace(known))
        if not self.whole.is_polynomial(self.state, self.deviation, SIZE):
            raise _not_stated("except of polynomials in the state")
        self.orders = [self.whole.coeff(SIZE, k) for k in range(3)]
        if sp.expand(self.whole - sp.Add(*(e * SIZE**k for k, e in enumerate(self.orders)))):
            raise _not_stated("except of squares of controls")
        first = self.orders[1]
        left = self.rest(first) + sp.Dummy() * self.averaged(first, exactly=False)
        needed = needed_in(left, {**problem.definitions, **problem.own})
        if needed is None:
            raise _not_stated("as no identity was found")
        self.needed = needed
        # alone and together with all others
        self.bends = [algebra.factored(derivation.closure(system.hessian[k, k])) for k in range(2)]

    def among(self, e: sp.Expr) -> sp.Expr:
        """What an expression is for the player of an outcome."""
        expected = EXPECTED(sp.Lambda(OUTCOME, self.moved(OUTCOME)))
        there = {self.state: self.path(OUTCOME), self.deviation: self.moved(OUTCOME)}
        there |= {name: letter(SIZE) for name, letter in self.letters.items()}
        return e.xreplace({**there, MEAN: expected})

    def function_of(self, e: sp.Expr) -> sp.Lambda:
        """An expression as a function of the player."""
        return sp.Lambda(OUTCOME, self.among(e))

    def expected(self, e: sp.Expr) -> sp.Expr:
        """The average of an expression over the players."""
        return EXPECTED(self.function_of(e))

    @property
    def basis(self) -> tuple[sp.Expr, ...]:
        """Of what the expectation is known."""
        return (sp.S.One, self.state, self.deviation)

    def parts(self, e: sp.Expr) -> list[sp.Expr]:
        """The coefficients of an expression that is affine in state and deviation."""
        if not e.is_polynomial(self.state, self.deviation):
            raise _not_stated("except of polynomials in the state")
        poly = sp.Poly(e, self.state, self.deviation)
        return [poly.coeff_monomial(monomial) for monomial in self.basis]

    def rest(self, e: sp.Expr) -> sp.Expr:
        """What is not affine in an expression."""
        return sp.expand(e - sp.Add(*map(sp.Mul, self.parts(e), self.basis)))

    def averaged(self, e: sp.Expr, exactly: bool = True) -> sp.Expr:
        """The average of an affine expression."""
        if exactly and self.rest(e) != 0:
            raise _not_stated("as it needs more than the mean of the law")
        return sp.Add(*map(sp.Mul, self.parts(e), (1, self.mean, MEAN)))

    @cached_property
    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """What is assumed of players, averages, the ansatz and the feedback."""
        below = divisors([*self.needed.values(), *self.inner.values(), self.whole])
        averages = {n.name: (self.letters[n], e) for n, e in self.inner.items()}
        averages[AVERAGE.__name__] = (AVERAGE, self.rate)
        return (
            Hypothesis("linear", Has("expects", EXPECTED)),
            Hypothesis("mean", Relation(self.expected(self.state), "=", self.mean)),
            *(Hypothesis(f"H_{s.name}", Relation(s, "=", e)) for s, e in self.needed.items()),
            *(
                Hypothesis(f"H_{name}", ForAll((SIZE,), Relation(f(SIZE), "=", self.expected(e))))
                for name, (f, e) in averages.items()
            ),
            *(h for f in self.functions for h in f.hypotheses()),
            *(Hypothesis(f"nonzero_{k}", Relation(e, "<>")) for k, e in enumerate(below, 1)),
        )

    def _summed(self, e: sp.Expr, called: str, before: str = "") -> Iterator[Line]:
        """The expectation of an affine function, ``called`` so, by those of its terms."""
        yield Line(
            f"rewrite (expected_sum expectation {{}} {{}} {{}} {called} {{}} {{}} {{}} linear);",
            (*map(self.among, self.parts(e)), *map(self.function_of, self.basis)),
        )
        yield Line(f"  [rewrite (proj1 linear), mean; {before}multiply_out |")
        unfolded = "" if called == "_" else f"unfold {called}; "
        yield Line(f"  intro {{}}; {unfolded}{before}multiply_out]. }}}}", (OUTCOME,))

    def _expanding(self) -> Iterator[Line]:
        """That the average gain rate is a polynomial in the size, without a term of degree 1."""
        yield Line("intros; try revert {}.", (SIZE,))
        for f in self.functions:
            yield from f.script()
        for name, e in self.inner.items():
            word = identifier(name.name)
            value = self.among(self.values[name])
            claim = ForAll((SIZE,), Relation(self.letters[name](SIZE), "=", value))
            yield Line(f"assert (value_{word} : {{}}).", (claim,))
            yield Line(f"{{{{ intro {{}}; rewrite H_{word}.", (SIZE,))
            yield from self._summed(e, "_")
        for k, e in enumerate(self.orders):
            yield Line(f"pose (order_{k} := {{}}).", (self.function_of(e),))
        replacing = "".join(f"rewrite ?H_{identifier(s.name)}; " for s in reversed(self.needed))
        yield Line("assert (vanishes : expectation order_1 = 0).")
        yield Line("{{")
        yield from self._summed(self.orders[1], "order_1", replacing)
        yield Line("assert (expansion : forall {0}, average {0} =", (SIZE,))
        yield Line("  expectation order_0 + {0} * 0 + {0} ^ 2 * expectation order_2).", (SIZE,))
        yield Line("{{ intro {0}. rewrite <- vanishes, H_average.", (SIZE,))
        yield Line(
            "rewrite (expected_sum expectation 1 {0} ({0} ^ 2) _ order_0 order_1 order_2 linear);",
            (SIZE,),
        )
        yield Line("  [ring |].")
        yield Line("intro {}; unfold order_0, order_1, order_2.", (OUTCOME,))
        for name in self.inner:
            yield Line(f"rewrite ?value_{identifier(name.name)}.")
        for f in self.functions:
            yield from f.rewriting()
        yield Line("multiply_out. }}")

    def _theorem(
        self, which: str, title: str, more: Sequence[Hypothesis], end: Statement, *last: Line
    ) -> Theorem:
        hypotheses = (*self.hypotheses, *more)
        types = {EXPECTED: f"({OUTCOMES} -> R) -> R"}
        types |= dict.fromkeys((self.path, self.moved), f"{OUTCOMES} -> R")
        script = (*self._expanding(), *last)
        made = Theorem(which, title, hypotheses, end, script, types=types)
        # what is said of one average holds of one player
        plain = [h for h in hypotheses if not (isinstance(h.statement, Relation) and _averages(h))]
        one = replace(made, hypotheses=tuple(plain))
        found = numbers(one, self.needed, self.meaning, self.problem)
        # one player, who is the mean
        there = {self.state: self.mean, self.deviation: sp.S.One, MEAN: sp.S.One}
        found |= {self.path: sp.Lambda(OUTCOME, self.mean), self.moved: sp.Lambda(OUTCOME, 1)}
        averages = {**{self.letters[n]: e for n, e in self.values.items()}, AVERAGE: self.whole}
        found |= {f: sp.Lambda(SIZE, e.xreplace(there)) for f, e in averages.items()}
        return replace(made, witness={**found, EXPECTED: "fun f => f tt"})

    def stationary(self) -> Theorem:
        """The first-order condition."""
        return self._theorem(
            f"first_order_{identifier(self.control.name)}",
            f"{TITLE} is stationary",
            (),
            Slope(AVERAGE(SIZE), SIZE, sp.S.Zero, sp.S.Zero),
            Line("eapply (slope_extended _ _ _ _ expansion)."),
            Line("eapply slope_equal; [slope | multiply_out]."),
        )

    def maximal(self) -> Theorem:
        """The second-order condition."""
        if self.problem.minimized:
            raise _not_stated("of what is minimized")
        square = sp.Poly(self.orders[2], self.deviation, MEAN)
        own, mixed, mean = (square.coeff_monomial(e) for e in self._squares)
        alone, both = self.bends
        shown = (own - alone / 2, own + mixed + mean - both / 2, square.as_expr() - self.orders[2])
        if any(map(sp.expand, shown)) or square.free_symbols & {self.state}:
            raise _not_stated("as second derivatives are not those derived")
        spread = (self.deviation - MEAN) ** 2
        terms = (own, (mean - own) * MEAN**2, (2 * own + mixed) * MEAN)
        functions = (spread, sp.S.One, self.deviation)
        variance, center = self.expected(spread), self.among(MEAN)
        bend = alone / 2 * variance + both / 2 * center**2
        return self._theorem(
            "second_order",
            f"{TITLE} is nowhere larger than at the feedback",
            (
                Hypothesis("variance", Relation(sp.S.Zero, "<=", variance)),
                Hypothesis("alone", Relation(alone, "<")),
                Hypothesis("together", Relation(both, "<")),
            ),
            ForAll((SIZE,), Relation(AVERAGE(SIZE), "<=", AVERAGE(sp.S.Zero))),
            Line("intro {}.", (SIZE,)),
            Line("assert (curvature : expectation order_2 = {}).", (bend,)),
            Line(
                "{{ rewrite (expected_sum expectation {} {} {} order_2 {} {} {} linear);",
                (*map(self.among, terms), *map(self.function_of, functions)),
            ),
            Line("  [rewrite (proj1 linear); multiply_out |"),
            Line("  intro {}; unfold order_2; multiply_out]. }}", (OUTCOME,)),
            Line(WEIGHED),
            Line("rewrite !expansion, curvature."),
            Line("apply Rle_trans with (expectation order_0 + {} ^ 2 *", (SIZE,)),
            Line("  ({} / 2 * {} + {} / 2 * {} ^ 2));", (alone, variance, both, center)),
            Line("  [right; field |]."),
            Line("apply Rle_trans with (expectation order_0); [| right; field]."),
            Line("apply weighed; first [assumption | apply pow2_ge_0]."),
        )

    @property
    def _squares(self) -> tuple[sp.Expr, ...]:
        return (self.deviation**2, self.deviation * MEAN, MEAN**2)


def _averages(hypothesis: Hypothesis) -> bool:
    return any(e.has(EXPECTED) for e in hypothesis.statement.expressions)


def _not_stated(why: str) -> NotStatedError:
    return NotStatedError(f"{TITLE}: not proved formally, {why}.", stage="proofs")
