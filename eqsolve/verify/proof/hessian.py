"""The sign of the second derivatives in the controls: proved, refuted, or left as a condition."""

from __future__ import annotations

import sympy as sp

from eqsolve.game.world import World
from eqsolve.studies.coordinates import positive_letters
from eqsolve.verify.check import Check
from eqsolve.verify.proof.equations import SecondOrder
from eqsolve.verify.proof.subject import Subject
from eqsolve.verify.signs import Sign, sign


def definite(subject: Subject, words: str, world: World, second: SecondOrder) -> Check:
    """Whether a player is where the declared sense says."""
    kind = "maximum" if second.sense == "maximize" else "minimum"
    label = f"{second.player} is at a {kind}{words}"
    signs = [_sign(subject, world, minor) for minor in second.minors]
    if any(s.proved and s.sign <= 0 for s in signs):
        return subject.check(label, False, f"The second derivatives show that it is no {kind}.")
    if all(s.proved for s in signs):
        return subject.check(label, True, "Proved from the domains of the letters.")
    open_ = [f"{sp.Mul(s.sign, *s.rest)} > 0" for s in signs if not s.proved]
    note = "It holds where " + " and ".join(open_) + "."
    return subject.check(label, False, note, refused=True)


def _sign(subject: Subject, world: World, minor: sp.Expr) -> Sign:
    """The sign of a minor, the feedback spelled out."""
    spelled = {c: e.xreplace(world.fixed) for c, e in subject.system.feedback.items()}
    domains = {letter.symbol: letter.domain for letter in subject.model.vocabulary}
    positive = set(positive_letters(subject.model))
    for copy in world.copies:
        domains |= {name: domains[s] for s, name in copy.states.items() if s in domains}
        positive |= {name for s, name in copy.states.items() if s in positive}
    return sign(minor.xreplace(spelled), domains, positive)
