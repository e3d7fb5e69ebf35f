"""Regenerate docs/learned.md: learned solvers beside the derived solution, each with two seeds.

python benchmarks/learned.py              write docs/learned.md
python benchmarks/learned.py METHOD ...   run these only, and print their rows
python benchmarks/learned.py record       write the records that reports show, from the page
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import eqsolve
from eqsolve.game.structure import named_set
from eqsolve.learn.learned import Learned
from eqsolve.learn.record import SUFFIX, of_page
from eqsolve.verbs import declared

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "learned.md"
GAMES = DOCUMENT.parents[1] / "derivations"
SEEDS = (0, 1)
#: Methods with a game, its named set, and the notions that are learned.
RUNS = tuple(
    (method, "execution", "default", ("feedback", "planner"))
    for method in ("direct", "mkv-fbsde", "deep-galerkin", "q-learning")
)

#: Methods for one agent's wealth with a game and its parameters; those called plain are naive.
MARKET = {"r": "0.03", "B": "0.09", "s": "0.3", "T": "1"}
ALONE = tuple(
    (method, "merton", MARKET | {"g": aversion})
    for aversion in ("2", "1/2")
    for method in ("pinn", "actor-critic", "pinn-plain", "actor-critic-plain")
)

HEAD = """# Learned solvers beside the derived solution

<!-- Written by `make learn`; do not edit. -->

`eqsolve learn GAME --method METHOD` lets a network (extra `learn`: JAX and Optax) or a table
(`q-learning`, without the extra) learn a game from its declaration: drift, noise, costs and the
laws in them. It does not see the closed form.
What was learned is compared with the derived solution, and so are the control of the grid
(`eqsolve pde`), a guess, and the solution itself, whose row says what error the referee has. A
checkpoint (`--checkpoint DIR`) is written every few seconds, and `--resume` continues it to the
same numbers, bit by bit.

- *control*: mean squared error of the control over time and the solution's law, and its root;
- *value*: error of the cost that the method itself states, against the derived value;
- *excess*: what a player's cost is when all play the control, without that of the solution. In a
  game it may be negative: players who do not play the equilibrium may do better together;
- *law*: largest Wasserstein distance of order 2 over time between the laws that control and
  solution make, and that of their means;
- *exploitability*: what a single player gains by leaving the control when all others play it. The
  planner has none; his measure is *excess*;
- *seconds*: training on two cores without a graphics card, compilation included.

The second number, after ±, is the distance of a second run whose seed alone differs. The guess is
no control at all. Where a method is no better than that in control, law or exploitability, the
last entry says so. Cost, law and exploitability are computed on a chain of 200 steps, without
random numbers.

Continuous integration does not install JAX and skips the tests that need it; `make learn` runs
them, and writes this page. Those of `q-learning` do not need it.
"""

WEALTH = """
One agent's wealth is learned from 1e-6 to 1e6 and judged over the ten decades from 1e-5 to 1e5, in
the logarithm of wealth. Of the plain, naive methods the networks see wealth in units of the largest
and tell the value in units of utility. The others see its logarithm, and tell how far the logarithm
of the certainty equivalent is from it; that the solution does not depend on wealth is not told to
them. The row *untrained* is what such networks say before the first step: `pinn` takes the control
from the value's derivatives, and is near from the start where the utility is in them.

- *control*: error of the fraction of wealth at risk over time and wealth, of the solution's: root
  mean square and largest;
- *value*: relative error of the certainty equivalent that the method states; empty where its value
  is the utility of no wealth;
- *loss*: share of the certainty equivalent that playing the control loses, on average and at most.
  It is what the single agent gains by leaving it: the exploitability.
"""


def runs(methods: tuple[str, ...]) -> Iterator[tuple[Learned, Learned]]:
    """Every run with its second seed."""
    for method, game, case, notions in RUNS:
        if methods and method not in methods:
            continue
        for notion in notions:
            exported = declared(game)
            assert exported is not None
            yield both(game, named_set(exported, case, notion), method, notion)
    for method, game, values in ALONE:
        if not methods or method in methods:
            yield both(game, values, method)


def both(
    game: str, values: Mapping[str, object], method: str, notion: str | None = None
) -> tuple[Learned, Learned]:
    """A run and that of the second seed."""
    one, two = (
        eqsolve.learn(game, values, method=method, notion=notion, seed=seed) for seed in SEEDS
    )
    return one, two


def cell(name: str, *rows: Mapping[str, float | None]) -> str:
    """A measure, and how far it is in a second run."""
    found = [row.get(name) for row in rows]
    if found[0] is None:
        return ""
    spread = f" ± {abs(found[0] - found[1]):.1e}" if len(found) > 1 and found[1] is not None else ""
    return f"{found[0]:.2e}{spread}"


#: Titles of the columns, by measure: those of crowds, and of one agent's wealth.
CROWD = {
    "control_mse": "control, squared",
    "control_rms": "control",
    "value_error": "value",
    "excess": "excess",
    "law_w2": "law",
    "law_mean": "its mean",
    "exploitability": "exploitability",
    "control_max": "at most",
    "value_rms": "value",
    "value_max": "at most",
    "loss": "loss",
    "loss_max": "at most",
}


def lines(found: list[tuple[Learned, Learned]]) -> Iterator[str]:
    """A table for every game and notion."""
    kinds: dict[tuple[object, ...], list[tuple[Learned, Learned]]] = {}
    for pair in found:
        key = pair[0].game, pair[0].notion, *pair[0].parameters.values()
        kinds.setdefault(key, []).append(pair)
    told = False
    for (game, notion, *_), group in kinds.items():
        first = group[0][0]
        columns = {
            k: v
            for k, v in CROWD.items()
            if any(row.get(k) is not None for row in first.rows.values())
        }
        values = ", ".join(f"{k} = {v}" for k, v in first.parameters.items())
        yield f"\n## {game}, {notion}\n\n{values}\n"
        head = ["method", "steps", *columns.values(), "seconds", "worse than a guess in"]
        yield f"| {' | '.join(head)} |"
        yield "|---" * len(head) + "|"
        for one, two in group:
            rows = one.rows["method"], two.rows["method"]
            bad = ", ".join(sorted({*one.worse, *two.worse})) or "nothing"
            row = [one.method, str(one.steps), *(cell(k, *rows) for k in columns)]
            yield f"| {' | '.join([*row, format(one.seconds['method'], '.0f'), bad])} |"
            if "untrained" in one.rows:
                pair = one.rows["untrained"], two.rows["untrained"]
                row = ["untrained", "0", *(cell(k, *pair) for k in columns), "", ""]
                yield f"| {' | '.join(row)} |"
        for name in ("grid", "guess", "solution"):
            if name in first.rows:
                row = [name, "", *(cell(k, first.rows[name]) for k in columns)]
                spent = [f"{first.seconds[name]:.1f}"] if name in first.seconds else [""]
                yield f"| {' | '.join([*row, *spent, ''])} |"
        if parts(first):
            if not told:
                yield WEALTH.rstrip("\n")
            told = True
            yield from by_wealth(group)


def parts(found: Learned) -> list[str]:
    """The rows of parts of what was learned."""
    return [name for name in found.rows if name.startswith("method ")]


def by_wealth(found: list[tuple[Learned, Learned]]) -> Iterator[str]:
    """A table by decade of wealth, and what it says of a claim."""
    yield f"\nControl, value and loss by decade of wealth, seed {SEEDS[0]}:\n"
    yield f"| wealth | {' | '.join(one.method for one, _ in found)} |"
    yield "|---" * (len(found) + 1) + "|"
    for name in parts(found[0][0]):
        row = [name.removeprefix("method "), *(three(one.rows[name]) for one, _ in found)]
        yield f"| {' | '.join(row)} |"
    yield (
        "\nOf naive networks it is said that they fail at extreme wealth, and of actor and critic "
        "that they do not. Decades in which the control loses at least as much as the guess, by "
        "seed:\n"
    )
    for pair in found:
        counts = (f"{failed(one)} of {len(parts(one))}" for one in pair)
        yield f"- {pair[0].method}: {', '.join(counts)}"


def failed(found: Learned) -> int:
    """In how many decades the control loses at least as much as the guess."""
    guess = found.rows["guess"]["loss"]
    losses = [found.rows[name]["loss"] for name in parts(found)]
    return sum(v is None or guess is None or v >= guess for v in losses)


def three(row: Mapping[str, float | None]) -> str:
    """The measures of a decade."""
    found = (row[name] for name in ("control_rms", "value_rms", "loss"))
    return ", ".join("none" if v is None else format(v, ".0e") for v in found)


def record() -> None:
    """Write what the document says of each game beside its file."""
    for game, found in of_page(DOCUMENT.read_text()).items():
        path = GAMES / (game.replace("-", "_") + SUFFIX)
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def main(methods: tuple[str, ...]) -> None:
    """Write the document and the records, or print some rows."""
    if methods == ("record",):
        record()
        return
    text = "\n".join(lines(list(runs(methods))))
    if methods:
        print(text)
    else:
        DOCUMENT.write_text(HEAD + text + "\n")
        record()


if __name__ == "__main__":
    main(tuple(sys.argv[1:]))
