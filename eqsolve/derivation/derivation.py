"""The whole way from a model to the system of its coefficients."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import sympy as sp

from eqsolve.derivation.blocks import triangular
from eqsolve.derivation.check import check
from eqsolve.derivation.closure import Closure, close
from eqsolve.derivation.cooperation import cooperative, needs_commitment
from eqsolve.derivation.extremum import check_curvature, check_extremum
from eqsolve.derivation.fixed_point import (
    FixedPoint,
    fixed_point,
    moved_by_second_moments,
    with_second_moments,
)
from eqsolve.derivation.given import as_parameters, enlarged, frozen
from eqsolve.derivation.hjb import Adjoints, ExtendedHJB
from eqsolve.derivation.matching import (
    CoefficientSystem,
    match,
    unknowns_of,
)
from eqsolve.derivation.planner import planner
from eqsolve.derivation.problem import problems
from eqsolve.derivation.reaction import reaction
from eqsolve.derivation.terminal import terminal_values
from eqsolve.game import Model, t

Result = TypeVar("Result")


@dataclass(frozen=True)
class Derivation:
    """Everything derived from one model.

    Attributes
    ----------
    model : what the author declared; where second moments of finitely many players move by what
        they do, with their laws and the coefficients of these.
    solved : the model whose HJB system is solved: the same, the planner's control of the law where
        that is no commitment, or for the notion given the same with coefficients by powers of the
        averages.
    systems : the extended HJB system of every player at the ansatz.
    closure : feedback and averages in equilibrium.
    system : the equations of the coefficients.
    fixed : for the notion given, the strategy that is the response to itself.
    """

    model: Model
    solved: Model
    systems: tuple[ExtendedHJB | Adjoints, ...]
    closure: Closure
    system: CoefficientSystem
    fixed: FixedPoint | None = None

    @property
    def rewritten(self) -> bool:
        """Whether what is solved is the planner's control of the law."""
        return self.model.game.notion == "planner" and self.solved is not self.model

    @property
    def strategy(self) -> Mapping[sp.Symbol, sp.Expr]:
        """What is played: every control in states and coefficients."""
        return self.model.ansatz.feedback if self.fixed is None else self.fixed.strategy

    @cached_property
    def averages(self) -> Mapping[sp.Symbol, sp.Symbol]:
        """The parameters that stand for frozen averages over the others, where the model has such.

        Raises
        ------
        DerivationError
            If there is none for one of them.
        """
        frozen = self.model.frozen
        return as_parameters(self.model, self.fixed.averages) if self.fixed and frozen else {}

    @property
    def answered(self) -> Mapping[sp.Symbol, sp.Expr]:
        """What a player does: the response where averages are parameters, else the strategy."""
        if self.fixed is None or not self.averages:
            return self.strategy
        return {c: form.xreplace(self.averages) for c, form in self.fixed.response.items()}

    @property
    def explicit(self) -> dict[sp.Symbol, sp.Expr]:
        """Coefficients of feedback and strategy in those of the functions, in order of need."""
        own = {} if self.fixed is None else self.fixed.coefficients
        return {**self.system.feedback, **own}

    @cached_property
    def spelled(self) -> dict[sp.Symbol, sp.Expr]:
        """The same in those of the functions only."""
        feedback = dict(self.system.feedback)
        return {k: e.xreplace(feedback) for k, e in self.explicit.items()}

    @property
    def states(self) -> tuple[sp.Symbol, ...]:
        """The states of the player's problem without averages that are frozen."""
        averages = {} if self.fixed is None else self.fixed.averages
        return tuple(s for s in self.systems[0].problem.states if s not in averages)

    @cached_property
    def played(self) -> Derivation:
        """The same with the loop closed by what everybody plays.

        With the notion given the others' averages follow the states then; second moments of the
        crowd are states, too, and the functions of the ansatz are none of this motion's.
        """
        if self.fixed is None:
            return self
        model = with_second_moments(self.model)
        faced = problems(model.game)
        payoffs = {m.name: m.payoff for m in model.game.moments}
        systems = tuple(ExtendedHJB(problem, payoffs, {}) for problem in faced)
        closure = close(model.game, faced, self.strategy)
        # coefficients of the strategy stay letters: ``explicit`` gives them
        return Derivation(model, model, systems, closure, replace(self.system, feedback={}))

    @cached_property
    def _known(self) -> dict[Callable[[Derivation], Any], Any]:
        return {}

    def once(self, function: Callable[[Derivation], Result]) -> Result:
        """What a function makes of the derivation, computed when it is asked for first."""
        if function not in self._known:
            self._known[function] = function(self)
        found: Result = self._known[function]
        return found

    @property
    def stationary(self) -> bool:
        """Whether coefficients are constants: the horizon is infinite and nothing moves in time."""
        moving = any(t in rate.free_symbols for rate in self.system.rates.values())
        return self.model.game.horizon.end is None and not moving

    @cached_property
    def payoffs(self) -> dict[sp.Symbol, sp.Expr]:
        """The coefficients at which the functions are the payoffs, were the horizon to end.

        Raises
        ------
        DerivationError
            If the ansatz cannot equal the payoffs.
        """
        return terminal_values(self.solved, self.systems, self.system.unknowns)

    @cached_property
    def blocks(self) -> tuple[tuple[sp.Symbol, ...], ...]:
        """Coefficients in the order in which they can be solved."""
        system = self.system
        needs = {c: _needs(system, rate) for c, rate in system.rates.items()}
        needs |= {c: _needs(system, e) for c, e in system.implicit.items()}
        return triangular(needs)


def _needs(system: CoefficientSystem, expression: sp.Expr) -> list[sp.Symbol]:
    wanted = (*system.unknowns, *system.implicit)
    return [u for u in wanted if u in expression.free_symbols]


def derive(model: Model) -> Derivation:
    """Derive the system of coefficients of a model.

    Raises
    ------
    DerivationError
        If the declaration is not consistent, a law does not close, or the ansatz does not.
    """
    check(model)
    if model.game.notion == "given":
        return _given(model)
    if model.game.notion == "planner":
        crowd = model.game.crowd
        finite = crowd is not None and crowd.size is not None
        if finite or needs_commitment(model.game):
            return together(model)
        return _derived(model, planner(model))
    return _derived(model, model)


def together(model: Model) -> Derivation:
    """Derive what a planner chooses who cannot commit: everybody deviates at once.

    Where the planner's control of the law is no commitment, it is the same optimum; finitely many
    players have no law that moves by itself.

    Parameters
    ----------
    model : of players who are alike, finitely many or a continuum.

    Raises
    ------
    DerivationError
        As for :func:`derive`.
    """
    return _derived(model, model, cooperative)


def _derived(
    model: Model,
    solved: Model,
    deviating: Callable[[tuple[Any, ...], Closure], tuple[Any, ...]] = lambda alone, _: alone,
) -> Derivation:
    """Match the system of a model, with what deviations of some or all players do to it."""
    systems, closure = _systems(solved)
    if _reacting(solved, systems, closure):
        model = solved = moved_by_second_moments(model)
        systems, closure = _systems(solved)
    systems = deviating(systems, closure)
    check_curvature(model, systems)
    system = match(solved, systems, closure)
    check_extremum(model, systems, closure, system.feedback)
    return Derivation(model, solved, systems, closure, system)


#: What was derived last, and by which function.
_RECENT: deque[tuple[Model, Callable[[Model], Derivation], Derivation]] = deque(maxlen=16)


def derived(model: Model, by: Callable[[Model], Derivation] = derive) -> Derivation:
    """The same, kept for models that are asked for again."""
    for known, function, made in [*_RECENT]:
        if known == model and function is by:
            return made
    made = by(model)
    _RECENT.append((model, by, made))
    return made


def _systems(model: Model) -> tuple[tuple[ExtendedHJB | Adjoints, ...], Closure]:
    """The system of every player at the ansatz, and what closes the loop."""
    faced = problems(model.game)
    unknowns, _ = unknowns_of(model, faced[0].states)
    rates = {c: sp.Symbol(f"{c.name}'") for c in unknowns}
    build = Adjoints if model.game.notion == "open-loop" else ExtendedHJB
    systems = tuple(build(problem, model.ansatz.functions, rates) for problem in faced)
    return systems, close(model.game, faced, model.ansatz.feedback)


def _reacting(model: Model, systems: tuple[ExtendedHJB | Adjoints, ...], closure: Closure) -> bool:
    """Whether others' reactions move second moments of finitely many players who are alike."""
    crowd = model.game.crowd
    if crowd is None or crowd.size is None or crowd.own or model.game.notion == "open-loop":
        return False
    return any(
        set(closure.missing) & system.moment_equation(moment).free_symbols
        for system in systems
        if isinstance(system, ExtendedHJB)
        for moment in system.problem.moments
    )


def _given(model: Model) -> Derivation:
    """The response to frozen averages over the others, and its fixed point."""
    game = model.game
    (faced,), (averages,) = zip(*(frozen(problem) for problem in problems(game)))
    solved, parts = enlarged(model, faced, tuple(averages))
    faced = replace(faced, states=(*faced.states, *averages))
    unknowns, _ = unknowns_of(solved, faced.states)
    rates = {c: sp.Symbol(f"{c.name}'") for c in unknowns}
    systems = (ExtendedHJB(faced, solved.ansatz.functions, rates),)
    check_curvature(model, systems)
    closure = Closure(solved.ansatz.feedback, {}, {})
    system = match(solved, systems, closure)
    check_extremum(model, systems, closure, system.feedback)
    states = tuple(s for s in faced.states if s not in averages)
    typed = game.crowd is not None and game.crowd.own
    found = reaction if typed else fixed_point
    fixed = found(game, averages, solved.ansatz.feedback, states, parts)
    return Derivation(model, solved, systems, closure, system, fixed)
