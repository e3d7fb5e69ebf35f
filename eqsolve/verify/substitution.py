"""Exact checks: a closed form is put back into its problem and must leave zero polynomials.

The generator used here does not come from the derivation. A diffusion with drift ``b`` and loadings
``s_k`` is replaced by a step of length ``h`` with the two-valued noises ``+-sqrt(h)``, each sign
equally likely; the mean change of a polynomial, divided by ``h``, tends to the generator (weak
convergence; Kloeden and Platen 1992, section 14.1).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from eqsolve.arithmetic.algebra import Ring, collect
from eqsolve.derivation.closed_form import ClosedForm, Definition
from eqsolve.errors import EqsolveError
from eqsolve.game import Game
from eqsolve.notated.ansatz import Ansatz
from eqsolve.verify.check import Check


def exact_check(name: str, game: str, holds: Callable[[], bool], note: str = "") -> Check:
    """Make a check of a statement that holds or does not; the error is 0 or 1."""
    try:
        fine, reason = holds(), ""
    except EqsolveError as error:
        fine, reason = False, f" {error}"
    return Check(
        name=name,
        game=game,
        kind="exact",
        value=0.0,
        reference=0.0,
        error=0.0 if fine else 1.0,
        allowed=0.0,
        note=f"{note}{reason}".strip(),
    )


def stepped(game: Game, f: sp.Expr) -> sp.Expr:
    """Return ``A^p f`` of a polynomial in the states by averaging over a two-valued step."""
    root = sp.Dummy("root")
    noises = sorted({noise for state in game.states for noise in state.loadings})
    total = sp.S.Zero
    # all signs flipped flip the root, whose square is looked at: the first one is +1
    choices = [(1, -1)] * len(noises)
    for signs in itertools.product((1,), *choices[1:]) if noises else [()]:
        step = dict(zip(noises, signs, strict=True))
        moved = {
            s.symbol: s.symbol
            + root**2 * s.drift
            + root * sp.Add(*(step[noise] * v for noise, v in s.loadings.items()))
            for s in game.states
        }
        total += sp.expand(f.xreplace(moved)).coeff(root, 2)
    return sp.expand(total / 2 ** len(choices[1:]))


def substitution_checks(own: Equations, form: ClosedForm) -> Iterator[Check]:
    """Put a closed form into the extended HJB system of a game.

    With ``G``, ``H``, ``V`` and the feedback of the ansatz, the moments' equations, the first-order
    condition, ``V = F(x, G, H)`` and the value's own equation must hold for all states, which means
    that every coefficient in the states vanishes by the closed form.
    """
    game, ansatz = own.game, own.ansatz
    note = "Every coefficient in the states is the zero polynomial."

    def check(label: str, *expressions: sp.Expr) -> Check:
        def holds() -> bool:
            return all(vanish(game, form, expression) for expression in expressions)

        return exact_check(label, game.name, holds, note)

    for name, expression in own.moments.items():
        yield check(f"equation of {name}", expression)
    yield check("first-order condition", own.first_order)
    # The value's equation, with the value spelled out, is a combination of the moments' equations.
    names = collect(ansatz.value, game.state_symbols).values()
    value = ansatz.value.xreplace({u: form[u] for u in names})
    excess = sp.expand(value - own.composed)
    left = stepped(game, excess) - game.horizon.hazard * excess
    yield check("value is the preference at the moments", excess)
    yield check("equation of V", played(ansatz, left), *own.moments.values())


@dataclass(frozen=True)
class Equations:
    """Left sides of a game's equations at the ansatz, from the two-valued step.

    ``composed`` is F(x, G, H); ``rate`` is sum_k F_k (equation of moment k) and ``first_order`` its
    derivative in the control, all but ``composed`` at the feedback.
    """

    game: Game
    ansatz: Ansatz
    moments: Mapping[str, sp.Expr]
    first_order: sp.Expr
    rate: sp.Expr
    composed: sp.Expr

    @staticmethod
    def of(game: Game, ansatz: Ansatz) -> Equations:
        """Build the equations from the game's definition alone."""
        preference, hazard = game.preference, game.horizon.hazard
        at_moments = {m.symbol: ansatz.functions[m.name] for m in preference.moments}
        moments, rate = {}, sp.S.Zero
        for moment in preference.moments:
            unknown = ansatz.functions[moment.name]
            left = stepped(game, unknown) + moment.running - hazard * (unknown - moment.payoff)
            moments[moment.name] = played(ansatz, left)
            rate += sp.diff(preference.aggregate, moment.symbol).xreplace(at_moments) * left
        slope = sp.diff(sp.expand(rate), game.control)
        return Equations(
            game,
            ansatz,
            moments,
            played(ansatz, slope),
            played(ansatz, rate),
            sp.expand(preference.aggregate.xreplace(at_moments)),
        )


def played(ansatz: Ansatz, expression: sp.Expr) -> sp.Expr:
    """Return an expression at the feedback of the ansatz."""
    return expression.xreplace(ansatz.feedback)


def vanish(game: Game, form: ClosedForm, expression: sp.Expr) -> bool:
    """Whether all coefficients in the states vanish by the form and the game's abbreviations."""
    known = set(form.parameters) | set(form.table)
    missing = expression.free_symbols - known
    declared = [Definition(s, e) for s, e in game.definitions.items() if e.free_symbols & missing]
    whole = ClosedForm((*declared, *form.definitions), ())
    return all(zero(whole, part) for part in coefficients(expression, game.state_symbols))


def zero(form: ClosedForm, expression: sp.Expr) -> bool:
    """Whether an expression vanishes by a form."""
    return form.vanishes(expression)


def coefficients(expression: sp.Expr, states: Sequence[sp.Symbol]) -> Iterator[sp.Expr]:
    """The coefficients in the states of a polynomial in them."""
    ring = Ring.of(expression, states)
    parts = [ring.polynomial(expression)]
    for state in states:
        parts = [c for part in parts for c in ring.coefficients(part, state)]
    return (ring.expression(part) for part in parts)
