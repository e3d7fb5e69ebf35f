"""The sign of an expression: a product of what is positive, and of what its sign hangs on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.arithmetic.algebra import Ring
from eqsolve.prove.statement import Hypothesis, Joined, Line, Relation, Statement


@dataclass(frozen=True)
class Signed:
    """An expression is ``sign * magnitude * rest``, where ``magnitude`` is positive.

    Attributes
    ----------
    sign : 1 or -1; 0 for an expression that vanishes.
    magnitude : a product of powers of positive letters, of squares, exponentials and powers, and of
        sums of such products.
    rest : a product of factors whose sign is not known; 1 if there are none.
    positive : letters that are positive in this.
    nonzero : what is squared.
    """

    sign: int
    magnitude: sp.Expr = sp.S.One
    rest: sp.Expr = sp.S.One
    positive: tuple[sp.Symbol, ...] = ()
    nonzero: tuple[sp.Expr, ...] = ()

    @property
    def oriented(self) -> Signed:
        """The same with a positive sign, where the longest sum in the rest can take the other."""
        sums = [e for e in sp.Mul.make_args(self.rest) if e.is_Add]
        if self.sign >= 0 or not sums:
            return self
        last = max(sums, key=lambda e: len(e.args))
        return replace(self, sign=1, rest=self.rest / last * sp.expand(-last))


def signed(
    expression: sp.Expr,
    positive: Collection[sp.Symbol],
    named: Mapping[sp.Symbol, sp.Expr] | None = None,
) -> Signed:
    """Split an expression by the signs of its factors.

    Parameters
    ----------
    positive : letters that are known to be positive.
    named : letters by what they are defined as; a factor that is one of these is written so.
    """
    stand_in = {unit: sp.Dummy() for unit in _powers(expression)}
    known = {*positive, *stand_in.values()}
    stand_in |= {function: sp.Dummy() for function in expression.atoms(AppliedUndef)}
    meaning = {letter: unit for unit, letter in stand_in.items()}
    plain = expression.xreplace(stand_in)
    ring = Ring.of(plain)
    ratio = ring.ratio(plain)
    if ratio.numerator.is_zero():
        return Signed(0)
    sign, magnitude, rest = 1, sp.S.One, sp.S.One
    used: dict[sp.Symbol, None] = {}
    squared: dict[sp.Expr, None] = {}
    for polynomial, direction in ((ratio.numerator, 1), (ratio.denominator, -1)):
        content, factors = ring.factors(polynomial)
        sign *= 1 if content > 0 else -1
        magnitude *= abs(content) ** direction
        for factor, power in factors:
            shown = _name(factor, named or {})
            if shown.could_extract_minus_sign():
                shown, sign = -shown, sign * (-1) ** power
            power *= direction
            if _positive(shown, known):
                used |= dict.fromkeys(s for s in positive if s in shown.free_symbols)
                magnitude *= shown**power
            elif power % 2 == 0:
                squared[shown] = None
                magnitude *= shown**power
            else:
                rest *= shown
                if power != 1:
                    squared[shown] = None
                    magnitude *= shown ** (power - 1)
    bases = [s for unit in meaning.values() for s in positive if unit.has(s) and unit.is_Pow]
    used |= dict.fromkeys(bases)
    return Signed(
        sign,
        magnitude.xreplace(meaning),
        rest.xreplace(meaning),
        tuple(used),
        tuple(e.xreplace(meaning) for e in squared),
    )


def _powers(expression: sp.Expr) -> list[sp.Expr]:
    """Exponentials and powers that are no rational functions: they are positive."""
    found = expression.atoms(sp.Pow, sp.exp)
    return [e for e in found if isinstance(e, sp.exp) or not e.exp.is_Integer]


def _name(factor: sp.Expr, named: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    for letter, value in named.items():
        if sp.expand(factor - value) == 0:
            return letter
    return factor


def _positive(factor: sp.Expr, known: Collection[sp.Symbol]) -> bool:
    """Whether it is a sum of products of positive letters with positive coefficients."""
    if factor.is_Add:
        return all(_positive(term, known) for term in factor.args)
    number, parts = factor.as_coeff_mul()
    return bool(number > 0) and all(part.as_base_exp()[0] in known for part in parts)


def equivalent(left: sp.Expr, found: Signed, rewriting: str = "") -> tuple[Statement, list[Line]]:
    """That an expression has its sign, or when, and the lines that prove it.

    Parameters
    ----------
    found : the signs of its factors.
    rewriting : what is inserted before the product is compared with the expression.
    """
    relation = Relation(left, "<" if found.sign < 0 else ">")
    minus = "- " if found.sign < 0 else ""
    word = "negative" if found.sign < 0 else "positive"
    alone = found.rest == 1
    product = "({} * 1)" if alone else "({} * {})"
    parts = (found.magnitude,) if alone else (found.magnitude, found.rest)
    lines = [
        Line(f"replace ({{}}) with ({minus}{product}) by ({rewriting}field; side).", (left, *parts))
    ]
    lines.append(Line(f"apply {word}_product; {'[positive | lra]' if alone else 'positive'}."))
    return (relation if alone else Joined("<->", (relation, Relation(found.rest, ">")))), lines


def assumptions(found: Sequence[Signed]) -> list[Hypothesis]:
    """What the signs of factors rest on, each once."""
    letters = dict.fromkeys(s for one in found for s in one.positive)
    squares = dict.fromkeys(e for one in found for e in one.nonzero if e not in letters)
    made = [Hypothesis(f"positive_{s.name}", Relation(s, ">")) for s in letters]
    return made + [Hypothesis(f"nonzero_{k}", Relation(e, "<>")) for k, e in enumerate(squares, 1)]
