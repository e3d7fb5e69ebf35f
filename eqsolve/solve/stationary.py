"""All solutions of a stationary coefficient system, block by block.

The coefficients of the feedback are unknowns beside those of the functions. In these, at a given
feedback, the equations are linear; they are eliminated exactly, and one or two polynomials in the
coefficients of the feedback are left.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace

from flint import arb, ctx, fmpq

from eqsolve.arithmetic.code import Code
from eqsolve.arithmetic.krawczyk import solution_near
from eqsolve.arithmetic.rational import (
    Rational,
    Terms,
    ZeroDivision,
    coefficients,
    exact,
    terms,
)
from eqsolve.arithmetic.roots import function_roots, polynomial_roots
from eqsolve.arithmetic.systems import real_zeros
from eqsolve.derivation.blocks import triangular
from eqsolve.program.program import Claim, System
from eqsolve.solve import linear
from eqsolve.solve.affine import affine_solution
from eqsolve.solve.path import middle
from eqsolve.solve.reduction import (
    Degenerate,
    Number,
    Region,
    Solution,
    Values,
    eliminated,
    everywhere,
    number,
    solve_balls,
)


@dataclass(frozen=True)
class Solutions:
    """The solutions of a stationary system.

    Attributes
    ----------
    found : every real solution, in coefficients of functions and implicit ones of the feedback.
    complete : whether it is proved that there are no others.
    degenerate : what is known of a block without isolated solutions, where there is one; the
        solutions are the others then.
    begun : those at which a later block has no isolated solutions, as far as they are known.
    reach : where it is not proved, it is of solutions with some coefficients of the feedback, the
        ``names``, of at most this size.
    """

    found: tuple[Solution, ...]
    complete: bool
    degenerate: str = ""
    begun: tuple[Solution, ...] = ()
    reach: fmpq | None = None
    names: tuple[str, ...] = ()

    @property
    def points(self) -> tuple[Values, ...]:
        """The values of all unknowns at every solution."""
        return tuple(solution.values for solution in self.found)


def stationary(
    system: System,
    parameters: Mapping[str, fmpq],
    only: Sequence[str] = (),
    within: Region = everywhere,
    searched: Region = everywhere,
    reached: Callable[[], Mapping[str, float]] | None = None,
) -> Solutions:
    """Find all real solutions at exact parameters.

    Parameters
    ----------
    system : the equations.
    parameters : exact values by name.
    only : the unknowns that are wanted, if they need no other; all by default.
    within : False for values of some unknowns with which no solution is wanted.
    searched : the same where not all solutions are found, but those in a region.
    reached : the unknowns where finite horizons lead, asked for where solutions may be missed.
    """
    whole = system.equations.at(parameters)
    places = {name: k for k, name in enumerate(system.names)}
    arguments = dict(zip(places, whole.reached()))
    needs = {u: [s for s in places if s in own] for u, own in arguments.items()}
    chain = _Chain(system, parameters, whole, within, searched, reached)
    for block in triangular(needs):
        if not only or set(block) <= set(only):
            chain.extend(block, {name for u in block for name in needs[u]})
    names = (*system.unknowns, *system.implicit)

    def kept(solution: Solution) -> Solution:
        values = {s: solution.values[s] for s in names if s in solution.values}
        return replace(solution, values=values)

    found, begun = (tuple(map(kept, s)) for s in (chain.points, chain.begun))
    return Solutions(found, chain.complete, chain.degenerate, begun, *chain.region)


class _Chain:
    """The solutions of blocks, one after the other."""

    def __init__(
        self,
        system: System,
        parameters: Mapping[str, fmpq],
        whole: Code,
        within: Region,
        searched: Region,
        reached: Callable[[], Mapping[str, float]] | None,
    ) -> None:
        self.system, self.parameters, self.whole, self.within = system, parameters, whole, within
        self.searched, self.reached = searched, reached
        #: where solutions of the only block that may miss some are proved to be all
        self.region: tuple[fmpq | None, tuple[str, ...]] = (None, ())
        self.places = {name: k for k, name in enumerate(system.names)}
        self.points, self.begun = [Solution({})], list[Solution]()
        self.complete, self.degenerate = True, ""
        #: every block, with what was known before it
        self.before: list[tuple[Sequence[str], list[Solution], bool, str, int]] = []

    def extend(self, block: Sequence[str], needed: Container[str]) -> None:
        """Solve one more block at every solution of those before it."""
        first = len(self.before)
        known = (self.complete, self.degenerate, len(self.begun))
        self.before.append((block, self.points, *known))
        points, proved = self._solved(block, self.points)
        while not proved and first and self._letters(block):
            # what balls around earlier coefficients leave open is decided in these exactly
            first -= 1
            earlier = self.before[first][0]
            if not any(u in needed for u in self._letters(earlier)):
                continue
            joint = [u for one, *_ in self.before[first:] for u in one]
            again, proved = self._solved(joint, self.before[first][1])
            if proved:
                points = again
                _, _, self.complete, self.degenerate, begun = self.before[first]
                del self.begun[begun:]
            break
        self.points = points
        self.complete &= proved

    def _letters(self, block: Sequence[str]) -> list[str]:
        return [u for u in block if u in self.system.letters]

    def _solved(
        self, block: Sequence[str], points: Sequence[Solution]
    ) -> tuple[list[Solution], bool]:
        """The points with every solution of a block, and whether there are no others."""
        places, inner = [self.places[u] for u in block], self._letters(block)
        own: Code | None = None
        found: list[Solution] = []
        complete = True
        for point in points:
            only = affine_solution(self.whole, places, block, point.values)
            if only is not None:
                found.append(point.joined(Solution(only)))
                continue
            own = own or self.whole.only(places)
            try:
                known = point.values
                solved = Block(block, own, known, inner, self.within, self.searched, self.reached)
                more, proved = solved.solutions()
            except Degenerate as found_none:
                complete, self.degenerate = False, str(found_none)
                self.begun.append(point)
                continue
            if not proved:
                first = complete and self.complete
                self.region = (solved.reach, tuple(inner)) if first else (None, ())
            complete &= proved
            found += map(point.joined, more)
        return [p for p in found if self._wanted(p.values)], complete

    def _wanted(self, point: Values) -> bool:
        if _outside(point, self.system.domains, self.parameters):
            return False
        return self.within({name: ball(value) for name, value in point.items()})


def _outside(point: Values, positive: Sequence[Claim], parameters: Mapping[str, fmpq]) -> bool:
    """Whether something that stands under a power or logarithm is surely not positive."""
    values = {name: ball(n) for name, n in (*parameters.items(), *point.items())}
    return any(
        claim.holds(values) is False
        for claim in positive
        if all(name in values for name in claim.code.arguments)
    )


class Block:
    """One block at known values of earlier unknowns.

    ``feedback`` are the block's unknowns that are coefficients of the feedback; no solution is
    wanted where ``within`` is False. The second part of solutions is whether it is proved that
    there are no others.
    """

    def __init__(
        self,
        block: Sequence[str],
        equations: Code,
        known: Values,
        feedback: Sequence[str] = (),
        within: Region = everywhere,
        searched: Region = everywhere,
        reached: Callable[[], Mapping[str, float]] | None = None,
    ) -> None:
        self.block, self.feedback, self.reached = block, feedback, reached
        self.within = within if len(feedback) <= 2 else searched
        self.reach: fmpq | None = None
        exact_values = {s: v for s, v in known.items() if not isinstance(v, arb)}
        self.balls = {s: v for s, v in known.items() if isinstance(v, arb)}
        # the block's unknowns first, then earlier ones whose values are balls
        self.names = (*block, *self.balls)
        self.code = _renamed(equations.at(exact_values), self.names)

    def solutions(self) -> tuple[list[Solution], bool]:
        if _hidden(self.code, set(range(len(self.block)))):
            # before anything is cleared: rational exponents would become enormous degrees
            return self._transcendental()
        try:
            rational = Rational(self.code)
        except ZeroDivision:
            raise Degenerate(f"The equations of {self.listed} divide by zero.") from None
        self.known = rational.balls([*([arb(0)] * len(self.block)), *self.balls.values()])
        places = range(len(self.block))
        self.rows = [coefficients(function.above, places) for function in rational.functions]
        if all(sum(powers) <= 1 for row in self.rows for powers in row):
            return self._linear()
        if len(self.block) == 1:
            return self._polynomial()
        if len(self.feedback) > 2:
            # all solutions, if they can be had exactly, rather than those in a region
            every, proved = self._coupled(rational, search=False)
            if proved:
                return every, proved
        if self.feedback:
            solved = eliminated(rational, self.block, self.feedback, self.known, self._region)
            if solved is not None:
                self.reach = solved.reach
                more = [] if solved.complete else self._where_finite_horizons_lead(solved.solutions)
                return [*solved.solutions, *more], solved.complete
            if len(self.feedback) > 2 and (led := self._where_finite_horizons_lead([])):
                return led, False
        return self._coupled(rational)

    def _where_finite_horizons_lead(self, found: Sequence[Solution]) -> list[Solution]:
        """The solution there, if it is proved and not among others."""
        led = self.reached() if self.reached is not None else {}
        if not led.keys() >= {*self.block}:
            return []
        start = [arb(led[u]) for u in self.block]
        point = solution_near(self.code, start, [*self.balls.values()])
        if point is None:
            return []
        values: Values = dict(zip(self.block, point))
        if any(all(ball(values[u]).overlaps(ball(s.values[u])) for u in values) for s in found):
            return []
        return [Solution(values, {u: values[u] for u in self.feedback})]

    def _region(self, values: Mapping[str, arb]) -> bool:
        return self.within({**self.balls, **values})

    def _polynomial(self) -> tuple[list[Solution], bool]:
        (row,), (unknown,) = self.rows, self.block
        degree = max(power for (power,) in row)
        listed = [number(row.get((k,), {}), self.known) for k in range(degree + 1)]
        roots = polynomial_roots(listed, bits=int(ctx.prec))
        found = [(dict[str, Number]({unknown: r.value}), r.multiplicity) for r in roots.roots]
        return [Solution(v, v, multiplicity) for v, multiplicity in found], roots.complete

    def _linear(self) -> tuple[list[Solution], bool]:
        size = len(self.block)
        units = [tuple(int(i == k) for i in range(size)) for k in range(size)]
        none = (0,) * size
        table = [
            [number(row.get(powers, {}), self.known) for powers in (*units, none)]
            for row in self.rows
        ]
        rows = [[entry for entry in row if not isinstance(entry, arb)] for row in table]
        if all(len(row) == size + 1 for row in rows):
            return self._exact(rows)
        balls = [list(map(ball, row)) for row in table]
        solved = solve_balls([row[:-1] for row in balls], [-row[-1] for row in balls])
        if solved is None:
            raise Degenerate(
                f"The determinant of the equations of {self.listed} cannot be told from zero: "
                "they have no solution, or infinitely many."
            )
        return [Solution(dict(zip(self.block, solved)))], True

    def _exact(self, rows: list[list[fmpq]]) -> tuple[list[Solution], bool]:
        try:
            point = linear.solved(rows)
        except linear.Many:
            described = linear.described(rows, self.block)
            raise Degenerate(f"The equations of {self.listed} have {described}.") from None
        return ([] if point is None else [Solution(dict(zip(self.block, point)))]), True

    @property
    def listed(self) -> str:
        """The unknowns."""
        return ", ".join(self.block)

    def _coupled(self, rational: Rational, search: bool = True) -> tuple[list[Solution], bool]:
        # earlier irrational values: their balls are far narrower than solutions are apart
        size = len(self.block)
        whole = True
        above: list[Terms] = []
        below: list[Terms] = []
        for row, function in zip(self.rows, rational.functions):
            entries = {powers: number(table, self.known) for powers, table in row.items()}
            whole &= not any(isinstance(entry, arb) for entry in entries.values())
            above.append({powers: _middle(entry) for powers, entry in entries.items()})
            for factor, _ in function.below.factor()[1]:
                parts = coefficients(factor, range(size))
                inserted = {p: _middle(number(t, self.known)) for p, t in parts.items()}
                if any(map(any, inserted)) and inserted not in below:
                    below.append(inserted)
        solutions = real_zeros(above, below, size, bits=ctx.prec, search=search)
        if solutions.degenerate:
            raise Degenerate(f"The equations of {self.listed} have infinitely many solutions.")
        found: list[Values] = [dict(zip(self.block, point)) for point in solutions.points]
        return [Solution(values, values) for values in found], solutions.complete and whole

    def _transcendental(self) -> tuple[list[Solution], bool]:
        """The roots of one equation with powers of its unknown, where the bases are positive."""
        if len(self.block) != 1:
            return [], False
        code, (unknown,) = self.code, self.block
        edges = _edges(code)
        if edges is None:
            return [], False
        roots = function_roots(code, *edges, given=[*self.balls.values()], bits=ctx.prec)
        found: list[Values] = [{unknown: root.value} for root in roots.roots]
        return [Solution(values, values) for values in found], roots.complete


def _renamed(code: Code, names: Sequence[str]) -> Code:
    """The code with all of some names as arguments, in this order."""
    places = {a: k for k, a in enumerate(names)}
    old, shift = len(code.arguments), len(names) - len(code.arguments)
    moved = [places[a] for a in code.arguments]

    def number(node: int) -> int:
        return moved[node] if node < old else node + shift

    steps = [step._replace(operands=tuple(map(number, step.operands))) for step in code.steps]
    return Code(names, code.constants, steps, [number(k) for k in code.outputs])


def _hidden(code: Code, inner: set[int]) -> bool:
    """Whether one of some arguments stands inside a power, root or elementary function."""
    needs = code.needs()
    return any(len(operands) == 1 and needs[operands[0]] & inner for _, operands in code.steps)


def _edges(code: Code) -> tuple[fmpq | None, fmpq | None] | None:
    """Between which numbers the first argument keeps roots and logarithms defined.

    None if one of them is of something that is not affine in it, with rational coefficients.
    """
    low: fmpq | None = None
    high: fmpq | None = None
    needs = code.needs()
    first = len(code.arguments) + len(code.constants)
    for name, operands in code.steps:
        if name not in ("log", "sqrt") or 0 not in needs[operands[0]]:
            continue
        (node,) = operands
        inner = Code(code.arguments, code.constants, code.steps[: max(0, node - first + 1)], [node])
        fraction = Rational(inner).functions[0]
        parts = {k: exact(v) for k, v in coefficients(fraction.above, [0]).items()}
        below = exact(terms(fraction.below))
        slope, start = parts.get((1,)), parts.get((0,), fmpq(0))
        if below is None or slope is None or start is None or set(parts) - {(0,), (1,)}:
            return None
        edge = -start / slope
        if slope / below > 0:
            low = edge if low is None else max(low, edge)
        else:
            high = edge if high is None else min(high, edge)
    return low, high


def _middle(entry: Number) -> fmpq:
    return middle(entry) if isinstance(entry, arb) else entry


def ball(entry: Number) -> arb:
    """A ball around a number."""
    return entry if isinstance(entry, arb) else arb(entry)
