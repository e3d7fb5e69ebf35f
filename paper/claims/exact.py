"""Tests that are polynomial identities, and tests made of the verifier's checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sympy as sp

from eqsolve.claims.claim import Kind, Scope, Test
from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.derivations.mean_variance.vocabulary import symbols
from eqsolve.errors import EqsolveError
from eqsolve.verify.check import Check

#: Parameter sets of reference, with the common interest rate, as decimal strings.
S1 = dict(
    zip(
        ("r", "b", "nu", "sigma", "theta", "gamma", "alpha", "beta", "lambda"),
        ("0.03", "0.12", "0.2", "0.2", "0.5", "2", "1", "0.5", "0.6"),
    )
)

r, B, nu, sigma, s2 = symbols("r B nu sigma s2")
theta, gamma, alpha, beta, lam = symbols("theta gamma alpha beta lambda")
N, kappa, m_b, m_s, m_2 = symbols("N kappa m_b m_s m_2")
p1, p2, q3, Qb, Qs, Q = symbols("p1 p2 q3 Qb Qs Q")
k1, k2, k3 = symbols("k1 k2 k3")


def vanishes(form: ClosedForm, expression: sp.Expr) -> bool:
    """Whether an expression is zero by a form, of which only the needed part is used."""
    return ClosedForm(form.needed(expression.free_symbols), ()).vanishes(expression)


def exact(says: str, holds: Callable[[], bool], scope: Scope = "claim") -> Test:
    """Make a test of a statement decided in exact arithmetic; an error is a failure."""
    try:
        return Test("exact", says, bool(holds()), scope)
    except EqsolveError as error:
        return Test("exact", f"{says} ({error})", False, scope)


def identity(says: str, form: ClosedForm, *residuals: sp.Expr, scope: Scope = "claim") -> Test:
    """Make a test that expressions vanish by a closed form."""
    return exact(says, lambda: all(vanishes(form, e) for e in residuals), scope)


def combined(
    says: str, checks: Iterable[Check], kind: Kind = "exact", scope: Scope = "claim"
) -> Test:
    """Make one test of several of the verifier's checks; there must be at least one.

    ``{}`` in ``says`` is replaced by their number.
    """
    found = list(checks)
    failed = [check.name for check in found if check.verdict != "pass"]
    text = says.format(len(found))
    if failed:
        text += f" Failed: {', '.join(failed)}."
    return Test(kind, text, bool(found) and not failed, scope)
