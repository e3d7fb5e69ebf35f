"""Whether a planner's stationary point is a minimum, by moving everybody alike.

The planner's representative pays ``control a M + control_mean(x) A`` with ``control_mean(x) =
control x``: the derivative of the social cost ``control A M`` in the law. The first-order condition
of the social cost in the direction of a control ``b(t)`` for all agents, which moves the law by
``beta`` with ``beta' = b`` and ``beta(0) = 0``, is linear in the representative's cost; its
derivative in the same direction is the second variation

::

    int ( E[Lambda''] b^2 + (control + E[control_mean']) b beta + q beta^2 ) dt + q_T beta(T)^2,

with q the mean derivative of the slope of the cost along the motion. It must be positive (Jacobi's
condition), which on the grid of times is the sign of a tridiagonal matrix. Where a declaration
gives the factors as numbers (costs that are quadratic), `explosion` judges before anything is
solved; else `judged` does with those of the solution.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvalsh_tridiagonal
from scipy.optimize import brentq

from eqsolve.pde.couplings import Coupling
from eqsolve.pde.edge import Field, sampled
from eqsolve.pde.hamiltonians import STAGE, Hamiltonian, Quadratic
from eqsolve.pde.mfg_solution import MFGSolution

Array = NDArray[np.float64]

#: Relative deviation of the part in the control's mean from that of a planner's representative.
ALIKE = 1e-9
#: Steps in time of a second variation with constant factors.
STEPS = 4000
#: Share of a horizon from which on the second variation is looked at.
SHORTEST = 1e-3


def judged(
    solution: MFGSolution,
    running: object,
    terminal: Coupling | Field,
    hamiltonian: Hamiltonian,
    boundary: str,
) -> MFGSolution:
    """The solution, whose status is ``second_order_lost`` where a planner's is no minimum.

    Other solutions are returned as they are. The smallest eigenvalue is told as ``curvature``.
    """
    if not isinstance(running, Coupling) or not _plans(running, solution.x):
        return solution
    final = terminal if isinstance(terminal, Coupling) else Coupling(potential=terminal)
    plain = isinstance(hamiltonian, Quadratic) and boundary == "open"
    if not plain or not (_simple(running) and _simple(final)):
        text = (
            "second_order: whether the planner's stationary point is a minimum is checked at open "
            "boundaries only, for a quadratic Hamiltonian and costs that are functions of the "
            "state, the mean and the variance"
        )
        return dataclasses.replace(solution, warnings=(*solution.warnings, text))
    assert isinstance(hamiltonian, Quadratic)
    least = curvature(solution, running, final, 1.0 / hamiltonian.scale)
    status, message = solution.status, solution.message
    if least <= 0 and solution.ok:
        status = "second_order_lost"
        message = (
            f"the planner's stationary point is no minimum: moving everybody alike has the "
            f"curvature {least:.4g}, as beyond the horizon at which its solution explodes"
        )
    diagnostics = {**solution.diagnostics, "curvature": least}
    return dataclasses.replace(solution, status=status, message=message, diagnostics=diagnostics)


def _plans(running: Coupling, x: Array) -> bool:
    """Whether the cost is that of a planner's representative."""
    if running.control == 0:
        return False
    part = _values(running.control_mean, x)
    rest = part - running.control * x
    return bool(np.ptp(rest) <= ALIKE * max(float(np.ptp(running.control * x)), 1e-300))


def _simple(cost: Coupling) -> bool:
    """Whether a cost consists of parts whose change along the motion is known."""
    no_density = type(cost.density) in (int, float) and cost.density == 0
    return no_density and cost.kernel is None and cost.function is None and cost.forcing is None


def curvature(solution: MFGSolution, running: Coupling, terminal: Coupling, own: float) -> float:
    """Smallest eigenvalue of the second variation, the motion measured in the mean square.

    ``own`` is the second derivative of the cost of the control.
    """
    x, times = solution.x, solution.t
    widths = np.gradient(x)
    widths[[0, -1]] *= 0.5
    law = solution.m * widths
    law = law / law.sum(axis=1, keepdims=True)
    middle = 0.5 * (law[1:] + law[:-1])
    mean, variance, control = (
        0.5 * (values[1:] + values[:-1])
        for values in (solution.mean, solution.variance, solution.control_mean)
    )
    slope = np.array([_bent(running, x, *at) for at in zip(middle, mean, variance, control)])
    last = _bent(terminal, x, law[-1], solution.mean[-1], solution.variance[-1], 0.0)
    # control b beta + control_mean' b beta
    return least(times, own, 2.0 * running.control, slope, last)


def explosion(
    horizon: float, square: float, mixed: float, slope: float, last: float
) -> float | None:
    """The shortest horizon on which the second variation is not positive, up to the given one.

    Parameters
    ----------
    horizon : T.
    square, mixed, slope, last : factors of b^2, b beta, beta^2 and beta(T)^2.
    """
    shares = np.linspace(0.0, 1.0, STEPS + 1)

    def judged_at(length: float) -> float:
        return least(length * shares, square, mixed, np.full(STEPS, slope), last)

    if judged_at(horizon) > 0:
        return None
    first = SHORTEST * horizon
    return first if judged_at(first) <= 0 else float(brentq(judged_at, first, horizon))


def least(times: Array, square: float, mixed: float, slope: Array, last: float) -> float:
    """Smallest eigenvalue of the second variation, the motion measured in the mean square.

    Parameters
    ----------
    times : increasing, (steps + 1,).
    square, mixed : factors of b^2 and of b beta.
    slope : factor of beta^2 on each step, (steps,).
    last : factor of beta(T)^2.
    """
    step = np.diff(times)
    # b beta = d(beta^2)/dt/2
    crossed = np.full(step.size, mixed / 2)
    rise = square / step + crossed + slope * step / 4
    fall = square / step - crossed + slope * step / 4
    diagonal = rise.copy()
    diagonal[:-1] += fall[1:]
    diagonal[-1] += last
    beside = (-square / step + slope * step / 4)[1:]
    weight = 0.5 * (step + np.append(step[1:], 0.0))
    diagonal, beside = diagonal / weight, beside / np.sqrt(weight[1:] * weight[:-1])
    return float(eigvalsh_tridiagonal(diagonal, beside, select="i", select_range=(0, 0))[0])


def _bent(
    cost: Coupling, x: Array, law: Array, mean: float, variance: float, control: float
) -> float:
    """The mean derivative of the slope of a cost when everybody moves alike."""
    total = 0.0
    parts = (
        (cost.potential, 1.0, 0.0),
        (cost.mean, mean, 1.0),
        (cost.mean_squared, mean * mean, 2.0 * mean),
        (cost.variance, variance, 0.0),
        (cost.control_mean, control, 0.0),
    )
    for field, size, change in parts:
        values = _values(field, x)
        first = np.gradient(values, x, edge_order=2)
        second = np.gradient(first, x, edge_order=2)
        total += float(law @ (size * second + change * first))
    return total


def _values(field: Field, x: Array) -> Array:
    """A cost at the nodes."""
    found = np.asarray(sampled(STAGE, "cost", field, x), dtype=float)
    return np.array(np.broadcast_to(found, x.shape))
