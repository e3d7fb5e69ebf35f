"""What functions and feedback must satisfy, in the letters of the game written out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from eqsolve.game import t


@dataclass(frozen=True)
class SecondOrder:
    """The Hessian of a gain rate in the controls, and whether it is to be negative definite."""

    player: str
    sense: str
    matrix: sp.Matrix

    @property
    def minors(self) -> list[sp.Expr]:
        """What must be positive (Sylvester's criterion)."""
        oriented = -self.matrix if self.sense == "maximize" else self.matrix
        return [
            oriented[:size, :size].det(method="berkowitz") for size in range(1, oriented.rows + 1)
        ]


@dataclass(frozen=True)
class Equations:
    """What functions and feedback must satisfy, from the game alone, controls at the feedback.

    Attributes
    ----------
    motion : by label, expressions that vanish when the coefficients move at their rates.
    first_order : by label, derivatives of the gain rates in the controls.
    terminal : by label, functions less payoffs.
    second_order : one matrix a player.
    consistent : by label, what is played less the response to it.
    """

    motion: Mapping[str, sp.Expr]
    first_order: Mapping[str, sp.Expr]
    terminal: Mapping[str, sp.Expr]
    second_order: tuple[SecondOrder, ...]
    consistent: Mapping[str, sp.Expr] = field(default_factory=dict)


def in_time(function: sp.Expr, dots: Mapping[sp.Symbol, sp.Symbol]) -> sp.Expr:
    """Rate of change of a function whose coefficients move."""
    r = sp.Dummy("r")
    moved = {c: c + r * dot for c, dot in dots.items()} | {t: t + r}
    return sp.diff(function.xreplace(moved), r).xreplace({r: sp.S.Zero})


def optimal(
    name: str,
    sense: str,
    gain: sp.Expr,
    controls: Iterable[sp.Symbol],
    put: Callable[[sp.Expr], sp.Expr],
    first_order: dict[str, sp.Expr],
    second_order: list[SecondOrder],
) -> None:
    """Add the first and second derivatives of a gain rate in controls, at what is played."""
    own = list(controls)
    slopes = {c: sp.diff(gain, c) for c in own}
    for control, slope in slopes.items():
        first_order[f"{name}'s first-order condition in {control}"] = put(slope)
    matrix = sp.Matrix([[put(sp.diff(slope, c)) for c in own] for slope in slopes.values()])
    second_order.append(SecondOrder(name, sense, matrix))
