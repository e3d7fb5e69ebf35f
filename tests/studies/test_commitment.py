"""The planner who can commit, against moments of the closed loop that share nothing with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

import eqsolve
from eqsolve.derivations.execution import model as execution
from eqsolve.derivations.mean_variance import wealth
from eqsolve.errors import InputError
from eqsolve.studies.anarchy import anarchy

PLAYED = ("x", "m", "1")


def obtained(numbers: dict[str, float], played: Any, n: float = np.inf) -> float:
    """J of affine feedback that everybody keeps, from x = m = 1, by linear equations of moments.

    Z = (E X, E X^2, E X M) of one player and the mean M of n of them at an exponential time; E M
    is E X, and E M^2 is E X M.
    """
    r, b, nu, sigma = (numbers[k] for k in ("r", "b", "nu", "sigma"))
    theta, gamma, alpha, beta, lam = (
        numbers[k] for k in ("theta", "gamma", "alpha", "beta", "lambda")
    )
    own, mean, constant = played
    excess = b - r
    both = own + mean
    # d E X = (r + B both) E X + B constant
    rate, push = r + excess * both, excess * constant
    matrix, vector = np.zeros((3, 3)), np.zeros(3)
    matrix[0, 0], vector[0] = rate, push
    # squares of a position, and products of two players' positions, in the moments
    square = np.array([2 * constant * both, own**2, 2 * own * mean + mean**2])
    middle = np.array([2 * constant * both, 0.0, both**2])  # of the mean position
    matrix[1] = [2 * push, 2 * (r + excess * own), 2 * excess * mean]
    matrix[1] += (nu**2 + sigma**2) * square
    vector[1] = (nu**2 + sigma**2) * constant**2
    matrix[2] = [2 * push, 0.0, 2 * rate]
    matrix[2] += sigma**2 * middle + nu**2 / n * square
    vector[2] = (sigma**2 + nu**2 / n) * constant**2
    left = lam * np.eye(3) - matrix
    if np.any(np.linalg.eigvals(left).real <= 0):
        return -np.inf
    x, xx, xm = np.linalg.solve(left, lam * np.ones(3) + vector)
    first, second = (1 - theta) * x, xx - 2 * theta * xm + theta**2 * xm
    return float((alpha + beta) * first - gamma / 2 * (second - first**2))


def best(numbers: dict[str, float], n: float, start: Any) -> Any:
    """The best affine feedback, by search."""
    options = {"xatol": 1e-11, "fatol": 1e-15, "maxiter": 20000, "maxfev": 20000}
    found = start
    for _ in range(3):
        found = minimize(
            lambda p: -obtained(numbers, p, n), found, method="Nelder-Mead", options=options
        ).x
    return found


def compared(name: str, size: int | None) -> None:
    given = wealth.SETS[name] | ({} if size is None else {"n": str(size)})
    found = anarchy(wealth.crowd, given, size=size, continuum=size is None, commit=True)
    assert found.commitment is not None
    numbers, n = {k: float(v) for k, v in given.items()}, np.inf if size is None else size
    planner = [found.planner.strategy["pi"][k] for k in PLAYED]
    kept = [found.commitment.answer.strategy["pi"][k] for k in PLAYED]
    nash = [found.nash.strategy["pi"][k] for k in PLAYED]
    for played, value in (
        (planner, found.welfare["planner"]),
        (nash, found.welfare["nash"]),
        (kept, found.commitment.welfare),
    ):
        assert value == pytest.approx(obtained(numbers, played, n), rel=1e-11)
    assert best(numbers, n, np.array(planner)) == pytest.approx(kept, rel=1e-5)
    welfare = found.welfare["planner"]
    assert welfare is not None and found.commitment.welfare > welfare
    # of other weights the plan is another, and worse
    far = anarchy(
        wealth.crowd, {**given, "alpha": "1.1"}, size=size, continuum=size is None, commit=True
    ).commitment
    assert far is not None
    other = [far.answer.strategy["pi"][k] for k in PLAYED]
    assert obtained(numbers, other, n) < found.commitment.welfare - 1e-6


@pytest.mark.parametrize("name", wealth.SETS)
def test_no_feedback_that_is_kept_gives_more(name: str) -> None:
    compared(name, None)


@pytest.mark.full
@pytest.mark.parametrize("size", [2, 3, 10])
def test_of_finitely_many_no_feedback_that_is_kept_gives_more(size: int) -> None:
    compared("S1", size)


def test_who_starts_apart_or_needs_no_commitment_is_told() -> None:
    numbers = {k: v for k, v in wealth.SETS["S1"].items() if k not in ("x", "m")}
    with pytest.raises(InputError, match="all where one is"):
        eqsolve.anarchy("mean-field", numbers, at={"x": 1, "m": 2}, commit=True)
    with pytest.raises(InputError, match="the best one at the start already"):
        eqsolve.anarchy("execution", execution().cases["default"], commit=True)


def test_it_stands_beside_the_others_in_table_and_json() -> None:
    found = eqsolve.anarchy("mean-field", wealth.SETS["S1"], commit=True)
    assert found.commitment is not None
    assert found.commitment.weights["H"] == -1
    table = found.table()
    assert table["welfare"]["commitment"] == found.commitment.welfare
    assert found.to_dict()["commitment"]["welfare"] == found.commitment.welfare
