"""From a derivation to what players of types of their own play together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import sympy as sp

from eqsolve.arithmetic.code import Code
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.fixed_point import FixedPoint
from eqsolve.game.world import common_states
from eqsolve.program.letters import Names
from eqsolve.program.program import Averaging
from eqsolve.program.responses import Law, Motion, Polynomials, Responses

#: Writes expressions as numbered operations.
Coder = Callable[[Iterable[sp.Expr]], Code]
Namer = Callable[[Iterable[sp.Symbol]], Names]


class NotPolynomial(Exception):
    """What is no polynomial of states, controls and laws; the message is a sentence."""


def responses(derivation: Derivation, fixed: FixedPoint, code: Coder, names: Namer) -> Responses:
    """The part of a program for players with types of their own.

    Parameters
    ----------
    derivation : of the game, with the notion given.
    fixed : its fixed point.
    code, names : of the writer of the program.
    """
    game, atoms = derivation.model.game, fixed.averages
    controls, states = list(fixed.response), list(game.state_symbols)
    forms = fixed.response.values()
    entering = [a for a in atoms if any(a in form.free_symbols for form in forms)]
    without = dict.fromkeys(entering, sp.S.Zero)
    still = dict.fromkeys(controls, sp.S.Zero)
    loads = [atoms[a].expression for a in entering]
    linear = [*(f.xreplace(without) for f in forms), *(load.xreplace(still) for load in loads)]
    slopes = [sp.diff(form, a) for form in forms for a in entering]
    bends = [sp.diff(load, c) for load in loads for c in controls]
    places = [*states, *(law.symbol for law in game.laws)]
    count = len(controls)
    motion, unfollowed = _motion(derivation, code, names)
    return Responses(
        controls=names(controls),
        states=names(states),
        entered=names(t for t, a in zip(fixed.totals, atoms) if a in entering),
        table=code([*linear[:count], *slopes, *linear[count:], *bends]),
        affine=_affine(linear, [*slopes, *bends], places),
        laws=tuple(
            Law(
                names([law.symbol])[0],
                str(law.of),
                code([law.of]),
                law.of.free_symbols <= {*states},
            )
            for law in game.laws
        ),
        averages=names(atoms),
        totals=names(fixed.totals),
        powers=tuple(atom.power for atom in atoms.values()),
        terms=code(atom.expression for atom in atoms.values()),
        motion=motion,
        unfollowed=unfollowed,
    )


def averaging(derivation: Derivation, code: Coder, names: Namer) -> Averaging | None:
    """How averages over copies with types of their own follow from numbers.

    None if there are no such copies, or their feedback is not explicit and affine in averages.
    """
    crowd, system = derivation.model.game.crowd, derivation.system
    if crowd is None or not crowd.own or derivation.fixed is not None or system.implicit:
        return None
    feedback = {s: f.xreplace(dict(system.feedback)) for s, f in system.feedback.items()}
    free = set().union(*(f.free_symbols for f in feedback.values()))
    if free & {*system.unknowns}:
        return None
    atoms = derivation.closure.aggregates
    coupled = [a for a in atoms if a in free]
    rest = [a for a in atoms if a not in free]
    terms = {a: atom.expression.xreplace(feedback) for a, atom in atoms.items()}
    slopes = {(a, b): sp.diff(terms[a], b) for a in coupled for b in coupled}
    if any(e.free_symbols & {*coupled} for e in slopes.values()):
        return None
    without = dict.fromkeys(coupled, sp.S.Zero)
    rows = [[terms[a].xreplace(without), *(slopes[a, b] for b in coupled)] for a in coupled]
    return Averaging(
        averages=names([*coupled, *rest]),
        powers=tuple(atoms[a].power for a in (*coupled, *rest)),
        coupled=len(coupled),
        system=code(e for row in rows for e in row),
        rest=code(terms[a] for a in rest),
    )


def _affine(
    linear: Sequence[sp.Expr], slopes: Sequence[sp.Expr], places: Sequence[sp.Symbol]
) -> bool:
    """Whether controls are affine in the states of all types."""
    return all(e.free_symbols.isdisjoint(places) for e in slopes) and all(
        e.is_polynomial(*places) and sp.Poly(e, *places).total_degree() <= 1 for e in linear
    )


def _motion(derivation: Derivation, code: Coder, names: Namer) -> tuple[Motion | None, str]:
    """How states move, or the reason why that is not followed."""
    game = derivation.model.game
    if common_states(game) or game.clocks:
        return None, "States that are common to all, and jumps, are not followed."
    letters = [*game.state_symbols, *game.controls, *(law.symbol for law in game.laws)]

    def polynomials(expressions: Iterable[sp.Expr]) -> Polynomials:
        exponents, coefficients = [], []
        for expression in map(sp.expand, expressions):
            if not expression.is_polynomial(*letters):
                raise NotPolynomial(f"{expression} is no polynomial of the states.")
            terms = sp.Poly(expression, *letters).terms()
            exponents.append(tuple(tuple(map(int, powers)) for powers, _ in terms))
            coefficients += [coefficient for _, coefficient in terms]
        return Polynomials(names(letters), tuple(exponents), code(coefficients))

    loadings = {
        (i, noise): load
        for i, state in enumerate(game.states)
        for noise, load in state.loadings.items()
    }
    (player,) = game.players
    preference = player.preference
    try:
        motion = Motion(
            laws=polynomials(law.of for law in game.laws),
            drifts=polynomials(state.drift for state in game.states),
            loadings=polynomials(loadings.values()),
            places=tuple(loadings),
            given=tuple(sorted({noise for law in game.laws for noise in law.given})),
            payoffs=polynomials(m.payoff for m in preference.moments),
            running=polynomials(m.running for m in preference.moments),
            hazard=code([game.horizon.hazard]),
            rate=code([game.horizon.hazard + player.discount]),
            moments=names(m.symbol for m in preference.moments),
            preference=code([preference.aggregate]),
            slopes=code(sp.diff(preference.aggregate, m.symbol) for m in preference.moments),
            sign=1 if preference.sense == "maximize" else -1,
        )
    except NotPolynomial as error:
        return None, str(error)
    return motion, ""
