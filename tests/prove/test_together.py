"""The average gain rate of a deviation by all players at once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp

from eqsolve.derivation.derivation import Derivation, derived
from eqsolve.derivation.tax import tax
from eqsolve.derivations.mean_variance.relative_wealth import model
from eqsolve.prove import together
from eqsolve.prove.check import check
from eqsolve.prove.coq import NotStatedError, source
from eqsolve.prove.statement import ForAll, Hypothesis, Relation
from eqsolve.prove.together import SIZE, Together, taxed


def planned() -> Derivation:
    return derived(model("planner"))


def played(derivation: Derivation, wrong: Mapping[str, sp.Expr]) -> Together:
    """What is stated with errors in some coefficients of the feedback."""
    feedback = {s: e + wrong.get(s.name, 0) for s, e in derivation.system.feedback.items()}
    system = replace(derivation.system, feedback=feedback)
    return Together(replace(derivation, system=system))


def test_no_deviation_by_all_gains_at_the_feedback_and_at_no_other() -> None:
    derivation = planned()
    right = played(derivation, {})
    first, second = right.stationary(), right.maximal()
    assert (first.name, second.name) == ("first_order_pi", "second_order")
    assert {"linear", "mean", "H_others0", "H_p1"} <= {h.name for h in first.hypotheses}
    assert {"variance", "alone", "together"} <= {h.name for h in second.hypotheses}
    for coefficient in ("p1", "p2", "p3"):
        with pytest.raises(NotStatedError, match="no identity"):
            played(derivation, {coefficient: sp.Symbol("m") / 7})
    for k, bend in enumerate(right.bends):
        right.bends[k] = bend + 1
        with pytest.raises(NotStatedError, match="second derivatives"):
            right.maximal()
        right.bends[k] = bend


def test_with_the_tax_a_player_alone_stays_and_with_another_tax_nothing_is_stated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    derivation = planned()
    owed = tax(derivation)
    assert owed is not None
    (stated,) = (make() for make in taxed(derivation))
    assert stated.name == "taxed_pi"
    assert {"H_p1", "H_p2", "H_p3", "slope_G_x"} <= {h.name for h in stated.hypotheses}
    for wrong in ((2 * owed.rates[0],), (-owed.rates[0],), (sp.S.Zero,)):
        other = replace(owed, rates=wrong)
        monkeypatch.setattr(together, "tax", lambda _, other=other: other)
        (said,) = (make() for make in taxed(derivation))
        assert isinstance(said, str) and "no identity was found" in said


def still(one: Hypothesis) -> Hypothesis:
    """An assumption where what the others do does not move."""
    claim = one.statement
    if not one.name.startswith("H_others"):
        return one
    assert isinstance(claim, ForAll) and isinstance(claim.statement, Relation)
    unmoved = replace(claim.statement, right=claim.statement.right.xreplace({SIZE: sp.S.Zero}))
    return replace(one, statement=replace(claim, statement=unmoved))


@pytest.mark.full
@pytest.mark.skipif(
    shutil.which("coqc") is None and "EQSOLVE_REQUIRE_TOOLS" not in os.environ,
    reason="coqc is not installed",
)
def test_coq_refuses_that_the_others_stay_where_they_are_and_that_less_is_assumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQSOLVE_CACHE_DIR", str(tmp_path / "cache"))
    stated = Together(planned())
    first, second = stated.stationary(), stated.maximal()
    fewer = tuple(h for h in second.hypotheses if h.name != "together")
    told = {
        "right": first,
        "unmoved": replace(first, hypotheses=tuple(map(still, first.hypotheses))),
        "fewer": replace(second, hypotheses=fewer),
    }
    proved = {v.file: v.proved for v in check({w: source(w, [e]) for w, e in told.items()})}
    assert proved == {"right": True, "unmoved": False, "fewer": False}
