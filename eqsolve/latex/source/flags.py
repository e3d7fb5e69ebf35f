"""The conditions of TeX, ifthen, etoolbox and xparse that a file defines, sets and tests."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from eqsolve.latex.source.definitions import named
from eqsolve.latex.source.macros import FALSE, NO_VALUE, TRUE, Condition, Macro, written
from eqsolve.latex.source.scanner import Token
from eqsolve.latex.source.stream import END

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
        return _statement(expander, tested)
    return _flag(expander, f"toggle {text}" if "toggle" in command else rf"\if{text}")


def _flag(expander: Expander, name: str) -> bool | None:
    meaning = expander.meanings.get(name)
    return meaning.value if isinstance(meaning, Condition) else None


def _statement(expander: Expander, tested: list[Token]) -> bool | None:
    """A statement of ifthen: a boolean, two texts that are equal or not, or two numbers."""
    text = written(tested).strip()
    if text.startswith((r"\not ", r"\NOT ")):
        rest = [t for t in tested if t.text not in (r"\not", r"\NOT")]
        value = _statement(expander, rest)
        return None if value is None else not value
    if text.startswith(r"\boolean{"):
        return _flag(expander, r"\if" + text.removeprefix(r"\boolean{").removesuffix("}"))
    shown = [t for t in tested if t.kind != "blank"]
    if shown and shown[0].text == r"\equal":
        expander.push([*shown[1:], END])
        one, other = expander.text(), expander.text()
        rest = []
        while (found := expander.raw()) is not None and found is not END:
            rest.append(found)
        # more follows it, such as \AND
        return None if rest else one == other
    return _by_number(expander, expander.spelled(tested))


def _by_number(expander: Expander, tokens: list[Token]) -> bool | None:
    text = written(tokens).replace(" ", "")
    found = re.fullmatch(r"([-+]?[0-9]{1,9})([<=>])([-+]?[0-9]{1,9})", text)
    if found is None:
        return None
    first, second = int(found.group(1)), int(found.group(3))
    return {"<": first < second, "=": first == second, ">": first > second}[found.group(2)]


def _compared(expander: Expander, token: Token) -> None:
    """What etoolbox and the kernel of LaTeX ask about their first arguments."""
    command = token.text
    count, decide = _ASKING[command]
    asked = [expander.argument() for _ in range(count)]
    value = decide(expander, asked)
    expander.choose(command, value, expander.argument(), expander.argument())


def _is_defined(expander: Expander, asked: list[list[Token]]) -> bool | None:
    """Whether a command is: one that the file does not define may be known to TeX."""
    name = asked[0][0].text if asked[0] else ""
    name = name if name.startswith("\\") else "\\" + written(expander.spelled(asked[0])).strip()
    return True if expander.meanings.get(name) is not None else None


def _is_undefined(expander: Expander, asked: list[list[Token]]) -> bool | None:
    return False if _is_defined(expander, asked) else None


def _is_empty(expander: Expander, asked: list[list[Token]]) -> bool | None:
    """Whether a macro stands for nothing."""
    meaning = expander.meanings.get(asked[0][0].text) if asked[0] else None
    return not written(meaning.body).strip() if isinstance(meaning, Macro) else None


def _is_blank(expander: Expander, asked: list[list[Token]]) -> bool | None:
    return not written(asked[0]).strip()


def _is_not_blank(expander: Expander, asked: list[list[Token]]) -> bool | None:
    return bool(written(asked[0]).strip())


def _is_same(expander: Expander, asked: list[list[Token]]) -> bool | None:
    return written(asked[0]) == written(asked[1])


def _stands_for(expander: Expander, asked: list[list[Token]]) -> bool | None:
    meaning = expander.meanings.get(asked[0][0].text) if asked[0] else None
    return written(meaning.body) == written(asked[1]) if isinstance(meaning, Macro) else None


def _is_number(expander: Expander, asked: list[list[Token]]) -> bool | None:
    """Whether two numbers are in a relation, which is that of equality if none is given."""
    one, *sign, other = asked
    relation = sign[0] if sign else [Token("text", "=")]
    return _by_number(expander, [t for a in (one, relation, other) for t in expander.spelled(a)])


def _not_known(expander: Expander, asked: list[list[Token]]) -> bool | None:
    return None


def _chosen(expander: Expander, token: Token) -> None:
    """``\\@firstoftwo``, ``\\@gobble`` and their relatives: one of some arguments, or none."""
    count, place = _CHOOSING[token.text]
    arguments = [expander.argument() for _ in range(count)]
    expander.push(arguments[place] if place >= 0 else [])


_CHOOSING = {
    r"\@firstofone": (1, 0),
    r"\@iden": (1, 0),
    r"\@firstoftwo": (2, 0),
    r"\@secondoftwo": (2, 1),
    r"\@gobble": (1, -1),
    r"\@gobbletwo": (2, -1),
    r"\@gobblethree": (3, -1),
    r"\@gobblefour": (4, -1),
}
#: How many arguments are asked about, and how it is decided.
_ASKING: dict[str, tuple[int, Callable[[Expander, list[list[Token]]], bool | None]]] = {
    **dict.fromkeys((r"\ifdef", r"\ifcsdef", r"\ifcsmacro", r"\ifdefmacro"), (1, _is_defined)),
    **dict.fromkeys((r"\ifundef", r"\ifcsundef", r"\@ifundefined"), (1, _is_undefined)),
    **dict.fromkeys((r"\ifdefempty", r"\ifdefvoid"), (1, _is_empty)),
    **dict.fromkeys((r"\ifblank", r"\ifstrempty"), (1, _is_blank)),
    r"\notblank": (1, _is_not_blank),
    r"\ifstrequal": (2, _is_same),
    r"\ifdefstring": (2, _stands_for),
    r"\ifnumcomp": (3, _is_number),
    r"\ifnumequal": (2, _is_number),
    **dict.fromkeys(
        (
            r"\ifboolexpr \ifnumodd \IfFileExists \@ifpackageloaded \@ifclassloaded "
            r"\IfPackageLoadedTF \IfClassLoadedTF \@ifnextchar \IfFormatAtLeastTF \ifdefparam"
        ).split(),
        (1, _not_known),
    ),
    **dict.fromkeys(
        r"\ifdefequal \ifcsequal \ifcsstring \@ifpackagelater \@ifclasslater".split(),
        (2, _not_known),
    ),
    r"\ifdimcomp": (3, _not_known),
}

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
    **dict.fromkeys(_ASKING, _compared),
    **dict.fromkeys(_CHOOSING, _chosen),
}
