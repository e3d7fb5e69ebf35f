"""What follows from a solution: everything that an answer says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from flint import arb

from eqsolve.program.program import Program, Table, Value, exact
from eqsolve.solve.answer import Answer
from eqsolve.solve.choice import Solved
from eqsolve.solve.expected import expectations
from eqsolve.solve.laws import Laws
from eqsolve.solve.outcome import Play
from eqsolve.solve.path import Backward, Constant, center
from eqsolve.status import Status

if TYPE_CHECKING:
    from eqsolve.solve.point import Point

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


@dataclass(frozen=True)
class Results:
    """The results at a point; its ``path`` and ``undecided`` are set on the way."""

    point: Point

    @property
    def program(self) -> Program:
        """Of the point."""
        return self.point.program

    def answer(self, solved: Solved) -> Answer:
        """Everything that follows from a solution."""
        program, time, path = self.program, self.point.numbers.time, solved.path
        self.point.path = path
        values = self.point.environment(path.coefficients(time), time)
        self._moves(values)
        system, given = program.system, program.given
        names = (*system.unknowns, *system.implicit)
        names += program.feedback
        laws, places = self._laws(path)
        strategy = dict(self.point.strategy)
        if not self.point.typed:
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
        open_states = {*program.states} - {*places, *self.point.place}
        plain = {name: code.at(self.point.parameters) for name, code in program.outputs}
        outputs = {
            name: center(code.within(inside)[0])
            for name, code in plain.items()
            if not open_states & set(code.arguments)
        }
        widths = [_relative(values[s]) for s in names]
        self.point.undecided |= any(width > NARROW for width in widths)
        widths += map(_relative, self.point.obtained.values())
        return Answer(
            **self.point.identity(),
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

    def _moves(self, values: Mapping[str, arb]) -> None:
        """Refuse a state at which a drift, loading or jump is no real number, as a root of -1."""
        program, place = self.program, self.point.place
        open_states = {*program.states, *program.places} - {*place}
        inside = {name: arb(v.mid()) for name, v in {**values, **place}.items()}
        for form in program.strategy:
            # averages over types of their own are not among the values of one type
            if {*form.code.arguments} <= inside.keys() - open_states:
                (played,) = form.code.within(inside)
                inside[form.control] = arb(played.mid())
        known = inside.keys() - open_states
        for words, code in program.declared:
            moves = words.startswith(("the drift", "the loading", "the jump"))
            if moves and set(code.arguments) <= known and not code.within(inside)[0].is_finite():
                names = (*place, *(form.control for form in program.strategy))
                at = [f"{n} = {center(inside[n]):g}" for n in names if n in code.arguments]
                raise self.point.error(
                    f"{words} is no real number at {', '.join(at)}.",
                    "Give a state at which it is one.",
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
        at = ", ".join(f"{s} = {center(self.point.place.get(s, arb(1))):g}" for s in states)
        return f" The second-order condition depends on the state: it holds at {at}."

    @property
    def _open(self) -> bool:
        """Whether means and variances lead to functions of higher degree."""
        return self.program.moments is not None and self.program.moments.matrix is None

    def _laws(self, path: Constant | Backward) -> tuple[dict[str, float], dict[str, arb]]:
        """Means and variances at the time asked for, where they close."""
        laws = Laws(self.program, self.point.parameters, path, self.point.initial)
        if not laws.available or self.point.moves is not None:
            return {}, {}
        found: dict[str, float] = {}
        places: dict[str, arb] = {}
        for state, (mean, variance) in laws.moments(self.point.numbers.time).items():
            places[state] = mean
            if state in self.program.laws:
                found[state] = center(mean)
            else:
                found[f"mean {state}"] = center(mean)
                found[f"variance {state}"] = center(variance)
        return found, places

    def _at(self, values: Mapping[str, arb], status: Status) -> dict[str, Any]:
        """Controls and values at the state, and objectives over the initial law."""
        program, place = self.program, self.point.place
        if not all(s in place for s in program.states):
            return {}
        found: dict[str, Any] = {s: center(place[s]) for s in program.shown if s in place}
        inside = {**values, **{s: place.get(s, arb(1)) for s in program.places}}
        inner = {*program.places} - {*place}
        played = program.strategy
        if program.given is not None and self.point.typed:
            played = program.given.response if self.point.frozen else ()
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
            if value.exponents and self.point.numbers.time == 0:
                found[f"J{name}"] = self._objective(value, values)
        return found

    @property
    def _frozen_known(self) -> bool:
        """Whether the averages over the others that are frozen follow from the state."""
        given = self.program.given
        assert given is not None
        known = all(s in self.point.place for s in self.program.states)
        if self.point.typed:
            return known and bool(self.point.frozen)
        return known and len(given.known) == len(given.averages)

    def _beside(self, name: str, table: Table) -> dict[str, float]:
        """The controls at other values of parameters, where these have an equilibrium."""
        changed = zip(table.names, exact(table.code, self.point.parameters))
        new = {k: Fraction(int(v.p), int(v.q)) for k, v in changed if v is not None}
        numbers = replace(self.point.numbers, parameters={**self.point.numbers.parameters, **new})
        other = type(self.point)(self.program, numbers, "limit", self.point.averages)
        solved = other.solved()
        if isinstance(solved, Answer):
            return {}
        time = self.point.numbers.time
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
        if self.point.typed:
            return found | {name: center(v) for name, v in self.point.obtained.items()}
        if not usable:
            return found
        expected, path = None, self.point.path
        if isinstance(path, Backward):
            expected = expectations(self.point, path, self.point.numbers.time)
            if expected is None:
                return found
        result = Play(given, values, self.point.single).obtained(expected)
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
        parts = [self.point.initial.expectation(e, states) for e in value.exponents]
        return center(sum((w * p for w, p in zip(weights, parts)), arb(0)))


def floats(table: Table, values: Mapping[str, arb]) -> dict[str, float]:
    """The middles of the functions of a table."""
    return {name: center(v) for name, v in table.within(values).items()}


def _relative(number: arb) -> float:
    """The relative radius of a ball; that of one around zero is its radius."""
    middle = abs(center(number))
    return float(number.rad()) / middle if middle else float(number.rad())
