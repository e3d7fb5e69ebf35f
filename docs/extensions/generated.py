"""Pages that are written from the installed package, so that they say what it does.

They are in ``docs/generated``, which is not committed; a page whose text is the same is left alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from inspect import getdoc
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from sphinx.application import Sphinx

from eqsolve.cli import cli
from eqsolve.cli.told import row
from eqsolve.errors import EqsolveError
from eqsolve.kept import kept
from eqsolve.registry import content, names, resolve
from eqsolve.schemas import SCHEMA, forms, schema
from eqsolve.site import gallery
from eqsolve.site.game_page import LEVELS
from eqsolve.site.page import PROOFS, template
from eqsolve.status import Status
from eqsolve.verbs import VERBS


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def verbs() -> str:
    """Which verb takes which game, and why it does not."""
    listed = [row(name) for name in names()]
    marks: dict[tuple[str, str], int] = {}

    def cell(verb: str, found: bool | str) -> str:
        if found is True:
            return "✓"
        return f"[{marks.setdefault((verb, str(found)), len(marks) + 1)}]"

    rows = [
        [f"[`{r['name']}`](../gallery/{r['name']}.md)", *(cell(v, r["verbs"][v]) for v in VERBS)]
        for r in listed
    ]
    reasons = "".join(f"{k}. `{verb}`: {why}\n" for (verb, why), k in marks.items())
    options = [
        [f"`{option}`", why, ", ".join(f"`{r['name']}`" for r in group)]
        for (option, why), group in _grouped(listed)
    ]
    offered = [
        [f"`{r['name']}`", *(", ".join(r[kind]) for kind in ("notions", "solutions"))]
        for r in listed
    ]
    return (
        "# Which verb takes which game\n\n"
        "A game that a verb does not take is refused before work, with the reason.\n\n"
        f":::{{container}} verbs\n\n{table(['game', *(f'`{v}`' for v in VERBS)], rows)}\n:::\n\n"
        f"Why not:\n\n{reasons}\n"
        "## Notions and solutions\n\n"
        "What the file of a game offers. A form of the solution that does not close for a\n"
        "notion is refused when that is asked for.\n\n"
        f"{table(['game', 'notions', 'solutions'], offered)}\n"
        "## Options that some games do not take\n\n"
        f"{table(['option', 'reason', 'games'], options)}"
    )


def _grouped(listed: Iterable[Any]) -> Iterator[tuple[tuple[str, str], list[Any]]]:
    groups: dict[tuple[str, str], list[Any]] = {}
    for game in listed:
        for pair in game["options"].items():
            groups.setdefault(pair, []).append(game)
    yield from sorted(groups.items(), key=lambda group: group[0])


#: What the solvers on grids say, in Rust and beside it; the tests compare the words with theirs.
ON_GRIDS = {
    "`ok`": "It converged, and no diagnostic objects.",
    "`degenerate_policy`": "It converged, but the policy changes sign in the box: a warning.",
    "`multiple_found`": "It converged, but another start led elsewhere.",
    "`not_converged`": "The fixed point did not converge.",
    "`newton_failed`": "The equation of one step was not solved.",
    "`stagnated`": "The residual stopped falling.",
    "`max_iterations`": "The largest number of steps was reached.",
    "`step_rejected`": "No step, however small, keeps the second-order condition.",
    "`second_order_lost`": "The objective is not concave in the control.",
    "`short_wave_unstable`": "Short waves grow: the problem is ill-posed, whatever the grid says.",
    "`moment_explosion`": "It converged to moments that cannot be.",
    "`inconsistent_grids`": "The policies on two grids differ.",
    "`outside_table`": "A gradient left the table of the Hamiltonian.",
    "`not_finite`": "A number is NaN or infinite.",
    "`unresolved`": "The grid is too coarse for what it is to show, or the value is infinite.",
}


def statuses() -> str:
    """Every status with its code and its meaning."""
    rows = [[f"`{s.label}`", str(int(s)), s.meaning] for s in Status]
    return (
        "# Statuses\n\n"
        "Every answer has a status (`answer.status`), and so has every point of a kernel and of a "
        "sweep. Numbers of a point whose status is neither `ok` nor `near-fold` are NaN.\n\n"
        f"{table(['status', 'code', 'meaning'], rows)}\n"
        "## Of grid solutions\n\n"
        "A solution on a grid has words of its own, without codes, and with each a sentence about "
        f"what was seen:\n\n{table(['status', 'meaning'], ON_GRIDS.items())}"
    )


def exit_codes() -> str:
    """Every exit code with what leads to it."""
    rows = [["0", "The command did what was asked."]]
    kinds: dict[int, list[str]] = {}
    for kind in (EqsolveError, *_below(EqsolveError)):
        told = (getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")
        kinds.setdefault(kind.exit_code, []).append(f"`{kind.__name__}`: {told}")
    for code in sorted(kinds):
        first = "A check failed, or a fault of the program. " if code == 1 else ""
        rows.append([str(code), first + "<br>".join(kinds[code])])
    rows.append(["130", "The command was interrupted."])
    return (
        "# Exit codes and errors\n\n"
        "Errors are sentences that name the game, the stage and the remedy. In Python they are "
        "exceptions of `eqsolve.errors`, all of them `EqsolveError`.\n\n"
        f"{table(['code', 'when'], rows)}"
    )


def _below(kind: type[EqsolveError]) -> Iterator[type[EqsolveError]]:
    for below in kind.__subclasses__():
        if below.__module__ == EqsolveError.__module__:
            yield below
            yield from _below(below)


def glossary() -> str:
    """The letters of all games, each with what it means where."""
    found: dict[str, dict[tuple[str, str], list[str]]] = {}
    for game in names():
        for name, told in row(game)["parameters"].items():
            meaning = told["meaning"], "" if told["unit"] == "1" else told["unit"]
            found.setdefault(name, {}).setdefault(meaning, []).append(game)
    rows = [
        [f"`{name}`", meaning, unit, ", ".join(f"[{g}](../gallery/{g}.md)" for g in games)]
        for name in sorted(found, key=lambda n: (n.lower(), n))
        for (meaning, unit), games in found[name].items()
    ]
    return (
        "# Notation: the symbols of all games\n\n"
        "The notation for the parameters of all games: the names that commands, files and machine "
        "output use. A name may mean something else in another game: each file declares its own "
        "notation.\n\n"
        f"{table(['name', 'meaning', 'unit', 'games'], rows)}"
    )


def levels() -> str:
    """The words for the level of a proof, of an equation and of a game."""
    rows = [[f"*{word}*", told] for word, told in (PROOFS | LEVELS).items()]
    return table(["word", "meaning"], rows)


def schemas() -> str:
    """The form of every JSON document, with its JSON Schema as a file."""
    rows = [
        [f"[`{name}`](schemas/{name}.json)", f"`{what}`" if what.startswith("eqsolve ") else what]
        for name, what in forms().items()
    ]
    return (
        "# JSON\n\n"
        "What commands print with `--json` and `to_dict()` returns has a form for each command. "
        f"Every document has the key `schema` with the version of its form, now {SCHEMA}; a list "
        "consists of documents. The version changes when a key is renamed, is removed or changes "
        "its meaning, and not when a key is new. A number that is not finite is `null`.\n\n"
        "The forms are published as JSON Schema (draft 2020-12). `eqsolve schema NAME` prints "
        "them, and in Python `eqsolve.schemas.schema(name)` returns them:\n\n"
        f"{table(['form', 'of'], rows)}"
    )


PAGES = {
    "levels.md": levels,
    "verbs.md": verbs,
    "statuses.md": statuses,
    "exit_codes.md": exit_codes,
    "glossary.md": glossary,
    "json.md": schemas,
}


def write(folder: Path) -> None:
    """Write the pages of the reference that differ from what is there."""
    folder.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        _put(folder / name, page())
    (folder / "schemas").mkdir(exist_ok=True)
    for name in forms():
        _put(folder / "schemas" / f"{name}.json", json.dumps(schema(name), indent=1) + "\n")


def write_gallery(folder: Path, short: bool) -> None:
    """Write a page for every game; without derivations where the short form is wanted."""
    folder.mkdir(exist_ok=True)
    page = partial(_page, folder=folder, short=short)
    if short:
        entries = [*map(page, names())]
    else:
        # first what takes long, so that no process is left alone with it
        listed = sorted(names(), key=lambda name: -len(row(name)["notions"]))
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            made = dict(zip(listed, pool.map(page, listed)))
        entries = [made[name] for name in names()]
    gallery.index(entries, folder)


def _page(name: str, folder: Path, short: bool) -> gallery.Entry:
    """The page of a game, from an earlier build where nothing has changed since."""

    def made() -> dict[str, Any]:
        with TemporaryDirectory() as scratch:
            entry = gallery.write(resolve(name), Path(scratch), short=short)
            texts = {p.name: p.read_text(encoding="utf-8") for p in Path(scratch).iterdir()}
        return {"entry": asdict(entry), "texts": texts}

    templates = [template(name) for name in gallery.TEMPLATES]
    found = kept(content(name), {"gallery": short, "templates": templates}, made)
    for file, text in found["texts"].items():
        _put(folder / file, text)
    return gallery.Entry(**found["entry"])


def _put(path: Path, text: str) -> None:
    """Write a file, unless it has the text: what is older need not be read again."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _inited(app: Sphinx) -> None:
    for command in cli.commands.values():
        command.get_help(click.Context(command))  # puts the example into its text
    folder = Path(app.srcdir)
    write(folder / "generated")
    write_gallery(folder / "gallery", app.config.eqsolve_short)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("eqsolve_short", False, "env", types=(bool,))
    # before autosummary looks for pages
    app.connect("builder-inited", _inited, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
