"""What a kernel computes, as symbolic straight-line programs taken from a game's derivation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import sympy as sp

from eqsolve.arithmetic.algebra import collect
from eqsolve.derivation.closed_form import ClosedForm, Definition
from eqsolve.errors import InputError
from eqsolve.game import Game
from eqsolve.kernels.cubic.growth import OTHERS, Condition, feedback_growth
from eqsolve.notated.alike import average, average_position, competitor_aggregate
from eqsolve.notated.matching import CoefficientSystem
from eqsolve.notated.published import Published
from eqsolve.symbols import symbol

#: The value at the state.
VALUE = sp.Symbol("V", real=True)


#: The position of a competitor when all of them share one wealth.
THEIRS = sp.Symbol("p_k", real=True)


def coupling(game: Game) -> sp.Symbol | None:
    """The parameter without which no payoff depends on the competitors, if there is one."""
    others = game.state_symbols[1:]
    payoffs = [moment.payoff for moment in game.preference.moments]
    for candidate in sorted(set().union(*(p.free_symbols for p in payoffs)), key=str):
        if candidate in game.state_symbols:
            continue
        if not any(payoff.subs(candidate, 0).has(*others) for payoff in payoffs):
            return candidate
    return None


def weights(game: Game) -> tuple[tuple[sp.Symbol, ...], ...]:
    """For every moment the parameters of its weight in the preference; not all may vanish."""
    result = []
    for moment in game.preference.moments:
        weight = sp.expand(game.preference.aggregate).coeff(moment.symbol, 1)
        names = weight.free_symbols - set(game.state_symbols)
        names -= {m.symbol for m in game.preference.moments}
        result.append(tuple(sorted(names, key=str)))
    return tuple(result)


def own_rates(system: CoefficientSystem) -> dict[sp.Symbol, sp.Expr]:
    """Hazard rate less growth rate of every squared state, at given aggregates.

    The second moment's homogeneous equations are triangular in the states, so that its growth
    rates can be read off the diagonal; transversality asks for positive differences.
    """
    result, last = {}, system.hjb.game.preference.moments[-1].name
    for state in system.hjb.game.state_symbols:
        equation = next(e for e in system.equations if (e.source, e.monomial) == (last, state**2))
        result[state] = sp.expand(-equation.expression.coeff(equation.unknown))
    return result


@dataclass(frozen=True)
class Program:
    """The definitions behind a kernel, sorted so that each uses earlier ones only.

    Attributes
    ----------
    model : the game.
    form : all definitions, from the parameters to the value at a state.
    lever : the parameter without which the agent ignores the competitors.
    zero_without : for a definition that is zero with a parameter, that parameter (its formula
        may read 0/0 there).
    admissible : the symbol whose sign decides whether a root is admissible.
    finite : further conditions for finite second moments.
    response_conditions : how many of them concern the response to given aggregates.
    at_root : for a sum that the closed form divides by, a form that equals it at the root only,
        by the first-order condition; it keeps its digits where the sum cancels.
    """

    model: Published
    form: ClosedForm
    lever: sp.Symbol | None
    zero_without: dict[sp.Symbol, sp.Symbol]
    admissible: sp.Symbol
    finite: tuple[Condition, ...]
    response_conditions: int
    at_root: dict[sp.Symbol, sp.Expr]

    @cached_property
    def inputs(self) -> tuple[sp.Symbol, ...]:
        """The parameters in the order users give them, then the states."""
        names = [symbol(name) for name in self.model.parameters]
        return (*names, *self.model.game.state_symbols)

    @property
    def root(self) -> Definition:
        """The definition that is a root of a cubic."""
        return next(d for d in self.form.definitions if d.is_root)

    @property
    def feedback(self) -> tuple[sp.Symbol, ...]:
        """The coefficients of the strategy, by state and then the constant."""
        return _feedback(self.model)

    @property
    def dependent(self) -> tuple[sp.Symbol, ...]:
        """Declared abbreviations that the closed form divides by."""
        return tuple(s for s in self.form.nonzero if s in self.model.game.definitions)

    @property
    def divisors(self) -> tuple[sp.Symbol, ...]:
        """Other quantities the closed form divides by that can vanish at valid parameters."""
        return tuple(
            s for s in self.form.nonzero if s not in self.inputs and s not in self.dependent
        )

    def between(
        self, outputs: Iterable[sp.Symbol], known: Iterable[sp.Symbol] = ()
    ) -> list[Definition]:
        """The definitions the outputs need beyond the known symbols."""
        wanted, have = set(outputs), set(known)
        chosen = []
        for definition in reversed(self.form.definitions):
            if definition.symbol in wanted and definition.symbol not in have:
                chosen.append(definition)
                wanted |= definition.expression.free_symbols
        return chosen[::-1]


def divides(name: sp.Symbol, expression: sp.Expr) -> bool:
    """Whether an expression is a quotient with the symbol below."""
    factors = (factor.as_base_exp() for factor in sp.Mul.make_args(expression))
    return any(base == name and exponent.is_negative for base, exponent in factors)


def _feedback(model: Published) -> tuple[sp.Symbol, ...]:
    states = model.game.state_symbols
    form = model.ansatz.response if model.alike is None else model.parts.feedback(*states)
    terms = collect(form, states)
    return tuple(terms[m] for m in (*states, sp.S.One))


def _sorted(definitions: Sequence[Definition]) -> tuple[Definition, ...]:
    """Order definitions by dependency, otherwise as given."""
    table = {d.symbol: d for d in definitions}
    place = {s: i for i, s in enumerate(table)}
    ordered: dict[sp.Symbol, Definition] = {}

    def visit(name: sp.Symbol) -> None:
        if name in ordered or name not in table:
            return
        needs = (table[name].expression.free_symbols & place.keys()) - {name}
        for need in sorted(needs, key=place.__getitem__):
            visit(need)
        ordered[name] = table[name]

    for name in table:
        visit(name)
    return tuple(ordered.values())


def _absent(form: ClosedForm, parameter: sp.Symbol | None) -> dict[sp.Symbol, sp.Symbol]:
    """The definitions that are identically zero without a parameter."""
    if parameter is None:
        return {}
    zeros: dict[sp.Symbol, sp.Expr] = {parameter: sp.S.Zero}
    found: dict[sp.Symbol, sp.Symbol] = {}
    for definition in form.definitions:
        vanishing = definition.expression.free_symbols & zeros.keys()
        if vanishing and definition.expression.subs({s: 0 for s in vanishing}) == 0:
            zeros[definition.symbol] = sp.S.Zero
            found[definition.symbol] = parameter
    return found


def _at_root(form: ClosedForm, root: sp.Symbol, condition: sp.Expr) -> dict[sp.Symbol, sp.Expr]:
    """Divisors by an equation that the root solves, where it is linear in their quotient.

    The quotient is solved for, and the divisor is what is above the line over it.
    """
    place = {d.symbol: k for k, d in enumerate(form.definitions)}
    found: dict[sp.Symbol, sp.Expr] = {}
    for definition in form.definitions:
        quotient, value = definition.symbol, definition.expression
        if not condition.has(quotient) or sp.degree(condition, quotient) != 1:
            continue
        rest, slope = condition.subs(quotient, 0), sp.diff(condition, quotient)
        for divisor in sorted(value.free_symbols, key=str):
            if not divides(divisor, value) or place.get(divisor, -1) < place[root]:
                continue
            other = sp.cancel(value * divisor) * slope / -rest
            # Only what is known before the divisor may occur.
            while later := [s for s in other.free_symbols if place.get(s, -1) > place[divisor]]:
                other = other.subs({s: form[s] for s in later})
            if form[divisor].is_Add and not other.has(divisor):
                found[divisor] = sp.factor(other)
    return found


def _environment(model: Published) -> list[Definition]:
    """The aggregates when all play the equilibrium and the others share one wealth."""
    crowd = model.alike
    if crowd is None:
        return []
    _, y = model.game.state_symbols
    other, roles = model.parts.competitor, model.parts
    share = average(crowd, sp.S.One)
    extra = [
        Definition(other, y if share == 1 else y / OTHERS),
        Definition(roles.position, average_position(crowd)),
        Definition(THEIRS, roles.feedback(other, competitor_aggregate(crowd))),
        Definition(roles.mean_square, THEIRS**2 if share == 1 else OTHERS * THEIRS**2),
    ]
    return extra + [Definition(m, crowd.aggregates[m]) for m in model.game.environment]


def _no_kernel(model: Published) -> InputError:
    return InputError(
        "no kernel can be generated, because the closed form is not built on one cubic.",
        game=model.name,
        stage="code generation",
        remedy="Use solve.",
    )


@lru_cache(maxsize=8)
def program(model: Published) -> Program:
    """Collect everything a kernel of the game computes.

    Raises
    ------
    InputError
        If the game's closed form is not scalar: built on one root of a cubic.
    """
    game = model.game
    if model.types is not None:
        raise _no_kernel(model)
    derivation = model.derivation
    roots = [d for d in derivation.form.definitions if d.is_root]
    if len(roots) != 1 or len(roots[0].polynomial) != 4:
        raise _no_kernel(model)
    feedback = _feedback(model)
    control = sp.Add(*(u * m for u, m in zip(feedback, (*game.state_symbols, sp.S.One))))
    declared = [Definition(s, e) for s, e in game.definitions.items()]
    if (reciprocal := model.parts.reciprocal) in game.definitions:
        place = [d.symbol for d in declared].index(reciprocal) + 1
        declared.insert(place, Definition(OTHERS, 1 - reciprocal))
    rates = own_rates(derivation.system)
    margins = [Definition(sp.Symbol(f"margin_{s}", real=True), rates[s]) for s in rates]
    growth = feedback_growth(model)
    extra = [
        *_environment(model),
        *margins,
        *growth.definitions,
        Definition(game.control, control),
        Definition(VALUE, model.ansatz.value),
    ]
    definitions = _sorted([*declared, *derivation.form.definitions, *extra])
    form = ClosedForm(definitions, derivation.form.nonzero)
    lever = coupling(game)
    absent = _absent(form, lever)
    finite_population = OTHERS in form.table
    if finite_population:
        absent[model.parts.competitor] = OTHERS
    void = tuple(s for s in (lever, OTHERS if finite_population else None) if s is not None)
    finite = [((margin.symbol,), void) for margin in margins[1:]]
    conditions = (*finite, *growth.conditions)
    root = roots[0].symbol
    condition = derivation.system.equation(root).expression
    return Program(
        model,
        form,
        lever,
        absent,
        margins[0].symbol,
        conditions,
        len(finite),
        _at_root(form, root, condition),
    )


def without(source: Program, absent: Iterable[sp.Symbol]) -> Program:
    """The program with some parameters set to zero and what becomes constant inserted.

    The feedback is the response's, since nobody else matters.
    """
    values: dict[sp.Symbol, sp.Expr] = {s: sp.S.Zero for s in absent}
    control, response = source.model.game.control, source.model.ansatz.response
    kept = []
    for definition in source.form.definitions:
        expression = response if definition.symbol == control else definition.expression
        expression = expression.subs(values)
        if expression.is_number:
            values[definition.symbol] = expression
        else:
            kept.append(replace(definition, expression=expression))
    nonzero = tuple(s for s in source.form.nonzero if any(divides(s, d.expression) for d in kept))
    form = ClosedForm(_sorted(kept), nonzero)
    at_root = {s: e.subs(values) for s, e in source.at_root.items()}
    return replace(source, form=form, lever=None, zero_without={}, finite=(), at_root=at_root)
