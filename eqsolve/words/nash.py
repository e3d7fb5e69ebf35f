"""Closed-loop Nash equilibria of the family, by the engine of all games, at one point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

from flint import arb, fmpq

from eqsolve.arithmetic.number import ball, number, sign
from eqsolve.inputs import Values
from eqsolve.program.letters import Names
from eqsolve.program.program import Growth, Program, Table, exact
from eqsolve.program.words import Loop
from eqsolve.solve.decide import Candidate, decide
from eqsolve.solve.growth import Followed, Rise
from eqsolve.solve.path import rational
from eqsolve.solve.point import Point
from eqsolve.status import Status


@dataclass(frozen=True)
class NashRoot:
    """A stationary feedback of finite second moments.

    Attributes
    ----------
    names : what its coefficients are called.
    feedback : these, by balls: of own wealth, of the others' and 1.
    abscissa : the growth rate of second moments.
    admissible : whether it is an equilibrium.
    moments : the coefficients of the moments, by name.
    """

    names: Names
    feedback: tuple[arb, ...]
    abscissa: arb
    admissible: bool
    moments: Mapping[str, arb]
    multiplicity: int = 1

    def to_dict(self, *, selected: bool) -> dict[str, float | bool | None]:
        """Return the JSON form."""
        coefficients = {name: number(v) for name, v in zip(self.names, self.feedback)}
        return {
            **coefficients,
            "abscissa": float(self.abscissa),
            "admissible": self.admissible,
            "selected": selected,
        }


@dataclass(frozen=True)
class Nash:
    """The closed-loop Nash equilibria with finite second moments.

    Attributes
    ----------
    roots : the stationary feedbacks of finite second moments; those that are admissible are
        equilibria, each enclosed by balls in a box that is proved to hold it and no other.
    selected : the number of the one that is selected.
    complete : whether it is proved that there are no others.
    control : the name of what the feedback gives.
    objective : what an agent obtains at the state then.
    """

    roots: tuple[NashRoot, ...]
    selected: int | None
    complete: bool
    message: str
    control: str
    objective: arb

    @property
    def status(self) -> Literal["ok", "unresolved", "no-solution"]:
        """Whether an equilibrium is selected; without a proof none is denied."""
        if self.selected is not None:
            return "ok"
        some = any(root.admissible for root in self.roots)
        return "unresolved" if some or not self.complete else "no-solution"


def nash(
    loop: Loop, given: Mapping[str, Fraction], state: Mapping[str, Fraction], selection: str
) -> Nash:
    """Find every closed-loop Nash feedback with finite second moments, and select one.

    Parameters
    ----------
    loop : of a game with a population.
    given : exact parameters.
    state : own wealth and that of the others.
    selection : ``"limit"`` of finite horizons, or the largest ``"value"`` at the state.
    """
    program = loop.program
    single = given.get(loop.size) == 1
    values = Values(given, {**state, **places(loop, given, state)})
    point = Point(program, values, selection, finite=not single)
    choice = point.choice
    # what is known in part only is no solution that could be judged
    begun = [id(solution) for solution in point.solutions.begun]
    candidates = tuple(c for c, s in zip(choice.candidates, choice.found) if id(s) not in begun)
    if single:
        candidates = _alone(loop, candidates)
    finite = [c for c in candidates if sign(_margin(c)) < 0]
    complete = point.solutions.complete
    decision = decide(finite, complete, selection, choice.rules())
    (growth,) = program.growth
    rates = [_margin(c) + c.values[loop.hazard] if single else _second(growth, c) for c in finite]
    roots = [_root(loop, c, given, rate) for c, rate in zip(finite, rates)]
    order = sorted(range(len(roots)), key=lambda k: float(roots[k].feedback[0]))
    selected = decision.selected
    return Nash(
        tuple(roots[k] for k in order),
        None if selected is None else order.index(selected),
        complete,
        _told(sum(root.admissible for root in roots), complete, selected is None, selection),
        program.strategy[0].control,
        arb(0) if selected is None else _objective(program, finite[selected]),
    )


def places(
    loop: Loop, given: Mapping[str, Fraction], state: Mapping[str, Fraction]
) -> dict[str, Fraction]:
    """States and laws of the program at a state of the game, where they are others."""
    # a state that is zero has no part, whatever it is divided by
    found = _at(loop.places, state, given)
    return {name: Fraction(int(v.p), int(v.q)) for name, v in found.items()}


def _margin(candidate: Candidate) -> arb:
    """The growth rate of second moments less the hazard rate."""
    (margin,) = candidate.abscissa
    assert margin is not None, "an affine feedback's second moments are finitely many"
    return margin


def _second(growth: Growth, candidate: Candidate) -> arb:
    """The growth rate of all second moments."""
    rate = Followed(growth, candidate.values).second()
    assert rate is not None, "second moments are followed"
    return rate


def _at(table: Table, *known: Mapping[str, Fraction]) -> dict[str, fmpq]:
    """Rational functions at exact numbers, by name."""
    numbers = {name: rational(value) for row in known for name, value in row.items()}
    found = {}
    for name, value in zip(table.names, exact(table.code, numbers)):
        assert value is not None, "a rational function of numbers"
        found[name] = value
    return found


def _alone(loop: Loop, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The solutions of a single agent, judged by the growth of the own wealth.

    To it the coefficient of the others' wealth is nothing: of several the smallest is kept.
    """
    own, others, _ = loop.feedback
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda c: abs(float(c.values[others]))):
        if any(candidate.values[own].overlaps(c.values[own]) for c in kept):
            continue
        (margin,) = loop.alone.within(candidate.values)
        holds = all(c.holds(candidate.values) for c in loop.program.second_order)
        status = Status.OK if holds and margin < 0 else Status.NO_ADMISSIBLE_ROOT
        hazard = candidate.values[loop.hazard]
        rise = Rise(f"{loop.states[0]}**2", margin + hazard, hazard)
        kept.append(replace(candidate, rises=(rise,), status=status))
    return tuple(kept)


def _objective(program: Program, candidate: Candidate) -> arb:
    """What an agent obtains at the state, if all play a feedback."""
    (value,) = program.values
    objective: arb = value.code.within(candidate.values)[0]
    return objective


def _root(
    loop: Loop, candidate: Candidate, given: Mapping[str, Fraction], abscissa: arb
) -> NashRoot:
    """A solution in the game's own words."""
    values, slopes = candidate.values, dict(loop.slopes)
    (form,) = loop.program.strategy
    feedback = dict.fromkeys([*loop.states, "1"], arb(0))
    for name, value in form.monomials.within(values).items():
        parts = _at(slopes[name], given) if name in slopes else {name: fmpq(1)}
        for own, slope in parts.items():
            feedback[own] += value * slope
    return NashRoot(
        loop.feedback,
        tuple(feedback.values()),
        abscissa,
        candidate.admissible,
        loop.moments.within(values),
    )


def _told(count: int, complete: bool, open_: bool, selection: str) -> str:
    """The sentence of an answer; ``open_`` if none of several is selected."""
    how = "the one that finite horizons reach is selected"
    if open_:
        how = "none is selected, because finite horizons reach none of them"
    elif selection == "value":
        how = "the one with the largest objective at the state is selected"
    if count == 0:
        text = "No closed-loop Nash equilibrium in affine feedback with finite second moments"
        return (
            f"{text} exists: exact elimination finds no other stationary feedback."
            if complete
            else f"{text} was found, but the search is not complete."
        )
    if count == 1:
        text = "The closed-loop Nash equilibrium in affine feedback with finite second moments"
    else:
        text = f"Of {count} closed-loop Nash equilibria with finite second moments {how}"
    found = "exact elimination misses none" if complete else "others may exist"
    return f"{text}; {found}."


def nash_numbers(found: Nash, state: Mapping[str, Fraction]) -> dict[str, Any]:
    """The numbers of an answer with a selected feedback.

    A root solves the first-order conditions, and its second-order condition holds: no deviation
    is a gain.
    """
    assert found.selected is not None
    root = found.roots[found.selected]
    keys = [*state, "1"]
    amounts = [*map(ball, state.values()), arb(1)]
    position = sum((k * amount for k, amount in zip(root.feedback, amounts)), arb(0))
    return {
        "at": {
            **{name: float(value) for name, value in state.items()},
            found.control: number(position),
            "J": number(found.objective),
            "exploitability": 0.0,
        },
        "strategy": dict(zip(keys, map(number, root.feedback))),
        "moments": {name: number(value) for name, value in root.moments.items()},
    }
