"""Whether a planner's stationary point is a minimum.

The planner's cost is ``int int Lambda(a) m + F(m, q) dt + G(m(T))`` with the total costs F and G of
the laws. Where the control changes by beta, the law changes by mu, which follows the linearized
Fokker-Planck equation ``mu_t = (nu mu)_xx - ((b + a) mu)_x - (m beta)_x``, and the second variation

::

    int int Lambda''(a) m beta^2 dx dt + int F''(mu, mu) dt + G''(mu(T), mu(T))

must be positive. In the unit in which its first part is the square of a norm its smallest
eigenvalue is at most one, and at least one where F and G are convex; `judged` finds it by Lanczos'
method and by central differences of its own, and tells it as ``curvature``. The Ritz vector is a
direction, so that a negative value is a proof on the grid. Where the factors of a common shift are
numbers (costs that are quadratic), `explosion` judges before anything is solved, and
`refuse_beyond_explosion` names the horizon.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sps
from numpy.typing import NDArray
from scipy.linalg import eigvalsh_tridiagonal
from scipy.optimize import brentq
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh, splu

from eqsolve.errors import NoSolutionError
from eqsolve.pde.bends import bend
from eqsolve.pde.couplings import Coupling
from eqsolve.pde.edge import number, sampled
from eqsolve.pde.hamiltonians import STAGE, Absolute, Choice, Quadratic
from eqsolve.pde.mfg_solution import MFGSolution
from eqsolve.pde.second_variation import of_cost

if TYPE_CHECKING:
    from eqsolve.pde.given import Given

Array = NDArray[np.float64]

#: Steps in time of a second variation with constant factors.
STEPS = 4000
#: Share of a horizon from which on the second variation is looked at.
SHORTEST = 1e-3
#: Degrees of the parts of a cost whose change under a common shift does not depend on the law.
DEGREES = {"potential": 2, "mean": 1, "mean_squared": 0, "variance": 1, "control_mean": 1}
#: Relative deviation of values that are those of a polynomial.
ALIKE = 1e-10
#: Residual of the eigenvalue, most restarts of Lanczos' method, and its vectors.
SHARP, RESTARTS, VECTORS = 1e-3, 30, 24


def judged(solution: MFGSolution, given: Given) -> MFGSolution:
    """The solution, whose status is ``second_order_lost`` where a planner's is no minimum.

    The smallest eigenvalue is told as ``curvature``.
    """
    if not solution.ok:
        return solution
    if isinstance(given.hamiltonian, (Absolute, Choice)) or given.stationary:
        what = "a Hamiltonian with kinks" if not given.stationary else "a problem without time"
        text = f"second_order: whether the planner's point is a minimum is not checked for {what}"
        return dataclasses.replace(solution, warnings=(*solution.warnings, text))
    least = Planned(solution, given).curvature()
    if np.isnan(least):
        text = "second_order: whether the planner's point is a minimum was not found out"
        return dataclasses.replace(solution, warnings=(*solution.warnings, text))
    status, message = solution.status, solution.message
    if least <= 0:
        status = "second_order_lost"
        message = (
            f"the planner's stationary point is no minimum: a change of all controls has the "
            f"curvature {least:.4g}, as beyond the horizon at which its solution explodes"
        )
    diagnostics = {**solution.diagnostics, "curvature": least}
    return dataclasses.replace(solution, status=status, message=message, diagnostics=diagnostics)


def refuse_beyond_explosion(given: Given) -> None:
    """Refuse a planner's problem without a minimum, where that is known without a solution.

    On the line, with costs of second degree in the state and the means of state and control, a
    common shift y of the states and d of the controls changes the total cost by numbers times y^2,
    y d and d^2, whatever the law is.

    Raises
    ------
    NoSolutionError
        Names the horizon.
    """
    factors = _shifted(given)
    if factors is None:
        return
    limit = explosion(float(given.when[-1] - given.when[0]), *factors)
    if limit is not None:
        raise NoSolutionError(
            f"the planner's second-order condition fails on horizons of {limit:.7g} or more: a "
            "shift of all agents together lowers the cost.",
            stage=STAGE,
            remedy="Choose a shorter horizon.",
        )


def _shifted(given: Given) -> tuple[float, float, float, float] | None:
    """Factors of b^2, b beta, beta^2 and beta(T)^2 in a common shift beta, b = dbeta/dt."""
    plain = isinstance(given.hamiltonian, Quadratic) and given.boundary == "open"
    if not plain or given.stationary or number(STAGE, "discount", given.discount) != 0:
        return None
    x, at = given.x, given.x - given.x.mean()
    drift = np.asarray(given.options["drift"], dtype=float)
    drift = np.broadcast_to(drift, (given.when.size - 1, x.size))
    growth = _coefficients(drift[0], at, 1)
    if growth is None or np.ptp(drift, axis=0).any():
        return None
    found = []
    for part in (given.running, given.terminal):
        cost = part if isinstance(part, Coupling) else Coupling(potential=part)
        encoded = cost.encoded(x, given.middles)
        if encoded.keys() & {"density", "kernel", "function", "forcing"}:
            return None
        fields = {
            name: _coefficients(encoded.get(name, 0.0), at, degree)
            for name, degree in DEGREES.items()
        }
        if None in fields.values():
            return None
        known = {name: value for name, value in fields.items() if value is not None}
        states = 2 * (known["potential"][2] + known["mean"][1] + known["mean_squared"][0])
        both = known["control_mean"][1] + encoded["control"]
        found.append((states, both, 2 * encoded["control_control"]))
    (yy, yd, dd), (last, _, _) = found
    dd += 1.0 / float(given.hamiltonian.scale)
    slope = growth[1]
    return dd, 2 * (yd - slope * dd), yy - 2 * slope * yd + slope**2 * dd, last


def _coefficients(values: object, at: Array, degree: int) -> list[float] | None:
    """Those of the polynomial of a degree that values at places are, if they are one."""
    given = np.broadcast_to(np.asarray(values, dtype=float), at.shape)
    found = np.polynomial.polynomial.polyfit(at / at[-1], given, degree)
    rest = given - np.polynomial.polynomial.polyval(at / at[-1], found)
    if not abs(rest).max() <= ALIKE * abs(given).max():
        return None
    return [float(c) / at[-1] ** k for k, c in enumerate(found)]


class Planned:
    """The second variation of a planner's cost at a solution.

    Its unknown is ``y = beta sqrt(Lambda'' m w dt)`` at the nodes in each step, (steps, nodes).
    """

    def __init__(self, solution: MFGSolution, given: Given) -> None:
        x, times = solution.x, solution.t
        self.periodic, absorbing = given.boundary == "periodic", given.boundary == "absorbing"
        self.step = np.diff(times)
        middles = 0.5 * (times[1:] + times[:-1])
        weights = np.full(x.size, x[1] - x[0])
        if not self.periodic:
            weights[[0, -1]] *= 0.5
        law = np.maximum(solution.m, 0.0) * weights
        if absorbing:
            law[:, [0, -1]] = 0.0
        self.control = 0.5 * (solution.control[1:] + solution.control[:-1])
        masses = 0.5 * (law[1:] + law[:-1])
        self.difference = _difference(x.size, x[1] - x[0], given.boundary)
        costs = [
            part if isinstance(part, Coupling) else Coupling(potential=part)
            for part in (given.running, given.terminal)
        ]
        self.running = of_cost(
            costs[0], x, weights, middles, masses, np.sum(masses * self.control, axis=1)
        )
        end = law[-1:]
        self.end = of_cost(costs[1], x, weights, times[-1:], end, np.array([np.nan]))
        value = 0.5 * (solution.u[1:] + solution.u[:-1])
        gradient = (self.difference @ value.T).T + self.running.factor[:, None]
        self.fade = np.exp(-float(given.discount) * (middles - times[0]))
        self.last = float(np.exp(-float(given.discount) * (times[-1] - times[0])))
        bent = bend(given.hamiltonian, gradient, x, middles)
        scale = masses * bent / (self.step * self.fade)[:, None]
        #: m w beta is this times y
        self.gain = np.sqrt(np.maximum(scale, 0.0))
        nu = np.broadcast_to(np.asarray(sampled(STAGE, "viscosity", given.viscosity, x)), x.shape)
        drift = np.broadcast_to(np.asarray(given.options["drift"]), self.control.shape)
        second = _second_difference(x.size, x[1] - x[0], given.boundary)
        unit = sps.identity(x.size, format="csc")
        self.generators = [
            (sps.diags(nu) @ second + sps.diags(b + a) @ self.difference).tocsc()
            for b, a in zip(drift, self.control, strict=True)
        ]
        self.solvers = [
            splu((unit - 0.5 * dt * generator).tocsc())
            for dt, generator in zip(self.step, self.generators, strict=True)
        ]

    def moved(self, y: Array) -> tuple[Array, Array, Array]:
        """How the masses change within the steps and at the end, and how the total speed does."""
        moved = self.gain * y
        source = (self.difference.T @ moved.T).T
        change = np.zeros(y.shape[1])
        inner = np.empty_like(y)
        for k, solver in enumerate(self.solvers):
            half = change + 0.5 * self.step[k] * source[k]
            inner[k] = solver.solve(half, trans="T")
            change = 2.0 * inner[k] - change
        speed = np.sum(self.control * inner + moved, axis=1)
        return inner, change, speed

    def returned(self, to_inner: Array, to_end: Array, to_speed: Array) -> Array:
        """The transpose of `moved`."""
        to_inner = to_inner + to_speed[:, None] * self.control
        back = to_end.copy()
        result = np.empty_like(to_inner)
        for k in range(len(self.solvers) - 1, -1, -1):
            half = self.solvers[k].solve(2.0 * back + to_inner[k])
            result[k] = 0.5 * self.step[k] * (self.difference @ half)
            back = half - back
        return np.asarray(self.gain * (result + to_speed[:, None]))

    def times(self, y: Array) -> Array:
        """The second variation applied to a change of the controls."""
        inner, end, speed = self.moved(y)
        weight = self.step * self.fade
        to_inner, to_speed = self.running.times_change(inner, speed)
        to_end, _ = self.end.times_change(end[None, :], np.zeros(1))
        back = self.returned(weight[:, None] * to_inner, self.last * to_end[0], weight * to_speed)
        return y + back

    def curvature(self) -> float:
        """The smallest eigenvalue."""
        shape = self.gain.shape
        size = self.gain.size

        def product(y: Array) -> Array:
            return self.times(y.reshape(shape)).ravel()

        operator = LinearOperator((size, size), matvec=product, dtype=float)
        # a common shift, and something that is none
        start = (self.gain * (1.0 + 0.3 * np.cos(np.arange(shape[1])))).ravel()
        if not start.any():
            return 1.0
        options: dict[str, Any] = {
            "k": 1,
            "which": "SA",
            "return_eigenvectors": False,
        }
        try:
            found = eigsh(operator, v0=start, ncv=VECTORS, tol=SHARP, maxiter=RESTARTS, **options)
        except ArpackNoConvergence as failure:
            found = failure.eigenvalues
        return float(found[0]) if len(found) else float("nan")


def _difference(n: int, width: float, boundary: str) -> sps.csc_matrix:
    """Central differences, zero at reflecting and absorbing ends."""
    result = sps.diags([-0.5, 0.5], [-1, 1], shape=(n, n)).tolil()
    if boundary == "periodic":
        result[0, n - 1], result[n - 1, 0] = -0.5, 0.5
    elif boundary == "open":
        result[0, :2] = result[n - 1, n - 2 :] = [-1.0, 1.0]
    else:
        result[0, :] = result[n - 1, :] = 0.0
    return sps.csc_matrix(result / width)


def _second_difference(n: int, width: float, boundary: str) -> sps.csc_matrix:
    """Second differences, even beyond reflecting ends, zero at the others."""
    result = sps.diags([1.0, -2.0, 1.0], [-1, 0, 1], shape=(n, n)).tolil()
    if boundary == "periodic":
        result[0, n - 1] = result[n - 1, 0] = 1.0
    elif boundary == "reflecting":
        result[0, 1] = result[n - 1, n - 2] = 2.0
    else:
        result[0, :] = result[n - 1, :] = 0.0
    return sps.csc_matrix(result / width**2)


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
