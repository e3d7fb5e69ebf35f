"""Proof of a derivation: its functions and feedback put into the game written out in full.

Nothing here was derived elsewhere. The game is written out copy by copy (``world``), expected
changes come from steps along drifts and noises, laws are the sums that they are by definition, and
every identity is decided in a field (``ring``), after a random exact point has not refuted it.
"""

from eqsolve.verify.proof.closed_form import closed_form
from eqsolve.verify.proof.equations import Equations
from eqsolve.verify.proof.expectations import with_own_letters
from eqsolve.verify.proof.proof import Proof, prove
from eqsolve.verify.proof.written import equations

__all__ = ["Equations", "Proof", "closed_form", "equations", "prove", "with_own_letters"]
