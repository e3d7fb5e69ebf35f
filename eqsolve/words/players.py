"""Closed-loop Nash equilibria of a few agents with parameters of their own, at one point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from eqsolve.errors import InputError
from eqsolve.game.model import Model
from eqsolve.parameters import require
from eqsolve.program.words import Apart
from eqsolve.solve.answer import Answer as Solved
from eqsolve.solve.solve import solve
from eqsolve.words.agents import AgentsEquilibrium, in_columns, validated
from eqsolve.words.own_words import Named, apart_of, declaration

if TYPE_CHECKING:
    from eqsolve.notated.published import Published

#: Most agents of which the equations are derived: their number grows like the third power.
MOST = 3


def closed_loop(model: Published, size: int | None, stage: str) -> Model:
    """The closed loop of agents who differ as a game of the engine.

    Parameters
    ----------
    model : of agents with parameters of their own.
    size : how many they are, where the game leaves that open.
    stage : what asks for it.

    Raises
    ------
    InputError
        If agents are alike, and for no number of them, another than the game's, or too many.
    """
    restated, types = model.restated, model.types
    if restated is None or restated.players is None or types is None:
        raise InputError(
            f"of agents who are alike {stage} takes the equilibrium against given aggregates only.",
            game=model.name,
            stage=stage,
            remedy="Leave the notion out.",
        )
    if size is None and not types.count:
        raise InputError(
            "the number of agents is not given.",
            game=model.name,
            stage=stage,
            remedy=f"Give --size N, {MOST} at most.",
        )
    if types.count and size not in (None, types.count):
        raise InputError(
            f"it has {types.count} agents, not {size}.",
            game=model.name,
            stage=stage,
            remedy="Leave out --size.",
        )
    return restated.players(_few(size or types.count, model.name, stage))


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
    _few(len(rows), game.name, "input")
    values, at = numbered(apart, rows)
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


def numbered(
    apart: Apart, rows: Sequence[Mapping[str, Fraction]]
) -> tuple[dict[str, object], dict[str, object]]:
    """Parameters and wealths of agents by the names that end in an agent's number."""
    values: dict[str, object] = {apart.rate: rows[0][apart.rate]}
    at: dict[str, object] = {}
    for k, row in enumerate(rows, 1):
        own = {name: v for name, v in row.items() if name not in (apart.rate, "wealth")}
        values |= {f"{name}_{k}": v for name, v in own.items()}
        at[f"{apart.state}_{k}"] = row["wealth"]
    return values, at


def _few(count: int, game: str, stage: str) -> int:
    """A number of agents that is not too large."""
    if not 0 < count <= MOST:
        raise InputError(
            f"the closed loop of {count} agents who differ is not derived.",
            game=game,
            stage=stage,
            remedy=f"Give {MOST} agents at most, or ask against given aggregates.",
        )
    return count


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
