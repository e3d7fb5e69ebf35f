"""Taylor coefficients of the solution of a differential equation, one order after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import mul

from flint import arb

from eqsolve.arithmetic.code import Code
from eqsolve.arithmetic.ring import Ring

Coefficients = list[arb]
_ZERO = arb(0)


def solution_coefficients(
    rates: Code, time: arb, start: Sequence[arb], order: int
) -> list[Coefficients]:
    """Return the Taylor coefficients of the solution of u' = f(s, u) through a point.

    Every operation of the program keeps the coefficients it has found, so that an order costs
    one sum of products for each product of the program (A. Griewank and A. Walther, Evaluating
    Derivatives, 2008, chapter 13).

    Parameters
    ----------
    rates : f, with the arguments s, u_1, ..., u_n.
    time, start : the point.
    order : the highest order.

    Returns
    -------
    list of list
        For each unknown its coefficients of the orders 0 to ``order``; not finite where f is
        not defined.
    """
    padding = [_ZERO] * order
    state: list[Coefficients] = [[value] for value in start]
    constants = [[Ring.of([time]).constant(q), *padding] for q in rates.constants]
    nodes: list[Coefficients] = [[time, arb(1), *padding[1:]], *state, *constants]
    fixed = range(1 + len(state), 1 + len(state) + len(constants))
    advances: list[Callable[[int], None]] = []
    for name, operands in rates.steps:
        result: Coefficients = []
        inputs = [nodes[k] for k in operands]
        if name == "mul" and (operands[0] in fixed or operands[1] in fixed):
            factor, other = inputs if operands[0] in fixed else inputs[::-1]
            advances.append(_multiple(result, factor[0], other))
        elif name in _BINARY:
            advances.append(_BINARY[name](result, *inputs))
        else:
            advances.append(_elementary(name, result, inputs[0]))
        nodes.append(result)
    outputs = [nodes[k] for k in rates.outputs]
    for k in range(order):
        for advance in advances:
            advance(k)
        for unknown, rate in zip(state, outputs):
            unknown.append(rate[k] / (k + 1))
    return state


def _products(a: Sequence[arb], b: Sequence[arb]) -> arb:
    return sum(map(mul, a, b), _ZERO)


def _multiple(c: Coefficients, factor: arb, a: Coefficients) -> Callable[[int], None]:
    return lambda k: c.append(factor * a[k])


def _sum(c: Coefficients, a: Coefficients, b: Coefficients) -> Callable[[int], None]:
    return lambda k: c.append(a[k] + b[k])


def _difference(c: Coefficients, a: Coefficients, b: Coefficients) -> Callable[[int], None]:
    return lambda k: c.append(a[k] - b[k])


def _product(c: Coefficients, a: Coefficients, b: Coefficients) -> Callable[[int], None]:
    return lambda k: c.append(_products(a, b[k::-1]))


def _quotient(c: Coefficients, a: Coefficients, b: Coefficients) -> Callable[[int], None]:
    """b c = a."""
    return lambda k: c.append((a[k] - _products(b[1:], c[::-1])) / b[0])


_BINARY = {"add": _sum, "sub": _difference, "mul": _product, "div": _quotient}


def _elementary(name: str, c: Coefficients, a: Coefficients) -> Callable[[int], None]:
    """Return the recurrence of c = F(a), from c' = g a' with g = F'(a)."""
    weighted: Coefficients = []
    slope: Coefficients = []

    def integral(k: int, of: Coefficients) -> arb:
        return _products(weighted[1:], of[k - 1 :: -1]) / k

    def advance(k: int) -> None:
        weighted.append(a[k] * k)
        if k == 0:
            c.append(getattr(a[0], name)())
        elif name == "exp":
            c.append(integral(k, c))
        else:
            c.append(integral(k, slope))
        # Then the coefficient of the slope.
        if name == "log":
            slope.append((_next(a, slope) if k else arb(1)) / a[0])
        elif name == "sqrt":
            slope.append((_next(c, slope) if k else arb(1) / 2) / c[0])
        elif name in ("tan", "tanh"):
            square = _products(c, c[::-1])
            slope.append((0 if k else 1) + (square if name == "tan" else -square))
        elif name in _PARTNERS:
            partner, sign = _PARTNERS[name]
            slope.append(_SIGNS[name] * integral(k, c) if k else sign * getattr(a[0], partner)())

    return advance


def _next(a: Coefficients, inverse: Coefficients) -> arb:
    """The next coefficient of a constant over a, times a[0]."""
    return -_products(a[1:], inverse[::-1])


#: The derivative of a function, up to a sign, and the sign of its second derivative.
_PARTNERS = {"sin": ("cos", 1), "cos": ("sin", -1), "sinh": ("cosh", 1), "cosh": ("sinh", 1)}
_SIGNS = {"sin": -1, "cos": -1, "sinh": 1, "cosh": 1}
