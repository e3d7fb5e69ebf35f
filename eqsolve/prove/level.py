"""The level of an equation of a source that Coq accepted, by a record that is kept by content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import sympy as sp

from eqsolve.ledger import Display


def digest(texts: Iterable[str]) -> str:
    """A name for texts."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def of_display(display: Display) -> str:
    """A digest of what an equation says."""
    lines = [
        (side for line in group for side in (line.left, line.right, line.equals or sp.S.Zero))
        for group in (display.let, display.lines, display.evidence)
    ]
    pairs = [e for table in (display.given, display.values) for row in table.items() for e in row]
    pairs += [e for e in (display.grows, *display.limits) if e is not None]
    relations = [line.relation for line in display.lines]
    expressions = [e for group in lines for e in group] + pairs
    found = [display.number, display.kind, *relations, *map(_text, expressions)]
    return digest(found)


def _text(e: sp.Basic) -> str:
    """What an expression says, the same in every process: indeterminates have no number."""
    if isinstance(e, sp.Dummy):
        return "indeterminate"
    if not e.args:
        return str(sp.srepr(e))
    parts = [_text(part) if isinstance(part, sp.Basic) else repr(part) for part in e.args]
    shown = sorted(parts) if isinstance(e, (sp.Add, sp.Mul)) else parts
    return f"{type(e).__name__}({', '.join(shown)})"


def raised(displays: Iterable[Display], known: Mapping[str, Sequence[str]]) -> tuple[Display, ...]:
    """Displays at the level that a record of one game says."""
    return tuple(
        (
            replace(d, proof="formal")
            if d.proof == "exact" and d.number in known and known[d.number][0] == of_display(d)
            else d
        )
        for d in displays
    )
