"""The system of an open-loop strategy's coefficients is that of its adjoints.

The derivatives of drifts, running rewards and payoffs in the states, the others' controls held
fixed, are letters of the theorems, with hypotheses that say what they are derivatives of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import sympy as sp

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.hjb import Adjoints
from eqsolve.derivation.solve import algebra
from eqsolve.prove.expectation import Function
from eqsolve.prove.generator import about
from eqsolve.prove.problem import Expectation, Faced
from eqsolve.prove.statement import (
    Hypothesis,
    Line,
    Maker,
    Relation,
    Slope,
    identifier,
)


@dataclass(frozen=True)
class Partial:
    """A derivative in a state, by its letter, and what it is the derivative of."""

    letter: sp.Symbol
    function: sp.Expr
    state: sp.Symbol

    @property
    def value(self) -> sp.Expr:
        """What it is."""
        return sp.diff(self.function, self.state)

    @property
    def hypothesis(self) -> Hypothesis:
        """What the letter means."""
        claim = Slope(self.function, self.state, self.state, self.letter)
        return Hypothesis(f"slope_{self.letter}", claim)

    def script(self) -> Iterator[Line]:
        """That it is the derivative by structure."""
        claim, name = Relation(self.letter, "=", self.value), identifier(self.letter.name)
        yield Line(f"assert (value_{name} : {{}}).", (claim,))
        yield Line(f"{{{{ apply (uniqueness_limite _ _ _ _ slope_{name}).")
        yield Line("    eapply slope_equal; [slope | multiply_out]. }}")


@dataclass(frozen=True)
class Adjoint(Function):
    """The derivative of the expectation in a state, with its own derivatives.

    Attributes
    ----------
    state : the state.
    values : all adjoints, by state.
    payoff : of the expectation.
    """

    state: sp.Symbol
    values: Mapping[sp.Symbol, Function]
    payoff: sp.Expr
    running: sp.Expr

    @cached_property
    def partials(self) -> dict[str, Partial]:
        """The derivatives in the state, by what they are derivatives of, zero ones aside."""
        whole = {f"drift_{s}": rate for s, rate in self.problem.drift.items()}
        whole |= {"running": self.running, "payoff": self.payoff}
        if self.problem.hazard == 0:
            whole.pop("payoff")
        return {
            what: Partial(sp.Symbol(f"{what}_{self.state}"), self.problem.moved(e), self.state)
            for what, e in whole.items()
            if sp.diff(e, self.state) != 0
        }

    @cached_property
    def equation(self) -> sp.Expr:
        """The left side of the adjoint's equation, written with the letters."""

        def letter(what: str) -> sp.Expr:
            return self.partials[what].letter if what in self.partials else sp.S.Zero

        rest = letter("running") + self.problem.hazard * letter("payoff")
        rest += sp.Add(*(letter(f"drift_{s}") * v.symbol() for s, v in self.values.items()))
        return super().equation + rest

    @cached_property
    def meaning(self) -> dict[Any, sp.Expr]:
        """What every letter and function is, by structure."""
        return super().meaning | {p.letter: p.value for p in self.partials.values()}

    def hypotheses(self) -> Iterator[Hypothesis]:
        """What the letters mean."""
        yield from super().hypotheses()
        yield from (p.hypothesis for p in self.partials.values())

    def script(self) -> Iterator[Line]:
        """That derivatives are those by structure."""
        yield from super().script()
        for one in self.partials.values():
            yield from one.script()

    def rewriting(self) -> Iterator[Line]:
        """Put in what the derivatives are."""
        for one in self.partials.values():
            yield Line(f"rewrite ?value_{identifier(one.letter.name)}.")
        yield from super().rewriting()


def theorems(derivation: Derivation) -> Iterator[Maker]:
    """Every adjoint's equation is that of its coefficients, and the Hamiltonian is stationary."""
    for system in derivation.systems:
        assert isinstance(system, Adjoints)
        yield from _of_player(derivation, system)


def _of_player(derivation: Derivation, system: Adjoints) -> Iterator[Maker]:
    problem, (moment,) = system.problem, system.problem.moments
    faced = _faced(derivation, system)
    of_player = f" of {problem.player.name}" if len(derivation.systems) > 1 else ""
    expected = {
        s: Expectation(f"{moment.name}_{s}", sp.Symbol(f"{moment.name}.{s}"), zero, zero, e)
        for s, e, zero in ((s, system.adjoint(s), sp.S.Zero) for s in problem.states)
    }
    only = frozenset([()])  # of the others the values enter
    values = {s: Function(e, faced, used=only) for s, e in expected.items()}
    for s, one in expected.items():
        adjoint = Adjoint(one, faced, s, values, moment.payoff, moment.running)
        others = [v for r, v in values.items() if f"drift_{r}" in adjoint.partials and r != s]
        yield partial(
            about,
            f"adjoint_{identifier(one.name)}",
            f"The equation of the adjoint of {s}{of_player} at the strategy is that of its "
            "coefficients",
            faced,
            [adjoint, *others],
            Relation(adjoint.equation, "=", adjoint.residual),
        )
    hamiltonian = faced.moved(moment.running) + sp.Add(
        *(faced.moved(rate) * values[s].symbol() for s, rate in problem.drift.items())
    )
    for control in problem.player.controls:
        entering = [v for s, v in values.items() if problem.drift[s].has(control)]
        own = sp.Add(*(e for e in sp.Add.make_args(sp.expand(hamiltonian)) if e.has(control)))
        yield partial(
            about,
            f"first_order_{identifier(control.name)}",
            f"The Hamiltonian is stationary in {control} at the strategy",
            faced,
            entering,
            Slope(own, control, faced.moved(derivation.closure.feedback[control]), sp.S.Zero),
        )


def _faced(derivation: Derivation, system: Adjoints) -> Faced:
    """The player's problem, controls and what the others do as letters."""
    game, closure, problem = derivation.solved.game, derivation.closure, system.problem
    coefficients = derivation.system
    return Faced(
        problem.player.name if len(derivation.systems) > 1 else "",
        problem.states,
        problem.drift,
        problem.covariance,
        (),
        (),
        problem.aggregate,
        game.horizon.hazard,
        problem.player.discount,
        {**closure.feedback, **closure.others},
        {c: algebra.factored(e) for c, e in coefficients.feedback.items()},
        {},
        {c: algebra.factored(e) for c, e in coefficients.written.items()},
        game.definitions,
        not derivation.stationary,
        (),
    )
