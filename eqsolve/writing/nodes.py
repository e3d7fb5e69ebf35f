"""Inert nodes that displays of a derivation need beside those of ``eqsolve.operators``."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.symbol import Str

from eqsolve.operators import Inert, InOrder, Supremum


class _Labelled(Inert):
    """A node whose first argument is a plain name, not an expression."""

    def __new__(cls, name: Any, *args: sp.Expr) -> sp.Expr:
        return sp.Expr.__new__(cls, Str(str(name)), *args)


class NoiseLetter(_Labelled):
    """A Brownian motion or a Poisson clock by its name."""


class Increment(_Labelled):
    """The increment of a noise, of a clock or of time (``Increment("t")``)."""


class Mean(_Labelled):
    """``E[expression | noises]``: ``Mean("W0, B", expression)``, or with an empty name no noise."""


class Infimum(Supremum):
    """``inf_control { expression }``."""


class ArgExtremum(Inert):
    """``arg max_control { expression }``; a third argument of -1 means ``arg min``."""


class At(Inert):
    """A coefficient or function at given arguments: ``At(symbol, time, ...)``."""


class Rate(Inert):
    """The time derivative of a coefficient: a dot above it."""


class Average(Inert):
    """An average over a crowd: ``Average(term, weight, own)``.

    ``weight`` is that of one copy, zero in a continuum; with ``own = 0`` the own term is left out.
    """


class PlusMinus(InOrder):
    """``first +- second``: both solutions of a quadratic equation."""

    def __new__(cls, *terms: sp.Expr) -> sp.Expr:
        return sp.Expr.__new__(cls, *terms)


class Process(Inert):
    """A symbol along its path: ``Process(symbol, time)``."""


class Sine(Inert):
    """``sinh(D s)`` by ``D^2`` and ``s``: ``Sine(square, s)``."""
