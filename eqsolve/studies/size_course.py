"""The variance of players' average over time: what of it is left when common noises are known.

Under the equilibrium every state is affine in all states. With e = X - E[X | common noises] the
matrices E[e e^T] and E[m m^T], m = E[X | common noises], solve linear differential equations, whose
sums over players need a row for every weight only: players of one weight are exchangeable. Where
weights are many and differ, Gauss's nodes of the measure that puts each weight at itself stand for
them: all sums are against it, of functions that are smooth in the weight.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import eigh_tridiagonal

Array = NDArray[np.float64]
#: Different weights that are followed one by one.
EXACT = 60
#: Nodes that stand for more, and how many fewer must say the same to ``AGREEMENT``.
NODES, FEWER, AGREEMENT = 32, 24, 1e-8
_TOLERANCE = 1e-11
#: Most evaluations of rates: far more than moments need before they leave doubles.
MOST = 20_000


@dataclass(frozen=True)
class Spread:
    """The variance of the average at a time.

    Attributes
    ----------
    t : the time, from that at which all states are the same and known.
    own : the mean of the variance given common noises.
    common : the variance of the mean given them.
    """

    t: float
    own: float
    common: float

    @property
    def share(self) -> float:
        """The part of the variance that is left when common noises are known."""
        return self.own / (self.own + self.common) if self.own + self.common else math.nan


@dataclass(frozen=True)
class Form:
    """An affine function of all states for every player, by weight.

    That of player i is ``level + slope x_i + left . sum_j right_j x_j``, ``right`` that of the
    ``Crowd``.
    """

    level: Array
    slope: Array
    left: Array

    def plus(self, other: Form, factor: Array) -> Form:
        """The sum with a multiple of another one."""
        return Form(
            self.level + factor * other.level,
            self.slope + factor * other.slope,
            self.left + factor[:, None] * other.left,
        )


@dataclass(frozen=True)
class Crowd:
    """How players' states move, by weight.

    Attributes
    ----------
    weights, counts : of one player, and how many have it; of nodes that is no whole number.
    right : of one player in the sums that all see.
    drift : of the state.
    own, common : loadings on noises of a player's own, and on those that all share.
    """

    weights: Array
    counts: Array
    right: Array
    drift: Form
    own: tuple[Form, ...]
    common: tuple[Form, ...]

    def spread(self, start: float, times: Sequence[float]) -> list[Spread]:
        """Variances of the average at ascending times, all states being the same at time 0.

        They are NaN where moments leave doubles, or take more than ``MOST`` evaluations.
        """
        size = self.weights.size
        both = np.full(size**2, start**2)
        first = np.concatenate([np.full(size, start), np.zeros(size + size**2), both])
        asked = count()

        def moved(_: float, flat: Array) -> Array:
            return self._moved(flat) if next(asked) < MOST else np.full_like(flat, math.nan)

        with np.errstate(over="ignore", invalid="ignore"):
            run = solve_ivp(
                moved,
                (0.0, times[-1]),
                first,
                method="DOP853",
                t_eval=times,
                rtol=_TOLERANCE,
                atol=1e-16,
            )
        found = run.y.T if run.success else np.full((len(times), first.size), math.nan)
        return [Spread(t, *self._of_average(flat)) for t, flat in zip(times, found)]

    def _of_average(self, flat: Array) -> tuple[float, float]:
        mean, alone, pairs, both = self._parts(flat)
        mass = self.counts * self.weights
        own = mass @ pairs @ mass + (mass * self.weights) @ (alone - np.diag(pairs))
        return float(own), float(mass @ both @ mass - (mass @ mean) ** 2)

    def _parts(self, flat: Array) -> tuple[Array, Array, Array, Array]:
        """Means, variances given common noises, covariances of two players, E[m m^T]."""
        size = self.weights.size
        mean, alone, *rest = np.split(flat, [size, 2 * size, (2 + size) * size])
        return mean, alone, rest[0].reshape(size, size), rest[1].reshape(size, size)

    def _moved(self, flat: Array) -> Array:
        """The rates of all moments."""
        mean, alone, pairs, both = self._parts(flat)
        seen = self.counts[:, None] * self.right
        # of the sums that all see with a player's deviation, and with each other
        sums = pairs.T @ seen + self.right * (alone - np.diag(pairs))[:, None]
        square = seen.T @ sums

        def product(form: Form) -> tuple[Array, Array]:
            """Of the form's deviation with a state's: another player's, and the own one."""
            own = np.einsum("gk,gk->g", form.left, sums)
            return form.slope[:, None] * pairs + form.left @ sums.T, form.slope * alone + own

        def squared(form: Form) -> tuple[Array, Array]:
            """Of the form's deviation with another player's, and with itself."""
            cross = form.slope[:, None] * (sums @ form.left.T)
            core = form.left @ square @ form.left.T + cross + cross.T
            own = np.diag(core) + form.slope**2 * alone
            return core + np.outer(form.slope, form.slope) * pairs, own

        def averaged(form: Form) -> tuple[Array, Array]:
            """The form as a function of means given common noises: its mean, and E[f f^T]."""
            linear = np.diag(form.slope) + form.left @ seen.T
            moved = linear @ mean
            cross = np.outer(form.level, moved)
            square = np.outer(form.level, form.level) + cross + cross.T
            return form.level + moved, square + linear @ both @ linear.T

        with_another, with_own = product(self.drift)
        linear = np.diag(self.drift.slope) + self.drift.left @ seen.T
        drifted = np.outer(self.drift.level, mean) + linear @ both
        means, singles = self.drift.level + linear @ mean, 2 * with_own
        couples, boths = with_another + with_another.T, drifted + drifted.T
        for form in self.common:
            another, own = squared(form)
            couples, singles = couples + another, singles + own
            boths = boths + averaged(form)[1]
        for form in self.own:
            singles = singles + squared(form)[1] + np.diag(averaged(form)[1])
        return np.concatenate([means, singles, couples.ravel(), boths.ravel()])


def nodes(weights: Array, counts: Array, many: int) -> tuple[Array, Array]:
    """Gauss's nodes of the measure that puts every player's weight at that weight.

    Parameters
    ----------
    weights, counts : different ones, and how many players have each.
    many : most nodes.

    Returns
    -------
    weights, counts : of nodes; sums of polynomials in the weight, of a degree below twice their
        number, are those over all players.
    """
    start = np.sqrt(counts * weights)
    basis = [start / np.linalg.norm(start)]
    diagonal, beside = [], []
    while True:
        moved = weights * basis[-1]
        diagonal.append(float(basis[-1] @ moved))
        for _ in range(2):
            for old in basis:
                moved = moved - (old @ moved) * old
        length = float(np.linalg.norm(moved))
        if len(basis) == many or length <= 1e-14 * weights.max():
            break
        beside.append(length)
        basis.append(moved / length)
    found, vectors = eigh_tridiagonal(np.array(diagonal), np.array(beside))
    inside = np.clip(found, weights.min(), weights.max())
    return inside, (start @ start) * vectors[0] ** 2 / inside
