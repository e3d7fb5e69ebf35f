"""Three-address code in plain doubles for loops without branches."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from fractions import Fraction

import sympy as sp

from eqsolve.kernels.cubic.arithmetic import Double, Operand
from eqsolve.kernels.cubic.printer import Block, identifier

#: A product that is not evaluated yet.
Factors = tuple[Operand, Operand]


def below(product: sp.Expr) -> sp.Expr:
    """What a product is divided by."""
    powers = (factor.as_base_exp() for factor in sp.Mul.make_args(product))
    return sp.Mul(*(base**-exponent for base, exponent in powers if exponent.is_negative))


def _apart(parts: Iterable[Operand | Factors]) -> tuple[list[Operand], list[Factors]]:
    """Operands and products."""
    plain: list[Operand] = []
    products: list[Factors] = []
    for part in parts:
        if isinstance(part, Operand):
            plain.append(part)
        else:
            products.append(part)
    return plain, products


class FusedBlock(Block):
    """Code whose sums take products in by fused multiply-add and whose divisions share reciprocals.

    Besides rational expressions it takes absolute values. The generated code uses ``lanes`` and
    ``math``.
    """

    def __init__(self, inputs: Mapping[sp.Symbol, bool]) -> None:
        super().__init__(Double(), inputs)
        self._parts: tuple[Operand | Factors, ...] = ()
        self._definitions: dict[sp.Symbol, sp.Expr] = {}
        self._sums: dict[sp.Symbol, tuple[Operand | Factors, ...]] = {}

    def define(
        self, symbol: sp.Symbol, expression: sp.Expr, zero_without: sp.Symbol | None = None
    ) -> None:
        if zero_without is None:
            self._parts = ()
            super().define(symbol, expression)
            self._sums[symbol] = self._parts if expression.is_Add else ()
            self._definitions[symbol] = expression
            return
        plain = sp.Symbol(f"{identifier(symbol)}_any", real=True)
        self.define(plain, expression)
        name, tested = identifier(symbol), self.operand(zero_without).text
        value = self.operand(plain).text
        self.lines.append(f"{name} = lanes.select({tested} != 0.0, {value}, 0.0)")
        self._symbols[symbol] = Operand(name, False)
        self._sums[symbol], self._definitions[symbol] = self._sums[plain], expression

    def holds(self, symbol: sp.Symbol) -> bool:
        """Whether a symbol has been defined."""
        return symbol in self._symbols

    def resolved(self, symbol: sp.Symbol, part: str, settled: Container[sp.Symbol]) -> str:
        """Emit the condition that a sum is more than a part of all magnitudes that enter it.

        Everything defined in the block is followed down to inputs and ``settled`` symbols, so that
        cancellation within cancellation counts. Divisors count as they are.
        """
        bound = self._size(self._definitions[symbol], settled)
        return f"math.fabs({self.operand(symbol).text}) >= {part} * {bound.text}"

    def _size(self, expression: sp.Expr, settled: Container[sp.Symbol]) -> Operand:
        """The magnitudes that enter an expression, with sums in place of differences."""
        if isinstance(expression, sp.Add):
            parts = [self._size_term(term, settled) for term in expression.args]
            return self._fused_sum(*_apart(parts))
        part = self._size_term(expression, settled)
        return part if isinstance(part, Operand) else self._operation("product", *part)

    def _size_term(self, expression: sp.Expr, settled: Container[sp.Symbol]) -> Operand | Factors:
        """The same as a pair of factors if it is a product that is not known yet."""
        if isinstance(expression, sp.Symbol):
            inner = self._definitions.get(expression)
            if inner is not None and expression not in settled and inner.has(sp.Add):
                return (
                    self._size(inner, settled) if inner.is_Add else self._size_term(inner, settled)
                )
            value = self.operand(expression)
            return value if expression.is_nonnegative else self._absolute(value)
        constant, rest = expression.as_coeff_Mul()
        factors = [self.value(abs(constant))] if abs(constant) != 1 or rest == 1 else []
        divisor = below(rest)
        if divisor != 1:
            # The reciprocal is the one that the value was computed with.
            value = self._operation("quotient", Operand("1.0", False), self.value(divisor))
            factors.append(value if divisor.is_positive else self._absolute(value.magnitude))
        for factor in sp.Mul.make_args(rest * divisor):
            base, exponent = factor.as_base_exp()
            if base != 1:
                factors += [self._size(base, settled)] * int(exponent)
        return self._pair(factors)

    def _pair(self, factors: Sequence[Operand]) -> Operand | Factors:
        """A product, as what it is if it is known, else as two factors that are left."""
        head, last = self._chain(factors[:-1]), factors[-1]
        if head is None:
            return last
        return self._known.get(self._key("product", head, last), (head, last))

    def reliable(self, symbol: sp.Symbol, part: str) -> str:
        """Emit the condition that a sum is more than a part of its terms' magnitudes.

        The last term is left out: when much cancels, it is as large as the others together. A
        quantity that is no sum must only differ from zero.
        """
        name = self.operand(symbol).text
        terms = self._sums[symbol][:-1]
        if not terms:
            return f"{name} != 0.0"
        return f"math.fabs({name}) >= {part} * {self._total(terms).text}"

    def _total(self, terms: Sequence[Operand | Factors]) -> Operand:
        """The sum of magnitudes."""
        sizes = [
            self._absolute(term if isinstance(term, Operand) else self._operation("product", *term))
            for term in terms
        ]
        total = sizes[0]
        for size in sizes[1:]:
            total = self._operation("total", total, size)
        return total

    def value(self, expression: sp.Expr) -> Operand:
        if isinstance(expression, sp.Abs):
            return self._absolute(super().value(expression.args[0]))
        return super().value(expression)

    def _absolute(self, a: Operand) -> Operand:
        if a.text[0].isdigit():
            return a.magnitude
        key = ("magnitude", a.text, "")
        if key not in self._known:
            self._temporaries += 1
            result = Operand(f"t{self._temporaries}", False)
            self.lines.append(f"{result.text} = math.fabs({a.text})")
            self._known[key] = result
        return self._known[key]

    def _sum(self, expression: sp.Expr) -> Operand:
        parts = [self._term(term) for term in sorted(expression.args, key=sp.default_sort_key)]
        plain, products = _apart(parts)
        # A positive term first saves a negation.
        plain.sort(key=lambda t: t.negative)
        products.sort(key=lambda t: t[0].negative)
        total = self._fused_sum(plain, products)
        self._addends, self._parts = (), (*plain, *products)
        return total

    def _fused_sum(self, plain: Sequence[Operand], products: Sequence[Factors]) -> Operand:
        """A sum of operands and of products."""
        rest, last = list(plain), list(products)
        total = rest.pop(0) if rest else self._operation("product", *last.pop(0))
        for term in rest:
            if total.negative:
                total = -self._operation("total", -total, -term)
            else:
                total = self._operation("total", total, term)
        for first, second in last:
            total = self._fused(first, second, total)
        return total

    def _term(self, expression: sp.Expr) -> Operand | Factors:
        """A term of a sum, as a pair of factors if it is a product that is not known yet."""
        constant, rest = expression.as_coeff_Mul()
        powers = [f.as_base_exp() for f in sorted(sp.Mul.make_args(rest), key=sp.default_sort_key)]
        if not all(isinstance(e, sp.Integer) and e > 0 for _, e in powers):
            return self.value(expression)
        factors = [v for base, e in powers for v in [self.value(base)] * int(e)]
        negative = (sum(f.negative for f in factors) % 2 == 1) != bool(constant < 0)
        factors = [f.magnitude for f in factors]
        if abs(constant) != 1:
            size = abs(Fraction(int(constant.p), int(constant.q)))
            factors.append(self.arithmetic.literal(size))
        part = self._pair(factors)
        if not negative:
            return part
        return -part if isinstance(part, Operand) else (-part[0], part[1])

    def _fused(self, first: Operand, second: Operand, total: Operand) -> Operand:
        sign, addend = ("-" if part.negative else "" for part in (first, total))
        small, large = sorted((first.text, second.text))
        key = ("fused", f"{sign}{small}*{large}", addend + total.text)
        if key not in self._known:
            self._temporaries += 1
            result = Operand(f"t{self._temporaries}", False)
            text = f"lanes.fma({sign}{first.text}, {second.text}, {addend}{total.text})"
            self.lines.append(f"{result.text} = {text}")
            self._known[key] = result
        return self._known[key]

    def _operation(self, kind: str, a: Operand, b: Operand) -> Operand:
        if kind != "quotient":
            return super()._operation(kind, a, b)
        one = Operand("1.0", False)
        if a.text == "1.0":
            return super()._operation(kind, a, b)
        return super()._operation("product", a, super()._operation(kind, one, b))
