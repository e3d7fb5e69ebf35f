"""What the functions that kernels call have in common.

Functions take preallocated arrays of doubles and raise nothing; a failure is a value that is not
finite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]

#: Statuses of an integration, as ``eqsolve.numerics.status.Status`` has them.
EXPLODES, UNRESOLVED = 8, 10
#: In the place of a status: the point is left to the function that works point by point.
PENDING = -1
EPSILON = 2.0**-53


def own(of: Any) -> Callable[[Any], Any]:
    """Compile a function that is made for another one, under a name of its own.

    Machine code that is read from disk is linked by names: functions made by one maker for
    different kernels would be taken for each other.
    """
    maker = of.py_func

    def compiled(function: Any) -> Any:
        function.__qualname__ = f"{function.__name__}_{maker.__module__}_{maker.__name__}"
        return njit(error_model="numpy")(function)

    return compiled


@njit(cache=True, error_model="numpy")
def copy(source: Vector, target: Vector) -> None:
    """Entry by entry: assigning slices, a kernel would be compiled with numba's texts of errors."""
    for i in range(target.size):
        target[i] = source[i]
