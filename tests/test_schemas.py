"""Documents satisfy the published schemas, and one that lacks or renames a key does not.

``conftest.py`` validates what any command prints to any test; here every form is met.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

import eqsolve
from documents import fault, hold
from eqsolve.claims.claim import Claim, Finding
from eqsolve.claims.claim import Test as Examination
from eqsolve.claims.formal import Proof
from eqsolve.cli import cli, common
from eqsolve.finite import Tables, write
from eqsolve.schemas import forms, schema
from eqsolve.status import labels
from eqsolve.verify.check import Check
from eqsolve.verify.report import Report

ROOT = Path(__file__).resolve().parents[1]
GIVEN = ("-p", "sigma=1", "-p", "lambda=1/4")
FAMILY = {"r": ".03", "b": ".12", "nu": ".2", "sigma": ".2", "theta": ".5", "gamma": 2}
FAMILY |= {"alpha": 1, "beta": ".5", "lambda": ".6"}
#: Without an equilibrium.
HOPELESS = FAMILY | {"r": ".1", "nu": ".3", "sigma": ".3", "lambda": ".15", "n": 5}


def printed(*words: str, code: int = 0) -> Any:
    """What a command prints, as data."""
    result = CliRunner().invoke(cli, list(words))
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def _agents(**changed: str) -> dict[str, Any]:
    rows = [{k: v for k, v in FAMILY.items() if k != "r"} | {"b": b} for b in (".12", ".11")]
    return {"r": ".03", "agent": [rows[0], rows[1] | changed]}


def _answers(folder: Path) -> Iterator[Any]:
    yield printed("solve", "regulator", *GIVEN, "--json")
    yield printed("solve", "execution", "--set", "default", "--size", "3", "--json")
    yield printed("solve", "regulator", "-p", "sigma=1", "--hazard", "weibull:2,20", "--json")
    yield eqsolve.solve("n-agent", FAMILY, n=3, certify=True).to_dict()
    yield eqsolve.solve("n-agent", FAMILY, n=3, equilibrium="closed-loop").to_dict()
    yield eqsolve.solve("n-agent", HOPELESS).to_dict()
    yield eqsolve.solve("two-agent", _agents()).to_dict()
    yield eqsolve.solve("two-agent", _agents(**{"lambda": ".01"})).to_dict()


def _checked_papers(folder: Path) -> Iterator[Any]:
    paper = folder / "paper.tex"
    lines = (r"V = 2 x^2 + c \label{value}", r"P = \ln \ln c \label{P}", r"c = \% \label{c}")
    body = "".join(rf"\begin{{equation}}{line}\end{{equation}}" for line in lines)
    paper.write_text(rf"\documentclass{{article}}\begin{{document}}{body}\[a = b\]\end{{document}}")
    words = ("latex", "--game", "regulator", "--json", "--check", str(paper))
    yield printed(*words, code=1)
    yield printed(*words, str(paper), code=1)


def _listed(folder: Path) -> Iterator[Any]:
    yield printed("list", "regulator", "merton", "--json")
    broken = folder / "broken.py"
    broken.write_text("MODEL = 1\n")
    yield printed("list", str(broken), "--json")


def _gridded(folder: Path) -> Iterator[Any]:
    document = printed("pde", f"{ROOT}/docs/pde/merton.toml", "--json")
    yield {k: v[:2] if k in ("t", "wealth", "value") else v for k, v in document.items()}


def _verified(folder: Path) -> Iterator[Any]:
    bad = Check("bad", "game", "exact", float("nan"), 0.0, 1.0, 0.0)
    none = Check("open", "game", "grid", 0.0, 0.0, 1.0, 0.0, "Why.", refused=True)
    yield json.loads(json.dumps(Report((bad, none), "quick", {"game": 1.5}).to_dict()))


def _certificates(folder: Path) -> Iterator[Any]:
    path = folder / "certificate.json"
    moving = ("solve", "lq-mfg", "--set", "default")
    types = ("solve", "lacker-zariphopoulou-cara", "-p", "T=1", "-p", "nu=.2", "-p", "sigma=.2")
    types += ("-p", "mu=.1", "-p", "theta=.5", "-p", "delta_1=1", "-p", "delta_2=2")
    for words in (("solve", "regulator", *GIVEN), moving, types):
        printed(*words, "--certificate", str(path), "--json")
        yield json.loads(path.read_text())


def _claims(folder: Path) -> Iterator[Any]:
    test = Examination("search", "No point differs.", True, domain="10 points")
    proof = Proof("n-agent", "n_agent", "roots", False)
    claim = Claim("a", "b", "c", "holds", "d", "e", None, Finding((test,)), (proof,))
    yield [claim.to_dict()]


def _tables(folder: Path) -> Iterator[Any]:
    law = np.full(2, 0.5)
    stay = np.broadcast_to(np.eye(2)[:, None], (1, 2, 2, 2))
    write(Tables(1, law, np.zeros((1, 2, 2)), stay, name="still"), folder / "still.json")
    yield json.loads((folder / "still.json").read_text())


#: Documents of every form; those that the table lacks come from the tests of their own rooms.
DOCUMENTS: dict[str, Callable[[Path], Iterator[Any]]] = {
    "certificate": _certificates,
    "claims": _claims,
    "derive": lambda folder: iter([printed("derive", "regulator", "--format", "json")]),
    "doctor": lambda folder: iter([printed("doctor", "--json")]),
    "finite-game": _tables,
    "formal": lambda folder: iter([json.loads((ROOT / "paper" / "formal.json").read_text())]),
    "latex-check": _checked_papers,
    "list": _listed,
    "pde": _gridded,
    "prove": lambda folder: iter([printed("prove", "regulator", "--out", str(folder), "--json")]),
    "sensitivity": lambda folder: iter([printed("sensitivity", "regulator", *GIVEN, "--json")]),
    "signs": lambda folder: iter(
        [printed("sensitivity", "regulator", "-p", "sigma=1", "--vary", "lambda=.1:1:3", "--json")]
    ),
    "simulate": lambda folder: iter(
        [printed("simulate", "regulator", *GIVEN, "--paths", "16", "--seed", "1", "--json")]
    ),
    "solve": _answers,
    "verify": _verified,
}
#: Forms whose documents take long to make: tests that make them anyway validate them.
ELSEWHERE = {
    "anarchy": "studies/test_anarchy.py",
    "converge": "test_convergence.py",
    "grid": "test_pde.py",
    "learn": "learn/test_learn.py",
    "ledger": "test_registry.py",
    "market": "market/test_market.py",
    "roots": "studies/test_roots.py",
    "sizes": "studies/test_sizes.py",
    "sweep": "test_sweep.py",
    "table": "test_referee.py",
}


def test_every_form_is_met() -> None:
    assert DOCUMENTS.keys() | ELSEWHERE == forms().keys()
    for form, file in ELSEWHERE.items():
        assert f'hold("{form}", ' in (ROOT / "tests" / file).read_text()


@pytest.mark.parametrize("form", forms())
def test_schemas_are_schemas_and_refer_to_nothing_else(form: str) -> None:
    found = json.loads(json.dumps(schema(form)))
    Draft202012Validator.check_schema(found)
    assert found == printed("schema", form)
    assert set(_references(found)) <= {f"#/$defs/{name}" for name in found["$defs"]}


def _references(value: Any) -> Iterator[str]:
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        if key == "$ref":
            yield part
        elif isinstance(part, (dict, list)):
            yield from _references(part)


@pytest.mark.parametrize("form", DOCUMENTS)
def test_documents_are_valid_and_planted_errors_are_seen(form: str, tmp_path: Path) -> None:
    for document in DOCUMENTS[form](tmp_path):
        hold(form, document)


@pytest.mark.parametrize(
    ("form", "path", "key"),
    [
        ("verify", ("checks", 0), "verdict"),
        ("simulate", ("moments", "J"), "estimate"),
        ("signs", ("signs", "P", "sigma"), "positive"),
        ("list", (0, "parameters", "sigma"), "unit"),
        ("prove", (0, "theorems", 0), "name"),
        ("latex-check", ("formulas", 0), "place"),
        ("latex-check", ("formulas", 0, "parts", 0), "tex"),
        ("derive", ("stages", 0, "displays", 0), "latex"),
        ("doctor", ("parts", 0), "found"),
        ("certificate", ("solutions", 0, "growth", 0), "shift"),
        ("certificate", ("equations",), "steps"),
    ],
)
def test_errors_inside_are_seen(
    form: str, path: tuple[str | int, ...], key: str, tmp_path: Path
) -> None:
    document = next(DOCUMENTS[form](tmp_path))
    place = document
    for step in path:
        place = place[step]
    assert fault(form, document) == ""
    place[f"{key}_"] = place.pop(key)
    assert fault(form, document)


def test_a_status_is_one_of_the_list() -> None:
    document = eqsolve.solve("regulator", {"sigma": 1, "lambda": ".25"}).to_dict()
    for status in labels():
        assert fault("solve", document | {"status": status}) == ""
    assert fault("solve", document | {"status": "no_solution"})


def test_a_wrong_document_of_any_command_is_noticed(
    monkeypatch: pytest.MonkeyPatch, faults_of_documents: list[str]
) -> None:
    """What ``conftest.py`` watches in every test."""
    printed("doctor", "--json")
    assert faults_of_documents == []
    monkeypatch.setattr("eqsolve.schemas.SCHEMA", 2)
    printed("doctor", "--json")
    assert faults_of_documents == ["doctor, at $.schema: 1 was expected"]
    with click.Context(cli.commands["solve"]):
        common.emit({"schema": 1})
    assert len(faults_of_documents) == 2
    faults_of_documents.clear()


def test_the_list_of_forms_and_a_name_that_is_none() -> None:
    listed = CliRunner().invoke(cli, ["schema"]).stdout.splitlines()
    assert [line.split()[0] for line in listed] == list(forms())
    result = CliRunner().invoke(cli, ["schema", "solv"])
    assert (
        result.exit_code == 2
        and "there is no form 'solv'. Did you mean 'solve'? Forms are anarchy" in result.stderr
    )
