"""The report page: complete, self-contained, well-formed; written whole or not at all."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp

from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.errors import InputError
from eqsolve.latex.printer import BREAK, marked
from eqsolve.ledger import Display, Line
from eqsolve.paper_figures.figure import Drawn, write
from eqsolve.paper_figures.runner import FIGURES
from eqsolve.prove.collect import Chapter, Proofs
from eqsolve.prove.statement import Relation, Theorem
from eqsolve.prove.texts import Texts
from eqsolve.registry import model, models
from eqsolve.site import report, theorems
from eqsolve.site.browse import render_ledger
from eqsolve.site.page import Content, grouped, overview, render
from eqsolve.site.sections import covered, sections
from eqsolve.site.statements import entering, why
from eqsolve.site.symbols import letters, tagged
from eqsolve.site.typeset import heading, mathematics, number, prose, split
from eqsolve.site.values import Origin, of_columns, of_strategy
from eqsolve.symbols import entry
from pages import broken_links, loads, probe, raw_tex, read


def displays() -> tuple[Display, ...]:
    """A plain display, a range, one without a number, and one with a title that needs escaping."""
    a, lam, kappa, D1, p1, B, r = symbols("a lambda kappa D1 p1 B r")
    plain = Display("2.50", "a & b < c", (Line(a, lam * kappa / D1),), "solution", "exact")
    cubic = Line(symbol("C3") * p1**3 + symbol("C2") * p1**2 + symbol("C1") * p1, -symbol("C0"))
    ranged = Display("2.53-2.54", "cubic of p1", (cubic, cubic), "identity", "exact")
    ranged = replace(ranged, prose="The root $p_1$ solves", depends=("2.50", "A.1"))
    word = Display("shift", "shift", (Line(D1, lam - r - B * p1),), "definition", "definition")
    let = (Line(symbol("E1"), lam - r),)
    return plain, ranged, replace(word, let=let, depends=("2.54", "shift"))


def checks(*, failing: bool = False) -> dict[str, Any]:
    """A verification with one check of each kind."""
    rows = [
        {
            "name": f"<{kind}> check",
            "game": "n-agent",
            "kind": kind,
            "value": -0.25,
            "reference": -0.25,
            "error": error,
            "allowed": 1e-9,
            "note": "with R & D",
            "verdict": "pass",
        }
        for kind, error in (("exact", 0.0), ("grid", 3.1e-12), ("spike", 1e-10))
    ]
    if failing:
        rows[1] |= {"error": 2e-9, "verdict": "fail"}
    return {"ok": not failing, "checks": rows, "planted": 7, "caught": 7}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Drawn]:
    """The five figures from made-up columns, one of which breaks a statement."""
    folder = tmp_path_factory.mktemp("figures")
    grid = np.linspace(0.5, 1.5, 11)
    base = {
        "status": np.full(11, "ok"),
        "admissible_roots": np.ones(11, dtype=int),
        "pi": 1 + grid,
        "pi_noncompetitive": np.full(11, 1.0),
    }
    made = []
    for figure in FIGURES:
        columns = {figure.name.removeprefix("figure_"): grid} | base
        if figure.name == "figure_convergence":
            columns = {"n": np.arange(2, 13)} | base | {"limit": np.full(11, 1.0)}
        made.append(write(replace(figure, data=lambda columns=columns: columns), folder))
    return made


@pytest.fixture(scope="module")
def content(drawn: list[Drawn]) -> Content:
    """A page with two games that share numbers."""
    games = [(model(name), displays()) for name in ("best-response", "mean-field")]
    rows = [
        {
            "name": "S1",
            "game": "n = 3",
            "notion": "closed-loop",
            "status": "ok",
            "strategy": {"x": 0.25, "y": -0.125, "1": 1.0},
            "origins": {"y": Origin("2.50", "index.html#eq-2.50", "")},
        },
        {"name": "S9", "game": "n = 3", "notion": "-", "status": "degenerate", "strategy": {}},
    ]
    baseline = {"r": "0.03", "lambda": "0.1"}
    return Content(games, drawn, baseline, checks(), rows, games[1][0].cases, [("Python", "3.11")])


@pytest.fixture(scope="module")
def html(content: Content) -> str:
    """The page."""
    return render(content, "1.2.3")


# ----------------------------------------------------------------- the page


def test_page_is_well_formed(html: str) -> None:
    """Every element is closed in order, and the parser finds the expected parts."""
    page = read(html)
    assert html.startswith("<!DOCTYPE html>\n<html lang=")
    assert page.tags["h1"] == 1 and page.tags["title"] == 1 and page.tags["main"] == 1


def test_page_loads_nothing(html: str) -> None:
    """No style sheet, no font, no image and no script but its own."""
    page = read(html)
    assert page.tags["script"] == 1 and page.tags["iframe"] == 0
    assert loads(html) == []


def test_anchors_are_unique(html: str) -> None:
    """Numbers that two games share have one permanent anchor."""
    anchors = read(html).values("id")
    assert len(anchors) == len(set(anchors))
    for name in ("eq-2.50", "eq-2.53", "eq-2.54", "eq-best-response-shift", "eq-mean-field-shift"):
        assert anchors.count(name) == 1
    assert "eq-2.50-mean-field-2" in anchors


def test_every_display_is_rendered(html: str, content: Content) -> None:
    """Each line of each display and of each closed form has MathML on both sides."""
    page = read(html)
    shown = sections(content.games)
    lines = [line for s in shown for e in s.equations for line in (*e.let, *e.lines)]
    lines += [step.line for s in shown for step in s.steps]
    lines += [line for s in shown for line, _ in s.assumed]
    assert sum(c.split()[0] == "equation" for c in page.values("class") if c) == 6
    assert sum(c.split()[0] == "line" for c in page.values("class") if c) == len(lines)
    assert page.tags["math"] >= 2 * len(lines)
    assert all(piece.startswith("<math") for line in lines for piece in (*line.left, *line.right))
    for name in ("mrow", "mi", "mfrac", "msup"):
        assert page.tags[name] > 0


def test_no_tex_is_left_over(html: str) -> None:
    """Neither a command nor a dollar sign nor a line mark reaches the reader."""
    assert raw_tex(html) == []
    assert BREAK not in html


def test_closed_form_and_assumptions_are_listed(content: Content) -> None:
    """Every definition and every quantity assumed nonzero appears, where it divides first."""
    for (declared, _), section in zip(content.games, sections(content.games), strict=True):
        form = declared.derivation.form
        assert len(section.steps) == len(form.definitions)
        beside = [line for step in section.steps for line in step.assumed]
        assert len(beside) + len(section.assumed) == len(form.nonzero) > 5
        assert len(beside) > 3
        assert len(section.parameters) == len(declared.parameters)


def test_every_figure_is_inlined(html: str, drawn: list[Drawn]) -> None:
    """The images are the SVG files, byte for byte, with their statements and notes."""
    page = read(html)
    sources = page.values("src")
    assert page.tags["figure"] == len(sources) == 5
    text = re.sub(r"\s+", " ", "".join(page.text))
    for one, source in zip(drawn, sources, strict=True):
        kind, data = source.split(",")
        assert kind == "data:image/svg+xml;base64"
        assert base64.b64decode(data) == one.path(".svg").read_bytes()
        assert f'id="fig-{one.figure.number}"' in html
        assert one.notes in text
        for statement in one.statements:
            assert str(statement) in text
    verdicts = [s.holds for one in drawn for s in one.statements]
    assert not all(verdicts)
    items = re.findall(r'<ul class="statements">(.*?)</ul>', html, re.DOTALL)
    assert "".join(items).count('class="fail"') == verdicts.count(False)
    assert "".join(items).count('class="pass"') == verdicts.count(True)


def test_every_check_has_a_row(html: str) -> None:
    """Names are escaped, numbers are there, and the count is right."""
    table = re.search(r'<table class="checks.*</table>', html, re.DOTALL)
    assert table is not None
    rows = re.findall(r'<tr id="check-(\d+)" class="(\w+)">', table.group())
    assert rows == [("1", "pass"), ("2", "pass"), ("3", "pass")]
    assert "&lt;grid&gt; check" in table.group() and "with R &amp; D" in table.group()
    assert "3.1 × 10<sup>−12</sup>" in table.group()
    assert "All 3 checks passed." in html and "Of 7 errors planted" in html


def test_a_failed_check_is_shown_at_the_top_and_in_its_row(content: Content) -> None:
    """A failure is counted, named and linked."""
    html = render(replace(content, verification=checks(failing=True)), "1.2.3")
    assert "2 of 3" in html
    assert "1 of 3 checks failed" in html and 'href="#check-2"' in html
    assert '<tr id="check-2" class="fail">' in html
    assert "All 3 checks passed" not in html


def test_a_check_that_could_not_decide_is_neither_passed_nor_failed(content: Content) -> None:
    found = checks()
    found["checks"][1] |= {"verdict": "not verified", "note": "short waves"}
    html = render(replace(content, verification=found), "1.2.3")
    assert "2 of 3" in html and "checks failed" not in html
    assert 'could not be decided: <a href="#check-2">' in html
    assert "The other 2 checks passed." in html
    assert report._counted(found["checks"]) == "2 of 3 checks passed (1 could not be made)"


def test_an_error_that_no_check_noticed_is_shown(content: Content) -> None:
    """A hole in the checks is as visible as a failed check."""
    planted = checks() | {"planted": 7, "caught": 6, "missed": ["grid, n-agent: <sign>"]}
    html = render(replace(content, verification=planted), "1.2.3")
    assert "no check noticed: grid, n-agent: &lt;sign&gt;." in html
    assert '<div class="fail"><dt>planted errors caught</dt><dd>6 of 7</dd>' in html


def test_checks_are_counted_by_game_and_kind() -> None:
    """The overview shows the tightest check of a group and never hides a bad number."""
    base = {"game": "g", "verdict": "pass", "allowed": 1e-9}
    rows = [
        base | {"kind": "grid", "error": 1e-10},
        base | {"kind": "grid", "error": 5e-10},
        base | {"kind": "exact", "error": 0.0, "allowed": 0.0},
        base | {"kind": "ball", "error": None, "verdict": "fail"},
        base | {"kind": "zero", "error": 1e-300, "allowed": 0.0, "verdict": "fail"},
    ]
    seen = {row["kind"]: (row["count"], row["passed"], row["share"]) for row in overview(rows)}
    assert seen["grid"] == (2, 2, pytest.approx(0.5))
    assert seen["exact"] == (1, 1, 0.0)
    assert seen["ball"] == (1, 0, None) and seen["zero"] == (1, 0, None)
    assert [k for k, _ in grouped(rows + [{"game": "h"}])["h"]] == [6]


def test_reference_values(html: str) -> None:
    """Solved sets show ten digits, unsolved ones their status."""
    assert ">−0.1250000000<" in html and ">degenerate<" in html
    assert '<a href="index.html#eq-2.50" title="from (2.50)">−0.1250000000</a>' in html


def test_values_lead_to_the_display_that_defines_them() -> None:
    """Not to one of a special case; to a theorem where the display is one."""
    own = of_columns(model("best-response"))
    assert [own[name].number for name in ("pi_x", "pi_1", "p3[B*pi]")] == ["2.35", "2.37", "2.69"]
    assert own["pi_1"].theorem == "theorems.html#best-response-2.37"
    assert of_strategy(model("best-response"), theorems=False)["1"].theorem == ""
    (limit,) = {of_columns(model("mean-field"))[f"pi_{name}"] for name in ("x", "y", "1")}
    assert (limit.number, limit.theorem) == ("3.45", "")


def test_page_depends_on_its_content_only(content: Content, html: str) -> None:
    """Rendering twice gives the same bytes."""
    assert render(content, "1.2.3") == html


# ---------------------------------------------------------------- its parts


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (-0.5, "−0.5"),
        (1e-9, "10<sup>−9</sup>"),
        (-2.5e-7, "−2.5 × 10<sup>−7</sup>"),
        (1e300, "10<sup>300</sup>"),
        (float("nan"), "not finite"),
        (float("inf"), "not finite"),
        (None, "not finite"),
    ],
)
def test_numbers_in_tables(value: float | None, shown: str) -> None:
    """True minus signs, powers of ten, and a word for what is no number."""
    assert number(value) == shown


def test_ranges_cover_every_number() -> None:
    """A range has an anchor for each of its numbers."""
    one, ranged, word = displays()
    assert covered(one) == ("2.50",)
    assert covered(ranged) == ("2.53", "2.54")
    assert covered(word) == ("shift",)
    assert covered(replace(one, number="2.15-2.17")) == ("2.15", "2.16", "2.17")


def test_long_formulas_are_split_at_signs_without_loss() -> None:
    """The pieces joined are the formula; short formulas stay whole inside their brackets."""
    x, y = symbols("x y")
    terms = [symbol(f"h{i}") for i in ("20", "11", "02", "10", "01", "00")]
    long = sp.Mul(symbol("lambda"), sp.Add(*terms), evaluate=False) + x * (y + 1)
    tex = marked(long)
    for room in (5.0, 10.0, 100.0):
        pieces = split(tex, room)
        assert " ".join(pieces).split() == tex.replace(BREAK, " ").split()
    assert len(split(tex, 5.0)) > len(split(tex, 100.0)) == 2
    assert split(marked(x), 1.0) == ["x"]


def test_formulas_are_spaced_and_stacked_as_in_print() -> None:
    """A sign after a relation is unary, one after a term is not; limits go below."""
    assert '<mo form="prefix">' in mathematics("a = -b")
    assert 'form="prefix"' not in mathematics("a - b")
    assert "<munder><mo>sup</mo>" in mathematics(r"\sup_{p} x")
    assert "xmlns" not in mathematics("x") and "display" not in mathematics("x")


def test_games_come_in_the_order_of_the_source() -> None:
    """Sections are sorted by the first number; a game without numbers is last."""
    one = displays()[0]
    games = [
        (model("two-agent"), ()),
        (model("mean-field"), (replace(one, number="3.2"),)),
        (model("n-agent"), (replace(one, number="2.100"), replace(one, number="2.91"))),
        (model("best-response"), (replace(one, number="2.99"), replace(one, number="2.100"))),
    ]
    order = [section.anchor.removeprefix("game-") for section in sections(games)]
    assert order == ["n-agent", "best-response", "mean-field", "two-agent"]


def test_a_statement_has_its_word_and_its_proof(content: Content, html: str) -> None:
    """A solution is a theorem with the reason why; a definition has neither."""
    for section in content.shown:
        solution, identity, definition = section.equations
        assert (solution.word, identity.word, definition.word) == ("Theorem", "Lemma", "")
        assert "zero polynomial" in solution.why and "Coq" not in solution.why
        assert '<a href="#eq-2.50">(2.50)</a>' in identity.why and not definition.why
    assert html.count('<p class="why">') == 4


def test_a_guess_is_a_note_and_no_proof(content: Content, html: str) -> None:
    """What is not proven has no sign of a proof's end; the other displays have theirs."""
    assert "<i>Note.</i>" not in html and html.count("∎") == 4
    guessed = [replace(d, proof="reconstructed") for d in displays()[:2]]
    games = [(content.games[0][0], (*guessed, displays()[2]))]
    page = render(replace(content, games=games), "1.2.3")
    assert page.count("<i>Note.</i> Only the form is a guess") == 2
    assert "<i>Proof.</i>" not in page and "∎" not in page


def test_one_line_behind_a_display_is_one() -> None:
    plain = displays()[0]
    assert "one line behind" in why(replace(plain, evidence=plain.lines), [], [])
    assert "2 lines behind" in why(replace(plain, evidence=plain.lines * 2), [], [])


def test_what_must_not_vanish_enters_where_it_divides_first() -> None:
    x, y, z = sp.symbols("x y z")
    lines = [[x + y], [x / (y * (x - 1))], [1 / y, z / sp.sqrt(x - 1)]]
    assert entering([y, 1 - x, z], lines) == ([(), (y, 1 - x), ()], (z,))


def test_a_letter_says_what_it_means(content: Content, html: str) -> None:
    """Every letter that is marked has a row, and a letter with an index is marked as a whole."""
    page = read(html)
    marked = set(page.values("data-symbol"))
    rows = {name.removeprefix("symbol-") for name in page.values("id") if "symbol-" in name}
    assert {"lambda", "kappa", "D1", "p1"} <= marked <= rows
    notation = content.shown[0].notation
    assert notation["D1"].defined[1] == "#eq-best-response-shift"
    assert notation["D2"].defined[1] == "#game-best-response-closed-form"
    known = letters([sp.Symbol("D_1"), sp.Symbol("D")], str)
    squared = tagged(mathematics("D_1^2 + D + 1_D"), known)
    assert re.findall(r'<(\w+) data-symbol="(\w+)"', squared) == [
        ("msubsup", "D_1"),
        ("mi", "D"),
        ("mi", "D"),
    ]
    assert letters([sp.Symbol("a"), sp.Symbol("b")], lambda _: "x") == {}


def test_formal_equations_lead_to_their_theorems(content: Content, tmp_path: Path) -> None:
    """The link, the statement, the proof and the file that Coq reads."""
    a = sp.Symbol("a")
    one = Theorem("equation_2_50", "a < b", (), Relation(a - a, "="), (), source="2.50")
    proofs = Proofs("mean-field", (Chapter("displays", "", (one,)),), (), stated={"2.50": (one,)})
    texts = Texts.of(proofs)
    declared, (display, *others) = content.games[1]
    formal = [(declared, (replace(display, proof="formal"), *others))]
    origin = Origin("2.50", "index.html#eq-2.50", "theorems.html#mean-field-2.50")
    row = {**content.reference[0], "origins": {"x": origin}}
    shown = replace(content, games=formal, theorems={"mean-field": texts}, reference=[row])
    pages = {"index.html": render(shown, "1"), "theorems.html": theorems.render(shown, "1")}
    pages["ledger.html"] = render_ledger(shown, "1")
    assert 'href="theorems.html#mean-field-equation_2_50"' in pages["index.html"]
    theorems.write([texts], tmp_path / "proofs")
    statement = (tmp_path / "proofs" / "mean_field_displays.v").read_text(encoding="utf-8")
    assert "Theorem equation_2_50 :" in statement
    assert "Theorem equation_2_50 :" in pages["theorems.html"]
    assert (tmp_path / "proofs" / "eqsolve_library.v").is_file()
    assert [b for b in broken_links(pages) if not b.endswith("proofs/mean_field_displays.v")] == []
    assert origin.theorem in pages["index.html"]
    without = replace(shown, theorems={}, reference=content.reference)
    assert "theorems.html" not in render(without, "1")


def test_sentences_and_titles() -> None:
    """Formulas between dollar signs become MathML, everything else is escaped."""
    made = prose("If $p_1 < 0$ & Hamilton--Jacobi")
    assert made.startswith("If <math") and made.endswith("</math> &amp; Hamilton–Jacobi")
    assert "<math" in heading("coefficient of x^2 in H") and heading("bond") == "Bond"


# -------------------------------------------------------------- the folder


Replace = Callable[..., list[Path]]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, drawn: list[Drawn]) -> Replace:
    """Replace the slow parts of ``write``; call the result to plant a failure in the checks."""
    import eqsolve.claims
    import eqsolve.latex.document
    import eqsolve.paper_figures.runner
    from eqsolve.verify import suite

    def plant(*, failing: bool = False, error: Exception | None = None) -> list[Path]:
        def equations(folder: Path, *_: object) -> list[Path]:
            (folder / "equations.tex").write_text("tex")
            return [folder / "equations.tex"]

        def pictures(folder: Path) -> list[Drawn]:
            (folder / "figure_theta.pdf").write_text("pdf")
            return drawn

        def run(*_: object, **__: object) -> tuple[bool, dict[str, Any]]:
            if error is not None:
                raise error
            return not failing, checks(failing=failing)

        monkeypatch.setattr(eqsolve.latex.document, "write", equations)
        monkeypatch.setattr(eqsolve.paper_figures.runner, "draw", pictures)
        monkeypatch.setattr(suite, "run_command", run)
        monkeypatch.setattr(eqsolve.claims, "judge", lambda **_: ())
        monkeypatch.setattr(report, "reference", lambda _, **__: iter(()))
        monkeypatch.setattr(theorems, "displayed", lambda _: {})
        return []

    return plant


def test_everything_is_written(quick: Replace, tmp_path: Path) -> None:
    """The page, the checks, LaTeX and figures; other files of the folder stay."""
    quick()
    folder = tmp_path / "deep" / "paper"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    written = report.write(folder, models(), explorable=lambda: {"n-agent": "a page"})
    assert written.ok and "3 of 3 checks passed, 7 of 7 planted" in written.summary
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert found == {
        "index.html",
        "ledger.html",
        "claims.html",
        "explore-n-agent.html",
        "verification.json",
        "ledger.json",
        "claims.json",
        "latex/equations.tex",
        "figures/figure_theta.pdf",
        "notes.txt",
    }
    assert json.loads((folder / "verification.json").read_text()) == checks()
    assert all(
        row["depends"] is not None for row in json.loads((folder / "ledger.json").read_text())
    )
    for name in ("index.html", "ledger.html", "claims.html"):
        read((folder / name).read_text())
    assert (folder / "explore-n-agent.html").read_text() == "a page"
    links = read((folder / "index.html").read_text()).values("href")
    assert [link for link in links if link.startswith("explore")] == ["explore-n-agent.html"]


def test_failed_checks_are_reported_and_written(quick: Replace, tmp_path: Path) -> None:
    """The report of a failure is written too."""
    quick(failing=True)
    written = report.write(tmp_path / "paper", models())
    assert not written.ok and "2 of 3 checks passed" in written.summary
    assert "1 of 3 checks failed" in (tmp_path / "paper" / "index.html").read_text()


def test_nothing_is_left_of_an_interrupted_report(quick: Replace, tmp_path: Path) -> None:
    """An error in the middle leaves no folder, and an old report as it was."""
    quick(error=RuntimeError("planted"))
    with pytest.raises(RuntimeError, match="planted"):
        report.write(tmp_path / "new" / "paper", models())
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "index.html").write_text("old")
    with pytest.raises(RuntimeError, match="planted"):
        report.write(tmp_path, models())
    assert [p.name for p in tmp_path.iterdir()] == ["index.html"]
    assert (tmp_path / "index.html").read_text() == "old"


def test_unwritable_folder_is_refused_at_once(quick: Replace, tmp_path: Path) -> None:
    """A file in the way: one sentence, before anything slow begins."""
    quick(error=RuntimeError("too late"))
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(InputError, match="cannot be written") as caught:
        report.write(blocked / "paper", models())
    assert caught.value.exit_code == 2


# -------------------------------------------------------------- in a browser


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 360])
def test_page_in_a_browser(html: str, tmp_path: Path, width: int) -> None:
    """Desk and telephone: every formula has a size, every image loads, nothing sticks out."""
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    seen = probe(tmp_path, "page.html", width)
    assert seen["overflow"] <= 0 and seen["console"] == []
    assert seen["maths"] == read(html).tags["math"] and seen["flat"] == seen["errors"] == 0
    assert seen["images"] == 5 and seen["broken"] == 0
    meaning = seen["meaning"]
    assert entry(meaning["name"]).meaning.split("$")[0] in meaning["text"]
    assert meaning["inside"] and not meaning["left"]
