"""Cut straight-line code into short loops, which a processor overlaps better than a long one.

An iteration of a long loop is a chain of dependent operations longer than the processor looks
ahead. In several short loops over the same tile, many iterations are under way at once; what one
loop hands to the next goes through rows of the working array.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")

#: Operations of a piece, about.
LENGTH = 40


@dataclass(frozen=True)
class Piece:
    """A part of straight-line code.

    Attributes
    ----------
    lines : the code.
    loads, stores : variables read from and written to the working array, with their slots.
    conditions : conditions that can be decided at its end.
    """

    lines: tuple[str, ...]
    loads: tuple[tuple[str, int], ...]
    stores: tuple[tuple[str, int], ...]
    conditions: tuple[str, ...]


def _names(text: str) -> set[str]:
    return set(_NAME.findall(text))


def cut(
    lines: Sequence[str], conditions: Sequence[str], results: Iterable[str], length: int = LENGTH
) -> list[Piece]:
    """Cut code into pieces of about equal length at the definitions that leave least to hand over.

    Parameters
    ----------
    lines : comments and assignments ``name = expression``, each name assigned once.
    conditions : conditions on the variables; each goes to the first piece that can decide it.
    results : texts that are used at the end of the last piece.
    """
    steps = [line for line in lines if not line.startswith("#")]
    parts: list[list[str]] = [[]]
    total = max(1, round(len(steps) / length))
    done = 0
    for line in lines:
        # A comment opens a definition.
        if line.startswith("#") and done >= len(parts) * len(steps) / total:
            parts.append([])
        parts[-1].append(line)
        done += not line.startswith("#")
    home = {
        line.partition(" = ")[0]: index
        for index, part in enumerate(parts)
        for line in part
        if not line.startswith("#")
    }
    decided: list[list[str]] = [[] for _ in parts]
    for condition in conditions:
        decided[max((home.get(name, 0) for name in _names(condition)), default=0)].append(condition)
    used = [
        {name for text in (*part, *checks) if not text.startswith("#") for name in _names(text)}
        for part, checks in zip(parts, decided)
    ]
    used[-1] |= {name for text in results for name in _names(text)}
    last = {name: max(k for k, names in enumerate(used) if name in names) for name in _all(used)}
    free, slot, pieces, count = set[int](), dict[str, int](), [], 0
    for index, part in enumerate(parts):
        loads = sorted(n for n in used[index] if home.get(n, index) < index)
        kept = sorted(n for n, at in home.items() if at == index and last.get(n, -1) > index)
        loaded = tuple((name, slot[name]) for name in loads)
        free |= {slot[name] for name in loads if last[name] == index}
        for name in kept:
            if not free:
                free, count = {count}, count + 1
            slot[name] = free.pop()
        stores = tuple((name, slot[name]) for name in kept)
        pieces.append(Piece(tuple(part), loaded, stores, tuple(decided[index])))
    return pieces


def _all(sets: Iterable[set[str]]) -> set[str]:
    return set().union(*sets)


def slots(pieces: Iterable[Piece]) -> int:
    """How many rows the pieces need to hand values over."""
    return max((slot for piece in pieces for _, slot in piece.stores), default=-1) + 1
