"""What the functions that kernels call have in common.

Functions take preallocated arrays of doubles and raise nothing; a failure is a value that is not
finite.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from eqsolve.kernels.arithmetic.doubledouble import own

__all__ = ["EPSILON", "EXPLODES", "PENDING", "UNRESOLVED", "Vector", "copy", "own"]

Vector = NDArray[np.float64]

#: Statuses of an integration, as ``eqsolve.status.Status`` has them.
EXPLODES, UNRESOLVED = 8, 10
#: In the place of a status: the point is left to the function that works point by point.
PENDING = -1
EPSILON = 2.0**-53


@njit(cache=True, error_model="numpy")
def copy(source: Vector, target: Vector) -> None:
    """Entry by entry: assigning slices, a kernel would be compiled with numba's texts of errors."""
    for i in range(target.size):
        target[i] = source[i]
