"""Certificates: a proof for every point of a block, and the kernel's answers judged by it.

``certify`` takes the same parameters as a kernel and shares no arithmetic with it: it encloses
every number in ball arithmetic from the exact parameters and decides every sign.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import ArrayLike, NDArray

from eqsolve.arithmetic.number import precision
from eqsolve.arrays import NotRealError, reals
from eqsolve.errors import InputError
from eqsolve.kernels.cubic.kernel import Selection, kernel
from eqsolve.notated.published import Published
from eqsolve.parameters import ALIASES
from eqsolve.solve.closed_form.condition import condition_numbers
from eqsolve.solve.closed_form.proof import Number
from eqsolve.solve.closed_form.statement import (
    PRECISIONS,
    Statement,
    Verdict,
    outward,
    state_point,
)
from eqsolve.solve.closed_form.straightline import (
    StraightLine,
    alone,
    output_symbols,
    straight_line,
)
from eqsolve.status import Status
from eqsolve.symbols import entry

__all__ = ["Verdict", "certify", "evaluate", "summary"]

#: Allowed distance of an answer from its enclosure, in units of 2^-53 of the larger of the value
#: and its condition (the change that a relative change of all parameters by one causes): 1e-12.
ULPS = 1 << 13

#: What rounding alone changes in an answer below the normal range: the smallest double.
SMALLEST = 2.0**-1074

#: Relative distance to another root below which an answer may be withheld as a fold.
NEAR = 1e-6

Columns = dict[str, NDArray[Any]]


def certify(
    model: Published,
    params: Mapping[str, ArrayLike],
    *,
    selection: str = "limit",
    outputs: Iterable[str] | None = None,
    answers: Mapping[str, NDArray[Any]] | None = None,
    ulps: float = ULPS,
) -> Columns:
    """Prove what can be proved about every point of a broadcast of the parameters.

    It may run in any process: everything passed and returned can be pickled.

    Parameters
    ----------
    model : a game with a kernel.
    params : doubles by parameter name, and the state ``x``, ``y``, broadcasting like numpy, exactly
        as for ``Kernel.evaluate``; the doubles are the exact parameters.
    selection : ``"limit"`` or ``"value"``.
    outputs : names of outputs to enclose, all but the position without competition (default: the
        root and the strategy).
    answers : what ``Kernel.evaluate`` returned for the same parameters and selection, to be judged.
    ulps : allowed distance of an answer from its enclosure, see ``ULPS``; ``SMALLEST`` besides.

    Returns
    -------
    dict of arrays of the broadcast's shape
        ``certified`` (a ``Verdict``), ``certified_status`` (the proved ``Status``),
        ``real_roots`` and ``admissible_roots`` (distinct ones, -1 if undecided), ``admissible``
        (whether second moments are finite: 1, 0, or -1 if undecided or moot), for every output
        ``NAME_lower`` and ``NAME_upper`` (NaN where there is no equilibrium), rounded outward; with
        answers ``agrees`` (1 inside the allowed distance, 0 wrong, 2 the kernel withheld an answer
        with a reason that holds, -1 not comparable).

    Raises
    ------
    InputError
        For an unknown parameter or output.
    """
    program, game = straight_line(model), model.name
    names = model.parts.outputs.enclosed if outputs is None else tuple(outputs)
    known = output_symbols(model)
    strange = [name for name in names if name not in known]
    if strange or selection not in ("limit", "value"):
        what = f"output {strange[0]!r}" if strange else f"selection {selection!r}"
        raise InputError(f"there is no {what}.", game=game, stage="certificate")
    columns, same_wealth, shape = _columns(program, params)
    size = math.prod(shape)
    valid = _in_domain(program, columns, same_wealth)
    result = _empty(names, size)
    if answers is not None:
        answers = {k: np.asarray(v).reshape(size) for k, v in answers.items()}
        result["agrees"] = np.full(size, -1, np.int8)
    rows = zip(*(column.tolist() for column in columns))
    symbols = tuple(known[name] for name in names)
    for index, row in enumerate(rows):
        numbers, own, others = row[:-2], row[-2], None if same_wealth else row[-1]
        statement = Statement(Verdict.INVALID_INPUT, Status.INVALID_INPUT)
        if valid[index]:
            statement = state_point(
                program, numbers, (own, others), selection=selection, outputs=symbols
            )
        verdict = _record(result, index, statement, dict(zip(names, symbols)))
        if answers is not None and verdict is not Verdict.UNDECIDED:
            answer = {name: column[index] for name, column in answers.items()}
            judge = _Judge(model, numbers, (own, others), statement, ulps)
            result["agrees"][index] = judge(answer, {n: known[n] for n in names})
    return {name: column.reshape(shape) for name, column in result.items()}


def evaluate(
    model: Published,
    params: Mapping[str, ArrayLike],
    *,
    selection: Selection = "limit",
    outputs: Iterable[str] | None = None,
    threads: int | None = None,
) -> Columns:
    """Evaluate a game's kernel and certify every answer: the columns of both.

    Parameters as for ``Kernel.evaluate``; the outputs that can be enclosed are.
    """
    found = kernel(model).evaluate(params, selection=selection, outputs=outputs, threads=threads)
    enclosed = [name for name in found if name in output_symbols(model)]
    answers = found if "status" in found else None
    return found | certify(model, params, selection=selection, outputs=enclosed, answers=answers)


def summary(columns: Mapping[str, NDArray[Any]]) -> dict[str, int]:
    """Coverage: the number of points by verdict, and by agreement if answers were judged.

    The keys are the labels of verdicts, then ``agrees``, ``withheld`` and ``disagrees``.
    """
    counts = np.bincount(columns["certified"].ravel(), minlength=len(Verdict))
    result = {verdict.label: int(counts[verdict]) for verdict in Verdict}
    if "agrees" in columns:
        for code, name in ((1, "agrees"), (2, "withheld"), (0, "disagrees")):
            result[name] = int((columns["agrees"] == code).sum())
    return result


def _columns(
    program: StraightLine, params: Mapping[str, ArrayLike]
) -> tuple[list[NDArray[np.float64]], bool, tuple[int, ...]]:
    """The parameters in the order of the game and the state, flat; whether wealth is common."""
    game = program.source.model
    try:
        given = {ALIASES.get(name, name): reals(value) for name, value in params.items()}
    except NotRealError as error:
        text = f"a parameter holds {error}."
        remedy = "Give real numbers."
        raise InputError(text, game=game.name, stage="certificate", remedy=remedy) from None
    own, others = (state.name for state in game.game.state_symbols)
    strange = given.keys() - {*game.parameters, own, others}
    missing = [name for name in game.parameters if name not in given]
    if strange or missing or len(given) != len(params):
        text = (
            f"there is no parameter {min(strange)!r}."
            if strange
            else f"{', '.join(missing)} is missing."
            if missing
            else "a parameter is given twice."
        )
        raise InputError(text, game=game.name, stage="certificate")
    same_wealth = others not in given
    given.setdefault(own, np.ones(()))
    given.setdefault(others, np.zeros(()))
    columns = [given[name] for name in (*game.parameters, own, others)]
    try:
        arrays = np.broadcast_arrays(*columns)
    except ValueError:
        shapes = ", ".join(f"{k} {v.shape}" for k, v in given.items() if v.ndim)
        text = f"the shapes do not broadcast: {shapes}."
        remedy = "Give arrays of one shape, or numbers."
        raise InputError(text, game=game.name, stage="certificate", remedy=remedy) from None
    return [array.ravel() for array in arrays], same_wealth, arrays[0].shape


def _in_domain(
    program: StraightLine, columns: Sequence[NDArray[np.float64]], same_wealth: bool
) -> NDArray[np.bool_]:
    """Whether every input is finite and in its own domain, and the weights are not all zero."""
    valid = reduce(np.logical_and, (np.isfinite(column) for column in columns))
    table = dict(zip(program.source.model.parameters, columns))
    for name, column in table.items():
        domain = entry(name).domain
        if domain.lower is not None:
            valid &= column > domain.lower if domain.strict else column >= domain.lower
        if domain.integer:
            valid &= column == np.floor(column)
    for group in program.weights:
        if not any(entry(s.name).domain.strict for s in group):
            valid &= reduce(np.logical_or, (table[s.name] != 0 for s in group))
    size = program.source.model.parts.size.name
    if size in table and not same_wealth:
        valid &= (table[size] != 1) | (columns[-1] == 0)
    return valid


def _empty(names: Sequence[str], size: int) -> Columns:
    result: Columns = {"certified": np.zeros(size, np.int8)}
    result["certified_status"] = np.zeros(size, np.int8)
    for name in ("real_roots", "admissible_roots", "admissible"):
        result[name] = np.full(size, -1, np.int8)
    for name in names:
        result[f"{name}_lower"], result[f"{name}_upper"] = np.full((2, size), math.nan)
    return result


def _record(
    result: Columns, index: int, statement: Statement, symbols: Mapping[str, Any]
) -> Verdict:
    """Write a statement into the columns; return the verdict."""
    verdict = statement.verdict
    if statement.roots is not None:
        result["real_roots"][index] = len(statement.roots)
        result["admissible_roots"][index] = len(statement.admissible)
    if statement.finite is not None:
        result["admissible"][index] = statement.finite
    if statement.finite:
        for name, symbol in symbols.items():
            low, high = outward(statement.values[symbol])
            if math.isinf(low) or math.isinf(high):
                verdict = Verdict.OUT_OF_RANGE
            result[f"{name}_lower"][index], result[f"{name}_upper"][index] = low, high
    result["certified"][index] = verdict
    result["certified_status"][index] = statement.status
    return verdict


class _Judge:
    """Compares a kernel's answer at one point with what was proved there."""

    def __init__(
        self,
        model: Published,
        numbers: Sequence[Number],
        state: tuple[Number, Number | None],
        statement: Statement,
        ulps: float,
    ) -> None:
        self.model, self.numbers, self.state = model, numbers, state
        self.statement, self.allowed = statement, ulps * 2.0**-53

    def __call__(self, answer: Mapping[str, Any], symbols: Mapping[str, Any]) -> int:
        """1 right, 0 wrong, 2 rightly withheld."""
        status = Status(int(answer["status"]))
        if status is Status.OK and self.statement.status in (Status.OK, Status.NEAR_FOLD):
            return int(self._close(answer, symbols))
        found = _explained(status, self.statement)
        position = self.model.parts.outputs.alone.name
        if found == 0 and position in answer and self.statement.status is Status.OK:
            # a kernel that also computes the position without competition reports its failure
            program = alone(self.model)
            if program is not None:
                found = _explained(status, state_point(program, self.numbers, self.state))
        return found

    def _close(self, answer: Mapping[str, Any], symbols: Mapping[str, Any]) -> bool:
        with precision(PRECISIONS[0]):
            return self._within(answer, symbols)

    def _within(self, answer: Mapping[str, Any], symbols: Mapping[str, Any]) -> bool:
        values = self.statement.values
        names = [name for name in symbols if name in answer]
        errors = {n: abs(arb(float(answer[n])) - values[symbols[n]]) for n in names}
        sizes = {n: abs(values[symbols[n]]) for n in names}
        far = [n for n in names if not errors[n] <= self.allowed * sizes[n] + SMALLEST]
        if not far:
            return True
        wanted = tuple(symbols[n] for n in far)
        conditions = condition_numbers(
            straight_line(self.model), self.numbers, self.state, self.statement, wanted
        )
        return all(errors[n] <= self.allowed * conditions[symbols[n]] + SMALLEST for n in far)


def _explained(status: Status, statement: Statement) -> int:
    """Whether a status without numbers is the proved one (1), a fair refusal (2) or wrong (0)."""
    if status is statement.status:
        return 1
    if status is Status.NEAR_FOLD:
        return 2 if statement.gap <= NEAR else 0
    return 2 if status is Status.NO_SOLUTION else 0
