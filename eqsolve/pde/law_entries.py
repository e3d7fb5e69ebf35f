"""Initial laws of problem files."""

from __future__ import annotations

from typing import Any

from eqsolve.pde.entries import Entries, formula, number
from eqsolve.pde.mfg import gaussian
from eqsolve.pde.mfg_arguments import uniform


def initial(entries: Entries) -> Any:
    """A formula, or a normal law; uniform if it is left out."""
    found = entries.take("initial")
    if found is None:
        return uniform
    if isinstance(found, str):
        return formula("x")(entries, "initial", found)
    if not isinstance(found, dict):
        entries.refuse("initial must be a formula in x, or a mean and a deviation")
    law = Entries(f"{entries.where}, initial", dict(found))
    center = number(law, "mean", law.need("mean", "0.0"))
    spread = number(law, "deviation", law.need("deviation", "0.4"))
    law.end()
    return gaussian(center, spread)
