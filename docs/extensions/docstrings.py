"""Docstrings say of a parameter what it is, after a colon; Sphinx is told that it is no type."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sphinx.application import Sphinx

#: Sections of entries, each of which begins with a name.
SECTIONS = ("Parameters", "Other Parameters", "Attributes")
_ENTRY = re.compile(r"(\*{0,2}\w[\w.]*(?:, \*{0,2}\w[\w.]*)*) : (\S.*)")


def described(lines: Sequence[str]) -> list[str]:
    """The lines of a docstring with the description of every entry below its name."""
    found: list[str] = []
    inside = False
    for k, line in enumerate(lines):
        if k + 1 < len(lines) and line and re.fullmatch(r"-{3,}", lines[k + 1]):
            inside = line in SECTIONS
        entry = _ENTRY.fullmatch(line) if inside else None
        found += [entry[1], f"    {entry[2]}"] if entry is not None else [line]
    return found


def _process(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    lines[:] = described(lines)


def setup(app: Sphinx) -> dict[str, Any]:
    # before napoleon reads the sections
    app.connect("autodoc-process-docstring", _process, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
