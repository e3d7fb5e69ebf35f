"""The paper's five figures, recomputed: one module per figure, and the files behind each."""

from __future__ import annotations

from pathlib import Path


def write(directory: str | Path) -> list[Path]:
    """Draw the figures into a folder and return the files written.

    Each figure comes as PDF, PNG and SVG, with its numbers as CSV and its caption as text; the
    parameters behind all of them are in ``baseline.toml``.

    Raises
    ------
    InputError
        If the folder cannot be written; nothing is left half-written.
    """
    from eqsolve.paper_figures.runner import write as write_figures

    return [path for drawn in write_figures(Path(directory)) for path in drawn.files]
