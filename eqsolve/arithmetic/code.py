"""Straight-line programs; nothing here needs an algebra system."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from flint import fmpq

from eqsolve.arithmetic.ring import Ring


class Step(NamedTuple):
    """One operation: ``add``, ``sub``, ``mul``, ``div``, ``sqrt`` or an elementary function.

    ``operands`` number the nodes it reads: first the arguments, then the constants, then the
    results of the steps before.
    """

    name: str
    operands: tuple[int, ...]


class Code:
    """Functions of the same arguments as one sequence of operations.

    Attributes
    ----------
    arguments : names, or symbols, in the order in which their values will be given.
    constants : the rational numbers (and ``"pi"``) that the program needs.
    steps : its operations in order.
    outputs : the node of each function.
    """

    def __init__(
        self,
        arguments: Sequence[Any],
        constants: Sequence[fmpq | str],
        steps: Sequence[Step],
        outputs: Sequence[int],
    ) -> None:
        self.arguments = tuple(arguments)
        self.constants, self.steps = tuple(constants), tuple(steps)
        self.outputs = tuple(outputs)

    def __call__(self, values: Sequence[Any]) -> list[Any]:
        """Return the values of the functions at arguments of one type.

        Parameters
        ----------
        values : one number for each argument: flint's ``arb``, ``acb``, ``arb_series`` or
            ``acb_series``, mpmath's ``mpf``, ``mpc`` or intervals, which may be unbounded,
            ``float``, or NumPy arrays of doubles whose shapes broadcast.

        Returns
        -------
        list
            Elements of the same type. What is not defined (a division by a ball around zero, the
            logarithm of one) is not finite. Intervals stand for numbers inside them for which
            all operations are defined.
        """
        ring = Ring.of(values)
        nodes = [*values, *map(ring.constant, self.constants)]
        for name, operands in self.steps:
            nodes.append(ring.apply(name, *(nodes[k] for k in operands)))
        return [ring.element(nodes[k]) for k in self.outputs]

    def jacobian(self, values: Sequence[Any]) -> tuple[list[Any], list[dict[int, Any]]]:
        """Return the values and, of each, the derivatives by the number of the argument.

        Derivatives that vanish identically are left out.
        """
        ring = Ring.of(values)
        nodes = [*values, *map(ring.constant, self.constants)]
        slopes: list[dict[int, Any]] = [{k: ring.one} for k in range(len(values))]
        slopes += [{} for _ in self.constants]
        for name, operands in self.steps:
            inputs = [nodes[k] for k in operands]
            result = ring.apply(name, *inputs)
            slope: dict[int, Any] = {}
            for k, factor in zip(operands, ring.slopes(name, inputs, result)):
                for argument, inner in slopes[k].items():
                    term = inner if factor is None else factor * inner
                    slope[argument] = slope[argument] + term if argument in slope else term
            nodes.append(result)
            slopes.append(slope)
        rows = [{k: ring.element(s) for k, s in slopes[o].items()} for o in self.outputs]
        return [ring.element(nodes[k]) for k in self.outputs], rows

    def doubles(self) -> Callable[..., list[float]]:
        """The same as a compiled function of doubles, one for each argument.

        It raises what Python raises where an operation is not defined.
        """
        first = len(self.arguments) + len(self.constants)
        names = [f"n{k}" for k in range(first + len(self.steps))]
        space: dict[str, Any] = {name: getattr(math, name) for name in _FUNCTIONS}
        for name, c in zip(names[len(self.arguments) :], self.constants):
            space[name] = math.pi if isinstance(c, str) else int(c.p) / int(c.q)
        nodes: list[ast.expr] = [ast.Name(name, ast.Load()) for name in names]
        body: list[ast.stmt] = []
        for name, (kind, operands) in zip(names[first:], self.steps):
            read = [nodes[k] for k in operands]
            result: ast.expr = (
                ast.BinOp(read[0], _INFIX[kind], read[1])
                if kind in _INFIX
                else ast.Call(ast.Name(kind, ast.Load()), read, [])
            )
            body.append(ast.Assign([ast.Name(name, ast.Store())], result))
        body.append(ast.Return(ast.List([nodes[k] for k in self.outputs], ast.Load())))
        given = ast.arguments(
            posonlyargs=[],
            args=[ast.arg(name) for name in names[: len(self.arguments)]],
            kwonlyargs=[],
            kw_defaults=[],
            defaults=[],
        )
        tree = ast.Module([ast.FunctionDef("values", given, body, [])], [])
        module = compile(ast.fix_missing_locations(tree), "operations", "exec")
        (code,) = (part for part in module.co_consts if isinstance(part, CodeType))
        return FunctionType(code, space)

    # -- programs made of programs --------------------------------------------------------------

    def within(self, values: Mapping[Any, Any]) -> list[Any]:
        """The values of the functions where the arguments have their values by name."""
        return self([values[name] for name in self.arguments])

    def only(self, places: Sequence[int]) -> Code:
        """The program of some of the functions, by number, and of the arguments they need."""
        outputs = [self.outputs[k] for k in places]
        inputs, first = len(self.arguments), len(self.arguments) + len(self.constants)
        used = set(outputs)
        for node in range(first + len(self.steps) - 1, first - 1, -1):
            if node in used:
                used.update(self.steps[node - first].operands)
        # the same order, without gaps
        number = {node: k for k, node in enumerate(sorted(used))}
        steps = [
            step._replace(operands=tuple(number[k] for k in step.operands))
            for node, step in enumerate(self.steps, first)
            if node in used
        ]
        return Code(
            [a for k, a in enumerate(self.arguments) if k in used],
            [c for k, c in enumerate(self.constants, inputs) if k in used],
            steps,
            [number[k] for k in outputs],
        )

    def reached(self) -> list[frozenset[Any]]:
        """For each function the arguments that it depends on."""
        needs = self.needs()
        return [frozenset(self.arguments[k] for k in needs[node]) for node in self.outputs]

    def at(self, known: Mapping[Any, fmpq], shift: Mapping[Any, fmpq] | None = None) -> Code:
        """The program at exact values of some arguments, with what is exact computed.

        Parameters
        ----------
        known : values by argument; others are ignored.
        shift : what is added to an argument that remains.
        """
        builder = Folding([a for a in self.arguments if a not in known])
        nodes = dict(zip(builder.arguments, range(len(builder.arguments))))
        for argument, value in (shift or {}).items():
            if argument in nodes:
                nodes[argument] = builder.step("add", nodes[argument], builder.constant(value))
        nodes |= {a: builder.constant(known[a]) for a in self.arguments if a in known}
        return builder.code(builder.insert(self, nodes))

    def is_undefined(self) -> bool:
        """Whether an operation with rational numbers has no real result."""
        first = len(self.arguments)
        values = {first + k: v for k, v in enumerate(self.constants) if isinstance(v, fmpq)}
        for name, operands in self.steps:
            value = values.get(operands[-1])
            if value is not None and (
                (name == "div" and value == 0)
                or (name == "sqrt" and value < 0)
                or (name == "log" and value <= 0)
            ):
                return True
        return False

    def needs(self) -> list[frozenset[int]]:
        """For each node the numbers of the arguments it depends on."""
        count = len(self.arguments)
        found = [frozenset([k]) for k in range(count)]
        found += [frozenset()] * len(self.constants)
        for _, operands in self.steps:
            found.append(frozenset().union(*(found[k] for k in operands)))
        return found


_INFIX = {"add": ast.Add(), "sub": ast.Sub(), "mul": ast.Mult(), "div": ast.Div()}
_FUNCTIONS = ("sqrt", "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh")


class Builder:
    """Collects the operations of a program; equal ones are kept once."""

    def __init__(self, arguments: Sequence[Any]) -> None:
        self.arguments = tuple(arguments)
        # Until the constants are counted they are numbered -1, -2, ...
        self.constants: dict[fmpq | str, int] = {}
        self.steps: dict[Step, int] = {}

    def constant(self, value: fmpq | str) -> int:
        """The node of a constant."""
        return self.constants.setdefault(value, -1 - len(self.constants))

    def step(self, name: str, *operands: int) -> int:
        """The node of an operation."""
        operation = Step(name, operands)
        return self.steps.setdefault(operation, len(self.arguments) + len(self.steps))

    def insert(self, code: Code, values: Mapping[Any, int]) -> list[int]:
        """The nodes of another program's functions, from those of its arguments."""
        nodes = [values[argument] for argument in code.arguments]
        nodes += map(self.constant, code.constants)
        for name, operands in code.steps:
            nodes.append(self.step(name, *(nodes[k] for k in operands)))
        return [nodes[k] for k in code.outputs]

    def integer_power(self, node: int, exponent: int) -> int:
        """The node of a power with a non-negative exponent."""
        if exponent == 0:
            return self.constant(fmpq(1))
        result: int | None = None
        while exponent:
            if exponent & 1:
                result = node if result is None else self.step("mul", result, node)
            exponent >>= 1
            if exponent:
                node = self.step("mul", node, node)
        assert result is not None
        return result

    def code(self, outputs: Sequence[int]) -> Code:
        """The program of some nodes, without what they do not need."""
        count = len(self.arguments)
        steps = list(self.steps)
        wanted = [o for o in outputs]
        seen: set[int] = set()
        while wanted:
            node = wanted.pop()
            if node not in seen:
                seen.add(node)
                if node >= count:
                    wanted += steps[node - count].operands
        constants = [(v, n) for v, n in self.constants.items() if n in seen]
        numbers = {n: count + k for k, (_, n) in enumerate(constants)}
        numbers |= {k: k for k in range(count)}
        kept: list[Step] = []
        for place, (name, operands) in enumerate(steps, count):
            if place in seen:
                numbers[place] = count + len(constants) + len(kept)
                kept.append(Step(name, tuple(numbers[k] for k in operands)))
        return Code(self.arguments, [v for v, _ in constants], kept, [numbers[o] for o in outputs])


class Folding(Builder):
    """A builder that computes with exact constants where the result is exact."""

    def __init__(self, arguments: Sequence[Any]) -> None:
        super().__init__(arguments)
        self._values: dict[int, fmpq] = {}
        self._made: dict[int, Step] = {}

    def constant(self, value: fmpq | str) -> int:
        node = super().constant(value)
        if isinstance(value, fmpq):
            self._values[node] = value
        return node

    def step(self, name: str, *operands: int) -> int:
        known = [self._values.get(k) for k in operands]
        numbers = [value for value in known if value is not None]
        if len(numbers) == len(known):
            exact = folded(name, *numbers)
            if exact is not None:
                return self.constant(exact)
        shorter = self._shorter(name, operands, known)
        if shorter is not None:
            return shorter
        node = super().step(name, *operands)
        self._made.setdefault(node, Step(name, operands))
        return node

    def _shorter(
        self, name: str, operands: tuple[int, ...], known: list[fmpq | None]
    ) -> int | None:
        """A node with the same value as an operation with zero, one or a power."""
        if name in ("add", "mul"):
            neutral = 0 if name == "add" else 1
            for own, other in ((0, 1), (1, 0)):
                if known[own] is not None and known[own] == neutral:
                    return operands[other]
            if name == "mul" and any(k is not None and k == 0 for k in known):
                return self.constant(fmpq(0))
        elif name in ("sub", "div"):
            if known[1] is not None and known[1] == (0 if name == "sub" else 1):
                return operands[0]
            if name == "div" and known[0] is not None and known[0] == 0:
                return self.constant(fmpq(0))
        elif name == "exp" and operands[0] in self._made:
            return self._power(self._made[operands[0]])
        return None

    def _power(self, inner: Step) -> int | None:
        """``exp(c log b)`` where the exponent is half of an integer."""
        if inner.name == "log":
            return inner.operands[0]
        if inner.name != "mul":
            return None
        for own, other in ((0, 1), (1, 0)):
            exponent = self._values.get(inner.operands[own])
            logarithm = self._made.get(inner.operands[other])
            if exponent is None or logarithm is None or logarithm.name != "log":
                continue
            base = logarithm.operands[0]
            if self._values.get(base) == 0 and exponent > 0:
                return base
            if exponent.q > 2 or abs(exponent.p) > 100:
                continue
            if exponent.q == 2:
                base = self.step("sqrt", base)
            power = self.integer_power(base, abs(int(exponent.p)))
            return power if exponent > 0 else self.step("div", self.constant(fmpq(1)), power)
        return None


def folded(name: str, *values: fmpq) -> fmpq | None:
    """The exact result of an operation with rational numbers, if it is rational."""
    if name == "add":
        return values[0] + values[1]
    if name == "sub":
        return values[0] - values[1]
    if name == "mul":
        return values[0] * values[1]
    if name == "div":
        return values[0] / values[1] if values[1] != 0 else None
    (value,) = values
    if name == "sqrt":
        if value < 0:
            return None
        top, below = math.isqrt(int(value.p)), math.isqrt(int(value.q))
        exact = top * top == int(value.p) and below * below == int(value.q)
        return fmpq(top, below) if exact else None
    if name == "log":
        return fmpq(0) if value == 1 else None
    if value == 0:
        return fmpq(1) if name in ("exp", "cos", "cosh") else fmpq(0)
    return None
