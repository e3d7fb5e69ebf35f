"""The arguments of a mean-field game in one dimension: checked, sampled, and on a coarser grid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from eqsolve.pde.couplings import Coupling, forced
from eqsolve.pde.edge import Array, count, interval, number, refuse, sampled, shown, word
from eqsolve.pde.hamiltonians import STAGE, Hamiltonian, Quadratic
from eqsolve.pde.mfg_arguments import (
    METHODS,
    MOST,
    add_coarse,
    exits,
    grid_of_time,
    planned,
    switch,
    uniform,
)
from eqsolve.pde.mfg_solution import MFGSolution
from eqsolve.pde.resolution import Halved, judged

BOUNDARIES = ("reflecting", "absorbing", "periodic", "open")
#: Most points of time and space together, as in the compiled module.
MOST_POINTS = 1 << 23


@dataclass(frozen=True)
class Given:
    """What `eqsolve.pde.solve_mfg` is called with, by the same names and defaults."""

    domain: Any
    viscosity: Any
    nodes: Any = 201
    horizon: Any = 1.0
    steps: Any = 100
    times: Any = None
    drift: Any = 0.0
    discount: Any = 0.0
    stationary: Any = False
    initial: Any = uniform
    running: Any = 0.0
    terminal: Any = 0.0
    stopping: Any = None
    hamiltonian: Any = Quadratic()
    boundary: Any = "reflecting"
    exit_costs: Any = (0.0, 0.0)
    scheme: Any = "auto"
    damped_steps: Any = 0
    mass_source: Any = None
    richardson: Any = False
    method: Any = "anderson"
    tolerance: Any = 1e-10
    max_iterations: Any = 200
    relaxation: Any = 1.0
    starts: Any = 3
    planner: Any = False

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The domain."""
        return interval(STAGE, "domain", self.domain)

    @cached_property
    def x(self) -> Array:
        """The nodes, which the caller's functions see."""
        nodes = count(STAGE, "nodes", self.nodes, 5, MOST)
        periodic = word(STAGE, "boundary", self.boundary, *BOUNDARIES) == "periodic"
        x = np.linspace(*self.ends, nodes, endpoint=not periodic)
        x.setflags(write=False)
        return x

    @cached_property
    def when(self) -> Array:
        """The times."""
        if switch("stationary", self.stationary):
            if switch("richardson", self.richardson):
                refuse(STAGE, "richardson", True, "it is not offered for stationary problems")
            return np.array([0.0, 1.0])
        return grid_of_time(self.horizon, self.steps, self.times)

    @cached_property
    def middles(self) -> Array:
        """The middles of the steps."""
        return 0.5 * (self.when[:-1] + self.when[1:])

    @cached_property
    def _checked(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        x, when, middles = self.x, self.when, self.middles
        points = x.size * (when.size - 1)
        if points > MOST_POINTS:
            needed = f"at most {MOST_POINTS} fit into the memory"
            refuse(STAGE, "nodes times steps", points, needed)
        options: dict[str, Any] = {
            "boundary": self.boundary,
            "exit_costs": exits(self.exit_costs, self.boundary),
            "scheme": word(STAGE, "scheme", self.scheme, "auto", "central", "monotone"),
            "method": word(STAGE, "method", self.method, *METHODS),
            "tolerance": number(STAGE, "tolerance", self.tolerance),
            "max_iterations": count(STAGE, "max_iterations", self.max_iterations, 1, 1_000_000),
            "relaxation": number(STAGE, "relaxation", self.relaxation),
            "starts": count(STAGE, "starts", self.starts, 1, 3),
            "damped_steps": count(STAGE, "damped_steps", self.damped_steps, 0, when.size - 1),
            "richardson": switch("richardson", self.richardson),
            "drift": forced(self.drift, x, middles, "drift"),
            "discount": number(STAGE, "discount", self.discount),
            "stationary": self.stationary,
            "normalize": callable(self.initial),
        }
        if self.mass_source is not None:
            options["mass_source"] = forced(self.mass_source, x, middles, "mass_source")
        if self.stopping is not None:
            options["stopping"] = sampled(STAGE, "stopping", self.stopping, x)
        given = (self.running, self.terminal)
        costs = [
            (part if isinstance(part, Coupling) else Coupling(potential=part)).encoded(x, middles)
            for part in given
        ]
        if switch("planner", self.planner):
            planned(self.hamiltonian, self.stopping, self.stationary, self.boundary)
            for cost in costs:
                cost["planned"] = True
        if self.richardson:
            add_coarse(options, costs, given, self.mass_source, self.drift, x, when)
        if not isinstance(self.hamiltonian, Hamiltonian):
            needed = "use one of the classes of eqsolve.pde"
            refuse(STAGE, "hamiltonian", shown(self.hamiltonian), needed)
        game = (
            *self.ends,
            x.size,
            when,
            sampled(STAGE, "viscosity", self.viscosity, x),
            self.hamiltonian.encoded(),
            *costs,
            sampled(STAGE, "initial", self.initial, x),
        )
        return game, options

    @property
    def game(self) -> tuple[Any, ...]:
        """The game, as the compiled module reads it."""
        return self._checked[0]

    @property
    def options(self) -> dict[str, Any]:
        """How to solve it."""
        return self._checked[1]

    @cached_property
    def half(self) -> Halved:
        """The grid of twice the widths."""
        periodic = self.boundary == "periodic"
        return Halved(self.x, self.when, periodic=periodic, resting=bool(self.stationary))

    def halved(self, scheme: str) -> Given:
        """The same on the grid of twice the widths, from one start."""
        half = self.half
        return replace(
            self,
            nodes=half.x.size,
            times=None if self.stationary else half.times,
            viscosity=half.field(self.viscosity),
            drift=half.over_time(self.drift),
            stopping=None if self.stopping is None else half.field(self.stopping),
            initial=half.density(self.initial),
            running=half.coupling(self.running),
            terminal=half.coupling(self.terminal),
            scheme=scheme,
            damped_steps=self.damped_steps // 2,
            mass_source=half.forcing(self.mass_source),
            starts=1,
        )

    def judged(self, solution: MFGSolution, coarse: MFGSolution | None) -> MFGSolution:
        """The solution with what the coarser one says about its errors."""
        central = solution.diagnostics["scheme"] == "central"
        # where agents stop is known to a node only
        order = 2 if central and self.stopping is None else 1
        return judged(solution, coarse, self.initial, self.ends, order, self.half, self.boundary)
