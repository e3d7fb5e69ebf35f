"""Small networks: dense layers with tanh between them, as plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from eqsolve.errors import MissingPartError

#: A pytree of arrays: weights, an optimizer's state, or all of a method.
Tree = Any


def require(game: str) -> None:
    """Refuse without the packages of the extra.

    Raises
    ------
    MissingPartError
        If one is missing.
    """
    try:
        import jax  # noqa: F401
        import optax  # noqa: F401
    except ImportError:
        from eqsolve.distribution import extra

        raise MissingPartError(
            "JAX or Optax is not installed.",
            game=game,
            stage="learn",
            remedy=f"Install {extra('learn')}.",
        ) from None


def dense(key: Any, sizes: Sequence[int], last: float = 1.0) -> Tree:
    """Weights of layers of these sizes, normal with variance 1/inputs; the last times ``last``."""
    import jax
    import jax.numpy as jnp

    found = []
    for place, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        key, own = jax.random.split(key)
        scale = (last if place == len(sizes) - 2 else 1.0) / inputs**0.5
        found.append((scale * jax.random.normal(own, (inputs, outputs)), jnp.zeros(outputs)))
    return found


def apply(weights: Tree, *inputs: Any) -> Any:
    """The outputs, (..., outputs), at inputs that broadcast to one shape."""
    import jax.numpy as jnp

    values = jnp.stack(jnp.broadcast_arrays(*inputs), axis=-1)
    for place, (matrix, shift) in enumerate(weights):
        values = values @ matrix + shift
        if place < len(weights) - 1:
            values = jnp.tanh(values)
    return values


def slope(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The derivative of a function that is elementwise."""
    import jax
    import jax.numpy as jnp

    return lambda x: jax.jvp(function, (x,), (jnp.ones_like(x),))[1]
