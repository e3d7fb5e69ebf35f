"""Curves of a strategy in ball arithmetic, which a page shows beside its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eqsolve.errors import EqsolveError
from eqsolve.explore.ranges import Range
from eqsolve.solve.answer import Answer

#: What answers at values, with ``at`` for the time; None where it has no numbers.
Solved = Callable[..., Answer | None]


def curve(
    solved: Solved, values: Mapping[str, str], name: str, across: Range, points: int
) -> dict[str, Any]:
    """The strategy that is solved for against one parameter, or the time ``t``.

    Returns
    -------
    dict
        ``x``: the places as decimals; ``status``: codes, None where a place is outside of the
        domain; ``curves``: by column of the kernel, numbers, None without an equilibrium.
    """
    places = _places(across, points)
    statuses: list[int | None] = []
    rows: list[dict[str, float]] = []
    for place in places:
        given = {k: v for k, v in values.items() if k != "t"}
        at = {"t": values["t"]} if "t" in values else {}
        (at if name == "t" else given)[name] = place
        row: dict[str, float] = {}
        answer: Answer | None
        try:
            answer = solved(given, at=at)
        except EqsolveError:
            answer = None
        if answer is None:
            statuses.append(None)
        else:
            statuses.append(int(answer.status))
            if answer.ok:
                for control, table in answer.strategy.items():
                    row |= {f"{control}_{monomial}": v for monomial, v in table.items()}
        rows.append(row)
    columns = dict.fromkeys(column for row in rows for column in row)
    curves = {column: [row.get(column) for row in rows] for column in columns}
    return {"x": places, "status": statuses, "curves": curves}


def _places(across: Range, points: int) -> Sequence[str]:
    width = across.high - across.low
    found = [across.low + width * k / max(points - 1, 1) for k in range(points)]
    if across.whole:
        found = [float(round(x)) for x in found]
    return list(dict.fromkeys(f"{x:.6g}" for x in found))
