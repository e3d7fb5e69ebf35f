"""What the answers of all point solvers have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eqsolve.answers import Named, Shown, named
from eqsolve.distribution import VERSION
from eqsolve.schemas import SCHEMA

#: Working precisions in bits, tried until every sign is decided.
PRECISIONS = (256, 1024, 4096)


@dataclass(frozen=True, kw_only=True)
class Answer(Shown):
    """A game's solution, or why there is none; ``to_dict`` gives the machine-readable form.

    The results are attributes: ``answer.strategy.x``. ``status`` is ``"ok"`` or names what is
    wrong, ``message`` says it in a sentence.
    """

    game: str
    status: str
    message: str
    numbers: Mapping[str, Any] = field(default_factory=Named)

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbers", named(self.numbers))

    def __getattr__(self, name: str) -> Any:
        """A part of the numbers, such as ``strategy``."""
        numbers = self.__dict__.get("numbers", {})
        if name in numbers:
            return numbers[name]
        raise AttributeError(f"the answer has no {name!r}; it has {', '.join(numbers) or 'none'}")

    @property
    def ok(self) -> bool:
        """Whether an equilibrium was found."""
        return self.status == "ok"

    def document(self, setting: Mapping[str, Any], **provenance: Any) -> dict[str, Any]:
        """The JSON form, of which ``setting`` is what was asked."""
        return {
            "schema": SCHEMA,
            "game": self.game,
            **setting,
            "status": self.status,
            "message": self.message,
            **self.numbers,
            "provenance": {"eqsolve": VERSION, **provenance},
        }
