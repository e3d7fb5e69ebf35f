"""Theorems of games, checked by Coq, and errors that it must not accept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp
from click.testing import CliRunner

import eqsolve
from eqsolve.cli import cli
from eqsolve.prove.algebraic import Known, theorem
from eqsolve.prove.check import AXIOMS, Verdict, check
from eqsolve.prove.conditions import said_otherwise
from eqsolve.prove.coq import source
from eqsolve.prove.statement import Hypothesis, Relation, Theorem, identifier
from eqsolve.prove.witness import VacuousError, witness

needs_coq = pytest.mark.skipif(
    shutil.which("coqc") is None and "EQSOLVE_REQUIRE_TOOLS" not in os.environ,
    reason="coqc is not installed",
)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQSOLVE_CACHE_DIR", str(tmp_path / "cache"))


def verdicts(*theorems: Theorem) -> list[Verdict]:
    return list(check({"some": source("some theorems", theorems)}))


x, y, a, b, s = sp.symbols("x y a b s")


def quotient() -> Theorem:
    """``y`` solves ``a y = b x`` where ``y`` is ``b x / a``."""
    found = theorem(
        "linear", "a linear equation", Relation(a * y - b * x, "="), Known({y: b * x / a})
    )
    assert isinstance(found, Theorem)
    return found


def cubic() -> Theorem:
    """A multiple of a root's equation vanishes."""
    root = x**3 + a * x - b
    found = theorem(
        "multiple",
        "a multiple of an equation",
        Relation(sp.expand(root * (x - y)) / a, "="),
        Known({}, {x: root}),
    )
    assert isinstance(found, Theorem)
    return found


def test_only_what_is_needed_is_assumed() -> None:
    known = Known({b: a**2, y: b * x / a})
    found = theorem("linear", "", Relation(a * y - b * x, "="), known)
    assert isinstance(found, Theorem)
    assert [h.name for h in found.hypotheses] == ["H_y", "nonzero_1"]


def test_a_condition_that_another_one_says_is_not_assumed() -> None:
    """``s`` is ``1 + a b``, and ``x/s`` and ``x/(1 + a b)`` need one condition; ``y`` is 2."""
    left = x / s - x * y / (2 + 2 * a * b)
    made = theorem("quotients", "", Relation(left, "="), Known({s: 1 + a * b, y: sp.Integer(2)}))
    assert isinstance(made, Theorem)
    assert [h.name for h in made.hypotheses] == ["H_s", "H_y", "nonzero_1"]
    assert made.hypotheses[-1].statement == Relation(s, "<>")
    said = said_otherwise((1 + a * b, -2 - 2 * a * b, b, y), {s: 1 + a * b, y: sp.Integer(2)})
    assert said == {-2 - 2 * a * b: (1 + a * b, -2), y: (1, 2)}


@needs_coq
def test_coq_sees_that_another_condition_says_it() -> None:
    left = x / s - x / (y * (1 + a * b))
    made = theorem("quotients", "", Relation(left, "="), Known({s: 1 + a * b, y: sp.S.One}))
    assert isinstance(made, Theorem)
    assert [h.name for h in made.hypotheses] == ["H_s", "H_y", "nonzero_1"]
    (verdict,) = verdicts(made)
    assert verdict.accepted, verdict.message


def test_what_does_not_follow_has_no_theorem() -> None:
    found = theorem("wrong", "the title", Relation(a * y - b, "="), Known({y: b * x / a}))
    assert isinstance(found, str) and found.startswith("the title")


@needs_coq
def test_coq_accepts_theorems_and_names_their_axioms() -> None:
    found = verdicts(quotient(), cubic())
    assert [v.theorem for v in found] == ["linear", "multiple"]
    assert all(v.accepted for v in found), found
    assert all(set(v.axioms) <= AXIOMS and v.axioms for v in found)


@needs_coq
def test_a_wrong_theorem_is_refused_and_the_others_are_checked() -> None:
    right, wrong = quotient(), replace(cubic(), conclusion=Relation(x - y, "="))
    found = verdicts(wrong, right)
    assert {v.theorem: v.accepted for v in found} == {"multiple": False, "linear": True}
    assert next(v for v in found if not v.accepted).message


@needs_coq
def test_an_axiom_that_is_not_allowed_is_seen() -> None:
    text = source("some theorems", [quotient()])
    sneaked = replace(text, heading=text.heading + "\n\nAxiom anything : forall P : Prop, P.")
    body = {n: t.replace("field; side.", "apply anything.") for n, t in text.theorems.items()}
    (found,) = check({"sneaked": replace(sneaked, theorems=body)})
    assert found.proved and not found.accepted and "anything" in found.axioms


def planted(right: Theorem) -> Iterator[tuple[str, Theorem]]:
    """A theorem with an error in a definition, an equation or the conclusion, or less assumed."""
    for k, hypothesis in enumerate(right.hypotheses):
        before, after = right.hypotheses[:k], right.hypotheses[k + 1 :]
        yield f"without {hypothesis.name}", replace(right, hypotheses=(*before, *after))
        stated = hypothesis.statement
        if isinstance(stated, Relation) and stated.relation == "=":
            wrong = replace(hypothesis, statement=replace(stated, right=stated.right + 1))
            yield f"wrong {hypothesis.name}", replace(right, hypotheses=(*before, wrong, *after))
    assert isinstance(right.conclusion, Relation)
    wrong_end = replace(right.conclusion, right=right.conclusion.right + 1)
    yield "wrong conclusion", replace(right, conclusion=wrong_end)
    for k, line in enumerate(right.script):
        if line.expressions:
            cofactor = replace(line, expressions=(line.expressions[0] * 2, *line.expressions[1:]))
            script = (*right.script[:k], cofactor, *right.script[k + 1 :])
            yield "wrong cofactor", replace(right, script=script)


@needs_coq
def test_planted_errors_are_refused() -> None:
    wrong = {
        identifier(f"{right.name} {what}"): replace(error, witness=witness(error))
        for right in (quotient(), cubic())
        for what, error in planted(right)
    }
    found = check({name: source(name, [error]) for name, error in wrong.items()})
    verdict = {v.file: v.proved for v in found}
    assert len(verdict) == len(wrong) >= 8
    assert not any(verdict.values()), verdict


def test_assumptions_that_contradict_each_other_are_refused() -> None:
    both = (Hypothesis("one", Relation(x, "=", a)), Hypothesis("two", Relation(x - a, "<>")))
    with pytest.raises(VacuousError):
        witness(Theorem("vacuous", "", both, Relation(x, "=", b), ()))


@needs_coq
def test_a_witness_that_is_none_is_refused() -> None:
    right = quotient()
    wrong = replace(right, witness={**right.witness, y: right.witness[y] + 1})
    assert not any(v.accepted for v in verdicts(wrong))


@needs_coq
def test_a_game_is_proved_from_its_declaration_on(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        cli, ["prove", "regulator", "--check", "--out", str(tmp_path / "o")]
    )
    assert result.exit_code == 0, result.output
    # that P solves its equation would be what is assumed of it
    assert "4 of 4 theorems are accepted by Coq" in result.stdout
    assert "P solves its equation: its rate vanishes: nothing to prove" in result.output
    assert {p.name for p in (tmp_path / "o").iterdir()} == {
        "eqsolve_library.v",
        "regulator_signs.v",
        "regulator_solution.v",
        "regulator_system.v",
    }
    system = (tmp_path / "o" / "regulator_system.v").read_text()
    assert "(slope_J_x : forall x : R, derivable_pt_lim J x (J_x x))" in system
    # only for the equation: what the control is multiplied by has no second derivative
    assert system.count("(slope_J_xx : ") == 1
    again = eqsolve.prove("regulator", check=True)
    assert again.accepted and again.to_dict()[0]["theorems"][0]["proved"]


def test_neither_a_folder_nor_a_check_is_refused() -> None:
    result = CliRunner().invoke(cli, ["prove", "regulator"])
    assert result.exit_code == 2 and "--check" in result.stderr


def test_a_notion_that_a_game_does_not_declare_is_refused_before_work() -> None:
    for arguments in (["heston", "--notion", "planner"], ["mean-field", "--size", "3"]):
        result = CliRunner().invoke(cli, ["prove", *arguments, "--check"])
        assert result.exit_code == 2 and result.stderr.startswith("eqsolve: "), result.output


def test_all_notions_are_stated_each_with_its_own_files(tmp_path: Path) -> None:
    written = eqsolve.prove("exit-externality", out=tmp_path / "o", notion="all")
    assert [one.structure for one in written.proofs] == [(), ("given",), ("planner",)]
    assert any(s.startswith("The notion open-loop: ") for s in written.proofs[0].missing)
    names = {p.name for p in (tmp_path / "o").iterdir()}
    assert {"exit_externality_system.v", "exit_externality_planner_system.v"} <= names


@needs_coq
def test_adjoints_of_open_loop_strategies_are_checked_and_a_wrong_one_is_refused() -> None:
    (proofs,) = eqsolve.prove("execution", notion="open-loop").proofs
    right = next(one for one in proofs.theorems if one.name == "adjoint_J_x")
    assert isinstance(right.conclusion, Relation)
    # as if the others' trading were held fixed in the motion of the mean only
    (impact,) = (s for s in right.letters if s.name == "running_x")
    left = right.conclusion.left - impact / 2
    wrong = replace(right, conclusion=replace(right.conclusion, left=left))
    accepted = [v.accepted for one in (right, wrong) for v in verdicts(one)]
    assert accepted == [True, False]


@pytest.mark.parametrize(
    "words",
    [
        ("execution", "--notion", "open-loop"),
        pytest.param(("--notion", "all"), marks=pytest.mark.full),
    ],
)
def test_every_process_writes_the_same(words: tuple[str, ...], tmp_path: Path) -> None:
    """What Coq accepted is known by its text, which must not follow the hashes of a process."""
    written = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        subprocess.run(
            [sys.executable, "-m", "eqsolve", "prove", *words, "--out", str(folder)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONSAFEPATH": "1"},
            capture_output=True,
            check=True,
        )
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1] and len(written[0]) > 2


@needs_coq
@pytest.mark.full
def test_all_games_in_all_notions_are_accepted() -> None:
    found = eqsolve.prove(check=True, notion="all")
    assert found.accepted, [line for line in found.lines() if "NOT PROVED" in line]
