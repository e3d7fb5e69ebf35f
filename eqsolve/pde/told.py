"""How solutions on a grid show themselves: their evidence as sentences, and a picture."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eqsolve.answer_plot import Picture


class Told:
    """What every solution on a grid offers beside its arrays."""

    def __str__(self) -> str:
        from eqsolve.pde.result import labelled

        return "\n".join(labelled(self).sentences)

    def _repr_html_(self) -> str:
        return "".join(f"<p>{escape(sentence)}</p>" for sentence in str(self).splitlines())

    def plot(self, path: str | os.PathLike[str] | None = None) -> Picture:
        """Draw the solution; notebooks show the figure.

        Parameters
        ----------
        path : file to write, too: ``.pdf``, ``.png`` or ``.svg``.

        Raises
        ------
        InputError
            If the file has another suffix or cannot be written.
        """
        from eqsolve.output import replacing
        from eqsolve.pde.plots import picture, save, suffix
        from eqsolve.pde.result import labelled

        kind = None if path is None else suffix(os.fspath(path))
        figure = picture(labelled(self))
        if path is not None and kind is not None:
            with replacing(Path(path)) as temporary:
                save(figure, temporary, kind)
        return figure
