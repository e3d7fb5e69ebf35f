"""The commands whose text TeX writes elsewhere, keeps in a box, or takes as it is.

What stands in a box is counted where it stands, and typeset where the box is used, if it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eqsolve.latex.source.conditionals import CERTAIN, uncertain
from eqsolve.latex.source.environments import COUNTED_ANEW, is_elsewhere
from eqsolve.latex.source.macros import Macro, written
from eqsolve.latex.source.scanner import Token

if TYPE_CHECKING:
    from eqsolve.latex.source.expansion import Expander

#: Commands that typeset a box, which a register holds.
USING = frozenset(r"\usebox \box \copy \unhbox \unvbox \unhcopy \unvcopy".split())
#: Commands that typeset their argument and do not show it.
UNSHOWN = {
    **dict.fromkeys((r"\phantom", r"\hphantom", r"\vphantom"), 0),
    **dict.fromkeys((r"\settowidth", r"\settoheight", r"\settodepth"), 1),
}
#: Arguments that are written to the terminal or to a file, or are not typeset for other reasons.
_ELSEWHERE = {
    **dict.fromkeys(
        r"\typeout \message \errmessage \wlog \detokenize \special \pdfliteral \pdfinfo "
        r"\GenericInfo \PackageInfo \ClassInfo".split(),
        1,
    ),
    **dict.fromkeys((r"\PackageWarning", r"\ClassWarning", r"\addtocontents"), 2),
    **dict.fromkeys((r"\PackageError", r"\ClassError"), 3),
}
_ENDING = frozenset((r"\DeleteShortVerb", r"\UndefineShortVerb", r"\lstDeleteShortInline"))
#: Environments of the class exam that are kept in a box.
SOLUTIONS = frozenset("solution solutionorbox solutionorlines solutionordottedlines".split())


def register(expander: Expander) -> str:
    """The register of a box: a number or a command, in a group or not."""
    token = expander.peek()
    if token is None:
        return ""
    if token.kind == "open":
        return written(expander.argument()).strip()
    if token.kind == "command":
        expander.raw()
        return token.text
    number = expander.number()
    return "" if number is None else str(number)


def held(expander: Expander, name: str) -> str:
    """What a register of a box holds: the name that ``Environments.hide`` gave it."""
    meaning = expander.meanings.get(f"box {name}")
    return written(meaning.body) if isinstance(meaning, Macro) else ""


def _box(expander: Expander, token: Token) -> None:
    r"""``\sbox{\register}{text}``, ``\savebox{\register}[width][place]{text}``."""
    name = register(expander)
    while token.text == r"\savebox" and expander.optional() is not None:
        pass
    _hide(expander, token.text, name)


def _set_box(expander: Expander, token: Token) -> None:
    r"""``\setbox0=\hbox to 1cm{text}``; the group may be ``\bgroup .. \egroup``."""
    name = register(expander)
    expander.accepts("=")
    kind = expander.peek()
    if kind is None or kind.text not in (r"\hbox", r"\vbox", r"\vtop"):
        return
    expander.raw()
    for _ in range(20):
        found = expander.peek()
        if found is None or found.kind == "open" or found.text in (r"\bgroup", r"\begingroup"):
            break
        expander.raw()
    _hide(expander, token.text, name)


def _hide(expander: Expander, command: str, name: str) -> None:
    following = expander.peek()
    if following is not None and (following.kind == "open" or following.text == r"\bgroup"):
        expander.hide(command, name)


def _elsewhere(expander: Expander, token: Token) -> None:
    for _ in range(_ELSEWHERE[token.text]):
        expander.argument()


def _write(expander: Expander, token: Token) -> None:
    register(expander)
    expander.argument()


def _short(expander: Expander, token: Token) -> None:
    r"""``\MakeShortVerb{\|}``: from here on ``|..|`` is verbatim."""
    expander.accepts("*")
    expander.optional()
    mark = written(expander.argument()).removeprefix("\\")
    if len(mark) == 1 and token.text in _ENDING:
        expander.files.short.discard(mark)
    elif len(mark) == 1:
        expander.files.short.add(mark)


def _overlay(expander: Expander, token: Token) -> None:
    r"""``\only<2>{text}``, ``\alt<2>{text}{other}``, ``\mode<article>{text}``, ``\note{text}``."""
    command = token.text
    slides = expander.slides()
    expander.optional()
    following = expander.peek()
    if following is None or following.kind != "open":
        return
    content = expander.argument()
    other = expander.argument() if command == r"\alt" else []
    group = [Token("open", "{"), *content, Token("close", "}"), *other]
    if command == r"\note" or is_elsewhere(slides):
        group = [uncertain(command), *group, CERTAIN]
    if command in (r"\only", r"\alt") and slides:
        group.append(COUNTED_ANEW)
    expander.push(group)


def _answers(expander: Expander, token: Token) -> None:
    """The class exam shows solutions only if it is told to."""
    expander.in_boxes.difference_update(SOLUTIONS)


COMMANDS: dict[str, Callable[[Expander, Token], None]] = {
    **dict.fromkeys((r"\sbox", r"\savebox"), _box),
    r"\setbox": _set_box,
    **dict.fromkeys(_ELSEWHERE, _elsewhere),
    r"\write": _write,
    r"\printanswers": _answers,
    **dict.fromkeys(
        (r"\MakeShortVerb", r"\DefineShortVerb", r"\lstMakeShortInline", *_ENDING),
        _short,
    ),
}
#: Those that the class beamer has.
OVERLAYS: dict[str, Callable[[Expander, Token], None]] = dict.fromkeys(
    (r"\only", r"\alt", r"\mode", r"\note"), _overlay
)
