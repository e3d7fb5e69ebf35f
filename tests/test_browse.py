"""The ledger and the claims as pages: numbers, equations, links, search, planted faults."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from eqsolve.claims import Claim, judge
from eqsolve.claims.claim import Counterexample, Finding
from eqsolve.claims.claim import Test as Examined
from eqsolve.latex.document import ledger_rows
from eqsolve.latex.phrase import with_formulas
from eqsolve.latex.printer import latex
from eqsolve.ledger import Display
from eqsolve.notated.published import Published
from eqsolve.registry import models
from eqsolve.site.browse import judged, ledger, render_claims, render_ledger
from eqsolve.site.page import Content, render
from eqsolve.site.sections import covered
from pages import broken_links, browser, loads, probe, raw_tex, read

#: The numbers of the paper, those of ranges one by one.
NUMBERS = {
    *(f"2.{k}" for k in range(1, 120)),
    *(f"3.{k}" for k in range(1, 46)),
    *(f"A.{k}" for k in range(1, 45)),
    *(f"B.{k}" for k in range(1, 5)),
    *(f"C.{k}" for k in range(1, 6)),
    *(f"D.{k}" for k in range(1, 6)),
    "E.D.1",
}
PAGES = ("index.html", "ledger.html", "claims.html")
JUDGED = ("second-order-condition", "value-2.77", "corollary-3.1")


@pytest.fixture(scope="module")
def games() -> list[tuple[Published, tuple[Display, ...]]]:
    """Every game with its displays."""
    return [(each, tuple(each.shown)) for each in models()]


@pytest.fixture(scope="module")
def claims() -> tuple[Claim, ...]:
    """Some claims of every verdict, judged on few points."""
    return judge(JUDGED, samples=300)


@pytest.fixture(scope="module")
def content(
    games: list[tuple[Published, tuple[Display, ...]]], claims: tuple[Claim, ...]
) -> Content:
    """What the pages are made of."""
    verification: dict[str, Any] = {"ok": True, "checks": []}
    return Content(games, [], {"r": "0.03"}, verification, [], {}, [], claims)


@pytest.fixture(scope="module")
def pages(content: Content) -> dict[str, str]:
    """The three pages, with all displays."""
    texts = (f(content, "1.2.3") for f in (render, render_ledger, render_claims))
    return dict(zip(PAGES, texts, strict=True))


@pytest.fixture(scope="module")
def folder(pages: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as files."""
    made = tmp_path_factory.mktemp("pages")
    for name, text in pages.items():
        (made / name).write_text(text, encoding="utf-8")
    return made


# ------------------------------------------------------------------ content


def test_pages_are_well_formed_and_load_nothing(pages: dict[str, str]) -> None:
    """Each page stands alone; the only links out of it lead to the other two."""
    for name, text in pages.items():
        page = read(text)
        assert page.tags["h1"] == page.tags["title"] == page.tags["main"] == 1
        assert page.tags["script"] == 1
        assert loads(text) == []
        assert set(page.values("href")) >= set(PAGES)
        anchors = page.values("id")
        assert len(anchors) == len(set(anchors))


def test_planted_requests_are_noticed(pages: dict[str, str]) -> None:
    """A font or a script from elsewhere does not pass."""
    for planted in ('<img src="x.png">', "<a href='https://x'>x</a>", "<b>@import</b>"):
        assert loads(pages["claims.html"].replace("</main>", f"{planted}</main>"))


@pytest.mark.parametrize("name", ["index.html", "ledger.html"])
def test_every_number_has_a_permanent_anchor(pages: dict[str, str], name: str) -> None:
    """All numbers of the paper, the ones inside ranges too, lead to an equation."""
    anchors = set(read(pages[name]).values("id"))
    assert {f"eq-{number}" for number in NUMBERS} <= anchors


def test_every_link_leads_somewhere(pages: dict[str, str]) -> None:
    """Dependencies, citations and the links between the pages; a broken one is noticed."""
    assert broken_links(pages) == []
    for old, new in (('"#eq-2.36"', '"#eq-2.136"'), ("index.html#eq-2.36", "other.html#eq-2.36")):
        planted = pages["ledger.html"].replace(old, new, 1)
        assert planted != pages["ledger.html"]
        assert len(broken_links(pages | {"ledger.html": planted})) == 1


def test_every_equation_is_rendered(
    pages: dict[str, str], games: list[tuple[Published, tuple[Display, ...]]]
) -> None:
    """One row for each display, formulas as MathML, LaTeX only where source is shown."""
    shown = [display for _, displays in games for display in displays]
    page = read(pages["ledger.html"])
    assert page.values("class").count("row") == len(shown)
    lines = [line for display in shown for line in (*display.lines, *display.let)]
    sides = sum(1 + (latex(line.left) != "{}") for line in lines)
    assert sum(c.split()[0] == "line" for c in page.values("class") if c) == len(lines)
    assert page.tags["math"] >= sides
    assert page.tags["details"] == len(shown)
    for text in pages.values():
        assert raw_tex(text) == []
        assert raw_tex(text.replace("</main>", r"<p>x \frac y</p></main>")) == [r"\frac"]


def test_rows_say_what_an_equation_follows_from_and_is_used_in(
    content: Content, claims: tuple[Claim, ...]
) -> None:
    """Dependencies in both directions, and the claims that cite the number."""
    equations = [e for section in content.shown for e in section.equations]
    rows = {row.eq.anchors[0]: row for row in ledger(equations, claims)}
    for row in rows.values():
        for _, link in row.eq.depends:
            assert any(target == f"#{row.eq.anchors[0]}" for _, target in rows[link[1:]].used)
    assert ("value-2.77", "claims.html#claim-value-2.77") in rows["eq-2.77"].claims
    labels = [row.label for row in rows.values()]
    assert labels[:3] == ["(2.1)", "(2.2)", "(2.3)"] and "(2.27\u20132.32)" in labels
    assert labels.index("(2.119)") < labels.index("(3.1)") < labels.index("(A.1)")
    assert labels.index("(D.5)") < labels.index("(E.D.1)") < labels.index("#")


def test_dependencies_are_given(games: list[tuple[Published, tuple[Display, ...]]]) -> None:
    """A solution follows from something, and what it follows from is a display."""
    known = {n for _, ds in games for d in ds for n in (d.number, *covered(d))}
    for _, displays in games:
        for display in displays:
            assert set(display.depends) <= known, display.number
            assert display.depends or display.kind != "solution", display.number


def test_claims_show_verdict_condition_evidence_and_command(
    pages: dict[str, str], claims: tuple[Claim, ...]
) -> None:
    """One row each; the commands are there to be copied."""
    page = read(pages["claims.html"])
    assert [i for i in page.values("id")] == [f"claim-{claim.id}" for claim in claims]
    assert {claim.verdict for claim in claims} == {"holds", "conditional", "false"}
    text = pages["claims.html"]
    for claim in claims:
        row = re.search(rf'<tr class="row" id="claim-{claim.id}".*?</tr>', text, re.DOTALL)
        assert row is not None
        assert f'<span class="verdict {claim.verdict}">' in row.group()
        assert row.group().count("<li") == len(claim.finding.tests)
        assert bool(claim.condition) == ('class="condition"' in row.group())
        for command in (claim.counterexample or "").splitlines():
            assert command.replace("&", "&amp;").replace("'", "&#39;") in row.group()
    assert 'href="ledger.html#eq-2.77"' in text


def test_a_counterexample_that_is_not_confirmed_is_not_shown() -> None:
    """Only what contradicts the claim stands beside it."""
    tests = (Examined("search", "no violations", True, domain="r 0..0.05, sigma -0.4..0.4"),)
    doubtful = Counterexample((), (), "nothing at all", False)
    claim = Claim("x", "(2.54)", "r > 0", "holds", "", "", None, Finding(tests, "", doubtful))
    row = judged(claim, ["2.54"])
    assert row.shows == "" and row.command == ""
    assert "0 to 0.05" in row.tests[0].domain and "\u22120.4 to 0.4" in row.tests[0].domain
    assert row.source == '<a href="ledger.html#eq-2.54">(2.54)</a>'
    assert judged(claim, []).source == "(2.54)"


# ------------------------------------------------------- formulas in sentences


@pytest.mark.parametrize(
    ("plain", "typeset"),
    [
        ("a solution of the system", "a solution of the system"),
        ("A solution for S and W", "A solution for $S$ and $W$"),
        ("if theta != 0, D2 > 0.", r"if $\theta  \neq 0$, $D_2 > 0$."),
        ("(at beta = 0 q3 ~ 1/kappa)", r"(at $\beta = 0$ $q_3 \sim 1/ \kappa$)"),
        ("lambda > 2 (r + B p1)", r"$\lambda > 2 (r + B p_1)$"),
        ("the rate n^(-1/2)", "the rate $n^{-1/2}$"),
        ("abs(k3)/alpha", r"$|k_3|/ \alpha$"),
        ("the value 3.5e-06 > 0.", r"the value $3.5 \times 10^{-6} > 0$."),
        ("0.04 (n = 25)", "0.04 $(n = 25)$"),
        ("x > -(p1/beta)'/p1', so", r"$x > -(p_1/ \beta )'/p_1'$, so"),
        ("E[B pi | F^B] moves", r"$\mathbb{E}[B \pi  \mid F^B]$ moves"),
        ("at S1, (2.54) and Theorem 2.3", "at S1, (2.54) and Theorem 2.3"),
        ("beta a number, D2 (near 0", r"$\beta$ a number, $D_2$ (near 0"),
        ("phi-hat = 0", r"$\hat\varphi = 0$"),
        ("delta at the top", r"$\delta$ at the top"),
        ("a 2 x 2 system", "a 2 \u00d7 2 system"),
        ("mean-field and n-agent", "mean-field and n-agent"),
    ],
)
def test_formulas_in_sentences(plain: str, typeset: str) -> None:
    """Symbols and signs become formulas, words stay words."""
    # before its games are loaded the table of symbols is empty
    with_formulas(plain)
    assert models()
    squeezed = re.sub(r" +", " ", typeset)
    assert re.sub(r" +", " ", with_formulas(plain)).replace("[ ", "[") == squeezed


# ---------------------------------------------------------------- in a browser

STEPS: list[dict[str, str]] = [
    {},
    {"query": "2.31"},
    {"query": "(2.5)"},
    {"query": "cubic p_1"},
    {"query": "", "game": "n-agent", "proof": "exact"},
    {"reset": ""},
    {"query": "no such words"},
    {"hash": "#eq-2.54"},
]


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("name", ["ledger.html", "claims.html"])
def test_pages_in_a_browser(folder: Path, pages: dict[str, str], name: str, width: int) -> None:
    """Desk and telephone: nothing sticks out, every formula has a size, no message."""
    seen = probe(folder, name, width)
    assert seen["overflow"] <= 0 and seen["console"] == []
    assert seen["maths"] == read(pages[name]).tags["math"] > 0
    assert seen["flat"] == seen["errors"] == 0
    assert seen["copies"] == pages[name].count("<pre><code>")


@pytest.mark.slow
def test_search_and_anchors_in_a_browser(
    folder: Path, games: list[tuple[Published, tuple[Display, ...]]]
) -> None:
    """Numbers, words, choices, and a link to a row that the filter hides."""
    total = sum(len(displays) for _, displays in games)
    every, ranged, exact, words, chosen, reset, none, revealed = (
        (answer["rows"], answer["count"])
        for answer in probe(folder, "ledger.html", 1280, STEPS)["answers"]
    )
    assert len(every[0]) == total and every[1] == f"{total} of {total}"
    assert ranged[0] == ["eq-2.27"]
    assert exact[0] == ["eq-2.5"]
    assert "eq-2.53" in words[0] and len(words[0]) < 20
    agents = next(displays for each, displays in games if each.name == "n-agent")
    assert len(chosen[0]) == sum(display.proof == "exact" for display in agents)
    assert len(reset[0]) == total
    assert none[0] == [] and none[1] == f"0 of {total}"
    assert len(revealed[0]) == total


@pytest.mark.slow
def test_faults_are_seen_in_a_browser(folder: Path, pages: dict[str, str]) -> None:
    """A script that fails, an empty formula and a box that is too wide do not pass."""
    planted = pages["claims.html"].replace(
        "</main>",
        "<math></math><p style='width:900px'>x</p><script>missing();</script></main>",
    )
    (folder / "planted.html").write_text(planted, encoding="utf-8")
    seen = probe(folder, "planted.html", 360)
    assert seen["overflow"] > 0 and seen["flat"] == 1
    assert len(seen["console"]) == 1 and "missing is not defined" in seen["console"][0]


@pytest.mark.slow
def test_pages_print(folder: Path, tmp_path: Path) -> None:
    """A browser prints the ledger; the search bar is left out."""
    target = tmp_path / "ledger.pdf"
    command = [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={target}"]
    subprocess.run([*command, (folder / "ledger.html").as_uri()], capture_output=True, check=True)
    assert target.read_bytes().startswith(b"%PDF")
    text = subprocess.run(
        ["pdftotext", str(target), "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "(2.119)" in text and "Show all" not in text


# ------------------------------------------------------------ the longest ones


def test_the_comparison_in_docs_is_up_to_date(displays: Any) -> None:
    """The page in docs belongs to the present displays, and its images to the page."""
    assert displays.is_stale(displays.FOLDER) is False


def test_a_stale_comparison_is_noticed(displays: Any, tmp_path: Path) -> None:
    """A changed formula, a changed image and a missing page."""
    assert displays.is_stale(tmp_path)
    page = displays.FOLDER / "displays.md"
    (tmp_path / "displays").mkdir()
    for image in (displays.FOLDER / "displays").iterdir():
        (tmp_path / "displays" / image.name).write_bytes(image.read_bytes())
    (tmp_path / "displays.md").write_text(page.read_text(encoding="utf-8"), encoding="utf-8")
    assert not displays.is_stale(tmp_path)
    found = displays.pairs()
    assert len(found) == 10 and displays.text([replace(found[0], ours="x"), *found[1:]]) != (
        displays.text(found)
    )
    image = next((tmp_path / "displays").iterdir())
    image.write_bytes(image.read_bytes() + b"x")
    assert displays.is_stale(tmp_path)


@pytest.fixture(scope="module")
def displays() -> Any:
    """The module that writes the comparison in docs, which finds the longest displays once."""
    path = Path(__file__).parent.parent / "docs" / "displays.py"
    spec = importlib.util.spec_from_file_location("displays", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["displays"] = module
    spec.loader.exec_module(module)
    module.pairs = cache(module.pairs)
    return module


def test_ledger_data_names_dependencies(games: list[tuple[Published, tuple[Display, ...]]]) -> None:
    """The JSON of the ledger carries what the page shows."""
    rows = ledger_rows([each for each, _ in games])
    assert json.loads(json.dumps(rows)) == rows
    assert all(isinstance(row["depends"], list) for row in rows)
