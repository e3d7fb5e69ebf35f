"""What the words around a formula make of it: a definition, a condition, or neither."""

from __future__ import annotations

import re
from typing import Literal

#: ``earlier`` is a definition of a former section: it holds for new names only.
Role = Literal["", "definition", "condition", "earlier"]

_DEFINING = frozenset(
    "let where with put define denote write abbreviate putting letting defining denoting writing "
    "setting here wherein".split()
)
_CONDITIONING = frozenset(
    "if when whenever for assume suppose assuming supposing unless provided case cases as at under "
    "only given iff while until since because fixed fix every each any some all".split()
)
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

    def read(self, text: str) -> bool:
        """Read text; whether a sentence ended in it."""
        ends = list(_END.finditer(text))
        if ends:
            self.end()
            text = text[ends[-1].end() :]
        self._words += [word.lower() for word in _WORD.findall(text)]
        del self._words[:-40]
        return bool(ends)

    def end(self) -> None:
        """Forget the sentence."""
        self._words.clear()
        self.conditions.clear()

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
            if word in _DEFINING:
                return "definition"
            if word in _CONDITIONING:
                return "condition"
            if word in _CLAIMING:
                return ""
        return ""

    @property
    def begins_behind(self) -> bool:
        """Whether the words since a display go on with its sentence: where, with, for, ..."""
        first = self._words[0] if self._words else ""
        return first in _DEFINING | _CONDITIONING | {"and", "in", "with"}
