"""Exact algebra with functions of the time to go.

An expression is a rational function of parameters, the time to go, exponentials (units of the
ring) and pairs ``RootCosh``, ``RootSinh``, which are generators related by
``RootCosh^2 - square RootSinh^2 = 1``. Numerators are reduced by these relations, so that tests
for zero are exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
from flint import fmpq, fmpq_mpoly

from eqsolve.arithmetic.algebra import Ratio
from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.derivation.solve.step import to_go
from eqsolve.derivation.units import Units


def canonical(expression: sp.Expr) -> sp.Expr:
    """A quotient of coprime expanded polynomials; equal functions become equal expressions."""
    units = Units.of([expression])
    ratio = units.ratio(expression)
    return units.expression(ratio.numerator) / units.expression(ratio.denominator)


def vanishes(expression: sp.Expr) -> bool:
    """Whether an expression vanishes identically, by the relations of its functions."""
    units = _units([expression])
    return _reduced(units, units.ratio(expression).numerator).is_zero()


def factored(expression: sp.Expr) -> sp.Expr:
    """The expression as a quotient of products of irreducible factors."""
    units = Units.of([expression])
    ratio = units.ratio(expression)
    return _product(units, ratio.numerator) / _product(units, ratio.denominator)


def _product(units: Units, polynomial: fmpq_mpoly) -> sp.Expr:
    if polynomial.is_zero():
        return sp.S.Zero
    content, factors = units.ring.factors(polynomial)
    result = content
    for factor, multiplicity in factors:
        shown = factor.xreplace(units.meaning)
        if shown.could_extract_minus_sign():
            shown, result = -shown, result * (-1) ** multiplicity
        result *= shown**multiplicity
    return result


def collected(expression: sp.Expr, times: Sequence[sp.Symbol]) -> sp.Expr:
    """A sum over the functions of time, each with its coefficient factored.

    ``times`` are the symbols that depend on time. An expression that divides by a sum of
    functions of time is returned as it is.
    """
    units = _units([expression])
    ratio = units.ratio(expression)
    below = _parts(units, ratio.denominator, times)
    if len(below) != 1:
        return expression
    ((power, denominator),) = below.items()
    reduced = _reduced(units, ratio.numerator)
    terms = []
    for exponents, coefficient in _parts(units, reduced.numerator, times).items():
        weight = Ratio.reduced(units.ring, coefficient, denominator * reduced.denominator)
        shown = _product(units, weight.numerator) / _product(units, weight.denominator)
        terms.append(shown * _monomial(units, tuple(a - b for a, b in zip(exponents, power))))
    return sp.Add(*terms)


def monomials(expression: sp.Expr, times: Sequence[sp.Symbol]) -> list[dict[sp.Expr, int]] | None:
    """The products of functions of time that a sum consists of, by function and exponent.

    ``times`` are the symbols that depend on time. None if the expression divides by a sum of
    functions of time.
    """
    units = _units([expression])
    ratio = units.ratio(expression)
    below = _parts(units, ratio.denominator, times)
    if len(below) != 1:
        return None
    (power,) = below
    meaning = units.meaning
    return [
        {
            meaning.get(g, g): a - b
            for g, a, b in zip(units.ring.symbols, exponents, power)
            if a != b
        }
        for exponents in _parts(units, ratio.numerator, times)
    ]


def equations(expression: sp.Expr) -> tuple[Units, list[fmpq_mpoly]]:
    """Polynomials in parameters that all vanish if and only if the expression does."""
    units = _units([expression])
    reduced = _reduced(units, units.ratio(expression).numerator)
    return units, list(_parts(units, reduced.numerator, [to_go]).values())


def _units(expressions: Sequence[sp.Expr]) -> Units:
    """Units in which both functions of every pair are generators."""
    partners = [
        pair(*function.args)
        for e in expressions
        for function in e.atoms(RootCosh, RootSinh)
        for pair in (RootCosh, RootSinh)
    ]
    squares = [function.args[0] for function in partners]
    return Units.of([*expressions, *partners, *squares])


def _reduced(units: Units, numerator: fmpq_mpoly) -> Ratio:
    """The polynomial with even powers of every ``RootCosh`` replaced by those of its partner."""
    ring = units.ring
    value = Ratio(ring, numerator, ring.context.constant(1))
    for (function, _), generator in sorted(units.generators.items(), key=lambda p: str(p[0])):
        if not isinstance(function, RootCosh) or generator not in ring.symbols:
            continue
        even = units.ratio(1 + function.args[0] * RootSinh(*function.args) ** 2)
        parts = ring.coefficients(value.numerator, generator)
        below = Ratio(ring, value.denominator, ring.context.constant(1)) ** -1
        value = Ratio(ring, ring.context.constant(0), ring.context.constant(1))
        for power, part in enumerate(parts):
            odd = ring.generator(generator) ** (power % 2)
            term = Ratio(ring, part * odd, ring.context.constant(1))
            value = value + term * even ** (power // 2)
        value = value * below
    return value


def _parts(
    units: Units, polynomial: fmpq_mpoly, times: Sequence[sp.Symbol]
) -> dict[tuple[int, ...], fmpq_mpoly]:
    """The coefficients in parameters of every monomial in functions of time."""
    places = set(units.depending(times))
    parts: dict[tuple[int, ...], dict[tuple[int, ...], fmpq]] = {}
    for exponents, coefficient in polynomial.to_dict().items():
        key = tuple(int(e) if i in places else 0 for i, e in enumerate(exponents))
        rest = tuple(0 if i in places else int(e) for i, e in enumerate(exponents))
        parts.setdefault(key, {})[rest] = coefficient
    return {key: units.ring.context.from_dict(part) for key, part in parts.items()}


def _monomial(units: Units, exponents: Sequence[int]) -> sp.Expr:
    """A product of powers of generators, with one exponential."""
    result, exponent = sp.S.One, sp.S.Zero
    for symbol, power in zip(units.ring.symbols, exponents):
        meaning = units.meaning.get(symbol, symbol)
        if isinstance(meaning, sp.exp):
            exponent += power * meaning.exp
        else:
            result *= meaning**power
    return result * (sp.exp(exponential(exponent)) if exponent != 0 else 1)


def exponential(exponent: sp.Expr) -> sp.Expr:
    """An exponent as a factored rate times the time to go, where it is linear in it."""
    rate = exponent / to_go
    parts = powers(exponent, [to_go])
    return factored(rate) * to_go if parts is not None and set(parts) == {(1,)} else exponent


def powers(
    expression: sp.Expr, symbols: Sequence[sp.Symbol]
) -> dict[tuple[int, ...], sp.Expr] | None:
    """The coefficients of a polynomial in some symbols, by exponents.

    None if the expression is no polynomial in them: it divides by them, or they stand inside a
    power, an exponential or a logarithm.
    """
    units = Units.of([expression])
    ring, wanted = units.ring, set(symbols)
    ratio = units.ratio(expression)
    inside = any(meaning.free_symbols & wanted for meaning in units.meaning.values())
    places = [ring.symbols.index(s) if s in ring.symbols else None for s in symbols]
    known = [place for place in places if place is not None]
    if inside or any(e[k] for e in ratio.denominator.to_dict() for k in known):
        return None
    parts: dict[tuple[int, ...], dict[tuple[int, ...], fmpq]] = {}
    for exponents, coefficient in ratio.numerator.to_dict().items():
        key = tuple(0 if k is None else int(exponents[k]) for k in places)
        rest = tuple(0 if i in known else int(e) for i, e in enumerate(exponents))
        parts.setdefault(key, {})[rest] = coefficient
    result = {}
    for key, part in parts.items():
        weight = Ratio.reduced(ring, ring.context.from_dict(part), ratio.denominator)
        result[key] = units.expression(weight.numerator) / units.expression(weight.denominator)
    return result


def divisors(expression: sp.Expr, times: Sequence[sp.Symbol] = ()) -> list[sp.Expr]:
    """The irreducible factors, free of ``times``, of the denominators of a sum's terms."""
    found: dict[sp.Expr, None] = {}
    for term in sp.Add.make_args(expression):
        units = Units.of([term])
        _, factors = units.ring.factors(units.ratio(term).denominator)
        for factor, _ in factors:
            shown = factor.xreplace(units.meaning)
            if not shown.has(*times, RootCosh, RootSinh) and not shown.is_number:
                found[shown] = None
    return list(found)
