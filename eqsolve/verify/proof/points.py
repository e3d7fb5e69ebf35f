"""Random exact points at which the claimed feedback and rates have values."""

from __future__ import annotations

import random

import sympy as sp

from eqsolve.game import t
from eqsolve.game.world import World
from eqsolve.verify import exact
from eqsolve.verify.exact import Point
from eqsolve.verify.proof.expectations import with_own_letters
from eqsolve.verify.proof.subject import Subject

_POSITIVE = sp.Interval.open(0, sp.oo)


def random_point(subject: Subject, world: World, rng: random.Random) -> Point:
    """Random letters at which the ansatz, the claimed feedback and the rates are finite.

    Raises
    ------
    DerivationError
        If none is found.
    """
    for _ in range(40):
        try:
            point = _drawn(subject, world, rng)
            if point is not None:
                return point
        except (ZeroDivisionError, ArithmeticError):
            continue
    raise subject.game.error(
        "no point was found at which the coefficients are finite.", stage="checks"
    )


def at_end(subject: Subject, world: World, point: Point) -> Point:
    """The same letters with the coefficients' terminal values."""
    letters = {s for s in point if s.is_Symbol} - {*subject.unknowns, *subject.dots.values()}
    end: Point = {s: point[s] for s in letters}
    for name in subject.unknowns:
        end[name] = exact.evaluate(subject.system.terminal[name].xreplace(world.fixed), end)
    return end


def _drawn(subject: Subject, world: World, rng: random.Random) -> Point | None:
    system, fixed = subject.system, subject.fixed
    point: Point = {}
    parameters = subject.model.vocabulary.parameters
    for letter in parameters:
        if letter.symbol not in world.fixed:
            point[letter.symbol] = exact.draw(letter.domain, rng)
    domains = {letter.symbol: letter.domain for letter in parameters}
    among = world if fixed is None else with_own_letters(world)
    for copy in among.copies:
        point |= {name: exact.draw(domains[s], rng) for s, name in copy.types.items()}
    if fixed is not None:
        names = [name for copy in world.copies[1:] for name in copy.controls.values()]
        names += fixed.totals
        point |= {name: exact.draw(_POSITIVE, rng) for name in names}
    for name, value in world.fixed.items():
        point[name] = exact.evaluate(value, point)
    for symbol in (t, *subject.unknowns, *(s for c in world.copies for s in c.states.values())):
        point.setdefault(symbol, exact.draw(_POSITIVE, rng))
    if system.implicit:
        spelled = {c: e.xreplace(world.fixed) for c, e in system.implicit.items()}
        found = exact.solved(spelled, {**point}, rng)
        if found is None:
            return None
        point |= found
    if subject.aggregates and not _averaged(subject, world, point, rng):
        return None
    claimed = {**system.feedback, **{subject.dots[c]: e for c, e in system.rates.items()}}
    claimed |= {} if fixed is None else fixed.coefficients
    for name, expression in claimed.items():
        value = exact.evaluate(expression.xreplace(world.fixed), point)
        if not exact.finite(value):
            return None
        point[name] = value
    return point if _defined(subject, world, point) else None


def _defined(subject: Subject, world: World, point: Point) -> bool:
    """Whether powers and logarithms of the ansatz are of positive numbers at the states."""
    ansatz = subject.model.ansatz
    for form in (*ansatz.functions.values(), *ansatz.feedback.values()):
        spelled = world.functional(form)(world.first.states, world.places)
        for part in spelled.atoms(sp.Pow, sp.log):
            if part.free_symbols <= point.keys():
                if not exact.finite(exact.evaluate(part, point)):
                    return False
    return True


def _averaged(subject: Subject, world: World, point: Point, rng: random.Random) -> bool:
    """Add averages over types, and the others' coefficients, that are consistent."""
    feedback = {c: e.xreplace(world.fixed) for c, e in subject.system.feedback.items()}
    lines = {}
    for name, atom in subject.aggregates.items():
        form = atom.expression.xreplace(world.fixed).xreplace(feedback)
        terms = (c.weight**atom.power * form.xreplace(dict(c.types)) for c in world.copies)
        lines[name] = name - sp.Add(*terms)
    found = exact.solved(lines, {**point}, rng)
    if found is None:
        return False
    point |= found
    for copy in world.copies[1:]:
        for c, e in feedback.items():
            point[copy.letter(c)] = exact.evaluate(e.xreplace(dict(copy.types)), point)
    return True
