"""Equilibria of the family under a hazard rate that depends on time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy as sp

from eqsolve.errors import InputError
from eqsolve.game.hazard_rates import parse_hazard
from eqsolve.inputs import ALIASES
from eqsolve.notated.published import Published
from eqsolve.parameters import exact, parameters, require
from eqsolve.program.program import TIME
from eqsolve.solve.answer import Answer as Solved
from eqsolve.solve.closed_form.point import joint_conditions
from eqsolve.solve.moving import Moving, moving_problem
from eqsolve.words.answer import Answer
from eqsolve.words.equilibrium import Equilibrium, solve
from eqsolve.words.own_words import Named, apart_of, declaration


@dataclass(frozen=True, kw_only=True)
class HazardEquilibrium(Answer):
    """The feedback under a time-dependent hazard rate, at the time asked for."""

    hazard: str
    parameters: Mapping[str, Fraction]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        setting = {
            "equilibrium": "given-aggregate",
            "hazard": self.hazard,
            "params": {k: float(v) for k, v in self.parameters.items()},
        }
        return self.document(setting)


def solve_hazard(
    game: Named,
    spec: str,
    given: Mapping[str, object],
    *,
    horizon: object = None,
    at: Mapping[str, object] | None = None,
) -> HazardEquilibrium | Equilibrium:
    """The equilibrium at a time; see ``eqsolve.solve.moving.solve_moving``.

    The agents act until ``min(tau, horizon)``, or until ``tau`` without a horizon. The aggregates
    are constants to the agent, as in the stationary problem. A constant rate without a horizon is
    the stationary problem, and its answer is returned.

    Raises
    ------
    InputError
        For anything wrong with the input.
    """
    place = dict(at or {})
    if declaration(game).types is not None:
        return _differing(game, spec, given, horizon, place)[0]
    problem = _problem(game, spec, given, horizon, place)
    if not isinstance(problem, Moving):
        stationary: dict[str, Any] = problem
        place.pop(TIME, None)
        return solve(game, at=place, **stationary)
    model = declaration(game)
    if place and model.restated is not None:
        place = {**_state(model, problem, place, game.name), TIME: place.get(TIME, 0)}
    return _told(game, spec, problem, problem.answer(place))


def course(
    game: Named,
    spec: str,
    given: Mapping[str, object],
    times: Sequence[Fraction],
    *,
    horizon: object = None,
    at: Mapping[str, object] | None = None,
) -> list[HazardEquilibrium | Equilibrium]:
    """The same at several times, ascending, from one solution."""
    if declaration(game).types is not None:
        return [*_differing(game, spec, given, horizon, at or {}, times)]
    place = {**(at or {}), TIME: times[0]}
    problem = _problem(game, spec, given, horizon, place)
    if not isinstance(problem, Moving):
        return [solve_hazard(game, spec, given, at=at)] * len(times)
    state = _state(declaration(game), problem, at or {}, game.name)
    return [_told(game, spec, problem, answer) for answer in problem.course(times, state)]


def certified_hazard(
    game: Named, spec: str, given: Mapping[str, object], *, horizon: object = None
) -> tuple[HazardEquilibrium | Equilibrium, dict[str, Any]]:
    """The same in balls, with what shows that it is right: see ``certificate_of_hazard``.

    Raises
    ------
    NoSolutionError
        If there is no equilibrium.
    InputError
        For anything wrong with the input, and where the file cannot hold the proof.
    """
    from eqsolve.solve.certificate_hazard import certificate_of_hazard
    from eqsolve.words.equilibrium import certificate

    problem = _problem(game, spec, given, horizon)
    if not isinstance(problem, Moving):
        stationary: dict[str, Any] = problem
        how: dict[str, Any] = {"equilibrium": "given-aggregate", "selection": "limit", "at": {}}
        return solve(game, **stationary), certificate(game, stationary, **how)
    answer, document = certificate_of_hazard(problem)
    return _told(game, spec, problem, answer), {**document, "game": game.name}


def _differing(
    game: Named,
    spec: str,
    given: Mapping[str, object],
    horizon: object,
    at: Mapping[str, object],
    times: Sequence[Fraction] = (),
) -> list[HazardEquilibrium]:
    """The same of agents who differ: positions, values and feedback of each at times, or at one."""
    from eqsolve.solve.moving_types import course_of_types
    from eqsolve.words.agents import by_agent, in_columns, validated

    apart, model = apart_of(game), declaration(game)
    assert model.restated is not None
    require(
        set(at) <= {TIME}, "the wealths of agents who differ are in their tables.", game=game.name
    )
    tables = by_agent(apart, in_columns(apart, given, game.name), game.name)
    agents: Any = tables.get("agent", tables.get("agents", ()))
    known = [name for table in agents for name in (apart.hazard, "lam") if name in table]
    require(not known, f"{apart.hazard} is given, and a hazard rate besides.", game=game.name)
    one = [{**table, apart.hazard: 1} for table in agents]
    rows = validated(apart, {**tables, "agent": one}, game.name)
    names = {"wealth": apart.state}
    values: dict[str, object] = {apart.rate: rows[0][apart.rate], apart.size: len(rows)}
    for k, row in enumerate(rows, 1):
        skipped = (apart.rate, apart.hazard)
        values |= {f"{names.get(n, n)}_{k}": v for n, v in row.items() if n not in skipped}
    source = model.restated.source()
    moments = times or [exact(TIME, at.get(TIME, 0), game=game.name)]
    answers = course_of_types(source, [spec], values, moments, horizon=horizon, at=at)
    (control,) = (c.name for c in source.game.controls)
    return [
        HazardEquilibrium(
            game=game.name,
            hazard=spec,
            parameters={k: exact(k, v) for k, v in values.items() if k != apart.size},
            status=answer.status.label,
            message=answer.message,
            numbers=_by_type(answer, control, len(rows)),
        )
        for answer in answers
    ]


def _by_type(answer: Solved, control: str, count: int) -> dict[str, Any]:
    """Positions, values and what is obtained of agents who differ, in a list each."""
    if not answer.ok:
        return {}
    known = {
        name: [answer.at[f"{name}_{k}"] for k in range(1, count + 1)]
        for name in (control, "V", "J", "exploitability")
        if all(f"{name}_{k}" in answer.at for k in range(1, count + 1))
    }
    return known | {
        "feedback": {k: dict(v) for k, v in answer.strategy.items()},
        "at": {"t": float(answer.time)},
        "enclosure": dict(answer.certificate),
    }


def _problem(
    game: Named,
    spec: str,
    given: Mapping[str, object],
    horizon: object,
    at: Mapping[str, object] | None = None,
) -> Moving | dict[str, object]:
    """The problem under the rate; of a constant one the parameters of the stationary problem."""
    model, name, hazard = declaration(game), game.name, parse_hazard(spec)
    if model.restated is None or model.types is not None:
        raise InputError(
            "hazard rates that depend on time need agents who are alike, and a declaration by "
            "eqsolve.game.",
            game=name,
            stage="input",
        )
    rate = model.parts.hazard.name
    known = {ALIASES.get(key, key) for key in given}
    require(rate not in known, f"{rate} is given, and a hazard rate besides.", game=name)
    values = parameters(given, [p for p in model.parameters if p != rate], game=name)
    joint_conditions(model, values, game=name)
    if hazard.constant is not None and horizon is None:
        return {**values, rate: hazard.constant}
    restated = model.restated
    if at and restated.own is not None:
        # values are in the game's own states
        own = replace(restated.own(), outputs={})
        return moving_problem(own, spec, values, horizon=horizon)
    return moving_problem(
        restated.source, spec, values, horizon=horizon, continuum=restated.continuum
    )


def _state(
    model: Published, problem: Moving, at: Mapping[str, object], game: str
) -> dict[str, Fraction]:
    """The state that is asked for; what is not given is as the game has it."""
    restated = model.restated
    assert restated is not None
    names = [s.name for s in restated.state]
    for name in at:
        require(name in (*names, TIME), f"{name!r} is no state.", game=game)
    known = dict(problem.numbers.parameters)
    found: dict[str, Fraction] = {}
    for symbol, form in restated.state.items():
        value = form.xreplace({s: sp.Rational(v) for s, v in known.items()})
        found[symbol.name] = exact(symbol.name, at.get(symbol.name, value), game=game)
        known[symbol] = found[symbol.name]
    return found


def _told(game: Named, spec: str, problem: Moving, answer: Solved) -> HazardEquilibrium:
    """The answer in the game's own words."""
    model = declaration(game)
    values = {s.name: v for s, v in problem.numbers.parameters.items() if s != problem.letter}
    values = {name: values[name] for name in model.parameters if name in values}
    return HazardEquilibrium(
        game=game.name,
        hazard=spec,
        parameters=values,
        status=answer.status.label,
        message=answer.message,
        numbers=_numbers(model, values, answer) if answer.ok else {},
    )


def _numbers(model: Published, values: Mapping[str, Fraction], answer: Solved) -> dict[str, Any]:
    restated = model.restated
    assert restated is not None
    (played,) = answer.strategy.values()
    numbers: dict[str, Any] = {
        "strategy": restated.affine(played, model.game.state_symbols, values)
    }
    if answer.value:
        (numbers["value"],) = answer.value.values()
    if answer.at:
        hidden = {m.name for m in restated.source().game.moments}
        numbers["at"] = {"t": float(answer.time)} | {
            k: v for k, v in answer.at.items() if k not in hidden
        }
    if answer.certificate:
        numbers["enclosure"] = dict(answer.certificate)
    if {*restated.response.values()} <= answer.coefficients.keys():
        named = {own: answer.coefficients[name] for own, name in restated.response.items()}
        return {"response": named, **numbers}
    return numbers
