"""Sizes of players by rank: laws that are named, or a table."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, psi, zeta

from eqsolve.columns import read_columns
from eqsolve.errors import InputError
from eqsolve.numbers import exact

Array = NDArray[np.float64]
STAGE = "sizes"
#: The largest deviation of a logarithm of sizes, so that squares stay numbers.
WIDEST = 20.0


@dataclass(frozen=True)
class Law:
    """Sizes by rank, up to a factor.

    Attributes
    ----------
    text : as it was given.
    sizes : of so many players, the largest first.
    index : the leading term of the sum of squared weights of so many players; None if unknown.
    vanishes : whether the sum of squared weights tends to 0; None if unknown.
    """

    text: str
    sizes: Callable[[int], Array]
    index: Callable[[int], float] | None
    vanishes: bool | None


def law(text: str) -> Law:
    """Read ``equal``, ``zipf:1``, ``pareto:1.5``, ``lognormal:2`` or ``table:FILE.csv``.

    Zipf's sizes are ``k**(-1/zeta)``; of Pareto's law and the lognormal one (with the standard
    deviation of the logarithm) they are the quantiles at ``(k - 1/2)/n``. A table has a column
    ``size``, and as many rows as there are players.

    Raises
    ------
    InputError
        If the text is none of these.
    """
    word, _, number = text.partition(":")
    if word == "table":
        table = read_columns(number)
        if "size" not in table.columns:
            raise _error(f"the table {number} has no column size.")
        given = np.sort(np.array([float(exact("size", v)) for v in table.columns["size"]]))[::-1]
        if not (given > 0).all():
            raise _error("a size is not positive.")
        return Law(text, lambda n: given, None, None)
    if word == "equal" and not number:
        return Law(text, np.ones, lambda n: 1 / n, True)
    if word not in ("zipf", "pareto", "lognormal"):
        raise _error(f"{text!r} is no law of sizes.")
    parameter = float(exact(word, number))
    if parameter <= 0:
        raise _error(f"the parameter of {word} is {number}, not positive.")
    if word == "lognormal" and parameter > WIDEST:
        raise _error(f"lognormal sizes are at most of {WIDEST:g}.")
    if word == "lognormal":

        def quantiles(n: int) -> Array:
            found: Array = np.exp(parameter * -ndtri((np.arange(n) + 0.5) / n))
            return found

        return Law(text, quantiles, lambda n: math.exp(parameter**2) / n, True)
    first, power = (1.0 if word == "zipf" else 0.5), 1 / parameter
    return Law(
        text,
        lambda n: np.asarray((np.arange(n) + first) ** -power, float),
        lambda n: _power_sum(2 * power, first, n) / _power_sum(power, first, n) ** 2,
        parameter >= 1,
    )


def _power_sum(power: float, first: float, n: int) -> float:
    """The leading term of ``sum (k + first)**-power`` over ``k = 0, ..., n - 1``."""
    if power > 1:
        return float(zeta(power, first))
    if power == 1:
        return math.log(n) - float(psi(first))
    return float(n ** (1 - power) / (1 - power))


def _error(message: str) -> InputError:
    known = "equal, zipf:1, pareto:1.5, lognormal:2 or table:FILE.csv"
    return InputError(message, stage=STAGE, remedy=f"Give {known}.")
