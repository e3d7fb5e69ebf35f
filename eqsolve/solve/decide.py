"""Which of the solutions is the equilibrium, and why the others are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flint import acb_mat, arb, arb_mat, fmpq

from eqsolve.numerics.status import Status
from eqsolve.program.program import Claim, Environment, Growth, Program
from eqsolve.solve.path import middle


@dataclass(frozen=True)
class Candidate:
    """One solution of the coefficient system.

    Attributes
    ----------
    values : all coefficients, and the parameters.
    abscissa : for each player, the growth rate of expectations less the rate at which they are
        discounted; negative if they are finite. None if the generator does not close.
    failed : sentences of the conditions that it violates.
    status : OK, or what it would be reported as.
    """

    values: Environment
    abscissa: tuple[arb | None, ...]
    failed: tuple[str, ...]
    status: Status

    @property
    def admissible(self) -> bool:
        """Whether it satisfies everything that an equilibrium must."""
        return self.status is Status.OK


@dataclass(frozen=True)
class Decision:
    """The outcome: a status with its sentence, and the number of the selected candidate."""

    status: Status
    sentence: str
    selected: int | None = None


#: From several admissible candidates to the number of one, or None, and the reason.
Rule = Callable[[Sequence[Candidate]], tuple[int | None, str]]


def examine(
    values: Environment,
    second_order: Sequence[Claim],
    domains: Sequence[Claim],
    growth: Sequence[Growth],
) -> Candidate:
    """Judge one stationary solution.

    A preference of several expectations, such as mean and variance, is unbounded rather than
    without a maximum where these are infinite: the solution is then no admissible root, or, if it
    is a maximum by its second derivatives, one of infinite variance.
    """
    failed: list[str] = []
    status = Status.OK
    for condition in domains:
        if condition.holds(values) is not True:
            failed.append(condition.sentence)
            status = Status.NO_ADMISSIBLE_ROOT
    if status is not Status.OK:
        return Candidate(values, (), tuple(failed), status)
    abscissae = tuple(abscissa(system, values) for system in growth)
    for value in abscissae:
        if value is not None and not value < 0:
            failed.append("expectations grow at least as fast as they are discounted")
            status = Status.UNSTABLE if value > 0 else Status.UNRESOLVED
            break
    several = status is Status.UNSTABLE and any(system.several for system in growth)
    if several:
        status = Status.INFINITE_VARIANCE
    for condition in second_order:
        holds = condition.holds(values)
        if holds is not True:
            failed.append(condition.sentence)
            wrong = Status.NO_ADMISSIBLE_ROOT if several else Status.NOT_A_MAXIMUM
            status = wrong if holds is False else Status.UNRESOLVED
            break
    return Candidate(values, abscissae, tuple(failed), status)


def abscissa(system: Growth, values: Environment) -> arb | None:
    """The largest real part of the growth matrix' eigenvalues, less the rate of discounting.

    Of the matrix those functions count that are reached from what is followed.
    """
    if system.matrix is None:
        return None
    rate: arb = system.rate.within(values)[0]
    if system.size == 0:
        return -rate
    size, entries = system.size, system.matrix.within(values)
    rows = [entries[i * size : (i + 1) * size] for i in range(size)]
    pending = [
        i for i, own in enumerate(system.start) if not all(map(_is_zero, own.within(values)))
    ]
    reached: set[int] = set()
    while pending:
        i = pending.pop()
        if i not in reached:
            reached.add(i)
            pending += [j for j, entry in enumerate(rows[i]) if not _is_zero(entry)]
    if not reached:
        return -rate
    part = [rows[i][j] for i in sorted(reached) for j in sorted(reached)]
    return largest_real_part(arb_mat(len(reached), len(reached), part)) - rate


def largest_real_part(matrix: arb_mat) -> arb:
    """The largest real part of the eigenvalues of a matrix that is not empty."""
    best: arb | None = None
    for block in _triangular_blocks(matrix):
        part = arb_mat(len(block), len(block), [matrix[i, j] for i in block for j in block])
        for value in _eigenvalues(part):
            best = value if best is None else arb.max(best, value)
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


def decide(
    candidates: Sequence[Candidate],
    complete: bool,
    selection: str,
    rules: Mapping[str, Rule],
    isolated: bool = True,
) -> Decision:
    """Choose among the candidates.

    Parameters
    ----------
    candidates : every solution found.
    complete : whether these are all.
    selection : ``limit``, ``stabilizing`` or ``value``.
    rules : by selection.
    isolated : whether all solutions are among the candidates or isolated from them; where not, the
        rule is asked of a single candidate, too.
    """
    admissible = [i for i, c in enumerate(candidates) if c.admissible]
    if not candidates:
        if complete:
            return Decision(
                Status.NO_ADMISSIBLE_ROOT, "The coefficient equations have no real solution."
            )
        return Decision(Status.UNRESOLVED, "The search found no solution; there may be one.")
    if not admissible:
        kinds = {c.status for c in candidates}
        status = kinds.pop() if len(kinds) == 1 else Status.NO_ADMISSIBLE_ROOT
        if not complete:
            status = Status.UNRESOLVED
        reasons = "; ".join(dict.fromkeys(s for c in candidates for s in c.failed))
        return Decision(status, f"No solution is an equilibrium: {reasons}.")
    if len(admissible) == 1 and isolated:
        only = "The only admissible solution is selected."
        if not complete:
            only = "The one admissible solution that was found is selected; there may be others."
        return Decision(Status.OK, only, admissible[0])
    index, reason = rules[selection]([candidates[i] for i in admissible])
    if index is None:
        return Decision(Status.UNRESOLVED, reason)
    return Decision(Status.OK, reason, admissible[index])


NONE_REACHED = "Several solutions are admissible, and finite horizons reach none of them."


def by_limit(program: Program, parameters: Mapping[str, fmpq]) -> Rule:
    """The rule ``limit``: the solution that finite horizons reach from their payoffs."""
    system = program.system

    def choose(candidates: Sequence[Candidate]) -> tuple[int | None, str]:
        # seldom needed, and costs as much as all the rest
        import numpy as np
        from scipy.integrate import solve_ivp

        if program.terminal is None:
            raise program.error(program.no_terminal, "terminal values")
        table = dict(parameters)
        for name in system.implicit:
            table[name] = middle(candidates[0].values[name])
        inserted = system.rates.at(table)
        places = [system.unknowns.index(a) for a in inserted.arguments]
        function = inserted.doubles()
        first = [float(arb(v).mid()) for v in program.terminal.at(table).within({})]
        known = [float(abs(v).mid()) for c in candidates for v in c.abscissa if v is not None]
        rate = max(known, default=0.0)
        span = 60 / max(rate, 1e-3)
        try:
            run = solve_ivp(
                lambda s, u: function(*map(u.tolist().__getitem__, places)),
                (0, span),
                first,
                method="LSODA",
                rtol=1e-10,
                atol=1e-12,
            )
        except (OverflowError, ValueError, ZeroDivisionError):
            return None, NONE_REACHED
        reached = run.y[:, -1]
        if not run.success or not np.all(np.isfinite(reached)):
            return None, NONE_REACHED
        gaps = []
        for candidate in candidates:
            point = np.array([float(candidate.values[u].mid()) for u in system.unknowns])
            gaps.append(float(np.max(np.abs(reached - point) / (1 + np.abs(point)))))
        best = int(np.argmin(gaps))
        if gaps[best] > 1e-6:
            return None, NONE_REACHED
        return best, "Of several admissible solutions, the limit of finite horizons is selected."

    return choose
