"""Seeded random parameter sets, exact as Fractions, decimal strings and floats at once.

Every value is a multiple of 2^-34 of modest size, so the float, the Fraction and the finite
decimal are the same number, and b - r is exact in floats: a difference between two
implementations is never due to the conversion of the input.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from decimal import Context, Decimal
from fractions import Fraction

Draw = dict[str, Fraction]

_GRID = 2**34
_EXACT = Context(prec=120)


def _grid(value: float) -> Fraction:
    return Fraction(round(value * _GRID), _GRID)


def _log(rng: random.Random, low: float, high: float) -> float:
    return float(low * (high / low) ** rng.random())


def _one_plausible(rng: random.Random) -> Draw:
    r = rng.uniform(0.0, 0.05)
    draw = {
        "r": r,
        "nu": rng.uniform(0.1, 0.4),
        "sigma": rng.uniform(0.1, 0.4),
        "theta": rng.uniform(0.0, 1.0),
        "gamma": rng.uniform(0.5, 5.0),
        "alpha": rng.uniform(0.2, 3.0),
        "beta": rng.uniform(0.05, 2.0),
        "lam": _log(rng, 0.15, 3.0),
        "x": rng.uniform(0.2, 3.0),
        "y": rng.uniform(0.2, 3.0),
    }
    exact = {name: _grid(value) for name, value in draw.items()}
    exact["b"] = exact["r"] + _grid(rng.uniform(0.02, 0.2))
    exact["n"] = Fraction(rng.choice([2, 3, 4, 5, 7, 10, 20, 50, 100, 1000]))
    return exact


def _one_wide(rng: random.Random) -> Draw:
    draw = {
        "r": rng.choice([0.0, _log(rng, 1e-4, 0.2), _log(rng, 1e-4, 0.2)]),
        "nu": _log(rng, 0.01, 1.0),
        "sigma": rng.choice([-1, 1]) * _log(rng, 0.01, 1.0),
        "theta": rng.choice([rng.uniform(0.0, 1.0), rng.uniform(0.0, 2.0)]),
        "gamma": _log(rng, 0.05, 50.0),
        "alpha": _log(rng, 0.01, 20.0),
        "beta": _log(rng, 0.001, 20.0),
        "lam": _log(rng, 0.01, 30.0),
        "x": rng.uniform(-5.0, 5.0),
        "y": rng.uniform(-5.0, 5.0),
    }
    exact = {name: _grid(value) for name, value in draw.items()}
    exact["n"] = Fraction(rng.choice([1, 2, 2, 3, 4, 8, 16, 100, 10**4, 10**6]))
    edge = rng.randrange(24)  # one draw in three sits on an edge of the domain
    if edge < 5:
        exact[("theta", "alpha", "beta", "nu", "sigma")[edge]] = Fraction(0)
    elif edge == 5:  # constant strategies
        exact["beta"] = exact["r"] = Fraction(0)
    elif edge == 6:  # beta = gamma kappa exactly: the cubic is a quadratic
        exact["n"] = Fraction(rng.choice([2, 4, 8, 16]))
        exact["gamma"] = Fraction(rng.randrange(1, 5000), 1024)
        exact["theta"] = Fraction(rng.randrange(1, 1024), 1024)
        exact["beta"] = exact["gamma"] * (1 - exact["theta"] / exact["n"])
    if exact["n"] == 1:
        exact["y"] = Fraction(0)  # there are no others
    if exact["n"] == exact["theta"]:  # kappa = 0 is outside the domain
        exact["theta"] /= 2
    excess = rng.choice([-1, 1, 1]) * _log(rng, 1e-3, 0.6)
    exact["b"] = exact["r"] + (Fraction(0) if edge == 7 else _grid(excess))
    return exact


def _stream(one: Callable[[random.Random], Draw], count: int, seed: int) -> Iterator[Draw]:
    rng = random.Random(seed)
    for _ in range(count):
        yield one(rng)


def plausible(count: int, seed: int) -> Iterator[Draw]:
    """Economically plausible sets: 0.02 <= b - r <= 0.2, positive weights, theta <= 1, n >= 2."""
    return _stream(_one_plausible, count, seed)


def wide(count: int, seed: int) -> Iterator[Draw]:
    """Sets over several decades and all signs, one in three on an edge of the domain."""
    return _stream(_one_wide, count, seed)


def floats(draw: Mapping[str, Fraction]) -> dict[str, float]:
    """The same numbers as floats, without rounding; n stays integral."""
    return {name: float(value) for name, value in draw.items()}


def decimals(draw: Mapping[str, Fraction]) -> dict[str, str]:
    """The same numbers as finite decimal strings, without rounding."""
    return {
        name: format(_EXACT.divide(Decimal(v.numerator), Decimal(v.denominator)), "f")
        for name, v in draw.items()
    }
