"""Where two admissible roots of a game's cubic merge: the folds of the equilibrium."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from eqsolve.arrays import reals
from eqsolve.kernels.cubic.program import program
from eqsolve.notated.published import Published
from eqsolve.parameters import ALIASES

Array = NDArray[np.float64]

#: Ratio of two roots' magnitudes from which on the smaller one is not trusted.
SPREAD = 1e8


@cache
def _functions(model: Published) -> tuple[tuple[str, ...], Callable[..., Any], Callable[..., Any]]:
    """Parameters; functions to the cubic's coefficients and to a root's margin, on arrays."""
    source = program(model)
    root = source.root

    def spelled(name: sp.Symbol) -> sp.Expr:
        expression = sp.S.Zero + name
        for definition in reversed(source.between([name], [root.symbol])):
            if definition.symbol != root.symbol:
                expression = expression.xreplace({definition.symbol: definition.expression})
        return expression

    names = [s for s in source.inputs if s not in source.model.game.state_symbols]
    coefficients = [spelled(name) for name in root.polynomial]
    margin = spelled(source.admissible)
    return (
        tuple(s.name for s in names),
        sp.lambdify(names, coefficients),
        sp.lambdify([*names, root.symbol], margin),
    )


def _nearest_pair(c3: Array, c2: Array, c1: Array, c0: Array) -> Array:
    """Mean of the two roots nearest to each other; NaN where a much larger one spoils it."""
    companion = np.zeros((*c3.shape, 3, 3))
    companion[..., 0, :] = np.stack([-c2 / c3, -c1 / c3, -c0 / c3], axis=-1)
    companion[..., 1, 0] = companion[..., 2, 1] = 1.0
    companion[~np.isfinite(companion).all(axis=(-2, -1))] = 0.0
    roots = np.linalg.eigvals(companion)
    following = np.roll(roots, -1, axis=-1)
    nearest = np.argmin(np.abs(roots - following), axis=-1)[..., None]
    pair = np.take_along_axis(roots + following, nearest, axis=-1)[..., 0].real / 2
    mean: Array = np.where(np.abs(roots).max(axis=-1) <= SPREAD * np.abs(pair), pair, np.nan)
    return mean


def discriminant(model: Published, params: Mapping[str, ArrayLike]) -> Array:
    """The discriminant of the cubic relative to the size of its terms, on a broadcast.

    It changes its sign where two real roots merge. It is NaN where the roots next to merging, at
    the stationary point of the cubic with the smaller value, are not admissible: their fold does
    not concern an equilibrium.
    """
    names, coefficients, margin = _functions(model)
    given = {ALIASES.get(k, k): reals(v) for k, v in params.items()}
    values = np.broadcast_arrays(*(given[name] for name in names))
    with np.errstate(all="ignore"):
        found = [
            np.broadcast_to(np.asarray(c, float), values[0].shape) for c in coefficients(*values)
        ]
        c3, c2, c1, c0 = found
        terms = [
            18 * c3 * c2 * c1 * c0,
            -4 * c2**3 * c0,
            c2 * c2 * c1 * c1,
            -4 * c3 * c1**3,
            -27 * c3 * c3 * c0 * c0,
        ]
        total = sum(terms)
        relative: Array = np.asarray(total / sum(np.abs(t) for t in terms), float)
        # At a double root this is the root itself.
        double = (9 * c3 * c0 - c2 * c1) / (2 * (c2 * c2 - 3 * c3 * c1))
        apart = ~(np.asarray(margin(*values, double), float) > 0)
        # Where both leading coefficients nearly vanish, it says nothing of a pair far away.
        apart |= np.asarray(margin(*values, _nearest_pair(*found)), float) <= 0
    relative = relative.copy()
    relative[apart | ~np.isfinite(relative)] = np.nan
    return relative
