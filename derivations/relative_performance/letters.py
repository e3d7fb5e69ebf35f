"""The letters of managers who compete: parameters of a type, and what is common."""

from __future__ import annotations

import sympy as sp

from eqsolve.game import nonnegative, parameter, positive

pi, k, c = sp.symbols("pi k c")
mu, nu, sigma, theta, delta, T, n = sp.symbols("mu nu sigma theta delta T n")

OWN = (
    parameter(mu, "drift of the stock"),
    parameter(nu, "own volatility", nonnegative),
    parameter(sigma, "common volatility"),
    parameter(theta, "competition weight", nonnegative),
    parameter(delta, "risk tolerance", positive),
)
