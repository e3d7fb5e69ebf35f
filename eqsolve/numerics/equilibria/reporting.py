"""The numbers of an answer, and its certificate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb

from eqsolve.model import Model
from eqsolve.numerics.arithmetic.ball import Values, number, precision
from eqsolve.numerics.arithmetic.straightline import output_symbols, straight_line
from eqsolve.numerics.certificates.statement import outward, state_point
from eqsolve.numerics.equilibria.loop import ClosedLoop
from eqsolve.numerics.equilibria.point import PointSolver, select
from eqsolve.symbolic.algebra import collect


def response_numbers(solver: PointSolver, values: Values) -> dict[str, Any]:
    x, y = solver.model.game.state_symbols
    names = {x**2: "xx", y**2: "yy", x * y: "xy", x: "x", y: "y", sp.S.One: "1"}
    value = collect(solver.model.ansatz.value, (x, y))
    strategy = {str(m): number(v) for m, v in solver.strategy(values).items()}
    return {
        "response": {s.name: number(values[s]) for s in solver.roles.response},
        "strategy": strategy,
        "moments": {s.name: number(values[s]) for s in solver.roles.moments},
        "value": {names[m]: number(values[s]) for m, s in value.items()},
        "at": {
            "x": number(values[x]),
            "y": number(values[y]),
            "pi": number(solver.position(values)),
            "V": number(solver.value(values)),
        },
    }


def population_numbers(
    solver: PointSolver,
    loop: ClosedLoop,
    values: Values,
    strategy: list[arb],
    notion: str,
    point: Mapping[sp.Symbol, arb],
) -> dict[str, Any]:
    x, y = solver.model.game.state_symbols
    own, others, constant = strategy
    state = {**point, solver.roles.square: loop.second_moment(point[y])}
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
    """The strategy at the same wealth without competition, if it exists."""
    single = PointSolver(solver.model, {**solver.given, solver.roles.competition.name: Fraction(0)})
    found = {k: root for k, root in enumerate(single.roots()) if root.admissible}
    if not found:
        return None
    return number(single.position(select(single, found, "limit", point)[1]))


def point_certificate(
    model: Model, given: Mapping[str, Fraction], state: Mapping[str, Fraction], selection: str
) -> dict[str, Any]:
    """What is proved about a point by arithmetic that shares nothing with the solution's.

    Keys: ``verdict`` and its ``statement``, the proved ``status``, ``bits`` of precision that
    sufficed, numbers of distinct ``real_roots`` and ``admissible_roots``, the ``selected`` one,
    ``finite`` (second moments, decided) and ``enclosures``.
    """
    program, names = straight_line(model.name), output_symbols(model.name)
    names |= {s.name: s for s in (model.parts.admissible, model.parts.constant)}
    numbers = [given[name] for name in model.parameters]
    found = state_point(
        program,
        numbers,
        (state["x"], state["y"]),
        selection=selection,
        outputs=tuple(names.values()),
        precisions=(256, 1024, 4096, 16384, 32768),
    )
    enclosures = {name: found.values[s] for name, s in names.items() if s in found.values}
    if model.population is not None and found.values:
        with precision(found.bits):
            solver = PointSolver(model, given)
            loop = ClosedLoop(model, solver.values, solver.exact)
            enclosures["abscissa"] = loop.abscissa([enclosures[f"k_{m}"] for m in "xy1"])
    return {
        "verdict": found.verdict.label,
        "statement": found.verdict.meaning,
        "status": found.status.label,
        "bits": found.bits,
        "real_roots": None if found.roots is None else len(found.roots),
        "admissible_roots": None if found.roots is None else len(found.admissible),
        "selected": found.selected,
        "finite": found.finite,
        "enclosures": {name: _enclosure(value) for name, value in enclosures.items()},
    }


def loop_certificate(
    complete: bool, feedback: Sequence[arb], abscissa: arb, bits: int
) -> dict[str, Any]:
    """The certificate of a closed-loop Nash feedback whose second moments are finite.

    ``complete`` tells whether all such feedbacks are known.
    """
    named = dict(zip(("k_x", "k_y", "k_1", "abscissa"), (*feedback, abscissa)))
    others = (
        "All affine Nash feedbacks with finite second moments are listed."
        if complete
        else "Others may exist elsewhere."
    )
    return {
        "verdict": "certified",
        "statement": "Proved: a Nash feedback lies in the enclosures, and it is the only one "
        f"there; its second moments are finite. {others}",
        "status": "ok",
        "bits": bits,
        "finite": True,
        "complete": complete,
        "enclosures": {name: _enclosure(value) for name, value in named.items()},
    }


def _enclosure(value: arb) -> dict[str, Any]:
    """A ball as doubles rounded outward, and with more digits as midpoint and radius."""
    low, high = outward(value)
    mid = value.mid().str(25, radius=False)
    return {"lower": low, "upper": high, "mid": mid, "rad": float(value.rad())}
