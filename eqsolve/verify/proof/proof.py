"""All checks of one derivation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from eqsolve.derivation.derivation import Derivation
from eqsolve.errors import EqsolveError
from eqsolve.game.world import World
from eqsolve.verify import exact
from eqsolve.verify.check import Check
from eqsolve.verify.proof.closed_form import closed_form
from eqsolve.verify.proof.equations import Equations
from eqsolve.verify.proof.generic import evidence
from eqsolve.verify.proof.hessian import definite
from eqsolve.verify.proof.subject import Subject
from eqsolve.verify.proof.unknowns import complete, determined
from eqsolve.verify.proof.written import equations, worlds

SEED = 7


class Proof:
    """The checks of one derivation.

    Parameters
    ----------
    derivation : whose coefficients' system is to be proved.
    seed : of the random points.
    ring : whether identities are decided in the ring; otherwise at random exact points only, which
        refutes as much and takes less.
    """

    def __init__(self, derivation: Derivation, seed: int = SEED, ring: bool = True) -> None:
        self.subject, self.seed, self.ring = Subject(derivation), seed, ring

    @cached_property
    def written(self) -> dict[str, tuple[World, Equations | EqsolveError]]:
        """The equations in every world; they depend on the model only."""
        found: dict[str, tuple[World, Equations | EqsolveError]] = {}
        for words, world in worlds(self.subject.model).items():
            try:
                written = equations(self.subject.derivation, world, self.subject.dots)
                found[words] = world, written
            except EqsolveError as error:
                found[words] = world, error
        return found

    def checks(self) -> Iterator[Check]:
        """Complete, motion, first order, terminal values, determined, second order."""
        subject = self.subject
        first = complete(subject)
        yield first
        if first.verdict == "fail":
            return
        try:
            written = self.written
        except EqsolveError as error:
            yield subject.check("written out", False, str(error), refused=True)
            return
        for words, (world, equations_) in written.items():
            if isinstance(equations_, EqsolveError):
                yield subject.check(f"written out{words}", False, str(equations_), refused=True)
            else:
                yield from self._written_out(words, world, equations_)

    def _written_out(self, words: str, world: World, written: Equations) -> Iterator[Check]:
        before, end = evidence(self.subject, world, self.seed, self.ring)
        try:
            before.point(0)
        except EqsolveError as error:
            yield self.subject.check(f"values{words}", False, str(error))
            return
        for label, left in {**written.motion, **written.first_order, **written.consistent}.items():
            yield before.vanishes(label + words, left)
        if self.subject.ends:
            for label, left in written.terminal.items():
                yield end.vanishes(label + words, left)
        yield from determined((before, end), world, words, written, self.seed)
        for second in written.second_order:
            yield definite(self.subject, words, world, second)


def prove(derivation: Derivation, seed: int = SEED) -> list[Check]:
    """Prove or refute a derivation from its declaration.

    Checked are: an equation for every coefficient and no other; the functions in their equations,
    coefficients moving at their rates; terminal values; first-order conditions; that the equations
    determine every coefficient; the sign of the second derivatives in the controls, proved from
    the letters' domains or listed as a condition; and the closed form in the coefficients'
    equations. Notes say whether an equation is an identity in the ring.
    """
    with exact.precise():
        return [*Proof(derivation, seed).checks(), *closed_form(derivation)]
