"""Parameters given by users: names and domains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from eqsolve.errors import InputError, near
from eqsolve.inputs import ALIASES
from eqsolve.numbers import Number, exact
from eqsolve.symbols import entry

__all__ = ["ALIASES", "Number", "check_names", "exact", "parameters", "require"]


def check_names(given: Iterable[str], known: Iterable[str], *, game: str) -> None:
    """Raise InputError unless every name is a known parameter or its alias."""
    known = tuple(known)
    for key in given:
        if ALIASES.get(key, key) not in known:
            raise InputError(
                f"{key!r} is not a parameter.",
                game=game,
                stage="input",
                remedy=f"{near(key, known)}The parameters are {', '.join(known)}.",
            )


def parameters(
    given: Mapping[str, object], required: Iterable[str], *, game: str
) -> dict[str, Fraction]:
    """Check names and domains of a game's parameters and return exact values.

    Raises
    ------
    InputError
        For an unknown, missing or doubly given name, or a value outside its domain.
    """
    required = tuple(required)
    check_names(given, required, game=game)
    values: dict[str, Fraction] = {}
    for key, value in given.items():
        name = ALIASES.get(key, key)
        if name in values:
            raise InputError(f"the parameter {name} is given twice.", game=game, stage="input")
        values[name] = exact(name, value, game=game)
    missing = [name for name in required if name not in values]
    if missing:
        raise InputError(
            f"missing parameter{'s' if len(missing) > 1 else ''} {', '.join(missing)}.",
            game=game,
            stage="input",
            remedy=f"Give {missing[0]} ({entry(missing[0]).meaning}).",
        )
    for name, number in values.items():
        domain = entry(name).domain
        if not domain.contains(number):
            raise InputError(
                f"the parameter {name} ({entry(name).meaning}) must be {domain}, "
                f"not {float(number):g}.",
                game=game,
                stage="input",
            )
    return values


def require(condition: bool, sentence: str, *, game: str) -> None:
    """Raise InputError with a sentence unless a joint condition on the parameters holds."""
    if not condition:
        raise InputError(sentence, game=game, stage="input")
