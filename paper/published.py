"""The best response in a published form, to compare the derived one with."""

from __future__ import annotations

import sympy as sp

from eqsolve.derivations.mean_variance.declaration import (
    C0,
    C1,
    C2,
    C3,
    E1,
    B,
    Qb,
    Qs,
    a,
    alpha,
    beta,
    c,
    gamma,
    h11,
    h20,
    kappa,
    lam,
    p1,
    p2,
    q3,
    r,
    s2,
    sigma,
    theta,
)


def published(own: sp.Expr = kappa) -> dict[sp.Symbol, sp.Expr]:
    """Return the best response in a published form, with ``own`` the own weight kappa."""
    D = lam - r - B * p1
    E = lam - 2 * r - B * p1
    square = lam - 2 * r - 2 * B * p1 - s2 * p1**2
    determinant = s2 * D**2 * E1 * E - lam * B**2 * square * E + B * (B + s2 * p1) * D**2 * E1
    delta = s2 * E1**2 + B**2 * r + B * (B**2 - s2 * E1) * p1 + B**2 * s2 * p1**2
    ratio = B * D * square
    return {
        C3: B**2 * s2 * (beta - gamma * own),
        C2: B * (beta * (2 * B**2 - s2 * E1) + gamma * own * (s2 * (lam - 2 * r) - B**2)),
        C1: beta * B**2 * (4 * r - 3 * lam) - gamma * own * (2 * B**2 * r + s2 * E1**2),
        C0: B * (beta * E1 * (lam - 2 * r) - gamma * own * r**2),
        a: lam * own / D,
        h20: lam * own**2 / square,
        p2: theta * B * r * (r + B * p1) * D * square / (own * determinant),
        q3: alpha * ratio / (gamma * own * delta),
        Qb: ratio * (own * c - h11 / 2) / (lam * own**2 * delta),
        Qs: -sigma * h11 * E1 * D * square / (2 * lam * own**2 * delta),
    }
