"""A whole sweep from one file, and the points of a sweep from another."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from eqsolve.errors import InputError
from eqsolve.files import read_bytes, read_table, read_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Most bytes of a file of points.
LARGEST = 1 << 28

_STAGE = "run file"

#: The entries of a run file, with the type of each and an example.
_ENTRIES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "game": (str, '"NAME"'),
    "set": (str, '"S1"'),
    "parameters": (dict, "{ r = 0.03 }"),
    "notion": (str, '"feedback"'),
    "size": ((int, str), "10"),
    "horizon": ((int, str), "2"),
    "hazard": (str, '"gompertz:.05,.09"'),
    "vary": (dict, '{ theta = "0:1:101", gamma = [1, 2, 4] }'),
    "zip": (list, '[["nu", "sigma"]]'),
    "points": (str, '"points.csv"'),
    "sample": (str, '"sobol:2^10"'),
    "seed": (int, "0"),
    "selection": (str, '"limit"'),
    "columns": (list, '["k_x", "V"]'),
    "certify": (bool, "true"),
    "out": (str, '"theta.csv"'),
    "plot": (str, '"theta.pdf"'),
    "jobs": (int, "2"),
    "backend": (str, '"threads"'),
    "scheduler": (str, '"tcp://127.0.0.1:8786"'),
}


def read_run(path: str) -> dict[str, Any]:
    """Read the entries of a run file, in the form in which the command line gives them.

    Raises
    ------
    InputError
        If the file cannot be read, or an entry is unknown or of another type.
    """
    table = read_table(path, stage=_STAGE, decimal=str)

    def refuse(name: str) -> NoReturn:
        raise InputError(
            f"the entry {name!r} of {path!r} has another type.",
            stage=_STAGE,
            remedy=f"Write for example {name} = {_ENTRIES[name][1]}.",
        )

    for name, value in table.items():
        if name not in _ENTRIES:
            raise InputError(
                f"{path!r} has an unknown entry {name!r}.",
                stage=_STAGE,
                remedy=f"Known are {', '.join(_ENTRIES)}.",
            )
        kind = _ENTRIES[name][0]
        if type(value) not in (kind if isinstance(kind, tuple) else (kind,)):
            refuse(name)
    for name in ("zip", "columns"):
        groups = table.get(name, []) if name == "zip" else [table.get(name, [])]
        if not all(isinstance(g, list) and all(isinstance(m, str) for m in g) for g in groups):
            refuse(name)
    for name in ("size", "horizon"):
        if name in table:
            table[name] = str(table[name])
    table["vary"] = {name: _axis(value) for name, value in table.get("vary", {}).items()}
    if None in table["vary"].values():
        refuse("vary")
    return table


def _axis(value: object) -> str | None:
    """An axis as on the command line; None if it is neither a text nor a list of numbers."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and not any(isinstance(v, (list, dict)) for v in value):
        return f"list:{','.join(map(str, value))}"
    return None


def read_points(path: str) -> Mapping[str, NDArray[np.float64]]:
    """Read points from a CSV file with a line of names, or from a Parquet file.

    Returns
    -------
    mapping
        The column of each parameter, as doubles.

    Raises
    ------
    InputError
        If the file cannot be read, has another suffix, no rows, or an entry that is no number.
    MissingPartError
        If a Parquet file is given and pyarrow is not installed.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise InputError(
            f"{path!r} has neither the suffix .csv nor .parquet.",
            stage="points",
            remedy="Give a table with one column per parameter.",
        )
    columns = _csv(path) if suffix == ".csv" else _parquet(path)
    if not columns or not next(iter(columns.values())).size:
        raise InputError(f"{path!r} has no points.", stage="points")
    return columns


def _csv(path: str) -> dict[str, NDArray[np.float64]]:
    import numpy as np

    head, _, rows = read_text(path, stage="points", largest=LARGEST).partition("\n")
    names = [name.strip().strip('"') for name in head.split(",")]
    if not all(names) or len(set(names)) < len(names):
        raise InputError(
            f"the first line of {path!r} does not name its columns, each once.",
            stage="points",
            remedy="Write for example theta,gamma.",
        )
    if not rows.strip():
        return {}
    try:
        table = np.loadtxt(io.StringIO(rows), delimiter=",", comments=None, ndmin=2, dtype=float)
    except ValueError as error:
        raise InputError(
            f"{path!r} is not a table of numbers: {error}.",
            stage="points",
            remedy="Keep only the columns of parameters.",
        ) from None
    if table.shape[1] != len(names):
        raise InputError(
            f"{path!r} has {len(names)} names and {table.shape[1]} columns.", stage="points"
        )
    return {name: np.ascontiguousarray(table[:, k]) for k, name in enumerate(names)}


def _parquet(path: str) -> dict[str, NDArray[np.float64]]:
    import numpy as np

    from eqsolve.studies.sweep.execution import optional

    arrow: Any = optional("pyarrow", "a Parquet file")
    parquet: Any = optional("pyarrow.parquet", "a Parquet file")
    content = read_bytes(path, stage="points", largest=LARGEST)
    try:
        table = parquet.read_table(arrow.BufferReader(content))
    except (arrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path!r} is not a Parquet file: {reason}", stage="points") from None
    columns = {}
    for field in table.schema:
        column = table.column(field.name)
        if not (arrow.types.is_floating(field.type) or arrow.types.is_integer(field.type)):
            raise InputError(
                f"the column {field.name!r} of {path!r} has no numbers.", stage="points"
            )
        if column.null_count:
            raise InputError(f"the column {field.name!r} of {path!r} has gaps.", stage="points")
        columns[field.name] = np.asarray(column.to_numpy(), dtype=np.float64)
    return columns
