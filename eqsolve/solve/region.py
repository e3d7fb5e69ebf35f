"""Where solutions of a stationary system may have finite expectations."""

from __future__ import annotations

from collections.abc import Mapping

from flint import arb, arb_mat, fmpq

from eqsolve.program.letters import Environment
from eqsolve.program.program import Growth, Program
from eqsolve.solve.growth import ANY, largest_real_part

#: Where a region is searched, expectations are to grow more slowly than they are discounted by this
#: part: at equal rates solutions are no equilibria, and may be no isolated ones.
MARGIN = fmpq(1, 100)


def may_be_finite(
    program: Program, parameters: Environment, known: Environment, margin: fmpq = fmpq(0)
) -> bool:
    """False where expectations surely grow faster than they are discounted.

    Parameters
    ----------
    program : of a stationary problem.
    parameters : balls of all parameters.
    known : balls of some coefficients; the others may be anything.
    margin : by which part of the rate of discounting the growth is to be smaller.
    """
    values: Mapping[str, arb] = {**parameters, **known}
    return not any(_surely_infinite(system, values, margin) for system in program.growth)


def _surely_infinite(system: Growth, values: Environment, margin: fmpq) -> bool:
    size = len(system.functions)
    if system.matrix is None or not size:
        return False
    entries = system.matrix.within(_completed(system.matrix.arguments, values))
    rows = [entries[i * size : (i + 1) * size] for i in range(size)]
    pending = [
        i
        for i, own in enumerate(system.start)
        if any(v != 0 for v in own.within(_completed(own.arguments, values)))
    ]
    reached: set[int] = set()
    while pending:
        i = pending.pop()
        if i not in reached:
            reached.add(i)
            pending += [j for j, entry in enumerate(rows[i]) if entry != 0]
    if not reached:
        return False
    part = [rows[i][j] for i in sorted(reached) for j in sorted(reached)]
    (rate,) = system.rate.within(values)
    return bool(largest_real_part(arb_mat(len(reached), len(reached), part)) > rate * (1 - margin))


def _completed(names: tuple[str, ...], values: Environment) -> dict[str, arb]:
    return {name: values.get(name, ANY) for name in names}
