"""Equilibria in which agents respond to the common noise alone, for any number of agents.

With constant responses (no interest rate and no wealth in the weight on the mean, or in the limit
of a large hazard rate) the averages' equations are solved for the generic agent, so that the
constants (2.78), (2.79) of the paper and the equilibrium (2.80) hold for any number of agents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from eqsolve.arithmetic.algebra import is_zero, together
from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.derivation.limits import at_infinity
from eqsolve.derivation.reductions import explicit, factored, specialize
from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance.agents import TWO as AGENTS
from eqsolve.derivations.mean_variance.agents import BQb, M_s, sP, sQb, sQs
from eqsolve.derivations.mean_variance.vocabulary import symbol
from eqsolve.errors import DerivationError
from eqsolve.game import Game

PARTS = mv.NOTATION.split[mv.p3]
POINT = AGENTS.fixed_point(PARTS)
RESPONSE = (mv.p1, mv.p2, mv.q3, mv.Qb, mv.Qs)


def generic(expression: sp.Expr) -> sp.Expr:
    return AGENTS.of("k", expression)


@dataclass(frozen=True)
class ConstantResponse:
    """An equilibrium in which only the common noise of the others matters.

    All expressions are the generic agent's; the number of agents is arbitrary.

    Attributes
    ----------
    response : the response's coefficients.
    reaction, own : ``u_k`` and ``P_k``.
    psi, phi : the summands of the two constants.
    scale, demand : ``pi_k = (demand + weight M_s) / scale``; ``demand`` is the part without others.
    weight : what the average common volatility adds to ``demand``.
    """

    response: Mapping[sp.Symbol, sp.Expr]
    reaction: sp.Expr
    own: sp.Expr
    psi: sp.Expr
    phi: sp.Expr
    scale: sp.Expr
    demand: sp.Expr
    weight: sp.Expr

    def position(self, common: sp.Expr) -> sp.Expr:
        """``pi_k`` at a given average common volatility."""
        return (self.demand + self.weight * common) / self.scale


@dataclass(frozen=True)
class Meaning:
    """What names mean where the responses are constant: from the averages' equations.

    The displays state it by ``psi`` and ``phi``, solved for any number of agents.

    Attributes
    ----------
    definitions : the game's own, of the generic agent.
    """

    definitions: Mapping[sp.Symbol, sp.Expr]

    @classmethod
    def in_game(cls, game: Game) -> Meaning:
        """Take over the definitions of a game."""
        return cls({generic(s): generic(e) for s, e in game.definitions.items()})

    def of(
        self, index: int | str, case: ConstantResponse, demand: sp.Symbol
    ) -> dict[sp.Symbol, sp.Expr]:
        """What one agent's names mean, later ones inserted into earlier ones."""
        names = {
            generic(symbol("pi")): POINT.position,
            POINT.reaction.symbol: POINT.reaction.expression,
            POINT.own.symbol: POINT.own.expression,
            demand: case.demand,
            **{generic(s): value for s, value in case.response.items()},
            **self.definitions,
        }
        return {
            AGENTS.numbered(index, name): AGENTS.numbered(index, value)
            for name, value in names.items()
        }


def constant_response(values: Mapping[sp.Symbol, sp.Expr]) -> ConstantResponse:
    """Solve the averages' equations at given response coefficients that ignore drifts.

    Raises
    ------
    DerivationError
        If the response depends on the competitors' wealth or drift, or a residual is left.
    """
    response = {generic(s): generic(v) for s, v in values.items()}
    own = factored(POINT.own.expression.xreplace(response))
    reaction = _tidied(POINT.reaction.expression.xreplace(response))
    solved = {POINT.own.symbol: own, POINT.reaction.symbol: POINT.reaction.expression}

    def inserted(expression: sp.Expr) -> sp.Expr:
        return _tidied(expression.xreplace(solved).xreplace(response))

    for name in (BQb, sQb):
        if inserted(POINT.summands[name]) != 0:
            raise DerivationError(f"{name} does not vanish.", stage="reductions")
    position = inserted(POINT.position)
    scale = together(inserted(sp.diff(POINT.position, M_s)))[1]
    found = ConstantResponse(
        response={s: response[generic(s)] for s in values},
        reaction=reaction,
        own=own,
        psi=inserted(POINT.summands[sQs]),
        phi=inserted(POINT.summands[sP]),
        scale=scale,
        demand=factored(position.xreplace({M_s: sp.S.Zero}) * scale),
        weight=factored(sp.diff(position, M_s) * scale),
    )
    load = generic(mv.w) * generic(mv.sigma)
    residuals = (
        found.position(M_s) - position,
        # summed over all agents: M_s = phi + psi M_s
        load * found.position(M_s) - found.phi - found.psi * M_s,
    )
    if not all(is_zero(residual) for residual in residuals):
        raise DerivationError("the constant equilibrium leaves a residual.", stage="reductions")
    return found


def _tidied(expression: sp.Expr) -> sp.Expr:
    """Spell out the total variance, and write the weight as own weight in denominators."""
    theta, kappa = generic(mv.theta), generic(mv.kappa)
    variance = {generic(mv.s2): generic(mv.nu) ** 2 + generic(mv.sigma) ** 2}
    top, bottom = together(expression)
    below = bottom.xreplace(variance).xreplace({generic(mv.w): (1 - kappa) / theta})
    return factored(top.xreplace(variance)) / factored(below)


def reduced(form: ClosedForm) -> ConstantResponse:
    """The case beta = r = 0 along the root ``p1 = 0``: constant strategies (Corollary 2.1)."""
    special = specialize(form, {mv.beta: 0, mv.r: 0, mv.p1: 0})
    values = {s: explicit(special, s) for s in RESPONSE}
    return constant_response({s: v.xreplace({mv.B: mv.b}) for s, v in values.items()})


def large_hazard(form: ClosedForm) -> ConstantResponse:
    """The limit of a large hazard rate along the root that stays bounded (Corollary 2.3)."""
    limits = at_infinity(form, RESPONSE, mv.lam)
    return constant_response({s: limits[s][0] for s in RESPONSE})
