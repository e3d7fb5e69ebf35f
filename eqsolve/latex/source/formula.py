"""What is found in an author's file: formulas, displays passed over, and what is missing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from eqsolve.latex.source.prose import Role

_IN_LABEL = re.compile(r"(?:^|[:_.-])((?:\d+|[A-Z])\.\d+)$")


@dataclass(frozen=True)
class Row:
    """One row of a formula: LaTeX with ``&``; ``file:line``; what the words before make of it."""

    tex: str
    place: str
    role: Role = ""


@dataclass(frozen=True)
class Formula:
    """A display of the author's, or one numbered row or group of rows of it.

    Attributes
    ----------
    rows : its content.
    tag : the text of ``\\tag``, without brackets.
    labels : its labels.
    printed : the number that LaTeX prints; empty if none or not known.
    why : why that number is not known.
    place : ``file:line`` of its beginning.
    before : unnumbered formulas since the numbered display before, inline ones included.
    after : inline formulas of the sentence that goes on behind it.
    conditions : formulas that the sentence around it makes conditions.
    block : which environment it is from.
    group : labels and number of the group of equations it belongs to.
    doubt : why it is not known whether TeX typesets it.
    section : how many sections began before it.
    """

    rows: tuple[Row, ...]
    tag: str
    labels: tuple[str, ...]
    printed: str
    why: str
    place: str
    before: tuple[tuple[Row, ...], ...] = ()
    after: tuple[tuple[Row, ...], ...] = ()
    conditions: tuple[str, ...] = ()
    block: int = 0
    group: tuple[str, ...] = ()
    doubt: str = ""
    section: int = 0

    @property
    def named(self) -> tuple[str, ...]:
        """The numbers in its tag and in its labels."""
        found = [m.group(1) for label in self.labels if (m := _IN_LABEL.search(label))]
        return tuple(dict.fromkeys([*([self.tag] if self.tag else []), *found]))

    @property
    def named_group(self) -> tuple[str, ...]:
        """The numbers in the labels of its group."""
        return tuple(m.group(1) for label in self.group if (m := _IN_LABEL.search(label)))

    @property
    def numbers(self) -> tuple[str, ...]:
        """What may be its number, the most reliable first: tag, label, what LaTeX prints."""
        printed = (self.printed,) if self.printed else ()
        return tuple(dict.fromkeys((*self.named, *printed)))


@dataclass(frozen=True)
class Passed:
    """A display that is not compared: where, what, and why."""

    place: str
    environment: str
    reason: str
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Document:
    """The formulas of a file of a name, displays passed over, missing inputs, and other notes."""

    formulas: tuple[Formula, ...]
    passed: tuple[Passed, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    name: str = ""
