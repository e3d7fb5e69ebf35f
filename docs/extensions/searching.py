"""A search that knows which pages are about a word, and what each page says first.

Sphinx's index has which pages contain a word. ``search.js`` orders what is found by counts of words
and of pairs of words, which are written here, and shows the first sentence of a page, so that
nothing is fetched: a page that is a file can fetch nothing.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import sqrt
from pathlib import Path
from textwrap import shorten
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.search import SearchLanguage

SCRIPT = "about.js"
#: For each word the pages that are most about it.
KEPT = 12
#: How often a word of a heading counts.
HEADING = 3
#: Letters of a first sentence that are shown.
SHOWN = 160


def stems(text: str, language: SearchLanguage) -> list[str]:
    """The words of a text as the search compares them."""
    words = [word.lower() for word in language.split(text)]
    return [language.stem(word) for word in words if word not in language.stopwords]


def first(page: nodes.document) -> str:
    """The first sentence of a page."""
    for paragraph in page.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section):
            sentence = re.split(r"(?<=[.]) ", " ".join(paragraph.astext().split()), maxsplit=1)[0]
            return shorten(sentence, SHOWN, placeholder=" …")
    return ""


def words(page: nodes.document, language: SearchLanguage) -> list[str]:
    """The words of a page in order, and those of its headings again."""
    headings = [title.astext() for title in page.findall(nodes.title)]
    return stems(" ".join([page.astext(), *headings * (HEADING - 1)]), language)


def shares(pages: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """How much each page is about a word or a pair, beside the one that is so most.

    A count is divided by the root of the length of its page. A word that a page has once is left
    out, and so is a pair that it has twice.
    """
    found: dict[str, dict[str, float]] = {}
    for page, words in pages.items():
        counts = Counter(words) + Counter(map(" ".join, pairwise(words)))
        for word, count in counts.items():
            if count > 1 + (" " in word):
                found.setdefault(word, {})[page] = count / sqrt(len(words))
    kept = {}
    for word, by_page in sorted(found.items()):
        best = sorted(by_page, key=lambda page: -by_page[page])[:KEPT]
        kept[word] = {page: round(by_page[page] / by_page[best[0]], 2) for page in best}
    return kept


def _write(app: Sphinx, error: Exception | None) -> None:
    indexer = getattr(app.builder, "indexer", None)
    if error is not None or indexer is None:
        return
    read = {name: app.env.get_doctree(name) for name in sorted(app.env.found_docs)}
    counted = shares({name: words(page, indexer.lang) for name, page in read.items()})
    about = {"pages": {name: first(page) for name, page in read.items()}, "words": counted}
    text = f"const ABOUT = {json.dumps(about, ensure_ascii=False, separators=(',', ':'))};\n"
    (Path(app.outdir) / "_static" / SCRIPT).write_text(text, encoding="utf-8")


def _search_only(app: Sphinx, page: str, *_: object) -> None:
    if page == "search":
        app.add_js_file(SCRIPT)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", _search_only)
    app.connect("build-finished", _write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
