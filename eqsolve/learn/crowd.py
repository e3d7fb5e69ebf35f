"""A declared mean-field game of one state as functions, which JAX can differentiate.

What is learned from is the declaration: drift, volatility, costs and the laws in them. The closed
form is not read. A game that no method represents is refused before work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import sympy as sp

from eqsolve.errors import InputError, NoSolutionError
from eqsolve.game import Model
from eqsolve.game.parameters import Numbers
from eqsolve.pde.declared_law import MeanField
from eqsolve.pde.declared_part import NotRepresentedError, numbers_in

STAGE = "learn"


class Law(NamedTuple):
    """Mean and variance of the state, and mean of the control, at one time."""

    mean: Any
    variance: Any
    speed: Any


#: A function of state, control and law, elementwise on arrays of JAX or NumPy.
Cost: TypeAlias = Callable[[Any, Any, Law], Any]


@dataclass(frozen=True)
class Crowd:
    """A continuum of players with one state and one control.

    Attributes
    ----------
    game, planner : the name, and whether all cost is to be least instead of everybody's own.
    horizon, mean, variance : the end, and the moments of the initial normal law.
    volatility : of the state, a positive constant.
    drift : (x, a, law), which does not depend on the law.
    running, payoff : a player's own cost, to be minimized.
    paid, paid_end : the same with what a planner's representative pays for his effect on others.
    best : (x, p, law), the control that minimizes ``paid + p drift``.
    """

    game: str
    planner: bool
    horizon: float
    mean: float
    variance: float
    volatility: float
    drift: Cost
    running: Cost
    payoff: Cost
    paid: Cost
    paid_end: Cost
    best: Cost

    @property
    def deviation(self) -> float:
        """Standard deviation of the initial law."""
        return float(self.variance**0.5)

    def refuse(self, reason: str) -> InputError:
        """The error with the reason."""
        return refusal(self.game, reason)


def refusal(game: str, reason: str) -> InputError:
    """What is said of a game that cannot be learned."""
    return InputError(
        f"no learned solver takes this game: {reason}.",
        game=game,
        stage=STAGE,
        remedy="eqsolve solve and eqsolve verify do not need one.",
    )


def crowd(model: Model, numbers: Numbers) -> Crowd:
    """Read a mean-field game at exact numbers.

    Raises
    ------
    InputError
        If it is none that the methods represent.
    NoSolutionError
        If the planner's horizon is too long for a finite value.
    """
    game = model.game
    if game.notion not in ("feedback", "planner"):
        raise refusal(game.name, f"the notion {game.notion} is not learned")
    part = MeanField(model)
    try:
        part.common()
        if len(game.states) > 1:
            raise refusal(game.name, "it has more than one state")
        part.checked()
    except NotRepresentedError as error:
        raise refusal(game.name, error.reason) from None
    if game.horizon.end is None or part.rate != 0:
        raise refusal(game.name, "its horizon is not fixed, or its player discounts")
    if part.pushes != (0, 0):
        raise refusal(game.name, "the drift depends on the law")
    if part.viscosity.has(part.state):
        raise refusal(game.name, "the volatility depends on the state")
    exact = numbers_in(numbers)
    if game.notion == "planner" and (limit := part.bounded(exact)) is not None:
        raise NoSolutionError(
            f"the planner's cost is not bounded on horizons of {limit:.7g} or more.",
            game=game.name,
            stage=STAGE,
            remedy="Take a shorter horizon.",
        )
    volatility = float(sp.sqrt(2 * part.viscosity.xreplace(exact)))
    mean, variance = (float(part.plain(p).xreplace(exact)) for p in model.initial[part.state])
    if not (volatility > 0 and variance > 0):
        raise refusal(game.name, "the noise or the variance of the initial law is 0")
    adjoint = sp.Dummy("p")
    square, _, _ = part.cost
    linear = sp.diff(part.paid[0], part.control).xreplace({part.control: sp.S.Zero})
    _, factor = part.affine(game.states[0].drift, "the drift")
    if not float(square.xreplace(exact)) > 0:
        raise refusal(game.name, "the control costs nothing")
    assert game.horizon.end is not None

    def function(form: sp.Expr, control: sp.Symbol = part.control) -> Cost:
        return _function(part, form.xreplace(exact), control)

    own, paid = ((function(one), function(end)) for one, end in (part.own, part.paid))
    return Crowd(
        game.name,
        game.notion == "planner",
        float(part.plain(game.horizon.end).xreplace(exact)),
        mean,
        variance,
        volatility,
        function(part.plain(game.states[0].drift)),
        *own,
        *paid,
        function(-(linear + factor * adjoint) / (2 * square), adjoint),
    )


def _function(part: MeanField, form: sp.Expr, control: sp.Symbol) -> Cost:
    """A form in state, control (or what stands for it) and laws as a function."""
    moments = (part.mean, sp.Dummy("variance"), sp.Dummy("speed"))
    if not form.is_polynomial(part.state):
        raise refusal(part.game.name, "the drift or a cost is not a polynomial of the state")
    same = dict.fromkeys(part.variances, moments[1]) | dict.fromkeys(part.speeds, moments[2])
    inner = sp.lambdify((part.state, control, *moments), sp.N(form.xreplace(same)), "math")

    def at(x: Any, a: Any, law: Law) -> Any:
        return inner(x, a, *law) + 0 * x

    return at
