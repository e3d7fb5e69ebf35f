"""A derivation as its author would print it: stages in text, LaTeX and JSON."""

from eqsolve.writing.writer import Writing, write

__all__ = ["Writing", "write"]
