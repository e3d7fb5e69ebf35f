"""A hazard rate that moves in time in place of the constant one that a game declares.

The coefficients solve their equations backward from a horizon that is far beyond the first strike.
Time is measured by the integrated hazard, so that nothing depends on its unit. That the horizon is
far enough is shown: three horizons are compared, and a fourth solution that starts elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
from flint import arb, ctx
from numpy.typing import NDArray

from eqsolve.arithmetic.function import Function
from eqsolve.derivation.derivation import Derivation, derived
from eqsolve.errors import InputError
from eqsolve.game import Model
from eqsolve.game.hazard_rates import Hazard, parse_hazard
from eqsolve.game.parameters import Numbers, read
from eqsolve.game.structure import Builder, build, counted
from eqsolve.numbers import exact
from eqsolve.solve.answer import Answer
from eqsolve.solve.choice import sentence
from eqsolve.solve.derived import DerivedPoint
from eqsolve.solve.path import center
from eqsolve.solve.point import BITS
from eqsolve.solve.results import floats
from eqsolve.solve.solve import solve
from eqsolve.status import Status

#: Accuracy of the integration, and how much less accurate another one is that shows its error.
TOLERANCE, COARSER = 1e-13, 30.0
#: Integrated hazards of the horizons that are compared.
FAR = (16.0, 32.0, 64.0)
#: Relative difference of the last solutions up to which they have converged, and the part of the
#: difference before that it may be, unless it is as small as the integration's error.
CONVERGED, SHRINKS = 1e-8, 0.1
#: Least number of steps under a rate that may have peaks.
STEPS = 1000
#: Times at which conditions are checked.
CHECKED = 17
Array = NDArray[np.float64]


def solve_moving(
    source: Model | Builder,
    spec: str,
    values: Mapping[str, object],
    *,
    horizon: object = None,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
    selection: str | None = None,
) -> Answer:
    """Solve a model at time 0 under a hazard rate that moves in time.

    Parameters
    ----------
    source, notion, size, continuum, selection : as for ``solve``.
    spec : the rate, as ``parse_hazard`` reads it.
    values : all parameters but the hazard rate.
    horizon : the end, where there is one: min(tau, T).

    Returns
    -------
    Answer
        Without ``at``; ``certificate`` says by how much the solution moves with the horizon. Where
        it is not shown to converge its status is ``unresolved``. A rate that tends to a number has
        a solution only if the stationary problem of that number has one.

    Raises
    ------
    InputError
        If the model does not declare one letter as its hazard rate, or has an end of its own.
    """
    how: dict[str, Any] = {
        "notion": notion,
        "size": size,
        "continuum": continuum,
        "selection": selection,
    }
    problem = moving_problem(source, spec, values, horizon=horizon, **how)
    if isinstance(problem, Moving):
        return problem.answer()
    return solve(source, problem, **how)


def moving_problem(
    source: Model | Builder,
    spec: str,
    values: Mapping[str, object],
    *,
    horizon: object = None,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
    selection: str | None = None,
) -> Moving | dict[str, object]:
    """The problem at these numbers; of a constant rate the parameters of the stationary one.

    Parameters
    ----------
    all : as for ``solve_moving``.

    Raises
    ------
    InputError
        As for ``solve_moving``.
    """
    hazard = parse_hazard(spec)
    found = source if isinstance(source, Model) else None
    model = found or build(source, values, notion=notion, size=size, continuum=continuum)
    letter = _letter(model)
    if letter.name in values:
        raise InputError(
            f"{letter} is given, and a hazard rate besides.", game=model.name, stage="input"
        )
    last = None if horizon is None else exact("horizon", horizon)
    if last is not None and last <= 0:
        raise InputError("the horizon must be positive.", game=model.name, stage="input")
    if last is None and spec == "none":
        raise InputError(
            "without a hazard rate a horizon is needed.", game=model.name, stage="input"
        )
    if hazard.constant is not None and last is None:
        return {**values, letter.name: hazard.constant}
    numbered = counted(model, {**values, letter.name: 1}, size)
    with ctx.workprec(BITS):
        derivation = derived(model)
        if derivation.system.implicit or (model.game.crowd is not None and model.game.crowd.own):
            raise InputError(
                "hazard rates that move in time need an explicit feedback of players who are "
                "alike.",
                game=model.name,
                stage="input",
            )
        numbers = read(model, numbered, None)
    return Moving(derivation, letter, numbers, hazard, selection or model.selection, last)


def _letter(model: Model) -> sp.Symbol:
    """The parameter that is the hazard rate and nothing else."""
    game = model.game
    letter = game.horizon.hazard
    rows = {row.symbol for row in model.vocabulary.parameters}
    elsewhere = [e for words, e in game.expressions() if "hazard" not in words]
    elsewhere += [*model.outputs.values(), *(e for law in model.initial.values() for e in law)]
    if letter not in rows or any(letter in e.free_symbols for e in elsewhere):
        raise InputError(
            "the hazard rate of the game is not one letter that stands for nothing else.",
            game=game.name,
            stage="input",
            remedy="Write Horizon(lambda) with a parameter of its own.",
        )
    if game.horizon.end is not None:
        raise InputError("the game has a horizon of its own.", game=game.name, stage="input")
    return letter


@dataclass(frozen=True)
class Moving:
    """One model at one set of numbers, under one rate.

    Attributes
    ----------
    derivation, selection : of the model.
    letter : the parameter that is the rate; ``numbers`` hold 1 for it.
    hazard : the rate.
    last : the end of the horizon, if there is one.
    """

    derivation: Derivation
    letter: sp.Symbol
    numbers: Numbers
    hazard: Hazard
    selection: str
    last: Fraction | None

    def point(self, rate: Fraction) -> DerivedPoint:
        """The stationary problem at a constant rate."""
        parameters = {**self.numbers.parameters, self.letter: rate}
        return DerivedPoint(
            self.derivation, replace(self.numbers, parameters=parameters), self.selection
        )

    def answer(self) -> Answer:
        """The answer at time 0, or why there is none, in doubles."""
        with ctx.workprec(BITS):
            return self._answer()

    def _answer(self) -> Answer:
        hazard, last = self.hazard, self.last
        if last is not None:
            run = self.integrated(float(last), self.payoffs())
            message = f"The equations are integrated from T = {float(last):.6g} to time 0."
            return self.refused(run) if isinstance(run, str) else self.found(run, message, {})
        if hazard.limit is None:
            return self.refused(
                "The hazard rate has no limit that could be seen: convergence is not decided. "
                "Give the horizon an end.",
                Status.UNRESOLVED,
            )
        ends = [hazard.reached(decay) for decay in FAR]
        if hazard.tail == 0 or None in ends:
            return self.refused("With positive probability the horizon never strikes.")
        far = [float(end or 0) for end in ends]
        if hazard.limit == math.inf:
            return self.far(far)
        final = self.point(hazard.tail or Fraction(hazard.limit or hazard.rate(far[-1])))
        limit = final.answer()
        if not limit.ok:
            return self.refused(f"At the last hazard rate: {limit.message}", limit.status)
        if hazard.tail is None:
            return self.far(far)
        assert final.path is not None
        rest = final.path.coefficients(Fraction(0))
        start = np.array([float(rest[u.name].mid()) for u in self.derivation.system.unknowns])
        run = self.integrated(hazard.breaks[-1], start)
        if isinstance(run, str):
            return self.refused(run)
        return self.found(
            run,
            f"The hazard rate is constant from t = {hazard.breaks[-1]:.6g} on and the solution the "
            "stationary one; the equations are integrated from there to time 0.",
            {},
        )

    def far(self, ends: Sequence[float]) -> Answer:
        """The limit of horizons that grow, or why it is not shown."""
        runs: list[tuple[Array, Array]] = []
        starts = [self.payoffs()] * len(ends) + [self.elsewhere()]
        for end, start in zip((*ends, ends[-1]), starts):
            run = self.integrated(end, start)
            if isinstance(run, str):
                return self.refused(run)
            runs.append(run)
        played = [self.controls(values[:, -1]) for _, values in runs]
        size = max(float(np.max(np.abs(played[-2]), initial=0.0)), 1e-300)
        moves = [float(np.max(np.abs(a - b))) / size for a, b in zip(played, played[1:])]
        rough = self.integrated(ends[-1], starts[0], COARSER * TOLERANCE)
        if isinstance(rough, str):
            return self.refused(rough)
        error = float(np.max(np.abs(self.controls(rough[1][:, -1]) - played[-2]))) / size
        # each of two solutions may be off by the error
        shrinks = moves[1] <= max(SHRINKS * moves[0], 2 * error)
        if not (shrinks and max(moves[1:]) <= CONVERGED):
            return self.refused(
                "The feedback at time 0 still moves with the horizon: no limit is shown.",
                Status.UNRESOLVED,
            )
        message = (
            f"The feedback at time 0 moves by {moves[0]:.1g} from T = {ends[0]:.4g} to "
            f"{ends[1]:.4g}, by {moves[1]:.1g} to {ends[2]:.4g}, and by {moves[2]:.1g} with other "
            "functions at the end."
        )
        return self.found(
            runs[-2], message, {"horizons": list(ends), "moves": moves, "error": error}
        )

    def payoffs(self) -> Array:
        """The coefficients when the horizon ends."""
        exact_values = self.point(Fraction(1)).parameters
        payoffs = self.derivation.payoffs
        return np.array(
            [float(payoffs[u].xreplace(exact_values)) for u in self.derivation.system.unknowns]
        )

    def elsewhere(self) -> Array:
        """Other ones: the k-th function is half of k times as large again."""
        values = self.payoffs()
        for place, function in enumerate(self.derivation.solved.ansatz.functions.values(), 1):
            for k, unknown in enumerate(self.derivation.system.unknowns):
                if unknown in function.free_symbols:
                    values[k] *= 1.5 * place
        return values

    @cached_property
    def speeds(self) -> Callable[..., list[float]]:
        """The derivatives of the coefficients in the time to go, of the rate and of them."""
        unknowns = self.derivation.system.unknowns
        table = self.point(Fraction(1)).parameters
        table.pop(self.letter)
        rates = [-self.derivation.system.rates[u].xreplace(table) for u in unknowns]
        return Function(rates, [self.letter, *unknowns]).doubles()

    def integrated(
        self, end: float, start: Array, tolerance: float = TOLERANCE
    ) -> tuple[Array, Array] | str:
        """Calendar times, the last of them 0, and the coefficients there; or what went wrong."""
        from scipy.integrate import solve_ivp  # for this verb alone

        function, hazard, value = self.speeds, self.hazard, start
        times, values = [end], [start]
        stops = [end, *(b for b in reversed(hazard.breaks) if b < end), 0.0]
        for first, stop in zip(stops, stops[1:]):
            inside = hazard.rate((first + stop) / 2) if hazard.breaks else None

            def slope(
                s: float, u: Array, level: float | None = inside, top: float = first
            ) -> Array:
                rate = hazard.rate(top - s) if level is None else level
                return np.array(function(rate, *map(float, u)))

            try:
                run = solve_ivp(
                    slope,
                    (0.0, first - stop),
                    value,
                    method="LSODA",
                    rtol=tolerance,
                    atol=tolerance * 1e-2,
                    t_eval=np.linspace(0.0, first - stop, CHECKED),
                    max_step=math.inf if hazard.smooth else (first - stop) / STEPS,
                )
            except (OverflowError, ValueError, ZeroDivisionError):
                return "The equations of the coefficients have no solution up to the horizon."
            if not run.success or not np.all(np.isfinite(run.y)):
                return "The equations of the coefficients have no solution up to the horizon."
            value = run.y[:, -1]
            times += [first - s for s in run.t[1:]]
            values += list(run.y.T[1:])
        return np.array(times), np.array(values).T

    def environment(self, values: Array) -> dict[sp.Symbol, arb]:
        unknowns = self.derivation.system.unknowns
        return self.point(Fraction(self.hazard.rate(0.0))).environment(
            {u.name: arb(float(v)) for u, v in zip(unknowns, values)}
        )

    def controls(self, values: Array) -> Array:
        """The coefficients of the feedback and of what is played."""
        found = self.environment(values)
        return np.array([center(found[s]) for s in self.derivation.explicit])

    def found(
        self, run: tuple[Array, Array], message: str, certificate: Mapping[str, object]
    ) -> Answer:
        """The answer at time 0, if the conditions hold on the way."""
        point = self.point(Fraction(self.hazard.rate(0.0))).point
        program = point.program

        def environment(column: Array) -> dict[str, arb]:
            balls = {u: arb(float(v)) for u, v in zip(program.system.unknowns, column)}
            return point.environment(balls, point.numbers.time)

        wanted = [(c, Status.NO_SOLUTION) for c in program.system.domains]
        wanted += [(c, Status.NOT_A_MAXIMUM) for c in program.second_order]
        times, values = run
        for time, column in zip(times, values.T):
            here = environment(column)
            for condition, otherwise in wanted:
                if condition.holds(here) is not True:
                    message = f"{sentence(condition.sentence)} at t = {time:.6g}."
                    return self.refused(message, otherwise)
        final = environment(values[:, -1])
        forms = () if program.given is None else program.given.response
        names = (*program.system.unknowns, *program.feedback)
        return replace(
            self.refused(message, Status.OK),
            strategy={form.control: floats(form.monomials, final) for form in program.strategy},
            response={form.control: floats(form.monomials, final) for form in forms},
            coefficients={name: center(final[name]) for name in names},
            certificate={"arithmetic": "double", "hazard": self.hazard.name, **certificate},
        )

    def refused(self, message: str, status: Status = Status.NO_SOLUTION) -> Answer:
        answer = self.point(Fraction(1)).point.refused(status, message)
        given = {k: v for k, v in answer.parameters.items() if k != self.letter.name}
        return replace(answer, parameters=given)
