"""From a derivation to how expectations grow, and to moments of the states."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from eqsolve.derivation.fixed_point import second_moments
from eqsolve.derivation.growth import GrowthSystem, follow
from eqsolve.derivation.laws import law_monomials
from eqsolve.game import Game
from eqsolve.program.codes import Codes
from eqsolve.program.program import Growth, Moments


def growth(codes: Codes, system: GrowthSystem, game: Game) -> Growth:
    """How expectations grow, as a part of a program."""
    matrix = None
    if system.matrix is not None:
        matrix = codes.code(e for row in system.matrix for e in row)
    return Growth(
        tuple(map(str, system.functions)),
        matrix,
        codes.code([system.rate]),
        tuple(map(codes.code, system.start)),
        system.several,
        _second(system.functions, game),
    )


def moments(codes: Codes) -> Moments | None:
    """Monomials up to degree two of every state, closed under the generator."""
    if codes.typed or codes.frozen:
        return None
    # averages of products are left out: their variances are of the fourth degree
    products = second_moments(codes.derivation.solved.game)
    states = tuple(s for s in codes.derivation.states if s not in products)
    exponents: dict[sp.Expr, tuple[int, ...]] = {}

    def quadratic(function: sp.Expr) -> bool:
        if not function.is_polynomial(*states) or function.free_symbols - {*states}:
            return False
        ((powers, _),) = sp.Poly(function, *states).terms()
        exponents[function] = tuple(map(int, powers))
        return bool(sum(powers) <= 2)

    wanted = [*states, *(s**2 for s in states)]
    played = codes.derivation.played
    system = follow(played, played.systems[0], wanted, quadratic)
    if system.matrix is None:
        return Moments(codes.names(states), (), None)
    # coefficients of the strategy in those that move at known rates
    spelled = codes.derivation.spelled
    matrix = codes.code(e.xreplace(spelled) for row in system.matrix for e in row)
    return Moments(codes.names(states), tuple(exponents[f] for f in system.functions), matrix)


def _second(functions: Sequence[sp.Expr], game: Game) -> tuple[int, ...]:
    """Which functions are products of two states, or averages of such."""
    averaged = {name: of for of, name in law_monomials(game).items()}
    states = [*game.state_symbols]

    def degree(function: sp.Expr) -> int:
        inside = function.xreplace(averaged)
        if inside.free_symbols - {*states} or not inside.is_polynomial(*states):
            return 0
        return int(sp.Poly(inside, *states).total_degree())

    return tuple(k for k, function in enumerate(functions) if degree(function) == 2)
