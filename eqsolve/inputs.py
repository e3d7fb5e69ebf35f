"""What a user gives a declared game, read exactly; without an algebra system."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from html.entities import name2codepoint
from keyword import kwlist
from typing import Any, TypeVar

from eqsolve.errors import InputError, near
from eqsolve.numbers import exact

#: Names of letters that Python reserves, by what is accepted in their place: the first three.
ALIASES = {word[:3]: word for word in kwlist if word in name2codepoint and word[:3] != word}
#: The parameters that give the end of the horizon and the number of players.
END, COUNT = "T", "n"
#: What a table of types gives of every type besides: its weight in averages.
WEIGHT = "weight"
#: Arguments of ``model(**structure)`` that are no parameters.
TYPES = "types"
RESERVED = ("notion", "size", "horizon", TYPES)
V = TypeVar("V")
_ENTRY = re.compile(r"(\w+)\[([0-9]+)(?:,([0-9]+))?\]")


@dataclass(frozen=True)
class Range:
    """An interval of real or whole numbers; an end that is None is infinite."""

    low: Fraction | None
    high: Fraction | None
    open_low: bool
    open_high: bool
    whole: bool = False

    def __contains__(self, number: Fraction) -> bool:
        above = self.low is None or (number > self.low if self.open_low else number >= self.low)
        below = self.high is None or (number < self.high if self.open_high else number <= self.high)
        return above and below and (number.denominator == 1 or not self.whole)


@dataclass(frozen=True)
class Domain:
    """A set of numbers: intervals, less others.

    Attributes
    ----------
    parts, without : the intervals.
    text : how messages write it.
    """

    parts: tuple[Range, ...]
    without: tuple[Range, ...]
    text: str

    def __contains__(self, number: Fraction) -> bool:
        inside = any(number in part for part in self.parts)
        return inside and not any(number in part for part in self.without)


@dataclass(frozen=True)
class Parameter:
    """A parameter: its name, a few words, and the values it may take."""

    name: str
    meaning: str
    domain: Domain

    @property
    def requirement(self) -> str:
        """What is asked of its value, in words."""
        meaning = f" ({self.meaning})" if self.meaning else ""
        return f"the parameter {self.name}{meaning} must be in {self.domain.text}"


@dataclass(frozen=True)
class Values:
    """A user's numbers for a model.

    Attributes
    ----------
    parameters : the value of every parameter.
    states : values of states and laws, where they were given.
    time : calendar time of the question.
    """

    parameters: Mapping[str, Fraction]
    states: Mapping[str, Fraction]
    time: Fraction = Fraction(0)


@dataclass(frozen=True)
class Inputs:
    """What a game takes.

    Attributes
    ----------
    game : its name.
    parameters : in order.
    places : names of states and laws, whose values may be given.
    own : what a table of types may hold, if copies have types of their own: parameters, the weight,
        and states.
    share : the parameter that is a player's own weight in averages; empty if there is none.
    tail : what may be given in place of weights: the exponent of Zipf's law.
    """

    game: str
    parameters: tuple[Parameter, ...]
    places: tuple[str, ...]
    own: tuple[str, ...] = ()
    share: str = ""
    tail: str = ""

    @property
    def typed(self) -> bool:
        """Whether copies have types of their own."""
        return len(self.own) > 1

    @property
    def names(self) -> set[str]:
        """Parameters, states and laws."""
        return {*(letter.name for letter in self.parameters), *self.places}

    def read(self, given: Mapping[str, object], at: Mapping[str, object] | None = None) -> Values:
        """Check names and domains of a user's numbers.

        Parameters
        ----------
        given : parameters, and possibly states and ``t``, by name.
        at : states and ``t`` by name.

        Raises
        ------
        InputError
            For an unknown, missing or doubly given name, or a value outside its domain.
        """
        letters = {parameter.name: parameter for parameter in self.parameters}
        parameters: dict[str, Fraction] = {}
        states: dict[str, Fraction] = {}
        times: list[Fraction] = []
        for source in (given, at or {}):
            read: set[str] = set()
            for name, number in flattened(source, self.game, letters):
                if name in read:
                    raise self._error(f"the parameter {name} is given twice.")
                read.add(name)
                if name in letters:
                    self._set(parameters, name, number)
                elif name in self.places:
                    self._set(states, name, number)
                elif name == "t":
                    if times and times[0] != number:
                        raise self._error("t is given twice.")
                    times.append(number)
                else:
                    known = [*letters, *self.places, "t"]
                    raise self._error(
                        f"{name!r} is not a parameter.",
                        f"{near(name, known)}The parameters and states are {', '.join(known)}.",
                    )
        missing = [letter for letter in self.parameters if letter.name not in parameters]
        if missing:
            raise self._error(
                f"missing parameter{'s' if len(missing) > 1 else ''} "
                f"{', '.join(letter.name for letter in missing)}.",
                f"Give {missing[0].name}"
                + (f" ({missing[0].meaning})." if missing[0].meaning else "."),
            )
        for letter in self.parameters:
            number = parameters[letter.name]
            if number not in letter.domain:
                raise self._error(f"{letter.requirement}, not {float(number):g}.")
        return Values(parameters, states, times[0] if times else Fraction(0))

    def takes(self, given: Mapping[str, object]) -> bool:
        """Whether it has all names, with single numbers: nothing speaks of types of players."""
        letters = {*(letter.name for letter in self.parameters), *self.places, "t"}
        if not letters >= {ALIASES.get(name, name) for name in given}:
            return False
        try:
            return all(exact(name, value) is not None for name, value in given.items())
        except InputError:
            return False

    def _set(self, values: dict[str, Fraction], name: str, number: Fraction) -> None:
        if values.setdefault(name, number) != number:
            raise self._error(f"{name} is given twice.")

    def _error(self, message: str, remedy: str = "") -> InputError:
        return InputError(message, game=self.game, stage="input", remedy=remedy)


def parsed(text: str) -> object:
    """A vector or matrix written as ``[.08, .05]`` or ``[[0, 1], [-1, -1/5]]``, or the text.

    Raises
    ------
    InputError
        If the brackets do not match.
    """
    if not text.strip().startswith("["):
        return text
    stack: list[list[object]] = [[]]
    word = ""
    for character in text.strip() + ",":
        if character in "[],":
            if word.strip():
                stack[-1].append(word.strip().strip("'\""))
            word = ""
        else:
            word += character
        if character == "[" and len(stack) <= 3:
            stack.append([])
        elif character == "]" and len(stack) > 1:
            closed = stack.pop()
            stack[-1].append(closed)
        elif character in "[]":
            stack = []
            break
    if len(stack) != 1 or len(stack[0]) != 1:
        raise InputError(
            f"{text[:60]!r} is no vector or matrix.",
            stage="input",
            remedy="Write [1, 2] or [[1, 2], [3, 4]].",
        )
    return stack[0][0]


def flattened(
    values: Mapping[str, object], game: str = "", known: Container[str] = ()
) -> Iterator[tuple[str, Fraction]]:
    """Exact numbers by name: vectors and matrices entry by entry, ``A[2,1]`` as ``A_2_1``.

    Raises
    ------
    InputError
        If a value is no finite number, or a name is no name.
    """
    for key, value in values.items():
        name = key if key in known else ALIASES.get(key, key)
        entry = _ENTRY.fullmatch(name)
        if entry is not None:
            name = "_".join(part for part in entry.groups() if part is not None)
        if isinstance(value, (list, tuple)):
            for index, part in enumerate(value, start=1):
                yield from flattened({f"{name}_{index}": part}, game, known)
        else:
            yield name, exact(name, value, game=game)


@dataclass(frozen=True)
class Asked:
    """What of a user's arguments may change the equations.

    Attributes
    ----------
    notion, size, continuum : ``--notion``, ``--size N`` and ``--size continuum``.
    """

    notion: str | None = None
    size: int | None = None
    continuum: bool = False

    def chosen(
        self, arguments: Container[str], values: Mapping[str, object]
    ) -> tuple[Asked, dict[str, Any]]:
        """The arguments of a game's function ``model``, and what was asked for by them.

        Parameters
        ----------
        arguments : those that the function has.
        values : what the user gave, exact numbers by name (matrices as nested lists).

        Raises
        ------
        InputError
            If a continuum and a number of players are both asked for.
        """
        asked = self
        if self.continuum and COUNT in values and "size" in arguments:
            raise InputError(
                f"a continuum and {COUNT} are both given.",
                stage="structure",
                remedy="Leave one out.",
            )
        if self.size is None and COUNT in values and "size" in arguments:
            number = exact(COUNT, values[COUNT])
            if number.denominator == 1:
                asked = replace(self, size=int(number))
        found: dict[str, Any] = {}
        if "size" in arguments and (asked.size is not None or asked.continuum):
            found["size"] = asked.size
        if "notion" in arguments and asked.notion is not None:
            found["notion"] = asked.notion
        if "horizon" in arguments:
            found["horizon"] = END in values
        found |= {
            name: _exact(name, value)
            for name, value in values.items()
            if name in arguments and name not in RESERVED
        }
        return asked, found

    def check(self, game: str, notion: str, finite: bool, function: bool) -> None:
        """Refuse a game that is not what was asked for.

        Parameters
        ----------
        game, notion : of the model.
        finite : whether it has a number of players that can be chosen.
        function : whether its file exports a function.

        Raises
        ------
        InputError
            If the game has no such notion or size.
        """
        if self.notion is not None and notion != self.notion:
            raise InputError(
                f"the notion {self.notion!r} is not declared.",
                game=game,
                stage="structure",
                remedy=f"The game has the notion {notion!r}"
                + ("." if function else "; give its file a function model(notion=...)."),
            )
        sized = self.size is not None
        if sized != finite and (sized or self.continuum):
            kind = "finitely many players" if sized else "a continuum of players"
            raise InputError(f"the game does not have {kind}.", game=game, stage="structure")


def _exact(name: str, value: object) -> object:
    """A number, or the numbers of a vector or matrix, exactly."""
    if isinstance(value, (list, tuple)):
        return [_exact(name, part) for part in value]
    return exact(name, value)


def counted(
    game: str, name: str, values: Mapping[str, object], size: int | None
) -> dict[str, object]:
    """The values with the number of players, whose name is empty if it is no parameter.

    Raises
    ------
    InputError
        If another number is among them.
    """
    found = dict(values)
    if size is not None and name and exact(name, found.setdefault(name, size), game=game) != size:
        raise InputError(
            f"{name} and the size are both given.",
            game=game,
            stage="input",
            remedy="Leave one out.",
        )
    return found


def named_set(cases: Mapping[str, Mapping[str, V]], name: str, game: str) -> Mapping[str, V]:
    """The set of a name, or what all sets agree in whose names go on with a comma.

    With sets ``S1, n = 3`` and ``S1, n = 10`` the name ``S1`` leaves n open.

    Parameters
    ----------
    cases : the sets of a game.
    name : of a set, whole or up to its first comma.
    game : the name of the game, for errors.

    Raises
    ------
    InputError
        If there is no such set.
    """
    if name in cases:
        return cases[name]
    meant = [row for key, row in cases.items() if key.partition(",")[0] == name]
    if not meant:
        raise InputError(
            f"there is no set {name!r}.",
            game=game,
            stage="input",
            remedy=(
                f"{near(name, cases)}The sets are {', '.join(map(repr, cases))}."
                if cases
                else "The game has no named sets: give every parameter."
            ),
        )
    first, *others = meant
    return {k: v for k, v in first.items() if all(k in row and row[k] == v for row in others)}
