"""Numbered displays: what an equation of a source says, and how it was established."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sympy as sp

Kind = Literal["definition", "assumption", "identity", "solution", "limit", "estimate"]
Proof = Literal["definition", "exact", "ball", "numeric", "reconstructed"]


@dataclass(frozen=True)
class Line:
    """One line of a display: ``left relation right``, the relation in LaTeX (``=``, ``>``)."""

    left: sp.Basic
    right: sp.Basic
    relation: str = "="


@dataclass(frozen=True)
class Display:
    """A numbered display of a source.

    Attributes
    ----------
    number : as printed, such as ``"2.54"``; a range such as ``"2.11-2.13"`` is one display.
    title : what it is, in a few words.
    lines : its content, rendered from expressions.
    kind : what sort of statement it is.
    proof : how it was established.
    """

    number: str
    title: str
    lines: tuple[Line, ...]
    kind: Kind
    proof: Proof
