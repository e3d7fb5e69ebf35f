"""What the letters of a declared game mean, those of its ansatz included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import sympy as sp
from markupsafe import Markup, escape

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.solve import algebra
from eqsolve.game import Model
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
    for symbol, told in coefficients(model, show):
        place = (Markup("the solution"), f"#{solution}")
        found.setdefault(symbol, Meaning(symbol.name, show(symbol), told, "", place))
    return found


def coefficients(model: Model, show: Show) -> Iterator[tuple[sp.Symbol, Markup]]:
    """The coefficients of functions and feedback, each with what it multiplies."""
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
            for symbol in sorted(coefficient.free_symbols - known, key=str):
                place = _place(symbol, coefficient, monomial, show)
                yield symbol, Markup("{} in {}").format(place, name)


def _place(symbol: sp.Symbol, coefficient: sp.Expr, monomial: sp.Expr, show: Show) -> Markup:
    """Where a letter of a coefficient stands, in words."""
    factor = coefficient / symbol
    if symbol in factor.free_symbols:  # not alone
        whole = Markup("the coefficient of {}").format(show(monomial))
        return Markup("a part of {}").format("the constant" if monomial == 1 else whole)
    multiplied = factor * monomial
    if multiplied == 1:
        return Markup("the constant")
    return Markup("the coefficient of {}").format(show(multiplied))


def joined(tables: Iterable[Mapping[sp.Symbol, Meaning]]) -> list[Meaning]:
    """One list of notation for several structures; a letter may mean another thing in each."""
    found: dict[str, list[Meaning]] = {}
    for meaning in (m for table in tables for m in table.values()):
        rows = found.setdefault(meaning.name, [])
        if all(meaning.told != row.told for row in rows):
            rows.append(meaning)
    among = Markup("; in another structure ")
    return [replace(rows[0], told=among.join(row.told for row in rows)) for rows in found.values()]


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
