"""Grid solution of the extended Hamilton-Jacobi-Bellman system, from a game's definition alone.

The coefficients of the equations are sampled from the declared dynamics, preference and horizon;
the unknown functions and the policy are arrays on a grid. No ansatz and no closed form enters, so
that the result can judge them. The compiled module ``eqsolve._grid`` does the work.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from typing import Any, NoReturn

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from eqsolve.errors import InputError, MissingPartError
from eqsolve.numerics.values import game_values
from eqsolve.symbolic.game import Game

Array = NDArray[np.float64]

STAGE = "grid"
#: Statuses with which a solution may be used to judge a closed form.
USABLE = ("ok", "degenerate_policy")
#: Largest relative difference of the policies on two grids that counts as agreement.
CONSISTENT = 1e-8
#: Most nodes a side; what fits into the memory is less.
MOST = 2000
#: The inner window, relative to half the box: boundary effects stay outside.
INNER = 0.5


@dataclass(frozen=True)
class GridSolution:
    """Moments and policy of the extended HJB system at the nodes of a tensor grid.

    Attributes
    ----------
    game : name of the game.
    x, y : nodes, arrays (nx,), (ny,).
    G, H, policy : arrays (nx, ny), index [i, j] at (x[i], y[j]).
    status : ``ok``; ``degenerate_policy`` (converged, but the policy changes sign in the box);
        ``short_wave_unstable``, ``moment_explosion``, ``stagnated``, ``max_iterations``,
        ``step_rejected``, ``inconsistent_grids``: the solution must not be relied on.
    message : the status as a sentence with its numbers.
    diagnostics : evidence by name: steps, rejections, residual, residual_history, step_sizes,
        second_order_min (smallest curvature of the objective in the control),
        variance_eigenvalues (of the quadratic form of H - G^2), policy_range, policy_nonaffine,
        short_wave_growth and short_wave_number (of the linearized problem), woodbury_condition,
        undefined_policy_nodes, unknowns, half_bandwidth; what is not known is None.
    coarse : the solution on the coarser grid, if one was asked for.
    disagreement : largest difference of the two policies on the inner window, relative to the
        largest policy there.
    """

    game: str
    x: Array
    y: Array
    G: Array
    H: Array
    policy: Array
    status: str
    message: str
    diagnostics: Mapping[str, Any]
    coarse: GridSolution | None = None
    disagreement: float | None = None

    @property
    def ok(self) -> bool:
        """Whether the solution can be relied on."""
        return self.status in USABLE

    @cached_property
    def inner(self) -> tuple[slice, slice]:
        """Index ranges of the inner half of the box in each direction."""
        first, last = (_inner(nodes) for nodes in (self.x, self.y))
        return first, last

    def to_dict(self) -> dict[str, Any]:
        """Return a mapping of plain numbers, strings and lists; undefined numbers are None."""
        result: dict[str, Any] = {
            "game": self.game,
            "status": self.status,
            "message": self.message,
            **self.diagnostics,
            "disagreement": self.disagreement,
        }
        result |= {name: getattr(self, name).tolist() for name in ("x", "y", "G", "H", "policy")}
        if self.coarse is not None:
            result["coarse"] = self.coarse.to_dict()
        plain = _plain(result)
        assert isinstance(plain, dict)
        return plain


def solve_extended_hjb(
    game: Game | str,
    values: Mapping[sp.Symbol | str, object],
    *,
    box: Sequence[Sequence[float]] = ((0.0, 2.0), (0.0, 2.0)),
    nodes: int | Sequence[int] = 41,
    grid: tuple[ArrayLike, ArrayLike] | None = None,
    coarse: int | Sequence[int] | None = None,
    closure: str = "quadratic",
    tolerance: float = 1e-10,
    max_steps: int = 60,
) -> GridSolution:
    """Solve the stationary extended HJB system of a game on a box.

    Parameters
    ----------
    game : a game, or the name of one, with two states, dynamics polynomial in the control, an
        exponential horizon and a preference ``weight(states) g - (c/2)(h - g^2)`` in two moments.
    values : numbers for the parameters and the environment, by symbol or name. Abbreviations of
        the game are computed; ``n`` implies ``N = 1/n``.
    box : ``((x0, x1), (y0, y1))`` in the units of the states.
    nodes : nodes a side, the same in both directions or one number each.
    grid : nodes ``(x, y)`` in place of ``box`` and ``nodes``.
    coarse : nodes a side of a second grid on the same box. Where the policies differ by more than
        1e-8, the status is ``inconsistent_grids``. Meaningful where the discretization is exact,
        that is for moments quadratic in the states.
    closure : boundary values: ``"quadratic"`` (at most quadratic growth) or ``"dirichlet"`` (the
        payoff).
    tolerance : relative residual at which the iteration ends with one more Newton step.
    max_steps : most steps of the iteration.

    Raises
    ------
    InputError
        If a number is missing, unknown or outside its domain, or the game is out of scope.
    MissingPartError
        If the compiled module is not installed.
    """
    if isinstance(game, str):
        from eqsolve.registry import model

        game = model(game).game
    problem = _Problem(game, values)
    options = {"closure": closure, "tolerance": tolerance, "max_steps": max_steps}
    if grid is None:
        fine = _nodes(game, box, nodes)
    else:
        fine = np.asarray(grid[0], dtype=float), np.asarray(grid[1], dtype=float)
    solution = problem.solved(*fine, options)
    if coarse is None:
        return solution
    ends = [(float(part[0]), float(part[-1])) for part in fine]
    return _compared(solution, problem.solved(*_nodes(game, ends, coarse), options))


class _Problem:
    """The coefficient functions of one game at given numbers."""

    def __init__(self, game: Game, values: Mapping[sp.Symbol | str, object]) -> None:
        self.game = game
        if len(game.states) != 2:
            self._refuse(f"it has {len(game.states)} states", "The grid solver needs two.")
        if not game.horizon.stationary:
            self._refuse("its horizon is not exponential", "Use a constant hazard rate.")
        self.values = game_values(game, values)
        self.hazard = self._number(game.horizon.hazard, "the hazard rate")
        self._read_preference()

    def _refuse(self, reason: str, remedy: str) -> NoReturn:
        raise InputError(
            f"the game is out of scope: {reason}.", game=self.game.name, stage=STAGE, remedy=remedy
        )

    def _number(self, expression: sp.Expr, what: str) -> float:
        number = sp.expand(expression.xreplace(self.values))
        if number.free_symbols:
            self._refuse(f"{what} depends on {number.free_symbols.pop()}", "Make it a constant.")
        return float(number)

    def _read_preference(self) -> None:
        """Read weight and risk aversion off ``weight g - (c/2)(h - g^2)``."""
        preference = self.game.preference
        if len(preference.moments) != 2:
            self._refuse("its preference does not have two moments", "Use a mean-variance one.")
        g, h = (moment.symbol for moment in preference.moments)
        terms = sp.Poly(preference.aggregate.xreplace(self.values), g, h).as_dict()
        self.weight = terms.pop((1, 0), sp.S.Zero)
        curvature, linear = terms.pop((2, 0), sp.S.Zero), terms.pop((0, 1), sp.S.Zero)
        self.gamma = self._number(-2 * linear, "the risk aversion")
        if terms or sp.expand(curvature + linear) != 0 or not self.gamma > 0:
            self._refuse(
                "its preference is not weight g - (c/2)(h - g^2) with c > 0",
                "Use a mean-variance preference.",
            )
        control = self.game.control.symbol
        if any(moment.running.has(control) for moment in preference.moments):
            self._refuse("a running part depends on the control", "Use a terminal payoff.")

    def _powers(self, expression: sp.Expr, degree: int, what: str) -> list[sp.Expr]:
        """Coefficients of 1, p, ..., p^degree as functions of the states."""
        control = self.game.control.symbol
        polynomial = sp.Poly(sp.expand(expression.xreplace(self.values)), control)
        if polynomial.degree() > degree:
            self._refuse(f"{what} is not of degree {degree} in the control", "Change the dynamics.")
        return [polynomial.coeff_monomial(control**k) for k in range(degree + 1)]

    def _stack(self, functions: Iterable[sp.Expr], x: Array, y: Array) -> Array:
        mesh = np.meshgrid(x, y, indexing="ij")
        stack = []
        for function in functions:
            at = sp.lambdify(self.game.state_symbols, function, "numpy")
            stack.append(np.broadcast_to(np.asarray(at(*mesh), dtype=float), mesh[0].shape))
        return np.stack(stack)

    def solved(self, x: Array, y: Array, options: Mapping[str, Any]) -> GridSolution:
        """Sample the coefficients and call the compiled solver."""
        states, moments = self.game.states, self.game.preference.moments
        drift = [c for s in states for c in self._powers(s.drift, 1, f"the drift of {s.symbol}")]
        diffusion = []
        for first, second in combinations_with_replacement(states, 2):
            shared = sp.Add(
                *(v * second.loadings.get(noise, 0) for noise, v in first.loadings.items())
            )
            what = f"the covariance of {first.symbol} and {second.symbol}"
            diffusion += self._powers(shared, 2, what)
        payoff = [m.payoff.xreplace(self.values) for m in moments]
        running = [m.running.xreplace(self.values) for m in moments]
        source = self._stack(running, x, y) if any(running) else None
        _grid = _extension()
        try:
            found = _grid.solve_stationary(
                x,
                y,
                self._stack(drift, x, y),
                self._stack(diffusion, x, y),
                self._stack(payoff, x, y),
                self._stack([self.weight], x, y)[0],
                self.gamma,
                self.hazard,
                {**options, "source": source},
            )
        except _grid.InvalidInputError as error:
            raise InputError(
                f"{error.argument} is {error.value}.",
                game=self.game.name,
                stage=STAGE,
                remedy=f"{error.remedy[0].upper()}{error.remedy[1:]}.",
            ) from None
        except _grid.GridTooLargeError as error:
            raise InputError(
                f"{error}.", game=self.game.name, stage=STAGE, remedy="Use fewer nodes."
            ) from None
        g, h, policy = (found.pop(name) for name in ("g", "h", "policy"))
        status, message = found.pop("status"), found.pop("message")
        return GridSolution(self.game.name, x, y, g, h, policy, status, message, found)


def _extension() -> Any:
    try:
        return importlib.import_module("eqsolve._grid")
    except ImportError as error:
        raise MissingPartError(
            "the compiled module eqsolve._grid is not installed.",
            stage=STAGE,
            remedy="Install eqsolve from source with a Rust toolchain: pip install .",
        ) from error


def _nodes(
    game: Game, box: Sequence[Sequence[float]], nodes: int | Sequence[int]
) -> tuple[Array, Array]:
    counts = (nodes, nodes) if isinstance(nodes, int) else tuple(nodes)
    if len(counts) != 2 or not all(5 <= n <= MOST for n in counts):
        raise InputError(
            f"nodes must be between 5 and {MOST} a side, not {nodes}.",
            game=game.name,
            stage="input",
        )
    sides = [[float(end) for end in side] for side in box]
    if len(sides) != 2 or not all(
        len(side) == 2 and all(map(math.isfinite, side)) and side[0] < side[1] for side in sides
    ):
        raise InputError(
            f"box must be two finite intervals, not {box}.",
            game=game.name,
            stage="input",
            remedy="Write ((x0, x1), (y0, y1)) with x0 < x1 and y0 < y1.",
        )
    x, y = (np.linspace(low, high, n) for (low, high), n in zip(sides, counts, strict=True))
    return x, y


def _inner(nodes: Array) -> slice:
    center, half = 0.5 * (nodes[0] + nodes[-1]), 0.5 * (nodes[-1] - nodes[0])
    # a node on the edge of the window belongs to it whatever the rounding
    inside = np.flatnonzero(abs(nodes - center) <= INNER * half * (1 + 1e-9))
    return slice(int(inside[0]), int(inside[-1]) + 1)


def _compared(fine: GridSolution, coarse: GridSolution) -> GridSolution:
    """Attach the coarse solution; the policies are compared where the grids share nodes."""
    shared = []
    for ours, theirs in ((fine.x[fine.inner[0]], coarse.x), (fine.y[fine.inner[1]], coarse.y)):
        close = abs(ours[:, None] - theirs[None, :]) <= 1e-9 * (ours[-1] - ours[0])
        shared.append(np.nonzero(close))
    (ix, jx), (iy, jy) = shared
    if not (ix.size and iy.size):
        raise InputError(
            "the two grids share no nodes.",
            game=fine.game,
            stage="input",
            remedy="Choose numbers of nodes such that one less divides the other, less one.",
        )
    policy = fine.policy[fine.inner][np.ix_(ix, iy)]
    gap = abs(policy - coarse.policy[np.ix_(jx, jy)]).max() / abs(policy).max()
    changes: dict[str, Any] = {"coarse": coarse, "disagreement": float(gap)}
    if fine.ok and not coarse.ok:
        changes["status"] = coarse.status
        changes["message"] = f"on the coarser grid: {coarse.message}"
    elif fine.ok and not gap <= CONSISTENT:
        changes["status"] = "inconsistent_grids"
        changes["message"] = (
            f"the policies on the two grids differ by {gap:.3g} relative to the largest, more"
            f" than {CONSISTENT:g}"
        )
    return dataclasses.replace(fine, **changes)


def _plain(value: object) -> object:
    """Replace numbers that are not finite by None, recursively."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value
