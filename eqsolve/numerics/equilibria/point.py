"""One game at one parameter point in ball arithmetic: real roots and everything at a root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import sympy as sp
from flint import arb

from eqsolve.errors import EqsolveError
from eqsolve.model import Model
from eqsolve.numerics.arithmetic.ball import (
    DivisionByZero,
    UndecidedError,
    Values,
    ball,
    evaluate,
    number,
    real_roots,
    run,
    sign,
)
from eqsolve.numerics.parameters import require
from eqsolve.symbolic.population import Population
from eqsolve.symbolic.solving import ClosedForm
from eqsolve.symbols import symbol, symbols

Status = Literal[
    "ok",
    "no-admissible-root",
    "infinite-variance",
    "degenerate",
    "near-fold",
    "no-solution",
]

RESPONSE = symbols("p1 p2 q3 Qb Qs")


@dataclass(frozen=True)
class Root:
    """A real root of the polynomial of ``p1``."""

    p1: arb
    multiplicity: int
    D2: arb
    Delta: arb
    admissible: bool

    def to_dict(self, *, selected: bool) -> dict[str, float | bool]:
        """Return the JSON form."""
        return {
            "p1": float(self.p1),
            "admissible": self.admissible,
            "selected": selected,
            "D2": float(self.D2),
            "Delta": number(self.Delta),
        }


class Stop(Exception):
    """Ends the solution of a point with a status."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class PointSolver:
    """Solves one game at one exact parameter point, at the working precision."""

    def __init__(
        self, model: Model, given: Mapping[str, Fraction], form: ClosedForm | None = None
    ) -> None:
        self.model, self.given = model, given
        self.population = model.population if isinstance(model.population, Population) else None
        self.form = model.derivation.form if form is None else form
        self.exact = self._exact_values()
        self.values: Values = {s: ball(Fraction(int(v.p), int(v.q))) for s, v in self.exact.items()}
        self.reciprocal = self.exact.get(symbol("N"), sp.S.Zero)

    def _exact_values(self) -> dict[sp.Symbol, sp.Rational]:
        values = {
            symbol(name): sp.Rational(v.numerator, v.denominator) for name, v in self.given.items()
        }
        if "n" in self.given:
            values[symbol("N")] = 1 / values[symbol("n")]
        for name, definition in self.model.game.definitions.items():
            values[name] = definition.xreplace(values)
        return values

    def roots(self) -> tuple[Root, ...]:
        """Find and classify all real roots; their number is exact."""
        cubic = next(d for d in self.form.definitions if d.is_root)
        known = dict(self.exact)
        for definition in self.form.needed(cubic.polynomial):
            known[definition.symbol] = definition.expression.xreplace(known)
        coefficients = [known[name] for name in cubic.polynomial]
        if not any(coefficients):
            raise Stop("degenerate", "Every p1 solves the cubic: its coefficients all vanish.")
        found = real_roots([Fraction(int(c.p), int(c.q)) for c in coefficients])
        D2, Delta = symbols("D2 Delta")
        result = []
        for p1, multiplicity in found:
            values = self.values | {cubic.symbol: p1}
            run(self.form.needed((D2, Delta)), values)
            admissible = sign(values[D2]) > 0
            result.append(Root(p1, multiplicity, values[D2], values[Delta], admissible))
        return tuple(result)

    def at_root(self, root: Root, state: Mapping[sp.Symbol, arb]) -> Values:
        """Evaluate everything at one root and one state."""
        values = self.values | {symbol("p1"): root.p1} | dict(state)
        population = self.population
        try:
            if population is not None:
                run(self.form.needed(symbols("k1 k2 k3") + RESPONSE), values)
                others = 1 - self.values.get(symbol("N"), arb(0))
                position = arb(0)
                if not others.is_zero():
                    position = evaluate(population.average_position, values)
                square = arb(0) if others.is_zero() else position * position / others
                values |= {symbol("g"): position, symbol("g2"): square}
                for name in self.model.game.environment:
                    values[name] = evaluate(population.aggregates[name], values)
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
        always = {"D1", "D2", "Delta", "S", "W"}
        for expression in self.form.nonzero:
            if expression.is_Symbol and values[expression].contains(0):
                if self.given["theta"] != 0 or expression.name in always:
                    raise UndecidedError(f"{expression.name} cannot be told from zero.")

    def strategy(self, values: Values) -> dict[sp.Expr, arb]:
        """The feedback coefficients by monomial."""
        x, y = symbols("x y")
        names = symbols("k1 k2 k3") if self.population else symbols("p1 p2 p3")
        return dict(zip((x, y, sp.S.One), (values[name] for name in names)))

    def position(self, values: Values) -> arb:
        """The amount invested at the state."""
        return sum((v * evaluate(m, values) for m, v in self.strategy(values).items()), arb(0))

    def value(self, values: Values) -> arb:
        """The value ``V`` at the state."""
        return evaluate(self.model.ansatz.value, values)


def joint_conditions(game: str, values: Mapping[str, Fraction]) -> None:
    """Check what no parameter can violate alone; raises InputError."""
    require(
        values["alpha"] > 0 or values["beta"] > 0,
        "the parameters alpha and beta must not both be 0: the mean would have no weight.",
        game=game,
    )
    require(
        values["nu"] != 0 or values["sigma"] != 0,
        "the volatilities nu and sigma must not both be 0: the stock would have no risk.",
        game=game,
    )
    if "n" in values:
        require(
            values["theta"] != values["n"],
            "the own weight kappa = 1 - theta/n must not be 0: choose theta != n.",
            game=game,
        )


def select(
    solver: PointSolver,
    admissible: Mapping[int, Root],
    selection: str,
    point: Mapping[sp.Symbol, arb],
) -> tuple[int, Values]:
    """Choose among the admissible roots; return the choice and everything evaluated there.

    A root at which the rest of the closed form is singular belongs to no equilibrium of the
    form assumed; selection by value passes over it.
    """
    if selection == "limit":
        B = solver.values[symbol("B")]
        chosen = max(admissible, key=lambda k: float(B * admissible[k].p1))
        return chosen, solver.at_root(admissible[chosen], point)
    candidates: dict[int, Values] = {}
    reason: EqsolveError | Stop | None = None
    for k, root in admissible.items():
        try:
            candidates[k] = solver.at_root(root, point)
        except (UndecidedError, Stop) as error:
            reason = error
    if not candidates and reason is not None:
        raise reason
    chosen = max(candidates, key=lambda k: float(solver.value(candidates[k])))
    return chosen, candidates[chosen]
