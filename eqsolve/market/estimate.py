"""Drift and volatilities of a market's assets, with errors: one common factor, own noises.

An asset's price has dS/S = b dt + nu dW + sigma dW0, W0 common to all: its log returns over a year
have the mean b - (nu^2 + sigma^2)/2, the variance nu^2 + sigma^2, and with those of another asset
the covariance sigma^2. What follows from the means and covariances of log returns is computed from
them in one function, for the data and for draws of what other data of the same market would give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve.arrays import Array
from eqsolve.market.needed import bad
from eqsolve.market.read import Market

#: What can be estimated: its meaning.
QUANTITIES = {
    "drift": "drift of prices, per year",
    "excess": "drift of prices less the interest rate, per year",
    "volatility": "volatility, per root of a year",
    "idiosyncratic": "volatility of an asset's own noise, per root of a year",
    "common": "volatility of the common noise, per root of a year",
    "assets": "number of assets",
}
#: Fewest assets for what is told apart by covariances: of all alike, of each.
_PAIR, _TRIPLE = 2, 3
#: The least eigenvalue of correlations below which an asset follows from the others; rounding of
#: prices to cents leaves more.
_SAME = 1e-10


@dataclass(frozen=True)
class Figure:
    """An estimate; ``error`` is its standard error, ``low`` and ``high`` its 95 % band."""

    value: float
    error: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        """The JSON form; None where a number is not defined."""
        return {k: v if np.isfinite(v) else None for k, v in vars(self).items()}


@dataclass(frozen=True)
class Estimates:
    """Estimates from the returns of a market, and draws of them.

    Attributes
    ----------
    assets : their names.
    periods : returns of each.
    kurtosis : the mean excess kurtosis of their log returns; errors suppose 0.
    values, drawn : arrays by quantity, of the data (no axis) and of draws (one axis), of assets
        that are alike.
    values_each, drawn_each : the same of each asset, which has the last axis.
    """

    assets: tuple[str, ...]
    periods: int
    kurtosis: float
    values: Mapping[str, Array]
    drawn: Mapping[str, Array]
    values_each: Mapping[str, Array]
    drawn_each: Mapping[str, Array]

    def figures(self) -> dict[str, Figure]:
        """Estimates of assets that are alike."""
        return {name: figure(self.values[name], self.drawn[name]) for name in self.values}

    def figures_each(self) -> dict[str, dict[str, Figure]]:
        """Estimates of each asset."""
        return {
            asset: {
                name: figure(self.values_each[name][k], self.drawn_each[name][:, k])
                for name in self.values_each
            }
            for k, asset in enumerate(self.assets)
        }


def figure(value: Any, drawn: Array) -> Figure:
    """A number with its spread in draws, those that are not defined apart."""
    there = drawn[np.isfinite(drawn)]
    if len(there) < 2:
        return Figure(float(value), np.nan, np.nan, np.nan)
    low, high = np.quantile(there, (0.025, 0.975))
    return Figure(float(value), float(np.std(there, ddof=1)), float(low), float(high))


def estimate(market: Market, *, rate: float = 0.0, draws: int = 1000, seed: int = 0) -> Estimates:
    """Estimate drift and volatilities.

    Parameters
    ----------
    market : log returns.
    rate : the interest rate of a year, for ``excess``.
    draws, seed : of samples of normal returns with the means and covariances that were found.

    Raises
    ------
    InputError
        If there are not more periods than assets, or an asset follows from the others.
    """
    from scipy.stats import kurtosis

    count, size = market.returns.shape
    if count <= size + 1:
        raise bad(
            f"{count} periods of {size} assets do not determine their covariances.",
            "Give more dates or fewer assets.",
        )
    mean = market.returns.mean(axis=0)
    covariance = np.atleast_2d(np.cov(market.returns, rowvar=False))
    spread = np.sqrt(np.diag(covariance))
    if not spread.min() > 0 or np.linalg.eigvalsh(covariance / np.outer(spread, spread))[0] < _SAME:
        raise bad(
            "returns of an asset are zero or follow from those of the others.",
            "Leave out what is there twice, such as an index beside its parts.",
        )
    means, covariances = _samples(mean, covariance, count, draws, seed)
    year = market.year
    return Estimates(
        market.assets,
        count,
        float(np.mean(kurtosis(market.returns, axis=0))),
        alike(mean, covariance, year, rate),
        alike(means, covariances, year, rate),
        each(mean, covariance, year, rate),
        each(means, covariances, year, rate),
    )


def _samples(
    mean: Array, covariance: Array, count: int, draws: int, seed: int
) -> tuple[Array, Array]:
    """Means and covariances of so many samples of normal returns."""
    from scipy.stats import wishart

    random = np.random.default_rng(seed)
    root = np.linalg.cholesky(covariance)
    means = mean + random.standard_normal((draws, len(mean))) @ root.T / np.sqrt(count)
    law = wishart(df=count - 1, scale=covariance / (count - 1))
    covariances = law.rvs(size=draws, random_state=random)
    return means, np.reshape(covariances, (draws, *covariance.shape))


def alike(mean: Array, covariance: Array, year: float, rate: float = 0.0) -> dict[str, Array]:
    """The quantities of assets that have the same law, from means and covariances of log returns.

    Parameters
    ----------
    mean : of shape (..., assets), per period.
    covariance : of shape (..., assets, assets), per period.
    year : periods of a year.
    rate : the interest rate of a year.
    """
    size = mean.shape[-1]
    variance = np.trace(covariance, axis1=-2, axis2=-1) / size * year
    found = _moved(mean.mean(axis=-1) * year, variance, rate)
    if size >= _PAIR:
        pairs = covariance.sum(axis=(-2, -1)) * year - size * variance
        common = pairs / (size * (size - 1))
        found |= {"idiosyncratic": _root(variance - common), "common": _root(common)}
    return found | {"assets": np.full_like(variance, size)}


def each(mean: Array, covariance: Array, year: float, rate: float = 0.0) -> dict[str, Array]:
    """The quantities of each asset; the last axis is that of assets.

    With own common volatilities s the covariance of assets j and k is s_j s_k. Then s_i^2 is the
    sum of cov(i, j) cov(i, k) over the sum of cov(j, k), over pairs j, k of others (the method of
    triads, Harman, Modern Factor Analysis, University of Chicago Press 1976).
    """
    size = mean.shape[-1]
    variance = np.diagonal(covariance, axis1=-2, axis2=-1) * year
    found = _moved(mean * year, variance, rate)
    if size >= _TRIPLE:
        others = covariance * year * (1 - np.eye(size))
        rows = others.sum(axis=-1)
        above = rows**2 - (others**2).sum(axis=-1)
        below = rows.sum(axis=-1, keepdims=True) - 2 * rows
        common = np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
        found |= {"idiosyncratic": _root(variance - common), "common": _root(common)}
    return found | {"assets": np.full_like(variance, size)}


def _moved(logarithmic: Array, variance: Array, rate: float) -> dict[str, Array]:
    drift = logarithmic + variance / 2
    return {"drift": drift, "excess": drift - rate, "volatility": np.sqrt(variance)}


def _root(square: Array) -> Array:
    """The root, NaN where the square is negative: data may contradict the model."""
    found: Array = np.sqrt(np.where(square >= 0, square, np.nan))
    return found
