"""The ten longest displays, as SymPy prints them and as eqsolve does, side by side.

Write displays.md and its images anew: ``python docs/displays.py``. Needs pdflatex and pdftoppm.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve import operators as op
from eqsolve.latex.document import as_text, numbered_tex
from eqsolve.latex.layout import display_rows, width
from eqsolve.ledger import Display
from eqsolve.registry import models

FOLDER = Path(__file__).parent
COUNT = 10
INTRODUCTION = """# The ten longest displays

Above what `sympy.latex` makes of an expression, below what `eqsolve latex` makes of the same one.
SymPy puts an equation on one line, which is shrunk here to the width of the page; the factor stands
below it. Its names are the program's; an order of terms that the derivation keeps is lost.

Written by `python docs/displays.py`.
"""
HEAD = r"""\documentclass[11pt]{article}
\usepackage[T1]{fontenc}
\usepackage{lmodern,amsmath,amssymb,graphicx}
\pagestyle{empty}\setlength{\parindent}{0pt}\setlength{\jot}{5pt}
\hoffset=-1in \voffset=-1in
\newsavebox{\sheet}\newsavebox{\formula}
\newcommand{\heading}[1]{{\small\textsf{#1}}\par\medskip}
\newcommand{\straight}[1]{\sbox{\formula}{$\displaystyle #1$}%
  \ifdim\wd\formula>\linewidth
    \resizebox{\linewidth}{!}{\usebox{\formula}}\par
    {\scriptsize shrunk to \number\numexpr100*\linewidth/\wd\formula\relax\,\%}%
  \else\usebox{\formula}\fi\par\smallskip}
\newenvironment{compared}{\begin{lrbox}{\sheet}\begin{minipage}{165mm}}%
  {\end{minipage}\end{lrbox}%
  \pdfpagewidth=181mm \pdfpageheight=\dimexpr\ht\sheet+\dp\sheet+12mm\relax
  \shipout\vbox{\vskip 6mm\hbox{\hskip 8mm\usebox{\sheet}}}}
\begin{document}
"""


@dataclass(frozen=True)
class Pair:
    """One display, by both printers.

    ``straight`` has a line for each line of the display; ``length`` is in em, on one line.
    """

    number: str
    title: str
    straight: tuple[str, ...]
    ours: str
    length: float

    @property
    def image(self) -> str:
        """The name of its picture."""
        return f"display-{self.number}.png"

    @property
    def sheet(self) -> str:
        """The LaTeX of its picture."""
        lines = "\n".join(rf"\straight{{{line}}}" for line in self.straight)
        return "\n".join(
            (
                r"\begin{compared}",
                r"\heading{sympy.latex}",
                lines,
                r"\medskip\hrule\medskip",
                r"\heading{eqsolve latex}",
                r"\vspace{-\abovedisplayskip}",
                self.ours,
                r"\end{compared}",
                "",
            )
        )


def pairs() -> list[Pair]:
    """The longest displays, the longest first."""
    found = [d for m in models() for d in m.shown if d.is_numbered]
    longest = sorted(found, key=_length, reverse=True)[:COUNT]
    return [
        Pair(
            d.number,
            as_text(d.title),
            tuple(
                f"{sp.latex(in_sympy(line.left))} {line.relation} {sp.latex(in_sympy(line.right))}"
                for line in d.lines
            ),
            numbered_tex(d),
            _length(d),
        )
        for d in longest
    ]


def _length(display: Display) -> float:
    rows = display_rows(display.lines, dict(display.names))
    return sum(width(f"{row.left} {row.right}") for row in rows)


def in_sympy(expression: sp.Expr) -> sp.Expr:
    """An expression of displays in the nodes that SymPy has itself."""
    if isinstance(expression, (AppliedUndef, sp.Derivative)) or not expression.args:
        return expression
    if isinstance(expression, op.Named):
        return sp.Symbol(str(expression.args[1]))
    if isinstance(expression, op.Along):
        function, time = expression.args
        paths = {s: sp.Symbol(f"{s.name.upper()}_{time}") for s in function.free_symbols}
        states = {s: path for s, path in paths.items() if s.name in "xyz"}
        return in_sympy(function).subs(states)
    if isinstance(expression, (op.Meant, op.Kept)):
        return in_sympy(expression.args[0])
    parts = [in_sympy(part) for part in expression.args if isinstance(part, sp.Expr)]
    if isinstance(expression, op.InOrder):
        return sp.Add(*parts)
    if isinstance(expression, op.Supremum):
        return sp.Function("sup")(parts[0])
    if isinstance(expression, op.Variance):
        return sp.Function("Var")(parts[0])
    if isinstance(expression, op.Expectation):
        return sp.Function("E")(parts[0])
    if isinstance(expression, op.TimeIntegral):
        return sp.Integral(parts[0], tuple(parts[1:]))
    if isinstance(expression, op.LimitOf):
        return sp.Limit(*parts)
    if isinstance(expression, op.Discount):
        return sp.exp(-parts[0] * (parts[2] - parts[1]))
    return expression.func(*parts) if len(parts) == len(expression.args) else expression


def source(found: list[Pair]) -> str:
    """The LaTeX document with one sheet for each display."""
    return HEAD + "\n".join(pair.sheet for pair in found) + "\\end{document}\n"


def text(found: list[Pair]) -> str:
    """The page, except for the check sums of the images."""
    parts = [INTRODUCTION]
    for pair in found:
        size = sum(map(len, pair.straight)), len(pair.ours)
        name = pair.number.replace("-", "\N{EN DASH}")
        parts.append(
            f"## ({name}) {pair.title}\n\n"
            f"{size[0]} characters of LaTeX by SymPy, {size[1]} by eqsolve.\n\n"
            f"![both forms of ({name})](displays/{pair.image})\n"
        )
    checksum = hashlib.sha256(source(found).encode()).hexdigest()
    return "\n".join([*parts, f"<!-- source {checksum} -->\n"])


def write(folder: Path) -> list[Path]:
    """Write the page and its images into a folder; returns their paths."""
    found = pairs()
    pictures = folder / "displays"
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, "sheets.tex").write_text(source(found), encoding="utf-8")
        _run(["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "sheets.tex"], scratch)
        _run(["pdftoppm", "-png", "-r", "130", "sheets.pdf", "sheet"], scratch)
        sheets = sorted(Path(scratch).glob("sheet-*.png"))
        shutil.rmtree(pictures, ignore_errors=True)
        pictures.mkdir(parents=True)
        for pair, sheet in zip(found, sheets, strict=True):
            shutil.copyfile(sheet, pictures / pair.image)
    page = folder / "displays.md"
    page.write_text(text(found) + _images(pictures), encoding="utf-8")
    return [page, *sorted(pictures.iterdir())]


def is_stale(folder: Path) -> bool:
    """Whether the page or an image differs from what belongs to the present displays."""
    page = folder / "displays.md"
    if not page.is_file():
        return True
    return page.read_text(encoding="utf-8") != text(pairs()) + _images(folder / "displays")


def _images(folder: Path) -> str:
    """The check sums of the images, so that a page and its images belong together."""
    sums = (f"{p.name} {hashlib.sha256(p.read_bytes()).hexdigest()}" for p in folder.iterdir())
    return "".join(f"<!-- {line} -->\n" for line in sorted(sums))


def _run(command: list[str], folder: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout[-1500:]}{done.stderr[-500:]}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--fail-if-stale"]:
        raise SystemExit(int(is_stale(FOLDER)))
    print("\n".join(str(path) for path in write(FOLDER)))
