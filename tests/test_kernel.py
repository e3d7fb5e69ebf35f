"""Generated kernels against the 50-digit answer key, and what surrounds them."""

from __future__ import annotations

import ast
import math
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp

from eqsolve.cache import is_private
from eqsolve.derivations.mean_variance.declaration import ROLES
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.errors import DerivationError, EqsolveError, InputError
from eqsolve.kernels import storage
from eqsolve.kernels.arithmetic import doubledouble as dd
from eqsolve.kernels.arithmetic.decision import decider
from eqsolve.kernels.cubic.arithmetic import Double, DoubleDouble
from eqsolve.kernels.cubic.fast import fast_source
from eqsolve.kernels.cubic.growth import AVERAGE, DEVIATION, blocks, second_moments
from eqsolve.kernels.cubic.kernel import kernel as generated
from eqsolve.kernels.cubic.printer import straight_line
from eqsolve.kernels.cubic.program import program
from eqsolve.kernels.cubic.source import kernel_source
from eqsolve.notated.closed_loop import closed_loop_system
from eqsolve.registry import model
from eqsolve.status import Status, labels
from eqsolve.verbs import kernel
from reference import cases, draws, spec

GOLDEN = Path(__file__).parent / "golden" / "kernel"
GAMES = ("best-response", "mean-field", "n-agent")
#: The columns of the family's kernels.
OUTPUTS = ("status", *ROLES.outputs.names)
TOLERANCE = 1e-12
CHUNK = 500

# Every real root is at least this far from its neighbors, complex ones included.
SMALLEST_GAP = 1e-6

# Names of the outputs in the answer key; (root, strategy by monomial, position, alone, value).
KEYS = {
    "p1": "p1",
    "k_x": "k1",
    "k_y": "k2",
    "k_1": "k3",
    "pi": "pi",
    "pi_noncompetitive": "pi_noncompetitive",
    "V": "V",
}

Draw = dict[str, Fraction]


def key(game: str, draw: Mapping[str, Any], selection: str = "limit") -> dict[str, Any]:
    """The answer key's outputs under the kernel's names, with its status and roots."""
    x, y, n = draw["x"], draw["y"], int(draw["n"])
    competes = draw["theta"] != 0 and n != 1
    if game == "best-response":
        found = spec.best_response(draw)
        alone = spec.n_agent({**draw, "theta": 0}, 1, x, 0)
        if "p3" in found:
            found = {**found, "k1": found["p1"], "k2": found["p2"], "k3": found["p3"]}
            found["pi"] = found["p1"] * spec.number(x) + found["p2"] * spec.number(y) + found["p3"]
            found["V"] = spec.value(found, x, y)
            found["pi_noncompetitive"] = alone["pi_noncompetitive"]
            if n == 1:  # The key does not know that a single agent has no competitors.
                found["status"] = "ok"
    elif game == "mean-field":
        competes = draw["theta"] != 0
        found = spec.mean_field(draw, x, y, selection=selection)
    else:
        found = spec.n_agent(draw, n, x, y, selection=selection)
    # Given aggregates grow at rate 2 r whatever the closed loop does; the key looks at the latter.
    if found["status"] == "ok" and competes and draw["lam"] <= 2 * draw["r"]:
        found["status"] = "infinite-variance"
    return found


def parameters_of(game: str, sets: list[Draw]) -> dict[str, Any]:
    """The draws as arrays of doubles, without names the game does not have."""
    known = {*model(game).parameters, "lam", "x", "y"}
    names = [name for name in sets[0] if name in known]
    return {name: np.array([float(s[name]) for s in sets]) for name in names}


def relative(value: float, expected: Any) -> float:
    if expected == 0:
        return abs(value)
    return float(abs(spec.number(float(value)) - expected) / abs(expected))


def aggregates(rng: random.Random, draw: Draw) -> Draw:
    """Add aggregates of the competitors, exact as doubles."""
    size = [Fraction(rng.randrange(-(2**20), 2**20), 2**22) for _ in range(3)]
    return {**draw, "m_b": size[0], "m_s": size[1], "m_2": abs(size[2])}


def sets_of(game: str, kind: str, seed: int) -> list[Draw]:
    stream = {"plausible": draws.plausible, "wide": draws.wide}[kind](CHUNK, seed)
    rng = random.Random(seed)
    return [aggregates(rng, d) if game == "best-response" else d for d in stream]


# 22 chunks of 500: 11,000 sets; the first of each kind in every run.
CHUNKS = [
    *(("n-agent", kind, seed) for kind in ("plausible", "wide") for seed in range(100, 105)),
    *(("mean-field", kind, seed) for kind in ("plausible", "wide") for seed in range(200, 203)),
    *(("best-response", kind, seed) for kind in ("plausible", "wide") for seed in range(300, 303)),
]


def test_there_are_ten_thousand_sets() -> None:
    assert len(CHUNKS) * CHUNK >= 10_000


@pytest.mark.parametrize(
    ("game", "kind", "seed"),
    [pytest.param(*row, marks=[pytest.mark.full] * (row[2] % 100 > 0)) for row in CHUNKS],
)
def test_every_output_agrees_with_the_key(game: str, kind: str, seed: int) -> None:
    sets = sets_of(game, kind, seed)
    found = kernel(game, precise=True).evaluate(parameters_of(game, sets))
    statuses: Counter[str] = Counter()
    close = 0
    for index, draw in enumerate(sets):
        expected, status = key(game, draw), Status(int(found["status"][index]))
        statuses[status.label] += 1
        root = expected["roots"][expected["selected"]] if expected["selected"] is not None else None
        if root is not None and root["gap"] < SMALLEST_GAP:
            close += 1
            continue
        assert status.label == expected["status"], (index, draw)
        for output, name in KEYS.items():
            value = found[output][index]
            if status is not Status.OK:
                assert math.isnan(value)
                continue
            exact = root["p1"] if root and output == "p1" else expected[name]
            assert relative(value, exact) <= TOLERANCE, (index, output, draw)
    assert close <= CHUNK // 100
    assert statuses["ok"] > 0.8 * CHUNK


@pytest.mark.parametrize(("name", "n", "strategy", "_nash"), cases.STRATEGIES)
def test_published_strategies(
    name: str, n: int | None, strategy: tuple[str, ...], _nash: tuple[str, ...]
) -> None:
    params = {k: float(v) for k, v in cases.SETS[name].items()}
    found = kernel("mean-field" if n is None else "n-agent").evaluate(
        params if n is None else {**params, "n": n}
    )
    for output, printed in zip(("k_x", "k_y", "k_1"), strategy):
        assert cases.agrees(float(found[output]), printed)


@pytest.mark.parametrize("name", cases.ROOTS)
def test_root_cases(name: str) -> None:
    params, expected, roots = cases.ROOTS[name]
    given = {k: float(v) for k, v in params.items() if k != "kappa"}
    if "kappa" in params:  # the same own weight from a whole number of agents
        given |= {"theta": 5 * (1 - float(params["kappa"])), "n": 5}
    zero = {"m_b": 0.0, "m_s": 0.0, "m_2": 0.0}
    found = kernel("best-response").evaluate({**given, **zero})
    assert Status(int(found["status"])).label == expected
    admissible = [text for text, yes in roots if yes]
    if expected == "ok":
        # B > 0 in these cases.
        assert cases.agrees(float(found["p1"]), admissible[-1])


def test_infinite_variance() -> None:
    params = {k: float(v) for k, v in cases.INFINITE_VARIANCE.items()}
    assert kernel("n-agent").evaluate(params)["status"] == Status.INFINITE_VARIANCE
    # The hazard rate must exceed twice the interest rate when others matter, and only then.
    plain = {k: float(v) for k, v in cases.S1.items()} | {"r": 0.3, "b": 0.1, "lam": 0.55}
    theta, n = [0.5, 0.0, 0.5], [4, 4, 1]
    status = kernel("n-agent").evaluate({**plain, "theta": theta, "n": n})["status"]
    assert status[0] == Status.INFINITE_VARIANCE
    assert list(status[1:]) == [Status.OK, Status.OK]


def test_near_double_roots() -> None:
    hazard, offset = Fraction(cases.FOLD_HAZARD), Fraction(cases.FOLD_OFFSET)
    params = {k: float(v) for k, v in cases.FOLD.items()}
    around = np.array([float(hazard - offset), float(hazard), float(hazard + offset)])
    found = kernel("n-agent").evaluate({**params, "lam": around})
    assert (found["status"] == Status.OK).all()
    for value, printed in zip(found["p1"][::2], (cases.FOLD_BELOW[-1], cases.FOLD_ABOVE[0])):
        assert abs(float(value) - float(printed)) < 1e-11


# By value the lower one of three roots is selected; at this beta it is about to merge.
MERGING = {
    **{"r": 0.009438194387175804, "nu": 0.163035595890178, "sigma": 0.2781959987568917},
    **{"theta": 0.4546745512895536, "gamma": 4.219060261030829, "alpha": 0.37096579661227447},
    **{"lam": 0.22692776433137749, "n": 10.0, "b": 0.3085258234026877},
    **{"x": -3.1266352519723997, "y": -3.048042649089714},
}
MERGING_BETA = float.fromhex("0x1.5105ce7ac97b7p-3")


def test_a_selected_root_in_a_fold_has_a_status() -> None:
    beta = MERGING_BETA * np.array([1 - 1e-6, 1.0, 1 + 1e-6])
    found = kernel("n-agent").evaluate({**MERGING, "beta": beta}, selection="value")
    assert found["status"].tolist() == [Status.OK, Status.NEAR_FOLD, Status.OK]
    assert found["p1"][0] < 0 < found["p1"][2] and math.isnan(found["V"][1])
    for index in (0, 2):
        draw = draws_of({**MERGING, "beta": float(beta[index])})
        assert relative(found["V"][index], key("n-agent", draw, "value")["V"]) <= TOLERANCE
    # The fold does not concern the root with the largest B p1.
    assert (kernel("n-agent").evaluate({**MERGING, "beta": beta})["status"] == Status.OK).all()


def several_roots(size: int) -> dict[str, Any]:
    """Parameters for which three roots are admissible and the two selections often differ."""
    rng = np.random.default_rng(1)
    ranges = {
        **{"r": (0.0, 0.02), "nu": (0.02, 0.3), "sigma": (0.02, 0.3), "theta": (0.0, 1.0)},
        **{"gamma": (0.2, 5.0), "alpha": (0.1, 2.0), "beta": (0.0, 0.3), "lam": (0.01, 0.3)},
        **{"b": (0.2, 0.6), "x": (-4.0, 4.0), "y": (-4.0, 4.0)},
    }
    sets = {name: rng.uniform(*ends, size) for name, ends in ranges.items()}
    return {**sets, "n": rng.choice([2.0, 3.0, 5.0, 10.0], size)}


def test_selection_by_value() -> None:
    params = several_roots(120)
    exact = kernel("n-agent", precise=True)
    by_value = exact.evaluate(params, selection="value")
    by_limit = exact.evaluate(params)
    differ = 0
    for index in range(120):
        draw = draws_of({name: float(column[index]) for name, column in params.items()})
        expected = key("n-agent", draw, "value")
        status = Status(int(by_value["status"][index]))
        assert status.label == expected["status"]
        if status is Status.OK:
            for output in ("k_x", "k_y", "k_1", "pi", "V"):
                assert relative(by_value[output][index], expected[KEYS[output]]) <= TOLERANCE
            if by_limit["status"][index] == Status.OK:
                differ += int(by_value["p1"][index] != by_limit["p1"][index])
                assert by_value["V"][index] >= by_limit["V"][index]
    assert differ > 20


def test_degenerate_fixed_point() -> None:
    # Without idiosyncratic noise and with full competition nobody's position is determined.
    params = {k: float(v) for k, v in cases.S1.items()} | {"nu": 0, "beta": 0, "r": 0}
    found = kernel("mean-field").evaluate({**params, "theta": [1.0, 0.999]})
    assert found["status"].tolist() == [Status.DEGENERATE, Status.OK]
    assert math.isnan(found["k_1"][0]) and math.isfinite(found["k_1"][1])


@pytest.mark.parametrize(
    ("change", "value"),
    [
        *((name, math.nan) for name in (*cases.S1, "n", "x")),
        *((name, math.inf) for name in (*cases.S1, "n", "x")),
        ("nu", -0.1),
        ("theta", -1e-9),
        ("gamma", 0.0),
        ("gamma", -1.0),
        ("lam", 0.0),
        ("r", -0.01),
        ("n", 0.0),
        ("n", 2.5),
        ("alpha", -1.0),
        ("beta", -0.5),
        ("theta", 3.0),  # kappa = 0 at n = 3, although 1/3 is not a double
    ],
)
def test_invalid_input_is_a_status_of_its_point(change: str, value: float) -> None:
    params = {k: float(v) for k, v in cases.S1.items()} | {"n": 3.0, "x": 1.0}
    column = np.array([params[change], value, params[change]])
    found = kernel("n-agent").evaluate({**params, change: column})
    assert found["status"].tolist() == [Status.OK, Status.INVALID_INPUT, Status.OK]
    for name in OUTPUTS[1:]:
        assert math.isnan(found[name][1])
        assert found[name][0] == found[name][2] and math.isfinite(found[name][0])


def test_jointly_invalid_input() -> None:
    params = {k: float(v) for k, v in cases.S1.items()} | {"n": 3}
    for change in ({"alpha": 0, "beta": 0}, {"nu": 0, "sigma": 0}, {"n": 1, "y": 0.5}):
        found = kernel("n-agent").evaluate({**params, **change})
        assert found["status"] == Status.INVALID_INPUT, change


def test_out_of_range_is_no_silent_nan() -> None:
    params = {k: float(v) for k, v in cases.S1.items()} | {"n": 3}
    for change in ({"b": 1e200}, {"gamma": 1e-300}, {"nu": 1e-200, "sigma": 0}, {"x": 1e308}):
        found = kernel("n-agent").evaluate({**params, **change})
        finite = all(math.isfinite(found[name]) for name in OUTPUTS[1:])
        assert finite == (found["status"] == Status.OK), change


def test_defaults_and_broadcasting() -> None:
    params = {k: float(v) for k, v in cases.S1.items()}
    hazard = params.pop("lam")
    n, theta = np.array([[2], [3], [10]]), np.array([0.25, 0.5])
    found = kernel("n-agent").evaluate({**params, "lambda": hazard, "n": n, "theta": theta})
    assert tuple(found) == OUTPUTS
    assert all(array.shape == (3, 2) for array in found.values())
    assert found["status"].dtype == np.int8
    one = kernel("n-agent").evaluate({**params, "lam": hazard, "n": 3, "theta": 0.5, "x": 2})
    rich = kernel("n-agent").evaluate(
        {**params, "lam": hazard, "n": 4, "theta": 0.5, "x": 2, "y": 1.5}
    )
    equal = kernel("n-agent").evaluate({**params, "lam": hazard, "n": 4, "theta": 0.5, "x": 2})
    assert one["V"].shape == () and one["k_x"] == found["k_x"][1, 1]
    assert all(rich[name] == equal[name] for name in OUTPUTS)
    few = kernel("n-agent").evaluate(
        {**params, "lam": hazard, "n": n, "theta": theta}, outputs=("k_x", "status")
    )
    assert tuple(few) == ("k_x", "status")
    assert np.array_equal(few["k_x"], found["k_x"])
    assert kernel("n-agent").evaluate({**params, "lam": hazard, "n": []})["V"].shape == (0,)


def test_a_single_agent() -> None:
    params = {k: float(v) for k, v in cases.S1.items()} | {"n": 1}
    found, expected = kernel("n-agent").evaluate(params), spec.n_agent(cases.S1, 1)
    assert found["status"] == Status.OK
    assert relative(float(found["V"]), spec.n_agent(draws_of(params), 1)["V"]) <= TOLERANCE
    assert abs(float(found["V"]) - float(expected["V"])) < 1e-12


def draws_of(params: Mapping[str, float]) -> dict[str, Fraction]:
    return {name: Fraction(value) for name, value in params.items()}


@pytest.mark.parametrize("game", GAMES)
def test_result_does_not_depend_on_threads_or_batches(game: str) -> None:
    sets = sets_of(game, "wide", 900)
    params = {k: np.resize(v, 5000) for k, v in parameters_of(game, sets).items()}
    whole = kernel(game).evaluate(params, threads=1)
    for threads in (2, 3):
        again = kernel(game).evaluate(params, threads=threads)
        assert all(whole[name].tobytes() == again[name].tobytes() for name in OUTPUTS)
    part = kernel(game).evaluate({k: v[137:401] for k, v in params.items()})
    assert all(whole[name][137:401].tobytes() == part[name].tobytes() for name in OUTPUTS)


@pytest.mark.parametrize(
    ("params", "options"),
    [
        ({"foo": 1.0}, {}),
        ({"lambda": 0.5}, {}),  # lam is there, too
        ({"gamma": None}, {}),
        ({"gamma": "abc"}, {}),
        ({"x": [1.0, 2.0], "y": [1.0, 2.0, 3.0]}, {}),
        ({}, {"selection": "best"}),
        ({}, {"outputs": ("status", "k_z")}),
        ({}, {"threads": 0}),
        ({"n": "missing"}, {}),
    ],
)
def test_wrong_calls(params: dict[str, Any], options: dict[str, Any]) -> None:
    given = {k: float(v) for k, v in cases.S1.items()} | {"n": 3} | params
    given = {k: v for k, v in given.items() if v != "missing"}
    with pytest.raises(InputError, match="n-agent, input: "):
        kernel("n-agent").evaluate(given, **options)


def test_games_without_a_kernel() -> None:
    with pytest.raises(InputError, match="no game called"):
        kernel("chess")
    with pytest.raises(InputError, match="no kernel can be generated"):
        generated(model("two-agent"))


@pytest.mark.parametrize("game", GAMES)
def test_source_is_the_golden_one(game: str) -> None:
    path, source = GOLDEN / f"{game}.py.txt", kernel_source(model(game))
    if os.environ.get("EQSOLVE_UPDATE_GOLDEN") == "1":
        path.write_text(source, encoding="utf-8")
    # EQSOLVE_UPDATE_GOLDEN=1 accepts a wanted change.
    assert path.read_text(encoding="utf-8") == source
    compile(source, game, "exec")


def interpreted(source: str) -> dict[str, Any]:
    """Run a kernel's source without compiling it; only double-double arithmetic stays compiled."""
    plain = "from numba import types\ndef njit(*types, **options):\n    return lambda f: f\n"
    module: dict[str, Any] = {"plainly": partial(decider, compiled=lambda of: lambda f: f)}
    source = source.replace("from numba import njit, types\n", plain)
    assert source.count("point = decider(\n") == 1
    exec(source.replace("point = decider(\n", "point = plainly(\n"), module)
    return module


POINTS = [
    (".12 .2 .25 .5 2 1 .5 .6 .03 3", "1.5", "0.75"),
    (".10 .25 -.15 .3 1.5 .7 .2 .4 .02 7", "-2.5", "3.25"),
    ("-.04 .3 .2 .8 3 .5 1 .8 .05 2", "0.5", "1.125"),
]


def wrong_by(module: dict[str, Any]) -> float:
    """Largest relative error of the interpreted n-agent solution at a few points."""
    worst = 0.0
    names = ("b", "nu", "sigma", "theta", "gamma", "alpha", "beta", "lam", "r", "n")
    order = [s.name for s in symbols(" ".join(model("n-agent").parameters))]
    for text, x, y in POINTS:
        given = {k: float(v) for k, v in zip(names, text.split())}
        values = [given["lam" if name == "lambda" else name] for name in order]
        status, (_, feedback, position, alone, value) = module["point"](
            tuple(values), float(x), float(y), False, False, True, True
        )
        expected = key("n-agent", draws_of({**given, "x": float(x), "y": float(y)}))
        if status != Status.OK:
            return math.inf
        pairs = zip((*feedback, position, alone, value), list(KEYS.values())[1:])
        worst = max(worst, *(relative(pair[0], expected[name]) for pair, name in pairs))
    return worst


def at_root(source: str) -> str:
    """The source with canceling sums taken from the root's equation everywhere."""
    assert source.count("CANCELED = 2.0**-40\n") == 1
    return source.replace("CANCELED = 2.0**-40\n", "CANCELED = 2.0\n")


@pytest.mark.parametrize("game", GAMES)
def test_forms_at_the_root_are_the_sums(game: str) -> None:
    source = program(model(game))
    assert source.at_root
    for name, there in source.at_root.items():
        assert source.form.vanishes(name - there)
        assert not source.form.vanishes(name - there * (1 + symbol("beta")))


def test_a_canceling_sum_needs_its_form_at_the_root() -> None:
    """The weight of the mean is 1e22 times the risk aversion; D2 loses 75 binary digits."""
    given = {
        "r": 0.0,
        "b": -11.136671234671642,
        "nu": 0.0001886351729537337,
        "sigma": -2.7666667095140479e-05,
        "theta": 0.20375811197341698,
        "gamma": 2.2535549068652446e-11,
        "alpha": 3453.8833554275112,
        "beta": 632372195736.87402,
        "lam": 60782591.670864634,
        "n": 107.0,
        "x": -0.064882262913568134,
        "y": -2.197641592305497,
    }
    expected = key("n-agent", draws_of(given))
    names = [s.name for s in symbols(" ".join(model("n-agent").parameters))]
    values = [given["lam" if name == "lambda" else name] for name in names]

    def error(source: str) -> float:
        flags = (False, False, False, False)
        status, (_, feedback, *_) = interpreted(source)["point"](
            tuple(values), given["x"], given["y"], *flags
        )
        assert status == Status.OK
        pairs = zip(feedback, ("k1", "k2", "k3"))
        return max(relative(found[0], expected[name]) for found, name in pairs)

    source = kernel_source(model("n-agent"))
    assert error(source) <= TOLERANCE
    assert error(source.replace("CANCELED = 2.0**-40\n", "CANCELED = 0.0\n")) > 1e-10


def test_any_wrong_line_is_seen() -> None:
    source = kernel_source(model("n-agent"))
    assert wrong_by(interpreted(source)) <= TOLERANCE
    assert wrong_by(interpreted(at_root(source))) <= TOLERANCE
    start = source.index("def game_solution")
    lines = source[start : source.index("\ndef alone_cubic")].splitlines()
    caught = planted = 0
    skipped = ("margin", "k_dev", "k_avg")  # they decide statuses, not numbers
    for index, line in enumerate(lines):
        if "dd." not in line or "def " in line:
            continue
        formula = next(part for part in reversed(lines[:index]) if part.strip().startswith("#"))
        if formula.strip("# ").startswith(skipped):
            continue
        name, _, _ = line.strip().partition(" = ")
        indent = line[: len(line) - len(line.lstrip())]
        spoiled = f"{line}\n{indent}{name} = dd.mul_double({name}, 1.0 + 2.0**-20)"
        broken = "\n".join([*lines[:index], spoiled, *lines[index + 1 :]])
        wrong = source.replace("\n".join(lines), broken)
        planted += 1
        # Each form of a sum with two forms is in use in one of the sources.
        caught += any(wrong_by(interpreted(s)) > TOLERANCE for s in (wrong, at_root(wrong)))
    assert planted > 150
    assert caught == planted


def test_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQSOLVE_CACHE_DIR", str(tmp_path))
    path = storage.write("one = 1\n", "sample")
    assert path == tmp_path / "kernels" / "sample.py"
    assert [p.name for p in path.parent.iterdir()] == ["sample.py"]
    before = path.stat().st_mtime_ns
    assert storage.write("one = 1\n", "sample").stat().st_mtime_ns == before
    # A folder that cannot be made is replaced by a temporary one.
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("EQSOLVE_CACHE_DIR", str(blocked))
    elsewhere = storage.write("one = 1\n", "sample")
    assert elsewhere.read_text() == "one = 1\n" and tmp_path not in elsewhere.parents

    def refuse(*args: object, **options: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    storage._temporary.cache_clear()
    with pytest.raises(EqsolveError, match="EQSOLVE_CACHE_DIR"):
        storage.write("one = 1\n", "sample")


def test_the_cache_is_below_no_folder_of_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    assert is_private(tmp_path / "new" / "kernels")
    assert is_private(tmp_path / "file" / "kernels" / "deep")  # writing fails, and says so
    # whoever owns a folder can put another one in the place of what is in it
    found = Path.stat

    def others(path: Path, **how: Any) -> os.stat_result:
        fields = list(found(path, **how)[:10])
        fields[4] += 12345 * (path == tmp_path)
        return os.stat_result(fields)

    monkeypatch.setattr(Path, "stat", others)
    assert not is_private(tmp_path / "new" / "kernels")


def test_name_carries_everything_that_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    found = kernel("n-agent", precise=True)
    assert found.path.stem == f"n_agent_{storage.digest(found.source)}"
    assert storage.digest(found.source + " ") != storage.digest(found.source)
    root = Path(dd.__file__).parents[2]
    rooms = tuple(f"eqsolve.{room}." for room in ("kernels", "status"))

    def imported(text: str) -> set[str]:
        names = set()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(rooms):
                inside = str(node.module).split(".")[1:]
                for alias in node.names:
                    longer = [*inside, alias.name]
                    is_module = root.joinpath(*longer).with_suffix(".py").exists()
                    names.add(".".join(longer if is_module else inside))
        return names

    for text in (found.source, fast_source(model("n-agent"), found.path.stem)):
        assert len(imported(text)) > 1 and imported(text) <= set(storage.DEPENDENCIES)
    for name in storage.DEPENDENCIES:
        text = root.joinpath(*name.split(".")).with_suffix(".py").read_text()
        assert imported(text) <= set(storage.DEPENDENCIES)
    monkeypatch.setattr(storage, "DEPENDENCIES", ("kernels.arithmetic.doubledouble",))
    assert storage.digest(found.source) not in found.path.stem


def rational(rng: random.Random, names: tuple[sp.Symbol, ...], depth: int) -> sp.Expr:
    if depth == 0:
        return rng.choice([*names, sp.Rational(rng.randrange(-9, 10), rng.choice([1, 2, 3, 8]))])
    parts = [rational(rng, names, depth - 1) for _ in range(rng.randrange(2, 4))]
    kind = rng.randrange(4)
    if kind == 0:
        return sp.Add(*parts)
    if kind == 1:
        return sp.Mul(*parts)
    if kind == 2:
        return parts[0] - parts[1]
    return parts[0] / (parts[1] ** 2 + 1)


@pytest.mark.parametrize(("wide", "allowed"), [(False, 1e-11), (True, 1e-25)])
def test_printed_code_computes_the_expression(wide: bool, allowed: float) -> None:
    rng, names = random.Random(11), symbols("a c d p1 p2")
    for _ in range(40):
        first, second = rational(rng, names, 3), rational(rng, names, 3)
        u, v = symbols("A1 A2")
        code = straight_line(
            [(u, first), (v, second + u * first)],
            names,
            DoubleDouble() if wide else Double(),
        )
        values = {s: Fraction(rng.randrange(-(2**20), 2**20), 2**18) for s in names}
        space: dict[str, Any] = {s.name: float(w) for s, w in values.items()} | {"dd": dd}
        exec("\n".join(code), space)
        exact = {s: sp.Rational(w.numerator, w.denominator) for s, w in values.items()}
        expected = (second + first**2).subs(exact)
        scale = max(abs(second.subs(exact)), abs(first.subs(exact)) ** 2, sp.S.One)
        result = space["A2"]
        parts = result if isinstance(result, tuple) else (result,)
        found = sum((Fraction(part) for part in parts), Fraction(0))
        assert abs(sp.Rational(found.numerator, found.denominator) - expected) <= allowed * scale


def test_printer_refuses() -> None:
    a, c = symbols("a c")
    for expression in (sp.sqrt(a), sp.sin(a), a**c):
        with pytest.raises(DerivationError, match="not rational"):
            straight_line([(c, expression)], [a, c], Double())
    with pytest.raises(DerivationError, match="before it is defined"):
        straight_line([(a, c + 1)], [], Double())
    with pytest.raises(DerivationError, match="variable"):
        straight_line([(sp.Symbol("a b"), a)], [a], Double())


def test_equal_operations_are_shared() -> None:
    a, c, d, p1, p2 = symbols("a c d p1 p2")
    code = straight_line([(p1, a * c * d), (p2, 3 + d * a * c)], [a, c, d], Double())
    assert sum(" * " in line for line in code if not line.startswith("#")) == 2


def growth_of(game: str) -> dict[tuple[str, str], sp.Expr]:
    crowd = model(game).crowd
    assert crowd is not None
    return blocks(model(game), crowd)


def test_growth_of_second_moments_is_the_published_matrix() -> None:
    r, B, nu, sigma, N = symbols("r B nu sigma N")
    U, K = DEVIATION, AVERAGE
    found, mean_field = growth_of("n-agent"), growth_of("mean-field")
    published = {
        ("D", "D"): 2 * (r + B * U) + sigma**2 * U**2 + nu**2 * (1 - N) * U**2,
        ("D", "X"): nu**2 * (1 - N) * K**2,
        ("X", "D"): nu**2 * U**2 * N,
        ("X", "X"): 2 * (r + B * K) + sigma**2 * K**2 + nu**2 * K**2 * N,
    }
    assert found.keys() == published.keys()
    assert all(sp.expand(found[entry] - published[entry]) == 0 for entry in published)
    own = 2 * (r + B * U) + (nu**2 + sigma**2) * U**2
    assert sp.expand(mean_field["u", "u"] - own) == 0
    assert sp.expand(mean_field["X", "X"] - published["X", "X"].subs(N, 0)) == 0


def full_matrix(game: str) -> Callable[[Mapping[sp.Symbol, float]], Any]:
    """All second-moment equations of the closed loop as a numerical matrix."""
    declared = model(game)
    assert declared.crowd is not None
    system = closed_loop_system(declared.game, declared.crowd, declared.ansatz)
    x, y, q = symbols("x y q")
    forms = [x**2, x * y, y**2] + ([q] if game == "n-agent" else [])
    rates = [sp.Poly(second_moments(system, form), x, y, q) for form in forms]
    matrix = sp.Matrix([[rate.coeff_monomial(form) for form in forms] for rate in rates])
    names = sorted(matrix.free_symbols, key=str)
    compiled = sp.lambdify(names, matrix)
    return lambda values: compiled(*(values[name] for name in names))


@pytest.mark.parametrize("game", ["n-agent", "mean-field"])
def test_condition_is_the_abscissa_of_all_second_moments(game: str) -> None:
    matrix, rng = full_matrix(game), random.Random(3)
    entries, (p1, p2) = growth_of(game), symbols("p1 p2")
    for _ in range(12):
        n = rng.choice([2, 3, 5, 40])
        share = 1 / n if game == "n-agent" else 0.0
        values = {
            **{symbol(s): rng.uniform(-0.3, 0.3) for s in ("r", "B", "sigma")},
            **{symbol("nu"): rng.uniform(0, 0.5), symbol("N"): share},
            **{p1: rng.uniform(-4, 4), p2: rng.uniform(-4, 4)},
        }
        values[symbol("b")] = values[symbol("B")] + values[symbol("r")]
        values[symbol("s2")] = values[symbol("nu")] ** 2 + values[symbol("sigma")] ** 2
        feedback = {
            DEVIATION: values[p1] - share * values[p2],
            AVERAGE: values[p1] + (1 - share) * values[p2],
        }
        number = {k: float(e.subs(values | feedback)) for k, e in entries.items()}
        first = "D" if game == "n-agent" else "u"
        off = number.get((first, "X"), 0.0) * number.get(("X", first), 0.0)
        half = (number[first, first] - number["X", "X"]) / 2
        mean = (number[first, first] + number["X", "X"]) / 2
        abscissa = mean + math.sqrt(half**2 + off)
        eigenvalues = np.linalg.eigvals(matrix(values))
        assert max(eigenvalues.real) == pytest.approx(abscissa, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("game", GAMES)
def test_program_is_sorted_and_switches_are_found(game: str) -> None:
    found = program(model(game))
    seen: set[sp.Symbol] = set(found.inputs)
    for definition in found.form.definitions:
        needs = definition.expression.free_symbols - {definition.symbol}
        assert needs <= seen, definition.symbol
        seen.add(definition.symbol)
    assert found.lever == symbol("theta")
    zero = {s.name for s, switch in found.zero_without.items() if switch == found.lever}
    assert {"p2", "c", "h11", "h02", "h01", "Qs"} <= zero


def test_status_labels() -> None:
    assert labels() == (
        "ok",
        "no-admissible-root",
        "infinite-variance",
        "degenerate",
        "near-fold",
        "no-solution",
        "invalid-input",
        "unstable",
        "explodes",
        "not-a-maximum",
        "unresolved",
    )
    assert all(status.meaning.endswith(".") for status in Status)


#: A module as small as can be that is compiled and kept like a kernel.
COMPILED = """from numba import njit, types

@njit(types.float64(types.float64), cache=True)
def twice(x):
    return 2.0 * x

@njit(types.float64(types.float64), cache=True)
def square(x):
    return x * x
"""
LOAD_IT = f"""
from eqsolve.kernels.storage import load, write
path = write({COMPILED!r}, "sample")
module = load(path)
print(module.twice(module.square(3.0)), path)
"""


def _in_a_new_process(folder: Path) -> tuple[str, Path]:
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    run = subprocess.run(
        [sys.executable, "-P", "-c", LOAD_IT],
        env=environment | {"EQSOLVE_CACHE_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    value, path = run.stdout.split()
    return value, Path(path)


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_damaged_machine_code_is_made_anew(kind: str, tmp_path: Path) -> None:
    assert _in_a_new_process(tmp_path)[0] == "18.0"
    for damage in (lambda b: b"", lambda b: b[: len(b) // 2], lambda b: bytes(len(b))):
        parts = sorted((tmp_path / "kernels" / "__pycache__").glob(f"sample.*.{kind}"))
        assert len(parts) == 2
        parts[1].write_bytes(damage(parts[1].read_bytes()))
        assert _in_a_new_process(tmp_path)[0] == "18.0"


def test_threads_wait_for_a_module_that_is_being_imported(tmp_path: Path) -> None:
    path = tmp_path / f"slow_{tmp_path.name}.py"
    path.write_text("import time\ntime.sleep(0.3)\ndone = True\n")
    with ThreadPoolExecutor(4) as pool:
        modules = list(pool.map(storage.load, [path] * 4))
    assert all(module.done for module in modules)
    assert len({id(module) for module in modules}) == 1


def test_an_error_of_the_module_itself_is_not_hidden(tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    path.write_text("raise ValueError('mine')\n")
    for _ in range(2):
        with pytest.raises(ValueError, match="mine"):
            storage.load(path)


def test_a_temporary_cache_is_removed(tmp_path: Path) -> None:
    """A file is where the folder should be."""
    (tmp_path / "cache").write_text("")
    _, path = _in_a_new_process(tmp_path / "cache")
    assert path.parent.name.startswith("eqsolve-kernels-") and not path.parent.exists()
