"""How an agent's cost depends on the law of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from eqsolve.pde.edge import Array, Field, called, number, reals, refuse, sampled
from eqsolve.pde.hamiltonians import STAGE, compiled

#: Most nodes with a kernel given as a function, which is sampled at all pairs.
MOST_WITH_KERNEL = 4096
#: Parts of a coupling which multiply a functional of the law.
FUNCTIONALS = ("mean", "mean_squared", "variance", "control_mean")


@dataclass(frozen=True)
class Coupling:
    """A running cost f(t, x, law) or a terminal cost g(x, law) as a sum of parts.

    ::

        potential(x) + forcing(t, x) + mean(x) M + mean_squared(x) M^2 + variance(x) V
        + control_mean(x) A + density(x) m(x)^density_power + sum_y kernel(x, y) m(y) w(y)
        + function(t, x, M, V, m(x), (kernel * m)(x), A) + control * a * M + control_control * a * A

    M and V are the mean and the variance of the law, A = E[a] the mean of the control, m(x) the
    density, w the quadrature weights, a the agent's own control. At absorbing boundaries M, V and A
    are averages over those who have not left, and m is their density. There is no control at the
    end of time: a terminal cost has no part in A, and its function gets NaN for it.

    Attributes
    ----------
    potential, mean, mean_squared, variance, control_mean, density : a number, an array (nodes,) or
        a function of the array of nodes.
    forcing : a function of (t, x), called with a number and the array of nodes, or an array
        (steps, nodes) at the middle of each step; running cost only.
    density_power : exponent of the local density.
    kernel : an array (nodes, nodes), or a function k(d) of the array of differences x - y. If
        ``function`` is given, the convolution is handed to it in place of being added.
    function : a plain function of seven numbers, which numba compiles, or a ``numba.cfunc`` of
        seven float64 with a float64 result. Where it raises, it is NaN.
    control, control_control : coefficients of the cost linear in the agent's control; running cost
        only. A drift ``b(x) + c1 M + c2 A + a`` at the cost ``a^2/2`` is the speed ``v = a + c1 M +
        c2 A`` at the cost ``(v - c1 M - c2 A)^2/2``.
    """

    potential: Field = 0.0
    mean: Field = 0.0
    mean_squared: Field = 0.0
    variance: Field = 0.0
    control_mean: Field = 0.0
    density: Field = 0.0
    density_power: float = 1.0
    kernel: ArrayLike | Callable[[Array], ArrayLike] | None = None
    function: Callable[..., float] | None = None
    forcing: ArrayLike | Callable[[float, Array], ArrayLike] | None = None
    control: float = 0.0
    control_control: float = 0.0

    @classmethod
    def attraction(cls, strength: float = 1.0) -> Coupling:
        """``(strength/2) (x - M)^2``: the agent is drawn to the mean of all."""
        strength = number(STAGE, "strength", strength)
        half = 0.5 * strength
        return cls(
            potential=lambda x: half * x * x, mean=lambda x: -strength * x, mean_squared=half
        )

    def encoded(self, x: Array, middles: Array) -> dict[str, Any]:
        """Return the form which the compiled module reads: values at the nodes."""
        result: dict[str, Any] = {}
        for name in ("potential", *FUNCTIONALS, "density"):
            field = getattr(self, name)
            if not (type(field) in (int, float) and field == 0):
                result[name] = sampled(STAGE, name, field, x)
        result["density_power"] = number(STAGE, "density_power", self.density_power)
        for name in ("control", "control_control"):
            result[name] = number(STAGE, name, getattr(self, name))
        if callable(self.kernel):
            if x.size > MOST_WITH_KERNEL:
                needed = f"choose at most {MOST_WITH_KERNEL} with a kernel"
                refuse(STAGE, "nodes", x.size, needed)
            result["kernel"] = called(STAGE, "kernel", self.kernel, np.subtract.outer(x, x))
        elif self.kernel is not None:
            result["kernel"] = self.kernel
        if self.function is not None:
            result["function"] = compiled("function", self.function, 7)
        if self.forcing is not None:
            result["forcing"] = forced(self.forcing, x, middles)
        return result


def forced(forcing: Any, x: Array, middles: Array, name: str = "forcing") -> object:
    """Values (steps, nodes) of a function of time and state at the middle of each step."""
    if not callable(forcing):
        return forcing
    rows = [reals(STAGE, name, called(STAGE, name, forcing, t, x)) for t in middles]
    for row in rows:
        if row.shape not in ((), x.shape):
            needed = f"a number or {x.size} numbers are needed"
            refuse(STAGE, name, f"an array of shape {row.shape}", needed)
    return np.stack([np.broadcast_to(row, x.shape) for row in rows])
