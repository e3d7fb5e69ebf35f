"""Models of the literature against answer keys that share no code with eqsolve.

Published parameter sets, and seeded draws with edges: exact numbers go in, statuses must agree and
numbers to 1e-10, relative to at least 1e-3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from eqsolve.registry import resolve
from eqsolve.solve.answer import Answer
from eqsolve.solve.solve import solve
from reference.games import KEYS
from reference.games.draws import DEFAULTS, EXAMPLES, draw

TOLERANCE = 1e-10
Pairs = Iterator[tuple[str, float, Any]]


def solved(name: str, parameters: Mapping[str, Any], at: Mapping[str, Any]) -> Answer:
    """The answer of eqsolve to the parameters of a key."""
    given = {{"lam": "lambda"}.get(k, k): v for k, v in parameters.items()}
    structure = {k: given.pop(k) for k in ("notion", "size") if k in given}
    if "weights" in given:
        given["weight"] = given.pop("weights")
    elif isinstance(given.get("mu"), list):
        structure["size"] = len(given["mu"])
    return solve(resolve(name).exported, given, at=at, **structure)


def _named(answer: Answer, key: Mapping[str, Any]) -> Pairs:
    """Coefficients of one name in both."""
    for name, value in key.get("coefficients", {}).items():
        if name in answer.coefficients:
            yield name, answer.coefficients[name], value


def _value(answer: Answer, key: Mapping[str, Any]) -> Pairs:
    yield "V", answer.at["V"], key["V"]


def _strategy(answer: Answer, key: Mapping[str, Any]) -> Pairs:
    """Every monomial of the feedback; the key's may have other names of controls."""
    for control, table in key["strategy"].items():
        for monomial, value in table.items():
            yield f"{control}.{monomial}", answer.strategy[control].get(monomial, 0.0), value


def wealth(answer: Answer, key: Mapping[str, Any], _: Mapping[str, Any]) -> Pairs:
    """Portfolio problems: strategy, value and coefficients by name."""
    yield from _strategy(answer, key)
    yield from _value(answer, key)
    yield from _named(answer, key)


def mean_variance(answer: Answer, key: Mapping[str, Any], _: Mapping[str, Any]) -> Pairs:
    """Strategy, value, mean and variance."""
    yield from _strategy(answer, key)
    yield from _value(answer, key)
    if "E" in key:
        yield "E", answer.outputs["E"], key["E"]
        yield "Var", answer.outputs["Var"], key["Var"]


def execution(answer: Answer, key: Mapping[str, Any], parameters: Mapping[str, Any]) -> Pairs:
    """The key's players see the mean of the others, ours that of all."""
    table, found = key["strategy"]["a"], answer.strategy["a"]
    size = parameters.get("size")
    if size is None:
        yield "x", found["x"], table["x"]
        yield "m", found.get("m", 0.0), table["xbar"]
        yield "mean", answer.laws["m"], key["laws"]["xbar"]
        yield from _named(answer, key)
    else:
        yield "x", found["x"] + found["m"] / size, table["x"]
        yield "z", found["m"] * (size - 1) / size, table["z"]
    yield "J", answer.at["J"], key["J"]


def exit_externality(answer: Answer, key: Mapping[str, Any], _: Mapping[str, Any]) -> Pairs:
    """The three coefficients of the feedback, J, and every root of the game."""
    for name in ("alpha", "beta", "gamma"):
        yield name, answer.coefficients[name], key[name]
    yield "J", answer.at["J"], key["J"]


def lq_mfg(answer: Answer, key: Mapping[str, Any], _: Mapping[str, Any]) -> Pairs:
    """u = P x^2/2 + Q x + R at the mean of the law."""
    yield "P", answer.coefficients["P"], key["coefficients"]["P"]
    yield "Q", answer.outputs["Q"], key["coefficients"]["Q"]
    yield "R", answer.outputs["R"], key["coefficients"]["R"]
    yield "mean", answer.laws["m"], key["laws"]["mean"]
    yield "variance", answer.laws["variance x"], key["laws"]["Var"]


def systemic_risk(answer: Answer, key: Mapping[str, Any], _: Mapping[str, Any]) -> Pairs:
    """alpha = k (m - x)."""
    yield "m", answer.strategy["alpha"]["m"], key["strategy"]["alpha"]["z"]
    yield "x", answer.strategy["alpha"]["x"], -key["strategy"]["alpha"]["z"]
    yield from _named(answer, key)


def sticky_prices(answer: Answer, key: Mapping[str, Any], _: Mapping[str, Any]) -> Pairs:
    """Every root, the selected strategies, values and the price in the long run."""
    assert len(answer.roots) == len(key["roots"])
    ours = sorted(answer.roots, key=lambda root: root["K_1"])
    for root, other in zip(ours, key["roots"]):
        assert root["selected"] == (other is key["roots"][key["selected"]])
        for name in ("K_1", "K_2"):
            yield name, root[name], other[name]
    yield from _strategy(answer, key)
    yield from _named(answer, key)
    yield "price", answer.outputs["price"], key["price"]
    yield "V_1", answer.at["V_1"], key["V"][0]
    yield "V_2", answer.at["V_2"], key["V"][1]


def lq_regulator(answer: Answer, key: Mapping[str, Any], parameters: Mapping[str, Any]) -> Pairs:
    """P, the constant and the gain."""
    states, controls = len(parameters["A"]), len(parameters["B"][0])
    for i in range(states):
        for j in range(i, states):
            name = f"P_{i + 1}_{j + 1}"
            yield name, answer.coefficients[name], key["P"][i, j]
    yield "c", answer.coefficients["c"], key["constant"]
    for i in range(controls):
        for j in range(states):
            name = f"K_{i + 1}_{j + 1}"
            yield name, answer.coefficients[name], key["K"][i, j]


def types(answer: Answer, key: Mapping[str, Any], parameters: Mapping[str, Any]) -> Pairs:
    """The constant fraction or amount of every type, and the rate at which its value grows.

    The value of a type with logarithmic utility is another function, of which the key knows more.
    """
    yield from _strategy(answer, key)
    # with a horizon the coefficient is the logarithm of the value's factor, else its rate
    length = float(parameters.get("T", 1))
    for k, rate in enumerate(key["R"], 1):
        if parameters["delta"][k - 1] != "1" or "growth" not in key:
            value = answer.coefficients[f"c_{k}"]
            yield f"c_{k}", value if "growth" in key else -value, length * rate


Compare = Callable[[Answer, Mapping[str, Any], Mapping[str, Any]], Pairs]

#: How a model is compared, the state given to us, and the state given to the key.
MODELS: dict[str, tuple[Compare, dict[str, str], dict[str, str]]] = {
    "merton": (wealth, {"x": "1.3"}, {"x": "1.3"}),
    "merton-consumption": (wealth, {"x": "1.5"}, {"x": "1.5"}),
    "merton-jump": (wealth, {"x": "1.3"}, {"x": "1.3"}),
    "kim-omberg": (wealth, {"x": "1", "y": ".35"}, {"x": "1", "y": ".35"}),
    "heston": (wealth, {"x": "1.2", "y": ".05"}, {"x": "1.2", "y": ".05"}),
    "bjork-murgoci-zhou": (mean_variance, {"x": "1.1"}, {"x": "1.1"}),
    "basak-chabakauri": (mean_variance, {"x": "1", "y": ".4"}, {"x": "1", "y": ".4"}),
    "reinsurance": (mean_variance, {"x": "1"}, {"x": "1"}),
    "one-agent": (mean_variance, {"x": "1.1"}, {"x": "1.1"}),
    "labour-income": (mean_variance, {"x": "1.1"}, {"x": "1.1"}),
    "execution": (execution, {}, {}),
    "exit-externality": (exit_externality, {}, {}),
    "lq-mfg": (lq_mfg, {}, {}),
    "systemic-risk": (systemic_risk, {}, {}),
    "sticky-prices": (sticky_prices, {"p": "7"}, {"p": "7"}),
    "lq-regulator": (lq_regulator, {}, {}),
    "lacker-zariphopoulou-cara": (types, {}, {}),
    "lacker-zariphopoulou-crra": (types, {}, {}),
}

#: Other names of the keys' statuses; unresolved where a search is not proved complete.
SYNONYMS = {
    "no-solution": {"no-solution", "unstable", "no-admissible-root", "unresolved"},
    "no-admissible-root": {"no-admissible-root", "unstable", "not-a-maximum", "unresolved"},
    "degenerate": {"degenerate", "unresolved", "not-a-maximum"},
}


def published() -> Iterator[tuple[str, dict[str, Any]]]:
    """Parameter sets with known numbers, and examples where there are none."""
    for table in (DEFAULTS, EXAMPLES):
        for name, parameters in table.items():
            if name in MODELS:
                yield name, dict(parameters)
    yield "execution", DEFAULTS["execution"] | {"notion": "planner"}
    yield "execution", DEFAULTS["execution planner"] | {"notion": "planner"}
    yield "execution", DEFAULTS["execution"] | {"size": 2}
    yield "exit-externality", DEFAULTS["exit-externality"] | {"notion": "planner"}
    for notion in ("feedback", "open-loop"):
        for size in (2, None):
            yield "systemic-risk", DEFAULTS["systemic-risk"] | {"notion": notion, "size": size}
    jump = {k: v for k, v in EXAMPLES["merton-jump"].items() if k != "g"}
    yield "merton-jump", jump | {"gamma": "2"}
    # without jumps the first-order condition, cleared of 1 + J f, has a root where that is zero
    yield "merton-jump", EXAMPLES["merton-jump"] | {"g": "1", "lam": "0"}


def drawn() -> Iterator[tuple[str, dict[str, Any]]]:
    """Seeded draws, plain and at edges."""
    for name in MODELS:
        for hard in (False, True):
            for parameters in draw(name, 2, 20261130, hard):
                if parameters.get("K") != "0":  # a bequest of weight 0 is outside the domain
                    end = {"T": "1.5"} if "cara" in name else {}
                    yield name, {**end, **parameters}


def compare(name: str, parameters: dict[str, Any]) -> None:
    """Statuses and numbers of a model and its key."""
    function, ours, theirs = MODELS[name]
    key = KEYS[name](**parameters, **theirs)
    answer = solved(name, parameters, ours)
    label = answer.status.label
    assert label in SYNONYMS.get(key["status"], {key["status"]}), (label, answer.message)
    if key["status"] == "explodes":
        assert answer.explosion == pytest.approx(float(key["explosion"]), rel=TOLERANCE)
    if key["status"] != "ok":
        return
    for what, got, want in function(answer, key, parameters):
        assert abs(got - float(want)) <= TOLERANCE * max(abs(float(want)), 1e-3), what


def _id(case: tuple[str, dict[str, Any]]) -> str:
    name, parameters = case
    return "-".join([name, *(str(parameters[k]) for k in ("notion", "size") if k in parameters)])


@pytest.mark.parametrize("case", list(published()), ids=_id)
def test_published_sets(case: tuple[str, dict[str, Any]]) -> None:
    compare(*case)


@pytest.mark.slow
@pytest.mark.parametrize("case", list(drawn()), ids=_id)
def test_draws(case: tuple[str, dict[str, Any]]) -> None:
    compare(*case)
