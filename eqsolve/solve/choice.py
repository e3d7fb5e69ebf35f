"""The choice among the solutions of a stationary system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flint import arb, ctx

from eqsolve.arithmetic.code import Code
from eqsolve.program.program import Program
from eqsolve.solve.answer import Answer
from eqsolve.solve.decide import (
    ALL_UP_TO,
    NONE_ADMISSIBLE,
    Candidate,
    Decision,
    Rule,
    by_limit,
    by_size,
    close,
    decide,
    examine,
    fold,
)
from eqsolve.solve.growth import ANY
from eqsolve.solve.outcome import Play
from eqsolve.solve.path import Backward, Constant, center
from eqsolve.solve.reduction import Solution
from eqsolve.solve.region import MARGIN
from eqsolve.solve.stationary import ball
from eqsolve.status import Status

if TYPE_CHECKING:
    from eqsolve.solve.point import Point

#: What is said where expectations are not followed.
EVER_MORE = "the generator leads to ever more functions of the states."


@dataclass(frozen=True)
class Solved:
    """The solution that was selected, before anything is computed from it.

    Attributes
    ----------
    path : its coefficients by time.
    decision, roots, certificate, explosion : of the answer. Without an equilibrium the numbers are
        those of the solution that would have been selected.
    admissible : the coefficients of every admissible solution, by its number.
    """

    path: Constant | Backward
    decision: Decision
    roots: tuple[dict[str, Any], ...]
    certificate: dict[str, Any]
    admissible: Mapping[int, Constant | Backward]
    explosion: float | None = None
    play: Play | None = None


@dataclass
class Choice:
    """The decision at one point of a stationary problem."""

    point: Point

    @property
    def program(self) -> Program:
        """Of the point."""
        return self.point.program

    @cached_property
    def found(self) -> list[Solution]:
        """All solutions in order, also those that are known in part."""
        solutions = self.point.solutions
        return sorted((*solutions.found, *solutions.begun), key=_position)

    @cached_property
    def _points(self) -> list[dict[str, arb]]:
        system = self.program.system
        unknown = dict.fromkeys((*system.unknowns, *system.implicit), ANY)
        return [unknown | {k: ball(v) for k, v in s.values.items()} for s in self.found]

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """The same, judged."""
        return tuple(map(self._judged_at, self._points))

    def solved(self) -> Solved | Answer:
        """Decide, and tell which solution is the equilibrium, or why none is."""
        solutions, found = self.point.solutions, self.found
        if not solutions.found and solutions.degenerate:
            return self._degenerate()
        candidates = [
            replace(c, status=Status.DEGENERATE) if s in solutions.begun else c
            for c, s in zip(self.candidates, found)
        ]
        decision = decide(
            candidates,
            solutions.complete,
            self.point.selection,
            self.rules(),
            isolated=not solutions.degenerate,
            region=self._region(),
            follows=self.follows,
        )
        self.point.undecided |= decision.status is Status.UNRESOLVED
        roots = self._roots(candidates, found, decision)
        if decision.selected is None:
            return self.point.refused(decision.status, decision.sentence, roots)
        selected = decision.selected
        chosen, sentence_ = candidates[selected], decision.sentence
        if any(one is None for one in chosen.rises):
            sentence_ += f" Whether expectations are finite is not decided: {EVER_MORE}"
        status = Status.OK
        sentence_ += close(found)
        near = fold(found, selected)
        if near is not None:
            status, sentence_ = Status.NEAR_FOLD, near
        play = self.play(chosen)
        if play is not None:
            self.point.undecided |= play.undecided
            failed = play.refused()
            if failed is not None:
                status, sentence_ = failed
                if status is Status.DEGENERATE:
                    none = Decision(status, sentence_)
                    return self._singular(chosen, sentence_, self._roots(candidates, found, none))
                if status is not Status.INFINITE_VARIANCE:
                    return self.point.refused(status, sentence_, roots)
                others = [c for c in candidates if c.admissible and c is not chosen]
                if any(self._exists(other) for other in others):
                    sentence_ += (
                        " There is an equilibrium at another solution, which selection by value "
                        "takes."
                    )
        decision = Decision(status, sentence_, selected)
        certificate: dict[str, Any] = {
            "solutions": len(candidates),
            "complete": solutions.complete,
            "bits": ctx.prec,
        }
        if solutions.reach is not None:
            certificate["region"] = dict.fromkeys(solutions.names, float(arb(solutions.reach)))
        admissible = {
            i: Constant(point)
            for i, (point, candidate) in enumerate(zip(self._points, candidates))
            if candidate.admissible
        }
        path = Constant(self._points[selected])
        return Solved(path, decision, roots, certificate, admissible, play=play)

    def _region(self) -> str:
        """Where solutions are proved to be all, if not everywhere."""
        solutions = self.point.solutions
        if solutions.reach is None or self.program.terminal is None:
            return ""
        return ALL_UP_TO.format(
            names=", ".join(solutions.names), reach=solutions.reach, part=1 - float(arb(MARGIN))
        )

    def _judged_at(self, point: Mapping[str, arb]) -> Candidate:
        """One solution, or what is known of it."""
        program = self.program
        values = self.point.environment(point, self.point.numbers.time)
        candidate = examine(values, program.second_order, program.system.domains, program.growth)
        self.point.undecided |= candidate.status is Status.UNRESOLVED
        self.point.undecided |= any(r is not None and r.margin.contains(0) for r in candidate.rises)
        return candidate

    def play(self, candidate: Candidate) -> Play | None:
        """The strategy of a solution when everybody plays it; None if it is the response itself."""
        given = self.program.given
        if given is None or self.point.typed:
            return None
        return Play(given, candidate.values, self.point.single)

    def _exists(self, candidate: Candidate) -> bool:
        play = self.play(candidate)
        return play is None or play.refused() is None

    def _degenerate(self) -> Answer:
        """Where a block has no isolated solutions: infinite expectations come first."""
        for candidate in self.candidates:
            if candidate.status in (Status.INFINITE_VARIANCE, Status.UNSTABLE):
                reason = "; ".join(candidate.failed)
                sentence_ = NONE_ADMISSIBLE.format(reasons=reason)
                decision = Decision(candidate.status, sentence_)
                roots = self._roots(self.candidates, self.found, decision)
                return self.point.refused(candidate.status, sentence_, roots)
        self.point.undecided = True
        return self.point.refused(Status.DEGENERATE, self.point.solutions.degenerate)

    def _singular(
        self, candidate: Candidate, reason: str, roots: tuple[dict[str, Any], ...]
    ) -> Answer:
        """Where the response determines no strategy: none at all, or a line of them."""
        from eqsolve.arithmetic.number import UndecidedError
        from eqsolve.arithmetic.singular import described, solutions

        given = self.program.given
        assert given is not None
        size = len(given.letters)
        entries = given.fixed.within(candidate.values)
        rows = [entries[i * size : (i + 1) * size] for i in range(size)]
        try:
            found = solutions(rows, [entries[size * size :]])
        except UndecidedError:
            return self.point.refused(Status.DEGENERATE, reason, roots)
        if not found.directions:
            return self.point.refused(Status.DEGENERATE, reason, roots)

        def shown(letters: tuple[arb, ...]) -> tuple[arb, ...]:
            values = {**candidate.values, **dict(zip(given.letters, letters))}
            return tuple(v for f in self.program.strategy for v in f.monomials.code.within(values))

        through = tuple(None if p is None else shown(p) for p in found.through)
        found = replace(found, through=through, directions=tuple(map(shown, found.directions)))
        names = [
            f"{form.control}.{name}"
            for form in self.program.strategy
            for name in form.monomials.names
        ]
        words, line = described(found, "the strategy's coefficients", ", ".join(names))
        return self.point.refused(
            Status.DEGENERATE, f"{reason} {sentence(words)}", roots, line.get("solutions", {})
        )

    @property
    def follows(self) -> bool:
        """Whether the rule integrates finite horizons from their payoffs."""
        program = self.program
        to_choose = self.point.selection != "value" and program.limit is None
        return to_choose and program.terminal is not None

    def rules(self) -> dict[str, Rule]:
        """By name of the selection; raises InputError where the user asked for none of them."""
        if self.program.limit is None:
            limit = by_limit(self.program, self.point.parameters)
        else:
            limit = by_size(self.program)
        rules = {"limit": limit, "value": self._value}
        rules["stabilizing"] = rules["limit"]
        if self.point.selection not in rules:  # of the user
            raise self.point.error(
                f"there is no selection {self.point.selection!r}.",
                f"Choose one of {', '.join(rules)}.",
            )
        return rules

    def _value(self, candidates: Sequence[Candidate]) -> tuple[int | None, str]:
        """The rule ``value``: the best value of the first player at the given state."""
        if not self.program.values:
            return None, "Adjoints give no value to select by."
        first = self.program.values[0]
        existing = [i for i, c in enumerate(candidates) if self._exists(c)]
        chosen = existing or list(range(len(candidates)))
        values = {i: first.sign * first.code.within(candidates[i].values)[0] for i in chosen}
        best = max(values, key=lambda i: center(values[i]))
        if any(not values[best] > v for i, v in values.items() if i != best):
            return None, "The best value at this state is not unique."
        those = ", of those that everybody can play," if self.program.given is not None else ""
        return best, (
            f"Of {len(candidates)} admissible solutions the one with the best value at the "
            f"state{those} is selected."
        )

    def _roots(
        self,
        candidates: Sequence[Candidate],
        solutions: Sequence[Solution],
        decision: Decision,
    ) -> tuple[dict[str, Any], ...]:
        names = (*self.program.system.unknowns, *self.program.system.implicit)
        outputs = {
            name: inner
            for name, code in self.program.outputs
            if not {*(inner := code.at(self.point.parameters)).arguments} & {*self.program.states}
        }
        return tuple(
            {
                **{s: center(c.values[s]) for s in names if s in solution.values},
                "admissible": c.admissible,
                "selected": i == decision.selected,
                "multiplicity": solution.multiplicity,
                **({"outputs": self._outputs(outputs, c.values)} if outputs else {}),
                **({"rejected": "; ".join(c.failed)} if c.failed else {}),
                **(
                    {"growth": [center(a) for a in c.abscissa if a is not None]}
                    if c.abscissa
                    else {}
                ),
            }
            for i, (c, solution) in enumerate(zip(candidates, solutions))
        )

    def _outputs(self, codes: Mapping[str, Code], values: Mapping[str, arb]) -> dict[str, float]:
        """Declared results at a solution, as far as it is known."""
        found = {name: code.within(values)[0] for name, code in codes.items()}
        return {name: center(value) for name, value in found.items() if value.is_finite()}


def _position(solution: Solution) -> list[float]:
    """Where a solution stands among others."""
    return [center(ball(value)) for value in solution.roots.values()]


def sentence(text: str) -> str:
    """A text that begins with a capital; the letters of a game stay as they are."""
    return text[:1].upper() + text[1:]
