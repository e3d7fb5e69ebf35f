"""The picture of an answer: the coefficients of its strategy, as bars."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import matplotlib
import matplotlib.style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from eqsolve.errors import InputError
from eqsolve.output import replacing

#: Formats by suffix; equal data give equal bytes.
FORMATS = (".pdf", ".png", ".svg")
METADATA: dict[str, dict[str, str | None]] = {
    ".pdf": {"CreationDate": None, "Creator": "eqsolve", "Producer": None},
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": "eqsolve"},
}
BLUE = "#1f4e9c"
#: Height of a bar, and of what is around all of them, in inches.
_BAR, _AROUND = 0.22, 0.55
#: Most bars: more cannot be read.
MOST = 60


def require_format(target: str | Path) -> str:
    """The suffix of a file that a figure is written to.

    Raises
    ------
    InputError
        If it is not that of a figure.
    """
    suffix = Path(target).suffix
    if suffix not in FORMATS:
        raise InputError(
            f"{str(target)!r} has no suffix of a figure.",
            stage="plot",
            remedy=f"Use {', '.join(FORMATS)}.",
        )
    return suffix


class Picture(Figure):
    """A figure that a notebook shows."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", metadata=METADATA[".png"])
        return stream.getvalue()


def plot_coefficients(
    coefficients: Mapping[str, float], path: str | Path | None = None, label: str = "coefficient"
) -> Picture:
    """Draw named numbers as bars, the first one on top.

    Parameters
    ----------
    coefficients : the numbers by name.
    path : file to write, too: ``.pdf``, ``.png`` or ``.svg``.
    label : what they are.

    Raises
    ------
    InputError
        If there are none or too many, or the file has another suffix or cannot be written.
    """
    if not 1 <= len(coefficients) <= MOST:
        raise InputError(
            f"a plot shows from 1 to {MOST} coefficients, not {len(coefficients)}.", stage="plot"
        )
    suffix = None if path is None else require_format(path)
    with matplotlib.rc_context():
        matplotlib.style.use("eqsolve.style")
        figure = Picture(figsize=(3.4, _AROUND + _BAR * len(coefficients)))
        FigureCanvasAgg(figure)
        panel = figure.add_subplot()
        places = range(len(coefficients))
        bars = panel.barh(places, list(coefficients.values()), height=0.6, color=BLUE)
        panel.bar_label(bars, fmt="%.4g", padding=2, fontsize=7)
        # what a user or a file named is no mathematics
        panel.set_yticks(places, list(coefficients), parse_math=False)
        panel.invert_yaxis()
        panel.margins(x=0.2)
        panel.axvline(0, color="black", linewidth=0.5)
        panel.set_xlabel(label, parse_math=False)
        if path is not None and suffix is not None:
            with replacing(path) as temporary:
                figure.savefig(temporary, format=suffix[1:], metadata=METADATA[suffix])
    return figure
