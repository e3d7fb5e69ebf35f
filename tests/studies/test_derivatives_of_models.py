"""Exact derivatives of declared models against differences of certified solutions."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp

import declared
from eqsolve.errors import InputError
from eqsolve.game import Crowd, Model, Vocabulary
from eqsolve.solve.solve import solve
from eqsolve.studies.expansion import Expansion, expand
from eqsolve.studies.limit import converge_model
from eqsolve.studies.sensitivity.model import model_sensitivity

MODELS = {
    "tracker": (declared.TRACKER, declared.TRACKER.cases["default"], {"x": "2"}),
    "crowd": (declared.crowd, declared.CROWD, {"x": "1", "m": "0.5"}),
    "jumper": (declared.JUMPER, declared.JUMPER.cases["default"], {"x": "1"}),
}


@pytest.mark.parametrize("name", MODELS)
def test_derivatives_are_limits_of_differences(name: str) -> None:
    """Central differences of step 1e-5 leave an error of the order 1e-10 of third derivatives."""
    source, values, at = MODELS[name]
    found = model_sensitivity(source, values, at=at)
    assert found.ok
    for parameter in values:
        step = Fraction(1, 10**5)
        up, down = (
            solve(source, {**values, parameter: Fraction(values[parameter]) + sign * step}, at=at)
            for sign in (1, -1)
        )
        for output, row in found.derivatives.items():
            if output in up.coefficients:
                pair = up.coefficients[output], down.coefficients[output]
            elif output in up.at:
                pair = up.at[output], down.at[output]
            else:
                continue
            slope = (pair[0] - pair[1]) / float(2 * step)
            assert row[parameter] == pytest.approx(slope, rel=2e-6, abs=2e-6), (output, parameter)


def test_a_dropped_term_would_be_seen() -> None:
    """The derivative in T is the rate at the start of the horizon: not zero, and not doubled."""
    found = model_sensitivity(declared.crowd, declared.CROWD, at={"x": "1", "m": "0.5"})
    a = found.values["A"]
    assert found.derivatives["A"]["T"] == pytest.approx(2 - a**2, rel=1e-12)


def test_the_strategy_of_a_crowd_converges_like_one_over_n() -> None:
    study = converge_model(declared.crowd, declared.CROWD, [4, 40, 400, 4000, 10**6])
    assert study.order == pytest.approx(1, abs=0.05)
    assert (study.constants, study.leading_order) == ("derived", 1.0)
    n, row = study.rows[-1]
    for name, constant in study.rate_constants.items():
        assert n * (row[name] - study.limit[name]) == pytest.approx(constant, rel=1e-5)


def test_constants_are_extrapolated_where_n_is_no_symbol_and_the_reason_is_said() -> None:
    def numbered(size: int | None = None) -> Model:
        model = declared.crowd(size=size)
        if size is None:
            return model
        count = {declared.n: sp.Integer(size)}
        rest = [letter for letter in model.vocabulary if letter.symbol != declared.n]
        crowd = Crowd("member", sp.Integer(size))
        return replace(
            model,
            game=replace(model.game, crowd=crowd),
            vocabulary=Vocabulary(*rest),
            ansatz=replace(
                model.ansatz,
                feedback={c: f.xreplace(count) for c, f in model.ansatz.feedback.items()},
            ),
        )

    study = converge_model(numbered, declared.CROWD, [1000, 10**5])
    assert study.constants == "extrapolated" and "no symbol" in study.why
    assert study.leading_order is None
    derived = converge_model(declared.crowd, declared.CROWD, [4])
    for name, constant in derived.rate_constants.items():
        assert study.rate_constants[name] == pytest.approx(constant, rel=1e-4)


def test_an_expansion_from_another_limit_is_no_expansion() -> None:
    """The continuum's strategy with a planted error of 1e-6 is not what the equations tend to."""
    limit = converge_model(declared.crowd, declared.CROWD, [4]).limit
    model = declared.crowd(size=4)
    assert isinstance(expand(model, declared.CROWD, limit, None), Expansion)
    planted = {name: value + 1e-6 for name, value in limit.items()}
    assert "another limit" in str(expand(model, declared.CROWD, planted, None))


def test_what_has_no_crowd_is_refused() -> None:
    with pytest.raises(InputError, match="no crowd whose size can vary"):
        converge_model(declared.TRACKER, declared.TRACKER.cases["default"], [2])
