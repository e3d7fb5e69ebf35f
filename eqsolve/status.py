"""What became of one point of a kernel or one call of a solver."""

from __future__ import annotations

from enum import IntEnum


class Labelled(IntEnum):
    """A code with a name for machine output."""

    @property
    def label(self) -> str:
        """The name in machine output, such as ``"no-admissible-root"``."""
        return self.name.lower().replace("_", "-")

    def __eq__(self, other: object) -> bool:
        """Equal to its code and to its name: answers of every game are asked alike."""
        return self.label == other if isinstance(other, str) else int(self) == other

    __hash__ = int.__hash__


class Status(Labelled):
    """Outcome of a computation; every outcome but OK carries NaN in place of numbers."""

    OK = 0
    NO_ADMISSIBLE_ROOT = 1
    INFINITE_VARIANCE = 2
    DEGENERATE = 3
    NEAR_FOLD = 4
    NO_SOLUTION = 5
    INVALID_INPUT = 6
    UNSTABLE = 7
    EXPLODES = 8
    NOT_A_MAXIMUM = 9
    UNRESOLVED = 10

    @property
    def meaning(self) -> str:
        """One sentence for people."""
        return _MEANINGS[self]


_MEANINGS = {
    Status.OK: "An equilibrium was found.",
    Status.NO_ADMISSIBLE_ROOT: (
        "No real root of the polynomial gives the agent's own wealth a finite second moment."
    ),
    Status.INFINITE_VARIANCE: (
        "Second moments of wealth grow at least as fast as the hazard rate, so that the"
        " variance at the horizon is infinite."
    ),
    Status.DEGENERATE: "A quantity that the closed form divides by is zero.",
    Status.NEAR_FOLD: (
        "The selected root nearly coincides with another one: it is not determined by parameters"
        " of double precision."
    ),
    Status.NO_SOLUTION: "A quantity leaves the range of double precision, or a root was not found.",
    Status.INVALID_INPUT: "A parameter lies outside its domain.",
    Status.UNSTABLE: "The expectations grow at least as fast as they are discounted.",
    Status.EXPLODES: "The solution does not exist up to the horizon.",
    Status.NOT_A_MAXIMUM: "The second-order condition fails: the stationary point is no optimum.",
    Status.UNRESOLVED: "The numbers could not be determined with a proof.",
}


def labels() -> tuple[str, ...]:
    """The labels of all outcomes, in the order of their codes."""
    return tuple(status.label for status in Status)
