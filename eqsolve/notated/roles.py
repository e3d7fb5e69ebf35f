"""Which symbol of a family plays which part: what rooms ask instead of naming letters."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from eqsolve.outputs import Outputs

Symbols = tuple[sp.Symbol, ...]


@dataclass(frozen=True)
class Roles:
    """The parts of a family whose response is one root of a polynomial and linear equations.

    Attributes
    ----------
    root : the unknown of the polynomial, the coefficient of the own state in the response.
    slope : what the root is multiplied by where the limit of the finite horizon is selected.
    states : own wealth and that of the others.
    affine : coefficients of the response in the states and 1.
    response : the same with the constant split by the aggregates.
    strategy : coefficients of the equilibrium's feedback in the states and 1.
    moments : coefficients of the moments.
    admissible : what is positive at a root of finite second moments.
    constant : the denominator of the response's constant.
    always : denominators that matter without competition, too.
    hazard, rate, competition : parameters: hazard rate, interest rate, weight of the others.
    noises : volatilities, own and common.
    own : parameters and their abbreviations that every agent may have of its own.
    size, reciprocal : number of agents and its reciprocal.
    competitor : the state of one of the others.
    position, mean_square : averages of the others' positions and of their squares.
    slope_of_position : coefficient of the others' average position in the response.
    square, of_square : average of the others' squared states, and its coefficient in a moment.
    growth : growth rate of second moments.
    played : the control's value at a state, as results call it.
    outputs : what a kernel returns.
    """

    root: sp.Symbol
    slope: sp.Symbol
    states: Symbols
    affine: Symbols
    response: Symbols
    strategy: Symbols
    moments: Symbols
    admissible: sp.Symbol
    constant: sp.Symbol
    always: Symbols
    hazard: sp.Symbol
    rate: sp.Symbol
    competition: sp.Symbol
    noises: Symbols
    own: Symbols
    size: sp.Symbol
    reciprocal: sp.Symbol
    competitor: sp.Symbol
    position: sp.Symbol
    mean_square: sp.Symbol
    slope_of_position: sp.Symbol
    square: sp.Symbol
    of_square: sp.Symbol
    growth: sp.Symbol
    played: sp.Symbol
    outputs: Outputs

    def feedback(self, own: sp.Expr, others: sp.Expr) -> sp.Expr:
        """The equilibrium's feedback at own and others' wealth."""
        of_own, of_others, constant = self.strategy
        return of_own * own + of_others * others + constant
