"""From data to an equilibrium in every regime: read, divide, estimate, evaluate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve.market.equilibrium import Evaluate, Outcome, check_mapping, equilibrium
from eqsolve.market.estimate import Estimates, estimate
from eqsolve.market.needed import bad
from eqsolve.market.read import Market, read_market
from eqsolve.market.regimes import Regimes, regimes
from eqsolve.market.table import day
from eqsolve.schemas import SCHEMA

#: Most draws: each is a point of a sweep.
_MOST_DRAWS = 10**6
#: Excess kurtosis of log returns beyond which the errors of volatilities are doubted.
_HEAVY = 1.0


@dataclass(frozen=True)
class Regime:
    """What was found in one regime.

    Attributes
    ----------
    market : its returns.
    estimates : from them.
    outcome : the equilibrium there.
    length : how many periods it lasts on average.
    """

    market: Market
    estimates: Estimates
    outcome: Outcome
    length: float


@dataclass(frozen=True)
class MarketStudy:
    """A game's equilibrium at what data say of its parameters.

    Attributes
    ----------
    game : its name.
    market : the returns.
    found : the regimes, and which period is in which.
    estimated : the quantity that every estimated parameter is.
    fixed : the other parameters.
    draws, seed : of the estimates.
    regimes : the calmest first.
    notes : sentences about the data and the estimates.
    """

    game: str
    market: Market
    found: Regimes
    estimated: Mapping[str, str]
    fixed: Mapping[str, object]
    draws: int
    seed: int
    regimes: tuple[Regime, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        data = {
            "kind": self.market.kind,
            "assets": list(self.market.assets),
            "periods": len(self.market.dates),
            "periods_of_year": self.market.year,
            "first": day(self.market.dates[0]),
            "last": day(self.market.dates[-1]),
        }
        return {
            "schema": SCHEMA,
            "game": self.game,
            "params": {name: str(value) for name, value in self.fixed.items()},
            "estimated": dict(self.estimated),
            "draws": self.draws,
            "seed": self.seed,
            "data": data,
            "notes": list(self.notes),
            "criteria": {str(n): value for n, value in self.found.criteria.items()},
            "transition": self.found.transition.tolist(),
            "regimes": [
                {
                    "periods": one.estimates.periods,
                    "length": one.length if np.isfinite(one.length) else None,
                    "estimates": _figures(one.estimates.figures()),
                    "assets": {
                        asset: _figures(figures)
                        for asset, figures in one.estimates.figures_each().items()
                    },
                    "kurtosis": one.estimates.kurtosis,
                    "equilibrium": one.outcome.to_dict(),
                }
                for one in self.regimes
            ],
        }

    def __str__(self) -> str:
        lines = [
            f"{self.game}: {len(self.market.assets)} assets, {len(self.market.dates)} periods, "
            f"{day(self.market.dates[0])} to {day(self.market.dates[-1])}, "
            f"{self.market.year:g} a year"
        ]
        lines += [f"  {note}" for note in self.notes]
        for number, one in enumerate(self.regimes, 1):
            lines += ["", *_told(number, len(self.regimes), one)]
        return "\n".join(lines)


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one.to_dict() for name, one in found.items()}


def _told(number: int, count: int, one: Regime) -> list[str]:
    """The lines of one regime."""
    about = f", lasts {one.length:.4g} on average" if count > 1 else ""
    lines = [f"regime {number} of {count}: {one.estimates.periods} periods{about}"]
    row = "  {:<22}{:>12}{:>12}   {:>12}{:>12}".format
    lines.append(row("", "estimate", "error", "2.5 %", "97.5 %"))
    figures = [*one.estimates.figures().items(), *one.outcome.columns.items()]
    for name, figure in figures:
        if name != "assets":
            numbers = (figure.value, figure.error, figure.low, figure.high)
            lines.append(row(name, *(f"{n:.6g}" if np.isfinite(n) else "-" for n in numbers)))
    told = ", ".join(f"{n} {status}" for status, n in one.outcome.statuses.items())
    return [*lines, f"  at the estimate: {one.outcome.status}; of the draws: {told or 'none'}"]


def study(
    evaluate: Evaluate,
    game: str,
    data: Any,
    estimated: Mapping[str, str],
    fixed: Mapping[str, object],
    *,
    kind: str | None,
    date: str | None,
    periods: float | None,
    rate: float,
    count: int | None,
    draws: int,
    seed: int,
) -> MarketStudy:
    """Read, divide, estimate, and evaluate the game ``game``; see ``eqsolve.market``."""
    estimated = check_mapping(estimated)
    if twice := sorted(set(fixed) & set(estimated)):
        raise bad(f"{', '.join(twice)} is given and estimated.", "Leave one out.")
    if not 2 <= draws <= _MOST_DRAWS:
        raise bad(f"there are {draws} draws.", f"Choose from 2 to {_MOST_DRAWS}.")
    of = read_market(data, kind=kind, date=date, periods=periods)
    divided = regimes(of, count, seed=seed)
    notes, rows = list(of.notes), []
    for number in range(divided.count):
        part = of.at(divided.of == number)
        estimates = estimate(part, rate=rate, draws=draws, seed=seed + number)
        outcome = equilibrium(evaluate, estimates, estimated)
        rows.append(Regime(part, estimates, outcome, divided.lengths[number]))
        where = f" in regime {number + 1}" if divided.count > 1 else ""
        if estimates.kurtosis > _HEAVY:
            factor = np.sqrt(1 + estimates.kurtosis / 2)
            notes.append(
                f"log returns have an excess kurtosis of {estimates.kurtosis:.3g}{where}: errors "
                f"of volatilities, which suppose 0, may be too small by a factor of {factor:.2g}."
            )
    if divided.count > 1:
        notes.append("errors do not contain that a period may be in another regime.")
    return MarketStudy(game, of, divided, estimated, fixed, draws, seed, tuple(rows), tuple(notes))
