"""An author's notation: which names stand for which."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from eqsolve.errors import InputError
from eqsolve.files import read_table
from eqsolve.latex.grammar import parser
from eqsolve.latex.grammar.tokens import Unreadable, joined, tokenize
from eqsolve.latex.grammar.tree import Atom, tidy
from eqsolve.output import replacing

_INDICES = frozenset("i j k l m n t s 0 1 2 3 * ,".split()) | {r"\tau"}


@dataclass(frozen=True)
class SymbolMap:
    """An author's notation: names of the author's, in canonical LaTeX, to those of the displays.

    An entry for a plain name also covers it with an agent's or a time index; an entry for the
    whole name comes first.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _inverse(self) -> dict[str, str]:
        return {ours: theirs for theirs, ours in self.names.items()}

    @cached_property
    def _displaced(self) -> set[str]:
        return set(self.names.values()) - set(self.names)

    def translated(self, name: Atom, functions: frozenset[str]) -> str:
        """The name in the notation of the displays.

        A name of the displays that the author writes otherwise is not what it was there.
        """
        result = _renamed(name, self.names, functions)
        base = name.base in self._displaced and (
            name.base in functions or _is_index(name.sub, name.sup)
        )
        if result == name.name and (base or result in self._displaced):
            return f"{result} (author)"
        return result

    def written(self, name: str) -> str:
        """A name of the displays in the author's notation."""
        node = atom_of(name)
        return tidy(name if node is None else _renamed(node, self._inverse, frozenset()))


def atom_of(name: str) -> Atom | None:
    try:
        node = parser.expression(name)
    except Unreadable:
        return None
    return node if isinstance(node, Atom) else None


def _renamed(name: Atom, table: Mapping[str, str], functions: frozenset[str]) -> str:
    if name.name in table:
        return table[name.name]
    base, sup = name.base, _part(name.sup, table)
    sub = tuple(_part(part, table) for part in name.sub)
    target = atom_of(table[base]) if base in table else None
    if base in functions or (target is not None and target.name in functions):
        base = base if target is None else target.name
        return Atom(base, tuple(sorted(_part(part, table, True) for part in name.sub)), sup).name
    if target is not None and _is_index(sub, name.sup):
        if not sup or not target.sup:
            comma = (",",) if sub and target.sub else ()
            return Atom(target.base, (*target.sub, *comma, *sub), sup or target.sup).name
    return Atom(_part(base, table), sub, sup).name


def _part(text: str, table: Mapping[str, str], state: bool = False) -> str:
    """Rename a piece of a name: as a whole, or what stands under an accent.

    A single letter is an index, such as the b of m_b, unless it is known to be a state.
    """
    if text in table and (state or not text.isalpha()):
        return table[text]
    accent = re.fullmatch(r"(\\[a-z]+)\{(.*)\}", text)
    if accent and accent.group(2) in table:
        return f"{accent.group(1)}{{{table[accent.group(2)]}}}"
    pieces = [part.strip() for part in text.split(",")]
    return ",".join(_part(p, table) for p in pieces) if len(pieces) > 1 and all(pieces) else text


def _is_index(sub: tuple[str, ...], sup: str) -> bool:
    """Whether scripts number agents or times, rather than being part of the name."""
    found = set(sub) | ({sup} if sup else set())
    return found <= _INDICES and (len(sub) < 2 or "," in sub)


def mapped(text: str, names: Mapping[str, str]) -> str:
    """Rename the whole, or the tokens, of an index or a condition."""
    if text in names:
        return names[text]
    return joined([names.get(t.text, t.text) for t in tokenize(text)])


def read_symbols(path: str | os.PathLike[str]) -> SymbolMap:
    """Read an author's notation from a TOML or JSON file with tables ``symbols`` and ``numbers``.

    Raises
    ------
    InputError
        If the file cannot be read or an entry is not a name.
    """
    data = read_table(path, stage="latex check")
    known = {"symbols", "numbers"}
    for table in data:
        if table not in known or not isinstance(data[table], dict):
            raise InputError(
                f"{str(path)!r} has an unknown entry {table!r}.",
                stage="latex check",
                remedy="The tables are [symbols] and [numbers].",
            )
    for table, entries in data.items():
        for key, value in entries.items():
            if not isinstance(value, str):
                raise InputError(
                    f"{str(path)!r}: {key!r} in [{table}] is {value!r}, which is no text.",
                    stage="latex check",
                    remedy=f'Write it in quotes: "{key}" = "2.50" keeps its last zero.',
                )
    names = {_name(a, path): _name(b, path) for a, b in data.get("symbols", {}).items()}
    return SymbolMap(names, dict(data.get("numbers", {})))


def write_symbols(path: str | os.PathLike[str], symbols: SymbolMap) -> None:
    """Write an author's notation to a TOML file.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    lines = ["# The author's symbols on the left, those of eqsolve on the right.", "[symbols]"]
    lines += [f"'{theirs}' = '{ours}'" for theirs, ours in symbols.names.items()]
    if symbols.numbers:
        lines += ["", "[numbers]"]
        lines += [f"{_quoted(label)} = {_quoted(n)}" for label, n in symbols.numbers.items()]
    with replacing(Path(path)) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _quoted(text: str) -> str:
    """A basic TOML string, which is written like one of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _name(tex: object, path: str | os.PathLike[str]) -> str:
    try:
        node = parser.expression(str(tex))
    except Unreadable as error:
        raise InputError(f"{str(path)!r}: {tex!r}: {error}.", stage="latex check") from error
    if not isinstance(node, Atom):
        raise InputError(
            f"{str(path)!r}: {tex!r} is not a single symbol.",
            stage="latex check",
            remedy=r"Write for example '\hat\alpha' = '\beta'.",
        )
    return node.name
