"""The page of a declared game: every structure it offers, as a paper would state and solve it."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement, groupby
from pathlib import Path
from typing import Any

import sympy as sp
from markupsafe import Markup, escape

from eqsolve.derivation.derivation import Derivation, derive
from eqsolve.game import Model
from eqsolve.game.parameters import read
from eqsolve.latex.nodes import BREAK
from eqsolve.ledger import Line
from eqsolve.site.fonts import embedded
from eqsolve.site.game_figure import Strategy, draw, examples
from eqsolve.site.game_notation import joined, notation
from eqsolve.site.page import KINDS, REFUSED, environment, overview, template, used
from eqsolve.site.symbols import Meaning, explained, letters
from eqsolve.site.typeset import Formula, laid, mathematics, number
from eqsolve.solve.answer import Answer
from eqsolve.solve.solve import solve
from eqsolve.verify.check import Check
from eqsolve.verify.models import Variant
from eqsolve.verify.report import Report, failed
from eqsolve.writing.stage import Display, Prose, Stage
from eqsolve.writing.writer import Writing, headline

#: Width available to a formula on the page, in em.
ROOM = 40.0
#: Highest degree of a monomial of the states that a table names by a formula.
_DEGREE = 4
#: The words for the level of a structure's proof.
LEVELS = {
    "proved": "of a structure of a game: every statement was decided in exact arithmetic",
    "conditional": "the same but for inequalities between coefficients, which the statement names",
    "open": "a statement could not be decided; the page says which",
    "fails": "a check fails",
}
NOTIONS = {
    "feedback": "Nash equilibrium in feedback strategies",
    "open-loop": "Nash equilibrium in open-loop strategies",
    "given": "Equilibrium with given aggregates",
    "planner": "The planner's solution",
}


@dataclass(frozen=True)
class Shown:
    """A display of the page."""

    prose: Markup
    lines: tuple[Formula, ...]


@dataclass(frozen=True)
class Row:
    """One quantity of the table of numbers, one cell a named set."""

    label: Markup
    cells: tuple[Markup, ...]
    group: str


@dataclass(frozen=True)
class Roots:
    """All solutions of a stationary system at one named set."""

    case: str
    names: tuple[Markup, ...]
    rows: tuple[tuple[tuple[Markup, ...], str], ...]


@dataclass(frozen=True)
class Part:
    """One structure of the game: its derivation, its numbers, its figure and its checks."""

    variant: Variant
    derivation: Derivation
    writing: Writing
    answers: Mapping[str, Answer]
    checks: tuple[Check, ...]
    anchor: str

    @property
    def model(self) -> Model:
        """What is solved."""
        return self.variant.model

    @property
    def title(self) -> str:
        """The notion and the number of players in words."""
        game = self.model.game
        if game.crowd is None and len(game.players) == 1:
            several = len(game.players[0].preference.moments) > 1
            return "Equilibrium without commitment" if several else "Optimal strategy"
        if game.crowd is None:
            return NOTIONS[game.notion]
        size = game.crowd.size
        if game.notion == "planner" and size is None:
            return NOTIONS[game.notion]
        return f"{NOTIONS[game.notion]}, {'a continuum of' if size is None else size} players"

    # ------------------------------------------------------------- formulas

    def tex(self, expression: sp.Expr) -> str:
        """LaTeX of an expression in the author's letters."""
        return self.writing.renderer.written(expression).replace(BREAK, "")

    def symbol(self, expression: sp.Expr) -> Markup:
        """An expression as a formula in a line of text."""
        return mathematics(self.tex(expression))

    def prose(self, prose: Prose) -> Markup:
        """A sentence with its formulas."""
        parts = (escape(p) if isinstance(p, str) else self.symbol(p) for p in prose)
        return Markup("").join(parts)

    def shown(self, display: Display) -> Shown:
        """A display in pieces that a narrow page can break."""
        renderer = self.writing.renderer
        lines = (
            self._explained(line)
            for place, given in enumerate(display.lines, 1)
            for line in renderer.fitted(given, ROOM, place)
        )
        return Shown(self.prose(display.prose), tuple(lines))

    def _explained(self, line: Line) -> Formula:
        """A line whose letters say what they mean."""
        written = self.writing.renderer.written
        shown = laid(written(line.left), line.relation, written(line.right))
        known = (line.left.free_symbols | line.right.free_symbols) & self.notation.keys()
        return explained(shown, letters(sorted(known, key=str), self.tex))

    @cached_property
    def stages(self) -> tuple[tuple[Stage, tuple[Shown, ...]], ...]:
        """The derivation from the problem to the solution and its conditions."""
        return tuple(
            (stage, tuple(map(self.shown, stage.displays))) for stage in self.writing.stages
        )

    @cached_property
    def notation(self) -> dict[sp.Symbol, Meaning]:
        """What the letters mean."""
        return notation(self.derivation, self.symbol, f"{self.anchor}-solution")

    # -------------------------------------------------------------- numbers

    @cached_property
    def names(self) -> dict[str, sp.Expr]:
        """Letters and monomials of the states by their names in answers."""
        system = self.derivation.system
        states = (*self.derivation.systems[0].problem.states, *self.model.game.state_symbols)
        states += tuple(law.symbol for law in self.model.game.laws)
        found: dict[str, sp.Expr] = {"1": sp.S.One}
        for degree in range(1, _DEGREE + 1):
            for factors in combinations_with_replacement(dict.fromkeys(states), degree):
                name = "".join(s.name for s in factors)
                found.setdefault(name, sp.Mul(*factors))
        own = (*system.unknowns, *system.implicit, *system.feedback, *self.model.game.controls)
        letters = (letter.symbol for letter in self.model.vocabulary)
        return found | {s.name: s for s in (*letters, *own, *states)}

    def named(self, name: str) -> Markup:
        """A name of an answer as a formula where it is one."""
        head, _, tail = name.rpartition(" ")
        if head in ("mean", "variance") and tail in self.names:
            return Markup("{} of {}").format(head, self.symbol(self.names[tail]))
        return self.symbol(self.names[name]) if name in self.names else escape(name)

    @property
    def rows(self) -> Iterator[Row]:
        """Parameters, outcome and results at all named sets."""
        cases = [self.variant.values(case) for case in self.answers]
        for name in dict.fromkeys(key for case in cases for key in case):
            given = (escape(text(case[name])) if name in case else Markup("") for case in cases)
            yield Row(self.named(name), tuple(given), "parameters and start")
        yield Row(Markup("status"), self.each(lambda a, _: escape(a.status.label)), "result")
        if self.writing.solution.explosions:
            label = Markup("finite on horizons below {}").format(mathematics("T^{*}"))
            yield Row(label, self.each(lambda _, case: self.longest(case)), "result")
        elif any(answer.explosion is not None for answer in self.answers.values()):
            label = Markup("explodes on the horizon {}").format(mathematics("T^{*}"))
            yield Row(label, self.each(lambda a, _: number(a.explosion)), "result")
        for group in ("strategy", "value"):
            yield from self._of(group)
        for group in ("coefficients", "outputs", "laws", "at"):
            keys = self._keys(getattr(a, group) for a in self.answers.values())
            for key in keys:
                if group == "at" and key in self.names:
                    continue
                cells = self.each(lambda a, case: self._cell(getattr(a, group).get(key), key, case))
                # objectives and values at a point have the engine's letters
                label = mathematics(key) if group == "at" else self.named(key)
                yield Row(label, cells, "at the start" if group == "at" else group)

    def longest(self, case: str) -> Markup:
        """The first horizon on which a coefficient explodes, from the formulas of the solution."""
        numbers = read(self.model, self.variant.values(case)).parameters
        exact = {s: sp.Rational(v.numerator, v.denominator) for s, v in numbers.items()}
        for name, definition in self.derivation.solved.game.definitions.items():
            exact[name] = definition.xreplace(exact)
        times = [e.time.xreplace(exact) for e in self.writing.solution.explosions]
        known = [sp.N(time, 15) for time in times if not time.free_symbols]
        first = min((float(time) for time in known), default=math.nan)
        return Markup("\u221e") if first == math.inf else number(first)

    @property
    def groups(self) -> list[tuple[str, list[Row]]]:
        """The rows under their headings."""
        return [(group, list(rows)) for group, rows in groupby(self.rows, lambda row: row.group)]

    def _of(self, group: str) -> Iterator[Row]:
        """The rows of a table of tables: coefficients by monomial, by control or by player."""
        tables = [getattr(answer, group) for answer in self.answers.values()]
        owners = self._keys(tables)
        # one player's value needs no name
        plain = group == "value" and len(owners) == 1
        for owner in owners:
            for key in self._keys(table.get(owner, {}) for table in tables):
                cells = self.each(
                    lambda a, case: self._cell(getattr(a, group).get(owner, {}).get(key), "", case)
                )
                what = Markup("constant") if key == "1" else self.named(key)
                label = what if plain else Markup("{}: {}").format(self.named(owner), what)
                yield Row(label, cells, group)

    @staticmethod
    def _keys(tables: Iterable[Mapping[str, Any]]) -> list[str]:
        return list(dict.fromkeys(key for table in tables for key in table))

    def each(self, cell: Any) -> tuple[Markup, ...]:
        """One cell for every named set."""
        return tuple(Markup(cell(answer, case)) for case, answer in self.answers.items())

    def _cell(self, value: Any, name: str, case: str) -> Markup:
        """A number, and beside it what the literature prints."""
        if value is None:
            return Markup("")
        shown = number(value) if isinstance(value, float) else escape(value)
        known = self.model.reference.get(case, {}).get(name)
        if known is None:
            return shown
        text = known.replace("-", "\u2212")
        return shown + Markup('<span class="note">known: {}</span>').format(text)

    @property
    def roots(self) -> Iterator[Roots]:
        """Every real solution of a stationary system, and what was decided of it."""
        system = self.derivation.system
        letters = [s.name for s in (*system.unknowns, *system.implicit)]
        for case, answer in self.answers.items():
            if not answer.roots:
                continue
            rows = []
            for root in answer.roots:
                verdict = "selected" if root["selected"] else root.get("rejected", "not selected")
                rows.append((tuple(number(root[name], 8) for name in letters), verdict))
            yield Roots(case, tuple(map(self.named, letters)), tuple(rows))

    def figure(self, path: Path) -> Markup:
        """Draw the strategy at the first set of parameters where it has a figure.

        The sets are the named ones; a game without any is drawn at round numbers.

        Returns
        -------
        Markup
            The caption; empty if there is no figure.
        """
        for told, values, answer in self._pictured():
            curves = Strategy(self.derivation, values, answer).figure()
            if curves is None:
                continue
            draw(curves, path, self.tex)
            what = Markup("over time")
            if curves.parameter is not None:
                what = Markup("at the start against {}").format(
                    self.symbol(curves.parameter.symbol)
                )
            return Markup("The strategy {} {}.").format(what, told)
        return Markup("")

    def _pictured(self) -> Iterator[tuple[Markup, Mapping[str, object], Answer]]:
        """Parameters in words, their values and the answer there."""
        for case, answer in self.answers.items():
            told = Markup("at the set <i>{}</i>").format(case)
            yield told, self.variant.values(case), answer
        if not self.answers:
            for values, answer in examples(self.variant):
                words = (
                    Markup("{} = {}").format(self.named(name), value)
                    for name, value in values.items()
                )
                yield Markup("at {}").format(Markup(", ").join(words)), values, answer

    # ------------------------------------------------------------ the proof

    @cached_property
    def verification(self) -> dict[str, Any]:
        """The checks as rows."""
        return Report(self.checks, "", {}).to_dict()

    @property
    def proof(self) -> tuple[str, str]:
        """The level of the proof as a word, and a sentence."""
        exact = [c for c in self.checks if c.kind == "exact"]
        bad = sum(map(failed, self.checks))
        open_ones = [c for c in exact if c.refused]
        if bad:
            return "fails", f"{bad} of {len(self.checks)} checks fail."
        if open_ones and all(c.conditions for c in open_ones):
            where = "; ".join(f"{c.name} where {' and '.join(c.conditions)}" for c in open_ones)
            return "conditional", f"Proved but for a condition: {where}."
        if not exact or open_ones:
            remains = "; ".join(f"{c.name} ({c.note.rstrip('.')})" for c in open_ones)
            return "open", f"What remains to be shown: {remains or 'everything'}."
        return "proved", (
            "The functions solve the equations and take their terminal values, every unknown has "
            "an equation, and the second-order condition was decided, in exact arithmetic."
        )


@dataclass(frozen=True)
class Pictured:
    """A part with what was written for it.

    Attributes
    ----------
    image, caption : of the figure, as a data URI; empty if there is none.
    theorems : the files of Coq beside the page, with the number of theorems in each.
    """

    part: Part
    image: str = ""
    caption: Markup = Markup("")
    theorems: tuple[tuple[str, int], ...] = ()


def part(variant: Variant, checks: Sequence[Check], anchor: str) -> Part:
    """Derive and solve one structure at its named sets.

    Raises
    ------
    EqsolveError
        As ``derive`` and ``solve``.
    """
    model = variant.model
    derivation = derive(model)
    answers = {case: solve(model, variant.values(case)) for case in model.cases}
    return Part(variant, derivation, Writing(derivation), answers, tuple(checks), anchor)


def pictured(part: Part, folder: Path) -> Pictured:
    """Draw the figure of a part into a folder, if it has one."""
    path = folder / f"{part.anchor}.svg"
    caption = part.figure(path)
    if not caption:
        return Pictured(part)
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return Pictured(part, f"data:image/svg+xml;base64,{data}", caption)


def render(
    model: Model,
    parts: Sequence[Pictured],
    provenance: Iterable[tuple[str, str]],
    version: str,
    learned: Mapping[str, Any] | None = None,
) -> str:
    """Return the page as HTML; equal contents give equal text.

    ``learned`` is a record of ``eqsolve.learn.record``.
    """
    checks = [row for p in parts for row in p.part.verification["checks"]]
    made = environment(version, "index.html", {})
    text = made.get_template("game.html.jinja").render(
        headline=headline(model),
        model=model,
        parts=parts,
        notations=joined(p.part.notation for p in parts),
        script=Markup(template("symbols.js")),
        overview=overview,
        kinds=used(KINDS, (check["kind"] for check in checks)),
        total=len(checks),
        passed=sum(check["verdict"] == "pass" for check in checks),
        failed=sum(check["verdict"] == "fail" for check in checks),
        refused=sum(check["verdict"] == REFUSED for check in checks),
        provenance=list(provenance),
        learned=learned,
    )
    return embedded(text)


def text(value: object) -> str:
    """A parameter's value as it was written."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(text, value))}]"
    return str(value).replace("-", "\u2212")
