"""Log returns of a market's assets, from a table of prices or returns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.arrays import Array
from eqsolve.market.calendar import Dates, gaps, periods_of_year
from eqsolve.market.needed import bad
from eqsolve.market.table import Table, day, listed, read_table

KINDS = ("prices", "returns", "log-returns")
#: The share of missing entries beyond which an asset is left out.
MOST_MISSING = 0.1
#: Fewest returns to estimate from.
FEWEST = 30
#: A year's volatility or log return beyond which returns are taken for per cent without a unit,
#: and beyond which nothing is believed.
_WILDEST, _UNHEARD = 5.0, 50.0
#: The mean squared step of logarithms over their variance: 2 of independent numbers, near 0 of a
#: random walk (von Neumann's ratio).
_STEPPING = 1.4
#: A step so many usual ones long is told: prices may be split or written wrongly.
_JUMP = 20.0
#: A share of periods in which no price moves above this is told.
_STILL = 0.05
#: What a returns' unit divides them by.
_SCALES = {"": 1.0, "1": 1.0, "%": 100.0, "percent": 100.0, "per cent": 100.0, "bp": 1e4}
_RATES = {"year": 1.0, "month": 12.0, "week": 52.0}
_UNIT = re.compile(r"(1|%|percent|per cent|bp|)\s*(?:(?:/|per)\s*(period|day|week|month|year))?")


@dataclass(frozen=True)
class Market:
    """Log returns of assets, one row a period.

    Attributes
    ----------
    assets : their names.
    dates : the ends of the periods.
    returns : log returns, of shape (periods, assets), with no missing entry.
    year : periods of a year.
    kind : what the table held.
    notes : sentences about what was left out, and why.
    """

    assets: tuple[str, ...]
    dates: Dates
    returns: Array
    year: float
    kind: str
    notes: tuple[str, ...]

    def at(self, rows: NDArray[Any]) -> Market:
        """The same market at some of its dates."""
        return Market(
            self.assets, self.dates[rows], self.returns[rows], self.year, self.kind, self.notes
        )


def read_market(
    data: Any, *, kind: str | None = None, date: str | None = None, periods: float | None = None
) -> Market:
    """Read prices or returns of a market's assets.

    Parameters
    ----------
    data, date : see ``eqsolve.market.table.read_table``. A column's unit stands in its header, as
        in ``A [%]`` or ``A [1/year]``.
    kind : ``prices``, ``returns`` (simple) or ``log-returns``; by default prices if nothing is
        negative and no unit is that of returns.
    periods : of a year; by default from the distances of the dates.

    Raises
    ------
    InputError
        If the table cannot be read, a price is not positive, a return is -100 % or less, a unit is
        unknown, numbers are neither prices nor returns or beyond belief, or too few assets or
        periods are left.
    MissingPartError
        If polars is not installed.
    """
    if kind not in (None, *KINDS):
        raise bad(f"the kind {kind!r} is unknown.", f"Kinds are {', '.join(KINDS)}.")
    if periods is not None and not 0 < periods < float("inf"):
        raise bad(f"a year has {periods:g} periods.", "Give a number above 0.")
    table = read_table(data, date)
    year = periods_of_year(table.dates) if periods is None else float(periods)
    table, notes = _usable(table)
    if kind is None:
        kind = _kind(table)
        notes.append(f"the numbers are taken for {kind}.")
    found = {
        "prices": _of_prices,
        "returns": _of_returns,
        "log-returns": _of_logarithms,
    }[kind](table, year)
    returns, dates = np.column_stack(list(found.values())), table.dates
    holes = gaps(dates)
    if kind == "prices":
        returns, dates = returns[1:], dates[1:]
        returns[holes] = np.nan
    if holes.any():
        where = day(table.dates[1:][holes][0])
        notes.append(
            f"gaps in the dates: {holes.sum()}, the first before {where}"
            + ("; returns over them are left out." if kind == "prices" else ".")
        )
    whole = ~np.isnan(returns).any(axis=1)
    if lost := int(np.sum(~whole)) - (int(holes.sum()) if kind == "prices" else 0):
        notes.append(f"{lost} periods are left out: an asset has no return there.")
    returns, dates = returns[whole], dates[whole]
    if len(returns) < FEWEST:
        raise bad(
            f"{len(returns)} periods have returns of all assets.",
            f"Give at least {FEWEST}, or leave out the assets that miss most.",
        )
    notes += _odd(tuple(found), dates, returns)
    return _sane(Market(tuple(found), dates, returns, year, kind, tuple(notes)), table.units)


def _kind(table: Table) -> str:
    """What the numbers are, if it can be seen.

    Raises
    ------
    InputError
        If numbers are positive as prices and independent as returns.
    """
    there = {name: values[~np.isnan(values)] for name, values in table.columns.items()}
    of_returns = (_UNIT.fullmatch(table.units.get(n, "").strip().lower()) for n in there)
    if any(match is not None and match[0] for match in of_returns):
        return "returns"
    if np.mean([np.mean(values > 0) for values in there.values()]) <= 0.99:
        return "returns"
    for name, values in there.items():
        logs = np.log(values[values > 0])
        if np.mean(np.diff(logs) ** 2) > _STEPPING * np.var(logs):
            raise bad(
                f"the numbers of {name} are positive, but do not go on from each other as prices.",
                f"Leave {name} out, correct an entry that is far off, or say --kind.",
            )
    return "prices"


def _odd(assets: tuple[str, ...], dates: Dates, returns: Array) -> list[str]:
    """Sentences about steps that no volatility explains, and about none at all."""
    notes = []
    usual = np.median(np.abs(returns), axis=0) / 0.6745  # the quartile of the normal law
    for name, values, scale in zip(assets, returns.T, usual):
        row = int(np.argmax(np.abs(values)))
        if 0 < _JUMP * scale < abs(values[row]):
            notes.append(
                f"{name} changes by a factor of {np.exp(values[row]):.4g} on {day(dates[row])}, "
                f"{abs(values[row]) / scale:.0f} times the usual: is it a split or an error?"
            )
    if (still := float(np.mean((returns == 0).all(axis=1)))) > _STILL:
        notes.append(f"in {still:.0%} of periods nothing moves: are dates without trade filled in?")
    return notes


def _usable(table: Table) -> tuple[Table, list[str]]:
    """The table without the columns that say nothing."""
    notes, kept = list(table.notes), dict[str, Array]()
    for name, values in table.columns.items():
        share = float(np.mean(np.isnan(values)))
        there = values[~np.isnan(values)]
        twin = next((n for n, v in kept.items() if np.array_equal(v, values, True)), "")
        if share == 1:
            notes.append(f"{name} is left out: all its entries are missing.")
        elif share > MOST_MISSING:
            notes.append(f"{name} is left out: {share:.0%} of its entries are missing.")
        elif np.ptp(there) == 0:
            notes.append(f"{name} is left out: it is constant.")
        elif twin:
            notes.append(f"{name} is left out: it is the same as {twin}.")
        else:
            kept[name] = values
            if share:
                notes.append(f"{name} misses {np.isnan(values).sum()} entries.")
    if not kept:
        raise bad("no column can be used: " + " ".join(notes), "Give prices or returns of assets.")
    return Table(table.dates, kept, table.units, ()), notes


def _of_prices(table: Table, year: float) -> dict[str, Array]:
    found = {}
    for name, values in table.columns.items():
        if (wrong := values <= 0).any():
            raise bad(
                f"the price of {name} on {day(table.dates[wrong][0])} is {values[wrong][0]:g}.",
                "Correct it or leave it empty, or say --kind returns.",
            )
        found[name] = np.diff(np.log(values), prepend=np.nan)
    return found


def _of_returns(table: Table, year: float) -> dict[str, Array]:
    found = {}
    for name, values in _scaled(table, year).items():
        if (wrong := values <= -1).any():
            raise bad(
                f"the return of {name} on {day(table.dates[wrong][0])} is {values[wrong][0]:g}.",
                f"It must be above -1: write its unit, as in '{name} [%]', or correct it.",
            )
        found[name] = np.log1p(values)
    return found


def _of_logarithms(table: Table, year: float) -> dict[str, Array]:
    return _scaled(table, year)


def _scaled(table: Table, year: float) -> dict[str, Array]:
    """Returns as numbers per period."""
    found = {}
    for name, values in table.columns.items():
        unit = table.units.get(name, "")
        match = _UNIT.fullmatch(unit.strip().lower())
        if match is None:
            raise bad(
                f"the unit {unit!r} of {name} is unknown.",
                "Write %, bp or nothing, and per day, week, month or year, as in [%/year].",
            )
        rates = {"day": year if year > 60 else 252.0, "period": year, None: year} | _RATES
        found[name] = values / _SCALES[match[1]] * (rates[match[2]] / year)
    return found


def _sane(market: Market, units: Mapping[str, str]) -> Market:
    """The market, unless returns are beyond belief, those without a unit sooner."""
    volatility = np.std(market.returns, axis=0) * np.sqrt(market.year)
    moved = np.abs(np.mean(market.returns, axis=0)) * market.year
    for what, found in (("volatility", volatility), ("log return", moved)):
        for limit in (_WILDEST, _UNHEARD):
            free = () if limit == _UNHEARD else market.assets if market.kind == "prices" else units
            wild = [n for n, x in zip(market.assets, found) if x > limit and n not in free]
            if wild and limit == _WILDEST:
                remedy = f"Write the unit of returns, as in '{wild[0]} [%]', or [1] for none."
            else:
                remedy = "Correct the table, its units or --kind."
            if wild:
                raise bad(f"the {what} of {listed(wild)} is above {limit:.0%} a year.", remedy)
    return market
