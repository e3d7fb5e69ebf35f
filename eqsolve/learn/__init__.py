"""Learned solvers, each judged by the derived solution and beside the grid."""

from eqsolve.learn.learned import CROWD, Learned, learn

__all__ = ["CROWD", "Learned", "learn"]
