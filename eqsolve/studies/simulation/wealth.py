"""Simulation of the wealth of many agents with common noise under one affine feedback.

    dX_i = (r X_i + B p_i + e) dt + nu p_i dW^i + sigma p_i dW^0,     p_i = k_x X_i + k_y Y_i + k_1,

``Y_i = (1/n) sum of the others' wealth``. The generator is the sum of three parts: drift, common
noise and the agents' own noises. The semigroups of the first two are known in closed form: they
scale the deviations ``X_i - mean`` of all agents by one number and move the mean, whatever ``n``.
Under its own noise alone an agent's position is a geometric Brownian motion. A step composes the
three, half of the drift at both ends and the noises between them in random order, which is of weak
order two (Strang 1968; Ninomiya and Victoir 2008). Within a step the mean is held fixed under the
agents' own noises; the relative error of a step's variance that this leaves, about
``nu^2 k_y^2 h/(2 n)``, is of first order in the step ``h``.

An agent costs one normal variate and a dozen multiplications a step. States are stored as
``X_i = mean + scale w_i + shift``; what moves all agents alike changes the three numbers only.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from eqsolve.studies.simulation.normals import BLOCK, fill_normals, stream, uniform, word

Array: TypeAlias = NDArray[np.float64]
#: The coefficients ``(r, B, nu, sigma, e)`` of the dynamics.
Market: TypeAlias = tuple[float, float, float, float, float]
#: Slopes of a position in the deviation, in the mean and in own wealth, its constant, and whether
#: the agents' own noises move the mean (1) or average out (0).
Feedback: TypeAlias = tuple[float, float, float, float, float]
#: Mean, scale and shift of the stored states.
Frame: TypeAlias = tuple[float, float, float]
Coefficients: TypeAlias = tuple[float, float, float, float]


#: Fewer agents than this are simulated one by one, without views of arrays.
FEW = 24


@njit(inline="always")
def _grown(rate: float, span: float) -> float:
    """``(exp(rate span) - 1)/rate``."""
    return math.expm1(rate * span) / rate if rate != 0.0 else span


@njit(error_model="numpy", nogil=True, cache=True)
def drift(market: Market, feedback: Feedback, span: float) -> Frame:
    """The flow of the drift: factor of deviations, factor of the mean, constant of the mean."""
    r, B, _, _, constant = market
    slope, mean_slope, _, k_1, _ = feedback
    growth = r + B * mean_slope
    push = (B * k_1 + constant) * _grown(growth, span)
    return math.exp((r + B * slope) * span), math.exp(growth * span), push


@njit(inline="always")
def _drifted(frame: Frame, flow: Frame) -> Frame:
    return frame[0] * flow[1] + flow[2], frame[1] * flow[0], frame[2] * flow[0]


@njit(inline="always")
def _rise(a: float, z: float) -> float:
    """``(exp(a z - a^2/2) - 1)/a`` up to the fourth Hermite polynomial of ``z``."""
    z2 = z * z
    high = (z2 - 3.0) * z / 6.0 + a * ((z2 - 6.0) * z2 + 3.0) / 24.0
    return z + a * (0.5 * (z2 - 1.0) + a * high)


@njit(error_model="numpy", nogil=True, cache=True)
def common_noise(frame: Frame, size: float, feedback: Feedback, z: float) -> Frame:
    """The flow of the common noise of standard deviation ``size`` at the variate ``z``."""
    slope, mean_slope, _, k_1, _ = feedback
    mean, scale, shift = frame
    factor = 1.0 + size * slope * _rise(size * slope, z)
    mean += (mean_slope * mean + k_1) * size * _rise(size * mean_slope, z)
    return mean, scale * factor, shift * factor


@njit(error_model="numpy", nogil=True, cache=True)
def polynomial(size: float, own: float) -> Coefficients:
    """Coefficients in ``z``, lowest first, of the relative move of an agent's wealth.

    It is ``(exp(a z - a^2/2) - 1)/own``, ``a = own size``, up to the third Hermite polynomial.
    """
    a = own * size
    return -0.5 * a * size, size * (1.0 - 0.5 * a * a), 0.5 * a * size, a * a * size / 6.0


@njit(error_model="numpy", nogil=True, cache=True)
def _own_noise(
    base: float, rise: float, inverse: float, c: Coefficients, wealth: Array, normal: Array
) -> float:
    """Move stored states at positions ``base + rise w``; return the sum of the moves.

    The moves take the place of the variates.
    """
    for i in range(wealth.size):
        z = normal[i]
        move = (base + rise * wealth[i]) * (c[0] + z * (c[1] + z * (c[2] + z * c[3])))
        wealth[i] += move * inverse
        normal[i] = move
    total, k = 0.0, 0
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    while k + 8 <= normal.size:  # eight sums: the compiler may not reorder one
        s0 += normal[k]
        s1 += normal[k + 1]
        s2 += normal[k + 2]
        s3 += normal[k + 3]
        s4 += normal[k + 4]
        s5 += normal[k + 5]
        s6 += normal[k + 6]
        s7 += normal[k + 7]
        k += 8
    while k < normal.size:
        total += normal[k]
        k += 1
    return total + ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))


@njit(error_model="numpy", nogil=True, cache=True)
def follow(
    start: Any,
    horizon: float,
    steps: int,
    market: Market,
    feedback: Feedback,
    wealth: Array,
    words: Any,
    real: Array,
    normal: Array,
    halt: Any,
) -> Frame:
    """Simulate one path in equal steps; ``wealth`` holds the stored states.

    The path is left as it is once ``halt[0]`` is not 0.
    """
    agents, span = wealth.size, horizon / max(steps, 1)
    half, full = drift(market, feedback, 0.5 * span), drift(market, feedback, span)
    slope, mean_slope, own, k_1, moves_mean = feedback
    common, c = market[3] * math.sqrt(span), polynomial(market[2] * math.sqrt(span), own)
    first = wealth.mean()
    frame = (first, 1.0, -first)
    place, block = BLOCK, 0
    for step in range(steps):
        if place == BLOCK:
            fill_normals(start, block, words, real, normal)
            place, block = 0, block + 1
        shock = normal[place]
        place += 1
        common_first = word(start, step + 1) & np.uint64(1) == np.uint64(0)
        frame = _drifted(frame, half if step == 0 else full)
        if common_first:
            frame = common_noise(frame, common, feedback, shock)
        mean, scale, shift = frame
        base, rise, inverse = slope * shift + mean_slope * mean + k_1, slope * scale, 1.0 / scale
        total, done = 0.0, 0
        while done < agents:
            if halt[0]:
                return frame
            if place == BLOCK:
                fill_normals(start, block, words, real, normal)
                place, block = 0, block + 1
            count = min(agents - done, BLOCK - place)
            if count < FEW:
                for i in range(count):
                    z = normal[place + i]
                    move = base + rise * wealth[done + i]
                    move *= c[0] + z * (c[1] + z * (c[2] + z * c[3]))
                    wealth[done + i] += move * inverse
                    total += move
            else:
                part, noise = wealth[done : done + count], normal[place : place + count]
                total += _own_noise(base, rise, inverse, c, part, noise)
            place, done = place + count, done + count
        average = moves_mean * total / agents
        frame = (mean + average, scale, shift - average)
        if not common_first:
            frame = common_noise(frame, common, feedback, shock)
    return _drifted(frame, half) if steps > 0 else frame


@njit(error_model="numpy", nogil=True, cache=True)
def horizon_of(start: Any, hazard: float) -> float:
    """The exponential time of a path."""
    return -math.log(uniform(start, 0)) / hazard


@njit(error_model="numpy", nogil=True, cache=True)
def simulate_paths(
    seed: Any,
    first: int,
    hazard: float,
    longest: float,
    market: Market,
    feedback: Feedback,
    begin: Array,
    out: Array,
    halt: Any,
) -> int:
    """Simulate paths ``first, first + 1, ...`` up to their exponential times.

    Parameters
    ----------
    seed, first : the streams.
    hazard, longest : hazard rate and the longest step.
    market, feedback : the dynamics.
    begin : (agents,), wealth at the start.
    out : (paths, 4), filled with the time, the wealth of the first agent, and the average over
        all agents of wealth and of squared wealth.
    halt : (1,), bytes; as soon as it is not 0, no more is done.

    Returns
    -------
    The number of agents times steps.
    """
    wealth, work = np.empty(begin.size), 0
    words, normal = np.empty(BLOCK, np.uint64), np.empty(BLOCK)
    real = words.view(np.float64)
    for path in range(out.shape[0]):
        if halt[0]:
            break
        start = stream(seed, first + path)
        time = horizon_of(start, hazard)
        steps = int(math.ceil(time / longest))
        wealth[:] = begin
        frame = follow(start, time, steps, market, feedback, wealth, words, real, normal, halt)
        mean, scale, shift = frame
        total = square = 0.0
        for i in range(wealth.size):
            value = mean + (scale * wealth[i] + shift)
            total += value
            square += value * value
        out[path, 0], out[path, 1] = time, mean + (scale * wealth[0] + shift)
        out[path, 2], out[path, 3] = total / wealth.size, square / wealth.size
        work += steps * wealth.size
    return work


@njit(error_model="numpy", nogil=True, cache=True)
def path_distances(
    seed: Any,
    first: int,
    hazard: float,
    longest: float,
    market: Market,
    feedback: Feedback,
    limit: Feedback,
    begin: Array,
    out: Array,
    halt: Any,
) -> None:
    """Mean squared distance of positions in a finite and in an infinite population.

    Every agent has the same noises in both, up to the exponential time of the path; in the
    infinite one the mean is the conditional mean given the common noise. ``out`` has (paths,).
    """
    wealth, other = np.empty(begin.size), np.empty(begin.size)
    words, normal = np.empty(BLOCK, np.uint64), np.empty(BLOCK)
    real = words.view(np.float64)
    for path in range(out.size):
        if halt[0]:
            break
        start = stream(seed, first + path)
        time = horizon_of(start, hazard)
        steps = int(math.ceil(time / longest))
        wealth[:] = begin
        other[:] = begin
        frame = follow(start, time, steps, market, feedback, wealth, words, real, normal, halt)
        mean, scale, shift = frame
        frame = follow(start, time, steps, market, limit, other, words, real, normal, halt)
        center, factor, offset = frame
        base = feedback[1] * mean + feedback[3] - limit[1] * center - limit[3]
        total = 0.0
        for i in range(wealth.size):
            finite = feedback[0] * (scale * wealth[i] + shift)
            infinite = limit[0] * (factor * other[i] + offset)
            gap = finite - infinite + base
            total += gap * gap
        out[path] = total / wealth.size
