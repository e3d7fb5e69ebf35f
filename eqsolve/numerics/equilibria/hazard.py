"""Equilibria under a hazard rate that depends on time: the backward equations, integrated."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache, partial
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
TOLERANCE = 1e-13
#: Integrated hazards of the two horizons that are compared: tau is beyond the nearer one with
#: probability 1e-14, in whatever unit time is measured.
FAR = (32.0, 64.0)
#: Relative difference of their answers up to which they have converged.
CONVERGED = 1e-8


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
    breaks: tuple[float, ...] = ()


#: How many numbers each family has.
_FAMILIES = {"constant": 1, "gompertz": 2, "weibull": 2, "makeham": 3}


def parse_hazard(spec: str) -> Hazard:
    """Read a hazard rate.

    - ``constant:RATE``.
    - ``gompertz:RATE,GROWTH``: ``lambda(t) = RATE exp(GROWTH t)``.
    - ``makeham:BASE,RATE,GROWTH``: the same plus ``BASE``.
    - ``weibull:SHAPE,SCALE``: ``lambda(t) = (SHAPE/SCALE) (t/SCALE)^(SHAPE - 1)``.
    - ``piecewise:0=RATE,TIME=RATE,...``: each rate holds from its time on.
    - ``none``: the horizon is fixed.

    Raises
    ------
    InputError
        If the family is unknown or a number is missing, not finite or of the wrong sign.
    """
    family, _, rest = spec.partition(":")
    if spec == "none":
        return Hazard(spec, lambda t: 0.0, lambda t: 0.0, 0.0)
    if family == "piecewise":
        return _piecewise(spec, rest)
    count = _FAMILIES.get(family)
    texts = rest.split(",") if rest else []
    if count is None or len(texts) != count:
        raise InputError(
            f"{spec!r} is not a hazard rate.",
            stage="input",
            remedy="Write constant:RATE, gompertz:RATE,GROWTH, makeham:BASE,RATE,GROWTH, "
            "weibull:SHAPE,SCALE, piecewise:0=RATE,TIME=RATE or none.",
        )
    given = [exact(f"hazard {family}", text) for text in texts]
    if min(given) <= 0:
        raise InputError(f"the numbers of the hazard rate {spec} must be > 0.", stage="input")
    first, second = float(given[0]), float(given[-1])
    if family == "constant":
        return Hazard(spec, lambda t: first, lambda t: first * t, first, given[0])
    if family in ("gompertz", "makeham"):
        base = first if family == "makeham" else 0.0
        level = float(given[-2])
        return Hazard(
            spec,
            lambda t: base + level * math.exp(min(second * t, 700.0)),
            lambda t: base * t + level / second * math.expm1(min(second * t, 700.0)),
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


def _piecewise(spec: str, text: str) -> Hazard:
    """Rates that hold from given times on."""
    pairs = [part.partition("=") for part in text.split(",")]
    times = [exact("hazard piecewise", time) for time, _, _ in pairs]
    rates = [exact("hazard piecewise", rate) for _, _, rate in pairs]
    if times[0] != 0 or times != sorted(set(times)) or min(rates) < 0:
        raise InputError(
            f"{spec!r} is not a hazard rate: times increase from 0 and rates are not negative.",
            stage="input",
            remedy="Write for example piecewise:0=.02,10=.05.",
        )
    if len(set(rates)) == 1 and rates[0] > 0:
        return replace(parse_hazard(f"constant:{rates[0]}"), name=spec)
    starts, levels = [float(t) for t in times], [float(v) for v in rates]
    ends = [*starts[1:], math.inf]

    def rate(t: float) -> float:
        return levels[bisect_right(starts, t) - 1]

    def integral(t: float) -> float:
        pieces = zip(starts, ends, levels)
        return sum(level * (min(t, end) - start) for start, end, level in pieces if t > start)

    return Hazard(spec, rate, integral, levels[-1], breaks=tuple(starts[1:]))


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

    The agents act until ``min(tau, horizon)``, or until ``tau`` without a horizon: then two
    horizons far beyond ``tau`` are compared, and where their answers differ there is none. The
    aggregates are constants to the agent, as in the stationary problem. A constant rate without a
    horizon is the stationary problem, and its answer is returned. A rate with a limit has a
    solution only if the stationary problem of the limit has one, second moments included; under a
    rate that grows without bound second moments are finite.

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
    competes = values[roles.competition.name] != 0 and values.get(roles.size.name) != 1
    interest = values[roles.rate.name]
    if hazard.limit < 2 * interest and (competes or hazard.limit == 0):
        return answer(
            "no-solution",
            f"The hazard rate falls below 2 {roles.rate}: wealth has no finite second moment at "
            "the horizon, and the backward equations diverge.",
            {},
        )
    horizons = [_horizon(hazard, decay) for decay in FAR]
    if None in horizons:
        return answer("no-solution", "With positive probability the horizon never strikes.", {})
    far = float(horizons[-1] or 0)
    if hazard.limit < math.inf:
        level = Fraction(hazard.limit or hazard.rate(far))
        final = solve(game, **dict[str, Any]({**values, rate: level}))
        if not final.ok:
            return answer(final.status, f"At the last hazard rate: {final.message}", {})
    found = [_response(model, hazard, float(end or 0), values) for end in horizons]
    if found[0] is None or found[1] is None:
        return answer(
            "no-solution",
            "The backward equations diverge: no feedback has finite second moments.",
            {},
        )
    first, response = found[0], found[1]
    size = max(map(abs, response.values()))
    change = max(abs(first[name] - value) for name, value in response.items())
    if not change <= CONVERGED * size:
        return answer(
            "unresolved", "The feedback at time 0 still moves with the horizon: no limit shown.", {}
        )
    message = (
        f"Backward equations integrated from T = {horizons[0]:.4g} and {far:.4g} agree to "
        f"{change / size if size else 0.0:.1g}; the feedback is that of time 0."
    )
    return answer("ok", message, _numbers(model, values, response))


def _horizon(hazard: Hazard, decay: float) -> float | None:
    """The time at which the integrated hazard is ``decay``, whatever the unit of time."""
    upper = 1e-30
    while hazard.integral(upper) < decay:
        upper *= 2
        if upper > 1e60:
            return None
    lower = upper / 2
    for _ in range(60):
        middle = (lower + upper) / 2
        if hazard.integral(middle) < decay:
            lower = middle
        else:
            upper = middle
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

    def slope(inside: float | None, t: float, values: np.ndarray) -> list[float]:
        level = hazard.rate(t) if inside is None else inside
        given = tuple(level if n == clock else numbers[n] for n in names)
        derivative: list[float] = rates(values, given)[1]
        return derivative

    final = np.array(_terminal(model, state, numbers))
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
