"""Attack what is said of all roots of the mean-variance family with draws and a search.

    python benchmarks/attack_roots.py --points 1e8 --state attack.json

The state is kept after every chunk: run the command again to go on after an interruption. Exit code
1 if a statement fails at a point.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from eqsolve.derivation.derivation import derived
from eqsolve.registry import model
from eqsolve.studies.roots.attack import Array, Tally, Values, attack, lines, search, spread
from eqsolve.studies.roots.branching import Branching

#: Ends of what is drawn, and whether logarithms are uniform. The excess drift has either sign, and
#: the hazard rate is 2 r plus the number drawn, relative to the squared Sharpe ratio.
RANGES = {
    "r": (1e-4, 1.0, True),
    "excess": (1e-2, 1.0, True),
    "total": (1e-2, 1.0, True),
    "part": (0.0, 1.0, False),
    "theta": (0.0, 1.0, False),
    "gamma": (0.1, 10.0, True),
    "beta": (1e-4, 10.0, True),
    "hazard": (1e-2, 1e2, True),
    "sign": (-1.0, 1.0, False),
}


def wide(rows: Array) -> Values:
    """Parameters over decades; interest is 0 in a tenth of the draws."""
    drawn, _ = spread(RANGES)
    found = dict(drawn(rows))
    none = found["part"] < 0.1
    excess = found.pop("excess") * np.where(found.pop("sign") < 0, -1.0, 1.0)
    total, part = found.pop("total"), found.pop("part")
    scale = excess**2 / total**2
    found["r"] = np.where(none, 0.0, found["r"] * scale)
    found["lambda"] = 2 * found["r"] + scale * found.pop("hazard")
    found["b"] = found["r"] + excess
    found["nu"], found["sigma"] = total * np.sqrt(1 - part), total * np.sqrt(part)
    found["alpha"] = np.ones_like(total)
    return found


def main() -> int:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--points", type=float, default=1e6)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--state", type=Path, default=Path("build/attack_roots.json"))
    parser.add_argument("--rounds", type=int, default=60)
    given = parser.parse_args()
    given.state.parent.mkdir(parents=True, exist_ok=True)
    restated = model("mean-field").restated
    assert restated is not None and restated.own is not None
    branching = Branching(derived(restated.own()))

    def keep(tally: Tally) -> None:
        tally.write(given.state)
        print(f"{tally.points:,}", end="\r", file=sys.stderr)

    tally = Tally.read(given.state, given.seed)
    width = len(RANGES)
    attack(branching, wide, width, int(given.points), tally, unique="Delta", keep=keep)
    worst = search(branching, wide, width, unique="Delta", seed=given.seed, rounds=given.rounds)
    print(*lines(tally, worst), sep="\n")
    return 1 if any(tally.exceptions.values()) or any(w.margin < 0 for w in worst) else 0


if __name__ == "__main__":
    sys.exit(main())
