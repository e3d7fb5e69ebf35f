"""The planner's problem: one chooses the feedback of everybody.

Where the preference is linear in expectations (``cooperation`` has the others), the law enters only
through its mean and covariance: these become the states of a control problem whose controls are the
slopes and the mean of the feedback. It is solved by the same engine as a game of one player.
"""

from __future__ import annotations

from itertools import combinations_with_replacement

import sympy as sp

from eqsolve.game import Ansatz, Game, Law, Model, Player, State, expected


def planner(model: Model) -> Model:
    """Rewrite a continuum of players as the planner's control of the law.

    Raises
    ------
    DerivationError
        If the law is not followed by its mean and covariance.
    """
    return _Planner(model).model()


def standard_covariance(game: Game) -> dict[sp.Symbol, sp.Expr]:
    """The unit matrix for the laws that are covariances: 1 for variances, 0 between states."""
    means = {law.of: law.symbol for law in game.laws if law.of in game.state_symbols}
    return {
        law.symbol: sp.Integer(first == second)
        for first, second in combinations_with_replacement(means, 2)
        for law in game.laws
        if sp.expand(law.of - (first - means[first]) * (second - means[second])) == 0
    }


class _Planner:
    """The rewriting, with its checks."""

    def __init__(self, model: Model) -> None:
        self.source, self.game = model, model.game
        game = self.game
        if game.crowd is None or game.crowd.size is not None or game.crowd.own:
            raise self.error(
                "the planner needs a continuum of players who are alike.",
                "Use Crowd(player), or one Player who has all controls.",
            )
        if game.clocks:
            raise self.error("jumps are not supported.", "Use the notion feedback.")
        (self.player,) = game.players
        self.means = {law.of: law.symbol for law in game.laws if law.of in game.state_symbols}
        missing = [s for s in game.state_symbols if s not in self.means]
        if missing:
            raise self.error(
                f"the planner needs the law of {missing[0]}.",
                f"Declare Law(symbol, of={missing[0]}).",
            )
        self.deviations = {x: sp.Dummy(f"{x}-mean") for x in game.state_symbols}
        self.covariances: dict[frozenset[sp.Symbol], Law] = {}
        for first, second in combinations_with_replacement(game.state_symbols, 2):
            product = (first - self.means[first]) * (second - self.means[second])
            for law in game.laws:
                if sp.expand(law.of - product) == 0:
                    self.covariances[frozenset((first, second))] = law
        self.slopes = {
            control: {x: sp.Dummy(f"{control}_{x}") for x in game.state_symbols}
            for control in self.player.controls
        }
        self.mean_controls = {c: sp.Dummy(f"{c}_mean") for c in self.player.controls}
        followed = {*self.means.values(), *(law.symbol for law in self.covariances.values())}
        self.control_laws = {law.symbol: law for law in game.laws if law.symbol not in followed}

    def error(self, text: str, remedy: str = "") -> Exception:
        return self.game.error(text, stage="planner", remedy=remedy)

    def expanded(self, expression: sp.Expr) -> sp.Expr:
        """An expression of state and control in deviations from the mean."""
        controls = {
            c: self.mean_controls[c]
            + sp.Add(*(self.slopes[c][x] * self.deviations[x] for x in self.deviations))
            for c in self.player.controls
        }
        states = {x: self.means[x] + d for x, d in self.deviations.items()}
        return sp.expand(expression.xreplace({**controls, **states}))

    def spelled(self, expression: sp.Expr) -> sp.Expr:
        """Laws of controls replaced by the expectation that they are."""
        values = {
            symbol: self.expectation(law.of, spell=False)
            for symbol, law in self.control_laws.items()
        }
        return expression.xreplace(values)

    def expectation(self, expression: sp.Expr, spell: bool = True) -> sp.Expr:
        """The expectation over the law, by its mean and covariance."""
        inner = self.expanded(self.spelled(expression) if spell else expression)
        polynomial = sp.Poly(inner, *self.deviations.values())
        total = sp.S.Zero
        names = dict(zip(self.deviations.values(), self.deviations))
        for exponents, coefficient in polynomial.terms():
            if sum(exponents) == 0:
                total += coefficient
            elif sum(exponents) == 2:
                pair = frozenset(names[d] for d, e in zip(polynomial.gens, exponents) if e)
                if pair not in self.covariances:
                    shown = " ".join(str(x) for x in sorted(pair, key=str))
                    raise self.error(
                        f"the planner needs the covariance of {shown}.",
                        "Declare Law(symbol, of=(x - m)**2) with m the law of x.",
                    )
                total += coefficient * self.covariances[pair].symbol
            elif sum(exponents) > 2:
                raise self.error(
                    "the planner needs a moment of the law beyond the second.",
                    "Write costs of the second degree in states and controls.",
                )
        return total

    def model(self) -> Model:
        """The planner's problem."""
        game = self.game
        aggregate = self.player.preference.aggregate
        weights = {m: sp.diff(aggregate, m.symbol) for m in self.player.preference.moments}
        states = [
            State(self.means[s.symbol], self.expectation(s.drift), self.common(s))
            for s in game.states
        ]
        for pair, law in self.covariances.items():
            first, second = (sorted(pair, key=str) * 2)[:2]
            states.append(State(law.symbol, self.covariance_rate(first, second)))
        if len(weights) != 1:
            raise self.error("the preference has several moments.", "Write it as one expectation.")
        ((moment, weight),) = weights.items()
        if weight != 1:
            raise self.error("the preference is not its moment.", "Write it as one expectation.")
        preference = expected(
            self.expectation(moment.running),
            self.expectation(moment.payoff),
            self.player.preference.sense,
            moment.name,
        )
        controls, feedback = self.feedback()
        player = Player(self.player.name, controls, preference, self.player.discount)
        return Model(
            Game(
                game.name,
                tuple(states),
                (player,),
                game.horizon,
                definitions=game.definitions,
            ),
            Ansatz(self.source.ansatz.functions, feedback),
            self.source.vocabulary,
            self.source.title,
            self.source.source,
            self.source.selection,
        )

    def feedback(self) -> tuple[tuple[sp.Symbol, ...], dict[sp.Symbol, sp.Expr]]:
        """Slopes and mean of every control, and their form by the ansatz."""
        controls: list[sp.Symbol] = []
        forms: dict[sp.Symbol, sp.Expr] = {}
        at_mean = dict(self.means)
        for control, form in self.source.ansatz.feedback.items():
            for x, slope in self.slopes[control].items():
                value = sp.diff(form, x)
                if value.free_symbols & set(self.game.state_symbols):
                    raise self.error(
                        f"the feedback {control} is not affine in the states.",
                        "Write it affine in states and laws.",
                    )
                controls.append(slope)
                forms[slope] = value
            controls.append(self.mean_controls[control])
            forms[self.mean_controls[control]] = form.xreplace(at_mean)
        return tuple(controls), forms

    def common(self, state: State) -> dict[str, sp.Expr]:
        """Loadings of the mean: those on the noises that the law is given."""
        law = next(law for law in self.game.laws if law.of == state.symbol)
        loadings = {k: v for k, v in state.loadings.items() if k in law.given}
        for loading in loadings.values():
            if loading.free_symbols & {*self.game.state_symbols, *self.player.controls}:
                raise self.error(
                    "a loading on common noise depends on the state or control.",
                    "Write it in parameters, or use the notion feedback.",
                )
        return loadings

    def covariance_rate(self, first: sp.Symbol, second: sp.Symbol) -> sp.Expr:
        """The rate of the covariance of two states under the feedback."""
        table = {s.symbol: s for s in self.game.states}
        given = {noise for law in self.game.laws for noise in law.given}
        one, two = table[first], table[second]
        noise = sp.Add(
            *(
                v * two.loadings[k]
                for k, v in one.loadings.items()
                if k in two.loadings and k not in given
            )
        )
        drifts = (first - self.means[first]) * two.drift + (second - self.means[second]) * one.drift
        return self.expectation(drifts) + self.expectation(noise)
