"""Pictures of grid solutions: functions of two variables as maps, laws over time as curves."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

import matplotlib
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import CenteredNorm

from eqsolve.answer_plot import BLUE, FORMATS, METADATA, Picture
from eqsolve.errors import InputError
from eqsolve.pde.controlled_diffusion import LABELS
from eqsolve.pde.edge import Array
from eqsolve.pde.result import Result

RED = "#c0272d"
#: Times at which the law is shown, as fractions of the horizon.
SHOWN = (0.0, 0.25, 0.5, 0.75, 1.0)


def suffix(path: str | Path) -> str:
    """The kind of a picture by its name.

    Raises
    ------
    InputError
        If it is none of .pdf, .png, .svg.
    """
    found = Path(path).suffix.lower()
    if found not in FORMATS:
        raise InputError(
            f"the plot {str(path)!r} has no known ending.",
            stage="output",
            remedy=f"Choose one of {', '.join(FORMATS)}.",
        )
    return found


def draw(result: Result, path: Path, kind: str) -> None:
    """Draw a result into a file of the kind ``.pdf``, ``.png`` or ``.svg``."""
    save(picture(result), path, kind)


def save(figure: Picture, path: Path, kind: str) -> None:
    """Write a picture into a file of the kind ``.pdf``, ``.png`` or ``.svg``."""
    with _styled():
        figure.savefig(path, format=kind[1:], metadata=METADATA[kind])


@contextmanager
def _styled() -> Iterator[None]:
    style = files("eqsolve").joinpath("style.mplstyle")
    with (
        as_file(style) as file,
        matplotlib.style.context(["default", str(file), {"axes.titlesize": 9}]),
    ):
        yield


def picture(result: Result) -> Picture:
    """The picture of a result."""
    with _styled():
        figure = Picture(figsize=(6.8, 4.7))
        FigureCanvasAgg(figure)
        panels = figure.subplots(2, 2).ravel()
        _DRAWN[result.kind](result, panels)
        title = f"{result.name}: {result.status.replace('_', ' ')}"
        figure.suptitle(
            title if result.ok else f"{title} (not to be relied on)", fontsize=9, parse_math=False
        )
    return figure


def _map(result: Result, name: str, label: str, axes: Axes, *, signed: bool = False) -> None:
    """A function of two variables: the first one on the horizontal axis."""
    (first, second), array = result.arrays[name]
    shown = np.ma.masked_invalid(array.T)
    if not shown.count():
        axes.set_title(f"{label}: undefined")
        return
    values = {"cmap": "RdBu_r", "norm": CenteredNorm()} if signed else {"cmap": "viridis"}
    # nodes without a value are left out; otherwise colors are interpolated between the nodes
    shading: Literal["nearest", "gouraud"] = "nearest" if shown.mask.any() else "gouraud"
    x, y = result.axes[first], result.axes[second]
    mesh = axes.pcolormesh(x, y, shown, shading=shading, rasterized=True, **values)
    axes.figure.colorbar(mesh, ax=axes, pad=0.02)
    if np.ptp(shown) > 1e-9 * abs(shown).max():
        axes.contour(x, y, shown, levels=8, colors="black", linewidths=0.3)
    axes.set(xlabel=f"${first}$" if len(first) == 1 else first, title=label)
    axes.set_ylabel(f"${second}$" if len(second) == 1 else second)
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))


def _crosses_zero(array: Array) -> bool:
    return bool(np.nanmin(array) < 0 < np.nanmax(array))


def _game(result: Result, panels: list[Axes]) -> None:
    if "t" in result.axes:
        _path(result, panels)
        return
    titles = {
        "G": "first moment $G$",
        "H": "second moment $H$",
        "V": "value $V$",
        "policy": "policy",
    }
    for (name, label), axes in zip(titles.items(), panels, strict=True):
        signed = name == "policy" and _crosses_zero(result.arrays[name][1])
        _map(result, name, label, axes, signed=signed)


def _path(result: Result, panels: list[Axes]) -> None:
    """Policy and value at time 0, and the policy and the moments at the center over time."""
    t, x, y = (result.axes[name] for name in ("t", "x", "y"))
    first = dataclasses.replace(
        result,
        arrays={
            name: (axes[1:], array[0])
            for name, (axes, array) in result.arrays.items()
            if len(axes) == 3
        },
    )
    policy = first.arrays["policy"][1]
    _map(first, "policy", "policy at $t = 0$", panels[0], signed=_crosses_zero(policy))
    _map(first, "V", "value $V$ at $t = 0$", panels[1])
    i, j = x.size // 2, y.size // 2
    where = f"at $x = {x[i]:.3g}$, $y = {y[j]:.3g}$"
    panels[2].plot(t, result.arrays["policy"][1][:, i, j], color=BLUE)
    panels[2].set(xlabel="$t$", title=f"policy {where}")
    moments = {name: result.arrays[name][1][:, i, j] for name in ("G", "H")}
    panels[3].plot(t, moments["G"], color=BLUE, label="mean $G$")
    spread = moments["H"] - moments["G"] ** 2
    panels[3].plot(t, spread, color=RED, label="variance $H - G^2$")
    panels[3].set(xlabel="$t$", title=f"moments {where}")
    panels[3].legend()


def _populations(result: Result, panels: list[Axes]) -> None:
    """Of each population the value at time 0, the density at both ends of time, and the mean."""
    x = result.axes["x"]
    count = len(result.diagnostics["populations"])
    colors = matplotlib.colormaps["viridis"](np.linspace(0, 0.8, count))
    for i, color in enumerate(colors, start=1):
        u, m = (np.atleast_2d(result.arrays[f"{name}_{i}"][1]) for name in ("u", "m"))
        label = f"population {i}"
        for axes, row, title in zip(
            panels,
            (u[0], m[0], m[-1]),
            ("value $u$ at $t = 0$", "density $m$ at $t = 0$", "density $m$ at $t = T$"),
            strict=False,
        ):
            axes.plot(x, row, color=color, label=label)
            axes.set(xlabel="$x$", title=title)
        if "t" in result.axes:
            panels[-1].plot(result.axes["t"], result.arrays[f"mean_{i}"][1], color=color)
    panels[0].legend()
    if "t" in result.axes:
        panels[-1].set(xlabel="$t$", title="means")
    else:
        panels[-1].set_axis_off()


def _at_rest(result: Result, panels: list[Axes]) -> None:
    x = result.axes["x"]
    labels = {"u": "value $u$", "control": "control", "m": "density $m$"}
    for axes, (name, label) in zip(panels, labels.items(), strict=False):
        axes.plot(x, result.arrays[name][1], color=BLUE)
        axes.set(xlabel="$x$", title=label)
    if "final_mean" not in result.arrays:
        panels[-1].set_axis_off()
        return
    means, shares = (result.arrays[name][1] for name in ("final_mean", "probability"))
    panels[-1].vlines(means, 0, shares, color=BLUE)
    panels[-1].set(xlabel="conditional mean at $t = T$", title="probability", ylim=(0, None))


def _plane(result: Result, panels: list[Axes]) -> None:
    """Value at time 0, the density at both ends of time, and the path of the means."""
    for axes, name, k, label in zip(
        panels,
        ("u", "m", "m"),
        (0, 0, -1),
        ("value $u$ at $t = 0$", "density $m$ at $t = 0$", "density $m$ at $t = T$"),
        strict=False,
    ):
        values = result.arrays[name][1][k]
        if name == "m":  # rounding would be given contours
            values = np.where(values > 1e-6 * values.max(), values, 0.0)
        row = {name: (("x", "y"), values)}
        _map(dataclasses.replace(result, arrays=row), name, label, axes)
    path = panels[-1]
    t = result.axes["t"]
    for axis, color in (("x", BLUE), ("y", RED)):
        mean = result.arrays[f"mean_{axis}"][1]
        spread = np.sqrt(np.maximum(result.arrays[f"variance_{axis}"][1], 0))
        path.fill_between(t, mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0)
        path.plot(t, mean, color=color, label=f"${axis}$")
    path.set(xlabel="$t$", title="means, and one standard deviation")
    path.legend()


def _mean_field(result: Result, panels: list[Axes]) -> None:
    if "y" in result.axes:
        _plane(result, panels)
        return
    if "populations" in result.diagnostics:
        _populations(result, panels)
        return
    if "t" not in result.axes:
        _at_rest(result, panels)
        return
    value, control, law, path = panels
    _map(result, "u", "value $u$", value)
    _map(result, "control", "control", control, signed=_crosses_zero(result.arrays["control"][1]))
    t, x = result.axes["t"], result.axes["x"]
    density = result.arrays["m"][1]
    colors = matplotlib.colormaps["viridis"](np.linspace(0, 0.9, len(SHOWN)))
    for part, color in zip(SHOWN, colors, strict=True):
        k = int(np.argmin(abs(t - part * t[-1])))
        law.plot(x, density[k], color=color, label=f"$t = {t[k]:.3g}$")
    law.set(xlabel="$x$", title="density $m$")
    seen = np.flatnonzero((density > 1e-3 * density.max()).any(axis=0))
    margin = 0.05 * (x[seen[-1]] - x[seen[0]])
    law.set_xlim(max(x[0], x[seen[0]] - margin), min(x[-1], x[seen[-1]] + margin))
    law.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    mean, variance = (result.arrays[name][1] for name in ("mean", "variance"))
    spread = np.sqrt(np.maximum(variance, 0))
    path.fill_between(t, mean - spread, mean + spread, color=BLUE, alpha=0.2, linewidth=0)
    path.plot(t, mean, color=BLUE)
    path.set(xlabel="$t$", title="mean of the law, and one standard deviation")


def _diffusion(result: Result, panels: list[Axes]) -> None:
    wealth = result.axes["wealth"]
    # the policy in the upper row
    for axes, (name, label) in zip((*panels[2:], *panels[:2]), LABELS.items(), strict=True):
        axes.set(xscale="log", xlabel="wealth", title=label)
        if name not in result.arrays:
            axes.set_title(f"{label}: undefined")
            continue
        array = result.arrays[name][1]
        if name == "certainty_equivalent":
            array = array / wealth
        if name == "value" and (array < 0).all():
            array, label = -array, "value with its sign changed, $-V$"
        for k, line, when in ((0, "-", "$t = 0$"), (-1, "--", "$t = T$")):
            axes.plot(wealth, array[k], line, color=BLUE if k == 0 else RED, label=when)
        axes.set_title(label)
        center = float(np.nanmean(array[0]))
        if name in ("value", "portfolio") and (array > 0).all():
            axes.set_yscale("log")
        elif np.nanmax(abs(array[0] - center)) < 0.05 * abs(center):
            # a constant up to the scheme's error would otherwise fill the panel with that error
            axes.set_ylim(0.5 * center, 1.5 * center)
    panels[0].legend()


_DRAWN: dict[str, Callable[[Result, list[Axes]], None]] = {
    "extended-hjb": _game,
    "mfg": _mean_field,
    "controlled-diffusion": _diffusion,
}
