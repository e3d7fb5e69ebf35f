"""The candidate of a kernel in JavaScript: straight-line code in pairs of doubles."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from eqsolve.explore.computed import Computed, often, stored
from eqsolve.explore.script import Script, indented, literal, places

_OPERATIONS: dict[type[ast.operator], str] = {
    ast.Add: "Add",
    ast.Sub: "Sub",
    ast.Mult: "Mul",
    ast.Div: "Div",
}
#: Functions of pairs, by what kernels call them.
_PAIRED = {
    f"math.{name}": name.capitalize()
    for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")
} | {"root_cosh": "RootCosh", "root_sinh": "RootSinh"}
#: Constants as the two doubles next to them.
_KNOWN = {
    "math.pi": ("3.141592653589793", "1.2246467991473532e-16"),
    "math.e": ("2.718281828459045", "1.4456468917292502e-16"),
    "math.nan": ("NaN", "0"),
}
#: The matrix whose entries are kept as pairs: high parts, then low parts in each row.
_WHOLE = "grown"
#: Lines of one function: browsers do not compile functions that are much longer.
LONGEST = 250
_ARGUMENTS = "(point, given, pick, out)"
#: Expressions whose place nothing else writes.
_MADE = (ast.BinOp, ast.Call)


@dataclass
class Pairs(Script):
    """Writes a function of a point; arithmetic goes into one operation a line.

    A pair stands in two entries of the array ``v``, and is named by the place of the first one:
    what takes and gives places needs no memory for numbers on their way. An operation that was
    written with the same operands is not written again, and what follows from the point alone is
    computed before, once for all candidates.

    Attributes
    ----------
    places : where the pair of a variable stands.
    constants : the same of a constant, by its high and low part.
    plain : variables that are arrays, truth values or statuses.
    parts : functions that hold parts of it.
    stores : arrays that are made once, and used at every point.
    count : entries of ``v`` so far.
    often : variables that are assigned more than once, which have a place of their own.
    early : lines that compute what follows from the point alone.
    computed : operations that need not be written again.
    """

    often: set[str] = field(default_factory=set)
    early: list[str] = field(default_factory=list)
    computed: Computed = field(default_factory=Computed)

    places: dict[str, int] = field(default_factory=dict)
    constants: dict[tuple[str, str], int] = field(default_factory=dict)
    plain: dict[str, None] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    stores: list[str] = field(default_factory=list)
    count: int = 0

    # -- pairs ----------------------------------------------------------------------------------

    def fresh(self) -> int:
        """A new place."""
        self.count += 2
        return self.count - 2

    def constant(self, high: str, low: str = "0") -> int:
        """The place of a constant."""
        if (high, low) not in self.constants:
            self.constants[high, low] = place = self.fresh()
            self.computed.settled.add(place)
        return self.constants[high, low]

    def pair(self, node: ast.expr) -> int:
        """The place of an expression; what computes it is written before."""
        if isinstance(node, ast.Constant):
            return self.constant(literal(node.value))
        if isinstance(node, ast.Name) and node.id in self.places:
            return self.places[node.id]
        if isinstance(node, ast.Attribute) and ast.unparse(node) in _KNOWN:
            return self.constant(*_KNOWN[ast.unparse(node)])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            if isinstance(node.operand, ast.Constant):
                return self.constant(f"-{literal(node.operand.value)}")
            return self.kept("Neg", self.pair(node.operand))
        if isinstance(node, ast.BinOp):
            return self._operation(node)
        if isinstance(node, ast.Subscript):
            (place,) = places(node)
            name, number = self.value(node.value), self.value(place)
            if name == "point":
                number = str(2 * int(number))
                return self.kept("point", number)
            return self.loaded(f"{name}[{number}]")
        if isinstance(node, (ast.Call, ast.Name)):
            return self._function(node) if isinstance(node, ast.Call) else self.loaded(node.id)
        raise self.refused(node)

    def kept(self, name: str, *operands: int | str) -> int:
        """Write an operation; the place of its result."""
        key = (name, *operands)
        if key in self.computed.done:
            return self.computed.done[key]
        place = self.fresh()
        line = f"{name}({', '.join(map(str, (place, *operands)))});"
        if name == "point":
            (number,) = operands
            line = f"v[{place}] = point[{number}]; v[{place + 1}] = point[{number} + 1];"
        (self.early if self.computed.settles(key) else self.lines).append(line)
        self.computed.add(key, place)
        return place

    def _changed(self, body: list[ast.stmt]) -> set[int]:
        """Places of variables that a block writes again."""
        names = {name for statement in body for name in stored(statement)} & self.often
        return {self.places[name] for name in names if name in self.places}

    def statements(self, body: list[ast.stmt]) -> Iterator[str]:
        """Lines of a loop's block."""
        with self.computed.within(self._changed(body)):
            found = list(super().statements(body))
        yield from found

    def loaded(self, high: str, low: str = "0") -> int:
        """Write a result in doubles into a new place."""
        place = self.fresh()
        self.lines.append(f"v[{place}] = {high}; v[{place + 1}] = {low};")
        return place

    def stored(self, made: str) -> str:
        """The name of an array that is made once."""
        self.stores.append(made)
        return f"store{len(self.stores) - 1}"

    def _operation(self, node: ast.BinOp) -> int:
        left = self.pair(node.left)
        if isinstance(node.op, ast.Pow):
            if isinstance(node.right, ast.Constant):
                return self.kept("Power", left, self.value(node.right))
            return self.kept("Raised", left, self.pair(node.right))
        name = _OPERATIONS.get(type(node.op))
        if name is None:
            raise self.refused(node)
        right = self.pair(node.right)
        for place, other in ((right, left), (left, right)):
            factor = self._exact(place)
            if factor is not None and (name == "Mul" or (name == "Div" and place == right)):
                return self.kept("Scale", other, literal(factor if name == "Mul" else 1 / factor))
        return self.kept(name, left, right)

    def _exact(self, place: int) -> float | None:
        """A constant by which products are exact in both parts: a power of two, of either sign."""
        for (high, low), own in self.constants.items():
            if own == place and low == "0" and math.isfinite(number := float(high)):
                return number if abs(math.frexp(number)[0]) == 0.5 else None
        return None

    def _function(self, node: ast.Call) -> int:
        name = ast.unparse(node.func)
        if name in _PAIRED:
            return self.kept(_PAIRED[name], *map(self.pair, node.args))
        if name == "root_of":
            array, start, pick = node.args
            assert isinstance(array, ast.Call) and isinstance(array.args[0], ast.List)
            entries = "[" + ", ".join(str(self.pair(e)) for e in array.args[0].elts) + "]"
            known = self.stored("[]")
            found = self.kept("RootOf", entries, self.pair(start), self.value(pick), known)
            rooted = self.value(pick).replace("pick", "rooted", 1)
            self.lines.append(f"{rooted} = v[{found}];")
            return found
        # all others are of doubles
        return self.loaded(self.called(node))

    # -- in doubles -----------------------------------------------------------------------------

    def value(self, node: ast.expr) -> str:
        """An expression in doubles, of the high parts of pairs."""
        if isinstance(node, (ast.BinOp, ast.Name)) or (
            isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        ):
            if isinstance(node, ast.Name) and node.id not in self.places:
                return super().value(node)
            return f"v[{self.pair(node)}]"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in _PAIRED:
            return f"v[{self.pair(node)}]"
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "math.isnan":
            return f"Number.isNaN({self.value(node.args[0])})"
        return super().value(node)

    def compared(self, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> str:
        """One comparison, by the low parts where the high parts are equal."""
        if isinstance(left, ast.Call):  # a magnitude, or a result in doubles
            return super().compared(left, sign, right)
        signs = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
        text = signs.get(type(sign))
        if text is None or isinstance(left, ast.Subscript):
            return super().compared(left, sign, right)
        a = self.pair(left)
        if isinstance(right, ast.Constant) or not self._is_paired(right):
            # a constant is a double
            other = self.value(right)
            if other == "0":
                return f"(v[{a}] {text} 0)"
            return f"(v[{a}] {text[0]} {other} || (v[{a}] === {other} && v[{a + 1}] {text} 0))"
        b = self.pair(right)
        return f"(v[{a}] {text[0]} v[{b}] || (v[{a}] === v[{b}] && v[{a + 1}] {text} v[{b + 1}]))"

    def _is_paired(self, node: ast.expr) -> bool:
        """Whether it is a variable with a pair, or made of such."""
        if isinstance(node, ast.Name):
            return node.id in self.places
        return isinstance(node, ast.BinOp)

    # -- statements -----------------------------------------------------------------------------

    def statement(self, node: ast.stmt) -> Iterator[str]:
        """Lines of one statement, after those that compute what it needs."""
        if isinstance(node, ast.Assign):
            found = list(self._assignment(node))
        elif isinstance(node, ast.If):
            test = self.value(node.test)
            before, self.lines = self.lines, []
            lasting = test if "pick[" in test and "v[" not in test else ""
            with self.computed.within(self._changed(node.body), lasting):
                inner = self.block(node.body)
            found = [*before, f"if ({test}) {{", *indented(iter(inner)), "}"]
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
            status, reason = map(self.value, node.value.args)
            found = [f"failed = {reason};", f"return {status};"]
        else:
            if isinstance(node, ast.For) and isinstance(node.target, ast.Name):
                self.plain[node.target.id] = None
            found = list(super().statement(node))
        before, self.lines = self.lines, []
        yield from (*before, *found)

    def _assignment(self, node: ast.Assign) -> Iterator[str]:
        (target,) = node.targets
        if isinstance(target, ast.Subscript):
            found, array = self.pair(node.value), self.value(target.value)
            entry = array + "".join(f"[{self.value(i)}]" for i in places(target))
            yield f"{entry} = v[{found}];"
            if array == _WHOLE:
                row, column = map(self.value, places(target))
                yield f"{array}[{row}][{array}.length + {column}] = v[{found + 1}];"
            return
        assert isinstance(target, ast.Name)
        if self._is_plain(node.value):
            self.plain[target.id] = None
            value = self.value(node.value)
            name = ast.unparse(node.value.func) if isinstance(node.value, ast.Call) else ""
            if name in ("np.zeros", "np.empty"):
                if target.id == _WHOLE:  # both parts of every entry
                    value = f"rows({value[5:-1]} * 2)"
                value = self.stored(value)
                value = f"cleared({value})" if name == "np.zeros" else value
            yield f"{target.id} = {value};"
            return
        found = self.pair(node.value)
        place = self.places.get(target.id)
        single = target.id not in self.often
        if (
            place is None
            and single
            and (found in self.computed.settled or isinstance(node.value, _MADE))
        ):
            # a new variable is its result
            self.places[target.id] = found
            return
        if place is None:
            place = self.places[target.id] = self.fresh()
        self.computed.forget({place})
        yield f"v[{place}] = v[{found}]; v[{place + 1}] = v[{found + 1}];"

    @staticmethod
    def _is_plain(node: ast.expr) -> bool:
        """Whether it is an array, a truth value or a status."""
        if isinstance(node, (ast.BoolOp, ast.Compare)):
            return True
        if isinstance(node, ast.Constant):
            return isinstance(node.value, bool)
        text = ast.unparse(node)
        if isinstance(node, ast.Call):
            return text.startswith(("np.", "integrate_"))
        return text.startswith("given[")

    def block(self, body: list[ast.stmt]) -> list[str]:
        """Lines of a block; a long one becomes functions that are called one after the other."""
        pieces: list[list[str]] = [[]]
        for node in body:
            lines = list(self.statement(node))
            if pieces[-1] and len(pieces[-1]) + len(lines) > LONGEST:
                pieces.append([])
            pieces[-1] += lines
        if len(pieces) == 1:
            return pieces[0]
        called = []
        for piece in pieces:
            name = f"part{len(self.parts)}"
            self.parts.append(_function(name, [*piece, "return 0;"]))
            called.append(f"{name}{_ARGUMENTS}")
        return [f"const status = {' || '.join(called)};", "if (status) return status;"]


def _function(name: str, body: list[str], arguments: str = _ARGUMENTS) -> str:
    return "\n".join([f"function {name}{arguments} {{", *("  " + line for line in body), "}"])


def candidate(body: list[str], room: int = 0) -> str:
    """The function that solves one point, from its lines in Python; ``room`` pairs stay free."""
    tree = ast.parse("\n".join(body))
    script = Pairs(often=often(tree))
    lines = script.block(tree.body)
    starts = range(0, len(script.early), LONGEST)
    pieces = (script.early[k : k + LONGEST] for k in starts)
    head = [f"const v = new Float64Array({script.count + 2 * room});"]
    for (high, low), place in script.constants.items():
        head.append(f"v[{place}] = {high}; v[{place + 1}] = {low};")
    head += [f"const store{k} = {made};" for k, made in enumerate(script.stores)]
    if script.plain:
        head.append(f"let {', '.join(script.plain)};")
    calls = [f"early{k}(point);" for k in starts]
    early = [_function(f"early{k}", piece, "(point)") for k, piece in zip(starts, pieces)]
    early.append(_function("prepare", calls, "(point)"))
    parts = [*early, *script.parts, _function("candidate", [*lines, "return 0;"])]
    return "\n".join([*head, *parts])
