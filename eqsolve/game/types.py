"""The types of a crowd whose copies differ, for what has a model at hand; see ``eqsolve.rows``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from eqsolve import rows
from eqsolve.game.model import Model
from eqsolve.game.parameters import inputs
from eqsolve.rows import NODES, Types


def read_types(
    model: Model,
    given: Mapping[str, object],
    size: int | None,
    nodes: int = NODES,
    at: Mapping[str, object] | None = None,
) -> Types:
    """Split a user's numbers into common ones and a table of types."""
    return rows.read_types(inputs(model), given, size, nodes, at)


def own_names(model: Model) -> set[str]:
    """The names of what a table of types may hold."""
    return {*inputs(model).own}


def of_types(model: Model, given: Mapping[str, object]) -> bool:
    """Whether numbers speak of types: by tables, lists, laws, or names such as ``mu_2``."""
    return rows.of_types(inputs(model), given)


def most_types(model: Model, names: Iterable[str]) -> int:
    """The number of types that names such as ``mu_2`` speak of, at least 1."""
    return count_types(model, dict.fromkeys(names))


def count_types(model: Model, given: Mapping[str, object]) -> int:
    """The number of types that numbers speak of, by tables, lists and names, at least 1."""
    return rows.count_types(inputs(model), given)


def suffixed(model: Model, given: Mapping[str, object]) -> dict[str, object]:
    """A user's numbers with a name for each type: tables and laws become ``mu_1``, ``mu_2``, ..."""
    return rows.suffixed(inputs(model), given)
