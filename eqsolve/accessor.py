"""``dataset.eqsolve``: what the result of a sweep shows; importing this tells xarray."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import xarray

from eqsolve.verbs.abilities import on_one_cubic
from eqsolve.verbs.cited import citation

if TYPE_CHECKING:
    from eqsolve.answer_plot import Picture
    from eqsolve.references import Citation


class Swept:
    """The result of a sweep, in memory or opened from a file."""

    def __init__(self, data: xarray.Dataset) -> None:
        self._data = data

    def plot(
        self, output: str | None = None, path: str | os.PathLike[str] | None = None
    ) -> Picture:
        """Draw an output over one or two parameters; notebooks show the figure.

        Parameters
        ----------
        output : the variable (default: the first control's, or the first number).
        path : file to write, too: ``.pdf``, ``.png`` or ``.svg``.

        Raises
        ------
        InputError
            As for ``eqsolve.plots.plot_sweep``.
        """
        from eqsolve.plots import plot_sweep

        target = None if path is None else os.fspath(path)
        model = on_one_cubic(str(self._data.attrs.get("game", "")))
        return plot_sweep(self._data, target, output, model=model)

    def citation(self) -> Citation:
        """The references of the game and of the methods."""
        return citation(self._data)


_register: Any = xarray.register_dataset_accessor
_register("eqsolve")(Swept)
