"""The smallest edit that turns an author's formula into the display's.

Every single edit of the syntax tree is evaluated modulo a prime at random points; what agrees with
the display there is rewritten, read again and compared exactly by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sympy as sp

from eqsolve.latex.checking.edits import Edit, Neighborhood
from eqsolve.latex.checking.reader import Reader
from eqsolve.latex.checking.residues import PRIME, Point, Undefined
from eqsolve.latex.grammar.tree import Node, Relation

_POINTS = (1, 2)
_MAX_CANDIDATES = 20_000


def repaired(
    relation: Relation,
    reader: Reader,
    target: sp.Expr,
    table: Mapping[sp.Symbol, sp.Expr],
    neighborhood: Neighborhood,
    confirm: Callable[[str], bool],
) -> Edit | None:
    """Find the smallest edit after which left minus right is plus or minus ``target``.

    ``confirm`` decides exactly whether the changed text is right.
    """
    points = [Point(seed, table) for seed in _POINTS]
    try:
        wanted = [p.expression(target) for p in points]
        for point in points:
            point.remember(relation.left, reader)
            point.remember(relation.right, reader)
    except Undefined:
        return None
    matches: list[Edit] = []
    for count, (left, right, edit) in enumerate(neighborhood.of(relation)):
        if count > _MAX_CANDIDATES:
            break
        if _agrees(left, right, reader, points, wanted):
            matches.append(edit)
    for edit in sorted(matches, key=lambda e: (e.rank, e.end - e.start, len(e.words))):
        if confirm(edit.applied(relation.tex)):
            return edit
    return None


def _agrees(
    left: Node, right: Node, reader: Reader, points: Sequence[Point], wanted: Sequence[int]
) -> bool:
    signs = {1, PRIME - 1}
    for point, value in zip(points, wanted):
        try:
            found = (point.node(left, reader) - point.node(right, reader)) % PRIME
        except Undefined:
            return False
        signs = {s for s in signs if (s * found - value) % PRIME == 0}
        if not signs:
            return False
    return True
