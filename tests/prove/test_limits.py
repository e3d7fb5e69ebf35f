"""Limits as a parameter grows: theorems that Coq accepts, and wrong ones that it refuses."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp

from eqsolve.prove.branch import Branch
from eqsolve.prove.check import check
from eqsolve.prove.coq import source
from eqsolve.prove.limits import Growing, by_limits
from eqsolve.prove.statement import Tends, Theorem

needs_coq = pytest.mark.skipif(
    shutil.which("coqc") is None and "EQSOLVE_REQUIRE_TOOLS" not in os.environ,
    reason="coqc is not installed",
)
a, b, f, g, h, p, q, lam = sp.symbols("a b f g h p q lambda")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQSOLVE_CACHE_DIR", str(tmp_path / "cache"))


def quotient(limit: sp.Expr = a / b) -> Theorem | None:
    """``f/(b + g)`` where ``f`` tends to ``a`` and ``g`` to 0."""
    known = Growing(lam, {h: f / (b + g)}, {f: a, g: sp.S.Zero})
    return by_limits("quotient", "a quotient", "", h, limit, known)


def along(end: sp.Expr = b) -> tuple[Theorem | None, Theorem | None]:
    """A root of ``lambda (p - b) + p^2`` that stays bounded, and ``lambda p/(lambda + p)``."""
    known = Growing(lam, {q: lam * p / (lam + p)}, {p: end})
    branch = Branch(known, p, lam * (p - b) + p**2)
    closed = replace(branch, known=replace(known, limits={p: end, q: end}))
    return branch.of_root("root", "a root", ""), closed.of_name("closed", "a form", "", q)


def wrong() -> Iterator[Theorem]:
    """Theorems with another limit, or without an assumption."""
    for right in (quotient(), along()[0]):
        assert right is not None and isinstance(right.conclusion, Tends)
        other = replace(right.conclusion, value=right.conclusion.value + 1)
        yield replace(right, name=f"other_{right.name}", conclusion=other)
        for k, one in enumerate(right.hypotheses):
            if one.name.startswith(("limit_f", "bounded")):
                fewer = (*right.hypotheses[:k], *right.hypotheses[k + 1 :])
                yield replace(right, name=f"without_{one.name}_{right.name}", hypotheses=fewer)


def test_what_tends_to_something_else_has_no_theorem() -> None:
    assert quotient(a) is None
    assert along(2 * b)[0] is None


@needs_coq
@pytest.mark.full
def test_coq_accepts_limits_and_refuses_wrong_ones() -> None:
    right = [one for one in (quotient(), *along()) if one is not None]
    planted = list(wrong())
    found = check({"right": source("", right), "wrong": source("", planted)})
    verdicts = {v.theorem: v.accepted for v in found}
    assert {name for name, accepted in verdicts.items() if accepted} == {r.name for r in right}
    assert len(right) == 3 and len(planted) == 4 and len(verdicts) == 7
