"""Code without branches for tiles of points, where a solution can be computed without them.

Every quantity that outlives a loop has a row of a working array, one place a point. A point that
fails a test, or whose numbers doubles do not decide, is left to the code with branches: what is
here never says why.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import sympy as sp

from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.derivation.solve.step import Explicit, Integral, Root, running, to_go
from eqsolve.game import t
from eqsolve.kernels.emitter import SMALL, Emitter, Names, inside, joined, lines

FUNCTIONS = {
    sp.exp: "lanes.exponential",
    sp.log: "lanes.logarithm",
    sp.sinh: "lanes.sinh",
    sp.cosh: "lanes.cosh",
    sp.tanh: "lanes.tanh",
    sp.Pow: "lanes.power",
    RootCosh: "lanes.root_cosh",
    RootSinh: "lanes.root_sinh",
}

_NAME = re.compile(r"[a-z_]\w*")


class BranchesError(Exception):
    """The solution cannot be computed without branches."""


@dataclass
class Loop:
    """A loop over the points of a tile, or over them at every node of a quadrature rule.

    Attributes
    ----------
    body : lines of one point.
    nodes : whether the lines are repeated with ``x`` at every node.
    sum : the name to which ``term`` times a weight is added at every node.
    """

    body: list[str] = field(default_factory=list)
    nodes: bool = False
    sum: str = ""

    @property
    def given(self) -> list[str]:
        """The names that the loop gives."""
        assigned = [line.partition(" = ")[0] for line in self.body]
        return list(dict.fromkeys([*assigned, *([self.sum] if self.sum else [])]))


@dataclass
class QuickEmitter:
    """Writes the loops of a solution that an emitter has written with branches.

    Raises
    ------
    BranchesError
        If that is not possible.
    """

    emitter: Emitter
    loops: list[Loop] = field(default_factory=lambda: [Loop()])

    def __post_init__(self) -> None:
        emitter = self.emitter
        self.names = Names(emitter.names.table, FUNCTIONS)
        derivation, model = emitter.derivation, emitter.derivation.model
        self.lines.extend(["sure = True", "finite = True"])
        for letter in model.vocabulary.parameters:
            name = self.names[letter.symbol]
            self.need(inside(letter.domain, name) or f"math.isfinite({name})")
        for name, definition in derivation.solved.game.definitions.items():
            self.assign(name, definition)
        end = model.game.horizon.end
        if end is not None:
            self.assign(to_go, end - t)
            self.need(f"{self.names[to_go]} >= 0.0")
        explosions = list(emitter.solution.explosions)
        for step in joined(emitter.solution.steps):
            if isinstance(step, Explicit):
                self.assign(step.symbol, step.expression)
            elif isinstance(step, Root):
                self.root(step)
            elif isinstance(step, Integral):
                self.integral(step)
            else:
                raise BranchesError
            for explosion in [e for e in explosions if set(e.symbols) & set(step.symbols)]:
                explosions.remove(explosion)
                self.write([("square", explosion.square), ("slope", explosion.slope)])
                self.need(f"{self.names[to_go]} < lanes.explosion_time(square, slope)")
        for i, divisor in enumerate(emitter.divisors()):
            self.write([(f"divisor_{i}", divisor)])
            self.need(f"math.fabs(divisor_{i}) > {SMALL}")
        for symbol, expression in derivation.explicit.items():
            self.assign(symbol, expression)
        for test in emitter.tests():
            if not test.holds:
                raise BranchesError
            self.write(test.pairs)
            self.need(test.holds)
        self.outputs = [f"out_{i}" for i in range(len(emitter.outputs))]
        self.write([(f"out_{i}", e) for i, (_, e) in enumerate(emitter.found())])
        for output, column in zip(self.outputs, emitter.outputs):
            absent = "".join(f" or {self.have(s)} < 0.5" for s in emitter.needs[column])
            self.need(f"math.isfinite({output}){absent}")

    @property
    def lines(self) -> list[str]:
        """The lines of the last loop."""
        return self.loops[-1].body

    def have(self, state: str) -> str:
        """The name of what says whether a state is given."""
        return f"have_{[s.name for s in self.emitter.states].index(state)}"

    def write(self, pairs: Sequence[tuple[str, sp.Expr]]) -> None:
        # sines and cosines, and whatever else has no code without branches
        allowed = (sp.Add, sp.Mul, sp.Pow, sp.Symbol, sp.Number, sp.NumberSymbol, *FUNCTIONS)
        for _, expression in pairs:
            if any(not isinstance(node, allowed) for node in sp.preorder_traversal(expression)):
                raise BranchesError
        self.lines.extend(lines(pairs, self.names))

    def assign(self, symbol: sp.Symbol, expression: sp.Expr) -> None:
        self.write([(self.names[symbol], expression)])

    def need(self, condition: str) -> None:
        """Leave points alone that do not satisfy a condition."""
        apart = condition.replace(" and ", ") & (").replace(" or ", ") | (")
        finite = re.sub(r"math\.isfinite\((\w+)\)", r"math.fabs(\1) < math.inf", apart)
        self.lines.append(f"sure = sure & (({finite or 'True'}))")

    def root(self, step: Root) -> None:
        emitter, degree = self.emitter, len(step.coefficients) - 1
        block = next((b for b in emitter.derivation.blocks if step.symbol in b), ())
        settled = step.symbol in emitter.derivation.system.rates and len(block) > 1
        if settled or degree not in (1, 2):
            raise BranchesError
        sign, start = emitter.motion(step)
        name = self.names[step.symbol]
        pairs = [(f"poly_{name}_{i}", sign * c) for i, c in enumerate(step.coefficients)]
        self.write([*pairs, (f"start_{name}", start)])
        function = "linear_root" if degree == 1 else "quadratic_root"
        listed = ", ".join([*(n for n, _ in pairs), f"start_{name}"])
        self.lines.append(f"{name} = lanes.{function}({listed})")
        self.need(f"math.isfinite({name})")

    def integral(self, step: Integral) -> None:
        name = self.names[step.symbol]
        self.lines.append(f"sum_{name} = 0.0")
        self.loops.append(Loop(nodes=True, sum=f"sum_{name}"))
        local = Names({**self.names.table, running: "x"}, FUNCTIONS)
        outer, self.names = self.names, local
        self.write([("term", step.integrand)])
        self.names = outer
        outer.table |= {s: n for s, n in local.table.items() if s != running}
        self.loops.append(Loop())
        self.write([(f"factor_{name}", step.factor), (f"first_{name}", step.initial)])
        self.lines.append(f"{name} = factor_{name} * (first_{name} + sum_{name})")

    def source(self) -> str:
        """The functions that work on a tile, and the one that fills arrays by them."""
        emitter = self.emitter
        inputs = [self.names[s] for s in (*emitter.parameters, t, *emitter.states)]
        have = [f"have_{i}" for i in range(len(emitter.states))]
        rows = {name: i for i, name in enumerate((*inputs, "sure", *self.outputs, *have))}
        for loop in self.loops:
            later = set().union(*(self.used(other) for other in self.loops if other is not loop))
            for name in loop.given:
                if name in later:
                    rows.setdefault(name, len(rows))
        text = "".join(self.loop(number, rows) for number in range(len(self.loops)))
        return text + _MODULE.format(
            calls="\n".join(f"        tile_{number}(work)" for number in range(len(self.loops))),
            load="\n".join(
                f"        lanes.load(work, {i}, points[{i}], start, count)"
                for i in range(len(inputs))
            ),
            store="\n".join(
                f"        lanes.store(work, {rows[name]}, out[{i}], start, count)"
                for i, name in enumerate(self.outputs)
            ),
            rows=len(rows),
            inputs=len(inputs),
            outputs=len(self.outputs),
            sure=rows["sure"],
            **emitter.statuses,
            have=len(inputs) + 1 + len(self.outputs),
        )

    def used(self, loop: Loop) -> set[str]:
        """The names in a loop, the time to go included where it is integrated over."""
        time = {self.names[to_go]} if loop.nodes else set()
        return time | set(_NAME.findall("\n".join([*loop.body, loop.sum])))

    def loop(self, number: int, rows: dict[str, int]) -> str:
        """One loop as a function of the working array."""
        loop, body = self.loops[number], []
        used = self.used(loop) - (set(loop.given) if number == 0 else set())
        for name in [n for n in rows if n in used]:
            known = " > 0.5" if name == "sure" else ""
            body.append(f"{name} = work[{rows[name]} * TILE + i]{known}")
        body += [f"x = NODES[node] * {self.names[to_go]}"] if loop.nodes else []
        body += loop.body
        if loop.sum:
            part = f"WEIGHTS[node] * {self.names[to_go]} * term"
            body.append(f"{loop.sum} = {loop.sum} + {part}")
        for name in [n for n in loop.given if n in rows]:
            value = "lanes.select(sure, 1.0, 0.0)" if name == "sure" else name
            body.append(f"work[{rows[name]} * TILE + i] = {value}")
        head = ["for i in range(TILE):"]
        if loop.nodes:
            head = ["for node in range(NODES.size):", "    for i in range(TILE):"]
        depth = "    " * (1 + len(head))
        text = "\n".join([*("    " + line for line in head), *(depth + line for line in body)])
        return f'\n\n@njit(error_model="numpy")\ndef tile_{number}(work):\n{text}\n'


_MODULE = '''

@njit(cache=True, error_model="numpy", nogil=True)
def fill(points, given, status, out):
    """One array an input and an output, of one number where it is the same for all points."""
    work = np.ones({rows} * TILE)
    point = np.empty({inputs})
    found = np.empty({outputs})
    for i in range(given.size):
        for k in range(TILE):
            work[({have} + i) * TILE + k] = 1.0 if given[i] else 0.0
    sure = work[{sure} * TILE : {sure} * TILE + TILE]
    for start in range(0, status.size, TILE):
        count = min(TILE, status.size - start)
{load}
{calls}
{store}
        part = status[start : start + count]
        for k in range(count):
            part[k] = 0
        for k in range(count):
            if sure[k] > 0.5:
                continue
            for i in range({inputs}):
                point[i] = work[i * TILE + k]
            found[:] = np.nan
            code = solve_point(point, given, found)
            part[k] = {grown} if code == {unstable} else code
            for i in range({outputs}):
                if out[i].size > 0:
                    out[i][start + k] = found[i] if code == 0 else np.nan
'''
