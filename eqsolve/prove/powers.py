"""Identities among powers of positive numbers whose exponents have letters, for Coq."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import sympy as sp
from flint.utils.flint_exceptions import DomainError

from eqsolve.derivation.units import Units
from eqsolve.prove.statement import Line, Relation


@dataclass(frozen=True)
class Powers:
    """The powers of an expression as products of powers of a few positive numbers."""

    expression: sp.Expr

    @cached_property
    def units(self) -> Units:
        """The few."""
        return Units.of([self.expression, *self.atoms])

    @cached_property
    def atoms(self) -> tuple[sp.Expr, ...]:
        """Powers with letters in their exponents."""
        found = (e for e in self.expression.atoms(sp.Pow) if not e.exp.is_Rational)
        return tuple(sorted(found, key=str))

    def vanishes(self) -> bool:
        """Whether the expression does, whatever the few are."""
        return bool(self.units.ratio(self.expression).is_zero())

    @cached_property
    def positive(self) -> tuple[sp.Expr, ...]:
        """Bases that must be positive."""
        units = self.units
        found = (b for (b, e), k in units.denominators.items() if e != 1 or k != 1)
        return tuple(b for b in dict.fromkeys(found) if not b.is_number)

    def multiple(self, other: sp.Expr) -> sp.Expr | None:
        """What ``other`` is multiplied by to give the expression; None if it is no multiple."""
        units = Units.of([self.expression, other])
        one, two = units.ratio(self.expression), units.ratio(other)
        try:
            quotient = one.numerator / two.numerator
        except DomainError:
            return None
        above = units.expression(quotient) * units.expression(two.denominator)
        return above / units.expression(one.denominator)

    def script(self) -> Iterator[Line]:
        """Every power as a product of the few, and the goal with these."""
        for number, atom in enumerate(self.atoms, 1):
            value = self.units.ratio(atom)
            above, below = map(self.units.expression, (value.numerator, value.denominator))
            if above / below != atom:
                yield from _step(f"power_{number}", atom, above / below)
        for atom in self.atoms:
            number, rest = atom.exp.as_coeff_Mul()
            if number < 0 and rest.is_Pow:
                inverse = sp.Pow(atom.base, -atom.exp)
                yield Line("try replace {} with (/ {})", (atom, inverse))
                yield Line("  by (rewrite <- power_opposite; f_equal; field; side).")
        yield Line("rewrite ?power_opposite.")

    def bases(self) -> Iterator[Line]:
        """That what is raised to a power is positive."""
        for number, base in enumerate(dict.fromkeys(e.base for e in self.atoms), 1):
            if base not in self.positive:
                product, parts = _product(base)
                yield Line(f"assert (base_{number} : 0 < {{}})", (base,))
                yield Line(
                    f"  by (replace {{}} with ({parts}) by (field; side); side).", (base, *product)
                )


def _product(base: sp.Expr) -> tuple[tuple[sp.Expr, ...], str]:
    """The factors of a base, the last one inverse where it divides, and how they are joined."""
    inner = _powers(base)
    above, below = sp.fraction(sp.factor(base / sp.Mul(*inner)))
    factors = (*inner, *(e for e in sp.Mul.make_args(above) if e != 1 or not inner))
    parts = " * ".join(["{}"] * len(factors))
    return (factors, parts) if below == 1 else ((*factors, below), f"{parts} * / {{}}")


def _step(name: str, atom: sp.Expr, value: sp.Expr) -> Iterator[Line]:
    """One power, by the laws of powers, and put in wherever it stands."""
    base, exponent = atom.base, atom.exp
    yield Line(f"assert ({name} : {{}}).", (Relation(atom, "=", value),))
    product, parts = _product(base)
    if _powers(base):
        yield from _nested(base, exponent)
        yield Line(f"meet {name}.")
        return
    terms = sp.Add.make_args(sp.expand(exponent))
    total = " + ".join(["{}"] * len(terms))
    yield Line(f"{{{{ replace {{}} with ({parts}) by (field; side).", (base, *product))
    yield Line(f"    replace {{}} with ({total}) by ring.", (exponent, *terms))
    yield Line("    powers. }}")
    yield Line(f"meet {name}.")


def _powers(base: sp.Expr) -> tuple[sp.Expr, ...]:
    """The factors that are powers themselves, with letters in their exponents."""
    return tuple(f for f in sp.Mul.make_args(base) if f.is_Pow and not f.exp.is_Rational)


def _nested(base: sp.Expr, exponent: sp.Expr) -> Iterator[Line]:
    """The proof for a base some of whose factors are powers themselves."""
    product, parts = _product(base)
    yield Line(f"{{{{ replace {{}} with ({parts}) by (field; side).", (base, *product))
    yield Line("    rewrite ?power_product by side; rewrite ?power_inverse by side.")
    yield Line("    rewrite ?power_power.")
    for factor in product:
        of, power = factor.as_base_exp() if factor in _powers(base) else (factor, sp.S.One)
        terms = sp.Add.make_args(sp.expand(power * exponent))
        yield Line(f"    exponent {{}} ({' + '.join(['{}'] * len(terms))}).", (of, *terms))
    yield Line("    rewrite ?power_sum, ?power_opposite; rewrite ?power_1 by side; field; side. }}")
