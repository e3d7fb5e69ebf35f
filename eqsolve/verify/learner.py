"""A learner's reported exploitability against the exact one of the policy that it returned."""

from __future__ import annotations

import math

from numpy.typing import ArrayLike

from eqsolve.errors import InputError
from eqsolve.finite import FiniteGame, exploitability
from eqsolve.finite.play import MEASURES
from eqsolve.verify.check import Check

#: What single precision, in which learners compute, leaves of a reported number.
ALLOWED = 1e-4


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
    allowed : relative error, of the larger of 1 and the reference.

    Raises
    ------
    InputError
        If the policy is none of the game's, or the measure is not known.
    """
    if measure not in MEASURES:
        raise InputError(
            f"there is no measure {measure!r}.",
            game=game.name,
            stage="verify",
            remedy=f"Measures are {', '.join(MEASURES)}.",
        )
    found = exploitability(game, policy)
    exact = found.measure(measure)
    error = abs(reported - exact) / max(1.0, abs(exact))
    others = [m for m in MEASURES if abs(reported - found.measure(m)) <= allowed * max(1.0, exact)]
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
