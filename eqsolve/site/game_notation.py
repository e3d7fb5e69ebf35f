"""What the letters of a declared game mean, those of its ansatz included."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import sympy as sp
from markupsafe import Markup, escape

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.solve import algebra
from eqsolve.site.symbols import Meaning

#: An expression as a formula in a line of text.
Show = Callable[[sp.Expr], Markup]


def notation(derivation: Derivation, show: Show, solution: str) -> dict[sp.Symbol, Meaning]:
    """The letters that a game declares, and the coefficients of its ansatz.

    Parameters
    ----------
    solution : the anchor of the solution, which defines the coefficients.
    """
    model = derivation.model
    parameters = {letter.symbol for letter in model.vocabulary.parameters}
    found = {}
    for letter in model.vocabulary:
        values = domain(letter.domain) if letter.symbol in parameters else ""
        meaning, unit = escape(letter.meaning), letter.unit
        unit = "" if unit in ("", "1") else f" [{unit}]"
        found[letter.symbol] = Meaning(
            letter.name, show(letter.symbol), Markup("{}{}").format(meaning, unit), values
        )
    for symbol, told in _coefficients(derivation, show):
        place = (Markup("the solution"), f"#{solution}")
        found.setdefault(symbol, Meaning(symbol.name, show(symbol), told, "", place))
    return found


def _coefficients(derivation: Derivation, show: Show) -> Iterator[tuple[sp.Symbol, Markup]]:
    """The coefficients of functions and feedback, each with the monomial that it multiplies."""
    model = derivation.model
    states = (*model.game.state_symbols, *(law.symbol for law in model.game.laws))
    known = {letter.symbol for letter in model.vocabulary} | {*states}
    forms: Mapping[sp.Symbol | str, sp.Expr] = {**model.ansatz.functions, **model.ansatz.feedback}
    for owner, form in forms.items():
        name = show(owner if isinstance(owner, sp.Symbol) else sp.Symbol(str(owner)))
        parts = algebra.powers(form, states)
        if parts is None:
            for symbol in sorted(form.free_symbols - known, key=str):
                yield symbol, Markup("a coefficient of {}").format(name)
            continue
        for exponents, coefficient in parts.items():
            monomial = sp.Mul(*(s**e for s, e in zip(states, exponents)))
            of = Markup("the constant")
            if monomial != 1:
                of = Markup("the coefficient of {}").format(show(monomial))
            for symbol in sorted(coefficient.free_symbols - known, key=str):
                yield symbol, Markup("{} in {}").format(of, name)


def domain(values: sp.Set) -> str:
    """A set of real numbers in the signs of a reader."""
    if isinstance(values, sp.Interval):
        left = "(" if values.left_open else "["
        right = ")" if values.right_open else "]"
        ends = (f"{values.start}, {values.end}").replace("oo", "\u221e").replace("-", "\u2212")
        return "real" if values == sp.S.Reals else f"{left}{ends}{right}"
    if isinstance(values, sp.Union):
        return " or ".join(map(domain, values.args))
    if isinstance(values, sp.Range):
        return f"integers from {values.start}" if values.stop == sp.oo else "integers"
    return str(values)
