"""What the kernel of a game on one cubic returns at a point; without an algebra system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from eqsolve.symbols import entry


@dataclass(frozen=True)
class Output:
    """A number at a point.

    Attributes
    ----------
    name : of its column.
    letter : name of the symbol whose meaning and unit it has.
    label : what an axis of a figure says, with the symbol in LaTeX.
    more : what its meaning adds to the letter's.
    meaning : its meaning, where it is another one.
    """

    name: str
    letter: str
    label: str
    more: str = ""
    meaning: str = ""

    @property
    def attributes(self) -> dict[str, str]:
        """Meaning and unit."""
        row = entry(self.letter)
        return {"long_name": self.meaning or row.meaning + self.more, "units": row.unit}


class Outputs(NamedTuple):
    """The numbers at a point, in the order of a kernel's columns after the status.

    Attributes
    ----------
    root : the selected root.
    own, others, constant : coefficients of the strategy.
    position : the strategy at the state.
    alone : the position of the same agent without competitors.
    value : what the agent obtains at the state.
    """

    root: Output
    own: Output
    others: Output
    constant: Output
    position: Output
    alone: Output
    value: Output

    @classmethod
    def read(cls, rows: Sequence[Mapping[str, Any]]) -> Outputs:
        """The outputs from what ``rows`` returns."""
        return cls(*(Output(**row) for row in rows))

    def rows(self) -> list[dict[str, Any]]:
        """The outputs as JSON."""
        return [asdict(output) for output in self]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(output.name for output in self)

    @property
    def enclosed(self) -> tuple[str, ...]:
        """The columns that a certificate encloses: what does not depend on the state."""
        return self.names[:4]

    @property
    def on_demand(self) -> tuple[str, ...]:
        """The columns that are computed only if they are asked for."""
        return (self.alone.name, self.value.name)

    @property
    def differentiated(self) -> tuple[str, ...]:
        """The columns in the order of generated derivatives: without competitors last."""
        return (*(name for name in self.names if name != self.alone.name), self.alone.name)
