"""Programs read as rational functions, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import Ordering, arb, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from eqsolve.arithmetic.code import Code, Folding
from eqsolve.arithmetic.ring import PI, Ring
from eqsolve.errors import DerivationError

#: A polynomial by the exponents of its monomials.
Terms = dict[tuple[int, ...], fmpq]


class ZeroDivision(DerivationError):
    """A program divides by something that vanishes identically."""


@dataclass(frozen=True)
class Fraction:
    """A quotient of coprime polynomials."""

    above: fmpq_mpoly
    below: fmpq_mpoly

    @staticmethod
    def reduced(above: fmpq_mpoly, below: fmpq_mpoly) -> Fraction:
        """Cancel the common factor; the denominator has leading coefficient 1."""
        if below.is_zero():
            raise ZeroDivision("division by an expression that is zero.", stage="algebra")
        if not below.is_constant():
            common = above.gcd(below)
            above, below = above / common, below / common
        lead = below.leading_coefficient()
        return Fraction(above / lead, below / lead)

    def apply(self, name: str, other: Fraction) -> Fraction:
        """The result of ``add``, ``sub``, ``mul`` or ``div``."""
        if name == "mul":
            return Fraction.reduced(self.above * other.above, self.below * other.below)
        if name == "div":
            return Fraction.reduced(self.above * other.below, self.below * other.above)
        right = other.above if name == "add" else -other.above
        if self.below == other.below:
            return Fraction.reduced(self.above + right, self.below)
        return Fraction.reduced(
            self.above * other.below + right * self.below, self.below * other.below
        )


class Rational:
    """The functions of a program as rational functions.

    Elementary functions and pi are variables of their own, behind the arguments.

    Attributes
    ----------
    code : the program.
    variables : the number of arguments and of elementary functions together.
    functions : one fraction for each function of the program.
    elementary : of every variable behind the arguments the elementary function and its argument.

    Raises
    ------
    ZeroDivision
        If the program divides by zero.
    """

    def __init__(self, code: Code) -> None:
        self.code = code
        count = len(code.arguments)
        special = sum(name not in ("add", "sub", "mul", "div") for name, _ in code.steps)
        self.variables = count + special + (PI in code.constants)
        names = [f"v{k}" for k in range(self.variables)]
        self.context = fmpq_mpoly_ctx.get(names, Ordering.lex)
        self.elementary: list[tuple[str, Fraction | None]] = []
        one = self.context.constant(1)
        nodes = [Fraction(self.context.gen(k), one) for k in range(count)]
        for constant in code.constants:
            if isinstance(constant, str):
                nodes.append(self._special(constant, None))
            else:
                nodes.append(Fraction(self.context.constant(constant), one))
        for name, operands in code.steps:
            first, *others = (nodes[k] for k in operands)
            nodes.append(first.apply(name, others[0]) if others else self._special(name, first))
        self.nodes = nodes
        self.functions = tuple(nodes[k] for k in code.outputs)

    def _special(self, name: str, argument: Fraction | None) -> Fraction:
        known = (name, argument)
        if known not in self.elementary:
            self.elementary.append(known)
        place = len(self.code.arguments) + self.elementary.index(known)
        return Fraction(self.context.gen(place), self.context.constant(1))

    def balls(self, arguments: Sequence[arb]) -> list[arb]:
        """The values of all variables, from those of the arguments on."""
        ring = Ring.of([arb(0)])
        values = [*arguments]
        for name, argument in self.elementary:
            if argument is None:
                values.append(ring.constant(name))
            else:
                top, below = (value(p, values) for p in (argument.above, argument.below))
                values.append(ring.apply(name, ring.quotient(top, below)))
        return values


def vanishes(code: Code) -> bool:
    """Whether the function of a program is zero whatever its arguments are."""
    return bool(Rational(code).functions[0].above.is_zero())


def terms(polynomial: fmpq_mpoly) -> Terms:
    """The terms of a polynomial."""
    return {tuple(map(int, e)): fmpq(c) for e, c in polynomial.to_dict().items()}


def coefficients(polynomial: fmpq_mpoly, inner: Sequence[int]) -> dict[tuple[int, ...], Terms]:
    """The coefficients of a polynomial in some variables, polynomials in the others."""
    places = {k: i for i, k in enumerate(inner)}
    found: dict[tuple[int, ...], Terms] = {}
    for exponents, coefficient in terms(polynomial).items():
        own = tuple(exponents[k] for k in inner)
        rest = tuple(0 if k in places else e for k, e in enumerate(exponents))
        found.setdefault(own, {})[rest] = coefficient
    return found


def exact(table: Terms) -> fmpq | None:
    """The number that a polynomial is, if it is one."""
    if all(not any(exponents) for exponents in table):
        return sum(table.values(), fmpq(0))
    return None


def value(polynomial: fmpq_mpoly | Terms, values: Sequence[arb]) -> arb:
    """A polynomial at balls; variables beyond them do not occur."""
    table = polynomial if isinstance(polynomial, dict) else terms(polynomial)
    total = arb(0)
    for exponents, coefficient in table.items():
        product = arb(coefficient)
        for base, exponent in zip(values, exponents):
            if exponent:
                product *= _power(base, exponent)
        total += product
    return total


def _power(base: arb, exponent: int) -> arb:
    """A positive power; the library's own is not finite around zero."""
    result = base
    for _ in range(exponent - 1):
        result = result * base
    return result


def code_of(functions: Sequence[Terms], arguments: Sequence[object]) -> Code:
    """The program of polynomials in the first variables, one for each argument."""
    builder = Folding(arguments)
    powers: dict[tuple[int, int], int] = {}

    def power(place: int, exponent: int) -> int:
        if exponent == 1:
            return place
        if (place, exponent) not in powers:
            lower = power(place, exponent - 1)
            powers[place, exponent] = builder.step("mul", lower, place)
        return powers[place, exponent]

    outputs = []
    for table in functions:
        total = builder.constant(fmpq(0))
        for exponents, coefficient in sorted(table.items(), reverse=True):
            node: int | None = None
            for place, exponent in enumerate(exponents):
                if exponent:
                    factor = power(place, exponent)
                    node = factor if node is None else builder.step("mul", node, factor)
            number = builder.constant(coefficient)
            term = number if node is None else builder.step("mul", number, node)
            total = builder.step("add", total, term)
        outputs.append(total)
    return builder.code(outputs)
