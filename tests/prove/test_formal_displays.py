"""Numbered equations as theorems, the level that Coq gives them, and errors planted into them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp
from click.testing import CliRunner

from eqsolve import registry
from eqsolve.cli import cli
from eqsolve.ledger import Display
from eqsolve.notated.published import Published
from eqsolve.operators import Along, LimitOf, Meant
from eqsolve.paper.games import record
from eqsolve.prove.check import check
from eqsolve.prove.coq import source
from eqsolve.prove.displays import Displayed
from eqsolve.prove.level import of_display, raised
from eqsolve.prove.record import of_theorems
from eqsolve.prove.statement import Hypothesis, Relation, Theorem
from eqsolve.prove.ways import ASSUMED
from eqsolve.verify.displays import wrong_displays

needs_coq = pytest.mark.skipif(
    shutil.which("coqc") is None and "EQSOLVE_REQUIRE_TOOLS" not in os.environ,
    reason="coqc is not installed",
)
GAMES = "n-agent", "best-response", "two-agent", "mean-field"
#: The games of the paper; one of them in the quick tier.
EVERY = [pytest.param(g, marks=() if g == "n-agent" else pytest.mark.full) for g in GAMES]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQSOLVE_CACHE_DIR", str(tmp_path / "cache"))


def stated(model: Published) -> dict[str, tuple[Display, list[Theorem]]]:
    """Displays of which everything is stated, by number."""
    rows = Displayed(model).stated()
    return {d.number: (d, theorems) for d, theorems, reason in rows if not reason}


@pytest.mark.parametrize("game", EVERY)
def test_the_record_is_of_what_is_stated_now(game: str) -> None:
    found = stated(registry.model(game))
    kept = record()["displays"][game]
    assert found.keys() == kept.keys()
    for number, (display, theorems) in found.items():
        assert display.proof == "formal"
        assert kept[number] == [of_display(display), of_theorems(theorems)], number


def wrong(model: Published) -> Iterator[tuple[str, Display]]:
    """Displays with a sign, a factor or a term that does not belong there."""
    for what, checks in wrong_displays(model):
        yield what, checks.args[-1]  # type: ignore[attr-defined]


@pytest.mark.parametrize("game", EVERY)
def test_a_wrong_display_is_not_formal(game: str) -> None:
    model = registry.model(game)
    known = record()["displays"][game]
    displayed, count = Displayed(model), 0
    for what, display in wrong(model):
        if display.number not in known:
            continue
        count += 1
        (same,) = raised([replace(display, proof="exact")], known)
        assert same.proof == "exact", what
        assert displayed._of(display)[1], what
    assert count > 4


@needs_coq
def test_coq_accepts_equations_and_refuses_wrong_ones() -> None:
    found = stated(registry.model("n-agent"))
    (right,) = found["2.98"][1]
    assert right.source == "2.98" and isinstance(right.conclusion, Relation)
    value = right.conclusion.right
    ends = {"right": value, "sign": -value, "dropped": sp.numer(value)}
    some = {
        name: replace(right, name=name, conclusion=Relation(right.conclusion.left, "=", end))
        for name, end in ends.items()
    }
    verdicts = check({f"file_{n}": source(n, [theorem]) for n, theorem in some.items()})
    assert {v.theorem for v in verdicts if v.accepted} == {"right"}


@needs_coq
@pytest.mark.full
def test_coq_refuses_wrong_roots_by_radicals() -> None:
    shown = {d.number: d for d in registry.model("best-response").shown}
    displayed, texts = Displayed(registry.model("best-response")), {}
    for number in ("cubic-cardano", "cubic-trigonometric"):
        first, *rest = shown[number].lines
        for kind, right in (("right", first.right), ("moved", first.right + 1)):
            changed = replace(shown[number], lines=(replace(first, right=right), *rest))
            (made,), reason = displayed._of(changed)
            assert not reason
            texts[f"{kind}_{made.name}"] = source(kind, [replace(made, name=f"{kind}_{made.name}")])
    accepted = {v.theorem for v in check(texts) if v.accepted}
    assert accepted == {"right_cubic_cardano", "right_cubic_trigonometric"}


#: An inequality as it stands, and turned round.
TURNED = {">": "<", "<": ">", r"\geq": r"\leq", r"\leq": r"\geq"}


@pytest.mark.full
def test_a_wrong_loss_by_a_spike_is_not_formal() -> None:
    model = registry.model("best-response")
    (right,) = (d for d in model.shown if d.number == "A.38-A.44")
    (loss,) = (line for line in right.lines if isinstance(line.left, Meant))
    limit, slope = loss.left.args
    ratio, h, _ = limit.args
    wrong = [
        *((line, replace(line, right=2 * line.right)) for line in right.lines if line.right != 0),
        *((e, replace(e, relation=TURNED.get(e.relation, r"\geq"))) for e in right.lines),
        (loss, replace(loss, left=Meant(LimitOf(ratio, h, sp.oo), slope))),
        (loss, replace(loss, left=Meant(LimitOf(ratio / h, h, sp.S.Zero), slope))),
        (loss, replace(loss, left=Meant(LimitOf(2 * ratio, h, sp.S.Zero), slope))),
    ]
    assert not Displayed(model)._of(right)[1] and len(wrong) == 14
    for old, new in wrong:
        lines = tuple(new if line is old else line for line in right.lines)
        assert Displayed(model)._of(replace(right, lines=lines))[1], new
    longer = {s: e.subs(h, 2 * h) for s, e in right.values.items() if e.has(Along)}
    assert Displayed(model)._of(replace(right, values={**right.values, **longer}))[1]


@pytest.mark.full
def test_an_inequality_that_is_turned_round_is_not_formal() -> None:
    model = registry.model("best-response")
    found = [d for d in model.shown if any(e.relation in TURNED and e.equals for e in d.lines)]
    stated = [d for d in found if d.proof == "formal"]
    assert [d.number for d in stated] == ["2.46", "growth", "A.38-A.44"]
    for display in stated[:2]:
        theorems, reason = Displayed(model)._of(display)
        assert not reason and theorems[-1].name.endswith("_sign")
        lines = [replace(e, relation=TURNED.get(e.relation, e.relation)) for e in display.lines]
        assert Displayed(model)._of(replace(display, lines=tuple(lines)))[1]


def test_what_is_assumed_is_no_theorem(monkeypatch: pytest.MonkeyPatch) -> None:
    model = registry.model("n-agent")
    (right,) = (d for d in model.shown if d.number == "2.98")
    (made,), reason = Displayed(model)._of(right)
    assert not reason
    assumed = replace(made, hypotheses=(Hypothesis("all", made.conclusion), *made.hypotheses))
    monkeypatch.setattr(Displayed, "theorem", lambda *_: assumed)
    assert Displayed(model)._of(right) == ([], ASSUMED)


def test_a_record_needs_a_check(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    result = CliRunner().invoke(
        cli, ["prove", "n-agent", "--out", str(tmp_path / "o"), "--record", str(path)]
    )
    assert result.exit_code == 2 and "--check" in result.stderr and not path.exists()


@needs_coq
@pytest.mark.full
def test_a_run_writes_what_coq_accepted(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    result = CliRunner().invoke(cli, ["prove", "n-agent", "--check", "--record", str(path)])
    assert result.exit_code == 0, result.output
    assert "8 of 8 numbered equations that are exact are formal" in result.stdout
    assert "(2.96)" in result.stdout
    written = json.loads(path.read_text())
    assert written["displays"]["n-agent"] == record()["displays"]["n-agent"]
    assert "version" in written["coq"]
