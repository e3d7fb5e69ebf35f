"""The closed-loop mean-field equilibrium, without an ansatz.

A continuum of identical agents uses one feedback; the environment of each is what the others do:
``m_b`` and ``m_s`` at the aggregate ``y`` are those of the average position ``pibar(y)``. In
equilibrium ``pibar(y)`` is the policy itself on the diagonal, at own wealth equal to the aggregate.
The fixed point in the function ``pibar`` on the nodes is found by Anderson acceleration; every
iterate is one extended HJB system on the grid, started from the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from eqsolve.errors import InputError
from eqsolve.notated.published import Published
from eqsolve.pde.coefficients import Array, refuse
from eqsolve.pde.edge import Progress, plain
from eqsolve.pde.extended_hjb import stationary
from eqsolve.pde.nodes import nodes_of
from eqsolve.pde.sampling import GameSampler
from eqsolve.pde.solution import GridSolution
from eqsolve.pde.told import Told

#: Earlier iterates that accelerate the outer iteration.
DEPTH = 5
#: A pseudo-time step, in units of 1/hazard, with which the inner iteration is Newton's method.
NEWTON_STEP = 1e8
#: Most iterations for the given-aggregate position at one wealth.
MOST_GIVEN = 30


@dataclass(frozen=True)
class ClosedLoopSolution(Told):
    """A mean-field equilibrium in closed loop, and its distance from the given-aggregate one.

    Attributes
    ----------
    game : name of the game.
    solution : the extended HJB system in the environment of the equilibrium.
    position : array (ny,), the average position ``pibar`` at the nodes of the aggregate.
    status : that of the solution, or ``outer_not_converged``.
    message : the status as a sentence with its numbers.
    history : largest change of the position in every outer iteration, relative to the largest
        position.
    given_aggregate : array (ny,), the average position in the given-aggregate equilibrium, in which
        each agent holds the environment constant; None when it was not found.
    distance : largest difference of the two positions on the inner half of the box, relative to the
        largest position there; None without the given-aggregate one.
    """

    game: str
    solution: GridSolution
    position: Array
    status: str
    message: str
    history: tuple[float, ...]
    given_aggregate: Array | None
    distance: float | None

    @property
    def ok(self) -> bool:
        """Whether the solution can be relied on."""
        return self.status != "outer_not_converged" and self.solution.ok

    def to_dict(self) -> dict[str, Any]:
        """Return a mapping of plain numbers, strings and lists; undefined numbers are None."""
        result = {
            **self.solution.to_dict(),
            "status": self.status,
            "message": self.message,
            "position": self.position,
            "history": self.history,
            "given_aggregate": self.given_aggregate,
            "distance": self.distance,
        }
        found = plain(result)
        assert isinstance(found, dict)
        return found


def solve_closed_loop(
    game: Published,
    values: Mapping[sp.Symbol | str, object],
    *,
    interval: Sequence[float] = (0.0, 2.0),
    nodes: int = 41,
    start: str | ArrayLike | Callable[[Array], ArrayLike] = "given-aggregate",
    tolerance: float = 1e-10,
    max_outer: int = 40,
    threads: int = 0,
    progress: Progress | None = None,
) -> ClosedLoopSolution:
    """Find the closed-loop mean-field equilibrium of a game on the grid.

    Parameters
    ----------
    game : a game with a continuum of identical agents.
    values : numbers for the parameters, by symbol or name, without the environment.
    interval : wealth from and to, the same for own wealth and for the aggregate.
    nodes : nodes a side.
    start : the first average position: ``"given-aggregate"``, or a field (a number, an array
        (nodes,) or a function of the aggregate).
    tolerance : relative change of the position at which the outer iteration ends.
    max_outer : most outer iterations.
    threads : threads of the factorization, 0 for one on each processor.
    progress : a function of what is counted, how many are done, None (how many there will be is not
        known) and the last relative change of the position, called after every outer iteration.

    Raises
    ------
    InputError
        If a number is missing, unknown or outside its domain, or the game is out of scope.
    MissingPartError
        If the compiled module is not installed.
    """
    loop = _Loop(game, values, interval, nodes, threads)
    given = loop.given_aggregate(progress)
    if isinstance(start, str):
        if start != "given-aggregate":
            refuse(game.name, "start", repr(start), "use 'given-aggregate', a number or a function")
        position = given if given is not None else np.zeros(loop.x.size)
    else:
        found = np.asarray(start(loop.x) if callable(start) else start, dtype=float)
        if found.shape not in ((), loop.x.shape) or not np.isfinite(found).all():
            needed = f"a finite number or array of shape {loop.x.shape} is needed"
            refuse(game.name, "start", f"an array of shape {found.shape}", needed)
        position = np.broadcast_to(found, loop.x.shape)
    anderson = Anderson(DEPTH)
    history: list[float] = []
    while True:
        solution = loop.solve(position)
        if not np.isfinite(solution.policy[1:-1, 1:-1]).all() or _lost(solution):
            why = f"in outer iteration {len(history) + 1}: {solution.message}"
            break
        image = diagonal(solution)
        history.append(float(abs(image - position).max() / abs(image).max()))
        if progress is not None:
            progress("outer iterations", len(history), None, history[-1])
        if history[-1] <= tolerance:
            why = ""
            break
        if len(history) >= max_outer:
            why = f"{max_outer} outer iterations left a change of {history[-1]:.3g}"
            break
        position = anderson.next(position, image)
    status, message = solution.status, solution.message
    if why:
        status, message = "outer_not_converged", f"the outer iteration did not converge: {why}"
    else:
        message = f"{len(history)} outer iterations; the last system {message}"
    distance = None
    if given is not None and not why:
        window = solution.inner[1]
        gap = abs(position - given)[window].max()
        distance = float(gap / abs(position[window]).max())
    return ClosedLoopSolution(
        game.name, solution, position, status, message, tuple(history), given, distance
    )


class _Loop:
    """One game on one grid, its environment a function of the average position."""

    def __init__(
        self,
        found: Published,
        values: Mapping[sp.Symbol | str, object],
        interval: Sequence[float],
        nodes: int,
        threads: int,
    ) -> None:
        crowd = found.alike
        if crowd is None or crowd.share != 0:
            raise InputError(
                "the game is out of scope: it has no continuum of identical agents.",
                game=found.name,
                stage="grid",
                remedy="Use the mean-field game; finitely many agents need a third state.",
            )
        self.game, self.values = found.game, dict(values)
        self.x, _ = nodes_of(found.name, (interval, interval), nodes, None)
        self.options = {"tolerance": 1e-10, "max_steps": 60, "threads": threads}
        self.start: GridSolution | None = None
        environment = self.game.environment
        self.sampler = GameSampler(self.game, self.values, {s: 0.0 for s in environment})
        average = crowd.roles.position
        self.aggregates: dict[sp.Symbol, Callable[[Array], Array]] = {}
        for s in environment:
            expression = crowd.aggregates[s].xreplace(self.sampler.values)
            self.aggregates[s] = sp.lambdify([average], expression, "numpy")

    def solve(self, position: Array | float) -> GridSolution:
        """Solve in the environment of an average position, a function of the aggregate."""
        shape = (self.x.size, self.x.size)
        environment = {
            s: np.broadcast_to(np.asarray(at(np.asarray(position))), shape)
            for s, at in self.aggregates.items()
        }
        sampler = self.sampler.placed(environment)
        nodes = (self.x, self.x)
        warm = {"start": self.start}
        solution = stationary(sampler, nodes, {**self.options, "first_step": NEWTON_STEP}, warm)
        if _lost(solution):
            # far from the start: from the payoff, with short steps of pseudo-time
            solution = stationary(sampler, nodes, self.options, {})
        if not _lost(solution):
            self.start = solution
        return solution

    def given_aggregate(self, progress: Progress | None = None) -> Array | None:
        """Average position when each agent holds the environment constant.

        At three wealths ``w`` the position is the fixed point ``c`` of the policy at own wealth and
        aggregate ``w`` in the constant environment of ``c``; between them it is interpolated.
        """
        window = range(self.x.size)[slice(self.x.size // 4, self.x.size - self.x.size // 4)]
        at = [window[0], self.x.size // 2, window[-1]]
        found: list[float] = []
        position = 0.0
        for index in at:
            anderson = Anderson(DEPTH)
            for _ in range(MOST_GIVEN):
                solution = self.solve(position)
                if _lost(solution):
                    return None
                image = float(solution.policy[index, index])
                change = abs(image - position)
                if progress is not None:
                    progress("given-aggregate positions", len(found), len(at), change)
                position = float(anderson.next(np.array([position]), np.array([image]))[0])
                if change <= 1e-12 * abs(image):
                    break
            else:
                return None
            found.append(position)
        return np.asarray(np.polyval(np.polyfit(self.x[at], found, 2), self.x))


def _lost(solution: GridSolution) -> bool:
    """Whether the iteration found no solution of the discrete system."""
    return not solution.diagnostics["converged"]


def diagonal(solution: GridSolution) -> Array:
    """The policy at own wealth equal to the aggregate, continued linearly to the corners."""
    found = np.diagonal(solution.policy).copy()
    x = solution.x
    for end, near, far in ((0, 1, 2), (-1, -2, -3)):
        slope = (found[near] - found[far]) / (x[near] - x[far])
        found[end] = found[near] + slope * (x[end] - x[near])
    return found


class Anderson:
    """Anderson acceleration of a fixed-point iteration ``x -> g(x)``."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.images: list[Array] = []
        self.residuals: list[Array] = []

    def next(self, x: Array, image: Array) -> Array:
        """The combination of the images whose residuals combine to the smallest norm."""
        self.images = [*self.images, image][-self.depth - 1 :]
        self.residuals = [*self.residuals, image - x][-self.depth - 1 :]
        if len(self.images) == 1:
            return image
        steps = np.diff(np.stack(self.images), axis=0)
        changes = np.diff(np.stack(self.residuals), axis=0)
        share = np.linalg.lstsq(changes.T, self.residuals[-1], rcond=1e-10)[0]
        return np.asarray(image - share @ steps)
