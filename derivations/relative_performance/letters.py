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

_ROWS = ("0.08 0.2 0.15 0.5 2", "0.05 0.15 0.25 0.8 3")
#: Two managers.
CASES = {
    "two managers": {
        **{
            f"{letter.name}_{k}": value
            for k, row in enumerate(_ROWS, 1)
            for letter, value in zip(OWN, row.split(), strict=True)
        },
        "T": "1",
    }
}
