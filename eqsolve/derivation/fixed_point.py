"""The strategy that is the best response to itself, where averages over the others are given.

The response is affine in the averages, and an average of a strategy of given form is linear in
its coefficients: they solve a linear system.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations_with_replacement

import sympy as sp

from eqsolve.derivation.given import Parts
from eqsolve.derivation.laws import law_monomials, others_average
from eqsolve.derivation.linear import is_linear, solve_linear
from eqsolve.derivation.problem import Others
from eqsolve.derivation.units import Units
from eqsolve.game import Game, Law, Model
from eqsolve.game.world import common_states

#: Rounds in which the strategy may gain monomials that its response does not have.
ROUNDS = 4


@dataclass(frozen=True)
class FixedPoint:
    """The strategy that is the response to itself.

    Attributes
    ----------
    averages : the symbol of every frozen average over the others, and what is averaged.
    response : every control in states, coefficients and frozen averages, affine in the latter.
    strategy : every control in states and coefficients of the strategy.
    coefficients : those of the strategy, in coefficients of the response and parameters.
    values : the frozen averages in equilibrium, in states and coefficients of the strategy, where
        the others are where their mean is; those that need more, or the types of all, are absent.
        Where players have types of their own, in averages over all of them, too.
    nonzero : denominators that were assumed not to vanish.
    equations : of the coefficients of the strategy, linear in them, to vanish.
    parts : of every coefficient that multiplies averages, the coefficient of the ansatz that it is
        a part of, and those averages.
    totals : where players have types of their own, the symbol of every average over all of them in
        which the strategy is written, and what is averaged.
    """

    averages: Mapping[sp.Symbol, Others]
    response: Mapping[sp.Symbol, sp.Expr]
    strategy: Mapping[sp.Symbol, sp.Expr]
    coefficients: Mapping[sp.Symbol, sp.Expr]
    values: Mapping[sp.Symbol, sp.Expr]
    nonzero: tuple[sp.Expr, ...]
    equations: tuple[sp.Expr, ...]
    parts: Parts
    totals: Mapping[sp.Symbol, Others] = field(default_factory=dict)


def fixed_point(
    game: Game,
    averages: Mapping[sp.Symbol, Others],
    response: Mapping[sp.Symbol, sp.Expr],
    states: Sequence[sp.Symbol],
    parts: Parts,
) -> FixedPoint:
    """Find the strategy that is the response to itself.

    Raises
    ------
    DerivationError
        If an average that the response depends on does not close, or there is no such strategy of
        finitely many monomials.
    """
    entering = [a for a in averages if any(a in form.free_symbols for form in response.values())]
    for average in entering:
        if averages[average].power != 1:
            raise game.error(
                f"the response depends on the variance of {averages[average].expression}, which "
                "is quadratic in the others' strategy.",
                stage="given",
                remedy="Use the notion feedback.",
            )
    monomials = {c: list(by_monomial(game, form, states, entering)) for c, form in response.items()}
    for _ in range(ROUNDS):
        letters = {
            c: {m: sp.Symbol(f"{c.name}.{monomial_name(m, states)}") for m in found}
            for c, found in monomials.items()
        }
        strategy = {c: sp.Add(*(k * m for m, k in row.items())) for c, row in letters.items()}
        closed = {
            a: others_average(game, averages[a].expression.xreplace(strategy), 1) for a in entering
        }
        implied = {c: form.xreplace(closed) for c, form in response.items()}
        wanted = {c: by_monomial(game, e, states, ()) for c, e in implied.items()}
        if all(set(wanted[c]) <= set(monomials[c]) for c in response):
            break
        monomials = {c: list(dict.fromkeys((*monomials[c], *wanted[c]))) for c in response}
    else:
        raise game.error(
            "the strategy that is the response to itself has no finite form.",
            stage="given",
            remedy="Use a feedback that is affine in the states.",
        )
    unknowns = [k for row in letters.values() for k in row.values()]
    equations = [
        k - wanted[c].get(m, sp.S.Zero) for c, row in letters.items() for m, k in row.items()
    ]
    units = Units.of(equations)
    polynomials = [units.ratio(e).numerator for e in equations]
    if not all(is_linear(units.ring, p, unknowns) for p in polynomials):
        raise game.error(
            "the fixed point of the strategy is not linear.",
            stage="given",
            remedy="Use the notion feedback.",
        )
    solution = solve_linear(units.ring, polynomials, unknowns)
    if solution.residuals or solution.free:
        raise game.error(
            "no strategy, or no single one, is the response to itself.",
            stage="given",
            remedy="Use the notion feedback.",
        )
    coefficients, nonzero = {}, []
    for k in unknowns:
        ratio = solution.values[k]
        below = units.expression(ratio.denominator)
        coefficients[k] = units.expression(ratio.numerator) / below
        nonzero += [below]
    return FixedPoint(
        averages,
        dict(response),
        strategy,
        coefficients,
        _values(game, averages, strategy),
        tuple(dict.fromkeys(e for e in nonzero if not e.is_number)),
        tuple(equations),
        parts,
    )


def monomial_name(monomial: sp.Expr, states: Sequence[sp.Symbol]) -> str:
    """A monomial as the names of its letters one after the other."""
    powers = monomial.as_powers_dict()
    return "".join(s.name * int(powers.get(s, 0)) for s in states) or "1"


def by_monomial(
    game: Game,
    form: sp.Expr,
    states: Sequence[sp.Symbol],
    averages: Sequence[sp.Symbol],
) -> dict[sp.Expr, sp.Expr]:
    """The coefficients of a polynomial in the states, by monomial; it is affine in averages."""
    expanded = sp.expand(form)
    if not expanded.is_polynomial(*states, *averages):
        raise game.error(
            "the response is no polynomial in the states.",
            stage="given",
            remedy="Use the notion feedback.",
        )
    poly = sp.Poly(expanded, *states, *averages)
    found: dict[sp.Expr, sp.Expr] = {}
    for exponents, coefficient in poly.terms():
        if sum(exponents[len(states) :]) > 1:
            raise game.error(
                "the response is not affine in the averages over the others.",
                stage="given",
                remedy="Use the notion feedback.",
            )
        monomial = sp.Mul(*(s**e for s, e in zip(states, exponents)))
        found[monomial] = found.get(monomial, sp.S.Zero) + coefficient
    return {m: c for m, c in found.items() if c != 0}


def at_their_mean(game: Game) -> dict[sp.Symbol, sp.Expr]:
    """The states of the others, in the player's states, when all others are alike."""
    crowd = game.crowd
    share = sp.S.Zero if crowd is None else crowd.share
    laws = {law.of: law.symbol for law in game.laws if law.of in game.state_symbols}
    means = {s: (laws[s] - share * s) / (1 - share) for s in game.state_symbols if s in laws}
    return {**means, **{s: s for s in common_states(game) if s not in means}}


def second_moments(game: Game) -> dict[sp.Symbol, sp.Expr]:
    """Laws of products of two states, in the player's states, when all others are alike."""
    crowd, theirs = game.crowd, at_their_mean(game)
    share = sp.S.Zero if crowd is None else crowd.share
    return {
        name: share * of + (1 - share) * of.xreplace(theirs)
        for of, name in law_monomials(game).items()
        if of not in game.state_symbols and of.free_symbols <= theirs.keys()
    }


def _values(
    game: Game, averages: Mapping[sp.Symbol, Others], strategy: Mapping[sp.Symbol, sp.Expr]
) -> dict[sp.Symbol, sp.Expr]:
    """The averages when the others are where their mean is."""
    crowd = game.crowd
    assert crowd is not None, "averages come from crowds"
    share, theirs = crowd.share, at_their_mean(game)
    found = {}
    for name, atom in averages.items():
        if share == 0 and atom.power == 2:
            found[name] = sp.S.Zero
            continue
        played = {c: form.xreplace(theirs) for c, form in strategy.items()}
        inner = atom.expression.xreplace(theirs).xreplace(played)
        unknown = {*game.state_symbols} - set(theirs)
        if atom.expression.xreplace(strategy).free_symbols & unknown:
            continue
        number = share ** (atom.power - 1) - share**atom.power if share != 0 else 1
        found[name] = number * inner
    return found


def with_second_moments(model: Model) -> Model:
    """The model with a law of every product of two states whose means are laws."""
    game = model.game
    followed, laws = law_monomials(game), list(game.laws)
    means = {law.of: law for law in game.laws if law.of in game.state_symbols}
    for first, second in combinations_with_replacement(means, 2):
        if first * second not in followed:
            given = tuple(n for n in means[first].given if n in means[second].given)
            symbol = sp.Symbol(f"{means[first].symbol}.{first}{second}")
            laws.append(Law(symbol, first * second, given))
    return replace(model, game=replace(game, laws=tuple(laws)))


def moved_by_second_moments(model: Model) -> Model:
    """The same, with a coefficient for each such law in every function of second degree.

    Where others react to their states, an average of squares moves by averages of squares: the
    expectations of finitely many players depend on them.
    """
    enlarged = with_second_moments(model)
    added = [law for law in enlarged.game.laws if law not in model.game.laws]
    states = (*model.game.state_symbols, *(law.symbol for law in model.game.laws))
    functions = dict(model.ansatz.functions)
    for name, form in functions.items():
        inside = [s for s in states if form.has(s)]
        if form.is_polynomial(*inside) and inside and sp.Poly(form, *inside).total_degree() > 1:
            functions[name] += sp.Add(*(sp.Symbol(f"{name}.{a.symbol}") * a.symbol for a in added))
    return replace(enlarged, ansatz=replace(model.ansatz, functions=functions))
