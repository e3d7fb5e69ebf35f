"""A learner's reported exploitability against the exact one of the policy that it returned."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from eqsolve.errors import InputError
from eqsolve.finite import FiniteGame, exploitability
from eqsolve.finite.play import MEASURES, Exploitability
from eqsolve.verify.check import Check

#: What single precision, in which learners compute, leaves of a reported number.
ALLOWED = 1e-4
#: An exploitability is a difference of values: what is below this share of them is compared with
#: the share, lest rounding be blamed on the learner.
SHARE = 1e-2


def judge(
    game: FiniteGame,
    policy: ArrayLike,
    reported: float,
    *,
    measure: str = "total",
    allowed: float = ALLOWED,
) -> Check:
    """Judge what a learner says about its policy.

    Parameters
    ----------
    policy : (T + 1, states, actions), what it returned.
    reported : its exploitability.
    measure : which number is meant: ``total`` (over the horizon, weighted by the initial law),
        ``per_step``, ``worst`` or ``summed`` (over initial states without weights).
    allowed : relative error, of the larger of the reference and 1 % of the values that it is the
        difference of, in the same measure. No unit of reward plays a part.

    Raises
    ------
    InputError
        If the policy is none of the game's, the measure is not known, or no number is reported.
    """
    if measure not in MEASURES:
        raise InputError(
            f"there is no measure {measure!r}.",
            game=game.name,
            stage="verify",
            remedy=f"Measures are {', '.join(MEASURES)}.",
        )
    if np.ndim(reported) or np.asarray(reported).dtype.kind not in "iuf":
        raise InputError(
            f"a reported exploitability is a number, not {reported!r}.",
            game=game.name,
            stage="verify",
            remedy="Convert it with float().",
        )
    found = exploitability(game, policy)
    exact, error = found.measure(measure), _error(found, measure, reported)
    others = [m for m in MEASURES if _error(found, m, reported) <= allowed]
    note = f"The best response earns {found.initial @ found.best:.9g}, the policy "
    note += f"{found.initial @ found.own:.9g}."
    if not error <= allowed and others:
        note += f" The reported number is the measure {others[0]}."
    return Check(
        name=f"exploitability, {measure}",
        game=game.name,
        kind="enumeration",
        value=float(reported),
        reference=exact,
        error=error if math.isfinite(error) else math.inf,
        allowed=allowed,
        note=note,
    )


def _error(found: Exploitability, measure: str, reported: float) -> float:
    """The relative error, infinite where there is nothing to compare with."""
    exact = found.measure(measure)
    values = max(
        abs(replace(found, best=np.abs(part), own=np.zeros_like(part)).measure(measure))
        for part in (found.best, found.own)
    )
    gap, scale = abs(float(reported) - exact), max(abs(exact), SHARE * values)
    return gap / scale if scale else (0.0 if gap == 0 else math.inf)
