"""Every page of the documentation is run: its files, its sessions, its commands, its notebooks."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import matplotlib
import pytest

import pages_of_code as code
from eqsolve import errors, registry
from keyboard import Driven

DOCS = Path(__file__).parents[1] / "docs"
#: Written from the package when the site is built.
GENERATED = ("generated", "gallery", "example", "_build")
#: Pages that take more than a few seconds.
LONG = (
    "agents.md",
    "howto/*",
    "sensitivity.md",
    "simulation.md",
    "explanation/*",
    "start/*",
    "sweeps.md",
    "tutorials/calibrate*.md",
    "tutorials/market.md",
    "tutorials/n_to_infinity.md",
    "tutorials/nash_planner.md",
    "tutorials/finite.md",
    "tutorials/particles.md",
    "tutorials/sweep_to_figure.md",
    "tutorials/wrong_formula.md",
)
#: What a page needs beyond what the tests bring.
NEEDS = {"tutorials/calibrate_pymc.md": "pymc", "tutorials/market.md": "arch"}
PAGES = sorted(
    path
    for path in DOCS.rglob("*.md")
    if path.relative_to(DOCS).parts[0] not in GENERATED and code.runs(path.read_text())
)


def _page(path: Path) -> object:
    name = path.relative_to(DOCS)
    long = any(name.match(pattern) for pattern in LONG)
    return pytest.param(path, id=str(name), marks=[pytest.mark.full] if long else [])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder, in which games that were named before are forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "_adopted", {})
    matplotlib.use("agg")
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if (tmp_path / f"{name}.py").is_file():
            del sys.modules[name]


@pytest.mark.parametrize("path", list(map(_page, PAGES)))
def test_a_page_does_what_it_shows(path: Path, folder: Path) -> None:
    needed = NEEDS.get(str(path.relative_to(DOCS)))
    if needed is not None and find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed")
    assert code.run(path.read_text(encoding="utf-8"), folder)


TUTORIAL = DOCS / "tutorial_own_game.md"


def test_a_changed_output_is_seen(folder: Path) -> None:
    """Of a session, and of a command that prints something else."""
    text = TUTORIAL.read_text(encoding="utf-8")
    wrong = text.replace("-0.2857142857142857", "-0.2857142857142858")
    assert wrong != text
    with pytest.raises(code.PageError, match="-0.2857142857142857"):
        code.run(wrong, folder)
    with pytest.raises(code.PageError, match="shown"):
        code.run("```console\n$ eqsolve --version\neqsolve 0\n```\n", folder)
    with pytest.raises(code.PageError, match="ended with 2"):
        code.run("```console\n$ eqsolve solve\n```\n", folder)


def test_environment_variables_are_told() -> None:
    """Those that the sources read are those of the page."""
    root = DOCS.parent
    sources = [p.read_text(encoding="utf-8") for p in (root / "eqsolve").rglob("*.py")]
    read = set(re.findall(r'"((?:EQSOLVE|NUMBA)_[A-Z_]+)"', "".join(sources)))
    page = (DOCS / "reference" / "environment.md").read_text(encoding="utf-8")
    assert len(read) > 3
    assert set(re.findall(r"^\| `([A-Z_]+)`", page, re.MULTILINE)) == read


def test_public_names_are_told() -> None:
    """Those that a module offers are those of the reference."""
    pages = (DOCS / "reference").glob("*.rst")
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    told = re.findall(r"^\.\. (?:auto|py:)\w+:: (?:[\w.]+\.)?(\w+)$", text, re.MULTILINE)
    modules = map(import_module, ("eqsolve", "eqsolve.game", "eqsolve.pde"))
    offered = {name for module in modules for name in module.__all__} - {"pde"}  # a module
    own = (
        kind for kind in vars(errors).values() if getattr(kind, "__module__", "") == errors.__name__
    )
    offered |= {kind.__name__ for kind in own if isinstance(kind, type)}
    assert len(offered) > 70 and offered <= set(told), sorted(offered - set(told))


@pytest.mark.usefixtures("extensions")
def test_statuses_of_grids_are_told() -> None:
    """The words of the sources, in Rust and in Python, are those of the page."""
    rust = [p.read_text(encoding="utf-8") for p in (DOCS.parent / "rust" / "src").rglob("*.rs")]
    python = [p.read_text(encoding="utf-8") for p in (DOCS.parent / "eqsolve" / "pde").glob("*.py")]
    given = {
        *re.findall(r'Self::\w+ => "(\w+_\w+|ok|stagnated|unresolved)"', "".join(rust)),
        *re.findall(r'status(?:"\])? ?= ?"(\w+)"', "".join(python)),
        *re.findall(r'status = "(\w+)" if .* else "(\w+)"', "".join(python))[0],
    }
    told = {name.strip("`") for name in import_module("generated").ON_GRIDS}
    assert len(given) > 10 and told == given


def _site(tmp_path: Path, builder: str) -> tuple[Path, Path]:
    """A copy of the pages, and what Sphinx makes of it without deriving or executing anything."""
    pytest.importorskip("sphinx")
    tree, out = tmp_path / "docs", tmp_path / "out"
    ignored = shutil.ignore_patterns("generated", "gallery", "_build")
    shutil.copytree(DOCS, tree, ignore=ignored)
    for name in ("README.md", "CONTRIBUTING.md"):
        shutil.copy(DOCS.parent / name, tmp_path)
    command = [sys.executable, "-P", "-m", "sphinx", "-b", builder, "-W", "-q"]
    short = ["-D", "nb_execution_mode=off", "-D", "eqsolve_short=1"]
    done = subprocess.run([*command, *short, str(tree), str(out)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return tree, out


def test_pages_fit_together(tmp_path: Path) -> None:
    """Sphinx reads all pages without a warning; nothing is derived, executed or written."""
    tree, _ = _site(tmp_path, "dummy")
    pages = {path.stem for path in (tree / "gallery").glob("*.md")}
    assert pages == {*registry.names(), "index"}


@pytest.fixture
def extensions(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the site's builder imports, without Sphinx's configuration."""
    pytest.importorskip("myst_nb")
    monkeypatch.syspath_prepend(str(DOCS / "extensions"))


@pytest.mark.usefixtures("extensions")
def test_displayed_formulas_are_formulas() -> None:
    """Not the text of their own elements."""
    from docutils import nodes

    mathematics = import_module("mathematics")
    written = SimpleNamespace(body=[])
    with pytest.raises(nodes.SkipNode):
        mathematics._block(written, nodes.math_block(text="x^2\n= y"))
    assert written.body[0].count('<math display="block">') == 1
    assert "&lt;" not in written.body[0]


@pytest.mark.usefixtures("extensions")
def test_output_in_pieces_is_one_text() -> None:
    from nbformat.v4 import new_output

    pieces = [("stdout", "a wo"), ("stderr", "war"), ("stdout", "rd\nand m"), ("stderr", "ning\n")]
    outputs = [new_output("stream", name=name, text=text) for name, text in pieces]
    outputs.append(new_output("stream", name="stdout", text="ore\n"))
    whole = import_module("notebooks").whole
    told = {output["name"]: output["text"] for output in whole(outputs)}
    assert told == {"stdout": "a word\nand more\n", "stderr": "warning\n"}
    assert outputs[0]["text"] == "a wo"


@pytest.mark.usefixtures("extensions")
def test_a_search_counts_what_a_page_is_about() -> None:
    """Per root of its length; headings count more, and a word that is there once does not count."""
    from docutils.core import publish_doctree
    from sphinx.search.en import SearchEnglish

    searching = import_module("searching")
    long = " ".join(["tail"] * 4 + ["other"] * 60)
    pages = {"a": ["tail"] * 4, "b": long.split(), "c": ["fat", "tail"] * 3, "d": ["tail", "fat"]}
    found = searching.shares(pages)
    assert found["tail"] == {"a": 1.0, "b": 0.25, "c": pytest.approx(0.61)}
    assert found["fat tail"] == {"c": 1.0} and "d" not in found["fat"]
    page = publish_doctree(
        "A title is no section.\n\nFat tails\n---------\n\nTails stay. So.\n\nEnd\n---\n"
    )
    read = Counter(searching.words(page, SearchEnglish({})))
    assert (read["tail"], read["fat"], read["stay"]) == (
        searching.HEADING + 1,
        searching.HEADING,
        1,
    )
    assert searching.first(page) == "Tails stay."


WORDS = {
    "mean field": "gallery/mean-field.html",
    "Zipf": "gallery/granular.html",
    "closed loop": "explanation/notions.html",
    "notation": "generated/glossary.html",
    "status": "generated/statuses.html",
    "market": "howto/market.html",
    "solve": "reference/api_verbs.html#eqsolve.solve",
}


@pytest.mark.full
def test_a_search_without_a_network(tmp_path: Path) -> None:
    """On a page that is a file: the page about a word is near the top, and nothing is fetched."""
    page = _site(tmp_path, "html")[1] / "search.html"
    links = "[...document.querySelectorAll('ul.search a')].map((a) => a.getAttribute('href'))"
    told = "document.querySelector('ul.search > li > span').innerText"
    fetched = "performance.getEntriesByType('resource').filter((e) => e.initiatorType === 'fetch')"
    with Driven(page, tmp_path, 1000) as driven:
        for words, sought in WORDS.items():
            driven.send("Page.navigate", url=f"{page.as_uri()}?q={quote(words)}")
            driven.until(f"location.search === '?q={quote(words)}'")
            driven.until("/finished/.test(document.querySelector('.search-summary')?.innerText)")
            found = [link.partition("?")[0] for link in driven.value(links)]
            assert sought in found[:3], (words, found[:5])
            assert len(driven.value(told)) > 9 and driven.value(f"{fetched}.length") == 0
