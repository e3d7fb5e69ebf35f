"""Families of parameters on which the accuracy of kernels is measured.

Each family is a function of a random generator and a number of points that returns doubles by
parameter name. A family stresses one limit; within it offsets are spread over all decades.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Sets = dict[str, Array]
Family = Callable[[np.random.Generator, int], Sets]


def _spread(rng: np.random.Generator, size: int, low: float, high: float) -> Array:
    """Numbers whose decimal logarithm is uniform."""
    return 10.0 ** rng.uniform(low, high, size)


def _offset(rng: np.random.Generator, size: int) -> Array:
    """Offsets of either sign from 1e-16 to 0.1; one in sixteen is zero."""
    signs = rng.choice([-1.0, 1.0], size)
    return np.where(rng.random(size) < 1 / 16, 0.0, signs * _spread(rng, size, -16, -1))


def generic(rng: np.random.Generator, size: int) -> Sets:
    """Moderate parameters of both signs of the excess drift."""
    uniform = rng.uniform
    r = uniform(0.0, 0.05, size)
    return {
        "r": r,
        "b": r + rng.choice([-1, 1, 1], size) * uniform(0.01, 0.3, size),
        "nu": uniform(0.05, 0.5, size),
        "sigma": rng.choice([-1, 1], size) * uniform(0.05, 0.5, size),
        "theta": uniform(0.0, 1.0, size),
        "gamma": _spread(rng, size, -0.5, 1.0),
        "alpha": uniform(0.1, 3.0, size),
        "beta": _spread(rng, size, -2.0, 0.5),
        "lambda": _spread(rng, size, -1.0, 0.7),
        "n": np.floor(_spread(rng, size, 0.31, 3.0)),
        "x": uniform(-3.0, 3.0, size),
        "y": uniform(-3.0, 3.0, size),
    }


def wide(rng: np.random.Generator, size: int) -> Sets:
    """Every scale over twenty-four decades."""
    sets = generic(rng, size)
    for name in ("nu", "gamma", "alpha", "beta", "lambda"):
        sets[name] = _spread(rng, size, -12, 12)
    sets["sigma"] = rng.choice([-1, 1], size) * sets["nu"] * _spread(rng, size, -6, 6)
    sets["r"] = np.where(rng.random(size) < 0.3, 0.0, sets["lambda"] * _spread(rng, size, -12, 0))
    # a Sharpe ratio of any size relative to the hazard rate
    slope = np.sqrt(sets["lambda"]) * sets["nu"] * _spread(rng, size, -4, 4)
    sets["b"] = sets["r"] + rng.choice([-1, 1], size) * slope
    return sets


def _several(rng: np.random.Generator, size: int) -> Sets:
    """Parameters for which three roots are often admissible."""
    sets = generic(rng, size)
    sets["r"] = rng.uniform(0.0, 0.02, size) * rng.choice([0.0, 1.0], size)
    sets["nu"], sets["sigma"] = rng.uniform(0.02, 0.3, (2, size))
    sets["beta"] = rng.uniform(0.0, 0.3, size)
    sets["lambda"] = sets["r"] * 2 + rng.uniform(0.01, 0.3, size)
    sets["b"] = sets["r"] + rng.uniform(0.2, 0.6, size)
    return sets


def discriminant(sets: Sets) -> Array:
    """The discriminant of the cubic in double precision, relative to its terms."""
    r, lam, n = sets["r"], sets["lambda"], sets["n"]
    drift, gk = sets["b"] - r, sets["gamma"] * (1 - sets["theta"] / n)
    s2, beta = sets["nu"] ** 2 + sets["sigma"] ** 2, sets["beta"]
    a = drift**2 * s2 * (beta - gk)
    b = drift * (drift**2 * (2 * beta - gk) + s2 * ((lam - 2 * r) * gk - (lam - r) * beta))
    c = -(drift**2) * (3 * (lam - r) * beta - beta * r + 2 * gk * r) - (lam - r) ** 2 * gk * s2
    d = drift * ((lam - 2 * r) * (lam - r) * beta - gk * r**2)
    terms = (18 * a * b * c * d, -4 * b**3 * d, (b * c) ** 2, -4 * a * c**3, -27 * (a * d) ** 2)
    total: Array = np.sum(terms, axis=0) / np.sum(np.abs(terms), axis=0)
    return total


def near_double(rng: np.random.Generator, size: int) -> Sets:
    """Weights ``beta`` at a relative distance of 1e-16 to 1e-2 from a fold of the cubic."""
    pool = _several(rng, 4 * size)
    low, high = np.full(4 * size, 1e-4), np.full(4 * size, 0.4)
    at_low, at_high = (discriminant({**pool, "beta": ends}) > 0 for ends in (low, high))
    keep = np.flatnonzero(at_low != at_high)[:size]
    sets = {name: column[keep] for name, column in pool.items()}
    low, high, start = low[keep], high[keep], at_low[keep]
    for _ in range(60):
        middle = 0.5 * (low + high)
        same = (discriminant({**sets, "beta": middle}) > 0) == start
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    distance = _spread(rng, keep.size, -16, -2) * rng.choice([-1.0, 0.0, 1.0], keep.size)
    return {**sets, "beta": low * (1 + distance)}


def lead(rng: np.random.Generator, size: int) -> Sets:
    """The leading coefficient tends to zero: ``beta`` to ``gamma kappa``."""
    sets = generic(rng, size)
    sets["n"] = rng.choice([2.0, 4.0, 8.0], size)
    for name in ("gamma", "theta"):
        sets[name] = np.ceil(sets[name] * 1024) / 1024
    kappa = 1 - sets["theta"] / sets["n"]
    return {**sets, "beta": sets["gamma"] * kappa * (1 + _offset(rng, size))}


def small_drift(rng: np.random.Generator, size: int) -> Sets:
    """The drift tends to the interest rate."""
    sets = generic(rng, size)
    return {**sets, "b": sets["r"] * (1 + _offset(rng, size))}


def double_rate(rng: np.random.Generator, size: int) -> Sets:
    """The hazard rate tends to twice the interest rate."""
    sets = generic(rng, size)
    return {**sets, "lambda": 2 * sets["r"] * (1 + _offset(rng, size))}


def competition(rng: np.random.Generator, size: int) -> Sets:
    """The competition weight tends to one, with little idiosyncratic noise in half of the sets."""
    sets = generic(rng, size)
    quiet = rng.random(size) < 0.5
    sets["nu"] = np.where(quiet, sets["nu"] * _spread(rng, size, -9, 0), sets["nu"])
    constant = rng.random(size) < 0.25
    sets["beta"], sets["r"] = (np.where(constant, 0.0, sets[name]) for name in ("beta", "r"))
    return {**sets, "theta": 1 - np.abs(_offset(rng, size))}


def population(rng: np.random.Generator, size: int) -> Sets:
    """From one agent to a billion."""
    sets = generic(rng, size)
    sets["n"] = np.floor(_spread(rng, size, 0, 9))
    return {**sets, "y": np.where(sets["n"] == 1, 0.0, sets["y"])}


#: The families by their names in tables.
FAMILIES: dict[str, Family] = {
    "generic": generic,
    "wide scales": wide,
    "near-double roots": near_double,
    "leading coefficient to 0": lead,
    "excess drift to 0": small_drift,
    "lambda to 2r": double_rate,
    "theta to 1": competition,
    "n from 1 to 1e9": population,
}
