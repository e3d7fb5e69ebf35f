"""Equations that follow from definitions and from roots of polynomials, with the reason for Coq.

What is given are definitions, in order, and equations of roots. An equation follows if it is an
identity once some definitions are inserted, or a multiple of the equations of roots then: the
multiples (cofactors) are found here, so that Coq only multiplies out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import sympy as sp
from flint import fmpq_mpoly
from flint.utils.flint_exceptions import DomainError

from eqsolve.arithmetic.algebra import Ratio, Ring
from eqsolve.derivation.units import Units
from eqsolve.prove.conditions import following, said_otherwise
from eqsolve.prove.need import needed
from eqsolve.prove.statement import Hypothesis, Line, Relation, Theorem, identifier
from eqsolve.prove.witness import witness

#: Terms of a numerator beyond which it is not divided any further.
MOST = 4000


@dataclass(frozen=True)
class Known:
    """What may be assumed.

    Attributes
    ----------
    definitions : what letters stand for, in parameters, roots and earlier letters.
    roots : for letters that are defined as roots, what vanishes.
    kept : definitions that are not inserted: what vanishes by them is used like a root's equation.
    """

    definitions: Mapping[sp.Symbol, sp.Expr]
    roots: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    kept: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    @cached_property
    def relations(self) -> dict[sp.Symbol, sp.Expr]:
        """What vanishes, by letter."""
        return {**self.roots, **{s: _vanishing(s, e) for s, e in self.kept.items()}}

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


def argue(
    expression: sp.Expr,
    known: Known,
    through: Iterable[sp.Symbol] = (),
    divide: bool = True,
    at_once: bool = False,
) -> Argument | None:
    """Why an expression vanishes; None if no reason was found.

    Definitions are inserted one after the other, the last one first, and no more than are needed:
    a closed form solves its equation whatever the letters before it mean.

    Parameters
    ----------
    through : roots in whose equations definitions are inserted, too, if it needs them.
    divide : look also for multiples of several equations, each divided by in its own letter.
    at_once : insert everything that is defined before a reason is looked for.
    """
    inserted: list[sp.Symbol] = []
    left = expression
    wanted = set(left.free_symbols).union(*(known.roots[s].free_symbols for s in through))
    while True:
        rest = [
            s
            for s in known.definitions
            if s in wanted and s not in inserted and s not in known.abbreviations
        ]
        if not (at_once and rest):
            ratio, ring = _ratio(left, known)
            now = {s: known.definitions[s] for s in inserted}
            roots = {root: _inserted(e, now) for root, e in known.relations.items()}
            cofactors = _multiples(ring, ratio, Known(known.definitions, roots), divide)
            if cofactors is not None:
                break
        if not rest:
            return None
        inserted.append(rest[-1])
        wanted |= known.definitions[rest[-1]].free_symbols
        left = left.xreplace({rest[-1]: known.definitions[rest[-1]]})
    parts = [left, *(known.definitions[s] for s in inserted), *cofactors.values()]
    parts += [known.kept[s] for s in cofactors if s in known.kept]
    entering = set().union(left.free_symbols, *(e.free_symbols for e in cofactors.values()))
    for root in cofactors:
        entering |= _inserted(known.relations[root], now).free_symbols
    spelled: list[sp.Symbol] = []
    for letter in reversed(known.abbreviations):
        if letter in entering:
            spelled.append(letter)
            entering |= known.abbreviations[letter].free_symbols
    # also where all that is left is 0
    below = [e for e in divisors([expression]) if not e.free_symbols & {*inserted}]
    nonzero = tuple(dict.fromkeys((*divisors(parts), *below)))
    return Argument(tuple(inserted), cofactors, tuple(spelled), nonzero)


def _vanishing(letter: sp.Symbol, value: sp.Expr) -> sp.Expr:
    above, below = sp.fraction(sp.together(value))
    return letter * below - above


def _inserted(expression: sp.Expr, values: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """An expression with letters replaced one after the other."""
    for letter, value in values.items():
        expression = expression.xreplace({letter: value})
    return expression


def _ratio(left: sp.Expr, known: Known) -> tuple[Ratio, Ring]:
    entering = [*known.definitions, *known.definitions.values(), *known.relations.values()]
    ring = Ring.of(left, *entering)
    return ring.ratio(left), ring


def _multiples(
    ring: Ring, ratio: Ratio, known: Known, divide: bool
) -> dict[sp.Symbol, sp.Expr] | None:
    """The cofactors of the roots' equations of which a ratio is the sum; None if it is none."""

    def spelled(polynomial: fmpq_mpoly) -> fmpq_mpoly:
        for letter in reversed(known.abbreviations):
            if polynomial.degrees()[ring.places[letter]]:
                value = ring.ratio(known.abbreviations[letter])
                polynomial = ring.substituted(polynomial, letter, value)
        return polynomial

    numerator = spelled(ratio.numerator)
    if numerator.is_zero():
        return {}
    below = _product(ring, ratio.denominator)
    roots = {
        root: spelled(ring.ratio(equation).numerator) for root, equation in known.roots.items()
    }
    roots = {root: equation for root, equation in roots.items() if not equation.is_zero()}
    several = (_several(ring, numerator, roots) for _ in range(divide))  # only if it is needed
    for quotients in chain(_single(numerator, roots), several):
        if quotients is not None:
            return {
                root: _product(ring, above)
                * ring.expression(ring.ratio(known.roots[root]).denominator)
                / (below * scale)
                for root, (above, scale) in quotients.items()
            }
    return None


Quotients = dict[sp.Symbol, tuple[fmpq_mpoly, sp.Expr]]


def _single(
    numerator: fmpq_mpoly, roots: Mapping[sp.Symbol, fmpq_mpoly]
) -> Iterator[Quotients | None]:
    """The equations of which the numerator is a multiple."""
    for root in reversed(roots):
        try:
            yield {root: (numerator / roots[root], sp.S.One)}
        except DomainError:
            yield None


def _several(
    ring: Ring, numerator: fmpq_mpoly, roots: Mapping[sp.Symbol, fmpq_mpoly]
) -> Quotients | None:
    """The numerator divided by one equation after the other, each in its own letter."""
    found: Quotients = {}
    scale = sp.S.One
    for root in reversed(roots):
        head = ring.coefficients(roots[root], root)
        rest = ring.coefficients(numerator, root)
        quotient = ring.context.constant(0)
        while len(rest) >= len(head) > 1:
            shift = ring.generator(root) ** (len(rest) - len(head))
            if not head[-1].is_constant():
                quotient, numerator = quotient * head[-1], numerator * head[-1]
                scale *= _product(ring, head[-1])
                step = rest[-1] * shift
            else:
                step = rest[-1] / head[-1].leading_coefficient() * shift
            quotient, numerator = quotient + step, numerator - step * roots[root]
            if len(numerator) > MOST:
                return None
            rest = ring.coefficients(numerator, root)
        if not quotient.is_zero():
            found[root] = (quotient, scale)
    return found if numerator.is_zero() else None


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
    # in an order that is the same in every process: a file is known by its text
    for power in sorted(expression.atoms(sp.Pow), key=str):
        if power.exp.is_Integer and power.exp < 0 and not power.base.is_number:
            yield power.base


def theorem(
    name: str,
    title: str,
    statement: Relation,
    known: Known,
    source: str = "",
    argument: Argument | None = None,
    point: Mapping[sp.Symbol, sp.Expr] | None = None,
) -> Theorem | str:
    """The theorem that an equation follows from what is known, or a sentence that it was not seen.

    Only what the proof needs is assumed. An ``argument`` that is known need not be found,
    nor a ``point`` at which equations of several letters hold.

    Raises
    ------
    EqsolveError
        If no point satisfies what is assumed.
    """
    left = statement.left - statement.right
    argument = argument or argue(left, known)
    if argument is not None and not argument.cofactors:
        known, argument = _least(left, known, argument)
    if argument is None:
        return f"{title}: no reason was found that Coq could follow."
    defined = [
        Hypothesis(f"H_{s.name}", Relation(s, "=", known.definitions[s]))
        for s in known.definitions
        if s in (*argument.inserted, *argument.spelled)
    ]
    defined += [
        Hypothesis(f"H_{s.name}", Relation(s, "=", e))
        for s, e in known.kept.items()
        if s in argument.cofactors
    ]
    roots = [
        Hypothesis(f"root_{s.name}", Relation(known.roots[s], "="))
        for s in argument.cofactors
        if s in known.roots
    ]
    given = {*argument.inserted, *argument.spelled}
    spelled = Known({s: e for s, e in known.definitions.items() if s in given}).abbreviations
    others = said_otherwise(argument.nonzero, spelled)
    assumed = [e for e in argument.nonzero if e not in others]
    nonzero = [Hypothesis(f"nonzero_{k}", Relation(e, "<>")) for k, e in enumerate(assumed, 1)]
    hypotheses = (*defined, *roots, *nonzero)
    made = Theorem(name, title, hypotheses, statement, (), source=source)
    return Theorem(
        name,
        title,
        hypotheses,
        statement,
        (Line("intros."), *following(others, spelled), *script(statement, argument, known)),
        witness(made, point or {}),
        source,
    )


def _least(left: sp.Expr, known: Known, argument: Argument) -> tuple[Known, Argument]:
    """The same from no more definitions than are needed, where it is an identity."""
    used = {*argument.inserted, *argument.spelled}
    kept = needed(left, {s: e for s, e in known.definitions.items() if s in used})
    if kept is None or len(kept) == len(used):
        return known, argument
    fewer = Known({s: e for s, e in known.definitions.items() if s in kept})
    other = argue(left, fewer)
    return (known, argument) if other is None else (fewer, other)


def script(
    statement: Relation, argument: Argument, known: Known, before: Iterable[Line] = ()
) -> tuple[Line, ...]:
    """Insert, multiply out, spell out, compare.

    Parameters
    ----------
    before : lines between inserting and multiplying out.
    """
    closing = [Line(f"rewrite ?H_{identifier(s.name)}.") for s in argument.inserted]
    closing += before
    spelling = ", ".join(f"?H_{identifier(s.name)}" for s in argument.spelled)
    if spelling:
        closing.append(
            Line(f"field_simplify_eq; [rewrite {spelling}; first [ring | field] | side ..].")
        )
    else:
        closing.append(Line("field; side."))
    if not argument.cofactors:
        return tuple(closing)
    factors = [(k, known.relations[root]) for root, k in argument.cofactors.items()]
    names = ", ".join(f"root_{identifier(root.name)}" for root in argument.cofactors)
    total = " + ".join(["{} * {}"] * len(factors))
    kept = [
        Line(
            f"assert (root_{identifier(s.name)} : {{}} = 0) by (rewrite H_{identifier(s.name)}; "
            "field; side).",
            (known.relations[s],),
        )
        for s in known.kept
        if s in argument.cofactors
    ]
    return (
        *kept,
        Line("apply Rminus_diag_uniq."),
        Line(f"replace (_ - _) with ({total});", tuple(e for pair in factors for e in pair)),
        Line(f"  [rewrite {names}; ring | symmetry]."),
        *closing,
    )
