"""What a report says of learned solvers is what the page of figures says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eqsolve.errors import InputError
from eqsolve.learn.record import SUFFIX, beside, of_page
from eqsolve.places import Found
from eqsolve.registry import resolve
from eqsolve.site.game_page import render

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "learned.md").read_text(encoding="utf-8")
GAME = "execution"
REMEDY = "the page is newer than the records: python benchmarks/learned.py record"


def _found() -> Found:
    return resolve(GAME)


def test_the_record_is_that_of_the_page() -> None:
    """Every row of a table that the page has, and a digit that differs is seen."""
    record = beside(_found().path)
    records = {name: beside(resolve(name).path) for name in of_page(PAGE)}
    assert of_page(PAGE) == records and GAME in records, REMEDY
    assert record is not None
    shown = [line for line in PAGE.partition("## ")[2].splitlines() if line.startswith("| ")]
    told = [f"| {' | '.join(row)} |" for t in record["tables"] for row in (t["head"], *t["rows"])]
    plain = [" ".join(line.split()) for line in told]
    assert len(record["tables"]) == 2 and set(plain) <= {" ".join(x.split()) for x in shown}
    first = record["tables"][0]["rows"][0][2]
    assert of_page(PAGE.replace(first, first.replace("e", "1e"), 1)) != records
    assert {term for term, _ in record["measures"]} >= {"control", "exploitability", "seconds"}
    assert "second run" in record["said"]


def test_the_report_shows_it(tmp_path: Path) -> None:
    found = _found()
    record = beside(found.path)
    assert record is not None
    page = render(found.model, (), (), "0", record)
    for table in record["tables"]:
        for row in table["rows"]:
            assert all(f">{cell}</t" in page for cell in row), row
    assert "Learned solvers" not in render(found.model, (), (), "0", beside(tmp_path / "own.py"))
    (tmp_path / f"own{SUFFIX}").write_text(json.dumps({**record, "measures": []}))
    with pytest.raises(
        InputError, match=r"own.*is no record of learned solvers: a part is missing"
    ):
        beside(tmp_path / "own.py")
