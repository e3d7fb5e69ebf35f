"""What the tests of pages share: a strict reader, links, left-over LaTeX, and a browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

VOID = {"meta", "link", "img", "br", "hr", "input", "wbr", "col"}


class Page(HTMLParser):
    """Reads a page strictly: every element closed in order; collects what the tests need."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute of {tag} is given twice"
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if not {"style", "script", "code"} & set(self.open):
            self.text.append(data)

    def values(self, attribute: str) -> list[str]:
        """All values of an attribute."""
        return [value for _, name, value in self.attributes if name == attribute]


#: A page as it was read before: reading one with all displays takes longer than most tests.
read = lru_cache(maxsize=8)(Page)


def loads(text: str) -> list[str]:
    """What a page would fetch: nothing but data, fragments and its neighbors is allowed."""
    page = read(text)
    asked = [v for name in ("src", "srcset", "data", "poster", "action") for v in page.values(name)]
    found = [value for value in asked if not value.startswith("data:")]
    for value in page.values("href"):
        if not re.fullmatch(
            r"data:,|#.+|(index|ledger|claims|theorems|explore-[\w-]+)\.html(#.+)?|proofs/\w+\.v",
            value,
        ):
            found.append(value)
    text = re.sub(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=]*", "data:", text)
    asking = r"https?:|//\w|url\((?!data:)|@import|fetch\(|XMLHttpRequest|import\("
    found += re.findall(asking, text)
    return found


def broken_links(pages: Mapping[str, str]) -> list[str]:
    """Links to a page or an anchor that does not exist."""
    anchors = {name: set(read(text).values("id")) for name, text in pages.items()}
    broken = []
    for name, text in pages.items():
        for target in read(text).values("href"):
            file, hash_mark, anchor = target.partition("#")
            known = anchors.get(file or name)
            if not target.startswith("data:") and (
                known is None or (hash_mark and anchor not in known)
            ):
                broken.append(f"{name}: {target}")
    return broken


def raw_tex(text: str) -> list[str]:
    """LaTeX that reaches the reader outside of the places that show source."""
    return re.findall(r"\\[A-Za-z]+|\$[^$]*\$?|\x1f", "".join(read(text).text))


PROBE = """<!DOCTYPE html><meta charset="utf-8"><body>
<iframe src="%(page)s" style="width:%(width)dpx;height:2000px;border:0"></iframe>
<pre id="out"></pre>
<script>
addEventListener("load", async () => {
  const frame = document.querySelector("iframe");
  const page = frame.contentDocument;
  const wait = () => new Promise((done) => setTimeout(done, 50));
  const shown = (m) => m.getClientRects().length > 0;
  const seen = {
    overflow: page.documentElement.scrollWidth - %(width)d,
    maths: page.querySelectorAll("math").length,
    flat: [...page.querySelectorAll("math")].filter((m) => {
      const box = m.getBoundingClientRect();
      return !(box.width > 0 && box.height > 0);
    }).length,
    errors: page.querySelectorAll("merror").length,
    images: page.images.length,
    broken: [...page.images].filter((i) => !(i.complete && i.naturalWidth > 0)).length,
    answers: [],
  };
  const mark = page.querySelector(".equation [data-symbol]");
  const told = page.querySelector(".meaning-of");
  if (mark && told) {
    mark.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    const box = told.getBoundingClientRect();
    seen.meaning = {
      name: mark.dataset.symbol,
      text: shown(told) ? told.textContent : "",
      inside: box.left >= 0 && box.right <= %(width)d,
    };
    page.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
    seen.meaning.left = shown(told);
  }
  const rows = () => [...page.querySelectorAll("tr.row")].filter(shown).map((row) => row.id);
  for (const step of %(steps)s) {
    const form = page.querySelector("form.filter");
    for (const [name, value] of Object.entries(step)) {
      if (name === "hash") frame.contentWindow.location.hash = value;
      else if (name === "reset") form.querySelector("button[type=reset]").click();
      else {
        form.elements[name].value = value;
        form.elements[name].dispatchEvent(new Event("input", { bubbles: true }));
      }
      await wait();
    }
    seen.answers.push({ rows: rows(), count: form.querySelector("output").textContent });
  }
  seen.copies = page.querySelectorAll("button.copy").length;
  document.getElementById("out").textContent = "PROBE " + JSON.stringify(seen) + " END";
});
</script></body>"""


def browser() -> str:
    """A Chromium, or skip; where the tools are required a missing one fails."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
    if found is None and os.environ.get("EQSOLVE_REQUIRE_TOOLS") == "1":
        pytest.fail("chromium is required and not installed")
    if found is None:
        pytest.skip("chromium is not installed")
    return found


def probe(
    folder: Path, page: str, width: int, steps: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """Open a page of a folder in a frame of the given width and report what is seen there.

    ``steps`` are filters to set one after the other; ``console`` lists warnings and errors.
    """
    text = PROBE % {"page": page, "width": width, "steps": json.dumps(steps or [])}
    (folder / "probe.html").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [
            browser(),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            "--allow-file-access-from-files",
            f"--user-data-dir={folder / 'profile'}",
            "--window-size=1400,2200",
            "--virtual-time-budget=10000",
            "--dump-dom",
            (folder / "probe.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"PROBE (\{.*?\}) END", done.stdout)
    assert found is not None, done.stderr[-2000:]
    seen: dict[str, Any] = json.loads(found.group(1))
    seen["console"] = re.findall(r'CONSOLE[^"]*"(.*?)", source', done.stderr)
    return seen
