"""The time of a move on the page with sliders, told for every game, in headless Chromium."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median

import pytest

from eqsolve.distribution import VERSION
from eqsolve.explore.start import explored
from eqsolve.registry import resolve
from games import Row
from keyboard import Driven
from test_explore_script import ROWS, of_types, spelled

#: Moves of a slider; those before them are not counted.
MOVES, BEFORE = 60, 30

#: Moves a slider to and fro: milliseconds of the event, of what is solved and drawn in the next
#: frame and of laying that out; and after how many the curve was whole.
MOVED = """(async (name, against) => {
  const slide = document.getElementById("slide-" + name);
  const told = document.querySelector(".timing"), now = () => performance.now();
  const first = Number(slide.value), least = (slide.max - slide.min) / 2000;
  const step = Math.max(Number(slide.step) || 0, least);
  const frame = (f) => new Promise((go) => requestAnimationFrame(() => go(f?.())));
  const laid = () => {
    const began = now();
    document.body.offsetHeight;
    return now() - began;
  };
  const choice = document.querySelector("select[name=against]"), found = [];
  choice.value = against;
  choice.dispatchEvent(new Event("change"));
  await frame();
  await frame();
  for (let k = 0; k < MOVES; k++) {
    told.textContent = "";
    slide.value = first + (1 + (k % 20)) * step;
    const began = now();
    slide.dispatchEvent(new Event("input", { bubbles: true }));
    const event = now() - began, last = await frame(laid);
    while (!told.textContent) await frame();
    const [took, whole] = told.textContent.match(/[0-9.]+(?= ms)/g).map(Number);
    found.push([event + took + last, whole ?? took]);
    await frame();
  }
  return found;
})""".replace("MOVES", str(MOVES + BEFORE))


@pytest.mark.full
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_time_of_a_move_is_told(
    row: Row, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = 4 if of_types(row) and row.name == "granular" else None
    made = explored(resolve(row.name), spelled(row), size=size, points=0)
    (tmp_path / "page.html").write_text(made.render(VERSION), encoding="utf-8")
    own = [c.name for c in made.controls if c.own]
    # a slider of everybody, and one of a single player
    first = {c.group != "parameters": c.name for c in reversed(made.controls) if c.own}
    shown = "document.querySelector('.results').textContent"
    for mover in first.values():
        against = next(name for name in own if name != mover)
        with Driven(tmp_path / "page.html", tmp_path, 1400, 900) as page:
            page.until("document.querySelector('.timing')?.textContent")
            before = page.value(shown)
            found = page.value(f"{MOVED}({json.dumps(mover)}, {json.dumps(against)})")[BEFORE:]
            assert page.value(shown) != before
        moved, whole = zip(*found, strict=True)
        assert len(moved) == MOVES
        with capsys.disabled():
            print(
                f" {row.name}, {mover} against {against}: a move"
                f" {min(moved):.1f} to {median(moved):.1f} ms, the curve whole after"
                f" {min(whole):.1f} to {median(whole):.1f} ms (least and median)",
                end="",
            )
