"""All closed-loop equilibria of n agents: two derivations, two grids, the known solution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reference import cases, closed_loop, draws, spec
from reference.closed_loop_all import closed_loop_all, spike_residuals
from reference.precision import ctx
from reference.response import prepare

# Five closed-loop equilibria, three given-aggregate ones.
SEVERAL = {
    "r": ".012",
    "b": ".509",
    "nu": ".249",
    "sigma": ".286",
    "theta": ".74",
    "gamma": "4.627",
    "alpha": "1",
    "beta": ".009",
    "lam": ".156",
}


@pytest.mark.parametrize("n", [2, 3, 10])
def test_two_derivations_of_the_conditions_agree(n: int) -> None:
    p = prepare({**cases.S1}, 1 - ctx.mpf(".5") / n)
    plain = {name: float(value) for name, value in p.items()}
    for u1, u2 in ((0.3, 0.2), (-0.7, 0.4), (0.1, -0.9)):
        U, K = np.array([u1 - u2 / n]), np.array([u1 + (1 - 1 / n) * u2])
        found = spike_residuals(plain, n, U, K)
        x, y, _ = closed_loop.residuals(p, ctx.one / n, (ctx.mpf(u1), ctx.mpf(u2), ctx.zero))
        # x = M + D and y = (1 - 1/n) M - D/n.
        assert abs(found[0][0] - float(x + (1 - ctx.one / n) * y)) < 1e-12
        assert abs(found[1][0] - float(x - y / n)) < 1e-12


@pytest.mark.parametrize(("name", "n"), [("S1", 3), ("S1", 10), ("S2", 3)])
def test_the_published_solution_is_the_only_one(name: str, n: int) -> None:
    (only,) = closed_loop_all(cases.SETS[name], n)
    key = spec.closed_loop_n(cases.SETS[name], n)
    assert all(abs(only[p] - key[p]) < 1e-45 for p in ("p1", "p2", "p3"))


def test_several_solutions() -> None:
    coarse, fine = (closed_loop_all(SEVERAL, 2, nodes=nodes) for nodes in (120, 260))
    assert len(coarse) == len(fine) == 5
    for rough, exact in zip(coarse, fine):
        profile = [exact[name] for name in ("p1", "p2", "p3")]
        assert abs(rough["p1"] - exact["p1"]) < 1e-45
        assert exact["abscissa"] < ctx.mpf(SEVERAL["lam"])
        assert spec.exploitability(SEVERAL, 2, profile, "1.3", ".4")["eps"] < 1e-80
        profile[0] += ctx.mpf(10) ** -6
        assert spec.exploitability(SEVERAL, 2, profile, "1.3", ".4")["eps"] > 1e-20


def test_plausible_games_have_the_solution_next_to_the_given_aggregate_one() -> None:
    for draw in draws.plausible(8, seed=12):
        n = int(draw["n"])
        found, key = closed_loop_all(draw, n), spec.closed_loop_n(draw, n)
        assert key["status"] == "ok"
        near: list[Any] = [s for s in found if abs(s["p1"] - key["p1"]) < 1e-40]
        assert len(near) == 1


def test_newton_from_the_given_aggregates_can_miss_them_all() -> None:
    """Why this module exists: the start lies outside of the basins of three equilibria."""
    missed = dict(zip(SEVERAL, ("0", ".549", ".102", ".104", ".982", "4.388", "1", ".087", ".29")))
    assert spec.closed_loop_n(missed, 5)["status"] == "infinite-variance"
    found = closed_loop_all(missed, 5)
    assert [round(float(s["p1"]), 5) for s in found] == [-21.25991, -0.03406, 0.0949]
