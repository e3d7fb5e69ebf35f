"""What is derived of the built-in games while a wheel is built, and part of it.

These are their programs, derivations as texts, generated kernels, the displays that an author's
are compared with, and the theorems of papers as texts. ``python -m eqsolve.ship FOLDER FOLDER``
makes them; the class below does it for setuptools. It is loaded from its file before eqsolve can be
imported: nothing of eqsolve is imported at the head.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from setuptools.command.build_py import build_py

if TYPE_CHECKING:
    from eqsolve.handle import Handle
    from eqsolve.inputs import Asked
    from eqsolve.source import Source


class WithPrograms(build_py):
    """The step of setuptools that copies modules, and adds programs to them."""

    def run(self) -> None:
        """Copy, then derive."""
        super().run()
        if self.editable_mode:
            return
        root = Path(self.build_lib).absolute()
        targets = [str(root / "eqsolve" / room / "shipped") for room in ("program", "kernels")]
        # papers are found by the entry points, which are written beside the sources
        beside = Path(self.get_finalized_command("egg_info").egg_base).absolute()
        # pip names the packages of an isolated build there
        given = filter(None, [os.environ.get("PYTHONPATH")])
        subprocess.run(
            [sys.executable, "-B", "-m", "eqsolve.ship", *targets],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(beside), *given])},
            cwd=root,
            check=True,
        )


def ship(target: Path, kernels: Path) -> int:
    """Derive the built-in games at their named sets, and write the entries to a folder.

    Parameters
    ----------
    target : folder of what is kept.
    kernels : folder of generated kernels.

    Returns
    -------
    int
        How many programs there are.
    """
    from eqsolve import registry
    from eqsolve.kernels import recall

    with TemporaryDirectory() as folder:
        os.environ["EQSOLVE_CACHE_DIR"] = folder
        # each game in a process that knows of no other; what takes all of them begins first
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            displays, chapters = pool.submit(_displays), pool.submit(_chapters)
            games = [pool.submit(_game, name) for name in registry.names()]
            theorems = [pool.submit(_theorems, *pair) for pair in chapters.result()]
            number = sum(game.result() for game in games)
            for job in (displays, *theorems):
                job.result()
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(Path(folder) / "programs", target)
        recall.ship(kernels)
    return number


def _displays() -> None:
    """Keep the displays of all games."""
    from eqsolve import displays, registry

    displays.ledger(registry.models, registry.all_contents())


def _chapters() -> list[tuple[str, str]]:
    """The chapters of theorems that the claims and pages of papers rest on, with their games."""
    from eqsolve import registry
    from eqsolve.papers import papers

    wanted = (w for paper in papers() for claim in paper.statements() for w in claim.theorems())
    found = [(model.name, p.partition(".")[0]) for model, patterns in wanted for p in patterns]
    shown = [(model.name, "displays") for model in registry.models()]
    return [*dict.fromkeys((*shown, *found))]


def _theorems(game: str, chapter: str) -> None:
    """Keep the theorems of a chapter."""
    from eqsolve import registry
    from eqsolve.prove.collect import NothingToProveError
    from eqsolve.prove.texts import texts

    with suppress(NothingToProveError):  # a source may number no equation of a game
        texts(registry.model(game), chapter)


def _game(name: str) -> int:
    """Keep what is derived of a game; how many programs."""
    from eqsolve import registry
    from eqsolve.cli import told
    from eqsolve.errors import EqsolveError
    from eqsolve.handle import Handle
    from eqsolve.kernels.cubic.kernel import kernel, kernel_of_one
    from eqsolve.source import Source
    from eqsolve.words.own_words import apart_of, words_of

    number = 0
    source = Source.of(registry.content(name), partial(registry.resolve, name))
    if source is None:
        told.sets(name)
        number += 1
        if words_of(Handle(name)) is not None:
            number += _closed(Handle(name))
            kernel(registry.model(name))
        elif not apart_of(Handle(name)).count:
            kernel_of_one(Handle(name))
    else:
        for asked, case in _asked(source):
            try:
                source.keep(case, asked)
                number += 1
            except EqsolveError:  # this structure is not offered
                continue
    told.row(name)
    for style in ("text", "latex", "json"):
        told.derivation(name, style)
    return number


def _closed(game: Handle) -> bool:
    """Keep the program of a game's closed loop; whether it has one."""
    from eqsolve.errors import InputError
    from eqsolve.words.own_words import loop_of

    try:
        return bool(loop_of(game))
    except InputError:
        return False


def _asked(source: Source) -> Iterator[tuple[Asked, dict[str, object]]]:
    """Each notion at the named sets, for n players and for infinitely many."""
    from typing import get_args

    from eqsolve.game import Notion
    from eqsolve.inputs import Asked

    arguments = source.arguments
    for notion in (None, *get_args(Notion)) if "notion" in arguments else (None,):
        for continuum in (False, True) if "size" in arguments else (False,):
            seen = []
            for case in source.cases(notion).values():
                key = Asked(notion, None, continuum).chosen(arguments, case)[1]
                if key not in seen:
                    seen.append(key)
                    yield Asked(notion, None, continuum), dict(case)


if __name__ == "__main__":
    print(f"{ship(*map(Path, sys.argv[1:]))} programs of the built-in games")
