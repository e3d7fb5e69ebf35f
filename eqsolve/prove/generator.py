"""The system of the coefficients is the extended HJB system at the ansatz.

A theorem speaks of the functions of the ansatz and of whatever their derivatives are; the
generator is written out with these, from drifts and loadings as declared. So nothing has to be
believed of how a derivative was computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.arithmetic.algebra import is_zero
from eqsolve.game import t
from eqsolve.prove.algebraic import divisors
from eqsolve.prove.expectation import Function, units_in
from eqsolve.prove.need import follows
from eqsolve.prove.powers import Powers
from eqsolve.prove.problem import Faced
from eqsolve.prove.statement import (
    Hypothesis,
    Line,
    Maker,
    Relation,
    Slope,
    Theorem,
    identifier,
)
from eqsolve.prove.witness import numbers


def theorems(problem: Faced) -> Iterator[Maker]:
    """Each moment's equation is that of its coefficients, and the first-order conditions hold."""
    yield from equations(problem)
    functions = [Function(m, problem) for m in problem.moments]
    for control, form in problem.feedback.items():
        conditions = sp.Add(*(m * e for m, e in problem.conditions.items()))
        yield partial(
            about,
            f"first_order_{identifier(control.name)}",
            f"The gain rate of a deviation is stationary in {control} at the feedback",
            problem,
            functions,
            Slope(gain(functions), control, problem.moved(form), problem.moved(conditions)),
        )


def equations(problem: Faced) -> Iterator[Maker]:
    """Each moment's equation is that of its coefficients."""
    of_player = f" of {problem.player}" if problem.player else ""
    for moment in problem.moments:
        function = Function(moment, problem)
        yield partial(
            about,
            f"hjb_{identifier(function.name)}",
            f"The equation of {function.name}{of_player} at the feedback is that of its "
            "coefficients",
            problem,
            [function],
            Relation(function.equation, "=", function.residual),
        )


def gain(functions: Sequence[Function]) -> sp.Expr:
    """The gain rate of a deviation for any control, written with the letters."""
    problem = functions[0].problem
    values = {f.moment.symbol: f.symbol() for f in functions}
    return sp.Add(
        *(
            problem.moved(sp.diff(problem.aggregate, f.moment.symbol).xreplace(values)) * f.equation
            for f in functions
        )
    )


def about(
    name: str,
    title: str,
    problem: Faced,
    functions: Sequence[Function],
    conclusion: Relation | Slope,
) -> Theorem | str:
    """A theorem about functions of an ansatz, with no more assumed than it needs.

    Parameters
    ----------
    functions : what the statement speaks of.

    Raises
    ------
    EqsolveError
        If no point satisfies what is assumed.
    """
    meaning: dict[Any, sp.Expr] = {}
    for function in functions:
        meaning |= function.meaning
    if isinstance(conclusion, Relation):
        left = meant(conclusion.left - conclusion.right, meaning)
    else:
        rate = sp.diff(meant(conclusion.function, meaning), conclusion.variable)
        left = rate.xreplace({conclusion.variable: conclusion.at}) - conclusion.value
        left = meant(left, meaning)
        # what does not move with the control may be anything
        moving = sp.diff(conclusion.function, conclusion.variable)
        functions = [f.narrowed(moving) for f in functions]
    controls = {c: problem.moved(e) for c, e in problem.feedback.items() if c in left.free_symbols}
    left = left.xreplace(controls)
    own = {c: problem.moved(e) for c, e in problem.own.items() if c in left.free_symbols}
    left = left.xreplace(own)
    logarithms = list(_logarithms(conclusion, {**controls, **own}))
    squares = _squares(conclusion, controls)
    for base in (_base(e) for f in functions for e in units_in(f.form)):
        if not base.is_Symbol and base.free_symbols & {*problem.states}:
            return f"{title}: not proved formally, as {base} must be positive around the state."
    needed, powers, roots = needed_in(left, problem.definitions), None, {}
    if needed is None:
        needed, powers = {}, Powers(left)
        roots = {} if powers.vanishes() else _roots(powers, problem)
        if not roots and not powers.vanishes():
            return f"{title}: no identity was found that holds whatever its powers are."
    letters = {**needed, **own, **controls}
    defined = [Hypothesis(f"H_{s.name}", Relation(s, "=", e)) for s, e in letters.items()]
    moves = [
        Hypothesis(f"slope_{c.name}", Slope(sp.Function(c.name)(t), t, t, dot))
        for c, dot in problem.moves.items()
        if any(c in f.moving for f in functions)
    ]
    below = divisors(
        [
            *sorted(left.atoms(sp.Pow), key=sp.default_sort_key),
            *own.values(),
            *(f.form for f in functions),
            *needed.values(),
        ]
    )
    # also where it cancels
    stated = (e for e in divisors(conclusion.expressions) if not e.has(AppliedUndef, *letters))
    positive = dict.fromkeys((*problem.positive, *(powers.positive if powers else ())))
    positive |= dict.fromkeys((*(base for base, _ in logarithms), *squares))
    below = tuple(e for e in dict.fromkeys((*below, *stated)) if e not in positive)
    nonzero = [Hypothesis(f"nonzero_{k}", Relation(e, "<>")) for k, e in enumerate(below, 1)]
    nonzero += [Hypothesis(f"root_{s.name}", Relation(problem.implicit[s], "=")) for s in roots]
    guards = [
        Hypothesis(f"positive_{e if e.is_Symbol else k}", Relation(e, ">"))
        for k, e in enumerate(positive, 1)
    ]
    hypotheses = (*defined, *moves, *(h for f in functions for h in f.hypotheses()), *nonzero)
    hypotheses = (*hypotheses, *guards)
    rewriting = [line for f in functions for line in f.rewriting()]
    replacing = [Line(f"rewrite ?H_{identifier(s.name)}.") for s in reversed(letters)]
    closing = [Line("without_logarithm {} {}.", pair) for pair in logarithms]
    if squares:
        for number, base in enumerate(squares, 1):
            closing += [
                Line(f"assert (square_{number} : sqrt {{}} ^ 2 = {{}}) by", (base, base)),
                Line("  (cbn [pow]; rewrite Rmult_1_r; apply sqrt_sqrt; lra)."),
            ]
        named = " ".join(f"square_{number}" for number in range(1, len(squares) + 1))
        closing += [Line(f"first [multiply_out | cbv beta; field [{named}]; side].")]
    else:
        closing += [Line("multiply_out.")]
    if powers:
        closing = [*powers.script(), *closing]
    for symbol, cofactor in roots.items():
        root = (cofactor, problem.implicit[symbol])
        closing = [
            Line("apply Rminus_diag_uniq."),
            Line("replace (_ - _) with ({} * {});", root),
            Line(f"  [rewrite root_{identifier(symbol.name)}; ring | symmetry]."),
            *closing,
        ]
    if isinstance(conclusion, Slope):
        rewriting = [*_spelled(conclusion, meaning), *rewriting]
        closing = [*(powers.bases() if powers else ()), *_sloping(closing)]
    script = (Line("intros."), *(line for f in functions for line in f.script()), *rewriting)
    made = Theorem(name, title, hypotheses, conclusion, (*script, *replacing, *closing))
    chosen = {letter: e for f in functions for letter, e in f.chosen.items()}
    return replace(made, witness=numbers(made, letters, chosen, problem))


def _squares(
    conclusion: Relation | Slope, played: Mapping[sp.Symbol, sp.Expr]
) -> tuple[sp.Expr, ...]:
    """What a root is of that is played: where it meets itself, its square is that."""
    forms = [*played.values(), *([conclusion.at] if isinstance(conclusion, Slope) else [])]
    roots = [e for form in forms for e in form.atoms(sp.Pow) if e.exp == sp.Rational(1, 2)]
    return tuple(dict.fromkeys(e.base for e in sorted(roots, key=str)))


def _logarithms(
    conclusion: Relation | Slope, played: Mapping[sp.Symbol, sp.Expr]
) -> Iterator[tuple[sp.Expr, sp.Expr]]:
    """Bases of logarithms in exponents at what is played, each with what else is there."""
    if isinstance(conclusion, Slope):
        whole, played = conclusion.function, {**played, conclusion.variable: conclusion.at}
    else:
        whole = sp.Tuple(conclusion.left, conclusion.right)
    for e in sorted(whole.atoms(sp.exp), key=sp.default_sort_key):
        rest = sp.expand(e.exp.xreplace(dict(played)).xreplace(dict(played)))
        for unit in sorted(rest.atoms(sp.log), key=sp.default_sort_key):
            if rest.coeff(unit) == 1:
                rest -= unit
                yield unit.args[0], rest


def _base(unit: sp.Expr) -> sp.Expr:
    """What must be positive in a power or logarithm."""
    if isinstance(unit, sp.exp):
        return sp.S.One
    return unit.args[0] if isinstance(unit, sp.log) else unit.base


def _roots(powers: Powers, problem: Faced) -> dict[sp.Symbol, sp.Expr]:
    """The first-order condition of which an expression is a multiple, with the cofactor."""
    for symbol, equation in problem.implicit.items():
        cofactor = powers.multiple(equation)
        if cofactor is not None:
            return {symbol: problem.moved(cofactor)}
    return {}


def _spelled(conclusion: Slope, meaning: Mapping[Any, sp.Expr]) -> Iterator[Line]:
    """The functions put in where they are taken at what is differentiated for."""
    inside = {
        f: meaning[f.func](*f.args)
        for f in conclusion.function.atoms(AppliedUndef)
        if f.func in meaning and f.has(conclusion.variable)
    }
    if inside:
        body = sp.Lambda(conclusion.variable, conclusion.function.xreplace(inside))
        names = ", ".join(f"?H_{identifier(f.func.__name__)}" for f in inside)
        yield Line("eapply (slope_extended _ {});", (body,))
        yield Line(f"  [intro; rewrite {names}; reflexivity |].")


def _sloping(closing: Sequence[Line]) -> Iterator[Line]:
    """The derivative by structure, and that it is the one of the statement."""
    if len(closing) == 1:
        yield Line("eapply slope_equal; [slope | multiply_out].")
    else:
        yield Line("eapply slope_equal; [slope |]. cbv beta; cbn [INR pred].")
        yield from closing


def meant(expression: sp.Expr, meaning: Mapping[Any, sp.Expr]) -> sp.Expr:
    """An expression with what its functions and letters are."""
    applied = {
        f: meaning[f.func](*f.args) for f in expression.atoms(AppliedUndef) if f.func in meaning
    }
    return expression.xreplace(applied).xreplace(
        {letter: e for letter, e in meaning.items() if isinstance(letter, sp.Symbol)}
    )


def needed_in(
    left: sp.Expr, definitions: Mapping[sp.Symbol, sp.Expr]
) -> dict[sp.Symbol, sp.Expr] | None:
    """The definitions without which an expression does not vanish; None if it never does."""

    units = {e: sp.Dummy() for e in (*left.atoms(AppliedUndef), *units_in(left))}
    plain = left.xreplace(units)

    def vanishes(known: Mapping[sp.Symbol, sp.Expr]) -> bool:
        # numbers decide where all is rational; what they say is proved by Coq
        if follows(plain, known):
            return True
        e = left
        for letter in reversed(known):
            e = e.xreplace({letter: known[letter]})
        if all(e.is_rational_function() for e in (plain, *known.values())):
            return False
        e = e.xreplace({f: sp.Dummy() for f in e.atoms(AppliedUndef)})
        e = e.xreplace({unit: sp.Dummy() for unit in units_in(e)})
        return is_zero(e.xreplace({f: sp.Dummy() for f in e.atoms(sp.Function)}))

    kept = dict(definitions)
    if not vanishes(kept):
        return None
    for letter in definitions:
        fewer = {s: e for s, e in kept.items() if s != letter}
        if vanishes(fewer):
            kept = fewer
    return kept
