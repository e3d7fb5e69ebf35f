"""Which operations of a script have been computed wherever its present line is reached."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

#: Operations that depend on their operands alone, and leave nothing else behind.
PURE = {"Add", "Sub", "Mul", "Div", "Scale", "Neg"}

#: The name of an operation with its operands: places as numbers, others as texts.
Key = tuple[int | str, ...]


@dataclass
class Computed:
    """Places of results, so that no operation is written twice.

    Attributes
    ----------
    settled : places whose pairs follow from the point alone.
    done : places of operations.
    under : the same below a condition on roots, which stays what it is in one candidate.
    depth : conditions and loops around the present line.
    """

    settled: set[int] = field(default_factory=set)
    done: dict[Key, int] = field(default_factory=dict)
    under: dict[str, dict[Key, int]] = field(default_factory=dict)
    depth: int = 0

    def settles(self, key: Key) -> bool:
        """Whether an operation follows from the point alone."""
        places = {k for k in key[1:] if isinstance(k, int)}
        return key[0] == "point" or (key[0] in PURE and places <= self.settled)

    def add(self, key: Key, place: int) -> None:
        """What is computed at a place: before everything, or at the present line."""
        if self.settles(key):
            self.settled.add(place)
            for known in (self.done, *self.under.values()):
                known[key] = place
        elif key[0] in PURE:
            self.done[key] = place

    def forget(self, changed: set[int]) -> None:
        """What was computed of places that are written again."""
        for known in (self.done, *self.under.values()):
            for key in [k for k in known if changed & {*k[1:]}]:
                del known[key]

    @contextmanager
    def within(self, changed: set[int], condition: str = "") -> Iterator[None]:
        """A block that is not always reached, or more than once, and writes places again."""
        self.forget(changed)
        outer, condition = self.done, "" if self.depth else condition
        self.done, self.depth = outer | self.under.get(condition, {}), self.depth + 1
        yield
        self.depth -= 1
        if condition:
            self.under[condition] = self.done
        self.done = outer | {k: p for k, p in self.done.items() if p in self.settled}
        self.forget(changed)


def stored(tree: ast.AST) -> Iterator[str]:
    """Variables that are assigned, once for every assignment."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def often(tree: ast.AST) -> set[str]:
    """Variables that are assigned more than once."""
    return {name for name, times in Counter(stored(tree)).items() if times > 1}
