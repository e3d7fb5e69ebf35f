"""Estimates of a simulation with their errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scipy.special import ndtri

from eqsolve.answers import Tabled, by_errors
from eqsolve.schemas import SCHEMA

#: Share of the variance beyond which one path makes the standard error doubtful, which is then
#: taken times ``_CAUTION``, and beyond which it means nothing.
_DOUBTFUL, _HEAVY, _CAUTION = 0.05, 0.5, 3.0


@dataclass(frozen=True)
class Band:
    """An estimate with its errors.

    Attributes
    ----------
    estimate : extrapolated to steps of length zero.
    standard_error : of the estimate.
    bias : what the extrapolation may have left, from steps twice and four times as long.
    share : the largest share of one path in the variance.
    """

    estimate: float
    standard_error: float
    bias: float
    share: float = 0.0

    @property
    def heavy(self) -> bool:
        """Whether one path's share is so large that the standard error means nothing."""
        return self.share > _HEAVY

    @property
    def spread(self) -> float:
        """The standard error that is reckoned with: larger where single paths weigh much."""
        return self.standard_error * (_CAUTION if self.share > _DOUBTFUL else 1.0)

    def allowed(self, false_alarm: float) -> float:
        """Largest distance of the truth, exceeded with at most this probability."""
        return -float(ndtri(false_alarm / 2)) * self.spread + self.bias

    def power(self, error: float, false_alarm: float) -> float:
        """Probability that a value that is wrong by ``error`` is found out."""
        room = abs(error) - self.allowed(false_alarm)
        if self.spread == 0:
            return float(room > 0)
        return 0.5 * math.erfc(-room / self.spread / math.sqrt(2))


@dataclass(frozen=True)
class Simulation(Tabled):
    """What was simulated.

    Attributes
    ----------
    game, paths, seed, step : as asked for.
    work : steps of all states of all paths.
    moments, objectives : bands by name of the moment and of the player.
    claimed : what the closed form says, by the same names.
    confidence : probability with which each interval covers its value.
    """

    game: str
    paths: int
    seed: int
    step: float
    work: int
    moments: Mapping[str, Band]
    objectives: Mapping[str, Band]
    claimed: Mapping[str, float] = field(default_factory=dict)
    confidence: float = 0.99

    @property
    def heading(self) -> str:
        """What was simulated, in a line."""
        return f"{self.game}: {self.paths} paths, seed {self.seed}"

    def table(self) -> dict[str, dict[str, Any]]:
        """Estimates with their intervals and exact values, a row for each moment."""
        return dict(self.to_dict()["moments"])

    def bars(self) -> tuple[str, dict[str, float]]:
        """How far estimates are from exact values, in standard errors."""
        return by_errors(self.table())

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; an estimate that hangs on a single path has no interval."""
        rows: dict[str, dict[str, Any]] = {}
        for name, band in {**self.moments, **self.objectives}.items():
            row: dict[str, Any] = {"estimate": band.estimate, "bias": band.bias}
            row |= dict.fromkeys(("standard_error", "low", "high"))
            row["heavy_tail"] = band.heavy
            if name in self.claimed:
                row |= {"exact": self.claimed[name], "inside": None}
            if not band.heavy:
                room = band.allowed(1 - self.confidence)
                row["standard_error"] = band.standard_error
                row |= {"low": band.estimate - room, "high": band.estimate + room}
                if "exact" in row:
                    row["inside"] = row["low"] <= row["exact"] <= row["high"]
            rows[name] = row
        return {
            "schema": SCHEMA,
            "game": self.game,
            "paths": self.paths,
            "seed": self.seed,
            "step": self.step,
            "confidence": self.confidence,
            "moments": rows,
        }
