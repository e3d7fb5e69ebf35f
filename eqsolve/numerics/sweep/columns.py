"""The columns of a sweep: which there are, how they are stored and what they mean."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from eqsolve.codegen.kernel import OUTPUTS
from eqsolve.numerics.status import labels
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

#: The outputs that a certificate encloses.
_ENCLOSED = OUTPUTS[1:5]

#: The symbol whose meaning and unit an output has, and words that say more or replace it.
_SYMBOLS = {
    "k_x": ("k1", ""),
    "k_y": ("k2", ""),
    "k_1": ("k3", ""),
    "pi": ("p", ""),
    "pi_noncompetitive": ("p", " without competition"),
    "V": ("A6", ""),
}
_MEANINGS = {"V": "value at the wealth x and the competitors' aggregate y"}


def enclosed(outputs: Iterable[str]) -> tuple[str, ...]:
    """The outputs that are enclosed."""
    return tuple(name for name in outputs if name in _ENCLOSED)


def certificate(outputs: Iterable[str]) -> tuple[str, ...]:
    """The columns of a certificate of outputs."""
    bounds = [f"{name}_{end}" for name in enclosed(outputs) for end in ("lower", "upper")]
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
        from eqsolve.numerics.certificates.certify import Verdict

        return tuple(verdict.label for verdict in Verdict)
    return ()


def attributes(name: str) -> dict[str, Any]:
    """Meaning and unit of a parameter or a column; the codes of one that holds codes."""
    if name in _WHOLE:
        found: dict[str, Any] = {"long_name": _WHOLE[name]}
        if coded := words(name):
            found["flag_values"] = np.arange(len(coded), dtype=np.int8)
            found["flag_meanings"] = " ".join(coded)
        return found
    stem, _, end = name.rpartition("_")
    if end in ("lower", "upper") and stem in _ENCLOSED:
        of = attributes(stem)
        return {"long_name": f"proved {end} bound of the {of['long_name']}", "units": of["units"]}
    symbol, more = _SYMBOLS.get(name, (name, ""))
    row = entry(symbol)
    return {"long_name": _MEANINGS.get(name, row.meaning + more), "units": row.unit}
