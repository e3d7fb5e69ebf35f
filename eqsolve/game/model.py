"""What the file of a game exports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from eqsolve.game.ansatz import Ansatz
from eqsolve.game.fields import exact, kind, table
from eqsolve.game.game import Game
from eqsolve.game.vocabulary import Vocabulary


@dataclass(frozen=True)
class Model:
    """A game, the form of its solution and the letters it is written in.

    A file exports it as ``MODEL``, or exports a function ``model(**structure)`` that returns one.
    The function's arguments are what changes the equations and not only the numbers: ``notion``,
    ``size`` (a number, or None for a continuum), ``horizon`` (whether an end T is given), ``types``
    (whether players have types of their own), or the name of a parameter, whose value is then
    passed (for a matrix, its rows); each has a default.

    Parameters
    ----------
    game, ansatz, vocabulary : see the classes.
    title : one line for listings.
    source : where the game comes from, a reference.
    selection : which of several solutions is the equilibrium: ``limit`` (the one that the finite
        horizon reaches as it grows), ``stabilizing`` (the states stay finite) or ``value`` (the
        best value at the given states).
    outputs : further results by name, in coefficients, laws and parameters; they are given at
        every solution, where they need no state.
    coordinates : states and laws in other letters, in which results are then written, as in
        ``{m: y + x/n}``; the vocabulary has these letters.
    limit : what is largest at the solution that finite horizons reach, where that is known.
    ends : what finite horizons pay at their end, by moment, where a game without an end names no
        payoff: those whose limit is selected.
    required : what must not be zero, by the sentence that says so.
    beside : other values of parameters at which the controls are wanted besides, by name.
    frozen : with the notion given, parameters for the averages over the others, as in
        ``{m_b: B*pi}``: the answer is the response to these, and nobody's fixed point.
    initial : for a state, the mean and variance of its law at time 0, where the game has one.
    cases : named parameter sets with exact values, by parameter.
    reference : known results by case and by name of the result, as printed decimals: right to one
        unit of the last digit; a whole number is exact.
    problem : the kind of problem files of the grid that the game lends its name to.
    """

    game: Game
    ansatz: Ansatz
    vocabulary: Vocabulary
    title: str = ""
    source: str = ""
    selection: str = "limit"
    outputs: Mapping[str, sp.Expr] = field(default_factory=dict)
    coordinates: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    limit: sp.Expr | None = None
    ends: Mapping[str, sp.Expr] = field(default_factory=dict)
    required: Mapping[str, sp.Expr] = field(default_factory=dict)
    beside: Mapping[str, Mapping[sp.Symbol, sp.Expr]] = field(default_factory=dict)
    frozen: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    initial: Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]] = field(default_factory=dict)
    cases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reference: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    problem: str = ""

    def __post_init__(self) -> None:
        kind(self, "game", Game)
        kind(self, "ansatz", Ansatz)
        kind(self, "vocabulary", Vocabulary)
        for name in ("title", "source", "selection", "problem"):
            kind(self, name, str, self.name)
        for name in ("outputs", "required", "ends"):
            table(self, name, str, self.name)
        for name in ("coordinates", "frozen"):
            table(self, name, sp.Symbol, self.name)
        if self.limit is not None:
            object.__setattr__(self, "limit", exact(self.limit))
        kind(self, "beside", Mapping, self.name)
        for name, row in self.beside.items():
            inserted = {symbol: exact(value) for symbol, value in row.items()}
            object.__setattr__(self, "beside", {**self.beside, name: inserted})
        for name in ("initial", "cases", "reference"):
            kind(self, name, Mapping, self.name)
        laws: Mapping[object, object] = self.initial
        for state, law in laws.items():
            if not isinstance(law, (tuple, list)) or len(law) != 2:
                raise self.game.error(
                    f"the initial law of {state} is {law!r}.",
                    remedy="Write a pair, its mean and its variance.",
                )
        pairs = {state: (exact(mean), exact(var)) for state, (mean, var) in self.initial.items()}
        object.__setattr__(self, "initial", pairs)
        for name in ("cases", "reference"):
            for case, row in getattr(self, name).items():
                if not isinstance(case, str) or not isinstance(row, Mapping):
                    raise self.game.error(
                        f"{name} of Model holds {case!r}: {row!r}.",
                        remedy='Write a name and a table, as in {"default": {"r": "0.03"}}.',
                    )

    def written(self, letters: Iterable[sp.Symbol]) -> tuple[sp.Symbol, ...]:
        """States and laws in the letters that results are written in."""
        places = (*self.game.state_symbols, *(law.symbol for law in self.game.laws))
        named = [row.symbol for row in self.vocabulary if not row.parameter]
        found: dict[sp.Symbol, None] = {}
        for letter in letters:
            if letter not in self.coordinates:
                found[letter] = None
                continue
            free = self.coordinates[letter].free_symbols
            found |= dict.fromkeys(s for s in (*places, *named) if s in free)
        return tuple(found)

    @property
    def name(self) -> str:
        """The game's name."""
        return self.game.name
