"""The accuracy of kernels, measured against enclosures from the exact parameters."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from eqsolve.arithmetic.algebraic import rational
from eqsolve.arithmetic.ball import real_roots
from eqsolve.arithmetic.number import precision
from eqsolve.kernels.arithmetic.cubic import CubicStatus
from eqsolve.kernels.arithmetic.cubic import real_roots as cubic_roots
from eqsolve.kernels.cubic.kernel import CubicKernel, Selection
from eqsolve.notated.published import Published
from eqsolve.parameters import ALIASES
from eqsolve.solve.closed_form.certify import certify
from eqsolve.solve.closed_form.condition import condition_numbers
from eqsolve.solve.closed_form.statement import Statement, state_point
from eqsolve.solve.closed_form.straightline import (
    StraightLine,
    alone,
    output_symbols,
    straight_line,
)
from eqsolve.status import Status

Sets = Mapping[str, NDArray[np.float64]]

#: The unit of every error: half the distance of doubles at one.
UNIT = 2.0**-53

#: The largest error that is acceptable, relative to the condition of an output.
ALLOWED = 1e-12

#: Distance from a fold, relative to the roots, from which a root must be right to one ulp.
FOLD = 1e-6

#: Statements are computed with so many bits.
_BITS = 256


@dataclass(frozen=True)
class Exact:
    """The exact outcome at one point: what is proved, values and conditions by output."""

    statement: Statement
    values: Mapping[str, arb]
    conditions: Mapping[str, arb]


@dataclass
class Accuracy:
    """What was measured on a number of points.

    Attributes
    ----------
    points : number of points.
    statuses : number of points by proved status.
    mismatches : positions where the kernel's status or count of roots is refuted.
    withheld : number of points where the kernel gives a reason instead of numbers.
    error : largest error over condition by output; at most ``ALLOWED`` is acceptable.
    where : position of that error.
    ulps : largest relative error by output in units of ``UNIT``, whatever the condition.
    conditions : relative condition numbers of all outputs at all points.
    errors : error over condition by point, of its worst output; 0 where there are no numbers.
    """

    points: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    mismatches: list[int] = field(default_factory=list)
    withheld: int = 0
    error: dict[str, float] = field(default_factory=dict)
    where: dict[str, int] = field(default_factory=dict)
    ulps: dict[str, float] = field(default_factory=dict)
    conditions: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)

    @property
    def worst(self) -> float:
        """Largest error over condition of all outputs."""
        return max(self.error.values(), default=0.0)


def known_inputs(kernel: CubicKernel, sets: Sets) -> dict[str, NDArray[np.float64]]:
    """The columns that the kernel's game knows."""
    names = (*kernel.parameters, *kernel.states)
    plain = {ALIASES.get(name, name): column for name, column in sets.items()}
    return {name: column for name, column in plain.items() if name in names}


def exact_outcomes(model: Published, sets: Sets, selection: str = "limit") -> list[Exact]:
    """Solve every point in ball arithmetic; ``sets`` holds every parameter and the state."""
    program, single, names = straight_line(model), alone(model), output_symbols(model)
    order = [s.name for s in (*program.parameters, *program.states)]
    position = {model.parts.outputs.alone.name: model.game.control}
    result = []
    for row in zip(*(sets[name].tolist() for name in order)):
        numbers, state = row[:-2], (row[-2], row[-1])
        statement, values, conditions = _solved(program, numbers, state, names, selection)
        if statement.status is Status.OK and single is not None:
            _, more, sizes = _solved(single, numbers, state, position)
            values, conditions = values | more, conditions | sizes
        result.append(Exact(statement, values, conditions))
    return result


def _solved(
    program: StraightLine,
    numbers: Any,
    state: tuple[float, float],
    names: Mapping[str, Any],
    selection: str = "limit",
) -> tuple[Statement, dict[str, arb], dict[str, arb]]:
    wanted = tuple(names.values())
    found = state_point(
        program, numbers, state, selection=selection, outputs=wanted, precisions=(_BITS, 1024, 4096)
    )
    if found.status is not Status.OK:
        return found, {}, {}
    sizes = condition_numbers(program, numbers, state, found, wanted)
    values = {name: found.values[s] for name, s in names.items()}
    return found, values, {name: sizes[s] for name, s in names.items()}


def measure(
    model: Published,
    kernel: CubicKernel,
    sets: Sets,
    exact: list[Exact] | None = None,
    selection: Selection = "limit",
) -> Accuracy:
    """Compare a kernel of a game with the exact outcomes on parameters that lie in their domains.

    ``exact`` may be given if it is known from another kernel of the same game.
    """
    inputs = known_inputs(kernel, sets)
    answers = kernel.evaluate(inputs, selection=selection, outputs=kernel.outputs)
    return compare(model, inputs, answers, exact, selection)


def compare(
    model: Published,
    inputs: Sets,
    answers: Mapping[str, NDArray[Any]],
    exact: list[Exact] | None = None,
    selection: str = "limit",
) -> Accuracy:
    """Compare answers with the exact outcomes."""
    exact = exact_outcomes(model, inputs, selection) if exact is None else exact
    judged = certify(model, inputs, selection=selection, outputs=(), answers=answers)["agrees"]
    result = Accuracy(points=len(exact), withheld=int((judged == 2).sum()))
    result.mismatches = [int(k) for k in np.flatnonzero(judged == 0)]
    with precision(_BITS):
        for index, point in enumerate(exact):
            result.statuses[point.statement.status.label] += 1
            answered = answers["status"][index] == Status.OK
            result.errors.append(0.0)
            for name, value in point.values.items() if answered else ():
                size = point.conditions[name]
                found = float(answers[name][index])
                difference = abs(arb(found) - value)
                error = _quotient(difference, size)
                ulps = _quotient(difference, abs(value)) / UNIT
                if not value.is_zero():
                    result.conditions.append(_quotient(size, abs(value)))
                if not error <= result.error.get(name, -1.0):
                    result.error[name], result.where[name] = error, index
                result.errors[-1] = max(result.errors[-1], error)
                result.ulps[name] = max(result.ulps.get(name, 0.0), ulps)
    return result


@dataclass(frozen=True)
class PolynomialAccuracy:
    """The cubic solver on the double coefficients of a game's polynomial.

    Attributes
    ----------
    points : number of polynomials.
    ulps : largest error of a real root away from folds, in units in the last place of the root.
    miscounted : number of polynomials whose number of distinct real roots is wrong.
    withheld : number of polynomials that are reported as folds.
    """

    points: int
    ulps: float
    miscounted: int
    withheld: int


def polynomial_accuracy(model: Published, sets: Sets) -> PolynomialAccuracy:
    """Compare the roots of the polynomials with double coefficients with the exact ones."""
    program = straight_line(model)
    worst, miscounted, withheld, count = 0.0, 0, 0, 0
    for row in zip(*(sets[s.name].tolist() for s in program.parameters)):
        with precision(_BITS):
            head = program.head(set(), *map(rational, row))
            polynomial = [float(arb(head[program.place[s]])) for s in program.polynomial]
            if not any(polynomial):
                continue
            exact = [root for root, _ in real_roots([Fraction(c) for c in polynomial])]
            found = cubic_roots(*((c, 0.0) for c in polynomial))
            count += 1
            withheld += int(found.status == CubicStatus.NEAR_FOLD)
            if found.status == CubicStatus.OK:
                miscounted += int(found.number != len(exact))
                if found.number == len(exact) and abs(found.gap) > FOLD:
                    worst = max([worst, *map(_ulps, found.roots, exact)])
    return PolynomialAccuracy(count, worst, miscounted, withheld)


def _ulps(found: tuple[float, float], exact: arb) -> float:
    """The error of the leading double in units in its last place."""
    return float(abs(arb(found[0]) - exact)) / math.ulp(float(exact))


def _quotient(top: arb, bottom: arb) -> float:
    """A quotient of nonnegative numbers; 0/0 is 0, and what is not a number is infinite."""
    if bottom.is_zero():
        return 0.0 if top.is_zero() else math.inf
    value = float(top / bottom)
    return value if math.isfinite(value) else math.inf
