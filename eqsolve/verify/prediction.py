"""What the closed form says about one agent's problem at one parameter point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb

from eqsolve.arithmetic.algebra import collect
from eqsolve.arithmetic.ball import Values, evaluate
from eqsolve.arithmetic.number import ball, precision
from eqsolve.derivation.closed_form import ClosedForm, run
from eqsolve.errors import NoSolutionError
from eqsolve.game import Game
from eqsolve.notated.agents import Agents, indexed
from eqsolve.notated.published import Published
from eqsolve.parameters import parameters
from eqsolve.solve.closed_form.point import PointSolver, Root
from eqsolve.words.equilibrium import solve

BITS = 256
#: States (x, y) at which the objective is claimed.
OBJECTIVE_AT = ((1, 1), (2, Fraction(1, 2)))

State = tuple[int | Fraction, ...]


@dataclass(frozen=True)
class Prediction:
    """Claims of a closed form in double precision, for the checks that do not know it.

    In a population the environment is what the equilibrium's strategies make of it when every
    agent has wealth 1, held constant, and the strategy's constant is such that the position there
    is the equilibrium's.

    Attributes
    ----------
    name : the parameter set, for a reader.
    game : the decision problem: dynamics, preference, horizon.
    values : exact parameters and environment by symbol.
    feedback : coefficients of the strategy by monomial of the states.
    moments : for each moment, its coefficients by monomial of the states.
    objective : value of the preference by state.
    parts : the components of the response by name.
    """

    name: str
    game: Game
    values: Mapping[sp.Symbol, sp.Expr]
    feedback: Mapping[sp.Expr, float]
    moments: Mapping[str, Mapping[sp.Expr, float]]
    objective: Mapping[State, float]
    parts: Mapping[str, float]


def predictions(
    model: Published, given: Mapping[str, object], *, name: str, form: ClosedForm | None = None
) -> Iterator[Prediction]:
    """Evaluate a closed form at one parameter point, for one agent or for each one that differs.

    Parameters
    ----------
    model : a game with a closed form.
    given : its parameters.
    name : the parameter set, for a reader.
    form : a closed form to use in place of the game's own; its root next to the selected one is
        taken.

    Raises
    ------
    InputError
        For bad parameters.
    NoSolutionError
        If there is no equilibrium with the status ``ok``.
    """
    with precision(BITS):
        if model.types is not None:
            yield from _each(model, model.types, given, name, form)
            return
        solver, root = _selected(model, given)
        if form is not None:
            solver.form = form
            root = _next(solver, float(root.p1))
        y = 1 - solver.values.get(solver.roles.reciprocal, arb(0))
        values = solver.at_root(root, dict(zip(model.game.state_symbols, (arb(1), y))))
        yield _prediction(model, solver, values, solver.position(values), name)


def _selected(model: Published, given: Mapping[str, object]) -> tuple[PointSolver, Root]:
    # one of the parameters is called lambda, a keyword, so that they cannot be written out
    found = solve(model, **dict[str, Any](given))
    if not found.ok or found.selected is None:
        raise NoSolutionError(found.message, game=model.name, stage="verification")
    solver = PointSolver(model, found.parameters)
    return solver, _next(solver, found.numbers["response"][solver.roles.root.name])


def _next(solver: PointSolver, p1: float) -> Root:
    """The root of a closed form that is next to a number."""
    return min(solver.roots(), key=lambda root: abs(float(root.p1) - p1))


def _prediction(
    model: Published, solver: PointSolver, values: Values, position: arb, name: str
) -> Prediction:
    """Read the claims off the values at everybody's wealth 1, where ``position`` is claimed."""
    game, ansatz = model.game, model.ansatz
    x, y = game.state_symbols
    own, others, _ = (values[s] for s in solver.roles.affine)
    constant = position - own * values[x] - others * values[y]

    def objective(at: State) -> float:
        state = {s: ball(Fraction(w)) for s, w in zip((x, y), at, strict=True)}
        return float(evaluate(ansatz.value, dict(values) | state))

    environment = {s: sp.Rational(float(values[s])) for s in game.environment}
    return Prediction(
        name=name,
        game=game,
        values=solver.exact | environment,
        feedback={x: float(own), y: float(others), sp.S.One: float(constant)},
        moments={
            moment: {m: float(values[u]) for m, u in collect(polynomial, (x, y)).items()}
            for moment, polynomial in ansatz.functions.items()
        },
        objective={at: objective(at) for at in OBJECTIVE_AT},
        parts={s.name: float(values[s]) for s in solver.roles.response},
    )


def _each(
    model: Published,
    agents: Agents,
    given: Mapping[str, object],
    name: str,
    form: ClosedForm | None,
) -> Iterator[Prediction]:
    """The problem of every agent, the others' positions as its environment."""
    response = model.response
    assert response is not None
    exact = parameters(given, model.parameters, game=model.name)
    shared = {s.name for s in agents.shared}
    zero = dict.fromkeys((s.name for s in response.game.environment), Fraction(0))
    values: Values = {}
    own: dict[int, tuple[dict[str, object], Root]] = {}
    for i in agents.indices:
        names = [p for p in response.parameters if p in shared or f"{p}_{i}" in exact]
        mine: dict[str, object] = {p: exact[p if p in shared else f"{p}_{i}"] for p in names}
        mine[response.parts.size.name] = Fraction(agents.count)
        solver, root = _selected(response, mine | zero)
        values |= {agents.of(i, s): v for s, v in solver.values.items()}
        values |= {indexed(agents.roles.root, i): root.p1, agents.wealth(i): arb(1)}
        values[indexed(agents.weight, i)] = 1 / arb(agents.count)
        own[i] = mine, root
    run((form or model.derivation.form).definitions, values)
    noise, _ = agents.roles.noises
    (variance,) = set(response.game.environment) - agents.averages.keys()
    for i, (mine, root) in own.items():
        around = {s: evaluate(e, values) for s, e in agents.environment(i).items()}
        others = [j for j in agents.indices if j != i]
        amounts = (values[indexed(noise, j)] * values[indexed(agents.position, j)] for j in others)
        around[variance] = sum((v * v for v in amounts), arb(0)) / agents.count**2
        given_i = mine | {s.name: Fraction(float(v)) for s, v in around.items()}
        solver = PointSolver(response, parameters(given_i, response.parameters, game=model.name))
        state = dict(zip(model.game.state_symbols, (arb(1), 1 - 1 / arb(agents.count))))
        at = solver.at_root(root, state)
        label = f"{name}, agent {i}"
        claim = _prediction(response, solver, at, values[indexed(agents.position, i)], label)
        yield replace(claim, game=replace(claim.game, name=model.name))
