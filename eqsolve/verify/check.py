"""What a check reports."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Literal

Verdict = Literal["pass", "fail", "not verified"]


@dataclass(frozen=True)
class Check:
    """One comparison of a claimed value with an independent one.

    Attributes
    ----------
    name : what was compared, with the parameter set.
    game : name of the game.
    kind : how it was proved: ``"exact"``, ``"grid"``, ``"spike"``, ``"monte-carlo"``, ...
    value : what the closed form says (largest component, or 0 for an exact identity).
    reference : what the independent method says.
    error : distance of the two, in the sense the method states.
    allowed : largest error that passes.
    note : one sentence for a reader.
    refused : the independent method cannot judge here, whatever the numbers; the note says why.
        It must not depend on the claim, or a wrong claim could escape.
    conditions : inequalities, in words, under which a refused check would pass; none if it is not
        known when it would.
    """

    name: str
    game: str
    kind: str
    value: float
    reference: float
    error: float
    allowed: float
    note: str = ""
    refused: bool = False
    conditions: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """``pass`` if every number is one and the error is not above the allowed one."""
        if self.refused:
            return "not verified"
        if math.isnan(self.value) or math.isnan(self.reference):
            return "fail"
        return "pass" if self.error <= self.allowed else "fail"

    def to_dict(self) -> dict[str, str | float]:
        """The check as a JSON-ready mapping."""
        row = asdict(self)
        del row["refused"], row["conditions"]
        return row | {"verdict": self.verdict}
