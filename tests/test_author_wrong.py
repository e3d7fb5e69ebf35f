"""Wrong formulas that look right, and right ones that look wrong, each in a source of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from eqsolve.latex.checking.check import Ledger, check
from eqsolve.registry import models

#: The solution under a fixed horizon: the display that the formulas are compared with.
A = r"\begin{equation} a = \frac{\lambda\kappa}{D_1} \label{eq:2.50} \end{equation}"
W = A.replace("D_1", "D_2")
Q = r"\begin{equation} a = \chi \kappa \label{eq:2.50} \end{equation}"


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger(models())


def _verdict(body: str, folder: Path, ledger: Ledger) -> str:
    head = "\\documentclass{article}\n\\usepackage{amsmath}\n\\begin{document}\n"
    (folder / "paper.tex").write_text(f"{head}{body}\n\\end{{document}}\n")
    findings = check(folder / "paper.tex", ledger, repair=False).findings
    return [f for f in findings if not f.abbreviation][-1].verdict


def _of(right: str, left: str = "a", label: str = "2.50") -> str:
    return rf"\begin{{equation}} {left} = {right} \label{{eq:{label}}} \end{{equation}}"


F = r"\frac{\lambda\kappa}{D_1}"
#: The text or the formula is wrong, or says less than it seems.
WRONG = {
    # what the text defines, before and behind, in the text and in displays
    "denote": rf"Let us denote $D_1 := \lambda + r$. {A}",
    "we set": rf"We set $D_1=2\lambda$, and {A}",
    "with, behind": rf"{A} with $D_1 = \lambda - r + B p_1$",
    "where, behind, displayed": rf"{A} where \[ D_1 = \lambda + 5 r \]",
    "displayed": r"\begin{equation*} D_1 := \lambda \end{equation*}" + A,
    "let in brackets": rf"Let \(D_1 = 3\). {A}",
    "put": rf"where $\lambda = 2\kappa$; put $\kappa = 3$. {A}",
    "one name for another": rf"Let $D_2 = D_1$. {W}",
    "behind, for a wrong one": rf"{W} where $D_2 = \lambda - r - B p_1$.",
    "given by": rf"With $D_1$ given by $D_1 = \lambda + r$, {A}",
    "write for": rf"We write $D_1$ for $\lambda + r$. {A}",
    "let be": rf"Let $\lambda$ be $2 r$. {A}",
    "denotes": rf"{A} where $D_1$ denotes $\lambda + r$.",
    "define as": rf"Define $D_1$ as $\lambda$. {A}",
    "a new name": rf"Let $\chi = \lambda/D_2$. {Q}",
    "for brevity": rf"For brevity, $D_1 = \lambda + B p_1$ in what follows. {A}",
    # what macros mean here
    "perhaps another macro": r"\newcommand\D{D_2}\ifdim1pt>2pt\renewcommand\D{D_1}\fi"
    + A.replace("D_1", r"\D"),
    "perhaps another letter": r"\ifdim1pt<2pt\def\kappa{r}\fi" + A,
    "a flag that is perhaps set": r"\newif\ifold\newcommand\D{D_2}\ifdim1pt>2pt\oldtrue\fi"
    + r"\ifold\renewcommand\D{D_1}\fi"
    + A.replace("D_1", r"\D"),
    "when it begins": r"\AtBeginEnvironment{equation}{\def\kappa{r}}" + A,
    "a hook of the kernel": r"\AddToHook{env/equation/begin}{\def\kappa{r}}" + A,
    "every display": r"\everydisplay{\def\kappa{r}}" + A,
    "a code": r"\mathchardef\kappa=\gamma " + A,
    "a symbol": r"\DeclareMathSymbol{\kappa}{\mathord}{letters}{13}" + A,
    "a group": r"\def\D{D_1}{\renewcommand\D{D_2}" + A.replace("D_1", r"\D") + "}",
    "let": r"\let\kappa=\lambda " + A,
    "renewed": r"\renewcommand{\kappa}{\gamma}" + A,
    "at the beginning": r"\newcommand\k{\kappa}\AtBeginDocument{\renewcommand\k{r}}"
    + A.replace(r"\kappa", r"\k"),
    "in a hook": r"\newcommand\k{\kappa}\AddToHook{begindocument}{\renewcommand\k{r}}"
    + A.replace(r"\kappa", r"\k"),
    "an operator": r"\DeclareMathOperator{\kap}{kap}" + A.replace(r"\kappa", r"\kap"),
    "a default": r"\newcommandx\fr[2][1=\gamma]{\frac{#1#2}{D_1}}" + _of(r"\fr{\kappa}"),
    "a sum in a macro": r"\newcommand\s{\lambda+\kappa}" + _of(r"\s/D_1"),
    # what does not show, or shows more than it seems
    "a phantom": _of(F + r" + \phantom{0} r - \hphantom{r}"),
    "struck out": _of(F + r" \cancel{+ r}"),
    "a footnote": _of(F + r" \footnote{x} + r"),
    "classes": _of(F + r" \mathrel{+} r"),
    "raised": _of(F + r" \raisebox{1pt}{$+r$}"),
    "in text": _of(F + r" \mbox{$+r$}"),
    "in color": _of(F + r" \textcolor{blue}{r}"),
    "a comment": _of("\\lambda\\kappa/ %\n D_1 + r"),
    # relations and conditions
    "unequal": A.replace("=", r"\neq"),
    "in law": A.replace("=", r"\stackrel{d}{=}"),
    "in a sense": A.replace("=", "=_{d}"),
    "without its sign": _of(rf"\big\vert {F} \big\vert"),
    "asked": A.replace("=", r"\overset{?}{=}"),
    "a note at a brace": _of(rf"\underbrace{{{F}}}_{{= 0}}"),
    "crossed out": A.replace("=", r"\not="),
    "about": A.replace("=", r"\approx"),
    "a chain": _of(F + " = r"),
    "a chain before": _of(r"r = " + F),
    "another equation": _of(F + r", \quad r = 0"),
    "for": _of(F + r" \quad\text{for } r = 0"),
    "in brackets": _of(F + r" \quad (r = 0)"),
    "taken at": _of(F + r" \big|_{r=0}"),
    "of order": _of(F + " + O(r^2)"),
    "cases": _of(r"\begin{cases} " + F + r" & r > 0 \\ 0 & r = 0\end{cases}"),
    "a name in words": _of(F + r" + \text{small terms}"),
    "a colon and a space": _of("r", r"a \: = r \:"),
    "words": _of(F, r"\text{not: } a"),
    "words in brackets": _of(F, r"\text{(false)} \quad a"),
    "a condition first": _of(F, r"\text{If $r = 0$:} \quad a"),
    # rows
    "rows": r"\begin{align} a &= " + F + r" \nonumber\\ &\quad + r \label{eq:2.50}\end{align}",
    "an open row": r"\begin{align} a &= r + \nonumber\\ &" + F + r"\label{eq:2.50}\end{align}",
    "multline": r"\begin{multline} a = r \\ + " + F + r" \label{eq:2.50}\end{multline}",
    "split": _of(F + r" \end{split}", r"\begin{split} a &= r \\ & +"),
    "a box": _of(F + "} + r", r"\boxed{ a"),
    "a group and more": _of(F + "} r", "{ a"),
    "a sign before a box": _of(F + "}", r"-\boxed{ a"),
    # names
    "a mean": _of(F, r"\mathbb{E}[a]"),
    "an index": _of(F, "a_0"),
    "a prime": _of(F, "a'"),
    "a time": _of(F, "a(t)"),
    "two digits": _of(F.replace("D_1", "D_{10}")),
    "a superscript": _of(F.replace("D_1", "D^1")),
    "braces left out": _of(r"\frac{\lambda\kappa}D_1"),
    "a short fraction": _of(r"\frac\lambda\kappa{D_1}"),
    "a slash": _of(r"\lambda\kappa/D_1 r"),
    "over": _of(r"{\lambda \over \kappa D_1}"),
    "a number by hand": rf"$$ a = {F.replace('D_1', 'D_2')} \eqno(2.50) $$",
    "one in the file, one behind it": W + "\n\\endinput\n" + A,
}
RIGHT = {
    "a group that ended": r"\def\D{D_1}{\renewcommand\D{D_2}}" + A.replace("D_1", r"\D"),
    "a default": r"\newcommandx\fr[2][1=\lambda]{\frac{#1#2}{D_1}}" + _of(r"\fr{\kappa}"),
    "the second default": (
        r"\newcommandx{\fr}[2][2=D_1, usedefault]{\frac{\lambda#1}{#2}}" + _of(r"\fr{\kappa}")
    ),
    "xparse": r"\NewDocumentCommand\fr{O{\lambda} m}{\frac{#1#2}{D_1}}" + _of(r"\fr{\kappa}"),
    "delimited": r"\def\fr#1/#2;{\frac{#1}{#2}}" + _of(r"\fr\lambda\kappa/D_1;"),
    "a body": r"\NewDocumentEnvironment{ex}{m +b}{#2}{}"
    + r"\begin{ex}{"
    + W
    + "}"
    + A
    + r"\end{ex}",
    "a body left out": A + r"\NewDocumentEnvironment{ex}{+b}{}{}\begin{ex}" + W + r"\end{ex}",
    "a hook for the end": r"\newcommand\k{\kappa}\AtEndDocument{\renewcommand\k{r}}"
    + A.replace(r"\kappa", r"\k"),
    "spaces": _of(r"\frac{\lambda\:\kappa}{\:D_1}"),
    "a range in words": rf"Let $X_t$ denote wealth at $t$, and $\lambda$ for $t \in [0, T]$. {A}",
    "adapted": rf"Let $\lambda$ be $r$-adapted. {A}",
    "an argument": r"\newcommand\lk{\lambda\kappa}" + _of(r"\frac\lk{D_1}"),
    "a box": _of(F + "}", r"\boxed{ a"),
    "rows in a box": _of(F + r"\end{aligned}}", r"\boxed{\begin{aligned} a &"),
    "a slash": _of(r"\lambda\kappa/D_1"),
    "over": _of(r"{\lambda\kappa \over D_1}"),
    "a name at a brace": _of(rf"\underbrace{{{F}}}_{{x}}"),
    "a macro of a branch": r"\ifpdf\newcommand\D{D_1}\else\newcommand\D{D_1}\fi"
    + A.replace("D_1", r"\D"),
    "a symbol of another font": r"\DeclareMathSymbol{\kappa}{\mathord}{upright}{20}" + A,
    "a power": _of(r"\lambda\kappa D_1^{-1}"),
    "turned round": _of("a", F),
    "style": _of(F.replace("frac", "dfrac"), r"\textstyle a"),
    "color": _of(r"\frac{\textcolor{blue}{\lambda}\kappa}{D_1}"),
    "a tag": rf"\[ a = {F} \tag{{2.50}}\]",
    "a number by hand": rf"$$ a = {F} \eqno(2.50) $$",
    "words that say nothing": _of(F, r"\text{where}\quad a"),
    "a wrong one behind the end": A + "\n\\endinput\n" + W,
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_never_equal(name: str, tmp_path: Path, ledger: Ledger) -> None:
    assert _verdict(WRONG[name], tmp_path, ledger) in ("different", "not checked")


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_equal(name: str, tmp_path: Path, ledger: Ledger) -> None:
    assert _verdict(RIGHT[name], tmp_path, ledger) == "equal"
