"""``eqsolve latex --check``: the generated document passes, every mutation of it does not."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

import latex_mutations
from eqsolve.cli import cli
from eqsolve.errors import InputError
from eqsolve.latex import document
from eqsolve.latex.checking.check import Ledger, check
from eqsolve.latex.checking.symbol_map import SymbolMap, read_symbols
from eqsolve.latex.checking.verdict import Report
from eqsolve.registry import models

SEED = 20240611
EXAMPLE = Path(__file__).parents[1] / "docs" / "example"


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger(models())


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return document.files(models())


@pytest.fixture(scope="module")
def paper(files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("paper")
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder / document.DOCUMENT


def _checked(tex: str, folder: Path, ledger: Ledger, symbols: SymbolMap = SymbolMap()) -> Report:
    file = folder / "author.tex"
    file.write_text(tex)
    return check(file, ledger, symbols)


# ---------------------------------------------------------------- the document


def test_the_generated_document_passes_whole(
    paper: Path, files: dict[str, str], ledger: Ledger
) -> None:
    report = check(paper, ledger)
    assert report.ok
    assert [str(f) for f in report.findings if f.verdict != "equal"] == []
    numbered = {t for text in files.values() for t in re.findall(r"\\tag\{([^}]*)\}", text)}
    found = {f.number for f in report.findings if not f.abbreviation}
    assert found == numbered
    assert len(found) > 150


@pytest.mark.parametrize("size", [180, pytest.param(720, marks=pytest.mark.full)])
def test_every_mutation_is_found(
    size: int, files: dict[str, str], ledger: Ledger, tmp_path: Path
) -> None:
    """Every changed formula differs, and only what a numeric evaluation calls the same is equal."""
    rng = Random(SEED)
    others: list[tuple[str, latex_mutations.Mutation]] = []
    kinds: dict[str, list[tuple[str, latex_mutations.Mutation]]] = {}
    beyond = []
    for name, text in files.items():
        if name == document.DOCUMENT or r"\tag" not in text:
            continue
        start, end = latex_mutations.body(text)
        try:
            assert latex_mutations.same(text[start:end], text[start:end])
        except (AssertionError, SyntaxError):
            beyond.append(name)
            others += ((name, m) for m in latex_mutations.mutations(text[start:end]))
            continue
        for mutation in latex_mutations.mutations(text[start:end]):
            kinds.setdefault(mutation.kind, []).append((name, mutation))
    # the plain evaluation of the test cannot read some displays of the appendices: every change
    # of those must differ
    assert len(beyond) < 10, beyond
    assert sorted(kinds) == ["dropped term", "exponent", "factor", "index", "sign", "symbol"]
    counts: Counter[str] = Counter()
    missed = []
    for kind in sorted(kinds):
        for name, mutation in rng.sample(kinds[kind], size // len(kinds)):
            text = files[name]
            start, end = latex_mutations.body(text)
            mutated = mutation.applied(text[start:end])
            (tmp_path / "m.tex").write_text(text[:start] + mutated + text[end:])
            findings = check(tmp_path / "m.tex", ledger, repair=False).findings
            assert all(f.verdict == "equal" for f in findings if f.abbreviation)
            (finding,) = (f for f in findings if not f.abbreviation)
            assert f"{{{finding.number}}}" in text
            equivalent = _same(text[start:end], mutated)
            counts["equivalent" if equivalent else finding.verdict] += 1
            if (finding.verdict != "different") != equivalent:
                missed.append((name, mutation, str(finding)))
    for name, mutation in rng.sample(others, size // 7):
        text = files[name]
        start, end = latex_mutations.body(text)
        (tmp_path / "m.tex").write_text(
            text[:start] + mutation.applied(text[start:end]) + text[end:]
        )
        findings = check(tmp_path / "m.tex", ledger, repair=False).findings
        if [f.verdict for f in findings if not f.abbreviation] != ["different"]:
            missed.append((name, mutation, str(findings)))
    assert missed == []
    assert counts["equivalent"] < 20
    assert counts["different"] == size - counts["equivalent"] >= 0.7 * size


def _same(original: str, mutated: str) -> bool:
    """A mutation that tears a list of arguments apart has no value, and is not the same."""
    try:
        return latex_mutations.same(original, mutated)
    except (AssertionError, SyntaxError):
        return False


@pytest.mark.parametrize(
    "name, old, new, repair",
    [
        ("eq-2.66.tex", "(r + B p_1)", "(r - B p_1)", "change the sign before B p_1"),
        (
            "eq-2.53-2.54.tex",
            "- D_1^2 (B",
            "+ D_1^2 (B",
            "change the sign before D_1^2 (B + v p_1)",
        ),
        ("eq-2.102.tex", "p_{2,2} x_{1}", "p_{2,2} x_{2}", "replace x_{2} by x_1"),
        ("eq-2.43.tex", r"\kappa^2", r"\kappa", r"raise \kappa to the power 2"),
        ("eq-2.69.tex", "{2 \\lambda", "{\\lambda", None),
        ("eq-2.51.tex", r" - \lambda \theta", "", r"add the term - \lambda \theta"),
        ("eq-2.61.tex", r"(\theta + c)^2", r"(\theta + c)", "raise the bracket around"),
    ],
)
def test_a_mutation_is_found_at_its_place_in_the_whole_document(
    paper: Path, ledger: Ledger, tmp_path: Path, name: str, old: str, new: str, repair: str | None
) -> None:
    for file in paper.parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    text = (tmp_path / name).read_text()
    place = text.rindex(old)
    (tmp_path / name).write_text(text[:place] + new + text[place + len(old) :])
    (finding,) = (f for f in check(tmp_path / paper.name, ledger).findings if f.verdict != "equal")
    assert finding.verdict == "different"
    assert finding.place.startswith(name)
    (part,) = (p for p in finding.parts if p.verdict == "different")
    assert part.difference not in ("", "0")
    assert part.repair and (repair is None or part.repair.startswith(repair))


# ------------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    "number, tex, verdict, detail",
    [
        # the same, written otherwise
        ("2.50", r"a = \dfrac{\kappa\lambda}{\lambda-(r+Bp_1)}", "equal", "abbreviations"),
        ("2.50", r"\frac{\lambda}{D_1}\,\kappa = a", "equal", "identity"),
        ("2.51", r"c = \left(Bap_2-\lambda\theta\right)/(\lambda-r)", "equal", "abbreviations"),
        ("2.45", r"A_1=\beta a+\tfrac\gamma2\bigl(a^2-h_{20}\bigr)", "equal", "identity"),
        ("2.71", r"q_3=\frac{\alpha B D_1 D_2}{\gamma(1-\theta/n)\Delta}", "equal", "abbrev"),
        ("2.9", "x", "not checked", "no relation"),
        # true by the equations of the solution
        (
            "2.45",
            r"A_1 = \frac{B a \beta + K p_1}{2 B} + \frac{\beta a}{2} - \frac{\beta a}{2}",
            "equal",
            "derivation",
        ),
        # a factor
        ("2.50", r"D_1 a = \lambda\kappa", "equal up to a factor", "D_1"),
        ("2.42", r"h_{20} D_2 = \lambda\kappa^2", "equal", "abbreviations"),
        ("2.46", r"3 D_2 > 0", "equal up to a factor", "3"),
        ("2.46", r"K = \gamma v h_{20} \\ D_2 > 0", "equal", "derivation"),
        ("2.46", r"\lambda > 2 (r + B p_1) + v p_1^2", "equal", "identity"),
        # one of two lines that say the same, a line twice, and a name spelled out
        ("2.54", r"c_3 p_1^3 + c_2 p_1^2 + c_1 p_1 + c_0 = 0", "equal", "identity"),
        (
            "2.43",
            r"h_{20} = \frac{\lambda\kappa^2}{E_0 - 2Bp_1 - vp_1^2} = \frac{\lambda\kappa^2}{D_2}",
            "equal",
            "",
        ),
        ("2.67", r"v(\lambda - r) D_1 + B^2 (D_1 - D_2) \neq 0", "equal", "abbreviations"),
        (
            "2.94",
            r"\overline\pi = \frac{(p_1+(1-N)p_2)\overline x+q_3}{1-(1-N)Q}",
            "equal",
            "identity",
        ),
        (
            "2.14",
            r"F & = (\alpha + \beta x) G \\ & \quad{} - \frac{\gamma}{2} (H - G^2)",
            "equal",
            "",
        ),
        # not the same
        ("2.46", r"D_2 < 0", "different", "<"),
        ("2.46", r"- D_2 > 0", "different", ""),
        ("2.46", r"D_2 \geq 0", "different", "relation"),
        ("2.46", r"K = 2 \gamma v h_{20} \\ D_2 > 0", "different", "no such line"),
        ("2.54", r"c_3 p_1^3 + c_2 p_1^2 - c_1 p_1 + c_0 = 0", "different", "-2 c_1 p_1"),
        (
            "2.43",
            r"h_{20} = \frac{\lambda\kappa^2}{D_2} = \frac{\lambda\kappa}{D_2}",
            "different",
            "(1 - \\kappa)",
        ),
        ("2.67", r"v(\lambda - r) D_1 - B^2 (D_1 - D_2) \neq 0", "different", ""),
        ("2.67", r"\Delta \neq 0", "different", "missing"),
        ("2.102", r"u_1 = \frac{2}{2 + B_1 Q_{b,1} + \sigma_1 Q_{s,1}}", "different", "missing"),
        (
            "2.14",
            r"F & = (\alpha + \beta x) G \\ & \quad{} + \frac{\gamma}{2} (H - G^2)",
            "different",
            "sign",
        ),
        ("2.50", r"a = a", "different", ""),
        ("2.50", r"a = \frac{\lambda\kappa}{D_1} \\ c = 0", "different", "no such line"),
        ("2.50", r"h_{20} = \frac{\lambda\kappa^2}{D_2}", "different", ""),
        ("2.50", r"a (a - 1) = (a - 1) \frac{\lambda\kappa}{D_1}", "different", ""),
        ("2.43", r"h_{20} = \frac{\lambda\kappa^{2}}{D_3}", "different", "not known"),
        ("2.85", r"p_3 = \frac{\alpha B D_1 D_2}{\theta\Delta}", "different", ""),
        ("2.67", r"\Delta = D_1 E_1 v + B^2 (D_1 - D_2) \\ E_1 \neq 0", "different", ""),
        # not read
        ("2.50", r"a = \frac{\lambda \kappa}{D_1} \text{ if } D_1 > 0", "not checked", "text"),
        ("2.50", r"a = \lambda\kappa/D_1 r", "not checked", "ambiguous"),
        ("2.50", r"a = \begin{cases} 1 \end{cases}", "not checked", "environment"),
        ("2.50", r"a = \lambda\kappa^{999}", "not checked", "exponent"),
        ("2.50", r"a = \frac{1}{0}", "not checked", "zero"),
        ("9.99", r"a = 1", "not checked", "no display"),
    ],
)
def test_verdicts(
    number: str, tex: str, verdict: str, detail: str, tmp_path: Path, ledger: Ledger
) -> None:
    rows = tex.split(r" \\ ")
    text = " \\notag \\\\\n".join(rows)
    tex = f"\\begin{{align}}\n{text} \\tag{{{number}}}\n\\end{{align}}\n"
    (finding,) = _checked(tex, tmp_path, ledger).findings
    assert finding.verdict == verdict, str(finding)
    assert detail in json.dumps(finding.to_dict()).replace("\\\\", "\\")


# -------------------------------------------------------------------- notation


SECOND = {
    r"\alpha": r"\beta",
    r"\beta": r"\alpha",
    r"\lambda": "h",
    "h": r"\eta",
    r"\pi^*": r"\hat\pi",
    "a": r"\hat a",
    "V": r"\hat V",
}
_MATH = re.compile(r"\\begin\{(align\*?|equation\*?)\}.*?\\end\{\1\}|\$[^$]*\$", re.DOTALL)
_WORD = re.compile(
    r"\\(?:tag|label|begin|end|mathcal|operatorname)\{[^{}]*\}|\\hat\{?V\}?_h|\\pi\^\*"
    r"|\\[A-Za-z]+|h_\{|[A-Za-z]+"
)


def _second_notation(text: str) -> str:
    """Rename symbols in the formulas of a generated file."""

    def formula(match: re.Match[str]) -> str:
        return _WORD.sub(lambda m: SECOND.get(m.group(), m.group()), match.group())

    return _MATH.sub(formula, text)


def test_a_second_notation_passes_whole_and_its_mutations_do_not(
    files: dict[str, str], ledger: Ledger, tmp_path: Path
) -> None:
    """alpha and beta exchanged, lambda as h, hats on the optimum, on a and on V."""
    for name, text in files.items():
        (tmp_path / name).write_text(_second_notation(text))
    entries = [f"'{theirs}' = '{ours}'" for ours, theirs in SECOND.items()]
    entries.append(r"'\hat V_h' = '\hat V_h'")
    (tmp_path / "map.toml").write_text("\n".join(["[symbols]", *entries]))
    symbols = read_symbols(tmp_path / "map.toml")
    report = check(tmp_path / document.DOCUMENT, ledger, symbols)
    assert [str(f) for f in report.findings if f.verdict != "equal"] == []
    file = tmp_path / "eq-2.50.tex"
    text = file.read_text()
    assert r"\hat a = \frac{h \kappa}{D_1}" in text
    file.write_text(text.replace(r"h \kappa}", r"h \kappa^2}"))
    findings = check(tmp_path / document.DOCUMENT, ledger, symbols).findings
    (finding,) = (f for f in findings if f.verdict != "equal")
    assert (finding.number, finding.verdict) == ("2.50", "different")
    assert finding.parts[0].repaired == r"\hat a = \frac{h \kappa}{D_1}"
    assert finding.parts[0].expected == r"\hat{a} = \frac{h \kappa}{D_1}"
    # the old name of a renamed symbol means nothing any more
    file.write_text(text.replace("h \\kappa", "\\lambda \\kappa"))
    assert check(file, ledger, symbols).findings[-1].verdict == "different"
    # without the map the notation is not understood, and nothing passes by accident
    assert check(tmp_path / "eq-2.45.tex", ledger).findings[0].verdict == "different"


@pytest.mark.parametrize(
    "text, reason",
    [
        ("[symbols]\n'a + b' = 'c'", "not a single symbol"),
        ("[names]\na = 'b'", "unknown entry"),
        ("[symbols", "is not valid TOML"),
    ],
)
def test_a_wrong_symbol_map_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(InputError, match=reason):
        read_symbols(tmp_path / "map.toml")


# -------------------------------------------------------- command line, plugin


def test_command_line(tmp_path: Path, paper: Path) -> None:
    good, bad = paper.parent / "eq-2.50.tex", tmp_path / "bad.tex"
    bad.write_text(good.read_text().replace(r"\kappa", r"\theta"))
    result = CliRunner().invoke(cli, ["latex", "--check", str(good)])
    assert result.exit_code == 0, result.output
    assert re.search(r"^eq-2\.50\.tex:\d+: \(2\.50\): equal$", result.stdout, re.MULTILINE)
    result = CliRunner().invoke(cli, ["latex", "--check", str(bad), "--json"])
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["counts"]["different"] == 1
    (part,) = answer["formulas"][-1]["parts"]
    assert part["repaired"] == r"a = \frac{\lambda \kappa}{D_1}"
    assert part["difference"] == r"-\frac{\lambda (\kappa - \theta)}{D_1}"
    for wrong in ([], ["--out", "a", "--check", "b"], ["--out", "a", "--json"]):
        assert CliRunner().invoke(cli, ["latex", *wrong]).exit_code == 2
    missing = CliRunner().invoke(cli, ["latex", "--check", str(tmp_path / "none.tex")])
    assert missing.exit_code == 2
    assert "cannot be read" in missing.stderr


def _pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as an author does: the plugin is found by its entry point."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_example_repository(tmp_path: Path) -> None:
    """One test per numbered equation, in JUnit output, too; a slip fails at its number."""
    folder = tmp_path / "paper"
    shutil.copytree(EXAMPLE, folder)
    arguments = ("--eqsolve", "paper.tex", "--eqsolve-symbols", "notation.toml")
    result = _pytest(folder, *arguments, "-v", "--junitxml", "junit.xml")
    assert result.returncode == 0, result.stdout + result.stderr
    cases = ElementTree.parse(folder / "junit.xml").findall(".//testcase")
    assert [c.attrib["name"] for c in cases] == ["2.26", "2.42", "2.43", "2.46", "2.50", "2.54"]
    text = (folder / "paper.tex").read_text()
    assert r"\ell\kappa^2" in text
    (folder / "paper.tex").write_text(text.replace(r"\frac{\ell\kappa^2}", r"\frac{\ell\kappa}"))
    result = _pytest(folder, *arguments)
    assert result.returncode == 1
    assert "1 failed, 5 passed" in result.stdout
    assert r"raise \kappa to the power 2" in result.stdout
    assert _pytest(folder, "--eqsolve", "none.tex").returncode == 4


def test_the_plugin_imports_nothing_before_it_is_needed() -> None:
    code = (
        "import sys, eqsolve.pytest_plugin; print({'sympy', 'numba', 'numpy'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
