"""What a sweep evaluates: the kernel of any game, with the meaning of its inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import ArrayLike, NDArray

from eqsolve.handle import Handle
from eqsolve.kernels.cubic.kernel import CubicKernel, kept
from eqsolve.kernels.cubic.kernel import kernel as family_kernel
from eqsolve.studies.sweep.columns import attributes
from eqsolve.symbols import entry

#: What changes a game's equations: notion, size, and parameters that its structure depends on.
Structure = tuple[tuple[str, Any], ...]


class Target(Protocol):
    """The kernel of a game."""

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that can be given or varied."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs, in order; ``status`` is the first."""

    @property
    def enclosed(self) -> tuple[str, ...]:
        """The outputs that a certificate encloses; none where there are no certificates."""

    @property
    def origin(self) -> str:
        """Where the game comes from."""

    @property
    def path(self) -> Path:
        """The generated file; its name carries a fingerprint of everything compiled."""

    @property
    def chunk(self) -> int | None:
        """Number of points to evaluate at a time, if fewer than usual."""

    def misfit(self, name: str, number: Fraction) -> str:
        """What is wrong with the value of a parameter, as a sentence; empty if nothing is."""

    def needs(self, output: str) -> tuple[str, ...]:
        """The states without which an output has no value."""

    def whole(self, name: str) -> bool:
        """Whether a parameter takes whole numbers only."""

    def attributes(self, name: str) -> dict[str, Any]:
        """Meaning and unit of a parameter or a column."""

    def evaluate(
        self,
        params: Mapping[str, ArrayLike],
        selection: str,
        outputs: tuple[str, ...],
        threads: int | None,
    ) -> dict[str, NDArray[Any]]:
        """The outputs at a broadcast of the parameters."""


class Lettered:
    """What a target knows of its parameters from the letters that stand for them."""

    def symbol(self, name: str) -> str:
        """The letter of a parameter or result."""
        return name

    def misfit(self, name: str, number: Fraction) -> str:
        """What is wrong with a value."""
        row = entry(self.symbol(name))
        return (
            "" if row.domain.contains(number) else f"{name} ({row.meaning}) must be {row.domain}."
        )

    def needs(self, output: str) -> tuple[str, ...]:
        """None: the family's columns are there whatever is given."""
        return ()

    def whole(self, name: str) -> bool:
        """Whether a parameter takes whole numbers only."""
        return entry(self.symbol(name)).domain.integer


@dataclass(frozen=True)
class FamilyTarget(Lettered):
    """A game of the mean-variance family."""

    kernel: CubicKernel

    chunk = None

    @property
    def outputs(self) -> tuple[str, ...]:
        """The columns."""
        return self.kernel.outputs

    @property
    def enclosed(self) -> tuple[str, ...]:
        """The root and the strategy."""
        return self.kernel.results.enclosed

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters and states."""
        return (*self.kernel.parameters, *self.kernel.states)

    @property
    def origin(self) -> str:
        """Where the game comes from."""
        return self.kernel.origin

    @property
    def path(self) -> Path:
        """The generated file."""
        return self.kernel.path

    def attributes(self, name: str) -> dict[str, Any]:
        """Meaning and unit."""
        return attributes(name, self.kernel.results)

    def evaluate(
        self,
        params: Mapping[str, ArrayLike],
        selection: str,
        outputs: tuple[str, ...],
        threads: int | None,
    ) -> dict[str, NDArray[Any]]:
        """The outputs at a broadcast of the parameters."""
        rule: Any = selection
        return self.kernel.evaluate(params, selection=rule, outputs=outputs, threads=threads)


def target(game: Handle, structure: Structure = ()) -> Target:
    """The kernel of a game of some structure.

    Raises
    ------
    InputError
        If there is no such game, or it has no kernel.
    """
    if "hazard" in dict(structure):
        from eqsolve.studies.sweep.hazard_target import HazardTarget

        return HazardTarget(game, structure)
    if (ready := kept(game)) is not None:
        return FamilyTarget(ready)
    # what follows needs SymPy, which a kernel found again does without
    from eqsolve.studies.sweep.agents_target import AgentsTarget
    from eqsolve.studies.sweep.model_target import model_target

    found = game.found
    declared = model_target(found, structure)
    if declared is not None:
        return declared
    model: Any = found.model
    if model.types is not None:
        return AgentsTarget(model, found.content_hash, dict(structure).get("agents", 0))
    return FamilyTarget(family_kernel(model))
