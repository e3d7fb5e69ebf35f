"""Linear systems without exactly one solution, in balls: none at all, or a line of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb, ctx

from eqsolve.arithmetic.number import UndecidedError, number


@dataclass(frozen=True)
class Solutions:
    """All solutions of a linear system for several right sides.

    Attributes
    ----------
    through : for every right side one solution; None where there is none.
    directions : what may be added to any solution.
    """

    through: tuple[tuple[arb, ...] | None, ...]
    directions: tuple[tuple[arb, ...], ...]

    @property
    def solvable(self) -> bool:
        """Whether there are solutions for every right side."""
        return None not in self.through


def solutions(matrix: Sequence[Sequence[arb]], rights: Sequence[Sequence[arb]]) -> Solutions:
    """Solve a square system by elimination with full pivoting.

    A ball around zero whose radius is below the root of the working precision counts as zero.

    Parameters
    ----------
    matrix : the rows.
    rights : right sides, a sequence of columns.

    Raises
    ------
    UndecidedError
        If a ball around zero is wider.
    """
    size = len(matrix)
    rows = [[*row, *(right[i] for right in rights)] for i, row in enumerate(matrix)]
    order, rank = list(range(size)), 0
    while rank < size:
        rest = [(i, j) for i in range(rank, size) for j in range(rank, size)]
        usable = [place for place in rest if not vanishes(rows[place[0]][place[1]])]
        if not usable:
            break
        i, j = max(usable, key=lambda place: abs(float(rows[place[0]][place[1]])))
        rows[rank], rows[i] = rows[i], rows[rank]
        order[rank], order[j] = order[j], order[rank]
        for row in rows:
            row[rank], row[j] = row[j], row[rank]
        pivot = rows[rank][rank]
        rows[rank] = [value / pivot for value in rows[rank]]
        for k, row in enumerate(rows):
            if k != rank:
                factor = row[rank]
                rows[k] = [v - factor * w for v, w in zip(row, rows[rank])]
        rank += 1

    def placed(values: Sequence[arb], free: int | None = None) -> tuple[arb, ...]:
        found = dict(zip(order, [*values, *(arb(k == free) for k in range(rank, size))]))
        return tuple(found[k] for k in range(size))

    through = [
        placed([row[k] for row in rows[:rank]]) if all(map(vanishes, column)) else None
        for k in range(size, size + len(rights))
        for column in [[row[k] for row in rows[rank:]]]
    ]
    free = [placed([-row[k] for row in rows[:rank]], k) for k in range(rank, size)]
    return Solutions(tuple(through), tuple(free))


def described(
    found: Solutions, what: str, unknowns: str, where: str = ""
) -> tuple[str, dict[str, Any]]:
    """A sentence on a singular system, and its solutions for the first right side.

    Parameters
    ----------
    found : the solutions.
    what : whose system it is, such as ``the positions``.
    unknowns : what the numbers of a solution are, such as ``pi``.
    where : at which values the numbers hold.
    """
    digits = int(ctx.prec // 2 * 0.30103)
    singular = f"{what} solve a singular linear system (to {digits} digits)"
    if not found.solvable:
        return f"{singular} with contradicting right sides: there is no equilibrium.", {}
    through = [number(v) for v in found.through[0] or ()]
    directions = [_scaled(direction) for direction in found.directions]
    shown = "".join(
        f" + {name} ({', '.join(f'{v:.6g}' for v in direction)})"
        for name, direction in zip("stuvw", directions)
    )
    shape = {1: "line", 2: "plane"}.get(len(directions), "space")
    start = ", ".join(f"{v:.6g}" for v in through)
    return (
        f"{singular}: there is a {shape} of equilibria, {unknowns} = ({start}){shown}{where}.",
        {"solutions": {"through": through, "directions": directions}},
    )


def _scaled(direction: Sequence[arb]) -> list[float]:
    """A direction with 1 as its largest entry."""
    values = [number(v) for v in direction]
    largest = max(values, key=abs)
    return [v / largest for v in values]


def vanishes(value: arb) -> bool:
    """Whether a ball is one around zero and tiny; raises UndecidedError if it is not tiny."""
    if not value.contains(0):
        return False
    if not value.is_finite() or value.rad() > arb(2) ** -(ctx.prec // 2):
        raise UndecidedError("a pivot cannot be told from zero.")
    return True
