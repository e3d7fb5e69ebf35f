"""Equilibria under a hazard rate that moves in time, for what the studies and checks need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

import sympy as sp
from flint import arb, ctx

from eqsolve.derivation.derivation import derive
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.game import Model
from eqsolve.game.parameters import read
from eqsolve.solve.derived import DerivedPoint
from eqsolve.solve.moving import Moving, moving_problem, with_end
from eqsolve.solve.point import BITS
from eqsolve.studies.equilibrium import Equilibrium, equilibrium

#: Integrated hazard of the time at which a horizon without an end is cut off for checks, and of the
#: last time that is looked at: between both all but exp(-40) are struck.
CUT, SEEN = 45.0, 5.0


def under_hazard(
    model: Model,
    spec: str,
    values: Mapping[str, object],
    at: Mapping[str, object] | None = None,
    *,
    horizon: object = None,
    selection: str | None = None,
) -> Equilibrium:
    """Solve a model under a hazard rate that moves in time.

    Parameters
    ----------
    model : the model, of the structure that is wanted.
    spec : the rate, as ``parse_hazard`` reads it.
    values : all parameters but the hazard rate.
    at : states at time 0.
    horizon : the end, where there is one: min(tau, T).
    selection : the rule among several solutions.

    Returns
    -------
    Equilibrium
        Without an end its game ends when the integrated hazard is ``CUT``, and it is looked at up
        to the time of ``SEEN``; its coefficients are those without an end.

    Raises
    ------
    NoSolutionError
        If there is no equilibrium.
    InputError
        As ``eqsolve.solve.moving.solve_moving``.
    """
    problem = moving_problem(model, spec, values, horizon=horizon, selection=selection)
    if not isinstance(problem, Moving):
        return equilibrium(model, problem, at, selection)
    problem = replace(problem, model=replace(problem.model, outputs={}, beside={}))
    with ctx.workprec(BITS):
        problem.answer(at or {}).raise_for_status()
        last, until = problem.last, None
        if last is None:
            last, until = (_reached(problem, decay) for decay in (CUT, SEEN))
        ended, end = with_end(model)
        known = {s.name: v for s, v in problem.numbers.parameters.items()}
        numbers = read(ended, {**known, end.name: last}, at)
        point = DerivedPoint(derive(ended), numbers, problem.selection)
        parameters = {
            s: sp.Rational(v.numerator, v.denominator)
            for s, v in numbers.parameters.items()
            if s != problem.letter
        }
        start = {s: sp.Rational(v.numerator, v.denominator) for s, v in point.initial.items()}
    return Equilibrium(
        point.derivation,
        parameters,
        _coefficients(problem, point),
        start,
        hazard=problem.hazard,
        until=until,
    )


def _reached(problem: Moving, decay: float) -> Fraction:
    time = problem.hazard.reached(decay)
    assert time is not None, "a horizon that never strikes has no equilibrium"
    return Fraction(time)


def _coefficients(
    problem: Moving, point: DerivedPoint
) -> Callable[[Fraction], dict[sp.Symbol, arb]]:
    """The coefficients by time, from what the answer was found by."""
    if not problem.enclosed:
        raise NoSolutionError(
            "the coefficients are not enclosed as functions of time.",
            game=problem.model.name,
            stage="unresolved",
            remedy="" if problem.last is not None else "Give the horizon an end, with --horizon.",
        )
    found, _ = problem.enclosed[0]
    begin, settled = None, None
    if problem.last is None and problem.hazard.pieces:
        begin, settled = problem.hazard.pieces[-1][0], problem.final.point
    derivation = point.derivation
    wanted = {*derivation.system.unknowns, *derivation.system.implicit, *derivation.spelled}

    def coefficients(time: Fraction) -> dict[sp.Symbol, arb]:
        with ctx.workprec(BITS):
            own, path = found, found.path
            if settled is not None and begin is not None and time >= begin:
                own, path = settled, settled.path
            elif found.end is not None and time > found.end:
                raise InputError(
                    f"t = {float(time):.6g} is after the last time that is enclosed.",
                    game=problem.model.name,
                    stage="checks",
                )
            assert path is not None, "it was solved"
            values = own.environment(path.coefficients(time), time)
            return {s: v for s, v in point.by_symbol(values).items() if s in wanted}

    return coefficients
