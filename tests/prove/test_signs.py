"""Theorems about signs and counts of roots, and errors that Coq must not accept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp

from eqsolve.paper.proofs import roots, selection
from eqsolve.prove.check import check
from eqsolve.prove.coq import source
from eqsolve.prove.script import script, stated
from eqsolve.prove.statement import ForAll, Hypothesis, Joined, Line, Relation, Theorem
from eqsolve.prove.witness import VacuousError
from eqsolve.registry import model

needs_coq = pytest.mark.skipif(
    shutil.which("coqc") is None and "EQSOLVE_REQUIRE_TOOLS" not in os.environ,
    reason="coqc is not installed",
)

x, y = sp.symbols("x y")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQSOLVE_CACHE_DIR", str(tmp_path / "cache"))


def counts() -> list[Theorem]:
    """How many roots are admissible."""
    made = [maker() for maker in roots.theorems(model("best-response").derivation)]
    assert all(isinstance(one, Theorem) for one in made)
    return [one for one in made if isinstance(one, Theorem)]


@needs_coq
def test_the_counts_of_roots_are_proved() -> None:
    verdicts = list(check({"counts": source("counts", counts())}))
    assert len(verdicts) == 5 and all(v.accepted for v in verdicts), verdicts


@needs_coq
@pytest.mark.full
def test_the_selected_root_is_proved() -> None:
    made = [maker() for maker in selection.theorems(model("best-response").derivation)]
    found = [one for one in made if isinstance(one, Theorem)]
    verdicts = list(check({"selection": source("selection", found)}))
    assert len(verdicts) == len(made) == 9 and all(v.accepted for v in verdicts), verdicts


def planted(right: Theorem) -> Iterator[Theorem]:
    """A theorem without one of its assumptions about signs, and with the opposite sign."""
    for k, hypothesis in enumerate(right.hypotheses):
        if not hypothesis.name.startswith("H_"):
            yield replace(right, hypotheses=(*right.hypotheses[:k], *right.hypotheses[k + 1 :]))
    assert isinstance(right.conclusion, ForAll)
    inner = right.conclusion.statement
    if isinstance(inner, Joined):
        last = inner.parts[-1]
        assert isinstance(last, Relation)
        flipped = replace(inner, parts=(*inner.parts[:-1], replace(last, relation=">")))
        yield replace(right, conclusion=replace(right.conclusion, statement=flipped))


@needs_coq
def test_without_an_assumption_or_with_a_wrong_sign_nothing_is_proved() -> None:
    edge, none = (one for one in counts() if isinstance(one.conclusion, ForAll))
    wrong = [*planted(edge), *planted(none)]
    assert len(wrong) == 7
    # introduced by name: a hypothesis that is not there must not be what Coq complains of
    wrong = [replace(one, script=(_introduction(one), *one.script[1:])) for one in wrong]
    sources = {f"wrong_{k}": source("wrong", [one]) for k, one in enumerate(wrong)}
    verdicts = list(check(sources))
    assert len(verdicts) == 7 and not any(v.proved for v in verdicts), verdicts


def _introduction(theorem: Theorem) -> Line:
    return stated(theorem.name, "", theorem.hypotheses, theorem.conclusion, ()).script[0]


def test_assumptions_that_contradict_each_other_are_refused() -> None:
    both = (Hypothesis("one", Relation(x, ">", y)), Hypothesis("two", Relation(x, "<", y)))
    with pytest.raises(VacuousError):
        stated("vacuous", "", both, Relation(x, "="), script("lra."))
