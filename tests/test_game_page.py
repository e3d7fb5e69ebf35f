"""Pages of declared games: complete, self-contained, true to the answers, with their own font."""

from __future__ import annotations

import base64
import html
import inspect
import json
import re
import subprocess
from dataclasses import replace
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from fontTools.ttLib import TTFont

from eqsolve.cli import cli
from eqsolve.derivation.derivation import derive
from eqsolve.game.structure import build
from eqsolve.plots import Page as Figure
from eqsolve.registry import resolve
from eqsolve.site import fonts, report
from eqsolve.site.game_figure import Strategy
from eqsolve.site.game_page import Part, part, pictured, render
from eqsolve.solve.solve import solve
from eqsolve.verify.models import Variant, variants
from eqsolve.verify.proof import prove
from pages import broken_links, browser, loads, probe, raw_tex, read

#: One game with a fixed horizon and one with several roots over an infinite one.
SHOWN = ("lq-mfg", "sticky-prices")


def parts_of(name: str) -> list[Part]:
    """Every structure of a game with its proof, without simulations."""
    found = resolve(name)
    return [part(v, prove(derive(v.model)), f"p{k}") for k, v in enumerate(variants(found))]


@pytest.fixture(scope="module", params=SHOWN)
def parts(request: pytest.FixtureRequest) -> list[Part]:
    return parts_of(request.param)


def written(parts: list[Part], folder: Path) -> str:
    shown = [pictured(p, folder) for p in parts]
    return render(parts[0].model, shown, [("Python", "3")], "1")


@pytest.fixture(scope="module")
def text(parts: list[Part], tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(parts, tmp_path_factory.mktemp("page"))


# ----------------------------------------------------------------- the page


def test_page_is_whole_and_loads_nothing(text: str, parts: list[Part]) -> None:
    """Well-formed, no LaTeX left, every display of every stage and the figures are there."""
    page = read(text)
    assert loads(text) == [] and raw_tex(text) == []
    anchors = page.values("id")
    assert len(anchors) == len(set(anchors))
    lines = [line for p in parts for _, shown in p.stages for s in shown for line in s.lines]
    assert sum(c.split()[0] == "line" for c in page.values("class") if c) == len(lines) > 10
    keys = {f"{p.anchor}-{stage.key}" for p in parts for stage, _ in p.stages}
    assert keys < set(anchors)
    assert page.tags["img"] == len(parts)


def test_numbers_are_those_of_the_answer(text: str, parts: list[Part]) -> None:
    """Every coefficient of the strategy stands in the table, and every root."""
    plain = html.unescape(re.sub(r"<sup>|</sup>", "", text)).replace("−", "-")
    for p in parts:
        assert p.answers
        for case, answer in p.answers.items():
            assert answer.ok
            again = solve(p.model, p.variant.values(case))
            numbers = [c for table in again.strategy.values() for c in table.values()]
            assert numbers and all(f">{c:.10g}<" in plain for c in numbers)
        roots = list(p.roots)
        assert len(roots) == sum(bool(a.roots) for a in p.answers.values())
        for shown, answer in zip(roots, (a for a in p.answers.values() if a.roots)):
            assert len(shown.rows) == len(answer.roots)
            assert [v for _, v in shown.rows].count("selected") == 1


def test_the_level_of_the_proof_is_that_of_the_checks(parts: list[Part]) -> None:
    """Proved, open where a step could not be made, and failing where a check fails."""
    proved = parts[0]
    assert proved.proof[0] == "proved"
    first, *others = proved.checks
    doubtful = replace(first, refused=True, note="It holds where it holds.")
    unclear = replace(proved, checks=(doubtful, *others))
    assert unclear.proof[0] == "open" and "It holds where it holds" in unclear.proof[1]
    hangs = replace(proved, checks=(replace(doubtful, conditions=("a > 0",)), *others))
    assert hangs.proof[0] == "conditional" and "where a > 0" in hangs.proof[1]
    both = replace(proved, checks=(*hangs.checks, doubtful))
    assert both.proof[0] == "open"
    wrong = replace(proved, checks=(replace(first, error=1.0), *others))
    assert wrong.proof[0] == "fails"
    assert replace(proved, checks=()).proof[0] == "open"


def test_a_failing_check_is_seen_on_the_page(parts: list[Part], tmp_path: Path) -> None:
    bad = replace(parts[0], checks=(replace(parts[0].checks[0], error=1.0), *parts[0].checks[1:]))
    text = written([bad], tmp_path)
    assert '<div class="fail"><dt>checks passed' in text and '<span class="proof fails">' in text
    assert re.search(r'<details id="p0-all" open>', text)


def test_equal_contents_give_equal_pages(parts: list[Part], text: str, tmp_path: Path) -> None:
    assert written(parts, tmp_path) == text


def test_the_explosion_horizon_stands_in_the_table() -> None:
    """The planner's horizon T* of CONTRACT: 1.549441 at the default set."""
    (planner,) = (v for v in variants(resolve("execution")) if v.model.game.notion == "planner")
    shown = part(planner, (), "planner")
    assert float(shown.longest("default")) == pytest.approx(1.549441, abs=1e-6)
    (row,) = (r for r in shown.rows if "horizons below" in r.label)
    assert row.cells[0] == shown.longest("default")


def test_every_structure_of_a_page_can_be_derived() -> None:
    """A notion for which the declared form does not close is none that the game offers."""
    offered = {v.words: derive(v.model) for v in variants(resolve("execution"))}
    assert {"feedback", "feedback, n", "open-loop", "planner"} <= set(offered)


def test_a_game_without_named_sets_has_a_page(tmp_path: Path) -> None:
    source = inspect.getsource(import_module("eqsolve.derivations.merton"))
    stripped = re.sub(r"\n        cases=\{.*?\},\n", "\n", source, flags=re.DOTALL)
    assert stripped != source
    (tmp_path / "own.py").write_text(stripped)
    (only,) = parts_of(str(tmp_path / "own.py"))
    text = written([only], tmp_path)
    assert "no named sets" in text and read(text).tags["img"] == 1 and loads(text) == []


# --------------------------------------------------------------- the figure


def strategy(name: str, case: str) -> Strategy:
    model = build(resolve(name).exported, {})
    values = Variant(model, "").values(case)
    return Strategy(derive(model), values, solve(model, values))


def test_the_figure_shows_the_strategy_over_time() -> None:
    """At both ends the curve has the value of the answer at that time."""
    drawn = strategy("lq-mfg", "default")
    curves = drawn.figure()
    assert curves is not None and curves.parameter is None
    assert curves.movement > 0.1
    for place, index in ((0, 0), (1, -1)):
        again = solve(drawn.derivation.model, drawn.values, at={"t": place})
        for (control, monomial), curve in curves.curves.items():
            expected = again.strategy[str(control)][str(monomial)]
            assert curve[index] == pytest.approx(expected, rel=1e-12)


def test_the_figure_shows_the_strategy_against_a_parameter() -> None:
    """Halfway up a grid point has the answer there; a parameter without effect is passed over."""
    drawn = strategy("regulator", "default")
    curves = drawn.figure()
    assert curves is not None and curves.parameter is not None
    assert curves.parameter.name == "lambda", "the volatility does not matter"
    again = solve(drawn.derivation.model, {**drawn.values, "lambda": curves.places[7]})
    ((key, curve),) = curves.curves.items()
    assert curve[7] == pytest.approx(again.strategy[str(key[0])][str(key[1])], rel=1e-12)


def test_the_figure_takes_a_parameter_that_matters_and_joins_equal_curves() -> None:
    """Of two firms alike each pair of curves is one; what is drawn moves visibly."""
    from eqsolve.site.game_figure import _together

    curves = strategy("sticky-prices", "default").figure()
    assert curves is not None and curves.movement > 0.2
    assert [len(group) for group in _together(curves)] == [2, 2]


def test_no_curve_where_there_is_no_equilibrium(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = strategy("regulator", "default")
    monkeypatch.setattr(Strategy, "now", lambda self, values: [np.nan])
    assert drawn.figure() is None


def visible(axis: Any) -> list[Any]:
    """The labels of the ticks that are drawn."""
    low, high = axis.get_xlim()
    return [t.label1 for t in axis.xaxis.get_major_ticks() if low <= t.get_loc() <= high]


def test_no_label_of_the_figure_is_cut_and_each_entry_has_a_curve(tmp_path: Path) -> None:
    """All texts lie inside the picture, and the legend has as many entries as curves."""
    from eqsolve.site.game_figure import draw

    seen: list[Any] = []
    leave = Figure.__exit__

    def measured(self: Figure, *error: Any) -> None:
        leave(self, *error)
        self.figure.draw_without_rendering()
        box = self.figure.bbox
        axis = self.figure.axes[0]
        labels = [axis.xaxis.label, axis.yaxis.label, *visible(axis)]
        labels += [t for legend in self.figure.legends for t in legend.get_texts()]
        for label in labels:
            inside = label.get_window_extent()
            assert box.x0 <= inside.x0 and inside.x1 <= box.x1, label
            assert box.y0 <= inside.y0 and inside.y1 <= box.y1, label
        seen.append((len(axis.lines), self.figure.legends))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "__exit__", measured)
        curves = strategy("lq-mfg", "default").figure()
        assert curves is not None
        draw(curves, tmp_path / "figure.svg", str)
    ((lines, (legend,)),) = seen
    assert lines == len(legend.get_texts()) == 2


# ----------------------------------------------------------------- the font


def embedded(text: str) -> TTFont:
    """The font inside a page."""
    (data,) = re.findall(r"url\(data:font/woff;base64,([^)]*)\)", text)
    return TTFont(BytesIO(base64.b64decode(data)))


def test_the_font_has_what_the_page_shows_and_stays_a_mathematics_font(text: str) -> None:
    """Every character of a formula and its italic form; table MATH, copyright and license."""
    font = embedded(text)
    known = {chr(code) for code in font.getBestCmap()}
    shown = {
        c for f in re.findall(r"<math.*?</math>", text, re.DOTALL) for c in re.sub("<.*?>", "", f)
    }
    letters = {c for c in shown if c.isalpha() and c.isascii()}
    assert letters
    missing = {c for c in fonts.drawn({html.unescape(s) for s in shown}) - known if c.strip()}
    assert missing <= {"&", "#", ";"}, missing
    assert "\U0001d465" in known or "\U0001d45d" in known
    assert font["MATH"].table.MathConstants.AxisHeight.Value > 0
    assert font["MATH"].table.MathVariants.VertGlyphCoverage.glyphs
    assert "Open Font License" in font["name"].getDebugName(13)
    assert "STIX" in font["name"].getDebugName(0)
    assert len(text) < 700_000


def test_a_page_has_the_font_once_and_names_it(text: str) -> None:
    assert text.count("@font-face") == 1 and fonts.PLACE not in text
    assert text.count(f'"{fonts.FAMILY}"') == 2


# ------------------------------------------------------------ the command


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proofs only, no simulations."""
    suite = import_module("eqsolve.verify.suite")
    monkeypatch.setattr(suite, "model_checks", lambda variant, _: prove(derive(variant.model)))


def test_the_command_writes_the_page_of_a_file(quick: None, tmp_path: Path) -> None:
    """From a path: the page, the derivation in LaTeX, the figure, the checks, the theorems."""
    source = resolve("regulator").path
    assert source is not None
    mine = tmp_path / "mine.py"
    mine.write_text(source.read_text().replace('"regulator"', '"mine"'))
    out = tmp_path / "page"
    done = CliRunner().invoke(cli, ["report", str(mine), "--out", str(out)])
    assert done.exit_code == 0, done.output
    found = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
    formal = {name for name in found if name.startswith("proofs/")}
    assert {"index.html", "verification.json"} < found and len(found - formal) == 4
    assert json.loads((out / "verification.json").read_text())["ok"]
    text = (out / "index.html").read_text()
    assert loads(text) == []
    linked = {target for target in read(text).values("href") if target.startswith("proofs/")}
    assert linked and formal == linked | {"proofs/eqsolve_library.v"}
    counts = {file: (out / file).read_text().count("\nTheorem ") for file in linked}
    assert all(f">{file[7:]}</a> ({count})" in text for file, count in counts.items())


def test_a_failed_check_ends_the_command_with_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    suite = import_module("eqsolve.verify.suite")

    def failing(variant: Variant, _: int) -> list[Any]:
        first, *others = prove(derive(variant.model))
        return [replace(first, error=1.0), *others]

    monkeypatch.setattr(suite, "model_checks", failing)
    done = CliRunner().invoke(cli, ["report", "regulator", "--out", str(tmp_path / "page")])
    assert done.exit_code == 1
    assert "fails" in (tmp_path / "page" / "index.html").read_text()


def test_a_folder_that_cannot_be_written_is_refused_before_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(cli, ["report", "regulator", "--out", str(tmp_path / "file" / "a")])
    assert done.exit_code == 2 and "cannot be written" in done.output


def test_a_game_of_the_paper_has_a_page_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its equations, without the paper's figures and claims; no link leads nowhere."""
    from eqsolve.verbs import report as write

    suite = import_module("eqsolve.verify.suite")
    row = {"name": "a", "game": "mean-field", "kind": "exact", "note": "", "verdict": "pass"}
    row |= dict.fromkeys(("value", "reference", "error", "allowed"), 0.0)
    monkeypatch.setattr(
        suite, "run_command", lambda *_, **__: (True, {"ok": True, "checks": [row]})
    )
    monkeypatch.setattr(report, "reference", lambda *_, **__: iter(()))
    done = write("mean-field", tmp_path)
    assert done.ok and "1 of 1 checks passed;" in done.summary
    pages = {n: (tmp_path / n).read_text() for n in ("index.html", "ledger.html")}
    assert not (tmp_path / "claims.html").exists() and broken_links(pages) == []
    assert 'href="#figures"' not in pages["index.html"]


# ------------------------------------------------------------- in a browser


@pytest.mark.slow
@pytest.mark.parametrize("width", [1400, 390])
def test_page_in_a_browser(text: str, tmp_path: Path, width: int) -> None:
    """Desk and telephone: every formula has a size, every image loads, nothing sticks out."""
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    seen = probe(tmp_path, "page.html", width)
    assert seen["overflow"] <= 0 and seen["console"] == []
    # formulas of a closed list of checks are not laid out
    assert seen["maths"] == read(text).tags["math"] and seen["errors"] == seen["broken"] == 0
    assert seen["flat"] == 0 and seen["images"] == read(text).tags["img"]


@pytest.mark.slow
def test_printed_pages_are_numbered(text: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    command = [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={tmp_path / 'a.pdf'}"]
    subprocess.run([*command, (tmp_path / "page.html").as_uri()], check=True)
    done = subprocess.run(["pdftotext", tmp_path / "a.pdf", "-"], capture_output=True, text=True)
    count, printed = done.stdout.count("\f"), done.stdout.replace(" ", "")
    assert count > 1 and f"\n1/{count}\n" in printed and f"\n{count}/{count}\n" in printed
