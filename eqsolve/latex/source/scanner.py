"""Splits a LaTeX file into tokens, once and from the left, with the scanner of pylatexenc.

Comments are dropped and blanks condensed as TeX does. Nothing is expanded here; see
``eqsolve.latex.source.expansion``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from pylatexenc.latexwalker import LatexWalker, LatexWalkerEndOfStream
from pylatexenc.macrospec import LatexContextDb

Kind = Literal["command", "text", "blank", "paragraph", "open", "close", "math", "begin", "end"]

_PLAIN = re.compile(r"[^\\{}$%#&~^_\[\]*=<>:\s]+")
_BLANK = re.compile(r"\s+")
_OPTIONS = re.compile(r"\*?(?:[ \t]*\[[^\[\]\n]*\])?")
_LETTERS = re.compile(r"[A-Za-z]+")
_LETTERS_AND_AT = re.compile(r"[A-Za-z@]+")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of LaTeX.

    Attributes
    ----------
    kind : ``math`` is a dollar, two, or ``\\( \\) \\[ \\]``; ``begin`` and ``end`` of an
        environment are made by the expansion, their text is its name.
    text : the characters; a command with its backslash.
    place : ``file:line``.
    frozen : whether a command keeps the meaning that LaTeX gives it, as after ``\\let``.
    """

    kind: Kind
    text: str
    place: str = ""
    frozen: bool = False


class Scanner:
    """The tokens of one file, asked for one by one.

    Parameters
    ----------
    text : the file, with line feeds as ends of lines.
    name : what places call it.
    short : the characters between which text is verbatim at present.
    """

    def __init__(self, text: str, name: str, short: AbstractSet[str] = frozenset()) -> None:
        self._text, self._name, self._at = text, name, 0
        self._short = short
        self._walker = LatexWalker(text, latex_context=LatexContextDb(), tolerant_parsing=True)
        self._starts = [0, *(m.end() for m in re.finditer("\n", text))]
        #: Whether ``@`` is a letter, as in packages and after ``\\makeatletter``.
        self.at_is_letter = False

    @property
    def place(self) -> str:
        """Where the next token stands."""
        return f"{self._name}:{bisect_right(self._starts, self._at)}"

    def next(self) -> Token | None:
        """The next token, or None at the end."""
        text = self._text
        while self._at < len(text):
            place, start = self.place, self._at
            blank = _BLANK.match(text, start)
            if blank is not None:
                self._at = blank.end()
                return _blank(blank.group(), place)
            if text[start] in self._short:
                self.skip_delimited()
                continue
            plain = _PLAIN.match(text, start)
            if plain is not None:
                found = plain.group()
                for mark in self._short:
                    found = found.partition(mark)[0]
                self._at = start + len(found)
                return Token("text", found, place)
            if text[start] == "\\":
                return self._command(place)
            if text[start] in "{}":
                self._at += 1
                return Token("open" if text[start] == "{" else "close", text[start], place)
            try:
                token = self._walker.get_token(start, environments=False)
            except LatexWalkerEndOfStream:
                break
            self._at = token.pos + token.len
            if token.tok == "comment":
                continue
            return Token(_KINDS.get(token.tok, "text"), text[token.pos : self._at], place)
        self._at = len(text)
        return None

    def _command(self, place: str) -> Token:
        """A command; a blank after it is a token of its own, for TeX without meaning."""
        start = self._at
        if start + 1 == len(self._text):
            self._at += 1
            return Token("text", "\\", place)
        try:
            found = self._walker.get_token(start, environments=False)
            kind = _KINDS.get(found.tok, "command")
        except LatexWalkerEndOfStream:
            kind = "command"
        letters = _LETTERS_AND_AT if self.at_is_letter else _LETTERS
        name = letters.match(self._text, start + 1)
        end = name.end() if name else start + 2
        text = self._text[start:end]
        self._at = end
        if name is None and text[1].isspace():
            text = "\\ "
        return Token(kind, text, place)

    # ------------------------------------------------------------- what TeX does not read

    def skip(self, *ends: str) -> bool:
        """Go on behind the first of some texts; whether one is there. Otherwise go to the end."""
        found = ((self._text.find(end, self._at), end) for end in ends)
        place, end = min((f for f in found if f[0] >= 0), default=(-1, ""))
        self._at = len(self._text) if place < 0 else place + len(end)
        return place >= 0

    def skip_options(self) -> None:
        """Go on behind a star and what stands in brackets."""
        options = _OPTIONS.match(self._text, self._at)
        self._at = options.end() if options else self._at

    def skip_delimited(self) -> None:
        """Go on behind the second of two equal characters, as of ``\\verb|..|``, or a group."""
        first = self._text[self._at : self._at + 1]
        self._at += 1
        if first != "{":
            self.skip(first)
            return
        depth = 1
        for brace in re.compile(r"[{}]").finditer(self._text, self._at):
            depth += 1 if brace.group() == "{" else -1
            if not depth:
                self._at = brace.end()
                return
        self._at = len(self._text)

    def skipped(self, *ends: str) -> tuple[bool, str]:
        """As ``skip``, with the text that is gone."""
        start = self._at
        found = self.skip(*ends)
        return found, self._text[start : self._at]

    def finish(self) -> None:
        """Leave out the rest, from the next line on."""
        end = self._text.find("\n", self._at)
        self._text = self._text[: end if end >= 0 else len(self._text)]


def _blank(text: str, place: str) -> Token:
    return Token("paragraph", "\n\n", place) if text.count("\n") > 1 else Token("blank", " ", place)


_KINDS: dict[str, Kind] = {
    "macro": "command",
    "char": "text",
    "brace_open": "open",
    "brace_close": "close",
    "mathmode_inline": "math",
    "mathmode_display": "math",
}
