"""One program at one set of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

from flint import arb, fmpq

from eqsolve.arithmetic.rational import vanishes
from eqsolve.errors import InputError
from eqsolve.inputs import Values
from eqsolve.numerics.status import Status
from eqsolve.program.program import TIME, Claim, Program, Quantity, Table, Value, exact
from eqsolve.solve.answer import Answer
from eqsolve.solve.choice import Choice, Solved, sentence
from eqsolve.solve.decide import Decision
from eqsolve.solve.horizon import Intervals, longest_horizon
from eqsolve.solve.laws import InitialLaw, Laws, initial_law
from eqsolve.solve.outcome import Play
from eqsolve.solve.path import Backward, Constant, backward, center, rational
from eqsolve.solve.region import may_be_finite
from eqsolve.solve.stationary import Solutions, ball, stationary

#: Working precision of balls, in bits.
BITS = 192
#: Precisions that are tried at a stationary problem until every sign is decided.
PRECISIONS = (BITS, 1024, 4096)
#: Outcomes whose numbers are those of an equilibrium.
USABLE = (Status.OK, Status.NEAR_FOLD)
#: Relative radius of a result up to which it is right to double precision; a ball around zero may
#: be as wide as ``EDGE``.
NARROW = 1e-20
#: What is said where means and variances are not followed.
_NO_LAWS = (
    "Means and variances of the states are not given: they need more than functions of the second "
    "degree in the states."
)
#: Times of the horizon at which conditions are checked first, both ends included.
CHECKED = 17


@dataclass
class Point:
    """One program at one set of numbers; every part is computed when it is asked for.

    ``finite`` leaves out solutions whose expectations are surely infinite, which saves proofs.
    ``path`` holds the coefficients by time once an answer has been found. Where players with types
    of their own respond to averages over the others, these (``frozen``), the strategy in the states
    of all types and what is obtained in play come from all types.
    """

    program: Program
    numbers: Values
    selection: str
    averages: Mapping[str, fmpq] = field(default_factory=dict)
    finite: bool = False
    path: Constant | Backward | None = field(default=None, init=False)
    frozen: Mapping[str, arb] = field(default_factory=dict, init=False)
    strategy: Mapping[str, Mapping[str, float]] = field(default_factory=dict, init=False)
    obtained: Mapping[str, arb] = field(default_factory=dict, init=False)
    #: Whether a decision rests on a ball around zero, or a result is not narrow.
    undecided: bool = field(default=False, init=False)

    @property
    def typed(self) -> bool:
        """Whether averages over the others are those of types of their own."""
        return self.program.given is not None and self.program.given.typed

    @cached_property
    def parameters(self) -> dict[str, fmpq]:
        """Exact values of parameters, and of averages over types."""
        found = {name: rational(v) for name, v in self.numbers.parameters.items()}
        return {**found, **self.averages}

    @cached_property
    def balls(self) -> dict[str, arb]:
        """The same as balls."""
        return {name: arb(v) for name, v in self.parameters.items()}

    @cached_property
    def end(self) -> Fraction | None:
        """The end of the horizon, where there is one."""
        if self.program.end is None:
            return None
        value = self._number(self.program.end)
        if value <= 0:
            raise self.error("the horizon must be positive.")
        return value

    @cached_property
    def solutions(self) -> Solutions:
        """All solutions of a stationary system, or of the implicit feedback of another one."""
        if not self.finite:
            return stationary(self.program.system, self.parameters)
        within = partial(may_be_finite, self.program, self.balls)
        return stationary(self.program.system, self.parameters, within=within)

    @cached_property
    def choice(self) -> Choice:
        """The decision among them."""
        return Choice(self)

    def environment(self, coefficients: Mapping[str, arb], time: Fraction) -> dict[str, arb]:
        """Balls for parameters, coefficients of functions and feedback, states and the time."""
        values = {**self.balls, **coefficients, TIME: arb(rational(time))}
        values |= self.program.explicit.within(values)
        for state in self.program.states:
            values[state] = self.place.get(state, arb(1))
        given = self.program.given
        if given is not None:
            values |= dict.fromkeys(given.averages, arb(1))
            for name, code in given.known:
                values[name] = arb(0) if self.single else code.within(values)[0]
            values |= self.frozen
        return values

    @cached_property
    def single(self) -> bool:
        """Whether one player is the whole crowd: averages over the others are nothing."""
        size = self.program.size
        averaged = self.program.given is not None and self.program.given.play is not None
        return size is not None and averaged and exact(size.code, self.parameters) == [1]

    @cached_property
    def states(self) -> dict[str, Fraction]:
        """States and laws that were given, also those that were given in other letters."""
        found = dict(self.numbers.states)
        table = self.program.coordinates
        for name, value in zip(table.names, exact(table.code, self._given_numbers)):
            if value is not None:
                found[name] = Fraction(int(value.p), int(value.q))
        return found

    @property
    def _given_numbers(self) -> dict[str, fmpq]:
        states = {name: rational(v) for name, v in self.numbers.states.items()}
        return {**self.parameters, **states}

    @cached_property
    def place(self) -> dict[str, arb]:
        """States that were given, and means of initial laws in place of others."""
        found = {s: arb(rational(v)) for s, v in self.states.items()}
        for state, mean in self.initial.means.items():
            found.setdefault(state, arb(rational(mean)))
        for name, code in self.program.start.seconds:
            # where none is given, all others are where their mean is
            inserted = code.at(self.parameters)
            if name not in found and found.keys() >= set(inserted.arguments):
                (found[name],) = inserted.within(found)
        return found

    @cached_property
    def initial(self) -> InitialLaw:
        """The law of the states at time 0: as declared, or concentrated at what was given."""
        return initial_law(self.program.start, self.states, self._number)

    def _number(self, quantity: Quantity) -> Fraction:
        (value,) = exact(quantity.code, self.parameters)
        if value is None:
            raise self.error(
                f"{quantity.text} is no rational number at these parameters.",
                "Declare a parameter in its place.",
            )
        return Fraction(int(value.p), int(value.q))

    def error(self, message: str, remedy: str = "") -> InputError:
        return InputError(message, game=self.program.game, stage="input", remedy=remedy)

    # -- the decision ---------------------------------------------------------------------------

    def answer(self) -> Answer:
        """Solve, decide and report."""
        solved = self.solved()
        return solved if isinstance(solved, Answer) else self.found(solved)

    def solved(self) -> Solved | Answer:
        """Solve and decide; an answer says why there is no solution."""
        self._real()
        times = [Fraction(0)]
        if self.end is not None:
            times = [self.end * index / (CHECKED - 1) for index in range(CHECKED)]
        for rate in self.program.rising:
            for moment in times:
                (value,) = rate.code.within({**self.balls, TIME: arb(rational(moment))})
                if value < 0:
                    return self.refused(
                        Status.INVALID_INPUT,
                        f"{sentence(rate.sentence)} is negative at t = {float(moment):g}.",
                    )
        if self.program.stationary:
            for player, both in self.program.discounting:
                if exact(both, self.parameters) == [0]:
                    return self.refused(
                        Status.INVALID_INPUT,
                        f"The horizon is infinite and {player} does not discount.",
                    )
            return self.choice.solved()
        if self.end is None:
            return self.refused(
                Status.UNRESOLVED,
                "The horizon is infinite and the rates depend on time: convergence as the horizon "
                "grows is not decided. Give the horizon an end.",
            )
        return self._finite()

    def _real(self) -> None:
        """Refuse numbers at which the declaration makes no sense.

        Raises
        ------
        InputError
            Naming the part of the declaration that is not finite and real.
        """
        for words, code in self.program.declared:
            if code.at(self.parameters).is_undefined():
                raise self.error(f"{words} is not finite and real at these parameters.")
        for claim in self.program.required:
            if exact(claim.code, self.parameters) == [0]:
                raise self.error(f"{claim.sentence}.")
        if self.program.size is not None:
            (number,) = exact(self.program.size.code, self.parameters)
            if number is None or number.q != 1 or number < 1:
                shown = self.program.size.text if number is None else number
                raise self.error(f"a crowd of {shown} players.", "Give a whole number of players.")
        if self.single:
            for law, state in self.program.start.own:
                if law in self.states and self.states[law] != self.states.get(state):
                    raise self.error(
                        "a single player has no competitors: the average over all must be its "
                        f"own {state}."
                    )

    def _finite(self) -> Solved | Answer:
        program = self.program
        assert self.end is not None
        for below in program.system.nonzero:
            if vanishes(below.code.at(self.parameters)):
                return self.refused(
                    Status.DEGENERATE,
                    f"{below.text} is zero at these parameters: the feedback is not determined.",
                )
        constants: dict[str, arb] = {}
        if program.system.implicit:
            points = self.constants()
            if isinstance(points, Answer):
                return points
            constants = points
        if not 0 <= self.numbers.time <= self.end:
            raise self.error(f"t must lie between 0 and {float(self.end):g}.")
        path = backward(program, self.parameters, constants, self.end)
        trajectory = path.trajectory
        if trajectory.status == "explodes":
            low, high = trajectory.bracket or (trajectory.reached, None)
            middle = float(low) if high is None else float((low + high) / 2)
            return self.refused(
                Status.EXPLODES,
                f"The solution does not exist on horizons of {middle:.15g} or more "
                f"(asked for: {float(self.end):g}).",
                explosion=middle,
            )
        if trajectory.status != "ok":
            return self.refused(
                Status.UNRESOLVED,
                f"The coefficients are enclosed for {float(trajectory.reached):g} before the end "
                "of the horizon only.",
            )
        wanted = [(c, Status.NO_SOLUTION) for c in program.system.domains]
        wanted += [(c, Status.NOT_A_MAXIMUM) for c in program.second_order]
        failed = self._failed(path, wanted)
        if failed is not None:
            return self.refused(*failed)
        held = "on the whole horizon"
        first = self.environment(path.coefficients(Fraction(0)), Fraction(0))
        intervals = Intervals(path, first)
        for condition, otherwise in wanted:
            proved, moment = intervals.holds(condition)
            if proved is False:
                where = f" at t = {float(moment):g}"
                return self.refused(otherwise, sentence(condition.sentence) + where + ".")
            if proved is None:
                held = f"at {CHECKED} times"
        explosion, how = longest_horizon(program, self.parameters, path)
        certificate = {
            "steps": len(trajectory.pieces),
            "bits": BITS,
            "conditions": held,
            "explosion": how,
        }
        decision = Decision(Status.OK, "The solution exists up to the horizon.")
        return Solved(path, decision, (), certificate, {0: path}, explosion)

    def _failed(
        self, path: Backward, wanted: Sequence[tuple[Claim, Status]]
    ) -> tuple[Status, str] | None:
        """What does not hold at one of the times that are checked first."""
        assert self.end is not None
        for index in range(CHECKED):
            moment = self.end * index / (CHECKED - 1)
            values = self.environment(path.coefficients(moment), moment)
            for condition, otherwise in wanted:
                holds = condition.holds(values)
                if holds is not True:
                    status = otherwise if holds is False else Status.UNRESOLVED
                    where = f" at t = {float(moment):g}"
                    return status, sentence(condition.sentence) + where + "."
            if self.program.given is not None and not self.typed:
                failed = Play(self.program.given, values, self.single).refused()
                if failed is not None:
                    return failed
        return None

    def constants(self) -> dict[str, arb] | Answer:
        """Coefficients of the feedback that solve equations of their own, once and for all."""
        program, system = self.program, self.program.system
        for place, symbol in enumerate(system.implicit, len(system.unknowns)):
            if set(system.equations.only([place]).arguments) & {*system.unknowns, TIME}:
                raise program.error(
                    f"the condition of {symbol} is not explicit and moves in time.",
                    stage="solving",
                    remedy="Write the feedback in coefficients of the functions.",
                )
        solutions = stationary(system, self.parameters, only=system.implicit)
        judged = []
        for point in solutions.points:
            balls = {k: ball(v) for k, v in point.items()}
            own = {**self.balls, **balls}
            inside = [c for c in system.domains if own.keys() >= set(c.code.arguments)]
            if not any(c.holds(own) is False or c.at_edge(own) for c in inside):
                judged.append(balls)
        if len(judged) == 1:
            return judged[0]
        if not judged:
            status = Status.NO_SOLUTION if solutions.complete else Status.UNRESOLVED
            return self.refused(status, "The first-order condition has no solution.")
        return self.refused(Status.UNRESOLVED, "The first-order condition has several solutions.")

    # -- the results ----------------------------------------------------------------------------

    def refused(
        self,
        status: Status,
        message: str,
        roots: tuple[dict[str, Any], ...] = (),
        line: Mapping[str, Any] | None = None,
        *,
        explosion: float | None = None,
    ) -> Answer:
        """An answer without numbers, but for a line of strategies that are responses to them."""
        return Answer(
            **self._identity(),
            status=status,
            message=message,
            roots=roots,
            explosion=explosion,
            line=line or {},
        )

    def _identity(self) -> dict[str, Any]:
        size = None
        if self.program.size is not None:
            (number,) = exact(self.program.size.code, self.parameters)
            size = int(number) if number is not None and number.q == 1 else None
        return {
            "game": self.program.game,
            "notion": self.program.notion,
            "size": size,
            "parameters": {name: str(v) for name, v in self.numbers.parameters.items()},
            "time": self.numbers.time,
        }

    def found(self, solved: Solved) -> Answer:
        """Everything that follows from a solution."""
        program, time, path = self.program, self.numbers.time, solved.path
        self.path = path
        values = self.environment(path.coefficients(time), time)
        system, given = program.system, program.given
        names = (*system.unknowns, *system.implicit)
        names += program.feedback
        laws, places = self._laws(path)
        strategy = dict(self.strategy)
        if not self.typed:
            strategy = {form.control: floats(form.monomials, values) for form in program.strategy}
        response = (
            {}
            if given is None
            else {form.control: floats(form.monomials, values) for form in given.response}
        )
        value: dict[str, dict[str, float]] = {}
        implied: dict[str, float] = {}
        if given is not None and self._frozen_known:
            implied = floats(given.implied, values)
        if given is None or self._frozen_known:
            value = {v.player: floats(v.monomials, values) for v in program.values}
        inside = {**values, **places}
        open_states = {*program.states} - {*places, *self.place}
        plain = {name: code.at(self.parameters) for name, code in program.outputs}
        outputs = {
            name: center(code.within(inside)[0])
            for name, code in plain.items()
            if not open_states & set(code.arguments)
        }
        widths = [_relative(values[s]) for s in names]
        self.undecided |= any(width > NARROW for width in widths)
        return Answer(
            **self._identity(),
            status=solved.decision.status,
            message=solved.decision.sentence
            + self._judged()
            + (f" {_NO_LAWS}" if self._open else ""),
            roots=solved.roots,
            explosion=solved.explosion,
            strategy={k: v for k, v in strategy.items() if v},
            response={k: v for k, v in response.items() if v},
            value={k: v for k, v in value.items() if v},
            coefficients={s: center(values[s]) for s in names},
            implied=implied,
            growth=self._growth(solved),
            laws=laws,
            outputs=outputs,
            at=self._at(values, solved.decision.status),
            certificate={**solved.certificate, "largest_relative_radius": max(widths, default=0.0)},
        )

    def _growth(self, solved: Solved) -> dict[str, Any]:
        """How fast second moments grow when everybody plays, where averages were frozen."""
        play = solved.play
        second = None if play is None else play.second
        if play is None or play.rise is None or second is None:
            return {}
        return {
            "abscissa": center(second),
            "hazard": center(play.rise.discount),
            "finite": play.rise.finite is True,
        }

    def _judged(self) -> str:
        """At which state a second-order condition was judged whose sign depends on it."""
        states = self.program.judged
        if not states:
            return ""
        at = ", ".join(f"{s} = {center(self.place.get(s, arb(1))):g}" for s in states)
        return f" The second-order condition depends on the state: it holds at {at}."

    @property
    def _open(self) -> bool:
        """Whether means and variances lead to functions of higher degree."""
        return self.program.moments is not None and self.program.moments.matrix is None

    def _laws(self, path: Constant | Backward) -> tuple[dict[str, float], dict[str, arb]]:
        """Means and variances at the time asked for, where they close."""
        laws = Laws(self.program, self.parameters, path, self.initial)
        if not laws.available:
            return {}, {}
        found: dict[str, float] = {}
        places: dict[str, arb] = {}
        for state, (mean, variance) in laws.moments(self.numbers.time).items():
            places[state] = mean
            if state in self.program.laws:
                found[state] = center(mean)
            else:
                found[f"mean {state}"] = center(mean)
                found[f"variance {state}"] = center(variance)
        return found, places

    def _at(self, values: Mapping[str, arb], status: Status) -> dict[str, Any]:
        """Controls and values at the state, and objectives over the initial law."""
        program, place = self.program, self.place
        if not all(s in place for s in program.states):
            return {}
        found: dict[str, Any] = {s: center(place[s]) for s in program.shown if s in place}
        inside = {**values, **{s: place.get(s, arb(1)) for s in program.places}}
        inner = {*program.places} - {*place}
        played = program.strategy
        if program.given is not None and self.typed:
            played = program.given.response if self.frozen else ()
        for form in played:
            if not inner & set(form.code.arguments):
                found[form.control] = center(form.code.within(inside)[0])
        if status in USABLE:
            for name, table in program.beside:
                found |= self._beside(name, table)
        if program.given is not None:
            return found | self._when_played(values, status in USABLE)
        several = program.players > 1
        for number, value in enumerate(program.values, start=1):
            name = f"_{number}" if several else ""
            found[f"V{name}"] = center(value.code.within(inside)[0])
            found |= floats(value.moments, inside)
            if value.exponents and self.numbers.time == 0:
                found[f"J{name}"] = self._objective(value, values)
        return found

    @property
    def _frozen_known(self) -> bool:
        """Whether the averages over the others that are frozen follow from the state."""
        given = self.program.given
        assert given is not None
        known = all(s in self.place for s in self.program.states)
        if self.typed:
            return known and bool(self.frozen)
        return known and len(given.known) == len(given.averages)

    def _beside(self, name: str, table: Table) -> dict[str, float]:
        """The controls at other values of parameters, where these have an equilibrium."""
        changed = zip(table.names, exact(table.code, self.parameters))
        new = {k: Fraction(int(v.p), int(v.q)) for k, v in changed if v is not None}
        numbers = replace(self.numbers, parameters={**self.numbers.parameters, **new})
        other = Point(self.program, numbers, "limit", self.averages)
        solved = other.solved()
        if isinstance(solved, Answer):
            return {}
        time = self.numbers.time
        values = other.environment(solved.path.coefficients(time), time)
        return {
            f"{form.control}_{name}": center(form.code.within(values)[0])
            for form in self.program.strategy
        }

    def _when_played(self, values: Mapping[str, arb], usable: bool) -> dict[str, float]:
        """With the notion given: the value at frozen averages, and what is obtained in play."""
        given = self.program.given
        assert given is not None
        found: dict[str, float] = {}
        if self._frozen_known:
            for value in self.program.values:
                found["V"] = center(value.code.within(values)[0])
                found |= floats(value.moments, values)
        if self.typed:
            return found | {name: center(v) for name, v in self.obtained.items()}
        result = Play(given, values, self.single).obtained({}) if usable else None
        if result is None:
            return found
        found["J"] = center(result.objective)
        if result.exploitability is not None:
            found["exploitability"] = center(result.exploitability)
        return found

    def _objective(self, value: Value, values: Mapping[str, arb]) -> float:
        """The expectation of the value over the law at time 0, for values of degree two."""
        weights = value.quadratic.within(values)
        states = self.program.states
        parts = [self.initial.expectation(e, states) for e in value.exponents]
        return center(sum((w * p for w, p in zip(weights, parts)), arb(0)))


def floats(table: Table, values: Mapping[str, arb]) -> dict[str, float]:
    """The middles of the functions of a table."""
    return {name: center(v) for name, v in table.within(values).items()}


def _relative(number: arb) -> float:
    """The relative radius of a ball; that of one around zero is its radius."""
    middle = abs(center(number))
    return float(number.rad()) / middle if middle else float(number.rad())
