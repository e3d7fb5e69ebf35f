"""Python of kernels as JavaScript: functions in doubles, statement by statement."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

from eqsolve.errors import DerivationError

_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "%",
}
_COMPARED: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "===",
    ast.NotEq: "!==",
}
#: What functions of Python are called; others keep their names.
_CALLED = {
    "abs": "Math.abs",
    "min": "Math.min",
    "max": "Math.max",
    "bool": "",
    "float": "",
    "math.copysign": "copysign",
    "math.isfinite": "Number.isFinite",
    "np.ones": "ones",
}
_CONSTANTS = {
    "math.pi": "Math.PI",
    "math.e": "Math.E",
    "math.inf": "Infinity",
    "math.nan": "NaN",
    "np.nan": "NaN",
}


def literal(value: object) -> str:
    """A constant; numbers as the shortest decimal that gives them."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        text = repr(float(value))
        return text.removesuffix(".0")
    return repr(value)


class Script:
    """Writes statements and expressions of doubles; what has no counterpart is refused."""

    def refused(self, node: ast.AST) -> DerivationError:
        """The error for what cannot be written."""
        text = ast.unparse(node) if not isinstance(node, ast.arguments) else "the arguments"
        return DerivationError(f"{text} has no JavaScript.", stage="code generation")

    # -- expressions ----------------------------------------------------------------------------

    def value(self, node: ast.expr) -> str:
        """An expression; every operand is parenthesized."""
        if isinstance(node, ast.Constant):
            return literal(node.value)
        if isinstance(node, ast.Name):
            return name_of(node.id)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.UnaryOp):
            sign = {ast.USub: "-", ast.Not: "!", ast.UAdd: "+"}.get(type(node.op))
            if sign is not None:
                return f"({sign}{self.value(node.operand)})"
        if isinstance(node, ast.BoolOp):
            sign = " && " if isinstance(node.op, ast.And) else " || "
            return "(" + sign.join(map(self.value, node.values)) + ")"
        if isinstance(node, ast.Compare):
            terms = [node.left, *node.comparators]
            pairs = zip(terms, node.ops, terms[1:])
            return "(" + " && ".join(self.compared(a, op, b) for a, op, b in pairs) + ")"
        if isinstance(node, ast.IfExp):
            parts = (self.value(node.test), self.value(node.body), self.value(node.orelse))
            return "({} ? {} : {})".format(*parts)
        if isinstance(node, ast.Subscript):
            if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
                array = self.value(node.value.value)
                return array + ("[0].length" if self.value(node.slice) == "1" else ".length")
            return self.value(node.value) + "".join(f"[{self.value(i)}]" for i in places(node))
        if isinstance(node, ast.Call):
            return self.called(node)
        raise self.refused(node)

    def compared(self, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> str:
        """One comparison."""
        return f"({self.value(left)} {_COMPARED[type(sign)]} {self.value(right)})"

    def _attribute(self, node: ast.Attribute) -> str:
        text = ast.unparse(node)
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if node.attr == "size":
            return f"{self.value(node.value)}.length"
        raise self.refused(node)

    def _binary(self, node: ast.BinOp) -> str:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.op, ast.Pow):
            return f"Math.pow({left}, {right})"
        sign = _BINARY.get(type(node.op))
        if sign is None:
            raise self.refused(node)
        return f"({left} {sign} {right})"

    def called(self, node: ast.Call) -> str:
        """A call, of an array as well."""
        name = ast.unparse(node.func)
        if name in ("np.empty", "np.zeros"):
            shape = node.args[0]
            if isinstance(shape, ast.Tuple):
                return "rows(" + ", ".join(map(self.value, shape.elts)) + ")"
            return f"new Float64Array({self.value(shape)})"
        if name == "np.array" and isinstance(node.args[0], ast.List):
            return "Float64Array.of(" + ", ".join(map(self.value, node.args[0].elts)) + ")"
        if name == "np.ones" and isinstance(node.args[0], ast.Tuple):
            return "ones(" + ", ".join(map(self.value, node.args[0].elts)) + ")"
        name = _CALLED.get(name, name_of(name.replace("math.", "Math.")))
        return f"{name}(" + ", ".join(map(self.value, node.args)) + ")"

    # -- statements -----------------------------------------------------------------------------

    def statements(self, body: list[ast.stmt]) -> Iterator[str]:
        """Lines of a block."""
        for statement in body:
            yield from self.statement(statement)

    def statement(self, node: ast.stmt) -> Iterator[str]:
        """Lines of one statement; variables are declared by the function."""
        if isinstance(node, ast.Expr):
            if not isinstance(node.value, ast.Constant):  # no text of documentation
                yield f"{self.value(node.value)};"
        elif isinstance(node, ast.Assign):
            yield from self.assigned(node)
        elif isinstance(node, ast.AugAssign):
            sign = _BINARY[type(node.op)]
            yield f"{self.value(node.target)} {sign}= {self.value(node.value)};"
        elif isinstance(node, ast.If):
            yield f"if ({self.value(node.test)}) {{"
            yield from indented(self.statements(node.body))
            if node.orelse:
                yield "} else {"
                yield from indented(self.statements(node.orelse))
            yield "}"
        elif isinstance(node, ast.While):
            yield f"while ({self.value(node.test)}) {{"
            yield from indented(self.statements(node.body))
            yield "}"
        elif isinstance(node, ast.For):
            yield from self._loop(node)
        elif isinstance(node, ast.Return):
            yield "return;" if node.value is None else f"return {self.value(node.value)};"
        elif isinstance(node, ast.FunctionDef):
            yield from self.function(node)
        elif isinstance(node, (ast.Break, ast.Continue)):
            yield f"{ast.unparse(node)};"
        else:
            raise self.refused(node)

    def assigned(self, node: ast.Assign) -> Iterator[str]:
        """Lines of an assignment, to several targets from the right."""
        value, whole = node.value, node.targets[0]
        if isinstance(value, ast.Tuple) and isinstance(whole, ast.Tuple):
            # at once, without an array on the way
            made = [f"const to{k} = {self.value(e)};" for k, e in enumerate(value.elts)]
            kept = [f"{self.value(e)} = to{k};" for k, e in enumerate(whole.elts)]
            yield " ".join(["{", *made, *kept, "}"])
            return
        targets = []
        for target in node.targets:
            parts = target.elts if isinstance(target, ast.Tuple) else []
            listed = "[" + ", ".join(map(self.value, parts)) + "]"
            targets.append(listed if parts else self.value(target))
        yield " = ".join([*targets, self.value(value)]) + ";"

    def _loop(self, node: ast.For) -> Iterator[str]:
        if not isinstance(node.iter, ast.Call):
            raise self.refused(node)
        called = ast.unparse(node.iter.func)
        terms = list(map(self.value, node.iter.args))
        if called == "range" and isinstance(node.target, ast.Name):
            name = name_of(node.target.id)
            start, stop, step = (["0", *terms, "1"], [*terms, "1"], terms)[len(terms) - 1]
            sign = ">" if step.startswith("(-") else "<"
            yield f"for ({name} = {start}; {name} {sign} {stop}; {name} += {step}) {{"
        elif called == "zip" and isinstance(node.target, ast.Tuple):
            yield f"for (let at = 0; at < {terms[0]}.length; at++) {{"
            yield from (
                f"  {self.value(target)} = {array}[at];"
                for target, array in zip(node.target.elts, terms)
            )
        else:
            raise self.refused(node)
        yield from indented(self.statements(node.body))
        yield "}"

    def function(self, node: ast.FunctionDef) -> Iterator[str]:
        """Lines of a function."""
        arguments = [name_of(a.arg) for a in node.args.args]
        yield f"function {node.name}({', '.join(arguments)}) {{"
        names = map(name_of, assigned_names(node))
        local = [name for name in names if name not in arguments]
        if local:
            yield f"  let {', '.join(local)};"
        yield from indented(self.statements(node.body))
        yield "}"


def name_of(name: str) -> str:
    """A variable's name, which must be no word of JavaScript."""
    return name + "_" if name in ("new", "delete", "function", "this", "var") else name


def places(node: ast.Subscript) -> list[ast.expr]:
    """The indices of an entry."""
    return node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]


def assigned_names(node: ast.FunctionDef) -> list[str]:
    """The variables of a function, but for those of functions inside."""
    found: dict[str, None] = {}

    def collect(part: ast.AST) -> None:
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            found[part.id] = None
        for child in ast.iter_child_nodes(part):
            if not isinstance(child, ast.FunctionDef):
                collect(child)

    collect(node)
    return list(found)


def indented(lines: Iterator[str]) -> Iterator[str]:
    """Lines two columns to the right."""
    return ("  " + line for line in lines)


def translated(source: str) -> str:
    """A piece of Python as JavaScript in doubles.

    Raises
    ------
    DerivationError
        If it contains what has no counterpart.
    """
    return "\n".join(Script().statements(ast.parse(source).body))


def of_function(function: Any) -> str:
    """A function of a kernel's library as JavaScript."""
    plain = getattr(function, "py_func", function)
    return translated(textwrap.dedent(inspect.getsource(plain)))
