"""Direct control: the gradient of the simulated cost in the weights of the control.

Many particles move under one network ``a(t, x)``. For the planner the whole mean cost is
differentiated, the laws in it too; for the game the laws are held fixed in the gradient, so that
what stands still is a best response to the law that it makes. Each step is that of the midpoint
rule, of weak order two for additive noise. (Carmona and Lauriere, Convergence analysis of machine
learning algorithms for the numerical solution of mean field control and games II, Annals of
Applied Probability 32, 2022.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve.learn.crowd import Crowd, Law
from eqsolve.learn.networks import Tree, apply, dense
from eqsolve.learn.training import Array, Policy

#: Particles (half of them mirrored), midpoint steps in time, neurons of a layer, learning rate.
PARTICLES, TIMES, WIDTH, RATE = 512, 20, 32, 5e-3


@dataclass(frozen=True)
class Direct:
    """The method for one crowd."""

    crowd: Crowd
    steps: int = 1500

    def start(self, key: Any) -> Tree:
        """Weights and the optimizer's state."""
        weights = dense(key, (2, WIDTH, WIDTH, 1), last=0.1)
        return weights, self._optimizer.init(weights)

    @property
    def _optimizer(self) -> Any:
        import optax

        return optax.chain(optax.scale_by_adam(), optax.scale(-RATE))

    def step(self, state: Tree, key: Any, share: Any) -> tuple[Tree, Any]:
        """One gradient, with a rate that falls to zero as a cosine."""
        import jax
        import jax.numpy as jnp

        weights, optimizer = state
        loss, slope = jax.value_and_grad(self.cost)(weights, key)
        moves, optimizer = self._optimizer.update(slope, optimizer)
        fall = (1 + jnp.cos(jnp.pi * share)) / 2
        return (jax.tree.map(lambda w, m: w + fall * m, weights, moves), optimizer), loss

    def control(self, weights: Tree, t: Any, x: Any) -> Any:
        """The network, of time and state in units of the horizon and the initial law."""
        crowd = self.crowd
        near = (x - crowd.mean) / crowd.deviation
        return apply(weights, 2 * t / crowd.horizon - 1, near)[..., 0]

    def cost(self, weights: Tree, key: Any) -> Any:
        """Mean cost of particles that all play the network."""
        import jax
        import jax.numpy as jnp

        crowd, half = self.crowd, PARTICLES // 2
        width = crowd.horizon / TIMES
        draws = jax.random.normal(key, (2 * TIMES + 1, half))
        draws = jnp.concatenate([draws, -draws], axis=1)
        shocks = crowd.volatility * (width / 2) ** 0.5 * draws[1:].reshape(TIMES, 2, -1)

        def law(x: Any, a: Any) -> Law:
            found = Law(x.mean(), x.var(), a.mean())
            return found if crowd.planner else jax.lax.stop_gradient(found)

        def advance(x: Any, now: tuple[Any, Any]) -> tuple[Any, Any]:
            t, (first, second) = now
            a = self.control(weights, t, x)
            middle = x + width / 2 * crowd.drift(x, a, law(x, a)) + first
            a = self.control(weights, t + width / 2, middle)
            seen = law(middle, a)
            paid = crowd.running(middle, a, seen).mean()
            return x + width * crowd.drift(middle, a, seen) + first + second, width * paid

        x = crowd.mean + crowd.deviation * draws[0]
        x, paid = jax.lax.scan(advance, x, (width * np.arange(TIMES), shocks))
        return paid.sum() + crowd.payoff(x, 0 * x, law(x, 0 * x)).mean()

    def policy(self, state: Tree) -> Policy:
        """The network."""
        return policy_of(self.control, state[0])

    def value(self, state: Tree) -> float | None:
        """The mean of the cost over fresh particles."""
        import jax

        keys = jax.random.split(jax.random.key(0), 64)
        return float(jax.jit(jax.vmap(lambda k: self.cost(state[0], k)))(keys).mean())


def policy_of(control: Any, weights: Tree) -> Policy:
    """A network as a function of NumPy arrays."""
    import jax

    inner = jax.jit(control)

    def at(t: float, x: Array) -> Array:
        return np.asarray(inner(weights, np.float32(t), np.asarray(x, np.float32)), float)

    return at
