"""Regimes of a market: a hidden Markov chain of its common return, by hmmlearn."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.arrays import Array
from eqsolve.market.needed import bad, package
from eqsolve.market.read import FEWEST, Market

#: Most regimes that are tried, and how many starts each fit has.
MOST, STARTS = 3, 3
#: Steps of Baum and Welch's iteration.
_STEPS = 200


@dataclass(frozen=True)
class Regimes:
    """Which regime every period is in, the calmest first.

    Attributes
    ----------
    of : the number of the regime of every period, from 0.
    probability : of every regime in every period, given all returns; of shape (periods, regimes).
    transition : the probability to go from one regime (row) to another (column) in a period.
    criteria : Bayes' information criterion by number of regimes that was tried; less is better.
    """

    of: NDArray[np.int64]
    probability: Array
    transition: Array
    criteria: dict[int, float]

    @property
    def count(self) -> int:
        """How many regimes there are."""
        return len(self.transition)

    @property
    def lengths(self) -> list[float]:
        """How many periods a regime lasts on average; infinite if longer than there are any."""
        ends = 1 - np.diag(self.transition)
        return [1 / float(end) if end * len(self.of) > 1 else np.inf for end in ends]


def regimes(market: Market, count: int | None = None, *, seed: int = 0) -> Regimes:
    """Find regimes in which the mean log return of the assets is normal.

    Parameters
    ----------
    market : log returns.
    count : number of regimes; by default that of 1 to 3 with the least criterion.
    seed : of the starts of the fits.

    Raises
    ------
    InputError
        If the number is below 1, or a regime has too few periods to estimate from.
    MissingPartError
        If hmmlearn is not installed.
    """
    if count is not None and count < 1:
        raise bad(f"there are {count} regimes.", "Give 1 or more, or auto.")
    common = market.returns.mean(axis=1)[:, None] * np.sqrt(market.year)
    tried = range(1, MOST + 1) if count is None else (count,)
    fits = {number: _fit(common, number, seed) for number in tried}
    fits = {number: fit for number, fit in fits.items() if fit is not None}
    criteria = {number: float(fit.bic(common)) for number, fit in fits.items()}
    for number in sorted(fits, key=lambda n: criteria[n]):
        found = _ordered(fits[number], common, criteria)
        if np.bincount(found.of, minlength=number).min() >= _fewest(market):
            return found
    if 1 in fits:
        raise bad(
            f"{len(common)} periods of {len(market.assets)} assets do not determine covariances.",
            "Give more dates or fewer assets.",
        )
    if not fits:
        raise bad(f"no fit of {count} regimes succeeds.", "Give fewer regimes with --regimes.")
    raise bad(
        f"one of {count} regimes has fewer than {_fewest(market)} periods.",
        "Give fewer regimes with --regimes, or more dates.",
    )


def _fewest(market: Market) -> int:
    """Periods of a regime that determine means and covariances."""
    return max(FEWEST, len(market.assets) + 2)


def _fit(values: Array, count: int, seed: int) -> Any:
    """The likeliest of several fits; None if a regime of each ends with the last period."""
    hmm = package("hmmlearn.hmm")
    logging.getLogger("hmmlearn").setLevel(logging.ERROR)  # of starts that are not taken
    best, likeliest = None, -np.inf
    for start in range(1 if count == 1 else STARTS):
        chain = hmm.GaussianHMM(
            count, "diag", n_iter=_STEPS, random_state=seed + start, min_covar=1e-8
        )
        try:
            likelihood = chain.fit(values).score(values)
        except ValueError:  # from a regime that nothing follows there is no probability to go
            continue
        if likelihood > likeliest:
            best, likeliest = chain, likelihood
    return best


def _ordered(chain: Any, values: Array, criteria: dict[int, float]) -> Regimes:
    order = np.argsort(chain.covars_.reshape(len(chain.means_), -1)[:, 0])
    probability = np.asarray(chain.predict_proba(values))[:, order]
    transition = np.asarray(chain.transmat_)[np.ix_(order, order)]
    return Regimes(np.argmax(probability, axis=1), probability, transition, criteria)
