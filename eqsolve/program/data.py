"""A program as data: JSON that holds names, numbers and numbered operations, and nothing to run."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any

from flint import fmpq

from eqsolve.arithmetic.code import Code, Step
from eqsolve.arithmetic.ring import PI
from eqsolve.inputs import Domain, Inputs, Parameter, Range
from eqsolve.program.program import (
    Averaging,
    Claim,
    Expectation,
    Form,
    Given,
    Growth,
    Moments,
    Outcome,
    Program,
    Quantity,
    Start,
    System,
    Table,
    Value,
)
from eqsolve.program.responses import Law, Motion, Polynomials, Responses
from eqsolve.program.words import Apart, Loop, Together, Words

_TYPES = (
    *(Claim, Domain, Expectation, Form, Given, Growth, Inputs, Loop, Moments, Outcome),
    *(Parameter, Program, Quantity, Range, Start, System, Table, Value, Words),
    *(Apart, Together, Averaging, Law, Motion, Polynomials, Responses),
)
_BY_NAME: dict[str, Any] = {kind.__name__: kind for kind in _TYPES}
_FRACTION, _CODE = "Fraction", "Code"

#: Operations of a code, and how many operands each has.
_OPERATIONS = dict.fromkeys(("add", "sub", "mul", "div"), 2) | dict.fromkeys(
    ("sqrt", "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh"), 1
)


def encoded(value: Any) -> Any:
    """A program, or a part of it, as values of JSON."""
    if isinstance(value, (str, int, bool)) or value is None:
        return value
    if isinstance(value, tuple):
        return [encoded(part) for part in value]
    if isinstance(value, Fraction):
        return {_FRACTION: str(value)}
    if isinstance(value, Code):
        steps = [[step.name, *step.operands] for step in value.steps]
        constants = [c if isinstance(c, str) else [str(c.p), str(c.q)] for c in value.constants]
        return {_CODE: [list(value.arguments), constants, steps, list(value.outputs)]}
    if is_dataclass(value) and type(value) in _TYPES:
        return {type(value).__name__: [encoded(getattr(value, f.name)) for f in fields(value)]}
    raise TypeError(f"{type(value)} is not part of a program")


def decoded(data: Any) -> Any:
    """What was encoded.

    Raises
    ------
    ValueError
        If the data is not the encoding of something.
    """
    if isinstance(data, list):
        return tuple(map(decoded, data))
    if not isinstance(data, dict):
        return data
    if len(data) != 1:
        raise ValueError("not part of a program")
    ((name, parts),) = data.items()
    if name == _FRACTION:
        return Fraction(parts)
    if name == _CODE:
        return _code(*parts)
    if name not in _BY_NAME or len(parts) != len(fields(_BY_NAME[name])):
        raise ValueError(f"{name} is not part of a program")
    return _BY_NAME[name](*map(decoded, parts))


def _code(arguments: Any, constants: Any, steps: Any, outputs: Any) -> Code:
    numbers = [c if c == PI else fmpq(int(c[0]), int(c[1])) for c in constants]
    first = len(arguments) + len(numbers)
    found = []
    for place, (name, *operands) in enumerate(steps, first):
        if _OPERATIONS.get(name) != len(operands):
            raise ValueError(f"{name} is no operation")
        if not all(type(k) is int and 0 <= k < place for k in operands):
            raise ValueError("an operation reads what comes later")
        found.append(Step(name, tuple(operands)))
    if not all(type(k) is int and 0 <= k < first + len(found) for k in outputs):
        raise ValueError("a function is not there")
    return Code(arguments, numbers, found, outputs)
