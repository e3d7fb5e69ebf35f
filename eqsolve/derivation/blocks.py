"""The order in which equations can be solved."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import sympy as sp

Name = TypeVar("Name", bound=Hashable)


def components(
    occurring: Mapping[int, set[sp.Symbol]], unknowns: Sequence[sp.Symbol]
) -> list[tuple[list[int], list[sp.Symbol]]]:
    """Group equations that share unknowns; each group with its unknowns in their order."""
    groups: list[tuple[set[int], set[sp.Symbol]]] = []
    for index, symbols in occurring.items():
        rows, names = {index}, set(symbols)
        for other in [g for g in groups if g[1] & names]:
            groups.remove(other)
            rows |= other[0]
            names |= other[1]
        groups.append((rows, names))
    return [(sorted(rows), [u for u in unknowns if u in names]) for rows, names in groups]


def triangular(needs: Mapping[Name, Iterable[Name]]) -> tuple[tuple[Name, ...], ...]:
    """The unknowns in blocks: each needs only itself and earlier ones (Tarjan)."""
    place = {name: i for i, name in enumerate(needs)}
    edges = {name: [need for need in wanted if need in place] for name, wanted in needs.items()}
    low: dict[Name, int] = {}
    done: set[Name] = set()
    open_ones: list[Name] = []
    blocks: list[tuple[Name, ...]] = []
    for first in needs:
        if first in low:
            continue
        way = [(first, iter(edges[first]))]
        seen = {first: len(low)}
        low[first] = len(low)
        open_ones.append(first)
        while way:
            name, left = way[-1]
            for need in left:
                if need not in low:
                    seen[need] = low[need] = len(low)
                    open_ones.append(need)
                    way.append((need, iter(edges[need])))
                    break
                if need not in done:
                    low[name] = min(low[name], low[need])
            else:
                way.pop()
                if way:
                    low[way[-1][0]] = min(low[way[-1][0]], low[name])
                if low[name] == seen[name]:
                    start = open_ones.index(name)
                    block, open_ones = open_ones[start:], open_ones[:start]
                    done |= {*block}
                    blocks.append(tuple(sorted(block, key=place.__getitem__)))
    return tuple(blocks)


def assigned(
    occurring: Sequence[Set[Name]], unknowns: Sequence[Name], in_place: bool = False
) -> dict[Name, int] | None:
    """For each unknown an equation of its own in which it occurs (augmenting paths), or None.

    Parameters
    ----------
    in_place : try for each unknown the equation in its own place first.
    """
    owner: dict[int, Name] = {}

    def place(unknown: Name, tried: set[int]) -> bool:
        rows = range(len(occurring))
        for k in sorted(rows, key=lambda k: unknowns[k] != unknown) if in_place else rows:
            if unknown in occurring[k] and k not in tried:
                tried.add(k)
                if k not in owner or place(owner[k], tried):
                    owner[k] = unknown
                    return True
        return False

    if not all(place(unknown, set()) for unknown in unknowns):
        return None
    return {unknown: k for k, unknown in owner.items()}
