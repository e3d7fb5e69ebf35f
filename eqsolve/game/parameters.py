"""The numbers that a user gives a model, read exactly."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from eqsolve.errors import InputError
from eqsolve.game.model import Model
from eqsolve.game.vocabulary import Letter
from eqsolve.numbers import exact

#: Names accepted in place of a parameter's own, because Python reserves the latter.
ALIASES = {"lam": "lambda"}
_ENTRY = re.compile(r"(\w+)\[([0-9]+)(?:,([0-9]+))?\]")


@dataclass(frozen=True)
class Numbers:
    """A user's numbers for a model.

    Attributes
    ----------
    parameters : the value of every parameter.
    states : values of states and laws, where they were given.
    time : calendar time of the question.
    """

    parameters: Mapping[sp.Symbol, Fraction]
    states: Mapping[sp.Symbol, Fraction]
    time: Fraction = Fraction(0)


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


def read(
    model: Model, given: Mapping[str, object], at: Mapping[str, object] | None = None
) -> Numbers:
    """Check names and domains of a user's numbers.

    Parameters
    ----------
    model : the model they are for.
    given : parameters, and possibly states and ``t``, by name.
    at : states and ``t`` by name.

    Raises
    ------
    InputError
        For an unknown, missing or doubly given name, or a value outside its domain.
    """
    game = model.game.name
    letters = {letter.name: letter for letter in model.vocabulary.parameters}
    places = {s.name: s for s in model.game.state_symbols}
    places |= {law.symbol.name: law.symbol for law in model.game.laws}
    parameters: dict[sp.Symbol, Fraction] = {}
    states: dict[sp.Symbol, Fraction] = {}
    times: list[Fraction] = []
    for source in (given, at or {}):
        for name, number in flattened(source, game, letters):
            if name in letters:
                _set(parameters, letters[name].symbol, number, game)
            elif name in places:
                _set(states, places[name], number, game)
            elif name == "t":
                if times and times[0] != number:
                    raise InputError("t is given twice.", game=game, stage="input")
                times.append(number)
            else:
                known = ", ".join([*letters, *places, "t"])
                raise InputError(
                    f"{name!r} is not a parameter.",
                    game=game,
                    stage="input",
                    remedy=f"The parameters and states are {known}.",
                )
    missing = [letter for letter in letters.values() if letter.symbol not in parameters]
    if missing:
        raise InputError(
            f"missing parameter{'s' if len(missing) > 1 else ''} "
            f"{', '.join(letter.name for letter in missing)}.",
            game=game,
            stage="input",
            remedy=f"Give {missing[0].name}"
            + (f" ({missing[0].meaning})." if missing[0].meaning else "."),
        )
    for letter in letters.values():
        _inside(letter, parameters[letter.symbol], game)
    return Numbers(parameters, states, times[0] if times else Fraction(0))


def _set(values: dict[sp.Symbol, Fraction], symbol: sp.Symbol, number: Fraction, game: str) -> None:
    if values.setdefault(symbol, number) != number:
        raise InputError(f"{symbol} is given twice.", game=game, stage="input")


def _inside(letter: Letter, number: Fraction, game: str) -> None:
    rational = sp.Rational(number.numerator, number.denominator)
    if letter.domain.contains(rational) != sp.true:
        meaning = f" ({letter.meaning})" if letter.meaning else ""
        raise InputError(
            f"the parameter {letter.name}{meaning} must be in {_shown(letter.domain)}, "
            f"not {float(number):g}.",
            game=game,
            stage="input",
        )


def _shown(domain: sp.Set) -> str:
    """A domain in words or as an interval."""
    if isinstance(domain, sp.Interval):
        left = "(" if domain.left_open else "["
        right = ")" if domain.right_open else "]"
        return f"{left}{domain.start}, {domain.end}{right}".replace("oo", "infinity")
    if isinstance(domain, sp.Union):
        return " or ".join(_shown(part) for part in domain.args)
    return str(domain)
