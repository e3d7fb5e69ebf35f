"""A sweep over a game that is declared by ``eqsolve.game``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import sympy as sp
from numpy.typing import ArrayLike, NDArray

from eqsolve.errors import InputError
from eqsolve.game import Model
from eqsolve.game.structure import COUNT, END, build, structure
from eqsolve.game.types import most_types, of_types
from eqsolve.game.vocabulary import Letter
from eqsolve.kernels.steps.crowd import kernel_of
from eqsolve.kernels.steps.kernel import StepsKernel
from eqsolve.places import Found
from eqsolve.studies.sweep.columns import coded, codes
from eqsolve.studies.sweep.target import Structure


@dataclass(frozen=True)
class ModelTarget:
    """A game that is declared by ``eqsolve.game``."""

    model: Model
    types: int | None = None

    chunk = None
    enclosed = ()

    @cached_property
    def kernel(self) -> StepsKernel:
        """The compiled game."""
        from eqsolve.derivation.derivation import derive

        return kernel_of(derive(self.model), self.types)

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters, time and states; of a crowd with types of their own also for all types."""
        return (*self.kernel.parameters, *self.kernel.open, "t", *self.kernel.states)

    def _row(self, name: str) -> Letter | None:
        """The vocabulary's row of a parameter or state, of a type or of all."""
        rows = {letter.name: letter for letter in self.model.vocabulary}
        return rows.get(name, rows.get(self.kernel.letter(name)))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs."""
        return self.kernel.outputs

    @property
    def origin(self) -> str:
        """Where the game comes from."""
        return self.model.source

    @property
    def path(self) -> Path:
        """The generated file."""
        return self.kernel.path

    def misfit(self, name: str, number: Fraction) -> str:
        """What is wrong with a value."""
        row = self._row(name)
        return "" if row is None else outside(name, row, number)

    def needs(self, output: str) -> tuple[str, ...]:
        """The states without which an output has no value."""
        return tuple(self.kernel.needs.get(output, ()))

    def whole(self, name: str) -> bool:
        """Whether a parameter takes whole numbers only."""
        row = self._row(name)
        return row is not None and bool(row.domain.is_subset(sp.S.Integers))

    def attributes(self, name: str) -> dict[str, Any]:
        """Meaning and unit, from the game's vocabulary."""
        if coded(name):
            return codes(name)
        row = self._row(name)
        if row is not None:
            return {"long_name": row.meaning or name, "units": row.unit or "1"}
        return {"long_name": name, "units": "1"}

    def evaluate(
        self,
        params: Mapping[str, ArrayLike],
        selection: str,
        outputs: tuple[str, ...],
        threads: int | None,
    ) -> dict[str, NDArray[Any]]:
        """The outputs at a broadcast of the parameters.

        Raises
        ------
        InputError
            If the selection is not the game's own: kernels follow finite horizons to their limit.
        """
        if selection not in ("limit", self.model.selection):
            raise InputError(
                f"the kernel has no selection {selection!r}.",
                game=self.model.name,
                stage="sweep",
                remedy="Leave it out.",
            )
        return self.kernel.evaluate(params, outputs=outputs, threads=threads)


def outside(name: str, row: Letter, number: Fraction) -> str:
    """What is wrong with a value outside the domain of its letter; empty if it is inside."""
    if row.domain.contains(sp.Rational(number.numerator, number.denominator)) == sp.true:
        return ""
    return f"{name} ({row.meaning or 'a parameter'}) must be in {row.domain}."


def structure_of(
    found: Found,
    fixed: Mapping[str, object],
    varied: Iterable[str] = (),
    notion: str | None = None,
    size: int | None = None,
) -> Structure:
    """What of a user's arguments changes the equations of a game.

    An end of the horizon or a number of players that varies is part of it, too, whatever its
    values.
    """
    if not isinstance(found.model, Model):
        return ()
    chosen: list[tuple[str, Any]] = []
    if notion is not None:
        chosen.append(("notion", notion))
    if size is not None:
        chosen.append(("size", size))
    arguments = structure(found.exported)
    exported: Any = found.exported
    given = dict.fromkeys((*fixed, *varied))
    typed = exported(types=True) if "types" in arguments and not arguments["types"] else None
    if typed is None and found.model.game.notion == "given" and "types" in arguments:
        typed = found.model
    if typed is not None and of_types(typed, given):
        raise InputError(
            "players with types of their own have no kernel where averages are given.",
            game=found.name,
            stage="sweep",
            remedy="Solve the points one by one with eqsolve solve.",
        )
    if size is None and COUNT in varied:
        chosen.append(("size", 2))
    if END in varied:
        chosen.append((END, 1))
    for name in sorted(fixed):
        if name in arguments or (name == END and "horizon" in arguments) or name == COUNT:
            chosen.append((name, fixed[name]))
    if found.model.game.crowd is not None and found.model.game.crowd.own:
        chosen.append(("types", most_types(found.model, (*fixed, *varied))))
    return tuple(chosen)


def model_target(found: Found, chosen: Structure) -> ModelTarget | None:
    """The kernel of a declared game of some structure; None for a game of another kind."""
    if not isinstance(found.model, Model):
        return None
    exported: Any = found.exported
    how = dict(chosen)
    notion, size = how.pop("notion", None), how.pop("size", None)
    types = how.pop("types", None)
    return ModelTarget(build(exported, how, notion=notion, size=size), types)
