"""A mean-field game with finitely many states and actions, as its environment.

Times of decision are 0, ..., T. At each an agent in state s chooses an action a, obtains the reward
r(t, L)[s, a], which is maximized, and moves to s' with probability P(t, L)[s, a, s'], where L is
the joint law of states and actions of all, (states, actions). The action at T only earns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import InputError

Array = NDArray[np.float64]
#: A function of the time and of the joint law.
OfLaw: TypeAlias = Callable[[int, Array], Array]

STAGE = "finite"
#: What probabilities may differ from 1 in sum, or lie below 0.
MASS = 1e-6
#: Most entries of a transition matrix times the number of times.
MOST = 10**8


@dataclass(frozen=True)
class FiniteGame:
    """The environment of a game.

    Parameters
    ----------
    horizon : T; there are T + 1 times of decision.
    initial : (states,), the law at time 0.
    actions : their number.
    reward, transition : functions of the time and the joint law, with values (states, actions) and
        (states, actions, states).
    legal : (states, actions) or (T + 1, states, actions), which actions are allowed; all by
        default.
    states : names of the states at every time, (T + 1, states or fewer), where they have names.
    shape : of states and of actions in the form of other packages, where they are several indices.
    """

    horizon: int
    initial: Array
    actions: int
    reward: OfLaw
    transition: OfLaw
    legal: NDArray[np.bool_] | None = None
    states: tuple[tuple[str, ...], ...] = ()
    shape: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    name: str = "finite"

    def __post_init__(self) -> None:
        first = np.array(self.initial, float)
        object.__setattr__(self, "initial", first)
        if self.horizon != int(self.horizon) or self.horizon < 0 or self.actions < 1:
            raise self.error("the horizon and the number of actions are whole numbers.")
        if first.ndim != 1 or not first.size or not _probabilities(first):
            raise self.error("the initial law is one row of probabilities.")
        if (self.horizon + 1) * first.size**2 * self.actions > MOST:
            raise self.error(f"transitions with more than {MOST:.0e} entries are not held.")
        if self.legal is not None:
            legal = np.broadcast_to(np.asarray(self.legal, bool), self.size)
            if not np.all(legal.any(axis=-1)):
                raise self.error("every state needs an action that is allowed.")
            object.__setattr__(self, "legal", legal)

    @property
    def size(self) -> tuple[int, int, int]:
        """Times of decision, states, actions."""
        return self.horizon + 1, self.initial.size, self.actions

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """(times, states, actions): which actions are allowed."""
        return np.ones(self.size, bool) if self.legal is None else self.legal

    def rewards(self, time: int, law: Array) -> Array:
        """The reward at a time, (states, actions).

        Raises
        ------
        InputError
            If it has another shape or is not finite where an action is allowed.
        """
        found = np.asarray(self.reward(time, law), float)
        if found.shape != self.size[1:]:
            raise self.error(f"the reward at {time} has the shape {found.shape}.")
        if not np.all(np.isfinite(found[self.allowed[time]])):
            raise self.error(f"a reward at {time} is not finite.")
        return found

    def transitions(self, time: int, law: Array) -> Array:
        """The probabilities of moving at a time, (states, actions, states).

        Raises
        ------
        InputError
            If they are none.
        """
        found = np.asarray(self.transition(time, law), float)
        if found.shape != (*self.size[1:], self.size[1]):
            raise self.error(f"the transition at {time} has the shape {found.shape}.")
        if not _probabilities(found[self.allowed[time]]):
            raise self.error(f"a row of the transition at {time} is no law.")
        return found

    def error(self, text: str, remedy: str = "") -> InputError:
        """An error that names this game."""
        return InputError(text, game=self.name, stage=STAGE, remedy=remedy)


def _probabilities(rows: Array) -> bool:
    close = np.abs(rows.sum(axis=-1) - 1) <= MASS
    return bool(np.all(np.isfinite(rows)) and np.all(rows >= -MASS) and np.all(close))
