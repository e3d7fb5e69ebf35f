"""What was recorded of learned solvers: read from a page of figures, kept beside a game's file."""

from __future__ import annotations

import json
import re
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

from eqsolve.errors import InputError
from eqsolve.files import read_text

#: A game's record has the name of its file, and this in place of ``.py``.
SUFFIX = ".learned.json"
_BULLET = re.compile(r"^- \*(?P<term>[^*]+)\*: (?P<text>(?:.+\n)(?:  .+\n)*)", re.MULTILINE)
_SECTION = re.compile(
    r"^## (?P<game>\S+), (?P<notion>\S+)\n(?P<body>(?:(?!## ).*\n)*)", re.MULTILINE
)


def of_page(text: str) -> dict[str, dict[str, Any]]:
    """The records of the games of a page of figures.

    Parameters
    ----------
    text : Markdown with a list of measures, a paragraph about all of them, and a section ``GAME,
        NOTION`` with parameters and a table for every game and notion. A game's first section may
        list measures of its own; other tables are not recorded.
    """
    top = text.partition("\n## ")[0]
    bullets = list(_BULLET.finditer(top))
    said = _plain(top[bullets[-1].end() :].strip().partition("\n\n")[0]) if bullets else ""
    found: dict[str, dict[str, Any]] = {}
    for section in _SECTION.finditer(text):
        lines = [line for line in section["body"].splitlines() if line.strip()]
        table = takewhile(lambda x: x[0] == "|", dropwhile(lambda x: x[0] != "|", lines))
        head, _, *rows = ([c.strip() for c in x.strip("|").split("|")] for x in table)
        terms = {b["term"]: b["text"] for b in (*bullets, *_BULLET.finditer(section["body"]))}
        measures = [[k, _plain(v).rstrip(";.")] for k, v in terms.items() if k in head]
        one = found.setdefault(section["game"], {"measures": measures, "said": said, "tables": []})
        told = {"notion": section["notion"], "parameters": lines[0], "head": head, "rows": rows}
        one["tables"].append(told)
    return found


def beside(path: Path | None) -> dict[str, Any] | None:
    """The record beside a game's file; None if there is none.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    kept = None if path is None else path.with_suffix(SUFFIX)
    if kept is None or not kept.is_file():
        return None
    try:
        found: dict[str, Any] = json.loads(read_text(str(kept), stage="report"))
        tables = [
            (len(t["head"]), t["notion"], t["parameters"], t["rows"]) for t in found["tables"]
        ]
        whole = all(len(row) == width for width, *_, rows in tables for row in rows)
        if not (whole and found["measures"] and found["said"]):
            raise ValueError("a part is missing")
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{str(kept)!r} is no record of learned solvers: {error!s}.",
            stage="report",
            remedy="Write it again, or remove it.",
        ) from None
    return found


def _plain(text: str) -> str:
    """A paragraph in one line, without marks."""
    return " ".join(text.replace("*", "").replace("`", "").split())
