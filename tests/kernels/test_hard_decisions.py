"""The decision of kernels against the plain one, on families where it is hard."""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
from numba import njit

import eqsolve
from eqsolve.kernels.steps.integration import integrator
from eqsolve.kernels.steps.monotone import slopes
from eqsolve.kernels.steps.roots import crossing_of, real_roots, root_of
from eqsolve.kernels.steps.runtime import NO_ROOT, decider
from eqsolve.solve.decide import Candidate, Decision, decide
from eqsolve.status import Status

Values = dict[str, Any]


def _folds(rng: np.random.Generator) -> Iterator[Values]:
    """Two quadratic equations with up to four solutions: near folds, near degree one, unstable."""
    for _ in range(90):
        h = rng.choice([rng.uniform(-1, 3), 1 + rng.choice([-1, 1]) * 10.0 ** -rng.integers(1, 12)])
        p = {"k": rng.uniform(0.1, 2), "l": 0.3, "g": rng.uniform(0, 3), "h": float(h), "s": 0.2}
        p |= {"c": rng.uniform(0.2, 2), "q": rng.uniform(0.1, 3), "rho": rng.uniform(0.01, 0.5)}
        if h > 1 and rng.random() < 0.6:
            off = rng.choice([0, 1e-15, -1e-15, 1e-9, -1e-9, 1e-4, -1e-4])
            p["q"] = p["c"] * (p["g"] - 2 * p["k"] - p["rho"]) ** 2 / 4 / (h - 1) * (1 + off)
        yield {**p, "m0": 0.5, "v0": 0.04}


def _explosions(rng: np.random.Generator) -> Iterator[Values]:
    """Horizons next to the one at which the planner's solution explodes."""
    for _ in range(40):
        p = {"cX": rng.uniform(0.5, 3), "cA": rng.uniform(0.5, 2), "cg": rng.uniform(0.1, 1)}
        p |= {"g": rng.uniform(1, 4), "sig": 0.3, "m0": 0.5, "v0": 0.1}
        ratio = -math.sqrt(p["cX"] * p["cA"]) / (p["cg"] - p["g"])
        longest = math.sqrt(p["cA"] / p["cX"]) * math.atanh(ratio) if 0 < ratio < 1 else 5.0
        near = rng.choice([1e-3, 1e-6, 1e-9, 1e-12]) * rng.choice([-1, 1])
        yield {**p, "T": longest * (1 + rng.choice([near, -0.5, 1.0]))}


def _jumps(rng: np.random.Generator) -> Iterator[Values]:
    """A condition with real powers: jumps to near ruin, large and no intensities."""
    for _ in range(40):
        jump = rng.choice([-0.999, -0.3, 0.2, 5.0])
        p = {"r": 0.03, "B": rng.uniform(-0.2, 0.2), "s": rng.uniform(0.05, 0.4), "J": float(jump)}
        p |= {"g": rng.uniform(0.2, 12), "lambda": rng.choice([0.0, 1e-6, 0.5, 5.0]), "T": 1.0}
        yield p


FAMILIES = {
    "exit-externality": (_folds, {}),
    "execution": (_explosions, {"notion": "planner"}),
    "merton-jump": (_jumps, {}),
}


@pytest.mark.parametrize(
    "game",
    [pytest.param(g, marks=[pytest.mark.full] * (g != "execution")) for g in FAMILIES],
)
def test_kernels_decide_as_solve_does(game: str) -> None:
    """A kernel may leave open what doubles cannot tell; it is never OK where solve is not."""
    draw, how = FAMILIES[game]
    kernel = eqsolve.kernel(game, **how)  # type: ignore[arg-type]
    seen: Counter[tuple[Status, Status]] = Counter()
    for values in draw(np.random.default_rng(3)):
        exact = {name: Fraction(float(v)) for name, v in values.items()}
        answer = eqsolve.solve(game, exact, **how)  # type: ignore[arg-type]
        found = kernel.evaluate(values)
        status = Status(int(found["status"]))
        assert status in (answer.status, Status.UNRESOLVED), (values, answer.message)
        seen[answer.status, status] += 1
        if status is Status.OK:
            # at a relative distance d from an explosion doubles lose the digits of 1/d
            size = max(map(abs, answer.coefficients.values()))
            for name, value in answer.coefficients.items():
                if name in found:
                    room = 1e-12 * (1 + size) ** 2
                    assert found[name] == pytest.approx(value, rel=1e-12, abs=room), (values, name)
    open_ = sum(count for (_, status), count in seen.items() if status is Status.UNRESOLVED)
    assert open_ <= 0.2 * sum(seen.values()), seen
    assert seen[Status.OK, Status.OK] >= 10, seen
    if game != "merton-jump":
        assert len({answer for answer, _ in seen}) >= 2, seen


# -- the same rule, twice -----------------------------------------------------------------------

KINDS = (Status.OK, Status.UNSTABLE, Status.NOT_A_MAXIMUM, Status.NO_ADMISSIBLE_ROOT, None)


@njit
def _listed(point: Any, given: Any, pick: Any, out: Any) -> int:
    """Solutions whose statuses are listed: first the number of the limit, then one status each."""
    index = int(point[0]) if pick[0] < 0 else pick[0]
    out[0] = index
    return NO_ROOT if index < 0 else int(point[1 + index])


def test_both_decisions_are_the_same_on_every_list_of_three_solutions() -> None:
    decided = decider(_listed, np.array([3]), True)
    given = np.empty(0, dtype=np.bool_)
    cases = 0
    for kinds in itertools.product(KINDS, repeat=3):
        for limit in (-1, 0, 1, 2):
            if limit >= 0 and kinds[limit] is None:
                continue
            codes = [NO_ROOT if kind is None else int(kind) for kind in kinds]
            out = np.empty(1)
            status = Status(decided(np.array([limit, *codes], dtype=float), given, out))
            plain, chosen = _plain(kinds, limit)
            assert status is plain.status, (kinds, limit)
            if status is Status.OK:
                assert int(out[0]) == chosen, (kinds, limit)
            cases += 1
    assert cases == 5**3 + 3 * 4 * 5**2


def _plain(kinds: tuple[Status | None, ...], limit: int) -> tuple[Decision, int | None]:
    present = [i for i, kind in enumerate(kinds) if kind is not None]
    candidates = [Candidate({}, (), (str(kinds[i]),), kinds[i]) for i in present]  # type: ignore
    admissible = [i for i in present if kinds[i] is Status.OK]

    def rule(_: Any) -> tuple[int | None, str]:
        return (admissible.index(limit), "") if limit in admissible else (None, "none reached")

    decision = decide(candidates, True, "limit", {"limit": rule})
    return decision, None if decision.selected is None else present[decision.selected]


def test_what_settles_is_left_open_where_its_rest_is_no_equilibrium() -> None:
    """Other solutions of coupled equations are not known to a kernel."""
    decided = decider(_listed, np.array([3]), False)
    given, out = np.empty(0, dtype=np.bool_), np.empty(1)
    assert decided(np.array([0.0, 7, 0, 7]), given, out) == Status.UNRESOLVED
    assert decided(np.array([1.0, 7, 0, 7]), given, out) == Status.OK


# -- roots --------------------------------------------------------------------------------------


def test_real_roots_are_found_or_doubted() -> None:
    rng = np.random.default_rng(9)
    for degree in (3, 4, 5):
        for _ in range(50):
            roots = np.sort(rng.uniform(-5, 5, degree))
            if np.min(np.diff(roots)) < 1e-2:
                continue
            found, doubtful = real_roots(np.poly(roots) * rng.uniform(0.1, 10))
            assert doubtful.size == 0
            assert found == pytest.approx(roots, rel=1e-8, abs=1e-8)
    for double in ([1.0, 1.0, 3.0], [1.0, 1.0]):
        found, doubtful = real_roots(np.poly(double))
        assert doubtful.size > 0 and not np.any(np.abs(found - double[0]) < 1e-3)
    # of a triple root a change of sign shows one, and the others are in doubt
    found, doubtful = real_roots(np.poly([2.0, 2.0, 2.0, -1.0]))
    assert doubtful.size > 0 and math.isnan(root_of(np.poly([2.0, 2.0, 2.0, -1.0]), 0.0, 0))
    found, doubtful = real_roots(np.poly([1 + 1e-2j, 1 - 1e-2j, 3.0]).real)
    assert (found.size, doubtful.size) == (1, 0)


def test_the_limit_is_the_next_root_and_a_doubtful_one_before_it_leaves_it_open() -> None:
    poly = -np.poly([1.0, 2.0, 4.0])  # positive before 1, so from 0 up to 1, from 3 up to 4
    assert root_of(poly, 0.0, -1) == pytest.approx(1)
    assert root_of(poly, 3.0, -1) == pytest.approx(4)
    assert root_of(poly, 2.0, -1) == 2.0
    assert root_of(poly, 1.5, -1) == pytest.approx(1)
    assert [root_of(poly, 0.0, k) for k in (0, 1, 2)] == pytest.approx([1, 2, 4])
    assert math.isinf(root_of(np.array([1.0, 0.0, 1.0]), 0.0, -1))
    fold = -np.poly([1.0, 1.0, 4.0])
    assert math.isnan(root_of(fold, 0.0, -1)), "a double root between the start and 4"
    assert root_of(fold, 3.0, -1) == pytest.approx(4)


def test_a_monotone_equation_is_proved_monotone_and_others_are_not() -> None:
    x, b, g, j, m = sp.symbols("x b g j m")
    cleared = b * (j * x + 1) ** g - x * (j * x + 1) ** g + j * m
    proofs = slopes(cleared, x)
    at = {b: sp.Rational(1, 2), g: 2, j: sp.Rational(3, 10), m: 1}
    signs = [{sp.sign(c.xreplace(at)) for c in constants} for constants in proofs]
    assert {-1} in signs
    # with a negative intensity there may be two zeros, and no form has one sign
    wrong = {**at, m: -1}
    assert all(
        len({sp.sign(c.xreplace(wrong)) for c in constants} - {0}) > 1 for constants in proofs
    )
    assert slopes(sp.sin(x) - b, x) == ()
    assert slopes(x**3 - b * x, x) == ((3, -b),)


@njit
def _line(x: float, p: Any) -> float:
    return p[0] - x


def test_a_zero_is_found_from_0_on_both_sides() -> None:
    crossing = crossing_of(_line)
    for zero in (-70.0, -1e-5, 0.0, 3.0):
        assert crossing(np.array([zero])) == pytest.approx(zero, rel=1e-12, abs=1e-14)


# -- machine code of several kernels in one process ------------------------------------------------

_MADE = """
import numpy as np
from numba import njit
from eqsolve.kernels.steps.integration import integrator

@njit
def rates(s, u, p, out):
    out[0] = {rate}

integrate = integrator(rates)

@njit(cache=True)
def run(length):
    u = np.zeros(1)
    integrate(u, u, length)
    return u[0]
"""


def test_machine_code_of_two_kernels_is_not_mixed_up(tmp_path: Path) -> None:
    """Each is compiled in a process of its own; a third process reads both from disk."""
    for name, rate in (("first", "1.0"), ("second", "2.0")):
        (tmp_path / f"{name}.py").write_text(_MADE.format(rate=rate))
    env = {k: v for k, v in os.environ.items() if k != "PYTHONSAFEPATH"}
    for call in (
        "import first; first.run(1.0)",
        "import second; second.run(1.0)",
        "import first, second; assert round(second.run(1.0) / first.run(1.0), 9) == 2",
    ):
        done = subprocess.run(
            [sys.executable, "-c", call], cwd=tmp_path, env=env, capture_output=True
        )
        assert done.returncode == 0, done.stderr.decode()


# -- explosions without a closed form -----------------------------------------------------------


@njit
def _tangent(s: float, u: Any, p: Any, out: Any) -> None:
    out[0] = 1.0 + u[0] * u[0]


@njit
def _growing(s: float, u: Any, p: Any, out: Any) -> None:
    out[0] = p[0] * u[0]


def test_an_explosion_is_told_from_growth_and_from_what_is_too_near() -> None:
    tangent, growing = integrator(_tangent), integrator(_growing)
    none = np.zeros(1)
    for length, status in (
        (1.5, Status.OK),
        (math.pi / 2 - 1e-8, Status.OK),
        (math.pi / 2 + 1e-13, Status.UNRESOLVED),
        (math.pi / 2 + 1e-6, Status.EXPLODES),
        (3.0, Status.EXPLODES),
    ):
        u = np.zeros(1)
        assert tangent(u, none, length) == status, length
        if status is Status.OK:
            assert u[0] == pytest.approx(math.tan(length), rel=1e-5)
    u = np.ones(1)
    assert growing(u, np.array([1.0]), 40.0) == Status.OK, "large is not infinite"
    assert u[0] == pytest.approx(math.exp(40), rel=1e-9)
