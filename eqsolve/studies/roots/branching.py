"""What decides among the solutions of a game: one polynomial in one unknown coefficient."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb
from numba import njit
from numpy.typing import NDArray

from eqsolve.arithmetic.code import Code
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.solve.solution import solve
from eqsolve.derivation.solve.step import Explicit, Root
from eqsolve.errors import DerivationError
from eqsolve.kernels.arithmetic import cubic
from eqsolve.kernels.steps.roots import real_roots
from eqsolve.program.make import made
from eqsolve.program.program import Growth

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Values = Mapping[str, Array]

#: Relative distance of two roots below which doubles do not decide how many there are.
NEAR = 1e-9


@dataclass(frozen=True)
class Branches:
    """All real solutions at points; arrays end with an axis of solutions.

    Attributes
    ----------
    roots : values of the unknown, ascending; NaN where there are fewer.
    quantities : coefficients and declared results by name; NaN where there is no solution.
    admissible : whether expectations are finite and the feedback is a maximum (minimum).
    attracting : whether the equations of a finite horizon, linearized, lead to it as the horizon
        grows.
    reached : by the number of the solution, the admissible one that finite horizons reach where
        that is known; -1 elsewhere.
    near : whether it is not decided, without the axis of solutions. Doubles do not where two
        solutions cannot be told apart, or a condition on one is not a number, as where a formula
        divides by 0.
    """

    roots: Array
    quantities: Mapping[str, Array]
    admissible: Flags
    attracting: Flags
    reached: NDArray[np.int8]
    near: Flags

    @property
    def count(self) -> NDArray[np.int8]:
        """How many solutions are admissible; -1 where that is not decided."""
        found = self.admissible.sum(axis=-1, dtype=np.int8)
        return np.where(self.near, -1, found).astype(np.int8)

    def of_reached(self, name: str) -> Array:
        """A quantity at the solution that is reached."""
        place = np.maximum(self.reached, 0)[..., None]
        found = np.take_along_axis(self.quantities[name], place, axis=-1)[..., 0]
        return np.where(self.reached >= 0, found, np.nan)


class Branching:
    """The polynomial of a stationary game, and everything else in its root.

    Attributes
    ----------
    root : the unknown.
    coefficients : of its polynomial, from the highest power, in parameters.
    program : of the game.
    """

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        solution = derivation.once(solve)
        game = derivation.model.name
        kept = [s for s in solution.steps if isinstance(s, Root)]
        others = [s for s in solution.steps if not isinstance(s, (Root, Explicit))]
        if others or len(kept) != 1 or len(kept[0].coefficients) < 3:
            raise DerivationError(
                "its coefficients do not come down to one polynomial in one unknown.",
                game=game,
                stage="roots",
                remedy="Use solve, which lists every solution at a point.",
            )
        maker, self.program = derivation.once(made)
        (step,) = kept
        self.root = step.symbol
        self.coefficients = tuple(
            solution.spelled(c).xreplace(maker.spelled) for c in step.coefficients
        )
        self.polynomial = maker.code(self.coefficients)
        explicit = [s for s in solution.steps if isinstance(s, Explicit)]
        self._steps = [(maker.name(s.symbol), maker.code([s.expression])) for s in explicit]
        self._name = maker.name(step.symbol)
        moving = next(b for b in self.program.system.blocks if self._name in b)
        #: the coefficients that are coupled with the root
        self.coupled = tuple(u for u in moving if u in self.program.system.unknowns)

    @property
    def _places(self) -> list[int]:
        return [self.program.system.unknowns.index(u) for u in self.coupled]

    def at(self, values: Values, shown: Iterable[str] | None = None) -> Branches:
        """All solutions at points.

        Parameters
        ----------
        values : arrays by name of every parameter, which broadcast.
        shown : coefficients and declared results that are wanted; all of them by default.
        """
        shape = np.broadcast_shapes(*(np.shape(v) for v in values.values()))
        flat = {k: np.broadcast_to(v, shape).reshape(-1).astype(float) for k, v in values.items()}
        with np.errstate(all="ignore"):
            size = math.prod(shape)
            table = _stacked(self.polynomial, flat, size)
            roots, near = _all_roots(table)
            place, number = np.nonzero(np.isfinite(roots))
            wanted = self.quantities if shown is None else tuple(shown)
            own = self.environment(
                {k: v[place] for k, v in flat.items()}, roots[place, number], wanted
            )
            judged, decided = self._judged(own, place.size)
            attracting = self._attracting(own, place.size)
            unknown = (table[:, :-1] == 0).all(axis=-1)
            unknown[place[~decided]] = True
            told = {
                n: arrays(c, own, place.size)[0] for n, c in self.program.outputs if n in wanted
            }
            told |= {name: own[name] for name in wanted if name in own}
            limit = self.program.limit
            rank = None if limit is None else arrays(limit.code, own, place.size)[0]

        def filled(flags: Any, empty: Any) -> Any:
            whole = np.full(roots.shape, empty)
            whole[place, number] = flags
            return whole.reshape(*shape, -1)

        admissible = filled(judged, False)
        order = None if rank is None else filled(rank, np.nan)
        return Branches(
            roots.reshape(*shape, -1),
            {name: filled(v, np.nan) for name, v in told.items()},
            admissible,
            filled(attracting, False),
            np.where(unknown.reshape(shape), -1, _reached(admissible, order)).astype(np.int8),
            (near | unknown).reshape(shape),
        )

    @cached_property
    def quantities(self) -> tuple[str, ...]:
        """What every solution has: declared results without states, and coefficients."""
        program = self.program
        declared = (n for n, code in program.outputs if not {*code.arguments} & {*program.states})
        return (*declared, *program.system.unknowns, *program.feedback)

    @cached_property
    def _always(self) -> set[str]:
        """What decides on every solution needs."""
        program = self.program
        codes = [claim.code for claim in (*program.system.domains, *program.second_order)]
        for system in program.growth:
            codes += [system.rate, *system.start]
            codes += [] if system.matrix is None else [system.matrix]
        codes += [program.system.rates.only(self._places)]
        codes += [] if program.limit is None else [program.limit.code]
        return {name for code in codes for name in code.arguments}

    def environment(
        self, values: Values, roots: Array, shown: Iterable[str] = ()
    ) -> dict[str, Array]:
        """Coefficients in parameters and the root, as far as they are needed; states are 1."""
        program, declared = self.program, dict(self.program.outputs)
        wanted = {*self._always, *shown}
        wanted |= {a for n in shown if n in declared for a in declared[n].arguments}
        feedback = [n for n in program.explicit.names if n in wanted]
        explicit = program.explicit.code.only([program.explicit.names.index(n) for n in feedback])
        wanted |= {*explicit.arguments}
        steps = []
        for name, code in reversed(self._steps):
            if name in wanted:
                steps.append((name, code))
                wanted |= {*code.arguments}
        own = {**values, self._name: roots}
        for name, code in reversed(steps):
            (own[name],) = arrays(code, own, roots.size)
        own |= zip(feedback, arrays(explicit, own, roots.size))
        one = np.ones(roots.shape)
        own |= dict.fromkeys(program.states, one)
        given = program.given
        if given is not None:
            own |= dict.fromkeys(given.averages, one)
            known = [(n, code) for n, code in given.known if {*code.arguments} <= {*own}]
            for name, code in known:
                (own[name],) = arrays(code, own, roots.size)
        return own

    def _judged(self, own: Values, size: int) -> tuple[Flags, Flags]:
        """Whether solutions are admissible, and whether that is decided: by numbers only."""
        fine, decided = np.ones(size, bool), np.ones(size, bool)
        for claim in (*self.program.system.domains, *self.program.second_order):
            margin = arrays(claim.code, own, size)[0]
            fine &= margin > 0
            decided &= np.isfinite(margin) & (margin != 0)
        for system in self.program.growth:
            if system.matrix is not None and size:
                growth = _growth(system, own, size)
                fine &= growth < 0
                # nothing grows where nothing is reached
                decided &= (np.isfinite(growth) & (growth != 0)) | np.isneginf(growth)
        return fine, decided

    def attracts(self, own: Values) -> bool:
        """Whether the equations of a finite horizon lead to one solution, given by its numbers."""
        if not {*self.coupled} <= {*own}:
            return False
        return bool(self._attracting(own, 1)[0])

    def _attracting(self, own: Values, size: int) -> Flags:
        """Whether all eigenvalues of the coupled rates' derivatives are negative."""
        system = self.program.system
        width = len(self.coupled)
        rates = system.rates.only(self._places)
        given = [np.broadcast_to(own[a], size) for a in rates.arguments]
        matrix = np.zeros((size, width, width))
        with np.errstate(all="ignore"):
            _, rows = rates.jacobian(given)
        for i, row in enumerate(rows):
            for place, slope in row.items():
                if rates.arguments[place] in self.coupled:
                    matrix[:, i, self.coupled.index(rates.arguments[place])] = slope
        return _largest(matrix) < 0


def _reached(admissible: Flags, order: Array | None) -> NDArray[np.int8]:
    """The number of the admissible solution that finite horizons reach, where that is known."""
    count = admissible.sum(axis=-1)
    if order is None:
        return np.where(count == 1, admissible.argmax(axis=-1), -1).astype(np.int8)
    ranked = np.where(admissible, order, -np.inf)
    return np.where(count > 0, ranked.argmax(axis=-1), -1).astype(np.int8)


def _all_roots(table: Array) -> tuple[Array, Flags]:
    """The real roots of polynomials by rows, leading coefficient first, and which are near folds.

    Roots in rows are ascending, NaN where there are fewer.
    """
    solver = _cubics if table.shape[1] == 4 else _polynomials
    roots: Array
    roots, near = solver(np.ascontiguousarray(table))
    return roots, near


@njit(cache=True, error_model="numpy")
def _cubics(table: Any) -> Any:
    size = table.shape[0]
    roots, near = np.full((size, 3), np.nan), np.zeros(size, np.bool_)
    for k in range(size):
        c3, c2, c1, c0 = table[k]
        found = cubic.real_roots((c3, 0.0), (c2, 0.0), (c1, 0.0), (c0, 0.0))
        near[k] = found.status != cubic.OK or abs(found.gap) < NEAR
        for j in range(found.number):
            roots[k, j] = found.roots[j][0]
    return roots, near


@njit(cache=True, error_model="numpy")
def _polynomials(table: Any) -> Any:
    size, width = table.shape
    roots, near = np.full((size, width - 1), np.nan), np.zeros(size, np.bool_)
    for k in range(size):
        first = 0
        while first < width - 2 and table[k, first] == 0.0:
            first += 1
        if not np.all(np.isfinite(table[k])) or table[k, first] == 0.0:
            near[k] = True
            continue
        found, doubtful = real_roots(table[k, first:])
        near[k] = doubtful.size > 0
        roots[k, : found.size] = found
    return roots, near


def _growth(system: Growth, own: Values, size: int) -> Array:
    """The fastest growth of the functions that are reached, less the rate of discounting.

    Points are taken together where the same entries of the matrix vanish: then the same functions
    are reached, and the same blocks have eigenvalues of their own.
    """
    width = len(system.functions)
    assert system.matrix is not None
    matrix = _stacked(system.matrix, own, size).reshape(size, width, width)
    start = [_stacked(code, own, size) for code in system.start]
    begun = np.stack([(s != 0).any(axis=-1) for s in start], axis=-1)
    pattern = np.concatenate([(matrix != 0).reshape(size, -1), begun], axis=-1)
    growth = np.full(size, -np.inf)
    pending = np.arange(size)
    while pending.size:
        alike = (pattern[pending] == pattern[pending[0]]).all(axis=-1)
        points, pending = pending[alike], pending[~alike]
        first = points[0]
        for block in _blocks(matrix[first] != 0, begun[first]):
            part = matrix[points][:, block][:, :, block]
            growth[points] = np.maximum(growth[points], _largest(part))
    return growth - arrays(system.rate, own, size)[0]


def _stacked(code: Code, own: Values, size: int) -> Array:
    found = arrays(code, own, size)
    return np.stack(found, axis=-1) if found else np.zeros((size, 0))


def arrays(code: Code, values: Values, size: int) -> list[Array]:
    """The functions of a program at points; those of no argument are balls, and one number."""
    return [
        np.broadcast_to(float(v) if isinstance(v, arb) else v, size) for v in code.within(values)
    ]


def _blocks(linked: Flags, begun: Flags) -> list[list[int]]:
    """Strongly connected parts of what is reached from where it begins."""
    reach = linked | np.eye(len(linked), dtype=bool)
    for k in range(len(linked)):
        reach |= np.outer(reach[:, k], reach[k])
    met = np.flatnonzero(reach[begun].any(axis=0)) if begun.any() else np.array([], int)
    blocks = {tuple(j for j in met if reach[i, j] and reach[j, i]) for i in met}
    return [[*map(int, block)] for block in sorted(blocks)]


def _largest(matrices: Array) -> Array:
    """The largest real part of the eigenvalues; infinite where an entry is not finite."""
    if matrices.shape[-1] == 1:
        found: Array = np.nan_to_num(matrices[:, 0, 0], nan=np.inf)
        return found
    if matrices.shape[-1] == 2:
        half = np.trace(matrices, axis1=-2, axis2=-1) / 2
        apart = (matrices[:, 0, 0] - matrices[:, 1, 1]) / 2
        inside = apart**2 + matrices[:, 0, 1] * matrices[:, 1, 0]
        found = half + np.sqrt(np.maximum(inside, 0))
        return np.nan_to_num(found, nan=np.inf)
    finite = np.isfinite(matrices).all(axis=(-2, -1))
    found = np.full(len(matrices), np.inf)
    found[finite] = np.linalg.eigvals(matrices[finite]).real.max(axis=-1)
    return found
