"""Averages of the positions of agents who differ: their equations, which are linear, solved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from eqsolve.arithmetic.algebra import is_zero
from eqsolve.derivation.closed_form import Definition
from eqsolve.errors import DerivationError


@dataclass(frozen=True)
class Names:
    """What an average over all agents is called.

    ``products`` names the weighted means ``<load, f> = sum_k w_k u_k load_k f_k`` by ``f``: the
    parts of the response to the environment and the response at zero aggregates.
    """

    total: sp.Symbol
    products: Mapping[sp.Symbol, sp.Symbol]


@dataclass(frozen=True)
class Average(Names):
    """``total = sum_k w_k load_k pi_k`` over all agents, the own position included."""

    load: sp.Expr


@dataclass(frozen=True)
class FixedPoint:
    """The equations of the averages and their solution.

    Attributes
    ----------
    own : ``P_k``, the response of the generic agent at zero aggregates.
    reaction : ``u_k``, which accounts for the own position in the averages.
    response : to the averages without the own position, which is in it.
    position : ``pi_k`` in the averages.
    summands : for every weighted mean, the contribution of the generic agent.
    matrix, right : the linear system of the averages in the names of the weighted means.
    determinant : its determinant, assumed nonzero in the solution.
    solution : the averages by Cramer's rule.
    """

    own: Definition
    reaction: Definition
    response: sp.Expr
    position: sp.Expr
    summands: dict[sp.Symbol, sp.Expr]
    matrix: sp.Matrix
    right: sp.Matrix
    determinant: Definition
    solution: dict[sp.Symbol, sp.Expr]

    def prove(self) -> None:
        """Prove that the solution solves the averages' equations.

        Raises
        ------
        DerivationError
            If it leaves a residual.
        """
        values = sp.Matrix(list(self.solution.values()))
        for residual in self.matrix * values - self.right:
            spelled = residual.xreplace({self.determinant.symbol: self.determinant.expression})
            if not is_zero(spelled):
                raise DerivationError("the averages leave a residual.", stage="agents")

    def minors(self) -> tuple[sp.Expr, ...]:
        """What must vanish, beside the determinant, for a degenerate system to be solvable.

        The determinants with one column replaced by the right sides. With the matrix not zero and
        all of these zero, there are infinitely many solutions; otherwise there is none.
        """
        return tuple(self._replaced(k) for k in range(self.matrix.cols))

    def _replaced(self, column: int) -> sp.Expr:
        changed = self.matrix.copy()
        changed[:, column] = self.right
        return sp.expand(changed.det(method="berkowitz"))

    def proportional(self, factor: sp.Symbol) -> tuple[tuple[sp.Expr, sp.Expr], ...]:
        """The second row of the system as ``factor`` times the first: ``(left, right)`` pairs.

        The right sides come last ((2.113), (2.114) of the paper).
        """
        rows = self.matrix.row_join(self.right)
        return tuple((rows[1, k], factor * rows[0, k]) for k in range(rows.cols))
