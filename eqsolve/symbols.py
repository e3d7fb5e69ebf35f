"""The symbol table: one SymPy symbol per name, with meaning, unit, domain and LaTeX.

Every module takes its symbols from here, so that a name means the same in code, documentation,
LaTeX and machine output.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from eqsolve.errors import DerivationError

if TYPE_CHECKING:
    import sympy as sp


@dataclass(frozen=True)
class Domain:
    """Admitted values of a parameter: an interval, possibly open, possibly of integers."""

    lower: int | None = None
    strict: bool = False
    integer: bool = False

    def contains(self, value: Fraction) -> bool:
        """Tell whether ``value`` lies in the domain."""
        if self.integer and value.denominator != 1:
            return False
        if self.lower is None:
            return True
        return value > self.lower if self.strict else value >= self.lower

    def __str__(self) -> str:
        kind = "an integer" if self.integer else "a finite real number"
        if self.lower is None:
            return kind
        return f"{kind} {'>' if self.strict else '>='} {self.lower}"


@dataclass(frozen=True)
class Entry:
    """One row of the symbol table."""

    name: str
    latex: str
    meaning: str
    unit: str = "1"
    domain: Domain = Domain()

    @cached_property
    def symbol(self) -> sp.Symbol:
        """The symbol; SymPy is imported when the first one is needed."""
        from sympy import Symbol

        domain, bounded = self.domain, self.domain.lower is not None
        return Symbol(
            self.name,
            real=True,
            positive=True if bounded and (domain.strict or (domain.lower or 0) > 0) else None,
            nonnegative=True if bounded else None,
            integer=True if domain.integer else None,
        )


REAL, NONNEGATIVE, POSITIVE = Domain(), Domain(0), Domain(0, strict=True)
COUNT = Domain(1, integer=True)

_TABLE: dict[str, Entry] = {}


def _declare(name: str, latex: str, meaning: str, unit: str = "1", domain: Domain = REAL) -> Entry:
    return _TABLE.setdefault(name, Entry(name, latex, meaning, unit, domain))


for _row in (
    # the market
    ("r", "r", "risk-free interest rate", "1/time", NONNEGATIVE),
    ("b", "b", "drift of the stock", "1/time", REAL),
    ("B", "B", "excess drift b - r", "1/time", REAL),
    ("nu", r"\nu", "idiosyncratic volatility", "1/sqrt(time)", NONNEGATIVE),
    ("sigma", r"\sigma", "common volatility", "1/sqrt(time)", REAL),
    ("s2", "v", "total variance nu^2 + sigma^2", "1/time", POSITIVE),
    # the agent
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
    ("n", "n", "number of agents", "1", COUNT),
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
    # aggregates of the competitors
    ("m_b", "m_b", "aggregate excess drift of the competitors", "wealth/time", REAL),
    ("m_s", "m_s", "aggregate common volatility of the competitors", "wealth/sqrt(time)", REAL),
    (
        "m_2",
        "m_2",
        "aggregate idiosyncratic variance of the competitors",
        "wealth^2/time",
        NONNEGATIVE,
    ),
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
):
    _declare(*_row)


def symbol(name: str) -> sp.Symbol:
    """Return the symbol called ``name``.

    Names like ``"p1_2"`` give the symbol of one agent, ``"p1_k"`` and ``"p1_i"`` that of a generic
    one, and ``"dp1"`` the first-order change of ``p1`` in a small parameter.

    Raises
    ------
    DerivationError
        If the table has no such name.
    """
    return entry(name).symbol


def entry(name: str) -> Entry:
    """Return the row of the table for ``name``, as ``symbol`` understands it.

    Raises
    ------
    DerivationError
        If the table has no such name.
    """
    if name in _TABLE:
        return _TABLE[name]
    stem, _, index = name.rpartition("_")
    if stem in _TABLE and (index.isdigit() or index in ("i", "k")):
        base = _TABLE[stem]
        return _declare(name, _indexed(base.latex, index), base.meaning, base.unit, base.domain)
    if name.startswith("d") and name[1:] in _TABLE:
        base = _TABLE[name[1:]]
        return _declare(name, rf"\delta {base.latex}", f"change of the {base.meaning}", base.unit)
    raise DerivationError(
        f"no symbol is called {name!r}.",
        stage="symbols",
        remedy="Declare it in eqsolve/symbols.py.",
    )


def _indexed(latex: str, index: str) -> str:
    """Append the agent's index to a LaTeX symbol that may already carry a subscript."""
    head, _, tail = latex.partition("_")
    tail = tail.strip("{}")
    return f"{head}_{{{tail},{index}}}" if tail else f"{head}_{{{index}}}"


def symbols(names: str) -> tuple[sp.Symbol, ...]:
    """Return the symbols of a blank-separated list of names."""
    return tuple(symbol(name) for name in names.split())


def latex_names() -> dict[sp.Symbol, str]:
    """Return the LaTeX of every symbol declared so far."""
    return {row.symbol: row.latex for row in _TABLE.values()}
