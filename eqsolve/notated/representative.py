"""The problem of one player of a crowd in an author's letters, from the crowd's declaration.

What the others do on average is frozen, and its averages are parameters. In the place of a law of
states stands the state that the author writes instead, as the model's coordinates say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import sympy as sp

from eqsolve.arithmetic.algebra import collect
from eqsolve.derivation.given import as_parameters, frozen
from eqsolve.derivation.problem import Problem, problems
from eqsolve.game import Crowd, Game, Horizon, Model, Moment, Preference, State
from eqsolve.notated.roles import Roles
from eqsolve.symbols import symbol

#: The noise of an average that comes from the others' own noises.
OTHERS = "others"


@dataclass(frozen=True, eq=False)
class Representative:
    """One player of a crowd against averages over the others that are parameters.

    Parameters
    ----------
    declared : the crowd, with the notion given and an exponential horizon, and what stands for the
        frozen averages and for the law.
    roles : the author's letters.
    renamed : the author's letter for one of the declaration that has another name.
    abbreviations : further abbreviations of the author.
    weight : what the own state's coefficient in the payoffs is called, where it is not 1.

    Raises
    ------
    DerivationError
        If the game is no crowd of players with one control, or no parameter stands for an average.
    """

    declared: Model
    roles: Roles
    renamed: Mapping[sp.Symbol, sp.Symbol]
    abbreviations: Mapping[sp.Symbol, sp.Expr]
    weight: sp.Symbol

    def __post_init__(self) -> None:
        game = self.declared.game
        if game.crowd is None or len(game.controls) != 1 or game.horizon.end is not None:
            raise game.error(
                "it is no crowd of players with one control until a random time.",
                stage="representative",
                remedy="Derive it by eqsolve.derivation.",
            )

    def letters(self, expression: sp.Expr) -> sp.Expr:
        """An expression of the declaration in the author's letters."""
        known = {**{m.symbol: m.symbol for m in self.declared.game.moments}, **self.renamed}
        own = {s: known.get(s) or symbol(s.name) for s in expression.free_symbols}
        return expression.xreplace(own).xreplace({1 / self.roles.size: self.roles.reciprocal})

    @property
    def crowd(self) -> Crowd:
        """The crowd as it is declared."""
        crowd = self.declared.game.crowd
        assert crowd is not None
        return crowd

    @property
    def share(self) -> sp.Expr:
        """The weight of one player in the averages, 0 in a continuum."""
        return self.letters(self.crowd.share)

    @property
    def shared(self) -> tuple[sp.Symbol, ...]:
        """The parameters that all players have in common, beside how many they are."""
        own = {*self.crowd.own, self.crowd.size, self.crowd.weights, *self.declared.frozen}
        rows = self.declared.vocabulary.parameters
        return tuple(self.letters(row.symbol) for row in rows if row.symbol not in own)

    @cached_property
    def _problem(self) -> Problem:
        problem, _ = self._frozen
        return problem

    @cached_property
    def _frozen(self) -> tuple[Problem, Mapping[sp.Symbol, sp.Expr]]:
        """The problem with frozen averages, and what is put in for averages and laws."""
        problem, averages = frozen(problems(self.declared.game)[0])
        named: dict[sp.Symbol, sp.Expr] = {**as_parameters(self.declared, averages)}
        return problem, named | dict(self.declared.coordinates)

    def _placed(self, expression: sp.Expr) -> sp.Expr:
        """An expression of the problem in the author's states and letters."""
        _, named = self._frozen
        # averages are parameters, and coordinates have no laws: the order does not matter
        return self.letters(expression.xreplace(dict(named)))

    def _state(self, state: State) -> State:
        """A state as the author writes it: for a law, what it is beside own states."""
        form = self.declared.coordinates.get(state.symbol)
        if form is None:
            loads = {noise: self._placed(load) for noise, load in state.loadings.items()}
            return State(self.letters(state.symbol), self._placed(state.drift), loads)
        drift, loads = state.drift, dict(state.loadings)
        for own in self.declared.game.states:
            slope = sp.diff(form, own.symbol)
            drift, form = drift - slope * own.drift, form - slope * own.symbol
            for noise, load in own.loadings.items():
                loads[noise] = loads.get(noise, sp.S.Zero) - slope * load
        loads = {noise: sp.expand(self._placed(load)) for noise, load in loads.items()}
        rate = self._problem.apart.get((state.symbol, state.symbol), sp.S.Zero)
        loads[OTHERS] = sp.sqrt(self._placed(rate))
        loads = {noise: load for noise, load in loads.items() if load != 0}
        return State(self.letters(form), sp.expand(self._placed(drift)), loads)

    def game(self, name: str) -> Game:
        """The player's problem, under a name."""
        declared, problem, reciprocal = self.declared.game, self._problem, self.roles.reciprocal
        states = tuple(map(self._state, problem.motion))
        payoffs = {m.name: self._placed(m.payoff) for m in problem.moments}
        linear = next(iter(payoffs.values()))
        weight = sp.diff(linear, states[0].symbol)
        definitions = {reciprocal: 1 / self.roles.size} if weight.has(reciprocal) else {}
        definitions |= {self.letters(s): self.letters(e) for s, e in declared.definitions.items()}
        definitions |= self.abbreviations
        if weight != 1:
            definitions[self.weight] = weight
        named = {weight: self.weight} if weight != 1 else {}
        control = self.letters(declared.controls[0])
        preference = Preference(
            tuple(Moment(key, _weighed(e, states, named)) for key, e in payoffs.items()),
            self.letters(problem.aggregate),
        )
        return Game(
            name,
            states,
            (replace(declared.players[0], controls=(control,), preference=preference),),
            Horizon(self.letters(declared.horizon.hazard)),
            definitions=definitions,
        )

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters, those of the averages last."""
        return tuple(row.name for row in self.declared.vocabulary.parameters)

    @property
    def played(self) -> tuple[str, ...]:
        """The same where the averages follow from what everybody plays."""
        averages = {parameter.name for parameter in self.declared.frozen}
        return tuple(name for name in self.parameters if name not in averages)

    @cached_property
    def moments(self) -> dict[str, sp.Expr]:
        """The form of the moments."""
        functions = self.declared.ansatz.functions
        return {name: self._placed(form) for name, form in functions.items()}

    @cached_property
    def feedback(self) -> sp.Expr:
        """The form of the feedback."""
        (form,) = self.declared.ansatz.feedback.values()
        return self._placed(form)

    @cached_property
    def aggregates(self) -> dict[sp.Symbol, sp.Expr]:
        """The averages by those of the others' positions and of their squares."""
        (control,) = self.declared.game.controls
        means = {control: self.roles.position, control**2: self.roles.mean_square}
        return {
            self.letters(parameter): sp.Add(
                *(self.letters(e) * means[m] for m, e in collect(expression, (control,)).items())
            )
            for parameter, expression in self.declared.frozen.items()
        }


def _weighed(
    expression: sp.Expr, states: tuple[State, ...], named: Mapping[sp.Expr, sp.Symbol]
) -> sp.Expr:
    """A power of an affine function of the states, its coefficients by their names."""
    base, exponent = expression.as_base_exp()
    terms = collect(base, [s.symbol for s in states])
    return sp.Add(*(named.get(e, e) * m for m, e in terms.items())) ** exponent
