"""Theorems about signs and counts of roots, and errors that Coq must not accept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

from eqsolve.claims.claim import Claim, Finding
from eqsolve.claims.claim import Test as Examined
from eqsolve.claims.formal import Proof, proofs
from eqsolve.derivation.derivation import derived
from eqsolve.game.structure import build
from eqsolve.paper.proofs import competition, roots, selection, weights
from eqsolve.prove import problem, second_order
from eqsolve.prove.algebraic import Known, theorem
from eqsolve.prove.check import accepted, check
from eqsolve.prove.collect import of_family
from eqsolve.prove.coq import NotStatedError, source
from eqsolve.prove.inequalities import decided
from eqsolve.prove.script import counterexample, script, stated
from eqsolve.prove.signs import signed
from eqsolve.prove.statement import ForAll, Hypothesis, Joined, Line, Relation, Slope, Theorem
from eqsolve.prove.witness import VacuousError
from eqsolve.registry import games, model

needs_coq = pytest.mark.skipif(
    shutil.which("coqc") is None and "EQSOLVE_REQUIRE_TOOLS" not in os.environ,
    reason="coqc is not installed",
)

x, y, z, u, w = sp.symbols("x y z u w")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQSOLVE_CACHE_DIR", str(tmp_path / "cache"))


def counts() -> list[Theorem]:
    """How many roots are admissible."""
    made = [maker() for maker in roots.theorems(model("best-response").derivation)]
    assert all(isinstance(one, Theorem) for one in made)
    return [one for one in made if isinstance(one, Theorem)]


@needs_coq
def test_the_counts_of_roots_are_proved() -> None:
    verdicts = list(check({"counts": source("counts", counts())}))
    assert len(verdicts) == 5 and all(v.accepted for v in verdicts), verdicts


@needs_coq
@pytest.mark.full
@pytest.mark.parametrize(
    ("game", "number"), [("best-response", 2), ("mean-field", 6), ("n-agent", 2)]
)
def test_what_is_said_of_parameters_is_proved(game: str, number: int) -> None:
    files = of_family(model(game), ["competition", "counterexamples", "weights"]).sources()
    verdicts = list(check(files))
    assert len(verdicts) == number and all(v.accepted for v in verdicts), verdicts


def rising() -> list[Theorem]:
    """How competition and the weight alpha move the mean-field strategy."""
    form = model("mean-field").derivation
    made = [maker() for maker in (*competition.theorems(form), *weights.theorems(form))]
    return [one for one in made if isinstance(one, Theorem)]


def test_what_competition_does_is_stated_with_its_assumptions() -> None:
    rises, above, _, constant = rising()
    signs = {h.name for h in rises.hypotheses if not h.name.startswith("H_")}
    positive = {f"positive_{name}" for name in ("B", "p1", "D2", "alpha", "gamma", "s2")}
    assert signs == {*positive, "interest", "wealth", "order", "regular"}
    assert {h.name for h in above.hypotheses} - signs >= {"competes", "H_Q", "H_k2", "H_k3"}
    assert not any(h.name == "positive_p1" for h in constant.hypotheses)


@needs_coq
@pytest.mark.full
def test_without_what_it_needs_the_position_does_not_rise() -> None:
    rises, above, _, constant = rising()
    wrong: list[Theorem] = []
    for right in (rises, above, constant):
        signs = [h for h in right.hypotheses if not h.name.startswith("H_")]
        for lost in signs:
            rest = tuple(h for h in right.hypotheses if h is not lost)
            less = replace(right, hypotheses=rest, witness=right.witness)
            wrong.append(replace(less, script=(_introduction(less), *less.script[1:])))
    for right in (rises, above):
        assert isinstance(right.conclusion, Relation)
        wrong.append(replace(right, conclusion=replace(right.conclusion, relation=">")))
    verdicts = list(check({f"wrong_{k}": source("", [one]) for k, one in enumerate(wrong)}))
    assert len(verdicts) == len(wrong) > 25
    assert not [v for v in verdicts if v.proved]


@needs_coq
@pytest.mark.full
def test_the_selected_root_is_proved() -> None:
    made = [maker() for maker in selection.theorems(model("best-response").derivation)]
    found = [one for one in made if isinstance(one, Theorem)]
    verdicts = list(check({"selection": source("selection", found)}))
    assert len(verdicts) == len(made) == 11 and all(v.accepted for v in verdicts), verdicts


def planted(right: Theorem) -> Iterator[Theorem]:
    """A theorem without one of its assumptions about signs, and with the opposite sign."""
    for k, hypothesis in enumerate(right.hypotheses):
        if not hypothesis.name.startswith("H_"):
            yield replace(right, hypotheses=(*right.hypotheses[:k], *right.hypotheses[k + 1 :]))
    assert isinstance(right.conclusion, ForAll)
    inner = right.conclusion.statement
    if isinstance(inner, Joined):
        last = inner.parts[-1]
        assert isinstance(last, Relation)
        flipped = replace(inner, parts=(*inner.parts[:-1], replace(last, relation=">")))
        yield replace(right, conclusion=replace(right.conclusion, statement=flipped))


@needs_coq
def test_without_an_assumption_or_with_a_wrong_sign_nothing_is_proved() -> None:
    edge, none = (one for one in counts() if isinstance(one.conclusion, ForAll))
    wrong = [*planted(edge), *planted(none)]
    assert len(wrong) == 7
    # introduced by name: a hypothesis that is not there must not be what Coq complains of
    wrong = [replace(one, script=(_introduction(one), *one.script[1:])) for one in wrong]
    sources = {f"wrong_{k}": source("wrong", [one]) for k, one in enumerate(wrong)}
    verdicts = list(check(sources))
    assert len(verdicts) == 7 and not any(v.proved for v in verdicts), verdicts


def _introduction(theorem: Theorem) -> Line:
    return stated(theorem.name, "", theorem.hypotheses, theorem.conclusion, ()).script[0]


def curvature(name: str) -> Theorem:
    """The second-order condition of a declared game."""
    (found,) = (one for one in games() if one.model.name == name)
    exported: Any = found.exported
    (faced,) = problem.faced(derived(build(exported, {})))
    made = next(second_order.theorems(faced, {}))()
    assert isinstance(made, Theorem)
    return made


@needs_coq
def test_a_power_of_the_control_is_paid_and_the_control_is_positive() -> None:
    right = curvature("merton-consumption")
    assert isinstance(right.conclusion, Joined)
    *_, last = right.conclusion.parts
    assert isinstance(last, ForAll) and last.letters == last.positive
    assert not any(
        {*last.letters} & h.statement.expressions[0].free_symbols for h in right.hypotheses
    )
    unbounded = replace(last, positive=())
    wrong = replace(right, conclusion=Joined("/\\", (*right.conclusion.parts[:-1], unbounded)))
    verdicts = check({"right": source("", [right]), "wrong": source("", [wrong])})
    assert [v.proved for v in verdicts] == [True, False]


@needs_coq
def test_a_second_derivative_of_the_wrong_sign_or_size_is_not_proved() -> None:
    right = curvature("regulator")
    assert isinstance(right.conclusion, Joined)
    *slopes, bends, sign = right.conclusion.parts
    assert isinstance(sign, Relation) and isinstance(bends, ForAll)
    assert isinstance(bends.statement, Slope)
    twice = replace(bends, statement=replace(bends.statement, value=2 * bends.statement.value))
    against = replace(sign, relation="<")
    wrong = {
        "sign": replace(right, conclusion=Joined("/\\", (*slopes, bends, against))),
        "size": replace(right, conclusion=Joined("/\\", (*slopes, twice, sign))),
    }
    verdicts = list(check({name: source(name, [one]) for name, one in wrong.items()}))
    assert len(verdicts) == 2 and not any(v.proved for v in verdicts), verdicts


def test_numbers_that_show_nothing_are_refused() -> None:
    with pytest.raises(VacuousError, match="do not show"):
        counterexample("wrong", "", [Relation(y, "=", x + 1), Relation(y, "<", x)], {x: sp.S.One})


@needs_coq
def test_a_counterexample_with_a_wrong_number_is_refused() -> None:
    right = counterexample(
        "right", "", [Relation(y, "=", x + 1), Relation(y, ">", x)], {x: sp.S.One}
    )
    numbers = replace(right.script[0], expressions=(sp.S.One, sp.Integer(3)))
    wrong = replace(right, name="wrong", script=(numbers, *right.script[1:]))
    verdicts = list(check({"numbers": source("numbers", [right, wrong])}))
    assert {v.theorem: v.accepted for v in verdicts} == {"right": True, "wrong": False}


def test_signs_of_factors() -> None:
    a, b = sp.symbols("a b")
    found = signed(-a * (a + b**2) * sp.exp(x) * y / (x - 1), [a, b])
    assert (found.sign, found.rest) == (-1, y * (x - 1))
    assert sp.simplify(found.magnitude - a * (a + b**2) * sp.exp(x) / (x - 1) ** 2) == 0
    assert set(found.positive) == {a, b} and found.nonzero == (x - 1,)
    assert signed(a - a, [a]).sign == 0
    open_one = signed(a - b, [a, b])
    assert open_one.sign * open_one.rest == a - b and not open_one.positive


def test_assumptions_that_contradict_each_other_are_refused() -> None:
    both = (Hypothesis("one", Relation(x, ">", y)), Hypothesis("two", Relation(x, "<", y)))
    with pytest.raises(VacuousError):
        stated("vacuous", "", both, Relation(x, "="), script("lra."))


@needs_coq
def test_a_claim_is_formal_when_coq_has_accepted_its_theorems_and_not_before() -> None:
    wanted = [(model("best-response"), ["signs.sign_of_*"])]
    (before,) = proofs(wanted)
    assert (before.file, before.theorem) == ("best_response_signs", "sign_of_h20")
    assert not before.formal
    (whole,) = of_family(model("best-response"), ["signs"]).sources().items()
    assert all(v.accepted for v in check({whole[0]: whole[1]}))
    assert proofs(wanted) == (replace(before, formal=True),)
    edited = whole[1].theorems | {"sign_of_h20": whole[1].theorems["sign_of_h20"] + " "}
    assert accepted(whole[1]) and not accepted(replace(whole[1], theorems=edited))


def test_a_claim_without_theorems_is_not_formal() -> None:
    test = Examined("exact", "It holds.", True)
    claim = Claim("x", "", "", "holds", "", "", None, Finding((test,)))
    assert claim.formal == "not proved formally" and claim.to_dict()["theorems"] == []
    proof = Proof("some-game", "some_game_signs", "second_order", True)
    assert replace(claim, theorems=(proof,)).formal == "formal"
    both = (proof, replace(proof, formal=False))
    assert replace(claim, theorems=both).formal == "not proved formally"


def difference(word: str, value: sp.Expr) -> Theorem:
    """The inequality between ``y + value`` and ``y``."""
    known = Known({x: y + value})
    equation = theorem("sum", "a sum", Relation(x, "=", y + value), known)
    assert isinstance(equation, Theorem)
    return decided(equation, word, value, [z])


def inequalities() -> dict[str, Theorem]:
    """What the signs of differences say."""
    return {
        "letter": difference(">", z * w**2 * u),
        "square": difference(r"\geq", u * w**2),
        "quotient": difference(">", z / u**2),
        "negative": difference("<", -z * u),
        "sum": difference(">", u - w),
    }


def test_an_inequality_follows_from_the_sign_of_a_difference() -> None:
    conclusions = {name: one.conclusion for name, one in inequalities().items()}
    assert conclusions["square"] == Relation(x, ">=", y)
    assert conclusions["quotient"] == Relation(x, ">", y)
    assert conclusions["sum"] == Joined("<->", (Relation(x, ">", y), Relation(u - w, ">")))
    assert conclusions["negative"] == Joined("<->", (Relation(x, "<", y), Relation(u, ">")))


@needs_coq
@pytest.mark.full
def test_coq_accepts_inequalities_and_refuses_wrong_ones() -> None:
    right = inequalities()
    some, square = {name: [one] for name, one in right.items()}, right["square"]
    # without what decides the sign, and turned round
    some["nothing"] = [replace(square, hypotheses=square.hypotheses[:-1])]
    some["turned"] = [replace(square, conclusion=Relation(x, "<=", y))]
    verdicts = check({name: source(name, one) for name, one in some.items()})
    assert [v.file for v in verdicts if v.accepted] == [*right]


@pytest.mark.parametrize("word", ["<", r"\leq", r"\neq"])
def test_an_inequality_that_is_turned_round_is_not_stated(word: str) -> None:
    for value in (z * u, u - w, z / u**2):
        with pytest.raises(NotStatedError):
            difference(word, value)
