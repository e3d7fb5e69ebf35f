"""The maximum principle: a forward-backward equation of McKean and Vlasov, solved by its residual.

A network gives the adjoint ``Y(t, x)`` and its noise ``Z(t, x)``. Particles play the control that
minimizes the Hamiltonian with this adjoint; along each path ``Y`` is to be what is left,
``g'(X_T) + int H_x ds - int Z dW`` from t to T, at every step. The planner's Hamiltonian has what
his representative pays for his effect on others. (Carmona and Lauriere, as in `direct`; Germain,
Mikael and Warin, Numerical resolution of McKean-Vlasov FBSDEs using neural networks, Methodology
and Computing in Applied Probability 24, 2022.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve.learn.crowd import Law
from eqsolve.learn.descent import Descent, best_of_all, policy_of
from eqsolve.learn.networks import Tree, dense
from eqsolve.learn.swarm import Paths, at_end, simulate
from eqsolve.learn.training import Policy

#: Particles, steps in time, neurons of a layer; particles of the law in the control at last.
PARTICLES, TIMES, WIDTH, MANY = 256, 16, 32, 2**17


@dataclass(frozen=True)
class Adjoint(Descent):
    """The method for one crowd."""

    steps: int = 1500

    def weights(self, key: Any) -> Tree:
        """Those of the adjoint and its noise."""
        return dense(key, (2, WIDTH, WIDTH, 2), last=0.1)

    def play(self, weights: Tree, key: Any, particles: int) -> Paths:
        """Particles that minimize the Hamiltonian."""
        import jax.numpy as jnp

        def control(t: Any, x: Any) -> tuple[Any, Law]:
            adjoint = self.network(weights, t, x)[..., 0]
            return best_of_all(self.crowd, x, adjoint, jnp.mean)

        return simulate(self.crowd, control, key, particles, TIMES)

    def loss(self, weights: Tree, key: Any) -> Any:
        """Mean squared residual of the backward equation from every step to the end."""
        import jax
        import jax.numpy as jnp

        crowd, paths = self.crowd, self.play(weights, key, PARTICLES)
        width = crowd.horizon / TIMES
        dates, laws = paths.dates[:, None], Law(*(v[:, None] for v in paths.laws))
        before = self.network(weights, dates, paths.starts)
        middle = self.network(weights, dates + width / 2, paths.middles)

        def hamiltonian(x: Any) -> Any:
            paid = crowd.paid(x, paths.controls, laws)
            return (paid + middle[..., 0] * crowd.drift(x, paths.controls, laws)).sum()

        def final(x: Any) -> Any:
            return crowd.paid_end(x, 0 * x, at_end(paths.ends)).sum()

        noise = before[..., 1] * paths.shocks[:, 0] + middle[..., 1] * paths.shocks[:, 1]
        earned = width * jax.grad(hamiltonian)(paths.middles) - noise
        left = jax.grad(final)(paths.ends) + jnp.cumsum(earned[::-1], axis=0)[::-1]
        return ((before[..., 0] - left) ** 2).mean()

    def policy(self, state: Tree) -> Policy:
        """The control of the Hamiltonian, at the law that many particles make."""
        import jax
        import jax.numpy as jnp

        weights, crowd = state[0], self.crowd
        paths = jax.jit(lambda k: self.play(weights, k, MANY))(jax.random.key(0))
        dates = np.linspace(0.0, crowd.horizon, TIMES + 1)
        states = jnp.concatenate([paths.starts, paths.ends[None]])
        adjoints = self.network(weights, dates[:, None], states)[..., 0]
        found = jax.vmap(lambda x, y: best_of_all(crowd, x, y, jnp.mean)[1])(states, adjoints)
        laws = [np.asarray(v) for v in found]

        def control(t: Any, x: Any) -> Any:
            law = Law(*(jnp.interp(t, dates, v) for v in laws))
            return crowd.best(x, self.network(weights, t, x)[..., 0], law)

        return policy_of(control)

    def value(self, state: Tree) -> float | None:
        """The mean of the cost over fresh particles."""
        import jax

        paths = jax.jit(lambda k: self.play(state[0], k, MANY))(jax.random.key(0))
        x = paths.ends
        return float(paths.paid + self.crowd.payoff(x, 0 * x, at_end(x)).mean())
