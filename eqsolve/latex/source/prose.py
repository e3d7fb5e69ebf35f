"""What the words around a formula make of it: a definition, a condition, or neither."""

from __future__ import annotations

import re
from typing import Literal

#: ``earlier`` is a definition of a former section: it holds for new names only.
Role = Literal["", "definition", "condition", "earlier"]

_DEFINING = frozenset(
    "let where with put define denote write abbreviate putting letting defining denoting writing "
    "setting here wherein defined denoted denotes introduce introducing brevity brief short "
    "shorthand notation notations abbreviation abbreviations abbreviate abbreviating".split()
)
_CONDITIONING = frozenset(
    "if when whenever for assume suppose assuming supposing unless provided case cases as at under "
    "only given iff while until since because fixed fix every each any some all limit".split()
)
_QUANTIFYING = frozenset("some any every each all for fixed fix".split())
#: Words of which the conditions hold to the end of the paragraph.
_STANDING = frozenset("assume suppose assuming supposing fix consider".split())
#: What stands between a name and what it is defined to be, and a word before the name.
_COPULAS = {
    "be": "let",
    "denote": "let",
    "stand for": "let",
    "denotes": "",
    "stands for": "",
    "as": "define",
    "for": "write",
}
_RELATION = re.compile(r"[=<>]|\\(?:in|leq?|geq?|neq?|sim|approx|subset|to)(?![A-Za-z])")
_CLAIMING = frozenset(
    "then hence thus therefore so we get have obtain obtains gives yields implies "
    "follows find finds "
    "conclude is are that equals becomes has satisfies solves".split()
)
_WORD = re.compile(r"[A-Za-z]+")
_END = re.compile(r"[.?!;]\s*$|[.?!;]\s")


class Sentence:
    """The words of the sentence that is being read."""

    def __init__(self) -> None:
        self._words: list[str] = []
        #: Conditions of the sentence, as formulas.
        self.conditions: list[str] = []
        self._standing: list[str] = []
        #: The last formula that may be a name, and how many words there are since.
        self._name = ""
        self._since = 0

    def read(self, text: str) -> bool:
        """Read text; whether a sentence ended in it."""
        ends = list(_END.finditer(text))
        if ends:
            self.end()
            text = text[ends[-1].end() :]
        found = [word.lower() for word in _WORD.findall(text)]
        self._words += found
        self._since += len(found)
        del self._words[:-40]
        return bool(ends)

    def end(self) -> None:
        """Forget the sentence; what it assumes holds to the end of the paragraph."""
        if _STANDING & set(self._words):
            self._standing = list(self.conditions)
        self._words.clear()
        self._name = ""
        self.conditions = list(self._standing)

    def end_paragraph(self) -> None:
        """Forget the sentence and what was assumed before."""
        self._words.clear()
        self._name = ""
        self.conditions, self._standing = [], []

    def named(self, tex: str) -> str:
        """The name that a formula is the meaning of: ``we write $a$ for $b$``, ``let $a$ be $b$``.

        Parameters
        ----------
        tex : the formula that comes now.
        """
        before = self._words[: -self._since] if self._since else self._words
        opens = _COPULAS.get(" ".join(self._words[len(before) :]))
        name, self._name, self._since = self._name, tex, 0
        if opens is None or not name or _RELATION.search(name + tex):
            return ""
        return name if not opens or opens in before else ""

    @property
    def role(self) -> Role:
        """What the nearest word that tells makes of a formula that comes now."""
        for k in range(len(self._words) - 1, -1, -1):
            word = self._words[k]
            if word == "set":
                # a verb at the beginning or after we, a noun otherwise
                if k == 0 or self._words[k - 1] in ("we", "and", "us", "now"):
                    return "definition"
                continue
            following = self._words[k + 1 : k + 2]
            if word == "given" and following == ["by"]:
                # a verb: what is before it tells
                continue
            if word == "that" and k and self._words[k - 1] in _CONDITIONING | {"such"}:
                return "condition"
            if word in _DEFINING:
                return "definition"
            if word in _CONDITIONING:
                return "condition"
            if word in _CLAIMING:
                return ""
        return ""

    def restricts(self, tex: str) -> bool:
        """Whether a formula after words of a condition is one: a relation, or ``for some $u$``."""
        nearest = next((word for word in reversed(self._words) if word in _CONDITIONING), "")
        return bool(_RELATION.search(tex)) or nearest in _QUANTIFYING

    @property
    def begins_behind(self) -> bool:
        """Whether the words since a display go on with its sentence: where, with, for, ..."""
        first = self._words[0] if self._words else ""
        return first in _DEFINING | _CONDITIONING | {"and", "in", "with"}
