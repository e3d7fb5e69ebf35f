"""From expressions to three-address code.

One walker visits the expressions; what an operation looks like in the target is the business of an
:class:`~eqsolve.kernels.cubic.arithmetic.Arithmetic`. Equal operations are emitted once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from keyword import iskeyword

import sympy as sp

from eqsolve.errors import DerivationError
from eqsolve.inputs import ALIASES
from eqsolve.kernels.cubic.arithmetic import Arithmetic, Operand

#: Names in generated code of symbols whose own name is a keyword.
_SPELLING = {name: short for short, name in ALIASES.items()}


def identifier(symbol: sp.Symbol) -> str:
    """Return the name of a symbol in generated code.

    Raises
    ------
    DerivationError
        If the symbol's name is no identifier.
    """
    name: str = _SPELLING.get(symbol.name, symbol.name)
    if not name.isidentifier() or iskeyword(name):
        raise DerivationError(f"{symbol} cannot be a variable.", stage="code generation")
    return name


class Block:
    """Three-address code under construction.

    Parameters
    ----------
    arithmetic : the target.
    inputs : symbols that are defined before the block, each with whether it is wide.
    """

    def __init__(self, arithmetic: Arithmetic, inputs: Mapping[sp.Symbol, bool]) -> None:
        self.arithmetic = arithmetic
        self.lines: list[str] = []
        self.terms: dict[sp.Symbol, tuple[Operand, ...]] = {}
        self._symbols = {s: Operand(identifier(s), wide) for s, wide in inputs.items()}
        self._known: dict[tuple[str, str, str], Operand] = {}
        self._temporaries = 0

    def take(self) -> list[str]:
        """Return the lines written since the last call."""
        lines, self.lines = self.lines, []
        return lines

    def operand(self, symbol: sp.Symbol) -> Operand:
        """The variable that holds a symbol.

        Raises
        ------
        DerivationError
            If the symbol is used before its definition.
        """
        if symbol not in self._symbols:
            raise DerivationError(
                f"{symbol} is used before it is defined.", stage="code generation"
            )
        return self._symbols[symbol]

    def define(
        self, symbol: sp.Symbol, expression: sp.Expr, zero_without: sp.Symbol | None = None
    ) -> None:
        """Emit ``symbol = expression``, preceded by the formula as a comment.

        With ``zero_without`` the value is zero wherever that symbol is zero, whatever the
        expression gives there.
        """
        name = identifier(symbol)
        guard = ""
        if zero_without is not None:
            tested = self.arithmetic.leading(self.operand(zero_without))
            guard = f" if {tested} != 0.0 else {'ZERO' if self.arithmetic.wide else '0.0'}"
        condition = f", or 0 if {identifier(zero_without)} = 0" if zero_without is not None else ""
        self.lines.append(f"# {name} = {expression}{condition}")
        value = self.value(expression)
        self.terms[symbol] = self._addends
        last = f"{value.text} = "
        stored = value.magnitude
        if not value.negative and self.lines[-1].startswith(last) and not guard:
            # The temporary of the last operation takes the symbol's name.
            self.lines[-1] = f"{name} = {self.lines[-1][len(last) :]}"
            self._temporaries -= 1
            result = Operand(name, value.wide)
            self._known = {k: result if v == stored else v for k, v in self._known.items()}
        else:
            wide = value.wide or (bool(guard) and self.arithmetic.wide)
            text = self.arithmetic.negated(stored) if value.negative else value.text
            if wide and not value.wide:
                text = f"dd.from_double({text})"
            self.lines.append(f"{name} = {text}{guard}")
            result = Operand(name, wide)
        self._symbols[symbol] = result

    def choose(self, symbol: sp.Symbol, a: sp.Symbol, b: sp.Symbol, condition: str) -> None:
        """Emit ``symbol = a if condition else b``; its terms are those of b."""
        first, second = self.operand(a), self.operand(b)
        self.lines.append(f"{identifier(symbol)} = {first.text} if {condition} else {second.text}")
        self.terms[symbol] = self.terms[b]
        self._symbols[symbol] = Operand(identifier(symbol), first.wide and second.wide)

    def value(self, expression: sp.Expr) -> Operand:
        """Emit the operations of an expression and return its value; it may be negative."""
        self._addends: tuple[Operand, ...] = ()
        if isinstance(expression, sp.Symbol):
            return self.operand(expression)
        if isinstance(expression, sp.Rational):
            constant = self.arithmetic.literal(abs(Fraction(int(expression.p), int(expression.q))))
            return -constant if expression < 0 else constant
        if isinstance(expression, sp.Add):
            return self._sum(expression)
        if isinstance(expression, (sp.Mul, sp.Pow)):
            return self._product(expression)
        raise DerivationError(f"{expression} is not rational.", stage="code generation")

    def _sum(self, expression: sp.Expr) -> Operand:
        ordered = sorted(expression.args, key=sp.default_sort_key)
        terms = [self.value(term) for term in ordered]
        # A positive term first saves a negation.
        terms.sort(key=lambda t: t.negative)
        total = terms[0]
        for term in terms[1:]:
            if total.negative:
                total = -self._operation("total", -total, -term)
            else:
                total = self._operation("total", total, term)
        self._addends = tuple(terms)
        return total

    def _product(self, expression: sp.Expr) -> Operand:
        constant, factors = expression.as_coeff_Mul()
        above: list[Operand] = []
        below: list[Operand] = []
        for factor in sorted(sp.Mul.make_args(factors), key=sp.default_sort_key):
            base, exponent = factor.as_base_exp()
            if not isinstance(exponent, sp.Integer):
                raise DerivationError(f"{factor} is not rational.", stage="code generation")
            value = self.value(base)
            place = above if exponent > 0 else below
            place += [value] * abs(int(exponent))
        coefficient = Fraction(int(constant.p), int(constant.q))
        # Only divisions by powers of two are exact as a factor.
        odd = coefficient.denominator // (coefficient.denominator & -coefficient.denominator)
        coefficient *= odd
        if odd != 1:
            below.append(self.arithmetic.literal(Fraction(odd)))
        top = self._chain(above)
        if top is None or abs(coefficient) != 1:
            literal = self.arithmetic.literal(abs(coefficient))
            top = literal if top is None else self._operation("product", top, literal)
        if coefficient < 0:
            top = -top
        bottom = self._chain(below)
        result = top if bottom is None else self._operation("quotient", top, bottom)
        self._addends = ()
        return result

    def _chain(self, factors: Sequence[Operand]) -> Operand | None:
        """Multiply, taking pairs that are known already first; None if there is no factor."""
        remaining = list(factors)
        while len(remaining) > 1:
            pairs = [(i, j) for i in range(len(remaining)) for j in range(i + 1, len(remaining))]
            i, j = next(
                (
                    p
                    for p in pairs
                    if self._key("product", *(remaining[k] for k in p)) in self._known
                ),
                (0, 1),
            )
            product = self._operation("product", remaining[i], remaining[j])
            remaining = [product, *(f for k, f in enumerate(remaining) if k not in (i, j))]
        return remaining[0] if remaining else None

    def _key(self, kind: str, a: Operand, b: Operand) -> tuple[str, str, str]:
        if kind == "product":
            first, second = sorted((a.text, b.text))
            return kind, first, second
        sign = "-" if kind == "total" and b.negative else ""
        return kind, a.text, sign + b.text

    def _operation(self, kind: str, a: Operand, b: Operand) -> Operand:
        """The result of an operation, emitted unless it is known; signs of factors pass through."""
        negative = kind != "total" and a.negative != b.negative
        if kind != "total":
            a, b = a.magnitude, b.magnitude
        key = self._key(kind, a, b)
        if key not in self._known:
            self._temporaries += 1
            result = Operand(f"t{self._temporaries}", self.arithmetic.wide)
            text: str = getattr(self.arithmetic, kind)(a, b)
            self.lines.append(f"{result.text} = {text}")
            self._known[key] = result
        found = self._known[key]
        return -found if negative else found


def straight_line(
    definitions: Iterable[tuple[sp.Symbol, sp.Expr]],
    inputs: Iterable[sp.Symbol],
    arithmetic: Arithmetic,
) -> list[str]:
    """Return the code of a list of definitions whose inputs are plain doubles."""
    block = Block(arithmetic, {symbol: False for symbol in inputs})
    for symbol, expression in definitions:
        block.define(symbol, expression)
    return block.take()
