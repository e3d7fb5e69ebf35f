"""How an equation is proved: as an identity in the ring, else at random exact points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sympy as sp

from eqsolve.verify import exact
from eqsolve.verify.check import Check
from eqsolve.verify.exact import Point
from eqsolve.verify.proof.ring import UndecidedError
from eqsolve.verify.proof.subject import Subject

#: Random points at which an equation is evaluated that is not decided in the ring.
POINTS = 3


@dataclass(frozen=True)
class Evidence:
    """What is known of the letters of some equations.

    Attributes
    ----------
    subject : whose equations they are.
    point : numbers of the letters, random but consistent, by number of the draw.
    identity : whether an expression is zero in the ring; None if the ring is not asked.
    """

    subject: Subject
    point: Callable[[int], Point]
    identity: Callable[[sp.Expr], bool] | None

    def vanishes(
        self, label: str, expressions: sp.Expr | Mapping[sp.Symbol, sp.Expr], more: str = ""
    ) -> Check:
        """Whether one expression, or each of several, is zero; ``more`` is added to the note."""
        table = {None: expressions} if isinstance(expressions, sp.Expr) else expressions
        open_: dict[str, None] = {}
        for name, expression in table.items():
            where = "It" if name is None else f"The equation of {name}"
            try:
                # once the ring leaves one of several open, it is not asked for the others
                value, reason = self._nonzero(expression, asked=not open_)
            except (ZeroDivisionError, ArithmeticError) as error:
                return self.subject.check(label, False, f"{where} has no value: {error}")
            if value is not None:
                note = f"{where} is off by {exact.shown(value)} at an exact random point."
                return self.subject.check(label, False, note)
            if reason:
                open_[reason] = None
        note = "Identity in the ring."
        if open_:
            note = f"Zero at {POINTS} exact random points; not shown in the ring: "
            note += "; ".join(open_) + "."
        return self.subject.check(label, True, f"{note} {more}".rstrip())

    def _nonzero(self, expression: sp.Expr, asked: bool) -> tuple[exact.Number | None, str]:
        """A value that is not zero, or why the ring does not show that there is none.

        One random point is tried first: it refutes at once what is wrong.
        """
        reason = ""
        for k in range(POINTS):
            value = exact.evaluate(expression, self.point(k))
            if not exact.is_zero(value):
                return value, ""
            if k == 0 and asked:
                reason = self._undecided(expression)
                if not reason:
                    return None, ""
        return None, reason

    def _undecided(self, expression: sp.Expr) -> str:
        """Why the ring does not show that an expression is zero; empty if it does."""
        if self.identity is None:
            return "it was not asked"
        try:
            return "" if self.identity(expression) else "the normal form is not zero"
        except (UndecidedError, ZeroDivisionError) as error:
            return str(error).rstrip(".")
