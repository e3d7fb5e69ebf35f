"""The result of solving a model at one point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from eqsolve.answers import Shown, named
from eqsolve.distribution import VERSION
from eqsolve.schemas import SCHEMA
from eqsolve.status import Status


@dataclass(frozen=True, kw_only=True)
class Answer(Shown):
    """A game's equilibrium at one point, or why there is none.

    Entries of mappings are attributes, too: ``answer.strategy.x`` where there is one control,
    ``answer.strategy.u.x`` for the control ``u`` of several.

    Attributes
    ----------
    game, notion, size : what was solved; ``size`` is None for a continuum or a game of explicit
        players.
    parameters : exact values by name.
    status, message : the outcome, and a sentence on it.
    roots : every real solution of a stationary system with what was decided of it.
    strategy : for every control, its coefficients by monomial of the states.
    response : with the notion given, the same of the best response; averages over the others that
        are frozen are monomials of it.
    types : where players have types of their own and averages are given, what became of each.
    equilibria : then, too, every joint choice of the types' admissible solutions, if there are
        several and not too many; ``roots`` are numbers among the roots of every type.
    value : for every player, the coefficients of the value by monomial of the states.
    coefficients : those of the ansatz at the time asked for.
    implied : with the notion given, the same at the averages that the strategy implies.
    growth : with the notion given, how fast second moments of the states grow when everybody plays,
        the rate that this is compared with, and whether all expectations are finite.
    line : where the response determines no strategy, those that are responses to themselves:
        coefficients of one, and directions of others.
    laws : means and variances of the states at that time.
    explosion : the horizon at which the solution ceases to exist, where it is known.
    outputs : further results that the model declares.
    at : controls, values and objectives at the state asked for.
    certificate : radii of the enclosures and what was proved.
    """

    game: str
    notion: str
    size: int | None
    parameters: Mapping[str, str]
    status: Status
    message: str
    time: Fraction = Fraction(0)
    roots: tuple[Mapping[str, Any], ...] = ()
    types: tuple[Mapping[str, Any], ...] = ()
    equilibria: tuple[Mapping[str, Any], ...] = ()
    strategy: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    response: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    value: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    coefficients: Mapping[str, float] = field(default_factory=dict)
    implied: Mapping[str, float] = field(default_factory=dict)
    growth: Mapping[str, Any] = field(default_factory=dict)
    line: Mapping[str, Any] = field(default_factory=dict)
    laws: Mapping[str, float] = field(default_factory=dict)
    explosion: float | None = None
    outputs: Mapping[str, float] = field(default_factory=dict)
    at: Mapping[str, Any] = field(default_factory=dict)
    certificate: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = ("strategy", "response", "value", "coefficients", "implied", "growth", "line")
        for name in (*parts, "laws", "outputs", "at"):
            object.__setattr__(self, name, named(getattr(self, name)))

    @property
    def ok(self) -> bool:
        """Whether an equilibrium was found."""
        return self.status is Status.OK

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "game": self.game,
            "notion": self.notion,
            "size": self.size,
            "params": {k: float(Fraction(v)) for k, v in self.parameters.items()},
            "status": self.status.label,
            "message": self.message,
            "t": float(self.time),
        }
        single = len(self.value) == 1
        value = next(iter(self.value.values())) if single else self.value
        for name, part in (
            ("types", list(self.types)),
            ("roots", list(self.roots)),
            ("equilibria", list(self.equilibria)),
            ("response", self.response),
            ("strategy", self.strategy),
            ("value", value),
            ("coefficients", self.coefficients),
            ("implied", self.implied),
            ("growth", self.growth),
            ("line", self.line),
            ("laws", self.laws),
            ("outputs", self.outputs),
            ("at", self.at),
            ("certificate", self.certificate),
        ):
            if part:
                document[name] = part
        document["explosion"] = self.explosion
        document["provenance"] = {
            "eqsolve": VERSION,
            "exact_params": dict(self.parameters),
        }
        return document
