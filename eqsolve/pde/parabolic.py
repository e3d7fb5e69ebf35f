"""The extended HJB system with the horizon min(tau, T) and a hazard rate that depends on time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from eqsolve.game.hazard_rates import Hazard, parse_hazard
from eqsolve.pde.coefficients import Array, Sampled, TimeField, options_of, refuse, stack
from eqsolve.pde.edge import number, reals, shown, two, word
from eqsolve.pde.solution import GridPath

#: Largest error of the trapezoidal rule for the integrated hazard rate over one step.
RESOLVED = 0.02
#: Where within a step the rate is compared with its interpolation: the middle, and places that no
#: simple period hits all at once.
INSIDE = (0.5, 0.133, 0.291, 0.652, 0.829)
#: Most steps of time.
MOST = 100_000

#: What the core knows a scheme by: theta schemes by the weight of the end of a step.
SCHEMES: dict[str, str | float] = {"crank-nicolson": 0.5, "implicit-euler": 1.0, "bdf2": "bdf2"}


def solve_path(
    sampled: Sampled,
    horizon: float,
    hazard: str | float | Hazard | Callable[[float], float] | None,
    time_steps: int | ArrayLike,
    scheme: str | float,
    *,
    boundary: Sequence[TimeField] | None,
    source: Sequence[TimeField] | None,
    options: Mapping[str, object],
) -> GridPath:
    """Solve backward from the payoff at ``horizon``; see :func:`solve_extended_hjb`.

    Raises
    ------
    InputError
        For times that do not increase from 0 to the horizon, or do not resolve the hazard rate.
    """
    name = sampled.name
    times = _times(name, horizon, time_steps)
    rate = _rate(name, sampled.hazard if hazard is None else hazard)
    rates = np.array([rate(float(t)) for t in times])
    _resolved(name, times, rates, rate)
    if isinstance(scheme, str):
        scheme = SCHEMES[word(name, "scheme", scheme, *SCHEMES)]
    else:
        scheme = number(name, "scheme", scheme)
    given: dict[str, object] = {**options, "scheme": scheme}
    mesh = np.meshgrid(sampled.x, sampled.y, indexing="ij")
    for label, pair in (("boundary", boundary), ("source", source)):
        if pair is not None:
            fields = two(name, label, pair, "fields (G, H)")
            given[label] = _over_time(name, label, fields, times, mesh)
    if sampled.source is not None:
        levels = np.broadcast_to(sampled.source, (times.size, *sampled.source.shape))
        added = given.get("source")
        given["source"] = levels if added is None else levels + np.asarray(added)
    found = sampled.call(
        "solve_parabolic",
        sampled.weight,
        sampled.gamma,
        times,
        rates,
        options_of(given),
        names={"times": "time_steps"},
    )
    g, h, policy = (found.pop(key) for key in ("g", "h", "policy"))
    status, message = found.pop("status"), found.pop("message")
    value = sampled.objective(g, h)
    x, y = sampled.x, sampled.y
    return GridPath(name, times, rates, x, y, g, h, policy, value, status, message, found)


def _times(name: str, horizon: float, steps: int | ArrayLike) -> Array:
    if not horizon > 0:
        refuse(name, "horizon", horizon, "a positive number is needed")
    if isinstance(steps, (int, np.integer)) and not isinstance(steps, bool):
        if not 1 <= steps <= MOST:
            refuse(name, "time_steps", steps, f"choose a number from 1 to {MOST}")
        return np.linspace(0.0, horizon, int(steps) + 1)
    times = reals(name, "time_steps", steps)
    if times.ndim != 1:
        refuse(name, "time_steps", shown(steps), "a number of steps or an array of times is needed")
    if times.size < 2 or times[0] != 0 or times[-1] != horizon:
        refuse(name, "time_steps", shown(steps), f"times must run from 0 to {horizon:g}")
    return times.astype(float)


def _rate(
    name: str, hazard: str | float | Hazard | Callable[[float], float]
) -> Callable[[float], float]:
    if isinstance(hazard, str):
        hazard = parse_hazard(hazard)
    if isinstance(hazard, Hazard):
        return hazard.rate
    if callable(hazard):
        rate = hazard
        return lambda t: number(name, f"hazard({t:g})", rate(t))
    if not isinstance(hazard, (int, float, np.number)):
        refuse(name, "hazard", shown(hazard), "a number, a function of time or a family is needed")
    constant = number(name, "hazard", hazard)
    return lambda t: constant


def _resolved(name: str, times: Array, rates: Array, rate: Callable[[float], float]) -> None:
    """Refuse steps within which the hazard rate bends too much for the trapezoidal rule.

    Rates that are too large for a step, negative or not finite are refused by the core. A spike
    between the places looked at cannot be seen: the rate is a function without further structure.
    """
    steps = np.diff(times)
    found = np.array([[rate(float(t)) for t in times[:-1] + s * steps] for s in INSIDE])
    lines = np.array([rates[:-1] + s * np.diff(rates) for s in INSIDE])
    # a parabola through both ends is off by 2/3 of its height
    error = abs(found - lines).max(axis=0) * steps * 2 / 3
    if not np.isfinite(error).all():
        return
    worst = int(np.argmax(error))
    if error[worst] > RESOLVED:
        through = found[int(np.argmax(abs(found - lines)[:, worst])), worst]
        at, factor = times[worst], math.ceil(math.sqrt(error[worst] / RESOLVED))
        refuse(
            name,
            "time_steps",
            f"a step of {times[worst + 1] - at:g} at time {at:g}, over which the hazard rate goes "
            f"from {rates[worst]:g} through {through:g} to {rates[worst + 1]:g}",
            f"time steps must resolve the hazard rate: use about {factor} times as many, or "
            "shorter ones there",
        )


def _over_time(
    name: str, label: str, pair: Sequence[TimeField], times: Array, mesh: Sequence[Array]
) -> Array:
    """Values of two fields at every time, array (levels, 2, nx, ny)."""
    if not any(callable(field) for field in pair):
        level = stack(name, label, pair, mesh)
        return np.broadcast_to(level, (times.size, *level.shape))
    levels = []
    for t in times:
        parts = [
            stack(name, label, [field], mesh, *([float(t)] if callable(field) else []))
            for field in pair
        ]
        levels.append(np.concatenate(parts))
    return np.stack(levels)
