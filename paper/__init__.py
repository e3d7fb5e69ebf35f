"""One paper, attached to its games: its displays, claims, parameter sets and figures.

The paper is *Equilibrium Strategies for the N-agent Mean-Variance Investment Problem over a Random
Horizon*. Nothing here is imported by ``eqsolve``, which finds it through an entry point.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eqsolve.papers import Paper, Picture
from eqsolve.references import Reference

if TYPE_CHECKING:
    from eqsolve.claims.claim import Statement
    from eqsolve.verify.mutation import Planted

REFERENCE = Reference(
    "liang-xiong-yang",
    "misc",
    "Liang, Xiaoqing and Xiong, Jie and Yang, Ying",
    "Equilibrium Strategies for the N-agent Mean-Variance Investment Problem over a Random Horizon",
    2025,
    arxiv="2507.04611",
)
FAMILY = "eqsolve.derivations.mean_variance"


def _attached(module: str) -> Mapping[str, Any]:
    package, _, game = module.rpartition(".")
    if package != FAMILY:
        return {}
    from eqsolve.paper import games

    return games.FIELDS.get(game, {})


def _statements() -> Sequence[Statement]:
    from eqsolve.paper.claims.statements import STATEMENTS

    return STATEMENTS


def _examples() -> Mapping[str, Sequence[str]]:
    from eqsolve.paper.examples import EXAMPLES

    return EXAMPLES


def _planted() -> Iterator[Planted]:
    from eqsolve.paper.planted import planted

    return planted()


def _sets() -> Mapping[str, Mapping[str, str]]:
    from eqsolve.paper.sets import SETS

    return SETS


def _baseline() -> Mapping[str, str]:
    from eqsolve.paper_figures.baseline import baseline, decimal

    return {name: decimal(value) for name, value in baseline().parameters.items()}


def _draw(folder: Path) -> Sequence[Picture]:
    from eqsolve.paper_figures.runner import draw

    return draw(folder)


def _write_figures(folder: Path) -> Sequence[Path]:
    from eqsolve.paper_figures import write

    return write(folder)


PAPER = Paper(
    "mean-variance",
    _attached,
    _statements,
    _examples,
    _planted,
    _sets,
    _baseline,
    _draw,
    _write_figures,
    REFERENCE,
)
