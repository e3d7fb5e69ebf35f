"""Code without branches for tiles of points, where a solution can be computed without them.

A point that fails a test, or whose numbers doubles do not decide, is left to the code with
branches: what is here never says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import sympy as sp

from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.derivation.solve.step import (
    Explicit,
    Explosion,
    Integral,
    Root,
    Roots,
    running,
    to_go,
)
from eqsolve.game import t
from eqsolve.kernels.steps.emitter import SMALL, Emitter
from eqsolve.kernels.steps.expressions import inside
from eqsolve.kernels.steps.fused import FUNCTIONS, Fused
from eqsolve.kernels.steps.joining import joined
from eqsolve.kernels.steps.settling_tiles import LARGEST, Settled
from eqsolve.kernels.tiles import NAME, Line, Loop, Straight, Sum, arranged, line

#: Nodes of expressions that have code without branches.
ALLOWED = (sp.Add, sp.Mul, sp.Pow, sp.Symbol, sp.Number, sp.NumberSymbol, *FUNCTIONS)

#: What rounding may leave of a difference, relative to what is subtracted.
DOUBT = 1e-10


class BranchesError(Exception):
    """The solution cannot be computed without branches."""


@dataclass
class QuickEmitter:
    """Writes the loops of a solution that an emitter has written with branches.

    Results that need states are in loops of their own, which are left out where nobody asks for
    them.

    Attributes
    ----------
    loops : code of the solution, and of the results that need no state.
    further : code of the other results, by the numbers of the results.
    results : the names of the results in the code.

    Raises
    ------
    BranchesError
        If that is not possible.
    """

    emitter: Emitter
    loops: list[Loop] = field(default_factory=list)
    further: dict[tuple[int, ...], Straight] = field(default_factory=dict)
    results: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        emitter = self.emitter
        self.fused = Fused({**emitter.names.table})
        self.names = self.fused.names
        self.pairs: list[tuple[str, sp.Expr]] = []
        self.calls: list[Line] = []
        self.conditions: list[str] = []
        self.settled: set[sp.Symbol] = set()
        self.parameters()
        self.steps()
        self.tests()
        self.columns()

    def parameters(self) -> None:
        derivation, model = self.emitter.derivation, self.emitter.derivation.model
        for letter in model.vocabulary.parameters:
            name = self.names[letter.symbol]
            self.need(inside(letter.domain, name) or f"math.isfinite({name})")
        for symbol, definition in derivation.solved.game.definitions.items():
            self.assign(symbol, definition)
        end = model.game.horizon.end
        if end is not None:
            self.assign(to_go, end - t)
            self.need(f"{self.names[to_go]} >= 0.0")

    def steps(self) -> None:
        solution = self.emitter.solution
        explosions = list(solution.explosions)
        for step in joined(solution.steps, self.emitter.derivation):
            if isinstance(step, Explicit):
                if step.symbol not in self.settled:
                    self.assign(step.symbol, step.expression)
            elif isinstance(step, Root):
                self.root(step)
            elif isinstance(step, Roots):
                self.settle(step.symbols)
            elif isinstance(step, Integral):
                self.integral(step)
            else:
                raise BranchesError
            for explosion in [e for e in explosions if set(e.symbols) & set(step.symbols)]:
                explosions.remove(explosion)
                self.before(explosion)
        for symbol, expression in self.emitter.derivation.explicit.items():
            self.assign(symbol, expression)

    def before(self, explosion: Explosion) -> None:
        """Nothing has exploded: what vanishes then has not changed its sign.

        ``cosh(D s / 2) - slope sinh(D s / 2) / D`` vanishes once at most if ``D^2`` is positive.
        """
        square, slope, half = explosion.square, explosion.slope, to_go / 2
        even, odd = sp.S.One, half
        if square != 0:
            even, odd = RootCosh(square, half), RootSinh(square, half)
        first, second = self.write([("", even), ("", slope * odd)])
        self.need(f"{first} - {second} > {DOUBT} * {first}")

    def tests(self) -> None:
        for divisor in self.emitter.divisors():
            (name,) = self.write([("", divisor)])
            self.need(f"math.fabs({name}) > {SMALL}")
        for test in self.emitter.tests():
            if not test.holds:
                raise BranchesError
            if test.holds == "finite":  # whatever is infinite has failed a test
                continue
            found = self.write([("", e) for _, e in test.pairs])
            renamed = dict(zip((name for name, _ in test.pairs), found))
            text = test.holds.replace(" or finite", "")
            self.need(NAME.sub(lambda match: renamed.get(match[0], match[0]), text))

    def columns(self) -> None:
        emitter = self.emitter
        groups: dict[tuple[str, ...], list[int]] = {}
        for number, (column, _) in enumerate(emitter.found()):
            groups.setdefault(tuple(sorted(emitter.needs[column])), []).append(number)
        expressions = [e for _, e in emitter.found()]
        self.results = [""] * len(expressions)
        for states, numbers in sorted(groups.items()):
            if states:
                self.flush()
            for number in numbers:
                (name,) = self.write([("", expressions[number])])
                self.results[number] = name
                self.need(f"math.isfinite({name})")
            if states:
                self.further[tuple(numbers)] = self.straight()
        self.flush()

    # -- code -----------------------------------------------------------------------------------

    def write(self, pairs: Sequence[tuple[str, sp.Expr]]) -> list[str]:
        """Assign expressions to names, new ones where they are empty; return the names."""
        for _, e in pairs:
            # sines and cosines, and whatever else has no code without branches
            if any(not isinstance(node, ALLOWED) for node in sp.preorder_traversal(e)):
                raise BranchesError
        found = []
        for name, expression in pairs:
            if not name and expression.is_Symbol:
                found.append(self.names[expression])
                continue
            found.append(name or self.fused.new())
            self.pairs.append((found[-1], expression))
        return found

    def assign(self, symbol: sp.Symbol, expression: sp.Expr) -> None:
        if symbol not in self.names:
            self.names[symbol] = self.fused.new()
        self.write([(self.names[symbol], expression)])

    def need(self, condition: str) -> None:
        """Leave points alone that do not satisfy a condition."""
        if condition:
            self.conditions.append(condition)

    def straight(self) -> Straight:
        """The code since the last loop."""
        lines = self.fused.block(self.pairs, self.calls)
        code = Straight(lines, [self.fused.resolved(text) for text in self.conditions])
        self.pairs, self.calls, self.conditions = [], [], []
        return code

    def flush(self) -> None:
        code = self.straight()
        if code.lines or code.conditions:
            self.loops.append(code)

    def root(self, step: Root) -> None:
        emitter, degree = self.emitter, len(step.coefficients) - 1
        block = next((b for b in emitter.derivation.blocks if step.symbol in b), ())
        if step.symbol in emitter.derivation.system.rates and len(block) > 1:
            self.settle(block)
            return
        if degree not in (1, 2):
            raise BranchesError
        motion = emitter.motion(step)
        if motion is None:
            raise BranchesError
        sign, start = motion
        found = self.write([*(("", sign * c) for c in step.coefficients), ("", start)])
        function, cost = ("linear_root", 16) if degree == 1 else ("quadratic_root", 46)
        name = self.names[step.symbol]
        self.calls.append(line(name, f"lanes.{function}({', '.join(found)})", cost))
        self.need(f"math.isfinite({name})")

    def settle(self, symbols: Sequence[sp.Symbol]) -> None:
        emitter = self.emitter
        rates = emitter.derivation.system.rates
        if len(symbols) > LARGEST or any(s not in rates for s in symbols):
            raise BranchesError
        forms = [self.apart(emitter.moving(-rates[s], symbols), symbols) for s in symbols]
        start = self.write([("", emitter.start.get(s, sp.S.Zero)) for s in symbols])
        for s in symbols:
            self.names.setdefault(s, self.fused.new())
        self.flush()
        start = [self.fused.resolved(name) for name in start]
        self.loops.append(Settled(symbols, forms, start, self.fused))
        self.settled |= set(symbols)

    def integral(self, step: Integral) -> None:
        inner = self.apart(step.integrand, [running])
        total = self.fused.new()
        self.flush()
        self.names[running] = "x"
        self.write([("term", inner)])
        self.loops.append(Sum(total, self.straight().lines, self.names[to_go]))
        symbol = sp.Dummy(total)
        self.names[symbol] = total
        self.assign(step.symbol, step.factor * (step.initial + symbol))

    def apart(self, form: sp.Expr, moving: Sequence[sp.Symbol]) -> sp.Expr:
        """An expression with what does not depend on some symbols computed before."""

        def still(e: sp.Expr) -> sp.Expr:
            if e.is_Symbol or e.is_number:
                return e
            if not e.has(*moving):
                symbol = sp.Dummy()
                (self.names[symbol],) = self.write([("", e)])
                return symbol
            if e.is_Add or e.is_Mul:
                rest, others = e.as_independent(*moving, as_Add=e.is_Add)
                parts = others.args if others.func == e.func else (others,)
                return e.func(still(rest), *map(still, parts))
            return e.func(*map(still, e.args))

        return still(form)

    # -- functions ------------------------------------------------------------------------------

    def source(self) -> str:
        """The functions that work on a tile, and the one that fills arrays by them alone."""
        emitter = self.emitter
        inputs = [self.names[s] for s in (*emitter.parameters, t, *emitter.states)]
        for k, name in enumerate(self.results):
            resolved = self.fused.resolved(name)
            if NAME.fullmatch(resolved):
                self.results[k] = resolved
            else:  # a number
                self.loops.append(Straight([line(name, resolved)]))
        results = [n for n in dict.fromkeys(self.results) if n not in inputs]
        fixed = [*inputs, "sure", *results]
        groups: list[list[Loop]] = [self.loops]
        groups += [[code] for code in self.further.values()]
        tiles, height = arranged(groups, fixed, results)
        places = {name: row for row, name in enumerate(fixed)}
        text, calls = "", []
        for number, (numbers, loops) in enumerate(zip([(), *self.further], tiles)):
            body = "\n".join("    " + entry for loop in loops for entry in loop)
            text += _TILE.format(number=number, body=body)
            wanted = " + ".join(f"out[{k}].size" for k in numbers)
            calls += [f"if {wanted} > 0:"] * bool(wanted)
            calls.append("    " * bool(wanted) + f"tile_{number}(work)")
        return text + _FILL.format(
            calls="\n".join("        " + entry for entry in calls),
            columns="\n".join(
                [f"    source_{i} = lanes.column(points[{i}], 2)" for i in range(len(inputs))]
                + [f"    target_{i} = lanes.column(out[{i}], 1)" for i in range(len(self.results))]
            ),
            spread="\n".join(
                f"    lanes.spread(work, {i}, points[{i}])" for i in range(len(inputs))
            ),
            load="\n".join(
                f"        lanes.load(base + {i} * ROW, source_{i}, start, count)"
                for i in range(len(inputs))
            ),
            store="\n".join(
                f"        lanes.store(base + {places[name]} * ROW, target_{i}, start, count, many)"
                for i, name in enumerate(self.results)
            ),
            height=height,
            sure=places["sure"],
        )


_TILE = """

@njit(error_model="numpy")
def tile_{number}(work):
    lanes.wide()
{body}
"""

_FILL = '''

@njit(cache=True, error_model="numpy", nogil=True)
def fill_tiles(points, given, status, out):
    """The points that are on the common way; returns how many others are left pending."""
    left = 0
    lanes.wide()
    work = lanes.room({height})
    base = lanes.column(work, 1)
{columns}
{spread}
    many = status.size >= lanes.MANY
    for start in range(0, status.size, TILE):
        count = min(TILE, status.size - start)
{load}
        lanes.trust(work, {sure})
{calls}
{store}
        for k in range(start, start + count):
            status[k] = 0
        if lanes.trusted(work, {sure}):
            continue
        for k in range(count):
            if not work[{sure} * TILE + k] > 0.5:
                status[start + k] = PENDING
                left += 1
    lanes.await_stores()
    return left
'''
