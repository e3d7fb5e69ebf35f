"""What a derivation prints is what was derived, compiles, and stays as it is.

After an intended change of the printed form, write the golden files anew with
``EQSOLVE_WRITE_GOLDEN=1 pytest tests/writing -k golden`` and read the difference.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

import eqsolve.derivations
from eqsolve.derivation.derivation import Derivation, derive
from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.step import Explicit, to_go
from eqsolve.errors import InputError
from eqsolve.game import Model, t
from eqsolve.ledger import Line
from eqsolve.operators import InOrder, Kept, Supremum
from eqsolve.writing import Writing, write
from eqsolve.writing.nodes import Average, Infimum

GOLDEN = Path(__file__).parents[1] / "golden" / "writing"
STRUCTURES: dict[str, list[dict[str, Any]]] = {
    "execution": [{"notion": "planner"}, {"size": 3}],
    "exit_externality": [{"notion": "planner"}],
    "lq_regulator": [{"horizon": True}],
    "merton_consumption": [{"horizon": True}],
    "reinsurance": [{"horizon": False}],
    "sticky_prices": [{"notion": "open-loop"}],
    "systemic_risk": [{"notion": "open-loop"}, {"size": 3}],
}


def _declared(name: str, structure: Mapping[str, Any]) -> Model:
    """The model of a file, by the structure if it declares a function."""
    module = importlib.import_module(f"eqsolve.derivations.{name}")
    exported = module.model(**structure) if hasattr(module, "model") else module.MODEL
    assert isinstance(exported, Model)
    return exported


NAMES = [m.name for m in pkgutil.iter_modules(eqsolve.derivations.__path__) if not m.ispkg]
CASES = [
    pytest.param(name, tuple(structure.items()), id="-".join([name, *map(str, structure.values())]))
    for name in NAMES
    for structure in [{}, *STRUCTURES.get(name, [])]
]


@cache
def _writing(name: str, structure: tuple[tuple[str, Any], ...] = ()) -> Writing:
    return Writing(derive(_declared(name, dict(structure))))


def test_there_are_models() -> None:
    assert len(CASES) > 25 and set(STRUCTURES) <= set(NAMES)


@pytest.mark.parametrize(("name", "structure"), CASES)
def test_every_model_is_written_in_every_form(
    name: str, structure: tuple[tuple[str, Any], ...]
) -> None:
    writing = _writing(name, structure)
    text = str(writing)
    keys = [stage.key for stage in writing.stages]
    for key in ("dynamics", "preference", "hjb", "ansatz", "first-order", "second-order"):
        assert key in keys and f"[{key}]" in text
    assert "system" in keys and "solution" in keys
    for sign in ("_unit", "Dummy", "RootCosh", "others0", "Str("):
        assert sign not in text
    assert not re.search(r"\w: [A-Z][a-z]+ [a-z]", text), "a capital after a colon"
    data = json.loads(json.dumps(writing.to_dict()))
    assert data["schema"] == 1 and [s["key"] for s in data["stages"]] == keys
    lines = [line for stage in data["stages"] for d in stage["displays"] for line in d["latex"]]
    assert len(lines) > 8 and not any("\x1f" in line for line in lines)
    page = writing._repr_html_()
    assert page.count("<math") == len(lines) and "\\" not in page
    assert writing._repr_latex_().count("$") == 2 * len(lines)


@pytest.mark.skipif(
    not shutil.which("pdflatex") and not os.environ.get("EQSOLVE_REQUIRE_TOOLS"),
    reason="pdflatex is not installed",
)
@pytest.mark.parametrize(("name", "structure"), CASES)
def test_every_document_compiles_without_overfull_boxes(
    name: str, structure: tuple[tuple[str, Any], ...], tmp_path: Path
) -> None:
    (tmp_path / "written.tex").write_text(_writing(name, structure).latex(), encoding="utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "written.tex"]
    log = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert log.returncode == 0, log.stdout[-2000:]
    assert "Overfull" not in log.stdout
    assert "multiply defined" not in log.stdout


@pytest.mark.parametrize("name", ["execution", "regulator"])
@pytest.mark.parametrize("form", ["text", "latex"])
def test_golden(name: str, form: str) -> None:
    writing = _writing(name)
    written = writing.text() + "\n" if form == "text" else writing.latex()
    written = "\n".join(x for x in written.split("\n") if not x.startswith("% Generated"))
    path = GOLDEN / f"{name}.{'txt' if form == 'text' else 'tex'}"
    if os.environ.get("EQSOLVE_WRITE_GOLDEN"):
        path.write_text(written, encoding="utf-8")
    assert written == path.read_text(encoding="utf-8")


# ------------------------------------------------- what is printed is what holds


def _opened(expression: sp.Expr, derivation: Derivation) -> sp.Expr:
    """A printed right side as plain algebra, at the ansatz and in equilibrium."""
    closure, (system, *_) = derivation.closure, derivation.systems
    averages = {
        atom.expression: closure.others[name]
        for one in derivation.systems
        for name, atom in one.problem.others.items()
    }
    while expression.has(InOrder, Kept, Supremum, Infimum, Average):
        replaced: dict[sp.Expr, sp.Expr] = {}
        for node in expression.atoms(InOrder):
            replaced[node] = sp.Add(*node.args)
        for node in expression.atoms(Kept, Supremum, Infimum):
            replaced[node] = node.args[0]
        for node in expression.atoms(Average):
            replaced[node] = averages[node.args[0]]
        expression = expression.xreplace(replaced)
    moving = {c: sp.Function(str(c))(t) for c in derivation.system.unknowns}
    inner = (*(() if derivation.stationary else (t,)), *system.problem.states)
    forms: Mapping[str, sp.Expr] = derivation.solved.ansatz.functions
    if not derivation.stationary:
        forms = {name: form.xreplace(moving) for name, form in forms.items()}
    for name, form in forms.items():
        expression = expression.subs(sp.Function(name)(*inner), form)
    expression = expression.doit()
    for coefficient, function in moving.items():
        rate = derivation.system.rates[coefficient]
        expression = expression.subs(sp.diff(function, t), rate).subs(function, coefficient)
    return expression.xreplace(dict(derivation.solved.ansatz.feedback)).xreplace(
        dict(derivation.system.feedback)
    )


HJB = [
    "execution",
    "exit_externality",
    "sticky_prices",
    "lq_mfg",
    "regulator",
    "bjork_murgoci_zhou",
]


def _residual(line: Line, function: sp.Expr, derivation: Derivation) -> sp.Expr:
    """The right side of an equation ``0 = ...``; one without a time derivative gets it back."""
    residual = _opened(line.right, derivation)
    if derivation.stationary:
        rates = derivation.system.rates
        residual += sp.Add(*(sp.diff(function, c) * rate for c, rate in rates.items()))
    return residual


@pytest.mark.parametrize("name", HJB)
def test_the_printed_equations_hold_at_the_printed_ansatz(name: str) -> None:
    writing = _writing(name)
    derivation = writing.derivation
    lines = [
        line
        for display in writing.stage("hjb").displays
        for line in display.lines
        if line.left == 0
    ]
    functions = list(derivation.solved.ansatz.functions.values())
    assert len(lines) == len(functions)
    for line, function in zip(lines, functions):
        assert algebra.vanishes(_residual(line, function, derivation)), line
        terms = list(line.right.args)
        terms[0] = 2 * terms[0]
        broken = replace(line, right=InOrder(*terms))
        assert not algebra.vanishes(_residual(broken, function, derivation)), "a planted factor"


@pytest.mark.parametrize("name", HJB)
def test_the_printed_first_order_conditions_hold(name: str) -> None:
    writing = _writing(name)
    derivation = writing.derivation
    first = writing.stage("first-order").displays[0]
    for line in first.lines:
        assert algebra.vanishes(_opened(line.right, derivation)), line
        broken = InOrder(-line.right.args[0], *line.right.args[1:])
        assert not algebra.vanishes(_opened(broken, derivation)), "a planted sign"


def test_the_printed_solution_is_the_derived_one() -> None:
    writing = _writing("execution")
    shown = {
        line.left: line.right
        for display in writing.stage("solution").displays
        for line in display.lines
    }
    for step in writing.solution.steps:
        assert isinstance(step, Explicit) and shown[step.symbol] == step.expression
    assert shown[to_go] == writing.derivation.model.game.horizon.end - t


# --------------------------------------------------------------------- choices


def test_one_step_can_be_chosen() -> None:
    derivation = _writing("regulator").derivation
    assert write(derivation, step="ansatz").startswith("Ansatz [ansatz]\n")
    assert write(derivation, "latex", "ansatz").startswith("\\section{Ansatz}")
    assert [s["key"] for s in json.loads(write(derivation, "json", "ansatz"))["stages"]] == [
        "ansatz"
    ]
    with pytest.raises(InputError, match="no step 'nothing'.* dynamics, preference, hjb"):
        write(derivation, step="nothing")


def test_letters_come_from_the_vocabulary() -> None:
    text = _writing("execution").latex("hjb")
    assert r"\frac{1}{2} c_{X} x^{2}" in text or r"\frac{1}{2} c_X x^{2}" in text
    assert "cX" not in text and "cA" not in text


def test_a_wide_formula_is_broken_and_its_denominator_named() -> None:
    writing = _writing("sticky_prices")
    (display,) = [
        d for d in writing.stage("solution").displays for line in d.lines if str(line.left) == "E_1"
    ]
    rows = writing.renderer.rows(display)
    assert len(rows) > 4 and any(row.left.startswith("q_{E") for row in rows)
    joined = writing.renderer.inline(Line(display.lines[0].left, display.lines[0].right))
    assert "q_{E" not in joined
