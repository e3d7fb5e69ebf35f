"""Whether there is an equation for each unknown, and whether the equations determine it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

import sympy as sp

from eqsolve.derivation.fixed_point import FixedPoint, second_moments
from eqsolve.game.world import World
from eqsolve.verify import exact
from eqsolve.verify.check import Check
from eqsolve.verify.proof.equations import Equations
from eqsolve.verify.proof.evidence import Evidence
from eqsolve.verify.proof.expectations import with_own_letters
from eqsolve.verify.proof.subject import Subject


def complete(subject: Subject) -> Check:
    """Whether every coefficient has an equation, and everything with an equation is one."""
    system, unknowns, own = subject.system, subject.unknowns, subject.own
    found = {*system.rates, *system.feedback, *system.implicit}
    wrong = [f"{c} has no equation" for c in sorted({*unknowns, *own} - found, key=str)]
    wrong += [f"{c} is no coefficient" for c in sorted(found - {*unknowns, *own}, key=str)]
    wrong += [f"{c} has no rate" for c in unknowns if c in system.feedback]
    if subject.ends:
        wrong += [f"{c} has no terminal value" for c in unknowns if c not in system.terminal]
    crowd = subject.game.crowd
    size = set() if crowd is None or crowd.size is None else crowd.size.free_symbols
    known = {*subject.declared, *unknowns, *system.implicit, *size, *subject.aggregates}
    for c, e in {**system.rates, **system.feedback, **system.implicit}.items():
        if extra := e.free_symbols - known:
            wrong.append(f"the equation of {c} has {', '.join(sorted(map(str, extra)))}")
    if subject.fixed is not None:
        wrong += _incomplete(subject, subject.fixed)
    return subject.check("every coefficient has an equation", not wrong, "; ".join(wrong))


def _incomplete(subject: Subject, fixed: FixedPoint) -> Iterator[str]:
    """What is missing of the strategy."""
    game = subject.game
    states = {*game.state_symbols, *(law.symbol for law in game.laws)}
    for control in game.controls:
        if control not in fixed.strategy or control not in fixed.response:
            yield f"{control} has no strategy"
            continue
        letters = fixed.strategy[control].free_symbols - {*states, *fixed.totals}
        for c in sorted(letters - set(fixed.coefficients), key=str):
            yield f"{c} has no equation"


def determined(
    evidence: tuple[Evidence, Evidence], world: World, words: str, written: Equations, seed: int
) -> Iterator[Check]:
    """Whether the equations determine every coefficient: ranks at an exact random point.

    A rank at one point is at most that at almost all others, so that it suffices.
    """
    before, end = evidence
    subject, dots = before.subject, list(before.subject.dots.values())
    alike = _alike(subject, world)
    for label, one, left, names, untold in (
        ("rates are", before, written.motion, dots, alike),
        ("feedback is", before, written.first_order, subject.own, 0),
        ("terminal values are", end, written.terminal, subject.unknowns, alike),
    ):
        if one is before or subject.ends:
            title = f"the {label} determined{words}"
            yield _rank(one, world, title, left.values(), names, seed, untold)


def _alike(subject: Subject, world: World) -> int:
    """How many coefficients two copies do not tell from others.

    An average of squares of two numbers follows from one of them and their average.
    """
    if world.size != 2:
        return 0
    game, functions = subject.game, subject.model.ansatz.functions.values()
    products = [law.symbol for law in game.laws if law.symbol in second_moments(game)]
    return sum(symbol in f.free_symbols for f in functions for symbol in products)


def _rank(
    evidence: Evidence,
    world: World,
    label: str,
    left: Iterable[sp.Expr],
    names: list[sp.Symbol],
    seed: int,
    alike: int,
) -> Check:
    subject, rng = evidence.subject, random.Random(seed)
    states = {s for c in world.copies for s in c.states.values()}
    if subject.fixed is not None:
        others = with_own_letters(world).copies[1:]
        states |= {s for c in others for s in (*c.controls.values(), *c.types.values())}
    letters = {s: v for s, v in evidence.point(0).items() if s.is_Symbol and s not in states}
    slopes = [[sp.diff(e, name) for name in names] for e in left]
    rows: list[list[exact.Number]] = []
    drawn = 0
    for _ in range(40):
        here = letters | {s: exact.draw(sp.Interval.open(0, sp.oo), rng) for s in states}
        more = [[exact.evaluate(s, here) for s in row] for row in slopes]
        # powers and logarithms of the states may not be defined everywhere
        if all(exact.finite(value) for row in more for value in row):
            rows, drawn = rows + more, drawn + 1
        if drawn == len(names) + 2:
            break
    rank = exact.rank(rows, len(names))
    note = f"The rank is {rank} of {len(names)} at an exact random point."
    return subject.check(label, rank == len(names) - alike, note)
