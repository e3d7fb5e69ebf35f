"""Tokens and trees of the restricted grammar, and how rows make statements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

MAX_LENGTH = 20_000
MAX_TOKENS = 6_000
#: Relations by what they say.
RELATIONS = {
    "=": "=",
    ":=": "=",
    r"\coloneqq": "=",
    r"\equiv": "=",
    "<": "<",
    r"\lt": "<",
    ">": ">",
    r"\gt": ">",
    r"\le": r"\leq",
    r"\leq": r"\leq",
    r"\leqslant": r"\leq",
    r"\ge": r"\geq",
    r"\geq": r"\geq",
    r"\geqslant": r"\geq",
    r"\ne": r"\neq",
    r"\neq": r"\neq",
    r"\to": r"\to",
    r"\rightarrow": r"\to",
    r"\longrightarrow": r"\to",
    r"\approx": r"\approx",
    r"\sim": r"\sim",
    r"\gets": r"\leftarrow",
    r"\triangleq": "=",
    r"\doteq": "=",
    r"\eqqcolon": "=",
    **{
        f"\\{name}": f"\\{name}"
        for name in (
            "in notin ni subset subseteq supset supseteq propto simeq cong asymp ll gg lesssim "
            "gtrsim prec succ preceq succeq mapsto longmapsto leftarrow perp parallel downarrow "
            "uparrow hookrightarrow rightharpoonup leftrightarrow"
        ).split()
    },
}
#: What says that one statement leads to another.
ARROWS = frozenset(
    r"\Rightarrow \implies \Longrightarrow \iff \Leftrightarrow \Longleftrightarrow \Leftarrow "
    r"\impliedby \therefore \because".split()
)
#: Commands for words in formulas.
WORDS = frozenset(r"\text \mbox \textrm \textnormal \hbox \textit \textbf \textsf \textup".split())
#: Words that begin a condition.
CONDITIONS = frozenset(
    "if for when where whenever with otherwise else on in at subject such unless provided only "
    "given while as under almost".split()
)
SILENT = frozenset(
    r"\, \; \: \! \> \quad \qquad ~ \displaystyle \textstyle \left \right \big \Big \bigg \Bigg"
    r" \bigl \bigr \Bigl \Bigr \biggl \biggr \Biggl \Biggr \limits \nolimits \allowbreak & \ "
    r" \middle \hfill \enspace \thinspace \medspace \negthinspace \displaylimits \scriptstyle "
    r"\nobreak \null \relax \/".split()
) | {"\\ ", "\\\n"}
CLOSING = {
    "(": ")",
    "[": "]",
    r"\{": r"\}",
    r"\lbrace": r"\rbrace",
    r"\lbrack": r"\rbrack",
    r"\langle": r"\rangle",
    r"\lfloor": r"\rfloor",
    r"\lceil": r"\rceil",
    r"\lvert": r"\rvert",
    r"\lVert": r"\rVert",
}
CLOSERS = frozenset(CLOSING.values())
TIMES = frozenset((r"\cdot", r"\times"))
_TOKEN = re.compile(
    r"\\[A-Za-z]+|\\.|[0-9]+(?:\.[0-9]+)?|:\s*=|[^\s]|\s+",
    re.DOTALL,
)


_UNICODE = {
    **dict(
        zip(
            "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩϕϑϵϱ",
            (
                "\\" + name
                for name in (
                    "alpha beta gamma delta varepsilon zeta eta theta iota kappa "
                    "lambda mu nu xi pi rho "
                    "sigma tau upsilon varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma "
                    "Upsilon Phi Psi Omega phi vartheta epsilon varrho"
                ).split()
            ),
        )
    ),
    "µ": r"\mu",
    "∂": r"\partial",
    "∞": r"\infty",
    "∑": r"\sum",
    "∏": r"\prod",
    "∫": r"\int",
    "≤": r"\leq",
    "≥": r"\geq",
    "≠": r"\neq",
    "≈": r"\approx",
    "∈": r"\in",
    "→": r"\to",
    "⇒": r"\Rightarrow",
    "×": r"\times",
    "·": r"\cdot",
    "⋅": r"\cdot",
    "−": "-",
    "∼": r"\sim",
    "≔": ":=",
    "ℓ": r"\ell",
    "∧": r"\wedge",
    "∨": r"\vee",
    "…": r"\ldots",
    "∀": r"\forall",
    "\N{NO-BREAK SPACE}": "~",
}
_RAISED = {"⁰": "0", "¹": "1", "²": "2", "³": "3", "⁴": "4", "⁵": "5", "⁶": "6", "⁷": "7", "⁸": "8"}


class Unreadable(Exception):
    """A formula is outside of the grammar; the message is the reason."""


@dataclass(frozen=True)
class Token:
    """A piece of LaTeX and where it stands."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Number:
    """A rational number."""

    value: Fraction
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Atom:
    """A name with accents, subscript and index in the superscript, in canonical LaTeX."""

    base: str
    sub: tuple[str, ...] = ()
    sup: str = ""
    span: tuple[int, int] = field(default=(0, 0), compare=False)

    @property
    def name(self) -> str:
        """The canonical LaTeX."""
        text = self.base
        if self.sup:
            text += f"^{{{self.sup}}}"
        return f"{text}_{{{joined(self.sub)}}}" if self.sub else text

    @property
    def tex(self) -> str:
        """The name without the braces that LaTeX does not need."""
        return tidy(self.name)


@dataclass(frozen=True)
class Sum:
    """Terms with their signs; the last of each triple is where the sign stands."""

    terms: tuple[tuple[int, Node, tuple[int, int]], ...]
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Product:
    """Factors."""

    factors: tuple[Node, ...]
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Quotient:
    """A fraction."""

    top: Node
    bottom: Node
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Power:
    """An integer power."""

    base: Node
    exponent: int
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Call:
    """A function, expectation, sum over an index, limit, ... applied to arguments."""

    name: str
    arguments: tuple[Node, ...]
    span: tuple[int, int] = field(default=(0, 0), compare=False)


Node = Number | Atom | Sum | Product | Quotient | Power | Call


@dataclass(frozen=True)
class Relation:
    """``left relation right``; ``sign`` is where the relation stands.

    ``condition`` is text that belongs to it and is not read, such as ``if x > 0``.
    """

    left: Node
    relation: str
    right: Node
    sign: tuple[int, int]
    tex: str
    condition: str = ""


@dataclass(frozen=True)
class Context:
    """What decides readings that depend on the display.

    Attributes
    ----------
    differentials : whether ``d`` before a name is a differential.
    indexed : canonical names in which a number in the superscript is an index.
    is_factor : whether a name before a bracket is a factor; otherwise it is a function of what
        is in the bracket. None takes every name for a factor.
    """

    differentials: bool = False
    indexed: frozenset[str] = frozenset()
    is_factor: Callable[[Atom, Node], bool] | None = None


def tidy(name: str) -> str:
    """A canonical name without the braces that LaTeX does not need."""
    return re.sub(r"([_^])\{(\w|\*)\}", r"\1\2", name)


def tokenize(tex: str) -> tuple[Token, ...]:
    """Split LaTeX into tokens without blanks.

    Raises
    ------
    Unreadable
        If it is too long.
    """
    if len(tex) > MAX_LENGTH:
        raise Unreadable(f"longer than {MAX_LENGTH} characters")
    found: list[Token] = []
    for match in _TOKEN.finditer(tex):
        text = match.group()
        if text in _RAISED:
            found += (Token("^", match.start(), match.start()),)
            text = _RAISED[text]
        elif text[0] == ":" and len(text) > 1:
            text = ":="
        found.append(Token(_UNICODE.get(text, text), match.start(), match.end()))
    tokens = tuple(t for t in found if not t.text.isspace())
    if len(tokens) > MAX_TOKENS:
        raise Unreadable(f"more than {MAX_TOKENS} tokens")
    return tokens


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
            or not _has_relation(joined[-1])
            or tokens[0] in RELATIONS
            or tokens[0] in TIMES
            or _last(joined[-1]) in _OPEN
            or not any(map(_has_relation, given[k:]))
            or (tokens[0] in "+-" and not (aligned and _has_relation(row)))
        )
        if continues:
            joined[-1] += f" {row}"
        else:
            joined.append(row)
    return tuple(part for text in joined for part in _split(text))


_OPEN = frozenset("+-=<>/(") | RELATIONS.keys() | TIMES


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
        if depth == 0 and (token.text in ",;" or token.text in ARROWS):
            pieces.append((start, token.start))
            start = token.end
        elif depth == 0 and token.text in WORDS and _words(tokens, k) in ("and", "or"):
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
        begins = _words(tokenize(piece), 0) if shown[0] in WORDS else shown[0]
        stays = begins.split()[:1] and begins.split()[0] in CONDITIONS | {r"\forall", r"\exists"}
        if found and (stays or not _has_relation(piece)) and _has_relation(found[-1]):
            found[-1] += (" " if stays else ", ") + piece
        elif found and r"\in" in shown and _has_relation(found[-1]):
            # a range of an index
            found[-1] += rf" \text{{for }} {piece}"
        elif found and _DOTS & set(shown) and _has_relation(piece):
            found[-1] += rf" \text{{for }} {piece}"
        else:
            found.append(piece)
    return found


_DOTS = frozenset((r"\ldots", r"\dots", r"\cdots", r"\dotsc"))


def _words(tokens: Sequence[Token], at: int) -> str:
    """The text of a command for words, with single blanks."""
    depth, words, last = 0, "", 0
    for token in tokens[at + 1 :]:
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        if token.text not in "{}":
            words += (" " if words and token.start > last else "") + token.text
        last = token.end
        if depth == 0:
            break
    return words.strip(" .,")


words = _words


def _group_end(tokens: Sequence[Token], at: int) -> int:
    depth = 0
    for token in tokens[at + 1 :]:
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        if depth == 0:
            return token.end
    return tokens[-1].end


def step(token: str) -> int:
    if token in CLOSING or token in ("{", r"\begin"):
        return 1
    return -1 if token in CLOSERS or token in ("}", r"\end") else 0


_STACKED = frozenset((r"\overset", r"\stackrel", r"\xrightarrow", "\\not"))


def _depth(text: str) -> int:
    return sum(step(t.text) for t in tokenize(text))


def _has_relation(text: str) -> bool:
    depth = 0
    for token in tokenize(text):
        depth += step(token.text)
        if depth == 0 and (token.text in RELATIONS or token.text in _STACKED):
            return True
    return False


def joined(texts: Sequence[str]) -> str:
    """Concatenate canonical tokens; a command needs a blank before a letter."""
    result = ""
    for text in texts:
        if re.search(r"\\[A-Za-z]+$", result) and text[:1].isalpha():
            result += " "
        result += text
    return result
