"""What the closed form says about one agent's problem at one parameter point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from eqsolve.errors import NoSolutionError
from eqsolve.model import Model
from eqsolve.numerics.ball import Values, ball, evaluate, precision
from eqsolve.numerics.equilibrium import PointSolver, solve
from eqsolve.symbolic.algebra import collect
from eqsolve.symbolic.game import Game
from eqsolve.symbolic.solving import ClosedForm
from eqsolve.symbols import symbol, symbols

BITS = 256
#: States (x, y) at which the objective is claimed.
OBJECTIVE_AT = ((1, 1), (2, Fraction(1, 2)))


@dataclass(frozen=True)
class Prediction:
    """Claims of a closed form in double precision, for the checks that do not know it.

    Attributes
    ----------
    name : the parameter set, for a reader.
    game : the decision problem: dynamics, preference, horizon.
    values : exact parameters and environment by symbol. In a population the environment is what
        the equilibrium's strategies make of it when every agent has wealth 1, held constant.
    feedback : coefficients of the strategy by monomial of the states.
    moments : for each moment, its coefficients by monomial of the states.
    objective : value of the preference by state.
    parts : the components of the response by name: p1, p2, q3, Qb, Qs.
    """

    name: str
    game: Game
    values: Mapping[sp.Symbol, sp.Expr]
    feedback: Mapping[sp.Expr, float]
    moments: Mapping[str, Mapping[sp.Expr, float]]
    objective: Mapping[tuple[int | Fraction, ...], float]
    parts: Mapping[str, float]


def predict(
    model: Model, given: Mapping[str, object], *, name: str, form: ClosedForm | None = None
) -> Prediction:
    """Evaluate a closed form at one parameter point.

    Parameters
    ----------
    model : a game with a scalar closed form.
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
    # the parameters may be called lambda, which is a keyword
    found = solve(model.name, **given)  # type: ignore[arg-type]
    if not found.ok or found.selected is None:
        raise NoSolutionError(found.message, game=model.name, stage="verification")
    solver = PointSolver(model, found.parameters)
    selected = found.roots[found.selected]
    states = model.game.state_symbols
    with precision(BITS):
        if form is not None:
            solver.form = form
            selected = min(solver.roots(), key=lambda root: abs(float(root.p1 - selected.p1)))
        everybody = {"x": Fraction(1), "y": 1 - Fraction(str(solver.reciprocal))}
        values = solver.at_root(
            selected, {symbol(state): ball(wealth) for state, wealth in everybody.items()}
        )
        coefficients = symbols("p1 p2 p3")
        return Prediction(
            name=name,
            game=model.game,
            values=solver.exact
            | {s: sp.Rational(float(values[s])) for s in model.game.environment},
            feedback=dict(zip((*states, sp.S.One), (float(values[p]) for p in coefficients))),
            moments={
                moment: {m: float(values[u]) for m, u in collect(polynomial, states).items()}
                for moment, polynomial in model.ansatz.moments.items()
            },
            objective={at: _objective(model, values, at) for at in OBJECTIVE_AT},
            parts={s.name: float(values[s]) for s in symbols("p1 p2 q3 Qb Qs")},
        )


def _objective(model: Model, values: Values, at: tuple[int | Fraction, ...]) -> float:
    state = {s: ball(Fraction(w)) for s, w in zip(model.game.state_symbols, at, strict=True)}
    return float(evaluate(model.ansatz.value, dict(values) | state))
