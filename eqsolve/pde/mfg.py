"""Mean-field games in one dimension: the coupled Hamilton-Jacobi-Bellman and Fokker-Planck system.

::

    -u_t + r u - nu u_xx - b u_x + H(u_x) = f(t, x, law),     u(T) = g(x, law)
     m_t - (nu m)_xx + (m (b - H'(u_x)))_x = 0,               m(0) = m0

The agent controls ``dX = (b + a) dt + sqrt(2 nu) dW`` at the cost ``Lambda(a) + f``, discounted at
the rate r, where ``a = -H'(u_x)``. A stationary problem has no time: ``r u`` takes the place of
``-u_t + r u``, or without discount the ergodic constant c does, the long-run mean cost. On the
grid the Fokker-Planck equation is the exact adjoint of the linearized equation for u, so that
mass is conserved to rounding and, where the scheme is monotone, the discrete system is itself a
mean-field game of a Markov chain. Implicit midpoint rule and central differences are of
second order; implicit Euler and upwind differences are monotone and of first order. The method of
the adjoint: Y. Achdou and I. Capuzzo-Dolcetta, SIAM J. Numer. Anal. 48 (2010), 1136-1162.
"""

from __future__ import annotations

from collections.abc import Callable

from numpy.typing import ArrayLike

from eqsolve.pde import second_order
from eqsolve.pde.couplings import Coupling
from eqsolve.pde.edge import Array, Field, Progress, call, number, refuse
from eqsolve.pde.given import Given
from eqsolve.pde.hamiltonians import (
    STAGE,
    Absolute,
    Choice,
    Compiled,
    Hamiltonian,
    Lagrangian,
    Power,
    Quadratic,
    Tabulated,
    Uncontrolled,
)
from eqsolve.pde.mfg_arguments import uniform
from eqsolve.pde.mfg_solution import MFGSolution
from eqsolve.pde.resolution import Gaussian, extrapolated

__all__ = [
    "Absolute",
    "Choice",
    "Compiled",
    "Coupling",
    "Hamiltonian",
    "Lagrangian",
    "MFGSolution",
    "Power",
    "Quadratic",
    "Tabulated",
    "Uncontrolled",
    "gaussian",
    "solve_mfg",
]


def gaussian(mean: float, deviation: float) -> Gaussian:
    """Return the density of the normal law as a function, for ``initial``."""
    center, scale = number(STAGE, "mean", mean), number(STAGE, "deviation", deviation)
    if not scale > 0:
        refuse(STAGE, "deviation", scale, "choose a positive number")
    return Gaussian(center, scale)


def solve_mfg(
    *,
    domain: tuple[float, float],
    nodes: int = 201,
    horizon: float = 1.0,
    steps: int = 100,
    times: ArrayLike | None = None,
    viscosity: Field,
    drift: ArrayLike | Callable[[float, Array], ArrayLike] = 0.0,
    discount: float = 0.0,
    stationary: bool = False,
    initial: ArrayLike | Callable[[Array], ArrayLike] = uniform,
    running: Coupling | Field = 0.0,
    terminal: Coupling | Field = 0.0,
    stopping: Field | None = None,
    hamiltonian: Hamiltonian = Quadratic(),
    boundary: str = "reflecting",
    exit_costs: tuple[float, float] = (0.0, 0.0),
    scheme: str = "auto",
    damped_steps: int = 0,
    mass_source: ArrayLike | Callable[[float, Array], ArrayLike] | None = None,
    richardson: bool = False,
    method: str = "anderson",
    tolerance: float = 1e-10,
    max_iterations: int = 200,
    relaxation: float = 1.0,
    starts: int = 3,
    planner: bool = False,
    check: bool = True,
    progress: Progress | None = None,
) -> MFGSolution:
    """Solve a mean-field game on an interval.

    Parameters
    ----------
    domain : ends of the interval.
    nodes : nodes of the uniform grid, both ends included; at a periodic boundary the right end is
        the left one and not a node.
    horizon, steps : T and the number of equal steps in time.
    times : increasing times, from the initial one on, in place of ``horizon`` and ``steps``.
    viscosity : nu >= 0, half the squared volatility; a number, an array (nodes,) or a function.
    drift : b, beside the control; a number, an array (nodes,), or as a function of (t, x), called
        with a number and the array of nodes, or an array (steps, nodes) at the middle of each step.
    discount : rate r >= 0.
    stationary : whether there is no time: the value and the law that rest, and without discount the
        ergodic constant. Functions of time are taken at 1/2. With ``stopping`` or absorbing
        boundaries, where nobody rests, r > 0 is needed, and the law is that of those who start from
        m0, averaged over their discounted time: ``r int e^{-rt} m_t dt``.
    initial : density m0 at the nodes with mass 1 (trapezoidal rule), or a function, whose values
        are divided by their mass; see `gaussian`. If left out, m0 is uniform.
    running, terminal : costs f and g; a `Coupling`, or a number, array or function of x when the
        law does not enter.
    stopping : the cost psi(x) of stopping at any time, which bounds u from above; those who stop
        leave the law. Implicit Euler steps, of first order in time.
    hamiltonian : `Quadratic`, `Absolute`, `Power`, `Tabulated`, `Choice` (a list of controls),
        `Lagrangian` (the cost of the control), `Compiled`, or `Uncontrolled`: with that the
        Fokker-Planck equation and its adjoint are linear.
    boundary : ``"reflecting"`` (u_x = 0, no flux), ``"absorbing"`` (u = exit cost, m = 0),
        ``"periodic"``, or ``"open"`` (a piece of the real line which the agents do not leave: the
        third difference of u vanishes, controls that point outward are not available).
    exit_costs : cost of leaving on the left and on the right, at absorbing boundaries.
    scheme : ``"central"`` (second order, needs nu > 0), ``"monotone"`` (first order, density
        nonnegative), or ``"auto"``: monotone for `Absolute` and where nu = 0, else central.
        With `Power` of an exponent below 2, whose second derivative is infinite at p = 0, the
        observed order of the central scheme is between 1 and 2.
    damped_steps : number of steps at both ends of the time interval which are replaced by two
        implicit Euler steps of half the size (Rannacher), for costs or densities with kinks.
    mass_source : right-hand side of the Fokker-Planck equation (method of manufactured solutions),
        a function of (t, x) or an array (steps, nodes).
    richardson : extrapolate from this grid and the one of twice the widths: fourth order for
        smooth solutions and the central scheme only. Needs odd ``nodes`` (even at a periodic
        boundary) and even ``steps``.
    method : ``"anderson"`` (depth 5), ``"newton"`` (Newton-GMRES), ``"picard"``,
        ``"fictitious_play"`` (best responses to the mean of those so far, the k-th one with the
        weight 2/(k + 1); slow, choose a larger ``tolerance``) or ``"policy_iteration"`` (the value
        and the law of a policy by linear equations, then a better policy) on the fixed point.
    tolerance : relative change of the law at which the fixed point has converged; of the value,
        too, with ``"policy_iteration"``.
    max_iterations : most evaluations of the best response and its law; with ``"newton"``, those
        inside GMRES are not counted.
    relaxation : weight of the new law in each iteration, in (0, 1].
    starts : number of starts, 1 to 3: the initial law at all times, the uniform law on the upper
        half of the interval, and that on the lower half. Starts after the first are evidence: a
        different result gives the status ``multiple_found``. With both halves a game and its
        mirror image are treated alike.
    planner : whether the total cost of all is minimized (mean-field control) in place of each
        agent's own: besides f and g an agent then pays what he adds to the costs of all through the
        law, ``int m df/dlaw``. A stationary point of the planner's cost that is no minimum has the
        status ``second_order_lost``; the diagnostics tell ``curvature``, the smallest eigenvalue of
        the second variation (`eqsolve.pde.second_order`), and ``social_cost``. Not with `Compiled`
        Hamiltonians of the law, nor with stopping.
    check : solve on the grid of twice the widths, too, and judge the discretization by the
        difference. It takes about a quarter of the time more; ``richardson`` judges by its own
        difference.
    progress : a function of what is counted (such as ``"time steps"``), how many are done, of how
        many (None where that is not known) and the residual left (None where there is none). It is
        called at the end and up to twenty times a second before, and changes no result.

    Raises
    ------
    InputError
        If an argument is outside its domain; names the argument, its value and the remedy.
    NoSolutionError
        If a planner's cost, of second degree on an open interval, has no minimum on the horizon;
        names the one at which the solution explodes.
    MissingPartError
        If the compiled module is not installed.
    """
    given = Given(
        domain=domain,
        nodes=nodes,
        horizon=horizon,
        steps=steps,
        times=times,
        viscosity=viscosity,
        drift=drift,
        discount=discount,
        stationary=stationary,
        initial=initial,
        running=running,
        terminal=terminal,
        stopping=stopping,
        hamiltonian=hamiltonian,
        boundary=boundary,
        exit_costs=exit_costs,
        scheme=scheme,
        damped_steps=damped_steps,
        mass_source=mass_source,
        richardson=richardson,
        method=method,
        tolerance=tolerance,
        max_iterations=max_iterations,
        relaxation=relaxation,
        starts=starts,
        planner=planner,
    )
    if planner:
        second_order.refuse_beyond_explosion(given)
    found = call(STAGE, "solve_mfg", *given.game, given.options | {"progress": progress})
    solution = MFGSolution.of(found)
    solution = solution.at_rest() if stationary else solution
    if planner:
        solution = second_order.judged(solution, given)
    if richardson:
        if solution.diagnostics["scheme"] == "monotone":
            what = "True with the monotone scheme, which is of first order"
            refuse(STAGE, "richardson", what, "leave it out, or use scheme 'central'")
        return extrapolated(solution)
    if not check:
        return solution
    coarse = None
    if solution.ok and given.half.possible:
        below = given.halved(solution.diagnostics["scheme"])
        coarse = MFGSolution.of(call(STAGE, "solve_mfg", *below.game, below.options))
        coarse = coarse.at_rest() if stationary else coarse
    return given.judged(solution, coarse)
