"""Families of parameters on which closed forms are known to lose digits or decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Parameters = dict[str, Array]


def decades(rng: np.random.Generator, low: float, high: float, size: int) -> Array:
    return np.asarray(10.0 ** rng.uniform(low, high, size))


def signs(rng: np.random.Generator, size: int) -> Array:
    return rng.choice([-1.0, 1.0], size)


def plain(rng: np.random.Generator, size: int) -> Parameters:
    """Ordinary markets and agents."""
    r = rng.uniform(0.0, 0.05, size)
    return {
        "r": r,
        "b": r + rng.uniform(-0.2, 0.2, size),
        "nu": rng.uniform(0.05, 0.4, size),
        "sigma": rng.uniform(-0.4, 0.4, size),
        "theta": rng.uniform(0.0, 1.0, size),
        "gamma": rng.uniform(0.5, 5.0, size),
        "alpha": rng.uniform(0.2, 3.0, size),
        "beta": rng.uniform(0.05, 2.0, size),
        "lam": decades(rng, -0.8, 0.5, size),
        "n": rng.integers(2, 200, size).astype(float),
        "x": rng.uniform(-3.0, 3.0, size),
        "y": rng.uniform(-3.0, 3.0, size),
    }


def wide(rng: np.random.Generator, size: int) -> Parameters:
    """Every parameter over several decades."""
    r = decades(rng, -5, -0.5, size) * rng.choice([0.0, 1.0, 1.0], size)
    return {
        "r": r,
        "b": r + signs(rng, size) * decades(rng, -4, 0, size),
        "nu": decades(rng, -3, 0.5, size),
        "sigma": signs(rng, size) * decades(rng, -3, 0.5, size),
        "theta": rng.uniform(0.0, 2.0, size) * rng.choice([0.0, 1.0, 1.0, 1.0], size),
        "gamma": decades(rng, -3, 3, size),
        "alpha": decades(rng, -3, 3, size),
        "beta": decades(rng, -4, 3, size) * rng.choice([0.0, 1.0, 1.0, 1.0], size),
        "lam": decades(rng, -3, 2, size),
        "n": np.floor(decades(rng, 0.31, 9, size)),
        "x": rng.uniform(-5.0, 5.0, size),
        "y": rng.uniform(-5.0, 5.0, size),
    }


def scales(rng: np.random.Generator, size: int) -> Parameters:
    """The units of time and of the preference, twelve decades up and down."""
    found = plain(rng, size)
    time, taste = decades(rng, -12, 12, size), decades(rng, -12, 12, size)
    found |= {name: found[name] * time for name in ("r", "b", "lam")}
    found |= {name: found[name] * np.sqrt(time) for name in ("nu", "sigma")}
    return found | {name: found[name] * taste for name in ("alpha", "beta", "gamma")}


def several(rng: np.random.Generator, size: int) -> Parameters:
    """Often three admissible roots."""
    r = rng.uniform(0.0, 0.02, size)
    return plain(rng, size) | {
        "r": r,
        "b": r + signs(rng, size) * rng.uniform(0.2, 0.6, size),
        "nu": rng.uniform(0.02, 0.3, size),
        "sigma": rng.uniform(0.02, 0.3, size),
        "gamma": rng.uniform(0.2, 5.0, size),
        "beta": rng.uniform(0.0, 0.3, size),
        "lam": rng.uniform(0.01, 0.3, size),
    }


def near_double(rng: np.random.Generator, size: int) -> Parameters:
    """Within 1e-2 to 1e-14, relative, of a fold on either side of it."""
    found = several(rng, size)
    low, high = np.full(size, 1e-4), np.full(size, 2.0)

    def three(beta: Array) -> NDArray[np.bool_]:
        a, b, c, d = cubic({**found, "beta": beta})
        value = 18 * a * b * c * d - 4 * b**3 * d + (b * c) ** 2 - 4 * a * c**3 - 27 * (a * d) ** 2
        return np.asarray(value > 0)

    # Where both ends have the same number of roots, the limit is an end and of no harm.
    inside = three(low)
    for _ in range(60):
        middle = 0.5 * (low + high)
        same = three(middle) == inside
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return found | {"beta": low * (1 + signs(rng, size) * decades(rng, -14, -2, size))}


def cubic(p: Mapping[str, Array]) -> tuple[Array, Array, Array, Array]:
    """The published coefficients (2.53)-(2.54)."""
    excess, s2 = p["b"] - p["r"], p["nu"] ** 2 + p["sigma"] ** 2
    gk, e1 = p["gamma"] * (1 - p["theta"] / p["n"]), p["lam"] - p["r"]
    e0, beta, r = p["lam"] - 2 * p["r"], p["beta"], p["r"]
    return (
        excess**2 * s2 * (beta - gk),
        excess * (beta * (2 * excess**2 - s2 * e1) + gk * (s2 * e0 - excess**2)),
        beta * excess**2 * (4 * r - 3 * p["lam"]) - gk * (2 * excess**2 * r + s2 * e1**2),
        excess * (beta * e1 * e0 - gk * r**2),
    )


def leading_to_zero(rng: np.random.Generator, size: int) -> Parameters:
    """beta close to gamma kappa, or equal to it as far as doubles go."""
    found = plain(rng, size)
    gk = found["gamma"] * (1 - found["theta"] / found["n"])
    away = signs(rng, size) * decades(rng, -17, -1, size)
    return found | {"beta": gk * (1 + away)}


def excess_to_zero(rng: np.random.Generator, size: int) -> Parameters:
    """b close to r."""
    found = plain(rng, size)
    return found | {"b": found["r"] * (1 + signs(rng, size) * decades(rng, -16, -1, size))}


def hazard_to_bound(rng: np.random.Generator, size: int) -> Parameters:
    """lambda close to 2 r, mostly above."""
    found = plain(rng, size) | {"r": decades(rng, -2, 0, size)}
    away = rng.choice([1.0, 1.0, 1.0, -1.0], size) * decades(rng, -16, 0, size)
    found["b"] = found["r"] + rng.uniform(-0.2, 0.2, size)
    return found | {"lam": 2 * found["r"] * (1 + away)}


def full_competition(rng: np.random.Generator, size: int) -> Parameters:
    """theta close to 1 or equal to it, own noise small."""
    found = plain(rng, size)
    theta = 1 - decades(rng, -16, -1, size) * rng.choice([0.0, 1.0, 1.0], size)
    return found | {"theta": theta, "nu": decades(rng, -6, -1, size)}


def many_agents(rng: np.random.Generator, size: int) -> Parameters:
    """From one agent to a billion."""
    found = plain(rng, size) | {"n": np.floor(decades(rng, 0, 9, size))}
    return found | {"y": np.where(found["n"] == 1, 0.0, found["y"])}


def edges(rng: np.random.Generator, size: int) -> Parameters:
    """Parameters that vanish, and what lies outside of the domain."""
    found = wide(rng, size)
    for name in ("r", "sigma", "theta", "alpha", "beta", "nu"):
        found[name] = np.where(rng.random(size) < 0.15, 0.0, found[name])
    for name in ("gamma", "lam", "n", "nu", "theta"):
        bad = rng.choice([-1.0, 0.0, np.nan, np.inf, 1e-320, 1e200, 2.5], size)
        found[name] = np.where(rng.random(size) < 0.02, bad, found[name])
    return found


FAMILIES: dict[str, Callable[[np.random.Generator, int], Parameters]] = {
    "plain": plain,
    "wide": wide,
    "scales": scales,
    "several": several,
    "near-double": near_double,
    "leading-to-zero": leading_to_zero,
    "excess-to-zero": excess_to_zero,
    "hazard-to-bound": hazard_to_bound,
    "full-competition": full_competition,
    "many-agents": many_agents,
    "edges": edges,
}
