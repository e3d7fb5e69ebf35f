"""One program at one set of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

from flint import arb, ctx, fmpq

from eqsolve.arithmetic.rational import vanishes
from eqsolve.errors import InputError
from eqsolve.inputs import Values
from eqsolve.numerics.status import Status
from eqsolve.program.program import TIME, Claim, Program, Quantity, Table, Value, exact
from eqsolve.solve.answer import Answer
from eqsolve.solve.decide import Candidate, Decision, Rule, by_limit, decide, examine
from eqsolve.solve.horizon import Intervals, longest_horizon
from eqsolve.solve.laws import InitialLaw, Laws, initial_law
from eqsolve.solve.outcome import obtained, unplayable
from eqsolve.solve.path import Backward, Constant, backward, center, rational
from eqsolve.solve.region import may_be_finite
from eqsolve.solve.stationary import Solutions, ball, stationary

#: Working precision of balls, in bits.
BITS = 192
#: What is said where expectations are not followed.
_EVER_MORE = "the generator leads to ever more functions of the states."
_NO_LAWS = (
    "Means and variances of the states are not given: they need more than functions of the second "
    "degree in the states."
)
#: Times of the horizon at which conditions are checked first, both ends included.
CHECKED = 17


@dataclass(frozen=True)
class Solved:
    """The solution that was selected, before anything is computed from it.

    Attributes
    ----------
    path : its coefficients by time.
    decision, roots, certificate, explosion : of the answer.
    admissible : the coefficients of every admissible solution, by its number.
    """

    path: Constant | Backward
    decision: Decision
    roots: tuple[dict[str, Any], ...]
    certificate: dict[str, Any]
    admissible: Mapping[int, Constant | Backward]
    explosion: float | None = None


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
            raise self._error("the horizon must be positive.")
        return value

    @cached_property
    def solutions(self) -> Solutions:
        """All solutions of a stationary system, or of the implicit feedback of another one."""
        if not self.finite:
            return stationary(self.program.system, self.parameters)
        within = partial(may_be_finite, self.program, self.balls)
        return stationary(self.program.system, self.parameters, within=within)

    @cached_property
    def _points(self) -> list[dict[str, arb]]:
        return [{k: ball(v) for k, v in point.items()} for point in self.solutions.points]

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every solution of a stationary system, judged."""
        program = self.program
        return tuple(
            examine(
                self.environment(point, self.numbers.time),
                program.second_order,
                program.system.domains,
                program.growth,
            )
            for point in self._points
        )

    @cached_property
    def decision(self) -> Decision:
        """Which of them is the equilibrium."""
        return decide(
            self.candidates,
            self.solutions.complete,
            self.selection,
            self.rules(),
            isolated=not self.solutions.degenerate,
        )

    def environment(self, coefficients: Mapping[str, arb], time: Fraction) -> dict[str, arb]:
        """Balls for parameters, coefficients of functions and feedback, states and the time."""
        values = {**self.balls, **coefficients, TIME: arb(rational(time))}
        values |= self.program.explicit.within(values)
        for state in self.program.states:
            values[state] = self.place.get(state, arb(1))
        if self.program.given is not None:
            values |= dict.fromkeys(self.program.given.averages, arb(1))
            for name, code in self.program.given.known:
                (values[name],) = code.within(values)
            values |= self.frozen
        return values

    @cached_property
    def place(self) -> dict[str, arb]:
        """States that were given, and means of initial laws in place of others."""
        found = {s: arb(rational(v)) for s, v in self.numbers.states.items()}
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
        return initial_law(self.program.start, self.numbers.states, self._number)

    def _number(self, quantity: Quantity) -> Fraction:
        (value,) = exact(quantity.code, self.parameters)
        if value is None:
            raise self._error(
                f"{quantity.text} is no rational number at these parameters.",
                "Declare a parameter in its place.",
            )
        return Fraction(int(value.p), int(value.q))

    def _error(self, message: str, remedy: str = "") -> InputError:
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
            return self._stationary()
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
                raise self._error(f"{words} is not finite and real at these parameters.")
        if self.program.size is not None:
            (number,) = exact(self.program.size.code, self.parameters)
            if number is None or number.q != 1 or number < 1:
                shown = self.program.size.text if number is None else number
                raise self._error(f"a crowd of {shown} players.", "Give a whole number of players.")

    def _stationary(self) -> Solved | Answer:
        program, solutions = self.program, self.solutions
        if solutions.degenerate and not solutions.points:
            return self.refused(Status.DEGENERATE, solutions.degenerate)
        candidates, decision = self.candidates, self.decision
        roots = self._roots(candidates, decision)
        if decision.selected is None:
            return self.refused(decision.status, decision.sentence, roots)
        selected = decision.selected
        chosen = candidates[selected]
        if any(value is None for value in chosen.abscissa):
            decision = replace(
                decision,
                sentence=f"{decision.sentence} Whether expectations are finite is not decided: "
                f"{_EVER_MORE}",
            )
        if program.given is not None and not self.typed:
            failed = unplayable(program.given, chosen.values)
            if failed is not None:
                return self.refused(*failed, roots)
        certificate = {
            "solutions": len(candidates),
            "complete": solutions.complete,
            "bits": ctx.prec,
        }
        admissible = {
            i: Constant(point)
            for i, (point, candidate) in enumerate(zip(self._points, candidates))
            if candidate.admissible
        }
        path = Constant(self._points[selected])
        return Solved(path, decision, roots, certificate, admissible)

    def rules(self) -> dict[str, Rule]:
        """By name of the selection; raises InputError where the user asked for none of them."""
        rules = {"limit": by_limit(self.program, self.parameters), "value": self._value}
        rules["stabilizing"] = rules["limit"]
        if self.selection not in rules:  # of the user
            raise self._error(
                f"there is no selection {self.selection!r}.", f"Choose one of {', '.join(rules)}."
            )
        return rules

    def _value(self, candidates: Sequence[Candidate]) -> tuple[int | None, str]:
        """The rule ``value``: the best value of the first player at the given state."""
        if not self.program.values:
            return None, "Adjoints give no value to select by."
        first = self.program.values[0]
        values = [first.sign * first.code.within(c.values)[0] for c in candidates]
        best = max(range(len(values)), key=lambda i: center(values[i]))
        if any(not values[best] > v for i, v in enumerate(values) if i != best):
            return None, "The best value at this state is not unique."
        return best, "Of several admissible solutions, the best value at the state is selected."

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
            raise self._error(f"t must lie between 0 and {float(self.end):g}.")
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
                failed = unplayable(self.program.given, values)
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
        explosion: float | None = None,
    ) -> Answer:
        """An answer without numbers."""
        return Answer(
            **self._identity(), status=status, message=message, roots=roots, explosion=explosion
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

    def _roots(
        self, candidates: Sequence[Candidate], decision: Decision
    ) -> tuple[dict[str, Any], ...]:
        names = (*self.program.system.unknowns, *self.program.system.implicit)
        return tuple(
            {
                **{s: center(c.values[s]) for s in names},
                "admissible": c.admissible,
                "selected": i == decision.selected,
                **({"rejected": "; ".join(c.failed)} if c.failed else {}),
                **(
                    {"growth": [center(a) for a in c.abscissa if a is not None]}
                    if c.abscissa
                    else {}
                ),
            }
            for i, c in enumerate(candidates)
        )

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
            laws=laws,
            outputs=outputs,
            at=self._at(values),
            certificate={**solved.certificate, "largest_relative_radius": max(widths, default=0.0)},
        )

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

    def _at(self, values: Mapping[str, arb]) -> dict[str, Any]:
        """Controls and values at the state, and objectives over the initial law."""
        program, place = self.program, self.place
        if not all(s in place for s in program.states):
            return {}
        found: dict[str, Any] = {s: center(place[s]) for s in program.states}
        inside = {**values, **{s: place.get(s, arb(1)) for s in program.places}}
        inner = {*program.places} - {*place}
        played = program.strategy
        if program.given is not None and self.typed:
            played = program.given.response if self.frozen else ()
        for form in played:
            if not inner & set(form.code.arguments):
                found[form.control] = center(form.code.within(inside)[0])
        if program.given is not None:
            return found | self._when_played(values)
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

    def _when_played(self, values: Mapping[str, arb]) -> dict[str, float]:
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
        result = obtained(given, values)
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
    middle = abs(center(number))
    return float(number.rad()) / middle if middle else float(number.rad())


def sentence(text: str) -> str:
    """A text that begins with a capital; the letters of a game stay as they are."""
    return text[:1].upper() + text[1:]
