"""A game's equilibrium at estimated parameters: at the estimate, and at draws of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve.arrays import Array
from eqsolve.market.estimate import QUANTITIES, Estimates, Figure, figure
from eqsolve.market.needed import bad
from eqsolve.status import Status

#: The results of a game at points, of which every parameter that is estimated has its values.
Evaluate = Callable[[Mapping[str, Array]], Any]


@dataclass(frozen=True)
class Outcome:
    """The equilibrium at the estimate and at draws of it.

    Attributes
    ----------
    parameters : the values at the estimate, of what was estimated.
    status : at the estimate, None where an estimated parameter is not defined.
    columns : the results by the name of their column, with what spread the draws give them.
    drawn : the results at draws where there is an equilibrium, NaN elsewhere.
    statuses : how many draws have which outcome.
    """

    parameters: Mapping[str, float | None]
    status: str
    columns: Mapping[str, Figure]
    drawn: Mapping[str, Array]
    statuses: Mapping[str, int]

    @property
    def share(self) -> float:
        """The share of draws that have an equilibrium."""
        return self.statuses.get(Status.OK.label, 0) / max(sum(self.statuses.values()), 1)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "parameters": dict(self.parameters),
            "status": self.status,
            "columns": {name: found.to_dict() for name, found in self.columns.items()},
            "statuses": dict(self.statuses),
        }


def check_mapping(estimated: Mapping[str, str]) -> dict[str, str]:
    """The quantities by the parameter that takes each.

    Raises
    ------
    InputError
        If there is none, or a quantity is unknown.
    """
    if not estimated:
        raise bad(
            "no parameter of the game is estimated.",
            "Say which, as in --estimate NAME=drift; quantities are " + ", ".join(QUANTITIES) + ".",
        )
    for name, quantity in estimated.items():
        if quantity not in QUANTITIES:
            raise bad(
                f"{quantity!r}, for the parameter {name}, is not estimated.",
                f"Quantities are {', '.join(QUANTITIES)}.",
            )
    return dict(estimated)


def equilibrium(evaluate: Evaluate, estimates: Estimates, estimated: Mapping[str, str]) -> Outcome:
    """Evaluate a game at an estimate and at its draws.

    Parameters
    ----------
    evaluate : from columns of parameters to a data set of results with their ``status``.
    estimates : of the game's parameters.
    estimated : a quantity of ``QUANTITIES`` for every parameter that is estimated.

    Raises
    ------
    InputError
        If a quantity needs more assets than there are, or is none.
    """
    rows = _points(estimates, check_mapping(estimated))
    defined = np.all([np.isfinite(values) for values in rows.values()], axis=0)
    missing = [name for name, values in rows.items() if not np.isfinite(values[0])]
    if not defined.any():
        raise bad(
            f"{', '.join(missing)} is not defined: the assets' covariances are negative.",
            "Give assets with a common factor.",
        )
    found = evaluate({name: values[defined] for name, values in rows.items()})
    codes = np.full(len(defined), int(Status.INVALID_INPUT))
    codes[defined] = found["status"].values
    usable = codes == Status.OK
    columns, drawn = {}, {}
    for name in found.data_vars:
        values = np.full(len(defined), np.nan)
        if name == "status" or found[name].ndim != 1:
            continue
        values[defined] = found[name].values
        values[~usable] = np.nan
        columns[str(name)] = figure(values[0], values[1:])
        drawn[str(name)] = values[1:]
    return Outcome(
        {n: None if n in missing else float(values[0]) for n, values in rows.items()},
        Status(int(codes[0])).label,
        columns,
        drawn,
        Counter(Status(int(code)).label for code in codes[1:]),
    )


def _points(estimates: Estimates, estimated: Mapping[str, str]) -> dict[str, Array]:
    """The parameters at the estimate, then at the draws."""
    for quantity in estimated.values():
        if quantity not in estimates.values:
            raise bad(f"{quantity} is not known from one asset.", "Give two assets or more, alike.")
    return {
        name: np.concatenate([np.atleast_1d(estimates.values[what]), estimates.drawn[what]])
        for name, what in estimated.items()
    }
