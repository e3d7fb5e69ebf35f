"""Derivatives of every output in every parameter, at one point and on arrays."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.answers import Tabled, by_elasticity, by_parameter
from eqsolve.arrays import reals
from eqsolve.errors import InputError, near
from eqsolve.kernels.cubic.kernel import kernel
from eqsolve.kernels.cubic.program import coupling, program
from eqsolve.kernels.cubic.tangent import tangent_module
from eqsolve.kernels.recall import recalled, remember
from eqsolve.kernels.storage import load
from eqsolve.notated.published import Published
from eqsolve.parameters import ALIASES, exact, parameters
from eqsolve.registry import by_name, installed
from eqsolve.schemas import SCHEMA
from eqsolve.solve.closed_form.point import joint_conditions
from eqsolve.status import Status

Array = NDArray[np.float64]

#: Relative steepness of the cubic at its root below which derivatives count as divergent: they
#: grow like its reciprocal, and their relative rounding error like 2^-53 over its square.
STEEPNESS = 1e-5
#: Points handed to a thread at a time.
PART = 4096
#: Rounding error of derivatives, times the square of the steepness, relative to the condition.
ROUNDING = 2.0**-46

DIVERGES = (
    "The selected root nearly coincides with another one: derivatives diverge like the reciprocal "
    "square root of the distance to the fold."
)


@dataclass(frozen=True)
class Derivatives:
    """Derivatives over the broadcast of the parameters.

    Attributes
    ----------
    status : codes of ``eqsolve.status.Status``; near a fold, where derivatives diverge,
        ``NEAR_FOLD``. Everything else is NaN where the status is not OK.
    values : outputs by name.
    table : derivatives by output and parameter; the states ``x`` and ``y`` count as parameters, and
        the other parameters and the state are held fixed. For a single agent the derivative in
        the number of agents is NaN.
    steepness : ``abs(p1 C'(p1)) / sum abs(c_k p1^k)`` of the cubic ``C``; 0 at a fold.
    inputs : the parameters and states by name, on the same broadcast.
    """

    status: NDArray[np.int8]
    values: Mapping[str, Array]
    table: Mapping[str, Mapping[str, Array]]
    steepness: Array
    inputs: Mapping[str, Array]

    def significant(self, output: str) -> dict[str, Array]:
        """The derivatives of an output; 0 where nothing is left of one but rounding errors.

        The bound is :data:`ROUNDING` over the squared steepness, relative to the sum of the output
        and of all its changes per relative change of a parameter (absolute change if it is zero).
        """
        row = self.table[output]
        sizes = {k: np.where(v == 0, 1.0, np.abs(v)) for k, v in self.inputs.items()}
        changes = {k: np.abs(sizes[k] * row[k]) for k in row}
        total = np.abs(self.values[output]) + sum(np.nan_to_num(c) for c in changes.values())
        bound = ROUNDING / self.steepness**2 * total
        return {k: np.where(changes[k] <= bound, 0.0, row[k]) for k in row}


@cache
def _compiled(model: Published) -> tuple[Any, tuple[str, ...]]:
    """The compiled function of a game's derivatives and its inputs, derived once per version."""
    title = f"{model.name}-tangent"
    ours = installed(model)
    if ours and (known := recalled(title)) is not None:
        note, _, path = known
        return load(path).fill, tuple(note["inputs"])
    module, inputs = tangent_module(model), tuple(s.name for s in program(model).inputs)
    if ours:
        remember(title, Path(module.__file__), inputs=inputs)
    return module.fill, inputs


def names(model: Published) -> tuple[str, ...]:
    """The parameters and states of a game in the order of the generated code."""
    return _compiled(model)[1]


@by_name
def derivatives(
    model: Published, params: Mapping[str, ArrayLike], *, threads: int | None = None
) -> Derivatives:
    """Differentiate all outputs at every point of a broadcast of the parameters.

    Parameters
    ----------
    model : a game whose closed form is built on one cubic, or its name.
    params : array or number per parameter, and optionally the state, as for ``Kernel.evaluate``.
    threads : number of threads (default: all); the result does not depend on it.

    Raises
    ------
    InputError
        As ``Kernel.evaluate``.
    """
    code, (fill, order) = kernel(model), _compiled(model)
    outputs, (own, others) = model.parts.outputs, code.states
    base = code.evaluate(params, threads=threads)
    given = {ALIASES.get(k, k): reals(v) for k, v in params.items()}
    given.setdefault(own, np.ones(()))
    size = model.parts.size.name
    share = 1 - 1 / given[size] if size in given else 1.0
    given.setdefault(others, np.asarray(given[own] * share))
    shape = base["status"].shape
    inputs = np.stack([np.broadcast_to(given[name], shape).ravel() for name in order])
    status, root = base["status"].ravel().copy(), base[outputs.root.name].ravel()
    lever = coupling(model.game)
    single = root
    if lever is not None:
        apart = {**params, lever.name: 0.0}
        alone = code.evaluate(apart, outputs=(outputs.root.name,), threads=threads)
        single = np.broadcast_to(alone[outputs.root.name], shape).ravel()
    good = (status == Status.OK) & np.isfinite(single)
    table = np.empty((len(outputs), *inputs.shape))
    steepness = np.empty(root.size)

    def run(start: int) -> None:
        part = slice(start, start + PART)
        columns = (inputs[:, part], root[part], single[part], good[part])
        fill(*columns, np.empty(len(order)), steepness[part], table[..., part])

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        list(pool.map(run, range(0, root.size, PART)))
    bad = np.isfinite(steepness) & ~(steepness >= STEEPNESS)
    status[bad] = Status.NEAR_FOLD
    kept = [k for k, name in enumerate(order) if name != size]
    status[(status == Status.OK) & ~np.isfinite(table[:, kept]).all(axis=(0, 1))] = (
        Status.DEGENERATE
    )
    table[..., status != Status.OK] = np.nan
    return Derivatives(
        status.reshape(shape),
        {name: base[name] for name in outputs.differentiated},
        {
            output: {name: table[k, j].reshape(shape) for j, name in enumerate(order)}
            for k, output in enumerate(outputs.differentiated)
        },
        steepness.reshape(shape),
        {name: inputs[j].reshape(shape) for j, name in enumerate(order)},
    )


@dataclass(frozen=True)
class Sensitivity(Tabled):
    """Derivatives and elasticities at one point; ``to_dict`` gives the JSON form.

    ``derivatives[output][parameter]``, and ``elasticities``, ``parameter/output`` times as much;
    None where undefined, 0 where only rounding errors are left. Without status ``"ok"`` both are
    empty and ``message`` says why.
    """

    game: str
    params: Mapping[str, float]
    state: Mapping[str, float]
    status: str
    message: str
    steepness: float | None
    values: Mapping[str, float]
    derivatives: Mapping[str, Mapping[str, float | None]]
    elasticities: Mapping[str, Mapping[str, float | None]]

    @property
    def ok(self) -> bool:
        """Whether the derivatives exist."""
        return self.status == "ok"

    @property
    def heading(self) -> str:
        """What was differentiated, or why not, in a line."""
        return f"{self.game}: {'derivatives' if self.ok else self.message}"

    def table(self) -> dict[str, dict[str, float | None]]:
        """Derivatives: a row for each parameter, a column for each output."""
        return by_parameter(self.derivatives)

    def bars(self) -> tuple[str, dict[str, float]]:
        """Elasticities of the first output."""
        return by_elasticity(self.elasticities)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "schema": SCHEMA,
            "game": self.game,
            "params": dict(self.params),
            "at": dict(self.state),
            "status": self.status,
            "message": self.message,
            "steepness": self.steepness,
            "values": dict(self.values),
            "derivatives": {k: dict(v) for k, v in self.derivatives.items()},
            "elasticities": {k: dict(v) for k, v in self.elasticities.items()},
        }


def sensitivity(
    model: Published,
    *,
    at: Mapping[str, object] | None = None,
    outputs: Iterable[str] | None = None,
    parameters_: Iterable[str] | None = None,
    **given: object,
) -> Sensitivity:
    """Differentiate the outputs of a game in its parameters at one point.

    The derivatives are exact: the closed form is differentiated symbolically, its root implicitly,
    and evaluated in double precision. The state is held fixed.

    Parameters
    ----------
    model : a game whose closed form is built on one cubic.
    at : wealth ``x`` and aggregate ``y``; by default everybody has wealth 1.
    outputs, parameters_ : names of outputs and out of :func:`names`; default: all.
    given : the parameters, as decimals, ratios or numbers.

    Raises
    ------
    InputError
        For anything wrong with the input; no equilibrium is a status.
    """
    game = model.name
    numbers = parameters(given, model.parameters, game=game)
    joint_conditions(model, numbers, game=game)
    rows, columns = chosen(model, outputs, parameters_)
    state = {name: exact(name, value, game=game) for name, value in (at or {}).items()}
    own, others = (symbol.name for symbol in model.game.state_symbols)
    if not set(state) <= {own, others}:
        raise InputError(f"a state has {own} and {others}.", game=game, stage="input")
    params = {name: float(v) for name, v in numbers.items()}
    n = numbers.get(model.parts.size.name)
    x = state.setdefault(own, exact(own, 1))
    state.setdefault(others, x if n is None else x * (1 - 1 / n))
    point = {**params, **{name: float(v) for name, v in state.items()}}
    here = derivatives(model, point, threads=1)
    status = Status(int(here.status))
    ok = status is Status.OK
    steep = float(here.steepness)
    values = {k: float(v) for k, v in here.values.items() if np.isfinite(v)}
    slopes: dict[str, dict[str, float | None]] = {}
    elastic: dict[str, dict[str, float | None]] = {}
    for output in rows if ok else ():
        row = {name: float(v) for name, v in here.significant(output).items() if name in columns}
        size = values[output]
        slopes[output] = {k: v if np.isfinite(v) else None for k, v in row.items()}
        elastic[output] = {
            k: None if v is None or size == 0 else point[k] * v / size
            for k, v in slopes[output].items()
        }
    message = "Derivatives at fixed state."
    if not ok:
        message = DIVERGES if status is Status.NEAR_FOLD else status.meaning
    return Sensitivity(
        game,
        params,
        {name: float(v) for name, v in state.items()},
        status.label,
        message,
        steep if np.isfinite(steep) else None,
        values,
        slopes,
        elastic,
    )


def chosen(
    model: Published, outputs: Iterable[str] | None, columns: Iterable[str] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Check names of outputs and parameters; None stands for all.

    Raises
    ------
    InputError
        For an unknown name.
    """
    result = []
    for kind, given, known in (
        ("output", outputs, model.parts.outputs.differentiated),
        ("parameter", columns, names(model)),
    ):
        wanted = known if given is None else tuple(ALIASES.get(k, k) for k in given)
        for name in wanted:
            if name not in known:
                raise InputError(
                    f"there is no {kind} {name!r}.",
                    game=model.name,
                    stage="sensitivity",
                    remedy=f"{near(name, known)}Use {', '.join(known)}.",
                )
        result.append(wanted)
    return result[0], result[1]
