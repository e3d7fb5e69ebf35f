"""The form assumed for the expectations and the feedback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from eqsolve.game.fields import exact, kind


@dataclass(frozen=True)
class Ansatz:
    """Functions of the states with unknown coefficients.

    Parameters
    ----------
    functions : for every moment's name, its expectation in states and unknown coefficients; it
        may be nonlinear in the coefficients and contain powers, exponentials and logarithms of
        states, as in ``x**(1 - g) / (1 - g) * exp(A * y**2 / 2 + b * y + c)``. With the notion
        ``open-loop`` the keys are ``"NAME.STATE"``: the derivative of that moment's expectation
        in that state (the adjoint).
    feedback : every control in states and unknown coefficients; a coefficient of ``functions``
        may be used again.
    """

    functions: Mapping[str, sp.Expr]
    feedback: Mapping[sp.Symbol, sp.Expr]

    def __post_init__(self) -> None:
        for name in ("functions", "feedback"):
            kind(self, name, Mapping)
            table = {key: exact(value) for key, value in getattr(self, name).items()}
            object.__setattr__(self, name, table)
