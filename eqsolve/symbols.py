"""The symbol table: one SymPy symbol per name, with meaning, unit, domain and LaTeX.

Games and families of games declare the rows; every module takes its symbols from here, so that a
name means the same in code, documentation, LaTeX and machine output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, cached_property
from types import MappingProxyType
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


@dataclass(frozen=True)
class Order:
    """How an author orders letters; of a name that is absent the place is late.

    Attributes
    ----------
    sums : ranks of names in sums: the term with the earliest name comes first.
    products : ranks in products: weights before parameters, these before unknowns.
    lead : the rank that a sum has at least as a factor.
    weights : parameters that are drawn out of a fraction.
    states : names that stand last.
    functions, early : functions of the states, and those whose terms come first in sums.
    steady : names at the head of a sum whose sign is not turned around.
    """

    sums: Mapping[str, int] = field(default_factory=dict)
    products: Mapping[str, int] = field(default_factory=dict)
    lead: int = 0
    weights: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    early: frozenset[str] = frozenset()
    steady: frozenset[str] = frozenset()


_ORDER = [Order()]


def arrange(
    *,
    sums: str,
    products: str,
    lead: str,
    weights: str,
    states: str,
    functions: str,
    early: str,
    steady: str,
) -> None:
    """Declare the order of letters, as blank-separated names from early to late; see `Order`."""
    first, second = (
        {name: rank for rank, name in enumerate(text.split())} for text in (sums, products)
    )
    _ORDER[0] = Order(
        first,
        second,
        second[lead],
        frozenset(weights.split()),
        frozenset(states.split()),
        frozenset(functions.split()),
        frozenset(early.split()),
        frozenset(steady.split()),
    )


def order() -> Order:
    """The order of letters that was declared."""
    return _ORDER[0]


_TABLE: dict[str, Entry] = {}


#: Names that have no row of their own yet, see ``letters``.
_PLAIN: set[str] = set()


def _declare(name: str, latex: str, meaning: str, unit: str = "1", domain: Domain = REAL) -> Entry:
    if name not in _TABLE:
        _TABLE[name] = Entry(name, latex, meaning, unit, domain)
        latex_names.cache_clear()
    return _TABLE[name]


def declare(*rows: tuple[str, str, str, str, Domain]) -> None:
    """Add rows to the table: name, LaTeX, meaning, unit, domain. The first of a name stays."""
    for row in rows:
        if row[0] in _PLAIN:
            _PLAIN.remove(row[0])
            del _TABLE[row[0]]
        _declare(*row)


def letters(names: str) -> tuple[sp.Symbol, ...]:
    """Return the symbols of a blank-separated list of names, new ones as real numbers.

    The file of a game takes by it what no table has. A row that is declared later counts from then
    on.
    """
    from sympy import Symbol, latex

    for name in names.split():
        if name not in _TABLE:
            _declare(name, latex(Symbol(name)), name)
            _PLAIN.add(name)
    return symbols(names)


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
        remedy="Declare it beside the game, with eqsolve.symbols.",
    )


def _indexed(latex: str, index: str) -> str:
    """Append the agent's index to a LaTeX symbol that may already carry a subscript."""
    head, _, tail = latex.partition("_")
    tail = tail.strip("{}")
    return f"{head}_{{{tail},{index}}}" if tail else f"{head}_{{{index}}}"


def symbols(names: str) -> tuple[sp.Symbol, ...]:
    """Return the symbols of a blank-separated list of names."""
    return tuple(symbol(name) for name in names.split())


@cache
def latex_names() -> MappingProxyType[sp.Symbol, str]:
    """Return the LaTeX of every symbol declared so far."""
    return MappingProxyType({row.symbol: row.latex for row in _TABLE.values()})


def latex_of(name: str) -> str | None:
    """Return the LaTeX of the symbol called ``name``; None if none was declared so far."""
    row = _TABLE.get(name)
    return row.latex if row else None
