"""Expressions, assignments and domains as source for numba."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.errors import DerivationError
from eqsolve.game.vocabulary import Letter
from eqsolve.status import Status

_FUNCTIONS = {
    sp.exp: "math.exp",
    sp.log: "math.log",
    sp.sin: "math.sin",
    sp.cos: "math.cos",
    sp.tan: "math.tan",
    sp.sinh: "math.sinh",
    sp.cosh: "math.cosh",
    sp.tanh: "math.tanh",
    RootCosh: "root_cosh",
    RootSinh: "root_sinh",
}


@dataclass
class Names:
    """Identifiers of symbols in generated code, and what functions are called there."""

    table: dict[sp.Symbol, str] = field(default_factory=dict)
    functions: Mapping[Any, str] = field(default_factory=lambda: _FUNCTIONS)

    def __getitem__(self, symbol: sp.Symbol) -> str:
        if symbol not in self.table:
            self.table[symbol] = f"v{len(self.table)}"
        return self.table[symbol]


def code(expression: sp.Expr, names: Names) -> str:
    """An expression as source; every operand is parenthesized."""
    if expression.is_Symbol:
        return names[expression]
    if expression.is_Rational:
        value = f"{int(expression.p)}.0"
        return value if expression.q == 1 else f"({value} / {int(expression.q)}.0)"
    if expression is sp.pi:
        return "math.pi"
    if expression is sp.E:
        return "math.e"
    if expression.is_Add:
        return "(" + " + ".join(code(a, names) for a in expression.args) + ")"
    if expression.is_Mul:
        above = [a for a in expression.args if not _inverse(a)]
        below = [1 / a for a in expression.args if _inverse(a)]
        top = " * ".join(code(a, names) for a in above) or "1.0"
        if not below:
            return f"({top})"
        return f"({top} / (" + " * ".join(code(a, names) for a in below) + "))"
    if expression.is_Pow:
        return _power(expression.base, expression.exp, names)
    name = names.functions.get(expression.func)
    if name is None:
        raise DerivationError(f"{expression.func} has no code.", stage="code generation")
    return f"{name}(" + ", ".join(code(a, names) for a in expression.args) + ")"


def _inverse(factor: sp.Expr) -> bool:
    return bool(factor.is_Pow and factor.exp.is_Rational and factor.exp < 0)


def _power(base: sp.Expr, exponent: sp.Expr, names: Names) -> str:
    text = code(base, names)
    if exponent.is_Integer:
        number = abs(int(exponent))
        product = " * ".join([text] * number) if number <= 4 else f"{text} ** {number}"
        return f"({product})" if exponent > 0 else f"(1.0 / ({product}))"
    if exponent == sp.Rational(1, 2):
        return f"math.sqrt({text})"
    power = names.functions.get(sp.Pow)
    if power is not None:
        return f"{power}({text}, {code(exponent, names)})"
    return f"({text} ** {code(exponent, names)})"


def lines(pairs: Iterable[tuple[str, sp.Expr]], names: Names) -> list[str]:
    """Assignments to targets, common subexpressions first."""
    targets, expressions = zip(*pairs) if pairs else ((), ())
    fresh = sp.numbered_symbols("c", cls=sp.Dummy)
    shared, reduced = sp.cse(list(expressions), symbols=fresh, order="none")
    found = [f"{names[s]} = {code(e, names)}" for s, e in shared]
    return found + [f"{target} = {code(e, names)}" for target, e in zip(targets, reduced)]


def domain(letter: Letter, name: str) -> list[str]:
    """Lines that end with invalid input where a number lies outside a letter's domain."""
    text = inside(letter.domain, name) or f"math.isfinite({name})"
    return [f"if not ({text}):", f"    return {int(Status.INVALID_INPUT)}"]


def inside(domain: sp.Set, name: str) -> str:
    """The condition that a number lies in a domain."""
    if isinstance(domain, sp.Interval):
        parts = []
        if domain.start != -sp.oo:
            parts.append(f"{name} {'>' if domain.left_open else '>='} {float(domain.start)!r}")
        if domain.end != sp.oo:
            parts.append(f"{name} {'<' if domain.right_open else '<='} {float(domain.end)!r}")
        return " and ".join(parts)
    if isinstance(domain, sp.Union):
        return " or ".join(f"({inside(part, name)})" for part in domain.args)
    if domain == sp.S.Reals:
        return ""
    if domain in (sp.S.Naturals, sp.S.Naturals0):
        least = 1.0 if domain == sp.S.Naturals else 0.0
        return f"{name} >= {least} and {name} == math.floor({name})"
    if isinstance(domain, sp.Range):
        parts = [f"{name} == math.floor({name})"]
        if domain.inf != -sp.oo:
            parts.append(f"{name} >= {float(domain.inf)!r}")
        if domain.sup != sp.oo:
            parts.append(f"{name} <= {float(domain.sup)!r}")
        return " and ".join(parts)
    if isinstance(domain, sp.Complement):
        return f"({inside(domain.args[0], name)}) and not ({inside(domain.args[1], name)})"
    if isinstance(domain, sp.FiniteSet):
        return " or ".join(f"{name} == {float(v)!r}" for v in domain.args)
    raise DerivationError(f"the domain {domain} has no code.", stage="code generation")
