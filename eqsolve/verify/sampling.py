"""Monte Carlo against a claim: the claimed moments and objectives at the start."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from flint import arb

from eqsolve.arithmetic.function import Function
from eqsolve.errors import DerivationError, InputError, NoSolutionError
from eqsolve.game import Model, t
from eqsolve.program.program import TIME
from eqsolve.solve.crowd import refuse_given
from eqsolve.solve.path import center
from eqsolve.studies.equilibrium import Equilibrium, equilibria
from eqsolve.studies.estimates import Band, Simulation
from eqsolve.studies.moments import Moments
from eqsolve.studies.moving import under_hazard
from eqsolve.studies.simulation.simulator import Simulator, simulate
from eqsolve.verify.check import Check

#: Probability that a right value is called wrong, in each comparison.
FALSE_ALARM = 1e-6
#: The error of a value that must be found out, and how often.
ERROR, POWER = 0.01, 0.99
#: How many simulations, of shorter steps and more paths, are made to reach the power.
ROUNDS = 4
#: Most paths of a round; what needs more is not verified.
MOST_PATHS = 1_000_000


def simulation_checks(
    claim: Equilibrium,
    *,
    paths: int = 4000,
    seed: int = 1,
    false_alarm: float = FALSE_ALARM,
) -> list[Check]:
    """Compare the claimed values at the start with a simulation of the game.

    Steps are shortened and paths are added until an error of ``ERROR`` of each value is found with
    probability ``POWER``; if that is not reached the check is not verified, and says so.

    Parameters
    ----------
    claim : strategy, functions and start.
    paths : number of paths of the first round.
    seed : of the random numbers.
    false_alarm : probability that a right value fails.
    """
    try:
        values = claimed_values(claim)
        found = _powerful(claim, values, paths, seed, false_alarm)
    except (DerivationError, NoSolutionError) as error:
        return [_refused(claim, str(error))]
    bands = {**found.moments, **found.objectives}
    return [
        _compared(claim, name, values[name], bands[name], found, false_alarm) for name in values
    ]


def simulated(
    model: Model,
    values: Mapping[str, object],
    at: Mapping[str, object] | None = None,
    *,
    paths: int,
    seed: int = 1,
    step: float | None = None,
    confidence: float = 0.99,
    hazard: str | None = None,
    horizon: object = None,
) -> Simulation:
    """Simulate a model in its equilibrium, beside what the closed form claims.

    Under a hazard rate that moves in time, ``hazard`` (and ``horizon``, an end), the strike is
    averaged over its law along every path. Where players have types of their own, names end with
    the number of the type. Each interval covers its value with the probability ``confidence``.

    Raises
    ------
    InputError, NoSolutionError, DerivationError
        As ``equilibria`` and ``eqsolve.studies.simulation.simulator.simulate``.
    """
    if not 0 < confidence < 1:
        raise InputError(
            "the confidence must lie between 0 and 1.", game=model.name, stage="simulate"
        )
    if TIME in (at or {}):
        raise InputError(
            "a simulation begins at time 0: t cannot be given.", game=model.name, stage="simulate"
        )
    if hazard is None:
        claims = equilibria(model, values, at)
    else:
        claims = [under_hazard(model, hazard, values, at, horizon=horizon)]
    refuse_given(claims[0].derivation)
    parts = [
        replace(
            simulate(claim, paths=paths, seed=seed, step=step),
            claimed=claimed_values(claim),
            confidence=confidence,
        )
        for claim in claims
    ]
    if len(parts) == 1:
        return parts[0]

    def merged(tables: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        numbered = enumerate(tables, start=1)
        return {f"{name}_{k}": value for k, table in numbered for name, value in table.items()}

    return replace(
        parts[0],
        work=sum(part.work for part in parts),
        moments=merged(part.moments for part in parts),
        objectives=merged(part.objectives for part in parts),
        claimed=merged(part.claimed for part in parts),
    )


def claimed_values(claim: Equilibrium) -> dict[str, float]:
    """Moments and objectives at the start, by name of the moment and of the player.

    Of open-loop strategies, whose ansatz gives the adjoints only, and of those against given
    averages, whose functions hold for averages that do not move, the expectations under the
    strategy are compared.
    """
    game = claim.game
    values: dict[str, float] = {}
    coefficients = claim.coefficients(Fraction(0))
    for player in game.players:
        reached: dict[sp.Symbol, float] = {}
        if game.notion in ("open-loop", "given"):
            source = Moments(claim, player)
            start = [float(claim.begin[s]) for s in source.closed.states if s in claim.begin]
            state = np.array(start * (len(source.closed.states) // len(start)))
            rows = source.values(np.zeros(1))[0] @ source.evaluate(state[None])[0]
            reached = {m.symbol: float(v) for (m, *_), v in zip(source.rows, rows, strict=True)}
        else:
            for moment in player.preference.moments:
                form = claim.model.ansatz.functions[moment.name].xreplace(claim.spelled)
                letters = sorted(form.free_symbols - {t}, key=lambda s: s.name)
                table = [_number(claim, coefficients, s) for s in letters]
                reached[moment.symbol] = Function([form], [*letters, t])([*table, 0.0])[0]
        values |= {str(m.name): v for m, v in reached.items()}
        aggregate = player.preference.aggregate.xreplace(claim.spelled)
        letters = sorted(aggregate.free_symbols - set(reached), key=lambda s: s.name)
        table = [_number(claim, coefficients, s) for s in letters]
        form_of = Function([aggregate], [*reached, *letters])
        values[player.name] = form_of([*reached.values(), *table])[0]
    return values


def _number(claim: Equilibrium, coefficients: Mapping[sp.Symbol, arb], symbol: sp.Symbol) -> float:
    if symbol in coefficients:
        return center(coefficients[symbol])
    if symbol in claim.numbers:
        return float(claim.numbers[symbol])
    return float(claim.state(symbol))


def _powerful(
    claim: Equilibrium, values: Iterable[str], paths: int, seed: int, false_alarm: float
) -> Simulation:
    """The first simulation that has the power, or the last."""
    simulator = Simulator(claim)
    step = simulator.longest
    for _ in range(ROUNDS):
        found = simulator.run(paths=paths, seed=seed, step=step)
        bands = {**found.moments, **found.objectives}
        weak = [bands[k] for k in values if _weak(bands[k], false_alarm)]
        if not weak:
            break
        # the bias falls as the step squared, the standard error as the root of the paths
        steps = max(math.sqrt(band.bias / _room(band) * 6) for band in weak)
        errors = max((band.allowed(false_alarm) - band.bias) / _room(band) * 2 for band in weak)
        step /= min(max(steps, 1.0 if errors > 1 else 2.0), 8.0)
        if paths * errors**2 > 4 * MOST_PATHS:  # out of reach, whatever the first estimate's error
            break
        paths = min(math.ceil(paths * min(max(errors**2, 1.0), 16.0)), MOST_PATHS)
        seed += 1
    return found


def _room(band: Band) -> float:
    """The error that must be found out."""
    return ERROR * max(abs(band.estimate), 1e-6)


def _weak(band: Band, false_alarm: float) -> str:
    """Why a comparison would say nothing, or an empty text.

    It is judged by the estimate, not by the claimed value, so that no wrong claim can escape.
    """
    if band.heavy:
        return "A single path has a large share of the variance: the tail is too heavy."
    power = band.power(_room(band), false_alarm)
    if power < POWER:
        return f"An error of {ERROR:.0%} would be found with probability {power:.2g} only."
    return ""


def _compared(
    claim: Equilibrium,
    name: str,
    value: float,
    band: Band,
    found: Simulation,
    false_alarm: float,
) -> Check:
    weak = _weak(band, false_alarm)
    power = band.power(_room(band), false_alarm)
    note = weak or (
        f"{found.paths} paths, seed {found.seed}; standard error {band.spread:.2g}, bias "
        f"of the steps at most {band.bias:.2g}; false alarms {false_alarm:.0e}, power against "
        f"{ERROR:.0%} {power:.4f}."
    )
    return Check(
        name=f"{name} by simulation",
        game=claim.game.name,
        kind="monte-carlo",
        value=value,
        reference=band.estimate,
        error=abs(value - band.estimate),
        allowed=band.allowed(false_alarm),
        note=note,
        refused=bool(weak),
    )


def _refused(claim: Equilibrium, text: str) -> Check:
    return Check(
        name="simulation",
        game=claim.game.name,
        kind="monte-carlo",
        value=0.0,
        reference=0.0,
        error=0.0,
        allowed=0.0,
        note=text,
        refused=True,
    )
