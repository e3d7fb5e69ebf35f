"""A sweep over a game of agents who differ, solved point by point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.errors import InputError
from eqsolve.handle import Handle
from eqsolve.notated.agents import Agents
from eqsolve.notated.published import Published
from eqsolve.program.words import Apart
from eqsolve.status import Status
from eqsolve.studies.sweep.columns import attributes
from eqsolve.studies.sweep.target import Lettered
from eqsolve.words.agents import GIVEN, by_agent, solved
from eqsolve.words.own_words import apart_of

#: Statuses by their words.
_STATUSES = {status.label: status for status in Status}


def structure_of(game: Handle, names: Iterable[str]) -> tuple[tuple[str, Any], ...]:
    """The number of agents, by what is given or varied, where a game leaves it open.

    Raises
    ------
    InputError
        If nothing is given of an agent.
    """
    apart = apart_of(game)
    if apart.count:
        return ()
    given = by_agent(apart, dict.fromkeys(names), game.name)
    if not given.get("agent"):
        raise InputError(
            "no agents are given.",
            game=game.name,
            stage="sweep",
            remedy=f"Give {apart.own[0]}_1, {apart.own[0]}_2 and so on, or [[agent]] tables.",
        )
    return (("agents", len(given["agent"])),)


@dataclass(frozen=True)
class AgentsTarget(Lettered):
    """A game of different agents.

    Attributes
    ----------
    model : the game.
    content : a fingerprint of its file.
    size : the number of agents where the game leaves it open.
    """

    model: Published
    content: str
    size: int = 0

    #: Points are solved one by one: a bar moves, and little is lost when a sweep is interrupted.
    chunk = 32
    enclosed = ()

    @property
    def agents(self) -> Agents:
        """The agents of the game."""
        assert self.model.types is not None
        return self.model.types

    @cached_property
    def apart(self) -> Apart:
        """What it is solved by."""
        return apart_of(self.model)

    @property
    def count(self) -> int:
        """Number of agents."""
        return self.agents.count or self.size

    @property
    def parameters(self) -> tuple[str, ...]:
        """What must be given: that of all agents, then that of each."""
        shared, numbers = self.apart.shared, range(1, self.count + 1)
        own = [name for name in self.apart.own if name not in shared]
        return (*shared, *(f"{name}_{k}" for k in numbers for name in own))

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters, wealths and weights."""
        own = (f"{name}_{k}" for name in GIVEN for k in range(1, self.count + 1))
        return (*self.parameters, *own)

    @cached_property
    def results(self) -> tuple[str, ...]:
        """What there is of every agent: position, value and selected root."""
        assert self.model.restated is not None
        (control,) = self.model.restated.source().game.controls
        return (control.name, "V", self.model.parts.root.name)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs."""
        agents = range(1, self.count + 1)
        return ("status", *(f"{name}_{k}" for name in self.results for k in agents))

    @property
    def origin(self) -> str:
        """Where the game comes from."""
        return self.model.source

    @property
    def path(self) -> Path:
        """A name with a fingerprint: nothing is generated."""
        return Path(f"{self.model.name}_{self.content[:16]}.py")

    def symbol(self, name: str) -> str:
        """The letter of a parameter or result of one agent, or of all."""
        stem, _, agent = name.rpartition("_")
        own = stem if stem and agent.isdigit() else name
        letters = dict(zip(GIVEN, (self.agents.weight, self.agents.roles.states[0])))
        return letters[own].name if own in letters else own

    def attributes(self, name: str) -> dict[str, Any]:
        """Meaning and unit, and whose."""
        stem, _, agent = name.rpartition("_")
        stem = stem if agent.isdigit() else ""
        found = attributes(self.symbol(name), self.model.parts.outputs)
        return found | {"long_name": f"{found['long_name']} of agent {agent}"} if stem else found

    def evaluate(
        self,
        params: Mapping[str, ArrayLike],
        selection: str,
        outputs: tuple[str, ...],
        threads: int | None,
    ) -> dict[str, NDArray[Any]]:
        """The outputs at a broadcast of the parameters.

        Raises
        ------
        InputError
            If a parameter is missing, or for another selection than ``limit``.
        """
        game = self.model.name
        if selection != "limit":
            raise InputError(
                f"selection must be limit, not {selection!r}.", game=game, stage="sweep"
            )
        lacking = [name for name in self.parameters if name not in params]
        if lacking:
            raise InputError(
                f"missing parameter {', '.join(lacking)}.",
                game=game,
                stage="sweep",
                remedy="Vary it or fix it.",
            )
        columns = dict(zip(params, np.broadcast_arrays(*map(np.atleast_1d, params.values()))))
        size = next(iter(columns.values())).size
        found: dict[str, NDArray[Any]] = {
            name: np.full(size, np.nan) for name in self.outputs if name != "status"
        }
        found["status"] = np.full(size, Status.INVALID_INPUT, np.int8)
        for i in range(size):
            point = {name: float(column[i]) for name, column in columns.items()}
            try:
                answer = solved(self.apart, game, point)
            except InputError:
                continue
            found["status"][i] = _STATUSES[answer.status]
            if answer.status != "ok":
                continue
            position, value, root = self.results
            table = {name: answer.numbers[name] for name in (position, value)}
            roots = answer.numbers["roots"]
            table[root] = [next(r[root] for r in own if r["selected"]) for own in roots]
            for name, values in table.items():
                for k, number in enumerate(values, start=1):
                    found[f"{name}_{k}"][i] = number
        return {name: found[name] for name in outputs}
