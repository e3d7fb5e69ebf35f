"""Equilibria under a hazard rate that depends on time: the backward equations, integrated."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from scipy.integrate import solve_ivp

from eqsolve.errors import InputError
from eqsolve.model import Model
from eqsolve.numerics.equilibria.answer import Answer
from eqsolve.numerics.equilibria.equilibrium import Equilibrium, solve
from eqsolve.numerics.equilibria.point import Status, joint_conditions
from eqsolve.numerics.parameters import exact, parameters, require
from eqsolve.registry import model as find_model
from eqsolve.symbolic.heterogeneous import Agents
from eqsolve.symbolic.matching import CoefficientSystem
from eqsolve.symbols import symbol

#: Accuracy of the integration and of the passage to an infinite horizon.
TOLERANCE = 1e-11
#: Survival probability beyond which the horizon counts as infinite.
SURVIVAL = 1e-14
#: Longest horizon tried, in units of time.
LONGEST = 1e5


@dataclass(frozen=True)
class Hazard:
    """A hazard rate ``lambda(t)`` with its integral ``Lambda(t)`` and its limit for large times.

    ``constant`` is the exact rate of a hazard that does not depend on time.
    """

    name: str
    rate: Callable[[float], float]
    integral: Callable[[float], float]
    limit: float
    constant: Fraction | None = None


def parse_hazard(spec: str) -> Hazard:
    """Read ``constant:RATE``, ``gompertz:RATE,GROWTH`` or ``weibull:SHAPE,SCALE``.

    - Gompertz: ``lambda(t) = RATE exp(GROWTH t)``.
    - Weibull: ``lambda(t) = (SHAPE/SCALE) (t/SCALE)^(SHAPE - 1)``.

    Raises
    ------
    InputError
        If the family is unknown or a number is missing, not finite or not positive.
    """
    family, _, rest = spec.partition(":")
    count = {"constant": 1, "gompertz": 2, "weibull": 2}.get(family)
    texts = rest.split(",") if rest else []
    if count is None or len(texts) != count:
        raise InputError(
            f"{spec!r} is not a hazard rate.",
            stage="input",
            remedy="Write constant:RATE, gompertz:RATE,GROWTH or weibull:SHAPE,SCALE.",
        )
    given = [exact(f"hazard {family}", text) for text in texts]
    if min(given) <= 0:
        raise InputError(f"the numbers of the hazard rate {spec} must be > 0.", stage="input")
    first, second = float(given[0]), float(given[-1])
    if family == "constant":
        return Hazard(spec, lambda t: first, lambda t: first * t, first, given[0])
    if family == "gompertz":
        return Hazard(
            spec,
            lambda t: first * math.exp(min(second * t, 700.0)),
            lambda t: first / second * math.expm1(min(second * t, 700.0)),
            math.inf,
        )
    if given[0] == 1:
        return Hazard(spec, lambda t: 1 / second, lambda t: t / second, 1 / second, 1 / given[1])

    def power(t: float, exponent: float) -> float:
        return math.exp(min(exponent * math.log(max(t, 1e-12) / second), 700.0))

    return Hazard(
        spec,
        lambda t: first / second * power(t, first - 1),
        lambda t: power(t, first),
        math.inf if first > 1 else 0.0,
    )


@lru_cache
def _rates(system_of: str) -> tuple[Callable[..., Any], tuple[sp.Symbol, ...], tuple[str, ...]]:
    """Compile the feedback and the derivatives of the moments' coefficients."""
    derivation = find_model(system_of).derivation
    system: CoefficientSystem = derivation.system
    moments = [e for e in system.equations if e.source != "feedback"]
    feedback = [e for e in system.equations if e.source == "feedback"]
    solved = [sp.solve_linear(e.expression, symbols=[e.unknown])[1] for e in feedback]
    state = tuple(e.unknown for e in moments)
    controls = tuple(e.unknown for e in feedback)
    free = set().union(*(e.expression.free_symbols for e in system.equations))
    names = tuple(sorted(s.name for s in free - set(state) - set(controls)))
    arguments = [*state, *(symbol(n) for n in names)]
    policy = sp.lambdify(arguments, solved, "math")
    slopes = sp.lambdify([*controls, *arguments], [-e.expression for e in moments], "math")

    def rates(values: np.ndarray, given: tuple[float, ...]) -> tuple[list[float], list[float]]:
        control = policy(*values, *given)
        return control, slopes(*control, *values, *given)

    return rates, state, names


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
    game: str, spec: str, given: Mapping[str, object]
) -> HazardEquilibrium | Equilibrium:
    """Integrate the backward equations and return the feedback at time 0.

    The horizon is ``min(tau, T)`` with ``T`` so large that ``tau < T`` but for a probability of
    1e-14. The aggregates are constants to the agent, as in the stationary problem. A constant rate
    is the stationary problem, and its answer is returned. Under other rates it is not examined
    whether the second moments of a population that plays the feedback are finite.

    Raises
    ------
    InputError
        For anything wrong with the input.
    """
    model, hazard = find_model(game), parse_hazard(spec)
    require(
        not isinstance(model.population, Agents),
        "agents who differ have constant hazard rates of their own.",
        game=game,
    )
    require(
        model.roles is not None,
        "the game has no closed form with a condition for its root: hazard rates that depend on "
        "time are not available.",
        game=game,
    )
    roles = model.parts
    rate = roles.hazard.name
    values = parameters(given, [name for name in model.parameters if name != rate], game=game)
    joint_conditions(roles, values, game=game)
    if hazard.constant is not None:
        stationary: dict[str, Any] = {**values, rate: hazard.constant}
        return solve(game, **stationary)

    def answer(status: Status, message: str, numbers: Mapping[str, Any]) -> HazardEquilibrium:
        return HazardEquilibrium(
            game=game,
            hazard=spec,
            parameters=values,
            status=status,
            message=message,
            numbers=numbers,
        )

    competes = values[roles.competition.name] != 0 and values.get(roles.size.name) != 1
    if hazard.limit < 2 * values[roles.rate.name] and competes:
        return answer(
            "no-solution",
            f"The hazard rate falls below 2 {roles.rate}: the competitors' wealth has no finite "
            "second moment at the horizon, and the backward equations diverge.",
            {},
        )
    horizon = _horizon(hazard)
    if horizon is None:
        return answer("no-solution", "The horizon does not strike in any finite time.", {})
    response = _response(model, hazard, horizon, values)
    if response is None or not all(map(math.isfinite, response.values())):
        return answer(
            "no-solution",
            "The backward equations diverge: no feedback has finite second moments.",
            {},
        )
    message = (
        f"Backward equations integrated from T = {horizon:.4g}; the feedback is that of time 0."
    )
    if model.population is not None:
        message += " Whether second moments of the whole population are finite is not examined."
    return answer("ok", message, _numbers(model, values, response))


def _horizon(hazard: Hazard) -> float | None:
    target, upper = -math.log(SURVIVAL), 1.0
    while hazard.integral(upper) < target:
        upper *= 2
        if upper > LONGEST:
            return None
    return upper


def _response(
    model: Model, hazard: Hazard, horizon: float, values: Mapping[str, Fraction]
) -> dict[str, float] | None:
    """Integrate with unit environments: p3 is affine in alpha, m_b and m_s."""
    numbers = _inputs(model, values)
    parts: dict[str, float] = {}
    environments = [{"m_b": numbers.get("m_b", 0.0), "m_s": numbers.get("m_s", 0.0)}]
    if model.population is not None:
        environments = [{}, {"alpha": 0.0, "m_b": 1.0}, {"alpha": 0.0, "m_s": 1.0}]
    *slopes, at_zero, first, second = (s.name for s in model.parts.response)
    for name, environment in zip((at_zero, first, second), environments):
        trial = {**numbers, "m_b": 0.0, "m_s": 0.0, **environment}
        feedback = _integrate(model, hazard, horizon, trial)
        if feedback is None:
            return None
        parts |= dict(zip((*slopes, name), map(float, feedback)))
    return parts


def _inputs(model: Model, values: Mapping[str, Fraction]) -> dict[str, float]:
    exact_values = {symbol(k): sp.Rational(v.numerator, v.denominator) for k, v in values.items()}
    roles = model.parts
    if roles.size in exact_values:
        exact_values[roles.reciprocal] = 1 / exact_values[roles.size]
    for name, definition in model.game.definitions.items():
        exact_values[name] = definition.xreplace(exact_values)
    return {"m_2": 0.0} | {s.name: float(v) for s, v in exact_values.items()}


def _integrate(
    model: Model, hazard: Hazard, horizon: float, numbers: Mapping[str, float]
) -> list[float] | None:
    rates, state, names = _rates(model.name)
    clock = model.parts.hazard.name

    def slope(t: float, values: np.ndarray) -> list[float]:
        given = tuple(hazard.rate(t) if n == clock else numbers[n] for n in names)
        derivative: list[float] = rates(values, given)[1]
        return derivative

    solution = solve_ivp(
        slope,
        (horizon, 0.0),
        _terminal(model, state, numbers),
        method="LSODA",
        rtol=TOLERANCE,
        atol=TOLERANCE * 1e-2,
    )
    final = solution.y[:, -1]
    if not solution.success or not np.all(np.isfinite(final)):
        return None
    given = tuple(hazard.rate(0.0) if n == clock else numbers[n] for n in names)
    control: list[float] = rates(final, given)[0]
    return control


def _terminal(
    model: Model, state: tuple[sp.Symbol, ...], numbers: Mapping[str, float]
) -> list[float]:
    """The payoffs' coefficients: what the moments are when the horizon strikes."""
    ansatz, states = model.ansatz, model.game.state_symbols
    values: dict[sp.Symbol, float] = {}
    for moment in model.game.preference.moments:
        payoff = sp.Poly(moment.payoff, *states)
        for monomial, unknown in sp.Poly(ansatz.moments[moment.name], *states).as_dict().items():
            coefficient = payoff.coeff_monomial(monomial)
            values[unknown] = float(
                coefficient.xreplace({symbol(k): v for k, v in numbers.items()})
            )
    return [values[s] for s in state]


def _numbers(
    model: Model, values: Mapping[str, Fraction], response: dict[str, float]
) -> dict[str, Any]:
    if model.population is None:
        # one agent: the constant is that at the given aggregates
        own = [s.name for s in model.parts.response[:3]]
        return {"strategy": dict(zip(("x", "y", "1"), (response[name] for name in own)))}
    known = {symbol(k): sp.Float(v, 17) for k, v in _inputs(model, values).items()}
    known |= {symbol(k): sp.Float(v, 17) for k, v in response.items()}
    names = model.parts.strategy
    for definition in model.derivation.form.needed(names):
        known.setdefault(definition.symbol, definition.expression.xreplace(known))
    strategy = dict(zip(("x", "y", "1"), (float(known[name]) for name in names)))
    return {"response": response, "strategy": strategy}
