"""The conditions of TeX, ifthen, etoolbox and xparse that a file defines, sets and tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eqsolve.latex.source.definitions import named
from eqsolve.latex.source.macros import FALSE, NO_VALUE, TRUE, Condition, Macro, written
from eqsolve.latex.source.scanner import Token

if TYPE_CHECKING:
    from eqsolve.latex.source.expansion import Expander


def _newif(expander: Expander, token: Token) -> None:
    """``\\newif\\ifname``: false until ``\\nametrue``."""
    name = named(expander)
    if name.startswith(r"\if"):
        _new_condition(expander, name)


def _new_condition(expander: Expander, name: str) -> None:
    expander.define(name, Condition(False))
    stem = "\\" + name.removeprefix(r"\if")
    for word in ("true", "false"):
        setting = [Token("command", rf"\-set-{word}"), Token("command", name, frozen=True)]
        expander.define(stem + word, Macro((), tuple(setting)))


def _set(expander: Expander, token: Token) -> None:
    name = expander.solid()
    if name is not None:
        expander.define(name.text, Condition(token.text.endswith("true")))


def _new_flag(expander: Expander, token: Token) -> None:
    """Conditions of ifthen and etoolbox."""
    name = expander.text()
    if token.text == r"\newtoggle":
        expander.define(f"toggle {name}", Condition(False))
    else:
        _new_condition(expander, rf"\if{name}")


def _set_flag(expander: Expander, token: Token) -> None:
    name = expander.text()
    command = token.text
    flag = f"toggle {name}" if "toggle" in command else rf"\if{name}"
    value = command.endswith("true")
    if command in (r"\setboolean", r"\setbool", r"\settoggle"):
        value = expander.text() == "true"
    expander.define(flag, Condition(value))


def _test_flag(expander: Expander, token: Token) -> None:
    """``\\iftoggle{name}{yes}{no}``, ``\\ifbool``, ``\\ifthenelse``, ``\\IfNoValueTF``, ..."""
    tested = expander.argument()
    command = token.text
    yes = expander.argument() if not command.endswith("F") or command.endswith("TF") else []
    no = expander.argument() if not command.endswith("T") else []
    value = _tested(expander, command, tested)
    if command in (r"\nottoggle", r"\notbool") and value is not None:
        value = not value
    expander.choose(command, value, yes, no)


def _tested(expander: Expander, command: str, tested: list[Token]) -> bool | None:
    text = written(tested)
    if command.startswith((r"\IfNoValue", r"\IfValue")):
        return (text == NO_VALUE.text) == command.startswith(r"\IfNoValue")
    if command.startswith(r"\IfBoolean"):
        return {TRUE.text: True, FALSE.text: False}.get(text)
    if command == r"\ifthenelse":
        if not text.startswith(r"\boolean{"):
            return None
        text = text.removeprefix(r"\boolean{").removesuffix("}")
    name = f"toggle {text}" if "toggle" in command else rf"\if{text}"
    meaning = expander.meanings.get(name)
    return meaning.value if isinstance(meaning, Condition) else None


COMMANDS: dict[str, Callable[[Expander, Token], None]] = {
    r"\newif": _newif,
    r"\-set-true": _set,
    r"\-set-false": _set,
    **dict.fromkeys(r"\newtoggle \newbool \newboolean \provideboolean".split(), _new_flag),
    **dict.fromkeys(
        r"\toggletrue \togglefalse \booltrue \boolfalse \setboolean \setbool \settoggle".split(),
        _set_flag,
    ),
    **dict.fromkeys(
        r"\iftoggle \nottoggle \ifbool \notbool \ifthenelse \IfNoValueTF \IfNoValueT \IfNoValueF "
        r"\IfValueTF \IfValueT \IfValueF \IfBooleanTF \IfBooleanT \IfBooleanF".split(),
        _test_flag,
    ),
}
