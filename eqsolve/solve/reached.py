"""Where finite horizons lead from their payoffs: integrated in doubles, backward in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import arb, fmpq

from eqsolve.program.program import Program

#: The coefficients are at rest when, over one stretch, they move less than this, relative to
#: ``1 + |u|``; the stretches are as long as so many times the mean time to the horizon.
_STILL, _STRETCH, _STRETCHES = 1e-9, 20.0, 12


def followed(
    program: Program, table: Mapping[str, fmpq], span: float, start: list[float] | None = None
) -> Any:
    """The unknowns after a time to go, or None if they do not get there.

    Parameters
    ----------
    program : of a stationary problem with terminal values.
    table : the parameters and all other numbers that the rates have.
    span : the time.
    start : the unknowns at first (default: the terminal values).
    """
    # seldom needed, and costs as much as all the rest
    import numpy as np
    from scipy.integrate import solve_ivp

    system = program.system
    assert program.terminal is not None
    inserted = system.rates.at(table)
    places = [system.unknowns.index(a) for a in inserted.arguments]
    function = inserted.doubles()
    first = start or [float(arb(v).mid()) for v in program.terminal.at(table).within({})]
    try:
        run = solve_ivp(
            lambda s, u: function(*map(u.tolist().__getitem__, places)),
            (0, span),
            first,
            method="LSODA",
            rtol=1e-10,
            atol=1e-12,
        )
    except (OverflowError, ValueError, ZeroDivisionError):
        return None
    end = run.y[:, -1]
    return end if run.success and np.all(np.isfinite(end)) else None


def reached(program: Program, parameters: Mapping[str, fmpq]) -> dict[str, float]:
    """The coefficients of functions and feedback where finite horizons lead; empty if nowhere."""
    system = program.system
    if program.terminal is None or system.implicit:
        return {}
    rates = [
        float(arb(code.within(_balls(parameters))[0]).mid()) for _, code in program.discounting
    ]
    span = _STRETCH / min(rates)
    before = followed(program, parameters, span)
    for _ in range(_STRETCHES):
        now = None if before is None else followed(program, parameters, span, before.tolist())
        if now is None:
            return {}
        if (abs(now - before) <= _STILL * (1 + abs(now))).all():
            found = dict(zip(system.unknowns, now.tolist()))
            values = {**_balls(parameters), **{u: arb(v) for u, v in found.items()}}
            explicit = program.explicit.within(values)
            return found | {name: float(v.mid()) for name, v in explicit.items()}
        before = now
    return {}


def _balls(parameters: Mapping[str, fmpq]) -> dict[str, arb]:
    return {name: arb(value) for name, value in parameters.items()}
