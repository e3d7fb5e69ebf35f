"""Groups and environments: own ones are expanded, some are never typeset."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path

from eqsolve.latex.source.conditionals import Conditionals
from eqsolve.latex.source.macros import Macro, Parameter, Surrounding, substituted, written
from eqsolve.latex.source.scanner import Token

NEVER_TYPESET = frozenset(
    "comment alltt verbatim verbatim* Verbatim Verbatim* BVerbatim LVerbatim SaveVerbatim "
    "VerbatimOut "
    "pyconsole pyverbatim pyblock pysub sympycode sympyblock sympyverbatim sympyconsole pylabcode "
    "lstlisting minted filecontents filecontents* tcblisting pycode sagesilent "
    "luacode luacode* asy "
    "asydef python".split()
)
GROUP_END = Token("command", r"\-group-end")


class Environments(Conditionals):
    """Groups and environments.

    Attributes
    ----------
    never_typeset : environments whose content TeX does not typeset as formulas.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.never_typeset = set(NEVER_TYPESET)
        #: What is executed when the document begins.
        self.late: list[Token] = []
        self._groups: list[str] = []
        self._made: list[Token] = []

    @abstractmethod
    def text(self) -> str:
        """An argument as text, expanded."""

    @abstractmethod
    def arguments(
        self, parameters: Iterable[Parameter], prefix: Iterable[Token] = ()
    ) -> list[list[Token]]:
        """Read the arguments of a macro."""

    @property
    def environments(self) -> tuple[str, ...]:
        """The groups and environments that are open."""
        return tuple(self._groups)

    def _open(self, kind: str) -> None:
        self._groups.append(kind)
        self.meanings.open()

    def _close(self, kind: str) -> None:
        if self._groups and self._groups[-1] == kind:
            self._groups.pop()
            self.meanings.close()

    def _environment(self, token: Token) -> None:
        name = self.text()
        begins = token.text == "\\begin"
        meaning = self.meanings.get(name)
        if begins and name in self.never_typeset:
            # within an environment of the author's, its end is the end of the text
            around = () if self.is_in_file() else (g for g in self._groups if g != "{")
            self.skip_environment(name, token.place, *around)
        elif begins and isinstance(meaning, Surrounding):
            self._begin_own(name, meaning, token)
        elif begins:
            self._open(name)
            if name == "document":
                self.push(self.late)
                self.late = []
            self._made = [Token("begin", name, token.place)]
        elif isinstance(meaning, Surrounding):
            if name in self._groups:
                self.push([*meaning.after, GROUP_END])
        else:
            if name == "document":
                self._stack.clear()
                self._paths.clear()
            if name in self._groups:
                while self._groups and self._groups[-1] != name:
                    self._close(self._groups[-1])
                self._close(name)
            self._made = [Token("end", name, token.place)]

    def _begin_own(self, name: str, meaning: Surrounding, token: Token) -> None:
        arguments = self.arguments(meaning.parameters)
        body = substituted(meaning.before, arguments)
        if meaning.collects:
            content = self._content(name, token.place)
            self.push([GROUP_END])
            self._open(name)
            self.meanings.define(r"\BODY", Macro((), tuple(content)))
            self.push([*body, *substituted(meaning.after, arguments)])
            return
        self._open(name)
        # the end may name the arguments of the beginning
        after = tuple(substituted(meaning.after, arguments))
        self.meanings.define(name, Surrounding(meaning.parameters, meaning.before, after))
        self.push(Token(t.kind, t.text, token.place, t.frozen) for t in body)

    def _content(self, name: str, place: str) -> list[Token]:
        """The tokens up to the end of an environment."""
        found: list[Token] = []
        depth = 1
        while (token := self.raw()) is not None:
            if token.text in ("\\begin", "\\end") and token.kind == "command":
                inner = self.argument()
                if written(inner) == name:
                    depth += 1 if token.text == "\\begin" else -1
                    if not depth:
                        return found
                found += (token, Token("open", "{"), *inner, Token("close", "}"))
                continue
            found.append(token)
        self.notes.append(f"{place}: the environment {name} is not ended")
        return found

    def skip_environment(self, name: str, place: str, *around: str) -> None:
        """Go on behind an environment that TeX does not read, or one that is around it."""
        scanner = self.scanner
        ends = [rf"\end{{{end}}}" for end in (name, *around) if end != "document"]
        if scanner is None or not scanner.skip(*ends):
            self.notes.append(f"{place}: the environment {name} is not ended; the rest is not read")

    def skip_own(self, token: Token) -> None:
        """``\\comment`` and ``\\verbatim`` in the definition of an environment."""
        name = next((g for g in reversed(self._groups) if g != "{"), "")
        if isinstance(self.meanings.get(name), Surrounding):
            self.skip_environment(name, token.place)
            self._close(name)
