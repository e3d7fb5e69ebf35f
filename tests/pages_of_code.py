"""Runs the code of a page of the documentation: what it shows is what happens."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from eqsolve.cli import cli

#: A fenced block with its language, and the name of the file that it is, if it is one.
_BLOCK = re.compile(
    r"^(?:`(?P<file>[\w.]+)`:\n\n)?" r"```(?P<language>[^\n`]*)\n(?P<source>(?:(?!```).*\n)*)```$",
    re.MULTILINE,
)
#: Blocks of these languages are run.
RUN = ("python", "pycon", "console", "{code-cell} python")
#: What answers of commands that end with a sentence about the answer end with.
_NO_ANSWER = (1, 4)


class PageError(AssertionError):
    """A block that does not do what the page says."""


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    source: str
    file: str = ""


def blocks(text: str) -> list[Block]:
    """The blocks of a page in order."""
    return [
        Block(m["language"].strip(), m["source"], m["file"] or "") for m in _BLOCK.finditer(text)
    ]


def runs(text: str) -> bool:
    """Whether a page has anything to run."""
    return any(block.language in RUN for block in blocks(text))


def run(text: str, folder: Path) -> int:
    """Run all blocks of a page in one namespace; ``folder`` is the working folder.

    Returns
    -------
    int
        How many blocks were run.

    Raises
    ------
    PageError
        If a session or a command prints something else than the page shows.
    """
    names: dict[str, Any] = {"__name__": "page"}
    count = 0
    for block in blocks(text):
        if block.file:
            (folder / block.file).write_text(block.source, encoding="utf-8")
        elif block.language == "pycon":
            _session(block.source, names)
        elif block.language == "console":
            _console(block.source, folder)
        elif block.language in RUN:
            _cell(block.source, names, folder)
        else:
            continue
        count += 1
    return count


def _session(source: str, names: dict[str, Any]) -> None:
    parsed = doctest.DocTestParser().get_doctest(source, names, "page", None, 0)
    told: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    if runner.run(parsed, out=told.append, clear_globs=False).failed:
        raise PageError("".join(told))
    names.update(parsed.globs)


def _console(source: str, folder: Path) -> None:
    """Commands after ``$``, each with what it prints; where a page shows nothing, anything."""
    for part in re.split(r"^\$ ", source, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        program, *arguments = shlex.split(command)
        if program == "eqsolve":
            result = CliRunner().invoke(cli, arguments)
            output, code = result.output, result.exit_code
        else:
            environment = {**os.environ, "PATH": _path()}
            done = subprocess.run(
                ["sh", "-ec", command], cwd=folder, env=environment, capture_output=True, text=True
            )
            output, code = done.stdout + done.stderr, done.returncode
        if shown.strip() and shown != output:
            raise PageError(f"{command}\nshown:\n{shown}\nprinted:\n{output}")
        if code and not (shown.strip() and code in _NO_ANSWER):
            raise PageError(f"{command}\nended with {code}:\n{output}")


def _cell(source: str, names: dict[str, Any], folder: Path) -> None:
    magic, _, rest = source.partition("\n")
    if magic.startswith("%%writefile "):
        (folder / magic.split()[1]).write_text(rest, encoding="utf-8")
    elif magic == "%%bash":
        environment = {**os.environ, "PATH": _path()}
        done = subprocess.run(
            ["bash", "-ec", rest], cwd=folder, env=environment, capture_output=True, text=True
        )
        if done.returncode:
            raise PageError(f"{rest}\n{done.stdout}{done.stderr}")
    else:
        exec(compile(source, "page", "exec"), names)  # the page is part of the repository


def _path() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
