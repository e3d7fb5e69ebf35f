"""The grid's verdicts over a table of parameter sets, and the table as a document."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from eqsolve.notated.published import Case, Published
from eqsolve.schemas import SCHEMA
from eqsolve.verify.check import Check
from eqsolve.verify.pde import ALLOWED
from eqsolve.verify.referee import Hearing, Judgement, conclude, hear

#: Largest share of drawn sets that may remain without a verdict.
MOST_REFUSED = 0.2


def judge_all(
    sets: Sequence[tuple[Published, Case]], *, jobs: int = 1, about: tuple[str, ...] = ()
) -> Table:
    """Judge parameter sets of games, in order, with ``jobs`` grids at a time.

    ``about`` is what the table says of the sets that were drawn.
    """
    hearings = [hear(model, case) for model, case in sets]
    with ThreadPoolExecutor(jobs) as pool:
        grids = list(pool.map(Hearing.grid, hearings))
    return Table(tuple(map(conclude, hearings, grids)), about)


@dataclass(frozen=True)
class Table:
    """The verdicts on many parameter sets."""

    rows: tuple[Judgement, ...]
    about: tuple[str, ...] = ()

    def checks(self) -> list[Check]:
        """All comparisons; one more for each game: that most of the drawn sets were judged."""
        found = [check for row in self.rows for check in row.checks]
        for game in dict.fromkeys(row.game for row in self.rows):
            drawn = [row for row in self.rows if row.game == game and row.drawn]
            if drawn:
                share = sum(row.verdict == "not verified" for row in drawn) / len(drawn)
                note = f"Of {len(drawn)} drawn sets the grid could not judge {share:.1%}."
                name = "referee: share of drawn sets without a verdict"
                found.append(Check(name, game, "grid", share, 0.0, share, MOST_REFUSED, note))
        return found

    def to_json(self) -> str:
        """The table as JSON, a row for each set."""
        rows = {"schema": SCHEMA, "sets": [row.to_dict() for row in self.rows]}
        return json.dumps(rows, indent=1, allow_nan=False) + "\n"

    def to_markdown(self) -> str:
        """The table as Markdown: counts, thresholds by coefficient, then a line for each set."""
        return "\n".join(_lines(self.rows, self.about)) + "\n"


def _lines(rows: Sequence[Judgement], about: tuple[str, ...]) -> Iterator[str]:
    games = list(dict.fromkeys(row.game for row in rows))
    yield "# The grid's verdicts on the closed forms"
    yield ""
    allowed = (
        f"Allowed error: {ALLOWED:g} of the largest value on the window, in policy and moments."
    )
    first, *others = about or ("",)
    yield f"{allowed} {first}".rstrip()
    for other in others:
        yield from ("", other)
    yield from ("", "| game | sets | verified | refuted | not verified | largest error |")
    yield "|---|---|---|---|---|---|"
    for game in games:
        own = [row for row in rows if row.game == game]
        counts = Counter(row.verdict for row in own)
        errors = [c.error for row in own if row.verdict == "verified" for c in row.checks]
        cells = (counts[key] for key in ("verified", "refuted", "not verified"))
        worst = f"{max(errors):.1e}" if errors else ""
        yield f"| {game} | {len(own)} | {' | '.join(map(str, cells))} | {worst} |"
    yield from ("", "Smallest relative error seen in a coefficient, by planting:", "")
    yield "| coefficient | sets | median | largest | largest difference, claim and fit |"
    yield "|---|---|---|---|---|"
    yield from _thresholds(rows)
    yield from ("", "| game | set | verdict | error | status, steps | box | reason |")
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        largest = max(check.error for check in row.checks)
        error = f"{largest:.1e}" if row.coefficients else ""
        status, box = "", ""
        if row.grid is not None:
            solution = row.grid.solution
            status = f"{solution.status}, {solution.diagnostics.get('steps')}"
            box = " x ".join(f"[{low:g}, {high:g}]" for low, high in row.grid.box)
        line = (row.game, row.name, row.verdict, error, status, box, row.reason)
        yield f"| {' | '.join(line)} |"


def _thresholds(rows: Sequence[Judgement]) -> Iterator[str]:
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        for part in row.coefficients:
            found.setdefault(part.name, []).append((part.seen_relative, part.error))
    for name, pairs in found.items():
        seen = [threshold for threshold, _ in pairs if math.isfinite(threshold)]
        errors = [error for _, error in pairs if math.isfinite(error)]
        if seen:
            difference = f"{max(errors):.1e}" if errors else ""
            yield (
                f"| {name} | {len(seen)} | {np.median(seen):.1e} | {max(seen):.1e} | {difference} |"
            )
