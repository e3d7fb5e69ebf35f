"""What methods share that lower a loss of their weights: scaled inputs, Adam, a falling rate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from eqsolve.learn.crowd import Crowd, Law
from eqsolve.learn.networks import Tree, apply, require
from eqsolve.learn.training import Array, Policy

#: Learning rate at the first step; it falls to zero as a cosine.
RATE = 5e-3


class Gradient(ABC):
    """A method for one problem."""

    @property
    @abstractmethod
    def game(self) -> str:
        """The name of the game."""

    def __post_init__(self) -> None:
        require(self.game)

    @abstractmethod
    def weights(self, key: Any) -> Tree:
        """Weights before the first step."""

    @abstractmethod
    def loss(self, weights: Tree, key: Any) -> Any:
        """What is lowered, with random numbers of the key."""

    @property
    def rate(self) -> float:
        """Learning rate at the first step."""
        return RATE

    @property
    def _optimizer(self) -> Any:
        import optax

        return optax.chain(optax.scale_by_adam(b2=0.99), optax.scale(-self.rate))

    def start(self, seed: int, steps: int) -> Tree:
        """Weights and the optimizer's state."""
        import jax

        weights = self.weights(jax.random.fold_in(jax.random.key(seed), steps))
        return weights, self._optimizer.init(weights)

    def run(self, state: Tree, seed: int, numbers: range, steps: int) -> tuple[Tree, Array]:
        """Steps, compiled as one."""
        after, losses = self._run(state, seed, np.array(numbers), steps)
        return after, np.asarray(losses, float)

    @cached_property
    def _run(self) -> Callable[..., Any]:
        import jax

        def run(state: Tree, seed: Any, numbers: Any, steps: Any) -> tuple[Tree, Any]:
            def one(carried: Tree, number: Any) -> tuple[Tree, Any]:
                key = jax.random.fold_in(jax.random.key(seed), number)
                return self.step(carried, key, number / steps)

            found: tuple[Tree, Any] = jax.lax.scan(one, state, numbers)
            return found

        compiled: Callable[..., Any] = jax.jit(run)
        return compiled

    def leaves(self, state: Tree) -> list[Array]:
        """Weights and the optimizer's numbers."""
        import jax

        return [np.asarray(v) for v in jax.tree.leaves(state)]

    def whole(self, like: Tree, leaves: list[Array]) -> Tree:
        """The state of these arrays."""
        import jax

        return jax.tree.unflatten(jax.tree.structure(like), leaves)

    def step(self, state: Tree, key: Any, share: Any) -> tuple[Tree, Any]:
        """One gradient."""
        import jax
        import jax.numpy as jnp

        weights, optimizer = state
        loss, slope = jax.value_and_grad(self.loss)(weights, key)
        moves, optimizer = self._optimizer.update(slope, optimizer)
        fall = (1 + jnp.cos(jnp.pi * share)) / 2
        return (jax.tree.map(lambda w, m: w + fall * m, weights, moves), optimizer), loss


@dataclass(frozen=True)
class Descent(Gradient):
    """A method for one crowd."""

    crowd: Crowd

    @property
    def game(self) -> str:
        """The name of the crowd's game."""
        return self.crowd.game

    def network(self, weights: Tree, t: Any, x: Any) -> Any:
        """Outputs at time and state in units of the horizon and the initial law."""
        crowd = self.crowd
        near = (x - crowd.mean) / crowd.deviation
        return apply(weights, 2 * t / crowd.horizon - 1, near)


def policy_of(control: Callable[..., Any], *given: Any) -> Policy:
    """``control(*given, t, x)`` as a function of NumPy arrays."""
    import jax

    inner = jax.jit(control)

    def at(t: float, x: Array) -> Array:
        return np.asarray(inner(*given, np.float32(t), np.asarray(x, np.float32)), float)

    return at


def best_of_all(crowd: Crowd, x: Any, adjoint: Any, mean: Callable[[Any], Any]) -> tuple[Any, Law]:
    """Everybody's best control, and the law with its mean.

    The mean of the control may be in the Hamiltonian, in which it is affine: two values tell where
    it is the mean of the controls that it makes.

    Parameters
    ----------
    mean : of values at the states, under their law.
    """
    center = mean(x)
    law = Law(center, mean((x - center) ** 2), 0.0)
    nothing, one = (mean(crowd.best(x, adjoint, law._replace(speed=v))) for v in (0.0, 1.0))
    law = law._replace(speed=nothing / (1 - (one - nothing)))
    return crowd.best(x, adjoint, law), law
