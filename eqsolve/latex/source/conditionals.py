"""Which branches of conditionals TeX takes, as far as that is known."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path

from eqsolve.latex.source.macros import Condition, Macro, Meaning, Meanings, Register, written
from eqsolve.latex.source.scanner import Token
from eqsolve.latex.source.stream import Stream

CONDITIONALS = frozenset(
    "\\" + name
    for name in (
        "if ifcat ifx ifcase ifnum ifodd ifdim ifvmode ifhmode ifmmode ifinner ifvoid "
        "ifhbox ifvbox "
        "ifeof iftrue iffalse ifdefined ifcsname iffontchar ifpdf ifxetex ifluatex "
        "ifPDFTeX ifXeTeX "
        "ifLuaTeX ifpdftex iftutex ifTUTeX"
    ).split()
)
_DIGITS, _SIGNED = re.compile(r"[0-9]*"), re.compile(r"[-+]*[0-9]*")
_NUMBER = re.compile(r"[-+]?[0-9]{1,9}")
#: Numbers that LaTeX has names for.
_CONSTANTS = {r"\z@": 0, r"\@ne": 1, r"\tw@": 2, r"\thr@@": 3, r"\m@ne": -1}
CERTAIN = Token("command", r"\-certain")


def uncertain(name: str) -> Token:
    """What begins text of which is not known whether, or how often, TeX typesets it."""
    return Token("command", r"\-uncertain", name)


class Conditionals(Stream):
    """Branches that TeX takes and skips.

    Attributes
    ----------
    meanings : what names mean at this place.
    in_math : whether mathematics is being typeset, told by who asks for tokens.
    counted : the value of a counter of LaTeX, told by who counts.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.meanings = Meanings()
        self.in_math = False
        self.counted: Callable[[str], int | None] = lambda name: None
        self._branches: list[tuple[str, bool | None]] = []
        self._maybe: list[str] = []
        self._inverted = False

    @abstractmethod
    def _expand(self, token: Token, macro: Macro) -> None:
        """Put what a macro stands for before what comes next."""

    def invert(self) -> None:
        """``\\unless``: the condition that comes next is inverted."""
        self._inverted = not self._inverted

    def _branch(self, name: str, value: bool | None) -> None:
        if self._inverted:
            value, self._inverted = None if value is None else not value, False
        self._branches.append((name, value))
        if value is False and self._skip_branch() == r"\fi":
            self._branches.pop()

    def _case(self, name: str) -> None:
        """``\\ifcase``: the branch of a number, or that of ``\\else``."""
        number = self.number()
        if number is None:
            self._branch(name, None)
            return
        end = r"\or"
        while number and end == r"\or":
            end = self._skip_branch(cases=True)
            number -= number > 0  # a negative one has no branch
        if end not in (r"\fi", ""):
            self._branches.append((name, True))

    def _other_branch(self, token: Token) -> None:
        """The second branch begins: TeX skips it after a true condition."""
        if self._branches and self._branches[-1][1] is True:
            while self._skip_branch() not in (r"\fi", ""):
                pass
            self._branches.pop()

    def _skip_branch(self, cases: bool = False) -> str:
        """Skip to the end of a branch, of a case if there are some; what ended it."""
        depth = 0
        while (token := self.raw()) is not None:
            if token.kind != "command":
                continue
            if token.text in CONDITIONALS or isinstance(self.meanings.get(token.text), Condition):
                depth += 1
            elif token.text == r"\fi":
                if not depth:
                    return r"\fi"
                depth -= 1
            elif not depth and (token.text == r"\else" or (cases and token.text == r"\or")):
                return token.text
        self.notes.append("a conditional is not closed; the rest is not read")
        return ""

    def _decided(self, name: str) -> bool | None:
        """The value of a condition, as far as it is known without running TeX."""
        if name in (r"\iftrue", r"\iffalse"):
            return name == r"\iftrue"
        if name == r"\ifmmode":
            return self.in_math
        if name in (r"\ifx", r"\if"):
            return self._same(name)
        if name == r"\ifdefined":
            token = self.solid()
            known = token is not None and self.meanings.get(token.text) is not None
            return True if known else None
        if name == r"\ifnum":
            return self._compared()
        if name == r"\ifodd":
            number = self.number()
            return None if number is None else number % 2 == 1
        return None

    def _compared(self) -> bool | None:
        """Two numbers with a relation between them."""
        first = self.number()
        sign = self.solid() if first is not None else None
        if first is None or sign is None or sign.text[:1] not in ("<", "=", ">"):
            return None
        if len(sign.text) > 1:
            self.push([Token("text", sign.text[1:], sign.place)])
        second = self.number()
        if second is None:
            return None
        return {"<": first < second, "=": first == second, ">": first > second}[sign.text[0]]

    def number(self) -> int | None:
        """The number that comes next, if it is written in digits, also by macros."""
        token = self._ahead()
        while token is not None and token.kind == "blank":
            token = self._ahead()
        if token is not None and token.kind == "command":
            known, value = self._held(token)
            if known:
                return value
        text = ""
        while token is not None and token.kind == "text":
            part = (_DIGITS if text.strip("+-") else _SIGNED).match(token.text)
            text += part.group() if part else ""
            rest = token.text[part.end() if part else 0 :]
            if rest:
                token = Token("text", rest, token.place)
                break
            token = self._ahead()
        if token is not None and token.kind != "blank":
            self.push([token])
        return int(text) if _NUMBER.fullmatch(text) else None

    def _held(self, token: Token) -> tuple[bool, int | None]:
        """Whether a command holds a number, and which."""
        name = token.text
        meaning = self.meanings.get(name)
        if isinstance(meaning, Register):
            return True, meaning.value
        if name.startswith(r"\c@"):
            return True, self.counted(name.removeprefix(r"\c@"))
        if name == r"\value":
            return True, self.counted(written(self.argument()).strip())
        return name in _CONSTANTS, _CONSTANTS.get(name)

    def _ahead(self) -> Token | None:
        """The next token that is not a macro of the author's."""
        while (token := self.raw()) is not None:
            meaning = None if token.frozen else self.meanings.get(token.text)
            if token.kind != "command" or not isinstance(meaning, Macro):
                break
            self._expand(token, meaning)
        return token

    def _same(self, name: str) -> bool | None:
        pair: list[Token] = []
        for place in range(2):
            if name == r"\if":
                token = self._ahead()
                while not place and token is not None and token.kind == "blank":
                    token = self._ahead()
            else:
                # the blank after a command means nothing
                token = self.raw() if place and pair[0].kind != "command" else self.solid()
            if token is None:
                return None
            if token.kind == "text" and len(token.text) > 1:
                self.push([Token("text", token.text[1:], token.place)])
                token = Token("text", token.text[0], token.place)
            pair.append(token)
        first, second = pair
        if first.kind != "command" and second.kind != "command":
            return first.text == second.text
        meanings = [self._meaning(t) for t in pair]
        if name == r"\ifx" and (first.text == second.text or None not in meanings):
            return first.text == second.text or meanings[0] == meanings[1]
        return None

    def _meaning(self, token: Token) -> object:
        """What a token means for a comparison; None if it is not known."""
        if token.text in (r"\undefined", r"\@undefined"):
            return ""
        meaning = self.meanings.get(token.text)
        if meaning is None and token.text in (r"\empty", r"\@empty"):
            meaning = Macro((), ())
        return self.comparable(meaning)

    @staticmethod
    def comparable(meaning: Meaning | None) -> object:
        """A meaning without the places where it was written, which do not matter."""
        if isinstance(meaning, Macro):
            return meaning.parameters, [(t.kind, t.text) for t in meaning.body]
        return meaning

    def choose(self, name: str, value: bool | None, yes: list[Token], no: list[Token]) -> None:
        """Go on with one of two texts, or with both if the condition is not known."""
        if value is None:
            self.push([uncertain(name), *yes, *no, CERTAIN])
        else:
            self.push(yes if value else no)

    @property
    def uncertain(self) -> str:
        """The conditional of which is not known which branch TeX takes, if there is one."""
        if self._maybe:
            return self._maybe[-1]
        return next((name for name, value in self._branches if value is None), "")
