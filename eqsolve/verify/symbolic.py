"""Exact checks: a closed form is put back into its problem and must leave zero polynomials.

The generator used here does not come from the derivation. A diffusion with drift ``b`` and loadings
``s_k`` is replaced by a step of length ``h`` with the two-valued noises ``+-sqrt(h)``, each sign
equally likely; the mean change of a polynomial, divided by ``h``, tends to the generator (weak
convergence; Kloeden and Platen 1992, section 14.1).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import sympy as sp

from eqsolve.errors import EqsolveError
from eqsolve.model import Model
from eqsolve.symbolic.algebra import Ring, collect
from eqsolve.symbolic.ansatz import Ansatz
from eqsolve.symbolic.game import Game
from eqsolve.symbolic.heterogeneous import Agents
from eqsolve.symbolic.hjb import ExtendedHJB
from eqsolve.symbolic.population import Population
from eqsolve.symbolic.reductions import prove_equal, specialize
from eqsolve.symbolic.solving import ClosedForm, Definition
from eqsolve.symbols import symbol
from eqsolve.verify.check import Check


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


def stepped(game: Game, f: sp.Expr) -> sp.Expr:
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


def substitution_checks(own: Equations, form: ClosedForm) -> Iterator[Check]:
    """Put a closed form into the extended HJB system of a game.

    With ``G``, ``H``, ``V`` and the feedback of the ansatz, the moments' equations, the first-order
    condition, ``V = F(x, G, H)`` and the value's own equation must hold for all states, which means
    that every coefficient in the states vanishes by the closed form.
    """
    game, ansatz = own.game, own.ansatz
    note = "Every coefficient in the states is the zero polynomial."

    def check(label: str, *expressions: sp.Expr) -> Check:
        def holds() -> bool:
            return all(_vanish(game, form, expression) for expression in expressions)

        return exact_check(label, game.name, holds, note)

    for name, expression in own.moments.items():
        yield check(f"equation of {name}", expression)
    yield check("first-order condition", own.first_order)
    # The value's equation, with the value spelled out, is a combination of the moments' equations.
    names = collect(ansatz.value, game.state_symbols).values()
    value = ansatz.value.xreplace({u: form[u] for u in names})
    excess = sp.expand(value - own.composed)
    left = stepped(game, excess) - game.horizon.hazard * excess
    yield check("value is the preference at the moments", excess)
    yield check("equation of V", _played(game, ansatz, left), *own.moments.values())


@dataclass(frozen=True)
class Equations:
    """Left sides of a game's equations at the ansatz, from the two-valued step.

    ``composed`` is F(x, G, H); ``rate`` is sum_k F_k (equation of moment k) and ``first_order`` its
    derivative in the control, all but ``composed`` at the feedback.
    """

    game: Game
    ansatz: Ansatz
    moments: Mapping[str, sp.Expr]
    first_order: sp.Expr
    rate: sp.Expr
    composed: sp.Expr

    @staticmethod
    def of(game: Game, ansatz: Ansatz) -> Equations:
        """Build the equations from the game's definition alone."""
        preference, hazard = game.preference, game.horizon.hazard
        at_moments = {m.symbol: ansatz.moments[m.name] for m in preference.moments}
        moments, rate = {}, sp.S.Zero
        for moment in preference.moments:
            unknown = ansatz.moments[moment.name]
            left = stepped(game, unknown) + moment.running - hazard * (unknown - moment.payoff)
            moments[moment.name] = _played(game, ansatz, left)
            rate += sp.diff(preference.aggregate, moment.symbol).xreplace(at_moments) * left
        slope = sp.diff(sp.expand(rate), game.control.symbol)
        return Equations(
            game,
            ansatz,
            moments,
            _played(game, ansatz, slope),
            _played(game, ansatz, rate),
            sp.expand(preference.aggregate.xreplace(at_moments)),
        )


def _played(game: Game, ansatz: Ansatz, expression: sp.Expr) -> sp.Expr:
    return expression.xreplace({game.control.symbol: ansatz.feedback})


def _vanish(game: Game, form: ClosedForm, expression: sp.Expr) -> bool:
    """Whether all coefficients in the states vanish by the form and the game's abbreviations."""
    known = set(form.parameters) | set(form.table)
    missing = expression.free_symbols - known
    declared = [Definition(s, e) for s, e in game.definitions.items() if e.free_symbols & missing]
    whole = ClosedForm((*declared, *form.definitions), ())
    return all(_zero(whole, part) for part in _coefficients(expression, game.state_symbols))


def _zero(form: ClosedForm, expression: sp.Expr) -> bool:
    """Whether an expression vanishes by a form, of which only the needed part is used."""
    return ClosedForm(form.needed(expression.free_symbols), ()).vanishes(expression)


def _coefficients(expression: sp.Expr, states: Sequence[sp.Symbol]) -> Iterator[sp.Expr]:
    ring = Ring.of(expression, states)
    parts = [ring.polynomial(expression)]
    for state in states:
        parts = [c for part in parts for c in ring.coefficients(part, state)]
    return (ring.expression(part) for part in parts)


def definition_checks(game: Game, hjb: ExtendedHJB | None = None) -> list[Check]:
    """Check the engine's generator and the identity behind the value's equation.

    ``hjb`` is the system to check; the game's own by default.
    """
    hjb = hjb or ExtendedHJB.of(game)
    generator, prove = hjb.generator, hjb.prove_identity
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
            lambda: bool(prove() == 0),
            "Residual of the value's equation minus the deviation rate, unknown functions general.",
        ),
    ]


def derivation_checks(
    model: Model, own: Equations, form: ClosedForm
) -> Iterator[Check]:
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
            partial(_zero, form, equation.expression),
        )
        for equation in derivation.system.equations
    ]
    combination = own.rate - _played(game, model.ansatz, game.control.symbol) * own.first_order
    expected = collect(sp.expand(combination), game.state_symbols)
    names = collect(model.ansatz.value, game.state_symbols)
    kept = {*names.values(), *model.notation.abbreviations}
    partly = (
        *(Definition(s, e) for s, e in game.definitions.items() if s == symbol("s2")),
        *(d for d in form.definitions if d.symbol in kept),
        value.curvature,
    )
    identity = ClosedForm(partly, ())
    lines = {d.symbol: pair for d, pair in zip(value.by_moments, value.by_hjb, strict=True)}
    for monomial, name in names.items():
        left, right = lines[name]
        residual = left - right + expected.get(monomial, sp.S.Zero)
        found.append((f"value coefficient {name} in both forms", partial(_zero, identity, residual)))
    return (exact_check(label, game.name, holds) for label, holds in found)


def agents_checks(model: Model, form: ClosedForm) -> list[Check]:
    """Check that every agent's feedback is the response to the feedbacks of the others.

    The positions are written out in all wealths; the environment of agent i is
    ``sum_{j != i} w_j load_j pi_j``.
    """
    agents = model.population
    assert isinstance(agents, Agents) and model.response is not None
    indices = agents.indices
    weight = {j: symbol(f"w_{j}") for j in indices}
    wealth = {j: symbol(f"x_{j}") for j in indices}
    plays = {
        i: sp.Add(*(symbol(f"k_{i}{j}") * wealth[j] for j in indices), symbol(f"k_{i}0"))
        for i in indices
    }
    response = model.response.derivation.form.table
    responses = {agents.of(i, s) for i in indices for s in response}
    own = ClosedForm(tuple(d for d in form.definitions if d.symbol not in responses), ())

    def holds(i: int) -> bool:
        others = [j for j in indices if j != i]
        best = symbol(f"p1_{i}") * wealth[i] + symbol(f"q3_{i}")
        best += symbol(f"p2_{i}") * sp.Add(*(weight[j] * wealth[j] for j in others))
        for part, load in (("Qb", "B"), ("Qs", "sigma")):
            environment = sp.Add(*(weight[j] * symbol(f"{load}_{j}") * plays[j] for j in others))
            best += symbol(f"{part}_{i}") * environment
        gap = sp.expand(plays[i] - best)
        return all(_zero(own, part) for part in _coefficients(gap, tuple(wealth.values())))

    def same(stated: sp.Expr, expected: sp.Expr) -> bool:
        return _zero(own, stated - expected)

    statements = [
        (f"feedback of agent {i} is the response to the others", partial(holds, i))
        for i in indices
    ]
    statements += [
        (f"position of agent {i} is the feedback", partial(same, symbol(f"pi_{i}"), plays[i]))
        for i in indices
    ]
    for average in agents.averages.values():
        loads = {j: agents.of(j, average.load) for j in indices}
        total = sp.Add(*(weight[j] * loads[j] * plays[j] for j in indices))
        statements.append((f"average {average.total}", partial(same, average.total, total)))
    return [exact_check(label, model.name, statement) for label, statement in statements]


def published_checks(
    game: str, published: Mapping[sp.Symbol, sp.Expr], form: ClosedForm
) -> list[Check]:
    """Compare a closed form with the forms printed in the literature."""
    return [
        exact_check(f"published form of {s}", game, partial(_zero, form, s - expression))
        for s, expression in published.items()
    ]


def equilibrium_checks(model: Model, form: ClosedForm) -> list[Check]:
    """Check that the common feedback is the response to itself.

    For any number of agents by the population's averages; for a few agents also written out, every
    agent with a wealth of its own.
    """
    population = model.population
    if not isinstance(population, Population):
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
    assert isinstance(model.population, Population)
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
    return all(_zero(special, part) for part in _coefficients(gap, wealth))


def limit_checks(finite: Model, infinite: Model, form: ClosedForm | None = None) -> list[Check]:
    """Check that the closed form of ``n`` agents becomes the mean-field one at ``1/n = 0``.

    Every solution of the mean-field game must be proved equal; ``form`` replaces the closed form
    of the finite game.
    """
    assert isinstance(finite.population, Population)
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


def form_checks(model: Model, own: Equations, form: ClosedForm) -> Iterator[Check]:
    """Run every exact check of one closed form of a game; ``own`` are the game's equations."""
    if isinstance(model.population, Agents):
        yield from agents_checks(model, form)
        return
    yield from derivation_checks(model, own, form)
    yield from substitution_checks(own, form)
    yield from published_checks(model.name, model.published, form)
    yield from equilibrium_checks(model, form)


def symbolic_checks(model: Model) -> list[Check]:
    """Run every exact check of one game; of agents who differ, each one's response is checked."""
    own = Equations.of(model.game, model.ansatz)
    checks = definition_checks(model.game)
    if isinstance(model.population, Agents) and model.response is not None:
        checks += substitution_checks(own, model.response.derivation.form)
    return [*checks, *form_checks(model, own, model.derivation.form)]
