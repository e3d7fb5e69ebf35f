"""What listings and derivations tell of a game, without running its file where that was kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from eqsolve.errors import BrokenGameError, InputError, near
from eqsolve.kept import kept
from eqsolve.notions import equilibrium_for, is_closed_loop
from eqsolve.places import Found
from eqsolve.registry import content, games, is_path, resolve, say_hidden
from eqsolve.schemas import SCHEMA

if TYPE_CHECKING:
    from eqsolve.notated.published import Published
    from eqsolve.writing import Writing


def row(game: str) -> dict[str, Any]:
    """A game as it is listed: what there is of it, and what the verbs do not take.

    Raises
    ------
    BrokenGameError
        If it cannot be used.
    """

    def made() -> dict[str, Any]:
        (found,) = games(game)
        if isinstance(found, BrokenGameError):
            raise found
        return _row(found)

    result: dict[str, Any] = kept(content(game), {"listed": game}, made)
    return result


def _row(found: Found) -> dict[str, Any]:
    from eqsolve.notated.published import Published
    from eqsolve.verbs import capabilities, refused_options
    from eqsolve.verbs.abilities import offered

    model = found.model

    if isinstance(model, Published):
        from eqsolve.symbols import entry

        letters = {p: entry(p) for p in model.parameters}
        parameters = {
            p: {"meaning": e.meaning, "domain": str(e.domain), "unit": e.unit}
            for p, e in letters.items()
        }
    else:
        parameters = {
            p.name: {"meaning": p.meaning, "domain": str(p.domain), "unit": p.unit}
            for p in model.vocabulary.parameters
        }
    return {
        "schema": SCHEMA,
        "name": model.name,
        "title": model.title,
        "source": model.source,
        "parameters": parameters,
        "sets": list(model.cases),
        **offered(found),
        "verbs": capabilities(found),
        "options": refused_options(found),
    }


def sets(game: str) -> Mapping[str, Mapping[str, str]]:
    """The named sets of parameters of a game of the mean-variance family."""

    def made() -> dict[str, dict[str, str]]:
        from eqsolve.registry import model

        return {name: dict(case) for name, case in model(game).cases.items()}

    result: Mapping[str, Mapping[str, str]] = kept(content(game), {"sets": "all"}, made)
    return result


def derivation(
    game: str,
    style: Any = "text",
    step: str | None = None,
    *,
    case: str | None = None,
    horizon: str | None = None,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
) -> str:
    """A derivation, step by step.

    Parameters
    ----------
    game : a name, or the path of a file.
    style : ``text``, ``latex`` or ``json``.
    step : the label of one step; all if it is not given.
    case, horizon, notion, size, continuum : what of the structure is asked for.

    Raises
    ------
    InputError
        If the game has no such step or structure.
    """
    how = {"case": case, "horizon": horizon, "notion": notion, "size": size, "continuum": continuum}

    def made() -> dict[str, str]:
        found = resolve(game)
        return {"name": found.name, "text": _written(found, style, step, how)}

    result = kept(content(game), {"derived": style, "step": step, **how}, made)
    if is_path(game):
        say_hidden(result["name"], game)
    text: str = result["text"]
    return text


def _written(found: Found, style: Any, step: str | None, how: Mapping[str, Any]) -> str:
    from eqsolve.notated.published import Published

    if isinstance(found.model, Published):
        if is_closed_loop(how["notion"], found.name):
            return _closed_loop(found.model, how["size"]).in_format(style, step)
        return _of_family(found.model, style, step, how)
    return _writing(found, **how).in_format(style, step)


@lru_cache(maxsize=1)  # one derivation in three styles
def _closed_loop(model: Published, size: int | None) -> Writing:
    """The derivation of the closed loop of agents who differ."""
    from eqsolve.derivation.derivation import derive
    from eqsolve.words.players import closed_loop
    from eqsolve.writing import Writing

    return Writing(derive(closed_loop(model, size, "derive")))


@lru_cache(maxsize=1)  # one derivation in three styles
def _writing(found: Found, **how: Any) -> Writing:
    """A game's derivation in stages."""
    from eqsolve.derivation.derivation import derive
    from eqsolve.game.structure import END, build, named_set
    from eqsolve.writing import Writing

    exported: Any = found.exported
    case, horizon, notion = how["case"], how["horizon"], how["notion"]
    values = dict(named_set(exported, case, notion)) if case is not None else {}
    if horizon is not None:
        values[END] = horizon
    size = {"size": how["size"], "continuum": how["continuum"]}
    return Writing(derive(build(exported, values, notion=notion, **size)))


def _of_family(model: Any, style: str, step: str | None, how: Mapping[str, Any]) -> str:
    """The derivation of a game of the mean-variance family, which has one structure."""
    from eqsolve.latex.printer import latex

    equilibrium_for(how["notion"], None, model.name)
    if any(value for name, value in how.items() if name != "notion"):
        raise InputError(
            "the equations of this game are the same for all parameters and numbers of agents.",
            game=model.name,
            stage="derive",
            remedy="Leave out --set, --size and --horizon.",
        )
    steps = model.derivation.steps
    if step is not None:
        labels = [s.label for s in steps]
        steps = tuple(s for s in steps if s.label == step)
        if not steps:
            raise InputError(
                f"there is no step {step!r}.",
                game=model.name,
                stage="derive",
                remedy=f"{near(step, labels)}The steps are {', '.join(labels)}.",
            )
    if style == "text":
        return "\n\n".join(map(str, steps))
    if style == "latex":
        return "\n".join(
            line
            for s in steps
            for line in (
                f"% {s.label}: {s.title}",
                *(f"\\[ {latex(left)} = {latex(right)} \\]" for left, right in s.lines),
            )
        )
    found = [
        {
            "schema": SCHEMA,
            "label": s.label,
            "title": s.title,
            "equations": [{"left": str(a), "right": str(b)} for a, b in s.lines],
            "latex": [f"{latex(a)} = {latex(b)}" for a, b in s.lines],
        }
        for s in steps
    ]
    return json.dumps(found, indent=1, allow_nan=False)
