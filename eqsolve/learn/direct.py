"""Direct control: the gradient of the simulated cost in the weights of the control.

Many particles move under one network ``a(t, x)``. For the planner the whole mean cost is
differentiated, the laws in it too; for the game the laws are held fixed in the gradient, so that
what stands still is a best response to the law that it makes. (Carmona and Lauriere, Convergence
analysis of machine learning algorithms for the numerical solution of mean field control and games
II, Annals of Applied Probability 32, 2022.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eqsolve.learn.crowd import Law
from eqsolve.learn.descent import Descent, policy_of
from eqsolve.learn.networks import Tree, dense
from eqsolve.learn.swarm import at_end, simulate
from eqsolve.learn.training import Policy

#: Particles, steps in time, neurons of a layer.
PARTICLES, TIMES, WIDTH = 512, 20, 32


@dataclass(frozen=True)
class Direct(Descent):
    """The method for one crowd."""

    steps: int = 1500

    def weights(self, key: Any) -> Tree:
        """Those of the control."""
        return dense(key, (2, WIDTH, WIDTH, 1), last=0.1)

    def control(self, weights: Tree, t: Any, x: Any) -> Any:
        """The network."""
        return self.network(weights, t, x)[..., 0]

    def loss(self, weights: Tree, key: Any) -> Any:
        """Mean cost of particles that all play the network."""
        import jax

        def held(law: Law) -> Law:
            return law if self.crowd.planner else jax.lax.stop_gradient(law)

        def control(t: Any, x: Any) -> tuple[Any, Law]:
            a = self.control(weights, t, x)
            return a, held(Law(x.mean(), x.var(), a.mean()))

        paths = simulate(self.crowd, control, key, PARTICLES, TIMES)
        x = paths.ends
        return paths.paid + self.crowd.payoff(x, 0 * x, held(at_end(x))).mean()

    def policy(self, state: Tree) -> Policy:
        """The network."""
        return policy_of(self.control, state[0])

    def value(self, state: Tree) -> float | None:
        """The mean of the cost over fresh particles."""
        import jax

        keys = jax.random.split(jax.random.key(0), 64)
        return float(jax.jit(jax.vmap(lambda k: self.loss(state[0], k)))(keys).mean())
