"""Closed-loop Nash equilibria of a few agents with parameters of their own, at one point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eqsolve.errors import InputError
from eqsolve.parameters import require
from eqsolve.solve.answer import Answer as Solved
from eqsolve.solve.solve import solve
from eqsolve.words.agents import AgentsEquilibrium, in_columns, validated
from eqsolve.words.own_words import Named, apart_of, declaration

#: Most agents of which the equations are derived: their number grows like the third power.
MOST = 3


def solve_players(game: Named, given: Mapping[str, Any], *, selection: str) -> AgentsEquilibrium:
    """Solve the closed loop of a game of agents who differ; see ``words.agents.solve_agents``.

    Raises
    ------
    InputError
        For anything wrong with the input, and for more than ``MOST`` agents.
    """
    require(selection == "limit", f"selection must be limit, not {selection!r}.", game=game.name)
    apart, restated = apart_of(game), declaration(game).restated
    if restated is None or restated.players is None:
        raise InputError("its closed loop is not declared.", game=game.name, stage="input")
    rows = validated(apart, in_columns(apart, given, game.name), game.name)
    if len(rows) > MOST:
        raise InputError(
            f"the closed loop of {len(rows)} agents who differ is not solved.",
            game=game.name,
            stage="input",
            remedy=f"Give {MOST} agents at most, or ask against given aggregates.",
        )
    values: dict[str, object] = {apart.rate: rows[0][apart.rate]}
    at: dict[str, object] = {}
    for k, row in enumerate(rows, 1):
        own = {name: v for name, v in row.items() if name not in (apart.rate, "wealth")}
        values |= {f"{name}_{k}": v for name, v in own.items()}
        at[f"{apart.state}_{k}"] = row["wealth"]
    answer = solve(restated.players(len(rows)), values, at=at)
    return AgentsEquilibrium(
        game=game.name,
        notion="closed-loop",
        selection=selection,
        shared=apart.rate,
        parameters=rows,
        status=answer.status.label,
        message=answer.message,
        numbers=_numbers(answer, apart.program.strategy[0].control, len(rows)),
    )


def _numbers(answer: Solved, control: str, count: int) -> dict[str, Any]:
    """What everybody plays and obtains, and every solution that was found."""
    numbers: dict[str, Any] = {
        "roots": [
            {
                **one["outputs"],
                **{name: one[name] for name in ("admissible", "selected", "multiplicity")},
            }
            for one in answer.roots
        ],
    }
    told = ("complete", "region")
    numbers |= {name: answer.certificate[name] for name in told if name in answer.certificate}
    if answer.ok:
        agents = range(1, count + 1)
        numbers |= {
            "strategy": answer.strategy,
            control: [answer.at[f"{control}_{k}"] for k in agents],
            # the value of a single player has no number
            "V": [answer.at[f"V_{k}" if count > 1 else "V"] for k in agents],
        }
    return numbers
