"""Linear particles: steps without error, and the law of their limit.

    dX = (A X + B E[X | W^0] + c) dt + S dW + S_0 dW^0

with matrices that may move in time. The mean of N particles and their distances from it move apart,

    d(X_i - M) = A (X_i - M) dt + S d(W_i - Wbar),
    dM = ((A + B) M + c) dt + S dWbar + S_0 dW^0,

and the two are independent. Over a step all integrals are jointly normal; their covariances solve
linear differential equations together with the flows (Van Loan 1978 for constant matrices). In the
limit of many particles Wbar is absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from eqsolve.errors import InputError
from eqsolve.game import t
from eqsolve.laws import Tree, tree
from eqsolve.studies.curves import Curves

Array = NDArray[np.float64]
_ACCURACY = 1e-12


@dataclass(frozen=True)
class Linear:
    """The matrices A, B, c, S, S_0 in functions of time, row by row."""

    size: int
    widths: tuple[int, int]
    entries: tuple[sp.Expr, ...]


def linear(
    states: Sequence[sp.Symbol],
    drift: Sequence[sp.Expr],
    loads: Mapping[tuple[int, str], sp.Expr],
    laws: Mapping[sp.Symbol, sp.Expr],
    noises: tuple[Sequence[str], Sequence[str]],
) -> Linear | None:
    """Read the matrices off a system; None if it is not linear."""
    means = [sp.Dummy(s.name) for s in states]
    known: dict[sp.Symbol, sp.Expr] = {}
    moving = {*states, *means}
    for symbol, of in laws.items():
        inside = of.xreplace(known)
        if any(sp.expand(inside.diff(a, b)) != 0 for a in moving for b in moving):
            known[symbol] = sp.nan  # a moment that is no mean; harmless where nothing uses it
            continue
        known[symbol] = inside.xreplace(dict(zip(states, means)))
    rows = [sp.expand(row.xreplace(known)) for row in drift]
    loaded = {place: load.xreplace(known) for place, load in loads.items()}
    if any(e.has(sp.nan) for e in (*rows, *loaded.values())):
        return None
    if any(e.free_symbols & moving for e in loaded.values()):
        return None
    zero = dict.fromkeys(moving, sp.S.Zero)
    entries: list[sp.Expr] = []
    for letters in (states, means):
        slopes = [[row.diff(s) for s in letters] for row in rows]
        if any(sp.expand(e.diff(s)) != 0 for line in slopes for e in line for s in moving):
            return None
        entries += [sp.expand(e).xreplace(zero) for line in slopes for e in line]
    entries += [row.xreplace(zero) for row in rows]
    for names in noises:
        entries += [loaded.get((k, n), sp.S.Zero) for k in range(len(states)) for n in names]
    return Linear(len(states), (len(noises[0]), len(noises[1])), tuple(entries))


@dataclass(frozen=True)
class Step:
    """What a step does.

    Attributes
    ----------
    apart, together : flows of the distances from the mean, and of the mean.
    shift : of the mean.
    own, mixed, average : covariances of a particle's own noise in its distance, of that with its
        part of the mean's noise, and of the latter.
    common : covariance of the common noise in the mean.
    """

    apart: Array
    together: Array
    shift: Array
    own: Array
    mixed: Array
    average: Array
    common: Array


@dataclass(frozen=True)
class Moved:
    """Means and covariances of the limit's law at times, given the common noise's part."""

    means: Array
    covariances: Array


@dataclass(frozen=True)
class Gaussian:
    """The steps of a linear system from a start."""

    of: Linear
    mean: Array
    covariance: Array
    curves: tuple[tuple[sp.Symbol, ...], Curves] | None = None

    @cached_property
    def _function(self) -> Any:
        letters = () if self.curves is None else self.curves[0]
        return sp.lambdify([t, *letters], list(self.of.entries), "numpy", cse=True)

    def matrices(self, now: float) -> list[Array]:
        """A, B, c, S, S_0 at a time."""
        letters = [] if self.curves is None else self.curves[1](np.array([now]))[:, 0].tolist()
        flat, d = np.array(self._function(now, *letters), float), self.of.size
        cuts = np.cumsum([d * d, d * d, d, d * self.of.widths[0]])
        a, b, c, s, s0 = np.split(flat, cuts)
        return [a.reshape(d, d), b.reshape(d, d), c, s.reshape(d, -1), s0.reshape(d, -1)]

    @cached_property
    def _steps(self) -> dict[tuple[float, float], Step]:
        return {}

    def step(self, now: float, then: float) -> Step:
        """The step between two times, computed once."""
        if (now, then) not in self._steps:
            self._steps[now, then] = self._step(now, then)
        return self._steps[now, then]

    def _step(self, now: float, then: float) -> Step:
        d = self.of.size

        def slope(time: float, flat: Array) -> Array:
            f, g, shift, own, mixed, average, common = _unpacked(flat, d)
            a, b, c, s, s0 = self.matrices(time)
            m = a + b
            return np.concatenate(
                [
                    part.ravel()
                    for part in (
                        a @ f,
                        m @ g,
                        m @ shift + c,
                        a @ own + own @ a.T + s @ s.T,
                        a @ mixed + mixed @ m.T + s @ s.T,
                        m @ average + average @ m.T + s @ s.T,
                        m @ common + common @ m.T + s0 @ s0.T,
                    )
                ]
            )

        begin = np.concatenate([np.eye(d).ravel()] * 2 + [np.zeros(d + 4 * d * d)])
        found = solve_ivp(
            slope, (now, then), begin, "DOP853", rtol=_ACCURACY, atol=1e-3 * _ACCURACY
        )
        return Step(*_unpacked(found.y[:, -1], d))

    def paths(self, places: Array, times: Array, rng: np.random.Generator) -> Array:
        """(times, states, particles) of N particles that start at ``places`` (states, N)."""
        run = Coupled.begin(places, self.mean)
        kept = [places]
        for now, then in zip(times, times[1:]):
            run = run.moved(self.step(float(now), float(then)), rng)
            kept.append(run.particles)
        return np.array(kept)

    def limit(self, times: Array) -> Moved:
        """The limit's law, its mean averaged over the common noise, its covariance given it."""
        means, covariances = [self.mean], [self.covariance]
        for now, then in zip(times, times[1:]):
            step = self.step(float(now), float(then))
            means.append(step.together @ means[-1] + step.shift)
            covariances.append(step.apart @ covariances[-1] @ step.apart.T + step.own)
        return Moved(np.array(means), np.array(covariances))

    def tree(self, times: Array, points: int) -> Tree:
        """The limit's mean of a single state, moved by the common noise, on a quantization tree.

        At a point of a date the limit's law is normal around it, with the variance of ``limit``.

        Raises
        ------
        InputError
            If there are several states or no common noise.
        """
        if self.of.size != 1 or not self.of.widths[1]:
            raise InputError(
                "a tree follows the mean of one state that a common noise moves.",
                stage="particles",
                remedy="Draw the common noise instead.",
            )

        def move(now: float, then: float, x: Array) -> tuple[Array, Array]:
            step = self.step(now, then)
            return step.together[0, 0] * x + step.shift[0], np.sqrt(step.common[0, 0])

        return tree(move, float(self.mean[0]), times, points)


@dataclass(frozen=True)
class Coupled:
    """N particles and, with the same noises, N copies of the limit.

    ``mean`` and ``apart`` are the particles' mean and distances from it, ``center`` the limit's
    mean given the common noise, ``around`` the copies' distances from that.
    """

    mean: Array
    apart: Array
    center: Array
    around: Array

    @staticmethod
    def begin(places: Array, center: Array) -> Coupled:
        """At the start the two are the same."""
        mean = places.mean(axis=1)
        return Coupled(mean, places - mean[:, None], center, places - center[:, None])

    @property
    def particles(self) -> Array:
        """(states, N)."""
        return self.mean[:, None] + self.apart

    @property
    def copies(self) -> Array:
        """(states, N) of the limit."""
        return self.center[:, None] + self.around

    def moved(self, step: Step, rng: np.random.Generator) -> Coupled:
        """Make one step with the same noises for both."""
        d, n = self.apart.shape
        drawn = root(step.own) @ rng.standard_normal((d, n))
        average = drawn.mean(axis=1)
        back = step.mixed.T @ np.linalg.pinv(step.own, hermitian=True)
        rest = step.average - back @ step.mixed
        push = back @ average + root(rest / n) @ rng.standard_normal(d)
        common = root(step.common) @ rng.standard_normal(d)
        return Coupled(
            step.together @ self.mean + step.shift + push + common,
            step.apart @ self.apart + drawn - average[:, None],
            step.together @ self.center + step.shift + common,
            step.apart @ self.around + drawn,
        )


def root(matrix: Array) -> Array:
    """A root of a covariance."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    found: Array = vectors * np.sqrt(np.maximum(values, 0.0))
    return found


def _unpacked(flat: Array, d: int) -> list[Array]:
    parts = np.split(flat, np.cumsum([d * d, d * d, d, *[d * d] * 3]))
    return [p if k == 2 else p.reshape(d, d) for k, p in enumerate(parts)]
