"""One page about a market and a game's equilibrium there, which fetches nothing."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from eqsolve.answer_plot import BLUE, METADATA
from eqsolve.distribution import VERSION
from eqsolve.market.estimate import QUANTITIES
from eqsolve.market.risk import MEASURES, portfolio
from eqsolve.market.study import MarketStudy
from eqsolve.output import replacing
from eqsolve.plots import RED, Page
from eqsolve.site.fonts import embedded
from eqsolve.site.page import environment

#: The regimes' colors, the calmest first, and again from the start.
_COLORS = (BLUE, RED, "#8a5a00", "#1d6b3a")
#: What made the numbers.
_PARTS = ("arch", "empyrical-reloaded", "hmmlearn", "numpy", "polars", "scipy")


def render(study: MarketStudy, references: Iterable[object] = ()) -> str:
    """The page as HTML; equal studies give equal text."""
    document = study.to_dict()
    for regime in document["regimes"]:
        regime["estimates"].pop("assets")
    made = environment(VERSION, "", {})
    page = made.get_template("market.html.jinja").render(
        **document,
        meanings=QUANTITIES | MEASURES,
        image=_image(study),
        references=list(references),
        provenance=[("eqsolve", VERSION), *((name, version(name)) for name in _PARTS)],
    )
    return embedded(page)


def write(study: MarketStudy, path: str | Path, references: Iterable[object] = ()) -> None:
    """Write the page.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    text = render(study, references)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _image(study: MarketStudy) -> str:
    """The worth of equal parts over time, colored by regime, as a data URI."""
    market, size = study.market, len(study.market.assets)
    worth = np.cumprod(1 + portfolio(market, np.full(size, 1 / size)))
    dates, stream = market.dates.astype("datetime64[s]").astype(object), io.BytesIO()
    figure = Page(None)
    with figure as panel:
        figure.figure.set_size_inches(8.4, 3.2)
        for number in range(study.found.count):
            there = np.where(study.found.of == number, worth, np.nan)
            color = _COLORS[number % len(_COLORS)]
            panel.plot(dates, there, color=color, label=f"regime {number + 1}", linewidth=1)
        panel.set_yscale("log")
        panel.set_ylabel("worth")
        panel.legend()
        figure.figure.savefig(stream, format="svg", metadata=METADATA[".svg"])
    return "data:image/svg+xml;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
