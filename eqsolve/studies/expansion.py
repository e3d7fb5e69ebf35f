"""The strategy of n players to first order in 1/n, by implicit differentiation at 1/n = 0.

The coefficient system of n players is rational in ``N = 1/n``. Where it is regular at ``N = 0``
its solution there is the limit, and the slope in N is the constant of the convergence. Everything
is computed in balls: a slope whose ball is apart from zero proves that the order is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import sympy as sp
from flint import arb, ctx

from eqsolve.derivation.closure import Closure
from eqsolve.derivation.derivation import Derivation, derive
from eqsolve.derivation.matching import CoefficientSystem
from eqsolve.derivation.units import Units
from eqsolve.errors import DerivationError, EqsolveError
from eqsolve.game import Model
from eqsolve.game.parameters import Numbers, read
from eqsolve.game.structure import COUNT
from eqsolve.rows import Types
from eqsolve.solve.crowd import averages, numbers_of_types
from eqsolve.solve.derived import DerivedPoint
from eqsolve.solve.path import rational
from eqsolve.solve.point import BITS
from eqsolve.studies.derivatives import Chain
from eqsolve.studies.types import chains_of, moved_by, moved_by_weights, total

#: 1/n. No declared letter has a space.
RECIPROCAL = sp.Symbol("reciprocal of n")
#: Largest relative distance of the system's solution at 1/n = 0 from the continuum's.
CLOSE = 1e-12


@dataclass(frozen=True)
class Expansion:
    """What is derived of the strategies of n players.

    Attributes
    ----------
    constants : limits of ``n (k_n - k)``, by name of the coefficient.
    first : whether one of them is proved not to be zero, so that the order is one.
    """

    constants: Mapping[str, float]
    first: bool


def expand(
    model: Model, values: Mapping[str, object], limit: Mapping[str, float], types: Types | None
) -> Expansion | str:
    """Expand the strategy of n players, or say why it is not expanded.

    Parameters
    ----------
    model : of a symbolic number of players.
    values : parameters, without the number of players.
    limit : the continuum's strategy, which the expansion must start from.
    types : of a crowd with types of their own, as shares of a continuum.
    """
    crowd = model.game.crowd
    if crowd is None or crowd.size is None or not crowd.size.is_Symbol:
        return "the number of players is no symbol of the equations"
    if crowd.size.name != COUNT:
        return f"the number of players is not called {COUNT}"
    try:
        with ctx.workprec(BITS):
            if types is None:
                numbers = _numbers(read(model, {**values, COUNT: 2}), crowd.size)
                slopes = _alike(in_reciprocal(derive(model), crowd.size, numbers), numbers, limit)
            else:
                slopes = _of_types(in_reciprocal(derive(model), crowd.size), types, crowd.size)
    except EqsolveError as error:
        return f"the equations are not regular at 1/n = 0 ({error.message})"
    if set(slopes) != set(limit):
        return "the strategies of n players and of a continuum have different coefficients"
    for name, (value, slope) in slopes.items():
        if not (value.is_finite() and slope.is_finite()):
            return "the equations are not regular at 1/n = 0"
        if abs(float(value.mid()) - limit[name]) > CLOSE * (1 + abs(limit[name])):
            return "the equations of n players have another limit than the continuum"
    constants = {name: float(slope.mid()) for name, (_, slope) in slopes.items()}
    return Expansion(constants, any(not slope.contains(0) for _, slope in slopes.values()))


def in_reciprocal(
    derivation: Derivation, count: sp.Symbol, numbers: Numbers | None = None
) -> Derivation:
    """The derivation with n replaced by 1/N, every expression one fraction without common factors.

    Parameters
    ----------
    derivation, count : of n players, and the symbol n.
    numbers : parameters to put in, which makes long expressions short.

    Raises
    ------
    DerivationError
        If an expression is not rational in n.
    """
    spelled = derivation.solved.game.abbreviations
    known = {} if numbers is None else numbers.parameters
    exact = {s: sp.Rational(v.numerator, v.denominator) for s, v in known.items()}
    exact[count], _ = 1 / RECIPROCAL, exact.pop(RECIPROCAL, None)

    def put(expression: sp.Expr) -> sp.Expr:
        inserted = expression.xreplace(spelled).xreplace(exact)
        if RECIPROCAL not in inserted.free_symbols:
            return inserted
        units = Units.of([inserted])
        if any(RECIPROCAL in unit.free_symbols for unit in units.meaning.values()):
            raise DerivationError("an expression is not rational in n.", stage="expansion")
        ratio = units.ratio(inserted)
        return units.expression(ratio.numerator) / units.expression(ratio.denominator)

    def table(found: Mapping[sp.Symbol, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
        return {symbol: put(e) for symbol, e in found.items()}

    old = derivation.system
    system = CoefficientSystem(
        old.unknowns,
        table(old.feedback),
        table(old.implicit),
        table(old.rates),
        table(old.terminal),
        (),
    )
    closure = Closure(derivation.closure.feedback, {}, derivation.closure.aggregates)
    crowd = derivation.model.game.crowd
    assert crowd is not None
    game = replace(derivation.model.game, crowd=replace(crowd, size=1 / RECIPROCAL), definitions={})
    ansatz = replace(derivation.model.ansatz, feedback=table(derivation.model.ansatz.feedback))
    model = replace(derivation.model, game=game, ansatz=ansatz)
    fixed = derivation.fixed
    if fixed is not None:
        fixed = replace(
            fixed,
            response=table(fixed.response),
            strategy=table(fixed.strategy),
            coefficients=table(fixed.coefficients),
            values={},
            nonzero=(),
        )
    return Derivation(model, model, derivation.systems, closure, system, fixed)


def _numbers(numbers: Numbers, count: sp.Symbol) -> Numbers:
    """The numbers with 1/n = 0 in place of n."""
    kept = {s: v for s, v in numbers.parameters.items() if s != count}
    return Numbers({**kept, RECIPROCAL: Fraction(0)}, {}, numbers.time)


def _alike(
    derivation: Derivation, numbers: Numbers, limit: Mapping[str, float]
) -> dict[str, tuple[arb, arb]]:
    """Value and slope of the strategy's coefficients where all players are alike."""
    point = DerivedPoint(derivation, numbers, "limit")
    roots: list[dict[str, bool]] = [{"selected": True}]
    if derivation.stationary:
        roots = [{"selected": False} for _ in point.solutions]
        for root in roots:
            root["selected"] = True
            found = _strategy(Chain(point, [RECIPROCAL], roots))
            if all(
                abs(float(v.mid()) - limit.get(n, 0.0)) <= CLOSE * (1 + abs(limit.get(n, 0.0)))
                for n, (v, _) in found.items()
            ):
                return found
            root["selected"] = False
        raise DerivationError("no solution at 1/n = 0 is the continuum's.", stage="expansion")
    return _strategy(Chain(point, [RECIPROCAL], roots))


def _strategy(chain: Chain) -> dict[str, tuple[arb, arb]]:
    return {name: (chain.value(e), chain.row(e)[0]) for name, e in chain.strategy().items()}


def _of_types(derivation: Derivation, types: Types, count: sp.Symbol) -> dict[str, tuple[arb, arb]]:
    """The same where they have types of their own, in the same shares for every n."""
    given = replace(types, common={**types.common, COUNT: 2})
    numbers = [_numbers(n, count) for n in numbers_of_types(derivation, given)]
    found = averages(derivation, numbers, types)
    if isinstance(found, tuple):
        raise DerivationError(found[1], stage="expansion")
    points = [DerivedPoint(derivation, number, "limit", found) for number in numbers]
    if derivation.stationary:
        raise DerivationError("a stationary system of types is not expanded.", stage="expansion")
    moved = moved_by(derivation, points, types, [(RECIPROCAL, None)])
    chains = chains_of(points, [[{"selected": True}]] * len(points))
    slopes = {}
    for name, chain, expression in _named(chains):
        (slope,) = total(chain, expression, moved, [(RECIPROCAL, True)])
        slopes[name] = (chain.value(expression), slope)
    return slopes


def spread(model: Model, types: Types) -> dict[str, float]:
    """Standard deviations of ``sqrt(n) (k_n - k)`` in the limit, of n players of drawn types.

    The numbers of players of each type are multinomial: with the slopes g of a coefficient in the
    weights w its variance is ``sum w g^2 - (sum w g)^2``; the finite number of players itself is of
    the order 1/n.
    """
    with ctx.workprec(BITS):
        derivation = derive(model)
        numbers = numbers_of_types(derivation, types)
        found = averages(derivation, numbers, types)
        if isinstance(found, tuple):
            raise DerivationError(found[1], game=model.name, stage="expansion")
        points = [DerivedPoint(derivation, number, model.selection, found) for number in numbers]
        moved = moved_by_weights(derivation, points, types)
        chains = chains_of(points, [point.answer().roots for point in points])
        weights = [arb(rational(w)) for w in types.weights]
        wanted = [(None, False)] * len(points)
        deviations = {}
        for name, chain, expression in _named(chains):
            slopes = total(chain, expression, moved, wanted)
            mean = sum((w * g for w, g in zip(weights, slopes)), arb(0))
            apart = [g - mean for g in slopes]
            variance = sum((w * d * d for w, d in zip(weights, apart)), arb(0))
            deviations[name] = float(variance.mid()) ** 0.5
    return deviations


def _named(chains: Sequence[Chain]) -> Iterator[tuple[str, Chain, sp.Expr]]:
    """The coefficients of every type's strategy, as answers name them."""
    for k, chain in enumerate(chains, start=1):
        for name, expression in chain.strategy().items():
            control, _, monomial = name.partition(".")
            yield f"{control}_{k}.{monomial}", chain, expression
