"""Groups and environments: own ones are expanded, some are never typeset."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path

from eqsolve.latex.source.conditionals import Conditionals
from eqsolve.latex.source.macros import (
    Macro,
    Meaning,
    Parameter,
    Surrounding,
    substituted,
    written,
)
from eqsolve.latex.source.scanner import Token

NEVER_TYPESET = frozenset(
    "comment alltt verbatim verbatim* Verbatim Verbatim* BVerbatim LVerbatim SaveVerbatim "
    "VerbatimOut "
    "pyconsole pyverbatim pyblock pysub sympycode sympyblock sympyverbatim sympyconsole pylabcode "
    "lstlisting minted filecontents filecontents* tcblisting pycode sagesilent "
    "luacode luacode* asy "
    "asydef python".split()
)
#: Tells that how often what stands before is counted is not known.
COUNTED_ANEW = Token("command", r"\-counted-anew")
#: Modes of beamer in which slides are made.
_SLIDES = frozenset(("beamer", "presentation", "all"))
#: How many boxes in one another are told apart.
_MOST_BOXES = 100
#: Environments of one name in one another whose hooks are read.
_MOST_HOOKS = 3
GROUP_END = Token("command", r"\-group-end")
_DOCUMENT = Token("text", "document"), Token("close", "}")


class Environments(Conditionals):
    """Groups and environments.

    Attributes
    ----------
    never_typeset : environments whose content TeX does not typeset as formulas.
    in_boxes : those that it typesets and does not show.
    document_class : of the document; empty in a fragment.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.document_class = ""
        self.never_typeset = set(NEVER_TYPESET)
        self.in_boxes: set[str] = set()
        #: What is executed when the document begins.
        self.late: list[Token] = []
        #: What is executed when an environment, or every formula, begins.
        self.hooks: dict[str, list[Token]] = {}
        #: What is executed when it ends.
        self.last: list[Token] = []
        self._groups: list[str] = []
        self._made: list[Token] = []
        #: What keeps the groups that are not shown in a box, and its name, by their depths.
        self._boxes: dict[int, tuple[str, str]] = {}
        self._box: tuple[str, str] | None = None
        self._count = 0

    @abstractmethod
    def text(self) -> str:
        """An argument as text, expanded."""

    @abstractmethod
    def arguments(
        self, parameters: Iterable[Parameter], prefix: Iterable[Token] = ()
    ) -> list[list[Token]]:
        """Read the arguments of a macro."""

    @abstractmethod
    def define(self, name: str, meaning: Meaning | None) -> None:
        """Give a name a meaning from here on."""

    @property
    def environments(self) -> tuple[str, ...]:
        """The groups and environments that are open."""
        return tuple(self._groups)

    def hide(self, command: str, register: str = "") -> None:
        """The group that comes next is kept in a box: it is not shown where it stands."""
        self._count += 1
        name = str(self._count)
        if len(self._boxes) < _MOST_BOXES:
            # what is in the box around is in the box
            self._box = command, name
        if register:
            self.define(f"box {register}", Macro((), (Token("text", name),)))

    @property
    def hidden(self) -> tuple[str, str] | None:
        """The command that keeps what comes now in a box, and the name of what it keeps."""
        return next((box for box in reversed(self._boxes.values()) if box[1]), None)

    @property
    def uncertain(self) -> str:
        """What makes it unknown whether TeX typesets what comes now, if something does."""
        return super().uncertain or next((c for c, name in self._boxes.values() if not name), "")

    def slides(self) -> str:
        """The slides of beamer on which something stands, such as ``<2->``, if they come next."""
        if not self.accepts("<"):
            return ""
        found = ""
        while (token := self.raw()) is not None and token.kind in ("text", "blank"):
            if token.text == ">":
                return found
            found += token.text
        self.push([] if token is None else [token])
        return found

    def _open(self, kind: str) -> None:
        self._groups.append(kind)
        self.meanings.open()
        if self._box is not None:
            self._boxes[len(self._groups)] = self._box
            self._box = None

    def _close(self, kind: str) -> None:
        if self._groups and self._groups[-1] == kind:
            self._boxes.pop(len(self._groups), None)
            self._groups.pop()
            self.meanings.close()

    def _environment(self, token: Token) -> None:
        name = self.text()
        begins = token.text == "\\begin"
        meaning = self.meanings.get(name)
        if begins and name in ("filecontents", "filecontents*"):
            self._write_file(name, token.place)
        elif begins and name in self.never_typeset:
            # within an environment of the author's, its end is the end of the text
            around = () if self.is_in_file() else (g for g in self._groups if g != "{")
            self.skip_environment(name, token.place, *around)
        elif begins and isinstance(meaning, Surrounding):
            self._begin_own(name, meaning, token)
        elif begins:
            slides = self.slides() if self.document_class == "beamer" else ""
            if name == "lrbox":
                self.hide(name, self.text())
            elif name in self.in_boxes:
                self.hide(name)
            elif is_elsewhere(slides):
                self._box = f"{name}<{slides}>", ""
            self._open(name)
            # a hook that begins the environment it belongs to would have no end
            if name in self.hooks and self._groups.count(name) <= _MOST_HOOKS:
                self.push(self.hooks[name])
            if name == "onlyenv" and slides:
                self.push([COUNTED_ANEW])
            if name == "document":
                self.push(self.late)
                self.late = []
            self._made = [Token("begin", name, token.place)]
        elif isinstance(meaning, Surrounding):
            if name in self._groups:
                self.push([*meaning.after, GROUP_END])
        else:
            if name == "document":
                self._finish()
                if self.last:
                    self.push([*self.last, token, Token("open", "{"), *_DOCUMENT])
                    self.last = []
                    return
            if name in self._groups:
                while self._groups and self._groups[-1] != name:
                    self._close(self._groups[-1])
                self._close(name)
            self._made = [Token("end", name, token.place)]

    def _finish(self) -> None:
        """Leave out what stands behind the end of the document."""
        self._stack.clear()
        self._paths.clear()

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

    def _write_file(self, name: str, place: str) -> None:
        """``filecontents``: a file that may be read later, unless it is there already."""
        self.optional()
        file = self.files.main.parent / self.text()
        scanner = self.scanner
        found, text = scanner.skipped(rf"\end{{{name}}}") if scanner is not None else (False, "")
        if not found:
            self.notes.append(f"{place}: the environment {name} is not ended; the rest is not read")
        elif not file.is_file():
            self.files.made[file] = text.removesuffix(rf"\end{{{name}}}").partition("\n")[2]

    def skip_own(self, token: Token) -> None:
        """``\\comment`` and ``\\verbatim`` in the definition of an environment."""
        name = next((g for g in reversed(self._groups) if g != "{"), "")
        if isinstance(self.meanings.get(name), Surrounding):
            self.skip_environment(name, token.place)
            self._close(name)


def is_elsewhere(slides: str) -> bool:
    """Whether slides such as ``article`` or ``0`` are perhaps none of the presentation."""
    modes = {word.strip("0123456789-+.,() ") for word in slides.replace("|", ":").split(":")}
    return slides.strip() == "0" or bool(modes - _SLIDES - {""})
