"""The written form of a derivation, as an author would print it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

from eqsolve import __version__
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.solve.solution import solve
from eqsolve.derivation.solve.step import Solution
from eqsolve.errors import InputError, near
from eqsolve.game import Model
from eqsolve.latex.mathml import mathml
from eqsolve.schemas import SCHEMA
from eqsolve.writing import problem, result
from eqsolve.writing.notation import names_of
from eqsolve.writing.render import Renderer, escaped
from eqsolve.writing.stage import Stage

if TYPE_CHECKING:
    from eqsolve.writing.rate import Rate

Format = Literal["text", "latex", "json"]


@dataclass(frozen=True)
class Writing:
    """A derivation in stages.

    Printed it is plain text, and in a notebook formulas.

    Attributes
    ----------
    derivation : what is written.
    rate : the hazard rate, where it moves in time; no formula for a constant one is written then.
    """

    derivation: Derivation
    rate: Rate | None = None

    @cached_property
    def solution(self) -> Solution:
        """The solution of the coefficient system, in formulas where there are any."""
        return solve(self.derivation, formulas=self.rate is None)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """All stages in order."""
        derivation, solution = self.derivation, self.solution
        judged = problem.preference(derivation.model.game)
        if self.rate is not None:
            judged = replace(judged, displays=(*judged.displays, self.rate.display))
        stages = [problem.dynamics(derivation.model.game), judged]
        fixed = derivation.fixed
        if fixed is not None:
            stages.append(problem.given(derivation, fixed))
        elif derivation.solved is not derivation.model:
            stages.append(problem.moments(derivation))
        stages += [
            problem.hjb(derivation),
            result.ansatz(derivation),
            result.first_order(derivation),
            result.second(derivation),
            result.coefficients(derivation),
            result.solution(derivation, solution),
        ]
        if fixed is not None:
            stages.append(result.equilibrium(derivation, fixed))
        ends = (
            result.taxed(derivation),
            result.explosions(solution),
            result.conditions(derivation, solution),
        )
        return (*stages, *(stage for stage in ends if stage is not None))

    @cached_property
    def renderer(self) -> Renderer:
        """Renders the stages in the letters of the model."""
        names = names_of(self.derivation, self.solution)
        names = names if self.rate is None else self.rate.named(names)
        return Renderer(names, problem.arguments(self.derivation))

    def stage(self, key: str) -> Stage:
        """One stage.

        Raises
        ------
        InputError
            If there is none of that name; the error lists those there are.
        """
        for stage in self.stages:
            if stage.key == key:
                return stage
        known = [stage.key for stage in self.stages]
        raise InputError(
            f"there is no step {key!r}.",
            game=self.derivation.model.name,
            stage="derive",
            remedy=f"{near(key, known)}The steps are {', '.join(known)}.",
        )

    def to_dict(self, step: str | None = None) -> dict[str, Any]:
        """The JSON form."""
        game = self.derivation.model.game
        return {
            "schema": SCHEMA,
            "game": game.name,
            "notion": game.notion,
            "stages": self.renderer.data(self._chosen(step)),
        }

    def latex(self, step: str | None = None) -> str:
        """A document that compiles; with a step, its section alone."""
        if step is not None:
            return self.renderer.body([self.stage(step)])
        return self.document(self.renderer.body(self.stages))

    def document(self, body: str) -> str:
        """A document with the title of the game."""
        model = self.derivation.model
        environment = Environment(
            loader=PackageLoader("eqsolve.templates", ""),
            undefined=StrictUndefined,
            autoescape=False,
            variable_start_string="<<",
            variable_end_string=">>",
            keep_trailing_newline=True,
        )
        return environment.get_template("derivation.tex.jinja").render(
            version=__version__,
            title=escaped(headline(model)),
            source=escaped(model.source),
            body=body,
        )

    def text(self, step: str | None = None) -> str:
        """Plain text."""
        return self.renderer.text(self._chosen(step))

    def in_format(self, format: Format, step: str | None = None) -> str:
        """What :func:`write` returns."""
        if format == "latex":
            return self.latex(step)
        if format == "json":
            return json.dumps(self.to_dict(step), indent=2, ensure_ascii=False)
        return self.text(step)

    def _chosen(self, step: str | None) -> tuple[Stage, ...]:
        return self.stages if step is None else (self.stage(step),)

    def __str__(self) -> str:
        return self.text()

    def _repr_latex_(self) -> str:
        """What notebooks show: the displays of all stages."""
        parts = []
        for stage in self.stages:
            parts.append(rf"\textbf{{{escaped(stage.title)}}}")
            for display in stage.displays:
                parts += [rf"$\displaystyle {self.renderer.inline(x)}$" for x in display.lines]
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        """The same with formulas in MathML, which browsers show without a network."""
        parts = [f"<h2>{escape(headline(self.derivation.model))}</h2>"]
        for stage in self.stages:
            parts.append(f"<h3>{escape(stage.title)}</h3>")
            for display in stage.displays:
                if display.prose:
                    parts.append(f"<p>{escape(self.renderer.plain_prose(display.prose))}</p>")
                parts += [mathml(self.renderer.inline(line)) for line in display.lines]
        return "\n".join(parts)


def headline(model: Model) -> str:
    """The title of a model, or its name, as a heading."""
    text = model.title or model.name
    return text[:1].upper() + text[1:]


def write(derivation: Derivation, format: Format = "text", step: str | None = None) -> str:
    """Write a derivation down: dynamics, HJB equation, ansatz, conditions, system, solution.

    Parameters
    ----------
    derivation : of any model.
    format : ``text``, ``latex`` (a document, or with a step its section) or ``json``.
    step : the key of one stage; without it, all.

    Raises
    ------
    InputError
        If there is no such step.
    """
    return Writing(derivation).in_format(format, step)
