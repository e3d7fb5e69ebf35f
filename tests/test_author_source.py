"""An author's source: every display found, numbered as LaTeX does, and nothing that is not typeset.

The numbers here are those that LaTeX wrote to its .aux files for the same sources.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from eqsolve.errors import InputError
from eqsolve.latex.source.formula import Document
from eqsolve.latex.source.walker import read

REPORT = r"""
\documentclass{report}
\usepackage{amsmath,amsthm}
\numberwithin{equation}{section}
\newcommand\numberthis{\addtocounter{equation}{1}\tag{\theequation}}
\newtheorem{thm}[equation]{Theorem}
\begin{document}
\begin{equation}\label{a0} a=1 \end{equation}
\chapter{A}
\begin{equation}\label{a1} a=1 \end{equation}
\section{x}
\begin{thm} foo \end{thm}
\begin{align} b&=1\\ c&=2\label{a2}\\ \end{align}
\begin{align*} b&=1\\ c&=2\numberthis\label{a3} \end{align*}
\begin{equation}\label{a4} a=1 \tag{T}\end{equation}
\begin{subequations}\label{a5}
\begin{align} b&=1\label{a6}\\ c&=2\label{a7}\end{align}
\begin{equation}\label{a8} a=1 \end{equation}
\end{subequations}
\begin{equation}\label{a9} a=1 \end{equation}
\setcounter{equation}{41}
\begin{gather} u\label{a10}\\v\notag\\w\label{a11}\end{gather}
\begin{multline} u\\v\\w\label{a12}\end{multline}
\section*{y}
\begin{eqnarray} a&=&b\label{a13}\\ c&=&d\nonumber\\ e&=&f\label{a14}\end{eqnarray}
\begin{equation}\begin{split} a&=b\\&=c\end{split}\label{a15}\end{equation}
\section{z}
\begin{equation}\label{a16} a=1 \end{equation}
\renewcommand{\theequation}{E-\roman{equation}}
\begin{equation}\label{a17} a=1 \end{equation}
\appendix
\chapter{App}
\renewcommand{\theequation}{\thechapter.\arabic{equation}}
\section{z}
\begin{equation}\label{a18} a=1 \end{equation}
\begin{equation} a=1\notag \end{equation}
\begin{equation}\label{a20} a=1 \end{equation}
\end{document}
"""
REPORT_NUMBERS = (
    "a0 0.0.1 a1 1.0.1 a2 1.1.3 a3 1.1.5 a4 T a6 1.1.6a a7 1.1.6b a8 1.1.6c a9 1.1.7 a10 1.1.42 "
    "a11 1.1.43 a12 1.1.44 a13 1.1.45 a14 1.1.46 a15 1.1.47 a16 1.2.1 a17 E-ii a18 A.1 a20 A.2"
)

BOOK = r"""
\documentclass[11pt]{book}
\usepackage{amsmath,empheq,cases,breqn}
\makeatletter
\@addtoreset{equation}{subsection}
\makeatother
\begin{document}
\frontmatter
\chapter{Preface}
\begin{equation}\label{b0} a=1 \end{equation}
\mainmatter
\part{P}
\chapter{A}
\begin{equation}\label{b1} a=1 \end{equation}
\section{s}\subsection{t}
\begin{equation}\label{b2} a=1 \end{equation}
\begin{empheq}[box=\fbox]{align} a&=b\label{b3}\\ c&=d\label{b4}\end{empheq}
\begin{numcases}{f=} 1 & x\label{b5}\\ 2 & y\label{b6}\end{numcases}
\begin{subnumcases}{f=} 1 & x\label{b7}\\ 2 & y\label{b8}\end{subnumcases}
\begin{dmath}\label{b9} a=b\end{dmath}
{\renewcommand{\theequation}{*\arabic{equation}}
\begin{equation}\label{b10} a=1 \end{equation}}
\begin{equation}\label{b11} a=1 \end{equation}
\stepcounter{equation}
\begin{flalign} a&=1 \label{b12}\end{flalign}
\begin{alignat}{2} a&=1&b&=2 \label{b13}\\ a&=1&b&=2 \label{b14}\end{alignat}
\[ a=1\tag{\theequation'}\label{b15}\]
\subsubsection{u}
\addtocounter{equation}{-1}
\begin{equation}\label{b16} a=1 \end{equation}
\chapter*{Star}
\begin{equation}\label{b17} a=1 \end{equation}
\end{document}
"""
BOOK_NUMBERS = (
    "b0 1 b1 1.1 b2 1.1 b3 1.2 b4 1.3 b5 1.4 b6 1.5 b7 1.6a b8 1.6b b9 1.7 b10 *8 b11 1.9 "
    "b12 1.11 b13 1.12 b14 1.13 b15 1.13' b16 1.13 b17 1.14"
)

GROUPS = r"""
\documentclass{amsart}
\usepackage{mathtools,breqn,subeqnarray}
\numberwithin{equation}{section}
\newenvironment{eqs}{\subequations\align}{\endalign\endsubequations}
\begin{document}
\section{x}
\begin{eqs} a\label{g1}\\ b\label{g2}\end{eqs}
\begin{dgroup}\begin{dmath}\label{g3} a \end{dmath}\begin{dmath}\label{g4} b \end{dmath}\end{dgroup}
\begin{dgroup*}\begin{dmath}\label{g5} a \end{dmath}\end{dgroup*}
\begin{subeqnarray}\label{whole} a\slabel{g6}\\ b\slabel{g7}\end{subeqnarray}
\setcounter{section}{4}
\begin{gather}\begin{split} a\\b\end{split}\label{g8}\\ c\label{g9}\\ \end{gather}
{\def\theequation{Q\arabic{equation}}\begin{equation}\label{g10} a \end{equation}}
\end{document}
"""
GROUPS_NUMBERS = "g1 1.1a g2 1.1b g3 1.2a g4 1.2b g5 1.3 g6 1.4a g7 1.4b g8 4.5 g9 4.6 g10 Q8"

ARTICLE = r"""
\documentclass{article}
\usepackage{amsmath,mathtools}
\counterwithin{equation}{subsection}
\def\beq#1{\begin{equation}\label{#1}}
\def\eeq{\end{equation}}
\newcommand{\be}[1][x]{\equation\label{#1}}\newcommand{\ee}{\endequation}
\newenvironment{eq}[1]{\begin{equation}\label{#1}}{\end{equation}}
\newif\ifdraft
\begin{document}
\section{A}
\beq{c1} a=1 \eeq
\subsection{B}
\be[c2] a=1 \ee
\begin{eq}{c3} a=1 \end{eq}
\iffalse \begin{equation}\label{cx} a=1 \end{equation}\fi
\ifdraft\begin{equation}\label{cy} a=1 \end{equation}\else
\begin{equation}\label{c4} a=1 \end{equation}\fi
\drafttrue
\ifdraft\begin{equation}\label{c5} a=1 \end{equation}\fi
$$ x = 1 \eqno(7) $$
\begin{tabular}{c} a \\$x$\\$y$ \end{tabular}
\begin {equation}\label{c6} a = 1
\end {equation}
\begin{subequations}
\renewcommand{\theequation}{\theparentequation.\arabic{equation}}
\begin{gather}\label{c7} a\\ b\label{c8}\end{gather}
\end{subequations}
\counterwithout{equation}{subsection}
\begin{equation}\label{c9} a=1 \end{equation}
\section{C}
\begin{equation}\label{c10} a=1 \end{equation}
\begingroup\setcounter{equation}{0}\renewcommand\theequation{A\arabic{equation}}
\begin{equation}\label{c11} a=1 \end{equation}
\endgroup
\begin{equation}\label{c12} a=1 \end{equation}
\appendix\section{Q}\numberwithin{equation}{section}
\begin{equation}\label{c13} a=1 \end{equation}
\begin{align}\label{c14} a=1\tag*{Q}\\ b=1\label{c15}\\ \intertext{and} c=1\label{c16}\end{align}
\begin{gather}\begin{aligned} a&=1\\ b&=2\end{aligned}\label{c18}\\ c\label{c19}\end{gather}
\begin{gather}\begin{align} a&=1\label{c20}\\ b&=2\end{align}\end{gather}
\begin{equation}\label{c21} a=1 \end{equation}
\end{document}
"""
ARTICLE_NUMBERS = (
    "c1 1.0.1 c2 1.1.1 c3 1.1.2 c4 1.1.3 c5 1.1.4 c6 1.1.5 c7 1.1.6.1 c8 1.1.6.2 c9 7 c10 8 c11 A1 "
    "c12 2 c13 A.3 c14 Q c15 A.4 c16 A.5 c18 A.6 c19 A.7 c20 A.8 c21 A.10"
)


def _read(tex: str, folder: Path) -> Document:
    (folder / "paper.tex").write_text(tex)
    return read(folder / "paper.tex")


def _in_article(body: str, preamble: str = "") -> str:
    return f"\\documentclass{{article}}\n{preamble}\\begin{{document}}\n{body}\n\\end{{document}}\n"


@pytest.mark.parametrize(
    "tex, numbers",
    [
        (REPORT, REPORT_NUMBERS),
        (BOOK, BOOK_NUMBERS),
        (ARTICLE, ARTICLE_NUMBERS),
        (GROUPS, GROUPS_NUMBERS),
    ],
    ids=["report", "book", "article", "groups"],
)
def test_numbers_are_those_of_latex(tex: str, numbers: str, tmp_path: Path) -> None:
    words = numbers.split()
    wanted = dict(zip(words[::2], words[1::2]))
    found = {label: f.printed for f in _read(tex, tmp_path).formulas for label in f.labels}
    assert found == wanted


@pytest.mark.parametrize(
    "tex, why",
    [
        (r"\begin{equation}\label{x} a=1 \end{equation}", "no \\documentclass"),
        (r"\documentclass{house}\begin{equation}\label{x} a=1 \end{equation}", "house"),
        (_in_article(r"\setcounter{equation}{\foo}\begin{equation} a=1 \end{equation}"), "value"),
        (
            _in_article(r"\renewcommand\theequation{\foo}\begin{equation} a=1 \end{equation}"),
            r"\foo",
        ),
        (
            _in_article(r"\begin{dseries} a=1 \end{dseries}\begin{equation} a=1 \end{equation}"),
            "dseries",
        ),
    ],
)
def test_a_number_that_cannot_be_known_is_not_guessed(tex: str, why: str, tmp_path: Path) -> None:
    formula = _read(tex, tmp_path).formulas[-1]
    assert formula.printed == "" and why in formula.why


NEVER = [
    r"\iffalse X \fi",
    r"\begin{comment} X \end{comment}",
    r"\begin{minted}{latex} X \end{minted}",
    r"\begin{verbatim} X \end{verbatim}",
    r"\begin{lstlisting} X \end{lstlisting}",
    r"\begin{alltt} X \end{alltt}",
    r"\newcommand\hide[1]{}\hide{X}",
    r"\newif\iflong \iflong X \fi",
    r"\iftrue\else X \fi",
    r"\if0 X \fi",
    r"\newenvironment{answer}{\comment}{\endcomment}\begin{answer} X \end{answer}",
    r"\excludecomment{answer}\begin{answer} X \end{answer}",
    r"\newtoggle{long}\iftoggle{long}{X}{}",
    r"\newcommand\never{X}",
    r"\begin{pyconsole} X \end{pyconsole}",
    r"\newenvironment{code}{\begin{minted}{python}}{\end{minted}}\begin{code} X \end{code}",
    r"\verb|X| \verb+$$+ \lstinline[language=tex]!X! \mintinline{tex}|X|",
    r"\end{document} X",
    r"\stop X",
    r"\unless\iftrue X \fi",
    r"\ifnum 1>2 X \fi",
    r"\def\version{1}\ifnum\version=0 X \fi",
    r"\ifcase 2 X\or X\or \else X \fi",
    r"\ifodd 2 X \fi",
    r"\newcount\v \v=2 \ifnum\v=1 X \fi \advance\v by -1 \ifnum\v>1 X \fi",
    r"\setcounter{section}{3}\ifnum\value{section}<3 X \fi",
    r"\def\mode{a}\if\mode b X \fi",
    r"\def\a{q}\ifx\a\empty X \fi",
    r"\def\a{q}\ifx\a\undefined X \fi",
    r"\def\a{q}\def\b{q}\ifx\a\b\else X \fi",
    r"\ifthenelse{\equal{a}{b}}{X}{}\ifthenelse{\not 1<2}{X}{}",
    r"\ifstrequal{a}{b}{X}{}\ifblank{a}{X}{}\ifnumcomp{1}{>}{2}{X}{}",
    r"\def\q{z}\ifdefempty{\q}{X}{}\ifundef{\q}{X}{}",
    r"\makeatletter\@gobble{X}\@secondoftwo{X}{}\let\hide\@gobble\hide{X}\makeatother",
    r"\typeout{\detokenize{X}}\immediate\write16{X}",
    r"\SaveVerb{v}|X| \Verb|X|",
    r"\MakeShortVerb{\|} a|X|",
    r"\lstMakeShortInline[language=tex]| a|X|",
    "\\CustomVerbatimEnvironment{code}{Verbatim}{}\\begin{code} X \\end{code}",
    "\\begin{filecontents}{a.tex}\nX\n\\end{filecontents}\n",
    "\\excludeversion{answer}\\begin{answer} X \\end{answer}",
]
#: Places of which it is not known whether TeX typesets them, or where it does not show it.
DOUBTED = [
    r"\newsavebox\b \sbox{\b}{X}",
    r"\newsavebox\b \savebox{\b}[3cm][c]{X}",
    r"\begin{lrbox}{\b} X \end{lrbox}",
    r"\setbox0=\hbox to 3cm{X}",
    r"\newenvironment{hidden}{\setbox0\vbox\bgroup}{\egroup}\begin{hidden} X \end{hidden}",
    r"\sbox{\a}{X}\usebox{\b}",
    r"{\sbox{\a}{X}}\usebox{\a}",
    r"\sbox{\a}{X}\sbox{\a}{}\usebox{\a}",
    r"\sbox{\a}{X}\sbox{\b}{\usebox{\a}}",
    r"\phantom{X}",
    r"\settowidth{\len}{X}",
    r"\ifanything{X}{}",
    r"\ifdim 1pt>2pt X \fi",
    r"\IfFileExists{a}{X}{}",
]
#: The same in a class that has places of its own.
DOUBTED_IN = {
    r"\only<article>{X}": "beamer",
    r"\only<0>{X}": "beamer",
    r"\mode<handout>{X}": "beamer",
    r"\note{X}": "beamer",
    r"\begin{frame}<article> X \end{frame}": "beamer",
    r"\begin{solution} X \end{solution}": "exam",
}
#: Places that look as if TeX did not typeset them.
TYPESET = [
    r"\begin{lrbox}{\b} X \end{lrbox}\fbox{\usebox{\b}}",
    r"\newenvironment{framed}{\begin{lrbox}{\b}}{\end{lrbox}\usebox{\b}}"
    r"\begin{framed} X \end{framed}",
    r"\sbox{\a}{X}\sbox{\b}{\usebox{\a}}\usebox{\b}",
    r"\setbox1=\vbox{X}\copy1 ",
    r"{\global\setbox1=\vbox{X}}\box1 ",
    r"\ifcase 1 \or X \or \else\fi",
    r"\def\a{}\ifx\a\empty X \fi",
    r"\makeatletter\@firstofone{X}\makeatother",
    r"\AtEndDocument{X}",
    "\\begin{filecontents}{b.tex}\nX\n\\end{filecontents}\n\\input{b}",
    "\\MakeShortVerb{\\|}\\DeleteShortVerb{\\|}|X|",
]


@pytest.mark.parametrize("text", NEVER)
def test_what_is_not_typeset_is_not_judged(text: str, tmp_path: Path) -> None:
    display = r"\begin{equation} no = 1 \end{equation}"
    shown = r"\begin{equation} yes = 1 \label{yes} \end{equation}"
    found = _read(_in_article(shown + "\n" + text.replace("X", display)), tmp_path)
    assert [f.labels for f in found.formulas] == [("yes",)]
    assert found.passed == ()


@pytest.mark.parametrize(
    "text, of_class", [*((text, "article") for text in DOUBTED), *DOUBTED_IN.items()]
)
def test_what_is_perhaps_not_typeset_is_said(text: str, of_class: str, tmp_path: Path) -> None:
    body = text.replace("X", r"\begin{equation} a = 1 \label{x} \end{equation}")
    last = r"\begin{equation} b = 1 \label{y} \end{equation}"
    found = _read(_in_article(body + last).replace("article}", f"{of_class}}}", 1), tmp_path)
    assert [(f.labels, bool(f.doubt)) for f in found.formulas] == [(("x",), True), (("y",), False)]


def test_what_stands_in_a_box_is_counted_there(tmp_path: Path) -> None:
    """As pdflatex counts it, whether it is typeset or not."""
    equation = r"\begin{equation} a = 1 \label{x} \end{equation}"
    found = _read(_in_article(rf"\sbox\b{{{equation}}}{equation}"), tmp_path)
    assert [f.printed for f in found.formulas] == ["1", "2"]


@pytest.mark.parametrize("text", TYPESET)
def test_what_is_typeset_is_judged(text: str, tmp_path: Path) -> None:
    body = text.replace("X", r"\begin{equation} a = 1 \label{x} \end{equation}")
    (formula,) = _read(_in_article(body), tmp_path).formulas
    assert formula.labels == ("x",) and not formula.doubt and formula.printed == "1"


@pytest.mark.parametrize(
    "text, why",
    [
        (r"\input{lost}", "is not there"),
        (r"\includeonly{a}\include{b}", "includeonly"),
        (r"\documentclass{beamer}\only<2>{}", "some slides"),
    ],
)
def test_what_is_not_read_leaves_no_number(text: str, why: str, tmp_path: Path) -> None:
    body = f"{text}{{}}\\begin{{equation}} a \\end{{equation}}"
    head = "" if "class" in text else "\\documentclass{article}"
    found = _read(f"{head}\\begin{{document}}{body}\\end{{document}}", tmp_path)
    assert found.formulas[0].printed == "" and why in found.formulas[0].why


def test_a_branch_that_is_not_known_is_doubted(tmp_path: Path) -> None:
    display = r"\begin{equation} a = 1 \label{x} \end{equation}"
    found = _read(
        _in_article(rf"\ifpdf {display} \fi \begin{{equation}} b \end{{equation}}"), tmp_path
    )
    first, second = found.formulas
    assert r"\ifpdf" in first.doubt
    assert second.printed == "" and r"\ifpdf" in second.why


@pytest.mark.parametrize(
    "body, reason",
    [
        (r"\begin{dseries} a = 1 \end{dseries}", "not read"),
        (r"\begin{myequation} a = 1 \end{myequation}", "not read"),
        (r"\begin{thing} a_1^2 \end{thing}", "not known"),
        (r"\begin{equation} a = 1 \section{x}", "not ended"),
        ("\\[ a = 1 \\begin{equation} b = 1 \\end{equation}", "not ended"),
        ("$$ a = 1\n\nand", "not ended"),
        (r"\begin{equation*} a = 1 \end{equation*}", "no number"),
        (r"\[ a = 1 \]", "no number"),
        (r"\begin{equation}\phantom{a = 1}\label{x}\end{equation}", "nothing to read in x"),
    ],
)
def test_what_is_not_compared_is_listed(body: str, reason: str, tmp_path: Path) -> None:
    last = r"\begin{equation} z = 1 \label{last} \end{equation}"
    found = _read(_in_article(f"{body}\n\n{last}"), tmp_path)
    assert [reason in p.reason for p in found.passed] == [True]
    assert found.formulas[-1].labels == ("last",)


@pytest.mark.parametrize(
    "definition",
    [
        r"\newtheorem*{idea}{Idea}",
        r"\newtheorem{idea}{Idea}",
        r"\newtcolorbox{idea}[1][]{colback=white}",
        r"\newmdenv[linewidth=1pt]{idea}",
        r"\newtcbtheorem{idea}{Idea}{}{id}",
    ],
)
def test_an_environment_of_text_displays_nothing(definition: str, tmp_path: Path) -> None:
    """Whatever stands in it, the numbers that follow are known."""
    body = r"\begin{idea} see a_b^2.py \end{idea} \begin{equation} z = 1 \end{equation}"
    found = _read(_in_article(definition + body), tmp_path)
    assert not found.passed and found.formulas[0].printed == "1"


def test_macros_hold_where_they_are_defined(tmp_path: Path) -> None:
    body = r"""
\newcommand{\x}{a}
\begin{equation} \x \label{1} \end{equation}
{\renewcommand{\x}{b} \begin{equation} \x \label{2} \end{equation}}
\begin{equation} \x \label{3} \end{equation}
\def\x{c}\let\y\x
\begin{equation} \y \label{4} \end{equation}
\renewcommand{\x}[2][p]{#1 + \frac#2 2}
\begin{equation} \x{q} \x[r]{s} \y \label{5} \end{equation}
\NewDocumentCommand\z{s m O{7}}{\IfBooleanTF{#1}{S}{T}_{#2} #3}
\begin{equation} \z*{i} + \z{j}[8] \label{6} \end{equation}
\DeclarePairedDelimiter\abs{\lvert}{\rvert} \DeclareMathOperator{\Var}{Var}
\begin{equation} \abs{x} + \abs*{y} + \abs[\big]{z} + \Var w \label{7} \end{equation}
\def\between#1and#2.{#1 - #2}
\begin{equation} \between u and v. \label{8} \end{equation}
\newcommand\one{x_1}\begin{equation} \one2 \label{9} \end{equation}
\expandafter\def\csname late\endcsname{L}\begin{equation} \late \label{10} \end{equation}
\input{part}
\begin{equation} \x \label{11} \end{equation}
"""
    (tmp_path / "part.tex").write_text(r"\renewcommand{\x}{from a part}")
    found = _read(_in_article(body), tmp_path)
    texts = ["".join(f.rows[0].tex.split()) for f in found.formulas]
    assert texts == [
        "a",
        "b",
        "a",
        "c",
        r"p+\fracq2r+\fracs2c",
        "S_{i}7+T_{j}8",
        r"\lvertx\rvert+\lverty\rvert+\lvertz\rvert+\operatorname{Var}w",
        "u-v",
        "x_12",
        "L",
        "fromapart",
    ]
    assert found.formulas[8].rows[0].tex == "x_1 2"


def test_every_way_to_include_a_file(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name in ("a", "b", "c", "d/e", "f", "g"):
        text = rf"\begin{{equation}} {name[-1]} \label{{{name[-1]}}} \end{{equation}}"
        if name in ("c", "g"):
            text = (
                f"\\documentclass[paper]{{subfiles}}\n\\begin{{document}}\n{text}\\end{{document}}"
            )
        (tmp_path / f"{name}.tex").write_text(text)
    (tmp_path / "mine.sty").write_text(r"\newcommand{\later}{w_@}\def\@x{1}")
    body = (
        r"\input a \include{b} \subfile{c} \import{d/}{e} \InputIfFileExists{f}{}{} \input{g.tex}"
        r"\input{none} \begin{equation} \later \label{w} \end{equation}"
    )
    found = _read(_in_article(body, "\\usepackage{mine}\n"), tmp_path)
    assert [f.labels[0] for f in found.formulas] == ["a", "b", "c", "e", "f", "g", "w"]
    assert found.formulas[2].place == "c.tex:3"
    assert found.missing == (r"paper.tex:4: \input{none}",)


def test_rows_of_inner_environments(tmp_path: Path) -> None:
    body = r"""
\begin{equation}
\left\{ \begin{aligned} a &= 1, \\ b &= 2 \end{aligned} \right. \label{1}
\end{equation}
\begin{equation} \begin{cases} a = 1, & x > 0 \\ b = 2 \end{cases} \label{2} \end{equation}
\begin{gather} \begin{aligned} a &= 1 \\ &+ 2 \end{aligned} \label{3} \end{gather}
\begin{align} a &= 1 \label{4} \\ &= 2 \label{5} \end{align}
\begin{equation} f = \begin{cases} 1 & x > 0 \\ 2 & x < 0 \end{cases} \label{6} \end{equation}
\begin{equation} \begin{cases} &a = 1 \\ &\quad + 2 \\ &b = 3 \end{cases} \label{7} \end{equation}
"""
    found = _read(_in_article(body), tmp_path).formulas
    texts = [[" ".join(r.tex.split()) for r in f.rows] for f in found]
    assert all(row.place.startswith("paper.tex:") for f in found for row in f.rows)
    assert texts == [
        ["a &= 1,", "b &= 2"],
        [r"a = 1, \text{if } x > 0", "b = 2"],
        ["a &= 1", "&+ 2"],
        ["a &= 1"],
        ["a", "&= 2"],
        [r"f = \begin{cases} 1 & x > 0 \\ 2 & x < 0 \end{cases}"],
        ["&a = 1", r"&\quad + 2", "&b = 3"],
    ]


@pytest.mark.parametrize(
    "tex",
    [
        r"\def\a{\a\a} \begin{equation} \a \label{x} \end{equation}",
        r"\def\a{\b}\def\b{\a} \begin{equation} \a \label{x} \end{equation}",
        r"\begin{equation} " * 2000,
        r"\begin{comment} " * 2000,
        "$" * 5001,
        "{" * 5000 + r"\begin{equation} x \label{x} \end{equation}",
        r"\newcommand{\x}{" * 2000,
        r"\iftrue " * 5000 + r"\fi" * 5000,
        r"\begin{a}" * 5000,
        "%" * 5000 + "\n" + r"\verb|" * 2001,
        r"\left( " * 3000,
    ],
)
def test_hostile_sources_end(tex: str, tmp_path: Path) -> None:
    """Each of them is read to its end; what cannot be read is listed."""
    found = _read(_in_article(tex), tmp_path)
    assert len(found.formulas) <= 1


def test_expansions_have_a_budget(tmp_path: Path) -> None:
    names = "abcdefghijklmnop"
    text = "".join(rf"\def\m{x}{{\m{y}\m{y}\m{y}}}" for x, y in zip(names, names[1:]))
    body = text + r"\begin{equation} \ma \label{x} \end{equation}"
    body += r"\begin{equation} y \label{y} \end{equation}"
    found = _read(_in_article(body), tmp_path)
    assert any("expands to too much" in note for note in found.notes)
    assert found.formulas[-1].labels == ("y",) and found.formulas[-1].rows[0].tex == "y"


def test_groups_of_groups_have_a_depth(tmp_path: Path) -> None:
    """The number of each would be longer than that of the one around it."""
    body = r"\begin{subequations}" * 3000 + r"\begin{equation} a \label{x} \end{equation}"
    (formula,) = _read(_in_article(body), tmp_path).formulas
    assert formula.printed == "" and len(formula.group) <= 1


def test_a_hook_that_begins_its_own_environment_ends(tmp_path: Path) -> None:
    hook = r"\AtBeginEnvironment{equation}{\begin{equation}}"
    body = hook + r"\begin{equation} a \label{x} \end{equation}" * 3
    found = _read(_in_article(body), tmp_path)
    assert len(found.formulas) + len(found.passed) <= 12


def test_inputs_have_a_depth(tmp_path: Path) -> None:
    for k in range(200):
        (tmp_path / f"i{k}.tex").write_text(rf"\input{{i{k + 1}}}")
    with pytest.raises(InputError, match="nested more than"):
        read(tmp_path / "i0.tex")


def test_words_tell_definitions_from_conditions(tmp_path: Path) -> None:
    body = r"""
Let $D_1 = x$, $D_2 = y$ and $E_1 = z$. When $\delta = 0$ we have $K = 1$, so
\begin{equation} a = b \label{x} \end{equation}
where $q = 2$, for $\psi = 1$. Then $r = 3$.
"""
    (formula,) = _read(_in_article(body), tmp_path).formulas
    roles = {rows[0].tex: rows[0].role for rows in formula.before + formula.after}
    assert roles == {
        "D_1 = x": "definition",
        "D_2 = y": "definition",
        "E_1 = z": "definition",
        r"\delta = 0": "condition",
        "K = 1": "",
        "q = 2": "definition",
        r"\psi = 1": "condition",
    }
    assert formula.conditions == (r"\delta = 0", r"\psi = 1")
