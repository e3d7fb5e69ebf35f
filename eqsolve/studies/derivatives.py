"""Exact derivatives of an equilibrium in its parameters.

The coefficients of a stationary system satisfy ``R(c, theta) = 0``: their derivatives solve the
linear system of the implicit function theorem. Those of a finite horizon satisfy variational
equations, which are integrated together with the coefficients. Everything is computed in balls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy as sp
from flint import arb, arb_mat

from eqsolve.answers import Tabled, by_elasticity, by_parameter
from eqsolve.arithmetic.function import Function
from eqsolve.arithmetic.taylor import integrate
from eqsolve.derivation.conditions import evaluate
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.hjb import ExtendedHJB
from eqsolve.errors import InputError, NoSolutionError, near
from eqsolve.game import t
from eqsolve.schemas import SCHEMA
from eqsolve.solve.derived import DerivedPoint, exact_middle
from eqsolve.solve.path import rational

Table = dict[str, dict[str, float | None]]


@dataclass(frozen=True)
class Derivatives(Tabled):
    """Derivatives and elasticities of outputs.

    Attributes
    ----------
    game : the game's name.
    status, message : the outcome of solving.
    values : the outputs.
    derivatives : by output, then by parameter.
    """

    game: str
    status: str
    message: str
    values: Mapping[str, float]
    derivatives: Table
    parameters: Mapping[str, float]

    @property
    def ok(self) -> bool:
        """Whether there is an equilibrium to differentiate."""
        return self.status == "ok"

    @property
    def elasticities(self) -> Table:
        """``(theta / f) df/dtheta``; None where the output vanishes."""
        return {
            output: {
                name: (
                    None
                    if v is None or not self.values[output]
                    else v * self.parameters[name] / self.values[output]
                )
                for name, v in row.items()
            }
            for output, row in self.derivatives.items()
        }

    @property
    def heading(self) -> str:
        """What was differentiated, or why not, in a line."""
        return f"{self.game}: {'derivatives' if self.ok else self.message}"

    def table(self) -> dict[str, dict[str, float | None]]:
        """Derivatives: a row for each parameter, a column for each output."""
        return by_parameter(self.derivatives)

    def bars(self) -> tuple[str, dict[str, float]]:
        """Elasticities of the first output."""
        return by_elasticity(self.elasticities)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "schema": SCHEMA,
            "game": self.game,
            "status": self.status,
            "message": self.message,
            "values": dict(self.values),
            "derivatives": self.derivatives,
            "elasticities": self.elasticities,
        }


def picked(game: str, kind: str, names: Sequence[str] | None, known: Iterable[str]) -> list[str]:
    """The names asked for, in their order; all by default.

    Raises
    ------
    InputError
        If one is not known.
    """
    offered = list(known)
    for name in names or ():
        if name not in offered:
            raise InputError(
                f"there is no {kind} {name!r}.",
                game=game,
                stage="sensitivity",
                remedy=f"{near(name, offered)}The {kind}s are {', '.join(offered)}.",
            )
    return offered if names is None else [name for name in offered if name in names]


class Chain:
    """The chain rule from parameters through coefficients to outputs."""

    def __init__(
        self,
        point: DerivedPoint,
        parameters: Sequence[sp.Symbol],
        roots: Sequence[Mapping[str, Any]],
    ) -> None:
        self.point, self.parameters = point, list(parameters)
        self.derivation: Derivation = point.derivation
        system = self.derivation.system
        self.unknowns = [*system.unknowns, *system.implicit]
        self.spelled: dict[sp.Symbol, sp.Expr] = {}
        for name, value in self.derivation.solved.game.definitions.items():
            self.spelled[name] = value.xreplace(self.spelled)
        if self.derivation.stationary:
            selected = next(i for i, r in enumerate(roots) if r["selected"])
            self.coefficients = point.solutions[selected]
            self.slopes = self._implicit()
        else:
            self.coefficients, self.slopes = self._variational()

    def outputs(self) -> dict[str, sp.Expr]:
        """Outputs by name, in parameters, coefficients, states and time."""
        found = {name.replace(".", "_", 1): e for name, e in self.strategy().items()}
        known = all(s in self.point.place for s in self.derivation.states)
        if known:
            forms = self.derivation.strategy
            found |= {c.name: self._inserted(f) for c, f in forms.items()}
        for unknown in self.unknowns:
            found.setdefault(unknown.name, unknown)
        fixed = self.derivation.fixed
        if fixed is not None:
            for name in self.derivation.system.feedback:
                found.setdefault(name.name, self._inserted(name))
        systems = [s for s in self.derivation.systems if isinstance(s, ExtendedHJB)]
        if known and (fixed is None or set(fixed.values) == set(fixed.averages)):
            frozen = {} if fixed is None else dict(fixed.values)
            for number, system in enumerate(systems, start=1):
                label = "V" if len(systems) == 1 else f"V_{number}"
                found[label] = self._inserted(system.value.xreplace(frozen))
        return found

    def strategy(self) -> dict[str, sp.Expr]:
        """The coefficients of every control by ``CONTROL.MONOMIAL``."""
        found = {}
        states = self.point.model_states
        for control, form in self.derivation.strategy.items():
            expanded = sp.expand(form)
            present = [s for s in states if expanded.has(s)]
            if expanded.is_polynomial(*present):
                terms = sp.Poly(expanded, *present).terms() if present else [((), expanded)]
                for exponents, coefficient in terms:
                    label = "".join(s.name * e for s, e in zip(present, exponents)) or "1"
                    found[f"{control.name}.{label}"] = self._inserted(coefficient)
        return found

    def _inserted(self, expression: sp.Expr) -> sp.Expr:
        return expression.xreplace(self.derivation.spelled).xreplace(self.spelled)

    def differentiate(
        self, outputs: Mapping[str, sp.Expr]
    ) -> tuple[dict[str, list[float | None]], dict[str, float]]:
        """The derivative of every output in every parameter, and its value."""
        table: dict[str, list[float | None]] = {}
        numbers: dict[str, float] = {}
        for name, expression in outputs.items():
            numbers[name] = float(self.value(expression).mid())
            row = self.row(expression)
            table[name] = [told(v) for v in row]
        return table, numbers

    @cached_property
    def values(self) -> dict[sp.Symbol, arb]:
        """Balls for everything that outputs are written in."""
        place = {s: self.point.place.get(s, arb(1)) for s in self.point.model_states}
        return {**self.point.balls, **self.coefficients, **place, t: self.point.time}

    def value(self, expression: sp.Expr) -> arb:
        """An output."""
        return evaluate(expression, self.values)

    def row(self, expression: sp.Expr) -> list[arb]:
        """The derivatives of an output in the parameters."""
        partial = {u: sp.diff(expression, u) for u in self.unknowns}
        found = []
        for column, parameter in enumerate(self.parameters):
            total = self.value(sp.diff(expression, parameter))
            for u, slope in partial.items():
                if slope != 0:
                    total += self.value(slope) * self.slopes[u][column]
            found.append(total)
        return found

    def _equations(self) -> list[sp.Expr]:
        system = self.derivation.system
        both = (*system.rates.values(), *system.implicit.values())
        return [e.xreplace(self.spelled) for e in both]

    def _implicit(self) -> dict[sp.Symbol, list[arb]]:
        """``dc/dtheta = -R_c^{-1} R_theta``."""
        values = {**self.point.balls, **self.coefficients}
        equations = self._equations()
        size, width = len(self.unknowns), len(self.parameters)
        matrix = arb_mat(
            size, size, [evaluate(sp.diff(e, u), values) for e in equations for u in self.unknowns]
        )
        right = arb_mat(
            size,
            width,
            [-evaluate(sp.diff(e, p), values) for e in equations for p in self.parameters],
        )
        try:
            solution: Any = matrix.solve(right)
        except ZeroDivisionError:
            raise NoSolutionError(
                "the coefficients have no derivatives here: two solutions meet.",
                game=self.derivation.model.name,
                stage="sensitivity",
            ) from None
        return {u: [solution[i, j] for j in range(width)] for i, u in enumerate(self.unknowns)}

    def _variational(self) -> tuple[dict[sp.Symbol, arb], dict[sp.Symbol, list[arb]]]:
        """Integrate coefficients and their derivatives from the end of the horizon."""
        point, system = self.point, self.derivation.system
        moving = list(system.unknowns)
        constants: dict[sp.Symbol, arb] = {}
        fixed: dict[sp.Symbol, list[arb]] = {}
        if system.implicit:
            constants = point.constants()
            fixed = self._constant_slopes(constants)
        end_symbol = self.derivation.model.game.horizon.end
        assert end_symbol is not None and point.end is not None
        elapsed = sp.Dummy("s")
        rates = {u: -e.xreplace(self.spelled) for u, e in system.rates.items()}
        terminal = {u: e.xreplace(self.spelled) for u, e in system.terminal.items()}
        inserted = {s: v for s, v in point.parameters.items()}
        clock = end_symbol - elapsed
        names = list(moving)
        expressions = [rates[u].xreplace({t: clock}) for u in moving]
        starts = [terminal[u] for u in moving]
        for column, parameter in enumerate(self.parameters):
            sensitive = [sp.Dummy(f"d{u}_{column}") for u in moving]
            shift = {c: fixed[c][column] for c in constants}
            for u in moving:
                rate = rates[u].xreplace({t: clock})
                total = sp.diff(rate, parameter)
                total += sp.Add(*(sp.diff(rate, v) * w for v, w in zip(moving, sensitive)))
                total += sp.Add(*(sp.diff(rate, c) * exact_middle(w) for c, w in shift.items()))
                expressions.append(total)
                first = sp.diff(terminal[u], parameter)
                first += sp.Add(
                    *(sp.diff(terminal[u], c) * exact_middle(w) for c, w in shift.items())
                )
                starts.append(first)
            names += sensitive
        expressions += [sp.S.Zero] * len(constants)
        function = Function(
            [e.xreplace(inserted) for e in expressions], [elapsed, *names, *constants]
        )
        balls = [evaluate(e.xreplace(inserted), constants) for e in starts] + [*constants.values()]
        left = point.end - point.numbers.time
        trajectory = integrate(function, balls, rational(left))
        values = trajectory.at(rational(left))
        count = len(moving)
        coefficients = {**constants, **dict(zip(moving, values))}
        slopes: dict[sp.Symbol, list[arb]] = {u: [] for u in moving}
        for column, parameter in enumerate(self.parameters):
            part = values[count * (column + 1) : count * (column + 2)]
            longer = sp.diff(end_symbol, parameter)
            for u, value in zip(moving, part):
                total = value
                if longer != 0:
                    # a later end leaves more time to go
                    now = {**point.balls, **coefficients, t: point.time}
                    total = total + evaluate(rates[u] * longer, now)
                slopes[u].append(total)
        return coefficients, {**slopes, **fixed}

    def _constant_slopes(self, constants: Mapping[sp.Symbol, arb]) -> dict[sp.Symbol, list[arb]]:
        values = {**self.point.balls, **constants}
        found: dict[sp.Symbol, list[arb]] = {}
        for symbol, equation in self.derivation.system.implicit.items():
            left = equation.xreplace(self.spelled)
            slope = evaluate(sp.diff(left, symbol), values)
            found[symbol] = [-evaluate(sp.diff(left, p), values) / slope for p in self.parameters]
        return found


def told(value: arb) -> float | None:
    """A derivative as a number: 0 if it cannot be told from 0, None if it is not finite."""
    if not value.is_finite():
        return None
    return 0.0 if value.contains(0) else float(value.mid())
