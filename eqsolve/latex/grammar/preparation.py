"""Tokens before they are parsed: what does not show is left out, bars become brackets."""

from __future__ import annotations

from collections.abc import Sequence

from eqsolve.latex.grammar.tokens import (
    CLOSERS,
    RELATIONS,
    SILENT,
    Token,
    Unreadable,
    is_letter,
    step,
)

_BARS = {"|": (r"\lvert", r"\rvert"), r"\vert": (r"\lvert", r"\rvert")} | dict.fromkeys(
    (r"\|", r"\Vert"), (r"\lVert", r"\rVert")
)

#: What gives a symbol the spacing of another one; around nothing it is only space.
_CLASSES = frozenset(
    r"\mathop \mathopen \mathclose \mathrel \mathbin \mathord \mathinner \mathpunct".split()
)

#: Commands of two arguments, of which the second may be a group.
_OF_TWO = frozenset(
    r"\frac \dfrac \tfrac \cfrac \binom \dbinom \tbinom \overset \underset \stackrel".split()
)
#: What a factor stands behind.
_BEFORE_FACTORS = frozenset(("", "+", "-", "/", ",", "(", "[", "{", r"\{", r"\lbrace", "&"))
_OPENING_SIZES = frozenset((r"\left", r"\bigl", r"\Bigl", r"\biggl", r"\Biggl"))

_CLOSING_SIZES = frozenset((r"\right", r"\bigr", r"\Bigr", r"\biggr", r"\Biggr"))


def prepared(tokens: Sequence[Token]) -> list[Token]:
    """Tokens without what does not show; bars beside sizes are brackets."""
    found: list[Token] = []
    depth, size = 0, ""
    #: Where brackets with a size opened; None for one that does not show.
    opened: list[int | None] = []
    for token in tokens:
        text = token.text
        if size in _OPENING_SIZES and text != ".":
            opened.append(len(found))
        invisible = False
        if size in _CLOSING_SIZES and text != ".":
            invisible = not opened or opened.pop() is None
        if text == r"\begin":
            depth += 1
        elif text == r"\end":
            depth -= 1
        if text in "<>" and size in _OPENING_SIZES | _CLOSING_SIZES:
            name = r"\langle" if size in _OPENING_SIZES else r"\rangle"
            found.append(Token(name, token.start, token.end))
        elif text == "}" and _is_empty(found):
            # an empty group keeps a sign apart
            found.pop()
            if found and found[-1].text in _CLASSES:
                found.pop()
        elif size in _OPENING_SIZES and text == ".":
            if found and found[-1].text == r"\right.":
                # a bracket that goes on in the next row
                found.pop()
            else:
                opened.append(None)
        elif size in _CLOSING_SIZES and text == ".":
            place = opened.pop() if opened else None
            if place is not None and found[place].text in (r"\lvert", r"\lVert"):
                # what stands behind a bar: a condition, or where a function is taken
                found[place] = Token("|", found[place].start, found[place].end)
            elif size == r"\right":
                found.append(Token(r"\right.", token.start, token.end))
        elif text in _BARS and size in _OPENING_SIZES | _CLOSING_SIZES:
            name = "|" if invisible else _BARS[text][size in _CLOSING_SIZES]
            found.append(Token(name, token.start, token.end))
        elif text not in SILENT or (text == "&" and depth > 0):
            found.append(token)
        size = text if text in _OPENING_SIZES | _CLOSING_SIZES else ""
    return _with_fractions(_with_dots(_with_norms(_with_bars(found))))


def _with_bars(tokens: list[Token]) -> list[Token]:
    """``\\vert`` where a factor begins opens a bracket, which the next one closes."""
    found = list(tokens)
    for k, token in enumerate(found):
        before = found[k - 1].text if k else ""
        if token.text != r"\vert" or not (before in RELATIONS or before in _BEFORE_FACTORS):
            continue
        depth = 0
        for other in range(k + 1, len(found)):
            depth += step(found[other].text)
            if depth < 0:
                break
            if depth == 0 and found[other].text == r"\vert":
                closing = found[other]
                found[k] = Token(r"\lvert", token.start, token.end)
                found[other] = Token(r"\rvert", closing.start, closing.end)
                break
    return found


def _with_fractions(tokens: list[Token]) -> list[Token]:
    """``{a \\over b}`` is a fraction."""
    if all(token.text != r"\over" for token in tokens):
        return tokens
    #: Of each group that is open: its brace, what is in it, and where it is divided.
    groups: list[tuple[list[Token], list[Token], list[int]]] = [([], [], [])]
    for token in tokens:
        brace, inner, divided = groups[-1]
        if token.text == "{":
            groups.append(([token], [], []))
        elif token.text == "}" and brace:
            groups.pop()
            groups[-1][1].extend((*brace, *_divided(inner, divided), token))
        else:
            divided += [len(inner)] if token.text == r"\over" else []
            inner.append(token)
    found: list[Token] = []
    for brace, inner, divided in groups:
        found += (*brace, *_divided(inner, divided))
    return found


def _divided(inner: list[Token], places: Sequence[int]) -> list[Token]:
    """A group that ``\\over`` divides as a fraction."""
    if not places:
        return inner
    if len(places) > 1:
        raise Unreadable(r"\over twice in a group")
    middle = inner[places[0]]

    def mark(text: str) -> Token:
        return Token(text, middle.start, middle.end)

    above, below = inner[: places[0]], inner[places[0] + 1 :]
    opening, closing = mark("{"), mark("}")
    return [mark(r"\frac"), opening, *above, closing, opening, *below, closing]


def _with_dots(tokens: list[Token]) -> list[Token]:
    """Three dots in a row are dots, not products."""
    found: list[Token] = []
    for token in tokens:
        found.append(token)
        if [t.text for t in found[-3:]] == [r"\cdot"] * 3:
            found[-3:] = [Token(r"\ldots", found[-3].start, token.end)]
    return found


def _with_norms(tokens: list[Token]) -> list[Token]:
    """Two bars beside one another are one mark if there are no single ones."""
    places = [k for k, token in enumerate(tokens) if token.text == "|"]
    pairs = list(zip(places[::2], places[1::2]))
    beside = all(b == a + 1 and tokens[a].end == tokens[b].start for a, b in pairs)
    if len(places) % 4 or not beside:
        return tokens
    second = {b for _, b in pairs}
    return [
        Token(r"\|", t.start, t.end + 1) if t.text == "|" else t
        for k, t in enumerate(tokens)
        if k not in second
    ]


def _is_empty(found: Sequence[Token]) -> bool:
    if not found or found[-1].text != "{":
        return False
    before = found[-2].text if len(found) > 1 else ""
    first = found[-3].text if len(found) > 2 else ""
    if is_letter(before) and first not in _OF_TWO:
        # what keeps a macro apart from the letter behind it
        return True
    return (
        before in _CLASSES
        or before in RELATIONS
        or before in CLOSERS
        or before in ("", "+", "-", "&", "{", ",")
    )
