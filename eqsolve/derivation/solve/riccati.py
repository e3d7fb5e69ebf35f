"""One Riccati equation with constant coefficients: elementary functions in all cases.

``u' = a + b u + c u^2`` from ``u(0) = u_T`` in the time to go ``s`` has the solution

    u = (u_T cosh(D s / 2) + (2 a + b u_T) sinh(D s / 2) / D) / w
    w = cosh(D s / 2) - (b + 2 c u_T) sinh(D s / 2) / D,    D^2 = b^2 - 4 a c,

equal to ``-(b / 2 + w' / w) / c`` where ``c != 0``. It exists up to the first zero of ``w``.
"""

from __future__ import annotations

import sympy as sp

from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.block import Block, Found, Known
from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.derivation.solve.step import Condition, Explicit, Explosion, to_go


def recognize(block: Block, known: Known) -> Found | None:
    """Solve a Riccati equation whose coefficients do not depend on time."""
    if block.single is None:
        return None
    unknown, rate, start = block.single
    parts = algebra.powers(rate, [unknown])
    if parts is None or max(parts) != (2,):
        return None
    a, b, c = (parts.get((k,), sp.S.Zero) for k in range(3))
    if not all(map(known.is_constant, (a, b, c, start))):
        return None
    square = algebra.factored(known.spelled(b**2 - 4 * a * c))
    slope = algebra.factored(known.spelled(b + 2 * c * start))
    shown, named = known.discriminant(square, unknown)
    cosh, sinh = RootCosh(shown, to_go / 2), RootSinh(shown, to_go / 2)
    below = known.fresh(f"w_{unknown}")
    exists = Condition(below, ">", f"{unknown} is finite up to that time")
    drift = algebra.factored(2 * a + b * start)
    steps = (
        *named,
        Explicit(below, cosh + algebra.factored(-slope) * sinh, "denominator", (exists,), unknown),
        Explicit(unknown, (start * cosh + drift * sinh) / below, "Riccati"),
    )
    return Found(steps, (Explosion((unknown,), square, slope),))
