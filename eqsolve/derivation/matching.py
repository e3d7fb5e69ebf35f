"""From the extended HJB system at an ansatz to the feedback and the rates of its coefficients."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sympy as sp
from flint import fmpq_mpoly

from eqsolve.derivation.blocks import assigned, components
from eqsolve.derivation.closure import Closure
from eqsolve.derivation.hjb import Adjoints, ExtendedHJB
from eqsolve.derivation.linear import is_linear, solve_linear
from eqsolve.derivation.units import Units
from eqsolve.game import Game, Model

#: Terms up to which rates are multiplied out with a feedback that divides by coefficients.
LONGEST = 1500


@dataclass(frozen=True)
class CoefficientSystem:
    """What the ansatz demands of its coefficients.

    Attributes
    ----------
    unknowns : the coefficients of the functions, in order of their names' appearance.
    feedback : coefficients of the feedback that the first-order conditions give in the others.
    implicit : equations ``= 0`` of the coefficients of the feedback that they give implicitly,
        by coefficient.
    rates : the time derivative of every coefficient of the functions, in coefficients and
        parameters; zero in a stationary problem.
    terminal : its value when the horizon ends, where the horizon has an end.
    nonzero : denominators that were assumed not to vanish.
    open_rates : the rates with the coefficients of ``feedback`` as letters; with these inserted
        they are ``rates``. Empty where the ansatz closes with the feedback inserted only.
    conditions : for each of these letters a first-order condition ``= 0`` that determines it.
    nested : whether rates are too long to be multiplied out: the feedback stands in them as it is.
    """

    unknowns: tuple[sp.Symbol, ...]
    feedback: Mapping[sp.Symbol, sp.Expr]
    implicit: Mapping[sp.Symbol, sp.Expr]
    rates: Mapping[sp.Symbol, sp.Expr]
    terminal: Mapping[sp.Symbol, sp.Expr]
    nonzero: tuple[sp.Expr, ...]
    open_rates: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    conditions: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    nested: bool = False

    @property
    def written(self) -> Mapping[sp.Symbol, sp.Expr]:
        """The rates as they are written: too long ones with the letters of the feedback."""
        return self.open_rates if self.nested else self.rates


def unknowns_of(
    model: Model, states: Iterable[sp.Symbol]
) -> tuple[list[sp.Symbol], list[sp.Symbol]]:
    """The coefficients of the functions, and those that only the feedback has."""
    known = {letter.symbol for letter in model.vocabulary.parameters}
    known |= {*states, *model.game.definitions, *model.game.controls, sp.Symbol("t")}
    known |= {law.symbol for law in model.game.laws}

    def fresh(expressions: Iterable[sp.Expr]) -> list[sp.Symbol]:
        found: list[sp.Symbol] = []
        for expression in expressions:
            new = expression.free_symbols - known - set(found)
            found += sorted(new, key=lambda s: (str(expression).find(s.name), s.name))
        return found

    functions = fresh(model.ansatz.functions.values())
    feedback = [s for s in fresh(model.ansatz.feedback.values()) if s not in functions]
    return functions, feedback


def match(
    model: Model,
    systems: Sequence[ExtendedHJB | Adjoints],
    closure: Closure,
) -> CoefficientSystem:
    """Match the equations of all players at the feedback of the ansatz.

    Raises
    ------
    DerivationError
        If the ansatz does not close: an equation that no coefficient can satisfy, or a
        coefficient that no equation determines.
    """
    game = model.game
    states = systems[0].problem.states
    unknowns, own = unknowns_of(model, states)
    rates = dict(systems[0].rates)
    conditions = [closure(g) for system in systems for g in system.gradient]
    equations = [closure(e) for system in systems for e in _moment_equations(system)]
    # in coordinates that separate coefficients their equations are fewer at a time
    spelled = {**_definitions(game), **model.coordinates}
    conditions = [e.xreplace(spelled) for e in conditions]
    equations = [e.xreplace(spelled) for e in equations]
    states = model.written(states)

    found = _feedback(game, conditions, states, own, unknowns)
    nonzero = list(found.nonzero)
    dots = {rates[c]: c for c in unknowns}
    open_rates: dict[sp.Symbol, sp.Expr] = {}
    nested = False
    if found.conditions:
        solved = _rates(equations, states, dots)
        if not solved.wrong:
            open_rates = solved.values
            divides = any(e.free_symbols & set(unknowns) for e in found.nonzero)
            nested = divides and _length(open_rates.values(), found.feedback) > LONGEST
    if nested:
        values = {c: e.xreplace(found.feedback) for c, e in open_rates.items()}
        nonzero += solved.nonzero
    else:
        inserted = [e.xreplace(found.feedback) for e in equations]
        if open_rates:
            # what was solved already, with less to multiply out
            inserted = [dot - open_rates[c].xreplace(found.feedback) for dot, c in dots.items()]
        solved = _rates(inserted, states, dots)
        if solved.wrong:
            raise game.error(solved.wrong, stage="matching", remedy=solved.remedy)
        values, nonzero = solved.values, nonzero + solved.nonzero
    return CoefficientSystem(
        tuple(unknowns),
        found.feedback,
        found.implicit,
        {c: values[c] for c in unknowns},
        terminal_values(model, systems, unknowns) if game.horizon.end is not None else {},
        tuple(dict.fromkeys(e for e in nonzero if not e.is_number)),
        {c: open_rates[c] for c in unknowns} if open_rates else {},
        found.conditions if open_rates else {},
        nested,
    )


@dataclass
class _Rates:
    """The time derivatives of coefficients, or why the ansatz does not close."""

    values: dict[sp.Symbol, sp.Expr]
    nonzero: list[sp.Expr]
    wrong: str = ""
    remedy: str = ""


def _rates(
    equations: Sequence[sp.Expr], states: Sequence[sp.Symbol], dots: Mapping[sp.Symbol, sp.Symbol]
) -> _Rates:
    """Solve the equations, for all states, for the derivatives ``dots`` of the coefficients."""
    units = Units.of(equations)
    lines = [p for e in equations for p in units.collect(e, states)]
    if not all(is_linear(units.ring, polynomial, list(dots)) for polynomial in lines):
        return _Rates({}, [], "the rates of the coefficients enter nonlinearly.")
    solution = solve_linear(units.ring, lines, list(dots))
    if solution.residuals:
        return _Rates(
            {},
            [],
            f"the ansatz does not close: {_shown(units, solution.residuals[0])} = 0 would be "
            "needed.",
            "Enlarge the ansatz by the terms that its equations have.",
        )
    lost = [str(c) for dot, c in dots.items() if dot not in solution.values]
    if lost:
        return _Rates(
            {},
            [],
            f"no equation determines {', '.join(lost)}.",
            "Leave the coefficient out of the ansatz, or declare it as a parameter.",
        )
    found = _Rates({}, [])
    for dot, ratio in solution.values.items():
        top, below = units.expression(ratio.numerator), units.expression(ratio.denominator)
        found.values[dots[dot]] = top / below
        found.nonzero.append(below)
    return found


def _length(expressions: Iterable[sp.Expr], inserted: Mapping[sp.Symbol, sp.Expr]) -> int:
    """A bound of the terms of rational expressions when others are inserted in them."""
    sizes = {}
    for letter, value in inserted.items():
        above, below = sp.fraction(value)
        sizes[letter] = max(len(sp.Add.make_args(e)) for e in (above, below))
    return sum(
        math.prod(sizes[s] ** int(e) for s, e in term.as_powers_dict().items() if s in sizes)
        for expression in expressions
        for term in sp.Add.make_args(sp.fraction(expression)[0])
    )


def _definitions(game: Game) -> dict[sp.Symbol, sp.Expr]:
    """Abbreviations of the game in terms of its parameters."""
    spelled: dict[sp.Symbol, sp.Expr] = {}
    for name, value in game.definitions.items():
        spelled[name] = value.xreplace(spelled)
    return spelled


def _moment_equations(system: ExtendedHJB | Adjoints) -> list[sp.Expr]:
    if isinstance(system, Adjoints):
        return [system.adjoint_equation(s) for s in system.problem.states]
    return [system.moment_equation(m) for m in system.problem.moments]


@dataclass
class _Feedback:
    """What the first-order conditions say of the feedback's own coefficients.

    ``conditions`` gives each explicit one its equation; it is empty if one has none of its own.
    """

    feedback: dict[sp.Symbol, sp.Expr]
    implicit: dict[sp.Symbol, sp.Expr]
    nonzero: list[sp.Expr]
    conditions: dict[sp.Symbol, sp.Expr]


def _feedback(
    game: Game,
    conditions: Sequence[sp.Expr],
    states: Sequence[sp.Symbol],
    own: Sequence[sp.Symbol],
    unknowns: Sequence[sp.Symbol],
) -> _Feedback:
    """Solve the first-order conditions for the feedback's own coefficients."""
    units = Units.of(conditions)
    lines = [p for e in conditions for p in units.collect(e, states) if not p.is_zero()]
    found = _Feedback({}, {}, [], {})
    several = False
    groups = components({i: _occurring(units, p, own) for i, p in enumerate(lines)}, own)
    for rows, group in groups:
        polynomials = [lines[i] for i in rows]
        inside = _unit_symbols(units, group)
        linear = not inside and all(is_linear(units.ring, p, group) for p in polynomials)
        if linear:
            solution = solve_linear(units.ring, polynomials, group)
            _refuse(game, units, solution.residuals, solution.free)
            for symbol, ratio in solution.values.items():
                below = units.expression(ratio.denominator)
                found.feedback[symbol] = units.expression(ratio.numerator) / below
                found.nonzero.append(below)
            paired = assigned([_occurring(units, p, group) for p in polynomials], group)
            several |= len(polynomials) != len(group) or paired is None
            for symbol, k in (paired or {}).items():
                found.conditions[symbol] = _carrying(units, polynomials[k], group)[0]
        elif len(polynomials) == len(group):
            for symbol, polynomial in zip(group, polynomials):
                found.implicit[symbol], dropped = _carrying(units, polynomial, group)
                found.nonzero += dropped
        else:
            raise game.error(
                f"the first-order conditions give {len(polynomials)} equations for "
                f"{', '.join(map(str, group)) or 'no coefficient'}.",
                stage="first-order condition",
                remedy="Choose another form of the feedback.",
            )
    lost = [s for s in own if s not in found.feedback and s not in found.implicit]
    if lost:
        _refuse(game, units, (), tuple(lost))
    if several:
        found.conditions.clear()
    return found


def _carrying(
    units: Units, polynomial: fmpq_mpoly, group: Sequence[sp.Symbol]
) -> tuple[sp.Expr, list[sp.Expr]]:
    """The factors that contain the unknowns, and those that do not and must not vanish."""
    kept, dropped = sp.S.One, []
    for factor, multiplicity in units.ring.factors(polynomial)[1]:
        spelled = factor.xreplace(units.meaning)
        if spelled.free_symbols & set(group):
            kept *= spelled**multiplicity
        else:
            dropped.append(spelled)
    return kept, dropped


def _refuse(
    game: Game, units: Units, residuals: Sequence[fmpq_mpoly], free: Sequence[sp.Symbol]
) -> None:
    if residuals:
        raise game.error(
            f"the feedback does not satisfy its first-order condition: "
            f"{_shown(units, residuals[0])} = 0 would be needed.",
            stage="first-order condition",
            remedy="Enlarge the feedback of the ansatz.",
        )
    if free:
        raise game.error(
            f"no first-order condition determines {', '.join(map(str, free))}.",
            stage="first-order condition",
            remedy="Leave it out of the feedback, or check that the control has a cost or risk.",
        )


def _occurring(units: Units, polynomial: fmpq_mpoly, wanted: Sequence[sp.Symbol]) -> set[sp.Symbol]:
    found: set[sp.Symbol] = units.expression(polynomial).free_symbols
    return found & set(wanted)


def _unit_symbols(units: Units, wanted: Sequence[sp.Symbol]) -> bool:
    """Whether one of the symbols stands inside a unit."""
    return any(m.free_symbols & set(wanted) for m in units.meaning.values())


def _shown(units: Units, polynomial: fmpq_mpoly) -> str:
    text = str(units.expression(polynomial))
    return text if len(text) < 200 else text[:200] + "..."


def terminal_values(
    model: Model, systems: Sequence[ExtendedHJB | Adjoints], unknowns: Sequence[sp.Symbol]
) -> dict[sp.Symbol, sp.Expr]:
    """The coefficients at which the functions are the payoffs."""
    game = model.game
    differences = []
    for system in systems:
        for moment in system.problem.moments:
            if isinstance(system, Adjoints):
                for state in system.problem.states:
                    payoff = sp.diff(moment.payoff, state)
                    differences += _conditions(system.adjoint(state), payoff, unknowns)
            else:
                function = system.functions[moment.name]
                differences += _conditions(function, moment.payoff, unknowns)
    spelled = _definitions(game)
    differences = [e.xreplace(spelled) for e in differences]
    units = Units.of(differences)
    states = systems[0].problem.states
    lines = [p for e in differences for p in units.collect(e, states)]
    pending = [p for p in lines if not p.is_zero()]
    values: dict[sp.Symbol, sp.Expr] = {}
    if all(is_linear(units.ring, p, unknowns) for p in pending) and not _unit_symbols(
        units, unknowns
    ):
        solution = solve_linear(units.ring, pending, unknowns)
        residuals, free = solution.residuals, solution.free
        for symbol, ratio in solution.values.items():
            values[symbol] = units.expression(ratio.numerator) / units.expression(ratio.denominator)
    else:
        residuals, free = (), ()
        values = _triangular(game, units, pending, unknowns)
    if residuals:
        raise game.error(
            f"the ansatz cannot equal the payoff at the end: {_shown(units, residuals[0])} = 0 "
            "would be needed.",
            stage="terminal values",
            remedy="Enlarge the ansatz, or correct the payoff.",
        )
    lost = [u for u in unknowns if u not in values] or list(free)
    if lost:
        raise game.error(
            f"the payoff does not determine {', '.join(map(str, lost))} at the end.",
            stage="terminal values",
            remedy="Write the ansatz so that the payoff gives every coefficient.",
        )
    return {u: values[u] for u in unknowns}


def _triangular(
    game: Game, units: Units, lines: Sequence[fmpq_mpoly], unknowns: Sequence[sp.Symbol]
) -> dict[sp.Symbol, sp.Expr]:
    """Solve terminal conditions one after the other, those linear in one unknown first."""
    values: dict[sp.Symbol, sp.Expr] = {}
    pending = [units.expression(p) for p in lines]
    while pending:
        progress = False
        for equation in list(pending):
            left = equation.xreplace(values)
            inner = Units.of([left])
            ratio = inner.ratio(left)
            if ratio.is_zero():
                pending.remove(equation)
                continue
            occurring = [u for u in unknowns if left.has(u) and u not in values]
            if len(occurring) == 1:
                value = _solved_for(inner, ratio.numerator, occurring[0])
                if value is not None:
                    values[occurring[0]] = value
                    pending.remove(equation)
                    progress = True
        if pending and not progress:
            raise game.error(
                "the coefficients at the end do not follow from the payoff one after the other.",
                stage="terminal values",
                remedy="Write the ansatz so that the payoff is linear in its coefficients.",
            )
    return values


def _solved_for(units: Units, polynomial: fmpq_mpoly, unknown: sp.Symbol) -> sp.Expr | None:
    """The solution of an equation that is linear in an unknown or in its logarithm."""
    logarithm = units.generators.get((sp.log(unknown), sp.S.One))
    alone = not any(
        unknown in meaning.free_symbols
        for generator, meaning in units.meaning.items()
        if generator != logarithm
    )
    target = unknown if logarithm is None else logarithm
    if not alone or not is_linear(units.ring, polynomial, [target]):
        return None
    mixed = logarithm is not None and unknown in units.ring.symbols
    if mixed and units.ring.coefficients(polynomial, unknown)[1:]:
        return None
    ratio = solve_linear(units.ring, [polynomial], [target]).values[target]
    value = units.expression(ratio.numerator) / units.expression(ratio.denominator)
    return value if logarithm is None else sp.exp(sp.expand(value))


def _conditions(function: sp.Expr, payoff: sp.Expr, unknowns: Sequence[sp.Symbol]) -> list[sp.Expr]:
    """Expressions in states and coefficients that vanish when the function is the payoff.

    A product of powers and exponentials of coefficients equals the payoff when the logarithms
    agree.
    """
    inner = set(unknowns)
    difference = sp.expand(function - payoff)
    exponents = [e.exp for e in function.atoms(sp.exp, sp.Pow) if isinstance(e, sp.exp)]
    powers = [p for p in function.atoms(sp.Pow) if not p.exp.is_Integer]
    hidden = any(e.free_symbols & inner for e in exponents) or any(
        p.free_symbols & inner for p in powers
    )
    if not hidden or payoff == 0:
        return [difference]
    return [_logarithm(function) - _logarithm(payoff)]


def _logarithm(expression: sp.Expr) -> sp.Expr:
    """The logarithm of a product, up to a constant sign, factor by factor."""
    total = sp.S.Zero
    for factor in sp.Mul.make_args(expression):
        if isinstance(factor, sp.exp):
            total += factor.exp
        elif factor.is_Pow and factor.base is sp.S.Exp1:
            total += factor.exp
        elif factor.is_Pow:
            total += factor.exp * _logarithm(factor.base)
        elif factor == -1:
            total += 0
        else:
            total += sp.log(factor)
    return sp.expand(total)
