"""The particles of a game under its equilibrium strategy."""

from __future__ import annotations

import numpy as np
import sympy as sp

from eqsolve.game import Law, State
from eqsolve.studies.equilibrium import Equilibrium
from eqsolve.studies.particles.system import STAGE, Particles


def of_equilibrium(claim: Equilibrium) -> Particles:
    """A crowd that plays an equilibrium: one player a particle.

    The strategy is put into the declared dynamics; laws of controls become moments of the strategy.
    Where the game has no crowd, particles are independent copies of it.

    Raises
    ------
    DerivationError
        If the game has jumps, or players with parameters of their own.
    """
    game = claim.game
    if game.clocks:
        raise game.error("jumps of particles are not simulated.", stage=STAGE)
    if game.crowd is not None and game.crowd.own:
        raise game.error("players with types of their own are no equal particles.", stage=STAGE)
    strategy = dict(claim.derivation.strategy)
    parameters = {**claim.parameters}
    if game.crowd is not None and game.crowd.size is not None:
        parameters |= {s: claim.exact(s) for s in game.crowd.size.free_symbols}

    def closed(form: sp.Expr) -> sp.Expr:
        spelled = form.xreplace(claim.spelled).xreplace(strategy)
        return spelled.xreplace(claim.spelled).xreplace(parameters)

    controls = {*game.controls}
    laws = sorted(game.laws, key=lambda law: bool(law.of.free_symbols & controls))
    return Particles(
        states=tuple(
            State(s.symbol, closed(s.drift), {n: closed(e) for n, e in s.loadings.items()})
            for s in game.states
        ),
        laws=tuple(Law(law.symbol, closed(law.of), law.given) for law in laws),
        mean=np.array([float(_mean(claim, s)) for s in game.state_symbols]),
        covariance=np.diag([float(_variance(claim, s)) for s in game.state_symbols]),
        end=None if claim.end is None else float(claim.end),
        curves=(tuple(claim.letters), claim.strategy) if claim.letters else None,
        name=game.name,
    )


def _mean(claim: Equilibrium, state: sp.Symbol) -> sp.Expr:
    """The mean of a state at the start: that of its law, if it has one."""
    means = {law.of: law.symbol for law in claim.game.laws if law.of.is_Symbol}
    return claim.state(means.get(state, state))


def _variance(claim: Equilibrium, state: sp.Symbol) -> sp.Expr:
    """The variance of a state's law at the start."""
    if state in claim.model.initial:
        return claim.exact(claim.model.initial[state][1])
    return claim.variance(state)
