"""Proof of a derivation: its functions and feedback put into the game written out in full.

Nothing here was derived elsewhere. The game is written out copy by copy (``world``), expected
changes come from steps along drifts and noises, laws are the sums that they are by definition, and
every identity is evaluated at random exact points (``exact``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import sympy as sp

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.fixed_point import FixedPoint, second_moments
from eqsolve.derivation.problem import Others
from eqsolve.errors import EqsolveError
from eqsolve.game import Model, t
from eqsolve.game.world import Functional, Place, World
from eqsolve.studies.coordinates import positive_letters
from eqsolve.verify import exact
from eqsolve.verify.check import Check
from eqsolve.verify.exact import Point
from eqsolve.verify.signs import Sign, sign

#: Random points at which every identity is evaluated.
POINTS = 3
#: Sizes at which a crowd of symbolic size is written out.
SIZES = (2, 3)
SEED = 7


@dataclass(frozen=True)
class SecondOrder:
    """The Hessian of a gain rate in the controls, and whether it is to be negative definite."""

    player: str
    sense: str
    matrix: sp.Matrix

    @property
    def minors(self) -> list[sp.Expr]:
        """What must be positive (Sylvester's criterion)."""
        oriented = -self.matrix if self.sense == "maximize" else self.matrix
        return [
            oriented[:size, :size].det(method="berkowitz") for size in range(1, oriented.rows + 1)
        ]


@dataclass(frozen=True)
class Equations:
    """What functions and feedback must satisfy, from the game alone, controls at the feedback.

    Attributes
    ----------
    motion : by label, expressions that vanish when the coefficients move at their rates.
    first_order : by label, derivatives of the gain rates in the controls.
    terminal : by label, functions less payoffs.
    second_order : one matrix a player.
    consistent : by label, what is played less the response to it.
    """

    motion: Mapping[str, sp.Expr]
    first_order: Mapping[str, sp.Expr]
    terminal: Mapping[str, sp.Expr]
    second_order: tuple[SecondOrder, ...]
    consistent: Mapping[str, sp.Expr] = field(default_factory=dict)


def equations(
    derivation: Derivation, world: World, dots: Mapping[sp.Symbol, sp.Symbol]
) -> Equations:
    """Write down the equations of a model in a world.

    Parameters
    ----------
    derivation : of which the game and the form of its solution are read; for the notion given also
        the coefficients by powers of the averages, and the form of the strategy.
    world : the game written out.
    dots : the symbol of the time derivative of every coefficient of the functions.
    """
    model = derivation.model
    if derivation.fixed is not None:
        return _given(derivation, derivation.fixed, world, dots)
    build = {"planner": _planner, "open-loop": _adjoints, "feedback": _feedback}
    if model.game.notion not in build:
        raise model.game.error(
            f"the notion {model.game.notion} is not written out.", stage="checks"
        )
    return build[model.game.notion](model, world, dots)


def _in_time(function: sp.Expr, dots: Mapping[sp.Symbol, sp.Symbol]) -> sp.Expr:
    """Rate of change of a function whose coefficients move."""
    r = sp.Dummy("r")
    moved = {c: c + r * dot for c, dot in dots.items()} | {t: t + r}
    return sp.diff(function.xreplace(moved), r).xreplace({r: sp.S.Zero})


def _feedback(model: Model, world: World, dots: Mapping[sp.Symbol, sp.Symbol]) -> Equations:
    return _functions(model, world, dots, world.played(model.ansatz.feedback, coefficients(model)))


def _given(
    derivation: Derivation,
    fixed: FixedPoint,
    world: World,
    dots: Mapping[sp.Symbol, sp.Symbol],
) -> Equations:
    """The others' controls are any numbers: the averages of them, as sums over copies, are given.

    To tell one average from another, every other copy has parameters of its own, except those
    that its motion has without controls.
    """
    first, among = world.first, with_own_letters(world)

    def averages(given: World, controls: Mapping[sp.Symbol, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
        """The averages over the others, by definition."""
        return {
            name: sp.Add(
                *(
                    c.weight**atom.power * given.of_copy(atom.expression, c)
                    for c in given.copies[1:]
                )
            ).xreplace(dict(controls))
            for name, atom in fixed.averages.items()
        }

    def own(forms: Mapping[sp.Symbol, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
        """The first copy's controls."""
        put = {**first.states, **world.laws(world.places)}
        return {first.controls[u]: form.xreplace(put) for u, form in forms.items()}

    found = _functions(derivation.solved, among, dots, own(fixed.response), averages(among, {}))
    if fixed.totals:
        # whatever the averages over all are, the others' are these less the own part
        played, share = own(fixed.strategy), first.weight
        others = {
            name: total
            - share**atom.power * world.of_copy(atom.expression, first).xreplace(dict(played))
            for (name, atom), total in zip(fixed.averages.items(), fixed.totals)
        }
        consistent = {
            f"{control} is the response to the others": played[control] - form.xreplace(others)
            for control, form in own(fixed.response).items()
        }
        return replace(found, consistent=consistent)
    everybody = world.played(fixed.strategy)
    closed = averages(world, everybody)
    consistent = {
        f"{control} is the response to itself": everybody[control] - form.xreplace(closed)
        for control, form in own(fixed.response).items()
    }
    return replace(found, consistent=consistent)


def with_own_letters(world: World) -> World:
    """The same world, the others' parameters with letters of their own where they may differ."""
    game = world.game
    still = {control: sp.S.Zero for control in game.controls}
    states = [e for s in game.states for e in (s.drift, *s.loadings.values())]
    states += [law.of for law in game.laws]
    spelled = [e.xreplace(world.fixed) for e in states]
    common = set().union(*(e.xreplace(still).free_symbols for e in spelled))
    common |= {*game.state_symbols, *(law.symbol for law in game.laws), t, *game.controls}
    letters = sorted(set().union(*(e.free_symbols for e in spelled)) - common, key=str)
    copies = tuple(
        replace(c, types={s: sp.Symbol(f"{s.name}_{k}") for s in letters} | dict(c.types))
        for k, c in enumerate(world.copies)
        if k
    )
    return replace(world, copies=(world.first, *copies))


def _functions(
    model: Model,
    world: World,
    dots: Mapping[sp.Symbol, sp.Symbol],
    played: Mapping[sp.Symbol, sp.Expr],
    given: Mapping[sp.Symbol, sp.Expr] | None = None,
) -> Equations:
    """The equations of expectations and of what is played; averages that are given inserted."""
    game, first = model.game, world.first

    def put(expression: sp.Expr) -> sp.Expr:
        return expression.xreplace(dict(played)).xreplace(dict(given or {}))

    hazard = world.of_copy(game.horizon.hazard, first)
    motion: dict[str, sp.Expr] = {}
    first_order: dict[str, sp.Expr] = {}
    terminal: dict[str, sp.Expr] = {}
    second: list[SecondOrder] = []
    for player in game.players:
        discount = world.of_copy(player.discount, first)
        values, rates = {}, {}
        for moment in player.preference.moments:
            function = world.functional(model.ansatz.functions[moment.name])
            here = function(first.states, world.places)
            payoff = world.of_copy(moment.payoff, first)
            rates[moment.symbol] = (
                _in_time(here, dots)
                + world.rate(function)
                + world.of_copy(moment.running, first)
                + hazard * (payoff - here)
                - discount * here
            )
            values[moment.symbol] = here
            motion[f"equation of {moment.name}"] = put(rates[moment.symbol])
            terminal[f"{moment.name} at the end"] = put(here - payoff)
        aggregate = player.preference.aggregate
        gain = sp.Add(
            *(
                world.of_copy(sp.diff(aggregate, m), first).xreplace(values) * rate
                for m, rate in rates.items()
            )
        )
        own = [first.controls[c] for c in player.controls]
        _optimal(player.name, player.preference.sense, gain, own, put, first_order, second)
    return Equations(motion, first_order, terminal, tuple(second))


def _optimal(
    name: str,
    sense: str,
    gain: sp.Expr,
    controls: Iterable[sp.Symbol],
    put: Callable[[sp.Expr], sp.Expr],
    first_order: dict[str, sp.Expr],
    second_order: list[SecondOrder],
) -> None:
    """Add the first and second derivatives of a gain rate in controls, at what is played."""
    own = list(controls)
    slopes = {c: sp.diff(gain, c) for c in own}
    for control, slope in slopes.items():
        first_order[f"{name}'s first-order condition in {control}"] = put(slope)
    matrix = sp.Matrix([[put(sp.diff(slope, c)) for c in own] for slope in slopes.values()])
    second_order.append(SecondOrder(name, sense, matrix))


def _planner(model: Model, world: World, dots: Mapping[sp.Symbol, sp.Symbol]) -> Equations:
    """One chooses the control of every atom; the function depends on the law only."""
    game = model.game
    (player,) = game.players
    (moment,) = player.preference.moments
    law_only = World(game, tuple(c for c in world.copies if c.atom), None)
    if not law_only.copies:
        raise game.error("the planner of finitely many copies is not written out.", stage="checks")
    played = law_only.played(model.ansatz.feedback)
    function = law_only.functional(model.ansatz.functions[moment.name])
    here = function({}, law_only.places)
    hazard = law_only.average(game.horizon.hazard)
    payoff = law_only.average(moment.payoff)
    rate = (
        _in_time(here, dots)
        + law_only.rate(lambda _, places: function({}, places))
        + law_only.average(moment.running)
        + hazard * (payoff - here)
        - law_only.average(player.discount) * here
    )
    first_order: dict[str, sp.Expr] = {}
    second: list[SecondOrder] = []
    own = [c.controls[u] for c in law_only.copies for u in player.controls]
    _optimal(
        player.name,
        player.preference.sense,
        rate,
        own,
        lambda e: e.xreplace(played),
        first_order,
        second,
    )
    return Equations(
        {f"equation of {moment.name}": rate.xreplace(played)},
        first_order,
        {f"{moment.name} at the end": (here - payoff).xreplace(played)},
        tuple(second),
    )


def _adjoints(model: Model, world: World, dots: Mapping[sp.Symbol, sp.Symbol]) -> Equations:
    """Pontryagin's equations in the states of all copies, the others' controls held fixed.

    The adjoint of a copy's state is the chain rule's: own state and share in the laws.
    """
    game, first = model.game, world.first
    played = world.played(model.ansatz.feedback)
    hazard = world.of_copy(game.horizon.hazard, first)
    laws = world.laws(world.places)
    drifts = {
        copy.states[state.symbol]: world.of_copy(state.drift, copy)
        for copy in world.copies
        for state in game.states
    }
    motion: dict[str, sp.Expr] = {}
    first_order: dict[str, sp.Expr] = {}
    terminal: dict[str, sp.Expr] = {}
    second: list[SecondOrder] = []
    for player in game.players:
        (moment,) = player.preference.moments
        discount = world.of_copy(player.discount, first)
        own = {
            s: world.functional(model.ansatz.functions[f"{moment.name}.{s}"])
            for s in (*game.state_symbols, *laws)
        }
        inner = {**first.states, **laws}

        def adjoint(coordinate: sp.Symbol) -> Functional:
            weights = {s: sp.diff(inner[s], coordinate) for s in own}

            def at(states: Mapping[sp.Symbol, sp.Expr], places: Sequence[Place]) -> sp.Expr:
                return sp.Add(*(w * own[s](states, places) for s, w in weights.items() if w != 0))

            return at

        values = {x: adjoint(x)(first.states, world.places) for x in drifts}
        running = world.of_copy(moment.running, first)
        payoff = world.of_copy(moment.payoff, first)
        for x in drifts:
            if values[x] == 0:
                continue
            left = (
                _in_time(values[x], dots)
                + world.rate(adjoint(x))
                + sp.Add(*(sp.diff(b, x) * values[y] for y, b in drifts.items()))
                + sp.diff(running, x)
                + hazard * (sp.diff(payoff, x) - values[x])
                - discount * values[x]
            )
            motion[f"adjoint of {moment.name} in {x}"] = left.xreplace(played)
            terminal[f"adjoint of {moment.name} in {x} at the end"] = (
                values[x] - sp.diff(payoff, x)
            ).xreplace(played)
        hamiltonian = sp.Add(running, *(b * values[x] for x, b in drifts.items()))
        controls = [first.controls[c] for c in player.controls]
        _optimal(
            player.name,
            player.preference.sense,
            hamiltonian,
            controls,
            lambda e: e.xreplace(played),
            first_order,
            second,
        )
    return Equations(motion, first_order, terminal, tuple(second))


def declared(model: Model) -> set[sp.Symbol]:
    """Letters that are no coefficients."""
    game = model.game
    return {
        t,
        *game.state_symbols,
        *game.definitions,
        *(law.symbol for law in game.laws),
        *(letter.symbol for letter in model.vocabulary.parameters),
    }


def coefficients(model: Model) -> list[sp.Symbol]:
    """The coefficients of the feedback."""
    known = declared(model)
    return [s for s in exact.letters(model.ansatz.feedback.values()) if s not in known]


def worlds(model: Model) -> dict[str, World]:
    """The game written out in every size at which it is checked, by the words that say it."""
    game, crowd = model.game, model.game.crowd
    if crowd is None or crowd.size is None or not crowd.size.is_Symbol:
        return {"": World.of(game)}
    return {f", {crowd.size} = {size}": World.of(game, size) for size in SIZES}


class Proof:
    """The checks of one derivation.

    Parameters
    ----------
    derivation : whose coefficients' system is to be proved; of the rest only the model is read.
    seed : of the random points.
    """

    def __init__(self, derivation: Derivation, seed: int = SEED) -> None:
        self.derivation, self.system, self.fixed = derivation, derivation.system, derivation.fixed
        #: the game with the functions and the feedback that are to be proved
        self.model = derivation.solved if self.fixed is not None else derivation.model
        self.aggregates = derivation.closure.aggregates
        self.game, self.seed = derivation.model.game, seed
        self.dots = {c: sp.Symbol(f"{c.name}'") for c in self.unknowns}

    @cached_property
    def declared(self) -> set[sp.Symbol]:
        """Letters that are no unknowns."""
        totals = () if self.fixed is None else self.fixed.totals
        return declared(self.model) | {*self.averages, *totals}

    @property
    def averages(self) -> Mapping[sp.Symbol, Others]:
        """Averages over the others that are frozen."""
        return {} if self.fixed is None else self.fixed.averages

    @cached_property
    def unknowns(self) -> list[sp.Symbol]:
        """The coefficients of the functions."""
        return [
            s for s in exact.letters(self.model.ansatz.functions.values()) if s not in self.declared
        ]

    @cached_property
    def own(self) -> list[sp.Symbol]:
        """The coefficients that only the feedback has."""
        found = coefficients(self.model)
        return [s for s in found if s not in self.unknowns and s not in self.averages]

    @cached_property
    def written(self) -> dict[str, tuple[World, Equations | EqsolveError]]:
        """The equations in every world; they depend on the model only."""
        found: dict[str, tuple[World, Equations | EqsolveError]] = {}
        for words, world in worlds(self.model).items():
            try:
                found[words] = world, equations(self.derivation, world, self.dots)
            except EqsolveError as error:
                found[words] = world, error
        return found

    def checks(self) -> Iterator[Check]:
        """All checks: complete, motion, first order, terminal values, determined, second order."""
        complete = self._complete()
        yield complete
        if complete.verdict == "fail":
            return
        try:
            written = self.written
        except EqsolveError as error:
            yield self._check("written out", False, str(error), refused=True)
            return
        for words, (world, equations_) in written.items():
            if isinstance(equations_, EqsolveError):
                yield self._check(f"written out{words}", False, str(equations_), refused=True)
            else:
                yield from self._written_out(words, world, equations_)

    def _written_out(self, words: str, world: World, written: Equations) -> Iterator[Check]:
        try:
            points = [self.point(world, random.Random(self.seed + k)) for k in range(POINTS)]
        except EqsolveError as error:
            yield self._check(f"values{words}", False, str(error))
            return
        for label, expression in {
            **written.motion,
            **written.first_order,
            **written.consistent,
        }.items():
            yield self._vanishes(label + words, expression, points)
        if self.game.horizon.end is not None:
            ends = [self.at_end(world, point) for point in points]
            for label, expression in written.terminal.items():
                yield self._vanishes(label + words, expression, ends)
        yield from self._determined(words, world, written, points[0])
        for second in written.second_order:
            yield self._second(words, world, second)

    def _complete(self) -> Check:
        system = self.system
        missing = {*self.unknowns, *self.own} - {*system.rates, *system.feedback, *system.implicit}
        strange = {*system.rates, *system.feedback, *system.implicit} - {*self.unknowns, *self.own}
        wrong = [f"{c} has no equation" for c in sorted(missing, key=str)]
        wrong += [f"{c} is no coefficient" for c in sorted(strange, key=str)]
        wrong += [f"{c} has no rate" for c in self.unknowns if c in system.feedback]
        if self.game.horizon.end is not None:
            wrong += [
                f"{c} has no terminal value" for c in self.unknowns if c not in system.terminal
            ]
        known = {*self.declared, *self.unknowns, *system.implicit, *self._size, *self.aggregates}
        for c, e in {**system.rates, **system.feedback, **system.implicit}.items():
            extra = e.free_symbols - known
            if extra:
                wrong.append(f"the equation of {c} has {', '.join(sorted(map(str, extra)))}")
        if self.fixed is not None:
            wrong += self._incomplete(self.fixed)
        return self._check("every coefficient has an equation", not wrong, "; ".join(wrong))

    def _incomplete(self, fixed: FixedPoint) -> Iterator[str]:
        """What is missing of the strategy."""
        states = {*self.game.state_symbols, *(law.symbol for law in self.game.laws)}
        for control in self.game.controls:
            if control not in fixed.strategy or control not in fixed.response:
                yield f"{control} has no strategy"
                continue
            letters = fixed.strategy[control].free_symbols - {*states, *fixed.totals}
            for c in sorted(letters - set(fixed.coefficients), key=str):
                yield f"{c} has no equation"

    @property
    def _size(self) -> set[sp.Symbol]:
        crowd = self.game.crowd
        return set() if crowd is None or crowd.size is None else crowd.size.free_symbols

    def point(self, world: World, rng: random.Random) -> Point:
        """Random letters at which the claimed feedback and rates are finite."""
        for _ in range(40):
            try:
                point = self._drawn(world, rng)
                if point is not None:
                    return point
            except (ZeroDivisionError, ArithmeticError):
                continue
        raise self.game.error(
            "no point was found at which the coefficients are finite.", stage="checks"
        )

    def _drawn(self, world: World, rng: random.Random) -> Point | None:
        point: Point = {}
        positive = sp.Interval.open(0, sp.oo)
        for letter in self.model.vocabulary.parameters:
            if letter.symbol not in world.fixed:
                point[letter.symbol] = exact.draw(letter.domain, rng)
        domains = {letter.symbol: letter.domain for letter in self.model.vocabulary.parameters}
        among = world if self.fixed is None else with_own_letters(world)
        for copy in among.copies:
            point |= {name: exact.draw(domains[s], rng) for s, name in copy.types.items()}
        if self.fixed is not None:
            names = [name for copy in world.copies[1:] for name in copy.controls.values()]
            names += self.fixed.totals
            point |= {name: exact.draw(positive, rng) for name in names}
        for name, value in world.fixed.items():
            point[name] = exact.evaluate(value, point)
        for symbol in (t, *self.unknowns, *(s for c in world.copies for s in c.states.values())):
            point.setdefault(symbol, exact.draw(positive, rng))
        if self.system.implicit:
            spelled = {c: e.xreplace(world.fixed) for c, e in self.system.implicit.items()}
            found = exact.solved(spelled, {**point}, rng)
            if found is None:
                return None
            point |= found
        if self.aggregates and not self._averaged(world, point, rng):
            return None
        claimed = {
            **self.system.feedback,
            **{self.dots[c]: e for c, e in self.system.rates.items()},
        }
        for name, expression in claimed.items():
            value = exact.evaluate(expression.xreplace(world.fixed), point)
            if not exact.finite(value):
                return None
            point[name] = value
        for name, expression in ({} if self.fixed is None else self.fixed.coefficients).items():
            value = exact.evaluate(expression.xreplace(world.fixed), point)
            if not exact.finite(value):
                return None
            point[name] = value
        return point

    def _averaged(self, world: World, point: Point, rng: random.Random) -> bool:
        """Add averages over types, and the others' coefficients, that are consistent."""
        feedback = {c: e.xreplace(world.fixed) for c, e in self.system.feedback.items()}
        lines = {}
        for name, atom in self.aggregates.items():
            form = atom.expression.xreplace(world.fixed).xreplace(feedback)
            terms = (c.weight**atom.power * form.xreplace(dict(c.types)) for c in world.copies)
            lines[name] = name - sp.Add(*terms)
        found = exact.solved(lines, {**point}, rng)
        if found is None:
            return False
        point |= found
        for copy in world.copies[1:]:
            for c, e in feedback.items():
                point[copy.letter(c)] = exact.evaluate(e.xreplace(dict(copy.types)), point)
        return True

    def at_end(self, world: World, point: Point) -> Point:
        """The same letters with the coefficients' terminal values."""
        letters = {s for s in point if s.is_Symbol} - {*self.unknowns, *self.dots.values()}
        end: Point = {s: point[s] for s in letters}
        for name in self.unknowns:
            end[name] = exact.evaluate(self.system.terminal[name].xreplace(world.fixed), end)
        return end

    def _vanishes(self, label: str, expression: sp.Expr, points: Iterable[Point]) -> Check:
        worst = ""
        for point in points:
            try:
                value = exact.evaluate(expression, point)
                fine = exact.is_zero(value)
            except (ZeroDivisionError, ArithmeticError) as error:
                return self._check(label, False, f"It has no value: {error}")
            if not fine:
                worst = f"It is {exact.shown(value)} at a random point."
        return self._check(label, not worst, worst or f"It vanishes at {POINTS} random points.")

    def _determined(
        self, words: str, world: World, written: Equations, point: Point
    ) -> Iterator[Check]:
        """Whether the equations determine every coefficient."""
        motion, first_order = written.motion.values(), written.first_order.values()
        dots, alike = list(self.dots.values()), self._alike(world)
        yield self._rank(f"the rates are determined{words}", motion, dots, world, point, alike)
        yield self._rank(f"the feedback is determined{words}", first_order, self.own, world, point)
        if self.game.horizon.end is not None:
            yield self._rank(
                f"the terminal values are determined{words}",
                written.terminal.values(),
                self.unknowns,
                world,
                self.at_end(world, point),
                alike,
            )

    def _alike(self, world: World) -> int:
        """How many coefficients two copies do not tell from others.

        An average of squares of two numbers follows from one of them and their average.
        """
        if world.size != 2:
            return 0
        products = [law.symbol for law in self.game.laws if law.symbol in second_moments(self.game)]
        functions = self.model.ansatz.functions.values()
        return sum(symbol in f.free_symbols for f in functions for symbol in products)

    def _rank(
        self,
        label: str,
        left: Iterable[sp.Expr],
        names: list[sp.Symbol],
        world: World,
        point: Point,
        alike: int = 0,
    ) -> Check:
        rng = random.Random(self.seed)
        states = {s for c in world.copies for s in c.states.values()}
        if self.fixed is not None:
            others = with_own_letters(world).copies[1:]
            states |= {s for c in others for s in (*c.controls.values(), *c.types.values())}
        letters = {s: v for s, v in point.items() if s.is_Symbol and s not in states}
        slopes = [[sp.diff(e, name) for name in names] for e in left]
        rows = []
        for _ in range(len(names) + 2):
            here = letters | {s: exact.draw(sp.Interval.open(0, sp.oo), rng) for s in states}
            rows += [[exact.evaluate(s, here) for s in row] for row in slopes]
        rank = exact.rank(rows, len(names))
        note = f"The rank is {rank} of {len(names)}."
        return self._check(label, rank == len(names) - alike, note)

    def _second(self, words: str, world: World, second: SecondOrder) -> Check:
        kind = "maximum" if second.sense == "maximize" else "minimum"
        label = f"{second.player} is at a {kind}{words}"
        signs = [self.sign(world, minor) for minor in second.minors]
        if any(s.proved and s.sign <= 0 for s in signs):
            return self._check(label, False, f"The second derivatives show that it is no {kind}.")
        if all(s.proved for s in signs):
            return self._check(label, True, "Proved from the domains of the letters.")
        open_ = [f"{sp.Mul(s.sign, *s.rest)} > 0" for s in signs if not s.proved]
        return self._check(
            label, False, "It holds where " + " and ".join(open_) + ".", refused=True
        )

    def sign(self, world: World, minor: sp.Expr) -> Sign:
        """The sign of a minor, the feedback spelled out."""
        spelled = {c: e.xreplace(world.fixed) for c, e in self.system.feedback.items()}
        domains = {letter.symbol: letter.domain for letter in self.model.vocabulary}
        domains |= {
            name: domains[s]
            for copy in world.copies
            for s, name in copy.states.items()
            if s in domains
        }
        return sign(minor.xreplace(spelled), domains, self._bases(world))

    def _bases(self, world: World) -> set[sp.Symbol]:
        """Letters under roots, real powers and logarithms, which are positive."""
        found = positive_letters(self.model)
        return found | {c.states[s] for c in world.copies for s in c.states if s in found}

    def _check(self, label: str, fine: bool, note: str = "", refused: bool = False) -> Check:
        return Check(
            name=label,
            game=self.game.name,
            kind="exact",
            value=0.0,
            reference=0.0,
            error=0.0 if fine else 1.0,
            allowed=0.0,
            note=note,
            refused=refused,
        )


def prove(derivation: Derivation, seed: int = SEED) -> list[Check]:
    """Prove or refute a derivation from its declaration.

    Checked are: an equation for every coefficient and no other; the functions in their equations,
    coefficients moving at their rates; terminal values; first-order conditions; that the equations
    determine every coefficient; and the sign of the second derivatives in the controls, proved from
    the letters' domains or listed as a condition.
    """
    with exact.precise():
        return list(Proof(derivation, seed).checks())
