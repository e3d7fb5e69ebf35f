"""The verbs of the package: each takes any game, and hands it to the room that knows its kind.

A game is a name, the path of a file, or a model. Parameters are given as keywords or as one
mapping. Where a verb cannot take a game, ``capabilities`` says why before any work is done.
"""

from eqsolve.verbs.abilities import (
    VERBS,
    Game,
    able,
    capabilities,
    declared,
    on_one_cubic,
    refused_options,
    require,
    require_option,
)
from eqsolve.verbs.cited import citation
from eqsolve.verbs.derived import derive, every, explore, gallery, prove, report, verify
from eqsolve.verbs.learning import learn
from eqsolve.verbs.markets import market
from eqsolve.verbs.points import kernel, sensitivity, sized, solve
from eqsolve.verbs.studies import anarchy, converge, course, particles, roots, simulate, sizes
from eqsolve.verbs.sweeps import agents_apart, by_name, structure_for, sweep

__all__ = [
    "agents_apart",
    "Game",
    "VERBS",
    "able",
    "anarchy",
    "by_name",
    "capabilities",
    "citation",
    "course",
    "converge",
    "declared",
    "derive",
    "every",
    "explore",
    "gallery",
    "kernel",
    "learn",
    "market",
    "on_one_cubic",
    "particles",
    "prove",
    "refused_options",
    "report",
    "require",
    "require_option",
    "roots",
    "sensitivity",
    "simulate",
    "sizes",
    "sized",
    "solve",
    "structure_for",
    "sweep",
    "verify",
]
