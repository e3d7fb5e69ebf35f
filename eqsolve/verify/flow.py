"""The linear flow of a game under an affine feedback: matrices, growth rates, batches of paths.

See :mod:`eqsolve.verify.montecarlo` for the equation and for the scheme.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import sympy as sp
from numba import njit
from numpy.typing import NDArray

from eqsolve.errors import DerivationError, InputError, NoSolutionError
from eqsolve.game import Game

Array: TypeAlias = NDArray[np.float64]
#: Drift A, A A, loadings C_k, symmetrized products of A and C_k, products C_m C_k.
System: TypeAlias = tuple[Array, Array, Array, Array, Array]

#: Largest time step times the hazard rate.
STEP = 0.2
#: Hazard rate of the horizons drawn, relative to the game's.
TILT = 0.5

STAGE = "Monte Carlo"


@njit(error_model="numpy", nogil=True, cache=True)
def _apply(even: Array, odd: Array, sign: float, flow: Array, work: Array) -> None:
    """Multiply a flow in place by the step matrix ``even + sign odd``.

    Its rows beyond those given are those of the unit matrix.
    """
    rows, size = even.shape
    for i in range(rows):
        for j in range(size):
            work[i, j] = 0.0
        for k in range(size):
            factor = even[i, k] + sign * odd[i, k]
            for j in range(size):
                work[i, j] += factor * flow[k, j]
    for i in range(rows):
        for j in range(size):
            flow[i, j] = work[i, j]


@njit(error_model="numpy", nogil=True, cache=True)
def step_matrices(
    system: System,
    h: float,
    dw: Array,
    area: Array,
    even: Array,
    odd: Array,
) -> None:
    """First rows of the step matrix of weak order two, parts even and odd in the increments apart.

    ``area`` holds the two-valued variables of the scheme for pairs of noises, in units of h.
    """
    drift, drift2, load, mixed, double = system
    noises = load.shape[0]
    rows, size = even.shape
    for i in range(rows):
        for j in range(size):
            even[i, j] = h * drift[i, j] + 0.5 * h * h * drift2[i, j]
            odd[i, j] = 0.0
        even[i, i] += 1.0
    for k in range(noises):
        for m in range(noises):
            if m == k:
                weight = 0.5 * (dw[k] * dw[k] - h)
            elif m < k:
                weight = 0.5 * (dw[k] * dw[m] + h * area[k, m])
            else:
                weight = 0.5 * (dw[k] * dw[m] - h * area[m, k])
            for i in range(rows):
                for j in range(size):
                    even[i, j] += weight * double[k, m, i, j]
        for i in range(rows):
            for j in range(size):
                odd[i, j] += dw[k] * (load[k, i, j] + h * mixed[k, i, j])


@njit(error_model="numpy", nogil=True, cache=True)
def _accumulate(weight: float, payoffs: Array, flow: Array, total: Array) -> None:
    """Add weight Phi' P Phi for every payoff matrix P."""
    size = flow.shape[0]
    for q in range(payoffs.shape[0]):
        for i in range(size):
            for j in range(size):
                value = 0.0
                for k in range(size):
                    for m in range(size):
                        value += flow[k, i] * payoffs[q, k, m] * flow[m, j]
                total[q, i, j] += weight * value


@njit(error_model="numpy", nogil=True, cache=True)
def batch(
    random: np.random.Generator,
    paths: int,
    hazard: float,
    system: System,
    payoffs: Array,
    fine: Array,
    coarse: Array,
) -> None:
    """Mean of Phi' P Phi over antithetic pairs of paths, with the fine and with the coarse step."""
    drift, load = system[0], system[2]
    size, noises = drift.shape[0], load.shape[0]
    # the last row of Z, which is 1, never moves
    even, odd, work = np.empty((3, size - 1, size))
    flows = np.empty((4, size, size))
    dw, dw_sum, area = np.empty(noises), np.empty(noises), np.zeros((noises, noises))
    rate = TILT * hazard
    for path in range(paths):
        tau = -math.log1p(-(path + random.random()) / paths) / rate
        weight = math.exp((rate - hazard) * tau) / TILT
        steps = int(math.ceil(tau * hazard / (2.0 * STEP)))
        h = 0.5 * tau / steps if steps > 0 else 0.0
        for f in range(4):
            flows[f] = np.eye(size)
        for _ in range(steps):
            dw_sum[:] = 0.0
            for _half in range(2):
                for k in range(noises):
                    dw[k] = math.sqrt(h) * random.standard_normal()
                    dw_sum[k] += dw[k]
                    for m in range(k):
                        area[k, m] = 1.0 if random.random() < 0.5 else -1.0
                step_matrices(system, h, dw, area, even, odd)
                _apply(even, odd, 1.0, flows[0], work)
                _apply(even, odd, -1.0, flows[1], work)
            step_matrices(system, 2.0 * h, dw_sum, area, even, odd)
            _apply(even, odd, 1.0, flows[2], work)
            _apply(even, odd, -1.0, flows[3], work)
        for sign in range(2):
            _accumulate(0.5 * weight / paths, payoffs, flows[sign], fine)
            _accumulate(0.5 * weight / paths, payoffs, flows[2 + sign], coarse)


@dataclass(frozen=True)
class Linear:
    """Matrices of the linear equation of Z = (X, 1) and of the payoffs.

    ``drift`` (D, D), ``loadings`` (K, D, D), ``payoffs`` (moments, D, D) and symmetric.
    """

    drift: Array
    loadings: Array
    payoffs: Array
    hazard: float

    def system(self) -> System:
        """The products of matrices that a time step needs."""
        drift, load = self.drift, self.loadings
        mixed = 0.5 * (drift @ load + load @ drift)
        return drift, drift @ drift, load, mixed, load[None, :] @ load[:, None]

    def growth(self, order: int) -> float:
        """Growth rate of the moments of ``order``, over the states on which the payoffs depend."""
        size = len(self.drift)
        needed = {i for i in range(size) if self.payoffs[:, i].any()} | {size - 1}
        links = (self.drift != 0) | (self.loadings != 0).any(axis=0)
        while more := {j for i in needed for j in range(size) if links[i, j]} - needed:
            needed |= more
        part = np.ix_(sorted(needed), sorted(needed))
        eye = np.eye(len(needed))

        def lift(factors: Mapping[int, Array]) -> Array:
            product = np.eye(1)
            for place in range(order):
                product = np.kron(product, factors.get(place, eye)).astype(np.float64)
            return product

        matrix = np.zeros((len(eye) ** order,) * 2)
        for i in range(order):
            matrix += lift({i: self.drift[part]})
        for load in self.loadings:
            for i, j in itertools.combinations(range(order), 2):
                matrix += lift({i: load[part], j: load[part]})
        return float(np.linalg.eigvals(matrix).real.max())


def linear_of(
    game: Game, feedback: Sequence[sp.Expr], values: Mapping[sp.Symbol, sp.Expr]
) -> Linear:
    """Read the matrices off the dynamics under the feedback, the payoffs and the horizon."""
    factors = [*game.state_symbols, sp.S.One]
    control = sum((f * v for f, v in zip(feedback, factors, strict=True)), sp.S.Zero)
    play = {**values, game.control: control}

    def polynomial(expr: sp.Expr, degree: int) -> sp.Poly:
        found = sp.Poly(expr.xreplace(play), *game.state_symbols)
        missing = sorted(map(str, found.free_symbols_in_domain))
        if missing:
            raise InputError(
                f"no value is given for {', '.join(missing)}.", game=game.name, stage=STAGE
            )
        if found.total_degree() > degree:
            raise DerivationError(
                f"a function of the states is not of degree {degree}.",
                game=game.name,
                stage=STAGE,
                remedy="Drifts and loadings must be affine and payoffs of degree two.",
            )
        return found

    def row(expr: sp.Expr) -> list[float]:
        affine = polynomial(expr, 1)
        return [float(affine.coeff_monomial(factor)) for factor in factors]

    def matrix(expr: sp.Expr) -> list[list[float]]:
        form = polynomial(expr, 2)
        return [
            [float(form.coeff_monomial(f * g)) / (1 if f == g else 2) for g in factors]
            for f in factors
        ]

    noises = sorted({noise for state in game.states for noise in state.loadings})
    rest = [[0.0] * len(factors)]
    drift = [row(state.drift) for state in game.states] + rest
    loadings = [
        [row(state.loadings.get(noise, sp.S.Zero)) for state in game.states] + rest
        for noise in noises
    ]
    # A running part accrues until tau: E of its integral is E of its value at tau over the hazard.
    hazard = game.horizon.hazard
    payoffs = [matrix(m.payoff + m.running / hazard) for m in game.preference.moments]
    shape = (len(noises), len(factors), len(factors))
    return Linear(
        np.array(drift), np.array(loadings).reshape(shape), np.array(payoffs), row(hazard)[-1]
    )


def require_finite(game: Game, linear: Linear) -> None:
    """Raise NoSolutionError unless the payoffs and the variance of their estimates are finite."""
    second, fourth = linear.growth(2), linear.growth(4)
    if second >= linear.hazard:
        raise NoSolutionError(
            "the second moments at the horizon are infinite under this feedback: their growth rate"
            f" {second:.6g} is not below the hazard rate {linear.hazard:.6g}.",
            game=game.name,
            stage=STAGE,
            remedy="Use a feedback with finite second moments.",
        )
    if fourth >= (2 - TILT) * linear.hazard:
        raise NoSolutionError(
            "the estimates have infinite variance: the growth rate of the fourth moments,"
            f" {fourth:.6g}, is not below {2 - TILT:g} times the hazard rate {linear.hazard:.6g}.",
            game=game.name,
            stage=STAGE,
            remedy="Use the spike variation for these parameters.",
        )
