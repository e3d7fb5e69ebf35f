"""What is proved of a game of the mean-variance family besides its system."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import sympy as sp

from eqsolve.arithmetic.algebra import collect
from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.notated.derivation import Derivation
from eqsolve.notated.matching import CoefficientSystem, insert
from eqsolve.notated.published import Published
from eqsolve.notated.reduction import Reduction
from eqsolve.prove import totals
from eqsolve.prove.algebraic import Argument, Known, theorem
from eqsolve.prove.statement import Chapter, Maker, Relation, Theorem, identifier


def chapters(model: Published) -> Iterator[Chapter]:
    """Name, title and theorems of every chapter."""
    derivation = model.derivation
    yield (
        "solution",
        "the closed forms solve the equations of the coefficients",
        _solution(derivation),
    )
    yield "value", "the value by its moments and by its own equation", _value(derivation)
    if model.crowd is not None:
        yield "equilibrium", "the fixed point among the agents", _equilibrium(model)
    yield from model.theorems(derivation)


def known(form: ClosedForm) -> Known:
    """What a closed form defines."""
    return Known(
        {d.symbol: d.expression for d in form.definitions if not d.is_root},
        {d.symbol: d.expression for d in form.definitions if d.is_root},
    )


def _solution(derivation: Derivation) -> Iterator[Maker]:
    form = known(derivation.response)
    for equation in derivation.system.equations:
        where = "the first-order condition" if equation.source == "feedback" else equation.source
        title = f"{equation.unknown} solves the equation of {equation.monomial} in {where}"
        name = f"solves_{identifier(equation.unknown.name)}"
        yield partial(theorem, name, title, Relation(equation.expression, "="), form)


def _value(derivation: Derivation) -> Iterator[Maker]:
    """Both forms agree whenever the coefficients solve their equations."""
    system, value = derivation.system, derivation.value
    definitions = dict(value.notation.abbreviations)
    definitions |= {d.symbol: d.expression for d in (*value.by_moments, value.curvature)}
    equations = {e.unknown: e.expression for e in system.equations}
    found = multiples(derivation)
    for (left, right), monomial in zip(value.by_hjb, found, strict=True):
        (unknown,) = (d.symbol for d in value.by_moments if d.symbol in left.free_symbols)
        relation = Relation(left, "=", right)
        cofactors = {u: -e for u, e in found[monomial].items() if e != 0}
        used = [left, right, *cofactors.values()]
        wanted = set().union(*(e.free_symbols for e in used))
        entering = tuple(s for s in reversed(definitions) if s in wanted)
        argument = Argument(entering, cofactors, (), ())
        title = f"{unknown} by the moments solves the equation of {monomial} in that of the value"
        name = f"value_{identifier(unknown.name)}"
        form = Known(definitions, equations)
        yield partial(_at_solution, system, name, title, relation, form, argument)


def _at_solution(
    system: CoefficientSystem,
    name: str,
    title: str,
    relation: Relation,
    form: Known,
    argument: Argument,
) -> Theorem | str:
    point = Reduction.of(system).point
    return theorem(name, title, relation, form, "", argument, point)


def multiples(derivation: Derivation) -> dict[sp.Expr, dict[sp.Symbol, sp.Expr]]:
    """By monomial of the value, the multiples of the coefficients' equations that its equation is.

    With ``V = F(x, U)`` the value's equation at the feedback ``p`` is ``sum_k F_k E_k - p dE``,
    ``E_k`` the moments' equations and ``dE`` the first-order condition.
    """
    system, hjb = derivation.system, derivation.hjb
    states = hjb.game.state_symbols
    letters = {e.unknown: sp.Dummy(e.unknown.name) for e in system.equations}
    sums: dict[str, sp.Expr] = {}
    for e in system.equations:
        sums[e.source] = sums.get(e.source, sp.S.Zero) + e.monomial * letters[e.unknown]
    total = -system.ansatz.response * sums.pop("feedback")
    for moment in hjb.moments:
        total += insert(hjb, system.ansatz, hjb.marginal(moment)) * sums[moment.name]
    found = collect(sp.expand(total), states)
    return {
        monomial: {
            u: sp.expand(found.get(monomial, sp.S.Zero)).coeff(d) for u, d in letters.items()
        }
        for monomial in collect(system.ansatz.value, states)
    }


def _equilibrium(model: Published) -> Iterator[Maker]:
    """Everybody's strategy is the response to the others'."""
    if model.types is not None and not model.types.count:
        yield from totals.theorems(model)
        return
    derivation = model.derivation
    own = {d.symbol for d in (*derivation.response.definitions, *derivation.value.by_moments)}
    rest = [d for d in derivation.form.definitions if d.symbol not in own and not d.is_root]
    form = Known(
        {d.symbol: d.expression for d in rest if d.is_solution},
        {},
        {d.symbol: d.expression for d in rest if not d.is_solution},
    )
    for name, residual in model.residuals.items():
        title = f"the strategy's {name} is that of the response to the others' strategy"
        label = f"fixed_point_{identifier(str(name))}"
        yield partial(theorem, label, title, Relation(residual, "="), form)
