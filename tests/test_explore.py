"""The page with sliders: what it holds, what it answers, and that it agrees with its curves."""

from __future__ import annotations

import html
import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
from click.testing import CliRunner

from eqsolve.cli import cli
from eqsolve.explore.pairs import candidate
from eqsolve.explore.ranges import around
from eqsolve.explore.start import explored
from eqsolve.registry import resolve
from eqsolve.site.values import Origin
from keyboard import Driven
from pages import Page, browser, loads

GAME = "exit-externality"

#: Opens the page at addresses, moves a slider, follows a link, and tells what is there.
PROBE = """<!DOCTYPE html><meta charset="utf-8"><body>
<pre id="out"></pre>
<script>
const seen = {};
async function until(happened) {
  for (let polls = 0; polls < 2000 && !happened(); polls++)
    await new Promise((done) => setTimeout(done, 5));
}
async function opened(width, address) {
  const frame = document.createElement("iframe");
  frame.style = `width:${width}px;height:2000px;border:0`;
  frame.src = "page.html" + address;
  const loaded = new Promise((done) => frame.addEventListener("load", done));
  document.body.append(frame);
  await loaded;
  const page = frame.contentDocument, text = (selector) => page.querySelector(selector).textContent;
  await until(() => text(".timing"));
  const look = () => ({
    state: text(".state"), sentence: text(".sentence"), strategy: text("table.strategy"),
    agreement: text(".agreement"), curve: page.querySelector(".plot .curve").getAttribute("d"),
    hash: frame.contentWindow.location.hash,
  });
  return { page, look };
}
addEventListener("load", async () => {
  const { page, look } = await opened(390, "");
  seen.first = look();
  seen.overflow = page.documentElement.scrollWidth - 390;
  seen.verdicts = [...page.querySelectorAll(".roots tbody tr")].map((row) => {
    const told = row.lastElementChild, box = told.getBoundingClientRect();
    return { text: told.textContent, inside: box.width > 0 && box.left >= 0 && box.right <= 390 };
  });
  const cells = [...page.querySelectorAll(".roots .num")];
  seen.numberless = cells.filter((e) => e.textContent.includes("–")).length;
  const high = (e) => e.getBoundingClientRect().height;
  const small = (e) => high(e) > 0 && high(e) < 43.5;
  seen.small = [...page.querySelectorAll("input, select, button, summary")].filter(small).length;
  const slide = page.querySelector("#slide-k");
  slide.value = slide.max;
  slide.dispatchEvent(new Event("input", { bubbles: true }));
  const { strategy, hash } = seen.first;
  await until(() => look().strategy !== strategy && look().hash !== hash);
  seen.moved = look();
  const link = page.querySelector("table.strategy a, table.values a");
  link.click();
  await until(() => page.querySelector(".lit"));
  seen.lit = page.querySelector(".lit")?.id;
  seen.target = link.getAttribute("href").slice(1);
  seen.after = look().hash;
  seen.addressed = (await opened(1400, "#c=1.3&against=l")).look();
  seen.again = (await opened(1400, seen.addressed.hash)).look();
  document.getElementById("out").textContent = JSON.stringify(seen);
});
</script></body>"""


#: What a page tells of its time, its curve, and how far that is from the certified one.
TOLD, CURVE, AGREEMENT = (
    f"document.querySelector('{part}"
    for part in (".timing')?.textContent", ".curve').getAttribute('d')", ".agreement').textContent")
)
#: A curve of few points, at once, in many frames, and with an error: every other one is left out.
DRAWN = {
    name: {"CURVE = 200": "CURVE = 41", "BUDGET = 8": f"BUDGET = {budget}", **error}
    for name, budget, error in (
        ("once", "Infinity", {}),
        ("parts", "-1", {}),
        ("fewer", "-1", {"step >= 1;": "step > 1;"}),
    )
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a game, as the command writes it."""
    path = tmp_path_factory.mktemp("explored") / "page.html"
    arguments = ["explore", GAME, "--points", "5", "--out", str(path)]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    return path


def test_the_page_stands_alone(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not loads(text)
    read = Page(text)
    anchors = set(read.values("id"))
    (embedded,) = re.findall(r"^const PAGE = (.*);$", text, re.MULTILINE)
    data = json.loads(embedded)
    linked = {c["anchor"] for c in data["columns"] if c["anchor"]}
    assert linked and linked <= anchors
    assert all(len(curve["x"]) == 5 for curve in data["reference"].values())


@pytest.fixture(scope="module")
def seen(page: Path) -> dict[str, Any]:
    """What is seen on the page, in one browser."""
    folder = page.parent
    (folder / "probe.html").write_text(PROBE, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    options += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=60000"]
    done = subprocess.run(
        [browser(), *options, "--dump-dom", (folder / "probe.html").as_uri()],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r'<pre id="out">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found is not None and found[1], done.stderr[-2000:]
    document: dict[str, Any] = json.loads(html.unescape(found[1]))
    return document


def test_a_slider_solves_again(seen: dict[str, Any]) -> None:
    first, moved = seen["first"], seen["moved"]
    assert first["state"] == "ok" and "certified points" in first["agreement"]
    differs = re.search(r"at most ([\d.e+-]+),", first["agreement"])
    assert differs is None or float(differs[1]) < 1e-12
    assert "status differs" not in first["agreement"]
    assert moved["strategy"] != first["strategy"]
    assert moved["hash"].startswith("#k=")
    assert seen["overflow"] <= 0 and not seen["small"]
    assert any(v["text"] == "selected" for v in seen["verdicts"])
    assert all(v["inside"] for v in seen["verdicts"])
    # a rejected solution is shown with its numbers
    assert len(seen["verdicts"]) > 1 and not seen["numberless"]
    assert seen["lit"] == seen["target"] and seen["after"] == moved["hash"]


def test_the_address_holds_the_state(seen: dict[str, Any]) -> None:
    addressed = seen["addressed"]
    assert "c=1.3" in addressed["hash"]
    assert addressed["strategy"] != seen["first"]["strategy"]
    for part in ("strategy", "curve", "hash"):
        assert seen["again"][part] == addressed[part]


def test_a_curve_in_parts_is_that_at_once(page: Path, tmp_path: Path) -> None:
    text, found = page.read_text(encoding="utf-8"), []
    for name, changes in DRAWN.items():
        changed = text
        for before, after in changes.items():
            assert changed.count(before) == 1
            changed = changed.replace(before, after)
        (tmp_path / f"{name}.html").write_text(changed, encoding="utf-8")
    with Driven(tmp_path / "once.html", tmp_path, 1400) as driven:
        for name in DRAWN:
            driven.send("Page.navigate", url=(tmp_path / f"{name}.html").as_uri())
            driven.until(f"location.href.includes('{name}') && {TOLD}")
            found.append([driven.value(part) for part in (TOLD, CURVE, AGREEMENT)])
    once, parts, fewer = found
    assert "whole after" in parts[0] and "whole after" not in once[0]
    assert parts[1:] == once[1:] and "certified points" in once[2]
    assert once[1].count("L") == 40 and fewer[1] != once[1]


def test_keys_move_a_slider_on_a_phone(page: Path, tmp_path: Path) -> None:
    strategy = "document.querySelector('table.strategy').textContent"
    with Driven(page, tmp_path, 390) as driven:
        driven.until("document.querySelector('.timing')?.textContent")
        assert driven.value("document.documentElement.scrollWidth") <= 390
        before = driven.value(strategy)
        # from the first control on, every one is reached by the tabulator
        driven.value("document.querySelector('button[type=reset]').focus()")
        driven.press("Tab")
        name = driven.value("document.activeElement.id")
        assert name.startswith("slide-")
        start = driven.value("Number(document.activeElement.value)")
        driven.press("ArrowRight")
        driven.until(f"{strategy} !== {json.dumps(before)}")
        assert driven.value("Number(document.activeElement.value)") > start
        field = name.replace("slide-", "value-")
        assert driven.value(f"Number(document.getElementById({json.dumps(field)}).value)") > start
        driven.press("Tab")
        assert driven.value("document.activeElement.id") == field
        assert driven.value("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_ranges_stay_inside_of_domains() -> None:
    assert around(sp.Interval(0, 1), 0.3).high == 1
    open_end = around(sp.Interval.open(0, sp.oo), 2.0)
    assert 0 < open_end.low < 2 < open_end.high
    assert around(sp.S.Naturals, 3.0).whole
    assert around(sp.S.Reals, 0.0).low < 0 < around(sp.S.Reals, 0.0).high
    assert around(sp.Interval(-1, 1), -0.9).low == -1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["heterogeneous", "-p", "gamma_3=1"], "b for 2 of 3 types"),
        ([GAME, "-p", "zeta=1"], "zeta"),
        (["lacker-zariphopoulou-cara", "--size", "9"], "2 types for 9 players"),
    ],
)
def test_refusals_come_before_work(given: list[str], words: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["explore", *given, "--out", str(tmp_path / "page.html")])
    assert result.exit_code == 2 and words in result.stderr
    assert not list(tmp_path.iterdir())


def test_beside_a_report_values_lead_to_its_equations_and_theorems() -> None:
    made = explored(resolve(GAME), {}, points=0)
    origins = {"a_L": Origin("7", "index.html#eq-7", "theorems.html#one-7")}
    column, *others = made.data(origins)["columns"]
    assert column["cited"] == [["(7)", "index.html#eq-7"], ["theorem", "theorems.html#one-7"]]
    assert others and not any(c["cited"] for c in others)


def test_certified_curves_are_of_the_same_game() -> None:
    made = explored(resolve(GAME), {}, points=3)
    curve: Mapping[str, Any] = made.reference()["k"]
    assert set(curve["curves"]) <= set(made.bundle.columns)
    assert curve["status"] == [0, 0, 0]


def test_a_script_writes_no_operation_twice_but_after_its_operand_changed() -> None:
    lines = ["x = point[0]", "y = x * x", "z = out[0]", "a = z * z", "b = z * z + x * x"]
    text = candidate(lines)
    # of the point before everything, of what else is known once
    assert text.count("Mul(") == 2
    assert "Mul(" in text[: text.index("function prepare(")]
    again = candidate([*lines, "z = b + 1.0", "c = z * z"])
    assert again.count("Mul(") == 3
    under = [*lines[:3], "if pick[0] >= 0:", "    c = z * z", "d = z * z"]
    assert candidate(under).count("Mul(") == 3


#: What the box with a letter's meaning says; nothing while it is hidden.
MEANING = "[...document.querySelectorAll('.meaning-of:not([hidden])')].map((e) => e.textContent)[0]"
#: The letter that has the focus.
FOCUSED = "document.activeElement.dataset.symbol"


def test_letters_are_reached_by_keys_and_told_on_paper(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    read = Page(text)
    marked, ids = set(read.values("data-symbol")), set(read.values("id"))
    assert marked and {f"symbol-{name}" for name in marked} <= ids
    assert {link[1:] for link in read.values("href") if link.startswith("#")} <= ids
    with Driven(page, tmp_path, 1400) as driven:
        driven.until("document.querySelector('.timing')?.textContent")
        driven.value("document.querySelector('#solution-1 .formula').focus()")
        assert driven.value(MEANING) is None
        found = []
        for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
            driven.press(key)
            found.append((driven.value(FOCUSED), driven.value(MEANING)))
        first, second, again = found
        assert first == again and first[0] != second[0]
        for name, told in (first, second):
            row = driven.value(f"document.getElementById('symbol-{name}').textContent")
            assert told and told == row
        driven.press("Enter")
        assert driven.value("document.querySelector('.lit')?.id") == "solution-1"
        driven.press("Escape")
        assert driven.value(MEANING) is None
        # on paper the list of letters is there, no box is, and nothing is folded
        driven.press("ArrowRight")
        driven.send("Emulation.setEmulatedMedia", media="print")
        driven.value("dispatchEvent(new Event('beforeprint'))")
        seen = "(s) => [...document.querySelectorAll(s)].map((e) => e.checkVisibility())"
        assert driven.value(f"({seen})('.meaning-of')") == [False]
        assert all(driven.value(f"({seen})('.notation tr, .equation')"))
        driven.value("dispatchEvent(new Event('afterprint'))")
        assert not all(driven.value(f"({seen})('.equation')"))
