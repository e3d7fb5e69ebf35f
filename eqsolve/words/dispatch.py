"""One entry point for points of every game."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from eqsolve.errors import InputError
from eqsolve.parameters import check_names, require
from eqsolve.words.equilibrium import NOTIONS, Equilibrium
from eqsolve.words.equilibrium import solve as solve_point
from eqsolve.words.own_words import Named, apart_of, differ, words_of

if TYPE_CHECKING:
    from eqsolve.words.agents import AgentsEquilibrium
    from eqsolve.words.many import ManyAgents


def check_keywords(game: Named, given: Mapping[str, object], *, apart: str = "") -> None:
    """Check names that are to become keywords beside the options of ``solve`` or ``converge``.

    Parameters
    ----------
    game : a game of the family.
    given : the parameters by name.
    apart : a parameter of the game that is given otherwise.

    Raises
    ------
    InputError
        If a name is not a parameter of the game.
    """
    if differ(game):
        from eqsolve.words.agents import GIVEN, is_single

        own = apart_of(game)
        given = {name: value for name, value in given.items() if not is_single(own, name)}
        known = (*own.shared, "agent", "agents", *own.own, *GIVEN)
    else:
        words = words_of(game)
        assert words is not None
        known = words.parameters
    check_names(given, [name for name in known if name != apart], game=game.name)


def solve(
    game: Named,
    *,
    equilibrium: str = "given-aggregate",
    selection: str = "limit",
    at: Mapping[str, object] | None = None,
    certify: bool = False,
    **given: Any,
) -> Equilibrium | AgentsEquilibrium | ManyAgents:
    """Solve a game at one parameter point.

    Parameters
    ----------
    game : a game of the family.
    equilibrium : ``"given-aggregate"`` (the paper's notion) or ``"closed-loop"`` (Nash).
    selection : among admissible roots, ``"limit"`` takes the largest ``B p1``, ``"value"`` the
        largest value at the state.
    at : wealth ``x`` and competitors' aggregate ``y``; by default everybody has wealth 1.
    certify : add what is proved: root counts, enclosures, finite second moments.
    given : the parameters, as decimals, ratios ("1/3") or numbers; for agents who differ, ``r``
        and either ``b_1``, ``b_2`` and so on, or ``agent``, a list of mappings.

    Raises
    ------
    InputError
        For anything wrong with the input; numerical trouble is a status, not an error.
    """
    if not differ(game):
        return solve_point(
            game, equilibrium=equilibrium, selection=selection, at=at, certify=certify, **given
        )
    require(
        equilibrium in NOTIONS,
        f"equilibrium must be {' or '.join(NOTIONS)}, not {equilibrium!r}.",
        game=game.name,
    )
    if certify:
        raise InputError(
            "certificates are made for agents with the same parameters only.",
            game=game.name,
            stage="certificate",
            remedy="Leave out --certify; the numbers are midpoints of balls all the same.",
        )
    if at:
        raise InputError(
            "the wealths of agents who differ are in their tables.",
            game=game.name,
            stage="input",
            remedy="Leave out --at, and give wealth_1 and so on.",
        )
    if equilibrium == "closed-loop":
        from eqsolve.words.players import solve_players

        return solve_players(game, given, selection=selection)
    from eqsolve.words.agents import solve_agents

    return solve_agents(game, given, selection=selection)
