"""Particles that all play one control, with the law that they make: midpoint steps in time.

The midpoint rule is of weak order two for additive noise. Half of the particles are mirrored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from eqsolve.learn.crowd import Crowd, Law


class Paths(NamedTuple):
    """What happened, arrays of (steps, particles) unless told otherwise.

    Attributes
    ----------
    dates : (steps,), of the steps' beginnings.
    starts, middles : states there and half a step later.
    controls, laws : half a step later; laws (steps,).
    shocks : (steps, 2, particles), noise of the halves of a step.
    ends : (particles,), states at the end of the horizon.
    paid : (), mean running cost.
    """

    dates: Any
    starts: Any
    middles: Any
    controls: Any
    laws: Law
    shocks: Any
    ends: Any
    paid: Any


def simulate(
    crowd: Crowd,
    control: Callable[[Any, Any], tuple[Any, Law]],
    key: Any,
    particles: int,
    steps: int,
) -> Paths:
    """Let particles play a control.

    Parameters
    ----------
    control : of time and the states of all; with it the law at which costs are paid.
    """
    import jax
    import jax.numpy as jnp

    width = crowd.horizon / steps
    draws = jax.random.normal(key, (2 * steps + 1, particles // 2))
    draws = jnp.concatenate([draws, -draws], axis=1)
    shocks = crowd.volatility * (width / 2) ** 0.5 * draws[1:].reshape(steps, 2, -1)

    def advance(x: Any, now: tuple[Any, Any]) -> tuple[Any, Any]:
        t, (first, second) = now
        a, law = control(t, x)
        middle = x + width / 2 * crowd.drift(x, a, law) + first
        a, law = control(t + width / 2, middle)
        paid = width * crowd.running(middle, a, law).mean()
        end = x + width * crowd.drift(middle, a, law) + first + second
        return end, (x, middle, a, law, paid)

    x = crowd.mean + crowd.deviation * draws[0]
    dates = width * np.arange(steps)
    ends, (starts, middles, controls, laws, paid) = jax.lax.scan(advance, x, (dates, shocks))
    return Paths(dates, starts, middles, controls, laws, shocks, ends, paid.sum())


def at_end(x: Any) -> Law:
    """The law of states at the end, where there is no control."""
    return Law(x.mean(), x.var(), 0.0)
