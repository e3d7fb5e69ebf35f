"""How fast the expectations that a program follows grow, at numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from flint import acb_mat, arb, arb_mat, fmpq

from eqsolve.arithmetic.code import Code, Folding
from eqsolve.program.letters import Environment
from eqsolve.program.program import EDGE, Growth


@dataclass(frozen=True)
class Rise:
    """The expectations that grow fastest.

    Attributes
    ----------
    function : one of those that grow so, as it is written; empty if there are none.
    growth : the rate at which they grow.
    discount : hazard and discount rate together.
    """

    function: str
    growth: arb
    discount: arb

    @property
    def margin(self) -> arb:
        """The growth rate less that of discounting; negative if all expectations are finite."""
        return self.growth - self.discount

    @property
    def finite(self) -> bool | None:
        """Whether all expectations are finite; None where the balls do not decide."""
        margin = self.margin
        if margin.contains(0):
            return False if float(margin.rad()) < EDGE else None
        return bool(margin < 0)

    def __str__(self) -> str:
        return (
            "expectations grow at least as fast as they are discounted (that of "
            f"{self.function} at the rate {float(self.growth.mid()):.6g}, not below "
            f"{float(self.discount.mid()):.6g})"
        )


class Followed:
    """The functions of a growth system at numbers.

    Parameters
    ----------
    system : with a matrix.
    values : parameters and coefficients; those that are not known are taken for any number.
    same : for every function, the number of the first one that it equals; none if all differ.
    """

    def __init__(self, system: Growth, values: Environment, same: Sequence[int] = ()) -> None:
        assert system.matrix is not None
        self.system = system
        size = len(system.functions)
        groups = list(same) or list(range(size))
        self.kept = sorted(set(groups))
        known = {a: values.get(a, ANY) for a in system.matrix.arguments}
        entries = system.matrix.within(known)
        (self.discount,) = system.rate.within(values)
        self.groups = groups
        self.rows = [self.merged(entries[i * size : (i + 1) * size]) for i in self.kept]

    def merged(self, row: Sequence[arb]) -> list[arb]:
        """Coefficients of all functions as those of the ones that are kept."""
        found = dict.fromkeys(self.kept, arb(0))
        for group, entry in zip(self.groups, row):
            found[group] = found[group] + entry
        return list(found.values())

    def reached(self, values: Environment, surely: bool = False) -> list[int]:
        """The rows of the functions that are reached from what is followed.

        Parameters
        ----------
        surely : only by what is not zero, not by what may be.
        """
        nothing = _may_be_zero if surely else _is_zero
        starts: dict[int, list[arb]] = {}
        for group, code in zip(self.groups, self.system.start):
            own = code.within({a: values.get(a, ANY) for a in code.arguments})
            before = starts.setdefault(group, [])
            before += [arb(0)] * (len(own) - len(before))
            for k, value in enumerate(own):
                before[k] = before[k] + value
        pending = [i for i, k in enumerate(self.kept) if not all(map(nothing, starts[k]))]
        reached: set[int] = set()
        while pending:
            i = pending.pop()
            if i not in reached:
                reached.add(i)
                pending += [j for j, entry in enumerate(self.rows[i]) if not nothing(entry)]
        return sorted(reached)

    def rise(self, values: Environment) -> Rise:
        """How fast those grow that are reached from what is followed."""
        found = self._largest(self.reached(values))
        if found is None:
            return Rise("", arb(0), self.discount)
        return Rise(self.system.functions[self.kept[found[0]]], found[1], self.discount)

    def second(self) -> arb | None:
        """The growth rate of all second moments; None if there are none."""
        found = self._largest([i for i, k in enumerate(self.kept) if k in self.system.second])
        return None if found is None else found[1]

    def _largest(self, chosen: Sequence[int]) -> tuple[int, arb] | None:
        """The largest real part of the eigenvalues of a part of the matrix, and its function."""
        size = len(chosen)
        if not size:
            return None
        part = arb_mat(size, size, [self.rows[i][j] for i in chosen for j in chosen])
        index, best = _fastest(part)
        return chosen[index], best


def alike(system: Growth, same: Sequence[int]) -> Growth:
    """The system of the functions that differ: of each the number of the first that it equals."""
    assert system.matrix is not None
    kept, size = sorted(set(same)), len(same)

    def summed(code: Code, rows: Sequence[Sequence[int]]) -> Code:
        builder = Folding(code.arguments)
        nodes = builder.insert(code, {a: k for k, a in enumerate(code.arguments)})
        zero = builder.constant(fmpq(0))
        return builder.code(
            [reduce(lambda a, k: builder.step("add", a, nodes[k]), row, zero) for row in rows]
        )

    groups = [[k for k in range(size) if same[k] == own] for own in kept]
    entries = [[i * size + k for k in group] for i in kept for group in groups]
    starts = []
    for group in groups:
        owns = [system.start[k] for k in group]
        names = tuple(dict.fromkeys(a for code in owns for a in code.arguments))
        builder = Folding(names)
        found: list[int] = []
        for code in owns:
            found += builder.insert(code, {a: k for k, a in enumerate(names)})
        width, joined = max(len(code.outputs) for code in owns), builder.code(found)
        starts.append(summed(joined, [range(k, len(found), width) for k in range(width)]))
    return replace(
        system,
        functions=tuple(system.functions[k] for k in kept),
        matrix=summed(system.matrix, entries),
        start=tuple(starts),
        second=tuple(i for i, k in enumerate(kept) if k in system.second),
    )


#: A coefficient that is not known.
ANY = arb(0, arb("inf"))


def rise(system: Growth, values: Environment, same: Sequence[int] = ()) -> Rise | None:
    """How fast expectations grow; None if they lead to ever more functions."""
    return None if system.matrix is None else Followed(system, values, same).rise(values)


def largest_real_part(matrix: arb_mat) -> arb:
    """The largest real part of the eigenvalues of a matrix that is not empty."""
    return _fastest(matrix)[1]


def _fastest(matrix: arb_mat) -> tuple[int, arb]:
    """The largest real part of the eigenvalues, and a row of the block that has it."""
    best: tuple[int, arb] | None = None
    for block in _triangular_blocks(matrix):
        part = arb_mat(len(block), len(block), [matrix[i, j] for i in block for j in block])
        for value in _eigenvalues(part):
            if best is None or value > best[1]:
                best = block[0], value
            elif not value < best[1]:
                best = best[0], arb.max(best[1], value)
    assert best is not None
    return best


def _eigenvalues(matrix: arb_mat) -> list[arb]:
    """Balls around the real parts of the eigenvalues."""
    if matrix.nrows() == 1:
        return [matrix[0, 0]]
    try:
        return [value.real for value in acb_mat(matrix).eig(multiple=True)]
    except (ValueError, ZeroDivisionError):
        # a bound that always holds: Gershgorin's circles
        size = matrix.nrows()
        return [
            matrix[i, i]
            + arb(0, 1) * sum((abs(matrix[i, j]) for j in range(size) if j != i), arb(0))
            for i in range(size)
        ]


def _triangular_blocks(matrix: arb_mat) -> list[list[int]]:
    """Strongly connected components of the non-zero pattern: eigenvalues block by block."""
    size = matrix.nrows()
    reach = [{i, *(j for j in range(size) if not _is_zero(matrix[i, j]))} for i in range(size)]
    for k in range(size):
        for own in reach:
            if k in own:
                own |= reach[k]
    blocks = {frozenset(j for j in own if i in reach[j]) for i, own in enumerate(reach)}
    return [sorted(block) for block in sorted(blocks, key=min)]


def _is_zero(value: arb) -> bool:
    return bool(value == 0)


def _may_be_zero(value: arb) -> bool:
    return bool(value.contains(0))
