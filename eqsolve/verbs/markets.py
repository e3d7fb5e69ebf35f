"""From a market's data to a game's equilibrium."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from eqsolve.errors import EqsolveError, InputError
from eqsolve.handle import Handle
from eqsolve.registry import adopt
from eqsolve.verbs.abilities import declared, require
from eqsolve.verbs.cited import citation
from eqsolve.verbs.sweeps import sweep

if TYPE_CHECKING:
    from eqsolve.arrays import Array
    from eqsolve.market.equilibrium import Evaluate
    from eqsolve.market.study import MarketStudy

__all__ = ["evaluation", "market"]


def evaluation(
    game: Any,
    fixed: Mapping[str, object],
    *,
    notion: str | None = None,
    size: int | None = None,
) -> Evaluate:
    """A game's results at columns of some of its parameters; ``fixed`` are the others.

    Raises
    ------
    InputError
        If agents differ: every point of theirs is solved by itself, not by a kernel.
    """
    from eqsolve.words.own_words import differ

    if declared(game) is None and differ(Handle(adopt(game))):
        raise InputError(
            "its agents differ, and estimates are of assets that are alike.",
            game=str(game),
            stage="market",
            remedy="Take a game whose agents are alike.",
        )

    def evaluate(rows: Mapping[str, Array]) -> Any:
        zipped = [list(rows)] if len(rows) > 1 else []
        how: dict[str, Any] = {"notion": notion, "size": size}
        return sweep(game, rows, fixed, zipped=zipped, progress=False, **how)

    return evaluate


def market(
    data: Any,
    game: Any,
    params: Mapping[str, object] | None = None,
    /,
    *,
    estimated: Mapping[str, str],
    kind: str | None = None,
    date: str | None = None,
    periods: float | None = None,
    rate: float = 0.0,
    count: int | None = None,
    draws: int = 1000,
    seed: int = 0,
    notion: str | None = None,
    size: int | None = None,
    position: str | None = None,
    penalty: float = 1.0,
    aversion: float = 2.0,
    measure: str = "variance",
    box: tuple[float, float] = (-1.0, 1.0),
    budget: float | None = None,
    leverage: float | None = None,
    out: str | os.PathLike[str] | None = None,
    **values: Any,
) -> MarketStudy:
    """Carry a market's returns to a game's equilibrium in each of its regimes.

    Parameters
    ----------
    data, kind, date, periods : see ``eqsolve.market.read.read_market``.
    game : a name, the path of a file, or a Model.
    params, values : the parameters that are not estimated.
    estimated : the quantity that a parameter is, such as ``{"NAME": "drift"}``; quantities are
        those of ``eqsolve.market.estimate.QUANTITIES``.
    rate : the interest rate of a year.
    count : number of regimes; by default that of 1 to 3 which Bayes' criterion prefers.
    draws : of the estimates, at which the equilibrium is evaluated, too.
    seed : of draws and of the fits of regimes.
    notion, size : see ``eqsolve.solve``.
    position : the result of the game that a unit of wealth holds in the assets together; if it is
        given, weights are chosen in every regime.
    penalty, aversion, measure : see ``eqsolve.market.weights.Plan``.
    box, budget, leverage : bounds of every weight, their sum (by default what is left earns the
        rate), and the largest sum of their absolute values.
    out : a page to write, one file of HTML.

    Raises
    ------
    InputError
        If the data, a name or a value are not acceptable, or agents differ.
    MissingPartError
        If a package of the extra ``market`` is not installed.
    """
    from eqsolve.arrays import merged
    from eqsolve.market.page import write
    from eqsolve.market.study import study
    from eqsolve.market.weights import Constraints, Plan
    from eqsolve.output import require_writable

    require(game, "sweep")
    name, fixed = adopt(game), merged(params, values)
    within = Constraints(*box, budget, leverage)
    plan = None if position is None else Plan(position, penalty, aversion, measure, within)
    path = None if out is None else require_writable(os.fspath(out))
    try:
        found = study(
            evaluation(name, fixed, notion=notion, size=size),
            name,
            data,
            estimated,
            fixed,
            kind=kind,
            date=date,
            periods=periods,
            rate=rate,
            count=count,
            draws=draws,
            seed=seed,
            plan=plan,
        )
    except EqsolveError as error:
        error.game = error.game or name
        raise
    if path is not None:
        write(found, path, citation(found).references)
    return found
