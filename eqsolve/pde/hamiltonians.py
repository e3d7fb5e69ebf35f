"""Hamiltonians of mean-field games: what an agent gains by moving down a gradient.

With the running cost ``Lambda(a)`` of the control a, ``H(p) = sup_a (-a p - Lambda(a))``; the
optimal control is ``a = -H'(p)``. H must be convex.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import FunctionType
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
    value, slope : plain functions of two numbers (x, p), which numba compiles, or ``numba.cfunc``
        functions of the signature ``float64(float64, float64)``. Where they raise, they are NaN.
        That the slope is the one of a convex value is checked at the gradients of the solution.
    minimizer : the p where H is smallest at every x, used by the monotone scheme and at open
        boundaries only, where it is checked.
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


def compiled(name: str, function: Any, arguments: int) -> int:
    """Address of a compiled function of real numbers, which is NaN where the function raises.

    A bare address is refused: its signature cannot be checked.
    """
    if hasattr(function, "address") and hasattr(function, "_sig"):
        signature = str(function._sig)
        wanted = f"({', '.join(['float64'] * arguments)}) -> float64"
        if signature != wanted:
            refuse(STAGE, name, f"a function {signature}", f"the signature {wanted} is needed")
        function = function.__wrapped__
    function = getattr(function, "py_func", function)
    if not isinstance(function, FunctionType):
        refuse(STAGE, name, shown(function), "a plain function, or one of numba.cfunc, is needed")
    try:
        return int(_guarded(function, arguments).address)
    except _Failure as failure:
        refuse(STAGE, name, shown(function), f"numba cannot compile it: {failure}")


class _Failure(Exception):
    """Why numba could not compile a function."""


# a function stays compiled, and its address valid, as long as it is among the last ones used
@lru_cache(maxsize=256)
def _guarded(function: FunctionType, arguments: int) -> Any:
    import numba

    signature = numba.float64(*[numba.float64] * arguments)
    nan = math.nan
    try:
        inner = numba.njit(signature)(function)

        # an exception in a callback of C would be printed, and the result taken for zero
        def of_two(x: float, p: float) -> float:
            try:
                return float(inner(x, p))
            except Exception:
                return nan

        def of_seven(
            t: float, x: float, mean: float, variance: float, m: float, c: float, a: float
        ) -> float:
            try:
                return float(inner(t, x, mean, variance, m, c, a))
            except Exception:
                return nan

        return numba.cfunc(signature)(of_two if arguments == 2 else of_seven)
    except Exception as error:
        reason = str(error).strip() or type(error).__name__
        raise _Failure(reason.splitlines()[0]) from None
