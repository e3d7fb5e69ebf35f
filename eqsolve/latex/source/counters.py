"""LaTeX's counters, as far as the numbers of equations depend on them.

How a number is written is a macro (``\\theequation``) like any other; here are its values, what
sets them back, and what the classes make of both. A number that is not known stays unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from eqsolve.latex.source.macros import Macro, Meanings
from eqsolve.latex.source.scanner import Token

#: Classes with chapters, within which equations are numbered.
_CHAPTERS = frozenset(
    "report book scrreprt scrbook memoir extreport extbook svmono utbook jsbook "
    "tufte-book octavo bookest".split()
)
#: Classes with chapters that number equations through.
_THROUGH = frozenset(("amsbook",))
#: Classes without chapters.
_PLAIN = frozenset(
    "article amsart scrartcl extarticle proc paper elsarticle IEEEtran revtex4 revtex4-1 revtex4-2 "
    "llncs svjour svjour3 sn-jnl amsproc acmart standalone minimal letter scrlttr2 tufte-handout "
    "beamer a0poster ltxdoc birkjour cas-sc cas-dc wlscirep mnras aastex iopart informs3 "
    "interact".split()
)
SECTIONS = {
    "part": -1,
    "chapter": 0,
    "section": 1,
    "subsection": 2,
    "subsubsection": 3,
    "paragraph": 4,
    "subparagraph": 5,
}
_ROMAN = tuple(
    zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        "m cm d cd c xc l xl x ix v iv i".split(),
    )
)
#: What changes the look of a number, and not the number.
_SILENT = frozenset(
    r"\textup \textrm \textnormal \textbf \textit \textsf \texttt \mathrm \mathbf \normalfont "
    r"\upshape \rm \bf \it \protect \relax \ensuremath \number \the \, \; \: \! \/ "
    r"\bfseries \rmfamily \sffamily "
    r"\hbox \mbox \text \null".split()
)


@dataclass
class Counters:
    """Values of counters; None is a value that is not known.

    Attributes
    ----------
    meanings : where ``\\theequation`` and the others are defined.
    has_chapters : whether the class has chapters; None if the class is not known.
    why : why the number of an equation is not known, where a value is None.
    doubted : whether it is not known if TeX executes what changes a counter now.
    """

    meanings: Meanings
    has_chapters: bool | None = None
    why: str = ""
    values: dict[str, int | None] = field(default_factory=dict)
    doubted: Callable[[], bool] = lambda: False
    _resets: dict[str, set[str]] = field(default_factory=dict)
    _depth: int = 3
    _main: bool = True

    def choose_class(self, name: str) -> None:
        """Begin the numbering of a class."""
        self.values = dict.fromkeys((*SECTIONS, "equation", "parentequation"), 0)
        levels = list(SECTIONS)[1:]
        through = name in _THROUGH or name in _PLAIN
        self.has_chapters = name not in _PLAIN if through or name in _CHAPTERS else None
        self._depth = 1 if name == "memoir" else 2 if self.has_chapters else 3
        self._resets = {}
        for above, below in zip(levels, levels[1:]):
            self._resets[above] = {below}
        self.the("part", r"\Roman{part}")
        self.the("chapter", r"\arabic{chapter}")
        within = self.has_chapters and not through
        self.the("section", r"\thechapter.\arabic{section}" if within else None)
        for above, below in zip(levels[1:], levels[2:]):
            self.the(below, rf"\the{above}.\arabic{{{below}}}")
        if within:
            self.the("equation", r"\-chapter\arabic{equation}")
            self._resets["chapter"].add("equation")
        elif through:
            self.the("equation", None)
        else:
            self.why = f"the class {name} is not known" if name else "there is no \\documentclass"
            self.meanings.define(r"\theequation", Macro((), (_command(r"\-unknown"),)), True)

    def the(self, counter: str, text: str | None) -> None:
        """Define how a counter is written; by default in Arabic figures."""
        tokens = _tokens(text or rf"\arabic{{{counter}}}")
        self.meanings.define(rf"\the{counter}", Macro((), tokens), everywhere=True)

    # ------------------------------------------------------------------- values

    def set(self, counter: str, value: int | None) -> None:
        """Give a counter a value."""
        if self.doubted() or (value is not None and abs(value) > 10**6):
            value = None
        self.values[counter] = value
        if value is None and counter == "equation":
            self.why = self.why or "a counter has a value that is not known"

    def add(self, counter: str, value: int | None) -> None:
        """Add to a counter."""
        now = self.values.get(counter, 0)
        self.set(counter, None if now is None or value is None else now + value)

    def step(self, counter: str) -> None:
        """Add one, and begin what is counted within anew."""
        self.add(counter, 1)
        pending, done = [counter], set[str]()
        while pending:
            for inner in self._resets.get(pending.pop(), ()):
                if inner not in done:
                    done.add(inner)
                    self.values[inner] = None if self.doubted() else 0
                    pending.append(inner)

    def reset_within(self, counter: str, above: str, write: bool) -> None:
        """``\\numberwithin`` and ``\\@addtoreset``."""
        self.values.setdefault(counter, 0)
        self._resets.setdefault(above, set()).add(counter)
        if write:
            self.the(counter, rf"\the{above}.\arabic{{{counter}}}")

    def no_longer_within(self, counter: str, above: str, write: bool) -> None:
        """``\\counterwithout`` and ``\\@removefromreset``."""
        self._resets.get(above, set()).discard(counter)
        if write:
            self.the(counter, None)

    # ----------------------------------------------------------------- sections

    def section(self, level: str) -> None:
        """A part, chapter or section with a number begins."""
        if level == "chapter" and self.has_chapters is None:
            # whatever the class is, it numbers sections within chapters
            self.has_chapters = True
            self.the("section", r"\thechapter.\arabic{section}")
        if SECTIONS[level] > self._depth or (level == "chapter" and not self._main):
            return
        self.step(level)

    def set_depth(self, value: int | None) -> None:
        """``\\setcounter{secnumdepth}``."""
        self._depth = self._depth if value is None else value

    def matter(self, main: bool) -> None:
        """``\\frontmatter``, ``\\mainmatter``, ``\\backmatter``."""
        self._main = main

    def appendix(self) -> None:
        """Sections, or chapters, are letters from here on."""
        if self.has_chapters is None:
            self.set("equation", None)
        level = "chapter" if self.has_chapters else "section"
        for name, rank in SECTIONS.items():
            if rank >= SECTIONS[level]:
                self.values[name] = 0
        self.the(level, rf"\Alph{{{level}}}")

    # ------------------------------------------------------------------ numbers

    def number(self, tokens: Sequence[Token]) -> str:
        """A number as LaTeX prints it, from expanded tokens; empty if it is not known."""
        result = ""
        at = 0
        while at < len(tokens):
            token = tokens[at]
            at += 1
            if token.kind == "command":
                style = token.text[1:]
                if style in _STYLES:
                    name, at = _group(tokens, at)
                    value = self.values.get(name)
                    if value is None:
                        return ""
                    result += _STYLES[style](value)
                elif token.text == r"\-chapter":
                    result += self._chapter()
                elif token.text == r"\-unknown":
                    self.why = self.why or "its definition writes the value of a counter"
                    return ""
                elif token.text not in _SILENT:
                    self.why = f"{token.text} in the number is not known"
                    return ""
            elif token.kind in ("text", "blank"):
                result += token.text.replace("~", " ")
        return result.strip()

    def _chapter(self) -> str:
        """Reports and books leave out a chapter that is zero."""
        chapter = self.values.get("chapter")
        if not chapter:
            return ""
        macro = self.meanings.get(r"\thechapter")
        style = "arabic"
        if isinstance(macro, Macro):
            style = next((t.text[1:] for t in macro.body if t.text[1:] in _STYLES), style)
        return f"{_STYLES[style](chapter)}."


def _command(text: str) -> Token:
    return Token("command", text)


def _tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a number's definition."""
    result: list[Token] = []
    for piece in text.replace("{", " { ").replace("}", " } ").replace("\\", " \\").split():
        if piece in "{}":
            result.append(Token("open" if piece == "{" else "close", piece))
            continue
        name, dot, _ = piece.partition(".")
        result.append(Token("command" if name.startswith("\\") else "text", name))
        if dot:
            result.append(Token("text", "."))
    return tuple(result)


def _group(tokens: Sequence[Token], at: int) -> tuple[str, int]:
    """The text of a group, and what is behind it."""
    name = ""
    while at < len(tokens):
        token = tokens[at]
        at += 1
        if token.kind == "close":
            break
        if token.kind in ("text", "command"):
            name += token.text.removeprefix(r"\c@")
            if token.kind == "command":
                break
    return name.strip(), at


def _roman(value: int) -> str:
    result = ""
    for size, text in _ROMAN:
        result += text * (value // size)
        value %= size
    return result


def letter(value: int) -> str:
    """A small letter for 1 to 26; LaTeX has none beyond."""
    return chr(96 + value) if 0 < value < 27 else ""


_PLAIN_STYLES: dict[str, Callable[[int], str]] = {
    "arabic": str,
    "alph": letter,
    "Alph": lambda value: letter(value).upper(),
    "roman": _roman,
    "Roman": lambda value: _roman(value).upper(),
}
_STYLES: dict[str, Callable[[int], str]] = {
    **_PLAIN_STYLES,
    **{f"@{name}": style for name, style in _PLAIN_STYLES.items()},
    "value": str,
}
#: The commands that write the value of a counter.
COUNTED = frozenset(f"\\{style}" for style in _STYLES)
