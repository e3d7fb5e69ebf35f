"""The vectorized kernel in doubles against the one in double-double numbers, on hard families."""

from __future__ import annotations

import inspect
import math
import os
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import fmpz_poly
from numba import njit
from numpy.typing import NDArray

from eqsolve.derivations.mean_variance.declaration import ROLES
from eqsolve.errors import InputError
from eqsolve.kernels.arithmetic import lanes, tiles
from eqsolve.kernels.cubic.fast import fast_source
from eqsolve.kernels.cubic.kernel import BLOCK, UNDECIDED
from eqsolve.kernels.points import Points
from eqsolve.kernels.storage import load
from eqsolve.kernels.tiles import Straight, arranged, written
from eqsolve.registry import model
from eqsolve.status import Status
from eqsolve.verbs import kernel
from hard_families import FAMILIES, Parameters, plain, several

GOLDEN = Path(__file__).parent / "golden" / "kernel"
GAMES = ("best-response", "mean-field", "n-agent")
#: The columns of the family's kernels.
OUTPUTS = ("status", *ROLES.outputs.names)
SIZE = 2000
STEP = 2.0**-26
#: Relative error allowed to an output, as a multiple of its condition number.
TOLERANCE = 1e-12

Array = NDArray[np.float64]


def family(game: str, name: str, size: int = SIZE) -> Parameters:
    """A family's parameters under the names of a game."""
    rng = np.random.default_rng(sum(map(ord, game + name)))
    found = FAMILIES[name](rng, size)
    for aggregate, low in (("m_b", -0.2), ("m_s", -0.2), ("m_2", 0.0)):
        found[aggregate] = rng.uniform(low, 0.2, size)
    known = {*kernel(game).parameters, "lam", "x", "y"}
    return {key: value for key, value in found.items() if key in known}


def condition(game: str, params: Parameters) -> dict[str, Array]:
    """Condition numbers of all outputs: sums of their elasticities, at least 1."""
    exact = kernel(game, precise=True)
    middle = exact.evaluate(params)
    result = {name: np.ones(middle[name].shape) for name in OUTPUTS[1:]}
    for varied in params:
        if varied == "n":  # a whole number is exact
            continue
        ends = [exact.evaluate({**params, varied: params[varied] * (1 + s)}) for s in (STEP, -STEP)]
        for name in result:
            with np.errstate(invalid="ignore", divide="ignore"):
                change = np.abs(ends[0][name] - ends[1][name]) / np.abs(middle[name]) / (2 * STEP)
            # An end that fails is at the edge of what exists: the condition there is infinite.
            result[name] += np.where(middle[name] == 0, 0, np.where(change >= 0, change, np.inf))
    return result


def faults(game: str, params: Parameters, found: dict[str, Any]) -> list[str]:
    """Every departure from the exact kernel: other statuses, and errors beyond the condition."""
    exact = kernel(game, precise=True).evaluate(params)
    result = [
        f"{i}: {Status(int(found['status'][i])).label}"
        for i in np.flatnonzero(found["status"] != exact["status"])
    ]
    good = exact["status"] == Status.OK
    limits = condition(game, params)
    for name in OUTPUTS[1:]:
        allowed = TOLERANCE * limits[name] * np.abs(exact[name])
        # The smallest normal number: below, doubles have no relative accuracy.
        wrong = good & ~(np.abs(found[name] - exact[name]) <= allowed + 2.0**-1022)
        result += [f"{i}: {name}" for i in np.flatnonzero(wrong)]
        result += [
            f"{i}: {name} is a number" for i in np.flatnonzero(~good & ~np.isnan(found[name]))
        ]
    return result


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("game", GAMES)
def test_statuses_are_equal_and_errors_bounded_by_the_condition(game: str, name: str) -> None:
    params = family(game, name)
    assert faults(game, params, kernel(game).evaluate(params)) == []


def undecided(game: str, params: Parameters) -> float:
    """The part of the points that is left to the exact kernel."""
    fast = kernel(game)
    points, same_wealth = fast.asked(params)
    outputs = [np.empty(points.size) for _ in OUTPUTS[1:]]
    status = np.empty(points.size, np.int8)
    flags = (same_wealth, False, False, False)
    left = load(fast.path).fill(*points.columns, *flags, status, *outputs)
    assert left == np.count_nonzero(status == UNDECIDED)
    return float(left / points.size)


@pytest.mark.parametrize("game", GAMES)
def test_few_points_are_left_to_the_exact_kernel(game: str) -> None:
    for name, bound in (("plain", 3e-3), ("several", 0.03), ("scales", 3e-3), ("wide", 0.15)):
        assert undecided(game, family(game, name, 20_000)) <= bound, name


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("selection", ["limit", "value"])
def test_bits_depend_on_neither_threads_nor_chunks(game: str, selection: Any) -> None:
    size = 2 * BLOCK + 1003
    params = {key: np.resize(v, size) for key, v in family(game, "several", 3011).items()}
    fast = kernel(game)
    whole = fast.evaluate(params, selection=selection, threads=1)
    for threads in (2, 3, 7):
        again = fast.evaluate(params, selection=selection, threads=threads)
        assert all(whole[name].tobytes() == again[name].tobytes() for name in OUTPUTS)
    for start, stop in ((0, 1), (5, 12), (77, 77 + 128), (131, 131 + 129), (1000, 4007)):
        part = fast.evaluate({k: v[start:stop] for k, v in params.items()}, selection=selection)
        assert all(whole[name][start:stop].tobytes() == part[name].tobytes() for name in OUTPUTS)


def test_selection_by_value_is_the_exact_one() -> None:
    params = family("n-agent", "several")
    found = kernel("n-agent").evaluate(params, selection="value")
    exact = kernel("n-agent", precise=True).evaluate(params, selection="value")
    assert np.array_equal(found["status"], exact["status"])
    good = found["status"] == Status.OK
    assert np.allclose(found["p1"][good], exact["p1"][good], rtol=1e-11, atol=0)
    by_limit = kernel("n-agent").evaluate(params)["p1"][good]
    assert np.mean(np.abs(found["p1"][good] - by_limit) > 1e-6 * np.abs(by_limit)) > 0.02


def test_outputs_on_demand_and_arrays_to_fill() -> None:
    params, fast = family("n-agent", "plain"), kernel("n-agent")
    whole = fast.evaluate(params)
    for wanted in (("status",), ("k_x", "status"), ("V",), ("pi_noncompetitive", "pi"), ("p1",)):
        out = {name: np.empty_like(whole[name]) for name in wanted}
        part = fast.evaluate(params, outputs=wanted, out=out)
        assert tuple(part) == wanted
        for name in wanted:
            assert part[name] is out[name]
            # Another set of outputs may leave other points to the exact kernel.
            assert np.allclose(part[name], whole[name], rtol=1e-12, atol=1e-12, equal_nan=True)
    bad: list[Any] = [
        np.empty(SIZE, np.float32),
        np.empty(SIZE + 1),
        np.empty(2 * SIZE)[::2],
        np.broadcast_to(np.empty(1), SIZE),
    ]
    for array in bad:
        with pytest.raises(InputError, match="cannot be filled"):
            fast.evaluate(params, outputs=("p1",), out={"p1": array})
    with pytest.raises(InputError, match="not among the outputs"):
        fast.evaluate(params, outputs=("p1",), out={"V": np.empty(SIZE)})


def test_inputs_are_broadcast_without_being_expanded() -> None:
    params = {key: float(value[3]) for key, value in family("n-agent", "plain").items()}
    n, theta = np.arange(2.0, 302.0)[:, None], np.linspace(0, 1, 200)
    fast = kernel("n-agent")
    table = fast.evaluate({**params, "n": n, "theta": theta})
    full = {key: np.full((300, 200), value) for key, value in params.items()}
    full |= {"n": np.repeat(n, 200, 1), "theta": np.tile(theta, (300, 1))}
    for given in (full, {k: np.asfortranarray(v) for k, v in full.items()}):
        again = fast.evaluate(given)
        assert all(table[name].tobytes() == again[name].tobytes() for name in OUTPUTS)
    frozen = {key: value.copy() for key, value in full.items()}
    for value in frozen.values():
        value.flags.writeable = False
    assert fast.evaluate(frozen)["V"].tobytes() == table["V"].tobytes()
    points = Points.of({"n": n, "theta": theta, "r": np.ones(())}, ("n", "theta", "r"))
    assert points.size == 60_000 and [c.size for c in points.columns[2:]] == [1]
    assert points.columns[0].base is not None and points.columns[0].strides[1] == 0
    rng = np.random.default_rng(4)
    for start, stop in rng.integers(0, 60_001, (40, 2)):
        low, high = sorted((int(start), int(stop)))
        block = points.block(low, high)
        for part, name in zip(block, ("n", "theta")):
            assert np.array_equal(part, full[name].ravel()[low:high])
            assert part.flags.c_contiguous


# The polynomial's roots.


def compiled() -> Callable[[Array, Array], None]:
    @njit(error_model="numpy")  # type: ignore[misc, unused-ignore]
    def solve(c: Array, out: Array) -> None:
        for i in range(c.shape[0]):
            a, b, d, e = c[i]
            inverse, middle, q, v, s = lanes.approached(a, b, d, e)
            x = lanes.isolated(a, b, d, e, inverse, middle, q, v, s)
            x, linear, product, certain = lanes.deflated(a, b, d, e, x)
            y, z, discriminant, terms = lanes.quadratic(a, linear, product, inverse)
            for place, root in enumerate((x, y, z)):
                better, _, over_slope, _ = lanes.improved(a, b, d, e, root)
                out[i, place] = lanes.polished(a, b, d, e, better, over_slope)[0]
            safe = certain and abs(discriminant) > 2.0**-16 * terms
            out[i, 3] = (3.0 if discriminant > 0.0 else 1.0) if safe else 0.0

    return solve


def test_roots_are_exact_to_an_ulp_and_their_number_is_right() -> None:
    rng = np.random.default_rng(8)
    size = 3000
    cubics = rng.standard_normal((size, 4)) * 10.0 ** rng.uniform(-6, 6, (size, 4))
    out = np.empty((size, 4))
    compiled()(cubics, out)
    assert np.mean(out[:, 3] == 0) < 0.05
    worst = Fraction(0)
    for row, (x, y, z, number) in zip(cubics.tolist(), out.tolist()):
        if number == 0:
            continue
        exact = [Fraction(c) for c in row]
        scale = max(c.denominator for c in exact)
        whole: Any = fmpz_poly([int(c * scale) for c in reversed(exact)])
        real = [r for r, _ in whole.complex_roots() if r.imag == 0]
        assert len(real) == number
        for root in (x, y, z)[: int(number)]:
            value, slope = Fraction(0), Fraction(0)
            for c in exact:
                value, slope = value * Fraction(root) + c, slope * Fraction(root) + value
            ulp = Fraction(float(np.spacing(abs(root))))
            worst = max(worst, abs(value / slope) / ulp)
    assert worst <= 1


# The verifiers see planted errors.


def filled(source: str, params: Parameters) -> dict[str, Any]:
    """All outputs of a kernel compiled from a source; what it leaves undecided is right."""
    module: dict[str, Any] = {"__name__": "planted"}
    exec(compile(source.replace("cache=True", "cache=False"), "planted", "exec"), module)
    points, same_wealth = kernel("n-agent").asked(params)
    result: dict[str, Any] = {name: np.empty(points.size) for name in OUTPUTS}
    result["status"] = np.empty(points.size, np.int8)
    module["fill"](*points.columns, same_wealth, False, True, True, *result.values())
    exact, left = kernel("n-agent", precise=True).evaluate(params), result["status"] == UNDECIDED
    return {name: np.where(left, exact[name], result[name]) for name in OUTPUTS}


# A coefficient of the cubic, and a divisor of the strategy.
@pytest.mark.slow
@pytest.mark.parametrize("name", ["C1", pytest.param("Delta", marks=pytest.mark.full)])
def test_planted_errors_are_seen(name: str) -> None:
    source, params = kernel("n-agent").source, plain(np.random.default_rng(3), 200)
    assert faults("n-agent", params, kernel("n-agent").evaluate(params)) == []
    spoiled = re.sub(rf"^( +{name} = .*)$", r"\1 * (1.0 + 2.0**-30)", source, flags=re.M)
    assert spoiled != source
    assert len(faults("n-agent", params, filled(spoiled, params))) > 100


@pytest.mark.parametrize("game", GAMES)
def test_source_is_the_golden_one(game: str) -> None:
    path, source = GOLDEN / f"fast-{game}.py.txt", fast_source(model(game), "the exact kernel")
    if os.environ.get("EQSOLVE_UPDATE_GOLDEN") == "1":
        path.write_text(source, encoding="utf-8")
    # EQSOLVE_UPDATE_GOLDEN=1 accepts a wanted change.
    assert path.read_text(encoding="utf-8") == source
    steps = source[source.index("def game_1(work)") : source.index("def fill")]
    general = inspect.getsource(tiles)
    for loops in (steps, general[: general.index("def load")]):
        code = re.sub(r'"{3}.*?"{3}', "", loops, flags=re.DOTALL)
        assert " if " not in code and " or " not in code


def run(code: list[list[str]], height: int, rows: dict[int, float]) -> Array:
    """The working array after loops over a tile of one point, interpreted."""
    work = np.zeros(height)
    for row, value in rows.items():
        work[row] = value
    for text in code:
        exec("\n".join(text), {"lanes": lanes, "math": math, "TILE": 1, "work": work})
    return work


def test_a_decision_stands_whatever_is_found_later() -> None:
    """A status is decided only where all is trusted before, and doubts after it do not count."""
    first = Straight(written(["c = a * a"]), ["a > 0.0"], [("c > 4.0", 2)])
    second = Straight(written(["# a + c", "d = a + c"]), ["d < 6.0"], [("d > 1.0", 3)])
    fixed = ["a", "sure", "d"]
    ((one, two),), height = arranged([[first, second]], fixed, ["d"])
    assert "    # a + c" in two
    for a, sure in ((0.5, 1.0), (1.5, -3.0), (3.0, -2.0), (-3.0, 0.0), (2.0, 0.0)):
        found = run([one, two], height, {0: a, 1: 1.0})
        assert (found[1], found[2]) == (sure, a + a * a), a
        assert tiles.coded(found[1]) == (UNDECIDED if sure == 0 else 0 if sure == 1 else -sure)
    # the planted order: without the minimum a later doubt takes a decision back
    planted = [entry.replace("lanes.smaller(work[1 * TILE + i], ", "float(") for entry in two]
    assert run([one, planted], height, {0: 3.0, 1: 1.0})[1] != -2.0


def test_a_point_beyond_the_margins_is_left_undecided() -> None:
    """At a fold, at the edge of admissibility, and where decisions have no digits."""
    params = several(np.random.default_rng(5), 4000)
    assert undecided("n-agent", params) < 0.03
    assert undecided("n-agent", family("n-agent", "near-double")) > 0.2
    tiny = plain(np.random.default_rng(6), 50) | {"nu": np.full(50, 1e-170), "sigma": np.zeros(50)}
    assert undecided("n-agent", tiny) == 1.0
