"""Closed-loop Nash equilibria of the family, by the engine of all games, at one point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

import sympy as sp
from flint import arb, fmpq

from eqsolve.inputs import Values
from eqsolve.model import Model
from eqsolve.numerics.arithmetic.ball import ball, evaluate, number, sign
from eqsolve.numerics.status import Status
from eqsolve.program.program import Growth, Program
from eqsolve.roles import Symbols
from eqsolve.solve.decide import Candidate, decide
from eqsolve.solve.growth import Followed, Rise
from eqsolve.solve.point import Point
from eqsolve.words.restating import restated_program


@dataclass(frozen=True)
class NashRoot:
    """A stationary feedback of finite second moments.

    Attributes
    ----------
    names : the symbols of its coefficients.
    feedback : these, by balls: of own wealth, of the others' and 1.
    abscissa : the growth rate of second moments.
    admissible : whether it is an equilibrium.
    moments : the coefficients of the moments, by name.
    """

    names: Symbols
    feedback: tuple[arb, ...]
    abscissa: arb
    admissible: bool
    moments: Mapping[str, arb]
    multiplicity: int = 1

    def to_dict(self, *, selected: bool) -> dict[str, float | bool | None]:
        """Return the JSON form."""
        coefficients = {s.name: number(v) for s, v in zip(self.names, self.feedback)}
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
    model: Model, given: Mapping[str, Fraction], state: Mapping[str, Fraction], selection: str
) -> Nash:
    """Find every closed-loop Nash feedback with finite second moments, and select one.

    Parameters
    ----------
    model : a game with a population.
    given : exact parameters.
    state : own wealth and that of the others.
    selection : ``"limit"`` of finite horizons, or the largest ``"value"`` at the state.
    """
    restated = model.restated
    assert restated is not None
    program = restated_program(restated, "feedback")
    single = given.get(model.parts.size.name) == 1
    point = Point(
        program, Values(given, restated.places(state, given)), selection, finite=not single
    )
    choice = point.choice
    # what is known in part only is no solution that could be judged
    begun = [id(solution) for solution in point.solutions.begun]
    candidates = tuple(c for c, s in zip(choice.candidates, choice.found) if id(s) not in begun)
    if single:
        candidates = _alone(model, program, candidates)
    finite = [c for c in candidates if sign(_margin(c)) < 0]
    complete = point.solutions.complete
    decision = decide(finite, complete, selection, choice.rules())
    (growth,) = program.growth
    rates = [
        _margin(c) + c.values[model.parts.hazard.name] if single else _second(growth, c)
        for c in finite
    ]
    roots = [_root(model, program, c, given, rate) for c, rate in zip(finite, rates)]
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


def _alone(
    model: Model, program: Program, candidates: Sequence[Candidate]
) -> tuple[Candidate, ...]:
    """The solutions of a single agent, judged by the growth of the own wealth.

    To it the coefficient of the others' wealth is nothing: of several the smallest is kept.
    """
    own, others, _ = (s.name for s in model.parts.affine)
    state = model.game.states[0]
    played = {model.game.control.symbol: model.parts.affine[0] * state.symbol}
    slopes = [
        sp.diff(e.xreplace(played), state.symbol) for e in (state.drift, *state.loadings.values())
    ]
    growth = 2 * slopes[0] + sp.Add(*(slope**2 for slope in slopes[1:])) - model.parts.hazard
    growth = growth.xreplace({s: e for s, e in model.game.definitions.items()})
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda c: abs(float(c.values[others]))):
        if any(candidate.values[own].overlaps(c.values[own]) for c in kept):
            continue
        margin = evaluate(growth, {g: candidate.values[g.name] for g in growth.free_symbols})
        holds = all(c.holds(candidate.values) for c in program.second_order)
        status = Status.OK if holds and margin < 0 else Status.NO_ADMISSIBLE_ROOT
        hazard = candidate.values[model.parts.hazard.name]
        rise = Rise(f"{state.symbol}**2", margin + hazard, hazard)
        kept.append(replace(candidate, rises=(rise,), status=status))
    return tuple(kept)


def _objective(program: Program, candidate: Candidate) -> arb:
    """What an agent obtains at the state, if all play a feedback."""
    (value,) = program.values
    objective: arb = value.code.within(candidate.values)[0]
    return objective


def _root(
    model: Model,
    program: Program,
    candidate: Candidate,
    given: Mapping[str, Fraction],
    abscissa: arb,
) -> NashRoot:
    """A solution in the game's own words."""
    restated = model.restated
    assert restated is not None
    values = candidate.values
    (form,) = program.strategy
    feedback = dict.fromkeys([*(s.name for s in model.game.state_symbols), "1"], arb(0))
    for name, value in form.monomials.within(values).items():
        for own, slope in restated.slopes(name, model.game.state_symbols, given).items():
            feedback[own] += value * fmpq(int(slope.p), int(slope.q))
    symbolic = {sp.Symbol(name): value for name, value in values.items()}
    moments = {s.name: sp.Symbol(s.name) for s in model.parts.moments} | dict(restated.moments)
    return NashRoot(
        model.parts.affine,
        tuple(feedback.values()),
        abscissa,
        candidate.admissible,
        {name: evaluate(e, symbolic) for name, e in moments.items()},
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
