"""Learned solvers of declared games, each judged by the derived solution: the extra ``learn``."""
