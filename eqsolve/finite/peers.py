"""Finite games of other packages, as functions of the law; neither package is imported to read.

mfglib (2024): ``T`` is the last time of decision, rewards ``(*S, *A)`` and transitions
``(*S next, *S, *A)`` are functions of the time and of the joint law ``(*S, *A)``. OpenSpiel: a game
is a tree of decision, chance and mean-field nodes, whose rewards depend on the law of
states that the last mean-field node was told. Every time is read as one set of decision nodes,
named by their strings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import InputError, MissingPartError
from eqsolve.finite.environment import STAGE, FiniteGame

Array = NDArray[np.float64]

#: OpenSpiel's numbers of players at chance and mean-field nodes.
_CHANCE, _MEAN_FIELD = -1, -5
#: Most nodes of a time that are read.
MOST_NODES = 10_000


def from_mfglib(environment: Any, name: str = "mfglib") -> FiniteGame:
    """Read an environment of mfglib.

    Parameters
    ----------
    environment : an object with ``T``, ``S``, ``A``, ``mu0``, ``reward`` and ``prob`` as
        ``mfglib.env.Environment`` has them; arrays may be of any kind that numpy converts.
    """
    try:
        shapes = tuple(environment.S), tuple(environment.A)
        initial = np.asarray(environment.mu0, float).ravel()
        horizon = int(environment.T)
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(
            f"this is no environment of mfglib: {error}.", game=name, stage=STAGE
        ) from None
    states, actions = initial.size, int(np.prod(shapes[1]))
    make = getattr(environment.mu0, "new_tensor", np.asarray)

    def law_of(law: Array) -> Any:
        return make(law.reshape(shapes[0] + shapes[1]).tolist())

    def reward(time: int, law: Array) -> Array:
        found = np.asarray(environment.reward(time, law_of(law)), float)
        return np.array(np.broadcast_to(found.reshape(states, -1), (states, actions)))

    def transition(time: int, law: Array) -> Array:
        found = np.asarray(environment.prob(time, law_of(law)), float)
        return np.moveaxis(found.reshape(states, states, actions), 0, 2)

    return FiniteGame(horizon, initial, actions, reward, transition, shape=shapes, name=name)


def to_mfglib(game: FiniteGame) -> Any:
    """Write an environment of mfglib.

    Raises
    ------
    MissingPartError
        Without mfglib.
    """
    try:
        import torch
        from mfglib.env import Environment
    except ImportError:
        raise MissingPartError(
            "mfglib is not installed.", game=game.name, stage=STAGE, remedy="Install mfglib."
        ) from None
    if game.legal is not None and not game.legal.all():
        raise game.error("mfglib has no actions that are not allowed.")
    states, moves = game.shape or ((game.size[1],), (game.actions,))
    pair = game.size[1:]

    def reward(env: Any, time: int, law: Any) -> Any:
        found = game.rewards(time, np.asarray(law, float).reshape(pair))
        return torch.tensor(found.reshape(states + moves), dtype=law.dtype)

    def transition(env: Any, time: int, law: Any) -> Any:
        found = np.moveaxis(game.transitions(time, np.asarray(law, float).reshape(pair)), 2, 0)
        return torch.tensor(found.reshape(states + states + moves), dtype=law.dtype)

    flat = np.full(pair, 1 / (pair[0] * pair[1]))
    largest = max(float(np.abs(game.rewards(t, flat)).max()) for t in range(game.size[0]))
    return Environment(
        T=game.horizon,
        S=states,
        A=moves,
        mu0=torch.tensor(game.initial.reshape(states)),
        r_max=largest,
        reward_fn=reward,
        transition_fn=transition,
    )


def from_openspiel(game: Any, name: str | None = None) -> FiniteGame:
    """Read a mean-field game of OpenSpiel with one population.

    A time's states are its decision nodes. What an agent earns between a decision and the next one
    belongs to the decision: rewards of decision nodes with the law that their mean-field node was
    told, and of the nodes that follow. The first law is that of the first decision nodes.

    Parameters
    ----------
    game : of ``pyspiel``, or an object with the same methods.

    Raises
    ------
    InputError
        If it has several populations, or nodes that do not alternate in time.
    """
    return _Tree(game, name or str(game)).game()


@dataclass(frozen=True)
class _Met:
    """A decision node, the mean-field node before it (none before the first), and how it is met.

    ``earned`` is what is earned on the way, on average over the ways.
    """

    share: float
    node: Any
    before: Any
    earned: float

    def or_by(self, share: float, earned: float) -> _Met:
        """The same node met in another way, too."""
        total = self.share + share
        mean = (self.share * self.earned + share * earned) / total if total else 0.0
        return _Met(total, self.node, self.before, mean)


class _Tree:
    """Decision nodes, time by time.

    Nodes with one string and different rewards are different states: some games of OpenSpiel keep
    the last action, which a reward depends on, out of the string.
    """

    def __init__(self, game: Any, name: str) -> None:
        self.name = name
        if game.num_players() != 1:
            raise self.refused("it has several populations")
        self.actions = int(game.num_distinct_actions())
        first = self._after(game.new_initial_state())
        self.first = {key: met.share for key, met in first.items()}
        self.layers: list[dict[str, _Met]] = []
        layer = {key: met for key, met in first.items() if met.node is not None}
        while layer:
            if len(layer) > MOST_NODES:
                raise self.refused(f"a time has more than {MOST_NODES} states")
            following: dict[str, _Met] = {}
            for met in layer.values():
                for action in met.node.legal_actions():
                    found = self._after(met.node.child(action))
                    following |= {k: m for k, m in found.items() if m.node is not None}
            self.layers.append(layer)
            layer = following
        self.places = [{key: k for k, key in enumerate(layer)} for layer in self.layers]
        self.width = max(map(len, self.layers), default=1)

    def refused(self, reason: str) -> InputError:
        return InputError(f"the game is not read: {reason}.", game=self.name, stage=STAGE)

    def _after(self, start: Any) -> dict[str, _Met]:
        """Decision nodes that follow; mean-field nodes are told a uniform law on the way.

        The end of the game has no node.
        """
        found: dict[str, _Met] = {}
        queue: list[tuple[float, Any, Any, float]] = [(1.0, start, None, 0.0)]
        while queue:
            share, here, before, earned = queue.pop()
            player = int(here.current_player())
            node = here
            if here.is_terminal():
                key, node, earned = "", None, earned + float(here.rewards()[0])
            elif player == _CHANCE:
                for action, probability in here.chance_outcomes():
                    queue.append((share * probability, here.child(action), before, earned))
                continue
            elif player == _MEAN_FIELD:
                size = len(list(here.distribution_support()))
                told = self._told(here, [1 / size] * size)
                queue.append((share, told, here, earned + float(here.rewards()[0])))
                continue
            elif player >= 0:
                key = f"{here} {float(here.rewards()[0]):.12g}"
            else:
                raise self.refused(f"a node has the player {player}")
            met = found.get(key, _Met(0.0, node, before, 0.0))
            found[key] = met.or_by(share, earned)
        return found

    @staticmethod
    def _told(node: Any, law: list[float]) -> Any:
        told = node.clone()
        told.update_distribution(law)
        return told

    def game(self) -> FiniteGame:
        """The environment; a time's states fill the first places, others are never reached."""
        legal = np.zeros((len(self.layers), self.width, self.actions), bool)
        for time, layer in enumerate(self.layers):
            legal[time, len(layer) :, 0] = True
            for s, met in enumerate(layer.values()):
                legal[time, s] = np.isin(np.arange(self.actions), met.node.legal_actions())
        initial = np.zeros(self.width)
        for key, place in self.places[0].items():
            initial[place] = self.first[key]
        return FiniteGame(
            len(self.layers) - 1,
            initial,
            self.actions,
            self._reward,
            self._transition,
            legal,
            tuple(tuple(str(met.node) for met in layer.values()) for layer in self.layers),
            name=self.name,
        )

    def _nodes(self, time: int, law: Array) -> Iterator[tuple[int, Any]]:
        """The decision nodes of a time that were told a law, with their places."""
        masses: dict[str, float] = {}
        for mass, met in zip(law.sum(axis=1).tolist(), self.layers[time].values()):
            name = str(met.before)
            masses[name] = masses.get(name, 0.0) + mass
        for place, met in enumerate(self.layers[time].values()):
            node = met.node
            if met.before is not None:
                support = list(met.before.distribution_support())
                node = self._told(met.before, [masses.get(name, 0.0) for name in support])
            yield place, node

    def _reward(self, time: int, law: Array) -> Array:
        """Rewards of the decision nodes at this law, and of what follows up to the next ones."""
        found = np.zeros((self.width, self.actions))
        for place, node in self._nodes(time, law):
            own = float(node.rewards()[0])
            for action in node.legal_actions():
                ways = self._after(node.child(action)).values()
                found[place, action] = own + sum(way.share * way.earned for way in ways)
        return found

    def _transition(self, time: int, law: Array) -> Array:
        found = np.zeros((self.width, self.actions, self.width))
        found[:, :, 0] = 1
        if time == len(self.layers) - 1:
            return found
        for place, node in self._nodes(time, law):
            for action in node.legal_actions():
                found[place, action] = 0
                for key, way in self._after(node.child(action)).items():
                    if way.node is None:
                        raise self.refused("some of its paths end before others")
                    if key not in self.places[time + 1]:
                        raise self.refused("a reward depends on laws of several times")
                    found[place, action, self.places[time + 1][key]] += way.share
        return found
