"""Mean-field games with a common noise, as a tree of its quantized increments.

The state ``dX = (b + a) dt + sqrt(2 nu) dW + s dW0`` is looked at in ``Y = X - s W0``, which no
common noise moves. The increments of W0 over equal periods become shocks in the middle of
these, with few values: the best quantizer of their normal law. At a shock the value is the mean of
those after it, and the law of Y goes on into every branch; costs are those of ``X = Y + s W0``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eqsolve.laws import Normal, quantize
from eqsolve.pde.couplings import Coupling
from eqsolve.pde.edge import Array, Progress, call, count, number, plain, refuse, word
from eqsolve.pde.given import Given
from eqsolve.pde.hamiltonians import STAGE, Compiled
from eqsolve.pde.mfg_solution import MFGSolution
from eqsolve.pde.told import Told
from eqsolve.schemas import SCHEMA

#: Most paths of the common noise.
MOST_PATHS = 2000
FIELDS = ("potential", "mean", "variance", "control_mean", "density")


@dataclass(frozen=True)
class Part:
    """The game between two shocks, in the coordinate that moves with the noise.

    Attributes
    ----------
    solution : there; add ``shift`` to its ``x`` and its ``mean`` to have those of the state.
    before : number of the part before the shock, None for the first one.
    probability : of the noise's path up to here.
    shift : s W0 here.
    """

    solution: MFGSolution
    before: int | None
    probability: float
    shift: float


@dataclass(frozen=True)
class CommonNoiseSolution(Told):
    """An equilibrium on a tree of scenarios.

    Attributes
    ----------
    parts : between shocks, each after the one that it follows.
    circle : the ends of a periodic domain, which are one point; None at open ends.
    """

    parts: tuple[Part, ...]
    circle: tuple[float, float] | None = None

    @property
    def ok(self) -> bool:
        """Whether all parts can be relied on."""
        return all(part.solution.ok for part in self.parts)

    @property
    def status(self) -> str:
        """``ok``, or the status of the first part that is not."""
        return next((p.solution.status for p in self.parts if not p.solution.ok), "ok")

    @property
    def message(self) -> str:
        """What is said of the first part that is not ``ok``, or of the first one."""
        bad = [part.solution for part in self.parts if not part.solution.ok]
        return (bad or [self.parts[0].solution])[0].message

    @property
    def paths(self) -> Iterator[tuple[Part, ...]]:
        """The parts along each path of the noise."""
        followed = {part.before for part in self.parts}
        for i, part in enumerate(self.parts):
            if i in followed:
                continue
            path = [part]
            while path[0].before is not None:
                path.insert(0, self.parts[path[0].before])
            yield tuple(path)

    @property
    def final_means(self) -> tuple[Array, Array]:
        """The conditional mean of the state at the end on each path, and the probabilities.

        On a circle it is the mean of the places between the two ends of the domain.
        """
        last = [path[-1] for path in self.paths]
        means = [part.solution.mean[-1] + part.shift for part in last]
        if self.circle is not None:
            laws = [part.solution.m[-1] / part.solution.m[-1].sum() for part in last]
            places = [_around(part.solution.x + part.shift, self.circle) for part in last]
            means = [float(law @ place) for law, place in zip(laws, places, strict=True)]
        return np.array(means), np.array([part.probability for part in last])

    def to_dict(self) -> dict[str, Any]:
        """Return a mapping of plain numbers, strings and lists; undefined numbers are None."""
        parts = [
            {
                "before": part.before,
                "probability": part.probability,
                "shift": part.shift,
                **part.solution.to_dict(),
            }
            for part in self.parts
        ]
        head = {"schema": SCHEMA, "status": self.status, "message": self.message}
        return {**head, "parts": plain(parts)}


def solve_mfg_common_noise(
    *,
    common_volatility: float,
    shocks: int = 2,
    points: int = 3,
    check: bool = True,
    progress: Progress | None = None,
    **game: Any,
) -> CommonNoiseSolution:
    """Solve a mean-field game whose players share a noise.

    Parameters
    ----------
    common_volatility : s.
    shocks : periods of equal length, each with a shock in its middle.
    points : values of a shock; the tree has ``points**shocks`` paths.
    check : solve on the grid of twice the widths, too; the error that it tells is that of the grid.
        That of the tree shows when ``shocks`` and ``points`` are changed.
    progress : as in `solve_mfg`.
    game : the arguments of `solve_mfg`, with ``horizon`` and ``steps``, a multiple of
        ``2 * shocks``; fields are numbers or functions, ends are open or periodic. The domain is
        that of Y, which needs no room for the common noise. Around a circle functions are called
        with places between its ends, and costs of mean and variance, which do not move with the
        noise there, are refused.

    Raises
    ------
    InputError
        If an argument is outside its domain; names the argument, its value and the remedy.
    """
    volatility = number(STAGE, "common_volatility", common_volatility)
    shocks = count(STAGE, "shocks", shocks, 1, 20)
    points = count(STAGE, "points", points, 2, 100)
    if points**shocks > MOST_PATHS:
        refuse(STAGE, "points**shocks", points**shocks, f"a tree has at most {MOST_PATHS} paths")
    known = set(Given.__dataclass_fields__) - {
        *(
            "times",
            "stationary",
            "stopping",
            "richardson",
            "starts",
            "mass_source",
            "exit_costs",
            "planner",
        )
    }
    for name in game:
        if name not in known:
            refuse(STAGE, name, "given", f"known here: {', '.join(sorted(known))}")
    for name in ("domain", "viscosity"):
        if name not in game:
            refuse(STAGE, name, "missing", "it is needed")
    whole = Given(**game, starts=1)
    word(STAGE, "boundary", whole.boundary, "open", "periodic")
    steps = count(STAGE, "steps", whole.steps, 2 * shocks, 100_000)
    if steps % (2 * shocks):
        refuse(STAGE, "steps", steps, f"a multiple of {2 * shocks} is needed")
    if isinstance(whole.hamiltonian, Compiled):
        refuse(STAGE, "hamiltonian", "a function", "one of the gradient alone is needed")
    period = float(whole.when[-1]) / shocks
    found = quantize(Normal(0.0, period**0.5), points)
    tree: list[tuple[int | None, float, float, float]] = [(None, 1.0, 1.0, 0.0)]
    last = [0]
    for _ in range(shocks):
        after = []
        for i in last:
            for value, weight in zip(found.points, found.weights, strict=True):
                shift = tree[i][3] + volatility * float(value)
                tree.append((i, float(weight), tree[i][2] * float(weight), shift))
                after.append(len(tree) - 1)
        last = after
    ends = set(last)
    given = []
    level: list[int] = []
    for i, (before, _, _, shift) in enumerate(tree):
        level.append(0 if before is None else level[before] + 1)
        times = _times(whole, shocks, level[i])
        given.append(_moved(whole, shift, times, first=i == 0, last=i in ends))
    branches = [(before, weight) for before, weight, _, _ in tree]
    fine = _solved(given, branches, progress)
    if check and all(s.ok for s in fine) and given[0].half.possible:
        below = [one.halved(s.diagnostics["scheme"]) for one, s in zip(given, fine, strict=True)]
        coarse = _solved(below, branches, None)
        fine = [
            # the law at a shock is none that the domain cuts off
            replace(one, initial=np.ones_like(one.x)).judged(s, c) if i else one.judged(s, c)
            for i, (one, s, c) in enumerate(zip(given, fine, coarse, strict=True))
        ]
    return CommonNoiseSolution(
        tuple(
            Part(solution, before, probability, shift)
            for solution, (before, _, probability, shift) in zip(fine, tree, strict=True)
        ),
        circle=whole.ends if whole.boundary == "periodic" else None,
    )


def _solved(
    given: list[Given], branches: list[tuple[int | None, float]], progress: Progress | None
) -> list[MFGSolution]:
    games = [(one.game, one.options | {"progress": progress}) for one in given]
    found: Any = call(STAGE, "solve_mfg_scenarios", games, branches)
    return [MFGSolution.of(part) for part in found]


def _times(whole: Given, shocks: int, level: int) -> Array:
    """The times between two shocks, of the grid of the whole."""
    half = whole.steps // (2 * shocks)
    first = 0 if level == 0 else (2 * level - 1) * half
    last = whole.steps if level == shocks else (2 * level + 1) * half
    return whole.when[first : last + 1]


def _moved(whole: Given, shift: float, times: Array, *, first: bool, last: bool) -> Given:
    """The game in the moving coordinate where the noise has the given value."""

    circle = whole.ends if whole.boundary == "periodic" else None

    def place(y: Array) -> Array:
        return y + shift if circle is None else _around(y + shift, circle)

    def field(given: Any) -> Any:
        if callable(given):
            return lambda y: given(place(y))
        if np.ndim(given):
            refuse(STAGE, "a field", "an array", "with a common noise functions are needed")
        return given

    def over_time(given: Any) -> Any:
        return (lambda t, y: given(t, place(y))) if callable(given) else field(given)

    def cost(given: Any) -> Coupling:
        coupling = given if isinstance(given, Coupling) else Coupling(potential=given)
        if coupling.function is not None or coupling.control or not _plain(coupling.kernel):
            refuse(STAGE, "a cost", "not a sum of parts", "with a common noise it must be one")
        laws = (coupling.mean, coupling.mean_squared, coupling.variance)
        if circle is not None and any(callable(law) or np.any(law) for law in laws):
            refuse(
                STAGE,
                "a cost",
                "one of mean or variance",
                "a common noise around a circle has none",
            )
        own = {name: field(getattr(coupling, name)) for name in FIELDS}
        square = field(coupling.mean_squared)
        if coupling.forcing is not None:
            own["forcing"] = over_time(coupling.forcing)
        # the mean of X is that of Y and the shift
        own["potential"] = _sum((own["potential"], 1), (own["mean"], shift), (square, shift**2))
        own["mean"] = _sum((own["mean"], 1), (square, 2 * shift))
        return replace(coupling, **own, mean_squared=square)

    return replace(
        whole,
        times=times,
        viscosity=field(whole.viscosity),
        drift=over_time(whole.drift),
        running=cost(whole.running),
        terminal=cost(whole.terminal) if last else 0.0,
        initial=whole.initial if first else lambda y: np.ones_like(y),
    )


def _around(x: Array, circle: tuple[float, float]) -> Array:
    """The same places on a circle between its ends."""
    low, high = circle
    found: Array = low + (x - low) % (high - low)
    return found


def _plain(kernel: Any) -> bool:
    return kernel is None or callable(kernel)


def _sum(*parts: tuple[Any, float]) -> Callable[[Array], Array]:
    """A sum of fields with factors."""

    def at(y: Array) -> Array:
        total = np.zeros_like(y)
        for field, factor in parts:
            total = total + factor * np.asarray(field(y) if callable(field) else field)
        return total

    return at
