"""Laws on the line against closed forms: distances, optimal quantizers, trees.

Random tests: seeds are fixed, and what is compared is exact or a rate whose band is stated.
"""

from __future__ import annotations

import itertools
import math
import sys

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from eqsolve.errors import InputError, MissingPartError, NoSolutionError
from eqsolve.laws import (
    Atoms,
    Density,
    Line,
    Normal,
    Normals,
    diffusion,
    gaussian_distance,
    quantize,
    tree,
    wasserstein,
)

SAMPLE = np.random.default_rng(1).standard_normal(400)
GRID = np.linspace(-8, 8, 4001)


def bell(x: float) -> float:
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def uniform() -> Density:
    return Density([0.0, 1.0], [1.0, 1.0])


def triangle() -> Density:
    return Density([0.0, 1.0, 2.0], [0.0, 1.0, 0.0])


LAWS: dict[str, Line] = {
    "normal": Normal(0.3, 0.7),
    "mixture": Normals(np.array([-1.0, 2.0]), np.array([0.5, 1.0]), np.array([0.25, 0.75])),
    "uniform": uniform(),
    "triangle": triangle(),
    "atoms": Atoms([1.0, -2.0, 0.5], [0.2, 0.3, 0.5]),
}


@pytest.mark.parametrize("name", LAWS)
def test_partial_moments_are_integrals_of_the_quantile_function(name: str) -> None:
    law = LAWS[name]
    levels = (np.arange(40_000) + 0.5) / 40_000
    x = law.quantile(levels)
    for edge in (-1.7, 0.2, 0.9, 1.6):
        kept = x <= edge
        for power, value in enumerate(law.partial(edge)):
            assert value == pytest.approx(np.mean(kept * x**power), abs=4e-4), (edge, power)
    assert law.mean == pytest.approx(x.mean(), abs=3e-4)
    assert law.variance == pytest.approx(x.var(), rel=1e-3)
    assert law.cdf(law.quantile([0.1, 0.5])) == pytest.approx(
        [0.3, 0.8] if name == "atoms" else [0.1, 0.5]
    )


def _brute(one: Atoms, other: Atoms, order: int) -> float:
    """The best plan between equally many equal masses, by trying all."""
    a, b = one.points, other.points
    plans = itertools.permutations(range(a.size))
    return min(float(np.mean(np.abs(a - b[[*p]]) ** order)) for p in plans) ** (1 / order)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_distances_of_atoms(order: int) -> None:
    rng = np.random.default_rng(order)
    one, other = Atoms(rng.normal(size=6)), Atoms(rng.normal(1, 2, 6))
    assert wasserstein(one, other, order) == pytest.approx(_brute(one, other, order), rel=1e-12)
    # a mass of 1/3 goes from 0 to 2, one of 1/3 from 1 to 2 and the rest stays at 1
    found = wasserstein([0, 1], [1, 2], order, weights=([1 / 3, 2 / 3], [1 / 3, 2 / 3]))
    assert found == pytest.approx(1.0)
    found = wasserstein([0, 1], [1.0], order, weights=([1 / 4, 3 / 4], None))
    assert found == pytest.approx(0.25 ** (1 / order))
    assert wasserstein(one, one, order) == 0


def test_distances_of_large_and_infinite_order() -> None:
    assert wasserstein([0, 0], [3, 4], math.inf) == 4
    # half moves by 3, half by 4
    assert wasserstein([0, 0], [3, 4], 600) == pytest.approx(4 * 0.5 ** (1 / 600), rel=1e-12)
    for scale in (1e100, 1e-200):
        found = wasserstein([0, 0], [3 * scale, 4 * scale], 4)
        assert found / scale == pytest.approx(((3**4 + 4**4) / 2) ** 0.25)
    assert wasserstein([0, 0], [0, 0], math.inf) == 0
    # thirds against sixths: what sums of weights leave by rounding moves nowhere
    thirds, sixths = np.arange(3.0), np.repeat(np.arange(3.0), 2)
    assert wasserstein(thirds, sixths, math.inf) == 0
    assert wasserstein([0, 1], [0, 5], math.inf, weights=([0.75, 0.25], [0.25, 0.75])) == 5


@pytest.mark.parametrize("c", [0.0, 0.7, -2.0])
def test_distances_of_a_point_from_a_normal_law(c: float) -> None:
    assert wasserstein([c], Normal(), 2) == pytest.approx(math.sqrt(c * c + 1), rel=1e-13)
    expected = c * (2 * ndtr(c) - 1) + 2 * bell(c)
    assert wasserstein(Normal(), [c], 1) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("n", [1, 7, 1000])
def test_distances_of_middles_from_a_uniform_law(n: int) -> None:
    middles = (np.arange(n) + 0.5) / n
    assert wasserstein(middles, uniform(), 1) == pytest.approx(1 / (4 * n), rel=1e-9)
    assert wasserstein(middles, uniform(), 2) == pytest.approx(1 / (n * math.sqrt(12)), rel=1e-6)


@pytest.mark.parametrize("order", [1, 2])
def test_a_sample_and_a_law_that_is_no_atom(order: int) -> None:
    fine = ndtri((np.arange(400_000) + 0.5) / 400_000)
    exact = wasserstein(SAMPLE, Normal(), order)
    assert exact == pytest.approx(wasserstein(SAMPLE, fine, order), rel=1e-3)
    # moved far away, no digits are lost
    far = wasserstein(SAMPLE + 1e4, Normal(1e4, 1), order)
    assert far == pytest.approx(exact, rel=1e-6)
    # the root is taken: the power is another number
    assert order == 1 or abs(exact**2 - exact) > 0.1 * exact


@pytest.mark.parametrize(("center", "scale"), [(1e8, 1.0), (-1e7, 1.0), (100.0, 1e-3), (0, 1e-4)])
def test_laws_far_from_zero_are_those_at_zero(center: float, scale: float) -> None:
    """In closed form with two points; the rest moves with the law. Places have 16 digits."""
    digits = 4 * np.spacing(abs(center)) / scale + 1e-11
    far = Normal(center, scale)
    pair = center + scale * math.sqrt(2 / math.pi) * np.array([-1, 1])
    found = wasserstein(far, pair, 2) / scale
    assert found == pytest.approx(math.sqrt(1 - 2 / math.pi), rel=digits)
    levels = ndtri((np.arange(50) + 0.5) / 50)
    for order in (1, 2):
        near = wasserstein(Normal(), levels, order)
        assert wasserstein(far, center + scale * levels, order) / scale == pytest.approx(
            near, rel=20 * digits
        )
    values = np.exp(-GRID * GRID / 2) / math.sqrt(2 * math.pi)
    for law, moved in (
        (Normal(), far),
        (Atoms(SAMPLE), Atoms(center + scale * SAMPLE)),
        (Density(GRID, values), Density(center + scale * GRID, values / scale)),
    ):
        assert moved.variance / scale**2 == pytest.approx(law.variance, rel=1e-5)
        five, same = quantize(moved, 5), quantize(law, 5)
        assert five.distortion / scale**2 == pytest.approx(same.distortion, rel=1e-5)
        assert five.stationarity <= scale * digits
    assert quantize(far, 5).distortion / scale**2 == pytest.approx(0.0799411, abs=1e-6)


def test_distances_of_laws_with_densities() -> None:
    for m, s in ((1.0, 2.0), (0.0, 0.5)):
        exact = math.hypot(m, s - 1)
        assert wasserstein(Normal(), Normal(m, s), 2) == pytest.approx(exact, rel=1e-9)
        assert gaussian_distance([0], [[1]], [m], [[s * s]]) == pytest.approx(exact, rel=1e-12)
    values = np.exp(-GRID * GRID / 2)
    on_grid = Density(GRID, values / np.trapezoid(values, GRID))
    assert wasserstein(on_grid, Normal(), 2) < 1e-5
    near = wasserstein(SAMPLE, on_grid, 2)  # the grid is linear between nodes
    assert near == pytest.approx(wasserstein(SAMPLE, Normal(), 2), rel=1e-4)


def _mixed(weight: float, far: float, deviation: float = 1.0) -> Normals:
    return Normals(np.array([0.0, far]), np.full(2, deviation), np.array([1 - weight, weight]))


def test_distances_where_quantile_functions_jump() -> None:
    """Half of a normal law goes 100 far, monotonically: the square is 100^2 w - 2 E[...]."""
    # W_2^2 = E|X|^2 + E|Y|^2 - 2 int F^-1 G^-1: the halves of N(0,1) lie at -+ sqrt(2/pi), and
    # those of the mixture are N(0,1) and N(100,1), whose own order is that of the half of N(0,1)
    half = ndtri((np.arange(100_000) + 0.5) / 200_000)  # the lower half of N(0,1)
    whole = ndtri((np.arange(100_000) + 0.5) / 100_000)
    product = float(np.mean(half * whole - half[::-1] * (100 + whole))) / 2
    exact = math.sqrt(1 + 5001 - 2 * product)
    found = wasserstein(_mixed(0.5, 100), Normal(), 2)
    assert found == pytest.approx(exact, rel=3e-7) and found == pytest.approx(70.15020, abs=1e-5)
    # of order 1 the integral of the distribution functions' difference
    x = np.linspace(-10, 110, 60_001)
    for weight in (0.123, 1e-4):
        law = _mixed(weight, 100)
        exact = float(np.trapezoid(np.abs(law.cdf(x) - ndtr(x)), x))
        assert wasserstein(law, Normal(), 1) == pytest.approx(exact, abs=2e-5)
    # jumps side by side: a mass of 1e-5 goes 100 far
    near = wasserstein(_mixed(0.5, 100, 1e-3), _mixed(0.50001, 100, 1e-3), 2)
    assert near == pytest.approx(math.sqrt(0.1), rel=1e-4)
    gap = Density([0, 1, 2, 9, 10, 11], [0, 0.5, 0, 0, 0.5, 0])
    assert wasserstein(gap, Density([0, 1, 2], [0, 1, 0]), 1) == pytest.approx(4.5, rel=1e-6)
    # far away, and equal
    law = _mixed(0.5, 100)
    assert wasserstein(Normal(7e6, 1), Normal(7e6, 2), 2) == pytest.approx(1, rel=1e-6)
    assert wasserstein(law, law, 2) == 0


def test_normal_laws_in_the_plane() -> None:
    a, b = np.diag([1.0, 4.0]), np.diag([9.0, 1.0])
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    exact = math.sqrt(9 + 16 + 4 + 1)  # commuting covariances: distances of the deviations
    found = gaussian_distance([0, 0], turn @ a @ turn.T, turn @ [3, 4], turn @ b @ turn.T)
    assert found == pytest.approx(exact, rel=1e-12)


def test_transport_in_the_plane() -> None:
    pytest.importorskip("ot")
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 2))
    for order in (1, 2):
        assert wasserstein(x, x + [3, 4], order) == pytest.approx(5, rel=1e-9)
    # on a line in the plane it is the distance on the line
    y, direction = rng.normal(size=60), np.array([0.6, 0.8])
    for order in (1, 2, 3):
        line = wasserstein(SAMPLE[:60], y, order)
        found = wasserstein(np.outer(SAMPLE[:60], direction), np.outer(y, direction), order)
        assert found == pytest.approx(line, rel=1e-7)


def test_without_the_package_of_transport(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ot", None)
    with pytest.raises(MissingPartError, match=r"POT.*\[transport\]"):
        wasserstein(np.zeros((2, 2)), np.ones((2, 2)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wasserstein([0], [1], 0.5), "at least 1"),
        (lambda: wasserstein([0], [1], -math.inf), "at least 1"),
        (lambda: wasserstein([0], [1], math.nan), "at least 1"),
        (lambda: wasserstein([0], [1], "2"), "at least 1"),  # type: ignore[arg-type]
        (lambda: wasserstein(Normal(), [1.0], math.inf), "orders are 1 and 2"),
        (lambda: wasserstein(np.zeros((2, 2)), np.ones((2, 2)), math.inf), "order .* is finite"),
        (lambda: wasserstein(Normal(), [1.0], 3), "orders are 1 and 2"),
        (lambda: wasserstein([0.0, math.nan], [1]), "finite"),
        (lambda: wasserstein(np.zeros((2, 2)), [1.0]), "not compared"),
        (lambda: Atoms([1, 2], [0.5, 0.6]), "mass of a law is 1, not 1.1"),
        (lambda: Atoms([1, 2], [1.5, -0.5]), "not negative"),
        (lambda: Normals(np.zeros(2), np.ones(2), np.array([1.5, -0.5])), "not negative"),
        (lambda: quantize(Normal(), 2.5), "whole number"),  # type: ignore[arg-type]
        (lambda: Density([0, 1], [1.0, 1.1]), "mass of a law is 1"),
        (lambda: Density([0, 0], [1, 1]), "increasing"),
        (lambda: Normal(0, 0), "positive standard deviation"),
        (lambda: quantize(Normal(), 0), "between 1 and"),
        (lambda: quantize([1.0, 1.0, 2.0], 3), "fewer different atoms"),
        (lambda: quantize(SAMPLE, 3, "newton"), "no density"),
        (lambda: quantize(Normal(), 3, "other"), "no method"),  # type: ignore[arg-type]
        (lambda: gaussian_distance([0], [[-1]], [0], [[1]]), "negative eigenvalues"),
        (lambda: tree(diffusion(np.cos, np.sin), 0.0, [0.0], 3), "increasing times"),
    ],
)
def test_what_makes_no_sense_is_refused(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(InputError, match=message):
        call()


def test_optimal_quantizers_of_the_normal_law() -> None:
    """Two and three points in closed form; the constant pi sqrt(3)/2 of many (Zador)."""
    two, three, many = (quantize(Normal(), k) for k in (2, 3, 1000))
    assert two.points == pytest.approx([-math.sqrt(2 / math.pi), math.sqrt(2 / math.pi)])
    assert two.distortion == pytest.approx(1 - 2 / math.pi, rel=1e-12)
    a = three.points[2]
    edge = a / 2  # a is the mean beyond the half of it
    assert a == pytest.approx(bell(edge) / ndtr(-edge), rel=1e-12)
    assert three.distortion == pytest.approx(1 - 2 * a * a * ndtr(-edge), rel=1e-12)
    assert 1000**2 * many.distortion == pytest.approx(math.pi * math.sqrt(3) / 2, rel=3e-3)
    assert many.steps < 10


@pytest.mark.parametrize("name", [n for n in LAWS if n != "atoms"])
def test_quantizers_are_stationary_and_the_two_methods_agree(name: str) -> None:
    law = LAWS[name]
    found, slow = quantize(law, 6), quantize(law, 6, "lloyd")
    assert found.method == "newton" and found.steps < slow.steps
    assert found.points == pytest.approx(slow.points, abs=1e-8)
    edges = np.concatenate([[-np.inf], (found.points[1:] + found.points[:-1]) / 2, [np.inf]])
    mass, first, _ = np.diff(law.partial(edges), axis=1)
    assert found.points == pytest.approx(first / mass, abs=1e-9)
    # the distortion is the square of the distance
    assert wasserstein(found.law, law, 2) == pytest.approx(math.sqrt(found.distortion), rel=1e-6)
    # points elsewhere are worse
    moved = np.sort(found.points + 0.05 * np.cos(np.arange(6)))
    edges = np.concatenate([[-np.inf], (moved[1:] + moved[:-1]) / 2, [np.inf]])
    mass = np.diff(law.cdf(edges))
    assert wasserstein(Atoms(moved, mass), law, 2) ** 2 > found.distortion * 1.001


def test_a_sample_is_quantized() -> None:
    found = quantize(SAMPLE, 5)
    near = found.points[np.abs(SAMPLE[:, None] - found.points).argmin(axis=1)]
    assert found.distortion == pytest.approx(np.mean((SAMPLE - near) ** 2), rel=1e-10)
    for k, point in enumerate(found.points):
        own = SAMPLE[near == point]
        assert point == pytest.approx(own.mean(), rel=1e-9), k
        assert found.weights[k] == pytest.approx(own.size / SAMPLE.size)


def test_errors_fall_as_k_squared_and_those_of_draws_as_the_root() -> None:
    def function(x: np.ndarray) -> np.ndarray:
        return np.asarray(np.exp(x / 2))

    exact = math.exp(1 / 8)
    errors = [exact - quantize(Normal(), k).expectation(function) for k in (10, 20, 40, 80)]
    orders = np.diff(np.log(errors)) / math.log(0.5)
    assert np.all(np.abs(orders - 2) < 0.2) and errors[-1] < 1e-4
    rng = np.random.default_rng(5)
    drawn = []
    for n in (100, 1600):
        gaps = [function(rng.standard_normal(n)).mean() - exact for _ in range(400)]
        drawn.append(math.sqrt(float(np.mean(np.square(gaps)))))
    # the standard error of a logarithm of a root mean square of 400 is .035: four of it
    assert math.log(drawn[0] / drawn[1]) / math.log(16) == pytest.approx(
        0.5, abs=0.2 / math.log(16)
    )
    assert errors[1] < drawn[1]


def reverting(points: int, steps: int = 5) -> tuple[float, float, float]:
    """Errors of mean, of second moment and of a call in an Ornstein-Uhlenbeck process."""
    speed, sigma = 1.0, 0.5

    def move(now: float, then: float, x: np.ndarray) -> tuple[np.ndarray, float]:
        decay = math.exp(-speed * (then - now))
        return x * decay, sigma * math.sqrt((1 - decay**2) / (2 * speed))

    found = tree(move, 1.0, np.linspace(0, 1, steps + 1), points)
    mean, s = math.exp(-1), sigma * math.sqrt((1 - math.exp(-2)) / 2)
    z = (mean - 0.4) / s
    call = (mean - 0.4) * ndtr(z) + s * bell(z)
    return (
        found.expectation(lambda x: x) - mean,
        found.expectation(lambda x: x * x) - mean**2 - s**2,
        float(found.backward(lambda x: np.maximum(x - 0.4, 0))[0][0]) - call,
    )


def test_a_tree_has_the_mean_and_converges_with_order_two() -> None:
    errors = np.array([reverting(k) for k in (10, 20, 40)])
    assert np.all(np.abs(errors[:, 0]) < 1e-12)  # every point is the mean of its cell
    orders = np.log2(np.abs(errors[:-1, 1] / errors[1:, 1]))
    assert np.all(np.abs(orders - 2) < 0.2) and np.all(np.abs(errors[-1]) < 1e-3)


def test_probabilities_and_paths_of_a_tree() -> None:
    found = tree(
        diffusion(lambda t, x: -x, lambda t, x: 0.5 + 0 * x), Normal(1, 0.2), [0, 0.5, 1], 8
    )
    for weights, branch in zip(found.weights[1:], found.branches):
        assert branch.sum(axis=1) == pytest.approx(np.ones(8)) and np.all(branch >= 0)
        assert weights.sum() == pytest.approx(1)
    assert found.expectation(lambda x: x) == pytest.approx(0.25)  # (1 - 1/2)^2 of Euler's steps
    paths = found.paths(20_000, seed=2)
    # the standard error is about .004
    assert paths[:, -1].mean() == pytest.approx(0.25, abs=0.02)
    with pytest.raises(InputError, match="positive standard deviation"):
        tree(diffusion(lambda t, x: x, lambda t, x: 0 * x), 1.0, [0, 1], 3)


def test_stopping_on_a_tree_is_worth_no_less_than_going_on() -> None:
    """A put on a martingale without interest is never stopped early; with interest it is."""

    def put(now: float, x: np.ndarray) -> np.ndarray:
        return np.maximum(1 - x, 0)

    found = tree(
        diffusion(lambda t, x: 0 * x, lambda t, x: 0.3 + 0 * x), 0.9, np.linspace(0, 1, 9), 40
    )
    for rate, early in ((0.0, False), (0.5, True)):
        plain = found.backward(lambda x: put(1.0, x), rate=rate)[0][0]
        free = found.backward(lambda x: put(1.0, x), rate=rate, stopped=put)[0][0]
        assert (free > plain + 4e-3) == early and free >= plain - 1e-12
    paid = found.backward(lambda x: 0 * x, running=lambda t, x: x)[0][0]
    assert paid == pytest.approx(0.9)  # the mean of the integral of a martingale


def test_a_method_that_does_not_arrive_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["eqsolve.laws.quantize"], "MOST_STEPS", 3)
    with pytest.raises(NoSolutionError, match="after 3 steps"):
        quantize(Normal(), 50, "lloyd")
