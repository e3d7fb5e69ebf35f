"""Points per second of the generated kernel, as a ratio to sympy.lambdify and numpy.roots.

Both compute the strategy coefficients of the n-agent game at the same random parameters, in the
same process, interleaved; medians of several rounds are reported.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import sympy as sp

import eqsolve
from eqsolve.symbols import symbol, symbols

ROUNDS = 5
POINTS = 200_000
REFERENCE_POINTS = 500


def parameters(count: int) -> dict[str, np.ndarray]:
    """Random admissible parameters of the n-agent game."""
    rng = np.random.default_rng(1)
    uniform = {
        "r": (0.0, 0.04),
        "nu": (0.1, 0.4),
        "sigma": (0.1, 0.4),
        "theta": (0.0, 1.0),
        "gamma": (1.0, 5.0),
        "alpha": (0.2, 2.0),
        "beta": (0.1, 1.0),
        "lambda": (0.3, 2.0),
    }
    values = {name: rng.uniform(*bounds, count) for name, bounds in uniform.items()}
    return values | {
        "b": values["r"] + rng.uniform(0.02, 0.12, count),
        "n": rng.integers(2, 100, count).astype(float),
    }


def reference() -> Callable[[dict[str, float]], tuple[float, float, float]]:
    """The usual way: compiled expressions and the eigenvalues of a companion matrix."""
    form = eqsolve.derive("n-agent").form
    (root,) = (d for d in form.definitions if d.is_root)
    strategy = symbols("k1 k2 k3")

    def flat(wanted: tuple[sp.Symbol, ...]) -> list[sp.Expr]:
        expressions = list(wanted)
        for definition in reversed(form.needed(wanted)):
            if not definition.is_root:
                replaced = {definition.symbol: definition.expression}
                expressions = [e.xreplace(replaced) for e in expressions]
        return expressions

    names = symbols("r B s2 sigma theta gamma alpha beta lambda N kappa")
    polynomial = sp.lambdify(names, flat(root.polynomial), "numpy", cse=True)
    solution = sp.lambdify([root.symbol, *names], flat(strategy), "numpy", cse=True)
    denominator = sp.lambdify([root.symbol, *names], flat((symbol("D2"),))[0], "numpy")

    def evaluate(p: dict[str, float]) -> tuple[float, float, float]:
        excess, variance = p["b"] - p["r"], p["nu"] ** 2 + p["sigma"] ** 2
        reciprocal = 1 / p["n"]
        given = (
            p["r"], excess, variance, p["sigma"], p["theta"], p["gamma"], p["alpha"], p["beta"],
            p["lambda"], reciprocal, 1 - p["theta"] * reciprocal,
        )  # fmt: skip
        real = [z.real for z in np.roots(polynomial(*given)) if abs(z.imag) < 1e-9]
        good = [z for z in real if denominator(z, *given) > 0]
        best = max(good, key=lambda z: excess * z)
        k1, k2, k3 = solution(best, *given)
        return k1, k2, k3

    return evaluate


def main() -> None:
    """Print the medians and their ratio."""
    kernel, plain = eqsolve.kernel("n-agent"), reference()
    many = parameters(POINTS)
    few = [{k: float(v[i]) for k, v in many.items()} for i in range(REFERENCE_POINTS)]
    outputs = ("status", "k_x", "k_y", "k_1")
    found = kernel.evaluate(many, outputs=outputs, threads=1)
    for i, point in enumerate(few):
        if found["status"][i] != 0:
            continue  # the reference does not look at the growth of second moments
        expected = plain(point)
        assert np.allclose([found[name][i] for name in outputs[1:]], expected, rtol=1e-6), point
    rates: dict[str, list[float]] = {"kernel": [], "reference": []}
    for _ in range(ROUNDS):
        start = time.perf_counter()
        kernel.evaluate(many, outputs=outputs, threads=1)
        rates["kernel"].append(POINTS / (time.perf_counter() - start))
        start = time.perf_counter()
        for point in few:
            plain(point)
        rates["reference"].append(REFERENCE_POINTS / (time.perf_counter() - start))
    ours, theirs = (statistics.median(rates[name]) for name in ("kernel", "reference"))
    print(f"generated kernel, double-double, one thread: {ours / 1e6:.3g} million points a second")
    print(
        f"lambdify and numpy.roots in a loop:          {theirs / 1e6:.3g} million points a second"
    )
    print(f"ratio: {ours / theirs:.0f}")


if __name__ == "__main__":
    main()
