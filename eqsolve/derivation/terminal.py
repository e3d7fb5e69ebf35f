"""The coefficients at which the functions of the ansatz are the payoffs."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
from flint import fmpq_mpoly

from eqsolve.derivation.hjb import Adjoints, ExtendedHJB
from eqsolve.derivation.linear import is_linear, solve_linear
from eqsolve.derivation.units import Units
from eqsolve.game import Game, Model, t


def terminal_values(
    model: Model, systems: Sequence[ExtendedHJB | Adjoints], unknowns: Sequence[sp.Symbol]
) -> dict[sp.Symbol, sp.Expr]:
    """The coefficients at which the functions are the payoffs.

    Raises
    ------
    DerivationError
        If the ansatz cannot equal the payoffs, or these do not determine it.
    """
    game, states = model.game, systems[0].problem.states
    differences = []
    for system in systems:
        for moment in system.problem.moments:
            if isinstance(system, Adjoints):
                for state in system.problem.states:
                    payoff = sp.diff(moment.payoff, state)
                    differences += _conditions(system.adjoint(state), payoff, unknowns, states)
            else:
                function = system.functions[moment.name]
                payoff = model.ends.get(moment.name, moment.payoff)
                differences += _conditions(function, payoff, unknowns, states)
    spelled = {**game.abbreviations, t: game.horizon.end}
    differences = [sp.expand(e.xreplace(spelled)) for e in differences]
    units = Units.of(differences)
    tables = [units.monomials(e, states) for e in differences]
    lines = [p for table in tables for p in table.values()]
    pending = [p for p in lines if not p.is_zero()]
    values: dict[sp.Symbol, sp.Expr] = {}
    if all(is_linear(units.ring, p, unknowns) for p in pending) and not units.hide(unknowns):
        solution = solve_linear(units.ring, pending, unknowns)
        residuals, free = solution.residuals, solution.free
        for symbol, ratio in solution.values.items():
            values[symbol] = units.expression(ratio.numerator) / units.expression(ratio.denominator)
    else:
        residuals, free = _never(units, pending, unknowns), ()
        values = {} if residuals else _triangular(game, units, pending, unknowns)
    if residuals:
        raise game.error(
            f"the ansatz cannot equal the payoff at the end: {units.shown(residuals[0])} = 0 "
            f"would be needed{units.unmatched(tables, unknowns)}.",
            stage="terminal values",
            remedy="Enlarge the ansatz, or correct the payoff.",
        )
    lost = [u for u in unknowns if u not in values] or list(free)
    if lost:
        raise game.error(
            f"the payoff does not determine {', '.join(map(str, lost))} at the end.",
            stage="terminal values",
            remedy="Write the ansatz so that the payoff gives every coefficient.",
        )
    return {u: values[u] for u in unknowns}


def _never(
    units: Units, lines: Sequence[fmpq_mpoly], unknowns: Sequence[sp.Symbol]
) -> tuple[fmpq_mpoly, ...]:
    """Conditions that no coefficient enters: these never hold."""
    return tuple(p for p in lines if not units.expression(p).free_symbols & {*unknowns})


def _triangular(
    game: Game, units: Units, lines: Sequence[fmpq_mpoly], unknowns: Sequence[sp.Symbol]
) -> dict[sp.Symbol, sp.Expr]:
    """Solve terminal conditions one after the other, those linear in one unknown first."""
    values: dict[sp.Symbol, sp.Expr] = {}
    pending = [units.expression(p) for p in lines]
    while pending:
        progress = False
        for equation in list(pending):
            left = equation.xreplace(values)
            inner = Units.of([left])
            ratio = inner.ratio(left)
            if ratio.is_zero():
                pending.remove(equation)
                continue
            occurring = [u for u in unknowns if left.has(u) and u not in values]
            if len(occurring) == 1:
                value = _solved_for(inner, ratio.numerator, occurring[0])
                if value is not None:
                    values[occurring[0]] = value
                    pending.remove(equation)
                    progress = True
        if pending and not progress:
            raise game.error(
                "the coefficients at the end do not follow from the payoff one after the other.",
                stage="terminal values",
                remedy="Write the ansatz so that the payoff is linear in its coefficients.",
            )
    return values


def _solved_for(units: Units, polynomial: fmpq_mpoly, unknown: sp.Symbol) -> sp.Expr | None:
    """The solution of an equation that is linear in an unknown or in its logarithm."""
    logarithm = units.generators.get((sp.log(unknown), sp.S.One))
    alone = not any(
        unknown in meaning.free_symbols
        for generator, meaning in units.meaning.items()
        if generator != logarithm
    )
    target = unknown if logarithm is None else logarithm
    if not alone or not is_linear(units.ring, polynomial, [target]):
        return None
    mixed = logarithm is not None and unknown in units.ring.symbols
    if mixed and units.ring.coefficients(polynomial, unknown)[1:]:
        return None
    ratio = solve_linear(units.ring, [polynomial], [target]).values[target]
    value = units.expression(ratio.numerator) / units.expression(ratio.denominator)
    return value if logarithm is None else sp.exp(sp.expand(value))


def _conditions(
    function: sp.Expr,
    payoff: sp.Expr,
    unknowns: Sequence[sp.Symbol],
    states: Sequence[sp.Symbol],
) -> list[sp.Expr]:
    """Expressions in states and coefficients that vanish when the function is the payoff.

    A product of powers and exponentials of coefficients equals the payoff when the logarithms
    agree, and powers of sums with coefficients in them when these sums do.
    """
    inner = set(unknowns)
    difference = sp.expand(function - payoff)
    exponents = [e.exp for e in function.atoms(sp.exp, sp.Pow) if isinstance(e, sp.exp)]
    powers = [p for p in function.atoms(sp.Pow) if not p.exp.is_Integer]
    hidden = any(e.free_symbols & inner for e in exponents) or any(
        p.free_symbols & inner for p in powers
    )
    if not hidden or payoff == 0:
        return [difference]
    function, sums = _with_sums(function, payoff, inner, states)
    return [_logarithm(function) - _logarithm(payoff), *sums]


def _with_sums(
    function: sp.Expr, payoff: sp.Expr, unknowns: set[sp.Symbol], states: Sequence[sp.Symbol]
) -> tuple[sp.Expr, list[sp.Expr]]:
    """The function with the sums whose powers the payoff has, and what must vanish for that."""
    differences = []
    for factor in sp.Mul.make_args(function):
        base, exponent = factor.as_base_exp()
        if not (base.free_symbols & unknowns and base.free_symbols & {*states}):
            continue
        for other, power in (f.as_base_exp() for f in sp.Mul.make_args(payoff)):
            if other.free_symbols & {*states} and sp.expand(power - exponent) == 0:
                scale = _scale(base, other, states)
                differences.append(sp.expand(base - scale * other))
                function = function / factor * (scale * other) ** exponent
    return function, differences


def _scale(base: sp.Expr, other: sp.Expr, states: Sequence[sp.Symbol]) -> sp.Expr:
    """The ratio of the leading coefficients of two sums; 1 if they are no polynomials."""
    if not (base.is_polynomial(*states) and other.is_polynomial(*states)):
        return sp.S.One
    return sp.cancel(sp.Poly(base, *states).LC() / sp.Poly(other, *states).LC())


def _logarithm(expression: sp.Expr) -> sp.Expr:
    """The logarithm of a product, up to a constant sign, factor by factor."""
    total = sp.S.Zero
    for factor in sp.Mul.make_args(expression):
        if isinstance(factor, sp.exp):
            total += factor.exp
        elif factor.is_Pow and factor.base is sp.S.Exp1:
            total += factor.exp
        elif factor.is_Pow:
            total += factor.exp * _logarithm(factor.base)
        elif factor == -1:
            total += 0
        else:
            total += sp.log(factor)
    return sp.expand(total)
