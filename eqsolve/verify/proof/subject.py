"""What is to be proved: a system of coefficients, with its letters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import sympy as sp

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.problem import Others
from eqsolve.verify import exact
from eqsolve.verify.check import Check
from eqsolve.verify.proof.written import coefficients, declared


class Subject:
    """A derivation whose coefficients' system is to be proved; of the rest only the model is read.

    Attributes
    ----------
    model : the game with the functions and the feedback that are to be proved.
    aggregates : averages over all copies where these have types of their own.
    dots : the symbol of the time derivative of every coefficient of the functions.
    """

    def __init__(self, derivation: Derivation) -> None:
        self.derivation, self.system, self.fixed = derivation, derivation.system, derivation.fixed
        self.model = derivation.solved if self.fixed is not None else derivation.model
        self.aggregates = derivation.closure.aggregates
        self.game = derivation.model.game
        self.dots = {c: sp.Symbol(f"{c.name}'") for c in self.unknowns}

    @cached_property
    def declared(self) -> set[sp.Symbol]:
        """Letters that are no unknowns."""
        totals = () if self.fixed is None else self.fixed.totals
        return declared(self.model) | {*self.averages, *totals}

    @property
    def averages(self) -> Mapping[sp.Symbol, Others]:
        """Averages over the others that are frozen."""
        return {} if self.fixed is None else self.fixed.averages

    @cached_property
    def unknowns(self) -> list[sp.Symbol]:
        """The coefficients of the functions."""
        return [
            s for s in exact.letters(self.model.ansatz.functions.values()) if s not in self.declared
        ]

    @cached_property
    def own(self) -> list[sp.Symbol]:
        """The coefficients that only the feedback has."""
        found = coefficients(self.model)
        return [s for s in found if s not in self.unknowns and s not in self.averages]

    @property
    def ends(self) -> bool:
        """Whether the horizon has an end, at which the functions are the payoffs."""
        return self.game.horizon.end is not None

    def check(
        self,
        label: str,
        fine: bool,
        note: str = "",
        refused: bool = False,
        conditions: tuple[str, ...] = (),
    ) -> Check:
        """A check that holds or does not, or is left open: with conditions, but for these."""
        return Check(
            name=label,
            game=self.game.name,
            kind="exact",
            value=0.0,
            reference=0.0,
            error=0.0 if fine else 1.0,
            allowed=0.0,
            note=note,
            refused=refused or bool(conditions),
            conditions=conditions,
        )
