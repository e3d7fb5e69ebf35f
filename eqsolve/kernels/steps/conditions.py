"""What decides the status of a solution, as code."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import sympy as sp

from eqsolve.derivation.blocks import triangular
from eqsolve.derivation.conditions import domains, second_order
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.growth import GrowthSystem, growth_of_play, growth_systems
from eqsolve.game import t
from eqsolve.kernels.steps.expressions import Names
from eqsolve.status import Status


@dataclass(frozen=True)
class Second:
    """A second way to satisfy a test, by code with branches: lines, names, the condition.

    ``size`` is that of the matrix that is asked for its eigenvalues.
    """

    before: tuple[str, ...]
    pairs: Sequence[tuple[str, sp.Expr]]
    holds: str
    size: int


@dataclass(frozen=True)
class Test:
    """Something that a solution must satisfy.

    Attributes
    ----------
    pairs : names in the generated code and what they hold.
    holds : the condition in the generated code; empty if there is only the second way.
    status : what a solution has that does not satisfy it; None if its expectations are infinite.
    second : what decides if the condition does not hold.
    """

    pairs: Sequence[tuple[str, sp.Expr]]
    holds: str
    status: Status | None
    second: Second | None = None


def tests(derivation: Derivation, names: Names, known: Collection[sp.Symbol]) -> Iterator[Test]:
    """Signs of units' bases, finite coefficients, second-order conditions, growth."""
    for condition in domains(derivation):
        yield Test((("held", condition.expression),), "held > 0.0", Status.NO_ADMISSIBLE_ROOT)
    for symbol in (*derivation.system.unknowns, *derivation.explicit):
        yield Test((), f"math.isfinite({names[symbol]})", Status.NO_SOLUTION)
    systems = derivation.once(growth_systems) if derivation.stationary else ()
    for system in systems:
        if system.matrix:
            yield _growth(system, None)
    for condition in second_order(derivation):
        free = condition.expression.free_symbols - set(known)
        inserted = condition.expression.xreplace({s: sp.S.One for s in free - {t}})
        pairs = (("held", inserted),)
        if several(derivation):
            yield Test(pairs, "held > 0.0 or finite", Status.NO_ADMISSIBLE_ROOT)
        yield Test(pairs, "held > 0.0", Status.NOT_A_MAXIMUM)
    yield Test((), "finite", Status.UNSTABLE)
    fixed = derivation.fixed
    # what players of types of their own play together is followed beside their kernels
    alike = fixed is not None and not fixed.totals and not derivation.averages
    if derivation.stationary and alike:
        played = growth_of_play(derivation)
        if played.matrix:
            yield _growth(played, Status.INFINITE_VARIANCE)


def several(derivation: Derivation) -> bool:
    """Whether a stationary preference is one of several expectations."""
    return derivation.stationary and any(s.several for s in derivation.once(growth_systems))


def _growth(system: GrowthSystem, status: Status | None) -> Test:
    """What is followed grows less than the rate, as all functions do if none leads back to itself.

    Else those count that are reached.
    """
    matrix, size = system.matrix, len(system.functions)
    assert matrix is not None
    grown = [(f"grown[{i}, {j}]", e) for i, row in enumerate(matrix) for j, e in enumerate(row)]
    start = [
        (f"start[{i}, {k}]", e) for i, row in enumerate(system.start) for k, e in enumerate(row)
    ]
    before = (
        f"grown = np.zeros(({size}, {size}))",
        f"start = np.zeros(({size}, {max(map(len, system.start))}))",
    )
    entries = [pair for pair in (*grown, *start) if pair[1] != 0]
    blocks = _blocks(matrix)
    own = [(f"own_{i}", block[0][0]) for i, block in enumerate(blocks) if len(block) == 1]
    all_grow = " and ".join(f"{name} < rate" for name, _ in own)
    return Test(
        (("rate", system.rate), *own),
        all_grow if len(own) == len(blocks) else "",
        status,
        Second(before, entries, "growth(grown, start) < rate", size),
    )


def _blocks(matrix: Sequence[Sequence[sp.Expr]]) -> list[list[list[sp.Expr]]]:
    """The blocks on the diagonal of a matrix whose rows and columns are put in triangular order."""
    letters = [sp.Dummy(str(i)) for i in range(len(matrix))]
    led = {
        letter: [other for other, e in zip(letters, row) if e != 0]
        for letter, row in zip(letters, matrix)
    }
    places = [[letters.index(s) for s in block] for block in triangular(led)]
    return [[[matrix[i][j] for j in block] for i in block] for block in places]
