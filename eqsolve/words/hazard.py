"""Equilibria of the family under a hazard rate that depends on time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from eqsolve.errors import InputError
from eqsolve.game.hazard_rates import parse_hazard
from eqsolve.notated.published import Published
from eqsolve.parameters import parameters
from eqsolve.solve.answer import Answer as Solved
from eqsolve.solve.closed_form.point import joint_conditions
from eqsolve.solve.moving import Moving, moving_problem
from eqsolve.words.answer import Answer
from eqsolve.words.equilibrium import Equilibrium, solve
from eqsolve.words.own_words import Named, declaration


@dataclass(frozen=True, kw_only=True)
class HazardEquilibrium(Answer):
    """The feedback at time 0 under a time-dependent hazard rate."""

    hazard: str
    parameters: Mapping[str, Fraction]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        setting = {
            "equilibrium": "given-aggregate",
            "hazard": self.hazard,
            "params": {k: float(v) for k, v in self.parameters.items()},
        }
        return self.document(setting, arithmetic="double")


def solve_hazard(
    game: Named, spec: str, given: Mapping[str, object], *, horizon: object = None
) -> HazardEquilibrium | Equilibrium:
    """The feedback at time 0; see ``eqsolve.solve.moving.solve_moving``.

    The agents act until ``min(tau, horizon)``, or until ``tau`` without a horizon. The aggregates
    are constants to the agent, as in the stationary problem. A constant rate without a horizon is
    the stationary problem, and its answer is returned.

    Raises
    ------
    InputError
        For anything wrong with the input.
    """
    problem = _problem(game, spec, given, horizon)
    if not isinstance(problem, Moving):
        stationary: dict[str, Any] = problem
        return solve(game, **stationary)
    return _told(game, spec, problem, problem.answer())


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


def _problem(
    game: Named, spec: str, given: Mapping[str, object], horizon: object
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
    values = parameters(given, [p for p in model.parameters if p != rate], game=name)
    joint_conditions(model, values, game=name)
    if hazard.constant is not None and horizon is None:
        return {**values, rate: hazard.constant}
    restated = model.restated
    return moving_problem(
        restated.source, spec, values, horizon=horizon, continuum=restated.continuum
    )


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
    numbers = {"strategy": restated.affine(played, model.game.state_symbols, values)}
    if {*restated.response.values()} <= answer.coefficients.keys():
        named = {own: answer.coefficients[name] for own, name in restated.response.items()}
        return {"response": named, **numbers}
    return numbers
