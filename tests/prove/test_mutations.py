"""Errors planted in theorems are refused by Coq, and a theorem that is right is not."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace

import pytest
import sympy as sp

from eqsolve.prove.algebraic import Known, theorem
from eqsolve.prove.statement import Hypothesis, Relation, Theorem
from prove import models, mutations

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


@needs_coq
def test_an_accepted_error_would_be_seen() -> None:
    """A theorem that is right, planted as an error, is reported."""
    told = mutations.Mutant("definition", "some", right())
    wrong = replace(right(), conclusion=Relation(a * y - 2 * b * x, "="))
    texts = [("one", told.text("one")), ("two", mutations.Mutant("c", "some", wrong).text("two"))]
    assert mutations.accepted(texts) == ["one"]


@needs_coq
def test_an_assumption_that_is_not_needed_is_named() -> None:
    more = (*right().hypotheses, Hypothesis("more", Relation(b, "<>")))
    found = mutations.needless([("some", replace(right(), hypotheses=more))])
    assert found == ["some: linear does without more"]


@needs_coq
@pytest.mark.full
def test_planted_errors_of_all_games_are_refused() -> None:
    found, wrong, missing = mutations.tried(mutations.of_all_games(), 200, seed=1)
    assert len(found) == 200 and {m.kind for m in found} == {*mutations.KINDS}
    assert not wrong and not missing
