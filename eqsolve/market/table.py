"""A table of dates and assets, from a file or a data frame, as texts and numbers."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.arrays import Array
from eqsolve.columns import LARGEST, headed
from eqsolve.files import read_bytes, read_text
from eqsolve.market.calendar import Dates
from eqsolve.market.needed import bad, package

#: What stands for no number.
MISSING = ("", "-", "na", "n/a", "nan", "null", "none", ".")
#: How a column of dates may be named.
_NAMES = ("date", "time", "day", "week", "month", "timestamp", "datetime")
_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")
#: A fraction of a second and the distance to universal time, after a time.
_BEHIND_TIME = r"(:\d\d)(?:\.\d+)?\s*(?:Z|[+-]\d\d:?\d\d)?$"
_CORRECT = "Correct the table."


@dataclass(frozen=True)
class Table:
    """Columns of numbers over ascending dates.

    Attributes
    ----------
    dates : ascending, each once.
    columns : by name; NaN where there is no number.
    units : of the columns that have one.
    notes : sentences about what was left out or put in order.
    """

    dates: Dates
    columns: Mapping[str, Array]
    units: Mapping[str, str]
    notes: tuple[str, ...]


def read_table(data: Any, date: str | None = None) -> Table:
    """Read a table of one column per asset and one of dates.

    Parameters
    ----------
    data : the path of a file (CSV, Parquet, or Arrow's ``.arrow``, ``.feather``, ``.ipc``), a frame
        of polars or pandas (whose index may hold the dates), or a table of pyarrow.
    date : the column of dates; by default one that is named so, else the first. Of a time with a
        zone, the date is that of a clock there.

    Raises
    ------
    InputError
        If it cannot be read, or dates are missing, unreadable, or given twice with other numbers.
    MissingPartError
        If polars is not installed.
    """
    frame = _frame(data)
    head = dict(zip(frame.columns, map(headed, frame.columns)))
    names = [name for name, _ in head.values()]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise bad(f"the table has {twice} twice.", _CORRECT)
    if frame.height < 3:
        raise bad(f"the table has {frame.height} rows.", "Give a table with more dates.")
    column = _date_column(frame, head, date)
    dates = _dates(frame[column], head[column][0])
    notes: list[str] = []
    columns = {}
    for raw, (name, _) in head.items():
        if raw != column:
            if name.strip():
                values, note = _numbers(frame[raw], name)
            else:
                values, note = None, "a column without a name is left out."
            notes += [note] if note else []
            if values is not None:
                columns[name] = values
    units = {name: unit for name, unit in head.values() if unit is not None and name in columns}
    if not columns:
        raise bad(
            " ".join(["the table has no column of numbers beside its dates.", *notes]),
            "Write numbers as 1234.5, and a unit in the header, as in 'A [%]'.",
        )
    return _ordered(Table(dates, columns, units, tuple(notes)))


def _frame(data: Any) -> Any:
    """The data as a frame of polars."""
    pl = package("polars")
    if isinstance(data, pl.LazyFrame):
        data = data.collect()
    if isinstance(data, pl.DataFrame):
        return data
    if isinstance(data, (str, os.PathLike)):
        return _of_file(os.fspath(data), pl)
    try:
        import pandas

        if isinstance(data, pandas.Series):
            data = data.to_frame(data.name or "asset")
        if isinstance(data, pandas.DataFrame):
            index, names = data.index, [str(name) for name in data.columns]
            if not pandas.api.types.is_numeric_dtype(index):
                data = data.reset_index()
                names = [str(index.name or "date"), *names]
            if len(set(names)) < len(names):
                raise ValueError("two columns have one name")
            return pl.DataFrame({n: _plain(data.iloc[:, k]) for k, n in enumerate(names)})
        if data is None:
            raise TypeError("there are no data")
        return pl.DataFrame(data)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise bad(
            f"{type(data).__name__} is no table: {str(error).splitlines()[0]}.",
            "Give the path of a file, or a frame of polars or pandas.",
        ) from None


def _plain(column: Any) -> Any:
    """A column of pandas as NumPy's or of texts, dates in a resolution that polars has."""
    values = column.to_numpy()
    if values.dtype.kind == "O":  # texts among numbers, dates of a zone or of Python
        return [None if gone else str(v) for v, gone in zip(values, column.isna())]
    return values.astype("datetime64[us]") if values.dtype.kind == "M" else values


def _of_file(path: str, pl: Any) -> Any:
    suffix = Path(path).suffix.lower()
    if suffix in (".csv", ".tsv", ".txt"):
        return _of_text(path, pl)
    readers = {".parquet": pl.read_parquet} | dict.fromkeys((".arrow", ".feather", ".ipc"), _of_ipc)
    if suffix not in readers:
        raise bad(
            f"{path!r} is of no kind that is read.", "Name it .csv, .parquet, .arrow or .feather."
        )
    content = read_bytes(path, stage="market", largest=LARGEST)
    try:
        return readers[suffix](io.BytesIO(content))
    except (pl.exceptions.PolarsError, OSError) as error:
        said = str(error).splitlines()[0]
        raise bad(f"{path!r} is no {suffix[1:]} file: {said}.", "Check the file.") from None


def _of_ipc(content: io.BytesIO) -> Any:
    """Arrow's file or stream: only the file begins with its name."""
    pl = package("polars")
    named = content.getvalue().startswith(b"ARROW1")
    return (pl.read_ipc if named else pl.read_ipc_stream)(content)


def _of_text(path: str, pl: Any) -> Any:
    text = read_text(path, stage="market", largest=LARGEST)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise bad(f"{path!r} is empty.", _CORRECT)
    sign = max(",;\t", key=lines[0].count)
    head, *rows = csv.reader(lines, delimiter=sign)
    for number, row in enumerate(rows, 1):
        if len(row) != len(head):
            raise bad(
                f"row {number} of {path!r} has {len(row)} entries under {len(head)} names.",
                _CORRECT,
            )
    if len(set(head)) < len(head):
        twice = next(name for name in head if head.count(name) > 1)
        raise bad(f"{path!r} has {twice!r} twice in its header.", _CORRECT)
    if not _parsed(pl.Series(head[:1])).has_nulls():
        raise bad(
            f"{path!r} begins with the date {head[0]}, not with names.",
            "Give its columns names in a first line.",
        )
    columns = zip(*rows) if rows else [()] * len(head)
    return pl.DataFrame(dict(zip(head, columns)))


def _date_column(frame: Any, head: Mapping[str, tuple[str, Any]], date: str | None) -> str:
    if date is not None:
        for raw, (name, _) in head.items():
            if date in (raw, name):
                return raw
        raise bad(
            f"there is no column {date!r}.",
            f"The columns are {', '.join(name for name, _ in head.values())}.",
        )
    typed = [raw for raw in head if frame[raw].dtype.is_temporal()]
    named = [raw for raw, (name, _) in head.items() if name.lower() in _NAMES]
    return next(iter((*typed, *named, *head)))


def _dates(column: Any, name: str) -> Dates:
    """The dates of a column, each there."""
    pl = package("polars")
    remedy = "Write dates as 2024-01-31, or name their column with --date."
    if column.dtype.is_integer():
        column = column.cast(pl.String)
    if column.dtype == pl.String:
        found = _parsed(column)
    elif column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime):
        found = column
        if getattr(column.dtype, "time_zone", None) is not None:
            found = column.dt.replace_time_zone(None)
    else:
        raise bad(f"the column {name} holds no dates.", remedy)
    if found.null_count():
        row = int(np.flatnonzero(found.is_null().to_numpy())[0])
        raise bad(f"row {row + 1} has the date {column[row]!r}.", remedy)
    dates: Dates = found.to_numpy().astype("datetime64[s]")
    return dates


def _parsed(column: Any) -> Any:
    """Texts as dates, or times on their own clock, by the format that reads most of them."""
    texts = column.str.strip_chars().str.replace("T", " ").str.replace(_BEHIND_TIME, "${1}")
    texts = texts.str.replace(r"^(\d{4}-\d\d)$", "${1}-01")
    tried = (texts.str.to_datetime(form, strict=False) for form in _FORMATS)
    return min(tried, key=lambda one: one.null_count())


def _numbers(column: Any, name: str) -> tuple[Array | None, str]:
    """The numbers of a column, NaN where there is none, and what is to be told about it."""
    pl = package("polars")
    if column.dtype == pl.String:
        texts = column.str.strip_chars()
        values = texts.cast(pl.Float64, strict=False)
        strange = values.is_null() & texts.is_not_null()
        strange &= ~texts.str.to_lowercase().is_in(MISSING)
    elif column.dtype.is_numeric():
        values, strange = column.cast(pl.Float64), None
    else:
        return None, f"{name} is left out: it holds {column.dtype}, no numbers."
    found = values.fill_null(np.nan).to_numpy().astype(np.float64)
    note = ""
    if strange is not None and strange.any():
        wrong = column.filter(strange)
        if wrong.len() * 2 > column.len():
            return None, f"{name} is left out: it holds texts such as {wrong[0]!r}."
        note = f"{name} has {wrong.len()} entries that are no numbers, such as {wrong[0]!r}: "
        note += "they count as missing."
    if (endless := np.isinf(found)).any():
        found = np.where(endless, np.nan, found)
        note += f"{name} has {endless.sum()} infinite entries, which count as missing."
    return found, note


def _ordered(table: Table) -> Table:
    """The table with ascending dates, each once."""
    notes = list(table.notes)
    dates, columns = table.dates, dict(table.columns)
    if np.any(np.diff(dates) < np.timedelta64(0)):
        order = np.argsort(dates, kind="stable")
        dates, columns = _rows(dates, columns, order)
        notes.append("the dates were put in order.")
    again = np.concatenate([[False], np.diff(dates) == np.timedelta64(0)])
    if again.any():
        for row in np.flatnonzero(again):
            pairs = [(v[row - 1], v[row]) for v in columns.values()]
            if any(a != b and not (np.isnan(a) and np.isnan(b)) for a, b in pairs):
                raise bad(
                    f"the date {day(dates[row])} is there twice, with other numbers.",
                    "Give one row a date and one column an asset.",
                )
        dates, columns = _rows(dates, columns, np.flatnonzero(~again))
        notes.append(f"{again.sum()} dates were there twice with the same numbers.")
    return Table(dates, columns, table.units, tuple(notes))


def _rows(
    dates: Dates, columns: Mapping[str, Array], rows: NDArray[np.intp]
) -> tuple[Dates, dict[str, Array]]:
    return dates[rows], {name: values[rows] for name, values in columns.items()}


def day(date: np.datetime64) -> str:
    """A date for people; with its time if it has one."""
    return str(date).removesuffix("T00:00:00")


def listed(names: Sequence[str]) -> str:
    """Names in a sentence, not more than a few."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
