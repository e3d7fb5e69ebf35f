"""Types of the compiled grid solver."""

from collections.abc import Callable
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

#: What is counted, how many are done, of how many, and the residual left.
Progress = Callable[[str, int, int | None, float | None], object]

class StationaryOptions(TypedDict, total=False):
    """Options of `solve_stationary`; a missing key or None means the default."""

    method: str | None
    anderson: int | None
    threads: int | None
    tolerance: float | None
    max_steps: int | None
    first_step: float | None
    closure: str | None
    boundary: ArrayLike | None
    source: ArrayLike | None
    start: ArrayLike | None
    memory_limit: int | None
    progress: Progress | None

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
    policy_changes: list[float]
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

class ParabolicOptions(TypedDict, total=False):
    """Options of `solve_parabolic`; a missing key or None means the default."""

    scheme: str | float | None
    tolerance: float | None
    source: ArrayLike | None
    boundary: ArrayLike | None
    memory_limit: int | None
    threads: int | None
    progress: Progress | None

class ParabolicResult(TypedDict):
    """Result of `solve_parabolic`; the arrays have one level for each time."""

    g: NDArray[np.float64]
    h: NDArray[np.float64]
    policy: NDArray[np.float64]
    status: str
    converged: bool
    message: str
    newton_steps: list[int]
    residual: float
    second_order_min: float
    variance_eigenvalues: tuple[float, float]
    policy_range: tuple[float, float]
    short_wave_growth: float
    short_wave_number: float
    short_wave_exponent: float
    woodbury_condition: float
    unknowns: int
    half_bandwidth: int

def solve_parabolic(
    x: ArrayLike,
    y: ArrayLike,
    drift: ArrayLike,
    diffusion: ArrayLike,
    payoff: ArrayLike,
    weight: ArrayLike,
    gamma: float,
    times: ArrayLike,
    hazard: ArrayLike,
    options: ParabolicOptions | None = None,
) -> ParabolicResult: ...

class PolicyOptions(TypedDict, total=False):
    """Options of `evaluate_policy`; a missing key or None means the default."""

    closure: str | None
    boundary: ArrayLike | None
    source: ArrayLike | None
    memory_limit: int | None
    threads: int | None

def evaluate_policy(
    x: ArrayLike,
    y: ArrayLike,
    drift: ArrayLike,
    diffusion: ArrayLike,
    payoff: ArrayLike,
    hazard: float,
    policy: ArrayLike,
    options: PolicyOptions | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

class CouplingValues(TypedDict, total=False):
    """A cost of `solve_mfg` as a sum of parts; a missing key or None means zero."""

    potential: ArrayLike | None
    forcing: ArrayLike | None
    coarse_forcing: ArrayLike | None
    mean: ArrayLike | None
    mean_squared: ArrayLike | None
    variance: ArrayLike | None
    control_mean: ArrayLike | None
    density: ArrayLike | None
    density_power: float | None
    kernel: ArrayLike | None
    function: int | None
    control: float | None
    control_control: float | None
    planned: bool | None

class MFGOptions(TypedDict, total=False):
    """Options of `solve_mfg`; a missing key or None means the default."""

    boundary: str | None
    exit_costs: tuple[float, float] | None
    scheme: str | None
    method: str | None
    tolerance: float | None
    max_iterations: int | None
    relaxation: float | None
    starts: int | None
    damped_steps: int | None
    richardson: bool | None
    normalize: bool | None
    mass_source: ArrayLike | None
    coarse_mass_source: ArrayLike | None
    drift: ArrayLike | None
    coarse_drift: ArrayLike | None
    discount: float | None
    stationary: bool | None
    stopping: ArrayLike | None
    progress: Progress | None

class MFGResult(TypedDict, total=False):
    """Result of `solve_mfg`; the last four keys only of planners, of ergodic problems, where agents
    may stop, and if another equilibrium was found.
    """

    x: NDArray[np.float64]
    t: NDArray[np.float64]
    u: NDArray[np.float64]
    m: NDArray[np.float64]
    control: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    control_mean: NDArray[np.float64]
    status: str
    message: str
    warnings: list[str]
    scheme: str
    iterations: int
    residual: float | None
    residual_history: list[float]
    newton_iterations: int
    cost: float
    best_cost: float
    exploitability: float
    mass_error: float
    solver_error: float
    exit_mass: tuple[float, float] | None
    minimum_density: float
    negative_mass: float
    boundary_mass: float
    cell_peclet: float
    other_starts: list[tuple[str, float]]
    error_estimate: tuple[float, float] | None
    social_cost: float
    ergodic_constant: float
    stopped_mass: float
    alternative: MFGResult

def solve_mfg(
    low: float,
    high: float,
    nodes: int,
    times: ArrayLike,
    viscosity: ArrayLike,
    hamiltonian: tuple[object, ...],
    running: CouplingValues,
    terminal: CouplingValues,
    initial: ArrayLike,
    options: MFGOptions | None = None,
) -> MFGResult: ...
def solve_mfg_populations(
    games: list[tuple[tuple[object, ...], MFGOptions]],
    others: list[list[CouplingValues | None]],
) -> list[MFGResult]: ...
def solve_mfg_scenarios(
    games: list[tuple[tuple[object, ...], MFGOptions]],
    branches: list[tuple[int | None, float]],
) -> list[MFGResult]: ...

class PlaneCostValues(TypedDict, total=False):
    """A cost of `solve_mfg_plane` as a sum of parts; a missing key means zero."""

    potential: ArrayLike
    forcing: ArrayLike
    mean_x: ArrayLike
    mean_y: ArrayLike
    mean_x_squared: float
    mean_y_squared: float
    density: ArrayLike

class PlaneResult(TypedDict):
    """Result of `solve_mfg_plane`."""

    u: NDArray[np.float64]
    m: NDArray[np.float64]
    control_x: NDArray[np.float64]
    control_y: NDArray[np.float64]
    ending: str
    failed_at: float
    iterations: int
    residual: float | None
    residual_history: list[float]
    newton_iterations: int
    cost: float
    best_cost: float
    mass_error: float

def solve_mfg_plane(
    axes: list[tuple[float, float, int, str]],
    times: ArrayLike,
    fields: list[ArrayLike],
    hamiltonians: list[tuple[object, ...]],
    running: PlaneCostValues,
    terminal: PlaneCostValues,
    initial: ArrayLike,
    options: dict[str, object] | None = None,
) -> PlaneResult: ...

class DiffusionOptions(TypedDict, total=False):
    """Options of `solve_controlled_diffusion`; a missing key or None means the default."""

    formulation: str | None
    tolerance: float | None
    max_iterations: int | None
    lower: float | None
    upper: float | None
    progress: Progress | None

class DiffusionResult(TypedDict):
    """Result of `solve_controlled_diffusion`; V or c, by the formulation."""

    solution: NDArray[np.float64]
    policy: NDArray[np.float64]
    status: str
    message: str
    iterations: int
    residual: float
    second_order_min: float
    bound_nodes: int

def solve_controlled_diffusion(
    nodes: ArrayLike,
    horizon: float,
    steps: int,
    rate: ArrayLike,
    excess: ArrayLike,
    volatility: ArrayLike,
    risk_aversion: float,
    terminal: ArrayLike | None = None,
    options: DiffusionOptions | None = None,
) -> DiffusionResult: ...
