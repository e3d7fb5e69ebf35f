"""Expectations and integrals over time as theorems, and errors planted into them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import sympy as sp

from eqsolve import registry
from eqsolve.ledger import Display, Line
from eqsolve.operators import Along, Discount, Expectation, TimeIntegral, Variance
from eqsolve.prove.along import START
from eqsolve.prove.averages import Averaged
from eqsolve.prove.check import check
from eqsolve.prove.coq import source
from eqsolve.prove.dynkin import Expected
from eqsolve.prove.statement import Relation, Tends, Theorem

needs_coq = pytest.mark.skipif(
    shutil.which("coqc") is None and "EQSOLVE_REQUIRE_TOOLS" not in os.environ,
    reason="coqc is not installed",
)
GAME = "n-agent"
s, T = sp.symbols("s T")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQSOLVE_CACHE_DIR", str(tmp_path / "cache"))


def display(*lines: Line) -> Display:
    return Display("1.1", "an expectation", lines, "identity", "exact")


def of_paths(factor: sp.Expr = sp.S.One, end: sp.Expr = T) -> Theorem | None:
    """The first moment at an end, or at the horizon, its payoff multiplied by a factor."""
    derivation = registry.model(GAME).derivation
    hjb = derivation.hjb
    moment, function = next(iter(hjb.moments.items()))
    hazard = hjb.game.horizon.hazard
    paid = Discount(hazard, START, s) * Along(factor * moment.payoff, s)
    total = hazard * Expectation(TimeIntegral(paid, s, START, end))
    later = Expectation(Discount(hazard, START, end) * Along(function, end))
    line = Line(function, total) if end == sp.oo else Line(later, function - total)
    return Expected("expected", line.left, line.right, display(line), derivation).theorem()


def of_square(weight: sp.Expr) -> Theorem | None:
    """The square of a state by its variance."""
    x, y = sp.symbols("x y")
    left = Variance(2 * x + y) - Variance(y) - weight * Variance(x)
    right = 4 * (Expectation(x * y) - Expectation(x) * Expectation(y))
    return Averaged("averaged", left, right, display(Line(left, right)), (x, y), {}).theorem()


def test_what_is_expected_follows_or_is_not_stated() -> None:
    at_end, without_end = of_paths(), of_paths(end=sp.oo)
    assert at_end is not None and isinstance(at_end.conclusion, Relation)
    assert without_end is not None and isinstance(without_end.conclusion, Tends)
    assert of_square(sp.Integer(4)) is not None
    for wrong in (of_paths(sp.S.NegativeOne), of_paths(sp.Integer(2), sp.oo), of_square(sp.S.One)):
        assert wrong is None


def planted(right: Theorem) -> Iterator[Theorem]:
    """A theorem as it is, with a wrong conclusion, and without what it needs most."""
    yield right
    end = right.conclusion
    if isinstance(end, Relation):
        yield replace(right, name="wrong", conclusion=replace(end, right=-end.right))
    if isinstance(end, Tends):
        yield replace(right, name="wrong", conclusion=replace(end, value=-end.value))
    rest = tuple(h for h in right.hypotheses if not h.name.startswith(("dynkin", "linear")))
    yield replace(right, name="less", hypotheses=rest)


@needs_coq
@pytest.mark.full
@pytest.mark.parametrize("made", (of_paths, partial(of_paths, end=sp.oo), partial(of_square, 4)))
def test_coq_accepts_only_what_follows(made: Callable[[], Theorem]) -> None:
    right = made()
    found = check({f"file_{k}": source("", [one]) for k, one in enumerate(planted(right))})
    assert [v.theorem for v in found if v.accepted] == [right.name]
