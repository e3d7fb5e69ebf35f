"""The order in which equations can be solved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sympy as sp
from sympy.utilities.iterables import strongly_connected_components


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


def triangular(
    needs: Mapping[sp.Symbol, Iterable[sp.Symbol]],
) -> tuple[tuple[sp.Symbol, ...], ...]:
    """The unknowns in blocks: each needs only itself and earlier ones (Tarjan)."""
    names = list(needs)
    place = {name: i for i, name in enumerate(names)}
    edges = [(name, need) for name in names for need in needs[name] if need in place]
    blocks = strongly_connected_components((names, edges))
    return tuple(tuple(sorted(block, key=place.__getitem__)) for block in blocks)


def assigned(
    occurring: Sequence[set[sp.Symbol]], unknowns: Sequence[sp.Symbol]
) -> dict[sp.Symbol, int] | None:
    """For each unknown an equation of its own in which it occurs (augmenting paths), or None."""
    owner: dict[int, sp.Symbol] = {}

    def place(unknown: sp.Symbol, tried: set[int]) -> bool:
        for k, symbols in enumerate(occurring):
            if unknown in symbols and k not in tried:
                tried.add(k)
                if k not in owner or place(owner[k], tried):
                    owner[k] = unknown
                    return True
        return False

    if not all(place(unknown, set()) for unknown in unknowns):
        return None
    return {unknown: k for k, unknown in owner.items()}
