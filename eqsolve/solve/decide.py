"""Which of the solutions is the equilibrium, and why the others are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flint import arb, fmpq

from eqsolve.program.letters import Environment
from eqsolve.program.program import Claim, Growth, Program
from eqsolve.solve.growth import Rise, rise
from eqsolve.solve.path import center, middle
from eqsolve.solve.reached import followed
from eqsolve.solve.reduction import Solution
from eqsolve.status import Status

#: Relative distance below which two solutions count as one fold in double precision.
FOLD = 1e-8
#: Relative distance of two solutions that is worth a word.
CLOSE = 1e-2
#: Distance, relative to ``1 + |u|``, at which finite horizons have reached a solution ``u``.
REACHED = 1e-6

#: What is said of a decision.
NONE_REAL = "The coefficient equations have no real solution."
NONE_ADMISSIBLE = "No solution is an equilibrium: {reasons}."
ONLY = "The only admissible solution is selected."
#: What is proved of those in a region.
ALL_UP_TO = (
    "Of those with {names} of at most {reach} in size, and expectations that grow at less than "
    "{part} times the rate of discounting, none was missed."
)
LARGEST = (
    "Of {count} admissible solutions the one with the largest {quantity}, the limit of finite "
    "horizons, is selected."
)
NOT_UNIQUE = "The largest {quantity} is not unique."
REACHES = "Of several admissible solutions, the limit of finite horizons is selected."
REACHES_IT = "The admissible solution that is the limit of finite horizons is selected."
NONE_REACHED = "Several solutions are admissible, and finite horizons reach none of them."
NOT_REACHED = "Finite horizons do not reach the one admissible solution that was found."
#: Where solutions may have been missed.
ONLY_FOUND = "The one admissible solution that was found is selected; there may be others."
OTHERS = "There may be others."


@dataclass(frozen=True)
class Candidate:
    """One solution of the coefficient system.

    Attributes
    ----------
    values : all coefficients, and the parameters.
    rises : for each player, how fast expectations grow. None if the generator does not close.
    failed : sentences of the conditions that it violates.
    status : OK, or what it would be reported as.
    """

    values: Environment
    rises: tuple[Rise | None, ...]
    failed: tuple[str, ...]
    status: Status

    @property
    def abscissa(self) -> tuple[arb | None, ...]:
        """For each player, the growth rate of expectations less that of discounting."""
        return tuple(None if one is None else one.margin for one in self.rises)

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
    rises = tuple(rise(system, values) for system in growth)
    for one in rises:
        if one is not None and one.finite is not True:
            failed.append(str(one))
            status = Status.UNSTABLE if one.finite is False else Status.UNRESOLVED
            break
    several = status is Status.UNSTABLE and any(system.several for system in growth)
    if several:
        status = Status.INFINITE_VARIANCE
    for condition in second_order:
        holds = condition.holds(values)
        if holds is None and several:
            break
        if holds is not True:
            failed.append(condition.failing(values))
            wrong = Status.NO_ADMISSIBLE_ROOT if several else Status.NOT_A_MAXIMUM
            status = wrong if holds is False else Status.UNRESOLVED
            break
    return Candidate(values, rises, tuple(failed), status)


def decide(
    candidates: Sequence[Candidate],
    complete: bool,
    selection: str,
    rules: Mapping[str, Rule],
    isolated: bool = True,
    region: str = "",
    follows: bool = False,
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
    region : the sentence that says where it is proved that there are no others, if not everywhere:
        the rule is asked of a single candidate, too.
    follows : whether the rule follows finite horizons: where there may be others, it is asked of a
        single candidate, too.
    """
    admissible = [i for i, c in enumerate(candidates) if c.admissible]
    if not candidates:
        if complete:
            return Decision(Status.NO_ADMISSIBLE_ROOT, NONE_REAL)
        return Decision(Status.UNRESOLVED, "The search found no solution; there may be one.")
    if not admissible:
        kinds = {c.status for c in candidates}
        # infinite expectations are all that is wrong with a maximum
        nearest = {Status.INFINITE_VARIANCE} & kinds or kinds
        status = nearest.pop() if len(nearest) == 1 else Status.NO_ADMISSIBLE_ROOT
        if not complete:
            status = Status.UNRESOLVED
        reasons = "; ".join(dict.fromkeys(s for c in candidates for s in c.failed))
        return Decision(status, NONE_ADMISSIBLE.format(reasons=reasons))
    if len(admissible) == 1 and isolated and not region:
        if complete or not follows:
            return Decision(Status.OK, ONLY if complete else ONLY_FOUND, admissible[0])
        region = OTHERS
    index, reason = rules[selection]([candidates[i] for i in admissible])
    if region:
        reason = f"{reason} {region}"
    if index is None:
        return Decision(Status.UNRESOLVED, reason)
    return Decision(Status.OK, reason, admissible[index])


def fold(solutions: Sequence[Solution], chosen: int) -> str | None:
    """What to say where the selected solution nearly coincides with another one."""
    own = solutions[chosen]
    if own.multiplicity > 1:
        return (
            f"The selected solution is an exact root of multiplicity {own.multiplicity}. Its "
            "numbers hold, but arbitrarily small changes of the parameters split or remove it."
        )
    gap = min((_gap(own, s) for k, s in enumerate(solutions) if k != chosen), default=1.0)
    if gap > FOLD:
        return None
    return (
        f"The selected solution is within a relative distance of {gap:.2g} of another one. Its "
        "numbers hold for the exact parameters, but parameters rounded to double precision do not "
        "determine them."
    )


def close(solutions: Sequence[Solution]) -> str:
    """What to say where two solutions are close to each other; nothing elsewhere."""
    pairs = ((a, b) for i, a in enumerate(solutions) for b in solutions[:i])
    gap = min((_gap(a, b) for a, b in pairs), default=1.0)
    if gap >= CLOSE:
        return ""
    return (
        f" Two solutions are within a relative distance of {gap:.2g}: near a fold their number "
        "changes with small changes of the parameters."
    )


def _gap(first: Solution, second: Solution) -> float:
    """The relative distance of two solutions."""
    gaps = [0.0]
    for name in {**first.roots, **second.roots}:
        if name not in first.roots or name not in second.roots:
            return 1.0
        a, b = arb(first.roots[name]), arb(second.roots[name])
        size = max(abs(center(a)), abs(center(b)))
        gaps.append(abs(center(b - a)) / size if size else 0.0)
    return max(gaps)


def by_size(program: Program) -> Rule:
    """The rule ``limit`` where it is known what is largest at the solution that is reached."""
    assert program.limit is not None
    quantity = program.limit

    def choose(candidates: Sequence[Candidate]) -> tuple[int | None, str]:
        sizes = [quantity.code.within(c.values)[0] for c in candidates]
        best = max(range(len(sizes)), key=lambda i: center(sizes[i]))
        if any(not sizes[best] > v for i, v in enumerate(sizes) if i != best):
            return None, NOT_UNIQUE.format(quantity=quantity.text)
        return best, LARGEST.format(count=len(candidates), quantity=quantity.text)

    return choose


#: Rates at which a solution is approached are followed down to this part of the fastest.
SLOWEST = 1e-4


def by_limit(program: Program, parameters: Mapping[str, fmpq]) -> Rule:
    """The rule ``limit``: the solution that finite horizons reach from their payoffs."""
    system = program.system

    def choose(candidates: Sequence[Candidate]) -> tuple[int | None, str]:
        import numpy as np

        if program.terminal is None:
            raise program.error(program.no_terminal, "terminal values")
        table = dict(parameters)
        for name in system.implicit:
            table[name] = middle(candidates[0].values[name])
        known = [float(abs(v).mid()) for c in candidates for v in c.abscissa if v is not None]
        # the slowest of them may be the one that is reached
        fastest = max(known, default=0.0)
        rate = max(min(known, default=0.0), SLOWEST * fastest)
        span = 60 / rate if rate else 60 / SLOWEST
        reached = followed(program, table, span)
        missed = NONE_REACHED if len(candidates) > 1 else NOT_REACHED
        if reached is None:
            return None, missed
        gaps = []
        for candidate in candidates:
            point = np.array([float(candidate.values[u].mid()) for u in system.unknowns])
            gaps.append(float(np.max(np.abs(reached - point) / (1 + np.abs(point)))))
        best = int(np.argmin(gaps))
        if gaps[best] > REACHED:
            return None, missed
        return best, REACHES if len(candidates) > 1 else REACHES_IT

    return choose
