"""The parameters of the mean-variance family: name, LaTeX, meaning, unit and domain.

Rows of the table of letters (:mod:`vocabulary`) and of the vocabularies of the declared games.
"""

from __future__ import annotations

from eqsolve.symbols import COUNT, NONNEGATIVE, POSITIVE, REAL

#: In the order in which users give them.
PARAMETERS = (
    ("r", "r", "risk-free interest rate", "1/time", NONNEGATIVE),
    ("b", "b", "drift of the stock", "1/time", REAL),
    ("nu", r"\nu", "idiosyncratic volatility", "1/sqrt(time)", NONNEGATIVE),
    ("sigma", r"\sigma", "common volatility", "1/sqrt(time)", REAL),
    ("theta", r"\theta", "competition weight", "1", NONNEGATIVE),
    ("gamma", r"\gamma", "risk aversion to variance", "1", POSITIVE),
    ("alpha", r"\alpha", "constant part of the weight on the mean", "wealth", NONNEGATIVE),
    (
        "beta",
        r"\beta",
        "part of the weight on the mean proportional to own wealth",
        "1",
        NONNEGATIVE,
    ),
    ("lambda", r"\lambda", "hazard rate of the random horizon", "1/time", POSITIVE),
)
#: Where the number of agents is finite.
SIZE = ("n", "n", "number of agents", "1", COUNT)
#: The others' averages, where they are given.
AVERAGES = (
    ("m_b", "m_b", "aggregate excess drift of the competitors", "wealth/time", REAL),
    ("m_s", "m_s", "aggregate common volatility of the competitors", "wealth/sqrt(time)", REAL),
    (
        "m_2",
        "m_2",
        "aggregate idiosyncratic variance of the competitors",
        "wealth^2/time",
        NONNEGATIVE,
    ),
)
