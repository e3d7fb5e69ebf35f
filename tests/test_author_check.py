"""Verdicts on an author's source: definitions, conditions, numbers, budgets, and exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from eqsolve.cli import cli
from eqsolve.errors import InputError, StaleError
from eqsolve.latex import document
from eqsolve.latex.checking import check as checking
from eqsolve.latex.checking.check import Ledger, check
from eqsolve.latex.checking.proposal import proposed
from eqsolve.latex.checking.symbol_map import SymbolMap, read_symbols, write_symbols
from eqsolve.latex.checking.verdict import Finding, Report
from eqsolve.latex.document import Style
from eqsolve.latex.folder import check_files
from eqsolve.latex.source.walker import read
from eqsolve.registry import model, models


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger(models())


def _document(body: str) -> str:
    packages = "\\usepackage{amsmath}\n\\begin{document}\n"
    return f"\\documentclass{{article}}\n{packages}{body}\n\\end{{document}}\n"


def _report(
    body: str, folder: Path, ledger: Ledger, symbols: SymbolMap = SymbolMap(), counted: bool = True
) -> Report:
    (folder / "paper.tex").write_text(_document(body))
    return check(folder / "paper.tex", ledger, symbols, counted=counted)


def _last(body: str, folder: Path, ledger: Ledger) -> Finding:
    return _report(body, folder, ledger).findings[-1]


A = r"\begin{equation} a = \frac{\lambda\kappa}{D_1} \label{eq:2.50} \end{equation}"
W = A.replace("D_1", "D_2")
Q = r"\begin{equation} a = \chi \kappa \label{eq:2.50} \end{equation}"


@pytest.mark.parametrize(
    "body, verdict, detail",
    [
        (A, "equal", ""),
        # definitions of known names
        (rf"Let $D_1 = \lambda - r - B p_1$. {A}", "equal", ""),
        (rf"Let $D_1 = \lambda + r - B p_1$. {A}", "not checked", "defined differently"),
        (rf"{A} where $D_1 = \lambda + r - B p_1$.", "not checked", "defined differently"),
        (rf"Put $D_1 := \lambda$. {A}", "not checked", "D_1 := \\lambda"),
        (rf"Set $\lambda = 1$. {A}", "not checked", "defined differently"),
        (rf"\section{{x}} Let $\lambda = 1$. \section{{y}} {A}", "equal", ""),
        # of new ones
        (rf"Let $\chi = \lambda / D_1$. {Q}", "equal", "\\chi = \\lambda / D_1"),
        (rf"{Q} where $\chi = \lambda / D_1$.", "equal", "\\chi = \\lambda / D_1"),
        (rf"Then $\chi = \lambda / D_1$. {Q}", "different", "not known"),
        (rf"When $\chi = \lambda / D_1$ we get {Q}", "not checked", "condition"),
        (rf"Let $\chi = \chi + 1$. {Q}", "different", "not known"),
        (rf"Let $\hat n = \hat n + 1$. {A}", "equal", ""),
        # conditions
        (rf"When $\theta = 0$, {A}", "equal", "the condition in the text is not read"),
        (rf"When $\kappa = 0$, {A.replace('lambda', 'nu')}", "not checked", "condition"),
        (rf"Suppose $\theta = 0$. Then {A}", "equal", "the condition in the text is not read"),
        (rf"Assume that $\theta = 0$. So {W}", "not checked", "the condition in the text"),
        (f"Assume that $\\theta = 0$.\n\nSo {W}", "different", ""),
        (rf"For some $u$ we have {A}", "equal", "the condition in the text is not read: u"),
        (rf"Provided that $S = 0$, {A}", "equal", "the condition in the text is not read"),
        (rf"Let $X_t$ be wealth at $t$. {A}", "equal", ""),
        (A.replace("}{D_1}", r"}{D_1} \text{ if } r = 0"), "not checked", "the text is not read"),
        (A.replace("}{D_1}", r"}{D_1}, \quad \forall x"), "not checked", "the text is not read"),
        # other readings
        (A.replace(r"\lambda\kappa", r"\lambda(t)\kappa"), "different", ""),
        (A.replace(r"\lambda\kappa", r"\boxed{\lambda\kappa}"), "equal", ""),
        (A.replace(r"\lambda\kappa", r"\underbrace{\lambda\kappa}_{x}"), "equal", ""),
        (A.replace(r"\lambda\kappa", "λκ"), "equal", ""),
        (A.replace(r"\kappa}", r"\kappa + \ldots - \ldots}"), "not checked", "dots"),
        (A.replace("a =", r"a \overset{d}{=}"), "different", "relation"),
        (A.replace("a =", r"a \overset{!}{=}"), "equal", ""),
        (A.replace(r"\frac{\lambda\kappa}{D_1}", r"\lambda \\ \times \kappa / D_1"), "equal", ""),
        (A.replace("D_1", "D_12"), "not checked", "without braces"),
        (A.replace(r"\kappa", r"\kappa^{x+1}"), "different", ""),
        (A.replace("a =", r"\partial_\kappa a ="), "different", ""),
        (A.replace(r"\kappa}", r"\nosuchmacro}"), "not checked", r"the macro \nosuchmacro"),
    ],
)
def test_verdicts_with_the_text_around(
    body: str, verdict: str, detail: str, tmp_path: Path, ledger: Ledger
) -> None:
    finding = _last(body, tmp_path, ledger)
    assert finding.verdict == verdict, str(finding)
    assert detail in json.dumps(finding.to_dict()).replace("\\\\", "\\")


def test_a_wrong_abbreviation_is_reported_where_it_stands(tmp_path: Path, ledger: Ledger) -> None:
    files = document.files([model("best-response")])
    text = files["eq-2.66.tex"]
    wrong = text.replace(r"\lambda - 2 r - B p_1", r"\lambda + 2 r - B p_1")
    assert wrong != text
    (tmp_path / "a.tex").write_text(wrong)
    findings = check(tmp_path / "a.tex", ledger).findings
    assert [f.verdict for f in findings if f.abbreviation].count("different") == 1
    assert findings[-1].verdict == "not checked"


def test_a_coincidence_of_counted_numbers_is_a_question(tmp_path: Path, ledger: Ledger) -> None:
    head = r"\numberwithin{equation}{section}\setcounter{section}{2}\setcounter{equation}{49}"
    right = head + r"\begin{equation} a = \frac{\lambda\kappa}{D_1} \end{equation}"
    wrong = head + r"\begin{equation} x = y \end{equation}"
    assert _last(right, tmp_path, ledger).verdict == "equal"
    finding = _last(wrong, tmp_path, ledger)
    assert finding.verdict == "not checked" and "is it meant?" in finding.parts[0].reason
    report = _report(right, tmp_path, ledger, counted=False)
    assert report.findings[0].verdict == "not checked"
    # one that agrees shows that the file counts like the derivation: then a difference is one
    both = right + r"\setcounter{equation}{42} \begin{equation} h_{20} = \kappa \end{equation}"
    sum_ = r"\beta a + \frac\gamma2 (a^2 - h_{20})"
    both += rf"\setcounter{{equation}}{{44}} \begin{{equation}} A_1 = {sum_} \end{{equation}}"
    verdicts = [f.verdict for f in _report(both, tmp_path, ledger).findings]
    assert verdicts == ["equal", "different", "equal"]


def test_a_group_of_equations_with_a_label_is_one_display(tmp_path: Path, ledger: Ledger) -> None:
    body = (
        r"\begin{subequations}\label{eq:2.46}\begin{align} K &= \gamma v h_{20} \\ "
        r"D_2 &> 0 \end{align}\end{subequations}"
    )
    (finding,) = _report(body, tmp_path, ledger).findings
    assert (finding.number, finding.verdict) == ("2.46", "equal")
    (finding,) = _report(body.replace("> 0", "< 0"), tmp_path, ledger).findings
    assert finding.verdict == "different"


@pytest.mark.parametrize(
    "right",
    [
        " + ".join(rf"\frac{{x_{k} + y_{k}}}{{u_{k}^2 + v_{k} w_{k} + z_{k}}}" for k in range(9)),
        r"((((2^{12})^{12})^{12})^{12})^{12}",
        r"((((x + 1)^{12})^{12})^{12})^{12}",
        r"(x + y + z + u + v + w)^{12} (a + b + c + d)^{12}",
        r"\exp " * 4000 + "x",
        r"\{x: " * 30 + "y" + r"\}" * 30,
        r"\mathbb{E}[" * 30 + "x" + "]" * 30,
        r"\hat{" * 900 + "x" + "}" * 900,
        "f(" * 900 + "x" + ")" * 900,
        "a(b+" * 35 + "x" + ")" * 35,
        r"\frac{d " * 35 + "x" + "}{y}" * 35,
        "²³" * 50,
        "1" * 5000,
        "x" * 30000,
    ],
)
def test_every_formula_has_a_budget(right: str, tmp_path: Path, ledger: Ledger) -> None:
    body = rf"\begin{{equation}} a = {right} \label{{eq:2.50}} \end{{equation}}"
    first, second = _report(body + A.replace("2.50", "2.50"), tmp_path, ledger).findings[-2:]
    assert first.verdict in ("different", "not checked")
    assert second.verdict == "equal"


def test_a_formula_beyond_the_budget_says_so(tmp_path: Path, ledger: Ledger) -> None:
    right = " + ".join(rf"\frac{{x_{k}}}{{u_{k}^2 + v_{k} + w_{k}}}" for k in range(9))
    body = rf"\begin{{equation}} a = {right} \label{{eq:2.50}} \end{{equation}}"
    finding = _last(body, tmp_path, ledger)
    assert finding.verdict == "not checked" and "too large" in finding.parts[0].reason


# ------------------------------------------------------------------ the symbol map


def test_oddities_of_the_symbol_map_are_reported(tmp_path: Path, ledger: Ledger) -> None:
    symbols = SymbolMap({r"\ell": r"\lambda"}, {"eq:gone": "2.50", "eq:2.50": "9.99"})
    (tmp_path / "paper.tex").write_text(_document(A))
    report = check(tmp_path / "paper.tex", ledger, symbols)
    notes = proposed(read(tmp_path / "paper.tex"), report, ledger, symbols).notes
    assert [n.removeprefix("symbol map: ") for n in notes] == [
        "no formula has the label 'eq:gone'",
        "no display has the number '9.99' of 'eq:2.50'",
        r"\ell is not used",
    ]


def test_a_map_is_proposed_and_written(tmp_path: Path, ledger: Ledger) -> None:
    body = A.replace(r"\lambda", r"\ell")
    body += r"\begin{equation} h_{20} = \frac{\ell\kappa^2}{D_2} \label{eq:2.43} \end{equation}"
    report = _report(body, tmp_path, ledger)
    proposal = proposed(read(tmp_path / "paper.tex"), report, ledger, SymbolMap()).proposal
    assert proposal is not None
    assert (proposal.names, proposal.equal, proposal.compared) == ({r"\ell": r"\lambda"}, 2, 2)
    written = SymbolMap(proposal.names, {'a "label"': "2.50"})
    write_symbols(tmp_path / "map.toml", written)
    assert read_symbols(tmp_path / "map.toml") == written
    # a formula that is wrong is not made right by a name
    body = A.replace(r"\lambda", r"\lambda^2")
    report = _report(body, tmp_path, ledger)
    assert proposed(read(tmp_path / "paper.tex"), report, ledger, SymbolMap()).proposal is None


def test_numbers_of_a_map_stay_texts(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text('[numbers]\n"eq:x" = 2.50\n')
    with pytest.raises(InputError, match="keeps its last zero"):
        read_symbols(tmp_path / "map.toml")


# ------------------------------------------------------------------ the command line


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["latex", *arguments])


@pytest.mark.parametrize(
    "body, require, code, words",
    [
        (A, "any", 0, ""),
        (A, "all", 0, ""),
        (A, "1", 0, ""),
        (A, "2", 1, "fewer than 2"),
        ("No formula.", "any", 1, "no formula"),
        (A.replace("2.50", "x"), "any", 1, "nothing was checked"),
        (A + A.replace("2.50", "x"), "any", 0, ""),
        (A + A.replace("2.50", "x"), "all", 1, "1 of 2"),
        (A + r"\input{gone}", "all", 1, "missing"),
        (A, "some", 2, "neither"),
    ],
)
def test_what_must_be_checked(
    body: str, require: str, code: int, words: str, tmp_path: Path
) -> None:
    (tmp_path / "paper.tex").write_text(_document(body))
    result = _run("--check", str(tmp_path / "paper.tex"), "--require", require)
    assert result.exit_code == code, result.output
    assert words in result.stderr
    if code < 2:
        last = result.stdout.splitlines()[-1]
        assert re.fullmatch(r"(\d+ [a-z ]+, )+\d+ passed over", last), last


def test_several_files_are_counted_together(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.tex").write_text(_document(A))
    result = _run("--check", str(tmp_path / "a.tex"), str(tmp_path / "b.tex"))
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].startswith("2 equal")


def test_options_belong_to_their_task(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    for wrong in (
        ("--out", out, "--require", "all"),
        ("--check", "a.tex", "--number", "label"),
        ("--check", "a.tex", "--no-prose"),
        ("--out", out, "--propose", "map.toml"),
    ):
        assert _run(*wrong).exit_code == 2


def test_the_plugin_fails_where_nothing_is_checked(tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(_document(A.replace("2.50", "x")))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--eqsolve", "paper.tex"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "nothing was checked" in result.stdout


# ------------------------------------------------------------------ what is written


def test_equations_in_the_notation_of_the_author(tmp_path: Path, ledger: Ledger) -> None:
    symbols = SymbolMap({r"\ell": r"\lambda", "h": r"\ell"})
    style = Style("label", False, symbols)
    document.write(tmp_path, [model("best-response")], style)
    text = (tmp_path / "eq-2.50.tex").read_text()
    assert r"\ell" in text and r"\lambda" not in text
    assert r"\tag" not in text and r"\label{eq:2.50}" in text and "Let" not in text
    assert check(tmp_path / "eq-2.50.tex", ledger, symbols).counts["equal"] == 1
    document.write(tmp_path / "none", [model("best-response")], Style("none"))
    assert r"\label" not in (tmp_path / "none" / "eq-2.50.tex").read_text()


def test_files_of_a_former_version_are_stale(tmp_path: Path) -> None:
    game = [model("n-agent")]
    document.write(tmp_path, game)
    check_files(tmp_path, document.files(game))
    (tmp_path / "eq-own.tex").write_text("the author's own")
    check_files(tmp_path, document.files(game))
    (tmp_path / "eq-1.1.tex").write_text("% Generated by eqsolve 0.0.1; do not edit.\n")
    with pytest.raises(StaleError, match="eq-1.1.tex"):
        check_files(tmp_path, document.files(game))


@pytest.mark.parametrize("name", ["values.tex", "results.tex"])
def test_numbers_of_a_former_run_are_stale(name: str, tmp_path: Path) -> None:
    """They are still input by the paper, and belong to other parameters."""
    game = [model("n-agent")]
    document.write(tmp_path, game)
    (tmp_path / name).write_text("the author's own")
    check_files(tmp_path, document.files(game))
    (tmp_path / name).write_text("% Generated by eqsolve 0.2.0; do not edit.\n")
    with pytest.raises(StaleError, match=name):
        check_files(tmp_path, document.files(game))
    check_files(tmp_path, document.files(game) | {name: (tmp_path / name).read_text()})


def test_a_file_has_a_budget(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many formulas there are, so many are compared, repaired and read."""
    monkeypatch.setattr(checking, "MAX_COMPARED", 3)
    monkeypatch.setattr(checking, "MAX_REPAIRED", 1)
    monkeypatch.setattr(checking, "MAX_READ", 20)
    wrong = A.replace("D_1", "D_2")
    other = r"\[ x = y + z \] \[ x = y + z \] \[ x = y + w \] \[ x = y + v \]"
    report = _report(wrong + wrong + A + A + other, tmp_path, ledger)
    assert [f.verdict for f in report.findings] == ["different"] * 2 + ["equal", "not checked"]
    assert [bool(f.parts[0].repair) for f in report.findings[:2]] == [True, False]
    assert "too large" in report.findings[3].parts[0].reason
    read = ["could be read" in p.readability for p in report.passed]
    assert read == [True, True, True, False]
