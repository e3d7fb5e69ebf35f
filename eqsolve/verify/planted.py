"""Errors planted in a derivation, each of which its proof must find."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import sympy as sp

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.solve.solution import solve
from eqsolve.derivation.solve.step import Explicit, Integral, Root, Roots, Solution, Step
from eqsolve.game import Model
from eqsolve.verify import exact
from eqsolve.verify.check import Check
from eqsolve.verify.proof import Proof, closed_form

_SMALL = 1 + sp.Rational(1, 10**6)
_Key = TypeVar("_Key")


def planted(derivation: Derivation) -> Iterator[tuple[str, Derivation]]:
    """Wrong derivations of the same model, with the words for what is wrong.

    A terminal value that is off by 1e-6, a rate that is dropped or off by 1e-6, a coefficient of
    the feedback that is off by 1e-6, a coefficient without an equation and one that no equation
    determines, and a payoff of the wrong sign.
    """
    system = derivation.system

    def changed(**parts: Any) -> Derivation:
        return replace(derivation, system=replace(system, **parts))

    for c, value in system.terminal.items():
        yield f"terminal value of {c}", changed(terminal={**system.terminal, c: _off(value)})
    for c, value in system.rates.items():
        yield f"rate of {c}", changed(rates={**system.rates, c: _off(value)})
        if value != 0:
            yield f"dropped rate of {c}", changed(rates={**system.rates, c: sp.S.Zero})
        yield f"no equation of {c}", changed(rates=_without(system.rates, c))
    for c, value in system.feedback.items():
        yield f"feedback {c}", changed(feedback={**system.feedback, c: _off(value)})
        yield f"no equation of {c}", changed(feedback=_without(system.feedback, c))
    for c, value in system.implicit.items():
        # an equation off by a factor has the same solutions: its unknown is moved instead
        moved = value.xreplace({c: c * _SMALL})
        yield f"equation of {c}", changed(implicit={**system.implicit, c: moved})
        yield f"no equation of {c}", changed(implicit=_without(system.implicit, c))
    fixed = derivation.fixed
    if fixed is not None:
        for c, value in fixed.coefficients.items():
            table = {**fixed.coefficients, c: _off(value)}
            yield f"strategy {c}", replace(derivation, fixed=replace(fixed, coefficients=table))
            table = _without(fixed.coefficients, c)
            yield (
                f"no equation of {c}",
                replace(derivation, fixed=replace(fixed, coefficients=table)),
            )
        for name, atom in fixed.averages.items():
            wrong = replace(atom, expression=_off(atom.expression))
            table = {**fixed.averages, name: wrong}
            yield f"meaning of {name}", replace(derivation, fixed=replace(fixed, averages=table))
    yield "a coefficient that nothing determines", _doubled(derivation)
    yield "sign of the payoffs", _flipped(derivation)


def planted_steps(solution: Solution) -> Iterator[tuple[str, Solution]]:
    """Wrong closed forms, with the words for what is wrong: each step is off by 1e-6."""
    for k, step in enumerate(solution.steps):
        wrong: Step
        if isinstance(step, Explicit):
            # a denominator off by a factor gives the same quotient
            off = step.expression + (_SMALL - 1) if step.kind == "denominator" else None
            wrong = replace(step, expression=_off(step.expression) if off is None else off)
        elif isinstance(step, Integral):
            wrong = replace(step, integrand=_off(step.integrand))
        elif isinstance(step, Root):
            moved = {step.symbol: step.symbol * _SMALL}
            wrong = replace(step, equation=step.equation.xreplace(moved))
        elif isinstance(step, Roots):
            moved = {step.symbols[0]: step.symbols[0] * _SMALL}
            wrong = replace(step, equations=tuple(e.xreplace(moved) for e in step.equations))
        else:
            wrong = replace(step, rates=(_off(step.rates[0]), *step.rates[1:]))
        steps = (*solution.steps[:k], wrong, *solution.steps[k + 1 :])
        yield f"closed form of {step.symbols[0]}", replace(solution, steps=steps)


def self_test(derivation: Derivation) -> list[Check]:
    """Plant errors one after the other; each check passes if the proof fails."""
    checks = []
    with exact.precise():
        honest = Proof(derivation, ring=False)
        for words, wrong in planted(derivation):
            proof = Proof(wrong, ring=False)
            same = wrong.model is derivation.model and wrong.solved is derivation.solved
            averages = {} if wrong.fixed is None else wrong.fixed.averages
            if same and averages == honest.subject.averages:
                proof.__dict__["written"] = honest.written
            checks.append(_caught(derivation, words, proof.checks()))
        for words, solution in planted_steps(solve(derivation)):
            found = closed_form(derivation, solution, ring=False)
            checks.append(_caught(derivation, words, found))
    return checks


def _caught(derivation: Derivation, words: str, checks: Iterable[Check]) -> Check:
    """Whether a check fails, as it should."""
    found = next((c for c in checks if c.verdict == "fail"), None)
    return Check(
        name=f"planted error: {words}",
        game=derivation.model.name,
        kind="self-test",
        value=0.0,
        reference=0.0,
        error=1.0 if found is None else 0.0,
        allowed=0.0,
        note="It is not found." if found is None else f"Found by: {found.name}.",
    )


def _off(value: sp.Expr) -> sp.Expr:
    return value * _SMALL if value != 0 else _SMALL - 1


def _without(table: Mapping[_Key, sp.Expr], name: _Key) -> dict[_Key, sp.Expr]:
    return {key: value for key, value in table.items() if key != name}


def _doubled(derivation: Derivation) -> Derivation:
    """A coefficient becomes a sum of two, of which the equations determine the sum only."""
    model, system = _proved(derivation), derivation.system
    first = system.unknowns[0]
    other = sp.Symbol(f"{first.name}_free")
    put = {first: first + other}
    ansatz = replace(
        model.ansatz,
        functions={k: f.xreplace(put) for k, f in model.ansatz.functions.items()},
        feedback={k: f.xreplace(put) for k, f in model.ansatz.feedback.items()},
    )
    tables: dict[str, Any] = {
        name: {k: e.xreplace(put) for k, e in getattr(system, name).items()}
        for name in ("rates", "feedback", "implicit")
    }
    tables["rates"][other] = sp.S.Zero
    terminal = {**system.terminal, other: sp.S.Zero} if system.terminal else {}
    return replace(
        _with(derivation, replace(model, ansatz=ansatz)),
        system=replace(system, unknowns=(*system.unknowns, other), terminal=terminal, **tables),
    )


def _flipped(derivation: Derivation) -> Derivation:
    """What the first player pays is received."""
    model = _proved(derivation)
    game = model.game
    player = game.players[0]
    moments = tuple(
        replace(m, payoff=-m.payoff, running=-m.running) for m in player.preference.moments
    )
    preference = replace(player.preference, moments=moments)
    players = (replace(player, preference=preference), *game.players[1:])
    return _with(derivation, replace(model, game=replace(game, players=players)))


def _proved(derivation: Derivation) -> Model:
    """The model whose functions and feedback are proved."""
    return derivation.model if derivation.fixed is None else derivation.solved


def _with(derivation: Derivation, model: Model) -> Derivation:
    """The derivation with another such model."""
    if derivation.fixed is None:
        return replace(derivation, model=model)
    return replace(derivation, solved=model)
