"""Finds the formulas of an author's LaTeX file, and the numbers that LaTeX gives them.

The file is read once, expanded as TeX does. Every display is found: it is read, or listed as passed
over with the reason. Nothing is executed; sizes are limited.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from eqsolve.latex.source.collecting import INVISIBLE, Collecting
from eqsolve.latex.source.counters import SECTIONS
from eqsolve.latex.source.displays import GROUPS, LAYOUTS, PASSED, is_display, is_text
from eqsolve.latex.source.formula import Document, Formula, Passed, Row
from eqsolve.latex.source.macros import written
from eqsolve.latex.source.rows import rows
from eqsolve.latex.source.scanner import Token
from eqsolve.latex.source.unseen import UNSHOWN

_ARGUMENTS_WITHOUT_FORMULAS = frozenset(
    r"\ref \eqref \cite \citep \citet \textcite \parencite \autoref \cref \Cref "
    r"\pageref \bibliography "
    r"\includegraphics \bibliographystyle \hyperref \nameref \citeauthor \citeyear \fancyhead "
    r"\pagestyle \graphicspath \bibitem \hypersetup \theoremstyle \crefname \Crefname".split()
)


def read(path: str | os.PathLike[str]) -> Document:
    """Read a file with its inputs.

    Raises
    ------
    InputError
        If a file cannot be read, inputs itself, or if all are larger than ``MAX_SIZE``.
    """
    return Walker(Path(path)).document()


def formulas(path: str | os.PathLike[str]) -> tuple[Formula, ...]:
    """The numbered or labelled formulas of a file in order."""
    return read(path).formulas


def missing_inputs(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Where a file, or what it inputs, names an input that is not there: ``place: name``."""
    return read(path).missing


class Walker(Collecting):
    """Walks once over the tokens of a document."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        #: Environments that are not known: name, place, and where a formula stands in the text.
        self._strange: list[list[str]] = []

    def document(self) -> Document:
        """Walk to the end."""
        while (token := self._next()) is not None:
            self._text(token)
        expander = self._expander
        return Document(
            tuple(self._formulas),
            tuple(self._passed),
            tuple(dict.fromkeys(expander.missing)),
            tuple(dict.fromkeys(expander.notes)),
            expander.files.main.name,
        )

    def _is_heading(self) -> bool:
        """Whether a command of a section has a title: others are only named, as by titlesec."""
        following = self._expander.peek()
        return following is not None and (
            following.kind == "open" or following.text[:1] in ("*", "[")
        )

    def _text(self, token: Token) -> None:
        kind, text = token.kind, token.text
        if kind == "begin":
            self._begin(token)
        elif kind == "end":
            self._end(text)
        elif kind == "math":
            self._mathematics(token)
        elif kind == "paragraph":
            self._paragraph()
        elif kind == "command":
            self._command(token)
        elif kind in ("text", "blank"):
            if text in ("_", "^"):
                self._stranger(token)
            if self._sentence.read(text if kind == "text" else " "):
                self._behind = range(0)

    def _paragraph(self) -> None:
        self._sentence.end_paragraph()
        self._behind = range(0)

    def _begin(self, token: Token) -> None:
        name = token.text
        counter = self._theorems.get(name)
        if counter:
            self._counters.step(counter)
        if name == "empheq":
            self._expander.optional()
            inner = self._expander.text().partition("=")[0].strip()
            self._display(inner, token.place, name)
        elif name in LAYOUTS:
            self._display(name, token.place, name)
        elif name in GROUPS:
            options = written(self._expander.optional() or ()) if name == "dgroup" else ""
            self._open_group()
            named = re.search(r"label\s*=\s*\{?([^{},]*)", options)
            self._groups[-1].names[:0] = [named.group(1)] if named else []
        elif name in ("appendices", "subappendices"):
            self._counters.appendix()
        elif name in PASSED or (counter is None and is_display(name)):
            self._pass_over(token)
        elif not is_text(name) and counter is None:
            self._strange.append([name, token.place, ""])
        if name == "document":
            # what stands in the preamble is not typeset
            self._before.clear()
            self._paragraph()

    def _end(self, name: str) -> None:
        if name in GROUPS and self._groups:
            self._close_group()
        for k in range(len(self._strange) - 1, -1, -1):
            if self._strange[k][0] == name:
                _, place, seen = self._strange[k]
                del self._strange[k:]
                if seen:
                    reason = f"the environment {name} is not known"
                    self._passed.append(Passed(place, name, reason))
                    self._unknown(reason)
                break

    def _stranger(self, token: Token) -> None:
        """An index or exponent in the text: the environment around it displays formulas."""
        if self._strange:
            self._strange[-1][2] = token.place

    def _mathematics(self, token: Token) -> None:
        if token.text in ("$$", r"\["):
            self._display(token.text, token.place, "$$" if token.text == "$$" else r"\]")
        elif token.text in ("$", r"\("):
            self._inline("$" if token.text == "$" else r"\)", token.place)

    def _inline(self, end: str, place: str) -> None:
        """A formula in the text."""
        expander = self._expander
        found: list[Token] = []
        depth = 0
        expander.in_math = True
        expander.push(expander.hooks.get(r"\everymath", ()))
        while (token := self._next()) is not None:
            depth += {"open": 1, "close": -1}.get(token.kind, 0)
            if token.kind == "math" and (depth <= 0 or end == r"\)"):
                if token.text == "$$" and end == "$":
                    self._again.append(Token("math", "$", token.place))
                break
            if token.kind == "paragraph" or (token.kind == "begin" and token.text in LAYOUTS):
                expander.notes.append(f"{place}: a formula in the text is not ended")
                self._again.append(token)
                break
            if token.text in INVISIBLE and token.kind == "command":
                self._drop(token)
            elif not self._counted(token):
                found.append(token)
        expander.in_math = False
        role = self._sentence.role
        read = tuple(Row(tex, where, role) for tex, where in rows(found))
        if not read or self._doubt():
            return
        name = self._sentence.named(read[0].tex)
        if name and self._ends_clause():
            role = "definition"
            read = (Row(f"{name} = {read[0].tex}", read[0].place, role),)
        restricts = role == "condition" and self._sentence.restricts(read[0].tex)
        if restricts:
            self._sentence.conditions.append(read[0].tex)
        for k in self._behind if self._sentence.begins_behind else ():
            formula = self._formulas[k]
            if restricts:
                condition = (*formula.conditions, read[0].tex)
                self._formulas[k] = replace(formula, conditions=condition)
            self._formulas[k] = replace(self._formulas[k], after=(*formula.after, read))
        self._before.append(read)

    def _ends_clause(self) -> bool:
        """Whether nothing that changes what a formula is follows it in its clause."""
        following = self._expander.peek()
        return (
            following is None
            or following.kind in ("paragraph", "begin", "math")
            or following.text[:1] in (".", ",", ";", ":", ")")
            or following.text == "\\begin"
        )

    def _command(self, token: Token) -> None:
        expander = self._expander
        name = token.text[1:]
        if self._counted(token):
            return
        if token.text in UNSHOWN:
            for _ in range(UNSHOWN[token.text]):
                expander.argument()
            expander.hide(token.text)
        elif name in SECTIONS:
            if not self._is_heading():
                return
            self._sentence.end_paragraph()
            self._sections += 1
            self._before = [
                tuple(replace(r, role="earlier") if r.role == "definition" else r for r in rows_)
                for rows_ in self._before
            ]
            if not expander.accepts("*"):
                self._counters.section(name)
        elif name == "@startsection":
            given = [expander.argument() for _ in range(6)]
            level = written(given[0]).strip()
            if not expander.accepts("*") and level in SECTIONS:
                self._counters.section(level)
        elif name == "appendix":
            self._counters.appendix()
        elif name in ("frontmatter", "mainmatter", "backmatter"):
            self._counters.matter(name == "mainmatter")
        elif name == "label":
            label = expander.text()
            if self._groups:
                self._groups[-1].names.insert(0, label)
        elif token.text in _ARGUMENTS_WITHOUT_FORMULAS:
            while expander.optional() is not None:
                pass
            expander.argument()
        elif name == "subequations":
            self._open_group()
        elif name == "endsubequations" and self._groups:
            self._close_group()
        elif name in LAYOUTS and name != "math":
            # an environment by its command, as in \def\be{\equation}
            self._display(name, token.place, f"end{name}")
        elif name == "item":
            self._sentence.end()
