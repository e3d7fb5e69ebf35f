"""The form assumed for the unknown functions and the feedback, with names for the value's part."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from eqsolve.game import Ansatz as Form


@dataclass(frozen=True)
class Ansatz(Form):
    """Polynomials in the states with unknown coefficients.

    ``functions`` has the moments' (the paper's (2.25), (2.26)), ``feedback`` the control's (2.33);
    ``value`` is that of the value (2.24), whose coefficients follow from those of the moments.
    """

    value: sp.Expr = sp.S.Zero

    @property
    def response(self) -> sp.Expr:
        """The form of the feedback of the one control."""
        (form,) = self.feedback.values()
        return form
