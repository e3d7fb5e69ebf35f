"""Equations that are plainly affine in their unknowns, solved without forming polynomials.

Most blocks of a system are such: coefficients follow linearly from earlier ones. One pass over the
operations tells slopes and values; whatever it does not decide is left to those who form them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flint import arb, fmpq

from eqsolve.arithmetic.code import Code, folded
from eqsolve.arithmetic.ring import Ring
from eqsolve.solve import linear
from eqsolve.solve.reduction import Number, Values, solve_balls

#: Of a node that depends on unknowns, its slopes in them.
Slopes = dict[str, Number]

_ZERO, _ONE = fmpq(0), fmpq(1)


def affine_solution(
    code: Code, functions: Sequence[int], unknowns: Sequence[str], known: Mapping[str, Number]
) -> Values | None:
    """The only zero of as many functions as there are unknowns.

    Parameters
    ----------
    code, functions : the numbers of some of its functions.
    unknowns : arguments.
    known : values of all other arguments that the functions need.

    Returns
    -------
    dict or None
        Exact where everything known is. None where the operations do not show that the functions
        are affine, where one is not defined, or where it is not proved that there is one zero.
    """
    rows = _rows(code, functions, unknowns, known)
    if rows is None:
        return None
    exact = [[entry for entry in row if isinstance(entry, fmpq)] for row in rows]
    found: Sequence[Number] | None
    if sum(map(len, exact)) == sum(map(len, rows)):
        try:
            found = linear.solved(exact)
        except linear.Many:
            return None
    else:
        balls = [[arb(entry) for entry in row] for row in rows]
        found = solve_balls([row[:-1] for row in balls], [-row[-1] for row in balls])
    return None if found is None else dict(zip(unknowns, found))


def _rows(
    code: Code, functions: Sequence[int], unknowns: Sequence[str], known: Mapping[str, Number]
) -> list[list[Number]] | None:
    """Of every function its slopes in the unknowns, then its value where these are 0."""
    first = len(code.arguments)
    start = first + len(code.constants)
    outputs = [code.outputs[k] for k in functions]
    balls = Ring.of([arb(0)])
    values: dict[int, Number] = {}
    slopes: dict[int, Slopes] = {}
    for node in _needed(code, outputs):
        value: Number | None
        if node < first:
            argument = code.arguments[node]
            if argument in unknowns:
                value, slopes[node] = _ZERO, {argument: _ONE}
            else:
                value = known[argument]
        elif node < start:
            constant = code.constants[node - first]
            value = constant if isinstance(constant, fmpq) else balls.constant(constant)
        else:
            name, operands = code.steps[node - start]
            if any(k in slopes for k in operands):
                moved = _moved(name, operands, values, slopes)
                if moved is None:
                    return None
                slopes[node] = moved
            value = _value(balls, name, [values[k] for k in operands])
        if value is None:
            return None
        values[node] = value
    return [[*(slopes.get(o, {}).get(u, _ZERO) for u in unknowns), values[o]] for o in outputs]


def _needed(code: Code, outputs: Sequence[int]) -> list[int]:
    """The nodes that some of them need, in order."""
    start = len(code.arguments) + len(code.constants)
    seen, waiting = {*outputs}, [*outputs]
    while waiting:
        node = waiting.pop()
        if node >= start:
            for other in code.steps[node - start].operands:
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
    return sorted(seen)


def _moved(
    name: str, operands: tuple[int, ...], values: Mapping[int, Number], slopes: Mapping[int, Slopes]
) -> Slopes | None:
    """The slopes of a step at least one of whose operands has some; None if it is not affine."""
    if name in ("add", "sub"):
        left, right = (slopes.get(k, {}) for k in operands)
        found = dict(left)
        for unknown, slope in right.items():
            before = found.get(unknown, _ZERO)
            found[unknown] = before + slope if name == "add" else before - slope
        return found
    if name == "mul" and not all(k in slopes for k in operands):
        moving, still = operands if operands[0] in slopes else reversed(operands)
        return {u: slope * values[still] for u, slope in slopes[moving].items()}
    if name == "div" and operands[1] not in slopes:
        below = values[operands[1]]
        if below == 0 or (isinstance(below, arb) and below.contains(0)):
            return None
        return {u: slope / below for u, slope in slopes[operands[0]].items()}
    return None


def _value(balls: Ring, name: str, operands: Sequence[Number]) -> Number | None:
    """The result of a step: exact where it is rational, else a ball; None if it is not defined."""
    exact = [v for v in operands if isinstance(v, fmpq)]
    if len(exact) == len(operands):
        found = folded(name, *exact)
        if found is not None:
            return found
        operands = [arb(v) for v in exact]
    result: arb = balls.apply(name, *operands)
    return result if result.is_finite() else None
