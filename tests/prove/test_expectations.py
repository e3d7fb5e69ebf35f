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
from eqsolve.operators import Along, Discount, Expectation, Meant, TimeIntegral, Variance
from eqsolve.prove.along import START
from eqsolve.prove.averages import Averaged
from eqsolve.prove.check import check
from eqsolve.prove.coq import NotStatedError, Writer, source
from eqsolve.prove.dynkin import Expected
from eqsolve.prove.needless import accepted
from eqsolve.prove.statement import (
    ForAll,
    Hypothesis,
    Joined,
    Relation,
    Slope,
    Tends,
    Theorem,
)

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


def of_paths(
    factor: sp.Expr = sp.S.One,
    end: sp.Expr = T,
    change: Callable[[sp.Expr], sp.Expr] = lambda e: e,
) -> Theorem | None:
    """The first moment at an end, or at the horizon, its payoff multiplied by a factor.

    A change to what the line says of its integral and of what is expected at the end is made last.
    """
    derivation = registry.model(GAME).derivation
    hjb = derivation.hjb
    moment, function = next(iter(hjb.moments.items()))
    hazard = hjb.game.horizon.hazard
    paid = Discount(hazard, START, s) * Along(factor * moment.payoff, s)
    total = hazard * change(Expectation(TimeIntegral(paid, s, START, end)))
    later = change(Expectation(Discount(hazard, START, end) * Along(function, end)))
    line = Line(function, total) if end == sp.oo else Line(later, function - total)
    return Expected("expected", line.left, line.right, display(line), derivation).theorem()


def changed(
    of: str,
    discount: Callable[..., sp.Expr] = Discount,
    along: Callable[..., sp.Expr] = Along,
    integral: Callable[..., sp.Expr] = TimeIntegral,
    condition: str = "",
) -> Callable[[sp.Expr], sp.Expr]:
    """A change to the nodes of an integral, or of what is expected at the end."""

    def change(e: sp.Expr) -> sp.Expr:
        if e.has(TimeIntegral) != (of == "integral"):
            return e
        (content,) = (node for node in e.atoms(Along) | e.atoms(Discount) if node.func == Along)
        (rate,) = (node for node in e.atoms(Discount))
        inside = discount(*rate.args) * along(*content.args)
        if of == "integral":
            inside = integral(inside, *e.args[0].args[1:])
        return Expectation(inside, condition)

    return change


#: What a line may say of times and of discounting that is not so.
WRONG = {
    "nothing is discounted in the integral": changed("integral", lambda *_: sp.S.One),
    "discounted up to the end": changed("integral", lambda r, t, _: Discount(r, t, T)),
    "discounted from elsewhere": changed("integral", lambda r, _, s: Discount(r, 0, s)),
    "discounted at another rate": changed("integral", lambda r, t, s: Discount(2 * r, t, s)),
    "discounted twice": changed("integral", lambda *e: Discount(*e) ** 2),
    "what is paid at the end": changed("integral", along=lambda f, _: Along(f, T)),
    "from time 0 on": changed("integral", integral=lambda f, s, _, e: TimeIntegral(f, s, 0, e)),
    "over another time": changed("integral", integral=lambda f, _, t, e: TimeIntegral(f, T, t, e)),
    "over the start": changed("integral", integral=lambda f, _, t, e: TimeIntegral(f, t, t, e)),
    "up to another time": changed(
        "integral", integral=lambda f, s, t, e: TimeIntegral(f, s, t, 2 * e)
    ),
    "the integral discounted": changed(
        "integral",
        lambda *_: sp.S.One,
        integral=lambda *e: Discount(1, START, T) * TimeIntegral(*e),
    ),
    "on a condition": changed("integral", condition="A"),
    "nothing is discounted at the end": changed("end", lambda *_: sp.S.One),
    "discounted to another end": changed("end", lambda r, t, _: Discount(r, t, 2 * T)),
    "seen at another end": changed("end", along=lambda f, _: Along(f, 2 * T)),
}


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


@pytest.mark.parametrize("what", WRONG)
def test_what_a_line_says_of_time_is_read(what: str) -> None:
    with pytest.raises(NotStatedError):
        of_paths(change=WRONG[what])


def test_what_is_shown_at_a_random_time_is_what_is_meant() -> None:
    tau = sp.Symbol("tau")

    def shown(factor: int, inner: int) -> Callable[[sp.Expr], sp.Expr]:
        def change(e: sp.Expr) -> sp.Expr:
            (content,) = (node.args[0] for node in e.atoms(Along))
            return Meant(factor * Expectation(Along(inner * content, tau), "A"), e)

        return change

    assert of_paths(end=sp.oo, change=shown(1, 1)) == of_paths(end=sp.oo)
    for factor, inner in ((2, 1), (1, 2)):
        with pytest.raises(NotStatedError):
            of_paths(end=sp.oo, change=shown(factor, inner))


def test_what_is_expected_of_two_functions_is_not_mixed_up() -> None:
    """Of each there would be one."""
    derivation = registry.model(GAME).derivation
    one, two = (Expectation(Along(f, T)) for f in derivation.hjb.moments.values())
    for left, right in ((one - two, sp.S.Zero), (one, two)):
        with pytest.raises(NotStatedError):
            Expected("mixed", left, right, display(Line(left, right)), derivation).theorem()
    x, y = sp.symbols("x y")
    left, right = Expectation(x, "A"), Expectation(x)
    with pytest.raises(NotStatedError):
        Averaged("mixed", left, right, display(Line(left, right)), (x, y), {}).theorem()


def planted(right: Theorem) -> Iterator[Theorem]:
    """A theorem as it is, with a wrong conclusion, and with a wrong assumption."""
    yield right
    end = right.conclusion
    if isinstance(end, Relation):
        yield replace(right, name="wrong", conclusion=replace(end, right=-end.right))
    if isinstance(end, Tends):
        yield replace(right, name="wrong", conclusion=replace(end, value=-end.value))
    if any(h.name.startswith("dynkin") for h in right.hypotheses):
        yield replace(right, name="faster", hypotheses=tuple(map(faster, right.hypotheses)))


def faster(hypothesis: Hypothesis) -> Hypothesis:
    """Dynkin's formula with twice the rate; other assumptions as they are."""
    if not hypothesis.name.startswith("dynkin"):
        return hypothesis
    assert isinstance(hypothesis.statement, ForAll)
    assert isinstance(hypothesis.statement.statement, Joined)
    begun, moves = hypothesis.statement.statement.parts
    assert isinstance(moves, Slope)
    parts = begun, replace(moves, value=2 * moves.value)
    inner = replace(hypothesis.statement.statement, parts=parts)
    return replace(hypothesis, statement=replace(hypothesis.statement, statement=inner))


def test_nothing_is_said_of_what_was_before_the_start() -> None:
    right = of_paths()
    assert right is not None
    text = Writer().theorem(right)
    # what is expected and the integral, each as it is assumed and at the witness
    assert text.count("derivable_from t") == 4 and "derivable_pt_lim" not in text


@needs_coq
def test_a_jump_before_the_start_is_not_seen_and_one_after_it_is() -> None:
    jumps = """Lemma {} : derivable_from {} (fun s => if Rle_dec 0 s then 0 else 1) 0 0.
Proof.
  intros e P. exists 1. split; [lra |]. intros h N S B.
  destruct (Rle_dec 0 (0 + h)); destruct (Rle_dec 0 0); try lra.
  replace ((0 - 0) / h - 0) with 0 by (field; exact N). now rewrite Rabs_R0.
Qed."""
    texts = [("at_it", jumps.format("at_it", 0)), ("before_it", jumps.format("before_it", -1))]
    assert accepted(texts) == ["at_it"]


@needs_coq
@pytest.mark.full
@pytest.mark.parametrize("made", (of_paths, partial(of_paths, end=sp.oo), partial(of_square, 4)))
def test_coq_accepts_only_what_follows(made: Callable[[], Theorem]) -> None:
    right = made()
    found = check({f"file_{k}": source("", [one]) for k, one in enumerate(planted(right))})
    assert [v.theorem for v in found if v.accepted] == [right.name]
