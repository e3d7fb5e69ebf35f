"""Arguments of mean-field games that take more than one look: times, exits, functions of time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from eqsolve.pde.couplings import Coupling, forced
from eqsolve.pde.edge import Array, count, number, reals, refuse, shown, two
from eqsolve.pde.hamiltonians import STAGE, Compiled, Hamiltonian

#: Iterations on the fixed point.
METHODS = ("anderson", "newton", "picard", "fictitious_play", "policy_iteration")
#: Most nodes, and most steps in time.
MOST = 100_000


def exits(value: Any, boundary: str) -> tuple[float, float]:
    """Costs of leaving, at absorbing boundaries only."""
    sides = two(STAGE, "exit_costs", value, "numbers, left and right,")
    left, right = (number(STAGE, "exit_costs", side) for side in sides)
    if boundary != "absorbing" and (left, right) != (0.0, 0.0):
        refuse(STAGE, "exit_costs", shown(value), "they belong to boundary 'absorbing'")
    return left, right


def grid_of_time(horizon: Any, steps: Any, times: ArrayLike | None) -> Array:
    """Increasing times."""
    if times is not None:
        when = np.array(reals(STAGE, "times", times), dtype=float)
        if when.ndim != 1 or not 2 <= when.size <= MOST + 1:
            refuse(
                STAGE, "times", f"an array of shape {when.shape}", "2 to 100001 times are needed"
            )
        return when
    length = number(STAGE, "horizon", horizon)
    if not length > 0:
        refuse(STAGE, "horizon", length, "choose a positive number")
    return np.linspace(0.0, length, count(STAGE, "steps", steps, 1, MOST) + 1)


def switch(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        refuse(STAGE, name, shown(value), "True or False is needed")
    return bool(value)


def planned(hamiltonian: Hamiltonian, stopping: Any, stationary: bool, boundary: str) -> None:
    """Refuse what a planner is not offered for."""
    if isinstance(hamiltonian, Compiled) and any(hamiltonian.encoded()[-1]):
        needed = "it needs a Hamiltonian that does not depend on the law"
        refuse(STAGE, "planner", "True with a Hamiltonian of the law", needed)
    if stopping is not None:
        refuse(STAGE, "planner", "True where agents may stop", "it is not offered there")
    if stationary and boundary == "absorbing":
        what = "True for a stationary problem whose agents leave"
        refuse(STAGE, "planner", what, "give a horizon")


def uniform(x: Array) -> Array:
    """The density of the uniform law, but for its factor."""
    return np.ones_like(x)


def add_coarse(
    options: dict[str, Any],
    costs: list[dict[str, Any]],
    couplings: tuple[Any, Any],
    mass_source: Any,
    drift: Any,
    x: Array,
    when: Array,
) -> None:
    """Functions of time at the middles of the coarse steps, which are not middles of fine ones."""
    if when.size % 2 == 0:
        refuse(STAGE, "steps", when.size - 1, "with richardson an even number is needed")
    middles = 0.5 * (when[:-2:2] + when[2::2])
    forcings = [c.forcing if isinstance(c, Coupling) else None for c in couplings]
    parts: list[tuple[dict[str, Any], str, Any]] = [
        (costs[0], "forcing", forcings[0]),
        (costs[1], "forcing", forcings[1]),
    ]
    parts += [(options, "mass_source", mass_source), (options, "drift", drift)]
    for target, name, given in parts:
        if given is None or (name == "drift" and np.ndim(given) < 2 and not callable(given)):
            continue
        if not callable(given):
            refuse(STAGE, name, "an array", "with richardson a function of (t, x) is needed")
        target[f"coarse_{name}"] = forced(given, x[::2], middles, name)
