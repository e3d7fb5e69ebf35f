"""The columns of a sweep: which there are, how they are stored and what they mean."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from eqsolve.outputs import Outputs
from eqsolve.status import labels
from eqsolve.symbols import entry

#: Columns of whole numbers; all others hold doubles.
_WHOLE = {
    "status": "outcome",
    "certified": "verdict of the certificate",
    "certified_status": "proved outcome",
    "real_roots": "proved number of real roots, -1 if undecided",
    "admissible_roots": "proved number of admissible roots, -1 if undecided",
    "admissible": "proved that second moments are finite, -1 if undecided",
    "agrees": "the outputs against their proof: 1 close, 0 wrong, 2 withheld, -1 not comparable",
}

#: The ends of an enclosure.
_ENDS = ("lower", "upper")


def certificate(enclosed: Iterable[str]) -> tuple[str, ...]:
    """The columns of a certificate of the outputs that are enclosed."""
    bounds = [f"{name}_{end}" for name in enclosed for end in _ENDS]
    return (*(name for name in _WHOLE if name != "status"), *bounds)


def coded(name: str) -> bool:
    """Whether a column holds whole numbers that are codes or counts."""
    return name in _WHOLE


def dtype(name: str) -> np.dtype[Any]:
    """How the numbers of a column are stored."""
    return np.dtype(np.int8 if name in _WHOLE else np.float64)


def missing(name: str) -> float:
    """What stands for a number that was lost: NaN, or a code without a meaning."""
    return -128 if name in _WHOLE else math.nan


def point_bytes(names: Iterable[str]) -> int:
    """Bytes that columns take per point."""
    return sum(dtype(name).itemsize for name in names)


def words(name: str) -> tuple[str, ...]:
    """The words for the codes of a column, in order; empty if it holds plain numbers."""
    if name in ("status", "certified_status"):
        return labels()
    if name == "certified":
        from eqsolve.solve.closed_form.certify import Verdict

        return tuple(verdict.label for verdict in Verdict)
    return ()


def codes(name: str) -> dict[str, Any]:
    """Meaning of a column that holds whole numbers, and of its codes."""
    found: dict[str, Any] = {"long_name": _WHOLE[name]}
    if known := words(name):
        found["flag_values"] = np.arange(len(known), dtype=np.int8)
        found["flag_meanings"] = " ".join(known)
    return found


def attributes(name: str, outputs: Outputs) -> dict[str, Any]:
    """Meaning and unit of a parameter or a column of a game on one cubic."""
    if name in _WHOLE:
        return codes(name)
    table = {output.name: output for output in outputs}
    if name in table:
        return dict(table[name].attributes)
    stem, _, end = name.rpartition("_")
    if end in _ENDS and stem in outputs.enclosed:
        of = table[stem].attributes
        return {"long_name": f"proved {end} bound of the {of['long_name']}", "units": of["units"]}
    row = entry(name)
    return {"long_name": row.meaning, "units": row.unit}
