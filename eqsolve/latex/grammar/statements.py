"""How the rows of a display make statements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from eqsolve.latex.grammar.tokens import (
    ARROWS,
    CONDITIONS,
    RELATIONS,
    SILENT,
    TIMES,
    WORDS,
    Token,
    step,
    tokenize,
    words,
)

_OPEN = frozenset("+-=<>/(") | RELATIONS.keys() | TIMES

_DOTS = frozenset((r"\ldots", r"\dots", r"\cdots", r"\dotsc"))

_STACKED = frozenset((r"\overset", r"\stackrel", r"\xrightarrow", "\\not"))


def statements(rows: Iterable[str]) -> tuple[str, ...]:
    """Join the rows of a display that continue a statement, and split at outer commas.

    A row starts a statement if the one before is complete (its brackets are closed and it has a
    relation) and the row does not begin with a relation or, left of the alignment, is not empty.
    """
    joined: list[str] = []
    given = list(rows)
    for k, row in enumerate(given):
        # an empty group stands where a side is left out
        row = re.sub(r"(^|&|\s|\\q?quad|\\[,;:!])\{\}", r"\1", row)
        tokens = [t.text for t in tokenize(row) if t.text not in SILENT]
        if not tokens:
            continue
        first_cell = [t.text for t in tokenize(row.partition("&")[0]) if t.text not in SILENT]
        aligned = "&" in row and bool(first_cell)
        continues = bool(joined) and (
            _depth(joined[-1]) != 0
            or not has_relation(joined[-1])
            or tokens[0] in RELATIONS
            or tokens[0] in TIMES
            or _last(joined[-1]) in _OPEN
            or not any(map(has_relation, given[k:]))
            or (tokens[0] in "+-" and not (aligned and has_relation(row)))
        )
        if continues:
            joined[-1] += f" {row}"
        else:
            joined.append(row)
    return tuple(part for text in joined for part in _split(text))


_LEADING = frozenset(
    "where with hence thus so then therefore namely i.e that is and to s.t subject such".split()
)


def without_label(piece: str) -> str:
    """A statement without words before it that say nothing of it, as ``where``.

    What stands there in brackets or before a colon, as ``(forward)``, becomes its condition.
    """
    tokens = [t for t in tokenize(piece) if t.text not in SILENT]
    if not tokens or tokens[0].text not in WORDS:
        return piece
    at = piece.index(tokens[0].text)
    found = tokenize(piece[at:])
    text = words(found, 0)
    end = at + _group_end(found, 0)
    if text and all(word in _LEADING for word in text.lower().split()):
        return piece[:at] + piece[end:]
    if (text.startswith("(") and text.endswith(")")) or piece[:end].rstrip("} ").endswith(":"):
        return f"{piece[:at]}{piece[end:]} {piece[at:end]}"
    return piece


def left_side(text: str) -> str:
    """What stands left of the first relation outside of brackets."""
    depth = 0
    for token in tokenize(text):
        depth += step(token.text)
        if depth == 0 and token.text in RELATIONS:
            return text[: token.start].replace("&", " ").strip()
    return ""


def begins_with_relation(text: str) -> bool:
    """Whether the left side of a row is left out."""
    shown = (t.text for t in tokenize(text) if t.text not in SILENT)
    return next(shown, "") in RELATIONS


def _last(text: str) -> str:
    """The last token that shows."""
    return next((t.text for t in reversed(tokenize(text)) if t.text not in SILENT), "")


def _split(text: str) -> list[str]:
    """Split at commas, semicolons and arrows outside of brackets; drop the final punctuation.

    What is no statement by itself stays with the one before: a list, words, a condition.
    """
    tokens = tokenize(text)
    pieces, start, depth = [], 0, 0
    for k, token in enumerate(tokens):
        depth += step(token.text)
        if depth == 0 and (token.text in ",;." or token.text in ARROWS):
            pieces.append((start, token.start))
            start = token.end
        elif depth == 0 and token.text in WORDS and words(tokens, k) in ("and", "or"):
            pieces.append((start, token.start))
            start = _group_end(tokens, k)
    pieces.append((start, len(text)))
    found: list[str] = []
    for first, end in pieces:
        piece = re.sub(r"(?:\\[,;:! ]|\\qquad|\\quad|[\s.~&])+$", "", text[first:end])
        if not piece.strip():
            continue
        shown = [t.text for t in tokenize(piece) if t.text not in SILENT]
        if not shown:
            continue
        piece = _with_condition(without_label(piece))
        visible = [t for t in tokenize(piece) if t.text not in SILENT]
        shown = [t.text for t in visible]
        if not shown:
            continue
        begins = words(visible, 0) if shown[0] in WORDS else shown[0]
        stays = begins.split()[:1] and begins.split()[0] in CONDITIONS | {r"\forall", r"\exists"}
        if found and (stays or not has_relation(piece)) and has_relation(found[-1]):
            found[-1] += (" " if stays else ", ") + piece
        elif found and r"\in" in shown and has_relation(found[-1]):
            # a range of an index
            found[-1] += rf" \text{{for }} {piece}"
        elif found and _DOTS & set(shown) and has_relation(piece):
            found[-1] += rf" \text{{for }} {piece}"
        else:
            found.append(piece)
    return found


def _with_condition(piece: str) -> str:
    """A statement behind which, after a space, stands a condition in brackets."""
    tokens = tokenize(piece)
    depth = 0
    for k in range(len(tokens) - 1, 0, -1):
        depth += step(tokens[k].text)
        if depth == 0:
            inner = piece[tokens[k].end : tokens[-1].start]
            before = piece[: tokens[k].start]
            if (
                tokens[k].text == "("
                and tokens[k - 1].text in (r"\quad", r"\qquad")
                and has_relation(inner)
                and has_relation(before)
            ):
                return rf"{before}\text{{for }} {inner}"
            break
    return piece


def _group_end(tokens: Sequence[Token], at: int) -> int:
    depth = 0
    for token in tokens[at + 1 :]:
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        if depth == 0:
            return token.end
    return tokens[-1].end


def _depth(text: str) -> int:
    return sum(step(t.text) for t in tokenize(text))


def has_relation(text: str) -> bool:
    depth = 0
    for token in tokenize(text):
        depth += step(token.text)
        if depth == 0 and (token.text in RELATIONS or token.text in _STACKED):
            return True
    return False
