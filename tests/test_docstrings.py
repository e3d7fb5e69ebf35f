"""What the reference of the API makes of the docstrings."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("sphinx")
FILE = Path(__file__).parents[1] / "docs" / "extensions" / "docstrings.py"


@pytest.fixture(scope="module")
def docstrings() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docstrings", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_entry_is_described_below_its_names(docstrings: ModuleType) -> None:
    """Its text would be taken for a type; it goes on in the lines that follow."""
    text = """Solve: a colon in prose is left alone.

Parameters
----------
game, size : what is solved;
    a second line.
**how : the structure.

Returns
-------
Answer
    status : its word.

Attributes
----------
at.V : the value."""
    expected = """Solve: a colon in prose is left alone.

Parameters
----------
game, size
    what is solved;
    a second line.
**how
    the structure.

Returns
-------
Answer
    status : its word.

Attributes
----------
at.V
    the value."""
    assert docstrings.described(text.splitlines()) == expected.splitlines()


def test_entries_of_other_sections_are_left(docstrings: ModuleType) -> None:
    lines = ["Raises", "------", "error : why", "", "Notes", "-----", "a : b"]
    assert docstrings.described(lines) == lines
