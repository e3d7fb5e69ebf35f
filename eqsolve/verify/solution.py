"""The numbers of a solution put into the equations of the game written out in full.

The coefficients' motion is differentiated from their values; neither their rates nor their
recognized closed forms are read.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import sympy as sp
from flint import arb, fmpq

from eqsolve.errors import EqsolveError
from eqsolve.game import t
from eqsolve.game.world import World
from eqsolve.solve.moving import moves as moves_of
from eqsolve.studies.coordinates import room, state_space
from eqsolve.studies.equilibrium import Equilibrium
from eqsolve.verify import exact
from eqsolve.verify.check import Check
from eqsolve.verify.exact import Point
from eqsolve.verify.proof import Equations, equations, with_own_letters

#: Largest residual, relative to the terms that cancel.
ALLOWED = 1e-9
#: Largest distance of an average from the sum that it is, relative to its terms.
AVERAGED = 1e-15
#: States at which the equations are evaluated, and times as fractions of a finite horizon.
STATES, TIMES = 4, (Fraction(1, 10), Fraction(1, 2), Fraction(9, 10))
#: Most copies for which numbers are put in.
MOST_COPIES = 6
#: Weights of a central difference of order eight, for steps 1 to 4.
_DIFFERENCE = (fmpq(4, 5), fmpq(-1, 5), fmpq(4, 105), fmpq(-1, 280))
_SEED = 11


def solution_checks(claim: Equilibrium, *, allowed: float = ALLOWED) -> list[Check]:
    """Put a solution into its game: motion, terminal values, first and second order.

    Parameters
    ----------
    claim : the solution.
    allowed : largest residual relative to the sum of the absolute terms.

    Returns
    -------
    One check an equation, and one a player on the sign of the second derivatives.
    """
    game = claim.game
    try:
        world = _world(claim)
        dots = {c: sp.Symbol(f"{c.name}'") for c in claim.derivation.system.unknowns}
        written = equations(claim.derivation, world, dots)
    except EqsolveError as error:
        return [_row(claim, "solution in its equations", 0.0, allowed, str(error), refused=True)]
    with exact.precise(200):
        points = list(_points(claim, world, dots))
        checks = [
            _residual(claim, label, expression, points, allowed)
            for label, expression in {
                **written.motion,
                **written.first_order,
                **written.consistent,
            }.items()
        ]
        # without an end of its own a claim ends where nobody is left, in any way
        if claim.end is not None and claim.until is None:
            ends = [p for p in _points(claim, world, {}, (claim.end,))]
            checks += [
                _residual(claim, label, expression, ends, allowed)
                for label, expression in written.terminal.items()
            ]
        checks += _second_order(claim, written, points)
    if not checks:
        raise game.error("nothing was checked.", stage="checks")
    return checks


def average_checks(claims: Sequence[Equilibrium], *, allowed: float = AVERAGED) -> list[Check]:
    """Average what all types play, and compare with the averages that each of them is given.

    Parameters
    ----------
    claims : one for every type, of the notion given.
    allowed : largest distance relative to the size of the terms.
    """
    fixed, crowd = claims[0].derivation.fixed, claims[0].game.crowd
    assert fixed is not None and crowd is not None, "averages of types are given"
    terms: list[dict[sp.Symbol, arb]] = []
    with exact.precise(200):
        for claim in claims:
            point: Point = {s: _fraction(v) for s, v in claim.parameters.items()}
            for name, value in claim.spelled.items():
                point[name] = exact.evaluate(value, {**point})
            point |= {**claim.coefficients(Fraction(0)), **claim.frozen, t: fmpq(0)}
            point |= {s: _fraction(claim.start[s]) for s in claim.derivation.states}
            point |= {u: exact.evaluate(e, point) for u, e in fixed.response.items()}
            terms.append(
                {
                    name: arb(1) * exact.evaluate(atom.expression, point)
                    for name, atom in fixed.averages.items()
                }
            )
        shares = [_fraction(claim.exact(crowd.share)) for claim in claims]
        rows = []
        for name, atom in fixed.averages.items():
            parts = [
                _fraction(w) * s ** (atom.power - 1) * own[name]
                for w, s, own in zip(claims[0].weights, shares, terms)
            ]
            total, size = sum(parts, arb(0)), sum(map(abs, parts), arb(0))
            gaps = [
                abs(total - s**atom.power * own[name] - claim.frozen[name])
                for claim, s, own in zip(claims, shares, terms)
            ]
            worst = max(float(gap.mid()) for gap in gaps)
            error = worst / float(size.mid()) if size > 0 else worst
            note = f"Over {len(claims)} types, relative to the terms of the sum."
            label = f"{name} is what the others play"
            rows.append(_row(claims[0], label, error, allowed, note))
    return rows


def _world(claim: Equilibrium) -> World:
    game, crowd = claim.game, claim.game.crowd
    if claim.others:
        return claim.world
    size = None
    if crowd is not None and crowd.size is not None:
        size = int(claim.exact(crowd.size))
        if size > MOST_COPIES:
            raise game.error(f"at most {MOST_COPIES} copies are put in.", stage="checks")
    return World.of(game, size)


def _points(
    claim: Equilibrium,
    world: World,
    dots: Mapping[sp.Symbol, sp.Symbol],
    times: tuple[Fraction, ...] = (),
) -> Iterator[Point]:
    """Parameters, coefficients, their derivatives and random states around the start."""
    rng = random.Random(_SEED)
    rooms = {s: state_space(claim.model, s) for s in claim.game.state_symbols}
    numbers = {s: _fraction(v) for s, v in claim.parameters.items()}
    for copy, values in zip(claim.world.copies[1:], claim.others):
        numbers |= {name: _fraction(values[s]) for s, name in copy.types.items()}
    if not times:
        times = tuple(_times(claim))
    moves = None if claim.hazard is None else moves_of(claim.hazard, str(*claim.moving))
    for time in times:
        fixed: Point = {**numbers, t: fmpq(time.numerator, time.denominator)}
        if moves is not None:
            fixed |= dict.fromkeys(claim.moving, moves.at(time))
        for name, value in world.fixed.items():
            fixed[name] = exact.evaluate(value, {**fixed})
        fixed |= claim.coefficients(time)
        for name, dot in dots.items():
            fixed[dot] = _derivative(claim, name, time)
        for _ in range(STATES):
            point = {**fixed}
            if claim.derivation.fixed is not None:
                _others(world, point, rng)
                for name in claim.derivation.fixed.totals:
                    point[name] = fmpq(rng.randrange(-1000, 1000), 500)
            for copy in world.copies:
                for state, name in copy.states.items():
                    place = claim.state(state)
                    shift = fmpq(rng.randrange(-1000, 1000), 2500)
                    spread = _fraction(room(rooms[state], place))
                    point.setdefault(name, _fraction(place) + spread * shift)
            yield point


def _times(claim: Equilibrium) -> Iterator[Fraction]:
    """Times at which the equations are evaluated: none of them next to a jump of the hazard."""
    if claim.last is None:
        yield Fraction(0)
        return
    seen = [(a, min(b, float(claim.last))) for a, b in claim.stretches if a < claim.last]
    few = seen if len(seen) <= len(TIMES) else [seen[0], seen[len(seen) // 2], seen[-1]]
    for first, last in few:
        for part in TIMES:
            yield Fraction(first) + part * (Fraction(last) - Fraction(first))


def _others(world: World, point: Point, rng: random.Random) -> None:
    """Any controls and parameters of the others: the averages over them are given."""
    for copy in with_own_letters(world).copies[1:]:
        for name in copy.controls.values():
            point[name] = fmpq(rng.randrange(-1000, 1000), 500)
        for symbol, name in copy.types.items():
            point.setdefault(name, point[symbol] * fmpq(rng.randrange(500, 1500), 1000))


def _fraction(value: sp.Expr) -> fmpq:
    number = sp.Rational(value)
    return fmpq(int(number.p), int(number.q))


def _derivative(claim: Equilibrium, name: sp.Symbol, time: Fraction) -> arb:
    """The time derivative of a coefficient, from its values."""
    if claim.last is None:
        return arb(0)
    first, last = next(s for s in claim.stretches if time < s[1])
    step = Fraction(min(last, float(claim.last)) - first) / 4000
    total = arb(0)
    for k, weight in enumerate(_DIFFERENCE, 1):
        later = claim.coefficients(time + k * step)[name]
        total += weight * (later - claim.coefficients(time - k * step)[name])
    return total / arb(fmpq(step.numerator, step.denominator))


def _residual(
    claim: Equilibrium, label: str, expression: sp.Expr, points: list[Point], allowed: float
) -> Check:
    worst = 0.0
    for point in points:
        total, size = arb(0), arb(0)
        for term in sp.Add.make_args(expression):
            value = arb(1) * exact.evaluate(term, point)
            total, size = total + value, size + abs(value)
        ratio = float(abs(total).mid()) / float(size.mid()) if size > 0 else float(total.mid())
        if not ratio <= worst:
            worst = ratio
    note = f"Residual relative to its terms, at {len(points)} points."
    return _row(claim, f"{label}, in numbers", worst, allowed, note)


def _second_order(claim: Equilibrium, written: Equations, points: list[Point]) -> Iterator[Check]:
    for second in written.second_order:
        kind = "maximum" if second.sense == "maximize" else "minimum"
        wrong = 0
        for point in points:
            minors = [arb(1) * exact.evaluate(minor, point) for minor in second.minors]
            wrong += not all(minor > 0 for minor in minors)
        note = f"Number of {len(points)} points at which it is no {kind}."
        yield _row(claim, f"{second.player} is at a {kind}, in numbers", float(wrong), 0.0, note)


def _row(
    claim: Equilibrium, name: str, error: float, allowed: float, note: str, refused: bool = False
) -> Check:
    value = error if math.isfinite(error) else math.nan
    return Check(name, claim.game.name, "ball", value, 0.0, value, allowed, note, refused)
