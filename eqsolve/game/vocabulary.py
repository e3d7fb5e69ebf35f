"""The letters of a game: how each is printed, what it means and which values it may take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import sympy as sp

from eqsolve.errors import DerivationError
from eqsolve.game.fields import kind, sequence

real = sp.Interval(-sp.oo, sp.oo)
positive = sp.Interval.open(0, sp.oo)
nonnegative = sp.Interval(0, sp.oo)
correlation = sp.Interval(-1, 1)
nonzero = sp.Union(sp.Interval.open(-sp.oo, 0), sp.Interval.open(0, sp.oo))


@dataclass(frozen=True)
class Letter:
    """One row of a vocabulary.

    Parameters
    ----------
    symbol : the SymPy symbol; its name is the name in commands, files and machine output.
    meaning : a few words.
    domain : the values it may take, a set of real numbers; for a coefficient or a variable it is
        what readers are told.
    latex : how it is printed; by default as SymPy prints its name.
    unit : unit of measurement, in words.
    parameter : whether a user gives its value. Other rows only say how a letter is printed.
    """

    symbol: sp.Symbol
    meaning: str = ""
    domain: sp.Set = real
    latex: str = ""
    unit: str = ""
    parameter: bool = False

    def __post_init__(self) -> None:
        kind(self, "symbol", sp.Symbol)
        kind(self, "domain", sp.Set)
        kind(self, "latex", str)
        if not _whole(self.latex):
            raise DerivationError(
                f"the LaTeX of {self.symbol}, {self.latex!r}, is no part of a formula.",
                stage="game",
                remedy=r"Write it without dollars and with closed braces, as in \bar{x}.",
            )

    @property
    def name(self) -> str:
        """The name of the symbol."""
        return str(self.symbol.name)


def _whole(tex: str) -> bool:
    """Whether braces are closed, and nothing leaves the formula or waits for an argument."""
    plain, depth = re.sub(r"\\.", "", tex), 0
    for mark in plain:
        depth += (mark == "{") - (mark == "}")
        if depth < 0 or mark in "$%#&":
            return False
    return depth == 0 and not plain.rstrip().endswith(("^", "_", "\\"))


def parameter(
    symbol: sp.Symbol,
    meaning: str = "",
    domain: sp.Set = real,
    *,
    latex: str = "",
    unit: str = "",
) -> Letter:
    """A letter whose value the user gives."""
    return Letter(symbol, meaning, domain, latex, unit, parameter=True)


@dataclass(frozen=True, init=False)
class Vocabulary:
    """The letters of a game, in the order in which listings name them."""

    letters: tuple[Letter, ...]

    def __init__(self, *letters: Letter) -> None:
        object.__setattr__(self, "letters", letters)
        sequence(self, "letters", Letter)
        names = [letter.name for letter in letters]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DerivationError(
                f"the vocabulary has {', '.join(twice)} twice.",
                stage="game",
                remedy="Keep one row a letter.",
            )

    def __iter__(self) -> Iterator[Letter]:
        return iter(self.letters)

    @property
    def parameters(self) -> tuple[Letter, ...]:
        """The letters whose values a user gives."""
        return tuple(letter for letter in self.letters if letter.parameter)

    def latex(self) -> dict[sp.Symbol, str]:
        """How letters are printed, where it is not SymPy's way."""
        return {letter.symbol: letter.latex for letter in self.letters if letter.latex}
