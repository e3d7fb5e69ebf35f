"""Grid solution of the extended Hamilton-Jacobi-Bellman system, from a game's definition alone.

The coefficients of the equations are sampled from the declared dynamics, preference and horizon;
the unknown functions and the policy are arrays on a grid. No ansatz and no closed form enters, so
that the result can judge them. The compiled module ``eqsolve._grid`` does the work.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from eqsolve.game import Game
from eqsolve.game.hazard_rates import Hazard
from eqsolve.notated.published import Published
from eqsolve.pde.coefficients import (
    Array,
    Field,
    GridProblem,
    Sampled,
    Source,
    TimeField,
    options_of,
    refuse,
    stack,
)
from eqsolve.pde.edge import Progress, number, shown, two, word
from eqsolve.pde.moments import payoff_box_moments
from eqsolve.pde.nodes import nodes_of
from eqsolve.pde.parabolic import solve_path
from eqsolve.pde.sampling import GameSampler, source_of
from eqsolve.pde.solution import CONSISTENT, USABLE, GridPath, GridSolution, compared

__all__ = ["CONSISTENT", "USABLE", "GridSolution", "solve_extended_hjb"]


@overload
def solve_extended_hjb(
    game: Game | Published | GridProblem,
    values: Mapping[sp.Symbol | str, object] | None = None,
    *,
    box: Sequence[Sequence[float]] = ...,
    nodes: int | Sequence[int] = ...,
    grid: tuple[ArrayLike, ArrayLike] | None = ...,
    environment: Mapping[sp.Symbol | str, Field] | None = ...,
    coarse: int | Sequence[int] | None = ...,
    closure: str = ...,
    boundary: Sequence[TimeField] | None = ...,
    source: Sequence[TimeField] | None = ...,
    start: GridSolution | Sequence[Field] | None = ...,
    method: str = ...,
    anderson: int = ...,
    tolerance: float | None = ...,
    max_steps: int = ...,
    first_step: float | None = ...,
    payoff_boxes: Sequence[float] | None = ...,
    refuse_infinite: bool = ...,
    threads: int = ...,
    progress: Progress | None = ...,
    horizon: None = None,
) -> GridSolution: ...


@overload
def solve_extended_hjb(
    game: Game | Published | GridProblem,
    values: Mapping[sp.Symbol | str, object] | None = None,
    *,
    box: Sequence[Sequence[float]] = ...,
    nodes: int | Sequence[int] = ...,
    grid: tuple[ArrayLike, ArrayLike] | None = ...,
    environment: Mapping[sp.Symbol | str, Field] | None = ...,
    closure: str = ...,
    boundary: Sequence[TimeField] | None = ...,
    source: Sequence[TimeField] | None = ...,
    tolerance: float | None = ...,
    threads: int = ...,
    progress: Progress | None = ...,
    horizon: float,
    hazard: str | float | Hazard | Callable[[float], float] | None = ...,
    time_steps: int | ArrayLike = ...,
    scheme: str | float = ...,
) -> GridPath: ...


def solve_extended_hjb(
    game: Game | Published | GridProblem,
    values: Mapping[sp.Symbol | str, object] | None = None,
    *,
    box: Sequence[Sequence[float]] = ((0.0, 2.0), (0.0, 2.0)),
    nodes: int | Sequence[int] = 41,
    grid: tuple[ArrayLike, ArrayLike] | None = None,
    environment: Mapping[sp.Symbol | str, Field] | None = None,
    coarse: int | Sequence[int] | None = None,
    closure: str = "quadratic",
    boundary: Sequence[TimeField] | None = None,
    source: Sequence[TimeField] | None = None,
    start: GridSolution | Sequence[Field] | None = None,
    method: str = "newton",
    anderson: int = 5,
    tolerance: float | None = None,
    max_steps: int = 60,
    first_step: float | None = None,
    payoff_boxes: Sequence[float] | None = None,
    refuse_infinite: bool = True,
    threads: int = 0,
    progress: Progress | None = None,
    horizon: float | None = None,
    hazard: str | float | Hazard | Callable[[float], float] | None = None,
    time_steps: int | ArrayLike = 80,
    scheme: str | float = "crank-nicolson",
) -> GridSolution | GridPath:
    """Solve the extended HJB system of a game, or of an own problem, on a box.

    Without ``horizon`` the stationary problem of an exponential horizon is solved. With it, the
    horizon is ``min(tau, T)``, the hazard rate may depend on time, and the result is a path.

    Parameters
    ----------
    game : a game with two states, dynamics polynomial in the control, an
        exponential horizon and a preference ``weight(states) g - (c/2)(h - g^2)`` in two moments;
        or a :class:`GridProblem`.
    values : numbers for the parameters and the environment, by symbol or name. Abbreviations of
        the game are computed; ``n`` implies ``N = 1/n``.
    box : ``((x0, x1), (y0, y1))`` in the units of the states.
    nodes : nodes a side, the same in both directions or one number each.
    grid : nodes ``(x, y)`` in place of ``box`` and ``nodes``; they may be graded.
    environment : fields (numbers, arrays (nx, ny) or functions of the states) for symbols of the
        environment, in place of numbers among the values.
    coarse : nodes a side of a second grid on the same box. Where the policies differ by more than
        1e-8, the status is ``inconsistent_grids``. Meaningful where the discretization is exact,
        that is for moments quadratic in the states.
    closure : boundary values: ``"quadratic"`` (at most quadratic growth) or ``"dirichlet"``
        (``boundary``).
    boundary : fields ``(G, H)`` with the values on the boundary.
    source : fields ``(s_1, s_2)`` added to the equations of G and H, per unit of time.
    start : a solution on the same grid, or fields ``(G, H)``, to start from; else the payoff.
    method : ``"newton"``, or ``"policy"`` for policy iteration, an independent second iteration of
        smaller reach.
    anderson : earlier policies that accelerate policy iteration; 0 is the plain iteration.
    tolerance : relative residual at which the iteration ends with one more Newton step, default
        1e-10; on a path the relative change that ends the Newton steps, default 1e-11.
    max_steps : most steps of the iteration.
    first_step : first pseudo-time step of Newton's method in units of 1/hazard, default 0.3.
    payoff_boxes : half widths, such as ``(5, 50, 500, 5000)``. The policy found is held fixed and H
        is computed on boxes of these sizes with payoff values on the boundary; unless its
        increments at the center shrink, the status is ``moment_explosion``.
    refuse_infinite : raise when the hazard rate of a game is too low for the second moment of a
        state that no policy reaches, such as ``lambda <= 2 r`` where the others' wealth counts.
        Otherwise the status says what became of it, in general ``moment_explosion``.
    threads : threads of the factorization, 0 for one on each processor; it changes no result.
    progress : a function of what is counted (such as ``"time steps"``), how many are done, of how
        many (None where that is not known) and the residual left (None where there is none). It is
        called at the end and up to twenty times a second before, and changes no result.
    horizon : ``T``, in units of time.
    hazard : with ``horizon``: a number, a function of time, a family such as
        ``"gompertz:0.05,0.09"``, or None for the rate of the game.
    time_steps : with ``horizon``: number of equal steps, or increasing times from 0 to ``T``.
    scheme : with ``horizon``: ``"crank-nicolson"``, ``"implicit-euler"``, ``"bdf2"``, or the weight
        of the implicit level, from 1/2 to 1. On a path the fields ``boundary`` and ``source`` are
        functions of time and states.

    Raises
    ------
    InputError
        If a number is missing, unknown or outside its domain, or the game is out of scope.
    MissingPartError
        If the compiled module is not installed.
    """
    problem = source_of(game, values, environment)
    fine = nodes_of(problem.name, box, nodes, grid)
    word(problem.name, "method", method, "newton", "policy")
    word(problem.name, "closure", closure, "quadratic", "dirichlet")
    if horizon is not None:
        unused: dict[str, tuple[object, object]] = {
            "coarse": (coarse, None),
            "start": (start, None),
            "first_step": (first_step, None),
            "payoff_boxes": (payoff_boxes, None),
            "method": (method, "newton"),
            "anderson": (anderson, 5),
            "max_steps": (max_steps, 60),
        }
        _leave_out(problem.name, unused, "when horizon is given")
        return solve_path(
            problem.sample(*fine),
            number(problem.name, "horizon", horizon),
            hazard,
            time_steps,
            scheme,
            boundary=_boundary(problem.name, closure, boundary),
            source=source,
            options={"tolerance": tolerance, "threads": threads, "progress": progress},
        )
    unused = {
        "hazard": (hazard, None),
        "time_steps": (time_steps, 80),
        "scheme": (scheme, "crank-nicolson"),
    }
    _leave_out(problem.name, unused, "or give the horizon T of min(tau, T) too")
    options: dict[str, Any] = {
        "method": method,
        "anderson": anderson,
        "closure": closure,
        "tolerance": tolerance,
        "max_steps": max_steps,
        "first_step": first_step,
        "threads": threads,
        "progress": progress,
    }
    slow = problem.slow_hazard() if isinstance(problem, GameSampler) else None
    if slow is not None and refuse_infinite:
        refuse(problem.name, *slow)
    values_there = _boundary(problem.name, closure, boundary)
    fields = {"boundary": values_there, "source": source, "start": start}
    solution = stationary(problem, fine, options, fields)
    if slow is not None and not solution.ok:
        message = f"{solution.message}; {slow[0]} is {slow[1]:g}, but {slow[2]}"
        solution = dataclasses.replace(solution, message=message)
    if coarse is not None:
        ends = [(float(part[0]), float(part[-1])) for part in fine]
        second = nodes_of(problem.name, ends, coarse, None, "coarse")
        fields["start"] = None
        solution = compared(solution, stationary(problem, second, options, fields))
    if payoff_boxes is not None:
        solution = payoff_box_moments(problem, solution, payoff_boxes, progress)
    return solution


def stationary(
    problem: Source,
    nodes: tuple[Array, Array],
    options: Mapping[str, object],
    fields: Mapping[str, Any],
) -> GridSolution:
    """Sample the coefficients and call the compiled solver; fields are given at the nodes."""
    sampled = problem.sample(*nodes)
    mesh = np.meshgrid(*nodes, indexing="ij")
    arrays: dict[str, Array] = {}
    for name, pair in fields.items():
        if isinstance(pair, GridSolution):
            pair = (pair.G, pair.H)
        if pair is not None:
            both = two(problem.name, name, pair, "fields (G, H)")
            arrays[name] = stack(problem.name, name, both, mesh)
    if sampled.source is not None:
        arrays["source"] = sampled.source + arrays.get("source", 0.0)
    found = sampled.call(
        "solve_stationary",
        sampled.weight,
        sampled.gamma,
        sampled.hazard,
        options_of({**options, **arrays}),
    )
    return _solution(sampled, found)


def _solution(sampled: Sampled, found: dict[str, Any]) -> GridSolution:
    g, h, policy = (found.pop(name) for name in ("g", "h", "policy"))
    status, message = found.pop("status"), found.pop("message")
    solution = GridSolution(
        sampled.name, sampled.x, sampled.y, g, h, policy, status, message, found
    )
    return dataclasses.replace(solution, V=sampled.objective(g, h))


def _boundary(
    name: str, closure: str, boundary: Sequence[TimeField] | None
) -> Sequence[TimeField] | None:
    """Boundary values of a path, which has no payoff of its own far from T."""
    if closure == "quadratic" and boundary is not None:
        refuse(name, "boundary", "given", "boundary values need closure 'dirichlet'")
    if closure == "dirichlet" and boundary is None:
        refuse(name, "boundary", "missing", "closure 'dirichlet' needs boundary values (G, H)")
    return boundary


def _leave_out(name: str, unused: Mapping[str, tuple[object, object]], why: str) -> None:
    """Refuse what would be ignored; each entry is a value and its default."""
    for argument, (value, default) in unused.items():
        if type(value) is not type(default) or value != default:
            refuse(name, argument, shown(value), f"leave {argument} out {why}")
