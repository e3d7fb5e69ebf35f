"""In which order an author writes the terms of a sum and the factors of a product."""

from __future__ import annotations

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.operators import Along, Discount, InOrder, Kept
from eqsolve.symbols import order

_LATE, _SUMS, _FUNCTIONS, _STATE = 500, 1000, 2000, 3000


def stem(symbol: sp.Symbol) -> str:
    """The name of a symbol without the index of an agent."""
    name = str(symbol.name)
    head, _, index = name.rpartition("_")
    indexed = head and name not in order().sums and (index.isdecimal() or index in ("i", "k"))
    return head if indexed else name


def is_function(expression: sp.Expr) -> bool:
    """Whether an expression is an unknown function or a derivative of one."""
    return isinstance(expression, (AppliedUndef, sp.Derivative))


def is_sum(expression: sp.Expr) -> bool:
    """Whether an expression is shown as a sum."""
    if isinstance(expression, Along):
        return is_sum(expression.args[0])
    return isinstance(expression, (sp.Add, InOrder, Kept))


def common_share(terms: tuple[sp.Expr, ...]) -> tuple[sp.Rational, tuple[sp.Expr, ...]]:
    """A proper fraction that every term of a sum carries, and the terms without it."""
    shares = {abs(term.as_coeff_Mul()[0]) for term in terms}
    share = shares.pop() if len(shares) == 1 else sp.S.One
    if not share.is_Rational or share.q == 1:
        return sp.S.One, terms
    return share, tuple(term / share for term in terms)


def cleared(total: sp.Expr) -> tuple[int, sp.Expr]:
    """A whole number and a sum times that number whose terms have whole coefficients."""
    if not isinstance(total, sp.Add):
        return 1, total
    shares = [term.as_coeff_Mul()[0] for term in total.args]
    factor = sp.ilcm(1, *(share.q for share in shares if share.is_Rational))
    return int(factor), sp.Add(*(factor * term for term in total.args))


def has_fractions(total: sp.Expr) -> bool:
    """Whether a term of a sum is a fraction of symbols."""
    terms = total.args if is_sum(total) and not isinstance(total, Along) else ()
    return any(sp.fraction(term)[1].free_symbols for term in terms)


def function_name(expression: sp.Expr) -> str:
    """The name of a function that may be differentiated."""
    while isinstance(expression, sp.Derivative):
        expression = expression.expr
    return str(expression.func.__name__)


def sum_key(term: sp.Expr) -> tuple[tuple[int, ...], str]:
    """The rank of a term: its earliest names first, powers by repetition, states last."""
    ranks: list[int] = []
    states: list[int] = []
    sums: list[int] = []
    for factor in sp.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        repeat = int(exponent) if exponent.is_Integer and exponent > 0 else 1
        if base.is_Symbol:
            place = states if stem(base) in order().states else ranks
            place += [order().sums.get(stem(base), _LATE)] * repeat
        elif is_function(base):
            early = function_name(base) in order().early
            ranks += [-1 if early else _LATE + 1] * repeat
        elif is_sum(base):
            lead = min(sum_key(t)[0] for t in base.args)
            sums.append(lead[0] if lead else _SUMS)
        elif not base.is_number:
            sums.append(_SUMS)
    return (*sorted(ranks), *sorted(sums), *sorted(states)), sp.srepr(term)


def product_key(factor: sp.Expr, moving: bool) -> tuple[int, int, str]:
    """The rank of a factor; states are early where a sum beside them is ``moving``."""
    base = factor.as_base_exp()[0]
    if isinstance(base, Discount):
        return _LATE + 1, 0, ""
    if base.is_number:
        return -2 if base.is_Number else -1, 0, ""
    if base.is_Symbol:
        name = stem(base)
        if name in order().functions:
            return _FUNCTIONS, 0, name
        if name in order().states:
            return (_LATE if moving else _STATE), 0, name
        return order().products.get(name, _LATE), 0, name
    if not is_sum(base):
        return _FUNCTIONS, 0, sp.srepr(base)
    size = 1 + int(sp.count_ops(base))
    if base.has(sp.Derivative, AppliedUndef):
        return _FUNCTIONS - 1, size, sp.srepr(base)
    return _rank_of_sum(base), size, sp.srepr(base)


def _rank_of_sum(total: sp.Expr) -> int:
    """A sum stands after the parameters and before the unknowns that are later than its own."""
    ranks = {order().products.get(stem(s), _SUMS) for s in total.free_symbols}
    return max(ranks | {order().lead})
