"""What networks are told of wealth, and what they tell of the value: two ways.

Both write the value as ``V = psi(z(t, y))``, y the logarithm of wealth. `Scaled` follows from the
utility: psi = phi, so that z is the logarithm of a certainty equivalent and the same utility stands
behind all wealth; that c = z - y does not depend on y is not told. `Plain` is what is called naive:
psi(z) = z, a network of wealth in units of the largest one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve.learn.alone.investor import Investor
from eqsolve.learn.networks import Tree, apply
from eqsolve.learn.training import Array


@dataclass(frozen=True)
class Scaled:
    """z = y + c(t, y) with c = 0 at the end by construction."""

    investor: Investor

    @property
    def power(self) -> float:
        """psi''/psi'."""
        return self.investor.power

    def network(self, weights: Tree, t: Any, y: Any) -> Any:
        """The output at time and logarithm of wealth in units of the horizon and the reach."""
        low, high = self.investor.reach
        near = (2 * y - low - high) / (high - low)
        return apply(weights, 2 * t / self.investor.horizon - 1, near)[..., 0]

    def beyond(self, weights: Tree, t: Any, y: Any) -> Any:
        """c."""
        return (1 - t / self.investor.horizon) * self.network(weights, t, y)

    def at(self, weights: Tree, t: Any, y: Any) -> Any:
        """z."""
        return y + self.beyond(weights, t, y)

    def step(self, weights: Tree, t: Any, y: Any, span: Any, moves: Any) -> Any:
        """What a step in time and y adds to the value, divided by psi'(z)."""
        import jax.numpy as jnp

        later = self.beyond(weights, t + span, y + moves) - self.beyond(weights, t, y)
        return self.investor.gained(moves + later, jnp)

    def end(self, weights: Tree, y: Any) -> Any:
        """Mean squared error at the end."""
        return 0.0

    def certain(self, z: Array) -> Array:
        """The logarithm of the certainty equivalent."""
        return z


@dataclass(frozen=True)
class Plain:
    """z = V, a network of wealth; what it is to be at the end is a term of the loss."""

    investor: Investor
    power: float = 0.0

    def network(self, weights: Tree, t: Any, y: Any) -> Any:
        """The output at time and wealth in units of the horizon and the largest wealth."""
        import jax.numpy as jnp

        near = 2 * jnp.exp(y - self.investor.reach[1]) - 1
        return apply(weights, 2 * t / self.investor.horizon - 1, near)[..., 0]

    at = network

    def step(self, weights: Tree, t: Any, y: Any, span: Any, moves: Any) -> Any:
        """What a step in time and y adds to the value."""
        return self.at(weights, t + span, y + moves) - self.at(weights, t, y)

    def end(self, weights: Tree, y: Any) -> Any:
        """Mean squared error at the end."""
        import jax.numpy as jnp

        gap = self.at(weights, self.investor.horizon, y) - self.investor.utility(y, jnp)
        return (gap**2).mean()

    def certain(self, z: Array) -> Array:
        """The logarithm of the certainty equivalent; NaN where no wealth has this utility."""
        return self.investor.worth(np.asarray(z))
