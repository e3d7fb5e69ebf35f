"""Agents with parameters of their own in the mean-variance family."""

from __future__ import annotations

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance.vocabulary import symbols
from eqsolve.symbolic.heterogeneous import Agents, Average

pi, P, u, k, Omega, M_b, M_s = symbols("pi P u k Omega M_b M_s")
BQb, BQs, BP, sQb, sQs, sP = symbols("BQb BQs BP sQb sQs sP")

#: The averages of all positions, weighted by B and by sigma, and the names of their moments.
AVERAGES = {
    mv.m_b: Average(M_b, mv.B, {mv.Qb: BQb, mv.Qs: BQs, P: BP}),
    mv.m_s: Average(M_s, mv.sigma, {mv.Qb: sQb, mv.Qs: sQs, P: sP}),
}

#: Two agents (section 2.4 of the paper); only the interest rate is common to them.
TWO = Agents(
    count=2,
    averages=AVERAGES,
    shared=(mv.r,),
    roles=mv.ROLES,
    weight=mv.w,
    position=pi,
    at_zero=P,
    reaction=u,
    coefficient=k,
    determinant=Omega,
)
