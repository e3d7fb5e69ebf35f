"""Numbers of equations beside those that pdflatex writes to its .aux files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from eqsolve.latex.source.walker import read

pytestmark = pytest.mark.skipif(
    not shutil.which("pdflatex") and not os.environ.get("EQSOLVE_REQUIRE_TOOLS"),
    reason="pdflatex is not installed",
)


def _equation(label: str) -> str:
    return rf"\begin{{equation}}\label{{{label}}} a=1 \end{{equation}}"


def _document(body: str, preamble: str = "", **given: str) -> str:
    """A document in which every ``@`` that stands alone is an equation with a label of its own."""
    count = 0

    def numbered(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return _equation(f"q{count}")

    head = f"\\documentclass{{{given.get('class', 'article')}}}\n\\usepackage{{amsmath,amsthm}}\n"
    body = re.sub(r"(?<!\\)@(?![A-Za-z])", numbered, body)
    return f"{head}{preamble}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"


#: Documents by what they are about.
CASES = tomllib.loads((Path(__file__).parent / "data" / "numbers.toml").read_text())


@pytest.mark.parametrize("name", CASES)
def test_numbers_are_those_of_pdflatex(name: str, tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(_document(**CASES[name]))
    command = ["pdflatex", "-draftmode", "-halt-on-error", "-interaction=nonstopmode", "paper.tex"]
    log = subprocess.run(command, cwd=tmp_path, capture_output=True)
    assert log.returncode == 0, log.stdout[-2000:]
    aux = (tmp_path / "paper.aux").read_text(encoding="latin-1")
    # memoir also writes the title of the section
    aux = re.sub(r"\\M@TitleReference \{([^}]*)\}\{[^}]*\}", r"\1", aux)
    labels = re.findall(r"\\newlabel\{([^}]*)\}\{\{((?:[^{}]|\{[^{}]*\})*)\}", aux)
    # a tag is written in braces
    wanted = {label: number.strip("{}") for label, number in labels}
    found = {x: f.printed for f in read(tmp_path / "paper.tex").formulas for x in f.labels}
    assert found == wanted and found


@pytest.mark.parametrize(
    "body, why",
    [
        (r"\newcount\i \i=0 \loop @ \advance\i by 1 \ifnum\i<3 \repeat @", r"\loop"),
        (r"\whiledo{\value{equation}<3}{@} @", r"\whiledo"),
        (r"\foreach \x in {1,2} {@} @", r"\foreach"),
        (r"\edef\theequation{\thesection.\noexpand\arabic{equation}} @ @", "a counter"),
        (r"\numberwithin{equation}{section}\ifdim1pt>2pt\section{x}\fi @", "not known"),
        (r"\ifdim1pt>2pt\setcounter{equation}{7}\fi @", "not known"),
        (r"\usecounter{equation} @", "items of a list"),
        (r"\mathtoolsset{showonlyrefs=true} @ \section{a} @", "referred to"),
        (r"\setcounter{equation}{\numexpr 3+4\relax} @", "not known"),
    ],
)
def test_numbers_that_depend_on_running_tex(body: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(_document(body))
    found = read(tmp_path / "paper.tex").formulas
    assert all(not f.printed for f in found)
    assert why in found[-1].why
