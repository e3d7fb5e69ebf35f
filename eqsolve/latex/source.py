"""Finds the formulas of an author's LaTeX file, and the numbers that LaTeX gives them.

The file is read once, expanded as TeX does (``eqsolve.latex.expansion``). Every display is found:
it is read, or listed as passed over with the reason. Nothing is executed; sizes are limited.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from eqsolve.latex.counters import SECTIONS, Counters
from eqsolve.latex.displays import (
    LAYOUTS,
    PASSED,
    Layout,
    Line,
    conditional,
    is_display,
    is_row_end,
    is_text,
    rows,
)
from eqsolve.latex.expansion import Expander
from eqsolve.latex.files import MAX_SIZE
from eqsolve.latex.inputs import SKIPPED_FILE
from eqsolve.latex.macros import Macro, Meaning, written
from eqsolve.latex.prose import Role, Sentence
from eqsolve.latex.scanner import Token
from eqsolve.latex.syntax import Unreadable, begins_with_relation, left_side

__all__ = ["MAX_SIZE", "Document", "Formula", "Passed", "Row", "formulas", "read"]

_IN_LABEL = re.compile(r"(?:^|[:_.-])((?:\d+|[A-Z])\.\d+)$")
_DIMENSION = re.compile(r"\s*[-+]?[\d.,]*\s*(?:pt|em|ex|mm|cm|in|pc|sp|bp|\\\w+)\b.*", re.DOTALL)
#: Commands in displays that leave nothing to read, by the number of their arguments.
_INVISIBLE = {
    r"\hspace": 1,
    r"\vspace": 1,
    r"\phantom": 1,
    r"\hphantom": 1,
    r"\vphantom": 1,
    r"\color": 1,
    r"\textcolor": 1,
    r"\footnote": 1,
    r"\footnotemark": 0,
    r"\footnotetext": 1,
    r"\raisebox": 1,
    r"\intertext": 1,
    r"\shortintertext": 1,
    r"\setlength": 2,
    r"\addtolength": 2,
    r"\displaybreak": 0,
    r"\allowdisplaybreaks": 0,
    r"\pagebreak": 0,
    r"\nopagebreak": 0,
    r"\noindent": 0,
    r"\centering": 0,
    r"\vspace*": 1,
    r"\index": 1,
    r"\hypertarget": 1,
    r"\MoveEqLeft": 0,
    r"\mspace": 1,
    r"\strut": 0,
    r"\mathstrut": 0,
    r"\small": 0,
    r"\footnotesize": 0,
    r"\scriptsize": 0,
    r"\normalsize": 0,
    r"\medskip": 0,
    r"\smallskip": 0,
    r"\bigskip": 0,
    r"\qedhere": 0,
    r"\IEEEeqnarraynumspace": 0,
    r"\IEEEyesnumber": 0,
}
_SILENT = frozenset((r"\notag", r"\nonumber", r"\IEEEnonumber"))
_ARGUMENTS_WITHOUT_FORMULAS = frozenset(
    r"\ref \eqref \cite \citep \citet \textcite \parencite \autoref \cref \Cref "
    r"\pageref \bibliography "
    r"\includegraphics \bibliographystyle \hyperref \nameref \citeauthor \citeyear \fancyhead "
    r"\pagestyle \graphicspath \bibitem \hypersetup \theoremstyle \crefname \Crefname".split()
)


@dataclass(frozen=True)
class Row:
    """One row of a formula: LaTeX with ``&``; ``file:line``; what the words before make of it."""

    tex: str
    place: str
    role: Role = ""


@dataclass(frozen=True)
class Formula:
    """A display of the author's, or one numbered row or group of rows of it.

    Attributes
    ----------
    rows : its content.
    tag : the text of ``\\tag``, without brackets.
    labels : its labels.
    printed : the number that LaTeX prints; empty if none or not known.
    why : why that number is not known.
    place : ``file:line`` of its beginning.
    before : unnumbered formulas since the numbered display before, inline ones included.
    after : inline formulas of the sentence that goes on behind it.
    conditions : formulas that the sentence around it makes conditions.
    block : which environment it is from.
    group : labels and number of the group of equations it belongs to.
    doubt : why it is not known whether TeX typesets it.
    section : how many sections began before it.
    """

    rows: tuple[Row, ...]
    tag: str
    labels: tuple[str, ...]
    printed: str
    why: str
    place: str
    before: tuple[tuple[Row, ...], ...] = ()
    after: tuple[tuple[Row, ...], ...] = ()
    conditions: tuple[str, ...] = ()
    block: int = 0
    group: tuple[str, ...] = ()
    doubt: str = ""
    section: int = 0

    @property
    def named(self) -> tuple[str, ...]:
        """The numbers in its tag and in its labels."""
        found = [m.group(1) for label in self.labels if (m := _IN_LABEL.search(label))]
        return tuple(dict.fromkeys([*([self.tag] if self.tag else []), *found]))

    @property
    def named_group(self) -> tuple[str, ...]:
        """The numbers in the labels of its group."""
        return tuple(m.group(1) for label in self.group if (m := _IN_LABEL.search(label)))

    @property
    def numbers(self) -> tuple[str, ...]:
        """What may be its number, the most reliable first: tag, label, what LaTeX prints."""
        printed = (self.printed,) if self.printed else ()
        return tuple(dict.fromkeys((*self.named, *printed)))


@dataclass(frozen=True)
class Passed:
    """A display that is not compared: where, what, and why."""

    place: str
    environment: str
    reason: str
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Document:
    """The formulas of a file, the displays passed over, missing inputs, and other notes."""

    formulas: tuple[Formula, ...]
    passed: tuple[Passed, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]


def read(path: str | os.PathLike[str]) -> Document:
    """Read a file with its inputs.

    Raises
    ------
    InputError
        If a file cannot be read, inputs itself, or if all are larger than ``MAX_SIZE``.
    """
    return _Walker(Path(path)).document()


def formulas(path: str | os.PathLike[str]) -> tuple[Formula, ...]:
    """The numbered or labelled formulas of a file in order."""
    return read(path).formulas


def missing_inputs(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Where a file, or what it inputs, names an input that is not there: ``place: name``."""
    return read(path).missing


@dataclass
class _Open:
    """A display that is being collected."""

    name: str
    layout: Layout
    place: str
    end: str
    left: list[Token] = field(default_factory=list)
    lines: list[Line] = field(default_factory=lambda: [Line()])
    nested: list[str] = field(default_factory=list)
    depth: int = 0
    #: An environment inside whose rows are numbered.
    inner: str = ""
    in_tag: list[Token] | None = None

    @property
    def line(self) -> Line:
        return self.lines[-1]


@dataclass
class _Group:
    """Equations that are numbered together."""

    names: list[str]
    after: int | None
    #: What ``\\theequation`` means again if no TeX group restores it.
    restored: Meaning | None = None


class _Walker:
    """Walks once over the tokens of a document."""

    def __init__(self, path: Path) -> None:
        self._expander = Expander(path)
        self._counters = Counters(self._expander.meanings)
        self._counters.choose_class("")
        self._class = ""
        self._sentence = Sentence()
        self._formulas: list[Formula] = []
        self._passed: list[Passed] = []
        self._before: list[tuple[Row, ...]] = []
        self._blocks = self._sections = 0
        #: Which formulas the sentence goes on behind.
        self._behind = range(0)
        self._groups: list[_Group] = []
        self._theorems: dict[str, str] = {}
        self._again: list[Token] = []
        self._strange: list[list[str]] = []
        #: The left side of the statement that goes on from row to row.
        self._left = ""

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
        )

    def _next(self) -> Token | None:
        token = self._again.pop() if self._again else self._expander.next()
        if self._expander.document_class != self._class:
            self._class = self._expander.document_class
            self._counters.why = ""
            self._counters.choose_class(self._class)
        return token

    # ----------------------------------------------------------------------- text

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
        self._sentence.end()
        self._behind = range(0)

    def _begin(self, token: Token) -> None:
        name = token.text
        counter = self._theorems.get(name)
        if counter is not None:
            self._counters.step(counter)
        if name == "empheq":
            self._expander.optional()
            inner = self._expander.text().partition("=")[0].strip()
            self._display(inner, token.place, name)
        elif name in LAYOUTS:
            self._display(name, token.place, name)
        elif name == "subequations":
            self._open_group()
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
        if name == "subequations" and self._groups:
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

    def _unknown(self, why: str) -> None:
        self._counters.why = why
        self._counters.set("equation", None)

    def _pass_over(self, token: Token) -> None:
        """Skip a display of a kind that is not read."""
        depth = 1
        content: list[Token] = []
        while depth and (inner := self._next()) is not None:
            if inner.text == token.text and inner.kind in ("begin", "end"):
                depth += 1 if inner.kind == "begin" else -1
            if depth:
                content.append(inner)
        reason = f"the environment {token.text} is not read"
        if depth:
            reason = f"the environment {token.text} is not ended"
        found = tuple(Row(tex, place) for tex, place in rows(content[:2000]))
        self._passed.append(Passed(token.place, token.text, reason, found))
        if not token.text.endswith("*"):
            self._unknown(reason)

    def _open_group(self, everywhere: bool = False) -> None:
        counters = self._counters
        counters.step("equation")
        number = self._printed()
        meanings = self._expander.meanings
        former = meanings.get(r"\theequation") if everywhere else None
        after = counters.values["equation"]
        self._groups.append(_Group([number] if number else [], after, former))
        parent = Macro((), tuple(self._expander.spelled([Token("command", r"\theequation")])))
        if number:
            parent = Macro((), (Token("text", number),))
        meanings.define(r"\theparentequation", parent, everywhere)
        name = [Token("open", "{"), Token("text", "equation"), Token("close", "}")]
        body = (Token("command", r"\theparentequation"), Token("command", r"\alph"), *name)
        meanings.define(r"\theequation", Macro((), body), everywhere)
        counters.set("equation", 0 if number else None)

    def _close_group(self) -> None:
        group = self._groups.pop()
        self._counters.set("equation", group.after)
        if group.restored is not None:
            self._expander.meanings.define(r"\theequation", group.restored, everywhere=True)

    def _printed(self) -> str:
        """The number that LaTeX prints now."""
        tokens = self._expander.spelled([Token("command", r"\theequation")])
        return self._counters.number(tokens)

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
            if token.text in _INVISIBLE and token.kind == "command":
                self._drop(token)
            elif not self._counted(token):
                found.append(token)
        expander.in_math = False
        role = self._sentence.role
        read = tuple(Row(tex, where, role) for tex, where in rows(found))
        if not read or expander.uncertain:
            return
        if role == "condition":
            self._sentence.conditions.append(read[0].tex)
        for k in self._behind if self._sentence.begins_behind else ():
            formula = self._formulas[k]
            if role == "condition":
                condition = (*formula.conditions, read[0].tex)
                self._formulas[k] = replace(formula, conditions=condition)
            self._formulas[k] = replace(self._formulas[k], after=(*formula.after, read))
        self._before.append(read)

    def _drop(self, token: Token) -> None:
        self._expander.accepts("*")
        if token.text in (r"\displaybreak", r"\pagebreak", r"\raisebox", r"\MoveEqLeft"):
            self._expander.optional()
        for _ in range(_INVISIBLE[token.text]):
            self._expander.argument()

    # ------------------------------------------------------------------- commands

    def _command(self, token: Token) -> None:
        expander = self._expander
        name = token.text[1:]
        if token is SKIPPED_FILE or token.text == SKIPPED_FILE.text:
            self._unknown("a file is left out by \\includeonly")
        elif self._counted(token):
            return
        elif name in SECTIONS:
            self._sentence.end()
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
        elif name in LAYOUTS and name != "math":
            # an environment by its command, as in \def\be{\equation}
            self._display(name, token.place, f"end{name}")
        elif name == "item":
            self._sentence.end()

    def _counted(self, token: Token) -> bool:
        """Execute a command that changes a counter; whether it is one."""
        if token.kind != "command":
            return False
        run = _COUNTER_COMMANDS.get(token.text)
        if run is not None:
            run(self, token.text)
        return run is not None

    def _value(self) -> int | None:
        """An argument as a number."""
        tokens = self._expander.spelled(self._expander.argument())
        text = self._counters.number(tokens) if tokens else ""
        digits = text.removeprefix("-")
        if len(digits) > 9 or not (digits.isascii() and digits.isdecimal()):
            return None
        return int(text)

    def _set_counter(self, command: str) -> None:
        counter, value = self._expander.text(), self._value()
        if command == r"\addtocounter":
            self._counters.add(counter, value)
        elif counter == "secnumdepth":
            self._counters.set_depth(value)
        else:
            if value is None:
                self._counters.why = f"{command} gives {counter} a value that is not known"
            self._counters.set(counter, value)

    def _step_counter(self, command: str) -> None:
        self._counters.step(self._expander.text())

    def _within(self, command: str) -> None:
        write = command != r"\@addtoreset" and not self._expander.accepts("*")
        if self._expander.optional() is not None:
            write = True
        counter, above = self._expander.text(), self._expander.text()
        if write and counter == "equation" and self._counters.has_chapters is None:
            self._counters.why = ""
        self._counters.reset_within(counter, above, write)

    def _without(self, command: str) -> None:
        write = command != r"\@removefromreset" and not self._expander.accepts("*")
        counter, above = self._expander.text(), self._expander.text()
        self._counters.no_longer_within(counter, above, write)

    def _new_theorem(self, command: str) -> None:
        """Theorems may be counted with the equations."""
        if self._expander.accepts("*"):
            self._expander.text()
            self._expander.argument()
            return
        name = self._expander.text()
        shared = self._expander.optional()
        self._expander.argument()
        within = self._expander.optional()
        if shared is not None:
            counter = written(shared).strip()
            self._theorems[name] = self._theorems.get(counter, counter)
            return
        self._theorems[name] = name
        self._counters.the(name, None)
        self._counters.set(name, 0)
        if within is not None:
            self._counters.reset_within(name, written(within).strip(), True)

    def _declare_theorem(self, command: str) -> None:
        """``\\declaretheorem[sibling=equation]{name}``."""
        options = written(self._expander.optional() or ())
        name = self._expander.text().partition(",")[0]
        options += written(self._expander.optional() or ())
        found = re.search(
            r"(?:sibling|sharenumber|numberlike|sharecounter)\s*=\s*\{?(\w+)", options
        )
        within = re.search(r"(?:numberwithin|within|parent)\s*=\s*\{?(\w+)", options)
        counter = found.group(1) if found else name
        self._theorems[name] = self._theorems.get(counter, counter)
        if found is None:
            self._counters.the(name, None)
            self._counters.set(name, 0)
            if within is not None:
                self._counters.reset_within(name, within.group(1), True)

    def _new_counter(self, command: str) -> None:
        name = self._expander.text()
        within = self._expander.optional()
        self._counters.set(name, 0)
        self._counters.the(name, None)
        if within is not None:
            self._counters.reset_within(name, written(within).strip(), False)

    # ------------------------------------------------------------------- displays

    def _display(self, name: str, place: str, end: str) -> None:
        """Collect a display up to its end; its rows are numbered as they end."""
        if name not in LAYOUTS:
            self._pass_over(Token("begin", end, place))
            return
        expander = self._expander
        layout = LAYOUTS[name]
        display = _Open(name, layout, place, end)
        if name.startswith("IEEE"):
            expander.optional()
        if name.startswith("dmath"):
            options = written(expander.optional() or ())
            found = re.search(r"label\s*=\s*\{([^{}]*)\}", options)
            display.line.labels += [found.group(1)] if found else []
        if layout.argument:
            argument = expander.argument()
            display.left = expander.spelled(argument) if "cases" in name else []
        if layout.is_group:
            # the environment has ended before its last row does
            self._open_group(everywhere=True)
        first = len(self._formulas)
        expander.in_math = True
        if not layout.by_rows and layout.is_numbered:
            self._counters.step("equation")
        fault = self._collect(display)
        expander.in_math = False
        if fault:
            found_rows = tuple(Row(t, p) for line in display.lines for t, p in rows(line.tokens))
            self._passed.append(Passed(place, name, fault, found_rows))
            self._unknown(fault)
        else:
            self._finish(display)
        if layout.is_group:
            self._close_group()
        self._blocks += 1
        self._behind = range(first, len(self._formulas))
        for k in self._behind:
            conditions = tuple(self._sentence.conditions)
            self._formulas[k] = replace(self._formulas[k], conditions=conditions)
        if self._last_character(display) in ".":
            self._behind = range(0)
        self._sentence.end()

    @staticmethod
    def _last_character(display: _Open) -> str:
        text = written(display.line.tokens).rstrip()
        return text[-1:] or " "

    def _collect(self, display: _Open) -> str:
        """Collect to the end; why it has none."""
        unended = f"the environment {display.name} is not ended"
        while (token := self._next()) is not None:
            kind, text = token.kind, token.text
            if kind == "end":
                if text == display.end and not display.nested:
                    return ""
                if display.nested and display.nested[-1] == text:
                    display.nested.pop()
                    if display.inner == text and not display.nested:
                        self._end_row(display)
                        display.inner = ""
                        display.lines.append(Line(is_silent=True))
                    else:
                        self._put(display, token)
                elif text == display.end:
                    return f"the environment {display.nested[-1]} is not ended"
            elif kind == "begin":
                if display.name.startswith("gather") and text in LAYOUTS and not display.nested:
                    # amsmath numbers the rows of an align inside of a gather
                    display.inner = display.inner or text
                    display.nested.append(text)
                elif text in LAYOUTS or text == "document":
                    self._again.append(token)
                    return unended
                else:
                    display.nested.append(text)
                    self._put(display, token)
            elif kind == "math":
                if self._ends(display, token):
                    return ""
                if text in ("$$", r"\[") and not display.depth and display.name != "$$":
                    self._again.append(token)
                    return unended
                for _ in range(2 if text == "$$" else 1):
                    self._put(display, Token("math", "$", token.place))
            elif kind == "paragraph":
                if display.name in ("$$", r"\["):
                    self._again.append(token)
                    return f"{display.name} is not ended"
            elif kind == "command":
                if text == f"\\{display.end}":
                    return ""
                if text[1:] in SECTIONS or text == r"\item":
                    self._again.append(token)
                    return unended
                self._in_display(display, token)
            else:
                display.depth += {"open": 1, "close": -1}.get(kind, 0)
                self._put(display, token)
        return unended

    @staticmethod
    def _ends(display: _Open, token: Token) -> bool:
        if token.text != display.end:
            return False
        return token.text == r"\]" or display.depth <= 0

    @staticmethod
    def _put(display: _Open, token: Token) -> None:
        if display.in_tag is not None:
            display.in_tag.append(token)
        else:
            display.line.tokens.append(token)

    def _in_display(self, display: _Open, token: Token) -> None:
        expander = self._expander
        text = token.text
        line = display.line
        if text == r"\tag":
            expander.accepts("*")
            tokens = expander.spelled(expander.argument())
            line.tag = (self._counters.number(tokens) or written(tokens)).strip("()$ ")
        elif text == r"\label":
            line.labels.append(expander.text())
        elif text in _SILENT:
            line.is_silent = True
        elif text in (r"\IEEEyesnumber", r"\yesnumber", r"\numberthis"):
            line.is_counted = True
        elif text in (r"\eqno", r"\leqno"):
            display.in_tag = []
        elif text in _INVISIBLE:
            self._drop(token)
        elif self._counted(token):
            return
        elif is_row_end(token):
            # the star or the space to the next row
            expander.accepts("*")
            space = expander.optional()
            if space is not None and not _DIMENSION.fullmatch(written(space)):
                brackets = Token("text", "["), Token("text", "]")
                expander.push([brackets[0], *space, brackets[1]])
            if len(display.nested) > bool(display.inner) or display.depth:
                self._put(display, token)
                self._put(display, Token("blank", " "))
            else:
                self._end_row(display)
                display.lines.append(Line())
        else:
            self._put(display, token)

    def _end_row(self, display: _Open) -> None:
        """A row is complete: it gets its number and becomes a formula, if it has them by rows."""
        line = display.line
        if not display.layout.by_rows:
            line.tokens.append(Token("command", r"\\"))
            return
        layout = LAYOUTS[display.inner] if display.inner else display.layout
        counts = (layout.is_numbered or line.is_counted) and not line.is_silent
        if counts and line.tag is None:
            self._counters.step("equation")
        self._mark(line, counts and line.tag is None)

    def _mark(self, line: Line, is_counted: bool) -> None:
        line.is_counted = is_counted
        if is_counted and line.tag is None:
            self._counters.why = self._counters.why if not self._printed() else ""
        line.printed = line.tag or (self._printed() if is_counted else "")
        line.why = self._counters.why if is_counted and not line.printed else ""

    def _finish(self, display: _Open) -> None:
        layout = display.layout
        if layout.by_rows:
            if len(display.lines) > 1 or not display.line.is_blank:
                self._end_row(display)
        else:
            whole = Line()
            for line in display.lines:
                whole.tokens += line.tokens
                whole.labels += line.labels
                whole.tag = line.tag if line.tag is not None else whole.tag
                whole.is_silent = whole.is_silent or line.is_silent
                whole.is_counted = whole.is_counted or line.is_counted
            if display.in_tag is not None:
                tokens = display.in_tag
                whole.tag = (self._counters.number(tokens) or written(tokens)).strip("()$ ")
            counts = layout.is_numbered and not whole.is_silent and whole.tag is None
            if layout.is_numbered and not counts:
                self._counters.add("equation", -1)
            self._mark(whole, counts)
            display.lines = [whole]
        self._formulate(display)

    def _formulate(self, display: _Open) -> None:
        """Make formulas of rows: those without a number belong to the next one that has one."""
        self._left = ""
        pending: list[Line] = []
        by_rows = display.layout.by_rows
        numbered = display.layout.is_numbered
        for line in display.lines:
            pending.append(line)
            has_number = line.is_counted or line.tag is not None or bool(line.labels)
            if by_rows and not (has_number or (not numbered and line is display.lines[-1])):
                continue
            self._formula(display, pending)
            pending = []
        if any(not line.is_blank for line in pending):
            self._formula(display, pending)

    def _formula(self, display: _Open, lines: Sequence[Line]) -> None:
        last = lines[-1]
        read: list[Row] = []
        for line in lines:
            tokens = line.tokens
            if display.left and not line.is_blank:
                tokens = _case(display.left, tokens)
            read += (Row(tex, place) for tex, place in rows(tokens))
        if not read:
            return
        try:
            if begins_with_relation(read[0].tex) and self._left:
                # the left side is that of the row before, which has its own number
                read.insert(0, replace(read[0], tex=self._left))
            self._left = left_side(read[0].tex) or self._left
        except Unreadable:
            self._left = ""
        labels = tuple(label for line in lines for label in line.labels)
        place = read[0].place
        doubt = self._expander.uncertain
        if doubt:
            doubt = f"it stands in {doubt}, of which is not known whether TeX typesets it"
            if last.is_counted:
                self._unknown(doubt)
        if not (labels or last.printed or last.why or last.tag or self._group_names()):
            role = self._sentence.role
            if not doubt:
                self._before.append(tuple(replace(row, role=role) for row in read))
            reason = doubt or "it has no number and no label"
            self._passed.append(Passed(place, display.name, reason, tuple(read)))
            return
        self._formulas.append(
            Formula(
                tuple(read),
                last.tag or "",
                labels,
                last.printed,
                last.why,
                place,
                tuple(self._before),
                (),
                (),
                self._blocks,
                self._group_names(),
                doubt,
                self._sections,
            )
        )
        self._before = []

    def _group_names(self) -> tuple[str, ...]:
        return tuple(self._groups[-1].names) if self._groups else ()


def _case(left: Sequence[Token], tokens: Sequence[Token]) -> list[Token]:
    """One case of a formula with cases that are numbered one by one."""
    for k, token in enumerate(tokens):
        if token.text == "&":
            return [*left, *tokens[:k], *conditional(tokens[k + 1 :])]
    return [*left, *tokens]


_COUNTER_COMMANDS: dict[str, Callable[[_Walker, str], None]] = {
    r"\setcounter": _Walker._set_counter,
    r"\addtocounter": _Walker._set_counter,
    r"\stepcounter": _Walker._step_counter,
    r"\refstepcounter": _Walker._step_counter,
    r"\numberwithin": _Walker._within,
    r"\counterwithin": _Walker._within,
    r"\@addtoreset": _Walker._within,
    r"\counterwithout": _Walker._without,
    r"\@removefromreset": _Walker._without,
    r"\newtheorem": _Walker._new_theorem,
    r"\spnewtheorem": _Walker._new_theorem,
    r"\declaretheorem": _Walker._declare_theorem,
    r"\newcounter": _Walker._new_counter,
}
