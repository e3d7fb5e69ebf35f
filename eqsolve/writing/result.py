"""The stages from the ansatz to the solution and its conditions."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from eqsolve.derivation.conditions import second_order
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.fixed_point import FixedPoint
from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.step import (
    LINEAR,
    Condition,
    Explicit,
    Explosion,
    Flow,
    Integral,
    Root,
    Roots,
    Solution,
    running,
    to_go,
)
from eqsolve.derivation.tax import tax
from eqsolve.game import t
from eqsolve.ledger import Line
from eqsolve.operators import InOrder, TimeIntegral
from eqsolve.writing.nodes import At, Average, PlusMinus, Rate
from eqsolve.writing.problem import abstract, arguments, spelled
from eqsolve.writing.stage import Display, Prose, Stage, listed


def explosion_time(unknown: sp.Symbol) -> sp.Symbol:
    """The letter of the horizon at which a coefficient explodes."""
    return sp.Symbol(f"T* of {unknown}")


def end_slope(unknown: sp.Symbol) -> sp.Symbol:
    """The letter of the slope that decides when a coefficient explodes."""
    return sp.Symbol(f"slope of {unknown}")


def tax_on(control: sp.Symbol) -> sp.Symbol:
    """The letter of what is paid for a unit of a control."""
    return sp.Symbol(f"tax on {control}")


def ansatz(derivation: Derivation) -> Stage:
    """The form of functions and feedback."""
    form, inner = derivation.solved.ansatz, arguments(derivation)
    states = derivation.systems[0].problem.states
    functions = tuple(
        Line(sp.Function(name)(*inner), _by_monomial(value, states))
        for name, value in form.functions.items()
    )
    controls = tuple(
        Line(control, _by_monomial(value, states)) for control, value in form.feedback.items()
    )
    unknowns = derivation.system.unknowns
    what = "constants" if derivation.stationary else "functions of time"
    prose: Prose = (f"With {what} ", *listed(unknowns), " to be determined, as functions of ")
    prose += (*listed(inner), ",")
    return Stage("ansatz", "Ansatz", (Display(functions + controls, prose),))


def first_order(derivation: Derivation) -> Stage:
    """The conditions for the controls, and the feedback that satisfies them at the ansatz."""
    conditions = []
    for player in derivation.systems:
        for slope in abstract(derivation, player).gradient:
            terms = sp.Add.make_args(sp.expand_mul(slope, deep=False))
            conditions.append(Line(sp.S.Zero, spelled(player.problem, InOrder(*terms))))
    displays = [Display(tuple(conditions), ("The derivatives in the controls vanish:",))]
    system = derivation.system
    if derivation.closure.aggregates:
        crowd = derivation.model.game.crowd
        share = sp.S.Zero if crowd is None else crowd.share
        averages = tuple(
            Line(symbol, Average(atom.expression, share**atom.power, sp.S.One))
            for symbol, atom in derivation.closure.aggregates.items()
        )
        displays.append(Display(averages, ("With the averages over all players",)))
    if system.feedback:
        lines = tuple(Line(k, algebra.factored(e)) for k, e in system.feedback.items())
        displays.append(Display(lines, ("At the ansatz this gives",)))
    if system.implicit:
        lines = tuple(Line(sp.S.Zero, e) for e in system.implicit.values())
        names = listed(tuple(system.implicit))
        displays.append(Display(lines, ("and the following equations for ", *names, ":")))
    states = derivation.systems[0].problem.states
    feedback = []
    for control, form in derivation.solved.ansatz.feedback.items():
        value = form.xreplace(dict(system.feedback))
        feedback.append(Line(control, _by_monomial(value, states)))
    if system.feedback and feedback != [
        Line(c, f) for c, f in derivation.solved.ansatz.feedback.items()
    ]:
        displays.append(Display(tuple(feedback), ("so that the feedback is",)))
    return Stage("first-order", "First-order condition", tuple(displays))


def equilibrium(derivation: Derivation, fixed: FixedPoint) -> Stage:
    """The strategy that is the response to itself."""
    states = derivation.states
    forms = tuple(
        Line(control, _by_monomial(form, states)) for control, form in fixed.strategy.items()
    )
    rows = tuple(Line(k, algebra.factored(e)) for k, e in fixed.coefficients.items())
    implied: Prose = ("which is the response to the averages that it implies if",)
    if fixed.totals:
        implied = (
            "in the averages E over all players, which follow from what all types play. It is the "
            "response to the others if",
        )
    displays = (
        Display(forms, ("Everybody plays a strategy of the form",)),
        Display(rows, implied),
    )
    return Stage("equilibrium", "Equilibrium", displays)


def _by_monomial(expression: sp.Expr, symbols: tuple[sp.Symbol, ...]) -> sp.Expr:
    """A polynomial in some symbols, sorted by degree, with factored coefficients."""
    parts = algebra.powers(expression, symbols)
    if parts is None:
        return expression
    terms = []
    for exponents in sorted(parts, reverse=True):
        monomial = sp.Mul(*(s**e for s, e in zip(symbols, exponents)))
        terms.append(algebra.factored(parts[exponents]) * monomial)
    return InOrder(*terms)


def _signed(derivation: Derivation) -> dict[sp.Symbol, sp.Symbol]:
    """Symbols that know their sign, for the letters whose domain is positive."""
    return {
        letter.symbol: sp.Dummy(positive=True)
        for letter in derivation.model.vocabulary
        if letter.domain.is_subset(sp.Interval.open(0, sp.oo))
    }


def _without_positive_factors(value: sp.Expr) -> sp.Expr:
    """A product without exponentials and powers, whose bases are positive."""
    kept = (f for f in sp.Mul.make_args(value) if f.as_base_exp()[1].is_Integer)
    return sp.Mul(*kept)


def _positive(derivation: Derivation, values: Iterable[sp.Expr]) -> list[Line]:
    """That values are positive, each once, unless the domains of the parameters grant it."""
    lines, seen = [], set()
    signed = _signed(derivation)
    for expression in values:
        value = _without_positive_factors(algebra.factored(expression))
        if value not in seen and not value.xreplace(signed).is_positive:
            seen.add(value)
            lines.append(Line(value, sp.S.Zero, ">"))
    return lines


def second(derivation: Derivation) -> Stage:
    """What makes the feedback a maximum or a minimum."""
    lines = _positive(derivation, [c.expression for c in second_order(derivation)])
    senses = {s.problem.player.preference.sense for s in derivation.systems}
    kind = {"maximize": "maximum", "minimize": "minimum"}
    word = " or ".join(sorted(kind[sense] for sense in senses))
    if not lines:
        return Stage(
            "second-order",
            "Second-order condition",
            (Display((), (f"The feedback is a {word}: second derivatives have the right sign.",)),),
        )
    return Stage(
        "second-order",
        "Second-order condition",
        (Display(tuple(lines), (f"The feedback is a {word} if",)),),
    )


def coefficients(derivation: Derivation) -> Stage:
    """The equations of the coefficients."""
    system, end = derivation.system, derivation.model.game.horizon.end
    lines = []
    for unknown in system.unknowns:
        rate = system.written[unknown]
        if derivation.stationary:
            numerator = sp.fraction(algebra.factored(rate))[0]
            lines.append(Line(sp.S.Zero, _by_monomial(numerator, system.unknowns)))
        else:
            lines.append(Line(Rate(unknown), _by_monomial(rate, system.unknowns)))
    prose = "Comparing coefficients of the states gives"
    displays = [Display((line,), (prose,) if not k else ()) for k, line in enumerate(lines)]
    if end is not None:
        values = tuple(
            Line(At(unknown, end), system.terminal[unknown]) for unknown in system.unknowns
        )
        displays.append(Display(values, ("with the values at the end",)))
    return Stage("system", "Coefficient system", tuple(displays))


def solution(derivation: Derivation, solved: Solution) -> Stage:
    """The solution, step by step."""
    displays = []
    end = derivation.model.game.horizon.end
    if not derivation.stationary and end is not None:
        displays.append(Display((Line(to_go, end - t),), ("In the time to go",)))
    if any(isinstance(s, Explicit) and s.kind == "discriminant" for s in solved.steps):
        text = (
            "A discriminant may have either sign: where it is negative, cosh and sinh become cos "
            "and sin of the absolute value, and where it is zero their limits are meant."
        )
        displays.append(Display((), (text,)))
    for step in solved.steps:
        displays.append(_step(step))
    return Stage("solution", "Solution", tuple(displays))


def _step(step: Explicit | Root | Roots | Flow | Integral) -> Display:
    if isinstance(step, Explicit):
        return Display((Line(step.symbol, step.expression),), _EXPLICIT.get(step.kind, ()))
    if isinstance(step, Integral):
        inner = TimeIntegral(step.integrand, running, sp.S.Zero, to_go)
        value = step.factor * InOrder(step.initial, inner)
        return Display((Line(step.symbol, value),), ("An integral of known functions:",))
    if isinstance(step, Root):
        prose: Prose = (step.symbol, " is a root of")
        lines = [Line(sp.S.Zero, _polynomial(step))]
        if step.radicals:
            a, b, c = step.coefficients
            whole = sp.sqrt(algebra.factored(b**2 - 4 * a * c))
            half = sp.sqrt(algebra.factored(b**2 / 4 - a * c))
            even = half.as_coeff_Mul()[0].is_Integer and b.as_content_primitive()[0] % 2 == 0
            both = PlusMinus(-b / 2, half) / a if even else PlusMinus(-b, whole) / (2 * a)
            lines.append(Line(step.symbol, both))
        return Display(tuple(lines), prose)
    if isinstance(step, Roots):
        lines = [Line(sp.S.Zero, _by_monomial(e, step.symbols)) for e in step.equations]
        verb = "solve the linear equations" if step.kind == LINEAR else "are a common root of"
        return Display(tuple(lines), (*listed(step.symbols), f" {verb}"))
    verb = "solves" if len(step.symbols) == 1 else "solve"
    text = f" {verb} the equations above, integrated numerically"
    if step.linearization is not None:
        text += " through a linear system of twice the dimension"
    return Display((), (*listed(step.symbols), text + "."))


_EXPLICIT: dict[str, Prose] = {
    "discriminant": (),
    "Riccati": ("The Riccati equation has the solution",),
}


def _polynomial(step: Root) -> sp.Expr:
    if not step.coefficients:
        return step.equation
    powers = range(len(step.coefficients) - 1, -1, -1)
    return InOrder(*(c * step.symbol**k for c, k in zip(step.coefficients, powers)))


def taxed(derivation: Derivation) -> Stage | None:
    """The tax that makes the planner's feedback an equilibrium, where there is one."""
    found = tax(derivation)
    if found is None:
        return None
    played, states = derivation.model.ansatz.feedback, derivation.states
    lines = tuple(
        Line(tax_on(control), _by_monomial(rate.xreplace(played), states))
        for control, rate in zip(found.controls, found.rates)
    )
    sizes = range(1, found.matrix.rows + 1)
    minors = [found.matrix[:k, :k].det(method="berkowitz") for k in sizes]
    ends = _positive(derivation, minors)
    what: Prose = (
        "What all others gain by a unit of a player's deviation, with the sign reversed, is",
    )
    why = (
        "Who pays this for every unit by which the control departs from the planner's pays nothing "
        "at the planner's feedback, and the derivative of the own gain rate less the tax is that "
        "of the average, which vanishes. The planner's feedback is an equilibrium with the tax"
    )
    proved = Display(tuple(ends), (f"{why} if" if ends else f"{why}.",))
    return Stage("tax", "The tax", (Display(lines, what), proved))


def explosions(solved: Solution) -> Stage | None:
    """When solutions of Riccati equations cease to exist."""
    displays = []
    named = {s.expression: s.symbol for s in solved.steps if isinstance(s, Explicit)}
    for explosion in solved.explosions:
        square = named.get(explosion.square, explosion.square)
        (unknown,) = explosion.symbols
        slope = explosion.slope if explosion.slope.is_Atom else end_slope(unknown)
        time = Explosion(explosion.symbols, square, slope).time
        lines = [] if slope is explosion.slope else [Line(slope, explosion.slope)]
        lines.append(Line(explosion_time(unknown), time))
        displays.append(Display(tuple(lines), (unknown, " is finite for horizons below")))
    return Stage("explosion", "Explosion", tuple(displays)) if displays else None


def conditions(derivation: Derivation, solved: Solution) -> Stage | None:
    """What must hold besides the equations, unless the domains of the parameters grant it."""
    signed = _signed(derivation)
    seen: set[tuple[sp.Expr, str]] = set()
    displays = []
    groups: list[tuple[Prose, tuple[Condition, ...]]] = [
        (("No denominator of the coefficient system vanishes:",), solved.assumed)
    ]
    groups += [
        (("The solution for ", *listed(step.symbols), " exists where"), step.conditions)
        for step in solved.steps
    ]
    for prose, found in groups:
        lines = []
        for condition in found:
            value = condition.expression.xreplace(signed)
            granted = value.is_positive if condition.relation == ">" else value.is_nonzero
            if not granted and (condition.expression, condition.relation) not in seen:
                seen.add((condition.expression, condition.relation))
                relation = ">" if condition.relation == ">" else r"\neq"
                lines.append(Line(condition.expression, sp.S.Zero, relation))
        if lines:
            displays.append(Display(tuple(lines), prose))
    return Stage("conditions", "Conditions", tuple(displays)) if displays else None
