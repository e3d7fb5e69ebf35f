"""Errors planted in the paper's games, which the checks must see."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial

import sympy as sp

from eqsolve.derivation.identity import GeneralHJB
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.game import Game
from eqsolve.notated.problem import faced
from eqsolve.notated.published import Published
from eqsolve.paper.sets import GIVEN, SETS
from eqsolve.registry import model as find_model
from eqsolve.verify.cases import SEED
from eqsolve.verify.check import Check
from eqsolve.verify.displays import display_checks, wrong_displays
from eqsolve.verify.montecarlo import Sample, simulate
from eqsolve.verify.mutation import Planted, tampered
from eqsolve.verify.pde import grid_checks
from eqsolve.verify.prediction import Prediction, predictions
from eqsolve.verify.spike import spike_checks
from eqsolve.verify.substitution import Equations, substitution_checks
from eqsolve.verify.symbolic import definition_checks, form_checks, limit_checks

#: Relative sizes of the errors planted in numbers, by check.
GRID_ERROR, SPIKE_ERROR, MOMENT_ERROR = 1e-4, 1e-3, 0.05
#: Antithetic pairs of paths: six standard errors are below 3 % of every coefficient.
PATHS = 128_000
SPIKE_AT = ((1, 1), (2, -1), (-1, 3))


def planted() -> Iterator[Planted]:
    """Yield every error to plant."""
    response = find_model("best-response")
    given = {**SETS["S1"], **GIVEN, "n": "3"}
    claim = next(predictions(response, given, name="S1"))
    yield from _in_strategy(response, given, claim)
    yield from _in_moments(claim)
    yield from _in_form(find_model("heterogeneous"), skip=False)
    for name in ("best-response", "n-agent", "mean-field", "two-agent"):
        yield from _in_form(find_model(name), skip=name not in ("best-response", "two-agent"))
        yield from _in_displays(find_model(name))
    yield from _in_game(response)
    yield from _in_limit(find_model("n-agent"), find_model("mean-field"))


def _in_strategy(
    model: Published, given: Mapping[str, object], claim: Prediction
) -> Iterator[Planted]:
    def grid(other: Prediction) -> list[Check]:
        return grid_checks(
            other.game, other.feedback, other.values, name="grid", moments=other.moments
        )

    def spike(other: Prediction) -> list[Check]:
        return spike_checks(
            other.game, other.feedback, other.values, SPIKE_AT, name="spike", allowed=1e-13
        )

    x, y = claim.game.state_symbols
    for part, monomial in (("p1", x), ("p2", y), ("q3", sp.S.One)):
        for kind, run, size in (("grid", grid, GRID_ERROR), ("spike", spike, SPIKE_ERROR)):
            value = claim.feedback[monomial] + size * claim.parts[part]
            wrong = replace(claim, feedback={**claim.feedback, monomial: value})
            what = f"{part} off by {size:g}"
            yield Planted(kind, model.name, what, partial(run, wrong), partial(run, claim))
    form = model.derivation.form
    for name in symbols("C3 C2 C1 C0"):
        wrong_form = tampered(form, name, lambda e: e * (1 + sp.Rational(1, 10**4)))
        wrong = next(predictions(model, given, name="S1", form=wrong_form))
        # the moments of a wrong form solve their equations: the strategy alone must show it
        wrong = replace(claim, feedback=wrong.feedback)
        what = f"coefficient {name} of the cubic off by {GRID_ERROR:g}"
        yield Planted("grid", model.name, what, partial(grid, wrong), partial(grid, claim))


def _in_moments(claim: Prediction) -> Iterator[Planted]:
    sample = simulate(
        claim.game,
        claim.feedback,
        claim.values,
        paths=PATHS,
        seed=SEED,
        threads=os.cpu_count() or 1,
    )

    def run(sample: Sample, moments: Mapping[str, Mapping[sp.Expr, float]]) -> list[Check]:
        return sample.checks(moments, {}, name="simulation", false_alarm=1e-6)

    for moment, coefficients in claim.moments.items():
        for monomial, value in coefficients.items():
            for sign in (1, -1):
                changed = {**coefficients, monomial: value * (1 + sign * MOMENT_ERROR)}
                yield Planted(
                    "monte-carlo",
                    claim.game.name,
                    f"coefficient of {monomial} in {moment} off by {sign * MOMENT_ERROR:+g}",
                    partial(run, sample, {**claim.moments, moment: changed}),
                    partial(run, sample, claim.moments),
                )


def _replaced(new: sp.Expr, _: sp.Expr) -> sp.Expr:
    return new


def _flipped(expression: sp.Expr) -> sp.Expr:
    """Flip the sign of one term; of an only term, its own."""
    for part in sp.preorder_traversal(expression):
        if part.is_Add:
            first, *rest = part.as_ordered_terms()
            return expression.xreplace({part: sp.Add(-first, *rest)})
    return -expression


def _swapped(expression: sp.Expr, known: Collection[sp.Symbol]) -> sp.Expr | None:
    """Swap one index: a symbol becomes its sibling, such as D1 for D2, if that is known."""
    for names in (
        "p1 p2", "h20 h11", "D1 D2", "E1 E0", "a c", "Qb Qs", "alpha beta", "h10 h01", "C3 C1",
        "A2 A3", "B_1 B_2", "Qb_1 Qb_2", "u_1 u_2", "BQb sQs", "P_11 P_21", "M_b_1 M_s_1",
    ):  # fmt: skip
        one, other = symbols(names)
        if expression.has(one) and other in known:
            return expression.xreplace({one: other, other: one})
    return None


def _in_form(model: Published, *, skip: bool) -> Iterator[Planted]:
    """Errors in the definitions of a closed form, in turn one of each sort for each definition.

    ``skip`` leaves out the response, which the game shares with another one.
    """
    form, own = model.derivation.form, Equations.of(model.game, model.ansatz)
    run = partial(form_checks, model, own)
    shared = {*model.derivation.response.table, *find_model("best-response").derivation.form.table}
    sorts: list[tuple[str, Callable[[sp.Expr], sp.Expr]]] = [
        ("a sign flipped", _flipped),
        ("a factor 2", lambda e: 2 * e),
        ("off by 1e-6", lambda e: e * (1 + sp.Rational(1, 10**6))),
    ]
    if model.types is not None:
        chosen = [
            d
            for d in form.definitions
            if d.symbol.name.startswith(("u_", "BQ", "sQ", "Omega", "k_", "M_", "pi_"))
        ]
    else:
        chosen = [d for d in form.definitions if not (skip and d.symbol in shared)]
    chosen = [d for d in chosen if not d.is_root and d.expression != 0]
    for k, definition in enumerate(chosen):
        earlier = form.definitions[: form.definitions.index(definition)]
        known = {*form.parameters, *(d.symbol for d in earlier)}
        what, change = sorts[k % len(sorts)]
        changes = [(what, change(definition.expression))]
        swapped = _swapped(definition.expression, known)
        if swapped is not None:
            changes.append(("an index swapped", swapped))
        for what, expression in changes:
            if sp.expand(expression - definition.expression) == 0:
                continue
            wrong = tampered(form, definition.symbol, partial(_replaced, expression))
            yield Planted(
                "symbolic",
                model.name,
                f"{what} in {definition.symbol}",
                partial(run, wrong),
                partial(run, form),
            )


def _in_displays(model: Published) -> Iterator[Planted]:
    clean = partial(display_checks, model)
    for what, run in wrong_displays(model):
        yield Planted("display", model.name, what, run, clean)


def _in_game(model: Published) -> Iterator[Planted]:
    """The right closed form of a game that differs in one sign, factor or index."""
    form = model.derivation.form

    def run(game: Game) -> Iterator[Check]:
        return substitution_checks(Equations.of(game, model.ansatz), form)

    for what, game in _other_games(model.game):
        yield Planted("definition", model.name, what, partial(run, game), partial(run, model.game))
    for what, hjb in _other_systems(GeneralHJB.of(faced(model.game))):
        yield Planted(
            "derivation",
            model.name,
            what,
            partial(definition_checks, model.game, hjb),
            partial(definition_checks, model.game),
        )


def _other_systems(hjb: GeneralHJB) -> Iterator[tuple[str, GeneralHJB]]:
    problem, (x, y) = hjb.problem, hjb.game.state_symbols
    covariance, drift = problem.covariance, problem.drift
    for what, wrong in (
        ("factor 2 in the variance", {(x, x): 2 * covariance[x, x]}),
        ("covariance off by 1e-6", {(x, y): covariance[x, y] * (1 + sp.Rational(1, 10**6))}),
    ):
        changed = replace(problem, covariance={**covariance, **wrong})
        yield f"{what} in the generator", replace(hjb, problem=changed)
    changed = replace(problem, drift={x: drift[y], y: drift[x]})
    yield "drifts swapped in the generator", replace(hjb, problem=changed)
    for part in ("correction", "settlement"):
        flipped = replace(hjb)
        # a cached property: what is stored under its name is its value
        vars(flipped)[part] = -getattr(hjb, part)
        yield f"sign of the {part} in the value's equation", flipped


def _other_games(game: Game) -> Iterator[tuple[str, Game]]:
    own, others = game.states
    B, p, x, sigma = symbols("B p x sigma")
    drifts = replace(own, drift=own.drift - 2 * B * p)
    yield "sign of the excess drift", replace(game, states=(drifts, others))
    doubled = replace(own, loadings={**own.loadings, "W_0": 2 * sigma * p})
    yield "factor 2 in the common volatility", replace(game, states=(doubled, others))
    slightly = replace(others, drift=others.drift * (1 + sp.Rational(1, 10**6)))
    yield "drift of the aggregate off by 1e-6", replace(game, states=(own, slightly))
    swapped = replace(
        others, loadings=dict(zip(others.loadings, reversed([*others.loadings.values()])))
    )
    yield "loadings of the aggregate swapped", replace(game, states=(own, swapped))
    preference = game.preference
    square = preference.aggregate.xreplace({x: 2 * x})
    yield (
        "factor 2 in the weight on the mean",
        game.preferring(replace(preference, aggregate=square)),
    )
    first, second = preference.moments
    mirrored = replace(first, payoff=first.payoff.xreplace({symbol("theta"): -symbol("theta")}))
    yield (
        "sign of the competition weight",
        game.preferring(replace(preference, moments=(mirrored, second))),
    )


def _in_limit(finite: Published, infinite: Published) -> Iterator[Planted]:
    form = finite.derivation.form
    clean = partial(limit_checks, finite, infinite)
    for name in symbols("p2 c k1 k2 k3"):
        wrong = tampered(form, name, lambda e: e * (1 + sp.Rational(1, 10**6)))
        yield Planted(
            "limit",
            infinite.name,
            f"off by 1e-6 in {name} of {finite.name}",
            partial(limit_checks, finite, infinite, wrong),
            clean,
        )
