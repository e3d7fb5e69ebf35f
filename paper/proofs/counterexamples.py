"""Rational numbers at which statements of the paper fail: roots of the cubic are chosen rational.

The cubic is linear in beta and in gamma, so that one of these follows from a root.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import sympy as sp

from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.derivations.mean_variance.vocabulary import symbol
from eqsolve.notated.derivation import Derivation
from eqsolve.paper.claims.exact import (
    B,
    alpha,
    beta,
    gamma,
    k1,
    k2,
    k3,
    kappa,
    lam,
    nu,
    p1,
    q3,
    r,
    s2,
    sigma,
    theta,
)
from eqsolve.paper.proofs.cubic import D2, Delta
from eqsolve.prove.script import counterexample
from eqsolve.prove.statement import Maker, Relation, Theorem

x, y = symbol("x"), symbol("y")
#: What values of the position at several values of a parameter show.
Shows = Callable[[Sequence[sp.Expr], Sequence[sp.Symbol]], Relation]
#: One agent without competition and without interest.
ALONE: Mapping[sp.Symbol, sp.Expr] = {
    B: sp.S.One,
    r: sp.S.Zero,
    lam: sp.S.One,
    s2: sp.S.One,
    kappa: sp.S.One,
    alpha: sp.S.One,
    gamma: sp.Integer(2),
    x: sp.S.One,
}
#: A continuum of agents without interest, everybody at wealth 1.
ALIKE: Mapping[sp.Symbol, sp.Expr] = {
    B: sp.S.One,
    r: sp.S.Zero,
    lam: sp.S.One,
    nu: sp.S.One,
    sigma: sp.Integer(2),
    s2: sp.Integer(5),
    theta: sp.Rational(9, 10),
    alpha: sp.S.One,
    beta: sp.S.One,
    x: sp.S.One,
    y: sp.S.One,
}
TENTH = sp.Rational(1, 10)


def alone(derivation: Derivation) -> Iterator[Maker]:
    """Of the strategy p1 x + q3 of one agent without competition."""
    form, position = derivation.response, p1 * x + q3
    yield partial(
        _moved,
        form,
        "the_position_does_not_always_rise_with_beta",
        "Without competition p1 x + q3 can fall as beta rises",
        beta,
        position,
        ALONE,
        (TENTH, 2 * TENTH),
        lambda values, weights: Relation(values[0], ">", values[1]),
    )
    yield partial(
        _moved,
        form,
        "the_position_is_not_always_concave_in_beta",
        "Without competition p1 x + q3 can lie below the chord between two values of beta",
        beta,
        position,
        {**ALONE, s2: sp.Rational(1, 4)},
        (TENTH / 2, TENTH, 2 * TENTH),
        _below_chord,
    )


def competing(derivation: Derivation) -> Iterator[Maker]:
    """Of the mean-field strategy, everybody at wealth 1, with finite second moments."""
    form, position = derivation.form, k1 * x + k2 * y + k3
    yield partial(
        _moved,
        form,
        "the_position_does_not_always_fall_with_gamma",
        "Under competition the position can rise with gamma, everybody at wealth 1",
        gamma,
        position,
        ALIKE,
        (sp.Rational(19, 80), sp.Rational(9, 40)),
        lambda values, weights: Relation(values[0], "<", values[1]),
        _finite,
    )
    yield partial(
        _moved,
        form,
        "the_position_is_not_always_convex_in_gamma",
        "Under competition the position can lie above the chord between two values of gamma",
        gamma,
        position,
        {**ALIKE, alpha: sp.Rational(1, 5)},
        (sp.Rational(3, 16), sp.Rational(7, 40), sp.Rational(13, 80)),
        _above_chord,
        _finite,
    )


def _finite(copy: Mapping[sp.Symbol, sp.Expr]) -> Relation:
    """That second moments under the common feedback grow less fast than the horizon strikes."""
    total = k1 + k2
    return Relation(lam, ">", (2 * (r + B * total) + sigma**2 * total**2).xreplace(dict(copy)))


def _above_chord(values: Sequence[sp.Expr], weights: Sequence[sp.Symbol]) -> Relation:
    """That the middle value is more than the linear interpolation of the others."""
    return replace(_below_chord(values, weights), relation=">")


def _below_chord(values: Sequence[sp.Expr], weights: Sequence[sp.Symbol]) -> Relation:
    """That the middle value is less than the linear interpolation of the others."""
    (low, middle, high), (a, b, c) = values, weights
    return Relation(middle * (c - a), "<", low * (c - b) + high * (b - a))


def _moved(
    form: ClosedForm,
    name: str,
    title: str,
    vary: sp.Symbol,
    position: sp.Expr,
    given: Mapping[sp.Symbol, sp.Expr],
    roots: Sequence[sp.Expr],
    shows: Shows,
    more: Callable[[Mapping[sp.Symbol, sp.Expr]], Relation] | None = None,
) -> Theorem:
    """The closed form at several values of one parameter, each with a rational root."""
    definitions = form.needed((*position.free_symbols, D2, Delta))
    moving = {vary}
    for d in definitions:
        if d.is_root or d.expression.free_symbols & moving:
            moving.add(d.symbol)
    positive = [s for s, e in given.items() if s != vary and e > 0 and s not in (x, y)]
    statements = [Relation(s, ">") for s in positive]
    statements += [Relation(s, "=", e) for s, e in given.items() if s in (r, kappa, x, y)]
    if nu in given:
        statements.append(Relation(s2, "=", nu**2 + sigma**2))
    statements += [
        Relation(d.symbol, "=", d.expression) for d in definitions if d.symbol not in moving
    ]
    point = dict(given)
    values: list[sp.Expr] = []
    weights: list[sp.Symbol] = []
    for k, root in enumerate(roots, 1):
        copy = {s: sp.Symbol(f"{s.name}_at_{k}", **s.assumptions0) for s in moving}
        point |= {copy[p1]: root, copy[vary]: _weight(form, vary, root, given)}
        for d in definitions:
            if d.is_root:
                statements.append(Relation(d.expression.xreplace(copy), "="))
            elif d.symbol in moving:
                statements.append(Relation(copy[d.symbol], "=", d.expression.xreplace(copy)))
        statements += [Relation(copy[s], ">") for s in (vary, D2, Delta)]
        if more is not None:
            statements.append(more(copy))
        values.append(position.xreplace(copy))
        weights.append(copy[vary])
    statements += [Relation(a, "<", b) for a, b in zip(weights, weights[1:])]
    return counterexample(name, title, [*statements, shows(values, weights)], point)


def _weight(
    form: ClosedForm, vary: sp.Symbol, root: sp.Expr, given: Mapping[sp.Symbol, sp.Expr]
) -> sp.Expr:
    """The value of a parameter, in which the cubic is linear, for which it has a root."""
    cubic = form[p1].xreplace({p1: root})
    for d in reversed(form.needed(cubic.free_symbols)):
        cubic = cubic.xreplace({d.symbol: d.expression})
    cubic = sp.expand(cubic.xreplace({s: e for s, e in given.items() if s != vary}))
    return -cubic.coeff(vary, 0) / cubic.coeff(vary, 1)
