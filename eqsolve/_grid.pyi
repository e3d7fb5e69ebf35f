"""Types of the compiled grid solver."""

from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

class InvalidInputError(ValueError):
    """An argument outside its domain."""

    argument: str
    value: str
    remedy: str

class GridTooLargeError(MemoryError):
    """The factorisation would not fit into the memory allowed."""

class StationaryOptions(TypedDict, total=False):
    """Options of `solve_stationary`; a missing key or None means the default."""

    tolerance: float | None
    max_steps: int | None
    first_step: float | None
    closure: str | None
    boundary: ArrayLike | None
    source: ArrayLike | None
    start: ArrayLike | None
    memory_limit: int | None

class StationaryResult(TypedDict):
    """Result of `solve_stationary`. The last six keys are None without a usable start."""

    g: NDArray[np.float64]
    h: NDArray[np.float64]
    policy: NDArray[np.float64]
    status: str
    converged: bool
    message: str
    steps: int
    rejections: int
    residual: float | None
    residual_history: list[float]
    step_sizes: list[float]
    woodbury_condition: float
    undefined_policy_nodes: int
    unknowns: int
    half_bandwidth: int
    second_order_min: float | None
    variance_eigenvalues: tuple[float, float] | None
    policy_range: tuple[float, float] | None
    policy_nonaffine: float | None
    short_wave_growth: float | None
    short_wave_number: float | None

def solve_stationary(
    x: ArrayLike,
    y: ArrayLike,
    drift: ArrayLike,
    diffusion: ArrayLike,
    payoff: ArrayLike,
    weight: ArrayLike,
    gamma: float,
    hazard: float,
    options: StationaryOptions | None = None,
) -> StationaryResult: ...
