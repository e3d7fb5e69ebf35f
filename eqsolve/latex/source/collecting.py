"""Collects displays: their rows, numbers, labels and tags."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from eqsolve.latex.source.counters import SECTIONS
from eqsolve.latex.source.displays import LAYOUTS, Line, Open
from eqsolve.latex.source.formula import Passed, Row
from eqsolve.latex.source.formulating import Formulating
from eqsolve.latex.source.macros import written
from eqsolve.latex.source.rows import is_row_end, rows
from eqsolve.latex.source.scanner import Token

_DIMENSION = re.compile(r"\s*[-+]?[\d.,]*\s*(?:pt|em|ex|mm|cm|in|pc|sp|bp|\\\w+)\b.*", re.DOTALL)


_SILENT = frozenset((r"\notag", r"\nonumber", r"\IEEEnonumber"))
#: Text between rows, which ends the one before.
_BETWEEN_ROWS = frozenset((r"\intertext", r"\shortintertext"))
#: Commands in displays that leave nothing to read, by the number of their arguments.
INVISIBLE = {
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
    r"\resizebox": 2,
    r"\scalebox": 1,
    r"\colorbox": 1,
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


#: Tokens of a row beyond which it is not compared.
MAX_TOKENS = 50_000


class Collecting(Formulating):
    """Collects displays."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._class = ""
        self._again: list[Token] = []
        #: Which formulas the sentence goes on behind.
        self._behind = range(0)

    def _next(self) -> Token | None:
        token = self._again.pop() if self._again else self._expander.next()
        if self._expander.document_class != self._class:
            self._class = self._expander.document_class
            self._counters.why = ""
            self._counters.choose_class(self._class)
        return token

    def _display(self, name: str, place: str, end: str) -> None:
        """Collect a display up to its end; its rows are numbered as they end."""
        if name not in LAYOUTS:
            self._pass_over(Token("begin", end, place))
            return
        expander = self._expander
        layout = LAYOUTS[name]
        display = Open(name, layout, place, end)
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
        goes_on = self._behind if self._sentence.begins_behind else range(0)
        known = len(self._before)
        expander.in_math = True
        for hook in (r"\everydisplay", r"\everymath"):
            expander.push(expander.hooks.get(hook, ()))
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
        if not self._behind and len(self._before) > known:
            # where and a display without a number go on with the one before
            for k in goes_on:
                after = (*self._formulas[k].after, *self._before[known:])
                self._formulas[k] = replace(self._formulas[k], after=after)
            self._behind = goes_on
        for k in range(first, len(self._formulas)):
            conditions = tuple(self._sentence.conditions)
            self._formulas[k] = replace(self._formulas[k], conditions=conditions)
        if self._last_character(display) in ".":
            self._behind = range(0)
        self._sentence.end()

    def _collect(self, display: Open) -> str:
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

    def _in_display(self, display: Open, token: Token) -> None:
        expander = self._expander
        text = token.text
        line = display.line
        if text == r"\tag":
            expander.accepts("*")
            tokens = expander.spelled(expander.argument())
            line.tag = (self._counters.number(tokens) or written(tokens)).strip("()$ ")
        elif text == r"\label" and display.name == "subeqnarray":
            self._groups[-1].names.insert(0, expander.text())
        elif text in (r"\label", r"\slabel"):
            line.labels.append(expander.text())
        elif text in _SILENT:
            line.is_silent = True
        elif text in (r"\IEEEyesnumber", r"\yesnumber", r"\numberthis"):
            line.is_counted = True
        elif text in (r"\eqno", r"\leqno"):
            display.in_tag = []
        elif text in INVISIBLE:
            self._drop(token)
            outside = len(display.nested) <= bool(display.inner) and not display.depth
            if text in _BETWEEN_ROWS and outside and not line.is_blank:
                self._end_row(display)
                display.lines.append(Line())
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

    def _drop(self, token: Token) -> None:
        self._expander.accepts("*")
        if token.text in (r"\displaybreak", r"\pagebreak", r"\raisebox", r"\MoveEqLeft"):
            self._expander.optional()
        for _ in range(INVISIBLE[token.text]):
            self._expander.argument()

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

    @staticmethod
    def _last_character(display: Open) -> str:
        text = written(display.line.tokens).rstrip()
        return text[-1:] or " "

    @staticmethod
    def _ends(display: Open, token: Token) -> bool:
        if token.text != display.end:
            return False
        return token.text == r"\]" or display.depth <= 0

    @staticmethod
    def _put(display: Open, token: Token) -> None:
        if display.in_tag is not None:
            display.in_tag.append(token)
        elif len(display.line.tokens) < MAX_TOKENS:
            display.line.tokens.append(token)
        else:
            display.line.is_cut = True
