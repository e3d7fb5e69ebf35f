"""The figure of an equilibrium over time, in the style of the paper's figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eqsolve.answer_plot import BLUE
from eqsolve.errors import InputError
from eqsolve.plots import RED, Page

if TYPE_CHECKING:
    from eqsolve.studies.course import Course


def plot_course(course: Course, path: str | Path) -> None:
    """Draw the control at the state over time, and what is obtained.

    Parameters
    ----------
    course : what ``eqsolve.course`` returns.
    path : file to write: ``.pdf``, ``.png`` or ``.svg``.

    Raises
    ------
    InputError
        If the file has another suffix or cannot be written, or there is nothing to be drawn.
    """
    frame = course.to_frame()
    each = [name for name in frame.columns if name.startswith(("V_", "J_"))]
    if len(frame) < 2 or not {"V", "J", *each} & set(frame.columns):
        raise InputError(
            "nothing is known of two times at a state.",
            game=course.game,
            stage="plot",
            remedy="Give more times, and the state by at.",
        )
    times = frame["t"].to_numpy(float)
    lines = (("V", RED, "value, averages held"), ("J", BLUE, "what is obtained"))
    with Page(path) as panel:
        for name, color, words in lines:
            if name in frame:
                panel.plot(times, np.asarray(frame[name], float), color=color, label=words)
        for name in each:
            kind, _, agent = name.partition("_")
            words = f"{dict((k, w) for k, _, w in lines)[kind]}, agent {agent}"
            style = "-" if kind == "V" else "--"
            panel.plot(times, np.asarray(frame[name], float), style, label=words)
        panel.set_xlabel("$t$")
        panel.set_ylabel("at the state")
        panel.legend()
