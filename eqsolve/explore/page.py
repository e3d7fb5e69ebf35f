"""The page of a game on which its parameters can be moved."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import sympy as sp
from markupsafe import Markup, escape

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.problem import Others
from eqsolve.errors import InputError
from eqsolve.explore.bundle import Bundle, bundle, template
from eqsolve.explore.ranges import Range, around
from eqsolve.explore.reference import Solved, curve
from eqsolve.explore.types import VALUE, Players
from eqsolve.game import Model
from eqsolve.inputs import WEIGHT
from eqsolve.program.make import program
from eqsolve.program.program import TIME
from eqsolve.rows import Types
from eqsolve.site.fonts import embedded
from eqsolve.site.game_notation import joined, notation
from eqsolve.site.game_page import Part, Shown
from eqsolve.site.page import environment
from eqsolve.site.symbols import Meaning
from eqsolve.site.typeset import heading, mathematics
from eqsolve.site.values import Origin
from eqsolve.solve.solve import answered
from eqsolve.solve.types import solve_types
from eqsolve.status import Status
from eqsolve.verify.models import Variant
from eqsolve.writing.stage import Stage
from eqsolve.writing.writer import Writing

#: Points of a certified curve, and of one on a page beside a report.
POINTS, SHORT = 25, 9
#: The stages of a derivation that solve the equations, and that have the form of the value.
SOLUTION, ANSATZ = "solution", "ansatz"
#: Where a state stands, if nothing else is said.
STATE = "1"
#: Letters that every solution is shown with.
SHOWN = 4


@dataclass(frozen=True)
class Control:
    """A slider with a field for exact entry."""

    name: str
    symbol: Markup
    meaning: str
    value: str
    across: Range
    group: str
    own: bool


@dataclass(frozen=True)
class Explored:
    """Everything on the page of one model.

    Attributes
    ----------
    title, source : what the page is called, and where the problem comes from.
    derivation : of the model.
    cases : named sets of parameters, exact, as texts by name.
    start : the set or the parameters that the page starts at, and certified curves belong to.
    points : of a certified curve; none for 0.
    types : of players with types of their own; None for other games.
    """

    title: str
    source: str
    derivation: Derivation
    cases: Mapping[str, Mapping[str, str]]
    start: Mapping[str, str]
    points: int = POINTS
    types: Types | None = None

    @property
    def model(self) -> Model:
        """What is solved."""
        return self.derivation.model

    @cached_property
    def bundle(self) -> Bundle:
        """The script."""
        return bundle(self.derivation, self.types)

    @cached_property
    def part(self) -> Part:
        """The written derivation."""
        return Part(Variant(self.model, ""), self.derivation, Writing(self.derivation), {}, (), "")

    @cached_property
    def controls(self) -> tuple[Control, ...]:
        """One slider for every input."""
        letters = {letter.name: letter for letter in self.model.vocabulary}
        parameters = {letter.name for letter in self.model.vocabulary.parameters}
        found, players = [], self.bundle.players
        of_players = {} if players is None else players.inputs
        for name in self.bundle.inputs:
            if name == TIME:
                found += self._time()
                continue
            inner, k = of_players.get(name, (name, 0))
            letter = letters.get(inner)
            own = inner in parameters
            value = self.start.get(name, "" if own else STATE)
            if not value:
                raise InputError(
                    f"{name} is missing.",
                    game=self.model.name,
                    stage="explore",
                    remedy="Give every parameter, or a named set.",
                )
            domain = sp.S.Reals if letter is None else letter.domain
            group = "parameters" if own else "state"
            group = f"player {k}" if k and own else group
            meaning = "" if letter is None else letter.meaning
            across = around(domain, float(sp.Rational(value)))
            symbol = self.of_player(sp.Symbol(inner) if letter is None else letter.symbol, k)
            found.append(Control(name, symbol, meaning, value, across, group, own))
        return tuple(found)

    def of_player(self, expression: sp.Expr, k: int) -> Markup:
        """A letter as a formula, with the number of a player; 0 for what all have in common."""
        if not k:
            return self.part.symbol(expression)
        return mathematics(f"{{{self.part.tex(expression)}}}_{{{k}}}")

    def _time(self) -> list[Control]:
        """The slider of the time, where there is an end."""
        end = self.model.game.horizon.end
        if end is None:
            return []
        numbers = {s: sp.Rational(self.start[s.name]) for s in end.free_symbols}
        last = float(end.xreplace(numbers))
        across = replace(around(sp.Interval(0, last), last / 2), low=0.0, high=last)
        symbol = self.part.symbol(sp.Symbol(TIME))
        return [Control(TIME, symbol, "time", "0", across, "state", False)]

    # ---------------------------------------------------------- equations

    @cached_property
    def stages(self) -> tuple[tuple[Stage, tuple[tuple[str, Shown], ...]], ...]:
        """The written stages, every display with its anchor."""
        found = []
        for stage in self.part.writing.stages:
            shown = (self.part.shown(display) for display in stage.displays)
            own = tuple((f"{stage.key}-{k}", one) for k, one in enumerate(shown, 1))
            found.append((stage, own))
        return tuple(found)

    @property
    def keys(self) -> set[str]:
        """The names of the stages."""
        return {stage.key for stage, _ in self.stages}

    @cached_property
    def anchors(self) -> dict[str, str]:
        """By letter, the last display that has it alone on its left, or the one that is of it."""
        alone: dict[str, str] = {}
        among: dict[str, str] = {}
        for stage in self.part.writing.stages:
            for k, display in enumerate(stage.displays, 1):
                anchor = f"{stage.key}-{k}"
                lefts = (line.left for line in display.lines)
                alone |= {s.name: anchor for s in lefts if isinstance(s, sp.Symbol)}
                if stage.key == SOLUTION:
                    among |= {s.name: anchor for s in display.prose if isinstance(s, sp.Symbol)}
        return among | alone

    @property
    def notations(self) -> list[Meaning]:
        """What the letters mean, and where the solution defines them."""
        return joined([notation(self.derivation, self.part.symbol, f"{SOLUTION}-1")])

    # ---------------------------------------------------------- columns

    @property
    def columns(self) -> list[dict[str, str]]:
        """What the page says of every column: its label, its group and its equation."""
        players = self.bundle.players
        return self._of_one if players is None else [*self._of_players(players)]

    def _of_players(self, players: Players) -> Iterator[dict[str, str]]:
        """The same where there is a column for every player."""
        names, fixed = self.part.names, self.derivation.fixed
        atoms = self.derivation.closure.aggregates if fixed is None else fixed.totals
        averages = {symbol.name: atom for symbol, atom in atoms.items()}
        for column, (group, inner, k) in players.columns.items():
            control, *rest = column.split(f"_{k}_", 1) if group == "strategy" else (inner,)
            label = self.of_player(names[control], k) if control in names else escape(control)
            if control in averages:
                label = self._average(averages[control])
            words = ""
            if rest:
                state, _, j = rest[0].rpartition("_")
                what = Markup("constant")
                if state in names:
                    what = self.of_player(names[state], int(j))
                elif rest[0] in names and rest[0] != "1":
                    what = self.of_player(names[rest[0]], k)
                label = Markup("{}: {}").format(label, what)
                words = f"{control}_{k}: {'constant' if rest == ['1'] else rest[0]}"
            elif control not in names and control == VALUE:
                label = mathematics(f"{control}_{{{k}}}")
            elif control not in names and k:
                label = Markup("{} of player {}").format(control, k)
            row = {"name": column, "label": str(label), "words": words, "group": group}
            yield {**row, "anchor": self.anchors.get(control, "")}

    def _average(self, atom: Others) -> Markup:
        """What is averaged over all players as a formula; a share of each for a higher power."""
        game, tex = self.model.game, self.part.tex(atom.expression)
        share = "" if game.crowd is None or atom.power == 1 else self.part.tex(game.crowd.share)
        return mathematics(rf"\mathrm{{E}}[{share}{' ' if share else ''}{tex}]")

    @property
    def _of_one(self) -> list[dict[str, str]]:
        controls = {control.name for control in self.model.game.controls}
        names, found = self.part.names, []
        system = self.derivation.system
        letters = (*system.unknowns, *system.implicit, *system.feedback, *self.derivation.explicit)
        coefficients = {s.name for s in letters}
        seen: set[str] = set()
        for column in self.bundle.columns:
            owner = next((c for c in controls if column.startswith(f"{c}_")), "")
            monomial = column.removeprefix(f"{owner}_")
            words = alone = ""
            if owner and monomial in names and not seen & coefficients:
                what = Markup("constant") if monomial == "1" else self.part.named(monomial)
                label = Markup("{}: {}").format(self.part.named(owner), what)
                group = "strategy"
                words = f"{owner}: {'constant' if monomial == '1' else monomial}"
            else:
                seen.add(column)
                value = column == "V" or column.startswith("V_")
                label = mathematics(column) if value else self.part.named(column)
                group = "coefficients" if column in coefficients else "at the state"
                alone = f"{ANSATZ}-1" if value and ANSATZ in self.keys else ""
            anchor = self.anchors.get(owner or column, alone)
            row = {"name": column, "label": str(label), "words": words, "group": group}
            found.append({**row, "anchor": anchor})
        return found

    # ---------------------------------------------------------- the page

    def reference(self) -> dict[str, Any]:
        """Certified curves against every parameter and the time."""
        if not self.points:
            return {}
        made = program(self.derivation, self.model)
        known = {c.name for c in self.controls if c.own or c.name == TIME}
        values = {k: v for k, v in self.start.items() if k in known}
        solved: Solved = partial(answered, made)
        if self.types is not None:
            size = len(self.types.weights) if all(self.types.shares) else None
            solved = partial(solve_types, made, size=size)
            values |= {f"{WEIGHT}_{k}": str(w) for k, w in enumerate(self.types.weights, 1)}
        return {
            c.name: curve(solved, values, c.name, c.across, self.points)
            for c in self.controls
            if c.name in known
        }

    def data(self, origins: Mapping[str, Origin]) -> dict[str, Any]:
        """What the script of the page reads."""
        cited = {
            name: [[f"({o.number})", o.equation], *([["theorem", o.theorem]] if o.theorem else [])]
            for name, o in origins.items()
        }
        return {
            "inputs": self.bundle.inputs,
            "states": self.bundle.states,
            "start": {c.name: c.value for c in self.controls},
            "symbols": {c.name: str(c.symbol) for c in self.controls},
            "ranges": {c.name: [c.across.low, c.across.high] for c in self.controls},
            "cases": self.cases,
            "columns": [{**c, "cited": cited.get(c["name"], [])} for c in self.columns],
            "needs": self.bundle.needs,
            "roots": self._roots,
            "statuses": {int(s): [s.label, s.meaning] for s in Status},
            "reference": self.reference(),
        }

    @property
    def _roots(self) -> list[dict[str, Any]]:
        """Of the first letters: label, place among the numbers of a solution, and equation."""
        names = self.part.names
        columns = self.bundle.model["columns"]
        places = [k for k, letter in enumerate(self.bundle.model["letters"]) if letter][:SHOWN]
        return [
            {
                "label": str(self.part.named(columns[k]) if columns[k] in names else columns[k]),
                "place": k,
                "anchor": self.anchors.get(columns[k], ""),
            }
            for k in places
        ]

    def render(self, version: str, origins: Mapping[str, Origin] | None = None) -> str:
        """The page as HTML; equal contents give equal text.

        Parameters
        ----------
        version : of eqsolve.
        origins : by column, what the pages of a report beside this one say of it.
        """
        made = environment(version, "", {})
        data = json.dumps(self.data(origins or {}), allow_nan=False).replace("</", "<\\/")
        page = f"const PAGE = {data};"
        parts = (self.bundle.text, page, template("explore.js"), template("symbols.js"))
        made.globals["script"] = Markup("\n".join(parts))
        made.globals["style"] = Markup(template("report.css") + template("explore.css"))
        groups: dict[str, list[Control]] = {}
        for control in self.controls:
            groups.setdefault(control.group, []).append(control)
        text = made.get_template("explore.html.jinja").render(
            title=heading(self.title),
            source=self.source,
            name=self.model.name,
            groups=groups,
            cases=list(self.cases),
            strategy=[(c["name"], c["words"]) for c in self.columns if c["words"]],
            stages=self.stages,
            notations=self.notations,
            points=self.points,
        )
        return embedded(text)
