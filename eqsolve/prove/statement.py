"""What is proved: theorems about real numbers and real functions, made of SymPy expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction


@dataclass(frozen=True)
class Relation:
    """``left relation right``."""

    left: sp.Expr
    relation: Literal["=", "<>", "<", ">", "<=", ">="]
    right: sp.Expr = sp.S.Zero

    @property
    def expressions(self) -> tuple[sp.Expr, ...]:
        """What it is made of."""
        return (self.left, self.right)

    @property
    def bound(self) -> tuple[sp.Symbol, ...]:
        """Letters that are not free in it."""
        return ()


@lru_cache(maxsize=256)
def _difference(equation: Relation) -> sp.Expr:
    """Left minus right, expanded; theorems of a game share what they assume."""
    return sp.expand(equation.left - equation.right)


@dataclass(frozen=True)
class Slope:
    """``value`` is the derivative of ``function``, as a function of ``variable``, at ``at``.

    With ``since`` nothing is said of the function before that: there the derivative is from above.
    """

    function: sp.Expr
    variable: sp.Symbol
    at: sp.Expr
    value: sp.Expr
    since: sp.Symbol | None = None

    @property
    def expressions(self) -> tuple[sp.Expr, ...]:
        """What it is made of."""
        return (self.function, self.at, self.value, *((self.since,) if self.since else ()))

    @property
    def bound(self) -> tuple[sp.Symbol, ...]:
        """Letters that are not free in it."""
        return () if self.at == self.variable else (self.variable,)


@dataclass(frozen=True)
class Tends:
    """``function`` tends to ``value`` as ``variable`` grows without bound."""

    function: sp.Expr
    variable: sp.Symbol
    value: sp.Expr

    @property
    def expressions(self) -> tuple[sp.Expr, ...]:
        """What it is made of."""
        return (self.function, self.value)

    @property
    def bound(self) -> tuple[sp.Symbol, ...]:
        """Letters that are not free in it."""
        return (self.variable,)


@dataclass(frozen=True)
class Approaches:
    """``function`` tends to ``value`` as ``variable`` falls to ``at``."""

    function: sp.Expr
    variable: sp.Symbol
    at: sp.Expr
    value: sp.Expr

    @property
    def expressions(self) -> tuple[sp.Expr, ...]:
        """What it is made of."""
        return (self.function, self.at, self.value)

    @property
    def bound(self) -> tuple[sp.Symbol, ...]:
        """Letters that are not free in it."""
        return (self.variable,)


@dataclass(frozen=True)
class Bounded:
    """``function`` is bounded where ``variable`` is large."""

    function: sp.Expr
    variable: sp.Symbol

    @property
    def expressions(self) -> tuple[sp.Expr, ...]:
        """What it is made of."""
        return (self.function,)

    @property
    def bound(self) -> tuple[sp.Symbol, ...]:
        """Letters that are not free in it."""
        return (self.variable,)


@dataclass(frozen=True)
class Has:
    """``function`` has the property that the library defines by a ``word``."""

    word: str
    function: UndefinedFunction

    @property
    def expressions(self) -> tuple[sp.Expr, ...]:
        """What it is made of besides."""
        return ()

    @property
    def bound(self) -> tuple[sp.Symbol, ...]:
        """Letters that are not free in it."""
        return ()


@dataclass(frozen=True)
class ForAll:
    """A statement for all values, of one kind, of some letters, of which some are positive."""

    letters: tuple[sp.Symbol, ...]
    statement: Statement
    positive: tuple[sp.Symbol, ...] = ()
    kind: str = "R"

    @property
    def expressions(self) -> tuple[sp.Expr, ...]:
        """What it is made of."""
        return self.statement.expressions

    @property
    def bound(self) -> tuple[sp.Symbol, ...]:
        """Letters that are not free in it."""
        return (*self.letters, *self.statement.bound)


@dataclass(frozen=True)
class Exists:
    """A statement for some values of letters."""

    letters: tuple[sp.Symbol, ...]
    statement: Statement

    @property
    def expressions(self) -> tuple[sp.Expr, ...]:
        """What it is made of."""
        return self.statement.expressions

    @property
    def bound(self) -> tuple[sp.Symbol, ...]:
        """Letters that are not free in it."""
        return (*self.letters, *self.statement.bound)


@dataclass(frozen=True)
class Joined:
    """Statements joined by a word: both, one of them, what follows from what, as good as.

    A letter that is bound in one part is free in none.
    """

    word: Literal["/\\", "\\/", "->", "<->"]
    parts: tuple[Statement, ...]

    @property
    def expressions(self) -> tuple[sp.Expr, ...]:
        """What it is made of."""
        return tuple(e for part in self.parts for e in part.expressions)

    @property
    def bound(self) -> tuple[sp.Symbol, ...]:
        """Letters that are not free in it."""
        return tuple(letter for part in self.parts for letter in part.bound)


Statement = Relation | Slope | Tends | Approaches | Bounded | Has | ForAll | Exists | Joined


@dataclass(frozen=True)
class Hypothesis:
    """A named assumption."""

    name: str
    statement: Statement

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", identifier(self.name))


def identifier(text: str) -> str:
    """A text as a name that Coq reads."""
    plain = re.sub(r"[\W_]+", "_", text, flags=re.ASCII).strip("_")
    return plain if re.match(r"[A-Za-z]", plain) else f"v{plain}"


@dataclass(frozen=True)
class Line:
    """A line of a proof; ``{}`` stands for each of the expressions in turn."""

    text: str
    expressions: tuple[sp.Expr | sp.Lambda | Statement, ...] = ()


@dataclass(frozen=True)
class Theorem:
    """A theorem with its proof.

    Attributes
    ----------
    name : its identifier.
    title : one line for readers.
    source : the equation of a source that it is about; empty if none has a number.
    hypotheses : what is assumed.
    conclusion : what is proved.
    script : the proof, line by line.
    witness : numbers and functions that satisfy all hypotheses.
    types : of letters that are no real numbers, and of functions that are not from these to these.
    """

    name: str
    title: str
    hypotheses: tuple[Hypothesis, ...]
    conclusion: Statement
    script: tuple[Line, ...]
    witness: Mapping[sp.Symbol | UndefinedFunction, sp.Expr | sp.Lambda | str] = field(
        default_factory=dict
    )
    source: str = ""
    types: Mapping[sp.Symbol | UndefinedFunction, str] = field(default_factory=dict)

    @property
    def is_assumed(self) -> bool:
        """Whether one hypothesis alone says the same, as where an equation defines its letter."""
        if not isinstance(self.conclusion, Relation):
            return any(h.statement == self.conclusion for h in self.hypotheses)
        assumed = [h.statement for h in self.hypotheses if isinstance(h.statement, Relation)]
        if self.conclusion.relation != "=":
            return self.conclusion in assumed
        difference = _difference(self.conclusion)
        return any(
            one.relation == "=" and _difference(one) in (difference, -difference) for one in assumed
        )

    @property
    def statements(self) -> Iterator[Statement]:
        """The hypotheses and the conclusion."""
        yield from (hypothesis.statement for hypothesis in self.hypotheses)
        yield self.conclusion

    @property
    def letters(self) -> tuple[sp.Symbol, ...]:
        """The free letters, by name."""
        found: set[sp.Symbol] = set()
        for statement in self.statements:
            free = set().union(*(e.free_symbols for e in statement.expressions))
            found |= free - {*statement.bound}
        return tuple(sorted(found, key=lambda s: str(s.name)))

    @property
    def functions(self) -> dict[UndefinedFunction, int]:
        """The free functions with their numbers of arguments, by name."""
        found = {
            (f.func, len(f.args))
            for statement in self.statements
            for e in statement.expressions
            for f in e.atoms(AppliedUndef)
        }
        return dict(sorted(found, key=lambda pair: str(pair[0].__name__)))


#: Makes a theorem when it is asked to, or says why there is none.
Maker = Callable[[], "Theorem | str"]

#: Name, title and theorems of what belongs together.
Chapter = tuple[str, str, Iterable[Maker | str]]
