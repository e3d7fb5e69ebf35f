"""From a derivation to its program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import sympy as sp

from eqsolve.arithmetic.code import Code
from eqsolve.arithmetic.function import Function
from eqsolve.derivation.conditions import Condition, domains, judged_at, rates, second_order
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.fixed_point import FixedPoint, second_moments
from eqsolve.derivation.given import as_parameters
from eqsolve.derivation.growth import (
    GrowthSystem,
    follow,
    growth_of_play,
    growth_systems,
    terms,
)
from eqsolve.derivation.hjb import ExtendedHJB
from eqsolve.derivation.laws import law_monomials
from eqsolve.derivation.units import Units
from eqsolve.errors import DerivationError
from eqsolve.game import Game, Model
from eqsolve.game.parameters import inputs
from eqsolve.program.letters import Names
from eqsolve.program.make_responses import averaging, responses
from eqsolve.program.program import (
    Claim,
    Expectation,
    Form,
    Given,
    Growth,
    Moments,
    Outcome,
    Program,
    Quantity,
    Start,
    System,
    Table,
    Value,
    monomial,
)


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


class Maker:
    """Writes one program, or parts of it.

    Hidden letters of the same name are told apart by a stroke; ``letters`` are those that were
    named.
    """

    def __init__(self, derivation: Derivation) -> None:
        self.derivation, self.model = derivation, derivation.model
        laws = (law.symbol for law in self.model.game.laws)
        self.places = (*self.model.game.state_symbols, *laws)
        self.spelled: dict[sp.Symbol, sp.Expr] = {}
        for name, value in derivation.solved.game.definitions.items():
            self.spelled[name] = value.xreplace(self.spelled)
        self.letters: dict[str, sp.Symbol] = {}
        fixed = derivation.fixed
        self.typed = fixed is not None and bool(fixed.totals)
        self.frozen = (
            as_parameters(self.model, fixed.averages)
            if fixed is not None and self.model.frozen
            else {}
        )

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
                tuple(self._growth(s, game) for s in growth_systems(derivation))
                if derivation.stationary
                else ()
            ),
            strategy=self._forms(self._played(), self.places),
            values=tuple(
                self._value(system)
                for system in derivation.systems
                if isinstance(system, ExtendedHJB)
            ),
            players=len(derivation.systems),
            outputs=tuple((name, self.code([e])) for name, e in model.outputs.items()),
            beside=tuple((name, self.table(row)) for name, row in model.beside.items()),
            moments=self._moments(),
            start=self.start(),
            given=self._given(),
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

    # -- letters and codes ----------------------------------------------------------------------

    def name(self, symbol: sp.Symbol) -> str:
        """The name of a letter."""
        name = symbol.name
        while self.letters.setdefault(name, symbol) != symbol:
            if not isinstance(symbol, sp.Dummy) and not isinstance(self.letters[name], sp.Dummy):
                raise DerivationError(
                    f"there are two different symbols called {name}.",
                    game=self.model.name,
                    stage="program",
                    remedy="Use one symbol for one name, with the same assumptions everywhere.",
                )
            name += "'"
        return str(name)

    def names(self, symbols: Iterable[sp.Symbol]) -> Names:
        """The names of letters."""
        return tuple(map(self.name, symbols))

    def code(self, expressions: Iterable[sp.Expr]) -> Code:
        """Expressions as one program of what they need, by name."""
        inserted = [(sp.S.Zero + e).xreplace(self.spelled) for e in expressions]
        free = sorted(set().union(*(e.free_symbols for e in inserted)), key=str)
        function = Function(inserted, free)
        return Code(self.names(free), function.constants, function.steps, function.outputs)

    def quantity(self, expression: sp.Expr) -> Quantity:
        """A number that the parameters give."""
        return Quantity(str(expression), self.code([expression]))

    def table(self, expressions: Mapping[sp.Symbol, sp.Expr]) -> Table:
        """Expressions by name."""
        return Table(self.names(expressions), self.code(expressions.values()))

    def claims(self, conditions: Sequence[Condition]) -> tuple[Claim, ...]:
        """Conditions as programs of the coefficients of the functions."""
        explicit = self.derivation.spelled
        return tuple(
            Claim(c.sentence, self.code([c.expression.xreplace(explicit)])) for c in conditions
        )

    def by_monomial(self, expression: sp.Expr, states: Sequence[sp.Symbol]) -> Table:
        """The coefficients of a polynomial in the states; none if it is not one."""
        letters = self.model.written(states)
        found = _coefficients(expression.xreplace(dict(self.model.coordinates)), letters)
        names = tuple(monomial(e, self.names(letters)) for e in found)
        return Table(names, self.code(found.values()))

    def _forms(
        self, forms: Mapping[sp.Symbol, sp.Expr], letters: Sequence[sp.Symbol]
    ) -> tuple[Form, ...]:
        return tuple(
            Form(self.name(c), self.by_monomial(form, letters), self.code([form]))
            for c, form in forms.items()
        )

    # -- the parts ------------------------------------------------------------------------------

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

    def _growth(self, system: GrowthSystem, game: Game) -> Growth:
        matrix = None
        if system.matrix is not None:
            matrix = self.code(e for row in system.matrix for e in row)
        return Growth(
            tuple(map(str, system.functions)),
            matrix,
            self.code([system.rate]),
            tuple(map(self.code, system.start)),
            system.several,
            _second(system.functions, game),
        )

    def _value(self, system: ExtendedHJB) -> Value:
        states = self.derivation.states
        moments = dict(system.functions) if len(system.problem.moments) > 1 else {}
        quadratic: dict[tuple[int, ...], sp.Expr] = {}
        if self.model.initial and self.derivation.fixed is None:
            quadratic = _coefficients(system.value, states, every=True)
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

    def _moments(self) -> Moments | None:
        """Monomials up to degree two of every state, closed under the generator."""
        if self.typed or self.frozen:
            return None
        # averages of products are left out: their variances are of the fourth degree
        products = second_moments(self.derivation.solved.game)
        states = tuple(s for s in self.derivation.states if s not in products)
        exponents: dict[sp.Expr, tuple[int, ...]] = {}

        def quadratic(function: sp.Expr) -> bool:
            if not function.is_polynomial(*states) or function.free_symbols - {*states}:
                return False
            ((powers, _),) = sp.Poly(function, *states).terms()
            exponents[function] = tuple(map(int, powers))
            return bool(sum(powers) <= 2)

        wanted = [*states, *(s**2 for s in states)]
        played = self.derivation.played
        system = follow(played, played.systems[0], wanted, quadratic)
        if system.matrix is None:
            return Moments(self.names(states), (), None)
        # coefficients of the strategy in those that move at known rates
        spelled = self.derivation.spelled
        matrix = self.code(e.xreplace(spelled) for row in system.matrix for e in row)
        return Moments(self.names(states), tuple(exponents[f] for f in system.functions), matrix)

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

    def _given(self) -> Given | None:
        fixed = self.derivation.fixed
        if fixed is None:
            return None
        followed = self.derivation.stationary and not self.typed and not self.frozen
        growth = growth_of_play(self.derivation) if followed else None
        known = {n: fixed.values[n] for n in fixed.averages if n in fixed.values and not self.typed}
        known |= self.frozen
        letters = list(fixed.coefficients) if fixed.equations else []
        zero = dict.fromkeys(letters, sp.S.Zero)
        rows = [sp.diff(e, k) for e in fixed.equations for k in letters]
        return Given(
            self.names(fixed.averages),
            (responses(self.derivation, fixed, self.code, self.names) if self.typed else None),
            tuple((self.name(name), self.code([form])) for name, form in known.items()),
            self._forms(fixed.response, (*self.places, *fixed.averages)),
            self._implied(fixed),
            self.code(() if self.typed or self.frozen else fixed.nonzero),
            self.code((*rows, *(-e.xreplace(zero) for e in fixed.equations))),
            self.names(letters),
            None if growth is None else self._growth(growth, self.derivation.played.model.game),
            () if growth is None else self._alone(growth.functions),
            None if growth is None or growth.matrix is None else self._outcome(growth),
        )

    def _played(self) -> Mapping[sp.Symbol, sp.Expr]:
        """What is played: the response where averages are parameters."""
        if not self.frozen:
            return self.derivation.strategy
        assert self.derivation.fixed is not None
        response = self.derivation.fixed.response
        return {control: form.xreplace(self.frozen) for control, form in response.items()}

    def _implied(self, fixed: FixedPoint) -> Table:
        """Coefficients of the ansatz at the averages in equilibrium."""
        if self.typed:
            return self.table({})
        found: dict[sp.Symbol, sp.Expr] = {u: u for u in self.derivation.system.unknowns}
        for part, (whole, averages) in fixed.parts.items():
            if part in found:
                found[whole] = found.get(whole, sp.S.Zero) + found.pop(part) * sp.Mul(*averages)
        return self.table(found)

    def _alone(self, functions: Sequence[sp.Expr]) -> tuple[int, ...]:
        """For every function the first one that it equals where one player is the whole crowd."""
        game = self.derivation.played.model.game
        own = {law.symbol: law.of for law in game.laws}
        first: dict[sp.Expr, int] = {}
        same = [function.xreplace(own) for function in functions]
        for plain in (True, False):
            for k, function in enumerate(functions):
                if (function == same[k]) is plain:
                    first.setdefault(same[k], k)
        return tuple(first[function] for function in same)

    def _outcome(self, growth: GrowthSystem) -> Outcome:
        """The player's expectations as combinations of what is followed, with letters for them."""
        played = self.derivation.played
        problem = played.systems[0].problem
        functions: dict[str, sp.Expr] = {}
        expectations = []
        for moment in problem.moments:
            letters = [sp.Dummy(f"{moment.name}{i}") for i in range(len(growth.functions))]
            functions[moment.name] = sp.Add(*(k * f for k, f in zip(letters, growth.functions)))
            payoff = terms(moment.payoff, problem.states)
            running = terms(played.closure(moment.running), problem.states)
            expectations.append(
                Expectation(
                    self.names(letters),
                    self.code(payoff.get(f, sp.S.Zero) for f in growth.functions),
                    self.code(running.get(f, sp.S.Zero) for f in growth.functions),
                )
            )
        system = ExtendedHJB(problem, functions, {})
        sign = -1 if problem.player.preference.sense == "maximize" else 1
        return Outcome(
            self.code([played.model.game.horizon.hazard]),
            self.table(second_moments(played.model.game)),
            self.table({name: of for of, name in law_monomials(played.model.game).items()}),
            tuple(expectations),
            self.code([system.value]),
            self.code(played.closure(g) for g in system.gradient),
            self.code(sign * played.closure(e) for e in system.hessian),
            len(problem.player.controls),
        )


def _zero(rate: sp.Expr, unknown: sp.Symbol) -> sp.Expr:
    """What vanishes with a rate; where powers make the unknown positive, without its factors."""
    units = Units.of([rate])
    if not units.hide([unknown]):
        return rate
    return units.arranged(units.reduced(units.ratio(rate).numerator), [unknown])


def _second(functions: Sequence[sp.Expr], game: Game) -> tuple[int, ...]:
    """Which functions are products of two states, or averages of such."""
    averaged = {name: of for of, name in law_monomials(game).items()}
    states = [*game.state_symbols]

    def degree(function: sp.Expr) -> int:
        inside = function.xreplace(averaged)
        if inside.free_symbols - {*states} or not inside.is_polynomial(*states):
            return 0
        return int(sp.Poly(inside, *states).total_degree())

    return tuple(k for k, function in enumerate(functions) if degree(function) == 2)


def _coefficients(
    expression: sp.Expr, states: Sequence[sp.Symbol], every: bool = False
) -> dict[tuple[int, ...], sp.Expr]:
    """The coefficients of a polynomial in the states by exponents; none if it is not one."""
    expanded = sp.expand(expression)
    present = list(states) if every else [s for s in states if expanded.has(s)]
    if not expanded.is_polynomial(*present):
        return {}
    if not present:
        return {(0,) * len(states): expanded}
    found = {}
    for exponents, coefficient in sp.Poly(expanded, *present).terms():
        powers = dict(zip(present, map(int, exponents)))
        found[tuple(powers.get(s, 0) for s in states)] = coefficient
    return found
