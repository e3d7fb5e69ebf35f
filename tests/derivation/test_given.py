"""The notion given: averages over the others are frozen, and the strategy is a fixed point."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

from declared import A, B, a, abar, f0, f1, herd, m, number, rho, s, w, x
from eqsolve import registry
from eqsolve.derivation.derivation import derive
from eqsolve.errors import DerivationError
from eqsolve.game import Ansatz, Crowd, Game, Horizon, Law, Model, Player, State, expected
from eqsolve.game.structure import build
from eqsolve.kernels.steps.kernel import model_kernel
from eqsolve.solve.solve import solve
from eqsolve.studies.limit import converge_model
from eqsolve.studies.sensitivity.model import model_sensitivity
from eqsolve.verify.model import verify
from eqsolve.verify.planted import self_test
from eqsolve.verify.proof import prove
from eqsolve.writing import write

SIZES = pytest.mark.parametrize("size", [None, 3])
KINDS = pytest.mark.parametrize(("size", "horizon"), [(None, False), (3, True)])


def stationary(size: int | None) -> tuple[float, float, float]:
    """By hand: slope of the response in x, in the frozen average, and what they come from.

    With the share 1/n of one's own, ``a = -alpha x + react g`` for
    ``alpha^2 + rho alpha = q - rho w/n`` and ``react = w / (rho + alpha)``.
    """
    share = 0.0 if size is None else 1 / size
    rate, push, weight = 0.1, 0.7, 2.0
    alpha = -rate / 2 + sqrt(rate**2 / 4 + weight - rate * push * share)
    return alpha, push / (rate + alpha), share


def fixed_point(alpha: float, react: float, share: float) -> dict[str, float]:
    """By hand: ``a = own x + others m`` is the response to the average that it implies."""
    own = -alpha / (1 + react * share)
    return {"x": own, "m": react * own / (1 - react * (1 - share)), "1": 0.0}


@SIZES
def test_strategy_is_the_fixed_point_by_hand(size: int | None) -> None:
    case = herd(size=size).cases["default"]
    answer = solve(herd, case, notion="given", size=size, at={"x": 1, "m": "1/2"})
    alpha, react, share = stationary(size)
    assert answer.ok
    assert answer.response["a"]["x"] == pytest.approx(-alpha, rel=1e-14)
    assert answer.response["a"]["others a"] == pytest.approx(react, rel=1e-14)
    wanted = fixed_point(alpha, react, share)
    for monomial in "xm":
        assert answer.strategy["a"][monomial] == pytest.approx(wanted[monomial], rel=1e-14)
    assert answer.at["a"] == pytest.approx(wanted["x"] + wanted["m"] / 2, rel=1e-14)


@SIZES
def test_a_finite_horizon_is_solved_at_every_time(size: int | None) -> None:
    share = 0.0 if size is None else 1 / size
    case = herd(size=size, horizon=True).cases["default"]
    weight, push, end = 2.0, 0.7, 1.0

    def rates(left: float, u: np.ndarray) -> list[float]:
        alpha = u[0] - push * share
        return [weight - alpha**2, -push - alpha * u[1]]

    time = 0.3
    run = solve_ivp(rates, (0, end - time), [0.4, 0.0], rtol=1e-12, atol=1e-14)
    alpha, react = run.y[0, -1] - push * share, -run.y[1, -1]
    answer = solve(herd, case, notion="given", size=size, at={"t": "0.3"})
    assert answer.response["a"]["x"] == pytest.approx(-alpha, rel=1e-10)
    wanted = fixed_point(alpha, react, share)
    for monomial in "xm":
        assert answer.strategy["a"][monomial] == pytest.approx(wanted[monomial], rel=1e-10)


@SIZES
def test_without_a_crowd_to_mind_it_is_the_feedback(size: int | None) -> None:
    case = {**herd(size=size).cases["default"], "w": "0"}
    given = solve(herd, case, notion="given", size=size)
    nash = solve(herd, case, notion="feedback", size=size)
    assert given.strategy["a"] == pytest.approx(nash.strategy["a"], rel=1e-14)


@KINDS
def test_the_derivation_is_proved_and_planted_errors_are_found(
    size: int | None, horizon: bool
) -> None:
    derivation = derive(herd(size=size, horizon=horizon))
    checks = prove(derivation)
    assert {c.verdict for c in checks} == {"pass"}
    assert any("response to itself" in c.name for c in checks)
    rows = self_test(derivation)
    assert any("strategy" in row.name for row in rows)
    assert [row.name for row in rows if row.verdict != "pass"] == []


@pytest.mark.parametrize("size", [pytest.param(None, marks=pytest.mark.full), 3])
def test_numbers_are_verified_by_every_method(size: int | None) -> None:
    model = herd(size=size)
    rows = verify(model, model.cases["default"], {"x": 1, "m": "1/2"})
    assert {row.kind for row in rows} >= {"exact", "ball", "spike", "monte-carlo"}
    assert [row.name for row in rows if row.verdict != "pass"] == []


def test_expectations_that_only_play_makes_grow_are_found() -> None:
    # the response alone is stable; if everybody plays it the mean grows
    case = {**herd().cases["default"], "w": "1.6"}
    answer = solve(herd, case, notion="given")
    assert answer.status.label == "infinite-variance"
    assert "everybody plays" in answer.message


def test_a_singular_fixed_point_is_degenerate() -> None:
    # alpha^2 + rho alpha = q has the root 1 at q = 1.1, so that w = 1.1 makes react one
    case = {**herd().cases["default"], "q": "1.1", "w": "1.1"}
    answer = solve(herd, case, notion="given")
    assert answer.status.label == "degenerate"


@KINDS
def test_kernels_agree(size: int | None, horizon: bool) -> None:
    model = herd(size=size, horizon=horizon)
    case = model.cases["default"]
    kernel = model_kernel(derive(model))
    inputs = {name: float(number(value)) for name, value in case.items()}
    rows = kernel.evaluate({**inputs, "w": np.array([0.7, 0.2]), "x": 1.0, "m": 0.5})
    assert not rows["status"].any()
    for column, push in enumerate(["0.7", "0.2"]):
        at = {"x": 1, "m": "1/2"}
        answer = solve(model, {**case, "w": push}, at=at)
        assert rows["a_x"][column] == pytest.approx(answer.strategy["a"]["x"], rel=1e-10)
        assert rows["a_m"][column] == pytest.approx(answer.strategy["a"]["m"], rel=1e-10)
        assert rows["a"][column] == pytest.approx(answer.at["a"], rel=1e-10)
        assert rows["V"][column] == pytest.approx(answer.at["V"], rel=1e-10)


@KINDS
def test_derivatives_are_those_of_solutions_nearby(size: int | None, horizon: bool) -> None:
    model = herd(size=size, horizon=horizon)
    case, at, step = model.cases["default"], {"x": 1, "m": "1/2"}, 1e-4
    found = model_sensitivity(model, case, at=at, parameters=["w"])
    up, down = (solve(model, {**case, "w": 0.7 + h}, at=at) for h in (step, -step))
    for name in ("a", "V"):
        slope = (up.at[name] - down.at[name]) / (2 * step)
        assert found.derivatives[name]["w"] == pytest.approx(slope, rel=1e-6)


def test_it_is_written_with_the_averages_and_the_fixed_point() -> None:
    text = write(derive(herd()))
    assert "takes averages over the others as given" in text
    assert "<a> = " in text
    assert "a.x = f1" in text
    latex = write(derive(herd()), "latex")
    assert r"\overline{a}" in latex
    assert "others" not in latex.split(r"\begin{document}")[1].replace("the others", "")


def declared(drift: sp.Expr, crowd: Crowd | None = Crowd("one"), laws: bool = True) -> Model:
    """A game of given averages with another drift."""
    source = herd()
    return Model(
        Game(
            "odd",
            (State(x, drift, {"W": s}),),
            (Player("one", (a,), expected((x**2 + a**2) / 2, sense="minimize"), rho),),
            Horizon(),
            laws=(Law(m, x), Law(abar, a)) if laws else (),
            crowd=crowd,
            notion="given",
        ),
        Ansatz({"J": A * x**2 / 2 + B}, {a: f1 * x + f0}),
        source.vocabulary,
    )


def test_what_is_not_affine_is_refused() -> None:
    with pytest.raises(DerivationError, match="no polynomial in the averages") as error:
        derive(declared(a + w * abar * x))
    assert error.value.stage == "given"
    assert "feedback" in error.value.remedy


def test_there_must_be_others() -> None:
    with pytest.raises(DerivationError, match="needs a crowd"):
        derive(declared(a, crowd=None, laws=False))


def test_an_average_that_does_not_close_is_refused() -> None:
    # the response has the state, and the average of its square is followed by nobody
    model = declared(a)
    law = Law(abar, x * a)
    game = Game(
        "odd",
        (State(x, a + w * abar, {"W": s}),),
        model.game.players,
        Horizon(),
        laws=(Law(m, x), law),
        crowd=Crowd("one"),
        notion="given",
    )
    form = Ansatz({"J": A * x**2 / 2 + B * x + sp.Symbol("C")}, {a: f1 * x + f0})
    with pytest.raises(DerivationError, match="needs the mean of x\\*\\*2"):
        derive(Model(game, form, model.vocabulary))


def test_finitely_many_converge_to_the_continuum() -> None:
    found = converge_model(herd, herd().cases["default"], [10, 1000], notion="given")
    limit = fixed_point(*stationary(None))
    many = 10**7
    there = fixed_point(*stationary(many))
    assert found.constants == "derived"
    for monomial in "xm":
        assert found.limit[f"a.{monomial}"] == pytest.approx(limit[monomial], rel=1e-14)
        slope = many * (there[monomial] - limit[monomial])
        assert found.rate_constants[f"a.{monomial}"] == pytest.approx(slope, rel=1e-5)


def test_an_average_and_its_opposite_are_one_letter() -> None:
    """Exit drains the own state and, by -a, the average one: one number is given, not two."""
    model = build(registry.resolve("exit-externality").exported, {}, notion="given")
    derivation = derive(model)
    assert derivation.fixed is not None
    assert len(derivation.fixed.averages) == 1
    assert {c.verdict for c in prove(derivation)} == {"pass"}
