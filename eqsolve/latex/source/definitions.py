"""The commands that define: macros, operators, environments and conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from eqsolve.latex.source.counters import COUNTED
from eqsolve.latex.source.macros import (
    Condition,
    Macro,
    Parameter,
    Register,
    Surrounding,
    parameters,
    specified,
    written,
)
from eqsolve.latex.source.scanner import Token

if TYPE_CHECKING:
    from eqsolve.latex.source.expansion import Expander


def named(expander: Expander) -> str:
    """The command that is to be defined, in a group or not."""
    found = expander.argument()
    return found[0].text if found else ""


def _number(tokens: Sequence[Token] | None) -> int:
    text = written(tokens or ()).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) == 1 else 0


def _newcommand(expander: Expander, token: Token) -> None:
    """``\\newcommand{\\name}[count][default]{body}`` and its relatives."""
    expander.accepts("*")
    name = named(expander)
    count = _number(expander.optional())
    default = expander.optional() if count else None
    body = tuple(expander.argument())
    if token.text == r"\providecommand" and expander.meanings.get(name) is not None:
        return
    given = None if default is None else tuple(default)
    expander.define(name, Macro(parameters(count, given), body))


def _newcommandx(expander: Expander, token: Token) -> None:
    """``\\newcommandx{\\name}[count][1=default, 3=default]{body}`` of xargs."""
    expander.accepts("*")
    name = named(expander)
    count = _number(expander.optional())
    given = expander.optional() if count else None
    body = tuple(expander.argument())
    defaults = dict(_assigned(given or ()))
    expected = tuple(
        Parameter("o", defaults[k]) if k in defaults else Parameter("m")
        for k in range(1, count + 1)
    )
    expander.define(name, Macro(expected, body))


def _assigned(tokens: Sequence[Token]) -> Iterator[tuple[int, tuple[Token, ...]]]:
    """The numbers of optional arguments and their defaults."""
    pieces: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += {"open": 1, "close": -1}.get(token.kind, 0)
        parts = token.text.split(",") if token.kind == "text" and not depth else [token.text]
        for k, part in enumerate(parts):
            if k:
                pieces.append([])
            if part:
                pieces[-1].append(Token(token.kind, part, token.place))
    for piece in pieces:
        shown = [t for t in piece if t.kind != "blank"]
        text = "".join(t.text for t in shown[:2]).strip()
        if len(shown) > 1 and text[:1].isdecimal() and shown[1].text == "=":
            value = piece[piece.index(shown[1]) + 1 :]
            if value and value[0].kind == "open" and value[-1].kind == "close":
                value = value[1:-1]
            yield int(shown[0].text[0]), tuple(value)


def _def(expander: Expander, token: Token) -> None:
    """``\\def\\name#1 until #2{body}``."""
    named = expander.solid()
    text: list[Token] = []
    while (found := expander.raw()) is not None and found.kind != "open":
        if found.kind == "paragraph":
            return
        text.append(found)
    if named is None or found is None:
        return
    body = expander.group(named.place)
    if token.text in (r"\gdef", r"\xdef"):
        expander.everywhere = True
    if token.text in (r"\edef", r"\xdef"):
        body = expander.spelled(body)
        if any(piece.text in COUNTED for piece in body):
            # TeX writes the value that a counter has now
            body = [Token("command", r"\-unknown")]
    prefix, expected = _pattern(text)
    expander.define(named.text, Macro(expected, tuple(body), prefix))


def _pattern(text: Sequence[Token]) -> tuple[tuple[Token, ...], tuple[Parameter, ...]]:
    """What must stand before the first parameter, and the parameters."""
    runs: list[list[Token]] = [[]]
    mark = False
    for token in text:
        if token.text == "#":
            mark = True
            continue
        if mark:
            runs.append([])
            mark = False
            token = Token("text", token.text[1:], token.place)
        if token.text:
            runs[-1].append(token)
    found = []
    for run in runs[1:]:
        while run and run[0].kind == "blank":
            run.pop(0)
        found.append(Parameter("d", until=tuple(run)) if run else Parameter("m"))
    if mark and found:
        found[-1] = Parameter("l")
    return tuple(t for t in runs[0] if t.kind != "blank"), tuple(found)


def _let(expander: Expander, token: Token) -> None:
    """``\\let\\one=\\other``: the meaning that the other has now."""
    one = expander.solid()
    expander.accepts("=")
    other = expander.solid()
    if one is None or other is None or (token.text != r"\let" and other.kind != "command"):
        return
    meaning = expander.meanings.get(other.text)
    if meaning is None and other.text in (r"\iftrue", r"\iffalse"):
        meaning = Condition(other.text == r"\iftrue")
    if meaning is None and one.text != other.text:
        frozen = Token(other.kind, other.text, other.place, frozen=True)
        meaning = Macro((), (frozen,))
    expander.define(one.text, meaning)


def _document_command(expander: Expander, token: Token) -> None:
    """``\\NewDocumentCommand\\name{specification}{body}``."""
    name = named(expander)
    expected = specified(expander.argument())
    body = tuple(expander.argument())
    if expected is not None:
        expander.define(name, Macro(expected, body))
    else:
        expander.notes.append(f"{token.place}: the arguments of {name} are not understood")


def _operator(expander: Expander, token: Token) -> None:
    """``\\DeclareMathOperator``: an operator stays one."""
    expander.accepts("*")
    name = named(expander)
    body = expander.argument()
    operator = [Token("command", r"\operatorname"), Token("open", "{"), *body, Token("close", "}")]
    expander.define(name, Macro((), tuple(operator)))


def _delimiter(expander: Expander, token: Token) -> None:
    """``\\DeclarePairedDelimiter\\name{left}{right}``, and the one with a body."""
    name = named(expander)
    has_body = token.text != r"\DeclarePairedDelimiter"
    count = _number(expander.optional()) if has_body else 1
    if token.text == r"\DeclarePairedDelimiterXPP":
        before = expander.argument()
        left, right, after = (expander.argument() for _ in range(3))
        left, right = [*before, *left], [*right, *after]
    else:
        left, right = expander.argument(), expander.argument()
    body = expander.argument() if has_body else [Token("text", "#"), Token("text", "1")]
    # a star or a size says how large the delimiters are
    shifted = []
    mark = False
    for piece in body:
        if mark and piece.text[:1].isdecimal() and piece.text[:1].isascii():
            piece = Token("text", f"{int(piece.text[0]) + 2}{piece.text[1:]}", piece.place)
        mark = piece.text == "#"
        if piece.text != r"\delimsize":
            shifted.append(piece)
    expected = (Parameter("s", opening="*"), Parameter("o", ()), *parameters(count, None))
    expander.define(name, Macro(expected, (*left, *shifted, *right)))


def _environment(expander: Expander, token: Token) -> None:
    """``\\newenvironment{name}[count][default]{before}{after}`` and its relatives."""
    expander.accepts("*")
    name = written(expander.argument()).strip()
    body = 0
    if "Document" in token.text:
        given, takes_body = _without_body(expander.argument())
        expected = specified(given)
        body = len(expected) + 1 if expected is not None and takes_body else 0
    else:
        count = _number(expander.optional())
        default = expander.optional() if count else None
        expected = parameters(count, None if default is None else tuple(default))
    before = tuple(expander.argument())
    collects = token.text in (r"\NewEnviron", r"\RenewEnviron")
    after = tuple((expander.optional() or ()) if collects else expander.argument())
    if body:
        before, after, collects = _of_body(before, body), _of_body(after, body), True
    if expected is not None:
        expander.define(name, Surrounding(expected, before, after, collects))


def _without_body(specification: Sequence[Token]) -> tuple[list[Token], bool]:
    """A specification of arguments, and whether the last one is the body of the environment."""
    shown = [t for t in specification if t.kind != "blank"]
    if not shown or shown[-1].kind != "text" or shown[-1].text[-1:] != "b":
        return shown, False
    return [*shown[:-1], Token("text", shown[-1].text[:-1])], True


def _of_body(tokens: Sequence[Token], number: int) -> tuple[Token, ...]:
    """The tokens with the body in the place of an argument."""
    found: list[Token] = []
    for token in tokens:
        if found and found[-1].text == "#" and token.text[:1] == str(number):
            found[-1] = Token("command", r"\BODY")
            token = Token(token.kind, token.text[1:], token.place)
        if token.text:
            found.append(token)
    return tuple(found)


def _csname(expander: Expander, token: Token) -> None:
    """``\\csname name\\endcsname`` is the command ``\\name``."""
    name = ""
    while (found := expander.next()) is not None and found.text != r"\endcsname":
        if found.kind not in ("text", "blank"):
            return
        name += found.text
    expander.push([Token("command", f"\\{name.strip()}", token.place)])


def _expandafter(expander: Expander, token: Token) -> None:
    """Only a name that is put together is expanded ahead."""
    first = expander.solid()
    second = expander.peek()
    if second is not None and second.text == r"\csname":
        expander.raw()
        _csname(expander, second)
    if first is not None:
        expander.push([first])


def _late(expander: Expander, token: Token) -> None:
    """What TeX executes at the beginning of the document, and at the end."""
    hook, _, place = (
        expander.text() if token.text == r"\AddToHook" else "begindocument"
    ).partition("/")
    expander.optional()
    content = expander.argument()
    name, _, end = place.rpartition("/")
    if hook == "env" and end == "begin":
        expander.hooks.setdefault(name, []).extend(content)
    elif hook == "enddocument" or token.text == r"\AtEndDocument":
        expander.last += content
    elif hook == "begindocument" and "document" in expander.environments:
        expander.push(content)
    elif hook == "begindocument":
        expander.late += content


def _new_register(expander: Expander, token: Token) -> None:
    """``\\newcount\\name``: zero until it is set."""
    expander.define(named(expander), Register(0))


def _symbol(expander: Expander, token: Token) -> None:
    """``\\DeclareMathSymbol``: another letter of the font of letters has the name from here on."""
    name = named(expander)
    _, font, _ = expander.argument(), expander.text(), expander.argument()
    if font == "letters":
        expander.define(name, Macro((), (Token("command", r"\redefined"),)))


def _at_environment(expander: Expander, token: Token) -> None:
    """``\\AtBeginEnvironment{name}{text}`` of etoolbox."""
    name = expander.text()
    expander.hooks.setdefault(name, []).extend(expander.argument())


#: What begins or ends a formula.
_FORMULAS = (r"\[", r"\]", r"\(", r"\)", r"\begin", r"\end")


def _every_formula(expander: Expander, token: Token) -> None:
    """``\\everymath{text}`` and ``\\everydisplay{text}``; a text of formulas would have no end."""
    expander.accepts("=")
    content = expander.argument()
    endless = any(t.kind == "math" or t.text in _FORMULAS for t in content)
    expander.hooks[token.text] = [] if endless else content


def _hidden(expander: Expander, token: Token) -> None:
    """Environments whose content TeX does not typeset as formulas."""
    if token.text in (r"\newminted", r"\newtcblisting", r"\NewTCBListing"):
        given = written(expander.optional() or ())
        name = expander.text()
        name = given or (f"{name}code" if token.text == r"\newminted" else name)
    else:
        name = expander.text()
    expander.never_typeset.add(name)


def _shown(expander: Expander, token: Token) -> None:
    expander.never_typeset.discard(expander.text())


COMMANDS: dict[str, Callable[[Expander, Token], None]] = {
    **dict.fromkeys(
        r"\newcommand \renewcommand \providecommand \DeclareRobustCommand \newrobustcmd "
        r"\renewrobustcmd".split(),
        _newcommand,
    ),
    **dict.fromkeys(r"\def \gdef \edef \xdef".split(), _def),
    r"\let": _let,
    **dict.fromkeys(r"\newcommandx \renewcommandx \providecommandx".split(), _newcommandx),
    **dict.fromkeys(
        r"\NewDocumentCommand \RenewDocumentCommand \ProvideDocumentCommand "
        r"\DeclareDocumentCommand \NewExpandableDocumentCommand".split(),
        _document_command,
    ),
    r"\DeclareMathOperator": _operator,
    **dict.fromkeys(
        r"\DeclarePairedDelimiter \DeclarePairedDelimiterX \DeclarePairedDelimiterXPP".split(),
        _delimiter,
    ),
    **dict.fromkeys(
        r"\newenvironment \renewenvironment \provideenvironment \NewEnviron \RenewEnviron "
        r"\NewDocumentEnvironment \RenewDocumentEnvironment \DeclareDocumentEnvironment".split(),
        _environment,
    ),
    r"\newcount": _new_register,
    r"\mathchardef": _let,
    r"\DeclareMathSymbol": _symbol,
    r"\AtBeginEnvironment": _at_environment,
    **dict.fromkeys((r"\everymath", r"\everydisplay"), _every_formula),
    r"\csname": _csname,
    r"\expandafter": _expandafter,
    **dict.fromkeys(
        r"\AtBeginDocument \AtEndPreamble \AfterEndPreamble \AtEndDocument \AddToHook".split(),
        _late,
    ),
    **dict.fromkeys(
        r"\excludecomment \excludeversion \lstnewenvironment \newminted \newtcblisting "
        r"\NewTCBListing \DefineVerbatimEnvironment \CustomVerbatimEnvironment "
        r"\RecustomVerbatimEnvironment \newverbatim".split(),
        _hidden,
    ),
    **dict.fromkeys((r"\includecomment", r"\includeversion", r"\specialcomment"), _shown),
}
