"""The notion given: what the others do on average is frozen while a player optimizes.

An average over the others enters a player's problem as a constant: a state that does not move.
Coefficients of the ansatz become polynomials in these averages, so that the coefficient system is
free of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import TypeVar

import sympy as sp

from eqsolve.derivation.closure import Closure
from eqsolve.derivation.hjb import ExtendedHJB
from eqsolve.derivation.laws import others_average
from eqsolve.derivation.matching import CoefficientSystem, match, unknowns_of
from eqsolve.derivation.problem import Others, Problem
from eqsolve.derivation.units import Units
from eqsolve.game import Ansatz, Game, Model, Vocabulary, parameter

#: Highest degree in the averages to which coefficients are followed.
LARGEST_DEGREE = 4
#: How the names of averages over the others begin.
PREFIX = "others "

#: Exponents of the averages.
Powers = tuple[int, ...]
#: Of every coefficient that multiplies averages, the coefficient of the ansatz that it is a part
#: of, and those averages.
Parts = Mapping[sp.Symbol, tuple[sp.Symbol, tuple[sp.Symbol, ...]]]
Key = TypeVar("Key")


def label(atom: Others) -> str:
    """The name of a frozen average."""
    return f"{PREFIX}{atom.expression}" + ("/n" if atom.power == 2 else "")


def frozen(problem: Problem) -> tuple[Problem, dict[sp.Symbol, Others]]:
    """The problem with the averages over the others as letters, and what they are.

    Raises
    ------
    DerivationError
        If an average of states does not close: states are not frozen.
    """
    game, controls = problem.game, set(problem.player.controls)
    names: dict[sp.Symbol, sp.Expr] = {}
    averages: dict[sp.Symbol, Others] = {}
    for atom, others in problem.others.items():
        own = others.expression.free_symbols & game.typed
        still = others.expression.xreplace(dict.fromkeys(controls, sp.S.Zero))
        # an average of parameters of the players' own is a number like those of controls
        known = (
            None
            if own and still.free_symbols.isdisjoint(game.state_symbols)
            else (others_average(game, still, others.power))
        )
        opposite = sp.Symbol(label(replace(others, expression=-others.expression)))
        if opposite in averages:
            # it is known by that one: the coefficients of two letters would not be determined
            names[atom] = -opposite
        elif known is None or others.expression.free_symbols & controls:
            names[atom] = sp.Symbol(label(others))
            averages[names[atom]] = others
        else:
            # the others choose none of it
            names[atom] = known

    def put(table: Mapping[Key, sp.Expr]) -> dict[Key, sp.Expr]:
        return {key: e.xreplace(names) for key, e in table.items()}

    moments = tuple(
        replace(m, payoff=m.payoff.xreplace(names), running=m.running.xreplace(names))
        for m in problem.moments
    )
    motion = tuple(
        replace(s, drift=s.drift.xreplace(names), loadings=put(s.loadings)) for s in problem.motion
    )
    letters = replace(
        problem,
        drift=put(problem.drift),
        covariance=put(problem.covariance),
        moments=moments,
        others={},
        motion=motion,
        apart=put(problem.apart),
    )
    return letters, averages


def as_parameters(model: Model, averages: Mapping[sp.Symbol, Others]) -> dict[sp.Symbol, sp.Symbol]:
    """The parameters that the model has for frozen averages.

    Raises
    ------
    DerivationError
        If there is none for one of them.
    """
    game = model.game
    assert game.crowd is not None, "averages come from crowds"
    spelled = {name: e for name, e in game.definitions.items()}

    def plain(expression: sp.Expr) -> sp.Expr:
        return sp.expand(expression.xreplace(spelled))

    found = {}
    for average, atom in averages.items():
        wanted = plain(atom.expression * game.crowd.share ** (atom.power - 1))
        for letter, expression in model.frozen.items():
            if plain(expression) == wanted:
                found[average] = letter
        if average not in found:
            raise game.error(
                f"no parameter is the average over the others of {wanted}.",
                stage="given",
                remedy="Name one for each average in frozen.",
            )
    return found


def enlarged(model: Model, problem: Problem, averages: Sequence[sp.Symbol]) -> tuple[Model, Parts]:
    """The model with coefficients that are polynomials in the frozen averages, and their parts.

    Raises
    ------
    DerivationError
        If a coefficient is no polynomial in the averages, or the response is not affine in them.
    """
    ansatz = model.ansatz
    unknowns, own = unknowns_of(model, (*problem.states, *averages))
    rates = {c: sp.Symbol(f"{c.name}'") for c in unknowns}
    system = match(
        model,
        (ExtendedHJB(problem, ansatz.functions, rates),),
        Closure(ansatz.feedback, {}, {}),
    )
    parts = _parts(model.game, system, averages)
    for coefficient in (*system.implicit, *own):
        if any(sum(powers) > 1 for powers in parts[coefficient]):
            raise model.game.error(
                f"the response is not affine in the averages over the others: {coefficient} "
                "is not.",
                stage="given",
                remedy="Use the notion feedback.",
            )
    forms: dict[sp.Symbol, sp.Expr] = {}
    named: dict[sp.Symbol, tuple[sp.Symbol, tuple[sp.Symbol, ...]]] = {}
    for coefficient in (*unknowns, *own):
        if parts[coefficient] == {(0,) * len(averages)}:
            continue
        form = sp.S.Zero
        for powers in sorted(parts[coefficient]):
            inner = tuple(a for a, e in zip(averages, powers) for _ in range(e))
            # names are those of columns, too, which no format lets hold a slash
            shown = "".join(f"[{a.name.removeprefix(PREFIX)}]" for a in inner).replace("/", ":")
            part = sp.Symbol(coefficient.name + shown) if inner else coefficient
            if inner:
                named[part] = coefficient, inner
            form += part * sp.Mul(*inner)
        forms[coefficient] = form
    functions = {k: f.xreplace(forms) for k, f in ansatz.functions.items()}
    feedback = {k: f.xreplace(forms) for k, f in ansatz.feedback.items()}
    return replace(model, ansatz=Ansatz(functions, feedback)), named


def _parts(
    game: Game, system: CoefficientSystem, averages: Sequence[sp.Symbol]
) -> dict[sp.Symbol, set[Powers]]:
    """The monomials in the averages that every coefficient has."""
    equations = {**system.rates, **system.feedback, **system.implicit}
    units = Units.of(equations.values())
    ring, zero = units.ring, (0,) * len(averages)
    parts: dict[sp.Symbol, set[Powers]] = {c: {zero} for c in equations}
    rows = {c: units.ratio(e) for c, e in equations.items()}
    places = {s: i for i, s in enumerate(ring.symbols)}
    hidden = {s for meaning in units.meaning.values() for s in meaning.free_symbols}
    terms: dict[sp.Symbol, list[tuple[Powers, list[tuple[sp.Symbol, int]]]]] = {}
    for c, ratio in rows.items():
        terms[c] = []
        for exponents in ratio.numerator.to_dict():
            own = tuple(int(exponents[places[a]]) if a in places else 0 for a in averages)
            others = [(s, int(exponents[places[s]])) for s in equations if s in places]
            terms[c].append((own, [(s, e) for s, e in others if e]))
    changed = True
    while changed:
        changed = False
        moving = {*averages, *(c for c, found in parts.items() if found != {zero})}
        for c, ratio in rows.items():
            below = ratio.denominator.to_dict()
            divides = any(any(e[places[s]] for e in below) for s in moving if s in places)
            if divides or hidden & moving:
                raise game.error(
                    f"the coefficient {c} is no polynomial in the averages over the others.",
                    stage="given",
                    remedy="Use the notion feedback.",
                )
            found = set(parts[c])
            for own, others in terms[c]:
                choices = [sorted(parts[s]) for s, e in others for _ in range(e)]
                for chosen in product(*choices):
                    found.add(tuple(map(sum, zip(own, *chosen))) if chosen else own)
            if any(sum(powers) > LARGEST_DEGREE for powers in found):
                raise game.error(
                    f"the coefficient {c} is no polynomial in the averages over the others of a "
                    f"degree up to {LARGEST_DEGREE}.",
                    stage="given",
                    remedy="Use the notion feedback.",
                )
            if found != parts[c]:
                parts[c], changed = found, True
    return parts


def one_player(solved: Model, problem: Problem, response: Mapping[sp.Symbol, sp.Expr]) -> Model:
    """The problem of a player who faces frozen averages as a game of one player.

    The averages are parameters of it. It is what deviations and simulations of a response are
    checked by.

    Raises
    ------
    DerivationError
        If the others' own noises move two averages together.
    """
    game, motion = solved.game, []
    mixed = [pair for pair in problem.apart if pair[0] != pair[1]]
    if mixed:
        raise game.error("the others' own noises move two averages together.", stage="checks")
    for state in problem.motion:
        rate = problem.apart.get((state.symbol, state.symbol))
        extra = {} if rate is None else {f"others of {state.symbol}": sp.sqrt(rate)}
        motion.append(replace(state, loadings={**state.loadings, **extra}))
    letters = {s for s in problem.states if s.name.startswith(PREFIX)}
    frozen_letters = (parameter(s) for s in sorted(letters, key=str))
    preference = replace(problem.player.preference, moments=problem.moments)
    player = replace(problem.player, preference=preference)
    return replace(
        solved,
        game=replace(
            game,
            states=tuple(motion),
            players=(player,),
            laws=(),
            crowd=None,
            notion="feedback",
        ),
        ansatz=Ansatz(solved.ansatz.functions, response),
        vocabulary=Vocabulary(*solved.vocabulary, *frozen_letters),
    )
