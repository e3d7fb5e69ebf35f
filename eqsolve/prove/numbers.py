"""Which numbered equation of a source a theorem about a game is about."""

from __future__ import annotations

from random import Random

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.notated.published import Published
from eqsolve.operators import plain
from eqsolve.prove.need import PRIME, modular
from eqsolve.prove.statement import identifier


def numbers(model: Published) -> dict[str, str]:
    """The number by which a source cites an equation, by the name of the theorem about it."""
    derivation = model.derivation
    hjb, form = derivation.hjb, derivation.form
    about: dict[int | None, str] = {}

    def say(name: str, letter: object, left: sp.Expr, right: sp.Expr = sp.S.Zero) -> None:
        about.setdefault(_print(left - right), f"{name}_{identifier(str(letter))}")

    for moment in hjb.moments:
        say("hjb", moment.name, hjb.moment_equation(moment))
    say("first_order", hjb.game.control, hjb.hamiltonian)
    for d in form.definitions:
        if d.is_root:
            say("solves", d.symbol, d.expression)
        elif d.symbol in derivation.system.unknowns:
            say("solves", d.symbol, d.symbol, d.expression)
        else:
            say("fixed_point", d.symbol, d.symbol, d.expression)
    for (left, right), d in zip(derivation.value.by_hjb, derivation.value.by_moments, strict=True):
        say("value", d.symbol, left, right)
    found: dict[str, str] = {}
    for display in model.shown:
        for line in display.lines:
            value = _print(plain(line.left) - plain(line.right))
            name = about.get(value) if value is not None else None
            if name is not None and display.is_numbered:
                found.setdefault(name, display.tag)
    return found


def _print(expression: sp.Expr) -> int | None:
    """A number that equal rational expressions share; None for others."""
    inner = expression.atoms(sp.Derivative, AppliedUndef)
    named = {e: sp.Symbol(str(e)) for e in inner}
    shown = expression.xreplace({e: s for e, s in named.items() if isinstance(e, sp.Derivative)})
    shown = shown.xreplace(named)
    values = {s: Random(str(s)).randrange(1, PRIME) for s in shown.free_symbols}
    try:
        return modular(shown, values)
    except (TypeError, ZeroDivisionError):
        return None
