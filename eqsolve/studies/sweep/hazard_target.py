"""A sweep under a hazard rate that moves in time, solved point by point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from eqsolve.derivation.derivation import derived
from eqsolve.errors import InputError
from eqsolve.game import Model
from eqsolve.game.hazard_rates import parse_hazard
from eqsolve.game.structure import build
from eqsolve.game.vocabulary import Letter
from eqsolve.handle import Handle
from eqsolve.program.make import program
from eqsolve.program.program import TIME
from eqsolve.solve.moving import hazard_letter
from eqsolve.status import Status
from eqsolve.studies.course import course
from eqsolve.studies.sweep.columns import coded, codes
from eqsolve.studies.sweep.model_target import outside
from eqsolve.studies.sweep.target import Lettered, Structure
from eqsolve.symbols import entry

#: Statuses by their words.
_STATUSES = {status.label: status for status in Status}

#: Why some games are not swept, and what to do instead.
_DIFFER = (
    "agents who differ are not swept under a hazard rate.",
    "Take a game of agents who are alike, or solve single points.",
)


@dataclass(frozen=True)
class HazardTarget(Lettered):
    """The strategy at a time, of a game whose players are alike.

    Attributes
    ----------
    game : what is solved.
    structure : the rate, the end and what else changes the equations.
    """

    game: Handle
    structure: Structure

    #: Points are solved one by one, in seconds: little is lost when a sweep is interrupted.
    chunk = 8
    enclosed = ()

    @cached_property
    def told(self) -> dict[str, Any]:
        """The rate, the end, the notion and the size."""
        return dict(self.structure)

    @cached_property
    def model(self) -> Any:
        """The game, with the structure that was asked for where it is declared."""
        found = self.game.found
        if not isinstance(found.model, Model):
            model: Any = found.model
            if model.types is not None:
                raise self._refused(*_DIFFER)
            return model
        exported: Any = found.exported
        built = build(exported, {}, notion=self.told.get("notion"), size=self.told.get("size"))
        if built.game.crowd is not None and built.game.crowd.own:
            raise self._refused(*_DIFFER)
        return built

    def _refused(self, message: str, remedy: str) -> InputError:
        return InputError(message, game=self.game.name, stage="sweep", remedy=remedy)

    @cached_property
    def declared(self) -> bool:
        """Whether the game is declared by ``eqsolve.game``."""
        return isinstance(self.model, Model)

    @cached_property
    def rate(self) -> str:
        """The letter that the rate takes the place of."""
        return str(hazard_letter(self.model) if self.declared else self.model.parts.hazard)

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """All parameters but the rate."""
        rows = (p.name for p in self.model.vocabulary.parameters) if self.declared else ()
        return tuple(p for p in rows or self.model.parameters if p != self.rate)

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters and the time."""
        return (*self.parameters, TIME)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """The status and the coefficients of the strategy."""
        if not self.declared:
            return ("status", *(f"k_{name}" for name in self.model.monomials))
        forms = program(derived(self.model)).strategy
        return ("status", *(f"{f.control}_{m}" for f in forms for m in f.monomials.names))

    @property
    def origin(self) -> str:
        """Where the game comes from."""
        return str(self.model.source)

    @property
    def path(self) -> Path:
        """A name with a fingerprint of the game and the rate: nothing is generated."""
        rate = parse_hazard(self.told["hazard"])
        words = f"{self.game.found.content_hash} {self.structure} {rate.pieces} {rate.formula}"
        return Path(f"{self.game.name}_{sha256(words.encode()).hexdigest()[:16]}.py")

    def _letter(self, name: str) -> Letter:
        """The vocabulary's row of a parameter of a declared game."""
        (row,) = (row for row in self.model.vocabulary if row.name == name)
        found: Letter = row
        return found

    def misfit(self, name: str, number: Fraction) -> str:
        """What is wrong with a value."""
        if name == TIME:
            return "" if number >= 0 else "t must not be negative."
        if not self.declared:
            return super().misfit(name, number)
        return outside(name, self._letter(name), number)

    def whole(self, name: str) -> bool:
        """Whether a parameter takes whole numbers only."""
        if name == TIME:
            return False
        if not self.declared:
            return super().whole(name)
        return bool(self._letter(name).domain.is_subset(sp.S.Integers))

    def attributes(self, name: str) -> dict[str, Any]:
        """Meaning and unit."""
        if coded(name):
            return codes(name)
        if name == TIME:
            return {"long_name": "time", "units": "time"}
        if name in self.outputs:
            _, _, monomial = name.partition("_")
            what = "constant" if monomial == "1" else f"coefficient of {monomial}"
            return {"long_name": f"{what} in the strategy", "units": "1"}
        if not self.declared:
            row = entry(self.symbol(name))
            return {"long_name": row.meaning, "units": row.unit}
        letter = self._letter(name)
        return {"long_name": letter.meaning or name, "units": letter.unit or "1"}

    def evaluate(
        self,
        params: Mapping[str, ArrayLike],
        selection: str,
        outputs: tuple[str, ...],
        threads: int | None,
    ) -> dict[str, NDArray[Any]]:
        """The outputs at a broadcast of the parameters; the time is 0 by default.

        Raises
        ------
        InputError
            If a parameter is missing, or for another selection than ``limit``.
        """
        lacking = [name for name in self.parameters if name not in params]
        if lacking:
            raise self._refused(
                f"missing parameter {', '.join(lacking)}.", "Give or vary them all."
            )
        if selection != "limit":
            raise self._refused(f"selection must be limit, not {selection!r}.", "Leave it out.")
        columns = dict(zip(params, np.broadcast_arrays(*map(np.atleast_1d, params.values()))))
        size = next(iter(columns.values())).size
        times = columns.pop(TIME, np.zeros(size))
        found: dict[str, NDArray[Any]] = {name: np.full(size, np.nan) for name in outputs}
        found["status"] = np.full(size, Status.INVALID_INPUT, np.int8)
        alike: dict[tuple[float, ...], list[int]] = {}
        for i in range(size):
            alike.setdefault(tuple(float(c[i]) for c in columns.values()), []).append(i)
        for point, places in alike.items():
            rows = self._rows(dict(zip(columns, point)), [float(times[i]) for i in places])
            for i in places:
                row = rows.get(float(times[i]), {})
                found["status"][i] = _STATUSES[row.get("status", Status.INVALID_INPUT.label)]
                for name in outputs:
                    if name != "status":
                        found[name][i] = row.get(name, np.nan)
        return {name: found[name] for name in outputs}

    def _rows(self, point: dict[str, Any], times: list[float]) -> dict[float, dict[str, Any]]:
        """What there is at a point, by time; nothing where a value is outside its domain."""
        source: Any = self.game if not self.declared else self.game.found.exported
        point = {k: int(v) if v.is_integer() else v for k, v in point.items()}
        how = {k: self.told[k] for k in ("notion", "size") if self.declared and k in self.told}
        try:
            found = course(
                *(source, self.told["hazard"], point, times),
                horizon=self.told.get("horizon"),
                **how,
            )
        except InputError:
            return {}
        return {row["t"]: row for row in found.rows}
