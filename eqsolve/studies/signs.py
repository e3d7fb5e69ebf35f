"""Signs of exact derivatives over a region of parameters, and where they change."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from eqsolve.arrays import NotRealError, reals
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.game import Model
from eqsolve.game.structure import Builder, build
from eqsolve.studies.derivatives import Derivatives
from eqsolve.studies.sensitivity.model import model_sensitivity
from eqsolve.studies.sensitivity.region import ZERO, Change, Region, Signs

Array = NDArray[np.float64]
Tell = Callable[[str, int, int | None, float | None], None]

#: Most points of a region: each is solved in balls.
LARGEST = 10**4
#: An interval around a change of sign is halved until it is this small beside its place.
WIDTH = 1e-13
#: Most halvings of an interval.
HALVINGS = 100
#: What a point without derivatives is counted as: two solutions meet there.
FOLD = "near-fold"
_STAGE = "sensitivity"


def model_signs(
    source: Model | Builder,
    vary: Mapping[str, ArrayLike],
    values: Mapping[str, object],
    *,
    at: Mapping[str, object] | None = None,
    notion: str | None = None,
    size: int | None = None,
    outputs: Sequence[str] | None = None,
    parameters: Sequence[str] | None = None,
    tell: Tell | None = None,
) -> Region:
    """Count signs of derivatives over a grid, and find where they change along its first axis.

    Parameters
    ----------
    vary : ascending values of parameters, states or ``t``.
    source, values, at, notion, size, outputs, parameters : see ``model_sensitivity``.
    tell : is told how many points are done, of how many.

    Raises
    ------
    InputError
        If a name or value is not acceptable.
    NoSolutionError
        If no point of the region has derivatives.
    """
    axes = _axes(vary, {*values, *(at or {})})
    first = {name: float(axis[0]) for name, axis in axes.items()}
    model = build(source, {**values, **first}, notion=notion, size=size)
    line = _Line(source, values, dict(at or {}), notion, size, _letters(model))
    counts: Counter[str] = Counter()
    tables: dict[tuple[str, str], dict[tuple[int, ...], float]] = {}
    shape = tuple(axis.size for axis in axes.values())
    fixed: dict[str, float] = {}
    for done, index in enumerate(np.ndindex(shape), start=1):
        place = {name: float(axis[i]) for (name, axis), i in zip(axes.items(), index)}
        found = line.derivatives(place, outputs, parameters)
        counts[found.status] += 1
        for output, row in found.derivatives.items():
            for name, value in row.items():
                if value is not None:
                    tables.setdefault((output, name), {})[index] = value
        fixed = {k: v for k, v in found.parameters.items() if k not in axes} or fixed
        if tell is not None:
            tell("points", done, math.prod(shape), None)
    if not tables:
        worst = counts.most_common(1)[0][0]
        raise NoSolutionError(f"no point has derivatives: {worst}.", game=model.name, stage=_STAGE)
    signs: dict[str, dict[str, Signs]] = {}
    locus: list[Change] = []
    for (output, name), table in tables.items():
        signs.setdefault(output, {})[name] = Signs(
            sum(v > 0 for v in table.values()),
            sum(v < 0 for v in table.values()),
            sum(v == 0 for v in table.values()),
        )
        for rest, low, high, slopes in _brackets(axes, table):
            if tell is not None:
                tell("changes of sign", len(locus) + 1, None, None)
            locus.append(line.change(next(iter(axes)), rest, (low, high), slopes, (output, name)))
    return Region(model.name, fixed, axes, dict(counts), signs, tuple(locus))


def _axes(vary: Mapping[str, ArrayLike], given: set[str]) -> dict[str, Array]:
    """The axes as arrays, checked."""
    found = {}
    for name, values in vary.items():
        if name in given:
            raise InputError(f"{name} is given and varied.", stage=_STAGE)
        try:
            axis = np.array(reals(values))
        except NotRealError as error:
            raise InputError(f"the axis of {name} holds {error}.", stage=_STAGE) from None
        if axis.ndim != 1 or axis.size < 2 or not (np.diff(axis) > 0).all():
            raise InputError(
                f"the axis of {name} needs at least two ascending values.", stage=_STAGE
            )
        found[name] = axis
    if not found or math.prod(axis.size for axis in found.values()) > LARGEST:
        raise InputError(f"vary 1 to {LARGEST} points.", stage=_STAGE)
    return found


def _letters(model: Model) -> dict[str, bool]:
    """The parameters by name, also those of single types, and whether they are whole numbers."""
    crowd, found = model.game.crowd, {}
    for letter in model.vocabulary.parameters:
        found[letter.name] = bool(letter.domain.is_subset(sp.S.Integers))
    for own in () if crowd is None else crowd.own:
        found[f"{own.name}_"] = found[own.name]
    return found


@dataclass(frozen=True)
class _Line:
    """Everything but the place: solves the game anywhere in the region."""

    source: Model | Builder
    values: Mapping[str, object]
    at: Mapping[str, object]
    notion: str | None
    size: int | None
    letters: Mapping[str, bool] = field(repr=False)

    def _stem(self, name: str) -> str:
        head, _, number = name.rpartition("_")
        return f"{head}_" if number.isdecimal() and f"{head}_" in self.letters else name

    def derivatives(
        self,
        place: Mapping[str, float],
        outputs: Sequence[str] | None,
        parameters: Sequence[str] | None,
    ) -> Derivatives:
        """The derivatives at a place; none where two solutions meet."""
        numbers = {k: v for k, v in place.items() if self._stem(k) in self.letters}
        states = {k: v for k, v in place.items() if k not in numbers}
        try:
            return model_sensitivity(
                self.source,
                {**self.values, **numbers},
                at={**self.at, **states},
                notion=self.notion,
                size=self.size,
                outputs=outputs,
                parameters=parameters,
            )
        except NoSolutionError as error:
            return Derivatives("", FOLD, str(error), {}, {}, {})

    def change(
        self,
        axis: str,
        rest: Mapping[str, float],
        ends: tuple[float, float],
        slopes: tuple[float, float],
        pair: tuple[str, str],
    ) -> Change:
        """Halve an interval between opposite signs; ``slopes`` are the derivatives at its ends."""
        output, name = pair

        def value(middle: float) -> float | None:
            found = self.derivatives({axis: middle, **rest}, [output], [name])
            return found.derivatives.get(output, {}).get(name)

        whole = self.letters.get(self._stem(axis), False)
        (low, high), below = ends, slopes[0]
        far: float | None = slopes[1]
        span = WIDTH * (high - low)
        for _ in range(HALVINGS):
            middle = math.sqrt(low * high) if low > 0 and high > 4 * low else (low + high) / 2
            middle = math.floor(middle) if whole else middle
            if middle in (low, high) or high - low <= WIDTH * max(abs(low), abs(high), span):
                break
            here = value(float(middle))
            if here is not None and here * below > 0:
                low, below = middle, here
            else:
                high, far = middle, here
            if here == 0:
                break
        size = max(map(abs, slopes))
        kind = "jump"
        if far is None:
            kind = "gap"
        elif whole:
            kind = "between"
        elif max(abs(below), abs(far)) <= ZERO * size:
            kind = "zero"
        nearest = high if far is not None and abs(far) < abs(below) else low
        return Change(output, name, kind, float(low), float(high), {axis: float(nearest), **rest})


def _brackets(
    vary: Mapping[str, Array], table: Mapping[tuple[int, ...], float]
) -> list[tuple[dict[str, float], float, float, tuple[float, float]]]:
    """Neighbors along the first axis with opposite signs, zeros between them skipped.

    Per bracket the other coordinates, both ends, and the derivatives there.
    """
    first, *others = vary.values()
    names = list(vary)[1:]
    found = []
    for index in itertools.product(*(range(axis.size) for axis in others)):
        rest = {name: float(axis[i]) for name, axis, i in zip(names, others, index)}
        last: tuple[float, float] | None = None
        for k, place in enumerate(first):
            value = table.get((k, *index))
            if value is None:
                last = None
            elif value != 0:
                if last is not None and last[1] * value < 0:
                    found.append((rest, last[0], float(place), (last[1], value)))
                last = float(place), value
    return found
