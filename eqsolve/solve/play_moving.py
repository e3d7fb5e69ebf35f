"""What players of several types expect when everybody plays strategies that move in time.

The controls of all follow from a linear system at every time. It is recorded together with the
equations of everybody's coefficients and expectations: one system of ordinary differential
equations, which is enclosed backward from the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from flint import arb, fmpq

from eqsolve.arithmetic.code import Code, Folding
from eqsolve.arithmetic.dense import Dense
from eqsolve.arithmetic.recorded import InexactError, Recorded
from eqsolve.arithmetic.trajectory import Trajectory
from eqsolve.program.letters import Environment
from eqsolve.program.program import Program
from eqsolve.rows import Types
from eqsolve.solve.everybody import Everybody, Undetermined
from eqsolve.solve.path import ELAPSED, Backward, Leg, chained, rational
from eqsolve.solve.play import NotFollowed, Play, Polynomial
from eqsolve.solve.point import Point

#: Most functions of time that are enclosed together.
TOGETHER = 120


@dataclass(frozen=True)
class Expectations:
    """What every type is expected to obtain over time.

    Attributes
    ----------
    path : of a type, by which time is measured.
    trajectory : of all coefficients, then of all expectations.
    basis : of every type the monomials that its expectations depend on.
    moments : how many expectations every type has.
    """

    path: Backward
    trajectory: Trajectory
    basis: Sequence[Sequence[tuple[int, ...]]]
    moments: int

    def at(self, time: Fraction) -> list[list[Polynomial]]:
        """Of every type and moment the expectation, a polynomial in the states of all."""
        count = self.moments * sum(map(len, self.basis))
        numbers = iter(self.trajectory.at(self.path.elapsed(time))[-count:])
        return [
            [{f: next(numbers) for f in basis} for _ in range(self.moments)] for basis in self.basis
        ]


def expectations(points: Sequence[Point], types: Types, paths: Sequence[Any]) -> Expectations:
    """Enclose what every type expects, from the end of the horizon to time 0.

    Parameters
    ----------
    points, paths : of every type, and its solution up to the end.
    types : their weights.

    Raises
    ------
    NotFollowed
        If the equations are too many or of another kind, or cannot be enclosed.
    Undetermined
        If what is played at the end does not follow from the responses.
    """
    program = points[0].program
    stretches = list(zip(*(point.legs for point in points)))
    alike = all(len(p.legs) == len(stretches) for p in points) and all(
        len({(leg.begin, leg.end, leg.clock) for leg in own}) == 1 for own in stretches
    )
    if not alike or any(path.constants for path in paths):
        raise NotFollowed("Expectations are followed under one hazard rate of all types.")
    coefficients = [
        f"{u} of type {k}" for k in range(1, len(points) + 1) for u in program.system.unknowns
    ]
    end = paths[0].end
    last = Everybody(
        program, types, [p.environment(q.coefficients(end), end) for p, q in zip(points, paths)]
    )
    rates: list[tuple[Code, Fraction]] = []
    basis: list[list[tuple[int, ...]]] = []
    for own in stretches:
        code, basis = _rates(program, types, points, coefficients, own)
        rates.append((code, own[0].length))
    play = Play(last, last.feedback())
    start = [v for q in paths for v in q.trajectory.start]
    start += [v for k in range(len(points)) for row in play.due(k, basis[k]) for v in row]
    trajectory = chained(rates, start)
    if trajectory.status != "ok":
        raise NotFollowed("Expectations in play could not be enclosed up to the end.")
    return Expectations(paths[0], trajectory, basis, len(play.motion.moments))


class _Recorded(Everybody):
    """The responses of all types as programs of their coefficients and the time."""

    matrix = Dense

    def __init__(self, program: Program, types: Types, values: Sequence[Environment]) -> None:
        super().__init__(program, types, values)
        number: Any = next(iter(values[0].values()))
        self.zero, self.one = number.constant(0), number.constant(1)
        self.weights = [number.constant(rational(w)) for w in types.weights]
        self.shares = [number.constant(rational(s)) for s in types.shares]

    def _jointly(self, columns: Sequence[Sequence[Environment]]) -> Any:
        raise Undetermined("A reaction is singular at all times.")


def _rates(
    program: Program,
    types: Types,
    points: Sequence[Point],
    coefficients: Sequence[str],
    stretch: Sequence[Leg],
    free: tuple[str, ...] = (),
) -> tuple[Code, list[list[tuple[int, ...]]]]:
    """Rates in the time to go: of everybody's coefficients, then of everybody's expectations.

    Returns these and the monomials that the expectations of every type depend on.
    """
    clock = stretch[0].clock
    if clock is not None:
        plain = [replace(leg, clock=None) for leg in stretch]
        code, basis = _rates(program, types, points, coefficients, plain, (clock.letter,))
        return clock.on(code), basis
    # the monomials are known once the motion is: until then there are letters for the most
    builder = Folding([ELAPSED, *coefficients, *free, *(f"expected {i}" for i in range(TOGETHER))])
    place = {name: node for node, name in enumerate(builder.arguments)}
    letters: list[Any] = [
        _letters(builder, place, k, leg, program, free) for k, leg in enumerate(stretch, 1)
    ]
    outputs: list[int] = []
    for own in letters:
        nodes = {name: number.node for name, number in own.items()}
        outputs += builder.insert(program.system.rates, nodes)
    everybody = _Recorded(program, types, letters)
    try:
        play = Play(everybody, everybody.feedback())
        moments = len(play.motion.moments)
        basis, used = [], 0
        for k in range(len(stretch)):
            own_basis, slopes = play.slopes(k)
            basis.append(own_basis)
            if used + moments * len(own_basis) > TOGETHER:
                raise NotFollowed(f"More than {TOGETHER} expectations are not followed over time.")
            for number in range(moments):
                names = [f"expected {used + i}" for i in range(len(own_basis))]
                used += len(names)
                expected = [Recorded(builder, place[name], arb.nan()) for name in names]
                outputs += [everybody.zero.constant(v).node for v in slopes(number, expected)]
    except InexactError:
        raise NotFollowed("A number of the game is not rational.") from None
    whole = builder.code(outputs)
    spare = [f"expected {i}" for i in range(used, TOGETHER)]
    tidy = whole.at(dict.fromkeys(spare, fmpq(0)))
    order = [ELAPSED, *coefficients, *(f"expected {i}" for i in range(used)), *free]
    final = Folding(order)
    nodes = {name: node for node, name in enumerate(final.arguments)}
    return final.code(final.insert(tidy, nodes)), basis


def _letters(
    builder: Folding,
    place: Mapping[str, int],
    k: int,
    leg: Leg,
    program: Program,
    free: Sequence[str],
) -> dict[str, Recorded]:
    """Parameters, the time and coefficients of a type; of what moves only the node is known."""
    nodes = leg.begun(builder)
    nodes |= {name: place[name] for name in free}
    nodes |= {u: place[f"{u} of type {k}"] for u in program.system.unknowns}
    nodes |= zip(program.explicit.names, builder.insert(program.explicit.code, nodes))
    known = {name: arb(value) for name, value in leg.parameters.items()}
    return {
        name: Recorded(builder, node, known.get(name, arb.nan())) for name, node in nodes.items()
    }
