"""The numbered displays of the games as LaTeX files, and a document that inputs them all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from eqsolve import __version__
from eqsolve.errors import InputError, StaleError
from eqsolve.latex.layout import LINE_WIDTH, Row, display_rows, width
from eqsolve.latex.printer import latex
from eqsolve.ledger import Display
from eqsolve.model import Model
from eqsolve.operators import shown_symbols
from eqsolve.output import staged
from eqsolve.symbols import entry, latex_names

TITLE = "Equilibrium strategies for mean-variance investment over a random horizon"
DOCUMENT = "equations.tex"

_INLINE = 45.0
_TAG = 3.5


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


def _numbered(display: Display) -> tuple[str, str]:
    """The environment and its content, with tag and label on the last row."""
    rows = display_rows(display.lines, dict(display.names), LINE_WIDTH - _TAG)
    mark = f" \\tag{{{display.tag}}} \\label{{{label(display)}}}" if display.tag else ""
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


def _equation(display: Display, environment: Environment) -> str:
    names = dict(display.names)
    short = [f"${latex(x.left, names)} {x.relation} {latex(x.right, names)}$" for x in display.let]
    inline = all(not re.search(r"\\(frac|sum|sqrt)", text) for text in short)
    inline = inline and sum(map(width, short)) <= _INLINE
    rows = display_rows(display.let, names)
    kind, body = _numbered(display)
    return environment.get_template("equation.tex.jinja").render(
        version=__version__,
        number=display.number,
        title=display.title,
        kind=display.kind,
        proof=display.proof,
        prose=display.prose,
        let_inline=_listed(short) if inline else "",
        let_rows="" if inline else " \\\\\n".join(f"{r.left} & {r.right}" for r in rows),
        environment=kind,
        rows=body,
    )


def _listed(items: Sequence[str]) -> str:
    return ", ".join(items[:-1]) + " and " + items[-1] if len(items) > 1 else "".join(items)


def files(models: Iterable[Model]) -> dict[str, str]:
    """Return name and text of every file: one per display, and the document."""
    environment = _environment()
    found = [(m, m.displays(m.derivation)) for m in models]
    found = sorted(((m, d) for m, d in found if d), key=lambda pair: _order(pair[1]))
    result: dict[str, str] = {}
    sections = []
    for model, displays in found:
        for display in displays:
            result[file_name(display)] = _equation(display, environment)
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
    return result


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
    known = {symbol.name for symbol in latex_names()}
    indexed = stem in known and (index.isdecimal() or index in ("i", "k"))
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
    names = {s.name: tex for s, tex in latex_names().items()} | {f: f for f in "FGHV"}
    names |= {"xy": "x y", "i": "i"}
    if len(parts) == 2 and parts[0].isdecimal() and parts[1] in names:
        return word
    base, caret, power = word.partition("^")
    known = base in names and (len(base) > 1 or base in "xybrqFGHVniBP")
    return f"{names[base]}{caret}{power}" if known else None


def write(directory: str | os.PathLike[str], models: Iterable[Model]) -> list[Path]:
    """Write all files into a folder; returns their paths.

    Everything is rendered before the first file is written, and every file is replaced at once.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    folder = Path(directory)
    texts = files(models)
    with staged(folder) as staging:
        for name, text in texts.items():
            (staging / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def check_stale(directory: str | os.PathLike[str], models: Iterable[Model]) -> None:
    """Compare a folder with what ``write`` would write there; write nothing.

    Raises
    ------
    InputError
        If the folder cannot be read.
    StaleError
        If a file is missing or differs.
    """
    folder = Path(directory)
    try:
        differing = [
            name
            for name, text in files(models).items()
            if not (folder / name).is_file()
            or (folder / name).read_text(encoding="utf-8", errors="replace") != text
        ]
    except OSError as error:
        raise InputError(
            f"the folder {str(folder)!r} cannot be read: {error.strerror or error}.",
            stage="latex",
            remedy="Choose a folder you may read.",
        ) from error
    if differing:
        raise StaleError(
            f"{len(differing)} files in {str(folder)!r} are missing or differ: "
            f"{', '.join(differing[:5])}{', ...' if len(differing) > 5 else ''}.",
            stage="latex",
            remedy="Write them anew with 'eqsolve latex --out'.",
        )


def ledger_rows(models: Iterable[Model]) -> list[dict[str, object]]:
    """Return the ledger: one row per display, with number, title, game, kind, proof and LaTeX."""
    return [
        {
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
        for display in model.displays(model.derivation)
    ]
