"""Output of notebooks: what a command printed is one text, however it was received."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from myst_nb.core import render
from nbformat import NotebookNode
from sphinx.application import Sphinx

_ended_lines = render.coalesce_streams


def whole(outputs: Sequence[NotebookNode]) -> list[NotebookNode]:
    """The outputs of a cell with the pieces of each stream joined as they came.

    A kernel sends what a command prints in pieces that end anywhere; myst-nb alone would end a
    line after each.
    """
    found: list[NotebookNode] = []
    streams: dict[str, NotebookNode] = {}
    for output in outputs:
        name = output.get("name") if output["output_type"] == "stream" else None
        if name in streams:
            streams[name]["text"] += output["text"]
        else:
            found.append(NotebookNode(output))
            if name is not None:
                streams[name] = found[-1]
    return list(_ended_lines(found))


def setup(app: Sphinx) -> dict[str, Any]:
    render.coalesce_streams = whole
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
