"""Risk of a portfolio's returns: measures by empyrical, bands by arch's stationary bootstrap."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from eqsolve.arrays import Array
from eqsolve.market.estimate import Figure, figure
from eqsolve.market.needed import package
from eqsolve.market.read import FEWEST, Market

#: The share of worst periods of value at risk and its conditional form.
TAIL = 0.05
#: The measures: their meaning.
MEASURES = {
    "value-at-risk": "loss of a period that one in twenty exceeds",
    "conditional-value-at-risk": "mean loss of the worst twentieth of periods",
    "sharpe": "mean return above the rate over its standard deviation, of a year",
    "drawdown": "largest loss since a peak",
    "hurst": "exponent of the memory of log returns; one half without",
}
#: Most resamples of the bootstrap.
_RESAMPLES = 1000
#: Half the width of a 95 % band, in standard errors.
_WIDE = 1.959963984540054


def risk(
    market: Market,
    weights: Array | None = None,
    *,
    rate: float = 0.0,
    draws: int = 1000,
    seed: int = 0,
    together: bool = True,
) -> dict[str, Figure]:
    """Measures of a portfolio whose weights are restored every period, with 95 % bands.

    Bands are percentiles of the stationary bootstrap (Politis and Romano, Journal of the American
    Statistical Association 89 (1994)) with the block length of Patton, Politis and White
    (Econometric Reviews 28 (2009)). Resampled blocks forget what is longer than they are: the band
    of Hurst's exponent is that of its limit law.

    Parameters
    ----------
    market : log returns.
    weights : of the assets, what is left at the rate; by default the same of all, which sum to 1.
    rate : the interest rate of a year.
    draws : resamples, of which at most 1000 are taken.
    seed : of resamples.
    together : whether the periods follow each other, as for the exponent of memory they must.

    Raises
    ------
    MissingPartError
        If empyrical-reloaded or arch is not installed.
    """
    size = len(market.assets)
    shares = np.full(size, 1 / size) if weights is None else weights
    returns = portfolio(market, shares, rate)
    found: dict[str, Figure] = {}
    measured = partial(_measured, rate=rate / market.year, year=market.year)
    drawn = _resampled(measured, returns, min(draws, _RESAMPLES), seed)
    for name, value, spread in zip(MEASURES, measured(returns), drawn.T):
        found[name] = figure(value, spread)
    if together:
        found["hurst"] = hurst(np.log1p(returns[returns > -1]))
    return found


def portfolio(market: Market, weights: Array, rate: float = 0.0) -> Array:
    """Simple returns of a portfolio by period; what is not in assets earns the rate."""
    free = rate / market.year
    found: Array = free + (np.expm1(market.returns) - free) @ weights
    return found


def _measured(returns: Array, *, rate: float, year: float) -> Array:
    """All measures but the exponent; losses are positive."""
    of = package("empyrical")
    if np.ptp(returns) == 0:  # a portfolio of no asset: a ratio to its spread is not defined
        sharpe = np.nan
    else:
        sharpe = of.sharpe_ratio(returns, risk_free=rate, annualization=year)
    found = np.array(
        [
            -of.value_at_risk(returns, TAIL),
            -of.conditional_value_at_risk(returns, TAIL),
            sharpe,
            -of.max_drawdown(returns),
        ]
    )
    return found + 0.0  # no negative zero


def _resampled(measured: Any, returns: Array, draws: int, seed: int) -> Array:
    """Measures of resamples of the returns, one row each."""
    arch = package("arch.bootstrap")
    if np.ptp(returns) == 0:
        return np.full((draws, len(MEASURES) - 1), np.nan)
    lengths = [arch.optimal_block_length(x)["stationary"].iloc[0] for x in (returns, returns**2)]
    block = float(np.clip(np.nanmax([1.0, *lengths]), 1.0, len(returns) / 3))
    made = arch.StationaryBootstrap(block, returns, seed=np.random.default_rng(seed))
    return np.asarray(made.apply(measured, draws))


def hurst(logarithms: Array) -> Figure:
    """The exponent of memory by the local Whittle estimator, with its limit law's error.

    With m of n frequencies the error of the estimate is 1/(2 sqrt(m)) (Robinson, Annals of
    Statistics 23 (1995)); m is the power 0.65 of n.
    """
    from scipy.optimize import minimize_scalar

    count = len(logarithms)
    used = int(count**0.65)
    if count < FEWEST or np.ptp(logarithms) == 0:
        return Figure(np.nan, np.nan, np.nan, np.nan)
    power = np.abs(np.fft.rfft(logarithms - logarithms.mean())[1 : used + 1]) ** 2
    frequency = 2 * np.pi * np.arange(1, used + 1) / count

    def contrast(exponent: float) -> float:
        scaled = np.mean(frequency ** (2 * exponent - 1) * power)
        return float(np.log(scaled) - (2 * exponent - 1) * np.mean(np.log(frequency)))

    value = float(minimize_scalar(contrast, bounds=(0.0, 1.0), method="bounded").x)
    error = 0.5 / used**0.5
    return Figure(value, error, value - _WIDE * error, value + _WIDE * error)
