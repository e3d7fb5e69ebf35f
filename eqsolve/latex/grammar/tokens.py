"""Tokens of formulas: what commands mean before anything is parsed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

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
WORDS = frozenset(
    r"\text \mbox \textrm \textnormal \hbox \textit \textbf \textsf \textup \texttt".split()
)
#: Words that begin a condition.
CONDITIONS = frozenset(
    "if for when where whenever with otherwise else on in at subject such unless provided only "
    "given while as under almost".split()
)
SILENT = frozenset(
    r"\, \; \: \! \> \quad \qquad ~ \displaystyle \textstyle \left \right \big \Big \bigg \Bigg"
    r" \bigl \bigr \Bigl \Bigr \biggl \biggr \Biggl \Biggr \limits \nolimits \allowbreak & \ "
    r" \middle \hfill \enspace \thinspace \medspace \negthinspace \displaylimits \scriptstyle "
    r"\nobreak \null \relax \/ \scriptscriptstyle \qed \qedsymbol".split()
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
#: What stands before a condition, as in an expectation.
MID = frozenset(("|", r"\mid", r"\vert"))
QUANTIFIERS = frozenset((r"\forall", r"\exists"))
GREEK = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa varkappa lambda "
    "mu nu xi pi varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta "
    "Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split()
)
_SIGNS = "ell infty hbar imath jmath emptyset varnothing top bot Re Im aleph wp #".split()
#: Letters that are commands.
LETTERS = frozenset(f"\\{name}" for name in (*GREEK, *_SIGNS))
_TOKEN = re.compile(
    r"\\[A-Za-z]+|\\.|[0-9]+(?:\.[0-9]+)?|:\s*&?\s*=|=\s*:|\.\.\.|[^\s]|\s+",
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


class NoRelation(Unreadable):
    """A formula can be read, and has no relation."""


@dataclass(frozen=True)
class Token:
    """A piece of LaTeX and where it stands."""

    text: str
    start: int
    end: int


@lru_cache(256)
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
        elif ":" in text and "=" in text:
            text = ":="
        elif text == "...":
            text = r"\ldots"
        found.append(Token(_UNICODE.get(text, text), match.start(), match.end()))
    tokens = tuple(t for t in found if not t.text.isspace())
    if len(tokens) > MAX_TOKENS:
        raise Unreadable(f"more than {MAX_TOKENS} tokens")
    return tokens


def is_letter(text: str) -> bool:
    """Whether a token is a name by itself."""
    return (len(text) == 1 and text.isalpha()) or text in LETTERS


def step(token: str) -> int:
    """How a token changes the depth of brackets."""
    if token in CLOSING or token in ("{", r"\begin"):
        return 1
    return -1 if token in CLOSERS or token in ("}", r"\end") else 0


def joined(texts: Sequence[str]) -> str:
    """Concatenate canonical tokens; a command needs a blank before a letter."""
    result = ""
    for text in texts:
        if re.search(r"\\[A-Za-z]+$", result) and text[:1].isalpha():
            result += " "
        result += text
    return result


def words(tokens: Sequence[Token], at: int) -> str:
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
