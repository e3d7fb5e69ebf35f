"""What a player faces, as it is declared, and the form of the solution: from both engines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement

import sympy as sp

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.hjb import ExtendedHJB
from eqsolve.derivation.solve import algebra
from eqsolve.game import Clock, State, t
from eqsolve.game.vocabulary import positive
from eqsolve.notated.derivation import Derivation as OfFamily


@dataclass(frozen=True)
class Expectation:
    """A moment: what it pays, and the form of its expectation."""

    name: str
    symbol: sp.Symbol
    payoff: sp.Expr
    running: sp.Expr
    function: sp.Expr


@dataclass(frozen=True)
class Faced:
    """The problem of one player at an ansatz.

    Attributes
    ----------
    player : a word for headings; empty if there is only one.
    states : the state variables, laws of states included.
    drift, covariance, jumps : of the states; the others play their feedback.
    moments, aggregate : the preference.
    hazard, discount : rates.
    feedback : the player's own controls in states and coefficients.
    own : coefficients of the feedback in those of the functions.
    conditions : first-order conditions by monomial, where the feedback's coefficients have
        equations of their own.
    rates : the time derivative of every coefficient of the functions; in a stationary problem what
        vanishes.
    definitions : abbreviations of the declaration.
    moving : whether coefficients depend on time.
    positive : states that are positive.
    minimized : whether the preference is.
    above : letters that are declared to be positive.
    implicit : what vanishes by the first-order conditions, by coefficient of the feedback.
    """

    player: str
    states: tuple[sp.Symbol, ...]
    drift: Mapping[sp.Symbol, sp.Expr]
    covariance: Mapping[tuple[sp.Symbol, sp.Symbol], sp.Expr]
    jumps: tuple[tuple[Clock, Mapping[sp.Symbol, sp.Expr]], ...]
    moments: tuple[Expectation, ...]
    aggregate: sp.Expr
    hazard: sp.Expr
    discount: sp.Expr
    feedback: Mapping[sp.Symbol, sp.Expr]
    own: Mapping[sp.Symbol, sp.Expr]
    conditions: Mapping[sp.Expr, sp.Expr]
    rates: Mapping[sp.Symbol, sp.Expr]
    definitions: Mapping[sp.Symbol, sp.Expr]
    moving: bool
    positive: tuple[sp.Symbol, ...]
    minimized: bool = False
    above: tuple[sp.Symbol, ...] = ()
    implicit: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    @property
    def moves(self) -> dict[sp.Symbol, sp.Symbol]:
        """The letter of every coefficient's time derivative, where coefficients move."""
        return {c: sp.Symbol(f"{c.name}_t") for c in self.rates} if self.moving else {}

    def moved(self, expression: sp.Expr) -> sp.Expr:
        """An expression with coefficients as functions of time where they move."""
        return expression.xreplace({c: sp.Function(c.name)(t) for c in self.moves})


def faced(derivation: Derivation) -> list[Faced]:
    """The problems of all players of a declared game."""
    game, system, closure = derivation.solved.game, derivation.system, derivation.closure
    domains = {letter.symbol: letter.domain for letter in derivation.model.vocabulary}
    found = []
    for one in derivation.systems:
        assert isinstance(one, ExtendedHJB)
        problem, player = one.problem, one.problem.player
        theirs = {c: e for c, e in closure.feedback.items() if c not in player.controls}
        replaced = {**closure.others, **theirs}

        def played(
            expression: sp.Expr, replaced: Mapping[sp.Symbol, sp.Expr] = replaced
        ) -> sp.Expr:
            return expression.xreplace(dict(replaced)).xreplace(dict(replaced))

        found.append(
            Faced(
                player.name if len(derivation.systems) > 1 else "",
                problem.states,
                {s: played(e) for s, e in problem.drift.items()},
                {pair: played(e) for pair, e in problem.covariance.items()},
                problem.jumps,
                tuple(
                    Expectation(
                        m.name,
                        m.symbol,
                        played(m.payoff),
                        played(m.running),
                        one.functions[m.name],
                    )
                    for m in problem.moments
                ),
                problem.aggregate,
                game.horizon.hazard,
                player.discount,
                {c: closure.feedback[c] for c in player.controls},
                {c: algebra.factored(e) for c, e in system.feedback.items()},
                {},
                {c: algebra.factored(e) for c, e in system.written.items()},
                game.definitions,
                not derivation.stationary,
                _positive(problem.states, one.functions.values(), domains),
                player.preference.sense == "minimize",
                tuple(s for s, domain in domains.items() if domain == positive),
                system.implicit,
            )
        )
    return found


def of_family(derivation: OfFamily) -> Faced:
    """The problem of the agent of a game of the mean-variance family."""
    hjb, system = derivation.hjb, derivation.system
    game, ansatz = hjb.game, system.ansatz
    return Faced(
        "",
        game.state_symbols,
        hjb.problem.drift,
        _covariance(game.states),
        (),
        tuple(
            Expectation(m.name, m.symbol, m.payoff, m.running, ansatz.functions[m.name])
            for m in game.preference.moments
        ),
        game.preference.aggregate,
        game.horizon.hazard,
        sp.S.Zero,
        ansatz.feedback,
        {},
        {e.monomial: e.expression for e in system.equations if e.source == "feedback"},
        {e.unknown: -e.expression for e in system.equations if e.source != "feedback"},
        game.definitions,
        False,
        (),
        False,
        tuple(sorted((s for s in _letters(derivation) if s.is_positive), key=str)),
    )


def _letters(derivation: OfFamily) -> set[sp.Symbol]:
    """What the closed form and the declaration are written in."""
    form = derivation.response
    return set().union(
        derivation.hjb.game.definitions, *(d.expression.free_symbols for d in form.definitions)
    )


def _covariance(states: Sequence[State]) -> dict[tuple[sp.Symbol, sp.Symbol], sp.Expr]:
    """Of every pair of states, the sum over the noises that they share."""
    return {
        (one.symbol, two.symbol): sp.Add(
            *(e * two.loadings[noise] for noise, e in one.loadings.items() if noise in two.loadings)
        )
        for one, two in combinations_with_replacement(states, 2)
    }


def _positive(
    states: Sequence[sp.Symbol],
    functions: Iterable[sp.Expr],
    domains: Mapping[sp.Symbol, sp.Set],
) -> tuple[sp.Symbol, ...]:
    """States that are declared to be positive where powers or logarithms ask for it."""
    powers = {p.base for f in functions for p in f.atoms(sp.Pow) if not p.exp.is_Integer}
    powers |= {e.args[0] for f in functions for e in f.atoms(sp.log)}
    return tuple(s for s in states if s in powers or domains.get(s) == positive)
