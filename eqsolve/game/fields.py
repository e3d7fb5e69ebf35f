"""What the fields of a declaration must be: checked when it is written."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import sympy as sp

from eqsolve.errors import DerivationError


def exact(value: object) -> sp.Expr:
    """An expression of SymPy; a number of Python as SymPy's.

    Raises
    ------
    DerivationError
        If it is a text or anything else that is not an expression.
    """
    if isinstance(value, (int, float, Fraction)) and not isinstance(value, bool):
        return sp.S.Zero + value
    if not isinstance(value, sp.Expr):
        raise DerivationError(
            f"{value!r} is not an expression of SymPy.",
            stage="game",
            remedy="Write expressions in symbols, as in r * x with r, x = sympy.symbols('r x').",
        )
    return value


def sequence(owner: object, name: str, member: type, game: str = "") -> None:
    """Make a field of a declaration a tuple, and refuse members of another type."""
    value = getattr(owner, name)
    if not isinstance(value, (tuple, list)) or not all(isinstance(v, member) for v in value):
        raise DerivationError(
            f"{name} of {type(owner).__name__} must be a tuple of {member.__name__}, "
            f"not {value!r}.",
            game=game,
            stage="game",
            remedy="A tuple of one ends with a comma, as in (x,).",
        )
    object.__setattr__(owner, name, tuple(value))


def kind(owner: object, name: str, wanted: type, game: str = "") -> None:
    """Refuse a field of another type."""
    value = getattr(owner, name)
    if not isinstance(value, wanted):
        raise DerivationError(
            f"{name} of {type(owner).__name__} must be a {wanted.__name__}, not {_cut(value)}.",
            game=game,
            stage="game",
            remedy="See help(eqsolve.game." + type(owner).__name__ + ").",
        )


def _cut(value: object) -> str:
    text = repr(value)
    return text if len(text) < 60 else text[:60] + "..."


def table(owner: object, name: str, keys: type, game: str = "") -> None:
    """Make a field a mapping from keys of one type to exact expressions."""
    kind(owner, name, Mapping, game)
    value = getattr(owner, name)
    strange = [key for key in value if not isinstance(key, keys)]
    if strange:
        raise DerivationError(
            f"the keys of {name} of {type(owner).__name__} must be of {keys.__name__}, "
            f"not {strange[0]!r}.",
            game=game,
            stage="game",
            remedy="See help(eqsolve.game." + type(owner).__name__ + ").",
        )
    object.__setattr__(owner, name, {key: exact(entry) for key, entry in value.items()})
