"""The page of a game on which its parameters can be moved."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, cast

import sympy as sp
from markupsafe import Markup

from eqsolve.derivation.derivation import Derivation, derived
from eqsolve.errors import InputError
from eqsolve.explore.bundle import Bundle, bundle, template
from eqsolve.explore.ranges import Range, around
from eqsolve.explore.reference import curve
from eqsolve.game import Model
from eqsolve.game.structure import build
from eqsolve.inputs import flattened
from eqsolve.places import Found
from eqsolve.program.make import program
from eqsolve.program.program import TIME
from eqsolve.site.fonts import embedded
from eqsolve.site.game_page import Part, Shown
from eqsolve.site.page import environment
from eqsolve.site.typeset import heading, mathematics
from eqsolve.site.values import Origin
from eqsolve.status import Status
from eqsolve.verify.models import FEW, Variant
from eqsolve.writing.stage import Stage
from eqsolve.writing.writer import Writing

#: Points of a certified curve, and of one on a page beside a report.
POINTS, SHORT = 25, 9
#: The stages of a derivation that solve the equations, and that have the form of the value.
SOLUTION, ANSATZ = "solution", "ansatz"
#: Where a state stands, if nothing else is said.
STATE = "1"


@dataclass(frozen=True)
class Control:
    """A slider with a field for exact entry."""

    name: str
    symbol: Markup
    meaning: str
    value: str
    across: Range
    group: str


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
    """

    title: str
    source: str
    derivation: Derivation
    cases: Mapping[str, Mapping[str, str]]
    start: Mapping[str, str]
    points: int = POINTS

    @property
    def model(self) -> Model:
        """What is solved."""
        return self.derivation.model

    @cached_property
    def bundle(self) -> Bundle:
        """The script."""
        return bundle(self.derivation)

    @cached_property
    def part(self) -> Part:
        """The written derivation."""
        return Part(Variant(self.model, ""), self.derivation, Writing(self.derivation), {}, (), "")

    @cached_property
    def controls(self) -> tuple[Control, ...]:
        """One slider for every input."""
        letters = {letter.name: letter for letter in self.model.vocabulary}
        parameters = {letter.name for letter in self.model.vocabulary.parameters}
        found = []
        for name in self.bundle.inputs:
            if name == TIME:
                found += self._time()
                continue
            letter = letters.get(name)
            own = name in parameters
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
            meaning = "" if letter is None else letter.meaning
            across = around(domain, float(sp.Rational(value)))
            symbol = self.part.symbol(sp.Symbol(name) if letter is None else letter.symbol)
            found.append(Control(name, symbol, meaning, value, across, group))
        return tuple(found)

    def _time(self) -> list[Control]:
        """The slider of the time, where there is an end."""
        end = self.model.game.horizon.end
        if end is None:
            return []
        numbers = {s: sp.Rational(self.start[s.name]) for s in end.free_symbols}
        last = float(end.xreplace(numbers))
        across = replace(around(sp.Interval(0, last), last / 2), low=0.0, high=last)
        symbol = self.part.symbol(sp.Symbol(TIME))
        return [Control(TIME, symbol, "time", "0", across, "state")]

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

    # ---------------------------------------------------------- columns

    @property
    def columns(self) -> list[dict[str, str]]:
        """What the page says of every column: its label, its group and its equation."""
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
        known = {c.name for c in self.controls if c.group == "parameters" or c.name == TIME}
        values = {k: v for k, v in self.start.items() if k in known}
        return {
            c.name: curve(made, values, c.name, c.across, self.points)
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
            "statuses": {int(s): [s.label, s.meaning] for s in Status},
            "reference": self.reference(),
        }

    def render(self, version: str, origins: Mapping[str, Origin] | None = None) -> str:
        """The page as HTML; equal contents give equal text.

        Parameters
        ----------
        version : of eqsolve.
        origins : by column, what the pages of a report beside this one say of it.
        """
        made = environment(version, "", {})
        data = json.dumps(self.data(origins or {}), allow_nan=False).replace("</", "<\\/")
        parts = (self.bundle.text, f"const PAGE = {data};", template("explore.js"))
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
            points=self.points,
        )
        return embedded(text)


def explored(
    found: Found,
    values: Mapping[str, object],
    *,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
    points: int = POINTS,
) -> Explored:
    """The page of a game in one structure.

    Parameters
    ----------
    found : the game.
    values : where it starts; the game's first named set, if there are none.
    notion, size, continuum : structure, where the game offers it.
    points : of a certified curve; none for 0.

    Raises
    ------
    InputError
        If a value is not acceptable or missing, or the game does not offer the structure.
    DerivationError
        If the game cannot be derived, or its solution has no code.
    """
    model: Any = found.model
    start = {**dict(next(iter(model.cases.values()), {})), **values}
    if isinstance(model, Model):
        own = build(cast(Any, found.exported), start, notion=notion, size=size, continuum=continuum)
        cases = own.cases
    else:
        own, cases = model.restated.own(), model.cases
    crowd = own.game.crowd
    if crowd is not None and crowd.size is not None and crowd.size.is_Symbol:
        start.setdefault(crowd.size.name, size or FEW)
    letters = (letter.name for letter in own.vocabulary)
    known = list(dict.fromkeys((*letters, *(s.name for s in own.game.state_symbols))))
    strange = [name for name, _ in flattened(values, known=known) if name not in known]
    if strange:
        raise InputError(
            f"{strange[0]!r} is no parameter.",
            game=model.name,
            stage="explore",
            remedy=f"Give some of {', '.join(known)}.",
        )
    return Explored(
        model.title or model.name,
        model.source,
        derived(own),
        {name: exact(case, known) for name, case in cases.items()},
        exact(start, known),
        points,
    )


def exact(case: Mapping[str, object], known: Container[str]) -> dict[str, str]:
    """A named set as texts, matrices entry by entry, without what the model does not have."""
    return {k: written(v) for k, v in flattened(case, known=known) if k in known}


def written(value: Fraction) -> str:
    """An exact number as a decimal where it is one, else as a ratio."""
    for places in range(13):
        if (value * 10**places).denominator == 1:
            return f"{float(value):.{places}f}"
    return f"{value.numerator}/{value.denominator}"
