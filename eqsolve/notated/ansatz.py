"""The form assumed for the unknown functions and the feedback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp


@dataclass(frozen=True)
class Ansatz:
    """Polynomials in the states with unknown coefficients.

    Parameters
    ----------
    moments : for every moment's name, its polynomial (the paper's (2.25), (2.26)).
    value : the polynomial of the value (2.24).
    feedback : the control as a polynomial of the states (2.33).
    """

    moments: Mapping[str, sp.Expr]
    value: sp.Expr
    feedback: sp.Expr

    def coefficients(self, expression: sp.Expr, states: tuple[sp.Symbol, ...]) -> set[sp.Symbol]:
        """The unknown coefficients in one of the polynomials."""
        return set(expression.free_symbols) - set(states)
