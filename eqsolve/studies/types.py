"""Exact derivatives of crowds whose copies have types of their own.

The averages over all types satisfy ``a = sum_k w_k term(theta_k, a)``: their derivatives solve a
linear system. Each type's outputs depend on its own parameters and on the averages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp
from flint import arb, arb_mat, ctx

from eqsolve.derivation.conditions import evaluate
from eqsolve.derivation.derivation import Derivation, derive
from eqsolve.errors import InputError
from eqsolve.game import Model
from eqsolve.game.structure import COUNT
from eqsolve.game.types import read_types
from eqsolve.numbers import exact
from eqsolve.rows import Types
from eqsolve.solve.crowd import average_terms, averages, numbers_of_types
from eqsolve.solve.derived import DerivedPoint
from eqsolve.solve.path import rational
from eqsolve.solve.point import BITS
from eqsolve.studies.derivatives import Chain, Derivatives, picked, told


def sensitivity_of_types(
    model: Model,
    values: Mapping[str, object],
    size: int | None,
    at: Mapping[str, object] | None,
    outputs: Sequence[str] | None,
    parameters: Sequence[str] | None,
) -> Derivatives:
    """Differentiate every type's results in its own, the other types' and common parameters.

    Results and parameters of type k have the suffix ``_k``. Of a continuous law of types the
    parameters of its nodes are none of the user's: only common ones are differentiated in.

    Raises
    ------
    InputError
        If a name is not known.
    """
    crowd = model.game.crowd
    assert crowd is not None
    if size is None and COUNT in values and crowd.size is not None:
        size = int(exact(COUNT, values[COUNT], game=model.name))
    with ctx.workprec(BITS):
        derivation = derive(model)
        types = read_types(model, values, size, at=at)
        numbers = numbers_of_types(derivation, types)
        common = {
            p.name: p.symbol for p in model.vocabulary.parameters if p.symbol not in crowd.own
        }
        floats = {name: float(numbers[0].parameters[s]) for name, s in common.items()}
        names: dict[str, tuple[sp.Symbol, int | None]] = {n: (s, None) for n, s in common.items()}
        for k, number in enumerate(numbers if not types.drawn else (), start=1):
            for symbol in crowd.own:
                names[f"{symbol.name}_{k}"] = symbol, k - 1
                floats[f"{symbol.name}_{k}"] = float(number.parameters[symbol])
        found = averages(derivation, numbers, types)
        if isinstance(found, tuple):
            return Derivatives(model.name, found[0].label, found[1], {}, {}, floats)
        points = [DerivedPoint(derivation, number, model.selection, found) for number in numbers]
        answers = [point.answer() for point in points]
        failed = next((a for a in answers if not a.ok), None)
        if failed is not None:
            return Derivatives(model.name, failed.status.label, failed.message, {}, {}, floats)
        chosen = picked(model.name, "parameter", parameters, names)
        wanted = [names[name] for name in chosen]
        moved = moved_by(derivation, points, types, wanted)
        chains = chains_of(points, [a.roots for a in answers])
        offered = {
            f"{name}_{k}": (k - 1, expression)
            for k, chain in enumerate(chains, start=1)
            for name, expression in chain.outputs().items()
        }
        table: dict[str, list[float | None]] = {}
        results: dict[str, float] = {}
        for name in picked(model.name, "output", outputs, offered):
            k, expression = offered[name]
            results[name] = float(chains[k].value(expression).mid())
            row = total(chains[k], expression, moved, [(s, o in (None, k)) for s, o in wanted])
            table[name] = [told(v) for v in row]
    return Derivatives(
        model.name,
        answers[0].status.label,
        answers[0].message,
        results,
        {o: dict(zip(chosen, row)) for o, row in table.items()},
        floats,
    )


def chains_of(points: Sequence[DerivedPoint], roots: Sequence[Any]) -> list[Chain]:
    """The chain rule of every type, in its parameters and the averages."""
    return [Chain(p, list(p.parameters), found) for p, found in zip(points, roots)]


def total(
    chain: Chain,
    expression: sp.Expr,
    moved: Mapping[sp.Symbol, Sequence[arb]],
    wanted: Sequence[tuple[sp.Symbol | None, bool]],
) -> list[arb]:
    """The derivatives of an output: a parameter moves it itself, and through the averages."""
    slopes = dict(zip(chain.parameters, chain.row(expression)))
    found = []
    for j, (symbol, direct) in enumerate(wanted):
        value = slopes[symbol] if direct and symbol is not None else arb(0)
        found.append(sum((slopes[a] * moves[j] for a, moves in moved.items()), value))
    return found


def moved_by(
    derivation: Derivation,
    points: Sequence[DerivedPoint],
    types: Types,
    wanted: Sequence[tuple[sp.Symbol, int | None]],
) -> dict[sp.Symbol, list[arb]]:
    """The derivatives of the averages in parameters of all types, or of one."""
    terms, _ = average_terms(derivation)
    right = []
    for term in terms.values():
        slopes = [sp.diff(term, symbol) for symbol, _ in wanted]
        right.append(
            [
                sum(
                    (
                        arb(rational(weight)) * evaluate(slope, point.balls)
                        for k, (weight, point) in enumerate(zip(types.weights, points))
                        if owner in (None, k)
                    ),
                    arb(0),
                )
                for slope, (_, owner) in zip(slopes, wanted)
            ]
        )
    return _responses(derivation, points, types, right)


def moved_by_weights(
    derivation: Derivation, points: Sequence[DerivedPoint], types: Types
) -> dict[sp.Symbol, list[arb]]:
    """The derivatives of the averages in the weight of every type."""
    terms, _ = average_terms(derivation)
    right = [[evaluate(term, point.balls) for point in points] for term in terms.values()]
    return _responses(derivation, points, types, right)


def _responses(
    derivation: Derivation,
    points: Sequence[DerivedPoint],
    types: Types,
    right: Sequence[Sequence[arb]],
) -> dict[sp.Symbol, list[arb]]:
    """How the averages answer when ``right`` is added to what they are averages of."""
    terms, _ = average_terms(derivation)
    size = len(terms)
    matrix = arb_mat(size, size)
    for i, term in enumerate(terms.values()):
        matrix[i, i] = 1
        slopes = [sp.diff(term, average) for average in terms]
        for weight, point in zip(types.weights, points):
            for j, slope in enumerate(slopes):
                matrix[i, j] -= arb(rational(weight)) * evaluate(slope, point.balls)
    columns = len(right[0]) if right else 0
    try:
        solution: Any = matrix.solve(arb_mat(size, columns, [v for row in right for v in row]))
    except ZeroDivisionError:
        raise InputError(
            "the averages over the types have no derivatives here.",
            game=derivation.model.name,
            stage="sensitivity",
        ) from None
    return {a: [solution[i, j] for j in range(columns)] for i, a in enumerate(terms)}
