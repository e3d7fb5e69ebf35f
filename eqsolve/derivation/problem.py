"""What one player faces: the states with the laws among them, and what the others do as atoms.

In a crowd, an average over the copies is the player's own term times the weight of one player,
plus the average over the others. The latter is an atom that the player cannot influence; it keeps
the expression that is averaged, written in the state and the control of another copy, and is
closed when the feedback is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import sympy as sp

from eqsolve.derivation.laws import law_monomials, others_average
from eqsolve.errors import DerivationError
from eqsolve.game import Clock, Game, Law, Moment, Player, State


@dataclass(frozen=True)
class Others:
    """The average over the other copies of ``expression``, in the copies' own letters.

    ``power`` is the power of the weight of one copy: 1 for an average, 2 for the variance rate of
    an average of independent noises.
    """

    expression: sp.Expr
    power: int = 1


@dataclass(frozen=True)
class Problem:
    """The control problem of one player.

    Attributes
    ----------
    player : whose problem it is.
    states : the state variables, laws of states included.
    drift, covariance : of the diffusion, by state and by pair of states.
    jumps : by clock, the size of every state's jump.
    moments : the player's moments with laws of controls spelled out.
    aggregate : the preference in states and moments' symbols.
    others : atoms of the averages over the others.
    motion : the states as they were written, laws of states included.
    apart : the variance and covariance rates that averages have beside their loadings, from the
        others' own noises.
    """

    game: Game
    player: Player
    states: tuple[sp.Symbol, ...]
    drift: Mapping[sp.Symbol, sp.Expr]
    covariance: Mapping[tuple[sp.Symbol, sp.Symbol], sp.Expr]
    jumps: tuple[tuple[Clock, Mapping[sp.Symbol, sp.Expr]], ...]
    moments: tuple[Moment, ...]
    aggregate: sp.Expr
    others: Mapping[sp.Symbol, Others]
    motion: tuple[State, ...]
    apart: Mapping[tuple[sp.Symbol, sp.Symbol], sp.Expr]

    def generator(self, function: sp.Expr) -> sp.Expr:
        """The controlled generator of a function of the states, without its time derivative."""
        terms = [rate * sp.diff(function, state) for state, rate in self.drift.items()]
        for (first, second), value in self.covariance.items():
            weight = sp.Rational(1, 2) if first == second else sp.S.One
            terms.append(weight * value * sp.diff(function, first, second))
        for clock, sizes in self.jumps:
            for probability, mark in clock.marks:
                moved = {
                    s: s + (e.xreplace({clock.mark: mark}) if clock.mark else e)
                    for s, e in sizes.items()
                }
                jump = function.subs(moved, simultaneous=True) - function
                terms.append(clock.intensity * probability * jump)
        return sp.Add(*terms)


def problems(game: Game) -> tuple[Problem, ...]:
    """The problem of every player; in a crowd, of one representative copy.

    Raises
    ------
    DerivationError
        If a law does not close: the error names the moment that is missing.
    """
    return tuple(_Builder(game, player).problem() for player in game.players)


class _Builder:
    """Builds the problem of one player."""

    def __init__(self, game: Game, player: Player) -> None:
        self.game, self.player = game, player
        self.share = game.crowd.share if game.crowd is not None else sp.S.Zero
        self.others: dict[sp.Symbol, Others] = {}
        monomials = law_monomials(game)
        #: laws of states and of their products, which are states themselves
        self.of_states = [law for law in game.laws if law.of in monomials]
        if game.laws and game.crowd is None:
            raise game.error("a law needs a crowd.", remedy="Declare Crowd(player, size).")
        if game.crowd is not None and len(game.players) > 1:
            raise game.error(
                "a crowd beside other players is not supported.",
                remedy="Declare a game of explicit players, or one crowd.",
            )

    def problem(self) -> Problem:
        game = self.game
        self.of_controls = [law.symbol for law in game.laws if self.of_control(law)]
        laws = {law.symbol: self.average(law.of) for law in game.laws if self.of_control(law)}
        states = list(game.states)
        covariance: dict[tuple[sp.Symbol, sp.Symbol], sp.Expr] = {}
        idiosyncratic: dict[tuple[sp.Symbol, sp.Symbol], sp.Expr] = {}
        means = [self.averaged(law, states) for law in self.of_states]
        states += [self.law_state(law, mean) for law, mean in zip(self.of_states, means)]
        states = [self.spelled(state, laws) for state in states]
        for first, second in combinations_with_replacement(states, 2):
            shared = sp.Add(
                *(
                    loading * second.loadings[noise]
                    for noise, loading in first.loadings.items()
                    if noise in second.loadings
                )
            )
            covariance[first.symbol, second.symbol] = shared
        for (first_law, one), (second_law, two) in combinations_with_replacement(
            list(zip(self.of_states, means)), 2
        ):
            value = self.variance(first_law, one, two)
            if value != 0:
                idiosyncratic[first_law.symbol, second_law.symbol] = value.xreplace(laws)
        for pair, value in idiosyncratic.items():
            covariance[pair] += value
        jumps = []
        for clock in game.clocks:
            sizes = {s.symbol: s.jumps[clock.name] for s in states if clock.name in s.jumps}
            if sizes:
                jumps.append((clock, sizes))
        moments = tuple(
            Moment(m.name, m.payoff.xreplace(laws), m.running.xreplace(laws))
            for m in self.player.preference.moments
        )
        return Problem(
            game,
            self.player,
            tuple(s.symbol for s in states),
            {s.symbol: s.drift for s in states},
            {pair: value for pair, value in covariance.items() if value != 0},
            tuple(jumps),
            moments,
            self.player.preference.aggregate,
            self.others,
            tuple(states),
            idiosyncratic,
        )

    def of_control(self, law: Law) -> bool:
        """Whether a law is one of controls; laws of states become states."""
        return law not in self.of_states

    def averaged(self, law: Law, states: Sequence[State]) -> State:
        """What a law averages as a state: a state, or the product of two by Ito's formula."""
        factors = [s for s in states for _ in range(_degree(law.of, s.symbol))]
        if len(factors) == 1:
            return factors[0]
        one, two = factors
        noises = dict.fromkeys((*one.loadings, *two.loadings))
        shared = [n for n in one.loadings if n in two.loadings]
        drift = sp.Add(
            one.symbol * two.drift,
            two.symbol * one.drift,
            *(one.loadings[n] * two.loadings[n] for n in shared),
        )
        loadings = {
            n: one.symbol * two.loadings.get(n, sp.S.Zero)
            + two.symbol * one.loadings.get(n, sp.S.Zero)
            for n in noises
        }
        return State(law.symbol, drift, loadings, {**one.jumps, **two.jumps})

    def spelled(self, state: State, laws: Mapping[sp.Symbol, sp.Expr]) -> State:
        loadings = {k: v.xreplace(laws) for k, v in state.loadings.items()}
        return State(state.symbol, state.drift.xreplace(laws), loadings, state.jumps)

    def average(self, expression: sp.Expr) -> sp.Expr:
        """The average over all copies: own share, the others' states, their controls as atoms.

        Laws of controls stay symbols: they are the same for all copies. What has parameters of
        the copies' own is an atom, too.
        """
        still = expression.xreplace({control: sp.S.Zero for control in self.player.controls})
        if typed := self.game.typed:
            terms = sp.Add.make_args(sp.expand(still))
            still = sp.Add(*(e for e in terms if not e.free_symbols & typed))
        moved = sp.expand(expression - still)
        own = self.share * expression
        try:
            others = others_average(self.game, still, 1)
        except DerivationError:
            # noise of the mean of a product: it matters where a function is curved in that mean
            return own + self.over_others(sp.expand(expression), 1)
        return own + others + self.over_others(moved, 1)

    def over_others(self, expression: sp.Expr, power: int) -> sp.Expr:
        """Atoms for what the others do, with the laws of controls, which the player moves, outside.

        Raises
        ------
        DerivationError
            If the expression is no polynomial in a law of controls.
        """
        laws = [law for law in self.of_controls if expression.has(law)]
        if expression == 0:
            return sp.S.Zero
        if not laws:
            return self.atom(expression, power)
        if not expression.is_polynomial(*laws):
            raise self.game.error(
                f"the average over the crowd of {expression} needs more than the mean of a law of "
                "controls.",
                stage="laws",
                remedy="Write drifts and loadings as polynomials of it.",
            )
        return sp.Add(
            *(
                self.atom(coefficient, power)
                * sp.Mul(*(law**exponent for law, exponent in zip(laws, exponents)))
                for exponents, coefficient in sp.Poly(expression, *laws).terms()
            )
        )

    def atom(self, expression: sp.Expr, power: int) -> sp.Symbol:
        name = sp.Dummy(f"others{len(self.others)}")
        self.others[name] = Others(expression, power)
        return name

    def law_state(self, law: Law, state: State) -> State:
        """The dynamics of the average of a state."""
        if state.jumps:
            raise self.game.error(
                f"the law of {law.of} cannot be followed through jumps.",
                stage="laws",
                remedy="Let states of which there are laws have no jumps.",
            )
        loadings = {}
        for noise, loading in state.loadings.items():
            if noise in law.given:
                loadings[noise] = self.average(loading)
            elif self.share != 0:
                loadings[noise] = self.share * loading
        return State(law.symbol, self.average(state.drift), loadings)

    def variance(self, law: Law, one: State, two: State) -> sp.Expr:
        """Covariance rate that the others' own noises give two averages."""
        if self.share == 0:
            return sp.S.Zero
        shared = sp.Add(
            *(
                loading * two.loadings[noise]
                for noise, loading in one.loadings.items()
                if noise in two.loadings and noise not in law.given
            )
        )
        return self.over_others(sp.expand(shared), 2)


def _degree(monomial: sp.Expr, symbol: sp.Symbol) -> int:
    return int(monomial.as_powers_dict().get(symbol, 0))
