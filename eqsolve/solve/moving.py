"""A hazard rate that moves in time in place of the constant one that a game declares.

The coefficients solve their equations backward from a horizon that is far beyond the first strike.
Time is measured by the integrated hazard, so that nothing depends on its unit. That the horizon is
far enough is shown: three horizons are compared, and a fourth solution that starts elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

import numpy as np
import sympy as sp
from flint import arb, ctx, fmpq
from numpy.typing import NDArray

from eqsolve.arithmetic.code import Code
from eqsolve.arithmetic.function import Function
from eqsolve.derivation.derivation import Derivation, derived
from eqsolve.errors import InputError
from eqsolve.expression import letters
from eqsolve.expression import read as formula_in
from eqsolve.game import Model, Vocabulary, parameter, positive
from eqsolve.game.hazard_rates import Hazard, parse_hazard
from eqsolve.game.parameters import Numbers, read
from eqsolve.game.structure import Builder, build, counted
from eqsolve.numbers import exact
from eqsolve.program.make import program
from eqsolve.program.program import TIME
from eqsolve.solve.answer import Answer
from eqsolve.solve.beyond import box, payoffs
from eqsolve.solve.choice import Solved, sentence
from eqsolve.solve.derived import DerivedPoint
from eqsolve.solve.expected import rates_of_play
from eqsolve.solve.outcome import Expected, Play
from eqsolve.solve.path import Leg, Moves, center, time_to_go
from eqsolve.solve.point import BITS, Point
from eqsolve.solve.results import Results, floats
from eqsolve.solve.solve import solve
from eqsolve.status import Status

#: Accuracy of the integration, and how much less accurate another one is that shows its error.
TOLERANCE, COARSER = 1e-13, 30.0
#: Integrated hazards of the horizons that are compared.
FAR = (16.0, 32.0, 64.0)
#: The same under a rate that falls to 0: there the equations grow ever stiffer.
NEARER = (8.0, 16.0, 32.0)
#: Most steps of an enclosure up to one of these horizons.
FOLLOWED = 300
#: Relative difference of the last solutions up to which they have converged, and the part of the
#: difference before that it may be, unless it is as small as the integration's error.
CONVERGED, SHRINKS = 1e-8, 0.1
#: Integrated hazards of the ends beyond which a box is looked for, and how wide it may be.
BEYOND = (96.0, 192.0, 384.0, 768.0)
NEAR = 0.15
#: Integrated hazard of the last time that is answered without an end.
LATEST = 640.0
#: Relative error of a hazard rate in doubles, with a margin.
ROUNDING = 1e-9
#: Relative radius up to which a number is right to double precision.
RIGHT = 1e-17
#: Least number of steps under a rate that may have peaks.
STEPS = 1000
#: Times at which conditions are checked.
CHECKED = 17
#: Least power of a clock that an integrated rate is, so that doubles follow it.
SMOOTH = 4
Array = NDArray[np.float64]


def solve_moving(
    source: Model | Builder,
    spec: str,
    values: Mapping[str, object],
    *,
    horizon: object = None,
    at: Mapping[str, object] | None = None,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
    selection: str | None = None,
) -> Answer:
    """Solve a model under a hazard rate that moves in time.

    Parameters
    ----------
    source, notion, size, continuum, selection : as for ``solve``.
    spec : the rate, as ``parse_hazard`` reads it.
    values : all parameters but the hazard rate.
    horizon : the end, where there is one: min(tau, T).
    at : states and the time ``t`` (0 by default).

    Returns
    -------
    Answer
        Its ``certificate`` says what is known of ends that are later and later. Where the solution
        is not shown to converge its status is ``unresolved``. A rate that tends to a number has a
        solution only if the stationary problem of that number has one.

    Raises
    ------
    InputError
        If the model does not declare one letter as its hazard rate, or has an end of its own.
    """
    how: dict[str, Any] = {
        "notion": notion,
        "size": size,
        "continuum": continuum,
        "selection": selection,
    }
    model = build(source, values, notion=notion, size=size, continuum=continuum)
    if model.game.crowd is not None and model.game.crowd.own and model.game.notion == "given":
        from eqsolve.solve.moving_types import course_of_types

        told: dict[str, Any] = {"horizon": horizon, "at": at, "size": size}
        times = [exact(TIME, (at or {}).get(TIME, 0))]
        return course_of_types(model, [spec], values, times, selection=selection, **told)[0]
    problem = moving_problem(source, spec, values, horizon=horizon, **how)
    if isinstance(problem, Moving):
        return problem.answer(at)
    return solve(source, problem, at=at, **how)


def moving_problem(
    source: Model | Builder,
    spec: str,
    values: Mapping[str, object],
    *,
    horizon: object = None,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
    selection: str | None = None,
) -> Moving | dict[str, object]:
    """The problem at these numbers; of a constant rate the parameters of the stationary one.

    Parameters
    ----------
    all : as for ``solve_moving``.

    Raises
    ------
    InputError
        As for ``solve_moving``.
    """
    hazard = parse_hazard(spec)
    found = source if isinstance(source, Model) else None
    model = found or build(source, values, notion=notion, size=size, continuum=continuum)
    letter = hazard_letter(model)
    if letter.name in values:
        raise InputError(
            f"{letter} is given, and a hazard rate besides.", game=model.name, stage="input"
        )
    last = None if horizon is None else exact("horizon", horizon)
    if last is not None and last <= 0:
        raise InputError("the horizon must be positive.", game=model.name, stage="input")
    if last is None and spec == "none":
        raise InputError(
            "without a hazard rate a horizon is needed.", game=model.name, stage="input"
        )
    if hazard.constant is not None and last is None:
        return {**values, letter.name: hazard.constant}
    numbered = counted(model, {**values, letter.name: 1}, size)
    with ctx.workprec(BITS):
        derivation = derived(model)
        if derivation.system.implicit or (model.game.crowd is not None and model.game.crowd.own):
            raise InputError(
                "hazard rates that move in time need an explicit feedback of players who are "
                "alike.",
                game=model.name,
                stage="input",
            )
        numbers = read(model, numbered, None)
    chosen = selection or model.selection
    return Moving(model, derivation, letter, numbers, hazard, chosen, last)


def hazard_letter(model: Model) -> sp.Symbol:
    """The parameter that is the hazard rate and nothing else."""
    game = model.game
    letter = game.horizon.hazard
    rows = {row.symbol for row in model.vocabulary.parameters}
    if letter == 0:
        raise InputError("the game has no hazard rate.", game=game.name, stage="input")
    elsewhere = [e for words, e in game.expressions() if "hazard" not in words]
    elsewhere += [*model.outputs.values(), *(e for law in model.initial.values() for e in law)]
    if letter not in rows or any(letter in e.free_symbols for e in elsewhere):
        raise InputError(
            "the hazard rate of the game is not one letter that stands for nothing else.",
            game=game.name,
            stage="input",
            remedy="Write Horizon(lambda) with a parameter of its own.",
        )
    if game.horizon.end is not None:
        raise InputError("the game has a horizon of its own.", game=game.name, stage="input")
    return letter


def with_end(model: Model) -> tuple[Model, sp.Symbol]:
    """The same game up to min(tau, T), and the letter of T."""
    letters = {row.name for row in model.vocabulary}
    end = sp.Symbol(
        next(name for name in ("T", "horizon", "end of the horizon") if name not in letters)
    )
    horizon = replace(model.game.horizon, end=end)
    rows = (*model.vocabulary, parameter(end, "end of the horizon", positive, unit="time"))
    game = replace(model.game, horizon=horizon)
    return (
        replace(
            model,
            game=game,
            vocabulary=Vocabulary(*rows),
            outputs={},
            beside={},
            cases={},
            reference={},
        ),
        end,
    )


def moves(hazard: Hazard, letter: str) -> Moves:
    """A rate as a parameter that moves in time."""
    if hazard.pieces:
        return Moves(letter, hazard.pieces)
    if hazard.constant is not None or not hazard.formula:
        return Moves(letter, ((Fraction(0), hazard.constant or Fraction(0)),))
    return Moves(letter, ((Fraction(0), formula_of(hazard)),), hazard.power)


def formula_of(hazard: Hazard) -> Code:
    """The formula of a rate as a program of the time."""
    (time,) = letters([TIME])
    formula = formula_in("hazard", hazard.formula, [TIME], "input")
    # decimals are meant as they are written
    plain = {f: sp.Rational(str(f)) for f in formula.atoms(sp.Float)}
    code = Function([formula.xreplace(plain)], [time])
    return Code((TIME,), code.constants, code.steps, code.outputs)


@dataclass(frozen=True)
class Moving:
    """One model at one set of numbers, under one rate.

    Attributes
    ----------
    model, derivation, selection : what is solved.
    letter : the parameter that is the rate; ``numbers`` hold 1 for it.
    hazard : the rate.
    last : the end of the horizon, if there is one.
    """

    model: Model
    derivation: Derivation
    letter: sp.Symbol
    numbers: Numbers
    hazard: Hazard
    selection: str
    last: Fraction | None

    def point(self, rate: Fraction) -> DerivedPoint:
        """The stationary problem at a constant rate."""
        parameters = {**self.numbers.parameters, self.letter: rate}
        return DerivedPoint(
            self.derivation, replace(self.numbers, parameters=parameters), self.selection
        )

    @cached_property
    def final(self) -> DerivedPoint:
        """The stationary problem at the rate that holds, or is tended to, in the end."""
        hazard = self.hazard
        rate = hazard.tail or hazard.limit or hazard.rate(hazard.reached(FAR[-1]) or 0.0)
        return self.point(Fraction(rate))

    def answer(self, at: Mapping[str, object] | None = None) -> Answer:
        """The answer, or why there is none; in balls, where the solution can be enclosed.

        Parameters
        ----------
        at : states and the time ``t``.
        """
        with ctx.workprec(BITS):
            return self._answer(at or {})

    def _answer(self, at: Mapping[str, object]) -> Answer:
        hazard, last = self.hazard, self.last
        self.enclosed.clear()
        if last is not None:
            return self.until(last, at)
        if hazard.limit is None:
            return self.refused(
                "The hazard rate has no limit that could be seen: convergence is not decided. "
                "Give the horizon an end.",
                Status.UNRESOLVED,
            )
        ends = [hazard.reached(decay) for decay in (FAR if hazard.limit else NEARER)]
        if hazard.tail == 0 or None in ends:
            return self.refused("With positive probability the horizon never strikes.")
        far = [float(end or 0) for end in ends]
        time = float(exact("t", at.get(TIME, 0)))
        if hazard.tail is None and hazard.integral(time) > LATEST:
            return self.refused(
                f"t = {time:.6g} is after t = {hazard.reached(LATEST):.6g}, the last time that is "
                "answered without an end: the horizon has then struck but for a chance of "
                f"exp(-{LATEST:g}). Give the horizon an end, with --horizon.",
                Status.UNRESOLVED,
            )
        if hazard.limit == math.inf:
            return self.far(far, at)
        limit = self.final.answer()
        if not limit.ok:
            return self.refused(f"At the last hazard rate: {limit.message}", limit.status)
        if hazard.tail is None:
            return self.far(far, at)
        return self.onward(self.final, at)

    def course(self, times: Sequence[Fraction], at: Mapping[str, object]) -> list[Answer]:
        """The answers at several times, from one solution.

        Parameters
        ----------
        times : ascending, none after the end.
        at : states, the same at all times.
        """
        with ctx.workprec(BITS):
            found: list[Answer] = []
            first: Answer | None = None
            for time in times:
                answer = None if first is None else self.again(first, time)
                if answer is None:
                    answer = first = self._answer({**at, TIME: time})
                found.append(answer)
        return found

    def again(self, first: Answer, time: Fraction) -> Answer | None:
        """The answer at a later time from what ``first`` was found by; None if it does not do."""
        # what was tried for an answer that is refused may be too wide, or the end too early
        if not self.enclosed or not (first.ok or self.last is not None):
            return None
        point, solved = self.enclosed[0]
        if point.end is None or time > point.end:
            return None
        point.numbers = replace(point.numbers, time=time)
        answer = self._reported(Results(point).answer(solved))
        convergence = first.certificate.get("convergence")
        if convergence == "observed":
            return None  # at every time it is to be seen
        if convergence == "proved" and answer.certificate["largest_relative_radius"] > RIGHT:
            return None
        told = replace(answer, certificate={**first.certificate, **answer.certificate})
        return replace(told, message=first.message) if first.ok and answer.ok else told

    @cached_property
    def enclosed(self) -> list[tuple[Point, Solved]]:
        """What the last answer was found by."""
        return []

    def until(self, last: Fraction, at: Mapping[str, object]) -> Answer:
        """The answer where the horizon ends at ``last`` at the latest."""
        self._positive(float(last))
        answer = self.timed(last, at)
        if answer.status is Status.UNRESOLVED and not at:
            # not enclosed: the same in doubles
            run = self.integrated(float(last), self.payoffs())
            message = f"The equations are integrated from T = {float(last):.6g} to time 0."
            return self.refused(run) if isinstance(run, str) else self.found(run, message, {})
        return answer

    def onward(self, final: DerivedPoint, at: Mapping[str, object]) -> Answer:
        """The answer where the rate is constant in the end."""
        begin, time = self.hazard.pieces[-1][0], exact("t", at.get(TIME, 0))
        if time >= begin:
            stationary = solve(
                replace(self.model, beside={}),
                {**self._given(), self.letter.name: self.hazard.pieces[-1][1]},
                at={k: v for k, v in at.items() if k != TIME},
                selection=self.selection,
            )
            return self._told(replace(stationary, time=time), stationary.message)
        assert final.path is not None
        rest = final.path.coefficients(Fraction(0))
        names = [u.name for u in self.derivation.system.unknowns]
        settled, given = final.point, final.point.program.given
        values = settled.environment(rest, Fraction(0))
        expected = None if given is None else Play(given, values, settled.single).expected()
        answer = self.timed(begin, at, [rest[name] for name in names], expected)
        return self._told(
            answer,
            f"The hazard rate is constant from t = {float(begin):.6g} on and the solution the "
            f"stationary one; before, it is enclosed. {answer.message}",
        )

    @cached_property
    def pulled(self) -> tuple[Code, list[fmpq], int] | None:
        """Rates of coefficients and expectations in play, the payoffs they are pulled to.

        Also how many functions every expectation has. None if they are not pulled so.
        """
        point = self._point(Fraction(1), {})
        program, given, name = point.program, point.program.given, self.letter.name
        fixed = {k: v for k, v in point.parameters.items() if k != name}
        leg, size = Leg(Fraction(0), Fraction(1), fixed, {}), 0
        if given is None or given.play is None or given.outcome is None or point.single:
            rates = time_to_go(program, fixed, (), leg.end, leg=leg, free=(name,))
        else:
            size = len(given.play.functions)
            rates = rates_of_play(program, given, (), leg, (name,))
        centers = payoffs(rates)
        return None if centers is None else (rates, centers, size)

    def beyond(self, end: Fraction) -> tuple[list[arb], Expected | None] | None:
        """Boxes at a time for all solutions of later ends, and for what is then expected."""
        if self.pulled is None:
            return None
        rates, centers, size = self.pulled
        # rates are doubles
        found = box(rates, centers, arb(self.hazard.rate(float(end))) * (1 - ROUNDING))
        if found is None or not self._holds_in(found, end):
            return None
        wide = max(float(b.rad()) / max(1.0, abs(float(b.mid()))) for b in found)
        if wide > NEAR:
            return None
        count = len(self.derivation.system.unknowns)
        rows = [found[k : k + size] for k in range(count, len(found), size)] if size else None
        return found[:count], rows

    def _holds_in(self, found: Sequence[arb], end: Fraction) -> bool:
        """Whether the conditions hold in a box, at any hazard rate."""
        point = self._point(end, {})
        program = point.program
        inside = point.environment(dict(zip(program.system.unknowns, found)), end)
        inside[self.letter.name] = arb(0, "inf")
        claims = (*program.system.domains, *program.second_order)
        return all(claim.holds(inside) is True for claim in claims)

    def proved(self, at: Mapping[str, object]) -> Answer | None:
        """The limit of ends that are later and later, enclosed; None if it is not."""
        if not self.hazard.rising:
            return None
        for decay in BEYOND:
            time = self.hazard.reached(decay)
            if time is None:
                return None
            end = Fraction(math.ceil(time * 2**20), 2**20) if time > 1e-3 else Fraction(time)
            if end <= exact("t", at.get(TIME, 0)):
                continue
            held = self.beyond(end)
            if held is None:
                continue
            answer = self.timed(end, at, *held)
            if answer.ok and answer.certificate["largest_relative_radius"] <= RIGHT:
                sentence = (
                    "Whatever the end, if it is after "
                    f"T = {float(end):.6g}, the solution is within the enclosure: it converges."
                )
                told = self._told(answer, sentence)
                more = {**told.certificate, "convergence": "proved", "from": float(end)}
                return replace(told, certificate=more)
        return None

    def timed(
        self,
        last: Fraction,
        at: Mapping[str, object],
        begun: Sequence[arb] | None = None,
        onward: Expected | None = None,
        steps: int | None = None,
    ) -> Answer:
        """The problem up to an end, enclosed; beyond it, it goes on from what is given."""
        point = self._point(last, at)
        point.begun, point.onward, point.steps = begun, onward, steps or point.steps
        solved = point.solved()
        self.enclosed.clear()
        if isinstance(solved, Answer):
            return self._reported(solved)
        self.enclosed.append((point, solved))
        return self._reported(point.found(solved))

    def _reported(self, answer: Answer) -> Answer:
        """An answer up to an end with what was given, and how it was found."""
        given = {k: v for k, v in answer.parameters.items() if k in self._given()}
        certificate = {"arithmetic": "ball", "hazard": self.hazard.name, **answer.certificate}
        certificate.pop("explosion", None)
        return replace(answer, parameters=given, certificate=certificate)

    def _told(self, answer: Answer, message: str) -> Answer:
        given = {k: v for k, v in answer.parameters.items() if k in self._given()}
        return replace(answer, parameters=given, message=message if answer.ok else answer.message)

    def _given(self) -> dict[str, object]:
        """The parameters that were given."""
        known = self.numbers.parameters.items()
        return {s.name: v for s, v in known if s != self.letter}

    def _point(self, last: Fraction, at: Mapping[str, object]) -> Point:
        """The problem with an end, at numbers."""
        ended, end = with_end(self.model)
        # laws of states are not followed where parameters move
        made = replace(program(derived(ended), ended), moments=None)
        one = {self.letter.name: 1, end.name: last}
        numbers = made.inputs.read({**self._given(), **one}, at)
        return Point(made, numbers, self.selection, moves=moves(self.hazard, self.letter.name))

    def _positive(self, last: float) -> None:
        """Refuse a formula that is negative at one of many times."""
        for k in range(STEPS + 1):
            self.hazard.rate(last * k / STEPS)

    def far(self, ends: Sequence[float], at: Mapping[str, object]) -> Answer:
        """The limit of horizons that grow, or why it is not shown."""
        enclosed = self.proved(at)
        if enclosed is not None:
            return enclosed
        runs: list[tuple[Array, Array]] = []
        starts = [self.payoffs()] * len(ends) + [self.elsewhere()]
        for end, start in zip((*ends, ends[-1]), starts):
            run = self.integrated(end, start)
            if isinstance(run, str):
                return self.refused(run)
            runs.append(run)
        played = [self.controls(values[:, -1]) for _, values in runs]
        size = max(float(np.max(np.abs(played[-2]), initial=0.0)), 1e-300)
        moved = [float(np.max(np.abs(a - b))) / size for a, b in zip(played, played[1:])]
        rough = self.integrated(ends[-1], starts[0], COARSER * TOLERANCE)
        if isinstance(rough, str):
            return self.refused(rough)
        error = float(np.max(np.abs(self.controls(rough[1][:, -1]) - played[-2]))) / size
        # each of two solutions may be off by the error
        shrinks = moved[1] <= max(SHRINKS * moved[0], 2 * error)
        if not (shrinks and max(moved[1:]) <= CONVERGED):
            return self.refused(
                "The feedback at time 0 still moves with the horizon: no limit is shown.",
                Status.UNRESOLVED,
            )
        message = (
            f"The feedback at time 0 moves by {moved[0]:.1g} from T = {ends[0]:.4g} to "
            f"{ends[1]:.4g}, by {moved[1]:.1g} to {ends[2]:.4g}, and by {moved[2]:.1g} with other "
            "functions at the end."
        )
        seen = {"convergence": "observed", "horizons": list(ends), "moves": moved, "error": error}
        if at:
            time = exact("t", at.get(TIME, 0))
            answer = self._settled(ends, at)
            if answer is not None and answer.status is Status.UNRESOLVED and time == 0:
                told = f"{message} Not enclosed: {answer.message} So values are not given."
                return self.found(runs[-2], told, seen)
            if answer is None:
                return self.refused(
                    f"At t = {float(time):.6g} the solution still moves with the horizon, from "
                    f"T = {ends[-2]:.6g} to {ends[-1]:.6g}: no limit is shown. Give the horizon an "
                    "end, with --horizon.",
                    Status.UNRESOLVED,
                )
            whole = self._told(answer, message)
            return replace(whole, certificate={**whole.certificate, **seen})
        return self.found(runs[-2], message, seen)

    def _settled(self, ends: Sequence[float], at: Mapping[str, object]) -> Answer | None:
        """The answer up to the first end that is as up to the one before; None if there is none."""
        time, before = exact("t", at.get(TIME, 0)), None
        for end in ends:
            if time < end:
                answer = self._kept(Fraction(end), at, time)
                if answer.status is Status.UNRESOLVED:
                    return answer
                if before is not None and _agree(before, answer):
                    return answer
                before = answer
        return None

    def _kept(self, end: Fraction, at: Mapping[str, object], time: Fraction) -> Answer:
        """The answer up to an end, at all times from one enclosure."""
        key = end, *sorted((name, str(value)) for name, value in at.items() if name != TIME)
        if key not in self.kept:
            answer = self.timed(end, at, steps=FOLLOWED)
            self.kept.update({key: found for found in self.enclosed})
            return answer
        point, solved = self.kept[key]
        self.enclosed[:] = [(point, solved)]
        point.numbers = replace(point.numbers, time=time)
        return self._reported(Results(point).answer(solved))

    @cached_property
    def kept(self) -> dict[tuple[object, ...], tuple[Point, Solved]]:
        """What answers were found by, by end and states."""
        return {}

    def payoffs(self) -> Array:
        """The coefficients when the horizon ends."""
        exact_values = self.point(Fraction(1)).parameters
        payoffs = self.derivation.payoffs
        return np.array(
            [float(payoffs[u].xreplace(exact_values)) for u in self.derivation.system.unknowns]
        )

    def elsewhere(self) -> Array:
        """Other ones: the k-th function is half of k times as large again."""
        values = self.payoffs()
        for place, function in enumerate(self.derivation.solved.ansatz.functions.values(), 1):
            for k, unknown in enumerate(self.derivation.system.unknowns):
                if unknown in function.free_symbols:
                    values[k] *= 1.5 * place
        return values

    @cached_property
    def speeds(self) -> Callable[..., list[float]]:
        """The derivatives of the coefficients in the time to go, of the rate and of them."""
        unknowns = self.derivation.system.unknowns
        table = self.point(Fraction(1)).parameters
        table.pop(self.letter)
        rates = [-self.derivation.system.rates[u].xreplace(table) for u in unknowns]
        return Function(rates, [self.letter, *unknowns]).doubles()

    def integrated(
        self, end: float, start: Array, tolerance: float = TOLERANCE
    ) -> tuple[Array, Array] | str:
        """Calendar times, the last of them 0, and the coefficients there; or what went wrong."""
        from scipy.integrate import solve_ivp  # for this verb alone

        function, hazard, value = self.speeds, self.hazard, start
        times, values = [end], [start]
        stops = [end, *(b for b in reversed(hazard.breaks) if b < end), 0.0]
        for first, stop in zip(stops, stops[1:]):
            inside = hazard.rate((first + stop) / 2) if hazard.breaks else None

            def by_calendar(
                s: float, u: Array, level: float | None = inside, top: float = first
            ) -> Array:
                rate = hazard.rate(top - s) if level is None else level
                return np.array(function(rate, *map(float, u)))

            slope: Callable[[float, Array], Array] = by_calendar
            calendar: Callable[[float], float] = partial(float.__sub__, first)
            length = first - stop
            if hazard.power is not None:
                slope, calendar = self._on_clock(end, float(hazard.power[0]))
                length = 1.0
            try:
                run = solve_ivp(
                    slope,
                    (0.0, length),
                    value,
                    method="LSODA",
                    rtol=tolerance,
                    atol=tolerance * 1e-2,
                    t_eval=np.linspace(0.0, length, CHECKED),
                    max_step=math.inf if hazard.smooth else length / STEPS,
                )
            except (OverflowError, ValueError, ZeroDivisionError):
                return "The equations of the coefficients have no solution up to the horizon."
            if not run.success or not np.all(np.isfinite(run.y)):
                return "The equations of the coefficients have no solution up to the horizon."
            value = run.y[:, -1]
            times += [calendar(float(s)) for s in run.t[1:]]
            values += list(run.y.T[1:])
        return np.array(times), np.array(values).T

    def _on_clock(
        self, end: float, shape: float
    ) -> tuple[Callable[[float, Array], Array], Callable[[float], float]]:
        """Derivatives on a clock y, ``t = end y^m``, on which a power of the time is smooth."""
        speeds, total = self.speeds, self.hazard.integral(end)
        power = math.ceil(SMOOTH / shape)

        def slope(s: float, u: Array) -> Array:
            rest, whole = (np.array(speeds(rate, *map(float, u))) for rate in (0.0, 1.0))
            now = max(1.0 - s, 0.0)
            struck = total * power * shape * now ** (power * shape - 1)
            found: Array = rest * (end * power * now ** (power - 1)) + (whole - rest) * struck
            return found

        return slope, lambda s: end * max(1.0 - s, 0.0) ** power

    def environment(self, values: Array) -> dict[sp.Symbol, arb]:
        unknowns = self.derivation.system.unknowns
        return self.point(Fraction(self.hazard.rate(0.0))).environment(
            {u.name: arb(float(v)) for u, v in zip(unknowns, values)}
        )

    def controls(self, values: Array) -> Array:
        """The coefficients of the feedback and of what is played."""
        found = self.environment(values)
        return np.array([center(found[s]) for s in self.derivation.explicit])

    def found(
        self, run: tuple[Array, Array], message: str, certificate: Mapping[str, object]
    ) -> Answer:
        """The answer at time 0, if the conditions hold on the way."""
        point = self.point(Fraction(self.hazard.rate(0.0))).point
        program = point.program

        def environment(column: Array) -> dict[str, arb]:
            balls = {u: arb(float(v)) for u, v in zip(program.system.unknowns, column)}
            return point.environment(balls, point.numbers.time)

        wanted = [(c, Status.NO_SOLUTION) for c in program.system.domains]
        wanted += [(c, Status.NOT_A_MAXIMUM) for c in program.second_order]
        times, values = run
        for time, column in zip(times, values.T):
            here = environment(column)
            for condition, otherwise in wanted:
                if condition.holds(here) is not True:
                    message = f"{sentence(condition.sentence)} at t = {time:.6g}."
                    return self.refused(message, otherwise)
        final = environment(values[:, -1])
        forms = () if program.given is None else program.given.response
        names = (*program.system.unknowns, *program.feedback)
        return replace(
            self.refused(message, Status.OK),
            strategy={form.control: floats(form.monomials, final) for form in program.strategy},
            response={form.control: floats(form.monomials, final) for form in forms},
            coefficients={name: center(final[name]) for name in names},
            certificate={"arithmetic": "double", "hazard": self.hazard.name, **certificate},
        )

    def refused(self, message: str, status: Status = Status.NO_SOLUTION) -> Answer:
        answer = self.point(Fraction(1)).point.refused(status, message)
        given = {k: v for k, v in answer.parameters.items() if k != self.letter.name}
        return replace(answer, parameters=given)


def _agree(one: Answer, other: Answer) -> bool:
    """Whether the coefficients of two answers are the same, up to ``CONVERGED``."""
    if not (one.ok and other.ok):
        return one.status is other.status
    size = max((abs(v) for v in other.coefficients.values()), default=0.0)
    moved = [abs(one.coefficients[k] - v) for k, v in other.coefficients.items()]
    return max(moved, default=0.0) <= CONVERGED * size
