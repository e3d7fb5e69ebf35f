"""Numbers given by users, read exactly."""

from __future__ import annotations

import re
import reprlib
from decimal import Decimal
from fractions import Fraction
from numbers import Rational, Real

from eqsolve.errors import InputError

Number = int | float | str | Fraction

_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_RATIO = re.compile(r"[+-]?[0-9]+/[0-9]+")

#: Most characters of a number, and the magnitudes of numbers other than 0.
LONGEST = 100
LEAST, MOST = Fraction(1, 10**30), Fraction(10**30)
MAGNITUDE = "0 or of magnitude 1e-30 to 1e30"


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
            f"the parameter {name} must be {MAGNITUDE}, written in at most {LONGEST} characters.",
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
    elif isinstance(value, Rational):  # with whole numbers of Python's, not of NumPy's
        return Fraction(int(value.numerator), int(value.denominator))
    elif isinstance(value, (Real, Decimal)):  # NumPy's floats among them
        try:
            return Fraction(value if isinstance(value, Decimal) else float(value))
        except (ValueError, OverflowError):  # NaN and infinities have no ratio
            return None
    elif getattr(value, "shape", None) == () and not getattr(value, "mask", False):
        item = value.item()  # type: ignore[attr-defined]  # of an array without dimensions
        return None if item is value else _fraction(item)
    return None
