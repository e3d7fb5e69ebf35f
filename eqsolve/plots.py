"""Figures of sweeps, in the style of the paper's figures."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.answer_plot import BLUE, METADATA, Picture, require_format
from eqsolve.errors import InputError
from eqsolve.output import replacing
from eqsolve.status import Status
from eqsolve.studies.sensitivity.folds import discriminant
from eqsolve.symbols import entry

if TYPE_CHECKING:
    import xarray
    from sympy import Symbol

    from eqsolve.notated.published import Published

Array = NDArray[np.float64]

#: Longest line of the label of a vertical axis, in characters.
LONGEST = 36
#: Up to so many values of a second parameter are drawn as a family of curves.
FAMILY = 7
FOLD = "fold of admissible roots"
RED, _GRAY, _HATCH = "#c0272d", "#f1f1f1", "#9a9a9a"
_BARRED: dict[str, Any] = {
    "facecolor": _GRAY,
    "edgecolor": _HATCH,
    "hatch": "////",
    "linewidth": 0,
}


class Page:
    """One figure under construction, which becomes a file at the end if one is named.

    Parameters
    ----------
    panels : how many there are, side by side; entering gives one, or all of them.
    """

    def __init__(self, target: str | Path | None, panels: int = 1) -> None:
        self.panels = panels
        self.target = None if target is None else Path(target)
        if target is not None:
            require_format(target)

    def __enter__(self) -> Any:
        import matplotlib
        import matplotlib.style
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        self._context = matplotlib.rc_context()
        self._context.__enter__()
        matplotlib.style.use("eqsolve.style")
        matplotlib.rcParams["hatch.linewidth"] = 0.4
        self.figure = Picture()
        FigureCanvasAgg(self.figure)
        if self.panels > 1:
            self.figure.set_size_inches(4.1 * self.panels, 3.4)
        return self.figure.subplots(1, self.panels)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if kind is None and self.target is not None:
                suffix = self.target.suffix
                with replacing(self.target) as temporary:
                    self.figure.savefig(temporary, format=suffix[1:], metadata=METADATA[suffix])
        finally:
            self._context.__exit__(None, None, None)


@dataclass(frozen=True)
class _Drawn:
    """What of a sweep is drawn, and of which game where its closed form is built on one cubic."""

    data: xarray.Dataset
    output: str
    model: Published | None

    def label(self, name: str) -> str:
        """Meaning and symbol of a parameter or state."""
        meaning = str(self.data[name].attrs.get("long_name", name)).split(" (")[0]
        plain = meaning.replace("$", r"\$")
        return f"${self.letter(name)}$" if meaning == name else f"{plain} ${self.letter(name)}$"

    def letter(self, name: str) -> str:
        """LaTeX of a parameter or state."""
        if self.model is not None:
            return entry(name).latex
        from sympy import Symbol, latex

        return str(latex(Symbol(name)))

    @property
    def result(self) -> str:
        """Label of what is drawn."""
        labels = {} if self.model is None else _labels(self.model)
        text = labels.get(self.output) or self.label(self.output)
        return fill(text, LONGEST, break_long_words=False, break_on_hyphens=False)

    @property
    def alone(self) -> tuple[str, Symbol] | None:
        """The same without competition, and the weight that is zero; None for other outputs."""
        if self.model is None or self.output != self.model.parts.outputs.position.name:
            return None
        return self.model.parts.outputs.alone.name, self.model.parts.competition

    def folds(self, axes: Mapping[str, Array]) -> Array:
        """Relative discriminant of the cubic over the grid; NaN where there is none."""
        if self.model is None:
            return np.full([values.size for values in axes.values()], np.nan)
        mesh = dict(zip(axes, np.meshgrid(*axes.values(), indexing="ij")))
        return discriminant(self.model, {**_fixed(self.data), **mesh})


def _labels(model: Published) -> dict[str, str]:
    """Axis labels of a game's outputs."""
    return {output.name: output.label for output in model.parts.outputs}


def _shown(data: xarray.Dataset, output: str | None, model: Published | None) -> str:
    """The variable to draw: the one asked for, or the first number that the game has."""
    numbers = [str(name) for name, column in data.items() if column.dtype.kind == "f"]
    if model is None:
        chosen = output or next(iter(numbers), "")
    else:
        chosen = output or model.parts.outputs.position.name
    if chosen not in numbers or (model is not None and chosen not in _labels(model)):
        raise InputError(f"the sweep has no numbers {chosen!r} to draw.", stage="plot")
    return chosen


def _logarithmic(values: Array) -> bool:
    """Whether positive values are spaced more evenly in the logarithm."""
    if values.size < 3 or not (values > 0).all() or values.max() < 10 * values.min():
        return False
    steps = np.diff(np.log(values))
    return bool(steps.max() < 2.5 * steps.min() or values.max() >= 1000 * values.min())


def _make_logarithmic(axis: Any, low: float, high: float) -> None:
    """A logarithmic axis; over less than two decades with plain numbers at 1, 2 and 5."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_minor_formatter(NullFormatter())
    if high < 100 * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _edges(values: Array, logarithmic: bool) -> Array:
    """Borders of cells around values."""
    line = np.log(values) if logarithmic else values
    middle = (line[1:] + line[:-1]) / 2
    ends = (line[:1], line[-1:]) if line.size == 1 else (line[:1], line[-1:])
    edges: Array = np.concatenate([ends[0], middle, ends[1]])
    return np.exp(edges) if logarithmic else edges


def _fixed(data: xarray.Dataset) -> dict[str, float]:
    return {
        str(name).removeprefix("parameter_"): float(value)
        for name, value in data.attrs.items()
        if str(name).startswith("parameter_")
    }


def plot_sweep(
    data: xarray.Dataset,
    path: str | Path | None,
    output: str | None = None,
    *,
    model: Published | None = None,
) -> Picture:
    """Draw a sweep over one or two parameters.

    One axis gives a curve, with the position without competition beside it; a second axis with few
    values a family of curves; two long axes a map. Where there is no equilibrium a curve is
    interrupted and the region is hatched; folds, where two admissible roots merge, are marked.

    Parameters
    ----------
    data : what ``eqsolve.sweep`` returns, over a grid.
    path : file to write: ``.pdf``, ``.png`` or ``.svg``. It appears when it is complete. None for
        no file.
    output : the variable that is drawn (default: the first control's, or the first number).
    model : the game, where its closed form is built on one cubic.

    Raises
    ------
    InputError
        If the file has another suffix or cannot be written, if the output is not in the data, or
        if the data have more than two axes or none.
    """
    output = _shown(data, output, model)
    names = [str(name) for name in data[output].dims]
    names.sort(key=lambda name: -data[name].size if name in data.coords else 0)
    if not 1 <= len(names) <= 2 or any(name not in data.coords for name in names):
        raise InputError(
            "a plot needs a grid over one or two parameters.",
            stage="plot",
            remedy="Vary one or two parameters, without --zip and --sample.",
        )
    data = data.transpose(*names)
    axes = {name: np.asarray(data[name].values, float) for name in names}
    for name, axis in axes.items():
        data, axes[name] = data.isel({name: np.argsort(axis)}), np.sort(axis)
    if min(axis.size for axis in axes.values()) < 1 or next(iter(axes.values())).size < 2:
        raise InputError("a plot needs at least two points.", stage="plot")
    drawn = _Drawn(data, output, model)
    page = Page(path)
    with page as panel:
        if len(names) == 2 and axes[names[1]].size > FAMILY:
            _map(panel, drawn, axes)
        else:
            _curves(panel, drawn, axes)
    return page.figure


def _curves(panel: Any, drawn: _Drawn, axes: Mapping[str, Array]) -> None:
    data, output, alone = drawn.data, drawn.output, drawn.alone
    name, *second = axes
    values = axes[name]
    status = np.asarray(data["status"].values).reshape(values.size, -1)
    lines = np.asarray(data[output].values, float).reshape(values.size, -1)
    lines = np.where(status == Status.OK, lines, np.nan)
    folds = drawn.folds(axes).reshape(values.size, -1)
    colors = _shades(lines.shape[1])
    for k, color in enumerate(colors):
        label = None if alone is None else "with competition"
        if second:
            label = f"${drawn.letter(second[0])} = {axes[second[0]][k]:g}$"
        panel.plot(values, lines[:, k], color=color, label=label, zorder=3)
        crossing = np.flatnonzero(folds[1:, k] * folds[:-1, k] < 0)
        for place in crossing:
            ends = slice(place, place + 2)
            middle = (values[ends].mean(), np.nanmean(lines[ends, k]))
            style = {"markersize": 3.5, "markerfacecolor": "white", "zorder": 4}
            panel.plot(*middle, "D", color=color, label=FOLD, **style)
    if not second and alone is not None and alone[0] in data:
        line = np.where(status[:, 0] == Status.OK, data[alone[0]].values, np.nan)
        label = f"without competition (${entry(alone[1].name).latex} = 0$)"
        panel.plot(values, line, "--", color=RED, label=label, zorder=2)
    logarithmic = _logarithmic(values)
    if logarithmic:
        _make_logarithmic(panel.xaxis, values[0], values[-1])
    panel.set_xlim(values[0], values[-1])
    hatched(panel, values, (status != Status.OK).all(axis=1), logarithmic)
    panel.set_xlabel(drawn.label(name))
    panel.set_ylabel(drawn.result)
    handles: dict[str, Any] = {}
    for handle, label in zip(*panel.get_legend_handles_labels()):
        handles.setdefault(label, handle)
    if handles:
        panel.legend(list(handles.values()), list(handles), loc="best")


def hatched(panel: Any, values: Array, none: NDArray[np.bool_], logarithmic: bool = False) -> None:
    """Hatch the stretches of a horizontal axis where there is no equilibrium."""
    edges = _edges(values, logarithmic)
    for start, stop in _runs(none):
        panel.axvspan(edges[start], edges[stop], label="no equilibrium", zorder=0, **_BARRED)


def _shades(count: int) -> list[Any]:
    """Colors from light to dark, distinguishable in print."""
    if count == 1:
        return [BLUE]
    from matplotlib import colormaps

    return [colormaps["viridis"](0.9 * (1 - k / (count - 1))) for k in range(count)]


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and stop of the stretches that are true."""
    found, start = [], 0
    for flag, group in itertools.groupby(flags.tolist()):
        stop = start + len(list(group))
        if flag:
            found.append((start, stop))
        start = stop
    return found


def _map(panel: Any, drawn: _Drawn, axes: Mapping[str, Array]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    data, output = drawn.data, drawn.output
    (name, values), (other, heights) = axes.items()
    status = np.asarray(data["status"].values).T
    numbers = np.where(status == Status.OK, np.asarray(data[output].values, float).T, np.nan)
    if not np.isfinite(numbers).any():
        raise InputError("no point of the sweep has an equilibrium.", stage="plot")
    scales = (_logarithmic(values), _logarithmic(heights))
    # A few extreme values must not use up the colors.
    low, high = np.nanpercentile(numbers, [1, 99])
    spread = high - low if high > low else max(abs(high), 1.0)
    ends = [np.nanmin(numbers) < low - 0.5 * spread, np.nanmax(numbers) > high + 0.5 * spread]
    low = low if ends[0] else float(np.nanmin(numbers))
    high = high if ends[1] else float(np.nanmax(numbers))
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}
    picture = panel.pcolormesh(
        _edges(values, scales[0]),
        _edges(heights, scales[1]),
        numbers,
        cmap="viridis",
        vmin=low,
        vmax=high,
        rasterized=True,
    )
    for axis, line, logarithmic in zip((panel.xaxis, panel.yaxis), (values, heights), scales):
        if logarithmic:
            _make_logarithmic(axis, line[0], line[-1])
    clear = np.clip(np.where(np.isfinite(numbers), numbers, np.nan), low, high)
    if high > low:
        levels = _round_levels(low, high)
        lines = panel.contour(values, heights, clear, levels, colors="white", linewidths=0.5)
        panel.clabel(lines, fontsize=6.5, inline_spacing=2, fmt="%g")
    handles: list[Any] = []
    bad = (status != Status.OK).astype(float)
    if bad.any():
        panel.contourf(values, heights, bad, [0.5, 1.5], colors=[_GRAY])
        hatched = panel.contourf(values, heights, bad, [0.5, 1.5], colors="none", hatches=["////"])
        hatched.set_edgecolor(_HATCH)
        hatched.set_linewidth(0)
        if not bad.all():
            panel.contour(values, heights, bad, [0.5], colors="black", linewidths=0.6)
        handles.append(Patch(label="no equilibrium", **_BARRED))
    folds = np.where(status == Status.OK, drawn.folds(axes).T, np.nan)
    if np.nanmin(folds, initial=0.0) < 0 < np.nanmax(folds, initial=0.0):
        style = {"linewidths": 1.1, "linestyles": "--", "colors": RED}
        line = panel.contour(values, heights, np.ma.masked_invalid(folds), [0.0], **style)
        if any(len(segment) for segment in line.allsegs[0]):
            dash: dict[str, Any] = {"color": RED, "linestyle": "--", "linewidth": 1.1}
            handles.append(Line2D([], [], label=FOLD, **dash))
    bar = panel.figure.colorbar(
        picture, ax=panel, extend=extend[int(ends[0]), int(ends[1])], pad=0.02, aspect=30
    )
    bar.set_label(drawn.result)
    bar.outline.set_linewidth(0.5)
    panel.set_xlim(values[0], values[-1])
    panel.set_ylim(heights[0], heights[-1])
    panel.set_xlabel(drawn.label(name))
    panel.set_ylabel(drawn.label(other))
    if handles:
        panel.figure.legend(handles=handles, loc="outside upper center", ncols=2)


def _round_levels(low: float, high: float) -> Array:
    """About five round numbers between two."""
    from matplotlib.ticker import MaxNLocator

    levels = np.asarray(MaxNLocator(6).tick_values(low, high), float)
    return levels[(levels > low) & (levels < high)]
