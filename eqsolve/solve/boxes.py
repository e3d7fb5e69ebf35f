"""Boxes of solutions of differential equations, for others to check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flint import arb, ctx, fmpq

from eqsolve.arithmetic.code import Code
from eqsolve.arithmetic.jet import solution_coefficients
from eqsolve.arithmetic.trajectory import Piece

#: Taylor coefficients of a step, and the relative size of the remainder that it may have.
ORDER, REMAINDER = 30, 1e-26
#: By what part of its radius a box at the end of a step is wider than what was computed.
MARGIN = 0.05
#: The shortest step, relative to the horizon.
SHORTEST = fmpq(1, 1 << 20)

#: A box as [m, e, r]: m 2^e, give or take r.
Entry = list[Any]


def steps(
    rates: Code, now: list[arb], pieces: Sequence[Piece], asked: fmpq
) -> Iterator[dict[str, Any] | None]:
    """Steps with a box that the solution does not leave, and one for its end.

    The last one is None if steps would be too short.
    """
    shortest = pieces[-1].end * SHORTEST
    for piece in pieces:
        cuts = [piece.begin, *([asked] if piece.begin < asked < piece.end else ()), piece.end]
        pending = [*zip(cuts, cuts[1:])][::-1]
        while pending:
            begin, end = pending.pop()
            found = step(rates, now, begin, end, piece)
            if found is None:
                if end - begin < shortest:
                    yield None
                    return
                middle = (begin + end) / 2
                pending += [(middle, end), (begin, middle)]
                continue
            now = [ball(one) for one in found["at"]]
            yield found


def step(
    rates: Code, now: Sequence[arb], begin: fmpq, end: fmpq, piece: Piece
) -> dict[str, Any] | None:
    """One step by Picard's inclusion and Taylor's formula; None if it is too long for these."""
    length, span = arb(end - begin), arb(0).union(arb(end - begin))
    whole = arb(begin).union(arb(end))
    boxes = [a.union(b) for a, b in zip(piece.over(begin, end), now)]
    for _ in range(4):
        over = [entry(b + (b - b.mid()) / 4) for b in boxes]
        boxes = [ball(one) for one in over]
        moved = [v + span * f for v, f in zip(now, rates([whole, *boxes]))]
        if not all(m.is_finite() for m in moved):
            return None
        if all(b.contains_interior(m) for b, m in zip(boxes, moved)):
            break
        boxes = [b.union(m) for b, m in zip(boxes, moved)]
    else:
        return None
    rows = solution_coefficients(rates, arb(begin), now, ORDER - 1)
    rests = [
        row[ORDER] * length**ORDER for row in solution_coefficients(rates, whole, boxes, ORDER)
    ]
    found = []
    for value, row, rest in zip(now, rows, rests):
        if not rest.rad() < REMAINDER * (1 + abs(value.mid())):
            return None
        there = sum((c * length**k for k, c in enumerate(row)), rest)
        # others may add up in another order, with wider balls
        found.append(there + (there - there.mid()) * MARGIN + (rest - rest.mid()))
    return {"end": str(end), "over": over, "at": [entry(f) for f in found]}


def entry(value: arb) -> Entry:
    """A box around a ball, a little wider: others compute at another precision."""
    mantissa, exponent = value.mid().man_exp()
    wider = value.rad() * arb(1.0001) + abs(value.mid()) * arb(2) ** (16 - int(ctx.prec))
    return [int(mantissa), int(exponent), float(wider.upper()) * (1 + 2**-50) + 1e-300]


def ball(entry: Entry) -> arb:
    """The ball that is written as an entry."""
    mantissa, exponent, radius = entry
    found: arb = arb(mantissa) * arb(2) ** exponent + arb(0, 1) * arb(radius)
    return found
