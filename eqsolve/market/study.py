"""From data to an equilibrium in every regime: read, divide, estimate, evaluate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eqsolve.arrays import Array
from eqsolve.market.equilibrium import Evaluate, Outcome, check_mapping, equilibrium
from eqsolve.market.estimate import Estimates, Figure, estimate
from eqsolve.market.needed import bad
from eqsolve.market.read import Market, read_market
from eqsolve.market.regimes import Regimes, regimes
from eqsolve.market.risk import risk
from eqsolve.market.table import day
from eqsolve.market.weights import Plan, Weights, weights
from eqsolve.schemas import SCHEMA

#: Most draws: each is a point of a sweep.
_MOST_DRAWS = 10**6
#: Seeds that fits and regimes may add to, and an interest rate of a year that is beyond belief.
_SEEDS, _DEAREST = 2**31, 10.0
#: Excess kurtosis of log returns beyond which the errors of volatilities are doubted.
_HEAVY = 1.0
_HEAD = ("estimate", "error", "2.5 %", "97.5 %")


@dataclass(frozen=True)
class Regime:
    """What was found in one regime.

    Attributes
    ----------
    market : its returns.
    estimates : from them.
    outcome : the equilibrium there.
    length : how many periods it lasts on average.
    risk : measures of equal parts of all assets.
    portfolio, held : weights, if they were asked for and there are some, and their measures.
    """

    market: Market
    estimates: Estimates
    outcome: Outcome
    length: float
    risk: Mapping[str, Figure]
    portfolio: Weights | None = None
    held: Mapping[str, Figure] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        each = self.estimates.figures_each().items()
        found = None
        if self.portfolio is not None:
            found = self.portfolio.to_dict(self.market.assets) | {"risk": _figures(self.held)}
        return {
            "periods": self.estimates.periods,
            "length": self.length if np.isfinite(self.length) else None,
            "estimates": _figures(self.estimates.figures()),
            "assets": {asset: _figures(figures) for asset, figures in each},
            "kurtosis": self.estimates.kurtosis,
            "equilibrium": self.outcome.to_dict(),
            "risk": _figures(self.risk),
            "portfolio": found,
        }


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
    risk : measures of equal parts of all assets, over all periods.
    plan : how weights are chosen, if they are.
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
    risk: Mapping[str, Figure]
    plan: Plan | None
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
            "risk": _figures(self.risk),
            "plan": None if self.plan is None else self.plan.to_dict(),
            "regimes": [one.to_dict() for one in self.regimes],
        }

    def __str__(self) -> str:
        lines = [
            f"{self.game}: {len(self.market.assets)} assets, {len(self.market.dates)} periods, "
            f"{day(self.market.dates[0])} to {day(self.market.dates[-1])}, "
            f"{self.market.year:g} a year"
        ]
        lines += [f"  {note}" for note in self.notes]
        lines += ["", _row("equal parts, all periods", *_HEAD), *_rows(self.risk)]
        for number, one in enumerate(self.regimes, 1):
            lines += ["", *_told(number, len(self.regimes), one)]
        return "\n".join(lines)


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one.to_dict() for name, one in found.items()}


def _row(name: str, *texts: str) -> str:
    return "  {:<26}{:>13}{:>13}   {:>13}{:>13}".format(name, *texts)


def _rows(figures: Mapping[str, Figure]) -> list[str]:
    """A line of every number and its spread."""
    return [
        _row(name, *(f"{n:.6g}" if np.isfinite(n) else "-" for n in vars(one).values()))
        for name, one in figures.items()
    ]


def _told(number: int, count: int, one: Regime) -> list[str]:
    """The lines of one regime."""
    lasting = f"lasts {one.length:.4g} on average" if np.isfinite(one.length) else "no end is seen"
    about = f", {lasting}" if count > 1 else ""
    lines = [f"regime {number} of {count}: {one.estimates.periods} periods{about}"]
    figures = one.estimates.figures()
    figures.pop("assets")
    lines += [_row("", *_HEAD), *_rows({**figures, **one.outcome.columns})]
    told = ", ".join(f"{n} {status}" for status, n in one.outcome.statuses.items())
    lines.append(f"  at the estimate: {one.outcome.status}; of the draws: {told or 'none'}")
    if count > 1:
        lines += [_row("equal parts", *_HEAD), *_rows(one.risk)]
    if one.portfolio is not None:
        lines += [_row("weights", *_HEAD), *_rows(one.held), *_weighed(one)]
    return lines


def _weighed(one: Regime) -> list[str]:
    """The lines of weights."""
    found = one.portfolio
    assert found is not None
    ended = "" if found.converged else "; not resolved: the evolution ended early"
    far = "" if found.distance is None else f"; distance to the equilibrium {found.distance:.4g}"
    lines = [f"  {'weight':>39}{'equilibrium':>13}{far}{ended}"]
    for k, asset in enumerate(one.market.assets):
        near = "-" if found.equilibrium is None else f"{found.equilibrium[k]:.6g}"
        lines.append(f"  {asset:<26}{found.values[k]:>13.6g}{near:>13}")
    return lines


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
    plan: Plan | None,
) -> MarketStudy:
    """Read, divide, estimate, and evaluate the game ``game``; see ``eqsolve.market``."""
    estimated = check_mapping(estimated)
    if twice := sorted(set(fixed) & set(estimated)):
        raise bad(f"{', '.join(twice)} is given and estimated.", "Leave one out.")
    if not 2 <= draws <= _MOST_DRAWS:
        raise bad(f"there are {draws} draws.", f"Choose from 2 to {_MOST_DRAWS}.")
    if not 0 <= seed < _SEEDS:
        raise bad(f"the seed is {seed}.", f"Choose from 0 to {_SEEDS - 1}.")
    if not -1 < rate < _DEAREST:
        raise bad(f"the interest rate is {rate:g}.", f"Give a number from -1 to {_DEAREST:g}.")
    of = read_market(data, kind=kind, date=date, periods=periods)
    if plan is not None:
        plan.check(len(of.assets))
    divided = regimes(of, count, seed=seed)
    how: dict[str, Any] = {"rate": rate, "draws": draws, "seed": seed}
    notes, rows = list(of.notes), []
    for number in range(divided.count):
        part = of.at(divided.of == number)
        estimates = estimate(part, rate=rate, draws=draws, seed=seed + number)
        outcome = equilibrium(evaluate, estimates, estimated)
        where = f" in regime {number + 1}" if divided.count > 1 else ""
        chosen, held = None, {}
        if plan is not None:
            near = target(outcome, plan.position, len(of.assets))
            if near is None and plan.penalty > 0:
                notes.append(f"no weights{where}: there is no equilibrium to be near to.")
            else:
                chosen = weights(part, near, plan, rate=rate, seed=seed)
                held = risk(part, chosen.values, **how, together=False)
        equal = risk(part, **how, together=False)
        rows.append(Regime(part, estimates, outcome, divided.lengths[number], equal, chosen, held))
        if estimates.kurtosis > _HEAVY:
            factor = np.sqrt(1 + estimates.kurtosis / 2)
            notes.append(
                f"log returns have an excess kurtosis of {estimates.kurtosis:.3g}{where}: errors "
                f"of volatilities, which suppose 0, may be too small by a factor of {factor:.2g}."
            )
    if plan is not None:
        notes.append("weights are chosen from the periods whose risk they are shown with.")
    if divided.count > 1:
        notes.append("errors do not contain that a period may be in another regime.")
    return MarketStudy(
        game,
        of,
        divided,
        estimated,
        fixed,
        draws,
        seed,
        tuple(rows),
        risk(of, **how),
        plan,
        tuple(notes),
    )


def target(outcome: Outcome, position: str, size: int) -> Array | None:
    """The equilibrium's weights: its position in equal parts; None if there is no equilibrium.

    Raises
    ------
    InputError
        If the game has no such result.
    """
    if position not in outcome.columns:
        raise bad(
            f"the game has no result {position!r}.",
            f"Results are {', '.join(outcome.columns)}.",
        )
    value = outcome.columns[position].value
    return np.full(size, value / size) if np.isfinite(value) else None
