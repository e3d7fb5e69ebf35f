"""The exact point solver against the independent 50-digit key, and its statuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import pytest
import sympy as sp
from flint import fmpq

from by_name import solve, words_of
from eqsolve.arithmetic.code import Code
from eqsolve.derivations.mean_variance import wealth
from eqsolve.derivations.mean_variance.vocabulary import symbols
from eqsolve.errors import InputError
from eqsolve.game import Model
from eqsolve.registry import model
from eqsolve.solve import point as engine
from eqsolve.solve.stationary import Solutions
from eqsolve.words import equilibrium
from reference import cases, draws, spec
from reference.closed_loop_all import closed_loop_all

#: The answers are midpoints of tiny balls: only the final rounding to double precision remains.
ROUNDING = 4e-16

#: Key of the reference for every number of the answer, by section.
SECTIONS = {
    "response": {k: k for k in ("p1", "p2", "q3", "Qb", "Qs")},
    "moments": {k: k for k in ("a", "c", "d", "h20", "h11", "h02", "h10", "h01", "h00")},
    "value": {"xx": "A1", "yy": "A2", "xy": "A3", "x": "A4", "y": "A5", "1": "A6"},
}


def _difference(found: float, expected: Any) -> float:
    scale = abs(float(expected))
    # the key's 60 digits leave a residue where the exact value is zero
    return abs(found - float(expected)) / scale if scale > 1e-45 else abs(found)


def _given(draw: Mapping[str, Fraction], *names: str) -> dict[str, Fraction]:
    return {k: v for k, v in draw.items() if k not in names}


def _compare(answer: Mapping[str, Any], key: Mapping[str, Any]) -> None:
    sections = {**SECTIONS, "strategy": {"x": "k1", "y": "k2", "1": "k3"}}
    for section, names in sections.items():
        for name, other in names.items():
            error = _difference(answer[section][name], key[other])
            assert error <= ROUNDING, (section, name, answer[section][name], key[other])
    for name in ("pi", "V"):
        assert _difference(answer["at"][name], key[name]) <= ROUNDING, name


@pytest.mark.parametrize("family", ["plausible", "wide"])
def test_n_agent_agrees_with_the_key(family: str) -> None:
    solved = 0
    for draw in getattr(draws, family)(150, 11):
        state = {"x": draw["x"], "y": draw["y"]}
        answer = solve("n-agent", at=state, **_given(draw, "x", "y"))
        key = spec.n_agent(draw, int(draw["n"]), x=draw["x"], y=draw["y"])
        if answer.status == "near-fold":
            continue
        assert answer.status == key["status"], (draw, answer.message)
        if answer.ok:
            solved += 1
            _compare(answer.to_dict(), key)
    assert solved > 60


@pytest.mark.parametrize("family", ["plausible", "wide"])
def test_mean_field_agrees_with_the_key(family: str) -> None:
    solved = 0
    for draw in getattr(draws, family)(100, 12):
        state = {"x": draw["x"], "y": draw["y"]}
        answer = solve("mean-field", at=state, **_given(draw, "x", "y", "n"))
        key = spec.mean_field(_given(draw, "n"), x=draw["x"], y=draw["y"])
        if answer.status == "near-fold":
            continue
        assert answer.status == key["status"], (draw, answer.message)
        if answer.ok:
            solved += 1
            _compare(answer.to_dict(), key)
    assert solved > 40


@pytest.mark.parametrize(("name", "n", "given", "nash"), cases.STRATEGIES)
def test_reference_strategies(
    name: str, n: int | None, given: tuple[str, ...], nash: tuple[str, ...]
) -> None:
    parameters: dict[str, object] = dict(cases.SETS[name])
    game = "mean-field" if n is None else "n-agent"
    if n is not None:
        parameters["n"] = n
    for notion, expected in (("given-aggregate", given), ("closed-loop", nash)):
        strategy = solve(game, equilibrium=notion, **parameters).to_dict()["strategy"]
        for monomial, printed in zip(("x", "y", "1"), expected):
            assert cases.agrees(strategy[monomial], printed)


def test_objective_obtained_differs_from_the_value() -> None:
    at = solve("n-agent", n=3, **cases.S1).to_dict()["at"]
    assert cases.agrees(round(at["V"], 5), ".80369")
    assert cases.agrees(round(at["J"], 5), ".80088")


def test_closed_loop_is_not_exploitable() -> None:
    parameters = {**cases.S1, "n": "3"}
    answer = solve("n-agent", equilibrium="closed-loop", **parameters).to_dict()
    nash, played = answer["at"], answer["strategy"]
    assert nash["pi"] == pytest.approx(played["x"] + played["y"] * 2 / 3 + played["1"], rel=1e-15)
    given = solve("n-agent", **parameters).to_dict()["at"]
    assert abs(nash["exploitability"]) < 1e-60
    assert given["exploitability"] == pytest.approx(3.5924e-6, rel=1e-4)


def test_notions_agree_without_competition_or_wealth_dependence() -> None:
    for change in ({"theta": "0"}, {"beta": "0", "r": "0", "b": ".09"}):
        parameters = {**cases.S1, "n": "3", **change}
        at = solve("n-agent", **parameters).to_dict()["at"]
        assert abs(at["exploitability"]) < 1e-60


def _shifted(words: str) -> dict[str, str]:
    return cases._roots(words)


def test_three_admissible_roots_limit_takes_largest() -> None:
    answer = solve(
        "n-agent",
        **_shifted("B=.33 r=.02 nu=.15 sigma=.1 gamma=2 beta=.1 theta=.5 n=3 lam=.06"),
    )
    assert [root.admissible for root in answer.roots] == [True, True, True]
    assert answer.selected == 2
    assert cases.agrees(float(answer.roots[2].p1), "-.0277027")


def test_selection_by_value_depends_on_the_state() -> None:
    """The paper's rule does not always define one feedback: its choice changes with wealth."""
    words = "B=.267 r=.003 nu=.06 sigma=.12 gamma=3 beta=.27 theta=.4 n=3 lam=.24"
    answers = [
        solve("n-agent", selection="value", at={"x": x, "y": y}, **_shifted(words))
        for x, y in (("-5", "0"), ("0.01", "20"), ("1", "1"), ("20", "0"))
    ]
    assert all(answer.ok for answer in answers)
    assert {answer.selected for answer in answers} == {0, 2}


def test_selection_by_value_is_among_equilibria_that_exist() -> None:
    """The largest value belongs to a root whose population has infinite second moments."""
    words = "B=.33 r=.02 nu=.15 sigma=.1 gamma=2 beta=.1 theta=.5 n=3 lam=.06"
    answer = solve("n-agent", selection="value", **_shifted(words))
    assert answer.ok, answer.message
    assert answer.numbers["admissibility"]["finite"]
    others = [solve("n-agent", selection=s, **_shifted(words)) for s in ("limit", "value")]
    assert others[1].to_dict()["at"]["V"] >= others[0].to_dict()["at"]["V"]


@pytest.mark.parametrize(
    ("words", "status", "phrase"),
    [
        (
            "B=.02 r=.1 nu=.3 sigma=.3 lam=.15 gamma=2 beta=.5 theta=.5 n=5",
            "no-admissible-root",
            "no maximum",
        ),
        (
            "B=.03195 r=0 nu=.1373 sigma=.3159 lam=.30892 gamma=1.13038 beta=1.69103"
            " theta=.94403 n=2",
            "infinite-variance",
            "0.318054",
        ),
        (
            "B=.1 r=.05 nu=.2 sigma=.2 lam=.1 gamma=2 beta=.5 theta=.5 n=5",
            "infinite-variance",
            "that of x**2 at the rate 0.1, not below 0.1",
        ),
        # every p1 makes the cubic vanish, but the first moment has no finite coefficient
        (
            "B=0 r=.05 nu=.2 sigma=.2 lam=.05 gamma=2 beta=.5 n=5",
            "no-admissible-root",
            "no real solution",
        ),
    ],
)
def test_statuses_explain_themselves(words: str, status: str, phrase: str) -> None:
    answer = solve("n-agent", **_shifted(words))
    assert answer.status == status
    assert phrase in answer.message
    assert not answer.ok
    assert "strategy" not in answer.to_dict() or status == "infinite-variance"


def test_beta_equal_gamma_kappa_is_a_quadratic() -> None:
    answer = solve(
        "n-agent", **_shifted("B=.09 r=.03 nu=.2 sigma=.2 lam=.6 gamma=2 beta=1.8 theta=.5 n=5")
    )
    assert answer.ok
    assert len(answer.roots) == 2
    assert cases.agrees(float(answer.roots[0].p1), ".695229138444")
    assert cases.agrees(float(answer.roots[1].p1), "77.445")


def test_no_real_root() -> None:
    words = (
        "B=-.18361059 r=.19108850 nu=.10826382 sigma=.48796214 lam=.10383649 gamma=5.6874767"
        " theta=.2 n=1"
    )
    parameters = _shifted(words + " beta=4.5")
    # beta = gamma kappa exactly: without a cubic term no real root is left
    parameters["beta"] = str(Fraction("5.6874767") * Fraction("0.8"))
    answer = solve("n-agent", **parameters)
    assert answer.status == "no-admissible-root"
    assert answer.roots == ()
    assert "no real solution" in answer.message


def test_fold_is_named_where_the_roots_nearly_coincide() -> None:
    words = "B=.46673 r=0 nu=.10726 sigma=-.14298 gamma=.70009 beta=.07364 theta=.73685 n=2"
    answer = solve("n-agent", **_shifted(words + " lam=.906667711268566397"))
    assert answer.ok
    assert len(answer.roots) == 3
    assert "near a fold" in answer.message


def test_no_closed_loop_mean_field() -> None:
    words = (
        "B=.20306 r=.03271 nu=.21622 sigma=.22313 theta=.86808 gamma=.52598 beta=1.02736 lam=.14659"
    )
    assert solve("mean-field", **_shifted(words)).ok
    answer = solve("mean-field", equilibrium="closed-loop", **_shifted(words))
    assert answer.status == "no-solution"
    assert answer.to_dict()["complete"] is True


def test_certificate_encloses_the_root() -> None:
    answer = solve("n-agent", n=3, certify=True, **cases.S1).to_dict()
    enclosure = answer["certificate"]["enclosures"]["p1"]
    assert float(enclosure["mid"]) == answer["response"]["p1"]
    assert enclosure["rad"] < 1e-60
    assert answer["certificate"]["admissible_roots"] == 1


def test_rational_parameters_are_exact() -> None:
    third = solve("n-agent", n=3, **{**cases.S1, "theta": "1/3"})
    assert third.parameters["theta"] == Fraction(1, 3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gamma": "0"}, "gamma"),
        ({"gamma": "nan"}, "gamma"),
        ({"gamma": "inf"}, "gamma"),
        ({"gamma": float("nan")}, "gamma"),
        ({"gamma": True}, "gamma"),
        ({"gamma": None}, "gamma"),
        ({"gamma": "1/0"}, "gamma"),
        ({"gamma": "2; import os"}, "gamma"),
        ({"gamma": "1e999999999"}, "gamma"),
        ({"gamma": "1e400"}, "gamma .* 1e-30 to 1e30"),
        ({"gamma": "1e-400"}, "gamma .* 1e-30 to 1e30"),
        ({"gamma": "1" * 101}, "gamma .* 1e-30 to 1e30"),
        ({"gamma": "9" * 5000}, "gamma .* 1e-30 to 1e30"),
        ({"gamma": 10**5000}, "gamma .* 1e-30 to 1e30"),
        ({"gamma": 5e-324}, "gamma .* 1e-30 to 1e30"),
        ({"gamma": Fraction(1, 10**31)}, "gamma .* 1e-30 to 1e30"),
        ({"r": "1e300"}, "r .* 1e-30 to 1e30"),
        ({"b": "-1e999"}, "b .* 1e-30 to 1e30"),
        ({"gamma": "\u0663"}, "gamma must be a finite number"),
        ({"at": {"x": "1e400"}}, "x .* 1e-30 to 1e30"),
        ({"at": {"y": 10**400}}, "y .* 1e-30 to 1e30"),
        ({"nu": "-.1"}, "nu"),
        ({"nu": "0", "sigma": "0"}, "volatilities"),
        ({"lam": "0"}, "lambda"),
        ({"lam": "-1"}, "lambda"),
        ({"r": "-.01"}, "r"),
        ({"theta": "-1"}, "theta"),
        ({"alpha": "0", "beta": "0"}, "alpha and beta"),
        ({"n": "0"}, "n"),
        ({"n": "2.5"}, "n"),
        ({"n": "3", "theta": "3"}, "kappa"),
        ({"delta": "1"}, "delta"),
        ({"lambda": ".6"}, "twice"),
    ],
)
def test_bad_parameters_are_named(change: dict[str, object], words: str) -> None:
    given: dict[str, object] = {**cases.S1, "n": "3", **change}
    with pytest.raises(InputError, match=words):
        solve("n-agent", **given)


def test_missing_parameters_are_named() -> None:
    with pytest.raises(InputError, match="missing parameter"):
        solve("n-agent", **cases.S1)


def test_state_of_a_single_agent() -> None:
    with pytest.raises(InputError, match="no competitors"):
        solve("n-agent", n=1, at={"x": 1, "y": 1}, **cases.S1)


def test_planted_error_in_the_closed_form_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison with the key would notice a number of the equations off by 1e-14."""
    words = words_of("n-agent")
    assert words is not None
    equations = words.program.system.equations
    wrong = [c * (1 + fmpq(1, 10**14)) if c == 2 else c for c in equations.constants]
    assert wrong != list(equations.constants)
    system = replace(
        words.program.system,
        equations=Code(equations.arguments, wrong, equations.steps, equations.outputs),
    )
    planted = replace(words, program=replace(words.program, system=system))
    monkeypatch.setattr(equilibrium, "words_of", lambda game: planted)
    draw = next(iter(draws.plausible(1, 3)))
    answer = solve("n-agent", at={"x": draw["x"], "y": draw["y"]}, **_given(draw, "x", "y"))
    key = spec.n_agent(draw, int(draw["n"]), x=draw["x"], y=draw["y"])
    with pytest.raises(AssertionError):
        _compare(answer.to_dict(), key)


def _apart(declared: Model, game: str) -> dict[str, sp.Expr]:
    """Declared quantities of a root less those that the closed form of the family derives."""
    form, given = model(game).derivation.form, model(game).game.definitions
    root, *names = symbols("p1 D2 Delta")
    known: dict[sp.Symbol, sp.Expr] = dict(given)
    for definition in form.needed(tuple(names)):
        if definition.symbol != root:
            known[definition.symbol] = definition.expression
    found = {}
    for name in names:
        derived, before = known[name], None
        while derived != before:
            derived, before = derived.xreplace(known), derived
        plain = derived.xreplace({s: sp.Symbol(s.name) for s in derived.free_symbols})
        own = declared.outputs[name.name].xreplace(declared.game.definitions)
        found[name.name] = sp.expand(sp.numer(sp.together(plain - own)))
    return found


def test_named_quantities_of_roots_are_those_of_the_closed_form() -> None:
    """D2 and Delta are declared; the closed form of the family derives them: the same functions."""
    for game, size in (("n-agent", 2), ("mean-field", None), ("best-response", 2)):
        assert _apart(wealth.family(size), game) == {"D2": 0, "Delta": 0}
    own = wealth.family(2)
    wrong = replace(own, outputs={**own.outputs, "D2": own.outputs["D2"] + wealth.r})
    assert _apart(wrong, "n-agent")["D2"] != 0


def test_closed_loop_mean_field_agrees_with_the_key() -> None:
    solved = 0
    for draw in draws.plausible(40, 13):
        answer = solve("mean-field", equilibrium="closed-loop", **_given(draw, "x", "y", "n"))
        key = spec.closed_loop_mfg(_given(draw, "n", "x", "y"))
        assert (answer.status == "ok") == (key["status"] == "ok"), (draw, answer.message)
        if answer.ok:
            solved += 1
            strategy = answer.to_dict()["strategy"]
            for monomial, name in (("x", "p1"), ("y", "p2"), ("1", "p3")):
                assert _difference(strategy[monomial], key[name]) <= ROUNDING
    assert solved > 20


@pytest.mark.parametrize("count", [3, pytest.param(25, marks=pytest.mark.full)])
def test_closed_loop_n_agent_agrees_with_the_key(count: int) -> None:
    solved = 0
    for draw in draws.plausible(count, 14):
        answer = solve("n-agent", equilibrium="closed-loop", **_given(draw, "x", "y"))
        key = spec.closed_loop_n(draw, int(draw["n"]))
        if key["status"] != "ok":
            continue
        assert answer.ok, (draw, answer.message)
        solved += 1
        strategy = answer.to_dict()["strategy"]
        for monomial, name in (("x", "p1"), ("y", "p2"), ("1", "p3")):
            assert _difference(strategy[monomial], key[name]) <= ROUNDING
    assert solved > 0.6 * count


#: Games next to whose given-aggregate equilibrium there is none in closed loop, but elsewhere.
ELSEWHERE = [
    (
        dict(
            zip(
                "r b nu sigma theta gamma alpha beta n lambda".split(),
                ".03046 .1598 .15362 -.2934 .94464 4.45548 1.59244 4.20293 2 .26866".split(),
            )
        ),
        [(".470746863844", ".265105662937", ".257597270489")],
        0,
    ),
    (
        dict(
            zip(
                "r b nu sigma theta gamma alpha beta lambda n".split(),
                "0 .549 .102 .104 .982 4.388 1 .087 .29 5".split(),
            )
        ),
        [("-21.25991", "", ""), ("-.03406", "", ""), (".09490", "", "")],
        2,
    ),
]


@pytest.mark.parametrize(("given", "expected", "selected"), ELSEWHERE)
def test_every_closed_loop_equilibrium_is_found(
    given: dict[str, str], expected: list[tuple[str, ...]], selected: int
) -> None:
    answer = solve("n-agent", equilibrium="closed-loop", certify=True, **given).to_dict()
    assert answer["status"] == "ok" and answer["complete"] is True
    assert answer["certificate"]["complete"] is True
    found = [root for root in answer["roots"] if root["admissible"]]
    assert len(found) == len(expected)
    for root, printed in zip(found, expected):
        assert root["abscissa"] < float(given["lambda"])
        for name, digits in zip(("p1", "p2", "p3"), printed):
            assert not digits or cases.agrees(root[name], digits)
    assert [root["selected"] for root in found].index(True) == selected


def test_closed_loop_equilibria_are_those_of_the_brute_force_key() -> None:
    """Random games with large excess drifts, which often have several equilibria."""
    rng, several = Random(5), 0
    for _ in range(6):
        given = {
            "r": f"{rng.uniform(0, 0.02):.3f}",
            "b": f"{rng.uniform(0.3, 0.6):.3f}",
            "nu": f"{rng.uniform(0.05, 0.3):.3f}",
            "sigma": f"{rng.uniform(0.05, 0.3):.3f}",
            "theta": f"{rng.uniform(0.3, 1):.3f}",
            "gamma": f"{rng.uniform(1, 5):.3f}",
            "alpha": "1",
            "beta": f"{rng.uniform(0.01, 0.3):.3f}",
            "lam": f"{rng.uniform(0.1, 0.5):.3f}",
        }
        n = rng.choice([2, 3, 5])
        key = closed_loop_all(given, n)
        answer = solve("n-agent", equilibrium="closed-loop", n=n, **given).to_dict()
        found = [root for root in answer["roots"] if root["admissible"]]
        assert answer["complete"] is True
        assert len(found) == len(key), (given, n)
        several += len(key) > 1
        for root, one in zip(found, key):
            for name in ("p1", "p2", "p3"):
                assert _difference(root[name], one[name]) <= ROUNDING
    assert several > 1


def test_nothing_is_denied_without_a_complete_search(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {k: v for k, v in ELSEWHERE[0][0].items()}
    nothing = Solutions((), complete=False)
    monkeypatch.setattr(engine, "stationary", lambda *_, **__: nothing)
    answer = solve("n-agent", equilibrium="closed-loop", **given)
    assert answer.status == "unresolved"
    assert "not complete" in answer.message


def test_a_line_of_closed_loops_is_not_denied() -> None:
    """The response to the others' wealth is singular: no feedback is known whole."""
    parameters = {**cases.S1, "beta": "0", "r": "0", "nu": "0", "theta": "1"}
    answer = solve("mean-field", equilibrium="closed-loop", **parameters)
    assert answer.status == "unresolved" and "not complete" in answer.message


@pytest.mark.parametrize(
    "change",
    [
        {"theta": "1"},
        {"nu": "0"},
        {"theta": "0"},
        {"beta": "0", "r": "0", "b": ".09"},
        {"beta": "0", "r": "0", "b": ".09", "theta": "0"},
    ],
    ids=str,
)
def test_closed_loop_at_the_edges(change: dict[str, str]) -> None:
    """Spurious roots, vanishing leading coefficients and multiple roots of the second cubic."""
    parameters = {**cases.S1, **change}
    answer = solve("mean-field", equilibrium="closed-loop", **parameters)
    key = spec.closed_loop_mfg(parameters)
    assert answer.ok and answer.to_dict()["complete"], answer.message
    for monomial, name in (("x", "p1"), ("y", "p2"), ("1", "p3")):
        assert _difference(answer.to_dict()["strategy"][monomial], key[name]) <= ROUNDING
    many = solve("n-agent", n=3, equilibrium="closed-loop", **parameters)
    assert many.ok and many.to_dict()["complete"], many.message
    assert many.to_dict()["at"]["exploitability"] == 0


@pytest.mark.parametrize("game", ["mean-field", "n-agent"])
def test_vanishing_determinant_is_not_hidden_by_a_vanishing_numerator(game: str) -> None:
    """psi = 1 and phi = 0: infinitely many equilibria, not the zero strategy."""
    parameters: dict[str, object] = {**cases.S1, "b": ".03", "nu": "0", "theta": "1"}
    if game == "n-agent":
        parameters["n"] = "3"
    answer = solve(game, **parameters)
    assert answer.status == "degenerate"
    assert "the fixed point of the averages over the others is singular" in answer.message
    assert "there is a plane of equilibria" in answer.message
    assert len(answer.numbers["solutions"]["directions"]) == 2
    assert len(answer.roots) == 1
