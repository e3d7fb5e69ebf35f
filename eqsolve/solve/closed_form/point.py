"""One game at one parameter point in ball arithmetic: real roots and everything at a root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import sympy as sp
from flint import arb

from eqsolve.arithmetic.ball import Values, evaluate, real_roots
from eqsolve.arithmetic.number import DivisionByZero, UndecidedError, ball, number, sign
from eqsolve.derivation.closed_form import ClosedForm, run
from eqsolve.notated.alike import average_position
from eqsolve.notated.published import Published
from eqsolve.notated.roles import Symbols
from eqsolve.parameters import require
from eqsolve.values import exact_values

Status = Literal[
    "ok",
    "no-admissible-root",
    "infinite-variance",
    "degenerate",
    "near-fold",
    "no-solution",
    "unresolved",
]


@dataclass(frozen=True)
class Root:
    """A real root of the polynomial of the response; ``names`` are those of its numbers."""

    p1: arb
    multiplicity: int
    D2: arb
    Delta: arb
    admissible: bool
    names: Symbols

    def to_dict(self, *, selected: bool) -> dict[str, float | bool]:
        """Return the JSON form."""
        root, margin, determinant = (s.name for s in self.names)
        return {
            root: float(self.p1),
            "admissible": self.admissible,
            "selected": selected,
            margin: float(self.D2),
            determinant: number(self.Delta),
        }


class Stop(Exception):
    """Ends the solution of a point with a status."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class PointSolver:
    """Solves one game at one exact parameter point, at the working precision."""

    def __init__(
        self, model: Published, given: Mapping[str, Fraction], form: ClosedForm | None = None
    ) -> None:
        self.model, self.given, self.roles = model, given, model.parts
        self.form = model.derivation.form if form is None else form
        self.exact = exact_values(model, given)
        self.values: Values = {s: ball(Fraction(int(v.p), int(v.q))) for s, v in self.exact.items()}
        self.reciprocal = self.exact.get(self.roles.reciprocal, sp.S.Zero)

    def roots(self) -> tuple[Root, ...]:
        """Find and classify all real roots; their number is exact."""
        cubic = next(d for d in self.form.definitions if d.is_root)
        known = dict(self.exact)
        for definition in self.form.needed(cubic.polynomial):
            known[definition.symbol] = definition.expression.xreplace(known)
        coefficients = [known[name] for name in cubic.polynomial]
        if not any(coefficients):
            raise Stop(
                "degenerate", f"Every {cubic.symbol} solves the cubic: its coefficients all vanish."
            )
        found = real_roots([Fraction(int(c.p), int(c.q)) for c in coefficients])
        D2, Delta = self.roles.admissible, self.roles.constant
        names = (cubic.symbol, D2, Delta)
        result = []
        for p1, multiplicity in found:
            values = self.values | {cubic.symbol: p1}
            run(self.form.needed((D2, Delta)), values)
            admissible = sign(values[D2]) > 0
            result.append(Root(p1, multiplicity, values[D2], values[Delta], admissible, names))
        return tuple(result)

    def at_root(self, root: Root, state: Mapping[sp.Symbol, arb]) -> Values:
        """Evaluate everything at one root and one state."""
        values = self.values | {self.roles.root: root.p1} | dict(state)
        crowd = self.model.alike
        try:
            if crowd is not None:
                run(self.form.needed(self.roles.strategy + self.roles.response), values)
                others = 1 - self.values.get(self.roles.reciprocal, arb(0))
                position = arb(0)
                if not others.is_zero():
                    position = evaluate(average_position(crowd), values)
                square = arb(0) if others.is_zero() else position * position / others
                values |= {self.roles.position: position, self.roles.mean_square: square}
                for name in self.model.game.environment:
                    values[name] = evaluate(crowd.aggregates[name], values)
            run(self.form.definitions, values)
            self._require_nonzero(values)
        except DivisionByZero as error:
            raise Stop("degenerate", f"The closed form divides by {error.message} = 0.") from None
        return values

    def _require_nonzero(self, values: Values) -> None:
        """Refuse a zero that a vanishing numerator would hide.

        Without competition the quantities of the competitors' wealth are switched off, and their
        denominators do not matter.
        """
        for expression in self.form.nonzero:
            if expression.is_Symbol and values[expression].contains(0):
                if self.competes or expression in self.roles.always:
                    raise UndecidedError(f"{expression.name} cannot be told from zero.")

    @property
    def competes(self) -> bool:
        """Whether the others have any weight."""
        return self.given[self.roles.competition.name] != 0

    def strategy(self, values: Values) -> dict[sp.Expr, arb]:
        """The feedback coefficients by monomial."""
        monomials = (*self.model.game.state_symbols, sp.S.One)
        names = self.roles.affine if self.model.alike is None else self.roles.strategy
        return dict(zip(monomials, (values[name] for name in names)))

    def position(self, values: Values) -> arb:
        """The amount invested at the state."""
        return sum((v * evaluate(m, values) for m, v in self.strategy(values).items()), arb(0))

    def value(self, values: Values) -> arb:
        """The value ``V`` at the state."""
        return evaluate(self.model.ansatz.value, values)


def joint_conditions(model: Published, values: Mapping[str, Fraction], *, game: str) -> None:
    """Check what no parameter can violate alone, as far as it is given; raises InputError."""
    for sentence, expression in model.required.items():
        letters = {s: s.name for s in expression.free_symbols}
        if values.keys() >= {*letters.values()}:
            known = {s: sp.Rational(values[name]) for s, name in letters.items()}
            require(expression.xreplace(known) != 0, f"{sentence}.", game=game)
