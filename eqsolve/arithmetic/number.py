"""Balls as numbers: working precision, signs and doubles; nothing here needs an algebra system."""

from __future__ import annotations

import copyreg
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import flint
from flint import arb, fmpq

from eqsolve.errors import EqsolveError

#: A ball around zero is taken as zero if its radius is below this.
_TINY = 1e-40
#: Relative accuracy, in bits, that a number must have before it is rounded to a double.
_BITS = 60


def _unpickled(mid: tuple[int, int], rad: tuple[int, int]) -> arb:
    return arb(mid, rad)


def _pickled(value: arb) -> tuple[Any, ...]:
    """How a ball travels to another process: its radius may be rounded up a little."""
    if not value.is_finite():
        return arb, (str(value),)
    parts = (tuple(map(int, part.man_exp())) for part in (value.mid(), value.rad()))
    return _unpickled, tuple(parts)


copyreg.pickle(arb, _pickled)


class UndecidedError(EqsolveError):
    """A sign could not be decided at the working precision."""


class DivisionByZero(EqsolveError):
    """A quantity that the closed form divides by is zero."""


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Work with ``bits`` of precision."""
    saved = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = saved


def ball(value: Fraction) -> arb:
    """Return an exact number as a ball."""
    return arb(fmpq(value.numerator, value.denominator))


def number(value: arb) -> float:
    """Return the nearest double; a tiny ball around zero gives 0.

    Raises
    ------
    UndecidedError
        If the ball is too wide to name a double.
    """
    if not value.is_finite():
        raise UndecidedError("a number is not finite at this precision.")
    if value.contains(0):
        if value.rad() > _TINY:
            raise UndecidedError("a number cannot be told from zero at this precision.")
        return 0.0
    if value.rel_accuracy_bits() < _BITS:
        raise UndecidedError("a number is not known to double precision.")
    return float(value)


def sign(value: arb) -> int:
    """Return -1, 0 or 1; raises UndecidedError if the ball straddles zero without being zero."""
    if value.is_zero():
        return 0
    if value > 0:
        return 1
    if value < 0:
        return -1
    raise UndecidedError("a sign cannot be decided at this precision.")
