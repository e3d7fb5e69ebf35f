"""The derivation engine: identities, residuals, and planted errors that must be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sympy as sp

from eqsolve.arithmetic.algebra import collect, is_zero
from eqsolve.derivation.closed_form import ClosedForm, Definition
from eqsolve.derivation.identity import GeneralHJB
from eqsolve.derivation.problem import problems
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.errors import DerivationError
from eqsolve.game import Game, Horizon, Moment, Player, Preference, State, t
from eqsolve.notated.ansatz import Ansatz
from eqsolve.notated.closed_loop import closed_loop_system
from eqsolve.notated.derivation import derive
from eqsolve.notated.matching import insert, match
from eqsolve.notated.notation import Notation
from eqsolve.notated.problem import faced
from eqsolve.notated.solving import solve
from eqsolve.notated.value import _prove
from eqsolve.registry import model

GAMES = ("best-response", "n-agent", "mean-field")


def _mutated(form: ClosedForm, name: str, change: sp.Expr) -> ClosedForm:
    """Replace the definition of one symbol by ``change``."""
    definitions = tuple(
        replace(d, expression=change) if d.symbol.name == name else d for d in form.definitions
    )
    return replace(form, definitions=definitions)


@pytest.mark.parametrize("game", GAMES)
def test_identity_holds_for_every_control(game: str) -> None:
    hjb = model(game).derivation.hjb
    assert hjb.prove_identity() == 0
    assert hjb.hamiltonian.has(hjb.game.control)


@pytest.mark.parametrize("game", GAMES)
def test_residual_of_every_coefficient_equation_is_zero(game: str) -> None:
    derivation = model(game).derivation
    assert len(derivation.system.equations) == 12
    for equation in derivation.system.equations:
        assert derivation.form.vanishes(equation.expression)


@pytest.mark.parametrize("game", GAMES)
def test_published_forms_are_the_derived_ones(game: str) -> None:
    declared = model(game)
    for name, expression in declared.published.items():
        assert declared.derivation.form.vanishes(declared.derivation.form[name] - expression)


def test_best_response_publishes_its_forms() -> None:
    assert len(model("best-response").published) == 10


@pytest.mark.parametrize("name", ["p2", "c", "h11", "q3", "Qb", "Qs", "d", "h10", "h02", "h00"])
@pytest.mark.parametrize(
    "distort",
    [
        pytest.param(lambda e: -e, id="sign"),
        pytest.param(lambda e: 2 * e, id="factor"),
        pytest.param(lambda e: e * (1 + sp.Rational(1, 10**6)), id="coefficient"),
        pytest.param(lambda e: e + symbol("theta") * symbol("gamma"), id="term"),
    ],
)
def test_planted_error_in_a_solution_leaves_a_residual(
    name: str, distort: Callable[[sp.Expr], sp.Expr]
) -> None:
    derivation = model("best-response").derivation
    form = derivation.response
    broken = _mutated(form, name, distort(form[symbol(name)]))
    equations = derivation.system.equations
    assert not all(broken.vanishes(e.expression) for e in equations)


@pytest.mark.parametrize("name", ["C3", "C2", "C1", "C0"])
def test_planted_error_in_the_cubic_leaves_a_residual(name: str) -> None:
    derivation = model("best-response").derivation
    form = derivation.response
    broken = _mutated(form, name, form[symbol(name)] * (1 + sp.Rational(1, 10**6)))
    stationarity = derivation.system.equation(symbol("p1")).expression
    assert form.vanishes(stationarity)
    assert not broken.vanishes(stationarity)


def test_planted_error_in_the_value_is_seen() -> None:
    derivation = model("best-response").derivation
    hjb = derivation.hjb
    good = derivation.value.by_moments
    control = hjb.game.control
    curvature = sp.expand(-hjb.second_order_condition)
    maximized = sp.expand(hjb.hamiltonian.doit()).subs(control, 0) + curvature / 2 * control**2
    lines = collect(insert(hjb, derivation.system.ansatz, maximized), hjb.game.state_symbols)
    _prove(derivation.system, good, lines)
    for k, definition in enumerate(good):
        wrong = list(good)
        wrong[k] = replace(definition, expression=definition.expression * sp.Rational(1001, 1000))
        with pytest.raises(DerivationError, match="two forms"):
            _prove(derivation.system, tuple(wrong), lines)


def test_wrong_identity_is_refused() -> None:
    game = model("best-response").game

    class Wrong(GeneralHJB):
        @property
        def settlement(self) -> sp.Expr:
            return 2 * self.value

    with pytest.raises(DerivationError, match="differs"):
        Wrong.of(faced(game)).prove_identity()


def test_assumptions_are_listed() -> None:
    form = model("n-agent").derivation.form
    named = {str(e) for e in form.nonzero}
    assert named == set("D1 D2 Delta Delta2 E0 E1 E2 S W kappa gamma lambda".split())


def test_ansatz_that_does_not_close_is_named() -> None:
    declared = model("best-response")
    x = symbol("x")
    small = replace(
        declared.ansatz,
        functions={**declared.ansatz.functions, "H": symbol("h20") * x**2 + symbol("h00")},
    )
    with pytest.raises(DerivationError, match="best-response, matching: the ansatz of H"):
        match(GeneralHJB.of(faced(declared.game)), small)


def _regulator() -> Game:
    """A discounted linear-quadratic regulator: a running reward and no payoff."""
    x, p, lam, s2 = symbols("x p lambda s2")
    cost = Moment("R", payoff=sp.S.Zero, running=-(x**2 + p**2) / 2)
    return Game(
        "regulator",
        (State(x, drift=p, loadings={"own": sp.sqrt(s2)}),),
        (Player("one", (p,), Preference((cost,), cost.symbol)),),
        Horizon(lam),
    )


def test_running_rewards_go_through_the_same_engine() -> None:
    x, p1, lam, s2 = symbols("x p1 lambda s2")
    A1, A6, h20, h00 = symbols("A1 A6 h20 h00")
    ansatz = Ansatz({"R": h20 * x**2 + h00}, {symbol("p"): p1 * x}, A1 * x**2 + A6)
    notation = Notation(polynomial={p1: symbols("C2 C1 C0")}, positive=lam)
    derivation = derive(_regulator(), ansatz, notation)
    form = derivation.form
    # Riccati: h20 = p1/2 and p1^2 - lambda p1 - 1 = 0
    polynomial = form[p1].xreplace({s: form[s] for s in symbols("C2 C1 C0")})
    assert is_zero(polynomial / sp.Poly(polynomial, p1).LC() - (p1**2 - lam * p1 - 1))
    assert form.vanishes(h20 - p1 / 2)
    assert form.vanishes(h00 - s2 * h20 / lam)
    assert not form.vanishes(h00 - 2 * s2 * h20 / lam)


def test_identity_holds_for_games_that_discount() -> None:
    x, p, rate = sp.symbols("x p rate")
    mean, square = Moment("G", x), Moment("H", x**2, running=p * x)
    preference = Preference((mean, square), mean.symbol + x * (square.symbol - mean.symbol**2))
    states = (State(x, drift=p, loadings={"own": x + p}),)
    game = Game("other", states, (Player("one", (p,), preference, rate),), Horizon(end=sp.S.One))
    (problem,) = problems(game)
    assert GeneralHJB.of(problem, t).prove_identity() == 0
    assert GeneralHJB.of(problem, t).hamiltonian.has(rate)


def test_time_dependent_hazard_keeps_the_time_derivative() -> None:
    declared = model("best-response")
    rate = sp.Function("lambda")(symbol("t"))
    game = replace(declared.game, horizon=Horizon(rate))
    hjb = GeneralHJB.of(faced(game), symbol("t"))
    assert hjb.prove_identity() == 0
    assert hjb.moment_equation(next(iter(hjb.moments))).has(sp.Derivative)
    assert symbol("t") in hjb.arguments


def test_payoff_must_not_depend_on_the_control() -> None:
    game = _regulator()
    wrong = Moment("R", payoff=symbol("p"))
    with pytest.raises(DerivationError, match="depends on a control"):
        faced(game.preferring(Preference((wrong,), wrong.symbol)))


def test_coupled_feedback_is_refused_with_a_remedy() -> None:
    declared = model("n-agent")
    assert declared.crowd is not None
    system = closed_loop_system(declared.game, declared.crowd, declared.ansatz)
    with pytest.raises(DerivationError, match="coupled"):
        solve(system, declared.notation)


def test_definitions_come_in_order_of_use() -> None:
    for game in GAMES:
        form = model(game).derivation.form
        seen = set(form.parameters)
        for definition in form.definitions:
            assert definition.expression.free_symbols <= seen | {definition.symbol}
            seen.add(definition.symbol)


def test_derivations_are_deterministic() -> None:
    declared = model("mean-field")
    again = replace(declared).derivation
    assert again is not declared.derivation and again.form == declared.derivation.form


def test_root_is_defined_by_its_polynomial() -> None:
    form = model("n-agent").derivation.form
    root = form.table[symbol("p1")]
    assert isinstance(root, Definition)
    assert root.is_root
    assert [s.name for s in root.polynomial] == ["C3", "C2", "C1", "C0"]
