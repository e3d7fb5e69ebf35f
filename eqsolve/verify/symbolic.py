"""Exact checks of a game's equations and of its closed form."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from functools import partial

import sympy as sp

from eqsolve.arithmetic.algebra import collect
from eqsolve.derivation.closed_form import ClosedForm, Definition
from eqsolve.derivation.identity import GeneralHJB
from eqsolve.derivation.reductions import prove_equal, specialize
from eqsolve.game import Game
from eqsolve.notated.agents import indexed
from eqsolve.notated.alike import average_position
from eqsolve.notated.problem import faced
from eqsolve.notated.published import Published
from eqsolve.notated.representative import Representative
from eqsolve.verify.any_number import any_number_checks
from eqsolve.verify.check import Check
from eqsolve.verify.reference import weight_checks
from eqsolve.verify.substitution import (
    Equations,
    coefficients,
    exact_check,
    played,
    stepped,
    substitution_checks,
    vanish,
    zero,
)


def definition_checks(game: Game, hjb: GeneralHJB | None = None) -> list[Check]:
    """Check the engine's generator and the identity behind the value's equation.

    ``hjb`` is the system to check; the game's own by default.
    """
    hjb = hjb or GeneralHJB.of(faced(game))
    problem, prove = hjb.problem, hjb.prove_identity
    states = game.state_symbols
    products = [*states, *(sp.Mul(*pair) for pair in itertools.product(states, repeat=2))]

    def agrees() -> bool:
        spelled_out = game.definitions
        return all(
            sp.expand((problem.generator(f) - stepped(game, f)).subs(spelled_out)) == 0
            for f in products
        )

    return [
        exact_check(
            "generator",
            game.name,
            agrees,
            "The generator against the mean change over a two-valued step.",
        ),
        exact_check(
            "identity of the value's equation for every control",
            game.name,
            lambda: bool(prove() == 0),
            "Residual of the value's equation minus the deviation rate, unknown functions general.",
        ),
    ]


def derivation_checks(model: Published, own: Equations, form: ClosedForm) -> Iterator[Check]:
    """Check every matched coefficient equation and every value coefficient in both forms.

    The value's second form follows from the first, the moments' equations ``E_k`` and the
    first-order condition ``dE``: its residual is ``sum_k F_k E_k - p dE``, identically in all
    coefficients of the ansatz.
    """
    derivation, game = model.derivation, model.game
    value = derivation.value
    found = [
        (
            f"coefficient equation of {equation.unknown} ({equation.source}, {equation.monomial})",
            partial(zero, form, equation.expression),
        )
        for equation in derivation.system.equations
    ]
    combination = own.rate - played(model.ansatz, game.control) * own.first_order
    expected = collect(sp.expand(combination), game.state_symbols)
    names = collect(model.ansatz.value, game.state_symbols)
    kept = {*names.values(), *model.notation.abbreviations}
    # of the game's abbreviations the two-valued step knows some, and spells out the others
    known = {s for e in expected.values() for s in e.free_symbols}
    partly = (
        *(Definition(s, e) for s, e in game.definitions.items() if s not in known),
        *(d for d in form.definitions if d.symbol in kept),
        value.curvature,
    )
    identity = ClosedForm(partly, ())
    lines = {d.symbol: pair for d, pair in zip(value.by_moments, value.by_hjb, strict=True)}
    for monomial, name in names.items():
        left, right = lines[name]
        residual = left - right + expected.get(monomial, sp.S.Zero)
        found.append((f"value coefficient {name} in both forms", partial(zero, identity, residual)))
    return (exact_check(label, game.name, holds) for label, holds in found)


def agents_checks(model: Published, form: ClosedForm) -> list[Check]:
    """Check that every agent's feedback is the response to the feedbacks of the others.

    Written out in all wealths, three statements for each coefficient: the averages are those of the
    feedbacks; each feedback is the response to the averages less the own contribution, which is
    the environment; positions and averages as functions are the sums of their coefficients.
    """
    agents = model.types
    assert agents is not None and model.response is not None
    if not agents.count:
        return any_number_checks(model, agents, form)
    indices = agents.indices
    wealth = {j: agents.wealth(j) for j in indices}
    responses = {agents.of(i, s) for i in indices for s in model.response.derivation.form.table}
    averages = [average.total for average in agents.averages.values()]
    weighted = {
        (i, average.total): agents.of(i, agents.weight * average.load)
        for i in indices
        for average in agents.averages.values()
    }
    reactions = {indexed(agents.reaction, i) for i in indices}
    products = {
        name
        for average in agents.averages.values()
        for factor, name in average.products.items()
        if factor != agents.at_zero
    }
    columns = {indexed(total, j) for total in averages for j in (*indices, 0)}

    functions = {total: agents.affine(total) for total in averages}
    functions |= {indexed(agents.position, i): agents.feedback(i) for i in indices}

    def holds(gap: sp.Expr, atoms: set[sp.Symbol]) -> bool:
        """The gap is zero whatever the values of the atoms."""
        kept = (d for d in form.definitions if d.symbol not in atoms | responses)
        part = ClosedForm(tuple(kept), ())
        split = () if gap.free_symbols & functions.keys() else tuple(wealth.values())
        return all(zero(part, c) for c in coefficients(sp.expand(gap), split))

    statements: list[tuple[str, sp.Expr, set[sp.Symbol]]] = []
    for total in averages:
        found = sp.Add(*(weighted[i, total] * agents.feedback(i) for i in indices))
        label = f"average {total} of the feedbacks"
        statements.append((label, agents.affine(total) - found, reactions))
    for i in indices:
        others = sp.Add(*(indexed(agents.weight, j) * wealth[j] for j in indices if j != i))
        own, of_others, *parts = (indexed(s, i) for s in agents.roles.response)
        best = own * wealth[i] + of_others * others + parts[0]
        for total, part in zip(averages, parts[1:], strict=True):
            best += part * (agents.affine(total) - weighted[i, total] * agents.feedback(i))
        label = f"feedback of agent {i} is the response to the others"
        statements.append((label, agents.feedback(i) - best, columns))
    atoms = reactions | products | {agents.determinant}
    statements += [
        (f"{name} is the sum of its coefficients", name - affine, atoms)
        for name, affine in functions.items()
    ]
    note = "Every coefficient in the wealths is the zero polynomial."
    return [
        exact_check(label, model.name, partial(holds, gap, atoms), note)
        for label, gap, atoms in statements
    ]


def published_checks(
    game: str, published: Mapping[sp.Symbol, sp.Expr], form: ClosedForm
) -> list[Check]:
    """Compare a closed form with the forms printed in the literature."""
    return [
        exact_check(f"published form of {s}", game, partial(zero, form, s - expression))
        for s, expression in published.items()
    ]


def equilibrium_checks(model: Published, form: ClosedForm) -> list[Check]:
    """Check that the common feedback is the response to itself.

    For any number of agents by the population's averages; for a few agents also written out, every
    agent with a wealth of its own.
    """
    crowd = model.alike
    if crowd is None:
        return []
    checks = [
        exact_check(
            "equilibrium feedback is the response to itself",
            model.name,
            lambda: vanish(model.game, form, _gap_to_response(model, crowd, form)),
        )
    ]
    reciprocal = crowd.share
    if isinstance(reciprocal, sp.Symbol):
        for size in (1, 2, 3):
            checks.append(
                exact_check(
                    f"equilibrium feedback written out for n = {size}",
                    model.name,
                    partial(_holds_for, size, model, crowd, form),
                )
            )
    return checks


def _gap_to_response(model: Published, crowd: Representative, form: ClosedForm) -> sp.Expr:
    states, position = crowd.roles.states, crowd.roles.position
    response = _response(model, form, states, {position: average_position(crowd)})
    return sp.expand(crowd.roles.feedback(*states) - response)


def _response(
    model: Published,
    form: ClosedForm,
    wealth: tuple[sp.Expr, ...],
    position: Mapping[sp.Symbol, sp.Expr],
) -> sp.Expr:
    """The best response at own and others' wealth to the others' average position."""
    assert model.alike is not None
    *_, constant = model.parts.affine
    spelled_out = model.ansatz.response.xreplace({constant: form[constant]})
    states = dict(zip(model.game.state_symbols, wealth))
    implied = {m: e.xreplace(dict(position)) for m, e in model.alike.aggregates.items()}
    return spelled_out.xreplace(states | implied)


def _holds_for(size: int, model: Published, crowd: Representative, form: ClosedForm) -> bool:
    share = sp.Rational(1, size)
    fixed = {crowd.share: share}
    wealth = [sp.Dummy(f"x{i}") for i in range(size)]
    aggregate = [share * sp.Add(*(v for v in wealth if v != own)) for own in wealth]
    positions = [crowd.roles.feedback(own, y) for own, y in zip(wealth, aggregate, strict=True)]
    special = ClosedForm(
        tuple(
            Definition(d.symbol, d.expression.xreplace(fixed), d.polynomial, d.is_solution)
            for d in form.definitions
        ),
        (),
    )
    average = share * sp.Add(*positions[1:])
    response = _response(model, form, (wealth[0], aggregate[0]), {crowd.roles.position: average})
    gap = sp.expand((positions[0] - response).xreplace(fixed))
    return all(zero(special, part) for part in coefficients(gap, wealth))


def limit_checks(
    finite: Published, infinite: Published, form: ClosedForm | None = None
) -> list[Check]:
    """Check that the closed form of ``n`` agents becomes the mean-field one at ``1/n = 0``.

    Every solution of the mean-field game must be proved equal; ``form`` replaces the closed form
    of the finite game.
    """
    assert finite.alike is not None
    none = {finite.alike.share: sp.S.Zero}
    environment = set(finite.game.environment) - set(infinite.game.environment)
    values: dict[sp.Symbol, sp.Expr | int] = {**none, **dict.fromkeys(environment, 0)}
    values |= {s: e.xreplace(none) for s, e in finite.game.definitions.items() if e.has(*none)}
    target = infinite.derivation.form

    def holds() -> bool:
        special = specialize(form or finite.derivation.form, values)
        proved = set(prove_equal(special, target))
        return {d.symbol for d in target.definitions if d.is_solution} <= proved

    return [
        exact_check(
            f"limit of {finite.name} as n tends to infinity",
            infinite.name,
            holds,
            "All solutions agree as rational functions, the roots by their polynomials.",
        )
    ]


def form_checks(model: Published, own: Equations, form: ClosedForm) -> Iterator[Check]:
    """Run every exact check of one closed form of a game; ``own`` are the game's equations."""
    if model.types is not None:
        yield from agents_checks(model, form)
        return
    yield from derivation_checks(model, own, form)
    yield from substitution_checks(own, form)
    yield from published_checks(model.name, model.published, form)
    yield from equilibrium_checks(model, form)


def symbolic_checks(model: Published) -> list[Check]:
    """Run every exact check of one game; of agents who differ, each one's response is checked."""
    own = Equations.of(model.game, model.ansatz)
    checks = definition_checks(model.game) + weight_checks(model)
    if model.types is not None and model.response is not None:
        checks += substitution_checks(own, model.response.derivation.form)
    return [*checks, *form_checks(model, own, model.derivation.form)]
