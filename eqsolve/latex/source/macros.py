"""What an author's file defines: macros with their parameters, environments, conditions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from eqsolve.latex.source.scanner import Token


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a macro.

    Attributes
    ----------
    kind : ``m`` mandatory, ``o`` optional in the brackets ``opening`` and ``closing``, ``s`` a
        star or another mark, ``d`` delimited by the tokens of ``until``, ``l`` up to a brace.
    default : tokens if an optional one is absent; None where xparse has no value.
    """

    kind: str
    default: tuple[Token, ...] | None = None
    opening: str = "["
    closing: str = "]"
    until: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro: what must follow its name, its parameters, and what it stands for."""

    parameters: tuple[Parameter, ...]
    body: tuple[Token, ...]
    prefix: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class Surrounding:
    """An environment of the author's; ``collects`` if it takes its content as ``\\BODY``."""

    parameters: tuple[Parameter, ...]
    before: tuple[Token, ...]
    after: tuple[Token, ...]
    collects: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """A conditional; ``value`` is None if it is not known which branch TeX takes."""

    value: bool | None


@dataclass(frozen=True, slots=True)
class Register:
    """A register of TeX that holds a number; ``value`` is None if it is not known."""

    value: int | None


Meaning = Macro | Surrounding | Condition | Register

#: Fonts, which may be written as environments.
_FONTS = frozenset("mathcal mathrm mathbf mathbb mathsf mathit boldsymbol".split())
#: What xparse passes for an absent argument, and for a star that is there or not.
NO_VALUE = Token("command", r"\-NoValue-")
TRUE, FALSE = Token("command", r"\BooleanTrue"), Token("command", r"\BooleanFalse")


@dataclass
class Meanings:
    """What names mean at a place of the file; changes end with the group they are in."""

    table: dict[str, Meaning | None] = field(default_factory=dict)
    _groups: list[dict[str, Meaning | None]] = field(default_factory=list)

    def get(self, name: str) -> Meaning | None:
        """The meaning of a command with its backslash, or of an environment without."""
        return self.table.get(name)

    def define(self, name: str, meaning: Meaning | None, everywhere: bool = False) -> None:
        """Give a name a meaning, in this group or everywhere."""
        if everywhere:
            for group in self._groups:
                group.pop(name, None)
        elif self._groups:
            self._groups[-1].setdefault(name, self.table.get(name))
        self.table[name] = meaning

    def open(self) -> None:
        """A group begins."""
        self._groups.append({})

    def close(self) -> None:
        """A group ends; one too many does nothing."""
        if self._groups:
            self.table.update(self._groups.pop())


def substituted(body: Iterable[Token], arguments: Sequence[Sequence[Token]]) -> list[Token]:
    """A body with its arguments; ``##`` is ``#`` for macros that it defines."""
    result: list[Token] = []
    mark: Token | None = None
    for token in body:
        if mark is None:
            if token.text == "#":
                mark = token
            else:
                result.append(token)
            continue
        if token.text == "#":
            result.append(token)
        elif token.text[:1].isdecimal() and token.text[:1].isascii():
            number = int(token.text[0])
            if 0 < number <= len(arguments):
                result += arguments[number - 1]
            rest = token.text[1:]
            if rest:
                result.append(Token("text", rest, token.place))
        else:
            result += (mark, token)
        mark = None
    return result if mark is None else [*result, mark]


def parameters(count: int, default: tuple[Token, ...] | None) -> tuple[Parameter, ...]:
    """The parameters of ``\\newcommand``: the first one is optional if it has a default."""
    mandatory = (Parameter("m"),) * max(0, min(count, 9))
    return mandatory if default is None else (Parameter("o", default), *mandatory[1:])


def specified(specification: Sequence[Token]) -> tuple[Parameter, ...] | None:
    """The parameters of ``\\NewDocumentCommand``, or None if they are not understood."""
    result: list[Parameter] = []
    letters = list(_pieces(specification))
    while letters:
        letter = letters.pop(0)
        if isinstance(letter, tuple) or letter in ("+", "!", ">"):
            continue
        if letter == "m":
            result.append(Parameter("m"))
        elif letter == "s":
            result.append(Parameter("s", opening="*"))
        elif letter == "o":
            result.append(Parameter("o"))
        elif letter == "O" and letters and isinstance(letters[0], tuple):
            result.append(Parameter("o", letters.pop(0)))  # type: ignore[arg-type]
        elif letter in ("d", "r", "t", "D") and letters:
            opening = letters.pop(0)
            closing = letters.pop(0) if letter != "t" and letters else ""
            if not isinstance(opening, str) or not isinstance(closing, str):
                return None
            default = letters.pop(0) if letter == "D" and letters else None
            if isinstance(default, str):
                return None
            result.append(Parameter("s" if letter == "t" else "o", default, opening, closing))
        else:
            return None
    return tuple(result)


def _pieces(tokens: Sequence[Token]) -> Iterable[str | tuple[Token, ...]]:
    """Single characters and the groups of a specification."""
    depth, group = 0, list[Token]()
    for token in tokens:
        if token.kind == "open":
            depth += 1
            if depth == 1:
                continue
        elif token.kind == "close":
            depth -= 1
            if not depth:
                yield tuple(group)
                group = []
                continue
        if depth:
            group.append(token)
        elif token.kind == "text":
            yield from token.text


def written(tokens: Iterable[Token]) -> str:
    """Tokens as LaTeX again; a command keeps its distance from a letter that follows it."""
    result: list[str] = []
    last = ""
    for token in tokens:
        text = token.text
        if token.kind in ("begin", "end"):
            if text in _FONTS:
                text = f"\\{text}{{" if token.kind == "begin" else "}"
            else:
                text = f"\\{token.kind}{{{text}}}"
        elif token.kind == "paragraph":
            text = " "
        if last[:1] == "\\" and last[-1:].isalpha() and text[:1].isalpha():
            result.append(" ")
        result.append(text)
        last = text
    return "".join(result)
