"""One agent against given averages by the engine of all games: the key, and the family's engine."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from flint import ctx

from by_name import solve_any as by_the_family
from eqsolve.derivation.derivation import Derivation, derive
from eqsolve.derivations.mean_variance.given_averages import MODEL
from eqsolve.game.parameters import read
from eqsolve.solve.answer import Answer
from eqsolve.solve.derived import DerivedPoint
from eqsolve.solve.point import BITS
from hard_families import plain, wide

#: Relative accuracy of what is compared.
TOLERANCE = 1e-13


@cache
def derivation() -> Derivation:
    with ctx.workprec(BITS):
        return derive(MODEL)


def solved(values: Mapping[str, Any]) -> Answer:
    with ctx.workprec(BITS):
        found = derivation()
        return DerivedPoint(found, read(found.model, values), "limit").answer()


def rows() -> list[Any]:
    """The file's set, one without competition, and draws with averages of either sign."""
    case = dict(MODEL.cases["S1"])
    found = [
        pytest.param(case, id="S1"),
        pytest.param({**case, "theta": "0"}, id="alone"),
        pytest.param({**case, "sigma": "-.2", "m_b": "-.05"}, id="opposite noises"),
        pytest.param({**case, "n": "1", "theta": "0", "y": "0"}, id="one"),
    ]
    for family in (plain, wide):
        drawn = family(np.random.default_rng(9), 3)
        for k in range(3):
            row: dict[str, Any] = {name: Fraction(float(v[k])) for name, v in drawn.items()}
            row["lambda"] = row.pop("lam")
            own = {"n": int(row["n"]), "m_b": ".03", "m_s": "-.02", "m_2": ".004"}
            found.append(pytest.param({**row, **own}, id=f"{family.__name__}-{k}"))
    return found


@pytest.mark.parametrize("values", rows())
def test_against_the_family_s_engine(values: Mapping[str, Any]) -> None:
    place = {name: values[name] for name in ("x", "y")}
    given = {k: v for k, v in values.items() if k not in place}
    old = by_the_family(
        "best-response", at=place, **{"lam" if k == "lambda" else k: v for k, v in given.items()}
    ).to_dict()
    answer = solved(values)
    assert answer.status.label == old["status"]
    if not answer.ok:
        return
    size = max(map(abs, old["strategy"].values()))
    for name, value in old["strategy"].items():
        ours = answer.strategy["pi"].get(name, 0.0)
        assert abs(ours - value) <= TOLERANCE * max(abs(value), 1e-3 * size), name
    for name, value in old["moments"].items():
        assert answer.coefficients[name] == pytest.approx(value, rel=TOLERANCE, abs=1e-300), name
    for name, value in old["value"].items():
        big = max(map(abs, old["value"].values()))
        ours = answer.value["agent"].get(name, 0.0)
        assert abs(ours - value) <= TOLERANCE * big, name
    assert answer.at["pi"] == pytest.approx(old["at"]["pi"], rel=TOLERANCE)


def test_constant_hazard_of_the_reference() -> None:
    """(p1, p2, p3) of a published set, to the digits that are given."""
    case = {**MODEL.cases["S1"], "n": "5"}  # kappa is .9
    row = solved(case).strategy["pi"]
    assert row["x"] == pytest.approx(0.2566513605, abs=6e-11)
    assert row["y"] == pytest.approx(0.0028302959, abs=6e-11)
    assert row["1"] == pytest.approx(0.6590990376, abs=6e-11)
