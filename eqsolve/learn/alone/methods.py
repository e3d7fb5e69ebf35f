"""The residual of an equation, and actor and critic, for one agent's wealth."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve.learn.alone.investor import BOUND, Investor
from eqsolve.learn.alone.surfaces import Plain, Scaled
from eqsolve.learn.descent import Gradient, policy_of
from eqsolve.learn.networks import Tree, dense, slope
from eqsolve.learn.training import Array, Policy

#: Times and wealths of a step, neurons of a layer.
POINTS, WIDTH = 512, 32
#: Steps of the horizon over which the actor looks ahead, nodes of the noise.
TIMES, NOISE = 16, 5


@dataclass(frozen=True)
class Solitary(Gradient):
    """A method for one agent.

    Parameters
    ----------
    surface : how the networks see wealth, and what they tell of the value.
    """

    surface: Scaled | Plain
    steps: int = 3000

    @property
    def investor(self) -> Investor:
        """The problem."""
        return self.surface.investor

    @property
    def game(self) -> str:
        """The name of the agent's game."""
        return self.investor.game

    def points(self, key: Any) -> tuple[Any, Any]:
        """Random times and logarithms of wealth, (POINTS,) each."""
        import jax

        first, second = jax.random.split(key)
        low, high = self.investor.reach
        t = jax.random.uniform(first, (POINTS,), maxval=self.investor.horizon)
        return t, jax.random.uniform(second, (POINTS,), minval=low, maxval=high)

    @abstractmethod
    def fraction(self, weights: Tree, t: Any, y: Any) -> Any:
        """The fraction of wealth at risk."""

    def policy(self, state: Tree) -> Policy:
        """The fraction of wealth at risk, of time and logarithm of wealth."""
        return policy_of(self.fraction, state[0])

    def value(self, state: Tree) -> Policy:
        """The logarithm of the certainty equivalent that the method states."""
        inner = policy_of(self.surface.at, state[0][0])

        def at(t: float, y: Array) -> Array:
            return self.surface.certain(inner(t, y))

        return at


@dataclass(frozen=True)
class Pinn(Solitary):
    """The residual of the equation of Hamilton, Jacobi and Bellman, divided by psi'.

    ``z_t + r z_y + max_w {B w z_y + s^2 w^2/2 (z_yy - z_y + k z_y^2)}``, k = psi''/psi'. (Raissi,
    Perdikaris and Karniadakis, Physics-informed neural networks, Journal of Computational Physics
    378, 2019.)
    """

    def weights(self, key: Any) -> Tree:
        """Those of z."""
        return [dense(key, (2, WIDTH, WIDTH, 1))]

    def slopes(self, weights: Tree, t: Any, y: Any) -> tuple[Any, Any]:
        """z_y, and the bend that risk meets."""

        def z(q: Any) -> Any:
            return self.surface.at(weights[0], t, q)

        steep = slope(z)(y)
        return steep, slope(slope(z))(y) - steep + self.surface.power * steep**2

    def fraction(self, weights: Tree, t: Any, y: Any) -> Any:
        """The maximum over the fractions within the bound."""
        import jax.numpy as jnp

        steep, bend = self.slopes(weights, t, y)
        bound = BOUND * self.investor.unit
        earned, risk = self.investor.excess * steep, -(self.investor.volatility**2) * bend
        inner = jnp.clip(earned / jnp.where(risk > 0, risk, 1.0), -bound, bound)
        return jnp.where(risk > 0, inner, bound * jnp.sign(earned))

    def loss(self, weights: Tree, key: Any) -> Any:
        """Mean squares of the residual, in units of the horizon, and of the error at the end."""
        import jax

        one = self.investor
        t, y = self.points(key)
        steep, bend = self.slopes(weights, t, y)
        w = jax.lax.stop_gradient(self.fraction(weights, t, y))  # a maximum has no slope
        ahead = slope(lambda s: self.surface.at(weights[0], s, y))(t)
        paid = (one.rate + one.excess * w) * steep + one.volatility**2 * w**2 / 2 * bend
        return ((one.horizon * (ahead + paid)) ** 2).mean() + self.surface.end(weights[0], y)


@dataclass(frozen=True)
class ActorCritic(Solitary):
    """A network for the value of playing, another for the fraction at risk, and no derivatives.

    Over a step the critic's value is to be the expectation of what it says later, and the actor
    raises that expectation; each holds the other fixed. (Konda and Tsitsiklis, On actor-critic
    algorithms, SIAM Journal on Control and Optimization 42, 2003; here the model is known, and the
    expectation is a sum over nodes of the noise.)
    """

    def weights(self, key: Any) -> Tree:
        """Those of critic and actor."""
        import jax

        return [dense(k, (2, WIDTH, WIDTH, 1)) for k in jax.random.split(key)]

    def fraction(self, weights: Tree, t: Any, y: Any) -> Any:
        """The actor."""
        return self.investor.unit * self.surface.network(weights[1], t, y)

    def loss(self, weights: Tree, key: Any) -> Any:
        """Mean squared error of the critic, and less of what the actor is promised."""
        import jax
        import jax.numpy as jnp

        one, hold = self.investor, jax.lax.stop_gradient
        t, y = (v[:, None] for v in self.points(key))
        points, chances = np.polynomial.hermite_e.hermegauss(NOISE)
        span = jnp.minimum(one.horizon / TIMES, one.horizon - t)
        w = self.fraction(weights, t, y)

        def promised(critic: Tree, w: Any) -> Any:
            """What a step adds to the value on average."""
            moves = one.growth(w) * span + one.volatility * w * jnp.sqrt(span) * points
            later = self.surface.step(critic, t, y, span, moves)
            return TIMES * (later @ (chances / chances.sum()))

        error = (promised(weights[0], hold(w)) ** 2).mean()
        hope = promised(hold(weights[0]), w).mean()
        return error + self.surface.end(weights[0], y[:, 0]) - hope
