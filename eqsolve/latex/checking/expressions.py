"""Expressions as data: numbered nodes that hold names and numbers, and nothing to run."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.symbol import Str

from eqsolve import operators

_CONSTANTS: dict[str, sp.Basic] = {
    name: getattr(sp.S, name)
    for name in ("Infinity", "NegativeInfinity", "ComplexInfinity", "Exp1", "Pi", "NaN")
}
_INERT = {
    name: kind
    for name, kind in inspect.getmembers(operators, inspect.isclass)
    if kind.__module__ == operators.__name__ and issubclass(kind, sp.Expr)
}
_SUMS: dict[str, Any] = {"Add": sp.Add, "Mul": sp.Mul}
_OTHERS: dict[str, Any] = {
    **{kind.__name__: kind for kind in (sp.exp, sp.log, sp.Abs, sp.acos, sp.asin, sp.atan)},
    **{kind.__name__: kind for kind in (sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh)},
}
_BOUND: dict[str, Any] = {k.__name__: k for k in (sp.Derivative, sp.Sum, sp.Integral, sp.Tuple)}
_KINDS = {**_SUMS, **_OTHERS, **_BOUND, **_INERT, "Pow": sp.Pow}


class Encoder:
    """Numbers expressions; those that are parts of others, or come again, are written once.

    Attributes
    ----------
    nodes : what was encoded, each node after its parts.
    """

    def __init__(self) -> None:
        self.nodes: list[list[Any]] = []
        self._places: dict[sp.Basic, int] = {}

    def place(self, expression: sp.Basic) -> int:
        """The number of an expression.

        Raises
        ------
        TypeError
            If it holds something that cannot be written as data.
        """
        found = self._places.get(expression)
        if found is None:
            node = self._node(expression)
            found = self._places[expression] = len(self.nodes)
            self.nodes.append(node)
        return found

    def __iter__(self) -> Iterator[tuple[sp.Basic, int]]:
        """Every expression with its number."""
        return iter(self._places.items())

    def pairs(self, table: Mapping[Any, sp.Basic]) -> list[list[int]]:
        """A table of expressions."""
        return [[self.place(key), self.place(value)] for key, value in table.items()]

    def _node(self, e: sp.Basic) -> list[Any]:
        kind = type(e)
        if kind in (sp.Symbol, sp.Dummy):
            return [kind.__name__, e.name, dict(e.assumptions0)]
        if isinstance(e, sp.Rational):
            return ["Rational", str(e.p), str(e.q)]
        if kind is Str:
            return ["Str", e.name]
        if isinstance(e, AppliedUndef):
            assumed = dict(e.func._kwargs)
            return ["Function", e.func.__name__, assumed, *map(self.place, e.args)]
        name = next((n for n, constant in _CONSTANTS.items() if e is constant), "")
        if name:
            return ["Constant", name]
        name = kind.__name__
        if _KINDS.get(name) is not kind:
            raise TypeError(f"{name} is not written as data")
        return [name, *map(self.place, e.args)]


class Decoder:
    """Expressions by their numbers, made when they are first asked for.

    Parameters
    ----------
    nodes : what was encoded.
    """

    def __init__(self, nodes: Sequence[Sequence[Any]]) -> None:
        self._nodes = nodes
        self._made: dict[int, Any] = {}
        self._functions: dict[str, Any] = {}

    def __getitem__(self, place: int) -> Any:
        """The expression of a number.

        Raises
        ------
        ValueError
            If there is none, or it is not the encoding of something.
        """
        found = self._made.get(place)
        if found is None:
            found = self._made[place] = self._expression(*self._nodes[place])
        return found

    def table(self, pairs: Sequence[Sequence[int]]) -> dict[Any, Any]:
        """A table that was encoded."""
        return {self[key]: self[value] for key, value in pairs}

    def _expression(self, kind: str, *parts: Any) -> sp.Basic:
        if kind in ("Symbol", "Dummy"):
            made = sp.Symbol if kind == "Symbol" else sp.Dummy
            return made(parts[0], **parts[1])
        if kind == "Rational":
            return sp.Rational(int(parts[0]), int(parts[1]))
        if kind == "Str":
            return Str(parts[0])
        if kind == "Constant":
            return _CONSTANTS[parts[0]]
        if kind == "Function":
            name, assumed, *rest = parts
            key = f"{name} {assumed}"
            if key not in self._functions:
                self._functions[key] = sp.Function(name, **assumed)
            return self._functions[key](*(self[k] for k in rest))
        args = [self[k] for k in parts]
        # as they were: nothing is evaluated anew
        if kind in _SUMS:
            return _SUMS[kind]._from_args(args)
        if kind == "Pow":
            result = sp.Expr.__new__(sp.Pow, *args)
            result.is_commutative = all(a.is_commutative for a in args)
            return result
        if kind in _INERT:
            return sp.Expr.__new__(_INERT[kind], *args)
        if kind in _BOUND:
            return _BOUND[kind](*args)
        if kind in _OTHERS:
            return _OTHERS[kind](*args, evaluate=False)
        raise ValueError(f"{kind} is no expression")
