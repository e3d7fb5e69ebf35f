"""Regenerate docs/accuracy.md: errors of the kernels against exact parameters, by family.

    python benchmarks/accuracy.py                 write docs/accuracy.md
    python benchmarks/accuracy.py --search 20     also search for worse points, for 20 rounds each,
                                                  and keep them in tests/data/worst_cases.toml

Exit code 1 if a kernel is refuted: a wrong status or number of roots, or an error beyond the aim.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eqsolve.kernels.cubic.kernel import CubicKernel, Selection
from eqsolve.paper.families import FAMILIES
from eqsolve.registry import model
from eqsolve.studies.accuracy import (
    ALLOWED,
    Accuracy,
    Exact,
    exact_outcomes,
    known_inputs,
    measure,
    polynomial_accuracy,
)
from eqsolve.verbs import kernel

Array = NDArray[np.float64]
Sets = dict[str, Array]

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "accuracy.md"
CASES = ROOT / "tests" / "data" / "worst_cases.toml"

GAMES = ("n-agent", "mean-field", "best-response")
SEED = 2024

#: Families with the rule among admissible roots; by value a root next to a fold may be selected.
ROWS: tuple[tuple[str, Selection], ...] = (
    *((family, "limit") for family in FAMILIES),
    ("near-double roots", "value"),
)

HEAD = """# Accuracy of the kernels

<!-- Written by `python benchmarks/accuracy.py`; do not edit. -->

Every answer is compared with an enclosure computed in ball arithmetic from the exact parameters
(doubles are rational numbers). The *condition* of an output f at parameters and state v is
max(|f|, sum of |v_i df/dv_i|), with exact derivatives: what a relative change of all inputs by one
would change f by, to first order. The *error* is |computed - exact| / condition; the aim is at most
{aim:.0e} for every output. The relative condition number is condition / |f|. The unit of the last
column is 2^-53 of |f|, whatever the condition.

*refuted* counts points where the status, or the existence of an admissible root, is proved wrong.
*withheld* counts points at which a kernel reports a fold, or leaving the range of doubles, instead
of numbers. Points whose exact status is not ok have no numbers; statuses are compared everywhere.
Parameters are drawn with seed {seed}, {points} points for each family and game.
"""

POLYNOMIAL = """
## Roots of the polynomial

The cubic solver on the coefficients of the game `n-agent`, rounded to doubles, against the exact
roots of those coefficients. Roots farther than 1e-6 from each other, relative to their size, must
be right to one unit in the last place; the number of real roots must be right unless a fold is
reported.

| family | polynomials | worst error (ulp) | wrong counts | folds reported |
|---|---:|---:|---:|---:|
"""

TABLE = """
| family | points | exact status | refuted | withheld | relative condition: median, max \
| worst error | in | worst ulps |
|---|---:|---|---:|---:|---|---:|---|---:|
"""


def draw(game: str, family: str, points: int) -> Sets:
    """A family's parameters for a game, with aggregates if they are given."""
    rng = np.random.default_rng(SEED)
    sets = FAMILIES[family](rng, points)
    size = sets["r"].size
    if game == "best-response":
        low, high = (-0.3, -0.3, 0.0), (0.3, 0.3, 0.1)
        names = ("m_b", "m_s", "m_2")
        sets |= {name: rng.uniform(a, b, size) for name, a, b in zip(names, low, high)}
    return known_inputs(kernel(game), sets)


def kernels(game: str) -> dict[str, CubicKernel]:
    """The kernels of a game by the arithmetic of their main path."""
    found = kernel(game)
    exact = getattr(found, "exact", None)
    if exact is None:
        return {"double-double": found}
    return {"double, then double-double": found, "double-double": exact}


def row(name: str, found: Accuracy) -> str:
    """One line of a table."""
    statuses = ", ".join(f"{count} {status}" for status, count in found.statuses.most_common())
    conditions = np.array(found.conditions or [1.0])
    worst = max(found.error, key=lambda output: found.error[output]) if found.error else ""
    ulps = max(found.ulps.values(), default=0.0)
    return (
        f"| {name} | {found.points} | {statuses} | {len(found.mismatches)} | {found.withheld} "
        f"| {np.median(conditions):.2g}, {conditions.max():.2g} | {found.worst:.1e} | {worst} "
        f"| {ulps:.2g} |\n"
    )


def search(game: str, used: CubicKernel, start: Sets, rounds: int) -> list[tuple[float, Sets]]:
    """Move the worst points of a family about, keeping the worst; return the last ones."""
    rng = np.random.default_rng(SEED + 1)
    keep, spread = 8, 12
    pool = start
    errors = np.array(measure(model(game), used, pool).errors)
    for _ in range(rounds):
        best = np.argsort(errors)[::-1][:keep]
        pool = {name: column[best] for name, column in pool.items()}
        moved = {name: np.repeat(column, spread) for name, column in pool.items()}
        size = keep * spread
        for name, column in moved.items():
            touched = rng.random(size) < 0.3
            step = rng.choice([-1.0, 1.0], size) * 10.0 ** rng.uniform(-16, -0.5, size)
            if name != "n":
                moved[name] = np.where(touched, column * (1 + step), column)
        found = measure(model(game), used, moved).errors
        errors = np.concatenate([errors[best], found])
        pool = {name: np.concatenate([pool[name], moved[name]]) for name in pool}
    order = np.argsort(errors)[::-1][:1]
    return [(float(errors[k]), {n: c[k : k + 1] for n, c in pool.items()}) for k in order]


def case(game: str, family: str, name: str, error: float, point: Mapping[str, Array]) -> str:
    """A point as a TOML table."""
    lines = [f'game = "{game}"', f'family = "{family}"', f'kernel = "{name}"']
    lines.append(f"error = {error:.3g}")
    lines += [f"{parameter} = {float(column[0])!r}" for parameter, column in point.items()]
    return "[[case]]\n" + "\n".join(lines) + "\n"


def main(words: list[str] | None = None) -> int:
    """Measure, write the document, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, default=400, help="points of each family and game")
    parser.add_argument("--search", type=int, default=0, metavar="ROUNDS", help="rounds of search")
    parser.add_argument("--out", type=Path, default=DOCUMENT, help="the document")
    arguments = parser.parse_args(words)
    text = HEAD.format(aim=ALLOWED, seed=SEED, points=arguments.points)
    cases, failures = [], []
    for game in GAMES:
        lines: dict[str, list[str]] = {name: [] for name in kernels(game)}
        verdicts: Counter[str] = Counter()
        for family, selection in ROWS:
            print(f"{game}: {family}, selection by {selection}", file=sys.stderr)
            sets = draw(game, family, arguments.points)
            exact: list[Exact] = exact_outcomes(model(game), sets, selection)
            verdicts.update(point.statement.verdict.label for point in exact)
            for name, used in kernels(game).items():
                found = measure(model(game), used, sets, exact, selection)
                title = family if selection == "limit" else f"{family}, by value"
                lines[name].append(row(title, found))
                if found.mismatches or found.worst > ALLOWED:
                    failures.append(
                        f"{game}, {name}, {title}: {len(found.mismatches)} refuted, "
                        f"worst error {found.worst:.1e}"
                    )
                if arguments.search and selection == "limit":
                    for error, point in search(game, used, sets, arguments.search):
                        cases.append(case(game, family, name, error, point))
        for name, table in lines.items():
            text += f"\n## {game}, {name} arithmetic\n" + TABLE + "".join(table)
        text += "\nCertificates of these points: "
        text += ", ".join(f"{count} {label}" for label, count in verdicts.most_common()) + ".\n"
    text += POLYNOMIAL
    for family in FAMILIES:
        roots = polynomial_accuracy(model("n-agent"), draw("n-agent", family, arguments.points))
        text += f"| {family} | {roots.points} | {roots.ulps:.3f} | {roots.miscounted} "
        text += f"| {roots.withheld} |\n"
        if roots.miscounted or roots.ulps > 1:
            failures.append(f"polynomial, {family}: {roots.ulps:.2g} ulp, {roots.miscounted}")
    if failures:
        text += "\n## Beyond the aim\n\n" + "".join(f"* {line}\n" for line in failures)
    arguments.out.write_text(text, encoding="utf-8")
    if cases:
        CASES.parent.mkdir(exist_ok=True)
        CASES.write_text("\n".join(cases), encoding="utf-8")
    print("\n".join(failures) or "every kernel meets the aim", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
