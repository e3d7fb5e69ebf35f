"""In what groups equations can be solved, for others who count the solutions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations
from typing import Any

from eqsolve.arithmetic.code import Code
from eqsolve.arithmetic.rational import Rational, terms
from eqsolve.derivation.blocks import assigned, triangular

#: Most unknowns of a group that are not found by linear equations.
MOST = 3

#: The unknowns that are found last, the stages in which the others are found from these, and each
#: of the first ones that splits the stages where it vanishes, with what is left of both there.
Group = list[Any]
Monomials = list[frozenset[tuple[str, int]]]


def groups(function: Code, zero: Collection[str] = ()) -> tuple[list[Group], bool]:
    """Unknowns in groups: each needs only itself and earlier ones, or nothing else if not linear.

    Parameters
    ----------
    function : an equation for every unknown; the unknowns are the arguments, the feedback's last.
    zero : unknowns that vanish at a solution.

    Returns
    -------
    Of each group the unknowns that are not linear, if it has any; the others in stages: what is
    found from the first ones and earlier stages by linear equations, one for each unknown; and
    rows of an unknown of the first ones with the same two where it is zero. Besides, whether
    others can count the solutions by that.
    """
    names: Sequence[str] = function.arguments
    needs = dict(zip(names, function.reached()))
    blocks = triangular({u: [n for n in names if n in own] for u, own in needs.items()})
    rational = Rational(function)
    if rational.elementary or not all(f.below.is_constant() for f in rational.functions):
        return [[list(block), [], []] for block in blocks], False
    monomials: dict[str, Monomials] = {
        u: [frozenset((n, e) for n, e in zip(names, m) if e) for m in terms(f.above)]
        for u, f in zip(names, rational.functions)
    }
    found: list[Group] = []
    for block in blocks:
        if _affine(monomials, block):
            found.append([[], [list(block)], []])
            continue
        # what it needs is no number: it is counted together with that, and first
        own, rest = list(block), []
        for group in reversed(found):
            members = [*group[0], *(name for stage in group[1] for name in stage)]
            if any(needs[n] & {*members} for n in own):
                own = [*members, *own]
            else:
                rest.append(group)
        found = [_split(monomials, sorted(own, key=names.index), zero), *reversed(rest)]
    return found, all(len(core) <= MOST for core, _, _ in found)


def matched(function: Code) -> list[int]:
    """For every unknown an equation that has it, each equation once; as they are if that fails."""
    names = function.arguments
    places = assigned(function.reached(), names, in_place=True)
    return [*range(len(names))] if places is None else [places[name] for name in names]


def _affine(monomials: dict[str, Monomials], names: Iterable[str]) -> bool:
    """Whether the equations of some unknowns are affine in these."""
    own = {*names}
    return all(sum(e for n, e in m if n in own) <= 1 for u in own for m in monomials[u])


def _split(
    monomials: dict[str, Monomials], names: Sequence[str], vanishing: Collection[str]
) -> Group:
    """A group, with what it is where one unknown vanishes: if that is less, or at a solution."""
    core, stages = _staged(monomials, names)
    apart = []
    for zero in core if len(core) > 1 else ():
        others = [name for name in names if name != zero]
        left = {u: [m for m in monomials[u] if all(n != zero for n, _ in m)] for u in others}
        less, finer = _staged(left, others, [name for name in core if name != zero])
        if zero in vanishing or max(map(len, finer), default=0) < max(map(len, stages), default=0):
            apart += [[zero, less, finer]] if less else []
    return [core, stages, apart]


def _staged(
    monomials: dict[str, Monomials], names: Sequence[str], among: Sequence[str] = ()
) -> tuple[list[str], list[list[str]]]:
    """The fewest unknowns without which the others are linear, stage by stage.

    Of several choices the one with the smallest stages; then the one that multiplies the fewest
    others; then what stands last.
    """
    for size in range(1, MOST + 1):
        found: list[tuple[tuple[int, int], tuple[list[str], list[list[str]]]]] = []
        for core in combinations(among or reversed(names), size):
            rest = [name for name in names if name not in core]
            entering = {u: {n for m in monomials[u] for n, _ in m} for u in rest}
            stages = triangular({u: [n for n in rest if n in entering[u]] for u in rest})
            if all(_affine(monomials, stage) for stage in stages):
                products = [len(m) > 1 for u in rest for m in monomials[u]]
                how = max(map(len, stages), default=0), sum(products)
                found.append((how, (list(core), list(map(list, stages)))))
        if found:
            return min(found, key=lambda pair: pair[0])[1]
    return list(names), []
