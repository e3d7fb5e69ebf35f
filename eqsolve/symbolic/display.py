"""How stages show themselves: plain text for terminals, LaTeX for notebooks."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from eqsolve.symbols import latex_names

Lines = Iterable[tuple[sp.Basic, sp.Basic]]


def text(lines: Lines) -> str:
    """Write ``left = right``, one equation a line."""
    return "\n".join(f"{left} = {right}" for left, right in lines)


def notebook(lines: Lines) -> str:
    """Write equations as one aligned block that a notebook renders."""
    names = latex_names()
    rows = (
        f"{sp.latex(left, symbol_names=names)} &= {sp.latex(right, symbol_names=names)}"
        for left, right in lines
    )
    return "$$\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}$$"
