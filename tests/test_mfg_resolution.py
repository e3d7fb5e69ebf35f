"""A solution that the grid does not resolve is never ok."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqsolve.pde.couplings import Coupling
from eqsolve.pde.mfg import MFGSolution, gaussian, solve_mfg
from eqsolve.pde.resolution import Gaussian, Halved


def lq1(viscosity: float, nodes: int, steps: int, **options: Any) -> MFGSolution:
    """Without coupling: the variance follows from the linear control, exactly."""
    given: dict[str, Any] = {"initial": gaussian(-0.5, 0.4), "domain": (-3, 3)} | options
    return solve_mfg(
        nodes=nodes,
        steps=steps,
        viscosity=viscosity,
        terminal=lambda x: 0.5 * (x - 0.5) ** 2,
        **given,
    )


def exact_variance(viscosity: float) -> float:
    """Of dX = -(X - 1/2)/(2 - t) dt + sqrt(2 nu) dW at time 1."""
    return 0.16 / 4 + 2 * viscosity * (1 - 1 / 2)


@pytest.mark.parametrize(
    ("viscosity", "nodes", "steps"), [(0.0, 201, 50), (0.005, 21, 10), (0.005, 201, 100)]
)
def test_the_monotone_scheme_knows_its_error(viscosity: float, nodes: int, steps: int) -> None:
    found = lq1(viscosity, nodes, steps, scheme="monotone")
    error = abs(found.variance[-1] / exact_variance(viscosity) - 1)
    assert error > 0.03
    assert found.status == "unresolved" and not found.ok
    assert 0.3 < found.diagnostics["discretization_error"] / error < 3
    assert any(text.startswith("numerical_viscosity") for text in found.warnings)
    width = found.x[1] - found.x[0]
    added = 0.5 * width * abs(found.control).max()
    assert found.diagnostics["numerical_viscosity"] == pytest.approx(added)


def test_a_resolved_game_is_ok() -> None:
    found = lq1(0.05, 201, 100)
    assert found.ok and found.diagnostics["discretization_error"] < 0.01
    assert found.variance[-1] == pytest.approx(exact_variance(0.05), rel=0.01)
    assert found.diagnostics["numerical_viscosity"] == 0
    free = lq1(0.05, 201, 100, check=False)
    assert (free.u == found.u).all() and "discretization_error" not in free.diagnostics


def test_an_initial_law_that_the_domain_cuts() -> None:
    cut = lq1(0.05, 201, 100, initial=gaussian(2.5, 0.4))
    assert cut.status == "unresolved" and "cuts a share of 1.056e-01" in cut.message
    assert any(text.startswith("truncation") for text in cut.warnings)
    assert Gaussian(0.0, 1.0).outside(-1.959963984540054, 9.0) == pytest.approx(0.025)


def test_a_game_and_its_mirror_image_are_treated_alike() -> None:
    """Two wells: from one side the agents stay, whichever side it is."""

    def game(side: float, **options: Any) -> MFGSolution:
        return solve_mfg(
            domain=(-2, 2),
            nodes=101,
            steps=50,
            viscosity=0.1,
            initial=gaussian(0.1 * side, 0.3),
            terminal=Coupling(potential=lambda y: 0.5 * y * y, mean=lambda y: -2.5 * y),
            **options,
        )

    one, other = game(1.0), game(-1.0)
    assert one.status == other.status
    assert len(one.diagnostics["other_starts"]) == len(other.diagnostics["other_starts"]) == 2


def test_arrays_are_thinned_as_functions_are_sampled() -> None:
    x, t = np.linspace(0, 1, 21), np.linspace(0, 1, 9)
    halved = Halved(x, t, periodic=False)
    assert halved.possible and halved.x.size == 11 and halved.times.size == 5
    cost = Coupling(potential=np.cos(x), kernel=np.outer(x, x), forcing=np.outer(t[1:], x))
    thin = halved.coupling(cost)
    np.testing.assert_array_equal(thin.potential, np.cos(x[::2]))
    np.testing.assert_array_equal(thin.kernel, np.outer(x[::2], x[::2]))
    assert thin.forcing.shape == (4, 11) and thin.mean == 0.0
    assert not Halved(x[:-1], t, periodic=False).possible
    assert Halved(x[:-1], t, periodic=True).possible
