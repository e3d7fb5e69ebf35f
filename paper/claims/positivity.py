"""Signs of coefficients proved by polynomials all of whose coefficients have one sign."""

from __future__ import annotations

from functools import cache

import sympy as sp

from eqsolve.claims.claim import Context, Test
from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.derivation.reductions import explicit
from eqsolve.derivations.mean_variance.vocabulary import symbol
from eqsolve.paper.claims.exact import (
    B,
    Q,
    alpha,
    exact,
    gamma,
    k1,
    k2,
    k3,
    lam,
    nu,
    p1,
    p2,
    q3,
    r,
    s2,
    sigma,
    theta,
    vanishes,
)
from eqsolve.registry import model

_D2 = symbol("D2")
SYMBOLS = (B, r, p1, _D2, nu, sigma, theta, alpha, gamma)


def sign(expression: sp.Expr) -> int:
    """The sign of a rational expression while its symbols are positive, or 0 if that is unclear.

    The hazard rate is written as ``D2 + 2 (r + B p1) + s2 p1^2``, so that the second-order
    condition is a positive symbol, too. If then the coefficients of every factor have one sign,
    so has the expression, which must be a product. Volatilities may be negative.
    """
    result = 1
    for factor in sp.Mul.make_args(expression):
        base, power = factor.as_base_exp()
        result *= _of_coefficients(base if power % 2 else base**2)
    return result


def _of_coefficients(polynomial: sp.Expr) -> int:
    positive = polynomial.subs(lam, _D2 + 2 * (r + B * p1) + s2 * p1**2)
    spelled = sp.Poly(positive.subs(s2, nu**2 + sigma**2), *SYMBOLS)
    volatilities = [k for k, s in enumerate(spelled.gens) if s in (nu, sigma)]
    signs = {sp.sign(coefficient) for coefficient in spelled.coeffs()}
    if len(signs) > 1 or any(m[k] % 2 for m in spelled.monoms() for k in volatilities):
        return 0
    return int(signs.pop())


@cache
def _coefficients(form: ClosedForm) -> tuple[sp.Expr, ...]:
    return tuple(explicit(form, e) for e in (Q / theta, (p2 + p1 * Q) / theta, q3))


@cache
def _signs(form: ClosedForm) -> tuple[int, ...]:
    return tuple(map(sign, _coefficients(form)))


def competition(context: Context, direction: int = 1) -> tuple[Test, ...]:
    """Prove how competition moves the mean-field strategy where ``p1 >= 0``."""
    form = context.form(model("mean-field"))

    def affine() -> bool:
        free = all(theta not in e.free_symbols for e in _coefficients(form))
        averaged = (k1 - p1, k2 * (1 - Q) - p2 - Q * p1, k3 * (1 - Q) - q3)
        return free and all(vanishes(form, e) for e in averaged)

    def positive() -> bool:
        return all(direction * s > 0 for s in _signs(form))

    return (
        exact(
            "In the mean field (1 - Q)^2 dpi/dtheta = (1 - Q) (pi - pi at theta = 0)/theta = "
            "(p2/theta + p1 Q/theta) y + q3 Q/theta, which does not contain theta.",
            affine,
            "condition",
        ),
        exact(
            "Q/theta, p2/theta + p1 Q/theta and q3 are positive for positive B, alpha, r, p1 and "
            "D2: with lambda = D2 + 2 (r + B p1) + s2 p1^2 the coefficients of every factor of "
            "the numerators and denominators have one sign.",
            positive,
            "condition",
        ),
    )
