"""What the answers of all point solvers have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from eqsolve.numerics.equilibria.point import Status


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A game's solution, or why there is none; ``to_dict`` gives the machine-readable form.

    ``status`` is ``"ok"`` or names what is wrong, ``message`` says it in a sentence.
    """

    game: str
    status: Status
    message: str
    numbers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether an equilibrium was found."""
        return self.status == "ok"

    def document(self, setting: Mapping[str, Any], **provenance: Any) -> dict[str, Any]:
        """The JSON form, of which ``setting`` is what was asked."""
        return {
            "game": self.game,
            **setting,
            "status": self.status,
            "message": self.message,
            **self.numbers,
            "provenance": {"eqsolve": version("eqsolve"), **provenance},
        }
