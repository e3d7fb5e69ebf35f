"""Numbers at random exact points: rational where an expression is, balls where it is not.

An expression that vanishes identically vanishes at every point; a polynomial of degree ``d`` that
does not vanishes at a random point of ``N`` values a letter with a probability of at most ``d/N``
(Schwartz 1980, Zippel 1979), which is below 1e-13 a point here.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import sympy as sp
from flint import arb, arb_mat, ctx, fmpq

from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.errors import DerivationError

Number: TypeAlias = "fmpq | arb"
Point: TypeAlias = dict[sp.Expr, "fmpq | arb"]

#: Working precision of balls, and the accuracy that a zero must have, in bits.
BITS, ZERO_BITS = 1200, 600
_CUT = 1 << 50
_FUNCTIONS = {
    sp.log: arb.log,
    sp.sin: arb.sin,
    sp.cos: arb.cos,
    sp.tan: arb.tan,
    sp.sinh: arb.sinh,
    sp.cosh: arb.cosh,
    sp.tanh: arb.tanh,
    sp.exp: arb.exp,
}


@contextmanager
def precise(bits: int = BITS) -> Iterator[None]:
    """Balls of this precision inside a with block."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def evaluate(expression: sp.Expr, point: Point) -> Number:
    """The value of an expression, rational as long as its operations are.

    ``point`` is extended by every part of the expression, so that shared parts cost nothing.

    Raises
    ------
    ZeroDivisionError
        If a denominator is zero.
    DerivationError
        If a letter has no value or a function is unknown.
    """
    known = point.get(expression)
    if known is None:
        known = point[expression] = _evaluated(expression, point)
    return known


def _evaluated(expression: sp.Expr, point: Point) -> Number:
    if isinstance(expression, sp.Rational):
        return fmpq(int(expression.p), int(expression.q))
    if expression.is_Add:
        total: Number = fmpq(0)
        for term in expression.args:
            total = total + evaluate(term, point)
        return total
    if expression.is_Mul:
        total = fmpq(1)
        for factor in expression.args:
            total = total * evaluate(factor, point)
        return total
    if expression is sp.E:
        return arb(1).exp()
    if expression is sp.pi:
        return arb.pi()
    if expression.is_Pow:
        base, exponent = expression.as_base_exp()
        if exponent.is_Integer:
            return _power(evaluate(base, point), int(exponent))
        if base is sp.E:
            return _ball(evaluate(exponent, point)).exp()
        power = evaluate(exponent, point)
        if isinstance(power, fmpq) and power.q == 1:
            return _power(evaluate(base, point), int(power.p))
        return (_ball(power) * _ball(evaluate(base, point)).log()).exp()
    if isinstance(expression, (RootCosh, RootSinh)):
        square, length = (_ball(evaluate(e, point)) for e in expression.args)
        return _hyperbolic(square, length, isinstance(expression, RootCosh))
    if expression.func in _FUNCTIONS:
        return _FUNCTIONS[expression.func](_ball(evaluate(expression.args[0], point)))
    raise DerivationError(f"{expression} has no value at this point.", stage="checks")


def _hyperbolic(square: arb, length: arb, even: bool) -> arb:
    """``cosh(D s)`` or ``sinh(D s) / D`` with ``D**2 = square`` of either sign."""
    if square.contains(0):
        raise ArithmeticError("a discriminant may be zero.")
    root = abs(square).sqrt()
    if square > 0:
        return (root * length).cosh() if even else (root * length).sinh() / root
    return (root * length).cos() if even else (root * length).sin() / root


def _ball(value: Number) -> arb:
    return value if isinstance(value, arb) else arb(value)


def _power(base: Number, exponent: int) -> Number:
    if exponent < 0:
        return 1 / _power(base, -exponent)
    result: Number = fmpq(1)
    while exponent:
        if exponent & 1:
            result = result * base
        exponent >>= 1
        base = base * base if exponent else base
    return result


def is_zero(value: Number) -> bool:
    """Whether a value is zero: exactly, or to ``ZERO_BITS`` bits for a ball.

    Raises
    ------
    ArithmeticError
        If a ball is too wide to tell.
    """
    if isinstance(value, fmpq):
        return value == 0
    if not value.contains(0):
        return False
    if value.is_finite() and value.rad() < arb(2) ** -ZERO_BITS:
        return True
    raise ArithmeticError("a residual is not known precisely enough.")


def finite(value: Number) -> bool:
    """Whether a value is a number."""
    return isinstance(value, fmpq) or bool(value.is_finite())


def shown(value: Number) -> str:
    """A value with a few digits."""
    return f"{float(_ball(value).mid()):.6g}"


def draw(domain: sp.Set, rng: random.Random) -> fmpq:
    """A random rational number of a domain, positive wherever the domain has positive numbers."""
    for scale in (1, 4, fmpq(1, 16), 1000):
        for _ in range(8):
            value = fmpq(rng.randrange(1, _CUT), _CUT) * scale
            for number in (value, -value):
                if domain.contains(sp.Rational(int(number.p), int(number.q))) is sp.true:
                    return number
    whole = map(sp.Integer, range(-9, 10))
    finite = [v for v in (domain if isinstance(domain, sp.FiniteSet) else whole) if v in domain]
    if found := [v for v in finite if v.is_Rational]:
        value = rng.choice(sorted(found))
        return fmpq(int(value.p), int(value.q))
    raise DerivationError(f"no number of {domain} was found.", stage="checks")


def solved(
    equations: Mapping[sp.Symbol, sp.Expr], point: Point, rng: random.Random
) -> dict[sp.Symbol, arb] | None:
    """A solution of ``equations = 0`` in their symbols near a random start, by Newton's method.

    Returns
    -------
    dict or None
        Balls of a radius that covers the last step; None if the steps do not converge.
    """
    names, lines = list(equations), list(equations.values())
    slopes = [[sp.diff(line, name) for name in names] for line in lines]
    found = [arb(fmpq(rng.randrange(1, 1 << 20), 1 << 20)) for _ in names]
    accuracy = arb(2) ** (-BITS * 3 // 4)
    for _ in range(60):
        here = point | dict(zip(names, found, strict=True))
        try:
            rows = [[_ball(evaluate(s, here)) for s in row] for row in slopes]
            step = arb_mat(rows).solve(arb_mat([[_ball(evaluate(e, here))] for e in lines]))
        except (ZeroDivisionError, ValueError):
            return None
        moves = [step[k, 0].mid() for k in range(len(names))]
        found = [(x - move).mid() for x, move in zip(found, moves, strict=True)]
        if not all(x.is_finite() for x in found):
            return None
        if all(abs(move) < accuracy for move in moves):
            return {n: arb(x, 2 * accuracy) for n, x in zip(names, found, strict=True)}
    return None


def rank(rows: Sequence[Sequence[Number]], columns: int) -> int:
    """The rank of a matrix, by elimination with the largest pivots.

    A pivot that cannot be told from zero ends the elimination.
    """
    left = [[_ball(v) for v in row] for row in rows]
    found = 0
    tiny = arb(2) ** (-ZERO_BITS // 2)
    for column in range(columns):
        best = max(left, key=lambda row: abs(float(row[column].mid())), default=None)
        if best is None or not abs(best[column]) > tiny:
            continue
        left.remove(best)
        found += 1
        for row in left:
            factor = row[column] / best[column]
            for k in range(column, columns):
                row[k] = row[k] - factor * best[k]
    return found


def letters(expressions: Iterable[sp.Expr]) -> list[sp.Symbol]:
    """All symbols of some expressions, in order of their names."""
    found: set[sp.Symbol] = set().union(*(e.free_symbols for e in expressions))
    return sorted(found, key=lambda s: s.name)
