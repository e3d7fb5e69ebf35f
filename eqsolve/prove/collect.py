"""All theorems about a game, in chapters, and what is not stated, with the reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import sympy as sp

from eqsolve.derivation.cooperation import Cooperation
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.fixed_point import FixedPoint
from eqsolve.derivation.hjb import ExtendedHJB
from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.solution import solve
from eqsolve.derivation.solve.step import Explicit, Root, Roots, Solution
from eqsolve.errors import DerivationError, EqsolveError
from eqsolve.ledger import Display
from eqsolve.notated.published import Published
from eqsolve.prove import adjoints, family, generator, problem, second_order, together
from eqsolve.prove.algebraic import Known, theorem
from eqsolve.prove.coq import NotStatedError, Source, Writer, source
from eqsolve.prove.displays import Displayed
from eqsolve.prove.needless import WITHIN, Need, lean
from eqsolve.prove.numbers import numbers
from eqsolve.prove.paths import Paths
from eqsolve.prove.problem import Faced
from eqsolve.prove.statement import Maker, Relation, Theorem, identifier
from eqsolve.prove.witness import VacuousError

#: Theorems of one file: files are checked side by side.
LONGEST = 12

SIGNS = "the second-order condition"
SYSTEM = "the system of the coefficients is the extended HJB system"


class NothingToProveError(EqsolveError):
    """A game has nothing that could be stated."""


@dataclass(frozen=True)
class Chapter:
    """Theorems that belong together."""

    name: str
    title: str
    theorems: tuple[Theorem, ...]


@dataclass(frozen=True)
class Proofs:
    """What is proved of a game, and what is not.

    Attributes
    ----------
    game : its name.
    chapters : the theorems.
    missing : sentences about what is not proved formally, with the reason.
    structure : words for the notion and the size, where they are not the game's first.
    displays : the equations of a source that are established by algebra.
    stated : the theorems that one of them consists of, by its number, where everything that it
        says is stated.
    """

    game: str
    chapters: tuple[Chapter, ...]
    missing: tuple[str, ...]
    structure: tuple[str, ...] = ()
    displays: tuple[Display, ...] = ()
    stated: Mapping[str, tuple[Theorem, ...]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The name with the words for the structure."""
        return " ".join((self.game, *self.structure))

    @property
    def theorems(self) -> tuple[Theorem, ...]:
        """All theorems."""
        return tuple(theorem for chapter in self.chapters for theorem in chapter.theorems)

    def lean(self, within: float = WITHIN) -> tuple[Proofs, list[Need]]:
        """The same without needless assumptions, and what is known of each assumption.

        Parameters
        ----------
        within : seconds that the search may take.

        Raises
        ------
        MissingCoqError
            If Coq is not installed.
        """
        theorems, needs = lean(self.theorems, within)
        found = {one.name: one for one in theorems}
        chapters = [
            replace(c, theorems=tuple(found[t.name] for t in c.theorems)) for c in self.chapters
        ]
        stated = {n: tuple(found[t.name] for t in some) for n, some in self.stated.items()}
        return replace(self, chapters=tuple(chapters), stated=stated), needs

    def sources(self) -> dict[str, Source]:
        """The files, by name, the library aside."""
        found = {}
        for chapter in self.chapters:
            parts = range(0, len(chapter.theorems), LONGEST)
            for number, start in enumerate(parts, 1):
                suffix = f"_{number}" if len(parts) > 1 else ""
                name = f"{identifier(self.label)}_{chapter.name}{suffix}"
                some = chapter.theorems[start : start + LONGEST]
                found[name] = source(f"{self.label}: {chapter.title}", some)
        return found


def of_declared(derivation: Derivation) -> Proofs:
    """The theorems about a declared game.

    Raises
    ------
    NothingToProveError
        If there are none.
    """
    collected = _Collected(derivation.model.game.name)
    if all(isinstance(system, Cooperation) for system in derivation.systems):
        collected.add("system", SYSTEM, together.theorems(derivation))
    elif all(isinstance(system, ExtendedHJB) for system in derivation.systems):
        collected.systems(problem.faced(derivation))
    else:
        title = "the system of the coefficients is that of the adjoints"
        collected.add("system", title, adjoints.theorems(derivation))
    solution = solve(derivation)
    if all(isinstance(system, ExtendedHJB) for system in derivation.systems):
        if all(isinstance(system, Cooperation) for system in derivation.systems):
            collected.add("signs", SIGNS, together.signs(derivation))
        else:
            known = _steps(solution)[0] if derivation.stationary else {}
            collected.signs(problem.faced(derivation), known)
    if derivation.stationary:
        collected.add(
            "solution",
            "the closed forms solve the equations of the coefficients",
            _solving(derivation, solution),
        )
    else:
        collected.add(
            "solution",
            "the closed forms move at the rates of the coefficients and end at the payoffs",
            Paths(derivation, solution).theorems(),
        )
    if derivation.fixed is not None:
        title = "the strategy is the response to itself"
        collected.add("equilibrium", title, _fixed_point(derivation.fixed))
    return collected.proofs()


def of_family(model: Published, only: Collection[str] = ()) -> Proofs:
    """The theorems about a game of the mean-variance family.

    Parameters
    ----------
    only : chapters; all of them by default.

    Raises
    ------
    NothingToProveError
        If there are none.
    """
    collected = _Collected(model.name, only)
    faced = problem.of_family(model.derivation)
    collected.systems([faced])
    collected.signs([faced], family.known(model.derivation.response).definitions)
    for chapter in family.chapters(model):
        collected.add(*chapter)
    collected.cite(numbers(model))
    collected.show(model)
    return collected.proofs()


class _Collected:
    """Collects chapters and what is missing."""

    def __init__(self, game: str, only: Collection[str] = ()) -> None:
        self.only = only
        self.game, self.chapters, self.missing = game, list[Chapter](), list[str]()
        self.displays: list[Display] = []
        self.stated: dict[str, tuple[Theorem, ...]] = {}

    def proofs(self) -> Proofs:
        if not self.chapters:
            raise NothingToProveError(
                f"nothing is stated. {' '.join(self.missing)}", game=self.game, stage="proofs"
            )
        return Proofs(
            self.game,
            tuple(self.chapters),
            tuple(self.missing),
            displays=tuple(self.displays),
            stated=self.stated,
        )

    def cite(self, numbers: Mapping[str, str]) -> None:
        """Say which equation of a source the theorems so far are about."""
        self.chapters = [
            replace(
                chapter,
                theorems=tuple(
                    replace(t, source=t.source or numbers.get(t.name, "")) for t in chapter.theorems
                ),
            )
            for chapter in self.chapters
        ]

    def show(self, model: Published) -> None:
        """Add the numbered equations of a source."""
        if self.only and "displays" not in self.only:
            return
        found: dict[str, Theorem] = {}
        for display, theorems, reason in Displayed(model).stated():
            self.displays.append(display)
            found |= {t.name: t for t in theorems}
            if reason:
                label = f"({display.number}) " if display.is_numbered else ""
                self.missing.append(f"{label}{display.title}: {reason}")
            else:
                self.stated[display.number] = tuple(theorems)
        if found:
            self.chapters.append(
                Chapter("displays", "the numbered equations", tuple(found.values()))
            )

    def add(self, name: str, title: str, makers: Iterable[Maker | str]) -> None:
        if self.only and name not in self.only:
            return
        theorems = []
        for maker in makers:
            made = maker if isinstance(maker, str) else _made(maker)
            if isinstance(made, Theorem):
                theorems.append(made)
            else:
                self.missing.append(made)
        if theorems:
            self.chapters.append(Chapter(name, title, tuple(theorems)))

    def systems(self, problems: Iterable[Faced]) -> None:
        makers = (maker for faced in problems for maker in generator.theorems(faced))
        self.add("system", SYSTEM, makers)

    def signs(self, problems: Iterable[Faced], definitions: Mapping[sp.Symbol, sp.Expr]) -> None:
        makers = (m for faced in problems for m in second_order.theorems(faced, definitions))
        self.add("signs", SIGNS, makers)


def _made(maker: Maker) -> Theorem | str:
    try:
        made = maker()
        if isinstance(made, Theorem):
            if made.is_assumed:
                return f"{made.title}: nothing to prove, this is what defines the letters in it."
            Writer().theorem(made)  # functions that have no counterpart are said here
        return made
    except (NotStatedError, VacuousError, DerivationError) as error:
        return error.message


def _solving(derivation: Derivation, solution: Solution) -> Iterator[Maker]:
    """The coefficients of a stationary problem in their equations."""
    known, system = Known(*_steps(solution)), derivation.system
    # where rates are nested, the feedback's coefficients are letters with equations of their own
    conditions = {**system.implicit, **(system.conditions if system.nested else {})}
    equations = {c: ("its rate vanishes", rate) for c, rate in system.written.items()}
    equations |= {c: ("its first-order condition", e) for c, e in conditions.items()}
    for unknown, (which, expression) in equations.items():
        title = f"{unknown} solves its equation: {which}"
        name = f"solves_{identifier(unknown.name)}"
        shown = algebra.factored(expression)
        yield partial(theorem, name, title, Relation(shown, "="), known)


def _fixed_point(fixed: FixedPoint) -> Iterator[Maker]:
    """The coefficients of a strategy that is the response to what it gives on average."""
    known = Known(fixed.coefficients)
    for letter, equation in zip(fixed.coefficients, fixed.equations):
        title = f"{letter} is that of the response to the strategy's own averages"
        name = f"fixed_point_{identifier(letter.name)}"
        yield partial(theorem, name, title, Relation(equation, "="), known)


def _steps(solution: Solution) -> tuple[dict[sp.Symbol, sp.Expr], dict[sp.Symbol, sp.Expr]]:
    """Definitions and roots of a stationary solution."""
    definitions, roots = {}, {}
    for step in solution.steps:
        if isinstance(step, Explicit):
            definitions[step.symbol] = step.expression
        elif isinstance(step, Root):
            roots[step.symbol] = step.equation
        elif isinstance(step, Roots):
            roots |= dict(zip(step.symbols, step.equations, strict=True))
    return definitions, roots
