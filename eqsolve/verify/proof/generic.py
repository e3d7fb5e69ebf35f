"""A claim in a world: a field whose letters are free where the claim leaves them, and numbers."""

from __future__ import annotations

import random
from functools import cache

import sympy as sp

from eqsolve.game.world import World
from eqsolve.verify.exact import Point
from eqsolve.verify.proof.evidence import Evidence
from eqsolve.verify.proof.points import at_end, random_point
from eqsolve.verify.proof.ring import Field
from eqsolve.verify.proof.subject import Subject


def evidence(subject: Subject, world: World, seed: int, ring: bool) -> tuple[Evidence, Evidence]:
    """Evidence for the equations of a world before the end, and at the end.

    Parameters
    ----------
    subject, world : the claim, and the game written out.
    seed : of the random points.
    ring : whether the ring is asked.
    """

    @cache
    def before(k: int) -> Point:
        return random_point(subject, world, random.Random(seed + k))

    @cache
    def after(k: int) -> Point:
        return at_end(subject, world, before(k))

    if not ring:
        return Evidence(subject, before, None), Evidence(subject, after, None)
    at_last = field(subject, world, end=True) if subject.ends else None
    return (
        Evidence(subject, before, field(subject, world).vanishes),
        Evidence(subject, after, None if at_last is None else at_last.vanishes),
    )


def field(subject: Subject, world: World, *, end: bool = False) -> Field:
    """The field in which the equations of a world are decided.

    Coefficients of the functions are free, and move at the rates that are claimed; with ``end``
    they have their terminal values. Coefficients of the feedback are what is claimed; those that
    a claimed equation determines are algebraic over the rest. Where copies have types of their
    own, coefficients of the others' feedback are free, and the averages are sums over all copies.
    """
    system, fixed = subject.system, subject.fixed
    values: dict[sp.Symbol, sp.Expr] = dict(world.fixed)
    values |= {subject.dots[c]: e for c, e in system.rates.items()}
    values |= system.terminal if end else {}
    values |= {} if fixed is None else fixed.coefficients
    relations: dict[sp.Symbol, sp.Expr] = dict(system.implicit)
    if subject.aggregates:
        relations |= {c: c - e for c, e in system.feedback.items()}
        for name, atom in subject.aggregates.items():
            terms = (
                copy.weight**atom.power
                * atom.expression.xreplace(
                    {**copy.types, **{c: copy.letter(c) for c in system.feedback}}
                )
                for copy in world.copies
            )
            values[name] = sp.Add(*terms)
    else:
        values |= system.feedback
    return Field(values, relations)
