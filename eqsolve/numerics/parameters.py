"""Parameters given by users: exact parsing and validation."""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Iterable, Mapping
from fractions import Fraction

from eqsolve.errors import InputError
from eqsolve.symbols import entry

Number = int | float | str | Fraction

_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_RATIO = re.compile(r"[+-]?[0-9]+/[0-9]+")

#: Most characters of a number, and the magnitudes of numbers other than 0.
LONGEST = 100
LEAST, MOST = Fraction(1, 10**30), Fraction(10**30)

#: Names accepted in place of a parameter's own, because Python reserves the latter.
ALIASES = {"lam": "lambda"}


def exact(name: str, value: object, *, game: str = "") -> Fraction:
    """Return a number as an exact fraction: decimals and ratios as written, floats as stored.

    Raises
    ------
    InputError
        If the value is not a finite number, or too long, too large or too small to compute with.
    """
    if isinstance(value, str) and len(value) > LONGEST:
        number = None
    else:
        number = _fraction(value)
        if number is None:
            raise InputError(
                f"the parameter {name} must be a finite number, not {reprlib.repr(value)}.",
                game=game,
                stage="input",
                remedy='Write a decimal such as 0.03 or a ratio such as "1/3".',
            )
    if number is None or (number != 0 and not LEAST <= abs(number) <= MOST):
        raise InputError(
            f"the parameter {name} must be 0 or of magnitude 1e-30 to 1e30, written in at most "
            f"{LONGEST} characters.",
            game=game,
            stage="input",
        )
    return number


def _fraction(value: object) -> Fraction | None:
    """The exact value, or None if it is not a finite number."""
    if isinstance(value, Fraction):
        return value
    if isinstance(value, str):
        text = value.strip()
        if _RATIO.fullmatch(text):
            top, bottom = text.split("/")
            if int(bottom) != 0:
                return Fraction(int(top), int(bottom))
        elif _DECIMAL.fullmatch(text):
            return Fraction(text)
    elif isinstance(value, bool):
        pass
    elif isinstance(value, int):
        return Fraction(value)
    else:
        try:
            number = float(value)  # type: ignore[arg-type]  # any real number type, numpy's too
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return Fraction(number)
    return None


def check_names(given: Iterable[str], known: Iterable[str], *, game: str) -> None:
    """Raise InputError unless every name is a known parameter or its alias."""
    known = tuple(known)
    for key in given:
        if ALIASES.get(key, key) not in known:
            raise InputError(
                f"{key!r} is not a parameter.",
                game=game,
                stage="input",
                remedy=f"The parameters are {', '.join(known)}.",
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
