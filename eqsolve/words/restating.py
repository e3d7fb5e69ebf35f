"""What the closed loop of a game of other words is solved by."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from eqsolve.derivation.derivation import derived
from eqsolve.errors import InputError
from eqsolve.notated.published import Published
from eqsolve.program.make import Maker, program
from eqsolve.program.words import Loop

#: The size that a declaration of finitely many players is asked for; its equations have any.
_FINITE = 2


@lru_cache
def made(model: Published) -> Loop:
    """Derive the closed loop of a game.

    Raises
    ------
    InputError
        If it has no population.
    """
    restated, roles = model.restated, model.parts
    if restated is None or model.crowd is None:
        raise InputError(
            "there is no population to close the loop.", game=model.name, stage="input"
        )
    size = None if restated.continuum else _FINITE
    declared = restated.source(notion="feedback", size=size)
    derivation = derived(declared)
    own = tuple(sp.Symbol(s.name) for s in model.game.state_symbols)
    unit = sp.Dummy("1")
    slopes = {}
    for state, form in restated.states.items():
        parts = {s: form.coeff(s) for s in own}
        slopes[state.name] = {**parts, unit: form.xreplace(dict.fromkeys(own, sp.S.Zero))}
    state = model.game.states[0]
    played = {model.game.control: roles.affine[0] * state.symbol}
    rates = [
        sp.diff(e.xreplace(played), state.symbol) for e in (state.drift, *state.loadings.values())
    ]
    growth = 2 * rates[0] + sp.Add(*(rate**2 for rate in rates[1:])) - roles.hazard
    letters = [sp.Symbol(s.name) for s in roles.moments]
    moments = dict(zip(letters, letters)) | {
        sp.Symbol(name): form for name, form in restated.moments.items()
    }
    return Loop(
        program(derivation, declared),
        tuple(s.name for s in own),
        Maker(derivation).table({**restated.states, **restated.squares}),
        tuple((name, Maker(derivation).table(row)) for name, row in slopes.items()),
        tuple(s.name for s in roles.affine),
        Maker(derivation).table(moments),
        Maker(derivation).code([growth.xreplace(dict(model.game.definitions))]),
        roles.hazard.name,
        roles.size.name,
    )
