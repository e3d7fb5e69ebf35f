"""Mean-field games with finitely many states and actions: solved, and learners refereed."""

from eqsolve.finite.environment import FiniteGame
from eqsolve.finite.learning import Learned, fictitious_play, fixed_point, mirror_descent
from eqsolve.finite.peers import from_mfglib, from_openspiel, to_mfglib
from eqsolve.finite.play import (
    Exploitability,
    best_response,
    by_name,
    exploitability,
    flow,
    policy_from,
    uniform,
    values,
)
from eqsolve.finite.spiel import to_openspiel
from eqsolve.finite.tables import Tables, read, tables, write

__all__ = [
    "Exploitability",
    "FiniteGame",
    "Learned",
    "Tables",
    "best_response",
    "by_name",
    "exploitability",
    "fictitious_play",
    "fixed_point",
    "flow",
    "from_mfglib",
    "from_openspiel",
    "mirror_descent",
    "policy_from",
    "read",
    "tables",
    "to_mfglib",
    "to_openspiel",
    "uniform",
    "values",
    "write",
]
