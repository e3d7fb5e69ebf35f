"""The files of an author's document: found beside one another, read within limits."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from eqsolve.errors import InputError
from eqsolve.files import read_bytes, read_text
from eqsolve.latex.source.scanner import Scanner

#: Characters of a file with everything it inputs.
MAX_SIZE = 2_000_000
_BEGIN = re.compile(r"^([^%\n]*)\\begin\s*\{document\}", re.MULTILINE)
_END = re.compile(r"^([^%\n]*)\\end\s*\{document\}", re.MULTILINE)
#: How deep files input one another.
MAX_DEPTH = 50


@dataclass
class Files:
    """Reads a main file and what it inputs; ``size`` counts what was read."""

    main: Path
    size: int = 0
    notes: list[str] = field(default_factory=list)
    #: Files that the document writes itself.
    made: dict[Path, str] = field(default_factory=dict)
    #: Characters between which text is verbatim.
    short: set[str] = field(default_factory=set)

    def scanner(self, path: Path, part: str = "body") -> Scanner:
        """Open a file.

        Parameters
        ----------
        part : ``body`` for what stands between the beginning and the end of the document, if
            there are any, ``preamble`` for what stands before, or ``whole``.

        Raises
        ------
        InputError
            If it cannot be read, or if the files are larger than ``MAX_SIZE`` together.
        """
        name = os.path.relpath(path, self.main.parent)
        text = self._text(path, name)
        self.size += len(text)
        if self.size > MAX_SIZE:
            raise InputError(
                f"{self.main.name} with its inputs is larger than {MAX_SIZE} characters.",
                stage="latex check",
                remedy="Check its parts one by one.",
            )
        begin = _BEGIN.search(text)
        if part == "preamble" and begin is not None:
            text = text[: begin.end(1)]
        elif part == "body" and begin is not None:
            # line breaks keep the numbers of the lines
            lines = "\n" * text.count("\n", 0, begin.end())
            end = _END.search(text, begin.end())
            text = lines + text[begin.end() : len(text) if end is None else end.end(1)]
        return Scanner(text, name, self.short)

    def _text(self, path: Path, name: str) -> str:
        if path in self.made:
            return self.made[path]
        data = read_bytes(path, stage="latex check", largest=MAX_SIZE)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            if 0 in data or path == self.main:
                # refused like any other file; a part of a document is read as far as it goes
                return read_text(path, stage="latex check", largest=MAX_SIZE)
            self.notes.append(f"{name}: not in UTF-8, read as Latin-1")
            text = data.decode("latin-1")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def found(self, name: str, folders: tuple[Path, ...], suffix: str = ".tex") -> Path | None:
        """The file of a name: as it is, or with the suffix, in the first folder that has it."""
        name = name.strip().strip('"')
        if not name or "\0" in name:
            return None
        for folder in folders:
            for candidate in (name,) if name.endswith(suffix) else (f"{name}{suffix}", name):
                try:
                    if folder / candidate in self.made or (folder / candidate).is_file():
                        return folder / candidate
                except OSError:
                    continue
        return None
