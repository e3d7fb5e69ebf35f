"""Stages that show themselves as equations: plain text in terminals, LaTeX in notebooks."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from eqsolve.symbols import latex_names


class Equations:
    """What consists of equations ``left = right``."""

    @property
    def lines(self) -> Iterable[tuple[sp.Basic, sp.Basic]]:
        """The equations in order."""
        raise NotImplementedError

    def __str__(self) -> str:
        return "\n".join(f"{left} = {right}" for left, right in self.lines)

    def _repr_latex_(self) -> str:
        names = latex_names()
        rows = (
            f"{sp.latex(left, symbol_names=names)} &= {sp.latex(right, symbol_names=names)}"
            for left, right in self.lines
        )
        return "$$\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}$$"
