"""Which branches of conditionals TeX takes, as far as that is known."""

from __future__ import annotations

from pathlib import Path

from eqsolve.latex.source.macros import Condition, Meanings
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
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.meanings = Meanings()
        self.in_math = False
        self._branches: list[tuple[str, bool | None]] = []
        self._maybe: list[str] = []

    def _branch(self, name: str, value: bool | None) -> None:
        self._branches.append((name, value))
        if value is False and self._skip_branch() == r"\fi":
            self._branches.pop()

    def _other_branch(self, token: Token) -> None:
        """The second branch begins: TeX skips it after a true condition."""
        if self._branches and self._branches[-1][1] is True:
            while self._skip_branch() not in (r"\fi", ""):
                pass
            self._branches.pop()

    def _skip_branch(self) -> str:
        """Skip to the end of a branch; what ended it."""
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
            elif token.text == r"\else" and not depth:
                return r"\else"
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
        return None

    def _same(self, name: str) -> bool | None:
        pair: list[Token] = []
        for place in range(2):
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
        meanings = [self.meanings.get(t.text) for t in pair]
        if name == r"\ifx" and (first.text == second.text or None not in meanings):
            return first.text == second.text or meanings[0] == meanings[1]
        return None

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
