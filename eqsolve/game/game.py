"""What a game is: states, players, laws, crowd and horizon, and nothing derived from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

import sympy as sp

from eqsolve.errors import DerivationError, printable
from eqsolve.game.fields import exact, kind, sequence, table

#: Calendar time, in drifts, hazard rates and costs that depend on it.
t = sp.Symbol("t")

Notion = Literal["feedback", "open-loop", "given", "planner"]


@dataclass(frozen=True)
class State:
    """``d symbol = drift dt + sum_k loadings[k] dW^k + sum_c jumps[c] dN^c``.

    Loadings name independent Brownian motions and jumps name clocks of the game: states that
    share a name share the noise.
    """

    symbol: sp.Symbol
    drift: sp.Expr
    loadings: Mapping[str, sp.Expr] = field(default_factory=dict)
    jumps: Mapping[str, sp.Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kind(self, "symbol", sp.Symbol)
        object.__setattr__(self, "drift", exact(self.drift))
        for name in ("loadings", "jumps"):
            table(self, name, str)


@dataclass(frozen=True)
class Clock:
    """A Poisson clock of the given intensity; ``mark`` takes each value with its probability.

    Sizes of jumps are written in the states, the controls and ``mark``.
    """

    name: str
    intensity: sp.Expr
    mark: sp.Symbol | None = None
    marks: tuple[tuple[sp.Expr, sp.Expr], ...] = ((sp.S.One, sp.S.One),)

    def __post_init__(self) -> None:
        kind(self, "name", str)
        object.__setattr__(self, "intensity", exact(self.intensity))
        if self.mark is not None:
            kind(self, "mark", sp.Symbol)
        marks: Any = self.marks
        listed = isinstance(marks, (tuple, list))
        if not listed or not all(isinstance(m, (tuple, list)) and len(m) == 2 for m in marks):
            raise DerivationError(
                f"the marks of the clock {self.name} are no pairs: {marks!r}.",
                stage="game",
                remedy="Write ((probability, size), ...), and before them the letter of the size.",
            )
        pairs = tuple((exact(probability), exact(value)) for probability, value in self.marks)
        object.__setattr__(self, "marks", pairs)


@dataclass(frozen=True)
class Moment:
    """An expectation that a preference depends on.

    ``name = E[ payoff at the horizon + integral of running up to the horizon ]``; the payoff is
    written in states and laws, the running part in states, controls and laws.
    """

    name: str
    payoff: sp.Expr = sp.S.Zero
    running: sp.Expr = sp.S.Zero

    def __post_init__(self) -> None:
        kind(self, "name", str)
        object.__setattr__(self, "payoff", exact(self.payoff))
        object.__setattr__(self, "running", exact(self.running))

    @property
    def symbol(self) -> sp.Symbol:
        """The value of the moment as an argument of the preference."""
        return sp.Symbol(self.name)


@dataclass(frozen=True)
class Preference:
    """``F(states, E phi_1, ..., E phi_k)``, maximized or minimized.

    ``aggregate`` is written in the states (frozen at the moment of decision) and the moments'
    symbols.
    """

    moments: tuple[Moment, ...]
    aggregate: sp.Expr
    sense: Literal["maximize", "minimize"] = "maximize"

    def __post_init__(self) -> None:
        sequence(self, "moments", Moment)
        object.__setattr__(self, "aggregate", exact(self.aggregate))


def expected(
    running: sp.Expr = sp.S.Zero,
    payoff: sp.Expr = sp.S.Zero,
    sense: Literal["maximize", "minimize"] = "maximize",
    name: str = "J",
) -> Preference:
    """The time-consistent preference ``J = E[payoff + integral of running]``."""
    moment = Moment(name, payoff, running)
    return Preference((moment,), moment.symbol, sense)


@dataclass(frozen=True)
class Player:
    """Somebody who chooses ``controls`` to optimize a preference, discounted at a rate."""

    name: str
    controls: tuple[sp.Symbol, ...]
    preference: Preference
    discount: sp.Expr = sp.S.Zero

    def __post_init__(self) -> None:
        kind(self, "name", str)
        sequence(self, "controls", sp.Symbol)
        kind(self, "preference", Preference)
        object.__setattr__(self, "discount", exact(self.discount))


@dataclass(frozen=True)
class Horizon:
    """When payoffs fall due: at the first strike of a hazard rate, at ``end``, or the earlier.

    ``Horizon(hazard)`` is a random horizon, ``Horizon(end=T)`` a fixed one and
    ``Horizon(hazard, T)`` is min(tau, T). With neither, the horizon is infinite and the players
    must discount.
    """

    hazard: sp.Expr = sp.S.Zero
    end: sp.Expr | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "hazard", exact(self.hazard))
        if self.end is not None:
            object.__setattr__(self, "end", exact(self.end))

    @property
    def stationary(self) -> bool:
        """Whether payoffs fall due at a rate that is the same at all times."""
        return self.end is None and not self.hazard.has(t)


@dataclass(frozen=True)
class Law:
    """``symbol = E[ of | the noises given ]``, or its average over finitely many players.

    ``of`` is affine in states and controls of the player that the game's crowd consists of.
    ``given`` names the noises that the players share, in all laws of a game alike.
    """

    symbol: sp.Symbol
    of: sp.Expr
    given: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        kind(self, "symbol", sp.Symbol)
        sequence(self, "given", str)
        object.__setattr__(self, "of", exact(self.of))


@dataclass(frozen=True)
class Crowd:
    """``size`` copies of a player: a symbol or a number, or None for a continuum.

    ``own`` names the parameters in which the copies differ (types of their own); without them
    all copies are alike. ``weights`` is the letter of a copy's weight in the averages, where
    finitely many copies differ in it, too; without it the weights are equal. ``tail`` is the name
    under which a user may give the exponent of Zipf's law in place of the weights.
    """

    player: str
    size: sp.Expr | None = None
    own: tuple[sp.Symbol, ...] = ()
    weights: sp.Symbol | None = None
    tail: sp.Symbol | None = None

    def __post_init__(self) -> None:
        kind(self, "player", str)
        sequence(self, "own", sp.Symbol)
        if self.size is not None:
            object.__setattr__(self, "size", exact(self.size))

    @property
    def share(self) -> sp.Expr:
        """The weight of one player in the averages: 1/n, and 0 in a continuum."""
        if self.size is None:
            return sp.S.Zero
        return self.weights if self.weights is not None else 1 / self.size


@dataclass(frozen=True)
class Game:
    """A stochastic game.

    Parameters
    ----------
    name : identifier used in commands and machine output.
    states, players, horizon, laws, crowd : see the classes.
    definitions : abbreviations ``symbol -> expression`` used in the declaration, in order.
    clocks : the Poisson clocks that states' jumps name.
    notion : ``feedback`` (Nash in feedback strategies), ``open-loop``, ``given`` (laws are
        given to the players; they enter the equilibrium through a fixed point) or ``planner``.
    """

    name: str
    states: tuple[State, ...]
    players: tuple[Player, ...]
    horizon: Horizon
    laws: tuple[Law, ...] = ()
    crowd: Crowd | None = None
    definitions: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    clocks: tuple[Clock, ...] = ()
    notion: Notion = "feedback"

    def __post_init__(self) -> None:
        kind(self, "name", str)
        if not self.name.strip() or self.name != printable(self.name) or "\n" in self.name:
            raise DerivationError(
                f"{self.name!r} is no name for a game.", stage="game", remedy="Write a word."
            )
        if any(mark in self.name for mark in "/\\") or self.name.endswith(".py"):
            raise DerivationError(
                f"the name of a game, {self.name!r}, reads like the path of a file.",
                stage="game",
                remedy="Use letters, digits and hyphens, as in two-firms.",
            )
        sequence(self, "states", State, self.name)
        sequence(self, "players", Player, self.name)
        sequence(self, "laws", Law, self.name)
        sequence(self, "clocks", Clock, self.name)
        kind(self, "horizon", Horizon, self.name)
        if self.crowd is not None:
            kind(self, "crowd", Crowd, self.name)
        kind(self, "definitions", Mapping, self.name)
        spelled = {symbol: exact(value) for symbol, value in self.definitions.items()}
        object.__setattr__(self, "definitions", spelled)

    @property
    def state_symbols(self) -> tuple[sp.Symbol, ...]:
        """The state variables in order of declaration."""
        return tuple(state.symbol for state in self.states)

    @property
    def controls(self) -> tuple[sp.Symbol, ...]:
        """The controls of all players, in order."""
        return tuple(control for player in self.players for control in player.controls)

    @property
    def control(self) -> sp.Symbol:
        """The control, where there is one.

        Raises
        ------
        DerivationError
            If there are several.
        """
        if len(self.controls) != 1:
            raise self.error(
                f"it has {len(self.controls)} controls, not one.",
                remedy="Ask for its controls by player.",
            )
        return self.controls[0]

    @property
    def preference(self) -> Preference:
        """The preference, where there is one player.

        Raises
        ------
        DerivationError
            If there are several.
        """
        if len(self.players) != 1:
            raise self.error(
                f"it has {len(self.players)} players, not one.",
                remedy="Ask for the preference of a player.",
            )
        return self.players[0].preference

    @property
    def environment(self) -> tuple[sp.Symbol, ...]:
        """What players are given: letters of the motion of states that no control moves alone."""
        chosen = set(self.controls)
        motion = {s.symbol: (s.drift, *s.loadings.values()) for s in self.states}
        apart = [s for s, row in motion.items() if not any(e.free_symbols & chosen for e in row)]
        players = [p.preference.aggregate for p in self.players]
        payoffs = [e for m in self.moments for e in (m.payoff, m.running)]
        rest = [*players, *payoffs, *self.definitions.values(), self.horizon.hazard]
        rest += [e for s, row in motion.items() if s not in apart for e in row]
        elsewhere = set(self.state_symbols).union(*(e.free_symbols for e in rest))
        found = [v for s in apart for e in motion[s] for v in sorted(e.free_symbols, key=str)]
        return tuple(dict.fromkeys(v for v in found if v not in elsewhere))

    def preferring(self, preference: Preference) -> Self:
        """The same game of one player under another preference."""
        return replace(self, players=(replace(self.players[0], preference=preference),))

    @property
    def abbreviations(self) -> dict[sp.Symbol, sp.Expr]:
        """The definitions, each written out in parameters."""
        found: dict[sp.Symbol, sp.Expr] = {}
        for name, definition in self.definitions.items():
            found[name] = definition.xreplace(found)
        return found

    @property
    def typed(self) -> set[sp.Symbol]:
        """Parameters that the copies of a crowd have of their own, and abbreviations with them."""
        crowd = self.crowd
        found: set[sp.Symbol] = set() if crowd is None else {*crowd.own}
        if crowd is not None and crowd.weights is not None:
            found.add(crowd.weights)
        for symbol, definition in self.definitions.items():
            if definition.free_symbols & found:
                found.add(symbol)
        return found

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The moments of all players, in order."""
        return tuple(moment for player in self.players for moment in player.preference.moments)

    def expressions(self) -> Iterator[tuple[str, sp.Expr]]:
        """Every expression of the declaration, with the words that say where it stands."""
        for state in self.states:
            yield f"the drift of {state.symbol}", state.drift
            for noise, loading in state.loadings.items():
                yield f"the loading of {state.symbol} on {noise}", loading
            for name, size in state.jumps.items():
                yield f"the jump of {state.symbol} at {name}", size
        for clock in self.clocks:
            yield f"the intensity of {clock.name}", clock.intensity
            for probability, value in clock.marks:
                yield f"the marks of {clock.name}", probability + 0 * value
                yield f"the marks of {clock.name}", value
        for player in self.players:
            yield f"the discount rate of {player.name}", player.discount
            yield f"the preference of {player.name}", player.preference.aggregate
            for moment in player.preference.moments:
                yield f"the payoff of {moment.name}", moment.payoff
                yield f"the running part of {moment.name}", moment.running
        for law in self.laws:
            yield f"the law {law.symbol}", law.of
        yield "the hazard rate", self.horizon.hazard
        if self.horizon.end is not None:
            yield "the end of the horizon", self.horizon.end
        if self.crowd is not None and self.crowd.size is not None:
            yield "the size of the crowd", self.crowd.share
        for symbol, definition in self.definitions.items():
            yield f"the definition of {symbol}", definition

    def error(self, text: str, stage: str = "game", remedy: str = "") -> DerivationError:
        """An error that names this game."""
        return DerivationError(text, game=self.name, stage=stage, remedy=remedy)
