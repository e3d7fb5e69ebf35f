"""Existence and uniqueness of a solution of several equations in a box."""

from __future__ import annotations

from collections.abc import Sequence

from flint import arb, arb_mat, ctx

from eqsolve.arithmetic.code import Code

#: Half widths of the boxes tried, in bits below the precision.
SLACK = (24, 48, 80)


def krawczyk(
    function: Code, center: Sequence[arb], radius: Sequence[arb], given: Sequence[arb] = ()
) -> list[arb] | None:
    """Prove that the box around ``center`` holds exactly one solution, and enclose it.

    R. Krawczyk's operator (Computing 4, 1969) maps the box into its interior.

    Parameters
    ----------
    function : as many equations as unknowns, which are its first arguments.
    center : a number for each unknown, of which the middle is taken.
    radius : the half widths.
    given : the values of the other arguments.

    Returns
    -------
    list or None
        The enclosures, or None if nothing was proved.
    """
    middle = [c.mid() for c in center]
    box = [m + r * arb(0, 1) for m, r in zip(middle, radius)]
    count = len(middle)
    inverse = _inverse_slope(function, middle, given)
    if inverse is None:
        return None
    residual = arb_mat([[value] for value in function([*middle, *given])])
    _, rows = function.jacobian([*box, *given])
    slope = _matrix(rows, count)
    identity = arb_mat([[int(i == j) for j in range(count)] for i in range(count)])
    spread = arb_mat([[b - m] for b, m in zip(box, middle)])
    step = (identity - inverse * slope) * spread - inverse * residual
    found = [m + step[k, 0] for k, m in enumerate(middle)]
    if not all(b.contains_interior(f) for b, f in zip(box, found)):
        return None
    return found


def solution_near(
    function: Code, start: Sequence[arb], given: Sequence[arb] = (), *, steps: int = 40
) -> list[arb] | None:
    """Follow Newton's method to a solution and prove it; None if it does not get there.

    Returns
    -------
    list or None
        Balls, narrow relative to the working precision, in a box that holds one solution only.
    """
    point = [value.mid() for value in start]
    smallest = arb(2) ** (-int(ctx.prec) + SLACK[0])
    for _ in range(steps):
        inverse = _inverse_slope(function, point, given)
        if inverse is None:
            return None
        step = inverse * arb_mat([[value] for value in function([*point, *given])])
        moves = [step[k, 0].mid() for k in range(len(point))]
        if not all(move.is_finite() for move in moves):
            return None
        point = [(p - move).mid() for p, move in zip(point, moves)]
        if all(abs(m) <= smallest * (1 + abs(p)) for m, p in zip(moves, point)):
            break
    for slack in SLACK:
        width = arb(2) ** (-int(ctx.prec) + slack)
        found = krawczyk(function, point, [width * (1 + abs(p)) for p in point], given)
        if found is not None:
            return found
    return None


def _inverse_slope(function: Code, middle: Sequence[arb], given: Sequence[arb]) -> arb_mat | None:
    """The middle of the inverse of the Jacobian at a point."""
    _, rows = function.jacobian([*middle, *given])
    slope = _matrix(rows, len(middle)).mid()
    try:
        return slope.inv().mid()
    except ZeroDivisionError:
        return None


def _matrix(rows: list[dict[int, arb]], count: int) -> arb_mat:
    return arb_mat([[row.get(k, arb(0)) for k in range(count)] for row in rows])
