"""Deep Galerkin: the equations of Hamilton, Jacobi and Bellman and of Kolmogorov, by residuals.

One network is the value (of the planner's representative, who pays for his effect on others), one
the logarithm of the density, beside that of a normal law whose mean and deviation are learned, too.
Value at the end and law at the start hold by construction. Both residuals, and the slope of
that of the value, on which the control depends, are taken at random times, at states that follow
the law; moments of the law are sums over these. (Sirignano and Spiliopoulos, DGM, Journal of
Computational Physics 375, 2018; Carmona and Lauriere, Convergence analysis of machine learning
algorithms for the numerical solution of mean field control and games I, SIAM Journal on Numerical
Analysis 59, 2021.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve.learn.crowd import Law
from eqsolve.learn.descent import Descent, best_of_all, policy_of
from eqsolve.learn.networks import Tree, apply, dense, slope
from eqsolve.learn.training import Policy

#: Times and states of a step, neurons of a layer, reach of the states in deviations of the law.
TIMES, STATES, WIDTH, REACH = 16, 32, 32, 4.0
#: The residuals weigh as a normal law so many times as wide as the learned one.
WIDER = 2.0
#: Times at which the law is kept at last.
DATES = 101


@dataclass(frozen=True)
class Galerkin(Descent):
    """The method for one crowd."""

    steps: int = 3000

    def weights(self, key: Any) -> Tree:
        """Those of the value, of the density, and of its normal law."""
        import jax

        keys = jax.random.split(key, 3)
        sizes = ((2, WIDTH, WIDTH, 1), (2, WIDTH, WIDTH, 1), (1, WIDTH, 2))
        return [dense(k, size, last=0.1) for k, size in zip(keys, sizes)]

    def normal(self, weights: Tree, t: Any) -> tuple[Any, Any]:
        """Mean and deviation of the normal law in the density; the initial ones at 0."""
        import jax.numpy as jnp

        crowd, share = self.crowd, t / self.crowd.horizon
        moves = share[..., None] * apply(weights[2], 2 * share - 1)
        mean = crowd.mean + crowd.deviation * moves[..., 0]
        return mean, crowd.deviation * jnp.exp(moves[..., 1])

    def density(self, weights: Tree, t: Any, x: Any) -> Any:
        """Its logarithm, up to a constant."""
        import jax.numpy as jnp

        mean, deviation = self.normal(weights, t)
        near, share = (x - mean) / deviation, t / self.crowd.horizon
        more = share * apply(weights[1], 2 * share - 1, near)[..., 0]
        return -(near**2) / 2 - jnp.log(deviation) + more

    def value_at(self, weights: Tree, last: Law, t: Any, x: Any) -> Any:
        """The value; ``last`` is the law at the end."""
        left = self.crowd.horizon - t
        return self.crowd.paid_end(x, 0 * x, last) + left * self.network(weights[0], t, x)[..., 0]

    def states(self, weights: Tree, t: Any, shift: Any) -> tuple[Any, Callable[[Any], Any]]:
        """(times, STATES), those that follow the law, and the mean of values there under it."""
        import jax
        import jax.numpy as jnp

        near = (2 * (jnp.arange(STATES) + shift) / STATES - 1) * REACH
        mean, deviation = self.normal(weights, t)
        x = jax.lax.stop_gradient(mean + deviation * near)
        mass = jax.nn.softmax(self.density(weights, t, x), axis=-1)
        return x, lambda values: (mass * values).sum(axis=-1, keepdims=True)

    def last(self, weights: Tree, shift: Any) -> Law:
        """The law at the end."""
        import jax.numpy as jnp

        x, mean = self.states(weights, jnp.full((1, 1), self.crowd.horizon), shift)
        center = mean(x)
        return Law(center, mean((x - center) ** 2), 0.0)

    def solved(self, weights: Tree, t: Any, shift: Any) -> tuple[Any, Any, Law, Any]:
        """States, controls there, laws, and the mean under them."""
        x, mean = self.states(weights, t, shift)
        last = self.last(weights, shift)
        steep = slope(lambda q: self.value_at(weights, last, t, q))(x)
        return x, *best_of_all(self.crowd, x, steep, mean), mean

    def loss(self, weights: Tree, key: Any) -> Any:
        """Mean squared residuals of both equations."""
        import jax
        import jax.numpy as jnp

        crowd = self.crowd
        first, second = jax.random.split(key)
        shift = jax.random.uniform(first)
        spread = (jnp.arange(TIMES) + jax.random.uniform(second, (TIMES,))) / TIMES
        t = crowd.horizon * spread[:, None]
        x, _, law, _ = self.solved(weights, t, shift)
        last, viscosity = self.last(weights, shift), crowd.volatility**2 / 2

        def value(q: Any) -> Any:
            return self.value_at(weights, last, t, q)

        def control(q: Any) -> Any:
            return crowd.best(q, slope(value)(q), law)

        def drift(q: Any) -> Any:
            return crowd.drift(q, control(q), law)

        def density(q: Any) -> Any:
            return self.density(weights, t, q)

        late = jnp.broadcast_to(t, x.shape)

        def in_value(q: Any) -> Any:
            paid = crowd.paid(q, control(q), law) + slope(value)(q) * drift(q)
            ahead = slope(lambda s: self.value_at(weights, last, s, q))(late)
            return ahead + viscosity * slope(slope(value))(q) + paid

        steep = slope(density)(x)
        in_law = slope(lambda s: self.density(weights, s, x))(late) + slope(drift)(x)
        in_law += drift(x) * steep - viscosity * (slope(slope(density))(x) + steep**2)
        mean, deviation = self.normal(weights, t)
        near = jax.lax.stop_gradient((x - mean) / deviation)
        mass = jax.nn.softmax(-(near**2) / (2 * WIDER**2), axis=-1)
        steeper = crowd.deviation * slope(in_value)(x)
        return (mass * (in_value(x) ** 2 + steeper**2 + in_law**2)).sum(axis=-1).mean()

    def policy(self, state: Tree) -> Policy:
        """The control of the Hamiltonian with the slope of the value, at the learned law."""
        import jax.numpy as jnp

        weights, crowd = state[0], self.crowd
        dates = np.linspace(0.0, crowd.horizon, DATES)
        _, _, laws, _ = self.solved(weights, jnp.asarray(dates)[:, None], 0.5)
        kept, last = [np.asarray(v)[:, 0] for v in laws], self.last(weights, 0.5)

        def control(t: Any, x: Any) -> Any:
            law = Law(*(jnp.interp(t, dates, v) for v in kept))
            own = Law(*(jnp.squeeze(v) for v in last))
            return crowd.best(x, slope(lambda q: self.value_at(weights, own, t, q))(x), law)

        return policy_of(control)

    def value(self, state: Tree) -> float | None:
        """The cost under the learned law, at the midpoints of many steps."""
        import jax.numpy as jnp

        weights, crowd = state[0], self.crowd
        dates = crowd.horizon * (np.arange(DATES) + 0.5) / DATES
        x, a, law, mean = self.solved(weights, jnp.asarray(dates)[:, None], 0.5)
        paid = crowd.horizon * float(mean(crowd.running(x, a, law)).mean())
        end, under = self.states(weights, jnp.full((1, 1), crowd.horizon), 0.5)
        return paid + float(under(crowd.payoff(end, 0 * end, self.last(weights, 0.5))).mean())
