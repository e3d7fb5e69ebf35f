"""The equilibrium of any number of agents who differ, as theorems with sums over them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import sympy as sp

from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.derivations.mean_variance.agents import ANY
from eqsolve.derivations.mean_variance.declaration import NOTATION
from eqsolve.prove.check import check
from eqsolve.prove.coq import Writer, source
from eqsolve.prove.needless import counterexample
from eqsolve.prove.statement import ForAll, Hypothesis, Relation, Theorem
from eqsolve.prove.totals import Totals

Change = Callable[[sp.Expr], sp.Expr]


@cache
def stated() -> Totals:
    """What follows from the responses, whatever their closed forms are."""
    form = ANY.equilibrium(ClosedForm((), ()), NOTATION.parts)
    return Totals(form, ANY, NOTATION.parts)


def wrong(letter: str, change: Change) -> Totals:
    """The same with an error in one definition of the closed form."""
    right = stated()
    definitions = tuple(
        replace(d, expression=change(d.expression)) if str(d.symbol) == letter else d
        for d in right.form.definitions
    )
    return replace(right, form=replace(right.form, definitions=definitions))


def theorems(of: Totals) -> list[Theorem | str]:
    averages = of.types.averages.values()
    return [*(of.average(a.total, a.load) for a in averages), of.position()]


def proved(of: Totals) -> list[Theorem]:
    found = [one for one in theorems(of) if isinstance(one, Theorem)]
    assert len(found) == 3
    return found


def test_averages_are_sums_over_any_number_of_agents() -> None:
    first, second, third = proved(stated())
    text = Writer().theorem(first)
    assert "(n : nat) (B : nat -> R)" in text
    assert "(H_BQb : BQb = sum_f 1 n (fun i => B i * Qb i * u i * w i))" in text
    assert "(H_position : forall i : nat, pi i = (M_b * Qb i + M_s * Qs i + P i) * u i)" in text
    assert "M_b = sum_f 1 n (fun i => B i * pi i * w i)." in text
    assert "M_s = sum_f 1 n (fun i => pi i * sigma i * w i)." in Writer().theorem(second)
    assert {h.name for h in third.hypotheses} == {"H_u_k", "H_P_k", "H_pi_k", "nonzero_1"}


@pytest.mark.parametrize(
    ("letter", "change"),
    [
        ("M_b", lambda e: -e),
        ("Omega", lambda e: e + 1),
        ("BQs", lambda e: sp.Sum(2 * e.function, *e.limits)),
        ("u_k", lambda e: 1 / (1 / e - 2)),
        ("pi_k", lambda e: e + sp.Symbol("P_k")),
    ],
)
def test_an_error_in_the_closed_form_leaves_no_theorem(letter: str, change: Change) -> None:
    """In an average, the determinant, a weight, a reaction and a position."""
    found = theorems(wrong(letter, change))
    assert any(isinstance(one, str) and "no" in one for one in found)


def test_what_averages_need_is_shown_by_two_agents() -> None:
    first, *_ = proved(stated())
    for name in (h.name for h in first.hypotheses):
        assert counterexample(first, name) is not None, name


def planted(right: Theorem, name: str, change: Change) -> Theorem:
    """A theorem with an error in one hypothesis, or in the conclusion if none has the name."""

    def changed(one: Relation) -> Relation:
        return replace(one, right=change(one.right))

    def other(h: Hypothesis) -> Hypothesis:
        if h.name != name:
            return h
        if isinstance(h.statement, ForAll):
            assert isinstance(h.statement.statement, Relation)
            inner = replace(h.statement, statement=changed(h.statement.statement))
            return replace(h, statement=inner)
        assert isinstance(h.statement, Relation)
        return replace(h, statement=changed(h.statement))

    hypotheses = tuple(map(other, right.hypotheses))
    if hypotheses != right.hypotheses:
        return replace(right, hypotheses=hypotheses)
    assert isinstance(right.conclusion, Relation)
    return replace(right, conclusion=changed(right.conclusion))


@pytest.mark.full
@pytest.mark.skipif(
    shutil.which("coqc") is None and "EQSOLVE_REQUIRE_TOOLS" not in os.environ,
    reason="coqc is not installed",
)
def test_coq_refuses_planted_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a coefficient, a weight and a sign of the fixed point."""
    monkeypatch.setenv("EQSOLVE_CACHE_DIR", str(tmp_path / "cache"))
    first, second, third = proved(stated())
    told = {
        "average": first,
        "other": second,
        "position": third,
        "weight": planted(first, "", lambda e: sp.Sum(2 * e.function, *e.limits)),
        "summand": planted(first, "H_BQb", lambda e: sp.Sum(-e.function, *e.limits)),
        "played": planted(second, "H_position", lambda e: -e),
        "determinant": planted(second, "H_Omega", lambda e: e - 1),
        "sign": planted(third, "", lambda e: -e),
        "coefficient": planted(third, "H_P_k", lambda e: 2 * e),
    }
    proofs = {v.file: v.proved for v in check({w: source(w, [e]) for w, e in told.items()})}
    assert proofs == {name: k < 3 for k, name in enumerate(told)}
