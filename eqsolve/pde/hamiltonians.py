"""Hamiltonians of mean-field games: what an agent gains by moving down a gradient.

With the running cost ``Lambda(a)`` of the control a, ``H(p) = sup_a (-a p - Lambda(a))``; the
optimal control is ``a = -H'(p)``. H must be convex.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from eqsolve.pde.edge import number, refuse, shown

STAGE = "mean-field game"


@dataclass(frozen=True)
class Quadratic:
    """``H(p) = scale p^2/2``, the cost ``a^2/(2 scale)``."""

    scale: float = 1.0

    def encoded(self) -> tuple[Any, ...]:
        """Return the form which the compiled module reads."""
        return ("quadratic", _positive("scale", self.scale))


@dataclass(frozen=True)
class Absolute:
    """``H(p) = scale |p|``: the speed is bounded by ``scale`` and costs nothing."""

    scale: float = 1.0

    def encoded(self) -> tuple[Any, ...]:
        """Return the form which the compiled module reads."""
        return ("absolute", _positive("scale", self.scale))


@dataclass(frozen=True)
class Power:
    """``H(p) = scale |p|^exponent/exponent`` with ``exponent > 1``."""

    exponent: float
    scale: float = 1.0

    def encoded(self) -> tuple[Any, ...]:
        """Return the form which the compiled module reads."""
        exponent = number(STAGE, "exponent", self.exponent)
        if not exponent > 1:
            refuse(STAGE, "exponent", exponent, "choose a number above 1; for 1, use Absolute")
        return ("power", exponent, _positive("scale", self.scale))


@dataclass(frozen=True)
class Tabulated:
    """A convex H given at increasing gradients, interpolated by cubic Hermite polynomials.

    Attributes
    ----------
    gradient : values of p, increasing, array (k,), k >= 3.
    value : H there.
    slope : H' there, nondecreasing. A gradient outside the table ends the computation with the
        status ``outside_table``.
    """

    gradient: ArrayLike
    value: ArrayLike
    slope: ArrayLike

    def encoded(self) -> tuple[Any, ...]:
        """Return the form which the compiled module reads."""
        return ("table", self.gradient, self.value, self.slope)


@dataclass(frozen=True)
class Compiled:
    """A convex H(x, p) and its derivative in p as compiled functions.

    Attributes
    ----------
    value, slope : ``numba.cfunc`` functions of the signature ``float64(float64, float64)``, called
        with (x, p); or plain functions of two numbers, which numba compiles.
    minimizer : the p where H is smallest, used by the monotone scheme only.
    """

    value: Callable[[float, float], float]
    slope: Callable[[float, float], float]
    minimizer: float = 0.0

    def encoded(self) -> tuple[Any, ...]:
        """Return the form which the compiled module reads."""
        value = compiled("hamiltonian value", self.value, 2)
        slope = compiled("hamiltonian slope", self.slope, 2)
        return ("compiled", value, slope, number(STAGE, "minimizer", self.minimizer))


Hamiltonian = Quadratic | Absolute | Power | Tabulated | Compiled


def _positive(name: str, value: object) -> float:
    result = number(STAGE, name, value)
    if not result > 0:
        refuse(STAGE, name, result, "choose a positive number")
    return result


_COMPILED: dict[Any, Any] = {}


def compiled(name: str, function: Any, arguments: int) -> int:
    """Address of a compiled function of real numbers; plain functions are compiled once.

    A bare address is refused: its signature cannot be checked.
    """
    if hasattr(function, "address") and hasattr(function, "_sig"):
        signature = str(function._sig)
        wanted = f"({', '.join(['float64'] * arguments)}) -> float64"
        if signature != wanted:
            refuse(STAGE, name, f"a function {signature}", f"the signature {wanted} is needed")
        # the address stays valid only as long as the compiled function lives
        _COMPILED.setdefault(function, function)
        return int(function.address)
    if not callable(function):
        refuse(STAGE, name, shown(function), "a function compiled by numba.cfunc is needed")
    if function not in _COMPILED:
        import numba

        try:
            wrapped = numba.cfunc(numba.float64(*[numba.float64] * arguments))(function)
        except numba.core.errors.NumbaError as error:
            reason = str(error).strip().splitlines()[0]
            refuse(STAGE, name, shown(function), f"numba cannot compile it: {reason}")
        _COMPILED[function] = wrapped
    return int(_COMPILED[function].address)
