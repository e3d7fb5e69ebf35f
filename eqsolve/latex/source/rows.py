"""The rows that the tokens of a display make."""

from __future__ import annotations

from collections.abc import Sequence

from eqsolve.latex.grammar.tokens import RELATIONS, SILENT
from eqsolve.latex.source.displays import SYSTEMS, UNWRAPPED
from eqsolve.latex.source.macros import written
from eqsolve.latex.source.scanner import Token


def rows(tokens: Sequence[Token]) -> list[tuple[str, str]]:
    """The rows of a formula, LaTeX and place: inner environments are unwrapped.

    A brace before equations below one another makes a system: each of them is a row.
    """
    pieces = _split(_opened(list(tokens)))
    found = []
    for piece in pieces:
        text = written(piece).strip()
        if text:
            place = next((t.place for t in piece if t.kind != "blank" and t.place), "")
            found.append((text, place))
    return found


def _split(tokens: Sequence[Token]) -> list[list[Token]]:
    """Split at ends of rows outside of groups and of environments."""
    result: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += {"open": 1, "begin": 1, "close": -1, "end": -1}.get(token.kind, 0)
        if depth == 0 and is_row_end(token):
            result.append([])
        else:
            result[-1].append(token)
    return result


def is_row_end(token: Token) -> bool:
    """Whether a token ends a row."""
    return token.kind == "command" and token.text in (
        r"\\",
        r"\cr",
        r"\tabularnewline",
        r"\newline",
    )


def _opened(tokens: list[Token]) -> list[Token]:
    """Replace inner environments whose rows are rows of the display by their content."""
    result: list[Token] = []
    at = depth = 0
    while at < len(tokens):
        token = tokens[at]
        at += 1
        if token.kind == "open" and not depth:
            end = _group_end(tokens, at)
            inner = tokens[at:end]
            shown = [t.text for t in inner if t.kind != "blank"]
            if _is_whole(result) and _has_rows(inner) and shown:
                # a box around equations, or around all of a row
                while result and result[-1].text in _BOXES:
                    result.pop()
                result += _opened(inner)
                at = end + 1
                continue
        depth += {"open": 1, "close": -1}.get(token.kind, 0)
        if token.kind != "begin" or depth or not _is_opened(token.text):
            result.append(token)
            continue
        end = _end(tokens, at)
        inner = _without_arguments(tokens[at:end], token.text)
        start, has_brace = _row_start(result)
        if token.text in UNWRAPPED and not (has_brace and _are_equations(inner)):
            result += _opened(inner)
            at = end + 1
        elif start is not None and _are_equations(inner):
            del result[start:]
            result += _system(inner)
            at = _behind_brace(tokens, end + 1)
        else:
            result += tokens[at - 1 : end + 1]
            at = end + 1
    return result


_BOXES = frozenset(r"\boxed \fbox \framebox \Aboxed \tcboxmath \highlight".split())


def _is_whole(before: Sequence[Token]) -> bool:
    """Whether a row begins here, but for the command of a box."""
    last = [t for t in before if t.kind != "blank" and t.text not in _BOXES and t.text != "&"]
    return not last or is_row_end(last[-1])


def _has_rows(inner: Sequence[Token]) -> bool:
    """Whether there are equations in a group, one or some below one another."""
    depth = 0
    for token in inner:
        depth += {"open": 1, "close": -1, "begin": 1, "end": -1}.get(token.kind, 0)
        if token.kind == "begin" and depth == 1 and _is_opened(token.text):
            return True
        if depth == 0 and _has_relation([token]):
            return True
    return False


def _group_end(tokens: Sequence[Token], at: int) -> int:
    """Where the group that was opened before a place is closed."""
    depth = 1
    while at < len(tokens):
        depth += {"open": 1, "close": -1}.get(tokens[at].kind, 0)
        if not depth:
            break
        at += 1
    return at


def _is_opened(name: str) -> bool:
    return name in UNWRAPPED or name in SYSTEMS


def _end(tokens: Sequence[Token], at: int) -> int:
    """Where the environment that begins before a place ends."""
    depth = 1
    while at < len(tokens):
        depth += {"begin": 1, "end": -1}.get(tokens[at].kind, 0)
        if not depth:
            break
        at += 1
    return at


def _without_arguments(tokens: list[Token], name: str) -> list[Token]:
    """The content of an environment without what follows its beginning."""
    at = _skipped(tokens, 0)
    if at < len(tokens) and tokens[at].text == "[":
        while at < len(tokens) and tokens[at].text != "]":
            at += 1
        at = _skipped(tokens, at + 1)
    if name in ("array", "alignedat") and at < len(tokens) and tokens[at].kind == "open":
        depth = 0
        while at < len(tokens):
            depth += {"open": 1, "close": -1}.get(tokens[at].kind, 0)
            at += 1
            if not depth:
                break
    return tokens[at:]


def _skipped(tokens: Sequence[Token], at: int) -> int:
    while at < len(tokens) and tokens[at].kind == "blank":
        at += 1
    return at


def _row_start(before: Sequence[Token]) -> tuple[int | None, bool]:
    """Where the row begins if there is nothing but a brace in it so far, and whether there is."""
    at = len(before)
    shown = []
    while at and not is_row_end(before[at - 1]):
        at -= 1
        if before[at].kind != "blank" and before[at].text != "&":
            shown.append(before[at].text)
    braces = ([r"\{", r"\left"], [r"\lbrace", r"\left"], [r"\{"], [r"\lbrace"])
    return at if shown == [] or shown in braces else None, shown in braces


def _behind_brace(tokens: Sequence[Token], at: int) -> int:
    """Skip the invisible delimiter after a system."""
    place = _skipped(tokens, at)
    if place < len(tokens) and tokens[place].text == r"\right":
        place = _skipped(tokens, place + 1)
        if place < len(tokens) and tokens[place].text == ".":
            return place + 1
    return at


def _are_equations(inner: list[Token]) -> bool:
    """Whether every row that is not empty has a relation, in its first cells, or goes on."""
    found = [_cells(row) for row in _split(_opened(inner))]
    found = [cells for cells in found if any(t.kind != "blank" for cell in cells for t in cell)]
    states = [_has_relation(_statement(cells)[0]) for cells in found]
    return states[:1] == [True] and all(s or _goes_on(c) for s, c in zip(states, found))


def _goes_on(cells: list[list[Token]]) -> bool:
    """Whether a row begins with a sign, after nothing but space."""
    shown = (t.text for cell in cells for t in cell if t.kind != "blank" and t.text not in SILENT)
    return next(shown, "")[:1] in ("+", "-")


def _cells(tokens: Sequence[Token]) -> list[list[Token]]:
    result: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += {"open": 1, "begin": 1, "close": -1, "end": -1}.get(token.kind, 0)
        if token.text == "&" and not depth:
            result.append([])
        else:
            result[-1].append(token)
    return result


def _has_relation(tokens: Sequence[Token]) -> bool:
    return any(t.text in RELATIONS or t.text[:1] in ("<", ">") or ":=" in t.text for t in tokens)


def _statement(cells: list[list[Token]]) -> tuple[list[Token], list[Token]]:
    """The cells that make an equation, and the condition beside it."""
    statement = list(cells[0])
    at = 1
    while at < len(cells):
        first = next((t for t in cells[at] if t.kind != "blank"), None)
        complete = _has_relation(statement) and not _ends_open(statement)
        if first is not None and complete and not _has_relation([first]):
            break
        statement += [Token("text", "&"), *cells[at]]
        at += 1
    return statement, [t for cell in cells[at:] for t in cell]


def _ends_open(tokens: Sequence[Token]) -> bool:
    last = next((t for t in reversed(tokens) if t.kind != "blank" and t.text != "&"), None)
    return last is not None and (last.text in RELATIONS or last.text in ("+", "-"))


def _system(inner: list[Token]) -> list[Token]:
    """The rows of a system; what stands beside an equation is its condition."""
    result: list[Token] = []
    for row in _split(_opened(inner)):
        statement, condition = _statement(_cells(row))
        result += statement
        if any(t.kind != "blank" for t in condition):
            result += conditional(condition)
        result.append(Token("command", r"\\"))
    return result


def conditional(condition: Sequence[Token]) -> list[Token]:
    """A condition beside a formula, marked as one."""
    place = next((t.place for t in condition), "")
    group = Token("open", "{"), Token("text", "if "), Token("close", "}")
    return [Token("command", r"\text", place), *group, *condition]
