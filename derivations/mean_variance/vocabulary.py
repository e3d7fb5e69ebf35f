"""The letters of the mean-variance family: name, LaTeX, meaning, unit and domain.

Symbols are taken from this module, so that the table is there before the first one is asked for.
"""

from __future__ import annotations

from eqsolve.derivations.mean_variance.parameters import AVERAGES, PARAMETERS, SIZE
from eqsolve.symbols import (
    NONNEGATIVE,
    POSITIVE,
    REAL,
    arrange,
    declare,
    entry,
    latex_names,
    symbol,
    symbols,
)

__all__ = ["entry", "latex_names", "symbol", "symbols"]

declare(
    *PARAMETERS,
    SIZE,
    *AVERAGES,
    # abbreviations of parameters
    ("B", "B", "excess drift b - r", "1/time", REAL),
    ("s2", "v", "total variance nu^2 + sigma^2", "1/time", POSITIVE),
    (
        "N",
        "N",
        "reciprocal 1/n of the number of agents, 0 in the mean-field game",
        "1",
        NONNEGATIVE,
    ),
    ("kappa", r"\kappa", "own weight in the relative wealth", "1", REAL),
    # states, control, time
    ("t", "t", "time", "time", REAL),
    ("x", "x", "own wealth", "wealth", REAL),
    ("y", "y", "aggregate wealth of the competitors", "wealth", REAL),
    ("q", "q", "second moment of the competitors' wealth", "wealth^2", NONNEGATIVE),
    ("p", "p", "amount invested in the stock", "wealth", REAL),
    ("z", "z", "relative wealth", "wealth", REAL),
    ("x_k", "x_k", "wealth of a competitor", "wealth", REAL),
    # unknowns of the ansatz
    ("a", "a", "coefficient of x in G", "1", REAL),
    ("c", "c", "coefficient of y in G", "1", REAL),
    ("d", "d", "constant of G", "wealth", REAL),
    ("h20", "h_{20}", "coefficient of x^2 in H", "1", REAL),
    ("h11", "h_{11}", "coefficient of xy in H", "1", REAL),
    ("h02", "h_{02}", "coefficient of y^2 in H", "1", REAL),
    ("h10", "h_{10}", "coefficient of x in H", "wealth", REAL),
    ("h01", "h_{01}", "coefficient of y in H", "wealth", REAL),
    ("h00", "h_{00}", "constant of H", "wealth^2", REAL),
    ("hq", "h_q", "coefficient of the second moment q in H", "1", REAL),
    ("A1", "A_1", "coefficient of x^2 in V", "1", REAL),
    ("A2", "A_2", "coefficient of y^2 in V", "1", REAL),
    ("A3", "A_3", "coefficient of xy in V", "1", REAL),
    ("A4", "A_4", "coefficient of x in V", "wealth", REAL),
    ("A5", "A_5", "coefficient of y in V", "wealth", REAL),
    ("A6", "A_6", "constant of V", "wealth^2", REAL),
    ("p1", "p_1", "coefficient of own wealth in the response", "1", REAL),
    ("p2", "p_2", "coefficient of the competitors' wealth in the response", "1", REAL),
    ("p3", "p_3", "constant of the response", "wealth", REAL),
    ("q3", "q_3", "constant of the response at zero aggregates", "wealth", REAL),
    ("Qb", "Q_b", "response to the aggregate excess drift", "time", REAL),
    ("Qs", "Q_s", "response to the aggregate common volatility", "sqrt(time)", REAL),
    # abbreviations
    ("C3", "c_3", "coefficient of the cubic", "1/time^4", REAL),
    ("C2", "c_2", "coefficient of the cubic", "1/time^4", REAL),
    ("C1", "c_1", "coefficient of the cubic", "1/time^4", REAL),
    ("C0", "c_0", "coefficient of the cubic", "1/time^4", REAL),
    ("D1", "D_1", "denominator of the first moment", "1/time", REAL),
    ("D2", "D_2", "denominator of the second moment", "1/time", REAL),
    ("E1", "E_1", "hazard rate less interest rate", "1/time", REAL),
    ("E2", "E_2", "denominator of the mixed moment", "1/time", REAL),
    ("E0", "E_0", "hazard rate less twice the interest rate", "1/time", REAL),
    ("Delta", r"\Delta", "determinant of the constant of the response", "1/time^3", REAL),
    (
        "Delta2",
        r"\Delta_2",
        "determinant of the coefficient of the competitors' wealth",
        "1/time^5",
        REAL,
    ),
    ("Q", "Q", "response to the competitors' average position", "1", REAL),
    ("g", r"\overline{\pi}", "average position of the competitors", "wealth", REAL),
    (
        "g2",
        r"\overline{\pi^2}",
        "average of the competitors' squared positions",
        "wealth^2",
        NONNEGATIVE,
    ),
    ("S", "S", "first determinant of the fixed point", "1", REAL),
    ("W", "W", "second determinant of the fixed point", "1", REAL),
    ("k1", "k_1", "coefficient of own wealth in the equilibrium strategy", "1", REAL),
    ("k2", "k_2", "coefficient of the competitors' wealth in the equilibrium strategy", "1", REAL),
    ("k3", "k_3", "constant of the equilibrium strategy", "wealth", REAL),
    ("F1", "F_1", "denominator of the first moment, closed loop", "1/time", REAL),
    ("F2", "F_2", "denominator of the mixed moment, closed loop", "1/time", REAL),
    ("Gamma", r"\Gamma", "determinant of the constant of the strategy, closed loop", "1", REAL),
    ("M3", "\\mu_3", "coefficient of the second cubic, closed loop", "1", REAL),
    ("M2", "\\mu_2", "coefficient of the second cubic, closed loop", "1", REAL),
    ("M1", "\\mu_1", "coefficient of the second cubic, closed loop", "1", REAL),
    ("M0", "\\mu_0", "coefficient of the second cubic, closed loop", "1", REAL),
    ("mu", r"\mu", "growth rate of second moments", "1/time", REAL),
    ("K", "K", "curvature weight gamma s2 h20", "1/time", REAL),
    # agents with parameters of their own
    ("w", "w", "weight of an agent in the average", "1", POSITIVE),
    ("pi", r"\pi", "position of an agent", "wealth", REAL),
    ("u", "u", "reaction of an agent to the feedback of the own position", "1", REAL),
    ("P", "P", "response at zero aggregates", "wealth", REAL),
    ("M_b", "M_b", "average excess drift of all positions", "wealth/time", REAL),
    ("M_s", "M_s", "average common volatility of all positions", "wealth/sqrt(time)", REAL),
    ("BQb", r"\langle B, Q_b \rangle", "weighted mean of B and Qb", "1", REAL),
    ("BQs", r"\langle B, Q_s \rangle", "weighted mean of B and Qs", "1/sqrt(time)", REAL),
    ("sQb", r"\langle \sigma, Q_b \rangle", "weighted mean of sigma and Qb", "sqrt(time)", REAL),
    ("sQs", r"\langle \sigma, Q_s \rangle", "weighted mean of sigma and Qs", "1", REAL),
    ("BP", r"\langle B, P \rangle", "weighted mean of B and P", "wealth/time", REAL),
    ("sP", r"\langle \sigma, P \rangle", "weighted mean of sigma and P", "wealth/sqrt(time)", REAL),
    ("Omega", r"\Omega", "determinant of the averages' equations", "1", REAL),
    ("k", "k", "coefficient of an agent's wealth in an agent's strategy", "1", REAL),
    ("psi", r"\psi", "weighted mean of competition", "1", REAL),
    ("phi", r"\varphi", "weighted mean of constant demand", "wealth/sqrt(time)", REAL),
    (
        "phihat",
        r"\hat\varphi",
        "weighted mean of demand at large hazard rate",
        "wealth/sqrt(time)",
        REAL,
    ),
    ("ell", r"\ell", "own demand times total variance", "wealth/time", REAL),
    ("xi", r"\xi", "an arbitrary real number", "wealth/sqrt(time)", REAL),
    ("rho", r"\rho", "growth rate of a root in the hazard rate", "1", REAL),
)

# In a sum, the term with the earliest name comes first; in a product, weights come before market
# parameters, these before unknowns.
arrange(
    sums=(
        "K ell C3 C2 C1 C0 A1 A2 A3 A4 A5 A6 E1 E0 E2 lambda kappa alpha beta gamma theta b r B "
        "nu sigma s2 a c d h20 h11 h02 h10 h01 h00 D1 D2 p1 p2 p3 k1 k2 k3 f1 f2 g1 g2 Qb Qs Q q3 "
        "Delta Delta2 S W m_b m_2 m_s g n N t x y p"
    ),
    products=(
        "C3 C2 C1 C0 lambda alpha beta gamma kappa theta n N B b nu sigma s2 r Qb Qs Q m_b m_s "
        "m_2 p K D1 D2 E1 E0 E2 A1 A2 A3 A4 A5 A6 a c d h20 h11 h02 h10 h01 h00 f1 f2 g1 g2 q3 g "
        "p1 p2 p3 k1 k2 k3 psi BQb BQs sQb sQs BP sP phihat xi M_b M_s t"
    ),
    lead="r",
    weights="lambda alpha beta gamma kappa theta K",
    states="x y xbar",
    functions="F G H V Phi_s G_h H_h",
    early="V H",
    steady="lambda kappa",
)
