"""The checks of a game under a hazard rate that moves in time, at its named sets of parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from eqsolve.errors import InputError, NoSolutionError
from eqsolve.game import Model
from eqsolve.game.hazard_rates import parse_hazard
from eqsolve.game.structure import build, counted
from eqsolve.notated.published import Published
from eqsolve.places import Found
from eqsolve.solve.moving import hazard_letter, moving_problem
from eqsolve.studies.moving import under_hazard
from eqsolve.verify.check import Check
from eqsolve.verify.model import checks
from eqsolve.verify.models import Variant, variants

#: Kinds of checks of which none may be left open; a grid represents some games only.
NEEDED = ("solution", "spike", "monte-carlo")


def under(found: Found, spec: str, horizon: object, paths: int) -> list[partial[list[Check]]]:
    """What there is to check of a game, for every structure and named set of parameters.

    Parameters
    ----------
    found : the game.
    spec : the hazard rate, as ``parse_hazard`` reads it.
    horizon : the end, where there is one.
    paths : of the simulation's first round.

    Raises
    ------
    InputError
        If the rate or the end cannot be read, or the rate takes the place of no letter of the game.
    """
    parse_hazard(spec)
    made = []
    for variant in _variants(found):
        letter = hazard_letter(variant.model).name
        for case in variant.model.cases:
            values = {k: v for k, v in variant.values(case).items() if k != letter}
            moving_problem(variant.model, spec, _given(variant.model, values), horizon=horizon)
            made.append(
                partial(
                    hazard_checks,
                    variant,
                    values,
                    spec,
                    game=found.name,
                    label=case,
                    horizon=horizon,
                    paths=paths,
                )
            )
    if not made:
        raise InputError(
            "there is no named set of parameters at which it could be checked.",
            game=found.name,
            stage="verify",
            remedy="Give the game's file one, in cases.",
        )
    return made


def hazard_checks(
    variant: Variant,
    values: dict[str, object],
    spec: str,
    *,
    game: str,
    label: str,
    horizon: object = None,
    paths: int,
) -> list[Check]:
    """Solve a model at one set under a hazard rate, and check it by every method that applies.

    Where there is no equilibrium, or none is found, nothing is claimed: that is not verified.
    """
    model, words = variant.model, f"{variant.words}, {label}, {spec}"
    try:
        claim = under_hazard(model, spec, _given(model, values), horizon=horizon)
    except NoSolutionError as error:
        return [Check(words, game, "solution", 0.0, 0.0, 0.0, 0.0, str(error), refused=True)]
    rows = checks(claim, paths=paths)
    return [replace(row, game=game, name=f"{words}: {row.name}") for row in rows]


def _given(model: Model, values: dict[str, object]) -> dict[str, object]:
    """The parameters among the values of a named set."""
    known = {letter.name for letter in model.vocabulary.parameters}
    return {**counted(model, {k: v for k, v in values.items() if k in known}, None)}


def _variants(found: Found) -> Iterator[Variant]:
    """The structures of a game; of one in its author's letters, what it was declared again as."""
    model: Any = found.model
    if not isinstance(model, Published):
        for variant in variants(found):
            _alike(variant.model)
            yield variant
        return
    restated = model.restated
    if restated is None or model.types is not None:
        raise _refused(model.name)
    for case, values in model.cases.items():
        own: Model = build(restated.source, values, continuum=restated.continuum)
        _alike(own)
        yield Variant(replace(own, cases={case: {**values}}), own.game.notion)


def _alike(model: Model) -> None:
    if model.game.crowd is not None and model.game.crowd.own:
        raise _refused(model.name)


def _refused(game: str) -> InputError:
    return InputError(
        "under a hazard rate that moves agents who differ are not checked.",
        game=game,
        stage="verify",
        remedy="Leave out --hazard, or check a game of agents who are alike.",
    )
