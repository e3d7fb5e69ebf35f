"""Granular players: the key of different agents, and how the own share of the variance decays."""

from __future__ import annotations

from typing import Any

import pytest

from reference import cases, spec
from reference.games import granular
from reference.precision import ctx

P: dict[str, Any] = {**cases.S1}


@pytest.mark.parametrize("zeta", [None, "1", ".7"])
def test_the_key_of_different_agents_agrees(zeta: str | None) -> None:
    out = granular.solve(size=4, zeta=zeta, x="1.3", **P)
    found = granular.by_agents(out["weights"], "1.3", **P)
    assert max(abs(u - v) for u, v in zip(out["pi"], found)) < 1e-40
    out = granular.solve(sizes=[3, 1, "1/2"], **P)
    found = granular.by_agents(out["weights"], 1, **P)
    assert max(abs(u - v) for u, v in zip(out["pi"], found)) < 1e-40
    planted = granular.by_agents(out["weights"][::-1], 1, **P)
    assert max(abs(u - v) for u, v in zip(out["pi"], planted)) > 1e-6


def test_equal_weights_are_the_game_of_n_agents() -> None:
    assert abs(granular.solve(size=7, **P)["pi"][0] - spec.n_agent(P, 7, 1)["pi"]) < 1e-40


def test_the_share_vanishes_like_one_over_n_for_equal_weights() -> None:
    ratio = [n * granular.solve(size=n, **P)["share"] for n in (10**3, 10**4)]
    assert abs(ratio[0] / ratio[1] - 1) < 1e-2


def test_the_share_of_zipf_sizes() -> None:
    """The own share over the Herfindahl index tends to (nu/sigma)^2 where the index vanishes."""
    for size, slack in ((50, 0.2), (200, 0.1)):
        out = granular.solve(size=size, zeta="1", **P)
        scale = (ctx.mpf(P["nu"]) / ctx.mpf(P["sigma"])) ** 2
        assert abs(out["share"] / (1 - out["share"]) / out["herfindahl"] / scale - 1) < slack
    # zeta = 1: h ~ (pi^2/6)/(ln n + gamma)^2; zeta < 1: h tends to zeta(2/z)/zeta(1/z)^2.
    w = granular.zipf(20_000, 1)
    exact = ctx.pi**2 / 6 / (ctx.log(20_000) + ctx.euler) ** 2
    assert abs(ctx.fsum(u**2 for u in w) / exact - 1) < 1e-3
    w = granular.zipf(20_000, "1/2")
    exact = ctx.zeta(4) / ctx.zeta(2) ** 2
    assert abs(ctx.fsum(u**2 for u in w) / exact - 1) < 2e-4
    shares = [granular.solve(size=n, zeta="1/2", **P)["share"] for n in (30, 120)]
    assert shares[1] > 0.9 * shares[0] > 0.1  # does not vanish


def test_the_largest_player_is_not_in_the_limit() -> None:
    limit = spec.mean_field(P, 1, 1)["pi"]
    small, large = (granular.solve(size=60, zeta=z, **P) for z in (None, "1/2"))
    assert abs(small["pi"][0] - limit) < 0.02 * abs(limit) < abs(large["pi"][0] - limit)
