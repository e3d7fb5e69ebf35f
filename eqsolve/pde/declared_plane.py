"""A declared game of two states, with one control or several, solved in two dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp
from scipy.integrate import cumulative_trapezoid
from scipy.interpolate import RegularGridInterpolator

from eqsolve.game.parameters import Numbers
from eqsolve.pde.declared_controls import ROUNDING, Axes, Controlled
from eqsolve.pde.declared_ends import settled
from eqsolve.pde.declared_part import OnGrid, field, numbers_in
from eqsolve.pde.edge import Array, Progress
from eqsolve.pde.hamiltonians import Quadratic, Uncontrolled
from eqsolve.pde.plane import PlaneCost, solve_mfg_plane
from eqsolve.pde.plane_result import of_plane
from eqsolve.pde.plane_solution import PlaneSolution

#: Nodes a side and steps, both of which can be halved.
NODES, STEPS = 65, 96
#: The domain reaches so many deviations beyond the mean of the law at any time.
REACH = 5.0
#: Most domains that are tried, each as wide as the law on the one before asks for.
TRIES = 5
#: The strategy is compared within so many deviations of the initial law.
COMPARED = 2.0
#: Names of the solver's axes.
AXES = ("x", "y")


@dataclass(frozen=True)
class Plane(Controlled):
    """The game of a model with two states; its parts are in the model's own letters."""

    def solve(self, numbers: Numbers, progress: Progress | None = None) -> OnGrid:
        """Solve on a domain that holds the law at all times."""
        exact = numbers_in(numbers)
        square, pushes, noise = (
            np.array(part.xreplace(exact).tolist(), dtype=float)
            for part in (self.square, self.pushes, self.noise)
        )
        if not np.linalg.eigvalsh(square).min() > 0:
            raise self.senseless("a direction of the controls costs nothing.")
        spread = np.linalg.eigvalsh(noise)
        if not spread.min() > ROUNDING * spread.max():
            raise self.senseless("the noises do not move both states in all directions.")
        moved = pushes @ np.linalg.solve(square, pushes.T)
        if not moved.any():
            raise self.senseless("the controls move nothing.")
        axes = Axes.of(noise, moved)
        options = self._options(exact, axes, np.linalg.inv(square)) | {"progress": progress}
        mean, covariance = self._start(numbers, exact, noise, axes, options)
        end = self.game.horizon.end
        if end is not None:
            options["horizon"] = float(self.plain(end).xreplace(exact))
            solution = self._solved(mean, covariance, options | {"steps": STEPS})
        else:
            solution = self._endless(mean, covariance, options, 1 / self.discounted(exact))
        return self._told(solution, exact, axes, square, pushes, (mean, covariance))

    def _options(
        self, exact: Mapping[sp.Symbol, sp.Rational], axes: Axes, dear: Array
    ) -> dict[str, Any]:
        """The problem without domain and times."""
        states = self.game.state_symbols
        cheap = sp.Matrix(dear.tolist())
        linear = self.linear.xreplace(exact)
        drift = self.drift.xreplace(exact) - self.pushes.xreplace(exact) * cheap * linear
        running = self.rest.xreplace(exact) - (linear.T * cheap * linear)[0] / 2

        def turned(expression: sp.Expr) -> Any:
            inner = field(expression, *states)
            return lambda x, y: inner(*axes.states(x, y))

        def cost(expression: sp.Expr) -> PlaneCost:
            # without the products of means, which move no strategy
            own, factors, _ = self.parts(expression)
            x_part, y_part = (sp.Matrix(axes.back.tolist()).T * sp.Matrix(factors)).tolist()
            return PlaneCost(
                potential=turned(own),
                mean_x=turned(x_part[0]) if x_part[0] != 0 else 0.0,
                mean_y=turned(y_part[0]) if y_part[0] != 0 else 0.0,
            )

        along = sp.Matrix(axes.turn.tolist()) * drift
        return {
            "nodes": (NODES, NODES),
            "viscosity": tuple(axes.spread.tolist()),
            "drift": tuple(turned(part) for part in along),
            "discount": float(self.rate.xreplace(exact)),
            "hamiltonian": tuple(Quadratic(s) if s > 0 else Uncontrolled() for s in axes.scales),
            "running": cost(running),
            "terminal": cost(self.own[1].xreplace(exact)),
            "boundary": ("open", "open"),
        }

    def _start(
        self,
        numbers: Numbers,
        exact: Mapping[sp.Symbol, sp.Rational],
        noise: Array,
        axes: Axes,
        options: dict[str, Any],
    ) -> tuple[Array, Array]:
        """Mean and covariance of the initial law; of a player on his own, where he soon is."""
        states = self.game.state_symbols
        if all(state in self.model.initial for state in states):
            laws = [self.model.initial[state] for state in states]
            told = [
                [float((sp.S.Zero + self.plain(p)).xreplace(exact)) for p in law] for law in laws
            ]
            if not min(variance for _, variance in told) > 0:
                raise self.senseless(
                    "a variance of the initial law is 0, which has no density on a grid."
                )
            variances = np.diag([variance for _, variance in told])
            return axes.turn @ [m for m, _ in told], axes.turn @ variances @ axes.turn.T
        mean = axes.turn @ [float(numbers.states.get(state, 0)) for state in states]
        far = 1 / self.discounted(exact)
        wide = axes.turn @ noise @ axes.turn.T * far
        soon, _ = self._around(mean, wide, options | {"horizon": far, "steps": STEPS})
        found = soon.covariance[-1]
        return mean, np.diag(np.diag(found)) if np.isfinite(found).all() else wide

    def _around(
        self, mean: Array, covariance: Array, options: dict[str, Any]
    ) -> tuple[PlaneSolution, dict[str, Any]]:
        """The law on a coarse grid that holds it, and the problem with domain and initial law."""
        inverse, deviation = np.linalg.inv(covariance), np.sqrt(np.diag(covariance))

        def initial(x: Array, y: Array) -> Array:
            apart = np.stack([x - mean[0], y - mean[1]])
            found: Array = np.exp(-np.einsum("i...,ij,j...->...", apart, inverse, apart) / 2)
            return found

        given = options | {"initial": initial}
        thin = given | {"nodes": (NODES // 2 + 1,) * 2, "steps": options["steps"] // 2}
        low, high = mean - 1.2 * REACH * deviation, mean + 1.2 * REACH * deviation
        for _ in range(TRIES):
            given["domain"] = tuple(zip(low.tolist(), high.tolist(), strict=True))
            law = solve_mfg_plane(**thin | {"domain": given["domain"], "check": False})
            variances = np.einsum("kii->ki", law.covariance)
            reach = REACH * np.sqrt(np.maximum(variances, deviation**2))
            least, most = (law.mean - reach).min(axis=0), (law.mean + reach).max(axis=0)
            if not ((least < low).any() or (most > high).any()):
                break
            half = 0.5 * REACH * deviation
            low = np.where(least < low, least - half, low)
            high = np.where(most > high, most + half, high)
        return law, given

    def _solved(self, mean: Array, covariance: Array, options: dict[str, Any]) -> PlaneSolution:
        """Solve on a domain that keeps away from the law."""
        return solve_mfg_plane(**self._around(mean, covariance, options)[1])

    def _endless(
        self, mean: Array, covariance: Array, options: dict[str, Any], horizon: float
    ) -> PlaneSolution:
        """Solve up to later and later ends until the start settles."""
        inside = np.linspace(-COMPARED, COMPARED, 17)
        middle, deviation = np.asarray(mean), np.sqrt(np.diag(covariance))
        mesh = np.stack(np.meshgrid(inside, inside, indexing="ij"), axis=-1)
        places = middle + deviation * mesh

        def start(found: PlaneSolution) -> Array:
            both = np.stack([found.control_x[0], found.control_y[0]], axis=-1)
            at: Array = RegularGridInterpolator((found.x, found.y), both)(places)
            return at

        return settled(
            lambda until, steps: self._solved(
                mean, covariance, options | {"horizon": until, "steps": steps}
            ),
            start,
            horizon,
            STEPS,
        )

    def _told(
        self,
        solution: PlaneSolution,
        exact: Mapping[sp.Symbol, sp.Rational],
        axes: Axes,
        square: Array,
        pushes: Array,
        law: tuple[Array, Array],
    ) -> OnGrid:
        """The strategy in the author's letters, beside the solution in the solver's axes."""
        scales = np.where(axes.scales > 0, axes.scales, 1.0)
        slopes = np.stack([-solution.control_x / scales[0], -solution.control_y / scales[1]])
        mesh = np.meshgrid(solution.x, solution.y, indexing="ij")
        states = axes.states(*mesh)
        linear = [field(l.xreplace(exact), *self.game.state_symbols)(*states) for l in self.linear]
        paid = np.einsum("ij,i...->j...", axes.turn @ pushes, slopes)
        strategy = -np.einsum(
            "ij,j...->i...", np.linalg.inv(square), paid + np.stack(linear)[:, None]
        )
        result = of_plane(self.game.name, self._whole(solution, exact, axes))
        what = [
            f"{name} = "
            + " + ".join(f"({f:.6g}) {s}" for f, s in zip(row, self.game.state_symbols))
            for name, row in zip(AXES, axes.turn, strict=True)
        ]
        arrays = dict(result.arrays)
        for control, values in zip(self.game.controls, strategy, strict=True):
            arrays[f"strategy_{control}"] = (("t", *AXES), values)
        result = replace(
            result,
            arrays=arrays,
            sentences=(f"The axes are {' and '.join(what)}.", *result.sentences),
            diagnostics={**result.diagnostics, "axes": axes.turn.tolist()},
        )
        mean, covariance = law
        apart = np.stack([mesh[0] - mean[0], mesh[1] - mean[1]])
        away = np.einsum("i...,ij,j...->...", apart, np.linalg.inv(covariance), apart)
        inside = away <= COMPARED**2
        places = {s: at[inside] for s, at in zip(self.game.state_symbols, states, strict=True)}
        center = axes.back @ mean
        places |= {m: np.full(inside.sum(), c) for m, c in zip(self.means, center, strict=True)}
        controls = zip(self.game.controls, strategy, strict=True)
        return OnGrid(result, places, {u: values[0][inside] for u, values in controls})

    def _whole(
        self, solution: PlaneSolution, exact: Mapping[sp.Symbol, sp.Rational], axes: Axes
    ) -> PlaneSolution:
        """The solution with what costs pay that depend on the law alone."""
        means, t = solution.mean @ axes.back.T, solution.t

        def at(cost: sp.Expr, law: Array) -> Array:
            products = np.array(self.parts(cost)[2].xreplace(exact).tolist(), dtype=float)
            paid: Array = np.einsum("...i,ij,...j->...", law, products, law)
            return paid

        fading = np.exp(-float(self.rate.xreplace(exact)) * t)
        running = cumulative_trapezoid(fading * at(self.rest, means), t, initial=0.0)
        rest = running[-1] - running + fading[-1] * at(self.own[1], means[-1])
        constant = rest / fading
        known = dict(solution.diagnostics)
        for name in ("cost", "best_cost"):
            known[name] += float(constant[0])
        return replace(solution, u=solution.u + constant[:, None, None], diagnostics=known)
