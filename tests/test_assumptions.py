"""How often conditions on second moments are wrong, and that the sharp one never is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from eqsolve.paper import assumptions
from eqsolve.paper.assumptions import Array, Flags, Judged, conditions, drawn, judged

SIZE = 4000


@pytest.fixture
def response(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the response to given averages, which is the quickest to derive."""
    monkeypatch.setattr(assumptions, "GAMES", ("best-response",))


def table() -> dict[tuple[str, str], Judged]:
    return {(row.game, row.condition): row for row in judged(SIZE)}


@pytest.mark.usefixtures("response")
def test_the_condition_of_a_response_is_sharp_and_the_bound_sufficient() -> None:
    rows = table()
    row = rows["best-response", "D2 > 0 and lambda > 2 r"]
    assert (row.accepted, row.rejected) == (0, 0) and 0 < row.exist < SIZE
    bound = rows["best-response", "Gronwall's bound"]
    assert bound.accepted == 0 < bound.rejected
    plain = rows["best-response", "D2 > 0"]
    assert plain.rejected == 0 < plain.accepted


@pytest.mark.full
def test_for_equilibria_no_condition_on_a_response_suffices() -> None:
    rows = table()
    for game in ("n-agent", "mean-field"):
        bound = rows[game, "Gronwall's bound"]
        assert bound.accepted > 0 and bound.rejected > 0
        sharp = rows[game, "D2 > 0 and lambda > 2 r"]
        assert sharp.rejected == 0 < sharp.accepted < rows[game, "D2 > 0"].accepted


@pytest.mark.usefixtures("response")
def test_another_bound_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted error: three times the interest rate makes the condition wrong for a response."""
    honest = conditions

    def wrong(game: str, points: Mapping[str, Array]) -> dict[str, Flags]:
        turned = {**points, "r": points["r"] * 3}
        return honest(game, turned)

    monkeypatch.setattr(assumptions, "conditions", wrong)
    rows = {row.condition: row for row in judged(SIZE)}
    row = rows["D2 > 0 and lambda > 2 r"]
    assert row.accepted + row.rejected > 0


def test_the_domain_has_both_signs_and_whole_numbers() -> None:
    points = drawn("n-agent", 100, 1)
    assert (points["b"] > points["r"]).any() and (points["b"] < points["r"]).any()
    assert (points["n"] == np.floor(points["n"])).all()
