"""Exact derivatives of responses, positions and averages of agents who differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eqsolve.studies.derivatives import Derivatives
from eqsolve.studies.responses import Named, sensitivity_of_responses
from eqsolve.words.agents import typed
from eqsolve.words.own_words import Named as Game


def sensitivity_of_agents(
    game: Game,
    given: Mapping[str, Any],
    *,
    outputs: Sequence[str] | None = None,
    parameters: Sequence[str] | None = None,
) -> Derivatives:
    """Differentiate in the parameters of every agent; wealths and weights are held.

    Parameters
    ----------
    game, given : see ``eqsolve.words.agents.solve_agents``.
    outputs, parameters : names with the number of the agent (default: all).

    Raises
    ------
    InputError
        For anything wrong with the input.
    NoSolutionError
        If two solutions meet.
    """
    apart, types, numbers = typed(game, given)
    return sensitivity_of_responses(
        apart.program,
        types,
        numbers,
        outputs=outputs,
        parameters=parameters,
        named=Named(
            {theirs: own for own, theirs in apart.response},
            {theirs: own for own, theirs in apart.averages},
        ),
        game=game.name,
    )
