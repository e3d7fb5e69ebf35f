"""Evaluating a game at many points: labelled results and files that are whole or not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from eqsolve.handle import Handle, by_handle
from eqsolve.output import in_notebook
from eqsolve.studies.sweep import layout
from eqsolve.studies.sweep.axes import Range, parse_axis, parse_varied
from eqsolve.studies.sweep.execution import Execution
from eqsolve.studies.sweep.labels import dataset, fits, opened, require_fit
from eqsolve.studies.sweep.points import Design
from eqsolve.studies.sweep.run import Summary, check_target, in_memory, write_sweep
from eqsolve.studies.sweep.storage import Store
from eqsolve.studies.sweep.target import Structure

if TYPE_CHECKING:
    import xarray

__all__ = [
    "Design",
    "Execution",
    "Range",
    "Summary",
    "check_target",
    "design",
    "labelled_sweep",
    "parse_axis",
    "parse_varied",
    "sweep",
    "write_sweep",
]


design = by_handle(layout.design)


@by_handle
def sweep(
    game: Handle,
    vary: Mapping[str, ArrayLike | Range],
    fixed: Mapping[str, object],
    *,
    zipped: Iterable[Sequence[str]] = (),
    sample: str | None = None,
    seed: int = 0,
    selection: str = "limit",
    columns: Iterable[str] | None = None,
    certified: bool = False,
    out: str | Path | None = None,
    resume: bool = False,
    backend: str = "threads",
    jobs: int | None = None,
    scheduler: str | None = None,
    chunk: int | None = None,
    progress: bool | None = None,
    structure: Structure = (),
) -> xarray.Dataset:
    """Evaluate a game at all combinations of the varied parameters.

    Parameters
    ----------
    game : a game with a kernel, its name, or the path of its file.
    vary : per varied parameter or state ``x``, ``y``: a sequence of values, or a text as on the
        command line: ``"0:1:101"``, ``"1:1e6:50:log"``, ``"list:1,2,5"``, or for a parameter that
        is sampled its range ``"0:1"`` or ``"0.1:10:log"``.
    fixed : the remaining parameters.
    zipped : groups of varied parameters that advance together.
    sample : ``"sobol:COUNT"`` or ``"random:COUNT"`` points over the ranges.
    seed : determines the sample.
    selection : ``"limit"`` or ``"value"``, see ``Kernel.evaluate``.
    columns : the outputs to keep, see ``Kernel.evaluate``; ``status`` is always kept.
    certified : add the columns of ``solve.closed_form.certify.certify`` with a proof for each
        point.
    out : file to write too, see ``write_sweep``.
    resume : continue an interrupted sweep to the same file.
    backend, jobs, scheduler, chunk : see ``Execution``; they do not change the result.
    progress : show a bar on stderr; by default in notebooks.
    structure : what changes the equations of a game and not only its numbers.

    Returns
    -------
    xarray.Dataset
        One dimension per axis, group of zipped axes (named ``a_b``) and for the sample
        (``sample``); the variables are the outputs, ``status`` as a code that its attributes
        explain; attributes hold meanings, units and provenance. Results of more than 1 GiB are
        read from the file when they are used.

    Raises
    ------
    InputError
        For anything wrong with the input or the file, or if the results fit neither into memory
        nor on the disk.
    MissingPartError
        If a package that is needed is not installed.
    EqsolveError
        If the disk is full or workers are lost.
    """
    execution = Execution(backend, jobs, scheduler, chunk)
    target = None if out is None else check_target(out)
    plan = design(
        game,
        vary,
        fixed,
        zipped=zipped,
        sample=sample,
        seed=seed,
        selection=selection,
        columns=columns,
        certified=certified,
        structure=structure,
    )
    shown = in_notebook() if progress is None else progress
    return labelled_sweep(plan, target, execution=execution, resume=resume, progress=shown)


def labelled_sweep(
    plan: Design,
    target: Path | None = None,
    *,
    execution: Execution = Execution(),
    resume: bool = False,
    progress: bool = False,
    tell: Callable[[Summary], object] = lambda summary: None,
) -> xarray.Dataset:
    """Evaluate a game at the points of a design, write them if asked to, and return all of it.

    ``tell`` is given the summary of what was written.

    Raises
    ------
    InputError, MissingPartError, EqsolveError
        See ``sweep``.
    """
    if target is None or target.suffix not in (".nc", ".zarr"):
        require_fit(plan)
    if target is None:
        return dataset(plan, in_memory(plan, execution, progress))
    found: list[xarray.Dataset] = []

    def keep(store: Store) -> None:
        if fits(plan):
            found.append(dataset(plan, store))

    tell(
        write_sweep(plan, target, execution=execution, resume=resume, progress=progress, keep=keep)
    )
    return found[0] if found else opened(target)
