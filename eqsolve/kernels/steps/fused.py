"""Expressions as three-address code for loops without branches.

Sums take products in by fused multiply-add, and calls of functions stand on lines of their own, so
that code can be cut between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.errors import DerivationError
from eqsolve.kernels.tiles import NAME, Line, line

#: Functions of ``eqsolve.kernels.steps.lanes``, and about how many operations they take.
COSTS = {"exponential": 24, "raised": 26, "logarithm": 28, "sinh_by": 14}
FUNCTIONS = (sp.exp, sp.log, sp.sinh, sp.cosh, sp.tanh, RootCosh, RootSinh)

#: A name on its own, or a number.
_PLAIN = re.compile(r"[a-z_]\w*|-?[0-9][0-9.e+-]*|\(-[0-9][0-9.e+-]*\)")


@dataclass
class Fused:
    """Writes expressions in symbols whose identifiers are given.

    ``prefix`` begins the names of intermediate results, which are numbered on; ``same`` holds names
    that are other names, or numbers.
    """

    names: Any
    prefix: str = "w"
    count: int = 0
    lines: list[Line] = field(default_factory=list)
    same: dict[str, str] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)

    def block(self, pairs: Iterable[tuple[str, sp.Expr]], calls: Iterable[Line] = ()) -> list[Line]:
        """Assignments and calls in an order in which every name is known before it is needed.

        Names may be those of symbols that other expressions hold.
        """
        pairs = list(pairs)
        fresh = sp.numbered_symbols("shared", cls=sp.Dummy)
        shared, reduced = sp.cse([e for _, e in pairs], symbols=fresh, order="none")
        self.lines, self.seen = [], {}
        for symbol, expression in shared:
            name = self.new()
            self.names[symbol] = name
            self.lines.append(line(name, self.text(expression)))
        for (name, _), expression in zip(pairs, reduced):
            self.lines.append(line(name, self.text(expression)))
        found: list[Line] = []
        known: dict[str, str] = {}
        for entry in ordered([*self.lines, *calls]):
            text = self.resolved(entry.text)
            if _PLAIN.fullmatch(text) or text in known:
                self.same[entry.name] = known.get(text, text)
            else:
                known[text] = entry.name
                needs = frozenset(NAME.findall(text))
                found.append(Line(entry.name, text, entry.cost, needs))
        return found

    def resolved(self, text: str) -> str:
        """A text with the names that are others replaced."""
        return NAME.sub(lambda match: self.same.get(match[0], match[0]), text)

    def new(self) -> str:
        self.count += 1
        return f"{self.prefix}{self.count}"

    def apart(self, text: str, cost: int = 0) -> str:
        """The name of an intermediate result."""
        if text not in self.seen:
            self.seen[text] = self.new()
            self.lines.append(line(self.seen[text], text, cost))
        return self.seen[text]

    def text(self, e: sp.Expr) -> str:
        """An expression; whatever is no name or number is parenthesized."""
        if e.is_Symbol:
            return str(self.names[e])
        if e.is_Rational:
            value = int(e.p) / int(e.q)
            return repr(value) if value >= 0.0 else f"({value!r})"
        if e is sp.pi:
            return "math.pi"
        if e is sp.E:
            return "math.e"
        if e.is_Add:
            return self.sum(e)
        if e.is_Mul:
            return self.product(e)
        if e.is_Pow:
            return self.power(e.base, e.exp)
        if e.func in FUNCTIONS:
            return self.function(e)
        raise DerivationError(f"{e.func} has no code.", stage="code generation")

    def function(self, e: sp.Expr) -> str:
        """A function; hyperbolic ones of one argument share its exponential."""
        if e.func in (sp.exp, sp.log):
            return self.call("exponential" if e.func is sp.exp else "logarithm", *e.args)
        root = self.apart(f"math.sqrt({self.text(e.args[0])})") if len(e.args) == 2 else ""
        angle = self.apart(f"({root} * {self.text(e.args[1])})") if root else self.named(e.args[0])
        up = self.apart(f"lanes.exponential({angle})", COSTS["exponential"])
        down = self.apart(f"(1.0 / {up})")
        if e.func in (sp.cosh, RootCosh):
            return self.apart(f"(0.5 * ({up} + {down}))")
        sinh = self.apart(f"lanes.sinh_by({angle}, {up}, {down})", COSTS["sinh_by"])
        if e.func is sp.tanh:
            return f"({sinh} / (0.5 * ({up} + {down})))"
        return f"({sinh} / {root})" if root else sinh

    def call(self, name: str, argument: sp.Expr) -> str:
        return self.apart(f"lanes.{name}({self.text(argument)})", COSTS[name])

    def named(self, e: sp.Expr) -> str:
        """An expression as a name."""
        return self.text(e) if e.is_Symbol else self.apart(self.text(e))

    def sum(self, e: sp.Expr) -> str:
        products = [a for a in e.args if a.is_Mul and len(_above(a)) > 1 and not _below(a)]
        plain = [self.text(a) for a in e.args if a not in products]
        if not plain:
            plain.append(self.product(products.pop(0)))
        total = plain[0] if len(plain) == 1 else "(" + " + ".join(plain) + ")"
        for product in products:
            factors = [self.text(f) for f in _above(product)]
            *head, last = sorted(factors, key=lambda f: f.startswith("("))
            first = head[0] if len(head) == 1 else "(" + " * ".join(head) + ")"
            total = f"lanes.fma({first}, {last}, {total})"
        return total

    def product(self, e: sp.Expr) -> str:
        top = " * ".join(self.text(a) for a in _above(e)) or "1.0"
        below = _below(e)
        if not below:
            return f"({top})"
        return f"({top} / (" + " * ".join(self.text(1 / a) for a in below) + "))"

    def power(self, base: sp.Expr, exponent: sp.Expr) -> str:
        if exponent.is_Rational and exponent < 0:
            return f"(1.0 / {self.power(base, -exponent)})"
        text = self.text(base)
        if exponent == 1:
            return text
        if exponent == sp.Rational(1, 2):
            return f"math.sqrt({text})"
        if exponent.is_Integer:
            return self.repeated(self.named(base), int(exponent))
        product = f"{self.text(exponent)} * {self.call('logarithm', base)}"
        return self.apart(f"lanes.raised({product})", COSTS["raised"])

    def repeated(self, name: str, exponent: int) -> str:
        """A whole power by products."""
        half, odd = divmod(exponent, 2)
        part = name if half == 1 else self.apart(self.repeated(name, half))
        return f"({part} * {part}" + (f" * {name})" if odd else ")")


def _above(product: sp.Expr) -> list[sp.Expr]:
    return [a for a in product.args if not _inverse(a)]


def _below(product: sp.Expr) -> list[sp.Expr]:
    return [a for a in product.args if _inverse(a)]


def _inverse(factor: sp.Expr) -> bool:
    return bool(factor.is_Pow and factor.exp.is_Rational and factor.exp < 0)


def ordered(lines: Iterable[Line]) -> list[Line]:
    """The lines with every name assigned before it is needed, else as they were."""
    given: Mapping[str, Line] = {entry.name: entry for entry in lines}
    found: dict[str, Line] = {}

    def visit(entry: Line) -> None:
        if entry.name not in found:
            for name in sorted(entry.needs):
                if name in given and name != entry.name:
                    visit(given[name])
            found[entry.name] = entry

    for entry in given.values():
        visit(entry)
    return list(found.values())
