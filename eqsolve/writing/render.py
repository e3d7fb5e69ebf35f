"""Stages as text, as the body of a LaTeX document, and as data."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import sympy as sp

from eqsolve.latex.layout import LINE_WIDTH, Row, display_rows, widest, width
from eqsolve.latex.nodes import BREAK
from eqsolve.latex.order import is_sum
from eqsolve.ledger import Line
from eqsolve.operators import InOrder, Kept
from eqsolve.writing.plain import TextWriter
from eqsolve.writing.printer import LatexWriter
from eqsolve.writing.stage import Display, Names, Prose, Stage

#: What a number in the margin takes, in em.
_NUMBER = 4.5
_TEXT_WIDTH = 98


class Renderer:
    """Renders the stages of one derivation."""

    def __init__(self, names: Names, arguments: tuple[sp.Symbol, ...]) -> None:
        self._latex = partial(LatexWriter, names, arguments)
        self._text = partial(TextWriter, names, arguments)

    # ------------------------------------------------------------------ text

    def text(self, stages: Sequence[Stage]) -> str:
        """The stages in plain text."""
        return "\n\n".join("\n".join(self._text_lines(stage)) for stage in stages)

    def _text_lines(self, stage: Stage) -> Iterator[str]:
        yield f"{stage.title} [{stage.key}]"
        for display in stage.displays:
            if display.prose:
                yield from textwrap.wrap(
                    self.plain_prose(display.prose),
                    _TEXT_WIDTH,
                    initial_indent="  ",
                    subsequent_indent="  ",
                )
            for line in display.lines:
                yield from textwrap.wrap(
                    self.plain(line),
                    _TEXT_WIDTH,
                    initial_indent="    ",
                    subsequent_indent="        ",
                    break_long_words=False,
                )

    def plain(self, line: Line) -> str:
        """One line in plain text."""
        relation = {r"\neq": "!="}.get(line.relation, line.relation)
        return f"{self._plain(line.left)} {relation} {self._plain(line.right)}"

    def _plain(self, expression: sp.Expr) -> str:
        return str(self._text().doprint(expression))

    def plain_prose(self, prose: Prose) -> str:
        """A sentence in plain text."""
        return "".join(p if isinstance(p, str) else self._plain(p) for p in prose).strip()

    # ----------------------------------------------------------------- LaTeX

    def written(self, expression: sp.Expr) -> str:
        """LaTeX of an expression, with marks where it may be broken."""
        return str(self._latex().doprint(expression))

    def prose(self, prose: Prose) -> str:
        """A sentence in LaTeX."""
        parts = [
            escaped(p) if isinstance(p, str) else f"${self.written(p).replace(BREAK, '')}$"
            for p in prose
        ]
        return "".join(parts).strip()

    def rows(self, display: Display, room: float = LINE_WIDTH - _NUMBER) -> tuple[Row, ...]:
        """The aligned rows of a display."""
        lines = [
            fitted
            for place, line in enumerate(display.lines, 1)
            for fitted in self.fitted(line, room, place)
        ]
        return display_rows(lines, room=room, write=self.written)

    def fitted(self, line: Line, room: float, place: int) -> list[Line]:
        """The line so that it can be broken.

        Fractions that are too wide are written as products, and denominators that are too wide
        get a name and a line; ``place`` is the line's number in its display.
        """
        left = width(self.written(line.left))
        if left > room / 2:
            line = Line(line.right, line.left, {">": "<"}.get(line.relation, line.relation))
            left = width(self.written(line.left))
        space = room - left - 3.0

        def fits(expression: sp.Expr) -> bool:
            return widest(self.written(expression)) <= space

        if fits(line.right):
            return [line]
        named: list[Line] = []
        terms = []
        ordered = isinstance(line.right, InOrder)
        for term in line.right.args if ordered else sp.Add.make_args(line.right):
            numerator, denominator = sp.fraction(term)
            if denominator != 1 and not fits(sp.Mul(sp.Dummy("q"), 1 / denominator)):
                owner = self.written(line.left) if line.left.free_symbols else str(place)
                index = f"{owner},{len(named) + 1}" if named else owner
                named.append(Line(sp.Symbol(f"q_{{{index}}}"), denominator))
                denominator = named[-1].left
            terms.append(term if fits(term) else _spread(numerator, denominator))
        total = InOrder(*terms) if ordered else sp.Add(*terms, evaluate=False)
        return [Line(line.left, total, line.relation), *named]

    def display(self, display: Display, label: str = "", tag: str = "") -> str:
        """A display in its environment, numbered if it has a label; by its tag if it has one."""
        rows = self.rows(display)
        mark = rf" \label{{{label}}}" if label else ""
        mark = rf" \tag{{{tag}}}{mark}" if tag else mark
        star = "" if label else "*"
        if len(rows) == 1:
            body = f"{rows[0].left} {rows[0].right}{mark}".strip()
            return f"\\begin{{equation{star}}}\n{body}\n\\end{{equation{star}}}"
        plain = r" \notag" if label else ""
        marks = [plain] * (len(rows) - 1) + [mark]
        body = " \\\\\n".join(f"{row.left} & {row.right}{m}" for row, m in zip(rows, marks))
        return f"\\begin{{align{star}}}\n{body}\n\\end{{align{star}}}"

    def body(self, stages: Sequence[Stage]) -> str:
        """The stages as sections of a document."""
        return "\n".join("\n".join(self._section(stage)) for stage in stages)

    def _section(self, stage: Stage) -> Iterator[str]:
        yield f"\\section{{{escaped(stage.title)}}}"
        number = 0
        for display in stage.displays:
            if display.prose:
                yield self.prose(display.prose)
            if display.lines:
                number += 1
                yield self.display(display, f"eq:{stage.key}-{number}")
            else:
                yield ""

    # ------------------------------------------------------------------ data

    def data(self, stages: Sequence[Stage]) -> list[dict[str, Any]]:
        """The stages as data: every line in plain text and in LaTeX."""
        return [
            {
                "key": stage.key,
                "title": stage.title,
                "displays": [
                    {
                        "prose": self.plain_prose(display.prose),
                        "lines": [self.plain(line) for line in display.lines],
                        "latex": [self.inline(line) for line in display.lines],
                    }
                    for display in stage.displays
                ],
            }
            for stage in stages
        ]

    def inline(self, line: Line) -> str:
        """A line in LaTeX, unbroken."""
        left, right = self.written(line.left), self.written(line.right)
        return f"{left} {line.relation} {right}".replace(BREAK, "")


def _spread(numerator: sp.Expr, denominator: sp.Expr) -> sp.Expr:
    """The inverse of a denominator times sums in brackets."""
    factors = [Kept(f) if is_sum(f) else f for f in sp.Mul.make_args(sp.factor_terms(numerator))]
    return sp.Mul(*factors, 1 / denominator, evaluate=False)


def escaped(text: str) -> str:
    """Words in LaTeX."""
    return "".join(f"\\{c}" if c in "#$%&_{}" else c for c in text)
