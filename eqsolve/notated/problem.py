"""The problem of one agent with sums of squares by the author's abbreviations."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from eqsolve.derivation.check import payoffs_without
from eqsolve.derivation.problem import Problem, problems
from eqsolve.game import Game


def faced(game: Game) -> Problem:
    """What the agent of a game faces (the paper's (2.11)-(2.13)), covariances expanded.

    Raises
    ------
    DerivationError
        If a payoff depends on the control.
    """
    (problem,) = problems(game)
    payoffs_without(game, problem.moments, {*game.controls})
    covariance = {pair: _abbreviated(sp.expand(e), game) for pair, e in problem.covariance.items()}
    return replace(problem, covariance=covariance)


def _abbreviated(expression: sp.Expr, game: Game) -> sp.Expr:
    """Use the game's abbreviations of sums of squares, such as s2 = nu^2 + sigma^2."""
    for name, definition in game.definitions.items():
        squares = sp.Add.make_args(definition)
        if len(squares) < 2 or not all(t.is_Pow and t.exp == 2 for t in squares):
            continue
        weights = {expression.coeff(t) for t in squares}
        if len(weights) == 1:
            (weight,) = weights
            expression = sp.expand(expression + weight * (name - definition))
    return expression
