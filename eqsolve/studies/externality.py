"""What one leaver costs all others: a game of leaving or staying, number by number.

N holders have equal positions V. To leave saves the share s of V and loses the share D; every exit
widens the discount of all positions by delta, one's own among them. With K exits a leaver has
``V (s - D - K delta)`` and a stayer ``-V K delta`` (a binary choice with an externality, Schelling,
Journal of Conflict Resolution 17, 1973). Leaving is worth ``V (s - D - delta)`` to oneself whatever
the others do, and ``V (s - D - N delta)`` to all. Numbers are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from eqsolve.answers import Tabled
from eqsolve.errors import InputError
from eqsolve.numbers import exact
from eqsolve.schemas import SCHEMA

_STAGE = "externality"


@dataclass(frozen=True)
class Externality(Tabled):
    """The example's numbers; amounts are in the unit of the position.

    Attributes
    ----------
    players, position, discount, saved, widening : N, V, D, s and delta.
    volume, rate : the market and the yearly loss as a share of it, where given.
    """

    players: int
    position: Fraction
    discount: Fraction
    saved: Fraction
    widening: Fraction
    volume: Fraction | None = None
    rate: Fraction | None = None

    def leaving(self, exits: int) -> Fraction:
        """What a leaver has when so many leave, the leaver among them."""
        return self.position * (self.saved - self.discount - exits * self.widening)

    def staying(self, exits: int) -> Fraction:
        """What a stayer has when so many leave."""
        return -self.position * exits * self.widening

    def welfare(self, exits: int) -> Fraction:
        """What all have together when so many leave."""
        stay = self.players - exits
        return exits * self.leaving(exits) + stay * self.staying(exits)

    @property
    def gain(self) -> Fraction:
        """What leaving is worth to oneself, whatever the others do."""
        return self.leaving(1) - self.staying(0)

    @property
    def external(self) -> Fraction:
        """What one exit costs all others together: ``(N - 1) V delta``."""
        return (self.players - 1) * (self.staying(0) - self.staying(1))

    @property
    def nash(self) -> int:
        """Exits in equilibrium; all stay where leaving makes no difference."""
        return self.players if self.gain > 0 else 0

    @property
    def planned(self) -> int:
        """Exits that are best for all together; none where they make no difference."""
        return self.players if self.gain > self.external else 0

    @property
    def gap(self) -> Fraction:
        """Welfare gap: what all have under the planner, less what they have in equilibrium."""
        return self.welfare(self.planned) - self.welfare(self.nash)

    @property
    def further(self) -> Fraction:
        """The discount's widening when all leave: ``N delta``."""
        return self.players * self.widening

    def steps(self) -> list[tuple[str, Fraction]]:
        """Every number of the example in its order, with its name."""
        v, n = self.position, self.players
        found = [
            ("one exit saves", self.saved * v),
            ("one exit loses", self.discount * v),
            ("one exit is worth to the leaver", self.gain),
            ("one exit costs the others", self.external),
            ("all exits widen the discount by", self.further),
            ("all exits cost each further", self.further * v),
            ("all exits cost together further", self.further * v * n),
            ("all exits lose together by the discount", n * self.discount * v),
            ("share of the externality in that loss", self.further / self.discount),
            ("exits in equilibrium", Fraction(self.nash)),
            ("exits of the planner", Fraction(self.planned)),
            ("welfare gap", self.gap),
            ("least gain by leaving at which the planner's holders leave", self.external),
        ]
        if self.volume is not None and self.rate is not None:
            found.append(("loss of a year", self.volume * self.rate))
        return found

    @property
    def heading(self) -> str:
        """What holds, in a line."""
        said = "the planner's holders do the same" if self.gap == 0 else "the planner's do not"
        done = "all leave" if self.nash else "all stay"
        return f"{self.players} holders: {done}, and {said}; welfare gap {float(self.gap):g}"

    def table(self) -> dict[str, dict[str, Any]]:
        """The numbers, a row each."""
        return {name: {"value": float(value)} for name, value in self.steps()}

    def bars(self) -> tuple[str, dict[str, float]]:
        """The amounts of one exit."""
        return "amount", {name: float(value) for name, value in self.steps()[:4]}

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        steps = {name: float(value) for name, value in self.steps()}
        exact_steps = {name: str(value) for name, value in self.steps()}
        return {"schema": SCHEMA, "steps": steps, "exact": exact_steps}


def externality(
    players: int,
    position: object,
    discount: object,
    saved: object,
    widening: object,
    *,
    volume: object = None,
    rate: object = None,
) -> Externality:
    """Work the example out.

    Parameters
    ----------
    players : number of holders N.
    position : of each, V, in units of money.
    discount, saved, widening : shares D, s and delta of V; text such as ``"1/100000"`` is exact.
    volume, rate : of the market in units of money, and what a year costs as a share of it.

    Raises
    ------
    InputError
        If a number makes no sense.
    """

    def number(name: str, value: object, good: Callable[[Fraction], bool]) -> Fraction:
        found = exact(name, value, game=_STAGE)
        if not good(found):
            raise InputError(f"{name} is {found}, which makes no sense.", stage=_STAGE)
        return found

    if players != int(players) or players < 1:
        raise InputError("the number of players is a positive whole number.", stage=_STAGE)
    return Externality(
        players,
        number("position", position, lambda v: v > 0),
        number("discount", discount, lambda v: 0 < v <= 1),
        number("saved", saved, lambda v: v >= 0),
        number("widening", widening, lambda v: v >= 0),
        None if volume is None else number("volume", volume, lambda v: v > 0),
        None if rate is None else number("rate", rate, lambda v: v >= 0),
    )
