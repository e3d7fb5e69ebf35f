"""Exact checks: a closed form is put back into its problem and must leave zero polynomials.

The generator used here does not come from the derivation. A diffusion with drift ``b`` and loadings
``s_k`` is replaced by a step of length ``h`` with the two-valued noises ``+-sqrt(h)``, each sign
equally likely; the mean change of a polynomial, divided by ``h``, tends to the generator (weak
convergence; Kloeden and Platen 1992, section 14.1).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

import sympy as sp

from eqsolve.errors import EqsolveError
from eqsolve.model import Model
from eqsolve.symbolic.algebra import Ring
from eqsolve.symbolic.ansatz import Ansatz
from eqsolve.symbolic.derivation import Derivation
from eqsolve.symbolic.game import Game
from eqsolve.symbolic.generator import Generator
from eqsolve.symbolic.hjb import ExtendedHJB
from eqsolve.symbolic.population import Population
from eqsolve.symbolic.reductions import prove_equal, specialize
from eqsolve.symbolic.solving import ClosedForm, Definition
from eqsolve.symbols import symbol
from eqsolve.verify.check import Check

Polynomial = sp.Expr


def exact_check(name: str, game: str, holds: Callable[[], bool], note: str = "") -> Check:
    """Make a check of a statement that holds or does not; the error is 0 or 1."""
    try:
        fine, reason = holds(), ""
    except EqsolveError as error:
        fine, reason = False, f" {error}"
    return Check(
        name=name,
        game=game,
        kind="exact",
        value=0.0,
        reference=0.0,
        error=0.0 if fine else 1.0,
        allowed=0.0,
        note=f"{note}{reason}".strip(),
    )


def stepped(game: Game, f: Polynomial) -> Polynomial:
    """Return ``A^p f`` of a polynomial in the states by averaging over a two-valued step."""
    root = sp.Dummy("root")
    noises = sorted({noise for state in game.states for noise in state.loadings})
    total = sp.S.Zero
    for signs in itertools.product((1, -1), repeat=len(noises)):
        step = dict(zip(noises, signs, strict=True))
        moved = {
            s.symbol: s.symbol
            + root**2 * s.drift
            + root * sp.Add(*(step[noise] * v for noise, v in s.loadings.items()))
            for s in game.states
        }
        total += sp.expand(f.xreplace(moved)).coeff(root, 2)
    return sp.expand(total / 2 ** len(noises))


def substitution_checks(game: Game, ansatz: Ansatz, form: ClosedForm) -> list[Check]:
    """Put a closed form into the extended HJB system of a game.

    With ``G``, ``H``, ``V`` and the feedback of the ansatz, the moments' equations, the first-order
    condition, ``V = F(x, G, H)`` and the value's own equation must hold for all states, which means
    that every coefficient in the states vanishes by the closed form.
    """
    return [
        exact_check(
            label,
            game.name,
            partial(_vanish, game, form, expression),
            "Every coefficient in the states is the zero polynomial.",
        )
        for label, expression in _equations(game, ansatz)
    ]


def _equations(game: Game, ansatz: Ansatz) -> Iterator[tuple[str, sp.Expr]]:
    """Label and left side of everything that has to vanish."""
    preference, hazard = game.preference, game.horizon.hazard
    at_moments = {m.symbol: ansatz.moments[m.name] for m in preference.moments}
    rate = sp.S.Zero
    for moment in preference.moments:
        unknown = ansatz.moments[moment.name]
        equation = stepped(game, unknown) + moment.running - hazard * (unknown - moment.payoff)
        yield f"equation of {moment.name}", _played(game, ansatz, equation)
        marginal = sp.diff(preference.aggregate, moment.symbol).xreplace(at_moments)
        rate += marginal * equation
    slope = sp.diff(sp.expand(rate), game.control.symbol)
    yield "first-order condition", _played(game, ansatz, slope)
    composed = sp.expand(preference.aggregate.xreplace(at_moments))
    yield "value is the preference at the moments", ansatz.value - composed
    # A^p V - (A^p[F(x, U)] - sum_k F_k A^p U_k) + sum_k F_k R_k + hazard (Phi - V)
    value = stepped(game, ansatz.value - composed) + rate + hazard * (composed - ansatz.value)
    yield "equation of V", _played(game, ansatz, value)


def _played(game: Game, ansatz: Ansatz, expression: sp.Expr) -> sp.Expr:
    return expression.xreplace({game.control.symbol: ansatz.feedback})


def _vanish(game: Game, form: ClosedForm, expression: sp.Expr) -> bool:
    """Whether all coefficients in the states vanish by the form and the game's abbreviations."""
    known = set(form.parameters) | set(form.table)
    declared = tuple(
        Definition(name, value)
        for name, value in game.definitions.items()
        if value.free_symbols & (expression.free_symbols - known)
    )
    whole = ClosedForm((*declared, *form.definitions), ())
    return all(whole.vanishes(part) for part in _coefficients(expression, game.state_symbols))


def _coefficients(expression: sp.Expr, states: Sequence[sp.Symbol]) -> Iterator[sp.Expr]:
    ring = Ring.of(expression, states)
    parts = [ring.polynomial(expression)]
    for state in states:
        parts = [c for part in parts for c in ring.coefficients(part, state)]
    return (ring.expression(part) for part in parts)


def definition_checks(game: Game) -> list[Check]:
    """Check the engine's generator and the identity behind the value's equation."""
    generator, hjb = Generator.of(game), ExtendedHJB.of(game)
    states = game.state_symbols
    products = [*states, *(sp.Mul(*pair) for pair in itertools.product(states, repeat=2))]

    def agrees() -> bool:
        spelled_out = game.definitions
        return all(
            sp.expand((generator.apply(f) - stepped(game, f)).subs(spelled_out)) == 0
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
            lambda: hjb.prove_identity() == 0,
            "Residual of the value's equation minus the deviation rate, unknown functions general.",
        ),
    ]


def derivation_checks(derivation: Derivation, form: ClosedForm) -> list[Check]:
    """Check every matched coefficient equation and every value coefficient in both forms."""
    game, value = derivation.game.name, derivation.value
    curved = form.extended([value.curvature])
    found = [
        (
            f"coefficient equation of {equation.unknown} ({equation.source}, {equation.monomial})",
            partial(form.vanishes, equation.expression),
        )
        for equation in derivation.system.equations
    ]
    found += [
        (f"value coefficient {d.symbol} by moments", partial(form.vanishes, d.symbol - d.expression))
        for d in value.by_moments
    ]
    found += [
        (
            f"value coefficient {d.symbol} by its own equation",
            partial(curved.vanishes, left - right),
        )
        for d, (left, right) in zip(value.by_moments, value.by_hjb, strict=True)
    ]
    return [exact_check(label, game, holds) for label, holds in found]


def published_checks(
    game: str, published: Mapping[sp.Symbol, sp.Expr], form: ClosedForm
) -> list[Check]:
    """Compare a closed form with the forms printed in the literature."""
    return [
        exact_check(f"published form of {s}", game, partial(form.vanishes, s - expression))
        for s, expression in published.items()
    ]


def equilibrium_checks(model: Model, form: ClosedForm) -> list[Check]:
    """Check that the common feedback is the response to itself.

    For any number of agents by the population's averages; for a few agents also written out, every
    agent with a wealth of its own.
    """
    population = model.population
    if population is None:
        return []
    checks = [
        exact_check(
            "equilibrium feedback is the response to itself",
            model.name,
            lambda: _vanish(model.game, form, _gap_to_response(model, population, form)),
        )
    ]
    reciprocal = population.reciprocal
    if isinstance(reciprocal, sp.Symbol):
        for size in (1, 2, 3):
            checks.append(
                exact_check(
                    f"equilibrium feedback written out for n = {size}",
                    model.name,
                    partial(_holds_for, size, model, population, form),
                )
            )
    return checks


def _gap_to_response(model: Model, population: Population, form: ClosedForm) -> sp.Expr:
    x, y, g = symbol("x"), symbol("y"), symbol("g")
    response = _response(model, form, x, y, {g: population.average_position})
    return sp.expand(population.feedback(x, y) - response)


def _response(
    model: Model,
    form: ClosedForm,
    own: sp.Expr,
    others: sp.Expr,
    position: Mapping[sp.Symbol, sp.Expr],
) -> sp.Expr:
    """The best response at own and others' wealth to the others' average position."""
    assert model.population is not None
    constant = symbol("p3")
    spelled_out = model.ansatz.feedback.xreplace({constant: form[constant]})
    states = {symbol("x"): own, symbol("y"): others}
    implied = {m: e.xreplace(dict(position)) for m, e in model.population.aggregates.items()}
    return spelled_out.xreplace(states | implied)


def _holds_for(size: int, model: Model, population: Population, form: ClosedForm) -> bool:
    share = sp.Rational(1, size)
    fixed = {population.reciprocal: share}
    wealth = [sp.Dummy(f"x{i}") for i in range(size)]
    aggregate = [share * sp.Add(*(v for v in wealth if v != own)) for own in wealth]
    positions = [population.feedback(own, y) for own, y in zip(wealth, aggregate, strict=True)]
    special = ClosedForm(
        tuple(
            Definition(d.symbol, d.expression.xreplace(fixed), d.polynomial, d.is_solution)
            for d in form.definitions
        ),
        (),
    )
    average = share * sp.Add(*positions[1:])
    response = _response(model, form, wealth[0], aggregate[0], {symbol("g"): average})
    gap = sp.expand((positions[0] - response).xreplace(fixed))
    return all(special.vanishes(part) for part in _coefficients(gap, wealth))


def limit_checks(finite: Model, infinite: Model, form: ClosedForm | None = None) -> list[Check]:
    """Check that the closed form of ``n`` agents becomes the mean-field one at ``1/n = 0``.

    Every solution of the mean-field game must be proved equal; ``form`` replaces the closed form
    of the finite game.
    """
    assert finite.population is not None
    zero = {finite.population.reciprocal: sp.S.Zero}
    environment = set(finite.game.environment) - set(infinite.game.environment)
    values: dict[sp.Symbol, sp.Expr | int] = {**zero, **dict.fromkeys(environment, 0)}
    values |= {s: e.xreplace(zero) for s, e in finite.game.definitions.items() if e.has(*zero)}
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


def symbolic_checks(model: Model, form: ClosedForm | None = None) -> list[Check]:
    """Run every exact check of one game.

    Parameters
    ----------
    model : the game.
    form : a closed form to check in place of the derived one.
    """
    derivation = model.derivation
    form = form or derivation.form
    return [
        *definition_checks(model.game),
        *substitution_checks(model.game, model.ansatz, form),
        *derivation_checks(derivation, form),
        *published_checks(model.name, model.published, form),
        *equilibrium_checks(model, form),
    ]


def failed(checks: Iterable[Check]) -> list[str]:
    """Names of the checks that do not pass."""
    return [check.name for check in checks if check.verdict != "pass"]
