"""The planner of the continuum by matching moments, in doubles: it shares nothing with eqsolve."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Polynomial = dict[tuple[int, int], float]
#: Of the second moment, powers of the own wealth and of the mean.
MONOMIALS = ((2, 0), (1, 1), (0, 2), (1, 0), (0, 1), (0, 0))


def residuals(
    given: Mapping[str, float], strategy: tuple[float, float, float], external: bool = True
) -> list[float]:
    """What vanishes where no deviation of all gains on average: coefficients of x, mean and 1.

    Wealth x and its conditional mean y move by ``pi = p1 x + p2 y + p3``. ``E z = a x + c y + d``
    and ``E z^2`` solve ``A f + lambda (payoff - f) = 0``. An agent's gain rate is
    ``(alpha + beta x + gamma E z) A^p E z - gamma/2 A^p E z^2``; all others' positions enter it
    through the drift and the noise of y, and that derivative is averaged over the agents.

    Parameters
    ----------
    given : r, b, nu, sigma, theta, gamma, alpha, beta, lambda.
    strategy : p1, p2, p3.
    external : whether what others gain counts; without it the condition is an agent's own.
    """
    r, nu, sigma, theta = (given[name] for name in ("r", "nu", "sigma", "theta"))
    gamma, alpha, beta, rate = (given[name] for name in ("gamma", "alpha", "beta", "lambda"))
    p1, p2, p3 = strategy
    drift, common = given["b"] - r, sigma**2
    both, total = nu**2 + common, p1 + p2
    a = rate / (rate - r - drift * p1)
    c = (drift * p2 * a - rate * theta) / (rate - r - drift * total)
    d = drift * p3 * (a + c) / rate
    own: Polynomial = {(1, 0): p1, (0, 1): p2, (0, 0): p3}
    mean: Polynomial = {(0, 1): total, (0, 0): p3}
    moves_own = {(1, 0): r + drift * p1, (0, 1): drift * p2, (0, 0): drift * p3}
    moves_mean = {(0, 1): r + drift * total, (0, 0): drift * p3}
    square_own, square_mean, mixed = _times(own, own), _times(mean, mean), _times(own, mean)
    generator = np.zeros((6, 6))
    for column, (i, j) in enumerate(MONOMIALS):
        parts = [(i, (i - 1, j), moves_own), (j, (i, j - 1), moves_mean)]
        parts += [(both * i * (i - 1) / 2, (i - 2, j), square_own)]
        parts += [(common * j * (j - 1) / 2, (i, j - 2), square_mean)]
        parts += [(common * i * j, (i - 1, j - 1), mixed)]
        for factor, rest, polynomial in parts:
            if factor:
                for power, value in _times({rest: factor}, polynomial).items():
                    generator[MONOMIALS.index(power), column] += value
    payoff = rate * np.array([1, -2 * theta, theta**2, 0, 0, 0])
    xx, xy, yy, x, y, _ = np.linalg.solve(rate * np.eye(6) - generator, payoff)
    half = -gamma / 2
    found = [
        drift * (a * (beta + gamma * a) + half * 2 * xx) + half * 2 * both * xx * p1,
        drift * (a * gamma * c + half * xy) + half * (2 * both * xx * p2 + common * total * xy),
        drift * (a * (alpha + gamma * d) + half * x) + half * p3 * (2 * both * xx + common * xy),
    ]
    if external:
        found[1] += drift * (c * (beta + gamma * (a + c)) + half * (xy + 2 * yy))
        found[1] += half * common * total * (xy + 2 * yy)
        found[2] += drift * (c * (alpha + gamma * d) + half * y)
        found[2] += half * common * p3 * (xy + 2 * yy)
    return found


def _times(first: Polynomial, second: Polynomial) -> Polynomial:
    product: Polynomial = {}
    for (i, j), value in first.items():
        for (k, m), other in second.items():
            product[i + k, j + m] = product.get((i + k, j + m), 0.0) + value * other
    return product
