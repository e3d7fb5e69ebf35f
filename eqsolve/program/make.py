"""From a derivation to its program."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from eqsolve.arithmetic.code import Code
from eqsolve.derivation.conditions import domains, judged_at, rates, second_order
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.fixed_point import second_moments
from eqsolve.derivation.growth import growth_systems
from eqsolve.derivation.hjb import ExtendedHJB
from eqsolve.derivation.units import Units
from eqsolve.errors import DerivationError
from eqsolve.game import Model
from eqsolve.game.parameters import inputs
from eqsolve.program.codes import Codes, coefficients
from eqsolve.program.make_given import given
from eqsolve.program.make_growth import growth, moments
from eqsolve.program.make_responses import averaging
from eqsolve.program.program import Claim, Program, Start, System, Table, Value


def program(derivation: Derivation, model: Model | None = None) -> Program:
    """The program of a derivation.

    Parameters
    ----------
    derivation : of the model.
    model : what was declared, where the derivation has laws besides.

    Raises
    ------
    DerivationError
        If an expression cannot be evaluated.
    """
    _, found = derivation.once(made)
    return found if model is None else replace(found, inputs=inputs(model))


def made(derivation: Derivation) -> tuple[Maker, Program]:
    """What writes a derivation's program, which knows its letters, and the program."""
    maker = Maker(derivation)
    return maker, maker.program()


class Maker(Codes):
    """Writes one program, or parts of it."""

    def program(self) -> Program:
        """All of it."""
        derivation, model = self.derivation, self.model
        game = model.game
        terminal, reason = self._terminal()
        size = None if game.crowd is None else game.crowd.size
        return Program(
            game=model.name,
            notion=game.notion,
            selection=model.selection,
            inputs=inputs(model),
            stationary=derivation.stationary,
            states=self.names(derivation.states),
            places=self.names(self.places),
            laws=self.names(law.symbol for law in game.laws),
            coordinates=self.table(model.coordinates),
            shown=self.names(model.written(derivation.states)),
            required=tuple(Claim(words, self.code([e])) for words, e in model.required.items()),
            count="" if size is None or not size.is_Symbol else size.name,
            size=None if size is None else self.quantity(size),
            declared=tuple(
                (words, self.code([e]))
                for words, e in derivation.solved.game.expressions()
                # x^(1-g)/(1-g) at g = 1 differs by a constant from what is meant
                if not words.startswith(("the payoff", "the running", "the preference"))
            ),
            discounting=tuple(
                (player.name, self.code([derivation.solved.game.horizon.hazard + player.discount]))
                for player in derivation.solved.game.players
            ),
            end=None if game.horizon.end is None else self.quantity(game.horizon.end),
            system=self.system(),
            feedback=self.names(derivation.system.feedback),
            explicit=self.table(derivation.system.feedback if self.typed else derivation.spelled),
            terminal=terminal,
            no_terminal=reason,
            limit=None if model.limit is None else self.quantity(model.limit),
            ending=self._ending(),
            rising=tuple(Claim(name, self.code([e])) for name, e in rates(derivation)),
            second_order=self.claims(derivation.once(second_order)),
            judged=self.names(judged_at(derivation)),
            growth=(
                tuple(growth(self, s, game) for s in derivation.once(growth_systems))
                if derivation.stationary
                else ()
            ),
            strategy=self.forms(derivation.answered, self.places),
            values=tuple(
                self._value(system)
                for system in derivation.systems
                if isinstance(system, ExtendedHJB)
            ),
            players=len(derivation.systems),
            outputs=tuple((name, self.code([e])) for name, e in model.outputs.items()),
            beside=tuple((name, self.table(row)) for name, row in model.beside.items()),
            moments=moments(self),
            start=self.start(),
            given=given(self),
            averaging=averaging(derivation, self.code, self.names),
        )

    def system(self) -> System:
        """The equations of the coefficients."""
        system = self.derivation.system
        rates = {u: _zero(r, u) for u, r in (system.open_rates or system.rates).items()}
        return System(
            self.names(system.unknowns),
            self.names(system.implicit),
            self.names(system.conditions),
            tuple(map(self.names, self.derivation.blocks)),
            self.code(-system.rates[u] for u in system.unknowns),
            self.code(
                (
                    *(rates[u] for u in system.unknowns),
                    *system.implicit.values(),
                    *system.conditions.values(),
                )
            ),
            self.claims(domains(self.derivation)),
            tuple(map(self.quantity, system.nonzero)),
        )

    def _terminal(self) -> tuple[Code | None, str]:
        unknowns = self.derivation.system.unknowns
        if not self.derivation.stationary:
            terminal = self.derivation.system.terminal
            return (self.code(terminal[u] for u in unknowns) if terminal else None), ""
        try:
            payoffs = self.derivation.payoffs
        except DerivationError as error:
            return None, error.message
        return self.code(payoffs[u] for u in unknowns), ""

    def _ending(self) -> bool:
        end = self.model.game.horizon.end
        ends = set() if end is None else end.free_symbols
        return any(e.free_symbols & ends for e in self.derivation.system.terminal.values())

    def _value(self, system: ExtendedHJB) -> Value:
        states = self.derivation.states
        moments = dict(system.functions) if len(system.problem.moments) > 1 else {}
        quadratic: dict[tuple[int, ...], sp.Expr] = {}
        if self.model.initial and self.derivation.fixed is None:
            quadratic = coefficients(system.value, states, every=True)
        if any(sum(exponents) > 2 for exponents in quadratic):
            quadratic = {}
        return Value(
            system.problem.player.name,
            1 if system.problem.player.preference.sense == "maximize" else -1,
            self.by_monomial(system.value, states),
            self.code([system.value]),
            Table(tuple(moments), self.code(moments.values())),
            tuple(quadratic),
            self.code(quadratic.values()),
        )

    def start(self) -> Start:
        """The law at time 0."""
        game, initial = self.model.game, self.model.initial
        means = {law.symbol: law.of for law in game.laws if law.of in initial}
        spreads = tuple(
            (self.name(law.symbol), self.name(state))
            for law in game.laws
            for mean, state in means.items()
            if sp.expand(law.of - (state - mean) ** 2) == 0
        )
        return Start(
            self.names(initial),
            tuple(self.quantity(mean) for mean, _ in initial.values()),
            tuple(self.quantity(variance) for _, variance in initial.values()),
            tuple((self.name(law), self.name(state)) for law, state in means.items()),
            spreads,
            tuple((self.name(n), self.code([e])) for n, e in second_moments(game).items()),
            self.quantity(sp.S.Zero if game.crowd is None else game.crowd.share),
            tuple(
                (self.name(law.symbol), self.name(law.of))
                for law in game.laws
                if law.of in game.state_symbols
            ),
        )


def _zero(rate: sp.Expr, unknown: sp.Symbol) -> sp.Expr:
    """What vanishes with a rate; where powers make the unknown positive, without its factors."""
    units = Units.of([rate])
    if not units.hide([unknown]):
        return rate
    return units.arranged(units.reduced(units.ratio(rate).numerator), [unknown])
