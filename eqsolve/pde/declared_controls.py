"""A declared game of two states, with one control or several, in two dimensions.

Where controls u enter the drift as ``B u`` and the cost as ``u'R u/2 + l(x)'u``, the Hamiltonian
is ``p'G p/2`` with ``G = B R^-1 B'``, after ``u = w - R^-1 l(x)``. The solver takes noises and
Hamiltonians of one direction each. So the states are looked at in the axes ``T x`` in which the
covariance of the noises is one and G diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import sympy as sp

from eqsolve.pde.declared_part import Part
from eqsolve.pde.edge import Array

#: Relative size of what is rounding in the matrices.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Axes:
    """The states in the axes of the solver.

    Attributes
    ----------
    turn, back : the matrix T and its inverse.
    scales : of the Hamiltonians along the axes.
    spread : half the rates at which the noises spread along the axes.
    """

    turn: Array
    back: Array
    scales: Array
    spread: Array

    @classmethod
    def of(cls, noise: Array, moved: Array) -> Axes:
        """Those in which both matrices are diagonal; the author's, where they are so already."""
        if noise[0, 1] == 0 and moved[0, 1] == 0:
            return cls(np.eye(2), np.eye(2), np.diag(moved), np.diag(noise) / 2)
        root = np.linalg.cholesky(noise)
        half = np.linalg.inv(root)
        scales, vectors = np.linalg.eigh(half @ moved @ half.T)
        scales[np.abs(scales) <= ROUNDING * scales.max()] = 0.0
        return cls(vectors.T @ half, root @ vectors, scales, np.full(2, 0.5))

    def states(self, x: Array, y: Array) -> tuple[Array, Array]:
        """The states at places of the solver's."""
        (a, b), (c, d) = self.back
        return a * x + b * y, c * x + d * y


@dataclass(frozen=True)
class Controlled(Part):
    """Two states and the controls that move them; the parts are in the model's own letters."""

    def checked(self) -> Self:
        """Return itself, if the solver represents it."""
        if self.game.notion == "planner":
            raise self.refuse("with two states no planner is represented")
        states, controls = set(self.game.state_symbols), set(self.game.controls)
        if self.pushes.free_symbols & self.moving or self.noise.free_symbols & self.moving:
            raise self.refuse("with two states noises and factors of controls must be constants")
        if sp.expand(self.noise.det()) == 0:
            raise self.refuse("the noises do not move both states in all directions")
        if self.drift.free_symbols & (self.moving - states):
            raise self.refuse("with two states the drift does not depend on the law")
        if self.square.free_symbols & self.moving or self.square.is_zero_matrix:
            raise self.refuse("the cost is not quadratic in the controls")
        if self.linear.free_symbols & (self.moving - states):
            raise self.refuse("with two states the cost of the controls does not depend on the law")
        for law in self.game.laws:
            if law.of not in states:
                raise self.refuse(f"with two states the law {law.symbol} is no mean of a state")
        for cost in (self.rest, self.own[1]):
            self.parts(cost)
            if cost.free_symbols & controls:
                raise self.refuse("the cost is not quadratic in the controls")
        self.expectation()
        return self

    @cached_property
    def _drifts(self) -> sp.Matrix:
        return sp.Matrix([self.plain(state.drift) for state in self.game.states])

    @cached_property
    def pushes(self) -> sp.Matrix:
        """Factors of the controls in the drifts, B."""
        return self._drifts.jacobian(self.game.controls).expand()

    @cached_property
    def noise(self) -> sp.Matrix:
        """The covariance rates of the states."""
        loads = [state.loadings for state in self.game.states]

        def rate(i: int, j: int) -> sp.Expr:
            shared = sorted(loads[i].keys() & loads[j].keys())
            return self.plain(sp.Add(*(loads[i][k] * loads[j][k] for k in shared)))

        return sp.Matrix(2, 2, rate)

    @cached_property
    def square(self) -> sp.Matrix:
        """Second derivatives of the running cost in the controls, R."""
        return sp.hessian(self.own[0], self.game.controls).expand()

    @cached_property
    def linear(self) -> sp.Matrix:
        """First derivatives of the running cost at controls of zero, l."""
        slopes = sp.Matrix([sp.diff(self.own[0], u) for u in self.game.controls])
        return slopes.subs(dict.fromkeys(self.game.controls, 0)).expand()

    @cached_property
    def rest(self) -> sp.Expr:
        """The running cost without the controls."""
        u = sp.Matrix(self.game.controls)
        return sp.expand(self.own[0] - (u.T * self.square * u)[0] / 2 - u.dot(self.linear))

    @cached_property
    def drift(self) -> sp.Matrix:
        """The drift without the controls."""
        return (self._drifts - self.pushes * sp.Matrix(self.game.controls)).expand()

    @cached_property
    def means(self) -> tuple[sp.Symbol, ...]:
        """The means of the states, in the author's letters where there are such."""
        known = {law.of: law.symbol for law in self.game.laws}
        return tuple(known.get(s, sp.Dummy("mean")) for s in self.game.state_symbols)

    def parts(self, cost: sp.Expr) -> tuple[sp.Expr, list[sp.Expr], sp.Matrix]:
        """A cost's part without means, the factors of the means, and of their products."""
        squares = sp.hessian(cost, self.means).expand() / 2
        at_zero = dict.fromkeys(self.means, 0)
        factors = [sp.diff(cost, m).subs(at_zero) for m in self.means]
        own = cost.subs(at_zero)
        m = sp.Matrix(self.means)
        left = cost - own - m.dot(sp.Matrix(factors)) - (m.T * squares * m)[0]
        if squares.free_symbols & self.moving or sp.expand(left) != 0:
            raise self.refuse(
                "with two states costs are linear in the means, and in their products"
            )
        return own, factors, squares
