"""How answers show themselves: attributes, a short text, HTML, and tables."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from eqsolve.errors import InputError, NoSolutionError, printable

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

#: What a reader looks for first, in this order.
_STRATEGY = ("strategy", "feedback")
_FIRST = (*_STRATEGY, "at", "explosion")
#: What is no result: the question, and what is said about the answer.
_APART = ("params", "roots", "certificate", "provenance")
#: Outcomes whose numbers hold.
_USABLE = ("ok", "near-fold")
#: The outcome where the input makes no sense.
_INVALID = "invalid-input"

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "^": r"\^{}",
        "~": r"\~{}",
        **{character: "\\" + character for character in "_&%#${}"},
    }
)


class Named(dict[str, Any]):
    """A mapping whose keys are attributes as well.

    Where it has a single entry that is such a mapping itself (the strategy of a game with one
    control), the keys of that one are attributes, too.
    """

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        if len(self) == 1:
            (only,) = self.values()
            if isinstance(only, Named):
                return getattr(only, name)
        raise AttributeError(f"there is no {name!r}; there are {', '.join(self) or 'none'}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(key for key in self if key.isidentifier())]


def named(value: Any) -> Any:
    """The same mappings, also inside others and inside lists, with their keys as attributes."""
    if isinstance(value, Mapping):
        return Named((key, named(part)) for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return type(value)(map(named, value))
    return value


class Shown:
    """What every answer offers beside its numbers; ``to_dict`` is what it shows."""

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        raise NotImplementedError

    def raise_for_status(self) -> None:
        """Raise NoSolutionError unless the numbers hold, InputError where the input is invalid."""
        document = self.to_dict()
        if document["status"] not in _USABLE:
            kind = InputError if document["status"] == _INVALID else NoSolutionError
            raise kind(document["message"], game=document["game"], stage=document["status"])

    def results(self) -> dict[str, float | bool | str]:
        """Every result by its dotted name, the strategy first."""
        document = self.to_dict()
        names = [*(n for n in _FIRST if n in document)]
        names += [n for n in document if n not in (*_FIRST, *_APART) and _is_result(document[n])]
        return dict(pair for name in names for pair in _flat(name, document[name]))

    def details(self) -> str:
        """The outcome with every result, a line each."""
        return self._text(self.results())

    def __str__(self) -> str:
        found = self.results()
        return self._text({k: v for k, v in found.items() if k.partition(".")[0] in _FIRST})

    def _text(self, found: Mapping[str, float | bool | str]) -> str:
        title, message = self._title()
        lines = [title, f"  {message}", *(f"  {k:<25} {_plain(v)}" for k, v in found.items())]
        return printable("\n".join(lines))

    def _title(self) -> tuple[str, str]:
        document = self.to_dict()
        notion = document.get("notion", document.get("equilibrium"))
        about = f" ({notion})" if notion else ""
        return f"{document['game']}{about}: {document['status']}", document["message"]

    def _repr_html_(self) -> str:
        title, message = map(escape, self._title())
        rows = (
            f"<tr><th style='text-align:left'>{escape(name)}</th><td>{escape(_plain(value))}</td>"
            "</tr>"
            for name, value in self.results().items()
        )
        return f"<p><b>{title}</b><br>{message}</p><table>{''.join(rows)}</table>"

    def to_frame(self) -> pandas.DataFrame:
        """A table of the results: their names as index, one column ``value``."""
        import pandas

        found = self.results()
        index = pandas.Index(list(found), name="quantity")
        return pandas.DataFrame({"value": list(found.values())}, index=index)

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw the coefficients of the strategy; notebooks show the figure.

        Parameters
        ----------
        path : file to write, too: ``.pdf``, ``.png`` or ``.svg``.

        Raises
        ------
        NoSolutionError
            If there is no equilibrium to draw.
        InputError
            If the file has another suffix or cannot be written.
        """
        from eqsolve.answer_plot import plot_coefficients

        self.raise_for_status()
        found = self.results()
        for part in _STRATEGY:
            drawn = {
                name.partition(".")[2]: value
                for name, value in found.items()
                if name.startswith(f"{part}.") and isinstance(value, (int, float))
            }
            if drawn:
                break
        return plot_coefficients(drawn, None if path is None else os.fspath(path))

    def to_latex(self, digits: int = 6) -> str:
        """A table of the results for LaTeX with the package booktabs.

        Parameters
        ----------
        digits : significant digits of a number.
        """
        rows = (
            f"{_typewritten(name)} & {typeset(value, digits)}"
            for name, value in self.results().items()
        )
        return booktabs("lr", "Quantity & Value", rows)


class Tabled:
    """What every study offers beside its numbers: a heading, and a table in three forms."""

    @property
    def heading(self) -> str:
        """What was studied, in a line."""
        raise NotImplementedError

    def table(self) -> Mapping[str, Mapping[str, Any]]:
        """The numbers that a reader looks for: by row, then by column."""
        raise NotImplementedError

    def to_frame(self) -> pandas.DataFrame:
        """The table."""
        import pandas

        return pandas.DataFrame.from_dict(self.table(), orient="index")

    def __str__(self) -> str:
        if not self.table():
            return printable(self.heading)
        return printable(f"{self.heading}\n{self.to_frame().to_string()}")

    def _repr_html_(self) -> str:
        shown = self.to_frame().to_html() if self.table() else ""
        return f"<p><b>{escape(self.heading)}</b></p>{shown}"

    def bars(self) -> tuple[str, Mapping[str, float]]:
        """What a picture shows: what the numbers are, and the numbers by name."""
        raise NotImplementedError

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw the numbers of :meth:`bars`; notebooks show the figure.

        Parameters
        ----------
        path : file to write, too: ``.pdf``, ``.png`` or ``.svg``.

        Raises
        ------
        InputError
            If there are none, or the file has another suffix or cannot be written.
        """
        from eqsolve.answer_plot import plot_coefficients

        label, found = self.bars()
        return plot_coefficients(found, None if path is None else os.fspath(path), label)

    def to_latex(self, digits: int = 6) -> str:
        """The table for LaTeX with the package booktabs.

        Parameters
        ----------
        digits : significant digits of a number.
        """
        rows = self.table()
        columns = list(dict.fromkeys(name for row in rows.values() for name in row))
        lines = (
            " & ".join([_typewritten(name), *(_cell(row.get(c), digits) for c in columns)])
            for name, row in rows.items()
        )
        head = " & ".join(["", *map(_typewritten, columns)]).strip()
        layout = "l" + "r" * len(columns)
        return booktabs(layout, head, lines)


def by_parameter(
    derivatives: Mapping[str, Mapping[str, float | None]],
) -> dict[str, dict[str, float | None]]:
    """The table of derivatives, which are given by output, then by parameter."""
    names = dict.fromkeys(name for row in derivatives.values() for name in row)
    return {name: {out: row.get(name) for out, row in derivatives.items()} for name in names}


def by_elasticity(
    elasticities: Mapping[str, Mapping[str, float | None]],
) -> tuple[str, dict[str, float]]:
    """What a picture of derivatives shows: elasticities of the first output."""
    if not elasticities:
        return "elasticity", {}
    output, row = next(iter(elasticities.items()))
    return f"elasticity of {output}", {k: v for k, v in row.items() if v is not None}


def by_errors(rows: Mapping[str, Mapping[str, Any]]) -> tuple[str, dict[str, float]]:
    """What a picture of a simulation shows: how far estimates are from exact values."""
    found = {
        name: (row["estimate"] - row["exact"]) / row["standard_error"]
        for name, row in rows.items()
        if row.get("exact") is not None and row["standard_error"]
    }
    return "(estimate - exact value) / standard error", found


def by_size(
    rows: Mapping[int, Mapping[str, float]],
    limit: Mapping[str, float],
    constants: Mapping[str, float],
) -> dict[str, dict[str, float]]:
    """The table of a study of convergence: a row for each number of players, and the limit's."""
    found = {str(n): {name: row.get(name, math.nan) for name in limit} for n, row in rows.items()}
    return {**found, "limit": dict(limit), "n (k_n - k)": dict(constants)}


def _is_result(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, Sequence) and not isinstance(value, str)
    )


def _flat(name: str, value: Any) -> Iterator[tuple[str, float | bool | str]]:
    """Numbers of nested mappings and lists under dotted names."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(f"{name}.{key}", part)
    elif isinstance(value, (list, tuple)):
        for index, part in enumerate(value, start=1):
            yield from _flat(f"{name}.{index}", part)
    elif value is not None:
        yield name, value if isinstance(value, (bool, float, int)) else str(value)


def _plain(value: float | bool | str) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def booktabs(layout: str, head: str, rows: Iterable[str]) -> str:
    """A table for LaTeX with the package booktabs, of rows without their ends."""
    top = (rf"\begin{{tabular}}{{{layout}}}", r"\toprule", rf"{head} \\", r"\midrule")
    lines = (rf"{row} \\" for row in rows)
    return "\n".join((*top, *lines, r"\bottomrule", r"\end{tabular}"))


def _typewritten(name: str) -> str:
    return rf"\texttt{{{name.translate(_LATEX)}}}"


def _cell(value: float | bool | str | None, digits: int) -> str:
    return "---" if value is None else typeset(value, digits)


def typeset(value: float | bool | str, digits: int) -> str:
    if isinstance(value, (bool, str)):
        return str(value).translate(_LATEX)
    if not math.isfinite(value):
        sign = "-" if value < 0 else ""
        return "---" if math.isnan(value) else rf"${sign}\infty$"
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    return rf"${mantissa} \cdot 10^{{{int(exponent)}}}$" if exponent else f"${mantissa}$"
