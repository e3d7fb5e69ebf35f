"""The functions of the package are functions, whatever else has been imported."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import eqsolve
from eqsolve.errors import InputError

SCRIPT = """
import eqsolve
import eqsolve.solve.solve
import eqsolve.verify.suite
from eqsolve.solve.solve import solve

assert solve.__module__ == "eqsolve.solve.solve"
for name in eqsolve.__all__:
    if name not in ("EqsolveError", "pde"):
        assert callable(getattr(eqsolve, name)), name
"""


def test_rooms_do_not_hide_the_functions_of_their_names() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], check=True)


FAMILY: dict[str, Any] = {"r": ".03", "b": ".12", "nu": ".2", "sigma": ".2", "theta": ".5"}
FAMILY |= {"gamma": 2, "alpha": 1, "beta": ".5", "lambda": ".6"}
DECLARED: dict[str, Any] = {"sigma": "1/2", "lambda": "1/4"}


def keywords(values: dict[str, Any]) -> dict[str, Any]:
    """The same as keywords: one name is Python's own."""
    return {"lam" if k == "lambda" else k: v for k, v in values.items()}


def test_parameters_are_one_mapping_or_keywords_everywhere() -> None:
    """Of games of either kind."""
    for game, values, size in (("n-agent", FAMILY, {"n": 3}), ("regulator", DECLARED, {})):
        values = {**values, **size}
        solved = eqsolve.solve(game, values).to_dict()
        assert eqsolve.solve(game, **keywords(values)).to_dict() == solved
        derived = eqsolve.sensitivity(game, values).to_dict()
        assert eqsolve.sensitivity(game, **keywords(values)).to_dict() == derived
        numbers = {k: float(exact(v)) for k, v in values.items()}
        kernel = eqsolve.kernel(game)
        by_mapping, by_keyword = kernel.evaluate(numbers), kernel.evaluate(**keywords(numbers))
        assert all(by_mapping[k].tobytes() == by_keyword[k].tobytes() for k in by_mapping)
        rest = {k: v for k, v in values.items() if k != "sigma"}
        swept = eqsolve.sweep(game, {"sigma": [0.2, 0.5]}, rest)
        assert eqsolve.sweep(game, {"sigma": [0.2, 0.5]}, **keywords(rest)).identical(swept)
        with pytest.raises(InputError, match="sigma is given twice"):
            eqsolve.solve(game, values, sigma=1)
        for call in (eqsolve.solve, eqsolve.sensitivity, eqsolve.converge):
            with pytest.raises(InputError, match="not a mapping|has no crowd"):
                call(game, *([[3]] if call is eqsolve.converge else []), 7)


def exact(value: object) -> Any:
    """A parameter as an exact number."""
    from fractions import Fraction

    return Fraction(str(value))


def test_simulations_and_derivations_of_either_kind() -> None:
    few: dict[str, Any] = {"paths": 200, "seed": 1}
    family = eqsolve.simulate("n-agent", FAMILY, agents=3, **few)
    assert eqsolve.simulate("n-agent", size=3, **few, **keywords(FAMILY)).bands == family.bands
    declared = eqsolve.simulate("regulator", DECLARED, **few)
    assert set(declared.claimed) <= {*declared.moments, *declared.objectives}
    assert eqsolve.simulate("regulator", **few, **keywords(DECLARED)) == declared
    with pytest.raises(InputError, match="number of agents is missing"):
        eqsolve.simulate("n-agent", FAMILY, **few)
    with pytest.raises(InputError, match="no --feedback for this game"):
        eqsolve.simulate("regulator", DECLARED, feedback={"x": 1}, **few)
    assert "P**2 + P*lambda - 1" in str(eqsolve.derive("regulator"))
    assert eqsolve.derive("n-agent").steps
