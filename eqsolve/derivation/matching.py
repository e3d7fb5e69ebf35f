"""From the extended HJB system at an ansatz to the feedback and the rates of its coefficients."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import sympy as sp
from flint import fmpq_mpoly

from eqsolve.derivation.blocks import assigned, components
from eqsolve.derivation.closure import Closure
from eqsolve.derivation.hjb import Adjoints, ExtendedHJB
from eqsolve.derivation.linear import is_linear, solve_linear
from eqsolve.derivation.terminal import terminal_values
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
    spelled = {**game.abbreviations, **model.coordinates}
    conditions = [e.xreplace(spelled) for e in conditions]
    equations = [e.xreplace(spelled) for e in equations]
    states = model.written(states)

    found = _feedback(game, conditions, states, own)
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
    tables = [units.monomials(e, states) for e in equations]
    lines = [p for table in tables for p in table.values()]
    if not all(is_linear(units.ring, polynomial, list(dots)) for polynomial in lines):
        return _Rates(
            {},
            [],
            "the rates of the coefficients enter nonlinearly.",
            "Write an ansatz that is affine in its coefficients.",
        )
    solution = solve_linear(units.ring, lines, list(dots))
    if solution.residuals:
        return _Rates(
            {},
            [],
            f"the ansatz does not close: {units.shown(solution.residuals[0])} = 0 would be "
            f"needed{units.unmatched(tables, dots)}.",
            "Enlarge the ansatz by the terms that its equations have, each with a coefficient.",
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
) -> _Feedback:
    """Solve the first-order conditions for the feedback's own coefficients."""
    units = Units.of(conditions)
    tables = [units.monomials(e, states) for e in conditions]
    lines = [p for table in tables for p in table.values() if not p.is_zero()]
    refuse = partial(_refuse, game, units, tables, own)
    found = _Feedback({}, {}, [], {})
    several = False
    groups = components({i: _occurring(units, p, own) for i, p in enumerate(lines)}, own)
    for rows, group in groups:
        polynomials = [lines[i] for i in rows]
        inside = units.hide(group)
        linear = not inside and all(is_linear(units.ring, p, group) for p in polynomials)
        if linear:
            solution = solve_linear(units.ring, polynomials, group)
            refuse(solution.residuals, solution.free)
            for symbol, ratio in solution.values.items():
                below = units.expression(ratio.denominator)
                found.feedback[symbol] = units.expression(ratio.numerator) / below
                found.nonzero.append(below)
            paired = assigned([_occurring(units, p, group) for p in polynomials], group)
            several |= len(polynomials) != len(group) or paired is None
            for symbol, k in (paired or {}).items():
                found.conditions[symbol] = _carrying(units, polynomials[k], group)[0]
        elif (powers := _powers(units, polynomials, group)) is not None:
            found.feedback |= powers
            several = True
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
        refuse((), tuple(lost))
    if several:
        found.conditions.clear()
    return found


def _powers(
    units: Units, polynomials: Sequence[fmpq_mpoly], group: Sequence[sp.Symbol]
) -> dict[sp.Symbol, sp.Expr] | None:
    """The solution of equations of two terms with powers of the unknowns, as ``A k**g = 1``.

    None if there are others, or a power is whole: it has several roots, and roots of either sign.
    """
    tables = [units.parts(p, group) for p in polynomials]
    if len(tables) != len(group) or any(len(table) != 2 for table in tables):
        return None
    rows = []
    for table in tables:
        exponents = dict.fromkeys(group, sp.S.Zero)
        for sign, powers in zip((1, -1), table):
            for symbol, power in zip(units.ring.symbols, powers):
                base, inner = units.meaning.get(symbol, symbol).as_base_exp()
                if power and base not in exponents or inner.free_symbols & {*group}:
                    return None
                if power:
                    exponents[base] += sign * int(power) * inner
        rows.append((exponents, _opposite(*map(units.expression, table.values()))))
    matrix = sp.Matrix([[sp.cancel(e) for e in exponents.values()] for exponents, _ in rows])
    if any(all(e.is_Integer for e in matrix.col(k)) for k in range(len(group))):
        return None
    below = sp.cancel(matrix.det(method="berkowitz"))
    if below == 0:
        return None
    inverse = (matrix.adjugate() / below).applyfunc(sp.cancel)
    rests = [rest for _, rest in rows]
    return {
        symbol: sp.Mul(*(rest ** -inverse[k, j] for j, rest in enumerate(rests)))
        for k, symbol in enumerate(group)
    }


def _opposite(above: sp.Expr, below: sp.Expr) -> sp.Expr:
    """Less the quotient, where a sum takes the sign: powers have no negative bases."""
    forms = [above / sp.expand(-below), sp.expand(-above) / below, -above / below]
    return next((f for f in forms if f.as_coeff_Mul()[0] > 0), forms[-1])


def _carrying(
    units: Units, polynomial: fmpq_mpoly, group: Sequence[sp.Symbol]
) -> tuple[sp.Expr, list[sp.Expr]]:
    """The factors that contain the unknowns, and those that do not and must not vanish."""
    kept, dropped = sp.S.One, []
    for factor, multiplicity in units.ring.factors(polynomial)[1]:
        spelled = factor.xreplace(units.meaning)
        if spelled.free_symbols & set(group):
            kept *= units.balanced(factor, group) ** multiplicity
        else:
            dropped.append(spelled)
    return kept, dropped


def _refuse(
    game: Game,
    units: Units,
    tables: Sequence[Mapping[tuple[int, ...], fmpq_mpoly]],
    own: Sequence[sp.Symbol],
    residuals: Sequence[fmpq_mpoly],
    free: Sequence[sp.Symbol],
) -> None:
    if residuals and _vanishes(units.expression(residuals[0])):
        raise game.error(
            "the feedback satisfies its first-order condition by a relation of powers that is not "
            f"seen: {units.shown(residuals[0])} is 0.",
            stage="first-order condition",
            remedy="Write a coefficient as a power of another, so that exponents are polynomials.",
        )
    if residuals:
        states, bases = {*game.state_symbols}, dict.fromkeys(base for base, _ in units.generators)
        moving = [b for b in bases if b.free_symbols & states]
        played = [b for b in moving if b.free_symbols & {*own}]
        others = [b for b in moving if b not in played]
        remedy = "Enlarge the feedback of the ansatz, with coefficients of its own."
        if played and others:
            remedy = f"Write it so that {played[0]} is a coefficient times {others[0]}."
        raise game.error(
            f"the feedback does not satisfy its first-order condition: "
            f"{units.shown(residuals[0])} = 0 would be needed{units.unmatched(tables, own)}.",
            stage="first-order condition",
            remedy=remedy,
        )
    if free:
        raise game.error(
            f"no first-order condition determines {', '.join(map(str, free))}.",
            stage="first-order condition",
            remedy="Leave it out of the feedback, or check that the control has a cost or risk.",
        )


def _vanishes(expression: sp.Expr) -> bool:
    """Whether an expression is zero to many digits where all letters are positive numbers."""
    for shift in range(2):
        letters = sorted(expression.free_symbols, key=str)
        place = {s: sp.Rational(7 + 3 * k + shift, 11 + k) for k, s in enumerate(letters)}
        terms = [abs(sp.N(e.xreplace(place), 60)) for e in sp.Add.make_args(expression)]
        value, size = abs(sp.N(expression.xreplace(place), 60)), sp.Add(*terms)
        if not (value.is_finite and size.is_finite and value.is_number and size.is_number):
            return False
        if value > sp.Float("1e-40") * size:
            return False
    return True


def _occurring(units: Units, polynomial: fmpq_mpoly, wanted: Sequence[sp.Symbol]) -> set[sp.Symbol]:
    found: set[sp.Symbol] = units.expression(polynomial).free_symbols
    return found & set(wanted)
