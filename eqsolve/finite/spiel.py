"""Finite games written as mean-field games of OpenSpiel, of which a part must be installed.

OpenSpiel counts rewards of decision, mean-field and terminal nodes, and tells laws of nodes at
mean-field nodes. The reward of an action therefore falls due at the mean-field node that follows,
or at the end; these nodes are named by the state and the action before.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import MissingPartError
from eqsolve.finite.environment import STAGE, FiniteGame

Array = NDArray[np.float64]


class _Held:
    """The environment; copies of nodes share it."""

    def __init__(self, game: FiniteGame) -> None:
        self.game = game

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def spread(self, mass: Array) -> Array:
        """A joint law with these masses of states."""
        return np.repeat(mass[:, None], self.game.actions, axis=1) / self.game.actions


def require_states_only(game: FiniteGame) -> None:
    """Refuse a game whose functions depend on the law of actions, which OpenSpiel does not tell."""
    rng = np.random.default_rng(1)
    pair = game.size[1:]
    joint = rng.dirichlet(np.ones(pair[0] * pair[1])).reshape(pair)
    spread = _Held(game).spread(joint.sum(axis=1))
    for time in range(game.size[0]):
        last = time == game.horizon
        for function in (game.rewards, *(() if last else (game.transitions,))):
            if not np.allclose(function(time, joint), function(time, spread), rtol=1e-9):
                raise game.error(
                    "its functions depend on the law of actions, which OpenSpiel does not tell."
                )


def to_openspiel(game: FiniteGame) -> Any:
    """Write a mean-field game of OpenSpiel.

    Decision nodes are named ``(time, state)``.

    Raises
    ------
    MissingPartError
        Without OpenSpiel.
    InputError
        If the game depends on the law of actions.
    """
    try:
        import pyspiel
    except ImportError:
        raise MissingPartError(
            "OpenSpiel is not installed.",
            game=game.name,
            stage=STAGE,
            remedy="Install open_spiel.",
        ) from None
    require_states_only(game)
    held, (times, states, actions) = _Held(game), game.size
    player = pyspiel.PlayerId

    class Node(pyspiel.State):  # type: ignore[misc]
        """A node; ``kind`` is the player, ``law`` what was told last."""

        def __init__(self, of: Any) -> None:
            super().__init__(of)
            self.held, self.law = held, held.game.initial
            self.kind, self.t, self.s, self.before = player.CHANCE, 0, -1, (-1, -1)

        def current_player(self) -> Any:
            return player.TERMINAL if self.is_terminal() else self.kind

        def is_terminal(self) -> bool:
            return self.t >= times

        def _legal_actions(self, who: int) -> list[int]:
            if who == player.MEAN_FIELD:
                return []
            return [int(a) for a in np.flatnonzero(self.held.game.allowed[self.t, self.s])]

        def chance_outcomes(self) -> list[tuple[int, float]]:
            row = self.law
            if self.s >= 0:
                joint = self.held.spread(self.law)
                row = self.held.game.transitions(self.t, joint)[self.before]
            return [(k, float(p)) for k, p in enumerate(row) if p > 0]

        def _apply_action(self, action: int) -> None:
            if self.kind == player.CHANCE:
                first = self.s < 0
                self.s = action
                self.kind = 0 if first else player.MEAN_FIELD
                return
            self.before, self.kind = (self.s, action), player.CHANCE
            if self.t == times - 1:
                self.t = times

        def _action_to_string(self, who: int, action: int) -> str:
            return str(action)

        def distribution_support(self) -> list[str]:
            allowed = self.held.game.allowed[self.t]
            pairs = [(s, a) for s in range(states) for a in range(actions) if allowed[s, a]]
            return [self._name(pair, k) for pair in pairs for k in range(states)]

        def _name(self, pair: tuple[int, int], state: int) -> str:
            return f"({self.t}, {pair[0]}, {pair[1]}, {state})_law"

        def update_distribution(self, masses: list[float]) -> None:
            self.law = np.asarray(masses, float).reshape(-1, states).sum(axis=0)
            self.t, self.kind = self.t + 1, 0

        def rewards(self) -> list[float]:
            due = self.is_terminal() or self.kind == player.MEAN_FIELD
            if not due or self.before[0] < 0:
                return [0.0]
            time = min(self.t, times - 1)
            found = self.held.game.rewards(time, self.held.spread(self.law))
            return [float(found[self.before])]

        def returns(self) -> list[float]:
            return self.rewards()

        def __str__(self) -> str:
            if self.s < 0:
                return "initial"
            if self.is_terminal():
                return f"({self.t}, {self.before[0]}, {self.before[1]})_end"
            if self.kind == player.MEAN_FIELD:
                return self._name(self.before, self.s)
            if self.kind == player.CHANCE:
                return f"({self.t}, {self.before[0]}, {self.before[1]})_move"
            return f"({self.t}, {self.s})"

    class Observer:
        """Strings of nodes; there are no tensors."""

        tensor = np.zeros(0, np.float32)
        dict: dict[str, Array] = {}

        def set_from(self, node: Any, who: int) -> None:
            """Nothing: there are no tensors."""

        def string_from(self, node: Any, who: int) -> str:
            return str(node)

    kind = pyspiel.GameType(
        short_name="eqsolve_finite",
        long_name=game.name,
        dynamics=pyspiel.GameType.Dynamics.MEAN_FIELD,
        chance_mode=pyspiel.GameType.ChanceMode.EXPLICIT_STOCHASTIC,
        information=pyspiel.GameType.Information.PERFECT_INFORMATION,
        utility=pyspiel.GameType.Utility.GENERAL_SUM,
        reward_model=pyspiel.GameType.RewardModel.REWARDS,
        max_num_players=1,
        min_num_players=1,
        provides_information_state_string=False,
        provides_information_state_tensor=False,
        provides_observation_string=True,
        provides_observation_tensor=True,
        parameter_specification={},
    )
    about = pyspiel.GameInfo(
        num_distinct_actions=actions,
        max_chance_outcomes=states,
        num_players=1,
        min_utility=-np.inf,
        max_utility=np.inf,
        utility_sum=None,
        max_game_length=times,
    )

    class Written(pyspiel.Game):  # type: ignore[misc]
        """The game."""

        def __init__(self, params: Any = None) -> None:
            super().__init__(kind, about, params or {})

        def new_initial_state(self) -> Any:
            return Node(self)

        def make_py_observer(self, iig_obs_type: Any = None, params: Any = None) -> Any:
            return Observer()

        def max_chance_nodes_in_history(self) -> int:
            return times + 1

    return Written()
