"""Finds the numbered and labelled formulas of an author's LaTeX file.

Understood are the displays ``equation``, ``align``, ``alignat``, ``flalign``, ``gather``,
``multline`` (starred or not), ``split``, ``aligned`` and ``gathered`` inside them,
``subequations``, ``\\[ \\]``, ``$$ $$``, ``\\tag``, ``\\label``, ``\\notag``, comments,
``\\newcommand`` and ``\\def`` without arguments, ``\\DeclareMathOperator`` and ``\\input``.
Nothing is executed; sizes are limited.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from eqsolve.errors import InputError
from eqsolve.files import read_text

#: Characters of a file with everything it inputs.
MAX_SIZE = 2_000_000
#: How deep files may input others.
DEEPEST = 50
_MAX_PASSES = 8
_GROUP = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")
_INPUT = re.compile(r"\\(?:(?:input|include)\s*\{([^{}]+)\}|input\s+([^\s{}\\]+))")
_VERBATIM = re.compile(r"\\begin\{(verbatim|lstlisting|comment)\}.*?\\end\{\1\}", re.DOTALL)
_MACRO = re.compile(
    r"\\(?:newcommand|renewcommand|providecommand)\*?\s*\{?\s*(\\[A-Za-z]+)\s*\}?"
    rf"\s*((?:\[[^\]]*\])*)\s*{_GROUP}"
)
_DEF = re.compile(rf"\\def\s*(\\[A-Za-z]+)((?:#\d)*)\s*{_GROUP}")
_OPERATOR = re.compile(rf"\\DeclareMathOperator\*?\s*\{{?\s*(\\[A-Za-z]+)\s*\}}?()\s*{_GROUP}")
_ROWS = frozenset("align alignat flalign gather eqnarray".split())
_SINGLE = frozenset("equation multline displaymath math".split())
_INNER = re.compile(
    r"\\begin\{(split|aligned|alignedat|gathered)\}(?:\[[a-z]\])?(?:\{\d+\})?(.*?)\\end\{\1\}",
    re.DOTALL,
)
_ENVIRONMENT = "|".join(sorted(_ROWS | _SINGLE))
_ITEM = re.compile(
    rf"\\begin\{{(?P<env>{_ENVIRONMENT})(?P<star>\*?)\}}(?P<body>.*?)\\end\{{(?P=env)(?P=star)\}}"
    r"|(?<!\\)\\\[(?P<bracket>.*?)\\\]|\$\$(?P<dollars>.*?)\$\$"
    r"|(?<!\\)\$(?P<inline>[^$]*)\$|\\\((?P<paren>.*?)\\\)"
    r"|\\(?P<section>section|chapter)(?P<unnumbered>\*?)\s*[\[{]"
    r"|\\(?P<appendix>appendix)\b"
    r"|\\setcounter\s*\{equation\}\s*\{(?P<counter>[0-9]{1,9})\}"
    r"|\\(?P<group>begin|end)\{subequations\}",
    re.DOTALL,
)
_LABEL = re.compile(r"\\label\s*\{([^{}]*)\}")
_TAG = re.compile(r"\\tag\*?\s*\{([^{}]*)\}")
_SILENT = re.compile(r"\\(?:notag|nonumber)(?![A-Za-z])")
_SPACE = re.compile(r"\\\\\*?(?:\[\s*-?[\d.]+\s*(?:pt|em|ex|mm|cm|in|\\baselineskip)\s*\])?")
_IN_LABEL = re.compile(r"(?:^|[:_.-])((?:\d+|[A-Z])\.\d+)$")


@dataclass(frozen=True)
class Row:
    """One row of a display: LaTeX with ``&``, without number and label; file and line."""

    tex: str
    place: str


@dataclass(frozen=True)
class Formula:
    """A display of the author's, or one numbered row or group of rows of it.

    Attributes
    ----------
    rows : its content.
    numbers : what may be its number, the most reliable first: tag, label, automatic.
    labels : its labels.
    place : ``file:line`` of its beginning.
    before : unnumbered formulas since the numbered display before, inline ones included.
    block : which environment it is from.
    """

    rows: tuple[Row, ...]
    numbers: tuple[str, ...]
    labels: tuple[str, ...]
    place: str
    before: tuple[tuple[Row, ...], ...] = ()
    block: int = 0


@dataclass
class _Text:
    """The whole text, and where its lines come from."""

    text: str
    starts: list[int] = field(default_factory=list)
    places: list[str] = field(default_factory=list)

    def place(self, offset: int) -> str:
        return self.places[max(0, bisect_right(self.starts, offset) - 1)]


def formulas(path: str | os.PathLike[str]) -> tuple[Formula, ...]:
    """Read a file and return its numbered or labelled formulas in order.

    Raises
    ------
    InputError
        If the file cannot be read, or is larger than ``MAX_SIZE``.
    """
    return tuple(_found(_read(Path(path))))


def missing_inputs(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Where a file, or what it inputs, names an input that is not there: ``place: name``."""
    missing: list[str] = []
    list(_inputs(Path(path), Path(path).parent, (), missing))
    return tuple(missing)


def _inputs(
    path: Path, root: Path, above: tuple[Path, ...], missing: list[str]
) -> Iterator[tuple[str, str]]:
    """The lines of a file and of its inputs with their places.

    LaTeX looks for inputs beside the main file; those beside the inputting one are found, too.
    """
    if path in above:
        raise InputError(f"{path.name} inputs itself.", stage="latex check")
    if len(above) > DEEPEST:
        raise InputError(f"inputs are nested more than {DEEPEST} deep.", stage="latex check")
    for text, place in _lines(path, os.path.relpath(path, root)):
        position = 0
        for match in _INPUT.finditer(text):
            yield text[position : match.start()], place
            name = (match.group(1) or match.group(2)).strip()
            file = name if Path(name).suffix == ".tex" else f"{name}.tex"
            found = [folder / file for folder in (root, path.parent) if (folder / file).is_file()]
            if found:
                yield from _inputs(found[0], root, (*above, path), missing)
            else:
                missing.append(f"{place}: {match.group()}")
            position = match.end()
        yield text[position:], place


def _read(path: Path) -> _Text:
    result: list[tuple[str, str]] = []
    size = 0
    for text, place in _inputs(path, path.parent, (), []):
        result.append((text, place))
        size += len(text)
        if size > MAX_SIZE:
            break
    if size > MAX_SIZE:
        raise InputError(
            f"{path.name} with its inputs is larger than {MAX_SIZE} characters.",
            stage="latex check",
            remedy="Check its parts one by one.",
        )
    whole = _VERBATIM.sub(lambda m: "\n" * m.group().count("\n"), "\n".join(t for t, _ in result))
    whole = _expanded(whole)
    starts, offset = [], 0
    for line in whole.split("\n"):
        starts.append(offset)
        offset += len(line) + 1
    return _Text(whole, starts, [place for _, place in result])


def _lines(path: Path, name: str) -> list[tuple[str, str]]:
    text = read_text(path, stage="latex check", largest=MAX_SIZE)
    stripped = (_COMMENT.sub(r"\1", line) for line in text.splitlines())
    return [(line, f"{name}:{k}") for k, line in enumerate(stripped, 1)]


def _expanded(text: str) -> str:
    """Expand macros without arguments; line breaks stay where they are."""
    macros: dict[str, str] = {}

    def define(match: re.Match[str], operator: bool = False) -> str:
        name, arguments, body = match.group(1), match.group(2), match.group(3)
        if not arguments:
            body = body.replace("\n", " ")
            macros[name] = rf"\operatorname{{{body}}}" if operator else body
        return "\n" * match.group().count("\n")

    text = _OPERATOR.sub(lambda m: define(m, True), text)
    text = _DEF.sub(define, _MACRO.sub(define, text))
    if not macros:
        return text
    names = "|".join(re.escape(name) for name in sorted(macros, key=len, reverse=True))
    pattern = re.compile(rf"(?:{names})(?![A-Za-z])")
    for _ in range(_MAX_PASSES):
        text, count = pattern.subn(lambda m: _protected(macros[m.group()], m), text)
        if not count or len(text) > MAX_SIZE:
            break
    return text


def _protected(body: str, match: re.Match[str]) -> str:
    """A macro's body, kept apart from a letter that follows the macro."""
    following = match.string[match.end() : match.end() + 1]
    return f"{body} " if following.isalpha() else body


@dataclass
class _Counter:
    """LaTeX's counters, as far as numbers of equations need them."""

    within: bool
    sections: int = 0
    appendix: bool = False
    equations: int = 0
    parent: str = ""
    children: int = 0

    def section(self) -> None:
        self.sections += 1
        if self.within:
            self.equations = 0

    def group(self, opening: bool) -> None:
        self.parent = self.next() if opening else ""
        self.children = 0

    def next(self) -> str:
        if self.parent:
            self.children += 1
            return f"{self.parent}{chr(96 + self.children)}"
        self.equations += 1
        head = chr(64 + self.sections) if self.appendix else str(self.sections)
        return f"{head}.{self.equations}" if self.within else str(self.equations)


def _found(source: _Text) -> Iterator[Formula]:
    within = re.search(r"\\(?:numberwithin|counterwithin\*?)\s*\{equation\}", source.text)
    counter = _Counter(within is not None)
    before: list[tuple[Row, ...]] = []
    for block, match in enumerate(_ITEM.finditer(source.text)):
        kind = match.lastgroup
        if match["section"]:
            if not match["unnumbered"]:
                counter.section()
        elif kind == "appendix":
            counter.appendix, counter.sections = True, 0
        elif kind == "counter":
            counter.equations = int(match["counter"])
        elif kind == "group":
            counter.group(match["group"] == "begin")
        elif match["env"]:
            numbered = not match["star"] and match["env"] not in ("displaymath", "math")
            for formula in _environment(source, match, counter, numbered, block):
                if formula.numbers or formula.labels:
                    yield Formula(
                        formula.rows,
                        formula.numbers,
                        formula.labels,
                        formula.place,
                        tuple(before),
                        block,
                    )
                    before = []
                else:
                    before.append(formula.rows)
        else:
            name = next(
                n for n in ("bracket", "dollars", "inline", "paren") if match[n] is not None
            )
            rows = tuple(_rows(source, match[name], match.start(name)))
            labels = tuple(_LABEL.findall(match[name]))
            numbers = _numbers(_TAG.findall(match[name]), labels, "")
            if numbers and name in ("bracket", "dollars"):
                clean = tuple(Row(_bare(row.tex), row.place) for row in rows)
                place = source.place(match.start())
                yield Formula(clean, numbers, labels, place, tuple(before), block)
                before = []
            else:
                before.append(tuple(Row(_bare(row.tex), row.place) for row in rows))


def _environment(
    source: _Text, match: re.Match[str], counter: _Counter, numbered: bool, block: int
) -> Iterator[Formula]:
    body, offset = match["body"], match.start("body")
    if match["env"] in ("alignat", "eqnarray") or body.startswith("["):
        body = re.sub(r"^\s*\{\d+\}", lambda m: " " * len(m.group()), body)
    rows = tuple(_rows(source, body, offset))
    groups: list[list[Row]] = [[]]
    for row in rows:
        groups[-1].append(row)
        ends = match["env"] in _ROWS and numbered and not _SILENT.search(row.tex)
        if match["env"] in _ROWS and (ends or _TAG.search(row.tex)) and row is not rows[-1]:
            groups.append([])
    for group in groups:
        text = " ".join(row.tex for row in group)
        labels, tags = tuple(_LABEL.findall(text)), _TAG.findall(text)
        silent = match["env"] in _ROWS and _SILENT.search(group[-1].tex)
        silent = silent or (match["env"] not in _ROWS and _SILENT.search(text))
        automatic = counter.next() if numbered and not tags and not silent else ""
        clean = tuple(Row(_bare(row.tex), row.place) for row in group if _bare(row.tex))
        if clean:
            numbers = _numbers(tags, labels, automatic)
            yield Formula(clean, numbers, labels, clean[0].place, (), block)


def _numbers(tags: list[str], labels: tuple[str, ...], automatic: str) -> tuple[str, ...]:
    """What may be the number, the most reliable first."""
    named = [m.group(1) for label in labels if (m := _IN_LABEL.search(label))]
    bare = [tag.strip().strip("()$ ") for tag in tags]
    return tuple(dict.fromkeys([*bare, *named, *([automatic] if automatic else [])]))


def _bare(tex: str) -> str:
    for pattern in (_LABEL, _TAG, _SILENT):
        tex = pattern.sub("", tex)
    return tex.strip()


def _rows(source: _Text, body: str, offset: int) -> Iterator[Row]:
    """Split at ``\\\\`` outside of groups and of environments that are not unwrapped."""

    def unwrapped(match: re.Match[str]) -> str:
        head = match.start(2) - match.start()
        tail = match.end() - match.end(2)
        return " " * head + match.group(2) + " " * tail

    body = _INNER.sub(unwrapped, body)
    depth, start = 0, 0
    pattern = re.compile(rf"\\begin|\\end|{_SPACE.pattern}|\\.|[{{}}]", re.DOTALL)
    for match in pattern.finditer(body):
        token = match.group()
        if token in (r"\begin", "{"):
            depth += 1
        elif token in (r"\end", "}"):
            depth -= 1
        elif token.startswith(r"\\") and depth == 0:
            yield _row(source, body, start, match.start(), offset)
            start = match.end()
    if body[start:].strip():
        yield _row(source, body, start, len(body), offset)


def _row(source: _Text, body: str, start: int, end: int, offset: int) -> Row:
    text = body[start:end]
    first = start + len(text) - len(text.lstrip())
    return Row(text.strip(), source.place(offset + first))
