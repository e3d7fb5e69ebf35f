"""Wealths of players of different sizes over time, player by player, in doubles.

From SPEC's closed form for weights: kappa_i = 1 - theta w_i, P_i = p1_i x_i + p2_i y_i + q3_i with
y_i = Xbar - w_i x_i, u_i = 1/(1 + w_i Q_i), Q = B Qb + sigma Qs; M = B S, S = sum w_k pi_k. Route 1
integrates the full matrices E[X X^T] and E[m m^T], m = E[X | common noise]; route 2 draws paths in
pairs that share the common noise.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp


def responses(w, r, b, nu, sigma, theta, gamma, alpha, beta, lam):
    """For every weight (p1, p2, q3, Q): the admissible root with the largest B p1."""
    B, s2, kappa = b - r, nu**2 + sigma**2, 1 - theta * np.asarray(w)
    E1, ends = lam - r, np.sqrt((b - r) ** 2 + s2 * (lam - 2 * r))
    low, high = (-B - ends) / s2, (-B + ends) / s2
    p1 = np.empty_like(kappa)
    for i, k in enumerate(kappa):
        g = gamma * k
        c3 = B**2 * s2 * (beta - g)
        c2 = B * (beta * (2 * B**2 - s2 * E1) + g * (s2 * (lam - 2 * r) - B**2))
        c1 = beta * B**2 * (4 * r - 3 * lam) - g * (2 * B**2 * r + s2 * E1**2)
        c0 = B * (beta * E1 * (lam - 2 * r) - g * r**2)
        zeros = np.roots([c3, c2, c1, c0])
        real = zeros[abs(zeros.imag) < 1e-9].real
        p1[i] = max(real[(low < real) & (real < high)], key=lambda p: B * p)
    D1, D2 = lam - r - B * p1, lam - 2 * r - 2 * B * p1 - s2 * p1**2
    E2 = lam - 2 * r - B * p1
    delta = s2 * E1**2 + B**2 * r + B * (B**2 - s2 * E1) * p1 + B**2 * s2 * p1**2
    two = s2 * D1**2 * E1 * E2 - lam * B**2 * D2 * E2 + B * (B + s2 * p1) * D1**2 * E1
    p2 = theta * B * r * (r + B * p1) * D1 * D2 / (kappa * two)
    a, h20 = lam * kappa / D1, lam * kappa**2 / D2
    c = (B * p2 * a - lam * theta) / E1
    h11 = 2 * (h20 * p2 * (B + s2 * p1) - lam * kappa * theta) / E2
    q3 = alpha * B * D1 * D2 / (gamma * kappa * delta)
    Qb = B * D1 * D2 * (kappa * c - h11 / 2) / (lam * kappa**2 * delta)
    Qs = -sigma * h11 * E1 * D1 * D2 / (2 * lam * kappa**2 * delta)
    return p1, p2, q3, B * Qb + sigma * Qs


def positions(w, **params):
    """pi = own x + all Xbar + seen S + level, and S = by_own . x + by_all Xbar + at_zero."""
    p1, p2, q3, Q = responses(w, **params)
    u = 1 / (1 + w * Q)
    own, both, level, seen = u * (p1 - p2 * w), u * p2, u * q3, u * Q
    scale = 1 - w @ seen
    return own, both, seen, level, w * own / scale, w @ both / scale, w @ level / scale


def variances(w, x, times, **params):
    """(own, common) of the average at times, from full matrices."""
    own, both, seen, level, by_own, by_all, at_zero = positions(w, **params)
    n, B = len(w), params["b"] - params["r"]
    K = np.diag(own) + np.outer(both + seen * by_all, w) + np.outer(seen, by_own)
    k, A = level + seen * at_zero, params["r"] * np.eye(n)
    A = A + B * K
    nu, sigma = params["nu"], params["sigma"]

    def moved(_, flat):
        m, M, C = flat[:n], *flat[n:].reshape(2, n, n)
        mean = np.outer(B * k, m)
        cross = np.outer(k, K @ m)
        fixed = np.outer(k, k) + cross + cross.T
        whole, part = K @ M @ K.T + fixed, K @ C @ K.T + fixed
        dM = A @ M + M @ A.T + mean + mean.T + sigma**2 * whole + nu**2 * np.diag(np.diag(whole))
        dC = A @ C + C @ A.T + mean + mean.T + sigma**2 * part
        return np.concatenate([A @ m + B * k, dM.ravel(), dC.ravel()])

    start = np.concatenate([np.full(n, x), np.full(2 * n * n, x * x)])
    run = solve_ivp(moved, (0, times[-1]), start, t_eval=times, rtol=1e-11, atol=1e-14)
    found = []
    for flat in run.y.T:
        m, M, C = flat[:n], *flat[n:].reshape(2, n, n)
        found.append((w @ (M - C) @ w, w @ C @ w - (w @ m) ** 2))
    return found


def drawn(w, x, end, steps, pairs, seed, **params):
    """Averages at the end, by pairs of paths with the same common noise: (pairs, 2)."""
    own, both, seen, level, by_own, by_all, at_zero = positions(w, **params)
    B, r, nu, sigma = params["b"] - params["r"], params["r"], params["nu"], params["sigma"]
    rng, dt = np.random.default_rng(seed), end / steps
    found = np.empty((pairs, 2))
    for pair in range(pairs):
        X = np.full((2, len(w)), float(x))
        for dW in rng.standard_normal(steps) * np.sqrt(dt):
            mean = X @ w
            S = X @ by_own + by_all * mean + at_zero
            pi = own * X + np.outer(mean, both) + np.outer(S, seen) + level
            noise = rng.standard_normal(X.shape, np.float32) * np.sqrt(dt)
            X += (r * X + B * pi) * dt + pi * (nu * noise + sigma * dW)
        found[pair] = X @ w
    return found
