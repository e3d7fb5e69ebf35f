"""What holds beyond any end, under a hazard rate that rises for ever.

Backward in time every coefficient is pulled towards its payoff at the hazard rate: its rate of
change is ``hazard (payoff - u) + rest(u)``, which is decided exactly. So no solution leaves a box
around the payoffs, backward in time, while half the width of each side times the hazard rate is
more than the rest anywhere in the box; and all the less where the hazard rate is larger. Whatever
the coefficients are at a later end, if they are in the box there, as payoffs are, they are in it
when they come to its time. An enclosure that starts from the box holds for all later ends, and for
their limit.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import arb, fmpq

from eqsolve.arithmetic.code import Code, Folding
from eqsolve.arithmetic.rational import Rational, exact, terms

#: Rounds in which a box is widened until the rest is held everywhere in it.
ROUNDS = 40
#: How much wider than needed a box is made.
WIDER = 1.25
#: The least width of a box.
LEAST = 1e-60


def payoffs(rates: Code) -> list[fmpq] | None:
    """The payoffs that the unknowns are pulled to at the hazard rate; None if they are not.

    Parameters
    ----------
    rates : of a time, the unknowns, and the hazard rate.
    """
    hazard = rates.arguments[-1]
    builder = Folding(rates.arguments)
    nodes: dict[str, int] = dict(zip(builder.arguments, range(len(builder.arguments))))
    whole = builder.insert(rates, nodes)
    rest = builder.insert(rates, {**nodes, hazard: builder.constant(fmpq(0))})
    found = []
    for name, first, second in zip(rates.arguments[1:-1], whole, rest):
        slope = builder.step("div", builder.step("sub", first, second), nodes[hazard])
        pulled = Rational(builder.code([builder.step("add", slope, nodes[name])])).functions[0]
        above, below = exact(terms(pulled.above)), exact(terms(pulled.below))
        if above is None or below is None:
            return None
        found.append(above / below)
    return found


def box(rates: Code, centers: Sequence[fmpq], level: arb) -> list[arb] | None:
    """A box that solutions do not leave while the hazard rate is at least ``level``.

    None if there seems to be none.

    Parameters
    ----------
    rates : of a time that does not matter, the unknowns, and the hazard rate.
    centers : the payoffs.
    """
    widths = [arb(0)] * len(centers)
    for _ in range(ROUNDS):
        inside = [arb(c) + w * arb(0, 1) for c, w in zip(centers, widths)]
        rest = rates([arb(0), *inside, arb(0)])
        if not all(rate.is_finite() for rate in rest):
            return None
        needed = [abs(rate).upper() / level for rate in rest]
        if all(n < w for n, w in zip(needed, widths)):
            return inside
        widths = [w if n < w else (n * WIDER + LEAST).upper() for w, n in zip(widths, needed)]
    return None
