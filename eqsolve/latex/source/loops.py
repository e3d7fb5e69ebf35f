"""The commands that repeat text: how often is not known without running TeX."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from eqsolve.latex.source.conditionals import CERTAIN, uncertain
from eqsolve.latex.source.scanner import Token

if TYPE_CHECKING:
    from eqsolve.latex.source.expansion import Expander

#: How many arguments stand before the text that is repeated.
_BEFORE = {r"\whiledo": 1, r"\forloop": 3, r"\multido": 2}
#: Tokens of what a variable of ``\\foreach`` runs through.
_MOST = 200


def _loop(expander: Expander, token: Token) -> None:
    """``\\loop text \\repeat``."""
    expander.push([uncertain(token.text)])


def _repeat(expander: Expander, token: Token) -> None:
    expander.push([CERTAIN])


def _repeated(expander: Expander, token: Token) -> None:
    expander.optional()
    for _ in range(_BEFORE[token.text]):
        expander.argument()
    expander.push([uncertain(token.text), *expander.argument(), CERTAIN])


def _foreach(expander: Expander, token: Token) -> None:
    """``\\foreach \\x in {list} {text}``."""
    for _ in range(_MOST):
        found = expander.raw()
        if found is None or found.kind in ("paragraph", "open"):
            expander.push([] if found is None else [found])
            return
        if found.kind == "text" and found.text == "in":
            break
    expander.argument()
    following = expander.peek()
    if following is not None and following.kind == "open":
        expander.push([uncertain(token.text), *expander.argument(), CERTAIN])


COMMANDS: dict[str, Callable[[Expander, Token], None]] = {
    r"\loop": _loop,
    r"\repeat": _repeat,
    **dict.fromkeys(_BEFORE, _repeated),
    r"\foreach": _foreach,
}
