"""One parameter point, solved in ball arithmetic: roots, selection, equilibrium, statuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb

from eqsolve.errors import InputError
from eqsolve.model import Model
from eqsolve.numerics.arithmetic.ball import (
    DivisionByZero,
    UndecidedError,
    Values,
    ball,
    evaluate,
    precision,
    run,
    sign,
)
from eqsolve.numerics.arithmetic.singular import described, solutions
from eqsolve.numerics.equilibria.answer import Answer
from eqsolve.numerics.equilibria.loop import ClosedLoop
from eqsolve.numerics.equilibria.nash import NashRoot, nash, nash_numbers
from eqsolve.numerics.equilibria.point import (
    PointSolver,
    Root,
    Status,
    Stop,
    joint_conditions,
    select,
)
from eqsolve.numerics.equilibria.reporting import (
    loop_certificate,
    point_certificate,
    population_numbers,
    response_numbers,
)
from eqsolve.numerics.parameters import exact, parameters, require
from eqsolve.registry import model as find_model
from eqsolve.roles import Roles
from eqsolve.symbolic.heterogeneous import Agents
from eqsolve.symbols import symbol

#: Working precisions in bits, tried until every sign is decided.
PRECISIONS = (256, 1024, 4096)

#: Relative distance below which two roots count as one fold in double precision.
FOLD = 1e-8


@dataclass(frozen=True, kw_only=True)
class Equilibrium(Answer):
    """The answer for one parameter point.

    Numbers are the midpoints of balls whose relative radius is far below double precision.
    """

    notion: str
    selection: str
    parameters: Mapping[str, Fraction]
    roots: tuple[Root | NashRoot, ...] = ()
    selected: int | None = None
    certificate: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; keys that do not apply are absent."""
        setting = {
            "equilibrium": self.notion,
            "selection": self.selection,
            "params": {name: float(value) for name, value in self.parameters.items()},
        }
        exact_params = {name: str(value) for name, value in self.parameters.items()}
        result = self.document(setting, arithmetic="ball", exact_params=exact_params)
        result["roots"] = [
            {**root.to_dict(selected=k == self.selected), "multiplicity": root.multiplicity}
            for k, root in enumerate(self.roots)
        ]
        if self.certificate:
            result["certificate"] = dict(self.certificate)
        return result


def solve(
    game: str,
    *,
    equilibrium: str = "given-aggregate",
    selection: str = "limit",
    at: Mapping[str, object] | None = None,
    certify: bool = False,
    **given: object,
) -> Equilibrium:
    """Solve a game of one agent or of identical agents; see ``dispatch.solve``."""
    model = find_model(game)
    for name, value, known in (
        ("equilibrium", equilibrium, ("given-aggregate", "closed-loop")),
        ("selection", selection, ("limit", "value")),
    ):
        require(value in known, f"{name} must be {' or '.join(known)}, not {value!r}.", game=game)
    if isinstance(model.population, Agents):
        raise InputError("the agents differ: use eqsolve.solve.", game=game, stage="input")
    roles = model.parts
    if equilibrium == "closed-loop" and model.population is None:
        raise InputError("there is no population to close the loop.", game=game, stage="input")
    values = parameters(given, model.parameters, game=game)
    joint_conditions(roles, values, game=game)
    state = _state(model, values, at or {})
    answer = _answer(model, values, state, equilibrium, selection, certify)
    if certify and equilibrium == "given-aggregate":
        answer = replace(answer, certificate=point_certificate(model, values, state, selection))
    return answer


def _answer(
    model: Model,
    values: Mapping[str, Fraction],
    state: Mapping[str, Fraction],
    equilibrium: str,
    selection: str,
    certify: bool,
) -> Equilibrium:
    """Solve at growing precision until every sign is decided."""
    status: Status = "degenerate"
    message = ""
    for bits in PRECISIONS:
        with precision(bits):
            try:
                if equilibrium == "closed-loop":
                    return _solve_loop(model, values, state, selection, certify, bits)
                return _solve(model, values, state, selection, bits)
            except UndecidedError as error:
                message = error.message
            except Stop as stop:
                status, message = stop.status, stop.message
                break
    return Equilibrium(
        game=model.name,
        notion=equilibrium,
        selection=selection,
        parameters=values,
        status=status,
        message=message,
    )


def _state(
    model: Model, values: Mapping[str, Fraction], at: Mapping[str, object]
) -> dict[str, Fraction]:
    n = values.get(model.parts.size.name)
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
    selection: str,
    bits: int,
) -> Equilibrium:
    solver = PointSolver(model, given)
    roles = solver.roles
    point = {symbol(name): ball(value) for name, value in state.items()}
    roots = solver.roots()
    admissible = [k for k, root in enumerate(roots) if root.admissible]

    def answer(status: Status, message: str) -> Equilibrium:
        return Equilibrium(
            game=model.name,
            notion="given-aggregate",
            selection=selection,
            parameters=given,
            status=status,
            message=message,
            roots=roots,
        )

    if not admissible:
        found = f"{len(roots)} real root{'s' if len(roots) != 1 else ''}"
        return answer(
            "no-admissible-root",
            f"The cubic of {roles.root} has {found}, none with {roles.admissible} > 0: "
            "no feedback has a finite second moment.",
        )
    hazard_name, rate, weight = (s.name for s in (roles.hazard, roles.rate, roles.competition))
    competes = solver.competes and given.get(roles.size.name) != 1
    if competes and given[hazard_name] <= 2 * given[rate]:
        return answer(
            "infinite-variance",
            "Against given aggregates the competitors' wealth has no finite second moment at the "
            f"horizon: {hazard_name} > 2 {rate} is needed when {weight} != 0.",
        )
    candidates = {k: roots[k] for k in admissible}
    loop = ClosedLoop(model, solver.values, solver.exact) if solver.population else None
    hazard = solver.values[roles.hazard]

    def exists(found: Values) -> bool:
        if loop is None:
            return True
        return sign(hazard - loop.abscissa(list(solver.strategy(found).values()))) > 0

    try:
        chosen, values = select(solver, candidates, selection, point, exists)
    except (Stop, UndecidedError) as error:
        if bits < PRECISIONS[-1]:
            raise UndecidedError(error.message) from None
        sentence, solutions_found = _degenerate(solver, candidates, error.message)
        return replace(answer("degenerate", sentence), numbers=solutions_found)
    numbers = response_numbers(solver, values)
    message = _explain(roles, roots, admissible, chosen, selection)
    status: Status = "ok"
    fold = _fold(roots, chosen)
    if fold is not None:
        status, message = "near-fold", fold
    if loop is not None:
        strategy = list(solver.strategy(values).values())
        abscissa = loop.abscissa(strategy)
        finite = bool(sign(hazard - abscissa) > 0)
        numbers["admissibility"] = {
            "abscissa": float(abscissa),
            "hazard": float(hazard),
            "finite": finite,
        }
        if not finite:
            infinite = answer(
                "infinite-variance",
                f"Second moments grow at rate {float(abscissa):.6g}, not below the hazard rate "
                f"{float(hazard):.6g}: {_nowhere(solver, candidates, chosen, point, exists)}",
            )
            return replace(infinite, selected=chosen, numbers=numbers)
        numbers |= population_numbers(solver, loop, values, strategy, "given-aggregate", point)
    return replace(answer(status, message), selected=chosen, numbers=numbers)


def _solve_loop(
    model: Model,
    given: Mapping[str, Fraction],
    state: Mapping[str, Fraction],
    selection: str,
    certify: bool,
    bits: int,
) -> Equilibrium:
    """All closed-loop Nash equilibria."""
    found = nash(model, given, state, selection)
    numbers: dict[str, Any] = {"complete": found.complete}
    certificate: Mapping[str, Any] = {}
    if found.selected is not None:
        root = found.roots[found.selected]
        numbers["admissibility"] = {
            "abscissa": float(root.abscissa),
            "hazard": float(given[model.parts.hazard.name]),
            "finite": True,
        }
        numbers |= nash_numbers(found, state)
        if certify:
            certificate = loop_certificate(found.complete, root.feedback, root.abscissa, bits)
    return Equilibrium(
        game=model.name,
        notion="closed-loop",
        selection=selection,
        parameters=given,
        status=found.status,
        message=found.message,
        roots=found.roots,
        selected=found.selected,
        numbers=numbers,
        certificate=certificate,
    )


def _fold(roots: tuple[Root, ...], chosen: int) -> str | None:
    """What to say if the selected root nearly coincides with another one."""
    own = roots[chosen]
    if own.multiplicity > 1:
        return (
            f"The selected root is an exact root of multiplicity {own.multiplicity}. Its numbers "
            "hold, but arbitrarily small changes of the parameters split or remove it."
        )
    others = [root.p1 for k, root in enumerate(roots) if k != chosen]
    gap = min((abs(float(p - own.p1)) for p in others), default=1.0)
    if gap > FOLD * abs(float(own.p1)):
        return None
    return (
        f"The selected root is within {gap:.2g} of another one. Its numbers hold for the exact "
        "parameters, but parameters rounded to double precision do not determine them."
    )


def _degenerate(
    solver: PointSolver, candidates: Mapping[int, Root], reason: str
) -> tuple[str, dict[str, Any]]:
    """What a closed form that divides by zero means: no common feedback, or a line of them."""
    model, roles = solver.model, solver.roles
    slope = solver.values[roles.slope]
    root = max(candidates.values(), key=lambda root: float(slope * root.p1))
    values = solver.values | {roles.root: root.p1}
    if solver.population is None:
        return reason, {}
    definition, conditions = solver.population.conditions(next(iter(model.notation.split.values())))
    try:
        run((*solver.form.needed(roles.response), definition), values)
        names = list(conditions)
        zero = dict.fromkeys(names, sp.S.Zero)
        rows = [[evaluate(sp.diff(e, u), values) for u in names] for e in conditions.values()]
        right = [-evaluate(e.xreplace(zero), values) for e in conditions.values()]
        found = solutions(rows, [right])
    except (DivisionByZero, UndecidedError):
        return reason, {}
    if not found.directions:
        return reason, {}
    message, numbers = described(
        found, "the common feedback's coefficients", ", ".join(map(str, names))
    )
    return f"{reason} {message[0].upper()}{message[1:]}", numbers


def _nowhere(
    solver: PointSolver,
    candidates: Mapping[int, Root],
    chosen: int,
    point: Mapping[sp.Symbol, arb],
    exists: Callable[[Values], bool],
) -> str:
    """What to say of the other admissible roots if the chosen one has infinite second moments."""
    others = {k: root for k, root in candidates.items() if k != chosen}
    for k in others:
        try:
            if exists(solver.at_root(others[k], point)):
                return (
                    "no finite-variance equilibrium at the selected root. There is one at another "
                    "root, which selection by value takes."
                )
        except Stop:
            continue
    return "no finite-variance equilibrium."


def _explain(
    roles: Roles, roots: tuple[Root, ...], admissible: list[int], chosen: int, selection: str
) -> str:
    if len(admissible) == 1:
        text = f"The only admissible root ({roles.admissible} > 0) is selected."
    else:
        largest = f"the largest {roles.slope} {roles.root}"
        finite = "the largest value at the state, of those with finite second moments,"
        rule = finite if selection == "value" else largest
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
