"""From a derivation to the strategy that is the response to itself, with averages given."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from eqsolve.derivation.fixed_point import FixedPoint, second_moments
from eqsolve.derivation.growth import GrowthSystem, growth_of_play, terms
from eqsolve.derivation.hjb import ExtendedHJB
from eqsolve.derivation.laws import law_monomials
from eqsolve.program.codes import Codes
from eqsolve.program.make_growth import growth
from eqsolve.program.make_responses import responses
from eqsolve.program.program import Expectation, Given, Outcome, Table


def given(codes: Codes) -> Given | None:
    """The fixed point of the notion given as a part of a program; None with other notions."""
    fixed = codes.derivation.fixed
    if fixed is None:
        return None
    followed = not codes.typed and not codes.frozen
    system = growth_of_play(codes.derivation) if followed else None
    known = {n: fixed.values[n] for n in fixed.averages if n in fixed.values and not codes.typed}
    known |= codes.frozen
    letters = list(fixed.coefficients) if fixed.equations else []
    zero = dict.fromkeys(letters, sp.S.Zero)
    rows = [sp.diff(e, k) for e in fixed.equations for k in letters]
    return Given(
        codes.names(fixed.averages),
        (responses(codes.derivation, fixed, codes.code, codes.names) if codes.typed else None),
        tuple((codes.name(name), codes.code([form])) for name, form in known.items()),
        codes.forms(fixed.response, (*codes.places, *fixed.averages)),
        _implied(codes, fixed),
        codes.code(() if codes.typed or codes.frozen else fixed.nonzero),
        codes.code((*rows, *(-e.xreplace(zero) for e in fixed.equations))),
        codes.names(letters),
        None if system is None else growth(codes, system, codes.derivation.played.model.game),
        () if system is None else _alone(codes, system.functions),
        None if system is None or system.matrix is None else _outcome(codes, system),
    )


def _implied(codes: Codes, fixed: FixedPoint) -> Table:
    """Coefficients of the ansatz at the averages in equilibrium."""
    if codes.typed:
        return codes.table({})
    found: dict[sp.Symbol, sp.Expr] = {u: u for u in codes.derivation.system.unknowns}
    for part, (whole, averages) in fixed.parts.items():
        if part in found:
            found[whole] = found.get(whole, sp.S.Zero) + found.pop(part) * sp.Mul(*averages)
    return codes.table(found)


def _alone(codes: Codes, functions: Sequence[sp.Expr]) -> tuple[int, ...]:
    """For every function the first one that it equals where one player is the whole crowd."""
    game = codes.derivation.played.model.game
    own = {law.symbol: law.of for law in game.laws}
    first: dict[sp.Expr, int] = {}
    same = [function.xreplace(own) for function in functions]
    for plain in (True, False):
        for k, function in enumerate(functions):
            if (function == same[k]) is plain:
                first.setdefault(same[k], k)
    return tuple(first[function] for function in same)


def _outcome(codes: Codes, followed: GrowthSystem) -> Outcome:
    """The player's expectations as combinations of what is followed, with letters for them."""
    play = codes.derivation.played
    problem = play.systems[0].problem
    functions: dict[str, sp.Expr] = {}
    expectations = []
    for moment in problem.moments:
        letters = [sp.Dummy(f"{moment.name}{i}") for i in range(len(followed.functions))]
        functions[moment.name] = sp.Add(*(k * f for k, f in zip(letters, followed.functions)))
        payoff = terms(moment.payoff, problem.states)
        running = terms(play.closure(moment.running), problem.states)
        expectations.append(
            Expectation(
                codes.names(letters),
                codes.code(payoff.get(f, sp.S.Zero) for f in followed.functions),
                codes.code(running.get(f, sp.S.Zero) for f in followed.functions),
            )
        )
    system = ExtendedHJB(problem, functions, {})
    sign = -1 if problem.player.preference.sense == "maximize" else 1
    return Outcome(
        codes.code([play.model.game.horizon.hazard]),
        codes.table(second_moments(play.model.game)),
        codes.table({name: of for of, name in law_monomials(play.model.game).items()}),
        tuple(expectations),
        codes.code([system.value]),
        codes.code(play.closure(g) for g in system.gradient),
        codes.code(sign * play.closure(e) for e in system.hessian),
        len(problem.player.controls),
    )
