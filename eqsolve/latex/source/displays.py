"""Environments that display formulas, and the rows that their tokens make."""

from __future__ import annotations

from dataclasses import dataclass, field

from eqsolve.latex.source.scanner import Token


@dataclass(frozen=True)
class Layout:
    """How an environment displays.

    Attributes
    ----------
    by_rows : whether each row has a number of its own.
    is_numbered : whether LaTeX counts it.
    argument : whether an argument follows its beginning, such as a number of columns.
    is_group : whether its numbers are those of a group, 1a, 1b, ...
    """

    by_rows: bool = False
    is_numbered: bool = True
    argument: bool = False
    is_group: bool = False


_NUMBERED = {
    "equation": Layout(),
    "multline": Layout(),
    "dmath": Layout(),
    "align": Layout(True),
    "flalign": Layout(True),
    "gather": Layout(True),
    "eqnarray": Layout(True),
    "alignat": Layout(True, argument=True),
    "xalignat": Layout(True, argument=True),
    "IEEEeqnarray": Layout(True, argument=True),
    "numcases": Layout(True, argument=True),
    "subnumcases": Layout(True, argument=True, is_group=True),
    "subeqnarray": Layout(True, is_group=True),
}
_PLAIN = {
    "displaymath": Layout(is_numbered=False),
    "math": Layout(is_numbered=False),
    "xxalignat": Layout(True, False, True),
    r"\[": Layout(is_numbered=False),
    "$$": Layout(is_numbered=False),
}
#: Environments by name.
LAYOUTS = (
    _NUMBERED
    | _PLAIN
    | {f"{n}*": Layout(x.by_rows, False, x.argument) for n, x in _NUMBERED.items()}
)
#: Environments around displays that are numbered together.
GROUPS = frozenset(("subequations", "dgroup"))
#: Displays that are found and not read.
PASSED = frozenset(
    name + star
    for name in "dseries darray mathpar IEEEeqnarraybox tikzcd prooftree".split()
    for star in ("", "*")
)
#: Parts of displays whose rows are rows of the display.
UNWRAPPED = frozenset("split aligned alignedat gathered multlined lgathered rgathered".split())
SYSTEMS = frozenset("cases dcases rcases array aligned gathered".split())
_TEXT = frozenset(
    "document abstract itemize enumerate description figure figure* table table* tabular tabular* "
    "tabularx tabulary longtable center flushleft flushright quote quotation verse proof theorem "
    "lemma proposition corollary definition remark example assumption minipage titlepage appendix "
    "appendices thebibliography frame column columns block itemize* subequations dgroup dgroup* "
    "landscape tikzpicture "
    "algorithm algorithmic picture axis titlepage list trivlist small footnotesize spacing "
    "doublespace singlespace sloppypar multicols wrapfigure subfigure threeparttable adjustbox "
    "tcolorbox mdframed keywords acknowledgements acknowledgments letter sidewaystable".split()
)
_HINTS = ("eq", "align", "gather", "math", "multline", "formula", "cases")


def is_display(name: str) -> bool:
    """Whether an environment that is not known is likely to display a formula."""
    return name not in _TEXT and any(hint in name.lower() for hint in _HINTS)


def is_text(name: str) -> bool:
    """Whether an environment is known to hold text."""
    return name in _TEXT


@dataclass
class Line:
    """A row of a display as it is collected."""

    tokens: list[Token] = field(default_factory=list)
    tag: str | None = None
    labels: list[str] = field(default_factory=list)
    is_silent: bool = False
    is_counted: bool = False
    is_cut: bool = False
    printed: str = ""
    why: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to see."""
        return all(t.kind in ("blank", "paragraph") for t in self.tokens)


@dataclass
class Open:
    """A display that is being collected."""

    name: str
    layout: Layout
    place: str
    end: str
    left: list[Token] = field(default_factory=list)
    lines: list[Line] = field(default_factory=lambda: [Line()])
    nested: list[str] = field(default_factory=list)
    depth: int = 0
    #: An environment inside whose rows are numbered.
    inner: str = ""
    in_tag: list[Token] | None = None

    @property
    def line(self) -> Line:
        """The row that is being collected."""
        return self.lines[-1]
