"""The stages up to the HJB system: dynamics, preferences, the planner's problem, the equations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.derivation.cooperation import Cooperation
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.fixed_point import FixedPoint
from eqsolve.derivation.hjb import Adjoints, ExtendedHJB
from eqsolve.derivation.problem import Problem
from eqsolve.derivation.solve import algebra
from eqsolve.game import Game, Horizon, Player, t
from eqsolve.ledger import Line
from eqsolve.operators import (
    Differential,
    Discount,
    Earlier,
    InOrder,
    Kept,
    Supremum,
    TimeIntegral,
    Vector,
)
from eqsolve.writing.nodes import (
    ArgExtremum,
    At,
    Average,
    Increment,
    Infimum,
    Mean,
    NoiseLetter,
    Process,
)
from eqsolve.writing.stage import Display, Prose, Stage, listed

#: The random time at which payoffs fall due.
STRIKE = sp.Symbol("strike")


def dynamics(game: Game, laws: bool = True) -> Stage:
    """The states as stochastic differential equations, and the laws among them."""
    at = _along(game, t)
    lines: list[Line] = []
    noises: dict[str, None] = {}
    for state in game.states:
        terms = [_increment(state.drift.xreplace(at), "t")]
        for noise, loading in (*state.loadings.items(), *state.jumps.items()):
            terms.append(_increment(loading.xreplace(at), noise))
            noises |= {noise: None} if noise in state.loadings and loading != 0 else {}
        lines.append(Line(Differential(at[state.symbol]), InOrder(*terms)))
    shown = [NoiseLetter(name) for name in noises]
    prose: Prose = ()
    if len(shown) == 1:
        prose = ("With a Brownian motion ", *shown, ",")
    elif shown:
        prose = ("With independent Brownian motions ", *listed(shown), ",")
    displays = [Display(tuple(lines), prose)]
    for clock in game.clocks:
        text: list[str | sp.Expr] = ["The clock ", NoiseLetter(clock.name)]
        text += [" strikes at the rate ", clock.intensity]
        if clock.mark is not None:
            text += [" with a mark ", clock.mark, " that is "]
            for k, (probability, value) in enumerate(clock.marks):
                text += [", " if k else "", value, " with probability ", probability]
        displays.append(Display((), (*text, ".")))
    if game.laws and laws:
        displays.append(_laws(game, at))
    if game.definitions:
        rows = tuple(Line(name, value) for name, value in game.definitions.items())
        displays.append(Display(rows, ("Abbreviations:",)))
    return Stage("dynamics", "Dynamics", tuple(displays))


def _along(game: Game, time: sp.Expr) -> dict[sp.Symbol, sp.Expr]:
    """States, controls and laws along their paths."""
    moving = (*game.state_symbols, *game.controls, *(law.symbol for law in game.laws))
    return {symbol: Process(symbol, time) for symbol in moving}


def _increment(factor: sp.Expr, name: str) -> sp.Expr:
    """``factor dW``; a factor that is a sum keeps its brackets."""
    if factor in (0, 1):
        return factor * Increment(name)
    return sp.Mul(factor, Increment(name), evaluate=False)


def _laws(game: Game, at: dict[sp.Symbol, sp.Expr]) -> Display:
    """What the laws mean."""
    crowd = game.crowd
    assert crowd is not None
    lines = []
    for law in game.laws:
        inner = law.of.xreplace(at)
        if crowd.size is None:
            meaning = Mean(", ".join(law.given), inner)
        else:
            meaning = Average(inner, crowd.share, sp.S.One)
        lines.append(Line(at[law.symbol], meaning))
    if crowd.size is None:
        return Display(tuple(lines), ("Players form a continuum and interact through",))
    return Display(tuple(lines), ("There are ", crowd.size, " players, who interact through"))


def preference(game: Game) -> Stage:
    """What every player maximizes or minimizes, and when payoffs fall due."""
    end = due(game.horizon)
    running, at_end = _along(game, t), _along(game, end)
    displays = [Display((), _falls_due(game.horizon))]
    for player in game.players:
        lines = []
        for moment in player.preference.moments:
            rate = _discounted(moment.running.xreplace(running), player.discount, t)
            pay = _discounted(moment.payoff.xreplace(at_end), player.discount, end)
            lines.append(Line(moment.symbol, Mean("", _total(rate, pay, end))))
        displays.append(Display(tuple(lines), _aim(game, player)))
    return Stage("preference", "Preference", tuple(displays))


def due(horizon: Horizon) -> sp.Expr:
    """When payoffs fall due."""
    if horizon.hazard == 0:
        return sp.oo if horizon.end is None else horizon.end
    return STRIKE if horizon.end is None else Earlier(STRIKE, horizon.end)


def _falls_due(horizon: Horizon) -> Prose:
    if horizon.hazard == 0:
        if horizon.end is None:
            return ("The horizon is infinite.",)
        return ("The horizon ", horizon.end, " is fixed.")
    random: Prose = ("the first strike ", STRIKE, " of a clock with hazard rate ", horizon.hazard)
    if horizon.end is None:
        return ("The horizon is ", *random, ".")
    return ("The horizon is ", *random, ", at the latest ", horizon.end, ".")


def _discounted(expression: sp.Expr, rate: sp.Expr, time: sp.Expr) -> sp.Expr:
    if rate == 0 or expression == 0:
        return expression
    return sp.Mul(Discount(rate, sp.S.Zero, time), expression, evaluate=False)


def _total(rate: sp.Expr, pay: sp.Expr, end: sp.Expr) -> sp.Expr:
    """The integral of a rate up to the end, and what is paid then."""
    integral = [TimeIntegral(rate, t, sp.S.Zero, end)] if rate != 0 else []
    return InOrder(*integral, *sp.Add.make_args(pay))


def _aim(game: Game, player: Player) -> Prose:
    verb = "maximizes" if player.preference.sense == "maximize" else "minimizes"
    if game.notion == "planner":
        return ("The planner ", verb, " ", player.preference.aggregate, " over ") + (
            *listed(player.controls),
            ", where",
        )
    name = f"The {player.name}" if len(game.players) == 1 else f"Player {player.name}"
    chosen = listed(player.controls)
    return (name, " chooses ", *chosen, " and ", verb, " ", player.preference.aggregate, ", where")


def moments(derivation: Derivation) -> Stage:
    """The planner's problem, rewritten for the moments of the law."""
    game = derivation.solved.game
    (player,) = game.players
    inner = dynamics(game, laws=False).displays[0]
    (moment,) = player.preference.moments
    end = due(game.horizon)
    rate = _discounted(moment.running.xreplace(_along(game, t)), player.discount, t)
    pay = _discounted(moment.payoff.xreplace(_along(game, end)), player.discount, end)
    controls: Prose = (
        "The law enters through its mean and covariance, which are the states of a control "
        "problem. Its controls are the slopes and the mean of the feedback, ",
        *listed(game.controls),
        ":",
    )
    lines = (*inner.lines, Line(moment.symbol, _total(rate, pay, end)))
    return Stage("planner", "The planner's problem", (Display(lines, controls),))


def given(derivation: Derivation, fixed: FixedPoint) -> Stage:
    """What the player takes as given."""
    crowd = derivation.model.game.crowd
    share = sp.S.Zero if crowd is None else crowd.share
    inside = sp.S.One
    if crowd is not None and crowd.weights is not None:
        inside, share = share, sp.S.One  # everybody's own
    lines = tuple(
        Line(name, Average(inside**atom.power * atom.expression, share**atom.power, sp.S.Zero))
        for name, atom in fixed.averages.items()
    )
    prose = ("The player takes averages over the others as given, as constants:",)
    return Stage("given", "Averages that are given", (Display(lines, prose),))


def hjb(derivation: Derivation) -> Stage:
    """The equations of the value, or of expectations and feedback, for unknown functions."""
    displays = []
    for system in derivation.systems:
        unknown = abstract(derivation, system)
        if isinstance(unknown, Adjoints):
            displays += _adjoints(derivation, unknown)
        elif unknown.problem.aggregate == unknown.problem.moments[0].symbol:
            displays += _value(derivation, unknown)
        else:
            displays += _extended(derivation, unknown)
    title = "Hamilton-Jacobi-Bellman equation"
    if any(isinstance(system, Adjoints) for system in derivation.systems):
        title = "Adjoint equations"
    elif len(derivation.systems) > 1 or len(derivation.systems[0].problem.moments) > 1:
        title = "Extended Hamilton-Jacobi-Bellman system"
    return Stage("hjb", title, tuple(displays))


def arguments(derivation: Derivation) -> tuple[sp.Symbol, ...]:
    """What the unknown functions depend on."""
    states = derivation.states
    return states if derivation.stationary else (t, *states)


def abstract(derivation: Derivation, system: ExtendedHJB | Adjoints) -> ExtendedHJB | Adjoints:
    """The same system with unknown functions instead of the ansatz."""
    inner = arguments(derivation)
    functions = {name: sp.Function(name)(*inner) for name in system.functions}
    if isinstance(system, Cooperation):
        others = partial(_average, system.share, sp.S.Zero)
        return replace(system, functions=functions, rates={}, average=others)
    return type(system)(system.problem, functions, {})


def _average(share: sp.Expr, own: sp.Expr, expression: sp.Expr) -> sp.Expr:
    return Average(expression, share, own)


def spelled(problem: Problem, expression: sp.Expr) -> sp.Expr:
    """The expression with averages over the others written as such."""
    crowd = problem.game.crowd
    share = sp.S.Zero if crowd is None else crowd.share
    return expression.xreplace(
        {
            name: Average(atom.expression, share**atom.power, sp.S.Zero)
            for name, atom in problem.others.items()
        }
    )


def _counted(problem: Problem, expression: sp.Expr) -> sp.Expr:
    """The expression with averages of what all others have alike as plain terms."""
    game = problem.game
    if game.crowd is None or game.crowd.own or game.crowd.weights is not None:
        return expression
    share, own = game.crowd.share, {*game.state_symbols, *game.controls}
    alike = {
        name: atom.expression * (share ** (atom.power - 1) - share**atom.power)
        for name, atom in problem.others.items()
        if share != 0 and not atom.expression.free_symbols & own
    }
    return expression.xreplace(alike)


def _extremum(problem: Problem, expression: sp.Expr) -> sp.Expr:
    """The terms with controls under a supremum or infimum, the others beside it."""
    controls = problem.player.controls
    inside, outside = _parted(expression, controls)
    kind = Supremum if problem.player.preference.sense == "maximize" else Infimum
    chosen = controls[0] if len(controls) == 1 else Vector(*controls)
    return InOrder(*outside, kind(InOrder(*inside), chosen))


def _parted(
    expression: sp.Expr, controls: Sequence[sp.Symbol]
) -> tuple[list[sp.Expr], list[sp.Expr]]:
    """The terms of a sum with controls, and those without."""
    terms = _terms(sp.expand_mul(expression, deep=False))
    inside = [term for term in terms if term.has(*controls)]
    return inside, [term for term in terms if not term.has(*controls)]


def _value(derivation: Derivation, system: ExtendedHJB) -> list[Display]:
    problem, (moment,) = system.problem, system.problem.moments
    equation = spelled(
        problem, _extremum(problem, _counted(problem, system.moment_equation(moment)))
    )
    lines = [Line(sp.S.Zero, equation)]
    lines += _terminal(derivation, system)
    prose: Prose = ("The value ", At(moment.symbol, *arguments(derivation)), " solves")
    return [Display(tuple(lines), _for_player(derivation, problem, prose))]


def _for_player(derivation: Derivation, problem: Problem, prose: Prose) -> Prose:
    if len(derivation.systems) == 1:
        return prose
    first, *rest = prose
    assert isinstance(first, str)
    return (f"For player {problem.player.name}, {first[0].lower()}{first[1:]}", *rest)


def _terminal(derivation: Derivation, system: ExtendedHJB) -> list[Line]:
    end = derivation.model.game.horizon.end
    if end is None:
        return []
    states = derivation.states
    return [Line(sp.Function(m.name)(end, *states), m.payoff) for m in system.problem.moments]


def _extended(derivation: Derivation, system: ExtendedHJB) -> list[Display]:
    """Equations of the moments at the feedback, and what the feedback maximizes."""
    problem = system.problem
    lines = [
        Line(sp.S.Zero, spelled(problem, InOrder(*_terms(system.moment_equation(m)))))
        for m in problem.moments
    ]
    expectations: Prose = (
        "The expectations ",
        *listed([m.symbol for m in problem.moments]),
        " at the feedback solve",
    )
    displays = [
        Display(
            (*lines, *_terminal(derivation, system)),
            _for_player(derivation, problem, expectations),
        )
    ]
    controls = problem.player.controls
    moved = (*controls, *system.moving) if isinstance(system, Cooperation) else controls
    terms = []
    for moment in problem.moments:
        inside, _ = _parted(system.moment_equation(moment), moved)
        if inside:
            weight = system.marginal(moment)
            inner = InOrder(*inside) if weight == 1 or len(inside) == 1 else Kept(InOrder(*inside))
            terms.append(weight * inner)
    sign = 1 if problem.player.preference.sense == "maximize" else -1
    chosen = controls[0] if len(controls) == 1 else Vector(*controls)
    rate = spelled(problem, InOrder(*terms))
    whose: Prose = ("and no deviation gains at any moment:",)
    if isinstance(system, Cooperation):
        rate = _average(system.share, sp.Integer(system.share != 0), rate)
        whose = ("and no deviation of all players at once gains on average at any moment:",)
    gain = ArgExtremum(rate, chosen, sp.Integer(sign))
    displays.append(Display((Line(chosen, gain),), whose))
    return displays


def _terms(expression: sp.Expr) -> tuple[sp.Expr, ...]:
    """The terms of a sum in an author's order, with factored coefficients of derivatives."""
    return _sorted(_factored(term) for term in sp.Add.make_args(expression))


def _factored(term: sp.Expr) -> sp.Expr:
    functions = [f for f in sp.Mul.make_args(term) if f.has(AppliedUndef)]
    weight = sp.Mul(*(f for f in sp.Mul.make_args(term) if f not in functions))
    if weight.atoms(sp.Dummy):
        shorter = sp.expand(weight)
    else:
        shorter = algebra.factored(weight) if functions else weight
    if sp.count_ops(shorter) > sp.count_ops(weight):
        return term
    return shorter * sp.Mul(*functions)


def _sorted(terms: Iterable[sp.Expr]) -> tuple[sp.Expr, ...]:
    """The time derivative first, then the terms by the order of their derivatives."""

    def rank(term: sp.Expr) -> tuple[bool, bool, int]:
        derivatives = term.atoms(sp.Derivative)
        in_time = any(t in d.variables for d in derivatives)
        order = max((len(d.variables) for d in derivatives), default=0)
        return not in_time, not derivatives, order

    return tuple(sorted(terms, key=rank))


def _adjoints(derivation: Derivation, system: Adjoints) -> list[Display]:
    """The derivatives of the value in the states along given strategies of the others."""
    problem = system.problem
    lines = [
        Line(sp.S.Zero, spelled(problem, InOrder(*_terms(system.adjoint_equation(state)))))
        for state in problem.states
    ]
    end = derivation.model.game.horizon.end
    if end is not None:
        (moment,) = problem.moments
        for state in problem.states:
            function = system.adjoint(state).func(end, *problem.states)
            lines.append(Line(function, sp.diff(moment.payoff, state)))
    prose: Prose = ("With the others' strategies held fixed, the adjoints solve",)
    return [Display(tuple(lines), _for_player(derivation, problem, prose))]
