"""The border to the compiled solver: hostile arrays, interruption, reproducibility."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eqsolve import _grid

NODES = 9
Arguments = dict[str, Any]


def arguments(nodes: int = NODES) -> Arguments:
    """A plain problem: one agent with drift 0.03 x + 0.09 p and a payoff x - y/2."""
    x = np.linspace(0.0, 2.0, nodes)
    own, other = np.meshgrid(x, x, indexing="ij")
    zero, one = np.zeros_like(own), np.ones_like(own)
    z = own - 0.5 * other
    return {
        "x": x,
        "y": x.copy(),
        "drift": np.stack([0.03 * own, 0.09 * one, 0.03 * other + 0.05, zero]),
        "diffusion": np.stack(
            [zero, zero, 0.08 * one, zero, 0.02 * one, zero, 0.02 * one, zero, zero]
        ),
        "payoff": np.stack([z, z * z]),
        "weight": 1 + 0.5 * own,
        "gamma": 2.0,
        "hazard": 0.6,
    }


def solve(changes: Arguments, options: Any = None) -> Any:
    return _grid.solve_stationary(**{**arguments(), **changes}, options=options)


def march(changes: Arguments, options: Any = None) -> Any:
    given = {**arguments(), "times": [0.0, 0.5, 1.0], **changes}
    given["hazard"] = given.pop("hazards", [0.6, 0.6, 0.6])
    return _grid.solve_parabolic(**given, options=options)


def evaluate(changes: Arguments, options: Any = None) -> Any:
    given = {**arguments(), "policy": np.full((NODES, NODES), 0.5), **changes}
    del given["weight"], given["gamma"]
    return _grid.evaluate_policy(**given, options=options)


ARRAYS = ["x", "y", "drift", "diffusion", "payoff", "weight"]


def misaligned(a: np.ndarray) -> np.ndarray:
    buffer = np.zeros(a.nbytes + 1, dtype=np.uint8)
    view = buffer[1:].view(np.float64).reshape(a.shape)
    view[...] = a
    return view


def read_only(a: np.ndarray) -> np.ndarray:
    a = a.copy()
    a.flags.writeable = False
    return a


LAYOUTS = {
    "fortran": np.asfortranarray,
    "reversed": lambda a: np.ascontiguousarray(a[..., ::-1])[..., ::-1],
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "read-only": read_only,
    "misaligned": misaligned,
    "big-endian": lambda a: a.astype(">f8"),
    "longdouble": lambda a: a.astype(np.longdouble),
    "list": lambda a: a.tolist(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_do_not_matter(layout: str) -> None:
    expected, change = solve({})["policy"], LAYOUTS[layout]
    for name in ARRAYS:
        given_array = change(arguments()[name])
        before = np.array(given_array, copy=True)
        found = solve({name: given_array})["policy"]
        assert np.array_equal(found, expected), name
        assert np.array_equal(before, given_array), name


def test_integers_and_single_precision_are_numbers() -> None:
    nodes = np.arange(NODES)
    whole = solve({"x": nodes, "y": nodes.astype(np.uint8)})
    assert np.array_equal(whole["policy"], solve({"x": nodes * 1.0, "y": nodes * 1.0})["policy"])
    single = arguments()["weight"].astype(np.float32)
    found = solve({"weight": single, "gamma": np.float32(2), "hazard": np.float64(0.6)})
    assert abs(found["policy"] - solve({})["policy"]).max() < 1e-6
    one = solve({"gamma": 2, "hazard": 1})
    assert one["status"] == "ok"


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        3.0,
        object(),
        [],
        [[1.0], [2.0, 3.0]],
        np.ones((2, 2), dtype=complex),
        np.array(["a", "b"]),
        np.array([True, False]),
        np.array([object()]),
        np.zeros((0,)),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        np.ma.masked_array([1.0, 2.0], mask=[True, False]),
        {"a": 1},
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_array_is_named(name: str, value: Any) -> None:
    with pytest.raises(_grid.InvalidInputError) as caught:
        solve({name: value})
    error = caught.value
    assert error.argument == name and error.value and error.remedy
    assert isinstance(error, ValueError)


@pytest.mark.parametrize("name", ["gamma", "hazard"])
@pytest.mark.parametrize(
    "value", [None, "1", True, 0.0, -1.0, float("nan"), float("inf"), 1j, [1.0], 10**400]
)
def test_what_is_no_number_is_named(name: str, value: Any) -> None:
    with pytest.raises(_grid.InvalidInputError) as caught:
        solve({name: value})
    assert caught.value.argument == name


@pytest.mark.parametrize(
    ("call", "options"),
    [
        (solve, 3),
        (solve, {1: 2}),
        (solve, {"speed": 1}),
        (solve, {"max_steps": 0}),
        (solve, {"max_steps": 1.5}),
        (solve, {"tolerance": 0}),
        (solve, {"method": "guess"}),
        (solve, {"closure": 7}),
        (solve, {"start": np.zeros((2, 3, 3))}),
        (solve, {"source": np.full((2, NODES, NODES), np.nan)}),
        (solve, {"closure": "quadratic", "boundary": np.zeros((2, NODES, NODES))}),
        (march, {"theta": 0.2}),
        (march, {"theta": "half"}),
        (march, {"scheme": "euler"}),
        (march, {"closure": "quadratic"}),
        (march, {"source": np.zeros((2, NODES, NODES))}),
        (march, {"boundary": np.full((3, 2, NODES, NODES), np.inf)}),
        (march, {"tolerance": -1}),
        (march, {"memory_limit": 1000}),
        (evaluate, {"closure": "none"}),
        (evaluate, {"start": 1}),
    ],
)
def test_options_are_checked(call: Any, options: Any) -> None:
    with pytest.raises((_grid.InvalidInputError, _grid.GridTooLargeError)) as caught:
        call({}, options)
    assert str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"times": [0.0]},
        {"times": [0.0, 0.5]},
        {"times": [0.0, 0.5, 0.5]},
        {"times": [0.0, np.nan, 1.0]},
        {"times": [0.0, 1.0, 3.0]},
        {"hazards": [0.1, -0.1, 0.1]},
        {"hazards": [0.1, np.inf, 0.1]},
        {"hazards": [0.1, 5.0, 0.1]},
    ],
)
def test_times_are_checked(changes: Arguments) -> None:
    with pytest.raises(_grid.InvalidInputError) as caught:
        march(changes)
    assert caught.value.argument in ("times", "hazard")


def test_a_policy_must_fit() -> None:
    g, h = evaluate({})
    assert g.shape == h.shape == (NODES, NODES) and np.isfinite(g).all()
    for wrong in (np.ones(3), np.full((NODES, NODES), np.nan)):
        with pytest.raises(_grid.InvalidInputError) as caught:
            evaluate({"policy": wrong})
        assert caught.value.argument == "policy"


def test_too_large_a_grid_is_refused_before_it_is_tried() -> None:
    with pytest.raises(MemoryError, match="nodes"):
        solve({}, {"memory_limit": 10_000})


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_any_array_gives_a_status_or_a_name(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(ARRAYS))
    right = np.asarray(arguments()[name])
    shape = data.draw(
        st.one_of(st.just(right.shape), hnp.array_shapes(max_dims=4, max_side=5)), label="shape"
    )
    kinds = st.one_of(
        hnp.floating_dtypes(), hnp.integer_dtypes(), hnp.complex_number_dtypes(), st.just("bool")
    )
    array = data.draw(hnp.arrays(data.draw(kinds), shape))
    call = data.draw(st.sampled_from([solve, march, evaluate]))
    try:
        with np.errstate(all="ignore"):
            found = call({name: array}, None if call is not solve else {"max_steps": 5})
    except (_grid.InvalidInputError, _grid.GridTooLargeError) as error:
        assert getattr(error, "argument", name)
        return
    if call is not evaluate and found["status"] == "ok":
        assert np.isfinite(found["g"]).all() and found["converged"]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.sampled_from(ARRAYS),
    st.integers(0, 10_000),
    st.sampled_from([np.nan, np.inf, -np.inf]),
    st.sampled_from([solve, march, evaluate]),
)
def test_one_number_that_is_none_is_found(name: str, at: int, bad: float, call: Any) -> None:
    if name == "weight" and call is evaluate:
        return
    array = np.array(arguments()[name])
    array.flat[at % array.size] = bad
    with pytest.raises(_grid.InvalidInputError) as caught:
        call({name: array})
    assert caught.value.argument == name
    assert any(word in str(caught.value) for word in ("NaN", "inf"))


def test_results_are_new_arrays() -> None:
    first, second = solve({}), solve({})
    assert first["policy"] is not second["policy"]
    assert first["policy"].flags.writeable and first["policy"].flags.c_contiguous
    assert np.array_equal(first["policy"], second["policy"])


def test_threads_do_not_change_a_bit() -> None:
    large = arguments(67)
    found = [
        _grid.solve_stationary(**large, options={"threads": threads, "max_steps": 2})
        for threads in (1, 2, 3)
    ]
    for other in found[1:]:
        assert np.array_equal(other["g"], found[0]["g"])
        assert np.array_equal(other["policy"], found[0]["policy"])


LONG = """
import sys, time
from test_pde_edge import arguments
from eqsolve import _grid
large = arguments(201)
large |= {"times": list(range(100)), "hazard": [0.1] * 100} if sys.argv[1] == "march" else {}
if sys.argv[1] == "march":
    call = _grid.solve_parabolic
else:
    call = _grid.solve_stationary
print("ready", flush=True)
try:
    call(**large, options={"memory_limit": 4 << 30})
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("what", ["newton", "march"])
def test_control_c_is_honoured(what: str) -> None:
    """The same thread polls for signals throughout; by itself it would run for minutes."""
    folder = os.path.dirname(__file__)
    environment = {**os.environ, "PYTHONPATH": folder, "RUST_BACKTRACE": "0"}
    process = subprocess.Popen(
        [sys.executable, "-c", LONG, what],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=folder,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(1.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert process.wait() == 0
    finally:
        process.kill()
        process.communicate()


def test_other_python_threads_run_meanwhile() -> None:
    """The interpreter lock is released: a counter in another thread goes on."""
    import threading

    counted, stop = [0], threading.Event()

    def count() -> None:
        while not stop.wait(0.001):
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    before = counted[0]
    _grid.solve_stationary(**arguments(61))
    after = counted[0]
    stop.set()
    thread.join()
    assert after - before > 3


def test_masked_entries_are_no_numbers() -> None:
    for name in ARRAYS:
        whole = np.ma.masked_array(arguments()[name], mask=False)
        assert solve({name: whole})["status"] == "ok"
        holed = whole.copy()
        holed.flat[0] = np.ma.masked
        with pytest.raises(_grid.InvalidInputError, match="masked") as caught:
            solve({name: holed})
        assert caught.value.argument == name
