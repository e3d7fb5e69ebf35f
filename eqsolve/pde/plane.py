"""Mean-field games in two dimensions.

::

    -u_t + r u + sum_i (-nu_i u_ii - b_i u_i + H_i(u_i)) = f(t, x, y, law),     u(T) = g(x, y, law)
     m_t + sum_i (-(nu_i m)_ii + (m (b_i - H_i'(u_i)))_i) = 0,                  m(0) = m0

The noises along x and y are independent. Each step is split along the directions (Strang), and each
part is taken on all lines as in one dimension: second order with central differences, first order
and monotone with upwind ones. The Fokker-Planck equation is the exact adjoint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from eqsolve.pde.edge import (
    Array,
    Progress,
    call,
    called,
    count,
    interval,
    number,
    reals,
    refuse,
    shown,
    two,
    word,
)
from eqsolve.pde.hamiltonians import STAGE, Absolute, Choice, Hamiltonian, Quadratic
from eqsolve.pde.mfg_arguments import METHODS, MOST, grid_of_time
from eqsolve.pde.plane_solution import PlaneSolution, compared, cut, judged

#: A function of the arrays x and y, an array (nx, ny), or a number.
PlaneField = float | ArrayLike | Callable[[Array, Array], ArrayLike]

BOUNDARIES = ("reflecting", "periodic", "open")
#: Most points of space and time together.
MOST_POINTS = 1 << 25


@dataclass(frozen=True)
class PlaneCost:
    """A cost as a sum of parts.

    ::

        potential(x, y) + forcing(t, x, y) + mean_x(x, y) X + mean_y(x, y) Y
        + mean_squared[0] X^2 + mean_squared[1] Y^2 + density(x, y) m(x, y)

    Attributes
    ----------
    potential, mean_x, mean_y, density : fields; X and Y are the means of the law, m its density.
    mean_squared : factors of the squares of the means of x and of y.
    forcing : a function of (t, x, y); running cost only.
    """

    potential: PlaneField = 0.0
    mean_x: PlaneField = 0.0
    mean_y: PlaneField = 0.0
    mean_squared: tuple[float, float] = (0.0, 0.0)
    density: PlaneField = 0.0
    forcing: Callable[[float, Array, Array], ArrayLike] | None = None

    @classmethod
    def attraction(cls, strength: float = 1.0) -> PlaneCost:
        """``(strength/2) ((x - X)^2 + (y - Y)^2)``: the agent is drawn to the mean of all."""
        c = number(STAGE, "strength", strength)
        return cls(
            potential=lambda x, y: 0.5 * c * (x * x + y * y),
            mean_x=lambda x, y: -c * x,
            mean_y=lambda x, y: -c * y,
            mean_squared=(0.5 * c, 0.5 * c),
        )

    def encoded(self, mesh: Sequence[Array], middles: Array | None) -> dict[str, Any]:
        """The form which the compiled module reads."""
        result: dict[str, Any] = {}
        for name in ("potential", "mean_x", "mean_y", "density"):
            given = getattr(self, name)
            if not (type(given) in (int, float) and given == 0):
                result[name] = _field(name, given, mesh)
        for name, factor in zip(("mean_x_squared", "mean_y_squared"), self.mean_squared):
            result[name] = number(STAGE, name, factor)
        if self.forcing is not None:
            if middles is None:
                refuse(STAGE, "terminal forcing", "given", "it belongs to the running cost")
            result["forcing"] = _over_time("forcing", self.forcing, mesh, middles)
        return result


def solve_mfg_plane(
    *,
    domain: tuple[tuple[float, float], tuple[float, float]],
    nodes: tuple[int, int] = (65, 65),
    horizon: float = 1.0,
    steps: int = 32,
    viscosity: tuple[PlaneField, PlaneField],
    drift: tuple[PlaneField, PlaneField] = (0.0, 0.0),
    discount: float = 0.0,
    initial: PlaneField,
    running: PlaneCost | PlaneField = 0.0,
    terminal: PlaneCost | PlaneField = 0.0,
    hamiltonian: tuple[Hamiltonian, Hamiltonian] = (Quadratic(), Quadratic()),
    boundary: tuple[str, str] = ("reflecting", "reflecting"),
    scheme: str = "central",
    mass_source: Callable[[float, Array, Array], ArrayLike] | None = None,
    method: str = "anderson",
    tolerance: float = 1e-10,
    max_iterations: int = 200,
    relaxation: float = 1.0,
    check: bool = True,
    progress: Progress | None = None,
) -> PlaneSolution:
    """Solve a mean-field game on a rectangle.

    Parameters
    ----------
    domain, nodes, boundary : along x and along y, as in one dimension; ends are ``"reflecting"``,
        ``"periodic"`` or ``"open"``.
    horizon, steps : T and the number of equal steps in time.
    viscosity, drift : nu_i and b_i along x and along y: numbers, arrays (nx, ny), or functions of
        the arrays x and y.
    discount : rate r >= 0.
    initial : density m0, or a function, whose values are divided by their mass.
    running, terminal : costs f and g.
    hamiltonian : along x and along y; of ``Compiled`` only those that do not depend on the law.
    scheme : ``"central"`` or ``"monotone"``.
    mass_source : right-hand side of the Fokker-Planck equation, a function of (t, x, y).
    method, tolerance, max_iterations, relaxation, progress : as in one dimension.
    check : solve on the grid of twice the widths, too, which needs odd numbers of nodes (even where
        periodic) and even steps.

    Raises
    ------
    InputError
        If an argument is outside its domain; names the argument, its value and the remedy.
    """
    sides = [interval(STAGE, "domain", side) for side in two(STAGE, "domain", domain, "intervals")]
    counts = [count(STAGE, "nodes", n, 5, MOST) for n in two(STAGE, "nodes", nodes, "integers")]
    ends = [
        word(STAGE, "boundary", e, *BOUNDARIES) for e in two(STAGE, "boundary", boundary, "words")
    ]
    when = grid_of_time(horizon, steps, None)
    points = counts[0] * counts[1] * (when.size - 1)
    if points > MOST_POINTS:
        refuse(STAGE, "nodes times steps", points, f"at most {MOST_POINTS} fit into the memory")
    coarser = None
    if check:
        half = [_half("nodes", n, end == "periodic") for n, end in zip(counts, ends)]
        coarser = (half[0], half[1], _half("steps", steps, True))
    axes = [
        np.linspace(low, high, n, endpoint=end != "periodic")
        for (low, high), n, end in zip(sides, counts, ends)
    ]
    mesh = np.meshgrid(*axes, indexing="ij")
    middles = 0.5 * (when[:-1] + when[1:])
    kinds = two(STAGE, "hamiltonian", hamiltonian, "Hamiltonians")
    for kind in kinds:
        if not isinstance(kind, Hamiltonian):
            refuse(STAGE, "hamiltonian", shown(kind), "use one of the classes of eqsolve.pde")
    scheme = word(STAGE, "scheme", scheme, "central", "monotone")
    if scheme == "central" and any(isinstance(kind, (Absolute, Choice)) for kind in kinds):
        refuse(STAGE, "scheme", "'central'", "for a Hamiltonian with a kink use 'monotone'")
    encoded = [kind.encoded() for kind in kinds]
    if any(kind[0] == "compiled" and any(kind[-1]) for kind in encoded):
        refuse(STAGE, "hamiltonian", "a function of the law", "in two dimensions it has no part")
    rate = number(STAGE, "discount", discount)
    if rate < 0:
        refuse(STAGE, "discount", rate, "a rate that is not negative is needed")
    nu = [_field("viscosity", part, mesh) for part in two(STAGE, "viscosity", viscosity, "fields")]
    if any((part < 0).any() or (scheme == "central" and (part == 0).any()) for part in nu):
        refuse(STAGE, "viscosity", "not positive", "central differences need positive numbers")
    weights = np.multiply.outer(*(_weights(a, e, s) for a, e, s in zip(axes, ends, sides)))
    density = _field("initial", initial, mesh).reshape(mesh[0].shape)
    mass = float((density * weights).sum())
    if (density < 0).any() or not mass > 0:
        refuse(STAGE, "initial", f"a density of mass {mass:g}", "it must not be negative or vanish")
    costs = [
        (part if isinstance(part, PlaneCost) else PlaneCost(potential=part)).encoded(mesh, times)
        for part, times in ((running, middles), (terminal, None))
    ]
    options: dict[str, Any] = {
        "scheme": scheme,
        "discount": rate,
        "method": word(STAGE, "method", method, *METHODS),
        "tolerance": number(STAGE, "tolerance", tolerance),
        "max_iterations": count(STAGE, "max_iterations", max_iterations, 1, 1_000_000),
        "relaxation": number(STAGE, "relaxation", relaxation),
        "progress": progress,
    }
    if mass_source is not None:
        options["mass_source"] = _over_time("mass_source", mass_source, mesh, middles)
    found = call(
        STAGE,
        "solve_mfg_plane",
        [(*side, n, end) for side, n, end in zip(sides, counts, ends)],
        when,
        [*nu, *(_field("drift", part, mesh) for part in two(STAGE, "drift", drift, "fields"))],
        encoded,
        *costs,
        (density / mass).ravel(),
        options,
    )
    solution = judged(found, axes, when, weights)
    solution = cut(solution, initial, sides, ends, weights)
    if coarser is None or not solution.ok:
        return solution
    coarse = solve_mfg_plane(
        domain=domain,
        nodes=coarser[:2],
        horizon=horizon,
        steps=coarser[2],
        viscosity=_coarse(viscosity),
        drift=_coarse(drift),
        discount=discount,
        initial=_coarse((initial,))[0],
        running=_coarse_cost(running),
        terminal=_coarse_cost(terminal),
        hamiltonian=hamiltonian,
        boundary=boundary,
        scheme=scheme,
        mass_source=mass_source,
        method=method,
        tolerance=tolerance,
        max_iterations=max_iterations,
        relaxation=relaxation,
        check=False,
        progress=progress,
    )
    return compared(solution, coarse, 2 if scheme == "central" else 1)


def _field(name: str, given: PlaneField, mesh: Sequence[Array]) -> Array:
    """Values at all nodes, in C order."""
    values = called(STAGE, name, given, *mesh) if callable(given) else given
    found = reals(STAGE, name, values).astype(float)
    if found.shape not in ((), mesh[0].shape):
        needed = f"a number or an array of shape {mesh[0].shape} is needed"
        refuse(STAGE, name, f"an array of shape {found.shape}", needed)
    if not np.isfinite(found).all():
        refuse(STAGE, name, "not finite everywhere", "finite numbers are needed")
    return np.array(np.broadcast_to(found, mesh[0].shape)).ravel()


def _over_time(name: str, given: Any, mesh: Sequence[Array], middles: Array) -> Array:
    """Values (steps, nodes) at the middle of each step."""
    if not callable(given):
        refuse(STAGE, name, shown(given), "a function of (t, x, y) is needed")
    return np.stack([_field(name, lambda x, y: given(t, x, y), mesh) for t in middles])


def _weights(nodes: Array, end: str, side: tuple[float, float]) -> Array:
    """Weights of the trapezoidal rule along one axis."""
    parts = nodes.size if end == "periodic" else nodes.size - 1
    weights = np.full(nodes.size, (side[1] - side[0]) / parts)
    if end != "periodic":
        weights[[0, -1]] *= 0.5
    return weights


def _half(name: str, n: int, even: bool) -> int:
    """Nodes or steps of twice the widths."""
    if (n % 2 == 0) != even:
        kind = "an even" if even else "an odd"
        needed = f"{kind} number is needed, to compare with the grid of twice the widths"
        refuse(STAGE, name, n, needed)
    return (n + 1) // 2


def _coarse(fields: Sequence[Any]) -> Any:
    """Fields at every second node."""
    return tuple(
        part if callable(part) or np.ndim(part) == 0 else np.asarray(part)[::2, ::2]
        for part in fields
    )


def _coarse_cost(cost: Any) -> Any:
    if not isinstance(cost, PlaneCost):
        return _coarse((cost,))[0]
    names = ("potential", "mean_x", "mean_y", "density")
    fields = _coarse([getattr(cost, name) for name in names])
    return replace(cost, **dict(zip(names, fields)))
