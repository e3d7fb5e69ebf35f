"""One program at one set of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq

from eqsolve.arithmetic.rational import vanishes
from eqsolve.errors import InputError
from eqsolve.inputs import Values
from eqsolve.program.program import TIME, Claim, Program, Quantity, exact
from eqsolve.solve.answer import Answer
from eqsolve.solve.choice import Choice, Solved, sentence
from eqsolve.solve.decide import Decision
from eqsolve.solve.horizon import Intervals, longest_horizon
from eqsolve.solve.laws import InitialLaw, initial_law
from eqsolve.solve.outcome import Expected, Play
from eqsolve.solve.path import STEPS, Backward, Constant, Leg, Moves, backward, legs, rational
from eqsolve.solve.reached import reached
from eqsolve.solve.reduction import everywhere
from eqsolve.solve.region import MARGIN, may_be_finite
from eqsolve.solve.results import Results
from eqsolve.solve.stationary import Solutions, ball, stationary
from eqsolve.status import Status

if TYPE_CHECKING:
    from eqsolve.arithmetic.trajectory import Trajectory

#: Working precision of balls, in bits.
BITS = 192
#: Precisions that are tried at a stationary problem until every sign is decided.
PRECISIONS = (BITS, 1024, 4096)
#: Times of the horizon at which conditions are checked first, both ends included.
CHECKED = 17


@dataclass
class Point:
    """One program at one set of numbers; every part is computed when it is asked for.

    ``finite`` leaves out solutions whose expectations are surely infinite, which saves proofs.
    ``moves`` is a parameter that moves in time. Where a problem goes on beyond the end, ``begun``
    are the coefficients there, and ``onward`` what is expected there when everybody plays.
    ``path`` holds the coefficients by time once an answer has been found, ``played`` what is then
    expected; ``steps`` is how many steps its enclosure may take. Where players with types
    of their own respond to averages over the others, these (``frozen``), the strategy in the states
    of all types and what is obtained in play come from all types.
    """

    program: Program
    numbers: Values
    selection: str
    averages: Mapping[str, fmpq] = field(default_factory=dict)
    finite: bool = False
    moves: Moves | None = None
    begun: Sequence[arb] | None = None
    onward: Expected | None = None
    steps: int = STEPS
    path: Constant | Backward | None = field(default=None, init=False)
    played: Trajectory | None = field(default=None, init=False)
    frozen: Mapping[str, arb] = field(default_factory=dict, init=False)
    strategy: Mapping[str, Mapping[str, float]] = field(default_factory=dict, init=False)
    obtained: Mapping[str, arb] = field(default_factory=dict, init=False)
    #: Whether a decision rests on a ball around zero, or a result is not narrow.
    undecided: bool = field(default=False, init=False)

    @property
    def typed(self) -> bool:
        """Whether averages over the others are those of types of their own."""
        return self.program.given is not None and self.program.given.responses is not None

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
    def legs(self) -> list[Leg]:
        """The stretches of time in which nothing jumps, the last one first."""
        assert self.end is not None
        return legs(self.parameters, self.end, self.moves)

    @cached_property
    def solutions(self) -> Solutions:
        """All solutions of a stationary system, or of the implicit feedback of another one."""
        within = partial(may_be_finite, self.program, self.balls)
        return stationary(
            self.program.system,
            self.parameters,
            within=within if self.finite else everywhere,
            searched=partial(within, margin=MARGIN),
            reached=partial(reached, self.program, self.parameters),
        )

    @cached_property
    def choice(self) -> Choice:
        """The decision among them."""
        return Choice(self)

    def environment(self, coefficients: Mapping[str, arb], time: Fraction) -> dict[str, arb]:
        """Balls for parameters, coefficients of functions and feedback, states and the time."""
        values = {**self.balls, **coefficients, TIME: arb(rational(time))}
        if self.moves is not None:
            values[self.moves.letter] = self.moves.at(time)
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
        path = backward(program, self.legs, constants, self.begun, self.steps)
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
        if self.moves is not None:
            first[self.moves.letter] = self.moves.over(self.end)
        intervals = Intervals(path, first)
        for condition, otherwise in wanted:
            proved, moment = intervals.holds(condition)
            if proved is False:
                where = f" at t = {float(moment):g}"
                return self.refused(otherwise, sentence(condition.sentence) + where + ".")
            if proved is None:
                held = f"at {CHECKED} times"
        explosion, how = None, f"none up to {float(self.end):g}"
        if self.moves is None:
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
                    return status, sentence(condition.failing(values)) + where + "."
            if self.program.given is not None and not self.typed:
                failed = Play(self.program.given, values, self.single).refused(finite=True)
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
            if solutions.complete:
                none = "The first-order condition has no solution."
                return self.refused(Status.NO_SOLUTION, none)
            none = "The search found no solution of the first-order condition; there may be one."
            return self.refused(Status.UNRESOLVED, none)
        return self.refused(Status.UNRESOLVED, "The first-order condition has several solutions.")

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
            **self.identity(),
            status=status,
            message=message,
            roots=roots,
            explosion=explosion,
            line=line or {},
        )

    def identity(self) -> dict[str, Any]:
        """What every answer says of what was asked."""
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
        """The answer where a solution was selected."""
        return Results(self).answer(solved)
