"""The references of what a result rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from eqsolve.answers import Shown
from eqsolve.errors import InputError
from eqsolve.papers import papers
from eqsolve.references import METHODS, OWN, Citation, Reference, collected
from eqsolve.registry import adopt, resolve

if TYPE_CHECKING:
    from eqsolve.places import Found


def citation(result: Any) -> Citation:
    """The references of a result: of its game, of a paper that it is from, of eqsolve and methods.

    Parameters
    ----------
    result : what a verb returns, or a game: a name, the path of a file, or a model.

    Returns
    -------
    Citation
        Printed it is a text with a line each; ``bibtex`` has the entries.

    Raises
    ------
    InputError
        If it is of no game.
    """
    return collected(_references(result))


def _references(result: Any) -> Iterator[Reference]:
    for name in _games(result):
        yield from _of_game(resolve(name))
    yield OWN
    for method in _methods(result):
        yield METHODS[method]


def _games(result: Any) -> list[str]:
    """The names of the games of a result."""
    attributes = getattr(result, "attrs", None)
    if isinstance(attributes, Mapping):
        found = attributes.get("game")
    else:
        found = getattr(result, "game", None)
        if hasattr(result, "checks"):
            return list(dict.fromkeys(check.game for check in result.checks))
        found = getattr(found, "name", found) or result
    if found is None:
        raise InputError("nothing says of which game these data are.", stage="citation")
    return [adopt(found)]


def _of_game(found: Found) -> Iterator[Reference]:
    """What the game's file names as its source, and the papers that attach something to it."""
    source = found.model.source
    attached = [paper for paper in papers() if found.module and paper.attached(found.module)]
    for paper in attached:
        if paper.reference is not None:
            yield paper.reference
    if source and not attached:
        yield Reference(f"game-{found.name}", "misc", source, f"Source of the game {found.name}")


def _methods(result: Any) -> tuple[str, ...]:
    """What computed a result; of a game alone what derives it."""
    if hasattr(result, "attrs"):
        return "sympy", "numba", "numpy", "xarray"
    if hasattr(result, "plan"):
        evolved = ("differential-evolution",) * (result.plan is not None)
        measured = "empyrical", "arch", "stationary-bootstrap", "local-whittle"
        return "sympy", "numba", "numpy", "scipy", "hmmlearn", *measured, *evolved
    if not isinstance(result, Shown):
        return ("sympy", "numpy", "scipy") if hasattr(result, "table") else ("sympy",)
    document: Mapping[str, Any] = result.to_dict()
    proof = document.get("certificate", {})
    arithmetic = document["provenance"].get("arithmetic", proof.get("arithmetic", "ball"))
    if arithmetic == "double":
        return "sympy", "numpy", "scipy"
    isolated = "complete" in document or "solutions" in proof
    return ("sympy", "arb", "krawczyk") if isolated else ("sympy", "arb")
