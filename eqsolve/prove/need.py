"""Which closed forms an equation needs, found by numbers modulo a prime.

A wrong answer costs a proof, not its truth: what is found is proved by exact algebra afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import sympy as sp

PRIME = 2**61 - 1
#: Of the drawn numbers.
SEED = 7

Values = dict[sp.Symbol, int]


def modular(expression: sp.Expr, values: Mapping[sp.Symbol, int]) -> int:
    """The value of a rational expression modulo the prime.

    Raises
    ------
    ZeroDivisionError
        If it divides by zero there.
    TypeError
        If it is not rational.
    """
    if expression.is_Symbol:
        return values[expression]
    if expression.is_Rational:
        return int(expression.p) * pow(int(expression.q), -1, PRIME) % PRIME
    if not (expression.is_Add or expression.is_Mul or expression.is_Pow):
        raise TypeError("not rational.")
    parts = [modular(part, values) for part in expression.args] if not expression.is_Pow else []
    if expression.is_Add:
        return sum(parts) % PRIME
    if expression.is_Mul:
        total = 1
        for part in parts:
            total = total * part % PRIME
        return total
    if expression.is_Pow and expression.exp.is_Integer:
        base = modular(expression.base, values)
        if base == 0 and expression.exp < 0:
            raise ZeroDivisionError
        return pow(base, int(expression.exp), PRIME)
    raise TypeError("not rational.")


def follows(
    left: sp.Expr,
    definitions: Mapping[sp.Symbol, sp.Expr],
    target: sp.Symbol | None = None,
    equation: sp.Expr = sp.S.Zero,
) -> bool:
    """Whether an expression vanishes where definitions hold, and an equation linear in a letter."""
    rng = Random(SEED)
    used = {left, equation, *definitions.values()}
    letters = sorted(set().union(*(e.free_symbols for e in used)), key=lambda s: str(s.name))
    free = {s: rng.randrange(1, PRIME) for s in letters if s not in definitions and s != target}

    def at(value: int) -> Values:
        values = free if target is None else {**free, target: value}
        for letter, e in definitions.items():
            values[letter] = modular(e, values)
        return values

    try:
        if target is None:
            return modular(left, at(0)) == 0
        one, two, three = (modular(equation, at(value)) for value in (1, 2, 3))
        if (three - 2 * two + one) % PRIME or one == two:
            return False
        root = (1 - one * pow(two - one, -1, PRIME)) % PRIME
        return modular(left, at(root)) == 0
    except (ZeroDivisionError, TypeError, KeyError):
        return False


def holds_at_root(
    left: sp.Expr, definitions: Mapping[sp.Symbol, sp.Expr], equation: sp.Expr
) -> bool:
    """Whether an expression vanishes where an equation does that is linear in some parameter."""
    used = {left, equation, *definitions.values()}
    letters = set().union(*(e.free_symbols for e in used)) - definitions.keys()
    return any(
        follows(left, definitions, letter, equation)
        for letter in sorted(letters, key=lambda s: str(s.name))
    )


def needed(
    left: sp.Expr,
    definitions: Mapping[sp.Symbol, sp.Expr],
    target: sp.Symbol | None = None,
    equation: sp.Expr = sp.S.Zero,
) -> dict[sp.Symbol, sp.Expr] | None:
    """The definitions without which an expression does not vanish; None if it never does."""
    kept = dict(definitions)
    if not follows(left, kept, target, equation):
        return None
    for letter in reversed(definitions):
        fewer = {s: e for s, e in kept.items() if s != letter}
        if follows(left, fewer, target, equation):
            kept = fewer
    return kept
