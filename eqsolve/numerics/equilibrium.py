"""One parameter point, solved in ball arithmetic: roots, selection, equilibrium, statuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from importlib.metadata import version
from typing import Any, Literal

import sympy as sp
from flint import arb

from eqsolve.errors import EqsolveError, InputError
from eqsolve.model import Model
from eqsolve.numerics.ball import (
    DivisionByZero,
    UndecidedError,
    Values,
    ball,
    evaluate,
    number,
    precision,
    real_roots,
    run,
    sign,
)
from eqsolve.numerics.loop import ClosedLoop
from eqsolve.numerics.parameters import exact, parameters, require
from eqsolve.registry import model as find_model
from eqsolve.symbolic.algebra import collect
from eqsolve.symbolic.heterogeneous import Agents
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

#: Working precisions in bits, tried until every sign is decided.
PRECISIONS = (256, 1024, 4096)

#: Relative distance below which two roots count as one fold in double precision.
FOLD = 1e-8

_RESPONSE = symbols("p1 p2 q3 Qb Qs")
_MOMENTS = symbols("a c d h20 h11 h02 h10 h01 h00")


@dataclass(frozen=True)
class Root:
    """A real root of the polynomial of ``p1``."""

    p1: arb
    multiplicity: int
    D2: arb
    Delta: arb
    admissible: bool


@dataclass(frozen=True)
class Equilibrium:
    """The answer for one parameter point; ``to_dict`` gives the machine-readable form.

    ``status`` is ``"ok"`` or names what is wrong, ``message`` says it in a sentence. Numbers are
    the midpoints of balls whose relative radius is far below double precision.
    """

    game: str
    notion: str
    selection: str
    parameters: Mapping[str, Fraction]
    status: Status
    message: str
    roots: tuple[Root, ...] = ()
    selected: int | None = None
    numbers: Mapping[str, Any] = field(default_factory=dict)
    certificate: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether an equilibrium was found."""
        return self.status == "ok"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; keys that do not apply are absent."""
        result: dict[str, Any] = {
            "game": self.game,
            "equilibrium": self.notion,
            "selection": self.selection,
            "params": {name: float(value) for name, value in self.parameters.items()},
            "status": self.status,
            "message": self.message,
            "roots": [
                {
                    "p1": float(root.p1),
                    "admissible": root.admissible,
                    "selected": k == self.selected,
                    "D2": float(root.D2),
                    "Delta": number(root.Delta),
                    "multiplicity": root.multiplicity,
                }
                for k, root in enumerate(self.roots)
            ],
        }
        result |= self.numbers
        if self.certificate:
            result["certificate"] = dict(self.certificate)
        result["provenance"] = {
            "eqsolve": version("eqsolve"),
            "arithmetic": "ball",
            "exact_params": {name: str(value) for name, value in self.parameters.items()},
        }
        return result


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
                run(self.form.needed(symbols("k1 k2 k3") + _RESPONSE), values)
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


def solve(
    game: str,
    *,
    equilibrium: str = "given-aggregate",
    selection: str = "limit",
    at: Mapping[str, object] | None = None,
    certify: bool = False,
    **given: object,
) -> Equilibrium:
    """Solve a game of one agent or of identical agents; see ``eqsolve.numerics.dispatch.solve``."""
    model = find_model(game)
    for name, value, known in (
        ("equilibrium", equilibrium, ("given-aggregate", "closed-loop")),
        ("selection", selection, ("limit", "value")),
    ):
        require(value in known, f"{name} must be {' or '.join(known)}, not {value!r}.", game=game)
    if isinstance(model.population, Agents):
        raise InputError("the agents differ: use eqsolve.solve.", game=game, stage="input")
    require(
        symbol("D2") in model.derivation.form.table,
        "the game is solved symbolically only: its closed form has no cubic to select a root of.",
        game=game,
    )
    if equilibrium == "closed-loop" and model.population is None:
        raise InputError("there is no population to close the loop.", game=game, stage="input")
    values = parameters(given, model.parameters, game=game)
    joint_conditions(game, values)
    state = _state(model, values, at or {})
    for bits in PRECISIONS:
        with precision(bits):
            try:
                return _solve(model, values, state, equilibrium, selection, certify, bits)
            except UndecidedError as error:
                message = error.message
            except Stop as stop:
                return Equilibrium(game, equilibrium, selection, values, stop.status, stop.message)
    return Equilibrium(game, equilibrium, selection, values, "degenerate", message)


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


def _state(
    model: Model, values: Mapping[str, Fraction], at: Mapping[str, object]
) -> dict[str, Fraction]:
    n = values.get("n")
    for name in at:
        require(name in ("x", "y"), f"a state has x and y, not {name!r}.", game=model.name)
    x = exact("x", at.get("x", 1), game=model.name)
    default = x if n is None else x * (1 - 1 / n)
    y = exact("y", at.get("y", default), game=model.name)
    require(n != 1 or y == 0, "a single agent has no competitors: y must be 0.", game=model.name)
    return {"x": x, "y": y}


def _solve(
    model: Model,
    given: Mapping[str, Fraction],
    state: Mapping[str, Fraction],
    notion: str,
    selection: str,
    certify: bool,
    bits: int,
) -> Equilibrium:
    solver = PointSolver(model, given)
    point = {symbol(name): ball(value) for name, value in state.items()}
    roots = solver.roots()
    admissible = [k for k, root in enumerate(roots) if root.admissible]

    def stopped(status: Status, message: str) -> Equilibrium:
        return Equilibrium(model.name, notion, selection, given, status, message, roots)

    if not admissible:
        found = f"{len(roots)} real root{'s' if len(roots) != 1 else ''}"
        return stopped(
            "no-admissible-root",
            f"The cubic of p1 has {found}, none with D2 > 0: "
            "no feedback has a finite second moment.",
        )
    competes = given["theta"] != 0 and given.get("n") != 1
    if notion == "given-aggregate" and competes and given["lambda"] <= 2 * given["r"]:
        return stopped(
            "infinite-variance",
            "Against given aggregates the competitors' wealth has no finite second moment at the "
            "horizon: lambda > 2 r is needed when theta != 0.",
        )
    try:
        chosen, values = _selected(solver, {k: roots[k] for k in admissible}, selection, point)
    except Stop as stop:
        return stopped(stop.status, stop.message)
    except UndecidedError as error:
        if bits < PRECISIONS[-1]:
            raise
        return stopped("degenerate", error.message)
    numbers, message = _report(solver, values), _explain(roots, admissible, chosen, selection)
    status: Status = "ok"
    others = [root.p1 for k, root in enumerate(roots) if k != chosen]
    gap = min((abs(float(p - values[symbol("p1")])) for p in others), default=1.0)
    if roots[chosen].multiplicity > 1 or gap <= FOLD * abs(float(values[symbol("p1")])):
        status = "near-fold"
        message = "The selected root coincides with another one: it is not a smooth function there."
    if solver.population is not None:
        loop = ClosedLoop(model, solver.values, solver.exact)
        strategy = list(solver.strategy(values).values())
        if notion == "closed-loop":
            outcome = loop.equilibrium(strategy, values)
            if outcome.feedback is None:
                return stopped(outcome.status, outcome.message)
            strategy, message = list(outcome.feedback), outcome.message
            numbers = {}
        abscissa = loop.abscissa(strategy)
        hazard = solver.values[symbol("lambda")]
        finite = bool(sign(hazard - abscissa) > 0)
        numbers["admissibility"] = {
            "abscissa": float(abscissa),
            "hazard": float(hazard),
            "finite": finite,
        }
        if not finite:
            infinite = stopped(
                "infinite-variance",
                f"Second moments grow at rate {float(abscissa):.6g}, not below the hazard rate "
                f"{float(hazard):.6g}: no finite-variance equilibrium.",
            )
            return replace(infinite, selected=chosen, numbers=numbers)
        numbers |= _population_numbers(solver, loop, values, strategy, notion, point)
    certificate = _certificate(roots, admissible, chosen, values, bits) if certify else {}
    answer = Equilibrium(model.name, notion, selection, given, status, message, roots)
    return replace(answer, selected=chosen, numbers=numbers, certificate=certificate)


def _selected(
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


def _explain(roots: tuple[Root, ...], admissible: list[int], chosen: int, selection: str) -> str:
    if len(admissible) == 1:
        text = "The only admissible root (D2 > 0) is selected."
    else:
        rule = "the largest value at the state" if selection == "value" else "the largest B p1"
        text = f"Of {len(admissible)} admissible roots the one with {rule} is selected."
    close = [
        abs(float(b.p1 - a.p1)) / max(abs(float(a.p1)), abs(float(b.p1)), 1e-300)
        for a, b in zip(roots, roots[1:])
    ]
    if close and min(close) < 1e-2:
        text += (
            f" Two real roots are within a relative distance of {min(close):.2g}: near a fold "
            "the number of roots changes with small changes of the parameters."
        )
    return text


def _report(solver: PointSolver, values: Values) -> dict[str, Any]:
    x, y = symbols("x y")
    names = {x**2: "xx", y**2: "yy", x * y: "xy", x: "x", y: "y", sp.S.One: "1"}
    value = collect(solver.model.ansatz.value, (x, y))
    strategy = {str(m): number(v) for m, v in solver.strategy(values).items()}
    return {
        "response": {s.name: number(values[s]) for s in _RESPONSE},
        "strategy": strategy,
        "moments": {s.name: number(values[s]) for s in _MOMENTS},
        "value": {names[m]: number(values[s]) for m, s in value.items()},
        "at": {
            "x": number(values[x]),
            "y": number(values[y]),
            "pi": number(solver.position(values)),
            "V": number(solver.value(values)),
        },
    }


def _population_numbers(
    solver: PointSolver,
    loop: ClosedLoop,
    values: Values,
    strategy: list[arb],
    notion: str,
    point: Mapping[sp.Symbol, arb],
) -> dict[str, Any]:
    x, y = symbols("x y")
    own, others, constant = strategy
    state = {**point, symbol("q"): loop.second_moment(point[y])}
    pi = own * point[x] + others * point[y] + constant
    at = {"x": number(point[x]), "y": number(point[y]), "pi": number(pi)}
    if notion == "given-aggregate":
        at["V"] = number(solver.value(values))
        alone = _alone(solver, point)
        if alone is not None:
            at["pi_noncompetitive"] = alone
    moments = loop.moments(strategy)
    at["J"] = number(loop.objective(moments, state))
    at["exploitability"] = number(loop.exploitability(moments, strategy, state))
    result: dict[str, Any] = {"at": at}
    if notion == "closed-loop":
        result["strategy"] = {"x": number(own), "y": number(others), "1": number(constant)}
        result["moments"] = {s.name: number(v) for s, v in moments.items()}
    return result


def _alone(solver: PointSolver, point: Mapping[sp.Symbol, arb]) -> float | None:
    """The strategy at the same wealth without competition (theta = 0), if it exists."""
    single = PointSolver(solver.model, {**solver.given, "theta": Fraction(0)})
    found = {k: root for k, root in enumerate(single.roots()) if root.admissible}
    if not found:
        return None
    return number(single.position(_selected(single, found, "limit", point)[1]))


def _certificate(
    roots: tuple[Root, ...], admissible: list[int], chosen: int, values: Values, bits: int
) -> dict[str, Any]:
    names = [s for s in symbols("p1 p2 p3 k1 k2 k3 D2 Delta") if s in values]
    return {
        "statement": "root count exact, every number enclosed in a ball from the exact parameters",
        "bits": bits,
        "real_roots": sum(root.multiplicity for root in roots),
        "admissible_roots": sum(roots[k].multiplicity for k in admissible),
        "selected": chosen,
        "enclosures": {
            s.name: {"mid": values[s].mid().str(25, radius=False), "rad": float(values[s].rad())}
            for s in names
        },
    }
