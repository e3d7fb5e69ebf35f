"""Signs of derivatives over a region, and the locus where they change."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.arrays import NotRealError, reals
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.notated.published import Published
from eqsolve.parameters import ALIASES, exact
from eqsolve.registry import by_name
from eqsolve.schemas import SCHEMA
from eqsolve.status import Status, labels
from eqsolve.studies.sensitivity.derivatives import chosen, derivatives

Array = NDArray[np.float64]

#: Most points of a region.
LARGEST = 10**6
#: Most halvings of an interval around a change of sign.
HALVINGS = 130
#: A change of sign is a zero if the derivative shrinks below this part of its size around it.
ZERO = 1e-6


@dataclass(frozen=True)
class Signs:
    """How often a derivative is positive, negative and zero over the points of a region.

    Zero includes what cannot be told from zero in double precision.
    """

    positive: int
    negative: int
    zero: int

    @property
    def verdict(self) -> str:
        """``+``, ``-`` or ``0`` if it has one sign everywhere (zeros apart), else ``+-``."""
        if self.positive and self.negative:
            return "+-"
        return "+" if self.positive else "-" if self.negative else "0"


@dataclass(frozen=True)
class Change:
    """A change of sign along the first axis, between ``low`` and ``high``.

    ``kind`` is ``"zero"`` (the derivative passes through zero), ``"jump"`` (it does not: another
    branch is selected, or it has a pole), ``"gap"`` (there is no derivative between the ends: no
    equilibrium, or a fold) or, for a number of agents, ``"between"``.
    """

    output: str
    parameter: str
    kind: str
    low: float
    high: float
    at: Mapping[str, float]


@dataclass(frozen=True)
class Region:
    """Signs over a grid; ``to_dict`` gives the JSON form."""

    game: str
    params: Mapping[str, float]
    axes: Mapping[str, Array]
    statuses: Mapping[str, int]
    signs: Mapping[str, Mapping[str, Signs]]
    locus: tuple[Change, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "schema": SCHEMA,
            "game": self.game,
            "params": dict(self.params),
            "axes": {k: [float(v) for v in axis] for k, axis in self.axes.items()},
            "statuses": dict(self.statuses),
            "signs": {
                output: {k: {**s.__dict__, "verdict": s.verdict} for k, s in row.items()}
                for output, row in self.signs.items()
            },
            "locus": [{**c.__dict__, "at": dict(c.at)} for c in self.locus],
        }


@by_name
def signs_over(
    model: Published,
    vary: Mapping[str, ArrayLike],
    given: Mapping[str, object],
    *,
    outputs: Iterable[str] | None = None,
    parameters: Iterable[str] | None = None,
) -> Region:
    """Signs of derivatives over a grid, and where they change along its first axis.

    Every change of sign between neighbors is bisected to the last digit. The first axis is the one
    along which the locus is looked for; the others give its shape. Two changes between the same
    neighbors cancel and are not seen: choose the axis fine enough.

    Parameters
    ----------
    model : a game whose closed form is built on one cubic, or its name.
    vary : ascending values per varied parameter or state.
    given : the remaining parameters and, if wanted, the state.
    outputs, parameters : names of what is differentiated and in what; default: all.

    Raises
    ------
    InputError
        For anything wrong with the input.
    NoSolutionError
        If no point of the region has an equilibrium.
    """
    game = model.name
    rows, columns = chosen(model, outputs, parameters)
    known = (*model.parameters, *(state.name for state in model.game.state_symbols))
    plain = {ALIASES.get(k, k): v for k, v in given.items()}
    fixed = {name: float(exact(name, v, game=game)) for name, v in plain.items()}
    try:
        axes = {ALIASES.get(k, k): np.array(reals(v)) for k, v in vary.items()}
    except NotRealError as error:
        raise InputError(f"an axis holds {error}.", game=game, stage="sensitivity") from None
    for name, axis in axes.items():
        if name not in known or name in fixed:
            raise InputError(f"{name!r} cannot be varied.", game=game, stage="sensitivity")
        if axis.ndim != 1 or axis.size < 2 or not (np.diff(axis) > 0).all():
            raise InputError(
                f"the axis of {name} needs at least two ascending values.",
                game=game,
                stage="sensitivity",
            )
    if not axes or math.prod(a.size for a in axes.values()) > LARGEST:
        raise InputError(f"vary 1 to {LARGEST} points.", game=game, stage="sensitivity")
    mesh = dict(zip(axes, np.meshgrid(*axes.values(), indexing="ij")))
    found = derivatives(model, {**fixed, **mesh})
    counts = np.bincount(found.status.ravel(), minlength=len(Status))
    if not counts[Status.OK]:
        worst = Status(int(counts.argmax()))
        kind = InputError if worst is Status.INVALID_INPUT else NoSolutionError
        raise kind(f"no point has derivatives: {worst.meaning}", game=game, stage="sensitivity")
    signs: dict[str, dict[str, Signs]] = {}
    brackets: list[tuple[str, str, dict[str, float], float, float, float]] = []
    for output in rows:
        signs[output] = {}
        table = found.significant(output)
        for name in columns:
            values = table[name]
            signs[output][name] = Signs(
                *(int(np.count_nonzero(test)) for test in (values > 0, values < 0, values == 0))
            )
            brackets += [(output, name, *b) for b in _brackets(axes, values)]
    return Region(
        game,
        fixed,
        axes,
        {label: int(c) for label, c in zip(labels(), counts) if c},
        signs,
        tuple(_bisected(model, fixed, next(iter(axes)), brackets)),
    )


def _brackets(
    axes: Mapping[str, Array], values: Array
) -> list[tuple[dict[str, float], float, float, float]]:
    """Neighbors along the first axis with opposite signs, zeros between them skipped.

    Per bracket the other coordinates, both ends, and the derivative's size around it.
    """
    first, *others = axes.values()
    result = []
    for index in np.ndindex(values.shape[1:]):
        line = values[(slice(None), *index)]
        rest = {name: float(a[i]) for name, a, i in zip(list(axes)[1:], others, index)}
        signed = np.flatnonzero(line != 0)  # NaN, too: it breaks the line
        for a, b in zip(signed[:-1], signed[1:]):
            if line[a] * line[b] < 0:
                size = max(abs(line[a]), abs(line[b]))
                result.append((rest, float(first[a]), float(first[b]), float(size)))
    return result


def _bisected(
    model: Published,
    fixed: Mapping[str, float],
    axis: str,
    brackets: list[tuple[str, str, dict[str, float], float, float, float]],
) -> list[Change]:
    """Halve all brackets at once."""
    if not brackets:
        return []
    size = model.parts.size.name
    rest = {k: np.array([b[2][k] for b in brackets]) for k in brackets[0][2]}
    low, high = (np.array([b[k] for b in brackets]) for k in (3, 4))
    pairs = [(b[0], b[1]) for b in brackets]

    def at(place: Array) -> Array:
        table = derivatives(model, {**fixed, **rest, axis: place}).table
        return np.array([table[o][p][i] for i, (o, p) in enumerate(pairs)])

    below, above = at(low), at(high)
    for _ in range(HALVINGS):
        # between ends far apart the geometric mean halves the number of digits in question
        wide = (low > 0) & (high > 4 * low)
        middle = np.where(wide, np.sqrt(np.abs(low)) * np.sqrt(np.abs(high)), (low + high) / 2)
        middle = np.clip(middle, low, high)
        if axis == size:
            middle = np.floor(middle)
        if ((middle == low) | (middle == high)).all():
            break
        value = at(middle)
        left = np.sign(value) == np.sign(below)
        # Without a value the bracket ends where the derivative does.
        low, below = np.where(left, middle, low), np.where(left, value, below)
        high, above = np.where(left, high, middle), np.where(left, above, value)
    changes = []
    for i, (output, name, others, _, _, around) in enumerate(brackets):
        ends = max(abs(below[i]), abs(above[i]))
        kind = "zero" if ends <= ZERO * around else "jump"
        kind = "between" if axis == size else kind
        kind = kind if np.isfinite(above[i]) else "gap"
        place = {axis: float(high[i] if abs(above[i]) < abs(below[i]) else low[i]), **others}
        changes.append(Change(output, name, kind, float(low[i]), float(high[i]), place))
    return changes
