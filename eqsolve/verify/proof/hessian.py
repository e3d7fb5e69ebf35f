"""The sign of the second derivatives in the controls: proved, refuted, or left as a condition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from eqsolve.derivation.solve.solution import solve
from eqsolve.derivation.solve.step import Explicit, to_go
from eqsolve.game.world import World
from eqsolve.studies.coordinates import positive_letters
from eqsolve.verify.check import Check
from eqsolve.verify.proof.equations import SecondOrder
from eqsolve.verify.proof.subject import Subject
from eqsolve.verify.signs import Sign, powered, sign

#: Operations of a minor with the closed form inserted that are factored; more takes minutes.
MOST = 200


def definite(subject: Subject, words: str, world: World, second: SecondOrder) -> Check:
    """Whether a player is where the declared sense says."""
    kind = "maximum" if second.sense == "maximize" else "minimum"
    label = f"{second.player} is at a {kind}{words}"
    signs, by = _signs(subject, world, second.minors, {}), ""
    if not all(s.proved for s in signs) and (values := _closed_form(subject)):
        inserted = _signs(subject, world, second.minors, values)
        signs = [n if {*n.rest} <= {*s.rest} else s for s, n in zip(signs, inserted)]
        by = " and the closed form"
    if any(s.never for s in signs):
        return subject.check(label, False, f"The second derivatives show that it is no {kind}.")
    if all(s.proved for s in signs):
        return subject.check(label, True, f"Proved from the domains of the letters{by}.")
    open_ = tuple(dict.fromkeys(words for s in signs for words in s.positive_where))
    note = f"It holds where {' and '.join(open_)}."
    return subject.check(label, False, note, conditions=open_)


def _closed_form(subject: Subject) -> dict[sp.Symbol, sp.Expr]:
    """Coefficients in parameters and the time to go, as far as they are given so."""
    values: dict[sp.Symbol, sp.Expr] = {}
    for step in subject.derivation.once(solve).steps:
        if isinstance(step, Explicit):
            values[step.symbol] = step.expression.xreplace(values)
    return values


def _signs(
    subject: Subject,
    world: World,
    minors: Iterable[sp.Expr],
    values: Mapping[sp.Symbol, sp.Expr],
) -> list[Sign]:
    """The signs of minors, the feedback spelled out and values of coefficients inserted.

    A minor that becomes long by these values stays without them.
    """
    spelled = {c: e.xreplace(world.fixed) for c, e in subject.system.feedback.items()}
    domains = {letter.symbol: letter.domain for letter in subject.model.vocabulary}
    positive = set(positive_letters(subject.model))
    positive |= powered([*subject.system.rates.values(), *spelled.values()]) & {*subject.unknowns}
    for copy in world.copies:
        domains |= {name: domains[s] for s, name in copy.states.items() if s in domains}
        positive |= {name for s, name in copy.states.items() if s in positive}
    domains[to_go] = sp.Interval(0, sp.oo)
    found = []
    for minor in (m.xreplace(spelled) for m in minors):
        inserted = minor.xreplace(dict(values))
        short = inserted.count_ops() <= MOST
        found.append(sign(inserted if short else minor, domains, positive))
    return found
