"""Checks of the closed-loop Nash equilibrium, in which competitors react to wealth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp

from eqsolve.arithmetic.number import ball, precision
from eqsolve.errors import NoSolutionError
from eqsolve.game import Game, Moment, State
from eqsolve.notated.agents import indexed
from eqsolve.notated.closed_loop import closed_loop_game
from eqsolve.notated.published import Published
from eqsolve.notated.roles import Roles
from eqsolve.solve.closed_form.loop import ClosedLoop
from eqsolve.solve.closed_form.point import PointSolver
from eqsolve.studies.equilibrium import Equilibrium, equilibrium
from eqsolve.verify.check import Check
from eqsolve.verify.deviation import deviation_checks
from eqsolve.verify.exact import precise
from eqsolve.verify.prediction import BITS
from eqsolve.verify.proof.proof import Proof
from eqsolve.verify.sampling import simulation_checks
from eqsolve.verify.solution import solution_checks
from eqsolve.verify.spike import spike_checks
from eqsolve.words.agents import validated
from eqsolve.words.equilibrium import solve
from eqsolve.words.nash import NashRoot
from eqsolve.words.own_words import apart_of
from eqsolve.words.players import closed_loop, numbered

#: Largest exploitability of the Nash feedback: that of the balls that enclose it.
ALLOWED = 1e-60
#: Most agents whose wealths are written out one by one.
WRITTEN_OUT = 3


def nash_checks(model: Published, given: Mapping[str, object], *, name: str) -> list[Check]:
    """Check that no unilateral deviation from the closed-loop Nash feedback is a gain.

    In ball arithmetic: an upper bound of the exploitability. By the spike variation, which knows
    neither the matched equations nor the moments: in the mean field with the others' aggregates as
    feedback of the state, for few agents with the wealth of each agent as a state.

    Raises
    ------
    NoSolutionError
        If there is no closed-loop Nash equilibrium.
    """
    found = solve(model, equilibrium="closed-loop", **dict[str, Any](given))
    if not found.ok or found.selected is None:
        raise NoSolutionError(found.message, game=model.name, stage="verification")
    roles, (x, y) = model.parts, model.game.state_symbols
    with precision(BITS):
        solver = PointSolver(model, found.parameters)
        one = ball(Fraction(1))
        state = {x: one, y: 1 - solver.values.get(roles.reciprocal, 0 * one)}
        loop = ClosedLoop(model, solver.values, solver.exact)
        root = found.roots[found.selected]
        assert isinstance(root, NashRoot)
        moments = loop.moments(root.feedback)
        state |= {roles.square: loop.second_moment(state[y])}
        gain = float(loop.exploitability(moments, root.feedback, state).abs_upper())
        feedback = [float(v) for v in root.feedback]
    checks = [
        Check(
            name=f"{name}: exploitability of the closed-loop Nash feedback",
            game=model.name,
            kind="ball",
            value=gain,
            reference=0.0,
            error=gain,
            allowed=ALLOWED,
            note="Upper bound of the largest gain rate, everybody at wealth 1.",
        )
    ]
    crowd = model.alike
    assert crowd is not None
    label = f"{name}, closed loop"
    common = dict(zip(roles.strategy, map(sp.Rational, feedback)))
    values = solver.exact | common
    if crowd.share == 0:
        game = closed_loop_game(model.game, crowd)
        claimed = dict(zip((x, y, sp.S.One), feedback))
        states = [(1, 1), (2, -1), (-1, 3)]
        return checks + spike_checks(game, claimed, values, states, name=label)
    size = int(solver.exact[roles.size])
    if 1 < size <= WRITTEN_OUT:
        game = written_out(model.game, roles, size)
        share = feedback[1] / size
        others = dict.fromkeys(game.state_symbols[1:], share)
        claimed = {x: feedback[0], **others, sp.S.One: feedback[2]}
        corners = [tuple(1 + (i == j) for j in range(size)) for i in range(-1, size)]
        checks += spike_checks(game, claimed, values, corners, name=label)
    return checks


def players_claim(model: Published) -> Equilibrium:
    """The closed loop of the agents that a game of agents who differ names first.

    Raises
    ------
    NoSolutionError
        If there is none.
    """
    apart = apart_of(model)
    rows = validated(apart, dict(next(iter(model.cases.values()))), model.name)
    return equilibrium(closed_loop(model, len(rows), "verify"), *numbered(apart, rows))


def players_checks(claim: Equilibrium, game: str, *, paths: int) -> list[Check]:
    """Check the closed loop of agents who differ: its derivation, and what nobody gains by.

    The equations are proved from the declaration, the numbers are put into them, every agent
    deviates for a short time, and the game is simulated.
    """
    with precise():
        rows = [*Proof(claim.derivation).checks()]
    rows += solution_checks(claim)
    rows += [*deviation_checks(claim), *simulation_checks(claim, paths=paths)]
    return [replace(row, game=game, name=f"closed loop: {row.name}") for row in rows]


def written_out(game: Game, roles: Roles, size: int) -> Game:
    """Return one agent's problem with the wealth of every agent as a state.

    The competitors use the common feedback of their own wealth and of their competitors'
    aggregate; their noises are their own.
    """
    own, average = game.states
    others = [indexed(own.symbol, k) for k in range(2, size + 1)]
    wealth = [own.symbol, *others]
    share = sp.Rational(1, size)
    aggregate = share * sp.Add(*others)
    states = [own]
    for other in others:
        rest = share * sp.Add(*(v for v in wealth if v != other))
        theirs = {own.symbol: other, game.control: roles.feedback(other, rest)}
        states.append(
            State(
                other,
                drift=own.drift.xreplace(theirs),
                loadings={
                    noise if noise in average.loadings else f"{noise} {other}": v.xreplace(theirs)
                    for noise, v in own.loadings.items()
                },
            )
        )
    spelled = {average.symbol: aggregate}
    moments = tuple(
        Moment(m.name, m.payoff.xreplace(spelled), m.running) for m in game.preference.moments
    )
    preference = replace(game.preference, moments=moments)
    return replace(game.preferring(preference), states=tuple(states))
