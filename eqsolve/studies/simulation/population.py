"""Exact moments up to the fourth of a population of agents who start alike.

The averages ``m_k = (1/n) sum_i X_i^k`` of wealth that follows
``dX_i = (r X_i + B p_i + e) dt + nu p_i dW^i + sigma p_i dW^0`` under one affine feedback
``p_i = a X_i + b m_1 + c`` are closed: the generator maps products of averages of total degree at
most four to such products. At an exponential time of rate ``lambda`` their expectations are
``lambda (lambda - A)^-1 M(0)``, with ``A`` the matrix of the generator. This gives the variance of
an estimate of first and second moments without the sample.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import sympy as sp
from numpy.typing import NDArray

Array = NDArray[np.float64]
Powers = tuple[int, int, int, int]

DEGREE = 4
M1, M2, M3, M4 = sp.symbols("m1:5", real=True)
_NAMES = r, B, nu, sigma, e, a, b, c, N = sp.symbols("c:9", real=True)


def products() -> list[Powers]:
    """Exponents of ``m_1 .. m_4`` in the products of total degree at most four."""
    found = product(range(5), range(3), range(2), range(2))
    return [p for p in found if sum((k + 1) * power for k, power in enumerate(p)) <= DEGREE]


@cache
def _generator() -> sp.Lambda:
    """The matrix of the generator on the products, as a function of the coefficients."""
    m: tuple[sp.Expr, ...] = (sp.S.One, M1, M2, M3, M4)
    base = b * M1 + c

    def weighted(k: int) -> sp.Expr:  # the average of X^k p
        return a * m[k + 1] + base * m[k]

    def squared(k: int) -> sp.Expr:  # the average of X^k p^2
        return a * a * m[k + 2] + 2 * a * base * m[k + 1] + base * base * m[k]

    def image(powers: Powers) -> sp.Expr:
        f = sp.prod(s**power for s, power in zip(m[1:], powers))
        total = sp.S.Zero
        for k in range(1, 5):
            drift = k * (r * m[k] + B * weighted(k - 1) + e * m[k - 1])
            if k > 1:
                drift += sp.Rational(k * (k - 1), 2) * (nu**2 + sigma**2) * squared(k - 2)
            total += drift * sp.diff(f, m[k])
            for j in range(1, 5):
                second = sp.diff(f, m[k], m[j])
                if second != 0:
                    common = sigma**2 * weighted(k - 1) * weighted(j - 1)
                    own = nu**2 * N * squared(k + j - 2)
                    total += sp.Rational(k * j, 2) * (common + own) * second
        return sp.expand(total)

    names = products()
    rows = []
    for powers in names:
        image_ = sp.Poly(image(powers), M1, M2, M3, M4)
        rows.append([image_.coeff_monomial(other) for other in names])
    return sp.lambdify(_NAMES, sp.Matrix(rows))


class Population:
    """Moments at an exponential time.

    Parameters
    ----------
    market : ``(r, B, nu, sigma, e)``.
    rule : ``(a, b, c)``, slopes of a position in own wealth and in the average, and its constant.
    agents, hazard, wealth : number of agents, rate of the time, common wealth at the start.
    """

    def __init__(
        self,
        market: tuple[float, float, float, float, float],
        rule: tuple[float, float, float],
        agents: int,
        hazard: float,
        wealth: float,
    ) -> None:
        matrix = np.array(_generator()(*market, *rule, 1 / agents), float)
        self._places = {powers: k for k, powers in enumerate(products())}
        degrees = [sum((k + 1) * power for k, power in enumerate(p)) for p in self._places]
        #: Growth rate of fourth moments.
        self.growth = float(np.linalg.eigvals(matrix).real.max())
        #: Whether fourth moments at the horizon are finite.
        self.finite = self.growth < hazard
        start = np.array([wealth**degree for degree in degrees])
        self._moments = np.linalg.solve(np.eye(len(start)) - matrix / hazard, start)

    def expectation(self, polynomial: sp.Expr) -> float:
        """Expectation of a polynomial in ``M1`` and ``M2`` of total degree at most four."""
        terms = sp.Poly(polynomial, M1, M2).terms()
        return float(
            sum(float(k) * self._moments[self._places[(*powers, 0, 0)]] for powers, k in terms)
        )

    def covariance(self, functions: list[sp.Expr]) -> Array:
        """Covariance matrix of polynomials of degree at most two."""
        means = [self.expectation(f) for f in functions]
        return np.array(
            [
                [self.expectation(sp.expand(f * g)) - u * v for g, v in zip(functions, means)]
                for f, u in zip(functions, means)
            ]
        )
