"""The tokens of a document before expansion: files and what is put before them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from eqsolve.errors import InputError
from eqsolve.latex.source.files import MAX_DEPTH, Files
from eqsolve.latex.source.scanner import Scanner, Token

END = Token("command", r"\-end")


class Stream:
    """Tokens that are read and put back.

    Attributes
    ----------
    files : what was read.
    missing : inputs that are not there, with their places.
    notes : what is wrong with the file, with places.
    """

    def __init__(self, path: Path) -> None:
        self.files = Files(path)
        self.missing: list[str] = []
        self.notes = self.files.notes
        self._stack: list[Scanner | list[Token]] = []
        self._paths: list[Path] = []
        self._spent = 0
        self.enter(path, "whole")

    def enter(self, path: Path, part: str = "body", is_package: bool = False) -> None:
        """Go on with a file, then with what comes now.

        Raises
        ------
        InputError
            If it cannot be read, or inputs itself.
        """
        if path in self._paths:
            raise InputError(f"{path.name} inputs itself.", stage="latex check")
        if len(self._paths) >= MAX_DEPTH:
            raise InputError(f"inputs are nested more than {MAX_DEPTH} deep.", stage="latex check")
        scanner = self.files.scanner(path, part)
        scanner.at_is_letter = is_package
        self._stack.append(scanner)
        self._paths.append(path)

    def current(self) -> Scanner | None:
        """The scanner of the file that is being read."""
        return next((s for s in reversed(self._stack) if isinstance(s, Scanner)), None)

    def is_in_file(self) -> bool:
        """Whether the next token comes from a file, not from a macro."""
        while self._stack and not self._stack[-1] and isinstance(self._stack[-1], list):
            self._stack.pop()
        return bool(self._stack) and isinstance(self._stack[-1], Scanner)

    def push(self, tokens: Iterable[Token]) -> None:
        """Put tokens before what comes next."""
        reversed_tokens = list(tokens)
        reversed_tokens.reverse()
        if reversed_tokens:
            self._stack.append(reversed_tokens)

    def raw(self) -> Token | None:
        """The next token, not expanded."""
        while self._stack:
            top = self._stack[-1]
            if isinstance(top, list):
                if top:
                    return top.pop()
                self._stack.pop()
                continue
            self._spent = 0
            token = top.next()
            if token is not None:
                return token
            self._stack.pop()
            self._paths.pop()
        return None

    def peek(self) -> Token | None:
        """The next token that is not blank, not expanded; it stays where it is."""
        token = self.raw()
        while token is not None and token.kind == "blank":
            token = self.raw()
        if token is not None:
            self.push([token])
        return token

    def solid(self) -> Token | None:
        """The next token that is not blank, not expanded."""
        return None if self.peek() is None else self.raw()

    def accepts(self, text: str) -> bool:
        """Consume a text if it comes next."""
        token = self.peek()
        if token is None or token.kind != "text" or not token.text.startswith(text):
            return False
        self.raw()
        if token.text != text:
            self.push([Token("text", token.text[len(text) :], token.place)])
        return True

    def argument(self) -> list[Token]:
        """The next group, without its braces, or the next token."""
        token = self.peek()
        if token is None or token is END or token.kind in ("close", "paragraph"):
            return []
        self.raw()
        if token.kind == "open":
            return self.group(token.place)
        if token.kind == "text" and len(token.text) > 1:
            self.push([Token("text", token.text[1:], token.place)])
            return [Token("text", token.text[0], token.place)]
        return [token]

    def group(self, place: str) -> list[Token]:
        """What comes up to the closing brace of a group that is open."""
        depth, found = 1, list[Token]()
        while (token := self.raw()) is not None:
            if token is END:
                self.push([token])
                break
            if token.kind == "open":
                depth += 1
            elif token.kind == "close":
                depth -= 1
                if not depth:
                    return found
            found.append(token)
        else:
            self.notes.append(f"{place}: a group is not closed; what follows is not read")
        return found

    def optional(self, opening: str = "[", closing: str = "]") -> list[Token] | None:
        """The argument in brackets, if one comes next."""
        if not self.accepts(opening):
            return None
        depth, found = 0, list[Token]()
        while (token := self.raw()) is not None:
            if token is END:
                self.push([token])
                break
            if token.kind == "open":
                depth += 1
            elif token.kind == "close":
                depth -= 1
            if depth == 0 and token.kind == "text" and closing in token.text:
                before, _, after = token.text.partition(closing)
                if before:
                    found.append(Token("text", before, token.place))
                if after:
                    self.push([Token("text", after, token.place)])
                break
            found.append(token)
        return found

    @property
    def path(self) -> Path:
        """The file that is being read."""
        return self._paths[-1] if self._paths else self.files.main

    @property
    def scanner(self) -> Scanner | None:
        """The scanner of the file that is being read; macros that are left are dropped."""
        while self._stack and isinstance(self._stack[-1], list) and END not in self._stack[-1]:
            self._stack.pop()
        top = self._stack[-1] if self._stack else None
        return top if isinstance(top, Scanner) else None
