"""Equations that follow from definitions and from roots of polynomials, with the reason for Coq.

What is given are definitions, in order, and equations of roots. An equation follows if it is an
identity once some definitions are inserted, or a multiple of the equations of roots then: the
multiples (cofactors) are found here, so that Coq only multiplies out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import sympy as sp
from flint import fmpq_mpoly
from flint.utils.flint_exceptions import DomainError

from eqsolve.derivation.units import Units
from eqsolve.prove.statement import Hypothesis, Line, Relation, Theorem, identifier
from eqsolve.prove.witness import witness
from eqsolve.symbolic.algebra import Ratio, Ring


@dataclass(frozen=True)
class Known:
    """What may be assumed.

    Attributes
    ----------
    definitions : what letters stand for, in parameters, roots and earlier letters.
    roots : for letters that are defined as roots, what vanishes.
    """

    definitions: Mapping[sp.Symbol, sp.Expr]
    roots: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    @cached_property
    def abbreviations(self) -> dict[sp.Symbol, sp.Expr]:
        """Definitions that are polynomials in parameters and roots once they are spelled out."""
        found: dict[sp.Symbol, sp.Expr] = {}
        for letter, value in self.definitions.items():
            others = value.free_symbols & self.definitions.keys()
            if others <= found.keys() and value.is_polynomial(*value.free_symbols):
                found[letter] = value
        return found


@dataclass(frozen=True)
class Argument:
    """Why an expression vanishes.

    Attributes
    ----------
    inserted : definitions that are inserted first, in this order.
    cofactors : what the equations of roots are multiplied by; their sum is the expression.
    spelled : abbreviations that are spelled out in what is left, in this order.
    nonzero : what is divided by.
    """

    inserted: tuple[sp.Symbol, ...]
    cofactors: Mapping[sp.Symbol, sp.Expr]
    spelled: tuple[sp.Symbol, ...]
    nonzero: tuple[sp.Expr, ...]


def argue(expression: sp.Expr, known: Known) -> Argument | None:
    """Why an expression vanishes; None if no reason was found.

    Definitions are inserted one after the other, the last one first, and no more than are needed:
    a closed form solves its equation whatever the letters before it mean.
    """
    inserted: list[sp.Symbol] = []
    left = expression
    while True:
        ratio, ring = _ratio(left, known)
        cofactors = _multiples(ring, ratio, known)
        if cofactors is not None:
            break
        rest = [
            s for s in known.definitions if s in left.free_symbols and s not in known.abbreviations
        ]
        if not rest:
            return None
        inserted.append(rest[-1])
        left = left.xreplace({rest[-1]: known.definitions[rest[-1]]})
    parts = [expression, *(known.definitions[s] for s in inserted), *cofactors.values()]
    entering = set().union(left.free_symbols, *(e.free_symbols for e in cofactors.values()))
    for root in cofactors:
        entering |= known.roots[root].free_symbols
    spelled: list[sp.Symbol] = []
    for letter in reversed(known.abbreviations):
        if letter in entering:
            spelled.append(letter)
            entering |= known.abbreviations[letter].free_symbols
    return Argument(tuple(inserted), cofactors, tuple(spelled), divisors(parts))


def _ratio(left: sp.Expr, known: Known) -> tuple[Ratio, Ring]:
    entering = [*known.definitions, *known.definitions.values(), *known.roots.values()]
    ring = Ring.of(left, *entering)
    return ring.ratio(left), ring


def _multiples(ring: Ring, ratio: Ratio, known: Known) -> dict[sp.Symbol, sp.Expr] | None:
    """The cofactors of the roots' equations of which a ratio is the sum; None if it is none."""

    def spelled(polynomial: fmpq_mpoly) -> fmpq_mpoly:
        for letter in reversed(known.abbreviations):
            value = ring.ratio(known.abbreviations[letter])
            polynomial = ring.substituted(polynomial, letter, value)
        return polynomial

    numerator = spelled(ratio.numerator)
    if numerator.is_zero():
        return {}
    below = _product(ring, ratio.denominator)
    for root in reversed(known.roots):
        equation = ring.ratio(known.roots[root])
        try:
            quotient = numerator / spelled(equation.numerator)
        except DomainError:
            continue
        return {root: _product(ring, quotient) * ring.expression(equation.denominator) / below}
    return None


def _product(ring: Ring, polynomial: fmpq_mpoly) -> sp.Expr:
    content, factors = ring.factors(polynomial)
    return sp.Mul(content, *(factor**power for factor, power in factors))


def divisors(expressions: Iterable[sp.Expr]) -> tuple[sp.Expr, ...]:
    """The irreducible factors of what expressions divide by, each once."""
    found: dict[sp.Expr, None] = {}
    for expression in expressions:
        for part in _denominators(expression):
            units = Units.of([part])
            for factor, _ in units.ring.factors(units.ratio(part).numerator)[1]:
                shown = factor.xreplace(units.meaning)
                found[-shown if shown.could_extract_minus_sign() else shown] = None
    return tuple(found)


def _denominators(expression: sp.Expr) -> Iterable[sp.Expr]:
    for power in expression.atoms(sp.Pow):
        if power.exp.is_Integer and power.exp < 0 and not power.base.is_number:
            yield power.base


def theorem(
    name: str,
    title: str,
    statement: Relation,
    known: Known,
    source: str = "",
) -> Theorem | None:
    """The theorem that an equation follows from what is known; None if it was not found to.

    Only what the proof needs is assumed.

    Raises
    ------
    EqsolveError
        If no point satisfies what is assumed.
    """
    left = statement.left - statement.right
    argument = argue(left, known)
    if argument is None:
        return None
    defined = [
        Hypothesis(f"H_{s.name}", Relation(s, "=", known.definitions[s]))
        for s in known.definitions
        if s in (*argument.inserted, *argument.spelled)
    ]
    roots = [
        Hypothesis(f"root_{s.name}", Relation(known.roots[s], "=")) for s in argument.cofactors
    ]
    nonzero = [
        Hypothesis(f"nonzero_{k}", Relation(e, "<>")) for k, e in enumerate(argument.nonzero, 1)
    ]
    hypotheses = (*defined, *roots, *nonzero)
    made = Theorem(name, title, hypotheses, statement, (), source=source)
    return Theorem(
        name,
        title,
        hypotheses,
        statement,
        _script(statement, argument, known),
        witness(made),
        source,
    )


def _script(statement: Relation, argument: Argument, known: Known) -> tuple[Line, ...]:
    """Insert, multiply out, spell out, compare."""
    closing = [Line(f"rewrite H_{identifier(s.name)}.") for s in argument.inserted]
    spelling = ", ".join(f"?H_{identifier(s.name)}" for s in argument.spelled)
    if spelling:
        closing.append(Line(f"field_simplify_eq; [rewrite {spelling}; ring | side ..]."))
    else:
        closing.append(Line("field; side."))
    if not argument.cofactors:
        return (Line("intros."), *closing)
    ((root, cofactor),) = argument.cofactors.items()
    multiple = (statement.left - statement.right, cofactor, known.roots[root])
    return (
        Line("intros. apply Rminus_diag_uniq."),
        Line("replace (_ - _) with ({1} * {2});", multiple),
        Line(f"  [rewrite root_{identifier(root.name)}; ring | symmetry]."),
        *closing,
    )
