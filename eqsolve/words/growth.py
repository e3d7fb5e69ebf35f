"""How fast second moments of many agents grow when everybody plays, without their full matrix.

Positions are affine in all wealths, with a matrix that is diagonal but for a few columns: the
generator maps a matrix of second moments to another one with as many operations as it has entries.
Its growth rate is that of a map which keeps positive matrices positive, so that any positive matrix
bounds it from both sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.arithmetic.code import Code
from eqsolve.program.responses import Motion, Polynomials
from eqsolve.program.words import Apart
from eqsolve.status import Status

Array = NDArray[np.float64]

#: Most agents whose matrix of second moments is held in memory.
MOST = 400
#: Up to so many their whole matrix is small.
FEW = 5
#: What rounding may change of a bound, relative to the largest rate.
ROUNDING = 1e-11


@dataclass(frozen=True)
class Bounds:
    """A growth rate between two numbers, up to the rounding of doubles."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """The best guess."""
        return (self.low + self.high) / 2


@dataclass(frozen=True)
class Moments:
    """The generator of the second moments of agents.

    Attributes
    ----------
    diagonal, left, right : positions in all wealths have the matrix ``diag(d) + left right^T``.
    own, slope : of drifts of wealth, in itself and in the position.
    single, common : squared loadings of own noises, and loadings of common ones by noise, in the
        position.
    """

    diagonal: Array
    left: Array
    right: Array
    own: Array
    slope: Array
    single: Array
    common: tuple[Array, ...]

    def played(self, moments: Array) -> Array:
        """The positions' matrix times another one."""
        return self.diagonal[:, None] * moments + self.left @ (self.right.T @ moments)

    def __call__(self, moments: Array) -> Array:
        """The rate of change of a symmetric matrix of second moments."""
        first = self.played(moments)
        drift = self.own[:, None] * moments + self.slope[:, None] * first
        both = self.played(first.T)
        found: Array = drift + drift.T + np.diag(self.single * np.diag(both))
        for load in self.common:
            found += load[:, None] * both * load
        return found

    def bounds(self) -> Bounds:
        """The growth rate, from the matrix of moments that grows like all others in the end."""
        from scipy.linalg import LinAlgError, eigh
        from scipy.sparse.linalg import ArpackError, LinearOperator, eigs

        size = self.diagonal.size

        def flat(vector: Array) -> Array:
            matrix = vector.reshape(size, size)
            return self((matrix + matrix.T) / 2).ravel()

        start = np.eye(size) + 1 / size
        grown = start
        if size <= FEW:
            values, every = np.linalg.eig(np.array([flat(unit) for unit in np.eye(size**2)]).T)
            grown = np.real(every[:, np.argmax(values.real)]).reshape(size, size)
        else:
            operator = LinearOperator((size**2, size**2), matvec=flat, dtype=np.float64)
            try:
                _, vectors = eigs(operator, k=1, which="LR", v0=start.ravel(), tol=1e-12)
                grown = np.real(vectors[:, 0]).reshape(size, size)
            except ArpackError:
                grown = start
        grown = (grown + grown.T) * np.sign(np.trace(grown))
        # directions that do not grow with the rest get a little weight
        grown /= np.trace(grown)
        found = Bounds(-np.inf, np.inf)
        for weight in (0.0, 1e-12, 1e-9, 1e-6, 1e-3):
            positive = grown + weight * np.eye(size) / size
            try:
                rates = eigh(self(positive), positive, eigvals_only=True)
            except LinAlgError:
                continue
            slack = ROUNDING * float(np.abs(rates).max())
            low, high = float(rates[0]) - slack, float(rates[-1]) + slack
            found = Bounds(max(found.low, low), min(found.high, high))
        return found


def judged(
    apart: Apart, values: Mapping[str, Any], size: int
) -> tuple[Status, str, dict[str, Any]]:
    """Whether expectations are finite when everybody plays, with a sentence and the rates.

    Who does not look at the others is paid for the own wealth alone, whose growth the response has
    decided. All others' payoffs reach the wealth of all.
    """
    rival = np.full(size, values[apart.competition])
    hazards = np.full(size, values[apart.hazard])[rival != 0]
    if not hazards.size:
        return Status.OK, "Nobody looks at the others.", {}
    moments = moments_of(apart, values, size) if size <= MOST else None
    if moments is None:
        open_ = f"Beyond {MOST} agents the growth of expectations is not examined."
        return Status.OK, open_, {}
    found, hazard = moments.bounds(), float(hazards.min())
    rates = {"abscissa": found.middle, "bounds": [found.low, found.high], "hazard": hazard}
    if found.high < hazard:
        return Status.OK, "Expectations are finite when everybody plays.", rates | {"finite": True}
    if found.low >= hazard:
        sentence = (
            f"When everybody plays, second moments grow at rate {found.middle:.6g}, not below the "
            f"hazard rate {hazard:.6g}: no finite-variance equilibrium."
        )
        return Status.INFINITE_VARIANCE, sentence, rates | {"finite": False}
    return Status.UNRESOLVED, "Whether expectations are finite is not decided.", rates


def moments_of(apart: Apart, values: Mapping[str, Any], size: int) -> Moments | None:
    """The generator of second moments; None where the motion of states is of another kind.

    Parameters
    ----------
    apart : what the game is solved by.
    values : by name, arrays or numbers: parameters, weights and responses.
    size : number of agents.
    """
    own = apart.together
    responses = apart.program.given and apart.program.given.responses
    motion = responses.motion if responses else None
    if motion is None or len(motion.drifts.exponents) != 1:
        return None

    def full(value: Any) -> Array:
        return np.full(size, value, np.float64)

    here = {**values, own.state: 0.0, own.others: 0.0}
    _, reaction = map(full, at_arrays(own.own, here))
    width, weight = len(own.totals), full(values[own.weight])
    alone = {**here, own.at_zero: 1.0, own.reaction: reaction}
    columns = [full(c) for c in at_arrays(own.terms, alone)]
    shares = np.array(columns[:: width + 1])
    slopes = [[columns[i * (width + 1) + 1 + j].sum() for j in range(width)] for i in range(width)]
    first, second = (full(values[name]) for name in own.affine)
    single = first - second * weight
    rows = shares * single + np.outer(shares @ second, weight)
    averages = np.linalg.solve(np.eye(width) - np.array(slopes), rows)
    parts = [full(values[letter]) for name, letter in own.parts if name]
    left = np.array([reaction * second, *(reaction * part for part in parts)]).T
    right = np.array([weight, *averages]).T
    drift = _slopes(motion, motion.drifts, values, size)
    loads = _slopes(motion, motion.loadings, values, size)
    if drift is None or loads is None or any(np.any(state) for state, _ in loads):
        return None
    noises = [noise for _, noise in motion.places]
    squares = [load**2 for noise, (_, load) in zip(noises, loads) if noise not in motion.given]
    return Moments(
        diagonal=reaction * single,
        left=left,
        right=right,
        own=drift[0][0],
        slope=drift[0][1],
        single=np.sum(squares, axis=0) if squares else np.zeros(size),
        common=tuple(load for n, (_, load) in zip(noises, loads) if n in motion.given),
    )


def _slopes(
    motion: Motion, forms: Polynomials, values: Mapping[str, Any], size: int
) -> list[tuple[Array, Array]] | None:
    """Slopes in the state and in the control of linear functions; None for others."""
    numbers = iter(at_arrays(forms.code, values))
    found = []
    for terms in forms.exponents:
        slopes = [np.zeros(size), np.zeros(size)]
        for powers in terms:
            value = np.full(size, next(numbers), np.float64)
            if sum(powers) == 0:
                continue
            if sum(powers) != 1 or powers.index(1) > 1:
                if np.any(value):
                    return None
                continue
            slopes[powers.index(1)] += value
        found.append((slopes[0], slopes[1]))
    return found


def at_arrays(code: Code, values: Mapping[str, Any]) -> list[Array]:
    """The functions of a program at arrays, or at numbers for all agents."""
    return code([np.asarray(values[name], np.float64) for name in code.arguments])
