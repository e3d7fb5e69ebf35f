"""Solve a model at exact parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import sympy as sp
from flint import arb, ctx

from eqsolve.derivation.derivation import Derivation, derive
from eqsolve.derivation.fixed_point import second_moments
from eqsolve.derivation.hjb import ExtendedHJB
from eqsolve.errors import InputError
from eqsolve.game import Model, t
from eqsolve.game.parameters import Numbers, read
from eqsolve.game.structure import Builder, build, counted
from eqsolve.game.types import read_types
from eqsolve.numbers import exact
from eqsolve.numerics.status import Status
from eqsolve.solve.answer import Answer
from eqsolve.solve.conditions import Condition, domains, evaluate, judged_at, rates, second_order
from eqsolve.solve.crowd import Averages, averages, merged, numbers_of_types
from eqsolve.solve.decide import Candidate, Decision, Rule, by_limit, decide, examine
from eqsolve.solve.growth import GrowthSystem, growth_systems
from eqsolve.solve.horizon import Intervals, longest_horizon
from eqsolve.solve.joint import joint
from eqsolve.solve.laws import InitialLaw, Laws
from eqsolve.solve.outcome import growth_of_play, outcome, unplayable
from eqsolve.solve.path import Backward, Constant, backward, center, rational
from eqsolve.solve.stationary import Solutions, stationary

#: Working precision of balls, in bits.
BITS = 192
#: Those tried where the averages over types seem not to be determined.
PRECISIONS = (BITS, 1024, 4096)
#: What is said where expectations are not followed.
_EVER_MORE = "the generator leads to ever more functions of the states."
_NO_LAWS = (
    "Means and variances of the states are not given: they need more than functions of the second "
    "degree in the states."
)
#: Times of the horizon at which conditions are checked first, both ends included.
CHECKED = 17


def solve(
    source: Model | Builder,
    values: Mapping[str, object],
    *,
    at: Mapping[str, object] | None = None,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
    selection: str | None = None,
) -> Answer:
    """Solve a model at one point.

    Parameters
    ----------
    source : a Model, or the function of a game's file that builds one.
    values : parameters by name: decimals and ratios as written, or numbers.
    at : states and the time ``t`` at which controls and values are wanted.
    notion, size, continuum : structure, where the file offers it.
    selection : overrides the model's rule for several solutions.

    Raises
    ------
    InputError
        If a name or value is not acceptable.
    DerivationError
        If the model cannot be derived.
    """
    model = build(source, values, notion=notion, size=size, continuum=continuum)
    values = counted(model, values, size)
    with ctx.workprec(BITS):
        derivation = derive(model)
        chosen = selection or model.selection
        crowd = model.game.crowd
        if crowd is not None and crowd.own:
            if size is None and crowd.size is not None and str(crowd.size) in values:
                size = int(exact(str(crowd.size), values[str(crowd.size)]))
            return _types(derivation, values, at, size, chosen)
        return Point(derivation, read(model, values, at), chosen).answer()


def _types(
    derivation: Derivation,
    values: Mapping[str, object],
    at: Mapping[str, object] | None,
    size: int | None,
    selection: str,
) -> Answer:
    """Solve a crowd whose copies have types of their own."""
    types = read_types(derivation.model, values, size, at=at)
    numbers = numbers_of_types(derivation, types)
    if derivation.fixed is not None:
        if selection == "value":
            raise InputError(
                "solutions of a type have no values before the averages over all types are known.",
                game=derivation.model.name,
                stage="selection",
                remedy="Select the limit of finite horizons; every joint solution is listed.",
            )
        for bits in PRECISIONS:
            with ctx.workprec(bits):
                answer = joint([Point(derivation, n, selection) for n in numbers], types)
            if answer.status is not Status.DEGENERATE:
                break
        return answer
    found = averages(derivation, numbers, types)
    if isinstance(found, tuple):
        return Point(derivation, numbers[0], selection).refused(*found)
    points = [Point(derivation, number, selection, found) for number in numbers]
    return merged([point.answer() for point in points], types, found)


@dataclass(frozen=True)
class Solved:
    """The solution that was selected, before anything is computed from it.

    Attributes
    ----------
    path : its coefficients by time.
    decision, roots, certificate, explosion : of the answer.
    admissible : the coefficients of every admissible solution, by its number.
    """

    path: Constant | Backward
    decision: Decision
    roots: tuple[dict[str, Any], ...]
    certificate: dict[str, Any]
    admissible: Mapping[int, Constant | Backward]
    explosion: float | None = None


@dataclass
class Point:
    """One model at one set of numbers; every part is computed when it is asked for.

    ``path`` holds the coefficients by time once an answer has been found. Where players with types
    of their own respond to averages over the others, these (``frozen``), the strategy in the states
    of all types and what is obtained in play come from all types.
    """

    derivation: Derivation
    numbers: Numbers
    selection: str
    averages: Averages = field(default_factory=dict)
    path: Constant | Backward | None = field(default=None, init=False)
    open: bool = field(default=False, init=False)
    frozen: Mapping[sp.Symbol, arb] = field(default_factory=dict, init=False)
    strategy: Mapping[str, Mapping[str, float]] = field(default_factory=dict, init=False)
    obtained: Mapping[str, arb] = field(default_factory=dict, init=False)

    @property
    def model(self) -> Model:
        return self.derivation.model

    @property
    def typed(self) -> bool:
        """Whether averages over the others are those of types of their own."""
        fixed = self.derivation.fixed
        return fixed is not None and bool(fixed.totals)

    @cached_property
    def parameters(self) -> dict[sp.Symbol, sp.Rational]:
        """Exact values of parameters, of the game's abbreviations and of averages over types."""
        found = {
            s: sp.Rational(v.numerator, v.denominator) for s, v in self.numbers.parameters.items()
        }
        for name, definition in self.derivation.solved.game.definitions.items():
            found[name] = definition.xreplace(found)
        return {**found, **self.averages}

    @cached_property
    def balls(self) -> dict[sp.Symbol, arb]:
        """The same as balls."""
        return {s: evaluate(v, {}) for s, v in self.parameters.items()}

    @cached_property
    def end(self) -> Fraction | None:
        """The end of the horizon, where there is one."""
        end = self.model.game.horizon.end
        if end is None:
            return None
        value = self._number(end)
        if value <= 0:
            raise InputError("the horizon must be positive.", game=self.model.name, stage="input")
        return value

    @cached_property
    def second_order(self) -> tuple[Condition, ...]:
        return self.derivation.once(second_order)

    @cached_property
    def domains(self) -> tuple[Condition, ...]:
        return self.derivation.once(domains)

    @cached_property
    def growth(self) -> tuple[GrowthSystem, ...]:
        """How the expectations of every player grow at the feedback of the ansatz."""
        return self.derivation.once(growth_systems)

    @cached_property
    def growth_of_play(self) -> GrowthSystem:
        """How expectations grow when everybody plays the strategy."""
        return self.derivation.once(growth_of_play)

    @cached_property
    def solutions(self) -> Solutions:
        """All solutions of a stationary system, or of the implicit feedback of another one."""
        return stationary(self.derivation, self.parameters)

    def environment(self, coefficients: Mapping[sp.Symbol, arb]) -> dict[sp.Symbol, arb]:
        """Balls for parameters, coefficients of functions and feedback, and states."""
        values = {**self.balls, **coefficients}
        derivation = self.derivation
        explicit = derivation.system.feedback if self.typed else derivation.explicit
        for symbol, expression in explicit.items():
            values[symbol] = evaluate(expression, {**values, t: self.time})
        values[t] = self.time
        for state in self.derivation.states:
            values[state] = self.place.get(state, arb(1))
        if derivation.fixed is not None:
            for name in derivation.fixed.averages:
                form = None if self.typed else derivation.fixed.values.get(name)
                value = arb(1) if form is None else evaluate(form, values)
                values[name] = self.frozen.get(name, value)
        return values

    @property
    def time(self) -> arb:
        return arb(rational(self.numbers.time))

    @cached_property
    def place(self) -> dict[sp.Symbol, arb]:
        """States that were given, and means of initial laws in place of others."""
        found = {s: arb(rational(v)) for s, v in self.numbers.states.items()}
        for state, mean in self.initial.means.items():
            found.setdefault(state, arb(rational(mean)))
        for name, form in second_moments(self.model.game).items():
            # where none is given, all others are where their mean is
            if name not in found and form.free_symbols & {*self.model_states} <= found.keys():
                found[name] = evaluate(self._plain(form), found)
        return found

    @cached_property
    def initial(self) -> InitialLaw:
        """The law of the states at time 0: as declared, or concentrated at what was given."""
        game = self.model.game
        means: dict[sp.Symbol, Fraction] = {}
        covariances: dict[frozenset[sp.Symbol], Fraction] = {}
        for state, pair in self.model.initial.items():
            means[state], variance = (self._number(part) for part in pair)
            covariances[frozenset([state])] = variance
        share = self._number(game.crowd.share) if game.crowd is not None else Fraction(0)
        averages = {law.symbol: law.of for law in game.laws if law.of in means}
        for symbol, state in averages.items():
            means[symbol] = means[state]
            variance = covariances[frozenset([state])] * share
            covariances[frozenset([symbol])] = variance
            covariances[frozenset([symbol, state])] = variance
        for law in game.laws:
            for mean, state in averages.items():
                if sp.expand(law.of - (state - mean) ** 2) == 0:
                    means[law.symbol] = covariances[frozenset([state])]
        for state, value in self.numbers.states.items():
            means[state] = value
            covariances = {k: v for k, v in covariances.items() if state not in k}
        return InitialLaw(means, covariances)

    def _number(self, expression: sp.Expr) -> Fraction:
        value = (sp.S.Zero + expression).xreplace(self.parameters)
        if not value.is_Rational:
            raise InputError(
                f"{expression} is no rational number at these parameters.",
                game=self.model.name,
                stage="input",
                remedy="Declare a parameter in its place.",
            )
        return Fraction(int(value.p), int(value.q))

    # -- the decision ---------------------------------------------------------------------------

    def answer(self) -> Answer:
        """Solve, decide and report."""
        solved = self.solved()
        return solved if isinstance(solved, Answer) else self.found(solved)

    def solved(self) -> Solved | Answer:
        """Solve and decide; an answer says why there is no solution."""
        self._real()
        times = [Fraction(0)]
        if self.end is not None:
            times = [self.end * index / (CHECKED - 1) for index in range(CHECKED)]
        for name, rate in rates(self.derivation):
            for moment in times:
                if evaluate(rate, {**self.balls, t: arb(rational(moment))}) < 0:
                    return self.refused(
                        Status.INVALID_INPUT,
                        f"{_sentence(name)} is negative at t = {float(moment):g}.",
                    )
        if self.derivation.stationary:
            if (sentence := self._endless()) is not None:
                return self.refused(Status.INVALID_INPUT, sentence)
            return self._stationary()
        if self.end is None:
            return self.refused(
                Status.UNRESOLVED,
                "The horizon is infinite and the rates depend on time: convergence as the horizon "
                "grows is not decided. Give the horizon an end.",
            )
        return self._finite()

    def _real(self) -> None:
        """Refuse numbers at which the declaration makes no sense.

        Raises
        ------
        InputError
            Naming the part of the declaration that is not finite and real.
        """
        game = self.derivation.solved.game
        for words, expression in game.expressions():
            if words.startswith(("the payoff", "the running", "the preference")):
                continue  # x^(1-g)/(1-g) at g = 1 differs by a constant from what is meant
            value = expression.xreplace(self.parameters)
            if value.has(sp.zoo, sp.nan, sp.oo, -sp.oo, sp.I):
                raise InputError(
                    f"{words} is not finite and real at these parameters.",
                    game=game.name,
                    stage="input",
                )
        if game.crowd is not None and game.crowd.size is not None:
            size = game.crowd.size.xreplace(self.parameters)
            if not (size.is_Integer and size >= 1):
                raise InputError(
                    f"a crowd of {size} players.",
                    game=game.name,
                    stage="input",
                    remedy="Give a whole number of players.",
                )

    def _endless(self) -> str | None:
        """Why an infinite horizon gives no expectations at these parameters."""
        game = self.derivation.solved.game
        for player in game.players:
            if (game.horizon.hazard + player.discount).xreplace(self.parameters) == 0:
                return f"The horizon is infinite and {player.name} does not discount."
        return None

    def _stationary(self) -> Solved | Answer:
        solutions = self.solutions
        if solutions.degenerate and not solutions.points:
            return self.refused(Status.DEGENERATE, solutions.degenerate)
        conditions = self.domains
        candidates = [
            examine(
                self.environment({k: _ball(v) for k, v in point.items()}),
                self.second_order,
                conditions,
                self.growth,
            )
            for point in solutions.points
        ]
        decision = decide(
            candidates,
            solutions.complete,
            self.selection,
            self._rules(),
            isolated=not solutions.degenerate,
        )
        roots = self._roots(candidates, decision)
        if decision.selected is None:
            return self.refused(decision.status, decision.sentence, roots)
        chosen = solutions.points[decision.selected]
        if any(value is None for value in candidates[decision.selected].abscissa):
            decision = replace(
                decision,
                sentence=f"{decision.sentence} Whether expectations are finite is not decided: "
                f"{_EVER_MORE}",
            )
        path = Constant({k: _ball(v) for k, v in chosen.items()})
        if self.derivation.fixed is not None and not self.typed:
            values = self.environment(path.coefficients(Fraction(0)))
            failed = unplayable(self.derivation, self.growth_of_play, values)
            if failed is not None:
                return self.refused(*failed, roots)
        certificate = {
            "solutions": len(candidates),
            "complete": solutions.complete,
            "bits": ctx.prec,
        }
        admissible = {
            i: Constant({k: _ball(v) for k, v in point.items()})
            for i, (point, candidate) in enumerate(zip(solutions.points, candidates))
            if candidate.admissible
        }
        return Solved(path, decision, roots, certificate, admissible)

    def _rules(self) -> dict[str, Rule]:
        rules = {"limit": by_limit(self.derivation, self.parameters), "value": self._value}
        rules["stabilizing"] = rules["limit"]
        if self.selection not in rules:  # of the user
            raise InputError(
                f"there is no selection {self.selection!r}.",
                game=self.model.name,
                stage="input",
                remedy=f"Choose one of {', '.join(rules)}.",
            )
        return rules

    def _value(self, candidates: Sequence[Candidate]) -> tuple[int | None, str]:
        """The rule ``value``: the best value of the first player at the given state."""
        system = self.derivation.systems[0]
        if not isinstance(system, ExtendedHJB):
            return None, "Adjoints give no value to select by."
        sign = 1 if system.problem.player.preference.sense == "maximize" else -1
        values = [sign * evaluate(system.value, c.values) for c in candidates]
        best = max(range(len(values)), key=lambda i: center(values[i]))
        if any(not values[best] > v for i, v in enumerate(values) if i != best):
            return None, "The best value at this state is not unique."
        return best, "Of several admissible solutions, the best value at the state is selected."

    def _finite(self) -> Solved | Answer:
        assert self.end is not None
        for below in self.derivation.system.nonzero:
            if sp.expand(below.xreplace(self.parameters)) == 0:
                return self.refused(
                    Status.DEGENERATE,
                    f"{below} is zero at these parameters: the feedback is not determined.",
                )
        constants: dict[sp.Symbol, arb] = {}
        if self.derivation.system.implicit:
            points = self.derivation_constants()
            if isinstance(points, Answer):
                return points
            constants = points
        if not 0 <= self.numbers.time <= self.end:
            raise InputError(
                f"t must lie between 0 and {float(self.end):g}.",
                game=self.model.name,
                stage="input",
            )
        path = backward(self.derivation, self.parameters, constants, self.end)
        trajectory = path.trajectory
        if trajectory.status == "explodes":
            low, high = trajectory.bracket or (trajectory.reached, None)
            middle = float(low) if high is None else float((low + high) / 2)
            answer = self.refused(
                Status.EXPLODES,
                f"The solution does not exist on horizons of {middle:.15g} or more "
                f"(asked for: {float(self.end):g}).",
                explosion=middle,
            )
            return answer
        if trajectory.status != "ok":
            return self.refused(
                Status.UNRESOLVED,
                f"The coefficients are enclosed for {float(trajectory.reached):g} before the end "
                "of the horizon only.",
            )
        wanted = [(c, Status.NO_SOLUTION) for c in self.domains]
        wanted += [(c, Status.NOT_A_MAXIMUM) for c in self.second_order]
        for index in range(CHECKED):
            moment = self.end * index / (CHECKED - 1)
            values = {**self.environment_at(path, moment)}
            for condition, otherwise in wanted:
                holds = condition.holds(values)
                if holds is not True:
                    status = otherwise if holds is False else Status.UNRESOLVED
                    where = f" at t = {float(moment):g}"
                    return self.refused(status, _sentence(condition.sentence) + where + ".")
            if self.derivation.fixed is not None and not self.typed:
                failed = unplayable(self.derivation, self.growth_of_play, values)
                if failed is not None:
                    return self.refused(*failed)
        held = "on the whole horizon"
        intervals = Intervals(self.derivation, path, self.environment_at(path, Fraction(0)))
        for condition, otherwise in wanted:
            proved, moment = intervals.holds(condition)
            if proved is False:
                where = f" at t = {float(moment):g}"
                return self.refused(otherwise, _sentence(condition.sentence) + where + ".")
            if proved is None:
                held = f"at {CHECKED} times"
        explosion, how = longest_horizon(self.derivation, self.parameters, path)
        certificate = {
            "steps": len(trajectory.pieces),
            "bits": BITS,
            "conditions": held,
            "explosion": how,
        }
        decision = Decision(Status.OK, "The solution exists up to the horizon.")
        return Solved(path, decision, (), certificate, {0: path}, explosion)

    def environment_at(self, path: Constant | Backward, time: Fraction) -> dict[sp.Symbol, arb]:
        """Balls for everything at a time of the horizon."""
        before = self.numbers
        try:
            self.numbers = Numbers(before.parameters, before.states, time)
            return self.environment(path.coefficients(time))
        finally:
            self.numbers = before

    def derivation_constants(self) -> dict[sp.Symbol, arb] | Answer:
        """Coefficients of the feedback that solve equations of their own, once and for all."""
        system = self.derivation.system
        for symbol, expression in system.implicit.items():
            if expression.free_symbols & {*system.unknowns, t}:
                raise self.model.game.error(
                    f"the condition of {symbol} is not explicit and moves in time.",
                    stage="solving",
                    remedy="Write the feedback in coefficients of the functions.",
                )
        solutions = stationary(self.derivation, self.parameters, only=tuple(system.implicit))
        judged = []
        for point in solutions.points:
            balls = {k: _ball(v) for k, v in point.items()}
            own = {**self.balls, **balls}
            inside = [c for c in self.domains if c.expression.free_symbols <= own.keys()]
            if not any(c.holds(own) is False or c.at_edge(own) for c in inside):
                judged.append(balls)
        if len(judged) == 1:
            return judged[0]
        if not judged:
            status = Status.NO_SOLUTION if solutions.complete else Status.UNRESOLVED
            return self.refused(status, "The first-order condition has no solution.")
        return self.refused(Status.UNRESOLVED, "The first-order condition has several solutions.")

    # -- the results ----------------------------------------------------------------------------

    def refused(
        self,
        status: Status,
        message: str,
        roots: tuple[dict[str, Any], ...] = (),
        explosion: float | None = None,
    ) -> Answer:
        return Answer(
            **self._identity(), status=status, message=message, roots=roots, explosion=explosion
        )

    def _identity(self) -> dict[str, Any]:
        crowd = self.model.game.crowd
        size = None
        if crowd is not None and crowd.size is not None:
            number = crowd.size.xreplace(self.parameters)
            size = int(number) if number.is_Integer else None
        return {
            "game": self.model.name,
            "notion": self.model.game.notion,
            "size": size,
            "parameters": {s.name: str(v) for s, v in self.numbers.parameters.items()},
            "time": self.numbers.time,
        }

    def _roots(
        self, candidates: Sequence[Candidate], decision: Decision
    ) -> tuple[dict[str, Any], ...]:
        names = (*self.derivation.system.unknowns, *self.derivation.system.implicit)
        return tuple(
            {
                **{s.name: center(c.values[s]) for s in names},
                "admissible": c.admissible,
                "selected": i == decision.selected,
                **({"rejected": "; ".join(c.failed)} if c.failed else {}),
                **(
                    {"growth": [center(a) for a in c.abscissa if a is not None]}
                    if c.abscissa
                    else {}
                ),
            }
            for i, c in enumerate(candidates)
        )

    def found(self, solved: Solved) -> Answer:
        """Everything that follows from a solution."""
        derivation, path = self.derivation, solved.path
        self.path = path
        values = self.environment(path.coefficients(self.numbers.time))
        states = derivation.states
        names = (*derivation.system.unknowns, *derivation.system.implicit)
        names += tuple(derivation.system.feedback)
        laws, places = self._laws(path)
        strategy = dict(self.strategy)
        if not self.typed:
            strategy = {
                c.name: by_monomial(form, self.model_states, values)
                for c, form in derivation.strategy.items()
            }
        response = {}
        if derivation.fixed is not None:
            inner = (*self.model_states, *derivation.fixed.averages)
            response = {
                c.name: by_monomial(form, inner, values)
                for c, form in derivation.fixed.response.items()
            }
        value = {}
        for system in derivation.systems:
            if isinstance(system, ExtendedHJB):
                known = derivation.fixed is None or self._frozen_known
                table = by_monomial(system.value, states, values) if known else {}
                if table:
                    value[system.problem.player.name] = table
        inside = {**values, **places}
        open_states = {*states} - {*places, *self.place}
        outputs = {
            name: center(evaluate(plain, inside))
            for name, plain in ((n, self._plain(e)) for n, e in self.model.outputs.items())
            if not plain.free_symbols & open_states
        }
        widths = [_relative(values[s]) for s in names]
        certificate = {**solved.certificate, "largest_relative_radius": max(widths, default=0.0)}
        return Answer(
            **self._identity(),
            status=solved.decision.status,
            message=solved.decision.sentence
            + self._judged()
            + (f" {_NO_LAWS}" if self.open else ""),
            roots=solved.roots,
            explosion=solved.explosion,
            strategy={k: v for k, v in strategy.items() if v},
            response={k: v for k, v in response.items() if v},
            value=value,
            coefficients={s.name: center(values[s]) for s in names},
            laws=laws,
            outputs=outputs,
            at=self._at(path, values),
            certificate=certificate,
        )

    def _judged(self) -> str:
        """At which state a second-order condition was judged whose sign depends on it."""
        states = self.derivation.once(judged_at)
        if not states:
            return ""
        at = ", ".join(f"{s} = {center(self.place.get(s, arb(1))):g}" for s in states)
        return f" The second-order condition depends on the state: it holds at {at}."

    @property
    def model_states(self) -> tuple[sp.Symbol, ...]:
        """The states that the declared feedback is written in."""
        laws = [law.symbol for law in self.model.game.laws]
        return (*self.model.game.state_symbols, *laws)

    def _plain(self, expression: sp.Expr) -> sp.Expr:
        return (sp.S.Zero + expression).xreplace(self.parameters)

    def _laws(self, path: Constant | Backward) -> tuple[dict[str, float], dict[sp.Symbol, arb]]:
        """Means and variances at the time asked for, where they close."""
        if self.typed:
            return {}, {}
        laws = Laws(self.derivation, self.parameters, path, self.initial)
        self.open = laws.basis.matrix is None
        if not laws.available:
            return {}, {}
        followed = {law.symbol for law in self.model.game.laws}
        found: dict[str, float] = {}
        places: dict[sp.Symbol, arb] = {}
        for state, (mean, variance) in laws.moments(self.numbers.time).items():
            places[state] = mean
            if state in followed:
                found[state.name] = center(mean)
            else:
                found[f"mean {state.name}"] = center(mean)
                found[f"variance {state.name}"] = center(variance)
        return found, places

    def _at(self, path: Constant | Backward, values: Mapping[sp.Symbol, arb]) -> dict[str, Any]:
        """Controls and values at the state, and objectives over the initial law."""
        derivation = self.derivation
        states = derivation.states
        found: dict[str, Any] = {}
        several = len(derivation.systems) > 1
        if all(s in self.place for s in states):
            found |= {s.name: center(self.place[s]) for s in states}
            inside = {**values, **{s: self.place.get(s, arb(1)) for s in self.model_states}}
            inner = {*self.model_states} - {*self.place}
            played = derivation.strategy
            if derivation.fixed is not None and self.typed:
                played = derivation.fixed.response if self.frozen else {}
            for control, form in played.items():
                if not form.free_symbols & inner:
                    found[control.name] = center(evaluate(form, inside))
            if derivation.fixed is not None:
                return found | self._when_played(values)
            for number, system in enumerate(derivation.systems, start=1):
                if isinstance(system, ExtendedHJB):
                    name = f"V_{number}" if several else "V"
                    found[name] = center(evaluate(self._plain(system.value), inside))
                    if len(system.problem.moments) > 1:
                        for moment, function in system.functions.items():
                            plain = self._plain(function)
                            found[moment] = center(evaluate(plain, inside))
                    expectation = self._objective(system, values)
                    if expectation is not None and self.numbers.time == 0:
                        found[f"J_{number}" if several else "J"] = expectation
        return found

    @property
    def _frozen_known(self) -> bool:
        """Whether the averages over the others that are frozen follow from the state."""
        fixed = self.derivation.fixed
        assert fixed is not None
        known = all(s in self.place for s in self.derivation.states)
        if self.typed:
            return known and bool(self.frozen)
        return known and set(fixed.values) == set(fixed.averages)

    def _when_played(self, values: Mapping[sp.Symbol, arb]) -> dict[str, float]:
        """With the notion given: the value at frozen averages, and what is obtained in play."""
        (system,) = self.derivation.systems
        found: dict[str, float] = {}
        if self._frozen_known and isinstance(system, ExtendedHJB):
            found["V"] = center(evaluate(self._plain(system.value), values))
            if len(system.problem.moments) > 1:
                for moment, function in system.functions.items():
                    found[moment] = center(evaluate(self._plain(function), values))
        if self.typed:
            return found | {name: center(v) for name, v in self.obtained.items()}
        if not self.derivation.stationary:
            return found
        obtained = outcome(self.derivation, self.growth_of_play, values)
        if obtained is None:
            return found
        found["J"] = center(obtained.objective)
        gain = obtained.exploitability
        if gain is not None:
            found["exploitability"] = center(gain)
        return found

    def _objective(self, system: ExtendedHJB, values: Mapping[sp.Symbol, arb]) -> float | None:
        """The expectation of the value over the law at time 0, for values of degree two."""
        states = system.problem.states
        value = sp.expand(system.value)
        if not self.model.initial or not value.is_polynomial(*states):
            return None
        polynomial = sp.Poly(value, *states)
        if polynomial.total_degree() > 2:
            return None
        total = arb(0)
        for exponents, coefficient in polynomial.terms():
            monomial = sp.Mul(*(s**e for s, e in zip(states, exponents)))
            weight = evaluate(self._plain(coefficient), values)
            total += weight * self.initial.expectation(monomial, states)
        return center(total)


def _ball(value: sp.Rational | arb) -> arb:
    return value if isinstance(value, arb) else evaluate(value, {})


def _relative(ball: arb) -> float:
    middle = abs(center(ball))
    return float(ball.rad()) / middle if middle else float(ball.rad())


def by_monomial(
    expression: sp.Expr, states: Sequence[sp.Symbol], values: Mapping[sp.Symbol, arb]
) -> dict[str, float]:
    """The coefficients of a polynomial in the states; none if it is not one."""
    expanded = sp.expand(expression)
    present = [s for s in states if expanded.has(s)]
    if not expanded.is_polynomial(*present):
        return {}
    if not present:
        return {"1": center(evaluate(expanded, values))}
    table = {}
    for exponents, coefficient in sp.Poly(expanded, *present).terms():
        name = "".join(s.name * e for s, e in zip(present, exponents)) or "1"
        table[name] = center(evaluate(coefficient, values))
    return table


def _sentence(text: str) -> str:
    """A text that begins with a capital; the letters of a game stay as they are."""
    return text[:1].upper() + text[1:]
