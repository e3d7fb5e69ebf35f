"""Numerical core: double-double arithmetic, roots of the cubic, evaluation of the closed form."""
