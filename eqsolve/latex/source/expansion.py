"""Expands an author's file as TeX does: in order, in groups, across inputs.

Definitions hold from where they stand to the end of their group; what TeX skips is skipped. Only
text is replaced by text: nothing is executed, and a budget bounds how much a file can expand to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from eqsolve.latex.grammar.tokens import LETTERS
from eqsolve.latex.source import definitions, flags, inputs, loops, unseen
from eqsolve.latex.source.conditionals import CERTAIN, CONDITIONALS, uncertain
from eqsolve.latex.source.environments import GROUP_END, Environments
from eqsolve.latex.source.files import MAX_SIZE
from eqsolve.latex.source.macros import (
    FALSE,
    NO_VALUE,
    TRUE,
    Condition,
    Macro,
    Meaning,
    Parameter,
    Register,
    substituted,
    written,
)
from eqsolve.latex.source.scanner import Token
from eqsolve.latex.source.stream import END

_DROPPED = frozenset(
    r"\ensuremath \xspace \protect \relax \leavevmode \allowbreak \unskip \ignorespaces \noexpand "
    r"\endcomment \endverbatim \long \outer \protected \makeatother \makeatletter".split()
)

#: Tokens that one token of a file may expand to, and all of them together.
MAX_EXPANSION, MAX_EXPANSIONS = 20_000, MAX_SIZE
#: Commands that end the document, and what ends it.
_ENDING = frozenset((r"\enddocument", r"\stop", r"\bye"))
_IN_BRACES = (Token("open", "{"), Token("text", "document"), Token("close", "}"))
#: Tokens of what an unknown command may choose among.
_MOST = 20_000
#: Commands that keep their meaning whatever a class or a package makes of them.
_KEPT = frozenset(
    "\\" + name
    for name in (
        "part chapter section subsection subsubsection paragraph subparagraph appendix label tag "
        "begin end item footnote caption notag nonumber intertext documentclass usepackage input "
        "include frac sqrt left right text mathbb mathrm mathcal equation endequation bigl bigr"
    ).split()
)
#: Commands that take arguments, and how many.
_TAKING = dict.fromkeys(
    r"\sqrt \hat \widehat \bar \overline \tilde \widetilde \dot \ddot \check \vec "
    r"\underline \mathbb "
    r"\mathcal \mathrm \mathbf \mathsf \mathfrak \mathscr \boldsymbol \bm \text "
    r"\operatorname".split(),
    1,
) | dict.fromkeys(r"\frac \dfrac \tfrac \cfrac \binom \overset \underset \stackrel".split(), 2)

_PRIMITIVES: dict[str, Callable[["Expander", Token], None]] = {
    **definitions.COMMANDS,
    **flags.COMMANDS,
    **inputs.COMMANDS,
    **loops.COMMANDS,
    **unseen.COMMANDS,
}


class Expander(Environments):
    """The tokens of a document after expansion.

    Attributes
    ----------
    class_options : of the document; empty in a fragment.
    everywhere : whether the next definition holds beyond its group.
    only : the files that ``\\includeonly`` names.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.class_options = ""
        self.everywhere = False
        self.only: frozenset[str] | None = None
        self._total = self._seen = 0

    def text(self) -> str:
        """An argument as text, expanded."""
        return written(self.spelled(self.argument())).strip()

    def spelled(self, tokens: Iterable[Token]) -> list[Token]:
        """Tokens after expansion, by themselves."""
        self.push([*tokens, END])
        found = []
        while (token := self.next()) is not None and token is not END:
            found.append(token)
        return found

    def next(self) -> Token | None:
        """The next token after expansion, or None at the end."""
        while (token := self.raw()) is not None:
            if token.kind == "open":
                self._open("{")
                return token
            if token.kind == "close":
                self._close("{")
                return token
            if token.kind != "command" or token is END:
                return token
            if not self._handled(token):
                if token.text in _TAKING:
                    self._keep_arguments(_TAKING[token.text])
                return token
            if self._made:
                return self._made.pop()
        return None

    def _handled(self, token: Token) -> bool:
        """Expand or execute a command; whether it was one that is."""
        name = token.text
        meaning = None if token.frozen else self.meanings.get(name)
        if isinstance(meaning, Macro):
            self._expand(token, meaning)
            return True
        if isinstance(meaning, Condition):
            self._branch(name, meaning.value)
            return True
        if isinstance(meaning, Register):
            if self.accepts("="):
                self.define(name, Register(self.number()))
            return True
        if name in ("\\begin", "\\end"):
            self._environment(token)
        elif name in _PRIMITIVES:
            _PRIMITIVES[name](self, token)
        elif name == r"\ifcase":
            self._case(name)
        elif name in CONDITIONALS:
            self._branch(name, self._decided(name))
        elif name == r"\unless":
            self.invert()
        elif name in (r"\else", r"\or"):
            self._other_branch(token)
        elif name == r"\fi":
            if self._branches:
                self._branches.pop()
        elif name in (r"\begingroup", r"\bgroup"):
            self._open("{")
        elif name in (r"\endgroup", r"\egroup"):
            self._close("{")
        elif token is GROUP_END:
            while self._groups and self._groups[-1] == "{":
                self._close("{")
            self._close(self._groups[-1] if self._groups else "")
        elif name == r"\-uncertain":
            self._maybe.append(token.place)
        elif token is CERTAIN:
            del self._maybe[-1:]
        elif name in (r"\makeatletter", r"\makeatother"):
            scanner = self.current()
            if scanner is not None:
                scanner.at_is_letter = name == r"\makeatletter"
        elif name == r"\global":
            self.everywhere = True
        elif name in unseen.OVERLAYS and self.document_class == "beamer" and not self.in_math:
            unseen.OVERLAYS[name](self, token)
        elif name in _ENDING:
            self.push([Token("command", "\\end"), *_IN_BRACES])
        elif name.startswith((r"\if", r"\@if")) and not self.in_math and not token.frozen:
            return self._chosen(name)
        else:
            return name in _DROPPED
        return True

    def _chosen(self, name: str) -> bool:
        """A command that may choose among the groups that follow it: it is not known which."""
        groups: list[Token] = []
        while (token := self.peek()) is not None and token.kind == "open" and len(groups) < _MOST:
            groups += [Token("open", "{"), *self.argument(), Token("close", "}")]
        self.push([uncertain(name), *groups, CERTAIN] if groups else [])
        return bool(groups)

    def _expand(self, token: Token, macro: Macro) -> None:
        arguments = self.arguments(macro.parameters, macro.prefix)
        body = substituted(macro.body, arguments)
        self._spent += len(body) + 1
        self._total += len(body) + 1
        if self._spent > MAX_EXPANSION or self._total > MAX_EXPANSIONS:
            self.notes.append(
                f"{token.place}: {token.text} expands to too much; it is not expanded"
            )
            self.meanings.define(token.text, None, everywhere=True)
            while self._stack and isinstance(self._stack[-1], list):
                if END in self._stack[-1]:
                    self._stack[-1][:] = [END]
                    break
                self._stack.pop()
            self._made = [Token("command", token.text, token.place, frozen=True)]
            return
        following = self.raw() if self.in_math and body else None
        if following is not None:
            self.push([following])
            if following.kind == "text" and following.text[:1].isalnum():
                # a digit that follows the macro is not one of the body
                body.append(Token("blank", " "))
        # what a macro stands for is where the macro is
        self.push(Token(t.kind, t.text, token.place or t.place, t.frozen) for t in body)

    def _keep_arguments(self, count: int) -> None:
        """What a macro stands for is one argument of a command, also without braces."""
        found: list[Token] = []
        for _ in range(count):
            token = self.peek()
            if token is None or token is END or token.text == "[":
                break
            if self._seen > MAX_EXPANSIONS:
                # what is nested so deep is too large to be compared, too
                found.append(Token("command", r"\beyond"))
                break
            argument = self.argument()
            self._seen += len(argument)
            is_macro = not token.frozen and isinstance(self.meanings.get(token.text), Macro)
            if token.kind == "open" or (token.kind == "command" and is_macro):
                argument = [Token("open", "{"), *argument, Token("close", "}")]
            found += argument
        self.push(found)

    def arguments(
        self, parameters: Iterable[Parameter], prefix: Iterable[Token] = ()
    ) -> list[list[Token]]:
        """Read the arguments of a macro."""
        for expected in prefix:
            found = self.raw()
            if found is not None and found.text != expected.text:
                self.push([found])
        return [self._argument(parameter) for parameter in parameters]

    def _argument(self, parameter: Parameter) -> list[Token]:
        if parameter.kind == "m":
            return self.argument()
        if parameter.kind == "s":
            return [TRUE if self.accepts(parameter.opening) else FALSE]
        if parameter.kind == "o":
            found = self.optional(parameter.opening, parameter.closing)
            if found is not None:
                return found
            return [NO_VALUE] if parameter.default is None else list(parameter.default)
        return self._delimited(parameter)

    def _delimited(self, parameter: Parameter) -> list[Token]:
        """What comes up to the delimiting tokens, or up to a brace."""
        texts = [c for t in parameter.until for c in (t.text if t.kind == "text" else [t.text])]
        found: list[Token] = []
        depth = 0
        while (token := self.raw()) is not None:
            if token is END or (not texts and token.kind == "open"):
                self.push([token])
                break
            if token.kind == "text" and len(token.text) > 1:
                self.push([Token("text", token.text[1:], token.place)])
                token = Token("text", token.text[0], token.place)
            depth += {"open": 1, "close": -1}.get(token.kind, 0)
            found.append(token)
            if texts and depth <= 0 and [t.text for t in found[-len(texts) :]] == texts:
                del found[-len(texts) :]
                break
            if len(found) > MAX_EXPANSION:
                break
        if len(found) > 1 and found[0].kind == "open" and found[-1].kind == "close":
            found = found[1:-1]
        return found

    def define(self, name: str, meaning: Meaning | None) -> None:
        """Give a name a meaning from here on, unless it is not known whether TeX does."""
        if meaning is not None and self.uncertain:
            meaning = self._doubted(name, meaning)
        if name not in _KEPT:
            self.meanings.define(name, meaning, self.everywhere)
        self.everywhere = False

    def _doubted(self, name: str, meaning: Meaning) -> Meaning:
        """A meaning that a name perhaps has: of one that meant nothing it is the only one."""
        if isinstance(meaning, Register):
            return Register(None)
        former = self.meanings.get(name)
        if isinstance(meaning, Condition):
            return meaning if former == meaning else Condition(None)
        if former is None and name not in LETTERS:
            return meaning
        if former is not None and self.comparable(former) == self.comparable(meaning):
            return meaning
        return Macro((), (Token("command", r"\doubtful", frozen=True),))
