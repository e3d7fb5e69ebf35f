"""Equilibria under a hazard rate that depends on time: the backward equations, integrated."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import numpy as np
import sympy as sp
from flint import arb
from scipy.integrate import solve_ivp

from eqsolve.game.hazard_rates import Hazard, parse_hazard
from eqsolve.model import Model
from eqsolve.numerics.arithmetic.ball import precision, run
from eqsolve.numerics.equilibria.answer import Answer
from eqsolve.numerics.equilibria.equilibrium import Equilibrium, solve
from eqsolve.numerics.equilibria.point import PointSolver, Status, joint_conditions
from eqsolve.numerics.parameters import exact, parameters, require
from eqsolve.registry import model as find_model
from eqsolve.symbolic.heterogeneous import Agents
from eqsolve.symbolic.matching import CoefficientSystem
from eqsolve.symbols import symbol

#: Accuracy of the integration and of the passage to an infinite horizon.
TOLERANCE = 1e-13
#: Integrated hazards of the horizons that are compared, in whatever unit time is measured.
FAR = (16.0, 32.0, 64.0)
#: Relative difference of the last answers up to which they have converged; the part of the
#: difference before that it may be, unless it is as small as the integration's error.
CONVERGED, SHRINKS, NOISE = 1e-8, 0.1, 1e-10
#: Least number of steps under a rate that may have peaks.
STEPS = 1000
#: Another end: the moments of first and second order there, in units of the payoffs'.
OTHER_END = (1.5, 3.0)


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
    game: str, spec: str, given: Mapping[str, object], *, horizon: object = None
) -> HazardEquilibrium | Equilibrium:
    """Integrate the backward equations and return the feedback at time 0.

    The agents act until ``min(tau, horizon)``, or until ``tau`` without a horizon. Then, where the
    rate is constant from some time on, the solution is the stationary one from there on. Otherwise
    three horizons far beyond ``tau`` are compared: their answers must approach each other, and what
    the moments are at the end must not matter, or the limit is ``unresolved``. The aggregates are
    constants to the agent, as in the stationary problem. A constant rate without a horizon is the
    stationary problem, and its answer is returned. A rate with a limit has a solution only if the
    stationary problem of the limit has one, second moments of the population included; under a rate
    that grows without bound second moments are finite.

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
    last = None if horizon is None else exact("horizon", horizon, game=game)
    require(last is None or last > 0, "the horizon must be > 0.", game=game)
    require(
        spec != "none" or last is not None,
        "without a hazard rate a horizon is needed.",
        game=game,
    )
    if hazard.constant is not None and last is None:
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

    if last is not None:
        response = _response(model, hazard, float(last), values)
        if response is None:
            return answer("no-solution", "The backward equations explode before time 0.", {})
        message = f"Backward equations integrated from {spec}, T = {float(last):.4g} to time 0."
        return answer("ok", message, _numbers(model, values, response))
    if hazard.limit is None:
        return answer(
            "unresolved",
            "The hazard rate has no limit that could be seen: convergence is not decided. Give "
            "the horizon an end.",
            {},
        )
    competes = values[roles.competition.name] != 0 and values.get(roles.size.name) != 1
    interest = values[roles.rate.name]
    if hazard.limit < 2 * interest and (competes or hazard.limit == 0):
        return answer(
            "no-solution",
            f"The hazard rate falls below 2 {roles.rate}: wealth has no finite second moment at "
            "the horizon, and the backward equations diverge.",
            {},
        )
    horizons = [hazard.reached(decay) for decay in FAR]
    if hazard.tail == 0 or None in horizons:
        return answer("no-solution", "With positive probability the horizon never strikes.", {})
    far = float(horizons[-1] or 0)
    if hazard.limit < math.inf:
        level = hazard.tail or Fraction(hazard.limit or hazard.rate(far))
        final = solve(game, **dict[str, Any]({**values, rate: level}))
        if not final.ok:
            return answer(final.status, f"At the last hazard rate: {final.message}", {})
    if hazard.tail is not None:
        start = hazard.breaks[-1]
        response = _response(model, hazard, start, values, hazard.tail)
        if response is None:
            return answer("no-solution", "The backward equations explode before time 0.", {})
        message = (
            f"The hazard rate is constant from t = {start:.6g} on and the solution the stationary "
            "one; backward equations integrated from there to time 0."
        )
        return answer("ok", message, _numbers(model, values, response))
    found = [_response(model, hazard, float(end or 0), values) for end in horizons]
    found.append(_response(model, hazard, far, values, OTHER_END))
    if any(one is None for one in found):
        return answer(
            "no-solution",
            "The backward equations diverge: no feedback has finite second moments.",
            {},
        )
    known = [one for one in found if one is not None]
    response = known[-2]
    size = max(map(abs, response.values())) or 1.0
    changes = [
        max(abs(one[name] - other[name]) for name in one) / size
        for one, other in zip(known, known[1:])
    ]
    shrinks = changes[1] <= max(SHRINKS * changes[0], NOISE)
    if not (shrinks and max(changes[1:]) <= CONVERGED):
        return answer(
            "unresolved", "The feedback at time 0 still moves with the horizon: no limit shown.", {}
        )
    message = (
        f"The feedback at time 0 moves by {changes[0]:.1g} from T = {horizons[0]:.4g} to "
        f"{horizons[1]:.4g}, by {changes[1]:.1g} to {far:.4g}, and by {changes[2]:.1g} with other "
        "moments at the end."
    )
    return answer("ok", message, _numbers(model, values, response))


def _response(
    model: Model,
    hazard: Hazard,
    horizon: float,
    values: Mapping[str, Fraction],
    end: Fraction | tuple[float, float] = (1.0, 1.0),
) -> dict[str, float] | None:
    """Integrate with unit environments: p3 is affine in alpha, m_b and m_s.

    ``end`` are the moments at the horizon: those of a stationary problem with this hazard rate, or
    multiples of the payoffs'.
    """
    numbers = _inputs(model, values)
    parts: dict[str, float] = {}
    environments = [{"m_b": numbers.get("m_b", 0.0), "m_s": numbers.get("m_s", 0.0)}]
    if model.population is not None:
        environments = [{}, {"alpha": 0.0, "m_b": 1.0}, {"alpha": 0.0, "m_s": 1.0}]
    *slopes, at_zero, first, second = (s.name for s in model.parts.response)
    for name, environment in zip((at_zero, first, second), environments):
        trial = {**numbers, "m_b": 0.0, "m_s": 0.0, **environment}
        if isinstance(end, Fraction):
            final = _stationary(model, values, end, trial)
        else:
            final = _terminal(model, trial, end)
        feedback = _integrate(model, hazard, horizon, trial, final)
        if feedback is None:
            return None
        parts |= dict(zip((*slopes, name), map(float, feedback)))
    return parts


def _stationary(
    model: Model, values: Mapping[str, Fraction], level: Fraction, trial: Mapping[str, float]
) -> list[float]:
    """The moments' coefficients of a stationary problem that has a solution."""
    _, state, names = _rates(model.name)
    with precision(256):
        solver = PointSolver(model, {**values, model.parts.hazard.name: level})
        slope = solver.values[model.parts.slope]
        roots = [root.p1 for root in solver.roots() if root.admissible]
        chosen = max(roots, key=lambda root: float(slope * root))
        table = solver.values | {model.parts.root: chosen}
        own = [s for s in map(symbol, names) if s != model.parts.hazard]
        table |= {s: arb(trial[s.name]) for s in own if s not in solver.values}
        table |= {s: arb(trial[s.name]) for s in own if trial[s.name] in (0.0, 1.0)}
        run(solver.form.needed(state), table)
        return [float(table[s]) for s in state]


def _inputs(model: Model, values: Mapping[str, Fraction]) -> dict[str, float]:
    exact_values = {symbol(k): sp.Rational(v.numerator, v.denominator) for k, v in values.items()}
    roles = model.parts
    if roles.size in exact_values:
        exact_values[roles.reciprocal] = 1 / exact_values[roles.size]
    for name, definition in model.game.definitions.items():
        exact_values[name] = definition.xreplace(exact_values)
    return {"m_2": 0.0} | {s.name: float(v) for s, v in exact_values.items()}


def _integrate(
    model: Model,
    hazard: Hazard,
    horizon: float,
    numbers: Mapping[str, float],
    end: Sequence[float],
) -> list[float] | None:
    rates, _, names = _rates(model.name)
    clock = model.parts.hazard.name

    def slope(inside: float | None, t: float, values: np.ndarray) -> list[float]:
        level = hazard.rate(t) if inside is None else inside
        given = tuple(level if n == clock else numbers[n] for n in names)
        derivative: list[float] = rates(values, given)[1]
        return derivative

    final = np.array(end)
    stops = [horizon, *(b for b in reversed(hazard.breaks) if b < horizon), 0.0]
    for start, stop in zip(stops, stops[1:]):
        inside = hazard.rate((start + stop) / 2) if hazard.breaks else None
        try:
            solution = solve_ivp(
                partial(slope, inside),
                (start, stop),
                final,
                method="LSODA",
                rtol=TOLERANCE,
                atol=TOLERANCE * 1e-2,
                max_step=math.inf if hazard.smooth else (start - stop) / STEPS,
            )
        except (OverflowError, ZeroDivisionError):
            return None
        final = solution.y[:, -1]
        if not solution.success or not np.all(np.isfinite(final)):
            return None
    given = tuple(hazard.rate(0.0) if n == clock else numbers[n] for n in names)
    control: list[float] = rates(final, given)[0]
    return control


def _terminal(
    model: Model, numbers: Mapping[str, float], scales: tuple[float, float] = (1.0, 1.0)
) -> list[float]:
    """The payoffs' coefficients: what the moments are when the horizon strikes.

    ``scales`` multiply the coefficients of the first moment and of the second one.
    """
    _, state, _ = _rates(model.name)
    ansatz, states = model.ansatz, model.game.state_symbols
    values: dict[sp.Symbol, float] = {}
    for moment, scale in zip(model.game.preference.moments, scales):
        payoff = sp.Poly(moment.payoff, *states)
        for monomial, unknown in sp.Poly(ansatz.moments[moment.name], *states).as_dict().items():
            coefficient = payoff.coeff_monomial(monomial)
            values[unknown] = scale * float(
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
