"""Answers show themselves shortly, as tables and by attributes, and travel to other processes."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from joblib import Parallel, delayed

import eqsolve
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.references import METHODS, OWN, Reference, collected
from eqsolve.registry import resolve
from eqsolve.solve.moving import solve_moving
from eqsolve.solve.solve import solve as solve_model
from eqsolve.status import Status
from eqsolve.verify.check import Check
from eqsolve.verify.report import Report

FAMILY: dict[str, Any] = {
    "r": ".03",
    "b": ".12",
    "nu": ".2",
    "sigma": ".2",
    "theta": ".5",
    "gamma": 2,
    "alpha": 1,
    "beta": ".5",
    "lambda": ".6",
    "n": 3,
}


def _family(**changed: Any) -> Any:
    return eqsolve.solve("n-agent", **{**FAMILY, **changed})


def _model(**changed: Any) -> Any:
    return solve_model(resolve("regulator").exported, {"sigma": 1, "lambda": 1, **changed})


@pytest.fixture(scope="module")
def family() -> Any:
    return _family()


@pytest.fixture(scope="module")
def declared() -> Any:
    return _model()


def test_coefficients_are_attributes(family: Any, declared: Any) -> None:
    assert family.strategy.x == family.to_dict()["strategy"]["x"]
    assert family.at.pi == family.to_dict()["at"]["pi"]
    (control,) = declared.strategy
    assert declared.strategy.x == declared.strategy[control]["x"] == declared.strategy[control].x
    with pytest.raises(AttributeError, match="'z'"):
        declared.strategy.z
    with pytest.raises(AttributeError, match="'strategies'"):
        family.strategies


def test_the_text_is_short_and_begins_with_the_strategy(family: Any, declared: Any) -> None:
    for answer in (family, declared):
        lines = str(answer).splitlines()
        assert lines[0].endswith(": ok")
        assert lines[2].startswith("  strategy.")
        assert len(lines) < 14
        assert set(lines) < set(answer.details().splitlines())


def test_html_is_escaped_and_begins_with_the_strategy(family: Any) -> None:
    page = family._repr_html_()
    assert page.index("strategy.x") < page.index("response.p1")
    assert "&lt;script&gt;" in replace(family, message="<script>")._repr_html_()


def test_tables_hold_every_result(family: Any, declared: Any) -> None:
    for answer in (family, declared):
        frame = answer.to_frame()
        assert dict(frame["value"]) == answer.results()
        text = answer.to_latex(digits=4)
        assert text.count(r" \\") == len(frame) + 1
        assert text.splitlines()[1:3] == [r"\toprule", r"Quantity & Value \\"]
    assert r"\texttt{strategy.x} & $0.2807$ \\" in family.to_latex(4)
    assert r"\texttt{at.pi\_noncompetitive} & $0.712$ \\" in family.to_latex(4)
    assert r"\texttt{at.exploitability} & $3.592 \cdot 10^{-6}$ \\" in family.to_latex(4)


def test_the_picture_holds_the_coefficients_of_the_strategy(
    family: Any, declared: Any, tmp_path: Path
) -> None:
    for answer in (family, declared):
        figure = answer.plot(tmp_path / "a.svg")
        (panel,) = figure.axes
        names = [label.get_text() for label in panel.get_yticklabels()]
        drawn = dict(zip(names, (bar.get_width() for bar in panel.patches), strict=True))
        strategy = {k: v for k, v in answer.results().items() if k.startswith("strategy.")}
        assert {f"strategy.{name}": width for name, width in drawn.items()} == strategy
        assert (tmp_path / "a.svg").read_bytes().startswith(b"<?xml")
        assert figure._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="has no suffix of a figure"):
        family.plot(tmp_path / "a.doc")
    with pytest.raises(NoSolutionError):
        _family(r=".1", nu=".3", sigma=".3", n=5, **{"lambda": ".15"}).plot()


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_the_latex_table_compiles(family: Any, tmp_path: Path) -> None:
    head = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n"
    tables = (family.to_latex(), STUDIES["sensitivity of a declared game"]().to_latex())
    text = "\n\n".join(tables)
    (tmp_path / "table.tex").write_text(f"{head}{text}\n\\end{{document}}\n")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


def test_an_answer_without_equilibrium_raises() -> None:
    none = _family(r=".1", nu=".3", sigma=".3", n=5, **{"lambda": ".15"})
    assert none.status == "no-admissible-root"
    with pytest.raises(NoSolutionError, match="no-admissible-root"):
        none.raise_for_status()


def test_an_answer_with_an_equilibrium_does_not_raise(family: Any, declared: Any) -> None:
    family.raise_for_status()
    declared.raise_for_status()


def test_the_status_of_every_game_is_asked_alike(family: Any, declared: Any) -> None:
    assert family.status == declared.status == "ok"
    assert Status.NO_SOLUTION == "no-solution" and Status.NO_SOLUTION == 5
    assert Status.NO_SOLUTION != "ok" and {Status.OK: 1} == {0: 1}
    assert (Status.OK == np.array([0, 1])).tolist() == [True, False]


def test_answers_travel_whole(family: Any, declared: Any) -> None:
    for answer in (family, declared):
        there = pickle.loads(pickle.dumps(answer))
        assert there.to_dict() == answer.to_dict()
        assert str(there) == str(answer)
    loop = eqsolve.solve("n-agent", equilibrium="closed-loop", **FAMILY)
    ball = pickle.loads(pickle.dumps(loop)).roots[0].feedback[0]
    assert ball.contains(loop.roots[0].feedback[0])
    copy = pickle.loads(pickle.dumps(ball))
    assert copy.mid() == ball.mid()
    assert copy.contains(ball) and copy.rad() < ball.rad() * (1 + 2**-20)


@pytest.mark.slow
def test_answers_come_back_from_processes(family: Any) -> None:
    (answer,) = Parallel(n_jobs=2, backend="loky")([delayed(eqsolve.solve)("n-agent", **FAMILY)])
    assert answer.to_dict() == family.to_dict()


@pytest.mark.slow
def test_answers_come_back_from_dask(family: Any) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.Client(n_workers=1, threads_per_worker=1, dashboard_address=":0") as client:
        assert client.submit(eqsolve.solve, "n-agent", **FAMILY).result().to_dict() == (
            family.to_dict()
        )


def test_different_agents_are_given_one_by_one_or_in_tables() -> None:
    first = {"b": ".12", "nu": ".2", "sigma": ".2", "theta": ".5", "gamma": 2, "alpha": 1}
    first |= {"beta": ".5", "lambda": ".6"}
    second = {**first, "b": ".1", "wealth": 2}
    tables = eqsolve.solve("two-agent", r=".03", agent=[first, second])
    single = {f"{k}_{i}": v for i, t in enumerate((first, second), start=1) for k, v in t.items()}
    assert eqsolve.solve("two-agent", r=".03", **single).to_dict() == tables.to_dict()
    assert tables.parameters[1]["b"] == Fraction(1, 10)
    single["lam_1"] = single.pop("lambda_1")
    assert eqsolve.solve("two-agent", r=".03", **single).to_dict() == tables.to_dict()
    with pytest.raises(InputError, match="one way"):
        eqsolve.solve("two-agent", r=".03", agent=[first, second], b_1=".1")
    del single["b_2"]
    with pytest.raises(InputError, match="agent 2, input: missing parameter b"):
        eqsolve.solve("two-agent", r=".03", **single)


def test_errors_are_one_line_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError) as caught:
        eqsolve.solve("n-agent", r=".03")
    (line,) = caught.value._render_traceback_()
    assert line == f"InputError: {caught.value}"
    monkeypatch.setenv("EQSOLVE_TRACEBACK", "1")
    assert len(caught.value._render_traceback_()) > 2


def test_names_are_completed_and_the_package_runs() -> None:
    assert {"solve", "sweep", "pde", "verify"} <= set(dir(eqsolve))
    done = subprocess.run(
        [sys.executable, "-P", "-m", "eqsolve", "--version"], capture_output=True, text=True
    )
    assert done.stdout == f"eqsolve {eqsolve.__version__}\n"


STUDIES: dict[str, Any] = {
    "simulate": lambda: eqsolve.simulate("n-agent", FAMILY, paths=20, seed=1, agents=3),
    "simulate a declared game": lambda: eqsolve.simulate(
        "regulator", sigma=1, **{"lambda": 1}, paths=20, seed=1
    ),
    "sensitivity": lambda: eqsolve.sensitivity("n-agent", FAMILY),
    "sensitivity of a declared game": lambda: eqsolve.sensitivity("regulator", sigma=1, lam=1),
    "converge": lambda: eqsolve.converge("n-agent", (10, 20), WITHOUT_N),
    "anarchy": lambda: eqsolve.anarchy("mean-field", WITHOUT_N),
    "anarchy along a parameter": lambda: eqsolve.anarchy(
        "mean-field", WITHOUT_N, vary={"theta": (0.2, 0.4)}
    ),
    "converge a declared game": lambda: eqsolve.converge("relative-wealth", (10, 20), WITHOUT_N),
}
WITHOUT_N = {name: value for name, value in FAMILY.items() if name != "n"}


@pytest.mark.parametrize("name", STUDIES)
def test_studies_show_a_heading_and_a_table(name: str) -> None:
    study = STUDIES[name]()
    text, table = str(study), study.to_frame()
    assert text.startswith(f"{study.game}: ") and len(text.splitlines()) == len(table) + 2
    assert study._repr_html_().count("<tr") == len(table) + 1
    latex = study.to_latex(digits=4)
    assert latex.count(r" \\") == len(table) + 1
    assert latex.count("& ") == table.size + len(table.columns)
    label, numbers = study.bars()
    (panel,) = study.plot().axes
    drawn = {
        tick.get_text(): bar.get_width()
        for tick, bar in zip(panel.get_yticklabels(), panel.patches, strict=True)
    }
    assert drawn == pytest.approx(numbers) and panel.get_xlabel() == label
    assert pickle.loads(pickle.dumps(study)).table() == study.table()


def test_a_picture_of_a_study_has_its_numbers(tmp_path: Path) -> None:
    study = STUDIES["sensitivity of a declared game"]()
    label, bars = study.bars()
    output = next(iter(study.elasticities))
    assert label == f"elasticity of {output}" and bars == study.elasticities[output]
    study.plot(tmp_path / "study.pdf")
    assert (tmp_path / "study.pdf").read_bytes().startswith(b"%PDF")
    drawn = STUDIES["simulate a declared game"]()
    row = drawn.table()["J"]
    expected = (row["estimate"] - row["exact"]) / row["standard_error"]
    assert drawn.bars()[1]["J"] == expected


def test_checks_are_a_table_too() -> None:
    good = Check("good", "game", "exact", 1.0, 1.0, 1e-12, 1e-9)
    checks = (good, replace(good, error=2e-9), replace(good, refused=True))
    report = Report(checks, "quick", {})
    assert str(report).startswith("1 of 2 checks pass, 1 not verified\n")
    assert report.table() == {"game, exact": {"pass": 1, "fail": 1, "not verified": 1}}
    assert report.bars()[1] == {"game, exact": 2.0}
    assert "<table" in report._repr_html_() and r"\toprule" in report.to_latex()


def _sweep() -> Any:
    return eqsolve.sweep("regulator", {"sigma": [0.5, 1.0]}, lam=".25")


def test_a_swept_dataset_draws_itself(tmp_path: Path) -> None:
    data = _sweep()
    figure = data.eqsolve.plot("P", tmp_path / "P.png")
    (line,) = figure.axes[0].get_lines()
    assert line.get_ydata().tolist() == data["P"].values.tolist()
    assert (tmp_path / "P.png").read_bytes()[:8] == figure._repr_png_()[:8]
    assert data.eqsolve.plot().axes[0].get_xlabel()
    with pytest.raises(InputError, match="no numbers 'Q'"):
        data.eqsolve.plot("Q")


CITED: dict[str, tuple[Any, tuple[str, ...]]] = {
    "an answer": (_family, ("liang-xiong-yang", "eqsolve", "sympy", "arb")),
    "a declared answer": (_model, ("game-regulator", "eqsolve", "sympy", "arb", "krawczyk")),
    "a hazard rate": (
        lambda: solve_moving(resolve("regulator").exported, "weibull:2,20", {"sigma": 1}),
        ("game-regulator", "eqsolve", "sympy", "numpy", "scipy"),
    ),
    "a game": (lambda: "heston", ("game-heston", "eqsolve", "sympy")),
    "a sweep": (_sweep, ("game-regulator", "eqsolve", "sympy", "numba", "numpy", "xarray")),
    "a study": (
        lambda: eqsolve.sensitivity("regulator", sigma=1, lam=1),
        ("game-regulator", "eqsolve", "sympy", "numpy", "scipy"),
    ),
    "checks": (
        lambda: Report((Check("a", "n-agent", "exact", 0.0, 0.0, 0.0, 0.0),), "quick", {}),
        ("liang-xiong-yang", "eqsolve", "sympy", "numpy", "scipy"),
    ),
}


@pytest.mark.parametrize("what", CITED)
def test_results_are_cited(what: str) -> None:
    made, keys = CITED[what]
    found = eqsolve.citation(made())
    assert tuple(reference.key for reference in found.references) == keys
    assert len(str(found).splitlines()) == len(keys) == found.bibtex.count("\n}\n")


def test_the_program_is_cited_as_its_repository_says() -> None:
    cited = yaml.safe_load((Path(__file__).parents[1] / "CITATION.cff").read_text())
    (author,) = cited["authors"]
    assert (OWN.title, OWN.authors) == (cited["title"], author["name"])
    assert OWN.where == f"Version {cited['version']}"
    (paper,) = cited["references"]
    reference = eqsolve.citation("n-agent").references[0]
    assert " ".join(paper["title"].split()) == reference.title and paper["year"] == reference.year
    names = [f"{p['family-names']}, {p['given-names']}" for p in paper["authors"]]
    assert " and ".join(names) == reference.authors


@pytest.mark.skipif(shutil.which("bibtex") is None, reason="bibtex is not installed")
def test_bibtex_reads_every_reference(tmp_path: Path) -> None:
    text = collected(
        [OWN, *METHODS.values(), Reference("g", "misc", "A & B_c, 50 %", "T #1")]
    ).bibtex
    (tmp_path / "all.bib").write_text(text)
    (tmp_path / "all.aux").write_text("\\citation{*}\n\\bibstyle{plain}\n\\bibdata{all}\n")
    done = subprocess.run(["bibtex", "all"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "arning" not in done.stdout.replace("(There", ""), done.stdout
    assert (tmp_path / "all.bbl").read_text().count("\\bibitem") == len(METHODS) + 2


def test_the_table_has_the_numbers_of_the_study() -> None:
    study = STUDIES["converge"]()
    table = study.to_frame()
    assert table.loc["limit", "x"] == study.limit["x"]
    assert table.loc["20", "pi"] == study.rows[1]["pi"]
    assert STUDIES["sensitivity"]().to_frame().loc["b", "k_x"] == pytest.approx(2.245885, rel=1e-6)


def test_a_kernel_shows_no_source() -> None:
    for game, how in (("n-agent", {}), ("merton", {"T": 1})):
        kernel = eqsolve.kernel(game, **how)
        assert len(kernel.source) > 1000 > len(repr(kernel))
