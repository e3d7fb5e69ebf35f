"""When second moments of wealth stay below the hazard rate in a closed symmetric population."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from eqsolve.arithmetic.algebra import collect
from eqsolve.derivation.closed_form import Definition
from eqsolve.errors import DerivationError
from eqsolve.game import Game
from eqsolve.notated.closed_loop import closed_loop_system
from eqsolve.notated.matching import CoefficientSystem
from eqsolve.notated.published import Published
from eqsolve.notated.representative import Representative

#: Symbols that must be positive, and symbols any of which voids the condition when it is zero.
Condition = tuple[tuple[sp.Symbol, ...], tuple[sp.Symbol, ...]]

#: Share of the other agents in the population, 1 - 1/n.
OTHERS = sp.Symbol("others", real=True)

#: Feedback of an agent's deviation from the average wealth, and of the average wealth.
DEVIATION, AVERAGE = sp.Symbol("k_dev", real=True), sp.Symbol("k_avg", real=True)


@dataclass(frozen=True)
class Growth:
    """Finite second moments at the horizon as inequalities.

    Attributes
    ----------
    definitions : the quantities compared, in order of use.
    conditions : symbols that must be positive, and symbols that void the condition when zero.
    """

    definitions: tuple[Definition, ...] = ()
    conditions: tuple[Condition, ...] = ()


def second_moments(system: CoefficientSystem, form: sp.Expr) -> sp.Expr:
    """Time derivative of the expectation of a quadratic form of the states, up to lower order.

    The second moment's equations are those of ``A f - lambda (f - z^2)``: at hazard rate zero only
    the generator is left, and without the feedback's constant only terms of second order.
    """
    game = system.hjb.game
    parts = collect(form, game.state_symbols)
    equations = [e for e in system.equations if e.source == game.preference.moments[-1].name]
    values = {e.unknown: parts.get(e.monomial, sp.S.Zero) for e in equations}
    constant = collect(system.ansatz.response, game.state_symbols)[sp.S.One]
    values |= {game.horizon.hazard: sp.S.Zero, constant: sp.S.Zero}
    return sp.expand(sp.Add(*(e.monomial * e.expression.xreplace(values) for e in equations)))


def _variance(game: Game) -> sp.Expr:
    """The own state's variance at a unit of the control."""
    own, _ = game.states
    return sp.Add(*(sp.diff(v, game.control) ** 2 for v in own.loadings.values()))


def blocks(model: Published, crowd: Representative) -> dict[tuple[str, str], sp.Expr]:
    """Growth of the population's second moments in coordinates that decouple them.

    With the average wealth ``X``, the own deviation ``u = x - X`` and the average squared
    deviation ``D`` of all agents, the forms ``D`` and ``X^2`` grow by themselves; so do, in the
    mean-field game, ``u^2``, ``u X`` and ``X^2`` in triangular order. The entry ``(f, g)`` is the
    weight of ``g`` in the growth of ``f``, a polynomial in the feedback ``k_dev`` of ``u`` and
    ``k_avg`` of ``X``.

    Raises
    ------
    DerivationError
        If the forms do not decouple.
    """
    reciprocal = crowd.share
    system = closed_loop_system(model.game, crowd, model.ansatz)
    (x, y), q = model.game.state_symbols, model.parts.square
    u, mean, spread = sp.symbols("u X D", real=True)
    coordinates = {x: u + mean, y: (1 - reciprocal) * mean - reciprocal * u}
    second = spread + mean**2 - reciprocal * coordinates[x] ** 2
    of_own, of_others, _ = model.parts.affine
    feedback = {
        of_own: (1 - reciprocal) * DEVIATION + reciprocal * AVERAGE,
        of_others: AVERAGE - DEVIATION,
    }
    # Spelled out, because own and average wealth carry different parts of the variance.
    variance = {s: e for s, e in model.game.definitions.items() if e == _variance(model.game)}
    average = y + reciprocal * x
    forms: Mapping[sp.Expr, sp.Expr] = {mean**2: average**2}
    if reciprocal == 0:
        forms = {u**2: (x - average) ** 2, u * mean: (x - average) * average, **forms}
    else:
        forms = {spread: reciprocal * x**2 + q - average**2, **forms}
    names = {u**2: "u", u * mean: "cross", mean**2: "X", spread: "D"}
    allowed = list(forms)
    result: dict[tuple[str, str], sp.Expr] = {}
    for name, form in forms.items():
        rate = second_moments(system, sp.expand(form)).xreplace({q: second})
        rate = rate.xreplace(coordinates).xreplace(feedback).xreplace(variance)
        terms = collect(rate, (u, mean, spread))
        if reciprocal == 0:
            allowed = list(forms)[list(forms).index(name) :]
        if not terms.keys() <= set(allowed):
            raise DerivationError(
                "the second moments of the population do not decouple.",
                game=model.name,
                stage="code generation",
            )
        for target, value in terms.items():
            result[names[name], names[target]] = value
    return result


def feedback_growth(model: Published) -> Growth:
    """The exact test of "abscissa below the hazard rate" for the equilibrium's closed loop.

    In a finite population the rates of ``D`` and ``X^2`` form a 2x2 matrix with nonnegative
    off-diagonal entries; its larger eigenvalue is below ``lambda`` if and only if ``lambda I`` less
    the matrix has positive diagonal and determinant (an M-matrix). It bounds the remaining rates,
    which belong to forms dominated by these two. A single agent has no ``D``. In the mean-field
    game the matrix is triangular and the diagonal decides.
    """
    crowd = model.alike
    if crowd is None:
        return Growth()
    reciprocal, hazard = crowd.share, model.game.horizon.hazard
    rates = blocks(model, crowd)
    of_own, of_others, _ = model.parts.strategy
    definitions = [
        Definition(DEVIATION, of_own - reciprocal * of_others),
        Definition(AVERAGE, of_own + (1 - reciprocal) * of_others),
    ]

    def margin(name: str) -> sp.Symbol:
        found = sp.Symbol(f"margin_{name}", real=True)
        definitions.append(Definition(found, hazard - rates[name, name]))
        return found

    mean = margin("X")
    if reciprocal == 0:
        own = margin("u")
        return Growth(tuple(definitions), (((own, mean), ()),))
    spread, determinant = margin("D"), sp.Symbol("margin_det", real=True)
    feed = sp.factor(rates["D", "X"] * rates["X", "D"])
    definitions.append(Definition(determinant, spread * mean - feed))
    conditions = (((mean,), ()), ((spread, determinant), (OTHERS,)))
    return Growth(tuple(definitions), conditions)
