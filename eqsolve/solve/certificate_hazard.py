"""Certificates of hazard rates that move in time: the solution enclosed, piece by piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb, ctx

from eqsolve.arithmetic.code import Code, Folding
from eqsolve.arithmetic.function import Function
from eqsolve.derivation.derivation import derived
from eqsolve.errors import NoSolutionError
from eqsolve.expression import letters, read
from eqsolve.game import Model
from eqsolve.game.structure import Builder, build
from eqsolve.program.make import program
from eqsolve.program.program import EDGE, TIME, Program
from eqsolve.solve.answer import Answer
from eqsolve.solve.boxes import ORDER, ball
from eqsolve.solve.certificate import Writer, certificate, certified, code_data, refused, whole
from eqsolve.solve.moving import Moving, moving_problem
from eqsolve.solve.path import center, rational, time_to_go
from eqsolve.solve.point import BITS, Point
from eqsolve.solve.results import NARROW
from eqsolve.solve.solve import decided, solve
from eqsolve.status import Status


def certified_moving(
    source: Model | Builder, spec: str, values: Mapping[str, object], **how: Any
) -> tuple[Answer, dict[str, Any]]:
    """What ``solve_moving`` answers, with its numbers from balls, and what shows them.

    Raises
    ------
    NoSolutionError
        If there is no equilibrium.
    InputError
        For anything wrong with the input, and where the file cannot hold the proof.
    """
    problem = moving_problem(source, spec, values, **how)
    if isinstance(problem, Moving):
        return certificate_of_hazard(problem)
    own = {name: value for name, value in how.items() if name != "horizon"}
    model = source if isinstance(source, Model) else None
    structure = {name: own[name] for name in ("notion", "size", "continuum")}
    made = model or build(source, values, **structure)
    asked = {"size": own["size"], "selection": own["selection"]}
    return solve(source, problem, **own), certificate(
        program(derived(made), made), problem, **asked
    )


def certificate_of_hazard(problem: Moving) -> tuple[Answer, dict[str, Any]]:
    """The answer with its numbers from balls, and what shows that they are right.

    Raises
    ------
    InputError
        If the rate is not made of exact pieces or elementary functions, or has no end and no last
        piece, and where boxes grow too wide on the way.
    """
    answer = problem.answer()
    if not answer.ok:
        raise NoSolutionError(answer.message, game=answer.game, stage=answer.status.label)
    with ctx.workprec(BITS):
        document, values, point = _Legs(problem).document()
        program = point.program
        forms = [(f.control, f.monomials) for f in program.strategy]
        responses = () if program.given is None else program.given.response
        names = (*program.system.unknowns, *program.feedback)
        answer = replace(
            answer,
            strategy={control: _centers(table.within(values)) for control, table in forms},
            response={f.control: _centers(f.monomials.within(values)) for f in responses},
            coefficients={name: center(values[name]) for name in names},
            certificate={**answer.certificate, "arithmetic": "ball"},
        )
        tables = [*(table for _, table in forms), *(f.monomials for f in responses)]
        balls = [v for table in tables for v in table.within(values).values()]
        if any(_wide(v) for v in (*balls, *(values[name] for name in names))):
            raise refused(program, "where boxes grow wider than doubles on the way")
        results = Writer(point, answer).results()
        return answer, whole(document | {"results": results})


def _centers(values: dict[str, arb]) -> dict[str, float]:
    return {name: center(value) for name, value in values.items()}


def _wide(value: arb) -> bool:
    """Whether a ball is not right to double precision; one around zero may be as wide as EDGE."""
    narrow = value.rad() < EDGE if value.contains(0) else value.rad() < abs(value) * NARROW
    return not narrow


@dataclass(frozen=True)
class _Leg:
    """A stretch of time on which the rate is a number, or a formula."""

    begin: Fraction
    end: Fraction
    rate: Fraction | Code


class _Legs:
    """The stretches of one problem, from the last one to time 0."""

    def __init__(self, problem: Moving) -> None:
        self.problem = problem
        self.program: Program = problem.point(Fraction(1)).point.program

    def document(self) -> tuple[dict[str, Any], dict[str, arb], Point]:
        """The document of time 0, with what is known there and the point that it is known at."""
        problem, program = self.problem, self.program
        after, start, now = None, program.terminal, []
        if start is None:
            raise refused(program, f"of such horizons: {program.no_terminal}")
        legs = self._legs()
        if problem.last is None and problem.hazard.pieces:
            # the last rate holds for ever
            tail = problem.point(problem.hazard.pieces[-1][1]).point
            settled = decided(tail.program, tail.numbers, tail.selection)
            after = certified(*settled)
            (boxes,) = [after["solutions"][after["selected"]]["boxes"]]
            now = [ball(boxes[name]) for name in program.system.unknowns]
            legs = legs[:-1]
            start = _unknowns(program)
        found: tuple[dict[str, Any], dict[str, arb], Point] | None = None
        for leg in reversed(legs):
            rate = leg.rate if isinstance(leg.rate, Fraction) else Fraction(1)
            point = problem.point(rate).point
            if not now:
                now = start.at(point.parameters).within({})
            document, now = self._leg(leg, point, start, now, after)
            found = document, self._values(leg, point, now), point
            after, start = document, _unknowns(program)
        assert found is not None, "time 0 is before the end"
        return found

    def _legs(self) -> list[_Leg]:
        hazard, last = self.problem.hazard, self.problem.last
        if hazard.pieces:
            starts = [time for time, _ in hazard.pieces if last is None or time < last]
            ends = [*starts[1:], last or starts[-1]]
            return [_Leg(a, b, r) for a, b, (_, r) in zip(starts, ends, hazard.pieces)]
        if hazard.constant is not None:
            assert last is not None, "a constant rate without a horizon is the stationary problem"
            return [_Leg(Fraction(0), last, hazard.constant)]
        if last is None:
            raise refused(
                self.program,
                "of a limit of horizons that grow",
                "Give an end, --horizon T, or a rate in pieces, the last of which holds for ever.",
            )
        text = hazard.formula or "0"
        (time,) = letters([TIME])
        formula = read("hazard", text, [TIME], "input")
        # decimals are meant as they are written
        exact = {f: sp.Rational(str(f)) for f in formula.atoms(sp.Float)}
        code = Function([formula.xreplace(exact)], [time])
        named = Code((TIME,), code.constants, code.steps, code.outputs)
        return [_Leg(Fraction(0), last, named)]

    def _leg(
        self, leg: _Leg, point: Point, start: Code, now: Sequence[arb], after: dict[str, Any] | None
    ) -> tuple[dict[str, Any], list[arb]]:
        """The document of one stretch, and the coefficients where it begins."""
        from eqsolve.arithmetic.taylor import integrate  # which needs NumPy

        program, letter = self.program, self.problem.letter.name
        known = dict(point.parameters)
        writer = Writer(point, point.refused(Status.OK, ""))
        document = writer.frame()
        if isinstance(leg.rate, Code):
            del known[letter], document["parameters"][letter]
            document["explicit"] = [[letter, code_data(leg.rate)], *document["explicit"]]
            program = _moving(program, letter, leg.rate)
        rates = time_to_go(program, known, (), leg.end)
        length = rational(leg.end - leg.begin)
        trajectory = integrate(rates, list(now), length)
        if trajectory.status != "ok":
            raise refused(program, "where the coefficients are not enclosed up to the horizon")
        steps = writer.steps(rates, list(now), trajectory.pieces, length)
        document["at"][TIME] = str(leg.begin)
        document["moving"] = {
            "names": list(program.system.unknowns),
            "start": code_data(start),
            "rates": code_data(program.system.rates),
            "end": str(leg.end),
            "order": ORDER,
            "after": after,
            "steps": steps,
        }
        return document, [ball(box) for box in steps[-1]["at"]]

    def _values(self, leg: _Leg, point: Point, now: Sequence[arb]) -> dict[str, arb]:
        found = dict(zip(self.program.system.unknowns, now))
        if isinstance(leg.rate, Code):
            found[self.problem.letter.name] = leg.rate.within({TIME: arb(rational(leg.begin))})[0]
        return point.environment(found, leg.begin)


def _unknowns(program: Program) -> Code:
    """The program that gives the unknowns themselves."""
    names = program.system.unknowns
    return Code(names, (), (), range(len(names)))


def _moving(program: Program, letter: str, rate: Code) -> Program:
    """The same with a function of time in place of the letter."""
    own = program.system.rates
    builder = Folding([*(a for a in own.arguments if a not in (letter, TIME)), TIME])
    nodes = {name: node for node, name in enumerate(builder.arguments)}
    nodes[letter] = builder.insert(rate, nodes)[0]
    rates = builder.code(builder.insert(own, nodes))
    return replace(program, system=replace(program.system, rates=rates))
