"""The numbered displays of the games as LaTeX files, and a document that inputs them all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sympy as sp
from jinja2 import Environment, PackageLoader, StrictUndefined

from eqsolve import __version__
from eqsolve.latex.checking.notation import Notation
from eqsolve.latex.checking.symbol_map import SymbolMap
from eqsolve.latex.folder import write_files
from eqsolve.latex.layout import LINE_WIDTH, Row, display_rows, width
from eqsolve.latex.printer import latex
from eqsolve.latex.values import Quantity, index
from eqsolve.ledger import Display
from eqsolve.notated.published import Published
from eqsolve.operators import shown_symbols
from eqsolve.schemas import SCHEMA
from eqsolve.symbols import entry, latex_names, latex_of

TITLE = "Equilibrium strategies for mean-variance investment over a random horizon"
DOCUMENT, INDEX = "equations.tex", "index.txt"

_INLINE = 45.0
_TAG = 3.5


@dataclass(frozen=True)
class Style:
    """How equations are written.

    Attributes
    ----------
    number : ``tag`` for the number of the display, ``label`` to let LaTeX count, or ``none``; a
        display of a source is tagged if nothing is said.
    prose : whether words and abbreviations are written before them.
    symbols : the author's notation.
    """

    number: Literal["tag", "label", "none"] | None = None
    prose: bool = True
    symbols: SymbolMap = SymbolMap()

    def names(self, display: Display) -> dict[sp.Symbol, str]:
        """How the symbols of a display are written."""
        if not self.symbols.names:
            return dict(display.names)
        notation = Notation(display)
        translated = {s: self.symbols.written(n.name) for n, s in notation.symbols.items()}
        return {**dict(display.names), **translated}

    def mark(self, display: Display) -> str:
        """The tag and the label of a display."""
        if not display.tag or self.number == "none":
            return ""
        tag = f" \\tag{{{display.tag}}}" if self.number in (None, "tag") else ""
        return f"{tag} \\label{{{label(display)}}}"


def display_tex(display: Display) -> str:
    """Return a display without number and environment, for pages: one row or an ``align*``."""
    return _unnumbered(display_rows(display.lines, dict(display.names)))


def let_tex(display: Display) -> tuple[str, ...]:
    """Return the abbreviations a display introduces, one formula each."""
    names = dict(display.names)
    return tuple(_unnumbered(display_rows([line], names)) for line in display.let)


def _unnumbered(rows: Sequence[Row]) -> str:
    if len(rows) == 1:
        return f"{rows[0].left} {rows[0].right}".strip()
    body = " \\\\\n".join(f"{row.left} & {row.right}" for row in rows)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def _numbered(display: Display, style: Style = Style()) -> tuple[str, str]:
    """The environment and its content, with tag and label on the last row."""
    rows = display_rows(display.lines, style.names(display), LINE_WIDTH - _TAG)
    mark = style.mark(display)
    if len(rows) == 1:
        return "equation" if mark else "equation*", f"{rows[0].left} {rows[0].right}{mark}".strip()
    if not mark:
        return "align*", " \\\\\n".join(f"{row.left} & {row.right}" for row in rows)
    body = [f"{row.left} & {row.right} \\notag" for row in rows[:-1]]
    return "align", " \\\\\n".join([*body, f"{rows[-1].left} & {rows[-1].right}{mark}"])


def numbered_tex(display: Display) -> str:
    """Return a display with its environment and number, as in its file."""
    environment, rows = _numbered(display)
    return f"\\begin{{{environment}}}\n{rows}\n\\end{{{environment}}}"


def label(display: Display) -> str:
    """The label of a display: ``eq:2.54``."""
    return f"eq:{display.tag or display.number}"


def file_name(display: Display) -> str:
    """The name of a display's file: ``eq-2.53-2.54.tex``."""
    return f"eq-{display.number}.tex"


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("eqsolve.templates", ""),
        undefined=StrictUndefined,
        autoescape=False,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _equation(display: Display, environment: Environment, style: Style) -> str:
    names = style.names(display)
    short = [f"${latex(x.left, names)} {x.relation} {latex(x.right, names)}$" for x in display.let]
    inline = all(not re.search(r"\\(frac|sum|sqrt)", text) for text in short)
    inline = inline and sum(map(width, short)) <= _INLINE
    rows = display_rows(display.let, names)
    kind, body = _numbered(display, style)
    return environment.get_template("equation.tex.jinja").render(
        version=__version__,
        number=display.number,
        title=display.title,
        kind=display.kind,
        proof=display.proof,
        prose=display.prose if style.prose else "",
        let_inline=_listed(short) if inline and style.prose else "",
        let_rows=(
            ""
            if inline or not style.prose
            else " \\\\\n".join(f"{r.left} & {r.right}" for r in rows)
        ),
        environment=kind,
        rows=body,
    )


def _listed(items: Sequence[str]) -> str:
    return ", ".join(items[:-1]) + " and " + items[-1] if len(items) > 1 else "".join(items)


def files(models: Iterable[Published], style: Style = Style()) -> dict[str, str]:
    """Return name and text of every file: one per display, and the document."""
    environment = _environment()
    found = [(m, m.shown) for m in models]
    found = sorted(((m, d) for m, d in found if d), key=lambda pair: _order(pair[1]))
    result: dict[str, str] = {}
    sections = []
    for model, displays in found:
        for display in displays:
            result[file_name(display)] = _equation(display, environment, style)
        names = [file_name(d).removesuffix(".tex") for d in displays]
        sections.append({"title": _sentence(as_text(model.title)), "files": names})
    shown = [d for _, displays in found for d in displays]
    entries = [
        {
            "tag": d.tag,
            "label": label(d),
            "title": as_text(d.title),
            "kind": d.kind,
            "proof": d.proof,
        }
        for d in shown
    ]
    result[DOCUMENT] = environment.get_template("document.tex.jinja").render(
        version=__version__,
        title=TITLE,
        sections=sections,
        symbols=_symbols(shown),
        entries=entries,
    )
    titles = {file_name(d): f"{m.name}: {as_plain(d)}" for m, displays in found for d in displays}
    result[INDEX] = index({**titles, DOCUMENT: "the document that inputs them all"})
    return result


def as_plain(display: Display) -> str:
    """The number of a display, if it has one, and what it is."""
    return f"({display.number}) {display.title}" if display.is_numbered else display.title


def parameters(given: Mapping[str, float | bool | str]) -> list[Quantity]:
    """The parameters that are given, with meaning and unit from the table of symbols."""
    found = []
    for name, value in given.items():
        row = entry(name)
        found.append(Quantity(name, row.latex, as_text(row.meaning), _unit(row.unit), value))
    return found


def _order(displays: Sequence[Display]) -> tuple[int, ...]:
    first = next((d.number for d in displays if d.is_numbered), "99")
    return tuple(int(part) for part in re.findall(r"\d+", first))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _symbols(displays: Iterable[Display]) -> list[dict[str, str]]:
    """The rows of the symbol table that the displays use, in the table's order.

    A symbol with the index of an agent shares the row of the one without. Displays without a
    number say what their letters mean.
    """
    used: dict[str, str] = {}
    for display in displays:
        for line in display.let + display.lines if display.is_numbered else ():
            for symbol in shown_symbols(line.left) | shown_symbols(line.right):
                if symbol in latex_names():
                    written = display.names.get(symbol, latex_names()[symbol])
                    name = _without_index(symbol.name)
                    used[name] = min(used.get(name, written), written, key=lambda w: (len(w), w))
    rows: dict[str, dict[str, str]] = {}
    for symbol in latex_names():
        if symbol.name in used:
            row, written = entry(symbol.name), used[symbol.name]
            shown = {"latex": written, "meaning": as_text(row.meaning), "unit": _unit(row.unit)}
            rows.setdefault(written, shown)
    return list(rows.values())


def _without_index(name: str) -> str:
    """The name of a symbol without the index of an agent, where that means the same."""
    stem, _, index = name.rpartition("_")
    indexed = latex_of(stem) is not None and (index.isdecimal() or index in ("i", "k"))
    return stem if indexed and entry(stem).meaning == entry(name).meaning else name


def as_text(text: str) -> str:
    """Typeset the mathematics in a plain phrase such as ``coefficient of x^2 in H``."""
    result: list[str] = []
    formula: list[str] = []
    for word in [*text.split(), ""]:
        bare = word.rstrip(",")
        inside = formula and (bare in ("-", "+") or bare.isdecimal())
        tex = bare if inside else _mathematics(bare)
        if tex:
            formula.append(tex)
        if formula and (not tex or bare != word):
            result.append(f"${' '.join(formula)}$" + (word[len(bare) :] if tex else ""))
            formula = []
        if not tex:
            result.append(re.sub(r"([_^%&#])", r"\\\1{}", word))
    return " ".join(result).strip()


def _unit(text: str) -> str:
    """Typeset a unit such as ``wealth/sqrt(time)``."""
    text = text.replace("1/sqrt(time)", "time^{-1/2}").replace("sqrt(time)", "time^{1/2}")
    return re.sub(r"\^(\{[^}]*\}|\d)", r"$^\1$", text)


def _mathematics(word: str) -> str | None:
    """The LaTeX of a word that is a formula: a symbol, a power, or a quotient such as 1/n."""
    parts = word.split("/")
    if len(parts) == 2 and parts[0].isdecimal() and _name(parts[1]):
        return word
    base, caret, power = word.partition("^")
    known = len(base) > 1 or base in "xybrqFGHVniBP"
    return f"{name}{caret}{power}" if known and (name := _name(base)) else None


def _name(word: str) -> str | None:
    """The LaTeX of a letter in a phrase."""
    own = {"xy": "x y", **{f: f for f in "FGHVi"}}
    return own.get(word) or latex_of(word)


def write(
    directory: str | os.PathLike[str], models: Iterable[Published], style: Style = Style()
) -> list[Path]:
    """Write all files into a folder; returns their paths.

    Everything is rendered before the first file is written, and every file is replaced at once.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    return write_files(directory, files(models, style))


def ledger_rows(models: Iterable[Published]) -> list[dict[str, object]]:
    """Return the ledger: one row per display, with number, title, game, kind, proof and LaTeX."""
    return [
        {
            "schema": SCHEMA,
            "number": display.number,
            "title": display.title,
            "game": model.name,
            "kind": display.kind,
            "proof": display.proof,
            "depends": list(display.depends),
            "let": list(let_tex(display)),
            "latex": display_tex(display),
        }
        for model in models
        for display in model.shown
    ]
