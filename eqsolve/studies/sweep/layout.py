"""Checking what a user asks for, and laying out the points of the sweep."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.arrays import NotRealError, reals
from eqsolve.errors import near
from eqsolve.handle import Handle
from eqsolve.parameters import ALIASES, exact
from eqsolve.studies.sweep.axes import Range, bad_sweep, parse_sample, parse_varied
from eqsolve.studies.sweep.points import Axis, Design, Factor
from eqsolve.studies.sweep.sampling import Sample
from eqsolve.studies.sweep.target import FamilyTarget, Structure, Target, target

#: Most points of a sweep: what a signed 64-bit integer can count, with room to multiply.
LARGEST = 10**15


def design(
    handle: Handle,
    vary: Mapping[str, ArrayLike | Range],
    fixed: Mapping[str, object],
    *,
    zipped: Iterable[Sequence[str]] = (),
    sample: str | None = None,
    seed: int = 0,
    selection: str = "limit",
    columns: Iterable[str] | None = None,
    certified: bool = False,
    structure: Structure = (),
) -> Design:
    """Check names and values, and lay out the points.

    Raises
    ------
    InputError
        For an axis that is empty, not one-dimensional, not finite or, unless it is zipped, repeats
        a value, a parameter that is unknown or given twice, zipped axes of different lengths,
        ranges without a sample or a sample without ranges, and whatever is wrong with a fixed
        parameter. Values outside the domain of a varied parameter are no error but a status in the
        result.
    """
    game, evaluated = handle.name, target(handle, structure)
    if certified and not isinstance(evaluated, FamilyTarget):
        raise bad_sweep("this game has no certificates for points.", "Use solve.", game)
    known = evaluated.names
    for key in (*vary, *fixed):
        if key not in known and ALIASES.get(key, key) not in known:
            use = f"{near(key, known)}Use {', '.join(known)}."
            raise bad_sweep(f"there is no parameter {key!r}.", use, game)
    varied = _varied(game, vary, evaluated)
    texts = {_plain(k, known): v.strip() for k, v in vary.items() if isinstance(v, str)}
    rest = _fixed(game, fixed, varied, evaluated)
    offered = evaluated.outputs
    wanted = offered if columns is None else tuple(columns)
    if not set(wanted) <= set(offered):
        strange = sorted(set(wanted) - set(offered))
        use = f"{near(strange[0], offered)}Use {', '.join(offered)}."
        raise bad_sweep(f"there is no column {', '.join(map(repr, strange))}.", use, game)
    lacking = {name: set(evaluated.needs(name)) - {*varied, *rest} for name in offered}
    if columns is None:
        wanted = tuple(name for name in offered if not lacking[name])
    for name in wanted:
        if lacking[name]:
            states = ", ".join(sorted(lacking[name]))
            raise bad_sweep(f"the column {name!r} needs {states}.", f"Give {states}.", game)
    outputs = tuple(name for name in offered if name == "status" or name in wanted)
    factors = _factors(
        game, varied, [tuple(group) for group in zipped], sample, seed, texts, evaluated
    )
    result = Design(handle, factors, rest, selection, outputs, certified, structure)
    if result.size > LARGEST:
        raise bad_sweep(f"the sweep has {result.size} points.", f"Choose at most {LARGEST}.", game)
    # Missing names and a wrong selection show before anything is computed or written.
    result.evaluate(0, min(result.size, 1), threads=1)
    return result


def _plain(name: str, known: Container[str]) -> str:
    """A parameter's own name."""
    return name if name in known else ALIASES.get(name, name)


def _varied(
    game: str, vary: Mapping[str, ArrayLike | Range], evaluated: Target
) -> dict[str, NDArray[np.float64] | Range]:
    result: dict[str, NDArray[np.float64] | Range] = {}
    for key, values in vary.items():
        name = _plain(key, evaluated.names)
        if name in result:
            raise bad_sweep(f"{name} is varied twice.", game=game)
        if isinstance(values, Range):
            result[name] = values
            continue
        if isinstance(values, str):
            result[name] = parse_varied(name, values, evaluated.whole(name))
            continue
        try:
            axis = reals(values)
        except NotRealError as error:
            raise bad_sweep(f"the axis of {key} holds {error}.", game=game) from None
        if axis.ndim != 1 or not axis.size or not np.isfinite(axis).all():
            raise bad_sweep(f"the axis of {key} must be a sequence of finite numbers.", game=game)
        result[name] = np.array(axis)
    if not result:
        raise bad_sweep("nothing is varied.", "Give at least one axis.", game)
    return result


def _fixed(
    game: str, fixed: Mapping[str, object], varied: Mapping[str, object], evaluated: Target
) -> dict[str, float]:
    rest: dict[str, float] = {}
    for key, value in fixed.items():
        name = _plain(key, evaluated.names)
        if name in varied or name in rest:
            raise bad_sweep(f"{name} is given twice.", "Vary it or fix it.", game)
        number = exact(name, value, game=game)
        misfit = evaluated.misfit(name, number)
        if misfit:
            raise bad_sweep(misfit, game=game)
        rest[name] = float(number)
    return dict(sorted(rest.items()))


def _factors(
    game: str,
    varied: Mapping[str, NDArray[np.float64] | Range],
    zipped: Sequence[tuple[str, ...]],
    sample: str | None,
    seed: int,
    texts: Mapping[str, str],
    evaluated: Target,
) -> tuple[Factor, ...]:
    """The dimensions, in the order in which their first parameter was given."""
    axes = {name: axis for name, axis in varied.items() if not isinstance(axis, Range)}
    box = {name: axis for name, axis in varied.items() if isinstance(axis, Range)}
    if box and sample is None:
        raise bad_sweep(
            f"nothing is sampled over the range of {', '.join(box)}.",
            "Give the number of values, or a sample such as sobol:2^10.",
            game,
        )
    groups = _groups(game, axes, zipped)
    named = [[_plain(name, axes) for name in group] for group in zipped]
    for name, axis in axes.items():
        if (name,) == groups[name] and [name] not in named and np.unique(axis).size < axis.size:
            raise bad_sweep(f"the axis of {name} repeats a value.", "Give each value once.", game)
    drawn = (
        None
        if sample is None
        else Sample(
            *parse_sample(sample), seed, box, frozenset(n for n in box if evaluated.whole(n))
        )
    )
    factors: list[Factor] = []
    for name in varied:
        if drawn is not None and name == drawn.names[0]:
            factors.append(drawn)
        elif name in axes and name == groups[name][0]:
            table = {member: axes[member] for member in groups[name]}
            factors.append(Axis(table, {n: texts[n] for n in table if n in texts}))
    return tuple(factors)


def _groups(
    game: str, axes: Mapping[str, NDArray[np.float64]], zipped: Sequence[tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """The parameters that advance together with each one."""
    groups: dict[str, tuple[str, ...]] = {name: (name,) for name in axes}
    for group in zipped:
        members = tuple(_plain(name, axes) for name in group)
        for name in members:
            if name not in axes:
                raise bad_sweep(f"{name} is zipped but has no axis.", "Vary it.", game)
            if len(groups[name]) > 1 or members.count(name) > 1:
                raise bad_sweep(f"{name} is zipped twice.", game=game)
        lengths = {name: axes[name].size for name in members}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} {size}" for name, size in lengths.items())
            raise bad_sweep(f"zipped axes differ in length: {told}.", game=game)
        ordered = tuple(name for name in axes if name in members)
        groups |= {name: ordered for name in ordered}
    return groups
