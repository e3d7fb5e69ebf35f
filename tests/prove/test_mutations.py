"""Errors planted in theorems are refused by Coq, and a theorem that is right is not."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp

import eqsolve
from eqsolve.prove import points as models
from eqsolve.prove.algebraic import Known, theorem
from eqsolve.prove.needless import accepted, counterexample, lean
from eqsolve.prove.run import run
from eqsolve.prove.statement import Hypothesis, Relation, Theorem
from prove import mutations

needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason="coqc is not installed")
x, y, a, b = sp.symbols("x y a b")


def right() -> Theorem:
    """``y`` solves ``a y = b x`` where ``y`` is ``b x / a``."""
    found = theorem("linear", "", Relation(a * y - b * x, "="), Known({y: b * x / a}))
    assert isinstance(found, Theorem)
    return found


def test_points_tell_an_error_from_what_is_the_same() -> None:
    rng = random.Random(0)
    assert models.point(right(), rng) is None
    wrong = replace(right(), conclusion=Relation(a * y - 2 * b * x, "="))
    assert models.point(wrong, rng) is not None
    same = replace(right(), conclusion=Relation(2 * a * y - 2 * b * x, "="))
    assert models.point(same, rng) is None


def test_an_assumption_is_needed_at_a_point() -> None:
    """Without ``a <> 0``, at ``a = 0``: y is b x/0, that is 0, and 0 is not b x."""
    found = counterexample(right(), "nonzero_1")
    assert found is not None
    assert found.numbers[a] == 0
    assert found.numbers[b] * found.numbers[x] != 0
    assert all(isinstance(value, Fraction) for value in found.numbers.values())
    more = (*right().hypotheses, Hypothesis("more", Relation(b, "<>")))
    assert counterexample(replace(right(), hypotheses=more), "more") is None


@needs_coq
def test_an_accepted_error_would_be_seen() -> None:
    """A theorem that is right, planted as an error, is reported."""
    told = mutations.Mutant("definition", "some", right())
    wrong = replace(right(), conclusion=Relation(a * y - 2 * b * x, "="))
    texts = [("one", told.text("one")), ("two", mutations.Mutant("c", "some", wrong).text("two"))]
    assert accepted(texts) == ["one"]


@needs_coq
def test_an_assumption_that_is_not_needed_is_named() -> None:
    more = (*right().hypotheses, Hypothesis("more", Relation(b, "<>")))
    (found,), needs = lean([replace(right(), hypotheses=more)])
    verdicts = {need.assumption: need.verdict for need in needs}
    assert verdicts == {"H_y": "needed", "nonzero_1": "needed", "more": "needless"}
    assert found == right()


@needs_coq
def test_a_needless_assumption_of_a_game_is_left_out() -> None:
    """One that is planted is found, and what a proof needs is kept, with a point that shows it."""
    (game,) = eqsolve.prove("regulator").proofs
    (chapter,) = (c for c in game.chapters if c.name == "solution")
    first, *others = chapter.theorems
    planted = Hypothesis("planted", Relation(first.letters[0], "<>"))
    wider = replace(first, hypotheses=(*first.hypotheses, planted))
    more = replace(game, chapters=(replace(chapter, theorems=(wider, *others)),))
    found = run([more], needless=True)
    assert found.proofs[0].theorems == chapter.theorems
    told = list(found.lines())
    assert f"regulator: left out, needless. planted of {first.name}" in told
    assert not any("not decided." in line for line in told)
    rows = found.to_dict()[0]["theorems"][0]["assumptions"]
    assert rows.pop("planted") == {"verdict": "needless", "point": {}}
    assert rows and all(r["verdict"] == "needed" and r["point"] for r in rows.values())


@needs_coq
@pytest.mark.full
def test_planted_errors_of_all_games_are_refused() -> None:
    found, wrong, missing = mutations.tried(mutations.of_all_games(), 200, seed=1)
    assert len(found) == 200 and {m.kind for m in found} == {*mutations.KINDS}
    assert not wrong and not missing
