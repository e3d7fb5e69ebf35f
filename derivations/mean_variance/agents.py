"""Agents with parameters of their own in the mean-variance family."""

from __future__ import annotations

from dataclasses import replace

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance import wealth
from eqsolve.derivations.mean_variance.players import players
from eqsolve.derivations.mean_variance.vocabulary import symbols
from eqsolve.notated.agents import Agents
from eqsolve.notated.averages import Names
from eqsolve.notated.published import Published

pi, P, u, k, Omega, M_b, M_s = symbols("pi P u k Omega M_b M_s")
BQb, BQs, BP, sQb, sQs, sP = symbols("BQb BQs BP sQb sQs sP")

#: The names of the averages of all positions, weighted by B and by sigma, and of their moments.
AVERAGES = {
    mv.m_b: Names(M_b, {mv.Qb: BQb, mv.Qs: BQs, P: BP}),
    mv.m_s: Names(M_s, {mv.Qb: sQb, mv.Qs: sQs, P: sP}),
}

#: Any number of agents.
ANY = Agents(
    crowd=mv.OF_DIFFERENT,
    count=0,
    names=AVERAGES,
    position=pi,
    at_zero=P,
    reaction=u,
    coefficient=k,
    determinant=Omega,
)
#: Two of them (section 2.4 of the paper).
TWO = replace(ANY, count=2)

#: Two agents with the numbers of two sets, at the interest rate of the first.
PAIR = {"r": wealth.SETS["S1"]["r"]} | {
    f"{letter.name}_{k}": wealth.SETS[name][letter.name]
    for k, name in enumerate(("S1", "S2"), 1)
    for letter in wealth.OWN
}

#: The equilibrium of any number of agents.
EVERY = Published(
    title="equilibrium of any number of different agents",
    source="the paper, section 2.4, which has two",
    game=mv.OF_DIFFERENT.game("heterogeneous"),
    ansatz=mv.ANSATZ,
    notation=mv.NOTATION,
    required=mv.OF_DIFFERENT.declared.required,
    roles=mv.ROLES,
    restated=replace(wealth.APART, players=players),
    parameters=mv.PARAMETERS,
    crowd=mv.OF_DIFFERENT,
    types=ANY,
    cases={"S1 and S2": PAIR},
    response=mv.WEIGHTED,
)
