"""The plan of a planner who can commit: chosen once, at the start, and kept.

A preference F(U) in the expectations U of several moments is linear for who keeps its weights
dF/dU: that planner needs no commitment (``derivation.cooperation``). A best plan for F is one for
the weights at what it obtains itself (Zhou and Li, Continuous-time mean-variance portfolio
selection, Applied Mathematics and Optimization 42, 2000), so that one number is sought.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import sympy as sp
from scipy.optimize import root_scalar

from eqsolve.derivation.cooperation import needs_commitment
from eqsolve.derivation.derivation import derived, together
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.game import Model, Moment, Vocabulary, parameter
from eqsolve.program.make import program
from eqsolve.program.program import Program
from eqsolve.solve.answer import Answer
from eqsolve.solve.solve import answered

_STAGE = "commitment"
#: How near the weight is to the one that its plan leads to, relative to it.
ACCURACY = 1e-13
#: How far from the weight the slope is taken, relative to it.
_STEP = 2.0**-10


@dataclass(frozen=True)
class Commitment:
    """What a planner obtains who chooses at the start and keeps to it.

    Attributes
    ----------
    answer : the feedback that is kept, and the expectations at the start.
    welfare : what the average player obtains.
    weights : of the expectations, by moment.
    """

    answer: Answer
    welfare: float
    weights: Mapping[str, float]


def commitment(
    planner: Model, values: Mapping[str, object], at: Mapping[str, object] | None, size: int | None
) -> Commitment:
    """Find the plan that is best at the start, where everybody starts alike.

    Parameters
    ----------
    planner : a crowd of players who are alike, with the notion planner and the form of the
        players' functions.
    values, at, size : see ``eqsolve.solve``.

    Raises
    ------
    InputError
        If players do not start alike, or more than one weight depends on what is obtained.
    NoSolutionError
        If there is no best plan, or none is found.
    """
    return _Kept(planner, values, at, size).found()


class _Kept:
    """The planner of fixed weights, and the search for the right ones."""

    def __init__(
        self,
        planner: Model,
        values: Mapping[str, object],
        at: Mapping[str, object] | None,
        size: int | None,
    ) -> None:
        self.model, self.values, self.at, self.size = planner, values, at, size
        (player,) = planner.game.players
        self.preference = player.preference
        moments = self.preference.moments
        self.slopes = {m: sp.diff(self.preference.aggregate, m.symbol) for m in moments}
        symbols = [m.symbol for m in moments]
        moving = [m for m, e in self.slopes.items() if e.has(*symbols)]
        if len(moving) > 1:
            raise InputError(
                "more than one weight of an expectation depends on what is obtained.",
                game=planner.name,
                stage=_STAGE,
                remedy="Leave the commitment out.",
            )
        if not needs_commitment(planner.game):
            raise InputError(
                "the planner's plan is the best one at the start already.",
                game=planner.name,
                stage=_STAGE,
                remedy="Leave the commitment out.",
            )
        self.moving = moving[0] if moving else None
        self.letters = {m: sp.Symbol(f"weight of {m.name}") for m in moments}
        self.program = self._linear()

    def _linear(self) -> Program:
        """The planner whose weights are parameters."""
        game = self.model.game
        (player,) = game.players
        whole = sp.Add(*(letter * m.symbol for m, letter in self.letters.items()))
        linear = replace(player, preference=replace(self.preference, aggregate=whole))
        weights = (parameter(s, f"weight of {m.name}") for m, s in self.letters.items())
        model = replace(
            self.model,
            game=replace(game, players=(linear,)),
            vocabulary=Vocabulary(*self.model.vocabulary, *weights),
            limit=None,
        )
        return program(derived(model, together), model)

    def found(self) -> Commitment:
        """The plan that leads to its own weights."""
        answer = self.answer(1.0)
        self._require_alike(answer)
        if self.moving is not None:
            answer = self.answer(self._weight(self.moving, answer))
        weights = {m.name: self.value(e, answer) for m, e in self.slopes.items()}
        return Commitment(answer, self.value(self.preference.aggregate, answer), weights)

    def _weight(self, moment: Moment, start: Answer) -> float:
        """The weight of a moment to which its plan leads."""

        def missing(weight: float) -> float:
            return self.value(self.slopes[moment], self.answer(weight)) - weight

        first = self.value(self.slopes[moment], start)
        second = first + max(abs(first), 1.0)
        search = root_scalar(missing, x0=first, x1=second, method="secant", rtol=ACCURACY)
        weight = float(search.root)
        size = max(abs(weight), 1.0)
        if not abs(missing(weight)) <= 100 * ACCURACY * size:
            raise self.error("no plan that leads to its own weights was found.")
        if not missing(weight + _STEP * size) < missing(weight - _STEP * size):
            raise self.error("there is no best plan: a larger weight always leads to more.")
        return weight

    def answer(self, weight: float) -> Answer:
        """The plan for a weight of the moving expectation; the others' weights are known."""
        known = {}
        for moment, letter in self.letters.items():
            own = weight if moment == self.moving else self.value(self.slopes[moment], None)
            known[letter.name] = Fraction(own)
        answer = answered(self.program, {**self.values, **known}, at=self.at, size=self.size)
        if not answer.ok:
            raise self.error(f"of a planner who keeps weights: {answer.message}")
        if not {m.name for m in self.letters} <= {*answer.at}:
            raise InputError(
                "what is best at the start needs the states there.",
                game=self.model.name,
                stage=_STAGE,
                remedy="Give them by --at.",
            )
        return answer

    def value(self, expression: sp.Expr, answer: Answer | None) -> float:
        """An expression in parameters, states at the start and expectations."""
        numbers: dict[str, object] = {**self.values, **(self.at or {})}
        if answer is not None:
            numbers |= answer.at
        spelled = expression.xreplace(self.model.game.abbreviations)
        known = {s: sp.Rational(str(numbers[s.name])) for s in spelled.free_symbols}
        return float(spelled.xreplace(known))

    def _require_alike(self, answer: Answer) -> None:
        """Refuse players who start apart: each would keep weights of its own."""
        game, here = self.model.game, answer.at
        states = {s: sp.Float(here[s.name], 17) for s in game.state_symbols}
        for law in game.laws:
            if law.of.free_symbols <= {*states} and law.symbol.name in here:
                if abs(float(law.of.xreplace(states)) - here[law.symbol.name]) > 1e-12:
                    raise InputError(
                        f"{law.symbol} is not that of players who are all where one is.",
                        game=self.model.name,
                        stage=_STAGE,
                        remedy="Let everybody start alike: who commits keeps the weights of the "
                        "start, and they are the same for all then.",
                    )

    def error(self, text: str) -> NoSolutionError:
        return NoSolutionError(text, game=self.model.name, stage=_STAGE)
