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
from eqsolve.derivations.mean_variance.relative_wealth import model
from eqsolve.prove.check import check
from eqsolve.prove.coq import source
from eqsolve.prove.statement import ForAll, Hypothesis, Relation, Theorem
from eqsolve.prove.together import SIZE, stationary


def planned() -> Derivation:
    return derived(model("planner"))


def played(derivation: Derivation, wrong: Mapping[str, sp.Expr]) -> Theorem | str:
    """The theorem with errors in some coefficients of the feedback."""
    feedback = {s: e + wrong.get(s.name, 0) for s, e in derivation.system.feedback.items()}
    system = replace(derivation.system, feedback=feedback)
    return stationary(replace(derivation, system=system))


def test_no_deviation_by_all_gains_at_the_feedback_and_at_no_other() -> None:
    derivation = planned()
    right = played(derivation, {})
    assert isinstance(right, Theorem) and right.name == "first_order_pi"
    assert {"linear", "mean", "H_others0", "H_p1"} <= {h.name for h in right.hypotheses}
    for coefficient in ("p1", "p2", "p3"):
        wrong = played(derivation, {coefficient: sp.Symbol("m") / 7})
        assert isinstance(wrong, str) and "no identity" in wrong


@pytest.mark.full
@pytest.mark.skipif(
    shutil.which("coqc") is None and "EQSOLVE_REQUIRE_TOOLS" not in os.environ,
    reason="coqc is not installed",
)
def test_coq_refuses_that_the_others_stay_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQSOLVE_CACHE_DIR", str(tmp_path / "cache"))
    right = stationary(planned())
    assert isinstance(right, Theorem)

    def still(one: Hypothesis) -> Hypothesis:
        claim = one.statement
        if not one.name.startswith("H_others"):
            return one
        assert isinstance(claim, ForAll) and isinstance(claim.statement, Relation)
        alone = claim.statement.right.xreplace({SIZE: sp.S.Zero})
        return replace(
            one, statement=replace(claim, statement=replace(claim.statement, right=alone))
        )

    wrong = replace(right, hypotheses=tuple(map(still, right.hypotheses)))
    proved = {
        word: [v.proved for v in check({word: source(word, [theorem])})]
        for word, theorem in (("right", right), ("wrong", wrong))
    }
    assert proved == {"right": [True], "wrong": [False]}
