"""Small builders of displays, and the ways an author groups an expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from eqsolve.arithmetic.algebra import collect
from eqsolve.derivations.mean_variance.vocabulary import entry, symbol
from eqsolve.game import State
from eqsolve.ledger import Display, Kind, Line, Proof
from eqsolve.operators import Differential, InOrder, Noise


def meaning(name: sp.Symbol) -> str:
    """What the symbol table says about a symbol: the title of its display."""
    return entry(str(name.name)).meaning


def shown(
    number: str,
    title: str,
    *lines: Line,
    kind: Kind = "solution",
    proof: Proof = "exact",
    depends: str = "",
    prose: str = "",
    let: tuple[Line, ...] = (),
    evidence: tuple[Line, ...] = (),
    names: Mapping[sp.Symbol, str] | None = None,
    values: Mapping[sp.Symbol, sp.Expr] | None = None,
) -> Display:
    """Return a display; ``depends`` lists numbers, separated by blanks."""
    return Display(
        number,
        title,
        lines,
        kind,
        proof,
        let=let,
        evidence=evidence,
        depends=tuple(depends.split()),
        values=values or {},
        names=names or {},
        prose=prose,
    )


def grouped(expression: sp.Expr, *names: sp.Symbol) -> sp.Expr:
    """Collect a polynomial in some of its symbols, the coefficients factored."""
    parts = collect(expression, names)
    return sp.Add(*(monomial * sp.factor(part) for monomial, part in parts.items()))


def pooled(expression: sp.Expr, names: tuple[sp.Symbol, ...]) -> sp.Expr:
    """Collect in the monomials of ``names`` and pool those that share a coefficient."""
    pools: dict[sp.Expr, list[sp.Expr]] = {}
    for monomial, part in collect(expression, names).items():
        pools.setdefault(part, []).append(monomial)
    return sp.Add(*(sp.Add(*monomials) * part for part, monomials in pools.items()))


def dynamics(state: State, increments: Mapping[str, sp.Expr]) -> Line:
    """The stochastic differential equation of a state."""
    noise = (state.loadings[k] * dw for k, dw in increments.items() if k in state.loadings)
    return Line(
        Differential(state.symbol),
        InOrder(sp.factor(state.drift) * Differential(symbol("t")), *noise),
    )


def brownian(own: str, common: str = "0") -> dict[str, sp.Expr]:
    """The increments of the Brownian motions of an agent and of the market."""
    own = f"W^{own}_t" if own else "W_t"
    return {"W": Noise(own), "W_0": Noise(f"W^{common}_t")}


def placed(displays: Sequence[Display], *groups: Sequence[Display]) -> tuple[Display, ...]:
    """Insert every group of displays before the first display with a greater number."""
    result = list(displays)
    for group in groups:
        place = _place(group[0])
        later = (k for k, d in enumerate(result) if d.is_numbered and _place(d) > place)
        index = next(later, len(result))
        result[index:index] = group
    return tuple(result)


def _place(display: Display) -> tuple[bool, list[int]]:
    """The order of numbers: appendices come last."""
    parts = display.number.partition("-")[0].split(".")
    return parts[0].isalpha(), [int(part) for part in parts if part.isdigit()]
