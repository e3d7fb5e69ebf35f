"""Expands an author's file as TeX does: in order, in groups, across inputs.

Definitions hold from where they stand to the end of their group; what TeX skips is skipped. Only
text is replaced by text: nothing is executed, and a budget bounds how much a file can expand to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from eqsolve.errors import InputError
from eqsolve.latex import definitions, inputs
from eqsolve.latex.files import MAX_DEPTH, MAX_SIZE, Files
from eqsolve.latex.macros import (
    FALSE,
    NO_VALUE,
    TRUE,
    Condition,
    Macro,
    Meaning,
    Meanings,
    Parameter,
    Surrounding,
    substituted,
    written,
)
from eqsolve.latex.scanner import Scanner, Token

#: Tokens that one token of a file may expand to, and all of them together.
MAX_EXPANSION, MAX_EXPANSIONS = 20_000, 4 * MAX_SIZE

_PRIMITIVES: dict[str, Callable[["Expander", Token], None]] = {
    **definitions.COMMANDS,
    **inputs.COMMANDS,
}
_CONDITIONALS = frozenset(
    "\\" + name
    for name in (
        "if ifcat ifx ifcase ifnum ifodd ifdim ifvmode ifhmode ifmmode ifinner ifvoid "
        "ifhbox ifvbox "
        "ifeof iftrue iffalse ifdefined ifcsname iffontchar ifpdf ifxetex ifluatex "
        "ifPDFTeX ifXeTeX "
        "ifLuaTeX ifpdftex iftutex ifTUTeX"
    ).split()
)
_NEVER_TYPESET = frozenset(
    "comment alltt verbatim verbatim* Verbatim Verbatim* BVerbatim LVerbatim SaveVerbatim "
    "VerbatimOut "
    "lstlisting minted filecontents filecontents* tcblisting pycode sagesilent "
    "luacode luacode* asy "
    "asydef python".split()
)
#: Commands that keep their meaning whatever a class or a package makes of them.
_KEPT = frozenset(
    "\\" + name
    for name in (
        "part chapter section subsection subsubsection paragraph subparagraph appendix label tag "
        "begin end item footnote caption notag nonumber intertext documentclass usepackage input "
        "include frac sqrt left right text mathbb mathrm mathcal equation endequation bigl bigr"
    ).split()
)
_DROPPED = frozenset(
    r"\ensuremath \xspace \protect \relax \leavevmode \allowbreak \unskip \ignorespaces \noexpand "
    r"\endcomment \endverbatim \long \outer \protected \makeatother \makeatletter".split()
)
#: Commands that take arguments, and how many.
_TAKING = dict.fromkeys(
    r"\sqrt \hat \widehat \bar \overline \tilde \widetilde \dot \ddot \check \vec "
    r"\underline \mathbb "
    r"\mathcal \mathrm \mathbf \mathsf \mathfrak \mathscr \boldsymbol \bm \text "
    r"\operatorname".split(),
    1,
) | dict.fromkeys(r"\frac \dfrac \tfrac \cfrac \binom \overset \underset \stackrel".split(), 2)
_END = Token("command", r"\-end")
_GROUP_END = Token("command", r"\-group-end")
_UNCERTAIN, _CERTAIN = Token("command", r"\-uncertain"), Token("command", r"\-certain")


class Expander:
    """The tokens of a document after expansion.

    Attributes
    ----------
    meanings : what names mean at this place.
    files : what was read.
    missing : inputs that are not there, with their places.
    notes : what is wrong with the file, with places.
    document_class, class_options : of the document; empty in a fragment.
    in_math : whether mathematics is being typeset, told by who asks for tokens.
    """

    def __init__(self, path: Path) -> None:
        self.files = Files(path)
        self.meanings = Meanings()
        self.missing: list[str] = []
        self.notes = self.files.notes
        self.document_class = self.class_options = ""
        self.in_math = False
        self._stack: list[Scanner | list[Token]] = []
        self._paths: list[Path] = []
        self._branches: list[tuple[str, bool | None]] = []
        self._maybe = 0
        self._groups: list[str] = []
        self.everywhere = False
        self._spent = self._total = 0
        self._made: list[Token] = []
        self.only: frozenset[str] | None = None
        self.never_typeset = set(_NEVER_TYPESET)
        self.enter(path, "whole")

    # ------------------------------------------------------------------- raw tokens

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

    @property
    def path(self) -> Path:
        """The file that is being read."""
        return self._paths[-1] if self._paths else self.files.main

    @property
    def scanner(self) -> Scanner | None:
        """The scanner of the file that is being read; macros that are left are dropped."""
        while self._stack and isinstance(self._stack[-1], list) and _END not in self._stack[-1]:
            self._stack.pop()
        top = self._stack[-1] if self._stack else None
        return top if isinstance(top, Scanner) else None

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
        if token is None or token is _END or token.kind in ("close", "paragraph"):
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
            if token is _END:
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
            if token is _END:
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

    def text(self) -> str:
        """An argument as text, expanded."""
        return written(self.spelled(self.argument())).strip()

    def spelled(self, tokens: Iterable[Token]) -> list[Token]:
        """Tokens after expansion, by themselves."""
        self.push([*tokens, _END])
        found = []
        while (token := self.next()) is not None and token is not _END:
            found.append(token)
        return found

    # -------------------------------------------------------------------- expansion

    @property
    def uncertain(self) -> str:
        """The conditional of which is not known which branch TeX takes, if there is one."""
        if self._maybe:
            return r"\ifthenelse"
        return next((name for name, value in self._branches if value is None), "")

    def next(self) -> Token | None:
        """The next token after expansion, or None at the end."""
        while (token := self.raw()) is not None:
            if token.kind == "open":
                self._open("{")
                return token
            if token.kind == "close":
                self._close("{")
                return token
            if token.kind != "command" or token is _END:
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
        if name in ("\\begin", "\\end"):
            self._environment(token)
        elif name in _PRIMITIVES:
            _PRIMITIVES[name](self, token)
        elif name in _CONDITIONALS:
            self._branch(name, self._decided(name))
        elif name in (r"\else", r"\or"):
            self._other_branch(token)
        elif name == r"\fi":
            if self._branches:
                self._branches.pop()
        elif name in (r"\begingroup", r"\bgroup"):
            self._open("{")
        elif name in (r"\endgroup", r"\egroup"):
            self._close("{")
        elif token is _GROUP_END:
            while self._groups and self._groups[-1] == "{":
                self._close("{")
            self._close(self._groups[-1] if self._groups else "")
        elif token is _UNCERTAIN or token is _CERTAIN:
            self._maybe += 1 if token is _UNCERTAIN else -1
        elif name in (r"\makeatletter", r"\makeatother"):
            scanner = self.current()
            if scanner is not None:
                scanner.at_is_letter = name == r"\makeatletter"
        elif name == r"\global":
            self.everywhere = True
        else:
            return name in _DROPPED
        return True

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
                if _END in self._stack[-1]:
                    self._stack[-1][:] = [_END]
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
            if token is None or token is _END or token.text == "[":
                break
            argument = self.argument()
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
            if token is _END or (not texts and token.kind == "open"):
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
        """Give a name a meaning from here on."""
        if name not in _KEPT:
            self.meanings.define(name, meaning, self.everywhere)
        self.everywhere = False

    # ----------------------------------------------------------------- environments

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
            self.skip_environment(name, token.place)
        elif begins and isinstance(meaning, Surrounding):
            self._begin_own(name, meaning, token)
        elif begins:
            self._open(name)
            self._made = [Token("begin", name, token.place)]
        elif isinstance(meaning, Surrounding):
            if name in self._groups:
                self.push([*meaning.after, _GROUP_END])
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
            self.push([_GROUP_END])
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

    def skip_environment(self, name: str, place: str, end: str = "") -> None:
        """Go on behind an environment that TeX does not read."""
        scanner = self.scanner
        if scanner is None or not scanner.skip(rf"\end{{{end or name}}}"):
            self.notes.append(f"{place}: the environment {name} is not ended; the rest is not read")

    def skip_own(self, token: Token) -> None:
        """``\\comment`` and ``\\verbatim`` in the definition of an environment."""
        name = next((g for g in reversed(self._groups) if g != "{"), "")
        if isinstance(self.meanings.get(name), Surrounding):
            self.skip_environment(name, token.place)
            self._close(name)

    # ----------------------------------------------------------------- conditionals

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
            if token.text in _CONDITIONALS or isinstance(self.meanings.get(token.text), Condition):
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

    def choose(self, value: bool | None, yes: list[Token], no: list[Token]) -> None:
        """Go on with one of two texts, or with both if the condition is not known."""
        if value is None:
            self.push([_UNCERTAIN, *yes, *no, _CERTAIN])
        else:
            self.push(yes if value else no)
