"""A table of players as columns: from a file, arrays or a data frame; units stand in its header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from eqsolve.errors import InputError, MissingPartError

#: A name with its unit in brackets, as in ``b [1/time]``.
_HEAD = re.compile(r"\s*([^\[\]()]+?)\s*(?:[\[(](.*)[\])])?\s*")
#: Most bytes of a file.
LARGEST = 1 << 30
SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True)
class Columns(Sequence[Mapping[str, Any]]):
    """Rows of a table, held as columns.

    Attributes
    ----------
    columns : by name, a sequence of numbers, or of texts that are taken exactly.
    size : number of rows.
    units : of the columns that have one.
    """

    columns: Mapping[str, Sequence[Any]]
    size: int
    units: Mapping[str, str]

    @staticmethod
    def of(columns: Mapping[str, Any], *, game: str = "") -> Columns:
        """A table of columns of one length; single numbers are for all rows.

        Raises
        ------
        InputError
            If lengths differ, or a name is given twice.
        """
        found: dict[str, Any] = {}
        units: dict[str, str] = {}
        for head, values in columns.items():
            name, unit = headed(str(head))
            if name in found:
                raise _error(f"the table has {name} twice.", game)
            found[name] = values
            if unit is not None:
                units[name] = unit.strip()
        sizes = {len(v) for v in found.values() if _is_column(v)}
        if len(sizes) > 1:
            raise _error(f"columns of the table have {sorted(sizes)} rows.", game)
        size = sizes.pop() if sizes else 1
        return Columns(
            {n: v if _is_column(v) else _Same(v, size) for n, v in found.items()}, size, units
        )

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Mapping[str, Any]]: ...

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(self.size))]
        return {name: _plain(values[index]) for name, values in self.columns.items()}

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return (self[k] for k in range(self.size))


@dataclass(frozen=True)
class _Same(Sequence[Any]):
    """One value for all rows."""

    value: Any
    size: int

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: Any) -> Any:
        return self.value


def array(values: Sequence[Any]) -> Any:
    """A column as what NumPy's functions take: an array, or a number for all rows."""
    import numpy as np

    if isinstance(values, _Same):
        return array([values.value])[0]
    if len(values) and isinstance(values[0], str):
        from eqsolve.numbers import exact

        return np.array([float(exact("column", v)) for v in values])
    from eqsolve.arrays import reals

    return reals(values)


def headed(head: str) -> tuple[str, str | None]:
    """The name and the unit of a column, from its header."""
    match = _HEAD.fullmatch(head)
    return (match[1], match[2]) if match else (head, None)


def read_columns(path: str) -> Columns:
    """Read a table of a CSV or Parquet file.

    Raises
    ------
    InputError
        If it cannot be read.
    MissingPartError
        If it is a Parquet file and pyarrow is not installed.
    """
    from eqsolve.files import read_bytes, read_text

    if Path(path).suffix.lower() == ".parquet":
        try:
            from pyarrow import ArrowException, BufferReader, parquet
        except ImportError:
            raise MissingPartError(
                "a Parquet file needs the package pyarrow.",
                stage="input",
                remedy="Install it, or write a CSV file.",
            ) from None
        content = read_bytes(path, stage="input", largest=LARGEST)
        try:
            table = parquet.read_table(BufferReader(content))
        except ArrowException as error:
            raise _error(f"{path!r} is no Parquet file: {str(error).splitlines()[0]}") from None
        return Columns.of({n: table[n].to_numpy() for n in table.column_names})
    text = read_text(path, stage="input", largest=LARGEST)
    lines = [row for row in csv.reader(io.StringIO(text)) if row and not row[0].startswith("#")]
    if len(lines) < 2:
        raise _error(f"{path!r} has no rows under a header.")
    head, *rows = lines
    for number, row in enumerate(rows, 1):
        if len(row) != len(head):
            raise _error(
                f"row {number} of {path!r} has {len(row)} entries under {len(head)} names."
            )
    if len(set(head)) < len(head):
        raise _error(f"{path!r} has a name twice in its header.")
    return Columns.of(dict(zip(head, zip(*rows))))


def _is_column(values: Any) -> bool:
    return hasattr(values, "__len__") and not isinstance(values, str) and _dimension(values) != 0


def _dimension(values: Any) -> int:
    return int(getattr(values, "ndim", 1))


def _plain(value: Any) -> Any:
    """A number of NumPy's as one of Python's."""
    return value.item() if hasattr(value, "item") else value


def _error(text: str, game: str = "") -> InputError:
    return InputError(text, game=game, stage="input", remedy="Correct the table.")
