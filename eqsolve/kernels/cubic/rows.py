"""The working array of vectorized kernels: one row of ``TILE`` numbers a quantity.

These rows come first in the kernel of every game, so that steps which know nothing of a game are
compiled once; parameters and what follows from them alone come after.
"""

from __future__ import annotations

#: Points computed together. Their rows stay in the first-level cache. Were it a power of two, lines
#: of several arrays, which often start at the same place of a page, would displace each other.
TILE = 88

FEEDBACK = ("first", "second", "constant")
OUTPUTS = ("root", *FEEDBACK, "position", "alone", "value")
#: Rows that are free once the root is found.
PASSING = (
    *(f"{kind}_{degree}" for kind in ("coefficient", "terms") for degree in (3, 2, 1, 0)),
    *("direction", "inverse", "isolated", "other", "last", "linear", "product", "discriminant"),
)
COLUMNS = ("own", "others", "code", *OUTPUTS, "kept", *PASSING)
ROWS = {name: row for row, name in enumerate(COLUMNS)}
# What is no longer needed is overwritten.
ROWS |= {"middle": ROWS["other"], "q": ROWS["last"], "v": ROWS["linear"], "s": ROWS["product"]}

#: Steps before the strategy, in order.
OPENING = (
    *("game_cubic(work)", "approach(work)", "isolate(work)", "deflate(work)", "complete(work)"),
    *("select(work, one_only)", "improve(work)", "polish(work)"),
)
