"""Certificates: against the independent key, at exact ties, and with planted errors."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from flint import arb, fmpq, fmpq_poly
from numpy.typing import NDArray

import hard_families
from by_name import solve, solve_any
from eqsolve.arithmetic.algebraic import Residue, real_roots_with_factors
from eqsolve.arithmetic.number import precision
from eqsolve.cli import cli
from eqsolve.errors import InputError
from eqsolve.registry import model
from eqsolve.solve.closed_form.certify import certify, evaluate, summary
from eqsolve.solve.closed_form.condition import condition_numbers
from eqsolve.solve.closed_form.statement import Verdict, outward, state_point
from eqsolve.solve.closed_form.straightline import output_symbols, straight_line
from eqsolve.status import Status
from eqsolve.verbs import kernel
from reference import cases, closed_loop, draws, spec

GAMES = ("n-agent", "mean-field", "best-response")
NAMES = {"p1": "p1", "k_x": "k1", "k_y": "k2", "k_1": "k3", "pi": "pi", "V": "V"}
SIZE = 120

#: Two of three real roots coincide at p1 = -14, and the numbers are doubles as well as decimals.
FOLD = {
    **{"r": 0.875, "b": 3.375, "nu": 0.25, "sigma": 0.0, "theta": 0.25, "gamma": 3.125},
    **{"alpha": 5.625, "beta": 0.0234375, "lambda": 31.5},
}
FOLD_STATE = {"x": 28.5, "y": 20.875}

#: A mean-field set whose second moments grow exactly at the hazard rate; K = k1 + k2 = 4.
TIE = {
    **{"r": "0", "b": "1/4", "nu": "1/16", "sigma": "1/4", "theta": "11531/13833"},
    **{"gamma": "1", "alpha": "1", "beta": "57655/2871", "lambda": "3"},
}


def columns(game: str, sets: list[dict[str, Fraction]]) -> dict[str, NDArray[np.float64]]:
    """Draws, exact as doubles, with aggregates where the game takes them."""
    known = {*model(game).parameters, "lam", "x", "y"}
    result = {k: np.array([float(s[k]) for s in sets]) for k in sets[0] if k in known}
    if game == "best-response":
        rng = np.random.default_rng(7)
        result |= {name: rng.uniform(-0.2, 0.2, len(sets)) for name in ("m_b", "m_s")}
        result["m_2"] = rng.uniform(0.0, 0.1, len(sets))
    return result


def key(game: str, draw: Mapping[str, Fraction]) -> dict[str, Any]:
    n = None if game == "mean-field" else int(draw["n"])
    if n is None:
        found = spec.mean_field({k: v for k, v in draw.items() if k != "n"}, draw["x"], draw["y"])
    else:
        found = spec.n_agent(draw, n, draw["x"], draw["y"])
    competes = draw["theta"] != 0 and n != 1
    if found["status"] == "ok" and competes and draw["lam"] <= 2 * draw["r"]:
        found["status"] = "infinite-variance"
    return found


@pytest.mark.parametrize("game", ["n-agent", "mean-field"])
@pytest.mark.parametrize("family", ["plausible", "wide"])
def test_enclosures_contain_the_independent_key(game: str, family: str) -> None:
    sets = list(getattr(draws, family)(SIZE, 51))
    params = columns(game, sets)
    found = certify(model(game), params, outputs=tuple(NAMES))
    solved = 0
    for k, draw in enumerate(sets):
        expected = key(game, draw)
        assert Status(found["certified_status"][k]).label == expected["status"], draw
        assert found["certified"][k] in (Verdict.CERTIFIED, Verdict.BOUNDARY)
        admissible = [root for root in expected["roots"] if root["admissible"]]
        assert found["admissible_roots"][k] == len(admissible)
        assert found["real_roots"][k] == len(expected["roots"])
        if expected["status"] != "ok":
            assert np.isnan(found["p1_lower"][k])
            continue
        solved += 1
        assert found["admissible"][k] == 1
        for name, other in NAMES.items():
            low, high = float(found[f"{name}_lower"][k]), float(found[f"{name}_upper"][k])
            # the key has 60 digits; a zero there is a rounding residue
            value = expected[other] if abs(expected[other]) > 1e-45 else spec.number(0)
            assert spec.number(low) <= value <= spec.number(high), (name, draw)
            assert high - low <= 3 * np.spacing(max(abs(low), abs(high)))
    assert solved > SIZE // 2


@pytest.mark.parametrize("game", GAMES)
def test_kernels_are_confirmed(game: str) -> None:
    params = columns(game, list(draws.wide(400, 52)))
    for selection in ("limit", "value"):
        answers = kernel(game).evaluate(params, selection=selection)
        found = certify(
            model(game), params, selection=selection, outputs=tuple(NAMES), answers=answers
        )
        counts = summary(found)
        assert counts["disagrees"] == 0 and counts["agrees"] == 400, counts


@pytest.mark.parametrize("name", NAMES)
def test_a_planted_error_is_seen(name: str) -> None:
    params = columns("n-agent", list(draws.plausible(40, 53)))
    answers = kernel("n-agent").evaluate(params)
    found = certify(model("n-agent"), params, outputs=tuple(NAMES), answers=answers)
    assert summary(found)["disagrees"] == 0
    # it is beyond the allowed distance wherever the relative condition number is below ten
    planted = {**answers, name: answers[name] * (1 + 1e-11)}
    found = certify(model("n-agent"), params, outputs=tuple(NAMES), answers=planted)
    assert summary(found)["disagrees"] > 10


def test_below_the_range_of_doubles_the_smallest_one_is_near_enough() -> None:
    """The exact k_y lies between 0 and the smallest double; an answer of either is right."""
    params = columns("n-agent", list(draws.plausible(1, 53)))
    params["theta"][:] = 5e-324
    answers = kernel("n-agent").evaluate(params)
    for answer, judged in ((0.0, 1), (5e-324, 1), (-5e-323, 0), (1e-322, 0)):
        found = certify(model("n-agent"), params, answers={**answers, "k_y": np.array([answer])})
        assert 0 <= abs(found["k_y_lower"]) <= 5e-323
        assert found["agrees"] == judged, answer


@pytest.mark.parametrize("wrong", list(Status))
def test_a_wrong_status_is_seen(wrong: Status) -> None:
    params = columns("n-agent", list(draws.plausible(8, 54)))
    answers = kernel("n-agent").evaluate(params)
    answers["status"][3] = wrong
    found = certify(model("n-agent"), params, answers=answers)["agrees"][3]
    # a kernel may run out of range; everything else is refuted
    expected = {Status.OK: 1, Status.NO_SOLUTION: 2}.get(wrong, 0)
    assert found == expected


def test_another_root_is_seen() -> None:
    words = "r=.02 b=.35 nu=.15 sigma=.1 gamma=2 alpha=1 beta=.1 theta=.5 n=3 lambda=.06"
    params = {k: float(v) for k, v in (word.split("=") for word in words.split())}
    params["r"], params["lambda"] = 0.02, 0.06
    found = certify(model("n-agent"), params)
    assert found["real_roots"] == found["admissible_roots"] == 3
    answers = kernel("n-agent").evaluate(params)
    assert certify(model("n-agent"), params, answers=answers)["agrees"] == 1
    lower_root = {**answers, "p1": np.array(-0.135734)}
    assert certify(model("n-agent"), params, answers=lower_root)["agrees"] == 0


#: SPEC's three admissible roots at n = 3: the best value has infinite second moments.
SEVERAL = {
    **{"r": ".02", "b": ".35", "nu": ".15", "sigma": ".1", "gamma": "2", "alpha": "1"},
    **{"beta": ".1", "theta": ".5", "n": "3", "lambda": ".06"},
}


@pytest.mark.parametrize("selection", ["limit", "value"])
def test_the_certificate_is_of_the_root_that_is_answered(selection: str) -> None:
    given = {name: Fraction(value) for name, value in SEVERAL.items()}
    lam = given.pop("lambda")
    answer = solve_any("n-agent", selection=selection, certify=True, lam=lam, **given).to_dict()
    certificate = answer["certificate"]
    assert answer["status"] == certificate["status"] == "ok" and certificate["finite"]
    assert [root["selected"] for root in answer["roots"]].index(True) == certificate["selected"]
    assert answer["response"]["p1"] == pytest.approx(-0.0277026703415)
    numbers = {"k_x": answer["strategy"]["x"], "k_1": answer["strategy"]["1"]}
    for name, value in (numbers | {"V": answer["at"]["V"]}).items():
        ball = certificate["enclosures"][name]
        assert ball["lower"] <= value <= ball["upper"]


def infinite_values(size: int, seed: int) -> dict[str, Any]:
    """Several admissible roots; often the best one has no equilibrium."""
    rng = np.random.default_rng(seed)
    params = hard_families.several(rng, 60 * size)
    answers = kernel("n-agent", precise=True).evaluate(params, selection="value")
    first = kernel("n-agent", precise=True).evaluate(params)["status"]
    mixed = (answers["status"] == Status.OK) & (first == Status.INFINITE_VARIANCE)
    chosen = np.flatnonzero(mixed)[: size // 2]
    chosen = np.concatenate([chosen, np.flatnonzero(~mixed)[: size - chosen.size]])
    return {name: column[chosen] for name, column in params.items()}


def test_selection_by_value_is_one_for_all() -> None:
    """Solution, kernels, certificate and the independent key choose the same equilibrium."""
    params = infinite_values(60, 20)
    answers = kernel("n-agent").evaluate(params, selection="value")
    found = certify(
        model("n-agent"), params, selection="value", answers=answers, outputs=tuple(NAMES)
    )
    assert (found["agrees"] == 1).all() and (found["certified"] == Verdict.CERTIFIED).all()
    rescued = 0
    for k in range(60):
        draw = {name: Fraction(float(column[k])) for name, column in params.items()}
        at = {name: draw.pop(name) for name in ("x", "y")}
        answer = solve_any("n-agent", selection="value", at=at, **draw)
        expected = spec.n_agent(draw, int(draw["n"]), at["x"], at["y"], selection="value")
        assert answer.status == expected["status"] == Status(int(answers["status"][k])).label
        if answer.ok:
            assert float(answer.roots[answer.selected].p1) == pytest.approx(float(expected["p1"]))
            assert answers["p1"][k] == pytest.approx(float(expected["p1"]))
            outermost = solve_any("n-agent", at=at, **draw)
            if not outermost.ok:
                rescued += 1
                assert "at another solution, which selection by value takes" in outermost.message
    assert rescued > 20
    # the answers for another selection are refuted
    limit = kernel("n-agent").evaluate(params)
    judged = certify(model("n-agent"), params, selection="value", answers=limit)["agrees"]
    assert (judged[limit["status"] != answers["status"]] == 0).sum() == rescued


def test_an_exact_fold() -> None:
    found = certify(model("mean-field"), {**FOLD, **FOLD_STATE})
    assert found["certified"] == Verdict.FOLD and found["certified_status"] == Status.OK
    assert found["real_roots"] == found["admissible_roots"] == 2
    by_value = certify(model("mean-field"), {**FOLD, **FOLD_STATE}, selection="value")
    assert by_value["certified"] == Verdict.FOLD
    assert by_value["certified_status"] == Status.NEAR_FOLD
    assert by_value["p1_lower"] == by_value["p1_upper"] == -14.0
    for side, roots in ((1 - 2**-50, 3), (1 + 2**-50, 1)):
        close = certify(model("mean-field"), {**FOLD, "lambda": 31.5 * side})
        assert close["certified"] == Verdict.CERTIFIED and close["real_roots"] == roots


@pytest.mark.parametrize(
    ("change", "verdict", "status"),
    [
        # the only root is a double root of D2
        (
            {"r": 1.0, "b": 1.5, "nu": 0.5, "sigma": 0.0, "theta": 0.0, "lambda": 1.0},
            Verdict.BOUNDARY,
            Status.NO_ADMISSIBLE_ROOT,
        ),
        # lambda = 2 r
        ({"r": 0.25, "b": 0.5, "lambda": 0.5}, Verdict.BOUNDARY, Status.INFINITE_VARIANCE),
        ({"r": 0.25, "b": 0.5, "lambda": 0.5, "theta": 0.0}, Verdict.CERTIFIED, Status.OK),
        # S = 0
        (
            {"r": 0.0, "beta": 0.0, "nu": 0.0, "theta": 1.0},
            Verdict.DEGENERATE,
            Status.DEGENERATE,
        ),
        ({"nu": 0.0, "sigma": 0.0}, Verdict.INVALID_INPUT, Status.INVALID_INPUT),
        ({"alpha": 0.0, "beta": 0.0}, Verdict.INVALID_INPUT, Status.INVALID_INPUT),
        ({"gamma": float("nan")}, Verdict.INVALID_INPUT, Status.INVALID_INPUT),
        ({"nu": -0.1}, Verdict.INVALID_INPUT, Status.INVALID_INPUT),
        ({"b": 0.03, "r": 0.03}, Verdict.CERTIFIED, Status.OK),
    ],
)
def test_exact_ties(change: dict[str, float], verdict: Verdict, status: Status) -> None:
    params = {k: float(v) for k, v in cases.S1.items() if k != "lam"} | {"lambda": 0.6} | change
    answers = kernel("mean-field").evaluate(params)
    found = certify(model("mean-field"), params, answers=answers)
    assert found["certified"] == verdict and found["certified_status"] == status
    assert found["agrees"] == 1


def test_an_exact_tie_of_the_growth_rate() -> None:
    program = straight_line(model("mean-field"))
    outputs = tuple(output_symbols(model("mean-field")).values())
    for factor, verdict, status in (
        (Fraction(1), Verdict.BOUNDARY, Status.INFINITE_VARIANCE),
        (1 - Fraction(1, 10**40), Verdict.CERTIFIED, Status.OK),
        (1 + Fraction(1, 10**40), Verdict.CERTIFIED, Status.INFINITE_VARIANCE),
    ):
        exact = {k: Fraction(v) for k, v in TIE.items()}
        exact["theta"] *= factor
        numbers = [exact[s.name] for s in program.parameters]
        found = state_point(program, numbers, outputs=outputs)
        assert (found.verdict, found.status) == (verdict, status)
    answer = solve("mean-field", certify=True, **TIE)
    assert answer.certificate["verdict"] == "boundary"
    assert answer.certificate["finite"] is False


def test_own_weight_zero_and_a_single_agent() -> None:
    plain = {k: float(v) for k, v in cases.S1.items()}
    found = certify(model("n-agent"), {**plain, "theta": [3.0, 0.5, 0.5], "n": [3.0, 1.0, 1.0]})
    assert found["certified"].tolist() == [Verdict.INVALID_INPUT, 0, 0]
    assert (
        certify(model("n-agent"), {**plain, "n": 1, "y": 0.5})["certified"] == Verdict.INVALID_INPUT
    )


def test_shapes_and_wrong_calls() -> None:
    plain = {k: float(v) for k, v in cases.S1.items()}
    n = np.array([[2], [3], [10]])
    found = certify(model("n-agent"), {**plain, "n": n, "theta": np.array([0.25, 0.5])})
    assert all(column.shape == (3, 2) for column in found.values())
    assert certify(model("n-agent"), {**plain, "n": []})["certified"].shape == (0,)
    for params, options in (
        ({"foo": 1.0}, {}),
        ({"lambda": 1.0}, {}),
        ({}, {"outputs": ("k_z",)}),
        ({}, {"selection": "best"}),
    ):
        with pytest.raises(InputError, match="n-agent, certificate: "):
            certify(model("n-agent"), {**plain, "n": 3, **params}, **options)
    with pytest.raises(InputError, match="n is missing"):
        certify(model("n-agent"), plain)


def test_evaluation_with_certificates() -> None:
    params = columns("n-agent", list(draws.plausible(5, 56)))
    found = evaluate(model("n-agent"), params, outputs=("status", "k_x", "V"))
    assert found["agrees"].tolist() == [1] * 5
    assert (found["V_lower"] - 1e-12 <= found["V"]).all() and "p1_lower" not in found
    unjudged = evaluate(model("n-agent"), params, outputs=("k_x",))
    assert "agrees" not in unjudged and (unjudged["certified"] == Verdict.CERTIFIED).all()


def test_agents_who_differ_have_no_certificate() -> None:
    agent = {k: v for k, v in cases.S1.items() if k != "r"}
    with pytest.raises(InputError, match="two-agent, certificate: .* same parameters"):
        solve_any("two-agent", r="0.03", agent=[agent, agent], certify=True)


def certified(game: str, params: dict[str, Any]) -> dict[str, NDArray[Any]]:
    return certify(model(game), params)


def test_a_process_of_its_own_gives_the_same() -> None:
    params = columns("mean-field", list(draws.wide(20, 55)))
    here = certify(model("mean-field"), params)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        there = pool.submit(certified, "mean-field", params).result()
    assert all(here[name].tobytes() == there[name].tobytes() for name in here)


def test_outward_rounding() -> None:
    with precision(200):
        third = arb(1) / 3
        for value in (
            third,
            -third,
            arb(0),
            arb(1),
            arb(3, 1e-30),
            arb(10) ** 400,
            arb(2) ** -1080,
        ):
            low, high = outward(value)
            assert (arb(low) if low > -np.inf else -(arb(10) ** 999)) <= value
            assert high == np.inf or arb(high) >= value
            assert not low > high
        assert outward(arb(1)) == (1.0, 1.0)
        low, high = outward(third)
        assert high == np.nextafter(low, 1.0)


def test_algebraic_numbers() -> None:
    modulus = fmpq_poly([-2, 0, 1])
    root = Residue(fmpq_poly([0, 1]), modulus)
    assert (root * root + (-2)).vanishes and not (root + (-1)).vanishes
    assert (1 / (root + (-1)) + (-1) * (root + 1)).vanishes  # 1/(sqrt 2 - 1) = sqrt 2 + 1
    undefined = 1 / (root * root + (-2))
    assert undefined.value is None and not (undefined * 0).vanishes
    # (p - 1)^2 (p^2 - 2)
    found = real_roots_with_factors([fmpq(c) for c in (1, -2, -1, 4, -2)])
    assert [multiplicity for _, multiplicity, _ in found] == [1, 2, 1]
    assert [float(root) for root, _, _ in found] == [-(2**0.5), 1.0, 2**0.5]


@pytest.mark.parametrize("n", [2, 3, 10])
def test_the_nash_feedback_is_enclosed(n: int) -> None:
    answer = solve("n-agent", n=n, equilibrium="closed-loop", certify=True, **cases.S1)
    assert answer.certificate["verdict"] == "certified"
    expected = closed_loop.closed_loop_n(cases.S1, n)
    found = answer.certificate["enclosures"]
    for name, other in (("k_x", "p1"), ("k_y", "p2"), ("k_1", "p3"), ("abscissa", "abscissa")):
        low, high = found[name]["lower"], found[name]["upper"]
        assert spec.number(low) <= expected[other] <= spec.number(high)
        assert found[name]["rad"] < 1e-60


def test_solve_certifies_every_status() -> None:
    answer = solve("n-agent", n=3, certify=True, **cases.S1)
    found = answer.certificate
    assert (found["verdict"], found["status"], found["finite"]) == ("certified", "ok", True)
    assert found["real_roots"] == found["admissible_roots"] == 1
    numbers = {**answer.numbers["strategy"], **answer.numbers["admissibility"]}
    for name, other in (("k_x", "x"), ("k_y", "y"), ("k_1", "1"), ("abscissa", "abscissa")):
        assert found["enclosures"][name]["lower"] <= numbers[other]
        assert numbers[other] <= found["enclosures"][name]["upper"]
    infinite = solve("n-agent", certify=True, **cases.INFINITE_VARIANCE)
    assert infinite.certificate["status"] == infinite.status == "infinite-variance"
    assert infinite.certificate["finite"] is False
    params, _, _ = cases.ROOTS["none admissible"]
    none = solve("n-agent", certify=True, **params)
    assert none.certificate["status"] == none.status == "no-admissible-root"
    assert none.certificate["admissible_roots"] == 0 and none.certificate["enclosures"] == {}


def test_the_command_prints_the_certificate() -> None:
    words = [f"-p{k}={v}" for k, v in {**cases.S1, "n": 3}.items()]
    text = CliRunner().invoke(cli, ["solve", "n-agent", *words, "--certify"])
    assert text.exit_code == 0 and "certificate.admissible_roots" in text.output
    found = CliRunner().invoke(cli, ["solve", "n-agent", *words, "--certify", "--json"])
    assert json.loads(found.output)["certificate"]["verdict"] == "certified"


def fold_arguments(shift: str) -> list[str]:
    """A root that is a double one but for a relative shift of the hazard rate."""
    exact = {name: Fraction(value) for name, value in FOLD.items()}
    exact["lambda"] *= 1 - Fraction(shift)
    state = ",".join(f"{name}={value}" for name, value in FOLD_STATE.items())
    given = [f"-p{name}={value}" for name, value in exact.items()]
    return ["solve", "mean-field", *given, "--selection", "value", "--at", state, "--json"]


@pytest.mark.parametrize(("shift", "word"), [("0", "multiplicity 2"), ("1e-18", "within")])
def test_near_fold_answers_hold_and_say_so(shift: str, word: str) -> None:
    found = CliRunner().invoke(cli, [*fold_arguments(shift), "--certify"])
    assert found.exit_code == 0, found.output
    answer = json.loads(found.output)
    assert answer["status"] == "near-fold" and word in answer["message"]
    certificate = answer["certificate"]
    assert certificate["verdict"] == ("fold" if shift == "0" else "certified")
    numbers = {"p1": answer["response"]["p1"], "V": answer["at"]["V"], "pi": answer["at"]["pi"]}
    for name, value in numbers.items():
        ball = certificate["enclosures"][name]
        assert ball["lower"] <= value <= ball["upper"]
    assert abs(numbers["p1"] + 14) < 1e-6
    roots = [root["p1"] for root in answer["roots"]]
    assert sum(abs(root + 14) < 1e-6 for root in roots) == (1 if shift == "0" else 2)


def test_near_fold_ends_where_the_roots_are_apart() -> None:
    apart = json.loads(CliRunner().invoke(cli, fold_arguments("1e-12")).output)
    assert apart["status"] == "ok" and len(apart["roots"]) == 3
    # beyond the fold the double root is gone, and another one is selected
    beyond = json.loads(CliRunner().invoke(cli, fold_arguments("-1e-18")).output)
    assert beyond["status"] == "ok" and len(beyond["roots"]) == 1
    assert beyond["response"]["p1"] > 0


def test_condition_numbers_are_derivatives() -> None:
    program, names = straight_line(model("n-agent")), output_symbols(model("n-agent"))
    outputs = tuple(names.values())
    numbers = [float(v) for v in (".03 .12 .2 .25 .5 2 1 .5 .6 3".split())]
    state = (1.5, 0.75)
    found = state_point(program, numbers, state, outputs=outputs)
    conditions = condition_numbers(program, numbers, state, found, outputs)
    step = Fraction(1, 10**25)
    for symbol in outputs:
        total = 0.0
        for moved in range(len(numbers) + 2):
            ends = []
            for sign in (1, -1):
                values = [Fraction(v) for v in (*numbers, *state)]
                values[moved] *= 1 + sign * step
                point = state_point(
                    program,
                    values[:-2],
                    (values[-2], values[-1]),
                    outputs=(symbol,),
                    precisions=(512,),
                )
                ends.append(point.values[symbol])
            with precision(512):
                total += float(abs(ends[0] - ends[1]) / (2 * arb(fmpq(1, 10**25))))
        size = max(total, abs(float(found.values[symbol])))
        assert abs(float(conditions[symbol]) / size - 1) < 1e-12
