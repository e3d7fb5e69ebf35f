"""Arrays from users: shapes, layouts and types that are read, and those that are refused."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eqsolve.arrays import NotRealError, overlap, reals
from eqsolve.errors import InputError
from eqsolve.handle import Handle
from eqsolve.parameters import exact
from eqsolve.pde.edge import reals as grid_reals
from eqsolve.registry import model
from eqsolve.solve.closed_form.certify import certify
from eqsolve.studies.sensitivity.derivatives import derivatives
from eqsolve.studies.sensitivity.region import signs_over
from eqsolve.studies.sweep import design
from eqsolve.verbs import kernel

GAME = "n-agent"
POINT = {"r": 0.03, "b": 0.12, "nu": 0.2, "sigma": 0.2, "theta": 0.5, "gamma": 2.0}
POINT |= {"alpha": 1.0, "beta": 0.5, "lambda": 0.6, "n": 3.0}
REST = {k: v for k, v in POINT.items() if k != "b"}

SHAPES = [(), (1,), (7,), (0,), (3, 4), (1, 5), (4, 1), (2, 3, 2), (2, 0, 3), (1, 1, 1)]


def _spaced(a: NDArray[Any]) -> NDArray[Any]:
    """Every second entry of a larger array along each axis."""
    larger = np.zeros([2 * n for n in a.shape], a.dtype)
    view = larger[(..., *(slice(None, None, 2) for _ in a.shape))]
    view[...] = a
    return view


def _reversed(a: NDArray[Any]) -> NDArray[Any]:
    backward = (..., *(slice(None, None, -1) for _ in a.shape))
    return a[backward].copy()[backward]


def _read_only(a: NDArray[Any]) -> NDArray[Any]:
    other = a.copy()
    other.flags.writeable = False
    return other


def _unaligned(a: NDArray[Any]) -> NDArray[Any]:
    raw = np.zeros(a.nbytes + 1, np.uint8)[1:]
    view = raw[: a.nbytes].view(a.dtype).reshape(a.shape)
    view[...] = a
    return view


#: The same numbers in other places of memory.
LAYOUTS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "spaced": _spaced,
    "reversed": _reversed,
    "transposed": lambda a: a.T.copy().T,
    "read-only": _read_only,
    "unaligned": _unaligned,
    "in a record": lambda a: _record(a)["b"],
}


def _record(a: NDArray[Any]) -> NDArray[Any]:
    found = np.zeros(a.shape, [("a", np.int8), ("b", a.dtype)])
    found["b"] = a
    return found


#: Types whose entries are real numbers.
TYPES = ("f8", ">f8", "f4", "f2", "longdouble", "O")


def _values(shape: tuple[int, ...], kind: str) -> NDArray[Any]:
    numbers = np.linspace(0.0625, 0.25, int(np.prod(shape))).reshape(shape)
    return np.asarray(np.round(numbers * 64) / 64).astype(kind)  # exact in every type


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_real_numbers_of_any_layout(shape: tuple[int, ...], layout: str, kind: str) -> None:
    if kind == "O" and layout == "unaligned":
        layout = "C"
    values = _values(shape, kind)
    given = LAYOUTS[layout](values)
    expected = values.astype(np.float64)
    found = reals(given)
    assert found.dtype == np.float64 and found.flags.aligned and found.dtype.isnative
    assert found.shape == given.shape
    np.testing.assert_array_equal(found, expected.reshape(given.shape))
    if (layout, kind) != ("C", "f8") and shape != (2, 3, 2):
        return  # the kernel meets every shape, and all others of one shape
    answer = kernel(GAME).evaluate({**REST, "b": given}, threads=1)
    plain = _plain(expected.tobytes())
    for name, column in answer.items():
        assert column.shape == given.shape
        np.testing.assert_array_equal(column.ravel(), plain[name])


@cache
def _plain(numbers: bytes) -> dict[str, NDArray[Any]]:
    """What the kernel answers to a plain row of numbers."""
    return kernel(GAME).evaluate({**REST, "b": np.frombuffer(numbers).copy()}, threads=1)


@pytest.mark.parametrize("precise", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_that_are_broadcast(layout: str, precise: bool) -> None:
    """Rows against columns, more points than one block of the kernel holds."""
    size = (300, 1) if precise else (3000, 1)
    b = LAYOUTS[layout](np.linspace(0.05, 0.2, size[0]).reshape(size))
    gamma = LAYOUTS[layout](np.linspace(1.0, 4.0, 30).reshape(1, 30))
    square = np.broadcast_to(np.float64(0.2), (size[0], 30))
    code = kernel(GAME, precise=precise)
    found = code.evaluate({**REST, "b": b, "gamma": gamma, "nu": square[::-1, ::-1]})
    mesh = np.broadcast_arrays(b, gamma)
    flat = {name: np.ascontiguousarray(a).ravel() for name, a in zip(("b", "gamma"), mesh)}
    plain = code.evaluate({**REST, **flat})
    for name, column in found.items():
        np.testing.assert_array_equal(column.ravel(), plain[name])


@pytest.mark.parametrize("kind", ["i1", "u1", "i8", "u8", ">i4", "O"])
def test_whole_numbers(kind: str) -> None:
    given = np.arange(1, 6).astype(kind)
    np.testing.assert_array_equal(reals(given), [1.0, 2, 3, 4, 5])
    assert reals([1, Fraction(1, 2), Decimal("0.25"), np.float32(2)]).tolist() == [1, 0.5, 0.25, 2]
    assert reals([[1, 2], np.array([3, 4])]).tolist() == [[1, 2], [3, 4]]
    assert reals(np.ma.masked_array([1.0, 2.0], mask=False)).tolist() == [1, 2]
    assert reals(3).shape == () and reals([]).shape == (0,)


def _objects(value: object) -> NDArray[Any]:
    array = np.empty(3, object)
    array[:] = [0.1, value, 0.2]
    return array


#: What is no array of real numbers, and what the refusal calls it.
STRANGE: dict[str, tuple[Callable[[], object], str]] = {
    "masked": (lambda: np.ma.masked_array([0.1, 0.2], [False, True]), "masked entries"),
    "masked number": (lambda: np.ma.masked, "masked entries"),
    "masked in a list": (lambda: [0.1, np.ma.masked], "masked entries"),
    "masked part": (lambda: [np.ma.masked_array([0.1, 0.2], [False, True])], "masked entries"),
    "masked objects": (lambda: np.ma.masked_array(_objects(0.1), [0, 0, 1]), "masked entries"),
    "complex": (lambda: np.array([0.1 + 0j, 0.2]), "complex numbers"),
    "complex number": (lambda: 0.1 + 0j, "complex numbers"),
    "complex in a list": (lambda: [0.1, 0.2 + 0j], "complex"),
    "complex objects": (lambda: _objects(1j), "complex"),
    "booleans": (lambda: np.array([True, False]), "booleans"),
    "boolean": (lambda: True, "booleans"),
    "boolean of NumPy": (lambda: np.True_, "booleans"),
    "boolean in a list": (lambda: [True, 0.2], "bool"),
    "boolean objects": (lambda: _objects(True), "bool"),
    "dates": (lambda: np.array(["2020-01-01"], "M8[D]"), "dates"),
    "durations": (lambda: np.array([3], "m8[s]"), "durations"),
    "texts": (lambda: np.array(["0.1", "0.2"]), "texts"),
    "text": (lambda: "0.1", "texts"),
    "text in a list": (lambda: ["0.1", 0.2], "str"),
    "bytes": (lambda: np.array([b"0.1"]), "bytes"),
    "records": (lambda: np.zeros(3, [("a", float)]), "records"),
    "nothing": (lambda: None, "NoneType"),
    "nothing in a list": (lambda: [0.1, None], "NoneType"),
    "nothing among objects": (lambda: _objects(None), "NoneType"),
    "a mapping": (lambda: {"a": 1.0}, "dict"),
    "a set": (lambda: {1.0}, "set"),
    "an iterator": (lambda: iter([1.0]), "iterator"),
    "ragged": (lambda: [[0.1], [0.1, 0.2]], "unequal length"),
    "huge": (lambda: [10**400], "too large"),
    "huge objects": (lambda: _objects(10**400), "too large"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_what_is_no_array_of_real_numbers(name: str) -> None:
    """Refused in one voice by kernels, sweeps, derivatives, certificates and the grid."""
    make, words = STRANGE[name]
    with pytest.raises(NotRealError, match=words):
        reals(make())
    for use in (
        lambda: kernel(GAME).evaluate({**REST, "b": make()}),  # type: ignore[dict-item]
        lambda: derivatives(model(GAME), {**REST, "b": make()}),  # type: ignore[dict-item]
        lambda: certify(model(GAME), {**REST, "b": make()}),  # type: ignore[dict-item]
        lambda: signs_over(model(GAME), {"b": make()}, REST),  # type: ignore[dict-item]
        lambda: (
            design(Handle(GAME), {"b": make()}, REST) if not isinstance(make(), str) else reals("a")
        ),
        lambda: grid_reals("grid", "payoff", make()),
    ):
        with pytest.raises((InputError, NotRealError), match=words):
            use()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    "value",
    [True, np.True_, 1j, np.complex128(1), np.datetime64("2020"), None, [0.1], np.ma.masked]
    + [np.array(True), np.array([0.1]), float("nan"), Decimal("NaN")],
    ids=repr,
)
def test_single_numbers_are_checked_alike(value: object) -> None:
    with pytest.raises(InputError, match="must be a finite number"):
        exact("b", value)


def test_single_numbers_of_many_types() -> None:
    for value in (0.5, np.float32(0.5), np.float64(0.5), np.array(0.5), Decimal("0.5"), "0.5"):
        assert exact("b", value) == Fraction(1, 2)
    assert exact("b", np.int8(3)) == 3 and exact("b", np.array(3)) == 3


def test_arrays_to_fill_share_no_memory() -> None:
    code = kernel(GAME)
    b = np.linspace(0.05, 0.2, 8)
    whole = np.linspace(0.05, 0.2, 16)
    for params, out, name in (
        ({"b": b}, {"p1": b}, "p1"),
        ({"b": b}, {"p1": b[:]}, "p1"),
        ({"b": whole[:8]}, {"pi": whole[4:12]}, "pi"),
        ({"b": whole[::2]}, {"pi": whole[:8]}, "pi"),
        ({"b": 0.1, "gamma": np.full(8, 2.0)}, {"p1": b, "pi": b}, "pi"),
    ):
        before = whole.copy(), b.copy()
        with pytest.raises(InputError, match=f"array for {name} shares memory"):
            code.evaluate({**REST, **params}, out=out)
        assert (whole == before[0]).all() and (b == before[1]).all()
    halves = np.empty((2, 8))
    code.evaluate({**REST, "b": b}, out={"p1": halves[0], "pi": halves[1]})
    assert overlap({"a": halves[0]}, [halves[1]]) is None


@pytest.mark.parametrize(
    "array",
    [
        [0.0] * 8,
        np.empty(8, np.float32),
        np.empty(8, ">f8"),
        np.empty(7),
        np.empty((8, 1)),
        np.empty(16)[::2],
        np.ma.masked_array(np.empty(8), False),
        _read_only(np.empty(8)),
        _unaligned(np.empty(8)),
    ],
    ids=lambda a: f"{type(a).__name__}",
)
def test_arrays_that_cannot_be_filled(array: Any) -> None:
    with pytest.raises(InputError, match="the array for p1 cannot be filled"):
        kernel(GAME).evaluate({**REST, "b": np.full(8, 0.1)}, out={"p1": array})


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True])
def test_numbers_of_threads(threads: Any) -> None:
    with pytest.raises(InputError, match="is no number of threads"):
        kernel(GAME).evaluate(POINT, threads=threads)
