"""Runs the script of a game in Chromium, or under node where there is none."""

from __future__ import annotations

import html
import json
import math
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eqsolve.explore.bundle import Bundle
from pages import browser

ANSWERS = """
const plainly = (x) => (Number.isFinite(x) ? x : null);
const answers = POINTS.map((point) => {
  const pairs = new Float64Array(2 * point.length);
  point.forEach((x, i) => {
    // a double is what the kernel takes, not the decimal that is next to it
    [pairs[2 * i], pairs[2 * i + 1]] = typeof x === "string" ? pair(x) : [x ?? NaN, 0];
  });
  const { status, sentence, selected, found } = decide(pairs, GIVEN);
  const out = selected ? [...selected.out].map(plainly) : [];
  return { status, sentence, out, roots: found.map((one) => [...one.roots]) };
});
"""


@dataclass(frozen=True)
class Found:
    """The answer at one point."""

    status: int
    sentence: str
    columns: Mapping[str, float]
    roots: Sequence[Sequence[float]]


def answers(
    bundle: Bundle, points: Sequence[Mapping[str, float | str]], folder: Path
) -> list[Found]:
    """The answers at points; states that no point gives are not given."""
    (document,) = run([asking(bundle, points)], folder)
    return read(bundle, document)


def asking(bundle: Bundle, points: Sequence[Mapping[str, float | str]], text: str = "") -> str:
    """A script that solves points; ``text`` replaces that of the game: one with a planted error."""
    known = {name for point in points for name in point}
    given = [name in known for name in bundle.states]
    rows = [
        [_written(point.get(name, 0 if name == "t" else 1)) for name in bundle.inputs]
        for point in points
    ]
    head = f"const POINTS = {json.dumps(rows)};\nconst GIVEN = {json.dumps(given)};\n"
    return "\n".join((text or bundle.text, head, ANSWERS))


def read(bundle: Bundle, document: Sequence[Mapping[str, Any]]) -> list[Found]:
    """The answers that such a script gave."""
    return [
        Found(
            row["status"],
            row["sentence"],
            {
                name: math.nan if value is None else value
                for name, value in zip(bundle.columns, row["out"])
            },
            row["roots"],
        )
        for row in document
    ]


def run(scripts: Sequence[str], folder: Path) -> list[Any]:
    """Run scripts in one browser, or under node where there is none; what ``answers`` is in each.

    Names of one are not known to the next.
    """
    bodies = [f"(() => {{\n{script}\nreturn answers;\n}})()" for script in scripts]
    source = f"const found = [{', '.join(bodies)}];\n"
    found: list[Any] = (_in_chromium if _chromium() else _under_node)(source, folder)
    return found


def _written(value: float | str) -> float | str | None:
    if isinstance(value, str):
        return value
    return float(value) if math.isfinite(value) else None


def _chromium() -> bool:
    """Whether there is a browser; where the tools are required a missing one fails."""
    required = os.environ.get("EQSOLVE_REQUIRE_TOOLS") == "1"
    return required or any(map(shutil.which, ("chromium", "chromium-browser", "chrome")))


def _in_chromium(source: str, folder: Path) -> Any:
    page = folder / "script.html"
    shown = 'document.getElementById("out").textContent = JSON.stringify(found);'
    head = "<!DOCTYPE html><meta charset='utf-8'><pre id='out'></pre>"
    page.write_text(f"{head}<script>{source}{shown}</script>", encoding="utf-8")
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [browser(), "--headless", "--no-sandbox", "--disable-gpu", profile, "--dump-dom"]
    done = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, check=True)
    found = re.search(r'<pre id="out">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found is not None and found[1], done.stderr[-2000:]
    return json.loads(html.unescape(found[1]))


def _under_node(source: str, folder: Path) -> Any:
    node = next(filter(None, map(shutil.which, ("node", "nodejs"))), None)
    if node is None:
        pytest.skip("neither chromium nor node is installed")
    path = folder / "script.js"
    path.write_text(f"{source}console.log(JSON.stringify(found));", encoding="utf-8")
    done = subprocess.run([node, str(path)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
