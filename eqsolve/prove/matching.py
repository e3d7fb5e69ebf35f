"""Equations of coefficients from equations of functions that hold for all states.

A polynomial of degree two in every state that vanishes everywhere vanishes at the points with
coordinates 0, 1 and -1, and every coefficient is a combination of these values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import sympy as sp

from eqsolve.arithmetic.algebra import Ring, collect
from eqsolve.notated.derivation import Derivation
from eqsolve.notated.reduction import Reduction
from eqsolve.prove.algebraic import divisors
from eqsolve.prove.statement import (
    ForAll,
    Hypothesis,
    Line,
    Relation,
    Theorem,
    identifier,
)

#: By exponent, the points at which a quadratic polynomial tells its coefficient.
_POINTS = {0: (0,), 1: (1, -1), 2: (1, -1, 0)}


@dataclass(frozen=True)
class Everywhere:
    """An equation that holds for all values of some letters, polynomial in them.

    Attributes
    ----------
    name : of what it is the equation.
    letters : for all of which it holds.
    equation : what it says.
    given : the letter that a coefficient gives, by monomial.
    """

    name: str
    letters: tuple[sp.Symbol, ...]
    equation: Relation
    given: Mapping[sp.Expr, sp.Symbol] = field(default_factory=dict)

    @property
    def coefficients(self) -> dict[sp.Expr, sp.Expr]:
        """What vanishes, by monomial."""
        return collect(self.equation.left - self.equation.right, self.letters)

    def points(self, monomial: sp.Expr) -> Iterator[tuple[int, ...]]:
        """Where its values tell the coefficient of a monomial."""
        exponents = sp.Poly(monomial, *self.letters).monoms()[0]
        return product(*(_POINTS[e] for e in exponents))

    def instead(self, made: Theorem, target: sp.Symbol, monomial: sp.Expr) -> Theorem:
        """A theorem that assumes this instead of the equation of one coefficient, a root's."""
        name = f"equation_{identifier(self.name)}"
        root = f"root_{identifier(target.name)}"
        hypotheses = tuple(
            Hypothesis(name, ForAll(self.letters, self.equation)) if h.name == root else h
            for h in made.hypotheses
        )
        assumed = {e for h in made.hypotheses for e in h.statement.expressions}
        divided = [e for e in divisors(self.equation.expressions) if e not in assumed]
        hypotheses += tuple(
            Hypothesis(f"nonzero_of_{k}", Relation(e, "<>")) for k, e in enumerate(divided, 1)
        )
        ends = [f"({name} {_written(values)})" for values in self.points(monomial)]
        closing = "value_at" if len(ends) == 1 else "slope_between"
        script = [
            Line("intros."),
            Line(
                f"assert ({root} : {{}} = 0) by ({closing} {' '.join(ends)}).",
                (self.coefficients[monomial],),
            ),
        ]
        witness = dict(made.witness)
        letters = replace(made, hypotheses=hypotheses).letters
        witness |= {
            s: sp.S.One for s in letters if s not in witness and s not in self.given.values()
        }
        for other, giver in self.given.items():
            if giver in letters and giver not in made.witness:
                value = sp.expand(self.coefficients[other].xreplace(witness))
                witness[giver] = -value.coeff(giver, 0) / value.coeff(giver, 1)
        return replace(
            made, hypotheses=hypotheses, script=(*script, *made.script[1:]), witness=witness
        )


def _written(values: tuple[int, ...]) -> str:
    return " ".join(str(v) if v >= 0 else f"({v})" for v in values)


def in_environment(
    equation: sp.Expr,
    whole: sp.Symbol,
    parts: Mapping[sp.Expr, sp.Symbol],
    definitions: Mapping[sp.Symbol, sp.Expr],
) -> Everywhere:
    """The equation of the feedback's constant at what is affine in letters of the environment.

    What it needs and depends on the constant is inserted.
    """
    value = sp.Add(*(m * part for m, part in parts.items()))
    touched = {whole}
    inserted = {}
    for letter, e in definitions.items():
        if e.free_symbols & (touched | parts.keys()):
            touched.add(letter)
            inserted[letter] = e
    for letter in reversed(inserted):
        equation = equation.xreplace({letter: inserted[letter]})
    letters = tuple(m for m in parts if m != 1)
    relation = Relation(equation.xreplace({whole: value}), "=")
    return Everywhere(whole.name, letters, relation, parts)


def equations(derivation: Derivation) -> tuple[Everywhere, ...]:
    """The equations of the moments at the ansatz, and that the value is the preference at them."""
    hjb, ansatz = derivation.hjb, derivation.system.ansatz
    states = hjb.game.state_symbols
    found = []
    for moment in hjb.moments:
        form = ansatz.functions[moment.name]
        terms = [drift * sp.diff(form, s) for s, drift in hjb.problem.drift.items()]
        for (one, two), value in hjb.problem.covariance.items():
            weight = sp.Rational(1, 2) if one == two else sp.S.One
            terms.append(sp.Mul(weight, value, sp.diff(form, one, two)))
        terms += [moment.running, -hjb.game.horizon.hazard * (form - moment.payoff)]
        left = sp.Add(*terms).xreplace(ansatz.feedback)
        found.append(Everywhere(moment.name, states, Relation(left, "=")))
    preference = hjb.game.preference.aggregate.xreplace(
        {m.symbol: ansatz.functions[m.name] for m in hjb.moments}
    )
    found.append(Everywhere("V", states, Relation(ansatz.value, "=", preference)))
    return tuple(found)


def matched(
    name: str,
    title: str,
    source: str,
    conclusion: Relation,
    everywhere: Sequence[Everywhere],
    point: Mapping[sp.Symbol, sp.Expr],
) -> Theorem | None:
    """The theorem that an equation is that of a coefficient; None if it is none.

    Parameters
    ----------
    point : numbers at which all equations hold.
    """
    left = conclusion.left - conclusion.right
    for one in everywhere:
        for monomial, coefficient in one.coefficients.items():
            ring = Ring.of(left, coefficient)
            ratio = ring.ratio(left / coefficient)
            if ratio.numerator.is_constant() and ratio.denominator.is_constant():
                hypothesis = Hypothesis(
                    f"equation_{identifier(one.name)}", ForAll(one.letters, one.equation)
                )
                script = [Line("intros.")]
                for values in one.points(monomial):
                    script.append(Line(f"pose proof ({hypothesis.name} {_written(values)})."))
                script.append(Line("lra."))
                made = Theorem(name, title, (hypothesis,), conclusion, tuple(script), {}, source)
                witness = {s: point[s] for s in made.letters}
                return Theorem(
                    name, title, (hypothesis,), conclusion, tuple(script), witness, source
                )
    return None


def point(derivation: Derivation) -> dict[sp.Symbol, sp.Expr]:
    """Numbers at which the equations of all functions hold."""
    found: dict[sp.Symbol, sp.Expr] = dict(Reduction.of(derivation.system).point)
    for definition in derivation.value.by_moments:
        free = definition.expression.free_symbols - found.keys()
        found |= {s: sp.Rational(1, 2) for s in free}
        found[definition.symbol] = definition.expression.xreplace(found)
    return found
