"""The whole way from a game's definition to its closed form."""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy as sp

from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.derivation.equations import Equations
from eqsolve.derivation.identity import GeneralHJB
from eqsolve.game import Game
from eqsolve.notated.ansatz import Ansatz
from eqsolve.notated.matching import CoefficientSystem, match
from eqsolve.notated.notation import Notation
from eqsolve.notated.problem import faced
from eqsolve.notated.solving import solve
from eqsolve.notated.value import ValueForms, value_forms


@dataclass(frozen=True)
class Step:
    """One stage of a derivation: lines ``left = right`` under a label and a title."""

    label: str
    title: str
    lines: tuple[tuple[sp.Basic, sp.Basic], ...]

    def __str__(self) -> str:
        body = "\n".join(f"  {left} = {right}" for left, right in self.lines)
        return f"{self.label}: {self.title}\n{body}"


@dataclass(frozen=True)
class Derivation(Equations):
    """Everything derived from one game, stage by stage.

    Attributes
    ----------
    hjb : the extended HJB system, its identity proved for every control.
    system : the matched coefficient equations.
    response : the best response and its moments, substituted back with residual zero.
    value : the value's coefficients in both forms, their agreement proved.
    form : the complete closed form: response, value and, in a population, the equilibrium.
    """

    hjb: GeneralHJB
    system: CoefficientSystem
    response: ClosedForm
    value: ValueForms
    form: ClosedForm

    @property
    def game(self) -> Game:
        """The game this was derived from."""
        return self.hjb.game

    def closed(self, game: Game, form: ClosedForm) -> Derivation:
        """Return the equilibrium ``form`` among agents who respond like this one.

        ``game`` is the same problem under another name and, possibly, with other definitions of
        the parameters.
        """
        return replace(
            self, hjb=replace(self.hjb, problem=replace(self.hjb.problem, game=game)), form=form
        )

    @property
    def steps(self) -> tuple[Step, ...]:
        """The stages in order, each with the equations it produced."""
        hjb, zero = self.hjb, sp.S.Zero
        states = self.game.states
        test = hjb.function("f")
        response = {d.symbol for d in self.response.definitions}
        value = {d.symbol for d in self.value.by_moments}
        rest = [d for d in self.form.definitions if d.symbol not in response | value]
        steps = [
            Step(
                "game",
                "dynamics (drifts) and preference",
                (
                    *((s.symbol, s.drift) for s in states),
                    (sp.Symbol("F"), self.game.preference.aggregate),
                ),
            ),
            Step("generator", "controlled generator", ((test, hjb.applied(test)),)),
            Step(
                "hjb",
                "extended HJB system: value before the supremum, then the moments",
                (
                    (hjb.hamiltonian, zero),
                    *((hjb.moment_equation(m), zero) for m in hjb.moments),
                ),
            ),
            Step(
                "identity",
                "the value's equation is the gain rate of a deviation, for every control",
                ((hjb.deviation_rate, hjb.hamiltonian),),
            ),
            Step(
                "first-order-condition",
                "stationarity in the control",
                ((hjb.first_order_condition, zero),),
            ),
            Step(
                "second-order-condition",
                "second derivative in the control, to be negative",
                ((hjb.second_order_condition, -self.value.curvature.expression),),
            ),
            Step(
                "ansatz",
                "form of the moments, of the value and of the feedback",
                (
                    *((hjb.function(k), v) for k, v in self.system.ansatz.functions.items()),
                    (hjb.function("V"), self.system.ansatz.value),
                    (self.game.control, self.system.ansatz.response),
                ),
            ),
            Step(
                "system",
                "coefficient equations",
                tuple((e.expression, zero) for e in self.system.equations),
            ),
            Step("closed-form", "solution of the coefficient equations", _lines(self.response)),
            Step("value", "coefficients of the value from the moments", _pairs(value, self.form)),
            Step("value-equation", "the same from the value's own equation", self.value.by_hjb),
        ]
        if rest:
            lines = tuple((d.symbol, d.expression) for d in rest)
            steps.append(Step("equilibrium", "fixed point among the agents", lines))
        return tuple(steps)

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.steps))

    @property
    def lines(self) -> list[tuple[sp.Basic, sp.Basic]]:
        """The equations of all stages."""
        return [line for step in self.steps for line in step.lines]


def _lines(form: ClosedForm) -> tuple[tuple[sp.Basic, sp.Basic], ...]:
    return tuple(
        (d.expression, sp.S.Zero) if d.is_root else (d.symbol, d.expression)
        for d in form.definitions
    )


def _pairs(symbols: set[sp.Symbol], form: ClosedForm) -> tuple[tuple[sp.Basic, sp.Basic], ...]:
    return tuple((d.symbol, d.expression) for d in form.definitions if d.symbol in symbols)


def derive(game: Game, ansatz: Ansatz, notation: Notation) -> Derivation:
    """Derive the closed form of the response of a game's player.

    Raises
    ------
    DerivationError
        If an identity fails, the ansatz does not close, or the system is not triangular.
    """
    hjb = GeneralHJB.of(faced(game))
    hjb.prove_identity()
    system = match(hjb, ansatz)
    response = solve(system, notation)
    value = value_forms(system, notation)
    return Derivation(hjb, system, response, value, response.extended(value.by_moments))
