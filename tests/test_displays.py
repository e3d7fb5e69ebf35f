"""Displays that are kept: verdicts from them are those of a derivation, or they are not used."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
import sympy as sp

from eqsolve import displays, operators, papers, registry
from eqsolve.latex.checking.check import Ledger, check
from eqsolve.latex.checking.expressions import Decoder, Encoder
from eqsolve.latex.checking.kept import Decisions, Kept, encoded
from eqsolve.latex.checking.sourced import Sourced
from eqsolve.latex.checking.verdict import Report
from eqsolve.latex.grammar.tokens import Unreadable
from eqsolve.notated.published import Published
from eqsolve.program import store

GAME = "best-response"
PAPER = r"""
\documentclass{article}
\usepackage{amsmath}
\begin{document}
Let $\chi = \lambda - r - B p_1$.
\begin{align}
  a &= \frac{\lambda\kappa}{\chi} \label{eq:2.50} \\
  h_{20} &= \frac{\lambda\kappa^2}{D_2} + r \label{eq:2.43} \\
  p_2 &= \frac{B (A_3 - \beta c)}{K} \label{eq:2.36} \\
  p_2 &= \frac{B (A_3 + \beta c)}{K} \label{eq:2.36} \\
  G &= \mathbb{E}[z_\tau \mid \tau > t] \label{eq:2.22} \\
  G &= \mathbb{E}[z_\tau \mid \tau > s] \label{eq:2.22}
\end{align}
\end{document}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of entries of its own."""
    monkeypatch.delenv(store.OFF, raising=False)
    monkeypatch.setenv("EQSOLVE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "programs"


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger([registry.model(GAME)])


def _load() -> Iterable[Published]:
    return (registry.model(GAME),)


def _never() -> Iterable[Published]:
    raise AssertionError("a game was loaded to be derived")


def _report(found: displays.Displays, tmp_path: Path) -> Report:
    (tmp_path / "paper.tex").write_text(PAPER)
    return check(tmp_path / "paper.tex", found)


def _sets(reference: Sourced) -> list[set[sp.Symbol]]:
    """What is known beside a display, without indeterminates, which are others each time."""
    known = reference.known
    return [
        {s for s in group if not isinstance(s, sp.Dummy)}
        for group in (known.symbols, known.positive, known.nonzero)
    ]


def test_every_display_is_what_it_was(ledger: Ledger) -> None:
    data = json.loads(json.dumps(encoded(ledger)))
    decisions = Decisions({}, lambda: ledger, lambda answers: None)
    kept = Kept(data, decisions)
    for place, (_, made) in enumerate(ledger.displays):
        derived, found = made(), kept.display(place)
        again = Encoder(), Encoder()
        for line, other in zip(
            (*derived.lines, *derived.display.let), (*found.lines, *found.display.let), strict=True
        ):
            for one, side in ((line.left, other.left), (line.right, other.right)):
                # indeterminates are others each time
                assert again[0].place(one) == again[1].place(side)
                try:
                    assert derived.notation.convert(one) == found.notation.convert(side)
                except Unreadable as error:
                    with pytest.raises(Unreadable, match="^" + str(error)[:9]):
                        found.notation.convert(side)
        assert again[0].nodes == again[1].nodes
        assert found.table == derived.table
        for one, other in zip(_sets(derived), _sets(found), strict=True):
            assert one == other
        assert found.notation.symbols == derived.notation.symbols
        assert found.notation.reader == derived.notation.reader
        assert found.display.number == derived.display.number
        assert {line for line in found.lines if found.states(line)} == found.solid & set(
            found.lines
        )


def test_the_second_check_derives_nothing(ledger: Ledger, tmp_path: Path, folder: Path) -> None:
    wanted = _report(ledger, tmp_path)
    verdicts = [f.verdict for f in wanted.findings]
    assert verdicts == ["equal", "different", "equal", "different", "equal", "different"]
    content = registry.content(GAME)
    first = displays.ledger(_load, content)
    assert _report(first, tmp_path) == wanted
    again = displays.ledger(_never, content)
    assert _report(again, tmp_path) == wanted
    assert isinstance(again, Kept) and len(list(folder.glob("*.json"))) == 2


@pytest.mark.parametrize("which", ["displays", "decisions"])
def test_an_entry_that_was_edited_is_not_used(
    which: str, ledger: Ledger, tmp_path: Path, folder: Path
) -> None:
    content = registry.content(GAME)
    wanted = _report(displays.ledger(_load, content), tmp_path)
    entries = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_size)
    entry = entries[which == "displays"]
    seal, body = entry.read_text().split("\n", 1)
    edited = body.replace('"Rational","2","1"', '"Rational","3","1"')
    edited = edited.replace("false", "true") if which == "decisions" else edited
    assert edited != body
    entry.write_text(f"{seal}\n{edited}")
    assert _report(displays.ledger(_load, content), tmp_path) == wanted
    # it was made anew
    assert entry.read_text() == f"{seal}\n{body}"
    assert _report(displays.ledger(_never, content), tmp_path) == wanted


def test_nothing_is_kept_where_contents_do_not_tell(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what other tests have handed over under a name has no content
    monkeypatch.setattr(registry, "_adopted", {})
    assert registry.all_contents() and papers.content()
    assert isinstance(displays.ledger(_load, ""), Ledger)
    monkeypatch.setenv(store.OFF, "1")
    assert isinstance(displays.ledger(_load, registry.content(GAME)), Ledger)
    assert not list(folder.glob("*.json"))


def test_expressions_come_back_as_they_were() -> None:
    x, y = sp.Symbol("x", positive=True), sp.Symbol("y")
    f = sp.Function("f")
    found = [
        sp.Mul(2, x + y, evaluate=False),
        sp.Rational(1, 3) / (x - y) ** 2 * sp.exp(-x),
        f(x, y).diff(x, 2) + sp.Function(r"\sqrt[2]")(y),
        operators.Named(x * y, r"\hat z") + operators.Expectation(x, r"\tau > t"),
        operators.InOrder(y, -x) * sp.oo,
        sp.Sum(x**y, (y, 1, 3)),
    ]
    encoder = Encoder()
    places = [encoder.place(e) for e in found]
    made = Decoder(json.loads(json.dumps(encoder.nodes)))
    assert [made[k] for k in places] == found
    assert [str(made[k]) for k in places] == [str(e) for e in found]


@pytest.mark.parametrize("node", [["Lambda", 0], ["os.system", 0], ["Constant", "func"]])
def test_what_is_no_expression_is_refused(node: list[object]) -> None:
    with pytest.raises((ValueError, KeyError)):
        Decoder([["Rational", "1", "1"], node])[1]


def test_what_cannot_be_written_is_not_kept() -> None:
    with pytest.raises(TypeError, match="Lambda"):
        Encoder().place(sp.Lambda(sp.Symbol("x"), 2 * sp.Symbol("x")))
