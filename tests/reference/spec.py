"""The answer key in one place: every closed form of the paper and of its closed-loop counterpart.

Parameters are mappings with the keys r, b, nu, sigma, theta, gamma, alpha, beta, lam (and kappa
or n, m_b, m_s, m_2 for `best_response`); values may be decimal strings, "1/3", Fractions, ints,
floats (taken exactly) or mpf. Results are dictionaries of 60-digit numbers of a private context,
of which 50 digits are meant; convert with float(). A "status" says whether there is an
equilibrium.
"""

from __future__ import annotations

from .closed_loop import (
    closed_loop_mfg,
    closed_loop_n,
    exploitability,
    mean_cubic,
    price_of_anarchy,
    profile_moments,
    residuals,
)
from .heterogeneous import constant_equilibrium, heterogeneous, two_agent
from .homogeneous import abscissa, aggregates, mean_field, n_agent, rate_constants
from .moments import heterogeneous_objective, objective
from .precision import ctx, number, poly_value
from .response import (
    best_response,
    coefficients_at,
    cubic,
    cubic_factored,
    linear_response,
    prepare,
    root_table,
    value,
    value_second_form,
)

__all__ = [
    "abscissa",
    "aggregates",
    "best_response",
    "closed_loop_mfg",
    "closed_loop_n",
    "coefficients_at",
    "constant_equilibrium",
    "ctx",
    "cubic",
    "cubic_factored",
    "exploitability",
    "heterogeneous",
    "heterogeneous_objective",
    "linear_response",
    "mean_cubic",
    "mean_field",
    "n_agent",
    "number",
    "objective",
    "poly_value",
    "prepare",
    "price_of_anarchy",
    "profile_moments",
    "rate_constants",
    "residuals",
    "root_table",
    "two_agent",
    "value",
    "value_second_form",
]
