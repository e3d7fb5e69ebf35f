"""Hamiltonians of mean-field games: what an agent gains by moving down a gradient.

With the running cost ``Lambda(a)`` of the control a, ``H(p) = sup_a (-a p - Lambda(a))``; the
optimal control is ``a = -H'(p)``. H must be convex in p.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from eqsolve.pde.edge import Array, called, count, interval, number, reals, refuse, shown

STAGE = "mean-field game"


@dataclass(frozen=True)
class Uncontrolled:
    """``H = 0``: nobody controls the state."""

    def encoded(self) -> tuple[Any, ...]:
        """Return the form which the compiled module reads."""
        return ("none",)


@dataclass(frozen=True)
class Quadratic:
    """``H(p) = scale p^2/2``, the cost ``a^2/(2 scale)``."""

    scale: float = 1.0

    def encoded(self) -> tuple[Any, ...]:
        """Return the form which the compiled module reads."""
        return ("quadratic", _positive("scale", self.scale))


@dataclass(frozen=True)
class Absolute:
    """``H(p) = scale |p|``: the speed is bounded by ``scale`` and costs nothing.

    Where the value is flat agents are indifferent between all speeds. A cost of the density can
    spread them over such a piece, with mixtures of speeds that are no best responses' limit: the
    status is ``not_converged``. With ``Lagrangian(lambda a: e * a * a, lambda a: 2 * e * a, -scale,
    scale)``, method ``"newton"`` and the monotone scheme the game has the same law but for e, and
    an agent who thinks that speed is free loses at most ``e scale^2`` per unit of time.
    """

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
        return ("table", self.gradient, self.value, self.slope, False)


@dataclass(frozen=True)
class Choice:
    """``H(p) = max_a (-a p - cost)`` over a list of controls.

    Attributes
    ----------
    controls : speeds, to both sides or 0 among them, array (k,).
    costs : what each costs per unit of time, array (k,).
    """

    controls: ArrayLike
    costs: ArrayLike

    def encoded(self) -> tuple[Any, ...]:
        """Return the form which the compiled module reads."""
        return ("choice", self.controls, self.costs)


@dataclass(frozen=True)
class Lagrangian:
    """The Legendre transform of a strictly convex cost of the control.

    Attributes
    ----------
    cost, slope : ``Lambda(a)`` and its derivative, functions of the array of controls.
    lowest, highest : the controls allowed; at these ends H is linear. Elsewhere it is interpolated
        by cubic Hermite polynomials through ``p = -slope(a)``.
    controls : how many controls are tabulated.
    """

    cost: Callable[[Array], ArrayLike]
    slope: Callable[[Array], ArrayLike]
    lowest: float
    highest: float
    controls: int = 2001

    def encoded(self) -> tuple[Any, ...]:
        """Return the form which the compiled module reads."""
        low, high = interval(STAGE, "controls", (self.lowest, self.highest))
        a = np.linspace(high, low, count(STAGE, "controls", self.controls, 3, 1_000_000))
        cost, slope = (
            np.broadcast_to(reals(STAGE, name, called(STAGE, name, part, a)), a.shape)
            for name, part in (("cost", self.cost), ("slope", self.slope))
        )
        if not np.all(np.diff(slope) < 0):
            refuse(STAGE, "cost", "a function whose slope does not increase", "it must be convex")
        return ("table", -slope, a * slope - cost, -a, True)


@dataclass(frozen=True)
class Compiled:
    """A convex H and its derivative in p as compiled functions.

    Attributes
    ----------
    value, slope : plain functions, which numba compiles, or functions of ``numba.cfunc`` with
        arguments and result float64: of (x, p), of (x, p, t), of (x, p, t, m(x)) for congestion,
        or of (x, p, t, m(x), M, V) with the mean and the variance of the law. Where they raise,
        they are NaN. That the slope is the one of a convex value is checked at the gradients of
        the solution.
    minimizer : the p where H is smallest at every x, used by the monotone scheme and at open
        boundaries only, where it is checked.
    """

    value: Callable[..., float]
    slope: Callable[..., float]
    minimizer: float = 0.0

    def encoded(self) -> tuple[Any, ...]:
        """Return the form which the compiled module reads."""
        given = (("hamiltonian value", self.value), ("hamiltonian slope", self.slope))
        counts = [_arguments(name, function) for name, function in given]
        value, slope = (
            compiled(name, function, many)
            for (name, function), many in zip(given, counts, strict=True)
        )
        most = max(counts)
        uses = (most >= 4, most == 6, most == 6)
        return ("compiled", value, slope, number(STAGE, "minimizer", self.minimizer), uses)


Hamiltonian = (
    Uncontrolled | Quadratic | Absolute | Power | Tabulated | Choice | Lagrangian | Compiled
)

#: How many numbers a Hamiltonian may be a function of.
ARGUMENTS = (2, 3, 4, 6)


def _arguments(name: str, function: Any) -> int:
    """How many arguments a function of a Hamiltonian takes."""
    plain = getattr(function, "__wrapped__", getattr(function, "py_func", function))
    if not isinstance(plain, FunctionType):
        refuse(STAGE, name, shown(function), "a plain function, or one of numba.cfunc, is needed")
    found = plain.__code__.co_argcount
    if found not in ARGUMENTS:
        refuse(STAGE, name, f"a function of {found} arguments", "2, 3, 4 or 6 are needed")
    return found


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


#: A Hamiltonian of fewer numbers as a function of all six.
_WHOLE: dict[int, Callable[[Any], Any]] = {
    2: lambda f: lambda x, p, t, m, mean, variance: f(x, p),
    3: lambda f: lambda x, p, t, m, mean, variance: f(x, p, t),
    4: lambda f: lambda x, p, t, m, mean, variance: f(x, p, t, m),
    6: lambda f: lambda x, p, t, m, mean, variance: f(x, p, t, m, mean, variance),
}


# a function stays compiled, and its address valid, as long as it is among the last ones used
@lru_cache(maxsize=256)
def _guarded(function: FunctionType, arguments: int) -> Any:
    import numba

    signature = numba.float64(*[numba.float64] * arguments)
    nan = math.nan
    try:
        inner = numba.njit(signature)(function)

        # an exception in a callback of C would be printed, and the result taken for zero
        def of_hamiltonian(
            x: float, p: float, t: float, m: float, mean: float, variance: float
        ) -> float:
            try:
                return float(whole(x, p, t, m, mean, variance))
            except Exception:
                return nan

        def of_coupling(
            t: float, x: float, mean: float, variance: float, m: float, c: float, a: float
        ) -> float:
            try:
                return float(inner(t, x, mean, variance, m, c, a))
            except Exception:
                return nan

        if arguments == 7:
            return numba.cfunc(signature)(of_coupling)
        whole = numba.njit(_WHOLE[arguments](inner))
        return numba.cfunc(numba.float64(*[numba.float64] * 6))(of_hamiltonian)
    except Exception as error:
        reason = str(error).strip() or type(error).__name__
        raise _Failure(reason.splitlines()[0]) from None
