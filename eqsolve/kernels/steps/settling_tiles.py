"""Where coupled coefficients come to rest, for the points of a tile at once.

The method is that of ``eqsolve.kernels.steps.settling.settler`` with its constants: the flow is
followed by Rodas3 until it has slowed down, and Newton's method takes over. A point that does not
arrive soon, or not at an attracting one, is left to the code with branches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import sympy as sp

from eqsolve.kernels.steps.fused import Fused
from eqsolve.kernels.steps.integration import LARGE
from eqsolve.kernels.steps.settling import COARSE, JUMP, LAST, LEAST, NEAR, SLOW
from eqsolve.kernels.tiles import Line, Straight, cut, least, line, place, rows_of

#: Steps after which a point is left to the code with branches, and iterations of Newton's method.
STEPS, ITERATIONS = 100, 5
#: Coefficients that are coupled at most: their linear systems are solved by cofactors.
LARGEST = 3
#: What rounding may leave of a determinant, relative to its terms.
DOUBT = 1e-10


@dataclass
class Settled:
    """Coefficients that start somewhere and come to rest.

    Attributes
    ----------
    symbols : the coefficients.
    rates : their derivatives in the time to go, in the coefficients and in known symbols.
    start : the names of where they start.
    fused : writes expressions, and knows the names of symbols.
    """

    symbols: Sequence[sp.Symbol]
    rates: Sequence[sp.Expr]
    start: Sequence[str]
    fused: Fused
    step: list[Straight] = field(default_factory=list)
    newton: list[Straight] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.at = [str(self.fused.names[s]) for s in self.symbols]
        self.state = [*self.at, *(self.fused.new() for _ in range(5))]
        self.h, self.going, self.here, self.moved, self.last = self.state[len(self.at) :]
        self.next = {name: self.fused.new() for name in self.state}
        self.attracts = self.fused.new()
        self.step, self.newton = self._step(), self._newton()

    @property
    def own(self) -> list[str]:
        """The names of what is carried from one step to the next."""
        return [*self.state, *self.next.values(), self.attracts]

    @property
    def gives(self) -> set[str]:
        """The names that it assigns."""
        return set(self.at)

    @property
    def uses(self) -> set[str]:
        """The names that it needs from outside."""
        pieces = [*self.step, *self.newton]
        needed = set(self.start).union(*(piece.uses for piece in pieces))
        return needed - set(self.own).union(*(piece.gives for piece in pieces))

    @cached_property
    def inner(self) -> tuple[list[dict[str, int]], list[str], int]:
        """The rows of the pieces, the first of them those of listed names, and their number."""
        fixed = [*sorted(self.uses), *self.own, "sure"]
        pieces = [*self.step, *self.newton]
        rows, height = rows_of(pieces, fixed, [])
        return [rows[k] for k in range(len(pieces))], fixed, height

    @property
    def height(self) -> int:
        """How many rows it needs for itself, besides those of its names."""
        return self.inner[2] - len(self.inner[1])

    def source(self, rows: dict[str, int]) -> list[str]:
        """The loops; ``rows`` has the first of the rows for itself under no name."""
        inner, fixed, _ = self.inner

        def moved(own: dict[str, int]) -> dict[str, int]:
            first = rows[""] - len(fixed)
            places = {row: rows.get(name, -1) for row, name in enumerate(fixed)}
            return {name: places.get(row, first + row) for name, row in own.items()}

        def at(name: str) -> str:
            return place(rows, name)

        def copied(state: Sequence[str]) -> list[str]:
            lines = [f"    {at(name)} = {at(self.next[name])}" for name in state]
            return ["for i in range(TILE):", *lines]

        pieces = [p.source(moved(r)) for p, r in zip([*self.step, *self.newton], inner)]
        steps, newton = pieces[: len(self.step)], pieces[len(self.step) :]
        first = [f"    {at(u)} = {at(s) if s in rows else s}" for u, s in zip(self.at, self.start)]
        first += [f"    {at(name)} = 0.0" for name in (self.h, self.here, self.moved)]
        first.append(f"    {at(self.going)} = {at('sure')}")
        walk = [*chain(*steps), *copied([*self.at, self.h, self.going, self.here])]
        walk += [f"if not lanes.some(work, {rows[self.going]}):", "    break"]
        ends = [*chain(*newton), *copied([*self.at, self.moved, self.last])]
        sure = (
            f"({at(self.here)} > 0.5) & ({at(self.moved)} < {NEAR}) & ({at(self.last)} < {LAST})"
            f" & ({at(self.attracts)} > 0.5)"
        )
        return [
            "for i in range(TILE):",
            *first,
            f"for step in range({STEPS}):",
            *("    " + entry for entry in walk),
            f"for iteration in range({ITERATIONS}):",
            *("    " + entry for entry in ends),
            "for i in range(TILE):",
            "    " + least(rows, sure, "1.0", "0.0"),
        ]

    # -- one step -------------------------------------------------------------------------------

    def values(self, at: Sequence[str], jacobian: bool) -> tuple[list[Line], list[str], list[str]]:
        """Lines of the rates at named places, their names, and those of the Jacobian's entries."""
        forms = list(self.rates)
        if jacobian:
            forms += [sp.diff(e, s) for e in self.rates for s in self.symbols]
        targets = [self.fused.new() for _ in forms]
        before = {s: self.fused.names[s] for s in self.symbols}
        self.fused.names.update(zip(self.symbols, at))
        lines = self.fused.block(list(zip(targets, forms)))
        self.fused.names.update(before)
        targets = [self.fused.resolved(name) for name in targets]
        size = len(self.symbols)
        return lines, targets[:size], targets[size:]

    def let(self, lines: list[Line], text: str, name: str = "") -> str:
        """Add a line; return the name that it assigns."""
        lines.append(line(name or self.fused.new(), text))
        return lines[-1].name

    def largest(self, lines: list[Line], texts: Sequence[str]) -> str:
        found = self.let(lines, texts[0])
        for text in texts[1:]:
            other = self.let(lines, text)
            # not a number if one is not
            found = self.let(lines, f"lanes.select({other} <= {found}, {found}, {other})")
        return found

    def relative(self, lines: list[Line], change: Sequence[str], at: Sequence[str]) -> str:
        parts = [f"math.fabs({c}) / (1.0 + math.fabs({u}))" for c, u in zip(change, at)]
        return self.largest(lines, parts)

    def inverse(self, lines: list[Line], matrix: Sequence[str]) -> tuple[list[str], str]:
        """The inverse of a small matrix by cofactors, row by row, and its determinant."""
        size = len(self.symbols)
        if size == 1:
            return [self.let(lines, f"1.0 / {matrix[0]}")], matrix[0]
        if size == 2:
            a, b, c, d = matrix
            determinant = self.let(lines, f"lanes.fma({a}, {d}, -({b} * {c}))")
            cofactors = [d, f"-{b}", f"-{c}", a]
        else:
            cofactors = []
            for j in range(3):
                for i in range(3):
                    p, q = (i + 1) % 3, (i + 2) % 3
                    r, s = (j + 1) % 3, (j + 2) % 3
                    first = f"{matrix[3 * p + r]}, {matrix[3 * q + s]}"
                    second = f"{matrix[3 * p + s]} * {matrix[3 * q + r]}"
                    cofactors.append(self.let(lines, f"lanes.fma({first}, -({second}))"))
            parts = [f"{matrix[k]} * {cofactors[3 * k]}" for k in range(3)]
            determinant = self.let(lines, " + ".join(parts))
        down = self.let(lines, f"1.0 / {determinant}")
        return [self.let(lines, f"{c} * {down}") for c in cofactors], determinant

    def product(self, lines: list[Line], matrix: Sequence[str], right: Sequence[str]) -> list[str]:
        size, found = len(self.symbols), []
        for i in range(size):
            text = f"{matrix[size * i]} * {right[0]}"
            for j in range(1, size):
                text = f"lanes.fma({matrix[size * i + j]}, {right[j]}, {text})"
            found.append(self.let(lines, text))
        return found

    def _step(self) -> list[Straight]:
        at, size = self.at, len(self.symbols)
        lines, slope, matrix = self.values(at, jacobian=True)
        sums = [
            " + ".join(f"math.fabs({matrix[size * i + j]})" for j in range(size))
            for i in range(size)
        ]
        pace = self.largest(lines, sums)
        fastest = self.relative(lines, slope, at)
        h = self.let(lines, f"lanes.select({self.h} == 0.0, 0.1 / {pace}, {self.h})")
        down = self.let(lines, f"1.0 / {h}")
        shifted = [
            self.let(lines, f"lanes.fma(2.0, {down}, -{m})" if k % (size + 1) == 0 else f"-{m}")
            for k, m in enumerate(matrix)
        ]
        inverse, _ = self.inverse(lines, shifted)
        first = self.product(lines, inverse, slope)
        right = [
            self.let(lines, f"lanes.fma(4.0 * {down}, {k}, {f})") for k, f in zip(first, slope)
        ]
        second = self.product(lines, inverse, right)
        new = [self.let(lines, f"lanes.fma(2.0, {k}, {u})") for k, u in zip(first, at)]
        more, rate, _ = self.values(new, jacobian=False)
        lines += more
        gap = [self.let(lines, f"{a} - {b}") for a, b in zip(first, second)]
        right = [self.let(lines, f"lanes.fma({g}, {down}, {f})") for g, f in zip(gap, rate)]
        third = self.product(lines, inverse, right)
        new = [self.let(lines, f"{u} + {k}") for u, k in zip(new, third)]
        more, rate, _ = self.values(new, jacobian=False)
        lines += more
        right = [
            self.let(lines, f"lanes.fma(lanes.fma({-8 / 3}, {k}, {g}), {down}, {f})")
            for k, g, f in zip(third, gap, rate)
        ]
        fourth = self.product(lines, inverse, right)
        error = self.relative(lines, fourth, at)
        new = [self.let(lines, f"{u} + {k}") for u, k in zip(new, fourth)]
        jump = self.relative(lines, [self.let(lines, f"{a} - {b}") for a, b in zip(new, at)], at)
        good = f"({error} <= {COARSE})"
        near = f"({fastest} < {SLOW} * {pace})"
        away = f"({fastest} >= {SLOW} * {pace})"
        moving = f"({self.going} > 0.5)"
        take = f"{good} & ({jump} <= {JUMP}) & {moving} & {away}"
        for u, v in zip(at, new):
            self.let(lines, f"lanes.select({take}, {v}, {u})", self.next[u])
        # a step that is accurate but long may have led beyond a pole
        grown = self.let(lines, f"lanes.growth_of_step({COARSE} / {error})")
        factor = f"lanes.select({good} & ({jump} > {JUMP}), 0.5, {grown})"
        self.let(lines, f"{h} * {factor}", self.next[self.h])
        sizes = self.largest(lines, [f"math.fabs({u})" for u in at])
        sound = f"({sizes} <= {LARGE}) & ({h} * {pace} >= {LEAST}) & {away}"
        self.let(lines, f"lanes.select({moving} & {sound}, 1.0, 0.0)", self.next[self.going])
        here = f"lanes.select({moving} & {near}, 1.0, {self.here})"
        self.let(lines, here, self.next[self.here])
        return cut(Straight(lines), set(self.next.values()))

    def _newton(self) -> list[Straight]:
        lines, slope, matrix = self.values(self.at, jacobian=True)
        inverse, determinant = self.inverse(lines, matrix)
        change = self.product(lines, inverse, slope)
        for u, c in zip(self.at, change):
            self.let(lines, f"{u} - {c}", self.next[u])
        last = self.relative(lines, change, [self.next[u] for u in self.at])
        self.let(lines, f"1.0 * {last}", self.next[self.last])
        self.let(lines, f"{self.moved} + {last}", self.next[self.moved])
        attracts = self.stable(lines, matrix, determinant)
        self.let(lines, f"lanes.select({attracts}, 1.0, 0.0)", self.attracts)
        return cut(Straight(lines), {*self.next.values(), self.attracts})

    def stable(self, lines: list[Line], matrix: Sequence[str], determinant: str) -> str:
        """The condition that all eigenvalues have negative real parts (Routh and Hurwitz)."""
        size = len(self.symbols)
        if size == 1:
            return f"{matrix[0]} < 0.0"
        trace = self.let(lines, " + ".join(matrix[:: size + 1]))
        if size == 2:
            a, b, c, d = matrix
            terms = self.let(lines, f"math.fabs({a} * {d}) + math.fabs({b} * {c})")
            return f"({trace} < 0.0) & ({determinant} > {DOUBT} * {terms})"
        minors, sizes = [], []
        for i in range(3):
            for j in range(i + 1, 3):
                one = f"{matrix[4 * i]} * {matrix[4 * j]}"
                other = f"{matrix[3 * i + j]} * {matrix[3 * j + i]}"
                minors.append(f"({one} - {other})")
                sizes.append(f"math.fabs({one}) + math.fabs({other})")
        total, largest = self.let(lines, " + ".join(minors)), self.let(lines, " + ".join(sizes))
        doubt = self.let(lines, f"{DOUBT} * math.fabs({trace}) * {largest}")
        return (
            f"({trace} < 0.0) & (-{determinant} > {doubt})"
            f" & ({determinant} - {trace} * {total} > {doubt})"
        )
