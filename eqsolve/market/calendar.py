"""How many returns a year has, and where dates are missing: from the dates alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.market.needed import bad

Dates = NDArray[np.datetime64]

#: Days between dates, at the median, and how many such periods a year has.
_PERIODS = ((5, 9, 52.0), (27, 32, 12.0), (88, 94, 4.0), (360, 370, 1.0))
#: Trading days of a year, with weekends off and without.
_WORKDAYS, _DAYS = 252.0, 365.0
#: A share of the two rarest days of the week above this is a market that does not close (2/7 if
#: none is off), wherever its weekend lies.
_WEEKENDS = 0.1
#: A gap is longer than this many usual distances, and days for a weekend with holidays.
_LONGER, _HOLIDAYS = 1.6, 4.0


def periods_of_year(dates: Dates) -> float:
    """How many periods between dates make a year: 252 or 365 days, 52 weeks, 12, 4 or 1.

    Raises
    ------
    InputError
        If the usual distance of dates is none of these.
    """
    usual = _usual(dates)
    if 0.9 <= usual <= 1.5:
        return _DAYS if _open_on_weekends(dates) else _WORKDAYS
    for low, high, periods in _PERIODS:
        if low <= usual <= high:
            return periods
    raise bad(
        f"its dates are {usual:.3g} days apart at the median.",
        "Give the number of periods of a year: --periods N.",
    )


def gaps(dates: Dates) -> NDArray[np.bool_]:
    """Whether dates are missing before the second, third, ... date."""
    usual = _usual(dates)
    slack = _HOLIDAYS if usual <= 1.5 and not _open_on_weekends(dates) else 0.0
    found: NDArray[np.bool_] = _days(dates) > _LONGER * usual + slack
    return found


def _usual(dates: Dates) -> float:
    return float(np.median(_days(dates)))


def _days(dates: Dates) -> NDArray[np.float64]:
    found: Any = np.diff(dates) / np.timedelta64(1, "D")
    return np.asarray(found, dtype=np.float64)


def _open_on_weekends(dates: Dates) -> bool:
    weekday = dates.astype("datetime64[D]").astype(np.int64) % 7
    share = np.bincount(weekday, minlength=7) / len(dates)
    return float(np.sort(share)[:2].sum()) > _WEEKENDS
