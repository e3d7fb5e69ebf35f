"""``cosh(D s)`` and ``sinh(D s) / D`` as functions of ``D^2``, whatever its sign.

With ``D^2 < 0`` they are ``cos(|D| s)`` and ``sin(|D| s) / |D|``, and at ``D = 0`` they are 1 and
``s``: both are entire functions of ``D^2``, so that one formula holds in all three cases.
"""

from __future__ import annotations

from typing import Any

import sympy as sp


class RootCosh(sp.Function):
    """``RootCosh(square, s) = cosh(sqrt(square) s)``."""

    nargs = 2

    @classmethod
    def eval(cls, square: sp.Expr, s: sp.Expr) -> sp.Expr | None:
        """Values that need no function."""
        return sp.S.One if square == 0 or s == 0 else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The derivative in one argument."""
        square, s = self.args
        other = RootSinh(square, s)
        return square * other if argindex == 2 else s * other / 2

    def _eval_rewrite_as_cosh(self, square: sp.Expr, s: sp.Expr, **hints: Any) -> sp.Expr:
        return sp.cosh(sp.sqrt(square) * s)

    def _eval_rewrite_as_cos(self, square: sp.Expr, s: sp.Expr, **hints: Any) -> sp.Expr:
        return sp.cos(sp.sqrt(-square) * s)


class RootSinh(sp.Function):
    """``RootSinh(square, s) = sinh(sqrt(square) s) / sqrt(square)``."""

    nargs = 2

    @classmethod
    def eval(cls, square: sp.Expr, s: sp.Expr) -> sp.Expr | None:
        """Values that need no function."""
        if s == 0:
            return sp.S.Zero
        return s if square == 0 else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The derivative in one argument."""
        square, s = self.args
        other = RootCosh(square, s)
        return other if argindex == 2 else (s * other - self) / (2 * square)

    def _eval_rewrite_as_cosh(self, square: sp.Expr, s: sp.Expr, **hints: Any) -> sp.Expr:
        return sp.sinh(sp.sqrt(square) * s) / sp.sqrt(square)

    def _eval_rewrite_as_cos(self, square: sp.Expr, s: sp.Expr, **hints: Any) -> sp.Expr:
        return sp.sin(sp.sqrt(-square) * s) / sp.sqrt(-square)


def elementary(expression: sp.Expr, positive: bool = True) -> sp.Expr:
    """The expression in hyperbolic functions, or in trigonometric ones.

    ``positive`` tells whether the squares are positive; at a square of zero neither form has a
    value.
    """
    return expression.rewrite(sp.cosh if positive else sp.cos)
